/** The table of API.md section 1, case by case, over HTTP on the built Worker. */
import { afterAll, beforeAll, describe, it } from "vitest";

import type { ErrorBody, Intent, ListOf, Merchant, Reply } from "./kit/client.ts";
import { type Gateway, startGateway } from "./kit/gateway.ts";

let gateway: Gateway;
let merchant: Merchant;
let key: string;

beforeAll(async () => {
  gateway = await startGateway({ LOG_LEVEL: "silent" });
  merchant = await gateway.merchant("Repeater");
  key = merchant.keys.test;
});

afterAll(() => gateway.close());

const order = { amount: { currency: "CNY", value: 500 }, channel: "wechat" };
const replayed = (reply: Reply<unknown>) => reply.headers.get("Idempotent-Replayed");
const codeOf = (reply: Reply<unknown>) => (reply.body as ErrorBody).error.code;
const create = (body: Record<string, unknown>, repeat?: string, as = key) =>
  gateway.client.create(as, body, repeat);

/** The body as text of our choice: other bytes, the same JSON value. */
const sendText = (text: string, repeat: string) =>
  fetch(`${gateway.client.origin}/v1/payment-intents`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${key}`,
      "Content-Type": "application/json",
      "Idempotency-Key": repeat,
    },
    body: text,
  });

describe("payments", () => {
  it("gives the first status and body again, and says so", async ({ expect }) => {
    const first = await create(order, "again");
    expect(first.status, first.text).toBe(201);
    expect(replayed(first)).toBeNull();
    const second = await create(order, "again");
    expect([second.status, second.text]).toEqual([201, first.text]);
    expect(replayed(second)).toBe("true");
    expect(second.headers.get("Request-Id")).not.toBe(first.headers.get("Request-Id"));
  });

  it("gives it also when the payment has moved on and its object has lost its memory", async ({
    expect,
  }) => {
    const first = await create(order, "moved on");
    await gateway.client.buyer(first.body.id, "pay");
    await gateway.evict(first.body.id);
    const second = await create(order, "moved on");
    expect(second.text).toBe(first.text);
    expect((await gateway.client.read(key, first.body.id)).body.status).toBe("succeeded");
  });

  it("compares values, not bytes", async ({ expect }) => {
    const first = await create(order, "canonical");
    const second = await sendText(
      '{ "channel":"wechat",\n "amount": {"value": 5e2, "currency":"CNY"} }',
      "canonical",
    );
    expect(await second.text()).toBe(first.text);
  });

  it.for([
    ["another amount", { ...order, amount: { currency: "CNY", value: 501 } }],
    ["another channel", { ...order, channel: "alipay" }],
    ["one field more", { ...order, description: "more" }],
  ] as const)("refuses the same key with %s", async ([what, body], { expect }) => {
    const first = await create(order, `mismatch ${what}`);
    const second = await create(body, `mismatch ${what}`);
    expect(second.status).toBe(422);
    expect(codeOf(second)).toBe("IDEMPOTENCY_MISMATCH");
    expect((await create(order, `mismatch ${what}`)).text).toBe(first.text);
  });

  it("makes one payment of many at once", async ({ expect }) => {
    const replies = await Promise.all(Array.from({ length: 12 }, () => create(order, "race")));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(replies.map(({ text }) => text)).size, "all get the same answer").toBe(1);
    const firsts = replies.filter((reply) => replayed(reply) === null);
    expect(firsts, "exactly one is not a replay").toHaveLength(1);
  });

  it("does not record a request that was not valid", async ({ expect }) => {
    const bad = await create({ ...order, amount: { currency: "CNY", value: 0 } }, "mended");
    expect(bad.status).toBe(400);
    const good = await create(order, "mended");
    expect(good.status).toBe(201);
    expect(replayed(good)).toBeNull();
  });

  it("does not record an order that the channel could not take", async ({ expect }) => {
    const currency = await create({ ...order, amount: { currency: "JPY", value: 500 } }, "yen");
    expect(currency.status).toBe(400);
    expect(codeOf(currency)).toBe("CURRENCY_UNSUPPORTED");
    expect((await create(order, "yen")).status).toBe(201);
  });

  it("without a key every request is a payment of its own", async ({ expect }) => {
    const [one, two] = await Promise.all([create(order), create(order)]);
    expect(one.body.id).not.toBe(two.body.id);
  });

  it("keeps merchants, modes and paths apart", async ({ expect }) => {
    const other = await gateway.merchant("Another repeater");
    const mine = await create(order, "shared words");
    const theirs = await create(order, "shared words", other.keys.test);
    expect(theirs.body.id).not.toBe(mine.body.id);
    const live = await create(order, "shared words", merchant.keys.live);
    expect(codeOf(live), "a live key has no sandbox").toBe("CHANNEL_NOT_CONFIGURED");
    const cancelled = await gateway.client.call<Intent>(
      "POST",
      `/v1/payment-intents/${mine.body.id}/cancel`,
      { key, idempotencyKey: "shared words" },
    );
    expect(cancelled.body.status).toBe("cancelled");
  });

  it.for([
    ["too long", "x".repeat(256)],
    ["not ASCII", "caf\u00e9"],
  ] as const)("refuses a key that is %s", async ([, repeat], { expect }) => {
    const reply = await create(order, repeat);
    expect(reply.status).toBe(400);
    expect(codeOf(reply)).toBe("INVALID_REQUEST");
  });

  it("takes the longest key", async ({ expect }) => {
    expect((await create(order, "~".repeat(255))).status).toBe(201);
  });
});

describe("merchant_order_id", () => {
  it("acts as the key when there is none", async ({ expect }) => {
    const body = { ...order, merchant_order_id: "order-1" };
    const first = await create(body);
    const second = await create(body);
    expect(second.text).toBe(first.text);
    expect(replayed(second)).toBe("true");
    const changed = await create({ ...body, description: "changed" });
    expect(changed.status).toBe(422);
    expect(codeOf(changed)).toBe("IDEMPOTENCY_MISMATCH");
  });

  it("is unique: two keys do not make one order twice, also at once", async ({ expect }) => {
    const body = { ...order, merchant_order_id: "order-2" };
    const keys = Array.from({ length: 6 }, (_, index) => `key ${index}`);
    const replies = await Promise.all(keys.map((repeat) => create(body, repeat)));
    const made = replies.filter(({ status }) => status === 201);
    const refused = replies.filter(({ status }) => status === 409);
    expect(made).toHaveLength(1);
    expect(refused).toHaveLength(keys.length - 1);
    for (const reply of refused) {
      expect((reply as Reply<unknown> as Reply<ErrorBody>).body.error).toMatchObject({
        code: "DUPLICATE_ORDER",
        outcome: "none",
        details: { payment_intent: made[0]?.body.id },
      });
    }
    const path = "/v1/payment-intents?merchant_order_id=order-2";
    const listed = await gateway.client.call<ListOf<Intent>>("GET", path, { key });
    expect(listed.body.data.map(({ id }) => id)).toEqual([made[0]?.body.id]);
  });

  it("may be another merchant's too", async ({ expect }) => {
    const other = await gateway.merchant("Order numbers of its own");
    const body = { ...order, merchant_order_id: "order-1" };
    expect((await create(body, undefined, other.keys.test)).status).toBe(201);
  });
});

const cancel = (id: string, repeat: string) =>
  gateway.client.call<Intent>("POST", `/v1/payment-intents/${id}/cancel`, {
    key,
    idempotencyKey: repeat,
  });

describe("cancel", () => {
  it("replays, also after the object has lost its memory", async ({ expect }) => {
    const { id } = (await create(order)).body;
    const first = await cancel(id, "once");
    expect(first.status, first.text).toBe(200);
    await gateway.evict(id);
    const second = await cancel(id, "once");
    expect([second.status, second.text]).toEqual([200, first.text]);
    expect(replayed(second)).toBe("true");
  });

  it("many at once with one key are one cancellation", async ({ expect }) => {
    const { id } = (await create(order)).body;
    const replies = await Promise.all(Array.from({ length: 6 }, () => cancel(id, "all at once")));
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
  });
});

describe("settings", () => {
  const path = "/v1/webhook-endpoints";
  const body = { url: "https://shop.example/hooks" };
  const post = (sent: unknown, repeat: string) =>
    gateway.client.call<{ id: string; secret: string }>("POST", path, {
      key,
      body: sent,
      idempotencyKey: repeat,
    });

  it("makes one endpoint, and shows the secret to the repeat too", async ({ expect }) => {
    const replies = await Promise.all(Array.from({ length: 5 }, () => post(body, "endpoint")));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    expect(replies[0]?.body.secret).toMatch(/^whsec_/);
    const listed = await gateway.client.call<ListOf<{ id: string }>>("GET", path, { key });
    expect(listed.body.data).toHaveLength(1);
  });

  it("refuses the same key with another body", async ({ expect }) => {
    await post(body, "endpoint 2");
    const second = await post({ url: "https://shop.example/other" }, "endpoint 2");
    expect(second.status).toBe(422);
    expect(codeOf(second)).toBe("IDEMPOTENCY_MISMATCH");
  });

  it("does not record a refusal", async ({ expect }) => {
    const refused = await post({ url: "http://10.0.0.1/hooks" }, "endpoint 3");
    expect(refused.status).toBe(400);
    expect((await post(body, "endpoint 3")).status).toBe(201);
  });
});
