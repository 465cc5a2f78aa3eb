/**
 * Shares of payments: how much and when, what the channel's answers make of them, and what D1 decides
 * when news of refunds comes at any moment.
 */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import type { Outcome, SplitReport } from "../../src/channels/adapter.ts";
import { unknown } from "../../src/channels/outcomes.ts";
import { feedDueSplits } from "../../src/cron/splits.ts";
import { randomId, refundIdOf } from "../../src/ids.ts";
import type { PaymentCopy, PublishedEvents, RefundCopy, WorkMessage } from "../../src/messages.ts";
import { entryFor } from "../../src/settlement/split-desk.ts";
import {
  afterAnswer,
  LEASE_MS,
  releaseIdOf,
  shareLimit,
  splitIdOf,
  type Tried,
} from "../../src/settlement/splits.ts";
import { recordPublications } from "../../src/store/publication.ts";
import { dueSplits, reserveSplit, settleSplit, type SplitRow } from "../../src/store/splits.ts";
import { db, paymentOf } from "../store/payments.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const T0 = Date.UTC(2026, 10, 1);
const cny = (value: number) => ({ currency: "CNY", value });

describe("how much goes to the platform", () => {
  it("is never a unit more than the channel lets go", ({ expect }) => {
    expect(shareLimit(cny(10_000), 3_000)).toBe(3_000);
    expect(shareLimit(cny(9), 3_000)).toBe(2);
    expect(shareLimit(cny(3), 3_000)).toBe(0);
    expect(shareLimit(cny(Number.MAX_SAFE_INTEGER), 3_000)).toBe(2_702_159_776_422_297);
    expect(shareLimit(cny(10_000), null)).toBe(10_000);
  });

  it("goes under numbers that channels take and that never meet", ({ expect }) => {
    const payment = randomId("paymentIntent");
    const refunds = [1, 31, 32, 1_023].map((nth) => splitIdOf(refundIdOf(payment, nth)));
    const all = [splitIdOf(payment), releaseIdOf(payment), ...refunds];
    expect(new Set(all).size).toBe(all.length);
    for (const number of all) expect(number).toMatch(/^\w{29,31}$/);
  });
});

describe("what becomes of a share", () => {
  const tried: Tried = {
    state: "requested",
    currency: "CNY",
    value: 50,
    attempts: 1,
    created_at: T0,
    channel_split_id: null,
  };
  const says = (state: SplitReport["state"], changes: Partial<SplitReport> = {}) =>
    ({
      kind: "ok",
      value: { state, amount: null, channelSplitId: "3001", channelStatus: "WORD", ...changes },
    }) satisfies Outcome<SplitReport>;
  const rejected = (retryable: boolean): Outcome<SplitReport> => ({
    kind: "rejected",
    error: { code: "CHANNEL_REJECTED", channelCode: "NO_AUTH", message: "No.", retryable },
  });

  it.for<[string, Partial<Tried>, Outcome<SplitReport>, object]>([
    ["done", {}, says("succeeded", { amount: cny(50) }), { state: "succeeded", next_at: null }],
    [
      "not moved",
      {},
      says("failed", { channelStatus: "CLOSED NO_RELATION" }),
      {
        state: "failed",
        next_at: null,
        error: {
          code: "CHANNEL_REJECTED",
          message: "The channel did not move it: CLOSED NO_RELATION.",
        },
      },
    ],
    ["refused", {}, rejected(false), { state: "failed", error: { message: "No. (NO_AUTH)" } }],
    ["refused for now", {}, rejected(true), { state: "requested", next_at: T0 + MINUTE }],
    ["not known", {}, unknown("timeout", "Late."), { state: "requested", next_at: T0 + MINUTE }],
    [
      "not known, of one that was accepted",
      { state: "processing", channel_split_id: "3001" },
      unknown("timeout", "Late."),
      { state: "processing", channel_split_id: "3001" },
    ],
    ["on its way", {}, says("processing"), { state: "processing", channel_split_id: "3001" }],
    ["not there", {}, says("absent"), { state: "requested", next_at: T0 + MINUTE }],
    [
      "another amount is not believed, done or not",
      {},
      says("succeeded", { amount: cny(5) }),
      { state: "requested", error: { code: "CHANNEL_ERROR" } },
    ],
    [
      "nor another currency",
      {},
      says("failed", { amount: { currency: "USD", value: 50 } }),
      { state: "requested" },
    ],
    ["the wait grows", { attempts: 5 }, says("processing"), { next_at: T0 + 60 * MINUTE }],
    ["and stays", { attempts: 99 }, says("processing"), { next_at: T0 + 720 * MINUTE }],
    [
      "for 30 days",
      { created_at: T0 - 30 * DAY },
      unknown("timeout", "Late."),
      { state: "failed", next_at: null, error: { code: "CHANNEL_ERROR" } },
    ],
    [
      "but news counts also then",
      { created_at: T0 - 31 * DAY },
      says("succeeded"),
      {
        state: "succeeded",
      },
    ],
  ])("%s", ([, changes, outcome, expected], { expect }) => {
    expect(afterAnswer({ ...tried, ...changes }, outcome, T0)).toMatchObject(expected);
  });
});

