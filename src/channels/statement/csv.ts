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

/** Whether so many quotes leave one open. */
function isOdd(text: string): boolean {
  let odd = false;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) odd = !odd;
  return odd;
}

/**
 * Attack: a record of very many short lines, each of which has all before it looked through again.
 * Every line is looked at when it comes, and put together with the others once.
 * @param delimiter one character
 */
export function csvRecords(delimiter: string, refuse: Refuse) {
  let begun: { readonly line: number; readonly lines: string[]; length: number } | null = null;
  const tooLong = (line: number) =>
    refuse("too_large", "A record is longer than 64 Ki characters.", line);

  function whole(text: string, line: number): CsvRecord {
    const cells = quotedCells(text, delimiter);
    if (cells === null) throw refuse("cell", "A quote stands inside of a cell.", line);
    return { cells, line };
  }

  const read: RecordReader = (text, number) => {
    const length = (begun?.length ?? 0) + text.length + 1;
    if (length > MOST_CHARACTERS) throw tooLong(begun?.line ?? number);
    if (begun === null) {
      if (!text.includes('"')) return { cells: text.split(delimiter), line: number };
      if (!isOdd(text)) return whole(text, number);
      begun = { line: number, lines: [text], length };
      return null;
    }
    begun.lines.push(text);
    begun.length = length;
    if (!isOdd(text)) return null;
    const { line, lines } = begun;
    begun = null;
    return whole(lines.join("\n"), line);
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
