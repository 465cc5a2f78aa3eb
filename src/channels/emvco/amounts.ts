/** Amounts as text (EMVCo MPM 1.1 section 4.7.6), by string arithmetic: a float never holds money. */
import { type Result, err, ok } from "../../result.ts";
import { isDigits } from "./characters.ts";

/** Object 54: digits and the point together. */
export const AMOUNT_LIMIT = 13;

export type AmountFault =
  /** Not digits with at most one point between them. */
  | "shape"
  | "length"
  /** A code for nothing; wallets refuse it or ask for an amount. */
  | "zero"
  /** More decimals than the currency has. */
  | "fraction"
  /** Too large to count in minor units. */
  | "range";

export const AMOUNT_FAULTS: Readonly<Record<AmountFault, string>> = {
  shape: "not a plain decimal number",
  length: `an amount has at most ${AMOUNT_LIMIT} characters`,
  zero: "an amount must be more than zero",
  fraction: "more decimals than the currency has",
  range: "too large to count in minor units",
};

export interface AmountReading {
  /** Minor units; null when it cannot be told. */
  readonly value: number | null;
  readonly fault: AmountFault | null;
}

/**
 * Reads object 54 or 56. "98." is within the rules; a sign, a comma, an exponent is not.
 * @param decimals of the currency; null when that is unknown: only the shape is judged
 */
export function readAmount(text: string, decimals: number | null): AmountReading {
  const point = text.indexOf(".");
  const whole = point === -1 ? text : text.slice(0, point);
  const fraction = point === -1 ? "" : text.slice(point + 1);
  if (!isDigits(whole) || (fraction !== "" && !isDigits(fraction))) {
    return { value: null, fault: "shape" };
  }
  if (text.length > AMOUNT_LIMIT) return { value: null, fault: "length" };
  if (!/[1-9]/.test(text)) return { value: 0, fault: "zero" };
  if (decimals === null) return { value: null, fault: null };
  const beyond = fraction.slice(decimals);
  if (/[1-9]/.test(beyond)) return { value: null, fault: "fraction" };
  const value = Number(`${whole}${fraction.slice(0, decimals).padEnd(decimals, "0")}`);
  if (!Number.isSafeInteger(value)) return { value: null, fault: "range" };
  return { value, fault: beyond === "" ? null : "fraction" };
}

/**
 * Writes minor units: (422, 2) is "4.22", (1000000, 2, 0) is "10000".
 * @param written decimals to write, at most `decimals`; what is cut must be zero
 */
export function writeAmount(
  value: number,
  decimals: number,
  written: number = decimals,
): Result<string, AmountFault> {
  if (!Number.isSafeInteger(value) || value < 0) return err("shape");
  if (value === 0) return err("zero");
  const digits = String(value).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals);
  if (/[1-9]/.test(fraction.slice(written))) return err("fraction");
  const text = written === 0 ? whole : `${whole}.${fraction.slice(0, written)}`;
  return text.length > AMOUNT_LIMIT ? err("length") : ok(text);
}
