/**
 * Reads a payload. Strict is for what we or a bank have made and somebody is about to pay: it
 * refuses whatever the specification or the scheme calls wrong. Lenient is for what is found in the
 * world: what wallets get along with becomes a warning.
 */
import { type Result, err, ok } from "../../result.ts";
import { characterCount } from "./characters.ts";
import { describeObjects, type EmvDescription } from "./description.ts";
import { type EmvCrc, type Envelope, readEnvelope } from "./envelope.ts";
import {
  emvError,
  type EmvError,
  type EmvFinding,
  type EmvWarning,
  finding,
  toWarning,
} from "./issues.ts";
import { recogniseSchemes, type SchemeCode, TEMPLATE_KNOWLEDGE } from "./schemes.ts";
import { openTemplates } from "./templates.ts";
import type { ReadMode } from "./tlv.ts";
import { findingsOf, missingIn, RECOMMENDED_LIMIT } from "./validate.ts";

export interface EmvPayload extends EmvDescription {
  readonly crc: EmvCrc;
  /** Every scheme it can be paid by. */
  readonly schemes: readonly SchemeCode[];
  /** Mandatory objects of EMVCo that are not there; "02" stands for any merchant account. */
  readonly missing: readonly string[];
  /** Tolerated or only remarkable. */
  readonly warnings: readonly EmvWarning[];
}

export interface EmvInspection {
  readonly envelope: Envelope;
  readonly description: EmvDescription;
  readonly schemes: readonly SchemeCode[];
  readonly missing: readonly string[];
  /** The fatal ones first. */
  readonly findings: readonly EmvFinding[];
}

const FATAL_FIRST = { fatal: 0, tolerable: 1, notice: 2 } as const;

/** Reads as much as there is of a payload and says everything about it. Never throws. */
export function inspectEmv(text: string): EmvInspection {
  const envelope = readEnvelope(text);
  const { objects, findings: inside } = openTemplates(
    envelope.objects,
    envelope.unit,
    TEMPLATE_KNOWLEDGE,
  );
  const description = describeObjects(objects);
  const { codes, mayOmit, secondVersion } = recogniseSchemes(description);
  const pardoned = ({ weight, error: { kind, id } }: EmvFinding): boolean =>
    weight === "tolerable" &&
    ((kind === "EMV_MANDATORY_MISSING" && id !== null && mayOmit.has(id)) ||
      (kind === "EMV_PFI" && secondVersion));
  const findings = [
    ...envelope.findings,
    ...inside,
    ...findingsOf(description).filter((one) => !pardoned(one)),
    ...codes.flatMap((code) => code.findings),
  ];
  if (characterCount(text) > RECOMMENDED_LIMIT && envelope.objects.length > 0) {
    const message = `more than the ${RECOMMENDED_LIMIT} characters that EMVCo recommends`;
    findings.push(finding("notice", emvError("EMV_PAYLOAD_TOO_LONG", null, message)));
  }
  return {
    envelope,
    description,
    schemes: codes,
    missing: missingIn(description),
    findings: findings.toSorted((a, b) => FATAL_FIRST[a.weight] - FATAL_FIRST[b.weight]),
  };
}

/**
 * A payload by meaning, or the first error.
 * @param mode strict also refuses what is merely tolerable
 */
export function parseEmv(text: string, mode: ReadMode = "strict"): Result<EmvPayload, EmvError> {
  const { envelope, description, schemes, missing, findings } = inspectEmv(text);
  const refused = findings.find(
    ({ weight }) => weight === "fatal" || (mode === "strict" && weight === "tolerable"),
  );
  if (refused !== undefined) return err(refused.error);
  // Without a fatal finding there is a CRC; the type does not know.
  if (envelope.crc === null) return err(emvError("EMV_CRC_MISSING", "63", "no CRC at the end"));
  const warnings = findings.map(({ error }) => toWarning(error));
  return ok({ ...description, crc: envelope.crc, schemes, missing, warnings });
}
