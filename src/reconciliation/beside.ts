/**
 * A channel's day line by line, with our books and the merchant's own beside it: what a run compares,
 * for people to read. Nothing is written; the outcome is judged as a run would judge it now.
 */
import type { StatementLine } from "../channels/statement/line.ts";
import type { ChannelAccountRow } from "../store/channel-accounts.ts";
import type { Database } from "../store/db.ts";
import {
  paymentsByTransaction,
  readBooks,
  type Unseen,
  unseenOf,
} from "../store/reconciliation-books.ts";
import { latestStatement, type StatementRow } from "../store/statements.ts";
import type { Archive } from "./archive.ts";
import { windowOf } from "./window.ts";
import { type FileSide, type GatewaySide, judge, type LineKind, type Sides } from "./judge.ts";
import { fileSideOf, keptSideOf, LineReader } from "./lines.ts";
import { Shelf } from "./shelf.ts";

export interface DayOfAccount {
  readonly db: Database;
  readonly archive: Archive;
  readonly account: ChannelAccountRow;
  /** The channel's day, `YYYY-MM-DD`. */
  readonly day: string;
  /** The channel's clock: minutes ahead of UTC. */
  readonly offsetMinutes: number;
}

export interface Beside {
  readonly kind: LineKind;
  /** The payment's or refund's id; where nothing of ours is meant, what the file calls it. */
  readonly name: string;
  readonly channel: FileSide | null;
  readonly gateway: GatewaySide | null;
  readonly merchant: FileSide | null;
  /**
   * `matched`, `ignored`, `news` (the channel is ahead of us), a kind of exception, `other_account`
   * (another account of the merchant's took it), or `not_compared` where no run has read it yet.
   */
  readonly outcome: string;
}

/** Lines that are looked up together. A page of the archive is a multiple of it. */
const SLICE_LINES = 1_000;

const KINDS = ["payment", "refund"] as const satisfies readonly LineKind[];

const namesOf = (shelf: Shelf, lines: readonly StatementLine[]) => {
  const of = (kind: LineKind) =>
    lines.filter((line) => line.kind === kind).map((line) => shelf.nameOf(line));
  return { payments: of("payment"), refunds: of("refund") };
};

/** What is known of a slice: one round trip, three where lines carry numbers of the channel's only. */
async function shelfOf(
  { db, account }: DayOfAccount,
  lines: readonly StatementLine[],
): Promise<Shelf> {
  const shelf = new Shelf(account);
  shelf.add(await readBooks(db, account.id, namesOf(shelf, lines)));
  const lost = lines.filter(
    (line) => line.kind === "payment" && !shelf.hasPayment(shelf.nameOf(line)),
  );
  const transactions = lost.flatMap(({ transactionId: id }) => (id === null ? [] : [id]));
  if (transactions.length === 0) return shelf;
  const owner = { merchantId: account.merchant_id, livemode: account.livemode };
  const rows = await paymentsByTransaction(db, owner, transactions);
  if (rows.length === 0) return shelf;
  const byTransaction = new Map(rows.map((row) => [row.transaction_id, row.id]));
  for (const line of lost) {
    const id = byTransaction.get(line.transactionId);
    if (id !== undefined) shelf.call(line, id);
  }
  shelf.add(await readBooks(db, account.id, namesOf(shelf, lost)));
  return shelf;
}

function outcomeOf(shelf: Shelf, { account }: DayOfAccount, name: string, sides: Sides): string {
  const { kind, gateway } = sides;
  if (gateway !== null && shelf.accountOf(kind, name) !== account.id) return "other_account";
  // A run that found its payment by other means has kept it under the payment's id, not this name.
  const kept = shelf.kept("channel", kind, name);
  if (gateway === null && kept === null) return "not_compared";
  const verdict = judge(sides);
  return verdict.outcome === "differs" ? verdict.kind : verdict.outcome;
}

interface Files {
  readonly channel: StatementRow | null;
  readonly merchant: StatementRow | null;
}

const merchantSide = (shelf: Shelf, files: Files, kind: LineKind, name: string) => {
  const kept = shelf.kept("merchant", kind, name);
  return kept === null ? null : keptSideOf(kept, files.merchant);
};

async function besideLines(
  place: DayOfAccount,
  files: Files,
  statement: StatementRow,
  lines: readonly StatementLine[],
): Promise<Beside[]> {
  const shelf = await shelfOf(place, lines);
  return lines.map((line): Beside => {
    const { kind } = line;
    const name = shelf.nameOf(line);
    const sides: Sides = {
      kind,
      channel: fileSideOf(line, statement),
      gateway: shelf.gateway(kind, name),
      merchant: merchantSide(shelf, files, kind, name),
      contractFee: place.account.channel_fee,
    };
    const kept = shelf.kept("channel", kind, name);
    const isSecond = kept !== null && kept.statement_id === statement.id && kept.line !== line.line;
    const outcome = isSecond ? "duplicate" : outcomeOf(shelf, place, name, sides);
    const { channel, gateway, merchant } = sides;
    return { kind, name, channel, gateway, merchant, outcome };
  });
}

async function besideUnseen(
  { db, account }: DayOfAccount,
  files: Files,
  kind: LineKind,
  unseen: readonly Unseen[],
): Promise<Beside[]> {
  const shelf = new Shelf(account);
  const ids = unseen.map(({ id }) => id);
  const names = { payments: [], refunds: [], [`${kind}s`]: ids };
  shelf.add(await readBooks(db, account.id, names));
  return ids.map((id) => ({
    kind,
    name: id,
    channel: null,
    gateway: shelf.gateway(kind, id),
    merchant: merchantSide(shelf, files, kind, id),
    outcome: files.channel === null ? "not_compared" : "missing_at_channel",
  }));
}

/** Those that are read; one that is not counts for nothing. */
async function filesOf({ db, account, day }: DayOfAccount): Promise<Files> {
  const read = async (side: StatementRow["side"]) => {
    const row = await latestStatement(db, account.id, side, day);
    return row?.state === "read" ? row : null;
  };
  return { channel: await read("channel"), merchant: await read("merchant") };
}

/** The lines of the channel's file in its order, then what is ours and no line of it names. */
export async function* dayBeside(place: DayOfAccount): AsyncGenerator<Beside[], void> {
  const { db, archive, account, day, offsetMinutes } = place;
  const files = await filesOf(place);
  const { channel: statement } = files;
  if (statement !== null) {
    const reader = new LineReader(archive, statement.id, SLICE_LINES);
    for (let at = 0; at < statement.lines; at += SLICE_LINES) {
      yield besideLines(place, files, statement, await reader.slice(at));
    }
  }
  const window = windowOf(day, offsetMinutes);
  for (const kind of KINDS) {
    let after: Unseen | null = null;
    do {
      const page: Unseen[] = await unseenOf(
        db,
        kind,
        account.id,
        window,
        ["channel"],
        after,
        SLICE_LINES,
      );
      if (page.length > 0) yield besideUnseen(place, files, kind, page);
      after = page.length < SLICE_LINES ? null : (page.at(-1) ?? null);
    } while (after !== null);
  }
}
