/** Days of runs as operators and merchants see them: late files, empty days, spoiled files, repeats. */
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { describe, it } from "vitest";

import type { Outcome, StatementAnswer } from "../../src/channels/adapter.ts";
import { formatFor } from "../../src/channels/statement/formats.ts";
import { beginNightlyRuns } from "../../src/cron/reconcile.ts";
import { unknown } from "../../src/channels/outcomes.ts";
import { resumeDays } from "../../src/reconciliation/run.ts";
import { database } from "../../src/store/db.ts";
import {
  ledgerEntries,
  reconciliationRuns,
  settlements,
  statementLines,
  statements,
} from "../../src/store/schema.ts";
import {
  begin,
  billOf,
  book,
  compare,
  DAY,
  drain,
  findingsOf,
  giveBack,
  makeWorld,
  NOON,
  openShop,
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
const HOUR = 3_600_000;

const linesOf = ({ account }: Shop) =>
  db.select().from(statementLines).where(eq(statementLines.channel_account, account.id));

async function nothingBooked({ account, merchantId }: Shop): Promise<boolean> {
  const [lines, batches, entries] = await Promise.all([
    linesOf({ account, merchantId }),
    db.select().from(settlements).where(eq(settlements.channel_account, account.id)),
    db.select().from(ledgerEntries).where(eq(ledgerEntries.merchant_id, merchantId)),
  ]);
  return lines.length + batches.length + entries.length === 0;
}

/** A channel that answers its asks one after the other, the last one for ever. */
function channelThat(world: World, answers: (() => Outcome<StatementAnswer>)[]): { asks: number } {
  const seen = { asks: 0 };
  const { connect } = world.context;
  world.context = {
    ...world.context,
    connect: async (account) => {
      const real = await connect(account);
      const fetch = async () => {
        const answer = answers[Math.min(seen.asks, answers.length - 1)];
        seen.asks += 1;
        return answer?.() ?? unknown("network", "nobody");
      };
      const desk = { format: formatFor("wechat", null), fetch };
      return { ...real, adapter: { ...real.adapter, statements: desk } };
    },
  };
  return seen;
}

const file = (text: string, sha1: string | null = null): Outcome<StatementAnswer> => ({
  kind: "ok",
  value: { kind: "file", name: "bill.csv", body: new Blob([text]).stream(), sha1 },
});

const ok = (kind: "none" | "not_yet"): Outcome<StatementAnswer> => ({
  kind: "ok",
  value: { kind },
});

describe("a day", () => {
  it("that was compared before is compared again, and nothing is found twice", async ({
    expect,
  }) => {
    const shop = await openShop();
    const world = makeWorld();
    const sales = [sell(), sell(), sell({ value: 700 })];
    await book(shop, sales);
    const rows = sales.map(saleRow);
    if (rows[2] !== undefined) rows[2].value = 701;
    const bill = billOf(rows);
    const first = await compare(shop, world, bill);
    expect(first.counts).toEqual({ matched: 2, amount_mismatch: 1 });
    const again = await compare(shop, world, bill);
    expect(again.counts).toEqual(first.counts);
    // The same bytes are the same file.
    expect(again.days[0]?.statement).toBe(first.days[0]?.statement);
    expect(await findingsOf(shop)).toEqual([`${sales[2]?.id} amount_mismatch open`]);
    expect(await linesOf(shop)).toHaveLength(3);
  });

  it("with a corrected file puts an end to what the first one raised", async ({ expect }) => {
    const shop = await openShop();
    const world = makeWorld();
    const [sold, forgotten] = [sell(), sell({ at: NOON + 1 })];
    await book(shop, [sold, forgotten]);
    await compare(shop, world, billOf([saleRow(sold)]));
    expect(await findingsOf(shop)).toEqual([`${forgotten.id} missing_at_channel open`]);
    await compare(shop, world, billOf([sold, forgotten].map(saleRow)));
    expect(await findingsOf(shop)).toEqual([`${forgotten.id} missing_at_channel resolved`]);
  });

  it("leaves its last minutes to the next day's file", async ({ expect }) => {
    const shop = await openShop();
    const world = makeWorld();
    // 23:50 in China; one is booked on the next day, the other on none.
    const [booked, lost] = [sell({ at: NOON + 11.83 * HOUR }), sell({ at: NOON + 11.84 * HOUR })];
    const early = sell();
    await book(shop, [early, booked, lost]);
    const today = await compare(shop, world, billOf([saleRow(early)]));
    expect(today.counts).toEqual({ matched: 1 });
    const row = { ...saleRow(booked), time: NOON + 13 * HOUR };
    const next = await begin(
      shop,
      world,
      await upload(shop, world, "channel", billOf([row]), "2026-11-21"),
      "2026-11-21",
    );
    await drain(world);
    expect((await viewOf(next)).counts).toEqual({ matched: 1, missing_at_channel: 1 });
    expect(await findingsOf(shop)).toEqual([`${lost.id} missing_at_channel open`]);
  });

  it("brings news to the payments, and believes what they believe", async ({ expect }) => {
    const shop = await openShop();
    const world = makeWorld();
    const late = sell({ status: "expired" });
    const stubborn = sell({ status: "cancelled" });
    const refunded = sell();
    const refund = giveBack(refunded, { status: "processing" });
    await book(shop, [late, stubborn, refunded], [refund]);
    const { payments } = world.context;
    world.context = {
      ...world.context,
      payments: {
        ...payments,
        report: async (id, account, report) =>
          id === stubborn.id
            ? { ok: false, error: "not this one" }
            : payments.report(id, account, report),
      },
    };
    const rows = [...[late, stubborn, refunded].map(saleRow), refundRow(refund)];
    const { counts } = await compare(shop, world, billOf(rows));
    expect(world.told.toSorted()).toEqual([late.id, refund.id].toSorted());
    expect(counts).toEqual({ matched: 1, recovered: 2, status_mismatch: 1 });
    expect(await findingsOf(shop)).toEqual([`${stubborn.id} status_mismatch open`]);
  });

  it("says nothing of what another merchant's payment is", async ({ expect }) => {
    const [shop, other] = [await openShop(), await openShop()];
    const world = makeWorld();
    const foreign = sell({ value: 12_345 });
    await book(other, [foreign]);
    await compare(shop, world, billOf([{ ...saleRow(foreign), value: 1 }]));
    expect(await findingsOf(shop)).toEqual([`${foreign.id} missing_at_gateway open`]);
    const [event] = world.sent.flatMap(({ events }) => events);
    expect(event?.payload).not.toContain("12345");
    expect(JSON.parse(event?.payload ?? "{}").data).toMatchObject({
      gateway: null,
      payment_intent: null,
    });
  });

  it("is compared with the merchant's own records alone where there is no other file", async ({
    expect,
  }) => {
    const shop = await openShop({ channel: "promptpay", merchant_account: "0105540087061" });
    const world = makeWorld();
    const [sold, dearer, unpaid] = [sell(), sell(), sell({ status: "expired" })];
    const all = [sold, dearer, unpaid].map((sale) => ({ ...sale, currency: "THB" }));
    await book(shop, all);
    const records = all.map(recordOfSale);
    if (records[1] !== undefined) records[1].value += 1;
    if (records[2] !== undefined) records[2].status = "succeeded";
    await upload(shop, world, "merchant", recordsOf([...records, recordOfSale(sell())]));
    const run = await begin(shop, world, null);
    await drain(world);
    const { state, counts } = await viewOf(run);
    expect(state).toBe("completed");
    expect(counts).toEqual({
      matched: 1,
      amount_mismatch: 1,
      status_mismatch: 1,
      missing_at_gateway: 1,
    });
  });
});

describe("a file that cannot be believed", () => {
  const row = () => saleRow(sell());
  const spoiled: readonly (readonly [string, string, () => string])[] = [
    ["cut off", "truncated", () => billOf([row(), row()]).slice(0, -90)],
    ["of another day", "wrong_day", () => billOf([{ ...row(), time: NOON - 72 * HOUR }])],
    ["of another merchant", "wrong_account", () => billOf([{ ...row(), mchid: "1900000999" }])],
    ["without a column", "columns", () => billOf([row()]).replace("订单金额,申请", "别的,申请")],
    [
      "with other totals",
      "totals",
      () => billOf([row()]).replace("`6.99,`0.00\r\n", "`6.98,`0.00\r\n"),
    ],
    ["with a formula", "cell", () => billOf([{ ...row(), transaction: "=1+1" }])],
  ];

  it.for(spoiled)(
    "%s is refused, with the place, and nothing of it counts",
    async ([, code, make], { expect }) => {
      const shop = await openShop();
      const world = makeWorld();
      const sold = sell();
      await book(shop, [sold]);
      const run = await compare(shop, world, make());
      const [day] = run.days;
      expect([run.state, day?.error?.code]).toEqual(["failed", code]);
      expect(day?.error).toMatchObject({ file: "bill.csv", message: expect.any(String) });
      if (code !== "truncated") expect(day?.error?.line).toEqual(expect.any(Number));
      expect(await nothingBooked(shop)).toBe(true);
      expect(await findingsOf(shop)).toEqual([]);
      const ended = world.sent.flatMap(({ events }) => events.map(({ type }) => type));
      expect(ended).toEqual(["reconciliation.completed"]);
      const [kept] = await db
        .select()
        .from(statements)
        .where(eq(statements.channel_account, shop.account.id));
      expect(kept).toMatchObject({ state: "refused", lines: 0 });
      // Its lines are gone, the file itself is evidence.
      const { objects } = await env.ARCHIVE.list({ prefix: `statements/${kept?.id}/` });
      expect(objects.map(({ key }) => key)).toEqual([`statements/${kept?.id}/file`]);
    },
  );

  it("that is not what the channel said it would be is refused", async ({ expect }) => {
    const shop = await openShop();
    const world = makeWorld();
    channelThat(world, [() => file(billOf([row()]), "a".repeat(40))]);
    const run = await begin(shop, world, null);
    await drain(world);
    expect((await viewOf(run)).days[0]?.error?.code).toBe("tampered");
    expect(await nothingBooked(shop)).toBe(true);
  });
});

describe("the channel's file", () => {
  it("that is late is asked for again until it exists", async ({ expect }) => {
    const shop = await openShop();
    const world = makeWorld();
    const sold = sell();
    await book(shop, [sold]);
    const seen = channelThat(world, [
      () => ok("not_yet"),
      () => unknown("timeout", "slow"),
      () => file(billOf([saleRow(sold)])),
    ]);
    const run = await begin(shop, world, null);
    await drain(world);
    const waiting = await viewOf(run);
    expect([waiting.state, waiting.days[0]?.state]).toEqual(["running", "waiting"]);
    expect(Date.parse(waiting.days[0]?.next_attempt_at ?? "")).toBe(world.now + 30 * 60_000);
    // Nobody asks before the time.
    expect(await resumeDays(world.context, world.now + 29 * 60_000)).toBe(0);
    world.now += 30 * 60_000;
    expect(await resumeDays(world.context, world.now)).toBe(1);
    await drain(world);
    expect(seen.asks).toBe(2);
    world.now += 2 * 60_000;
    await resumeDays(world.context, world.now);
    await drain(world);
    const done = await viewOf(run);
    expect([done.state, done.counts, done.days[0]?.attempts]).toEqual([
      "completed",
      { matched: 1 },
      3,
    ]);
  });

  it("that never comes ends the day as failed, and says so", async ({ expect }) => {
    const shop = await openShop();
    const world = makeWorld();
    channelThat(world, [() => ok("not_yet")]);
    const run = await begin(shop, world, null);
    await drain(world);
    for (let ask = 0; ask < 100; ask += 1) {
      world.now += 30 * 60_000;
      await resumeDays(world.context, world.now);
      await drain(world);
    }
    const { state, days } = await viewOf(run);
    expect([state, days[0]?.error?.code, days[0]?.attempts]).toEqual(["failed", "late", 97]);
  });

  it("of a day on which nothing happened is known to be none", async ({ expect }) => {
    const shop = await openShop();
    const world = makeWorld();
    channelThat(world, [() => ok("none")]);
    const run = await begin(shop, world, null);
    await drain(world);
    const quiet = await viewOf(run);
    expect([quiet.state, quiet.counts]).toEqual(["completed", {}]);
    // What happened here, and not there, is missing there.
    const sold = sell();
    await book(shop, [sold]);
    const again = await begin(shop, world, null);
    await drain(world);
    // Perhaps the file is not made yet: it is asked for until the next day is over too.
    expect((await viewOf(again)).days[0]?.state).toBe("waiting");
    world.now += 12 * HOUR;
    await resumeDays(world.context, world.now);
    await drain(world);
    expect((await viewOf(again)).counts).toEqual({ missing_at_channel: 1 });
  });

  it("that nobody can fetch has to be uploaded", async ({ expect }) => {
    const shop = await openShop({ channel: "promptpay", merchant_account: "0105540087061" });
    const world = makeWorld();
    const run = await begin(shop, world, null);
    await drain(world);
    const { state, days } = await viewOf(run);
    expect([state, days[0]?.error?.code]).toEqual(["failed", "no_statement"]);
    expect(days[0]?.error?.message).toContain("POST /v1/reconciliation/statements");
  });
});

describe("every night", () => {
  it("each account is compared once, however often the cron fires", async ({ expect }) => {
    const shop = await openShop();
    const idle = await openShop();
    const world = makeWorld();
    await book(shop, [sell()]);
    const at = Date.parse("2026-11-21T02:30:00Z");
    await beginNightlyRuns(world.context, at);
    await beginNightlyRuns(world.context, at + 60_000);
    const runsOf = ({ account }: Shop) =>
      db
        .select()
        .from(reconciliationRuns)
        .where(eq(reconciliationRuns.channel_account, account.id));
    const runs = await runsOf(shop);
    expect(runs).toMatchObject([{ trigger: "nightly", from_day: DAY, to_day: DAY }]);
    // A test account without a payment is left alone.
    expect(await runsOf(idle)).toEqual([]);
    const mine = world.queued.filter((message) => "run" in message && message.run === runs[0]?.id);
    expect(mine[0]).toEqual({ run: runs[0]?.id, day: DAY });
  });
});
