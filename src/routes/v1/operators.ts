/** What an operator looks at: how the channels do, and whether the scheduled jobs run. */
import { createRoute, z } from "@hono/zod-openapi";

import { CHANNEL_SLUGS, CHANNELS } from "../../channels/registry.ts";
import { iso } from "../../clock.ts";
import { STALE_AFTER_MS } from "../../cron/replays.ts";
import { JOB_NAMES, JOBS } from "../../cron/scheduled.ts";
import { type ChannelHour, HOUR_MS, hourOf, listChannelHours } from "../../store/channel-hours.ts";
import { countBacklog, type CronRun, listRuns } from "../../store/cron-runs.ts";
import { database } from "../../store/db.ts";
import { adminAuth } from "../admin-auth.ts";
import { type App, errors, jsonReply, listOf, Timestamp } from "../http.ts";
import { wholeList } from "../pages.ts";

const tags = ["Operations"];
const operator = adminAuth();

const HOURS = 24;

const counts = {
  orders: z.int().openapi({ description: "Orders that were asked for." }),
  rejected: z.int().openapi({ description: "The channel said no." }),
  unknown: z.int().openapi({ description: "No answer, or none that could be believed." }),
  average_ms: z.int().nullable().openapi({ description: "How long it took; null: no orders." }),
  longest_ms: z.int().nullable().openapi({ description: "The slowest; null: no orders." }),
};

const STATUS_WORDS = ["ok", "degraded", "down", "quiet"] as const;

const ChannelHealth = z
  .object({
    object: z.literal("channel_health"),
    channel: z.string().openapi({ description: "The channel's name in the API." }),
    name: z.string().openapi({ description: "The channel's name for people." }),
    livemode: z.boolean(),
    status: z.enum(STATUS_WORDS).openapi({
      description:
        "By the orders of this hour and the one before. `quiet`: none. `down`: 3 or more and at " +
        "least half of all unknown. `degraded`: 1 in 20 or more unknown, or half or more rejected " +
        "of at least 3. Else `ok`.",
    }),
    ...counts,
    hours: z
      .array(
        z.object({
          hour: Timestamp.openapi({ description: "When the hour begins." }),
          ...counts,
        }),
      )
      .openapi({ description: "Each of the last 24 hours, oldest first." }),
  })
  .openapi("ChannelHealth");

const Sweeper = z
  .object({
    object: z.literal("sweeper"),
    jobs: z
      .array(
        z.object({
          name: z.enum(JOB_NAMES).openapi({
            description:
              "`deliveries`: webhooks that are due. `replays`: replays that stand still. `splits`: " +
              "shares of payments that are due. `reconciliation`: days that wait or stand still. " +
              "`payments`: payments past their deadline. `watch`: whether objects, copies, the feed and " +
              "deliveries fit. `nightly`: the runs of every account. " +
              "`invoices`: last month's. `authorizations`: renewals.",
          }),
          schedule: z.string().openapi({ description: "As a cron expression, UTC." }),
          last_run: z
            .object({
              started_at: Timestamp.openapi({ description: "When it began." }),
              duration_ms: z.int().openapi({ description: "How long it took." }),
              handled: z.int().openapi({ description: "How many it handled." }),
              error: z
                .string()
                .nullable()
                .openapi({ description: "Why it failed; null: it did not." }),
            })
            .nullable()
            .openapi({ description: "Null: it has not run yet." }),
        }),
      )
      .openapi({ description: "Every scheduled job." }),
    overdue_payments: z.int().openapi({
      description: "Payments past their deadline that have not ended.",
    }),
    due_deliveries: z.int().openapi({ description: "Webhooks that the next run sends." }),
    dead_letters: z.int().openapi({ description: "Messages that a queue gave up on." }),
    stale_jobs: z.int().openapi({ description: "Replays on which nothing happens." }),
    old_refunds: z.int().openapi({
      description: "Refunds that a channel has had for a day and more.",
    }),
    open_exceptions: z.int().openapi({
      description: "What does not fit and nobody is done with, of all merchants. Counted to 1000.",
    }),
  })
  .openapi("Sweeper");

const health = createRoute({
  ...operator,
  method: "get",
  path: "/v1/admin/channels/health",
  operationId: "getChannelHealth",
  tags,
  summary: "How the channels do",
  description: "Over all merchants, by hour, for the last 24 hours. Every channel is in the list.",
  request: {
    query: z.strictObject({
      livemode: z.enum(["true", "false"]).default("true").openapi({
        description: "Real orders, or those of the sandbox.",
      }),
    }),
  },
  responses: { 200: jsonReply(listOf(ChannelHealth), "All channels."), ...errors(400, 401, 403) },
});

