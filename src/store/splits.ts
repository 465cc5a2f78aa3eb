/**
 * Shares of payments that go to the platform at the channel, and their returns. Rows are made in the
 * transaction that brings the news of a payment or refund into D1; what is true then decides:
 *
 * - A share that has not been asked for follows the payment's fee: it takes its value when it is.
 * - From then on its value is fixed. A refund's news adds a return for what the share then holds more
 *   than the fee is, counted over all returns, so news may be repeated or come in any order.
 * - A return waits until its share has succeeded, and goes away when it has failed.
 */
import { and, asc, eq, inArray, lte, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";

import type { PublishedEvents } from "../messages.ts";
import type { LedgerEntry } from "../settlement/ledger.ts";
import { releaseIdOf, type SplitChange, splitIdOf, type SplitState } from "../settlement/splits.ts";
import { CHANGED_BEFORE } from "./audit-log.ts";
import type { Database } from "./db.ts";
import { addEntries } from "./ledger.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { paymentIntents, splits } from "./schema.ts";

export type SplitRow = typeof splits.$inferSelect;

/** What a share holds more than the payment's fee is now, returns under way taken off. */
const SURPLUS = sql`s.value - min(s.value, (SELECT fee FROM payment_intents WHERE id = s.payment_intent))
  - (SELECT coalesce(sum(r.value), 0) FROM splits r
     WHERE r.payment_intent = s.payment_intent AND r.kind = 'return' AND r.state <> 'failed')`;

/** The return with one refund, of a share that has been asked for and has not failed. */
const addReturn = (db: Database, paymentId: string, refundId: string, now: number) =>
  db
    .insert(splits)
    .select(
      // All columns in the order of the schema.
      sql`SELECT ${splitIdOf(refundId)}, merchant_id, livemode, 'return', payment_intent, ${refundId},
          channel, channel_account, channel_transaction_id, currency, surplus, receiver,
          'due', NULL, 0, ${now}, NULL, ${now}, ${now}
        FROM (SELECT s.*, ${SURPLUS} AS surplus FROM splits s
          WHERE s.id = ${splitIdOf(paymentId)}
            AND s.state IN ('requested', 'processing', 'succeeded'))
        WHERE surplus > 0`,
    )
    .onConflictDoNothing();

/**
 * For `recordPublications`, behind the payment's copy: its share, and the returns with refunds that
 * succeeded. Safe to repeat.
 */
export function addSplits(
  db: Database,
  { merchant_id, livemode, copy, refunds = [] }: PublishedEvents,
  now: number,
): BatchItem<"sqlite">[] {
  if (copy?.split === undefined) return [];
  const { id, channel, channel_account, channel_transaction_id, currency, fee, split } = copy;
  if (channel === null || channel_account === null || channel_transaction_id === null) return [];
  const share = db
    .insert(splits)
    .values({
      id: splitIdOf(id),
      merchant_id,
      livemode,
      kind: "split",
      payment_intent: id,
      refund: null,
      channel,
      channel_account,
      channel_transaction_id,
      currency,
      value: Math.min(fee, split.most),
      receiver: split.receiver,
      state: "due",
      attempts: 0,
      next_at: Math.max(now, split.due_at),
      created_at: now,
      updated_at: now,
    })
    .onConflictDoNothing();
  const returns = refunds
    .filter(({ status }) => status === "succeeded")
    .map((refund) => addReturn(db, id, refund.id, now));
  return [share, ...returns];
}

/** Due, and for a return: there is something at the receiver. */
const isReady = (now: number): SQL | undefined =>
  and(
    lte(splits.next_at, now),
    inArray(splits.state, ["due", "requested", "processing"]),
    sql`(${splits.kind} = 'split' OR ${splits.state} <> 'due' OR EXISTS (
      SELECT 1 FROM splits s WHERE s.state = 'succeeded'
        AND s.id = 'sp_' || substr(${splits.payment_intent}, 4)))`,
  );

/** The ids of those that somebody should look at, the longest waiting first. */
export async function dueSplits(db: Database, now: number, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: splits.id })
    .from(splits)
    .where(isReady(now))
    .orderBy(asc(splits.next_at))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/**
 * Takes a share for one try, and fixes its value with the first. Null: it is done, not due, or
 * somebody else has it.
 * @param lease until when it is the caller's (milliseconds since 1970)
 */
