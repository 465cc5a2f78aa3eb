/**
 * Notices: JSON posted to the address that went with the payment or the refund. The signature
 * covers that address's path and query, so a notice for one account does not pass at another's.
 *
 * The time is not held against the clock: Antom repeats for 24 hours. A replay is harmless, because
 * a report says where a payment stands, and applying it twice changes nothing.
 */
import type {
  CallbackReply,
  CallbackVerdict,
  ChannelIo,
  PaymentReport,
  RawCallback,
} from "../adapter.ts";
import { parseJson } from "../json.ts";
import { isAuthentic } from "./exchange.ts";
import type { AntomKeys } from "./keys.ts";
import {
  channelNumber,
  failedState,
  type Fields,
  fromAmount,
  fromTime,
  isFields,
  isOurNumber,
  objectOr,
  refundStateOf,
  textOrNull,
} from "./mapping.ts";
import { inquire, wasCancelled } from "./operations.ts";

const refused = (reason: string): CallbackVerdict => ({ kind: "refused", reason });

const ignored = (notificationId: string, reason: string): CallbackVerdict => ({
  kind: "ignored",
  notificationId,
  reason,
});

export async function readNotice(
  callback: RawCallback,
  keys: AntomKeys,
  io: ChannelIo,
): Promise<CallbackVerdict> {
  const { method, target, headers, body } = callback;
  if (method !== "POST") return refused("not a POST");
  const clientId = headers.get("client-id");
  // A genuine message for another client is still a forgery here (cross-account replay). Checked
  // first, so that a stranger's text costs no signature checks.
  const verifiers = keys.verifiers.filter((verifier) => verifier.clientId === clientId);
  if (clientId === null || verifiers.length === 0)
    return refused("client-id is not this account's");
  if (!(await isAuthentic(headers, "request-time", { target, body }, clientId, verifiers))) {
    return refused("the signature does not verify");
  }
  const fields = parseJson(body);
  if (!isFields(fields)) return refused("the body is not a JSON object");
  switch (fields["notifyType"]) {
    case "PAYMENT_RESULT":
      return readPayment(fields, keys, io);
    case "REFUND_RESULT":
      return readRefund(fields);
    default:
      // Captures, pending payments, authorisations, disputes: nothing that moves a payment here.
      return ignored(noticeId(fields, "", ""), "not the result of a payment or a refund");
  }
}

/** Notices have no number of their own. The same news is the same notice, however often it comes. */
function noticeId(fields: Fields, number: string, status: string): string {
  const type =
    textOrNull(fields["notifyType"]) ??
    textOrNull(fields["authorizationNotifyType"]) ??
    textOrNull(fields["disputeNotificationType"]) ??
    "unknown";
  return [type.slice(0, 64), number, status].filter(Boolean).join(":");
}

async function readPayment(
  fields: Fields,
  keys: AntomKeys,
  io: ChannelIo,
): Promise<CallbackVerdict> {
  const { resultStatus, resultCode } = objectOr(fields["result"]);
  const paymentId = fields["paymentRequestId"];
  if (!isOurNumber(paymentId)) return refused("paymentRequestId is missing");
  const number = channelNumber(fields["paymentId"]);
  const amount = fromAmount(fields["paymentAmount"]);
  const id = noticeId(fields, paymentId, String(resultStatus));
  if (resultStatus !== "S" && resultStatus !== "F") return ignored(id, "the result is not final");
  const common = { paymentId, amount, channelTransactionId: number };
  if (resultStatus === "F") {
    const code = textOrNull(resultCode) ?? "F";
    const state = failedState(code);
    const reports = [{ ...common, state, paidAt: null, channelStatus: code }];
    return { kind: "reports", notificationId: id, reports };
  }
  if (amount === null) return refused("paymentAmount is not an amount");
  if (number === null) return refused("paymentId is missing");
  const paid: PaymentReport = {
    ...common,
    state: "paid",
    paidAt: fromTime(fields["paymentTime"]),
    channelStatus: "SUCCESS",
  };
  return (await wasCancelled(paymentId, io))
    ? confirm(paid, id, keys, io)
    : { kind: "reports", notificationId: id, reports: [paid] };
}

/**
 * A success for a payment that we cancelled. A cancelled payment stays cancelled and its money goes
 * back, although the notice of its success may still come: only an inquiry tells. What cannot be
 * told now is not acknowledged, and Antom sends it again.
 */
async function confirm(
  paid: PaymentReport,
  notificationId: string,
  keys: AntomKeys,
  io: ChannelIo,
): Promise<CallbackVerdict> {
  const asked = await inquire(paid, keys, io);
  if (asked.kind !== "ok") return refused("whether the cancelled payment was paid is not known");
  const { state } = asked.value;
  if (state === "open" || state === "absent") return refused("an inquiry does not confirm it");
  return { kind: "reports", notificationId, reports: [asked.value] };
}

/** `refundStatus` decides; the result only says that the wallet took the refund on. */
function readRefund(fields: Fields): CallbackVerdict {
  const refundId = fields["refundRequestId"];
  if (!isOurNumber(refundId)) return refused("refundRequestId is missing");
  const status = textOrNull(fields["refundStatus"]) ?? "";
  const id = noticeId(fields, refundId, status);
  const state = refundStateOf(status);
  if (state !== "succeeded" && state !== "failed") return ignored(id, "the refund has not ended");
  const amount = fromAmount(fields["refundAmount"]);
  if (amount === null) return refused("refundAmount is not an amount");
  return {
    kind: "reports",
    notificationId: id,
    reports: [],
    refunds: [
      {
        refundId,
        state,
        amount,
        channelRefundId: channelNumber(fields["refundId"]),
        refundedAt: state === "succeeded" ? fromTime(fields["refundTime"]) : null,
        channelStatus: status,
      },
    ],
  };
}

const reply = (
  status: number,
  resultCode: string,
  resultStatus: string,
  resultMessage: string,
) => ({
  status,
  body: JSON.stringify({ result: { resultCode, resultStatus, resultMessage } }),
  contentType: "application/json; charset=UTF-8",
});

export const acknowledge = {
  accepted: (): CallbackReply => reply(200, "SUCCESS", "S", "success"),
  // The reason stays in our log: it would tell a forger how far he came.
  refused: (): CallbackReply => reply(400, "PROCESS_FAIL", "F", "not accepted"),
};
