/** Exchange rates: set by the operator, kept for ever, locked on payments. */
import { env } from "cloudflare:workers";
import { describe, it, vi } from "vitest";

import {
  api,
  intentStub,
  newMerchant,
  projected,
  QR,
  type Reply,
  TRACE,
  wechatPayment,
} from "../intent/kit.ts";
import { FX_RATE_LIFETIME_MS } from "../../src/settlement/fx.ts";
import { plansOf } from "../store/explain.ts";
import { listCurrentRates, listRateHistory, findRate } from "../../src/store/fx-rates.ts";

const headers = { Authorization: "Bearer admin-token-for-tests" };
const PATH = "/v1/admin/fx-rates";

const put = (body: Record<string, unknown>) =>
  api("PUT", PATH, { headers, body: { source: "test", ...body } });

const set = async (body: Record<string, unknown>): Promise<Reply> => {
  const reply = await put(body);
  if (reply.status !== 200) throw new Error(JSON.stringify(reply.body));
  return reply;
};

const history = async (base: string, quote: string, query = "") =>
  api("GET", `${PATH}?base=${base}&quote=${quote}${query}`, { headers });

const pathsOf = ({ body }: Reply): string[] =>
  body.error.details.issues.map(({ path }: { path: string }) => path);

const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

describe("PUT /v1/admin/fx-rates", () => {
  it("adds a rate; the history is kept, the newest counts", async ({ expect }) => {
    const old = await set({ base: "CNY", quote: "AUD", rate: "0.21", as_of: ago(7_200_000) });
    expect(old.body).toMatchObject({
      object: "fx_rate",
      base: "CNY",
      quote: "AUD",
      rate: "0.21",
      source: "test",
      fresh: true,
    });
    expect(old.body.age_seconds).toBeGreaterThanOrEqual(7_199);
    const fresh = await set({ base: "CNY", quote: "AUD", rate: "0.2149", as_of: ago(60_000) });
    // One that is heard of later than it was true does not take the place of a newer one.
    await set({ base: "CNY", quote: "AUD", rate: "0.2", as_of: ago(3_600_000) });
    const { body } = await history("CNY", "AUD");
    expect(body.data.map(({ rate }: { rate: string }) => rate)).toEqual(["0.2149", "0.2", "0.21"]);
    const { test } = await newMerchant();
    const current = await api("GET", "/v1/fx-rates", { key: test });
    const pairs = current.body.data.filter(({ quote }: { quote: string }) => quote === "AUD");
    expect(pairs).toEqual([{ ...fresh.body, age_seconds: expect.any(Number) }]);
  });

  it("never changes one; the same again is no change", async ({ expect }) => {
    const rate = { base: "CNY", quote: "CAD", rate: "0.19", as_of: ago(1_000) };
    const first = await set(rate);
    const same = await set(rate);
    expect(same.body.created_at).toBe(first.body.created_at);
    for (const other of [{ rate: "0.2" }, { source: "somebody else" }]) {
      const refused = await put({ ...rate, ...other });
      expect([refused.status, refused.body.error.code]).toEqual([409, "INVALID_STATE"]);
    }
    expect((await history("CNY", "CAD")).body.data).toHaveLength(1);
    const { results } = await env.DB.prepare(
      "SELECT * FROM audit_log WHERE target = 'CNY/CAD'",
    ).all();
    expect(results).toMatchObject([
      { action: "fx_rate.added", actor_type: "operator", merchant_id: null, before: null },
    ]);
    expect(JSON.parse(String(results[0]?.["after"]))).toEqual({ ...rate, source: "test" });
  });

  it.for<[string, Record<string, unknown>, string]>([
    ["no rate", { rate: undefined }, "rate"],
    ["a number", { rate: 0.1384 }, "rate"],
    ["nothing", { rate: "0" }, "rate"],
    ["less than nothing", { rate: "-1" }, "rate"],
    ["an exponent", { rate: "1e5" }, "rate"],
    ["eleven places", { rate: "0.12345678901" }, "rate"],
    ["a currency that does not exist", { base: "XXX" }, "base"],
    ["the same currency", { quote: "CNY" }, "quote"],
    ["the future", { as_of: "2099-01-01T00:00:00Z" }, "as_of"],
    ["a time without a zone", { as_of: "2026-11-01T00:00:00" }, "as_of"],
    ["no source", { source: "" }, "source"],
    ["hidden characters", { source: "a\u202Eb" }, "source"],
  ])("refuses %s", async ([, changes, path], { expect }) => {
    const reply = await put({ base: "CNY", quote: "NZD", rate: "0.23", ...changes });
    expect(reply.status).toBe(400);
    expect(pathsOf(reply)).toContain(path);
    expect((await history("CNY", "NZD")).body.data).toEqual([]);
  });

  it("pages through the history, and not with another's cursor", async ({ expect }) => {
    for (const minutes of [3, 2, 1]) {
      await set({ base: "USD", quote: "CHF", rate: `0.${minutes}`, as_of: ago(minutes * 60_000) });
    }
    const first = await history("USD", "CHF", "&limit=2");
    const rates = ({ body }: Reply) => body.data.map(({ rate }: { rate: string }) => rate);
    expect(rates(first)).toEqual(["0.1", "0.2"]);
    const cursor = `&cursor=${encodeURIComponent(first.body.next_cursor)}`;
    expect(rates(await history("USD", "CHF", cursor))).toEqual(["0.3"]);
    const other = await history("CHF", "USD", cursor);
    expect(other.body.error.code).toBe("INVALID_CURSOR");
  });

  it("is the operator's alone", async ({ expect }) => {
    const { test } = await newMerchant();
    const body = { base: "CNY", quote: "USD", rate: "9", source: "me" };
    expect((await api("PUT", PATH, { key: test, body })).status).toBe(401);
    expect((await api("GET", `${PATH}?base=CNY&quote=USD`, { key: test })).status).toBe(401);
  });

  it("asks the database for no more than it shows", async ({ expect }) => {
    const PAIR = "(base=? AND quote=?";
    const [current] = await plansOf(listCurrentRates);
    expect(current).not.toMatch(/SCAN (?!json_each\b)/);
    const [one] = await plansOf((db) => findRate(db, "CNY", "USD", 5));
    expect(one).toContain(`${PAIR} AND as_of<?)`);
    const [past] = await plansOf((db) => listRateHistory(db, "CNY", "USD", 9, 5));
    expect(past).toContain(`${PAIR} AND as_of<?)`);
    for (const plan of [one, past]) expect(plan).not.toContain("TEMP B-TREE FOR ORDER");
  });
});

