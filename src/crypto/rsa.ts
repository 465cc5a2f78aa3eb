import { type Result, err, ok } from "../result.ts";
import { fromBase64, fromUtf8Strict, toBase64, toBytes, utf8 } from "./encoding.ts";
import { modulusBits, publicHalf } from "./rsa-der.ts";

const SIGNATURE = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
// SHA-1 is what the protocols fixed (WeChat Pay's sensitive fields). It is only the padding's mask
// here, where its collisions do not matter.
const OAEP = { name: "RSA-OAEP", hash: "SHA-1" };
/** RFC 8017 7.1.1: two hashes of 20 bytes and two bytes of padding. */
const OAEP_OVERHEAD_BYTES = 42;

/**
 * Importing costs far more than signing: callers keep the key.
 * @throws DOMException when the numbers of the key do not belong together.
 */
export const importSigningKey = (pkcs8: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.importKey("pkcs8", pkcs8, SIGNATURE, false, ["sign"]);

/** @throws DOMException when this is not an RSA key in SPKI. */
export const importVerifyingKey = (spki: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.importKey("spki", spki, SIGNATURE, false, ["verify"]);

/** RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 8.2) over the text in UTF-8. Standard base64. */
export async function signSha256(key: CryptoKey, message: string | Uint8Array): Promise<string> {
  const signature = await crypto.subtle.sign(SIGNATURE.name, key, toBytes(message));
  return toBase64(new Uint8Array(signature));
}

/**
 * False for everything that is not the signature of this message: base64 that does not decode (as
 * WeChat's probe signatures), a wrong length, a wrong value. Give it the bytes that arrived, not
 * text made from them: decoding may repair what the sender did not sign.
 */
export async function verifySha256(
  key: CryptoKey,
  message: string | Uint8Array,
  signatureBase64: string,
): Promise<boolean> {
  const signature = fromBase64(signatureBase64);
  if (signature === null) return false;
  return crypto.subtle.verify(SIGNATURE.name, key, signature, toBytes(message));
}

/**
 * RSA-OAEP with SHA-1 and MGF1-SHA1, as base64; another value every time.
 * @throws RangeError when the text is too long: 214 bytes of UTF-8 fit a key of 2048 bits.
 */
export async function oaepEncrypt(spki: Uint8Array, text: string): Promise<string> {
  const plain = utf8(text);
  const limit = Math.ceil((modulusBits(spki) ?? 0) / 8) - OAEP_OVERHEAD_BYTES;
  if (plain.length > limit) throw new RangeError(`RSA-OAEP: the text is over ${limit} bytes`);
  const key = await crypto.subtle.importKey("spki", spki, OAEP, false, ["encrypt"]);
  return toBase64(new Uint8Array(await crypto.subtle.encrypt(OAEP.name, key, plain)));
}

/**
 * One error for every way a ciphertext can be wrong: telling them apart would let a sender decrypt
 * by asking many times (Manger's attack).
 * @throws DOMException when the key itself is unusable.
 */
export async function oaepDecrypt(
  pkcs8: Uint8Array,
  ciphertextBase64: string,
): Promise<Result<string, string>> {
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, OAEP, false, ["decrypt"]);
  const failed = err("the field cannot be decrypted with this key");
  const ciphertext = fromBase64(ciphertextBase64);
  if (ciphertext === null) return failed;
  let plain: ArrayBuffer;
  try {
    plain = await crypto.subtle.decrypt(OAEP.name, key, ciphertext);
  } catch {
    return failed;
  }
  const text = fromUtf8Strict(new Uint8Array(plain));
  return text === null ? failed : ok(text);
}

/**
 * SPKI DER of the public half, for the check whether two keys are a pair.
 * @throws TypeError when this is not an RSA private key.
 */
export async function publicKeyOf(pkcs8: Uint8Array): Promise<Uint8Array> {
  const spki = publicHalf(pkcs8);
  if (!spki.ok) throw new TypeError(spki.error);
  return spki.value;
}

/** A new pair of 2048 bits: PKCS#8 and SPKI. */
export async function generateRsaPair(): Promise<{
  privateKey: Uint8Array;
  publicKey: Uint8Array;
}> {
  const pair = await crypto.subtle.generateKey(
    { ...SIGNATURE, modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) },
    true,
    ["sign", "verify"],
  );
  if (!("privateKey" in pair)) throw new TypeError("generateKey made no pair");
  const [privateKey, publicKey] = await Promise.all([
    exported("pkcs8", pair.privateKey),
    exported("spki", pair.publicKey),
  ]);
  return { privateKey, publicKey };
}

async function exported(format: "pkcs8" | "spki", key: CryptoKey): Promise<Uint8Array> {
  const data = await crypto.subtle.exportKey(format, key);
  if (!(data instanceof ArrayBuffer)) throw new TypeError(`exportKey gave no ${format}`);
  return new Uint8Array(data);
}
