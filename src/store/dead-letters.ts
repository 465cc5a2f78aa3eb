/** What a queue gave up on, kept until an operator has dealt with it. */
import { desc, eq } from "drizzle-orm";

import type { Database } from "./db.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { deadLetters } from "./schema.ts";

export type DeadLetter = typeof deadLetters.$inferSelect;

/** Stores a message once, however often it is handed over. */
export async function insertDeadLetter(db: Database, letter: DeadLetter): Promise<void> {
  await db.insert(deadLetters).values(letter).onConflictDoNothing();
}

export async function findDeadLetter(db: Database, id: string): Promise<DeadLetter | null> {
  return (await db.select().from(deadLetters).where(eq(deadLetters.id, id)).get()) ?? null;
}

export async function listDeadLetters(db: Database, page: PageRequest): Promise<DeadLetter[]> {
  return db
    .select()
    .from(deadLetters)
    .where(olderThan(deadLetters.created_at, deadLetters.id, page.before))
    .orderBy(desc(deadLetters.created_at), desc(deadLetters.id))
    .limit(page.limit);
}

export async function deleteDeadLetter(db: Database, id: string): Promise<void> {
  await db.delete(deadLetters).where(eq(deadLetters.id, id));
}
