/** What is asked of the gateway about an order that exists: query, close and cancel. */
import type { ChannelIo, Outcome, PaymentReport, SentOrder } from "../adapter.ts";
import { bareReport, unknown } from "../outcomes.ts";
import {
  anotherOrder,
  holdsAny,
  incomplete,
  isSuccess,
  namesOther,
  NOT_EXIST,
  okReport,
  refuse,
  says,
} from "./answers.ts";
import { askGateway, type GatewayAnswer } from "./exchange.ts";
import type { AlipayKeys } from "./keys.ts";
import { fromYuan, isGiven, stateOf, timeOrNull, tradeNumber } from "./mapping.ts";

/** `biz_content` of query, close and cancel. */
const naming = (paymentId: string): string => JSON.stringify({ out_trade_no: paymentId });

/** Refusals of close and cancel that say "this trade is past that": only a query tells where. */
const PAST_CLOSING: readonly string[] = [
  "ACQ.TRADE_HAS_SUCCESS",
  "ACQ.TRADE_HAS_FINISHED",
  "ACQ.TRADE_HAS_CLOSE",
  "ACQ.TRADE_STATUS_ERROR",
  "ACQ.REASON_TRADE_STATUS_INVALID",
  "ACQ.REASON_ILLEGAL_STATUS",
  "ACQ.REASON_TRADE_BEEN_FREEZEN",
  "ACQ.REASON_TRADE_REFUND_FEE_ERR",
  "ACQ.TRADE_CANCEL_TIME_OUT",
  "ACQ.CANCEL_NOT_ALLOWED",
  // To a cancel: the trade is paid, and the seller cannot give the money back.
  "ACQ.SELLER_BALANCE_NOT_ENOUGH",
];

/** Fields of other methods' answers. One of them in the answer to a close means it is not one. */
const NOT_IN_CLOSE = ["qr_code", "trade_status", "total_amount", "fund_change", "action"] as const;

export async function query(
  paymentId: string,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<PaymentReport>> {
  const answer = await askGateway(
    { method: "alipay.trade.query", bizContent: naming(paymentId) },
    keys,
    io,
  );
  if (answer.kind === "unknown") return answer;
  if (namesOther(answer, paymentId)) return anotherOrder();
  // Codes and links are no trades: until somebody uses them there is nothing to find.
  if (says(answer, NOT_EXIST)) return okReport(bareReport(paymentId, "absent", NOT_EXIST));
  if (!isSuccess(answer)) return refuse(answer, "doubted");
  const { out_trade_no, trade_status, total_amount, send_pay_date, trade_no } = answer.fields;
  const amount = fromYuan(total_amount);
  if (out_trade_no === undefined || typeof trade_status !== "string" || amount === null) {
    return incomplete();
  }
  const state = stateOf(trade_status, isGiven(send_pay_date));
  if (state === null) return unknown("unknown_trade_status", "Alipay names an unknown state.");
  return okReport({
    paymentId,
    state,
    amount,
    channelTransactionId: tradeNumber(trade_no),
    paidAt: state === "paid" ? timeOrNull(send_pay_date) : null,
    channelStatus: trade_status,
  });
}

/**
 * Makes an order unpayable. A payment by code at the counter is cancelled: the buyer stands there,
 * and whatever became of the order, nothing may be owed when it ends, so one that was paid without
 * our knowing is given back. Every other order is closed.
 */
export const end = (
  { paymentId, method }: SentOrder,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<PaymentReport>> =>
  method === "barcode" ? cancel(paymentId, keys, io) : close(paymentId, keys, io);

/**
 * Closes by `alipay.trade.close`, which only touches unpaid trades. Where there is no trade yet,
 * because nobody has scanned the code or opened the link, close cannot reach it;
 * `alipay.trade.cancel` can, and is used only then, because cancelling a paid trade refunds it.
 * Between the two calls a buyer may still scan and pay: then the answer says `refund`, and the
 * report `reversed`.
 */
async function close(
  paymentId: string,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<PaymentReport>> {
  const answer = await askGateway(
    { method: "alipay.trade.close", bizContent: naming(paymentId) },
    keys,
    io,
  );
  if (answer.kind === "unknown") return answer;
  if (namesOther(answer, paymentId)) return anotherOrder();
  if (says(answer, NOT_EXIST)) return cancel(paymentId, keys, io);
  if (isPastClosing(answer)) return query(paymentId, keys, io);
  if (!isSuccess(answer)) return refuse(answer, "doubted");
  if (answer.fields["out_trade_no"] === undefined) return incomplete();
  if (holdsAny(answer, NOT_IN_CLOSE)) return anotherOrder();
  const trade = tradeNumber(answer.fields["trade_no"]);
  return okReport(bareReport(paymentId, "closed", "TRADE_CLOSED", trade));
}

/** `alipay.trade.cancel`: kills what is not paid, and gives back what is. */
async function cancel(
  paymentId: string,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<PaymentReport>> {
  const answer = await askGateway(
    { method: "alipay.trade.cancel", bizContent: naming(paymentId) },
    keys,
    io,
  );
  if (answer.kind === "unknown") return answer;
  if (namesOther(answer, paymentId)) return anotherOrder();
  // Not in this method's list of codes; if it comes all the same, the code is still out there.
  if (says(answer, NOT_EXIST)) return okReport(bareReport(paymentId, "absent", NOT_EXIST));
  if (isPastClosing(answer)) return query(paymentId, keys, io);
  if (!isSuccess(answer)) return refuse(answer, "doubted");
  const { retry_flag, action, trade_no } = answer.fields;
  if (retry_flag === "Y") return unknown("cancel_again", "Alipay asks to cancel once more.");
  // Every answer to a cancel says whether to repeat it; one that does not is another method's.
  if (retry_flag !== "N") return incomplete();
  const trade = tradeNumber(trade_no);
  return okReport(
    action === "refund"
      ? bareReport(paymentId, "reversed", "TRADE_CLOSED", trade)
      : bareReport(paymentId, "closed", "TRADE_CLOSED", trade),
  );
}

const isPastClosing = (answer: GatewayAnswer): boolean =>
  PAST_CLOSING.some((subCode) => says(answer, subCode));

/**
 * Asks for an order number that was never used. A signed "no such trade" proves the whole way:
 * Alipay verified our signature, and we verified Alipay's. No money can move.
 */
export async function probe(
  unusedNumber: string,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<{ readonly detail: string }>> {
  const answer = await askGateway(
    { method: "alipay.trade.query", bizContent: naming(unusedNumber) },
    keys,
    io,
  );
  if (answer.kind === "unknown") return answer;
  if (says(answer, NOT_EXIST)) {
    const detail = "Alipay accepted our signature, and the signature of its reply verifies.";
    return { kind: "ok", value: { detail } };
  }
  return isSuccess(answer) ? anotherOrder() : refuse(answer, "believed");
}
