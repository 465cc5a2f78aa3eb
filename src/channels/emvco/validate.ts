/** The rules of EMVCo MPM 1.1 for objects and for the payload as a whole, as findings. */
import { AMOUNT_FAULTS, readAmount } from "./amounts.ts";
import { characterCount, isCommon, isDigits, isText } from "./characters.ts";
import { type EmvDescription, lookupIn } from "./description.ts";
import {
  innerRuleOf,
  isAccount,
  isAccountTemplate,
  MANDATORY,
  type ObjectRule,
  ruleOf,
} from "./dictionary.ts";
import {
  emvError,
  type EmvError,
  type EmvFinding,
  finding,
  type SimpleKind,
  tooLong,
} from "./issues.ts";
import { type EmvObject, joinPath } from "./tlv.ts";

/** Longest payload that the specification recommends, in characters. */
export const RECOMMENDED_LIMIT = 512;

/** Longest identifier of an account's application. */
export const GUID_LIMIT = 32;

const PERCENT = /^\d{1,2}(?:\.\d{1,2})?$/;

const isPercent = (value: string): boolean => PERCENT.test(value) && /[1-9]/.test(value);

/** The same for every value of a kind; the place is added by {@link valueError}. */
type Fault = readonly [kind: SimpleKind, message: string] | "length";

function faultOf(rule: ObjectRule, value: string): Fault | null {
  // Common characters are counted by being looked at; most values are nothing else.
  const common = isCommon(value);
  const length = common ? value.length : characterCount(value);
  if (length > rule.max) return "length";
  if (length < rule.min) return ["EMV_FORMAT", `shorter than ${rule.min} characters`];
  switch (rule.format) {
    case "digits":
      return isDigits(value) ? null : ["EMV_FORMAT", "digits only"];
    case "country":
      return /^[A-Z]{2}$/.test(value) ? null : ["EMV_FORMAT", "two capital letters (ISO 3166)"];
    case "percent":
      return isPercent(value) ? null : ["EMV_FORMAT", "from 00.01 to 99.99"];
    case "amount": {
      const { fault } = readAmount(value, null);
      return fault === null ? null : ["EMV_AMOUNT", AMOUNT_FAULTS[fault]];
    }
    case "common":
      return common ? null : ["EMV_CHARSET", "printable ASCII only"];
    case "text":
      return common || isText(value)
        ? null
        : ["EMV_CHARSET", "control characters or decomposed letters"];
  }
}

/**
 * What is wrong with a value by its rule; null when nothing is. Amounts are judged by shape alone:
 * their currency is another object.
 * @param path of the template it stands in; empty at the root
 */
export function valueError(
  rule: ObjectRule,
  value: string,
  path: string,
  id: string,
  at: number | null = null,
): EmvError | null {
  const fault = faultOf(rule, value);
  if (fault === null) return null;
  const place = joinPath(path, id);
  return fault === "length"
    ? tooLong(place, rule.max, at)
    : emvError(fault[0], place, fault[1], at);
}

function ofValue(rule: ObjectRule | undefined, object: EmvObject, path: string): EmvFinding[] {
  // An empty value is a finding of the reader already.
  if (rule === undefined || object.value === "") return [];
  const error = valueError(rule, object.value, path, object.id, object.at);
  return error === null ? [] : [finding("tolerable", error)];
}

function ofObject(object: EmvObject): EmvFinding[] {
  const { id, at, children } = object;
  const findings = ofValue(ruleOf(id), object, "");
  if (id >= "65" && id <= "79") {
    const note = emvError("EMV_RESERVED_ID", id, "an identifier that EMVCo keeps for later", at);
    findings.push(finding("notice", note));
  }
  if (id === "62" || id === "64") {
    for (const inner of children ?? []) {
      findings.push(...ofValue(innerRuleOf(id, inner.id), inner, id));
    }
  }
  if (children === null) return findings;
  const get = lookupIn(children);
  const guid = get("00");
  if (isAccountTemplate(id) && guid !== null && characterCount(guid) > GUID_LIMIT) {
    findings.push(finding("tolerable", tooLong(joinPath(id, "00"), GUID_LIMIT, at)));
  }
  const required = isAccountTemplate(id) ? ["00"] : id === "64" ? ["00", "01"] : [];
  for (const inner of required.filter((one) => get(one) === null)) {
    findings.push(finding("tolerable", absent(joinPath(id, inner), at)));
  }
  return findings;
}

const absent = (id: string, at: number | null = null): EmvError =>
  emvError("EMV_MANDATORY_MISSING", id, "must be there", at);

/** Mandatory objects that are not there; "02" stands for any account. */
export function missingIn({ objects }: EmvDescription): readonly string[] {
  const get = lookupIn(objects);
  const missing: string[] = MANDATORY.filter((id) => get(id) === null);
  if (!objects.some(({ id }) => isAccount(id))) missing.unshift("02");
  return missing;
}

/** Where an object of the root begins; null when it is not there. */
const placeIn = (objects: readonly EmvObject[], id: string): number | null =>
  objects.find((one) => one.id === id)?.at ?? null;

function ofTip({ objects }: EmvDescription): EmvFinding[] {
  const get = lookupIn(objects);
  const indicator = get("55");
  const faults: EmvError[] = [];
  const wrong = (id: string, message: string) =>
    faults.push(emvError("EMV_FORMAT", id, message, placeIn(objects, id)));
  if (indicator !== null && !["01", "02", "03"].includes(indicator)) wrong("55", "01, 02 or 03");
  for (const [id, needed] of [
    ["56", "02"],
    ["57", "03"],
  ] as const) {
    const given = get(id) !== null;
    if (indicator === needed && !given) faults.push(absent(id));
    if (given && indicator !== needed) wrong(id, `only together with 55 = ${needed}`);
  }
  return faults.map((error) => finding("tolerable", error));
}

function ofMoney({ amount, currency, initiation, objects }: EmvDescription): EmvFinding[] {
  const findings: EmvFinding[] = [];
  if (currency !== null && currency.code === null) {
    const at = placeIn(objects, "53");
    const note = emvError("EMV_CURRENCY", "53", "an unknown currency: amounts stay text", at);
    findings.push(finding("notice", note));
  }
  if (amount === null) return findings;
  const at = placeIn(objects, "54");
  const known = currency?.decimals ?? null;
  const { fault } = readAmount(amount.text, known);
  // Without a currency the shape was judged as an object already.
  if (known !== null && (fault === "fraction" || fault === "range")) {
    findings.push(finding("tolerable", emvError("EMV_AMOUNT", "54", AMOUNT_FAULTS[fault], at)));
  }
  if (initiation === "static" && fault === null) {
    const note = emvError("EMV_STATIC_AMOUNT", "54", "a static code with a fixed amount", at);
    findings.push(finding("notice", note));
  }
  return findings;
}

/** All findings about the meaning of a payload. */
export function findingsOf(description: EmvDescription): readonly EmvFinding[] {
  const { objects, version } = description;
  const findings = objects.flatMap(ofObject);
  if (version === "02") {
    const other = emvError("EMV_PFI", "00", "02 is no version of EMVCo's", 0);
    findings.push(finding("tolerable", other));
  }
  const initiation = lookupIn(objects)("01");
  if (initiation !== null && initiation !== "11" && initiation !== "12") {
    const at = placeIn(objects, "01");
    const other = emvError("EMV_FORMAT", "01", "11 (static) or 12 (dynamic)", at);
    findings.push(finding("tolerable", other));
  }
  for (const id of missingIn(description)) findings.push(finding("tolerable", absent(id)));
  findings.push(...ofTip(description), ...ofMoney(description));
  return findings;
}
