/**
 * A worker that dies: after any single write, at every place. Whoever goes on must leave
 * no gap and nothing twice.
 */
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { beforeAll, describe, it } from "vitest";

import type { ReconciliationContext } from "../../src/reconciliation/context.ts";
import { ABANDONED_AFTER_MS, resumeDays, STALE_AFTER_MS } from "../../src/reconciliation/run.ts";
import { database } from "../../src/store/db.ts";
import { settlements, statementLines } from "../../src/store/schema.ts";
import {
  begin,
  billOf,
  book,
  drain,
  findingsOf,
  giveBack,
  makeWorld,
  NOON,
  openShop,
  recordOfRefund,
  recordOfSale,
  recordsOf,
  refundRow,
  saleRow,
  sell,
  type Shop,
  upload,
  viewOf,
  type World,
} from "./kit.ts";

const db = database(env.DB);

/** A day with something of everything; slices are short, so that it has many parts. */
function aDay() {
  const sales = Array.from({ length: 22 }, (_, at) => sell({ value: 100 + at, at: NOON + at }));
  const refunds = sales.slice(0, 5).map((sale) => giveBack(sale, { value: 50 }));
  const rows = [...sales.map(saleRow), ...refunds.map(refundRow)];
  const records = [...sales.map(recordOfSale), ...refunds.map(recordOfRefund)];
  const foreign = saleRow(sell());
  for (const [at, row] of rows.entries()) if (at % 11 === 3) row.value += 1;
  rows.push(foreign, { ...(rows[5] ?? foreign), transaction: "42000000009" });
  const late = sell({ status: "expired", at: NOON + 999 });
  rows.push(saleRow(late));
  return {
    sales: [...sales, late],
    refunds,
    bill: billOf(rows.filter((_, at) => at !== 7 && at !== 25)),
    records: recordsOf(records.filter((_, at) => at !== 9)),
  };
}

class Crash extends Error {}

/** Counts what has an effect outside, and dies at one of them: everything after it fails too. */
class Fate {
  count = 0;
  dead = false;
  readonly #at: number;

  /** @param at how many deeds it does; 0: none at all */
  constructor(at: number) {
    this.#at = at;
    this.dead = at === 0;
  }

  async meet<T>(deed: () => Promise<T>): Promise<T> {
    if (this.dead) throw new Crash();
    this.count += 1;
    if (this.count !== this.#at) return deed();
    await deed();
    this.dead = true;
    throw new Crash();
  }
}

/** The same surroundings, seen by a worker with a fate. */
function fated(context: ReconciliationContext, fate: Fate): ReconciliationContext {
  const { archive, events, work, payments } = context;
  const mortal = new Proxy(context.db, {
    get(target, name) {
      if (name !== "batch") return Reflect.get(target, name) as unknown;
      return (items: Parameters<typeof target.batch>[0]) =>
        fate.meet(() => target.batch(items) as Promise<unknown>);
    },
  });
  return {
    ...context,
    sliceLines: 10,
    // Every part is its own message.
    now: () => {
      tick += 30_000;
      return context.now() + tick;
    },
    db: mortal,
    archive: {
      ...archive,
      putPage: (...page) => fate.meet(() => archive.putPage(...page)),
      page: (...page) => fate.meet(() => archive.page(...page)),
    },
    events: { send: (message) => fate.meet(() => Promise.resolve(events.send(message))) },
    work: {
      send: (message: Parameters<typeof work.send>[0]) => fate.meet(() => work.send(message)),
      sendBatch: (batch: Parameters<typeof work.sendBatch>[0]) =>
        fate.meet(() => work.sendBatch(batch)),
    },
    payments: {
      report: (...news) => fate.meet(() => payments.report(...news)),
      reportRefund: (...news) => fate.meet(() => payments.reportRefund(...news)),
    },
  };
}

let tick = 0;

async function outcomeOf(shop: Shop, world: World, runId: string) {
  const { counts, state, progress } = await viewOf(runId);
  const lines = await db
    .select()
    .from(statementLines)
    .where(eq(statementLines.channel_account, shop.account.id));
  const batches = await db
    .select()
    .from(settlements)
    .where(eq(settlements.channel_account, shop.account.id));
  const events = new Map(
    world.sent.flatMap(({ events: told }) => told.map(({ id, payload }) => [id, payload])),
  );
  const all = world.sent.flatMap(({ events: told }) => told);
  return {
    counts,
    state,
    progress,
    findings: (await findingsOf(shop)).length,
    lines: lines.length,
    settled: batches.map(({ gross, refunded, channel_fee }) => [gross, refunded, channel_fee]),
    events: events.size,
    // A repeated event is the same to the byte, or receivers could not tell.
    isSteady: all.every(({ id, payload }) => events.get(id) === payload),
  };
}

async function prepare() {
  tick = 0;
  const shop = await openShop();
  const world = makeWorld();
  const day = aDay();
  await book(shop, day.sales, day.refunds);
  await upload(shop, world, "merchant", day.records);
  const run = await begin(shop, world, await upload(shop, world, "channel", day.bill));
  return { shop, world, run };
}

/** @param lost the message dies with the worker; only the cron can find the day */
async function live(at: number, lost: boolean) {
  const { shop, world, run } = await prepare();
  const fate = new Fate(at);
  const healthy = world.context;
  const well = fated(healthy, new Fate(Infinity));
  world.context = fated(healthy, fate);
  const [message] = world.queued;
  try {
    await drain(world);
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    world.context = well;
    if (lost) {
      world.now += STALE_AFTER_MS + tick;
      world.queued.length = 0;
      await resumeDays(well, healthy.now() + tick);
    } else {
      world.now += ABANDONED_AFTER_MS + 1_000;
      if (message !== undefined) world.queued.unshift(message);
    }
    await drain(world);
  }
  return { outcome: await outcomeOf(shop, world, run), deeds: fate.count };
}

describe("a worker that dies", () => {
  let expected: Awaited<ReturnType<typeof live>>;
  beforeAll(async () => {
    expected = await live(Infinity, false);
  });

  it("does all of it when nothing happens", ({ expect }) => {
    const { outcome, deeds } = expected;
    expect(outcome.state).toBe("completed");
    expect(outcome.counts).toMatchObject({ recovered: 1, duplicate: 1, missing_at_gateway: 1 });
    expect(outcome.counts["missing_at_channel"]).toBe(2);
    expect(outcome.isSteady).toBe(true);
    expect(outcome.events).toBe(outcome.findings + 1);
    expect(deeds).toBeGreaterThan(20);
  });

  // Dying before a deed is dying after the one before it.
  it("after any deed: no gap, nothing twice", { timeout: 240_000 }, async ({ expect }) => {
    for (let at = 0; at <= expected.deeds; at += 1) {
      const { outcome } = await live(at, false);
      expect(outcome, `deed ${at}`).toEqual(expected.outcome);
    }
  });

  it(
    "is found by the cron when its message is lost too",
    { timeout: 120_000 },
    async ({ expect }) => {
      for (let at = 2; at <= expected.deeds; at += 5) {
        const { outcome } = await live(at, true);
        // The end may have been told already, or it is told when somebody looks: API and list know it.
        expect({ ...outcome, events: 0 }, `deed ${at}`).toEqual({ ...expected.outcome, events: 0 });
      }
    },
  );
});
