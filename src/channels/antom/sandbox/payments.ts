/** The simulated `pay`, `inquiryPayment` and `cancel`. */
import * as z from "zod";

import type { SandboxOrderRecord, SandboxWorld } from "../../../sandbox/simulator.ts";
import { walletUrl } from "../../../sandbox/wallet-url.ts";
import { CHANNEL, cancellableUntil, orderNumberOf, paymentIdOf, writeTime } from "./identity.ts";
import { readPay, type PayOrder, type Presentation } from "./order.ts";
import { illegal, inProcess, refusal, success, type Body } from "./reply.ts";
import type { Call } from "./request.ts";

/** A cancel of a paid payment is kept as a refund of the whole, under a number no merchant has. */
const CANCEL_NUMBER = "(cancel)";

export const isCancelled = (order: SandboxOrderRecord): boolean =>
  order.refunds.some(({ refundNumber }) => refundNumber === CANCEL_NUMBER);

export const amountOf = ({ currency }: SandboxOrderRecord, value: number) => ({
  currency,
  value: String(value),
});

/** What replies say about an order, whatever its state. */
const describe = (order: SandboxOrderRecord): Body => ({
  paymentRequestId: order.orderNumber,
  paymentId: paymentIdOf(order.merchant, order.orderNumber),
  paymentAmount: amountOf(order, order.value),
  paymentCreateTime: writeTime(order.createdAt),
  ...(order.paidAt === null ? {} : { paymentTime: writeTime(order.paidAt) }),
});

/** Payment codes by their last digit: 8 has no money, 9 asks the buyer first, others pay at once. */
const isPoor = (code: string): boolean => code.endsWith("8");
const mustConfirm = (code: string): boolean => code.endsWith("9");

function refuseCode(presentation: Presentation, wallet: string): Body | null {
  if (presentation.type !== "payment_code") return null;
  if (wallet !== "CONNECT_WALLET") return illegal("paymentMethod.paymentMethodType");
  if (!/^\d{16,24}$/.test(presentation.code)) {
    return refusal("INVALID_PAYMENT_CODE", "The payment code is invalid.");
  }
  return isPoor(presentation.code)
    ? refusal("USER_BALANCE_NOT_ENOUGH", "The user balance is not enough.")
    : null;
}

export async function pay(call: Call, world: SandboxWorld): Promise<Body> {
  const read = readPay(call, world.now);
  if (!read.ok) return read.error;
  const { order, wallet, presentation, deadlineRefusal } = read.value;
  const refused = refuseCode(presentation, wallet);
  if (refused !== null) return refused;
  if (deadlineRefusal !== null) {
    const known = await world.orders.get(CHANNEL, order.merchant, order.orderNumber);
    if (known === null) return deadlineRefusal;
  }
  const answer = await world.orders.create(order);
  if (answer.order.parameters !== order.parameters) {
    return refusal("REPEAT_REQ_INCONSISTENT", "Repeated requests are inconsistent.");
  }
  if (answer.kind === "already_paid") return paid(answer.order);
  if (answer.kind === "already_closed") return ended(answer.order, world.now);
  return begin(answer.order, read.value, world);
}

/** Once a payment is final the same answer comes back. */
const paid = (order: SandboxOrderRecord): Body =>
  isCancelled(order)
    ? refusal("ORDER_IS_CANCELED", "The order is canceled.")
    : success(describe(order));

const hasLapsed = (order: SandboxOrderRecord, now: number): boolean =>
  order.expiresAt !== null && now >= order.expiresAt;

const ended = (order: SandboxOrderRecord, now: number): Body =>
  hasLapsed(order, now)
    ? refusal("ORDER_IS_CLOSED", "The order is closed.")
    : refusal("ORDER_IS_CANCELED", "The order is canceled.");

async function begin(
  order: SandboxOrderRecord,
  { presentation, wallet }: PayOrder,
  world: SandboxWorld,
): Promise<Body> {
  if (presentation.type === "payment_code" && !mustConfirm(presentation.code)) {
    const after = await world.orders.pay(CHANNEL, order.merchant, order.orderNumber);
    return after?.state === "paid" ? paid(after) : inProcess(IN_PROCESS, describe(order));
  }
  return inProcess(IN_PROCESS, {
    ...describe(order),
    ...shown(order, presentation, wallet, world),
  });
}

const IN_PROCESS = "PAYMENT_IN_PROCESS";

