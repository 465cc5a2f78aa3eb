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
import { GUID_LIMIT, RECOMMENDED_LIMIT, valueError } from "./validate.ts";

/** An object; a list stands for a template. */
export type BuildField = readonly [id: string, value: string | readonly MaybeField[]];

/** Null is skipped, so that optional objects can be written where they belong. */
export type MaybeField = BuildField | null;

type Value = BuildField[1];

export interface BuildOptions {
  /** Mandatory objects of EMVCo that the scheme leaves out (52, 59, 60). */
  readonly mayOmit?: readonly string[];
}

const INNER: ObjectRule = { name: "", format: "text", min: 1, max: 99, template: false };
const INNER_COMMON: ObjectRule = { ...INNER, format: "common" };
const GUID: ObjectRule = { ...INNER_COMMON, max: GUID_LIMIT };

/** The rule of an object by where it stands; `path` is empty at the root. */
function ruleAt(path: string, id: string): ObjectRule | undefined {
  if (path === "") return ruleOf(id);
  const inTemplate = path.length === 2;
  if (isAccount(path.slice(0, 2))) return inTemplate && id === "00" ? GUID : INNER_COMMON;
  return (inTemplate ? innerRuleOf(path, id) : undefined) ?? INNER;
}

/** Inside the builder a text is a success: an object around each would cost more than the work. */
type Written = string | EmvError;

function writeValue(value: Value, rule: ObjectRule, path: string, id: string): Written {
  if (typeof value === "string") {
    // Only the unreserved templates (80–99) are used for plain values as well.
    if (rule.template && id < "80") {
      return emvError("EMV_TEMPLATE", id, "a template is given by its objects");
    }
    return valueError(rule, value, path, id) ?? value;
  }
  const here = joinPath(path, id);
  const nests = path === "" ? rule.template : path.length === 2;
  if (!nests) return emvError("EMV_TEMPLATE", here, "no template");
  const inner = writeFields(value, here, []);
  if (inner === "") return emvError("EMV_EMPTY_VALUE", here, "no objects");
  if (typeof inner !== "string") return inner;
  return characterCount(inner) > VALUE_LIMIT ? tooLong(here, VALUE_LIMIT) : inner;
}

/** @param seen takes the identifiers that were written */
function writeFields(fields: readonly MaybeField[], path: string, seen: string[]): Written {
  let text = "";
  for (const field of fields) {
    if (field === null) continue;
    const [id, value] = field;
    const rule = id.length === 2 && isDigits(id) ? ruleAt(path, id) : undefined;
    if (rule === undefined) {
      return emvError("EMV_TLV_HEADER", path || null, "an identifier has two digits");
    }
    if (seen.includes(id)) return emvError("EMV_DUPLICATE_ID", joinPath(path, id), "given twice");
    const written = writeValue(value, rule, path, id);
    if (typeof written !== "string") return written;
    seen.push(id);
    text += writeObject(id, written);
  }
  return text;
}

/** The text of an object of the root; a search, because a dozen objects need no index. */
function textIn(fields: readonly MaybeField[], id: string): string | null {
  for (const field of fields) {
    if (field !== null && field[0] === id) return typeof field[1] === "string" ? field[1] : null;
  }
  return null;
}

/** What no single object shows: the first object, what must be there, amounts by currency. */
function wholeError(
  fields: readonly MaybeField[],
  ids: readonly string[],
  mayOmit: readonly string[],
): EmvError | null {
  const version = ids[0] === "00" ? textIn(fields, "00") : null;
  if (version !== "01" && version !== "02") {
    return emvError("EMV_PFI", "00", "a payload begins with its format indicator, 01 or 02");
  }
  if (ids.includes("63")) return emvError("EMV_FORMAT", "63", "the CRC is computed, not given");
  if (!ids.some(isAccount)) {
    return emvError("EMV_MANDATORY_MISSING", "02", "at least one merchant account");
  }
  for (const id of MANDATORY) {
    if (!ids.includes(id) && !mayOmit.includes(id)) {
      return emvError("EMV_MANDATORY_MISSING", id, "must be there");
    }
  }
  if (ids.includes("01") && !["11", "12"].includes(textIn(fields, "01") ?? "")) {
    return emvError("EMV_FORMAT", "01", "11 (static) or 12 (dynamic)");
  }
  return tipError(fields, ids) ?? amountError(fields, ids);
}

function tipError(fields: readonly MaybeField[], ids: readonly string[]): EmvError | null {
  const indicator = ids.includes("55") ? (textIn(fields, "55") ?? "") : null;
  if (indicator !== null && !["01", "02", "03"].includes(indicator)) {
    return emvError("EMV_FORMAT", "55", "01, 02 or 03");
  }
  if (ids.includes("56") !== (indicator === "02")) {
    return emvError("EMV_FORMAT", "56", "exactly together with 55 = 02");
  }
  if (ids.includes("57") !== (indicator === "03")) {
    return emvError("EMV_FORMAT", "57", "exactly together with 55 = 03");
  }
  return null;
}

/** "98." and "007" can be read, and are not written. */
const WRITTEN_AMOUNT = /^(?:0|[1-9]\d*)(?:\.\d+)?$/;

const AMOUNTS = ["54", "56"] as const;

function amountError(fields: readonly MaybeField[], ids: readonly string[]): EmvError | null {
  for (const id of AMOUNTS) {
    if (!ids.includes(id)) continue;
    const text = textIn(fields, id) ?? "";
    const decimals = currencyOfNumber(textIn(fields, "53") ?? "")?.decimals ?? null;
    const fault = WRITTEN_AMOUNT.test(text) ? readAmount(text, decimals).fault : "shape";
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
  const ids: string[] = [];
  const body = writeFields(fields, "", ids);
  if (typeof body !== "string") return err(body);
  const error = wholeError(fields, ids, options.mayOmit ?? []);
  if (error !== null) return err(error);
  const signed = `${body}6304`;
  if (signed.length + 4 > RECOMMENDED_LIMIT && characterCount(signed) + 4 > RECOMMENDED_LIMIT) {
    return err(emvError("EMV_PAYLOAD_TOO_LONG", null, `more than ${RECOMMENDED_LIMIT} characters`));
  }
  return ok(signed + crc16(signed));
}
