/** What happened here on the day, and that a file does not name. */
import { type LineRow, type Unseen, unseenOf } from "../store/reconciliation-books.ts";
import { latestStatement } from "../store/statements.ts";
import { dayBefore, startOfDay, windowOf } from "./days.ts";
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

/**
 * The times to look at. The last minutes of the day before belong to it, if that day's file was
 * read: what is in neither file is missing.
 */
async function windowFor(desk: DayDesk, offsetMinutes: number) {
  const { day } = desk.day;
  const window = windowOf(day, offsetMinutes);
  const before = await latestStatement(desk.context.db, desk.account.id, "channel", dayBefore(day));
  return before?.state === "read" ? window : { ...window, from: startOfDay(day, offsetMinutes) };
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
  offsetMinutes: number,
  { kind, after }: SweepCursor,
): Promise<{ readonly tally: Tally; readonly next: SweepCursor | null }> {
  const { context, account } = desk;
  const sides: LineRow["side"][] = [
    ...(files.channel === null ? [] : ["channel" as const]),
    ...(files.merchant === null ? [] : ["merchant" as const]),
  ];
  const tally = new Tally(desk);
  desk.countQueries(2);
  const window = await windowFor(desk, offsetMinutes);
  const unseen =
    sides.length === 0
      ? []
      : await unseenOf(context.db, kind, account.id, window, sides, after, PER_PAGE);
  const ids = unseen.map(({ id }) => id);
  const shelf = new Shelf(desk.run.merchant_id);
  if (ids.length > 0) {
    const names = {
      payments: kind === "payment" ? ids : [],
      refunds: kind === "refund" ? ids : [],
    };
    shelf.add(await desk.books(names));
  }
  for (const id of ids) findMissing(tally, shelf, kind, id, files, account.channel_fee);
  const last = unseen.at(-1);
  if (unseen.length === PER_PAGE && last !== undefined)
    return { tally, next: { kind, after: last } };
  return { tally, next: kind === "payment" ? { kind: "refund", after: null } : null };
}
