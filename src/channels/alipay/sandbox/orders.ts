/** The simulated methods that make orders: precreate, create, pay, and the links. */
import { sha256 } from "../../../crypto/digest.ts";
import { toHex } from "../../../crypto/encoding.ts";
import { toDecimal } from "../../../money.ts";
import { err, ok, type Result } from "../../../result.ts";
import type { CreateAnswer, SandboxOrderRecord, SandboxWorld } from "../../../sandbox/simulator.ts";
import { buyerIdOf } from "./identity.ts";
import { type OrderMethod, readOrder } from "./order.ts";
import { businessFailure, success, waiting, type Node } from "./reply.ts";
import type { Parameters } from "./request.ts";
import { tradeStatus } from "./state.ts";
import { writeTime } from "./time.ts";
import { type Caller, type Content, numbered } from "./trades.ts";

const CHANNEL = "alipay";

const REPEATED: Readonly<Record<Exclude<CreateAnswer["kind"], "created" | "same">, () => Node>> = {
  conflict: () => businessFailure("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改"),
  already_paid: () => businessFailure("ACQ.TRADE_HAS_SUCCESS", "交易已被支付"),
  already_closed: () => businessFailure("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"),
};

/** The order as it is kept now, or Alipay's refusal. */
export async function placeOrder(
  method: OrderMethod,
  content: Content,
  parameters: Parameters,
  caller: Caller,
  world: SandboxWorld,
): Promise<Result<CreateAnswer, Node>> {
  const read = readOrder(method, content, parameters, caller.authAppId, world.now);
  if (!read.ok) return read;
  const { deadline, ...order } = read.value;
  const known = await world.orders.get(CHANNEL, order.merchant, order.orderNumber);
  // A code that nobody scanned is no trade: the order would begin now, after its own deadline.
  const isTrade = known !== null && tradeStatus(known) !== null;
  if (!isTrade && deadline <= world.now) {
    return err(
      businessFailure("ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR", "当前时间已超过允许支付的时间"),
    );
  }
  return ok(await world.orders.create(order));
}

/** The same order always has the same code. */
async function codeOf(merchant: string, number: string): Promise<string> {
  const digest = toHex(await sha256(`${merchant}:${number}`));
  return `https://qr.alipay.com/bax0${digest.slice(0, 20)}`;
}

const paidFields = (order: SandboxOrderRecord, paidAt: number): Node => {
  const amount = toDecimal(order.value, 2);
  return {
    ...numbered(order),
    out_trade_no: order.orderNumber,
    buyer_logon_id: "san***@sandbox.example",
    buyer_user_id: buyerIdOf(order.orderNumber),
    total_amount: amount,
    receipt_amount: amount,
    buyer_pay_amount: amount,
    point_amount: "0.00",
    invoice_amount: amount,
    gmt_payment: writeTime(paidAt),
    fund_bill_list: [{ amount, fund_channel: "ALIPAYACCOUNT" }],
  };
};

/**
 * The code on the buyer's screen says what the buyer does: `…00` pays at once, `…99` is no longer
 * valid, and any other has to be confirmed.
 */
async function pay(order: SandboxOrderRecord, code: string, world: SandboxWorld): Promise<Node> {
  const paid = code.endsWith("00")
    ? await world.orders.pay(CHANNEL, order.merchant, order.orderNumber)
    : null;
  return paid === null || paid.paidAt === null
    ? waiting({ out_trade_no: order.orderNumber, ...numbered(order) })
    : success(paidFields(paid, paid.paidAt));
}

/** The answer to a call that orders. */
export async function answerOrder(
  method: "alipay.trade.precreate" | "alipay.trade.create" | "alipay.trade.pay",
  content: Content,
  parameters: Parameters,
  caller: Caller,
  world: SandboxWorld,
): Promise<Node> {
  const code = String(content["auth_code"]);
  if (method === "alipay.trade.pay" && code.endsWith("99")) {
    return businessFailure("ACQ.PAYMENT_AUTH_CODE_INVALID", "支付授权码无效");
  }
  const placed = await placeOrder(method, content, parameters, caller, world);
  if (!placed.ok) return placed.error;
  const { kind, order: made } = placed.value;
  if (kind !== "created" && kind !== "same") return REPEATED[kind]();
  const { orderNumber, merchant } = made;
  if (method === "alipay.trade.pay") return pay(made, code, world);
  if (method === "alipay.trade.create") {
    return success({ out_trade_no: orderNumber, ...numbered(made) });
  }
  return success({ out_trade_no: orderNumber, qr_code: await codeOf(merchant, orderNumber) });
}
