/** When a payment's object wakes up next. Pure; times in milliseconds. */
import { isTerminal, type PaymentStatus } from "./states.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** An outcome that is not known is asked again (API.md section 2), the last step for ever. */
const UNKNOWN_STEPS = [
  5 * SECOND,
  15 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
];

/** An open order is asked about too: callbacks get lost, and WeChat Pay says polling is a must. */
const OPEN_STEPS = [15 * SECOND, 30 * SECOND, MINUTE, 3 * MINUTE, 5 * MINUTE, 10 * MINUTE];

/** Between two tries to publish what D1 or the queue did not take. */
const PUBLISH_STEPS = [15 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE];

/** Between a scan at the counter and the buyer's yes: everybody is waiting. */
const SCANNED_STEPS = [3 * SECOND, 5 * SECOND];

/** A refund that the channel has accepted takes minutes to a wallet and days to a bank card. */
const REFUND_STEPS = [
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  60 * MINUTE,
  6 * 60 * MINUTE,
];

/** How often something is asked about. */
export type Pace = "unknown" | "open" | "scanned" | "refund";

const STEPS: Readonly<Record<Pace, readonly number[]>> = {
  unknown: UNKNOWN_STEPS,
  open: OPEN_STEPS,
  scanned: SCANNED_STEPS,
  refund: REFUND_STEPS,
};

const step = (steps: readonly number[], attempt: number): number =>
  steps[Math.min(attempt, steps.length - 1)] ?? MINUTE;

/** After about a day of silence something else is wrong: an operator's eye, not more asking. */
export const TIRED_AFTER_ASKS = 150;
const TIRED_STEP = 6 * 60 * MINUTE;

/** How long to wait before asking again, after `attempt` askings since the last news. */
export const askDelay = (pace: Pace, attempt: number): number =>
  attempt >= TIRED_AFTER_ASKS ? TIRED_STEP : step(STEPS[pace], attempt);

/**
 * What was reserved or told to close is looked at again after this time. It is longer than the
 * channel's time-out, so it only finds what died in between, and as long as the first step of the
 * others, so that a payment that goes well sets its alarm once.
 */
export const RECOVER_AFTER_MS = 15 * SECOND;

export const publishDelay = (attempt: number): number => step(PUBLISH_STEPS, attempt);

export interface Wakeable {
  readonly status: PaymentStatus;
  readonly expiresAt: number;
  /** An order that is being closed has no deadline left, only the next asking. */
  readonly closing: boolean;
  /** When the channel should be asked next. */
  readonly askAt: number;
  /** When a refund is to be looked at; null: none is open. */
  readonly afterworkAt: number | null;
  /** When to try to publish again; null when everything is published. */
  readonly publishAt: number | null;
}

/** The time of the one alarm that serves polling, expiry and the outbox; null: nothing is left. */
export function nextWake(payment: Wakeable): number | null {
  const times: number[] = [];
  if (!isTerminal(payment.status)) {
    times.push(payment.closing ? payment.askAt : Math.min(payment.askAt, payment.expiresAt));
  }
  if (payment.afterworkAt !== null) times.push(payment.afterworkAt);
  if (payment.publishAt !== null) times.push(payment.publishAt);
  return times.length === 0 ? null : Math.min(...times);
}

/** The sweeper looks after a payment this long after its deadline: its alarm should have. */
export const SWEEP_GRACE_MS = 5 * MINUTE;
