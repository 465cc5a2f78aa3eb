import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, it, vi } from "vitest";

import type { PaymentReport } from "../../src/channels/adapter.ts";
import {
  api,
  creates,
  eventsOf,
  feedOf,
  intentStub,
  projected,
  type Road,
  wechatPayment,
  type Shop,
  openShop,
  gate,
} from "./kit.ts";

const timeout: Road = () => Promise.reject(new DOMException("timed out", "TimeoutError"));

/** The bank does its work, and the answer is lost. */
const lostReply: Road = async (_, bank) => {
  await bank();
  throw new DOMException("timed out", "TimeoutError");
};

const html: Road = async () => new Response("<html>502</html>", { status: 200 });

const create = (
  { merchant }: Shop,
  changes: Record<string, unknown> = {},
  headers: Record<string, string> = {},
) =>
  api("POST", "/v1/payment-intents", { key: merchant.live, body: wechatPayment(changes), headers });

const read = ({ merchant }: Shop, id: string) =>
  api("GET", `/v1/payment-intents/${id}`, { key: merchant.live });

const act = ({ merchant }: Shop, id: string, action: "cancel" | "sync", headers = {}) =>
  api("POST", `/v1/payment-intents/${id}/${action}`, { key: merchant.live, headers });

/** Lets the object believe that its deadline has passed, and its alarm come. */
async function letExpire(id: string): Promise<void> {
  await runInDurableObject(intentStub(id), (_, state) => {
    state.storage.sql.exec("UPDATE intent SET expires_at = ?, ask_at = 1", Date.now() - 1);
  });
  await runDurableObjectAlarm(intentStub(id));
}

/** Lets the next asking be due now. */
async function letAsk(id: string): Promise<void> {
  await runInDurableObject(intentStub(id), (_, state) => {
    state.storage.sql.exec("UPDATE intent SET ask_at = 1");
  });
  await runDurableObjectAlarm(intentStub(id));
}

