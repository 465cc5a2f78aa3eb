/** What the simulated Alipay says about an order that it keeps. */
import { digits } from "../../../sandbox/numbers.ts";
import type { SandboxOrderRecord, SandboxRefund } from "../../../sandbox/simulator.ts";
import { keptOf } from "./order.ts";

/** What has left the seller, in fen. */
export const givenBack = (refunds: readonly SandboxRefund[]): number =>
  refunds.reduce((sum, { value }) => sum + value, 0);

export const isWhollyGivenBack = (order: SandboxOrderRecord): boolean =>
  order.paidAt !== null && givenBack(order.refunds) === order.value;

/**
 * `trade_status`. Null: there is no trade, because nobody has scanned the code, whatever became of
 * it; every other method makes the trade with the order.
 */
export function tradeStatus(order: SandboxOrderRecord): string | null {
  if (order.state === "paid") return isWhollyGivenBack(order) ? "TRADE_CLOSED" : "TRADE_SUCCESS";
  const isCode = keptOf(order)?.method === "alipay.trade.precreate";
  if (order.transactionId === null && isCode) return null;
  return order.state === "closed" ? "TRADE_CLOSED" : "WAIT_BUYER_PAY";
}

/** `trade_no`. The page inside Alipay needs one before anybody has paid. */
export const tradeNo = (order: SandboxOrderRecord): string | null =>
  keptOf(order)?.method === "alipay.trade.create"
    ? `20${digits(`trade:${order.merchant}:${order.orderNumber}`, 26)}`
    : order.transactionId;
