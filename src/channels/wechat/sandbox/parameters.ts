/** The parameters of a native order, checked as strictly as the documentation states them. */
import * as z from "zod";

import { paramError, type Refusal } from "./reply.ts";

/** WeChat Pay refuses characters of four bytes in UTF-8 anywhere in a request. */
const shortText = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !/[\u{10000}-\u{10FFFF}]/u.test(text), "4-byte characters are not allowed");

const notifyUrl = z
  .string()
  .max(255)
  .refine((text) => /^https?:\/\/[^?#\s]+$/.test(text), "must be a URL without a query string");

const rfc3339 = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/, "must be RFC 3339 with a zone");

/** Unknown and empty parameters are refused. The optional objects are taken as they are. */
const nativeOrder = z.strictObject({
  appid: z.string().min(1).max(32),
  mchid: z.string().min(1).max(32),
  description: shortText(127),
  out_trade_no: z.string().regex(/^[0-9A-Za-z_\-|*]{6,32}$/, "6-32 of 0-9A-Za-z_-|*"),
  time_expire: rfc3339.optional(),
  attach: shortText(128).optional(),
  notify_url: notifyUrl,
  goods_tag: shortText(32).optional(),
  limit_pay: z.array(z.enum(["no_balance", "no_credit", "no_debit", "balance_only"])).optional(),
  support_fapiao: z.boolean().optional(),
  amount: z.strictObject({
    total: z.int().min(1),
    currency: z.literal("CNY").optional(),
  }),
  detail: z.looseObject({}).optional(),
  scene_info: z.looseObject({}).optional(),
  settle_info: z.strictObject({ profit_sharing: z.boolean().optional() }).optional(),
});

export type NativeOrder = z.infer<typeof nativeOrder>;

const closeBody = z.strictObject({ mchid: z.string() });

const echoBody = z.strictObject({
  echo_message: shortText(256),
  encrypted_echo_message: z.string().optional(),
  notify_url: notifyUrl.optional(),
});

/** The first thing that is wrong becomes the error, with the field as a JSON pointer. */
function read<T>(schema: z.ZodType<T>, body: unknown): { value: T } | Refusal {
  const result = schema.safeParse(body);
  if (result.success) return { value: result.data };
  const [issue] = result.error.issues;
  return paramError(`/${issue?.path.join("/") ?? ""}`, issue?.message ?? "invalid");
}

export const readNativeOrder = (body: unknown) => read(nativeOrder, body);
export const readClose = (body: unknown) => read(closeBody, body);
export const readEcho = (body: unknown) => read(echoBody, body);
