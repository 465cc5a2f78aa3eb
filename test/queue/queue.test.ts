import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { and, eq } from "drizzle-orm";
import { describe, it } from "vitest";

import { feedDueDeliveries } from "../../src/cron/deliveries.ts";
import { randomId } from "../../src/ids.ts";
import { consumeBatch, retryDelay } from "../../src/queue/consumer.ts";
import { queueContext } from "../../src/queue/context.ts";
import { replayDeadLetter } from "../../src/queue/dead-letters.ts";
import { database } from "../../src/store/db.ts";
import { listDeadLetters } from "../../src/store/dead-letters.ts";
import { readFeed } from "../../src/store/events.ts";
import { deadLetters, events, webhookDeliveries } from "../../src/store/schema.ts";
import { switchOff } from "../../src/webhooks/disable.ts";
import { LOST_AFTER_MS } from "../../src/webhooks/schedule.ts";
import { sendTestEvent } from "../../src/webhooks/send-again.ts";
import {
  addEndpoint,
  consume,
  currentEndpoint,
  db,
  deliveriesOf,
  deliveryOf,
  drain,
  goTo,
  makeEvent,
  makeWorld,
  publish,
  published,
  START,
  type World,
} from "../webhooks/support.ts";

const MINUTE = 60_000;
const fine = () => new Response(null);
const broken = () => new Response(null, { status: 500 });

const feedOf = (world: World, position: number | null = null) =>
  readFeed(db, world.merchantId, world.livemode, {
    limit: 1_000,
    type: null,
    direction: "forward",
    position,
  });

/** The types of the events that an endpoint was given. */
const wanted = async (endpoint: { id: string }) =>
  (await deliveriesOf(endpoint)).map(({ event_type }) => event_type);

const refuse = () => Promise.reject(new Error("must not send"));

