/** What of the ledger the platform's invoices are made of, and of the shares that are under way. */
import { and, eq, gt, inArray, sql } from "drizzle-orm";

import type { Owner } from "../owner.ts";
import { OWED_KINDS, type OwedKind, type OwedSum } from "../settlement/invoices.ts";
import { LONGEST_UNDER_WAY_MS } from "../settlement/splits.ts";
import type { Database } from "./db.ts";
import { inList } from "./json-list.ts";
import { channelOf } from "./ledger.ts";
import {
  channelAccounts,
  ledgerEntries,
  merchants,
  paymentIntents,
  refunds,
  splits,
} from "./schema.ts";

/** When the merchant's first entry happened (ms since 1970); null: there is none. */
export async function firstEntryAt(db: Database, books: Owner): Promise<number | null> {
  const { merchant_id, livemode, at } = ledgerEntries;
  const row = await db
    .select({ at })
    .from(ledgerEntries)
    .where(and(eq(merchant_id, books.merchantId), eq(livemode, books.livemode)))
    .orderBy(at)
    .limit(1)
    .get();
  return row?.at ?? null;
}

/**
 * What the merchant came to owe the platform between two moments (ms since 1970, the last not
 * included), by channel account.
 */
export const owedSums = (
  db: Database,
  { merchantId, livemode }: Owner,
  from: number,
  to: number,
): Promise<OwedSum[]> =>
  db.all(sql`
    SELECT own.currency, own.kind, count(*) AS count, sum(own.value) AS value,
      substr(${channelOf("own")}, 9) AS account
    FROM ${ledgerEntries} AS own
    WHERE own.merchant_id = ${merchantId} AND own.livemode = ${Number(livemode)}
      AND own.at >= ${from} AND own.at < ${to}
      AND own.kind IN ${inList(OWED_KINDS)}
    GROUP BY own.currency, own.kind, account`);

/** {@link owedSums} without the accounts: for months that are only carried over. */
export const owedTotals = (
  db: Database,
  { merchantId, livemode }: Owner,
  from: number,
  to: number,
): Promise<OwedSum[]> => {
  const { kind, currency, value, at, merchant_id } = ledgerEntries;
  return db
    .select({
      currency,
      kind: sql<OwedKind>`${kind}`,
      account: sql<null>`NULL`,
      count: sql<number>`count(*)`,
      value: sql<number>`sum(${value})`,
    })
    .from(ledgerEntries)
    .where(
      and(
        eq(merchant_id, merchantId),
        eq(ledgerEntries.livemode, livemode),
        sql`${at} >= ${from} AND ${at} < ${to}`,
        inArray(kind, OWED_KINDS),
      ),
    )
    .groupBy(currency, kind);
};

/**
 * Shares of payments before a month's end (ms since 1970) that the channel moved after it, or still
 * may: with all that is owed for such a payment, the next invoice sees what became of it. Returns
 * with refunds before the end in the same way, where the share itself was there by then.
 */
export const underWay = (
  db: Database,
  { merchantId, livemode }: Owner,
  end: number,
): Promise<OwedSum[]> => {
  const isUnderWay = (share: string) => sql`(${sql.raw(share)}.next_at IS NOT NULL
    OR ${sql.raw(share)}.state = 'succeeded' AND ${sql.raw(share)}.updated_at >= ${end})`;
  return db.all(sql`
    SELECT s.currency, iif(s.kind = 'split', 'share_under_way', 'return_under_way') AS kind,
      s.channel_account AS account, count(*) AS count,
      sum(iif(s.kind = 'return', s.value, (p.snapshot ->> '$.fee.value') - (
        SELECT coalesce(sum(snapshot ->> '$.fee.value'), 0) FROM ${refunds}
        WHERE payment_intent = p.id AND succeeded_at < ${end}))) AS value
    FROM ${splits} AS s
    CROSS JOIN ${paymentIntents} AS p ON p.id = s.payment_intent
    LEFT JOIN ${refunds} AS r ON r.id = s.refund
    LEFT JOIN ${splits} AS whole ON s.kind = 'return'
      AND whole.id = 'sp_' || substr(s.payment_intent, 4)
    WHERE s.merchant_id = ${merchantId} AND s.livemode = ${Number(livemode)}
      AND s.created_at >= ${end - LONGEST_UNDER_WAY_MS}
      AND ${isUnderWay("s")}
      AND CASE s.kind WHEN 'split' THEN p.succeeded_at ELSE r.succeeded_at END < ${end}
      AND (s.kind = 'return' OR s.id = 'sp_' || substr(s.payment_intent, 4))
      AND (whole.id IS NULL OR NOT ${isUnderWay("whole")})
    GROUP BY 1, 2, 3`);
};

export interface AccountName {
  readonly id: string;
  readonly display_name: string;
  readonly channel: string;
}

export const accountNames = (db: Database, ids: readonly string[]): Promise<AccountName[]> => {
  const { id, display_name, channel } = channelAccounts;
  return db
    .select({ id, display_name, channel })
    .from(channelAccounts)
    .where(sql`${id} IN ${inList(ids)}`);
};

/** Merchants with anything in their ledger, in the order of their ids, behind `after`. */
export const merchantsWithEntries = async (
  db: Database,
  after: string,
  limit: number,
): Promise<string[]> => {
  const hasEntries = sql`EXISTS (
    SELECT 1 FROM ${ledgerEntries} WHERE ${ledgerEntries.merchant_id} = ${merchants.id})`;
  const rows = await db
    .select({ id: merchants.id })
    .from(merchants)
    .where(and(gt(merchants.id, after), hasEntries))
    .orderBy(merchants.id)
    .limit(limit);
  return rows.map(({ id }) => id);
};
