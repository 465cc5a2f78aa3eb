/**
 * What a national scheme brings to a channel of bank codes: its row of the matrix, what its accounts
 * consist of, and how its code is made. Everything else is the same for all of them.
 */
import type * as z from "zod";

import type { Failure, Issue } from "../../errors.ts";
import type { Money } from "../../money.ts";
import type { Result } from "../../result.ts";
import type { ChannelAccount, ChannelInfo } from "../adapter.ts";
import type { EmvError } from "../emvco/issues.ts";
import type { BankProfile, BankSettings, IssueCall } from "./profile.ts";
import type { Values } from "./template.ts";

/** What every account of a bank channel has. */
export interface BankCredentials {
  readonly bank: BankSettings;
}

/** One code. */
export interface CodeDetails {
  readonly amount: Money;
  /** Capitals and digits. */
  readonly reference: string;
  readonly merchantName: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface BankScheme<C extends BankCredentials> {
  readonly info: ChannelInfo;
  /** A strict object with `bank`. */
  readonly credentials: z.ZodObject;
  /** Ids of the profiles that report payments of this scheme. */
  readonly profiles: readonly string[];
  /** Characters of a reference that the code carries and the bank gives back. */
  readonly referenceLength: number;
  /** What the form does not show. Paths are below `credentials`. */
  readonly examine: (credentials: C, bankMakesCode: boolean) => readonly Issue[];
  /** Who is paid where the bank makes the code, and nothing here says it. */
  readonly payee: (credentials: C) => string | null;
  readonly code: (credentials: C, details: CodeDetails) => Result<string, EmvError>;
  /** More to fill into the calls of a profile. */
  readonly values?: (credentials: C) => Values;
  /** Why this account must not be used for payments. */
  readonly refuse?: (credentials: C, account: ChannelAccount) => Failure | null;
}

/** How the bank makes the code for this account; null: it is made here. */
export function issueOf(profile: BankProfile, settings: BankSettings): IssueCall | null {
  const issue = profile.api?.issue;
  if (issue === undefined) return null;
  return issue.when === "always" || settings.qr_source === "bank" ? issue : null;
}

/**
 * The reference of a payment: characters of its id in capitals, as every bank takes them. 15 of them
 * are 75 bits; that two payments of one account share them is found when the second keeps its own.
 */
export const referenceOf = (orderNumber: string, length: number): string => {
  // The last digit tells a later order of the payment from the first: it must not be cut off.
  const again = orderNumber.slice(ORDER_LENGTH);
  return `${again}${orderNumber.slice(3)}`.slice(0, length).toUpperCase();
};

/** A payment's id, which is the number of its first order. */
const ORDER_LENGTH = "pi_".length + 26;
