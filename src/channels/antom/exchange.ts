/**
 * One signed call and the judgement of its reply: who spoke, and what was said. Fails closed: the
 * official Java SDK skips the check when a reply's headers are missing, which lets anybody on the
 * way say that a payment was made.
 */
import * as z from "zod";

import { utf8 } from "../../crypto/encoding.ts";
import { signSha256, verifySha256 } from "../../crypto/rsa.ts";
import type { ChannelError, ChannelIo, Outcome } from "../adapter.ts";
import { callChannel, requestTarget } from "../call.ts";
import { parseJson } from "../json.ts";
import { errorOf, unknown, type Unknown } from "../outcomes.ts";
import { errorRow, isBeforeAuthentication } from "./error-table.ts";
import type { AntomKeys, Verifier } from "./keys.ts";
import { readSignature, readTimeHeader, signatureHeader, signedContent } from "./signing.ts";

export type Operation = "pay" | "inquiryPayment" | "cancel" | "refund" | "inquiryRefund";

export interface AntomAnswer {
  readonly kind: "answer";
  /** The signature verified. Without it nothing in here is Antom's word. */
  readonly authenticated: boolean;
  /** Done, refused, not known. It is about the call; where the money is, other fields say. */
  readonly status: "S" | "F" | "U";
  readonly code: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** How an unsigned refusal is taken; see {@link refusal}. */
export type UnsignedRefusals = "believed" | "doubted";

/** Antom's own sandbox is on the same host, under paths of its own; the client ID says which. */
const pathOf = (operation: Operation, clientId: string): string =>
  `/ams/${clientId.startsWith("SANDBOX_") ? "sandbox/" : ""}api/v1/payments/${operation}`;

/** Signs and sends one call. Never throws on what the other side does. */
export async function ask(
  operation: Operation,
  body: string,
  keys: AntomKeys,
  io: ChannelIo,
): Promise<AntomAnswer | Unknown> {
  const { clientId, keyVersion, agentToken } = keys;
  const path = pathOf(operation, clientId);
  const target = requestTarget(io, path);
  const time = String(io.now());
  const content = signedContent({ target, clientId, time, body: utf8(body) });
  const reply = await callChannel(io, {
    method: "POST",
    path,
    headers: {
      "Content-Type": "application/json; charset=UTF-8",
      "Client-Id": clientId,
      "Request-Time": time,
      Signature: signatureHeader(keyVersion, await signSha256(keys.signingKey, content)),
      ...(agentToken === null ? {} : { "agent-token": agentToken }),
    },
    body,
  });
  if (reply.kind === "unknown") return reply;
  const answer = await judge(target, reply, keys);
  logAnswer(operation, answer, io);
  return answer;
}

const resultFields = z.looseObject({
  result: z.looseObject({
    resultStatus: z.enum(["S", "F", "U"]),
    resultCode: z.string().min(1),
    resultMessage: z.string().nullish(),
  }),
});

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

async function judge(
  target: string,
  { status, headers, body }: Reply,
  keys: AntomKeys,
): Promise<AntomAnswer | Unknown> {
  if (status >= 500) {
    return unknown(`http_${status}`, "Antom is out of service.", "CHANNEL_UNAVAILABLE");
  }
  const parsed = resultFields.safeParse(parseJson(body));
  if (!parsed.success || (status !== 200 && parsed.data.result.resultStatus === "S")) {
    return unknown("malformed_reply", "Antom's reply could not be read.");
  }
  const isSigned = headers.has("signature");
  const authenticated =
    isSigned &&
    headers.get("client-id") === keys.clientId &&
    (await isAuthentic(headers, "response-time", { target, body }, keys.clientId, keys.verifiers));
  // A signature that does not fit is worse than none: somebody changed the text, or the account
  // holds a wrong key.
  if (isSigned && !authenticated) {
    return unknown(
      "reply_signature",
      "The signature of Antom's reply does not verify: check the account's antom_public_key.",
    );
  }
  const { resultStatus, resultCode, resultMessage } = parsed.data.result;
  return {
    kind: "answer",
    authenticated,
    status: resultStatus,
    code: resultCode,
    message: resultMessage ?? "",
    fields: parsed.data,
  };
}

/** Whether one of the keys made the signature in these headers. For replies and for notices. */
export async function isAuthentic(
  headers: Headers,
  timeHeader: "response-time" | "request-time",
  message: { readonly target: string; readonly body: Uint8Array },
  clientId: string,
  verifiers: readonly Verifier[],
): Promise<boolean> {
  const signature = readSignature(headers.get("signature"));
  const time = readTimeHeader(headers.get(timeHeader));
  if (signature === null || time === null) return false;
  const content = signedContent({ ...message, clientId, time });
  for (const { key } of verifiers) {
    if (await verifySha256(key, content, signature)) return true;
  }
  return false;
}

/** Codes are logged and shown only when they look like codes: an unsigned reply is a stranger's. */
const codeOf = ({ code }: AntomAnswer): string =>
  /^\w{1,64}$/.test(code) ? code : "malformed_code";

function logAnswer(operation: Operation, answer: AntomAnswer | Unknown, io: ChannelIo): void {
  if (answer.kind === "answer" && answer.authenticated && answer.status !== "F") return;
  io.log(answer.kind === "unknown" ? "warn" : "info", "antom_answer", {
    operation,
    code: answer.kind === "unknown" ? answer.error.channelCode : codeOf(answer),
    authenticated: answer.kind === "answer" && answer.authenticated,
  });
}

const MESSAGE_LIMIT = 200;

/** Antom's own text, only when it is Antom's: unsigned ones are anybody's. */
const theirText = ({ authenticated, message }: AntomAnswer): string =>
  authenticated ? message.slice(0, MESSAGE_LIMIT).toWellFormed() : "";

/**
 * What an answer other than the hoped-for one means, by the error table.
 *
 * Unsigned answers prove nothing, with one exception: what Antom refuses before it knows who asks
 * (a wrong client, a wrong key) is not signed. Where `believed`, such a refusal counts, because a
 * merchant with a wrong key needs an error and not a payment that stays pending; a forger gains
 * nothing by it where the code or link to pay with travels in the same reply. Where money moves by
 * the call itself (a scanned code, a refund), or a buyer may hold a code already, it is `doubted`.
 */
export function refusal(
  answer: AntomAnswer,
  unsigned: UnsignedRefusals,
): Extract<Outcome<never>, { error: ChannelError }> {
  const { authenticated, status, code } = answer;
  if (status === "S") {
    return authenticated
      ? unknown("incomplete_reply", "Antom's reply lacks what it must hold.")
      : unknown("unsigned_reply", "Antom's reply was not signed; it was not believed.");
  }
  const row = errorRow(status, code);
  const error = errorOf(row, codeOf(answer), theirText(answer));
  if (authenticated || (unsigned === "believed" && isBeforeAuthentication(code))) {
    return { kind: row.outcome, error };
  }
  const message = `${error.message} (The reply was not signed.)`;
  return { kind: "unknown", error: { ...error, message, retryable: true } };
}
