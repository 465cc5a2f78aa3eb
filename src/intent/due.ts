/** What a payment's record says about itself: how certain it is, and when it is to be looked at next. */
import type { Payment } from "../payments/payment.ts";
import { isOpen, refundable } from "../payments/refund.ts";
import { askDelay, type Pace, RECOVER_AFTER_MS } from "../payments/schedule.ts";
import { isTerminal } from "../payments/states.ts";
import type { IntentRecord, LeftOrder } from "./record.ts";
import type { RefundRecord } from "./refund-record.ts";

/** The channel has not said for certain what became of the order. */
export const isUnsettled = ({ payment }: IntentRecord): boolean =>
  !isTerminal(payment.status) && (payment.order === "unsent" || payment.order === "unknown");

/** How often the payment is asked about. */
export function paceOf(record: IntentRecord): Pace {
  if (record.order?.method === "barcode") return "scanned";
  return isUnsettled(record) ? "unknown" : "open";
}

/** Money that came too late, and that the account's policy gives back. */
export const owesLateRefund = ({ order, payment }: IntentRecord): boolean =>
  order?.latePayment === "refund" && payment.late && refundable(payment) > 0;

/** Nobody outside knows of the payment yet: it may be taken back. */
export const isUntold = ({ order, status }: Payment): boolean =>
  order === "unsent" || (order === "none" && status === "pending");

/** Something is not out yet that may go out. */
export const hasToPublish = ({ payment, published, sequence }: IntentRecord): boolean =>
  published < sequence && (!isUntold(payment) || isTerminal(payment.status));

/** From then on, a repeat of the create request gets this answer again. */
export const isAnswered = (payment: Payment): boolean =>
  payment.order === "open" ||
  payment.order === "refused" ||
  (payment.order === "none" && payment.status !== "pending") ||
  isTerminal(payment.status);

export const earliest = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);

/** The look at a late payment whose own refund is still to be made outlives other refunds. */
export function lateRefundAsk(
  record: IntentRecord,
  refunds: readonly RefundRecord[],
  now: number,
): number | null {
  const { afterworkAt } = record;
  const isMade = refunds.some(({ origin }) => origin === "late_payment");
  if (afterworkAt === null || isMade || !owesLateRefund(record)) return null;
  return Math.max(afterworkAt, now + RECOVER_AFTER_MS);
}

/** The earliest asking of what is still open. */
export const nextRefundAsk = (refunds: readonly RefundRecord[]): number | null => {
  const times = refunds.filter(({ refund }) => isOpen(refund)).map(({ askAt }) => askAt);
  return times.length === 0 ? null : Math.min(...times);
};

/** The earliest closing of an order that the buyer has left. */
export const nextClosing = (left: readonly LeftOrder[]): number | null => {
  const times = left.flatMap(({ closeAt }) => (closeAt === null ? [] : [closeAt]));
  return times.length === 0 ? null : Math.min(...times);
};

/** The asking starts anew when something is new: an answer about the order, or the wish to close. */
export function asking(before: IntentRecord, payment: Payment, now: number) {
  if (payment.closing !== null && before.payment.closing === null) {
    return { asks: 0, askAt: now + RECOVER_AFTER_MS };
  }
  // Nobody has to be asked while there is no order.
  if (payment.order === "none") return { asks: 0, askAt: payment.expiresAt };
  if (payment.order !== before.payment.order) {
    return { asks: 0, askAt: now + askDelay(paceOf({ ...before, payment }), 0) };
  }
  return {};
}
