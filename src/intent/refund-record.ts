/** What a payment's object stores about one refund, and how merchants see it (API.md section 3). */
import type { RefundOrder } from "../channels/adapter.ts";
import { iso, isoOrNull } from "../clock.ts";
import type { Refund } from "../payments/refund.ts";
import type { OrderedRecord } from "./record.ts";
import { sentOrderOf } from "./reserve.ts";
import { errorOf } from "./view.ts";

export const REVOKE_TYPES = ["access_token", "signed_url", "session", "license_key"] as const;

/** What the merchant takes back with the money; carried in the refund's events. */
export interface Revocation {
  readonly targets: readonly {
    readonly type: (typeof REVOKE_TYPES)[number];
    readonly id: string;
  }[];
}

/**
 * Who asked for it. `late_payment`: the account's policy, for money that came too late. `channel`:
 * nobody here; the channel gave the money back and we write it down.
 */
export type RefundOrigin = "merchant" | "late_payment" | "channel";

export interface RefundRecord {
  readonly id: string;
  /** Counts the refunds of the payment, from 1. */
  readonly number: number;
  /** What a repeated request is recognised by. */
  readonly requestKey: string;
  readonly origin: RefundOrigin;
  readonly refund: Refund;
  readonly reason: string | null;
  readonly revoke: Revocation | null;
  /** What it gave back of the platform's fee (minor units); null until it has succeeded. */
  readonly feeReturned: number | null;
  /** The channel request, byte for byte; every retry sends exactly this. */
  readonly payload: string;
  readonly notifyUrl: string;
  /** The payment's sequence at the refund's last visible change. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Askings since the last news, and when the next is due. */
  readonly asks: number;
  readonly askAt: number;
}

/** The refund as adapters see it. */
export const refundOrderOf = (
  payment: OrderedRecord,
  { id, refund, reason, notifyUrl, createdAt }: RefundRecord,
): RefundOrder => ({
  refundId: id,
  payment: sentOrderOf(payment),
  amount: refund.amount,
  reason,
  notifyUrl,
  createdAt,
});

/** The public JSON, the same in answers, events and D1. */
export const toRefundView = ({ terms, order }: OrderedRecord, record: RefundRecord) => ({
  id: record.id,
  object: "refund" as const,
  livemode: terms.livemode,
  payment_intent: terms.id,
  status: record.refund.status,
  amount: record.refund.amount,
  reason: record.reason,
  revoke: record.revoke,
  origin: record.origin,
  fee:
    record.feeReturned === null
      ? null
      : { currency: record.refund.amount.currency, value: record.feeReturned },
  channel: order.channel,
  channel_account: order.accountId,
  channel_refund_id: record.refund.channelRefundId,
  merchant_order_id: terms.merchantOrderId,
  last_error: errorOf(record.refund.lastError),
  sequence: record.sequence,
  created_at: iso(record.createdAt),
  updated_at: iso(record.updatedAt),
  succeeded_at: isoOrNull(record.refund.refundedAt),
});

export type RefundView = ReturnType<typeof toRefundView>;
