import { derBitString, derElement, derInteger, derNull, derOid, derSequence } from "./der-write.ts";
import { TAG } from "./der.ts";
import { fromBase64, fromHex, utf8 } from "./encoding.ts";
import { importSigningKey, signSha256 } from "./rsa.ts";

/**
 * A certificate (RFC 5280, version 3) that signs itself. For the sandbox, whose platform shows
 * certificates like a real one, and for tests.
 */
export interface SelfSigned {
  /** Signs; a `CryptoKey` of `importSigningKey` or PKCS#8 DER. */
  readonly privateKey: CryptoKey | Uint8Array;
  /** SPKI DER of the same pair. */
  readonly publicKey: Uint8Array;
  /** Even number of hex digits, most significant first. */
  readonly serialHex: string;
  readonly commonName: string;
  readonly organization: string;
  /** Milliseconds since 1970; cut to the second. */
  readonly notBefore: number;
  /** Milliseconds since 1970; cut to the second. */
  readonly notAfter: number;
}

const OID = {
  sha256WithRsa: "1.2.840.113549.1.1.11",
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  basicConstraints: "2.5.29.19",
} as const;

const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;

/**
 * DER. Subject and issuer are organization, then common name.
 * @throws RangeError when the serial is not hex.
 */
export async function selfSignedCertificate(options: SelfSigned): Promise<Uint8Array> {
  const serial = fromHex(options.serialHex);
  if (serial === null || serial.length === 0) throw new RangeError("the serial must be hex");
  const algorithm = derSequence(derOid(OID.sha256WithRsa), derNull());
  const name = derSequence(
    nameAttribute(OID.organization, options.organization),
    nameAttribute(OID.commonName, options.commonName),
  );
  const signed = derSequence(
    derElement(TAG.context0, derInteger(Uint8Array.of(2))),
    derInteger(serial),
    algorithm,
    name,
    derSequence(time(options.notBefore), time(options.notAfter)),
    name,
    options.publicKey,
    derElement(TAG.context3, derSequence(notAnAuthority())),
  );
  const key =
    options.privateKey instanceof Uint8Array
      ? await importSigningKey(options.privateKey)
      : options.privateKey;
  const signature = fromBase64(await signSha256(key, signed)) ?? new Uint8Array();
  return derSequence(signed, algorithm, derBitString(signature));
}

const nameAttribute = (oid: string, value: string): Uint8Array =>
  derElement(TAG.set, derSequence(derOid(oid), derElement(TAG.utf8String, utf8(value))));

/** Basic constraints, critical and empty: this certificate must not sign others. */
const notAnAuthority = (): Uint8Array =>
  derSequence(
    derOid(OID.basicConstraints),
    derElement(TAG.boolean, Uint8Array.of(0xff)),
    derElement(TAG.octetString, derSequence()),
  );

/** RFC 5280 4.1.2.5: two-digit years until 2049, four digits from 2050 on. */
function time(ms: number): Uint8Array {
  const text = `${new Date(ms).toISOString().slice(0, 19).replaceAll(/\D/g, "")}Z`;
  const year = Number(text.slice(0, 4));
  return year >= 1950 && year < 2050
    ? derElement(UTC_TIME, utf8(text.slice(2)))
    : derElement(GENERALIZED_TIME, utf8(text));
}
