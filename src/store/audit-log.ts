/**
 * The audit log: who changed which setting, when, and how. Append-only (triggers refuse UPDATE and
 * DELETE).
 *
 * An entry is written in the batch of the change itself, directly BEHIND the statement it speaks of:
 * it is inserted only when that statement changed a row, so a change that did not happen (a lost
 * race, nothing there) leaves no entry, and no change is without one. Entries may follow each other.
 *
 *     db.batch([db.update(things)…, ...auditEntry(c, { action: "thing.updated", … })])
 *
 * Routes make entries with `auditEntry` of routes/audit.ts; what the gateway does by itself uses
 * {@link changeEntry} with {@link GATEWAY}.
 */
import { and, desc, eq, isNull, or, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";

import { canonicalJson } from "../canonical-json.ts";
import { randomId } from "../ids.ts";
import type { Database } from "./db.ts";
import { olderWithin, type PageRequest, type TimeRange } from "./page.ts";
import { auditLog } from "./schema.ts";

export type AuditRow = typeof auditLog.$inferSelect;

/** A further statement for a store function's batch. */
export type AlsoItem = BatchItem<"sqlite">;

/** Public JSON, as a `show…` function makes it: never a row, which holds sealed secrets. */
export type PublicJson = Readonly<Record<string, unknown>>;

export interface Change {
  /** Null: a setting of the whole deployment. */
  readonly merchantId: string | null;
  /** Null: it holds for both modes. */
  readonly livemode: boolean | null;
  readonly actor: Readonly<{ type: AuditRow["actor_type"]; id: string | null }>;
  /** Null: no request asked for it. */
  readonly requestId: string | null;
  /** `what.done`, such as `api_key.created`. */
  readonly action: `${string}.${string}`;
  /** The id of what was changed. */
  readonly target: string;
  /** The whole public object; null: it did not exist. */
  readonly before: PublicJson | null;
  /** The whole public object; null: it is gone. */
  readonly after: PublicJson | null;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The deployment by itself: it switches off dead webhook endpoints and renews authorisations. */
export const GATEWAY = { type: "gateway", id: null } as const;

/** Moves with every change and says nothing about it. */
const STAMP = "updated_at";

/** The fields that two versions of an object do not share; null: there are none. */
export function difference(
  before: PublicJson,
  after: PublicJson,
): { readonly before: PublicJson; readonly after: PublicJson } | null {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) =>
      name !== STAMP && canonicalJson(before[name] ?? null) !== canonicalJson(after[name] ?? null),
  );
  const only = (version: PublicJson): PublicJson =>
    Object.fromEntries(names.map((name) => [name, version[name] ?? null]));
  return names.length === 0 ? null : { before: only(before), after: only(after) };
}

const json = (value: PublicJson | null) => (value === null ? null : JSON.stringify(value));

/** Nothing, or the statement that writes a change down when `happened`. */
function entryOf(db: Database, change: Change, happened: SQL): AlsoItem[] {
  const { before, after, now } = change;
  const kept = before === null || after === null ? { before, after } : difference(before, after);
  if (kept === null) return [];
  const { actor, action, target, merchantId, requestId } = change;
  const livemode = change.livemode === null ? null : Number(change.livemode);
  return [
    db.insert(auditLog).select(
      // All columns in the order of the schema.
      sql`SELECT ${randomId("auditEntry")}, ${merchantId}, ${livemode}, ${actor.type}, ${actor.id},
        ${action}, ${target}, ${json(kept.before)}, ${json(kept.after)}, ${requestId}, ${now}
        WHERE ${happened}`,
    ),
  ];
}

/** In a batch: whether the statement before changed a row. */
export const CHANGED_BEFORE: SQL = sql`changes() > 0`;

/**
 * The statement that writes a change down, to be spread into its batch directly behind the change.
 * Of an update only the fields that differ are kept; an update without any has no entry.
 */
export const changeEntry = (db: Database, change: Change): AlsoItem[] =>
  entryOf(db, change, CHANGED_BEFORE);

/** Writes down what did not happen in the database, such as an application handed to a channel. */
export async function writeEntry(db: Database, change: Change): Promise<void> {
  const [entry] = entryOf(db, change, sql`TRUE`);
  if (entry !== undefined) await db.batch([entry]);
}

/** Runs a change together with what has to stand behind it. @returns the change's own result */
export async function changeAlso<T extends AlsoItem>(
  db: Database,
  change: T,
  also: readonly AlsoItem[],
): Promise<T["_"]["result"]> {
  const [result] = await db.batch([change, ...also]);
  return result;
}

export interface AuditFilter extends TimeRange {
  readonly action?: string | undefined;
  readonly target?: string | undefined;
}

const newest = (db: Database, whose: SQL | undefined, filter: AuditFilter, page: PageRequest) =>
  db
    .select()
    .from(auditLog)
    .where(
      and(
        whose,
        filter.action === undefined ? undefined : eq(auditLog.action, filter.action),
        filter.target === undefined ? undefined : eq(auditLog.target, filter.target),
        olderWithin(auditLog.created_at, auditLog.id, filter, page.before),
      ),
    )
    .orderBy(desc(auditLog.created_at), desc(auditLog.id))
    .limit(page.limit);

/** A merchant's entries of one mode, and those that hold for both. */
export const listOwnEntries = (
  db: Database,
  merchantId: string,
  livemode: boolean,
  filter: AuditFilter,
  page: PageRequest,
): Promise<AuditRow[]> => {
  const ofMode = or(eq(auditLog.livemode, livemode), isNull(auditLog.livemode));
  return newest(db, and(eq(auditLog.merchant_id, merchantId), ofMode), filter, page);
};

/** Everybody's entries, or one merchant's in both modes. */
export const listAllEntries = (
  db: Database,
  merchantId: string | undefined,
  filter: AuditFilter,
  page: PageRequest,
): Promise<AuditRow[]> => {
  const whose = merchantId === undefined ? undefined : eq(auditLog.merchant_id, merchantId);
  return newest(db, whose, filter, page);
};
