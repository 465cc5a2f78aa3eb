/**
 * The buyer of an aggregate payment picks a channel. One payment can only be paid once: an order at
 * another channel is closed there first, and while that is not certain the present order stays.
 */
import { systemClock } from "../clock.ts";
import { type Failure, failure } from "../errors.ts";
import { MAX_ORDERS } from "../ids.ts";
import { isTerminal } from "../payments/states.ts";
import { STILL_RUNNING, withinWait } from "../within-wait.ts";
import type { IntentBook } from "./book.ts";
import type { ChannelDesk } from "./channel-desk.ts";
import type { Exchanges } from "./exchanges.ts";
import { isUnsettled } from "./due.ts";
import { goneAway, hasEnded, tooSlow } from "./failures.ts";
import { type IntentRecord, isOrdered, type OrderedRecord, type PaymentOption } from "./record.ts";
import { buyersOrder, type Choice } from "./reserve.ts";
import type { Work } from "./work.ts";

export type { Choice } from "./reserve.ts";

interface Parts {
  readonly book: IntentBook;
  readonly desk: ChannelDesk;
  readonly exchanges: Exchanges;
}

const noChoice = (options: readonly PaymentOption[]): Failure =>
  failure("METHOD_UNSUPPORTED", "This payment cannot be made that way.", {
    supported: options.map(({ channel }) => channel),
  });

const notTaken: Failure = failure(
  "CHANNEL_NOT_CONFIGURED",
  "The shop does not take payments this way at the moment.",
);

const beingClosed: Failure = failure("INVALID_STATE", "The payment is being closed.");

const tooOften: Failure = failure(
  "RATE_LIMITED",
  "The way of paying was changed too often; pay the way that is chosen now.",
);

export class Choosing {
  readonly #parts: Parts;
  /** One choice after the other: two at once would leave two orders open. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The failure says why the choice was not taken; null: its order stands, or its end is known. */
  async choose(choice: Choice, work: Work): Promise<Failure | null> {
    const turn = this.#last.then(() => this.#chooseOnce(choice, work));
    this.#last = turn.catch(() => undefined);
    const end = await withinWait(turn);
    return end === STILL_RUNNING ? tooSlow : end;
  }

  async #chooseOnce(choice: Choice, work: Work): Promise<Failure | null> {
    const { book, desk, exchanges } = this.#parts;
    const before = book.read();
    if (before === null) return goneAway;
    const option = before.terms.options.find(({ channel }) => channel === choice.channel);
    const refused = refusalOf(before, option);
    if (refused !== null || option === undefined) return refused ?? noChoice(before.terms.options);
    if (isOrdered(before) && isSame(before, choice, systemClock.now())) {
      // The same again: what was lost of its answer is asked for.
      if (isUnsettled(before)) await exchanges.ask(work);
      return null;
    }
    if (!(await desk.takesOrders(before.terms, option))) return notTaken;
    // Prepared before anything is closed: a choice that cannot be taken must not cost the present one.
    const connection = await desk.connect(before.terms, option, work.log);
    const made = buyersOrder(before, option, choice, connection, systemClock.now());
    if (!made.ok) return made.error;
    const trouble = await exchanges.leave(work);
    if (trouble !== null) return trouble;
    if (!book.choose(made.value, systemClock.now(), work.requestId)) {
      const after = book.read();
      if (after === null) return goneAway;
      // Paid or cancelled while it was being closed: the page shows that.
      return isTerminal(after.payment.status) ? null : beingClosed;
    }
    await exchanges.charge(work, true);
    return null;
  }
}

function refusalOf(record: IntentRecord, option: PaymentOption | undefined): Failure | null {
  const { terms, payment, orders } = record;
  if (isTerminal(payment.status)) return hasEnded(record);
  if (payment.closing !== null) return beingClosed;
  if (!payment.isAggregate || option === undefined) return noChoice(terms.options);
  return orders >= MAX_ORDERS ? tooOften : null;
}

/** A code that has run out at its channel is no answer: a new order is made there. */
const isSame = (
  { order, payment: { actionExpiresAt } }: OrderedRecord,
  { channel, method }: Choice,
  now: number,
): boolean =>
  order.channel === channel &&
  order.method === method &&
  (actionExpiresAt === null || now < actionExpiresAt);
