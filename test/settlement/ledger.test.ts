/**
 * The ledger in the database: whatever is published, in whatever order, however often and however
 * broken off, the books are those of a simple model, and nobody can change them.
 */
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { describe, it } from "vitest";

import { randomId, refundIdOf } from "../../src/ids.ts";
import type { PaymentCopy, PublishedEvents, RefundCopy } from "../../src/messages.ts";
import { balancesOf } from "../../src/settlement/balances.ts";
import {
  ENTRY_KINDS,
  type EntryKind,
  entryOf,
  type LedgerEntry,
} from "../../src/settlement/ledger.ts";
import { database } from "../../src/store/db.ts";
import { addEntries, listEntries, readMovements } from "../../src/store/ledger.ts";
import { recordPublications } from "../../src/store/publication.ts";
import { readReport } from "../../src/store/reports.ts";
import { plansOf } from "../store/explain.ts";
import { paymentOf } from "../store/payments.ts";

const db = database(env.DB);
const START = 1_795_219_200_000;
const NOW = START + 10_000_000;

const rowsOf = async (merchantId: string) =>
  (
    await env.DB.prepare("SELECT * FROM ledger_entries WHERE merchant_id = ? ORDER BY at, id")
      .bind(merchantId)
      .all<LedgerEntry>()
  ).results;

const balanceOf = async (merchantId: string, asOf = NOW, livemode = true) =>
  balancesOf(await readMovements(db, merchantId, livemode, asOf));

/** A payment's life as the property makes it up. */
interface Sale {
  readonly value: number;
  readonly fee: number;
  readonly currency: string;
  readonly account: string;
  readonly after: number;
  /** Shares of the payment, given back one after the other. */
  readonly refunds: readonly number[];
}

const sale: fc.Arbitrary<Sale> = fc.record({
  value: fc.integer({ min: 10, max: 100_000 }),
  fee: fc.integer({ min: 0, max: 9 }),
  currency: fc.constantFrom("CNY", "USD"),
  account: fc.constantFrom("ca_1", "ca_2"),
  after: fc.integer({ min: 0, max: 1_000 }),
  refunds: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
});

const shown = (fee: number) => JSON.stringify({ fee: { value: fee } });

/** Every publication of a sale: as it is paid, and after each refund. */
function publicationsOf(merchantId: string, sold: Sale): PublishedEvents[] {
  const { merchant_id: _merchant, livemode: _mode, ...row } = paymentOf(merchantId);
  const copy: PaymentCopy = {
    ...row,
    currency: sold.currency,
    value: sold.value,
    channel_account: sold.account,
    succeeded_at: START + sold.after,
    snapshot: shown(sold.fee),
  };
  const common = { merchant_id: merchantId, livemode: true, events: [] };
  const refunds = sold.refunds.map((value, index): PublishedEvents => {
    const refund: RefundCopy = {
      id: refundIdOf(copy.id, index + 1),
      payment_intent: copy.id,
      sequence: 5 + index,
      status: "succeeded",
      channel_account: sold.account,
      channel_refund_id: null,
      currency: sold.currency,
      value,
      succeeded_at: START + sold.after + 10 * (index + 1),
      created_at: START,
      snapshot: shown(index === 0 && sold.fee > 0 ? 1 : 0),
    };
    return { ...common, copy: { ...copy, sequence: 5 + index }, refunds: [refund] };
  });
  const unpaid = { ...copy, status: "qr_generated", succeeded_at: null, sequence: 1 };
  return [{ ...common, copy: unpaid }, { ...common, copy }, ...refunds];
}

/** The books as a child would keep them: account by account. */
function modelOf(sales: readonly Sale[], asOf: number): Record<string, Record<string, number>> {
  const model: Record<string, Record<string, number>> = {};
  for (const { value, fee, currency, account, after, refunds } of sales) {
    const move = (at: number, to: string, from: string, amount: number) => {
      if (at > asOf || amount === 0) return;
      const own = (model[currency] ??= {});
      own[to] = (own[to] ?? 0) + amount;
      own[from] = (own[from] ?? 0) - amount;
    };
    const paid = START + after;
    move(paid, `channel:${account}`, "sales", value);
    move(paid, "platform_fees", "platform", fee);
    for (const [index, given] of refunds.entries()) {
      const at = paid + 10 * (index + 1);
      move(at, "refunds", `channel:${account}`, given);
      move(at, "platform", "platform_fees", index === 0 && fee > 0 ? 1 : 0);
    }
  }
  return model;
}

