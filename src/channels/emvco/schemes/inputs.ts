/** What the builders of all schemes do with their inputs. */
import type { Money } from "../../../money.ts";
import { type Result, err, ok } from "../../../result.ts";
import { AMOUNT_FAULTS, writeAmount } from "../amounts.ts";
import type { BuildField, MaybeField } from "../build.ts";
import { plainName } from "../characters.ts";
import { currencyOfCode } from "../currencies.ts";
import { emvError, type EmvError, refuse } from "../issues.ts";

/** `auto`: dynamic (12) with an amount, static (11) without. Some apps refuse 12 from a person. */
export type Initiation = "auto" | "11" | "12";

export const initiationField = (
  initiation: Initiation | undefined,
  amount: string | null,
): BuildField => {
  if (initiation === "11" || initiation === "12") return ["01", initiation];
  return ["01", amount === null ? "11" : "12"];
};

/** An object that is left out when there is no value for it. */
export const optional = (id: string, value: string | null | undefined): MaybeField =>
  value === undefined || value === null ? null : [id, value];

/** A template that is left out when all its objects are. */
export const optionalTemplate = (id: string, fields: readonly MaybeField[]): MaybeField =>
  fields.some((field) => field !== null) ? [id, fields] : null;

/** The text of object 54; null: the payer enters it. */
export function amountText(
  amount: Money | null | undefined,
  currencies: readonly string[],
): Result<string | null, EmvError> {
  if (amount === null || amount === undefined) return ok(null);
  const currency = currencyOfCode(amount.currency);
  if (currency === null || !currencies.includes(currency.code)) {
    return refuse("EMV_CURRENCY", "53", `the currency must be ${currencies.join(" or ")}`);
  }
  const text = writeAmount(amount.value, currency.decimals, currency.written);
  return text.ok ? text : err(emvError("EMV_AMOUNT", "54", AMOUNT_FAULTS[text.error]));
}

/** Objects 59 to 61 as every scheme takes them. */
export interface Shopfront {
  /** Written in printable ASCII, at most 25 characters; the rest is cut. */
  readonly merchantName?: string | null | undefined;
  /** Written in printable ASCII, at most 15 characters; the rest is cut. */
  readonly city?: string | null | undefined;
  readonly postalCode?: string | null | undefined;
  /** ISO 18245; 0000 where nobody has one. */
  readonly mcc?: string | null | undefined;
}

export const nameField = (shop: Shopfront, fallback: string): BuildField => [
  "59",
  plainName(shop.merchantName, 25, fallback),
];

export const cityField = (shop: Shopfront, fallback: string): BuildField => [
  "60",
  plainName(shop.city, 15, fallback),
];
