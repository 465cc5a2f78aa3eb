/** What can be amiss between a channel's books and ours, and what people have done about it. */

import { iso } from "./clock.ts";

export const EXCEPTION_KINDS = [
  "amount_mismatch",
  "currency_mismatch",
  "status_mismatch",
  "fee_mismatch",
  "duplicate",
  "missing_at_channel",
  "missing_at_gateway",
  "missing_at_merchant",
] as const;

export const EXCEPTION_STATES = ["open", "acknowledged", "resolved", "written_off"] as const;

const HOUR_MS = 3_600_000;

/** How soon somebody should have looked, by kind (milliseconds): money that may be gone comes first. */
export const EXCEPTION_SLA_MS: Readonly<Record<(typeof EXCEPTION_KINDS)[number], number>> = {
  amount_mismatch: 24 * HOUR_MS,
  currency_mismatch: 24 * HOUR_MS,
  status_mismatch: 24 * HOUR_MS,
  fee_mismatch: 72 * HOUR_MS,
  duplicate: 24 * HOUR_MS,
  missing_at_channel: 24 * HOUR_MS,
  missing_at_gateway: 24 * HOUR_MS,
  missing_at_merchant: 72 * HOUR_MS,
};

/**
 * The part of an exception's public JSON that people change, as it begins.
 * @param now milliseconds since 1970
 */
export const untouched = (kind: (typeof EXCEPTION_KINDS)[number], now: number) => ({
  assignee: null,
  age_seconds: 0,
  due_at: iso(now + EXCEPTION_SLA_MS[kind]),
  overdue: false,
  created_at: iso(now),
  updated_at: iso(now),
  resolved_at: null,
});
