/**
 * What the continuous check reads: few rows at a time, each found by an index, whatever the tables
 * hold. Payments are ordinary rows, so that the newest are the last of the table itself.
 */
import { and, asc, desc, eq, gt, lte, sql } from "drizzle-orm";

import type { Owner } from "../owner.ts";
import type { Database } from "./db.ts";
import { isOpenException } from "./exceptions.ts";
import { inList } from "./json-list.ts";
import {
  events,
  exceptions,
  merchants,
  paymentIntents,
  refunds,
  webhookDeliveries,
  webhookEndpoints,
} from "./schema.ts";

const columns = {
  id: paymentIntents.id,
  merchant_id: paymentIntents.merchant_id,
  livemode: paymentIntents.livemode,
  status: paymentIntents.status,
  sequence: paymentIntents.sequence,
  channel: paymentIntents.channel,
  channel_account: paymentIntents.channel_account,
};

/** A payment as D1 has it. */
export interface WatchedPayment {
  readonly id: string;
  readonly merchant_id: string;
  readonly livemode: boolean;
  readonly status: string;
  readonly sequence: number;
  readonly channel: string | null;
  readonly channel_account: string | null;
}

/** Payments with something left to do whose deadline is after `from` and not after `to`. */
export const paymentsDueWithin = (
  db: Database,
  from: number,
  to: number,
  limit: number,
): Promise<WatchedPayment[]> =>
  db
    .select(columns)
    .from(paymentIntents)
    .where(and(gt(paymentIntents.deadline, from), lte(paymentIntents.deadline, to)))
    .orderBy(asc(paymentIntents.deadline))
    .limit(limit);

/** The place of the newest payment in the table; 0: there is none. */
export async function lastPaymentPlace(db: Database): Promise<number> {
  const row = await db
    .select({ last: sql<number>`COALESCE(MAX(rowid), 0)` })
    .from(paymentIntents)
    .get();
  return row?.last ?? 0;
}

/** @param places in the table; those where no payment stands are left out */
export const paymentsAt = (db: Database, places: readonly number[]): Promise<WatchedPayment[]> =>
  db
    .select(columns)
    .from(paymentIntents)
    .where(sql`rowid IN ${inList(places)}`);

/** Which of these events are not in the feed. */
export async function missingEvents(db: Database, ids: readonly string[]): Promise<string[]> {
  const rows = await db.all<{ id: string }>(
    sql`SELECT value AS id FROM json_each(${JSON.stringify(ids)})
      WHERE NOT EXISTS (SELECT 1 FROM ${events} WHERE ${events.id} = value)`,
  );
  return rows.map(({ id }) => id);
}

/** How far the copies of these refunds are; one that is not there is left out. */
export const refundSequences = (
  db: Database,
  ids: readonly string[],
): Promise<{ id: string; sequence: number }[]> =>
  db
    .select({ id: refunds.id, sequence: refunds.sequence })
    .from(refunds)
    .where(sql`${refunds.id} IN ${inList(ids)}`);

/** Merchants behind a place in their table, in its order. */
export const merchantsFrom = (db: Database, place: number, limit: number) =>
  db
    .select({ id: merchants.id })
    .from(merchants)
    .where(sql`rowid > ${place}`)
    .orderBy(sql`rowid`)
    .limit(limit);

export async function lastMerchantPlace(db: Database): Promise<number> {
  const row = await db
    .select({ last: sql<number>`COALESCE(MAX(rowid), 0)` })
    .from(merchants)
    .get();
  return row?.last ?? 0;
}

/** The end of a merchant's feed. */
const tail = (db: Database, { merchantId, livemode }: Owner, limit: number) =>
  db
    .select()
    .from(events)
    .where(and(eq(events.merchant_id, merchantId), eq(events.livemode, livemode)))
    .orderBy(desc(events.position))
    .limit(limit)
    .as("tail");

export interface Stretch {
  /** How many of the last events are looked at. */
  readonly limit: number;
  /** Of these only those that happened after `from` and not after `to` (ms since 1970). */
  readonly from: number;
  readonly to: number;
}

/** Payments of which the end of a feed tells more than their copies, or their refunds' copies, say. */
export async function paymentsBehindFeed(
  db: Database,
  owner: Owner,
  { limit, from, to }: Stretch,
): Promise<string[]> {
  const last = tail(db, owner, limit);
  const told = sql`${last.payload} ->> '$.data.id'`;
  const sequence = sql`CAST(${last.payload} ->> '$.sequence' AS INTEGER)`;
  const within = sql`${last.created_at} > ${from} AND ${last.created_at} <= ${to}`;
  const [ofPayments, ofRefunds] = await db.batch([
    db
      .select({ id: sql<string>`${told}` })
      .from(last)
      .leftJoin(paymentIntents, eq(paymentIntents.id, told))
      .where(
        sql`${last.type} LIKE 'payment_intent.%' AND ${within}
          AND (${paymentIntents.id} IS NULL OR ${paymentIntents.sequence} < ${sequence})`,
      ),
    db
      .select({ id: sql<string>`${last.payload} ->> '$.data.payment_intent'` })
      .from(last)
      .leftJoin(refunds, eq(refunds.id, told))
      .where(
        sql`${last.type} LIKE 'refund.%' AND ${within}
          AND (${refunds.id} IS NULL OR ${refunds.sequence} < ${sequence})`,
      ),
  ]);
  return [...new Set([...ofPayments, ...ofRefunds].map(({ id }) => id))];
}

