import { type Result, err, ok } from "../result.ts";
import { TAG, childrenOf, type DerElement, type DerError, objectIdentifier } from "./der.ts";
import { fromUtf8Strict } from "./encoding.ts";

/** Names and dates of a certificate (RFC 5280 4.1.2.4 and 4.1.2.5). */
export interface NameAttribute {
  /** `CN`, `OU`, `O`, `C`, …; the dotted object identifier when it has no usual short name. */
  readonly type: string;
  readonly value: string;
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "1.2.840.113549.1.9.1": "E",
  "0.9.2342.19200300.100.1.25": "DC",
  "0.9.2342.19200300.100.1.1": "UID",
};

const latin1 = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

function bigEndianUtf16(bytes: Uint8Array): string | null {
  if (bytes.length % 2 !== 0) return null;
  let text = "";
  for (let at = 0; at < bytes.length; at += 2) {
    text += String.fromCharCode((bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0));
  }
  return text;
}

/** The text types a name may use, by tag. */
const TEXT: Readonly<Record<number, (bytes: Uint8Array) => string | null>> = {
  0x0c: fromUtf8Strict, // UTF8String
  0x12: latin1, // NumericString
  0x13: latin1, // PrintableString
  0x14: latin1, // TeletexString, in practice Latin-1
  0x16: latin1, // IA5String
  0x1a: latin1, // VisibleString
  0x1e: bigEndianUtf16, // BMPString
};

/** A SEQUENCE of SETs of attributes. Sets almost always hold one; several are listed one by one. */
export function readName(name: DerElement): Result<readonly NameAttribute[], DerError> {
  const sets = childrenOf(name);
  if (!sets.ok) return sets;
  const attributes: NameAttribute[] = [];
  for (const set of sets.value) {
    const members = set.tag === TAG.set ? childrenOf(set) : err("unexpected element" as const);
    if (!members.ok) return members;
    for (const member of members.value) {
      const attribute = readAttribute(member);
      if (!attribute.ok) return attribute;
      attributes.push(attribute.value);
    }
  }
  return ok(attributes);
}

function readAttribute(attribute: DerElement): Result<NameAttribute, DerError> {
  const members = childrenOf(attribute);
  if (!members.ok) return members;
  const [type, value] = members.value;
  if (type === undefined || value === undefined || members.value.length !== 2) {
    return err("unexpected element");
  }
  const oid = objectIdentifier(type);
  if (!oid.ok) return oid;
  const text = TEXT[value.tag]?.(value.content) ?? null;
  return text === null
    ? err("value")
    : ok({ type: SHORT_NAMES[oid.value] ?? oid.value, value: text });
}

/** Both in milliseconds since 1970; the certificate is valid in both moments. */
export function readValidity(
  validity: DerElement,
): Result<{ notBefore: number; notAfter: number }, DerError> {
  const times = childrenOf(validity);
  if (!times.ok) return times;
  const [from, until] = times.value.map(readTime);
  if (from === undefined || until === undefined || times.value.length !== 2) {
    return err("unexpected element");
  }
  if (!from.ok) return from;
  return until.ok ? ok({ notBefore: from.value, notAfter: until.value }) : until;
}

const YEAR_DIGITS: Readonly<Record<number, number>> = {
  0x17: 2, // UTCTime
  0x18: 4, // GeneralizedTime
};

/** RFC 5280 4.1.2.5: always in UTC with seconds; two digits from 50 up mean the last century. */
function readTime(element: DerElement): Result<number, DerError> {
  const digits = YEAR_DIGITS[element.tag];
  const text = latin1(element.content);
  if (digits === undefined || text.length !== digits + 11 || !/^\d+Z$/.test(text)) {
    return err("value");
  }
  const short = Number(text.slice(0, digits));
  const year = digits === 4 ? short : short + (short >= 50 ? 1900 : 2000);
  const [month = "", day = "", hour = "", minute = "", second = ""] =
    text.slice(digits).match(/\d\d/g) ?? [];
  const written = `${String(year).padStart(4, "0")}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const ms = Date.parse(written);
  // The way back shows a 30th of February, which some parsers move into March.
  return Number.isNaN(ms) || new Date(ms).toISOString() !== written ? err("value") : ok(ms);
}
