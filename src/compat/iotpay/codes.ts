/** Our error codes in IOTPay's eleven. Complete by its type: a new code of ours needs its place. */
import type { ErrorCode } from "../../errors.ts";

export const IOTPAY_CODES = {
  system: "0010",
  not_post: "0011",
  empty: "0012",
  signature: "0013",
  parameter: "0014",
  merchant: "0015",
  timeout: "0110",
  exception: "0111",
  no_order: "0112",
  paid: "0113",
} as const;

export type IotpayCode = (typeof IOTPAY_CODES)[keyof typeof IOTPAY_CODES];

const { system, signature, parameter, merchant, timeout, exception, no_order } = IOTPAY_CODES;

/**
 * Apps repeat an order after 0010, 0110 and 0111 once they have queried it, and never after the
 * others: what may still have happened must be among the first.
 */
export const CODE_OF: Readonly<Record<ErrorCode, IotpayCode>> = {
  INVALID_REQUEST: parameter,
  INVALID_CURSOR: parameter,
  AMOUNT_INVALID: parameter,
  CURRENCY_UNSUPPORTED: parameter,
  METHOD_UNSUPPORTED: parameter,
  UNAUTHENTICATED: signature,
  SIGNATURE_INVALID: signature,
  TIMESTAMP_OUT_OF_RANGE: signature,
  KEY_EXPIRED: merchant,
  KEY_REVOKED: merchant,
  PAYMENT_REQUIRED: parameter,
  PAYMENT_DECLINED: parameter,
  INSUFFICIENT_BALANCE: parameter,
  FORBIDDEN: merchant,
  SCOPE_MISSING: merchant,
  IP_NOT_ALLOWED: merchant,
  INSTALL_REQUIRED: parameter,
  AUTO_PAY_LIMIT_EXCEEDED: parameter,
  NOT_FOUND: no_order,
  SERVICE_NOT_FOUND: parameter,
  PAYMENT_INTENT_NOT_FOUND: no_order,
  REFUND_NOT_FOUND: no_order,
  CHANNEL_ACCOUNT_NOT_FOUND: parameter,
  METHOD_NOT_ALLOWED: IOTPAY_CODES.not_post,
  INVALID_STATE: parameter,
  IDEMPOTENCY_IN_FLIGHT: system,
  DUPLICATE_ORDER: parameter,
  PAYMENT_EXPIRED: parameter,
  BODY_TOO_LARGE: parameter,
  UNSUPPORTED_MEDIA_TYPE: parameter,
  IDEMPOTENCY_MISMATCH: parameter,
  AMOUNT_EXCEEDED: parameter,
  REFUND_EXCEEDS_PAYMENT: parameter,
  REFUND_WINDOW_CLOSED: parameter,
  CHANNEL_NOT_CONFIGURED: parameter,
  CHANNEL_REJECTED: parameter,
  RATE_LIMITED: system,
  INTERNAL: system,
  CHANNEL_ERROR: exception,
  CHANNEL_UNAVAILABLE: exception,
  CHANNEL_TIMEOUT: timeout,
};
