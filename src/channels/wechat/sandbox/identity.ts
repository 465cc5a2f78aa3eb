/**
 * Numbers and names in the simulated WeChat Pay. They are derived and not stored, so that every
 * isolate agrees on them, and none of them is a secret.
 */
import { readPrivateKey, readPublicKey, toPem } from "../../../crypto/pem.ts";
import { selfSignedCertificate } from "../../../crypto/x509-build.ts";
import { mustRead } from "../../../sandbox/keyring.ts";
import { digits, hex } from "../../../sandbox/numbers.ts";
import type { SandboxKeyring } from "../../../sandbox/simulator.ts";

/** Ten digits, as real merchant numbers have. */
export const mchidOf = (accountId: string): string => `1${digits(`mchid ${accountId}`, 9)}`;

export const appidOf = (mchid: string): string => `wx${hex(`appid ${mchid}`, 16)}`;

/** The serial of a built-in merchant's API certificate. */
export const merchantSerialOf = (mchid: string): string =>
  `3${hex(`merchant ${mchid}`, 39)}`.toUpperCase();

/** The id of the WeChat Pay public key that this merchant's console shows. */
export const publicKeyIdOf = (mchid: string): string =>
  `PUB_KEY_ID_0${mchid}${digits(`public key ${mchid}`, 29)}`;

export const platformSerialOf = (keys: SandboxKeyring): string =>
  `5${hex(`platform ${keys.platformPublicKey}`, 39)}`.toUpperCase();

const PLATFORM_NOT_BEFORE = Date.UTC(2026, 0, 1);
const PLATFORM_NOT_AFTER = Date.UTC(2046, 0, 1);

export interface PlatformCertificate {
  readonly serial: string;
  readonly pem: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const certificates = new WeakMap<SandboxKeyring, PlatformCertificate>();

/** The platform certificate: the platform's key under its serial, signed by itself. */
export async function platformCertificate(keys: SandboxKeyring): Promise<PlatformCertificate> {
  const known = certificates.get(keys);
  if (known !== undefined) return known;
  const serial = platformSerialOf(keys);
  const der = await selfSignedCertificate({
    privateKey: mustRead(readPrivateKey(keys.platformPrivateKey)),
    publicKey: mustRead(readPublicKey(keys.platformPublicKey)),
    serialHex: serial,
    commonName: "WeChat Pay Sandbox",
    organization: "ItPay Edge",
    notBefore: PLATFORM_NOT_BEFORE,
    notAfter: PLATFORM_NOT_AFTER,
  });
  const certificate = {
    serial,
    pem: toPem("CERTIFICATE", der),
    notBefore: PLATFORM_NOT_BEFORE,
    notAfter: PLATFORM_NOT_AFTER,
  };
  certificates.set(keys, certificate);
  return certificate;
}
