/**
 * The heart: what a payment becomes when something happens to it. Pure; the object around it does
 * the I/O and writes the decision down. Every rule about money and states is in this file and in
 * the table of states.ts.
 */
import type { Charge, Outcome, PaymentReport } from "../channels/adapter.ts";
import type { Failure } from "../errors.ts";
import { sameMoney } from "../money.ts";
import { err, ok, type Result } from "../result.ts";
import {
  channelFailure,
  type ClosingReason,
  type Command,
  type Decision,
  type Disbelief,
  type Payment,
  type PaymentEventType,
} from "./payment.ts";
import { refundable } from "./refund.ts";
import { isTerminal, mayGo, type PaymentStatus } from "./states.ts";

/** Nothing that a merchant can see: the same payment, or what we know about its order. */
const quietly = (payment: Payment): Decision => ({ payment, visible: false, event: null });

const EVENT_OF: Readonly<Partial<Record<PaymentStatus, PaymentEventType>>> = {
  qr_generated: "payment_intent.qr_generated",
  succeeded: "payment_intent.succeeded",
  failed: "payment_intent.failed",
  expired: "payment_intent.expired",
  cancelled: "payment_intent.cancelled",
};

/** Goes to a state if the table allows it; where it does not, nothing happens. */
function move(payment: Payment, status: PaymentStatus, change: Partial<Payment> = {}): Decision {
  if (!mayGo(payment.status, status)) return quietly(payment);
  return {
    payment: { ...payment, ...change, status },
    visible: true,
    event: EVENT_OF[status] ?? null,
  };
}

/**
 * @param now milliseconds since 1970
 * @returns the decision, or why the news is not believed: the payment then stays as it is
 */
export function decide(
  payment: Payment,
  command: Command,
  now: number,
): Result<Decision, Disbelief> {
  switch (command.type) {
    case "offered":
      return ok(move(payment, "qr_generated"));
    case "left":
      return ok(afterLeaving(payment, command.reversed));
    case "chosen":
      return ok(afterChoice(payment));
    case "charged":
      return ok(afterCharge(payment, command.outcome, command.channel));
    case "reported":
      return afterReport(payment, command.report, now);
    case "close":
      return beginClosing(payment, command.reason);
    case "closed":
      return ok(afterClosing(payment, payment.closing ?? "cancel", command.reversed));
  }
}

/** One channel's no is not the end while the buyer may take another. */
const mayChooseAgain = (payment: Payment): boolean =>
  payment.isAggregate && payment.closing === null && !isTerminal(payment.status);

/** The buyer stands before the choice again. What was known about the order is gone with it. */
const backToChoice = (payment: Payment, trouble: Failure | null): Decision => ({
  payment: { ...payment, ...NO_ORDER, lastError: trouble },
  visible: true,
  event: null,
});

/** A cancel or the deadline may overtake the choice: the order that it wants closed is closed now. */
function afterLeaving(payment: Payment, reversed: boolean): Decision {
  if (isTerminal(payment.status)) return quietly(payment);
  return payment.closing === null
    ? backToChoice(payment, null)
    : afterClosing(payment, payment.closing, reversed);
}

const NO_ORDER = {
  order: "none",
  action: null,
  actionExpiresAt: null,
  channelTransactionId: null,
} as const;

function afterChoice(payment: Payment): Decision {
  if (!mayChooseAgain(payment) || payment.order !== "none") return quietly(payment);
  return {
    payment: { ...payment, ...NO_ORDER, order: "unsent", lastError: null },
    visible: true,
    event: null,
  };
}

function afterCharge(payment: Payment, outcome: Outcome<Charge>, channel: string): Decision {
  // A callback can be faster than the reply to the order: what it proved stays.
  if (isTerminal(payment.status)) return quietly(payment);
  switch (outcome.kind) {
    case "unknown":
      return afterSilence(payment, channelFailure(channel, outcome.error));
    case "rejected": {
      const refusal = channelFailure(channel, outcome.error);
      if (mayChooseAgain(payment)) return backToChoice(payment, refusal);
      if (payment.isAggregate) return afterClosing(payment, payment.closing ?? "cancel", false);
      return move(payment, "failed", { order: "refused", closing: null, lastError: refusal });
    }
    case "ok": {
      const { action, expiresAt } = outcome.value;
      const known = {
        order: "open",
        action,
        actionExpiresAt: expiresAt,
        channelTransactionId: outcome.value.channelTransactionId ?? payment.channelTransactionId,
        lastError: null,
      } as const;
      if (action.type === "show_qr" && payment.status === "pending") {
        return move(payment, "qr_generated", known);
      }
      return { payment: { ...payment, ...known }, visible: true, event: null };
    }
  }
}

/**
 * Nobody knows what became of the order. It stays as it is and is asked for; what stands in the way
 * is shown, because a wrong key or a dead network does not go away by waiting.
 */
