/** Refunds when everything else goes wrong: contradictions, lost looks, big events, used keys. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, it, vi } from "vitest";

import { openAlipayShop } from "./alipay-shop.ts";
import {
  api,
  eventsOf,
  intentStub,
  openShop,
  refundRequests,
  type Shop,
  wechatPayment,
} from "./kit.ts";

const cny = (value: number) => ({ currency: "CNY", value });

const never = () => Promise.reject(new DOMException("timed out", "TimeoutError"));

async function paidPayment({ merchant, bank }: Shop): Promise<string> {
  const { body } = await api("POST", "/v1/payment-intents", {
    key: merchant.live,
    body: wechatPayment({ amount: cny(100) }),
  });
  bank.pay(body.id);
  await (await bank.callback(body.id)).body?.cancel();
  return body.id;
}

const refund = (
  key: string,
  payment_intent: string,
  body: Record<string, unknown> = {},
  headers: Record<string, string> = {},
) => api("POST", "/v1/refunds", { key, body: { payment_intent, ...body }, headers });

const sql = (id: string, ...statements: string[]) =>
  runInDurableObject(intentStub(id), (_, { storage }) => {
    for (const statement of statements) storage.sql.exec(statement);
  });

/** The refunds in the object, in the order of their making. */
const refundsIn = (id: string) =>
  runInDurableObject(intentStub(id), (_, { storage }) =>
    storage.sql.exec("SELECT origin, status, value FROM refund ORDER BY number").toArray(),
  );

const afterworkAt = (id: string) =>
  runInDurableObject(
    intentStub(id),
    (_, { storage }) =>
      storage.sql.exec<{ at: number | null }>("SELECT afterwork_at AS at FROM intent").one().at,
  );

async function ring(id: string): Promise<void> {
  await sql(
    id,
    "UPDATE refund SET created_at = created_at - 120000, ask_at = 1",
    "UPDATE intent SET afterwork_at = 1 WHERE afterwork_at IS NOT NULL",
  );
  await runInDurableObject(intentStub(id), (_, { storage }) => storage.setAlarm(Date.now() + 1e6));
  await runDurableObjectAlarm(intentStub(id));
}

const exceptions = (key: string, query: string, count: number) =>
  vi.waitFor(
    async () => {
      const { body } = await api("GET", `/v1/reconciliation/exceptions?${query}`, { key });
      if (body.data.length < count) throw new Error("not yet");
      return body.data;
    },
    { timeout: 10_000, interval: 20 },
  );

describe("a payment that the channel gives back while a refund of ours is open", () => {
  it("is written down whole, also what the refund had held and did not get", async ({ expect }) => {
    const shop = await openAlipayShop();
    const key = shop.merchant.live;
    const { body } = await api("POST", "/v1/payment-intents", {
      key,
      body: { amount: cny(100), channel: "alipay", description: "Tea" },
    });
    shop.pay(body.id);
    await (await shop.notice(body.id)).body?.cancel();
    shop.detour(async ({ method, arrive }) =>
      method === "alipay.trade.refund" ? never() : arrive(),
    );
    expect((await refund(key, body.id, { amount: cny(60) })).status).toBe(202);
    shop.giveBack(body.id);
    await (await shop.notice(body.id)).body?.cancel();
    expect(await refundsIn(body.id)).toEqual([
      { origin: "merchant", status: "requested", value: 60 },
      { origin: "channel", status: "succeeded", value: 40 },
    ]);

    shop.detour(null);
    await ring(body.id);
    expect(await refundsIn(body.id)).toEqual([
      { origin: "merchant", status: "failed", value: 60 },
      { origin: "channel", status: "succeeded", value: 40 },
      { origin: "channel", status: "succeeded", value: 60 },
    ]);
    const { body: after } = await api("GET", `/v1/payment-intents/${body.id}`, { key });
    expect(after.amount_refunded).toEqual(cny(100));
    const again = await refund(key, body.id, { amount: cny(1) });
    expect(again.body.error.code).toBe("REFUND_EXCEEDS_PAYMENT");
  });
});

