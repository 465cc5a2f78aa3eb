/**
 * The heart of refunds: whether one may begin, and what becomes of it when something happens. Pure.
 * The invariant of money: what is requested, processing and succeeded never exceeds the payment.
 */
import type {
  ChannelInfo,
  Outcome,
  RefundReport,
  ReportedRefundState,
} from "../channels/adapter.ts";
import { type Failure, failure } from "../errors.ts";
import { type Money, sameMoney } from "../money.ts";
import { err, ok, type Result } from "../result.ts";
import { channelFailure, type Payment } from "./payment.ts";

export const REFUND_STATUSES = ["requested", "processing", "succeeded", "failed"] as const;

export type RefundStatus = (typeof REFUND_STATUSES)[number];

/** From each state, where a refund may go. */
export const REFUND_TRANSITIONS: Readonly<Record<RefundStatus, readonly RefundStatus[]>> = {
  requested: ["processing", "succeeded", "failed"],
  processing: ["succeeded", "failed"],
  succeeded: [],
  failed: [],
};

export interface Refund {
  readonly status: RefundStatus;
  readonly amount: Money;
  readonly channelRefundId: string | null;
  /** Milliseconds since 1970. */
  readonly refundedAt: number | null;
  readonly lastError: Failure | null;
}

export type RefundEventType =
  | "refund.created"
  | "refund.processing"
  | "refund.succeeded"
  | "refund.failed";

export interface RefundDecision {
  readonly refund: Refund;
  /** Something a merchant can see is different. */
  readonly visible: boolean;
  readonly event: RefundEventType | null;
}

/** Why news about a refund was not believed. It changes nothing. */
export interface RefundDisbelief {
  readonly reason: "amount_mismatch" | "contradiction";
  readonly message: string;
}

/** The channel has not said the last word. */
export const isOpen = ({ status }: Pick<Refund, "status">): boolean =>
  status === "requested" || status === "processing";

/** What open and succeeded refunds take of the payment, in minor units. A failed one gives back. */
export function shares(refunds: readonly Refund[]): { refunded: number; refunding: number } {
  let [refunded, refunding] = [0, 0];
  for (const { status, amount } of refunds) {
    if (status === "succeeded") refunded += amount.value;
    else if (status !== "failed") refunding += amount.value;
  }
  return { refunded, refunding };
}

/** What no refund has taken, in minor units. */
export const unclaimed = ({ amount, refunded, refunding }: Payment): number =>
  Math.max(0, amount.value - refunded - refunding);

/** What may still be refunded, in minor units: nothing, once the channel gave it back by itself. */
export const refundable = (payment: Payment): number =>
  payment.status === "succeeded" && !payment.reversed ? unclaimed(payment) : 0;

const DAY_MS = 86_400_000;

/** What the check needs of the refunds that were made before. */
export interface Earlier {
  /** Those that failed do not count: the channel has booked nothing of them. */
  readonly count: number;
  /** When the last one was made, in milliseconds since 1970; null: none. */
  readonly lastAt: number | null;
}

export const notRefundable = ({ status }: Payment): Failure =>
  failure(
    "INVALID_STATE",
    `Only a payment that has succeeded can be refunded; this one is ${status}.`,
    { status },
  );

/**
 * Whether a refund may begin now. To be asked in the transaction that reserves it.
 * @param asked minor units; null: all that is left
 * @returns the amount in minor units, or why not
 */
export function checkRefund(
  payment: Payment,
  asked: number | null,
  earlier: Earlier,
  { name, refunds: rules }: ChannelInfo,
  now: number,
): Result<number, Failure> {
  if (payment.status !== "succeeded" || payment.succeededAt === null) {
    return err(notRefundable(payment));
  }
  if (rules === null) {
    const message = `${name} has no refunds: give the money back by a transfer.`;
    return err(failure("CHANNEL_REJECTED", message, { reason: "refunds_unsupported" }));
  }
  const { currency, value: paid } = payment.amount;
  const left = refundable(payment);
  const amount = asked ?? left;
  if (amount > left || left === 0) {
    const message =
      left === 0
        ? "Nothing of this payment is left to refund."
        : "The refund is larger than what is left of the payment.";
    return err(
      failure("REFUND_EXCEEDS_PAYMENT", message, {
        requested: { currency, value: asked ?? paid },
        refundable: { currency, value: left },
      }),
    );
  }
  if (now > payment.succeededAt + rules.windowDays * DAY_MS) {
    const message = `${name} refunds within ${rules.windowDays} days of the payment.`;
    return err(failure("REFUND_WINDOW_CLOSED", message, { window_days: rules.windowDays }));
  }
  if (!rules.partial && amount !== paid) {
    const message = `${name} refunds a payment whole or not at all; leave amount out.`;
    return err(failure("AMOUNT_INVALID", message, { refundable: { currency, value: paid } }));
  }
  if (rules.maxPartials !== null && earlier.count >= rules.maxPartials) {
    const message = `${name} takes at most ${rules.maxPartials} refunds of one payment.`;
    const details = { reason: "too_many_refunds", max_refunds: rules.maxPartials };
    return err(failure("CHANNEL_REJECTED", message, details));
  }
  const nextAt = (earlier.lastAt ?? -Infinity) + rules.spacingSeconds * 1_000;
  if (now < nextAt) {
    const wait = Math.ceil((nextAt - now) / 1_000);
    const message = `${name} wants ${rules.spacingSeconds} s between two refunds of one payment; wait ${wait} s.`;
    return err(failure("RATE_LIMITED", message, { retry_after_seconds: wait }));
  }
  return ok(amount);
}

