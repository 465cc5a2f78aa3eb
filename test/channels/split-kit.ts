/** Shares of a payment of CNY 100.00, and what comes back of them. */
import type { SplitOrder } from "../../src/channels/adapter.ts";

export const cny = (value: number) => ({ currency: "CNY", value });

export const sharesFor =
  (receiver: SplitOrder["receiver"]) =>
  (paymentId: string, transactionId: string, changes: Partial<SplitOrder> = {}): SplitOrder => ({
    splitNumber: `sp_${paymentId.slice(3)}`,
    kind: "split",
    original: null,
    transactionId,
    paymentId,
    amount: cny(50),
    receiver,
    description: "Platform fee",
    ...changes,
  });

export const returnOf = (split: SplitOrder, value: number, nth = "01"): SplitOrder => ({
  ...split,
  splitNumber: `${split.splitNumber}${nth}`,
  kind: "return",
  original: split.splitNumber,
  amount: cny(value),
});
