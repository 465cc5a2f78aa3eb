/**
 * Every five minutes: payments past their deadline whose copy has not ended. Their alarm should
 * have ended them; the runtime drops an alarm after six failures, so somebody must look.
 */
import { intentObject } from "../intent/client.ts";
import { describeError, type Logger } from "../log.ts";
import { database } from "../store/db.ts";
import { overduePayments, postponeSweep } from "../store/payment-intents.ts";

/** One run wakes at most this many; the next run takes the rest. */
const PER_RUN = 200;
const AT_ONCE = 5;

/** One that does not get well must not stand in the way of the others. */
const LOOK_AGAIN_MS = 15 * 60_000;

/** A payment that has ended is only here for a refund under way, which takes days to a bank card. */
const LOOK_AT_REFUND_MS = 6 * 3_600_000;

/** Wakes overdue payments; returns how many. A failure of one does not stop the others. */
export async function sweepPayments(env: Env, now: number, log: Logger): Promise<number> {
  const db = database(env.DB);
  const overdue = await overduePayments(db, now, PER_RUN);
  const waiting = [...overdue];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const isPaid = next.status === "succeeded";
      try {
        await intentObject(env, next.id).wake();
        const wait = isPaid ? LOOK_AT_REFUND_MS : LOOK_AGAIN_MS;
        await postponeSweep(db, next.id, now + wait);
      } catch (error) {
        log("error", "sweep.failed", { intent: next.id, error: describeError(error) });
        await postponeSweep(db, next.id, now + LOOK_AGAIN_MS);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (overdue.length > 0) log("warn", "sweep", { woken: overdue.length });
  return overdue.length;
}
