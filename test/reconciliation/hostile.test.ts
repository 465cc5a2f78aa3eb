/**
 * What files must not be able to do: change payments by a merchant's own word, tell of what is not
 * the merchant's, hide a defect by their order or by a correction, or hold a worker up for ever.
 */
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { describe, it } from "vitest";

import { beginNightlyRuns } from "../../src/cron/reconcile.ts";
import { GIVEN_UP_AFTER_MS, resumeDays } from "../../src/reconciliation/run.ts";
import { randomId } from "../../src/ids.ts";
import { database } from "../../src/store/db.ts";
import { channelAccounts, exceptions, reconciliationDays } from "../../src/store/schema.ts";
import { addStatement, findStatement } from "../../src/store/statements.ts";
import {
  begin,
  type BillRow,
  billOf,
  book,
  DAY,
  drain,
  findingsOf,
  giveBack,
  makeWorld,
  NOON,
  openShop,
  recordOfRefund,
  recordOfSale,
  type RecordRow,
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
const NEXT = "2026-11-21";

/** Compares a channel's file. */
async function run(
  shop: Shop,
  world: World,
  rows: readonly BillRow[],
  { day = DAY, origin }: { day?: string; origin?: "download" | "upload" } = {},
) {
  const file = await upload(shop, world, "channel", billOf(rows), day, origin);
  const id = await begin(shop, world, file, day);
  await drain(world);
  return viewOf(id);
}

/** Compares the merchant's records alone. */
async function check(shop: Shop, world: World, records: readonly RecordRow[]) {
  await upload(shop, world, "merchant", recordsOf(records));
  const id = await begin(shop, world, null);
  await drain(world);
  return viewOf(id);
}

const bankShop = () => openShop({ channel: "promptpay", merchant_account: "0105540087061" });

const rowsOf = ({ account }: Shop) =>
  db.select().from(exceptions).where(eq(exceptions.channel_account, account.id));

describe("an uploaded statement", () => {
  it("makes no payment succeed and no refund fail; the channel's own file does", async ({
    expect,
  }) => {
    for (const livemode of [false, true]) {
      const shop = await openShop({ livemode });
      const world = makeWorld();
      const [unpaid, sold] = [sell({ status: "expired" }), sell()];
      const refund = giveBack(sold, { status: "processing", value: 100 });
      await book(shop, [unpaid, sold], [refund]);
      const forged = [
        saleRow(unpaid),
        saleRow(sold),
        { ...refundRow(refund), refundState: "FAIL" },
      ];
      const byUpload = await run(shop, world, forged, { origin: "upload" });
      expect(world.told).toEqual([]);
      expect(byUpload.counts).toEqual({ matched: 1, status_mismatch: 2 });
      const [found] = (await rowsOf(shop)).filter(({ reference }) => reference === unpaid.id);
      const shown = JSON.parse(found?.snapshot ?? "{}");
      expect(shown.channel).toMatchObject({ status: "succeeded", origin: "upload" });
      expect(shown.proposed_fix).toMatch(/^Ask the channel/);
      // The very same bytes from the channel are its word, however they came first.
      const byDownload = await run(shop, world, forged, { origin: "download" });
      expect(world.told.toSorted()).toEqual([unpaid.id, refund.id].toSorted());
      expect(byDownload.counts).toEqual({ matched: 1, recovered: 2 });
      expect((await findStatement(db, byDownload.days[0]?.statement ?? ""))?.origin).toBe(
        "download",
      );
      expect((await rowsOf(shop)).map(({ state }) => state)).toEqual(["resolved", "resolved"]);
    }
  });

  it("does not become the channel's by being sent again", async ({ expect }) => {
    const shop = await openShop();
    const world = makeWorld();
    const unpaid = sell({ status: "expired" });
    await book(shop, [unpaid]);
    await run(shop, world, [saleRow(unpaid)], { origin: "upload" });
    await run(shop, world, [saleRow(unpaid)], { origin: "upload" });
    expect(world.told).toEqual([]);
  });
});

describe("a downloaded statement", () => {
  it("is read as the channel wrote it, whatever the account's profile says", async ({ expect }) => {
    const shop = await openShop({
      statement_profile: {
        columns: { reference: "商品名称", amount: "订单金额" },
        currency: "CNY",
        utc_offset_minutes: 0,
        end_mark: "whatever",
      },
    });
    const world = makeWorld();
    const sold = sell();
    await book(shop, [sold]);
    expect((await run(shop, world, [saleRow(sold)])).counts).toEqual({ matched: 1 });
    const uploaded = await run(shop, world, [saleRow(sold), saleRow(sell())], { origin: "upload" });
    expect(uploaded.state).toBe("failed");
  });

  it("that was uploaded and read before is read again as the channel's", async ({ expect }) => {
    const shop = await openShop();
    const world = makeWorld();
    const id = await upload(shop, world, "channel", billOf([saleRow(sell())]), DAY, "upload");
    const before = await findStatement(db, id);
    if (before === null) throw new Error("not kept");
    await db.run(`UPDATE statements SET state = 'read', lines = 7 WHERE id = '${id}'`);
    const row = { ...before, id: randomId("statement"), sha1: "a".repeat(40) };
    const same = await addStatement(db, { ...row, origin: "download" });
    expect([same.id, same.origin, same.sha1, same.state]).toEqual([
      id,
      "download",
      "a".repeat(40),
      "received",
    ]);
    // And never the other way round.
    expect((await addStatement(db, { ...row, origin: "upload" })).origin).toBe("download");
  });
});

describe("what is not the account's", () => {
  it("a file of the other mode learns nothing of a payment", async ({ expect }) => {
    const live = await openShop({ livemode: true });
    const test = await openShop({ merchant_id: live.merchantId });
    const world = makeWorld();
    const sold = sell({ value: 777 });
    await book(live, [sold]);
    const { counts } = await run(test, world, [{ ...saleRow(sold), value: 1 }]);
    expect(counts).toEqual({ missing_at_gateway: 1 });
    expect((await rowsOf(test))[0]?.snapshot).not.toContain("777");
  });

  it("two accounts of one number at the channel do not accuse each other", async ({ expect }) => {
    const one = await openShop();
    const { merchantId } = one;
    const owned = async (merchant_account: string) => ({
      ...(await openShop({ merchant_id: merchantId, merchant_account })),
      merchantId,
    });
    const [two, other] = [await owned(one.account.merchant_account), await owned("1900000333")];
    const world = makeWorld();
    const [mine, theirs, foreign] = [sell(), sell(), sell()];
    await book(one, [mine]);
    await book(two, [theirs]);
    await book(other, [foreign]);
    const { counts } = await run(one, world, [mine, theirs, foreign].map(saleRow));
    expect(counts).toEqual({ matched: 1, ignored: 1, duplicate: 1 });
    expect(await findingsOf(one)).toEqual([`${foreign.id} duplicate open`]);
  });

  it("records tell nothing of another merchant's refunds", async ({ expect }) => {
    const [shop, other] = [await bankShop(), await bankShop()];
    const world = makeWorld();
    const sold = sell({ currency: "THB" });
    const refund = giveBack(sold, { value: 321 });
    await book(other, [sold], [refund]);
    const guess = { ...recordOfRefund(refund), refund: "", value: 321 };
    await upload(shop, world, "merchant", recordsOf([guess]).replace(",payment,", ",refund,"));
    await begin(shop, world, null);
    await drain(world);
    expect(await findingsOf(shop)).toEqual([`${sold.id} missing_at_gateway open`]);
    expect((await rowsOf(shop))[0]?.snapshot).not.toContain(refund.id);
  });
});

describe("two lines about the same payment", () => {
  const taken = (row: BillRow): BillRow => ({ ...row, state: "REVOKED", value: row.value });

  it("of which one takes it back: it is taken back, in either order", async ({ expect }) => {
    for (const turn of [false, true]) {
      const shop = await openShop();
      const world = makeWorld();
      const sold = sell();
      await book(shop, [sold]);
      const rows = [saleRow(sold), taken(saleRow(sold))];
      const { counts, progress } = await run(shop, world, turn ? rows.toReversed() : rows);
      expect(await findingsOf(shop)).toEqual([`${sold.id} status_mismatch open`]);
      // Each line has one outcome.
      expect(Object.values(counts).reduce((sum, number) => sum + number, 0)).toBe(progress.total);
    }
  });
});

describe("the minutes around midnight", () => {
  it("are looked at by whichever day is compared last", async ({ expect }) => {
    const shop = await openShop();
    const world = makeWorld();
    world.now += 24 * HOUR;
    const lost = sell({ at: NOON + 11.9 * HOUR });
    const [early, later] = [sell(), sell({ at: NOON + 24 * HOUR })];
    await book(shop, [early, lost, later]);
    expect((await run(shop, world, [saleRow(later)], { day: NEXT })).counts).toEqual({
      matched: 1,
    });
    expect((await run(shop, world, [saleRow(early)])).counts).toEqual({
      matched: 1,
      missing_at_channel: 1,
    });
    expect(await findingsOf(shop)).toEqual([`${lost.id} missing_at_channel open`]);
  });

  it("are not missed while the day before has read its file and not compared it", async ({
    expect,
  }) => {
    const shop = await openShop();
    const world = makeWorld();
    world.now += 24 * HOUR;
    const [late, later] = [sell({ at: NOON + 11.9 * HOUR }), sell({ at: NOON + 24 * HOUR })];
    await book(shop, [late, later]);
    const first = await upload(shop, world, "channel", billOf([saleRow(late)]));
    // Read, as a run that is under way has it.
    await db.run(`UPDATE statements SET state = 'read', lines = 1 WHERE id = '${first}'`);
    expect((await run(shop, world, [saleRow(later)], { day: NEXT })).counts).toEqual({
      matched: 1,
    });
  });
});

describe("a corrected file", () => {
  it("that leaves out what the first one had shows it missing", async ({ expect }) => {
    const shop = await openShop();
    const world = makeWorld();
    const [kept, dropped] = [sell(), sell({ at: NOON + 1 })];
    await book(shop, [kept, dropped]);
    const records = [kept, dropped].map(recordOfSale);
    await upload(shop, world, "merchant", recordsOf(records));
    expect((await run(shop, world, [kept, dropped].map(saleRow))).counts).toEqual({ matched: 2 });
    expect((await run(shop, world, [saleRow(kept)])).counts).toEqual({
      matched: 1,
      missing_at_channel: 1,
    });
    // Shrunk on the merchant's side, too.
    world.now += 1_000;
    await upload(shop, world, "merchant", recordsOf([recordOfSale(kept)]));
    await run(shop, world, [kept, dropped].map(saleRow));
    expect(await findingsOf(shop)).toEqual([
      `${dropped.id} missing_at_channel resolved`,
      `${dropped.id} missing_at_merchant open`,
    ]);
  });

  it("opens again what an earlier one had settled, and not what a person had", async ({
    expect,
  }) => {
    const shop = await openShop();
    const world = makeWorld();
    const [sold, closed] = [sell(), sell()];
    await book(shop, [sold, closed]);
    const right = [sold, closed].map(saleRow);
    const wrong = right.map((row) => ({ ...row, value: row.value + 1, fee: 0 }));
    await run(shop, world, wrong);
    await db
      .update(exceptions)
      .set({
        state: "resolved",
        notes: [{ at: 1, by: "key_1", text: "Fine.", action: "resolved" }],
      })
      .where(eq(exceptions.reference, closed.id));
    await run(shop, world, right);
    expect(await findingsOf(shop)).toEqual(
      [sold, closed].map(({ id }) => `${id} amount_mismatch resolved`).toSorted(),
    );
    await run(shop, world, wrong);
    expect(await findingsOf(shop)).toEqual(
      [`${sold.id} amount_mismatch open`, `${closed.id} amount_mismatch resolved`].toSorted(),
    );
    const [row] = (await rowsOf(shop)).filter(({ reference }) => reference === sold.id);
    expect(row?.notes.map(({ by }) => by)).toEqual(["gateway", "gateway"]);
    expect(row?.resolved_at).toBeNull();
  });

  it("of another day is no file of this one", async ({ expect }) => {
    const shop = await bankShop();
    const world = makeWorld();
    world.now += 24 * HOUR;
    const sold = { ...sell(), currency: "THB" };
    await book(shop, [sold]);
    const records = recordsOf([recordOfSale(sold)]);
    const compareOn = async (text: string, day: string) => {
      world.now += 1;
      await upload(shop, world, "merchant", text, day);
      const id = await begin(shop, world, null, day);
      await drain(world);
      return viewOf(id);
    };
    expect((await compareOn(records, NEXT)).state).toBe("completed");
    const refused = await compareOn(records, DAY);
    expect([refused.state, refused.days[0]?.error?.code]).toEqual(["failed", "wrong_day"]);
    // It was the other day's upload that was the mistake: once that is corrected, this one counts.
    await compareOn(recordsOf([recordOfSale(sell())]), NEXT);
    expect((await compareOn(records, DAY)).state).toBe("completed");
  });
});

describe("the merchant's own records", () => {
  it("settle what they raised once they are corrected", async ({ expect }) => {
    const shop = await bankShop();
    const world = makeWorld();
    const [one, two] = [sell({ currency: "THB" }), sell({ currency: "THB" })];
    await book(shop, [one, two]);
    const wrong = { ...recordOfSale(one), value: 1 };
    await check(shop, world, [wrong]);
    expect(await findingsOf(shop)).toEqual(
      [`${one.id} amount_mismatch open`, `${two.id} missing_at_merchant open`].toSorted(),
    );
    world.now += 1_000;
    await check(shop, world, [one, two].map(recordOfSale));
    expect((await rowsOf(shop)).map(({ state }) => state)).toEqual(["resolved", "resolved"]);
  });

  it("may name refunds by their payment, several of the same amount too", async ({ expect }) => {
    const shop = await bankShop();
    const world = makeWorld();
    const sold = sell({ currency: "THB", refunded: 300 });
    const first = giveBack(sold, { value: 100 });
    const second = { ...giveBack(sold, { value: 100 }), id: `${first.id.slice(0, -1)}2` };
    await book(shop, [sold], [first, second]);
    const nameless = { ...recordOfRefund(first), refund: "" };
    const text = recordsOf([recordOfSale(sold), nameless, nameless, nameless]).replaceAll(
      `${sold.id},payment,,THB,100`,
      `${sold.id},refund,,THB,100`,
    );
    // The second time everything is known from the first.
    for (let time = 0; time < 2; time += 1) {
      await upload(shop, world, "merchant", text);
      world.context = { ...world.context, sliceLines: 2 };
      const id = await begin(shop, world, null);
      await drain(world);
      // The third is nobody's: two were made.
      expect((await viewOf(id)).counts).toEqual({ matched: 3, missing_at_gateway: 1 });
    }
  });
});

describe("a day that cannot be done", () => {
  it("ends after some readers have died over its file", async ({ expect }) => {
    const shop = await openShop();
    const world = makeWorld();
    const file = await upload(shop, world, "channel", billOf([saleRow(sell())]));
    const id = await begin(shop, world, file);
    const [message] = world.queued.splice(0);
    const { archive } = world.context;
    let readers = 0;
    world.context = {
      ...world.context,
      archive: {
        ...archive,
        open: async () => {
          readers += 1;
          throw new Error("the worker is gone");
        },
      },
    };
    for (let time = 0; time < 12; time += 1) {
      if (message !== undefined) world.queued.push(message);
      await drain(world).catch(() => undefined);
    }
    expect(readers).toBe(8);
    const { state, days } = await viewOf(id);
    expect([state, days[0]?.error?.code]).toEqual(["failed", "too_large"]);
  });

  it("ends some days later whatever is in its way, and its end is told", async ({ expect }) => {
    const shop = await openShop();
    const world = makeWorld();
    const id = await begin(shop, world, null);
    world.queued.length = 0;
    const { created_at } = (
      await db.select().from(reconciliationDays).where(eq(reconciliationDays.run_id, id))
    )[0] ?? { created_at: 0 };
    // The step's name is of no release that runs: whoever takes it up throws.
    await db.run(`UPDATE reconciliation_days SET step = 'gone' WHERE run_id = '${id}'`);
    await resumeDays(world.context, created_at + GIVEN_UP_AFTER_MS - 1);
    await expect(drain(world)).rejects.toThrow("no such step");
    world.now = created_at + GIVEN_UP_AFTER_MS;
    await resumeDays(world.context, world.now);
    await drain(world);
    const { state, days } = await viewOf(id);
    expect([state, days[0]?.error?.code]).toEqual(["failed", "stuck"]);
    expect(world.sent.flatMap(({ events }) => events.map(({ type }) => type))).toEqual([
      "reconciliation.completed",
    ]);
  });

  it("has no exception that is too large for a queue or a statement of D1", async ({ expect }) => {
    const shop = await bankShop();
    const world = makeWorld();
    // Each of them takes four bytes in the message, which has the event as a text inside of JSON.
    const long = "\\".repeat(122);
    const file = '"'.repeat(190);
    const numbers = Array.from({ length: 30 }, (_, at) => `${long}${at}`);
    const bill = [
      "reference,transaction_id,currency,amount,type,status,occurred_at",
      ...numbers.map((number) => `${number},${number},THB,6.99,payment,succeeded,`),
      "<END>",
    ].join("\n");
    const id = await upload(shop, world, "channel", bill, DAY, "upload");
    const records = [
      "payment_intent,currency,amount",
      ...numbers.map((number) => `${number},THB,1`),
      "",
    ].join("\n");
    const own = await upload(shop, world, "merchant", records);
    await db.run(`UPDATE statements SET file_name = '${file}' WHERE id IN ('${id}', '${own}')`);
    const begun = await begin(shop, world, id);
    await drain(world);
    expect((await viewOf(begun)).counts).toEqual({ missing_at_gateway: 30 });
    const sizes = world.sent.map((message) => new TextEncoder().encode(JSON.stringify(message)));
    expect(world.sent.flatMap(({ events }) => events)).toHaveLength(31);
    expect(Math.max(...sizes.map(({ byteLength }) => byteLength))).toBeLessThan(120_000);
  });
});

describe("the night", () => {
  it("asks the database as often for a hundred accounts as for one", async ({ expect }) => {
    const shop = await openShop({ livemode: true });
    const more = Array.from({ length: 120 }, () => ({
      ...shop.account,
      id: randomId("channelAccount"),
    }));
    for (const account of more) await db.insert(channelAccounts).values(account);
    let statements = 0;
    const counting = new Proxy(env.DB, {
      get(target, name) {
        if (name === "prepare") statements += 1;
        const member: unknown = Reflect.get(target, name);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    const world = makeWorld({ db: database(counting) });
    const begun = await beginNightlyRuns(world.context, Date.parse("2026-11-21T02:30:00Z"));
    expect(begun).toBeGreaterThan(120);
    expect(world.queued).toHaveLength(begun);
    expect(statements).toBeLessThan(30);
  });
});
