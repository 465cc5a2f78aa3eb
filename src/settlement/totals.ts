/**
 * What an account's day should bring to the merchant's bank: the channel's own totals where it
 * sends statements, else what is in our books. Pure.
 */
import type { StatementLine } from "../channels/statement/line.ts";
import { DAY_MS, startOfDay } from "../days.ts";

/** The totals of a day in one currency, minor units; payments and refunds are counted. */
export interface DayTotals {
  readonly currency: string;
  readonly payments: number;
  readonly gross: number;
  readonly refunds: number;
  readonly refunded: number;
  /** What the channel kept, less what it gave back of that; null: not known. */
  readonly channel_fee: number | null;
}

/** Days after the day of the payments on which a channel pays out: T+1 where nothing else is said. */
const PAYOUT_DAYS: Readonly<Record<string, number>> = { wechat: 1, alipay: 1 };

const DEFAULT_PAYOUT_DAYS = 1;

/**
 * The beginning of the day on which the money should arrive, by the channel's clock. Bank holidays
 * are not known here.
 * @returns milliseconds since 1970
 */
export const expectedAt = (channel: string, day: string, offsetMinutes: number): number =>
  startOfDay(day, offsetMinutes) + (PAYOUT_DAYS[channel] ?? DEFAULT_PAYOUT_DAYS) * DAY_MS;

export const NO_TOTALS: Omit<DayTotals, "currency"> = {
  payments: 0,
  gross: 0,
  refunds: 0,
  refunded: 0,
  channel_fee: 0,
};

type Moved = Pick<StatementLine, "kind" | "status" | "amount" | "fee">;

/**
 * Adds a line of a statement to the totals of its currency: what the channel calls done, whoever
 * ordered it. The second payment of an order is money that the channel holds, too.
 */
export function addLine(
  totals: Map<string, DayTotals>,
  { kind, status, amount, fee }: Moved,
): void {
  if (status !== "succeeded") return;
  const { currency, value } = amount;
  const before = totals.get(currency) ?? { ...NO_TOTALS, channel_fee: null, currency };
  const isPayment = kind === "payment";
  totals.set(currency, {
    currency,
    payments: before.payments + (isPayment ? 1 : 0),
    gross: before.gross + (isPayment ? value : 0),
    refunds: before.refunds + (isPayment ? 0 : 1),
    refunded: before.refunded + (isPayment ? 0 : value),
    channel_fee: fee === null ? before.channel_fee : (before.channel_fee ?? 0) + fee,
  });
}

/** What is left for the merchant; negative when more was given back than came in. */
export const netOf = (
  { gross, refunded, channel_fee }: Omit<DayTotals, "currency">,
  split: number,
): number => gross - refunded - (channel_fee ?? 0) - split;

/** The sums of an account's day in the ledger, by kind. */
export interface BookedSum {
  readonly currency: string;
  readonly kind: "gross" | "refund" | "split" | "split_return";
  readonly count: number;
  readonly value: number;
}

const sumOf = (sums: readonly BookedSum[], currency: string, kind: BookedSum["kind"]) =>
  sums.find((sum) => sum.currency === currency && sum.kind === kind) ?? { count: 0, value: 0 };

/** What the platform took at the channel that day, less what came back. */
export const splitOn = (sums: readonly BookedSum[], currency: string): number =>
  sumOf(sums, currency, "split").value - sumOf(sums, currency, "split_return").value;

/** The day's totals by our own books, for accounts whose channel sends no statements. */
export function bookedTotals(sums: readonly BookedSum[]): DayTotals[] {
  const currencies = [...new Set(sums.map(({ currency }) => currency))].toSorted();
  return currencies.map((currency) => {
    const gross = sumOf(sums, currency, "gross");
    const refund = sumOf(sums, currency, "refund");
    return {
      currency,
      payments: gross.count,
      gross: gross.value,
      refunds: refund.count,
      refunded: refund.value,
      channel_fee: null,
    };
  });
}
