/** Replays: every event of a stretch of the feed once, in its order, whatever dies in between. */
import { eq } from "drizzle-orm";
import { describe, it } from "vitest";

import { resumeReplays, STALE_AFTER_MS } from "../../src/cron/replays.ts";
import { randomId } from "../../src/ids.ts";
import { ABANDONED_AFTER_MS, STEP_MS } from "../../src/queue/replays.ts";
import { addJob, beginStep, findJob, type JobRow } from "../../src/store/jobs.ts";
import { events, jobs, webhookDeliveries } from "../../src/store/schema.ts";
import { deleteEndpoint, updateEndpoint } from "../../src/store/webhook-endpoints.ts";
import {
  EVENTS_PER_STEP,
  LOOKED_AT_PER_STEP,
  type ReplayParameters,
  wantedTypes,
} from "../../src/webhooks/replay.ts";
import {
  addEndpoint,
  consume,
  db,
  deliveriesOf,
  makeEvent,
  makeWorld,
  publish,
  published,
  START,
  type World,
} from "./support.ts";

const fine = () => new Response(null);
const broken = () => new Response(null, { status: 500 });

const TYPES = ["payment_intent.created", "payment_intent.succeeded", "refund.failed"];

/** Events in the feed from before there was an endpoint, one second apart. */
async function history(world: World, count: number) {
  const made = Array.from({ length: count }, (_, index) =>
    makeEvent(TYPES[index % TYPES.length] ?? "", { createdAt: START + index * 1_000 }),
  );
  for (let at = 0; at < count; at += 50) {
    await consume(world, "itpay-events", [published(world, ...made.slice(at, at + 50))]);
  }
  return made;
}

async function newJob(
  world: World,
  endpoint: { id: string },
  range: Partial<ReplayParameters> & Pick<ReplayParameters, "through">,
): Promise<JobRow> {
  const parameters: ReplayParameters = {
    after: null,
    before: null,
    types: null,
    created_gte: null,
    created_lt: null,
    from: 0,
    ...range,
  };
  const added = await addJob(db, {
    id: randomId("job"),
    merchant_id: world.merchantId,
    livemode: world.livemode,
    kind: "webhook_replay",
    target: endpoint.id,
    parameters,
    state: "queued",
    done: 0,
    total: parameters.through - parameters.from,
    cursor: parameters.from,
    error: null,
    created_at: world.now,
    updated_at: world.now,
  });
  if (added.kind === "busy") throw new Error("busy");
  return added.job;
}

const current = async (world: World, { id }: JobRow) => {
  const row = await findJob(db, world.merchantId, world.livemode, id);
  if (row === null) throw new Error("the job is gone");
  return row;
};

const step = (world: World, { id }: JobRow, attempts = 1) =>
  consume(world, "itpay-deliveries", [{ replay: id }], attempts);

/** Takes the first step and all that follow; returns how many there were. */
async function run(world: World, job: JobRow): Promise<number> {
  let steps = 1;
  await step(world, job);
  for (let next = world.steps.shift(); next !== undefined; next = world.steps.shift()) {
    steps += 1;
    await consume(world, "itpay-deliveries", [next]);
  }
  return steps;
}

const idsReceived = (world: World) =>
  world.received.map(({ headers }) => headers.get("webhook-id"));

