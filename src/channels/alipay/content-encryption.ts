/**
 * "Interface content encryption" of Alipay's manual, for applications that have it switched on:
 * AES-128-CBC with PKCS #7 padding and sixteen zero bytes in the place of an initial vector. That
 * hides content from a proxy in between and protects nothing else: equal contents look equal, and
 * only the signature, which covers the ciphertext, says who wrote it. So nothing is decrypted that
 * is not authentic, which also leaves nobody a padding to probe.
 */
import { fromBase64, fromUtf8Strict, toBase64, utf8 } from "../../crypto/encoding.ts";

const KEY_BYTES = 16;

const CIPHER = { name: "AES-CBC", iv: new Uint8Array(16) };

/** The key as Alipay's console shows it, base64; null when it is not one. */
export async function importContentKey(text: string): Promise<CryptoKey | null> {
  const bytes = fromBase64(text.trim());
  if (bytes?.length !== KEY_BYTES) return null;
  return crypto.subtle.importKey("raw", bytes, "AES-CBC", false, ["encrypt", "decrypt"]);
}

/** Base64. */
export const encryptContent = async (key: CryptoKey, text: string): Promise<string> =>
  toBase64(new Uint8Array(await crypto.subtle.encrypt(CIPHER, key, utf8(text))));

/** Null when it was not encrypted with this key. */
export async function decryptContent(key: CryptoKey, base64: string): Promise<string | null> {
  const bytes = fromBase64(base64);
  if (bytes === null) return null;
  try {
    return fromUtf8Strict(new Uint8Array(await crypto.subtle.decrypt(CIPHER, key, bytes)));
  } catch {
    return null;
  }
}
