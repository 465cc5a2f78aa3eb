/** Refunds in the real object, against a live WeChat Pay double: never more than was paid. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, it, vi } from "vitest";

import {
  api,
  eventsOf,
  gate,
  intentStub,
  newMerchant,
  openShop,
  refundRequests,
  type Road,
  type Shop,
  wechatPayment,
} from "./kit.ts";

const lost: Road = async (_, bank) => {
  await bank();
  throw new DOMException("timed out", "TimeoutError");
};

const never: Road = () => Promise.reject(new DOMException("timed out", "TimeoutError"));

/** A payment of CNY 1.00 that the buyer has made. */
async function paidPayment({ merchant, bank }: Shop): Promise<string> {
  const { body } = await api("POST", "/v1/payment-intents", {
    key: merchant.live,
    body: wechatPayment({ amount: { currency: "CNY", value: 100 } }),
  });
  bank.pay(body.id);
  await (await bank.callback(body.id)).body?.cancel();
  return body.id;
}

const cny = (value: number) => ({ currency: "CNY", value });

const refund = (
  { merchant }: Shop,
  payment_intent: string,
  body: Record<string, unknown> = {},
  headers: Record<string, string> = {},
) => api("POST", "/v1/refunds", { key: merchant.live, body: { payment_intent, ...body }, headers });

const read = ({ merchant }: Shop, path: string) => api("GET", path, { key: merchant.live });

/** Two minutes go by, here and at the bank: what was made is long ago, what is open is due. */
async function age({ bank }: Shop, id: string): Promise<void> {
  for (const made of bank.orders.find(id)?.refunds ?? []) {
    bank.orders.putRefund(id, { ...made, createdAt: made.createdAt - 120_000 });
  }
  await runInDurableObject(intentStub(id), (_, { storage }) => {
    storage.sql.exec("UPDATE refund SET created_at = created_at - 120000, ask_at = 1");
    storage.sql.exec("UPDATE intent SET afterwork_at = 1 WHERE afterwork_at IS NOT NULL");
  });
}

async function ring(shop: Shop, id: string): Promise<void> {
  await age(shop, id);
  await runDurableObjectAlarm(intentStub(id));
}

/** Events about an object in the feed, in order. */
const feedOf = (id: string, count: number) =>
  vi.waitFor(
    async () => {
      const { results } = await env.DB.prepare(
        "SELECT payload FROM events WHERE json_extract(payload, '$.data.id') = ? ORDER BY position",
      )
        .bind(id)
        .all();
      const events = results.map(({ payload }) => JSON.parse(String(payload)));
      if (events.length < count) throw new Error("not yet");
      return events;
    },
    { timeout: 10_000, interval: 20 },
  );

