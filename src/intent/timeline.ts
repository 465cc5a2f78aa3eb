/** Everything that happened to a payment, in order, for the people who look after it. */
import { iso } from "../clock.ts";
import type { JournalEntry } from "./journal.ts";
import type { ChangeRow } from "./record.ts";
import type { RefundView } from "./refund-record.ts";
import type { PaymentIntentView } from "./view.ts";

/** An entry with its time for people; each kind on its own, so that they stay told apart. */
type Shown<E> = E extends unknown ? Omit<E, "at"> & { readonly at: string } : never;

export interface ChangeEntry {
  readonly type: "change";
  readonly at: string;
  readonly sequence: number;
  readonly status: string;
  /** The event that it raised, if any. */
  readonly event: string | null;
  readonly event_id: string | null;
  /** The refund that changed; null: the payment itself did. */
  readonly refund: string | null;
  readonly request_id: string | null;
}

export type TimelineEntry = ChangeEntry | Shown<JournalEntry>;

export interface Timeline {
  readonly payment: PaymentIntentView;
  readonly refunds: readonly RefundView[];
  /** Oldest first. */
  readonly entries: readonly TimelineEntry[];
}

/** @param eventId the id of the event that a change raised */
export async function changeEntry(
  { sequence, type, at, request_id, snapshot, refund }: ChangeRow,
  eventId: (sequence: number) => Promise<string>,
): Promise<ChangeEntry> {
  const shown = JSON.parse(refund ?? snapshot) as { id: string; status: string };
  return {
    type: "change",
    at: iso(at),
    sequence,
    status: shown.status,
    event: type,
    event_id: type === null ? null : await eventId(sequence),
    refund: refund === null ? null : shown.id,
    request_id,
  };
}

export const journalEntry = (entry: JournalEntry): Shown<JournalEntry> => ({
  ...entry,
  at: iso(entry.at),
});

/** A call stands where it began, before what it changed; else in the order of writing. */
export const inOrder = (entries: readonly TimelineEntry[]): TimelineEntry[] =>
  entries.toSorted((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)));
