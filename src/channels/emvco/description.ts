/** A payload by meaning: what each object says, in words and integers. */
import { type AmountReading, readAmount } from "./amounts.ts";
import { type Currency, currencyOfNumber } from "./currencies.ts";
import { isAccount, networkOf } from "./dictionary.ts";
import type { EmvObject } from "./tlv.ts";

/** Object 02–51. */
export interface MerchantAccount {
  readonly id: string;
  readonly at: number;
  /** The card network of an object 02–25; null for a template. */
  readonly network: string | null;
  /** Sub-object 00: an application identifier, a UUID or a domain written backwards. */
  readonly guid: string | null;
  readonly value: string;
  /** Sub-objects by identifier; empty for a plain value. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface EmvAmount {
  readonly text: string;
  /** Minor units; null: zero (the payer enters it), not readable, or of an unknown currency. */
  readonly value: number | null;
}

export type EmvTip =
  | { readonly kind: "prompt" }
  | { readonly kind: "fixed"; readonly fee: EmvAmount }
  /** As written: "02.50" is 2.5 %. */
  | { readonly kind: "percentage"; readonly percent: string };

/** Template 62. "***" asks the payer to fill it in. */
export interface AdditionalData {
  readonly billNumber: string | null;
  readonly mobileNumber: string | null;
  readonly storeLabel: string | null;
  readonly loyaltyNumber: string | null;
  readonly referenceLabel: string | null;
  readonly customerLabel: string | null;
  readonly terminalLabel: string | null;
  readonly purpose: string | null;
  readonly consumerDataRequest: string | null;
  readonly merchantTaxId: string | null;
  readonly merchantChannel: string | null;
  /** All others: of payment systems (50–99), and what a scheme adds. */
  readonly others: readonly EmvObject[];
}

/** Template 64. */
export interface LanguageTemplate {
  readonly language: string | null;
  readonly name: string | null;
  readonly city: string | null;
}

export interface EmvDescription {
  /** Object 00. */
  readonly version: string;
  /** Object 01: a static code is paid many times; a dynamic one is meant for one payment. */
  readonly initiation: "static" | "dynamic" | null;
  readonly accounts: readonly MerchantAccount[];
  readonly mcc: string | null;
  readonly currency: {
    readonly numeric: string;
    /** Null where the number is not known to us. */
    readonly code: string | null;
    readonly decimals: number | null;
  } | null;
  readonly amount: EmvAmount | null;
  readonly tip: EmvTip | null;
  readonly country: string | null;
  readonly merchantName: string | null;
  readonly city: string | null;
  readonly postalCode: string | null;
  readonly additionalData: AdditionalData | null;
  readonly language: LanguageTemplate | null;
  /** Objects 80–99. */
  readonly unreserved: readonly EmvObject[];
  /** All of it, in the order of the payload. */
  readonly objects: readonly EmvObject[];
}

export type Lookup = (id: string) => string | null;

/** Values by identifier; of duplicates the first. An empty value is none. */
export const lookupIn =
  (objects: readonly EmvObject[]): Lookup =>
  (id) =>
    // A search each time: a dozen objects need no index.
    objects.find((one) => one.id === id)?.value || null;

const fieldsOf = (objects: readonly EmvObject[]): Record<string, string> => {
  const fields: Record<string, string> = {};
  for (const { id, value } of objects) fields[id] ??= value;
  return fields;
};

function accountOf({ id, at, value, children }: EmvObject): MerchantAccount {
  const fields = fieldsOf(children ?? []);
  return { id, at, network: networkOf(id), guid: fields["00"] || null, value, fields };
}

const shown = (text: string, { value, fault }: AmountReading): EmvAmount => ({
  text,
  value: fault === "zero" ? null : value,
});

function tipOf(get: Lookup, currency: Currency | null): EmvTip | null {
  const indicator = get("55");
  if (indicator === "01") return { kind: "prompt" };
  const fixed = get("56");
  if (indicator === "02" && fixed !== null) {
    return { kind: "fixed", fee: shown(fixed, readAmount(fixed, currency?.decimals ?? null)) };
  }
  const percent = get("57");
  return indicator === "03" && percent !== null ? { kind: "percentage", percent } : null;
}

function additionalDataOf(children: readonly EmvObject[]): AdditionalData {
  const get = lookupIn(children);
  return {
    billNumber: get("01"),
    mobileNumber: get("02"),
    storeLabel: get("03"),
    loyaltyNumber: get("04"),
    referenceLabel: get("05"),
    customerLabel: get("06"),
    terminalLabel: get("07"),
    purpose: get("08"),
    consumerDataRequest: get("09"),
    merchantTaxId: get("10"),
    merchantChannel: get("11"),
    others: children.filter(({ id }) => id > "11" || id === "00"),
  };
}

function languageOf(children: readonly EmvObject[]): LanguageTemplate {
  const get = lookupIn(children);
  return { language: get("00"), name: get("01"), city: get("02") };
}

const INITIATION: Readonly<Record<string, "static" | "dynamic">> = {
  "11": "static",
  "12": "dynamic",
};

/** Says what the objects mean, whatever is wrong with them: nothing is judged here. */
export function describeObjects(objects: readonly EmvObject[]): EmvDescription {
  const get = lookupIn(objects);
  const childrenOf = (id: string) => objects.find((one) => one.id === id)?.children ?? null;
  const number = get("53");
  const currency = number === null ? null : currencyOfNumber(number);
  const amount = get("54");
  const additional = childrenOf("62");
  const language = childrenOf("64");
  return {
    version: get("00") ?? "",
    initiation: INITIATION[get("01") ?? ""] ?? null,
    accounts: objects.filter(({ id }) => isAccount(id)).map(accountOf),
    mcc: get("52"),
    currency:
      number === null
        ? null
        : {
            numeric: number,
            code: currency?.code ?? null,
            decimals: currency?.decimals ?? null,
          },
    amount: amount === null ? null : shown(amount, readAmount(amount, currency?.decimals ?? null)),
    tip: tipOf(get, currency),
    country: get("58"),
    merchantName: get("59"),
    city: get("60"),
    postalCode: get("61"),
    additionalData: additional === null ? null : additionalDataOf(additional),
    language: language === null ? null : languageOf(language),
    unreserved: objects.filter(({ id }) => id >= "80"),
    objects,
  };
}
