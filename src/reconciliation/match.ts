/** The channel's lines beside our books and the merchant's own. */
import type { StatementLine } from "../channels/statement/line.ts";
import { paymentOfRefund } from "../ids.ts";
import { accountsOfNumber } from "../store/channel-accounts.ts";
import type { LineRow } from "../store/reconciliation-books.ts";
import type { StatementRow } from "../store/statements.ts";
import type { DayDesk } from "./desk.ts";
import { type ExceptionKind, judge, newsBy, type Sides, type Verdict } from "./judge.ts";
import { fileSideOf, keptSideOf } from "./lines.ts";
import { AT_ONCE, type Shelf, shelfOf } from "./shelf.ts";
import { Tally } from "./tally.ts";

export interface Files {
  readonly channel: StatementRow | null;
  readonly merchant: StatementRow | null;
}

export const lineRowOf = (
  accountId: string,
  { id, side }: StatementRow,
  name: string,
  line: StatementLine,
): LineRow => ({
  channel_account: accountId,
  side,
  kind: line.kind,
  reference: name,
  statement_id: id,
  line: line.line,
  transaction_id: line.transactionId,
  currency: line.amount.currency,
  value: line.amount.value,
  status: line.status,
  fee: line.fee,
  occurred_at: line.occurredAt,
});

/** What stands of two lines about the same: money that went back has come first. */
const WEIGHT: Readonly<Record<string, number>> = {
  failed: 0,
  processing: 0,
  succeeded: 1,
  reversed: 2,
};

/**
 * What a line is beside one about the same that stands already, in the same file or under another
 * number of the channel's. Null: it stands itself.
 */
function besideKept(
  line: StatementLine,
  kept: LineRow | null,
  statementId: string,
): "duplicate" | "ignored" | null {
  if (kept === null) return null;
  const isSame = kept.statement_id === statementId;
  if (isSame && kept.line === line.line) return null;
  const [told, known] = [line.transactionId, kept.transaction_id];
  if (!isSame && (told === null || known === null || told === known)) return null;
  if (line.status === "succeeded" && kept.status === "succeeded") return "duplicate";
  if (!isSame) return line.status === "succeeded" ? null : "ignored";
  return (WEIGHT[line.status] ?? 0) > (WEIGHT[kept.status] ?? 0) ? null : "ignored";
}

/** Tells the payment's object; what it believes is what counts. */
async function tell(desk: DayDesk, name: string, line: StatementLine): Promise<Told> {
  const { payments } = desk.context;
  const { amount, transactionId, occurredAt, channelStatus } = line;
  if (line.kind === "payment") {
    const told = await payments.report(name, desk.account.id, {
      paymentId: line.reference ?? name,
      state: "paid",
      amount,
      channelTransactionId: transactionId,
      paidAt: occurredAt,
      channelStatus,
    });
    return told.ok ? told.value : "refused";
  }
  const told = await payments.reportRefund(paymentOfRefund(name) ?? "", desk.account.id, {
    refundId: name,
    state: line.status === "succeeded" ? "succeeded" : "failed",
    amount,
    channelRefundId: transactionId,
    refundedAt: line.status === "succeeded" ? occurredAt : null,
    channelStatus,
  });
  return told.ok ? told.value : "refused";
}

type Told = "changed" | "known" | "exception" | "refused";

interface Judged {
  readonly line: StatementLine;
  readonly name: string;
  readonly sides: Sides;
  readonly verdict: Verdict;
}

/**
 * What the line says of something that another account of the merchant's took. Two accounts may have
 * the same number at the channel, and each the other's lines in its statement: who took it compares.
 */
function elsewhere({ gateway, channel }: Sides, isSibling: boolean): Verdict {
  if (isSibling || channel?.status !== "succeeded") return { outcome: "ignored" };
  return gateway?.status === "succeeded"
    ? { outcome: "differs", kind: "duplicate" }
    : newsBy(channel);
}

/** The merchant's accounts with the same number at the channel, where a line is of another one. */
async function siblingsOf(
  { context, account }: DayDesk,
  shelf: Shelf,
  lines: readonly StatementLine[],
): Promise<ReadonlySet<string>> {
  const takers = lines.map((line) => shelf.accountOf(line.kind, shelf.nameOf(line)));
  if (takers.every((taker) => taker === null || taker === account.id)) return new Set();
  return new Set(await accountsOfNumber(context.db, account));
}

function judgeLine(
  desk: DayDesk,
  shelf: Shelf,
  siblings: ReadonlySet<string>,
  statement: StatementRow,
  files: Files,
  line: StatementLine,
): Judged {
  const { account } = desk;
  const name = shelf.nameOf(line);
  const merchantRow = shelf.kept("merchant", line.kind, name);
  const sides: Sides = {
    kind: line.kind,
    channel: fileSideOf(line, statement),
    gateway: shelf.gateway(line.kind, name),
    merchant: merchantRow === null ? null : keptSideOf(merchantRow, files.merchant),
    contractFee: account.channel_fee,
  };
  const taker = shelf.accountOf(line.kind, name);
  const isElsewhere = sides.gateway !== null && taker !== account.id;
  return {
    line,
    name,
    sides,
    verdict: isElsewhere ? elsewhere(sides, siblings.has(taker ?? "")) : judge(sides),
  };
}

/** Exceptions of earlier runs that this line puts an end to. */
function settledBy(
  shelf: Shelf,
  { name, sides }: Judged,
  found: ExceptionKind | null,
): readonly string[] {
  return shelf
    .openOf(name)
    .filter(
      ({ kind }) =>
        kind !== found &&
        kind !== "duplicate" &&
        (kind !== "missing_at_merchant" || sides.merchant !== null),
    )
    .map(({ id }) => id);
}

/** Compares a slice. Nothing is written yet; payments have heard the news. */
export async function matchSlice(
  desk: DayDesk,
  statement: StatementRow,
  files: Files,
  lines: readonly StatementLine[],
): Promise<Tally> {
  const shelf = await shelfOf(desk, lines);
  const siblings = await siblingsOf(desk, shelf, lines);
  const tally = new Tally(desk);
  const news: Judged[] = [];
  const conclude = (judged: Judged, outcome: string, found: ExceptionKind | null) => {
    if (found === null) tally.count(outcome);
    else tally.find(judged.name, found, judged.sides);
    tally.settle(settledBy(shelf, judged, found));
  };
  for (const line of lines) {
    const judged = judgeLine(desk, shelf, siblings, statement, files, line);
    const kept = shelf.kept("channel", line.kind, judged.name);
    const second = besideKept(line, kept, statement.id);
    if (second !== null) {
      if (second === "duplicate") tally.find(judged.name, second, judged.sides);
      else tally.count(second);
      continue;
    }
    const row = lineRowOf(desk.account.id, statement, judged.name, line);
    shelf.note(row);
    tally.keep(row);
    const { verdict } = judged;
    if (verdict.outcome === "news") news.push(judged);
    else conclude(judged, verdict.outcome, verdict.outcome === "differs" ? verdict.kind : null);
  }
  await tellAll(desk, news, (judged, told) => {
    // What the payment found wrong it has written down itself.
    if (told === "exception") tally.count("raised_by_payment");
    else if (told === "refused") conclude(judged, "", "status_mismatch");
    else conclude(judged, told === "changed" ? "recovered" : "matched", null);
  });
  return tally;
}

async function tellAll(
  desk: DayDesk,
  news: readonly Judged[],
  heard: (judged: Judged, told: Told) => void,
): Promise<void> {
  const waiting = [...news];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      heard(next, await tell(desk, next.name, next.line));
    }
  };
  desk.countCalls(news.length);
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
