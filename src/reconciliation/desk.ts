/**
 * Who holds a day, and how what was done is written down: always together with the place where the
 * next part begins, in one transaction, so that whoever goes on after a crash neither repeats nor
 * leaves out anything.
 */
import type { BatchItem } from "../store/db.ts";
import type { ChannelAccountRow } from "../store/channel-accounts.ts";
import { type DayChange, type DayRow, markDay, type RunRow } from "../store/reconciliation-runs.ts";
import type { ReconciliationContext } from "./context.ts";

/** Somebody else has taken the day over. What was not written down is theirs to do. */
export class DayLost extends Error {}

/** A part that has taken this long leaves the rest to the next message (milliseconds). */
export const PART_MS = 20_000;

/** A request may make so many calls; some are D1's and the archive's. */
const CALLS_PER_PART = 400;

export class DayDesk {
  readonly context: ReconciliationContext;
  readonly run: RunRow;
  readonly account: ChannelAccountRow;
  #held: DayRow;
  readonly #until: number;
  #calls = 0;

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

  /** The day as it was last written down. */
  get day(): DayRow {
    return this.#held;
  }

  /** The rest is better left to the next message. */
  get isTired(): boolean {
    return this.context.now() >= this.#until || this.#calls >= CALLS_PER_PART;
  }

  /** Calls to payments, which count against what one request may make. */
  countCalls(calls: number): void {
    this.#calls += calls;
  }

  /**
   * Writes down what was done and where it goes on.
   * @throws DayLost when another holds the day; then `also` may have been written, which is why it
   * must be the same whoever writes it
   */
  async mark(change: DayChange, also: readonly BatchItem<"sqlite">[] = []): Promise<void> {
    const { db, now } = this.context;
    const mark = markDay(db, this.#held, change, now());
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
