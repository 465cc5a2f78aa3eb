/** Files of channels and merchants: what is known of them. Their bytes lie in the archive. */
import { and, desc, eq, gt, sql } from "drizzle-orm";

import type { Database } from "./db.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { statements } from "./schema.ts";

export type StatementRow = typeof statements.$inferSelect;

/**
 * Adds a file, unless the same bytes are there for the same account, side and day. What was uploaded
 * before the channel sent the same is the channel's file from then on, and is read as such.
 * @returns the file that is there now
 */
export async function addStatement(db: Database, row: StatementRow): Promise<StatementRow> {
  const { channel_account, side, day, sha256, origin } = statements;
  const insert = db.insert(statements).values(row);
  await (row.origin === "upload"
    ? insert.onConflictDoNothing()
    : insert.onConflictDoUpdate({
        target: [channel_account, side, day, sha256],
        set: { origin: row.origin, sha1: row.sha1, format: row.format, state: "received" },
        setWhere: eq(origin, "upload"),
      }));
  const kept = await db
    .select()
    .from(statements)
    .where(
      and(
        eq(channel_account, row.channel_account),
        eq(side, row.side),
        eq(day, row.day),
        eq(sha256, row.sha256),
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

/** How much a merchant has uploaded since then (ms since 1970). */
export async function bytesUploadedSince(
  db: Database,
  merchantId: string,
  livemode: boolean,
  since: number,
): Promise<number> {
  const row = await db
    .select({ bytes: sql<number>`COALESCE(sum(${statements.bytes}), 0)` })
    .from(statements)
    .where(
      and(
        eq(statements.merchant_id, merchantId),
        eq(statements.livemode, livemode),
        gt(statements.created_at, since),
        eq(statements.origin, "upload"),
      ),
    )
    .get();
  return row?.bytes ?? 0;
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
