/**
 * The payment's book: every change of its state goes through here, in one synchronous transaction
 * that loads, decides, writes the row, the change and the alarm together.
 */
import { decide } from "../payments/decide.ts";
import type { Command, Disbelief, Payment } from "../payments/payment.ts";
import {
  isOpen,
  refundable,
  type RefundDecision,
  type RefundDisbelief,
  type RefundEventType,
  type Refund,
  shares,
  unclaimed,
} from "../payments/refund.ts";
import {
  askDelay,
  nextWake,
  type Pace,
  publishDelay,
  RECOVER_AFTER_MS,
} from "../payments/schedule.ts";
import { isTerminal } from "../payments/states.ts";
import { MAX_REFUNDS, orderNumberOf } from "../ids.ts";
import type { OrderCall } from "../messages.ts";
import { ok, type Result } from "../result.ts";
import { feeOf, feeReturned } from "../settlement/pricing.ts";
import {
  type ChannelOrder,
  type IntentRecord,
  isOrdered,
  type LeftOrder,
  type OrderedRecord,
} from "./record.ts";
import { type RefundRecord, toRefundView } from "./refund-record.ts";
import { newRefund } from "./refund-reserve.ts";
import type { IntentStorage } from "./storage.ts";
import { toView } from "./view.ts";

/** The channel has not said for certain what became of the order. */
export const isUnsettled = ({ payment }: IntentRecord): boolean =>
  !isTerminal(payment.status) && (payment.order === "unsent" || payment.order === "unknown");

/** How often the payment is asked about. */
export function paceOf(record: IntentRecord): Pace {
  if (record.order?.method === "barcode") return "scanned";
  return isUnsettled(record) ? "unknown" : "open";
}

/** Money that came too late, and that the account's policy gives back. */
export const owesLateRefund = ({ order, payment }: IntentRecord): boolean =>
  order?.latePayment === "refund" && payment.late && refundable(payment) > 0;

/** Nobody outside knows of the payment yet: it may be taken back. */
export const isUntold = ({ order, status }: Payment): boolean =>
  order === "unsent" || (order === "none" && status === "pending");

/** Something is not out yet that may go out. */
export const hasToPublish = ({ payment, published, sequence }: IntentRecord): boolean =>
  published < sequence && (!isUntold(payment) || isTerminal(payment.status));

export class IntentBook {
  readonly #store: IntentStorage;
  readonly #setAlarm: (at: number) => void;
  /** The stored alarm has fired; until the next is set, there is none. */
  #alarmFired = false;

  constructor(store: IntentStorage, setAlarm: (at: number) => void) {
    this.#store = store;
    this.#setAlarm = setAlarm;
  }

  read(): IntentRecord | null {
    return this.#store.read();
  }

