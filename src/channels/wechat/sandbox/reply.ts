/** Replies of the simulated WeChat Pay: successes are signed, errors never are. */
import { concat, toHex, utf8 } from "../../../crypto/encoding.ts";
import { readPrivateKey } from "../../../crypto/pem.ts";
import { importSigningKey, signSha256 } from "../../../crypto/rsa.ts";
import { mustRead } from "../../../sandbox/keyring.ts";
import type { SandboxKeyring, SandboxWorld } from "../../../sandbox/simulator.ts";

/** A success, not yet signed. */
export interface Success {
  readonly status: 200 | 204;
  readonly body: unknown;
}

/** A file: the one success that carries no signature. */
export interface Download {
  readonly status: 200;
  readonly file: Uint8Array<ArrayBuffer>;
}

/** WeChat Pay's error form. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 405 | 415 | 429;
  readonly code: string;
  readonly message: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export type Answer = Success | Download | Refusal;

export const refuse = (
  status: Refusal["status"],
  code: string,
  message: string,
  detail?: Readonly<Record<string, unknown>>,
): Refusal => ({ status, code, message, ...(detail === undefined ? {} : { detail }) });

/** The error that names one wrong field, as a JSON pointer. */
export const paramError = (
  field: string,
  issue: string,
  location: "body" | "query" | "header" = "body",
): Refusal => refuse(400, "PARAM_ERROR", "参数错误", { field, location, issue });

export const isRefusal = (answer: object): answer is Refusal => "code" in answer;

const platformKeys = new WeakMap<SandboxKeyring, CryptoKey>();

async function platformKey(keys: SandboxKeyring): Promise<CryptoKey> {
  const known = platformKeys.get(keys);
  if (known !== undefined) return known;
  const key = await importSigningKey(mustRead(readPrivateKey(keys.platformPrivateKey)));
  platformKeys.set(keys, key);
  return key;
}

/** The headers that sign a body, for replies and notifications. Serial: which key it is. */
export async function signatureHeaders(
  body: Uint8Array,
  serial: string,
  world: SandboxWorld,
): Promise<Record<string, string>> {
  const timestamp = String(Math.floor(world.now / 1000));
  const nonce = toHex(world.random(16));
  const message = concat(utf8(`${timestamp}\n${nonce}\n`), body, utf8("\n"));
  return {
    "Wechatpay-Timestamp": timestamp,
    "Wechatpay-Nonce": nonce,
    "Wechatpay-Serial": serial,
    "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    "Wechatpay-Signature": await signSha256(await platformKey(world.keys), message),
  };
}

const requestId = (world: SandboxWorld): string =>
  `08${toHex(world.random(12)).toUpperCase()}-268435456`;

/** An error as a response; 404 and 405 of the router have no body at all. */
export function renderRefusal(refusal: Refusal, world: SandboxWorld): Response {
  const { status, code, message, detail } = refusal;
  const headers = { "Request-ID": requestId(world) };
  if (code === "") return new Response(null, { status, headers });
  const body = { code, message, ...(detail === undefined ? {} : { detail }) };
  return Response.json(body, { status, headers });
}

export const renderDownload = ({ file }: Download, world: SandboxWorld): Response =>
  new Response(file, {
    headers: { "Content-Type": "application/octet-stream", "Request-ID": requestId(world) },
  });

/** A success as a response, signed. A 204 signs the empty body. */
export async function renderSuccess(
  success: Success,
  serial: string,
  world: SandboxWorld,
): Promise<Response> {
  const text = success.status === 204 ? "" : JSON.stringify(success.body);
  const headers = new Headers(await signatureHeaders(utf8(text), serial, world));
  headers.set("Request-ID", requestId(world));
  if (success.status === 204) return new Response(null, { status: 204, headers });
  headers.set("Content-Type", "application/json; charset=utf-8");
  return new Response(text, { status: 200, headers });
}