describe("a refund", () => {
  it("goes back whole, is told in events, and ends with the channel's word", async ({ expect }) => {
    const shop = await openShop();
    const id = await paidPayment(shop);
    const revoke = { targets: [{ type: "license_key", id: "lic_7" }] };
    const made = await refund(shop, id, { reason: "size does not fit", revoke });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    expect(made.body).toMatchObject({
      object: "refund",
      payment_intent: id,
      status: "processing",
      amount: cny(100),
      reason: "size does not fit",
      revoke,
      origin: "merchant",
      livemode: true,
    });
    expect((await read(shop, `/v1/payment-intents/${id}`)).body.amount_refunded).toEqual(cny(0));

    expect((await shop.bank.refundCallback(id)).status).toBe(204);
    const after = await read(shop, `/v1/refunds/${made.body.id}`);
    expect(after.body).toMatchObject({ status: "succeeded", last_error: null });
    expect(after.body.channel_refund_id).toMatch(/^5/);
    expect(after.body.succeeded_at).not.toBeNull();
    const payment = await read(shop, `/v1/payment-intents/${id}`);
    expect(payment.body).toMatchObject({ status: "succeeded", amount_refunded: cny(100) });

    const events = await feedOf(made.body.id, 3);
    expect(events.map(({ type }) => type)).toEqual([
      "refund.created",
      "refund.processing",
      "refund.succeeded",
    ]);
    for (const { data, sequence } of events) {
      expect(data).toMatchObject({ id: made.body.id, revoke, sequence });
    }
    // The repeat of a callback changes nothing.
    expect((await shop.bank.refundCallback(id)).status).toBe(204);
    const list = await read(shop, `/v1/refunds?payment_intent=${id}`);
    expect(list.body.data).toEqual([after.body]);
    expect((await eventsOf(id)).filter((type) => type === "refund.succeeded")).toHaveLength(1);
  });

  it("may be partial and many, and never more than what is left", async ({ expect }) => {
    const shop = await openShop();
    const id = await paidPayment(shop);
    expect((await refund(shop, id, { amount: cny(60) })).status).toBe(201);
    await age(shop, id);
    const over = await refund(shop, id, { amount: cny(41) });
    expect(over.status).toBe(422);
    expect(over.body.error).toMatchObject({
      code: "REFUND_EXCEEDS_PAYMENT",
      outcome: "none",
      details: { refundable: cny(40) },
    });
    expect((await refund(shop, id)).body).toMatchObject({ amount: cny(40) });
    await age(shop, id);
    expect((await refund(shop, id)).body.error.code).toBe("REFUND_EXCEEDS_PAYMENT");
    const sent = refundRequests(shop.bank).map(({ body }) => JSON.parse(body));
    expect(sent.map(({ amount }) => amount.refund)).toEqual([60, 40]);
    expect(new Set(sent.map(({ out_refund_no }) => out_refund_no)).size).toBe(2);
  });

  it("refuses locally what the channel would: spacing, unpaid, foreign currency", async ({
    expect,
  }) => {
    const shop = await openShop();
    const id = await paidPayment(shop);
    const foreign = await refund(shop, id, { amount: { currency: "HKD", value: 1 } });
    expect(foreign.body.error.code).toBe("CURRENCY_UNSUPPORTED");
    await refund(shop, id, { amount: cny(1) });
    const soon = await refund(shop, id, { amount: cny(1) });
    expect(soon.status).toBe(429);
    expect(soon.body.error.code).toBe("RATE_LIMITED");
    expect(Number(soon.headers.get("Retry-After"))).toBeGreaterThan(0);
    const unpaid = await api("POST", "/v1/payment-intents", {
      key: shop.merchant.live,
      body: wechatPayment(),
    });
    const refused = await refund(shop, unpaid.body.id);
    expect([refused.status, refused.body.error.code]).toEqual([409, "INVALID_STATE"]);
    expect(refundRequests(shop.bank)).toHaveLength(1);
  });

  it("is nobody else's, in reading and in writing", async ({ expect }) => {
    const shop = await openShop();
    const id = await paidPayment(shop);
    const { body } = await refund(shop, id, { amount: cny(1) });
    const other = await newMerchant("Other Shop");
    for (const key of [other.live, shop.merchant.test]) {
      const read404 = await api("GET", `/v1/refunds/${body.id}`, { key });
      expect([read404.status, read404.body.error.code]).toEqual([404, "REFUND_NOT_FOUND"]);
      const write = await api("POST", "/v1/refunds", { key, body: { payment_intent: id } });
      expect([write.status, write.body.error.code]).toEqual([404, "PAYMENT_INTENT_NOT_FOUND"]);
      expect((await api("GET", "/v1/refunds", { key })).body.data).toEqual([]);
    }
  });
});

describe("parallel refunds", () => {
  it("a thousand of 60 on a payment of 100 at a slow channel: exactly one succeeds", async ({
    expect,
  }) => {
    const shop = await openShop();
    const id = await paidPayment(shop);
    const slow = gate();
    shop.bank.detour(slow.road);
    const replies = Array.from({ length: 1_000 }, () => refund(shop, id, { amount: cny(60) }));
    await slow.reached;
    slow.open();
    const settled = await Promise.all(replies);
    const statuses = Map.groupBy(settled, ({ status }) => status);
    expect(statuses.get(201)).toHaveLength(1);
    expect(statuses.get(422)).toHaveLength(999);
    for (const { body } of statuses.get(422) ?? []) {
      expect(body.error.code).toBe("REFUND_EXCEEDS_PAYMENT");
    }
    expect(refundRequests(shop.bank)).toHaveLength(1);
    expect(shop.bank.orders.find(id)?.refunds).toHaveLength(1);
  });
});

