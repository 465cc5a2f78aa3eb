/**
 * What people can have done about an exception. Each is done once, however often it is asked for:
 * money moves under names that are made of the exception, and what was done is written down under
 * its own words, which are not written twice. What moves money is announced in the notes before and
 * told after, so that a crash in between leaves its trace.
 */
import { type Failure, failure } from "../errors.ts";
import { orderNumberOf, paymentOfOrder } from "../ids.ts";
import type { Answer } from "../intent/answers.ts";
import { intentObject } from "../intent/client.ts";
import type { ChannelWord, Inquiry } from "../intent/inquiry.ts";
import type { RefundView } from "../intent/refund-record.ts";
import type { PaymentIntentView } from "../intent/view.ts";
import { formatMoney, type Money, sameMoney } from "../money.ts";
import type { Owner } from "../owner.ts";
import { err, ok, type Result } from "../result.ts";
import { entryOf } from "../settlement/ledger.ts";
import { database } from "../store/db.ts";
import {
  adjustException,
  type ExceptionRow,
  findException,
  MAX_NOTES,
  noteAction,
} from "../store/exceptions.ts";
import type { Trace } from "../trace.ts";
import {
  actionsFor,
  evidenceOf,
  type ExceptionAction,
  isOpen,
  type ShownSide,
  subjectOf,
} from "./exception-view.ts";

