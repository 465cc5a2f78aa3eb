/** Files of channels and merchants: what is known of them. Their bytes lie in the archive. */
import { and, desc, eq } from "drizzle-orm";

import type { Database } from "./db.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { statements } from "./schema.ts";

export type StatementRow = typeof statements.$inferSelect;

/**
 * Adds a file, unless the same bytes are there for the same account, side and day.
 * @returns the file that is there now
 */
export async function addStatement(db: Database, row: StatementRow): Promise<StatementRow> {
  await db.insert(statements).values(row).onConflictDoNothing();
  const kept = await db
    .select()
    .from(statements)
    .where(
      and(
        eq(statements.channel_account, row.channel_account),
        eq(statements.side, row.side),
        eq(statements.day, row.day),
        eq(statements.sha256, row.sha256),
      ),
    )
    .get();
  if (kept === undefined) throw new Error("a statement that was added is not there");
  return kept;
}

export async function findStatement(db: Database, id: string): Promise<StatementRow | null> {
  return (await db.select().from(statements).where(eq(statements.id, id)).get()) ?? null;
}

/** The newest file of an account's day that is not refused; null: there is none. */
export async function latestStatement(
  db: Database,
  accountId: string,
  side: StatementRow["side"],
  day: string,
): Promise<StatementRow | null> {
  const rows = await db
    .select()
    .from(statements)
    .where(
      and(
        eq(statements.channel_account, accountId),
        eq(statements.side, side),
        eq(statements.day, day),
      ),
    )
    .orderBy(desc(statements.created_at), desc(statements.id));
  return rows.find(({ state }) => state !== "refused") ?? null;
}

export type StatementChange = Pick<StatementRow, "state" | "lines" | "totals" | "error">;

/** What reading it came to. */
export async function endReading(
  db: Database,
  id: string,
  change: StatementChange,
  now: number,
): Promise<void> {
  await db
    .update(statements)
    .set({ ...change, updated_at: now })
    .where(eq(statements.id, id));
}

export interface StatementFilter {
  readonly channelAccount?: string | undefined;
  readonly side?: StatementRow["side"] | undefined;
}

export const listStatements = (
  db: Database,
  merchantId: string,
  livemode: boolean,
  { channelAccount, side }: StatementFilter,
  page: PageRequest,
): Promise<StatementRow[]> =>
  db
    .select()
    .from(statements)
    .where(
      and(
        eq(statements.merchant_id, merchantId),
        eq(statements.livemode, livemode),
        channelAccount === undefined ? undefined : eq(statements.channel_account, channelAccount),
        side === undefined ? undefined : eq(statements.side, side),
        olderThan(statements.created_at, statements.id, page.before),
      ),
    )
    .orderBy(desc(statements.created_at), desc(statements.id))
    .limit(page.limit);
