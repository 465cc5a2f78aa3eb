/** One row of a file at a time: cells by what they mean, and refusals that say where. */
import { CURRENCIES, CURRENCY_DECIMALS, type Money } from "../../money.ts";
import { decimalOf, exactly, isNumber, isWord } from "./cells.ts";
import type { Clock } from "./clock.ts";
import type { Columns, Places } from "./columns.ts";
import type { StatementRefusal, StatementRefused } from "./line.ts";
import type { Refuse } from "./refuse.ts";

/** The row that was loaded last. Whatever cannot be read is thrown as a refusal of its cell. */
export interface Row<K extends string> {
  load(cells: readonly string[], line: number): void;
  readonly line: number;
  has(key: K): boolean;
  /** Without blanks and tabs around it; "" where the column or the cell is not there. */
  text(key: K): string;
  /** Somebody's number of something; null: the cell is empty. */
  number(key: K): string | null;
  /** A word that has a meaning; never empty. */
  word(key: K): string;
  /** As an integer of 10^-`places`. */
  decimal(key: K, places: number): number;
  /** A known currency. */
  currency(key: K): string;
  /** Milliseconds since 1970. */
  time(key: K, clock: Clock): number;
  refuse(key: K, what: string, code?: StatementRefusal): StatementRefused;
}

export function rowOf<K extends string>(
  columns: Columns<K>,
  places: Places<K>,
  width: number,
  refuse: Refuse,
): Row<K> {
  let cells: readonly string[] = [];
  let line = 0;
  const text = (key: K): string => (cells[places[key]] ?? "").trim();
  const refused = (key: K, what: string, code: StatementRefusal = "cell") =>
    refuse(code, `${what} (column ${columns[key].names[0]}).`, line, places[key] + 1);
  const required = <T>(value: T | null, key: K, what: string): T => {
    if (value === null) throw refused(key, what);
    return value;
  };
  return {
    load(next, number) {
      [cells, line] = [next, number];
      if (next.length === width) return;
      throw refuse("cell", `The line has ${next.length} cells and not ${width}.`, number);
    },
    get line() {
      return line;
    },
    has: (key) => places[key] !== -1,
    text,
    number(key) {
      const value = text(key);
      if (value === "") return null;
      return required(isNumber(value) ? value : null, key, "This cannot be anybody's number");
    },
    word(key) {
      const value = text(key);
      return required(isWord(value) ? value : null, key, "The word is missing, or is none");
    },
    decimal: (key, digits) =>
      required(decimalOf(text(key), digits), key, "This is no amount that can be read"),
    currency(key) {
      const code = text(key);
      const known = Object.hasOwn(CURRENCY_DECIMALS, code);
      return required(known ? code : null, key, `This is none of ${CURRENCIES.join(", ")}`);
    },
    time: (key, clock) => required(clock(text(key)), key, "This is no time in the known form"),
    refuse: refused,
  };
}

/** An integer of 10^-`places` as money, to the last digit; null: the currency has fewer places. */
export function moneyOf(currency: string, value: number, places: number): Money | null {
  const minor = exactly(value, places, CURRENCY_DECIMALS[currency] ?? 2);
  return minor === null ? null : { currency, value: minor };
}
