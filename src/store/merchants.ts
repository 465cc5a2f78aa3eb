/** Merchants, and the keys that speak for them. */
import { desc, eq } from "drizzle-orm";

import type { Database } from "./db.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { apiKeys, merchants } from "./schema.ts";

export type Merchant = typeof merchants.$inferSelect;
export type ApiKey = typeof apiKeys.$inferSelect;

export async function insertMerchant(db: Database, merchant: Merchant, keys: readonly ApiKey[]) {
  const rows = keys.map((key) =>
    db
      .insert(apiKeys)
      .values(key)
      .onConflictDoUpdate({
        target: apiKeys.id,
        set: { public_id: key.public_id, sealed_secret: key.sealed_secret },
      }),
  );
  await db.batch([db.insert(merchants).values(merchant).onConflictDoNothing(), ...rows]);
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

export async function updateMerchant(
  db: Database,
  id: string,
  change: Partial<Pick<Merchant, "name" | "email" | "settlement_currency" | "status">>,
  now: number,
): Promise<Merchant | null> {
  const rows = await db
    .update(merchants)
    .set({ ...change, updated_at: now })
    .where(eq(merchants.id, id))
    .returning();
  return rows[0] ?? null;
}
