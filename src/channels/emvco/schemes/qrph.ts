/**
 * QR Ph (BSP and PPMI, Philippines): com.p2pqrpay in object 27 between persons, ph.ppmi.p2m in 28
 * for merchants. Sub-objects follow codes in use, not the scheme's document; merchants are
 * registered with an acquirer, so {@link buildQrPh} is for the sandbox and tests.
 */
import type { Money } from "../../../money.ts";
import type { Result } from "../../../result.ts";
import { buildEmv, type MaybeField } from "../build.ts";
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

const PERSON = "com.p2pqrpay";
const MERCHANT = "ph.ppmi.p2m";
const MICRO_MERCHANT = "ph.ppmi.p2micro";

/** InstaPay credit transfer, as every code between persons has it. */
const INSTAPAY = "99964403";

const NAMES = {
  "00": "Application",
  "01": "Acquirer (BIC)",
  "02": "Payment type",
  "03": "Merchant ID",
  "04": "Account",
  "05": "Payment flags",
};
const PERSON_TEMPLATE: SchemeTemplate = {
  guid: PERSON,
  ids: ["27"],
  names: { ...NAMES, "05": "Mobile number" },
};
const TEMPLATES: readonly SchemeTemplate[] = [
  PERSON_TEMPLATE,
  { guid: MERCHANT, ids: ["28"], names: NAMES },
  { guid: MICRO_MERCHANT, ids: ["28"], names: NAMES },
];

export interface QrPhCode extends RecognisedCode {
  readonly scheme: "qrph";
  readonly details: {
    readonly kind: "person" | "merchant";
    /** BIC of the bank or wallet. */
    readonly acquirer: string | null;
    readonly merchantId: string | null;
    readonly account: string | null;
    readonly mobile: string | null;
  };
}

const BIC = /^[A-Z0-9]{8}(?:[A-Z0-9]{3})?$/;

function recogniseOne(code: EmvDescription, account: MerchantAccount): QrPhCode | null {
  const place = placed(TEMPLATES, account);
  if (place === null) return null;
  const get = (sub: string) => account.fields[sub] || null;
  const person = place.template === PERSON_TEMPLATE;
  const findings: EmvFinding[] = [...place.findings, ...abroad(code, ["608"], "PH")];
  const acquirer = get("01");
  if (acquirer === null || !BIC.test(acquirer)) {
    findings.push(against(account, "01", "a BIC of 8 or 11 characters"));
  }
  const [merchantId, number] = [get("03"), get("04")];
  const mobile = person ? get("05") : null;
  const value = number ?? merchantId ?? mobile;
  if (value === null) findings.push(against(account, "04", "nobody is named as payee"));
  const type = number === null ? (merchantId === null ? "mobile" : "merchant_id") : "account";
  const { billNumber = null, referenceLabel = null } = code.additionalData ?? {};
  return {
    scheme: "qrph",
    id: account.id,
    payee: value === null ? null : { type, value },
    reference: referenceLabel ?? billNumber,
    expiresAt: null,
    findings,
    details: {
      kind: person ? "person" : "merchant",
      acquirer,
      merchantId,
      account: number,
      mobile,
    },
  };
}

export const qrph: Scheme<QrPhCode> = {
  slug: "qrph",
  name: "QR Ph",
  templates: TEMPLATES,
  extraNames: { "88": "Acquirer's own information", "88.01": "Acquirer's reference" },
  mayOmit: [],
  secondVersion: false,
  insists: false,
  recognise: (code) =>
    code.accounts.map((account) => recogniseOne(code, account)).filter((found) => found !== null),
};

export interface QrPhInput extends Shopfront {
  readonly kind: "person" | "merchant";
  /** BIC, 8 or 11 characters. */
  readonly acquirer: string;
  /** A person's account, or a merchant's where the acquirer wants it. */
  readonly account?: string | null;
  /** A merchant must have one; with a wallet's BIC a person has one as well. */
  readonly merchantId?: string | null;
  /** In PHP; without one the payer enters it. */
  readonly amount?: Money | null;
  /** 62.05, at most 25 characters. */
  readonly reference?: string | null;
  readonly terminal?: string | null;
  readonly initiation?: Initiation;
}

/** A code of QR Ph's form. */
export function buildQrPh(input: QrPhInput): Result<string, EmvError> {
  const amount = amountText(input.amount, ["PHP"]);
  if (!amount.ok) return amount;
  const person = input.kind === "person";
  const object = person ? "27" : "28";
  if (!BIC.test(input.acquirer)) {
    return refuse("EMV_FORMAT", `${object}.01`, "a BIC of 8 or 11 characters");
  }
  const needed = person ? (input.account ?? input.merchantId) : input.merchantId;
  if (needed === null || needed === undefined || needed === "") {
    return refuse("EMV_MANDATORY_MISSING", `${object}.${person ? "04" : "03"}`, "names the payee");
  }
  const fields: readonly MaybeField[] = [
    ["00", "01"],
    initiationField(input.initiation, amount.value),
    [
      object,
      [
        ["00", person ? PERSON : MERCHANT],
        ["01", input.acquirer],
        optional("02", person ? INSTAPAY : null),
        optional("03", input.merchantId),
        optional("04", input.account),
      ],
    ],
    // Persons are a category of their own here.
    ["52", input.mcc ?? (person ? "6016" : "0000")],
    ["53", "608"],
    optional("54", amount.value),
    ["58", "PH"],
    nameField(input, "NA"),
    cityField(input, "Manila"),
    optional("61", input.postalCode),
    optionalTemplate("62", [optional("05", input.reference), optional("07", input.terminal)]),
  ];
  return buildEmv(fields);
}
