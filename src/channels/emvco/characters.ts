/** The alphabets of EMVCo MPM 1.1 section 3.4, and characters (code points) instead of code units. */

export function isDigits(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return false;
  }
  return text !== "";
}

/** "ans": the common character set, printable ASCII. */
export function isCommon(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

/**
 * "S": precomposed Unicode without control characters. Decomposed text would look the same in two
 * codes and have another length and CRC; a byte-order mark would not be seen at all.
 */
export const isText = (text: string): boolean =>
  isCommon(text) ||
  (text.isWellFormed() && !/[\p{Cc}\ufeff]/u.test(text) && text.normalize("NFC") === text);

const SURROGATE = /[\ud800-\udfff]/;

/** A text by characters; a string is one already unless it holds surrogate pairs. */
export interface Characters {
  readonly length: number;
  slice(from: number, to: number): string;
}

export function charactersOf(text: string): Characters {
  if (!SURROGATE.test(text)) return text;
  const characters = Array.from(text);
  return {
    length: characters.length,
    slice: (from, to) => characters.slice(from, to).join(""),
  };
}

export function characterCount(text: string): number {
  // Most texts are short and ASCII: a loop is over before a regular expression has begun.
  for (let at = 0; at < text.length; at += 1) {
    if (text.charCodeAt(at) >= 0xd800) return charactersOf(text).length;
  }
  return text.length;
}

/** Without the line break that scanners put behind what they read. */
export function trimLineEnd(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === "\n" || text[end - 1] === "\r")) end -= 1;
  return text.slice(0, end);
}

/** UTF-8 bytes of one character. */
export function byteCount(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

/**
 * A name as it may stand in objects 59 and 60: accents go, other scripts go, blanks collapse, and
 * the rest is cut. A name in another script belongs into the language template (64) as well.
 * @param fallback when nothing readable is left
 */
export function plainName(
  text: string | null | undefined,
  limit: number,
  fallback: string,
): string {
  if (text === undefined || text === null || text === "") return fallback;
  const isPlain = text.length <= limit && isCommon(text);
  if (isPlain && !text.includes("  ") && text.trim() === text) return text;
  const plain = text
    .normalize("NFKD")
    .replaceAll(/[^ -~]+/g, (other) => (/\s/.test(other) ? " " : ""))
    .replaceAll(/ {2,}/g, " ")
    .trim()
    .slice(0, limit)
    .trimEnd();
  return plain === "" ? fallback : plain;
}
