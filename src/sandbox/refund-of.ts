/**
 * A refund by the merchant's number of it. Channels have an index of their own; the sandbox keeps
 * refunds with their order, and finds the order by the number, which is made from the payment's.
 */
import { orderNumberOf, paymentOfRefund } from "../ids.ts";
import type { SandboxOrderRecord, SandboxOrders, SandboxRefund } from "./simulator.ts";

/** A payment whose buyer chose anew has later orders; few choose more often than this. */
const ORDERS_LOOKED_AT = 8;

export interface FoundRefund {
  readonly order: SandboxOrderRecord;
  readonly refund: SandboxRefund;
}

/** Null: there is none of this merchant at this channel. */
export async function refundOf(
  orders: Pick<SandboxOrders, "get">,
  channel: string,
  merchant: string,
  refundNumber: string,
): Promise<FoundRefund | null> {
  const payment = paymentOfRefund(refundNumber);
  if (payment === null) return null;
  for (let nth = 1; nth <= ORDERS_LOOKED_AT; nth += 1) {
    const order = await orders.get(channel, merchant, orderNumberOf(payment, nth));
    const refund = order?.refunds.find((each) => each.refundNumber === refundNumber);
    if (order !== null && refund !== undefined) return { order, refund };
  }
  return null;
}
