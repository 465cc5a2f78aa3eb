/** The platform's invoices to merchants, and what of the ledger they are made of. */
import { and, desc, eq, gt, inArray, type SQL, sql } from "drizzle-orm";

import type { EventRecord } from "../messages.ts";
import type { Owner } from "../owner.ts";
import {
  type InvoiceDraft,
  OWED_KINDS,
  type OwedKind,
  type OwedSum,
} from "../settlement/invoices.ts";
import type { LedgerEntry } from "../settlement/ledger.ts";
import { LONGEST_UNDER_WAY_MS } from "../settlement/splits.ts";
import type { AlsoItem } from "./audit-log.ts";
import type { Database } from "./db.ts";
import { nextPosition } from "./events.ts";
import { inList } from "./json-list.ts";
import { addEntries } from "./ledger.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { planDeliveries, type StartedDelivery } from "./publication.ts";
import {
  channelAccounts,
  events,
  invoices,
  ledgerEntries,
  merchants,
  paymentIntents,
  refunds,
  splits,
} from "./schema.ts";

export type InvoiceRow = typeof invoices.$inferSelect;

const ofOwner = ({ merchantId, livemode }: Owner) =>
  and(eq(invoices.merchant_id, merchantId), eq(invoices.livemode, livemode));

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
 * included). A fee's entry does not name the channel account; that of the payment or refund that it
 * belongs to does, and it stands beside it: same time, same cause.
 */
