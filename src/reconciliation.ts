/** What can be amiss between a channel's books and ours, and what people have done about it. */

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
