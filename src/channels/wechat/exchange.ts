/**
 * A request whose reply can be believed: a 2xx counts only when its signature verifies, and 4xx
 * and 5xx, which WeChat Pay never signs, count as what their error code means.
 */
import type { ChannelAccount, ChannelError, ChannelIo, Outcome } from "../adapter.ts";
import { errorOf, unknown, type Unknown } from "../outcomes.ts";
import { findPlatformKey } from "./certificates.ts";
import { errorRow, normaliseCode } from "./error-table.ts";
import { keysOf, type AccountKeys } from "./keys.ts";
import { readRefusal } from "./mapping.ts";
import { sendSigned, type WechatRequest } from "./send.ts";
import { checkSignature, type SignatureCheck } from "./signing.ts";

export type Exchange =
  | { readonly kind: "success"; readonly status: number; readonly body: Uint8Array }
  | {
      readonly kind: "refused";
      /** Without underscores: spellings vary. */
      readonly code: string;
      readonly outcome: "rejected" | "unknown";
      readonly error: ChannelError;
    }
  | Unknown;

/** An exchange that did not succeed, as the outcome it stands for. */
export const failed = (reply: Exclude<Exchange, { kind: "success" }>): Outcome<never> =>
  reply.kind === "unknown" ? reply : { kind: reply.outcome, error: reply.error };

export const malformed = unknown("malformed_reply", "The reply does not have the documented form.");

/** Runs `work` with the account's keys; an account without usable keys is a refusal of ours. */
export async function withKeys<T>(
  account: ChannelAccount,
  work: (keys: AccountKeys) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const keys = await keysOf(account);
  if (keys.ok) return work(keys.value);
  const error: ChannelError = {
    code: "CHANNEL_NOT_CONFIGURED",
    channelCode: "credentials",
    message: `The WeChat Pay account cannot be used: ${keys.error}.`,
    retryable: false,
  };
  return { kind: "rejected", error };
}

/**
 * One exchange. A reply with WeChat Pay's deliberate wrong signature is asked for once more, as
 * every call of this channel may be repeated; after a second one the outcome stays unknown.
 */
export async function exchange(
  account: ChannelAccount,
  keys: AccountKeys,
  io: ChannelIo,
  request: WechatRequest,
): Promise<Exchange> {
  const first = await attempt(account, keys, io, request);
  const probed = first.kind === "unknown" && first.error.channelCode === "signature_probe";
  return probed ? attempt(account, keys, io, request) : first;
}

/** Why a reply was not believed, and what a merchant can do about it. */
const NOT_BELIEVED: Readonly<Record<Exclude<SignatureCheck, "valid">, string>> = {
  header_missing: "WeChat Pay's reply was not signed; it was not believed.",
  timestamp_out_of_range:
    "WeChat Pay's reply bears a time more than 5 minutes off; it was not believed.",
  serial_unknown:
    "WeChat Pay signed its reply with a key that this account does not hold: add the current one to the account's platform_keys.",
  probe: "WeChat Pay signed its reply wrongly on purpose, which it does at times; ask again.",
  signature_invalid:
    "The signature of WeChat Pay's reply does not verify: check the account's platform_keys.",
};

async function attempt(
  account: ChannelAccount,
  keys: AccountKeys,
  io: ChannelIo,
  request: WechatRequest,
): Promise<Exchange> {
  const reply = await sendSigned(keys, io, request);
  if (reply.kind === "unknown") return reply;
  const { status, headers, body } = reply;
  // The status comes first: errors carry no signature, so checking it would hide their reason.
  if (status >= 400) return refusal(status, headers, body, io);
  if (status < 200 || status >= 300) {
    return unknown(`http_${status}`, "Unexpected HTTP status.");
  }
  const find = (serial: string) => findPlatformKey(serial, account, keys, io);
  const check = await checkSignature(headers, body, find, io.now());
  if (check === "valid") return { kind: "success", status, body };
  io.log("warn", "wechat_reply_not_verified", { check, status, request_id: requestId(headers) });
  const code = `signature_${check.replace("signature_", "")}`;
  return unknown(code, NOT_BELIEVED[check]);
}

/** A 4xx or 5xx, by its error code where it has one. */
export function refusal(
  status: number,
  headers: Headers,
  body: Uint8Array,
  io: ChannelIo,
): Exclude<Exchange, { kind: "success" }> {
  const said = readRefusal(body);
  if (said === null) {
    const code = status >= 500 ? "CHANNEL_UNAVAILABLE" : "CHANNEL_ERROR";
    return unknown(`http_${status}`, `HTTP status ${status}.`, code);
  }
  const row = errorRow(said.code, status);
  const code = normaliseCode(said.code);
  io.log("info", "wechat_refused", { status, code, request_id: requestId(headers) });
  return {
    kind: "refused",
    code,
    outcome: row.outcome,
    error: errorOf(row, said.code, said.message),
  };
}

/** WeChat Pay's support asks for it. Its last part is a finer reason than the code. */
const requestId = (headers: Headers): string | undefined =>
  /^[\w-]{1,100}$/.exec(headers.get("Request-ID") ?? "")?.[0];
