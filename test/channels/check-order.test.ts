/** What is refused by the matrix alone, in the same words for every channel. */
import { describe, it } from "vitest";

import type { ChannelInfo, ChargeOrder } from "../../src/channels/adapter.ts";
import { checkOrder } from "../../src/channels/check-order.ts";
import { CHANNELS } from "../../src/channels/registry.ts";
import { chargeOrder } from "./kit.ts";

const info: ChannelInfo = {
  slug: "x",
  name: "Wallet X",
  region: "CN",
  currencies: ["CNY", "JPY"],
  methods: ["qr", "wap", "jsapi"],
  requires: { wap: ["os_type", "return_url"], jsapi: ["payer.openid"] },
  options: ["profit_sharing"],
  qrStandard: "",
  qrLifetimeSeconds: 60,
  limits: { min: 10, max: 1_000 },
  refunds: null,
  confirmedBy: "channel_callback",
  feeRangeBasisPoints: [0, 0],
  status: "beta",
};

const refused = (changes: Partial<ChargeOrder>) => checkOrder(chargeOrder(changes), info);
const cny = (value: number) => ({ amount: { currency: "CNY", value } });

describe("an order", () => {
  it("that the channel can take is taken", ({ expect }) => {
    for (const order of [
      {},
      { method: "jsapi" as const, payer: { openid: "o1" } },
      { method: "jsapi" as const, payer: { sub_openid: "o1" } },
      { profitSharing: true },
      { settlementCurrency: "USD" },
      cny(10),
      cny(1_000),
    ]) {
      expect(refused(order)).toBeNull();
    }
  });

  it.for<[string, Partial<ChargeOrder>, object]>([
    [
      "another method",
      { method: "barcode" },
      {
        code: "METHOD_UNSUPPORTED",
        message: "Wallet X does not offer the method barcode; use qr or wap or jsapi.",
        details: { supported: ["qr", "wap", "jsapi"] },
      },
    ],
    [
      "another currency",
      { amount: { currency: "THB", value: 100 } },
      {
        code: "CURRENCY_UNSUPPORTED",
        message: "Wallet X does not take THB; use CNY or JPY.",
        details: { supported: ["CNY", "JPY"] },
      },
    ],
    [
      "too little",
      cny(9),
      {
        code: "AMOUNT_INVALID",
        message: "Wallet X takes at least CNY 0.10.",
        details: { min_allowed: { currency: "CNY", value: 10 } },
      },
    ],
    [
      "too much, in a currency without fractions",
      { amount: { currency: "JPY", value: 1_001 } },
      {
        code: "AMOUNT_EXCEEDED",
        message: "Wallet X takes at most JPY 1000 at a time.",
        details: { max_allowed: { currency: "JPY", value: 1_000 } },
      },
    ],
    [
      "all that is missing, at once",
      { method: "wap" },
      {
        code: "INVALID_REQUEST",
        message: "os_type and return_url: needed by Wallet X for the method wap.",
        details: {
          issues: [
            { path: "os_type", message: "needed by Wallet X for the method wap" },
            { path: "return_url", message: "needed by Wallet X for the method wap" },
          ],
        },
      },
    ],
    [
      "an option that it has not",
      { paymentMethodType: "GCASH" },
      {
        code: "INVALID_REQUEST",
        message: "payment_method_type: Wallet X has no such option; leave it out.",
      },
    ],
  ])("is refused for %s", ([, changes, failure], { expect }) => {
    expect(refused(changes)).toMatchObject(failure);
  });
});

describe("the matrix", () => {
  it.for(Object.values(CHANNELS).map(({ adapter }) => adapter))(
    "$info.slug fits itself",
    ({ info: row, modes, refunds, onboarding, authorization }, { expect }) => {
      expect(row.methods.length).toBeGreaterThan(0);
      expect(row.currencies.length).toBeGreaterThan(0);
      expect(row.limits.max).toBeGreaterThan(row.limits.min);
      expect(
        Object.keys(row.requires).filter((method) => !row.methods.includes(method as never)),
      ).toEqual([]);
      // Refunds are there exactly where the row says so.
      expect(refunds === undefined).toBe(row.refunds === null);
      for (const mode of [...(onboarding?.modes ?? []), ...(authorization?.modes ?? [])]) {
        expect(Object.keys(modes)).toContain(mode);
      }
    },
  );
});
