/**
 * From the news of payments and refunds to the last invoice, as the whole of it runs in production:
 * publications in any order and more than once, shares that succeed, fail or are lost on the way,
 * statements with money that is not ours, payouts, months that are closed at any moment. Whatever
 * happens, nothing is lost and nothing is counted twice, to the minor unit.
 */
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { describe, it } from "vitest";

import { randomId, refundIdOf } from "../../src/ids.ts";
import type {
  DeliveryMessage,
  PaymentCopy,
  PublishedEvents,
  RefundCopy,
} from "../../src/messages.ts";
import { DAY_MS, dayAt, daysBetween, startOfDay } from "../../src/days.ts";
import { balancesOf } from "../../src/settlement/balances.ts";
import { closeMonth, noteInvoicePayment } from "../../src/settlement/invoicing.ts";
import { entryOf } from "../../src/settlement/ledger.ts";
import { MONTH_OFFSET_MINUTES, startOfMonth } from "../../src/settlement/months.ts";
import { feeOf, feeReturned } from "../../src/settlement/pricing.ts";
import { settle } from "../../src/settlement/settle.ts";
import { afterAnswer, LEASE_MS, shareLimit } from "../../src/settlement/splits.ts";
import { addLine, type DayTotals } from "../../src/settlement/totals.ts";
import { listAllInvoices } from "../../src/store/invoices.ts";
import { readMovements } from "../../src/store/ledger.ts";
import { addPayout } from "../../src/store/payouts.ts";
import { recordPublications } from "../../src/store/publication.ts";
import { listSettlements } from "../../src/store/settlements.ts";
import { listSplits, reserveSplit, settleSplit } from "../../src/store/splits.ts";
import { paymentOf } from "../store/payments.ts";
import { db, type Owner } from "./kit.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const OCTOBER_ENDS = startOfMonth("2026-11");
/** Everything happens in the five days around it. */
const START = OCTOBER_ENDS - 2 * DAY_MS;
const SPAN = 4 * DAY_MS;
/** The last news are there two days later, and all shares have come to their end. */
const QUIET = START + SPAN + 3 * DAY_MS;
const NOVEMBER_ENDS = startOfMonth("2026-12");
const THE_END = NOVEMBER_ENDS + DAY_MS;
const CHINA = MONTH_OFFSET_MINUTES;

interface Sale {
  readonly currency: string;
  readonly value: number;
  readonly basisPoints: number;
  readonly fixed: number;
  /** How the fee is taken: by invoice, or at the channel up to a share of the payment. */
  readonly taken: "invoice" | "share" | "capped";
  /** Milliseconds behind the start. */
  readonly paidAt: number;
  /** Hundredths of the payment and waits; what is left for the last one is all of it. */
  readonly refunds: readonly { readonly share: number; readonly wait: number }[];
  /** How long news take, and whether they come again. */
  readonly lag: number;
  readonly repeats: boolean;
  /** What the channel keeps, minor units. */
  readonly channelFee: number;
  /** What becomes of tries: one each time somebody looks, the last for ever. */
  readonly tries: readonly ("lost" | "failed" | "succeeded")[];
}

const wait = fc.oneof(
  fc.integer({ min: 0, max: 5 * MINUTE }),
  fc.integer({ min: 0, max: 2 * DAY_MS }),
);

/** Often the last minutes of the month. */
const moment = fc.oneof(
  fc.integer({ min: 0, max: SPAN }),
  fc.integer({ min: OCTOBER_ENDS - START - 10 * MINUTE, max: OCTOBER_ENDS - START + 5 * MINUTE }),
);

const saleWith = (
  taken: readonly Sale["taken"][],
  ends: readonly Sale["tries"][number][],
  lag: fc.Arbitrary<number>,
): fc.Arbitrary<Sale> =>
  fc.record({
    currency: fc.constantFrom("CNY", "CNY", "JPY", "VND"),
    value: fc.oneof(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 2 ** 45, max: 2 ** 48 }),
    ),
    basisPoints: fc.integer({ min: 0, max: 500 }),
    fixed: fc.constantFrom(0, 0, 3, 30),
    taken: fc.constantFrom(...taken),
    paidAt: moment,
    refunds: fc.array(fc.record({ share: fc.integer({ min: 1, max: 60 }), wait }), {
      maxLength: 3,
    }),
    lag,
    repeats: fc.boolean(),
    channelFee: fc.integer({ min: 0, max: 5 }),
    tries: fc.array(fc.constantFrom("lost" as const, ...ends), { minLength: 1, maxLength: 4 }),
  });

