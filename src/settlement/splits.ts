/**
 * The platform's fee as a share that it takes of a payment at the channel, instead of by invoice.
 * Pure: how much, under which number, and what becomes of a share by what the channel says.
 *
 * What the platform may hold of a payment at any time is its fee, less what refunds gave back, and
 * no more than the channel lets go. Before a share is asked for it shrinks with the fee; from then
 * on it is fixed, and what it has too much is brought back by returns, which together never exceed
 * it. A share that fails stays owed and is invoiced, as the ledger's account `platform` shows.
 */
import { DAY_MS, MINUTE_MS } from "../days.ts";
import type { Outcome, SplitReport } from "../channels/adapter.ts";
import { type Money, sameMoney } from "../money.ts";
import type { SplitReceiver } from "../store/schema.ts";

/** How the fee of an account's payments is taken at its channel. A payment keeps those it began with. */
export interface SplitTerms {
  readonly receiver: SplitReceiver;
  /** Shortest time after the payment (milliseconds). */
  readonly delayMs: number;
  /** Most that may leave the merchant; null: all of it. */
  readonly maxBasisPoints: number | null;
}

export const SPLIT_STATES = ["due", "requested", "processing", "succeeded", "failed"] as const;

export type SplitState = (typeof SPLIT_STATES)[number];

/** The receivers that a channel can pay, and how they are written. */
export const RECEIVERS: Readonly<
  Record<string, Readonly<Record<string, { readonly form: RegExp; readonly words: string }>>>
> = {
  // Only merchants can give a share back; people who hold one cannot.
  wechat: {
    MERCHANT_ID: { form: /^\d{6,32}$/, words: "must be a merchant's number, 6 to 32 digits" },
  },
  alipay: {
    userId: { form: /^2088\d{12}$/, words: "must be 2088 and 12 more digits" },
    loginName: { form: /^\S{3,100}$/, words: "must be an e-mail address or a phone number" },
  },
};

/** Most of a payment that may go to others, rounded down: the channel refuses one unit more. */
export const shareLimit = ({ value }: Money, maxBasisPoints: number | null): number =>
  maxBasisPoints === null ? value : Number((BigInt(value) * BigInt(maxBasisPoints)) / 10_000n);

const bodyOf = (id: string): string => id.slice(id.indexOf("_") + 1);

/**
 * The number of the share of a payment, or of its return with a refund: made of what causes it, so
 * whoever asks for it twice asks for the same one. At most 31 letters, digits and underscores.
 * @param cause the payment's id, or the refund's
 */
export const splitIdOf = (cause: string): string => `sp_${bodyOf(cause)}`;

/** Frees what a share that failed has left frozen. No refund of the payment has this number. */
export const releaseIdOf = (paymentId: string): string => `${splitIdOf(paymentId)}00`;

const HOUR_MS = 60 * MINUTE_MS;

/** How long one call may take; then somebody else may take the share over. */
export const LEASE_MS = 2 * MINUTE_MS;

/** Waits after the first, second, … look at a share; the last one repeats. */
const WAITS_MS = [
  MINUTE_MS,
  2 * MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  HOUR_MS,
  4 * HOUR_MS,
  12 * HOUR_MS,
] as const;

/** By then the channel has given the money to the merchant by itself. */
const GIVE_UP_MS = 30 * DAY_MS;

/** From the news of a payment or refund to the end of its share: half a day is the longest wait. */
export const LONGEST_UNDER_WAY_MS = GIVE_UP_MS + DAY_MS;

/** What a look at a share came to. */
export interface SplitChange {
  readonly state: "requested" | "processing" | "succeeded" | "failed";
  /** When it is looked at again (milliseconds since 1970); null: it is done. */
  readonly next_at: number | null;
  readonly channel_split_id: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** A share as far as the decision goes. */
export interface Tried {
  readonly state: SplitState;
  readonly currency: string;
  readonly value: number;
  /** This try included. */
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly created_at: number;
  readonly channel_split_id: string | null;
}

function again(
  tried: Tried,
  state: "requested" | "processing",
  error: SplitChange["error"],
  channelSplitId: string | null,
  now: number,
): SplitChange {
  if (now >= tried.created_at + GIVE_UP_MS) {
    const message = "The channel has not said in 30 days what became of it.";
    return {
      state: "failed",
      next_at: null,
      channel_split_id: channelSplitId,
      error: { code: error?.code ?? "CHANNEL_TIMEOUT", message },
    };
  }
  const wait = WAITS_MS[Math.min(tried.attempts, WAITS_MS.length) - 1] ?? MINUTE_MS;
  return { state, next_at: now + wait, channel_split_id: channelSplitId, error };
}

/**
 * What becomes of a share by the channel's answer. Only its own word ends it: everything that is
 * not clear is asked again under the same number, because a new one could move the money twice.
 */
export function afterAnswer(tried: Tried, outcome: Outcome<SplitReport>, now: number): SplitChange {
  const known = tried.channel_split_id;
  const open = tried.state === "processing" ? "processing" : "requested";
  if (outcome.kind !== "ok") {
    const { code, message, channelCode, retryable } = outcome.error;
    const error = { code, message: `${message} (${channelCode})` };
    if (outcome.kind === "rejected" && !retryable) {
      return { state: "failed", next_at: null, channel_split_id: known, error };
    }
    return again(tried, open, error, known, now);
  }
  const { state, amount, channelSplitId, channelStatus } = outcome.value;
  const number = channelSplitId ?? known;
  const ordered = { currency: tried.currency, value: tried.value };
  if (amount !== null && !sameMoney(amount, ordered)) {
    const message = "The channel names another amount than was asked for.";
    return again(tried, open, { code: "CHANNEL_ERROR", message }, number, now);
  }
  switch (state) {
    case "succeeded":
      return { state, next_at: null, channel_split_id: number, error: null };
    case "failed": {
      const message = `The channel did not move it: ${channelStatus}.`;
      const error = { code: "CHANNEL_REJECTED", message };
      return { state, next_at: null, channel_split_id: number, error };
    }
    case "processing":
      return again(tried, "processing", null, number, now);
    case "absent":
      return again(tried, open, null, number, now);
  }
}