function afterSilence(payment: Payment, trouble: Failure): Decision {
  const order = payment.order === "unsent" ? "unknown" : payment.order;
  const isNew = codeOf(trouble) !== codeOf(payment.lastError);
  if (payment.order === "open" || !isNew) return quietly({ ...payment, order });
  return { payment: { ...payment, order, lastError: trouble }, visible: true, event: null };
}

/** The channel's own code, which tells one trouble from another. */
const codeOf = (failure: Failure | null): string =>
  failure === null ? "" : JSON.stringify([failure.code, failure.details?.["channel"]]);

/** A signature only proves who spoke: the amount is compared after it, always. */
function checkAmount(payment: Payment, report: PaymentReport): Disbelief | null {
  if (report.amount === null) {
    if (report.state !== "paid") return null;
    return { reason: "amount_missing", message: "the channel did not say what was paid" };
  }
  if (sameMoney(report.amount, payment.amount)) return null;
  return { reason: "amount_mismatch", message: "the amount or currency is not the order's" };
}

function afterReport(
  payment: Payment,
  report: PaymentReport,
  now: number,
): Result<Decision, Disbelief> {
  const disbelief = checkAmount(payment, report);
  if (disbelief !== null) return err(disbelief);
  switch (report.state) {
    case "absent":
    case "open":
      return ok(quietly(payment));
    case "scanning":
    case "authorized":
    case "captured":
      return ok(afterStep(payment, report.state, report.channelTransactionId));
    case "paid":
      return ok(succeed(payment, report, now));
    case "failed":
      return ok(fail(payment, report));
    case "closed":
    case "reversed":
      // The channel may close an order by itself long before the buyer's time is over.
      if (mayChooseAgain(payment) && now < payment.expiresAt) {
        return ok(backToChoice(payment, null));
      }
      return ok(afterClosing(payment, reasonOf(payment, now), report.state === "reversed"));
  }
}

/**
 * Steps of an order that the buyer may still give up for another are skipped: the next order's code
 * has not been scanned, and states only move forward.
 */
function afterStep(
  payment: Payment,
  step: "scanning" | "authorized" | "captured",
  told: string | null,
): Decision {
  if (isTerminal(payment.status)) return quietly(payment);
  const channelTransactionId = told ?? payment.channelTransactionId;
  if (!payment.isAggregate) return move(payment, step, { channelTransactionId });
  return quietly(
    channelTransactionId === payment.channelTransactionId
      ? payment
      : { ...payment, channelTransactionId },
  );
}

/** Also from an unpaid ending: the channel's proof wins over our clock. Never twice. */
function succeed(payment: Payment, report: PaymentReport, now: number): Decision {
  if (payment.reversed) return quietly(payment);
  return move(payment, "succeeded", {
    order: "open",
    closing: null,
    channelTransactionId: report.channelTransactionId ?? payment.channelTransactionId,
    succeededAt: report.paidAt ?? now,
    late: isTerminal(payment.status),
    lastError: null,
  });
}

function fail(payment: Payment, report: PaymentReport): Decision {
  if (isTerminal(payment.status)) return quietly(payment);
  const refusal: Failure = {
    code: "PAYMENT_DECLINED",
    message: `The channel reports ${report.channelStatus}.`,
  };
  if (mayChooseAgain(payment)) return backToChoice(payment, refusal);
  return move(payment, "failed", { closing: null, lastError: refusal });
}

function beginClosing(payment: Payment, reason: ClosingReason): Result<Decision, Disbelief> {
  if (isTerminal(payment.status)) {
    return err({ reason: "not_closable", message: `the payment has ended: ${payment.status}` });
  }
  // A merchant's wish is not overwritten by the deadline that passes meanwhile.
  return ok(quietly(payment.closing === null ? { ...payment, closing: reason } : payment));
}

/** The channel may close it without being asked: by its own deadline, or in its console. */
const reasonOf = (payment: Payment, now: number): ClosingReason =>
  payment.closing ?? (now >= payment.expiresAt ? "expire" : "cancel");

function afterClosing(payment: Payment, reason: ClosingReason, reversed: boolean): Decision {
  if (isTerminal(payment.status)) {
    if (!reversed || payment.reversed) return quietly(payment);
    // Refunds of ours that take the whole of it close the order at some channels too. Kept all the
    // same: should one of them be refused, its share was given back by the channel itself.
    if (payment.status === "succeeded" && refundable(payment) === 0) {
      return quietly({ ...payment, reversed });
    }
    // The success was told, and now the money is gone: merchants must see it.
    return {
      payment: { ...payment, reversed },
      visible: payment.status === "succeeded",
      event: null,
    };
  }
  const status = reason === "expire" ? "expired" : "cancelled";
  return move(payment, status, { closing: null, reversed });
}