describe("news that contradicts a refund that has ended", () => {
  it("changes nothing, is not acknowledged, and is written down once", async ({ expect }) => {
    const shop = await openShop();
    const id = await paidPayment(shop);
    const key = shop.merchant.live;
    const made = await refund(key, id, { amount: cny(60) });
    // It ended here as failed, and its share is free again.
    await sql(
      id,
      `UPDATE refund SET status = 'failed', last_error = '{"code":"CHANNEL_REJECTED","message":"no"}'`,
      "UPDATE intent SET refunding = 0",
    );
    for (let time = 0; time < 2; time += 1) {
      const reply = await shop.bank.refundCallback(id);
      expect(reply.status).toBe(401);
      await reply.body?.cancel();
    }
    const [written, ...more] = await exceptions(key, "kind=status_mismatch", 1);
    expect(more).toEqual([]);
    expect(written).toMatchObject({
      payment_intent: id,
      channel: { amount: cny(60), reference: made.body.id },
      gateway: { amount: cny(60), status: "failed" },
    });
    expect(await refundsIn(id)).toEqual([{ origin: "merchant", status: "failed", value: 60 }]);
  });
});

describe("a late payment that has to go back", () => {
  /** Paid late under the policy, with a refund of the merchant's own made a moment ago. */
  async function latePayment(shop: Shop): Promise<string> {
    const id = await paidPayment(shop);
    expect201(await refund(shop.merchant.live, id, { amount: cny(10) }));
    await sql(
      id,
      `UPDATE intent SET late = 1, channel_order = json_set(channel_order, '$.latePayment', 'refund'),
       afterwork_at = 1`,
    );
    return id;
  }
  const expect201 = ({ status }: { status: number }) => {
    if (status !== 201) throw new Error("no refund");
  };

  it("waits for the channel's spacing and is not forgotten meanwhile", async ({ expect }) => {
    const shop = await openShop();
    const id = await latePayment(shop);
    // The merchant's own refund ends: nothing else would wake the object.
    expect((await shop.bank.refundCallback(id)).status).toBe(204);
    expect(await afterworkAt(id)).not.toBeNull();
    await sql(id, "UPDATE intent SET afterwork_at = 1");
    await runInDurableObject(intentStub(id), (_, { storage }) =>
      storage.setAlarm(Date.now() + 1e6),
    );
    await runDurableObjectAlarm(intentStub(id));
    expect(await refundsIn(id)).toHaveLength(1);
    expect(await afterworkAt(id)).toBeGreaterThan(Date.now() + 30_000);
    for (const { createdAt, ...made } of shop.bank.orders.find(id)?.refunds ?? []) {
      shop.bank.orders.putRefund(id, { ...made, createdAt: createdAt - 120_000 });
    }
    await evictDurableObject(intentStub(id));
    await ring(id);
    expect(await refundsIn(id)).toMatchObject([
      { origin: "merchant", value: 10 },
      { origin: "late_payment", status: "processing", value: 90 },
    ]);
  });

  it("is written down for people when the channel's rules forbid the refund", async ({
    expect,
  }) => {
    const shop = await openShop();
    const id = await latePayment(shop);
    await shop.bank.refundCallback(id);
    await sql(id, "UPDATE intent SET succeeded_at = 1");
    await ring(id);
    const [written] = await exceptions(shop.merchant.live, "kind=status_mismatch", 1);
    expect(written).toMatchObject({ payment_intent: id, gateway: { status: "succeeded" } });
    expect(written.explanation).toContain("within 365 days");
    // And the object does not wake for ever.
    expect(await afterworkAt(id)).toBeNull();
  });
});

