/** What the simulator must know of a national scheme, and the payments in its terms. */
import * as z from "zod";

import { toDecimal } from "../../../money.ts";
import type { SandboxKeyring, SandboxOrderRecord } from "../../../sandbox/simulator.ts";
import type { Settings } from "./accounts.ts";
import type { Paid } from "./messages.ts";

/** What the simulator must know of a scheme. */
export interface BankSandboxScheme {
  readonly currency: string;
  readonly currencyNumber: string;
  /** Decimals of the currency, and those that its codes are written with. */
  readonly decimals: number;
  readonly written: number;
  /** Where a code may name payee and reference: "30.01". Kinds of codes differ. */
  readonly payeeAt: readonly string[];
  readonly referenceAt: readonly string[];
  /** The built-in test account: credentials as the bank would hand them out. */
  readonly account: (keys: SandboxKeyring, accountId: string) => Record<string, unknown>;
  /** What the bank of a built-in account shares with it. */
  readonly builtIn: (keys: SandboxKeyring, payee: string) => Settings;
  /** The payee of somebody's own credentials, as a code names it; null: not to be seen in them. */
  readonly payeeOf: (credentials: Readonly<Record<string, unknown>>) => string | null;
}

const stored = z.object({ code: z.string(), reference: z.string() });

/** What the buyer paid, from the record of the order. */
export function paidOf(
  order: SandboxOrderRecord,
  scheme: BankSandboxScheme,
  value: number = order.value,
): Paid {
  const { code, reference } = stored.parse(JSON.parse(order.parameters));
  const unit = 10 ** (scheme.decimals - scheme.written);
  return {
    payee: order.merchant,
    reference,
    code,
    amount: toDecimal(Math.ceil(value / unit), scheme.written),
    value,
    currency: scheme.currency,
    currencyNumber: scheme.currencyNumber,
    transactionId: order.transactionId ?? "",
    paidAt: order.paidAt ?? order.createdAt,
  };
}
