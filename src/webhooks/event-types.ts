/** Every type of event there is (API.md section 6): what an endpoint may subscribe to. */
export const EVENT_TYPES = [
  "payment_intent.created",
  "payment_intent.qr_generated",
  "payment_intent.succeeded",
  "payment_intent.failed",
  "payment_intent.expired",
  "payment_intent.cancelled",
  "refund.created",
  "refund.processing",
  "refund.succeeded",
  "refund.failed",
  "install.created",
  "install.authorized",
  "install.suspended",
  "install.revoked",
  "install.limit_reached",
  "reconciliation.completed",
  "reconciliation.exception",
  "invoice.created",
  "invoice.paid",
  "channel_account.verified",
  "channel_account.unhealthy",
  "webhook_endpoint.disabled",
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/**
 * Raised by `POST /v1/webhook-endpoints/{id}/test` and sent to that endpoint alone, whatever it
 * subscribes to. A type of its own on purpose: a made-up `payment_intent.succeeded` would let a
 * receiver ship goods that nobody paid for.
 */
export const TEST_EVENT_TYPE = "webhook_endpoint.test";

/** Subscribes to everything, types of later versions included. */
export const EVERY_EVENT = "*";

/** What `enabled_events` may hold. */
export const SUBSCRIPTIONS = [EVERY_EVENT, ...EVENT_TYPES] as const;

/** Whether an endpoint with these `enabled_events` wants an event of this type. */
export const subscribes = (enabledEvents: readonly string[], type: string): boolean =>
  enabledEvents.includes(EVERY_EVENT) || enabledEvents.includes(type);
