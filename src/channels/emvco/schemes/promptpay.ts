/**
 * PromptPay (Bank of Thailand, Thai QR payment standard): credit transfer in object 29, bill
 * payment in 30, the banks' own interface in 31. Only bill payment carries references, so only it
 * can be matched to an order. Neither can be made to work once or to end at a time.
 */
import type { EmvDescription, MerchantAccount } from "../description.ts";
import type { EmvFinding } from "../issues.ts";
import {
  abroad,
  against,
  type Payee,
  placed,
  type RecognisedCode,
  type Scheme,
  type SchemeTemplate,
} from "./scheme.ts";

export const CREDIT_TRANSFER = "A000000677010111";
/** Shown by the payer; may name a one-time authorisation in sub-object 05. */
const CREDIT_TRANSFER_PAYER = "A000000677010114";
export const BILL_PAYMENT = "A000000677010112";
const BILL_PAYMENT_ABROAD = "A000000677012006";
const INTERFACE = "A000000677012004";
const INTERFACE_KBANK = "A000000677010113";

/** Objects that nearly all Thai codes leave out; only full merchant codes have them. */
export const THAI_OMITS = ["52", "59", "60"] as const;

const TRANSFER_NAMES = {
  "00": "Application (credit transfer)",
  "01": "Mobile number",
  "02": "National ID or tax ID",
  "03": "E-wallet ID",
  "04": "Bank account",
  "05": "One-time authorisation",
};
const BILL_NAMES = {
  "00": "Application (bill payment)",
  "01": "Biller ID",
  "02": "Reference 1",
  "03": "Reference 2",
};
const INTERFACE_NAMES = {
  "00": "Application (bank interface)",
  "01": "Acquirer",
  "02": "Transaction reference",
  "04": "Order reference",
};

const TEMPLATES: readonly SchemeTemplate[] = [
  { guid: CREDIT_TRANSFER, ids: ["29"], names: TRANSFER_NAMES },
  { guid: CREDIT_TRANSFER_PAYER, ids: ["29"], names: TRANSFER_NAMES },
  { guid: BILL_PAYMENT, ids: ["30"], names: BILL_NAMES },
  { guid: BILL_PAYMENT_ABROAD, ids: ["30"], names: BILL_NAMES },
  { guid: INTERFACE, ids: ["31"], names: INTERFACE_NAMES },
  { guid: INTERFACE_KBANK, ids: ["31"], names: INTERFACE_NAMES },
];

export type PromptPayProxyType = "mobile" | "national_id" | "ewallet" | "bank_account";

export type PromptPayDetails =
  | {
      readonly kind: "credit_transfer";
      readonly shownBy: "payee" | "payer";
      readonly proxyType: PromptPayProxyType | null;
      /** As in the code: a mobile number is "0066812345678". */
      readonly proxy: string | null;
      /** Object 81, decoded; only TrueMoney shows it. */
      readonly message: string | null;
    }
  | {
      readonly kind: "bill_payment";
      readonly abroad: boolean;
      readonly billerId: string | null;
      readonly ref1: string | null;
      readonly ref2: string | null;
      /** Object 62.07: terminal, or a third reference. */
      readonly ref3: string | null;
    }
  | {
      readonly kind: "bank_interface";
      readonly acquirer: string | null;
      readonly transactionReference: string | null;
      readonly orderReference: string | null;
    };

export interface PromptPayCode extends RecognisedCode {
  readonly scheme: "promptpay";
  readonly details: PromptPayDetails;
}

const PROXIES: readonly (readonly [sub: string, type: PromptPayProxyType, shape: RegExp])[] = [
  ["01", "mobile", /^00\d{11}$/],
  ["02", "national_id", /^\d{13}$/],
  ["03", "ewallet", /^\d{15}$/],
  ["04", "bank_account", /^\d{3}[\x20-\x7e]{1,40}$/],
];

/** "0066812345678" as people write it. */
const readable = (type: PromptPayProxyType, value: string): string =>
  type === "mobile" ? `+${value.replace(/^0+/, "")}` : value;

