/** Lines of CSV files (RFC 4180) that people open in spreadsheets. */
import { decimalOf, type Money } from "../money.ts";

/**
 * Attack: a cell that begins like this, also after spaces or in wide characters, is run as a formula
 * by some spreadsheet that opens the file. An apostrophe in front makes it a text again.
 */
const FORMULA = /^[\s\uFEFF]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r]/;

/** A text, or a number of our own making: its minus is no formula. */
export type CsvCell = string | null | { readonly number: string };

function cell(value: CsvCell): string {
  if (value === null) return "";
  if (typeof value === "object") return value.number;
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A decimal of the currency; below zero, say, where more was given back than was taken. */
export function amountCell({ currency, value }: Money): CsvCell {
  const text = decimalOf({ currency, value: Math.abs(value) });
  return { number: value < 0 ? `-${text}` : text };
}

export const csvLine = (values: readonly CsvCell[]): string => `${values.map(cell).join(",")}\r\n`;
