/** What operators look at: the channels' health, and whether the scheduled jobs run. */
import { env } from "cloudflare:workers";
import { describe, it } from "vitest";

import { CHANNEL_SLUGS } from "../../src/channels/registry.ts";
import { STALE_AFTER_MS } from "../../src/cron/replays.ts";
import { JOBS, runScheduled } from "../../src/cron/scheduled.ts";
import { randomId } from "../../src/ids.ts";
import type { OrderCall } from "../../src/messages.ts";
import { statusOf } from "../../src/routes/v1/operators.ts";
import { countCall, HOUR_MS, hourOf, listChannelHours } from "../../src/store/channel-hours.ts";
import { noteRun } from "../../src/store/cron-runs.ts";
import { database } from "../../src/store/db.ts";
import { insertDeadLetter } from "../../src/store/dead-letters.ts";
import { addJob } from "../../src/store/jobs.ts";
import { channelHours, cronRuns, jobs, webhookDeliveries } from "../../src/store/schema.ts";
import { newDelivery } from "../../src/webhooks/fan-out.ts";
import { insertDeliveries } from "../../src/store/webhook-deliveries.ts";
import { api } from "../intent/kit.ts";
import { plantException } from "../reconciliation/exceptions.ts";
import { consume, makeEvent, makeWorld, published } from "../webhooks/support.ts";

const db = database(env.DB);
const ADMIN = { headers: { Authorization: "Bearer admin-token-for-tests" } };

interface Health {
  readonly channel: string;
  readonly livemode: boolean;
  readonly status: string;
  readonly orders: number;
  readonly hours: readonly { readonly hour: string; readonly orders: number }[];
}

const health = async (query = "") => {
  const { body } = await api("GET", `/v1/admin/channels/health${query}`, ADMIN);
  return body.data as Health[];
};

const call = (change: Partial<OrderCall> = {}): OrderCall => ({
  channel: "wechat",
  outcome: "ok",
  ms: 200,
  at: Date.now(),
  ...change,
});

const count = async (...calls: OrderCall[]) => {
  for (const each of calls) await countCall(db, true, each, null);
};

