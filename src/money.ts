/** Money is an integer of minor units beside an ISO 4217 code. Never a float, also not inside. */

export interface Money {
  readonly currency: string;
  /** Minor units: 699 is CNY 6.99 and JPY 699. */
  readonly value: number;
}

/** Currencies that the channels settle in, with their number of decimal places (ISO 4217). */
export const CURRENCY_DECIMALS: Readonly<Record<string, number>> = {
  AUD: 2, CAD: 2, CHF: 2, CNY: 2, EUR: 2, GBP: 2, HKD: 2, IDR: 2, JPY: 0, KRW: 0, MOP: 2, MYR: 2,
  NZD: 2, PHP: 2, SGD: 2, THB: 2, TWD: 2, USD: 2, VND: 0,
}; // prettier-ignore

export const CURRENCIES = Object.keys(CURRENCY_DECIMALS) as [string, ...string[]];

/**
 * Attack: a sum that a number no longer holds exactly, and that is shown or asked for all the same.
 * @throws RangeError beyond 2^53
 */
export function exact(value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError("a sum is larger than numbers are");
  return value;
}

export const sameMoney = (a: Money, b: Money): boolean =>
  a.currency === b.currency && a.value === b.value;

/**
 * Minor units as a decimal string with exactly `decimals` places: (699, 2) is "6.99".
 * @throws RangeError on anything but a non-negative safe integer.
 */
export function toDecimal(value: number, decimals: number): string {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError("money must be a non-negative safe integer of minor units");
  }
  if (decimals === 0) return String(value);
  const digits = String(value).padStart(decimals + 1, "0");
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/**
 * A decimal string as minor units, by string arithmetic: ("6.99", 2) is 699, ("6.9", 2) is 690.
 * Null when it is not a plain non-negative decimal, has more places than the currency, or is unsafe.
 */
export function fromDecimal(text: string, decimals: number): number | null {
  const match = /^(0|[1-9]\d{0,15})(?:\.(\d+))?$/.exec(text);
  if (match === null) return null;
  const fraction = match[2] ?? "";
  const kept = fraction.slice(0, decimals).padEnd(decimals, "0");
  if (/[1-9]/.test(fraction.slice(decimals))) return null;
  const value = Number(`${match[1] ?? ""}${kept}`);
  return Number.isSafeInteger(value) ? value : null;
}

/** Major units with all the currency's places: "6.99". */
export const decimalOf = ({ currency, value }: Money): string =>
  toDecimal(value, CURRENCY_DECIMALS[currency] ?? 2);

/** For people: "CNY 6.99". */
export const formatMoney = (money: Money): string => `${money.currency} ${decimalOf(money)}`;
