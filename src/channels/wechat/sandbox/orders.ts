/** Native orders: create, query, close. */
import { canonicalJson } from "../../../canonical-json.ts";
import type { RandomBytes } from "../../../ids.ts";
import type { SandboxOrderRecord, SandboxWorld } from "../../../sandbox/simulator.ts";
import { readClose, readNativeOrder, type NativeOrder } from "./parameters.ts";
import { isRefusal, paramError, refuse, type Answer } from "./reply.ts";
import type { AuthenticRequest } from "./request.ts";

const SLUG = "wechat";
const DAY_MS = 86_400_000;
const MIN_LIFE_MS = 60_000;
const MAX_LIFE_MS = 15 * DAY_MS;

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Random letters and digits. */
export const base62 = (random: RandomBytes, length: number): string =>
  [...random(length)].map((byte) => ALPHABET[byte % ALPHABET.length] ?? "0").join("");

/** Too short a life is raised to a minute, too long a one lowered; none means seven days. */
function expiryOf(order: NativeOrder, now: number): number {
  if (order.time_expire === undefined) return now + 7 * DAY_MS;
  return Math.min(Math.max(Date.parse(order.time_expire), now + MIN_LIFE_MS), now + MAX_LIFE_MS);
}

const noOrder = refuse(404, "ORDER_NOT_EXIST", "订单不存在");
const paid = refuse(400, "ORDERPAID", "该订单已支付");
const closed = refuse(400, "ORDER_CLOSED", "该订单已关闭");

export async function createNative(
  request: AuthenticRequest,
  world: SandboxWorld,
): Promise<Answer> {
  const read = readNativeOrder(request.body);
  if (isRefusal(read)) return read;
  const order = read.value;
  const { merchant } = request;
  if (order.mchid !== merchant.mchid) {
    return paramError("/mchid", "is not the merchant that signed");
  }
  if (merchant.appid !== null && order.appid !== merchant.appid) {
    return refuse(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配");
  }
  const answer = await world.orders.create({
    channel: SLUG,
    merchant: merchant.mchid,
    orderNumber: order.out_trade_no,
    parameters: canonicalJson(order),
    currency: order.amount.currency ?? "CNY",
    value: order.amount.total,
    notifyUrl: order.notify_url,
    expiresAt: expiryOf(order, world.now),
  });
  if (answer.kind === "conflict") return refuse(403, "OUT_TRADE_NO_USED", "商户订单号重复");
  if (answer.kind === "already_paid") return paid;
  if (answer.kind === "already_closed") return closed;
  // A repeat gives a fresh code for the same order.
  const code_url = `weixin://wxpay/bizpayurl?pr=${base62(world.random, 9)}`;
  return { status: 200, body: { code_url } };
}

/** `trade_state` and its text. A scanned native order is still unpaid to the merchant. */
const STATES: Readonly<Record<SandboxOrderRecord["state"], readonly [string, string]>> = {
  open: ["NOTPAY", "订单未支付"],
  scanned: ["NOTPAY", "订单未支付"],
  paid: ["SUCCESS", "支付成功"],
  closed: ["CLOSED", "订单已关闭"],
};

const chinaTime = (ms: number): string =>
  `${new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19)}+08:00`;

/** The transaction object of queries and notifications. */
export function tradeOf(record: SandboxOrderRecord): Record<string, unknown> {
  const order = readNativeOrder(JSON.parse(record.parameters));
  const { appid = "", attach = "" } = isRefusal(order) ? {} : order.value;
  const [trade_state, trade_state_desc] = STATES[record.state];
  const common = {
    appid,
    mchid: record.merchant,
    out_trade_no: record.orderNumber,
    trade_state,
    trade_state_desc,
  };
  if (record.state !== "paid") return common;
  return {
    ...common,
    transaction_id: record.transactionId,
    trade_type: "NATIVE",
    bank_type: "OTHERS",
    attach,
    success_time: chinaTime(record.paidAt ?? record.createdAt),
    payer: { openid: "oSandboxBuyer000000000000000" },
    amount: {
      total: record.value,
      payer_total: record.value,
      currency: record.currency,
      payer_currency: record.currency,
    },
  };
}

export async function queryOrder(
  orderNumber: string,
  request: AuthenticRequest,
  world: SandboxWorld,
): Promise<Answer> {
  const { mchid } = request.merchant;
  if (request.url.searchParams.get("mchid") !== mchid) {
    return paramError("mchid", "is not the merchant that signed", "query");
  }
  const record = await world.orders.get(SLUG, mchid, orderNumber);
  return record === null ? noOrder : { status: 200, body: tradeOf(record) };
}

export async function closeOrder(
  orderNumber: string,
  request: AuthenticRequest,
  world: SandboxWorld,
): Promise<Answer> {
  const read = readClose(request.body);
  if (isRefusal(read)) return read;
  const { mchid } = request.merchant;
  if (read.value.mchid !== mchid) return paramError("/mchid", "is not the merchant that signed");
  const record = await world.orders.close(SLUG, mchid, orderNumber);
  if (record === null) return noOrder;
  return record.state === "paid" ? paid : { status: 204, body: null };
}