export interface LostDelivery {
  readonly event_id: string;
  readonly endpoint_id: string;
}

/**
 * Events at the end of a feed that an endpoint wants and that nobody ever began to deliver. Only
 * endpoints that have not changed since: one that was off then should not have it.
 */
export const eventsWithoutDelivery = (
  db: Database,
  owner: Owner,
  { limit, from, to }: Stretch,
): Promise<LostDelivery[]> => {
  const last = tail(db, owner, limit);
  return db
    .select({ event_id: last.id, endpoint_id: webhookEndpoints.id })
    .from(last)
    .innerJoin(
      webhookEndpoints,
      and(
        eq(webhookEndpoints.merchant_id, owner.merchantId),
        eq(webhookEndpoints.livemode, owner.livemode),
      ),
    )
    .where(
      sql`${last.created_at} > ${from} AND ${last.created_at} <= ${to}
        AND (${last.type} LIKE 'payment_intent.%' OR ${last.type} LIKE 'refund.%'
          OR ${last.type} LIKE 'reconciliation.%')
        AND ${webhookEndpoints.status} = 'enabled'
        AND ${webhookEndpoints.updated_at} < ${last.created_at}
        AND EXISTS (SELECT 1 FROM json_each(${webhookEndpoints.enabled_events})
          WHERE value IN ('*', ${last.type}))
        AND NOT EXISTS (SELECT 1 FROM ${webhookDeliveries}
          WHERE ${webhookDeliveries.event_id} = ${last.id}
            AND ${webhookDeliveries.endpoint_id} = ${webhookEndpoints.id})`,
    );
};

export interface OpenRefund {
  readonly id: string;
  readonly merchant_id: string;
  readonly livemode: boolean;
  readonly payment_intent: string;
}

const openRefunds = (db: Database) =>
  db
    .select({
      id: refunds.id,
      merchant_id: refunds.merchant_id,
      livemode: refunds.livemode,
      payment_intent: refunds.payment_intent,
    })
    .from(refunds);

/** As the index of open refunds has it. */
const isOpen = sql`${refunds.status} IN ('requested', 'processing')`;

/** Nobody works on it yet. */
const isUnknown = sql`NOT EXISTS (SELECT 1 FROM ${exceptions}
  WHERE ${isOpenException}
    AND ${exceptions.channel_account} = ${refunds.channel_account}
    AND ${exceptions.reference} = ${refunds.id})`;

/**
 * Refunds that the channel has had for longer than it should need, the newest first.
 * @param patience how long each channel may need (ms), and `otherwise` for all others
 * @param from those that were made before are no longer looked at (ms since 1970)
 */
export const lateRefunds = (
  db: Database,
  patience: Readonly<Record<string, number>> & { readonly otherwise: number },
  from: number,
  now: number,
  limit: number,
): Promise<OpenRefund[]> => {
  const least = Math.min(...Object.values(patience));
  return openRefunds(db)
    .where(
      and(
        isOpen,
        gt(refunds.created_at, from),
        lte(refunds.created_at, now - least),
        sql`${refunds.created_at} <= ${now} - COALESCE(
          json_extract(${JSON.stringify(patience)}, '$.' || (${refunds.snapshot} ->> '$.channel')),
          ${patience.otherwise})`,
        isUnknown,
      ),
    )
    .orderBy(desc(refunds.created_at))
    .limit(limit);
};

/** Open refunds of these times (ms since 1970) with something in their way. */
export const troubledRefunds = (
  db: Database,
  from: number,
  to: number,
  limit: number,
): Promise<OpenRefund[]> =>
  openRefunds(db)
    .where(
      and(
        isOpen,
        gt(refunds.created_at, from),
        lte(refunds.created_at, to),
        sql`${refunds.snapshot} ->> '$.last_error.code' IS NOT NULL`,
        isUnknown,
      ),
    )
    .orderBy(desc(refunds.created_at))
    .limit(limit);

/** Which of these have been raised, whatever became of them. */
export async function raisedAlready(
  db: Database,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await db
    .select({ id: exceptions.id })
    .from(exceptions)
    .where(sql`${exceptions.id} IN ${inList(ids)}`);
  return new Set(rows.map(({ id }) => id));
}
