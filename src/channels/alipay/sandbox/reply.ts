/** Replies of the simulated gateway, in its shapes. */
import { readPrivateKey } from "../../../crypto/pem.ts";
import { importSigningKey, signSha256 } from "../../../crypto/rsa.ts";
import { mustRead } from "../../../sandbox/keyring.ts";
import type { SandboxWorld } from "../../../sandbox/simulator.ts";
import { encrypted, isEncrypted } from "./content.ts";
import { platformSerial } from "./identity.ts";
import type { GatewayError, Parameters } from "./request.ts";

const MESSAGES: Readonly<Record<string, string>> = {
  "10000": "Success",
  "10003": "Waiting For User Confirm",
  "20000": "Service Currently Unavailable",
  "20001": "Insufficient Token Permissions",
  "40001": "Missing Required Arguments",
  "40002": "Invalid Arguments",
  "40004": "Business Failed",
};

/** Values of a reply's node. Nested ones come out as JSON. */
export type Node = Readonly<Record<string, unknown>>;

export const success = (fields: Node): Node => ({
  code: "10000",
  msg: MESSAGES["10000"],
  ...fields,
});

/** 10003: the trade is made, and the buyer is asked. */
export const waiting = (fields: Node): Node => ({
  code: "10003",
  msg: MESSAGES["10003"],
  ...fields,
});

/** 40004: the gateway is fine, the business is not. */
export const businessFailure = (subCode: string, subMessage: string, fields: Node = {}): Node => ({
  code: "40004",
  msg: MESSAGES["40004"],
  sub_code: subCode,
  sub_msg: subMessage,
  ...fields,
});

/** Alipay escapes slashes, and the signature covers the text with them. */
const writeNode = (node: Node): string => JSON.stringify(node).replaceAll("/", "\\/");

const nodeName = (method: string | undefined): string =>
  method !== undefined && /^[a-z][a-z.]*$/.test(method)
    ? `${method.replaceAll(".", "_")}_response`
    : "error_response";

function reply(members: readonly string[], world: SandboxWorld): Response {
  const trace = [...world.random(16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return new Response(`{${members.join(",")}}`, {
    headers: { "content-type": "text/html;charset=utf-8", trace_id: trace },
  });
}

/** Signed with the platform's key; names the certificate when the caller is in certificate mode. */
export async function signedReply(
  parameters: Parameters,
  node: Node,
  world: SandboxWorld,
): Promise<Response> {
  const text = isEncrypted(parameters)
    ? await encrypted(writeNode(node), parameters, world)
    : writeNode(node);
  const key = await platformKey(world);
  const members = [
    `"${nodeName(parameters.get("method"))}":${text}`,
    ...(parameters.has("app_cert_sn")
      ? [`"alipay_cert_sn":"${await platformSerial(world.keys)}"`]
      : []),
    `"sign":"${await signSha256(key, text)}"`,
  ];
  return reply(members, world);
}

/** What the gateway itself refuses is answered without a signature. */
export function errorReply(method: string | undefined, error: GatewayError, world: SandboxWorld) {
  const node = {
    code: error.code,
    msg: MESSAGES[error.code] ?? "",
    sub_code: error.subCode,
    sub_msg: error.subMessage,
  };
  return reply([`"${nodeName(method)}":${writeNode(node)}`], world);
}

export const platformKey = (world: SandboxWorld): Promise<CryptoKey> =>
  importSigningKey(mustRead(readPrivateKey(world.keys.platformPrivateKey)));
