/** What each day of an account should bring, and whether it has arrived. */
import { and, desc, eq, gte, inArray, lt, lte, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";

import { entryOf } from "../settlement/ledger.ts";
import type { BookedSum } from "../settlement/totals.ts";
import type { ChannelAccountRow } from "./channel-accounts.ts";
import type { Database } from "./db.ts";
import { inList } from "./json-list.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { ledgerEntries, settlements } from "./schema.ts";

export type SettlementRow = typeof settlements.$inferSelect;

const owned = (merchantId: string, livemode: boolean) =>
  and(eq(settlements.merchant_id, merchantId), eq(settlements.livemode, livemode));

/**
 * What the ledger has of accounts between two moments (ms since 1970, the last not included).
 * @param ids of the accounts, all of one merchant and mode
 */
export const bookedSums = (
  db: Database,
  owner: Pick<ChannelAccountRow, "merchant_id" | "livemode">,
  ids: readonly string[],
  from: number,
  to: number,
): Promise<BookedSum[]> => {
  const { merchant_id, livemode, at, kind, currency, debit, credit, value } = ledgerEntries;
  const names = inList(ids.map((id) => `channel:${id}`));
  return db
    .select({
      currency,
      kind: sql<BookedSum["kind"]>`${kind}`,
      count: sql<number>`count(*)`,
      value: sql<number>`sum(${value})`,
    })
    .from(ledgerEntries)
    .where(
      and(
        eq(merchant_id, owner.merchant_id),
        eq(livemode, owner.livemode),
        gte(at, from),
        lt(at, to),
        inArray(kind, ["gross", "refund", "split", "split_return"]),
        sql`(${debit} IN ${names} OR ${credit} IN ${names})`,
      ),
    )
    .groupBy(currency, kind);
};

export const settlementsOfDay = (
  db: Database,
  account: string,
  day: string,
): Promise<SettlementRow[]> =>
  db
    .select()
    .from(settlements)
    .where(and(eq(settlements.channel_account, account), eq(settlements.day, day)));

/**
 * For a batch: writes a day's numbers down. A batch that has been paid stays as it is; numbers from
 * our own books never replace a statement's.
 */
export function putSettlement(db: Database, row: SettlementRow): BatchItem<"sqlite">[] {
  const { id, created_at: _created, state: _state, payout_id: _payout, ...numbers } = row;
  return [
    db.insert(settlements).values(row).onConflictDoNothing(),
    db
      .update(settlements)
      .set(numbers)
      .where(
        and(
          eq(settlements.id, id),
          eq(settlements.state, "expected"),
          row.source === "gateway" ? eq(settlements.source, "gateway") : undefined,
        ),
      ),
  ];
}

/**
 * For a batch: books what the channel kept that day, as the difference to what is booked of it, so
 * that the sum is what the last statement says. The first entry's cause is the settlement, that of
 * a correction the settlement and its number: counted in the batch, so that two at once are two.
 * @param at when the day ended (ms since 1970)
 */
export function bookChannelFee(
  db: Database,
  { id, merchant_id, livemode, channel_account, currency }: SettlementRow,
  fee: number,
  at: number,
  now: number,
) {
  const posting = {
    merchantId: merchant_id,
    livemode,
    channelAccount: channel_account,
    at,
    currency,
    value: 1,
    cause: id,
  };
  const kept = entryOf({ ...posting, kind: "channel_fee" }, now);
  const back = entryOf({ ...posting, kind: "channel_fee_return" }, now);
  const by = (name: "id" | "kind" | "debit" | "credit") =>
    sql`iif(missing > 0, ${kept[name]}, ${back[name]})`;
  const nth = sql`iif(booked = 0, '', '.' || booked)`;
  const signed = sql`iif(kind = ${kept.kind}, value, -value)`;
  return db
    .insert(ledgerEntries)
    .select(
      // All columns in the order of the schema.
      sql`SELECT ${by("id")} || ${nth}, ${merchant_id}, ${Number(livemode)}, ${at}, ${currency},
          abs(missing), ${by("kind")}, ${by("debit")}, ${by("credit")}, ${id} || ${nth}, NULL, ${now}
        FROM (
          SELECT CAST(${fee} AS INTEGER) - COALESCE(SUM(${signed}), 0) AS missing, COUNT(*) AS booked
          FROM ${ledgerEntries}
          WHERE merchant_id = ${merchant_id} AND livemode = ${Number(livemode)} AND at = ${at}
            AND kind IN (${kept.kind}, ${back.kind}) AND substr(cause, 1, ${id.length}) = ${id}
        )
        WHERE missing <> 0`,
    )
    .onConflictDoNothing();
}

export async function findSettlement(
  db: Database,
  merchantId: string,
  livemode: boolean,
  id: string,
): Promise<SettlementRow | null> {
  const [row] = await findSettlements(db, merchantId, livemode, [id]);
  return row ?? null;
}

/** Those of the merchant and mode among the ids. */
export const findSettlements = (
  db: Database,
  merchantId: string,
  livemode: boolean,
  ids: readonly string[],
): Promise<SettlementRow[]> =>
  db
    .select()
    .from(settlements)
    .where(and(owned(merchantId, livemode), sql`${settlements.id} IN ${inList(ids)}`));

export interface SettlementFilter {
  readonly account?: string | undefined;
  readonly state?: SettlementRow["state"] | undefined;
  /** `YYYY-MM-DD`, both included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export const listSettlements = (
  db: Database,
  merchantId: string,
  livemode: boolean,
  filter: SettlementFilter,
  page: PageRequest,
): Promise<SettlementRow[]> => {
  const { channel_account, state, day, created_at, id } = settlements;
  return db
    .select()
    .from(settlements)
    .where(
      and(
        owned(merchantId, livemode),
        filter.account === undefined ? undefined : eq(channel_account, filter.account),
        filter.state === undefined ? undefined : eq(state, filter.state),
        filter.from === undefined ? undefined : gte(day, filter.from),
        filter.to === undefined ? undefined : lte(day, filter.to),
        olderThan(created_at, id, page.before),
      ),
    )
    .orderBy(desc(created_at), desc(id))
    .limit(page.limit);
};