/** TrueMoney's note to the payee: UTF-16BE code units in hex. */
export function decodeMessage(hex: string | null): string | null {
  if (hex === null || hex.length % 4 !== 0 || !/^[0-9A-Fa-f]+$/.test(hex)) return null;
  const units = hex.match(/.{4}/g) ?? [];
  const text = String.fromCharCode(...units.map((unit) => Number.parseInt(unit, 16)));
  return text.isWellFormed() ? text : null;
}

function transfer(code: EmvDescription, account: MerchantAccount) {
  const given = PROXIES.filter(([sub]) => Boolean(account.fields[sub]));
  const shownBy = account.guid?.toUpperCase() === CREDIT_TRANSFER ? "payee" : "payer";
  const findings: EmvFinding[] = [];
  const authorisation = shownBy === "payer" && Boolean(account.fields["05"]);
  if (given.length !== 1 && !authorisation) {
    findings.push(against(account, null, "exactly one of 01 to 04 names the payee"));
  }
  const [first] = given;
  const [sub, type, shape] = first ?? [null, null, null];
  const proxy = sub === null ? null : (account.fields[sub] ?? null);
  if (proxy !== null && shape?.test(proxy) === false) {
    findings.push(against(account, sub, "not the shape of this kind of proxy"));
  }
  const payee: Payee | null =
    type === null || proxy === null ? null : { type, value: readable(type, proxy) };
  const note = code.unreserved.find(({ id }) => id === "81")?.value ?? null;
  const details: PromptPayDetails = {
    kind: "credit_transfer",
    shownBy,
    proxyType: type,
    proxy,
    message: decodeMessage(note),
  };
  return { payee, reference: null, details, findings };
}

function bill(code: EmvDescription, account: MerchantAccount) {
  const get = (sub: string) => account.fields[sub] || null;
  const findings: EmvFinding[] = [];
  const billerId = get("01");
  if (billerId === null || !/^\d{1,15}$/.test(billerId)) {
    findings.push(against(account, "01", "a biller ID has up to 15 digits"));
  }
  if (get("02") === null) findings.push(against(account, "02", "reference 1 must be there"));
  for (const sub of ["02", "03"]) {
    if ((get(sub) ?? "").length > 20) {
      findings.push(against(account, sub, "a reference has at most 20 characters"));
    }
  }
  const details: PromptPayDetails = {
    kind: "bill_payment",
    abroad: account.guid?.toUpperCase() === BILL_PAYMENT_ABROAD,
    billerId,
    ref1: get("02"),
    ref2: get("03"),
    ref3: code.additionalData?.terminalLabel ?? null,
  };
  const payee = billerId === null ? null : { type: "biller_id", value: billerId };
  return { payee, reference: details.ref1, details, findings };
}

function bankInterface(account: MerchantAccount) {
  const get = (sub: string) => account.fields[sub] || null;
  const details: PromptPayDetails = {
    kind: "bank_interface",
    acquirer: get("01"),
    transactionReference: get("02"),
    orderReference: get("04"),
  };
  const payee = details.acquirer === null ? null : { type: "acquirer", value: details.acquirer };
  return { payee, reference: details.orderReference, details, findings: [] };
}

function recognise(code: EmvDescription): readonly PromptPayCode[] {
  return code.accounts.flatMap((account): readonly PromptPayCode[] => {
    const place = placed(TEMPLATES, account);
    if (place === null) return [];
    const { names } = place.template;
    const read =
      names === TRANSFER_NAMES
        ? transfer(code, account)
        : names === BILL_NAMES
          ? bill(code, account)
          : bankInterface(account);
    const findings = [...place.findings, ...read.findings, ...abroad(code, ["764"], "TH")];
    return [{ scheme: "promptpay", id: account.id, expiresAt: null, ...read, findings }];
  });
}

export const promptpay: Scheme<PromptPayCode> = {
  slug: "promptpay",
  name: "PromptPay (Thai QR payment)",
  templates: TEMPLATES,
  extraNames: { "81": "Message to the payee (TrueMoney)" },
  mayOmit: THAI_OMITS,
  secondVersion: false,
  insists: true,
  recognise,
};