describe("what a refund takes back", () => {
  const targets = (count: number, letter: string) =>
    Array.from({ length: count }, (_, index) => ({
      type: "license_key",
      id: letter.repeat(250) + String(index),
    }));

  it("fits the queue, however many refunds carry it at once", async ({ expect }) => {
    const shop = await openShop();
    const id = await paidPayment(shop);
    const key = shop.merchant.live;
    const backlog = vi.spyOn(env.EVENTS, "send").mockRejectedValue(new Error("the queue is away"));
    const revoke = { targets: targets(50, '"').slice(0, 28) };
    for (let made = 0; made < 6; made += 1) {
      const { status, body } = await refund(key, id, { amount: cny(1), revoke });
      expect(status, JSON.stringify(body)).toBe(201);
      await sql(id, "UPDATE refund SET created_at = created_at - 120000");
      for (const one of shop.bank.orders.find(id)?.refunds ?? []) {
        shop.bank.orders.putRefund(id, { ...one, createdAt: one.createdAt - 120_000 });
      }
    }
    const sizes: number[] = [];
    backlog.mockRestore();
    const real = env.EVENTS.send.bind(env.EVENTS);
    vi.spyOn(env.EVENTS, "send").mockImplementation(async (message, ...rest) => {
      sizes.push(new TextEncoder().encode(JSON.stringify(message)).length);
      return real(message, ...rest);
    });
    await runInDurableObject(intentStub(id), (object) => object.republish());
    expect(sizes.length).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThan(128_000);
    const { body } = await vi.waitFor(async () => {
      const page = await api("GET", `/v1/refunds?payment_intent=${id}`, { key });
      if (page.body.data.length < 6) throw new Error("not yet");
      return page;
    });
    expect(body.data[0].revoke).toEqual(revoke);
    expect((await eventsOf(id)).filter((type) => type === "refund.created")).toHaveLength(6);
  });

  it("is refused when it is too big for that", async ({ expect }) => {
    const shop = await openShop();
    const id = await paidPayment(shop);
    const revoke = { targets: targets(50, "茶") };
    const { status, body } = await refund(shop.merchant.live, id, { revoke });
    expect([status, body.error.code]).toEqual([400, "INVALID_REQUEST"]);
    expect(body.error.details.issues).toEqual([
      { path: "revoke", message: "must have at most 16 KiB as JSON" },
    ]);
    expect(refundRequests(shop.bank)).toEqual([]);
  });
});

describe("a key under which a refund was refused by the channel", () => {
  it("stays with its request: another body or payment is a mismatch", async ({ expect }) => {
    const shop = await openShop();
    const [one, two] = [await paidPayment(shop), await paidPayment(shop)];
    const key = shop.merchant.live;
    const header = { "Idempotency-Key": "refused" };
    shop.bank.detour(async () =>
      Response.json({ code: "NOT_ENOUGH", message: "余额不足" }, { status: 403 }),
    );
    expect((await refund(key, one, {}, header)).status).toBe(402);
    shop.bank.detour(null);
    for (const other of [
      await refund(key, one, { amount: cny(50) }, header),
      await refund(key, two, {}, header),
    ]) {
      expect([other.status, other.body.error.code]).toEqual([422, "IDEMPOTENCY_MISMATCH"]);
    }
    const same = await refund(key, one, {}, header);
    expect(same.body.error.code).toBe("INSUFFICIENT_BALANCE");
    expect(same.headers.get("Idempotent-Replayed")).toBe("true");
    // What was refused here before anything ran leaves its key free.
    const free = { "Idempotency-Key": "free" };
    expect((await refund(key, two, { amount: cny(101) }, free)).status).toBe(422);
    expect((await refund(key, two, { amount: cny(100) }, free)).status).toBe(201);
    expect(shop.bank.orders.find(two)?.refunds).toHaveLength(1);
  });
});

describe("refunds that failed", () => {
  it("do not use up the channel's number of refunds", async ({ expect }) => {
    const shop = await openShop();
    const id = await paidPayment(shop);
    const key = shop.merchant.live;
    shop.bank.detour(async () =>
      Response.json({ code: "NOT_ENOUGH", message: "余额不足" }, { status: 403 }),
    );
    for (let time = 0; time < 50; time += 1) {
      expect((await refund(key, id)).status).toBe(402);
      await sql(id, "UPDATE refund SET created_at = created_at - 120000");
    }
    shop.bank.detour(null);
    expect((await refund(key, id)).status).toBe(201);
  });
});

describe("a refund that the channel accepted and then does not know", () => {
  it("is sent again under the same number, byte for byte", async ({ expect }) => {
    const shop = await openShop();
    const id = await paidPayment(shop);
    expect((await refund(shop.merchant.live, id)).body.status).toBe("processing");
    Object.assign(shop.bank.orders.find(id) ?? {}, { refunds: [] });
    await ring(id);
    const sent = refundRequests(shop.bank).map(({ body }) => body);
    expect(sent).toHaveLength(2);
    expect(new Set(sent).size).toBe(1);
    expect(await refundsIn(id)).toMatchObject([{ status: "processing", value: 100 }]);
    await ring(id);
    expect(await refundsIn(id)).toMatchObject([{ status: "succeeded", value: 100 }]);
  });
});