/** Everything leads to the sandbox's wallet. */
function shown(
  order: SandboxOrderRecord,
  presentation: Presentation,
  wallet: string,
  world: SandboxWorld,
): Body {
  const page = walletUrl(world, order.orderNumber);
  switch (presentation.type) {
    case "payment_code":
      return {};
    case "order_code":
      return {
        orderCodeForm: {
          paymentMethodType: wallet,
          expireTime: writeTime(order.expiresAt ?? order.createdAt),
          codeDetails: [
            { codeValueType: "QRCODE", displayType: "BIGIMAGE", codeValue: `${page}#picture` },
            { codeValueType: "QRCODE", displayType: "TEXT", codeValue: page },
          ],
        },
      };
    case "link":
      return presentation.terminal === "APP"
        ? {
            applinkUrl: page,
            schemeUrl: `sandboxwallet://pay/${order.orderNumber}`,
            normalUrl: page,
          }
        : { normalUrl: page };
  }
}

const numbers = z.looseObject({
  paymentId: z.string().optional(),
  paymentRequestId: z.string().optional(),
});

/** The order that a call names: Antom's number wins over the merchant's. */
async function find(call: Call, world: SandboxWorld): Promise<SandboxOrderRecord | null> {
  const parsed = numbers.safeParse(call.content);
  if (!parsed.success) return null;
  const { paymentId, paymentRequestId } = parsed.data;
  const number =
    paymentId === undefined ? paymentRequestId : orderNumberOf(call.clientId, paymentId);
  return number === null || number === undefined
    ? null
    : world.orders.get(CHANNEL, call.clientId, number);
}

const notExist = () => refusal("ORDER_NOT_EXIST", "The order does not exist.");

interface Standing {
  readonly paymentStatus: string;
  readonly paymentResultCode: string;
}

function standingOf(order: SandboxOrderRecord, now: number): Standing {
  if (order.state === "paid") {
    return isCancelled(order)
      ? { paymentStatus: "CANCELLED", paymentResultCode: "ORDER_IS_CANCELED" }
      : { paymentStatus: "SUCCESS", paymentResultCode: "SUCCESS" };
  }
  if (order.state !== "closed") {
    return { paymentStatus: "PROCESSING", paymentResultCode: IN_PROCESS };
  }
  return hasLapsed(order, now)
    ? { paymentStatus: "FAIL", paymentResultCode: "ORDER_IS_CLOSED" }
    : { paymentStatus: "CANCELLED", paymentResultCode: "ORDER_IS_CANCELED" };
}

export async function inquiryPayment(call: Call, world: SandboxWorld): Promise<Body> {
  const order = await find(call, world);
  if (order === null) return notExist();
  const transactions = order.refunds
    .filter(({ refundNumber }) => refundNumber !== CANCEL_NUMBER)
    .map((refund) => ({
      transactionType: "REFUND",
      transactionStatus: refund.state === "succeeded" ? "SUCCESS" : "PROCESSING",
      transactionId: refund.channelRefundId,
      transactionRequestId: refund.refundNumber,
      transactionAmount: amountOf(order, refund.value),
    }));
  return success({ ...describe(order), ...standingOf(order, world.now), transactions });
}

/** Ends an unpaid payment. A paid one is given back whole, unless part of it was already. */
export async function cancel(call: Call, world: SandboxWorld): Promise<Body> {
  const order = await find(call, world);
  if (order === null) return notExist();
  if (world.now > cancellableUntil(order.createdAt)) {
    return refusal("CANCEL_WINDOW_EXCEED", "The cancel window is exceeded.");
  }
  const cancelled = success({
    paymentRequestId: order.orderNumber,
    paymentId: paymentIdOf(order.merchant, order.orderNumber),
    cancelTime: writeTime(world.now),
  });
  if (isCancelled(order)) return cancelled;
  if (order.state === "closed")
    return hasLapsed(order, world.now) ? ended(order, world.now) : cancelled;
  const after = await world.orders.close(CHANNEL, order.merchant, order.orderNumber);
  if (after?.state !== "paid") return cancelled;
  if (after.refunds.length > 0) {
    return refusal("ORDER_STATUS_INVALID", "The order status is invalid.");
  }
  await world.orders.refund(CHANNEL, after.merchant, after.orderNumber, {
    refundNumber: CANCEL_NUMBER,
    parameters: CANCEL_NUMBER,
    value: after.value,
    notifyUrl: null,
    settles: "now",
  });
  return cancelled;
}
