/** Lists go newest first, by creation time and id, so that a page never shifts under a reader. */
import { and, eq, lt, or, type SQL } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";

export interface PageRequest {
  /** How many rows to read; callers ask for one more than they show, to know if there are more. */
  readonly limit: number;
  /** The last row of the page before. */
  readonly before: { readonly createdAt: number; readonly id: string } | null;
}

/** Rows that come after `before` in newest-first order; everything when there is no `before`. */
export const olderThan = (
  createdAt: SQLiteColumn,
  id: SQLiteColumn,
  before: PageRequest["before"],
): SQL | undefined =>
  before === null
    ? undefined
    : or(lt(createdAt, before.createdAt), and(eq(createdAt, before.createdAt), lt(id, before.id)));
