/** Corners of a payment's life: calls that meet, alarms that were lost, and money given back. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, it, vi } from "vitest";

import { IN_FLIGHT_WAIT_MS } from "../../src/constants.ts";
import type { Answer } from "../../src/intent/answers.ts";
import { PaymentLife } from "../../src/intent/life.ts";
import type { CreateRequest } from "../../src/intent/reserve.ts";
import type { PublishedEvents } from "../../src/messages.ts";
import { type ChannelAccountRow, findChannelAccount } from "../../src/store/channel-accounts.ts";
import { database } from "../../src/store/db.ts";
import { type AlipayShop, openAlipayShop } from "./alipay-shop.ts";
import { Mortal, mortalLife } from "./crash.ts";
import {
  api,
  creates,
  eventsOf,
  feedOf,
  intentStub,
  projected,
  seenOf,
  wechatPayment,
  type Shop,
  liveTerms,
  TRACE,
  openShop,
  gate,
} from "./kit.ts";

const timeout = () => Promise.reject(new DOMException("timed out", "TimeoutError"));

const create = ({ merchant }: Pick<Shop, "merchant">, headers: Record<string, string> = {}) =>
  api("POST", "/v1/payment-intents", { key: merchant.live, body: wechatPayment(), headers });

const read = ({ merchant }: Pick<Shop, "merchant">, id: string) =>
  api("GET", `/v1/payment-intents/${id}`, { key: merchant.live });

const cancel = ({ merchant }: Pick<Shop, "merchant">, id: string) =>
  api("POST", `/v1/payment-intents/${id}/cancel`, { key: merchant.live });

const sql = (id: string, statement: string, ...values: SqlStorageValue[]) =>
  runInDurableObject(intentStub(id), (_, state) =>
    state.storage.sql.exec(statement, ...values).toArray(),
  );

const rowOf = async (id: string) => (await sql(id, "SELECT * FROM intent"))[0] ?? {};

const alarmOf = (id: string) =>
  runInDurableObject(intentStub(id), (_, state) => state.storage.getAlarm());

/** Lets the object believe that its deadline has passed, and its alarm come. */
async function letExpire(id: string): Promise<void> {
  await sql(id, "UPDATE intent SET expires_at = ?, ask_at = 1", Date.now() - 1);
  await runDurableObjectAlarm(intentStub(id));
}

/** Lets the next asking be due now. */
async function letAsk(id: string): Promise<void> {
  await sql(id, "UPDATE intent SET ask_at = 1");
  await runDurableObjectAlarm(intentStub(id));
}

/** What the routes hand to a payment's object. */
async function requestFor({
  merchant,
  bank,
}: Shop): Promise<{ request: CreateRequest; account: ChannelAccountRow }> {
  const account = await findChannelAccount(database(env.DB), bank.account);
  if (account === null) throw new Error("no account");
  const terms = liveTerms(merchant, account);
  const request: CreateRequest = {
    terms,
    amount: { currency: "CNY", value: 699 },
    method: "qr",
    expiresIn: 900,
    fingerprint: "f",
    orderKeeper: null,
    trace: TRACE,
  };
  return { request, account };
}

