/**
 * What does not fit, and what people have done about it. Several may work on one at once: every
 * change is one statement that asks for the state it starts from and appends its own note, so that
 * nobody's word is lost and nothing that is closed changes.
 */
import { and, eq, type SQL, sql } from "drizzle-orm";

import type { ExceptionRecord } from "../messages.ts";
import { EXCEPTION_KINDS, EXCEPTION_SLA_MS } from "../reconciliation.ts";
import type { LedgerEntry } from "../settlement/ledger.ts";
import type { Owner } from "../owner.ts";
import { CHANGED_BEFORE } from "./audit-log.ts";
import type { Database } from "./db.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { type ExceptionNote, exceptions, ledgerEntries } from "./schema.ts";

export type { ExceptionNote } from "./schema.ts";
export type ExceptionRow = typeof exceptions.$inferSelect;

/** Nobody is done with it. */
export const OPEN_STATES = ["open", "acknowledged"] as const satisfies ExceptionRow["state"][];

/** The same, in the words of its partial index: SQLite takes that for no others. */
export const isOpenException = sql`${exceptions.state} IN ('open', 'acknowledged')`;

/** Most notes of one exception: what is listed and sent must stay small. */
export const MAX_NOTES = 100;

const slaOf = (kind: string): number =>
  EXCEPTION_SLA_MS[EXCEPTION_KINDS.find((name) => name === kind) ?? "status_mismatch"];

/** For `recordPublications`: one that is there already stays as it is, with what people did to it. */
export const addException = (
  db: Database,
  { merchant_id, livemode }: Pick<ExceptionRow, "merchant_id" | "livemode">,
  record: ExceptionRecord,
) =>
  db
    .insert(exceptions)
    .values({
      ...record,
      merchant_id,
      livemode,
      state: "open",
      notes: [],
      due_at: record.created_at + slaOf(record.kind),
      updated_at: record.created_at,
    })
    .onConflictDoNothing();

export interface ExceptionFilter {
  readonly run?: string | undefined;
  readonly kind?: string | undefined;
  readonly state?: ExceptionRow["state"] | undefined;
  readonly assignee?: string | undefined;
  readonly channelAccount?: string | undefined;
  /** Nobody was done with it by then (milliseconds since 1970). */
  readonly overdueAt?: number | undefined;
}

const owned = ({ merchantId, livemode }: Owner) =>
  and(eq(exceptions.merchant_id, merchantId), eq(exceptions.livemode, livemode));

/** A run has few of a merchant's: its own index is taken, and the merchant's left alone. */
const ofRun = ({ merchantId, livemode }: Owner, run: string) =>
  and(
    eq(exceptions.run_id, run),
    eq(sql`+${exceptions.merchant_id}`, merchantId),
    eq(sql`+${exceptions.livemode}`, Number(livemode)),
  );

const matching = (filter: ExceptionFilter): (SQL | undefined)[] => [
  filter.kind === undefined ? undefined : eq(exceptions.kind, filter.kind),
  // With a sign before it no index is chosen for it: the merchant's has the right order.
  filter.state === undefined ? undefined : eq(sql`+${exceptions.state}`, filter.state),
  filter.assignee === undefined ? undefined : eq(exceptions.assignee, filter.assignee),
  filter.channelAccount === undefined
    ? undefined
    : eq(sql`+${exceptions.channel_account}`, filter.channelAccount),
  filter.overdueAt === undefined
    ? undefined
    : and(
        sql`+${exceptions.state} IN ('open', 'acknowledged')`,
        sql`${exceptions.due_at} <= ${filter.overdueAt}`,
      ),
];

/**
 * A page, newest first. Those of a run were all found at about the same time: they come in the order
 * of their ids, which its index has.
 */
export async function listExceptions(
  db: Database,
  owner: Owner,
  filter: ExceptionFilter,
  page: PageRequest,
): Promise<ExceptionRow[]> {
  const { id, created_at, run_id } = exceptions;
  const { run } = filter;
  const before = page.before;
  const query = db.select().from(exceptions);
  return run === undefined
    ? query
        .where(and(owned(owner), ...matching(filter), olderThan(created_at, id, before)))
        .orderBy(sql`${created_at} DESC, ${id} DESC`)
        .limit(page.limit)
    : query
        .where(
          and(
            ofRun(owner, run),
            ...matching(filter),
            before === null ? undefined : sql`${id} < ${before.id}`,
          ),
        )
        .orderBy(sql`${run_id} DESC, ${id} DESC`)
        .limit(page.limit);
}

export async function findException(
  db: Database,
  owner: Owner,
  id: string,
): Promise<ExceptionRow | null> {
  const row = await db
    .select()
    .from(exceptions)
    .where(and(eq(exceptions.id, id), owned(owner)))
    .get();
  return row ?? null;
}

