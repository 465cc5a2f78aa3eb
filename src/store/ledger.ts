/** The ledger's rows. They are only ever added; one that is there stays as it is. */
import { and, desc, eq, lte, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";

import type { Movement } from "../settlement/balances.ts";
import { ENTRY_KINDS, type EntryKind, type LedgerEntry } from "../settlement/ledger.ts";
import type { Database } from "./db.ts";
import { selectRows } from "./json-list.ts";
import { olderWithin, type PageRequest, type TimeRange } from "./page.ts";
import { ledgerEntries } from "./schema.ts";

/**
 * For a batch: any number of entries in one statement, nothing for none. One that is there stays as
 * it is.
 * @param when what must hold in the batch, such as a row that an earlier statement adds
 */
export const addEntries = (
  db: Database,
  entries: readonly LedgerEntry[],
  when?: SQL,
): BatchItem<"sqlite">[] =>
  entries.length === 0
    ? []
    : [
        db
          .insert(ledgerEntries)
          .select(selectRows(ledgerEntries, entries, when))
          .onConflictDoNothing(),
      ];

/** What an entry itself says of it. */
const named = (entry: string): SQL =>
  sql.raw(`CASE WHEN ${entry}.debit LIKE 'channel:%' THEN ${entry}.debit
    WHEN ${entry}.credit LIKE 'channel:%' THEN ${entry}.credit END`);

/**
 * An entry's channel account as it is named in the ledger, `channel:ca_…`. Fees name none: what was
 * paid or given back does, and it stands beside them, of the same time and cause.
 * @param entry what the query calls the entry
 * @returns SQL, null where nothing stands beside it
 */
export function channelOf(entry: string): SQL {
  const { gross, fee, refund, fee_refund } = ENTRY_KINDS;
  const own = sql.raw(entry);
  const code = sql`CASE substr(${own}.id, 4, 1)
    WHEN ${fee.code} THEN ${gross.code} WHEN ${fee_refund.code} THEN ${refund.code} END`;
  return sql`coalesce(${named(entry)}, (SELECT ${named("beside")} FROM ${ledgerEntries} AS beside
    WHERE beside.merchant_id = ${own}.merchant_id AND beside.livemode = ${own}.livemode
      AND beside.at = ${own}.at AND beside.id = 'le_' || ${code} || substr(${own}.id, 5)))`;
}

const owned = (merchantId: string, livemode: boolean) =>
  and(eq(ledgerEntries.merchant_id, merchantId), eq(ledgerEntries.livemode, livemode));

export interface EntryFilter extends TimeRange {
  readonly kind?: EntryKind | undefined;
  readonly currency?: string | undefined;
  readonly cause?: string | undefined;
}

/** An entry under the names that pages go by: its time is when it happened. */
export type EntryRow = typeof ledgerEntries.$inferSelect & { readonly created_at: number };

/** The newest first, by when they happened. */
export async function listEntries(
  db: Database,
  merchantId: string,
  livemode: boolean,
  filter: EntryFilter,
  page: PageRequest,
): Promise<EntryRow[]> {
  const { at, id, kind, currency, cause } = ledgerEntries;
  const rows = await db
    .select()
    .from(ledgerEntries)
    .where(
      and(
        owned(merchantId, livemode),
        filter.kind === undefined ? undefined : eq(kind, filter.kind),
        filter.currency === undefined ? undefined : eq(currency, filter.currency),
        filter.cause === undefined ? undefined : eq(cause, filter.cause),
        olderWithin(at, id, filter, page.before),
      ),
    )
    .orderBy(desc(at), desc(id))
    .limit(page.limit);
  return rows.map((row) => ({ ...row, created_at: row.at }));
}

/**
 * What has moved between each two accounts up to a moment: one walk along the merchant's entries.
 * `recorded_at`: when the latest of them was written down. Behind `asOf` it tells that whoever asked
 * the same then was told something else.
 * @param asOf milliseconds since 1970, included
 */
export const readMovements = (
  db: Database,
  merchantId: string,
  livemode: boolean,
  asOf: number,
): Promise<(Movement & { readonly recorded_at: number })[]> => {
  const { currency, debit, credit, value, at, recorded_at } = ledgerEntries;
  return db
    .select({
      currency,
      debit,
      credit,
      value: sql<number>`sum(${value})`,
      recorded_at: sql<number>`max(${recorded_at})`,
    })
    .from(ledgerEntries)
    .where(and(owned(merchantId, livemode), lte(at, asOf)))
    .groupBy(currency, debit, credit);
};
