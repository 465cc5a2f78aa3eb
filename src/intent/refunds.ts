/**
 * The refunds of one payment: each is reserved in one synchronous transaction, before the channel
 * is asked, and settled in another. What a channel has not said stays open and is asked for again,
 * always under the same number and with the same bytes.
 */
import type { RefundReport } from "../channels/adapter.ts";
import { systemClock } from "../clock.ts";
import type { Failure } from "../errors.ts";
import { afterCall, afterReport, isOpen, notRefundable } from "../payments/refund.ts";
import { channelFailure } from "../payments/payment.ts";
import { askDelay, TIRED_AFTER_ASKS } from "../payments/schedule.ts";
import { err, ok, type Result } from "../result.ts";
import { describeError } from "../log.ts";
import { withinWait } from "../within-wait.ts";
import { type Answer, refuse } from "./answers.ts";
import type { IntentBook } from "./book.ts";
import type { ChannelDesk } from "./channel-desk.ts";
import { earliest, nextClosing, nextRefundAsk, owesLateRefund } from "./due.ts";
import { keptLate, type Misfit, refundMisfit, writeDown } from "./exceptions.ts";
import { goneAway } from "./failures.ts";
import type { Outbox } from "./outbox.ts";
import type { RefundBook } from "./refund-book.ts";
import { type RefundOrigin, type RefundRecord, toRefundView } from "./refund-record.ts";
import { LATE_REFUND, refundReservation, type RefundTerms } from "./refund-reserve.ts";
import { isOrdered } from "./record.ts";
import type { IntentStorage } from "./storage.ts";
import type { Work } from "./work.ts";

/** When nobody can be asked (the database is away, the account cannot be opened). */
const LATE_RETRY_MS = 600_000;

interface Reserved {
  readonly refund: RefundRecord;
  /** This call made it: nobody can have sent it before. */
  readonly isNew: boolean;
}