const MERCHANT = randomId("merchant");
const RECEIVER = { type: "MERCHANT_ID", account: "1900000999", name: null };

/** A payment of CNY 100.00 with a fee of CNY 0.50, as its object publishes it. */
function paymentWith(changes: Partial<PaymentCopy> = {}): PaymentCopy {
  const {
    merchant_id: _merchant,
    livemode: _mode,
    ...row
  } = paymentOf(MERCHANT, {
    value: 10_000,
    fee: 50,
    channel_transaction_id: "4200001",
    succeeded_at: T0,
  });
  const fee = { currency: "CNY", value: 50, refunded: 0 };
  const split = { receiver: RECEIVER, most: 3_000, due_at: T0 + MINUTE };
  return { ...row, snapshot: JSON.stringify({ id: row.id, fee }), split, ...changes };
}

const refundWith = (payment: PaymentCopy, nth: number, fee: number): RefundCopy => ({
  id: refundIdOf(payment.id, nth),
  payment_intent: payment.id,
  sequence: payment.sequence + nth,
  status: "succeeded",
  channel_account: "ca_1",
  channel_refund_id: null,
  currency: "CNY",
  value: 100,
  succeeded_at: T0,
  created_at: T0,
  snapshot: JSON.stringify({ fee: cny(fee) }),
});

const tell = (parts: Partial<PublishedEvents>, now = T0) =>
  recordPublications(
    db,
    [{ merchant_id: MERCHANT, livemode: true, events: [], ...parts }],
    now,
    now,
  );

/** The news that a refund has succeeded and brought `fee` of the fee back. */
const tellRefund = (payment: PaymentCopy, nth: number, fee: number, left: number, now = T0) =>
  tell(
    {
      copy: { ...payment, sequence: payment.sequence + nth, refunded: 100 * nth, fee: left },
      refunds: [refundWith(payment, nth, fee)],
    },
    now,
  );

const rowsOf = (payment: PaymentCopy): Promise<SplitRow[]> =>
  db.query.splits.findMany({
    where: (row, { eq }) => eq(row.payment_intent, payment.id),
    orderBy: (row, { asc }) => [asc(row.id)],
  });

const take = async (id: string, now: number): Promise<SplitRow> => {
  const row = await reserveSplit(db, id, now, now + LEASE_MS);
  if (row === null) throw new Error("nobody can have it");
  return row;
};

const end = (row: SplitRow, state: "succeeded" | "failed", now: number) =>
  settleSplit(
    db,
    row,
    {
      state,
      next_at: null,
      channel_split_id: null,
      error: state === "failed" ? { code: "CHANNEL_REJECTED", message: "No." } : null,
    },
    state === "failed" ? null : entryFor(row, now),
    now,
  );

const LATER = T0 + 5 * MINUTE;

