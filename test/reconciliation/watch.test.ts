/** The continuous check: what is lost between an object, D1, the feed and the deliveries comes back. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, it, vi } from "vitest";

import { watchBooks } from "../../src/cron/watch.ts";
import type { Logger } from "../../src/log.ts";
import { randomId } from "../../src/ids.ts";
import { PER_RUN, RUN_EVERY_MS } from "../../src/reconciliation/watch-pace.ts";
import { payments, placesOf } from "../../src/reconciliation/watch-payments.ts";
import {
  api,
  intentStub,
  type Merchant,
  newMerchant,
  openBank,
  projected,
  wechatPayment,
} from "../intent/kit.ts";
import { db, paymentOf, plant } from "../store/payments.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const silent: Logger = () => {};

/** Later, when everything should have arrived. */
const inTenMinutes = () => Date.now() + 10 * MINUTE_MS;

const watch = (now = inTenMinutes(), log = silent) => watchBooks(env, now, log);

let shop: Merchant;
beforeAll(async () => {
  shop = await newMerchant();
});

const post = (path: string, body: unknown = {}) => api("POST", path, { key: shop.test, body });

const cny = (value: number) => ({ currency: "CNY", value });

/** Waits until D1 has all that the payment's object says; a later clock would call it lost. */
async function atRest(id: string): Promise<void> {
  const { sequence } = JSON.parse((await intentStub(id).get()) ?? "{}") as { sequence: number };
  await projected(id, sequence);
}

async function open(changes: Record<string, unknown> = {}): Promise<string> {
  const { body } = await post("/v1/payment-intents", wechatPayment(changes));
  await atRest(body.id);
  return body.id;
}

async function paid(changes: Record<string, unknown> = {}): Promise<string> {
  const id = await open(changes);
  await post(`/sandbox/payments/${id}/pay`);
  await atRest(id);
  return id;
}

async function refunded(payment: string): Promise<string> {
  const { body } = await post("/v1/refunds", { payment_intent: payment, amount: cny(100) });
  // The channel's callback about it may come after the answer.
  await vi.waitFor(async () => {
    const { body: now } = await api("GET", `/v1/refunds/${body.id}`, { key: shop.test });
    if (now.status !== "succeeded" && now.last_error === null) throw new Error("not yet");
  });
  await atRest(payment);
  return body.id;
}

const run = (sql: string, ...values: unknown[]) =>
  env.DB.prepare(sql)
    .bind(...values)
    .run();

const one = (sql: string, ...values: unknown[]) =>
  env.DB.prepare(sql)
    .bind(...values)
    .first();

const all = async (sql: string, ...values: unknown[]) =>
  (
    await env.DB.prepare(sql)
      .bind(...values)
      .all()
  ).results;

const eventsOf = async (id: string) =>
  (await all("SELECT id, type FROM events WHERE payload LIKE ? ORDER BY position", `%${id}%`)).map(
    ({ type }) => type,
  );

/** The queue brings what was sent again. */
const comesBack = (sql: string, ...values: unknown[]) =>
  vi.waitFor(
    async () => {
      const row = await one(sql, ...values);
      if (row === null) throw new Error("not yet");
      return row;
    },
    { timeout: 10_000, interval: 20 },
  );

const counts = async () =>
  one(`SELECT (SELECT count(*) FROM events) AS events,
    (SELECT count(*) FROM reconciliation_exceptions) AS exceptions,
    (SELECT count(*) FROM webhook_deliveries) AS deliveries`);

describe("healthy books", () => {
  it("are left as they are", async ({ expect }) => {
    const hook = { url: "http://127.0.0.1:4999/itpay", enabled_events: ["refund.succeeded"] };
    await post("/v1/webhook-endpoints", hook);
    await open();
    await refunded(await paid());
    await paid({ channel: "alipay" });
    const { body: cancelled } = await post(`/v1/payment-intents/${await open()}/cancel`);
    await projected(cancelled.id, cancelled.sequence);
    const before = await counts();
    const log = vi.fn<Logger>();
    expect(await watch(inTenMinutes(), log)).toBe(0);
    // Also before anything has had the time to arrive, and much later.
    expect(await watch(Date.now(), log)).toBe(0);
    expect(await watch(Date.now() + HOUR_MS, log)).toBe(0);
    expect(log.mock.calls).toEqual([]);
    expect(await counts()).toEqual(before);
  });
});

