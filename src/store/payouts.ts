/** Money of a channel that has arrived at the merchant's bank. */
import { and, desc, eq, sql } from "drizzle-orm";

import type { LedgerEntry } from "../settlement/ledger.ts";
import type { Database } from "./db.ts";
import { inList } from "./json-list.ts";
import { addEntries } from "./ledger.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { payouts, settlements } from "./schema.ts";

export type PayoutRow = typeof payouts.$inferSelect;

const owned = (merchantId: string, livemode: boolean) =>
  and(eq(payouts.merchant_id, merchantId), eq(payouts.livemode, livemode));

/**
 * A payout, the ledger's entries of it and the batches that it pays, in one transaction. Attack: two
 * payouts at once would pay a batch twice; whoever comes second finds it paid, and nothing is
 * written.
 * @param expected what the batches together should bring, as they were read (minor units)
 * @returns whether the payout is there
 */
export async function addPayout(
  db: Database,
  row: PayoutRow,
  paid: { readonly settlementIds: readonly string[]; readonly expected: number },
  entries: readonly LedgerEntry[],
): Promise<boolean> {
  const { id, merchant_id, livemode, channel_account, currency, value } = row;
  const meant = sql`merchant_id = ${merchant_id} AND livemode = ${Number(livemode)}
    AND channel_account = ${channel_account} AND currency = ${currency} AND state = 'expected'
    AND id IN ${inList(paid.settlementIds)}`;
  const unchanged = sql`(SELECT count(*) = ${paid.settlementIds.length}
    AND sum(net) = ${paid.expected} FROM ${settlements} WHERE ${meant})`;
  const isThere = sql`EXISTS (SELECT 1 FROM ${payouts} WHERE id = ${id})`;
  await db.batch([
    db
      .insert(payouts)
      .select(
        // All columns in the order of the schema.
        sql`SELECT ${id}, ${merchant_id}, ${Number(livemode)}, ${channel_account}, ${currency},
          ${value}, ${row.bank_reference}, ${row.arrived_at}, ${row.created_at} WHERE ${unchanged}`,
      )
      .onConflictDoNothing(),
    ...addEntries(db, entries, isThere),
    db
      .update(settlements)
      .set({ state: "paid", payout_id: id, updated_at: row.created_at })
      .where(sql`${meant} AND ${isThere}`),
  ]);
  return (await findPayout(db, merchant_id, livemode, id)) !== null;
}

export async function findPayout(
  db: Database,
  merchantId: string,
  livemode: boolean,
  id: string,
): Promise<PayoutRow | null> {
  const row = await db
    .select()
    .from(payouts)
    .where(and(owned(merchantId, livemode), eq(payouts.id, id)))
    .get();
  return row ?? null;
}

export const listPayouts = (
  db: Database,
  merchantId: string,
  livemode: boolean,
  page: PageRequest,
): Promise<PayoutRow[]> =>
  db
    .select()
    .from(payouts)
    .where(and(owned(merchantId, livemode), olderThan(payouts.created_at, payouts.id, page.before)))
    .orderBy(desc(payouts.created_at), desc(payouts.id))
    .limit(page.limit);

/** The batches that the payouts paid, oldest day first. */
export const paidBy = (
  db: Database,
  merchantId: string,
  livemode: boolean,
  payoutIds: readonly string[],
): Promise<{ id: string; payout_id: string | null }[]> =>
  db
    .select({ id: settlements.id, payout_id: settlements.payout_id })
    .from(settlements)
    .where(
      and(
        eq(settlements.merchant_id, merchantId),
        eq(settlements.livemode, livemode),
        sql`${settlements.payout_id} IN ${inList(payoutIds)}`,
      ),
    )
    .orderBy(settlements.day, settlements.id);
