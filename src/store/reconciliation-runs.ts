/**
 * Runs and their days. A day is worked on by whoever holds it: who begins it marks it `running` at
 * a time, and what is written afterwards is only taken from the holder of that time. A holder that
 * died is succeeded after a while, at the place that was written down last.
 */
import {
  and,
  asc,
  desc,
  eq,
  gt,
  inArray,
  isNotNull,
  lte,
  ne,
  or,
  type SQL,
  sql,
} from "drizzle-orm";

import type { Database } from "./db.ts";
import { inList, selectRows } from "./json-list.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { reconciliationDays, reconciliationRuns } from "./schema.ts";

export type RunRow = typeof reconciliationRuns.$inferSelect;
export type DayRow = typeof reconciliationDays.$inferSelect;

/**
 * Runs with their days; one that is there already is left as it is. However many they are these are
 * two statements, their lists one JSON text each.
 */
export async function addRuns(
  db: Database,
  runs: readonly RunRow[],
  days: readonly DayRow[],
): Promise<void> {
  await db.batch([
    db
      .insert(reconciliationRuns)
      .select(selectRows(reconciliationRuns, runs))
      .onConflictDoNothing(),
    db
      .insert(reconciliationDays)
      .select(selectRows(reconciliationDays, days))
      .onConflictDoNothing(),
  ]);
}

/** Days that a merchant has had begun since then (ms since 1970), without those of the night. */
export async function countDaysSince(
  db: Database,
  merchantId: string,
  livemode: boolean,
  since: number,
): Promise<number> {
  const row = await db
    .select({ days: sql<number>`count(*)` })
    .from(reconciliationRuns)
    .innerJoin(reconciliationDays, eq(reconciliationDays.run_id, reconciliationRuns.id))
    .where(
      and(
        eq(reconciliationRuns.merchant_id, merchantId),
        eq(reconciliationRuns.livemode, livemode),
        gt(reconciliationRuns.created_at, since),
        ne(reconciliationRuns.trigger, "nightly"),
      ),
    )
    .get();
  return row?.days ?? 0;
}

export async function findRun(db: Database, id: string): Promise<RunRow | null> {
  const run = await db.select().from(reconciliationRuns).where(eq(reconciliationRuns.id, id)).get();
  return run ?? null;
}

/** In the order of the calendar. */
export const daysOf = (db: Database, runIds: readonly string[]): Promise<DayRow[]> =>
  db
    .select()
    .from(reconciliationDays)
    .where(sql`${reconciliationDays.run_id} IN ${inList(runIds)}`)
    .orderBy(asc(reconciliationDays.run_id), asc(reconciliationDays.day));

export const listRuns = (
  db: Database,
  merchantId: string,
  livemode: boolean,
  channelAccount: string | undefined,
  page: PageRequest,
): Promise<RunRow[]> =>
  db
    .select()
    .from(reconciliationRuns)
    .where(
      and(
        eq(reconciliationRuns.merchant_id, merchantId),
        eq(reconciliationRuns.livemode, livemode),
        channelAccount === undefined
          ? undefined
          : eq(reconciliationRuns.channel_account, channelAccount),
        olderThan(reconciliationRuns.created_at, reconciliationRuns.id, page.before),
      ),
    )
    .orderBy(desc(reconciliationRuns.created_at), desc(reconciliationRuns.id))
    .limit(page.limit);

const isDay = (runId: string, day: string): SQL | undefined =>
  and(eq(reconciliationDays.run_id, runId), eq(reconciliationDays.day, day));

/**
 * Takes a day that nobody works on. Null: it has ended, is not due, or somebody does; one that was
 * begun before `abandonedBefore` counts as given up by whoever died over it.
 */
export async function beginDay(
  db: Database,
  runId: string,
  day: string,
  now: number,
  abandonedBefore: number,
): Promise<DayRow | null> {
  const { state, next_attempt_at, updated_at } = reconciliationDays;
  const [row] = await db
    .update(reconciliationDays)
    // Never the same stamp twice, also within one millisecond: it says who holds the day.
    .set({ state: "running", updated_at: sql`max(${now}, ${updated_at} + 1)` })
    .where(
      and(
        isDay(runId, day),
        or(
          eq(state, "queued"),
          and(eq(state, "waiting"), lte(next_attempt_at, now)),
          and(eq(state, "running"), lte(updated_at, abandonedBefore)),
        ),
      ),
    )
    .returning();
  return row ?? null;
}

