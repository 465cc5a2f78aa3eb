/** What a payment's object stores: the fixed order, the heart's state, and its own book-keeping. */
import type { Method, PayerHints } from "../channels/adapter.ts";
import type { Payment } from "../payments/payment.ts";

/** Fixed when the payment is created. */
export interface OrderTerms {
  readonly id: string;
  readonly merchantId: string;
  readonly merchantName: string;
  /** The merchant's number at the channel (mchid, app_id). */
  readonly merchantAccount: string;
  readonly livemode: boolean;
  readonly channel: string;
  readonly accountId: string;
  readonly method: Method;
  readonly description: string | null;
  readonly merchantOrderId: string | null;
  readonly serviceId: string | null;
  readonly settlementCurrency: string | null;
  readonly payer: PayerHints | null;
  readonly osType: "ios" | "android" | null;
  readonly paymentMethodType: string | null;
  readonly profitSharing: boolean;
  /** What becomes of money that arrives after the payment has ended: the account's policy. */
  readonly latePayment: "accept" | "refund";
  readonly returnUrl: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where buyers fetch the code and the checkout page: `https://host`. */
  readonly publicBase: string;
  /** Where the channel posts. */
  readonly notifyUrl: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export interface IntentRecord {
  readonly terms: OrderTerms;
  readonly payment: Payment;
  /** Counts what merchants can see change; each event carries it. */
  readonly sequence: number;
  readonly updatedAt: number;
  /** SHA-256 of the canonical create request. */
  readonly fingerprint: string;
  /** The channel order, byte for byte; every retry sends exactly this. */
  readonly payload: string;
  /** The object that keeps the merchant's order number, when it is not this one. */
  readonly orderKeeper: string | null;
  /** The sequence whose snapshot answered the create request; null while that is open. */
  readonly answeredWith: number | null;
  /** Askings since the last news, and when the next is due (milliseconds since 1970). */
  readonly asks: number;
  readonly askAt: number;
  /** When a refund is to be looked at next (milliseconds since 1970); null: none is open. */
  readonly refundAskAt: number | null;
  /** Everything up to here is in D1 and on the events queue. */
  readonly published: number;
  readonly publishFailures: number;
  /** When the alarm tries to publish what then still is not (milliseconds since 1970). */
  readonly publishAt: number;
  /** The alarm that is set, so that it is not set again for nothing. */
  readonly alarmAt: number | null;
}

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
