/** The numbers of a merchant's hours against payments whose numbers are known. */
import * as fc from "fast-check";
import { describe, type ExpectStatic, it } from "vitest";

import { randomId } from "../../src/ids.ts";
import {
  type OverviewNumbers,
  type OverviewWindow,
  readOverview,
  SPEED_STEPS_MS,
} from "../../src/store/overview.ts";
import type { PaymentRow } from "../../src/store/payment-intents.ts";
import { plansOf } from "./explain.ts";
import { db, paymentOf, plant } from "./payments.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 1, 8);
const day: OverviewWindow = { from: START, to: START + 24 * HOUR, bucketMs: HOUR };

const NOTHING: OverviewNumbers = {
  created: 0,
  succeeded: 0,
  failed: 0,
  expired: 0,
  cancelled: 0,
  success_rate: null,
  amounts: [],
  channels: [],
};

describe("an overview", () => {
  it("of nothing has every bucket, empty", async ({ expect }) => {
    const { totals, buckets } = await readOverview(db, randomId("merchant"), true, day);
    expect(totals).toEqual(NOTHING);
    expect(buckets).toEqual(
      Array.from({ length: 24 }, (_, at) => ({ start: START + at * HOUR, ...NOTHING })),
    );
  });

  it("counts each state, and money of what succeeded, currency by currency", async ({ expect }) => {
    const merchantId = randomId("merchant");
    const at = (hour: number) => ({ created_at: START + hour * HOUR + 17 });
    await plant([
      paymentOf(merchantId, { ...at(0), value: 1_000, fee: 5, call_ms: 90 }),
      paymentOf(merchantId, { ...at(0), value: 500, fee: 1, refunded: 300, call_ms: 110 }),
      paymentOf(merchantId, {
        ...at(0),
        channel: "promptpay",
        currency: "THB",
        value: 12_345,
        fee: 62,
        call_ms: 700,
      }),
      // None of this is money: it was not paid.
      paymentOf(merchantId, { ...at(0), status: "failed", value: 9_999, fee: 0, call_ms: 4_100 }),
      paymentOf(merchantId, { ...at(0), status: "qr_generated", value: 9_999, fee: 0 }),
      paymentOf(merchantId, { ...at(5), status: "expired", value: 9_999, fee: 0 }),
      paymentOf(merchantId, { ...at(5), status: "cancelled", value: 9_999, fee: 0 }),
      // The buyer has not chosen: no channel was asked.
      paymentOf(merchantId, { ...at(5), status: "qr_generated", channel: null, call_ms: null }),
      // Yen and fen are never added.
      paymentOf(merchantId, { ...at(23), channel: "alipay", currency: "JPY", value: 7, fee: 0 }),
    ]);
    const { totals, buckets } = await readOverview(db, merchantId, true, day);
    expect(buckets.filter(({ created }) => created > 0)).toEqual([
      {
        start: START,
        created: 5,
        succeeded: 3,
        failed: 1,
        expired: 0,
        cancelled: 0,
        success_rate: 0.75,
        amounts: [
          { currency: "CNY", volume: 1_500, refunded: 300, fee: 6 },
          { currency: "THB", volume: 12_345, refunded: 0, fee: 62 },
        ],
        channels: [
          { channel: "promptpay", orders: 1, average_ms: 700, p95_ms: 700 },
          { channel: "wechat", orders: 4, average_ms: 1_105, p95_ms: 4_100 },
        ],
      },
      {
        ...NOTHING,
        start: START + 5 * HOUR,
        created: 3,
        expired: 1,
        cancelled: 1,
        success_rate: 0,
        channels: [{ channel: "wechat", orders: 2, average_ms: 120, p95_ms: 120 }],
      },
      {
        ...NOTHING,
        start: START + 23 * HOUR,
        created: 1,
        succeeded: 1,
        success_rate: 1,
        amounts: [{ currency: "JPY", volume: 7, refunded: 0, fee: 0 }],
        channels: [{ channel: "alipay", orders: 1, average_ms: 120, p95_ms: 120 }],
      },
    ]);
    expect(totals).toMatchObject({
      created: 9,
      succeeded: 4,
      success_rate: 0.5714,
      amounts: [
        { currency: "CNY", volume: 1_500, refunded: 300, fee: 6 },
        { currency: "JPY", volume: 7, refunded: 0, fee: 0 },
        { currency: "THB", volume: 12_345, refunded: 0, fee: 62 },
      ],
    });
  });

  it("begins and ends on the millisecond, and knows only its merchant and mode", async ({
    expect,
  }) => {
    const merchantId = randomId("merchant");
    const own = [START, START + HOUR - 1, START + HOUR, day.to - 1];
    await plant([
      ...[START - 1, ...own, day.to].map((created_at) => paymentOf(merchantId, { created_at })),
      paymentOf(merchantId, { created_at: START, livemode: false }),
      paymentOf(randomId("merchant"), { created_at: START }),
    ]);
    const { totals, buckets } = await readOverview(db, merchantId, true, day);
    expect(totals.created).toBe(4);
    expect(buckets.map(({ created }) => created)).toEqual([
      2,
      1,
      ...Array.from({ length: 21 }, () => 0),
      1,
    ]);
  });

  it("gives the time that 95 of 100 orders do not exceed, up to a step", async ({ expect }) => {
    const merchantId = randomId("merchant");
    const orders = (count: number, call_ms: number, hour: number) =>
      Array.from({ length: count }, () =>
        paymentOf(merchantId, { call_ms, created_at: START + hour * HOUR }),
      );
    await plant([
      ...orders(95, 60, 0), // the 95th of 100 is among them: up to 75
      ...orders(5, 7_000, 0),
      ...orders(94, 60, 1), // here it is not: up to 8,000, but none took longer than 7,000
      ...orders(6, 7_000, 1),
      ...orders(1, 25, 2), // on the step
      ...orders(1, 26, 3), // over it; nobody took longer
      ...orders(19, 0, 4),
      ...orders(1, 60_000, 4), // the 19th of 20 is the 95th of 100
      ...orders(1, 60_000, 5), // over all steps
    ]);
    const { buckets } = await readOverview(db, merchantId, true, day);
    const p95 = buckets.slice(0, 6).map(({ channels }) => channels[0]?.p95_ms);
    expect(p95).toEqual([60, 7_000, 25, 26, 0, 60_000]);
    expect(buckets[0]?.channels[0]?.average_ms).toBe(407);
  });

  it("says a step where payments of the step took longer and shorter", async ({ expect }) => {
    const merchantId = randomId("merchant");
    await plant(
      [...Array.from({ length: 19 }, (_, at) => 101 + at), 2_500].map((call_ms) =>
        paymentOf(merchantId, { call_ms, created_at: START }),
      ),
    );
    const { totals } = await readOverview(db, merchantId, true, day);
    // The 19th of 20 took 119; its step ends at 150 and its slowest at 119.
    expect(totals.channels).toEqual([
      { channel: "wechat", orders: 20, average_ms: 230, p95_ms: 119 },
    ]);
  });

  it("is the plain count of any payments", async ({ expect }) => {
    const payment = fc.record({
      created_at: fc.integer({ min: START - 2 * HOUR, max: START + 26 * HOUR }),
      status: fc.constantFrom("succeeded", "failed", "expired", "cancelled", "qr_generated"),
      channel: fc.constantFrom("wechat", "alipay", null),
      currency: fc.constantFrom("CNY", "THB"),
      value: fc.integer({ min: 1, max: 100_000_000 }),
      call_ms: fc.option(fc.integer({ min: 0, max: 9_000 })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(payment, { maxLength: 40 }), async (payments) => {
        const merchantId = randomId("merchant");
        const rows = payments.map((changes) => paymentOf(merchantId, changes));
        await plant(rows);
        const { totals, buckets } = await readOverview(db, merchantId, true, day);
        const within = rows.filter((row) => row.created_at >= day.from && row.created_at < day.to);
        expect(totals).toMatchObject(countOf(within));
        for (const { start, ...numbers } of buckets) {
          const own = within.filter(
            (row) => row.created_at >= start && row.created_at < start + HOUR,
          );
          expect(numbers).toMatchObject(countOf(own));
          expectPercentiles(numbers, own, expect);
        }
        expectPercentiles(totals, within, expect);
      }),
      { numRuns: 25 },
    );
  });
});

function countOf(rows: readonly PaymentRow[]) {
  const having = (status: string) => rows.filter((row) => row.status === status);
  const paid = having("succeeded");
  const currencies = [...new Set(paid.map(({ currency }) => currency))].toSorted();
  return {
    created: rows.length,
    succeeded: paid.length,
    failed: having("failed").length,
    expired: having("expired").length,
    cancelled: having("cancelled").length,
    amounts: currencies.map((currency) => {
      const own = paid.filter((row) => row.currency === currency);
      return {
        currency,
        volume: own.reduce((sum, { value }) => sum + value, 0),
        refunded: 0,
        fee: 3 * own.length,
      };
    }),
  };
}

function expectPercentiles(
  { channels }: OverviewNumbers,
  rows: readonly PaymentRow[],
  expect: ExpectStatic,
): void {
  for (const { channel, orders, average_ms, p95_ms } of channels) {
    const times = rows
      .flatMap((row) => (row.channel === channel && row.call_ms !== null ? [row.call_ms] : []))
      .toSorted((a, b) => a - b);
    const exact = times[Math.ceil(times.length * 0.95) - 1] ?? 0;
    const step = SPEED_STEPS_MS.find((limit) => limit >= exact) ?? Infinity;
    expect(orders).toBe(times.length);
    expect(average_ms).toBe(Math.round(times.reduce((sum, ms) => sum + ms, 0) / times.length));
    expect(p95_ms).toBeGreaterThanOrEqual(exact);
    expect(p95_ms).toBeLessThanOrEqual(step);
  }
}

describe("its query", () => {
  it("reads the merchant's index between the two times, once", async ({ expect }) => {
    expect(await plansOf((spied) => readOverview(spied, "m", true, day))).toEqual([
      "SEARCH payment_intents USING INDEX payment_intents_by_merchant " +
        "(merchant_id=? AND livemode=? AND created_at>? AND created_at<?); " +
        "USE TEMP B-TREE FOR GROUP BY",
    ]);
  });
});
