/**
 * Who is who at the simulated Antom: client IDs, made from the account's id, and payment numbers,
 * made from the order's. The same input always gives the same number.
 */
import { chinaClock, nextChinaDay } from "../../../sandbox/china-time.ts";
import { checkDigits, digits } from "../../../sandbox/numbers.ts";

export const CHANNEL = "antom";

/** Like those of Antom's own sandbox, which send callers to its sandbox paths. */
const CLIENT_PREFIX = "SANDBOX_5Y";

export function clientIdOf(accountId: string): string {
  const body = digits(`client:${accountId}`, 13);
  return CLIENT_PREFIX + body + checkDigits(body);
}

/** Whether an ID was made by {@link clientIdOf}: such clients use the sandbox's own keys. */
export function isSandboxClient(clientId: string): boolean {
  const body = clientId.slice(CLIENT_PREFIX.length, -2);
  return (
    clientId.startsWith(CLIENT_PREFIX) &&
    /^\d{13}$/.test(body) &&
    clientId.endsWith(checkDigits(body))
  );
}

const NUMBER_DIGITS = 16;

/** Antom's number of a payment. It holds the order's, because orders are found by that alone. */
export const paymentIdOf = (clientId: string, orderNumber: string): string =>
  digits(`payment:${clientId}:${orderNumber}`, NUMBER_DIGITS) + orderNumber;

/** The order behind Antom's number; null for a number of any other client or of nobody. */
export function orderNumberOf(clientId: string, paymentId: string): string | null {
  const orderNumber = paymentId.slice(NUMBER_DIGITS);
  return paymentIdOf(clientId, orderNumber) === paymentId ? orderNumber : null;
}

/** Times are in GMT+8, with the zone. */
export const writeTime = (ms: number): string => `${chinaClock(ms)}+08:00`;

/** ISO 8601 with a zone as milliseconds since 1970; null for any other text. */
export function readTime(text: string): number | null {
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const ms = isTime ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** Payments can be cancelled until 00:15 (GMT+8) of the next day. */
export const cancellableUntil = (createdAt: number): number =>
  nextChinaDay(createdAt) + 15 * 60_000;
