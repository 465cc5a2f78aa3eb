/** The `biz_content` of a simulated precreate, checked as strictly as Alipay's manual describes it. */
import * as z from "zod";

import { canonicalJson } from "../../../canonical-json.ts";
import { fromDecimal } from "../../../money.ts";
import { err, ok, type Result } from "../../../result.ts";
import type { SandboxOrders } from "../../../sandbox/simulator.ts";
import { businessFailure, type Node } from "./reply.ts";
import type { Parameters as RequestParameters } from "./request.ts";
import { readTime } from "./time.ts";

const MINUTE_MS = 60_000;
const CODE_LIFETIME_MS = 120 * MINUTE_MS;
const VALUE_MAX = 10_000_000_000;
const NOTIFY_URL_LIMIT = 256;

export const invalidField = (field: string): Node =>
  businessFailure("ACQ.INVALID_PARAMETER", `参数无效：${field}`);

export const orderNumber = z.string().regex(/^[0-9A-Za-z_]{1,64}$/);

const fields = z.looseObject({
  out_trade_no: orderNumber,
  total_amount: z.string().regex(/^\d{1,9}(\.\d{1,2})?$/),
  subject: z
    .string()
    .regex(/^[^/=&]+$/)
    .refine((text) => text.trim() !== "" && Array.from(text).length <= 256),
  product_code: z.literal("FACE_TO_FACE_PAYMENT").optional(),
  qr_code_timeout_express: z
    .string()
    .regex(/^[1-9]\d{0,4}[mhd]$/)
    .optional(),
  timeout_express: z
    .string()
    .regex(/^([1-9]\d{0,4}[mhd]|1c)$/)
    .optional(),
  time_expire: z.string().optional(),
});

const UNIT_MS: Readonly<Record<string, number>> = {
  m: MINUTE_MS,
  h: 60 * MINUTE_MS,
  d: 1440 * MINUTE_MS,
};

/** However long a life is asked for, a code that nobody scans dies after two hours. */
const codeLife = (text = "120m"): number =>
  Math.min(Number.parseInt(text, 10) * (UNIT_MS[text.slice(-1)] ?? 0), CODE_LIFETIME_MS);

type NewOrder = Omit<Parameters<SandboxOrders["create"]>[0], "channel">;

/** `deadline` is `time_expire` in ms since 1970, or infinity. */
export type Order = NewOrder & { readonly deadline: number };

/** The order as it will be kept, or Alipay's answer to one that it does not take. */
export function readOrder(
  content: Readonly<Record<string, unknown>>,
  parameters: RequestParameters,
  now: number,
): Result<Order, Node> {
  const parsed = fields.safeParse(content);
  if (!parsed.success) return err(invalidField(String(parsed.error.issues[0]?.path[0])));
  const { out_trade_no, total_amount, timeout_express, time_expire } = parsed.data;
  const value = fromDecimal(total_amount, 2);
  if (value === null || value === 0) return err(invalidField("total_amount"));
  if (value > VALUE_MAX) return err(businessFailure("ACQ.TOTAL_FEE_EXCEED", "订单总金额超过限额"));
  if (timeout_express !== undefined && time_expire !== undefined) {
    return err(invalidField("timeout_express"));
  }
  const notifyUrl = parameters.get("notify_url") ?? "";
  if (notifyUrl.length > NOTIFY_URL_LIMIT) return err(invalidField("notify_url"));
  const deadline = time_expire === undefined ? Infinity : readTime(time_expire);
  if (deadline === null) return err(invalidField("time_expire"));
  return ok({
    merchant: parameters.get("app_id") ?? "",
    orderNumber: out_trade_no,
    parameters: canonicalJson(content),
    currency: "CNY",
    value,
    notifyUrl,
    expiresAt: Math.min(now + codeLife(parsed.data.qr_code_timeout_express), deadline),
    deadline,
  });
}