describe("creating", () => {
  it("orders once at the channel and answers with the code", async ({ expect }) => {
    const shop = await openShop();
    const { status, body, headers } = await create(shop);
    expect(status).toBe(201);
    expect(headers.get("Request-Id")).toMatch(/^req_/);
    expect(body).toMatchObject({
      object: "payment_intent",
      livemode: true,
      status: "qr_generated",
      amount: { currency: "CNY", value: 699 },
      qr: { type: "wechat_url" },
      next_action: { type: "show_qr" },
      sequence: 2,
    });
    expect(creates(shop.bank)).toHaveLength(1);
    expect(JSON.parse(creates(shop.bank)[0]?.body ?? "")).toMatchObject({
      out_trade_no: body.id,
      amount: { total: 699, currency: "CNY" },
      notify_url: `http://gateway.test/v1/callbacks/wechat/${shop.bank.account}`,
    });
    const row = await projected(body.id, 2);
    expect(JSON.parse(String(row["snapshot"]))).toEqual(body);
    await vi.waitFor(async () => {
      expect((await feedOf(body.id)).map(({ type }) => type)).toEqual([
        "payment_intent.created",
        "payment_intent.qr_generated",
      ]);
    });
  });

  it("the same key and body: the same answer, one order", async ({ expect }) => {
    const shop = await openShop();
    const headers = { "Idempotency-Key": "order-1" };
    const first = await create(shop, {}, headers);
    const again = await api("POST", "/v1/payment-intents", {
      key: shop.merchant.live,
      // Other order of members, other white space: the same request.
      body: `{ "description":"AI summary", "channel":"wechat","amount":{"value":699 ,"currency":"CNY"}}`,
      headers,
    });
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    expect(first.headers.get("Idempotent-Replayed")).toBeNull();
    shop.bank.pay(first.body.id);
    await shop.bank.callback(first.body.id);
    expect((await create(shop, {}, headers)).body).toEqual(first.body);
    expect(creates(shop.bank)).toHaveLength(1);
  });

  it("the same key with another body is refused and changes nothing", async ({ expect }) => {
    const shop = await openShop();
    const headers = { "Idempotency-Key": "order-2" };
    await create(shop, {}, headers);
    const other = await create(shop, { amount: { currency: "CNY", value: 700 } }, headers);
    expect(other).toMatchObject({ status: 422, body: { error: { code: "IDEMPOTENCY_MISMATCH" } } });
    expect(creates(shop.bank)).toHaveLength(1);
  });

  it("a validation error is not recorded: the key can be used again", async ({ expect }) => {
    const shop = await openShop();
    const headers = { "Idempotency-Key": "order-3" };
    expect((await create(shop, { description: "no 😀 here" }, headers)).status).toBe(400);
    expect((await create(shop, {}, headers)).status).toBe(201);
  });

  it("fifty at once with one key are one payment and one order", async ({ expect }) => {
    const shop = await openShop();
    const headers = { "Idempotency-Key": "crowd" };
    const answers = await Promise.all(Array.from({ length: 50 }, () => create(shop, {}, headers)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(creates(shop.bank)).toHaveLength(1);
  });

  it("keys belong to a merchant and a mode", async ({ expect }) => {
    const [one, two] = [await openShop(), await openShop()];
    const headers = { "Idempotency-Key": "shared" };
    const ids = [
      (await create(one, {}, headers)).body.id,
      (await create(two, {}, headers)).body.id,
      (
        await api("POST", "/v1/payment-intents", {
          key: one.merchant.test,
          body: wechatPayment(),
          headers,
        })
      ).body.id,
    ];
    expect(new Set(ids).size).toBe(3);
  });
});

describe("order numbers", () => {
  it("act as the key when there is none", async ({ expect }) => {
    const shop = await openShop();
    const order = { merchant_order_id: "A-1" };
    const first = await create(shop, order);
    const again = await create(shop, order);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    const other = await create(shop, { ...order, description: "other" });
    expect(other.body.error.code).toBe("IDEMPOTENCY_MISMATCH");
  });

  it("cannot be created twice under two keys, also not at once", async ({ expect }) => {
    const shop = await openShop();
    const order = { merchant_order_id: "B-1" };
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => create(shop, order, { "Idempotency-Key": `b-${n}` })),
    );
    const won = answers.filter(({ status }) => status === 201);
    expect(won).toHaveLength(1);
    for (const { status, body } of answers.filter((answer) => answer.status !== 201)) {
      expect(status).toBe(409);
      expect(body.error).toMatchObject({
        code: "DUPLICATE_ORDER",
        details: { payment_intent: won[0]?.body.id },
      });
    }
    expect(creates(shop.bank)).toHaveLength(1);
  });

  it("with and without a key meet in one place", async ({ expect }) => {
    const shop = await openShop();
    const keyed = await create(shop, { merchant_order_id: "C-1" }, { "Idempotency-Key": "c" });
    const bare = await create(shop, { merchant_order_id: "C-1" });
    expect(bare.body.error).toMatchObject({
      code: "DUPLICATE_ORDER",
      details: { payment_intent: keyed.body.id },
    });
    const first = await create(shop, { merchant_order_id: "C-2" });
    const second = await create(shop, { merchant_order_id: "C-2" }, { "Idempotency-Key": "c2" });
    expect(second.body.error).toMatchObject({
      code: "DUPLICATE_ORDER",
      details: { payment_intent: first.body.id },
    });
    expect(creates(shop.bank)).toHaveLength(2);
  });

  it("a mistaken reuse of a key does not block the other order number", async ({ expect }) => {
    const shop = await openShop();
    const headers = { "Idempotency-Key": "d" };
    await create(shop, { merchant_order_id: "D-1" }, headers);
    const mistake = await create(shop, { merchant_order_id: "D-2" }, headers);
    expect(mistake.body.error.code).toBe("IDEMPOTENCY_MISMATCH");
    const right = await create(shop, { merchant_order_id: "D-2" }, { "Idempotency-Key": "d2" });
    expect(right.status).toBe(201);
  });

  it("a loser leaves nothing behind: its key is free again", async ({ expect }) => {
    const shop = await openShop();
    await create(shop, { merchant_order_id: "E-1" }, { "Idempotency-Key": "e1" });
    await create(shop, { merchant_order_id: "E-1" }, { "Idempotency-Key": "e2" });
    const reused = await create(shop, { merchant_order_id: "E-2" }, { "Idempotency-Key": "e2" });
    expect(reused.status).toBe(201);
  });
});