interface Movement {
  readonly at: number;
  readonly account: string;
  readonly currency: string;
  readonly kind: "payment" | "refund";
  readonly value: number;
  readonly fee: number;
}

interface News {
  readonly at: number;
  readonly published: PublishedEvents;
}

const RECEIVER = { type: "MERCHANT_ID", account: "1900000999", name: null };

const snapshot = (currency: string, fee: number) =>
  JSON.stringify({ fee: { currency, value: fee } });

/** What the object says of a sale, when it says so, and what the channel's statement will say. */
function lifeOf({ merchantId }: Owner, account: string, sale: Sale) {
  const { currency, value, taken, lag } = sale;
  const amount = { currency, value };
  const fee = feeOf(
    { kind: "domestic", basis_points: sale.basisPoints, fixed: sale.fixed },
    amount,
  );
  const back = (refunded: number) => feeReturned(fee, amount, refunded);
  const paidAt = START + sale.paidAt;
  const { merchant_id: _merchant, livemode: _mode, ...row } = paymentOf(merchantId);
  const most = shareLimit(amount, taken === "capped" ? 100 : null);
  const split = { receiver: RECEIVER, most, due_at: paidAt + 90_000 };
  const common = { merchant_id: merchantId, livemode: true, events: [] };
  const copyAfter = (refunded: number, nth: number): PaymentCopy => ({
    ...row,
    currency,
    value,
    refunded,
    sequence: 3 + nth,
    channel_account: account,
    channel_transaction_id: `42${row.id}`,
    succeeded_at: paidAt,
    fee: fee - back(refunded),
    snapshot: snapshot(currency, fee),
    ...(taken === "invoice" ? {} : { split }),
  });
  const news: News[] = [{ at: paidAt + lag, published: { ...common, copy: copyAfter(0, 0) } }];
  const place = { account, currency };
  const moved: Movement[] = [
    { ...place, at: paidAt, kind: "payment", value, fee: sale.channelFee },
  ];
  let [refunded, at] = [0, paidAt];
  for (const [index, { share, wait: after }] of sale.refunds.entries()) {
    const part = Math.min(value - refunded, Math.max(1, Math.floor((value / 100) * share)));
    if (part === 0) break;
    at = Math.max(paidAt, Math.min(at + after, START + SPAN));
    const refund: RefundCopy = {
      id: refundIdOf(row.id, index + 1),
      payment_intent: row.id,
      sequence: 4 + index,
      status: "succeeded",
      channel_account: account,
      channel_refund_id: null,
      currency,
      value: part,
      succeeded_at: at,
      created_at: at,
      snapshot: snapshot(currency, back(refunded + part) - back(refunded)),
    };
    refunded += part;
    const copy = copyAfter(refunded, index + 1);
    // Later news may be there before earlier ones.
    news.push({
      at: at + (index % 2 === 0 ? lag : 0),
      published: { ...common, copy, refunds: [refund] },
    });
    moved.push({ ...place, at, kind: "refund", value: part, fee: 0 });
  }
  const again = sale.repeats ? news.map((each) => ({ ...each, at: each.at + 7 * MINUTE })) : [];
  return { id: row.id, news: [...news, ...again], moved, fee: fee - back(refunded), currency };
}

const deliveries = env.DELIVERIES as Queue<DeliveryMessage>;
const recorder = { db, deliveries };
const PAGE = { limit: 100, before: null };

function openShop(sales: readonly Sale[]) {
  const owner: Owner = { merchantId: randomId("merchant"), livemode: true };
  const accounts = { invoice: randomId("channelAccount"), share: randomId("channelAccount") };
  const accountOf = ({ taken }: Sale) => (taken === "invoice" ? accounts.invoice : accounts.share);
  const lives = sales.map((sale) => lifeOf(owner, accountOf(sale), sale));
  const tries = new Map(lives.map(({ id }, index) => [id, sales[index]?.tries ?? []]));
  return { owner, accounts: Object.values(accounts), lives, tries };
}

type Shop = ReturnType<typeof openShop>;

const sharesOf = ({ owner }: Shop) => listSplits(db, owner.merchantId, true, {}, PAGE);

const invoicesOf = ({ owner }: Shop) => listAllInvoices(db, owner.merchantId, {}, PAGE);

const balancesNow = async ({ owner }: Shop) =>
  balancesOf(await readMovements(db, owner.merchantId, true, THE_END));

