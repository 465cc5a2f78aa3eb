/**
 * Memory that is lost between any two steps, alarms and queue messages that are lost, and the
 * schedules that find what they left behind.
 */
import { afterAll, beforeAll, describe, it } from "vitest";

import type { Intent, ListOf } from "./kit/client.ts";
import { type Gateway, startGateway } from "./kit/gateway.ts";
import { type Receiver, startReceiver } from "./kit/receiver.ts";
import { until } from "./kit/until.ts";

const SWEEP = "*/5 * * * *";
const DELIVER = "* * * * *";
const HOUR_MS = 3_600_000;

let gateway: Gateway;
let receiver: Receiver;
let key: string;

beforeAll(async () => {
  [gateway, receiver] = await Promise.all([startGateway({ LOG_LEVEL: "silent" }), startReceiver()]);
  key = (await gateway.merchant("Survivor")).keys.test;
});

afterAll(async () => {
  await Promise.all([gateway.close(), receiver.close()]);
});

const order = (channel: string, sandbox?: string) =>
  gateway.client.create(
    key,
    {
      amount: { currency: "CNY", value: 88 },
      channel,
      ...(sandbox === undefined ? {} : { metadata: { sandbox } }),
    },
    `recovery ${crypto.randomUUID()}`,
  );

const read = async (id: string) => (await gateway.client.read(key, id)).body;

const reaches = (id: string, status: string, withinMs?: number) =>
  until(
    `${id} is ${status}`,
    async () => {
      const intent = await read(id);
      return intent.status === status ? intent : null;
    },
    withinMs,
  );

const listedAs = (id: string, status: string) =>
  until(`the copy of ${id} is ${status}`, async () => {
    const path = `/v1/payment-intents?status=${status}&limit=100`;
    const { body } = await gateway.client.call<ListOf<Intent>>("GET", path, { key });
    return body.data.find((intent) => intent.id === id) ?? null;
  });

describe.each(["wechat", "alipay"])("%s: an object that is evicted", (channel) => {
  it("between every two steps goes on as if nothing had been", async ({ expect }) => {
    const made = (await order(channel)).body;
    await gateway.evict(made.id);
    expect(await read(made.id)).toEqual(made);
    await gateway.evict(made.id);
    expect((await gateway.client.call("GET", `/v1/qr/${made.id}.svg`)).status).toBe(200);
    await gateway.evict(made.id);
    expect((await gateway.client.buyer(made.id, "pay")).body.callbacks).toMatchObject([
      { acknowledged: true },
    ]);
    await gateway.evict(made.id);
    const paid = await read(made.id);
    expect(paid.status).toBe("succeeded");
    expect(await listedAs(made.id, "succeeded")).toEqual(paid);
    await gateway.evict(made.id);
    expect((await gateway.client.sync(key, made.id)).body).toEqual(paid);
    const events = await gateway.client.eventsOf(key, made.id);
    expect(events.filter(({ type }) => type === "payment_intent.succeeded")).toHaveLength(1);
  });

  it("while the order's fate is unknown finds out by its alarm", async ({ expect }) => {
    const made = (await order(channel, "timeout_after_create")).body;
    expect(made.status).toBe("pending");
    await gateway.evict(made.id);
    const found = await reaches(made.id, "qr_generated", 30_000);
    expect(found.qr).not.toBeNull();
  });

  it("after an unpaid cancellation stays cancelled", async ({ expect }) => {
    const made = (await order(channel)).body;
    await gateway.client.cancel(key, made.id);
    await gateway.evict(made.id);
    expect((await read(made.id)).status).toBe("cancelled");
    expect((await gateway.client.buyer(made.id, "pay")).status).toBe(409);
  });
});

/** As if the deadline and the grace after it had passed, and the alarm had been dropped. */
async function overdue(id: string): Promise<void> {
  const past = Date.now() - HOUR_MS;
  // The copy is written in the background; the sweep can only find what is there.
  await listedAs(id, "qr_generated");
  await gateway.inObject(id, "UPDATE intent SET expires_at = ?, alarm_at = NULL", past);
  await gateway.inD1("UPDATE payment_intents SET deadline = ? WHERE id = ?", past, id);
  await gateway.evict(id);
}

