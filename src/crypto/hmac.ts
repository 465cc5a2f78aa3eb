import { toBase64, toBytes, toHex } from "./encoding.ts";

const HMAC_SHA256 = { name: "HMAC", hash: "SHA-256" };

/**
 * An HMAC-SHA256 key that can sign and cannot be exported. Text is taken as UTF-8; secrets written
 * in base64 or hex are decoded by the caller.
 * @throws RangeError on an empty secret: anyone could compute its signatures.
 */
export async function importHmacKey(secret: string | Uint8Array): Promise<CryptoKey> {
  const bytes = toBytes(secret);
  if (bytes.length === 0) throw new RangeError("an HMAC secret must not be empty");
  return crypto.subtle.importKey("raw", bytes, HMAC_SHA256, false, ["sign"]);
}

const mac = async (key: CryptoKey, message: string | Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.sign("HMAC", key, toBytes(message)));

/** Lower case hex. Compare with `sameSecret`, never with `===`. */
export const hmacHex = async (key: CryptoKey, message: string | Uint8Array): Promise<string> =>
  toHex(await mac(key, message));

/** Standard base64. Compare with `sameSecret`, never with `===`. */
export const hmacBase64 = async (key: CryptoKey, message: string | Uint8Array): Promise<string> =>
  toBase64(await mac(key, message));
