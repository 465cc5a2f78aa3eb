/**
 * Antom's result codes as data, from the public API documentation. The status beside a code decides
 * (S done, F refused, U not known): a code only says what to tell the merchant. Two things that a
 * status F does not settle are in the table all the same as `unknown`; see {@link errorRow}.
 */
import type { ChannelErrorRow } from "../adapter.ts";
import { type ErrorGroup, errorRows } from "../error-groups.ts";

/** Nobody knows yet, or the same request must be made again. */
const UNDECIDED: readonly ErrorGroup[] = [
  {
    code: "CHANNEL_ERROR",
    retryable: true,
    outcome: "unknown",
    rows: {
      PAYMENT_IN_PROCESS: "The payment is under way; this is no error.",
      REFUND_IN_PROCESS: "The refund is under way; this is no error.",
      REPEAT_REQ_INCONSISTENT:
        "The number was used before with another request; asking shows what became of that one.",
    },
  },
  {
    code: "CHANNEL_UNAVAILABLE",
    retryable: true,
    outcome: "unknown",
    rows: {
      UNKNOWN_EXCEPTION: "Antom does not know what became of the request.",
      REQUEST_TRAFFIC_EXCEED_LIMIT: "Too many requests.",
      PROCESS_FAIL: "Antom could not carry out the request; it may be repeated later.",
      SYSTEM_ERROR: "Antom is in trouble; the request may be repeated later.",
    },
  },
];

const ACCOUNT: readonly ErrorGroup[] = [
  {
    code: "CHANNEL_NOT_CONFIGURED",
    rows: {
      KEY_NOT_FOUND: "Antom has no public key of this version: upload it, or correct key_version.",
      INVALID_SIGNATURE:
        "The signature does not fit the uploaded public key: check client_id, private_key and key_version.",
      SIGNATURE_INVALID:
        "The signature does not fit the uploaded public key: check client_id, private_key and key_version.",
      INVALID_CLIENT: "Antom does not know this client_id on this host: correct the account.",
      CLIENT_INVALID: "Antom does not know this client_id on this host: correct the account.",
      ACCESS_DENIED: "This client may not use this product or act for this merchant.",
      INVALID_MERCHANT_STATUS: "The merchant's contract with Antom is not in force.",
      MERCHANT_NOT_REGISTERED: "The merchant is not registered with Antom.",
      MERCHANT_KYB_NOT_QUALIFIED: "Antom has not finished verifying the merchant's business.",
      INVALID_CONTRACT: "No contract covers this payment.",
      SETTLE_CONTRACT_NOT_MATCH: "No contract covers this settlement currency.",
      INVALID_ACCESS_TOKEN: "The access token is not valid, or no longer.",
      INVALID_TOKEN: "The token is not valid, or no longer.",
    },
  },
];

const REQUEST: readonly ErrorGroup[] = [
  {
    code: "CHANNEL_REJECTED",
    rows: {
      PARAM_ILLEGAL: "Antom does not accept a parameter; its own message says which.",
      INVALID_API: "There is no such method on this host.",
      NO_INTERFACE_DEF: "There is no such method on this host.",
      METHOD_NOT_SUPPORTED: "The method takes POST only.",
      MEDIA_TYPE_NOT_ACCEPTABLE: "The method takes JSON only.",
      BUSINESS_NOT_SUPPORT: "This business is not supported for the merchant.",
      NO_PAY_OPTIONS: "No wallet is available for this payment.",
      INVALID_PAYMENT_METHOD_META_DATA: "The data for the wallet is not valid.",
      ORDER_NOT_EXIST: "Antom does not know this payment.",
    },
  },
  {
    code: "CURRENCY_UNSUPPORTED",
    rows: { CURRENCY_NOT_SUPPORT: "The contract or the wallet does not take this currency." },
  },
  {
    code: "PAYMENT_EXPIRED",
    rows: { ORDER_IS_CLOSED: "The payment's time has run out." },
  },
  {
    code: "INVALID_STATE",
    rows: {
      ORDER_IS_CANCELED: "The payment was cancelled.",
      ORDER_STATUS_INVALID: "The payment's state does not allow this.",
      CANCEL_WINDOW_EXCEED: "The payment can no longer be cancelled; refund it.",
    },
  },
];

