/** From a validated create request to the record that is reserved before the channel is called. */
import type { ChargeOrder, Method, PayerHints, SentOrder } from "../channels/adapter.ts";
import { checkOrder } from "../channels/check-order.ts";
import type { Connection } from "../channels/connect.ts";
import type { Failure } from "../errors.ts";
import { orderNumberOf } from "../ids.ts";
import type { Money } from "../money.ts";
import { RECOVER_AFTER_MS } from "../payments/schedule.ts";
import { err, ok, type Result } from "../result.ts";
import type { Trace } from "../trace.ts";
import type {
  ChannelOrder,
  IntentRecord,
  OrderedRecord,
  OrderTerms,
  PaymentOption,
} from "./record.ts";

/** What the route hands to the object. Plain data: it crosses RPC. */
export interface CreateRequest {
  readonly terms: Omit<OrderTerms, "createdAt">;
  /** Null: the buyer chooses among the options. */
  readonly method: Method | null;
  readonly amount: Money;
  /** Seconds. */
  readonly expiresIn: number;
  /** SHA-256 of the canonical request body. */
  readonly fingerprint: string;
  /** The object that keeps the merchant's order number, when it is not this one. */
  readonly orderKeeper: string | null;
  readonly trace: Trace;
}

/** What a buyer chooses on the checkout page. Plain data: it crosses RPC. */
export interface Choice {
  readonly channel: string;
  readonly method: Method;
  /** What the buyer's own browser tells: the address, for channels that ask for it. */
  readonly payer: PayerHints;
  readonly osType: "ios" | "android" | null;
}

type Unprepared = Omit<ChannelOrder, "payload">;
type Priced = Pick<IntentRecord, "terms" | "payment">;

/** The order as adapters see it. */
const chargeOrder = ({ terms, payment }: Priced, order: Unprepared): ChargeOrder => ({
  paymentId: order.number,
  amount: payment.amount,
  method: order.method,
  description: terms.description,
  merchantName: terms.merchantName,
  notifyUrl: order.notifyUrl,
  returnUrl: order.returnUrl,
  expiresAt: payment.expiresAt,
  createdAt: order.createdAt,
  payer: order.payer,
  osType: order.osType,
  paymentMethodType: order.paymentMethodType,
  settlementCurrency: terms.settlementCurrency,
  profitSharing: order.profitSharing,
});

export const orderOf = (record: OrderedRecord): ChargeOrder => chargeOrder(record, record.order);

/** The order after it was sent. */
export const sentOrderOf = ({ order, payment }: OrderedRecord): SentOrder => ({
  paymentId: order.number,
  amount: payment.amount,
  method: order.method,
  payload: order.payload,
  channelTransactionId: payment.channelTransactionId,
  createdAt: order.createdAt,
  expiresAt: payment.expiresAt,
});

/** The order with its bytes; the error is the channel's or the adapter's refusal. */
function prepared(
  priced: Priced,
  order: Unprepared,
  { adapter, account }: Connection,
): Result<ChannelOrder, Failure> {
  const charge = chargeOrder(priced, order);
  const refused = checkOrder(charge, adapter.info);
  if (refused !== null) return err(refused);
  const payload = adapter.prepareCharge(charge, account);
  return payload.ok ? ok({ ...order, payload: payload.value }) : payload;
}

/** The merchant's own choice: one account, one method. */
const merchantsOrder = (terms: OrderTerms, option: PaymentOption, method: Method): Unprepared => ({
  ...option,
  number: orderNumberOf(terms.id, 1),
  method,
  payer: terms.payer,
  osType: terms.osType,
  paymentMethodType: terms.paymentMethodType,
  profitSharing: terms.profitSharing || option.split !== undefined,
  returnUrl: terms.returnUrl,
  createdAt: terms.createdAt,
});

/**
 * The buyer's choice, as the next order of the payment. Options that only some channels have are
 * left out elsewhere, and the wallet leads back to the checkout page, which knows how it ended.
 */
export function buyersOrder(
  record: IntentRecord,
  option: PaymentOption,
  choice: Choice,
  connection: Connection,
  now: number,
): Result<ChannelOrder, Failure> {
  const { terms, orders } = record;
  const { options } = connection.adapter.info;
  const takesType = options.includes("payment_method_type");
  const order: Unprepared = {
    ...option,
    number: orderNumberOf(terms.id, orders + 1),
    method: choice.method,
    payer: { ...terms.payer, ...choice.payer },
    osType: choice.osType ?? terms.osType,
    paymentMethodType: takesType ? terms.paymentMethodType : null,
    profitSharing:
      option.split !== undefined || (terms.profitSharing && options.includes("profit_sharing")),
    returnUrl: `${terms.publicBase}/pay/${terms.id}`,
    createdAt: now,
  };
  return prepared(record, order, connection);
}

/**
 * The record of a payment that no channel knows yet.
 * @param connection to the account of the one option; null: the buyer chooses
 * @returns the adapter's refusal of what the channel could not take
 */
export function reservation(
  request: CreateRequest,
  connection: Connection | null,
  now: number,
): Result<IntentRecord, Failure> {
  const terms: OrderTerms = { ...request.terms, createdAt: now };
  const payment: IntentRecord["payment"] = {
    status: "pending",
    amount: request.amount,
    isAggregate: terms.options.length > 1,
    order: connection === null ? "none" : "unsent",
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
  const [option] = terms.options;
  const { method } = request;
  let order: ChannelOrder | null = null;
  if (connection !== null && option !== undefined && method !== null) {
    const made = prepared({ terms, payment }, merchantsOrder(terms, option, method), connection);
    if (!made.ok) return made;
    order = made.value;
  }
  return ok({
    terms,
    order,
    orders: order === null ? 0 : 1,
    payment,
    sequence: 1,
    updatedAt: now,
    fingerprint: request.fingerprint,
    orderKeeper: request.orderKeeper,
    answeredWith: null,
    callMs: null,
    call: null,
    asks: 0,
    askAt: now + RECOVER_AFTER_MS,
    afterworkAt: null,
    published: 0,
    publishFailures: 0,
    publishAt: now + RECOVER_AFTER_MS,
    alarmAt: null,
  });
}
