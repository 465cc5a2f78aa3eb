/**
 * `refund_order`. IOTPay documents no way to ask for a refund: its "Query Refund" page could not be
 * read. So a refund that IOTPay has accepted counts as done, unless the account names the path of
 * the query (`refund_query_path`); a refund that waits for an answer that never comes would hold its
 * share of the payment for ever.
 */
import * as z from "zod";

import { type Failure, failure } from "../../errors.ts";
import { err, ok, type Result } from "../../result.ts";
import type {
  ChannelIo,
  Outcome,
  RefundOrder,
  RefundReport,
  ReportedRefundState,
} from "../adapter.ts";
import type { IotpayAccount } from "./account.ts";
import {
  anotherOrder,
  askIotpay,
  incomplete,
  integerOf,
  type IotpayAnswer,
  namesOther,
  NO_CODE,
  numberOf,
  refusal,
} from "./exchange.ts";
import { NOT_EXIST } from "./operations.ts";
import type { Fields } from "./signing.ts";
import { clientIp } from "./texts.ts";

/** `mchRefundNo` takes 30 characters: our id without its underscore has exactly so many. */
export const refundNumber = (refundId: string): string => refundId.replace("_", "");

const preparedRefund = z.record(z.string(), z.union([z.string(), z.int()]));

export function prepareRefund(order: RefundOrder, account: IotpayAccount): Result<string, Failure> {
  const { channelTransactionId } = order.payment;
  if (channelTransactionId === null) {
    const message =
      "IOTPay has not told its number of this payment (payOrderId) yet: sync the payment, then refund it.";
    return err(failure("INVALID_STATE", message, { payment_intent: order.payment.paymentId }));
  }
  const fields: Fields = {
    mchId: account.mch_id,
    mchRefundNo: refundNumber(order.refundId),
    payOrderId: channelTransactionId,
    refundAmount: order.amount.value,
    // Older pages want it and newer ones leave it out; it is true either way.
    currency: order.amount.currency,
    clientIp: clientIp(undefined),
    device: "WEB",
    loginName: account.loginName,
  };
  return ok(JSON.stringify(fields));
}

/** A wallet's words for trouble of its own. IOTPay passes them on, and its page lists none. */
const TROUBLE = /SYSTEM|BANK|TIME_?OUT|BUSY|UNKNOW|PROCESS|EXCEPTION|FREQUEN|RETRY|REPEAT|DUPLIC/i;

/**
 * A refusal frees the refund's share of the payment, so it must prove that nothing was booked. A no
 * to a repeat may mean "made already"; a FAIL without a code, or with a wallet's trouble, says
 * nothing about the money. Asked for again, under the same number.
 */
function refusedRefund(answer: IotpayAnswer, io: ChannelIo): Outcome<never> {
  const refused = refusal(answer);
  const { errorCode } = answer;
  if (refused.kind === "unknown" || errorCode === NOT_EXIST) return refused;
  const isProof = io.attempt === 0 && errorCode !== NO_CODE && !TROUBLE.test(errorCode);
  return isProof ? refused : { kind: "unknown", error: { ...refused.error, retryable: true } };
}

export async function createRefund(
  payload: string,
  order: RefundOrder,
  account: IotpayAccount,
  io: ChannelIo,
): Promise<Outcome<RefundReport>> {
  const fields = preparedRefund.parse(JSON.parse(payload));
  const answer = await askIotpay("/refund_order", fields, account, io);
  if (answer.kind === "unknown") return answer;
  if (isAnother(answer, order)) return anotherOrder();
  if (!answer.success) return refusedRefund(answer, io);
  const waits = account.refund_query_path !== undefined;
  return report(order, answer, waits ? "processing" : "succeeded", "ACCEPTED");
}

/**
 * Where a refund stands. Without a path for it the only question that IOTPay understands is the
 * request itself, under the same number: accepted now or before, it is done. A no to the repeat
 * proves nothing, because it may mean "made already"; only what shows that the order was never
 * there frees the refund's share.
 */
export async function queryRefund(
  order: RefundOrder,
  account: IotpayAccount,
  io: ChannelIo,
): Promise<Outcome<RefundReport>> {
  if (account.refund_query_path !== undefined) {
    return askRefund(account.refund_query_path, order, account, io);
  }
  const prepared = prepareRefund(order, account);
  if (!prepared.ok) return incomplete();
  const outcome = await createRefund(prepared.value, order, account, io);
  if (outcome.kind !== "rejected") return outcome;
  if (outcome.error.channelCode === NOT_EXIST) return report(order, null, "failed", NOT_EXIST);
  return { kind: "unknown", error: outcome.error };
}

/**
 * The answer's form is taken over from IOTPay's other queries. Only its plain success is believed;
 * every other word leaves the refund under way.
 */
async function askRefund(
  path: string,
  order: RefundOrder,
  account: IotpayAccount,
  io: ChannelIo,
): Promise<Outcome<RefundReport>> {
  const fields = {
    mchId: account.mch_id,
    mchRefundNo: refundNumber(order.refundId),
    payOrderId: order.payment.channelTransactionId ?? "",
  };
  const answer = await askIotpay(path, fields, account, io);
  if (answer.kind === "unknown") return answer;
  if (isAnother(answer, order)) return anotherOrder();
  if (!answer.success) {
    return answer.errorCode === NOT_EXIST
      ? report(order, null, "absent", NOT_EXIST)
      : { kind: "unknown", error: refusal(answer).error };
  }
  const status = integerOf(answer.fields["status"]);
  if (status === null) return incomplete();
  return report(order, answer, status === 2 ? "succeeded" : "processing", String(status));
}

const isAnother = ({ fields }: IotpayAnswer, order: RefundOrder): boolean =>
  namesOther(fields["mchRefundNo"], refundNumber(order.refundId)) ||
  namesOther(fields["payOrderId"], order.payment.channelTransactionId ?? "") ||
  namesOther(fields["mchOrderNo"], order.payment.paymentId) ||
  namesOther(fields["refundAmount"], String(order.amount.value));

const report = (
  { refundId, amount }: RefundOrder,
  answer: IotpayAnswer | null,
  state: ReportedRefundState,
  channelStatus: string,
): Outcome<RefundReport> => ({
  kind: "ok",
  value: {
    refundId,
    state,
    amount: answer === null ? null : amount,
    channelRefundId: numberOf(answer?.fields["refundOrderId"]),
    refundedAt: null,
    channelStatus,
  },
});
