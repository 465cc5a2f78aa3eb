/** Encrypted contents, for merchants that registered a key for them: AES-128-CBC, zero vector. */
import { fromBase64, fromUtf8, toBase64, utf8 } from "../../../crypto/encoding.ts";
import { err, ok, type Result } from "../../../result.ts";
import type { SandboxWorld } from "../../../sandbox/simulator.ts";
import type { GatewayError, Parameters } from "./request.ts";

const invalid = (subCode: string, subMessage: string) =>
  err({ code: "40002", subCode, subMessage } satisfies GatewayError);

const cipher = { name: "AES-CBC", iv: new Uint8Array(16) };

async function keyOf(parameters: Parameters, world: SandboxWorld): Promise<CryptoKey | null> {
  const registered = await world.registeredMerchant(parameters.get("app_id") ?? "");
  const bytes = fromBase64(registered?.symmetricKey ?? "");
  return bytes?.length === 16
    ? crypto.subtle.importKey("raw", bytes, "AES-CBC", false, ["encrypt", "decrypt"])
    : null;
}

export const isEncrypted = (parameters: Parameters): boolean => parameters.has("encrypt_type");

/** The parameters with their content in clear. To be called after the signature was verified. */
export async function decrypted(
  parameters: Parameters,
  world: SandboxWorld,
): Promise<Result<Parameters, GatewayError>> {
  if (!isEncrypted(parameters)) return ok(parameters);
  if (parameters.get("encrypt_type") !== "AES") {
    return invalid("isv.invalid-encrypt-type", "无效加密类型");
  }
  const key = await keyOf(parameters, world);
  const bytes = fromBase64(parameters.get("biz_content") ?? "");
  if (key === null || bytes === null) return invalid("isv.invalid-encrypt", "解密异常");
  try {
    const text = fromUtf8(new Uint8Array(await crypto.subtle.decrypt(cipher, key, bytes)));
    return ok(new Map([...parameters, ["biz_content", text]]));
  } catch {
    return invalid("isv.invalid-encrypt", "解密异常");
  }
}

/** A reply's node as the quoted text that stands in its place. */
export async function encrypted(
  node: string,
  parameters: Parameters,
  world: SandboxWorld,
): Promise<string> {
  const key = await keyOf(parameters, world);
  if (key === null) return node;
  const bytes = await crypto.subtle.encrypt(cipher, key, utf8(node));
  return JSON.stringify(toBase64(new Uint8Array(bytes)));
}
