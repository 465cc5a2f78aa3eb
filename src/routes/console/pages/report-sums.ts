/** A report's rows, summed for a page. Pure. */
import type { ReportExceptions, ReportLine } from "../../../store/reports.ts";

/** The answer of `GET /v1/reports/daily`. */
export interface ReportView {
  readonly from: string;
  readonly to: string;
  readonly counted_at: string;
  readonly data: readonly ReportDay[];
}

export interface ReportDay {
  readonly name: string;
  readonly lines: readonly ReportLine[];
  readonly exceptions: readonly ReportExceptions[];
}

/** Sums of every day, by channel and currency. */
export function linesBy(report: ReportView): ReportLine[] {
  const sums = new Map<string, ReportLine>();
  for (const line of report.data.flatMap(({ lines }) => lines)) {
    const name = `${line.currency} ${line.channel ?? ""}`;
    const sum = sums.get(name);
    sums.set(name, sum === undefined ? line : added(sum, line));
  }
  return [...sums.values()].toSorted((a, b) => b.volume - a.volume);
}

/** Every number of two lines of one channel and currency; the rate is counted anew where it is shown. */
function added(a: ReportLine, b: ReportLine): ReportLine {
  const sum = Object.entries(a).map(([name, value]) => {
    const other: unknown = b[name as keyof ReportLine];
    const both = typeof value === "number" && typeof other === "number" && name !== "success_rate";
    return [name, both ? value + other : value];
  });
  return Object.fromEntries(sum) as ReportLine;
}

/** Of the payments that ended, those that succeeded; null: none has ended. */
export function rateOf(lines: readonly ReportLine[]): number | null {
  const count = (name: "succeeded" | "failed" | "expired" | "cancelled") =>
    lines.reduce((sum, line) => sum + line[name], 0);
  const succeeded = count("succeeded");
  const ended = succeeded + count("failed") + count("expired") + count("cancelled");
  return ended === 0 ? null : succeeded / ended;
}

/** What was found in all days, by kind and state: the states of a kind beside each other. */
export function exceptionsBy(report: ReportView): ReportExceptions[] {
  const sums = new Map<string, ReportExceptions>();
  for (const row of report.data.flatMap(({ exceptions }) => exceptions)) {
    const name = `${row.kind} ${row.state}`;
    const sum = sums.get(name);
    sums.set(name, { ...row, count: row.count + (sum?.count ?? 0) });
  }
  return [...sums.values()].toSorted(
    (a, b) => a.kind.localeCompare(b.kind) || a.state.localeCompare(b.state),
  );
}
