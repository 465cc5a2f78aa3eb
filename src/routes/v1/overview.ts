/** `GET /v1/overview`: a merchant's last day or week in numbers, for charts. */
import { createRoute, z } from "@hono/zod-openapi";

import { iso } from "../../clock.ts";
import { ExpiringCache } from "../../expiring-cache.ts";
import { database } from "../../store/db.ts";
import { type Overview, type OverviewWindow, readOverview } from "../../store/overview.ts";
import { merchantAuth } from "../authenticate.ts";
import { type App, errors, jsonReply, Timestamp } from "../http.ts";
import { clockOffset } from "../query.ts";

const HOUR_MS = 3_600_000;

/** Hours in a bucket: a day is read by the hour, a week by quarters of a day. */
const BUCKET_HOURS = { 24: 1, 168: 6 } as const;

type Hours = keyof typeof BUCKET_HOURS;

/** A page that is open somewhere asks again and again; the numbers may be this old. */
const OVERVIEW_CACHE_MS = 30_000;

interface Counted {
  readonly at: number;
  readonly window: OverviewWindow;
  readonly overview: Overview;
}

const counted = new ExpiringCache<Counted>(OVERVIEW_CACHE_MS, 200);

const numbers = {
  created: z.int(),
  succeeded: z.int(),
  failed: z.int(),
  expired: z.int(),
  cancelled: z.int(),
  success_rate: z.number().nullable(),
  amounts: z.array(
    z.object({ currency: z.string(), volume: z.int(), refunded: z.int(), fee: z.int() }),
  ),
  channels: z.array(
    z.object({ channel: z.string(), orders: z.int(), average_ms: z.int(), p95_ms: z.int() }),
  ),
};

const OverviewView = z
  .object({
    object: z.literal("overview"),
    livemode: z.boolean(),
    hours: z.int(),
    bucket_hours: z.int(),
    tz_offset_minutes: z.int(),
    from: Timestamp,
    to: Timestamp,
    counted_at: Timestamp,
    totals: z.object(numbers),
    buckets: z.array(z.object({ start: Timestamp, ...numbers })),
  })
  .openapi("Overview");

const get = createRoute({
  method: "get",
  path: "/v1/overview",
  tags: ["Overview"],
  operationId: "getOverview",
  summary: "The last hours in numbers",
  description:
    "Counts payments by the hour of their creation, the running hour included, as they stand now: " +
    "a payment that succeeds late raises the hour that it was made in. A week comes in buckets of " +
    "six hours. The numbers may be 30 seconds old.",
  ...merchantAuth("reports:read"),
  request: {
    query: z.strictObject({
      hours: z.enum(["24", "168"]).default("24").openapi({ description: "A day or a week." }),
      tz_offset_minutes: clockOffset(0),
    }),
  },
  responses: { 200: jsonReply(OverviewView, "The numbers."), ...errors(400, 401, 403, 429) },
});

/** The last hours up to the end of the bucket that is running, on the clock of the offset. */
function windowOf(now: number, hours: Hours, offsetMinutes: number): OverviewWindow {
  const bucketMs = BUCKET_HOURS[hours] * HOUR_MS;
  const offset = offsetMinutes * 60_000;
  const to = (Math.floor((now + offset) / bucketMs) + 1) * bucketMs - offset;
  return { from: to - hours * HOUR_MS, to, bucketMs };
}

export function registerOverview(app: App): void {
  app.openapi(get, async (c) => {
    const { merchant, key } = c.var.principal;
    const { hours: sent, tz_offset_minutes } = c.req.valid("query");
    const hours: Hours = sent === "24" ? 24 : 168;
    const { now } = c.var;
    const name = [merchant.id, key.livemode, hours, tz_offset_minutes].join();
    const known = await counted.get(name, now, async () => {
      const window = windowOf(now, hours, tz_offset_minutes);
      const db = database(c.env.DB);
      return {
        at: now,
        window,
        overview: await readOverview(db, merchant.id, key.livemode, window),
      };
    });
    if (known === null) throw new Error("an overview was not counted");
    const { at, window, overview } = known;
    const view: z.infer<typeof OverviewView> = {
      object: "overview",
      livemode: key.livemode,
      hours,
      bucket_hours: BUCKET_HOURS[hours],
      tz_offset_minutes,
      from: iso(window.from),
      to: iso(window.to),
      counted_at: iso(at),
      totals: overview.totals,
      buckets: overview.buckets.map((bucket) => ({ ...bucket, start: iso(bucket.start) })),
    };
    return c.json(view, 200);
  });
}