describe("an unknown outcome", () => {
  it.for([
    ["a time-out before the order arrives", timeout],
    ["a reply that is lost", lostReply],
    ["an HTML page", html],
    ["an unsigned reply", async (_, bank) => new Response(await (await bank()).text())],
    ["a server error", async () => Response.json({ code: "SYSTEM_ERROR" }, { status: 500 })],
  ] as [string, Road][])("%s is pending, never failed", async ([, road], { expect }) => {
    const shop = await openShop();
    const headers = { "Idempotency-Key": "unknown" };
    shop.bank.detour(road);
    const first = await create(shop, {}, headers);
    expect(first).toMatchObject({
      status: 201,
      body: { status: "pending", qr: null, next_action: { type: "wait" } },
    });
    shop.bank.detour(null);
    const retry = await create(shop, {}, headers);
    expect(retry).toMatchObject({
      status: 201,
      body: { id: first.body.id, status: "qr_generated" },
    });
    // Whatever reached the channel was one order, byte for byte.
    expect(new Set(creates(shop.bank).map(({ body }) => body)).size).toBe(1);
  });

  it("is asked for before the order is repeated: a refusal then says nothing of the first", async ({
    expect,
  }) => {
    const shop = await openShop();
    const headers = { "Idempotency-Key": "unknown-then-refused" };
    shop.bank.detour(lostReply);
    const { body } = await create(shop, {}, headers);
    shop.bank.pay(body.id);
    shop.bank.detour(async (request, bank) =>
      request.method === "POST" ? Response.json({ code: "NO_AUTH" }, { status: 403 }) : bank(),
    );
    const retry = await create(shop, {}, headers);
    expect(retry).toMatchObject({ status: 201, body: { id: body.id, status: "succeeded" } });
  });

  it("is asked again by the alarm, which then sends the same bytes", async ({ expect }) => {
    const shop = await openShop();
    shop.bank.detour(lostReply);
    const { body } = await create(shop);
    shop.bank.detour(null);
    await letAsk(body.id);
    expect((await read(shop, body.id)).body.status).toBe("qr_generated");
    const bodies = creates(shop.bank).map((seen) => seen.body);
    expect(bodies).toHaveLength(2);
    expect(bodies[0]).toBe(bodies[1]);
  });

  it("and then expires only after the channel was asked", async ({ expect }) => {
    const shop = await openShop();
    shop.bank.detour(timeout);
    const { body } = await create(shop);
    await letExpire(body.id);
    expect((await read(shop, body.id)).body.status).toBe("pending");
    shop.bank.detour(null);
    await letAsk(body.id);
    expect((await read(shop, body.id)).body.status).toBe("expired");
  });

  it("survives the loss of memory between the call and the retry", async ({ expect }) => {
    const shop = await openShop();
    const headers = { "Idempotency-Key": "evicted" };
    shop.bank.detour(lostReply);
    const first = await create(shop, {}, headers);
    await evictDurableObject(intentStub(first.body.id));
    shop.bank.detour(null);
    const retry = await create(shop, {}, headers);
    expect(retry.body).toMatchObject({ id: first.body.id, status: "qr_generated" });
  });
});

describe("a channel's no", () => {
  const refuse: Road = async () =>
    Response.json({ code: "NO_AUTH", message: "商户无权限" }, { status: 403 });

  it("is the answer, also to a repeat, and the payment has failed", async ({ expect }) => {
    const shop = await openShop();
    const headers = { "Idempotency-Key": "no" };
    shop.bank.detour(refuse);
    const first = await create(shop, {}, headers);
    expect(first.status).toBe(422);
    expect(first.body.error).toMatchObject({
      outcome: "none",
      message: expect.stringContaining("apply for it in the merchant console"),
      details: { channel: { name: "wechat", code: "NO_AUTH", message: "商户无权限" } },
    });
    shop.bank.detour(null);
    const again = await create(shop, {}, headers);
    expect(again.body.error).toEqual(first.body.error);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    const id = first.body.error.details.payment_intent;
    expect((await read(shop, id)).body).toMatchObject({ status: "failed", next_action: null });
    expect(await eventsOf(id)).toEqual(["payment_intent.created", "payment_intent.failed"]);
  });
});

