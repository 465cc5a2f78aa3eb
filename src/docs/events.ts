/** The events that are raised, when, and what their data is. Feeds the document's `webhooks`. */
import { type EventType, TEST_EVENT_TYPE } from "../webhooks/event-types.ts";

export interface EventNote {
  readonly when: string;
  /** The schema of the envelope's `data`. */
  readonly data: string;
}

export const EVENT_NOTES: Readonly<Partial<Record<EventType | typeof TEST_EVENT_TYPE, EventNote>>> =
  {
    "payment_intent.created": {
      when: "A payment was created. The channel may not have answered yet.",
      data: "PaymentIntent",
    },
    "payment_intent.qr_generated": {
      when: "The channel gave a code: it can be shown.",
      data: "PaymentIntent",
    },
    "payment_intent.succeeded": {
      when:
        "The channel has proved that the buyer paid. Exactly one per payment: deliver on this one. " +
        "With `late: true` in the data the payment had ended unpaid before.",
      data: "PaymentIntent",
    },
    "payment_intent.failed": {
      when: "The channel refused the payment for good; `last_error` says why.",
      data: "PaymentIntent",
    },
    "payment_intent.expired": {
      when: "The time was up and the channel confirmed that nobody had paid.",
      data: "PaymentIntent",
    },
    "payment_intent.cancelled": {
      when: "You cancelled it and the channel closed the order.",
      data: "PaymentIntent",
    },
    "refund.created": {
      when: "A refund was asked for and its share of the payment reserved.",
      data: "Refund",
    },
    "refund.processing": {
      when:
        "The channel has accepted the refund; the buyer does not have the money yet. Told again, with " +
        "`last_error`, when the channel cannot pay it out: settle it there.",
      data: "Refund",
    },
    "refund.succeeded": {
      when: "The money is back with the buyer. What `revoke` names is to be taken back now.",
      data: "Refund",
    },
    "refund.failed": {
      when: "The channel refused it for good; its share can be refunded again.",
      data: "Refund",
    },
    "reconciliation.completed": {
      when: "A run has compared all of its days, or failed at one of them.",
      data: "ReconciliationRun",
    },
    "reconciliation.exception": {
      when:
        "Something does not fit what was ordered: money that arrived, or a line of a statement. " +
        "Nothing was changed by it. A run raises it for the first 1,000 it finds; the list has all.",
      data: "ReconciliationException",
    },
    "invoice.created": {
      when: "A month was closed, and you owe the platform fees that no channel has split off.",
      data: "Invoice",
    },
    "invoice.paid": {
      when: "The operator has the money of an invoice.",
      data: "Invoice",
    },
    "channel_account.verified": {
      when: "You asked for a check of an account, and the channel took its keys.",
      data: "ChannelAccount",
    },
    "channel_account.unhealthy": {
      when:
        "The channel refused an account that you had checked: its keys do not work. `last_error` in " +
        "the data says why. A channel that does not answer proves nothing.",
      data: "ChannelAccount",
    },
    "webhook_endpoint.disabled": {
      when: "An endpoint is gone or did nothing but fail for 5 days. Told to your other endpoints.",
      data: "WebhookEndpoint",
    },
    [TEST_EVENT_TYPE]: {
      when: "You asked for a test of an endpoint. The data is the endpoint and `test: true`.",
      data: "WebhookEndpoint",
    },
  };
