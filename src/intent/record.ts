/** What a payment's object stores: the agreed terms, the order at the channel, and the heart's state. */
import type { Method, PayerHints } from "../channels/adapter.ts";
import type { OrderCall } from "../messages.ts";
import type { Payment } from "../payments/payment.ts";
import type { FeeRate } from "../settlement/pricing.ts";
import type { SplitTerms } from "../settlement/splits.ts";

/** A channel account that may take the payment. Its terms are those of the payment's creation. */
export interface PaymentOption {
  readonly channel: string;
  readonly accountId: string;
  /** The merchant's number at the channel (mchid, app_id). */
  readonly merchantAccount: string;
  /** Where the channel posts. */
  readonly notifyUrl: string;
  /** What becomes of money that arrives after the payment has ended: the account's policy. */
  readonly latePayment: "accept" | "refund";
  readonly fee: FeeRate;
  /** How the fee is taken at the channel; absent: it is invoiced. */
  readonly split?: SplitTerms;
}

/** The exchange rate that a payment is settled at, whatever becomes of rates later. */
export interface LockedRate {
  /** What the merchant is settled in. */
  readonly currency: string;
  /** What one unit of the payment's currency is worth in it: a decimal. */
  readonly rate: string;
  readonly source: string;
  /** Since when the rate is true (milliseconds since 1970). */
  readonly asOf: number;
}

/** Fixed when the payment is created. */
export interface OrderTerms {
  readonly id: string;
  readonly merchantId: string;
  readonly merchantName: string;
  readonly livemode: boolean;
  /** Several: the buyer chooses one, on the checkout page. */
  readonly options: readonly PaymentOption[];
  readonly description: string | null;
  readonly merchantOrderId: string | null;
  readonly serviceId: string | null;
  readonly settlementCurrency: string | null;
  /** Only where the merchant is settled in another currency and a rate was known. */
  readonly lockedRate?: LockedRate;
  readonly payer: PayerHints | null;
  readonly osType: "ios" | "android" | null;
  readonly paymentMethodType: string | null;
  readonly profitSharing: boolean;
  readonly returnUrl: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where buyers fetch the code and the checkout page: `https://host`. */
  readonly publicBase: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** The order at a channel, fixed before the channel is called. */
export interface ChannelOrder extends PaymentOption {
  /** Our number at the channel: the payment's id, or for a later choice the id and one more digit. */
  readonly number: string;
  readonly method: Method;
  /** What is known of the buyer, from the merchant and from the buyer's own browser. */
  readonly payer: PayerHints | null;
  readonly osType: "ios" | "android" | null;
  readonly paymentMethodType: string | null;
  readonly profitSharing: boolean;
  /** Where the wallet leads the buyer back to. */
  readonly returnUrl: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** The channel order, byte for byte; every retry sends exactly this. */
  readonly payload: string;
}

/** An order that the buyer has left for another. */
export interface LeftOrder {
  readonly order: ChannelOrder;
  /** The channel's own number of it, where it gave one. */
  readonly channelTransactionId: string | null;
  /** Paid and given back by closing it: a success notice sent before that proves nothing. */
  readonly reversed: boolean;
  /** When it has to be closed (again), in milliseconds since 1970; null: nobody can pay it. */
  readonly closeAt: number | null;
  readonly asks: number;
}

export interface IntentRecord {
  readonly terms: OrderTerms;
  /** Null: the buyer has not chosen a channel. */
  readonly order: ChannelOrder | null;
  /** How many orders there have been, this one included. */
  readonly orders: number;
  readonly payment: Payment;
  /** Counts what merchants can see change; each event carries it. */
  readonly sequence: number;
  readonly updatedAt: number;
  /** SHA-256 of the canonical create request. */
  readonly fingerprint: string;
  /** The object that keeps the merchant's order number, when it is not this one. */
  readonly orderKeeper: string | null;
  /** The sequence whose snapshot answered the create request; null while that is open. */
  readonly answeredWith: number | null;
  /** How long the channel took to take the order (milliseconds); null: it has not answered yet. */
  readonly callMs: number | null;
  /** The last call that ordered the payment, until it is published. */
  readonly call: OrderCall | null;
  /** Askings since the last news, and when the next is due (milliseconds since 1970). */
  readonly asks: number;
  readonly askAt: number;
  /** When a refund or a left order is to be looked at next (ms since 1970); null: none is open. */
  readonly afterworkAt: number | null;
  /** Everything up to here is in D1 and on the events queue. */
  readonly published: number;
  readonly publishFailures: number;
  /** When the alarm tries to publish what then still is not (milliseconds since 1970). */
  readonly publishAt: number;
  /** The alarm that is set, so that it is not set again for nothing. */
  readonly alarmAt: number | null;
}

/** A payment with an order: what the channel can be asked about. */
export type OrderedRecord = IntentRecord & { readonly order: ChannelOrder };

export const isOrdered = (record: IntentRecord | null): record is OrderedRecord =>
  record !== null && record.order !== null;

/** One visible change. Events are built from it when they are published, always the same. */
export interface ChangeRow {
  readonly sequence: number;
  /** Null for a change that has no event of its own (a scan). */
  readonly type: string | null;
  readonly at: number;
  /** The request that caused it; null for what an alarm did. */
  readonly request_id: string | null;
  /** The public JSON of the payment at this commit. */
  readonly snapshot: string;
  /** The public JSON of the refund that changed; null: the payment itself did. */
  readonly refund: string | null;
}