/** A database whose next `n` reads, writes or transactions fail. */
function failingDatabase(n: number) {
  let left = n;
  const failing =
    <T extends unknown[], R>(call: (...args: T) => Promise<R>) =>
    async (...args: T): Promise<R> => {
      if (left <= 0) return call(...args);
      left -= 1;
      throw new Error("D1_ERROR: database is overloaded");
    };
  const statement = (real: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(real, {
      get(target, name) {
        if (name === "bind") return (...values: unknown[]) => statement(target.bind(...values));
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        const call = async (...args: unknown[]): Promise<unknown> =>
          Reflect.apply(value, target, args);
        return failing(call);
      },
    });
  return database(
    new Proxy(env.DB, {
      get(target, name) {
        if (name === "prepare") return (text: string) => statement(target.prepare(text));
        if (name === "batch") return failing(() => Promise.reject(new Error("not used here")));
        return Reflect.get(target, name);
      },
    }),
  );
}

const lettersOf = (queue: string) =>
  db.select().from(deadLetters).where(eq(deadLetters.queue, queue));

describe("published events", () => {
  it("become rows of the feed and deliveries for the endpoints that want them", async ({
    expect,
  }) => {
    const world = await makeWorld(fine);
    const all = await addEndpoint(world);
    const paid = await addEndpoint(world, { enabled_events: ["payment_intent.succeeded"] });
    const off = await addEndpoint(world, { status: "disabled" });
    const test = await addEndpoint(world, { livemode: false });
    const other = await addEndpoint(await makeWorld(fine));
    const [created, succeeded] = [
      makeEvent("payment_intent.created", { sequence: 1 }),
      makeEvent("payment_intent.succeeded", { sequence: 2 }),
    ];
    expect(await consume(world, "itpay-events", [published(world, created, succeeded)])).toEqual({
      acked: 1,
      retried: [],
    });

    const feed = await feedOf(world);
    expect(feed.map(({ payload }) => payload)).toEqual([created.payload, succeeded.payload]);
    expect(feed.map(({ livemode }) => livemode)).toEqual([true, true]);
    expect((await wanted(all)).toSorted((a, b) => ((a ?? "") < (b ?? "") ? -1 : 1))).toEqual([
      "payment_intent.created",
      "payment_intent.succeeded",
    ]);
    expect(await wanted(paid)).toEqual(["payment_intent.succeeded"]);
    for (const deaf of [off, test, other]) expect(await wanted(deaf)).toEqual([]);

    // One message per endpoint, in the order of the sequence.
    expect(world.sent).toHaveLength(2);
    await drain(world);
    const got = world.received.filter(({ url }) => url === all.url);
    expect(got.map(({ body }) => body)).toEqual([created.payload, succeeded.payload]);
  });

  it("add nothing when the message comes again, before or after the delivery", async ({
    expect,
  }) => {
    const world = await makeWorld(fine);
    const endpoint = await addEndpoint(world);
    const message = published(world, makeEvent("payment_intent.succeeded"));
    await consume(world, "itpay-events", [message, message]);
    await consume(world, "itpay-events", [message]);
    await drain(world);
    await consume(world, "itpay-events", [message]);
    await drain(world);
    expect(await feedOf(world)).toHaveLength(1);
    expect((await deliveryOf(endpoint)).attempts).toHaveLength(1);
    expect(world.received).toHaveLength(1);
  });

  it("are sent once when the deliveries message comes twice", async ({ expect }) => {
    const world = await makeWorld(fine);
    const endpoint = await addEndpoint(world);
    await consume(world, "itpay-events", [published(world, makeEvent("payment_intent.created"))]);
    const [message] = world.queued;
    await drain(world);
    const again = await consume(world, "itpay-deliveries", [message?.body]);
    expect(again).toEqual({ acked: 1, retried: [] });
    expect(world.received).toHaveLength(1);
    expect((await deliveryOf(endpoint)).attempts).toHaveLength(1);
  });

  it("come again when the database fails, and the neighbours do not", async ({ expect }) => {
    const world = await makeWorld(fine);
    await addEndpoint(world);
    const [first, second] = [
      published(world, makeEvent("payment_intent.created")),
      published(world, makeEvent("payment_intent.succeeded")),
    ];
    const healthy = world.context;
    const stumbling: World = { ...world, context: { ...healthy, db: failingDatabase(1) } };
    expect(await consume(stumbling, "itpay-events", [first, "unreadable"], 3)).toEqual({
      acked: 1,
      retried: [40],
    });
    expect(await feedOf(world)).toHaveLength(0);
    // Nothing of what a failed query was given ends up in the log.
    expect(world.lines.join()).toContain("database is overloaded");
    expect(world.lines.join()).not.toContain("Failed query");
    expect(world.lines.join()).not.toContain(world.merchantId);
    await consume(world, "itpay-events", [first, second]);
    expect(await feedOf(world)).toHaveLength(2);
  });

  it("come again when the deliveries queue fails, and add nothing then", async ({ expect }) => {
    const world = await makeWorld(fine);
    const endpoint = await addEndpoint(world);
    const message = published(world, makeEvent("payment_intent.succeeded"));
    world.failingSends = 1;
    expect(await consume(world, "itpay-events", [message])).toEqual({ acked: 0, retried: [10] });
    expect((await deliveryOf(endpoint)).state).toBe("pending");
    expect((await consume(world, "itpay-events", [message], 2)).acked).toBe(1);
    await drain(world);
    expect((await deliveryOf(endpoint)).state).toBe("delivered");
    expect(await feedOf(world)).toHaveLength(1);
  });

  it("leave no gap in the feed, whoever writes at the same time", async ({ expect }) => {
    const worlds = await Promise.all([makeWorld(fine), makeWorld(fine)]);
    const seen: string[] = [];
    let position: number | null = null;
    let writing = true;
    const [own] = worlds;
    if (own === undefined) throw new Error("no world");
    /** Follows the feed while it grows, as a merchant does. */
    const follow = async () => {
      for (;;) {
        const last = !writing;
        const rows = await feedOf(own, position);
        seen.push(...rows.map(({ id }) => id));
        position = rows.at(-1)?.position ?? position;
        if (last) return;
      }
    };
    const following = follow();
    const written = Array.from({ length: 40 }, () => makeEvent("payment_intent.created"));
    // Not only payments write: tests of endpoints and endpoints that are switched off do too.
    const endpoints = await Promise.all(
      Array.from({ length: 6 }, () => addEndpoint(own, { enabled_events: ["refund.failed"] })),
    );
    const others = endpoints.flatMap((endpoint, index): Promise<unknown>[] =>
      index % 2 === 0
        ? [sendTestEvent(own.context, endpoint, randomId("event"), START)]
        : [
            switchOff(own.context, endpoint, "gone", START),
            switchOff(own.context, endpoint, "gone", START),
          ],
    );
    await Promise.all([
      ...others,
      ...written.flatMap((event, index) => {
        const message = published(own, event);
        const noise = worlds[1] === undefined ? [] : [published(worlds[1], makeEvent("a.b"))];
        // Every third message comes twice.
        return [message, ...(index % 3 === 0 ? [message] : [])]
          .map((body) => consume(own, "itpay-events", [body]))
          .concat(noise.map((body) => consume(own, "itpay-events", [body])));
      }),
    ]);
    writing = false;
    await following;
    const total = 40 + endpoints.length;
    const payments = written.map(({ id }) => id);
    expect(seen.filter((id) => payments.includes(id)).toSorted()).toEqual(payments.toSorted());
    expect(new Set(seen).size).toBe(total);
    expect(seen).toHaveLength(total);
    // Each merchant's feed counts for itself, from one, whoever else writes.
    const rows = await db
      .select({ position: events.position })
      .from(events)
      .where(eq(events.merchant_id, own.merchantId));
    const positions = rows.map((row) => row.position).toSorted((a, b) => a - b);
    expect(positions).toEqual(Array.from({ length: total }, (_, index) => index + 1));
  });

  it("cost a paid payment three messages and five rows", async ({ expect }) => {
    const world = await makeWorld(fine);
    const endpoint = await addEndpoint(world, { enabled_events: ["payment_intent.succeeded"] });
    let written = 0;
    const counted = new Proxy(env.DB, {
      get(target, name) {
        if (name === "batch") {
          return async (statements: D1PreparedStatement[]) => {
            const results = await target.batch(statements);
            for (const { meta } of results) written += meta.changes;
            return results;
          };
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function"
          ? (...args: unknown[]): unknown => Reflect.apply(value, target, args)
          : value;
      },
    });
    const watched: World = { ...world, context: { ...world.context, db: database(counted) } };
    const [created, code, succeeded] = [
      makeEvent("payment_intent.created", { sequence: 1 }),
      makeEvent("payment_intent.qr_generated", { sequence: 2 }),
      makeEvent("payment_intent.succeeded", { sequence: 3 }),
    ];
    await publish(watched, created, code);
    await publish(watched, succeeded);
    expect((await deliveryOf(endpoint)).state).toBe("delivered");
    // Two publications and one delivery.
    expect(2 + world.sent.length).toBe(3);
    // Three events, one delivery, its outcome. The payment's own copy in D1 takes two more.
    expect(written).toBe(5);
  });
});

describe("deliveries whose message is lost", () => {
  it("are fed by the cron, at the first attempt and at a later one", async ({ expect }) => {
    const world = await makeWorld(broken);
    const endpoint = await addEndpoint(world);
    await consume(world, "itpay-events", [published(world, makeEvent("payment_intent.created"))]);
    world.queued.length = 0;

    world.now = START + LOST_AFTER_MS - 1;
    expect(await feedDueDeliveries(world.context, world.now)).toBe(0);
    world.now = START + LOST_AFTER_MS;
    expect(await feedDueDeliveries(world.context, world.now)).toBe(1);
    await drain(world);
    expect((await deliveryOf(endpoint)).attempts).toHaveLength(1);

    world.queued.length = 0;
    world.receiver = fine;
    await goTo(world, world.now + LOST_AFTER_MS + MINUTE);
    expect((await deliveryOf(endpoint)).state).toBe("delivered");
  });

  it("are fed once by two crons at the same minute", async ({ expect }) => {
    const world = await makeWorld(fine);
    const endpoint = await addEndpoint(world);
    await consume(world, "itpay-events", [published(world, makeEvent("payment_intent.created"))]);
    world.queued.length = 0;
    world.now = START + LOST_AFTER_MS;
    const fed = await Promise.all([
      feedDueDeliveries(world.context, world.now),
      feedDueDeliveries(world.context, world.now),
    ]);
    expect(fed.toSorted((a, b) => a - b)).toEqual([0, 1]);
    // And not by the next one either, while the queue may still be at work.
    expect(await feedDueDeliveries(world.context, world.now + MINUTE)).toBe(0);
    world.now += LOST_AFTER_MS;
    expect(await feedDueDeliveries(world.context, world.now)).toBe(1);
    await drain(world);
    expect((await deliveryOf(endpoint)).attempts).toHaveLength(1);
  });

  it("are fed again when the queue refused them", async ({ expect }) => {
    const world = await makeWorld(fine);
    const endpoint = await addEndpoint(world);
    await consume(world, "itpay-events", [published(world, makeEvent("payment_intent.created"))]);
    world.queued.length = 0;
    world.now = START + LOST_AFTER_MS;
    world.failingSends = 1;
    await expect(feedDueDeliveries(world.context, world.now)).rejects.toThrow("queue is down");
    await goTo(world, world.now + LOST_AFTER_MS);
    expect((await deliveryOf(endpoint)).state).toBe("delivered");
  });

  it("are found when the next attempt could not be queued", async ({ expect }) => {
    const world = await makeWorld(() => {
      world.failingSends = 1;
      return broken();
    });
    const endpoint = await addEndpoint(world);
    await publish(world, makeEvent("payment_intent.created"));
    expect((await deliveryOf(endpoint)).attempts).toHaveLength(1);
    expect(world.queued).toHaveLength(0);
    world.receiver = fine;
    await goTo(world, START + LOST_AFTER_MS + MINUTE);
    expect((await deliveryOf(endpoint)).state).toBe("delivered");
  });

  it("are taken page by page, the longest due first, none left out", async ({ expect }) => {
    const world = await makeWorld(fine);
    const endpoint = await addEndpoint(world, { status: "enabled" });
    const event = makeEvent("payment_intent.created");
    await consume(world, "itpay-events", [published(world, event)]);
    const rows = Array.from({ length: 1_203 }, (_, index) => ({
      id: randomId("webhookDelivery"),
      event_id: event.id,
      endpoint_id: endpoint.id,
      merchant_id: world.merchantId,
      state: "pending" as const,
      attempts: [],
      next_attempt_at: START - index,
      feed_at: START - index,
      created_at: START,
    }));
    for (let at = 0; at < rows.length; at += 100) {
      const [first, ...rest] = rows
        .slice(at, at + 100)
        .map((row) => db.insert(webhookDeliveries).values(row));
      if (first !== undefined) await db.batch([first, ...rest]);
    }
    world.queued.length = 0;
    const moment = START + LOST_AFTER_MS;
    expect(await feedDueDeliveries(world.context, moment)).toBe(1_204);
    const fed = world.queued.flatMap(({ body }) => body.delivery_ids);
    expect(new Set(fed).size).toBe(1_204);
    expect(world.queued.length).toBeLessThan(130);
    expect(await feedDueDeliveries(world.context, moment)).toBe(0);
    await db
      .update(webhookDeliveries)
      .set({ next_attempt_at: null, feed_at: null })
      .where(and(eq(webhookDeliveries.endpoint_id, endpoint.id)));
  });
});

describe("a queue that is behind", () => {
  it("is not given the same work again every minute", async ({ expect }) => {
    const world = await makeWorld(fine);
    const endpoint = await addEndpoint(world);
    const happened = Array.from({ length: 10 }, () => makeEvent("payment_intent.succeeded"));
    await consume(world, "itpay-events", [published(world, ...happened)]);
    expect(world.queued).toHaveLength(1);
    for (let minute = 1; minute <= 60; minute += 1) {
      world.now = START + minute * MINUTE;
      await feedDueDeliveries(world.context, world.now);
    }
    // Fed again now and then, in case the first message is lost; a number, whatever the wait is.
    expect(world.queued.length).toBeLessThan(5);
    await drain(world);
    expect(world.received).toHaveLength(10);
    const states = (await deliveriesOf(endpoint)).map(({ state }) => state);
    expect(states).toEqual(Array(10).fill("delivered"));
  });
});

describe("an endpoint whose secret cannot be opened", () => {
  it("has a failed attempt, which shows and comes to an end", async ({ expect }) => {
    const world = await makeWorld(fine);
    const sealed = `v1.00000000.${"A".repeat(16)}.${"A".repeat(32)}`;
    const endpoint = await addEndpoint(world, { secrets: [{ sealed, expires_at: null }] });
    await consume(world, "itpay-events", [published(world, makeEvent("payment_intent.created"))]);
    const [message] = world.queued.splice(0);
    // The message is done: in the queue it would come back for ever, and nobody would see why.
    expect(await consume(world, "itpay-deliveries", [message?.body])).toEqual({
      acked: 1,
      retried: [],
    });
    expect(await deliveryOf(endpoint)).toMatchObject({
      state: "pending",
      attempts: [{ status: null, response: "not sent: the signing secret cannot be opened" }],
      next_attempt_at: START + 5_000,
    });
    expect((await currentEndpoint(endpoint))?.failing_since).toBe(START);
    expect(world.received).toHaveLength(0);
    expect(world.lines.join("\n")).not.toContain(sealed);
    await goTo(world, START + 5_000);
    expect((await deliveryOf(endpoint)).attempts).toHaveLength(2);
  });
});

describe("deliveries that are not due", () => {
  it("are left alone, and so are unknown ones", async ({ expect }) => {
    const world = await makeWorld(broken);
    const endpoint = await addEndpoint(world);
    await publish(world, makeEvent("payment_intent.created"));
    const delivery = await deliveryOf(endpoint);
    world.now = START + 2_000;
    const unknown = randomId("webhookDelivery");
    const result = await consume(world, "itpay-deliveries", [
      { delivery_ids: [unknown, delivery.id] },
    ]);
    expect(result).toEqual({ acked: 1, retried: [] });
    expect(world.received).toHaveLength(1);
    // A clock that is half a second behind does not lose the message.
    world.now = START + 4_500;
    await consume(world, "itpay-deliveries", [{ delivery_ids: [delivery.id] }]);
    expect(world.received).toHaveLength(2);
  });

  it("come again when the outcome cannot be written down", async ({ expect }) => {
    const world = await makeWorld(fine);
    const endpoint = await addEndpoint(world);
    await consume(world, "itpay-events", [published(world, makeEvent("payment_intent.created"))]);
    const [message] = world.queued.splice(0);
    // The job is read as usual; only the transaction after the answer fails.
    const readOnly = new Proxy(database(env.DB), {
      get(target, name) {
        if (name === "batch") throw new Error("D1_ERROR: gone");
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function"
          ? (...args: unknown[]): unknown => Reflect.apply(value, target, args)
          : value;
      },
    });
    const stumbling: World = { ...world, context: { ...world.context, db: readOnly } };
    expect(await consume(stumbling, "itpay-deliveries", [message?.body])).toEqual({
      acked: 0,
      retried: [10],
    });
    await consume(world, "itpay-deliveries", [message?.body], 2);
    expect(await deliveryOf(endpoint)).toMatchObject({ state: "delivered" });
    // At least once, and the repeat can be told by its id.
    const ids = world.received.map(({ headers }) => headers.get("webhook-id"));
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });
});

describe("messages that nobody can read", () => {
  const malformed: unknown[] = [
    undefined,
    null,
    "text",
    7,
    {},
    { merchant_id: "m_1", livemode: true, events: [] },
    { merchant_id: "m_1", livemode: "yes", events: [makeEvent("a.b")] },
    { merchant_id: "m_1", livemode: true, events: [{ ...makeEvent("a.b"), id: "evt_1" }] },
    { merchant_id: "m_1", livemode: true, events: [{ ...makeEvent("a.b"), extra: 1 }] },
    { merchant_id: "m_1", livemode: true, events: [{ ...makeEvent("a.b"), created_at: 1.5 }] },
  ];

  it("are stored as dead letters and acknowledged", async ({ expect }) => {
    const world = await makeWorld(fine);
    const before = (await lettersOf("itpay-events")).length;
    expect(await consume(world, "itpay-events", malformed)).toEqual({
      acked: malformed.length,
      retried: [],
    });
    expect(await lettersOf("itpay-events")).toHaveLength(before + malformed.length);
    await consume(world, "itpay-deliveries", [
      { delivery_id: "wd_1" },
      { delivery_ids: [] },
      { delivery_ids: ["'; DROP TABLE events; --"] },
    ]);
    const stored = (await lettersOf("itpay-deliveries")).map(({ body }) => body);
    expect(stored).toContain('{"delivery_ids":["\'; DROP TABLE events; --"]}');
    expect(stored).toHaveLength(3);
  });

  it("of dead-letter queues are stored once each, whatever they hold", async ({ expect }) => {
    const world = await makeWorld(fine);
    const message = { id: "dead-1", body: { any: "thing" }, attempts: 1 };
    const settled: string[] = [];
    const hand = (queue: string) =>
      consumeBatch(
        {
          queue,
          messages: [
            { ...message, ack: () => settled.push("ack"), retry: () => settled.push("retry") },
          ],
        },
        world.context,
      );
    await hand("itpay-events-dlq");
    await hand("itpay-events-dlq");
    await hand("itpay-deliveries-dlq");
    expect(settled).toEqual(["ack", "ack", "ack"]);
    expect((await lettersOf("itpay-events-dlq")).map(({ body }) => body)).toEqual([
      '{"any":"thing"}',
    ]);
    expect(await lettersOf("itpay-deliveries-dlq")).toHaveLength(1);
    const listed = await listDeadLetters(db, { limit: 100, before: null });
    expect(listed.map(({ queue }) => queue)).toContain("itpay-events-dlq");
  });

  it("wait for the database instead of being thrown away", async ({ expect }) => {
    const world = await makeWorld(fine);
    const stumbling = { ...world, context: { ...world.context, db: failingDatabase(1) } };
    expect(await consume(stumbling, "itpay-events-dlq", [{ a: 1 }], 4)).toEqual({
      acked: 0,
      retried: [80],
    });
  });

  it("of an unknown queue are not acknowledged by anyone", async ({ expect }) => {
    const world = await makeWorld(fine);
    await expect(consume(world, "itpay-unknown", [{}])).rejects.toThrow("no consumer");
    await expect(consume(world, "constructor", [{}])).rejects.toThrow("no consumer");
  });
});

describe("dead letters sent again", () => {
  it("go back to their queue and are forgotten", async ({ expect }) => {
    const world = await makeWorld(fine);
    const event = published(world, makeEvent("payment_intent.succeeded"));
    const letters = [
      ["itpay-events", "EVENTS", event],
      ["itpay-deliveries", "DELIVERIES", { delivery_ids: [randomId("webhookDelivery")] }],
      ["itpay-work", "WORK", { run: randomId("run"), day: "2026-11-20" }],
    ] as const;
    for (const [queue, name, message] of letters) {
      await consume(world, `${queue}-dlq`, [message]);
      const body = JSON.stringify(message);
      const letter = (await lettersOf(`${queue}-dlq`)).find((one) => one.body === body);
      const sent: [string, unknown][] = [];
      const to = (binding: string) => ({
        send: async (again: unknown) => {
          sent.push([binding, again]);
          return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
        },
      });
      const queues = { EVENTS: to("EVENTS"), DELIVERIES: to("DELIVERIES"), WORK: to("WORK") };
      expect(await replayDeadLetter(db, queues, letter?.id ?? "")).toBe("sent");
      expect(sent).toEqual([[name, message]]);
      expect(await replayDeadLetter(db, queues, letter?.id ?? "")).toBe("not_found");
    }
  });

  it("stay when they have no shape we know", async ({ expect }) => {
    const world = await makeWorld(fine);
    await consume(world, "itpay-deliveries", [{ broken: world.merchantId }]);
    const letter = (await lettersOf("itpay-deliveries")).find(({ body }) =>
      body.includes(world.merchantId),
    );
    const queues = {
      EVENTS: { send: refuse },
      DELIVERIES: { send: refuse },
      WORK: { send: refuse },
    };
    expect(await replayDeadLetter(db, queues, letter?.id ?? "")).toBe("unreadable");
    expect(await replayDeadLetter(db, queues, letter?.id ?? "")).toBe("unreadable");
  });
});

describe("the runtime's own batch", () => {
  it("is acknowledged message by message", async ({ expect }) => {
    const world = await makeWorld(fine);
    const bodies: unknown[] = [published(world, makeEvent("payment_intent.created")), "nonsense"];
    const batch = createMessageBatch(
      "itpay-events",
      bodies.map((body, at) => ({ id: `m${at}`, timestamp: new Date(START), attempts: 1, body })),
    );
    const ctx = createExecutionContext();
    await consumeBatch(batch, queueContext(env));
    const result = await getQueueResult(batch, ctx);
    expect(new Set(result.explicitAcks)).toEqual(new Set(["m0", "m1"]));
    expect(result.retryMessages).toEqual([]);
    expect(await feedOf(world)).toHaveLength(1);
  });
});

describe("the wait before a message comes again", () => {
  it("doubles from ten seconds up to an hour", ({ expect }) => {
    expect([0, 1, 2, 3, 9, 10, 12, 100].map(retryDelay)).toEqual([
      10, 10, 20, 40, 2_560, 3_600, 3_600, 3_600,
    ]);
  });
});
