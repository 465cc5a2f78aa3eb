/**
 * VietQR (NAPAS 247, Vietnam): application A000000727 in object 38, the receiving bank and account
 * in a template of their own; and VNPay's application A000000775 in object 26.
 */
import type { Money } from "../../../money.ts";
import type { Result } from "../../../result.ts";
import { buildEmv, type MaybeField } from "../build.ts";
import { plainName } from "../characters.ts";
import type { EmvDescription, MerchantAccount } from "../description.ts";
import { type EmvError, type EmvFinding, refuse } from "../issues.ts";
import { parseTlv } from "../tlv.ts";
import {
  amountText,
  type Initiation,
  initiationField,
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

const NAPAS = "A000000727";
const VNPAY = "A000000775";

/** Codes for transfers carry no merchant: bank apps look the account's owner up. */
const OMITS = ["52", "59", "60"] as const;

const NAPAS_TEMPLATE: SchemeTemplate = {
  guid: NAPAS,
  ids: ["38"],
  names: {
    "00": "Application (NAPAS)",
    "01": "Beneficiary",
    "01.00": "Bank (BIN)",
    "01.01": "Account or card number",
    "02": "Service",
  },
  nested: ["01"],
};
const VNPAY_TEMPLATE: SchemeTemplate = {
  guid: VNPAY,
  ids: ["26"],
  names: { "00": "Application (VNPay)", "01": "Merchant ID" },
};
const TEMPLATES = [NAPAS_TEMPLATE, VNPAY_TEMPLATE];

export interface VietQrCode extends RecognisedCode {
  readonly scheme: "vietqr" | "vnpay";
  readonly details: {
    /** Six digits of the receiving bank; VNPay names none. */
    readonly bin: string | null;
    readonly account: string | null;
    readonly service: "account" | "card" | null;
    /** 62.08. */
    readonly message: string | null;
  };
}

const SERVICES = { account: "QRIBFTTA", card: "QRIBFTTC" } as const;

function recogniseNapas(account: MerchantAccount) {
  const findings: EmvFinding[] = [];
  const inner = parseTlv(account.fields["01"] ?? "", "lenient");
  const get = (sub: string) =>
    (inner.ok ? inner.value.find(({ id }) => id === sub)?.value : null) || null;
  const [bin, number] = [get("00"), get("01")];
  if (bin === null || !/^\d{6}$/.test(bin)) {
    findings.push(against(account, "01.00", "a bank is named by six digits"));
  }
  if (number === null) findings.push(against(account, "01.01", "names the payee, must be there"));
  const service = account.fields["02"];
  const known =
    service === SERVICES.account ? "account" : service === SERVICES.card ? "card" : null;
  // Codes for shops have services of their own; they are not described here.
  return { bin, number, service: known, findings } as const;
}

function recogniseOne(code: EmvDescription, account: MerchantAccount): VietQrCode | null {
  const place = placed(TEMPLATES, account);
  if (place === null) return null;
  const napas = place.template === NAPAS_TEMPLATE;
  const read = napas
    ? recogniseNapas(account)
    : { bin: null, number: account.fields["01"] || null, service: null, findings: [] };
  const { purpose = null, referenceLabel = null, billNumber = null } = code.additionalData ?? {};
  const type = napas ? (read.service === "card" ? "card" : "bank_account") : "merchant_id";
  return {
    scheme: napas ? "vietqr" : "vnpay",
    id: account.id,
    payee: read.number === null ? null : { type, value: read.number },
    reference: referenceLabel ?? billNumber ?? purpose,
    expiresAt: null,
    findings: [...place.findings, ...read.findings, ...abroad(code, ["704"], "VN")],
    details: { bin: read.bin, account: read.number, service: read.service, message: purpose },
  };
}

export const vietqr: Scheme<VietQrCode> = {
  slug: "vietqr",
  name: "VietQR (NAPAS) and VNPay",
  templates: TEMPLATES,
  extraNames: {},
  mayOmit: OMITS,
  secondVersion: false,
  insists: false,
  recognise: (code) =>
    code.accounts.map((account) => recogniseOne(code, account)).filter((found) => found !== null),
};

export interface VietQrInput extends Shopfront {
  /** Six digits of the receiving bank (970416). */
  readonly bin: string;
  /** Account or card number, at most 19 letters and digits. */
  readonly account: string;
  readonly service?: "account" | "card";
  /** In VND, which has no minor units; without one the payer enters it. */
  readonly amount?: Money | null;
  /** Shown to payer and payee (62.08), at most 25 characters of printable ASCII. */
  readonly message?: string | null;
  readonly billNumber?: string | null;
  readonly initiation?: Initiation;
}

/** A transfer by NAPAS to an account or a card. */
export function buildVietQr(input: VietQrInput): Result<string, EmvError> {
  const amount = amountText(input.amount, ["VND"]);
  if (!amount.ok) return amount;
  const { bin, account, merchantName, city } = input;
  if (!/^\d{6}$/.test(bin)) return refuse("EMV_FORMAT", "38.01.00", "six digits");
  if (!/^[0-9A-Za-z]{1,19}$/.test(account)) {
    return refuse("EMV_FORMAT", "38.01.01", "1 to 19 letters and digits");
  }
  const beneficiary: MaybeField = [
    "01",
    [
      ["00", bin],
      ["01", account],
    ],
  ];
  const fields: readonly MaybeField[] = [
    ["00", "01"],
    initiationField(input.initiation, amount.value),
    ["38", [["00", NAPAS], beneficiary, ["02", SERVICES[input.service ?? "account"]]]],
    optional("52", input.mcc),
    ["53", "704"],
    optional("54", amount.value),
    ["58", "VN"],
    optional("59", merchantName ? plainName(merchantName, 25, "NA") : null),
    optional("60", city ? plainName(city, 15, "NA") : null),
    optional("61", input.postalCode),
    optionalTemplate("62", [optional("01", input.billNumber), optional("08", input.message)]),
  ];
  return buildEmv(fields, { mayOmit: OMITS });
}
