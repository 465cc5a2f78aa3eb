/**
 * What is asked of the channel about one payment, and what of the answers is believed. Each exchange
 * is shared by everybody who wants it at the same time.
 */
import type { PaymentReport } from "../channels/adapter.ts";
import { systemClock } from "../clock.ts";
import type { Failure } from "../errors.ts";
import { channelFailure, type Disbelief } from "../payments/payment.ts";
import { askDelay } from "../payments/schedule.ts";
import { isTerminal } from "../payments/states.ts";
import { err, ok, type Result } from "../result.ts";
import type { IntentBook } from "./book.ts";
import type { ChannelDesk } from "./channel-desk.ts";
import { isUnsettled } from "./due.ts";
import { misfitOf, writeDown } from "./exceptions.ts";
import type { Outbox } from "./outbox.ts";
import type { IntentRefunds } from "./refunds.ts";
import { type IntentRecord, isOrdered } from "./record.ts";
import type { Work } from "./work.ts";

/** How long after the deadline a left order is still closed. */
const LEFT_GRACE_MS = 3_600_000;

interface Parts {
  readonly env: Env;
  readonly book: IntentBook;
  readonly desk: ChannelDesk;
  readonly outbox: Outbox;
  readonly refunds: IntentRefunds;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

export class Exchanges {
  readonly #env: Env;
  readonly #book: IntentBook;
  readonly #desk: ChannelDesk;
  readonly #outbox: Outbox;
  readonly #refunds: IntentRefunds;
  readonly #waitUntil: Parts["waitUntil"];
  /** The number of the order that the buyer is being taken away from: nothing is sent for it. */
  #leaving: string | null = null;
  #charging: Promise<void> | null = null;
  #asking: Promise<Result<PaymentReport | null, Failure>> | null = null;
  #closing: Promise<Failure | null> | null = null;

  constructor({ env, book, desk, outbox, refunds, waitUntil }: Parts) {
    this.#env = env;
    this.#book = book;
    this.#desk = desk;
    this.#outbox = outbox;
    this.#refunds = refunds;
    this.#waitUntil = waitUntil;
  }

