/** What a slice came to, collected line by line and written down at once. */
import type { BatchItem } from "../store/db.ts";
import type { ExceptionRow } from "../store/exceptions.ts";
import {
  addFindings,
  type LineRow,
  putLines,
  settleFindings,
} from "../store/reconciliation-books.ts";
import type { DayDesk } from "./desk.ts";
import { findingRow } from "./findings.ts";
import type { ExceptionKind, Sides } from "./judge.ts";

const AGREES = "A later statement shows that the books agree.";

/**
 * A text that D1 is given may have two megabytes. A finding has one or two thousand bytes, and with
 * the longest names that a file may have some ten thousand.
 */
const FINDINGS_PER_STATEMENT = 150;

export class Tally {
  readonly #desk: DayDesk;
  readonly #counts: Record<string, number> = {};
  readonly #rows = new Map<string, LineRow>();
  readonly #findings: Promise<ExceptionRow>[] = [];
  readonly #settled: string[] = [];

  constructor(desk: DayDesk) {
    this.#desk = desk;
  }

  /** @param name an outcome or a kind of exception */
  count(name: string): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + 1;
  }

  keep(row: LineRow): void {
    this.#rows.set(`${row.side} ${row.kind} ${row.reference}`, row);
  }

  find(name: string, kind: ExceptionKind, sides: Sides): void {
    const { run, account, context, day } = this.#desk;
    const where = {
      ...this.#desk.owner,
      accountId: account.id,
      runId: run.id,
    };
    this.count(kind);
    // The day's own time: whoever goes on after a crash writes down the same.
    this.#findings.push(findingRow(context.idKey, where, name, kind, sides, day.created_at));
  }

  settle(ids: readonly string[]): void {
    this.#settled.push(...ids);
  }

  get counts(): Record<string, number> {
    return this.#desk.counted(this.#counts);
  }

  async statements(): Promise<BatchItem<"sqlite">[]> {
    const { db, now } = this.#desk.context;
    const findings = await Promise.all(this.#findings);
    const added: BatchItem<"sqlite">[] = [];
    for (let at = 0; at < findings.length; at += FINDINGS_PER_STATEMENT) {
      added.push(...addFindings(db, findings.slice(at, at + FINDINGS_PER_STATEMENT)));
    }
    return [
      ...putLines(db, [...this.#rows.values()]),
      ...added,
      ...settleFindings(db, this.#settled, AGREES, now()),
    ];
  }
}
