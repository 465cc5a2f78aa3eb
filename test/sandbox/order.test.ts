import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, it, vi } from "vitest";

import worker from "../../src/index.ts";
import type { NewOrder } from "../../src/sandbox/order.ts";
import type { FaultScript } from "../../src/sandbox/simulator.ts";

/** What the gateway was sent, and what it answers. Nothing of it leaves the process. */
const gateway = {
  received: [] as { url: string; body: string; headers: Headers }[],
  answer: (_attempt: number): Response | Promise<Response> => new Response(),
};

const accept = (channel: string): Response =>
  channel === "alipay" ? new Response("success") : new Response(null, { status: 204 });

beforeEach(() => {
  gateway.received = [];
  vi.spyOn(worker, "fetch").mockImplementation(async (request: Request) => {
    const { url, headers } = request;
    gateway.received.push({ url, headers, body: await request.text() });
    return gateway.answer(gateway.received.length);
  });
});

let serial = 0;

function anOrder(channel: string, change: Partial<NewOrder> = {}) {
  serial += 1;
  const order: NewOrder = {
    channel,
    merchant: "1900000001",
    orderNumber: `pi_order_${channel}_${serial}`,
    parameters: '{"total":699}',
    currency: "CNY",
    value: 699,
    notifyUrl: `https://pay.example/v1/callbacks/${channel}/ca_${serial}`,
    expiresAt: null,
    ...change,
  };
  const stub = env.SANDBOX_ORDERS.getByName(`${channel}:${order.merchant}:${order.orderNumber}`);
  gateway.answer = () => accept(channel);
  return { order, stub };
}

async function ordered(
  channel: string,
  script: FaultScript | null = null,
  change: Partial<NewOrder> = {},
) {
  const made = anOrder(channel, change);
  const { answer } = await made.stub.create(made.order, script);
  if (answer?.kind !== "created") throw new Error("the order was not made");
  return made;
}

/** The channel's own id of a notification. */
const notificationId = (body: string): string =>
  /^\{.*"id":"(?<id>[^"]+)"/.exec(body)?.groups?.["id"] ??
  new URLSearchParams(body).get("notify_id") ??
  "";

const PAST = 1_600_000_000_000;

