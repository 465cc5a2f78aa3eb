/**
 * Every minute: shares of payments whose time has come, one message each. Nothing is marked here:
 * whoever takes a share first has it, so a message that is lost or comes twice does no harm.
 */
import type { WorkQueue } from "../messages.ts";
import type { Database } from "../store/db.ts";
import { dueSplits } from "../store/splits.ts";

/** A run feeds at most this many and leaves the rest to the next minute. */
const PER_RUN = 1_000;

/** Messages of one batch, the queue's limit. */
const BATCH = 100;

/** Feeds the work queue; returns how many. */
export async function feedDueSplits(
  { db, work }: { readonly db: Database; readonly work: WorkQueue },
  now: number,
): Promise<number> {
  const due = await dueSplits(db, now, PER_RUN);
  for (let from = 0; from < due.length; from += BATCH) {
    const messages = due.slice(from, from + BATCH).map((split) => ({ body: { split } }));
    await work.sendBatch(messages);
  }
  return due.length;
}