/** Who does something about which exception. */
export interface Deed {
  readonly env: Env;
  readonly owner: Owner;
  readonly row: ExceptionRow;
  /** Who asks for it, as notes name people. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly trace: Trace;
}

/** The exception afterwards, or why nothing was done. */
type Done = Promise<Result<ExceptionRow, Failure>>;

const REASONS: Readonly<Record<ExceptionAction, string>> = {
  ask_channel: "It names no payment of yours that the channel could be asked about.",
  refund:
    "There is no payment here that can be refunded: give a second payment, or one that is not " +
    "yours, back in the channel's console.",
  accept_late:
    "Only a payment that the channel's own file calls paid, and that is not paid here, can be " +
    "accepted; an uploaded file is not the channel's word: ask the channel.",
  adjust: "It was adjusted before; each exception is adjusted once.",
};

/** Why an action cannot be done now; null: it can. */
export function refusalOf(row: ExceptionRow, action: ExceptionAction): Failure | null {
  if (!isOpen(row)) {
    const message = `The exception is ${row.state}; nothing more is done about it.`;
    return failure("INVALID_STATE", message, { state: row.state });
  }
  // A repeat of an adjustment is answered, not refused.
  if (action === "adjust") return null;
  if (!actionsFor(row).includes(action)) return failure("INVALID_STATE", REASONS[action]);
  if (row.notes.length < MAX_NOTES) return null;
  return failure("INVALID_STATE", `It has ${MAX_NOTES} notes; close it.`, { notes: MAX_NOTES });
}

const GONE = failure("NOT_FOUND", "No such exception.");

/** Writes down what was done. @param ends whether that settles it */
async function told(
  { env, owner, row, by, now }: Deed,
  action: ExceptionAction,
  text: string,
  ends = false,
): Done {
  const note = { at: now, by, text, action };
  const state = ends ? "resolved" : "acknowledged";
  const after = await noteAction(database(env.DB), owner, row.id, { state, note });
  return after === null ? err(GONE) : ok(after);
}

const spoken = ({ channelStatus, amount }: ChannelWord): string =>
  amount === null ? channelStatus : `${channelStatus}, ${formatMoney(amount)}`;

/** Whether the channel's books and ours say the same now. The merchant's own are not asked. */
function agree(row: ExceptionRow, word: ChannelWord, status: string, amount: Money): boolean {
  const { kind, channel, channel_transaction_id: seen, merchant } = evidenceOf(row);
  const isSettled =
    kind === "status_mismatch" ||
    kind === "amount_mismatch" ||
    kind === "currency_mismatch" ||
    kind === "missing_at_channel";
  if (!isSettled || word.amount === null || !sameMoney(word.amount, amount)) return false;
  // Its books hold something else that is not right yet.
  if (merchant !== null && !(merchant.status === status && sameMoney(merchant.amount, amount))) {
    return false;
  }
  // Other money than what was found: that may still lie around.
  if (channel !== null && seen !== null && seen !== word.transactionId) return false;
  const isDone = (word.state === "paid" || word.state === "succeeded") && status === "succeeded";
  const hasFailed = word.state === "failed" && status === "failed";
  return isDone || (hasFailed && channel === null);
}

/** Asks the channel now. Closes the exception when the channel and we agree by that. */
export async function askChannel(deed: Deed): Done {
  const { env, owner, row, trace } = deed;
  const { payment, refund } = subjectOf(row);
  if (payment === null) return err(failure("INVALID_STATE", REASONS.ask_channel));
  const answer: Result<Inquiry, Failure> = await intentObject(env, payment).inquire(
    owner,
    refund,
    trace,
  );
  if (!answer.ok) return answer;
  const { word, view } = answer.value;
  const { status, amount } = JSON.parse(view) as Pick<PaymentIntentView, "status" | "amount">;
  const what = refund === null ? "payment" : "refund";
  const here = `The ${what} is ${status} here, with ${formatMoney(amount)}.`;
  if (word === null) return told(deed, "ask_channel", `Nothing was ordered at a channel. ${here}`);
  const ends = agree(row, word, status, amount);
  const text = `The channel says: ${spoken(word)}. ${here}${ends ? " That is the same." : ""}`;
  return told(deed, "ask_channel", text, ends);
}

/** RPC's types lose the kind of answer that holds unknown details. */
const asked = (answer: Promise<Answer>): Promise<Answer> => answer;

export interface RefundWish {
  /** Null: all that is left. */
  readonly amount: Money | null;
  readonly reason: string | null;
}

/**
 * Refunds the payment, once for the exception: whoever asks again gets the same refund. One that the
 * channel refused stays refused here; another is made as any refund is.
 */
export async function refundPayment(deed: Deed, { amount, reason }: RefundWish): Done {
  const { env, owner, row, trace } = deed;
  const { payment } = subjectOf(row);
  if (payment === null) return err(failure("INVALID_STATE", REASONS.refund));
  const wanted = amount === null ? "what is left of the payment" : formatMoney(amount);
  await told(deed, "refund", `Refunding ${wanted}.`);
  const terms = { requestKey: row.id, amount, reason, revoke: null };
  const answer = await asked(intentObject(env, payment).refund(owner, terms, trace));
  if (answer.kind === "failure") {
    await told(deed, "refund", `Not refunded: ${answer.failure.message}`);
    return err(answer.failure);
  }
  const refund = JSON.parse(answer.body) as RefundView;
  const text = `Refund ${refund.id} of ${formatMoney(refund.amount)} is ${refund.status}.`;
  const after = await told(deed, "refund", text);
  if (amount === null || sameMoney(amount, refund.amount)) return after;
  const message = "This exception was refunded before, with another amount.";
  return err(failure("INVALID_STATE", message, { refund: refund.id, amount: refund.amount }));
}

/** The order that the channel's line names. It may be one that the buyer has left. */
const orderOf = (payment: string, { reference }: ShownSide): string =>
  reference !== null && paymentOfOrder(reference) === payment
    ? reference
    : orderNumberOf(payment, 1);

const PAID_WORDS = new Set(["succeeded", "paid", "success", "trade_success", "trade_finished"]);

/**
 * A payment that the channel has as paid and we have not: the channel's line is the proof, by the
 * same door as a callback. Attack: a line of another amount or currency, or of another account's
 * order, that would make a dear payment of a cheap one.
 */
export async function acceptLate(deed: Deed): Done {
  const { env, owner, row, trace } = deed;
  const { payment } = subjectOf(row);
  const { channel, channel_transaction_id: seen } = evidenceOf(row);
  if (payment === null || channel === null || !PAID_WORDS.has(channel.status.toLowerCase())) {
    return err(failure("INVALID_STATE", REASONS.accept_late));
  }
  const object = intentObject(env, payment);
  const before = await readOwned(object, owner);
  if (before === null) return err(failure("PAYMENT_INTENT_NOT_FOUND", "No such payment intent."));
  if (!sameMoney(before.amount, channel.amount)) {
    const message = "What the channel has is not what was ordered; it cannot be accepted.";
    const details = { ordered: before.amount, received: channel.amount };
    return err(failure("INVALID_STATE", message, details));
  }
  await told(deed, "accept_late", `Accepting ${formatMoney(channel.amount)} as paid.`);
  const report = {
    paymentId: orderOf(payment, channel),
    state: "paid" as const,
    amount: channel.amount,
    channelTransactionId: channel.transaction_id ?? seen,
    paidAt: channel.paid_at === null ? null : Date.parse(channel.paid_at),
    channelStatus: channel.status,
  };
  const heard = await object.report(row.channel_account, report, trace);
  const after = await readOwned(object, owner);
  if (!heard.ok || heard.value === "exception" || after?.status !== "succeeded") {
    const why = heard.ok ? `the payment is ${after?.status ?? "gone"}` : heard.error;
    await told(deed, "accept_late", `Not accepted: ${why}.`);
    return err(failure("INVALID_STATE", `The payment does not take it: ${why}.`));
  }
  const text = `Accepted: the payment is succeeded, with ${formatMoney(after.amount)}.`;
  return told(deed, "accept_late", text, true);
}

async function readOwned(
  object: { getOwned(owner: Owner): Promise<string | null> },
  owner: Owner,
): Promise<PaymentIntentView | null> {
  const json = await object.getOwned(owner);
  return json === null ? null : (JSON.parse(json) as PaymentIntentView);
}

export interface Adjustment {
  /** `up`: the channel holds more than our books say. */
  readonly direction: "up" | "down";
  readonly amount: Money;
  readonly memo: string;
}

/**
 * Corrects our books by an entry of the ledger. The entry and its note are one transaction, and there
 * is one for each exception: the same again is answered, another is refused.
 */
export async function adjustBooks(deed: Deed, { direction, amount, memo }: Adjustment): Done {
  const { env, owner, row, by, now } = deed;
  const text = `Booked ${formatMoney(amount)} ${direction}: ${memo}`;
  const entry = entryOf(
    {
      kind: direction === "up" ? "adjustment" : "adjustment_down",
      merchantId: owner.merchantId,
      livemode: owner.livemode,
      channelAccount: row.channel_account,
      at: now,
      currency: amount.currency,
      value: amount.value,
      cause: row.id,
      memo,
    },
    now,
  );
  const note = { at: now, by, text, action: "adjust" };
  const db = database(env.DB);
  const after = await adjustException(db, owner, row.id, { entry, note });
  if (after !== null) return ok(after);
  const present = await findException(db, owner, row.id);
  if (present === null) return err(GONE);
  const isSame = present.notes.some((known) => known.action === "adjust" && known.text === text);
  return isSame ? ok(present) : err(failure("INVALID_STATE", REASONS.adjust));
}