describe("a copy", () => {
  it("that is gone is made anew", async ({ expect }) => {
    const id = await paid();
    await run("DELETE FROM payment_intents WHERE id = ?", id);
    expect(await watch()).toBe(1);
    expect(await projected(id, 3)).toMatchObject({ status: "succeeded", value: 699 });
    expect(await watch()).toBe(0);
  });

  it("that has stayed behind catches up, with the events that it should have brought", async ({
    expect,
  }) => {
    const id = await paid();
    // The message of the payment's success was lost on its way.
    await run(
      "UPDATE payment_intents SET sequence = 2, status = 'qr_generated', deadline = ? WHERE id = ?",
      Date.now() + 20 * MINUTE_MS,
      id,
    );
    await run("DELETE FROM events WHERE payload LIKE ? AND type LIKE '%succeeded'", `%${id}%`);
    // It may still be on its way.
    expect(await watch(Date.now())).toBe(0);
    expect(await watch()).toBeGreaterThan(0);
    expect(await projected(id, 3)).toMatchObject({ status: "succeeded", deadline: null });
    expect(await eventsOf(id)).toContain("payment_intent.succeeded");
    expect(await watch()).toBe(0);
  });

  it("of a refund is watched as the payment's own", async ({ expect }) => {
    const [gone, old] = [await refunded(await paid()), await refunded(await paid())];
    await run("DELETE FROM refunds WHERE id = ?", gone);
    await run("UPDATE refunds SET sequence = 1, status = 'processing' WHERE id = ?", old);
    expect(await watch()).toBe(2);
    for (const id of [gone, old]) {
      await comesBack("SELECT 1 FROM refunds WHERE id = ? AND status = 'succeeded'", id);
    }
    expect(await watch()).toBe(0);
  });

  it("that the queue did not take, and whose next try was lost, goes out", async ({ expect }) => {
    const id = await paid();
    await run("UPDATE payment_intents SET sequence = 2, status = 'qr_generated' WHERE id = ?", id);
    await runInDurableObject(intentStub(id), async (_, state) => {
      const later = Date.now() + DAY_MS;
      state.storage.sql.exec("UPDATE intent SET published = 2, publish_at = ?", later);
      await state.storage.deleteAlarm();
    });
    expect(await watch()).toBe(1);
    expect(await projected(id, 3)).toMatchObject({ status: "succeeded" });
  });
});

describe("an event", () => {
  it("that is not in the feed comes into it, under its own id", async ({ expect }) => {
    const id = await paid();
    const lost = await one(
      "SELECT id, payload FROM events WHERE payload LIKE ? AND type = 'payment_intent.succeeded'",
      `%${id}%`,
    );
    await run("DELETE FROM events WHERE id = ?", lost?.["id"]);
    expect(await watch()).toBe(1);
    const found = await comesBack("SELECT id, payload FROM events WHERE id = ?", lost?.["id"]);
    expect(found).toEqual(lost);
    expect(await watch()).toBe(0);
  });

  it("that nobody began to deliver is delivered to those who wanted it then", async ({
    expect,
  }) => {
    const hook = "http://127.0.0.1:4999/hook";
    const wants = (types: string[]) =>
      post("/v1/webhook-endpoints", { url: hook, enabled_events: types });
    const { body: endpoint } = await wants(["payment_intent.succeeded"]);
    const { body: other } = await wants(["payment_intent.failed"]);
    const id = await paid();
    const event = await one(
      "SELECT id FROM events WHERE payload LIKE ? AND type = 'payment_intent.succeeded'",
      `%${id}%`,
    );
    const before = await all("SELECT id FROM webhook_deliveries WHERE event_id = ?", event?.["id"]);
    expect(before).toHaveLength(1);
    await run("DELETE FROM webhook_deliveries WHERE event_id = ?", event?.["id"]);
    // Made, or switched on, after the event.
    await wants(["*"]);
    expect(await watch()).toBe(1);
    expect(
      await all("SELECT id, endpoint_id FROM webhook_deliveries WHERE event_id = ?", event?.["id"]),
    ).toEqual([{ id: before[0]?.["id"], endpoint_id: endpoint.id }]);
    expect(other.id).not.toBe(endpoint.id);
    expect(await watch()).toBe(0);
  });
});

