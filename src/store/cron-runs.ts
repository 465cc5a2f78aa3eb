/** When each scheduled job last ran and how it went, and the work that waits for them. */
import { lte, sql } from "drizzle-orm";

import type { Database } from "./db.ts";
import { isOpenException } from "./exceptions.ts";
import { countStaleJobs } from "./jobs.ts";
import {
  cronRuns,
  deadLetters,
  exceptions,
  paymentIntents,
  refunds,
  webhookDeliveries,
} from "./schema.ts";

export type CronRun = typeof cronRuns.$inferSelect;

/** Keeps the last run of each job. */
export async function noteRun(db: Database, run: CronRun): Promise<void> {
  const { job: _, ...rest } = run;
  await db
    .insert(cronRuns)
    .values(run)
    .onConflictDoUpdate({
      target: cronRuns.job,
      set: rest,
      // Two at once: the later one is the last.
      setWhere: lte(cronRuns.started_at, sql`excluded.started_at`),
    });
}

export const listRuns = (db: Database): Promise<CronRun[]> => db.select().from(cronRuns);

export interface Backlog {
  /** Payments past their deadline that have not ended. */
  readonly overduePayments: number;
  /** Webhook deliveries that the next run feeds. */
  readonly dueDeliveries: number;
  readonly deadLetters: number;
  /** Jobs on which nothing has happened for too long. */
  readonly staleJobs: number;
  /** Refunds that a channel has had for a day and more. */
  readonly oldRefunds: number;
  /** What nobody is done with, of all merchants; counted to {@link MOST_COUNTED}. */
  readonly openExceptions: number;
}

const DAY_MS = 86_400_000;

/** A file of the wrong shop brings a million: nobody has to read them all to know that. */
export const MOST_COUNTED = 1_000;

async function countOpenExceptions(db: Database): Promise<number> {
  const open = db
    .select({ id: exceptions.id })
    .from(exceptions)
    .where(isOpenException)
    .limit(MOST_COUNTED)
    .as("open");
  const row = await db
    .select({ open: sql<number>`count(*)` })
    .from(open)
    .get();
  return row?.open ?? 0;
}

/** @param staleBefore a job untouched since then stands still (milliseconds since 1970) */
export async function countBacklog(
  db: Database,
  now: number,
  staleBefore: number,
): Promise<Backlog> {
  const [overdue, due, dead, stale, oldRefunds, openExceptions] = await Promise.all([
    db.$count(paymentIntents, lte(paymentIntents.deadline, now)),
    db.$count(webhookDeliveries, lte(webhookDeliveries.feed_at, now)),
    db.$count(deadLetters),
    countStaleJobs(db, staleBefore),
    // Written as their indexes are, which hold nothing else.
    db.$count(
      refunds,
      sql`${refunds.status} IN ('requested', 'processing') AND ${refunds.created_at} <= ${now - DAY_MS}`,
    ),
    countOpenExceptions(db),
  ]);
  return {
    overduePayments: overdue,
    dueDeliveries: due,
    deadLetters: dead,
    staleJobs: stale,
    oldRefunds,
    openExceptions,
  };
}
