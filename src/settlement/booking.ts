/**
 * What a publication puts into the ledger. Pure. Made from the copies of the payment and of its
 * refunds, not from the events: a copy says everything that was ever due, so publishing a payment
 * again restores whatever is missing, and the entries' ids make sure that nothing is booked twice.
 *
 * A payment that the channel gave back by itself stays `succeeded`, and what went back is a refund
 * of its own: it is booked like one that somebody asked for. One that was given back by closing it
 * before anybody was told never succeeded, and is not booked.
 */
import type { PaymentCopy, PublishedEvents, RefundCopy } from "../messages.ts";
import { type EntryKind, entryOf, type LedgerEntry, type Posting } from "./ledger.ts";

/** What the books need of a payment's or refund's public JSON. */
interface Snapshot {
  readonly fee: { readonly value: number } | null;
}

const feeIn = (snapshot: string): number => (JSON.parse(snapshot) as Snapshot).fee?.value ?? 0;

type Booked = Pick<
  PaymentCopy | RefundCopy,
  "id" | "status" | "currency" | "value" | "snapshot"
> & {
  readonly channel_account: string | null;
  readonly succeeded_at: number | null;
};

/** @param kinds of the amount, and of the fee in it */
function postingsOf(
  { merchant_id: merchantId, livemode }: PublishedEvents,
  booked: Booked,
  kinds: readonly [EntryKind, EntryKind],
): Posting[] {
  const { status, succeeded_at: at, channel_account: channelAccount } = booked;
  if (status !== "succeeded" || at === null || channelAccount === null) return [];
  const { id: cause, currency, value, snapshot } = booked;
  const common = { merchantId, livemode, channelAccount, at, currency, cause };
  const [amount, fee] = kinds;
  return [
    { ...common, kind: amount, value },
    { ...common, kind: fee, value: feeIn(snapshot) },
  ];
}

/**
 * The entries of what has succeeded, the same whenever they are made; nothing moves no money.
 * @param now milliseconds since 1970: when they are written down
 */
export function entriesOf(published: PublishedEvents, now: number): LedgerEntry[] {
  const { copy, refunds = [] } = published;
  const postings = [
    ...(copy === undefined ? [] : postingsOf(published, copy, ["gross", "fee"])),
    ...refunds.flatMap((refund) => postingsOf(published, refund, ["refund", "fee_refund"])),
  ];
  return postings.filter(({ value }) => value > 0).map((posting) => entryOf(posting, now));
}
