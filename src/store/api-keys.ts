/** API keys. The secret half is sealed; only the vault opens it. */
import { and, desc, eq, gt, isNull, ne, or, type SQL, sql } from "drizzle-orm";

import type { FeePlan } from "../settlement/pricing.ts";
import { type AlsoItem, changeAlso, CHANGED_BEFORE } from "./audit-log.ts";
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

/**
 * For a batch: inserts a key when `allowed`; a repeat with the same id (a request resumed after a
 * crash) replaces its secret.
 */
export const putApiKey = (db: Database, key: ApiKey, allowed: SQL) =>
  db
    .insert(apiKeys)
    .select(
      // All columns in the order of the schema.
      sql`SELECT ${key.id}, ${key.public_id}, ${key.merchant_id}, ${Number(key.livemode)},
        ${key.label}, ${key.sealed_secret}, ${JSON.stringify(key.scopes)},
        ${JSON.stringify(key.ip_allow)}, ${key.expires_at}, ${key.revoked_at},
        ${key.last_used_at}, ${key.created_at} WHERE ${allowed}`,
    )
    .onConflictDoUpdate({
      target: apiKeys.id,
      set: { public_id: key.public_id, sealed_secret: key.sealed_secret },
    })
    .returning({ id: apiKeys.id });

/** Inserts a key, and what has to stand behind it. */
export async function saveApiKey(
  db: Database,
  key: ApiKey,
  also: readonly AlsoItem[] = [],
): Promise<void> {
  await changeAlso(db, putApiKey(db, key, sql`TRUE`), also);
}

/**
 * Saves the successor and lets the old key live until `oldExpiresAt`, both or neither. False: the
 * old key is not as it was read.
 *
 * Attack: a thief rotates a stolen key in the moment in which its owner revokes it; the successor
 * would live on.
 * @param also what has to stand behind the old key's change, and behind the new key
 */
export async function replaceApiKey(
  db: Database,
  old: ApiKey,
  oldExpiresAt: number,
  successor: ApiKey,
  also: { readonly old: readonly AlsoItem[]; readonly successor: readonly AlsoItem[] },
): Promise<boolean> {
  const [ended] = await db.batch([
    db
      .update(apiKeys)
      .set({ expires_at: oldExpiresAt })
      .where(
        and(
          eq(apiKeys.id, old.id),
          isNull(apiKeys.revoked_at),
          old.expires_at === null
            ? isNull(apiKeys.expires_at)
            : eq(apiKeys.expires_at, old.expires_at),
        ),
      )
      .returning({ id: apiKeys.id }),
    ...also.old,
    putApiKey(db, successor, CHANGED_BEFORE),
    ...also.successor,
  ]);
  return ended.length > 0;
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
export async function revokeApiKey(
  db: Database,
  id: string,
  now: number,
  also: readonly AlsoItem[] = [],
): Promise<void> {
  const revoke = db
    .update(apiKeys)
    .set({ revoked_at: now })
    .where(and(eq(apiKeys.id, id), isNull(apiKeys.revoked_at)));
  await changeAlso(db, revoke, also);
}

/** Whether the merchant has a key in this mode, besides this one, that may do everything. */
export async function hasFullKey(
  db: Database,
  { merchant_id, livemode, id }: Pick<ApiKey, "merchant_id" | "livemode" | "id">,
  now: number,
): Promise<boolean> {
  const row = await db
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(
      and(
        owned(merchant_id, livemode),
        ne(apiKeys.id, id),
        isNull(apiKeys.revoked_at),
        or(isNull(apiKeys.expires_at), gt(apiKeys.expires_at, now)),
        sql`EXISTS (SELECT 1 FROM json_each(${apiKeys.scopes}) WHERE value = '*')`,
      ),
    )
    .get();
  return row !== undefined;
}

export async function touchApiKey(db: Database, id: string, now: number): Promise<void> {
  await db.update(apiKeys).set({ last_used_at: now }).where(eq(apiKeys.id, id));
}
