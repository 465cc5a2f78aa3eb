/** A day's settlement: the statement's totals, the splits of the ledger, and what the channel kept. */
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { describe, it } from "vitest";

import type { LineStatus } from "../../src/channels/statement/line.ts";
import { startSettling } from "../../src/cron/settlements.ts";
import { randomId } from "../../src/ids.ts";
import { WorkMessage } from "../../src/messages.ts";
import { settle, settleByBooks } from "../../src/settlement/settle.ts";
import { addLine, type DayTotals, expectedAt, netOf } from "../../src/settlement/totals.ts";
import { insertMerchant } from "../../src/store/merchants.ts";
import { api, newMerchant } from "../intent/kit.ts";
import { paymentOf, plant } from "../store/payments.ts";
import { atEveryStep, book, db, type Owner } from "./kit.ts";

const DAY = "2026-11-20";
const CHINA = 480;
const START = Date.parse("2026-11-19T16:00:00Z");
const NOW = Date.parse("2026-11-21T03:00:00Z");

interface Account {
  readonly id: string;
  readonly merchant_id: string;
  readonly livemode: boolean;
  readonly channel: string;
  readonly merchant_account: string;
}

const newAccount = (channel = "wechat"): Account => ({
  id: randomId("channelAccount"),
  merchant_id: randomId("merchant"),
  livemode: true,
  channel,
  merchant_account: "1900000001",
});

const ownerOf = ({ merchant_id, livemode }: Account): Owner => ({
  merchantId: merchant_id,
  livemode,
});

interface Line {
  readonly kind: "payment" | "refund";
  readonly currency: string;
  readonly value: number;
  readonly status: LineStatus;
  readonly fee: number | null;
}

const stated = new Map<string, DayTotals[]>();

/** What a statement's lines come to. */
function state(statementId: string, lines: readonly Partial<Line>[]): void {
  const totals = new Map<string, DayTotals>();
  for (const changes of lines) {
    const usual: Line = {
      kind: "payment",
      currency: "CNY",
      value: 1_000,
      status: "succeeded",
      fee: 6,
    };
    const { currency, value, ...line } = { ...usual, ...changes };
    addLine(totals, { ...line, amount: { currency, value } });
  }
  stated.set(statementId, [...totals.values()]);
}

const settleBy = (account: Account, statementId: string | null, base = db, now = NOW) =>
  settle(base, {
    account,
    day: DAY,
    offsetMinutes: CHINA,
    totals: statementId === null ? null : (stated.get(statementId) ?? []),
    runId: "rr_1",
    now,
  });

interface Entry {
  readonly kind: string;
  readonly value: number;
  readonly cause: string;
  readonly debit: string;
  readonly credit: string;
  readonly at: number;
}

const feesOf = async ({ merchant_id }: Account): Promise<Entry[]> => {
  const read = env.DB.prepare(
    `SELECT kind, value, cause, debit, credit, at FROM ledger_entries
      WHERE merchant_id = ? AND kind LIKE 'channel_fee%' ORDER BY length(cause), cause`,
  );
  return (await read.bind(merchant_id).all<Entry>()).results;
};

const keptOf = async (account: Account): Promise<number> =>
  (await feesOf(account)).reduce(
    (sum, { kind, value }) => sum + (kind === "channel_fee" ? value : -value),
    0,
  );

const markPaid = (id: string) =>
  env.DB.prepare("UPDATE settlements SET state = 'paid', payout_id = 'po_1' WHERE id = ?")
    .bind(id)
    .run();

describe("the expected arrival", () => {
  it("is the next day of the channel's clock", ({ expect }) => {
    expect(new Date(expectedAt("wechat", DAY, CHINA)).toISOString()).toBe(
      "2026-11-20T16:00:00.000Z",
    );
    expect(new Date(expectedAt("nobody", DAY, -480)).toISOString()).toBe(
      "2026-11-21T08:00:00.000Z",
    );
  });
});