/** Somebody looks at every share and return that is due. */
async function look({ owner, tries, ...shop }: Shop, now: number): Promise<void> {
  for (const { id } of await sharesOf({ owner, tries, ...shop })) {
    const row = await reserveSplit(db, id, now, now + LEASE_MS);
    if (row === null) continue;
    const fates = tries.get(row.payment_intent) ?? [];
    const fate = fates[Math.min(row.attempts, fates.length) - 1] ?? "succeeded";
    if (fate === "lost" && row.attempts < fates.length) continue;
    // Returns end well, and so does what frees the rest behind a share that failed.
    const isShare = row.kind === "split" && row.value > 0;
    const state = fate === "failed" && isShare ? ("failed" as const) : ("succeeded" as const);
    const report = { state, amount: null, channelSplitId: "3001", channelStatus: "X" };
    const change = afterAnswer(row, { kind: "ok", value: report }, now);
    const posting = {
      kind: row.kind === "split" ? ("split" as const) : ("split_return" as const),
      ...owner,
      channelAccount: row.channel_account,
      at: now,
      currency: row.currency,
      value: row.value,
      cause: row.id,
    };
    const hasMoved = state === "succeeded" && row.value > 0;
    await settleSplit(db, row, change, hasMoved ? entryOf(posting, now) : null, now);
  }
}

/** Every day, by the channel's own lines; among them may be money that nobody here knows. */
async function settleDays({ owner, accounts, lives }: Shop, foreign: readonly Movement[]) {
  const lines = [...lives.flatMap(({ moved }) => moved), ...foreign];
  const days = daysBetween(dayAt(START, CHINA), dayAt(QUIET, CHINA));
  for (const id of accounts) {
    for (const day of days) {
      const start = startOfDay(day, CHINA);
      const totals = new Map<string, DayTotals>();
      for (const { kind, currency, value, fee, ...line } of lines) {
        if (line.account !== id || line.at < start || line.at >= start + DAY_MS) continue;
        addLine(totals, { kind, status: "succeeded", amount: { currency, value }, fee });
      }
      await settle(db, {
        account: {
          id,
          merchant_id: owner.merchantId,
          livemode: true,
          channel: "wechat",
          merchant_account: id,
        },
        day,
        offsetMinutes: CHINA,
        totals: [...totals.values()],
        runId: null,
        now: QUIET,
      });
    }
  }
}

/** What a channel owes by its settlements arrives at the bank, as one payout of each currency. */
async function payOut({ owner }: Shop): Promise<Map<string, number>> {
  const rows = await listSettlements(db, owner.merchantId, true, {}, PAGE);
  const left = new Map<string, number>();
  for (const [, group] of Map.groupBy(rows, (row) => `${row.channel_account} ${row.currency}`)) {
    const expected = group.reduce((sum, { net }) => sum + net, 0);
    const [{ channel_account, currency } = { channel_account: "", currency: "" }] = group;
    if (expected <= 0) {
      left.set(currency, (left.get(currency) ?? 0) + expected);
      continue;
    }
    const payout = {
      id: randomId("payout"),
      merchant_id: owner.merchantId,
      livemode: true,
      channel_account,
      currency,
      value: expected,
      bank_reference: null,
      arrived_at: THE_END,
      created_at: THE_END,
    };
    const posting = { ...owner, channelAccount: channel_account, at: THE_END, currency };
    const entry = entryOf(
      { ...posting, kind: "payout", value: expected, cause: payout.id },
      THE_END,
    );
    const paid = { settlementIds: group.map(({ id }) => id), expected };
    // The second one finds everything paid.
    const both = [payout, { ...payout, id: randomId("payout") }];
    const done = await Promise.all(both.map((each) => addPayout(db, each, paid, [entry])));
    if (done.filter(Boolean).length !== 1) throw new Error("paid out twice, or never");
  }
  return left;
}

/** News, looks and closings, each at its time; then everything comes to its end. */
async function live(shop: Shop, looks: readonly number[], closings: readonly number[]) {
  const { owner, lives } = shop;
  const close = (month: string, now: number) => closeMonth(recorder, owner, month, now);
  const acts = [
    ...lives.flatMap(({ news }) =>
      news.map(({ at, published }) => ({
        at,
        act: () => recordPublications(db, [published], at, at),
      })),
    ),
    ...looks.map((after) => ({ at: START + after, act: () => look(shop, START + after) })),
    ...closings.map((after) => ({
      at: OCTOBER_ENDS + after,
      act: () => close("2026-10", OCTOBER_ENDS + after),
    })),
  ];
  for (const { act } of acts.toSorted((a, b) => a.at - b.at)) await act();
  for (let now = QUIET - DAY_MS / 2; now < QUIET; now += HOUR) await look(shop, now);
  // What was there before changes nothing.
  await recordPublications(
    db,
    lives.flatMap(({ news }) => news.map(({ published }) => published)),
    QUIET,
    QUIET,
  );
  await look(shop, QUIET);
  await close("2026-11", NOVEMBER_ENDS);
}

