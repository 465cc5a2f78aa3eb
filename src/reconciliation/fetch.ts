/** Getting a day's file: from the channel where it has a call for it, else what was uploaded. */
import type { Outcome, StatementAnswer } from "../channels/adapter.ts";
import type { StatementFormat } from "../channels/statement/line.ts";
import { derivedId } from "../ids.ts";
import { describeError } from "../log.ts";
import { idKeyOf } from "../crypto/id-key.ts";
import type { StatementError } from "../store/schema.ts";
import { addStatement, latestStatement, type StatementRow } from "../store/statements.ts";
import { unseenOf } from "../store/reconciliation-books.ts";
import { DAY_MS, MINUTE_MS, startOfDay } from "../days.ts";
import type { DayDesk } from "./desk.ts";

/** A file that is still being made: WeChat Pay asks for half an hour of patience. */
const LATE_MS = 30 * MINUTE_MS;

/** Between asks that ended in nothing known; the last step for ever. */
const UNKNOWN_STEPS_MS = [1, 2, 5, 15, 30].map((minutes) => minutes * MINUTE_MS);

const unknownStep = ({ day }: DayDesk): number =>
  UNKNOWN_STEPS_MS[Math.min(day.attempts, UNKNOWN_STEPS_MS.length - 1)] ?? LATE_MS;

/** After this a file is not late but missing: a person has to ask. */
export const GIVE_UP_MS = 48 * 3_600_000;

export type Fetched =
  | { readonly kind: "ready"; readonly statement: StatementRow | null }
  /** Milliseconds from now. */
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "failed"; readonly error: StatementError };

const problem = (code: string, message: string, file: string | null = null): Fetched => ({
  kind: "failed",
  error: { code, message, file, line: null, column: null },
});

/** SHA-256 of no bytes. */
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const rowOf = (
  desk: DayDesk,
  own: Pick<StatementRow, "id" | "file_name" | "sha256" | "sha1" | "bytes" | "state" | "format">,
): StatementRow => ({
  ...own,
  merchant_id: desk.run.merchant_id,
  livemode: desk.run.livemode,
  channel_account: desk.account.id,
  side: "channel",
  origin: "download",
  day: desk.day.day,
  lines: 0,
  totals: [],
  error: null,
  created_at: desk.context.now(),
  updated_at: desk.context.now(),
});

/** The id of a download is made of the run and the ask, so that a crash leaves no second file. */
async function downloadId({ context, run, day }: DayDesk): Promise<string> {
  const parts = [run.id, day.day, String(day.attempts)];
  return derivedId("statement", await idKeyOf(context.idKey), parts);
}

async function keep(
  desk: DayDesk,
  format: string,
  file: Extract<StatementAnswer, { kind: "file" }>,
): Promise<Fetched> {
  const { archive, db, log } = desk.context;
  const id = await downloadId(desk);
  const stored = await archive.keep(id, file.body).catch((error: unknown) => {
    log("warn", "reconciliation.broken_off", { run: desk.run.id, error: describeError(error) });
    return "broken" as const;
  });
  if (stored === "broken") {
    return later(desk, unknownStep(desk), "broken_off", "The channel's file broke off.");
  }
  if (stored === null) {
    return problem("too_large", "The file is larger than a day's file may be.", file.name);
  }
  const { sha1, name } = file;
  const row = rowOf(desk, { id, file_name: name, ...stored, sha1, state: "received", format });
  const known = await addStatement(db, row);
  if (known.id !== id) await archive.drop(id);
  return { kind: "ready", statement: known };
}

/**
 * A channel that has nothing says so before its file is made, too. Where something was paid here it
 * is asked again, and only believed when the day is long over.
 */
const SURELY_MADE_MS = DAY_MS;

async function emptyDay(desk: DayDesk, format: string, offsetMinutes: number): Promise<Fetched> {
  const { db, now } = desk.context;
  const from = startOfDay(desk.day.day, offsetMinutes);
  const window = { from, to: from + DAY_MS };
  if (now() < window.to + SURELY_MADE_MS) {
    const ours = await unseenOf(db, "payment", desk.account.id, window, ["channel"], null, 1);
    if (ours.length > 0) return { kind: "wait", ms: LATE_MS };
  }
  const row = rowOf(desk, {
    id: await downloadId(desk),
    file_name: `no statement of ${desk.day.day}`,
    sha256: EMPTY,
    sha1: null,
    bytes: 0,
    state: "read",
    format,
  });
  return { kind: "ready", statement: await addStatement(desk.context.db, row) };
}

/** Nothing is known: ask again, for as long as it makes sense. */
function later(desk: DayDesk, ms: number, code: string, message: string): Fetched {
  const { now } = desk.context;
  if (now() + ms - desk.day.created_at <= GIVE_UP_MS) return { kind: "wait", ms };
  return problem(code, `${message} It was asked for two days.`);
}

function answered(
  desk: DayDesk,
  { name: format, offsetMinutes }: StatementFormat,
  outcome: Outcome<StatementAnswer>,
): Fetched | Promise<Fetched> {
  if (outcome.kind === "unknown") {
    return later(desk, unknownStep(desk), "channel_silent", "The channel did not answer.");
  }
  if (outcome.kind === "rejected") {
    const { channelCode, channelMessage, message } = outcome.error;
    const words = channelMessage ?? message;
    return problem("channel_refused", `The channel says: ${words} (${channelCode})`);
  }
  switch (outcome.value.kind) {
    case "file":
      return keep(desk, format, outcome.value);
    case "none":
      return emptyDay(desk, format, offsetMinutes);
    case "not_yet":
      return later(desk, LATE_MS, "late", "The channel has not made its file.");
  }
}

/** The channel's file of the day. One that was named when the run was made is taken as it is. */
export async function fetchStatement(desk: DayDesk): Promise<Fetched> {
  const { context, account, day } = desk;
  const { adapter, account: opened, io } = await context.connect(account);
  const { statements } = adapter;
  if (statements?.fetch !== undefined) {
    const outcome = await statements.fetch(day.day, opened, io(day.attempts));
    return answered(desk, statements.format, outcome);
  }
  const uploaded = await latestStatement(context.db, account.id, "channel", day.day);
  const records = await latestStatement(context.db, account.id, "merchant", day.day);
  if (uploaded !== null || records !== null) return { kind: "ready", statement: uploaded };
  return problem(
    "no_statement",
    `${adapter.info.name} has no call for statements: upload the day's file with POST ` +
      "/v1/reconciliation/statements.",
  );
}
