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

/** Longest word of a channel (a code, a state) that is kept, in characters. */
const LONGEST_WORD = 200;

/** Most exchanges of one call that are kept: a token, the call, and each once more. */
const MOST_EXCHANGES = 4;

/** As JSON, in characters. With it the payment's row stays far below the 2 MB that a row may have. */
const LONGEST_JOURNAL = 400_000;

const word = (text: string): string =>
  text.length > LONGEST_WORD ? `${text.slice(0, LONGEST_WORD)}…` : text;

/** Attack: a channel's reply whose words would fill the payment's row, which then takes no payment. */
const fitted = (entry: JournalEntry): JournalEntry =>
  entry.type === "callback"
    ? { ...entry, status: word(entry.status), detail: word(entry.detail) }
    : { ...entry, code: word(entry.code), exchanges: entry.exchanges.slice(-MOST_EXCHANGES) };

/**
 * The first ones say how it began, the last ones how it stands; a long wait in between is cut, and
 * more of the middle where the entries are long.
 */
export function appended(
  journal: readonly JournalEntry[],
  entries: readonly JournalEntry[],
): JournalEntry[] {
  const all = [...journal, ...entries.map(fitted)];
  const kept =
    all.length <= FIRST_KEPT + LAST_KEPT
      ? all
      : [...all.slice(0, FIRST_KEPT), ...all.slice(-LAST_KEPT)];
  const sizes = kept.map((entry) => JSON.stringify(entry).length);
  let size = sizes.reduce((sum, each) => sum + each, 0);
  while (size > LONGEST_JOURNAL && kept.length > 1) {
    const at = Math.min(FIRST_KEPT, kept.length - 2);
    kept.splice(at, 1);
    size -= sizes.splice(at, 1)[0] ?? 0;
  }
  return kept;
}