/** @param earliest when the month is closed: so long after its end */
const timing = (earliest: number) => ({
  looks: fc.array(moment, { minLength: 2, maxLength: 8 }),
  closings: fc.array(fc.integer({ min: earliest, max: 2 * DAY_MS }), {
    minLength: 1,
    maxLength: 2,
  }),
});

describe("from payments to invoices", () => {
  it(
    "everything sums to zero, and every fee is taken once",
    { timeout: 240_000 },
    async ({ expect }) => {
      const sale = saleWith(["invoice", "share", "capped"], ["failed", "succeeded"], wait);
      const scenario = fc.record({
        sales: fc.array(sale, { minLength: 1, maxLength: 4 }),
        /** A second payment of an order, which only the statement has. */
        duplicate: fc.option(fc.integer({ min: 1, max: 1_000 })),
        ...timing(0),
      });
      await fc.assert(
        fc.asyncProperty(scenario, async ({ sales, duplicate, looks, closings }) => {
          const shop = openShop(sales);
          await live(shop, looks, closings);
          const twice = shop.lives
            .slice(0, duplicate === null ? 0 : 1)
            .flatMap(({ moved }) =>
              moved.slice(0, 1).map((line) => ({ ...line, value: duplicate ?? 0, fee: 0 })),
            );
          await settleDays(shop, twice);
          await settleDays(shop, twice);
          const unpaid = await payOut(shop);
          const owed = new Map(
            (await balancesNow(shop)).map((row) => [row.currency, row.owed_to_platform]),
          );
          for (const row of await invoicesOf(shop)) {
            const payment = { paidAt: THE_END, reference: row.number };
            const meta = { now: THE_END, requestId: null };
            await noteInvoicePayment(recorder, row, payment, () => [], meta);
            expect(row.lines.reduce((sum, { value }) => sum + value, 0)).toBe(row.total);
          }
          const rows = await sharesOf(shop);
          const invoices = await invoicesOf(shop);
          for (const balance of await balancesNow(shop)) {
            const { currency, accounts } = balance;
            expect(accounts.reduce((sum, { balance: each }) => sum + each, 0)).toBe(0);
            const inThis = <T extends { currency: string }>(all: readonly T[]) =>
              all.filter((each) => each.currency === currency);
            // The fees are those of the payments, less what refunds gave back.
            const fees = inThis(shop.lives).reduce((sum, { fee }) => sum + fee, 0);
            const booked = accounts.find(({ account }) => account === "platform_fees");
            expect(booked?.balance ?? 0).toBe(fees);
            // What shares hold is the platform's: no more than the fees.
            const held = inThis(rows)
              .filter(({ state }) => state === "succeeded")
              .reduce((sum, { kind, value }) => sum + (kind === "split" ? value : -value), 0);
            expect(held).toBeLessThanOrEqual(fees);
            expect(owed.get(currency)).toBe(fees - held);
            // The rest is on invoices: none of it never, and none twice but as a credit.
            const invoiced = inThis(invoices).reduce((sum, { total }) => sum + total, 0);
            const november = inThis(invoices).some(({ month }) => month === "2026-11");
            if (november) expect(invoiced).toBe(fees - held);
            else expect(invoiced).toBeGreaterThanOrEqual(fees - held);
            expect(balance.owed_to_platform).toBe(fees - held - invoiced);
            // The channels have paid out what they had, and what nobody knew besides.
            const foreign = inThis(twice).reduce((sum, { value }) => sum + value, 0);
            expect(balance.held_at_channels).toBe((unpaid.get(currency) ?? 0) - foreign);
          }
        }),
        { numRuns: 15 },
      );
    },
  );

  it(
    "a fee that the channel takes is on no invoice, whenever months are closed",
    {
      timeout: 240_000,
    },
    async ({ expect }) => {
      // As long as the news of what was in the month are there.
      const sale = saleWith(["share"], ["succeeded"], fc.integer({ min: 0, max: 5 * MINUTE }));
      const scenario = fc.record({
        sales: fc.array(sale, { minLength: 1, maxLength: 3 }),
        ...timing(15 * MINUTE),
      });
      await fc.assert(
        fc.asyncProperty(scenario, async ({ sales, looks, closings }) => {
          const shop = openShop(sales);
          await live(shop, looks, closings);
          expect(await invoicesOf(shop)).toEqual([]);
          for (const { owed_to_platform } of await balancesNow(shop)) {
            expect(owed_to_platform).toBe(0);
          }
        }),
        { numRuns: 25 },
      );
    },
  );
});
