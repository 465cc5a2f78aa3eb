/**
 * What is checked when an account's credentials are saved, so that the mix-ups people make with
 * Alipay's many keys fail there and not in front of a buyer. Messages never repeat a value.
 */
import { toHex } from "../../crypto/encoding.ts";
import { sha256Hex } from "../../crypto/digest.ts";
import { readPublicKey } from "../../crypto/pem.ts";
import { readCertificate, readCertificates, type Certificate } from "../../crypto/x509.ts";
import { iso } from "../../clock.ts";
import type { Issue } from "../../errors.ts";
import { issuesOf } from "../../issues.ts";
import { err, ok, type Result } from "../../result.ts";
import type { CredentialsReport, IntegrationMode } from "../adapter.ts";
import { examineOwnKey, isLongEnough } from "../rsa-keys.ts";
import { certificateSn, rootCertificateSn } from "./certificates.ts";
import { importContentKey } from "./content-encryption.ts";
import { alipayCredentials, type AlipayCredentials, isvCredentials } from "./credentials.ts";

const CERTIFICATE_FIELDS = ["app_cert", "alipay_cert", "alipay_root_cert"] as const;

type Fingerprints = Record<string, string>;
type Examined = Result<Fingerprints, Issue[]>;

const wrong = (path: string, message: string) => err<Issue[]>([{ path, message }]);

const mode = (form: typeof alipayCredentials | typeof isvCredentials): IntegrationMode => ({
  credentials: form,

  async examine(input: unknown, now: number): Promise<Result<CredentialsReport, Issue[]>> {
    const parsed = form.safeParse(input);
    if (!parsed.success) return err(issuesOf(parsed.error));
    const credentials: AlipayCredentials = parsed.data;
    const formIssues = [...examineForm(credentials), ...examineGrant(credentials)];
    if (formIssues.length > 0) return err(formIssues);

    const own = await examineOwnKey(credentials.private_key);
    if (!own.ok) return wrong("private_key", own.error);
    const theirs =
      credentials.alipay_public_key === undefined
        ? await examineCertificates(credentials, own.value, now)
        : await examinePublicKey(credentials.alipay_public_key, own.value);
    if (!theirs.ok) return theirs;
    const { aes_key } = credentials;
    if (aes_key !== undefined && (await importContentKey(aes_key)) === null) {
      return wrong("aes_key", "is not an AES key of 16 bytes in base64");
    }
    return ok({
      fingerprints: {
        app_public_key: await sha256Hex(own.value),
        ...theirs.value,
        ...(await grantFingerprints(credentials)),
      },
      merchantAccount: credentials.app_id,
    });
  },
});

export const directMode = mode(alipayCredentials);

export const isvMode = mode(isvCredentials);

/** What only means something beside a token, and two applications that are one. */
function examineGrant(credentials: AlipayCredentials): Issue[] {
  const { app_auth_token, app_refresh_token, app_auth_token_expires_at } = credentials;
  const { app_id, auth_app_id } = credentials;
  if (auth_app_id === app_id) {
    const message = "is the service provider's own application; give the merchant's";
    return [{ path: "auth_app_id", message }];
  }
  if (app_auth_token !== undefined) return [];
  const orphans = { app_refresh_token, app_auth_token_expires_at };
  return Object.entries(orphans)
    .filter(([, value]) => value !== undefined)
    .map(([path]) => ({ path, message: "belongs to an app_auth_token, which is missing" }));
}

async function grantFingerprints(credentials: AlipayCredentials): Promise<Fingerprints> {
  const { app_auth_token, app_auth_token_expires_at, auth_app_id } = credentials;
  return {
    ...(auth_app_id === undefined ? {} : { auth_app_id }),
    ...(app_auth_token === undefined ? {} : { app_auth_token: await sha256Hex(app_auth_token) }),
    ...(app_auth_token_expires_at === undefined
      ? {}
      : { app_auth_token_expires: iso(app_auth_token_expires_at) }),
  };
}