  /**
   * Sends the stored order; concurrent callers share one call.
   * @param isFirst this request made the reservation: nobody can have sent the order before
   */
  charge(work: Work, isFirst: boolean): Promise<void> {
    this.#charging ??= this.#chargeOnce(work, isFirst).finally(() => {
      this.#charging = null;
    });
    return this.#charging;
  }

  async #chargeOnce(work: Work, isFirst: boolean): Promise<void> {
    const record = this.#book.read();
    // Not while it is being closed: a code that is made now would outlive the payment.
    if (!isOrdered(record) || !isUnsettled(record) || record.payment.closing !== null) return;
    const { channel, number } = record.order;
    if (number === this.#leaving) return;
    const at = systemClock.now();
    const outcome = await this.#desk.charge(record, isFirst, work.log);
    const now = systemClock.now();
    const call = { channel, outcome: outcome.kind, ms: now - at, at };
    const command = { type: "charged", outcome, channel } as const;
    this.#book.commit(command, now, work.requestId, number, call);
    const proof = outcome.kind === "ok" ? outcome.value.report : undefined;
    if (proof !== undefined) this.#hear(proof, work);
    this.#waitUntil(this.#outbox.publish(work.log));
  }

  /**
   * Asks once; concurrent callers share one asking. The failure is the channel's silence; null means
   * that it has spoken.
   */
  async ask(work: Work): Promise<Failure | null> {
    const answer = await this.inquire(work);
    return answer.ok ? null : answer.error;
  }

  /** As {@link ask}, with what the channel said; null: nothing is ordered, there is nobody to ask. */
  inquire(work: Work): Promise<Result<PaymentReport | null, Failure>> {
    this.#asking ??= this.#askOnce(work).finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #askOnce(work: Work): Promise<Result<PaymentReport | null, Failure>> {
    const record = this.#book.read();
    if (!isOrdered(record)) return ok(null);
    const outcome = await this.#desk.query(record, work.log);
    if (outcome.kind !== "ok") return err(channelFailure(record.order.channel, outcome.error));
    this.#hear(outcome.value, work);
    this.#waitUntil(this.#outbox.publish(work.log));
    const after = this.#book.read();
    // The order is not there, or its code was lost with the reply: the same bytes again.
    if (after !== null && isUnsettled(after)) await this.charge(work, false);
    return ok(outcome.value);
  }

  /** Query, close, query; concurrent callers share one. */
  close(work: Work): Promise<Failure | null> {
    this.#closing ??= this.#closeOnce(work).finally(() => {
      this.#closing = null;
    });
    return this.#closing;
  }

  async #closeOnce(work: Work): Promise<Failure | null> {
    // An order that is on its way must arrive before it can be closed.
    await this.#charging;
    const record = this.#book.read();
    if (record === null || isTerminal(record.payment.status)) return null;
    if (!isOrdered(record)) {
      // Nobody can pay what was never ordered.
      this.#book.commit({ type: "closed", reversed: false }, systemClock.now(), work.requestId);
      this.#waitUntil(this.#outbox.publish(work.log));
      return null;
    }
    const end = await this.#desk.close(record, work.log, (report) => {
      this.#hear(report, work);
      return isTerminal(this.#book.read()?.payment.status ?? "failed");
    });
    if (end.kind === "closed") {
      this.#book.commit(
        { type: "closed", reversed: end.reversed },
        systemClock.now(),
        work.requestId,
        record.order.number,
      );
      const { status } = this.#book.read()?.payment ?? record.payment;
      if (end.reversed && status === "succeeded") {
        // The notice overtook our close, which gave the money back: somebody may have shipped.
        work.log("error", "payment.given_back", { intent: record.terms.id });
      }
    }
    this.#waitUntil(this.#outbox.publish(work.log));
    return end.kind === "open" ? end.reason : null;
  }

  /**
   * Takes the buyer away from the present order, so that another can be made: query, close, query.
   * The failure says why it stands; null: there is none any more, or the payment has ended.
   */
  async leave(work: Work): Promise<Failure | null> {
    // An order that is on its way must arrive before it can be closed.
    await this.#charging;
    const record = this.#book.read();
    if (!isOrdered(record) || isTerminal(record.payment.status)) return null;
    const { number } = record.order;
    this.#leaving = number;
    try {
      const end = await this.#desk.close(record, work.log, this.#believer(number, work));
      if (end.kind === "open") return end.reason;
      if (end.kind === "closed") {
        const command = { type: "left", reversed: end.reversed } as const;
        this.#book.commit(command, systemClock.now(), work.requestId, number);
      }
      return null;
    } finally {
      this.#leaving = null;
    }
  }

  /** Closes the orders that were left and can still be paid. Never throws. */
  async closeLeft(work: Work): Promise<void> {
    // As in `leave`: an order that is on its way would be opened after it was closed.
    await this.#charging?.catch(() => undefined);
    const record = this.#book.read();
    if (record === null) return;
    for (const left of this.#book.leftOrders()) {
      if (left.closeAt === null || left.closeAt > systemClock.now()) continue;
      const asked = { ...left, asks: left.asks + 1 };
      const closeAt = this.#nextClosing(record, asked.asks);
      this.#book.putLeftOrder({ ...asked, closeAt });
      const { channelTransactionId } = left;
      const payment = { ...record.payment, channelTransactionId };
      const about = { ...record, order: left.order, payment, asks: left.asks };
      const end = await this.#desk.close(about, work.log, (report) => {
        this.#hear(report, work);
        return report.state === "paid";
      });
      const isStillLeft = this.#book
        .leftOrders()
        .some(({ order }) => order.number === left.order.number);
      if (end.kind !== "open" && isStillLeft) {
        const reversed = end.kind === "closed" && end.reversed;
        this.#book.putLeftOrder({ ...asked, reversed, closeAt: null });
      } else if (isStillLeft && closeAt === null) {
        work.log("error", "payment.left_open", {
          intent: record.terms.id,
          order: left.order.number,
        });
      }
    }
    this.#book.flushJournal();
  }

  /** No order outlives the payment's deadline at its channel for long. */
  #nextClosing({ payment }: IntentRecord, asks: number): number | null {
    const at = systemClock.now() + askDelay("unknown", asks);
    return at > payment.expiresAt + LEFT_GRACE_MS ? null : at;
  }

  #believer(number: string, work: Work) {
    return (report: PaymentReport): boolean => {
      this.#hear(report, work);
      const after = this.#book.read();
      return after === null || isTerminal(after.payment.status) || after.order?.number !== number;
    };
  }

  /** News that we asked for. */
  #hear(report: PaymentReport, work: Work): void {
    const outcome = this.believe(report, work);
    this.#waitUntil(
      outcome.ok && outcome.value ? this.#refunds.giveBackLate(work) : this.raise(report, work),
    );
  }

  /**
   * Money that does not fit the order is written down for people. Throws when that fails.
   * @returns false when the news was not about money
   */
  async raise(report: PaymentReport, work: Work): Promise<boolean> {
    const record = this.#book.read();
    const order = this.#book.orderOf(report.paymentId);
    // Its success notice tells of money that has gone back: nobody may give it back once more.
    if (this.#book.isGivenBack(report.paymentId)) return false;
    const misfit = record === null || order === null ? null : misfitOf(record, order, report);
    if (record === null || misfit === null) return false;
    await writeDown(this.#env, misfit, systemClock.now(), record.sequence, work.requestId);
    return true;
  }

  /** Whether the report says something that the payment does not know yet. */
  isNews({ state, paymentId }: PaymentReport): boolean {
    const record = this.#book.read();
    if (record === null || record.payment.status === "succeeded") return false;
    if (state === "paid") return !this.#book.isGivenBack(paymentId);
    const says = state !== "absent" && state !== "open" && record.payment.status !== state;
    return says && record.order?.number === paymentId;
  }

  /** One door for news: callback, poll, sync and close. True when something visible changed. */
  believe(report: PaymentReport, work: Work): Result<boolean, Disbelief> {
    const outcome = this.#book.commit(
      { type: "reported", report },
      systemClock.now(),
      work.requestId,
      report.paymentId,
    );
    if (!outcome.ok) {
      work.log("error", "report.disbelieved", {
        intent: report.paymentId,
        reason: outcome.error.reason,
        channel_status: report.channelStatus,
      });
    }
    return outcome;
  }
}
