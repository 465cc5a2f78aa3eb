/** The checks when a WeChat Pay account's credentials are saved. */
import type * as z from "zod";

import { iso } from "../../clock.ts";
import { sha256Hex } from "../../crypto/digest.ts";
import { toHex } from "../../crypto/encoding.ts";
import { readPrivateKey } from "../../crypto/pem.ts";
import { importSigningKey, importVerifyingKey, publicKeyOf } from "../../crypto/rsa.ts";
import { readCertificate, type Certificate } from "../../crypto/x509.ts";
import type { Issue } from "../../errors.ts";
import { issuesOf } from "../../issues.ts";
import { err, ok, type Result } from "../../result.ts";
import type { CredentialsReport, IntegrationMode } from "../adapter.ts";
import { isLongEnough } from "../rsa-keys.ts";
import {
  directCredentials,
  normaliseSerial,
  partnerCredentials,
  readPlatformKey,
  type KeyMaterial,
} from "./credentials.ts";
import { partyOf, payeeOf, type Party } from "./party.ts";

const issue = (path: string, message: string): Issue => ({ path, message });

interface OwnKey {
  /** SPKI. */
  readonly publicKey: Uint8Array;
  readonly serial: string;
  readonly notAfter: number | null;
}

/** Collects what is wrong with the merchant's own key and certificate, and its public key. */
async function examineOwnKey(
  credentials: KeyMaterial,
  now: number,
  issues: Issue[],
): Promise<OwnKey | null> {
  const key = readPrivateKey(credentials.private_key);
  if (!key.ok) {
    issues.push(issue("private_key", key.error));
    return null;
  }
  const publicKey = await importSigningKey(key.value)
    .then(() => publicKeyOf(key.value))
    .catch(() => null);
  if (publicKey === null) {
    issues.push(issue("private_key", "must be an RSA private key"));
    return null;
  }
  if (!isLongEnough(publicKey)) issues.push(issue("private_key", "is shorter than 2048 bits"));
  if (credentials.certificate === undefined) {
    if (credentials.serial_no === undefined) {
      issues.push(issue("serial_no", "serial_no or certificate is required"));
      return null;
    }
    return { publicKey, serial: normaliseSerial(credentials.serial_no), notAfter: null };
  }
  const certificate = readCertificate(credentials.certificate);
  if (!certificate.ok) {
    issues.push(issue("certificate", certificate.error));
    return null;
  }
  const { serialHex, notAfter } = certificate.value;
  if (toHex(certificate.value.publicKey) !== toHex(publicKey)) {
    issues.push(issue("certificate", "does not belong to private_key"));
  }
  examineValidity("certificate", certificate.value, now, issues);
  const serial = normaliseSerial(serialHex);
  if (credentials.serial_no !== undefined && normaliseSerial(credentials.serial_no) !== serial) {
    issues.push(issue("serial_no", "is not the serial of certificate"));
  }
  return { publicKey, serial, notAfter };
}

function examineValidity(
  path: string,
  certificate: Certificate,
  now: number,
  issues: Issue[],
): void {
  if (certificate.notAfter <= now) issues.push(issue(path, "has expired"));
  if (certificate.notBefore > now) issues.push(issue(path, "is not valid yet"));
}

const MIX_UP =
  "is the merchant's own key; the key of WeChat Pay is needed here (from the console, 'WeChat Pay public key')";

async function examinePlatformKeys(
  credentials: KeyMaterial,
  own: Uint8Array | null,
  now: number,
  issues: Issue[],
): Promise<Record<string, string>> {
  const fingerprints: Record<string, string> = {};
  const ownKey = own === null ? null : toHex(own);
  const seen = new Set<string>();
  for (const [index, entry] of credentials.platform_keys.entries()) {
    const path = `platform_keys.${index}`;
    const id = normaliseSerial(entry.id);
    if (seen.has(id)) issues.push(issue(`${path}.id`, "is given twice"));
    seen.add(id);
    const read = readPlatformKey(entry);
    if (!read.ok) {
      issues.push(issue(`${path}.${read.error.field}`, read.error.message));
      continue;
    }
    const { publicKey, certificate } = read.value;
    const field = certificate === null ? "public_key" : "certificate";
    const usable = await importVerifyingKey(publicKey).then(
      () => true,
      () => false,
    );
    if (!usable) issues.push(issue(`${path}.${field}`, "must be an RSA public key"));
    else if (!isLongEnough(publicKey)) {
      issues.push(issue(`${path}.${field}`, "is shorter than 2048 bits"));
    }
    // Anybody who holds the merchant's private key could forge callbacks that verify with it.
    if (toHex(publicKey) === ownKey) issues.push(issue(`${path}.${field}`, MIX_UP));
    if (certificate !== null) {
      examineValidity(`${path}.certificate`, certificate, now, issues);
      fingerprints[`platform_key_${id}_not_after`] = iso(certificate.notAfter);
    }
    fingerprints[`platform_key_${id}_sha256`] = await sha256Hex(publicKey);
  }
  return fingerprints;
}

/** The numbers of a service provider and of its merchant are easily mixed up. */
function examineParty(party: Party, issues: Issue[]): void {
  if (party.kind === "direct" || party.subMchid !== party.spMchid) return;
  issues.push(issue("sub_mchid", "is the service provider's own number; give the sub-merchant's"));
}

/**
 * Keys parse, the pair fits, certificates are in date, and the mix-ups most often seen (the
 * merchant's own key or certificate pasted where WeChat Pay's belongs) are refused.
 */
async function examine(
  credentials: KeyMaterial,
  party: Party,
  now: number,
): Promise<Result<CredentialsReport, Issue[]>> {
  const issues: Issue[] = [];
  examineParty(party, issues);
  const own = await examineOwnKey(credentials, now, issues);
  const platform = await examinePlatformKeys(credentials, own?.publicKey ?? null, now, issues);
  if (own === null || issues.length > 0) return err(issues);
  const fingerprints: Record<string, string> = {
    serial_no: own.serial,
    public_key_sha256: await sha256Hex(own.publicKey),
    ...(own.notAfter === null ? {} : { certificate_not_after: iso(own.notAfter) }),
    ...platform,
  };
  return ok({ fingerprints, merchantAccount: payeeOf(party) });
}

/** An integration mode from its form and from how its numbers are read. */
export const modeOf = <T extends KeyMaterial>(
  schema: z.ZodObject & z.ZodType<T>,
  readParty: (credentials: T) => Party,
): IntegrationMode => ({
  credentials: schema,
  examine: async (input, now) => {
    const parsed = schema.safeParse(input);
    return parsed.success
      ? examine(parsed.data, readParty(parsed.data), now)
      : err(issuesOf(parsed.error));
  },
});

export const directMode = modeOf(directCredentials, partyOf);
export const partnerMode = modeOf(partnerCredentials, partyOf);
