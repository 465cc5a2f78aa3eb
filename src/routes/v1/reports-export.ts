/** `GET /v1/reports/ledger.csv`: the books as a file, streamed page by page. */
import { createRoute, z } from "@hono/zod-openapi";

import { iso } from "../../clock.ts";
import { CHINA_OFFSET_MINUTES } from "../../constants.ts";
import { decimalOf } from "../../money.ts";
import { DAY_MS, dayAt, startOfDay } from "../../days.ts";
import { database } from "../../store/db.ts";
import { type EntryFilter, type EntryRow, listEntries } from "../../store/ledger.ts";
import { merchantAuth } from "../authenticate.ts";
import { allPages, type CsvColumn, csvStream } from "../csv-stream.ts";
import { type App, type AppContext, errors } from "../http.ts";
import { clockOffset, Day } from "../query.ts";
import { rangeOf } from "./reports.ts";

/** A year and a day: what accountants ask for. */
const MOST_DAYS = 366;

const COLUMNS: readonly CsvColumn<EntryRow>[] = [
  ["id", ({ id }) => id],
  ["at", ({ at }) => iso(at)],
  ["kind", ({ kind }) => kind],
  ["currency", ({ currency }) => currency],
  ["amount", (entry) => decimalOf(entry)],
  ["debit", ({ debit }) => debit],
  ["credit", ({ credit }) => credit],
  ["cause", ({ cause }) => cause],
  ["memo", ({ memo }) => memo],
  ["recorded_at", ({ recorded_at: at }) => iso(at)],
];

const route = createRoute({
  ...merchantAuth("reports:read"),
  method: "get",
  path: "/v1/reports/ledger.csv",
  tags: ["Reports"],
  operationId: "exportLedger",
  summary: "Export the ledger",
  description:
    "The entries of some days as CSV (UTF-8 with a mark for spreadsheets, RFC 4180), newest first, " +
    "whole. The amounts are decimals. The file ends with a line `# N rows`: without it, it was " +
    "cut off.",
  request: {
    query: z.strictObject({
      tz_offset_minutes: clockOffset(CHINA_OFFSET_MINUTES),
      from: Day.optional().openapi({ description: "The first day. Default: today." }),
      to: Day.optional().openapi({
        description: `The last one, included; at most ${MOST_DAYS} days.`,
      }),
    }),
  },
  responses: {
    200: { description: "The file.", content: { "text/csv": { schema: z.string() } } },
    ...errors(400, 401, 403, 429),
  },
});

function pagesOf(c: AppContext, filter: EntryFilter): AsyncGenerator<EntryRow[], void> {
  const { merchant, key } = c.var.principal;
  const db = database(c.env.DB);
  return allPages(
    (page) => listEntries(db, merchant.id, key.livemode, filter, page),
    ({ at, id }) => ({ createdAt: at, id }),
  );
}

export function registerReportsExport(app: App): void {
  app.openapi(route, (c) => {
    const { tz_offset_minutes: offset, ...query } = c.req.valid("query");
    const { from, to } = rangeOf(query, dayAt(c.var.now, offset), MOST_DAYS);
    const filter = {
      createdFrom: startOfDay(from, offset),
      createdBefore: startOfDay(to, offset) + DAY_MS,
    };
    return csvStream(c, `ledger-${from}-${to}.csv`, COLUMNS, pagesOf(c, filter));
  });
}