describe("the one alarm", () => {
  it("is set anew for a late payment that cannot be published at once", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    await letExpire(body.id);
    await projected(body.id, 3);
    // The last one comes and finds nothing to do; its time stays in the row, and it passes.
    while (await runDurableObjectAlarm(intentStub(body.id)));
    await sql(body.id, "UPDATE intent SET alarm_at = ?", Date.now() - 1_000);
    await evictDurableObject(intentStub(body.id));

    const down = vi.spyOn(env.EVENTS, "send").mockRejectedValue(new Error("queue is down"));
    shop.bank.pay(body.id);
    expect((await shop.bank.callback(body.id)).status).toBe(204);
    await vi.waitFor(async () => {
      expect(await rowOf(body.id)).toMatchObject({
        sequence: 4,
        published: 3,
        publish_failures: 1,
      });
    });
    expect(await alarmOf(body.id)).not.toBeNull();

    down.mockRestore();
    await runDurableObjectAlarm(intentStub(body.id));
    await projected(body.id, 4);
    await vi.waitFor(async () => {
      expect((await feedOf(body.id)).at(-1)?.type).toBe("payment_intent.succeeded");
    });
  });

  it("that the runtime dropped is set again when the sweeper looks", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    await projected(body.id, 2);
    await sql(body.id, "UPDATE intent SET alarm_at = ?", Date.now() - 3_600_000);
    await runInDurableObject(intentStub(body.id), (_, state) => state.storage.deleteAlarm());
    shop.bank.detour(timeout);
    await intentStub(body.id).wake();
    expect(await alarmOf(body.id)).toBe((await rowOf(body.id))["ask_at"]);
  });

  it("of an expiry asks a silent channel once, and again only after a while", async ({
    expect,
  }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    await projected(body.id, 2);
    let calls = 0;
    shop.bank.detour(() => {
      calls += 1;
      return timeout();
    });
    const deadline = Date.now() - 1_000;
    await sql(body.id, "UPDATE intent SET expires_at = ?, ask_at = ?", deadline, deadline);
    await runDurableObjectAlarm(intentStub(body.id));
    const row = await rowOf(body.id);
    expect(row).toMatchObject({ closing: "expire", asks: 1 });
    expect(Number(row["ask_at"])).toBeGreaterThan(deadline + 5_000);
    // Not the deadline, which has passed: that alarm would come at once, for ever.
    expect(await alarmOf(body.id)).toBe(row["ask_at"]);
    expect(calls).toBe(1);
  });

  it("tells of a payment that ended before any channel heard of it", async ({ expect }) => {
    const shop = await openShop();
    const { request, account } = await requestFor(shop);
    const { id } = request.terms;
    const mortal = new Mortal(Infinity);
    shop.bank.detour(() => {
      // The process dies while the order is on its way, which it never was.
      mortal.steps = Infinity;
      return timeout();
    });
    await runInDurableObject(intentStub(id), async (_, state) => {
      const { life, settled } = mortalLife(state.storage, env, mortal);
      await expect(life.create(request, [account])).rejects.toThrow("dead");
      await settled();
    });
    shop.bank.detour(null);
    const down = vi.spyOn(env.EVENTS, "send").mockRejectedValue(new Error("queue is down"));
    await letExpire(id);
    expect(await rowOf(id)).toMatchObject({
      status: "expired",
      order_known: "unsent",
      published: 0,
      publish_failures: 1,
    });
    expect(await alarmOf(id)).not.toBeNull();

    down.mockRestore();
    await runDurableObjectAlarm(intentStub(id));
    expect(await projected(id, 2)).toMatchObject({ status: "expired", deadline: null });
    await vi.waitFor(async () => {
      expect((await feedOf(id)).map(({ type }) => type)).toEqual([
        "payment_intent.created",
        "payment_intent.expired",
      ]);
    });
    expect(creates(shop.bank)).toHaveLength(0);
  });
});

describe("a repeat of create", () => {
  it("orders nothing for a payment that is just being cancelled", async ({ expect }) => {
    const shop = await openShop();
    const headers = { "Idempotency-Key": "race" };
    shop.bank.detour(timeout);
    const { body } = await create(shop, headers);
    const held = gate();
    let questions = 0;
    shop.bank.detour(async (request, bank) => {
      const reply = await bank();
      // The last word of the cancel, query, close, query, is still under way.
      const isLast = request.method === "GET" && (questions += 1) === 2;
      return isLast ? held.road(request, () => Promise.resolve(reply)) : reply;
    });
    const cancelling = cancel(shop, body.id);
    await held.reached;
    const again = await create(shop, headers);
    expect(again.body).toMatchObject({ id: body.id, qr: null, next_action: { type: "wait" } });
    held.open();
    expect((await cancelling).body.status).toBe("cancelled");
    expect(creates(shop.bank)).toHaveLength(0);
  });

  it("orders nothing for a payment whose cancel the channel has not confirmed", async ({
    expect,
  }) => {
    const shop = await openShop();
    const headers = { "Idempotency-Key": "wish" };
    shop.bank.detour(timeout);
    const { body } = await create(shop, headers);
    expect((await cancel(shop, body.id)).status).toBe(202);
    shop.bank.detour(null);
    const again = await create(shop, headers);
    expect(again.body).toMatchObject({ id: body.id, qr: null, next_action: { type: "wait" } });
    await letAsk(body.id);
    expect((await read(shop, body.id)).body.status).toBe("cancelled");
    expect(creates(shop.bank)).toHaveLength(0);
  });

  it("is answered as the first also when its account was disabled meanwhile", async ({
    expect,
  }) => {
    const shop = await openShop();
    const headers = { "Idempotency-Key": "disabled" };
    const first = await create(shop, headers);
    await api("PATCH", `/v1/channel-accounts/${shop.bank.account}`, {
      key: shop.merchant.live,
      body: { status: "disabled" },
    });
    expect((await create(shop, { "Idempotency-Key": "new" })).body.error.code).toBe(
      "CHANNEL_NOT_CONFIGURED",
    );
    const again = await create(shop, headers);
    expect([again.status, again.body]).toEqual([first.status, first.body]);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    expect(creates(shop.bank)).toHaveLength(1);
  });

  it("twenty at once after an unknown outcome: one question, one order", async ({ expect }) => {
    const shop = await openShop();
    shop.bank.detour(timeout);
    const { body } = await create(shop);
    const fingerprint = String((await rowOf(body.id))["fingerprint"]);
    const held = gate();
    shop.bank.detour(held.road);
    shop.bank.seen.length = 0;
    const stub = intentStub(body.id);
    const repeats = Array.from({ length: 20 }, () => stub.replay(fingerprint, TRACE));
    // Calls of one stub arrive in order: behind this one, all repeats are in.
    await stub.get();
    await held.reached;
    held.open();
    const answers = await Promise.all(repeats);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ kind: "object", status: 201 });
    expect(seenOf(shop.bank, body.id).map(({ path }) => path.split("?")[0])).toEqual([
      `/v3/pay/transactions/out-trade-no/${body.id}`,
      "/v3/pay/transactions/native",
    ]);
  });
});

