/**
 * From the payment's book to the rest of the world: one queue message with the events and the copy
 * that D1 shows. Runs after the commit; what fails is repeated by the alarm. The consumer takes a
 * repeat without harm: the copy only moves forward, and events keep their ids.
 */
import { idKeyOf } from "../crypto/id-key.ts";
import { buildEvent } from "../envelope.ts";
import { derivedId } from "../ids.ts";
import { describeError, type Logger } from "../log.ts";
import { publishDelay, SWEEP_GRACE_MS } from "../payments/schedule.ts";
import { isTerminal } from "../payments/states.ts";
import type {
  EventRecord,
  OrderCall,
  PaymentCopy,
  PublishedEvents,
  RefundCopy,
} from "../messages.ts";
import type { Payment } from "../payments/payment.ts";
import { shareLimit } from "../settlement/splits.ts";
import { systemClock } from "../clock.ts";
import type { IntentBook } from "./book.ts";
import { hasToPublish } from "./due.ts";
import type { ChangeRow, IntentRecord } from "./record.ts";
import type { RefundView } from "./refund-record.ts";
import type { IntentStorage } from "./storage.ts";
import { feeView, optionOf } from "./view.ts";

/** Most payments need one message. */
const CHANGES_PER_MESSAGE = 8;

/** A queue message holds 128,000 bytes, some of them the queue's own. */
const MESSAGE_BYTES = 120_000;

const bytesOf = (message: PublishedEvents): number =>
  new TextEncoder().encode(JSON.stringify(message)).length;

export class Outbox {
  readonly #env: Env;
  readonly #store: IntentStorage;
  readonly #book: IntentBook;
  #running: Promise<void> | null = null;

  constructor(env: Env, store: IntentStorage, book: IntentBook) {
    this.#env = env;
    this.#store = store;
    this.#book = book;
  }

  /** Publishes what is not yet published; concurrent callers share one run. Never throws. */
  publish(log: Logger): Promise<void> {
    this.#running ??= this.#run(log).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(log: Logger): Promise<void> {
    for (;;) {
      const record = this.#store.read();
      if (record === null || !hasToPublish(record)) return;
      try {
        const published = await this.#send(record);
        this.#book.note(
          (after) => ({
            ...after,
            published: Math.max(after.published, published),
            publishFailures: 0,
            // Another call may have ended meanwhile.
            call: isSameCall(after.call, record.call) ? null : after.call,
          }),
          systemClock.now(),
        );
      } catch (error) {
        log("error", "publish.failed", { intent: record.terms.id, error: describeError(error) });
        const now = systemClock.now();
        const retryAt = now + publishDelay(record.publishFailures + 1);
        this.#book.note(
          (after) => ({
            ...after,
            publishFailures: after.publishFailures + 1,
            publishAt: retryAt,
          }),
          now,
        );
        return;
      }
    }
  }

  /**
   * Sends the copy anew, without events, when only our own book-keeping changed. Never throws; what
   * is not published yet brings the copy along by itself.
   */
  async refreshCopy(log: Logger): Promise<void> {
    const record = this.#store.read();
    if (record === null || record.published < record.sequence) return;
    try {
      await this.#env.EVENTS.send(await this.#message(record, []));
    } catch (error) {
      log("warn", "copy.failed", { intent: record.terms.id, error: describeError(error) });
    }
  }

  /** The sequence up to which everything is out. */
  async #send(record: IntentRecord): Promise<number> {
    let changes = this.#store.changesAfter(record.published, CHANGES_PER_MESSAGE);
    let message = await this.#message(record, changes);
    // One that the queue refuses would hold back everything after it, for ever.
    while (changes.length > 1 && bytesOf(message) > MESSAGE_BYTES) {
      changes = changes.slice(0, Math.ceil(changes.length / 2));
      message = await this.#message(record, changes);
    }
    await this.#env.EVENTS.send(message);
    return changes.at(-1)?.sequence ?? record.sequence;
  }

  async #message(record: IntentRecord, changes: readonly ChangeRow[]): Promise<PublishedEvents> {
    const { merchantId, livemode } = record.terms;
    return {
      merchant_id: merchantId,
      livemode,
      events: await Promise.all(
        changes.filter(({ type }) => type !== null).map((change) => this.#event(record, change)),
      ),
      copy: copyOf(record, this.#store.snapshot(record.sequence)),
      ...refundsOf(changes),
      ...(record.call === null ? {} : { call: record.call }),
    };
  }

  /** The id of the event that a change of the payment raised. */
  async eventId(paymentId: string, sequence: number): Promise<string> {
    const key = await idKeyOf(this.#env.ID_KEY);
    return derivedId("event", key, [paymentId, String(sequence)]);
  }

  /** Built from the stored change, so a repeat is the same to the byte. */
  async #event(record: IntentRecord, change: ChangeRow): Promise<EventRecord> {
    const { id, livemode } = record.terms;
    return buildEvent({
      id: await this.eventId(id, change.sequence),
      type: change.type ?? "",
      livemode,
      sequence: change.sequence,
      createdAt: change.at,
      requestId: change.request_id,
      data: JSON.parse(change.refund ?? change.snapshot),
    });
  }
}

