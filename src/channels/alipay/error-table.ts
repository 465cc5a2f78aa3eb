/**
 * Alipay's error codes as data: gateway codes, gateway sub_codes (`isv.`, `aop.`, `isp.`) and
 * business sub_codes (`ACQ.`), from the public pages of each method. A name that ends in `*` stands
 * for a family. Codes of agreements are listed because the table is served whole.
 */
import type { ChannelErrorRow } from "../adapter.ts";
import { type ErrorGroup, errorRows } from "../error-groups.ts";

const GATEWAY: readonly ErrorGroup[] = [
  {
    code: "CHANNEL_UNAVAILABLE",
    retryable: true,
    outcome: "unknown",
    rows: {
      "20000": "Alipay's service is unavailable; the order may have been made.",
      "isp.unknow-error": "A system behind Alipay's gateway is unavailable.",
      "aop.unknow-error": "Alipay's gateway failed without saying why.",
      "40005": "Too many calls; nothing was done.",
      "isv.app-call-limited": "Too many calls by this application.",
      "isv.method-call-limited": "Too many calls of this method by this application.",
    },
  },
  {
    code: "CHANNEL_NOT_CONFIGURED",
    rows: {
      "20001": "The authorisation token is not accepted.",
      "aop.invalid-auth-token": "The user's token is not valid.",
      "aop.auth-token-time-out": "The user's token has expired.",
      "aop.invalid-app-auth-token":
        "The merchant's authorisation of this application is not valid.",
      "aop.invalid-app-auth-token-no-api": "The merchant has not authorised this method.",
      "aop.app-auth-token-time-out":
        "The merchant's authorisation of this application has expired.",
      "aop.no-product-reg-by-partner": "The merchant has not signed any product.",
      "40003": "A condition of this method is not met.",
      "isv.missing-signature-key":
        "No public key is uploaded for this application: upload it in Alipay's console.",
      "isv.missing-signature-config":
        "No public key is uploaded for this application: upload it in Alipay's console.",
      "isv.invalid-signature":
        "The signature does not fit the application's uploaded public key: check app_id and private_key.",
      "isv.invalid-app-id": "Alipay does not know this app_id on this host: correct the account.",
      "isv.not-support-app-auth": "This application may not act for other merchants.",
      "isv.code-invalid":
        "The authorisation code is wrong, was used or has run out: let the merchant authorise again.",
      "isv.refresh-token-invalid":
        "The refresh token is not valid: let the merchant authorise again.",
      "isv.refresh-token-time-out":
        "The refresh token has run out: let the merchant authorise again.",
      "isv.refreshed-token-invalid":
        "The refresh token was replaced by a newer one: let the merchant authorise again.",
      "isv.unmatched-app-id": "The token belongs to another application.",
      "40006": "The application may not use this product: sign it or go online first.",
      "isv.insufficient-isv-permissions":
        "The application may not use this product: sign it or go online first.",
      "isv.insufficient-user-permissions":
        "The merchant has not signed this product: sign it with Alipay first.",
    },
  },
  {
    code: "CHANNEL_REJECTED",
    retryable: true,
    rows: { "isv.invalid-timestamp": "The request's time is too far from Alipay's: repeat it." },
  },
  {
    code: "CHANNEL_REJECTED",
    rows: {
      "40001": "A required parameter is missing.",
      "isv.missing-method": "The parameter method is missing.",
      "isv.missing-signature": "The parameter sign is missing.",
      "isv.missing-signature-type": "The parameter sign_type is missing.",
      "isv.missing-app-id": "The parameter app_id is missing.",
      "isv.missing-timestamp": "The parameter timestamp is missing.",
      "isv.missing-version": "The parameter version is missing.",
      "isv.decryption-error-missing-encrypt-type": "The parameter encrypt_type is missing.",
      "40002": "A parameter is not valid.",
      "isv.invalid-parameter": "A parameter is not valid.",
      "isv.invalid-method": "Alipay does not know this method.",
      "isv.invalid-format": "The parameter format is not valid.",
      "isv.invalid-charset": "The parameter charset is not valid.",
      "isv.invalid-signature-type": "The parameter sign_type is not valid.",
      "isv.invalid-encrypt": "The content could not be decrypted.",
      "isv.invalid-encrypt-type": "The parameter encrypt_type is not valid.",
      "isv.decryption-error-*": "The content could not be decrypted.",
      "isv.suspected-attack": "The request looks like an attack.",
      "isv.grant-type-invalid": "The parameter grant_type is not valid.",
    },
  },
];