const PAYER: readonly ErrorGroup[] = [
  {
    code: "PAYMENT_DECLINED",
    rows: {
      USER_BALANCE_NOT_ENOUGH: "The buyer's balance does not cover the amount.",
      USER_NOT_EXIST: "The wallet does not know the buyer.",
      USER_STATUS_ABNORMAL: "The buyer's account is not in order.",
      USER_KYC_NOT_QUALIFIED: "The buyer's identity check does not allow this.",
      USER_AMOUNT_EXCEED_LIMIT: "Over the buyer's limit.",
      PAYMENT_AMOUNT_EXCEED_LIMIT: "Over the limit of one payment.",
      PAYMENT_COUNT_EXCEED_LIMIT: "Over the number of payments that the buyer may make.",
      USER_PAYMENT_VERIFICATION_FAILED: "The buyer did not pass the wallet's verification.",
      EXPIRED_CODE: "The scanned code has expired: scan a fresh one.",
      INVALID_PAYMENT_CODE: "The scanned code is not a payment code.",
      PAYMENT_NOT_QUALIFIED: "The merchant or the buyer may not make this payment.",
      PAYMENT_PROHIBITED: "This payment is prohibited.",
      REGULATION_RESTRICTION: "Regulation does not allow this payment.",
      RISK_REJECT: "Risk control refused it.",
      FRAUD_REJECT: "Risk control refused it.",
    },
  },
];

const REFUNDS: readonly ErrorGroup[] = [
  {
    code: "REFUND_EXCEEDS_PAYMENT",
    rows: { REFUND_AMOUNT_EXCEED: "More than what is left of the payment." },
  },
  {
    code: "REFUND_WINDOW_CLOSED",
    rows: { REFUND_WINDOW_EXCEED: "The payment is too old to be refunded." },
  },
  {
    code: "CHANNEL_REJECTED",
    rows: {
      MULTIPLE_REFUNDS_NOT_SUPPORTED: "The wallet refunds a payment once only.",
    },
  },
];

export const ANTOM_ERRORS: readonly ChannelErrorRow[] = errorRows([
  ...UNDECIDED,
  ...ACCOUNT,
  ...REQUEST,
  ...PAYER,
  ...REFUNDS,
]);

const BY_CODE = new Map(ANTOM_ERRORS.map((row) => [row.channelCode, row]));

type Row = Omit<ChannelErrorRow, "channelCode">;

const UNLISTED_REFUSAL: Row = {
  code: "CHANNEL_REJECTED",
  retryable: false,
  outcome: "rejected",
  meaning: "Antom refused with a code that is not known here.",
};

const UNLISTED_ANSWER: Row = {
  code: "CHANNEL_ERROR",
  retryable: true,
  outcome: "unknown",
  meaning: "Antom does not say what became of the request.",
};

/**
 * What a result other than success means. U is never a refusal, whatever its code. F is one, also
 * with a code that nobody has listed; except a number that was used before (a request under it is
 * there, and it may be ours) and the two that ask to be repeated.
 */
export function errorRow(status: "F" | "U", code: string): Row {
  const row = BY_CODE.get(code);
  if (status === "F") return row ?? UNLISTED_REFUSAL;
  return row === undefined || row.outcome === "rejected" ? UNLISTED_ANSWER : row;
}

/** Refusals made before Antom has looked up whose key to answer with: these come unsigned. */
export const isBeforeAuthentication = (code: string): boolean =>
  [
    "INVALID_CLIENT",
    "CLIENT_INVALID",
    "KEY_NOT_FOUND",
    "INVALID_SIGNATURE",
    "SIGNATURE_INVALID",
    "ACCESS_DENIED",
    "INVALID_API",
    "NO_INTERFACE_DEF",
    "METHOD_NOT_SUPPORTED",
    "MEDIA_TYPE_NOT_ACCEPTABLE",
  ].includes(code);