describe("the rows of a payment's share", () => {
  it("are made with the news of the payment, once, and only where the fee is shared", async ({
    expect,
  }) => {
    const payment = paymentWith();
    await tell({ copy: payment });
    await tell({ copy: payment });
    expect(await rowsOf(payment)).toMatchObject([
      {
        id: splitIdOf(payment.id),
        kind: "split",
        state: "due",
        value: 50,
        next_at: T0 + MINUTE,
        channel_transaction_id: "4200001",
        receiver: RECEIVER,
      },
    ]);
    const { split: _, ...invoiced } = paymentWith();
    await tell({ copy: invoiced });
    expect(await rowsOf(invoiced)).toEqual([]);
  });

  it("hold no more than the channel lets go; what is over stays owed", async ({ expect }) => {
    const split = { receiver: RECEIVER, most: 30, due_at: T0 };
    const payment = paymentWith({ split });
    await tell({ copy: payment });
    const row = await take(splitIdOf(payment.id), LATER);
    expect(row.value).toBe(30);
    // A refund that leaves a fee of 40 brings nothing back, one that leaves 20 brings 10.
    await tellRefund(payment, 1, 10, 40);
    await tellRefund(payment, 2, 20, 20);
    expect(await rowsOf(payment)).toMatchObject([{}, { kind: "return", value: 10 }]);
  });

  it("a refund before the share is asked for makes it smaller", async ({ expect }) => {
    const payment = paymentWith();
    await tell({ copy: payment });
    await tellRefund(payment, 1, 20, 30);
    expect(await rowsOf(payment)).toHaveLength(1);
    expect(await take(splitIdOf(payment.id), LATER)).toMatchObject({
      value: 30,
      state: "requested",
      attempts: 1,
    });
    // The same news again is about what the share has already left out.
    await tellRefund(payment, 1, 20, 30);
    expect(await rowsOf(payment)).toHaveLength(1);
  });

  it("a refund's news before the payment's own is no different", async ({ expect }) => {
    const payment = paymentWith();
    await tellRefund(payment, 1, 20, 30);
    await tell({ copy: payment });
    expect(await take(splitIdOf(payment.id), LATER)).toMatchObject({ value: 30 });
    expect(await rowsOf(payment)).toHaveLength(1);
  });

  it("a refund between request and reply waits for the share", async ({ expect }) => {
    const payment = paymentWith();
    await tell({ copy: payment });
    const share = await take(splitIdOf(payment.id), LATER);
    await tellRefund(payment, 1, 20, 30, LATER);
    const id = splitIdOf(refundIdOf(payment.id, 1));
    expect(await rowsOf(payment)).toMatchObject([{ value: 50 }, { id, value: 20, state: "due" }]);
    expect(await dueSplits(db, LATER + MINUTE, 1_000)).not.toContain(id);
    expect(await reserveSplit(db, id, LATER + MINUTE, LATER + DAY)).toBeNull();
    await end(share, "succeeded", LATER);
    expect(await dueSplits(db, LATER + MINUTE, 1_000)).toContain(id);
    await end(await take(id, LATER + MINUTE), "succeeded", LATER + MINUTE);
    await tellRefund(payment, 1, 20, 30, LATER);
    expect(await rowsOf(payment)).toMatchObject([
      { state: "succeeded" },
      { state: "succeeded", value: 20 },
    ]);
  });

  it("a share that fails leaves nothing to return, and a release", async ({ expect }) => {
    const payment = paymentWith();
    await tell({ copy: payment });
    const share = await take(splitIdOf(payment.id), LATER);
    await tellRefund(payment, 1, 20, 30, LATER);
    await end(share, "failed", LATER);
    expect(await rowsOf(payment)).toMatchObject([
      { state: "failed", next_at: null, error: { code: "CHANNEL_REJECTED" } },
      { id: releaseIdOf(payment.id), kind: "split", value: 0, state: "due" },
    ]);
    await tellRefund(payment, 2, 10, 20, LATER);
    expect(await rowsOf(payment)).toHaveLength(2);
    // A release that fails leaves no further one.
    await end(await take(releaseIdOf(payment.id), LATER), "failed", LATER);
    expect(await rowsOf(payment)).toHaveLength(2);
  });

  it("a return that fails is made up for by the next refund's", async ({ expect }) => {
    const payment = paymentWith();
    await tell({ copy: payment });
    await end(await take(splitIdOf(payment.id), LATER), "succeeded", LATER);
    await tellRefund(payment, 1, 20, 30, LATER);
    await end(await take(splitIdOf(refundIdOf(payment.id, 1)), LATER), "failed", LATER);
    await tellRefund(payment, 1, 20, 30, LATER);
    await tellRefund(payment, 2, 5, 25, LATER);
    expect(await rowsOf(payment)).toMatchObject([
      { value: 50 },
      { value: 20, state: "failed" },
      { value: 25, state: "due" },
    ]);
  });

  it("are one worker's at a time, and a worker that was overtaken changes nothing", async ({
    expect,
  }) => {
    const payment = paymentWith();
    await tell({ copy: payment });
    const id = splitIdOf(payment.id);
    expect(await reserveSplit(db, id, T0, T0 + LEASE_MS)).toBeNull();
    const both = await Promise.all([1, 2].map(() => reserveSplit(db, id, LATER, LATER + LEASE_MS)));
    const [first] = both.filter((row) => row !== null);
    expect(both.filter((row) => row !== null)).toHaveLength(1);
    const second = await take(id, LATER + LEASE_MS);
    expect(second.attempts).toBe(2);
    if (first === undefined) throw new Error("nobody had it");
    await end(first, "failed", LATER + LEASE_MS);
    expect(await rowsOf(payment)).toMatchObject([{ state: "requested", attempts: 2 }]);
    await end(second, "succeeded", LATER + LEASE_MS);
    await end(first, "failed", LATER + LEASE_MS);
    expect(await rowsOf(payment)).toMatchObject([{ state: "succeeded" }]);
    expect(await reserveSplit(db, id, LATER + DAY, LATER + DAY)).toBeNull();
  });

  it("are fed to the queue when they are due, a message each", async ({ expect }) => {
    const payment = paymentWith();
    await tell({ copy: payment });
    const sent: WorkMessage[] = [];
    const work = {
      send: () => Promise.reject(new Error("one by one")),
      sendBatch: async (messages: Iterable<MessageSendRequest<WorkMessage>>) => {
        for (const { body } of messages) sent.push(body);
        return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
      },
    };
    await feedDueSplits({ db, work }, T0);
    expect(sent).not.toContainEqual({ split: splitIdOf(payment.id) });
    await feedDueSplits({ db, work }, T0 + MINUTE);
    expect(sent.filter((body) => "split" in body && body.split === splitIdOf(payment.id))).toEqual([
      { split: splitIdOf(payment.id) },
    ]);
  });
});

