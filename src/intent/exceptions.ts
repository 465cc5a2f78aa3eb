/**
 * Money that arrived and does not fit what was ordered: nothing is changed by it, and it must not
 * be forgotten. Each becomes an exception record and an event, under ids made of what was seen, so
 * that a notification which is repeated raises it once.
 */
import type { PaymentReport, RefundReport } from "../channels/adapter.ts";
import { isoOrNull } from "../clock.ts";
import { idKeyOf } from "../crypto/id-key.ts";
import { buildEvent } from "../envelope.ts";
import { derivedId } from "../ids.ts";
import type { PublishedEvents } from "../messages.ts";
import { formatMoney, type Money, sameMoney } from "../money.ts";
import type { Failure } from "../errors.ts";
import { untouched } from "../reconciliation.ts";
import type { ChannelOrder, IntentRecord, OrderedRecord } from "./record.ts";
import type { RefundRecord } from "./refund-record.ts";

/** Where the money went that nobody expected. */
export interface Misfit {
  readonly kind:
    | "amount_mismatch"
    | "currency_mismatch"
    | "status_mismatch"
    | "duplicate"
    | "missing_at_gateway";
  readonly merchantId: string;
  readonly livemode: boolean;
  readonly accountId: string;
  /** Null: no payment of ours has this reference. */
  readonly paymentId: string | null;
  readonly channelTransactionId: string | null;
  readonly channel: {
    readonly amount: Money;
    readonly status: string;
    /** What the payer wrote, or our number of the refund. */
    readonly reference?: string;
    /** Milliseconds since 1970. */
    readonly paidAt: number | null;
  };
  readonly gateway: { readonly amount: Money; readonly status: string } | null;
  readonly explanation: string;
  readonly proposedFix: string;
}

const DUPLICATE = {
  kind: "duplicate",
  explanation:
    "The channel reports a second payment for an order that was paid before. It was not counted.",
  proposedFix: "Give the second payment back in the channel's console.",
} as const;

/** What is wrong with a payment that the channel reports; null: it is the order's own. */
function flawOf({ order, payment }: IntentRecord, report: PaymentReport, amount: Money) {
  if (!sameMoney(amount, payment.amount)) {
    const sameCurrency = amount.currency === payment.amount.currency;
    return {
      kind: sameCurrency ? ("amount_mismatch" as const) : ("currency_mismatch" as const),
      explanation:
        `The channel reports a payment of ${formatMoney(amount)} for an order of ` +
        `${formatMoney(payment.amount)}. The payment was not marked as paid.`,
      proposedFix: "Check the payment in the channel's console; accept it there or give it back.",
    };
  }
  const { channelTransactionId: known } = payment;
  const told = report.channelTransactionId;
  const other = known !== null && told !== null && known !== told;
  const second = payment.status === "succeeded" && (other || report.paymentId !== order?.number);
  return second ? DUPLICATE : null;
}

/**
 * Money that does not fit: of another amount or currency than was ordered, or paid a second time (a
 * printed bank code can be paid by anybody, again and again; an order that the buyer has left may be
 * paid beside the one that took its place).
 */
export function misfitOf(
  record: IntentRecord,
  { accountId }: ChannelOrder,
  report: PaymentReport,
): Misfit | null {
  const { payment } = record;
  const { amount } = report;
  if (report.state !== "paid" || amount === null) return null;
  const flaw = flawOf(record, report, amount);
  if (flaw === null) return null;
  return {
    ...seenAt(record, accountId),
    ...flaw,
    channelTransactionId: report.channelTransactionId,
    channel: { amount, status: report.channelStatus, paidAt: report.paidAt },
    gateway: { amount: payment.amount, status: payment.status },
  };
}

type Seen = Pick<Misfit, "merchantId" | "livemode" | "accountId" | "paymentId">;

const seenAt = ({ terms }: IntentRecord, accountId: string): Seen => ({
  merchantId: terms.merchantId,
  livemode: terms.livemode,
  accountId,
  paymentId: terms.id,
});

