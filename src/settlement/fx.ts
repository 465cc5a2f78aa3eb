/**
 * Exchange rates, and what an amount is worth in another currency. Pure; a rate is a decimal string
 * from end to end and the arithmetic is of whole numbers, so that nothing is rounded but the result,
 * once, half up.
 */
import { DAY_MS } from "../days.ts";
import { CURRENCY_DECIMALS, type Money } from "../money.ts";

/** What one unit of `base` is worth in `quote` (major units), since when, and who says so. */
export interface FxRate {
  readonly base: string;
  readonly quote: string;
  /** A decimal of at most 10 places, above 0. */
  readonly rate: string;
  readonly source: string;
  /** Milliseconds since 1970. */
  readonly as_of: number;
}

/** An older rate is not locked on a payment: the market has moved on for longer than a day. */
export const FX_RATE_LIFETIME_MS = DAY_MS;

/** 12 and 10 places take every pair of currencies; no sign, no exponent. */
const RATE = /^(0|[1-9]\d{0,11})(?:\.(\d{1,10}))?$/;

/** A rate's digits and how many of them are decimals; null when it is not a rate. */
function parsed(rate: string): { readonly digits: bigint; readonly places: number } | null {
  const match = RATE.exec(rate);
  if (match === null) return null;
  const fraction = match[2] ?? "";
  const digits = BigInt(`${match[1] ?? ""}${fraction}`);
  return digits === 0n ? null : { digits, places: fraction.length };
}

export const isRate = (text: string): boolean => parsed(text) !== null;

/**
 * The amount in another currency, rounded half up to its minor units. Both currencies' decimals
 * count: at 150, USD 1.00 (100) is JPY 150 (150).
 * @param rate what one major unit of the amount's currency is worth in `quote`
 * @returns null when the rate is none, a currency is unknown, or numbers cannot hold the result
 */
export function convert({ currency, value }: Money, quote: string, rate: string): Money | null {
  const factor = parsed(rate);
  const [from, to] = [CURRENCY_DECIMALS[currency], CURRENCY_DECIMALS[quote]];
  if (factor === null || from === undefined || to === undefined) return null;
  const dividend = BigInt(value) * factor.digits * 10n ** BigInt(to);
  const divisor = 10n ** BigInt(from + factor.places);
  const converted = Number((2n * dividend + divisor) / (2n * divisor));
  return Number.isSafeInteger(converted) ? { currency: quote, value: converted } : null;
}

/** Whether a rate may be locked on a payment that is made now. */
export const isFresh = ({ as_of }: Pick<FxRate, "as_of">, now: number): boolean =>
  as_of <= now && now - as_of <= FX_RATE_LIFETIME_MS;

/** Whole seconds since the rate was true; 0 when it is from now. */
export const ageSeconds = ({ as_of }: Pick<FxRate, "as_of">, now: number): number =>
  Math.max(0, Math.floor((now - as_of) / 1_000));
