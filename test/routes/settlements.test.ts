/** Settlements as merchants read them, and the payouts that pay them. */
import { env } from "cloudflare:workers";
import { describe, it } from "vitest";

import { randomId } from "../../src/ids.ts";
import { addPayout, type PayoutRow } from "../../src/store/payouts.ts";
import { api, type Merchant, newMerchant, type Reply } from "../intent/kit.ts";
import { atEveryStep, db, expectSettlement } from "../settlement/kit.ts";

const ARRIVED = "2026-11-03T01:12:00.000Z";
const cny = (value: number) => ({ currency: "CNY", value });

interface Shop extends Merchant {
  readonly account: string;
  readonly expects: (day: string, net: number, currency?: string) => Promise<string>;
  readonly pay: (body: object, headers?: Record<string, string>) => Promise<Reply>;
}

async function newShop(): Promise<Shop> {
  const merchant = await newMerchant();
  const account = randomId("channelAccount");
  const owner = { merchantId: merchant.id, livemode: true };
  return {
    ...merchant,
    account,
    expects: (day, net, currency) => expectSettlement(owner, account, day, net, currency),
    pay: (body, headers = {}) =>
      api("POST", "/v1/payouts", {
        key: merchant.live,
        body: { arrived_at: ARRIVED, ...body },
        headers,
      }),
  };
}

const entriesOf = async (cause: string) =>
  (
    await env.DB.prepare(
      "SELECT kind, debit, credit, value, at FROM ledger_entries WHERE cause = ? ORDER BY kind",
    )
      .bind(cause)
      .all()
  ).results;

const payoutsOf = async ({ live: key }: Shop) =>
  (await api("GET", "/v1/payouts", { key })).body.data;

const settlementsOf = async ({ live: key }: Shop, query = "") =>
  (await api("GET", `/v1/settlements?${query}`, { key })).body.data;

describe("settlements", () => {
  it("show what came in, what went, and to whom", async ({ expect }) => {
    const shop = await newShop();
    const id = await shop.expects("2026-11-01", 500);
    const { body } = await api("GET", `/v1/settlements/${id}`, { key: shop.live });
    expect(body).toEqual({
      id,
      object: "settlement",
      livemode: true,
      channel_account: shop.account,
      day: "2026-11-01",
      source: "statement",
      state: "expected",
      payments: 1,
      gross: cny(501),
      refunds: 0,
      refunded: cny(0),
      channel_fee: cny(1),
      net: cny(500),
      splits: [
        { account: shop.account, amount: cny(500), type: "merchant_settlement" },
        { account: "platform", amount: cny(0), type: "platform_fee" },
      ],
      expected_at: "2026-11-01T16:00:00.000Z",
      payout: null,
      run: null,
      created_at: "2026-11-01T18:30:00.000Z",
      updated_at: "2026-11-01T18:30:00.000Z",
    });
    for (const key of [shop.test, (await newShop()).live]) {
      const reply = await api("GET", `/v1/settlements/${id}`, { key });
      expect([reply.status, reply.body.error.code]).toEqual([404, "NOT_FOUND"]);
    }
  });

  it("are listed by account, state and days", async ({ expect }) => {
    const shop = await newShop();
    const ids: string[] = [];
    for (const day of ["2026-11-01", "2026-11-02", "2026-11-03"]) {
      ids.push(await shop.expects(day, 100));
    }
    const found = async (query: string) =>
      (await settlementsOf(shop, query)).map(({ id }: { id: string }) => ids.indexOf(id));
    expect(await found("")).toEqual([2, 1, 0]);
    expect(await found("from=2026-11-02")).toEqual([2, 1]);
    expect(await found("from=2026-11-02&to=2026-11-02")).toEqual([1]);
    expect(await found(`channel_account=${shop.account}&state=expected&limit=2`)).toEqual([2, 1]);
    expect(await found("state=paid")).toEqual([]);
    expect(await found(`channel_account=${randomId("channelAccount")}`)).toEqual([]);
    const { body } = await api("GET", "/v1/settlements?limit=2", { key: shop.live });
    expect(await found(`limit=2&cursor=${body.next_cursor}`)).toEqual([0]);
  });

  it.for(["from=2026-02-30", "to=today", "state=lost", "channel_account=x", "day=2026-11-01"])(
    "refuse the question %s",
    async (query, { expect }) => {
      const { live: key } = await newShop();
      const { status } = await api("GET", `/v1/settlements?${query}`, { key });
      expect(status).toBe(400);
    },
  );
});

