/** Where a DuitNow code comes from: an acquirer's answer, an acquirer's static code, or nowhere. */
import type { Money } from "../../money.ts";
import { type Result, ok } from "../../result.ts";
import { trimLineEnd } from "./characters.ts";
import { type EmvError, refuse } from "./issues.ts";
import { parseEmv } from "./parse.ts";
import { buildDuitNow, type DuitNowInput, INTEGRITY } from "./schemes/duitnow.ts";
import { dynamicFromTemplate } from "./template.ts";

export type DuitNowSource =
  /** A code that the acquirer made for this very order. */
  | { readonly kind: "acquirer"; readonly payload: string }
  /** A static code that the acquirer issued. */
  | {
      readonly kind: "template";
      readonly payload: string;
      /**
       * The acquirer has allowed object 82 to stay although the content changes. Otherwise it goes:
       * a hash that does not fit is worse than none.
       */
      readonly keepIntegrity?: boolean;
    }
  /** Sandbox and tests: no bank has to take it. */
  | ({ readonly kind: "compose" } & Omit<
      DuitNowInput,
      "amount" | "billNumber" | "reference" | "customer" | "initiation"
    >);

export interface DuitNowOrder {
  readonly amount: Money;
  /** 62.01, 62.05 and 62.06, each at most 25 characters. */
  readonly billNumber?: string | null;
  readonly reference?: string | null;
  readonly customer?: string | null;
}

/**
 * A code from elsewhere is shown only when it is a DuitNow code for exactly this amount: a swapped
 * or stale answer would take another payment's money.
 */
function checked(payload: string, amount: Money): Result<string, EmvError> {
  const text = trimLineEnd(payload);
  const parsed = parseEmv(text, "lenient");
  if (!parsed.ok) return parsed;
  const { schemes, currency, amount: given } = parsed.value;
  if (!schemes.some(({ scheme }) => scheme === "duitnow")) {
    return refuse("EMV_SCHEME", null, "not a DuitNow code");
  }
  if (currency?.code !== amount.currency) {
    return refuse("EMV_CURRENCY", "53", "not the currency of the order");
  }
  if (given === null || given.value !== amount.value) {
    return refuse("EMV_AMOUNT", "54", "not the amount of the order");
  }
  return ok(text);
}

/** The code to show for an order. */
export function duitNowCode(source: DuitNowSource, order: DuitNowOrder): Result<string, EmvError> {
  const { amount, billNumber, reference, customer } = order;
  switch (source.kind) {
    case "acquirer":
      return checked(source.payload, amount);
    case "template":
      return dynamicFromTemplate(source.payload, {
        amount,
        scheme: "duitnow",
        additional: { "01": billNumber, "05": reference, "06": customer },
        drop: source.keepIntegrity === true ? [] : [INTEGRITY],
      });
    case "compose": {
      const { kind: _, ...merchant } = source;
      return buildDuitNow({
        ...merchant,
        amount,
        billNumber: billNumber ?? null,
        reference: reference ?? null,
        customer: customer ?? null,
      });
    }
  }
}
