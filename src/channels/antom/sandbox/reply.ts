/** Replies and notices of the simulated Antom: their result, and their signature. */
import { readPrivateKey } from "../../../crypto/pem.ts";
import { importSigningKey, signSha256 } from "../../../crypto/rsa.ts";
import { mustRead } from "../../../sandbox/keyring.ts";
import type { SandboxWorld } from "../../../sandbox/simulator.ts";
import { writeTime } from "./identity.ts";

export type Body = Readonly<Record<string, unknown>>;

const result = (resultStatus: "S" | "F" | "U", resultCode: string, resultMessage: string) => ({
  result: { resultCode, resultStatus, resultMessage },
});

export const success = (fields: Body = {}): Body => ({
  ...result("S", "SUCCESS", "success."),
  ...fields,
});

/** Under way: not an error, and not known yet. */
export const inProcess = (code: string, fields: Body = {}): Body => ({
  ...result("U", code, "in process."),
  ...fields,
});

export const refusal = (code: string, message: string): Body => result("F", code, message);

export const illegal = (field: string): Body =>
  refusal("PARAM_ILLEGAL", `Illegal parameters: ${field}.`);

export interface Signed {
  /** Path and query. */
  readonly target: string;
  readonly clientId: string;
  readonly time: string;
  readonly body: string;
}

/** Base64, made with the platform's key. */
export async function platformSignature(
  { target, clientId, time, body }: Signed,
  world: SandboxWorld,
): Promise<string> {
  const key = await importSigningKey(mustRead(readPrivateKey(world.keys.platformPrivateKey)));
  return signSha256(key, `POST ${target}\n${clientId}.${time}.${body}`);
}

export const JSON_TYPE = "application/json; charset=UTF-8";

/** A reply to a caller that was recognised. Blanks follow the commas here, as they sometimes do. */
export async function signedReply(
  target: string,
  clientId: string,
  content: Body,
  world: SandboxWorld,
): Promise<Response> {
  const body = JSON.stringify(content);
  const time = writeTime(world.now);
  const signature = await platformSignature({ target, clientId, time, body }, world);
  return new Response(body, {
    headers: {
      "content-type": JSON_TYPE,
      "client-id": clientId,
      "response-time": time,
      signature: `algorithm=RSA256, keyVersion=1, signature=${encodeURIComponent(signature)}`,
    },
  });
}

/** What is refused before the caller is known goes without a signature. */
export const unsignedReply = (content: Body, status = 200): Response =>
  new Response(JSON.stringify(content), { status, headers: { "content-type": JSON_TYPE } });
