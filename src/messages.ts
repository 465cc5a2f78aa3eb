/**
 * What travels on our queues. Strict: a message of another shape is stored as a dead letter, never
 * guessed at. Types and schemas only, so that any layer may import them.
 */
import * as z from "zod";

import { isId } from "./ids.ts";

/** Longest list of deliveries that share a message. They are sent one after the other. */
export const DELIVERIES_PER_MESSAGE = 10;

export const EventRecord = z.strictObject({
  id: z.string().refine((id) => isId("event", id), "must be an event id"),
  type: z.string().min(1).max(100),
  /** Milliseconds since 1970. */
  created_at: z.int().nonnegative(),
  /** The whole envelope, the exact bytes that webhooks carry. */
  payload: z.string().min(1),
});

export type EventRecord = z.infer<typeof EventRecord>;

/** `itpay-events`: what an object committed, in the order of its sequence. */
export const PublishedEvents = z.strictObject({
  merchant_id: z.string().min(1),
  livemode: z.boolean(),
  events: z.array(EventRecord).min(1).max(100),
});

export type PublishedEvents = z.infer<typeof PublishedEvents>;

/** `itpay-deliveries`: deliveries of one endpoint, in the order they should be sent. */
export const DeliveryMessage = z.strictObject({
  delivery_ids: z
    .array(z.string().refine((id) => isId("webhookDelivery", id), "must be a delivery id"))
    .min(1)
    .max(DELIVERIES_PER_MESSAGE),
});

export type DeliveryMessage = z.infer<typeof DeliveryMessage>;

/** The part of a queue binding that senders use. */
export type DeliveryQueue = Pick<Queue<DeliveryMessage>, "send" | "sendBatch">;
