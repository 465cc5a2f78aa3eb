/** What the heart knows about one payment, and what can happen to it. Pure types. */
import type {
  ChannelError,
  Charge,
  ChargeAction,
  Outcome,
  PaymentReport,
} from "../channels/adapter.ts";
import type { Failure } from "../errors.ts";
import type { Money } from "../money.ts";
import type { PaymentStatus } from "./states.ts";

/**
 * What is known about the order at the channel. `none`: the buyer has not chosen one. `unsent`: reserved, no call has ended. `unknown`:
 * a call ended without a word that can be trusted. `open`: the channel has it. `refused`: it said no.
 */
export type OrderKnowledge = "none" | "unsent" | "unknown" | "open" | "refused";

/** Why an order is being closed at the channel, and so what the payment becomes. */
export type ClosingReason = "cancel" | "expire";

export interface Payment {
  readonly status: PaymentStatus;
  readonly amount: Money;
  /** The buyer chooses the channel, and may choose another while it is unpaid. */
  readonly isAggregate: boolean;
  readonly order: OrderKnowledge;
  readonly action: ChargeAction | null;
  /** Milliseconds since 1970; when the code or link stops working. */
  readonly actionExpiresAt: number | null;
  /** Milliseconds since 1970; the merchant's deadline. */
  readonly expiresAt: number;
  readonly closing: ClosingReason | null;
  readonly channelTransactionId: string | null;
  /** Milliseconds since 1970. */
  readonly succeededAt: number | null;
  readonly lastError: Failure | null;
  /** Paid after it had ended unpaid. */
  readonly late: boolean;
  /** Paid and given back by closing it: a success notice sent before that proves nothing. */
  readonly reversed: boolean;
  /** What succeeded refunds have given back, and what open ones have reserved. Minor units. */
  readonly refunded: number;
  readonly refunding: number;
}

export type Command =
  /** The buyer is shown where to choose. */
  | { readonly type: "offered" }
  /** The order was closed at its channel, because the buyer takes another. */
  | { readonly type: "left"; readonly reversed: boolean }
  /** The buyer has chosen: an order is reserved that no channel knows yet. */
  | { readonly type: "chosen" }
  /** The call that orders the payment at the channel ended. */
  | { readonly type: "charged"; readonly outcome: Outcome<Charge>; readonly channel: string }
  /** News from the channel, however it arrived. */
  | { readonly type: "reported"; readonly report: PaymentReport }
  /** The merchant cancels, or the deadline has passed: close the order at the channel. */
  | { readonly type: "close"; readonly reason: ClosingReason }
  /** The channel was asked, told to close and asked again: nobody can pay this order any more. */
  | { readonly type: "closed"; readonly reversed: boolean };

export type PaymentEventType =
  | "payment_intent.created"
  | "payment_intent.qr_generated"
  | "payment_intent.succeeded"
  | "payment_intent.failed"
  | "payment_intent.expired"
  | "payment_intent.cancelled";

export interface Decision {
  readonly payment: Payment;
  /** Something a merchant can see is different: the sequence moves on. */
  readonly visible: boolean;
  readonly event: PaymentEventType | null;
}

/** Why news was not believed. It changes nothing and is not acknowledged to the channel. */
export interface Disbelief {
  readonly reason: "amount_mismatch" | "amount_missing" | "not_closable";
  readonly message: string;
}

/**
 * A channel's no, as the failure that a merchant sees and that the payment keeps. The message is
 * ours and says what to do; the channel's own text stands in `details.channel.message`.
 */
export function channelFailure(channel: string, error: ChannelError, paymentId?: string): Failure {
  return {
    code: error.code,
    message: error.message,
    details: {
      channel: {
        name: channel,
        code: error.channelCode,
        message: error.channelMessage ?? error.message,
      },
      ...(paymentId === undefined ? {} : { payment_intent: paymentId }),
    },
  };
}
