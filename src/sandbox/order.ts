/**
 * One order at a simulated channel, in an object of its own: `channel:merchant:orderNumber`. It
 * remembers what was ordered, plays the buyer, and posts the channel's callbacks to this Worker
 * until they are acknowledged, so a gateway that dies in the middle of a payment hears of it later.
 */
import { DurableObject } from "cloudflare:workers";

import { systemClock } from "../clock.ts";
import { type RandomBytes, secureRandom } from "../ids.ts";
import { err, ok, type Result } from "../result.ts";
import { chinaClock } from "./china-time.ts";
import { drawFrom, newSeed, repeatAt, sendCallback } from "./callbacks.ts";
import {
  addBooking,
  dropBooking,
  paymentBooking,
  refundBooking,
  takeBookings,
} from "./order-bookings.ts";
import * as store from "./order-store.ts";
import { sandboxChannel } from "./registry.ts";
import {
  bookShare,
  type NewShare,
  readShares,
  type SandboxShare,
  type ShareAnswer,
  writeShare,
} from "./shares.ts";
import { book, type NewRefund } from "./refunds.ts";
import { type CreateFault, faultOf, type RefundFault, type SplitFault } from "./scripts.ts";
import type {
  CallbackFlaw,
  CreateAnswer,
  FaultScript,
  RefundAnswer,
  SandboxOrderRecord,
  SandboxOrders,
  SandboxWorld,
} from "./simulator.ts";
import { bookingDay } from "./statement.ts";
import * as trades from "./trade.ts";
import { bookOf, sandboxOrders, sandboxWorld } from "./transport.ts";

export type NewOrder = Parameters<SandboxOrders["create"]>[0];

export interface Creation {
  /** What is to happen to this create and its reply. */
  readonly fault: CreateFault;
  /** Null: the request is lost before it reaches the channel. */
  readonly answer: CreateAnswer | null;
}

export interface RefundBooking {
  /** What is to happen to the reply. */
  readonly fault: RefundFault;
  readonly answer: RefundAnswer;
}

export interface ShareBooking {
  /** What is to happen to the reply. */
  readonly fault: SplitFault;
  readonly answer: ShareAnswer;
}

/** The order as the buyer's wallet knows it, and what became of the callbacks. */
export interface Wallet {
  /** With the true state, also while the channel still hides the payment. */
  readonly order: SandboxOrderRecord;
  readonly declined: boolean;
  readonly callbacks: readonly {
    readonly flaw: CallbackFlaw;
    readonly attempts: number;
    readonly status: number | null;
    readonly acknowledged: boolean;
  }[];
}

/** An object that dies while it sends a callback or a booking sends it again after this (ms). */
const LEASE_MS = 15_000;

/** Between the close of an order and the news that it was paid (`late_callback`). Milliseconds. */
const LATE_MS = 2_000;

export class SandboxOrder extends DurableObject<Env> {
  /**
   * Orders, or answers what a repeated order number gets. Counts as one attempt either way.
   * @param byBuyer the buyer opened a signed link: there is no call whose transport could fail
   */
  async create(order: NewOrder, script: FaultScript | null, byBuyer = false): Promise<Creation> {
    const now = systemClock.now();
    const { sql } = this.ctx.storage;
    const creation = this.ctx.storage.transactionSync((): Creation => {
      store.createTables(sql);
      const counted = store.countAttempt(sql, script);
      const isFirst = counted.attempt === 1 && !byBuyer;
      const fault = isFirst ? faultOf(counted.script).create : "none";
      if (fault === "request_lost" || fault === "server_error") return { fault, answer: null };
      const existing = store.readTrade(sql);
      if (existing !== null) {
        const refunds = store.readRefunds(sql);
        return {
          fault,
          answer: trades.repeatAnswer(existing, refunds, order.parameters, now),
        };
      }
      const trade = trades.openTrade(order, now);
      store.writeTrade(sql, trade);
      return { fault, answer: { kind: "created", order: trades.shownRecord(trade, [], now) } };
    });
    if (!byBuyer && creation.answer?.kind === "created" && faultOf(script).paidBeforeReply) {
      await this.buyer("pay");
    }
    return creation;
  }

  /** The order as the channel shows it. */
  async find(): Promise<SandboxOrderRecord | null> {
    const trade = store.readTrade(this.ctx.storage.sql);
    if (trade === null) return null;
    return trades.shownRecord(trade, store.readRefunds(this.ctx.storage.sql), systemClock.now());
  }

  /** A payment code was scanned and the buyer's wallet pays. Null: no such order. */
  async payNow(): Promise<SandboxOrderRecord | null> {
    const paid = await this.buyer("pay");
    return paid.ok ? this.find() : null;
  }