const COLLECTING: readonly ErrorGroup[] = [
  {
    code: "CHANNEL_ERROR",
    retryable: true,
    outcome: "unknown",
    rows: {
      "ACQ.SYSTEM_ERROR": "Alipay failed; what became of the request must be asked.",
      "AQC.SYSTEM_ERROR": "Alipay failed while cancelling (spelled so on the wire).",
      SYSTEM_ERROR: "Alipay failed; what became of the request must be asked.",
    },
  },
  {
    // Said while creating: the order is past creation, and only a query says where it stands.
    code: "INVALID_STATE",
    outcome: "unknown",
    rows: {
      "ACQ.TRADE_HAS_SUCCESS": "The order is already paid.",
      "ACQ.TRADE_HAS_FINISHED": "The order is paid and can no longer be refunded.",
      "ACQ.TRADE_HAS_CLOSE": "The order is closed; it may have been paid and refunded before.",
    },
  },
  {
    code: "CHANNEL_REJECTED",
    rows: {
      "ACQ.TRADE_NOT_EXIST": "No such trade; before a code is scanned there is none.",
      "ACQ.CONTEXT_INCONSISTENT": "The order number was used before with other contents.",
      "ACQ.DISCORDANT_REPEAT_REQUEST": "The request number was used before with other contents.",
    },
  },
  {
    code: "PAYMENT_EXPIRED",
    rows: { "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR": "The order's own deadline has passed." },
  },
  { code: "AMOUNT_EXCEEDED", rows: { "ACQ.TOTAL_FEE_EXCEED": "The amount is over the limit." } },
  {
    code: "INVALID_REQUEST",
    rows: {
      "ACQ.INVALID_PARAMETER": "A field of the order is not valid.",
      "ACQ.INVALID_STORE_ID": "The shop number is not the merchant's.",
      "ACQ.EXIST_FORBIDDEN_WORD": "The description holds a word that Alipay forbids.",
      "ACQ.SUB_GOODS_SIZE_MAX_COUNT": "The order lists too many goods.",
    },
  },
  {
    code: "CHANNEL_NOT_CONFIGURED",
    rows: {
      "ACQ.ACCESS_FORBIDDEN": "The merchant has not signed this product, or the contract ended.",
      "ACQ.PARTNER_ERROR": "The application is not the merchant's.",
      "ACQ.SELLER_NOT_EXIST": "Alipay does not know the seller.",
      "ACQ.SELLER_BEEN_BLOCKED": "The seller's account is blocked.",
      "ACQ.MERCHANT_STATUS_NOT_NORMAL": "The merchant may not collect at the moment.",
      "ACQ.MERCHANT_PERM_RECEIPT_*": "The merchant's right to collect is suspended.",
      "ACQ.BEYOND_PER_RECEIPT_RESTRICTION": "Over the merchant's limit for one payment.",
      "ACQ.BEYOND_PER_RECEIPT_SINGLE_RESTRICTION": "Over the merchant's limit for one payment.",
      "ACQ.BEYOND_PER_RECEIPT_DAY_RESTRICTION": "Over the merchant's limit for one day.",
      "ACQ.BEYOND_PAY_RESTRICTION": "Over the merchant's collecting limit.",
      "ACQ.SECONDARY_MERCHANT_*": "The sub-merchant may not collect.",
      "ACQ.INVALID_RECEIVE_ACCOUNT": "The receiving account is not the merchant's.",
      "ACQ.DEFAULT_SETTLE_RULE_NOT_EXIST": "The merchant has no settlement rule.",
      "ACQ.APPLY_PC_MERCHANT_CODE_ERROR": "Alipay could not issue a code for this merchant.",
      "ACQ.RISK_MERCHANT_IP_NOT_EXIST": "The merchant's address is not registered.",
    },
  },
  {
    code: "PAYMENT_DECLINED",
    retryable: true,
    rows: {
      "ACQ.BUYER_SELLER_EQUAL": "The buyer is the seller.",
      "ACQ.BUYER_BALANCE_NOT_ENOUGH": "The buyer's balance does not cover the amount.",
      "ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH": "The buyer's card does not cover the amount.",
      "ACQ.BUYER_ENABLE_STATUS_FORBID": "The buyer's account may not pay.",
      "ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR": "Over the buyer's limit for one day.",
      "ACQ.BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR": "Over the buyer's limit for one month.",
      "ACQ.ERROR_BUYER_CERTIFY_LEVEL_LIMIT": "The buyer's identity check does not allow this.",
      "ACQ.ERROR_BALANCE_PAYMENT_DISABLE": "The buyer has switched payment by balance off.",
      "ACQ.TRADE_BUYER_NOT_MATCH": "Another buyer has begun this order.",
      "ACQ.PAYMENT_AUTH_CODE_INVALID": "The buyer's code is not valid; scan a fresh one.",
      "ACQ.MOBILE_PAYMENT_SWITCH_OFF": "The buyer has switched mobile payment off.",
      "ACQ.USER_FACE_PAYMENT_SWITCH_OFF": "The buyer has switched payment by face off.",
      "ACQ.NO_PAYMENT_INSTRUMENTS_AVAILABLE": "The buyer has no means of payment that may be used.",
      "ACQ.PAYMENT_FAIL": "The buyer's payment failed.",
      "ACQ.PULL_MOBILE_CASHIER_FAIL": "The buyer's app could not be opened.",
    },
  },
  {
    code: "PAYMENT_DECLINED",
    rows: {
      "ACQ.PAYMENT_REQUEST_HAS_RISK": "Alipay's risk control refused the payment.",
      "ACQ.RISK_*": "Alipay's risk control refused the payment.",
    },
  },
];

