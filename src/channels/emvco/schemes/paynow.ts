/**
 * PayNow (Association of Banks in Singapore; QR specification 1.3), alone or within a combined
 * SGQR label: application SG.PAYNOW in any of the objects 26–50.
 */
import type { Money } from "../../../money.ts";
import { type Result, ok } from "../../../result.ts";
import { type BuildField, buildEmv } from "../build.ts";
import type { EmvDescription, MerchantAccount } from "../description.ts";
import { isAccountTemplate, idOf } from "../dictionary.ts";
import { type EmvError, type EmvFinding, refuse } from "../issues.ts";
import {
  amountText,
  cityField,
  type Initiation,
  initiationField,
  nameField,
  optional,
  optionalTemplate,
  type Shopfront,
} from "./inputs.ts";
import {
  abroad,
  against,
  placed,
  type RecognisedCode,
  type Scheme,
  type SchemeTemplate,
  zonedDay,
  zonedTime,
} from "./scheme.ts";

export const PAYNOW = "SG.PAYNOW";

/** Hours east of Greenwich in Singapore. */
const SINGAPORE = 8;

const TEMPLATES: readonly SchemeTemplate[] = [
  {
    guid: PAYNOW,
    ids: Array.from({ length: 25 }, (_, index) => idOf(26 + index)),
    names: {
      "00": "Application",
      "01": "Proxy type",
      "02": "Proxy value",
      "03": "Amount may be changed",
      "04": "Expiry",
      "05": "Expiry (older label)",
    },
  },
];

export type PayNowProxyType = "mobile" | "uen" | "vpa";

const PROXY_TYPES: Readonly<Record<string, PayNowProxyType>> = {
  "0": "mobile",
  "2": "uen",
  "3": "vpa",
};

export interface PayNowCode extends RecognisedCode {
  readonly scheme: "paynow";
  readonly details: {
    readonly proxyType: PayNowProxyType | null;
    readonly proxy: string | null;
    readonly editable: boolean | null;
    /** YYYYMMDD, or YYYYMMDDhhmmss which only some codes have; Singapore time. */
    readonly expiry: string | null;
    readonly billNumber: string | null;
    /** Sub-object 04 of labels after the older table. */
    readonly labelReference: string | null;
  };
}

/** Businesses, companies since 1800, other entities; then three characters of a suffix. */
const UEN = /^(?:\d{8}[A-Z]|(?:18|19|20)\d{7}[A-Z]|[TSR]\d{2}[A-Z]{2}\d{4}[A-Z])(?:[0-9A-Z]{3})?$/;

const SHAPES: Readonly<Record<PayNowProxyType, RegExp>> = {
  mobile: /^\+\d{4,15}$/,
  uen: UEN,
  vpa: /^[\x21-\x7e]{1,60}$/,
};

const isExpiry = (text: string): boolean => /^(?:\d{8}|\d{14})$/.test(text);

/**
 * Sub-object 04 is the expiry; in labels after the older table it is a reference and 05 the expiry.
 */
function expiryAndReference(account: MerchantAccount) {
  const fourth = account.fields["04"] || null;
  if (fourth === null || isExpiry(fourth)) return { expiry: fourth, reference: null };
  return { expiry: account.fields["05"] || null, reference: fourth };
}

function recogniseOne(code: EmvDescription, account: MerchantAccount): PayNowCode | null {
  const place = placed(TEMPLATES, account);
  if (place === null) return null;
  const findings: EmvFinding[] = [...place.findings, ...abroad(code, ["702"], "SG")];
  const proxyType = PROXY_TYPES[account.fields["01"] ?? ""] ?? null;
  const proxy = account.fields["02"] || null;
  if (proxyType === null) findings.push(against(account, "01", "0 (mobile) or 2 (UEN)"));
  if (proxy === null) findings.push(against(account, "02", "names the payee, must be there"));
  if (proxy !== null && proxyType !== null && !SHAPES[proxyType].test(proxy)) {
    findings.push(against(account, "02", "not the shape of this kind of proxy"));
  }
  const flag = account.fields["03"] ?? "";
  const editable = flag === "1" ? true : flag === "0" ? false : null;
  if (editable === null) findings.push(against(account, "03", "0 or 1"));
  if (editable === false && (code.amount?.value ?? null) === null) {
    findings.push(against(account, "03", "must be 1 when the code has no amount"));
  }
  const { expiry, reference } = expiryAndReference(account);
  const expiresAt = expiry === null ? null : zonedTime(expiry, SINGAPORE);
  if (expiry !== null && expiresAt === null) {
    findings.push(against(account, "04", "no date of the form YYYYMMDD"));
  }
  const billNumber = code.additionalData?.billNumber ?? null;
  return {
    scheme: "paynow",
    id: account.id,
    payee: proxyType === null || proxy === null ? null : { type: proxyType, value: proxy },
    reference: billNumber ?? reference,
    expiresAt,
    findings,
    details: { proxyType, proxy, editable, expiry, billNumber, labelReference: reference },
  };
}

