/**
 * A day's steps, in their order. Each does a part and writes down where the next begins; a message
 * that comes twice, a crash between any two statements, two workers at once: the result is the same.
 */
import { merchantFormat, formatFor } from "../channels/statement/formats.ts";
import { settle as settleDay } from "../settlement/settle.ts";
import type { StatementError } from "../store/schema.ts";
import { findStatement, latestStatement, type StatementRow } from "../store/statements.ts";
import { announce } from "./announce.ts";
import type { DayDesk } from "./desk.ts";
import { fetchStatement } from "./fetch.ts";
import { LineReader } from "./lines.ts";
import { type Files, matchSlice } from "./match.ts";
import { checkSlice, loadSlice } from "./merchant.ts";
import { readFile } from "./read.ts";
import { planOf, type SweepCursor, sweepPage } from "./sweep.ts";
import type { Tally } from "./tally.ts";
import type { StatementLine } from "../channels/statement/line.ts";

export const STEPS = [
  /** The files are brought together. */
  "fetch",
  /** They are read, and refused as a whole if anything is wrong with them. */
  "read",
  /** The merchant's own records are written down. */
  "load",
  /** The channel's lines are compared. */
  "match",
  /** The merchant's lines that no line of the channel's spoke of. */
  "check",
  /** What is in our books and in no file. */
  "sweep",
  /** What the day brings to the merchant's bank. */
  "settle",
  /** Merchants' systems are told. */
  "announce",
  "done",
] as const;

export type Step = (typeof STEPS)[number];

/** `on`: the next step may follow at once. `stop`: the day waits, has ended, or is left for later. */
type Went = "on" | "stop";

const START = "0";

const next = (step: Step): { step: Step; cursor: string } => ({
  step: STEPS[STEPS.indexOf(step) + 1] ?? "done",
  cursor: START,
});

async function filesOf({ context, day }: DayDesk): Promise<Files> {
  const [channel, merchant] = await Promise.all(
    [day.statement_id, day.merchant_statement_id].map(async (id) =>
      id === null ? null : findStatement(context.db, id),
    ),
  );
  return { channel: channel ?? null, merchant: merchant ?? null };
}

/**
 * The layout, and with it the clock, of a channel's file. Attack: a profile that reads a downloaded
 * file otherwise than the channel wrote it, such as an order's description as its number: profiles
 * are for uploads.
 */
const formatOf = ({ account }: DayDesk, file: StatementRow | null) =>
  formatFor(account.channel, file?.origin === "download" ? null : account.statement_profile);

async function fetch(desk: DayDesk): Promise<Went> {
  const { context, account, day } = desk;
  const merchant = await latestStatement(context.db, account.id, "merchant", day.day);
  const named = { merchant_statement_id: day.merchant_statement_id ?? merchant?.id ?? null };
  if (day.statement_id !== null) {
    await desk.mark({ ...named, ...next("fetch") });
    return "on";
  }
  const fetched = await fetchStatement(desk);
  const { now } = context;
  const attempts = day.attempts + 1;
  switch (fetched.kind) {
    case "ready":
      await desk.mark({
        ...named,
        attempts,
        statement_id: fetched.statement?.id ?? null,
        ...next("fetch"),
      });
      return "on";
    case "wait":
      await desk.mark({ state: "waiting", attempts, next_attempt_at: now() + fetched.ms });
      return "stop";
    case "failed":
      await desk.mark({ state: "failed", attempts, error: fetched.error });
      return "stop";
  }
}

/**
 * Attack: a file that costs whoever reads it all the time or memory there is: the worker dies, and
 * so does the next. What so many have not read to its end nobody will.
 */
const MOST_READERS = 8;

const unreadable = (file: StatementRow): StatementError => ({
  code: "too_large",
  message: `Reading the file was begun ${MOST_READERS} times and never came to its end.`,
  file: file.file_name,
  line: null,
  column: null,
});

/** Written down before it is read: the one who dies over it cannot. */
async function readOnce(desk: DayDesk, file: StatementRow): Promise<StatementRow> {
  const { context, account, day } = desk;
  const readers = Number(day.cursor);
  if (readers >= MOST_READERS) return { ...file, error: unreadable(file) };
  await desk.mark({ cursor: String(readers + 1) });
  const format = file.side === "channel" ? formatOf(desk, file) : merchantFormat;
  return readFile(context, file, format, account.merchant_account);
}