describe.for(["wechat", "alipay"])("an order at the simulated %s", (channel) => {
  it("is made once: same, conflict, paid, closed", async ({ expect }) => {
    const { order, stub } = anOrder(channel);
    const first = await stub.create(order, null);
    expect(first.fault).toBe("none");
    expect(first.answer).toMatchObject({
      kind: "created",
      order: { ...order, state: "open", transactionId: null, paidAt: null },
    });
    expect((await stub.create(order, null)).answer?.kind).toBe("same");
    const other = { ...order, parameters: '{"total":700}', value: 700 };
    const conflict = await stub.create(other, null);
    expect(conflict.answer).toMatchObject({ kind: "conflict", order: { value: 699 } });
    await stub.buyer("pay");
    expect((await stub.create(order, null)).answer?.kind).toBe("already_paid");

    const second = await ordered(channel);
    expect(await second.stub.close()).toMatchObject({ state: "closed" });
    expect((await second.stub.create(second.order, null)).answer?.kind).toBe("already_closed");
  });

  it("is unknown before it is made, and asking leaves nothing behind", async ({ expect }) => {
    const { stub } = anOrder(channel);
    expect(await stub.find()).toBeNull();
    expect(await stub.close()).toBeNull();
    expect(await stub.wallet()).toBeNull();
    for (const action of ["pay", "scan", "decline", "close"] as const) {
      const result = await stub.buyer(action);
      expect(result).toMatchObject({ ok: false, error: expect.stringContaining("does not know") });
    }
    const tables = await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name IN ('trade')").toArray(),
    );
    expect(tables).toEqual([]);
  });

  it("paying posts the callback to notify_url and answers after it", async ({ expect }) => {
    const { order, stub } = await ordered(channel);
    const result = await stub.buyer("pay");
    expect(result).toMatchObject({
      ok: true,
      value: {
        order: { state: "paid" },
        declined: false,
        callbacks: [{ flaw: null, attempts: 1, acknowledged: true }],
      },
    });
    expect(gateway.received.map(({ url }) => url)).toEqual([order.notifyUrl]);
    expect(await stub.find()).toMatchObject({
      state: "paid",
      transactionId: expect.stringMatching(/^20\d{26}$/),
      paidAt: expect.any(Number),
    });
    expect(await runDurableObjectAlarm(stub)).toBe(false);
  });

  it("paying twice is one payment and one callback", async ({ expect }) => {
    const { stub } = await ordered(channel);
    const [first, second] = await Promise.all([stub.buyer("pay"), stub.buyer("pay")]);
    expect([first.ok, second.ok]).toEqual([true, true]);
    const paid = await stub.find();
    await stub.buyer("pay");
    expect(await stub.find()).toEqual(paid);
    expect(gateway.received).toHaveLength(1);
  });

  it("scanning makes a trade; declining leaves it payable", async ({ expect }) => {
    const { stub } = await ordered(channel);
    await stub.buyer("scan");
    const scanned = await stub.find();
    expect(scanned).toMatchObject({ state: "scanned", transactionId: expect.any(String) });
    const declined = await stub.buyer("decline");
    expect(declined).toMatchObject({ ok: true, value: { declined: true } });
    expect(await stub.find()).toEqual(scanned);
    expect(gateway.received).toEqual([]);
    expect((await stub.buyer("pay")).ok).toBe(true);
    expect(await stub.find()).toMatchObject({
      state: "paid",
      transactionId: scanned?.transactionId ?? "",
    });
  });

  it("a closed order is dead, a paid one cannot be closed", async ({ expect }) => {
    const closed = await ordered(channel);
    expect((await closed.stub.buyer("close")).ok).toBe(true);
    for (const action of ["pay", "scan", "decline"] as const) {
      expect(await closed.stub.buyer(action)).toMatchObject({ ok: false });
    }
    expect(await closed.stub.find()).toMatchObject({ state: "closed", paidAt: null });

    const paid = await ordered(channel);
    await paid.stub.buyer("pay");
    expect(await paid.stub.buyer("close")).toMatchObject({ ok: false });
    expect(await paid.stub.buyer("scan")).toMatchObject({ ok: false });
    expect(await paid.stub.close()).toMatchObject({ state: "paid" });
    expect(await paid.stub.find()).toMatchObject({ state: "paid" });
  });

  it("an order that ran out is closed", async ({ expect }) => {
    const { order, stub } = anOrder(channel, { expiresAt: PAST });
    await stub.create(order, null);
    expect(await stub.find()).toMatchObject({ state: "closed" });
    expect(await stub.buyer("pay")).toMatchObject({
      ok: false,
      error: expect.stringContaining("expired"),
    });
    expect(gateway.received).toEqual([]);
  });

  it("repeats a refused callback under the same id until it is taken", async ({ expect }) => {
    const { stub } = await ordered(channel);
    gateway.answer = (attempt) =>
      attempt < 4 ? new Response("busy", { status: 500 }) : accept(channel);
    const paid = await stub.buyer("pay");
    expect(paid).toMatchObject({
      ok: true,
      value: { callbacks: [{ attempts: 1, status: 500, acknowledged: false }] },
    });
    await evictDurableObject(stub);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await runDurableObjectAlarm(stub)).toBe(false);
    expect(gateway.received).toHaveLength(4);
    expect(new Set(gateway.received.map(({ body }) => notificationId(body))).size).toBe(1);
    expect(await stub.wallet()).toMatchObject({
      callbacks: [{ attempts: 4, acknowledged: true }],
    });
  });

  it("plans the repeats as the channel documents them, then gives up", async ({ expect }) => {
    const { stub } = await ordered(channel);
    gateway.answer = () => new Response("no", { status: 400 });
    const gaps: number[] = [];
    const planned = () =>
      runInDurableObject(stub, async (_, { storage }) => {
        const at = await storage.getAlarm();
        return at === null ? null : (at - Date.now()) / 1_000;
      });
    // The clock stands, so that the gaps are exact, and ahead, so that no alarm comes by itself.
    vi.useFakeTimers({ now: Date.now() + 3_600_000, toFake: ["Date"] });
    try {
      await stub.buyer("pay");
      for (let gap = await planned(); gap !== null; gap = await planned()) {
        gaps.push(gap);
        await runDurableObjectAlarm(stub);
      }
    } finally {
      vi.useRealTimers();
    }
    expect(gaps).toEqual([
      15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600,
      21_600,
    ]);
    expect(gateway.received).toHaveLength(16);
  });

  it("a gateway that breaks or is killed gets the callback later", async ({ expect }) => {
    const { stub } = await ordered(channel);
    gateway.answer = () => Promise.reject(new Error("killed"));
    expect(await stub.buyer("pay")).toMatchObject({
      ok: true,
      value: { order: { state: "paid" }, callbacks: [{ acknowledged: false }] },
    });
    gateway.answer = () => accept(channel);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await stub.wallet()).toMatchObject({ callbacks: [{ acknowledged: true }] });
  });

  it("an object that dies while it sends has its alarm set already", async ({ expect }) => {
    const { stub } = await ordered(channel);
    const answer = Promise.withResolvers<Response>();
    gateway.answer = () => answer.promise;
    const paying = stub.buyer("pay");
    await vi.waitFor(() => expect(gateway.received).toHaveLength(1));
    const alarm = await runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
    answer.resolve(accept(channel));
    expect((await paying).ok).toBe(true);
    expect(alarm).toEqual(expect.any(Number));
  });
});

describe("what counts as an acknowledgement", () => {
  it.for([
    ["wechat", 200, "", true],
    ["wechat", 204, null, true],
    ["wechat", 200, '{"code":"SUCCESS"}', true],
    ["wechat", 202, "", false],
    ["wechat", 302, "", false],
    ["wechat", 401, "", false],
    ["wechat", 500, "", false],
    ["alipay", 200, "success", true],
    ["alipay", 200, "success\n", false],
    ["alipay", 200, "SUCCESS", false],
    ["alipay", 200, "", false],
    ["alipay", 200, "fail", false],
    ["alipay", 204, null, false],
    ["alipay", 500, "success", false],
  ] as const)("%s: %d %o is %o", async ([channel, status, body, taken], { expect }) => {
    const { stub } = await ordered(channel);
    gateway.answer = () => new Response(body, { status });
    expect(await stub.buyer("pay")).toMatchObject({
      ok: true,
      value: { callbacks: [{ status, acknowledged: taken }] },
    });
  });
});
