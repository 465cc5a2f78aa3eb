/** The copies of payments: listed and searched here, decided in their objects. */
import { and, asc, desc, eq, gte, lt, lte, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";

import type { PaymentCopy } from "../messages.ts";
import type { Database } from "./db.ts";
import { newestFirst, olderWithin, type PageRequest, type TimeRange } from "./page.ts";
import { paymentIntents } from "./schema.ts";

export type PaymentRow = typeof paymentIntents.$inferSelect;

/** For `recordPublication`: writes the copy; an older sequence never overwrites a newer one. */
export const putCopy = (
  db: Database,
  { merchant_id, livemode }: Pick<PaymentRow, "merchant_id" | "livemode">,
  copy: PaymentCopy,
) =>
  db
    .insert(paymentIntents)
    .values({ ...copy, merchant_id, livemode })
    .onConflictDoUpdate({
      target: paymentIntents.id,
      set: {
        sequence: copy.sequence,
        status: copy.status,
        channel: copy.channel,
        channel_account: copy.channel_account,
        method: copy.method,
        channel_transaction_id: copy.channel_transaction_id,
        refunded: copy.refunded,
        fee: copy.fee,
        call_ms: copy.call_ms,
        succeeded_at: copy.succeeded_at,
        deadline: copy.deadline,
        snapshot: copy.snapshot,
      },
      setWhere: sql`excluded.sequence >= ${paymentIntents.sequence}`,
    });

export interface PaymentFilter extends TimeRange {
  readonly status?: string | undefined;
  readonly channel?: string | undefined;
  readonly merchantOrderId?: string | undefined;
  /**
   * A payment's id or its first characters, an order number or its first characters, or the whole
   * number that the channel gave; 1 to {@link SEARCH_LENGTH} characters.
   */
  readonly q?: string | undefined;
}

/** Longest search; order numbers and the channels' numbers are no longer. */
export const SEARCH_LENGTH = 64;

/** With fewer characters of an id a search would read too many strangers' rows. */
const SHORTEST_ID = 6;

export type ListedPayment = Pick<PaymentRow, "id" | "created_at" | "snapshot">;

/** The filters that hold wherever payments are looked for. */
const matching = (filter: PaymentFilter) => {
  const { status, channel, merchant_order_id } = paymentIntents;
  return and(
    filter.status === undefined ? undefined : eq(status, filter.status),
    filter.channel === undefined ? undefined : eq(channel, filter.channel),
    filter.merchantOrderId === undefined
      ? undefined
      : eq(merchant_order_id, filter.merchantOrderId),
  );
};

const owned = (merchantId: string, livemode: boolean) =>
  and(eq(paymentIntents.merchant_id, merchantId), eq(paymentIntents.livemode, livemode));

/**
 * A page of a merchant's payments, newest first. The page is chosen in the index alone, and only
 * what it shows is read from the table: reading the table for every index entry, as SQLite would by
 * itself, makes a filter that few payments pass as dear as reading them all.
 */
export async function listPayments(
  db: Database,
  merchantId: string,
  livemode: boolean,
  filter: PaymentFilter,
  request: PageRequest,
): Promise<ListedPayment[]> {
  if (filter.q !== undefined) {
    return searchPayments(db, merchantId, livemode, { ...filter, q: filter.q }, request);
  }
  const { id, created_at, snapshot } = paymentIntents;
  const page = db
    .select({ id, created_at })
    .from(paymentIntents)
    .where(
      and(
        owned(merchantId, livemode),
        matching(filter),
        olderWithin(created_at, id, filter, request.before),
      ),
    )
    .orderBy(desc(created_at), desc(id))
    .limit(request.limit)
    .as("page");
  return db
    .select({ id: page.id, created_at: page.created_at, snapshot })
    .from(page)
    .crossJoin(paymentIntents)
    .where(eq(id, page.id))
    .orderBy(desc(page.created_at), desc(page.id));
}

/** Texts that begin with `start`: up to the greatest that there is. */
const startsWith = (column: SQLiteColumn, start: string) =>
  and(gte(column, start), lt(column, `${start}\u{10FFFF}`));

/**
 * A column that no index is chosen for. To spare itself the sorting of the few that a search finds,
 * SQLite would rather walk through all of the merchant's payments by time.
 */
const aside = (column: SQLiteColumn) => sql`+${column}`;

/** The places where `q` may be found, each a range of an index of its own. */
function placesOf(merchantId: string, livemode: boolean, q: string): (SQL | undefined)[] {
  const { id, merchant_id, merchant_order_id, channel_transaction_id } = paymentIntents;
  const places = [
    and(owned(merchantId, livemode), startsWith(merchant_order_id, q)),
    and(owned(merchantId, livemode), eq(channel_transaction_id, q)),
  ];
  const asId = q.toLowerCase();
  if (asId.length < SHORTEST_ID || !asId.startsWith("pi_")) return places;
  const mine = and(
    eq(aside(merchant_id), merchantId),
    eq(aside(paymentIntents.livemode), Number(livemode)),
  );
  return [and(startsWith(id, asId), mine), ...places];
}

/**
 * All places in one round trip, the newest of each. What a beginning of an order number matches has
 * to be sorted by time: the cost grows with the number of matches, which the index alone answers.
 */
async function searchPayments(
  db: Database,
  merchantId: string,
  livemode: boolean,
  { q, ...filter }: PaymentFilter & { readonly q: string },
  request: PageRequest,
): Promise<ListedPayment[]> {
  const { id, created_at, snapshot } = paymentIntents;
  const queries = placesOf(merchantId, livemode, q).map((place) => {
    const found = db
      .select({ id, created_at })
      .from(paymentIntents)
      .where(
        and(
          place,
          matching(filter),
          olderWithin(aside(created_at), aside(id), filter, request.before),
        ),
      )
      .orderBy(desc(aside(created_at)), desc(aside(id)))
      .limit(request.limit)
      .as("found");
    return db
      .select({ id: found.id, created_at: found.created_at, snapshot })
      .from(found)
      .crossJoin(paymentIntents)
      .where(eq(id, found.id));
  });
  const [first, ...rest] = queries;
  if (first === undefined) return [];
  const results = await db.batch([first, ...rest]);
  // A payment may be found in two places.
  const rows = new Map(results.flat().map((row) => [row.id, row]));
  return [...rows.values()].toSorted(newestFirst).slice(0, request.limit);
}

/** Payments past their deadline whose copy has not ended: their alarm may have been dropped. */
export async function overduePayments(db: Database, now: number, limit: number) {
  return db
    .select({
      id: paymentIntents.id,
      deadline: paymentIntents.deadline,
      status: paymentIntents.status,
    })
    .from(paymentIntents)
    .where(lte(paymentIntents.deadline, now))
    .orderBy(asc(paymentIntents.deadline))
    .limit(limit);
}

/** Moves the sweeper's next look, unless the payment has ended meanwhile. */
export async function postponeSweep(db: Database, id: string, until: number): Promise<void> {
  await db
    .update(paymentIntents)
    .set({ deadline: until })
    .where(and(eq(paymentIntents.id, id), lt(paymentIntents.deadline, until)));
}
