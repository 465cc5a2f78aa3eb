/**
 * Who holds a day, and how what was done is written down: always together with the place where the
 * next part begins, in one transaction, so that whoever goes on after a crash neither repeats nor
 * leaves out anything.
 */
import type { Owner } from "../owner.ts";
import type { BatchItem } from "../store/db.ts";
import type { ChannelAccountRow } from "../store/channel-accounts.ts";
import { type Books, QUERIES_OF_BOOKS, readBooks } from "../store/reconciliation-books.ts";
import { type DayChange, type DayRow, markDay, type RunRow } from "../store/reconciliation-runs.ts";
import type { ReconciliationContext } from "./context.ts";

/** Somebody else has taken the day over. What was not written down is theirs to do. */
export class DayLost extends Error {}

/** A part that has taken this long leaves the rest to the next message (milliseconds). */
export const PART_MS = 20_000;

/** Calls to payments: each is a request of its own, of which one invocation may make some. */
const CALLS_PER_PART = 400;

/** D1 answers 1,000 queries of one invocation. A slice makes some twenty, and must not be cut. */
const QUERIES_PER_PART = 800;

export class DayDesk {
  readonly context: ReconciliationContext;
  readonly run: RunRow;
  readonly account: ChannelAccountRow;
  #held: DayRow;
  readonly #until: number;
  #calls = 0;
  #queries = 0;

  constructor(
    context: ReconciliationContext,
    run: RunRow,
    account: ChannelAccountRow,
    held: DayRow,
  ) {
    this.context = context;
    this.run = run;
    this.account = account;
    this.#held = held;
    this.#until = context.now() + PART_MS;
  }

  /** Whose day it is. */
  get owner(): Owner {
    return { merchantId: this.run.merchant_id, livemode: this.run.livemode };
  }

  /** The day as it was last written down. */
  get day(): DayRow {
    return this.#held;
  }

  /** The rest is better left to the next message. */
  get isTired(): boolean {
    const isSpent = this.#calls >= CALLS_PER_PART || this.#queries >= QUERIES_PER_PART;
    return isSpent || this.context.now() >= this.#until;
  }

  /** Calls to payments, which count against what one request may make. */
  countCalls(calls: number): void {
    this.#calls += calls;
  }

  /** What is known of these payments and refunds. */
  books(names: Parameters<typeof readBooks>[2]): Promise<Books> {
    this.countQueries(QUERIES_OF_BOOKS);
    return readBooks(this.context.db, this.account.id, names);
  }

  /** What was asked of D1, statement by statement; marks and books count themselves. */
  countQueries(queries: number): void {
    this.#queries += queries;
  }

  /**
   * Writes down what was done and where it goes on.
   * @throws DayLost when another holds the day; then `also` may have been written, which is why it
   * must be the same whoever writes it
   */
  async mark(change: DayChange, also: readonly BatchItem<"sqlite">[] = []): Promise<void> {
    const { db, now } = this.context;
    const mark = markDay(db, this.#held, change, now());
    this.countQueries(1 + also.length);
    const results: unknown[] = await db.batch([mark, ...also]);
    const [row] = results[0] as DayRow[];
    if (row === undefined) throw new DayLost();
    this.#held = row;
  }

  /** The day's counts with more of some. */
  counted(more: Readonly<Record<string, number>>): Record<string, number> {
    const counts = { ...this.#held.counts };
    for (const [name, number] of Object.entries(more)) {
      if (number > 0) counts[name] = (counts[name] ?? 0) + number;
    }
    return counts;
  }
}
