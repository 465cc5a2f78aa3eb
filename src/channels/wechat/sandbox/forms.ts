/** The parameters that both simulated WeChat Pays know, checked as strictly as documented. */
import * as z from "zod";

import type { Ids } from "./flavour.ts";
import { paramError, type Refusal } from "./reply.ts";

/** WeChat Pay refuses characters of four bytes in UTF-8 anywhere in a request. */
export const shortText = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !/[\u{10000}-\u{10FFFF}]/u.test(text), "4-byte characters are not allowed");

export const notifyUrl = z
  .string()
  .max(255)
  .refine((text) => /^https?:\/\/[^?#\s]+$/.test(text), "must be a URL without a query string");

export const rfc3339 = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/, "must be RFC 3339 with a zone");

const number = z.string().min(1).max(32);

export const directIds = { appid: number, mchid: number };

export const partnerIds = {
  sp_appid: number,
  sp_mchid: number,
  sub_appid: number.optional(),
  sub_mchid: number,
};

/** Members of every order. The optional objects are taken as they are. */
export const orderMembers = {
  description: shortText(127),
  out_trade_no: z.string().regex(/^[0-9A-Za-z_\-|*]{6,32}$/, "6-32 of 0-9A-Za-z_-|*"),
  time_expire: rfc3339.optional(),
  attach: shortText(128).optional(),
  notify_url: notifyUrl,
  goods_tag: shortText(32).optional(),
  detail: z.looseObject({}).optional(),
};

const openid = shortText(128);

/** A service provider names the payer by one of the two appids. */
export const payer = (partner: boolean) =>
  partner
    ? z.union([z.strictObject({ sp_openid: openid }), z.strictObject({ sub_openid: openid })])
    : z.strictObject({ openid });

export const clientIp = z.union([z.ipv4(), z.ipv6()]);

export const scene = {
  payer_client_ip: clientIp.optional(),
  device_id: shortText(32).optional(),
  store_info: z.looseObject({}).optional(),
};

/** Members of every refund. */
export const refundMembers = {
  out_trade_no: z.string().optional(),
  transaction_id: z.undefined({ error: "the sandbox finds orders by out_trade_no" }).optional(),
  out_refund_no: z.string().regex(/^[0-9A-Za-z_\-|*@]{1,64}$/, "1-64 of 0-9A-Za-z_-|*@"),
  reason: shortText(80).optional(),
  notify_url: notifyUrl.optional(),
};

const echoBody = z.strictObject({
  echo_message: shortText(256),
  encrypted_echo_message: z.string().optional(),
  notify_url: notifyUrl.optional(),
});

/** The first thing that is wrong becomes the error, with the field as a JSON pointer. */
export function readForm<T>(schema: z.ZodType<T>, body: unknown): { value: T } | Refusal {
  const result = schema.safeParse(body);
  if (result.success) return { value: result.data };
  const [issue] = result.error.issues;
  return paramError(`/${issue?.path.join("/") ?? ""}`, issue?.message ?? "invalid");
}

const directClose = z.strictObject({ mchid: z.string() });
const partnerClose = z.strictObject({ sp_mchid: z.string(), sub_mchid: z.string() });

export const readClose = (body: unknown, partner: boolean): { value: Ids } | Refusal =>
  partner ? readForm(partnerClose, body) : readForm(directClose, body);

export const readEcho = (body: unknown) => readForm(echoBody, body);
