/** Reports as files: a line for each currency and channel of a period, and for its exceptions. */
import type { ReportExceptions, ReportLine } from "../../store/reports.ts";
import { amountCell, type CsvCell } from "../csv.ts";
import type { CsvColumn } from "../csv-stream.ts";

interface Period {
  readonly name: string;
  readonly lines: readonly ReportLine[];
  readonly exceptions: readonly ReportExceptions[];
}

/** A line of the file: of a currency and channel, or of a channel's exceptions. */
type CsvRow = { readonly name: string } & (
  | { readonly line: ReportLine }
  | { readonly exceptions: ReportExceptions }
);

const onLine =
  (cell: (line: ReportLine) => CsvCell) =>
  (row: CsvRow): CsvCell =>
    "line" in row ? cell(row.line) : null;

type Sum = {
  readonly [Name in keyof ReportLine]: ReportLine[Name] extends number ? Name : never;
}[keyof ReportLine];

const amount = (name: Sum): CsvColumn<CsvRow> => [
  name,
  onLine(({ [name]: value, currency }) => amountCell({ currency, value })),
];

const number = (name: Sum | "success_rate"): CsvColumn<CsvRow> => [
  name,
  onLine(({ [name]: value }) => (value === null ? null : String(value))),
];

const onException = (
  name: string,
  cell: (row: ReportExceptions) => string | number | null,
): CsvColumn<CsvRow> => [
  name,
  (row) => ("exceptions" in row ? String(cell(row.exceptions)) : null),
];

export const REPORT_COLUMNS: readonly CsvColumn<CsvRow>[] = [
  ["period", ({ name }) => name],
  ["currency", onLine(({ currency }) => currency)],
  ["channel", (row) => ("line" in row ? row.line.channel : row.exceptions.channel)],
  number("created"),
  number("succeeded"),
  number("failed"),
  number("expired"),
  number("cancelled"),
  number("success_rate"),
  number("payments"),
  amount("volume"),
  number("refunds"),
  amount("refunded"),
  amount("platform_fee"),
  amount("channel_fee"),
  amount("split"),
  amount("paid_out"),
  number("settlements"),
  amount("settled"),
  amount("settled_paid"),
  onException("exception_kind", ({ kind }) => kind),
  onException("exception_state", ({ state }) => state),
  onException("exceptions", ({ count: many }) => many),
];

/** A report's periods as lines, in their order. */
export const rowsOf = (periods: readonly Period[]): CsvRow[] =>
  periods.flatMap(({ name, lines, exceptions }) => [
    ...lines.map((line) => ({ name, line })),
    ...exceptions.map((counted) => ({ name, exceptions: counted })),
  ]);