const isSameCall = (a: OrderCall | null, b: OrderCall | null): boolean =>
  a?.at === b?.at && a?.channel === b?.channel;

/** The refunds among the changes, as lists show them: each as the last change left it. */
function refundsOf(changes: readonly ChangeRow[]): Pick<PublishedEvents, "refunds"> {
  const latest = new Map<string, RefundCopy>();
  for (const { refund } of changes) {
    if (refund === null) continue;
    const view = JSON.parse(refund) as RefundView;
    const copy: RefundCopy = {
      id: view.id,
      payment_intent: view.payment_intent,
      status: view.status,
      sequence: view.sequence,
      channel_account: view.channel_account,
      channel_refund_id: view.channel_refund_id,
      ...view.amount,
      succeeded_at: view.succeeded_at === null ? null : Date.parse(view.succeeded_at),
      created_at: Date.parse(view.created_at),
      snapshot: refund,
    };
    latest.set(view.id, copy);
  }
  return latest.size === 0 ? {} : { refunds: [...latest.values()] };
}

/** The payment as lists show it. */
const copyOf = (record: IntentRecord, snapshot: string): PaymentCopy => {
  const { terms, payment, sequence, afterworkAt, callMs } = record;
  const option = optionOf(record);
  const fee = feeView(record);
  return {
    id: terms.id,
    sequence,
    status: payment.status,
    channel: option?.channel ?? null,
    channel_account: option?.accountId ?? null,
    method: record.order?.method ?? null,
    merchant_order_id: terms.merchantOrderId,
    channel_transaction_id: payment.channelTransactionId,
    currency: payment.amount.currency,
    value: payment.amount.value,
    refunded: payment.refunded,
    fee: payment.status === "succeeded" && fee !== null ? fee.value - fee.refunded : 0,
    call_ms: callMs,
    succeeded_at: payment.succeededAt,
    created_at: terms.createdAt,
    deadline: deadlineOf(payment, afterworkAt),
    ...splitOf(record),
    snapshot,
  };
};

/** What of a payment that has succeeded goes to the platform at the channel. */
function splitOf({ order, payment }: IntentRecord): Pick<PaymentCopy, "split"> {
  const { status, succeededAt, amount } = payment;
  if (order?.split === undefined || status !== "succeeded" || succeededAt === null) return {};
  const { receiver, delayMs, maxBasisPoints } = order.split;
  const split = {
    receiver,
    most: shareLimit(amount, maxBasisPoints),
    due_at: succeededAt + delayMs,
  };
  return { split };
}

/** When the sweeper should look whether the alarm was lost (ms since 1970); null: all is done. */
function deadlineOf({ status, expiresAt }: Payment, afterworkAt: number | null): number | null {
  if (!isTerminal(status)) return expiresAt + SWEEP_GRACE_MS;
  return afterworkAt === null ? null : afterworkAt + SWEEP_GRACE_MS;
}
