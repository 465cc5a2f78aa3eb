/**
 * An account's credentials and keys, read once. The newest version signs; the keys of all versions
 * verify, so keys can be changed without a gap.
 */
import { readPrivateKey, readPublicKey } from "../../crypto/pem.ts";
import { importSigningKey, importVerifyingKey } from "../../crypto/rsa.ts";
import type { Result } from "../../result.ts";
import type { ChannelAccount } from "../adapter.ts";
import { importedPerAccount, perAccount } from "../per-account.ts";
import { type AntomCredentials, CREDENTIALS, isMode, keyVersionOf } from "./credentials.ts";

/** What one credentials version can check. */
export interface Verifier {
  readonly clientId: string;
  readonly key: CryptoKey;
}

export interface AntomKeys {
  readonly clientId: string;
  readonly signingKey: CryptoKey;
  readonly keyVersion: string;
  /** Sent in the mode `isv` only; not signed. */
  readonly agentToken: string | null;
  /** Newest version first. */
  readonly verifiers: readonly Verifier[];
}

type Versions = readonly [AntomCredentials, ...AntomCredentials[]];

/**
 * All versions, newest first.
 * @throws Error when stored credentials do not parse: they were examined when they were saved.
 */
export const versionsOf = perAccount((account): Versions => {
  const [newest, ...older] = account.versions;
  return [readVersion(account, newest), ...older.map((version) => readVersion(account, version))];
});

function readVersion(account: ChannelAccount, version: unknown): AntomCredentials {
  if (!isMode(account.mode)) return unreadable(account);
  const read = CREDENTIALS[account.mode].safeParse(version);
  return read.success ? read.data : unreadable(account);
}

/** @throws Error as {@link versionsOf}. */
export const keysOf = importedPerAccount(async (account): Promise<AntomKeys> => {
  const versions = versionsOf(account);
  const [newest] = versions;
  return {
    clientId: newest.client_id,
    signingKey: await importSigningKey(valueOf(account, readPrivateKey(newest.private_key))),
    keyVersion: keyVersionOf(newest),
    agentToken: newest.agent_token ?? null,
    verifiers: await Promise.all(versions.map((version) => importVerifier(account, version))),
  };
});

const importVerifier = async (
  account: ChannelAccount,
  { client_id, antom_public_key }: AntomCredentials,
): Promise<Verifier> => ({
  clientId: client_id,
  key: await importVerifyingKey(valueOf(account, readPublicKey(antom_public_key))),
});

const valueOf = <T>(account: ChannelAccount, read: Result<T, string>): T =>
  read.ok ? read.value : unreadable(account);

function unreadable(account: ChannelAccount): never {
  throw new Error(`the Antom credentials stored for ${account.id} cannot be read`);
}
