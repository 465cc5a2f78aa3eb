/**
 * WeChat Pay's words and ours, as tables: error codes, trade states, times, and the transaction
 * object that queries and notifications share.
 */
import * as z from "zod";

import { fromUtf8Strict } from "../../crypto/encoding.ts";
import type { ErrorCode } from "../../errors.ts";
import { err, ok, type Result } from "../../result.ts";
import type { ChannelErrorRow, PaymentReport, ReportedState } from "../adapter.ts";

const row = (
  channelCode: string,
  code: ErrorCode,
  outcome: ChannelErrorRow["outcome"],
  retryable: boolean,
  meaning: string,
): ChannelErrorRow => ({ channelCode, code, retryable, outcome, meaning });

/**
 * Every documented code. WeChat Pay says to branch on the code and not on the HTTP status (both
 * vary by endpoint: some bad references answer 500). `unknown` rows are those after which money
 * may have moved or the order may be there, so that only a query tells; the others say no.
 */
export const WECHAT_ERRORS: readonly ChannelErrorRow[] = [
  row(
    "PARAM_ERROR",
    "CHANNEL_REJECTED",
    "rejected",
    false,
    "WeChat Pay does not accept a field; its own message says which.",
  ),
  row(
    "INVALID_REQUEST",
    "CHANNEL_REJECTED",
    "rejected",
    false,
    "The request breaks a rule of WeChat Pay; its own message says which.",
  ),
  row(
    "APPID_MCHID_NOT_MATCH",
    "CHANNEL_NOT_CONFIGURED",
    "rejected",
    false,
    "The appid is not bound to the mchid: bind it in the merchant console, or correct the account.",
  ),
  row(
    "MCH_NOT_EXISTS",
    "CHANNEL_NOT_CONFIGURED",
    "rejected",
    false,
    "WeChat Pay does not know this mchid: correct the account.",
  ),
  row("ORDER_CLOSED", "INVALID_STATE", "rejected", false, "The order is closed."),
  row("ORDERPAID", "CHANNEL_ERROR", "unknown", true, "The order is already paid; query it."),
  row("NO_STATEMENT_EXIST", "NOT_FOUND", "rejected", false, "No statement for that day."),
  row("STATEMENT_CREATING", "CHANNEL_UNAVAILABLE", "unknown", true, "The statement is being made."),
  row(
    "TRADE_OVERDUE",
    "REFUND_WINDOW_CLOSED",
    "rejected",
    false,
    "The payment is over a year old and can no longer be refunded.",
  ),
  row(
    "SIGN_ERROR",
    "CHANNEL_REJECTED",
    "rejected",
    false,
    "WeChat Pay refused the signature: private_key and serial_no must belong together and to this mchid.",
  ),
  row(
    "NO_AUTH",
    "CHANNEL_NOT_CONFIGURED",
    "rejected",
    false,
    "The merchant may not use this product: apply for it in the merchant console.",
  ),
  row(
    "OUT_TRADE_NO_USED",
    "CHANNEL_ERROR",
    "unknown",
    true,
    "The order number is taken by other parameters; query what became of it.",
  ),
  row(
    "RULE_LIMIT",
    "PAYMENT_DECLINED",
    "rejected",
    false,
    "A business or risk rule of WeChat Pay refused it.",
  ),
  row("TRADE_ERROR", "CHANNEL_ERROR", "unknown", true, "The order's state forbids it; query it."),
  row(
    "NOT_ENOUGH",
    "INSUFFICIENT_BALANCE",
    "rejected",
    true,
    "The merchant's balance is too small.",
  ),
  row(
    "USER_ACCOUNT_ABNORMAL",
    "PAYMENT_DECLINED",
    "rejected",
    false,
    "The payer's account is not in order.",
  ),
  row(
    "ACCOUNT_ERROR",
    "PAYMENT_DECLINED",
    "rejected",
    false,
    "The payer's account is not in order.",
  ),
  row("ORDER_NOT_EXIST", "CHANNEL_REJECTED", "rejected", false, "There is no such order."),
  row("RESOURCE_NOT_EXISTS", "CHANNEL_REJECTED", "rejected", false, "There is no such thing."),
  row("FREQUENCY_LIMITED", "CHANNEL_UNAVAILABLE", "unknown", true, "Too many requests."),
  row("RATELIMIT_EXCEEDED", "CHANNEL_UNAVAILABLE", "unknown", true, "Too many requests."),
  row("FREQUENCY_LIMIT_EXCEED", "CHANNEL_UNAVAILABLE", "unknown", true, "Too many requests."),
  row("SYSTEM_ERROR", "CHANNEL_UNAVAILABLE", "unknown", true, "WeChat Pay is in trouble."),
  row("BANK_ERROR", "CHANNEL_UNAVAILABLE", "unknown", true, "The bank is in trouble."),
  row(
    "OPENID_MISMATCH",
    "CHANNEL_REJECTED",
    "rejected",
    false,
    "The openid belongs to another appid.",
  ),
  row(
    "INVALID_TRANSACTIONID",
    "CHANNEL_REJECTED",
    "rejected",
    false,
    "There is no such transaction number.",
  ),
  row(
    "SERVICE_UNAVAILABLE",
    "CHANNEL_UNAVAILABLE",
    "unknown",
    true,
    "WeChat Pay is out of service.",
  ),
  row("USERPAYING", "CHANNEL_ERROR", "unknown", true, "The buyer is paying; query it."),
];

