/** Lists and searches of payments against the plainest reading of what they should answer. */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import { randomId } from "../../src/ids.ts";
import { newestFirst, type PageRequest } from "../../src/store/page.ts";
import { listPayments, type PaymentFilter } from "../../src/store/payment-intents.ts";
import { db, paymentOf, plant } from "./payments.ts";

/** Every page of a list, one after the other, as the route reads them. */
async function pagesOf(
  merchantId: string,
  filter: PaymentFilter,
  size: number,
): Promise<string[][]> {
  const pages: string[][] = [];
  let before: PageRequest["before"] = null;
  do {
    const rows = await listPayments(db, merchantId, true, filter, { limit: size + 1, before });
    const shown = rows.slice(0, size);
    pages.push(shown.map(({ id }) => id));
    const last = shown.at(-1);
    before =
      rows.length > size && last !== undefined ? { createdAt: last.created_at, id: last.id } : null;
  } while (before !== null);
  return pages;
}

const idsFound = async (merchantId: string, q: string, rest: PaymentFilter = {}) =>
  (await pagesOf(merchantId, { ...rest, q }, 100)).flat();

describe("a list of payments", () => {
  const STATUSES = ["qr_generated", "succeeded", "failed", "expired"];
  const CHANNELS = ["wechat", "alipay", null];

  it("has what passes every filter, once, newest first, page by page", async ({ expect }) => {
    const merchantId = randomId("merchant");
    const rows = Array.from({ length: 70 }, (_, at) =>
      paymentOf(merchantId, {
        status: STATUSES[at % 4] ?? "",
        channel: CHANNELS[at % 3] ?? null,
        // Many at the same millisecond: the id decides.
        created_at: 1_000 + Math.floor(at / 7),
        merchant_order_id: at % 5 === 0 ? `A-${at % 10}` : null,
      }),
    );
    const strangers = [
      paymentOf(merchantId, { livemode: false, created_at: 1_003 }),
      paymentOf(randomId("merchant"), { created_at: 1_003 }),
    ];
    await plant([...rows, ...strangers]);
    const time = fc.option(fc.integer({ min: 999, max: 1_012 }), { nil: undefined });
    const filters = fc.record({
      status: fc.constantFrom(undefined, ...STATUSES),
      channel: fc.constantFrom(undefined, "wechat", "alipay", "duitnow"),
      merchantOrderId: fc.constantFrom(undefined, undefined, "A-0", "A-5", "A-7"),
      createdFrom: time,
      createdBefore: time,
    });
    await fc.assert(
      fc.asyncProperty(filters, fc.integer({ min: 1, max: 30 }), async (filter, size) => {
        const { status, channel, merchantOrderId, createdFrom, createdBefore } = filter;
        const passing = rows
          .filter((row) => status === undefined || row.status === status)
          .filter((row) => channel === undefined || row.channel === channel)
          .filter((row) => [undefined, row.merchant_order_id].includes(merchantOrderId))
          .filter((row) => row.created_at >= (createdFrom ?? 0))
          .filter((row) => row.created_at < (createdBefore ?? Infinity))
          .toSorted(newestFirst);
        const pages = await pagesOf(merchantId, filter, size);
        expect(pages.flat()).toEqual(passing.map(({ id }) => id));
        expect(pages.every((page, at) => page.length === size || at === pages.length - 1)).toBe(
          true,
        );
      }),
      { numRuns: 60 },
    );
  });

  it("goes on from a cursor that lies after the time range", async ({ expect }) => {
    const merchantId = randomId("merchant");
    await plant([1_000, 2_000, 3_000].map((created_at) => paymentOf(merchantId, { created_at })));
    const rows = await listPayments(
      db,
      merchantId,
      true,
      { createdBefore: 2_000 },
      { limit: 10, before: { createdAt: 9_000, id: "pi_x" } },
    );
    expect(rows.map(({ created_at }) => created_at)).toEqual([1_000]);
  });
});