  /** Books a refund, or answers what a repeated refund number gets. */
  async refund(terms: NewRefund): Promise<RefundBooking> {
    const now = systemClock.now();
    const { sql } = this.ctx.storage;
    const booking = this.ctx.storage.transactionSync(() => {
      const trade = store.readTrade(sql);
      if (trade === null) return null;
      const script = store.readScript(sql);
      const isFirst = store.countRefundRequest(sql) === 1;
      const order = trades.shownRecord(trade, store.readRefunds(sql), now);
      const number = `5${transactionNumber(now, secureRandom)}`;
      const { answer, ends } = book(order, terms, script, number, now);
      let callback: store.CallbackRow | null = null;
      if (ends !== null) {
        // The end is written at once: queries know it before the refund's callback has arrived.
        store.writeRefund(sql, ends);
        if (ends.refundedAt !== null) {
          addBooking(sql, refundBooking(trade, ends, ends.refundedAt), now + LEASE_MS);
        }
        const silent = faultOf(script).callbacks.length === 0;
        if (!silent && terms.notifyUrl !== null) {
          const at = now + LEASE_MS;
          callback = store.addCallback(sql, null, newSeed(), at, ends.refundNumber);
        }
        this.#arm();
      }
      return { fault: isFirst ? faultOf(script).refund : ("none" as const), answer, callback };
    });
    if (booking === null) return { fault: "none", answer: { kind: "no_order" } };
    await this.#tellBook();
    if (booking.callback !== null) this.ctx.waitUntil(this.#send([booking.callback]));
    return { fault: booking.fault, answer: booking.answer };
  }

  /** Books a share, or answers what a repeated number gets. The first reply may be lost. */
  async share(terms: NewShare): Promise<ShareBooking> {
    const now = systemClock.now();
    const { sql } = this.ctx.storage;
    return this.ctx.storage.transactionSync((): ShareBooking => {
      const trade = store.readTrade(sql);
      if (trade === null) return { fault: "none", answer: { kind: "no_order" } };
      const booked = readShares(sql);
      const script = store.readScript(sql);
      const order = trades.shownRecord(trade, store.readRefunds(sql), now);
      const number = `3${transactionNumber(now, secureRandom)}`;
      const { answer, ends } = bookShare(order, booked, terms, script, number, now);
      if (ends !== null) writeShare(sql, ends);
      const isFirst = booked.length === 0 && ends !== null;
      return { fault: isFirst ? faultOf(script).split : "none", answer };
    });
  }

  async shares(): Promise<SandboxShare[]> {
    return readShares(this.ctx.storage.sql);
  }

  /** The merchant closes the order; a paid one stays paid. */
  async close(): Promise<SandboxOrderRecord | null> {
    const now = systemClock.now();
    const { sql } = this.ctx.storage;
    return this.ctx.storage.transactionSync(() => {
      const trade = store.readTrade(sql);
      if (trade === null) return null;
      const closed = trades.closedByMerchant(trade, now);
      this.#change(trade, closed, now);
      return trades.shownRecord(closed, store.readRefunds(sql), now);
    });
  }

  /**
   * Something the buyer does. After `pay` it answers when the callback was handled. The error says
   * why the wallet refuses: the order's state does not allow it.
   */
  async buyer(action: trades.BuyerAction): Promise<Result<Wallet, string>> {
    const now = systemClock.now();
    const { sql } = this.ctx.storage;
    const decided = this.ctx.storage.transactionSync(() => {
      const trade = store.readTrade(sql);
      if (trade === null) return err(trades.NO_ORDER);
      const { hides } = faultOf(store.readScript(sql));
      const number = transactionNumber(now, secureRandom);
      const after = trades.act(trade, action, now, hides, number);
      return after.ok ? ok(this.#change(trade, after.value, now)) : after;
    });
    if (!decided.ok) return decided;
    await this.#tellBook();
    await this.#send(decided.value);
    const wallet = await this.wallet();
    return wallet === null ? err(trades.NO_ORDER) : ok(wallet);
  }

  /** What the buyer's wallet shows; null: the channel does not know the order. */
  async wallet(): Promise<Wallet | null> {
    const now = systemClock.now();
    const { sql } = this.ctx.storage;
    const trade = store.readTrade(sql);
    if (trade === null) return null;
    return {
      order: {
        ...trades.shownRecord(trade, store.readRefunds(sql), now),
        state: trades.buyerState(trade, now),
        paidAt: trade.paidAt,
      },
      declined: trade.declinedAt !== null,
      callbacks: store.readCallbacks(sql).map(({ flaw, attempts, status, acknowledged }) => ({
        flaw,
        attempts,
        status,
        acknowledged: acknowledged === 1,
      })),
    };
  }

  /** A payment that queries hid has stood in a statement. */
  async reveal(): Promise<void> {
    const { sql } = this.ctx.storage;
    this.ctx.storage.transactionSync(() => {
      const trade = store.readTrade(sql);
      if (trade !== null) this.#show(trade);
    });
  }

  /** Repeats callbacks and bookings; a callback brings a hidden payment to light. */
  override async alarm(): Promise<void> {
    const now = systemClock.now();
    const { sql } = this.ctx.storage;
    const due = this.ctx.storage.transactionSync(() => {
      const trade = store.readTrade(sql);
      if (trade === null) return [];
      const taken = store.takeDue(sql, now, now + LEASE_MS);
      if (taken.length > 0) this.#show(trade);
      this.#arm();
      return taken;
    });
    await this.#tellBook();
    await this.#send(due);
  }

  #show(trade: trades.Trade): void {
    if (trade.paidAt === null || trade.shownAt !== null) return;
    store.writeTrade(this.ctx.storage.sql, { ...trade, shownAt: systemClock.now() });
  }

  /**
   * Writes a changed trade and plans the booking and the callbacks of a new payment. Inside a
   * transaction.
   * @returns the callbacks to send at once; the alarm has them too, in case this object dies
   */
  #change(before: trades.Trade, after: trades.Trade, now: number): store.CallbackRow[] {
    const { sql } = this.ctx.storage;
    store.writeTrade(sql, after);
    const hidden = after.paidAt !== null && after.shownAt === null;
    let added: store.CallbackRow[] = [];
    if (before.paidAt === null && after.paidAt !== null) {
      const script = store.readScript(sql);
      addBooking(sql, paymentBooking(after, after.paidAt, script), now + LEASE_MS);
      // A hidden payment shows when the order is closed, at the latest when it runs out.
      const runsOut = after.expiresAt === null ? null : after.expiresAt + LATE_MS;
      const firstAt = hidden ? runsOut : now + LEASE_MS;
      added = faultOf(script).callbacks.map((flaw) =>
        store.addCallback(sql, flaw, newSeed(), firstAt),
      );
    }
    if (hidden && before.closedAt === null && after.closedAt !== null) {
      store.planUnsent(sql, now + LATE_MS);
    }
    this.#arm();
    return hidden ? [] : added;
  }

