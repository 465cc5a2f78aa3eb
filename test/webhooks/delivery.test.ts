import { env } from "cloudflare:workers";
import { describe, it, vi } from "vitest";

import { recordAttempt } from "../../src/store/webhook-deliveries.ts";
import { deleteEndpoint, updateEndpoint } from "../../src/store/webhook-endpoints.ts";
import { queueContext } from "../../src/queue/context.ts";
import { deliver, network } from "../../src/webhooks/deliver.ts";
import { rotateSecrets, makeSecret } from "../../src/webhooks/secrets.ts";
import { signatureHeaders } from "../../src/webhooks/signing.ts";
import { secureRandom } from "../../src/ids.ts";
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
  type Receiver,
  START,
  vault,
} from "./support.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const answers =
  (status: number, body: string | null = null, headers: Record<string, string> = {}): Receiver =>
  () =>
    new Response(body, { status, headers });

/** Answers of one receiver, one after the other; the last one repeats. */
const inTurn = (...statuses: number[]): Receiver => {
  let turn = 0;
  return () => {
    const status = statuses[Math.min(turn, statuses.length - 1)] ?? 200;
    turn += 1;
    return new Response(null, { status });
  };
};

const io = (fetch: () => Promise<Response>, timer: AbortController) => ({
  fetch,
  now: () => START,
  timeout: () => timer.signal,
});

const never = () => Promise.withResolvers<Response>().promise;

const broken = async () =>
  new Response(
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("half")),
      pull: (controller) => controller.error(new Error("reset")),
    }),
    { status: 202 },
  );

