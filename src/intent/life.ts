/**
 * The life of one payment: it reserves in one synchronous transaction, calls the channel, and
 * settles in another; whatever happens in between, the stored reservation says what to do next. Code
 * interleaves at every await: nothing is decided on what was read before one.
 */
import { rememberAccount } from "../channels/accounts.ts";
import type { PaymentReport, RefundReport } from "../channels/adapter.ts";
import { systemClock } from "../clock.ts";
import { type Failure, failure } from "../errors.ts";
import { createLogger, describeError } from "../log.ts";
import { analyticsMetrics } from "../metrics.ts";
import type { Owner } from "../owner.ts";
import { askDelay, TIRED_AFTER_ASKS } from "../payments/schedule.ts";
import { isTerminal } from "../payments/states.ts";
import { err, ok, type Result } from "../result.ts";
import type { ChannelAccountRow } from "../store/channel-accounts.ts";
import type { Trace } from "../trace.ts";
import { STILL_RUNNING, withinWait } from "../within-wait.ts";
import { type Answer, once, present, refuse, type RepeatKey } from "./answers.ts";
import { IntentBook } from "./book.ts";
import { toBuyerView } from "./buyer-view.ts";
import { Callbacks } from "./callbacks.ts";
import { ChannelDesk } from "./channel-desk.ts";
import { Choosing } from "./choosing.ts";
import { Creating } from "./creating.ts";
import { paceOf } from "./due.ts";
import { Entries } from "./entries.ts";
import { Exchanges } from "./exchanges.ts";
import { hasEnded, tooSlow } from "./failures.ts";
import { Outbox } from "./outbox.ts";
import { type Inquiry, wordOf } from "./inquiry.ts";
import { type IntentRecord, isOrdered } from "./record.ts";
import { RefundBook } from "./refund-book.ts";
import { toRefundView } from "./refund-record.ts";
import type { RefundTerms } from "./refund-reserve.ts";
import { IntentRefunds } from "./refunds.ts";
import type { Choice, CreateRequest } from "./reserve.ts";
import { IntentStorage } from "./storage.ts";
import { changeEntry, inOrder, journalEntry, type Timeline } from "./timeline.ts";
import { toView } from "./view.ts";
import type { Work } from "./work.ts";

/** After an alarm that threw: it must never be lost, and never hammer. */
const ALARM_RETRY_MS = 30_000;

/** More than a payment with all its refunds has. */
const MAX_CHANGES_SHOWN = 5_000;

/** What a life needs of the object around it. */
export interface Surroundings {
  readonly storage: DurableObjectStorage;
  readonly env: Env;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

const NO_PAYMENT = failure("PAYMENT_INTENT_NOT_FOUND", "No such payment intent.");
const NO_REFUND = failure("REFUND_NOT_FOUND", "No such refund.");

/** What alarms and the sweeper do. */
const BY_ITSELF: Trace = { requestId: null, traceparent: "" };

export class PaymentLife {
  readonly #env: Env;
  readonly #storage: DurableObjectStorage;
  readonly #waitUntil: Surroundings["waitUntil"];
  readonly #store: IntentStorage;
  readonly #entries: Entries;
  readonly #refundBook: RefundBook;
  readonly #book: IntentBook;
  readonly #outbox: Outbox;
  readonly #refunds: IntentRefunds;
  readonly #exchanges: Exchanges;
  readonly #creating: Creating;
  readonly #choosing: Choosing;
  readonly #callbacks: Callbacks;

  constructor({ storage, env, waitUntil }: Surroundings) {
    const store = new IntentStorage(storage);
    const entries = new Entries(store, (at) => void storage.setAlarm(at));
    const refundBook = new RefundBook(store, entries);
    const book = new IntentBook(store, entries, refundBook);
    const desk = new ChannelDesk(env, analyticsMetrics(env.METRICS), (entry) =>
      store.addToJournal(entry),
    );
    const outbox = new Outbox(env, store, book);
    const common = { env, store, book, desk, outbox, waitUntil };
    const refunds = new IntentRefunds({ ...common, refunds: refundBook });
    const exchanges = new Exchanges({ ...common, refunds });
    this.#env = env;
    this.#storage = storage;
    this.#waitUntil = waitUntil;
    this.#store = store;
    this.#entries = entries;
    this.#refundBook = refundBook;
    this.#book = book;
    this.#outbox = outbox;
    this.#refunds = refunds;
    this.#exchanges = exchanges;
    this.#creating = new Creating({ ...common, exchanges });
    this.#choosing = new Choosing({ book, desk, exchanges });
    this.#callbacks = new Callbacks({ ...common, exchanges, refunds });
  }

  /** Creates the payment, or answers as the first time. */
  create(request: CreateRequest, accounts: readonly ChannelAccountRow[]): Promise<Answer> {
    for (const account of accounts) rememberAccount(account);
    return this.#creating.create(request, this.#begin(request.trace));
  }

