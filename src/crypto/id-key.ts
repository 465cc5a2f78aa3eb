/** The HMAC key that ids are derived with. `ID_KEY` never rotates: old ids must stay derivable. */
import { fromBase64 } from "./encoding.ts";
import { importHmacKey } from "./hmac.ts";

let imported: { readonly text: string; readonly key: CryptoKey } | null = null;

/** @throws Error when `ID_KEY` is not 32 bytes of base64. */
export async function idKeyOf(text: string): Promise<CryptoKey> {
  if (imported?.text === text) return imported.key;
  const bytes = fromBase64(text);
  if (bytes?.length !== 32) throw new Error("ID_KEY must be 32 bytes in base64");
  const key = await importHmacKey(bytes);
  imported = { text, key };
  return key;
}
