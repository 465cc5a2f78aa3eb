/** From a validated create request to the record that is reserved before the channel is called. */
import type { ChargeOrder, SentOrder } from "../channels/adapter.ts";
import { checkOrder } from "../channels/check-order.ts";
import type { Connection } from "../channels/connect.ts";
import type { Failure } from "../errors.ts";
import type { Money } from "../money.ts";
import { RECOVER_AFTER_MS } from "../payments/schedule.ts";
import { err, ok, type Result } from "../result.ts";
import type { Trace } from "../trace.ts";
import type { IntentRecord, OrderTerms } from "./record.ts";

/** What the route hands to the object. Plain data: it crosses RPC. */
export interface CreateRequest {
  readonly terms: Omit<OrderTerms, "createdAt">;
  readonly amount: Money;
  /** Seconds. */
  readonly expiresIn: number;
  /** SHA-256 of the canonical request body. */
  readonly fingerprint: string;
  /** The object that keeps the merchant's order number, when it is not this one. */
  readonly orderKeeper: string | null;
  readonly trace: Trace;
}

/** The order as adapters see it. */
export const orderOf = (record: Pick<IntentRecord, "terms" | "payment">): ChargeOrder => ({
  paymentId: record.terms.id,
  amount: record.payment.amount,
  method: record.terms.method,
  description: record.terms.description,
  merchantName: record.terms.merchantName,
  notifyUrl: record.terms.notifyUrl,
  returnUrl: record.terms.returnUrl,
  expiresAt: record.payment.expiresAt,
  createdAt: record.terms.createdAt,
  payer: record.terms.payer,
  osType: record.terms.osType,
  paymentMethodType: record.terms.paymentMethodType,
  settlementCurrency: record.terms.settlementCurrency,
  profitSharing: record.terms.profitSharing,
});

/** The order after it was sent. */
export const sentOrderOf = ({ terms, payment, payload }: IntentRecord): SentOrder => ({
  paymentId: terms.id,
  amount: payment.amount,
  method: terms.method,
  payload,
  channelTransactionId: payment.channelTransactionId,
  createdAt: terms.createdAt,
  expiresAt: payment.expiresAt,
});

/**
 * The record of a payment that no channel knows yet.
 * @returns the adapter's refusal of what the channel could not take
 */
export function reservation(
  request: CreateRequest,
  { adapter, account }: Connection,
  now: number,
): Result<IntentRecord, Failure> {
  const terms: OrderTerms = { ...request.terms, createdAt: now };
  const payment: IntentRecord["payment"] = {
    status: "pending",
    amount: request.amount,
    order: "unsent",
    action: null,
    actionExpiresAt: null,
    expiresAt: now + request.expiresIn * 1_000,
    closing: null,
    channelTransactionId: null,
    succeededAt: null,
    lastError: null,
    late: false,
    reversed: false,
    refunded: 0,
    refunding: 0,
  };
  const order = orderOf({ terms, payment });
  const refused = checkOrder(order, adapter.info);
  if (refused !== null) return err(refused);
  const prepared = adapter.prepareCharge(order, account);
  if (!prepared.ok) return prepared;
  return ok({
    terms,
    payment,
    sequence: 1,
    updatedAt: now,
    fingerprint: request.fingerprint,
    payload: prepared.value,
    orderKeeper: request.orderKeeper,
    answeredWith: null,
    asks: 0,
    askAt: now + RECOVER_AFTER_MS,
    refundAskAt: null,
    published: 0,
    publishFailures: 0,
    publishAt: now + RECOVER_AFTER_MS,
    alarmAt: null,
  });
}
