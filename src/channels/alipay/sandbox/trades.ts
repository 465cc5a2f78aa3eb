/**
 * The simulated `alipay.trade.*` about orders that exist. Codes are no trades: until the buyer
 * scans, which is when the order gets a transaction number, query and close know of nothing.
 */
import * as z from "zod";

import { toDecimal } from "../../../money.ts";
import type { SandboxOrderRecord, SandboxWorld } from "../../../sandbox/simulator.ts";
import { buyerIdOf } from "./identity.ts";
import { invalidField, keptOf, orderNumber } from "./order.ts";
import { businessFailure, success, type Node } from "./reply.ts";
import { givenBack, isWhollyGivenBack, tradeNo, tradeStatus } from "./state.ts";
import { writeTime } from "./time.ts";

const CHANNEL = "alipay";

export type Content = Readonly<Record<string, unknown>>;

/** Who calls: the application, and the merchant that it acts for (null: itself). */
export interface Caller {
  readonly appId: string;
  readonly authAppId: string | null;
}

export type Handler = (content: Content, caller: Caller, world: SandboxWorld) => Promise<Node>;

const notExist = (number: string) =>
  businessFailure("ACQ.TRADE_NOT_EXIST", "交易不存在", {
    buyer_pay_amount: "0.00",
    invoice_amount: "0.00",
    out_trade_no: number,
    point_amount: "0.00",
    receipt_amount: "0.00",
  });

const tradeFields = z.looseObject({ out_trade_no: orderNumber, trade_no: z.string().optional() });

type Found = { readonly order: SandboxOrderRecord } | { readonly refused: Node };

/**
 * The order that a call names, or the refusal. A call without the merchant's token, or with another
 * merchant's, finds none of its orders.
 */
export async function find(content: Content, caller: Caller, world: SandboxWorld): Promise<Found> {
  const parsed = tradeFields.safeParse(content);
  // Real Alipay also takes a trade_no alone; orders here are kept by their order number.
  if (!parsed.success) return { refused: invalidField("out_trade_no") };
  const { out_trade_no, trade_no } = parsed.data;
  const order = await world.orders.get(CHANNEL, caller.appId, out_trade_no);
  if (order === null || keptOf(order)?.auth_app_id !== caller.authAppId) {
    return { refused: notExist(out_trade_no) };
  }
  // trade_no wins over out_trade_no: another trade's number finds another trade, or none.
  const isOther = trade_no !== undefined && tradeNo(order) !== trade_no;
  return isOther ? { refused: notExist(out_trade_no) } : { order };
}

/** The trade's number, once it has one. */
export const numbered = (order: SandboxOrderRecord): Node => {
  const number = tradeNo(order);
  return number === null ? {} : { trade_no: number };
};

export const query: Handler = async (content, caller, world) => {
  const found = await find(content, caller, world);
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
    ...numbered(order),
    trade_status: status,
  });
};

export const close: Handler = async (content, caller, world) => {
  const found = await find(content, caller, world);
  if ("refused" in found) return found.refused;
  const { order } = found;
  const status = tradeStatus(order);
  if (status === null) return notExist(order.orderNumber);
  const after =
    status === "WAIT_BUYER_PAY"
      ? await world.orders.close(CHANNEL, order.merchant, order.orderNumber)
      : null;
  return after?.state === "closed"
    ? success({ out_trade_no: order.orderNumber, ...numbered(order) })
    : businessFailure("ACQ.REASON_TRADE_STATUS_INVALID", "交易状态不合法");
};

/** A number that is cancelled before anybody used it can no longer be used. */
async function block(number: string, caller: Caller, world: SandboxWorld): Promise<void> {
  // Fault scripts are about orders, and this would count as one.
  if (world.script !== null) return;
  const blocked = await world.orders.create({
    channel: CHANNEL,
    merchant: caller.appId,
    orderNumber: number,
    parameters: "{}",
    currency: "CNY",
    value: 0,
    notifyUrl: "",
    expiresAt: null,
  });
  if (blocked.kind === "created") await world.orders.close(CHANNEL, caller.appId, number);
}

/**
 * Kills what is not paid, gives back what is, and answers success for a number it never saw, as
 * the real one is said to.
 */
export const cancel: Handler = async (content, caller, world) => {
  const parsed = tradeFields.safeParse(content);
  if (!parsed.success) return invalidField("out_trade_no");
  const number = parsed.data.out_trade_no;
  const done = (action: "close" | "refund", fields: Node = {}) =>
    success({ out_trade_no: number, ...fields, retry_flag: "N", action });
  const found = await find(content, caller, world);
  if ("refused" in found) {
    await block(number, caller, world);
    return done("close");
  }
  const order = await world.orders.close(CHANNEL, caller.appId, number);
  if (order?.state !== "paid") return done("close", order === null ? {} : numbered(order));
  if (!isWhollyGivenBack(order)) {
    await world.orders.refund(CHANNEL, caller.appId, number, {
      refundNumber: "cancel",
      parameters: "cancel",
      value: order.value - givenBack(order.refunds),
      notifyUrl: null,
      settles: "now",
    });
  }
  return done("refund", { ...numbered(order), gmt_refund_pay: writeTime(world.now) });
};
