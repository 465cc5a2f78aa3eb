/**
 * An account's keys, imported once. The newest version signs; the keys of all versions verify and
 * decrypt, so keys change without a gap.
 */
import * as z from "zod";

import { importGcmKey } from "../../crypto/aes-gcm.ts";
import { readPrivateKey } from "../../crypto/pem.ts";
import { importSigningKey, importVerifyingKey } from "../../crypto/rsa.ts";
import { readCertificate } from "../../crypto/x509.ts";
import { err, ok, type Result } from "../../result.ts";
import type { ChannelAccount } from "../adapter.ts";
import { importedPerAccount, perAccount } from "../per-account.ts";
import {
  directFields,
  keyFields,
  normaliseSerial,
  partnerFields,
  PUBLIC_KEY_ID_PREFIX,
  readPlatformKey,
  type KeyMaterial,
} from "./credentials.ts";
import { callerOf, partyOf, type Party } from "./party.ts";

/** A key of WeChat Pay: it signs replies and callbacks. */
export interface PlatformKey {
  readonly key: CryptoKey;
  /** SPKI, for encrypting fields. */
  readonly publicKey: Uint8Array;
  /** Milliseconds since 1970; a public key (not a certificate) never expires. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** One version of an account's credentials, in either mode. */
export interface Version extends KeyMaterial {
  readonly party: Party;
  /** The line of business, which WeChat Pay's global API wants in every order; else null. */
  readonly categoryCode: string | null;
}

export interface AccountKeys {
  /** The caller's number: the merchant's own, or the service provider's. */
  readonly mchid: string;
  /** The newest version's numbers, which requests carry. */
  readonly party: Party;
  /** Serial of the merchant's own certificate: it names our key to WeChat Pay. */
  readonly serial: string;
  readonly signingKey: CryptoKey;
  /** PKCS#8 of the same key, which also decrypts fields that were encrypted to us. */
  readonly privateKey: Uint8Array;
  /** Newest first. A key reset in the console affects callbacks that are already under way. */
  readonly apiV3Keys: readonly CryptoKey[];
  /** Every version's numbers; a message for any other merchant is a forgery here. */
  readonly parties: readonly Party[];
  readonly platformKeys: ReadonlyMap<string, PlatformKey>;
  /**
   * The public key that replies should be signed with. Without it WeChat Pay signs with a platform
   * certificate, which newer merchants cannot have.
   */
  readonly replyKeyId: string | null;
  /** Where the platform's certificates are listed. */
  readonly certificatesPath: string;
}

const common = { ...keyFields, merchant_category_code: z.string().optional() };

/**
 * Stored credentials were examined when they were saved. Here they are read in the form that the
 * mainland and the global channel have in common.
 */
const STORED = {
  direct: z.looseObject({ ...directFields, ...common }),
  service_provider: z.looseObject({ ...partnerFields, ...common }),
};

const isMode = (mode: string): mode is keyof typeof STORED => Object.hasOwn(STORED, mode);

/** Where the platform's certificates are listed: two sets, of two systems. */
const CERTIFICATE_PATHS: Readonly<Record<string, string>> = {
  wechat: "/v3/certificates",
  wechat_global: "/v3/global/certificates",
};

/** All versions of the credentials, newest first. The error never repeats a value. */
export const versionsOf = perAccount((account): Result<Version[], string> => {
  if (!isMode(account.mode)) return err(`mode ${account.mode} is not offered`);
  const versions: Version[] = [];
  for (const stored of account.versions) {
    const read = STORED[account.mode].safeParse(stored);
    if (!read.success) return err("the stored credentials do not have the expected form");
    const { data } = read;
    const categoryCode = data.merchant_category_code ?? null;
    versions.push({ ...data, party: partyOf(data), categoryCode });
  }
  return ok(versions);
});

/** The newest credentials, which requests are made with; null when they cannot be read. */
export function newestOf(account: ChannelAccount): Version | null {
  const versions = versionsOf(account);
  return versions.ok ? (versions.value[0] ?? null) : null;
}

/** The account's keys. The error never repeats a value. */
export const keysOf = importedPerAccount((account): Promise<Result<AccountKeys, string>> =>
  importKeys(account).catch(() => err("a stored key cannot be imported")),
);

async function importKeys(account: ChannelAccount): Promise<Result<AccountKeys, string>> {
  const versions = versionsOf(account);
  if (!versions.ok) return versions;
  const [newest] = versions.value;
  if (newest === undefined) return err("the account has no credentials");
  const privateKey = readPrivateKey(newest.private_key);
  if (!privateKey.ok) return err("the stored private key cannot be read");
  const serial = ownSerial(newest);
  if (serial === null) return err("the stored credentials name no certificate serial");
  const platformKeys = await importPlatformKeys(versions.value);
  return ok({
    mchid: callerOf(newest.party),
    party: newest.party,
    serial,
    signingKey: await importSigningKey(privateKey.value),
    privateKey: privateKey.value,
    apiV3Keys: await Promise.all(
      [...new Set(versions.value.map((version) => version.api_v3_key))].map(importGcmKey),
    ),
    parties: versions.value.map(({ party }) => party),
    platformKeys,
    replyKeyId: [...platformKeys.keys()].find((id) => id.startsWith(PUBLIC_KEY_ID_PREFIX)) ?? null,
    certificatesPath: CERTIFICATE_PATHS[account.channel] ?? "/v3/certificates",
  });
}

function ownSerial(credentials: KeyMaterial): string | null {
  if (credentials.certificate === undefined) {
    return credentials.serial_no === undefined ? null : credentials.serial_no.toUpperCase();
  }
  const certificate = readCertificate(credentials.certificate);
  return certificate.ok ? certificate.value.serialHex : null;
}

/** Id or serial to key, the newest version's first: both kinds side by side. */
async function importPlatformKeys(
  versions: readonly KeyMaterial[],
): Promise<Map<string, PlatformKey>> {
  const keys = new Map<string, PlatformKey>();
  for (const entry of versions.flatMap((version) => version.platform_keys)) {
    const id = normaliseSerial(entry.id);
    const read = readPlatformKey(entry);
    // An older version of the same id never replaces a newer one.
    if (!read.ok || keys.has(id)) continue;
    const { publicKey, certificate } = read.value;
    keys.set(id, {
      key: await importVerifyingKey(publicKey),
      publicKey,
      notBefore: certificate?.notBefore ?? 0,
      notAfter: certificate?.notAfter ?? Number.POSITIVE_INFINITY,
    });
  }
  return keys;
}