describe("the books", () => {
  it(
    "are a simple model's, at any time, however the news arrives",
    { timeout: 120_000 },
    async ({ expect }) => {
      const scenario = fc.record({
        sales: fc.array(sale, { minLength: 1, maxLength: 4 }),
        order: fc.array(fc.nat({ max: 999 }), { minLength: 24, maxLength: 24 }),
        repeats: fc.nat({ max: 4 }),
        /** Of the batches, those that the database gives up on: nothing of them may stay. */
        broken: fc.nat({ max: 3 }),
        asOf: fc.integer({ min: -1, max: 1_050 }),
      });
      await fc.assert(
        fc.asyncProperty(scenario, async ({ sales, order, repeats, broken, asOf }) => {
          const merchantId = randomId("merchant");
          const all = sales.flatMap((sold) => publicationsOf(merchantId, sold));
          const again = order.slice(0, repeats).flatMap((at) => all[at % all.length] ?? []);
          const arriving = [...all, ...again]
            .map((published, at) => ({ published, key: order[at] ?? 0 }))
            .toSorted((a, b) => a.key - b.key)
            .map(({ published }) => published);
          for (let number = 0; number < Math.min(broken, arriving.length); number += 1) {
            // An event without a payload breaks the batch behind the entries.
            const poison = { id: null, type: "x", created_at: 1, payload: null } as never;
            const batch = arriving.slice(number, number + 2);
            const attempt = recordPublications(
              db,
              batch.map((published) => ({ ...published, events: [poison] })),
              NOW,
              NOW,
            );
            await expect(attempt).rejects.toThrow();
            expect(await rowsOf(merchantId)).toEqual([]);
          }
          while (arriving.length > 0) {
            await recordPublications(db, arriving.splice(0, 3), NOW, NOW);
          }
          for (const at of [NOW, START + asOf]) {
            const found = await balanceOf(merchantId, at);
            const flat = Object.fromEntries(
              found.map(({ currency, accounts }) => [
                currency,
                Object.fromEntries(accounts.map(({ account, balance }) => [account, balance])),
              ]),
            );
            expect(flat).toEqual(modelOf(sales, at));
            for (const { accounts } of found) {
              expect(accounts.reduce((sum, { balance }) => sum + balance, 0)).toBe(0);
            }
          }
        }),
        { numRuns: 25 },
      );
    },
  );

  it("are of one merchant and one mode", async ({ expect }) => {
    const [one, other] = [randomId("merchant"), randomId("merchant")];
    const [, paid] = publicationsOf(one, {
      value: 500,
      fee: 2,
      currency: "CNY",
      account: "ca_1",
      after: 0,
      refunds: [],
    });
    if (paid === undefined) throw new Error("a sale is paid");
    await recordPublications(db, [paid], NOW, NOW);
    expect(await balanceOf(one, NOW, false)).toEqual([]);
    expect(await balanceOf(other)).toEqual([]);
    expect((await balanceOf(one))[0]).toMatchObject({ held_at_channels: 500, owed_to_platform: 2 });
    const page = { limit: 10, before: null };
    expect(await listEntries(db, one, false, {}, page)).toEqual([]);
    expect(await listEntries(db, one, true, {}, page)).toHaveLength(2);
  });
});

describe("what is added up", () => {
  const MINE = "USING PRIMARY KEY (merchant_id=? AND livemode=?";

  it("is one walk along the merchant's own entries", async ({ expect }) => {
    const plans = await plansOf((spied) => readMovements(spied, "m", true, 5));
    expect(plans).toEqual([expect.stringContaining(`SEARCH ledger_entries ${MINE} AND at<?)`)]);
    expect(plans[0]).not.toContain("SCAN");
  });

  it("is the report's own days of each table", async ({ expect }) => {
    const window = { from: 1, to: 86_400_001, bucketMs: 86_400_000 };
    const days = new Map([["2026-11-01", 0]]);
    const accounts = [{ id: "ca_1", channel: "wechat" }];
    const request = { merchantId: "m", livemode: true, accounts, window, days };
    const plans = await plansOf((spied) => readReport(spied, request));
    expect(plans).toHaveLength(4);
    for (const plan of plans) expect(plan).not.toMatch(/SCAN (?!json_each\b)/);
    const all = plans.join("\n");
    expect(all).toContain(`SEARCH e ${MINE} AND at>? AND at<?)`);
    // The amount beside a fee: one row.
    expect(all).toContain(`SEARCH beside ${MINE} AND at=? AND id=?)`);
    expect(all).toContain("settlements_by_day (channel_account=? AND day=?)");
  });
});

describe("an entry", () => {
  const entry = (merchantId: string, kind: EntryKind = "adjustment", value = 5): LedgerEntry =>
    entryOf(
      {
        kind,
        merchantId,
        livemode: true,
        channelAccount: "ca_1",
        at: START,
        currency: "CNY",
        value,
        cause: randomId("exception"),
        memo: 'it\'s a "test"; -- \u{1F4B0}',
      },
      NOW,
    );

  const add = async (...entries: LedgerEntry[]) => {
    const [statement] = addEntries(db, entries);
    if (statement === undefined) throw new Error("there are entries");
    await db.batch([statement]);
  };

  it("comes back as it was written, alone and among others", async ({ expect }) => {
    const merchantId = randomId("merchant");
    const kinds = Object.keys(ENTRY_KINDS) as EntryKind[];
    const entries = kinds.map((kind) => entry(merchantId, kind));
    const [first, ...rest] = entries;
    if (first === undefined) throw new Error("there are kinds");
    await add(first);
    await add(...rest);
    const rows = await listEntries(db, merchantId, true, {}, { limit: 100, before: null });
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
    expect(rows.toSorted(byId)).toEqual(
      entries.map((each) => ({ ...each, created_at: each.at })).toSorted(byId),
    );
    expect(addEntries(db, [])).toEqual([]);
  });

  it("cannot be changed, replaced or removed by anybody", async ({ expect }) => {
    const merchantId = randomId("merchant");
    const mine = entry(merchantId);
    await add(mine);
    const where = `WHERE merchant_id = '${merchantId}'`;
    for (const attack of [
      `UPDATE ledger_entries SET value = 500 ${where}`,
      `UPDATE ledger_entries SET debit = 'bank' ${where}`,
      `DELETE FROM ledger_entries ${where}`,
    ]) {
      await expect(env.DB.prepare(attack).run()).rejects.toThrow(/append-only/);
    }
    await add({ ...mine, value: 500, memo: "another" });
    await add({ ...mine, credit: "bank" }, { ...mine, value: 9 });
    expect(await rowsOf(merchantId)).toEqual([{ ...mine, livemode: 1 }]);
  });
});
