/** A `create_order` of IOTPay's general order API, as the payment that it asks for. */
import * as z from "zod";

import { err, ok, type Result } from "../../result.ts";
import type { Target } from "./channel-ids.ts";
import type { Memo } from "./memo.ts";
import { type Fields, type Refusal, refusal } from "./wire.ts";

/** IOTPay's codes live for an hour; what is scanned at the till is paid at once or not at all. */
const LIFE_S = { shown: 3_600, scanned: 60 } as const;

const text = (max: number) =>
  z
    .string()
    .refine((value) => Array.from(value).length <= max, `has more than ${max} characters`)
    .refine((value) => value.isWellFormed(), "is not Unicode text");

const optional = (max: number) => text(max).default("");

/** Numbers of merchants: IOTPay says 30 characters, and its samples send UUIDs. */
export const OrderNumber = z
  .string()
  .regex(/^[\x21-\x7e]{1,64}$/, "must be up to 64 printable characters without spaces");

/** Positive cents, also where an app sends them as text. */
export const Cents = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, "must be a positive whole number of cents")
  .transform(Number);

export const Currency = z.string().regex(/^[A-Z]{3}$/, "must be a currency code");

/**
 * Names and lengths of IOTPay's field table. `jobNo` and `clientIp` may be missing, as in its own
 * sample code. Other members are the app's and are left alone.
 */
const CreateOrder = z.object({
  mchId: z.string(),
  mchOrderNo: OrderNumber,
  channelId: text(24),
  currency: Currency,
  amount: Cents,
  clientIp: optional(45),
  device: optional(64),
  osType: z
    .string()
    .regex(/^(ios|android)$/i, "must be IOS or ANDROID")
    .transform((value) => value.toLowerCase() as "ios" | "android")
    .optional(),
  notifyUrl: text(200),
  returnUrl: text(200)
    .refine((value) => URL.parse(value)?.protocol === "https:", "must begin with https://")
    .optional(),
  subject: text(64),
  body: text(255),
  param1: optional(64),
  param2: optional(64),
  extra: optional(512),
  identityCode: z
    .string()
    .regex(/^[0-9A-Za-z]{10,64}$/, "must be 10 to 64 digits or letters, as scanned")
    .optional(),
});

export type CreateOrder = z.infer<typeof CreateOrder>;

/** Fields by their schema, or IOTPay's word for what is wrong. Never the value: it may be a secret. */
export function readFields<S extends z.ZodType>(
  schema: S,
  fields: Fields,
): Result<z.infer<S>, Refusal> {
  const parsed = schema.safeParse(Object.fromEntries(fields));
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0] ?? "params");
  const fault = fields.has(name) ? issue?.message : "is missing";
  return err(refusal("parameter", `Parameter error: ${name} ${fault ?? "is wrong"}.`));
}

export const readCreateOrder = (fields: Fields): Result<CreateOrder, Refusal> =>
  readFields(CreateOrder, fields);

/** `extra` is a JSON text; of it only the buyer's openid concerns us. */
function openidOf(extra: string): string | undefined {
  try {
    const parsed = z
      .object({ openId: z.string().regex(/^[\x21-\x7e]{1,128}$/) })
      .safeParse(JSON.parse(extra));
    return parsed.success ? parsed.data.openId : undefined;
  } catch {
    return undefined;
  }
}

/** What buyers read: the title, without what receipts cannot show. */
const described = (subject: string): string | undefined => {
  const plain = subject.replace(/\p{Cc}+/gu, " ").trim();
  return plain === "" ? undefined : plain;
};

const isAddress = (address: string): boolean =>
  z.union([z.ipv4(), z.ipv6()]).safeParse(address).success;

export const memoOf = (order: CreateOrder): Memo => ({
  channelId: order.channelId,
  mchId: order.mchId,
  notifyUrl: order.notifyUrl,
  clientIp: order.clientIp,
  device: order.device,
  subject: order.subject,
  body: order.body,
  param1: order.param1,
  param2: order.param2,
  extra: order.extra,
});

/** The payment, in the words of `POST /v1/payment-intents`. */
export function paymentOf(
  order: CreateOrder,
  { channel, method, wallet }: Target,
  metadata: Record<string, string>,
) {
  const openid = openidOf(order.extra);
  return {
    amount: { currency: order.currency, value: order.amount },
    channel,
    method,
    description: described(order.subject),
    merchant_order_id: order.mchOrderNo,
    payer: {
      ...(openid === undefined ? {} : { openid }),
      ...(order.identityCode === undefined ? {} : { auth_code: order.identityCode }),
      ...(isAddress(order.clientIp) ? { client_ip: order.clientIp } : {}),
    },
    os_type: order.osType,
    return_url: order.returnUrl,
    expires_in: LIFE_S[method === "barcode" ? "scanned" : "shown"],
    payment_method_type: wallet,
    profit_sharing: false,
    metadata,
  };
}