describe("callbacks", () => {
  it("pay it once, however often and in whatever order they come", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    shop.bank.pay(body.id);
    const replies = await Promise.all([1, 2, 3].map(() => shop.bank.callback(body.id)));
    expect(replies.map(({ status }) => status)).toEqual([204, 204, 204]);
    expect((await read(shop, body.id)).body).toMatchObject({ status: "succeeded", sequence: 3 });
    expect(await eventsOf(body.id)).toEqual([
      "payment_intent.created",
      "payment_intent.qr_generated",
      "payment_intent.succeeded",
    ]);
    await projected(body.id, 3);
    await vi.waitFor(async () => expect(await feedOf(body.id)).toHaveLength(3));
  });

  it("before the reply to the order: paid, and the late reply changes nothing", async ({
    expect,
  }) => {
    const shop = await openShop();
    shop.bank.detour(async (request, bank) => {
      const { out_trade_no: id } = JSON.parse(await request.clone().text());
      const reply = await bank();
      shop.bank.pay(id);
      expect((await shop.bank.callback(id)).status).toBe(204);
      return reply;
    });
    const { status, body } = await create(shop);
    expect(status).toBe(201);
    expect(body).toMatchObject({ status: "succeeded", next_action: null });
    expect(await eventsOf(body.id)).toEqual(["payment_intent.created", "payment_intent.succeeded"]);
  });

  it.for([
    ["another amount", { value: 698 }],
    ["a forged signature", { flaw: "wrong_signature" }],
  ] as const)("with %s are refused and change nothing", async ([, changes], { expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    shop.bank.pay(body.id);
    const reply = await shop.bank.callback(body.id, changes);
    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(await reply.json()).toMatchObject({ code: "FAIL" });
    expect((await read(shop, body.id)).body).toMatchObject({ status: "qr_generated", sequence: 2 });
    // The truth is found by asking.
    expect((await act(shop, body.id, "sync")).body.status).toBe("succeeded");
  });

  it("for another account's order are forgeries here, however well signed", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    const stolen: PaymentReport = {
      paymentId: body.id,
      state: "paid",
      amount: { currency: "CNY", value: 699 },
      channelTransactionId: "1",
      paidAt: 1,
      channelStatus: "SUCCESS",
    };
    const outcome = await intentStub(body.id).report("ca_other", stolen, {
      requestId: null,
      traceparent: "",
    });
    expect(outcome).toEqual({ ok: false, error: "unknown order" });
    expect((await read(shop, body.id)).body.status).toBe("qr_generated");
  });

  it("for orders and accounts that do not exist are refused and store nothing", async ({
    expect,
  }) => {
    const id = `pi_${"7".repeat(26)}`;
    const before = await runInDurableObject(
      intentStub(id),
      (_, state) => state.storage.sql.databaseSize,
    );
    expect(await intentStub(id).get()).toBeNull();
    const after = await runInDurableObject(
      intentStub(id),
      (_, state) => state.storage.sql.databaseSize,
    );
    expect(after).toBe(before);
    const unknown = await api("POST", `/v1/callbacks/wechat/ca_${"0".repeat(26)}`, { body: {} });
    expect(unknown.body.error.code).toBe("CHANNEL_ACCOUNT_NOT_FOUND");
  });

  it("a lost one is healed by the alarm", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    shop.bank.pay(body.id);
    await letAsk(body.id);
    expect((await read(shop, body.id)).body.status).toBe("succeeded");
  });
});

describe("cancelling", () => {
  it("asks, closes and asks again, in this order", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    shop.bank.seen.length = 0;
    const { status, body: cancelled } = await act(shop, body.id, "cancel");
    expect(status).toBe(200);
    expect(cancelled).toMatchObject({ status: "cancelled", next_action: null });
    // Other payments' alarms may fire meanwhile.
    const own = shop.bank.seen.filter(({ path }) => path.includes(body.id));
    expect(own.map(({ path }) => path.split("?")[0]?.split("/").at(-1))).toEqual([
      body.id,
      "close",
      body.id,
    ]);
    expect((await act(shop, body.id, "cancel")).body).toEqual(cancelled);
  });

  it("a buyer who was faster is not lost", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    shop.bank.pay(body.id);
    const refused = await act(shop, body.id, "cancel");
    expect(refused).toMatchObject({
      status: 409,
      body: { error: { code: "INVALID_STATE", details: { status: "succeeded" } } },
    });
    expect((await eventsOf(body.id)).at(-1)).toBe("payment_intent.succeeded");
  });

  it("racing with the payment's callback ends in one state only", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    const held = gate();
    shop.bank.detour(held.road);
    const cancelling = act(shop, body.id, "cancel");
    await held.reached;
    shop.bank.pay(body.id);
    const [, reply] = [held.open(), await shop.bank.callback(body.id)];
    shop.bank.detour(null);
    expect(reply.status).toBe(204);
    expect((await cancelling).status).toBe(409);
    expect((await read(shop, body.id)).body.status).toBe("succeeded");
    expect(await eventsOf(body.id)).not.toContain("payment_intent.cancelled");
  });

  it("while the order is still on its way waits for it", async ({ expect }) => {
    const shop = await openShop();
    const held = gate();
    const ids: string[] = [];
    shop.bank.detour(async (request, bank) => {
      ids.push(JSON.parse(await request.clone().text()).out_trade_no);
      return held.road(request, bank);
    });
    const creating = create(shop);
    await held.reached;
    const [id = ""] = ids;
    const cancelling = act(shop, id, "cancel");
    shop.bank.detour(null);
    held.open();
    expect((await creating).body.id).toBe(id);
    expect((await cancelling).body).toMatchObject({ status: "cancelled" });
    expect(shop.bank.orders.find(id)?.state).toBe("closed");
  });

  it("with a silent channel is 202 and goes on by itself", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    shop.bank.detour(timeout);
    const open = await act(shop, body.id, "cancel");
    expect(open).toMatchObject({
      status: 202,
      body: { status: "qr_generated", next_action: { type: "wait" } },
    });
    shop.bank.detour(null);
    await letAsk(body.id);
    expect((await read(shop, body.id)).body.status).toBe("cancelled");
  });

  it("repeats with a key give the first answer; another body is refused", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    const headers = { "Idempotency-Key": "cancel-1" };
    const first = await act(shop, body.id, "cancel", headers);
    const again = await act(shop, body.id, "cancel", headers);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    const other = await api("POST", `/v1/payment-intents/${body.id}/cancel`, {
      key: shop.merchant.live,
      headers,
      body: { reason: "x" },
    });
    // There is nothing to say beside the path: a body with fields is refused before the key counts.
    expect(other.body.error.code).toBe("INVALID_REQUEST");
  });
});