describe.each(["wechat", "alipay"])("%s: the sweep", (channel) => {
  it("expires a payment whose alarm was lost", async ({ expect }) => {
    const { id } = (await order(channel)).body;
    await overdue(id);
    await gateway.cron(SWEEP);
    expect((await reaches(id, "expired")).next_action).toBeNull();
    await listedAs(id, "expired");
    const closed = await gateway.client.buyer(id, "pay");
    expect([404, 409], "closed at the channel too").toContain(closed.status);
    expect((await gateway.client.call("GET", `/v1/qr/${id}.svg`)).status).toBe(410);
  });

  it("asks before it expires: a paid one is not lost", async ({ expect }) => {
    const { id } = (await order(channel, "no_callback")).body;
    await gateway.client.buyer(id, "pay");
    await overdue(id);
    await gateway.cron(SWEEP);
    const paid = await reaches(id, "succeeded");
    expect(paid).not.toHaveProperty("late");
    const events = await until("the success is in the feed", async () => {
      const types = (await gateway.client.eventsOf(key, id)).map(({ type }) => type);
      return types.includes("payment_intent.succeeded") ? types : null;
    });
    expect(events).not.toContain("payment_intent.expired");
  });

  it("leaves payments alone that are not due", async ({ expect }) => {
    const made = (await order(channel)).body;
    await gateway.cron(SWEEP);
    expect(await read(made.id)).toEqual(made);
  });
});

interface DeliveryView {
  readonly state: string;
  readonly attempts: readonly { readonly status: number | null }[];
}

const deliveriesOf = async (endpoint: string) => {
  const path = `/v1/webhook-endpoints/${endpoint}/deliveries`;
  return (await gateway.client.call<ListOf<DeliveryView>>("GET", path, { key })).body.data;
};

const subscribe = async () => {
  const body = { url: receiver.url, enabled_events: ["payment_intent.cancelled"] };
  const made = await gateway.client.call<{ id: string }>("POST", "/v1/webhook-endpoints", {
    key,
    body,
  });
  return made.body.id;
};

describe("webhooks", () => {
  it("a failed delivery is tried again by itself, with the same id", async ({ expect }) => {
    const endpoint = await subscribe();
    const { id } = (await order("wechat")).body;
    receiver.answerNext({ status: 500 });
    await gateway.client.cancel(key, id);
    const both = await until(
      "the second attempt",
      () => {
        const seen = receiver.deliveries.filter(({ payment }) => payment === id);
        return seen.length >= 2 ? seen : null;
      },
      20_000,
    );
    expect(new Set(both.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(new Set(both.map(({ body }) => body)).size, "the same bytes").toBe(1);
    const [delivery] = await until("it is written down", async () => {
      const rows = await deliveriesOf(endpoint);
      return rows[0]?.state === "delivered" ? rows : null;
    });
    expect(delivery?.attempts.map(({ status }) => status)).toEqual([500, 200]);
    await gateway.client.call("DELETE", `/v1/webhook-endpoints/${endpoint}`, { key });
  });

  it("one whose queue message was lost is found by the minute's schedule", async ({ expect }) => {
    const endpoint = await subscribe();
    const { id } = (await order("alipay")).body;
    receiver.answerNext({ status: 503, headers: { "Retry-After": "3600" } });
    await gateway.client.cancel(key, id);
    await until("the first attempt is written down", async () => {
      const [row] = await deliveriesOf(endpoint);
      return row?.attempts.length === 1 ? row : null;
    });
    await gateway.cron(DELIVER);
    expect((await deliveriesOf(endpoint))[0], "not before its time").toMatchObject({
      state: "pending",
      attempts: [{ status: 503 }],
    });
    await gateway.inD1(
      "UPDATE webhook_deliveries SET next_attempt_at = ?, feed_at = 1 WHERE endpoint_id = ?",
      Date.now() - HOUR_MS,
      endpoint,
    );
    await gateway.cron(DELIVER);
    const delivered = await until("the delivery", async () => {
      const [row] = await deliveriesOf(endpoint);
      return row?.state === "delivered" ? row : null;
    });
    expect(delivered.attempts.map(({ status }) => status)).toEqual([503, 200]);
    await gateway.client.call("DELETE", `/v1/webhook-endpoints/${endpoint}`, { key });
  });
});
