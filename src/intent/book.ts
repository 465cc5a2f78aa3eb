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
import { MAX_REFUNDS } from "../ids.ts";
import { ok, type Result } from "../result.ts";
import type { IntentRecord } from "./record.ts";
import { type RefundRecord, toRefundView } from "./refund-record.ts";
import { newRefund } from "./refund-reserve.ts";
import type { IntentStorage } from "./storage.ts";
import { toView } from "./view.ts";

/** The channel has not said for certain what became of the order. */
export const isUnsettled = ({ payment }: IntentRecord): boolean =>
  !isTerminal(payment.status) && (payment.order === "unsent" || payment.order === "unknown");

/** How often the payment is asked about. */
export function paceOf(record: IntentRecord): Pace {
  if (record.terms.method === "barcode") return "scanned";
  return isUnsettled(record) ? "unknown" : "open";
}

/** Money that came too late, and that the account's policy gives back. */
export const owesLateRefund = ({ terms, payment }: IntentRecord): boolean =>
  terms.latePayment === "refund" && payment.late && refundable(payment) > 0;

/** Something is not out yet that may go out: what no channel has been told may be taken back. */
export const hasToPublish = ({ payment, published, sequence }: IntentRecord): boolean =>
  published < sequence && (payment.order !== "unsent" || isTerminal(payment.status));

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
   */
  commit(command: Command, now: number, requestId: string | null): Result<boolean, Disbelief> {
    return this.#store.transaction(() => {
      const before = this.#store.read();
      if (before === null) return ok(false);
      const decided = decide(before.payment, command, now);
      if (!decided.ok) return decided;
      const { payment, visible, event } = decided.value;
      if (payment === before.payment) return ok(false);
      const sequence = before.sequence + Number(visible);
      const after = this.#armed(
        {
          ...before,
          ...asking(before, payment, now),
          ...(payment.late && !before.payment.late && owesLateRefund({ ...before, payment })
            ? { refundAskAt: now + RECOVER_AFTER_MS }
            : {}),
          payment,
          sequence,
          updatedAt: visible ? now : before.updatedAt,
          publishAt: visible ? now + publishDelay(0) : before.publishAt,
          answeredWith: before.answeredWith ?? (isAnswered(payment) ? sequence : null),
        },
        now,
      );
      this.#store.update(after);
      if (visible) this.#append(after, event, now, requestId);
      if (payment.reversed && !before.payment.reversed) this.#adoptRest(now, requestId);
      return ok(visible);
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
    const sequence = before.sequence + events.length;
    const visible = events.length > 0;
    const written = visible ? { ...refund, sequence, updatedAt: now } : refund;
    this.#store.putRefund(written);
    const refunds = this.#store.refunds();
    const payment = { ...before.payment, ...shares(refunds.map((each) => each.refund)) };
    const after = this.#armed(
      {
        ...before,
        payment,
        refundAskAt: earliest(
          nextRefundAsk(refunds),
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
      const at = { ...after, sequence: before.sequence + index + 1 };
      this.#append(at, event, now, requestId, { ...written, sequence: at.sequence });
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
    if (record === null || !record.payment.reversed) return;
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
    refund: RefundRecord | null = null,
  ): void {
    const snapshot = JSON.stringify(toView(record));
    this.#store.appendChange({
      sequence: record.sequence,
      type,
      at,
      request_id: requestId,
      snapshot,
      refund: refund === null ? null : JSON.stringify(toRefundView(record, refund)),
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
      refundAskAt: record.refundAskAt,
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

export const earliest = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);

/** The look at a late payment whose own refund is still to be made outlives other refunds. */
function lateRefundAsk(
  record: IntentRecord,
  refunds: readonly RefundRecord[],
  now: number,
): number | null {
  const { refundAskAt } = record;
  const isMade = refunds.some(({ origin }) => origin === "late_payment");
  if (refundAskAt === null || isMade || !owesLateRefund(record)) return null;
  return Math.max(refundAskAt, now + RECOVER_AFTER_MS);
}

/** The earliest asking of what is still open. */
export const nextRefundAsk = (refunds: readonly RefundRecord[]): number | null => {
  const times = refunds.filter(({ refund }) => isOpen(refund)).map(({ askAt }) => askAt);
  return times.length === 0 ? null : Math.min(...times);
};

/** From then on, a repeat of the create request gets this answer again. */
const isAnswered = (payment: Payment): boolean =>
  payment.order === "open" || payment.order === "refused" || isTerminal(payment.status);

/** The asking starts anew when something is new: an answer about the order, or the wish to close. */
function asking(before: IntentRecord, payment: Payment, now: number) {
  if (payment.closing !== null && before.payment.closing === null) {
    return { asks: 0, askAt: now + RECOVER_AFTER_MS };
  }
  if (payment.order !== before.payment.order) {
    return { asks: 0, askAt: now + askDelay(paceOf({ ...before, payment }), 0) };
  }
  return {};
}
