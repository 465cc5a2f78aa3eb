/**
 * The merchant of IOTPay's protocol is an API key: `mchId` is its public half (20 characters of the
 * 30 that fit) and the merchant key its secret half.
 */
import { SETTINGS_CACHE_MS } from "../../constants.ts";
import { isPublicKeyId } from "../../crypto/api-key.ts";
import { openVault, type Vault } from "../../crypto/vault.ts";
import { ExpiringCache } from "../../expiring-cache.ts";
import { findKeyHolder, type KeyHolder } from "../../store/api-keys.ts";
import { type Database, database } from "../../store/db.ts";

export interface OpenedKey extends KeyHolder {
  readonly secret: string;
}

/** The key with its secret in clear; null: there is none. Says nothing about whether it may be used. */
export async function openKey(
  db: Database,
  vault: Vault,
  publicId: string,
): Promise<OpenedKey | null> {
  const holder = isPublicKeyId(publicId) ? await findKeyHolder(db, publicId) : null;
  if (holder === null) return null;
  return { ...holder, secret: await vault.open(holder.key.sealed_secret, holder.key.id) };
}

const secrets = new ExpiringCache<string>(SETTINGS_CACHE_MS);

/**
 * The merchant key of `mchId`; null: no such merchant. What the key may do is checked afterwards,
 * by the same rules as for any other request.
 * @param beforeLookup stops strangers from making us ask the database
 */
export const merchantKeyOf = (
  env: Env,
  mchId: string,
  now: number,
  beforeLookup: () => Promise<void>,
): Promise<string | null> =>
  secrets.get(mchId, now, async () => {
    if (!isPublicKeyId(mchId)) return null;
    await beforeLookup();
    const opened = await openKey(database(env.DB), openVault(env.VAULT_KEY), mchId);
    return opened?.secret ?? null;
  });