  /** Sets the alarm to what is due next, in the same transaction as its rows. */
  #arm(): void {
    const next = store.nextDueAt(this.ctx.storage.sql);
    this.ctx.waitUntil(
      next === null ? this.ctx.storage.deleteAlarm() : this.ctx.storage.setAlarm(next),
    );
  }

  /** Tells the day's book what it has not got yet. */
  async #tellBook(): Promise<void> {
    const { sql } = this.ctx.storage;
    const trade = store.readTrade(sql);
    if (trade === null) return;
    const { channel, merchant } = trade;
    for (const { id, booking } of takeBookings(sql, systemClock.now() + LEASE_MS)) {
      try {
        await bookOf(this.env, channel, merchant, bookingDay(booking.at)).note(booking);
      } catch {
        // The alarm tells it again; the buyer has paid, whatever becomes of the books.
        continue;
      }
      this.ctx.storage.transactionSync(() => {
        dropBooking(sql, id);
        this.#arm();
      });
    }
  }

  /** One after the other: the order of callbacks is part of a script. */
  async #send(callbacks: readonly store.CallbackRow[]): Promise<void> {
    const { sql } = this.ctx.storage;
    for (const row of callbacks) {
      const order = await this.find();
      if (order === null) return;
      const script = store.readScript(sql);
      const world = await this.#worldOf(order.channel, script, row);
      // This Worker's own fetch handler: no network, no public address needed.
      const answer = await sendCallback(order, row, world, this.ctx.exports.default);
      const nextAt = answer.acknowledged
        ? null
        : repeatAt(row.flaw, row.attempts + 1, systemClock.now());
      this.ctx.storage.transactionSync(() => {
        store.recordAttempt(sql, row.id, { ...answer, builtAt: world.now, nextAt });
        this.#arm();
      });
    }
  }

  /** A repeat draws the same bytes, so it keeps its id; where channels do, also the same time. */
  async #worldOf(
    channel: string,
    script: FaultScript | null,
    row: store.CallbackRow,
  ): Promise<SandboxWorld> {
    const orders = sandboxOrders(this.env, script, () => {});
    const world = await sandboxWorld(this.env, channel, script, orders, "");
    const verbatim = sandboxChannel(channel)?.repeatsVerbatim === true;
    const now = verbatim ? (row.first_at ?? world.now) : world.now;
    return { ...world, now, random: drawFrom(row.seed) };
  }
}

/** 28 digits beginning with the day in Beijing, as the wallets' own numbers look. */
function transactionNumber(now: number, random: RandomBytes): string {
  const day = chinaClock(now).slice(0, 10).replaceAll("-", "");
  const digits = Array.from(random(20), (byte) => String(byte % 10)).join("");
  return day + digits;
}