describe("a search", () => {
  it("finds a payment by its id, its order number and the channel's number", async ({ expect }) => {
    const merchantId = randomId("merchant");
    const wanted = paymentOf(merchantId, {
      merchant_order_id: "INV-2026/0042",
      channel_transaction_id: "4200001234202611018765432109",
    });
    const others = Array.from({ length: 5 }, (_, at) =>
      paymentOf(merchantId, { merchant_order_id: `X-${at}`, channel_transaction_id: `9${at}` }),
    );
    await plant([wanted, ...others]);
    for (const q of [
      wanted.id,
      wanted.id.toUpperCase(),
      wanted.id.slice(0, 20),
      wanted.id.slice(0, 14),
      "INV-2026/0042",
      "INV-2026",
      "I",
      "4200001234202611018765432109",
    ]) {
      expect([q, await idsFound(merchantId, q)]).toEqual([q, [wanted.id]]);
    }
    for (const q of [
      "NV-2026", // the middle of one
      "inv-2026", // order numbers are as they were sent
      "420000123420261101876543210", // channels' numbers are looked for whole
      wanted.id.slice(3), // without its prefix it is an order number
      `${wanted.id}0`,
      "pi_",
      "Y",
    ]) {
      expect([q, await idsFound(merchantId, q)]).toEqual([q, []]);
    }
  });

  it("takes an id from six characters", async ({ expect }) => {
    const merchantId = randomId("merchant");
    const payment = paymentOf(merchantId);
    await plant([payment]);
    expect(await idsFound(merchantId, payment.id.slice(0, 6))).toEqual([payment.id]);
    expect(await idsFound(merchantId, payment.id.slice(0, 5))).toEqual([]);
  });

  it("never finds another merchant's payment, nor one of the other mode", async ({ expect }) => {
    const [mine, other] = [randomId("merchant"), randomId("merchant")];
    const numbers = { merchant_order_id: "S-1", channel_transaction_id: "T-1" };
    const own = paymentOf(mine, numbers);
    const strangers = [
      paymentOf(other, numbers),
      paymentOf(mine, { ...numbers, merchant_order_id: "S-2", livemode: false }),
    ];
    await plant([own, ...strangers]);
    for (const q of ["S-1", "S-", "T-1", ...[own, ...strangers].map(({ id }) => id)]) {
      expect((await idsFound(mine, q)).filter((id) => id !== own.id)).toEqual([]);
    }
    expect(await idsFound(mine, "S-")).toEqual([own.id]);
  });

  it("shows a payment once that is found in two places, newest first over all", async ({
    expect,
  }) => {
    const merchantId = randomId("merchant");
    const rows = [
      paymentOf(merchantId, {
        merchant_order_id: "N-77",
        channel_transaction_id: "N-77",
        created_at: 2_000,
      }),
      paymentOf(merchantId, { channel_transaction_id: "N-77", created_at: 3_000 }),
      paymentOf(merchantId, { merchant_order_id: "N-778", created_at: 1_000 }),
      paymentOf(merchantId, { merchant_order_id: "N-779", created_at: 4_000 }),
    ];
    await plant(rows);
    const expected = rows.toSorted(newestFirst).map(({ id }) => id);
    for (const size of [1, 2, 3, 4, 9]) {
      expect((await pagesOf(merchantId, { q: "N-77" }, size)).flat()).toEqual(expected);
    }
  });

  it("is the plain reading of it for any order numbers, filters and pages", async ({ expect }) => {
    const merchantId = randomId("merchant");
    const text = (max: number) =>
      fc.string({
        unit: fc.constantFrom("a", "A", "%", "_", "*", "~", "'", "\\", "0"),
        minLength: 1,
        maxLength: max,
      });
    const numbers = fc.sample(text(5), { seed: 11, numRuns: 60 });
    const rows = numbers.map((number, at) =>
      paymentOf(merchantId, {
        merchant_order_id: at % 3 === 0 ? null : number,
        channel_transaction_id: at % 4 === 0 ? number : null,
        status: at % 2 === 0 ? "failed" : "succeeded",
        created_at: 1_000 + Math.floor(at / 4),
      }),
    );
    await plant(rows);
    await fc.assert(
      fc.asyncProperty(
        text(3),
        fc.constantFrom(undefined, "failed"),
        fc.option(fc.integer({ min: 999, max: 1_016 }), { nil: undefined }),
        fc.integer({ min: 1, max: 9 }),
        async (q, status, createdBefore, size) => {
          const expected = rows
            .filter(
              (row) => row.merchant_order_id?.startsWith(q) || row.channel_transaction_id === q,
            )
            .filter((row) => status === undefined || row.status === status)
            .filter((row) => row.created_at < (createdBefore ?? Infinity))
            .toSorted(newestFirst)
            .map(({ id }) => id);
          const found = await pagesOf(merchantId, { q, status, createdBefore }, size);
          expect(found.flat()).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("takes what people paste, and what is meant to harm, as plain text", async ({ expect }) => {
    const merchantId = randomId("merchant");
    await plant([paymentOf(merchantId, { merchant_order_id: "SAFE" })]);
    for (const q of [
      "%",
      "_AFE",
      "' OR 1=1 --",
      'S" OR "1"="1',
      "\u{10FFFF}",
      "支付",
      "\0",
      "pi_%%%%%%",
      `pi_${"z".repeat(61)}`,
    ]) {
      expect([q, await idsFound(merchantId, q)]).toEqual([q, []]);
    }
  });
});