/** News about a refund that contradicts what is known of it: its share may be spent already. */
export function refundMisfit(
  record: OrderedRecord,
  { id, refund }: RefundRecord,
  report: RefundReport,
): Misfit {
  const amount = report.amount ?? refund.amount;
  return {
    ...seenAt(record, record.order.accountId),
    kind: sameMoney(amount, refund.amount) ? "status_mismatch" : "amount_mismatch",
    channelTransactionId: report.channelRefundId,
    channel: { amount, status: report.channelStatus, reference: id, paidAt: report.refundedAt },
    gateway: { amount: refund.amount, status: refund.status },
    explanation:
      `The channel says ${report.channelStatus} of a refund of ${formatMoney(amount)}, which is ` +
      `${refund.status} here with ${formatMoney(refund.amount)}. Nothing was changed.`,
    proposedFix: "Look the refund up in the channel's console before you refund any more of it.",
  };
}

/** A late payment that the account's policy gives back, and that could not be given back. */
export const keptLate = (record: OrderedRecord, why: Failure): Misfit => ({
  ...seenAt(record, record.order.accountId),
  kind: "status_mismatch",
  channelTransactionId: record.payment.channelTransactionId,
  channel: { amount: record.payment.amount, status: "paid", paidAt: record.payment.succeededAt },
  gateway: { amount: record.payment.amount, status: record.payment.status },
  explanation:
    "The payment arrived after it had ended. The account's late_payment policy gives such money " +
    `back, and the refund could not be made: ${why.message}`,
  proposedFix: "Give the money back in the channel's console, or deliver what was ordered.",
});

/** It was told, not read in a statement. */
const NO_LINE = {
  fee: null,
  paid_at: null,
  reference: null,
  transaction_id: null,
  file: null,
  line: null,
  origin: null,
};

/** The exception as merchants see it, and the event that tells them, as one queue message. */
async function exceptionMessage(
  env: Pick<Env, "ID_KEY">,
  misfit: Misfit,
  now: number,
  sequence: number,
  requestId: string | null,
): Promise<PublishedEvents> {
  const key = await idKeyOf(env.ID_KEY);
  const { amount, status, paidAt, reference } = misfit.channel;
  const seen = [
    misfit.accountId,
    misfit.paymentId ?? reference ?? "",
    misfit.channelTransactionId ?? "",
    amount.currency,
    String(amount.value),
    ...(misfit.paymentId === null || reference === undefined ? [] : [reference, misfit.kind]),
  ];
  const id = await derivedId("exception", key, seen);
  const view = {
    id,
    object: "reconciliation_exception" as const,
    livemode: misfit.livemode,
    run: null,
    kind: misfit.kind,
    state: "open" as const,
    payment_intent: misfit.paymentId,
    channel_account: misfit.accountId,
    channel_transaction_id: misfit.channelTransactionId,
    channel: {
      ...NO_LINE,
      amount,
      status,
      paid_at: isoOrNull(paidAt),
      reference: reference ?? null,
      transaction_id: misfit.channelTransactionId,
    },
    gateway: misfit.gateway === null ? null : { ...NO_LINE, ...misfit.gateway },
    merchant: null,
    explanation: misfit.explanation,
    proposed_fix: misfit.proposedFix,
    ...untouched(misfit.kind, now),
  };
  return {
    merchant_id: misfit.merchantId,
    livemode: misfit.livemode,
    events: [
      buildEvent({
        id: await derivedId("event", key, ["exception", id]),
        type: "reconciliation.exception",
        livemode: misfit.livemode,
        sequence,
        createdAt: now,
        requestId,
        data: view,
      }),
    ],
    exceptions: [
      {
        id,
        kind: misfit.kind,
        payment_intent: misfit.paymentId,
        channel_account: misfit.accountId,
        reference: misfit.paymentId ?? reference ?? null,
        created_at: now,
        snapshot: JSON.stringify(view),
      },
    ],
  };
}

/**
 * Writes it down: sends the exception and its event on their way. Throws when the queue is away.
 * @param sequence of the payment; 1 where there is none
 */
export const writeDown = async (
  env: Pick<Env, "EVENTS" | "ID_KEY">,
  misfit: Misfit,
  now: number,
  sequence: number,
  requestId: string | null,
): Promise<void> => {
  await env.EVENTS.send(await exceptionMessage(env, misfit, now, sequence, requestId));
};
