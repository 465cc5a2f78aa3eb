/** A file's lines in slices, from the archive's pages; and which of our ids they name. */
import type { StatementLine } from "../channels/statement/line.ts";
import { isId, paymentOfOrder } from "../ids.ts";
import type { LineRow } from "../store/reconciliation-books.ts";
import type { StatementRow } from "../store/statements.ts";
import { type Archive, PAGE_LINES } from "./archive.ts";
import type { FileSide } from "./judge.ts";

/** A slice is some five round trips to D1, and its texts stay far below what D1 takes. */
export const SLICE_LINES = 1_000;

/** Reads slices one after the other; a page is fetched once. */
export class LineReader {
  readonly #archive: Archive;
  readonly #statementId: string;
  readonly #length: number;
  #page: { readonly number: number; readonly lines: readonly StatementLine[] } | null = null;

  /** @param length lines of a slice */
  constructor(archive: Archive, statementId: string, length = SLICE_LINES) {
    this.#archive = archive;
    this.#statementId = statementId;
    this.#length = length;
  }

  /** @param at how many lines come before it */
  async slice(at: number): Promise<readonly StatementLine[]> {
    const number = Math.floor(at / PAGE_LINES);
    if (this.#page?.number !== number) {
      this.#page = { number, lines: await this.#archive.page(this.#statementId, number) };
    }
    const offset = at % PAGE_LINES;
    return this.#page.lines.slice(offset, offset + this.#length);
  }
}

/** The payment or refund of ours that a number of the channel's file means; null: none by its form. */
export function ownIdOf({ kind, reference }: StatementLine): string | null {
  if (reference === null) return null;
  if (kind === "refund") return isId("refund", reference) ? reference : null;
  return paymentOfOrder(reference);
}

/** What a line is kept under when nothing of ours is meant. */
export const foreignNameOf = ({ reference, orderReference, transactionId, line }: StatementLine) =>
  reference ?? transactionId ?? orderReference ?? `line ${line}`;

type SeenFile = Pick<StatementRow, "id" | "file_name" | "origin">;

export const fileSideOf = (
  line: StatementLine,
  { file_name, origin }: Omit<SeenFile, "id">,
): FileSide => ({
  amount: line.amount,
  status: line.status,
  fee: line.fee,
  transactionId: line.transactionId,
  at: line.occurredAt,
  reference: line.reference ?? line.orderReference,
  file: file_name,
  line: line.line,
  origin,
});

/** A line that was written down before, as a side; it may be of another file than this one. */
export const keptSideOf = (row: LineRow, file: SeenFile | null): FileSide => ({
  amount: { currency: row.currency, value: row.value },
  status: row.status as FileSide["status"],
  fee: row.fee,
  transactionId: row.transaction_id,
  at: row.occurred_at,
  reference: row.reference,
  file: file?.id === row.statement_id ? file.file_name : null,
  line: row.line,
  // Of another file it is not known here, and less is believed.
  origin: file?.id === row.statement_id ? file.origin : "upload",
});
