/**
 * WeChat Pay's error codes and what they mean to us. WeChat Pay says to branch on the code and not
 * on the HTTP status (both vary by endpoint: some bad references answer 500).
 */
import type { ChannelErrorRow } from "../adapter.ts";
import { errorRows } from "../error-groups.ts";

/**
 * Every documented code. `unknown` rows are those after which money may have moved or the order may
 * be there, so that only a query tells; the others say no.
 */
export const WECHAT_ERRORS: readonly ChannelErrorRow[] = errorRows([
  {
    code: "CHANNEL_REJECTED",
    rows: {
      PARAM_ERROR: "WeChat Pay does not accept a field; its own message says which.",
      INVALID_REQUEST: "The request breaks a rule of WeChat Pay; its own message says which.",
      SIGN_ERROR:
        "WeChat Pay refused the signature: private_key and serial_no must belong together and to this mchid.",
      ORDER_NOT_EXIST: "There is no such order.",
      RESOURCE_NOT_EXISTS: "There is no such thing.",
      OPENID_MISMATCH: "The openid belongs to another appid.",
      INVALID_TRANSACTIONID: "There is no such transaction number.",
    },
  },
  {
    code: "CHANNEL_NOT_CONFIGURED",
    rows: {
      APPID_MCHID_NOT_MATCH:
        "The appid is not bound to the mchid: bind it in the merchant console, or correct the account.",
      MCH_NOT_EXISTS: "WeChat Pay does not know this mchid: correct the account.",
      NO_AUTH: "The merchant may not use this product: apply for it in the merchant console.",
    },
  },
  {
    code: "INVALID_STATE",
    rows: {
      ORDER_CLOSED: "The order is closed.",
    },
  },
  {
    code: "CHANNEL_ERROR",
    retryable: true,
    outcome: "unknown",
    rows: {
      ORDERPAID: "The order is already paid; query it.",
      OUT_TRADE_NO_USED: "The order number is taken by other parameters; query what became of it.",
      TRADE_ERROR: "The order's state forbids it; query it.",
      USERPAYING: "The buyer is paying; query it.",
    },
  },
  {
    code: "NOT_FOUND",
    rows: {
      NO_STATEMENT_EXIST: "No statement for that day.",
    },
  },
  {
    code: "CHANNEL_UNAVAILABLE",
    retryable: true,
    outcome: "unknown",
    rows: {
      STATEMENT_CREATING: "The statement is being made.",
      FREQUENCY_LIMITED: "Too many requests.",
      RATELIMIT_EXCEEDED: "Too many requests.",
      FREQUENCY_LIMIT_EXCEED: "Too many requests.",
      SYSTEM_ERROR: "WeChat Pay is in trouble.",
      BANK_ERROR: "The bank is in trouble.",
      SERVICE_UNAVAILABLE: "WeChat Pay is out of service.",
    },
  },
  {
    code: "REFUND_WINDOW_CLOSED",
    rows: {
      TRADE_OVERDUE: "The payment is over a year old and can no longer be refunded.",
    },
  },
  {
    code: "PAYMENT_DECLINED",
    rows: {
      RULE_LIMIT: "A business or risk rule of WeChat Pay refused it.",
      USER_ACCOUNT_ABNORMAL: "The payer's account is not in order.",
      ACCOUNT_ERROR: "The payer's account is not in order.",
    },
  },
  {
    code: "INSUFFICIENT_BALANCE",
    retryable: true,
    rows: {
      NOT_ENOUGH: "The merchant's balance is too small.",
    },
  },
]);

/** Spellings vary by page: NO_AUTH and NOAUTH, SYSTEM_ERROR and SYSTEMERROR. */
export const normaliseCode = (code: string): string => code.replaceAll("_", "").toUpperCase();

/** Codes of refunds that only the global API has. */
export const GLOBAL_REFUND_ERRORS: readonly ChannelErrorRow[] = errorRows([
  {
    code: "CHANNEL_UNAVAILABLE",
    retryable: true,
    outcome: "unknown",
    rows: {
      BIZERR_NEED_RETRY: "WeChat Pay could not finish the refund: it is sent again unchanged.",
    },
  },
  {
    code: "CHANNEL_ERROR",
    retryable: true,
    outcome: "unknown",
    rows: {
      OUT_REFUND_NO_USED:
        "The refund number is taken by other parameters; query what became of it.",
    },
  },
]);

const BY_CODE = new Map(
  [...WECHAT_ERRORS, ...GLOBAL_REFUND_ERRORS].map((entry) => [
    normaliseCode(entry.channelCode),
    entry,
  ]),
);

type Row = Omit<ChannelErrorRow, "channelCode">;

const UNLISTED_REFUSAL: Row = {
  code: "CHANNEL_REJECTED",
  retryable: false,
  outcome: "rejected",
  meaning: "WeChat Pay refused with a code that is not known here.",
};

const UNLISTED_ANSWER: Row = {
  code: "CHANNEL_UNAVAILABLE",
  retryable: true,
  outcome: "unknown",
  meaning: "WeChat Pay answered with a code that is not known here.",
};

/**
 * The table's row for a code, in any spelling. A code nobody documented is a refusal when the
 * status is 4xx, and `unknown` when the server may have done something before it failed.
 */
export function errorRow(code: string, status: number): Row {
  const found = BY_CODE.get(normaliseCode(code));
  if (found !== undefined) return found;
  const isRefusal = status >= 400 && status < 500 && status !== 429 && status !== 408;
  return isRefusal ? UNLISTED_REFUSAL : UNLISTED_ANSWER;
}
