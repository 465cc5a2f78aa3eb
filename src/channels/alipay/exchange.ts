/**
 * One signed call of the gateway and the judgement of its reply: who spoke, and what was said.
 * Query string: the public parameters and `sign`; body: `biz_content`, as Alipay's own SDKs do, so
 * that `charset` is known before the body is read.
 */
import * as z from "zod";

import { fromUtf8Strict } from "../../crypto/encoding.ts";
import { verifySha256 } from "../../crypto/rsa.ts";
import type { ChannelError, ChannelIo, Outcome } from "../adapter.ts";
import { callChannel } from "../call.ts";
import { parseJson } from "../json.ts";
import { errorOf, unknown, type Unknown } from "../outcomes.ts";
import { decryptContent, encryptContent } from "./content-encryption.ts";
import { answerNode, readEnvelope, stringMember, type RawMembers } from "./envelope.ts";
import { errorRow } from "./error-table.ts";
import type { AlipayKeys } from "./keys.ts";
import { publicParameters } from "./public-parameters.ts";
import { signRequest } from "./signing.ts";

interface GatewayCall {
  readonly method: string;
  readonly bizContent: string;
  readonly notifyUrl?: string;
  /** In the application's own name, also where the account acts for a merchant. */
  readonly inOwnName?: true;
}

export interface GatewayAnswer {
  readonly kind: "answer";
  /** The signature verified. Without it nothing in here is Alipay's word. */
  readonly authenticated: boolean;
  readonly code: string;
  readonly subCode: string | null;
  readonly subMessage: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
}

type GatewayReply = GatewayAnswer | Unknown;

export const SUCCESS = "10000";

/** How an unauthenticated refusal is taken; see {@link refusal}. */
export type UnsignedRefusals = "believed" | "doubted";

const answerFields = z.looseObject({
  code: z.string().max(64),
  sub_code: z.string().max(128).optional(),
  sub_msg: z.string().optional(),
});

const SUB_MESSAGE_LIMIT = 200;

