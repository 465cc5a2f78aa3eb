/** What can go wrong between a bank and us, as data; and errors made of it. */
import type { ChannelError, ChannelErrorRow } from "../adapter.ts";
import { type ErrorGroup, errorRows } from "../error-groups.ts";
import { errorOf } from "../outcomes.ts";

/** Codes of our own, for whatever bank. */
const OURS: readonly ErrorGroup[] = [
  {
    code: "INTERNAL",
    rows: {
      reference_taken:
        "Another payment of this account has the same reference: create the payment again.",
    },
  },
  {
    code: "CHANNEL_NOT_CONFIGURED",
    rows: {
      token_refused:
        "The bank refuses the account's API credentials: correct app_key and app_secret.",
      not_allowed: "The bank does not let this account use its API: ask the bank to open it.",
      code_not_buildable: "No code can be made of the account's credentials: correct them.",
    },
  },
  {
    code: "CHANNEL_REJECTED",
    rows: { bank_refused: "The bank refused; details.channel says what it said." },
  },
  {
    code: "CHANNEL_TIMEOUT",
    retryable: true,
    outcome: "unknown",
    rows: { timeout: "The bank did not answer in time." },
  },
  {
    code: "CHANNEL_UNAVAILABLE",
    retryable: true,
    outcome: "unknown",
    rows: {
      network: "The bank could not be reached.",
      too_many_requests: "Too many calls; the bank answers later.",
      "http_5*": "The bank's API is out of service.",
    },
  },
  {
    code: "CHANNEL_ERROR",
    retryable: true,
    outcome: "unknown",
    rows: {
      "http_*": "The bank's API answered with a status that says nothing about the order.",
      reply_too_large: "The bank's reply was too large.",
      malformed_reply: "The bank's reply could not be read.",
      unexpected_reply: "The bank's reply is not about what was asked; it was not believed.",
      another_code: "The bank's code is not for this order; it is not shown to anybody.",
    },
  },
];

/** KBank's `errorCode`, where `statusCode` is 10. */
const KBANK: readonly ErrorGroup[] = [
  {
    code: "CHANNEL_NOT_CONFIGURED",
    rows: {
      account_error: "The merchant's account at KBank is closed or cannot be credited.",
      authentication_error: "KBank does not accept partnerId, partnerSecret or the merchant.",
      invalid_merchant: "KBank does not know merchant_id.",
      merchant_closed: "The merchant is closed at KBank.",
      invalid_shop_id: "KBank does not know the shop.",
      invalid_qr_type: "The merchant may not use this kind of code.",
    },
  },
  {
    code: "CHANNEL_REJECTED",
    rows: {
      bad_request: "KBank could not read the request.",
      duplicate_request:
        "KBank has made a code under this number, and the reply with it was lost: create the payment again. Nobody has seen that code.",
      invalid_currency_code: "KBank does not take this currency.",
      invalid_txn_amount: "KBank does not take this amount.",
      invalid_reference1: "KBank does not take this reference.",
      invalid_origPartnerTxnUid: "KBank does not know the payment.",
      qr_cancelled: "The code is cancelled.",
      qr_expired: "The code has expired.",
      qr_paid: "The code is paid.",
      qr_void: "The payment was made through another channel and cannot be taken back here.",
      settlement_error: "The payment is settled already.",
      duplicate_merchant: "The merchant is registered already.",
    },
  },
  {
    code: "CHANNEL_UNAVAILABLE",
    retryable: true,
    outcome: "unknown",
    rows: {
      general_error: "KBank cannot carry this out now.",
      internal_error: "KBank's system is unavailable.",
    },
  },
];

const GROUPS: Readonly<Record<string, readonly ErrorGroup[]>> = { kbank: KBANK };

const COMMON = errorRows(OURS);

/** The error table of a channel whose accounts may be at these banks. */
export const bankErrors = (profiles: readonly string[]): readonly ChannelErrorRow[] => [
  ...COMMON,
  ...profiles.flatMap((id) => errorRows(GROUPS[id] ?? [])),
];

const ALL = bankErrors(Object.keys(GROUPS));

const fits = (row: ChannelErrorRow, code: string): boolean =>
  row.channelCode.endsWith("*")
    ? code.startsWith(row.channelCode.slice(0, -1))
    : row.channelCode === code;

export interface BankFailure {
  readonly kind: "rejected" | "unknown";
  readonly error: ChannelError;
}

/**
 * An error by its row; a code in no row is a refusal by the bank.
 * @param theirs the bank's own text, where it gave one; without secrets
 */
export function bankFailure(channelCode: string, theirs?: string): BankFailure {
  const row = ALL.find((one) => fits(one, channelCode)) ?? REFUSED;
  return { kind: row.outcome, error: errorOf(row, channelCode, theirs?.slice(0, 200)) };
}

const REFUSED: ChannelErrorRow = {
  channelCode: "bank_refused",
  code: "CHANNEL_REJECTED",
  retryable: false,
  outcome: "rejected",
  meaning: "The bank refused; details.channel says what it said.",
};
