/**
 * What an invoice says. Pure. Its total is not the sum of a month's payments but what the merchant
 * owes by the ledger and no invoice has asked for yet: a fee that is written down late, or given
 * back later, is on the next one by itself, and all invoices together are always the fees, to the
 * minor unit.
 */
import { CURRENCY_DECIMALS, exact, toDecimal } from "../money.ts";
import { DAY_MS } from "../days.ts";

/** How the kinds of entries that invoices are made of change what the merchant owes. */
export const OWED_BY = { fee: 1, fee_refund: -1, split: -1, split_return: 1 } as const;

export type OwedKind = keyof typeof OWED_BY;

export const OWED_KINDS = Object.keys(OWED_BY) as OwedKind[];

/**
 * What the channel is about to move when the month ends. No entry says so yet. Attack: a fee that is
 * invoiced while the channel takes it, too.
 */
const UNDER_WAY = { share_under_way: -1, return_under_way: 1 } as const;

export type UnderWayKind = keyof typeof UNDER_WAY;

const SIGNS = { ...OWED_BY, ...UNDER_WAY };

/** What an invoice's lines call them, and in which order they stand. */
const LINE_WORDS: readonly (readonly [OwedKind | UnderWayKind, string])[] = [
  ["fee", "Fees for payments"],
  ["fee_refund", "Given back with refunds"],
  ["split", "Already taken at the channel"],
  ["split_return", "Returned at the channel with refunds"],
  ["share_under_way", "Being taken at the channel"],
  ["return_under_way", "Being returned at the channel with refunds"],
];

const CARRIED_OVER = "Carried over from earlier months";

/** An invoice is to be paid within this time (milliseconds). */
export const DUE_AFTER_MS = 14 * DAY_MS;

/** The sum of entries of one kind, currency and channel account, or of what is under way there. */
export interface OwedSum {
  readonly currency: string;
  readonly kind: OwedKind | UnderWayKind;
  /** Null: no entry says where the payment was made. */
  readonly account: string | null;
  readonly count: number;
  /** Minor units, positive. */
  readonly value: number;
}

export interface DraftLine {
  readonly text: string;
  readonly quantity: number;
  readonly value: number;
}

export interface InvoiceDraft {
  readonly currency: string;
  readonly total: number;
  readonly lines: readonly DraftLine[];
}

/** What the entries change in what the merchant owes (minor units). */
export const owed = (sums: readonly OwedSum[]): number =>
  sums.reduce((all, { kind, value }) => exact(all + SIGNS[kind] * exact(value)), 0);

export interface Accounting {
  readonly currency: string;
  /** The month's own entries, and what is under way at its end. */
  readonly month: readonly OwedSum[];
  /** What {@link owed} says of all entries before the month, as written down by now. */
  readonly before: number;
  /** The totals of all invoices that there are. */
  readonly invoiced: number;
}

const byName = (a: string | null, b: string | null): number =>
  (a ?? "") < (b ?? "") ? -1 : Number((a ?? "") > (b ?? ""));

/**
 * Lines that sum to the total, one for each channel account and kind of entry.
 * @param nameOf how people call a channel account
 * @returns null where nothing is owed: what there is goes to the next month
 */
export function draftInvoice(
  { currency, month, before, invoiced }: Accounting,
  nameOf: (account: string | null) => string,
): InvoiceDraft | null {
  const own = month.filter((sum) => sum.currency === currency);
  const carried = exact(before - invoiced);
  const total = exact(owed(own) + carried);
  if (total <= 0) return null;
  const accounts = [...new Set(own.map(({ account }) => account))].toSorted(byName);
  const lines = accounts.flatMap((account) =>
    LINE_WORDS.flatMap(([kind, words]) =>
      own
        .filter((sum) => sum.kind === kind && sum.account === account)
        .map(({ count, value }) => ({
          text: `${words}: ${nameOf(account)}`,
          quantity: count,
          value: SIGNS[kind] * value,
        })),
    ),
  );
  if (carried !== 0) lines.push({ text: CARRIED_OVER, quantity: 1, value: carried });
  return { currency, total, lines };
}

/** Digits with their thousands apart. */
export const grouped = (digits: string): string => digits.replaceAll(/\B(?=(?:\d{3})+$)/g, ",");

/** With a sign, thousands apart: (-123456, CNY) is "−1,234.56". */
export function signedAmount(value: number, currency: string): string {
  const digits = toDecimal(Math.abs(value), CURRENCY_DECIMALS[currency] ?? 2);
  const [whole = "", ...fraction] = digits.split(".");
  return `${value < 0 ? "\u2212" : ""}${[grouped(whole), ...fraction].join(".")}`;
}