export const owedSums = (
  db: Database,
  { merchantId, livemode }: Owner,
  from: number,
  to: number,
): Promise<OwedSum[]> =>
  db.all(sql`
    SELECT own.currency, own.kind, count(*) AS count, sum(own.value) AS value,
      substr(CASE own.kind WHEN 'split' THEN own.credit WHEN 'split_return' THEN own.debit
        WHEN 'fee' THEN beside.debit ELSE beside.credit END, 9) AS account
    FROM ${ledgerEntries} AS own
    LEFT JOIN ${ledgerEntries} AS beside
      ON own.kind IN ('fee', 'fee_refund')
      AND beside.merchant_id = own.merchant_id AND beside.livemode = own.livemode
      AND beside.at = own.at
      AND beside.id = iif(own.kind = 'fee', 'le_1', 'le_3') || substr(own.id, 5)
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

export interface Invoiced {
  readonly currency: string;
  /** The sum of all invoices, minor units. */
  readonly total: number;
  /** Of the latest. */
  readonly month: string;
}

export const invoicedSoFar = (db: Database, books: Owner): Promise<Invoiced[]> =>
  db
    .select({
      currency: invoices.currency,
      total: sql<number>`sum(${invoices.total})`,
      month: sql<string>`max(${invoices.month})`,
    })
    .from(invoices)
    .where(ofOwner(books))
    .groupBy(invoices.currency);

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

/** An invoice before the database has given it its number. */
export interface NewInvoice extends Owner, InvoiceDraft {
  readonly id: string;
  readonly month: string;
  /** The sum of the invoices that the draft was made with. */
  readonly invoiced: number;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
}

/**
 * Live invoices count up from 1 and test ones down from -1, so that each have no gap, in the one
 * writer's transaction: a number that is given is an invoice that is there.
 */
const nextSerial = (livemode: boolean): SQL =>
  livemode
    ? sql`(SELECT COALESCE(MAX(serial), 0) + 1 FROM ${invoices} WHERE serial > 0)`
    : sql`(SELECT COALESCE(MIN(serial), 0) - 1 FROM ${invoices} WHERE serial < 0)`;

/** For a batch: an event at the end of the feed, once, as far as there are rows to raise it from. */
const raiseFrom = (
  db: Database,
  { merchant_id, livemode }: Pick<InvoiceRow, "merchant_id" | "livemode">,
  event: EventRecord,
  payload: SQL,
  rows: SQL,
) =>
  db
    .insert(events)
    .select(
      // All columns in the order of the schema.
      sql`SELECT ${nextPosition(merchant_id, livemode)}, ${event.id}, ${merchant_id},
        ${Number(livemode)}, ${event.type}, ${event.created_at}, ${payload} ${rows}`,
    )
    .onConflictDoNothing();

const NUMBER_PREFIX = { live: "ITP", test: "TEST" } as const;

/**
 * Writes an invoice down with its number and its event, unless another was written since it was
 * drafted: then the draft's total is no longer what is owed. Two closings at once are one.
 * @param event its data's `number` is filled in here
 * @returns the deliveries of the event that have to be started; null: nothing was written
 */
export async function addInvoice(
  db: Database,
  invoice: NewInvoice,
  event: EventRecord,
  now: number,
  feedAt: number,
): Promise<StartedDelivery[] | null> {
  const { id, merchantId, livemode, currency, month, total, lines, invoiced, dueAt } = invoice;
  const prefix = `${livemode ? NUMBER_PREFIX.live : NUMBER_PREFIX.test}-${month}-`;
  const ofThese = sql`merchant_id = ${merchantId} AND livemode = ${Number(livemode)}
    AND currency = ${currency}`;
  const owner = { merchant_id: merchantId, livemode };
  const raised = sql`EXISTS (SELECT 1 FROM ${events} WHERE id = ${event.id})`;
  const [rows, , deliveries] = await db.batch([
    db
      .insert(invoices)
      .select(
        // All columns in the order of the schema.
        sql`SELECT ${id}, serial, ${prefix} || printf('%06d', abs(serial)), ${merchantId},
            ${Number(livemode)}, ${currency}, ${month}, ${total}, ${JSON.stringify(lines)}, 'open',
            ${dueAt}, NULL, NULL, ${now}, ${now}
          FROM (SELECT ${nextSerial(livemode)} AS serial)
          WHERE (SELECT COALESCE(SUM(total), 0) = ${invoiced} FROM ${invoices} WHERE ${ofThese})`,
      )
      .onConflictDoNothing()
      .returning({ id: invoices.id }),
    raiseFrom(
      db,
      owner,
      event,
      sql`json_set(${event.payload}, '$.data.number', number)`,
      sql`
      FROM ${invoices} WHERE id = ${id}`,
    ),
    planDeliveries(db, owner, event, now, feedAt, raised),
  ]);
  return rows.length === 0 ? null : deliveries;
}

export interface InvoicePayment {
  /** Milliseconds since 1970. */
  readonly paidAt: number;
  readonly reference: string;
}

/**
 * Marks an open invoice as paid, with the ledger's entry and the event, in one transaction.
 * @param also what stands behind the change, such as its entry in the audit log
 * @returns the deliveries of the event that have to be started; null: it was not open
 */
export async function payInvoice(
  db: Database,
  row: InvoiceRow,
  { paidAt, reference }: InvoicePayment,
  raise: {
    readonly entry: LedgerEntry;
    readonly event: EventRecord;
    readonly also: readonly AlsoItem[];
    readonly now: number;
    readonly feedAt: number;
  },
): Promise<StartedDelivery[] | null> {
  const { entry, event, also, now, feedAt } = raise;
  const isPaid = sql`EXISTS (SELECT 1 FROM ${invoices} WHERE id = ${row.id} AND state = 'paid'
    AND paid_at = ${paidAt} AND payment_reference = ${reference})`;
  const owner = { merchant_id: row.merchant_id, livemode: row.livemode };
  const change = db
    .update(invoices)
    .set({ state: "paid", paid_at: paidAt, payment_reference: reference, updated_at: now })
    .where(and(eq(invoices.id, row.id), eq(invoices.state, "open")))
    .returning({ id: invoices.id });
  const results: unknown[] = await db.batch([
    change,
    ...also,
    ...addEntries(db, [entry], isPaid),
    raiseFrom(db, owner, event, sql`${event.payload}`, sql`WHERE ${isPaid}`),
    planDeliveries(db, owner, event, now, feedAt, isPaid),
  ]);
  const [changed] = results as [unknown[]];
  return changed.length === 0 ? null : (results.at(-1) as StartedDelivery[]);
}

export async function findInvoice(
  db: Database,
  books: Owner | null,
  id: string,
): Promise<InvoiceRow | null> {
  const row = await db
    .select()
    .from(invoices)
    .where(and(books === null ? undefined : ofOwner(books), eq(invoices.id, id)))
    .get();
  return row ?? null;
}

export interface InvoiceFilter {
  readonly state?: InvoiceRow["state"] | undefined;
  readonly month?: string | undefined;
}

const matching = ({ state, month }: InvoiceFilter) =>
  and(
    state === undefined ? undefined : eq(invoices.state, state),
    month === undefined ? undefined : eq(invoices.month, month),
  );

/** A merchant's invoices of one mode: a few each month. */
export const listInvoices = (
  db: Database,
  books: Owner,
  filter: InvoiceFilter,
  page: PageRequest,
): Promise<InvoiceRow[]> => readPage(db, and(ofOwner(books), matching(filter)), page);

/** Everybody's invoices, or one merchant's in both modes. */
export const listAllInvoices = (
  db: Database,
  merchantId: string | undefined,
  filter: InvoiceFilter,
  page: PageRequest,
): Promise<InvoiceRow[]> => {
  const whose = merchantId === undefined ? undefined : eq(invoices.merchant_id, merchantId);
  return readPage(db, and(whose, matching(filter)), page);
};

const readPage = (db: Database, where: SQL | undefined, page: PageRequest) =>
  db
    .select()
    .from(invoices)
    .where(and(where, olderThan(invoices.created_at, invoices.id, page.before)))
    .orderBy(desc(invoices.created_at), desc(invoices.id))
    .limit(page.limit);

/** Those of a closed month, to be shown. */
export const invoicesOfMonth = (db: Database, books: Owner, month: string): Promise<InvoiceRow[]> =>
  db
    .select()
    .from(invoices)
    .where(and(ofOwner(books), eq(invoices.month, month)))
    .orderBy(invoices.currency);
