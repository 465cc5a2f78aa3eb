/** Runs: how they begin, and what a message of the work queue does for a day of one. */
import { idKeyOf } from "../crypto/id-key.ts";
import { derivedId } from "../ids.ts";
import { describeError } from "../log.ts";
import { type ChannelAccountRow, findChannelAccount } from "../store/channel-accounts.ts";
import {
  addRuns,
  beginDay,
  daysOf,
  type DayRow,
  findRun,
  giveUpDays,
  reviveDays,
  type RunRow,
} from "../store/reconciliation-runs.ts";
import { announceEnd } from "./announce.ts";
import type { ReconciliationContext } from "./context.ts";
import { DAY_MS, daysBetween } from "../days.ts";
import { DayDesk, DayLost } from "./desk.ts";
import { work } from "./steps.ts";

/** Longer than any part may take: who began one before that is dead. */
export const ABANDONED_AFTER_MS = 5 * 60_000;

/** Longer than a part and than the queue's first repeats of its message. */
export const STALE_AFTER_MS = 2 * ABANDONED_AFTER_MS;

export interface RunRequest {
  readonly id: string;
  readonly account: Pick<ChannelAccountRow, "id" | "merchant_id" | "livemode">;
  readonly trigger: RunRow["trigger"];
  /** The channel's days, both included. */
  readonly from: string;
  readonly to: string;
  /** The file to compare with; null: the channel's, or the newest that was uploaded. */
  readonly statementId: string | null;
}

export interface BegunRun {
  readonly run: RunRow;
  readonly days: readonly DayRow[];
}

const dayRow = (run: RunRow, day: string, statementId: string | null): DayRow => ({
  run_id: run.id,
  day,
  state: "queued",
  step: "fetch",
  cursor: "0",
  statement_id: statementId,
  merchant_statement_id: null,
  lines: 0,
  done: 0,
  counts: {},
  attempts: 0,
  next_attempt_at: null,
  error: null,
  created_at: run.created_at,
  updated_at: run.created_at,
});

const runRow = ({ id, account, trigger, from, to }: RunRequest, now: number): RunRow => ({
  id,
  merchant_id: account.merchant_id,
  livemode: account.livemode,
  channel_account: account.id,
  trigger,
  from_day: from,
  to_day: to,
  created_at: now,
});

type Office = Pick<ReconciliationContext, "db" | "work" | "log">;

/**
 * Writes runs down and sets their days to work, at most 100 in all. The rows come first: when the
 * queue does not take the messages the minute cron does.
 */
export async function beginRuns(
  { db, work: queue, log }: Office,
  requests: readonly RunRequest[],
  now: number,
): Promise<void> {
  const begun = requests.map((request) => {
    const run = runRow(request, now);
    const days = daysBetween(request.from, request.to);
    return { run, days: days.map((day) => dayRow(run, day, request.statementId)) };
  });
  const days = begun.flatMap((one) => one.days);
  await addRuns(
    db,
    begun.map(({ run }) => run),
    days,
  );
  try {
    await queue.sendBatch(days.map(({ run_id, day }) => ({ body: { run: run_id, day } })));
  } catch (error) {
    log("warn", "reconciliation.not_queued", { runs: begun.length, error: describeError(error) });
  }
}

/** The same of one run, and how it stands: a repeat of the request finds its own, on its way. */
export async function beginRun(
  office: Office,
  request: RunRequest,
  now: number,
): Promise<BegunRun> {
  await beginRuns(office, [request], now);
  const { db } = office;
  const [kept, days] = await Promise.all([findRun(db, request.id), daysOf(db, [request.id])]);
  return { run: kept ?? runRow(request, now), days };
}

/** A nightly run has one id for each account and day: a cron that fires twice begins it once. */
export const nightlyRunId = async (
  secret: string,
  accountId: string,
  day: string,
): Promise<string> => derivedId("run", await idKeyOf(secret), ["nightly", accountId, day]);

/** Works on a day: until it ends, waits, or the next message should go on. */
export async function workOnDay(
  context: ReconciliationContext,
  message: { readonly run: string; readonly day: string },
): Promise<void> {
  const { db, now, log } = context;
  const run = await findRun(db, message.run);
  if (run === null) return;
  const begun = now();
  const held = await beginDay(db, run.id, message.day, begun, begun - ABANDONED_AFTER_MS);
  if (held === null) {
    // It has ended already, perhaps by a worker that died before it told anybody.
    return announceEnd(context, run);
  }
  const account = await findChannelAccount(db, run.channel_account);
  if (account === null) throw new Error(`the account of ${run.id} is gone`);
  const desk = new DayDesk(context, run, account, held);
  try {
    await work(desk);
    const { state, step, counts, error } = desk.day;
    if (state === "running") {
      await desk.mark({ state: "queued" });
      await context.work.send({ run: run.id, day: message.day });
      return;
    }
    log("info", "reconciliation.day", {
      run: run.id,
      day: message.day,
      state,
      step,
      counts: JSON.stringify(counts),
    });
    if (error !== null) log("warn", "reconciliation.refused", { run: run.id, code: error.code });
  } catch (error) {
    if (error instanceof DayLost) return;
    // So that the message's next attempt need not wait until this one counts as abandoned.
    await desk.mark({ state: "queued" }).catch(() => undefined);
    throw error;
  }
  await announceEnd(context, run);
}

/** One run of the cron takes at most this many; the next takes the rest. */
const PER_RUN = 100;

/**
 * Files are waited for two days, and read and compared within hours. A day that is open after this
 * fails again and again (milliseconds).
 */
export const GIVEN_UP_AFTER_MS = 4 * DAY_MS;

const STUCK = "The day came to no end within four days. Begin another run of it.";

/**
 * Every minute: days that have waited long enough, and days that stand still. One that whoever works
 * on it dies over is not tried for ever: it ends as failed, and the message tells of the run's end.
 */
export async function resumeDays(
  { db, work: queue }: Pick<ReconciliationContext, "db" | "work">,
  now: number,
): Promise<number> {
  const days = [
    ...(await giveUpDays(db, now - GIVEN_UP_AFTER_MS, STUCK, PER_RUN / 2, now)),
    ...(await reviveDays(db, now, now - STALE_AFTER_MS, PER_RUN / 2)),
  ];
  if (days.length > 0) {
    await queue.sendBatch(days.map(({ run_id, day }) => ({ body: { run: run_id, day } })));
  }
  return days.length;
}
