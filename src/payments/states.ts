/** The state table of a payment (API.md section 2). Pure data. */

export const STATUSES = [
  "pending",
  "qr_generated",
  "scanning",
  "authorized",
  "captured",
  "succeeded",
  "failed",
  "expired",
  "cancelled",
] as const;

export type PaymentStatus = (typeof STATUSES)[number];

const ENDINGS = ["succeeded", "failed", "expired", "cancelled"] as const;

/**
 * From each state, where a payment may go. Steps that a channel does not report are skipped. The
 * three unpaid endings lead to `succeeded` alone, and only on the channel's proof: a late payment.
 */
export const TRANSITIONS: Readonly<Record<PaymentStatus, readonly PaymentStatus[]>> = {
  pending: ["qr_generated", "scanning", "authorized", "captured", ...ENDINGS],
  qr_generated: ["scanning", "authorized", "captured", ...ENDINGS],
  scanning: ["authorized", "captured", ...ENDINGS],
  authorized: ["captured", ...ENDINGS],
  captured: ENDINGS,
  succeeded: [],
  failed: ["succeeded"],
  expired: ["succeeded"],
  cancelled: ["succeeded"],
};

export const mayGo = (from: PaymentStatus, to: PaymentStatus): boolean =>
  TRANSITIONS[from].includes(to);

export const isTerminal = (status: PaymentStatus): boolean =>
  (ENDINGS as readonly PaymentStatus[]).includes(status);

/** Whether a buyer can still scan or follow what the payment shows. */
export const isPayable = (status: PaymentStatus): boolean => !isTerminal(status);
