/** The only place that reads the time. Everything else is handed a `Clock` or a `now`. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** RFC 3339 in UTC with milliseconds, the form of every time on the wire. */
export const iso = (ms: number): string => new Date(ms).toISOString();

/** As {@link iso}, and null stays null. */
export const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));
