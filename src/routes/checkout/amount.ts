/** Amounts as a language writes them, exact to the minor unit. */
import { CURRENCY_DECIMALS, type Money, toDecimal } from "../../money.ts";
import type { Language } from "./texts/index.ts";

/**
 * "CN¥6.99", "¥699", "฿1,234.50". The decimal text goes in as it is, so nothing is rounded on the
 * way; the number of places is the currency's (ISO 4217), whatever the language would make of it.
 */
export function showMoney({ currency, value }: Money, language: Language): string {
  const decimals = CURRENCY_DECIMALS[currency] ?? 2;
  const format = new Intl.NumberFormat(language, {
    style: "currency",
    currency,
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return format.format(toDecimal(value, decimals) as Intl.StringNumericLiteral);
}
