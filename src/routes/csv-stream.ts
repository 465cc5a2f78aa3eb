/**
 * Long CSV files, streamed page by page, so that their length costs time and no memory. Each ends
 * with a line `# N rows`: a file without it was cut off.
 */
import { describeError } from "../log.ts";
import type { PageRequest } from "../store/page.ts";
import { type CsvCell, csvLine } from "./csv.ts";
import type { AppContext } from "./http.ts";

/** A column's name, and its cell of a row. */
export type CsvColumn<R> = readonly [string, (row: R) => CsvCell];

/** For spreadsheets, which otherwise take UTF-8 for something older. */
const MARK = "\uFEFF";

const headers = (fileName: string) => ({
  "Content-Type": "text/csv; charset=utf-8",
  "Content-Disposition": `attachment; filename="${fileName}"`,
  "Cache-Control": "no-store",
});

const headOf = <R>(columns: readonly CsvColumn<R>[]): string =>
  `${MARK}${csvLine(columns.map(([name]) => name))}`;

const linesOf = <R>(columns: readonly CsvColumn<R>[], rows: readonly R[]): string =>
  rows.map((row) => csvLine(columns.map(([, cellOf]) => cellOf(row)))).join("");

const tail = (count: number): string => `# ${count} rows\r\n`;

async function* textOf<R>(
  columns: readonly CsvColumn<R>[],
  pages: AsyncIterable<readonly R[]>,
): AsyncGenerator<string, void> {
  let count = 0;
  yield headOf(columns);
  for await (const rows of pages) {
    count += rows.length;
    if (rows.length > 0) yield linesOf(columns, rows);
  }
  yield tail(count);
}

/** Rows of one question to D1. */
const ROWS_PER_PAGE = 500;

/** A whole list, page by page, until one is not full. @param placeOf where the next one goes on */
export async function* allPages<R>(
  read: (page: PageRequest) => Promise<R[]>,
  placeOf: (last: R) => NonNullable<PageRequest["before"]>,
): AsyncGenerator<R[], void> {
  let before: PageRequest["before"] = null;
  for (;;) {
    const rows: R[] = await read({ limit: ROWS_PER_PAGE, before });
    yield rows;
    const last = rows.at(-1);
    if (rows.length < ROWS_PER_PAGE || last === undefined) return;
    before = placeOf(last);
  }
}

/** A page is asked for when the one before is on its way. */
export function csvStream<R>(
  c: AppContext,
  fileName: string,
  columns: readonly CsvColumn<R>[],
  pages: AsyncIterable<readonly R[]>,
): Response {
  const { log } = c.var;
  const source = textOf(columns, pages);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await source.next();
        if (done === true) controller.close();
        else controller.enqueue(encoder.encode(value));
      } catch (error) {
        log("error", "export.failed", { error: describeError(error) });
        controller.error(new Error("the export broke off"));
      }
    },
    cancel: async () => void (await source.return()),
  });
  return new Response(body, { headers: headers(fileName) });
}

/** The same of rows that are there already. */
export const csvFile = <R>(
  fileName: string,
  columns: readonly CsvColumn<R>[],
  rows: readonly R[],
): Response =>
  new Response(headOf(columns) + linesOf(columns, rows) + tail(rows.length), {
    headers: headers(fileName),
  });