export type DayChange = Partial<
  Pick<
    DayRow,
    | "state"
    | "step"
    | "cursor"
    | "statement_id"
    | "merchant_statement_id"
    | "lines"
    | "done"
    | "counts"
    | "attempts"
    | "next_attempt_at"
    | "error"
  >
>;

/** For a batch: the holder's next mark. Nothing is written when another holds the day. */
export const markDay = (db: Database, held: DayRow, change: DayChange, now: number) =>
  db
    .update(reconciliationDays)
    .set({ ...change, updated_at: Math.max(now, held.updated_at + 1) })
    .where(
      and(
        isDay(held.run_id, held.day),
        eq(reconciliationDays.state, "running"),
        eq(reconciliationDays.updated_at, held.updated_at),
      ),
    )
    .returning();

/** In the words of the index `reconciliation_days_open`: SQLite takes it for no others. */
const isOpen = sql`${reconciliationDays.state} IN ('queued', 'running', 'waiting')`;

/** Days of a run that have not ended. */
export const countOpenDays = (db: Database, runId: string): Promise<number> =>
  db.$count(reconciliationDays, and(eq(reconciliationDays.run_id, runId), isOpen));

const among = (found: readonly Pick<DayRow, "run_id" | "day">[]): SQL => {
  const { run_id, day } = reconciliationDays;
  const chosen = JSON.stringify(found.map((one) => [one.run_id, one.day]));
  return sql`(${run_id}, ${day}) IN (SELECT value ->> 0, value ->> 1 FROM json_each(${chosen}))`;
};

/**
 * Lets up to `limit` days go on: those that waited long enough, and those on which nothing has
 * happened since `stale`. Whoever asks again finds them only when nothing happens again.
 */
export async function reviveDays(
  db: Database,
  now: number,
  stale: number,
  limit: number,
): Promise<Pick<DayRow, "run_id" | "day">[]> {
  const { run_id, day, state, updated_at, next_attempt_at } = reconciliationDays;
  const due = and(eq(state, "waiting"), lte(next_attempt_at, now));
  const still = and(inArray(state, ["queued", "running"]), lte(updated_at, stale));
  const found = await db
    .select({ run_id, day })
    .from(reconciliationDays)
    .where(and(isOpen, or(due, still)))
    .limit(limit);
  if (found.length === 0) return [];
  return db
    .update(reconciliationDays)
    .set({ state: "queued", updated_at: sql`max(${now}, ${updated_at} + 1)` })
    .where(and(or(due, still), among(found)))
    .returning({ run_id, day });
}

/** Ends up to `limit` days that were begun before then and came to no end. */
export async function giveUpDays(
  db: Database,
  begunBefore: number,
  message: string,
  limit: number,
  now: number,
): Promise<Pick<DayRow, "run_id" | "day">[]> {
  const { run_id, day, created_at, updated_at } = reconciliationDays;
  const old = and(isOpen, lte(created_at, begunBefore));
  const found = await db.select({ run_id, day }).from(reconciliationDays).where(old).limit(limit);
  if (found.length === 0) return [];
  return db
    .update(reconciliationDays)
    .set({
      state: "failed",
      error: sql`json_object('code', 'stuck', 'message', ${message}, 'file', ${day},
        'line', NULL, 'column', NULL)`,
      updated_at: sql`max(${now}, ${updated_at} + 1)`,
    })
    .where(and(old, among(found)))
    .returning({ run_id, day });
}

/** Steps of a day that come after all lines of its file were compared. */
const BEHIND_LINES = ["check", "sweep", "settle", "announce", "done"];

/**
 * Which of these days of an account have a file whose lines were all compared, by any run.
 * @param since runs that were begun before then are not looked at (ms since 1970)
 */
export async function comparedDays(
  db: Database,
  account: Pick<RunRow, "merchant_id" | "livemode" | "channel_account">,
  days: readonly string[],
  since: number,
): Promise<ReadonlySet<string>> {
  const { run_id, day, step, statement_id } = reconciliationDays;
  const { id, merchant_id, livemode, channel_account, created_at } = reconciliationRuns;
  const rows = await db
    .selectDistinct({ day })
    .from(reconciliationRuns)
    .innerJoin(reconciliationDays, eq(run_id, id))
    .where(
      and(
        eq(merchant_id, account.merchant_id),
        eq(livemode, account.livemode),
        gt(created_at, since),
        eq(channel_account, account.channel_account),
        inArray(day, [...days]),
        inArray(step, BEHIND_LINES),
        isNotNull(statement_id),
      ),
    );
  return new Set(rows.map((row) => row.day));
}
