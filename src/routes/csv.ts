/** Lines of CSV files (RFC 4180) that people open in spreadsheets. */

/**
 * Attack: a cell that begins like this, also after spaces or in wide characters, is run as a formula
 * by some spreadsheet that opens the file. An apostrophe in front makes it a text again.
 */
const FORMULA = /^[\s\uFEFF]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r]/;

function cell(value: string | null): string {
  if (value === null) return "";
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const csvLine = (values: readonly (string | null)[]): string =>
  `${values.map(cell).join(",")}\r\n`;
