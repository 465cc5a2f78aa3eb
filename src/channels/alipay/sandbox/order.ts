/** The `biz_content` of simulated orders, checked as strictly as Alipay's manual describes it. */
import * as z from "zod";

import { canonicalJson } from "../../../canonical-json.ts";
import { fromDecimal } from "../../../money.ts";
import { err, ok, type Result } from "../../../result.ts";
import type { SandboxOrderRecord, SandboxOrders } from "../../../sandbox/simulator.ts";
import { businessFailure, type Node } from "./reply.ts";
import type { Parameters as RequestParameters } from "./request.ts";
import { readTime } from "./time.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
const CODE_LIFETIME_MS = 120 * MINUTE_MS;
const TRADE_LIFETIME_MS = 15 * DAY_MS;
const VALUE_MAX = 10_000_000_000;
const URL_LIMIT = 256;

export const invalidField = (field: string): Node =>
  businessFailure("ACQ.INVALID_PARAMETER", `参数无效：${field}`);

export const orderNumber = z.string().regex(/^[0-9A-Za-z_]{1,64}$/);

export const yuan = z.string().regex(/^\d{1,9}(\.\d{1,2})?$/);

const common = {
  out_trade_no: orderNumber,
  total_amount: yuan,
  subject: z
    .string()
    .regex(/^[^/=&]+$/)
    .refine((text) => text.trim() !== "" && Array.from(text).length <= 256),
  qr_code_timeout_express: z
    .string()
    .regex(/^[1-9]\d{0,4}[mhd]$/)
    .optional(),
  timeout_express: z
    .string()
    .regex(/^([1-9]\d{0,4}[mhd]|1c)$/)
    .optional(),
  time_expire: z.string().optional(),
  extend_params: z
    .looseObject({
      royalty_freeze: z.enum(["true", "false"]).optional(),
      sys_service_provider_id: z
        .string()
        .regex(/^2088\d{12}$/)
        .optional(),
    })
    .optional(),
};

/** What each method orders, and under which product. */
const FORMS = {
  "alipay.trade.precreate": z.looseObject({
    ...common,
    product_code: z.literal("FACE_TO_FACE_PAYMENT").optional(),
  }),
  "alipay.trade.pay": z.looseObject({
    ...common,
    product_code: z.literal("FACE_TO_FACE_PAYMENT").optional(),
    scene: z.enum(["bar_code", "security_code"]),
    auth_code: z.string().regex(/^((2[5-9]|30)\d{14,22}|fp[0-9A-Za-z]{33})$/),
  }),
  "alipay.trade.create": z
    .looseObject({
      ...common,
      product_code: z.enum(["FACE_TO_FACE_PAYMENT", "JSAPI_PAY"]).optional(),
      buyer_id: z
        .string()
        .regex(/^2088\d{12}$/)
        .optional(),
      buyer_open_id: z.string().min(1).max(128).optional(),
      op_app_id: z.string().optional(),
    })
    .refine((fields) => (fields.buyer_id === undefined) !== (fields.buyer_open_id === undefined), {
      path: ["buyer_open_id"],
    }),
  "alipay.trade.app.pay": z.looseObject({
    ...common,
    product_code: z.literal("QUICK_MSECURITY_PAY"),
  }),
  "alipay.trade.wap.pay": z.looseObject({
    ...common,
    product_code: z.literal("QUICK_WAP_WAY"),
    quit_url: z.string().optional(),
  }),
  "alipay.trade.page.pay": z.looseObject({
    ...common,
    product_code: z.literal("FAST_INSTANT_TRADE_PAY"),
  }),
} as const;

export type OrderMethod = keyof typeof FORMS;

export const isOrderMethod = (method: string): method is OrderMethod =>
  Object.hasOwn(FORMS, method);

const UNIT_MS: Readonly<Record<string, number>> = {
  m: MINUTE_MS,
  h: 60 * MINUTE_MS,
  d: DAY_MS,
};

/** However long a life is asked for, a code that nobody scans dies after two hours. */
const codeLife = (text = "120m"): number =>
  Math.min(Number.parseInt(text, 10) * (UNIT_MS[text.slice(-1)] ?? 0), CODE_LIFETIME_MS);

type NewOrder = Parameters<SandboxOrders["create"]>[0];

/** `deadline` is `time_expire` in ms since 1970, or infinity. */
export type Order = NewOrder & { readonly deadline: number };

/** What is kept beside the amount: the first order's own words, to compare a repeat with. */
const kept = z.object({
  method: z.string(),
  auth_app_id: z.string().nullable(),
  content: z.looseObject({ subject: z.string() }),
});

export type Kept = z.infer<typeof kept>;

/** Null for what was not made by an order, as a used authorisation code. */
export function keptOf(order: Pick<SandboxOrderRecord, "parameters">): Kept | null {
  const parsed = kept.safeParse(JSON.parse(order.parameters));
  return parsed.success ? parsed.data : null;
}

/**
 * The order as it will be kept, or Alipay's answer to one that it does not take.
 * @param authAppId the merchant whom the caller acts for; null: itself
 */
export function readOrder(
  method: OrderMethod,
  content: Readonly<Record<string, unknown>>,
  parameters: RequestParameters,
  authAppId: string | null,
  now: number,
): Result<Order, Node> {
  const parsed = FORMS[method].safeParse(content);
  if (!parsed.success) return err(invalidField(String(parsed.error.issues[0]?.path[0])));
  const { out_trade_no, total_amount, timeout_express, time_expire } = parsed.data;
  const value = fromDecimal(total_amount, 2);
  if (value === null || value === 0) return err(invalidField("total_amount"));
  if (value > VALUE_MAX) return err(businessFailure("ACQ.TOTAL_FEE_EXCEED", "订单总金额超过限额"));
  if (timeout_express !== undefined && time_expire !== undefined) {
    return err(invalidField("timeout_express"));
  }
  const notifyUrl = parameters.get("notify_url") ?? "";
  if (notifyUrl.length > URL_LIMIT) return err(invalidField("notify_url"));
  if ((parameters.get("return_url") ?? "").length > URL_LIMIT) {
    return err(invalidField("return_url"));
  }
  const deadline = time_expire === undefined ? Infinity : readTime(time_expire);
  if (deadline === null) return err(invalidField("time_expire"));
  const life =
    method === "alipay.trade.precreate"
      ? codeLife(parsed.data.qr_code_timeout_express)
      : TRADE_LIFETIME_MS;
  return ok({
    channel: "alipay",
    merchant: parameters.get("app_id") ?? "",
    orderNumber: out_trade_no,
    parameters: canonicalJson({ method, auth_app_id: authAppId, content }),
    currency: "CNY",
    value,
    notifyUrl,
    expiresAt: Math.min(now + life, deadline),
    deadline,
  });
}