interface Parts {
  readonly env: Pick<Env, "EVENTS" | "ID_KEY">;
  readonly store: IntentStorage;
  readonly book: IntentBook;
  readonly refunds: RefundBook;
  readonly desk: ChannelDesk;
  readonly outbox: Outbox;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

export class IntentRefunds {
  readonly #parts: Parts;
  readonly #settling = new Map<string, Promise<void>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Refunds, or answers as the first time: a repeat joins what runs and resumes what is open. */
  async request(terms: RefundTerms, work: Work): Promise<Answer> {
    const known = this.#byRequest(terms.requestKey);
    const reserved =
      known === undefined
        ? await this.#reserve(terms, "merchant", work)
        : ok({ refund: known, isNew: false });
    if (!reserved.ok) return refuse(reserved.error);
    const { refund, isNew } = reserved.value;
    if (refund.refund.status === "requested") {
      await withinWait(this.#settle(refund.id, isNew, work));
    }
    return this.#answer(refund.id, !isNew);
  }

  /** The public JSON; null: no such refund. */
  get(id: string): string | null {
    const record = this.#parts.book.read();
    const refund = this.#find(id);
    if (!isOrdered(record) || refund === undefined) return null;
    return JSON.stringify(toRefundView(record, refund));
  }

  /**
   * News from a verified callback. The error says why it was not believed; it is then written down
   * for people before the answer, because the channel may never tell us again.
   */
  async report(report: RefundReport, work: Work): Promise<Result<"changed" | "known", string>> {
    if (this.#find(report.refundId) === undefined) return err("unknown refund");
    const outcome = this.#believe(report, work);
    if (!outcome.ok) {
      await this.#raise(report, work);
      return outcome;
    }
    this.#parts.waitUntil(this.#parts.outbox.publish(work.log));
    return ok(outcome.value ? "changed" : "known");
  }

  /**
   * Asks the channel about a refund now, also about one that has ended. What contradicts us is
   * written down for people, as any other news. Null: no such refund.
   */
  async inquire(id: string, work: Work): Promise<Result<RefundReport, Failure> | null> {
    const { book, desk, outbox, waitUntil } = this.#parts;
    const [record, refund] = [book.read(), this.#find(id)];
    if (!isOrdered(record) || refund === undefined) return null;
    const outcome = await desk.queryRefund(record, refund, work.log);
    if (outcome.kind !== "ok") return err(channelFailure(record.order.channel, outcome.error));
    if (!this.#believe(outcome.value, work).ok) await this.#raise(outcome.value, work);
    waitUntil(outbox.publish(work.log));
    return ok(outcome.value);
  }

  /** What is due: a late payment's refund, and askings. */
  async work(now: number, work: Work): Promise<void> {
    const lateAt = await this.giveBackLate(work);
    const due = this.#parts.refunds
      .all()
      .filter(({ refund, askAt }) => isOpen(refund) && askAt <= now);
    for (const { id } of due) {
      this.#postpone(id, now, work);
      await this.#settle(id, false, work);
    }
    // Nothing left to look at must not wake the object again and again.
    const { book, outbox, refunds } = this.#parts;
    const next = earliest(
      earliest(nextRefundAsk(refunds.all()), lateAt),
      nextClosing(book.leftOrders()),
    );
    const isOver = next === null && book.read()?.afterworkAt !== null;
    book.note((record) => ({ ...record, afterworkAt: next }), systemClock.now());
    // No change that a merchant sees took it back from the copy: the sweeper would go on for ever.
    if (isOver) await outbox.refreshCopy(work.log);
  }

  /**
   * Makes the refund that the account's policy wants for money that came too late. Never throws.
   * @returns when to try again (milliseconds since 1970); null: it was made, or never will be
   */
  async giveBackLate(work: Work): Promise<number | null> {
    const record = this.#parts.book.read();
    if (!isOrdered(record) || !owesLateRefund(record)) return null;
    if (this.#byRequest(LATE_REFUND.requestKey) !== undefined) return null;
    const intent = record.terms.id;
    try {
      const reserved = await this.#reserve(LATE_REFUND, "late_payment", work);
      if (reserved.ok) {
        await this.#settle(reserved.value.refund.id, reserved.value.isNew, work);
        return null;
      }
      const { code, details } = reserved.error;
      work.log("error", "refund.late_refused", { intent, reason: code });
      const seconds = details?.["retry_after_seconds"];
      if (code === "RATE_LIMITED" && typeof seconds === "number") {
        return systemClock.now() + seconds * 1_000;
      }
      // Nothing was left of it: the merchant gave it back meanwhile.
      if (!owesLateRefund(this.#parts.book.read() ?? record)) return null;
      // It will not get better by asking: a person has to give the money back.
      await this.#send(keptLate(record, reserved.error), work);
      return null;
    } catch (error) {
      work.log("error", "refund.late_failed", { intent, error: describeError(error) });
      return systemClock.now() + LATE_RETRY_MS;
    }
  }

  /** News that was not believed, written down for people. */
  async #raise(report: RefundReport, work: Work): Promise<void> {
    const [record, refund] = [this.#parts.book.read(), this.#find(report.refundId)];
    if (!isOrdered(record) || refund === undefined) return;
    await this.#send(refundMisfit(record, refund, report), work);
  }

  async #send(misfit: Misfit, { requestId }: Work): Promise<void> {
    const { env, book } = this.#parts;
    const sequence = book.read()?.sequence ?? 1;
    await writeDown(env, misfit, systemClock.now(), sequence, requestId);
  }

  #byRequest(requestKey: string): RefundRecord | undefined {
    return this.#parts.refunds.all().find((refund) => refund.requestKey === requestKey);
  }

  #find(id: string): RefundRecord | undefined {
    return this.#parts.refunds.all().find((refund) => refund.id === id);
  }

  /** The check and the reservation are one transaction: nothing is decided on what was read before. */
  async #reserve(
    terms: RefundTerms,
    origin: RefundOrigin,
    work: Work,
  ): Promise<Result<Reserved, Failure>> {
    const { book, desk, refunds, store } = this.#parts;
    const before = book.read();
    if (before === null) return err(goneAway);
    if (!isOrdered(before)) return err(notRefundable(before.payment));
    const connection = await desk.connect(before.terms, before.order, work.log);
    return store.transaction((): Result<Reserved, Failure> => {
      const now = systemClock.now();
      const record = book.read();
      if (record === null) return err(goneAway);
      // Another order may have taken its place: the connection would be to the wrong account.
      if (!isOrdered(record) || record.order.number !== before.order.number) {
        return err(notRefundable(record.payment));
      }
      // Another call with the same key may have been faster.
      const same = this.#byRequest(terms.requestKey);
      if (same !== undefined) return ok({ refund: same, isNew: false });
      const made = refundReservation(record, refunds.all(), terms, origin, connection, now);
      if (!made.ok) return made;
      const refund = refunds.put(made.value, ["refund.created"], now, work.requestId);
      return ok({ refund, isNew: true });
    });
  }

  /** Brings an open refund further; concurrent callers share one exchange. */
  #settle(id: string, isNew: boolean, work: Work): Promise<void> {
    const running = this.#settling.get(id);
    if (running !== undefined) return running;
    const settling = this.#settleOnce(id, isNew, work).finally(() => this.#settling.delete(id));
    this.#settling.set(id, settling);
    return settling;
  }

  async #settleOnce(id: string, isNew: boolean, work: Work): Promise<void> {
    if (!isNew) {
      const answered = await this.#ask(id, work);
      if (answered) return;
    }
    const { book, desk, outbox, refunds, waitUntil } = this.#parts;
    const [record, refund] = [book.read(), this.#find(id)];
    if (!isOrdered(record) || refund === undefined || !isOpen(refund.refund)) return;
    const outcome = await desk.refund(record, refund, isNew, work.log);
    const { channel } = record.order;
    const settled = refunds.commit(
      id,
      (before) => afterCall(before, outcome, channel, systemClock.now()),
      systemClock.now(),
      work.requestId,
    );
    if (!settled.ok) {
      work.log("error", "refund.disbelieved", { refund: id, reason: settled.error.reason });
      if (outcome.kind === "ok") waitUntil(this.#raise(outcome.value, work));
    }
    waitUntil(outbox.publish(work.log));
  }

  /** True when the channel has spoken; false when the same request has to be sent again. */
  async #ask(id: string, work: Work): Promise<boolean> {
    const { book, desk, outbox, waitUntil } = this.#parts;
    const [record, refund] = [book.read(), this.#find(id)];
    if (!isOrdered(record) || refund === undefined || !isOpen(refund.refund)) return true;
    const outcome = await desk.queryRefund(record, refund, work.log);
    if (outcome.kind !== "ok") return true;
    if (!this.#believe(outcome.value, work).ok) waitUntil(this.#raise(outcome.value, work));
    waitUntil(outbox.publish(work.log));
    return outcome.value.state !== "absent";
  }

  #believe(report: RefundReport, work: Work): Result<boolean, string> {
    const { book, refunds } = this.#parts;
    const channel = book.read()?.order?.channel ?? "";
    const now = systemClock.now();
    const outcome = refunds.commit(
      report.refundId,
      (refund) => afterReport(refund, report, channel, now),
      now,
      work.requestId,
    );
    if (outcome.ok) return outcome;
    const { reason, message } = outcome.error;
    work.log("error", "refund.disbelieved", {
      refund: report.refundId,
      reason,
      channel_status: report.channelStatus,
    });
    return err(message);
  }

  #postpone(id: string, now: number, work: Work): void {
    const { refunds, store } = this.#parts;
    store.transaction(() => {
      const record = this.#find(id);
      if (record === undefined) return;
      const { asks, refund } = record;
      if (asks === TIRED_AFTER_ASKS) work.log("error", "refund.stuck", { refund: id });
      const pace = refund.status === "requested" ? "unknown" : "refund";
      const askAt = now + askDelay(pace, asks);
      refunds.put({ ...record, asks: asks + 1, askAt }, [], now, null);
    });
  }

  /** What a merchant is told: the refund, or the channel's no. 202 while nobody knows. */
  #answer(id: string, isRepeat: boolean): Answer {
    const [record, found] = [this.#parts.book.read(), this.#find(id)];
    if (!isOrdered(record) || found === undefined) return refuse(goneAway);
    const { status, lastError } = found.refund;
    if (status === "failed" && lastError !== null) {
      const details = { ...lastError.details, refund: id, payment_intent: record.terms.id };
      return { kind: "failure", failure: { ...lastError, details }, replayed: isRepeat };
    }
    return {
      kind: "object",
      status: status === "requested" ? 202 : 201,
      body: JSON.stringify(toRefundView(record, found)),
      replayed: false,
    };
  }
}