describe("a payment", () => {
  const create = async (key: string, changes: Record<string, unknown> = {}) => {
    const reply = await api("POST", "/v1/payment-intents", { key, body: wechatPayment(changes) });
    if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
    return reply.body;
  };

  it("keeps the rate of its creation, whatever becomes of rates", async ({ expect }) => {
    const { test } = await newMerchant();
    const as_of = ago(120_000);
    await set({ base: "CNY", quote: "USD", rate: "0.1384", source: "ECB", as_of });
    const made = await create(test, { settlement_currency: "USD" });
    expect(made.settlement).toEqual({
      currency: "USD",
      value: 97,
      rate: "0.1384",
      source: "ECB",
      as_of,
      age_seconds: expect.any(Number),
      locked_at: made.created_at,
    });
    expect(made.settlement.age_seconds).toBeGreaterThanOrEqual(120);
    expect(made.settlement.age_seconds).toBeLessThan(180);
    await set({ base: "CNY", quote: "USD", rate: "0.2" });
    await api("POST", `/sandbox/payments/${made.id}/pay`);
    const paid = (await api("GET", `/v1/payment-intents/${made.id}`, { key: test })).body;
    expect(paid).toMatchObject({ status: "succeeded", settlement: made.settlement });
    const row = await projected(made.id, paid.sequence);
    expect(JSON.parse(String(row["snapshot"])).settlement).toEqual(made.settlement);
    // And the next one has the new rate, at once where it was set.
    expect((await create(test, { settlement_currency: "USD" })).settlement.value).toBe(140);
  });

  it("takes the merchant's own currency, and the buyer's choice changes nothing", async ({
    expect,
  }) => {
    const { id, test } = await newMerchant();
    const body = { settlement_currency: "JPY" };
    await api("PATCH", `/v1/admin/merchants/${id}`, { headers, body });
    await set({ base: "CNY", quote: "JPY", rate: "21.5" });
    const one = await create(test);
    expect(one.settlement).toMatchObject({ currency: "JPY", value: 150 });
    const several = await create(test, { channel: undefined, channels: ["wechat", "alipay"] });
    expect(several.settlement).toMatchObject({ currency: "JPY", value: 150 });
    await intentStub(several.id).choose(QR, TRACE);
    const chosen = (await api("GET", `/v1/payment-intents/${several.id}`, { key: test })).body;
    expect(chosen).toMatchObject({ channel: "wechat", settlement: several.settlement });
    // What is asked for wins.
    expect((await create(test, { settlement_currency: "CNY" })).settlement).toBeNull();
  });

  it("has none where none is needed or known, or the last is a day old", async ({ expect }) => {
    const { test } = await newMerchant();
    expect((await create(test)).settlement).toBeNull();
    expect((await create(test, { settlement_currency: "CNY" })).settlement).toBeNull();
    expect((await create(test, { settlement_currency: "GBP" })).settlement).toBeNull();
    // The other way round is another rate.
    await set({ base: "GBP", quote: "CNY", rate: "9.3" });
    expect((await create(test, { settlement_currency: "GBP" })).settlement).toBeNull();
    await set({ base: "CNY", quote: "EUR", rate: "0.12", as_of: ago(FX_RATE_LIFETIME_MS + 1_000) });
    expect((await create(test, { settlement_currency: "EUR" })).settlement).toBeNull();
    const current = await api("GET", "/v1/fx-rates", { key: test });
    const euro = current.body.data.find(({ quote }: { quote: string }) => quote === "EUR");
    expect(euro).toMatchObject({ fresh: false });
  });

  it("asks for a rate once in a while, and never where none is needed", async ({ expect }) => {
    const { test } = await newMerchant();
    await set({ base: "CNY", quote: "SGD", rate: "0.18" });
    const asked: string[] = [];
    const prepare = env.DB.prepare.bind(env.DB);
    vi.spyOn(env.DB, "prepare").mockImplementation((text) => {
      if (text.includes("fx_rates")) asked.push(text);
      return prepare(text);
    });
    await create(test);
    expect(asked).toEqual([]);
    for (const _ of [1, 2, 3]) await create(test, { settlement_currency: "SGD" });
    expect(asked).toHaveLength(1);
    // That there is none is remembered as well.
    for (const _ of [1, 2]) await create(test, { settlement_currency: "MOP" });
    expect(asked).toHaveLength(2);
  });

  it("is taken also when rates cannot be read", async ({ expect }) => {
    const { test } = await newMerchant();
    const prepare = env.DB.prepare.bind(env.DB);
    vi.spyOn(env.DB, "prepare").mockImplementation((text) => {
      if (text.includes("fx_rates")) throw new Error("D1 is away");
      return prepare(text);
    });
    const made = await create(test, { settlement_currency: "TWD" });
    expect(made).toMatchObject({ status: "qr_generated", settlement: null });
  });
});