async function read(desk: DayDesk): Promise<Went> {
  const { channel, merchant } = await filesOf(desk);
  let lines = 0;
  for (const file of [channel, merchant]) {
    if (file === null) continue;
    const done = file.state === "read" ? file : await readOnce(desk, file);
    if (done.error !== null) {
      await desk.mark({ state: "failed", error: done.error });
      return "stop";
    }
    lines += done.lines;
  }
  await desk.mark({ lines, ...next("read") });
  return "on";
}

type Compare = (file: StatementRow, lines: readonly StatementLine[]) => Promise<Tally>;

/** Goes through a file slice by slice; each is written down with the place behind it. */
async function through(
  desk: DayDesk,
  step: Step,
  file: StatementRow | null,
  counts: boolean,
  compare: Compare,
): Promise<Went> {
  if (file !== null) {
    const { archive, sliceLines } = desk.context;
    const reader = new LineReader(archive, file.id, sliceLines);
    for (let at = Number(desk.day.cursor); at < file.lines; at = Number(desk.day.cursor)) {
      const lines = await reader.slice(at);
      const tally = await compare(file, lines);
      const done = desk.day.done + (counts ? lines.length : 0);
      const cursor = String(at + lines.length);
      await desk.mark({ counts: tally.counts, done, cursor }, await tally.statements());
      if (desk.isTired && at + lines.length < file.lines) return "stop";
    }
  }
  await desk.mark(next(step));
  return "on";
}

async function load(desk: DayDesk): Promise<Went> {
  const { merchant } = await filesOf(desk);
  return through(desk, "load", merchant, false, (file, lines) => loadSlice(desk, file, lines));
}

async function match(desk: DayDesk): Promise<Went> {
  const files = await filesOf(desk);
  return through(desk, "match", files.channel, true, (file, lines) =>
    matchSlice(desk, file, files, lines),
  );
}

async function check(desk: DayDesk): Promise<Went> {
  const files = await filesOf(desk);
  return through(desk, "check", files.merchant, true, (file, lines) =>
    checkSlice(desk, file, files, lines),
  );
}

async function sweep(desk: DayDesk): Promise<Went> {
  const files = await filesOf(desk);
  const plan = await planOf(desk, files, formatOf(desk, files.channel).offsetMinutes);
  for (;;) {
    const { cursor } = desk.day;
    const from: SweepCursor =
      cursor === START ? { kind: "payment", after: null } : (JSON.parse(cursor) as SweepCursor);
    const page = await sweepPage(desk, files, plan, from);
    const place = page.next === null ? next("sweep") : { cursor: JSON.stringify(page.next) };
    await desk.mark({ counts: page.tally.counts, ...place }, await page.tally.statements());
    if (page.next === null) return "on";
    if (desk.isTired) return "stop";
  }
}

async function settle(desk: DayDesk): Promise<Went> {
  const { context, account, day, run } = desk;
  const { channel } = await filesOf(desk);
  if (channel !== null) {
    await settleDay(context.db, {
      account,
      day: day.day,
      totals: channel.totals,
      runId: run.id,
      offsetMinutes: formatOf(desk, channel).offsetMinutes,
      now: context.now(),
    });
  }
  await desk.mark(next("settle"));
  return "on";
}

async function tell(desk: DayDesk): Promise<Went> {
  if (!(await announce(desk))) return "stop";
  await desk.mark({ state: "completed", ...next("announce") });
  return "stop";
}

const BY_NAME: Readonly<Record<Step, (desk: DayDesk) => Promise<Went>>> = {
  fetch,
  read,
  load,
  match,
  check,
  sweep,
  settle,
  announce: tell,
  done: async () => "stop",
};

export const isStep = (name: string): name is Step => Object.hasOwn(BY_NAME, name);

/** Does steps until the day ends, waits, or has used up its part of time and calls. */
export async function work(desk: DayDesk): Promise<void> {
  for (;;) {
    const { step } = desk.day;
    if (!isStep(step)) throw new Error(`no such step: ${step}`);
    const went = await BY_NAME[step](desk);
    if (went === "stop" || desk.isTired) return;
  }
}