const quietly = (refund: Refund): RefundDecision => ({ refund, visible: false, event: null });

function move(refund: Refund, status: RefundStatus, change: Partial<Refund> = {}): RefundDecision {
  if (!REFUND_TRANSITIONS[refund.status].includes(status)) return quietly(refund);
  return {
    refund: { ...refund, ...change, status },
    visible: true,
    event: `refund.${status}` as RefundEventType,
  };
}

/** The call that asks the channel for the refund ended. */
export function afterCall(
  refund: Refund,
  outcome: Outcome<RefundReport>,
  channel: string,
  now: number,
): Result<RefundDecision, RefundDisbelief> {
  switch (outcome.kind) {
    case "ok":
      return afterReport(refund, outcome.value, channel, now);
    case "unknown":
      return ok(quietly(refund));
    case "rejected":
      // A channel that had accepted it cannot take that back by refusing a repeat.
      return ok(
        refund.status === "requested"
          ? move(refund, "failed", { lastError: channelFailure(channel, outcome.error) })
          : quietly(refund),
      );
  }
}

const FAILED_BY_CHANNEL = (channel: string, status: string): Failure =>
  failure("CHANNEL_REJECTED", "The channel could not carry the refund out.", {
    channel: { name: channel, code: status, message: `The channel reports ${status}.` },
  });

/** A refund that is under way by the channel's word, but stuck: a person has to look at it there. */
const troubleOf = (channel: string, status: string): Failure | null =>
  !/abnormal/i.test(status)
    ? null
    : failure(
        "CHANNEL_ERROR",
        "The channel took the money and could not pay it out; settle it there.",
        {
          channel: { name: channel, code: status, message: `The channel reports ${status}.` },
        },
      );

/** News from the channel, however it arrived. */
export function afterReport(
  refund: Refund,
  report: RefundReport,
  channel: string,
  now: number,
): Result<RefundDecision, RefundDisbelief> {
  if (report.amount !== null && !sameMoney(report.amount, refund.amount)) {
    return err({ reason: "amount_mismatch", message: "the amount is not the refund's" });
  }
  if (contradicts(refund.status, report.state)) {
    return err({
      reason: "contradiction",
      message: `the refund is ${refund.status} and the channel now says ${report.state}`,
    });
  }
  const known = { channelRefundId: report.channelRefundId ?? refund.channelRefundId };
  switch (report.state) {
    case "absent":
      return ok(quietly(refund));
    case "processing": {
      const lastError = troubleOf(channel, report.channelStatus);
      const news = lastError?.code !== refund.lastError?.code;
      if (refund.status === "processing" && news) {
        // Told again: the money is stuck, and somebody has to look.
        const stuck = { ...refund, ...known, lastError };
        return ok({ refund: stuck, visible: true, event: "refund.processing" });
      }
      return ok(move(refund, "processing", { ...known, lastError }));
    }
    case "succeeded": {
      const done = { ...known, lastError: null, refundedAt: report.refundedAt ?? now };
      return ok(move(refund, "succeeded", done));
    }
    case "failed":
      return ok(
        move(refund, "failed", {
          ...known,
          lastError: FAILED_BY_CHANNEL(channel, report.channelStatus),
        }),
      );
  }
}

/** Two endings exclude each other: the share of a failed refund may be spent already. */
const contradicts = (status: RefundStatus, state: ReportedRefundState): boolean =>
  (status === "failed" && (state === "succeeded" || state === "processing")) ||
  (status === "succeeded" && state === "failed");
