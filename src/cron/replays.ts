/** Every minute: jobs that stand still, because a message was lost or its consumer died. */
import type { Database } from "../store/db.ts";
import { reviveStaleJobs } from "../store/jobs.ts";
import { ABANDONED_AFTER_MS } from "../queue/replays.ts";
import type { ReplayQueue } from "../webhooks/replay.ts";

/** Longer than a step and than the queue's first repeats of its message. */
export const STALE_AFTER_MS = 2 * ABANDONED_AFTER_MS;

/** One run takes at most this many; the next run takes the rest. */
const PER_RUN = 100;

/** Lets them go on; returns how many. */
export async function resumeReplays(
  { db, replays }: { readonly db: Database; readonly replays: ReplayQueue },
  now: number,
): Promise<number> {
  const stale = await reviveStaleJobs(db, now - STALE_AFTER_MS, now, PER_RUN);
  for (const replay of stale) await replays.send({ replay });
  return stale.length;
}
