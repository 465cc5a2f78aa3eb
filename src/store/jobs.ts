/** Long work that a merchant asked for, done step by step, with the place where the next begins. */
import { and, desc, eq, inArray, lte, ne, or, type SQL, sql } from "drizzle-orm";

import type { Database } from "./db.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { jobs } from "./schema.ts";

export type JobRow = typeof jobs.$inferSelect;

/**
 * `queued`: the next step has not begun. `running`: it was begun at `updated_at`; whoever began it
 * may have died.
 */
const OPEN = ["queued", "running"] as const;

const owned = (merchantId: string, livemode: boolean): SQL | undefined =>
  and(eq(jobs.merchant_id, merchantId), eq(jobs.livemode, livemode));

const openFor = ({ merchant_id, livemode, kind, target }: JobRow): SQL | undefined =>
  and(
    owned(merchant_id, livemode),
    eq(jobs.kind, kind),
    eq(jobs.target, target),
    inArray(jobs.state, [...OPEN]),
  );

export type AddedJob =
  | { readonly kind: "added"; readonly job: JobRow }
  /** Another job of this kind is not done with the same target. */
  | { readonly kind: "busy"; readonly job: JobRow };

/**
 * Adds a job unless its target has one already; the check and the insert are one statement, so two
 * requests at once add one. A repeat with the same id finds its own.
 */
export async function addJob(db: Database, row: JobRow): Promise<AddedJob> {
  const other = db
    .select({ one: sql`1` })
    .from(jobs)
    .where(and(openFor(row), ne(jobs.id, row.id)));
  const [inserted] = await db
    .insert(jobs)
    .select(
      // All columns in the order of the schema.
      sql`SELECT ${row.id}, ${row.merchant_id}, ${Number(row.livemode)}, ${row.kind}, ${row.target},
        ${JSON.stringify(row.parameters)}, ${row.state}, ${row.done}, ${row.total}, ${row.cursor},
        ${row.error}, ${row.created_at}, ${row.updated_at} WHERE NOT EXISTS ${other}`,
    )
    .onConflictDoNothing()
    .returning();
  if (inserted !== undefined) return { kind: "added", job: inserted };
  const known = await findJob(db, row.merchant_id, row.livemode, row.id);
  if (known !== null) return { kind: "added", job: known };
  const busy = await db.select().from(jobs).where(openFor(row)).get();
  // It was done between the two statements.
  return busy === undefined ? addJob(db, row) : { kind: "busy", job: busy };
}

export async function findJob(
  db: Database,
  merchantId: string,
  livemode: boolean,
  id: string,
): Promise<JobRow | null> {
  const row = await db
    .select()
    .from(jobs)
    .where(and(owned(merchantId, livemode), eq(jobs.id, id)))
    .get();
  return row ?? null;
}

export const listJobs = (
  db: Database,
  merchantId: string,
  livemode: boolean,
  target: string | undefined,
  page: PageRequest,
): Promise<JobRow[]> =>
  db
    .select()
    .from(jobs)
    .where(
      and(
        owned(merchantId, livemode),
        target === undefined ? undefined : eq(jobs.target, target),
        olderThan(jobs.created_at, jobs.id, page.before),
      ),
    )
    .orderBy(desc(jobs.created_at), desc(jobs.id))
    .limit(page.limit);

/**
 * Begins a job's next step. Null: it is done, or a step of it is under way. One that began before
 * `abandonedBefore` counts as given up by whoever died over it.
 */
export async function beginStep(
  db: Database,
  id: string,
  now: number,
  abandonedBefore: number,
): Promise<JobRow | null> {
  const idle = eq(jobs.state, "queued");
  const abandoned = and(eq(jobs.state, "running"), lte(jobs.updated_at, abandonedBefore));
  const [row] = await db
    .update(jobs)
    .set({ state: "running", updated_at: now })
    .where(and(eq(jobs.id, id), or(idle, abandoned)))
    .returning();
  return row ?? null;
}

export type StepEnd = Pick<JobRow, "state" | "done" | "cursor" | "error">;

/** Ends the step that began with `job`. False: another took it over; then nothing is changed. */
export async function endStep(
  db: Database,
  job: JobRow,
  end: StepEnd,
  now: number,
): Promise<boolean> {
  const rows = await db
    .update(jobs)
    .set({ ...end, updated_at: now })
    .where(and(eq(jobs.id, job.id), eq(jobs.state, "running"), eq(jobs.updated_at, job.updated_at)))
    .returning({ id: jobs.id });
  return rows.length > 0;
}

/** In the words of the index `jobs_open`: SQLite takes it for no others. */
const openSince = (until: number): SQL | undefined =>
  and(sql`${jobs.state} IN ('queued', 'running')`, lte(jobs.updated_at, until));

/** Open jobs on which nothing has happened since a time (milliseconds since 1970). */
export const countStaleJobs = (db: Database, until: number): Promise<number> =>
  db.$count(jobs, openSince(until));

/**
 * Takes up to `limit` open jobs on which nothing has happened since `until`, and lets their next
 * step begin. Whoever asks again finds them only when nothing happens again.
 */
export async function reviveStaleJobs(
  db: Database,
  until: number,
  now: number,
  limit: number,
): Promise<string[]> {
  const stale = db.select({ id: jobs.id }).from(jobs).where(openSince(until)).limit(limit);
  const rows = await db
    .update(jobs)
    .set({ state: "queued", updated_at: now })
    .where(inArray(jobs.id, stale))
    .returning({ id: jobs.id });
  return rows.map(({ id }) => id);
}