describe("a channel slower than the wait", () => {
  it("the first request is told the id, a repeat that it still runs", async ({ expect }) => {
    const shop = await openShop();
    const { request, account } = await requestFor(shop);
    const held = gate();
    shop.bank.detour(held.road);
    const { id } = request.terms;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const first = intentStub(id).create(request, [account]);
      await held.reached;
      const stub = intentStub(id);
      const again = stub.create(request, [account]);
      await stub.get();
      // Inside the object, whose timers these are.
      await runInDurableObject(stub, () => void vi.advanceTimersByTime(IN_FLIGHT_WAIT_MS));
      const answers = await Promise.all([first, again]);
      expect(answers).toMatchObject([
        { kind: "object", status: 201, replayed: false },
        { kind: "failure", failure: { code: "IDEMPOTENCY_IN_FLIGHT" } },
      ]);
      expect(JSON.parse(bodyOf(answers[0]))).toMatchObject({
        id,
        status: "pending",
        next_action: { type: "wait" },
      });
    } finally {
      vi.useRealTimers();
      held.open();
    }
  });
});

const bodyOf = (answer: Answer): string => (answer.kind === "object" ? answer.body : "null");

describe("an order number that was lost", () => {
  it("takes back its own reservation, not the one that came after it", async ({ expect }) => {
    const shop = await openShop();
    const { request, account } = await requestFor(shop);
    const { id } = request.terms;
    const wish = (fingerprint: string, orderKeeper: string): CreateRequest => ({
      ...request,
      fingerprint,
      orderKeeper,
    });
    await runInDurableObject(intentStub(id), async (_, state) => {
      const asked: ((holder: string) => void)[] = [];
      const keeper = {
        keepOrder: () => new Promise<string>((answer) => void asked.push(answer)),
      };
      const life = new PaymentLife({
        storage: state.storage,
        env: new Proxy(env, {
          get: (target, name) =>
            name === "INTENTS" ? { getByName: () => keeper } : Reflect.get(target, name),
        }),
        waitUntil: () => undefined,
      });
      const [first, joined] = [
        life.create(wish("a", "one"), [account]),
        life.create(wish("a", "one"), [account]),
      ];
      await vi.waitFor(() => expect(asked).toHaveLength(2));
      asked[0]?.("pi_other");
      const lost = { kind: "failure", failure: { code: "DUPLICATE_ORDER" } };
      expect(await first).toMatchObject(lost);
      // The key is free again, and used for another order, before the second answer is here.
      const next = life.create(wish("b", "two"), [account]);
      await vi.waitFor(() => expect(asked).toHaveLength(3));
      asked[1]?.("pi_other");
      expect(await joined).toMatchObject(lost);
      asked[2]?.(id);
      expect(await next).toMatchObject({ kind: "object", status: 201 });
    });
    expect(creates(shop.bank)).toHaveLength(1);
  });
});

describe("syncs", () => {
  it("twenty at once are one question", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    const held = gate();
    shop.bank.detour(held.road);
    shop.bank.seen.length = 0;
    const stub = intentStub(body.id);
    const owner = { merchantId: shop.merchant.id, livemode: true };
    const syncs = Array.from({ length: 20 }, () => stub.sync(owner, null, TRACE));
    await stub.get();
    await held.reached;
    held.open();
    const answers = await Promise.all(syncs);
    expect(answers.map((answer) => answer.kind)).toEqual(Array(20).fill("object"));
    expect(seenOf(shop.bank, body.id)).toHaveLength(1);
  });
});

