/**
 * WeChat Pay's error codes and what they mean to us. WeChat Pay says to branch on the code and not
 * on the HTTP status (both vary by endpoint: some bad references answer 500).
 */
import type { ErrorCode } from "../../errors.ts";
import type { ChannelErrorRow } from "../adapter.ts";

const row = (
  channelCode: string,
  code: ErrorCode,
  outcome: ChannelErrorRow["outcome"],
  retryable: boolean,
  meaning: string,
): ChannelErrorRow => ({ channelCode, code, retryable, outcome, meaning });

/**
 * Every documented code. `unknown` rows are those after which money may have moved or the order may
 * be there, so that only a query tells; the others say no.
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

/** Codes of refunds that only the global API has. */
export const GLOBAL_REFUND_ERRORS: readonly ChannelErrorRow[] = [
  row(
    "BIZERR_NEED_RETRY",
    "CHANNEL_UNAVAILABLE",
    "unknown",
    true,
    "WeChat Pay could not finish the refund: it is sent again unchanged.",
  ),
  row(
    "OUT_REFUND_NO_USED",
    "CHANNEL_ERROR",
    "unknown",
    true,
    "The refund number is taken by other parameters; query what became of it.",
  ),
];

const BY_CODE = new Map(
  [...WECHAT_ERRORS, ...GLOBAL_REFUND_ERRORS].map((entry) => [
    normaliseCode(entry.channelCode),
    entry,
  ]),
);

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