const sweeper = createRoute({
  ...operator,
  method: "get",
  path: "/v1/admin/sweeper",
  operationId: "getSweeper",
  tags,
  summary: "Whether the scheduled jobs run",
  description: "The last run of each, and the work that waits for them.",
  responses: { 200: jsonReply(Sweeper, "All of it."), ...errors(401, 403) },
});

type Counts = Pick<ChannelHour, "orders" | "rejected" | "unknown" | "total_ms" | "max_ms">;

function sum(hours: readonly Counts[]): Counts {
  const total = { orders: 0, rejected: 0, unknown: 0, total_ms: 0, max_ms: 0 };
  for (const hour of hours) {
    total.orders += hour.orders;
    total.rejected += hour.rejected;
    total.unknown += hour.unknown;
    total.total_ms += hour.total_ms;
    total.max_ms = Math.max(total.max_ms, hour.max_ms);
  }
  return total;
}

/** Enough to tell a trend from one merchant's mistake. */
const ENOUGH = 3;

/** The rule that the field's description states. */
export function statusOf({ orders, rejected, unknown }: Counts): (typeof STATUS_WORDS)[number] {
  if (orders === 0) return "quiet";
  const share = (part: number) => part / orders;
  if (orders >= ENOUGH && share(unknown) >= 0.5) return "down";
  if (share(unknown) >= 0.05) return "degraded";
  return orders >= ENOUGH && share(rejected) >= 0.5 ? "degraded" : "ok";
}

const showCounts = ({ orders, rejected, unknown, total_ms, max_ms }: Counts) => ({
  orders,
  rejected,
  unknown,
  average_ms: orders === 0 ? null : Math.round(total_ms / orders),
  longest_ms: orders === 0 ? null : max_ms,
});

/** One channel's last 24 hours, those without orders included. */
function healthOf(
  channel: string,
  name: string,
  livemode: boolean,
  rows: readonly ChannelHour[],
  now: number,
): z.infer<typeof ChannelHealth> {
  const thisHour = hourOf(now);
  const hours = Array.from({ length: HOURS }, (_, at) => thisHour - (HOURS - 1 - at) * HOUR_MS);
  const recent = rows.filter(({ hour }) => hour >= thisHour - HOUR_MS);
  return {
    object: "channel_health",
    channel,
    name,
    livemode,
    status: statusOf(sum(recent)),
    ...showCounts(sum(rows)),
    hours: hours.map((hour) => ({
      hour: iso(hour),
      ...showCounts(sum(rows.filter((row) => row.hour === hour))),
    })),
  };
}

const showRun = ({ started_at, duration_ms, handled, error }: CronRun) => ({
  started_at: iso(started_at),
  duration_ms,
  handled,
  error,
});

export function registerOperators(app: App): void {
  app.openapi(health, async (c) => {
    const { now } = c.var;
    const livemode = c.req.valid("query").livemode === "true";
    const since = hourOf(now) - (HOURS - 1) * HOUR_MS;
    const rows = await listChannelHours(database(c.env.DB), livemode, CHANNEL_SLUGS, since);
    const byChannel = Map.groupBy(rows, ({ channel }) => channel);
    const data = Object.entries(CHANNELS).map(([slug, { adapter }]) =>
      healthOf(slug, adapter.info.name, livemode, byChannel.get(slug) ?? [], now),
    );
    return c.json(wholeList(data), 200);
  });

  app.openapi(sweeper, async (c) => {
    const { now } = c.var;
    const db = database(c.env.DB);
    const [runs, backlog] = await Promise.all([
      listRuns(db),
      countBacklog(db, now, now - STALE_AFTER_MS),
    ]);
    const body = {
      object: "sweeper" as const,
      jobs: JOBS.map(({ name, schedule }) => {
        const run = runs.find(({ job }) => job === name);
        return { name, schedule, last_run: run === undefined ? null : showRun(run) };
      }),
      overdue_payments: backlog.overduePayments,
      due_deliveries: backlog.dueDeliveries,
      dead_letters: backlog.deadLetters,
      stale_jobs: backlog.staleJobs,
      old_refunds: backlog.oldRefunds,
      open_exceptions: backlog.openExceptions,
    };
    return c.json(body, 200);
  });
}
