/** What an IOTPay account consists of. */
import * as z from "zod";

import { WALLETS } from "./channel-ids.ts";

/** `loginName` of a refund is shorter than the `jobNo` that it usually is. */
export const LOGIN_NAME_LIMIT = 32;

const printable = (max: number) =>
  z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${max}}$`), {
    error: `must be 1 to ${max} printable characters without spaces`,
  });

export const iotpayCredentials = z.strictObject({
  mch_id: z
    .string()
    .regex(/^[0-9A-Za-z_-]{1,30}$/, "must be the merchant number, up to 30 letters and digits")
    .describe("The merchant number that IOTPay assigned (mchId)."),
  merchant_key: z
    .string()
    .regex(/^[\x21-\x7e]{8,128}$/, "must be the key as IOTPay gave it, without spaces")
    .describe("The merchant key: signs requests and verifies notifications."),
  job_no: printable(50).describe("The merchant's login name (jobNo), sent with every order."),
  login_name: printable(LOGIN_NAME_LIMIT)
    .optional()
    .describe("The login name for refunds (loginName). Default: job_no."),
  wechat_app_id: z
    .string()
    .regex(/^wx[0-9a-f]{16}$/, "must be wx and 16 hexadecimal digits")
    .optional()
    .describe("The app or mini program at WeChat, for the methods app and jsapi."),
  payment_method_type: z
    .enum(WALLETS)
    .optional()
    .describe("The wallet of orders that do not say one."),
  encode_text: z
    .boolean()
    .optional()
    .describe("URL-encode subject and body before signing: IOTPay's cure for signature errors."),
  code_minutes: z
    .int()
    .min(1)
    .max(1_440)
    .optional()
    .describe("How long IOTPay's codes and links live. Default: 60."),
  refund_query_path: z
    .string()
    .regex(/^(\/[\w-]{1,40}){1,3}$/, "must be a path below /v1, like /query_refund")
    .optional()
    .describe(
      "The path of IOTPay's refund query for this contract. Without it an accepted refund counts as done.",
    ),
});

export type IotpayCredentials = z.infer<typeof iotpayCredentials>;
