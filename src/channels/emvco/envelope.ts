/**
 * The outer form of a payload: a list of objects, `00` first, `63` last with the right CRC over
 * everything before its value. What the objects mean is not looked at here.
 */
import { trimLineEnd } from "./characters.ts";
import { crc16 } from "./crc.ts";
import { type EmvError, emvError, type EmvFinding, finding } from "./issues.ts";
import {
  type EmvObject,
  type LengthUnit,
  readObjects,
  ROOT,
  type TlvPlace,
  type TlvReading,
} from "./tlv.ts";

/** Longest text that is read. The longest published code has 1042 characters. */
export const PAYLOAD_LIMIT = 2_048;

export interface EmvCrc {
  readonly given: string;
  readonly expected: string;
  /** In either case. */
  readonly valid: boolean;
}

export interface Envelope {
  /** The objects of the root, as far as they could be read; templates are not opened. */
  readonly objects: readonly EmvObject[];
  readonly unit: LengthUnit;
  /** Null when there is no whole CRC object at the end. */
  readonly crc: EmvCrc | null;
  /** All of the root: the fatal ones first. */
  readonly findings: readonly EmvFinding[];
}

/** Payload format indicators in use: EMVCo's, and the one of Malaysia. */
const VERSIONS: ReadonlySet<string> = new Set(["01", "02"]);

/** Whether somebody meant it as a payload: the first object is a format indicator. */
export const startsAsPayload = (text: string): boolean =>
  text.startsWith("0002") && VERSIONS.has(text.slice(4, 6));

function unreadable(text: string): EmvError | null {
  if (text.length > PAYLOAD_LIMIT) {
    const message = `longer than ${PAYLOAD_LIMIT} characters`;
    return { kind: "EMV_INPUT_TOO_LONG", at: null, id: null, limit: PAYLOAD_LIMIT, message };
  }
  // An invisible character in front would make two codes of one text.
  if (text.startsWith("\ufeff")) return emvError("EMV_CHARSET", null, "a byte-order mark", 0);
  return text.isWellFormed() ? null : emvError("EMV_CHARSET", null, "not Unicode text");
}

/** What is wrong with the list as a payload; the reader's own failure where that tells more. */
function outerFault({ objects, failure }: TlvReading): EmvError | null {
  const first = objects[0];
  if (first !== undefined && !(first.id === "00" && VERSIONS.has(first.value))) {
    return emvError("EMV_PFI", "00", "a payload begins with 000201", first.at);
  }
  const crcAt = objects.findIndex(({ id }) => id === "63");
  const crc = objects[crcAt];
  if (crc !== undefined && (failure !== null || crcAt !== objects.length - 1)) {
    const at = objects[crcAt + 1]?.at ?? failure?.at ?? null;
    return emvError("EMV_TRAILING_DATA", null, "something follows the CRC", at);
  }
  if (failure !== null) return failure;
  if (crc?.length !== 4)
    return emvError("EMV_CRC_MISSING", "63", "no CRC of four digits at the end");
  return null;
}

function crcOf(text: string, objects: readonly EmvObject[]): EmvCrc | null {
  const last = objects.at(-1);
  if (last?.id !== "63" || last.length !== 4) return null;
  const given = last.value;
  const expected = crc16(text.slice(0, text.length - given.length));
  // Four digits first: some letters become others, or more, in upper case.
  const valid = /^[0-9A-Fa-f]{4}$/.test(given) && given.toUpperCase() === expected;
  return { given, expected, valid };
}

function crcFinding({ given, expected, valid }: EmvCrc, at: number): EmvFinding | null {
  if (!valid) {
    const message = "the CRC does not fit the content";
    return finding("fatal", { kind: "EMV_CRC_MISMATCH", at, id: "63", given, expected, message });
  }
  if (given === expected) return null;
  return finding("tolerable", emvError("EMV_CRC_CASE", "63", "the CRC is in lower case", at));
}

function readAs(text: string, unit: LengthUnit): Envelope {
  const place: TlvPlace = { ...ROOT, unit };
  const reading = readObjects(text, place);
  const fault = outerFault(reading);
  const crc = fault === null ? crcOf(text, reading.objects) : null;
  const findings = [...reading.findings];
  if (fault !== null) findings.unshift(finding("fatal", fault));
  const wrong = crc === null ? null : crcFinding(crc, reading.objects.at(-1)?.at ?? 0);
  if (wrong !== null) findings.unshift(wrong);
  return { objects: reading.objects, unit, crc, findings };
}

const isSound = ({ crc, findings }: Envelope): boolean =>
  crc?.valid === true && findings.every(({ weight }) => weight !== "fatal");

/** Reads the outer form. Lengths in bytes are tried when lengths in characters do not fit. */
export function readEnvelope(text: string): Envelope {
  const refused = unreadable(text);
  if (refused !== null) {
    return { objects: [], unit: "characters", crc: null, findings: [finding("fatal", refused)] };
  }
  const trimmed = trimLineEnd(text);
  let envelope = readAs(trimmed, "characters");
  if (!isSound(envelope) && /[^\0-\x7f]/.test(trimmed)) {
    const byBytes = readAs(trimmed, "bytes");
    if (isSound(byBytes)) {
      const note = emvError("EMV_BYTE_LENGTHS", null, "lengths count bytes, not characters");
      envelope = { ...byBytes, findings: [finding("tolerable", note), ...byBytes.findings] };
    }
  }
  if (trimmed === text) return envelope;
  const note = emvError("EMV_TRAILING_DATA", null, "a line break at the end", trimmed.length);
  return { ...envelope, findings: [...envelope.findings, finding("tolerable", note)] };
}

/** Whether the text is a whole payload with the right CRC, as `qr.type` means it. */
export const isEnvelope = (text: string): boolean =>
  startsAsPayload(text) && unreadable(text) === null && isSound(readAs(text, "characters"));
