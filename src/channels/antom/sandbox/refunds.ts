/** The simulated `refund` and `inquiryRefund`. */
import * as z from "zod";

import { canonicalJson } from "../../../canonical-json.ts";
import { refundOf } from "../../../sandbox/refund-of.ts";
import type {
  SandboxOrderRecord,
  SandboxRefund,
  SandboxWorld,
} from "../../../sandbox/simulator.ts";
import { CHANNEL, orderNumberOf, paymentIdOf, writeTime } from "./identity.ts";
import { amountFields, orderNumber } from "./order.ts";
import { amountOf, isCancelled } from "./payments.ts";
import { illegal, inProcess, refusal, success, type Body } from "./reply.ts";
import type { Call } from "./request.ts";

/** What the contract of the sandbox says. */
const WINDOW_MS = 365 * 86_400_000;

const refundFields = z.looseObject({
  refundRequestId: orderNumber,
  paymentId: z.string().min(1).max(64),
  refundAmount: amountFields,
  refundReason: z.string().max(256).optional(),
  refundNotifyUrl: z.url().max(2048).optional(),
});

export const describeRefund = (order: SandboxOrderRecord, refund: SandboxRefund): Body => ({
  refundRequestId: refund.refundNumber,
  refundId: refund.channelRefundId,
  paymentId: paymentIdOf(order.merchant, order.orderNumber),
  refundAmount: amountOf(order, refund.value),
  ...(refund.refundedAt === null ? {} : { refundTime: writeTime(refund.refundedAt) }),
});

const REFUSED = {
  conflict: refusal("REPEAT_REQ_INCONSISTENT", "Repeated requests are inconsistent."),
  not_paid: refusal("ORDER_STATUS_INVALID", "The order status is invalid."),
  exceeds: refusal("REFUND_AMOUNT_EXCEED", "The refund amount exceeds the payment."),
  no_order: refusal("ORDER_NOT_EXIST", "The order does not exist."),
} as const;

function refuse(order: SandboxOrderRecord, currency: string, now: number): Body | null {
  if (isCancelled(order)) return refusal("ORDER_IS_CANCELED", "The order is canceled.");
  if (order.paidAt !== null && now > order.paidAt + WINDOW_MS) {
    return refusal("REFUND_WINDOW_EXCEED", "The refund window is exceeded.");
  }
  return currency === order.currency ? null : illegal("refundAmount.currency");
}

export async function bookRefund(call: Call, world: SandboxWorld): Promise<Body> {
  const parsed = refundFields.safeParse(call.content);
  if (!parsed.success) return illegal(parsed.error.issues[0]?.path.join(".") ?? "body");
  const { refundRequestId, paymentId, refundAmount, refundNotifyUrl } = parsed.data;
  const number = orderNumberOf(call.clientId, paymentId);
  const order = number === null ? null : await world.orders.get(CHANNEL, call.clientId, number);
  if (order === null) return REFUSED.no_order;
  const refused = refuse(order, refundAmount.currency, world.now);
  if (refused !== null) return refused;
  const answer = await world.orders.refund(CHANNEL, call.clientId, order.orderNumber, {
    refundNumber: refundRequestId,
    parameters: canonicalJson(call.content),
    value: Number(refundAmount.value),
    notifyUrl: refundNotifyUrl ?? null,
    settles: "now",
  });
  if (answer.kind !== "created" && answer.kind !== "same") return REFUSED[answer.kind];
  const fields = describeRefund(answer.order, answer.refund);
  return answer.refund.state === "succeeded"
    ? success(fields)
    : inProcess("REFUND_IN_PROCESS", fields);
}

const inquiryFields = z.looseObject({ refundRequestId: orderNumber });

/** A refund that cannot be paid out has no end here: it goes on being processed. */
export async function inquiryRefund(call: Call, world: SandboxWorld): Promise<Body> {
  const parsed = inquiryFields.safeParse(call.content);
  // Real Antom also takes a refundId alone; refunds here are kept by the merchant's number.
  if (!parsed.success) return illegal("refundRequestId");
  const { refundRequestId } = parsed.data;
  const found = await refundOf(world.orders, CHANNEL, call.clientId, refundRequestId);
  if (found === null) return REFUSED.no_order;
  const refundStatus = found.refund.state === "succeeded" ? "SUCCESS" : "PROCESSING";
  return success({ ...describeRefund(found.order, found.refund), refundStatus });
}
