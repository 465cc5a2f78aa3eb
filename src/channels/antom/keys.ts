/**
 * An account's credentials and keys, read once and remembered by the identity of the account
 * object, which the isolate keeps. The newest version signs; the keys of all versions verify, so
 * keys can be changed without a gap.
 */
import { readPrivateKey, readPublicKey } from "../../crypto/pem.ts";
import { importSigningKey, importVerifyingKey } from "../../crypto/rsa.ts";
import type { Result } from "../../result.ts";
import type { ChannelAccount } from "../adapter.ts";
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

const parsed = new WeakMap<ChannelAccount, Versions>();
// Keys, not promises: a promise belongs to the request that made it and may die with it.
const imported = new WeakMap<ChannelAccount, AntomKeys>();

/**
 * All versions, newest first.
 * @throws Error when stored credentials do not parse: they were examined when they were saved.
 */
export function versionsOf(account: ChannelAccount): Versions {
  const known = parsed.get(account);
  if (known !== undefined) return known;
  const [newest, ...older] = account.versions;
  const versions: Versions = [
    readVersion(account, newest),
    ...older.map((version) => readVersion(account, version)),
  ];
  parsed.set(account, versions);
  return versions;
}

function readVersion(account: ChannelAccount, version: unknown): AntomCredentials {
  if (!isMode(account.mode)) return unreadable(account);
  const read = CREDENTIALS[account.mode].safeParse(version);
  return read.success ? read.data : unreadable(account);
}

/** @throws Error as {@link versionsOf}. */
export async function keysOf(account: ChannelAccount): Promise<AntomKeys> {
  const known = imported.get(account);
  if (known !== undefined) return known;
  const versions = versionsOf(account);
  const [newest] = versions;
  const keys: AntomKeys = {
    clientId: newest.client_id,
    signingKey: await importSigningKey(valueOf(account, readPrivateKey(newest.private_key))),
    keyVersion: keyVersionOf(newest),
    agentToken: newest.agent_token ?? null,
    verifiers: await Promise.all(versions.map((version) => importVerifier(account, version))),
  };
  imported.set(account, keys);
  return keys;
}

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
