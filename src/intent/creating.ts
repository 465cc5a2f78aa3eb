/**
 * How a payment begins: reserved here, told to the channel (or to the buyer, who chooses one), and
 * answered with the first decisive outcome, however often the request comes.
 */
import { systemClock } from "../clock.ts";
import { type Failure, failure } from "../errors.ts";
import { err, ok, type Result } from "../result.ts";
import { STILL_RUNNING, withinWait } from "../within-wait.ts";
import { type Answer, present, refuse } from "./answers.ts";
import type { IntentBook } from "./book.ts";
import type { ChannelDesk } from "./channel-desk.ts";
import { isUntold } from "./due.ts";
import type { Exchanges } from "./exchanges.ts";
import { duplicateOrder, goneAway } from "./failures.ts";
import type { Outbox } from "./outbox.ts";
import { type CreateRequest, reservation } from "./reserve.ts";
import type { IntentStorage } from "./storage.ts";
import type { PaymentIntentView } from "./view.ts";
import type { Work } from "./work.ts";

interface Parts {
  readonly env: Pick<Env, "INTENTS">;
  readonly store: IntentStorage;
  readonly book: IntentBook;
  readonly desk: ChannelDesk;
  readonly outbox: Outbox;
  readonly exchanges: Exchanges;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

export class Creating {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Creates the payment, or answers as the first time. A repeat while the first runs joins it; a
   * repeat after an unknown outcome resumes it with the same bytes, never with a second order.
   */
  async create(request: CreateRequest, work: Work): Promise<Answer> {
    const isFirst = this.#parts.book.read() === null;
    const reserved = isFirst ? await this.#reserve(request, work) : ok(false);
    if (!reserved.ok) return refuse(reserved.error);
    return (await this.resume(request.fingerprint, reserved.value, work)) ?? refuse(goneAway);
  }

  /**
   * Goes on where the first request stopped. Null: there was none.
   * @param reserved this request made the reservation
   */
  async resume(fingerprint: string, reserved: boolean, work: Work): Promise<Answer | null> {
    const record = this.#parts.book.read();
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
    const lost = await this.claimOrder();
    if (lost !== null) return refuse(lost);
    if (record.payment.isAggregate) {
      this.offer(work);
      return this.#createAnswer(!reserved);
    }
    // What an earlier call has left behind is asked for first: a refusal of the repeat would say
    // nothing about it.
    const settling: Promise<unknown> =
      record.payment.order === "unknown"
        ? this.#parts.exchanges.ask(work)
        : this.#parts.exchanges.charge(work, reserved);
    if ((await withinWait(settling)) !== STILL_RUNNING) return this.#createAnswer(!reserved);
    // The first request itself is told what there is: without it the merchant would know no id.
    if (reserved) return present(this.#parts.book.read(), 201);
    return refuse(
      failure(
        "IDEMPOTENCY_IN_FLIGHT",
        "The first request with this key still runs; repeat it later.",
      ),
    );
  }

  /** Shows the buyer where to choose: nothing has to be asked of anybody. */
  offer(work: Work): void {
    const record = this.#parts.book.read();
    if (record?.payment.status !== "pending" || record.payment.order !== "none") return;
    this.#parts.book.commit({ type: "offered" }, systemClock.now(), work.requestId);
    this.#parts.waitUntil(this.#parts.outbox.publish(work.log));
  }

  /** True when this call made the reservation; false when another one was faster. */
  async #reserve(request: CreateRequest, work: Work): Promise<Result<boolean, Failure>> {
    const [option] = request.terms.options;
    if (option === undefined) throw new Error("a payment has a channel account");
    const connection =
      request.method === null
        ? null
        : await this.#parts.desk.connect(request.terms, option, work.log);
    const prepared = reservation(request, connection, systemClock.now());
    if (!prepared.ok) return prepared;
    return this.#parts.store.transaction(() => {
      const kept = this.#parts.store.keptOrder();
      return kept === null
        ? ok(this.#parts.book.reserve(prepared.value, work.requestId))
        : err(duplicateOrder(kept));
    });
  }

  /**
   * Registers the merchant's order number in the object that keeps it. Lost: another payment has
   * it, and the reservation, which nobody outside has seen, is taken back.
   */
  async claimOrder(): Promise<Failure | null> {
    const record = this.#parts.book.read();
    if (record === null) return goneAway;
    const { orderKeeper: keeper, terms, payment, fingerprint } = record;
    if (keeper === null || !isUntold(payment)) return null;
    // No location hint: first touched from here, it comes to life beside this object.
    const holder = await this.#parts.env.INTENTS.getByName(keeper).keepOrder(terms.id);
    if (holder === terms.id) return null;
    this.#parts.store.transaction(() => {
      const now = this.#parts.book.read();
      // Only the reservation that lost: the freed key may have been used again meanwhile.
      const same = now?.terms.createdAt === terms.createdAt && now.fingerprint === fingerprint;
      if (same && isUntold(now.payment)) this.#parts.store.discard();
    });
    return duplicateOrder(holder);
  }

  /** The first decisive answer, from the snapshot of its commit; until there is one, the present. */
  #createAnswer(replayed: boolean): Answer {
    const record = this.#parts.book.read();
    if (record === null) return refuse(goneAway);
    if (record.answeredWith === null) return present(record, 201);
    const body = this.#parts.store.snapshot(record.answeredWith);
    const { id, status, last_error: refusal } = JSON.parse(body) as PaymentIntentView;
    if (status !== "failed" || refusal === null) {
      return { kind: "object", status: 201, body, replayed };
    }
    const details = { ...refusal.details, payment_intent: id };
    return { kind: "failure", failure: { ...refusal, details }, replayed };
  }
}