describe("a payout", () => {
  it("pays its settlements and moves the money to the bank", async ({ expect }) => {
    const shop = await newShop();
    const settlements = [
      await shop.expects("2026-11-01", 500),
      await shop.expects("2026-11-02", -120),
      await shop.expects("2026-11-03", 20),
    ];
    const { status, body } = await shop.pay({
      settlements,
      amount: cny(400),
      bank_reference: "FT26305 0042",
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^po_/),
      object: "payout",
      livemode: true,
      channel_account: shop.account,
      amount: cny(400),
      settlements,
      bank_reference: "FT26305 0042",
      arrived_at: ARRIVED,
      created_at: expect.any(String),
    });
    expect(await entriesOf(body.id)).toEqual([
      {
        kind: "payout",
        debit: "bank",
        credit: `channel:${shop.account}`,
        value: 400,
        at: Date.parse(ARRIVED),
      },
    ]);
    const paid = await settlementsOf(shop, "state=paid");
    expect(paid.map(({ payout }: { payout: string }) => payout)).toEqual(
      settlements.map(() => body.id),
    );
    expect(await payoutsOf(shop)).toEqual([body]);
    const { body: read } = await api("GET", `/v1/payouts/${body.id}`, { key: shop.live });
    expect(read).toEqual(body);
    const strangers = await api("GET", `/v1/payouts/${body.id}`, { key: shop.test });
    expect(strangers.status).toBe(404);
  });

  it.for<[number, number, string]>([
    [480, -20, "adjustment_down"],
    [530, 30, "adjustment"],
  ])(
    "of %d instead of 500 says the difference, and books it when asked",
    async ([value, difference, kind], { expect }) => {
      const shop = await newShop();
      const settlements = [await shop.expects("2026-11-01", 500)];
      const refused = await shop.pay({ settlements, amount: cny(value) });
      expect(refused.status).toBe(409);
      expect(refused.body.error).toMatchObject({
        code: "INVALID_STATE",
        details: { expected: cny(500), amount: cny(value), difference: cny(difference) },
        outcome: "none",
      });
      expect(await settlementsOf(shop, "state=paid")).toEqual([]);
      expect(await payoutsOf(shop)).toEqual([]);

      const taken = { settlements, amount: cny(value), accept_difference: true };
      const { body } = await shop.pay(taken);
      const channel = `channel:${shop.account}`;
      const entries = await entriesOf(body.id);
      expect(entries).toMatchObject([
        { kind, value: Math.abs(difference) },
        { kind: "payout", value },
      ]);
      // Together the channel holds what it did before the day's net was paid out.
      const moved = entries.map(
        (row) => Number(row["value"]) * (row["debit"] === channel ? 1 : -1),
      );
      expect(moved.reduce((sum, each) => sum + each, 0)).toBe(-500);
    },
  );

  it("is one, however often it is sent with its key", async ({ expect }) => {
    const shop = await newShop();
    const body = { settlements: [await shop.expects("2026-11-01", 500)], amount: cny(500) };
    const key = { "Idempotency-Key": "bank statement 7" };
    const replies = await Promise.all([1, 2, 3, 4].map(() => shop.pay(body, key)));
    expect(new Set(replies.map((reply) => reply.body.id)).size).toBe(1);
    expect(await payoutsOf(shop)).toHaveLength(1);
  });

  it("wins alone where several want the same settlement", async ({ expect }) => {
    const shop = await newShop();
    const [first, second, third] = [
      await shop.expects("2026-11-01", 500),
      await shop.expects("2026-11-02", 300),
      await shop.expects("2026-11-03", 200),
    ];
    const replies = await Promise.all([
      shop.pay({ settlements: [first, second], amount: cny(800) }),
      shop.pay({ settlements: [second, third], amount: cny(500) }),
      shop.pay({ settlements: [second], amount: cny(300) }),
    ]);
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409]);
    const winner = replies.find(({ status }) => status === 201);
    const paid = await settlementsOf(shop, "state=paid");
    expect(paid.map(({ id }: { id: string }) => id).toSorted()).toEqual(
      winner?.body.settlements.toSorted(),
    );
    const again = await shop.pay({ settlements: [second], amount: cny(300) });
    expect(again.body.error).toMatchObject({
      code: "INVALID_STATE",
      details: { settlement: second, payout: winner?.body.id },
    });
  });

  it("is refused for what is not one account's, currency's or merchant's", async ({ expect }) => {
    const [shop, other] = [await newShop(), await newShop()];
    const mine = await shop.expects("2026-11-01", 500);
    const dollars = await shop.expects("2026-11-01", 500, "USD");
    const owner = { merchantId: shop.id, livemode: true };
    const elsewhere = await expectSettlement(owner, "ca_other", "2026-11-01", 500);
    const theirs = await other.expects("2026-11-01", 500);
    const refused = async (settlements: string[], value = 1_000) => {
      const { status, body } = await shop.pay({ settlements, amount: cny(value) });
      return [status, body.error.code];
    };
    expect(await refused([mine, theirs])).toEqual([404, "NOT_FOUND"]);
    expect(await refused([randomId("settlement")])).toEqual([404, "NOT_FOUND"]);
    expect(await refused([mine, elsewhere])).toEqual([400, "INVALID_REQUEST"]);
    expect(await refused([mine, dollars])).toEqual([400, "INVALID_REQUEST"]);
    expect(await refused([mine, mine])).toEqual([400, "INVALID_REQUEST"]);
    expect(await refused([])).toEqual([400, "INVALID_REQUEST"]);
    expect(await refused([mine], 0)).toEqual([400, "AMOUNT_INVALID"]);
    expect(await refused([mine], 4.5)).toEqual([400, "AMOUNT_INVALID"]);
    const late = { settlements: [mine], amount: cny(500), arrived_at: "2199-01-01T00:00:00Z" };
    expect((await shop.pay(late)).body.error.details.issues).toMatchObject([
      { path: "arrived_at" },
    ]);
    expect(await payoutsOf(shop)).toEqual([]);
    expect(await payoutsOf(other)).toEqual([]);
  });

  it("needs the right to change accounts", async ({ expect }) => {
    const shop = await newShop();
    const { body: key } = await api("POST", "/v1/api-keys", {
      key: shop.live,
      body: { scopes: ["reports:read"] },
    });
    const { status, body } = await api("POST", "/v1/payouts", {
      key: key.key,
      body: { settlements: [], amount: cny(1), arrived_at: ARRIVED },
    });
    expect([status, body.error.code]).toEqual([403, "SCOPE_MISSING"]);
  });

  it("is whole or not there after a crash, and a repeat finds it", async ({ expect }) => {
    const steps = await atEveryStep(async (dying) => {
      const shop = await newShop();
      const settlementIds = [await shop.expects("2026-11-01", 500)];
      const row: PayoutRow = {
        id: randomId("payout"),
        merchant_id: shop.id,
        livemode: true,
        channel_account: shop.account,
        currency: "CNY",
        value: 500,
        bank_reference: null,
        arrived_at: Date.parse(ARRIVED),
        created_at: Date.parse(ARRIVED),
      };
      const paid = { settlementIds, expected: 500 };
      let crash: unknown = null;
      try {
        await addPayout(dying, row, paid, []);
      } catch (error) {
        crash = error;
      }
      const isThere = (await payoutsOf(shop)).length === 1;
      expect(await settlementsOf(shop, "state=paid")).toHaveLength(isThere ? 1 : 0);
      expect(await addPayout(db, row, paid, [])).toBe(true);
      expect(await settlementsOf(shop, "state=paid")).toHaveLength(1);
      if (crash !== null) throw crash;
    });
    expect(steps).toBe(2);
  });

  it("is not written for settlements that changed since they were read", async ({ expect }) => {
    const shop = await newShop();
    const settlementIds = [await shop.expects("2026-11-01", 500)];
    const row: PayoutRow = {
      id: randomId("payout"),
      merchant_id: shop.id,
      livemode: true,
      channel_account: shop.account,
      currency: "CNY",
      value: 499,
      bank_reference: null,
      arrived_at: 1,
      created_at: 1,
    };
    expect(await addPayout(db, row, { settlementIds, expected: 499 }, [])).toBe(false);
    expect(await payoutsOf(shop)).toEqual([]);
    expect(await settlementsOf(shop, "state=expected")).toHaveLength(1);
  });
});
