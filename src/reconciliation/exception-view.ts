/** An exception as the API shows it: as it was raised, and what people have done about it since. */
import { iso, isoOrNull } from "../clock.ts";
import { isId, paymentOfRefund } from "../ids.ts";
import type { Money } from "../money.ts";
import type { EXCEPTION_KINDS } from "../reconciliation.ts";
import { type ExceptionRow, OPEN_STATES } from "../store/exceptions.ts";

export const EXCEPTION_ACTIONS = ["ask_channel", "refund", "accept_late", "adjust"] as const;

export type ExceptionAction = (typeof EXCEPTION_ACTIONS)[number];

/** What one side says, as it was written down. What was found while it happened says less. */
export interface ShownSide {
  readonly amount: Money;
  readonly status: string;
  /** Minor units; negative: given back. */
  readonly fee: number | null;
  readonly paid_at: string | null;
  readonly reference: string | null;
  readonly transaction_id: string | null;
  readonly file: string | null;
  readonly line: number | null;
  /** Where the file came from; null: the side told us itself. */
  readonly origin: "download" | "upload" | null;
}

type StoredSide = Pick<ShownSide, "amount" | "status"> & Partial<ShownSide>;

/** The part of a snapshot that is read. It is what was seen then, and never changes. */
interface Snapshot {
  readonly kind: (typeof EXCEPTION_KINDS)[number];
  readonly channel_transaction_id?: string | null;
  readonly channel?: StoredSide | null;
  readonly gateway?: StoredSide | null;
  readonly merchant?: StoredSide | null;
  readonly explanation: string;
  readonly proposed_fix: string;
}

const shownSide = (side: StoredSide | null | undefined): ShownSide | null =>
  side === null || side === undefined
    ? null
    : {
        amount: side.amount,
        status: side.status,
        fee: side.fee ?? null,
        paid_at: side.paid_at ?? null,
        reference: side.reference ?? null,
        transaction_id: side.transaction_id ?? null,
        file: side.file ?? null,
        line: side.line ?? null,
        origin: side.origin ?? null,
      };

/** What was seen when it was raised. */
export function evidenceOf(row: Pick<ExceptionRow, "snapshot">) {
  const stored = JSON.parse(row.snapshot) as Snapshot;
  return {
    kind: stored.kind,
    channel_transaction_id: stored.channel_transaction_id ?? null,
    channel: shownSide(stored.channel),
    gateway: shownSide(stored.gateway),
    merchant: shownSide(stored.merchant),
    explanation: stored.explanation,
    proposed_fix: stored.proposed_fix,
  };
}

/** Which payment and which refund of ours it is about; null: none. */
export interface Subject {
  readonly payment: string | null;
  readonly refund: string | null;
}

export function subjectOf(row: ExceptionRow): Subject {
  const { channel, gateway } = evidenceOf(row);
  const names = [row.reference, gateway?.reference, channel?.reference];
  const refund = names.find((name) => typeof name === "string" && isId("refund", name)) ?? null;
  return { payment: row.payment_intent ?? paymentOfRefund(refund ?? ""), refund };
}

export const isOpen = ({ state }: Pick<ExceptionRow, "state">): boolean =>
  (OPEN_STATES as readonly ExceptionRow["state"][]).includes(state);

/** What a line can say of a payment besides that it was made. */
const UNPAID_LINES = new Set(["processing", "failed", "reversed"]);

/**
 * What can be done about it, in the order of what is tried first. A payment is accepted by the
 * channel's own word. Attack: a line of an upload, which the merchant may have written. A second
 * payment is not ours to give back: a refund would take the first.
 */
export function actionsFor(row: ExceptionRow): ExceptionAction[] {
  if (!isOpen(row)) return [];
  const { kind, channel, gateway } = evidenceOf(row);
  const { payment, refund } = subjectOf(row);
  const isPayment = payment !== null && refund === null;
  const isSaidPaid =
    channel !== null && channel.origin !== "upload" && !UNPAID_LINES.has(channel.status);
  const isLate =
    isPayment && kind === "status_mismatch" && isSaidPaid && gateway?.status !== "succeeded";
  return [
    ...(payment === null ? [] : (["ask_channel"] as const)),
    ...(isLate ? (["accept_late"] as const) : []),
    ...(isPayment && kind !== "duplicate" ? (["refund"] as const) : []),
    ...(row.notes.some(({ action }) => action === "adjust") ? [] : (["adjust"] as const)),
  ];
}

/** For lists: without the notes. @param now milliseconds since 1970 */
export const showException = (row: ExceptionRow, now: number) => ({
  id: row.id,
  object: "reconciliation_exception" as const,
  livemode: row.livemode,
  run: row.run_id,
  state: row.state,
  payment_intent: row.payment_intent,
  channel_account: row.channel_account,
  ...evidenceOf(row),
  assignee: row.assignee,
  age_seconds: Math.max(0, Math.floor(((row.resolved_at ?? now) - row.created_at) / 1_000)),
  due_at: iso(row.due_at),
  overdue: isOpen(row) && row.due_at <= now,
  created_at: iso(row.created_at),
  updated_at: iso(row.updated_at),
  resolved_at: isoOrNull(row.resolved_at),
});

/** The whole of it. @param now milliseconds since 1970 */
export const showWhole = (row: ExceptionRow, now: number) => ({
  ...showException(row, now),
  actions: actionsFor(row),
  notes: row.notes.map((note) => ({ ...note, at: iso(note.at) })),
});
