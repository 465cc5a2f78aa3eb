/**
 * What three books say of one payment or refund, and whether they say the same. Pure: one table of
 * questions, the gravest first; the first that is answered badly names the finding.
 */
import type { LineStatus } from "../channels/statement/line.ts";
import type { Money } from "../money.ts";
import { shareOf } from "../settlement/pricing.ts";
import type { EXCEPTION_KINDS } from "../reconciliation.ts";
import { isChannelsWord } from "./proof.ts";

export type ExceptionKind = (typeof EXCEPTION_KINDS)[number];
export type LineKind = "payment" | "refund";

/** A line of a file: the channel's, or the merchant's own. */
export interface FileSide {
  readonly amount: Money;
  readonly status: LineStatus;
  /** What the channel keeps for it, minor units; null: the file does not say. */
  readonly fee: number | null;
  readonly transactionId: string | null;
  /** Milliseconds since 1970. */
  readonly at: number | null;
  /** What the file calls it. */
  readonly reference: string | null;
  /** Null: it stood in a file of another day. */
  readonly file: string | null;
  readonly line: number;
  readonly origin: "download" | "upload";
}

/** A payment or refund as D1 shows it. */
export interface GatewaySide {
  readonly id: string;
  /** The payment that it is or belongs to. */
  readonly paymentId: string;
  readonly amount: Money;
  readonly status: string;
  readonly transactionId: string | null;
  /** When it succeeded (milliseconds since 1970). */
  readonly at: number | null;
  /** What refunds have given back of a payment (minor units); 0 for refunds. */
  readonly refunded: number;
}

export interface Sides {
  readonly kind: LineKind;
  readonly channel: FileSide | null;
  readonly gateway: GatewaySide | null;
  readonly merchant: FileSide | null;
  /** What the channel charges by contract, in basis points; null: not known, not compared. */
  readonly contractFee: number | null;
}

export type Verdict =
  | { readonly outcome: "matched" }
  /** Nothing happened by this line, and nobody believes otherwise. */
  | { readonly outcome: "ignored" }
  /** The channel is ahead of us: the payment's object has to hear of it. */
  | { readonly outcome: "news" }
  | { readonly outcome: "differs"; readonly kind: ExceptionKind };

const MATCHED: Verdict = { outcome: "matched" };
const IGNORED: Verdict = { outcome: "ignored" };
const NEWS: Verdict = { outcome: "news" };
const differs = (kind: ExceptionKind): Verdict => ({ outcome: "differs", kind });

/** The channel is ahead of us: whether that changes anything depends on who brought its file. */
export const newsBy = (channel: FileSide): Verdict =>
  isChannelsWord(channel) ? NEWS : differs("status_mismatch");

/** What the contract with the channel says that it keeps, rounded half up as channels do. */
export const contractShare = (amount: number, basisPoints: number): number =>
  shareOf(amount, basisPoints, 10_000);

function moneyDiffers(a: Money, b: Money): Verdict | null {
  if (a.currency !== b.currency) return differs("currency_mismatch");
  return a.value === b.value ? null : differs("amount_mismatch");
}

const OPEN_REFUNDS = new Set(["requested", "processing"]);

/** What a channel's word about a payment means beside ours. */
function paymentStatus(channel: FileSide, gateway: GatewaySide): Verdict | null {
  const paid = gateway.status === "succeeded";
  switch (channel.status) {
    case "succeeded":
      return paid ? null : newsBy(channel);
    case "processing":
      return null;
    case "reversed":
      // Given back as a whole, by whatever way, is the same as never taken.
      return paid && gateway.refunded < gateway.amount.value ? differs("status_mismatch") : null;
    case "failed":
      return paid ? differs("status_mismatch") : null;
  }
}

/** The same of a refund. */
function refundStatus(channel: FileSide, gateway: GatewaySide): Verdict | null {
  const isOpen = OPEN_REFUNDS.has(gateway.status);
  switch (channel.status) {
    case "succeeded":
      if (isOpen) return newsBy(channel);
      return gateway.status === "succeeded" ? null : differs("status_mismatch");
    case "processing":
      return null;
    case "reversed":
    case "failed":
      if (isOpen) return newsBy(channel);
      return gateway.status === "failed" ? null : differs("status_mismatch");
  }
}

/** Of the channel's file and our books. Null: they agree. */
function channelDiffers(
  channel: FileSide,
  gateway: GatewaySide,
  { kind, contractFee }: Sides,
): Verdict | null {
  const money = moneyDiffers(channel.amount, gateway.amount);
  if (money !== null) return money;
  const status =
    kind === "payment" ? paymentStatus(channel, gateway) : refundStatus(channel, gateway);
  if (status !== null) return status;
  const [told, known] = [channel.transactionId, gateway.transactionId];
  if (channel.status === "succeeded" && told !== null && known !== null && told !== known) {
    return differs("duplicate");
  }
  const isCharged = kind === "payment" && channel.status === "succeeded";
  if (isCharged && contractFee !== null && channel.fee !== null) {
    if (channel.fee !== contractShare(channel.amount.value, contractFee))
      return differs("fee_mismatch");
  }
  return null;
}

/** Of the merchant's own file and our books. Null: they agree. */
function merchantDiffers(
  merchant: FileSide,
  gateway: GatewaySide,
  channel: FileSide | null,
): Verdict | null {
  const money = moneyDiffers(merchant.amount, gateway.amount);
  if (money !== null) return money;
  if ((merchant.status === "succeeded") !== (gateway.status === "succeeded")) {
    return differs("status_mismatch");
  }
  const fees = [merchant.fee, channel?.fee ?? null];
  return fees[0] !== null && fees[1] !== null && fees[0] !== fees[1]
    ? differs("fee_mismatch")
    : null;
}

/** At least one of the three files or books must know of it. What is missing is the caller's. */
export function judge(sides: Sides): Verdict {
  const { channel, gateway, merchant } = sides;
  if (gateway === null) {
    const moved = channel?.status === "succeeded" || merchant?.status === "succeeded";
    return moved ? differs("missing_at_gateway") : IGNORED;
  }
  const byChannel = channel === null ? null : channelDiffers(channel, gateway, sides);
  if (byChannel !== null) return byChannel;
  const byMerchant = merchant === null ? null : merchantDiffers(merchant, gateway, channel);
  return byMerchant ?? MATCHED;
}
