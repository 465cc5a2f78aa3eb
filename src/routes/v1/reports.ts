/** `/v1/reports/daily` and `/v1/reports/monthly`: payments and money in numbers. */
import { createRoute, z } from "@hono/zod-openapi";

import { iso } from "../../clock.ts";
import { CHINA_OFFSET_MINUTES } from "../../constants.ts";
import { ApiError, invalidField } from "../../errors.ts";
import { DAY_MS, dayAt, daysBetween, startOfDay } from "../../days.ts";
import { nextMonth } from "../../settlement/months.ts";
import { database } from "../../store/db.ts";
import { type ReportBucket, readReport } from "../../store/reports.ts";
import { merchantAuth } from "../authenticate.ts";
import { csvFile } from "../csv-stream.ts";
import { type App, type AppContext, errors, Timestamp } from "../http.ts";
import { checkedRange, clockOffset, Day, type DayRange, Month } from "../query.ts";
import { REPORT_COLUMNS, rowsOf } from "./reports-csv.ts";

const tags = ["Reports"];
const reading = merchantAuth("reports:read");

/** Days of one report. */
const MOST_DAYS = 92;

const count = (description: string) => z.int().openapi({ description });
const sum = (description: string) =>
  z.int().openapi({ description: `${description}, in minor units.` });

const Line = z.object({
  currency: z.string().openapi({ description: "ISO 4217." }),
  channel: z.string().nullable().openapi({
    description: "The channel's name in the API; null: the buyer had not chosen.",
  }),
  created: count("Payments that were made then."),
  succeeded: count("Of those, how many have succeeded by now."),
  failed: count("Of those, how many have failed."),
  expired: count("Of those, how many have expired."),
  cancelled: count("Of those, how many were cancelled."),
  success_rate: z.number().nullable().openapi({
    description: "Succeeded of those that ended, 0 to 1; null: none has ended.",
  }),
  payments: count("Payments that were paid then, whenever they were made."),
  volume: sum("What was paid"),
  refunds: count("Refunds that succeeded then."),
  refunded: sum("What was given back"),
  platform_fee: sum("The platform's fees, less what refunds gave back of them"),
  channel_fee: sum("What the channels kept, as far as their statements are read"),
  split: sum("What channels moved to the platform, less what came back"),
  paid_out: sum("What was recorded as arrived at the bank"),
  settlements: count("Settlements of the channel's days."),
  settled: sum("What they should bring to the bank"),
  settled_paid: sum("What of it has arrived"),
});

const Report = z
  .object({
    object: z.literal("report"),
    period: z.enum(["daily", "monthly"]).openapi({ description: "What one row of it is." }),
    livemode: z.boolean(),
    tz_offset_minutes: z.int().openapi({ description: "As you asked; days begin by this clock." }),
    from: Timestamp.openapi({ description: "Where it begins." }),
    to: Timestamp.openapi({ description: "Where it ends; not counted any more." }),
    counted_at: Timestamp.openapi({ description: "When it was counted." }),
    data: z
      .array(
        z.object({
          name: z.string().openapi({
            example: "2026-11-01",
            description: "The day, or the month.",
          }),
          start: Timestamp.openapi({ description: "When it begins." }),
          lines: z.array(Line).openapi({
            description: "One for each currency and channel in which anything happened.",
          }),
          exceptions: z
            .array(
              z.object({
                channel: z.string().nullable().openapi({ description: "Where." }),
                kind: z.string().openapi({ description: "Of which kind." }),
                state: z.string().openapi({ description: "Where it stands by now." }),
                count: z.int().openapi({ description: "How many." }),
              }),
            )
            .openapi({ description: "What reconciliation found then." }),
        }),
      )
      .openapi({ description: "Every day, also one on which nothing happened." }),
  })
  .openapi("Report");

const common = {
  tz_offset_minutes: clockOffset(CHINA_OFFSET_MINUTES),
  format: z.enum(["json", "csv"]).default("json").openapi({
    description: "`csv`: a file for spreadsheets; its amounts are decimals.",
  }),
};

const HOW =
  "Payments are counted on the day of their creation, as they stand now; money on the day on which " +
  "it moved, as the ledger has it; settlements by the channel's own days. Days begin at midnight by " +
  "`tz_offset_minutes`, China's time unless you say otherwise. Counted anew each time.";

