/**
 * Orders that the buyer has left for another. What a channel says of one changes nothing, unless it
 * was paid all the same (a bank's code cannot be taken back once it was seen): then it counts.
 */
import type { Command, Payment } from "../payments/payment.ts";
import type { ChannelOrder, LeftOrder } from "./record.ts";

/** Whether the order was paid and given back in one stroke. */
export const isReversedBy = (command: Command): boolean =>
  command.type === "left"
    ? command.reversed
    : command.type === "reported" && command.report.state === "reversed";

/** An order as it is kept after it was left: news of it may still come. */
export const leftBehind = (
  order: ChannelOrder,
  { channelTransactionId }: Payment,
  reversed: boolean,
  closeAt: number | null,
): LeftOrder => ({ order, channelTransactionId, reversed, closeAt, asks: 0 });

/** Whether this news lets an order that was left count for the payment. */
export const isTakenUp = (left: LeftOrder, payment: Payment, command: Command): boolean =>
  command.type === "reported" &&
  command.report.state === "paid" &&
  !left.reversed &&
  payment.status !== "succeeded";

/** The payment as it is about an order that was left. */
export const paymentOf = (payment: Payment, { channelTransactionId }: LeftOrder): Payment => ({
  ...payment,
  order: "open",
  action: null,
  actionExpiresAt: null,
  channelTransactionId,
  // That another order of the payment was given back says nothing about the money of this one.
  reversed: false,
});