/** Signs and sends one call. Never throws on what the other side does. */
export async function askGateway(
  call: GatewayCall,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<GatewayReply> {
  const { contentKey } = keys;
  const { biz_content = "", ...query } = await signRequest(
    {
      ...publicParameters(keys, call.method, io.now()),
      format: "JSON",
      notify_url: call.notifyUrl ?? "",
      ...(call.inOwnName === true ? { app_auth_token: "" } : {}),
      encrypt_type: contentKey === null ? "" : "AES",
      biz_content:
        contentKey === null ? call.bizContent : await encryptContent(contentKey, call.bizContent),
    },
    keys.signingKey,
  );
  const reply = await callChannel(io, {
    method: "POST",
    path: `?${new URLSearchParams(query).toString()}`,
    headers: { "Content-Type": "application/x-www-form-urlencoded;charset=utf-8" },
    body: new URLSearchParams({ biz_content }).toString(),
  });
  if (reply.kind === "unknown") return reply;
  const answer = await judge(call.method, reply.status, reply.body, keys);
  logAnswer(call.method, reply.headers, answer, io);
  return answer;
}

async function judge(
  method: string,
  status: number,
  body: Uint8Array,
  keys: AlipayKeys,
): Promise<GatewayReply> {
  if (status !== 200) {
    return unknown(`http_${status}`, "Alipay's gateway is out of service.", "CHANNEL_UNAVAILABLE");
  }
  const text = fromUtf8Strict(body);
  const members = text === null ? null : readEnvelope(text);
  const node = members?.ok === true ? answerNode(members.value, method) : null;
  if (members?.ok !== true || node === null) {
    return unknown("malformed_reply", "Alipay's reply could not be read.");
  }
  const authenticated = await isSigned(members.value, node, keys);
  // A signature that does not fit is worse than none: somebody changed the text, or the account
  // holds a wrong key.
  if (!authenticated && members.value.has("sign")) return untrusted(members.value, keys);
  const parsed = answerFields.safeParse(await openNode(node, authenticated, keys));
  if (!parsed.success) return unknown("malformed_reply", "Alipay's reply could not be read.");
  const { code, sub_code, sub_msg } = parsed.data;
  return {
    kind: "answer",
    authenticated,
    code,
    subCode: sub_code ?? null,
    subMessage: sub_msg ?? null,
    fields: parsed.data,
  };
}

/** The node as JSON. An encrypted one is a string; it is opened only once it is authentic. */
async function openNode(
  node: string,
  authenticated: boolean,
  { contentKey }: AlipayKeys,
): Promise<unknown> {
  const value = parseJson(node);
  if (typeof value !== "string") return value;
  const text =
    authenticated && contentKey !== null ? await decryptContent(contentKey, value) : null;
  return text === null ? undefined : parseJson(text);
}

async function isSigned(members: RawMembers, node: string, keys: AlipayKeys): Promise<boolean> {
  const signature = stringMember(members, "sign");
  if (signature === null) return false;
  for (const { key } of keys.verifiers) {
    if (await verifySha256(key, node, signature)) return true;
  }
  return false;
}

/**
 * Says which of the two usual causes it is. A certificate that Alipay names but the account does
 * not hold is not fetched and trusted: the download is unsigned, so whoever could forge a reply
 * could forge the certificate too.
 */
function untrusted(members: RawMembers, keys: AlipayKeys): GatewayReply {
  const theirs = stringMember(members, "alipay_cert_sn");
  const ours = keys.verifiers.map(({ certificateSn }) => certificateSn);
  return keys.certificateSns !== null && theirs !== null && !ours.includes(theirs)
    ? unknown(
        "alipay_certificate_changed",
        "Alipay signs with a certificate that this account does not hold: download the current alipayCertPublicKey_RSA2.crt and add it to the account.",
      )
    : unknown(
        "reply_signature",
        "The signature of Alipay's reply does not verify: check the account's Alipay public key.",
      );
}

/** Codes are logged and shown only when they look like codes: an unsigned reply is a stranger's. */
const codeOf = (answer: GatewayAnswer): string => {
  const code = answer.subCode ?? answer.code;
  return /^[\w.*-]{1,64}$/.test(code) ? code : "malformed_code";
};

function logAnswer(method: string, headers: Headers, reply: GatewayReply, io: ChannelIo): void {
  if (reply.kind === "answer" && reply.authenticated && reply.code === SUCCESS) return;
  const trace = headers.get("trace_id");
  io.log(reply.kind === "unknown" ? "warn" : "info", "alipay_answer", {
    method,
    code: reply.kind === "unknown" ? reply.error.channelCode : codeOf(reply),
    authenticated: reply.kind === "answer" && reply.authenticated,
    trace: trace !== null && /^[\w.-]{1,64}$/.test(trace) ? trace : null,
  });
}

/** Alipay's own text. Gateway texts are not quoted: they echo the signed parameters. */
function theirText(answer: GatewayAnswer): string {
  const isBusiness = answer.authenticated && answer.code === "40004";
  return isBusiness ? (answer.subMessage ?? "").slice(0, SUB_MESSAGE_LIMIT) : "";
}

/**
 * What an answer other than success means, by the error table.
 *
 * Business failures (40004) are always signed; without a signature they are `unknown`. Gateway
 * refusals (wrong app_id, wrong signature, product not signed) often are not. While an order is
 * being created (and in the self-check) such a refusal is believed: a merchant with a wrong
 * app_id needs an error, not a payment that stays pending. A forger gains nothing by it. The code
 * to pay with travels only in the reply, so the buyer of a refused order has nothing to scan, and
 * a payment that happens all the same arrives as signed proof, which outweighs the refusal. When
 * an existing order is queried or closed an unsigned refusal is doubted, because there it would
 * hide what became of a code that a buyer may hold.
 */
export function refusal(
  answer: GatewayAnswer,
  unsigned: UnsignedRefusals,
): Extract<Outcome<never>, { error: ChannelError }> {
  const row = errorRow(answer.code, answer.subCode);
  const error = errorOf(row, codeOf(answer), theirText(answer));
  const trusted =
    answer.authenticated || (unsigned === "believed" && isGatewayRefusal(answer.code));
  if (trusted) return { kind: row.outcome, error };
  return {
    kind: "unknown",
    error: { ...error, message: `${error.message} (The reply was not signed.)`, retryable: true },
  };
}

/** Missing or invalid parameters, unmet conditions, no permission, a token that is not accepted. */
const isGatewayRefusal = (code: string): boolean =>
  ["20001", "40001", "40002", "40003", "40006"].includes(code);
