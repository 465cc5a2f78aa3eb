/**
 * `alipay.trade.pay`: the shop scans the code on the buyer's screen. Alipay takes the money at once,
 * or asks the buyer first (10003): then the payment is asked about until it is known, and cancelled
 * when it runs out. Never paid again under a new number before the old one is settled.
 */
import { sameMoney } from "../../money.ts";
import type { ChannelIo, Charge, ChargeOrder, Outcome } from "../adapter.ts";
import { anotherOrder, holdsAny, incomplete, isSuccess, namesOther, refuse } from "./answers.ts";
import { askGateway, type GatewayAnswer } from "./exchange.ts";
import type { AlipayKeys } from "./keys.ts";
import { fromYuan, timeOrNull, tradeNumber } from "./mapping.ts";
import { query } from "./operations.ts";

/** The trade is made, and the buyer is asked for the password. */
const WAITING = "10003";

/**
 * Fields of other methods' answers. Attack: the signed answer to a query of the same order, which
 * waits for the buyer, replayed in the place of this one would look like a payment.
 */
const NOT_IN_PAY = ["trade_status", "fund_change", "retry_flag", "qr_code"] as const;

export async function payByCode(
  payload: string,
  order: ChargeOrder,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<Charge>> {
  const answer = await askGateway(
    { method: "alipay.trade.pay", bizContent: payload, notifyUrl: order.notifyUrl },
    keys,
    io,
  );
  if (answer.kind === "unknown") return answer;
  if (namesOther(answer, order.paymentId)) return anotherOrder();
  if (isSuccess(answer)) return paidAtOnce(answer, order);
  if (answer.authenticated && answer.code === WAITING) return waiting(answer, order);
  const refused = refuse(answer, "believed");
  // A refused repeat says nothing about the first try, whose reply was lost: only a query does.
  return refused.kind === "rejected" && io.attempt > 0
    ? confirmRefusal(refused, order, keys, io)
    : refused;
}

function paidAtOnce(answer: GatewayAnswer, order: ChargeOrder): Outcome<Charge> {
  const { out_trade_no, trade_no, total_amount, gmt_payment } = answer.fields;
  const amount = fromYuan(total_amount);
  const paidAt = timeOrNull(gmt_payment);
  const trade = tradeNumber(trade_no);
  if (out_trade_no === undefined || amount === null || paidAt === null || trade === null) {
    return incomplete();
  }
  if (holdsAny(answer, NOT_IN_PAY) || !sameMoney(amount, order.amount)) return anotherOrder();
  return {
    kind: "ok",
    value: {
      action: { type: "wait" },
      expiresAt: order.expiresAt,
      channelTransactionId: trade,
      report: {
        paymentId: order.paymentId,
        state: "paid",
        amount,
        channelTransactionId: trade,
        paidAt,
        channelStatus: "TRADE_SUCCESS",
      },
    },
  };
}

function waiting(answer: GatewayAnswer, order: ChargeOrder): Outcome<Charge> {
  const trade = tradeNumber(answer.fields["trade_no"]);
  return {
    kind: "ok",
    value: {
      action: { type: "wait" },
      expiresAt: order.expiresAt,
      ...(trade === null ? {} : { channelTransactionId: trade }),
    },
  };
}

async function confirmRefusal(
  refused: Extract<Outcome<never>, { kind: "rejected" }>,
  order: ChargeOrder,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<Charge>> {
  const found = await query(order.paymentId, keys, io);
  const isNothing = found.kind === "ok" && found.value.state === "absent";
  return isNothing ? refused : { kind: "unknown", error: refused.error };
}
