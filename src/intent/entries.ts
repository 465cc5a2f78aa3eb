/** How a change is written down: the row of what merchants see, and the alarm for what comes next. */
import { nextWake } from "../payments/schedule.ts";
import { hasToPublish } from "./due.ts";
import type { IntentRecord } from "./record.ts";
import type { IntentStorage } from "./storage.ts";
import { toView } from "./view.ts";

export class Entries {
  readonly #store: IntentStorage;
  readonly #setAlarm: (at: number) => void;
  /** The stored alarm has fired; until the next is set, there is none. */
  #alarmFired = false;

  constructor(store: IntentStorage, setAlarm: (at: number) => void) {
    this.#store = store;
    this.#setAlarm = setAlarm;
  }

  alarmFired(): void {
    this.#alarmFired = true;
  }

  /** Adds the change that led to this record. */
  append(
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
  armed(record: IntentRecord, now: number): IntentRecord {
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
