/**
 * What a simulated channel's statement is made of, whatever file it comes in: the bookings of a
 * merchant's day, and the defects that users plant to see them found. Pure.
 */
import { DAY_MS } from "../days.ts";
import { chinaClock } from "./china-time.ts";
import { digits } from "./numbers.ts";

/** How the line of one payment is spoiled on purpose. */
export type LineFlaw = "missing" | "wrong_amount" | "wrong_fee" | "status" | "duplicate";

/** A payment or a refund as the channel books it. */
export interface Booking {
  readonly kind: "payment" | "refund";
  readonly orderNumber: string;
  readonly transactionId: string;
  /** Null for payments. */
  readonly refundNumber: string | null;
  readonly channelRefundId: string | null;
  readonly currency: string;
  readonly value: number;
  /** What the order was of; the same as `value` for payments. */
  readonly orderValue: number;
  /** Milliseconds since 1970. */
  readonly orderedAt: number;
  /** Milliseconds since 1970; it decides the day. */
  readonly at: number;
  /** The order's own, as it was made. */
  readonly parameters: string;
  readonly flaw: LineFlaw | null;
  /** Queries hide the payment until it has stood in a statement. */
  readonly hidden: boolean;
}

/** What can be planted in a whole day. */
export const DAY_FAULTS = ["late", "tampered", "truncated", "wrong_day", "extra_line"] as const;

export type DayFault = (typeof DAY_FAULTS)[number];

/** The day a booking belongs to. One clock for all simulated channels, that of the mainland. */
export const bookingDay = (at: number): string => chinaClock(at).slice(0, 10);

/** Milliseconds since 1970 at which a day begins on the channels' clock. */
export const startOfDay = (day: string): number => Date.parse(`${day}T00:00:00+08:00`);

/** A line as statements print it. */
export interface Entry extends Booking {
  /** What the channel keeps, in thousandths of a minor unit; negative: given back. */
  readonly fee: number;
  /** A payment that was taken back before it counted, where the statement has a word for it. */
  readonly reversed: boolean;
}

/** 60 basis points, as the wallets' price lists have it: 6 thousandths of a fen for each fen. */
export const FEE_RATE = "0.60%";
const FEE_PER_UNIT = 6;

/** Five fen too much: found whatever the amount is, and however a fee is rounded. */
const FEE_FLAW = 5_000;

function entryOf(booking: Booking): Entry {
  const { kind, value, flaw } = booking;
  const fee = value * FEE_PER_UNIT * (kind === "payment" ? 1 : -1);
  const entry = { ...booking, fee, reversed: flaw === "status" };
  if (flaw === "wrong_fee") return { ...entry, fee: fee + FEE_FLAW };
  return flaw === "wrong_amount" ? { ...entry, value: value + 1, orderValue: value + 1 } : entry;
}

const otherNumber = (booking: Booking): string =>
  booking.transactionId.slice(0, 8) + digits(`again ${booking.transactionId}`, 20);

/** A payment that nobody ordered. */
function stranger(day: string, currency: string): Booking {
  const compact = day.replaceAll("-", "");
  const at = startOfDay(day) + 1_000;
  return {
    kind: "payment",
    orderNumber: `nobody_ordered_${compact}`,
    transactionId: compact + digits(`nobody ordered ${day}`, 20),
    refundNumber: null,
    channelRefundId: null,
    currency,
    value: 100,
    orderValue: 100,
    orderedAt: at,
    at,
    parameters: "{}",
    flaw: null,
    hidden: false,
  };
}

/** The lines of a day's statement, in the order of their time, with what was planted in them. */
export function entriesOf(
  day: string,
  bookings: readonly Booking[],
  fault: DayFault | null,
): Entry[] {
  const extra = fault === "extra_line" ? [stranger(day, bookings[0]?.currency ?? "CNY")] : [];
  const shift = fault === "wrong_day" ? DAY_MS : 0;
  return [...extra, ...bookings]
    .filter(({ flaw }) => flaw !== "missing")
    .flatMap((booking) =>
      booking.flaw === "duplicate"
        ? [booking, { ...booking, transactionId: otherNumber(booking) }]
        : [booking],
    )
    .map(entryOf)
    .map((entry) => ({ ...entry, at: entry.at - shift, orderedAt: entry.orderedAt - shift }));
}

/** The day that the file says it is of. */
export const printedDay = (day: string, fault: DayFault | null): string =>
  fault === "wrong_day" ? bookingDay(startOfDay(day) - DAY_MS) : day;

/**
 * A file in which a transaction's number was changed after its hash was made. Its sums still hold:
 * only the hash tells.
 */
export const tampered = (text: string): string =>
  text.replace(/\d(?<=\d{24})(?!\d)/, (digit) => String((Number(digit) + 1) % 10));

/** A file that ends in the middle. */
export const truncated = (file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  file.subarray(0, Math.floor(file.length / 2));

/** What a merchant's day holds when somebody asks for its statement. */
export interface AskedDay {
  readonly bookings: readonly Booking[];
  readonly fault: DayFault | null;
  /** The statement is still being made. */
  readonly late: boolean;
  /** How far the book went: today's goes on, and a file must stay what its hash says. */
  readonly upTo: number;
}

/** The simulated channel's books, one for each merchant and day (`YYYY-MM-DD`, {@link bookingDay}). */
export interface SandboxBooks {
  /** Somebody asks for the statement of a day; the book counts how often. */
  ask(channel: string, merchant: string, day: string): Promise<AskedDay>;
  /** The bookings as they stood when somebody asked. */
  bookings(
    channel: string,
    merchant: string,
    day: string,
    upTo: number,
  ): Promise<readonly Booking[]>;
}
