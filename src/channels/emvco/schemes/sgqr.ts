/**
 * SGQR (Monetary Authority of Singapore; specification 1.7): object 51 of a combined label says
 * where the label hangs. It is issued by the national registry, so it is read and not made here.
 */
import type { EmvDescription, MerchantAccount } from "../description.ts";
import { type EmvFinding } from "../issues.ts";
import {
  against,
  placed,
  type RecognisedCode,
  type Scheme,
  type SchemeTemplate,
} from "./scheme.ts";

const TEMPLATES: readonly SchemeTemplate[] = [
  {
    guid: "SG.SGQR",
    ids: ["51"],
    names: {
      "00": "Application",
      "01": "Label number",
      "02": "Version",
      "03": "Postal code",
      "04": "Level",
      "05": "Unit",
      "06": "Miscellaneous",
      "07": "Version date",
    },
  },
];

export interface SgqrCode extends RecognisedCode {
  readonly scheme: "sgqr";
  readonly details: {
    readonly label: string | null;
    /** "01.0001". */
    readonly version: string | null;
    readonly postalCode: string | null;
    readonly level: string | null;
    readonly unit: string | null;
    readonly miscellaneous: string | null;
    /** YYYYMMDD. */
    readonly versionDate: string | null;
  };
}

function recogniseOne(account: MerchantAccount): SgqrCode | null {
  const place = placed(TEMPLATES, account);
  if (place === null) return null;
  const get = (sub: string) => account.fields[sub] || null;
  const findings: EmvFinding[] = [...place.findings];
  const label = get("01");
  if (label === null || !/^\d{6}[0-9A-Fa-f]{6}$/.test(label)) {
    findings.push(against(account, "01", "a label number has 12 characters"));
  }
  return {
    scheme: "sgqr",
    id: account.id,
    // Whom to pay is said by the other accounts of the label.
    payee: null,
    reference: null,
    expiresAt: null,
    findings,
    details: {
      label,
      version: get("02"),
      postalCode: get("03"),
      level: get("04"),
      unit: get("05"),
      miscellaneous: get("06"),
      versionDate: get("07"),
    },
  };
}

export const sgqr: Scheme<SgqrCode> = {
  slug: "sgqr",
  name: "SGQR label",
  templates: TEMPLATES,
  extraNames: {},
  mayOmit: [],
  secondVersion: false,
  insists: false,
  recognise: (code: EmvDescription) =>
    code.accounts.map(recogniseOne).filter((found) => found !== null),
};
