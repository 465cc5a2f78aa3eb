/** Makes PromptPay codes: credit transfer (object 29) and bill payment (30). */
import type { Money } from "../../../money.ts";
import { type Result, err, ok } from "../../../result.ts";
import { type BuildField, buildEmv, type MaybeField } from "../build.ts";
import { isDigits, plainName } from "../characters.ts";
import { emvError, type EmvError, refuse } from "../issues.ts";
import {
  amountText,
  type Initiation,
  initiationField,
  optional,
  type Shopfront,
} from "./inputs.ts";
import { BILL_PAYMENT, CREDIT_TRANSFER, type PromptPayProxyType, THAI_OMITS } from "./promptpay.ts";

interface PromptPayCommon extends Shopfront {
  /** In THB; without one the payer enters it. */
  readonly amount?: Money | null;
  readonly initiation?: Initiation;
  /**
   * Whether the country or the currency comes first. Banks accept both; the published libraries
   * differ, and only comparing with them needs a choice.
   */
  readonly order?: "currency_first" | "country_first";
}

export interface PromptPayTransferInput extends PromptPayCommon {
  readonly proxy: { readonly type: PromptPayProxyType; readonly value: string };
  /** Object 81, shown by TrueMoney alone: at most 24 UTF-16 code units. */
  readonly message?: string | null;
}

export interface PromptPayBillInput extends PromptPayCommon {
  /** 15 digits: tax ID and a suffix of two. Some banks issue the 13 of the tax ID alone. */
  readonly billerId: string;
  /** Capital letters and digits, at most 20; see {@link promptPayReference}. */
  readonly ref1: string;
  /** Mandatory where the biller was registered with two. */
  readonly ref2?: string | null;
  /** Terminal or third reference (62.07), at most 25. */
  readonly ref3?: string | null;
}

/** Written between the groups of a number, and meaning nothing. */
const SEPARATORS = /[\s().-]/g;

/** Digits of a number as people type it; null when anything else is in it. */
function digitsOf(text: string): string | null {
  const digits = text.replaceAll(SEPARATORS, "");
  return isDigits(digits) ? digits : null;
}

/** "081-234-5678" and "+66 81 234 5678" are "0066812345678". */
function mobileNumber(text: string): string | null {
  const digits = digitsOf(text.trim().replace(/^\+/, ""));
  if (digits === null) return null;
  const international = digits.startsWith("0") ? `66${digits.slice(1)}` : digits;
  return /^66\d{9}$/.test(international) ? international.padStart(13, "0") : null;
}

interface ProxyRule {
  readonly sub: string;
  readonly normalise: (text: string) => string | null;
  readonly shape: RegExp;
  readonly message: string;
}

const PROXIES: Readonly<Record<PromptPayProxyType, ProxyRule>> = {
  mobile: {
    sub: "01",
    normalise: mobileNumber,
    shape: /^00\d{11}$/,
    message: "a Thai mobile number, as 0812345678 or +66812345678",
  },
  national_id: { sub: "02", normalise: digitsOf, shape: /^\d{13}$/, message: "13 digits" },
  ewallet: { sub: "03", normalise: digitsOf, shape: /^\d{15}$/, message: "15 digits" },
  bank_account: {
    sub: "04",
    normalise: digitsOf,
    shape: /^\d{4,43}$/,
    message: "the bank's three digits and the account's, at most 43",
  },
};

/** The e-wallet ID of a TrueMoney account, from its mobile number as dialled in Thailand. */
export const trueMoneyWallet = (mobile: string): string =>
  `14000${mobile.replaceAll(SEPARATORS, "")}`;

/**
 * A text as the banks take it for a reference: capitals and digits, at most 20. Apply it before a
 * reference is stored: what the bank reports later is compared with what was stored.
 */
export const promptPayReference = (text: string): string =>
  text
    .toUpperCase()
    .replaceAll(/[^0-9A-Z]/g, "")
    .slice(0, 20);

function encodeMessage(message: string | null | undefined): Result<MaybeField, EmvError> {
  if (message === null || message === undefined || message === "") return ok(null);
  // Four hex digits per UTF-16 unit, in a value of at most 99 characters.
  if (message.length > 24) return refuse("EMV_FORMAT", "81", "at most 24 UTF-16 units");
  const units = Array.from({ length: message.length }, (_, at) =>
    message.charCodeAt(at).toString(16).toUpperCase().padStart(4, "0"),
  );
  return ok(["81", units.join("")]);
}

function build(
  input: PromptPayCommon,
  account: BuildField,
  tail: readonly MaybeField[],
): Result<string, EmvError> {
  const amount = amountText(input.amount, ["THB"]);
  if (!amount.ok) return amount;
  const currency: BuildField = ["53", "764"];
  const country: BuildField = ["58", "TH"];
  const countryFirst = input.order === "country_first";
  const { merchantName, city } = input;
  const fields: readonly MaybeField[] = [
    ["00", "01"],
    initiationField(input.initiation, amount.value),
    account,
    optional("52", input.mcc),
    countryFirst ? country : currency,
    countryFirst ? currency : country,
    optional("54", amount.value),
    // A name alone says who is paid; most Thai codes have neither.
    optional("59", merchantName ? plainName(merchantName, 25, "NA") : null),
    optional("60", city ? plainName(city, 15, "NA") : null),
    optional("61", input.postalCode),
    ...tail,
  ];
  return buildEmv(fields, { mayOmit: THAI_OMITS });
}

/**
 * A code that credits a person or a company by proxy. It carries no reference: a payment cannot be
 * told from another of the same amount, unless the payee's bank issued the code.
 */
export function buildPromptPayTransfer(input: PromptPayTransferInput): Result<string, EmvError> {
  const { sub, normalise, shape, message } = PROXIES[input.proxy.type];
  const proxy = normalise(input.proxy.value);
  if (proxy === null || !shape.test(proxy)) return refuse("EMV_FORMAT", `29.${sub}`, message);
  const note = encodeMessage(input.message);
  if (!note.ok) return note;
  const account: BuildField = [
    "29",
    [
      ["00", CREDIT_TRANSFER],
      [sub, proxy],
    ],
  ];
  return build(input, account, [note.value]);
}

const REFERENCE = /^[0-9A-Z]{1,20}$/;

/** A code that pays a bill: the bank reports both references with the money. */
export function buildPromptPayBill(input: PromptPayBillInput): Result<string, EmvError> {
  const { billerId, ref1, ref2, ref3 } = input;
  if (!/^(?:\d{13}|\d{15})$/.test(billerId)) {
    return refuse("EMV_FORMAT", "30.01", "a biller ID has 15 digits (or the 13 of a tax ID)");
  }
  for (const [id, reference] of [
    ["30.02", ref1],
    ["30.03", ref2 ?? null],
  ] as const) {
    if (reference !== null && !REFERENCE.test(reference)) {
      return err(emvError("EMV_CHARSET", id, "1 to 20 capital letters and digits"));
    }
  }
  const account: BuildField = [
    "30",
    [["00", BILL_PAYMENT], ["01", billerId], ["02", ref1], optional("03", ref2)],
  ];
  const terminal: MaybeField = ref3 === undefined || ref3 === null ? null : ["62", [["07", ref3]]];
  return build(input, account, [terminal]);
}
