/** The ledger's rows. They are only ever added; one that is there stays as it is. */
import type { LedgerEntry } from "../settlement/ledger.ts";
import type { Database } from "./db.ts";
import { ledgerEntries } from "./schema.ts";

/** For a batch: the same entry again changes nothing. */
export const addEntry = (db: Database, entry: LedgerEntry) =>
  db.insert(ledgerEntries).values(entry).onConflictDoNothing();
