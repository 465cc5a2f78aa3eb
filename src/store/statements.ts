/** Files of channels and merchants: what is known of them. Their bytes lie in the archive. */
import { and, desc, eq, gt, ne, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";

import type { Database } from "./db.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { statements } from "./schema.ts";

export type StatementRow = typeof statements.$inferSelect;

const ofDay = (place: Pick<StatementRow, "channel_account" | "side" | "day">): SQL | undefined =>
  and(
    eq(statements.channel_account, place.channel_account),
    eq(statements.side, place.side),
    eq(statements.day, place.day),
  );

const either = (is: SQL, yes: SQL, no: SQLiteColumn | SQL) =>
  sql`CASE WHEN ${is} THEN ${yes} ELSE ${no} END`;

/**
 * Adds a file, unless the same bytes are there for the same account, side and day: uploaded again
 * they are the newest. One that was refused is read again; so is what was uploaded before the channel
 * sent the same, which is the channel's from then on.
 * @returns the file that is there now
 */
export async function addStatement(db: Database, row: StatementRow): Promise<StatementRow> {
  const { channel_account, side, day, sha256, origin, state } = statements;
  const isDownload = sql`excluded.origin = 'download'`;
  const isReadAgain = sql`${state} = 'refused' OR (${isDownload} AND ${origin} = 'upload')`;
  await db
    .insert(statements)
    .values(row)
    .onConflictDoUpdate({
      target: [channel_account, side, day, sha256],
      set: {
        origin: either(isDownload, sql`excluded.origin`, origin),
        sha1: either(isDownload, sql`excluded.sha1`, statements.sha1),
        format: either(isDownload, sql`excluded.format`, statements.format),
        state: either(isReadAgain, sql`'received'`, state),
        error: either(isReadAgain, sql`NULL`, statements.error),
        created_at: either(isDownload, sql`${statements.created_at}`, sql`excluded.created_at`),
        updated_at: sql`max(${statements.updated_at}, excluded.updated_at)`,
      },
    });
  const kept = await db
    .select()
    .from(statements)
    .where(and(ofDay(row), eq(sha256, row.sha256)))
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
    .where(ofDay({ channel_account: accountId, side, day }))
    .orderBy(desc(statements.created_at), desc(statements.id));
  return rows.find(({ state }) => state !== "refused") ?? null;
}

/** The other files of the same side and day: a corrected one takes their lines back. */
export async function filesBeside(
  db: Database,
  { id, ...place }: Pick<StatementRow, "id" | "channel_account" | "side" | "day">,
): Promise<string[]> {
  const rows = await db
    .select({ id: statements.id })
    .from(statements)
    .where(and(ofDay(place), ne(statements.id, id)));
  return rows.map((row) => row.id);
}

/**
 * Another day whose file these bytes are, and that has no newer file; null: there is none. Files
 * without lines are the same on every quiet day.
 */
export async function dayOfSameFile(
  db: Database,
  { channel_account, side, day, sha256 }: StatementRow,
): Promise<string | null> {
  const rows = await db
    .select({ id: statements.id, day: statements.day })
    .from(statements)
    .where(
      and(
        eq(statements.channel_account, channel_account),
        eq(statements.side, side),
        eq(statements.sha256, sha256),
        ne(statements.day, day),
        eq(statements.state, "read"),
        gt(statements.lines, 0),
      ),
    );
  for (const row of rows) {
    const latest = await latestStatement(db, channel_account, side, row.day);
    if (latest?.id === row.id) return row.day;
  }
  return null;
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
