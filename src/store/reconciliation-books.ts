/**
 * What D1 knows of the payments and refunds that some lines name, and what is written down of those
 * lines. Many at a time: each question and each answer is one statement, its list one JSON text.
 */
import { and, eq, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";

import type { Owner } from "../owner.ts";
import type { Database } from "./db.ts";
import { type ExceptionRow, hasRoom, isOpenException, stamped } from "./exceptions.ts";
import { inList, selectRows } from "./json-list.ts";
import { exceptions, paymentIntents, refunds, statementLines } from "./schema.ts";

export type LineRow = typeof statementLines.$inferSelect;

const paymentColumns = {
  id: paymentIntents.id,
  merchant_id: paymentIntents.merchant_id,
  livemode: paymentIntents.livemode,
  channel_account: paymentIntents.channel_account,
  merchant_order_id: paymentIntents.merchant_order_id,
  status: paymentIntents.status,
  currency: paymentIntents.currency,
  value: paymentIntents.value,
  refunded: paymentIntents.refunded,
  transaction_id: paymentIntents.channel_transaction_id,
  succeeded_at: paymentIntents.succeeded_at,
};

const refundColumns = {
  id: refunds.id,
  merchant_id: refunds.merchant_id,
  livemode: refunds.livemode,
  channel_account: refunds.channel_account,
  payment_intent: refunds.payment_intent,
  status: refunds.status,
  currency: refunds.currency,
  value: refunds.value,
  transaction_id: refunds.channel_refund_id,
  succeeded_at: refunds.succeeded_at,
};

export interface BookedPayment {
  readonly id: string;
  readonly merchant_id: string;
  readonly livemode: boolean;
  readonly channel_account: string | null;
  readonly merchant_order_id: string | null;
  readonly status: string;
  readonly currency: string;
  readonly value: number;
  readonly refunded: number;
  readonly transaction_id: string | null;
  readonly succeeded_at: number | null;
}

export interface BookedRefund {
  readonly id: string;
  readonly merchant_id: string;
  readonly livemode: boolean;
  readonly channel_account: string;
  readonly payment_intent: string;
  readonly status: string;
  readonly currency: string;
  readonly value: number;
  readonly transaction_id: string | null;
  readonly succeeded_at: number | null;
}

type OpenException = Pick<ExceptionRow, "id" | "reference" | "kind">;

export interface Books {
  readonly payments: readonly BookedPayment[];
  readonly refunds: readonly BookedRefund[];
  /** What files said before, of both sides. */
  readonly lines: readonly LineRow[];
  /** Found in earlier files and not closed by anybody. */
  readonly open: readonly OpenException[];
}

/** How many statements {@link readBooks} is to D1. */
export const QUERIES_OF_BOOKS = 7;

/** Everything about payments and refunds by their ids, in one round trip. */
export async function readBooks(
  db: Database,
  accountId: string,
  names: { readonly payments: readonly string[]; readonly refunds: readonly string[] },
): Promise<Books> {
  const both = [...names.payments, ...names.refunds];
  const linesOf = (kind: LineRow["kind"], side: LineRow["side"], list: readonly string[]) =>
    db
      .select()
      .from(statementLines)
      .where(
        and(
          eq(statementLines.channel_account, accountId),
          eq(statementLines.side, side),
          eq(statementLines.kind, kind),
          sql`${statementLines.reference} IN ${inList(list)}`,
        ),
      );
  const [payments, booked, open, a, b, c, d] = await db.batch([
    db
      .select(paymentColumns)
      .from(paymentIntents)
      .where(sql`${paymentIntents.id} IN ${inList(names.payments)}`),
    db
      .select(refundColumns)
      .from(refunds)
      .where(sql`${refunds.id} IN ${inList(names.refunds)}`),
    db
      .select({ id: exceptions.id, reference: exceptions.reference, kind: exceptions.kind })
      .from(exceptions)
      .where(
        and(
          eq(exceptions.channel_account, accountId),
          sql`${exceptions.reference} IN ${inList(both)}`,
          isOpenException,
          sql`${exceptions.run_id} IS NOT NULL`,
        ),
      ),
    linesOf("payment", "channel", names.payments),
    linesOf("payment", "merchant", names.payments),
    linesOf("refund", "channel", names.refunds),
    linesOf("refund", "merchant", names.refunds),
  ]);
  return { payments, refunds: booked, open, lines: [...a, ...b, ...c, ...d] };
}

const paymentsBy =
  (column: SQLiteColumn) =>
  (
    db: Database,
    { merchantId, livemode }: Owner,
    values: readonly string[],
  ): Promise<BookedPayment[]> =>
    db
      .select(paymentColumns)
      .from(paymentIntents)
      .where(
        and(
          eq(paymentIntents.merchant_id, merchantId),
          eq(paymentIntents.livemode, livemode),
          sql`${column} IN ${inList(values)}`,
        ),
      );

/** For lines that name no payment of ours: by the channel's own numbers. */
export const paymentsByTransaction = paymentsBy(paymentIntents.channel_transaction_id);

/** For merchants' own records: by their order numbers. */
export const paymentsByOrder = paymentsBy(paymentIntents.merchant_order_id);

/**
 * For records of refunds that name their payment alone; in the order in which they were made. Attack:
 * another merchant's payment, to find out by amounts what was given back of it.
 */
export const refundsByPayment = (
  db: Database,
  { merchantId, livemode }: Owner,
  payments: readonly string[],
): Promise<{ id: string; payment_intent: string; value: number }[]> =>
  db
    .select({ id: refunds.id, payment_intent: refunds.payment_intent, value: refunds.value })
    .from(refunds)
    .where(
      and(
        sql`${refunds.payment_intent} IN ${inList(payments)}`,
        // With a sign before it no index is chosen for it: all of a merchant's would be gone through.
        eq(sql`+${refunds.merchant_id}`, merchantId),
        eq(sql`+${refunds.livemode}`, Number(livemode)),
      ),
    )
    .orderBy(refunds.payment_intent, refunds.created_at, refunds.id);

/** For a batch: what a file says of these. A later file's word replaces an earlier one's. */
export const putLines = (db: Database, rows: readonly LineRow[]): BatchItem<"sqlite">[] =>
  rows.length === 0
    ? []
    : [
        db
          .insert(statementLines)
          .select(selectRows(statementLines, rows))
          .onConflictDoUpdate({
            target: [
              statementLines.channel_account,
              statementLines.side,
              statementLines.kind,
              statementLines.reference,
            ],
            set: {
              statement_id: sql`excluded.statement_id`,
              line: sql`excluded.line`,
              transaction_id: sql`excluded.transaction_id`,
              currency: sql`excluded.currency`,
              value: sql`excluded.value`,
              status: sql`excluded.status`,
              fee: sql`excluded.fee`,
              occurred_at: sql`excluded.occurred_at`,
            },
          }),
      ];

/** A note for a list of notes, its time the finding's. */
const foundAgain = sql`json_object('at', excluded.created_at, 'by', 'gateway',
  'text', 'Found again by the run ' || excluded.run_id || '.', 'action', NULL)`;

/**
 * For a batch: what was found. One that is there stays, with what people did about it; only what a
 * later file had put an end to, and nobody since, is open again.
 */
export const addFindings = (db: Database, rows: readonly ExceptionRow[]): BatchItem<"sqlite">[] =>
  rows.length === 0
    ? []
    : [
        db
          .insert(exceptions)
          .select(selectRows(exceptions, rows))
          .onConflictDoUpdate({
            target: exceptions.id,
            set: {
              state: "open",
              resolved_at: null,
              due_at: sql`excluded.due_at`,
              updated_at: sql`max(excluded.updated_at, ${exceptions.updated_at} + 1)`,
              notes: sql`json_insert(${exceptions.notes}, '$[#]', ${foundAgain})`,
            },
            setWhere: sql`${exceptions.state} = 'resolved'
              AND ${exceptions.notes} ->> '$[#-1].by' = 'gateway'
              AND ${hasRoom}`,
          }),
      ];

/** For a batch: a later file shows that nothing is amiss any more. */
export const settleFindings = (
  db: Database,
  ids: readonly string[],
  text: string,
  now: number,
): BatchItem<"sqlite">[] =>
  ids.length === 0
    ? []
    : [
        db
          .update(exceptions)
          .set({
            state: "resolved",
            resolved_at: now,
            updated_at: stamped(now),
            notes: sql`json_insert(${exceptions.notes}, '$[#]', json(${JSON.stringify({
              at: now,
              by: "gateway",
              text,
              action: null,
            })}))`,
          })
          .where(and(sql`${exceptions.id} IN ${inList(ids)}`, isOpenException)),
      ];

/** One of ours that happened in a window of time, and what the files say of it. */
export interface Unseen {
  readonly id: string;
  readonly succeeded_at: number;
}

/**
 * Payments that succeeded in a window, in the order of time: those that no file of the asked sides
 * names. Pages go on behind `after`.
 * @param superseded files of which nothing counts any more
 * @returns up to `limit` of them, and whether there may be more
 */
export async function unseenOf(
  db: Database,
  kind: LineRow["kind"],
  accountId: string,
  window: { readonly from: number; readonly to: number },
  sides: readonly LineRow["side"][],
  after: Unseen | null,
  limit: number,
  superseded: readonly string[] = [],
): Promise<Unseen[]> {
  const table = kind === "payment" ? paymentIntents : refunds;
  const counts =
    superseded.length === 0 ? sql`` : sql`AND l.statement_id NOT IN ${inList(superseded)}`;
  const isThere = (side: LineRow["side"]) =>
    sql`EXISTS (SELECT 1 FROM ${statementLines} AS l WHERE l.channel_account = ${accountId}
      AND l.side = ${side} AND l.kind = ${kind} AND l.reference = ${table.id} ${counts})`;
  const missing = sides.map((side) => sql`NOT ${isThere(side)}`);
  const from = after ?? { succeeded_at: window.from, id: "" };
  return db
    .select({ id: table.id, succeeded_at: sql<number>`${table.succeeded_at}` })
    .from(table)
    .where(
      and(
        eq(table.channel_account, accountId),
        sql`${table.succeeded_at} IS NOT NULL`,
        sql`(${table.succeeded_at}, ${table.id}) > (${from.succeeded_at}, ${from.id})`,
        sql`${table.succeeded_at} < ${window.to}`,
        sql`(${sql.join(missing, sql` OR `)})`,
      ),
    )
    .orderBy(sql`${table.succeeded_at}, ${table.id}`)
    .limit(limit);
}
