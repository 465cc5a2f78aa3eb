/**
 * Objects: two digits of identifier, two of length, the value (EMVCo MPM 1.1 section 3.2). Lengths
 * count characters. The reader takes hostile text: it moves forward by at least four characters per
 * object, does not recurse, and says what it found instead of throwing.
 */
import { type Result, err, ok } from "../../result.ts";
import {
  byteCount,
  type Characters,
  charactersOf,
  characterCount,
  isDigits,
} from "./characters.ts";
import { emvError, type EmvError, type EmvFinding, finding, tooLong } from "./issues.ts";

export interface EmvObject {
  readonly id: string;
  /** As written; counts characters, or bytes in a payload that counts those. */
  readonly length: number;
  readonly value: string;
  /** Where its header begins in the whole payload, in characters. */
  readonly at: number;
  /** The objects inside a template that was read; null: a plain value. */
  readonly children: readonly EmvObject[] | null;
}

/** What lengths count. Bytes are a generator's mistake that some Thai and Chinese codes carry. */
export type LengthUnit = "characters" | "bytes";

export type ReadMode = "strict" | "lenient";

export interface TlvReading {
  /** Those before the failure, duplicates too: who looks one up takes the first. */
  readonly objects: readonly EmvObject[];
  readonly failure: EmvError | null;
  /** Empty values and duplicates. */
  readonly findings: readonly EmvFinding[];
}

export interface TlvPlace {
  /** Characters before the text in the whole payload. */
  readonly at: number;
  /** Identifiers above it, joined by dots; empty at the root. */
  readonly path: string;
  readonly unit: LengthUnit;
}

export const ROOT: TlvPlace = { at: 0, path: "", unit: "characters" };

export const joinPath = (path: string, id: string): string => (path === "" ? id : `${path}.${id}`);

/** Where a value of this length ends; null when the text ends before, or within a character. */
function endOf(text: Characters, from: number, length: number, unit: LengthUnit): number | null {
  if (unit === "characters") return from + length <= text.length ? from + length : null;
  let end = from;
  let bytes = 0;
  while (bytes < length && end < text.length) {
    bytes += byteCount(text.slice(end, end + 1));
    end += 1;
  }
  return bytes === length ? end : null;
}

/** Reads a list of objects as far as it goes. */
export function readObjects(text: string, place: TlvPlace = ROOT): TlvReading {
  const characters = charactersOf(text);
  const objects: EmvObject[] = [];
  const findings: EmvFinding[] = [];
  const seen = new Set<string>();
  let from = 0;
  do {
    const at = place.at + from;
    const header = characters.slice(from, from + 4);
    if (header.length !== 4 || !isDigits(header)) {
      const failure = emvError("EMV_TLV_HEADER", place.path || null, "no object begins here", at);
      return { objects, failure, findings };
    }
    const id = header.slice(0, 2);
    const path = joinPath(place.path, id);
    const length = Number(header.slice(2));
    const end = endOf(characters, from + 4, length, place.unit);
    if (end === null) {
      const failure = emvError("EMV_TLV_TRUNCATED", path, "its length runs past the end", at);
      return { objects, failure, findings };
    }
    if (length === 0) {
      findings.push(finding("tolerable", emvError("EMV_EMPTY_VALUE", path, "no value", at)));
    }
    if (seen.has(id)) {
      const twice = emvError("EMV_DUPLICATE_ID", path, "a second object of this kind", at);
      findings.push(finding("tolerable", twice));
    }
    seen.add(id);
    objects.push({ id, length, value: characters.slice(from + 4, end), at, children: null });
    from = end;
  } while (from < characters.length);
  return { objects, failure: null, findings };
}

/** A whole list of objects or the first thing that is wrong with it. */
export function parseTlv(
  text: string,
  mode: ReadMode,
  place: TlvPlace = ROOT,
): Result<readonly EmvObject[], EmvError> {
  const { objects, failure, findings } = readObjects(text, place);
  const refused = failure ?? (mode === "strict" ? findings[0]?.error : undefined);
  return refused === undefined ? ok(objects) : err(refused);
}

/** Longest value: the length has two digits. */
export const VALUE_LIMIT = 99;

/** An object whose identifier and value have been checked. */
export function writeObject(id: string, value: string): string {
  const length = characterCount(value);
  return length < 10 ? `${id}0${length}${value}` : `${id}${length}${value}`;
}

/** A list of objects in the order given; only what no list may hold is refused. */
export function buildTlv(
  objects: readonly (readonly [id: string, value: string])[],
  path = "",
): Result<string, EmvError> {
  let text = "";
  const seen = new Set<string>();
  for (const [id, value] of objects) {
    const place = joinPath(path, id);
    if (id.length !== 2 || !isDigits(id)) {
      return err(emvError("EMV_TLV_HEADER", place, "an identifier has two digits"));
    }
    if (seen.has(id)) return err(emvError("EMV_DUPLICATE_ID", place, "given twice"));
    if (value === "") return err(emvError("EMV_EMPTY_VALUE", place, "no value"));
    if (!value.isWellFormed()) return err(emvError("EMV_CHARSET", place, "not Unicode text"));
    if (characterCount(value) > VALUE_LIMIT) return err(tooLong(place, VALUE_LIMIT));
    seen.add(id);
    text += writeObject(id, value);
  }
  return ok(text);
}