describe("GET /v1/admin/channels/health", () => {
  it("adds up orders by channel and hour, and fills the quiet ones", async ({ expect }) => {
    await db.delete(channelHours);
    const now = Date.now();
    await count(
      call({ ms: 100 }),
      call({ ms: 300, outcome: "rejected" }),
      call({ ms: 2_000, at: now - 5 * HOUR_MS, outcome: "unknown" }),
      // Out of sight, one in another mode and one of another channel.
      call({ at: now - 25 * HOUR_MS }),
      call({ channel: "alipay" }),
    );
    await countCall(db, false, call({ ms: 50 }), null);
    const list = await health();
    expect(list.map(({ channel }) => channel)).toEqual(CHANNEL_SLUGS);
    const wechat = list.find(({ channel }) => channel === "wechat");
    expect(wechat).toMatchObject({
      object: "channel_health",
      name: "WeChat Pay",
      livemode: true,
      orders: 3,
      rejected: 1,
      unknown: 1,
      average_ms: 800,
      longest_ms: 2_000,
    });
    expect(wechat?.hours).toHaveLength(24);
    expect(wechat?.hours.at(-1)).toEqual({
      hour: new Date(hourOf(now)).toISOString(),
      orders: 2,
      rejected: 1,
      unknown: 0,
      average_ms: 200,
      longest_ms: 300,
    });
    expect(wechat?.hours.at(-6)).toMatchObject({ orders: 1, unknown: 1 });
    expect(wechat?.hours[0]).toMatchObject({ orders: 0, average_ms: null, longest_ms: null });
    const sandbox = (await health("?livemode=false")).filter(({ orders }) => orders > 0);
    expect(sandbox).toMatchObject([{ channel: "wechat", livemode: false, orders: 1 }]);
    const wrong = await api("GET", "/v1/admin/channels/health?livemode=1", ADMIN);
    expect([wrong.status, wrong.body.error.code]).toEqual([400, "INVALID_REQUEST"]);
  });

  it("judges by this hour and the one before", async ({ expect }) => {
    await db.delete(channelHours);
    const before = Date.now() - HOUR_MS;
    const old = Date.now() - 3 * HOUR_MS;
    const unknown = call({ outcome: "unknown" });
    await count(unknown, unknown, call({ at: before }));
    await count(...Array.from({ length: 5 }, () => call({ channel: "alipay", at: before })));
    await count(call({ channel: "antom", at: old, outcome: "unknown" }));
    const words = Object.fromEntries(
      (await health()).map(({ channel, status }) => [channel, status]),
    );
    expect(words).toMatchObject({ wechat: "down", alipay: "ok", antom: "quiet", fps: "quiet" });
  });

  it.for<[number, number, number, string]>([
    [0, 0, 0, "quiet"],
    [1, 0, 0, "ok"],
    [1, 0, 1, "degraded"],
    [2, 0, 2, "degraded"],
    [3, 0, 2, "down"],
    [4, 0, 2, "down"],
    [5, 0, 2, "degraded"],
    [20, 0, 1, "degraded"],
    [21, 0, 1, "ok"],
    [2, 2, 0, "ok"],
    [4, 2, 0, "degraded"],
    [5, 2, 0, "ok"],
  ])("%i orders, %i rejected, %i unknown: %s", ([orders, rejected, unknown, word], { expect }) => {
    expect(statusOf({ orders, rejected, unknown, total_ms: 0, max_ms: 0 })).toBe(word);
  });

  it("counts an order once, however often its message comes", async ({ expect }) => {
    await db.delete(channelHours);
    const world = await makeWorld(() => new Response(null));
    const at = Date.now();
    const message = {
      ...published(world, makeEvent("payment_intent.created")),
      call: call({ at, ms: 70 }),
    };
    await consume(world, "itpay-events", [message]);
    await consume(world, "itpay-events", [message]);
    await consume(world, "itpay-events", [message, message]);
    expect(await listChannelHours(db, true, ["wechat"], at)).toEqual([
      {
        livemode: true,
        channel: "wechat",
        hour: hourOf(at),
        orders: 1,
        rejected: 0,
        unknown: 0,
        total_ms: 70,
        max_ms: 70,
      },
    ]);
  });
});

const sweeper = async () => (await api("GET", "/v1/admin/sweeper", ADMIN)).body;

const scheduled = (cron: string, bindings: Env = env) =>
  runScheduled({ cron, scheduledTime: Date.now() }, bindings);

describe("GET /v1/admin/sweeper", () => {
  it("shows every scheduled job, before and after its first run", async ({ expect }) => {
    await db.delete(cronRuns);
    const never = await sweeper();
    expect(never).toMatchObject({ object: "sweeper" });
    expect(never.jobs).toEqual(
      JOBS.map(({ name, schedule }) => ({ name, schedule, last_run: null })),
    );
    const begun = Date.now();
    await scheduled("* * * * *");
    type Shown = {
      name: string;
      last_run: { started_at: string; handled: number; error: string | null };
    };
    const shown = (await sweeper()).jobs as Shown[];
    const jobOf = (wanted: string) => shown.find(({ name }) => name === wanted);
    const [deliveries, replays, payments] = ["deliveries", "replays", "payments"].map(jobOf);
    expect(deliveries?.last_run).toMatchObject({ handled: 0, error: null });
    expect(Date.parse(deliveries?.last_run.started_at ?? "")).toBeGreaterThanOrEqual(begun);
    expect(replays?.last_run).toMatchObject({ handled: 0, error: null });
    expect(payments?.last_run).toBeNull();
  });

  it("counts what waits", async ({ expect }) => {
    await db.delete(webhookDeliveries);
    await db.delete(jobs);
    const before = await sweeper();
    const now = Date.now();
    const due = async (id: string) => ({
      ...(await newDelivery({ id: randomId("event"), merchantId: "m" }, id, now)),
      feed_at: now - 1,
    });
    const later = await newDelivery({ id: randomId("event"), merchantId: "m" }, "we_3", now);
    await insertDeliveries(db, [await due("we_1"), await due("we_2"), later]);
    await insertDeadLetter(db, { id: "dl_1", queue: "itpay-events", body: "{}", created_at: now });
    const job = (state: "queued" | "running" | "completed", touched: number) =>
      addJob(db, {
        id: randomId("job"),
        merchant_id: randomId("merchant"),
        livemode: true,
        kind: "webhook_replay",
        target: "we_1",
        parameters: {},
        state,
        done: 0,
        total: 1,
        cursor: 0,
        error: null,
        created_at: touched,
        updated_at: touched,
      });
    await job("queued", now - STALE_AFTER_MS - 1);
    await job("running", now - STALE_AFTER_MS - 1);
    await job("completed", now - STALE_AFTER_MS - 1);
    await job("running", now);
    for (const state of ["open", "acknowledged", "resolved"] as const) {
      await plantException({ merchant_id: randomId("merchant"), state });
    }
    expect(await sweeper()).toMatchObject({
      open_exceptions: before.open_exceptions + 2,
      old_refunds: before.old_refunds,
      due_deliveries: 2,
      dead_letters: before.dead_letters + 1,
      stale_jobs: 2,
      overdue_payments: before.overdue_payments,
    });
    await scheduled("* * * * *");
    expect(await sweeper()).toMatchObject({ due_deliveries: 0, stale_jobs: 0 });
    const [feed, replays] = (await sweeper()).jobs as { last_run: { handled: number } }[];
    expect([feed?.last_run.handled, replays?.last_run.handled]).toEqual([2, 2]);
  });
});

