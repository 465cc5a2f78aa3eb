/**
 * The one string a merchant holds: `sk_test_<id12>_<secret32>` or `sk_liv_<id12>_<secret32>`,
 * base62. The first half names the key, the second proves it: as a bearer token, or as the HMAC
 * key of a signed request (API.md section 1).
 */
import type { RandomBytes } from "../ids.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 12;
const SECRET_LENGTH = 32;

export interface ApiKeyString {
  /** `sk_test_<id12>`: not secret. */
  readonly publicId: string;
  readonly secret: string;
  readonly livemode: boolean;
}

/** Uniform base62: bytes past the last multiple of 62 are thrown away, not wrapped around. */
function base62(length: number, random: RandomBytes): string {
  let text = "";
  while (text.length < length) {
    for (const byte of random(length)) {
      if (byte < 248 && text.length < length) text += BASE62[byte % 62] ?? "";
    }
  }
  return text;
}

const prefix = (livemode: boolean) => (livemode ? "sk_liv" : "sk_test");

/** A new key with 190 bits of secret. */
export const newApiKey = (livemode: boolean, random: RandomBytes): ApiKeyString => ({
  publicId: `${prefix(livemode)}_${base62(ID_LENGTH, random)}`,
  secret: base62(SECRET_LENGTH, random),
  livemode,
});

export const formatApiKey = (key: ApiKeyString): string => `${key.publicId}_${key.secret}`;

const KEY = new RegExp(
  `^(sk_(test|liv)_[0-9A-Za-z]{${ID_LENGTH}})_([0-9A-Za-z]{${SECRET_LENGTH}})$`,
);

/** Null when the text has not the form of a key. */
export function parseApiKey(text: string): ApiKeyString | null {
  const match = KEY.exec(text);
  const [, publicId, mode, secret] = match ?? [];
  if (publicId === undefined || secret === undefined) return null;
  return { publicId, secret, livemode: mode === "liv" };
}

/** Whether a text has the form of a key's public half. */
export const isPublicKeyId = (text: string): boolean =>
  new RegExp(`^sk_(test|liv)_[0-9A-Za-z]{${ID_LENGTH}}$`).test(text);
