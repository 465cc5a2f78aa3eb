/** The books through the API: from a payment to its balance, and what nobody may see or change. */
import { env } from "cloudflare:workers";
import { describe, it, vi } from "vitest";

import {
  api,
  intentStub,
  newMerchant,
  openShop,
  projected,
  type Reply,
  wechatPayment,
} from "../intent/kit.ts";

const headers = { Authorization: "Bearer admin-token-for-tests" };

/** For what a queue brings. */
const PATIENCE = { timeout: 10_000, interval: 20 };

interface Entry {
  readonly id: string;
  readonly kind: string;
  readonly amount: { readonly currency: string; readonly value: number };
  readonly cause: string;
  readonly at: string;
}

const entries = async (key: string, query = ""): Promise<Entry[]> => {
  const { status, body } = await api("GET", `/v1/ledger-entries${query}`, { key });
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body.data;
};

const said = (list: readonly Entry[]) => list.map(({ kind, amount }) => `${kind} ${amount.value}`);

const balances = (key: string, query = "") => api("GET", `/v1/balances${query}`, { key });

const accountsOf = ({ body }: Reply): Record<string, number> =>
  Object.fromEntries(
    (body.currencies[0]?.accounts ?? []).map(
      ({ account, balance }: { account: string; balance: number }) => [
        account.startsWith("channel:") ? "channel" : account,
        balance,
      ],
    ),
  );

/** A test payment that is paid and whose copy has arrived. */
async function sold(key: string, changes: Record<string, unknown> = {}) {
  const { body } = await api("POST", "/v1/payment-intents", { key, body: wechatPayment(changes) });
  await api("POST", `/sandbox/payments/${body.id}/pay`);
  const { body: paid } = await api("GET", `/v1/payment-intents/${body.id}`, { key });
  await projected(paid.id, paid.sequence);
  return paid;
}

async function givenBack(key: string, payment: string, value: number) {
  const amount = { currency: "CNY", value };
  const { body } = await api("POST", "/v1/refunds", {
    key,
    body: { payment_intent: payment, amount },
  });
  const { id } = body;
  // The channel says so in a callback of its own.
  return vi.waitFor(async () => {
    const { body: refund } = await api("GET", `/v1/refunds/${id}`, { key });
    if (refund.status !== "succeeded") throw new Error("not yet");
    const { body: read } = await api("GET", `/v1/payment-intents/${payment}`, { key });
    await projected(payment, read.sequence);
    return refund;
  }, PATIENCE);
}

const dearPlan = (merchant_id: string) =>
  api("PUT", "/v1/admin/fee-plans", {
    headers,
    body: { merchant_id, kind: "domestic", basis_points: 1_000 },
  });

