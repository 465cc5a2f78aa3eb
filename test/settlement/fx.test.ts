/** Amounts in other currencies: exact, rounded once, half up. */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import { CURRENCIES, CURRENCY_DECIMALS } from "../../src/money.ts";
import {
  ageSeconds,
  convert,
  FX_RATE_LIFETIME_MS,
  isFresh,
  isRate,
} from "../../src/settlement/fx.ts";

describe("a rate", () => {
  it.for(["1", "0.1384", "7.2254", "0.0000000001", "999999999999.9999999999", "25000"])(
    "may be %s",
    (text, { expect }) => {
      expect(isRate(text)).toBe(true);
    },
  );

  it.for([
    "",
    "0",
    "0.0",
    "0.0000000000",
    "-1",
    "+1",
    "1e3",
    "1E-3",
    ".5",
    "5.",
    "01.5",
    "1,5",
    " 1",
    "1 ",
    "1\n",
    "0x10",
    "Infinity",
    "NaN",
    "１",
    "1.12345678901",
    "1234567890123",
  ])("is not %j", (text, { expect }) => {
    expect(isRate(text)).toBe(false);
    expect(convert({ currency: "CNY", value: 100 }, "USD", text)).toBeNull();
  });
});

describe("conversion", () => {
  it.for<[string, number, string, string, number]>([
    ["CNY", 699, "USD", "0.1384", 97], // 96.7416
    ["CNY", 10_000, "USD", "0.1384", 1_384],
    ["USD", 100, "JPY", "150", 150],
    ["USD", 1, "JPY", "150", 2], // 1.5
    ["USD", 1, "JPY", "149.9", 1], // 1.499
    ["JPY", 150, "USD", "0.0066666667", 100], // 100.0000005
    ["JPY", 1, "USD", "0.005", 1], // half a cent goes up
    ["JPY", 1, "USD", "0.0049999999", 0],
    ["VND", 25_000, "USD", "0.00004", 100],
    ["USD", 100, "VND", "25000", 25_000],
    ["KRW", 5, "JPY", "0.1", 1], // 0.5
    ["CNY", 1, "HKD", "1", 1],
    // A product far above 2^53.
    ["VND", 9_000_000_000_000_000, "USD", "0.0000394117", 35_470_530_000_000],
  ])("of %s %i into %s at %s is %i", ([currency, value, quote, rate, result], { expect }) => {
    expect(convert({ currency, value }, quote, rate)).toEqual({ currency: quote, value: result });
  });

  it("says nothing of currencies that it does not know, or of sums that numbers cannot hold", ({
    expect,
  }) => {
    expect(convert({ currency: "XXX", value: 1 }, "USD", "1")).toBeNull();
    expect(convert({ currency: "USD", value: 1 }, "XXX", "1")).toBeNull();
    expect(convert({ currency: "USD", value: 10 ** 15 }, "VND", "25000")).toBeNull();
  });

  it("is never more than half a minor unit away from the truth", ({ expect }) => {
    const currency = fc.constantFrom(...CURRENCIES);
    const rates = fc
      .tuple(fc.integer({ min: 0, max: 30_000 }), fc.integer({ min: 1, max: 9_999_999_999 }))
      .map(([whole, part]) => `${whole}.${String(part).padStart(10, "0")}`);
    const values = fc.integer({ min: 1, max: 1_000_000_000 });
    fc.assert(
      fc.property(currency, currency, rates, values, (from, to, rate, value) => {
        const result = convert({ currency: from, value }, to, rate)?.value;
        if (result === undefined) throw new Error("it fits");
        // Twice the distance, times everything that was divided by.
        const [a, b] = [CURRENCY_DECIMALS[from] ?? 0, CURRENCY_DECIMALS[to] ?? 0];
        const truth = BigInt(value) * BigInt(rate.replace(".", "")) * 10n ** BigInt(b);
        const unit = 10n ** BigInt(a + 10);
        const off = 2n * (BigInt(result) * unit - truth);
        expect(off > -unit && off <= unit).toBe(true);
      }),
    );
  });
});

describe("the age of a rate", () => {
  it("is whole seconds, and a day at most for a new payment", ({ expect }) => {
    expect(ageSeconds({ as_of: 1_000 }, 2_999)).toBe(1);
    expect(ageSeconds({ as_of: 2_000 }, 1_000)).toBe(0);
    const rate = { as_of: 10 };
    expect(isFresh(rate, 10)).toBe(true);
    expect(isFresh(rate, 10 + FX_RATE_LIFETIME_MS)).toBe(true);
    expect(isFresh(rate, 11 + FX_RATE_LIFETIME_MS)).toBe(false);
    expect(isFresh(rate, 9)).toBe(false);
  });
});