describe("a delivery", () => {
  it("posts the exact bytes of the event, signed both ways", async ({ expect }) => {
    const world = await makeWorld(answers(200, "thanks"));
    const endpoint = await addEndpoint(world);
    const event = makeEvent("payment_intent.succeeded");
    await publish(world, event);

    const [request, ...more] = world.received;
    expect(more).toHaveLength(0);
    expect(request?.url).toBe(endpoint.url);
    expect(request?.body).toBe(event.payload);
    const signature = await signatureHeaders({
      eventId: event.id,
      body: event.payload,
      timestamp: START / 1_000,
      secrets: [endpoint.secret],
    });
    expect(Object.fromEntries(request?.headers ?? [])).toEqual({
      ...Object.fromEntries(Object.entries(signature).map(([k, v]) => [k.toLowerCase(), v])),
      "content-type": "application/json",
      "user-agent": "ItPay-Webhooks/1.0",
    });
    expect(await deliveryOf(endpoint)).toMatchObject({
      event_id: event.id,
      event_type: "payment_intent.succeeded",
      state: "delivered",
      next_attempt_at: null,
      attempts: [{ at: START, status: 200, latency_ms: 0, response: "thanks" }],
    });
    expect(world.queued).toHaveLength(0);
  });

  it("does not follow redirects and gives up no connection to them", async ({ expect }) => {
    const world = await makeWorld((_, init) => {
      if (init.redirect !== "manual") throw new Error("would follow");
      return new Response(null, { status: 302, headers: { Location: "http://169.254.169.254/" } });
    });
    const endpoint = await addEndpoint(world);
    await publish(world, makeEvent("payment_intent.created"));
    expect(world.received).toHaveLength(1);
    expect(await deliveryOf(endpoint)).toMatchObject({
      state: "pending",
      attempts: [{ status: 302 }],
    });
  });

  it.for([500, 404, 400, 401, 307, 304, 503])(
    "tries again after %i, at the times of the schedule",
    async (status, { expect }) => {
      const world = await makeWorld(inTurn(status, status, status, 200));
      const endpoint = await addEndpoint(world);
      await publish(world, makeEvent("payment_intent.succeeded"));
      expect(world.queued.map(({ delaySeconds }) => delaySeconds)).toEqual([5]);
      await goTo(world, START + HOUR);
      expect(world.received.map(({ at }) => at - START)).toEqual([
        0,
        5 * SECOND,
        35 * SECOND,
        155 * SECOND,
      ]);
      const delivery = await deliveryOf(endpoint);
      expect(delivery.state).toBe("delivered");
      expect(delivery.attempts.map((attempt) => attempt.status)).toEqual([
        status,
        status,
        status,
        200,
      ]);
    },
  );

  it("carries the same id and a new timestamp on every attempt", async ({ expect }) => {
    const world = await makeWorld(inTurn(500, 200));
    await addEndpoint(world);
    await publish(world, makeEvent("payment_intent.succeeded"));
    await goTo(world, START + MINUTE);
    const [first, second] = world.received;
    expect(second?.headers.get("webhook-id")).toBe(first?.headers.get("webhook-id"));
    expect(first?.headers.get("webhook-timestamp")).toBe(String(START / 1_000));
    expect(second?.headers.get("webhook-timestamp")).toBe(String(START / 1_000 + 5));
    expect(second?.headers.get("X-ItPay-Signature")).not.toBe(
      first?.headers.get("X-ItPay-Signature"),
    );
    expect(second?.body).toBe(first?.body);
  });

  it("waits for Retry-After, in the queue or in the database", async ({ expect }) => {
    const world = await makeWorld(answers(429, null, { "Retry-After": "600" }));
    const endpoint = await addEndpoint(world);
    await publish(world, makeEvent("payment_intent.succeeded"));
    expect((await deliveryOf(endpoint)).next_attempt_at).toBe(START + 10 * MINUTE);
    expect(world.queued.map(({ delaySeconds }) => delaySeconds)).toEqual([600]);

    world.receiver = answers(503, null, { "Retry-After": "7200" });
    await goTo(world, START + 10 * MINUTE);
    expect((await deliveryOf(endpoint)).next_attempt_at).toBe(START + 10 * MINUTE + 2 * HOUR);
    expect(world.queued).toHaveLength(0);
    world.receiver = answers(200);
    await goTo(world, START + 2 * HOUR);
    expect(world.received).toHaveLength(2);
    await goTo(world, START + 10 * MINUTE + 2 * HOUR + 2 * MINUTE);
    expect((await deliveryOf(endpoint)).state).toBe("delivered");
  });

  it("keeps the first KiB of an answer and does not read on", async ({ expect }) => {
    let pulled = 0;
    let cancelled = false;
    const world = await makeWorld(
      () =>
        new Response(
          new ReadableStream<Uint8Array>({
            pull(controller) {
              pulled += 1;
              controller.enqueue(new TextEncoder().encode("x".repeat(700)));
            },
            cancel() {
              cancelled = true;
            },
          }),
          { status: 500 },
        ),
    );
    const endpoint = await addEndpoint(world);
    await publish(world, makeEvent("payment_intent.succeeded"));
    const delivery = await deliveryOf(endpoint);
    expect(delivery.attempts[0]?.response).toBe("x".repeat(1_024));
    expect(pulled).toBeLessThan(6);
    expect(cancelled).toBe(true);
  });

  it("takes an answer in any encoding without breaking its log", async ({ expect }) => {
    const bytes = new Uint8Array([0xff, 0xfe, 0x00, 0x22, 0x27, 0xe4, 0xbb, 0x98, 0xe6]);
    const world = await makeWorld(() => new Response(bytes, { status: 500 }));
    const endpoint = await addEndpoint(world);
    await publish(world, makeEvent("payment_intent.succeeded"));
    expect((await deliveryOf(endpoint)).attempts[0]?.response).toBe(`\uFFFD\uFFFD\0"'付\uFFFD`);
  });

  it("takes a failed connection for a failure and keeps its text to itself", async ({ expect }) => {
    const world = await makeWorld(() => {
      throw new TypeError("connect ECONNREFUSED 10.1.2.3:443");
    });
    const endpoint = await addEndpoint(world);
    await publish(world, makeEvent("payment_intent.succeeded"));
    expect(await deliveryOf(endpoint)).toMatchObject({
      state: "pending",
      attempts: [{ status: null, response: "connection failed" }],
    });
    expect(world.lines.join()).not.toContain("10.1.2.3");
  });

  it("refuses to send where the policy forbids, also when the URL was saved", async ({
    expect,
  }) => {
    const world = await makeWorld(answers(200));
    const urls = ["http://shop.example/", "https://10.0.0.1/", "https://pay.gateway.example/x"];
    const endpoints = await Promise.all(urls.map((url) => addEndpoint(world, { url })));
    await publish(world, makeEvent("payment_intent.succeeded"));
    expect(world.received).toHaveLength(0);
    for (const endpoint of endpoints) {
      expect(await deliveryOf(endpoint)).toMatchObject({
        state: "pending",
        attempts: [{ status: null, response: expect.stringMatching(/^not sent: /) }],
      });
    }
  });

  it("leaves no secret in the log", async ({ expect }) => {
    const world = await makeWorld(inTurn(500, 200));
    const endpoint = await addEndpoint(world);
    await publish(world, makeEvent("payment_intent.succeeded"));
    await goTo(world, START + MINUTE);
    expect(world.lines.length).toBeGreaterThan(0);
    expect(world.lines.join()).not.toContain(endpoint.secret.slice(6));
    expect(world.lines.join()).not.toContain("v1=");
  });
});

