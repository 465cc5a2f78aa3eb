/** The books of a slice, looked up once and found by name. */
import type { StatementLine } from "../channels/statement/line.ts";
import {
  type BookedPayment,
  type BookedRefund,
  type Books,
  type LineRow,
  paymentsByTransaction,
} from "../store/reconciliation-books.ts";
import type { DayDesk } from "./desk.ts";
import type { GatewaySide, LineKind } from "./judge.ts";
import { foreignNameOf, ownIdOf } from "./lines.ts";

/** Calls that are under way at once. */
export const AT_ONCE = 6;

type Owned = Pick<BookedPayment, "merchant_id" | "livemode">;

const keyOf = (kind: LineKind, name: string): string => `${kind} ${name}`;

/** What is known of the lines of a slice. */
export class Shelf {
  readonly #payments = new Map<string, BookedPayment>();
  readonly #refunds = new Map<string, BookedRefund>();
  readonly #lines: Record<LineRow["side"], Map<string, LineRow>> = {
    channel: new Map(),
    merchant: new Map(),
  };
  readonly #open = new Map<string, { id: string; kind: string }[]>();
  /** Lines whose payment is known by something else than its id. */
  readonly #names = new Map<StatementLine, string>();
  readonly #owner: Owned;

  constructor(owner: Owned) {
    this.#owner = owner;
  }

  add({ payments, refunds, lines, open }: Books): void {
    for (const row of payments) this.#payments.set(row.id, row);
    for (const row of refunds) this.#refunds.set(row.id, row);
    for (const row of lines) this.note(row);
    for (const { id, kind, reference } of open) {
      const list = this.#open.get(reference ?? "") ?? [];
      if (!list.some((known) => known.id === id)) list.push({ id, kind });
      this.#open.set(reference ?? "", list);
    }
  }

  /** A line that is written down now stands before those behind it. */
  note(row: LineRow): void {
    this.#lines[row.side].set(keyOf(row.kind, row.reference), row);
  }

  /** Lines of these files count no more. */
  forget(statementIds: readonly string[]): void {
    for (const lines of Object.values(this.#lines)) {
      for (const [key, row] of lines)
        if (statementIds.includes(row.statement_id)) lines.delete(key);
    }
  }

  call(line: StatementLine, name: string): void {
    this.#names.set(line, name);
  }

  /** Our id of what a line means; where nothing of ours is meant, what the file calls it. */
  nameOf(line: StatementLine): string {
    return this.#names.get(line) ?? ownIdOf(line) ?? foreignNameOf(line);
  }

  hasPayment(id: string): boolean {
    return this.#payments.has(id);
  }

  kept(side: LineRow["side"], kind: LineKind, name: string): LineRow | null {
    return this.#lines[side].get(keyOf(kind, name)) ?? null;
  }

  openOf(name: string): readonly { readonly id: string; readonly kind: string }[] {
    return this.#open.get(name) ?? [];
  }

  /** Null: nothing of this merchant's has the name. */
  gateway(kind: LineKind, name: string): GatewaySide | null {
    return kind === "payment" ? this.#payment(name) : this.#refund(name);
  }

  /** The account that took the payment or refund, as far as there is one. */
  accountOf(kind: LineKind, name: string): string | null {
    const row = kind === "payment" ? this.#payments.get(name) : this.#refunds.get(name);
    return row?.channel_account ?? null;
  }

  /** Attack: a file that names another merchant's payment, or of the other mode, learns nothing. */
  #owns({ merchant_id, livemode }: Owned): boolean {
    return merchant_id === this.#owner.merchant_id && livemode === this.#owner.livemode;
  }

  #payment(id: string): GatewaySide | null {
    const row = this.#payments.get(id);
    if (row === undefined || !this.#owns(row)) return null;
    return {
      id,
      paymentId: id,
      amount: { currency: row.currency, value: row.value },
      status: row.status,
      transactionId: row.transaction_id,
      at: row.succeeded_at,
      refunded: row.refunded,
    };
  }

  #refund(id: string): GatewaySide | null {
    const row = this.#refunds.get(id);
    if (row === undefined || !this.#owns(row)) return null;
    return {
      id,
      paymentId: row.payment_intent,
      amount: { currency: row.currency, value: row.value },
      status: row.status,
      transactionId: row.transaction_id,
      at: row.succeeded_at,
      refunded: 0,
    };
  }
}

const namesOf = (shelf: Shelf, lines: readonly StatementLine[]) => {
  const of = (kind: LineKind) =>
    lines.filter((line) => line.kind === kind).map((line) => shelf.nameOf(line));
  return { payments: of("payment"), refunds: of("refund") };
};

/**
 * Lines of payments that their number does not lead to: by the channel's transaction number; and
 * where codes carry a reference of their own (bank QR), by that. A lookup each, so only there.
 */
async function find(
  desk: DayDesk,
  shelf: Shelf,
  lost: readonly StatementLine[],
): Promise<readonly StatementLine[]> {
  const { account, context } = desk;
  desk.countQueries(1);
  const transactions = lost.flatMap(({ transactionId: id }) => (id === null ? [] : [id]));
  const byTransaction = new Map(
    (await paymentsByTransaction(context.db, desk.owner, transactions)).map((row) => [
      row.transaction_id,
      row.id,
    ]),
  );
  const found: StatementLine[] = [];
  const left: StatementLine[] = [];
  for (const line of lost) {
    const id = byTransaction.get(line.transactionId);
    if (id === undefined) left.push(line);
    else {
      shelf.call(line, id);
      found.push(line);
    }
  }
  const referenced = left.filter((line) => line.reference !== null && ownIdOf(line) === null);
  if (referenced.length === 0) return found;
  const { adapter, io } = await context.connect(account);
  if (adapter.info.confirmedBy !== "bank_webhook") return found;
  const { references } = io(0);
  const waiting = [...referenced];
  const work = async () => {
    for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) {
      const id = await references.find(line.reference ?? "");
      if (id === null) continue;
      shelf.call(line, id);
      found.push(line);
    }
  };
  desk.countCalls(referenced.length);
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

/** Everything that is known of a slice of the channel's file: one round trip, seldom three. */
export async function shelfOf(desk: DayDesk, lines: readonly StatementLine[]): Promise<Shelf> {
  const shelf = new Shelf(desk.run);
  shelf.add(await desk.books(namesOf(shelf, lines)));
  const lost = lines.filter(
    (line) => line.kind === "payment" && !shelf.hasPayment(shelf.nameOf(line)),
  );
  if (lost.length === 0) return shelf;
  const found = await find(desk, shelf, lost);
  if (found.length > 0) shelf.add(await desk.books(namesOf(shelf, found)));
  return shelf;
}