describe("a day with a statement", () => {
  it("has the totals of what the statement calls done, by currency", async ({ expect }) => {
    const account = newAccount();
    state("st_a", [
      {},
      { value: 500, fee: 3 },
      { kind: "refund", value: 200, fee: -1 },
      { status: "failed", value: 70_000, fee: 420 },
      { status: "reversed", value: 80_000 },
      { status: "processing", kind: "refund", value: 90_000 },
      { currency: "USD", value: 40, fee: null },
    ]);
    state("st_other", [{ value: 123 }]);
    const day = { account: account.id, at: START + 1 };
    await book(ownerOf(account), [
      { ...day, kind: "split", value: 9 },
      { ...day, kind: "split_return", value: 2 },
      { ...day, kind: "split", value: 1_000, account: "ca_other" },
      { ...day, kind: "split", value: 2_000, at: START - 1 },
      { ...day, kind: "split", value: 3_000, at: START + 86_400_000 },
      { ...day, kind: "gross", value: 5_000 },
    ]);
    const [cny, usd, ...rest] = await settleBy(account, "st_a");
    expect(rest).toEqual([]);
    expect(cny).toMatchObject({
      merchant_id: account.merchant_id,
      currency: "CNY",
      source: "statement",
      payments: 2,
      gross: 1_500,
      refunds: 1,
      refunded: 200,
      channel_fee: 8,
      split: 7,
      net: 1_500 - 200 - 8 - 7,
      state: "expected",
      expected_at: START + 86_400_000,
      run_id: "rr_1",
    });
    expect(usd).toMatchObject({ currency: "USD", gross: 40, channel_fee: null, net: 40, split: 0 });
    expect(await feesOf(account)).toEqual([
      {
        kind: "channel_fee",
        value: 8,
        cause: cny?.id,
        debit: "channel_fees",
        credit: `channel:${account.id}`,
        at: START + 86_400_000 - 1,
      },
    ]);
  });

  it("is written once, however often and by however many", async ({ expect }) => {
    const account = newAccount();
    state("st_a", [{}, {}]);
    await Promise.all(Array.from({ length: 6 }, () => settleBy(account, "st_a")));
    const [row, ...rest] = await settleBy(account, "st_a", db, NOW + 1);
    expect(rest).toEqual([]);
    expect(row).toMatchObject({ net: 2_000 - 12, created_at: NOW });
    expect(await feesOf(account)).toHaveLength(1);
  });

  it("may bring less than nothing", async ({ expect }) => {
    const account = newAccount();
    state("st_a", [{ kind: "refund", value: 300, fee: -2 }]);
    expect(await settleBy(account, "st_a")).toMatchObject([{ net: -298, channel_fee: -2 }]);
    expect(await feesOf(account)).toMatchObject([{ kind: "channel_fee_return", value: 2 }]);
  });

  it("brings the less for shares of other days' payments", async ({ expect }) => {
    const account = newAccount();
    const day = { account: account.id, at: START + 1 };
    await book(ownerOf(account), [
      { ...day, kind: "split", value: 9 },
      { ...day, kind: "split_return", value: 4, currency: "USD" },
      { ...day, kind: "gross", value: 70, currency: "JPY" },
    ]);
    const rows = await settleBy(account, "st_empty");
    expect(rows.toSorted((a, b) => a.net - b.net)).toMatchObject([
      { currency: "CNY", payments: 0, gross: 0, split: 9, net: -9, state: "expected" },
      { currency: "USD", payments: 0, gross: 0, split: -4, net: 4 },
    ]);
    expect(await feesOf(account)).toEqual([]);
  });

  it("of which nothing happened has none", async ({ expect }) => {
    const account = newAccount();
    expect(await settleBy(account, "st_empty")).toEqual([]);
    expect(await settleBy(account, null)).toEqual([]);
  });
});

