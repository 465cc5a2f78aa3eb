/** What a channel says when a person has it asked. Plain data: it crosses RPC. */
import type { PaymentReport, RefundReport } from "../channels/adapter.ts";
import type { Money } from "../money.ts";

/** The channel's word about a payment or a refund. */
export interface ChannelWord {
  readonly state: PaymentReport["state"] | RefundReport["state"];
  /** Null: it does not say. */
  readonly amount: Money | null;
  /** Its own number of the payment or refund. */
  readonly transactionId: string | null;
  /** Its own name for the state. */
  readonly channelStatus: string;
}

export interface Inquiry {
  /** Null: nothing is ordered, there was nobody to ask. */
  readonly word: ChannelWord | null;
  /** The payment's or the refund's public JSON, after the news. */
  readonly view: string;
}

export const wordOf = (report: PaymentReport | RefundReport): ChannelWord => ({
  state: report.state,
  amount: report.amount,
  transactionId: "paymentId" in report ? report.channelTransactionId : report.channelRefundId,
  channelStatus: report.channelStatus,
});
