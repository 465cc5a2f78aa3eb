/** From a request to the refund that is reserved before the channel is called. */
import type { Connection } from "../channels/connect.ts";
import { type Failure, failure } from "../errors.ts";
import { MAX_REFUNDS, refundIdOf } from "../ids.ts";
import { checkRefund } from "../payments/refund.ts";
import { RECOVER_AFTER_MS } from "../payments/schedule.ts";
import { err, ok, type Result } from "../result.ts";
import type { OrderedRecord } from "./record.ts";
import {
  type RefundOrigin,
  refundOrderOf,
  type RefundRecord,
  type Revocation,
} from "./refund-record.ts";

/** What the route hands to the object. Plain data: it crosses RPC. */
export interface RefundTerms {
  /** Recognises a repeat; derived from the Idempotency-Key, else random. */
  readonly requestKey: string;
  /** Minor units and currency; null: all that is left. */
  readonly amount: { readonly currency: string; readonly value: number } | null;
  readonly reason: string | null;
  readonly revoke: Revocation | null;
}

/** The `late_payment` policy's own request, once in the life of a payment. */
export const LATE_REFUND: RefundTerms = {
  requestKey: "late_payment",
  amount: null,
  reason: "The payment arrived after it had ended.",
  revoke: null,
};

/** The numbers above it are kept for what the channel gives back by itself. */
const MAX_ASKED = MAX_REFUNDS - 23;

const tooMany: Failure = failure("CHANNEL_REJECTED", "This payment has too many refunds.", {
  reason: "too_many_refunds",
  max_refunds: MAX_ASKED,
});

const wrongCurrency = (currency: string): Failure =>
  failure("CURRENCY_UNSUPPORTED", `The payment is in ${currency}; refund in it.`, {
    supported: [currency],
  });

/** The matrix's row with the refund window that the account's contract names. */
function infoFor({ adapter, account }: Connection) {
  const { info, refunds } = adapter;
  if (info.refunds === null) return info;
  const windowDays = refunds?.windowDays?.(account) ?? info.refunds.windowDays;
  return { ...info, refunds: { ...info.refunds, windowDays } };
}

/**
 * To be asked in the transaction that writes it.
 * @param refunds all that the payment has had, oldest first
 * @returns why it cannot begin, also the adapter's refusal of what the channel could not take
 */
export function refundReservation(
  record: OrderedRecord,
  refunds: readonly RefundRecord[],
  terms: RefundTerms,
  origin: RefundOrigin,
  connection: Connection,
  now: number,
): Result<RefundRecord, Failure> {
  const { payment } = record;
  const { currency } = payment.amount;
  if (terms.amount !== null && terms.amount.currency !== currency) {
    return err(wrongCurrency(currency));
  }
  const made = refunds.filter((refund) => refund.origin !== "channel");
  const booked = made.filter(({ refund }) => refund.status !== "failed");
  const earlier = { count: booked.length, lastAt: made.at(-1)?.createdAt ?? null };
  const asked = terms.amount?.value ?? null;
  const checked = checkRefund(payment, asked, earlier, infoFor(connection), now);
  if (!checked.ok) return checked;
  const { adapter, account } = connection;
  if (refunds.length >= MAX_ASKED || adapter.refunds === undefined) return err(tooMany);
  const fresh = newRefund(record, terms, origin, refunds.length + 1, checked.value, now);
  const prepared = adapter.refunds.prepare(refundOrderOf(record, fresh), account);
  return prepared.ok ? ok({ ...fresh, payload: prepared.value }) : prepared;
}

/** A refund that nobody has been asked for. @param value minor units */
export const newRefund = (
  { terms, order, payment, sequence }: OrderedRecord,
  { requestKey, reason, revoke }: Omit<RefundTerms, "amount">,
  origin: RefundOrigin,
  number: number,
  value: number,
  now: number,
): RefundRecord => ({
  id: refundIdOf(terms.id, number),
  number,
  requestKey,
  origin,
  refund: {
    status: "requested",
    amount: { currency: payment.amount.currency, value },
    channelRefundId: null,
    refundedAt: null,
    lastError: null,
  },
  reason,
  revoke,
  payload: "",
  feeReturned: null,
  notifyUrl: order.notifyUrl,
  sequence,
  createdAt: now,
  updatedAt: now,
  asks: 0,
  askAt: now + RECOVER_AFTER_MS,
});
