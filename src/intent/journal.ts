/**
 * What was said between a payment and its channel: for the people who have to find out what went
 * wrong. Redacted and cut before it is kept. It travels with the next write of the payment's row, so
 * that it costs no row of its own.
 */
import type { Outcome } from "../channels/adapter.ts";
import type { Exchange } from "../channels/exchange-log.ts";

export interface ChannelCallEntry {
  readonly type: "channel_call";
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly channel: string;
  readonly operation: string;
  readonly outcome: Outcome<unknown>["kind"];
  /** The channel's own code; empty when all went well. */
  readonly code: string;
  readonly duration_ms: number;
  readonly exchanges: readonly Exchange[];
}

export interface CallbackEntry {
  readonly type: "callback";
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly channel: string;
  readonly outcome: "changed" | "known" | "exception" | "refused";
  /** The channel's own word for the state. */
  readonly status: string;
  readonly detail: string;
  readonly request_id: string | null;
}

export type JournalEntry = ChannelCallEntry | CallbackEntry;

const FIRST_KEPT = 10;
const LAST_KEPT = 30;

/** The first ones say how it began, the last ones how it stands; a long wait in between is cut. */
export const appended = (
  journal: readonly JournalEntry[],
  entries: readonly JournalEntry[],
): JournalEntry[] => {
  const all = [...journal, ...entries];
  return all.length <= FIRST_KEPT + LAST_KEPT
    ? all
    : [...all.slice(0, FIRST_KEPT), ...all.slice(-LAST_KEPT)];
};
