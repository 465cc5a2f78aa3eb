/** Refunds: make and query. */
import { canonicalJson } from "../../../canonical-json.ts";
import { refundOf } from "../../../sandbox/refund-of.ts";
import type {
  SandboxOrderRecord,
  SandboxRefund,
  SandboxWorld,
} from "../../../sandbox/simulator.ts";
import type { Flavour, RefundBody } from "./flavour.ts";
import { readForm } from "./forms.ts";
import { isOrderOf, type Parties } from "./parties.ts";
import { isRefusal, paramError, refuse, type Answer, type Refusal } from "./reply.ts";
import type { AuthenticRequest } from "./request.ts";

const MAX_REFUNDS = 50;
const SPACING_MS = 60_000;
const WINDOW_MS = 365 * 86_400_000;

const nothing = refuse(404, "RESOURCE_NOT_EXISTS", "退款单不存在");

/** WeChat Pay's rules for one more refund of an order; a repeated number is no new one. */
function refundProblem(
  order: SandboxOrderRecord,
  refund: RefundBody,
  world: SandboxWorld,
): Refusal | null {
  const { amount, out_refund_no } = refund;
  if (amount.total !== order.value) return paramError("/amount/total", "is not the order's amount");
  if (amount.currency !== order.currency) {
    return paramError("/amount/currency", "is not the order's currency");
  }
  if (order.refunds.some(({ refundNumber }) => refundNumber === out_refund_no)) return null;
  if (world.now > (order.paidAt ?? world.now) + WINDOW_MS) {
    return refuse(400, "TRADE_OVERDUE", "订单已经超过退款期限");
  }
  if (order.refunds.length >= MAX_REFUNDS) {
    return refuse(400, "INVALID_REQUEST", "部分退款次数超限");
  }
  const last = Math.max(...order.refunds.map(({ createdAt }) => createdAt));
  return world.now < last + SPACING_MS
    ? refuse(429, "FREQUENCY_LIMITED", "同一笔订单的退款间隔需大于1分钟")
    : null;
}

export async function createRefund(
  parties: Parties,
  partner: boolean,
  request: AuthenticRequest,
  world: SandboxWorld,
  flavour: Flavour,
): Promise<Answer> {
  const read = readForm(flavour.refundForm(partner), request.body);
  if (isRefusal(read)) return read;
  const refund = read.value;
  const orderNumber = refund.out_trade_no;
  if (orderNumber === undefined) return paramError("/out_trade_no", "is required");
  const order = await world.orders.get(flavour.slug, parties.payee, orderNumber);
  if (order === null || !isOrderOf(order, parties)) {
    return refuse(404, "RESOURCE_NOT_EXISTS", "订单不存在");
  }
  const problem = refundProblem(order, refund, world);
  if (problem !== null) return problem;
  const answer = await world.orders.refund(flavour.slug, parties.payee, orderNumber, {
    refundNumber: refund.out_refund_no,
    parameters: canonicalJson(refund),
    value: refund.amount.refund,
    notifyUrl: refund.notify_url ?? null,
    settles: "later",
  });
  switch (answer.kind) {
    case "created":
    case "same":
      return { status: 200, body: flavour.refund(answer.order, answer.refund, "created") };
    case "conflict":
      return refuse(400, "INVALID_REQUEST", "订单信息不一致");
    case "not_paid":
      return refuse(403, "TRADE_ERROR", "订单未支付");
    case "exceeds":
      return refuse(400, "INVALID_REQUEST", "退款金额大于可退金额");
    case "no_order":
      return refuse(404, "RESOURCE_NOT_EXISTS", "订单不存在");
  }
}

/** The order is found by the refund's number, which is made from the order's. */
export async function queryRefund(
  number: string,
  parties: Parties,
  world: SandboxWorld,
  flavour: Flavour,
): Promise<Answer> {
  const found = await refundOf(world.orders, flavour.slug, parties.payee, number);
  if (found === null || !isOrderOf(found.order, parties)) return nothing;
  return { status: 200, body: flavour.refund(found.order, found.refund, "queried") };
}

/** `event_type` of the notification about the refund's end. */
export const refundEvent = ({ state }: SandboxRefund): string =>
  state === "abnormal" ? "REFUND.ABNORMAL" : "REFUND.SUCCESS";