describe("slow receivers", () => {
  it("who never answer are cut off", async ({ expect }) => {
    const timer = new AbortController();
    const answer = deliver("https://shop.example/", {}, "{}", io(never, timer));
    timer.abort();
    expect(await answer).toMatchObject({ status: null, response: "no answer within 15 s" });
  });

  it("whose connection is aborted by the time-out are told apart from broken ones", async ({
    expect,
  }) => {
    const timer = new AbortController();
    const aborting = async () => {
      timer.abort();
      throw new DOMException("aborted", "AbortError");
    };
    const answer = await deliver("https://shop.example/", {}, "{}", io(aborting, timer));
    expect(answer).toMatchObject({ status: null, response: "no answer within 15 s" });
  });

  it("who drip their answer have answered with its status", async ({ expect }) => {
    const timer = new AbortController();
    const drip = async () =>
      new Response(
        new ReadableStream<Uint8Array>({
          start: (controller) => controller.enqueue(new TextEncoder().encode("o")),
          pull: (controller) => {
            controller.enqueue(new TextEncoder().encode("k"));
            timer.abort();
            return Promise.withResolvers<void>().promise;
          },
        }),
        { status: 200 },
      );
    const answer = await deliver("https://shop.example/", {}, "{}", io(drip, timer));
    expect(answer.status).toBe(200);
    expect("ok").toContain(answer.response);
  });

  it("whose body breaks off keep their status", async ({ expect }) => {
    const answer = await deliver(
      "https://shop.example/",
      {},
      "{}",
      io(broken, new AbortController()),
    );
    expect(answer.status).toBe(202);
  });

  it("are given 15 seconds", async ({ expect }) => {
    const asked: number[] = [];
    await deliver("https://shop.example/", {}, "{}", {
      fetch: async () => new Response(null),
      now: () => START,
      timeout: (ms) => {
        asked.push(ms);
        return new AbortController().signal;
      },
    });
    expect(asked).toEqual([15_000]);
  });

  it("delay only their own deliveries", async ({ expect }) => {
    const gate = Promise.withResolvers<Response>();
    const world = await makeWorld(({ url }) =>
      url.includes("slow") ? gate.promise : new Response(null),
    );
    const slow = await addEndpoint(world, { url: "https://slow.example/h" });
    const quick = await addEndpoint(world, { url: "https://quick.example/h" });
    await consume(world, "itpay-events", [published(world, makeEvent("payment_intent.created"))]);
    const both = world.queued.splice(0).map(({ body }) => body);
    world.receiver = async (request) => {
      if (request.url.includes("slow")) return gate.promise;
      // Only when the quick one got its turn does the slow one answer.
      gate.resolve(new Response(null));
      return new Response(null);
    };
    expect(await consume(world, "itpay-deliveries", both)).toEqual({ acked: 2, retried: [] });
    expect((await deliveryOf(slow)).state).toBe("delivered");
    expect((await deliveryOf(quick)).state).toBe("delivered");
  });
});

describe("the deployment's own courier", () => {
  it("posts through the global fetch with a signal that ends it", async ({ expect }) => {
    const world = await makeWorld(answers(500));
    const endpoint = await addEndpoint(world);
    await consume(world, "itpay-events", [published(world, makeEvent("payment_intent.created"))]);
    const [message] = world.queued.splice(0);
    const fetched = vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response("ok"));
    const context = { ...queueContext(env), io: { ...network, now: () => START } };
    await consume({ ...world, context }, "itpay-deliveries", [message?.body]);
    expect(fetched).toHaveBeenCalledTimes(1);
    const [url, init] = fetched.mock.calls[0] ?? [];
    expect(url).toBe(endpoint.url);
    expect(init).toMatchObject({ method: "POST", redirect: "manual" });
    expect(init?.signal).toBeInstanceOf(AbortSignal);
    expect((await deliveryOf(endpoint)).state).toBe("delivered");
  });
});