/** Spellings vary by page: NO_AUTH and NOAUTH, SYSTEM_ERROR and SYSTEMERROR. */
export const normaliseCode = (code: string): string => code.replaceAll("_", "").toUpperCase();

const BY_CODE = new Map(WECHAT_ERRORS.map((entry) => [normaliseCode(entry.channelCode), entry]));

const UNLISTED = "with a code that is not known here.";

/**
 * The table's row for a code, in any spelling. A code nobody documented is a refusal when the
 * status is 4xx, and `unknown` when the server may have done something before it failed.
 */
export function errorRow(code: string, status: number): ChannelErrorRow {
  const found = BY_CODE.get(normaliseCode(code));
  if (found !== undefined) return found;
  return status >= 400 && status < 500 && status !== 429 && status !== 408
    ? row(code, "CHANNEL_REJECTED", "rejected", false, `WeChat Pay refused ${UNLISTED}`)
    : row(code, "CHANNEL_UNAVAILABLE", "unknown", true, `WeChat Pay answered ${UNLISTED}`);
}

/** The JSON value of a body; undefined when it is not UTF-8 or not JSON. */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8Strict(body) ?? "");
  } catch {
    return undefined;
  }
}

const refusalSchema = z.looseObject({
  code: z.string().min(1),
  message: z.string().default(""),
  detail: z.looseObject({ field: z.string().optional() }).optional().catch(undefined),
});

/**
 * What a 4xx or 5xx body says; null when it is not WeChat Pay's error form (a router's empty 404, a
 * proxy's page). `detail.value` and `detail.sign_information` repeat parts of the request: left out.
 */
export function readRefusal(body: Uint8Array): { code: string; message: string } | null {
  const read = refusalSchema.safeParse(parseJson(body));
  if (!read.success) return null;
  const field = read.data.detail?.field;
  const message = field === undefined ? read.data.message : `${read.data.message} (${field})`;
  return { code: read.data.code.slice(0, 64), message: message.slice(0, 300) };
}

/** `trade_state` to ours. REFUND means paid, and that some refund, maybe a partial one, began. */
export const TRADE_STATES: Readonly<Record<string, ReportedState>> = {
  NOTPAY: "open",
  USERPAYING: "scanning",
  ACCEPT: "authorized",
  SUCCESS: "paid",
  REFUND: "paid",
  CLOSED: "closed",
  REVOKED: "closed",
  PAYERROR: "failed",
  PAY_FAIL: "failed",
};

const CHINA_OFFSET_MS = 8 * 3_600_000;

/** RFC 3339 at +08:00 in whole seconds, rounded down: an order never outlives its deadline. */
export const chinaTime = (ms: number): string =>
  `${new Date(Math.floor(ms / 1000) * 1000 + CHINA_OFFSET_MS).toISOString().slice(0, 19)}+08:00`;

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Milliseconds since 1970, or null for anything but RFC 3339 with a zone. */
export function parseTime(text: string): number | null {
  const ms = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** A transaction as queries and notifications give it. Fields may be added at any time. */
export const tradeSchema = z.looseObject({
  appid: z.string(),
  mchid: z.string(),
  out_trade_no: z.string(),
  trade_state: z.string(),
  transaction_id: z.string().optional(),
  success_time: z.string().optional(),
  amount: z
    .looseObject({ total: z.int().nonnegative().optional(), currency: z.string().optional() })
    .optional(),
});

export type Trade = z.infer<typeof tradeSchema>;

/**
 * A trade as a report. Fails on a state that is not in the table (our state is kept and the
 * channel asked again) and on a success that names no amount or transaction: a payment is only
 * believed when it can be compared. `amount.total` is the order's amount; `payer_total` is lower
 * when a coupon was used and says nothing about what is owed.
 */
export function reportOfTrade(trade: Trade): Result<PaymentReport, string> {
  const state = Object.hasOwn(TRADE_STATES, trade.trade_state)
    ? TRADE_STATES[trade.trade_state]
    : undefined;
  if (state === undefined) return err("unknown_trade_state");
  const total = trade.amount?.total;
  const transactionId = trade.transaction_id ?? "";
  if (state === "paid" && (total === undefined || transactionId === "")) {
    return err("incomplete_success");
  }
  return ok({
    paymentId: trade.out_trade_no,
    state,
    amount:
      total === undefined ? null : { currency: trade.amount?.currency ?? "CNY", value: total },
    channelTransactionId: transactionId === "" ? null : transactionId,
    paidAt: state === "paid" ? parseTime(trade.success_time ?? "") : null,
    channelStatus: trade.trade_state,
  });
}
