/** EMVCo MPM 1.1 tables 3.x and 4.x: every object with its name, alphabet and length. */

export type Format =
  | "digits"
  /** Printable ASCII. */
  | "common"
  /** Precomposed Unicode. */
  | "text"
  /** Two capital letters. */
  | "country"
  | "amount"
  /** "00.01" to "99.99" without a sign. */
  | "percent";

export interface ObjectRule {
  readonly name: string;
  readonly format: Format;
  readonly min: number;
  readonly max: number;
  /** Holds a list of objects. */
  readonly template: boolean;
}

const rule = (name: string, format: Format, min: number, max: number): ObjectRule => ({
  name,
  format,
  min,
  max,
  template: false,
});

const template = (name: string, format: Format): ObjectRule => ({
  ...rule(name, format, 1, 99),
  template: true,
});

export const idOf = (number: number): string => String(number).padStart(2, "0");

/** Objects 02–25 belong to card networks; each is one plain value. */
const NETWORKS: readonly (readonly [first: number, last: number, network: string])[] = [
  [2, 3, "Visa"],
  [4, 5, "Mastercard"],
  [6, 8, "EMVCo"],
  [9, 10, "Discover"],
  [11, 12, "American Express"],
  [13, 14, "JCB"],
  [15, 16, "UnionPay"],
  [17, 25, "EMVCo"],
];

/** The network that an account object 02–25 belongs to; null for templates. */
export function networkOf(id: string): string | null {
  const number = Number(id);
  const found = NETWORKS.find(([first, last]) => number >= first && number <= last);
  return found?.[2] ?? null;
}

const NAMED: Readonly<Record<string, ObjectRule>> = {
  "00": rule("Payload format indicator", "digits", 2, 2),
  "01": rule("Point of initiation method", "digits", 2, 2),
  "52": rule("Merchant category code", "digits", 4, 4),
  "53": rule("Transaction currency", "digits", 3, 3),
  "54": rule("Transaction amount", "amount", 1, 13),
  "55": rule("Tip or convenience indicator", "digits", 2, 2),
  "56": rule("Convenience fee, fixed", "amount", 1, 13),
  "57": rule("Convenience fee, percentage", "percent", 1, 5),
  "58": rule("Country code", "country", 2, 2),
  "59": rule("Merchant name", "common", 1, 25),
  "60": rule("Merchant city", "common", 1, 15),
  "61": rule("Postal code", "common", 1, 10),
  "62": template("Additional data", "text"),
  "63": rule("CRC", "common", 4, 4),
  "64": template("Merchant information, other language", "text"),
};

function rootRule(number: number): ObjectRule {
  const id = idOf(number);
  const named = NAMED[id];
  if (named !== undefined) return named;
  if (number >= 80) return template("Unreserved template", "text");
  if (number >= 65) return rule("Reserved for EMVCo", "text", 1, 99);
  const network = networkOf(id);
  return network === null
    ? template("Merchant account information", "common")
    : rule(`Merchant account, ${network}`, "common", 1, 99);
}

/** By number, so that nothing is looked up twice: 100 entries. */
const ROOT_RULES: readonly ObjectRule[] = Array.from({ length: 100 }, (_, id) => rootRule(id));

/** The rule of an object at the root; undefined for what is no identifier. */
export const ruleOf = (id: string): ObjectRule | undefined => ROOT_RULES[Number(id)];

const ADDITIONAL: Readonly<Record<string, ObjectRule>> = {
  "01": rule("Bill number", "common", 1, 25),
  "02": rule("Mobile number", "common", 1, 25),
  "03": rule("Store label", "common", 1, 25),
  "04": rule("Loyalty number", "common", 1, 25),
  "05": rule("Reference label", "common", 1, 25),
  "06": rule("Customer label", "common", 1, 25),
  "07": rule("Terminal label", "common", 1, 25),
  "08": rule("Purpose of transaction", "common", 1, 25),
  "09": rule("Additional consumer data request", "common", 1, 3),
  "10": rule("Merchant tax ID", "common", 1, 20),
  "11": rule("Merchant channel", "common", 3, 3),
};

const LANGUAGE: Readonly<Record<string, ObjectRule>> = {
  "00": rule("Language", "common", 2, 2),
  "01": rule("Merchant name, other language", "text", 1, 25),
  "02": rule("Merchant city, other language", "text", 1, 15),
};

/** The rule of an object inside template 62 or 64; undefined where the specification has none. */
export function innerRuleOf(template62or64: string, id: string): ObjectRule | undefined {
  if (template62or64 === "62") return ADDITIONAL[id];
  return template62or64 === "64" ? LANGUAGE[id] : undefined;
}

/** Objects that every payload must have (beside one account); schemes leave some of them out. */
export const MANDATORY = ["52", "53", "58", "59", "60"] as const;

export const isAccount = (id: string): boolean => id >= "02" && id <= "51" && id.length === 2;

/** Objects 26–51: accounts that are templates, with an identifier of their own inside. */
export const isAccountTemplate = (id: string): boolean => id >= "26" && isAccount(id);

/** Objects of template 62 that are templates themselves. */
export const isAdditionalTemplate = (id: string): boolean => id.length === 2 && id >= "50";
