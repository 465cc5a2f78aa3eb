/** What every adapter says: that something is not known, no more than a state, or a refusal. */
import type { ErrorCode } from "../errors.ts";
import type { ChannelError, ChannelErrorRow, PaymentReport, ReportedState } from "./adapter.ts";

export interface Unknown {
  readonly kind: "unknown";
  readonly error: ChannelError;
}

/** Nothing is proven, money may have moved: the heart asks again. */
export const unknown = (
  channelCode: string,
  message: string,
  code: ErrorCode = "CHANNEL_ERROR",
): Unknown => ({ kind: "unknown", error: { code, channelCode, message, retryable: true } });

/**
 * The error behind a code of the channel, by its row of the table.
 * @param theirs the channel's own text, without secrets and of a decent length; empty: none
 */
export const errorOf = (
  { code, meaning, retryable }: Pick<ChannelErrorRow, "code" | "meaning" | "retryable">,
  channelCode: string,
  theirs = "",
): ChannelError => ({
  code,
  channelCode,
  message: meaning,
  ...(theirs === "" ? {} : { channelMessage: theirs }),
  retryable,
});

/** A report about an order that carries no more than its state. */
export const bareReport = (
  paymentId: string,
  state: ReportedState,
  channelStatus: string,
  channelTransactionId: string | null = null,
): PaymentReport => ({
  paymentId,
  state,
  amount: null,
  channelTransactionId,
  paidAt: null,
  channelStatus,
});
