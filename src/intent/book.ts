/**
 * The payment's book: every change of its state goes through here, in one synchronous transaction
 * that loads, decides, writes the row, the change and the alarm together.
 */
import { decide } from "../payments/decide.ts";
import type { Command, Disbelief, Payment } from "../payments/payment.ts";
import { askDelay, nextWake, publishDelay, RECOVER_AFTER_MS } from "../payments/schedule.ts";
import { isTerminal } from "../payments/states.ts";
import { ok, type Result } from "../result.ts";
import type { IntentRecord } from "./record.ts";
import type { IntentStorage } from "./storage.ts";
import { toView } from "./view.ts";

/** The channel has not said for certain what became of the order. */
export const isUnsettled = ({ payment }: IntentRecord): boolean =>
  !isTerminal(payment.status) && (payment.order === "unsent" || payment.order === "unknown");

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
      return ok(visible);
    });
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

  #append(record: IntentRecord, type: string | null, at: number, requestId: string | null): void {
    const snapshot = JSON.stringify(toView(record));
    this.#store.appendChange({
      sequence: record.sequence,
      type,
      at,
      request_id: requestId,
      snapshot,
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

/** From then on, a repeat of the create request gets this answer again. */
const isAnswered = (payment: Payment): boolean =>
  payment.order === "open" || payment.order === "refused" || isTerminal(payment.status);

/** The asking starts anew when something is new: an answer about the order, or the wish to close. */
function asking(before: IntentRecord, payment: Payment, now: number) {
  if (payment.closing !== null && before.payment.closing === null) {
    return { asks: 0, askAt: now + RECOVER_AFTER_MS };
  }
  if (payment.order !== before.payment.order) {
    return { asks: 0, askAt: now + askDelay(isUnsettled({ ...before, payment }), 0) };
  }
  return {};
}
