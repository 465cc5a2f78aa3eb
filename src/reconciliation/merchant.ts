/**
 * The merchant's own records: written down first, so that the channel's lines are compared with
 * them too; and looked at once more at the end, for what no line of the channel's has spoken of.
 */
import type { StatementLine } from "../channels/statement/line.ts";
import {
  type BookedPayment,
  paymentsByOrder,
  refundsByPayment,
} from "../store/reconciliation-books.ts";
import type { StatementRow } from "../store/statements.ts";
import type { DayDesk } from "./desk.ts";
import { isId } from "../ids.ts";
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

/** The payments of lines that name them by our id (refunds) or by the merchant's order number. */
async function paymentsOf(
  desk: DayDesk,
  unnamed: readonly StatementLine[],
): Promise<Map<StatementLine, string>> {
  const { context, account } = desk;
  const orders = unnamed.flatMap(({ orderReference: order }) => (order === null ? [] : [order]));
  const named = new Map<StatementLine, string>();
  if (orders.length === 0) return named;
  desk.countQueries(1);
  const rows = await paymentsByOrder(context.db, desk.owner, orders);
  const byOrder = Map.groupBy(rows, ({ merchant_order_id: order }) => order);
  for (const line of unnamed) {
    const order = line.orderReference ?? "";
    const id = isId("paymentIntent", order)
      ? order
      : meant(byOrder.get(order) ?? [], account.id)?.id;
    if (id !== undefined) named.set(line, id);
  }
  return named;
}

/**
 * Records may name a refund by its payment alone: then one of that payment's with the same amount is
 * meant, each by one line. Which line has which is written down with the first of them.
 */
async function nameRefunds(
  desk: DayDesk,
  shelf: Shelf,
  { id: statementId }: StatementRow,
  payments: ReadonlyMap<StatementLine, string>,
): Promise<void> {
  const lines = [...payments].filter(([{ kind }]) => kind === "refund");
  if (lines.length === 0) return;
  desk.countQueries(1);
  const ids = lines.map(([, id]) => id);
  const refunds = await refundsByPayment(desk.context.db, desk.owner, [...new Set(ids)]);
  shelf.add(await desk.books({ payments: [], refunds: refunds.map(({ id }) => id) }));
  const byPayment = Map.groupBy(refunds, ({ payment_intent }) => payment_intent);
  const taken = new Set<string>();
  for (const [line, payment] of lines) {
    const refund = byPayment.get(payment)?.find(({ id, value }) => {
      const kept = shelf.kept("merchant", "refund", id);
      const isFree = kept === null || kept.statement_id !== statementId || kept.line === line.line;
      return value === line.amount.value && isFree && !taken.has(id);
    });
    if (refund === undefined) continue;
    taken.add(refund.id);
    shelf.call(line, refund.id);
  }
}

async function shelfOf(
  desk: DayDesk,
  statement: StatementRow,
  lines: readonly StatementLine[],
): Promise<Shelf> {
  const shelf = new Shelf(desk.run);
  const unnamed = lines.filter(({ reference }) => reference === null);
  const payments = await paymentsOf(desk, unnamed);
  for (const line of unnamed) {
    const id = payments.get(line);
    if (line.kind === "payment" && id !== undefined) shelf.call(line, id);
  }
  await nameRefunds(desk, shelf, statement, payments);
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
  const shelf = await shelfOf(desk, statement, lines);
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

/** What corrected records cannot put an end to. */
const CHANNELS_KINDS: ReadonlySet<string> = new Set(["duplicate", "missing_at_channel"]);

/** Compares what the channel's lines have not been compared with. */
export async function checkSlice(
  desk: DayDesk,
  statement: StatementRow,
  files: Files,
  lines: readonly StatementLine[],
): Promise<Tally> {
  const shelf = await shelfOf(desk, statement, lines);
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
    const found = verdict.outcome === "differs" ? verdict.kind : null;
    if (found !== null) tally.find(name, found, sides);
    else if (files.channel === null) tally.count(verdict.outcome);
    // No line of the channel's has spoken of it: all but these was found by the merchant's own.
    const own = shelf
      .openOf(name)
      .filter(({ kind }) => kind !== found && !CHANNELS_KINDS.has(kind))
      .map(({ id }) => id);
    tally.settle(own);
  }
  return tally;
}
