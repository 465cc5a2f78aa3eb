/** Alipay's own way to number certificates (certificate mode). */
import { md5Hex } from "../../crypto/digest.ts";
import type { Certificate } from "../../crypto/x509.ts";
import { err, ok, type Result } from "../../result.ts";

/** PKCS #1 arc: an RSA signature. Alipay's root file also holds SM2 certificates. */
const RSA_SIGNATURE_ARC = "1.2.840.113549.1.1.";

/**
 * The serial Alipay knows a certificate by: lower-case MD5 of the issuer, written from CN to C,
 * and the decimal serial number. MD5 is the protocol's; it names a certificate, it protects
 * nothing.
 */
export const certificateSn = (certificate: Certificate): Promise<string> =>
  md5Hex(
    certificate.issuer
      .toReversed()
      .map(({ type, value }) => `${type}=${value}`)
      .join(",") + certificate.serialDecimal,
  );

/** The serials of a root file's RSA certificates, joined as `alipay_root_cert_sn` wants them. */
export async function rootCertificateSn(
  certificates: readonly Certificate[],
): Promise<Result<string, string>> {
  const rsa = certificates.filter(({ signatureAlgorithm }) =>
    signatureAlgorithm.startsWith(RSA_SIGNATURE_ARC),
  );
  if (rsa.length === 0) return err("holds no certificate with an RSA signature");
  return ok((await Promise.all(rsa.map(certificateSn))).join("_"));
}
