/** Orders: make, query, close. */
import { canonicalJson } from "../../../canonical-json.ts";
import { DAY_MS } from "../../../days.ts";
import type { SandboxOrderRecord, SandboxWorld } from "../../../sandbox/simulator.ts";
import { walletUrl } from "../../../sandbox/wallet-url.ts";
import type { Flavour, Make, OrderBody } from "./flavour.ts";
import { readClose, readForm } from "./forms.ts";
import {
  appidProblem,
  isOrderOf,
  partiesOf,
  partyProblem,
  termsOf,
  type Parties,
} from "./parties.ts";
import { isRefusal, paramError, refuse, type Answer, type Refusal } from "./reply.ts";
import type { AuthenticRequest } from "./request.ts";
import { base62, chinaTime } from "./words.ts";

const MIN_LIFE_MS = 60_000;
const MAX_LIFE_MS = 15 * DAY_MS;

/** Too short a life is raised to a minute, too long a one lowered; none means seven days. */
function expiryOf(order: OrderBody, now: number): number {
  if (order.time_expire === undefined) return now + 7 * DAY_MS;
  return Math.min(Math.max(Date.parse(order.time_expire), now + MIN_LIFE_MS), now + MAX_LIFE_MS);
}

export const noOrder = refuse(404, "ORDER_NOT_EXIST", "订单不存在");
const paid = refuse(400, "ORDERPAID", "该订单已支付");
const closed = refuse(400, "ORDER_CLOSED", "该订单已关闭");

function orderProblem(order: OrderBody, { merchant }: AuthenticRequest): Refusal | null {
  const { payer, sub_appid } = order;
  if (payer?.sub_openid !== undefined && sub_appid === undefined) {
    return paramError("/sub_appid", "is required for sub_openid");
  }
  return partyProblem(order, merchant, "body") ?? appidProblem(order, merchant);
}

/** What the reply gives the merchant to show or to open. A repeat gives a fresh one. */
function ticketOf(make: Make, order: OrderBody, world: SandboxWorld, { pageMember }: Flavour) {
  switch (make) {
    case "native":
      return { code_url: `weixin://wxpay/bizpayurl?pr=${base62(world.random, 9)}` };
    case "h5":
      return { [pageMember]: walletUrl(world, order.out_trade_no) };
    case "jsapi":
    case "app":
      return { prepay_id: `wx${base62(world.random, 34).toLowerCase()}` };
  }
}

export async function createOrder(
  make: Make,
  partner: boolean,
  request: AuthenticRequest,
  world: SandboxWorld,
  flavour: Flavour,
): Promise<Answer> {
  const read = readForm(flavour.orderForm(make, partner), request.body);
  if (isRefusal(read)) return read;
  const order = read.value;
  const problem = orderProblem(order, request);
  if (problem !== null) return problem;
  const answer = await world.orders.create({
    channel: flavour.slug,
    merchant: partiesOf(order).payee,
    orderNumber: order.out_trade_no,
    // One number is one order of one kind.
    parameters: canonicalJson({ ...order, trade_type: flavour.tradeTypes[make] }),
    currency: order.amount.currency ?? flavour.homeCurrency,
    value: order.amount.total,
    notifyUrl: order.notify_url,
    expiresAt: expiryOf(order, world.now),
  });
  if (answer.kind === "conflict") return refuse(403, "OUT_TRADE_NO_USED", "商户订单号重复");
  if (answer.kind === "already_paid") return paid;
  if (answer.kind === "already_closed") return closed;
  return { status: 200, body: ticketOf(make, order, world, flavour) };
}

/** `trade_state` and its text. A scanned order is still unpaid to the merchant. */
function stateOf({ state, refunds }: SandboxOrderRecord): readonly [string, string] {
  switch (state) {
    case "paid":
      return refunds.length === 0 ? ["SUCCESS", "支付成功"] : ["REFUND", "转入退款"];
    case "closed":
      return ["CLOSED", "订单已关闭"];
    case "open":
    case "scanned":
      return ["NOTPAY", "订单未支付"];
  }
}

const BUYER = "oSandboxBuyer000000000000000";

/** Whoever pays, as the order names them. */
export const payerOf = ({ payer }: ReturnType<typeof termsOf>): string =>
  Object.values(payer ?? {}).find((id): id is string => typeof id === "string") ?? BUYER;

/** The merchant's numbers, as the order named them. */
export function idsOf(record: SandboxOrderRecord): Record<string, string> {
  const { appid, mchid, sp_appid, sp_mchid, sub_appid, sub_mchid } = termsOf(record);
  const ids = { appid, mchid, sp_appid, sp_mchid, sub_appid, sub_mchid };
  return Object.fromEntries(
    Object.entries(ids).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** The transaction object of queries and notifications. */
export function tradeOf(record: SandboxOrderRecord, flavour: Flavour): Record<string, unknown> {
  const { attach = "", payer, trade_type, mchid } = termsOf(record);
  const [trade_state, trade_state_desc] = stateOf(record);
  const common = {
    ...idsOf(record),
    out_trade_no: record.orderNumber,
    trade_state,
    trade_state_desc,
  };
  if (record.state !== "paid") return common;
  return {
    ...common,
    ...flavour.tradeNumber(record),
    trade_type,
    bank_type: "OTHERS",
    attach,
    success_time: chinaTime(record.paidAt ?? record.createdAt),
    payer: payer ?? { [mchid === undefined ? "sp_openid" : "openid"]: BUYER },
    amount: {
      total: record.value,
      payer_total: record.value,
      currency: record.currency,
      payer_currency: record.currency,
    },
  };
}

async function findOrder(
  number: string,
  parties: Parties,
  world: SandboxWorld,
  { slug }: Flavour,
): Promise<SandboxOrderRecord | null> {
  const record = await world.orders.get(slug, parties.payee, number);
  return record !== null && isOrderOf(record, parties) ? record : null;
}

/** The numbers of a query string, which must be the caller's own. */
export function askedBy(request: AuthenticRequest, partner: boolean): Parties | Refusal {
  const { searchParams } = request.url;
  const given = (name: string) => searchParams.get(name) ?? "";
  const ids = partner
    ? { sp_mchid: given("sp_mchid"), sub_mchid: given("sub_mchid") }
    : { mchid: given("mchid") };
  return partyProblem(ids, request.merchant, "query") ?? partiesOf(ids);
}

export async function queryOrder(
  number: string,
  partner: boolean,
  request: AuthenticRequest,
  world: SandboxWorld,
  flavour: Flavour,
): Promise<Answer> {
  const asked = askedBy(request, partner);
  if (isRefusal(asked)) return asked;
  const record = await findOrder(number, asked, world, flavour);
  return record === null ? noOrder : { status: 200, body: tradeOf(record, flavour) };
}

export async function closeOrder(
  number: string,
  partner: boolean,
  request: AuthenticRequest,
  world: SandboxWorld,
  flavour: Flavour,
): Promise<Answer> {
  const read = readClose(request.body, partner);
  if (isRefusal(read)) return read;
  const problem = partyProblem(read.value, request.merchant, "body");
  if (problem !== null) return problem;
  const parties = partiesOf(read.value);
  if ((await findOrder(number, parties, world, flavour)) === null) return noOrder;
  const record = await world.orders.close(flavour.slug, parties.payee, number);
  if (record === null) return noOrder;
  return record.state === "paid" ? paid : { status: 204, body: null };
}
