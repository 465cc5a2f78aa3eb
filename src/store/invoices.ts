/** The platform's invoices to merchants. */
import { and, desc, eq, type SQL, sql } from "drizzle-orm";

import type { EventRecord } from "../messages.ts";
import type { Owner } from "../owner.ts";
import type { InvoiceDraft } from "../settlement/invoices.ts";
import type { LedgerEntry } from "../settlement/ledger.ts";
import type { AlsoItem } from "./audit-log.ts";
import type { Database } from "./db.ts";
import { nextPosition } from "./events.ts";
import { addEntries } from "./ledger.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { planDeliveries, type StartedDelivery } from "./publication.ts";
import { events, invoices } from "./schema.ts";

export type InvoiceRow = typeof invoices.$inferSelect;

const ofOwner = ({ merchantId, livemode }: Owner) =>
  and(eq(invoices.merchant_id, merchantId), eq(invoices.livemode, livemode));

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
