/**
 * Who is who at the simulated Alipay: application and seller numbers, made from the account's id,
 * and the certificate that the platform shows. The same input always gives the same number.
 */
import { md5Hex } from "../../../crypto/digest.ts";
import { readPrivateKey, readPublicKey, toPem } from "../../../crypto/pem.ts";
import { selfSignedCertificate } from "../../../crypto/x509-build.ts";
import { readCertificate, type Certificate } from "../../../crypto/x509.ts";
import { mustRead } from "../../../sandbox/keyring.ts";
import { checkDigits, digits } from "../../../sandbox/numbers.ts";
import type { SandboxKeyring } from "../../../sandbox/simulator.ts";

/** Sandbox applications begin like those of Alipay's own sandbox. */
const APP_PREFIX = "9021";

export function appIdOf(accountId: string): string {
  const body = `${APP_PREFIX}${digits(`app:${accountId}`, 10)}`;
  return body + checkDigits(body);
}

/** Whether a number was made by {@link appIdOf}: such applications use the sandbox's own keys. */
export const isSandboxApp = (appId: string): boolean =>
  appId.startsWith(APP_PREFIX) &&
  /^\d{16}$/.test(appId) &&
  appId.slice(14) === checkDigits(appId.slice(0, 14));

export const sellerIdOf = (appId: string): string => `2088${digits(`seller:${appId}`, 12)}`;

export const buyerIdOf = (orderNumber: string): string =>
  `2088${digits(`buyer:${orderNumber}`, 12)}`;

/**
 * The platform's certificate, for accounts in certificate mode, where it stands for
 * alipayCertPublicKey_RSA2.crt and, since it signs itself, for alipayRootCert.crt too. Fixed dates
 * and number: the same keys give the same file every time.
 */
export async function platformCertificate(keys: SandboxKeyring): Promise<string> {
  const der = await selfSignedCertificate({
    privateKey: mustRead(readPrivateKey(keys.platformPrivateKey)),
    publicKey: mustRead(readPublicKey(keys.platformPublicKey)),
    serialHex: "20260101000000000000000000000001",
    commonName: "Sandbox of Alipay",
    organization: "ItPay Sandbox",
    notBefore: Date.UTC(2026, 0, 1),
    notAfter: Date.UTC(2046, 0, 1),
  });
  return toPem("CERTIFICATE", der);
}

/** Issuer from CN to C and the decimal serial, hashed: how Alipay numbers certificates. */
export async function serialNumber(certificate: Certificate): Promise<string> {
  const issuer = certificate.issuer
    .map(({ type, value }) => `${type}=${value}`)
    .toReversed()
    .join(",");
  return md5Hex(`${issuer}${certificate.serialDecimal}`);
}

export const platformSerial = async (keys: SandboxKeyring): Promise<string> =>
  serialNumber(mustRead(readCertificate(await platformCertificate(keys))));
