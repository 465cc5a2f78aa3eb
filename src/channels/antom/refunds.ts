/** `/v1/payments/refund` and `/v1/payments/inquiryRefund`. */
import { failure, type Failure } from "../../errors.ts";
import { sameMoney } from "../../money.ts";
import { err, ok, type Result } from "../../result.ts";
import type {
  ChannelIo,
  Outcome,
  RefundDesk,
  RefundOrder,
  RefundReport,
  ReportedRefundState,
} from "../adapter.ts";
import { unknown } from "../outcomes.ts";
import { ask, refusal } from "./exchange.ts";
import { keysOf, type AntomKeys } from "./keys.ts";
import {
  channelNumber,
  type Fields,
  fromAmount,
  fromTime,
  refundStateOf,
  textOrNull,
  toAmount,
} from "./mapping.ts";

const NOT_EXIST = "ORDER_NOT_EXIST";
const IN_PROCESS = "REFUND_IN_PROCESS";

/** Characters of `refundReason`, counted as code points. */
const REASON_LIMIT = 256;

const reasonOf = (reason: string | null): string | undefined =>
  Array.from((reason ?? "").toWellFormed())
    .slice(0, REASON_LIMIT)
    .join("") || undefined;

/** Antom finds the payment by its own number only, which a paid payment always has. */
function prepare(order: RefundOrder): Result<string, Failure> {
  const { payment, refundId, amount, reason, notifyUrl } = order;
  if (payment.channelTransactionId === null) {
    return err(
      failure("INVALID_STATE", "Antom's number for the payment is not known yet: sync it first."),
    );
  }
  return ok(
    JSON.stringify({
      refundRequestId: refundId,
      paymentId: payment.channelTransactionId,
      refundAmount: toAmount(amount),
      refundReason: reasonOf(reason),
      refundNotifyUrl: notifyUrl,
    }),
  );
}

const anotherRefund = () =>
  unknown("another_refund", "Antom's reply is not about this refund; it was not believed.");

/** A signed reply is believed about this refund alone, of this amount, of this payment. */
function isOther(order: RefundOrder, fields: Fields): boolean {
  const amount = fromAmount(fields["refundAmount"]);
  const payment = fields["paymentId"];
  return (
    fields["refundRequestId"] !== order.refundId ||
    (amount !== null && !sameMoney(amount, order.amount)) ||
    (typeof payment === "string" && payment !== order.payment.channelTransactionId)
  );
}

function reportOf(
  order: RefundOrder,
  state: ReportedRefundState,
  channelStatus: string,
  fields: Fields,
): Outcome<RefundReport> {
  return {
    kind: "ok",
    value: {
      refundId: order.refundId,
      state,
      amount: fromAmount(fields["refundAmount"]),
      channelRefundId: channelNumber(fields["refundId"]),
      refundedAt: state === "succeeded" ? fromTime(fields["refundTime"]) : null,
      channelStatus,
    },
  };
}

/**
 * Where the reply carries a time the refund is done; without one Antom has only taken it on, and
 * the inquiry or a notice says how it ends.
 */
async function create(
  payload: string,
  order: RefundOrder,
  keys: AntomKeys,
  io: ChannelIo,
): Promise<Outcome<RefundReport>> {
  const answer = await ask("refund", payload, keys, io);
  if (answer.kind === "unknown") return answer;
  const { status, code, fields } = answer;
  const isAccepted = status === "S" || (status === "U" && code === IN_PROCESS);
  if (!answer.authenticated || !isAccepted) return refusal(answer, "doubted");
  if (isOther(order, fields)) return anotherRefund();
  const isDone = status === "S" && textOrNull(fields["refundTime"]) !== null;
  return reportOf(order, isDone ? "succeeded" : "processing", code, fields);
}

async function query(
  order: RefundOrder,
  keys: AntomKeys,
  io: ChannelIo,
): Promise<Outcome<RefundReport>> {
  const body = JSON.stringify({ refundRequestId: order.refundId });
  const answer = await ask("inquiryRefund", body, keys, io);
  if (answer.kind === "unknown") return answer;
  if (answer.authenticated && answer.status === "F" && answer.code === NOT_EXIST) {
    return reportOf(order, "absent", NOT_EXIST, {});
  }
  if (!answer.authenticated || answer.status !== "S") {
    // That the question was refused says nothing about the refund.
    return { kind: "unknown", error: refusal(answer, "doubted").error };
  }
  if (isOther(order, answer.fields)) return anotherRefund();
  const status = answer.fields["refundStatus"];
  const state = typeof status === "string" ? refundStateOf(status) : null;
  return typeof status !== "string" || state === null
    ? unknown("unknown_refund_status", "Antom names an unknown state.")
    : reportOf(order, state, status, answer.fields);
}

export const antomRefunds: RefundDesk = {
  prepare: (order) => prepare(order),
  create: async (payload, order, account, io) => create(payload, order, await keysOf(account), io),
  query: async (order, account, io) => query(order, await keysOf(account), io),
};