describe("a payment's books", () => {
  it("have it as soon as the feed has it, with its fee and refunds", async ({ expect }) => {
    const { id, test, live } = await newMerchant();
    await dearPlan(id);
    const payment = await sold(test, { amount: { currency: "CNY", value: 1_000 } });
    expect(await entries(test)).toEqual([
      {
        id: expect.stringMatching(/^le_2/),
        object: "ledger_entry",
        livemode: false,
        kind: "fee",
        amount: { currency: "CNY", value: 100 },
        debit: "platform_fees",
        credit: "platform",
        cause: payment.id,
        memo: null,
        at: payment.succeeded_at,
        recorded_at: expect.any(String),
      },
      expect.objectContaining({
        kind: "gross",
        amount: { currency: "CNY", value: 1_000 },
        debit: `channel:${payment.channel_account}`,
        credit: "sales",
        at: payment.succeeded_at,
      }),
    ]);
    const refund = await givenBack(test, payment.id, 250);
    expect(refund.status).toBe("succeeded");
    const both = await entries(test, `?cause=${refund.id}`);
    expect(said(both).toSorted()).toEqual(["fee_refund 25", "refund 250"]);
    const now = await balances(test);
    expect(now.body).toMatchObject({
      object: "balances",
      livemode: false,
      currencies: [{ currency: "CNY", held_at_channels: 750, owed_to_platform: 75, at_bank: 0 }],
    });
    expect(accountsOf(now)).toEqual({
      channel: 750,
      sales: -1_000,
      refunds: 250,
      platform: -75,
      platform_fees: 75,
    });
    expect((await balances(live)).body.currencies).toEqual([]);
  });

  it("are the same at any time that is over", async ({ expect }) => {
    const { test } = await newMerchant();
    const before = new Date(Date.now() - 60_000).toISOString();
    const payment = await sold(test, { amount: { currency: "CNY", value: 1_000 } });
    expect((await balances(test, `?as_of=${before}`)).body.currencies).toEqual([]);
    const then = await balances(test, `?as_of=${payment.succeeded_at}`);
    expect(accountsOf(then)).toMatchObject({ channel: 1_000, sales: -1_000 });
  });

  it("say when the last of them was written down: maybe behind the time that they are of", async ({
    expect,
  }) => {
    const { id, test } = await newMerchant();
    expect((await balances(test)).body).toMatchObject({ recorded_at: null });
    const { succeeded_at: at } = await sold(test);
    const [written = "", ...others] = (
      await env.DB.prepare("SELECT DISTINCT recorded_at FROM ledger_entries WHERE merchant_id = ?")
        .bind(id)
        .all<{ recorded_at: number }>()
    ).results.map((row) => new Date(row.recorded_at).toISOString());
    expect(others).toEqual([]);
    const { body } = await balances(test, `?as_of=${at}`);
    expect(body).toMatchObject({ as_of: at, recorded_at: written });
    expect(written >= at).toBe(true);
  });

  it("have a refund once, however often the payment is published", async ({ expect }) => {
    const { test } = await newMerchant();
    // A channel that takes two refunds in a row.
    const amount = { currency: "CNY", value: 1_000 };
    const payment = await sold(test, { channel: "antom", amount });
    await givenBack(test, payment.id, 400);
    await givenBack(test, payment.id, 600);
    const before = await entries(test);
    expect(said(before).toSorted()).toEqual([
      "fee 5",
      "fee_refund 2",
      "fee_refund 3",
      "gross 1000",
      "refund 400",
      "refund 600",
    ]);
    // Nothing that was given back is missing: all balances but sales and refunds are zero.
    expect(accountsOf(await balances(test))).toMatchObject({
      channel: 0,
      platform: 0,
      platform_fees: 0,
    });
    expect(await intentStub(payment.id).republish()).toBe(true);
    await vi.waitFor(async () => expect(await entries(test)).toEqual(before), PATIENCE);
  });

  it("are restored when the payment is published again", async ({ expect }) => {
    const { id, test } = await newMerchant();
    const payment = await sold(test, { amount: { currency: "CNY", value: 1_000 } });
    await givenBack(test, payment.id, 400);
    const before = await entries(test);
    expect(before).toHaveLength(4);
    // As a database that was lost: only somebody who can drop the trigger can do this.
    const { results } = await env.DB.prepare(
      "SELECT sql FROM sqlite_master WHERE name = 'ledger_entries_no_delete'",
    ).all<{ sql: string }>();
    await env.DB.exec("DROP TRIGGER ledger_entries_no_delete");
    await env.DB.prepare("DELETE FROM ledger_entries WHERE merchant_id = ?").bind(id).run();
    await env.DB.prepare(results[0]?.sql ?? "").run();
    expect(await entries(test)).toEqual([]);
    expect(await intentStub(payment.id).republish()).toBe(true);
    const ids = (list: readonly Entry[]) => list.map((entry) => entry.id);
    await vi.waitFor(async () => expect(ids(await entries(test))).toEqual(ids(before)), PATIENCE);
  });

  it("have what the channel gave back by itself", async ({ expect }) => {
    const { merchant, bank } = await openShop();
    const { body: made } = await api("POST", "/v1/payment-intents", {
      key: merchant.live,
      body: wechatPayment({ amount: { currency: "CNY", value: 1_000 } }),
    });
    bank.pay(made.id);
    await bank.callback(made.id);
    const report = {
      paymentId: made.id,
      state: "reversed",
      amount: { currency: "CNY", value: 1_000 },
      channelTransactionId: null,
      paidAt: null,
      channelStatus: "REVOKED",
    } as const;
    const told = await intentStub(made.id).report(made.channel_account, report, {
      requestId: "req_1",
      traceparent: "",
    });
    expect(told).toMatchObject({ ok: true });
    const { body: payment } = await api("GET", `/v1/payment-intents/${made.id}`, {
      key: merchant.live,
    });
    expect(payment).toMatchObject({ status: "succeeded", amount_refunded: { value: 1_000 } });
    await projected(made.id, payment.sequence);
    expect(said(await entries(merchant.live)).toSorted()).toEqual([
      "fee 5",
      "fee_refund 5",
      "gross 1000",
      "refund 1000",
    ]);
    expect(accountsOf(await balances(merchant.live))).toMatchObject({ channel: 0, platform: 0 });
  });
});