describe("a number that is registered twice", () => {
  it("is settled once, with what was taken of either account", async ({ expect }) => {
    const first = newAccount();
    const second = { ...first, id: randomId("channelAccount") };
    const other = { ...first, id: randomId("channelAccount"), merchant_account: "1900000002" };
    const merchant = { id: first.merchant_id, name: "Shop", email: null } as const;
    const fresh = { settlement_currency: null, status: "active", created_at: 1 } as const;
    await insertMerchant(db, { ...merchant, ...fresh, updated_at: 1 }, []);
    const byOthers = { ...first, id: randomId("channelAccount") };
    const all = [first, second, other, byOthers];
    for (const [at, { id, merchant_id, merchant_account }] of all.entries()) {
      // The first is no longer in use, and still has what it had.
      await env.DB.prepare(
        `INSERT INTO channel_accounts (id, merchant_id, livemode, channel, mode, display_name,
          late_payment, status, merchant_account, created_at, updated_at)
          VALUES (?, ?, 1, 'wechat', ?, 'Shop', 'accept', ?, ?, ?, 1)`,
      )
        .bind(
          id,
          merchant_id,
          id === byOthers.id ? "isv" : "direct",
          at === 0 ? "disabled" : "active",
          merchant_account,
          at,
        )
        .run();
    }
    const owner = ownerOf(first);
    await book(owner, [
      { kind: "split", at: START, value: 5, account: first.id },
      { kind: "split", at: START, value: 7, account: second.id },
      { kind: "split", at: START, value: 900, account: other.id },
    ]);
    state("st_a", [{}, {}]);
    const once = { channel_account: first.id, gross: 2_000, channel_fee: 12, split: 12 };
    expect(await settleBy(second, "st_a")).toMatchObject([once]);
    expect(await settleBy(first, "st_a")).toMatchObject([once]);
    expect(await feesOf(first)).toHaveLength(1);
    // An application's number is many merchants': each account has its own day.
    expect(await settleBy(byOthers, "st_a")).toMatchObject([
      { channel_account: byOthers.id, split: 0 },
    ]);
    expect(await settleBy(first, "st_a")).toMatchObject([once]);
    expect(await settleBy(other, "st_a")).toMatchObject([
      { channel_account: other.id, split: 900 },
    ]);
  });
});

describe("a corrected statement", () => {
  it("changes what is expected, and the fee by the difference", async ({ expect }) => {
    const account = newAccount();
    state("st_a", [{ fee: 10 }]);
    const [first] = await settleBy(account, "st_a");
    state("st_b", [{ value: 2_000, fee: 4 }]);
    expect(await settleBy(account, "st_b")).toMatchObject([
      { id: first?.id, gross: 2_000, channel_fee: 4, net: 1_996, state: "expected" },
    ]);
    state("st_c", [{ value: 2_000, fee: 10 }]);
    await settleBy(account, "st_c");
    expect(await feesOf(account)).toMatchObject([
      { kind: "channel_fee", value: 10, cause: first?.id },
      { kind: "channel_fee_return", value: 6, cause: `${first?.id}.1` },
      { kind: "channel_fee", value: 6, cause: `${first?.id}.2` },
    ]);
  });

  it("never changes what was paid; the channel's account shows what differs", async ({
    expect,
  }) => {
    const account = newAccount();
    state("st_a", [{ fee: 10 }]);
    const [first] = await settleBy(account, "st_a");
    await markPaid(first?.id ?? "");
    state("st_b", [{ value: 900, fee: 12 }]);
    expect(await settleBy(account, "st_b")).toMatchObject([
      { gross: 1_000, channel_fee: 10, net: 990, state: "paid", payout_id: "po_1" },
    ]);
    expect(await keptOf(account)).toBe(12);
  });

  it("that no longer knows a currency leaves nothing of it", async ({ expect }) => {
    const account = newAccount();
    state("st_a", [{}, { currency: "USD", value: 50, fee: 5 }]);
    await settleBy(account, "st_a");
    state("st_b", [{}]);
    const rows = await settleBy(account, "st_b");
    const usd = rows.find(({ currency }) => currency === "USD");
    expect(usd).toMatchObject({ payments: 0, gross: 0, channel_fee: 0, net: 0 });
    expect(await keptOf(account)).toBe(6);
  });

  it("books the last fee as the sum, in any order", { timeout: 60_000 }, async ({ expect }) => {
    const fees = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fees, async (list) => {
        const account = newAccount();
        for (const [index, fee] of list.entries()) {
          state(`st_${index}`, [{ fee }]);
          await settleBy(account, `st_${index}`);
          expect(await keptOf(account)).toBe(fee);
        }
        const entries = await feesOf(account);
        expect(new Set(entries.map(({ cause }) => cause)).size).toBe(entries.length);
      }),
      { numRuns: 15 },
    );
  });
});