describe("rotation", () => {
  it("signs with both secrets during the overlap and with the new one after it", async ({
    expect,
  }) => {
    const world = await makeWorld(answers(200));
    const endpoint = await addEndpoint(world);
    const { secret, sealed } = await makeSecret(vault, endpoint.id, secureRandom);
    const secrets = rotateSecrets(endpoint.secrets, sealed, START, HOUR);
    await addEndpoint(world, { ...endpoint, secrets });

    const during = makeEvent("payment_intent.created");
    await publish(world, during);
    world.now = START + HOUR;
    const after = makeEvent("payment_intent.succeeded");
    await publish(world, after);

    const sign = (event: typeof during, timestamp: number, ...keys: string[]) =>
      signatureHeaders({ eventId: event.id, body: event.payload, timestamp, secrets: keys });
    const got = world.received.map(({ headers }) => headers.get("webhook-signature"));
    expect(got).toEqual([
      (await sign(during, START / 1_000, secret, endpoint.secret))["webhook-signature"],
      (await sign(after, (START + HOUR) / 1_000, secret))["webhook-signature"],
    ]);
  });
});

describe("endpoints that fail", () => {
  it("is noted at the first failure, once, and forgotten at a success", async ({ expect }) => {
    const world = await makeWorld(inTurn(500, 500, 200));
    const endpoint = await addEndpoint(world);
    await publish(world, makeEvent("payment_intent.succeeded"));
    expect((await currentEndpoint(endpoint))?.failing_since).toBe(START);
    world.now = START + 5 * SECOND;
    await drain(world);
    expect((await currentEndpoint(endpoint))?.failing_since).toBe(START);
    await goTo(world, START + MINUTE);
    expect(await currentEndpoint(endpoint)).toMatchObject({
      failing_since: null,
      status: "enabled",
      updated_at: endpoint.updated_at,
    });
  });

  it("keeps the first of two failures that are noted at once", async ({ expect }) => {
    const world = await makeWorld(answers(500));
    const endpoint = await addEndpoint(world);
    await consume(world, "itpay-events", [published(world, makeEvent("payment_intent.created"))]);
    const delivery = await deliveryOf(endpoint);
    const failure = (at: number) =>
      recordAttempt(db, {
        delivery,
        attempt: { at, status: 500, latency_ms: 1, response: "" },
        state: "pending",
        nextAttemptAt: at + 5 * SECOND,
        feedAt: at + 5 * SECOND,
        endpoint: "failing",
      });
    await failure(START);
    await failure(START + 1);
    expect((await currentEndpoint(endpoint))?.failing_since).toBe(START);
    // And both left their line in the log.
    expect((await deliveryOf(endpoint)).attempts.map(({ at }) => at)).toEqual([START, START + 1]);
  });

  it("is disabled after 5 days of nothing but failures, and the merchant is told", async ({
    expect,
  }) => {
    const world = await makeWorld(
      ({ url }) => new Response(null, { status: url.includes("dead") ? 500 : 200 }),
    );
    const dead = await addEndpoint(world, { url: "https://dead.example/h" });
    const other = await addEndpoint(world, { enabled_events: ["webhook_endpoint.disabled"] });
    const deaf = await addEndpoint(world, { enabled_events: ["refund.failed"] });
    await publish(world, makeEvent("payment_intent.created"));
    for (let moment = START + HOUR; moment < START + 5 * DAY; moment += 6 * HOUR) {
      await goTo(world, moment);
    }
    expect((await currentEndpoint(dead))?.status).toBe("enabled");
    // A second delivery waits while the first one brings the end.
    await publish(world, makeEvent("payment_intent.succeeded"));
    expect(await deliveriesOf(dead)).toHaveLength(2);
    await goTo(world, START + 5 * DAY + 13 * HOUR);
    await goTo(world, START + 6 * DAY + 13 * HOUR);

    expect(await currentEndpoint(dead)).toMatchObject({
      status: "disabled",
      disabled_reason: "failing",
      failing_since: START,
    });
    const [a, b] = await deliveriesOf(dead);
    expect([a?.state, b?.state]).toEqual(["cancelled", "cancelled"]);
    expect([a?.next_attempt_at, b?.next_attempt_at]).toEqual([null, null]);
    expect((a?.attempts.length ?? 0) + (b?.attempts.length ?? 0)).toBeGreaterThan(12);

    expect(await deliveriesOf(deaf)).toHaveLength(0);
    const told = await deliveryOf(other);
    expect(told).toMatchObject({ state: "delivered", event_type: "webhook_endpoint.disabled" });
    const event: unknown = JSON.parse(world.received.at(-1)?.body ?? "null");
    expect(event).toMatchObject({
      id: told.event_id,
      object: "event",
      type: "webhook_endpoint.disabled",
      livemode: true,
      data: {
        id: dead.id,
        object: "webhook_endpoint",
        status: "disabled",
        disabled_reason: "failing",
        url: "https://dead.example/h",
      },
    });
    expect(JSON.stringify(event)).not.toContain("secret");
  });

  it("is not disabled for failures between successes", async ({ expect }) => {
    let turn = 0;
    const world = await makeWorld(() => {
      turn += 1;
      return new Response(null, { status: turn % 3 === 0 ? 200 : 500 });
    });
    const endpoint = await addEndpoint(world);
    for (let day = 0; day < 12; day += 1) {
      world.now = START + day * DAY;
      await publish(world, makeEvent("payment_intent.succeeded"));
      await goTo(world, START + day * DAY + 20 * HOUR);
    }
    expect((await currentEndpoint(endpoint))?.status).toBe("enabled");
    const states = new Set((await deliveriesOf(endpoint)).map(({ state }) => state));
    expect(states).toEqual(new Set(["delivered"]));
  });

  it("410 disables it at once and cancels what waits", async ({ expect }) => {
    const world = await makeWorld(inTurn(500, 410));
    const gone = await addEndpoint(world, { enabled_events: ["payment_intent.created"] });
    const other = await addEndpoint(world, { enabled_events: ["webhook_endpoint.disabled"] });
    await publish(world, makeEvent("payment_intent.created"));
    await publish(world, makeEvent("payment_intent.created"));
    world.receiver = answers(200);
    await drain(world);

    expect(await currentEndpoint(gone)).toMatchObject({
      status: "disabled",
      disabled_reason: "gone",
    });
    const deliveries = await deliveriesOf(gone);
    expect(deliveries.map(({ state }) => state)).toEqual(["cancelled", "cancelled"]);
    const statuses = deliveries.flatMap(({ attempts }) => attempts.map(({ status }) => status));
    expect(new Set(statuses)).toEqual(new Set([410, 500]));
    expect((await deliveriesOf(other)).map(({ event_type }) => event_type)).toEqual([
      "webhook_endpoint.disabled",
    ]);
    const before = world.received.length;
    await goTo(world, START + DAY);
    expect(world.received.slice(before).every(({ url }) => url === other.url)).toBe(true);
  });

  it("two consumers that see the end at once raise one event", async ({ expect }) => {
    const world = await makeWorld(answers(410));
    const gone = await addEndpoint(world, { enabled_events: ["payment_intent.created"] });
    const other = await addEndpoint(world, { enabled_events: ["webhook_endpoint.disabled"] });
    await consume(world, "itpay-events", [published(world, makeEvent("payment_intent.created"))]);
    await consume(world, "itpay-events", [published(world, makeEvent("payment_intent.created"))]);
    const bodies = world.queued.splice(0).map(({ body }) => body);
    expect(bodies).toHaveLength(2);
    await consume(world, "itpay-deliveries", bodies);
    expect((await currentEndpoint(gone))?.status).toBe("disabled");
    expect(await deliveriesOf(other)).toHaveLength(1);
  });

  it("a merchant's change in between wins over the end of the old endpoint", async ({ expect }) => {
    const world = await makeWorld(answers(410));
    const endpoint = await addEndpoint(world);
    world.receiver = async () => {
      await updateEndpoint(db, endpoint.id, { url: "https://new.example/h" }, START + 1);
      return new Response(null, { status: 410 });
    };
    await publish(world, makeEvent("payment_intent.created"));
    expect(await currentEndpoint(endpoint)).toMatchObject({
      status: "enabled",
      url: "https://new.example/h",
    });
  });

  it("a delivery that never gets through is exhausted after 30 days", async ({ expect }) => {
    const world = await makeWorld(
      ({ body }) => new Response(null, { status: body.includes("poison") ? 500 : 200 }),
    );
    const endpoint = await addEndpoint(world);
    await publish(world, makeEvent("payment_intent.succeeded", { data: { note: "poison" } }));
    const poisoned = await deliveryOf(endpoint);
    for (let moment = START + 4 * HOUR; moment <= START + 31 * DAY; moment += 4 * HOUR) {
      await goTo(world, moment);
      // Others get through, so the endpoint lives.
      if ((moment - START) % DAY === 0) await publish(world, makeEvent("payment_intent.created"));
    }
    const all = await deliveriesOf(endpoint);
    const given = all.find(({ id }) => id === poisoned.id);
    expect(given).toMatchObject({ state: "exhausted", next_attempt_at: null });
    expect(given?.attempts.length).toBeGreaterThan(45);
    expect(given?.attempts.at(-1)?.at).toBeGreaterThanOrEqual(START + 30 * DAY);
    expect(all.filter(({ state }) => state === "delivered")).toHaveLength(all.length - 1);
    expect((await currentEndpoint(endpoint))?.status).toBe("enabled");
  });

  it("a receiver that is down for four days gets everything", async ({ expect }) => {
    const world = await makeWorld(answers(503));
    const endpoint = await addEndpoint(world);
    const events = [1, 2, 3].map((sequence) => makeEvent("payment_intent.succeeded", { sequence }));
    for (const event of events) await publish(world, event);
    for (let hour = 6; hour < 4 * 24; hour += 6) await goTo(world, START + hour * HOUR);
    world.receiver = answers(200);
    const before = world.received.length;
    await goTo(world, START + 5 * DAY);
    const states = (await deliveriesOf(endpoint)).map(({ state }) => state);
    expect(states).toEqual(["delivered", "delivered", "delivered"]);
    const ids = world.received.slice(before).map(({ headers }) => headers.get("webhook-id"));
    expect(new Set(ids)).toEqual(new Set(events.map(({ id }) => id)));
  });
});

