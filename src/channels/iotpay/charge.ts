/** Sending an order, and what its reply makes the buyer do. */
import type { Charge, ChannelIo, ChargeOrder, Outcome } from "../adapter.ts";
import type { IotpayAccount } from "./account.ts";
import { actionOf } from "./actions.ts";
import { REQUEST_REFUSED } from "./error-table.ts";
import {
  anotherOrder,
  askIotpay,
  incomplete,
  type IotpayAnswer,
  numberOf,
  refusal,
} from "./exchange.ts";
import { isAnother, queryOrder } from "./operations.ts";
import { readPrepared } from "./order.ts";

export async function createOrder(
  payload: string,
  order: ChargeOrder,
  account: IotpayAccount,
  io: ChannelIo,
): Promise<Outcome<Charge>> {
  const prepared = readPrepared(payload);
  const answer = await askIotpay(prepared.path, prepared.fields, account, io);
  if (answer.kind === "unknown") return answer;
  if (isAnother(answer, order.paymentId, account)) return anotherOrder();
  if (prepared.shows === "nothing") return afterScan(answer, order, account, io);
  if (!answer.success) return refusal(answer);
  const action = actionOf(prepared, answer.fields);
  if (action === null) return incomplete();
  const number = numberOf(answer.fields["payOrderId"]);
  return {
    kind: "ok",
    value: {
      action,
      expiresAt: Math.min(order.expiresAt, order.createdAt + account.codeLifeMs),
      ...(number === null ? {} : { channelTransactionId: number }),
    },
  };
}

/**
 * After a code was scanned. The reply says how it went, but not how much was paid, and no notice
 * will follow: what it says is checked by a query before it is believed. A FAIL whose code is not
 * about the request itself may hide a payment that went through at the wallet, and so may any FAIL
 * to a repeat: a used number is a wrong parameter, too.
 */
async function afterScan(
  answer: IotpayAnswer,
  order: ChargeOrder,
  account: IotpayAccount,
  io: ChannelIo,
): Promise<Outcome<Charge>> {
  const refused = answer.success ? null : refusal(answer);
  if (refused?.kind === "unknown") return refused;
  const isFirst = io.attempt === 0;
  if (refused !== null && isFirst && REQUEST_REFUSED.includes(answer.errorCode)) return refused;
  const found = await queryOrder(order, account, io);
  const report = found.kind === "ok" ? found.value : null;
  if (refused !== null) {
    const unpaid = report?.state === "absent" || report?.state === "failed";
    return unpaid || report?.state === "closed"
      ? refused
      : { kind: "unknown", error: refused.error };
  }
  const number = numberOf(answer.fields["payOrderId"]) ?? report?.channelTransactionId ?? null;
  return {
    kind: "ok",
    value: {
      action: { type: "wait" },
      expiresAt: order.expiresAt,
      ...(number === null ? {} : { channelTransactionId: number }),
      ...(report?.state === "paid" ? { report } : {}),
    },
  };
}
