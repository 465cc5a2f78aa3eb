/**
 * What any scanned text is, for people: which scheme, who is paid, how much, until when, and what
 * is wrong with it. Nothing in the reply proves that a code is genuine: whoever can draw a QR code
 * can write these texts.
 */
import type { Money } from "../../money.ts";
import { type QrType, qrType } from "../../qr/classify.ts";
import { trimLineEnd } from "./characters.ts";
import type { EmvDescription } from "./description.ts";
import { innerRuleOf, isAdditionalTemplate, ruleOf } from "./dictionary.ts";
import { startsAsPayload } from "./envelope.ts";
import { type EmvError, type EmvWarning, toWarning } from "./issues.ts";
import { inspectEmv } from "./parse.ts";
import { accountNames, extraNames, type SchemeCode } from "./schemes.ts";
import { readBotBarcode, startsAsBotBarcode } from "./schemes/bot-barcode.ts";
import { readPromptPaySlip, startsAsSlip } from "./schemes/promptpay-slip.ts";
import type { EmvObject } from "./tlv.ts";

export type QrKind =
  | "emvco"
  | "wechat_url"
  | "alipay_url"
  | "url"
  | "promptpay_slip"
  | "bot_barcode"
  | "opaque";

/** One object of the payload with its name in words. */
export interface QrField {
  readonly id: string;
  readonly name: string | null;
  /** As written in the payload. */
  readonly length: number;
  readonly value: string;
  /** The objects within; null for a plain value. */
  readonly fields: readonly QrField[] | null;
}

/** In the form of a reply: names as in the rest of the API. */
export interface QrExplanation {
  readonly kind: QrKind;
  /** Slugs of every scheme found, each once. */
  readonly schemes: readonly string[];
  /** ISO 3166, two letters. */
  readonly country: string | null;
  /** ISO 4217, three letters. */
  readonly currency: string | null;
  /** Null: the payer enters it, or it cannot be told. */
  readonly amount: Money | null;
  readonly merchant: {
    readonly name: string | null;
    readonly city: string | null;
    /** Who is paid, in the terms of the first scheme that says so. */
    readonly id: { readonly type: string; readonly value: string } | null;
    readonly reference: string | null;
  };
  /** True: meant for one payment (nothing enforces it); false: for many; null: not said. */
  readonly single_use: boolean | null;
  /** ISO 8601; the instant from which on it is not payable. */
  readonly expires_at: string | null;
  readonly crc: {
    readonly given: string;
    readonly expected: string;
    readonly valid: boolean;
  } | null;
  readonly fields: readonly QrField[];
  readonly warnings: readonly EmvWarning[];
  readonly errors: readonly EmvWarning[];
}

const NOTHING: Omit<QrExplanation, "kind"> = {
  schemes: [],
  country: null,
  currency: null,
  amount: null,
  merchant: { name: null, city: null, id: null, reference: null },
  single_use: null,
  expires_at: null,
  crc: null,
  fields: [],
  warnings: [],
  errors: [],
};

type Names = Readonly<Record<string, string>>;

const fieldOf = (object: EmvObject, path: string, nameOf: (path: string) => string | null) => {
  const { id, length, value, children } = object;
  const field: QrField = {
    id,
    name: nameOf(path),
    length,
    value,
    fields: children?.map((inner) => fieldOf(inner, `${path}.${inner.id}`, nameOf)) ?? null,
  };
  return field;
};

/** Names by path: the scheme's own, then EMVCo's. */
function namer({ accounts }: EmvDescription, extra: Names): (path: string) => string | null {
  return (path) => {
    const own = extra[path];
    if (own !== undefined) return own;
    const root = path.slice(0, 2);
    const inner = path.slice(3);
    if (inner === "") return ruleOf(root)?.name ?? null;
    const account = accounts.find(({ id }) => id === root);
    if (account !== undefined) {
      return accountNames(account)[inner] ?? (inner === "00" ? "Identifier" : null);
    }
    const named = innerRuleOf(root, inner)?.name;
    if (named !== undefined) return named;
    if (inner.endsWith("00")) return "Identifier";
    return root === "62" && isAdditionalTemplate(inner) ? "Payment system template" : null;
  };
}

const isoTime = (time: number): string | null =>
  // Beyond the year 275760 there is no Date.
  Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : null;