  /** Writes a reservation, unless there is a payment already (false). Call inside a transaction. */
  reserve(record: IntentRecord, requestId: string | null): boolean {
    if (this.#store.read() !== null) return false;
    const armed = this.#armed(record, record.updatedAt);
    this.#store.insert(armed);
    this.#append(armed, "payment_intent.created", armed.updatedAt, requestId);
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
    if (isLeft) this.#leave(before.order, before.payment, isReversedBy(command), null);
    const after = this.#armed(
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
    if (visible) this.#append(after, event, now, requestId);
    if (payment.reversed && !before.payment.reversed) this.#adoptRest(now, requestId);
    return ok(visible);
  }

  /** Keeps an order that the buyer has left: news of it may still come. */
  #leave(
    order: ChannelOrder,
    { channelTransactionId }: Payment,
    reversed: boolean,
    closeAt: number | null,
  ): void {
    this.#store.putLeftOrder({ order, channelTransactionId, reversed, closeAt, asks: 0 });
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
    if (command.type !== "reported" || command.report.state !== "paid" || left.reversed) {
      return ok(false);
    }
    if (before.payment.status === "succeeded") return ok(false);
    const payment: Payment = {
      ...before.payment,
      order: "open",
      action: null,
      actionExpiresAt: null,
      channelTransactionId: left.channelTransactionId,
      // That another order of the payment was given back says nothing about the money of this one.
      reversed: false,
    };
    const decided = decide(payment, command, now);
    if (!decided.ok) return decided;
    const canBePaid = before.order !== null && !isTerminal(before.payment.status);
    if (before.order !== null) {
      this.#leave(before.order, before.payment, before.payment.reversed, canBePaid ? now : null);
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
      const after = this.#armed(
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
      this.#append(after, null, now, requestId);
      return true;
    });
  }

  refunds(): RefundRecord[] {
    return this.#store.refunds();
  }

  /**
   * Writes a refund, the payment's sums and the events in one go. Call inside a transaction.
   * @param events what a merchant sees of it, each a step of the sequence; none: nothing
   */
  putRefund(
    refund: RefundRecord,
    events: readonly RefundEventType[],
    now: number,
    requestId: string | null,
  ): RefundRecord {
    const before = this.#store.read();
    if (before === null) throw new Error("a refund has a payment");
    if (!isOrdered(before)) throw new Error("a refund has an order");
    const sequence = before.sequence + events.length;
    const visible = events.length > 0;
    const priced = withFee(before, refund);
    const written = visible ? { ...priced, sequence, updatedAt: now } : priced;
    this.#store.putRefund(written);
    const refunds = this.#store.refunds();
    const payment = { ...before.payment, ...shares(refunds.map((each) => each.refund)) };
    const after = this.#armed(
      {
        ...before,
        payment,
        afterworkAt: earliest(
          earliest(nextRefundAsk(refunds), nextClosing(this.#store.leftOrders())),
          lateRefundAsk({ ...before, payment }, refunds, now),
        ),
        sequence,
        updatedAt: visible ? now : before.updatedAt,
        publishAt: visible ? now + publishDelay(0) : before.publishAt,
      },
      now,
    );
    this.#store.update(after);
    for (const [index, event] of events.entries()) {
      const at = { ...after, order: before.order, sequence: before.sequence + index + 1 };
      const view = toRefundView(at, { ...written, sequence: at.sequence });
      this.#append(at, event, now, requestId, JSON.stringify(view));
    }
    return written;
  }

  /** True when something that a merchant can see changed. */
  commitRefund(
    id: string,
    decideOn: (refund: Refund) => Result<RefundDecision, RefundDisbelief>,
    now: number,
    requestId: string | null,
  ): Result<boolean, RefundDisbelief> {
    return this.#store.transaction(() => {
      const before = this.#store.refunds().find((refund) => refund.id === id);
      if (before === undefined) return ok(false);
      const decided = decideOn(before.refund);
      if (!decided.ok) return decided;
      const { refund, visible, event } = decided.value;
      if (refund === before.refund) return ok(false);
      const anew =
        refund.status === before.refund.status
          ? {}
          : { asks: 0, askAt: now + askDelay("refund", 0) };
      this.putRefund({ ...before, ...anew, refund }, event === null ? [] : [event], now, requestId);
      // It had held a share of money that the channel gave back by itself meanwhile.
      if (refund.status === "failed") this.#adoptRest(now, requestId);
      return ok(visible);
    });
  }

  /**
   * The channel gave the whole payment back without being asked: what no refund of ours takes of it
   * is written down as one.
   */
  #adoptRest(now: number, requestId: string | null): void {
    const record = this.#store.read();
    if (!isOrdered(record) || !record.payment.reversed) return;
    const { payment } = record;
    const value = unclaimed(payment);
    const number = this.#store.refunds().length + 1;
    if (payment.status !== "succeeded" || value === 0 || number > MAX_REFUNDS) return;
    const terms = { requestKey: `channel:${number}`, reason: null, revoke: null };
    const refund = newRefund(record, terms, "channel", number, value, now);
    const made = this.putRefund(refund, ["refund.created"], now, requestId);
    const done: Refund = { ...made.refund, status: "succeeded", refundedAt: now };
    this.putRefund({ ...made, refund: done }, ["refund.succeeded"], now, requestId);
  }

  /** Changes the book-keeping around the payment, and sets the alarm that it then needs. */
  note(change: (record: IntentRecord) => IntentRecord, now: number): void {
    this.#store.transaction(() => {
      const before = this.#store.read();
      if (before === null) return;
      const after = this.#armed(change(before), now);
      if (after !== before) this.#store.update(after);
    });
  }

  alarmFired(): void {
    this.#alarmFired = true;
  }

  #append(
    record: IntentRecord,
    type: string | null,
    at: number,
    requestId: string | null,
    refund: string | null = null,
  ): void {
    const snapshot = JSON.stringify(toView(record));
    this.#store.appendChange({
      sequence: record.sequence,
      type,
      at,
      request_id: requestId,
      snapshot,
      refund,
    });
  }

  /** The record with the one alarm that serves polling, expiry and the outbox. */
  #armed(record: IntentRecord, now: number): IntentRecord {
    const { payment } = record;
    const wake = nextWake({
      status: payment.status,
      expiresAt: payment.expiresAt,
      closing: payment.closing !== null,
      askAt: record.askAt,
      afterworkAt: record.afterworkAt,
      publishAt: hasToPublish(record) ? record.publishAt : null,
    });
    if (wake === null) return record;
    // One that comes too early finds nothing to do and sets the next: cheaper than moving it.
    const isSet =
      record.alarmAt !== null &&
      !this.#alarmFired &&
      now < record.alarmAt &&
      record.alarmAt <= wake;
    if (isSet) return record;
    this.#setAlarm(wake);
    this.#alarmFired = false;
    return { ...record, alarmAt: wake };
  }
}

