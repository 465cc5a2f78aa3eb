/** What happened here on the day, and that a file does not name. */
import { type LineRow, type Unseen, unseenOf } from "../store/reconciliation-books.ts";
import { comparedDays } from "../store/reconciliation-runs.ts";
import { filesBeside, type StatementRow } from "../store/statements.ts";
import { DAY_MS, dayBefore, nextDay, startOfDay } from "../days.ts";
import { windowOf } from "./window.ts";
import type { DayDesk } from "./desk.ts";
import type { LineKind, Sides } from "./judge.ts";
import { keptSideOf } from "./lines.ts";
import type { Files } from "./match.ts";
import { Shelf } from "./shelf.ts";
import { Tally } from "./tally.ts";

const PER_PAGE = 200;

/** Where the sweep goes on. */
export interface SweepCursor {
  readonly kind: LineKind;
  readonly after: Unseen | null;
}

/** What a sweep looks at. */
export interface SweepPlan {
  readonly window: { readonly from: number; readonly to: number };
  /** Files whose lines a later file of the same day took back: what only they name is not there. */
  readonly superseded: readonly string[];
}

/** Nothing is known but that there is no file; an upload without lines says that nothing happened. */
const isForgotten = ({ lines, origin }: StatementRow): boolean =>
  lines === 0 && origin === "download";

/**
 * Days may be compared in any order, and at the same time. The minutes between two of them belong to
 * the sweep that finds the other day compared, to both if both do: each has written down that it is
 * past its own lines before it looks, so one of them does.
 */
export async function planOf(
  { context, run, day: { day } }: DayDesk,
  files: Files,
  offsetMinutes: number,
): Promise<SweepPlan> {
  const { db } = context;
  const since = startOfDay(day, offsetMinutes) - DAY_MS;
  const compared = await comparedDays(db, run, [dayBefore(day), nextDay(day)], since);
  const beside = { before: compared.has(dayBefore(day)), after: compared.has(nextDay(day)) };
  const superseded = await Promise.all(
    [files.channel, files.merchant].map(async (file) =>
      // A channel's empty answer takes nothing back: channels forget what is long past.
      file === null || isForgotten(file) ? [] : filesBeside(db, file),
    ),
  );
  return {
    window: windowOf(day, offsetMinutes, beside),
    superseded: superseded.flat(),
  };
}

function findMissing(
  tally: Tally,
  shelf: Shelf,
  kind: LineKind,
  id: string,
  files: Files,
  contractFee: number | null,
): void {
  const [channelRow, merchantRow] = [
    shelf.kept("channel", kind, id),
    shelf.kept("merchant", kind, id),
  ];
  const sides: Sides = {
    kind,
    channel: channelRow === null ? null : keptSideOf(channelRow, files.channel),
    gateway: shelf.gateway(kind, id),
    merchant: merchantRow === null ? null : keptSideOf(merchantRow, files.merchant),
    contractFee,
  };
  if (files.channel !== null && channelRow === null) tally.find(id, "missing_at_channel", sides);
  else if (files.merchant !== null && merchantRow === null) {
    tally.find(id, "missing_at_merchant", sides);
  }
}

/** One page. Null: there is no more. */
export async function sweepPage(
  desk: DayDesk,
  files: Files,
  { window, superseded }: SweepPlan,
  { kind, after }: SweepCursor,
): Promise<{ readonly tally: Tally; readonly next: SweepCursor | null }> {
  const { context, account } = desk;
  const sides: LineRow["side"][] = [
    ...(files.channel === null ? [] : ["channel" as const]),
    ...(files.merchant === null ? [] : ["merchant" as const]),
  ];
  const tally = new Tally(desk);
  desk.countQueries(1);
  const unseen =
    sides.length === 0
      ? []
      : await unseenOf(context.db, kind, account.id, window, sides, after, PER_PAGE, superseded);
  const ids = unseen.map(({ id }) => id);
  const shelf = new Shelf(desk.run);
  if (ids.length > 0) {
    const names = {
      payments: kind === "payment" ? ids : [],
      refunds: kind === "refund" ? ids : [],
    };
    shelf.add(await desk.books(names));
  }
  shelf.forget(superseded);
  for (const id of ids) findMissing(tally, shelf, kind, id, files, account.channel_fee);
  const last = unseen.at(-1);
  if (unseen.length === PER_PAGE && last !== undefined)
    return { tally, next: { kind, after: last } };
  return { tally, next: kind === "payment" ? { kind: "refund", after: null } : null };
}
