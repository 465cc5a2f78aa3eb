/**
 * The life of one payment: it reserves in one synchronous transaction, calls the channel, and
 * settles in another; whatever happens in between, the stored reservation says what to do next. Code
 * interleaves at every await: nothing is decided on what was read before one.
 */
import type { PaymentReport, RefundReport } from "../channels/adapter.ts";
import { rememberAccount } from "../channels/accounts.ts";
import { systemClock } from "../clock.ts";
import { type Failure, failure } from "../errors.ts";
import { createLogger, describeError } from "../log.ts";
import { analyticsMetrics } from "../metrics.ts";
import { askDelay, TIRED_AFTER_ASKS } from "../payments/schedule.ts";
import { isTerminal } from "../payments/states.ts";
import { err, ok, type Result } from "../result.ts";
import type { ChannelAccountRow } from "../store/channel-accounts.ts";
import { type Answer, once, refuse, type RepeatKey } from "./answers.ts";
import { IntentBook, isUntold, paceOf } from "./book.ts";
import { toBuyerView } from "./buyer-view.ts";
import { ChannelDesk } from "./channel-desk.ts";
import { Choosing } from "./choosing.ts";
import { Exchanges } from "./exchanges.ts";
import { duplicateOrder, goneAway, notCancellable, tooSlow } from "./failures.ts";
import type { CallbackEntry } from "./journal.ts";
import { Outbox } from "./outbox.ts";
import { type IntentRecord, isOrdered } from "./record.ts";
import { toRefundView } from "./refund-record.ts";
import type { RefundTerms } from "./refund-reserve.ts";
import { IntentRefunds } from "./refunds.ts";
import { type Choice, type CreateRequest, reservation } from "./reserve.ts";
import { IntentStorage } from "./storage.ts";
import { changeEntry, inOrder, journalEntry, type Timeline } from "./timeline.ts";
import type { Trace } from "../trace.ts";
import { type PaymentIntentView, toView } from "./view.ts";
import type { Work } from "./work.ts";
import { STILL_RUNNING, withinWait } from "../within-wait.ts";

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

/** Whose payment it must be for a request to see or move it. */
export interface Owner {
  readonly merchantId: string;
  readonly livemode: boolean;
}

/** What alarms and the sweeper do. */
const BY_ITSELF: Trace = { requestId: null, traceparent: "" };

export class PaymentLife {
  readonly #env: Env;
  readonly #storage: DurableObjectStorage;
  readonly #waitUntil: Surroundings["waitUntil"];
  readonly #store: IntentStorage;
  readonly #book: IntentBook;
  readonly #desk: ChannelDesk;
  readonly #outbox: Outbox;
  readonly #refunds: IntentRefunds;
  readonly #exchanges: Exchanges;
  readonly #choosing: Choosing;

  constructor({ storage, env, waitUntil }: Surroundings) {
    this.#env = env;
    this.#storage = storage;
    this.#waitUntil = waitUntil;
    this.#store = new IntentStorage(storage);
    this.#book = new IntentBook(this.#store, (at) => void storage.setAlarm(at));
    this.#desk = new ChannelDesk(env, analyticsMetrics(env.METRICS), (entry) =>
      this.#store.addToJournal(entry),
    );
    this.#outbox = new Outbox(env, this.#store, this.#book);
    const [store, book, desk, outbox] = [this.#store, this.#book, this.#desk, this.#outbox];
    const refunds = new IntentRefunds({ env, store, book, desk, outbox, waitUntil });
    this.#refunds = refunds;
    const exchanges = new Exchanges({ env, book, desk, outbox, refunds, waitUntil });
    this.#exchanges = exchanges;
    this.#choosing = new Choosing({ book, desk, exchanges });
  }

