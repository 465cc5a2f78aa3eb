/**
 * The exchange rate that a new payment is settled at: looked up once, kept by the payment. Read from
 * D1 only where a payment crosses currencies, and then at most once in a while for each pair.
 */
import { SETTINGS_CACHE_MS } from "../constants.ts";
import { ExpiringCache } from "../expiring-cache.ts";
import type { LockedRate } from "../intent/record.ts";
import { describeError } from "../log.ts";
import type { Money } from "../money.ts";
import { convert, type FxRate, isFresh } from "../settlement/fx.ts";
import { database } from "../store/db.ts";
import { findRate } from "../store/fx-rates.ts";
import type { AppContext } from "./http.ts";

/** That a pair has no rate is remembered too: else each of its payments would ask. */
const knownRates = new ExpiringCache<{ readonly rate: FxRate | null }>(SETTINGS_CACHE_MS);

/** Forgets the rates in this isolate at once; others follow within `SETTINGS_CACHE_MS`. */
export const forgetRates = (): void => knownRates.clear();

/**
 * @param settlementCurrency null: the merchant is settled in whatever was paid
 * @returns null when nothing has to be converted, or no rate is known that is fresh enough. Money is
 *   not turned away for the want of a rate, nor because rates cannot be read.
 */
export async function lockedRate(
  c: AppContext,
  amount: Money,
  settlementCurrency: string | null,
): Promise<LockedRate | null> {
  const { currency: base } = amount;
  if (settlementCurrency === null || settlementCurrency === base) return null;
  const { now, log } = c.var;
  try {
    const known = await knownRates.get(`${base}/${settlementCurrency}`, now, async () => ({
      rate: await findRate(database(c.env.DB), base, settlementCurrency, now),
    }));
    const rate = known?.rate ?? null;
    if (rate === null || !isFresh(rate, now)) return null;
    if (convert(amount, settlementCurrency, rate.rate) === null) return null;
    return {
      currency: settlementCurrency,
      rate: rate.rate,
      source: rate.source,
      asOf: rate.as_of,
    };
  } catch (error) {
    log("warn", "fx.unread", { base, quote: settlementCurrency, error: describeError(error) });
    return null;
  }
}
