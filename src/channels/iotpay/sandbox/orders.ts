/** The simulated order API: create, the till's scan, query, refund. */
import * as z from "zod";

import type { SandboxOrderRecord, SandboxWorld } from "../../../sandbox/simulator.ts";
import { walletUrl } from "../../../sandbox/wallet-url.ts";
import { orderNumberOf, payOrderId } from "./identity.ts";
import { keptFields, newOrder, type OrderFields, readOrder, type Operation } from "./request.ts";
import { answerFor, type Shape } from "./shapes.ts";
import type { Members } from "./sign.ts";

const CHANNEL = "iotpay";

/** The request was not understood: neither communication nor business went well. */
export const notUnderstood = (errCode: string, text: string): Members => ({
  retCode: "FAIL",
  retMsg: text,
  errCode,
  errCodeDes: text,
});

/** Understood, and the answer is no. */
const refused = (errCode: string, text: string): Members => ({
  retCode: "SUCCESS",
  retMsg: "",
  resCode: "FAIL",
  errCode,
  errCodeDes: text,
});

const success = (members: Members): Members => ({
  retCode: "SUCCESS",
  retMsg: "",
  resCode: "SUCCESS",
  ...members,
});

const isScan = (order: OrderFields): boolean => order.channelId.endsWith("_MICROPAY");

export async function create(
  members: Members,
  operation: Operation,
  shape: Shape,
  world: SandboxWorld,
): Promise<Members> {
  const read = readOrder(members, operation);
  if (!read.ok) return notUnderstood("0014", `parameter error: ${read.error}`);
  const order = read.value;
  const code = order.identityCode ?? "";
  if (isScan(order) && code.endsWith("99")) {
    return refused("AUTH_CODE_INVALID", "The payment code is not valid.");
  }
  const created = await world.orders.create(newOrder(order, world.now));
  switch (created.kind) {
    case "already_paid":
      return refused("0113", "The order is paid already.");
    case "already_closed":
    case "conflict":
      return notUnderstood("0014", "parameter error: mchOrderNo is used");
    case "created":
    case "same":
      break;
  }
  if (isScan(order) && code.endsWith("00")) {
    await world.orders.pay(CHANNEL, order.mchId, order.mchOrderNo);
  }
  const numbers = {
    payOrderId: payOrderId(order.channelId, order.mchOrderNo),
    mchOrderNo: order.mchOrderNo,
  };
  const wallet = walletUrl(world, order.mchOrderNo);
  const shown = answerFor(order, wallet, shape);
  // The older endpoint answers with the page alone.
  return operation === "payForSubmit"
    ? { retCode: "SUCCESS", retMsg: "", ...shown }
    : success({ ...numbers, ...shown });
}

const query = z.looseObject({
  mchId: z.string(),
  payOrderId: z.string().optional(),
  mchOrderNo: z.string().optional(),
});

async function find(members: Members, world: SandboxWorld): Promise<SandboxOrderRecord | null> {
  const parsed = query.safeParse(members);
  if (!parsed.success) return null;
  const { mchId, mchOrderNo, payOrderId: number } = parsed.data;
  const orderNumber = number === undefined ? mchOrderNo : orderNumberOf(number);
  if (orderNumber == null || orderNumber === "") return null;
  const order = await world.orders.get(CHANNEL, mchId, orderNumber);
  if (order === null || number === undefined) return order;
  return number === payOrderId(keptFields(order.parameters).channelId, orderNumber) ? order : null;
}

const noOrder = () => refused("0112", "The order does not exist.");

const STATUS: Readonly<Record<SandboxOrderRecord["state"], number>> = {
  open: 0,
  scanned: 1,
  paid: 2,
  closed: 4,
};

/** The order as query and notification show it. */
export function orderMembers(order: SandboxOrderRecord): Members {
  const kept = keptFields(order.parameters);
  return {
    payOrderId: payOrderId(kept.channelId, order.orderNumber),
    mchId: order.merchant,
    mchOrderNo: order.orderNumber,
    channelId: kept.channelId,
    currency: order.currency,
    amount: order.value,
    clientIp: kept.clientIp,
    device: kept.device ?? "",
    subject: kept.subject,
    body: kept.body,
    param1: kept.param1 ?? "",
    param2: kept.param2 ?? "",
    status: STATUS[order.state],
    ...(order.paidAt === null
      ? {}
      : { paySuccTime: order.paidAt, channelOrderNo: order.transactionId ?? "" }),
  };
}

export async function queryOrder(members: Members, world: SandboxWorld): Promise<Members> {
  const order = await find(members, world);
  if (order === null) return noOrder();
  const { notifyUrl, extra } = keptFields(order.parameters);
  return success({ ...orderMembers(order), notifyUrl, extra: extra ?? "" });
}

const refundFields = z.looseObject({
  mchId: z.string().min(1).max(30),
  mchRefundNo: z.string().min(1).max(30),
  payOrderId: z.string().min(1).max(64),
  refundAmount: z.int().positive(),
  clientIp: z.string().min(1).max(32),
  loginName: z.string().min(1).max(32),
  currency: z.string().length(3).optional(),
});

export async function refundOrder(members: Members, world: SandboxWorld): Promise<Members> {
  const parsed = refundFields.safeParse(members);
  if (!parsed.success) {
    return notUnderstood("0014", `parameter error: ${String(parsed.error.issues[0]?.path[0])}`);
  }
  const { mchId, mchRefundNo, refundAmount, currency } = parsed.data;
  const order = await find({ mchId, payOrderId: parsed.data.payOrderId }, world);
  if (order === null) return noOrder();
  if (currency !== undefined && currency !== order.currency) {
    return notUnderstood("0014", "parameter error: currency");
  }
  const { kind, ...answer } = await world.orders.refund(CHANNEL, mchId, order.orderNumber, {
    refundNumber: mchRefundNo,
    parameters: String(refundAmount),
    value: refundAmount,
    notifyUrl: null,
    settles: "now",
  });
  if ("refund" in answer) {
    return success({
      mchRefundNo,
      payOrderId: parsed.data.payOrderId,
      refundOrderId: `R${answer.refund.channelRefundId}`,
      refundAmount,
    });
  }
  return kind === "not_paid"
    ? refused("ORDER_NOT_PAID", "The order is not paid.")
    : refused("REFUND_REFUSED", "The refund is refused: its number is used or too much is asked.");
}

const REFUND_STATUS = { processing: 1, succeeded: 2, abnormal: 1 } as const;

/** Not documented: in the form of the other queries, for accounts that name a path for it. */
export async function queryRefund(members: Members, world: SandboxWorld): Promise<Members> {
  const order = await find(members, world);
  const refund = order?.refunds.find(({ refundNumber }) => refundNumber === members["mchRefundNo"]);
  if (refund === undefined) return refused("0112", "The refund does not exist.");
  return success({
    mchRefundNo: refund.refundNumber,
    refundOrderId: `R${refund.channelRefundId}`,
    refundAmount: refund.value,
    status: REFUND_STATUS[refund.state],
  });
}
