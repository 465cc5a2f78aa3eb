import * as fc from "fast-check";
import { describe, it } from "vitest";

import {
  DEFAULT_BASIS_POINTS,
  feeKind,
  feeOf,
  type FeePlan,
  type FeeRate,
  feeReturned,
  planFor,
  rateFor,
  sourceOf,
} from "../../src/settlement/pricing.ts";

const rate = (basis_points: number, fixed = 0): FeeRate => ({
  kind: "domestic",
  basis_points,
  fixed,
});
const cny = (value: number) => ({ currency: "CNY", value });

const plan = (changes: Partial<FeePlan>): FeePlan => ({
  merchant_id: "",
  channel: "",
  kind: "domestic",
  basis_points: 0,
  fixed: {},
  ...changes,
});

const SAFE = Number.MAX_SAFE_INTEGER;
const value = fc.oneof(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: SAFE }));
const basisPoints = fc.integer({ min: 0, max: 10_000 });

/** Half up, the way it is taught: the remainder against half of the divisor. */
function halfUp(dividend: bigint, divisor: bigint): bigint {
  const [whole, rest] = [dividend / divisor, dividend % divisor];
  return rest * 2n >= divisor ? whole + 1n : whole;
}

describe("the fee of a payment", () => {
  it.for([
    // 50 basis points: half a minor unit for every 100.
    { value: 1, bp: 50, fee: 0 },
    { value: 99, bp: 50, fee: 0 },
    { value: 100, bp: 50, fee: 1 }, // 0.5
    { value: 101, bp: 50, fee: 1 },
    { value: 299, bp: 50, fee: 1 }, // 1.495
    { value: 300, bp: 50, fee: 2 }, // 1.5
    { value: 500, bp: 50, fee: 3 }, // 2.5: up, not to the even neighbour
    { value: 699, bp: 50, fee: 3 }, // 3.495
    { value: 990, bp: 50, fee: 5 }, // 4.95
    { value: 62, bp: 80, fee: 0 }, // 0.496
    { value: 63, bp: 80, fee: 1 }, // 0.504
    { value: 4_999, bp: 1, fee: 0 },
    { value: 5_000, bp: 1, fee: 1 }, // 0.5
    { value: 14_999, bp: 1, fee: 1 },
    { value: 15_000, bp: 1, fee: 2 }, // 1.5
    { value: 1, bp: 4_999, fee: 0 },
    { value: 1, bp: 5_000, fee: 1 }, // 0.5
    { value: 7, bp: 10_000, fee: 7 },
    { value: 7, bp: 0, fee: 0 },
  ])("of $value at $bp basis points is $fee", ({ value: amount, bp, fee }, { expect }) => {
    expect(feeOf(rate(bp), cny(amount))).toBe(fee);
  });

  it("is exact where the product passes 2^53", ({ expect }) => {
    // 0.5 % of 9,007,199,254,740,991 is 45,035,996,273,704.955; as floats it would come near.
    expect(feeOf(rate(50), cny(SAFE))).toBe(45_035_996_273_705);
    expect(feeOf(rate(10_000), cny(SAFE))).toBe(SAFE);
    expect(feeOf(rate(9_999), cny(SAFE))).toBe(9_006_298_534_815_517);
    // A hair below and on the half: 1 basis point of …5,000.
    expect(feeOf(rate(1), cny(9_007_199_254_734_999))).toBe(900_719_925_473);
    expect(feeOf(rate(1), cny(9_007_199_254_735_000))).toBe(900_719_925_474);
  });

  it("is the fixed part on top, and never more than the payment", ({ expect }) => {
    expect(feeOf(rate(50, 10), cny(1_000))).toBe(15);
    expect(feeOf(rate(0, 30), cny(1_000))).toBe(30);
    expect(feeOf(rate(50, 30), cny(29))).toBe(29);
    expect(feeOf(rate(10_000, SAFE), cny(SAFE))).toBe(SAFE);
    expect(feeOf(rate(0, SAFE), cny(1))).toBe(1);
  });

  it("is half up, whole, within the payment, and grows with it", ({ expect }) => {
    fc.assert(
      fc.property(
        value,
        value,
        basisPoints,
        fc.integer({ min: 0, max: 1_000_000 }),
        (a, b, bp, fixed) => {
          const [low, high] = a <= b ? [a, b] : [b, a];
          const [small, great] = [
            feeOf(rate(bp, fixed), cny(low)),
            feeOf(rate(bp, fixed), cny(high)),
          ];
          const share = halfUp(BigInt(low) * BigInt(bp), 10_000n) + BigInt(fixed);
          expect(BigInt(small)).toBe(share < BigInt(low) ? share : BigInt(low));
          expect(Number.isSafeInteger(small)).toBe(true);
          expect(small).toBeGreaterThanOrEqual(0);
          expect(great).toBeGreaterThanOrEqual(small);
          expect(great).toBeLessThanOrEqual(high);
        },
      ),
    );
  });
});