describe("endpoints that change while a delivery waits", () => {
  it("disabled or deleted: cancelled and not sent", async ({ expect }) => {
    const world = await makeWorld(answers(500));
    const [off, away] = [await addEndpoint(world), await addEndpoint(world)];
    await publish(world, makeEvent("payment_intent.succeeded"));
    expect(world.received).toHaveLength(2);
    await updateEndpoint(db, off.id, { status: "disabled" }, START + 1);
    await deleteEndpoint(db, away.id);
    for (const endpoint of [off, away]) {
      expect(await deliveryOf(endpoint)).toMatchObject({
        state: "cancelled",
        next_attempt_at: null,
      });
    }
    await goTo(world, START + DAY);
    expect(world.received).toHaveLength(2);
  });

  it("disabled before the delivery was made: cancelled by whoever comes for it", async ({
    expect,
  }) => {
    const world = await makeWorld(answers(200));
    const endpoints = [await addEndpoint(world), await addEndpoint(world)];
    await consume(world, "itpay-events", [published(world, makeEvent("payment_intent.created"))]);
    const [off, away] = endpoints;
    // Not through the store, which would have cancelled the deliveries as well.
    await env.DB.batch([
      env.DB.prepare("UPDATE webhook_endpoints SET status = 'disabled' WHERE id = ?").bind(off?.id),
      env.DB.prepare("DELETE FROM webhook_endpoints WHERE id = ?").bind(away?.id),
    ]);
    await drain(world);
    expect(world.received).toHaveLength(0);
    for (const endpoint of endpoints) {
      expect(await deliveryOf(endpoint)).toMatchObject({ state: "cancelled", attempts: [] });
    }
  });

  it("another URL: the next attempt goes there", async ({ expect }) => {
    const world = await makeWorld(answers(500));
    const endpoint = await addEndpoint(world);
    await publish(world, makeEvent("payment_intent.succeeded"));
    await updateEndpoint(db, endpoint.id, { url: "https://moved.example/h" }, START + 1);
    world.receiver = answers(200);
    await goTo(world, START + MINUTE);
    expect(world.received.at(-1)?.url).toBe("https://moved.example/h");
    expect((await deliveryOf(endpoint)).state).toBe("delivered");
  });
});
