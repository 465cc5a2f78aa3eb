/**
 * Writes a payload from a description of its objects, in their order. Strict only: what a reader
 * would merely tolerate is refused here, because a code on a counter outlives its mistake.
 */
import { type Result, err, ok } from "../../result.ts";
import { AMOUNT_FAULTS, readAmount } from "./amounts.ts";
import { characterCount, isDigits } from "./characters.ts";
import { crc16 } from "./crc.ts";
import { currencyOfNumber } from "./currencies.ts";
import { innerRuleOf, isAccount, MANDATORY, type ObjectRule, ruleOf } from "./dictionary.ts";
import { emvError, type EmvError, tooLong } from "./issues.ts";
import { joinPath, VALUE_LIMIT, writeObject } from "./tlv.ts";
import { RECOMMENDED_LIMIT, valueError } from "./validate.ts";

/** An object; a list stands for a template. */
export type BuildField = readonly [id: string, value: string | readonly MaybeField[]];

/** Null is skipped, so that optional objects can be written where they belong. */
export type MaybeField = BuildField | null;

export interface BuildOptions {
  /** Mandatory objects of EMVCo that the scheme leaves out (52, 59, 60). */
  readonly mayOmit?: readonly string[];
}

/** The root, a template, and a template of a payment system within it. */
const DEPTH = 3;

const INNER: ObjectRule = { name: "", format: "text", min: 1, max: 99, template: false };
const INNER_COMMON: ObjectRule = { ...INNER, format: "common" };
const GUID: ObjectRule = { ...INNER_COMMON, max: 32 };

/** The rule of a value by its path. */
function ruleAt(parents: readonly string[], id: string): ObjectRule | undefined {
  const [root] = parents;
  if (root === undefined) return ruleOf(id);
  if (isAccount(root)) return id === "00" && parents.length === 1 ? GUID : INNER_COMMON;
  return (parents.length === 1 ? innerRuleOf(root, id) : undefined) ?? INNER;
}

function writeValue(
  value: string | readonly MaybeField[],
  rule: ObjectRule,
  parents: readonly string[],
  id: string,
): Result<string, EmvError> {
  const path = parents.length === 0 ? id : joinPath(parents.join("."), id);
  if (typeof value === "string") {
    // Only the unreserved templates (80–99) are used for plain values as well.
    if (rule.template && id < "80") {
      return err(emvError("EMV_TEMPLATE", path, "a template is given by its objects"));
    }
    const error = valueError(rule, value, path);
    return error === null ? ok(value) : err(error);
  }
  if (parents.length + 1 >= DEPTH || (parents.length === 0 && !rule.template)) {
    return err(emvError("EMV_TEMPLATE", path, "no template"));
  }
  const inner = writeFields(value, [...parents, id]);
  if (!inner.ok) return inner;
  if (inner.value === "") return err(emvError("EMV_EMPTY_VALUE", path, "no objects"));
  return characterCount(inner.value) > VALUE_LIMIT ? err(tooLong(path, VALUE_LIMIT)) : inner;
}

function writeFields(
  fields: readonly MaybeField[],
  parents: readonly string[],
): Result<string, EmvError> {
  let text = "";
  const seen: string[] = [];
  for (const field of fields) {
    if (field === null) continue;
    const [id, value] = field;
    const path = parents.length === 0 ? id : joinPath(parents.join("."), id);
    if (id.length !== 2 || !isDigits(id)) {
      return err(emvError("EMV_TLV_HEADER", null, "an identifier has two digits"));
    }
    if (seen.includes(id)) return err(emvError("EMV_DUPLICATE_ID", path, "given twice"));
    const rule = ruleAt(parents, id);
    if (rule === undefined) return err(emvError("EMV_TLV_HEADER", path, "no such object"));
    const written = writeValue(value, rule, parents, id);
    if (!written.ok) return written;
    seen.push(id);
    text += writeObject(id, written.value);
  }
  return ok(text);
}

const valueOf = (fields: readonly MaybeField[], id: string): string | null => {
  const found = fields.find((field) => field?.[0] === id);
  return typeof found?.[1] === "string" ? found[1] : null;
};

/** What no single object shows: the first object, what must be there, amounts by currency. */
function wholeError(fields: readonly MaybeField[], options: BuildOptions): EmvError | null {
  const present = fields.filter((field) => field !== null);
  const [first] = present;
  if (first?.[0] !== "00" || (first[1] !== "01" && first[1] !== "02")) {
    return emvError("EMV_PFI", "00", "a payload begins with its format indicator, 01 or 02");
  }
  const has = (id: string) => present.some((field) => field[0] === id);
  if (has("63")) return emvError("EMV_CRC_MISSING", "63", "the CRC is computed, not given");
  if (!present.some(([id]) => isAccount(id))) {
    return emvError("EMV_MANDATORY_MISSING", "02", "at least one merchant account");
  }
  for (const id of MANDATORY) {
    if (!has(id) && options.mayOmit?.includes(id) !== true) {
      return emvError("EMV_MANDATORY_MISSING", id, "must be there");
    }
  }
  const initiation = valueOf(fields, "01");
  if (has("01") && initiation !== "11" && initiation !== "12") {
    return emvError("EMV_FORMAT", "01", "11 (static) or 12 (dynamic)");
  }
  return tipError(fields, has) ?? amountError(fields);
}

function tipError(fields: readonly MaybeField[], has: (id: string) => boolean): EmvError | null {
  const indicator = valueOf(fields, "55");
  if (has("55") && !["01", "02", "03"].includes(indicator ?? "")) {
    return emvError("EMV_FORMAT", "55", "01, 02 or 03");
  }
  if (has("56") !== (indicator === "02")) {
    return emvError("EMV_FORMAT", "56", "exactly together with 55 = 02");
  }
  if (has("57") !== (indicator === "03")) {
    return emvError("EMV_FORMAT", "57", "exactly together with 55 = 03");
  }
  return null;
}

/** "98." and "007" can be read, and are not written. */
const WRITTEN_AMOUNT = /^(?:0|[1-9]\d*)(?:\.\d+)?$/;

function amountError(fields: readonly MaybeField[]): EmvError | null {
  const currency = currencyOfNumber(valueOf(fields, "53") ?? "");
  for (const id of ["54", "56"]) {
    const text = valueOf(fields, id);
    if (text === null) continue;
    const fault = WRITTEN_AMOUNT.test(text)
      ? readAmount(text, currency?.decimals ?? null).fault
      : "shape";
    if (fault !== null) return emvError("EMV_AMOUNT", id, AMOUNT_FAULTS[fault]);
  }
  return null;
}

/**
 * The payload with its CRC, or the first thing that is wrong. Objects are written in the order
 * given: `00` first, any order after it, `63` is added. At most 512 characters, as EMVCo recommends.
 */
export function buildEmv(
  fields: readonly MaybeField[],
  options: BuildOptions = {},
): Result<string, EmvError> {
  const error = wholeError(fields, options);
  if (error !== null) return err(error);
  const body = writeFields(fields, []);
  if (!body.ok) return body;
  const signed = `${body.value}6304`;
  if (characterCount(signed) + 4 > RECOMMENDED_LIMIT) {
    return err(emvError("EMV_PAYLOAD_TOO_LONG", null, `more than ${RECOMMENDED_LIMIT} characters`));
  }
  return ok(signed + crc16(signed));
}