describe("what refunds give back of a fee", () => {
  it("is in proportion, and the last part takes what is left", ({ expect }) => {
    // A fee of 10 on 300, given back in three: 3.33, 6.67, 10 in all.
    expect([100, 200, 300].map((sum) => feeReturned(10, cny(300), sum))).toEqual([3, 7, 10]);
    expect(feeReturned(3, cny(699), 0)).toBe(0);
    expect(feeReturned(0, cny(699), 300)).toBe(0);
    expect(feeReturned(1, cny(2), 1)).toBe(1); // 0.5
    expect(feeReturned(SAFE - 1, cny(SAFE), SAFE - 2)).toBe(SAFE - 3);
  });

  it("is never more than the fee or less than before; the parts sum to the whole", ({ expect }) => {
    const history = value.chain((paid) =>
      fc.record({
        paid: fc.constant(paid),
        fee: fc.oneof(fc.integer({ min: 0, max: paid }), fc.constant(paid), fc.constant(0)),
        /** Where the payment is cut into refunds, in any order. */
        cuts: fc.array(fc.integer({ min: 0, max: paid }), { maxLength: 40 }),
      }),
    );
    fc.assert(
      fc.property(history, ({ paid, fee, cuts }) => {
        const sums = [...cuts.toSorted((a, b) => a - b), paid];
        let [returned, parts] = [0, 0];
        for (const sum of sums) {
          const soFar = feeReturned(fee, cny(paid), sum);
          const part = soFar - returned;
          expect(part).toBeGreaterThanOrEqual(0);
          expect(soFar).toBeLessThanOrEqual(fee);
          expect(BigInt(soFar)).toBe(halfUp(BigInt(fee) * BigInt(sum), BigInt(paid)));
          [returned, parts] = [soFar, parts + part];
        }
        expect(parts).toBe(fee);
      }),
    );
  });

  it("leaves no more than the fee of what is kept, give or take a half", ({ expect }) => {
    fc.assert(
      fc.property(
        value,
        basisPoints,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (paid, bp, part) => {
          const refunded = Math.floor(paid * part);
          const fee = feeOf(rate(bp), cny(paid));
          const kept = fee - feeReturned(fee, cny(paid), refunded);
          const direct = feeOf(rate(bp), cny(paid - refunded));
          expect(Math.abs(kept - direct)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});

describe("the kind of a payment", () => {
  it.for([
    ["CNY", null, "domestic"],
    ["CNY", "CNY", "domestic"],
    ["CNY", "USD", "cross_border"],
    ["THB", "CNY", "cross_border"],
    ["USDC", null, "crypto"],
    ["USDT", "USD", "crypto"],
  ] as const)("%s settled in %s is %s", ([currency, settlement, kind], { expect }) => {
    expect(feeKind(currency, settlement)).toBe(kind);
  });
});

describe("the row that counts", () => {
  const rows = [
    plan({ basis_points: 60, fixed: { CNY: 5 } }),
    plan({ channel: "wechat", basis_points: 55 }),
    plan({ merchant_id: "m_1", basis_points: 40, fixed: { CNY: 1, JPY: 9 } }),
    plan({ merchant_id: "m_1", channel: "wechat", basis_points: 0 }),
  ];
  const without = (...left: FeePlan[]) => rows.filter((row) => !left.includes(row));
  const wechat = { channel: "wechat", kind: "domestic" } as const;

  it("is the most specific, and says where it comes from", ({ expect }) => {
    const chain: [FeePlan[], number, string][] = [
      [rows, 0, "merchant_channel"],
      [without(...rows.slice(3)), 40, "merchant"],
      [rows.slice(0, 2), 55, "channel"],
      [rows.slice(0, 1), 60, "everybody"],
      [[], DEFAULT_BASIS_POINTS.domestic, "default"],
    ];
    for (const [plans, points, source] of chain) {
      for (const order of [plans, plans.toReversed()]) {
        const found = planFor(order, wechat);
        expect(sourceOf(found)).toBe(source);
        expect(rateFor(order, { ...wechat, currency: "CNY" }).basis_points).toBe(points);
      }
    }
  });

  it("is one of the payment's own kind and channel", ({ expect }) => {
    const cross = { channel: "wechat", kind: "cross_border" } as const;
    expect(rateFor(rows, { ...cross, currency: "CNY" })).toEqual({
      kind: "cross_border",
      basis_points: 80,
      fixed: 0,
    });
    expect(sourceOf(planFor(rows, { channel: "alipay", kind: "domestic" }))).toBe("merchant");
    expect(rateFor([], { channel: "x", currency: "USDC", kind: "crypto" }).basis_points).toBe(30);
  });

  it("takes its fixed part in the payment's currency, and none from a row behind it", ({
    expect,
  }) => {
    const alipay = { channel: "alipay", kind: "domestic" } as const;
    expect(rateFor(rows, { ...alipay, currency: "JPY" }).fixed).toBe(9);
    expect(rateFor(rows, { ...alipay, currency: "THB" }).fixed).toBe(0);
    expect(rateFor(rows, { ...wechat, currency: "CNY" }).fixed).toBe(0);
  });

  it("may say nothing: zero is a price too", ({ expect }) => {
    const free = [plan({ basis_points: 0 })];
    expect(feeOf(rateFor(free, { ...wechat, currency: "CNY" }), cny(SAFE))).toBe(0);
  });
});
