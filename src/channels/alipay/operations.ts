/**
 * What is asked of the gateway about one order. Every success is read only from an authenticated
 * answer that names the order: a signature covers the answer's text, but neither the name of the
 * method nor the request, so a signed answer about something else can be replayed into the place.
 */
import type { ChannelIo, Charge, ChargeOrder, Outcome, PaymentReport } from "../adapter.ts";
import { askGateway, refusal, SUCCESS, unknown, type GatewayAnswer } from "./gateway.ts";
import type { AlipayKeys } from "./keys.ts";
import {
  bareReport,
  CODE_LIFETIME_MS,
  fromYuan,
  isGiven,
  orderContent,
  stateOf,
  timeOrNull,
  tradeNumber,
} from "./mapping.ts";

const NOT_EXIST = "ACQ.TRADE_NOT_EXIST";

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

const isSuccess = (answer: GatewayAnswer): boolean =>
  answer.authenticated && answer.code === SUCCESS;

const says = (answer: GatewayAnswer, subCode: string): boolean =>
  answer.authenticated && answer.code === "40004" && answer.subCode === subCode;

/** Business failures may leave the number out; when it is there it must be ours. */
const namesOther = (answer: GatewayAnswer, paymentId: string): boolean =>
  answer.fields["out_trade_no"] !== undefined && answer.fields["out_trade_no"] !== paymentId;

const anotherOrder = () =>
  unknown("another_order", "Alipay's reply is not about this order; it was not believed.");

const incomplete = () => unknown("incomplete_reply", "Alipay's reply lacks what it must hold.");

/** A success without a signature is nobody's word; everything else goes by the error table. */
const refuse = (answer: GatewayAnswer, unsigned: "believed" | "doubted") =>
  answer.code === SUCCESS
    ? unknown("unsigned_reply", "Alipay's reply was not signed; it was not believed.")
    : refusal(answer, unsigned);

export async function precreate(
  payload: string,
  order: ChargeOrder,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<Charge>> {
  const answer = await askGateway(
    { method: "alipay.trade.precreate", bizContent: payload, notifyUrl: order.notifyUrl },
    keys,
    io,
  );
  if (answer.kind === "unknown") return answer;
  if (!isSuccess(answer)) return refuse(answer, "believed");
  if (answer.fields["out_trade_no"] !== order.paymentId) return anotherOrder();
  const data = answer.fields["qr_code"];
  if (typeof data !== "string" || data === "") return incomplete();
  const expiresAt = Math.min(order.expiresAt, io.now() + CODE_LIFETIME_MS);
  return { kind: "ok", value: { action: { type: "show_qr", data }, expiresAt } };
}

export async function query(
  paymentId: string,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<PaymentReport>> {
  const answer = await askGateway(
    { method: "alipay.trade.query", bizContent: orderContent(paymentId) },
    keys,
    io,
  );
  if (answer.kind === "unknown") return answer;
  if (namesOther(answer, paymentId)) return anotherOrder();
  // Precreate makes a code, not a trade: until somebody scans it there is nothing to find.
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
 * Closes by `alipay.trade.close`, which only touches unpaid trades. Where there is no trade yet,
 * because nobody has scanned the code, close cannot reach it; `alipay.trade.cancel` can, and is
 * used only then, because cancelling a paid trade refunds it. Between the two calls a buyer may
 * still scan and pay: then the answer says `refund`, and the report `reversed`.
 */
export async function close(
  paymentId: string,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<PaymentReport>> {
  const answer = await askGateway(
    { method: "alipay.trade.close", bizContent: orderContent(paymentId) },
    keys,
    io,
  );
  if (answer.kind === "unknown") return answer;
  if (namesOther(answer, paymentId)) return anotherOrder();
  if (says(answer, NOT_EXIST)) return cancelUnscanned(paymentId, keys, io);
  if (isPastClosing(answer)) return query(paymentId, keys, io);
  if (!isSuccess(answer)) return refuse(answer, "doubted");
  if (answer.fields["out_trade_no"] === undefined) return incomplete();
  if (NOT_IN_CLOSE.some((field) => answer.fields[field] !== undefined)) return anotherOrder();
  const trade = tradeNumber(answer.fields["trade_no"]);
  return okReport(bareReport(paymentId, "closed", "TRADE_CLOSED", trade));
}

async function cancelUnscanned(
  paymentId: string,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<PaymentReport>> {
  const answer = await askGateway(
    { method: "alipay.trade.cancel", bizContent: orderContent(paymentId) },
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

const okReport = (value: PaymentReport): Outcome<PaymentReport> => ({ kind: "ok", value });

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
    { method: "alipay.trade.query", bizContent: orderContent(unusedNumber) },
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
