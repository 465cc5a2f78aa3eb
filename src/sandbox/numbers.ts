/**
 * Merchant numbers and names of simulated channels. They are derived and not stored, so that every
 * isolate agrees on them, and none of them is a secret.
 */

const MASK_64 = (1n << 64n) - 1n;

/** FNV-1a, 64 bits: spreads well and is synchronous. Nothing relies on it being hard to invert. */
function spread(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < text.length; index += 1) {
    hash = ((hash ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n) & MASK_64;
  }
  return hash;
}

/** Decimal digits that a text always leads to. */
export const digits = (text: string, length: number): string => {
  let out = "";
  for (let part = 0; out.length < length; part += 1) out += spread(`${part}:${text}`).toString();
  // From the end: the first digits of a number are not evenly spread.
  return out.slice(-length);
};

/** Lower-case hexadecimal digits that a text always leads to. */
export const hex = (text: string, length: number): string => {
  let out = "";
  for (let part = 0; out.length < length; part += 1) {
    out += spread(`${part}:${text}`).toString(16).padStart(16, "0");
  }
  return out.slice(0, length);
};

/** Two digits at the end of a number, so that a mistyped one is not taken for somebody's. */
export const checkDigits = (body: string): string =>
  (97n - (BigInt(body) % 97n)).toString().padStart(2, "0");
