/**
 * FPS (Faster Payment System, Hong Kong), alone or within a common HKQR code: application
 * hk.com.hkicl in object 26. The sub-objects follow public integrations; the operator's document
 * was not at hand.
 */
import type { Money } from "../../../money.ts";
import { type Result, ok } from "../../../result.ts";
import { type BuildField, buildEmv } from "../build.ts";
import type { EmvDescription, MerchantAccount } from "../description.ts";
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
  type Payee,
  placed,
  type RecognisedCode,
  type Scheme,
  type SchemeTemplate,
  zonedTime,
} from "./scheme.ts";

const FPS = "hk.com.hkicl";

/** Hours east of Greenwich in Hong Kong. */
const HONG_KONG = 8;

const TEMPLATES: readonly SchemeTemplate[] = [
  {
    guid: FPS,
    ids: ["26"],
    names: {
      "00": "Application",
      "01": "Participant (clearing code)",
      "02": "FPS identifier",
      "03": "Mobile number",
      "04": "E-mail address",
      "05": "Expiry",
      "06": "Amount may be changed",
    },
  },
];

export type FpsPayeeType = "fps_id" | "mobile" | "email";

export interface FpsCode extends RecognisedCode {
  readonly scheme: "fps";
  readonly details: {
    readonly payeeType: FpsPayeeType | null;
    /** Three digits of the payee's bank. */
    readonly participant: string | null;
    readonly editable: boolean;
    /** YYYYMMDDhhmmss in Hong Kong. */
    readonly expiry: string | null;
    readonly billNumber: string | null;
    readonly referenceLabel: string | null;
  };
}

const PAYEES: readonly (readonly [sub: string, type: FpsPayeeType, shape: RegExp])[] = [
  ["02", "fps_id", /^\d{7,10}$/],
  ["03", "mobile", /^\+\d{1,3}-\d{6,12}$/],
  ["04", "email", /^[^\s@]{1,40}@[^\s@]{1,40}$/],
];

function recogniseOne(code: EmvDescription, account: MerchantAccount): FpsCode | null {
  const place = placed(TEMPLATES, account);
  if (place === null) return null;
  const get = (sub: string) => account.fields[sub] || null;
  const findings: EmvFinding[] = [...place.findings, ...abroad(code, ["344", "156"], "HK")];
  const given = PAYEES.filter(([sub]) => get(sub) !== null);
  if (given.length !== 1) {
    findings.push(against(account, null, "exactly one of 02, 03 and 04 names the payee"));
  }
  const [sub, type, shape] = given[0] ?? [null, null, null];
  const value = sub === null ? null : get(sub);
  if (value !== null && shape?.test(value) === false) {
    findings.push(against(account, sub, "not the shape of this kind of payee"));
  }
  const expiry = get("05");
  const expiresAt = expiry === null ? null : zonedTime(expiry, HONG_KONG);
  if (expiry !== null && (expiresAt === null || expiry.length !== 14)) {
    findings.push(against(account, "05", "no time of the form YYYYMMDDhhmmss"));
  }
  const payee: Payee | null = type === null || value === null ? null : { type, value };
  const { billNumber = null, referenceLabel = null } = code.additionalData ?? {};
  return {
    scheme: "fps",
    id: account.id,
    payee,
    reference: referenceLabel ?? billNumber,
    expiresAt,
    findings,
    details: {
      payeeType: type,
      participant: get("01"),
      editable: get("06") === "1" || (code.amount?.value ?? null) === null,
      expiry,
      billNumber,
      referenceLabel,
    },
  };
}

export const fps: Scheme<FpsCode> = {
  slug: "fps",
  name: "FPS (Hong Kong)",
  templates: TEMPLATES,
  extraNames: {},
  mayOmit: [],
  secondVersion: false,
  insists: false,
  recognise: (code) =>
    code.accounts.map((account) => recogniseOne(code, account)).filter((found) => found !== null),
};

export interface FpsInput extends Shopfront {
  /** An FPS identifier (7 or 9 digits), a mobile number as +852-61234567, or an e-mail address. */
  readonly payee: { readonly type: FpsPayeeType; readonly value: string };
  /** Three digits of the payee's bank. */
  readonly participant?: string | null;
  /** In HKD or CNY; without one the payer enters it, in HKD. */
  readonly amount?: Money | null;
  /** Whether the payer may change the amount. */
  readonly editable?: boolean;
  /** YYYYMMDDhhmmss in Hong Kong. */
  readonly expiry?: string | null;
  /** 62.01 and 62.05, each at most 25 characters. Some banks insist on the second. */
  readonly billNumber?: string | null;
  readonly reference?: string | null;
  readonly initiation?: Initiation;
}

function payeeField({ payee }: FpsInput): Result<BuildField, EmvError> {
  const { type } = payee;
  const value = payee.value.trim();
  if (type === "fps_id") {
    if (!/^(?:\d{7}|\d{9})$/.test(value)) return refuse("EMV_FORMAT", "26.02", "7 or 9 digits");
    return ok(["02", value]);
  }
  if (type === "mobile") {
    const digits = value.replaceAll(/[\s()-]/g, "").replace(/^\+?852(?=\d{8}$)/, "");
    if (!/^[4-9]\d{7}$/.test(digits)) {
      return refuse("EMV_FORMAT", "26.03", "a Hong Kong number, as +852-61234567");
    }
    return ok(["03", `+852-${digits}`]);
  }
  if (!/^[\x21-\x3f\x41-\x7e]{1,40}@[\x21-\x3f\x41-\x7e]{1,30}$/.test(value)) {
    return refuse("EMV_FORMAT", "26.04", "an e-mail address");
  }
  return ok(["04", value]);
}

/** An FPS code. */
export function buildFps(input: FpsInput): Result<string, EmvError> {
  const amount = amountText(input.amount, ["HKD", "CNY"]);
  if (!amount.ok) return amount;
  const payee = payeeField(input);
  if (!payee.ok) return payee;
  const { participant, expiry } = input;
  if (typeof participant === "string" && !/^\d{3}$/.test(participant)) {
    return refuse("EMV_FORMAT", "26.01", "three digits");
  }
  if (
    typeof expiry === "string" &&
    (expiry.length !== 14 || zonedTime(expiry, HONG_KONG) === null)
  ) {
    return refuse("EMV_FORMAT", "26.05", "a time of the form YYYYMMDDhhmmss");
  }
  if (input.editable === false && amount.value === null) {
    return refuse("EMV_SCHEME", "26.06", "the payer must enter an amount that the code lacks");
  }
  // Absent means that it may not be changed; without an amount there is nothing to change.
  const editable = amount.value !== null && input.editable === true ? "1" : null;
  return buildEmv([
    ["00", "01"],
    initiationField(input.initiation, amount.value),
    [
      "26",
      [
        ["00", FPS],
        optional("01", participant),
        payee.value,
        optional("05", expiry),
        optional("06", editable),
      ],
    ],
    ["52", input.mcc ?? "0000"],
    ["53", input.amount?.currency === "CNY" ? "156" : "344"],
    optional("54", amount.value),
    ["58", "HK"],
    nameField(input, "NA"),
    cityField(input, "HK"),
    optional("61", input.postalCode),
    optionalTemplate("62", [optional("01", input.billNumber), optional("05", input.reference)]),
  ]);
}
