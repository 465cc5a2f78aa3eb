/**
 * The closed set of error codes. What a merchant sees is decided here and nowhere else:
 * `GET /v1/error-codes` serves this table and `renderError` throws from it.
 */

export interface ErrorSpec {
  readonly status:
    | 400
    | 401
    | 402
    | 403
    | 404
    | 405
    | 409
    | 410
    | 413
    | 415
    | 422
    | 429
    | 500
    | 502
    | 503
    | 504;
  /** The same request may succeed later without a change. */
  readonly retryable: boolean;
  /** Whether money may have moved when this error is the answer. */
  readonly outcome: "none" | "unknown" | "done";
  readonly description: string;
}

const spec = (
  status: ErrorSpec["status"],
  description: string,
  rest: Partial<Pick<ErrorSpec, "retryable" | "outcome">> = {},
): ErrorSpec => ({ status, retryable: false, outcome: "none", description, ...rest });

export const ERRORS = {
  INVALID_REQUEST: spec(400, "The request is malformed; details.issues names each field."),
  INVALID_CURSOR: spec(400, "The cursor was not issued by this list."),
  AMOUNT_INVALID: spec(400, "The amount must be a positive integer of minor units within limits."),
  CURRENCY_UNSUPPORTED: spec(400, "The channel does not take this currency."),
  METHOD_UNSUPPORTED: spec(400, "The channel does not offer this method."),
  UNAUTHENTICATED: spec(401, "No valid credentials were sent."),
  SIGNATURE_INVALID: spec(401, "The request signature does not fit the request."),
  TIMESTAMP_OUT_OF_RANGE: spec(401, "The request timestamp is more than 300 seconds off."),
  KEY_EXPIRED: spec(401, "The API key has expired."),
  KEY_REVOKED: spec(401, "The API key was revoked."),
  PAYMENT_REQUIRED: spec(402, "The resource must be paid for first.", { retryable: true }),
  PAYMENT_DECLINED: spec(402, "The payer's wallet or bank said no."),
  INSUFFICIENT_BALANCE: spec(402, "The balance does not cover the amount.", { retryable: true }),
  FORBIDDEN: spec(403, "These credentials may not do this."),
  SCOPE_MISSING: spec(403, "The API key lacks the scope that details.scope names."),
  IP_NOT_ALLOWED: spec(403, "The API key is not valid from this address."),
  INSTALL_REQUIRED: spec(403, "The payer has not installed the service."),
  AUTO_PAY_LIMIT_EXCEEDED: spec(403, "The install's budget does not cover this payment."),
  NOT_FOUND: spec(404, "Nothing is here."),
  SERVICE_NOT_FOUND: spec(404, "No such service."),
  PAYMENT_INTENT_NOT_FOUND: spec(404, "No such payment intent."),
  REFUND_NOT_FOUND: spec(404, "No such refund."),
  CHANNEL_ACCOUNT_NOT_FOUND: spec(404, "No such channel account."),
  METHOD_NOT_ALLOWED: spec(405, "The path exists, but not with this HTTP method."),
  INVALID_STATE: spec(409, "The object's state does not allow this."),
  IDEMPOTENCY_IN_FLIGHT: spec(409, "The first request with this key is still running.", {
    retryable: true,
    outcome: "unknown",
  }),
  DUPLICATE_ORDER: spec(
    409,
    "merchant_order_id was already used; details.payment_intent names it.",
  ),
  PAYMENT_EXPIRED: spec(410, "The payment can no longer be paid."),
  BODY_TOO_LARGE: spec(413, "The request body is over 64 KiB."),
  UNSUPPORTED_MEDIA_TYPE: spec(415, "The body must be application/json."),
  IDEMPOTENCY_MISMATCH: spec(422, "The key was used before with another request body."),
  AMOUNT_EXCEEDED: spec(422, "The amount is over the limit in details.max_allowed."),
  REFUND_EXCEEDS_PAYMENT: spec(422, "The refunds would exceed the payment."),
  REFUND_WINDOW_CLOSED: spec(422, "The channel no longer refunds this payment."),
  CHANNEL_NOT_CONFIGURED: spec(422, "The merchant has no usable account for this channel."),
  CHANNEL_REJECTED: spec(422, "The channel refused; details.channel says why."),
  RATE_LIMITED: spec(429, "Too many requests; wait for Retry-After seconds.", { retryable: true }),
  INTERNAL: spec(500, "Our fault. Repeat with the same Idempotency-Key.", {
    retryable: true,
    outcome: "unknown",
  }),
  CHANNEL_ERROR: spec(502, "The channel answered in a way that cannot be trusted.", {
    retryable: true,
    outcome: "unknown",
  }),
  CHANNEL_UNAVAILABLE: spec(503, "The channel is out of service.", {
    retryable: true,
    outcome: "unknown",
  }),
  CHANNEL_TIMEOUT: spec(504, "The channel did not answer in time.", {
    retryable: true,
    outcome: "unknown",
  }),
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/** One thing that is wrong with a request. Never holds the submitted value. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** An error as plain data: it crosses RPC inside a Result and is stored with an operation. */
export interface Failure {
  readonly code: ErrorCode;
  /** Says what to change. Shown to the caller. */
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Builds a {@link Failure}. */
export const failure = (
  code: ErrorCode,
  message: string,
  details?: Readonly<Record<string, unknown>>,
): Failure => (details === undefined ? { code, message } : { code, message, details });

/** Fields of a request that are wrong for one reason, all in one answer. */
export const invalidFields = (paths: readonly string[], message: string): Failure =>
  failure("INVALID_REQUEST", `${paths.join(" and ")}: ${message}.`, {
    issues: paths.map((path) => ({ path, message })),
  });

export const invalidField = (path: string, message: string): Failure =>
  invalidFields([path], message);

/** A `Failure` thrown inside a route; the app's error handler renders it. */
export class ApiError extends Error {
  readonly failure: Failure;
  readonly headers: Readonly<Record<string, string>>;

  constructor(reason: Failure, headers: Readonly<Record<string, string>> = {}) {
    super(`${reason.code}: ${reason.message}`);
    this.name = "ApiError";
    this.failure = reason;
    this.headers = headers;
  }
}

/** Shorthand for the most common throw in a route. */
export const apiError = (
  code: ErrorCode,
  message: string,
  details?: Readonly<Record<string, unknown>>,
): ApiError => new ApiError(failure(code, message, details));

/** The error body of API.md section 1. */
export function errorBody(reason: Failure, requestId: string) {
  const { retryable, outcome } = ERRORS[reason.code];
  return {
    error: {
      code: reason.code,
      message: reason.message,
      details: reason.details ?? {},
      retryable,
      outcome,
    },
    request_id: requestId,
  };
}
