/**
 * The merchant's ledger: double entry, one currency at a time. Each entry moves an amount from one
 * account to another, so every entry, and with it every balance of all accounts together, sums to
 * zero. Pure. Entries are tied to what caused them, and their ids are made of it: whoever books the
 * same cause twice books it once.
 */

/** What an entry says, and the accounts it moves money to (debit) and from (credit). */
export const ENTRY_KINDS = {
  /** A payment succeeded: the channel holds money, earned by a sale. */
  gross: { code: "1", debit: "channel", credit: "sales" },
  /** What the platform charges for it. */
  fee: { code: "2", debit: "platform_fees", credit: "platform" },
  /** A refund succeeded. */
  refund: { code: "3", debit: "refunds", credit: "channel" },
  /** What a refund gave back of the platform's fee. */
  fee_refund: { code: "4", debit: "platform", credit: "platform_fees" },
  /** The platform took its fee at the channel. */
  split: { code: "5", debit: "platform", credit: "channel" },
  /** A share came back, with a refund. */
  split_return: { code: "6", debit: "channel", credit: "platform" },
  /** What the channel kept, as its statement says. */
  channel_fee: { code: "7", debit: "channel_fees", credit: "channel" },
  /** The channel gave back more of its fees than it kept. */
  channel_fee_return: { code: "8", debit: "channel", credit: "channel_fees" },
  /** The channel's money arrived at the merchant's bank. */
  payout: { code: "9", debit: "bank", credit: "channel" },
  /** The merchant paid an invoice of the platform. */
  invoice_payment: { code: "a", debit: "platform", credit: "bank" },
  /** People corrected what does not fit: the channel holds more than the books said. */
  adjustment: { code: "b", debit: "channel", credit: "adjustments" },
  /** The same, where the channel holds less. */
  adjustment_down: { code: "c", debit: "adjustments", credit: "channel" },
} as const satisfies Record<string, { code: string; debit: LedgerAccount; credit: LedgerAccount }>;

export type EntryKind = keyof typeof ENTRY_KINDS;

/** `channel` is one account for each channel account, written `channel:ca_…`. */
export type LedgerAccount =
  | "channel"
  | "bank"
  | "platform"
  | "sales"
  | "refunds"
  | "platform_fees"
  | "channel_fees"
  | "adjustments";

/** An entry as it is stored. `value` is positive, in minor units. */
export interface LedgerEntry {
  readonly id: string;
  readonly merchant_id: string;
  readonly livemode: boolean;
  /** When it happened (milliseconds since 1970). */
  readonly at: number;
  readonly currency: string;
  readonly value: number;
  readonly kind: EntryKind;
  readonly debit: string;
  readonly credit: string;
  readonly cause: string;
  readonly memo: string | null;
  /** When it was written down (milliseconds since 1970). */
  readonly recorded_at: number;
}

export interface Posting {
  readonly kind: EntryKind;
  readonly merchantId: string;
  readonly livemode: boolean;
  readonly channelAccount: string;
  /** When it happened (ms since 1970): the same for every booking of the same cause. */
  readonly at: number;
  readonly currency: string;
  /** Minor units, positive. */
  readonly value: number;
  /** The id of what caused it. */
  readonly cause: string;
  readonly memo?: string;
}

const accountName = (account: LedgerAccount, channelAccount: string): string =>
  account === "channel" ? `channel:${channelAccount}` : account;

/** The same cause and kind always give the same entry, whenever it is written down. */
export function entryOf(posting: Posting, now: number): LedgerEntry {
  const { code, debit, credit } = ENTRY_KINDS[posting.kind];
  if (!Number.isSafeInteger(posting.value) || posting.value <= 0) {
    throw new RangeError("an entry moves a positive whole number of minor units");
  }
  return {
    id: `le_${code}${posting.cause.replace(/^[a-z]+_/, "")}`,
    merchant_id: posting.merchantId,
    livemode: posting.livemode,
    at: posting.at,
    currency: posting.currency,
    value: posting.value,
    kind: posting.kind,
    debit: accountName(debit, posting.channelAccount),
    credit: accountName(credit, posting.channelAccount),
    cause: posting.cause,
    memo: posting.memo ?? null,
    recorded_at: now,
  };
}
