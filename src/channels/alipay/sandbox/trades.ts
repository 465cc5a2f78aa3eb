/**
 * The simulated `alipay.trade.*`. Precreate makes a code, not a trade: until the buyer scans, which
 * is when the order gets a transaction number, query and close know of nothing.
 */
import * as z from "zod";

import { sha256 } from "../../../crypto/digest.ts";
import { toHex } from "../../../crypto/encoding.ts";
import { toDecimal } from "../../../money.ts";
import type { CreateAnswer, SandboxOrderRecord, SandboxWorld } from "../../../sandbox/simulator.ts";
import { buyerIdOf } from "./identity.ts";
import { invalidField, orderNumber, readOrder } from "./order.ts";
import { businessFailure, success, type Node } from "./reply.ts";
import type { Parameters } from "./request.ts";
import { writeTime } from "./time.ts";

const CHANNEL = "alipay";

const notExist = (number: string) =>
  businessFailure("ACQ.TRADE_NOT_EXIST", "交易不存在", {
    buyer_pay_amount: "0.00",
    invoice_amount: "0.00",
    out_trade_no: number,
    point_amount: "0.00",
    receipt_amount: "0.00",
  });

const tradeFields = z.looseObject({ out_trade_no: orderNumber, trade_no: z.string().optional() });

/** The answer to one call; null: no such method. */
export async function answer(parameters: Parameters, world: SandboxWorld): Promise<Node | null> {
  const method = parameters.get("method") ?? "";
  const handler = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined;
  if (handler === undefined) return null;
  const content = parseObject(parameters.get("biz_content") ?? "");
  if (content === null) return invalidField("biz_content");
  return handler(content, parameters, world);
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const parsed = z.record(z.string(), z.unknown()).safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

type Content = Readonly<Record<string, unknown>>;
type Handler = (content: Content, parameters: Parameters, world: SandboxWorld) => Promise<Node>;

const precreate: Handler = async (content, parameters, world) => {
  const read = readOrder(content, parameters, world.now);
  if (!read.ok) return read.error;
  const { deadline, ...order } = read.value;
  const known = await world.orders.get(CHANNEL, order.merchant, order.orderNumber);
  // A code that nobody scanned is no trade: the order would begin now, after its own deadline.
  if ((known?.transactionId ?? null) === null && deadline <= world.now) {
    return businessFailure("ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR", "当前时间已超过允许支付的时间");
  }
  const created = await world.orders.create({ channel: CHANNEL, ...order });
  return CREATED[created.kind](order.orderNumber, await codeOf(order.merchant, order.orderNumber));
};

const withCode = (out_trade_no: string, qr_code: string) => success({ out_trade_no, qr_code });

const CREATED: Readonly<Record<CreateAnswer["kind"], (number: string, code: string) => Node>> = {
  created: withCode,
  same: withCode,
  conflict: () => businessFailure("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改"),
  already_paid: () => businessFailure("ACQ.TRADE_HAS_SUCCESS", "交易已被支付"),
  already_closed: () => businessFailure("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"),
};

/** The same order always has the same code. */
async function codeOf(merchant: string, number: string): Promise<string> {
  const digest = toHex(await sha256(`${merchant}:${number}`));
  return `https://qr.alipay.com/bax0${digest.slice(0, 20)}`;
}

type Found = { readonly order: SandboxOrderRecord } | { readonly refused: Node };

/** The order that a call names, or the refusal. */
async function find(content: Content, parameters: Parameters, world: SandboxWorld): Promise<Found> {
  const parsed = tradeFields.safeParse(content);
  // Real Alipay also takes a trade_no alone; orders here are kept by their order number.
  if (!parsed.success) return { refused: invalidField("out_trade_no") };
  const { out_trade_no, trade_no } = parsed.data;
  const merchant = parameters.get("app_id") ?? "";
  const order = await world.orders.get(CHANNEL, merchant, out_trade_no);
  // trade_no wins over out_trade_no: another trade's number finds another trade, or none.
  const isOther = trade_no !== undefined && order?.transactionId !== trade_no;
  return order === null || isOther ? { refused: notExist(out_trade_no) } : { order };
}

const query: Handler = async (content, parameters, world) => {
  const found = await find(content, parameters, world);
  if ("refused" in found) return found.refused;
  const { order } = found;
  const status = tradeStatus(order);
  if (status === null) return notExist(order.orderNumber);
  const amount = toDecimal(order.value, 2);
  const paid = order.paidAt === null ? "0.00" : amount;
  return success({
    buyer_logon_id: "san***@sandbox.example",
    buyer_pay_amount: paid,
    buyer_user_id: buyerIdOf(order.orderNumber),
    buyer_user_type: "PRIVATE",
    ...(order.paidAt === null
      ? {}
      : {
          fund_bill_list: [{ amount, fund_channel: "ALIPAYACCOUNT" }],
          send_pay_date: writeTime(order.paidAt),
        }),
    invoice_amount: paid,
    out_trade_no: order.orderNumber,
    point_amount: "0.00",
    receipt_amount: paid,
    total_amount: amount,
    trade_no: order.transactionId,
    trade_status: status,
  });
};

/** Null: nobody has scanned, so there is no trade, whatever became of the code. */
export function tradeStatus(order: SandboxOrderRecord): string | null {
  if (order.state === "paid") return "TRADE_SUCCESS";
  if (order.transactionId === null) return null;
  return order.state === "closed" ? "TRADE_CLOSED" : "WAIT_BUYER_PAY";
}

const close: Handler = async (content, parameters, world) => {
  const found = await find(content, parameters, world);
  if ("refused" in found) return found.refused;
  const { order } = found;
  if (tradeStatus(order) === null) return notExist(order.orderNumber);
  const after =
    order.state === "scanned"
      ? await world.orders.close(CHANNEL, order.merchant, order.orderNumber)
      : null;
  return after?.state === "closed"
    ? success({ out_trade_no: order.orderNumber, trade_no: order.transactionId })
    : businessFailure("ACQ.REASON_TRADE_STATUS_INVALID", "交易状态不合法");
};

/**
 * Kills a code that nobody has scanned, closes an unpaid trade, and answers success for a number
 * it never saw. A paid trade would be refunded: this seller has no balance to do it from, which is
 * an answer that Alipay gives too.
 */
const cancel: Handler = async (content, parameters, world) => {
  const parsed = tradeFields.safeParse(content);
  if (!parsed.success) return invalidField("out_trade_no");
  const number = parsed.data.out_trade_no;
  const merchant = parameters.get("app_id") ?? "";
  const order = await world.orders.close(CHANNEL, merchant, number);
  if (order?.state === "paid") {
    return businessFailure(
      "ACQ.SELLER_BALANCE_NOT_ENOUGH",
      "商户的支付宝账户中无足够的资金进行撤销",
    );
  }
  return success({
    out_trade_no: number,
    ...(order?.transactionId == null ? {} : { trade_no: order.transactionId }),
    retry_flag: "N",
    action: "close",
  });
};

const METHODS: Readonly<Record<string, Handler>> = {
  "alipay.trade.precreate": precreate,
  "alipay.trade.query": query,
  "alipay.trade.close": close,
  "alipay.trade.cancel": cancel,
};
