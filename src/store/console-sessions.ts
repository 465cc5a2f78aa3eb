/** People who are signed in to the console. The cookie itself is nowhere: rows hold its hash. */
import { and, eq, lt } from "drizzle-orm";

import type { AlsoItem } from "./audit-log.ts";
import type { Database } from "./db.ts";
import { consoleSessions } from "./schema.ts";

export type ConsoleSession = typeof consoleSessions.$inferSelect;

/** Opens a session and sweeps those that have run out. `also` stands behind it: who signed in. */
export async function openSession(
  db: Database,
  session: ConsoleSession,
  also: readonly AlsoItem[],
): Promise<void> {
  await db.batch([
    db.delete(consoleSessions).where(lt(consoleSessions.expires_at, session.created_at)),
    db.insert(consoleSessions).values(session),
    ...also,
  ]);
}

/** @param id SHA-256 of the cookie. */
export async function findSession(db: Database, id: string): Promise<ConsoleSession | null> {
  return (await db.select().from(consoleSessions).where(eq(consoleSessions.id, id)).get()) ?? null;
}

/** Only moves forward: of two requests at once the later one counts. */
export async function touchSession(db: Database, id: string, now: number): Promise<void> {
  await db
    .update(consoleSessions)
    .set({ seen_at: now })
    .where(and(eq(consoleSessions.id, id), lt(consoleSessions.seen_at, now)));
}

/** Ends a session; one that is gone already stays gone. */
export async function closeSession(db: Database, id: string): Promise<void> {
  await db.delete(consoleSessions).where(eq(consoleSessions.id, id));
}
