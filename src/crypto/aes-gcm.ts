import { type Result, err, ok } from "../result.ts";
import { fromBase64, fromUtf8Strict, toBase64, utf8 } from "./encoding.ts";

/**
 * AES-256-GCM as channels use it for fields and notifications: key and nonce are ASCII text, the
 * ciphertext is base64 of the encrypted bytes followed by the 16-byte tag.
 */
const KEY_BYTES = 32;
// Other lengths make GCM derive its counter by hashing, which the protocols never ask for.
const NONCE_BYTES = 12;

const importKey = (key: Uint8Array, usage: "encrypt" | "decrypt"): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", key, "AES-GCM", false, [usage]);

/**
 * The key of messages that others encrypt, for those who open many under one key.
 * @throws RangeError when it has another size.
 */
export async function importGcmKey(key: string): Promise<CryptoKey> {
  const bytes = utf8(key);
  if (bytes.length !== KEY_BYTES) throw new RangeError(`the key must be ${KEY_BYTES} bytes`);
  return importKey(bytes, "decrypt");
}

const parameters = (nonce: Uint8Array, associatedData: string) => ({
  name: "AES-GCM",
  iv: nonce,
  additionalData: utf8(associatedData),
  tagLength: 128,
});

/** Null when both sizes are right. Sizes are counted in UTF-8 bytes, not in characters. */
function wrongSize(key: Uint8Array, nonce: Uint8Array): string | null {
  if (key.length !== KEY_BYTES) return `the key must be ${KEY_BYTES} bytes`;
  return wrongNonce(nonce);
}

const wrongNonce = (nonce: Uint8Array): string | null =>
  nonce.length === NONCE_BYTES ? null : `the nonce must be ${NONCE_BYTES} bytes`;

/**
 * @param nonce never the same twice under one key: a repeated nonce lets a reader of two messages
 *   forge others.
 * @returns base64 of ciphertext and tag.
 * @throws RangeError when the key or the nonce has another size.
 */
export async function gcmEncrypt(
  key: string,
  nonce: string,
  associatedData: string,
  plaintext: string,
): Promise<string> {
  const [keyBytes, nonceBytes] = [utf8(key), utf8(nonce)];
  const problem = wrongSize(keyBytes, nonceBytes);
  if (problem !== null) throw new RangeError(problem);
  const sealed = await crypto.subtle.encrypt(
    parameters(nonceBytes, associatedData),
    await importKey(keyBytes, "encrypt"),
    utf8(plaintext),
  );
  return toBase64(new Uint8Array(sealed));
}

/**
 * The error says which step failed and repeats nothing of the input. Never throws: every argument
 * but the key comes from outside.
 * @param key its text, or {@link importGcmKey}'s
 */
export async function gcmDecrypt(
  key: string | CryptoKey,
  nonce: string,
  associatedData: string,
  ciphertextBase64: string,
): Promise<Result<string, string>> {
  const nonceBytes = utf8(nonce);
  const problem =
    typeof key === "string" ? wrongSize(utf8(key), nonceBytes) : wrongNonce(nonceBytes);
  if (problem !== null) return err(problem);
  const ciphertext = fromBase64(ciphertextBase64);
  if (ciphertext === null) return err("the ciphertext is not base64");
  let plain: ArrayBuffer;
  try {
    plain = await crypto.subtle.decrypt(
      parameters(nonceBytes, associatedData),
      typeof key === "string" ? await importKey(utf8(key), "decrypt") : key,
      ciphertext,
    );
  } catch {
    return err("the ciphertext does not authenticate");
  }
  const text = fromUtf8Strict(new Uint8Array(plain));
  return text === null ? err("the plaintext is not UTF-8") : ok(text);
}
