/** The RSA keys that merchants paste, looked at when an account is saved. */
import { readPrivateKey } from "../crypto/pem.ts";
import { modulusBits } from "../crypto/rsa-der.ts";
import { importSigningKey, publicKeyOf } from "../crypto/rsa.ts";
import { err, ok, type Result } from "../result.ts";

/** Shorter keys can be factored, and no channel takes them. */
const MODULUS_BITS_MIN = 2_048;

/** @param spki SPKI DER; false also for what is no RSA key */
export const isLongEnough = (spki: Uint8Array): boolean =>
  (modulusBits(spki) ?? 0) >= MODULUS_BITS_MIN;

/**
 * The public half (SPKI DER) of a private key that can sign; the error says what is wrong with the
 * key and never repeats it.
 */
export async function examineOwnKey(text: string): Promise<Result<Uint8Array, string>> {
  const pkcs8 = readPrivateKey(text);
  if (!pkcs8.ok) return pkcs8;
  try {
    const spki = await publicKeyOf(pkcs8.value);
    // WebCrypto looks closer than the DER reader: what it cannot import cannot sign.
    await importSigningKey(pkcs8.value);
    return isLongEnough(spki) ? ok(spki) : err("is shorter than 2048 bits");
  } catch {
    return err("is not a usable RSA private key");
  }
}
