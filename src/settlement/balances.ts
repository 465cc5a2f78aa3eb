/**
 * Balances, made of what has moved between accounts. Pure. A balance is debits less credits, so all
 * of a currency's balances together are zero: what the merchant has (at channels, at the bank) and
 * what it has spent is positive; what it has earned and what it owes is negative.
 */
import { exact } from "../money.ts";
import type { LedgerAccount } from "./ledger.ts";

/** The sum of the entries between two accounts, minor units. */
export interface Movement {
  readonly currency: string;
  readonly debit: string;
  readonly credit: string;
  readonly value: number;
}

/** Minor units. */
export interface AccountBalance {
  readonly account: string;
  readonly debit: number;
  readonly credit: number;
  /** `debit - credit`. */
  readonly balance: number;
}

export interface CurrencyBalance {
  readonly currency: string;
  /** In the order of their names. */
  readonly accounts: readonly AccountBalance[];
  /** What the channels hold for the merchant: received, and neither given back nor paid out. */
  readonly held_at_channels: number;
  /** What the merchant still owes the platform; negative: the platform owes the merchant. */
  readonly owed_to_platform: number;
  /** What has arrived at the merchant's bank, less the platform's invoices paid from there. */
  readonly at_bank: number;
}

const CHANNEL: LedgerAccount = "channel";
const PLATFORM: LedgerAccount = "platform";
const BANK: LedgerAccount = "bank";

const isChannel = (account: string): boolean => account.startsWith(`${CHANNEL}:`);

const byName = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function accountsOf(movements: readonly Movement[]): AccountBalance[] {
  const sums = new Map<string, { debit: number; credit: number }>();
  const add = (account: string, side: "debit" | "credit", value: number) => {
    const sum = sums.get(account) ?? { debit: 0, credit: 0 };
    sums.set(account, { ...sum, [side]: exact(sum[side] + exact(value)) });
  };
  for (const { debit, credit, value } of movements) {
    add(debit, "debit", value);
    add(credit, "credit", value);
  }
  return [...sums]
    .map(([account, { debit, credit }]) => ({ account, debit, credit, balance: debit - credit }))
    .toSorted((a, b) => byName(a.account, b.account));
}

const sumOf = (
  accounts: readonly AccountBalance[],
  belongs: (account: string) => boolean,
): number =>
  accounts.filter(({ account }) => belongs(account)).reduce((sum, { balance }) => sum + balance, 0);

/** @returns a row for each currency in which anything has moved, in the order of their codes */
export const balancesOf = (movements: readonly Movement[]): CurrencyBalance[] =>
  [...Map.groupBy(movements, ({ currency }) => currency)]
    .toSorted(([a], [b]) => byName(a, b))
    .map(([currency, own]) => {
      const accounts = accountsOf(own);
      return {
        currency,
        accounts,
        held_at_channels: sumOf(accounts, isChannel),
        // The other way round: a debt is a negative balance. Zero is never written as -0.
        owed_to_platform: 0 - sumOf(accounts, (account) => account === PLATFORM),
        at_bank: sumOf(accounts, (account) => account === BANK),
      };
    });
