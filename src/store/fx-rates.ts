/** Exchange rates. Rows are added, never changed: what a payment was locked at can be looked up. */
import { and, desc, eq, lte, sql } from "drizzle-orm";

import { CURRENCIES } from "../money.ts";
import type { FxRate } from "../settlement/fx.ts";
import type { AlsoItem } from "./audit-log.ts";
import type { Database } from "./db.ts";
import { fxRates } from "./schema.ts";

export type FxRateRow = typeof fxRates.$inferSelect;

/** The newest rate of a pair that is true by now. */
export async function findRate(
  db: Database,
  base: string,
  quote: string,
  now: number,
): Promise<FxRateRow | null> {
  const isPair = and(eq(fxRates.base, base), eq(fxRates.quote, quote));
  const row = await db
    .select()
    .from(fxRates)
    .where(and(isPair, lte(fxRates.as_of, now)))
    .orderBy(desc(fxRates.as_of))
    .limit(1)
    .get();
  return row ?? null;
}

const PAIRS = JSON.stringify(
  CURRENCIES.flatMap((base) => CURRENCIES.map((quote) => [base, quote])),
);

/**
 * The newest rate of each pair, in their order. Every pair that could be is looked up by itself: the
 * cost does not grow with the history.
 */
export const listCurrentRates = (db: Database): Promise<FxRateRow[]> => {
  const { base, quote, as_of } = fxRates;
  const newest = sql`SELECT value ->> 0, value ->> 1, (SELECT max(past.as_of)
      FROM ${fxRates} AS past WHERE past.base = value ->> 0 AND past.quote = value ->> 1)
    FROM json_each(${PAIRS})`;
  return db
    .select()
    .from(fxRates)
    .where(sql`(${base}, ${quote}, ${as_of}) IN (${newest})`)
    .orderBy(base, quote);
};

/**
 * A page of a pair's history, the newest first.
 * @param before where it goes on: behind the rate of this time (milliseconds since 1970)
 */
export const listRateHistory = (
  db: Database,
  base: string,
  quote: string,
  limit: number,
  before: number | null,
): Promise<FxRateRow[]> =>
  db
    .select()
    .from(fxRates)
    .where(
      and(
        eq(fxRates.base, base),
        eq(fxRates.quote, quote),
        before === null ? undefined : sql`${fxRates.as_of} < ${before}`,
      ),
    )
    .orderBy(desc(fxRates.as_of))
    .limit(limit);

/**
 * Adds a rate. One that is there with the same time stays.
 * @param also what stands behind the change, such as its entry in the audit log
 * @returns the row that is there now: this one, or the one that was there before
 */
export async function addRate(
  db: Database,
  rate: FxRate,
  now: number,
  also: readonly AlsoItem[],
): Promise<FxRateRow> {
  const isRow = and(
    eq(fxRates.base, rate.base),
    eq(fxRates.quote, rate.quote),
    eq(fxRates.as_of, rate.as_of),
  );
  const insert = db
    .insert(fxRates)
    .values({ ...rate, created_at: now })
    .onConflictDoNothing();
  const results = await db.batch([insert, ...also, db.select().from(fxRates).where(isRow)]);
  const [row] = results.at(-1) as FxRateRow[];
  if (row === undefined) throw new Error("a rate that was added is there");
  return row;
}