const AGREEMENTS: readonly ErrorGroup[] = [
  {
    code: "CHANNEL_REJECTED",
    rows: {
      "ACQ.AGREEMENT_NOT_EXIST": "Alipay does not know the agreement.",
      "ACQ.AGREEMENT_INVALID": "The agreement is not valid.",
      "ACQ.AGREEMENT_STATUS_NOT_NORMAL": "The agreement is not in force.",
      "ACQ.AGREEMENT_ERROR": "The agreement does not fit the request.",
      "ACQ.MERCHANT_AGREEMENT_NOT_EXIST": "The merchant has no such agreement.",
      "ACQ.MERCHANT_AGREEMENT_INVALID": "The merchant's agreement is not valid.",
      "ACQ.AUTH_NO_ERROR": "The authorisation number is not valid.",
      "ACQ.PAYER_UNMATCHED": "The agreement is another payer's.",
    },
  },
  {
    code: "CHANNEL_REJECTED",
    retryable: true,
    rows: {
      "ACQ.CYCLE_PAY_DATE_NOT_MATCH": "The agreement does not allow a debit today.",
      "ACQ.CYCLE_PAY_SINGLE_FEE_EXCEED": "Over the agreement's limit for one debit.",
      "ACQ.CYCLE_PAY_TOTAL_FEE_EXCEED": "Over the agreement's limit in total.",
      "ACQ.CYCLE_PAY_TOTAL_TIMES_EXCEED": "The agreement's debits are used up.",
      "ACQ.OVER_MAX_DEDUCT_COUNT": "Too many debits in this period.",
      "ACQ.OVER_DEDUCT_PERIOD": "Outside the agreement's period.",
      "ACQ.PRODUCT_AMOUNT_LIMIT_ERROR": "Over the product's limit.",
      "ACQ.REQUEST_AMOUNT_EXCEED": "Over the agreement's limit.",
    },
  },
];