describe("a payment that waits", () => {
  it("and whose alarm was lost is asked for", async ({ expect }) => {
    const id = await open({ metadata: { sandbox: "no_callback" } });
    await post(`/sandbox/payments/${id}/pay`);
    await runInDurableObject(intentStub(id), async (_, state) => {
      state.storage.sql.exec("UPDATE intent SET ask_at = 0");
      await state.storage.deleteAlarm();
    });
    await watch();
    expect(await projected(id, 3)).toMatchObject({ status: "succeeded" });
  });

  it(
    "is told of when no callback of its account ever comes",
    { timeout: 60_000 },
    async ({ expect }) => {
      const merchant = await newMerchant();
      const bank = await openBank(merchant);
      const sell = async () => {
        const { body } = await api("POST", "/v1/payment-intents", {
          key: merchant.live,
          body: wechatPayment(),
        });
        bank.pay(body.id);
        return body.id as string;
      };
      const lines = async () => {
        const log = vi.fn<Logger>();
        await watch(inTenMinutes(), log);
        return log.mock.calls.filter(([, event]) => event === "watch.no_callbacks");
      };
      for (let sold = 0; sold < 3; sold += 1) {
        const id = await sell();
        await api("POST", `/v1/payment-intents/${id}/sync`, { key: merchant.live });
        await projected(id, 3);
      }
      expect(await lines()).toEqual([
        ["warn", "watch.no_callbacks", { account: bank.account, payments: 3 }],
      ]);
      const heard = await sell();
      expect((await bank.callback(heard)).status).toBe(204);
      await projected(heard, 3);
      expect(await lines()).toEqual([]);
    },
  );
});

