/**
 * What can be wrong with a code, as values. Nothing in this folder throws: a payload is a stranger's
 * text, and an input of a builder is a merchant's. Messages never repeat what was submitted.
 */
import { err } from "../../result.ts";

/** Every kind of error and warning. The names are an API: they are shown by the public endpoint. */
export type EmvErrorKind =
  /** Longer than any code; nothing was read. */
  | "EMV_INPUT_TOO_LONG"
  /** Not two digits of identifier and two of length where an object must begin. */
  | "EMV_TLV_HEADER"
  /** A length that runs past the end. */
  | "EMV_TLV_TRUNCATED"
  /** Length 00. */
  | "EMV_EMPTY_VALUE"
  /** The same identifier twice on one level. */
  | "EMV_DUPLICATE_ID"
  /** Lengths count UTF-8 bytes instead of characters. */
  | "EMV_BYTE_LENGTHS"
  /** A template whose content is no list of objects. */
  | "EMV_TEMPLATE"
  /** Payload format indicator: not the first object, or a value that is none. */
  | "EMV_PFI"
  | "EMV_CRC_MISSING"
  | "EMV_CRC_MISMATCH"
  /** The right CRC in lower case. */
  | "EMV_CRC_CASE"
  | "EMV_TRAILING_DATA"
  /** More than the 512 characters that the specification recommends. */
  | "EMV_PAYLOAD_TOO_LONG"
  | "EMV_VALUE_TOO_LONG"
  | "EMV_CHARSET"
  /** A value of the wrong shape: length, digits, list of allowed values. */
  | "EMV_FORMAT"
  | "EMV_AMOUNT"
  /** A currency that is not known, or not the scheme's. */
  | "EMV_CURRENCY"
  | "EMV_MANDATORY_MISSING"
  /** A static code that fixes an amount: every payer pays the same, again and again. */
  | "EMV_STATIC_AMOUNT"
  /** An identifier that EMVCo keeps for later. */
  | "EMV_RESERVED_ID"
  /** Against a rule of the national scheme. */
  | "EMV_SCHEME";

interface Place {
  /** Characters (code points) before it; null: in an input, not in a text. */
  readonly at: number | null;
  /** Identifiers from the root down, joined by dots ("26.02"); null: the whole. */
  readonly id: string | null;
  /** For people; without anything that was submitted. */
  readonly message: string;
}

export type EmvError =
  | (Place & { readonly kind: "EMV_VALUE_TOO_LONG"; readonly limit: number })
  | (Place & { readonly kind: "EMV_INPUT_TOO_LONG"; readonly limit: number })
  | (Place & {
      readonly kind: "EMV_CRC_MISMATCH";
      readonly given: string;
      readonly expected: string;
    })
  | (Place & { readonly kind: SimpleKind });

export type SimpleKind = Exclude<
  EmvErrorKind,
  "EMV_VALUE_TOO_LONG" | "EMV_INPUT_TOO_LONG" | "EMV_CRC_MISMATCH"
>;

/**
 * How much it weighs. `fatal`: nobody can pay this, or it may not be what was issued. `tolerable`:
 * against the rules and seen in real codes; strict reading refuses it. `notice`: within the rules
 * and worth a word.
 */
export type Weight = "fatal" | "tolerable" | "notice";

export interface EmvFinding {
  readonly weight: Weight;
  readonly error: EmvError;
}

/** An error or a finding in the form that is shown. */
export interface EmvWarning {
  readonly code: EmvErrorKind;
  readonly id: string | null;
  readonly at: number | null;
  readonly message: string;
}

export const toWarning = ({ kind, id, at, message }: EmvError): EmvWarning => ({
  code: kind,
  id,
  at,
  message,
});

export const emvError = (
  kind: SimpleKind,
  id: string | null,
  message: string,
  at: number | null = null,
): EmvError => ({ kind, at, id, message });

export const tooLong = (id: string, limit: number, at: number | null = null): EmvError => ({
  kind: "EMV_VALUE_TOO_LONG",
  at,
  id,
  limit,
  message: `longer than ${limit} characters`,
});

export const finding = (weight: Weight, error: EmvError): EmvFinding => ({ weight, error });

/** A refusal of a builder's input. */
export const refuse = (kind: SimpleKind, id: string | null, message: string) =>
  err(emvError(kind, id, message));
