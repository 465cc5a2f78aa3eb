import { type Result, err, ok } from "../result.ts";
import {
  TAG,
  childrenOf,
  type DerElement,
  type DerError,
  fields,
  objectIdentifier,
  readDer,
  take,
  unsignedInteger,
} from "./der.ts";
import { toHex } from "./encoding.ts";
import { type Block, explain, readBlocks } from "./pem.ts";
import { kindOf } from "./rsa-der.ts";
import { type NameAttribute, readName, readValidity } from "./x509-values.ts";

/**
 * What channels need of an X.509 certificate (RFC 5280): names, numbers, dates and the key. It only
 * reads: it proves nothing about who signed the certificate, so trust must come from elsewhere
 * (pinned by an operator, or received inside an authenticated ciphertext).
 */
export interface Certificate {
  readonly der: Uint8Array;
  /** Upper case, two digits a byte, no leading zero byte. */
  readonly serialHex: string;
  readonly serialDecimal: string;
  /** In certificate order, usually C first and CN last. */
  readonly issuer: readonly NameAttribute[];
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
  /** SPKI DER, of whatever algorithm. */
  readonly publicKey: Uint8Array;
  /** Object identifier in dotted form. */
  readonly signatureAlgorithm: string;
}

/** RFC 5280 allows 20 bytes; certificates with a few more exist. */
const MAX_SERIAL_BYTES = 32;

/**
 * The first certificate of a PEM text or of bare base64. Channels put the certificate itself first
 * and those that signed it behind.
 */
export function readCertificate(text: string): Result<Certificate, string> {
  const all = readCertificates(text);
  const first = all.ok ? all.value[0] : undefined;
  if (first !== undefined) return ok(first);
  return all.ok ? err("the text holds no certificate") : all;
}

/** Every certificate of a PEM text, in order; at least one. A damaged one fails the whole text. */
export function readCertificates(text: string): Result<readonly Certificate[], string> {
  const blocks = readBlocks(text);
  const candidates = blocks.filter(({ label }) => label === null || label === "CERTIFICATE");
  if (candidates.length === 0) return err(explain(blocks[0], "certificate"));
  const certificates: Certificate[] = [];
  for (const block of candidates) {
    if (block.der === null) return err(explain(block, "certificate"));
    const certificate = parseCertificate(block.der);
    if (!certificate.ok) return err(problemOf(block, certificate.error));
    certificates.push(certificate.value);
  }
  return ok(certificates);
}

function problemOf(block: Block, problem: DerError): string {
  const kind = block.der === null ? null : kindOf(block.der);
  return kind === null || kind === "certificate"
    ? `the certificate is damaged (${problem})`
    : explain(block, "certificate");
}

function parseCertificate(der: Uint8Array): Result<Certificate, DerError> {
  const root = readDer(der);
  const outer = root.ok
    ? fields(root.value, [TAG.sequence, TAG.sequence, TAG.bitString], "exact")
    : root;
  if (!outer.ok) return outer;
  const [signed, algorithm] = outer.value;
  const members = childrenOf(signed);
  if (!members.ok) return members;
  // Version 1 leaves the version out.
  const unversioned = members.value.slice(members.value[0]?.tag === TAG.context0 ? 1 : 0);
  // serial, signature algorithm, issuer, validity, subject, public key
  const { integer, sequence } = TAG;
  const tbs = take(unversioned, [integer, sequence, sequence, sequence, sequence, sequence]);
  if (!tbs.ok) return tbs;
  const [serialNumber, , issuerName, validity, , publicKey] = tbs.value;
  const serial = unsignedInteger(serialNumber);
  const issuer = readName(issuerName);
  const dates = readValidity(validity);
  const signatureAlgorithm = readAlgorithm(algorithm);
  if (!serial.ok) return serial;
  if (serial.value.length > MAX_SERIAL_BYTES) return err("value");
  if (!issuer.ok) return issuer;
  if (!dates.ok) return dates;
  if (!signatureAlgorithm.ok) return signatureAlgorithm;
  const serialHex = toHex(serial.value).toUpperCase();
  return ok({
    der,
    serialHex,
    serialDecimal: BigInt(`0x${serialHex}`).toString(),
    issuer: issuer.value,
    ...dates.value,
    publicKey: publicKey.whole,
    signatureAlgorithm: signatureAlgorithm.value,
  });
}

function readAlgorithm(identifier: DerElement): Result<string, DerError> {
  const members = fields(identifier, [TAG.oid], "more");
  return members.ok ? objectIdentifier(members.value[0]) : members;
}