describe("publishing again", () => {
  it("tells everything, also when a publication is under way", async ({ expect }) => {
    const shop = await openShop();
    const { body } = await create(shop);
    await projected(body.id, 2);
    const send = env.EVENTS.send.bind(env.EVENTS);
    const reached = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    const sent: string[][] = [];
    vi.spyOn(env.EVENTS, "send").mockImplementation(async (message) => {
      sent.push((message as PublishedEvents).events.map(({ type }) => type));
      reached.resolve();
      await opened.promise;
      return send(message);
    });
    shop.bank.pay(body.id);
    await shop.bank.callback(body.id);
    await reached.promise;
    const stub = intentStub(body.id);
    const again = stub.republish();
    // Calls of one stub arrive in order: it has begun.
    await stub.get();
    opened.resolve();
    expect(await again).toBe(true);
    const all = await eventsOf(body.id);
    expect(all).toHaveLength(3);
    expect(sent).toEqual([["payment_intent.succeeded"], all]);
    await projected(body.id, 3);
  });
});

describe("cancelling a code of Alipay that nobody has scanned", () => {
  const createCode = async ({ merchant }: AlipayShop): Promise<string> => {
    const { status, body } = await api("POST", "/v1/payment-intents", {
      key: merchant.live,
      body: wechatPayment({ channel: "alipay" }),
    });
    if (status !== 201) throw new Error(`no payment: ${JSON.stringify(body)}`);
    return body.id;
  };

  it("is not done while nobody knows whether Alipay heard it", async ({ expect }) => {
    const shop = await openAlipayShop();
    const id = await createCode(shop);
    shop.detour(({ method, arrive }) => (method === "alipay.trade.cancel" ? timeout() : arrive()));
    // The code still lives: "no such trade" only says that nobody has scanned it yet.
    const open = await cancel(shop, id);
    expect(open).toMatchObject({
      status: 202,
      body: { status: "qr_generated", next_action: { type: "wait" } },
    });
    expect(shop.called).toContain("alipay.trade.cancel");
    expect(shop.find(id)?.state).toBe("open");
    shop.detour(null);
    await letAsk(id);
    expect((await read(shop, id)).body.status).toBe("cancelled");
    expect(shop.find(id)?.state).toBe("closed");
  });

  it("that paid and got the money back, the answer lost: cancelled", async ({ expect }) => {
    const shop = await openAlipayShop();
    const id = await createCode(shop);
    shop.detour(({ method, arrive }) => {
      if (method !== "alipay.trade.cancel") return arrive();
      // The buyer pays between our close and our cancel, and the cancel gives it back.
      shop.pay(id);
      shop.giveBack(id);
      return timeout();
    });
    const { status, body } = await cancel(shop, id);
    expect([status, body.status]).toEqual([200, "cancelled"]);
    expect(await eventsOf(id)).toEqual([
      "payment_intent.created",
      "payment_intent.qr_generated",
      "payment_intent.cancelled",
    ]);
  });

  it("whose notice of payment overtakes it: succeeded, shown as given back, and logged", async ({
    expect,
  }) => {
    const shop = await openAlipayShop();
    const id = await createCode(shop);
    const lines: string[] = [];
    vi.spyOn(console, "log").mockImplementation((line: unknown) => void lines.push(String(line)));
    const level = env.LOG_LEVEL;
    Object.assign(env, { LOG_LEVEL: "error" });
    try {
      shop.detour(async ({ method, parameters, arrive }) => {
        if (method !== "alipay.trade.cancel") return arrive();
        shop.pay(id);
        expect((await shop.notice(id)).status).toBe(200);
        shop.giveBack(id);
        return shop.refundAnswer(id, parameters);
      });
      expect(await cancel(shop, id)).toMatchObject({
        status: 409,
        body: { error: { code: "INVALID_STATE", details: { status: "succeeded" } } },
      });
    } finally {
      Object.assign(env, { LOG_LEVEL: level });
    }
    const after = (await read(shop, id)).body;
    expect(after).toMatchObject({
      status: "succeeded",
      amount: { currency: "CNY", value: 699 },
      amount_refunded: { currency: "CNY", value: 699 },
      sequence: 6,
    });
    // Lists show it too, no second success was told, and the money that went is a refund.
    const copy = await projected(id, 6);
    expect(JSON.parse(String(copy["snapshot"]))).toEqual(after);
    expect((await eventsOf(id)).slice(-3)).toEqual([
      "payment_intent.succeeded",
      "refund.created",
      "refund.succeeded",
    ]);
    const refunds = await api("GET", `/v1/refunds?payment_intent=${id}`, {
      key: shop.merchant.live,
    });
    expect(refunds.body.data).toMatchObject([
      { origin: "channel", status: "succeeded", amount: { currency: "CNY", value: 699 } },
    ]);
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: "error", event: "payment.given_back", intent: id }),
    );
  });
});