describe("a refund", () => {
  const exceptionsOf = (refund: string) =>
    all("SELECT * FROM reconciliation_exceptions WHERE reference = ?", refund);

  const raisedFor = (refund: string) =>
    comesBack("SELECT * FROM reconciliation_exceptions WHERE reference = ?", refund);

  const stuck = async () => refunded(await paid({ metadata: { sandbox: "refund_abnormal" } }));

  /** As if it had been made that long ago; `plain`: the channel has said of no trouble. */
  async function aged(refund: string, ms: number, plain: boolean, channel = "wechat") {
    await run(
      `UPDATE refunds SET created_at = ?,
        snapshot = json_set(snapshot, '$.channel', ?, '$.last_error', json(?)) WHERE id = ?`,
      Date.now() - ms,
      channel,
      plain ? "null" : '{"code":"CHANNEL_ERROR"}',
      refund,
    );
  }

  it("that the channel cannot pay out is written down once, and told once", async ({ expect }) => {
    const id = await stuck();
    // Too early: it may get well by itself.
    expect(await watch(Date.now())).toBe(0);
    expect(await watch()).toBe(1);
    const row = await raisedFor(id);
    expect(row).toMatchObject({ kind: "status_mismatch", state: "open", run_id: null });
    const { body } = await api("GET", `/v1/reconciliation/exceptions/${String(row["id"])}`, {
      key: shop.test,
    });
    expect(body).toMatchObject({
      livemode: false,
      channel: { amount: cny(100), reference: id },
      gateway: { status: "processing", amount: cny(100) },
      actions: ["ask_channel", "adjust"],
    });
    expect(body.explanation).toMatch(/^The channel has taken the refund of CNY 1\.00 and cannot/);
    expect(await watch()).toBe(0);
    expect(await watch(Date.now() + DAY_MS)).toBe(0);
    expect(await exceptionsOf(id)).toHaveLength(1);
    const told = await all(
      "SELECT payload FROM events WHERE type = 'reconciliation.exception' AND payload LIKE ?",
      `%${id}%`,
    );
    expect(told).toHaveLength(1);
    const { data } = JSON.parse(String(told[0]?.["payload"])) as { data: object };
    const { actions: _, notes: __, ...listed } = body;
    expect(data).toEqual({ ...listed, age_seconds: 0 });

    // Whoever has closed it is not bothered again.
    await api("PATCH", `/v1/reconciliation/exceptions/${body.id}`, {
      key: shop.test,
      body: { state: "resolved" },
    });
    await aged(id, 6 * DAY_MS, true);
    expect(await watch()).toBe(0);
    expect(await exceptionsOf(id)).toHaveLength(1);
  });

  it("is late when its channel has had its time", async ({ expect }) => {
    const [card, wallet, old] = [await stuck(), await stuck(), await stuck()];
    await aged(card, 3 * DAY_MS, true);
    await aged(wallet, 25 * HOUR_MS, true, "alipay");
    await aged(old, 6 * DAY_MS, true);
    // Nobody looks so far back any more.
    const ancient = await stuck();
    await aged(ancient, 40 * DAY_MS, true);
    expect(await watch(Date.now())).toBe(2);
    await Promise.all([raisedFor(wallet), raisedFor(old)]);
    expect(await exceptionsOf(card)).toEqual([]);
    expect(await exceptionsOf(ancient)).toEqual([]);
    expect(await watch(Date.now())).toBe(0);
    await Promise.all([card, ancient].map((id) => aged(id, 1_000, true)));
  });

  it("that has ended, and only its copy does not know, is no exception", async ({ expect }) => {
    const id = await refunded(await paid());
    await run("UPDATE refunds SET status = 'processing' WHERE id = ?", id);
    await aged(id, 6 * DAY_MS, true);
    expect(await watch(Date.now())).toBe(0);
    expect(await exceptionsOf(id)).toEqual([]);
    await run("UPDATE refunds SET status = 'succeeded' WHERE id = ?", id);
  });

  it("waits for the next run while the queue is away", async ({ expect }) => {
    const id = await stuck();
    const send = () => Promise.reject(new Error("queue is down"));
    const broken = { ...env, EVENTS: { send, sendBatch: send } as unknown as Queue };
    const log = vi.fn<Logger>();
    expect(await watchBooks(broken, inTenMinutes(), log)).toBe(0);
    expect(log).toHaveBeenCalledWith("error", "watch.failed", {
      refund: id,
      error: "Error: queue is down",
    });
    expect(await watch()).toBe(1);
    await raisedFor(id);
  });
});

describe("one run", () => {
  it("goes on when a check fails, and fails in the end", async ({ expect }) => {
    const id = await paid();
    await run("DELETE FROM payment_intents WHERE id = ?", id);
    const flawed = new Proxy(env.DB, {
      get(target, name) {
        if (name === "prepare") {
          return (text: string) => {
            if (text.includes('from "refunds"') && text.includes("'requested'")) {
              throw new Error("D1_ERROR: no");
            }
            return target.prepare(text);
          };
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function"
          ? (...args: unknown[]): unknown => Reflect.apply(value, target, args)
          : value;
      },
    });
    await expect(watchBooks({ ...env, DB: flawed }, inTenMinutes(), silent)).rejects.toThrow(
      "D1_ERROR: no",
    );
    // The check after the one that failed has found it.
    await projected(id, 3);
  });

  it("looks at few payments, and many runs at all of them", async ({ expect }) => {
    const merchant = randomId("merchant");
    const rows = Array.from({ length: 450 }, () => paymentOf(merchant));
    await plant(rows);
    const found = (await payments(db, Date.now())).map(({ id }) => id);
    expect(found.length).toBeLessThanOrEqual(PER_RUN);
    expect(found).toEqual(expect.arrayContaining(rows.slice(-50).map(({ id }) => id)));

    const last = 1_000_000;
    const seen = new Set<number>();
    for (let at = 0; at < 200; at += 1) {
      const places = placesOf(last, at * RUN_EVERY_MS);
      expect(places).toHaveLength(PER_RUN);
      for (const place of places) seen.add(place);
    }
    expect(seen.size).toBe(10_050);
    expect(Math.min(...seen)).toBe(last - 10_049);
    expect(placesOf(3, 0)).toEqual([3, 2, 1]);
    expect(placesOf(0, 0)).toEqual([]);
  });
});