  /**
   * The answer to a repeat whose account can no longer be used: what was ordered through it still
   * has to be told. Null: there was no first request.
   */
  replay(fingerprint: string, trace: Trace): Promise<Answer | null> {
    return this.#creating.resume(fingerprint, false, this.#begin(trace));
  }

  /** The buyer of an aggregate payment picks a channel; the same choice again finds its order. */
  async choose(choice: Choice, trace: Trace): Promise<Answer> {
    const work = this.#begin(trace);
    const trouble = await this.#choosing.choose(choice, work);
    this.#store.flushJournal();
    this.#waitUntil(this.#outbox.publish(work.log));
    return trouble === null ? this.#current(200) : refuse(trouble);
  }

  /** What the buyer's page needs, as JSON; null when there is no such payment. */
  buyer(): string | null {
    const record = this.#book.read();
    return record === null ? null : JSON.stringify(toBuyerView(record));
  }

  /** Everything that happened, as JSON, for the payment's merchant only. */
  async timeline(owner: Owner): Promise<string | null> {
    const record = this.#book.read();
    if (record === null || !isOwner(record, owner)) return null;
    this.#store.flushJournal();
    const changes = this.#store.changesAfter(0, MAX_CHANGES_SHOWN);
    const journal = this.#store.journal();
    const refunds = isOrdered(record)
      ? this.#refundBook.all().map((refund) => toRefundView(record, refund))
      : [];
    const eventId = (sequence: number) => this.#outbox.eventId(record.terms.id, sequence);
    const shown = await Promise.all(changes.map((change) => changeEntry(change, eventId)));
    const entries = inOrder([...journal.map(journalEntry), ...shown]);
    return JSON.stringify({ payment: toView(record), refunds, entries } satisfies Timeline);
  }

