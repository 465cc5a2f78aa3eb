/**
 * Where a payment talks to its channel. Every call is logged and counted once, and an exception in
 * an adapter is an unknown outcome like any other: money may have moved.
 */
import type {
  ChannelError,
  Charge,
  Outcome,
  PaymentReport,
  RefundReport,
} from "../channels/adapter.ts";
import { accountRow } from "../channels/accounts.ts";
import { connect, type Connection } from "../channels/connect.ts";
import type { Exchange } from "../channels/exchange-log.ts";
import { systemClock } from "../clock.ts";
import { type Failure, failure } from "../errors.ts";
import { describeError, type Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { channelFailure } from "../payments/payment.ts";
import { scriptOf } from "../sandbox/scripts.ts";
import { database } from "../store/db.ts";
import { findMerchant } from "../store/merchants.ts";
import type { ChannelCallEntry } from "./journal.ts";
import type { OrderedRecord, OrderTerms, PaymentOption } from "./record.ts";
import { type RefundRecord, refundOrderOf } from "./refund-record.ts";
import { orderOf, sentOrderOf } from "./reserve.ts";

export type Closing =
  /** Nobody can pay the order any more. */
  | { readonly kind: "closed"; readonly reversed: boolean }
  /** News that was believed ended the payment: the buyer was faster. */
  | { readonly kind: "ended" }
  /** Not closed, or nobody knows: try again later. */
  | { readonly kind: "open"; readonly reason: Failure };

/** Hands news to the book; true when the payment has ended by it. */
export type Believe = (report: PaymentReport) => boolean;

const CANNOT_BE_PAID = new Set<PaymentReport["state"]>(["absent", "closed", "reversed"]);

export class ChannelDesk {
  readonly #env: Env;
  readonly #metrics: Metrics;
  readonly #note: (entry: ChannelCallEntry) => void;

  /** @param note keeps what was said, for the payment's journal */
  constructor(env: Env, metrics: Metrics, note: (entry: ChannelCallEntry) => void) {
    this.#env = env;
    this.#metrics = metrics;
    this.#note = note;
  }

  /**
   * Whether a new order may be made there: the account is in use, and its merchant may take money in
   * this mode. Asked for what a buyer chooses; a merchant's own requests have passed its key.
   */
  async takesOrders(terms: OrderTerms, { accountId }: PaymentOption): Promise<boolean> {
    const [row, merchant] = await Promise.all([
      accountRow(this.#env, accountId),
      findMerchant(database(this.#env.DB), terms.merchantId),
    ]);
    const mayTakeMoney =
      merchant?.status === "active" || (merchant?.status === "unverified" && !terms.livemode);
    return row?.status === "active" && mayTakeMoney;
  }

  /** @param watch is told of every exchange with the channel */
  async connect(
    terms: Omit<OrderTerms, "createdAt">,
    { accountId }: PaymentOption,
    log: Logger,
    watch?: (exchange: Exchange) => void,
  ): Promise<Connection> {
    const row = await accountRow(this.#env, accountId);
    if (row === null) throw new Error(`channel account ${accountId} is gone`);
    const script = terms.livemode ? null : scriptOf(terms.metadata);
    return connect(row, {
      env: this.#env,
      log,
      script,
      publicBase: terms.publicBase,
      watch,
    });
  }

  /** @param isFirst nobody can have sent this order before; only then does a refusal prove much */
  charge(record: OrderedRecord, isFirst: boolean, log: Logger): Promise<Outcome<Charge>> {
    const attempt = attemptOf(record, isFirst);
    return this.#observe("create", record, log, ({ adapter, account, io }) =>
      adapter.createCharge(record.order.payload, orderOf(record), account, io(attempt)),
    );
  }

  query(record: OrderedRecord, log: Logger): Promise<Outcome<PaymentReport>> {
    return this.#observe("query", record, log, ({ adapter, account, io }) =>
      adapter.queryPayment(sentOrderOf(record), account, io(record.asks)),
    );
  }

  /** @param isFirst as for {@link charge} */
  refund(
    record: OrderedRecord,
    refund: RefundRecord,
    isFirst: boolean,
    log: Logger,
  ): Promise<Outcome<RefundReport>> {
    const attempt = attemptOf(refund, isFirst);
    return this.#observe("refund", record, log, async ({ adapter, account, io }) => {
      const order = refundOrderOf(record, refund);
      const desk = adapter.refunds;
      if (desk === undefined) throw new Error("a refund was reserved where there are none");
      return ofRefund(await desk.create(refund.payload, order, account, io(attempt)), refund);
    });
  }

  queryRefund(
    record: OrderedRecord,
    refund: RefundRecord,
    log: Logger,
  ): Promise<Outcome<RefundReport>> {
    return this.#observe("query_refund", record, log, async ({ adapter, account, io }) => {
      const desk = adapter.refunds;
      if (desk === undefined) throw new Error("a refund was reserved where there are none");
      const order = refundOrderOf(record, refund);
      const attempt = attemptOf(refund, false);
      return ofRefund(await desk.query(order, account, io(attempt)), refund);
    });
  }

  /** Query, close, query: a buyer who is just paying is not lost. */
  async close(record: OrderedRecord, log: Logger, believe: Believe): Promise<Closing> {
    const before = await this.query(record, log);
    if (before.kind === "ok" && endedBy(before.value, believe)) return { kind: "ended" };
    if (before.kind !== "ok") return stillOpen(record, before.error);

    const closing = await this.#observe("close", record, log, ({ adapter, account, io }) =>
      adapter.closePayment(sentOrderOf(record), account, io(record.asks)),
    );
    if (closing.kind === "ok") {
      // Paid and given back in one stroke: a later query would only see that it was paid.
      if (closing.value.state === "reversed") return { kind: "closed", reversed: true };
      if (endedBy(closing.value, believe)) return { kind: "ended" };
    }

    const after = await this.query(record, log);
    if (after.kind !== "ok") return stillOpen(record, after.error);
    if (endedBy(after.value, believe)) return { kind: "ended" };
    const { state } = after.value;
    // An order that is not there may be a code that nobody has scanned yet: only a close that was
    // confirmed, or the end of the code's life, makes that the end.
    const lapsed = systemClock.now() >= record.payment.expiresAt;
    const proven = state !== "absent" || closing.kind === "ok" || lapsed;
    if (proven && CANNOT_BE_PAID.has(state)) {
      return { kind: "closed", reversed: state === "reversed" };
    }
    return {
      kind: "open",
      reason:
        closing.kind === "ok"
          ? failure("CHANNEL_ERROR", "The channel says the order is still open.")
          : channelFailure(record.order.channel, closing.error, record.terms.id),
    };
  }

  async #observe<T>(
    operation: string,
    record: OrderedRecord,
    log: Logger,
    call: (connection: Connection) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const started = systemClock.now();
    const exchanges: Exchange[] = [];
    const outcome = await this.#attempt(record, log, call, (exchange) => exchanges.push(exchange));
    const duration = systemClock.now() - started;
    const { id } = record.terms;
    const { channel, accountId } = record.order;
    const code = outcome.kind === "ok" ? "" : outcome.error.channelCode;
    this.#note({
      type: "channel_call",
      at: started,
      channel,
      operation,
      outcome: outcome.kind,
      code,
      duration_ms: duration,
      exchanges,
    });
    log(outcome.kind === "unknown" ? "warn" : "info", "channel.call", {
      channel,
      operation,
      outcome: outcome.kind,
      code,
      intent: id,
      account: accountId,
      duration_ms: duration,
    });
    this.#metrics.record("channel_call", channel, [operation, outcome.kind, code], [duration]);
    return outcome;
  }

  async #attempt<T>(
    record: OrderedRecord,
    log: Logger,
    call: (connection: Connection) => Promise<Outcome<T>>,
    watch: (exchange: Exchange) => void,
  ): Promise<Outcome<T>> {
    try {
      return await call(await this.connect(record.terms, record.order, log, watch));
    } catch (error) {
      log("error", "channel.exception", { intent: record.terms.id, error: describeError(error) });
      return {
        kind: "unknown",
        error: {
          code: "CHANNEL_ERROR",
          channelCode: "exception",
          message: "The channel could not be asked.",
          retryable: true,
        },
      };
    }
  }
}

/** What may have been sent before is never a first attempt, however often it was asked about. */
const attemptOf = ({ asks }: { readonly asks: number }, isFirst: boolean): number =>
  isFirst ? 0 : Math.max(asks, 1);

/** News about another refund is nobody's answer to this question. */
const ofRefund = (outcome: Outcome<RefundReport>, { id }: RefundRecord): Outcome<RefundReport> => {
  if (outcome.kind !== "ok" || outcome.value.refundId === id) return outcome;
  throw new Error("the adapter answered about another refund");
};

/** Paid or failed ends it here; that an order is closed is confirmed by the last query. */
const endedBy = (report: PaymentReport, believe: Believe): boolean =>
  (report.state === "paid" || report.state === "failed") && believe(report);

const stillOpen = (record: OrderedRecord, error: ChannelError): Closing => ({
  kind: "open",
  reason: channelFailure(record.order.channel, error, record.terms.id),
});
