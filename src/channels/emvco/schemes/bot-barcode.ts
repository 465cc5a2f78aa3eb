/**
 * The Bank of Thailand's bill payment barcode, printed as Code 128 or as a QR code: a bar, then
 * biller ID, reference 1, reference 2 and the amount in satang, each ended by CR. No check digit.
 */
import type { Money } from "../../../money.ts";
import { type Result, err, ok } from "../../../result.ts";
import { isDigits } from "../characters.ts";
import { emvError, type EmvError, refuse } from "../issues.ts";

export interface BotBarcode {
  readonly billerId: string;
  readonly ref1: string;
  readonly ref2: string | null;
  /** In THB; null: the payer enters it. */
  readonly amount: Money | null;
}

export const startsAsBotBarcode = (text: string): boolean => /^\|\d{13,15}\r/.test(text);

const REFERENCE = /^[\x20-\x7e]{1,20}$/;

/** Satang; ten digits are the field's width. */
const isSatang = (text: string): boolean => isDigits(text) && text.length <= 10;

/** Reads a barcode's text. A line break behind it is a scanner's, and is ignored. */
export function readBotBarcode(text: string): Result<BotBarcode, EmvError> {
  if (!text.startsWith("|")) return refuse("EMV_FORMAT", null, "begins with a bar");
  const parts = text
    .slice(1)
    .replace(/\r?\n$/, "")
    .split("\r");
  const [billerId, ref1, ref2, satang] = parts;
  if (
    billerId === undefined ||
    ref1 === undefined ||
    ref2 === undefined ||
    satang === undefined ||
    parts.length !== 4
  ) {
    return err(emvError("EMV_MANDATORY_MISSING", null, "four lines, the last one without an end"));
  }
  if (!isDigits(billerId) || billerId.length < 13 || billerId.length > 15) {
    return err(emvError("EMV_FORMAT", "1", "a biller ID has 13 to 15 digits", 1));
  }
  if (!REFERENCE.test(ref1)) return refuse("EMV_FORMAT", "2", "1 to 20 characters");
  if (ref2 !== "" && !REFERENCE.test(ref2)) return refuse("EMV_FORMAT", "3", "1 to 20 characters");
  if (!isSatang(satang)) return refuse("EMV_AMOUNT", "4", "satang, digits only");
  const value = Number(satang);
  return ok({
    billerId,
    ref1,
    ref2: ref2 === "" ? null : ref2,
    amount: value === 0 ? null : { currency: "THB", value },
  });
}

/** Writes a barcode's text. */
export function buildBotBarcode(input: {
  readonly billerId: string;
  readonly ref1: string;
  readonly ref2?: string | null;
  readonly amount?: Money | null;
}): Result<string, EmvError> {
  const { billerId, ref1, ref2, amount } = input;
  if (amount && amount.currency !== "THB") {
    return refuse("EMV_CURRENCY", "4", "the currency must be THB");
  }
  if (amount && (!Number.isSafeInteger(amount.value) || amount.value <= 0)) {
    return refuse("EMV_AMOUNT", "4", "an amount must be more than zero");
  }
  const text = `|${billerId}\r${ref1}\r${ref2 ?? ""}\r${amount?.value ?? 0}`;
  // The reader's rules are the writer's: a value with a CR in it would become another field.
  const read = readBotBarcode(text);
  return read.ok ? ok(text) : read;
}
