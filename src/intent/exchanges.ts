/**
 * What is asked of the channel about one payment, and what of the answers is believed. Each exchange
 * is shared by everybody who wants it at the same time.
 */
import type { PaymentReport } from "../channels/adapter.ts";
import { systemClock } from "../clock.ts";
import type { Failure } from "../errors.ts";
import { channelFailure, type Disbelief } from "../payments/payment.ts";
import { isTerminal } from "../payments/states.ts";
import type { Result } from "../result.ts";
import { type IntentBook, isUnsettled } from "./book.ts";
import type { ChannelDesk } from "./channel-desk.ts";
import { misfitOf, writeDown } from "./exceptions.ts";
import type { Outbox } from "./outbox.ts";
import type { IntentRefunds } from "./refunds.ts";
import type { Work } from "./work.ts";

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
  #charging: Promise<void> | null = null;
  #asking: Promise<Failure | null> | null = null;
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
    if (record === null || !isUnsettled(record) || record.payment.closing !== null) return;
    const outcome = await this.#desk.charge(record, isFirst, work.log);
    const { channel } = record.terms;
    this.#book.commit({ type: "charged", outcome, channel }, systemClock.now(), work.requestId);
    const proof = outcome.kind === "ok" ? outcome.value.report : undefined;
    if (proof !== undefined) this.#hear(proof, work);
    this.#waitUntil(this.#outbox.publish(work.log));
  }

  /**
   * Asks once; concurrent callers share one asking. The failure is the channel's silence; null means
   * that it has spoken.
   */
  ask(work: Work): Promise<Failure | null> {
    this.#asking ??= this.#askOnce(work).finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #askOnce(work: Work): Promise<Failure | null> {
    const record = this.#book.read();
    if (record === null) return null;
    const outcome = await this.#desk.query(record, work.log);
    if (outcome.kind !== "ok") return channelFailure(record.terms.channel, outcome.error);
    this.#hear(outcome.value, work);
    this.#waitUntil(this.#outbox.publish(work.log));
    const after = this.#book.read();
    // The order is not there, or its code was lost with the reply: the same bytes again.
    if (after !== null && isUnsettled(after)) await this.charge(work, false);
    return null;
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
    const end = await this.#desk.close(record, work.log, (report) => {
      this.#hear(report, work);
      return isTerminal(this.#book.read()?.payment.status ?? "failed");
    });
    if (end.kind === "closed") {
      this.#book.commit(
        { type: "closed", reversed: end.reversed },
        systemClock.now(),
        work.requestId,
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
    const misfit = record === null ? null : misfitOf(record, report);
    if (record === null || misfit === null) return false;
    await writeDown(this.#env, misfit, systemClock.now(), record.sequence, work.requestId);
    return true;
  }

  /** One door for news: callback, poll, sync and close. True when something visible changed. */
  believe(report: PaymentReport, work: Work): Result<boolean, Disbelief> {
    const outcome = this.#book.commit(
      { type: "reported", report },
      systemClock.now(),
      work.requestId,
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