export async function reserveSplit(
  db: Database,
  id: string,
  now: number,
  lease: number,
): Promise<SplitRow | null> {
  const [row] = await db
    .update(splits)
    .set({
      state: sql`iif(state = 'due', 'requested', state)`,
      value: sql`iif(state = 'due' AND kind = 'split', min(value,
        coalesce((SELECT fee FROM payment_intents p WHERE p.id = payment_intent), value)), value)`,
      attempts: sql`attempts + 1`,
      next_at: lease,
      updated_at: now,
    })
    .where(and(eq(splits.id, id), isReady(now)))
    .returning();
  return row ?? null;
}

/** What was paid and given back of the payment behind a share; null: no copy of it is here. */
export const paymentOfSplit = async (
  db: Database,
  { payment_intent }: Pick<SplitRow, "payment_intent">,
) => {
  const { id, value, refunded } = paymentIntents;
  const row = db.select({ value, refunded }).from(paymentIntents);
  return (await row.where(eq(id, payment_intent)).get()) ?? null;
};

/** Whether this try still is the newest: another one may have taken the share over meanwhile. */
const isMine = ({ id, attempts }: Pick<SplitRow, "id" | "attempts">): SQL | undefined =>
  and(
    eq(splits.id, id),
    eq(splits.attempts, attempts),
    inArray(splits.state, ["requested", "processing"]),
  );

const hasFailed = (id: string): SQL =>
  sql`EXISTS (SELECT 1 FROM splits s WHERE s.id = ${id} AND s.state = 'failed')`;

/** Behind a failed share: its returns have nothing to bring back, and the rest is still frozen. */
function afterFailure(db: Database, row: SplitRow, now: number): BatchItem<"sqlite">[] {
  if (row.id !== splitIdOf(row.payment_intent)) return [];
  return [
    db
      .delete(splits)
      .where(
        and(
          eq(splits.payment_intent, row.payment_intent),
          eq(splits.kind, "return"),
          eq(splits.state, "due"),
          hasFailed(row.id),
        ),
      ),
    db
      .insert(splits)
      .select(
        // All columns in the order of the schema.
        sql`SELECT ${releaseIdOf(row.payment_intent)}, merchant_id, livemode, kind, payment_intent,
            NULL, channel, channel_account, channel_transaction_id, currency, 0, receiver,
            'due', NULL, 0, ${now}, NULL, ${now}, ${now}
          FROM splits WHERE id = ${row.id} AND state = 'failed'`,
      )
      .onConflictDoNothing(),
  ];
}

/**
 * Writes down what a try came to, with its ledger entry in the same transaction. A try that was
 * overtaken changes nothing and books nothing: the end of a share is written once.
 */
export async function settleSplit(
  db: Database,
  row: SplitRow,
  change: SplitChange,
  entry: LedgerEntry | null,
  now: number,
): Promise<void> {
  await db.batch([
    db
      .update(splits)
      .set({ ...change, updated_at: now })
      .where(isMine(row)),
    // Directly behind the change, of which it is a part.
    ...addEntries(db, entry === null ? [] : [entry], CHANGED_BEFORE),
    ...(change.state === "failed" ? afterFailure(db, row, now) : []),
  ]);
}

export interface SplitFilter {
  readonly paymentIntent?: string | undefined;
  readonly state?: SplitState | undefined;
  readonly kind?: SplitRow["kind"] | undefined;
}

/** A payment has few shares, its merchant many: then the merchant's index is left alone. */
const owned = (merchantId: string, livemode: boolean, aside: boolean) =>
  aside
    ? and(
        eq(sql`+${splits.merchant_id}`, merchantId),
        eq(sql`+${splits.livemode}`, Number(livemode)),
      )
    : and(eq(splits.merchant_id, merchantId), eq(splits.livemode, livemode));

export const listSplits = (
  db: Database,
  merchantId: string,
  livemode: boolean,
  filter: SplitFilter,
  page: PageRequest,
): Promise<SplitRow[]> =>
  db
    .select()
    .from(splits)
    .where(
      and(
        owned(merchantId, livemode, filter.paymentIntent !== undefined),
        filter.paymentIntent === undefined
          ? undefined
          : eq(splits.payment_intent, filter.paymentIntent),
        filter.state === undefined ? undefined : eq(splits.state, filter.state),
        filter.kind === undefined ? undefined : eq(splits.kind, filter.kind),
        olderThan(splits.created_at, splits.id, page.before),
      ),
    )
    .orderBy(sql`${splits.created_at} DESC, ${splits.id} DESC`)
    .limit(page.limit);

export const findSplit = async (
  db: Database,
  merchantId: string,
  livemode: boolean,
  id: string,
): Promise<SplitRow | null> => {
  const row = await db.select().from(splits).where(eq(splits.id, id)).get();
  return row?.merchant_id === merchantId && row.livemode === livemode ? row : null;
};