/** The earliest end of any of its ways to pay. */
function expiryOf(codes: readonly SchemeCode[]): string | null {
  const ends = codes.map(({ expiresAt }) => expiresAt).filter((time) => time !== null);
  return ends.length === 0 ? null : isoTime(Math.min(...ends));
}

function explainEmv(text: string): QrExplanation {
  const { envelope, description, schemes, findings } = inspectEmv(text);
  const { currency, amount, additionalData, initiation } = description;
  const code = currency?.code ?? null;
  const value = amount?.value ?? null;
  const reference =
    schemes.find((one) => one.reference !== null)?.reference ??
    additionalData?.referenceLabel ??
    additionalData?.billNumber ??
    null;
  const nameOf = namer(description, extraNames(schemes));
  const shown = (fatal: boolean) =>
    findings
      .filter(({ weight }) => (weight === "fatal") === fatal)
      .map(({ error }) => toWarning(error));
  return {
    kind: "emvco",
    schemes: [...new Set(schemes.map(({ scheme }) => scheme))],
    country: description.country,
    currency: code,
    amount: code === null || value === null ? null : { currency: code, value },
    merchant: {
      name: description.merchantName,
      city: description.city,
      id: schemes.find(({ payee }) => payee !== null)?.payee ?? null,
      reference,
    },
    single_use: initiation === null ? null : initiation === "dynamic",
    expires_at: expiryOf(schemes),
    crc: envelope.crc,
    fields: description.objects.map((object) => fieldOf(object, object.id, nameOf)),
    warnings: shown(false),
    errors: shown(true),
  };
}

const failed = (kind: QrKind, error: EmvError): QrExplanation => ({
  kind,
  ...NOTHING,
  schemes: ["promptpay"],
  country: "TH",
  errors: [toWarning(error)],
});

const SLIP_NAMES: Names = {
  "00": "Transfer",
  "00.00": "Interface",
  "00.01": "Sending bank",
  "00.02": "Transfer reference",
  "51": "Country code",
  "91": "CRC",
};

function explainSlip(text: string): QrExplanation {
  const slip = readPromptPaySlip(trimLineEnd(text));
  if (!slip.ok) return failed("promptpay_slip", slip.error);
  const { crc, objects, sendingBank, transferReference } = slip.value;
  return {
    kind: "promptpay_slip",
    ...NOTHING,
    schemes: ["promptpay"],
    country: "TH",
    merchant: {
      ...NOTHING.merchant,
      id: { type: "sending_bank", value: sendingBank },
      reference: transferReference,
    },
    crc: { ...crc, valid: true },
    fields: objects.map((object) => fieldOf(object, object.id, (path) => SLIP_NAMES[path] ?? null)),
  };
}

function explainBarcode(text: string): QrExplanation {
  const barcode = readBotBarcode(text);
  if (!barcode.ok) return failed("bot_barcode", barcode.error);
  const { billerId, ref1, amount } = barcode.value;
  return {
    kind: "bot_barcode",
    ...NOTHING,
    schemes: ["promptpay"],
    country: "TH",
    currency: "THB",
    amount,
    merchant: {
      ...NOTHING.merchant,
      id: { type: "biller_id", value: billerId },
      reference: ref1,
    },
  };
}

const BY_TYPE: Readonly<Record<QrType, { readonly kind: QrKind; readonly schemes: string[] }>> = {
  emvco_tlv: { kind: "emvco", schemes: [] },
  wechat_url: { kind: "wechat_url", schemes: ["wechat"] },
  alipay_url: { kind: "alipay_url", schemes: ["alipay"] },
  url: { kind: "url", schemes: [] },
  opaque: { kind: "opaque", schemes: [] },
};

/**
 * Explains a text. Never throws; the caller caps its length (what is longer than a code can be is
 * not read). A damaged code is still of its kind, with what could be read and its `errors`.
 */
export function explainQr(text: string): QrExplanation {
  if (startsAsPayload(text.replace(/^\ufeff/, ""))) return explainEmv(text);
  if (startsAsSlip(text)) return explainSlip(text);
  if (startsAsBotBarcode(text)) return explainBarcode(text);
  const { kind, schemes } = BY_TYPE[qrType(text)];
  return { kind, ...NOTHING, schemes };
}
