/**
 * The refunds' part of the book: each is written with the payment's sums and the events, in one
 * synchronous transaction.
 */
import { MAX_REFUNDS } from "../ids.ts";
import {
  type Refund,
  type RefundDecision,
  type RefundDisbelief,
  type RefundEventType,
  shares,
  unclaimed,
} from "../payments/refund.ts";
import { askDelay, publishDelay } from "../payments/schedule.ts";
import { ok, type Result } from "../result.ts";
import { feeOf, feeReturned } from "../settlement/pricing.ts";
import { earliest, lateRefundAsk, nextClosing, nextRefundAsk } from "./due.ts";
import type { Entries } from "./entries.ts";
import { isOrdered, type OrderedRecord } from "./record.ts";
import { type RefundRecord, toRefundView } from "./refund-record.ts";
import { newRefund } from "./refund-reserve.ts";
import type { IntentStorage } from "./storage.ts";

export class RefundBook {
  readonly #store: IntentStorage;
  readonly #entries: Entries;

  constructor(store: IntentStorage, entries: Entries) {
    this.#store = store;
    this.#entries = entries;
  }

  /** In the order of their making. */
  all(): RefundRecord[] {
    return this.#store.refunds();
  }

  /**
   * Writes a refund, the payment's sums and the events in one go. Call inside a transaction.
   * @param events what a merchant sees of it, each a step of the sequence; none: nothing
   */
  put(
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
    const after = this.#entries.armed(
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
      this.#entries.append(at, event, now, requestId, JSON.stringify(view));
    }
    return written;
  }

  /** True when something that a merchant can see changed. */
  commit(
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
      this.put({ ...before, ...anew, refund }, event === null ? [] : [event], now, requestId);
      // It had held a share of money that the channel gave back by itself meanwhile.
      if (refund.status === "failed") this.adoptRest(now, requestId);
      return ok(visible);
    });
  }

  /**
   * The channel gave the whole payment back without being asked: what no refund of ours takes of it
   * is written down as one. Call inside a transaction.
   */
  adoptRest(now: number, requestId: string | null): void {
    const record = this.#store.read();
    if (!isOrdered(record) || !record.payment.reversed) return;
    const { payment } = record;
    const value = unclaimed(payment);
    const number = this.#store.refunds().length + 1;
    if (payment.status !== "succeeded" || value === 0 || number > MAX_REFUNDS) return;
    const terms = { requestKey: `channel:${number}`, reason: null, revoke: null };
    const refund = newRefund(record, terms, "channel", number, value, now);
    const made = this.put(refund, ["refund.created"], now, requestId);
    const done: Refund = { ...made.refund, status: "succeeded", refundedAt: now };
    this.put({ ...made, refund: done }, ["refund.succeeded"], now, requestId);
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
