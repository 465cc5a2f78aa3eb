/** Lists for `IN`: D1 takes at most 100 bound parameters, and one of them is as long as it likes. */
import { type SQL, sql } from "drizzle-orm";

export const inList = (list: readonly (string | number)[]): SQL =>
  sql`(SELECT value FROM json_each(${JSON.stringify(list)}))`;
