/** `/v1/payments/inquiryPayment` and `/v1/payments/cancel`: where an order stands, and its end. */
import type { ChannelIo, Outcome, PaymentReport, SentOrder } from "../adapter.ts";
import { bareReport, unknown } from "../outcomes.ts";
import { ask, refusal, type AntomAnswer } from "./exchange.ts";
import type { AntomKeys } from "./keys.ts";
import { channelNumber, fromAmount, fromTime, stateOf, textOrNull } from "./mapping.ts";

const NOT_EXIST = "ORDER_NOT_EXIST";

/** Refusals of a cancel that say "this payment is past that": only an inquiry tells where. */
const PAST_CANCELLING: readonly string[] = [
  "ORDER_IS_CLOSED",
  "ORDER_IS_CANCELED",
  "ORDER_STATUS_INVALID",
  "CANCEL_WINDOW_EXCEED",
];

type Order = Pick<SentOrder, "paymentId" | "channelTransactionId">;

/** By our number only: where both are given, `paymentId` would win. */
const orderBody = (paymentId: string): string => JSON.stringify({ paymentRequestId: paymentId });

const says = (answer: AntomAnswer, ...codes: readonly string[]): boolean =>
  answer.authenticated && answer.status === "F" && codes.includes(answer.code);

const anotherOrder = () =>
  unknown("another_order", "Antom's reply is not about this order; it was not believed.");

const report = (value: PaymentReport): Outcome<PaymentReport> => ({ kind: "ok", value });

export async function inquire(
  order: Order,
  keys: AntomKeys,
  io: ChannelIo,
): Promise<Outcome<PaymentReport>> {
  const { paymentId } = order;
  const answer = await ask("inquiryPayment", orderBody(paymentId), keys, io);
  if (answer.kind === "unknown") return answer;
  if (says(answer, NOT_EXIST)) return report(bareReport(paymentId, "absent", NOT_EXIST));
  // The result is the inquiry's; what became of the payment is in paymentStatus.
  if (!answer.authenticated || answer.status !== "S") return refusal(answer, "doubted");
  return readReport(order, answer.fields);
}

function readReport(order: Order, fields: AntomAnswer["fields"]): Outcome<PaymentReport> {
  const number = channelNumber(fields["paymentId"]);
  // Numbers pair up one to one, so a second number for an order is another order's.
  const isOther =
    fields["paymentRequestId"] !== order.paymentId ||
    (order.channelTransactionId !== null && number !== order.channelTransactionId);
  if (isOther) return anotherOrder();
  const status = fields["paymentStatus"];
  const paidAt = fromTime(fields["paymentTime"]);
  const wasPaid = textOrNull(fields["paymentTime"]) !== null;
  const state =
    typeof status === "string" ? stateOf(status, fields["paymentResultCode"], wasPaid) : null;
  if (typeof status !== "string" || state === null) {
    return unknown("unknown_payment_status", "Antom names an unknown state.");
  }
  const amount = fromAmount(fields["paymentAmount"]);
  if (state === "paid" && (amount === null || number === null)) {
    return unknown("incomplete_reply", "Antom's reply does not say what was paid.");
  }
  return report({
    paymentId: order.paymentId,
    state,
    amount,
    channelTransactionId: number,
    paidAt: state === "paid" ? paidAt : null,
    channelStatus: status,
  });
}

/** Kept when a cancel is about to be sent. It never collides with a payment's number. */
const cancelMark = (paymentId: string): string => `antom-cancel:${paymentId}`;

/** Whether a cancel was ever sent for this payment: late news about it must then be doubted. */
export const wasCancelled = async (paymentId: string, io: ChannelIo): Promise<boolean> =>
  (await io.references.find(cancelMark(paymentId))) !== null;

/**
 * Cancels, once an inquiry has shown that nobody has paid: cancelling a paid payment gives the
 * money back, and the fee with it. A buyer can still be faster than the cancel. The reply does not
 * say so; the inquiry that follows does, by a payment that is CANCELLED and has a time of payment.
 *
 * A result U asks for the same cancel again: it comes back as `unknown`, and callers repeat it.
 */
export async function cancel(
  order: Order,
  keys: AntomKeys,
  io: ChannelIo,
): Promise<Outcome<PaymentReport>> {
  const { paymentId } = order;
  const before = await inquire(order, keys, io);
  if (before.kind !== "ok") return before;
  if (before.value.state !== "open" && before.value.state !== "absent") return before;
  await io.references.keep(cancelMark(paymentId), paymentId);
  const answer = await ask("cancel", orderBody(paymentId), keys, io);
  if (answer.kind === "unknown") return answer;
  if (says(answer, NOT_EXIST)) return report(bareReport(paymentId, "absent", NOT_EXIST));
  if (says(answer, ...PAST_CANCELLING)) return inquire(order, keys, io);
  if (!answer.authenticated || answer.status !== "S") return refusal(answer, "doubted");
  const number = channelNumber(answer.fields["paymentId"]);
  const named = answer.fields["paymentRequestId"];
  const expected = order.channelTransactionId ?? before.value.channelTransactionId;
  // The reply names the order by our number, or only by Antom's.
  const isThis = named === undefined ? number !== null && number === expected : named === paymentId;
  if (!isThis || (expected !== null && number !== null && number !== expected)) {
    return anotherOrder();
  }
  return report(bareReport(paymentId, "closed", "CANCELLED", number ?? expected));
}

/**
 * Asks for a payment that was never made. A signed "no such order" proves the whole way: Antom
 * verified our signature, and we verified Antom's. No money can move.
 */
export async function probe(
  unusedNumber: string,
  keys: AntomKeys,
  io: ChannelIo,
): Promise<Outcome<{ readonly detail: string }>> {
  const answer = await ask("inquiryPayment", orderBody(unusedNumber), keys, io);
  if (answer.kind === "unknown") return answer;
  if (says(answer, NOT_EXIST)) {
    const detail = "Antom accepted our signature, and the signature of its reply verifies.";
    return { kind: "ok", value: { detail } };
  }
  return answer.status === "S" ? anotherOrder() : refusal(answer, "believed");
}
