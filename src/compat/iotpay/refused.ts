/** A refusal on its way out of a handler, in IOTPay's words. */
import { ApiError, type ErrorCode, type Failure } from "../../errors.ts";
import { CODE_OF } from "./codes.ts";
import { type Refusal, refusal } from "./wire.ts";

export class Refused extends Error {
  readonly refusal: Refusal;
  /** What of ours it is, for logs. */
  readonly code: ErrorCode;

  constructor(reason: Refusal, code: ErrorCode = "INVALID_REQUEST") {
    super(reason.text);
    this.refusal = reason;
    this.code = code;
  }
}

/** Fields of our own API, by the names that these apps know. */
const NAMES: readonly (readonly [ours: string, theirs: string])[] = [
  ["payer.openid", "extra.openId"],
  ["payer.auth_code", "identityCode"],
  ["payer.client_ip", "clientIp"],
  ["os_type", "osType"],
  ["return_url", "returnUrl"],
  ["merchant_order_id", "mchOrderNo"],
];

export const refused = ({ code, message }: Failure): Refused =>
  new Refused(
    {
      code: CODE_OF[code],
      text: NAMES.reduce((text, [ours, theirs]) => text.replaceAll(ours, theirs), message),
    },
    code,
  );

/** Null: a bug or our own trouble, which strangers learn nothing about. */
export const asRefused = (thrown: unknown): Refused | null => {
  if (thrown instanceof ApiError) return refused(thrown.failure);
  return thrown instanceof Refused ? thrown : null;
};

export const parameterError = (text: string, code?: ErrorCode): Refused =>
  new Refused(refusal("parameter", `Parameter error: ${text}.`), code);
