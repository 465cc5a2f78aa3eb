/** The table of schemes: a new one is a file in `schemes/` and a line here. */
import type { EmvDescription, MerchantAccount } from "./description.ts";
import { duitnow } from "./schemes/duitnow.ts";
import { fps } from "./schemes/fps.ts";
import { khqr } from "./schemes/khqr.ts";
import { paynow } from "./schemes/paynow.ts";
import { promptpay } from "./schemes/promptpay.ts";
import { qris } from "./schemes/qris.ts";
import { qrph } from "./schemes/qrph.ts";
import { fitsGuid, type Scheme, type SchemeTemplate, templateOf } from "./schemes/scheme.ts";
import { sgqr } from "./schemes/sgqr.ts";
import { vietqr } from "./schemes/vietqr.ts";
import { wallets } from "./schemes/wallets.ts";
import type { TemplateKnowledge } from "./templates.ts";

export const SCHEMES = [
  promptpay,
  paynow,
  duitnow,
  fps,
  qris,
  vietqr,
  qrph,
  khqr,
  sgqr,
  wallets,
] as const satisfies readonly Scheme[];

/** What any scheme recognises; `scheme` tells which, and with it the type of `details`. */
export type SchemeCode = ReturnType<(typeof SCHEMES)[number]["recognise"]>[number];

export interface SchemeReading {
  readonly codes: readonly SchemeCode[];
  /** Mandatory objects that one of the schemes found leaves out. */
  readonly mayOmit: ReadonlySet<string>;
  /** Whether one of them begins its codes with 02. */
  readonly secondVersion: boolean;
}

/** Asks every scheme: a combined label is of many. */
export function recogniseSchemes(description: EmvDescription): SchemeReading {
  const codes: SchemeCode[] = [];
  const mayOmit = new Set<string>();
  let secondVersion = false;
  for (const scheme of SCHEMES) {
    const found: readonly SchemeCode[] = scheme.recognise(description);
    if (found.length === 0) continue;
    codes.push(...found);
    for (const id of scheme.mayOmit) mayOmit.add(id);
    secondVersion ||= scheme.secondVersion;
  }
  return { codes, mayOmit, secondVersion };
}

const byGuid = (guid: string): readonly (readonly [Scheme, SchemeTemplate])[] =>
  guid === ""
    ? []
    : SCHEMES.flatMap((scheme: Scheme) =>
        scheme.templates
          .filter((template) => fitsGuid(template.guid, guid))
          .map((template) => [scheme, template] as const),
      );

export const TEMPLATE_KNOWLEDGE: TemplateKnowledge = {
  insistsOn: (guid) => byGuid(guid).some(([scheme]) => scheme.insists),
  nestedIn: (guid) => byGuid(guid).flatMap(([, template]) => template.nested ?? []),
};

/** Names of an account's sub-objects; empty for an account of no known kind. */
export function accountNames(account: MerchantAccount): Readonly<Record<string, string>> {
  for (const scheme of SCHEMES) {
    const template = templateOf(scheme.templates, account);
    if (template !== null) return template.names;
  }
  return {};
}

/** Names that the schemes of a code give to objects outside their accounts. */
export const extraNames = (codes: readonly SchemeCode[]): Readonly<Record<string, string>> =>
  Object.assign(
    {},
    ...SCHEMES.filter((scheme) => codes.some((code) => code.scheme === scheme.slug)).map(
      (scheme) => scheme.extraNames,
    ),
  );