const responses = {
  200: {
    description: "The report.",
    content: {
      "application/json": { schema: Report },
      "text/csv": { schema: z.string() },
    },
  },
  ...errors(400, 401, 403, 429),
};

const daily = createRoute({
  ...reading,
  method: "get",
  path: "/v1/reports/daily",
  tags,
  operationId: "getDailyReport",
  summary: "Days in numbers",
  description: HOW,
  request: {
    query: z.strictObject({
      ...common,
      date: Day.optional().openapi({ description: "One day. Default: today." }),
      from: Day.optional().openapi({ description: "The first of several days." }),
      to: Day.optional().openapi({
        description: `The last one, included; at most ${MOST_DAYS} days.`,
      }),
    }),
  },
  responses,
});

const monthly = createRoute({
  ...reading,
  method: "get",
  path: "/v1/reports/monthly",
  tags,
  operationId: "getMonthlyReport",
  summary: "A month in numbers",
  description: HOW,
  request: {
    query: z.strictObject({
      ...common,
      month: Month.optional().openapi({ description: "Default: the month that is running." }),
    }),
  },
  responses,
});

/** @throws ApiError INVALID_REQUEST */
export function rangeOf(
  query: { date?: string | undefined; from?: string | undefined; to?: string | undefined },
  today: string,
  mostDays: number,
): DayRange {
  const { date } = query;
  if (date !== undefined && (query.from !== undefined || query.to !== undefined)) {
    throw new ApiError(invalidField("date", "must stand alone, or from and to without it"));
  }
  const from = date ?? query.from ?? query.to ?? today;
  const to = date ?? query.to ?? query.from ?? today;
  return checkedRange({ from, to }, mostDays);
}

interface Period {
  readonly period: "daily" | "monthly";
  readonly range: DayRange;
  readonly offsetMinutes: number;
  /** Its rows' names, in their order. */
  readonly names: readonly string[];
}

async function report(c: AppContext, { period, range, offsetMinutes, names }: Period) {
  const { merchant, key, accounts } = c.var.principal;
  const from = startOfDay(range.from, offsetMinutes);
  const to = startOfDay(range.to, offsetMinutes) + DAY_MS;
  const days = daysBetween(range.from, range.to);
  const window = { from, to, bucketMs: period === "daily" ? DAY_MS : to - from };
  const buckets = await readReport(database(c.env.DB), {
    merchantId: merchant.id,
    livemode: key.livemode,
    accounts,
    window,
    days: new Map(days.map((day, at) => [day, period === "daily" ? at : 0])),
  });
  const view: z.infer<typeof Report> = {
    object: "report",
    period,
    livemode: key.livemode,
    tz_offset_minutes: offsetMinutes,
    from: iso(from),
    to: iso(to),
    counted_at: iso(c.var.now),
    data: buckets.map(({ lines, exceptions }: ReportBucket, at) => ({
      name: names[at] ?? "",
      start: iso(from + at * window.bucketMs),
      lines: [...lines],
      exceptions: [...exceptions],
    })),
  };
  return view;
}

export function registerReports(app: App): void {
  app.openapi(daily, async (c) => {
    const { format, tz_offset_minutes: offsetMinutes, ...query } = c.req.valid("query");
    const range = rangeOf(query, dayAt(c.var.now, offsetMinutes), MOST_DAYS);
    const names = daysBetween(range.from, range.to);
    const view = await report(c, { period: "daily", range, offsetMinutes, names });
    if (format === "json") return c.json(view, 200);
    return csvFile(`daily-${range.from}-${range.to}.csv`, REPORT_COLUMNS, rowsOf(view.data));
  });

  app.openapi(monthly, async (c) => {
    const { format, tz_offset_minutes: offsetMinutes, month: sent } = c.req.valid("query");
    const month = sent ?? dayAt(c.var.now, offsetMinutes).slice(0, 7);
    const last = dayAt(startOfDay(`${nextMonth(month)}-01`, 0) - DAY_MS, 0);
    const range = { from: `${month}-01`, to: last };
    const view = await report(c, { period: "monthly", range, offsetMinutes, names: [month] });
    if (format === "json") return c.json(view, 200);
    return csvFile(`monthly-${month}.csv`, REPORT_COLUMNS, rowsOf(view.data));
  });
}
