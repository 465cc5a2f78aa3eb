/**
 * Lists as one JSON text: D1 takes at most 100 bound parameters for a statement, and one of them is
 * as long as it likes.
 */
import { getTableColumns, type SQL, sql } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";

/** For `… IN`. */
export const inList = (list: readonly (string | number)[]): SQL =>
  sql`(SELECT value FROM json_each(${JSON.stringify(list)}))`;

/**
 * For `insert(table).select(…)`: whole rows, however many. What a column keeps as JSON comes out of
 * the list as the text that it keeps, and true as 1.
 * @param when what must hold in the batch, such as a row that an earlier statement adds
 */
export function selectRows<T extends SQLiteTable>(
  table: T,
  rows: readonly T["$inferSelect"][],
  when: SQL = sql`true`,
): SQL {
  const names = Object.keys(getTableColumns(table));
  const cells = sql.raw(names.map((_, at) => `value ->> ${at}`).join(", "));
  const list = rows.map((row: Readonly<Record<string, unknown>>) => names.map((name) => row[name]));
  // Without a WHERE, SQLite takes the ON of a conflict for that of a join.
  return sql`SELECT ${cells} FROM json_each(${JSON.stringify(list)}) WHERE ${when}`;
}
