/**
 * Which schedule does what. The expressions are those of wrangler.toml. Every run is noted in D1,
 * for operators: a job that no longer runs, or only fails, shows.
 */
import { systemClock } from "../clock.ts";
import { createLogger, describeError } from "../log.ts";
import { queueContext } from "../queue/context.ts";
import { noteRun } from "../store/cron-runs.ts";
import { database } from "../store/db.ts";
import { reconciliationContext } from "../reconciliation/context.ts";
import { resumeDays } from "../reconciliation/run.ts";
import { renewAuthorizations } from "./authorizations.ts";
import { feedDueDeliveries } from "./deliveries.ts";
import { closeLastMonth } from "./invoices.ts";
import { beginNightlyRuns } from "./reconcile.ts";
import { resumeReplays } from "./replays.ts";
import { startSettling } from "./settlements.ts";
import { feedDueSplits } from "./splits.ts";
import { sweepPayments } from "./sweep.ts";
import { watchBooks } from "./watch.ts";

export const JOB_NAMES = [
  "deliveries",
  "replays",
  "splits",
  "reconciliation",
  "payments",
  "watch",
  "nightly",
  "settlements",
  "invoices",
  "authorizations",
] as const;

export interface Job {
  readonly name: (typeof JOB_NAMES)[number];
  readonly schedule: string;
  /** Answers how many it handled. */
  readonly run: (env: Env, now: number) => Promise<number>;
}

export const JOBS: readonly Job[] = [
  {
    name: "deliveries",
    schedule: "* * * * *",
    run: (env, now) => feedDueDeliveries(queueContext(env), now),
  },
  {
    name: "replays",
    schedule: "* * * * *",
    run: (env, now) => resumeReplays(queueContext(env), now),
  },
  {
    name: "splits",
    schedule: "* * * * *",
    run: (env, now) => feedDueSplits({ db: database(env.DB), work: env.WORK }, now),
  },
  {
    name: "reconciliation",
    schedule: "* * * * *",
    run: (env, now) => resumeDays({ db: database(env.DB), work: env.WORK }, now),
  },
  {
    name: "watch",
    schedule: "*/5 * * * *",
    run: (env, now) => watchBooks(env, now, createLogger(env.LOG_LEVEL)),
  },
  {
    name: "nightly",
    schedule: "30 2 * * *",
    run: (env, now) => beginNightlyRuns(reconciliationContext(env), now),
  },
  {
    name: "settlements",
    schedule: "30 2 * * *",
    run: (env, now) => startSettling({ db: database(env.DB), work: env.WORK }, now),
  },
  {
    name: "invoices",
    schedule: "15 3 1 * *",
    run: (env, now) => closeLastMonth(env.WORK, now),
  },
  {
    name: "payments",
    schedule: "*/5 * * * *",
    run: (env, now) => sweepPayments(env, now, createLogger(env.LOG_LEVEL)),
  },
  {
    name: "authorizations",
    schedule: "17 3 * * *",
    run: (env, now) => renewAuthorizations(env, now, createLogger(env.LOG_LEVEL)),
  },
];

/**
 * Runs the jobs of a schedule, each whether or not the one before failed.
 * @throws Error of the first that failed; and for a schedule without a job: the fault shows instead
 * of doing nothing for ever.
 */
export async function runScheduled(
  controller: Pick<ScheduledController, "cron" | "scheduledTime">,
  env: Env,
): Promise<void> {
  const due = JOBS.filter(({ schedule }) => schedule === controller.cron);
  if (due.length === 0) throw new Error(`no job for the schedule ${controller.cron}`);
  const failures: unknown[] = [];
  for (const job of due) {
    try {
      await runNoted(job, env, controller.scheduledTime);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function runNoted({ name, run }: Job, env: Env, now: number): Promise<void> {
  const started = systemClock.now();
  const note = (handled: number, error: string | null) =>
    noteRun(database(env.DB), {
      job: name,
      started_at: started,
      duration_ms: systemClock.now() - started,
      handled,
      error,
    }).catch((trouble: unknown) => {
      // The job is done or has failed for a reason of its own: that counts.
      const log = createLogger(env.LOG_LEVEL);
      log("error", "cron.not_noted", { job: name, error: describeError(trouble) });
    });
  try {
    await note(await run(env, now), null);
  } catch (error) {
    await note(0, describeError(error));
    throw error;
  }
}
