/** Which of the simulated methods answers a call. */
import * as z from "zod";

import type { SandboxWorld } from "../../../sandbox/simulator.ts";
import { exchange } from "./authorization.ts";
import { BILL_METHOD, linkToBill } from "./bills.ts";
import { invalidField } from "./order.ts";
import { answerOrder } from "./orders.ts";
import { refund, refundQuery } from "./refunds.ts";
import type { Node } from "./reply.ts";
import { isRoyaltyReturn, returnQuery, returnRoyalty, settle, settleQuery } from "./royalty.ts";
import type { Parameters } from "./request.ts";
import { cancel, close, type Handler, query } from "./trades.ts";

const HANDLERS: Readonly<Record<string, Handler>> = {
  "alipay.trade.query": query,
  "alipay.trade.close": close,
  "alipay.trade.cancel": cancel,
  "alipay.trade.refund": (content, caller, world) =>
    (isRoyaltyReturn(content) ? returnRoyalty : refund)(content, caller, world),
  "alipay.trade.fastpay.refund.query": (content, caller, world) =>
    (isRoyaltyReturn(content) ? returnQuery : refundQuery)(content, caller, world),
  "alipay.trade.order.settle": settle,
  "alipay.trade.order.settle.query": settleQuery,
  "alipay.open.auth.token.app": (content, { appId }, world) => exchange(content, appId, world),
};

/** `biz_content` as an object; null for anything else. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const parsed = z.record(z.string(), z.unknown()).safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/**
 * The answer to one call; null: no such method.
 * @param authAppId the merchant whom the caller acts for; null: itself
 * @param origin where the gateway was asked
 */
export async function answer(
  parameters: Parameters,
  authAppId: string | null,
  origin: string,
  world: SandboxWorld,
): Promise<Node | null> {
  const method = parameters.get("method") ?? "";
  const handler = Object.hasOwn(HANDLERS, method) ? HANDLERS[method] : undefined;
  const isOrder =
    method === "alipay.trade.precreate" ||
    method === "alipay.trade.create" ||
    method === "alipay.trade.pay";
  if (handler === undefined && !isOrder && method !== BILL_METHOD) return null;
  const content = parseObject(parameters.get("biz_content") ?? "");
  if (content === null) return invalidField("biz_content");
  const caller = { appId: parameters.get("app_id") ?? "", authAppId };
  if (isOrder) return answerOrder(method, content, parameters, caller, world);
  if (method === BILL_METHOD) return linkToBill(content, caller, origin, world);
  return handler === undefined ? null : handler(content, caller, world);
}