  /**
   * Creates the payment, or answers as the first time. A repeat while the first runs joins it; a
   * repeat after an unknown outcome resumes it with the same bytes, never with a second order.
   */
  async create(request: CreateRequest, accounts: readonly ChannelAccountRow[]): Promise<Answer> {
    for (const account of accounts) rememberAccount(account);
    const work = this.#begin(request.trace);
    const isFirst = this.#book.read() === null;
    const reserved = isFirst ? await this.#reserve(request, work) : ok(false);
    if (!reserved.ok) return refuse(reserved.error);
    return (await this.#resume(request.fingerprint, reserved.value, work)) ?? refuse(goneAway);
  }

  /**
   * The answer to a repeat whose account can no longer be used: what was ordered through it still
   * has to be told. Null: there was no first request.
   */
  async replay(fingerprint: string, trace: Trace): Promise<Answer | null> {
    return this.#resume(fingerprint, false, this.#begin(trace));
  }

  async #resume(fingerprint: string, reserved: boolean, work: Work): Promise<Answer | null> {
    const record = this.#book.read();
    if (record === null) return null;
    if (record.fingerprint !== fingerprint) {
      return refuse(
        failure(
          "IDEMPOTENCY_MISMATCH",
          "This Idempotency-Key (or merchant_order_id) was used with another body; use a new one.",
        ),
      );
    }
    if (record.answeredWith !== null) return this.#createAnswer(true);
    const lost = await this.#claimOrder();
    if (lost !== null) return refuse(lost);
    // What an earlier call has left behind is asked for first: a refusal of the repeat would say
    // nothing about it.
    if (record.payment.isAggregate) {
      this.#offer(work);
      return this.#createAnswer(!reserved);
    }
    const settling: Promise<unknown> =
      record.payment.order === "unknown"
        ? this.#exchanges.ask(work)
        : this.#exchanges.charge(work, reserved);
    if ((await withinWait(settling)) !== STILL_RUNNING) return this.#createAnswer(!reserved);
    // The first request itself is told what there is: without it the merchant would know no id.
    if (reserved) return this.#current(201);
    return refuse(
      failure(
        "IDEMPOTENCY_IN_FLIGHT",
        "The first request with this key still runs; repeat it later.",
      ),
    );
  }