describe("schedules", () => {
  it("are those of wrangler.toml, and no others have a job", async ({ expect }) => {
    expect(new Set(JOBS.map(({ schedule }) => schedule))).toEqual(
      new Set(["* * * * *", "*/5 * * * *", "30 2 * * *", "17 3 * * *", "15 3 1 * *"]),
    );
    await expect(scheduled("0 0 * * *")).rejects.toThrow("no job for the schedule");
  });

  it("note a failure, throw it, and still run the next job", async ({ expect }) => {
    await db.delete(cronRuns);
    await db.delete(webhookDeliveries);
    await insertDeliveries(db, [
      { ...(await newDelivery({ id: "evt", merchantId: "m" }, "we", 5)), feed_at: 1 },
    ]);
    const sendBatch = () => Promise.reject(new Error("queue is down"));
    const broken = { ...env, DELIVERIES: { send: sendBatch, sendBatch } as unknown as Queue };
    await expect(scheduled("* * * * *", broken)).rejects.toThrow("queue is down");
    const [deliveries, replays] = (await sweeper()).jobs as { last_run: object }[];
    expect(deliveries?.last_run).toMatchObject({ handled: 0, error: "Error: queue is down" });
    expect(replays?.last_run).toMatchObject({ error: null });
  });

  it("that cannot be noted have run all the same", async ({ expect }) => {
    await db.delete(webhookDeliveries);
    const unwritable = new Proxy(env.DB, {
      get(target, name) {
        if (name === "prepare") {
          return (text: string) => {
            if (text.includes("cron_runs")) throw new Error("D1_ERROR: read-only");
            return target.prepare(text);
          };
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function"
          ? (...args: unknown[]): unknown => Reflect.apply(value, target, args)
          : value;
      },
    });
    await expect(scheduled("* * * * *", { ...env, DB: unwritable })).resolves.toBeUndefined();
  });

  it("keep the later of two runs", async ({ expect }) => {
    await db.delete(cronRuns);
    const run = { job: "payments", duration_ms: 1, handled: 0, error: null };
    await noteRun(db, { ...run, started_at: 20, handled: 2 });
    await noteRun(db, { ...run, started_at: 10, handled: 1 });
    expect(await db.select().from(cronRuns)).toMatchObject([{ started_at: 20, handled: 2 }]);
    await noteRun(db, { ...run, started_at: 30, handled: 3 });
    expect(await db.select().from(cronRuns)).toMatchObject([{ started_at: 30, handled: 3 }]);
  });
});
