/** API keys. The secret half is sealed; only the vault opens it. */
import { and, desc, eq, isNull } from "drizzle-orm";

import type { Database } from "./db.ts";
import type { ApiKey, Merchant } from "./merchants.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { apiKeys, channelAccounts, merchants } from "./schema.ts";

export type ChannelAccountRow = typeof channelAccounts.$inferSelect;

/** Everything a request needs to know about its caller. */
export interface KeyHolder {
  readonly key: ApiKey;
  readonly merchant: Merchant;
  /** The merchant's accounts in the key's mode. */
  readonly accounts: readonly ChannelAccountRow[];
}

/** One round trip: the key, its merchant and the accounts a payment could use. */
export async function findKeyHolder(db: Database, publicId: string): Promise<KeyHolder | null> {
  const [found, accounts] = await db.batch([
    db
      .select({ key: apiKeys, merchant: merchants })
      .from(apiKeys)
      .innerJoin(merchants, eq(merchants.id, apiKeys.merchant_id))
      .where(eq(apiKeys.public_id, publicId)),
    db
      .select({ account: channelAccounts })
      .from(apiKeys)
      .innerJoin(
        channelAccounts,
        and(
          eq(channelAccounts.merchant_id, apiKeys.merchant_id),
          eq(channelAccounts.livemode, apiKeys.livemode),
        ),
      )
      .where(eq(apiKeys.public_id, publicId)),
  ]);
  const holder = found[0];
  return holder === undefined ? null : { ...holder, accounts: accounts.map((row) => row.account) };
}

/** Inserts a key; a repeat with the same id (a request resumed after a crash) replaces its secret. */
export async function saveApiKey(db: Database, key: ApiKey): Promise<void> {
  await db
    .insert(apiKeys)
    .values(key)
    .onConflictDoUpdate({
      target: apiKeys.id,
      set: { public_id: key.public_id, sealed_secret: key.sealed_secret },
    });
}

/** Saves the successor and lets the old key live until `oldExpiresAt`, both or neither. */
export async function replaceApiKey(
  db: Database,
  oldId: string,
  oldExpiresAt: number,
  successor: ApiKey,
): Promise<void> {
  await db.batch([
    db.update(apiKeys).set({ expires_at: oldExpiresAt }).where(eq(apiKeys.id, oldId)),
    db
      .insert(apiKeys)
      .values(successor)
      .onConflictDoUpdate({
        target: apiKeys.id,
        set: { public_id: successor.public_id, sealed_secret: successor.sealed_secret },
      }),
  ]);
}

const owned = (merchantId: string, livemode: boolean) =>
  and(eq(apiKeys.merchant_id, merchantId), eq(apiKeys.livemode, livemode));

export async function findApiKey(
  db: Database,
  merchantId: string,
  livemode: boolean,
  id: string,
): Promise<ApiKey | null> {
  const row = await db
    .select()
    .from(apiKeys)
    .where(and(owned(merchantId, livemode), eq(apiKeys.id, id)))
    .get();
  return row ?? null;
}

export async function listApiKeys(
  db: Database,
  merchantId: string,
  livemode: boolean,
  page: PageRequest,
): Promise<ApiKey[]> {
  return db
    .select()
    .from(apiKeys)
    .where(and(owned(merchantId, livemode), olderThan(apiKeys.created_at, apiKeys.id, page.before)))
    .orderBy(desc(apiKeys.created_at), desc(apiKeys.id))
    .limit(page.limit);
}

/** The first revocation counts; a repeat changes nothing. */
export async function revokeApiKey(db: Database, id: string, now: number): Promise<void> {
  await db
    .update(apiKeys)
    .set({ revoked_at: now })
    .where(and(eq(apiKeys.id, id), isNull(apiKeys.revoked_at)));
}

export async function touchApiKey(db: Database, id: string, now: number): Promise<void> {
  await db.update(apiKeys).set({ last_used_at: now }).where(eq(apiKeys.id, id));
}
