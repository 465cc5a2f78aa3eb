/** Lists go newest first, by creation time and id, so that a page never shifts under a reader. */
import { and, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";

export interface PageRequest {
  /** How many rows to read; callers ask for one more than they show, to know if there are more. */
  readonly limit: number;
  /** The last row of the page before. */
  readonly before: { readonly createdAt: number; readonly id: string } | null;
}

/**
 * Rows that come after `before` in newest-first order; everything when there is no `before`. One
 * comparison of both columns: an index over them starts at the cursor, so that the thousandth page
 * costs what the first one does. Written with AND and OR it would read all pages before.
 */
export const olderThan = (
  createdAt: SQLiteColumn | SQL,
  id: SQLiteColumn | SQL,
  before: PageRequest["before"],
): SQL | undefined =>
  before === null ? undefined : sql`(${createdAt}, ${id}) < (${before.createdAt}, ${before.id})`;

/** Milliseconds since 1970. */
export interface TimeRange {
  readonly createdFrom?: number | undefined;
  readonly createdBefore?: number | undefined;
}

/**
 * {@link olderThan} within a time range. Of the two upper bounds, the range's end and the cursor,
 * only the tighter is written: SQLite starts in the index at one of them and it may be the other.
 */
export function olderWithin(
  createdAt: SQLiteColumn | SQL,
  id: SQLiteColumn | SQL,
  { createdFrom, createdBefore }: TimeRange,
  before: PageRequest["before"],
): SQL | undefined {
  const from = createdFrom === undefined ? undefined : sql`${createdAt} >= ${createdFrom}`;
  if (before !== null && before.createdAt < (createdBefore ?? Infinity)) {
    return and(from, olderThan(createdAt, id, before));
  }
  const end = createdBefore === undefined ? undefined : sql`${createdAt} < ${createdBefore}`;
  return and(from, end);
}

/** The same order, for rows that come from several places. */
export function newestFirst(
  a: { readonly created_at: number; readonly id: string },
  b: { readonly created_at: number; readonly id: string },
): number {
  if (a.created_at !== b.created_at) return b.created_at - a.created_at;
  if (a.id === b.id) return 0;
  return a.id < b.id ? 1 : -1;
}
