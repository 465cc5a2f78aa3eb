/** What a national scheme adds to EMVCo's objects, in the form the table of schemes holds. */
import { isCommon, isDigits } from "../characters.ts";
import type { EmvDescription, MerchantAccount } from "../description.ts";
import { emvError, type EmvFinding, finding } from "../issues.ts";

/** Who is paid, in the scheme's own terms: {type: "mobile", value: "+66812345678"}. */
export interface Payee {
  readonly type: string;
  readonly value: string;
}

/** One way to pay that a code offers; a combined label has many. */
export interface RecognisedCode {
  /** Slug; where we have a channel for it, the channel's. */
  readonly scheme: string;
  /** The object of the root that it was found in. */
  readonly id: string;
  readonly payee: Payee | null;
  /** What the payee tells the payment by; null when the code carries none. */
  readonly reference: string | null;
  /** Milliseconds since 1970 from when on the code is not payable. */
  readonly expiresAt: number | null;
  /** Against the scheme's rules. */
  readonly findings: readonly EmvFinding[];
}

/** A kind of merchant account template, known by its sub-object 00. */
export interface SchemeTemplate {
  /** Compared without regard to case. */
  readonly guid: string | RegExp;
  /** Objects of the root it may stand in; null: any of 26–51. */
  readonly ids: readonly string[] | null;
  /** Names of its sub-objects. */
  readonly names: Readonly<Record<string, string>>;
  /** Sub-objects that are templates again. */
  readonly nested?: readonly string[];
}

export interface Scheme<Code extends RecognisedCode = RecognisedCode> {
  readonly slug: string;
  readonly name: string;
  readonly templates: readonly SchemeTemplate[];
  /** Names of what its codes carry outside the account, by path ("62.90"). */
  readonly extraNames: Readonly<Record<string, string>>;
  /** Mandatory objects of EMVCo that its codes leave out, and payers' apps do not miss. */
  readonly mayOmit: readonly string[];
  /** Its codes may begin with format indicator 02. */
  readonly secondVersion: boolean;
  /** A template of its kind that cannot be read makes the whole code worthless. */
  readonly insists: boolean;
  /** Every account of this scheme in the code. */
  readonly recognise: (code: EmvDescription) => readonly Code[];
}

export function fitsGuid(pattern: string | RegExp, guid: string): boolean {
  if (typeof pattern !== "string") return pattern.test(guid);
  // ASCII only: the sign for kelvin is a small k to toLowerCase.
  const candidate = pattern.length === guid.length && isCommon(guid);
  return candidate && pattern.toLowerCase() === guid.toLowerCase();
}

/** The template an account is an instance of. */
export const templateOf = (
  templates: readonly SchemeTemplate[],
  { id, guid }: MerchantAccount,
): SchemeTemplate | null =>
  guid === null || id < "26" ? null : (templates.find((one) => fitsGuid(one.guid, guid)) ?? null);

/** A rule of the scheme that an account breaks. */
export const against = (account: MerchantAccount, sub: string | null, rule: string): EmvFinding =>
  finding(
    "tolerable",
    emvError("EMV_SCHEME", sub === null ? account.id : `${account.id}.${sub}`, rule, account.at),
  );

/** The account's template with its place checked; null when it is none of these. */
export function placed(
  templates: readonly SchemeTemplate[],
  account: MerchantAccount,
): { readonly template: SchemeTemplate; readonly findings: readonly EmvFinding[] } | null {
  const template = templateOf(templates, account);
  if (template === null) return null;
  const wrong = template.ids !== null && !template.ids.includes(account.id);
  const rule = `this application belongs into object ${(template.ids ?? []).join(" or ")}`;
  return { template, findings: wrong ? [against(account, "00", rule)] : [] };
}

/** The code's currency and country must be the scheme's: a rule of each of them. */
export function abroad(
  code: EmvDescription,
  currencies: readonly string[],
  country: string,
): readonly EmvFinding[] {
  const findings: EmvFinding[] = [];
  const at = (id: string) => code.objects.find((one) => one.id === id)?.at ?? null;
  if (code.currency !== null && !currencies.includes(code.currency.numeric)) {
    const rule = `${currencies.join(" or ")} in this scheme`;
    findings.push(finding("tolerable", emvError("EMV_CURRENCY", "53", rule, at("53"))));
  }
  if (code.country !== null && code.country.toUpperCase() !== country) {
    const rule = `${country} in this scheme`;
    findings.push(finding("tolerable", emvError("EMV_SCHEME", "58", rule, at("58"))));
  }
  return findings;
}

/**
 * "YYYYMMDD" or "YYYYMMDDhhmmss" of a time zone as an instant; a day lasts to its end. Null for
 * what is no date: 31 February would quietly become 3 March.
 * @param offsetHours of the zone, east of Greenwich; none of ours has summer time
 */
export function zonedTime(text: string, offsetHours: number): number | null {
  if (!isDigits(text) || (text.length !== 8 && text.length !== 14)) return null;
  const part = (from: number, to: number) => Number(text.slice(from, to));
  const [year, month, day] = [part(0, 4), part(4, 6), part(6, 8)];
  const midnight = Date.UTC(year, month - 1, day);
  const date = new Date(midnight);
  if (year < 1970 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  const start = midnight - offsetHours * 3_600_000;
  if (text.length === 8) return start + 86_400_000;
  const [hour, minute, second] = [part(8, 10), part(10, 12), part(12, 14)];
  if (hour > 23 || minute > 59 || second > 59) return null;
  return start + ((hour * 60 + minute) * 60 + second) * 1_000;
}

/** The day "YYYYMMDD" of an instant in a time zone. */
export const zonedDay = (time: number, offsetHours: number): string =>
  new Date(time + offsetHours * 3_600_000).toISOString().slice(0, 10).replaceAll("-", "");
