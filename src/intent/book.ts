/**
 * The payment's book: every change of its state goes through here, in one synchronous transaction
 * that loads, decides, writes the row, the change and the alarm together.
 */
import { orderNumberOf } from "../ids.ts";
import type { OrderCall } from "../messages.ts";
import { decide } from "../payments/decide.ts";
import type { Command, Disbelief } from "../payments/payment.ts";
import { publishDelay, RECOVER_AFTER_MS } from "../payments/schedule.ts";
import { isTerminal } from "../payments/states.ts";
import { ok, type Result } from "../result.ts";
import { asking, isAnswered, owesLateRefund } from "./due.ts";
import type { Entries } from "./entries.ts";
import { isReversedBy, isTakenUp, leftBehind, paymentOf } from "./left-orders.ts";
import type { ChannelOrder, IntentRecord, LeftOrder } from "./record.ts";
import type { RefundBook } from "./refund-book.ts";
import type { IntentStorage } from "./storage.ts";

export class IntentBook {
  readonly #store: IntentStorage;
  readonly #entries: Entries;
  readonly #refunds: RefundBook;

  constructor(store: IntentStorage, entries: Entries, refunds: RefundBook) {
    this.#store = store;
    this.#entries = entries;
    this.#refunds = refunds;
  }

  read(): IntentRecord | null {
    return this.#store.read();
  }

  /** Writes a reservation, unless there is a payment already (false). Call inside a transaction. */
  reserve(record: IntentRecord, requestId: string | null): boolean {
    if (this.#store.read() !== null) return false;
    const armed = this.#entries.armed(record, record.updatedAt);
    this.#store.insert(armed);
    this.#entries.append(armed, "payment_intent.created", armed.updatedAt, requestId);
    return true;
  }

  /**
   * True when something that a merchant can see changed.
   * @param requestId the request that brought it, for the event; null: an alarm did
   * @param about the number of the order that it is about; null: the payment as a whole. What a
   *   channel says of an order that the buyer has left changes nothing, unless it was paid.
   * @param call how long the channel took, when it was ordered just now
   */
  commit(
    command: Command,
    now: number,
    requestId: string | null,
    about: string | null = null,
    call: OrderCall | null = null,
  ): Result<boolean, Disbelief> {
    return this.#store.transaction(() => {
      const before = this.#store.read();
      if (before === null) return ok(false);
      if (about !== null && about !== before.order?.number) {
        const left = command.type === "reported" ? this.#left(about) : undefined;
        return left === undefined ? ok(false) : this.#takeUp(before, left, command, now, requestId);
      }
      return this.#decide(before, command, now, requestId, call);
    });
  }

  /** Call inside a transaction. */
  #decide(
    before: IntentRecord,
    command: Command,
    now: number,
    requestId: string | null,
    call: OrderCall | null = null,
  ): Result<boolean, Disbelief> {
    const decided = decide(before.payment, command, now);
    if (!decided.ok) return decided;
    const { payment, visible, event } = decided.value;
    if (payment === before.payment) return ok(false);
    const sequence = before.sequence + Number(visible);
    const isLeft = payment.order === "none" && before.order !== null;
    if (isLeft) {
      const left = leftBehind(before.order, before.payment, isReversedBy(command), null);
      this.#store.putLeftOrder(left);
    }
    const after = this.#entries.armed(
      {
        ...before,
        ...asking(before, payment, now),
        ...(payment.late && !before.payment.late && owesLateRefund({ ...before, payment })
          ? { afterworkAt: now + RECOVER_AFTER_MS }
          : {}),
        order: isLeft ? null : before.order,
        callMs: call?.ms ?? before.callMs,
        call: call ?? before.call,
        payment,
        sequence,
        updatedAt: visible ? now : before.updatedAt,
        publishAt: visible ? now + publishDelay(0) : before.publishAt,
        answeredWith: before.answeredWith ?? (isAnswered(payment) ? sequence : null),
      },
      now,
    );
    if (isLeft) this.#store.updateOrder(after);
    else this.#store.update(after);
    if (visible) this.#entries.append(after, event, now, requestId);
    if (payment.reversed && !before.payment.reversed) this.#refunds.adoptRest(now, requestId);
    return ok(visible);
  }

  #left(number: string): LeftOrder | undefined {
    return this.#store.leftOrders().find(({ order }) => order.number === number);
  }

  /**
   * The buyer has paid an order that was left (a bank's code cannot be taken back once it was seen):
   * it is the payment's order again, and the one that stood in its place has to be closed.
   */
  #takeUp(
    before: IntentRecord,
    left: LeftOrder,
    command: Command,
    now: number,
    requestId: string | null,
  ): Result<boolean, Disbelief> {
    if (!isTakenUp(left, before.payment, command)) return ok(false);
    const payment = paymentOf(before.payment, left);
    const decided = decide(payment, command, now);
    if (!decided.ok) return decided;
    const canBePaid = before.order !== null && !isTerminal(before.payment.status);
    if (before.order !== null) {
      const closeAt = canBePaid ? now : null;
      const { order, payment: was } = before;
      this.#store.putLeftOrder(leftBehind(order, was, was.reversed, closeAt));
    }
    this.#store.dropLeftOrder(left.order.number);
    const taken: IntentRecord = {
      ...before,
      order: left.order,
      payment,
      afterworkAt: canBePaid ? now + RECOVER_AFTER_MS : before.afterworkAt,
    };
    this.#store.updateOrder(taken);
    return this.#decide(taken, command, now, requestId);
  }

  /** All orders that anybody may report about: the present one and those that were left. */
  orderOf(number: string): ChannelOrder | null {
    const order = this.#store.read()?.order ?? null;
    if (order?.number === number) return order;
    return this.#left(number)?.order ?? null;
  }

  /** Whether this order was left, and paid and given back in one stroke by closing it. */
  isGivenBack(number: string): boolean {
    return this.#left(number)?.reversed === true;
  }

  flushJournal(): void {
    this.#store.flushJournal();
  }

  leftOrders(): LeftOrder[] {
    return this.#store.leftOrders();
  }

  putLeftOrder(left: LeftOrder): void {
    this.#store.putLeftOrder(left);
  }

  /**
   * Reserves what the buyer has chosen. False: the payment has ended meanwhile, or has another order.
   */
  choose(order: ChannelOrder, now: number, requestId: string | null): boolean {
    return this.#store.transaction(() => {
      const before = this.#store.read();
      if (before === null || before.order !== null) return false;
      if (order.number !== orderNumberOf(before.terms.id, before.orders + 1)) return false;
      const decided = decide(before.payment, { type: "chosen" }, now);
      if (!decided.ok || !decided.value.visible) return false;
      const { payment } = decided.value;
      const sequence = before.sequence + 1;
      const after = this.#entries.armed(
        {
          ...before,
          order,
          orders: before.orders + 1,
          payment,
          sequence,
          asks: 0,
          askAt: now + RECOVER_AFTER_MS,
          updatedAt: now,
          publishAt: now + publishDelay(0),
        },
        now,
      );
      this.#store.updateOrder(after);
      this.#entries.append(after, null, now, requestId);
      return true;
    });
  }

  /** Changes the book-keeping around the payment, and sets the alarm that it then needs. */
  note(change: (record: IntentRecord) => IntentRecord, now: number): void {
    this.#store.transaction(() => {
      const before = this.#store.read();
      if (before === null) return;
      const after = this.#entries.armed(change(before), now);
      if (after !== before) this.#store.update(after);
    });
  }
}
