/** What a payment's object refuses with, in words for merchants. */
import { type Failure, failure } from "../errors.ts";
import type { IntentRecord } from "./record.ts";

export const goneAway: Failure = failure(
  "INTERNAL",
  "The reservation is gone; send the request again.",
);

export const tooSlow: Failure = failure(
  "CHANNEL_TIMEOUT",
  "The channel has not answered yet; ask again.",
);

export const duplicateOrder = (holder: string): Failure =>
  failure("DUPLICATE_ORDER", "This merchant_order_id belongs to another payment intent.", {
    payment_intent: holder,
  });

export const hasEnded = ({ payment, terms }: IntentRecord): Failure =>
  failure("INVALID_STATE", `The payment has ended: it is ${payment.status}.`, {
    payment_intent: terms.id,
    status: payment.status,
  });
