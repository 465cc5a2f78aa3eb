/** API keys. The secret half is sealed; only the vault opens it. */
import { and, desc, eq, isNull, or } from "drizzle-orm";

import type { FeePlan } from "../settlement/pricing.ts";
import type { Database } from "./db.ts";
import type { ApiKey, Merchant } from "./merchants.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { apiKeys, channelAccounts, feePlans, merchants } from "./schema.ts";

export type ChannelAccountRow = typeof channelAccounts.$inferSelect;

/** Everything a request needs to know about its caller. */
export interface KeyHolder {
  readonly key: ApiKey;
  readonly merchant: Merchant;
  /** The merchant's accounts in the key's mode. */
  readonly accounts: readonly ChannelAccountRow[];
  /** The price list's rows for this merchant and for everybody. */
  readonly feePlans: readonly FeePlan[];
}

/**
 * One round trip: the key, its merchant and the accounts a payment could use. No joins: a batch
 * hands rows over by column name, and two tables have columns of the same name.
 */
export async function findKeyHolder(db: Database, publicId: string): Promise<KeyHolder | null> {
  const isKey = eq(apiKeys.public_id, publicId);
  const merchantId = db.select({ id: apiKeys.merchant_id }).from(apiKeys).where(isKey);
  const mode = db.select({ livemode: apiKeys.livemode }).from(apiKeys).where(isKey);
  const [[key], [merchant], accounts, plans] = await db.batch([
    db.select().from(apiKeys).where(isKey),
    db.select().from(merchants).where(eq(merchants.id, merchantId)),
    db
      .select()
      .from(channelAccounts)
      .where(and(eq(channelAccounts.merchant_id, merchantId), eq(channelAccounts.livemode, mode))),
    db
      .select()
      .from(feePlans)
      .where(or(eq(feePlans.merchant_id, ""), eq(feePlans.merchant_id, merchantId))),
  ]);
  if (key === undefined || merchant === undefined) return null;
  return { key, merchant, accounts, feePlans: plans };
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
