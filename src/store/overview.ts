/**
 * A merchant's payments of some hours in numbers, counted when they are asked for: nothing is kept
 * that could differ from the payments. Read through the merchant's index by time, in one statement.
 */
import { and, eq, gte, lt, sql } from "drizzle-orm";

import type { Database } from "./db.ts";
import { paymentIntents } from "./schema.ts";

/** The time that is looked at; a payment belongs to the moment of its creation. */
export interface OverviewWindow {
  /** Milliseconds since 1970. */
  readonly from: number;
  /** Milliseconds since 1970; not counted any more. */
  readonly to: number;
  /** Length of a bucket (milliseconds); the window is a multiple of it. */
  readonly bucketMs: number;
}

/** What succeeded in one currency (minor units). Currencies are never added up. */
export interface CurrencySum {
  readonly currency: string;
  readonly volume: number;
  /** Given back of it, by now. */
  readonly refunded: number;
  /** The platform's fee, after what refunds gave back of it. */
  readonly fee: number;
}

/** How long a channel took to take orders (milliseconds). */
export interface ChannelSpeed {
  readonly channel: string;
  readonly orders: number;
  readonly average_ms: number;
  /** 95 of 100 orders took no longer; rounded up to the next of {@link SPEED_STEPS_MS}. */
  readonly p95_ms: number;
}

export interface OverviewNumbers {
  readonly created: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly expired: number;
  readonly cancelled: number;
  /** Succeeded of those that ended, 0 to 1 with four digits; null: none has ended. */
  readonly success_rate: number | null;
  readonly amounts: CurrencySum[];
  readonly channels: ChannelSpeed[];
}

export interface Overview {
  readonly totals: OverviewNumbers;
  /** Every bucket of the window, oldest first, also those in which nothing happened. */
  readonly buckets: readonly (OverviewNumbers & { readonly start: number })[];
}

/** Times are counted by these steps (milliseconds), so that a percentile needs no list of them all. */
export const SPEED_STEPS_MS = [
  25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 6_000,
  8_000,
] as const;

/** Payments of one bucket, currency, channel and step of speed. */
export interface Cell {
  readonly bucket: number;
  readonly currency: string;
  readonly channel: string | null;
  /** Index of {@link SPEED_STEPS_MS}, or one more; null: no channel was asked. */
  readonly step: number | null;
  readonly created: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly expired: number;
  readonly cancelled: number;
  readonly volume: number;
  readonly refunded: number;
  readonly fee: number;
  readonly total_ms: number;
  readonly max_ms: number;
}

const stepOf = sql.raw(
  `CASE WHEN call_ms IS NULL THEN NULL ${SPEED_STEPS_MS.map(
    (limit, at) => `WHEN call_ms <= ${limit} THEN ${at}`,
  ).join(" ")} ELSE ${SPEED_STEPS_MS.length} END`,
);

const countOf = (status: string) => sql<number>`sum(${paymentIntents.status} = ${status})`;
const sumOf = (column: "value" | "refunded" | "fee") =>
  sql<number>`sum(iif(${paymentIntents.status} = 'succeeded', ${paymentIntents[column]}, 0))`;

export const readCells = (
  db: Database,
  merchantId: string,
  livemode: boolean,
  { from, to, bucketMs }: OverviewWindow,
): Promise<Cell[]> => {
  const { created_at, currency, channel, call_ms } = paymentIntents;
  return db
    .select({
      // D1 binds every number as a float: the quotient is one too. The window begins with a
      // bucket, so none is negative and cutting off is rounding down.
      bucket: sql<number>`CAST((${created_at} - ${from}) / ${bucketMs} AS INTEGER)`.as("bucket"),
      currency,
      channel,
      step: sql<number | null>`${stepOf}`.as("step"),
      created: sql<number>`count(*)`,
      succeeded: countOf("succeeded"),
      failed: countOf("failed"),
      expired: countOf("expired"),
      cancelled: countOf("cancelled"),
      // Below 2^53: a million payments of the channels' highest amounts are a tenth of it.
      volume: sumOf("value"),
      refunded: sumOf("refunded"),
      fee: sumOf("fee"),
      total_ms: sql<number>`ifnull(sum(${call_ms}), 0)`,
      max_ms: sql<number>`ifnull(max(${call_ms}), 0)`,
    })
    .from(paymentIntents)
    .where(
      and(
        eq(paymentIntents.merchant_id, merchantId),
        eq(paymentIntents.livemode, livemode),
        gte(created_at, from),
        lt(created_at, to),
      ),
    )
    .groupBy(sql`bucket`, currency, channel, sql`step`);
};

const total = (cells: readonly Cell[], figure: (cell: Cell) => number): number =>
  cells.reduce((sum, cell) => sum + figure(cell), 0);

/** The cells by a text that each of them has, in the order of that text. */
function groups(cells: readonly Cell[], key: (cell: Cell) => string): [string, Cell[]][] {
  const found = Object.entries(Object.groupBy(cells, key)).map(
    ([name, list = []]): [string, Cell[]] => [name, list],
  );
  return found.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function speedOf(channel: string, cells: readonly Cell[]): ChannelSpeed {
  const orders = total(cells, ({ created }) => created);
  const steps = cells.toSorted((a, b) => (a.step ?? 0) - (b.step ?? 0));
  let seen = 0;
  const reached = steps.find(({ created }) => {
    seen += created;
    return seen * 100 >= orders * 95;
  });
  const slowest = steps
    .filter(({ step }) => step === reached?.step)
    .reduce((most, { max_ms }) => Math.max(most, max_ms), 0);
  const limit = SPEED_STEPS_MS[reached?.step ?? 0] ?? slowest;
  return {
    channel,
    orders,
    average_ms: Math.round(total(cells, ({ total_ms }) => total_ms) / orders),
    // Nobody took longer than the slowest.
    p95_ms: Math.min(limit, slowest),
  };
}

export function numbersOf(cells: readonly Cell[]): OverviewNumbers {
  const created = total(cells, (cell) => cell.created);
  const succeeded = total(cells, (cell) => cell.succeeded);
  const failed = total(cells, (cell) => cell.failed);
  const expired = total(cells, (cell) => cell.expired);
  const cancelled = total(cells, (cell) => cell.cancelled);
  const ended = succeeded + failed + expired + cancelled;
  const paid = cells.filter((cell) => cell.succeeded > 0);
  const asked = cells.filter(({ step, channel }) => step !== null && channel !== null);
  return {
    created,
    succeeded,
    failed,
    expired,
    cancelled,
    success_rate: ended === 0 ? null : Math.round((succeeded * 10_000) / ended) / 10_000,
    amounts: groups(paid, ({ currency }) => currency).map(([currency, own]) => ({
      currency,
      volume: total(own, ({ volume }) => volume),
      refunded: total(own, ({ refunded }) => refunded),
      fee: total(own, ({ fee }) => fee),
    })),
    channels: groups(asked, ({ channel }) => channel ?? "").map(([channel, own]) =>
      speedOf(channel, own),
    ),
  };
}

export async function readOverview(
  db: Database,
  merchantId: string,
  livemode: boolean,
  window: OverviewWindow,
): Promise<Overview> {
  const cells = await readCells(db, merchantId, livemode, window);
  const { from, to, bucketMs } = window;
  const byBucket = Map.groupBy(cells, ({ bucket }) => bucket);
  return {
    totals: numbersOf(cells),
    buckets: Array.from({ length: (to - from) / bucketMs }, (_, at) => ({
      start: from + at * bucketMs,
      ...numbersOf(byBucket.get(at) ?? []),
    })),
  };
}