describe("a replay", () => {
  it("sends every event once more, in the feed's order, step by step", async ({ expect }) => {
    const world = await makeWorld(fine);
    const made = await history(world, 2 * EVENTS_PER_STEP + 30);
    const endpoint = await addEndpoint(world);
    const job = await newJob(world, endpoint, { through: made.length });
    expect(await run(world, job)).toBe(3);
    expect(idsReceived(world)).toEqual(made.map(({ id }) => id));
    expect(world.received.map(({ body }) => body)).toEqual(made.map(({ payload }) => payload));
    expect(await current(world, job)).toMatchObject({
      state: "completed",
      done: made.length,
      total: made.length,
      cursor: made.length,
      error: null,
    });
    expect(world.queued).toEqual([]);
    // And nothing more when the last message comes again.
    await step(world, job);
    expect(world.received).toHaveLength(made.length);
  });

  it("shows its progress between the steps", async ({ expect }) => {
    const world = await makeWorld(fine);
    const made = await history(world, EVENTS_PER_STEP + 1);
    const endpoint = await addEndpoint(world);
    const job = await newJob(world, endpoint, { through: made.length });
    await step(world, job);
    expect(await current(world, job)).toMatchObject({ state: "queued", done: EVENTS_PER_STEP });
    expect(world.steps).toEqual([{ replay: job.id }]);
  });

  it("is a delivery beside the first one, with the same webhook-id", async ({ expect }) => {
    const world = await makeWorld(broken);
    const endpoint = await addEndpoint(world);
    const event = makeEvent("payment_intent.succeeded");
    await publish(world, event);
    world.receiver = fine;
    const job = await newJob(world, endpoint, { through: 1 });
    await run(world, job);
    const states = (await deliveriesOf(endpoint)).map(({ state }) => state);
    expect(states.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(["delivered", "pending"]);
    expect(idsReceived(world)).toEqual([event.id, event.id]);
    // A second replay is another cause, and so it sends again.
    await run(world, await newJob(world, endpoint, { through: 1 }));
    expect(world.received).toHaveLength(3);
  });

  it("keeps to its places, its types and its times", async ({ expect }) => {
    const world = await makeWorld(fine);
    const made = await history(world, 12);
    const endpoint = await addEndpoint(world);
    const sent = async (range: Partial<ReplayParameters>) => {
      world.received.length = 0;
      await run(world, await newJob(world, endpoint, { through: 12, ...range }));
      return idsReceived(world);
    };
    const ids = made.map(({ id }) => id);
    expect(await sent({ from: 4, through: 7 })).toEqual(ids.slice(4, 7));
    expect(await sent({ from: 7, through: 7 })).toEqual([]);
    expect(await sent({ types: ["refund.failed"] })).toEqual([ids[2], ids[5], ids[8], ids[11]]);
    expect(
      await sent({
        created_gte: START + 3_000,
        created_lt: START + 6_000,
        types: TYPES.slice(0, 2),
      }),
    ).toEqual([ids[3], ids[4]]);
    await updateEndpoint(db, endpoint.id, { enabled_events: ["payment_intent.created"] }, START);
    expect(await sent({})).toEqual([ids[0], ids[3], ids[6], ids[9]]);
    expect(await sent({ types: ["refund.failed"] })).toEqual([]);
  });

  it("looks at a late event too, whose time does not fit its place", async ({ expect }) => {
    const world = await makeWorld(fine);
    const early = makeEvent("payment_intent.created", { createdAt: START - 86_400_000 });
    await history(world, 3);
    await consume(world, "itpay-events", [published(world, early)]);
    const endpoint = await addEndpoint(world);
    const created_lt = START - 1;
    await run(world, await newJob(world, endpoint, { through: 4, created_lt }));
    expect(idsReceived(world)).toEqual([early.id]);
  });

  it("passes over a long stretch that nobody wants in bounded steps", async ({ expect }) => {
    const world = await makeWorld(fine);
    const endpoint = await addEndpoint(world);
    const event = makeEvent("payment_intent.created");
    const position = 2 * LOOKED_AT_PER_STEP + 5;
    const { merchantId: merchant_id, livemode } = world;
    await db.insert(events).values({ ...event, merchant_id, livemode, position });
    const job = await newJob(world, endpoint, { through: position });
    await step(world, job);
    expect(await current(world, job)).toMatchObject({
      state: "queued",
      cursor: LOOKED_AT_PER_STEP,
      done: LOOKED_AT_PER_STEP,
    });
    world.steps.length = 0;
    expect(await run(world, job)).toBe(2);
    expect(idsReceived(world)).toEqual([event.id]);
    expect((await current(world, job)).state).toBe("completed");
  });

  it("never sends another merchant's or mode's events, nor tests of endpoints", async ({
    expect,
  }) => {
    const world = await makeWorld(fine);
    const stranger = await makeWorld(fine);
    await history(stranger, 3);
    const sandbox = { ...world, livemode: false };
    await consume(world, "itpay-events", [published(sandbox, makeEvent("refund.failed"))]);
    await consume(world, "itpay-events", [published(world, makeEvent("webhook_endpoint.test"))]);
    const [own] = await history(world, 1);
    const endpoint = await addEndpoint(world);
    await run(world, await newJob(world, endpoint, { through: 10 }));
    expect(idsReceived(world)).toEqual([own?.id]);
  });
});

describe("an endpoint that fails", () => {
  it("gets the rest, and what failed is tried again on its own", async ({ expect }) => {
    let count = 0;
    const world = await makeWorld(() => ((count += 1) === 2 ? broken() : fine()));
    const made = await history(world, 4);
    const endpoint = await addEndpoint(world);
    const job = await newJob(world, endpoint, { through: 4 });
    await run(world, job);
    expect(idsReceived(world)).toEqual(made.map(({ id }) => id));
    expect((await current(world, job)).state).toBe("completed");
    const waiting = (await deliveriesOf(endpoint)).filter(({ state }) => state === "pending");
    expect(waiting).toMatchObject([{ event_id: made[1]?.id, next_attempt_at: START + 5_000 }]);
    expect(world.queued).toMatchObject([{ delaySeconds: 5 }]);
  });

  it("and is slow gets what fits into a step, and the rest in the next", async ({ expect }) => {
    const world = await makeWorld(() => {
      world.now += STEP_MS / 2;
      return fine();
    });
    const made = await history(world, 5);
    const endpoint = await addEndpoint(world);
    const job = await newJob(world, endpoint, { through: 5 });
    await step(world, job);
    expect(world.received).toHaveLength(2);
    expect(await current(world, job)).toMatchObject({ state: "queued", cursor: 2, done: 2 });
    await run(world, job);
    expect(idsReceived(world)).toEqual(made.map(({ id }) => id));
    expect((await current(world, job)).state).toBe("completed");
  });

  it("and is disabled or deleted ends the replay, which says so", async ({ expect }) => {
    const world = await makeWorld(fine);
    await history(world, EVENTS_PER_STEP + 5);
    const [off, gone] = [await addEndpoint(world), await addEndpoint(world)];
    const through = EVENTS_PER_STEP + 5;
    const first = await newJob(world, off, { through });
    const second = await newJob(world, gone, { through });
    await step(world, first);
    await step(world, second);
    await updateEndpoint(db, off.id, { status: "disabled" }, START);
    await deleteEndpoint(db, gone.id);
    world.received.length = 0;
    await run(world, first);
    await run(world, second);
    expect(world.received).toEqual([]);
    const state = "failed";
    const done = EVENTS_PER_STEP;
    const error = "The endpoint was";
    expect(await current(world, first)).toMatchObject({ state, done, error: `${error} disabled.` });
    expect(await current(world, second)).toMatchObject({ state, done, error: `${error} deleted.` });
  });

  it("and answers 410 in the middle gets no more", async ({ expect }) => {
    let count = 0;
    const world = await makeWorld(() =>
      (count += 1) === 2 ? new Response(null, { status: 410 }) : fine(),
    );
    await history(world, 4);
    const endpoint = await addEndpoint(world);
    const job = await newJob(world, endpoint, { through: 4 });
    await run(world, job);
    expect(world.received).toHaveLength(2);
    const states = (await deliveriesOf(endpoint)).map(({ state }) => state);
    expect(states.filter((state) => state === "cancelled")).toHaveLength(3);
  });
});

describe("whatever dies", () => {
  /** Every event arrived, none of them from two deliveries. */
  const complete = async (world: World, endpoint: { id: string }, count: number) => {
    const rows = await db
      .select()
      .from(webhookDeliveries)
      .where(eq(webhookDeliveries.endpoint_id, endpoint.id));
    const ids = rows.map((row) => row.event_id);
    return (
      ids.length === count &&
      new Set(ids).size === count &&
      rows.every(({ state }) => state === "delivered") &&
      new Set(idsReceived(world)).size === count
    );
  };

  it("a step that dies half-way goes on where it was, and sends nothing twice", async ({
    expect,
  }) => {
    const world = await makeWorld(fine);
    const made = await history(world, 10);
    const endpoint = await addEndpoint(world);
    const job = await newJob(world, endpoint, { through: 10 });
    // The process dies after four events: the database is not heard of again.
    let reads = 0;
    const dying = new Proxy(world.context.db, {
      get(target, name) {
        if (name === "select" && (reads += 1) > 6) throw new Error("D1_ERROR: gone");
        if (name === "update" && reads > 6) throw new Error("D1_ERROR: gone");
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function"
          ? (...args: unknown[]): unknown => Reflect.apply(value, target, args)
          : value;
      },
    });
    const stumbling: World = { ...world, context: { ...world.context, db: dying } };
    expect(await step(stumbling, job)).toEqual({ acked: 0, retried: [10] });
    const before = world.received.length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(10);
    expect((await current(world, job)).state).toBe("running");

    // The message comes back while the step still counts as under way.
    await step(world, job, 2);
    expect(world.received).toHaveLength(before);
    world.now = START + ABANDONED_AFTER_MS;
    await step(world, job, 3);
    expect(idsReceived(world)).toEqual(made.map(({ id }) => id));
    expect(await complete(world, endpoint, 10)).toBe(true);
    expect((await current(world, job)).state).toBe("completed");
  });

  it("a step that fails is free again at once for the message's repeat", async ({ expect }) => {
    const world = await makeWorld(fine);
    await history(world, 3);
    const endpoint = await addEndpoint(world);
    const job = await newJob(world, endpoint, { through: 3 });
    let batches = 0;
    const failing = new Proxy(world.context.db, {
      get(target, name) {
        if (name === "batch" && (batches += 1) === 1) throw new Error("D1_ERROR: overloaded");
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function"
          ? (...args: unknown[]): unknown => Reflect.apply(value, target, args)
          : value;
      },
    });
    const stumbling: World = { ...world, context: { ...world.context, db: failing } };
    expect(await step(stumbling, job)).toEqual({ acked: 0, retried: [10] });
    expect(world.received).toEqual([]);
    expect(await step(stumbling, job, 2)).toEqual({ acked: 1, retried: [] });
    expect(await complete(world, endpoint, 3)).toBe(true);
  });

  it("a message that is lost between two steps is made up for by the cron", async ({ expect }) => {
    // The cron serves all merchants: what earlier tests left behind is none of this one's business.
    await db.delete(jobs);
    const world = await makeWorld(fine);
    const count = EVENTS_PER_STEP + 3;
    await history(world, count);
    const endpoint = await addEndpoint(world);
    const job = await newJob(world, endpoint, { through: count });
    await step(world, job);
    world.steps.length = 0;

    world.now = START + STALE_AFTER_MS - 1;
    expect(await resumeReplays(world.context, world.now)).toBe(0);
    world.now = START + STALE_AFTER_MS;
    expect(await resumeReplays(world.context, world.now)).toBe(1);
    // The next minute leaves it to the queue.
    expect(await resumeReplays(world.context, world.now + 60_000)).toBe(0);
    expect(world.steps).toEqual([{ replay: job.id }]);
    await consume(world, "itpay-deliveries", world.steps.splice(0));
    expect(await complete(world, endpoint, count)).toBe(true);
    world.now += STALE_AFTER_MS;
    expect(await resumeReplays(world.context, world.now)).toBe(0);
  });

  it("a queue that does not take the next message brings this one back", async ({ expect }) => {
    const world = await makeWorld(fine);
    const count = EVENTS_PER_STEP + 3;
    await history(world, count);
    const endpoint = await addEndpoint(world);
    const job = await newJob(world, endpoint, { through: count });
    world.failingSends = 1;
    expect(await step(world, job)).toEqual({ acked: 0, retried: [10] });
    await run(world, job);
    expect(await complete(world, endpoint, count)).toBe(true);
  });

  it("two messages at once take one step", async ({ expect }) => {
    const world = await makeWorld(fine);
    await history(world, 20);
    const endpoint = await addEndpoint(world);
    const job = await newJob(world, endpoint, { through: 20 });
    await Promise.all([step(world, job), step(world, job), step(world, job)]);
    expect(world.received).toHaveLength(20);
    expect(await complete(world, endpoint, 20)).toBe(true);
  });

  it("a step that was taken over does not move the job when it wakes", async ({ expect }) => {
    const world = await makeWorld(fine);
    await history(world, 3);
    const endpoint = await addEndpoint(world);
    const job = await newJob(world, endpoint, { through: 3 });
    world.receiver = async () => {
      world.receiver = fine;
      // It slept for so long that the next message took the job over and ended it.
      world.now += ABANDONED_AFTER_MS;
      await step(world, job);
      return fine();
    };
    await step(world, job);
    expect(await current(world, job)).toMatchObject({ state: "completed", done: 3 });
    expect(world.steps).toEqual([]);
  });

  it("nor when whoever took it over is still at work", async ({ expect }) => {
    const world = await makeWorld(fine);
    await history(world, 3);
    const endpoint = await addEndpoint(world);
    const job = await newJob(world, endpoint, { through: 3 });
    world.receiver = async () => {
      world.receiver = fine;
      world.now += ABANDONED_AFTER_MS;
      const taken = await beginStep(db, job.id, world.now, world.now - ABANDONED_AFTER_MS);
      expect(taken).not.toBeNull();
      return fine();
    };
    await step(world, job);
    expect(await current(world, job)).toMatchObject({ state: "running", done: 0, cursor: 0 });
  });
});

describe("jobs", () => {
  it("are one at a time for an endpoint, also when asked for at once", async ({ expect }) => {
    const world = await makeWorld(fine);
    const endpoint = await addEndpoint(world);
    const asked = await Promise.allSettled(
      Array.from({ length: 5 }, () => newJob(world, endpoint, { through: 1 })),
    );
    expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const other = await addEndpoint(world);
    await expect(newJob(world, other, { through: 1 })).resolves.toBeDefined();
    const [first] = await db.select().from(jobs).where(eq(jobs.target, endpoint.id));
    if (first === undefined) throw new Error("no job");
    await run(world, first);
    await expect(newJob(world, endpoint, { through: 1 })).resolves.toBeDefined();
  });

  it("that nobody knows are not begun, and messages of another shape are stored", async ({
    expect,
  }) => {
    const world = await makeWorld(fine);
    expect(await beginStep(db, randomId("job"), START, START)).toBeNull();
    expect(await consume(world, "itpay-deliveries", [{ replay: randomId("job") }])).toEqual({
      acked: 1,
      retried: [],
    });
    await consume(world, "itpay-deliveries", [
      { replay: "job_1" },
      { replay: randomId("event") },
      { replay: randomId("job"), delivery_ids: [randomId("webhookDelivery")] },
    ]);
    expect(world.lines.filter((line) => line.includes("queue.malformed"))).toHaveLength(3);
  });
});

describe("the types of a replay", () => {
  it.for<[string[] | null, string[], readonly string[] | null]>([
    [null, ["*"], null],
    [["refund.failed"], ["*"], ["refund.failed"]],
    [null, ["refund.failed"], ["refund.failed"]],
    [["refund.failed", "refund.created"], ["refund.created"], ["refund.created"]],
    [["refund.failed"], ["refund.created"], []],
    [["refund.failed"], ["refund.created", "*"], ["refund.failed"]],
  ])("asked %j, enabled %j: %j", ([asked, enabled, wanted], { expect }) => {
    expect(wantedTypes(asked, enabled)).toEqual(wanted);
  });
});