describe("whatever happens, in whatever order", () => {
  type Step = "news" | "repeat" | "take" | "late" | "succeed" | "fail" | "return" | "no_return";
  const steps: Step[] = [
    "news",
    "repeat",
    "take",
    "late",
    "succeed",
    "fail",
    "return",
    "no_return",
  ];

  it("no more comes back than was taken, and in the end the platform holds its fee", async ({
    expect,
  }) => {
    const scenario = fc.record({
      most: fc.integer({ min: 0, max: 60 }),
      // What each refund leaves of the fee of 50.
      fees: fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 4 }),
      order: fc.array(fc.constantFrom(...steps), { minLength: 4, maxLength: 16 }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ most, fees, order }) => {
        const payment = paymentWith({ split: { receiver: RECEIVER, most, due_at: T0 } });
        const left = fees.toSorted((a, b) => b - a);
        let [told, now] = [0, LATER];
        let held: SplitRow | null = null;
        await tell({ copy: payment });
        const news = (nth: number) => {
          const before = nth === 1 ? 50 : (left[nth - 2] ?? 0);
          const after = left[nth - 1] ?? 0;
          return tellRefund(payment, nth, before - after, after, now);
        };
        const returns = async (state: "succeeded" | "failed") => {
          for (const { id, kind } of await rowsOf(payment)) {
            const row = kind === "return" ? await reserveSplit(db, id, now, now) : null;
            if (row !== null) await end(row, state, now);
          }
        };
        const share = async (state: "succeeded" | "failed") => {
          if (held !== null && (held.value > 0 || state === "failed")) await end(held, state, now);
          held = null;
        };
        const run: Record<Step, () => Promise<unknown>> = {
          news: async () => (told < left.length ? news((told += 1)) : null),
          repeat: async () => (told > 0 ? news(told) : null),
          take: async () => (held ??= await reserveSplit(db, splitIdOf(payment.id), now, now)),
          late: async () => (held = await reserveSplit(db, splitIdOf(payment.id), now, now)),
          succeed: () => share("succeeded"),
          fail: () => share("failed"),
          return: () => returns("succeeded"),
          no_return: () => returns("failed"),
        };
        for (const step of order) {
          now += MINUTE;
          await run[step]();
          const rows = await rowsOf(payment);
          const taken = rows.find(({ id }) => id === splitIdOf(payment.id));
          const back = rows.filter(({ kind, state }) => kind === "return" && state !== "failed");
          const sum = back.reduce((total, { value }) => total + value, 0);
          expect(sum).toBeLessThanOrEqual(taken?.value ?? 0);
          expect(taken?.value).toBeLessThanOrEqual(most);
          for (const { value } of back) expect(value).toBeGreaterThan(0);
          const fee = told === 0 ? 50 : (left[told - 1] ?? 0);
          const isClear = rows.every(({ kind, state }) => kind === "split" || state !== "failed");
          if (taken !== undefined && isClear && !["due", "failed"].includes(taken.state)) {
            expect(taken.value - sum).toBe(Math.min(taken.value, fee));
          }
          if (taken?.state === "failed") expect(back).toEqual([]);
        }
      }),
      { numRuns: 40 },
    );
  });
});