  /** Gives the merchant's order number to `intentId`; answers who has it: the first to ask. */
  keepOrder(intentId: string): string {
    return this.#store.transaction(() => {
      const holder = this.#book.read()?.terms.id ?? this.#store.keptOrder();
      if (holder === null) this.#store.keepOrder(intentId);
      return holder ?? intentId;
    });
  }

  /** Whom {@link keepOrder} has given it to; null: nobody. */
  keptOrder(): string | null {
    return this.#book.read()?.terms.id ?? this.#store.keptOrder();
  }

  /** The public JSON, always current; null when there is no such payment. */
  get(): string | null {
    const record = this.#book.read();
    return record === null ? null : JSON.stringify(toView(record));
  }

  /** As {@link get}, for its merchant only: another's payment reads as absent. */
  getOwned(owner: Owner): string | null {
    const record = this.#book.read();
    if (record === null || !isOwner(record, owner)) return null;
    return JSON.stringify(toView(record));
  }

  /** Closes the payment at the channel and ends it, unless the buyer was faster. */
  async cancel(owner: Owner, repeat: RepeatKey | null, trace: Trace): Promise<Answer> {
    const work = this.#begin(trace);
    return this.#asOwner(owner, repeat, async (record) => {
      if (record.payment.status === "cancelled") return this.#current(200);
      if (isTerminal(record.payment.status)) return refuse(hasEnded(record));
      this.#book.commit({ type: "close", reason: "cancel" }, systemClock.now(), work.requestId);
      // A channel that takes longer is told on: the answer is then what is known by now.
      await withinWait(this.#exchanges.close(work));
      const after = this.#book.read() ?? record;
      if (after.payment.status === "cancelled") return this.#current(200);
      // Still open: the channel has not confirmed. The alarm goes on closing it.
      return isTerminal(after.payment.status) ? refuse(hasEnded(after)) : this.#current(202);
    });
  }

  /** Asks the channel now. Also heals a payment whose callback was lost. */
  async sync(owner: Owner, repeat: RepeatKey | null, trace: Trace): Promise<Answer> {
    const work = this.#begin(trace);
    return this.#asOwner(owner, repeat, async () => {
      const trouble = await withinWait(this.#exchanges.ask(work));
      this.#store.flushJournal();
      if (trouble === STILL_RUNNING) return refuse(tooSlow);
      return trouble === null ? this.#current(200) : refuse(trouble);
    });
  }

  /**
   * Asks the channel now, for people who want to know its word: about the payment, or about one of
   * its refunds.
   */
  async inquire(
    owner: Owner,
    refund: string | null,
    trace: Trace,
  ): Promise<Result<Inquiry, Failure>> {
    const record = this.#book.read();
    if (record === null || !isOwner(record, owner)) return err(NO_PAYMENT);
    const work = this.#begin(trace);
    const asking =
      refund === null ? this.#exchanges.inquire(work) : this.#refunds.inquire(refund, work);
    const answer = await withinWait<Result<PaymentReport | RefundReport | null, Failure> | null>(
      asking,
    );
    this.#store.flushJournal();
    if (answer === STILL_RUNNING) return err(tooSlow);
    if (answer === null) return err(NO_REFUND);
    if (!answer.ok) return answer;
    const view = refund === null ? this.get() : this.#refunds.get(refund);
    return ok({ word: answer.value === null ? null : wordOf(answer.value), view: view ?? "" });
  }

  /** Gives money back: reserves the share, asks the channel, and answers with what it said. */
  async refund(owner: Owner, terms: RefundTerms, trace: Trace): Promise<Answer> {
    return this.#asOwner(owner, null, () => this.#refunds.request(terms, this.#begin(trace)));
  }

  /** A refund's public JSON, always current, for its merchant only. */
  getRefund(owner: Owner, id: string): string | null {
    const record = this.#book.read();
    return record === null || !isOwner(record, owner) ? null : this.#refunds.get(id);
  }

  /** News of the payment from a verified callback ({@link Callbacks}). */
  report(
    accountId: string,
    report: PaymentReport,
    trace: Trace,
  ): Promise<Result<"changed" | "known" | "exception", string>> {
    return this.#callbacks.hear(accountId, report, this.#begin(trace));
  }

  /** As {@link report}, about a refund. */
  async reportRefund(
    accountId: string,
    report: RefundReport,
    trace: Trace,
  ): Promise<Result<"changed" | "known", string>> {
    if (this.#book.read()?.order?.accountId !== accountId) return err("unknown refund");
    return this.#refunds.report(report, this.#begin(trace));
  }

  /** For the sweeper: does what an alarm would do, in case the alarm was dropped. */
  async wake(): Promise<void> {
    await this.#work(this.#begin(BY_ITSELF));
  }

  /** Publishes the whole payment again: D1 is a copy that can be rebuilt. False: not all of it. */
  async republish(): Promise<boolean> {
    // One that runs would put back what is reset here.
    await this.#outbox.publish(this.#begin(BY_ITSELF).log);
    this.#book.note((record) => ({ ...record, published: 0 }), systemClock.now());
    await this.#outbox.publish(this.#begin(BY_ITSELF).log);
    const record = this.#book.read();
    return record !== null && record.published === record.sequence;
  }

  async alarm(): Promise<void> {
    const work = this.#begin(BY_ITSELF);
    this.#entries.alarmFired();
    try {
      await this.#work(work);
    } catch (error) {
      // A throw would be retried six times, and then the alarm would be gone for good.
      work.log("error", "alarm.failed", { error: describeError(error) });
      await this.#storage.setAlarm(systemClock.now() + ALARM_RETRY_MS);
    }
  }

  /** What is due: ask, close, expire, publish; then the alarm for what comes next. */
  async #work(work: Work): Promise<void> {
    const now = systemClock.now();
    const record = this.#book.read();
    if (record === null) return;
    const overdue = now >= record.payment.expiresAt;
    const due = now >= record.askAt || (overdue && record.payment.closing === null);
    if (!isTerminal(record.payment.status) && due) {
      await this.#workOnPayment(now, overdue, work);
    }
    const { afterworkAt } = this.#book.read() ?? record;
    if (afterworkAt !== null && now >= afterworkAt) {
      await this.#exchanges.closeLeft(work);
      await this.#refunds.work(now, work);
    }
    await this.#outbox.publish(work.log);
    this.#store.flushJournal();
    this.#book.note((after) => after, systemClock.now());
  }

  async #workOnPayment(now: number, overdue: boolean, work: Work): Promise<void> {
    if (overdue) this.#book.commit({ type: "close", reason: "expire" }, now, null);
    this.#book.note((before) => {
      const { asks, terms } = before;
      if (asks === TIRED_AFTER_ASKS) work.log("error", "payment.stuck", { intent: terms.id });
      const closing = before.payment.closing !== null || overdue;
      const pace = closing ? "unknown" : paceOf(before);
      return { ...before, asks: asks + 1, askAt: now + askDelay(pace, asks) };
    }, now);
    if ((await this.#creating.claimOrder()) !== null) return;
    const closing = this.#book.read()?.payment.closing ?? null;
    if (closing === null) {
      this.#creating.offer(work);
      await this.#exchanges.ask(work);
    } else await this.#exchanges.close(work);
  }

  /** Runs an operation on the merchant's own payment, once per Idempotency-Key. */
  async #asOwner(
    owner: Owner,
    repeat: RepeatKey | null,
    run: (record: IntentRecord) => Promise<Answer>,
  ): Promise<Answer> {
    const record = this.#book.read();
    if (record === null || !isOwner(record, owner)) {
      return refuse(NO_PAYMENT);
    }
    return repeat === null ? run(record) : once(this.#store, repeat, () => run(record));
  }

  #current(status: number): Answer {
    return present(this.#book.read(), status);
  }

  #begin({ requestId, traceparent }: Trace): Work {
    const common = { request_id: requestId, trace: traceparent === "" ? undefined : traceparent };
    return { requestId, log: createLogger(this.#env.LOG_LEVEL, common) };
  }
}

const isOwner = ({ terms }: IntentRecord, { merchantId, livemode }: Owner): boolean =>
  terms.merchantId === merchantId && terms.livemode === livemode;
