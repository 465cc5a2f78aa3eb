/** Amounts, times, numbers and states: our words in Antom's, and back. Tables as data. */
import type { Money } from "../../money.ts";
import type { ReportedRefundState, ReportedState } from "../adapter.ts";

/** Fields of a reply or a notice. Every scalar on this wire is a string. */
export type Fields = Readonly<Record<string, unknown>>;

/** Minor units of the currency, as ours: JPY, KRW and VND have none. */
export const toAmount = ({ currency, value }: Money) => ({ currency, value: String(value) });

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A member that is an object. */
export const objectOr = (value: unknown): Fields => (isFields(value) ? value : {});

/** A text that is not empty; null for anything else, a missing member included. */
export const textOrNull = (value: unknown): string | null =>
  typeof value === "string" && value !== "" ? value : null;

/** Null for anything but a currency and whole minor units. */
export function fromAmount(value: unknown): Money | null {
  const { currency, value: digits } = objectOr(value);
  if (typeof currency !== "string" || !/^[A-Z]{3}$/.test(currency)) return null;
  if (typeof digits !== "string" || !/^(0|[1-9]\d{0,15})$/.test(digits)) return null;
  const minor = Number(digits);
  return Number.isSafeInteger(minor) ? { currency, value: minor } : null;
}

/** ISO 8601 to the second, in UTC; rounded down, so that a deadline never moves out. */
export const toTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}+00:00`;

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)$/;

/** Milliseconds since 1970; null for anything else. Zones come as `+08:00` and as `+0800`. */
export function fromTime(value: unknown): number | null {
  const match = typeof value === "string" ? TIME.exec(value) : null;
  if (match === null) return null;
  const [, time = "", , zone = ""] = match;
  const ms = Date.parse(time + zone.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2"));
  return Number.isNaN(ms) ? null : ms;
}

/** Antom's numbers (`paymentId`, `refundId`) are short ASCII; anything else is not passed on. */
export const channelNumber = (value: unknown): string | null =>
  typeof value === "string" && /^[\w-]{1,64}$/.test(value) ? value : null;

/** Our numbers, as they come back. */
export const isOurNumber = (value: unknown): value is string =>
  typeof value === "string" && /^[\w-]{1,64}$/.test(value);

const STATES: Readonly<Record<string, ReportedState>> = {
  PROCESSING: "open",
  // The buyer has done something, and the outcome is not known yet (a bank transfer).
  PENDING: "open",
  SUCCESS: "paid",
  FAIL: "failed",
  CANCELLED: "closed",
};

/** Failures that say no more than that time ran out, or that somebody cancelled. */
const ENDED: readonly string[] = ["ORDER_IS_CLOSED", "ORDER_IS_CANCELED"];

/**
 * The state behind a `paymentStatus`; null for a word that is not in the table. A cancelled payment
 * that had been paid is money given back, and stays so whatever a late notice says.
 */
export function stateOf(
  status: string,
  resultCode: unknown,
  wasPaid: boolean,
): ReportedState | null {
  if (status === "CANCELLED" && wasPaid) return "reversed";
  if (status === "FAIL" && ENDED.includes(String(resultCode))) return "closed";
  return Object.hasOwn(STATES, status) ? (STATES[status] ?? null) : null;
}

/** The same for a notice, which has no `paymentStatus`: only F is asked here. */
export const failedState = (resultCode: string): ReportedState =>
  ENDED.includes(resultCode) ? "closed" : "failed";

const REFUND_STATES: Readonly<Record<string, ReportedRefundState>> = {
  PROCESSING: "processing",
  SUCCESS: "succeeded",
  FAIL: "failed",
};

/** Null for a word that is not in the table. */
export const refundStateOf = (status: string): ReportedRefundState | null =>
  Object.hasOwn(REFUND_STATES, status) ? (REFUND_STATES[status] ?? null) : null;