  /** Shows the buyer where to choose: nothing has to be asked of anybody. */
  #offer(work: Work): void {
    const record = this.#book.read();
    if (record?.payment.status !== "pending" || record.payment.order !== "none") return;
    this.#book.commit({ type: "offered" }, systemClock.now(), work.requestId);
    this.#waitUntil(this.#outbox.publish(work.log));
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
      ? this.#book.refunds().map((refund) => toRefundView(record, refund))
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
      if (isTerminal(record.payment.status)) return refuse(notCancellable(record));
      this.#book.commit({ type: "close", reason: "cancel" }, systemClock.now(), work.requestId);
      // A channel that takes longer is told on: the answer is then what is known by now.
      await withinWait(this.#exchanges.close(work));
      const after = this.#book.read() ?? record;
      if (after.payment.status === "cancelled") return this.#current(200);
      // Still open: the channel has not confirmed. The alarm goes on closing it.
      return isTerminal(after.payment.status) ? refuse(notCancellable(after)) : this.#current(202);
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

  /** Gives money back: reserves the share, asks the channel, and answers with what it said. */
  async refund(owner: Owner, terms: RefundTerms, trace: Trace): Promise<Answer> {
    return this.#asOwner(owner, null, () => this.#refunds.request(terms, this.#begin(trace)));
  }

  /** A refund's public JSON, always current, for its merchant only. */
  getRefund(owner: Owner, id: string): string | null {
    const record = this.#book.read();
    return record === null || !isOwner(record, owner) ? null : this.#refunds.get(id);
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

  /**
   * News from a verified callback. Idempotent and free of order. An error means: not believed,
   * nothing changed, do not acknowledge. `exception`: money of another amount than was ordered; it
   * changed nothing either and was written down for people.
   */
  async report(
    accountId: string,
    report: PaymentReport,
    trace: Trace,
  ): Promise<Result<"changed" | "known" | "exception", string>> {
    const work = this.#begin(trace);
    const order = this.#book.orderOf(report.paymentId);
    // A valid callback for another account's order is still a forgery here (cross-account replay).
    if (order === null || order.accountId !== accountId) return err("unknown order");
    const note = (outcome: CallbackEntry["outcome"], detail: string) =>
      this.#store.addToJournal({
        type: "callback",
        at: systemClock.now(),
        channel: order.channel,
        outcome,
        status: report.channelStatus,
        detail,
        request_id: work.requestId,
      });
    // Written down before the commit, whose row it shares; what it turns out to be is known by then.
    const isNews = this.#exchanges.isNews(report);
    note(isNews ? "changed" : "known", report.channelTransactionId ?? "");
    const outcome = this.#exchanges.believe(report, work);
    if (outcome.ok && !outcome.value && (await this.#exchanges.raise(report, work))) {
      // Paid a second time: acknowledged, because it is true, and written down.
      note("exception", "paid a second time");
      this.#store.flushJournal();
      return ok("known");
    }
    if (!outcome.ok) {
      // Before the answer: the channel may never tell us again.
      const raised = await this.#exchanges.raise(report, work);
      note(raised ? "exception" : "refused", outcome.error.message);
      this.#store.flushJournal();
      return raised ? ok("exception") : err(outcome.error.message);
    }
    this.#store.flushJournal();
    this.#waitUntil(this.#outbox.publish(work.log));
    this.#waitUntil(this.#refunds.giveBackLate(work));
    this.#waitUntil(this.#exchanges.closeLeft(work));
    return ok(outcome.value ? "changed" : "known");
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
    this.#book.alarmFired();
    try {
      await this.#work(work);
    } catch (error) {
      // A throw would be retried six times, and then the alarm would be gone for good.
      work.log("error", "alarm.failed", { error: describeError(error) });
      await this.#storage.setAlarm(systemClock.now() + ALARM_RETRY_MS);
    }
  }

  /** True when this call made the reservation; false when another one was faster. */
  async #reserve(request: CreateRequest, work: Work): Promise<Result<boolean, Failure>> {
    const [option] = request.terms.options;
    if (option === undefined) throw new Error("a payment has a channel account");
    const connection =
      request.method === null ? null : await this.#desk.connect(request.terms, option, work.log);
    const prepared = reservation(request, connection, systemClock.now());
    if (!prepared.ok) return prepared;
    return this.#store.transaction(() => {
      const kept = this.#store.keptOrder();
      return kept === null
        ? ok(this.#book.reserve(prepared.value, work.requestId))
        : err(duplicateOrder(kept));
    });
  }

  /**
   * Registers the merchant's order number in the object that keeps it. Lost: another payment has
   * it, and the reservation, which nobody outside has seen, is taken back.
   */
  async #claimOrder(): Promise<Failure | null> {
    const record = this.#book.read();
    if (record === null) return goneAway;
    const { orderKeeper: keeper, terms, payment, fingerprint } = record;
    if (keeper === null || !isUntold(payment)) return null;
    // No location hint: first touched from here, it comes to life beside this object.
    const holder = await this.#env.INTENTS.getByName(keeper).keepOrder(terms.id);
    if (holder === terms.id) return null;
    this.#store.transaction(() => {
      const now = this.#book.read();
      // Only the reservation that lost: the freed key may have been used again meanwhile.
      const same = now?.terms.createdAt === terms.createdAt && now.fingerprint === fingerprint;
      if (same && isUntold(now.payment)) this.#store.discard();
    });
    return duplicateOrder(holder);
  }

  /** The first decisive answer, from the snapshot of its commit; until there is one, the present. */
  #createAnswer(replayed: boolean): Answer {
    const record = this.#book.read();
    if (record === null) return refuse(goneAway);
    if (record.answeredWith === null) return this.#current(201);
    const body = this.#store.snapshot(record.answeredWith);
    const { id, status, last_error: refusal } = JSON.parse(body) as PaymentIntentView;
    if (status !== "failed" || refusal === null) {
      return { kind: "object", status: 201, body, replayed };
    }
    const details = { ...refusal.details, payment_intent: id };
    return { kind: "failure", failure: { ...refusal, details }, replayed };
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
    if ((await this.#claimOrder()) !== null) return;
    const closing = this.#book.read()?.payment.closing ?? null;
    if (closing === null) {
      this.#offer(work);
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
      return refuse(failure("PAYMENT_INTENT_NOT_FOUND", "No such payment intent."));
    }
    return repeat === null ? run(record) : once(this.#store, repeat, () => run(record));
  }

  #current(status: number): Answer {
    const record = this.#book.read();
    if (record === null) return refuse(goneAway);
    return { kind: "object", status, body: JSON.stringify(toView(record)), replayed: false };
  }

  #begin({ requestId, traceparent }: Trace): Work {
    const common = { request_id: requestId, trace: traceparent === "" ? undefined : traceparent };
    return { requestId, log: createLogger(this.#env.LOG_LEVEL, common) };
  }
}

const isOwner = ({ terms }: IntentRecord, { merchantId, livemode }: Owner): boolean =>
  terms.merchantId === merchantId && terms.livemode === livemode;
