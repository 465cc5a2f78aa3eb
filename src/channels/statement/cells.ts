/**
 * What stands in cells: decimals, numbers of orders, words and times. They run once per cell of a
 * million lines. Null means that the cell cannot be read as that.
 */

/**
 * A decimal as an integer of 10^-`decimals`: ("6.9", 2) is 690, ("-0.01", 2) is -1. Places beyond
 * must be zeros. No exponent, no plus, no separators of thousands; unsafe integers are null.
 */
export function decimalOf(text: string, decimals: number): number | null {
  const negative = text.charCodeAt(0) === 45;
  let value = 0;
  let places = -1;
  let digits = 0;
  for (let at = negative ? 1 : 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 46 && places === -1 && digits > 0) {
      places = 0;
      continue;
    }
    if (code < 48 || code > 57) return null;
    digits++;
    if (places === decimals) {
      if (code !== 48) return null;
      continue;
    }
    value = value * 10 + (code - 48);
    if (places !== -1) places++;
  }
  if (digits === 0 || text.endsWith(".")) return null;
  for (let place = Math.max(places, 0); place < decimals; place++) value *= 10;
  if (!Number.isSafeInteger(value)) return null;
  return negative && value !== 0 ? -value : value;
}

/** Fewer places, half up from zero: (-1500, 5, 2) is -2. */
export function rounded(value: number, from: number, to: number): number {
  const unit = 10 ** (from - to);
  const size = Math.abs(value);
  const whole = (size - (size % unit)) / unit;
  const up = (size % unit) * 2 >= unit ? whole + 1 : whole;
  return value < 0 && up !== 0 ? -up : up;
}

/** Fewer places without losing any; null: something would be lost. */
export function exactly(value: number, from: number, to: number): number | null {
  const unit = 10 ** (from - to);
  return value % unit === 0 ? value / unit : null;
}

/** A formula's beginning, in the width of East Asian scripts too. */
const FORMULA = /^[=+\-@\s＝＋－＠]/;

/** Control characters, what turns or hides the text around it, and halves of characters. */
const UNSEEN =
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]/;

const LONGEST_NUMBER = 128;

/**
 * Whether this can be somebody's number of something. Attack: a "number" that is a formula to the
 * spreadsheet in which our report of it is opened, that reads otherwise on a screen than it is, or
 * that a database does not give back as it was.
 */
export const isNumber = (text: string): boolean =>
  text !== "" && text.length <= LONGEST_NUMBER && !FORMULA.test(text) && !UNSEEN.test(text);

/** Short words for states and kinds: the same attack, and nothing that a log would stumble over. */
export const isWord = (text: string): boolean => text.length <= 64 && isNumber(text);
