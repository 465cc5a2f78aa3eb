/**
 * A service's manifest as form fields, and back. Pure. The form shows what most services need; what it
 * does not show is kept as it was, and can be changed as JSON.
 */
import type { Issue } from "../../../errors.ts";
import { CURRENCY_DECIMALS, fromDecimal, toDecimal } from "../../../money.ts";
import type { Form } from "../form.ts";
import { linesOf } from "./lines.ts";
import type { ManifestView, PriceView } from "./views.ts";

/** One price as it is typed: amounts in major units. */
export interface PriceRow {
  readonly id: string;
  readonly label: string;
  readonly currency: string;
  readonly amount: string;
  readonly min: string;
  readonly max: string;
}

export interface ManifestTyped {
  readonly name: string;
  readonly description: string;
  readonly provider: string;
  readonly channels: readonly string[];
  readonly settlement: string;
  readonly endpoint: string;
  readonly webhook: string;
  readonly tags: string;
  readonly version: string;
  readonly prices: readonly PriceRow[];
}

/** As many rows as a form offers without being asked. */
const ROWS = 3;
/** As many prices as a manifest may have. */
const MOST_ROWS = 20;

const EMPTY_ROW: PriceRow = { id: "", label: "", currency: "", amount: "", min: "", max: "" };

export const EMPTY: ManifestTyped = {
  name: "",
  description: "",
  provider: "",
  channels: [],
  settlement: "",
  endpoint: "",
  webhook: "",
  tags: "",
  version: "1.0.0",
  prices: [],
};

export const priceField = (row: number, name: string): string => `pricing.one_time.${row}.${name}`;

/** The rows that a form shows: those that are filled, and room for more. */
export const rowsOf = ({ prices }: ManifestTyped): readonly PriceRow[] =>
  [...prices, ...Array.from({ length: Math.max(2, ROWS - prices.length) }, () => EMPTY_ROW)].slice(
    0,
    MOST_ROWS,
  );

const decimalsOf = (currency: string): number => CURRENCY_DECIMALS[currency] ?? 2;

const decimalText = (money: PriceView["amount"]): string =>
  money === undefined ? "" : toDecimal(money.value, decimalsOf(money.currency));

const rowOf = ({ id, label, amount, min, max }: PriceView): PriceRow => ({
  id,
  label: label ?? "",
  currency: (amount ?? max ?? min)?.currency ?? "",
  amount: decimalText(amount),
  min: decimalText(min),
  max: decimalText(max),
});

/** @param manifest as the API gave it */
export const typedFrom = (manifest: ManifestView): ManifestTyped => ({
  name: manifest.name,
  description: manifest.description,
  provider: manifest.provider.display_name,
  channels: manifest.accepted_channels,
  settlement: manifest.settlement_currency,
  endpoint: manifest.endpoint,
  webhook: manifest.webhook_url ?? "",
  tags: manifest.tags.join(", "),
  version: manifest.version,
  prices: manifest.pricing.one_time.map(rowOf),
});

/** What came in with a form. Rows without anything in them are dropped, so the rest move up. */
export function readTyped(form: Form): ManifestTyped {
  const rows = Array.from({ length: MOST_ROWS }, (_, row): PriceRow => {
    const at = (name: keyof PriceRow): string => form.text(priceField(row, name));
    return {
      id: at("id"),
      label: at("label"),
      currency: at("currency"),
      amount: at("amount"),
      min: at("min"),
      max: at("max"),
    };
  });
  return {
    name: form.text("name"),
    description: form.text("description").replaceAll("\r\n", "\n"),
    provider: form.text("provider.display_name"),
    channels: form.all("accepted_channels"),
    settlement: form.text("settlement_currency"),
    endpoint: form.text("endpoint"),
    webhook: form.text("webhook_url"),
    tags: form.text("tags"),
    version: form.text("version"),
    // The currency alone is only what the list began with.
    prices: rows.filter((row) => [row.id, row.label, row.amount, row.min, row.max].some(Boolean)),
  };
}

interface Written {
  readonly manifest: Readonly<Record<string, unknown>>;
  /** Amounts that are none: the API takes integers, so it never sees them. */
  readonly issues: readonly Issue[];
}

function priceFrom(row: PriceRow, place: number, issues: Issue[]) {
  const decimals = decimalsOf(row.currency);
  const money = (name: "amount" | "min" | "max") => {
    const text = row[name];
    if (text === "") return {};
    const value = fromDecimal(text, decimals);
    if (value === null) {
      const example = toDecimal(699, decimals);
      const message = `must be a number like ${example}, with at most ${decimals} decimal places`;
      issues.push({ path: priceField(place, name), message });
    }
    return { [name]: { currency: row.currency, value } };
  };
  return {
    id: row.id,
    ...(row.label === "" ? {} : { label: row.label }),
    ...money("amount"),
    ...money("min"),
    ...money("max"),
  };
}

/** @param base the manifest that is changed: what the form does not show stays; null: a new one */
export function manifestFrom(typed: ManifestTyped, base: ManifestView | null): Written {
  const issues: Issue[] = [];
  const prices = typed.prices.map((row, place) => priceFrom(row, place, issues));
  const { webhook_url: _, ...kept } = base ?? {};
  const methods = base?.payment_methods ?? { cumulative: false, subscription: false };
  const manifest = {
    ...kept,
    name: typed.name,
    description: typed.description,
    provider: { ...base?.provider, display_name: typed.provider },
    payment_methods: { ...methods, one_time: prices.length > 0 },
    pricing: { ...base?.pricing, one_time: prices },
    accepted_channels: typed.channels,
    settlement_currency: typed.settlement,
    endpoint: typed.endpoint,
    ...(typed.webhook === "" ? {} : { webhook_url: typed.webhook }),
    tags: linesOf(typed.tags),
    version: typed.version,
  };
  return { manifest, issues };
}

/** “1.4.0” becomes “1.4.1”: what was published stays as it is. Anything else stays. */
export const nextVersion = (version: string): string =>
  version.replace(
    /^(\d+\.\d+\.)(\d{1,9})$/,
    (_, head: string, patch: string) => `${head}${Number(patch) + 1}`,
  );
