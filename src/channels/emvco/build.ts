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

const INNER: ObjectRule = { name: "", format: "text", min: 1, max: 99, template: false };
const INNER_COMMON: ObjectRule = { ...INNER, format: "common" };
const GUID: ObjectRule = { ...INNER_COMMON, max: 32 };

/** The rule of an object by where it stands; `path` is empty at the root. */
function ruleAt(path: string, id: string): ObjectRule | undefined {
  if (path === "") return ruleOf(id);
  const inTemplate = path.length === 2;
  if (isAccount(path.slice(0, 2))) return inTemplate && id === "00" ? GUID : INNER_COMMON;
  return (inTemplate ? innerRuleOf(path, id) : undefined) ?? INNER;
}

function writeValue(
  value: string | readonly MaybeField[],
  rule: ObjectRule,
  path: string,
  id: string,
): Result<string, EmvError> {
  if (typeof value === "string") {
    // Only the unreserved templates (80–99) are used for plain values as well.
    if (rule.template && id < "80") {
      return err(emvError("EMV_TEMPLATE", id, "a template is given by its objects"));
    }
    const error = valueError(rule, value, path, id);
    return error === null ? ok(value) : err(error);
  }
  const here = joinPath(path, id);
  const nests = path === "" ? rule.template : path.length === 2;
  if (!nests) return err(emvError("EMV_TEMPLATE", here, "no template"));
  const inner = writeFields(value, here);
  if (!inner.ok) return inner;
  if (inner.value === "") return err(emvError("EMV_EMPTY_VALUE", here, "no objects"));
  return characterCount(inner.value) > VALUE_LIMIT ? err(tooLong(here, VALUE_LIMIT)) : inner;
}

function writeFields(fields: readonly MaybeField[], path: string): Result<string, EmvError> {
  let text = "";
  const seen: string[] = [];
  for (const field of fields) {
    if (field === null) continue;
    const [id, value] = field;
    const rule = id.length === 2 && isDigits(id) ? ruleAt(path, id) : undefined;
    if (rule === undefined) {
      return err(emvError("EMV_TLV_HEADER", path || null, "an identifier has two digits"));
    }
    if (seen.includes(id)) {
      return err(emvError("EMV_DUPLICATE_ID", joinPath(path, id), "given twice"));
    }
    const written = writeValue(value, rule, path, id);
    if (!written.ok) return written;
    seen.push(id);
    text += writeObject(id, written.value);
  }
  return ok(text);
}

type Value = BuildField[1];

/** The value of an object of the root; a search, because a dozen objects need no index. */
function valueIn(fields: readonly MaybeField[], id: string): Value | undefined {
  for (const field of fields) if (field !== null && field[0] === id) return field[1];
  return undefined;
}

const hasAccount = (fields: readonly MaybeField[]): boolean =>
  fields.some((field) => field !== null && isAccount(field[0]));

/** What no single object shows: the first object, what must be there, amounts by currency. */
function wholeError(fields: readonly MaybeField[], mayOmit: readonly string[]): EmvError | null {
  const first = fields.find((field) => field !== null);
  if (first?.[0] !== "00" || (first[1] !== "01" && first[1] !== "02")) {
    return emvError("EMV_PFI", "00", "a payload begins with its format indicator, 01 or 02");
  }
  if (valueIn(fields, "63") !== undefined) {
    return emvError("EMV_FORMAT", "63", "the CRC is computed, not given");
  }
  if (!hasAccount(fields)) {
    return emvError("EMV_MANDATORY_MISSING", "02", "at least one merchant account");
  }
  for (const id of MANDATORY) {
    if (valueIn(fields, id) === undefined && !mayOmit.includes(id)) {
      return emvError("EMV_MANDATORY_MISSING", id, "must be there");
    }
  }
  const initiation = valueIn(fields, "01");
  if (initiation !== undefined && initiation !== "11" && initiation !== "12") {
    return emvError("EMV_FORMAT", "01", "11 (static) or 12 (dynamic)");
  }
  return tipError(fields) ?? amountError(fields);
}

function tipError(fields: readonly MaybeField[]): EmvError | null {
  const indicator = valueIn(fields, "55");
  if (indicator !== undefined && indicator !== "01" && indicator !== "02" && indicator !== "03") {
    return emvError("EMV_FORMAT", "55", "01, 02 or 03");
  }
  if ((valueIn(fields, "56") !== undefined) !== (indicator === "02")) {
    return emvError("EMV_FORMAT", "56", "exactly together with 55 = 02");
  }
  if ((valueIn(fields, "57") !== undefined) !== (indicator === "03")) {
    return emvError("EMV_FORMAT", "57", "exactly together with 55 = 03");
  }
  return null;
}

/** "98." and "007" can be read, and are not written. */
const WRITTEN_AMOUNT = /^(?:0|[1-9]\d*)(?:\.\d+)?$/;

function amountError(fields: readonly MaybeField[]): EmvError | null {
  const number = valueIn(fields, "53");
  const currency = typeof number === "string" ? currencyOfNumber(number) : null;
  for (const id of ["54", "56"]) {
    const text = valueIn(fields, id);
    if (typeof text !== "string") continue;
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
  const error = wholeError(fields, options.mayOmit ?? []);
  if (error !== null) return err(error);
  const body = writeFields(fields, "");
  if (!body.ok) return body;
  const signed = `${body.value}6304`;
  if (signed.length + 4 > RECOMMENDED_LIMIT && characterCount(signed) + 4 > RECOMMENDED_LIMIT) {
    return err(emvError("EMV_PAYLOAD_TOO_LONG", null, `more than ${RECOMMENDED_LIMIT} characters`));
  }
  return ok(signed + crc16(signed));
}
