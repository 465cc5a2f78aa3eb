/** CSV as RFC 4180 has it, record by record. Lines come in, because most records are one. */
import type { Refuse } from "./refuse.ts";

/** A record in progress or done; null: its quotes are open, it goes on in the next line. */
export type RecordReader = (line: string, number: number) => CsvRecord | null;

export interface CsvRecord {
  readonly cells: readonly string[];
  /** Where it begins. */
  readonly line: number;
}

/** Longest record, in characters. */
const MOST_CHARACTERS = 64 * 1024;

/** Null: a quote stands where none may. */
function quotedCells(record: string, delimiter: string): string[] | null {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (record.charCodeAt(at) !== 34) {
      const end = record.indexOf(delimiter, at);
      const cell = record.slice(at, end === -1 ? undefined : end);
      if (cell.includes('"')) return null;
      cells.push(cell);
      if (end === -1) return cells;
      at = end + 1;
      continue;
    }
    let end = record.indexOf('"', at + 1);
    while (record.charCodeAt(end + 1) === 34) end = record.indexOf('"', end + 2);
    cells.push(record.slice(at + 1, end).replaceAll('""', '"'));
    if (end + 1 === record.length) return cells;
    if (record[end + 1] !== delimiter) return null;
    at = end + 2;
  }
}

function hasOpenQuote(text: string): boolean {
  let open = false;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) open = !open;
  return open;
}

/** @param delimiter one character */
export function csvRecords(delimiter: string, refuse: Refuse) {
  let begun: { readonly line: number; readonly text: string } | null = null;
  const read: RecordReader = (text, number) => {
    if (begun === null && !text.includes('"')) {
      return { cells: text.split(delimiter), line: number };
    }
    const line = begun?.line ?? number;
    const record = begun === null ? text : `${begun.text}\n${text}`;
    begun = null;
    if (record.length > MOST_CHARACTERS) {
      throw refuse("too_large", "A record is longer than 64 Ki characters.", line);
    }
    if (hasOpenQuote(record)) {
      begun = { line, text: record };
      return null;
    }
    const cells = quotedCells(record, delimiter);
    if (cells === null) throw refuse("cell", "A quote stands inside of a cell.", line);
    return { cells, line };
  };
  return {
    read,
    /** @throws StatementRefused when a quote was never closed */
    end(): void {
      if (begun === null) return;
      throw refuse("truncated", "The file ends inside of quotes.", begun.line);
    },
  };
}
