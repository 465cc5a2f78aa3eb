/**
 * What an object published, brought into D1 in one transaction and one round trip: the payment's
 * copy, its entries in the ledger, the events' places in the feed, and a delivery for every endpoint
 * that wants them. A payment that is in the feed is in the ledger.
 */
import { eq, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";

import type { EventRecord, PublishedEvents } from "../messages.ts";
import { entriesOf } from "../settlement/booking.ts";
import { countCall } from "./channel-hours.ts";
import type { Database } from "./db.ts";
import { addEvent } from "./events.ts";
import { addException } from "./exceptions.ts";
import { addEntries } from "./ledger.ts";
import { putCopy } from "./payment-intents.ts";
import { putRefund } from "./refunds.ts";
import { webhookDeliveries, webhookEndpoints } from "./schema.ts";
import { addSplits } from "./splits.ts";

export interface StartedDelivery {
  readonly id: string;
  readonly endpoint_id: string;
}

/**
 * A delivery for each enabled endpoint that subscribes to the event, made where the endpoints are.
 * Its id is made of the two ids, so a repeat finds it; one that is still pending is answered again,
 * because the queue message that should have started it may be what was lost.
 * @param when what must hold in the batch, such as that an earlier statement added the event
 */
export const planDeliveries = (
  db: Database,
  { merchant_id, livemode }: Pick<PublishedEvents, "merchant_id" | "livemode">,
  { id, type }: Pick<EventRecord, "id" | "type">,
  now: number,
  feedAt: number,
  when: SQL = sql`TRUE`,
) =>
  db
    .insert(webhookDeliveries)
    .select(
      // All columns in the order of the schema.
      sql`SELECT 'wd_' || substr(${id}, 5, 13) || substr(id, 4, 13), ${id}, id, merchant_id,
          'pending', '[]', ${now}, ${feedAt}, ${now}
        FROM ${webhookEndpoints}
        WHERE merchant_id = ${merchant_id} AND livemode = ${livemode ? 1 : 0}
          AND status = 'enabled'
          AND EXISTS (SELECT 1 FROM json_each(enabled_events) WHERE value IN ('*', ${type}))
          AND ${when}`,
    )
    .onConflictDoUpdate({
      target: webhookDeliveries.id,
      set: { state: sql`excluded.state` },
      setWhere: eq(webhookDeliveries.state, "pending"),
    })
    .returning({ id: webhookDeliveries.id, endpoint_id: webhookDeliveries.endpoint_id });

const counted = (db: Database, { livemode, call, events }: PublishedEvents) =>
  call === undefined ? [] : [countCall(db, livemode, call, events[0]?.id ?? null)];

/**
 * Everything in one transaction: all of it, or none. Safe to repeat.
 * @param feedAt when the cron starts deliveries whose queue message was lost (ms since 1970)
 * @returns the deliveries that now have to be started
 */
export async function recordPublications(
  db: Database,
  list: readonly PublishedEvents[],
  now: number,
  feedAt: number,
): Promise<StartedDelivery[]> {
  const rows: BatchItem<"sqlite">[] = list.flatMap((published) => [
    ...counted(db, published),
    ...(published.copy === undefined ? [] : [putCopy(db, published, published.copy)]),
    ...(published.refunds ?? []).map((refund) => putRefund(db, published, refund)),
    ...addSplits(db, published, now),
    ...(published.exceptions ?? []).map((exception) => addException(db, published, exception)),
    ...published.events.map((event) => addEvent(db, published, event)),
  ]);
  const entries = list.flatMap((published) => entriesOf(published, now));
  rows.push(...addEntries(db, entries));
  const plans = list.flatMap((published) =>
    published.events.map((event) => planDeliveries(db, published, event, now, feedAt)),
  );
  const [first, ...rest] = [...rows, ...plans];
  if (first === undefined) return [];
  const results: unknown[] = await db.batch([first, ...rest]);
  return results.slice(rows.length).flatMap((started) => started as StartedDelivery[]);
}
