/**
 * Makes a dynamic code out of a static one that an acquirer has issued: the account stays as it
 * was, amount and references are written in, the CRC is computed anew. DuitNow and QRIS need it.
 */
import type { Money } from "../../money.ts";
import { type Result, err } from "../../result.ts";
import { type BuildField, buildEmv, type MaybeField } from "./build.ts";
import type { EmvDescription } from "./description.ts";
import { emvError, type EmvError, refuse } from "./issues.ts";
import { parseEmv } from "./parse.ts";
import { amountText } from "./schemes/inputs.ts";
import type { EmvObject } from "./tlv.ts";

export interface TemplateChange {
  /** Must be in the template's currency. */
  readonly amount: Money;
  /** Slug of the scheme that the template must be of. */
  readonly scheme: string;
  /** Sub-objects of 62 to set ("01" bill number, "05" reference, "06" customer, …). */
  readonly additional?: Readonly<Record<string, string | null | undefined>>;
  /** Objects of the root to leave out: a hash over the old content would be wrong. */
  readonly drop?: readonly string[];
}

/** An object as the builder takes it; unreserved templates go as they are. */
const fieldOf = ({ id, value, children }: EmvObject): BuildField => [
  id,
  children === null || id >= "80" ? value : children.map(innerFieldOf),
];

const innerFieldOf = ({ id, value, children }: EmvObject): BuildField => [
  id,
  children === null ? value : children.map(({ id: inner, value: text }) => [inner, text]),
];

/** Template 62 with the new sub-objects in the place of old ones, and behind them. */
function additionalField(
  old: readonly EmvObject[],
  change: Readonly<Record<string, string | null | undefined>>,
): MaybeField {
  const given = Object.entries(change).flatMap(([id, value]): BuildField[] =>
    value === null || value === undefined ? [] : [[id, value]],
  );
  const replaced = new Set(given.map(([id]) => id));
  const kept = old.filter(({ id }) => !replaced.has(id)).map(innerFieldOf);
  const fields = [...kept, ...given].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return fields.length === 0 ? null : ["62", fields];
}

const REWRITTEN: ReadonlySet<string> = new Set(["00", "01", "54", "62", "63"]);

function rewritten(
  { objects, version }: EmvDescription,
  change: TemplateChange,
  amount: string,
): readonly MaybeField[] {
  const dropped = new Set(change.drop);
  const kept = objects.filter(({ id }) => !REWRITTEN.has(id) && !dropped.has(id));
  const before = kept.filter(({ id }) => id <= "53").map(fieldOf);
  const between = kept.filter(({ id }) => id > "53" && id < "62").map(fieldOf);
  const behind = kept.filter(({ id }) => id > "63").map(fieldOf);
  const old = objects.find(({ id }) => id === "62")?.children ?? [];
  const additional = additionalField(old, change.additional ?? {});
  return [
    ["00", version],
    ["01", "12"],
    ...before,
    ["54", amount],
    ...between,
    additional,
    ...behind,
  ];
}

/**
 * The template as a code for one payment. The template must be static and of the scheme: a code
 * that was issued for another payment would bring that payment's references along.
 */
export function dynamicFromTemplate(
  template: string,
  change: TemplateChange,
): Result<string, EmvError> {
  const parsed = parseEmv(template, "lenient");
  if (!parsed.ok) return parsed;
  const payload = parsed.value;
  if (!payload.schemes.some(({ scheme }) => scheme === change.scheme)) {
    return refuse("EMV_SCHEME", null, `the template is no ${change.scheme} code`);
  }
  if (payload.initiation === "dynamic") {
    return refuse("EMV_SCHEME", "01", "the template was issued for one payment: take a static one");
  }
  const twice = payload.warnings.find(({ code }) => code === "EMV_DUPLICATE_ID");
  if (twice !== undefined) return err(emvError("EMV_DUPLICATE_ID", twice.id, "an object twice"));
  const currency = payload.currency?.code ?? null;
  const amount = amountText(change.amount, currency === null ? [] : [currency]);
  if (!amount.ok) return amount;
  const fields = rewritten(payload, change, amount.value ?? "");
  // What the acquirer left out stays out.
  return buildEmv(fields, { mayOmit: payload.missing });
}