describe("GET /v1/ledger-entries", () => {
  it("filters and pages, newest first", async ({ expect }) => {
    const { test } = await newMerchant();
    const [one, two] = [await sold(test), await sold(test)];
    const all = await entries(test);
    expect(all).toHaveLength(4);
    expect(all.map(({ at }) => at)).toEqual(
      all
        .map(({ at }) => at)
        .toSorted()
        .toReversed(),
    );
    expect(said(await entries(test, "?kind=gross"))).toEqual(["gross 699", "gross 699"]);
    expect(await entries(test, "?currency=USD")).toEqual([]);
    expect(new Set((await entries(test, `?cause=${one.id}`)).map(({ cause }) => cause))).toEqual(
      new Set([one.id]),
    );
    expect(await entries(test, `?cause=${two.id}&kind=refund`)).toEqual([]);
    const last = all[0]?.at ?? "";
    expect(await entries(test, `?created_lt=${all.at(-1)?.at}`)).toEqual([]);
    expect((await entries(test, `?created_gte=${last}`)).length).toBeGreaterThan(0);
    const paged: Entry[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const next: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const { body } = await api("GET", `/v1/ledger-entries?limit=1${next}`, { key: test });
      paged.push(...body.data);
      cursor = body.next_cursor;
    }
    expect(paged).toEqual(all);
  });

  it.for([
    "?kind=theft",
    "?currency=XXX",
    "?created_gte=yesterday",
    "?cause=",
    "?as_of=2026-11-01T00:00:00Z",
  ])("refuses %s", async (query, { expect }) => {
    const { test } = await newMerchant();
    const { status, body } = await api("GET", `/v1/ledger-entries${query}`, { key: test });
    expect([status, body.error.code]).toEqual([400, "INVALID_REQUEST"]);
  });

  it("shows nobody another's, nor the other mode's, and takes no foreign cursor", async ({
    expect,
  }) => {
    const [owner, other] = [await newMerchant(), await newMerchant()];
    const payment = await sold(owner.test);
    for (const key of [other.test, other.live, owner.live]) {
      expect(await entries(key)).toEqual([]);
      expect(await entries(key, `?cause=${payment.id}`)).toEqual([]);
      expect((await balances(key)).body.currencies).toEqual([]);
    }
    const { body } = await api("GET", "/v1/ledger-entries?limit=1", { key: owner.test });
    for (const key of [other.test, owner.live]) {
      const path = `/v1/ledger-entries?cursor=${encodeURIComponent(body.next_cursor)}`;
      expect((await api("GET", path, { key })).body.error.code).toBe("INVALID_CURSOR");
    }
  });
});
