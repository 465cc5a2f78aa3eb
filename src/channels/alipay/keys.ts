/**
 * An account's keys, imported once. The first credentials version signs; every version verifies, so
 * keys can be changed without a gap.
 */
import { readPrivateKey, readPublicKey } from "../../crypto/pem.ts";
import { importSigningKey, importVerifyingKey } from "../../crypto/rsa.ts";
import { readCertificate, readCertificates } from "../../crypto/x509.ts";
import type { Result } from "../../result.ts";
import type { ChannelAccount } from "../adapter.ts";
import { importedPerAccount } from "../per-account.ts";
import { certificateSn, rootCertificateSn } from "./certificates.ts";
import { importContentKey } from "./content-encryption.ts";
import { type AlipayCredentials, isvCredentials } from "./credentials.ts";

/** What one credentials version can check. */
export interface Verifier {
  readonly appId: string;
  /** Null: not configured, so any seller of this application passes. */
  readonly sellerId: string | null;
  /** The application that a notice must be for; null: not configured, any merchant's passes. */
  readonly authAppId: string | null;
  readonly key: CryptoKey;
  /** Serial of the Alipay certificate that the key is from; null in public-key mode. */
  readonly certificateSn: string | null;
}

export interface AlipayKeys {
  readonly appId: string;
  readonly signingKey: CryptoKey;
  /** Null: contents go in clear. */
  readonly contentKey: CryptoKey | null;
  /** The merchant's authorisation, in mode `isv`. */
  readonly appAuthToken: string | null;
  /** `app_cert_sn` and `alipay_root_cert_sn`: sent together or not at all. */
  readonly certificateSns: { readonly app: string; readonly root: string } | null;
  /** Newest version first. */
  readonly verifiers: readonly [Verifier, ...Verifier[]];
}

/** @throws Error when stored credentials do not parse: they were examined when they were saved. */
export const keysOf = importedPerAccount(async (account): Promise<AlipayKeys> => {
  const [newest, ...older] = account.versions;
  const first = readVersion(account, newest);
  const rest = older.map((version) => readVersion(account, version));
  const [signer, verifier, ...verifiers] = await Promise.all([
    importSigner(account, first),
    importVerifier(account, first),
    ...rest.map((version) => importVerifier(account, version)),
  ]);
  return { ...signer, verifiers: [verifier, ...verifiers] };
});

function readVersion(account: ChannelAccount, version: unknown): AlipayCredentials {
  const parsed = isvCredentials.safeParse(version);
  return parsed.success ? parsed.data : unreadable(account);
}

async function importSigner(account: ChannelAccount, credentials: AlipayCredentials) {
  const pkcs8 = valueOf(account, readPrivateKey(credentials.private_key));
  return {
    appId: credentials.app_id,
    signingKey: await importSigningKey(pkcs8),
    contentKey: await importContent(account, credentials),
    appAuthToken: credentials.app_auth_token ?? null,
    certificateSns: await importSns(account, credentials),
  };
}

async function importContent(account: ChannelAccount, { aes_key }: AlipayCredentials) {
  if (aes_key === undefined) return null;
  return (await importContentKey(aes_key)) ?? unreadable(account);
}

async function importSns(account: ChannelAccount, credentials: AlipayCredentials) {
  const { app_cert, alipay_root_cert } = credentials;
  if (app_cert === undefined || alipay_root_cert === undefined) return null;
  const roots = valueOf(account, readCertificates(alipay_root_cert));
  return {
    app: await certificateSn(valueOf(account, readCertificate(app_cert))),
    root: valueOf(account, await rootCertificateSn(roots)),
  };
}

async function importVerifier(
  account: ChannelAccount,
  credentials: AlipayCredentials,
): Promise<Verifier> {
  const common = {
    appId: credentials.app_id,
    sellerId: credentials.seller_id ?? null,
    // Without a service provider in between, an application acts for itself and nobody else.
    authAppId: account.mode === "isv" ? (credentials.auth_app_id ?? null) : credentials.app_id,
  };
  if (credentials.alipay_cert === undefined) {
    const spki = valueOf(account, readPublicKey(credentials.alipay_public_key ?? ""));
    return { ...common, key: await importVerifyingKey(spki), certificateSn: null };
  }
  const certificate = valueOf(account, readCertificate(credentials.alipay_cert));
  const key = await importVerifyingKey(certificate.publicKey);
  return { ...common, key, certificateSn: await certificateSn(certificate) };
}

const valueOf = <T>(account: ChannelAccount, read: Result<T, string>): T =>
  read.ok ? read.value : unreadable(account);

function unreadable(account: ChannelAccount): never {
  throw new Error(`the Alipay credentials stored for ${account.id} cannot be read`);
}