describe("an unknown outcome", () => {
  it.for<[string, Road, number]>([
    ["the request is lost", never, 1],
    ["the reply is lost", lost, 1],
  ])("%s: 202, then the truth, under the same number", async ([, road], { expect }) => {
    const shop = await openShop();
    const id = await paidPayment(shop);
    shop.bank.detour(road);
    const open = await refund(shop, id, { amount: cny(60) }, { "Idempotency-Key": "r1" });
    expect(open.status).toBe(202);
    expect(open.body).toMatchObject({ status: "requested", last_error: null });
    // It holds its share meanwhile.
    expect((await refund(shop, id, { amount: cny(60) })).body.error.code).toBe(
      "REFUND_EXCEEDS_PAYMENT",
    );
    shop.bank.detour(null);
    const again = await refund(shop, id, { amount: cny(60) }, { "Idempotency-Key": "r1" });
    expect(again.status, JSON.stringify(again.body)).toBe(201);
    expect(again.body.id).toBe(open.body.id);
    const sent = refundRequests(shop.bank).map(({ body }) => body);
    expect(new Set(sent).size).toBe(1);
    expect(shop.bank.orders.find(id)?.refunds).toHaveLength(1);
    const replay = await refund(shop, id, { amount: cny(60) }, { "Idempotency-Key": "r1" });
    expect(replay.headers.get("Idempotent-Replayed")).toBe("true");
    expect(replay.body).toEqual(again.body);
  });

  it("the alarm asks on by itself, also after the object died before the call", async ({
    expect,
  }) => {
    const shop = await openShop();
    const id = await paidPayment(shop);
    shop.bank.detour(never);
    const { body } = await refund(shop, id);
    await evictDurableObject(intentStub(id));
    shop.bank.detour(null);
    await ring(shop, id);
    expect((await read(shop, `/v1/refunds/${body.id}`)).body.status).toBe("processing");
    await ring(shop, id);
    expect((await read(shop, `/v1/refunds/${body.id}`)).body.status).toBe("succeeded");
    expect(shop.bank.orders.find(id)?.refunds).toHaveLength(1);
    // Nothing is left to do: no alarm any more.
    await runDurableObjectAlarm(intentStub(id));
    const left = await runInDurableObject(intentStub(id), (_, { storage }) =>
      storage.sql.exec<{ at: number | null }>("SELECT afterwork_at AS at FROM intent").one(),
    );
    expect(left.at).toBeNull();
  });
});

describe("a channel's no", () => {
  it("ends the refund, frees its share, and is the answer to a repeat", async ({ expect }) => {
    const shop = await openShop();
    const id = await paidPayment(shop);
    shop.bank.detour(async () =>
      Response.json({ code: "NOT_ENOUGH", message: "余额不足" }, { status: 403 }),
    );
    const refused = await refund(shop, id, {}, { "Idempotency-Key": "no" });
    expect(refused.status).toBe(402);
    expect(refused.body.error).toMatchObject({
      code: "INSUFFICIENT_BALANCE",
      details: { channel: { name: "wechat", code: "NOT_ENOUGH" }, payment_intent: id },
    });
    const again = await refund(shop, id, {}, { "Idempotency-Key": "no" });
    expect(again.body.error).toEqual(refused.body.error);
    const failed = await read(shop, `/v1/refunds/${refused.body.error.details.refund}`);
    expect(failed.body).toMatchObject({
      status: "failed",
      last_error: { code: "INSUFFICIENT_BALANCE" },
    });
    shop.bank.detour(null);
    await age(shop, id);
    expect((await refund(shop, id)).status).toBe(201);
    expect(await eventsOf(id)).toEqual(
      expect.arrayContaining(["refund.failed", "refund.created", "refund.processing"]),
    );
  });
});

