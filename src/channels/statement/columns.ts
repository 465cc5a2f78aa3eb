/** Headers: columns are found by their names, wherever they stand; others do not matter. */
import type { Refuse } from "./refuse.ts";

export interface Column {
  /** What headers call it, the best first; refusals name that. */
  readonly names: readonly [string, ...string[]];
  readonly optional?: true;
}

export type Columns<K extends string> = Readonly<Record<K, Column>>;

/** Where the columns stand, from 0; -1: an optional one that is not there. */
export type Places<K extends string> = Readonly<Record<K, number>>;

/** No channel has more. */
export const MOST_COLUMNS = 256;

/** Full-width brackets, blanks and tabs do not make another column. */
const plain = (name: string): string => name.normalize("NFKC").trim();

const SEPARATORS = { ";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas" };

/** What a header is like that has no column of a name. Its cells are not repeated: it may be none. */
function shapeOf(header: readonly string[]): string {
  const [only = "", ...others] = header;
  if (others.length > 0) return `The header has ${header.length} columns; none is called that.`;
  const found = Object.entries(SEPARATORS).find(([separator]) => only.includes(separator));
  return found === undefined
    ? "The header is one column: is this the file?"
    : `The header is one column with ${found[1]} in it: are its columns separated by them?`;
}

/** @throws StatementRefused `columns`: one is not there, or twice, so that either could be meant */
export function placesOf<K extends string>(
  columns: Columns<K>,
  header: readonly string[],
  line: number,
  refuse: Refuse,
): Places<K> {
  if (header.length > MOST_COLUMNS) {
    throw refuse("columns", `The header has more than ${MOST_COLUMNS} columns.`, line);
  }
  const names = header.map(plain);
  const places = {} as Record<K, number>;
  for (const [key, { names: known, optional }] of Object.entries(columns) as [K, Column][]) {
    const name = known.map(plain).find((one) => names.includes(one));
    const first = name === undefined ? -1 : names.indexOf(name);
    const second = name === undefined ? -1 : names.indexOf(name, first + 1);
    if (second !== -1) {
      throw refuse("columns", `The column ${known[0]} is there twice.`, line, second + 1);
    }
    if (first === -1 && optional === undefined) {
      throw refuse("columns", `The column ${known[0]} is missing. ${shapeOf(header)}`, line);
    }
    places[key] = first;
  }
  return places;
}