const ENDING: readonly ErrorGroup[] = [
  {
    code: "INSUFFICIENT_BALANCE",
    retryable: true,
    rows: {
      "ACQ.SELLER_BALANCE_NOT_ENOUGH": "The merchant's balance does not cover the refund.",
    },
  },
  {
    code: "REFUND_EXCEEDS_PAYMENT",
    rows: {
      "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": "The refund is over what is left of the payment.",
      "ACQ.REASON_TRADE_REFUND_FEE_ERR": "The refund's amount does not fit the payment.",
    },
  },
  {
    code: "REFUND_WINDOW_CLOSED",
    rows: { "ACQ.TRADE_NOT_ALLOW_REFUND": "This trade can no longer be refunded." },
  },
  {
    code: "CURRENCY_UNSUPPORTED",
    rows: { "ACQ.CURRENCY_NOT_SUPPORT": "The trade's currency cannot be refunded." },
  },
  {
    code: "INVALID_STATE",
    rows: {
      "ACQ.REASON_TRADE_BEEN_FREEZEN": "The trade is frozen.",
      "ACQ.TRADE_STATUS_ERROR": "The trade's state does not allow this.",
      "ACQ.REASON_TRADE_STATUS_INVALID": "The trade's state does not allow this.",
      "ACQ.REASON_ILLEGAL_STATUS": "The trade's state does not allow this.",
      "ACQ.TRADE_CANCEL_TIME_OUT": "It is too late to cancel; refund instead.",
      "ACQ.CANCEL_NOT_ALLOWED": "This trade may not be cancelled; refund instead.",
    },
  },
  {
    code: "CHANNEL_REJECTED",
    rows: {
      "ACQ.REFUND_FEE_ERROR": "The refund's amount is not valid.",
      "ACQ.NOT_ALLOW_PARTIAL_REFUND": "This trade can only be refunded whole.",
      "ACQ.ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND": "A voucher of this trade cannot be refunded.",
      "ACQ.BUYER_NOT_EXIST": "The buyer's account is gone.",
      "ACQ.BUYER_ERROR": "The buyer's account cannot take the refund.",
      "ACQ.ALLOC_AMOUNT_VALIDATE_ERROR": "The split of the refund does not add up.",
      "ACQ.USER_NOT_MATCH_ERR": "The refund is for another user's trade.",
      "ACQ.TRADE_SETTLE_ERROR": "The trade's settlement does not allow a refund.",
      "ACQ.REFUND_CHARGE_ERROR": "The fee could not be given back.",
      "ACQ.ENTERPRISE_PAY_BIZ_ERROR": "The buyer's company does not allow this.",
      "ACQ.OVERDRAFT_*": "The merchant's overdraft does not allow the refund.",
      "ACQ.REFUND_ACCOUNT_NOT_EXIST": "The account to refund from does not exist.",
      "ACQ.CUSTOMER_VALIDATE_ERROR": "The account to refund from did not pass its check.",
      "ACQ.REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST": "A receiver of the split does not exist.",
      "ACQ.REFUNDALLOC_UNAUTH_LIMIT": "The split receivers have not agreed to give back.",
    },
  },
];

export const ALIPAY_ERRORS: readonly ChannelErrorRow[] = errorRows([
  ...GATEWAY,
  ...COLLECTING,
  ...AGREEMENTS,
  ...ENDING,
]);

const exact = new Map(
  ALIPAY_ERRORS.filter(({ channelCode }) => !channelCode.endsWith("*")).map((row) => [
    row.channelCode,
    row,
  ]),
);

const families = ALIPAY_ERRORS.filter(({ channelCode }) => channelCode.endsWith("*"));

const rowOf = (channelCode: string): ChannelErrorRow | undefined =>
  exact.get(channelCode) ??
  families.find((row) => channelCode.startsWith(row.channelCode.slice(0, -1)));

/** A refusal that is in no list: a retry will not change it. */
const UNLISTED_REFUSAL = {
  code: "CHANNEL_REJECTED",
  retryable: false,
  outcome: "rejected",
  meaning: "Alipay refused with a code that is not known here.",
} as const;

/** Neither success nor a refusal (10003 is "the payer is being asked"): money may move. */
const UNLISTED_ANSWER = {
  code: "CHANNEL_ERROR",
  retryable: true,
  outcome: "unknown",
  meaning: "Alipay answered with a code that is not known here.",
} as const;

/**
 * The row for a reply's `sub_code`, else for its `code`. The sub_code of a business failure
 * (40004) must be listed itself: the gateway code alone says nothing about it.
 */
export const errorRow = (
  code: string,
  subCode: string | null,
): Omit<ChannelErrorRow, "channelCode"> =>
  (subCode === null ? undefined : rowOf(subCode)) ??
  rowOf(code) ??
  (/^4\d{4}$/.test(code) ? UNLISTED_REFUSAL : UNLISTED_ANSWER);
