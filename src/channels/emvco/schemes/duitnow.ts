/**
 * DuitNow QR (PayNet, Malaysia): application A0000006150001 in object 26. The merchant's id is
 * issued by an acquirer, and object 82 is a hash under the acquirer's key, so a payable code cannot
 * be made here; what {@link buildDuitNow} makes is for the sandbox and tests. Codes of an acquirer
 * are taken by `duitnow-source.ts`.
 */
import type { Money } from "../../../money.ts";
import type { Result } from "../../../result.ts";
import { buildEmv } from "../build.ts";
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
  placed,
  type RecognisedCode,
  type Scheme,
  type SchemeTemplate,
} from "./scheme.ts";

export const DUITNOW = "A0000006150001";

/** The acquirer id of JomPAY bills. */
const JOMPAY = "898989";

/** Object 82: a hash of the payload that only the acquirer can make. */
export const INTEGRITY = "82";

const TEMPLATES: readonly SchemeTemplate[] = [
  {
    guid: DUITNOW,
    ids: ["26"],
    names: {
      "00": "Application",
      "01": "Acquirer",
      "02": "Merchant ID",
      "03": "Descriptor",
      "04": "Mobile number",
    },
  },
];

/** Acquirers as published codes and bank documents name them. */
export const DUITNOW_ACQUIRERS: Readonly<Record<string, string>> = {
  "420709": "BSN",
  "501854": "CIMB Bank",
  "564160": "RHB Bank",
  "564162": "Public Bank",
  "564169": "AmBank",
  "588734": "Maybank",
  "588830": "Hong Leong Bank",
  "890004": "ShopeePay",
  "890046": "GrabPay",
  "890053": "Touch 'n Go",
  "890061": "Boost",
  "890079": "iPay88",
  "890087": "Fiuu",
  "890103": "GHL",
  "890137": "Stripe",
  "890160": "Curlec",
  "890285": "2C2P",
  [JOMPAY]: "JomPAY",
};

export interface DuitNowCode extends RecognisedCode {
  readonly scheme: "duitnow";
  readonly details: {
    /** A transfer between persons has category 0000; 6010 takes cash out. */
    readonly kind: "merchant" | "person" | "cash_out" | "jompay";
    readonly acquirerId: string | null;
    readonly acquirer: string | null;
    readonly merchantId: string | null;
    readonly descriptor: string | null;
    readonly mobile: string | null;
    /** 62.90, the second one 62.91: references of a JomPAY bill. */
    readonly billReference: string | null;
    readonly billReference2: string | null;
    /** Object 82. It cannot be checked here. */
    readonly integrity: string | null;
  };
}

function kindOf(code: EmvDescription, acquirerId: string | null) {
  if (acquirerId === JOMPAY) return "jompay";
  if (code.mcc === "6010") return "cash_out";
  return code.mcc === "0000" ? "person" : "merchant";
}

function recogniseOne(code: EmvDescription, account: MerchantAccount): DuitNowCode | null {
  const place = placed(TEMPLATES, account);
  if (place === null) return null;
  const get = (sub: string) => account.fields[sub] || null;
  const findings: EmvFinding[] = [...place.findings, ...abroad(code, ["458"], "MY")];
  const [acquirerId, merchantId] = [get("01"), get("02")];
  if (acquirerId === null || acquirerId.length > 6) {
    findings.push(against(account, "01", "an acquirer has up to 6 characters"));
  }
  if (merchantId === null || merchantId.length > 28) {
    findings.push(against(account, "02", "a merchant ID has up to 28 characters"));
  }
  if (code.initiation === null) findings.push(against(account, null, "object 01 must be there"));
  const additional = (id: string) =>
    code.additionalData?.others.find((one) => one.id === id)?.value ?? null;
  const { billNumber, referenceLabel } = code.additionalData ?? {};
  const billReference = additional("90");
  return {
    scheme: "duitnow",
    id: account.id,
    payee: merchantId === null ? null : { type: "merchant_id", value: merchantId },
    reference: referenceLabel ?? billNumber ?? billReference,
    expiresAt: null,
    findings,
    details: {
      kind: kindOf(code, acquirerId),
      acquirerId,
      acquirer: DUITNOW_ACQUIRERS[acquirerId ?? ""] ?? null,
      merchantId,
      descriptor: get("03"),
      mobile: get("04"),
      billReference,
      billReference2: additional("91"),
      integrity: code.unreserved.find(({ id }) => id === INTEGRITY)?.value ?? null,
    },
  };
}

export const duitnow: Scheme<DuitNowCode> = {
  slug: "duitnow",
  name: "DuitNow QR",
  templates: TEMPLATES,
  extraNames: {
    [INTEGRITY]: "Integrity hash of the acquirer",
    "62.90": "Recipient reference",
    "62.91": "Recipient reference 2",
    "62.92": "Geolocation",
  },
  mayOmit: [],
  secondVersion: true,
  insists: true,
  recognise: (code) =>
    code.accounts.map((account) => recogniseOne(code, account)).filter((found) => found !== null),
};

export interface DuitNowInput extends Shopfront {
  /** At most 6 characters. */
  readonly acquirerId: string;
  /** Issued by the acquirer, at most 28 characters. */
  readonly merchantId: string;
  readonly descriptor?: string | null;
  readonly mobile?: string | null;
  /** In MYR; without one the payer enters it. */
  readonly amount?: Money | null;
  readonly initiation?: Initiation;
  /** 62.01, 62.05, 62.06 and 62.07, each at most 25 characters. */
  readonly billNumber?: string | null;
  readonly reference?: string | null;
  readonly customer?: string | null;
  readonly terminal?: string | null;
  /** "02" as PayNet's specification 1.5 has it; older codes carry "01". */
  readonly version?: "01" | "02";
}

/** A code of DuitNow's form, without the acquirer's hash: no bank has to take it. */
export function buildDuitNow(input: DuitNowInput): Result<string, EmvError> {
  const amount = amountText(input.amount, ["MYR"]);
  if (!amount.ok) return amount;
  for (const [sub, value, limit] of [
    ["01", input.acquirerId, 6],
    ["02", input.merchantId, 28],
    ["03", input.descriptor ?? "-", 20],
    ["04", input.mobile ?? "-", 15],
  ] as const) {
    if (value === "" || value.length > limit) {
      return refuse("EMV_FORMAT", `26.${sub}`, `1 to ${limit} characters`);
    }
  }
  return buildEmv([
    ["00", input.version ?? "02"],
    initiationField(input.initiation, amount.value),
    [
      "26",
      [
        ["00", DUITNOW],
        ["01", input.acquirerId],
        ["02", input.merchantId],
        optional("03", input.descriptor),
        optional("04", input.mobile),
      ],
    ],
    ["52", input.mcc ?? "0000"],
    ["53", "458"],
    optional("54", amount.value),
    ["58", "MY"],
    nameField(input, "NA"),
    cityField(input, "MY"),
    optional("61", input.postalCode),
    optionalTemplate("62", [
      optional("01", input.billNumber),
      optional("05", input.reference),
      optional("06", input.customer),
      optional("07", input.terminal),
    ]),
  ]);
}
