/**
 * What a WeChat Pay account consists of. Two key modes may be
 * mixed: WeChat Pay public keys (`PUB_KEY_ID_…`, all newer merchants) and platform certificates
 * (older merchants). `platform_keys` may be empty for older merchants only: the certificates are
 * then fetched from `GET /v3/certificates`.
 */
import * as z from "zod";

import { readPublicKey } from "../../crypto/pem.ts";
import { readCertificate, type Certificate } from "../../crypto/x509.ts";
import { err, ok, type Result } from "../../result.ts";

const PEM_LIMIT = 8_192;
const SERIAL = /^[0-9A-Fa-f]{1,40}$/;

export const PUBLIC_KEY_ID_PREFIX = "PUB_KEY_ID_";

const platformKeySchema = z.strictObject({
  id: z
    .string()
    .regex(
      /^(PUB_KEY_ID_[0-9A-Za-z]{1,64}|[0-9A-Fa-f]{1,40})$/,
      "must be PUB_KEY_ID_… or a serial in hex",
    )
    .describe("PUB_KEY_ID_… as the merchant console shows it, or a platform certificate's serial."),
  public_key: z.string().max(PEM_LIMIT).optional().describe("pub_key.pem, for a PUB_KEY_ID_…"),
  certificate: z.string().max(PEM_LIMIT).optional().describe("The platform certificate, PEM."),
});

const mchid = z.string().regex(/^\d{6,32}$/, "must be 6 to 32 digits");
const appid = z.string().regex(/^[0-9A-Za-z]{1,32}$/, "must be 1 to 32 letters and digits");

/** What proves who is calling, and who is answering: the same in every mode. */
export const keyFields = {
  private_key: z.string().min(1).max(PEM_LIMIT).describe("apiclient_key.pem"),
  certificate: z.string().max(PEM_LIMIT).optional().describe("apiclient_cert.pem"),
  serial_no: z
    .string()
    .regex(SERIAL, "must be a certificate serial in hex")
    .optional()
    .describe("The serial of apiclient_cert.pem, where the certificate itself is not given."),
  api_v3_key: z
    .string()
    .regex(/^[\x21-\x7e]{32}$/, "must be exactly 32 ASCII characters without spaces")
    .describe("The APIv3 key set in the merchant console."),
  platform_keys: z
    .array(platformKeySchema)
    .max(20)
    .describe("WeChat Pay's keys. Empty only where platform certificates can be downloaded."),
};

export const directFields = { mchid, appid };

export const partnerFields = {
  sp_mchid: mchid.describe("The service provider's own number; its keys sign."),
  sp_appid: appid.describe("Bound to sp_mchid."),
  sub_mchid: mchid.describe("The merchant that is paid."),
  sub_appid: appid.optional().describe("The merchant's own app or page, bound to sub_mchid."),
};

/** Says which mode a field belongs to, where a credential set was meant for another one. */
export const belongsTo = (mode: string, foreign: Readonly<Record<string, unknown>>) => ({
  error: (issue: z.core.$ZodRawIssue): string | undefined =>
    issue.code === "unrecognized_keys" && issue.keys.some((name) => Object.hasOwn(foreign, name))
      ? `belongs to the mode ${mode}: choose that mode, or remove it`
      : undefined,
});

export const directCredentials = z.strictObject(
  { ...directFields, ...keyFields },
  belongsTo("service_provider", partnerFields),
);

export const partnerCredentials = z.strictObject(
  { ...partnerFields, ...keyFields },
  belongsTo("direct", directFields),
);

export type DirectCredentials = z.infer<typeof directCredentials>;
export type PartnerCredentials = z.infer<typeof partnerCredentials>;
/** The part of every mode's credentials that is about keys. */
export type KeyMaterial = Omit<DirectCredentials, keyof typeof directFields>;
type PlatformKeyEntry = z.infer<typeof platformKeySchema>;

/** Serials are compared without regard to case or leading zeros. */
export const normaliseSerial = (serial: string): string =>
  serial.startsWith(PUBLIC_KEY_ID_PREFIX) ? serial : serial.toUpperCase().replace(/^0+(?=.)/, "");

/** The SPKI of a platform key, whichever way it was given. */
export function readPlatformKey(
  entry: PlatformKeyEntry,
): Result<
  { publicKey: Uint8Array; certificate: Certificate | null },
  { field: "id" | "public_key" | "certificate"; message: string }
> {
  const isPublicKeyId = entry.id.startsWith(PUBLIC_KEY_ID_PREFIX);
  if (entry.public_key !== undefined && entry.certificate !== undefined) {
    return err({ field: "certificate", message: "give public_key or certificate, not both" });
  }
  if (isPublicKeyId) {
    if (entry.public_key === undefined) {
      return err({ field: "public_key", message: "is required for a PUB_KEY_ID_…" });
    }
    const key = readPublicKey(entry.public_key);
    return key.ok
      ? ok({ publicKey: key.value, certificate: null })
      : err({ field: "public_key", message: key.error });
  }
  if (entry.certificate === undefined) {
    return err({ field: "certificate", message: "is required for a certificate serial" });
  }
  const certificate = readCertificate(entry.certificate);
  if (!certificate.ok) return err({ field: "certificate", message: certificate.error });
  if (normaliseSerial(certificate.value.serialHex) !== normaliseSerial(entry.id)) {
    return err({ field: "id", message: "is not the serial of the certificate" });
  }
  return ok({ publicKey: certificate.value.publicKey, certificate: certificate.value });
}