export const paynow: Scheme<PayNowCode> = {
  slug: "paynow",
  name: "PayNow",
  templates: TEMPLATES,
  extraNames: {},
  mayOmit: [],
  secondVersion: false,
  insists: true,
  recognise: (code) =>
    code.accounts.map((account) => recogniseOne(code, account)).filter((found) => found !== null),
};

export interface PayNowInput extends Shopfront {
  /** A UEN with or without its suffix, or a Singapore mobile number as +6591234567. */
  readonly proxy: { readonly type: "uen" | "mobile"; readonly value: string };
  /** In SGD; without one the payer enters it. */
  readonly amount?: Money | null;
  /** Whether the payer may change the amount; must not be false without one. */
  readonly editable?: boolean;
  /** Last day it can be paid, YYYYMMDD in Singapore. Apps also take YYYYMMDDhhmmss, some ignore it. */
  readonly expiry?: string | null;
  /** Bill number (62.01), at most 25 characters: comes back with the money. UEN only. */
  readonly reference?: string | null;
  readonly initiation?: Initiation;
  /** Object that holds the account, 26–50; 26 unless a combined label needs another. */
  readonly object?: string;
}

/** The day in Singapore of an instant: the finest expiry that the specification knows. */
export const payNowExpiry = (time: number): string => zonedDay(time, SINGAPORE);

const SINGAPORE_MOBILE = /^\+65[3689]\d{7}$/;

/** A PayNow code. Banks do not enforce that it is paid once, and enforce its expiry by the day. */
export function buildPayNow(input: PayNowInput): Result<string, EmvError> {
  const { object = "26" } = input;
  const amount = amountText(input.amount, ["SGD"]);
  if (!amount.ok) return amount;
  if (!isAccountTemplate(object) || object === "51") {
    return refuse("EMV_SCHEME", object, "one of the objects 26 to 50");
  }
  const proxy = proxyOf(input, object);
  if (!proxy.ok) return proxy;
  const editable = input.editable ?? amount.value === null;
  if (!editable && amount.value === null) {
    return refuse("EMV_SCHEME", `${object}.03`, "must be 1 when the code has no amount");
  }
  const { expiry, reference } = input;
  if (expiry !== undefined && expiry !== null && zonedTime(expiry, SINGAPORE) === null) {
    return refuse("EMV_FORMAT", `${object}.04`, "a date of the form YYYYMMDD");
  }
  if (input.proxy.type === "mobile" && reference !== undefined && reference !== null) {
    return refuse("EMV_SCHEME", "62.01", "only a UEN can be paid with a bill number");
  }
  const account: BuildField = [
    object,
    [["00", PAYNOW], ...proxy.value, ["03", editable ? "1" : "0"], optional("04", expiry)],
  ];
  return buildEmv([
    ["00", "01"],
    initiationField(input.initiation, amount.value),
    account,
    ["52", input.mcc ?? "0000"],
    ["53", "702"],
    optional("54", amount.value),
    ["58", "SG"],
    nameField(input, "NA"),
    cityField(input, "Singapore"),
    optional("61", input.postalCode),
    optionalTemplate("62", [optional("01", reference)]),
  ]);
}

function proxyOf({ proxy }: PayNowInput, object: string): Result<readonly BuildField[], EmvError> {
  const value = proxy.value.replaceAll(/[\s-]/g, "").toUpperCase();
  if (proxy.type === "uen") {
    if (!UEN.test(value)) return refuse("EMV_FORMAT", `${object}.02`, "not the shape of a UEN");
    return ok([
      ["01", "2"],
      ["02", value],
    ]);
  }
  const number = /^\d{8}$/.test(value) ? `+65${value}` : value;
  if (!SINGAPORE_MOBILE.test(number)) {
    return refuse("EMV_FORMAT", `${object}.02`, "a Singapore number, as +6591234567");
  }
  return ok([
    ["01", "0"],
    ["02", number],
  ]);
}