/** What a refund that has just succeeded gives back of the fee, after those before it. */
function withFee({ order, payment }: OrderedRecord, refund: RefundRecord): RefundRecord {
  if (refund.refund.status !== "succeeded" || refund.feeReturned !== null) return refund;
  const fee = feeOf(order.fee, payment.amount);
  const part = (refunded: number) => feeReturned(fee, payment.amount, refunded);
  const before = payment.refunded;
  return { ...refund, feeReturned: part(before + refund.refund.amount.value) - part(before) };
}

export const earliest = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);

/** The look at a late payment whose own refund is still to be made outlives other refunds. */
function lateRefundAsk(
  record: IntentRecord,
  refunds: readonly RefundRecord[],
  now: number,
): number | null {
  const { afterworkAt } = record;
  const isMade = refunds.some(({ origin }) => origin === "late_payment");
  if (afterworkAt === null || isMade || !owesLateRefund(record)) return null;
  return Math.max(afterworkAt, now + RECOVER_AFTER_MS);
}

/** The earliest asking of what is still open. */
export const nextRefundAsk = (refunds: readonly RefundRecord[]): number | null => {
  const times = refunds.filter(({ refund }) => isOpen(refund)).map(({ askAt }) => askAt);
  return times.length === 0 ? null : Math.min(...times);
};

/** Whether the order was paid and given back in one stroke. */
const isReversedBy = (command: Command): boolean =>
  command.type === "left"
    ? command.reversed
    : command.type === "reported" && command.report.state === "reversed";

/** The earliest closing of an order that the buyer has left. */
export const nextClosing = (left: readonly LeftOrder[]): number | null => {
  const times = left.flatMap(({ closeAt }) => (closeAt === null ? [] : [closeAt]));
  return times.length === 0 ? null : Math.min(...times);
};

/** From then on, a repeat of the create request gets this answer again. */
const isAnswered = (payment: Payment): boolean =>
  payment.order === "open" ||
  payment.order === "refused" ||
  (payment.order === "none" && payment.status !== "pending") ||
  isTerminal(payment.status);

/** The asking starts anew when something is new: an answer about the order, or the wish to close. */
function asking(before: IntentRecord, payment: Payment, now: number) {
  if (payment.closing !== null && before.payment.closing === null) {
    return { asks: 0, askAt: now + RECOVER_AFTER_MS };
  }
  // Nobody has to be asked while there is no order.
  if (payment.order === "none") return { asks: 0, askAt: payment.expiresAt };
  if (payment.order !== before.payment.order) {
    return { asks: 0, askAt: now + askDelay(paceOf({ ...before, payment }), 0) };
  }
  return {};
}
