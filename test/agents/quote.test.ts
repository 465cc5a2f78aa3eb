import * as fc from "fast-check";
import { describe, it } from "vitest";

import { ServiceManifest } from "../../src/agents/manifest.ts";
import { quote } from "../../src/agents/quote.ts";
import { manifestOf, money, priced } from "./kit.ts";

type Request = Parameters<typeof quote>[1];

const ask = (manifest: unknown, request: Partial<Request> = {}) => {
  const result = quote(ServiceManifest.parse(manifest), {
    serviceId: "svc_1",
    amount: null,
    priceId: null,
    ...request,
  });
  return result.ok ? result.value : result.error;
};

const FIXED = { id: "page", amount: money(699) };
const RANGE = { id: "tip", min: money(100), max: money(50_000) };
const OPEN = { id: "open", max: money(500) };

describe("a fixed price", () => {
  it("is what is asked for, named or not", ({ expect }) => {
    const quoted = { amount: money(699), priceId: "page", channels: ["alipay", "wechat"] };
    expect(ask(priced(FIXED))).toEqual(quoted);
    expect(ask(priced(FIXED), { amount: money(699) })).toEqual(quoted);
    expect(ask(priced(FIXED, RANGE), { priceId: "page" })).toEqual(quoted);
  });

  it("refuses more, less and another currency", ({ expect }) => {
    expect(ask(priced(FIXED), { amount: money(700) })).toEqual({
      code: "AMOUNT_EXCEEDED",
      message: "amount.value: is over CNY 6.99, the most of the price page.",
      details: {
        requested: money(700),
        max_allowed: money(699),
        service_id: "svc_1",
        price_id: "page",
      },
    });
    expect(ask(priced(FIXED), { amount: money(698) })).toMatchObject({
      code: "AMOUNT_INVALID",
      details: { requested: money(698), min_allowed: money(699) },
    });
    expect(ask(priced(FIXED), { amount: money(699, "THB") })).toMatchObject({
      code: "CURRENCY_UNSUPPORTED",
      details: { currency: "CNY" },
    });
  });
});

describe("a range", () => {
  it("takes what the payer names between its ends", ({ expect }) => {
    for (const value of [100, 101, 50_000]) {
      expect(ask(priced(RANGE), { amount: money(value) })).toMatchObject({ amount: money(value) });
    }
    expect(ask(priced(OPEN), { amount: money(1) })).toMatchObject({ amount: money(1) });
  });

  it("refuses what is outside, and nothing", ({ expect }) => {
    expect(ask(priced(RANGE), { amount: money(99) })).toMatchObject({
      code: "AMOUNT_INVALID",
      details: { min_allowed: money(100) },
    });
    expect(ask(priced(RANGE), { amount: money(50_001) })).toMatchObject({
      code: "AMOUNT_EXCEEDED",
      details: { max_allowed: money(50_000), service_id: "svc_1" },
    });
    expect(ask(priced(RANGE))).toMatchObject({
      code: "INVALID_REQUEST",
      details: { issues: [{ path: "amount" }] },
    });
  });
});

describe("several prices", () => {
  it("need a name, unless the amount fits one of them only", ({ expect }) => {
    const two = priced(FIXED, { id: "book", amount: money(9_900) });
    expect(ask(two)).toMatchObject({
      code: "INVALID_REQUEST",
      message: "price_id: is required here: one of page, book.",
    });
    expect(ask(two, { amount: money(9_900) })).toMatchObject({ priceId: "book" });
    expect(ask(two, { amount: money(700) })).toMatchObject({ code: "INVALID_REQUEST" });
    // CNY 6.99 is the fixed price and also within the range.
    expect(ask(priced(FIXED, RANGE), { amount: money(699) })).toMatchObject({
      code: "INVALID_REQUEST",
    });
    expect(ask(priced(FIXED, RANGE), { amount: money(700) })).toMatchObject({ priceId: "tip" });
  });

  it("refuse a name that none has", ({ expect }) => {
    expect(ask(priced(FIXED, RANGE), { priceId: "constructor" })).toMatchObject({
      code: "INVALID_REQUEST",
      message: "price_id: must be one of page, tip.",
    });
  });
});

describe("the channels of a quote", () => {
  it("take its currency and amount, in the manifest's order", ({ expect }) => {
    const manifest = {
      ...priced(
        { id: "cn", amount: money(699) },
        { id: "th", amount: money(3_500, "THB") },
        { id: "car", amount: money(200_000_000) },
      ),
      accepted_channels: ["promptpay", "wechat", "antom", "alipay"],
    };
    const channels = (priceId: string) => ask(manifest, { priceId });
    expect(channels("cn")).toMatchObject({ channels: ["wechat", "antom", "alipay"] });
    expect(channels("th")).toMatchObject({ channels: ["promptpay", "antom"] });
    // Over WeChat Pay's limit.
    expect(channels("car")).toMatchObject({ channels: ["antom", "alipay"] });
  });

  it("leave out one that the deployment no longer has", ({ expect }) => {
    const manifest = ServiceManifest.parse(priced(FIXED));
    const kept = { ...manifest, accepted_channels: ["gone", "wechat"] };
    const request = { serviceId: "svc_1", amount: null, priceId: null };
    expect(quote(kept, request)).toMatchObject({ ok: true, value: { channels: ["wechat"] } });
    const none = { ...manifest, accepted_channels: ["gone"] };
    expect(quote(none, request)).toMatchObject({ ok: false, error: { code: "AMOUNT_INVALID" } });
  });
});

describe("a service without one-time prices", () => {
  it("cannot be paid", ({ expect }) => {
    const announced = manifestOf({
      payment_methods: { one_time: false, cumulative: true },
      pricing: { cumulative: { unit: "token", amount: money(5) } },
    });
    expect(ask(announced, { amount: money(5) })).toMatchObject({
      code: "INVALID_REQUEST",
      details: { issues: [{ path: "service_id" }] },
    });
  });
});

describe("whatever is asked", () => {
  it("a quote is within its price, or it is refused", ({ expect }) => {
    const value = fc.integer({ min: 1, max: 1_000 });
    fc.assert(
      fc.property(value, value, fc.integer({ min: -5, max: 2_000 }), (a, b, asked) => {
        const [min, max] = [Math.min(a, b), Math.max(a, b)];
        const answer = ask(priced({ id: "r", min: money(min), max: money(max) }), {
          amount: money(asked),
        });
        const inside = min <= asked && asked <= max;
        expect("priceId" in answer).toBe(inside);
        if (!inside) {
          expect(answer).toMatchObject({
            code: asked > max ? "AMOUNT_EXCEEDED" : "AMOUNT_INVALID",
          });
        }
      }),
    );
  });
});