/** Exactly one of the two ways to know Alipay, and no seller number in the application's place. */
function examineForm(credentials: AlipayCredentials): Issue[] {
  if (credentials.app_id.startsWith("2088")) {
    const message = "is a seller number (PID), not an application; application numbers begin 20…";
    return [{ path: "app_id", message }];
  }
  const given = CERTIFICATE_FIELDS.filter((field) => credentials[field] !== undefined);
  const missing = CERTIFICATE_FIELDS.filter((field) => credentials[field] === undefined);
  if (credentials.alipay_public_key !== undefined) {
    return given.map((path) => ({
      path,
      message: "belongs to certificate mode; give either alipay_public_key or the certificates",
    }));
  }
  if (given.length === 0) {
    const message = "is required, unless app_cert, alipay_cert and alipay_root_cert are given";
    return [{ path: "alipay_public_key", message }];
  }
  return missing.map((path) => ({ path, message: "is required in certificate mode" }));
}

const same = (a: Uint8Array, b: Uint8Array): boolean => toHex(a) === toHex(b);

async function examinePublicKey(text: string, own: Uint8Array): Promise<Examined> {
  const path = "alipay_public_key";
  const spki = readPublicKey(text);
  if (!spki.ok) return wrong(path, spki.error);
  if (same(spki.value, own)) return wrong(path, OWN_KEY_PASTED);
  if (!isLongEnough(spki.value)) return wrong(path, "is not an RSA key of 2048 bits or more");
  return ok({ alipay_public_key: await sha256Hex(spki.value) });
}

/** The commonest mix-up of all; with it every notification would fail to verify. */
const OWN_KEY_PASTED =
  "is the application's own public key; copy the Alipay public key from the same page instead";

async function examineCertificates(
  credentials: AlipayCredentials,
  own: Uint8Array,
  now: number,
): Promise<Examined> {
  const app = readCertificate(credentials.app_cert ?? "");
  if (!app.ok) return wrong("app_cert", app.error);
  const alipay = readCertificate(credentials.alipay_cert ?? "");
  if (!alipay.ok) return wrong("alipay_cert", alipay.error);
  const roots = readCertificates(credentials.alipay_root_cert ?? "");
  if (!roots.ok) return wrong("alipay_root_cert", roots.error);

  if (!same(app.value.publicKey, own)) return wrong("app_cert", "does not belong to private_key");
  if (same(alipay.value.publicKey, own)) {
    return wrong("alipay_cert", "is the application's own; use alipayCertPublicKey_RSA2.crt");
  }
  if (!isLongEnough(alipay.value.publicKey)) {
    return wrong("alipay_cert", "does not hold an RSA key of 2048 bits or more");
  }
  // The roots' own dates do not matter: of them only the number is sent, from Alipay's current file.
  const dates = [
    ...validity("app_cert", app.value, now),
    ...validity("alipay_cert", alipay.value, now),
  ];
  if (dates.length > 0) return err(dates);
  const rootSn = await rootCertificateSn(roots.value);
  if (!rootSn.ok) return wrong("alipay_root_cert", rootSn.error);
  return ok({
    app_cert_sn: await certificateSn(app.value),
    app_cert_expires: iso(app.value.notAfter),
    alipay_cert_sn: await certificateSn(alipay.value),
    alipay_cert_expires: iso(alipay.value.notAfter),
    alipay_public_key: await sha256Hex(alipay.value.publicKey),
    alipay_root_cert_sn: rootSn.value,
  });
}

function validity(path: string, certificate: Certificate, now: number): Issue[] {
  if (certificate.notAfter < now) {
    return [{ path, message: `expired at ${iso(certificate.notAfter)}` }];
  }
  if (certificate.notBefore > now) {
    return [{ path, message: `is not valid before ${iso(certificate.notBefore)}` }];
  }
  return [];
}
