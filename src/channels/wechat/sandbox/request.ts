/**
 * What the simulated WeChat Pay demands of every request before it looks at what is asked: the
 * headers, the Authorization grammar, the clock, the certificate serial and the signature.
 */
import { concat, fromUtf8Strict, utf8 } from "../../../crypto/encoding.ts";
import { readPublicKey } from "../../../crypto/pem.ts";
import { importVerifyingKey, verifySha256 } from "../../../crypto/rsa.ts";
import type { SandboxWorld } from "../../../sandbox/simulator.ts";
import { platformSerialOf } from "./identity.ts";
import { findMerchant, type Merchant } from "./merchant.ts";
import { paramError, refuse, type Refusal } from "./reply.ts";

export interface AuthenticRequest {
  readonly method: string;
  readonly url: URL;
  readonly merchant: Merchant;
  /** The parsed body; undefined for requests without one. */
  readonly body: unknown;
  /** Signs the reply: what `Wechatpay-Serial` asked for, else the platform certificate. */
  readonly replySerial: string;
  /** Whether the request named a platform key, as encrypted fields require. */
  readonly namesPlatformKey: boolean;
}

const MAX_SKEW_S = 300;
const FIELDS = ["mchid", "nonce_str", "timestamp", "serial_no", "signature"] as const;

type Authorization = Readonly<Record<(typeof FIELDS)[number], string>>;

const signError = (message: string) => refuse(401, "SIGN_ERROR", message);

/** `WECHATPAY2-SHA256-RSA2048 k="v",k="v"…`: each field once, no blanks, in any order. */
function parseAuthorization(header: string): Authorization | null {
  const scheme = "WECHATPAY2-SHA256-RSA2048 ";
  if (!header.startsWith(scheme)) return null;
  const found = new Map<string, string>();
  for (const part of header.slice(scheme.length).split(",")) {
    const match = /^([a-z_]+)="([^"]+)"$/.exec(part);
    if (match === null || found.has(match[1] ?? "")) return null;
    found.set(match[1] ?? "", match[2] ?? "");
  }
  const [mchid, nonce_str, timestamp, serial_no, signature] = FIELDS.map((name) => found.get(name));
  if (found.size !== FIELDS.length) return null;
  if (!mchid || !nonce_str || !timestamp || !serial_no || !signature) return null;
  const wellFormed = /^[0-9A-Za-z]{1,32}$/.test(nonce_str) && /^\d{10}$/.test(timestamp);
  return wellFormed ? { mchid, nonce_str, timestamp, serial_no, signature } : null;
}

function headerProblem(request: Request): Refusal | null {
  const { headers } = request;
  const accept = headers.get("Accept");
  if (!headers.get("User-Agent")) return refuse(400, "INVALID_REQUEST", "Http头缺少User-Agent");
  if (accept === null || !/application\/json|\*\/\*/.test(accept)) {
    return refuse(400, "INVALID_REQUEST", "Http头缺少Accept或Accept不包含application/json");
  }
  const type = headers.get("Content-Type") ?? "";
  return request.method === "POST" && !/^application\/json\b/i.test(type)
    ? refuse(415, "INVALID_REQUEST", "Content-Type必须为application/json")
    : null;
}

/** Checks the request in WeChat Pay's order: form, clock, certificate, signature. */
export async function authenticate(
  request: Request,
  world: SandboxWorld,
): Promise<AuthenticRequest | Refusal> {
  const problem = headerProblem(request);
  if (problem !== null) return problem;
  const given = parseAuthorization(request.headers.get("Authorization") ?? "");
  if (given === null) return signError("Http头Authorization值格式错误");
  if (Math.abs(Math.floor(world.now / 1000) - Number(given.timestamp)) > MAX_SKEW_S) {
    return signError("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟");
  }
  const merchant = await findMerchant(given.mchid, given.serial_no, world);
  if (merchant === null) return signError("商户证书序列号有误");

  const url = new URL(request.url);
  const bytes = new Uint8Array(await request.arrayBuffer());
  const head = `${request.method}\n${url.pathname}${url.search}\n${given.timestamp}\n`;
  const message = concat(utf8(`${head}${given.nonce_str}\n`), bytes, utf8("\n"));
  const publicKey = readPublicKey(merchant.publicKey);
  if (!publicKey.ok) return signError("商户证书序列号有误");
  const key = await importVerifyingKey(publicKey.value);
  if (!(await verifySha256(key, message, given.signature))) {
    return signError("签名错误，请检查后再试");
  }

  const named = request.headers.get("Wechatpay-Serial");
  const known = [platformSerialOf(world.keys), ...merchant.publicKeyIds];
  if (named !== null && !known.includes(named)) {
    return paramError("Wechatpay-Serial", "unknown platform key", "header");
  }
  const body = parseBody(bytes);
  if (body === null) return paramError("/", "the body is not JSON");
  return {
    method: request.method,
    url,
    merchant,
    body: body.value,
    replySerial: named ?? platformSerialOf(world.keys),
    namesPlatformKey: named !== null,
  };
}

/** Null: there is a body and it is not JSON. */
function parseBody(bytes: Uint8Array): { readonly value: unknown } | null {
  if (bytes.length === 0) return { value: undefined };
  try {
    return { value: JSON.parse(fromUtf8Strict(bytes) ?? "") };
  } catch {
    return null;
  }
}
