/**
 * The merchant's own records: written down first, so that the channel's lines are compared with
 * them too; and looked at once more at the end, for what no line of the channel's has spoken of.
 */
import type { StatementLine } from "../channels/statement/line.ts";
import { type BookedPayment, paymentsByOrder } from "../store/reconciliation-books.ts";
import type { StatementRow } from "../store/statements.ts";
import type { DayDesk } from "./desk.ts";
import { judge, type Sides } from "./judge.ts";
import { fileSideOf, keptSideOf } from "./lines.ts";
import { type Files, lineRowOf } from "./match.ts";
import { Shelf } from "./shelf.ts";
import { Tally } from "./tally.ts";

/** Of several attempts to pay an order the one that was paid is meant, else the newest. */
function meant(attempts: readonly BookedPayment[], accountId: string): BookedPayment | undefined {
  const rank = (row: BookedPayment) =>
    (row.status === "succeeded" ? 2 : 0) + (row.channel_account === accountId ? 1 : 0);
  return attempts.toSorted((a, b) => rank(b) - rank(a) || (a.id < b.id ? 1 : -1))[0];
}

async function shelfOf(desk: DayDesk, lines: readonly StatementLine[]): Promise<Shelf> {
  const { context, run, account } = desk;
  const shelf = new Shelf(run.merchant_id);
  const unnamed = lines.filter(({ kind, reference }) => kind === "payment" && reference === null);
  const orders = unnamed.flatMap(({ orderReference: order }) => (order === null ? [] : [order]));
  if (orders.length > 0) {
    const owner = { merchantId: run.merchant_id, livemode: run.livemode };
    desk.countQueries(1);
    const rows = await paymentsByOrder(context.db, owner, orders);
    const byOrder = Map.groupBy(rows, ({ merchant_order_id: order }) => order);
    for (const line of unnamed) {
      const payment = meant(byOrder.get(line.orderReference) ?? [], account.id);
      if (payment !== undefined) shelf.call(line, payment.id);
    }
  }
  const of = (kind: StatementLine["kind"]) =>
    lines.filter((line) => line.kind === kind).map((line) => shelf.nameOf(line));
  const names = { payments: of("payment"), refunds: of("refund") };
  shelf.add(await desk.books(names));
  return shelf;
}

/** Writes a slice down. Of two lines about the same the first stands. */
export async function loadSlice(
  desk: DayDesk,
  statement: StatementRow,
  lines: readonly StatementLine[],
): Promise<Tally> {
  const shelf = await shelfOf(desk, lines);
  const tally = new Tally(desk);
  for (const line of lines) {
    const name = shelf.nameOf(line);
    const kept = shelf.kept("merchant", line.kind, name);
    if (kept !== null && kept.statement_id === statement.id && kept.line !== line.line) continue;
    const row = lineRowOf(desk.account.id, statement, name, line);
    shelf.note(row);
    tally.keep(row);
  }
  return tally;
}

/** Compares what the channel's lines have not been compared with. */
export async function checkSlice(
  desk: DayDesk,
  statement: StatementRow,
  files: Files,
  lines: readonly StatementLine[],
): Promise<Tally> {
  const shelf = await shelfOf(desk, lines);
  const tally = new Tally(desk);
  for (const line of lines) {
    const name = shelf.nameOf(line);
    const kept = shelf.kept("merchant", line.kind, name);
    const channelRow = shelf.kept("channel", line.kind, name);
    const sides: Sides = {
      kind: line.kind,
      channel: channelRow === null ? null : keptSideOf(channelRow, files.channel),
      gateway: shelf.gateway(line.kind, name),
      merchant: fileSideOf(line, statement),
      contractFee: desk.account.channel_fee,
    };
    if (kept !== null && kept.line !== line.line && kept.statement_id === statement.id) {
      tally.find(name, "duplicate", { ...sides, channel: null });
      continue;
    }
    if (channelRow !== null) continue;
    const verdict = judge(sides);
    if (verdict.outcome === "differs") tally.find(name, verdict.kind, sides);
    else if (files.channel === null) tally.count(verdict.outcome);
  }
  return tally;
}
