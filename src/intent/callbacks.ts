/** What verified callbacks say: believed or written down, before the channel gets its acknowledgement. */
import type { PaymentReport } from "../channels/adapter.ts";
import { systemClock } from "../clock.ts";
import { err, ok, type Result } from "../result.ts";
import type { IntentBook } from "./book.ts";
import type { Exchanges } from "./exchanges.ts";
import type { CallbackEntry } from "./journal.ts";
import type { Outbox } from "./outbox.ts";
import type { ChannelOrder } from "./record.ts";
import type { IntentRefunds } from "./refunds.ts";
import type { IntentStorage } from "./storage.ts";
import type { Work } from "./work.ts";

interface Parts {
  readonly store: IntentStorage;
  readonly book: IntentBook;
  readonly exchanges: Exchanges;
  readonly refunds: IntentRefunds;
  readonly outbox: Outbox;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

export class Callbacks {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * News from a verified callback. Idempotent and free of order. An error means: not believed,
   * nothing changed, do not acknowledge. `exception`: money of another amount than was ordered; it
   * changed nothing either and was written down for people.
   */
  async hear(
    accountId: string,
    report: PaymentReport,
    work: Work,
  ): Promise<Result<"changed" | "known" | "exception", string>> {
    const { store, book, exchanges, refunds, outbox, waitUntil } = this.#parts;
    const order = book.orderOf(report.paymentId);
    // A valid callback for another account's order is still a forgery here (cross-account replay).
    if (order === null || order.accountId !== accountId) return err("unknown order");
    const note = (outcome: CallbackEntry["outcome"], detail: string) =>
      store.addToJournal(callbackEntry(order, report, outcome, detail, work));
    // Written down before the commit, whose row it shares; what it turns out to be is known by then.
    const isNews = exchanges.isNews(report);
    note(isNews ? "changed" : "known", report.channelTransactionId ?? "");
    const outcome = exchanges.believe(report, work);
    if (outcome.ok && !outcome.value && (await exchanges.raise(report, work))) {
      // Paid a second time: acknowledged, because it is true, and written down.
      note("exception", "paid a second time");
      store.flushJournal();
      return ok("known");
    }
    if (!outcome.ok) {
      // Before the answer: the channel may never tell us again.
      const raised = await exchanges.raise(report, work);
      note(raised ? "exception" : "refused", outcome.error.message);
      store.flushJournal();
      return raised ? ok("exception") : err(outcome.error.message);
    }
    store.flushJournal();
    waitUntil(outbox.publish(work.log));
    waitUntil(refunds.giveBackLate(work));
    waitUntil(exchanges.closeLeft(work));
    return ok(outcome.value ? "changed" : "known");
  }
}

const callbackEntry = (
  { channel }: ChannelOrder,
  { channelStatus: status }: PaymentReport,
  outcome: CallbackEntry["outcome"],
  detail: string,
  { requestId }: Work,
): CallbackEntry => ({
  type: "callback",
  at: systemClock.now(),
  channel,
  outcome,
  status,
  detail,
  request_id: requestId,
});
