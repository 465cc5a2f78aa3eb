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

/** A payment as D1 shows it: the columns that lists filter by, and its public JSON. */
export const PaymentCopy = z.strictObject({
  id: z.string().refine((id) => isId("paymentIntent", id), "must be a payment intent's id"),
  sequence: z.int().positive(),
  status: z.string(),
  /** Null: the buyer has not chosen. */
  channel: z.string().nullable(),
  channel_account: z.string().nullable(),
  method: z.string().nullable(),
  merchant_order_id: z.string().nullable(),
  channel_transaction_id: z.string().nullable(),
  currency: z.string(),
  value: z.int().positive(),
  /** Minor units, as the rest. */
  refunded: z.int().nonnegative(),
  fee: z.int().nonnegative(),
  call_ms: z.int().nonnegative().nullable(),
  /** Milliseconds since 1970. */
  succeeded_at: z.int().nonnegative().nullable(),
  /** Milliseconds since 1970. */
  created_at: z.int().nonnegative(),
  /** While not ended: when the sweeper should look (milliseconds since 1970). */
  deadline: z.int().nonnegative().nullable(),
  /** The platform's fee is taken at the channel; only of payments that have succeeded. */
  split: z
    .strictObject({
      receiver: z.strictObject({
        type: z.string(),
        account: z.string(),
        name: z.string().nullable(),
      }),
      /** Most that the channel lets go to the receiver (minor units). */
      most: z.int().nonnegative(),
      /** When the channel takes the split at the earliest (milliseconds since 1970). */
      due_at: z.int().nonnegative(),
    })
    .optional(),
  snapshot: z.string(),
});

export type PaymentCopy = z.infer<typeof PaymentCopy>;

/** How the channel took an order: for the channels' health, over all merchants. */
export const OrderCall = z.strictObject({
  channel: z.string(),
  outcome: z.enum(["ok", "rejected", "unknown"]),
  ms: z.int().nonnegative(),
  /** Milliseconds since 1970. */
  at: z.int().nonnegative(),
});

export type OrderCall = z.infer<typeof OrderCall>;

/** A refund as D1 shows it. */
export const RefundCopy = z.strictObject({
  id: z.string().refine((id) => isId("refund", id), "must be a refund's id"),
  payment_intent: z.string(),
  sequence: z.int().positive(),
  status: z.string(),
  channel_account: z.string(),
  channel_refund_id: z.string().nullable(),
  currency: z.string(),
  value: z.int().positive(),
  /** Milliseconds since 1970. */
  succeeded_at: z.int().nonnegative().nullable(),
  created_at: z.int().nonnegative(),
  snapshot: z.string(),
});

export type RefundCopy = z.infer<typeof RefundCopy>;

/** Money that does not fit what was ordered, for people to look at. */
export const ExceptionRecord = z.strictObject({
  id: z.string().refine((id) => isId("exception", id), "must be an exception's id"),
  kind: z.string(),
  payment_intent: z.string().nullable(),
  channel_account: z.string(),
  /** The payment's or refund's id, or what the channel or the merchant calls it. */
  reference: z.string().nullable(),
  /** Milliseconds since 1970. */
  created_at: z.int().nonnegative(),
  /** Its public JSON. */
  snapshot: z.string(),
});

export type ExceptionRecord = z.infer<typeof ExceptionRecord>;

/**
 * `itpay-events`: what an object committed, in the order of its sequence, and for a payment how it
 * stands after that. One message and one transaction bring both into D1.
 */
export const PublishedEvents = z
  .strictObject({
    merchant_id: z.string().min(1),
    livemode: z.boolean(),
    events: z.array(EventRecord).max(100),
    copy: PaymentCopy.optional(),
    refunds: z.array(RefundCopy).max(100).optional(),
    exceptions: z.array(ExceptionRecord).max(10).optional(),
    call: OrderCall.optional(),
  })
  .refine(({ events, copy }) => events.length > 0 || copy !== undefined, "must not be empty");

export type PublishedEvents = z.infer<typeof PublishedEvents>;

/** `itpay-deliveries`: deliveries of one endpoint, in the order they should be sent. */
export const DeliveryMessage = z.strictObject({
  delivery_ids: z
    .array(z.string().refine((id) => isId("webhookDelivery", id), "must be a delivery id"))
    .min(1)
    .max(DELIVERIES_PER_MESSAGE),
});

export type DeliveryMessage = z.infer<typeof DeliveryMessage>;

/**
 * `itpay-work`: the next step of a day's reconciliation, of a share of a payment, an account's day
 * that is settled by our own books, or of closing a month's invoices: the merchants behind `after`,
 * in the order of their ids.
 */
export const WorkMessage = z.union([
  z.strictObject({ run: z.string(), day: z.string() }),
  z.strictObject({ split: z.string() }),
  z.strictObject({ settle: z.string(), day: z.string() }),
  z.strictObject({ month: z.string(), after: z.string() }),
]);

export type WorkMessage = z.infer<typeof WorkMessage>;

export type WorkQueue = Pick<Queue<WorkMessage>, "send" | "sendBatch">;

/** The part of a queue binding that senders use. */
export type DeliveryQueue = Pick<Queue<DeliveryMessage>, "send" | "sendBatch">;