describe("expiry", () => {
  it("comes after the channel was asked, told to close and asked again", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    await letExpire(body.id);
    expect((await read(shop, body.id)).body).toMatchObject({
      status: "expired",
      next_action: null,
    });
    expect(shop.bank.orders.find(body.id)?.state).toBe("closed");
    expect((await eventsOf(body.id)).at(-1)).toBe("payment_intent.expired");
  });

  it("a payment after it is late: accepted by proof, marked, one event", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    await letExpire(body.id);
    shop.bank.pay(body.id);
    await shop.bank.callback(body.id);
    await shop.bank.callback(body.id);
    expect((await read(shop, body.id)).body).toMatchObject({ status: "succeeded", late: true });
    const types = await eventsOf(body.id);
    expect(types.filter((type) => type === "payment_intent.succeeded")).toHaveLength(1);
    await projected(body.id, 4);
  });

  it("the last-second payer wins over the clock", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    shop.bank.pay(body.id);
    await letExpire(body.id);
    const paid = (await read(shop, body.id)).body;
    expect(paid.status).toBe("succeeded");
    expect(paid.late).toBeUndefined();
  });
});

describe("sync", () => {
  it("asks now, and says so when the channel is silent", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    shop.bank.detour(timeout);
    expect(await act(shop, body.id, "sync")).toMatchObject({
      status: 504,
      body: { error: { code: "CHANNEL_TIMEOUT", outcome: "unknown", retryable: true } },
    });
    shop.bank.detour(null);
    shop.bank.pay(body.id);
    expect((await act(shop, body.id, "sync")).body.status).toBe("succeeded");
  });
});

describe("the copy in D1", () => {
  it("never goes back, and can be made again from the objects", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    shop.bank.pay(body.id);
    await shop.bank.callback(body.id);
    const row = await projected(body.id, 3);
    await env.DB.prepare("DELETE FROM payment_intents WHERE id = ?").bind(body.id).run();
    await intentStub(body.id).republish();
    expect(await projected(body.id, 3)).toEqual(row);
    // The feed gets nothing twice.
    await vi.waitFor(async () => expect(await feedOf(body.id)).toHaveLength(3));
  });

  it("waits while D1 is down, and catches up by the alarm", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    await projected(body.id, 2);
    const down = vi.spyOn(env.EVENTS, "send").mockRejectedValue(new Error("queue is down"));
    shop.bank.pay(body.id);
    await shop.bank.callback(body.id);
    expect((await read(shop, body.id)).body.status).toBe("succeeded");
    await vi.waitFor(() => expect(down).toHaveBeenCalled()).catch(() => undefined);
    down.mockRestore();
    await intentStub(body.id).wake();
    await projected(body.id, 3);
    await vi.waitFor(async () => expect(await feedOf(body.id)).toHaveLength(3));
  });
});
