/** Merchants, and the keys that speak for them. */
import { and, desc, eq, type SQL, sql } from "drizzle-orm";

import { putApiKey } from "./api-keys.ts";
import { type AlsoItem, changeAlso } from "./audit-log.ts";
import type { Database } from "./db.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { type apiKeys, auditLog, merchants } from "./schema.ts";

export type Merchant = typeof merchants.$inferSelect;
export type ApiKey = typeof apiKeys.$inferSelect;

/** What has to stand behind a new merchant, and behind each of its keys. */
export interface AlsoForMerchant {
  readonly merchant: readonly AlsoItem[];
  readonly key: (row: ApiKey) => readonly AlsoItem[];
}

/** How many may register from one place. */
export interface RegistrationQuota {
  /** The place, as the audit log names it. */
  readonly place: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly limit: number;
}

/** The place's registrations are counted where they are written down, in the same transaction. */
const isWithin = ({ place, since, limit }: RegistrationQuota): SQL =>
  sql`(SELECT count(*) FROM ${auditLog} WHERE created_at > ${since}
    AND actor_type = 'registration' AND actor_id = ${place} AND action = 'merchant.registered'
  ) < ${limit}`;

/**
 * A merchant and its first keys, all or nothing. One that exists with the same id is left as it is;
 * its keys get new secrets. False: the quota is used up, nothing was written.
 */
export async function insertMerchant(
  db: Database,
  merchant: Merchant,
  keys: readonly ApiKey[],
  also: AlsoForMerchant = { merchant: [], key: () => [] },
  quota: RegistrationQuota | null = null,
): Promise<boolean> {
  const exists = sql`EXISTS (SELECT 1 FROM ${merchants} WHERE id = ${merchant.id})`;
  const { id, name, email, settlement_currency, status, created_at, updated_at } = merchant;
  await db.batch([
    db
      .insert(merchants)
      .select(
        // All columns in the order of the schema.
        sql`SELECT ${id}, ${name}, ${email}, ${settlement_currency}, ${status}, ${created_at},
          ${updated_at} WHERE ${quota === null ? sql`TRUE` : isWithin(quota)}`,
      )
      .onConflictDoNothing(),
    ...also.merchant,
    ...keys.flatMap((key) => [putApiKey(db, key, exists), ...also.key(key)]),
  ]);
  return quota === null || (await findMerchant(db, id)) !== null;
}

export async function findMerchant(db: Database, id: string): Promise<Merchant | null> {
  return (await db.select().from(merchants).where(eq(merchants.id, id)).get()) ?? null;
}

export async function listMerchants(db: Database, page: PageRequest): Promise<Merchant[]> {
  return db
    .select()
    .from(merchants)
    .where(olderThan(merchants.created_at, merchants.id, page.before))
    .orderBy(desc(merchants.created_at), desc(merchants.id))
    .limit(page.limit);
}

export type MerchantChange = Partial<
  Pick<Merchant, "name" | "email" | "settlement_currency" | "status">
>;

/** Changes a merchant that is still as it was read; null: it is not. */
export async function updateMerchant(
  db: Database,
  read: Merchant,
  change: MerchantChange,
  now: number,
  also: readonly AlsoItem[] = [],
): Promise<Merchant | null> {
  const update = db
    .update(merchants)
    // Never the same stamp twice, also within one millisecond.
    .set({ ...change, updated_at: Math.max(now, read.updated_at + 1) })
    .where(and(eq(merchants.id, read.id), eq(merchants.updated_at, read.updated_at)))
    .returning();
  return (await changeAlso(db, update, also))[0] ?? null;
}
