/** Sending an order, and what its reply makes the buyer do. */
import * as z from "zod";

import type {
  ChannelAccount,
  ChannelIo,
  Charge,
  ChargeAction,
  ChargeOrder,
  Outcome,
} from "../adapter.ts";
import { parseJson } from "../json.ts";
import { appAction, jsapiAction, readSent } from "./client.ts";
import { isWechatMethod, type Dialect, type WechatMethod } from "./dialect.ts";
import { exchange, failed, malformed, withKeys } from "./exchange.ts";
import type { AccountKeys } from "./keys.ts";

/** Seconds that a code, a prepay id or a link works. The order itself lives on. */
export const LIFETIME_SECONDS: Readonly<Record<WechatMethod, number>> = {
  qr: 7_200,
  jsapi: 7_200,
  app: 7_200,
  wap: 300,
};

const codeSchema = z.looseObject({ code_url: z.string().min(1).max(1024) });
const prepaySchema = z.looseObject({ prepay_id: z.string().min(1).max(64) });
const pageSchema = z
  .looseObject({ h5_url: z.string().optional(), mweb_url: z.string().optional() })
  .transform(({ h5_url, mweb_url }) => h5_url ?? mweb_url ?? "")
  .refine((url) => /^https?:$/.test(URL.parse(url)?.protocol ?? ""));

/** WeChat sends the buyer back to `redirect_url`, if its domain is registered. */
const withReturn = (page: string, returnUrl: string | null): string =>
  returnUrl === null
    ? page
    : `${page}${page.includes("?") ? "&" : "?"}redirect_url=${encodeURIComponent(returnUrl)}`;

/** Null: the reply has not the documented form. */
async function actionOf(
  method: WechatMethod,
  reply: unknown,
  payload: string,
  order: ChargeOrder,
  keys: AccountKeys,
  io: ChannelIo,
): Promise<ChargeAction | null> {
  if (method === "qr") {
    const code = codeSchema.safeParse(reply);
    return code.success ? { type: "show_qr", data: code.data.code_url } : null;
  }
  if (method === "wap") {
    const page = pageSchema.safeParse(reply);
    return page.success ? { type: "redirect", url: withReturn(page.data, order.returnUrl) } : null;
  }
  const prepaid = prepaySchema.safeParse(reply);
  const sent = readSent(payload);
  if (!prepaid.success || sent === null) return null;
  const sign = method === "jsapi" ? jsapiAction : appAction;
  return sign(prepaid.data.prepay_id, sent, keys, io);
}

/** When a code has run out the same text gives a fresh one, and the old one dies. */
export const createCharge = (
  payload: string,
  order: ChargeOrder,
  account: ChannelAccount,
  io: ChannelIo,
  dialect: Dialect,
): Promise<Outcome<Charge>> =>
  withKeys(account, async (keys): Promise<Outcome<Charge>> => {
    const { method } = order;
    if (!isWechatMethod(method)) throw new TypeError(`${method} is not offered`);
    const path = `${dialect.ordersPath(keys.party)}/${dialect.makes[method]}`;
    const reply = await exchange(account, keys, io, { method: "POST", path, body: payload });
    if (reply.kind !== "success") return failed(reply);
    // 202 means accepted and not done: the order is asked for again.
    if (reply.status !== 200) return malformed;
    const action = await actionOf(method, parseJson(reply.body), payload, order, keys, io);
    if (action === null) return malformed;
    const expiresAt = Math.min(order.expiresAt, io.now() + LIFETIME_SECONDS[method] * 1000);
    return { kind: "ok", value: { action, expiresAt } };
  });
