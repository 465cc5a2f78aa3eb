import { drizzle } from "drizzle-orm/d1";

import { schema } from "./schema.ts";

/**
 * The database for a merchant's records. Today there is one; a second D1 is a binding and a row
 * here, because every store takes its database from this function.
 */
export const database = (d1: D1Database) => drizzle(d1, { schema });

export type Database = ReturnType<typeof database>;

/** A statement that is to be part of a batch. */
export type { BatchItem } from "drizzle-orm/batch";