describe("idempotency", () => {
  it("another body or another payment under the same key is refused", async ({ expect }) => {
    const shop = await openShop();
    const [one, two] = [await paidPayment(shop), await paidPayment(shop)];
    const key = { "Idempotency-Key": "same" };
    const first = await refund(shop, one, { amount: cny(10) }, key);
    expect(first.status).toBe(201);
    for (const other of [
      await refund(shop, one, { amount: cny(11) }, key),
      await refund(shop, two, { amount: cny(10) }, key),
    ]) {
      expect([other.status, other.body.error.code]).toEqual([422, "IDEMPOTENCY_MISMATCH"]);
    }
    const fifty = await Promise.all(
      Array.from({ length: 50 }, () =>
        refund(shop, two, { amount: cny(5) }, { "Idempotency-Key": "p" }),
      ),
    );
    expect(new Set(fifty.map(({ body }) => body.id)).size).toBe(1);
    expect(shop.bank.orders.find(two)?.refunds).toHaveLength(1);
  });
});

describe("money that is not the order's", () => {
  it("a late payment goes back by the account's policy, once", async ({ expect }) => {
    const shop = await openShop({ late_payment: "refund" });
    const { merchant, bank } = shop;
    const { body } = await api("POST", "/v1/payment-intents", {
      key: merchant.live,
      body: wechatPayment(),
    });
    await api("POST", `/v1/payment-intents/${body.id}/cancel`, { key: merchant.live });
    bank.orders.become(body.id, "paid");
    expect((await bank.callback(body.id)).status).toBe(204);
    await vi.waitFor(async () => {
      expect(bank.orders.find(body.id)?.refunds).toHaveLength(1);
    });
    await (await bank.callback(body.id)).body?.cancel();
    await runDurableObjectAlarm(intentStub(body.id));
    const list = await vi.waitFor(async () => {
      const { body: page } = await read(shop, `/v1/refunds?payment_intent=${body.id}`);
      expect(page.data).toHaveLength(1);
      return page.data;
    });
    expect(list[0]).toMatchObject({ origin: "late_payment", amount: body.amount });
    expect((await read(shop, `/v1/payment-intents/${body.id}`)).body).toMatchObject({
      status: "succeeded",
      late: true,
    });
  });

  it("a second payment of the same order is acknowledged, not counted, and written down", async ({
    expect,
  }) => {
    const shop = await openShop();
    const id = await paidPayment(shop);
    const second = { transactionId: "4200000000202611210000009999" };
    for (let time = 0; time < 2; time += 1) {
      expect((await shop.bank.callback(id, second)).status).toBe(204);
    }
    await vi.waitFor(async () => {
      const { body } = await read(shop, "/v1/reconciliation/exceptions?kind=duplicate");
      expect(body.data).toMatchObject([
        { payment_intent: id, channel_transaction_id: second.transactionId },
      ]);
    });
    const events = await eventsOf(id);
    expect(events.filter((type) => type === "payment_intent.succeeded")).toHaveLength(1);
  });

  it("a wrong amount changes nothing and is written down once", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await api("POST", "/v1/payment-intents", {
      key: shop.merchant.live,
      body: wechatPayment(),
    });
    shop.bank.pay(body.id);
    for (let time = 0; time < 2; time += 1) {
      const reply = await shop.bank.callback(body.id, { value: 1 });
      expect(reply.status).toBe(401);
      await reply.body?.cancel();
    }
    const page = await vi.waitFor(async () => {
      const list = await read(shop, "/v1/reconciliation/exceptions");
      expect(list.body.data).toHaveLength(1);
      return list.body.data;
    });
    expect(page[0]).toMatchObject({
      object: "reconciliation_exception",
      kind: "amount_mismatch",
      state: "open",
      payment_intent: body.id,
      channel: { amount: cny(1) },
      gateway: { amount: cny(699), status: "qr_generated" },
    });
    const [event] = await feedOf(page[0].id, 1);
    expect(event).toMatchObject({ type: "reconciliation.exception", data: page[0] });
    expect((await read(shop, `/v1/payment-intents/${body.id}`)).body.status).toBe("qr_generated");
  });
});