export interface ExceptionChange {
  /** Absent: as it is. */
  readonly state?: ExceptionRow["state"] | undefined;
  /** Null: nobody's any more. Absent: as it is. */
  readonly assignee?: string | null | undefined;
  readonly note: ExceptionNote;
}

const appended = (note: ExceptionNote) =>
  sql`json_insert(${exceptions.notes}, '$[#]', json(${JSON.stringify(note)}))`;

/** Never the same stamp twice. */
export const stamped = (now: number) => sql`max(${now}, ${exceptions.updated_at} + 1)`;

export const hasRoom = sql`json_array_length(${exceptions.notes}) < ${sql.raw(String(MAX_NOTES))}`;

const change = (
  db: Database,
  owner: Owner,
  id: string,
  { state, assignee, note }: ExceptionChange,
  only: SQL | undefined,
) =>
  db
    .update(exceptions)
    .set({
      notes: appended(note),
      updated_at: stamped(note.at),
      ...(state === undefined ? {} : { state }),
      ...(state === "resolved" || state === "written_off" ? { resolved_at: note.at } : {}),
      ...(assignee === undefined ? {} : { assignee }),
    })
    .where(
      and(
        eq(exceptions.id, id),
        owned(owner),
        // A word may be said of what is closed; nothing else changes there.
        state === undefined && assignee === undefined ? undefined : isOpenException,
        only,
      ),
    )
    .returning();

/**
 * One with too many notes can only be closed.
 * @returns null: there is none, it is closed, or it has too many notes; nothing has changed
 */
export async function changeException(
  db: Database,
  owner: Owner,
  id: string,
  wanted: ExceptionChange,
): Promise<ExceptionRow | null> {
  const ends = wanted.state === "resolved" || wanted.state === "written_off";
  return (await change(db, owner, id, wanted, ends ? undefined : hasRoom))[0] ?? null;
}

const saysAlready = ({ action, text }: Pick<ExceptionNote, "action" | "text">) =>
  sql`NOT EXISTS (SELECT 1 FROM json_each(${exceptions.notes})
    WHERE value ->> 'action' = ${action} AND value ->> 'text' = ${text})`;

/**
 * Writes down what an action has done, once: a repeat that did the same adds nothing. What is closed
 * meanwhile keeps its state and gets the note all the same, because the deed was done.
 */
export async function noteAction(
  db: Database,
  owner: Owner,
  id: string,
  { state, note }: Pick<ExceptionChange, "state" | "note">,
): Promise<ExceptionRow | null> {
  const wanted = state === undefined ? { note } : { state, note };
  const [row] = await change(db, owner, id, wanted, saysAlready(note));
  if (row !== undefined) return row;
  if (state !== undefined) await change(db, owner, id, { note }, saysAlready(note));
  return findException(db, owner, id);
}

/**
 * Books an adjustment and writes it down, in one transaction. Once: there is only one for each
 * exception, whatever it says.
 * @returns null: there is one, or it is closed; nothing has changed
 */
export async function adjustException(
  db: Database,
  owner: Owner,
  id: string,
  { entry, note }: { readonly entry: LedgerEntry; readonly note: ExceptionNote },
): Promise<ExceptionRow | null> {
  const isFirst = sql`NOT EXISTS (SELECT 1 FROM json_each(${exceptions.notes})
    WHERE value ->> 'action' = ${note.action})`;
  const { merchant_id, livemode, at, currency, value, kind, debit, credit, cause, memo } = entry;
  const [rows] = await db.batch([
    change(db, owner, id, { state: "acknowledged", note }, isFirst),
    db.insert(ledgerEntries).select(
      // All columns in the order of the schema.
      sql`SELECT ${entry.id}, ${merchant_id}, ${Number(livemode)}, ${at}, ${currency}, ${value},
        ${kind}, ${debit}, ${credit}, ${cause}, ${memo}, ${entry.recorded_at}
        WHERE ${CHANGED_BEFORE}`,
    ),
  ]);
  return rows[0] ?? null;
}

/** What a run found, in the order of the ids. */
export const findingsOf = (
  db: Database,
  runId: string,
  afterId: string,
  limit: number,
): Promise<Pick<ExceptionRow, "id" | "snapshot" | "created_at">[]> =>
  db
    .select({
      id: exceptions.id,
      snapshot: exceptions.snapshot,
      created_at: exceptions.created_at,
    })
    .from(exceptions)
    .where(and(eq(exceptions.run_id, runId), sql`${exceptions.id} > ${afterId}`))
    .orderBy(exceptions.id)
    .limit(limit);