describe("a day by our own books", () => {
  it("has what the ledger has of the account, and no channel's fee", async ({ expect }) => {
    const account = newAccount("promptpay");
    const day = { account: account.id, at: START };
    await book(ownerOf(account), [
      { ...day, kind: "fee", value: 5 },
      { ...day, kind: "fee", value: 7 },
      { ...day, kind: "fee_refund", value: 2 },
    ]);
    expect(await settleBy(account, null)).toMatchObject([
      {
        source: "gateway",
        payments: 2,
        gross: 1_200,
        refunds: 1,
        refunded: 200,
        channel_fee: null,
        net: 1_000,
      },
    ]);
    expect(await feesOf(account)).toEqual([]);
  });

  it("gives way to a statement, and never the other way round", async ({ expect }) => {
    const account = newAccount();
    await book(ownerOf(account), [{ account: account.id, at: START, kind: "gross", value: 5 }]);
    expect(await settleBy(account, null)).toMatchObject([{ source: "gateway", net: 5 }]);
    state("st_a", [{}]);
    const byStatement = { source: "statement", net: 994, channel_fee: 6 };
    expect(await settleBy(account, "st_a")).toMatchObject([byStatement]);
    expect(await settleBy(account, null)).toMatchObject([byStatement]);
  });
});

describe("the job of the night", () => {
  it("settles what no statement is fetched of, the last day and the one before again", async ({
    expect,
  }) => {
    // The day is the same by every clock.
    const [at, now] = [START + 20 * 3_600_000, START + 44 * 3_600_000];
    const merchant = await newMerchant();
    const { body } = await api("GET", "/v1/channel-accounts?limit=100", { key: merchant.test });
    const accountOf = (channel: string): string =>
      body.data.find((row: { channel: string }) => row.channel === channel).id;
    const [iotpay, wechat] = [accountOf("iotpay"), accountOf("wechat")];
    const owner = { merchantId: merchant.id, livemode: false };
    for (const account of [iotpay, wechat]) {
      const paid = { channel_account: account, livemode: false, succeeded_at: at };
      await plant([paymentOf(merchant.id, paid)]);
      await book(owner, [{ kind: "gross", at, value: 700, account }]);
    }
    const sent: WorkMessage[] = [];
    const work = {
      send: () => Promise.reject(new Error("one by one")),
      sendBatch: async (messages: Iterable<MessageSendRequest<WorkMessage>>) => {
        for (const each of messages) sent.push(WorkMessage.parse(each.body));
        return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
      },
    };
    await startSettling({ db, work }, now);
    const mine = sent.filter((each) => "settle" in each && [iotpay, wechat].includes(each.settle));
    expect(mine).toEqual([
      { settle: iotpay, day: "2026-11-19" },
      { settle: iotpay, day: DAY },
    ]);
    for (const message of [...mine, ...mine, { settle: "ca_gone", day: DAY }]) {
      if ("settle" in message) await settleByBooks({ db, now: () => now }, message);
    }
    const list = await api("GET", "/v1/settlements", { key: merchant.test });
    expect(list.body.data).toMatchObject([
      { channel_account: iotpay, day: DAY, source: "gateway", net: { value: 700 } },
    ]);
  });
});

describe("a crash", () => {
  it("at any request leaves a batch with its fee, or neither", async ({ expect }) => {
    const steps = await atEveryStep(async (dying) => {
      const account = newAccount();
      state("st_a", [{}, { currency: "USD" }]);
      let crash: unknown = null;
      try {
        await settleBy(account, "st_a", dying);
      } catch (error) {
        crash = error;
      }
      const { results } = await env.DB.prepare("SELECT id FROM settlements WHERE merchant_id = ?")
        .bind(account.merchant_id)
        .all();
      expect([0, 2]).toContain(results.length);
      expect(await feesOf(account)).toHaveLength(results.length);
      expect(await settleBy(account, "st_a")).toHaveLength(2);
      expect(await feesOf(account)).toHaveLength(2);
      if (crash !== null) throw crash;
    });
    expect(steps).toBeGreaterThan(3);
  });
});

describe("what is left", () => {
  it("is what came in less everything that went", ({ expect }) => {
    const sums = { payments: 1, refunds: 1, gross: 100, refunded: 30 };
    expect(netOf({ ...sums, channel_fee: 6 }, 10)).toBe(54);
    expect(netOf({ ...sums, channel_fee: null }, -10)).toBe(80);
  });
});
