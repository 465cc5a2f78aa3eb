/**
 * Every minute: deliveries whose time has come and that no queue message took care of, because the
 * wait was too long for one or because it was lost.
 */
import type { DeliveryQueue } from "../messages.ts";
import type { Database } from "../store/db.ts";
import { claimDue } from "../store/webhook-deliveries.ts";
import { startDeliveries } from "../webhooks/record.ts";
import { LOST_AFTER_MS } from "../webhooks/schedule.ts";

const PAGE = 500;

/** A run ends after this many rows and leaves the rest to the next minute. */
const PAGES_PER_RUN = 20;

/**
 * Feeds the deliveries queue and returns how many deliveries it fed. What is taken is left to the
 * queue for a while: a second cron, or the next one, does not feed it again.
 */
export async function feedDueDeliveries(
  { db, deliveries: queue }: { readonly db: Database; readonly deliveries: DeliveryQueue },
  now: number,
): Promise<number> {
  let fed = 0;
  for (let page = 0; page < PAGES_PER_RUN; page += 1) {
    const due = await claimDue(db, now, now + LOST_AFTER_MS, PAGE);
    await startDeliveries(queue, due);
    fed += due.length;
    if (due.length < PAGE) break;
  }
  return fed;
}
