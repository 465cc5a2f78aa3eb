import { TAG } from "./der.ts";
import { concat } from "./encoding.ts";

/** Writing DER (ITU-T X.690): every length in its shortest form, every number without padding. */

/** One element with its length in the shortest form. */
export function derElement(
  tag: number,
  ...content: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const body = concat(...content);
  const length: number[] = [];
  for (let left = body.length; left > 0; left = Math.floor(left / 256)) length.unshift(left % 256);
  const head = body.length < 0x80 ? [body.length] : [0x80 | length.length, ...length];
  return concat(Uint8Array.of(tag, ...head), body);
}

export const derSequence = (...members: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  derElement(TAG.sequence, ...members);

/** @param bytes an unsigned number, most significant byte first, with or without leading zeros. */
export function derInteger(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start === -1 ? Uint8Array.of(0) : bytes.subarray(start);
  const sign = (digits[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array();
  return derElement(TAG.integer, sign, digits);
}

/** A BIT STRING of whole bytes. */
export const derBitString = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  derElement(TAG.bitString, Uint8Array.of(0), bytes);

export const derNull = (): Uint8Array<ArrayBuffer> => derElement(TAG.null);

/** @param dotted a well-formed constant of the caller, such as `1.2.840.113549.1.1.1`. */
export function derOid(dotted: string): Uint8Array<ArrayBuffer> {
  const [root = 0, second = 0, ...others] = dotted.split(".").map(Number);
  const bytes = [root * 40 + second, ...others].flatMap((arc) => {
    const digits = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      digits.unshift(0x80 | (left % 128));
    }
    return digits;
  });
  return derElement(TAG.oid, Uint8Array.from(bytes));
}
