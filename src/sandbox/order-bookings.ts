/**
 * What a simulated order still has to tell the day's book. A booking is kept in the transaction
 * that makes it, and dropped when the book has it: an object that dies in between tells it again,
 * and the book takes it once.
 */
import { faultOf } from "./scripts.ts";
import type { FaultScript, SandboxOrderRecord, SandboxRefund } from "./simulator.ts";
import type { Booking } from "./statement.ts";

/** What a booking says of its order. */
type Booked = Pick<
  SandboxOrderRecord,
  "orderNumber" | "transactionId" | "currency" | "value" | "createdAt" | "parameters"
>;

const common = ({ orderNumber, currency, value, createdAt, parameters }: Booked) => ({
  orderNumber,
  currency,
  orderValue: value,
  orderedAt: createdAt,
  parameters,
});

/** A payment that was just made. */
export const paymentBooking = (
  trade: Booked,
  paidAt: number,
  script: FaultScript | null,
): Booking => ({
  ...common(trade),
  kind: "payment",
  transactionId: trade.transactionId ?? "",
  refundNumber: null,
  channelRefundId: null,
  value: trade.value,
  at: paidAt,
  flaw: faultOf(script).statement,
  hidden: faultOf(script).hides === "until_statement",
});

/** A refund that has reached the buyer. */
export const refundBooking = (
  trade: Booked,
  refund: SandboxRefund,
  refundedAt: number,
): Booking => ({
  ...common(trade),
  kind: "refund",
  transactionId: trade.transactionId ?? "",
  refundNumber: refund.refundNumber,
  channelRefundId: refund.channelRefundId,
  value: refund.value,
  at: refundedAt,
  flaw: null,
  hidden: false,
});

/** @param nextAt when it is told again, if this time it does not get through (ms since 1970) */
export const addBooking = (sql: SqlStorage, booking: Booking, nextAt: number): void => {
  sql.exec(
    "INSERT INTO bookings (booking, next_at) VALUES (?, ?)",
    JSON.stringify(booking),
    nextAt,
  );
};

/** All that the book has not got yet, moved behind `nextAt` (ms since 1970). */
export const takeBookings = (
  sql: SqlStorage,
  nextAt: number,
): { readonly id: number; readonly booking: Booking }[] =>
  sql
    .exec<{ id: number; booking: string }>(
      "UPDATE bookings SET next_at = ? RETURNING id, booking",
      nextAt,
    )
    .toArray()
    .map(({ id, booking }) => ({ id, booking: JSON.parse(booking) as Booking }));

export const dropBooking = (sql: SqlStorage, id: number): void => {
  sql.exec("DELETE FROM bookings WHERE id = ?", id);
};
