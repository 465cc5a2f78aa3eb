/** When a webhook is tried again, and when it is given up: pure, from API.md section 6. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The wait after the first, second, … failed attempt; the last one repeats. */
export const WAITS_MS: readonly number[] = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  8 * HOUR,
  12 * HOUR,
];

/** A delivery is tried for this long after it was made. */
export const LIFETIME_MS = 30 * DAY;

/** Waits vary by this share both ways, so that a receiver that comes back is not stampeded. */
export const JITTER = 0.1;

/** A receiver may ask for a longer wait, up to this. */
export const RETRY_AFTER_LIMIT_MS = DAY;

/** Waits up to this are delayed queue messages; longer ones wait in D1 for the minute cron. */
export const QUEUE_WAIT_LIMIT_MS = 15 * MINUTE;

/**
 * How long the queue has for a delivery before the cron takes its message for lost and feeds it
 * again. Long, because a queue with a backlog must not be given the same work every minute.
 */
export const LOST_AFTER_MS = 30 * MINUTE;

/** When the cron should feed a delivery that is due at `nextAttemptAt`. */
export const feedTime = (nextAttemptAt: number, now: number): number =>
  nextAttemptAt - now > QUEUE_WAIT_LIMIT_MS ? nextAttemptAt : nextAttemptAt + LOST_AFTER_MS;

/** An endpoint with nothing but failures for this long is switched off. */
export const FAILING_LIMIT_MS = 5 * DAY;

export interface Answer {
  /** HTTP status, or null when there was no answer. */
  readonly status: number | null;
  /** The `Retry-After` header as it came. */
  readonly retryAfter: string | null;
}

export interface Circumstances {
  /** Attempts made, this one included. */
  readonly attempts: number;
  /** When the delivery was made. All times are milliseconds since 1970. */
  readonly createdAt: number;
  readonly now: number;
  /** From 0 to 1, random. */
  readonly fraction: number;
}

export type Verdict =
  | { readonly state: "delivered" }
  | { readonly state: "pending"; readonly nextAttemptAt: number }
  | { readonly state: "exhausted" }
  /** The receiver said that it is gone for good. */
  | { readonly state: "cancelled" };

/** What an attempt means. Only 2xx is a success; a redirect is a failure like any other. */
export function judge(answer: Answer, circumstances: Circumstances): Verdict {
  const { status } = answer;
  if (status !== null && status >= 200 && status < 300) return { state: "delivered" };
  if (status === 410) return { state: "cancelled" };
  const { attempts, createdAt, now, fraction } = circumstances;
  const end = createdAt + LIFETIME_MS;
  if (now >= end) return { state: "exhausted" };
  const base = WAITS_MS[Math.min(attempts, WAITS_MS.length) - 1] ?? 0;
  const wait = Math.round(base * (1 - JITTER + 2 * JITTER * fraction));
  const asked = parseRetryAfter(answer.retryAfter, now);
  // The last try is at the end of the lifetime, unless the receiver asked for a later one.
  return { state: "pending", nextAttemptAt: Math.max(Math.min(now + wait, end), now + asked) };
}

const HTTP_DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Milliseconds that a `Retry-After` header (RFC 9110 section 10.2.3) asks for, 0 when it says
 * nothing usable. Capped, or a receiver could silence its endpoint past every limit.
 */
export function parseRetryAfter(header: string | null, now: number): number {
  const text = header?.trim() ?? "";
  const ms = /^\d{1,10}$/.test(text)
    ? Number(text) * SECOND
    : HTTP_DATE.test(text)
      ? Date.parse(text) - now
      : 0;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), RETRY_AFTER_LIMIT_MS);
}
