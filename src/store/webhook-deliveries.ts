/** One event for one endpoint: what is due, what was tried, how it ended. */
import { and, asc, desc, eq, inArray, lte, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";

import type { Database } from "./db.ts";
import { inList } from "./json-list.ts";
import { insertDelivery, type DeliveryRow, type EventRow } from "./events.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { type DeliveryAttempt, events, webhookDeliveries, webhookEndpoints } from "./schema.ts";
import { type EndpointRow, markFailing, markWorking } from "./webhook-endpoints.ts";

export type { DeliveryRow } from "./events.ts";

/** Everything that an attempt needs, read at once. */
export interface DeliveryJob {
  readonly delivery: DeliveryRow;
  readonly event: EventRow;
  /** Null when it was deleted meanwhile. */
  readonly endpoint: EndpointRow | null;
}

export async function findDeliveryJob(db: Database, id: string): Promise<DeliveryJob | null> {
  const row = await db
    .select({ delivery: webhookDeliveries, event: events, endpoint: webhookEndpoints })
    .from(webhookDeliveries)
    .innerJoin(events, eq(events.id, webhookDeliveries.event_id))
    .leftJoin(webhookEndpoints, eq(webhookEndpoints.id, webhookDeliveries.endpoint_id))
    .where(eq(webhookDeliveries.id, id))
    .get();
  return row ?? null;
}

/** Adds deliveries; one that exists stays as it is. */
export async function insertDeliveries(db: Database, rows: readonly DeliveryRow[]): Promise<void> {
  const [first, ...rest] = rows.map((row) => insertDelivery(db, row));
  if (first !== undefined) await db.batch([first, ...rest]);
}

/** A delivery with the type of its event, for the log. */
export interface LoggedDelivery extends DeliveryRow {
  readonly event_type: string | null;
}

const logged = (db: Database) =>
  db
    .select({ delivery: webhookDeliveries, event_type: events.type })
    .from(webhookDeliveries)
    .leftJoin(events, eq(events.id, webhookDeliveries.event_id));

const flatten = (row: { delivery: DeliveryRow; event_type: string | null }): LoggedDelivery => ({
  ...row.delivery,
  event_type: row.event_type,
});

export async function listDeliveries(
  db: Database,
  endpointId: string,
  page: PageRequest,
): Promise<LoggedDelivery[]> {
  const rows = await logged(db)
    .where(
      and(
        eq(webhookDeliveries.endpoint_id, endpointId),
        olderThan(webhookDeliveries.created_at, webhookDeliveries.id, page.before),
      ),
    )
    .orderBy(desc(webhookDeliveries.created_at), desc(webhookDeliveries.id))
    .limit(page.limit);
  return rows.map(flatten);
}

/** What was sent of these events, oldest first. One merchant's, whatever ids are asked for. */
export async function deliveriesOf(
  db: Database,
  merchantId: string,
  eventIds: readonly string[],
  limit: number,
): Promise<LoggedDelivery[]> {
  const rows = await logged(db)
    .where(
      and(
        sql`${webhookDeliveries.event_id} IN ${inList(eventIds)}`,
        eq(webhookDeliveries.merchant_id, merchantId),
      ),
    )
    .orderBy(asc(webhookDeliveries.created_at), asc(webhookDeliveries.id))
    .limit(limit);
  return rows.map(flatten);
}

/** How a delivery goes on after an attempt. */
export interface AttemptRecord {
  readonly delivery: DeliveryRow;
  readonly attempt: DeliveryAttempt;
  readonly state: DeliveryRow["state"];
  readonly nextAttemptAt: number | null;
  /** When the cron should feed it, if it still has to be. */
  readonly feedAt: number | null;
  /** What the attempt says about the endpoint; written only when it changes something. */
  readonly endpoint: "failing" | "working" | "as_before";
}

/**
 * Appends the attempt and moves the delivery, in one transaction. The append happens inside the
 * database, so two consumers of a doubled message both leave their line. A success counts even
 * when the delivery was settled otherwise meanwhile: the receiver has the event.
 */
export async function recordAttempt(db: Database, record: AttemptRecord): Promise<void> {
  const { delivery, attempt, state } = record;
  const which = eq(webhookDeliveries.id, delivery.id);
  const update = db
    .update(webhookDeliveries)
    .set({
      state,
      next_attempt_at: record.nextAttemptAt,
      feed_at: record.feedAt,
      attempts: sql`json_insert(${webhookDeliveries.attempts}, '$[#]', json(${JSON.stringify(attempt)}))`,
    })
    .where(state === "delivered" ? which : and(which, eq(webhookDeliveries.state, "pending")));
  const bookkeeping: Record<AttemptRecord["endpoint"], BatchItem<"sqlite">[]> = {
    failing: [markFailing(db, delivery.endpoint_id, attempt.at)],
    working: [markWorking(db, delivery.endpoint_id)],
    as_before: [],
  };
  await db.batch([update, ...bookkeeping[record.endpoint]]);
}

/** Ends a delivery that has nowhere to go any more. */
export async function cancelDelivery(db: Database, id: string): Promise<void> {
  await db
    .update(webhookDeliveries)
    .set({ state: "cancelled", next_attempt_at: null, feed_at: null })
    .where(and(eq(webhookDeliveries.id, id), eq(webhookDeliveries.state, "pending")));
}

/**
 * Takes up to `limit` deliveries that the cron should feed by `now`, the longest waiting first.
 * Whoever asks again finds them only at `feedAgainAt`, if they are still pending then.
 */
export async function claimDue(
  db: Database,
  now: number,
  feedAgainAt: number,
  limit: number,
): Promise<{ id: string; endpoint_id: string }[]> {
  const due = db
    .select({ id: webhookDeliveries.id })
    .from(webhookDeliveries)
    .where(lte(webhookDeliveries.feed_at, now))
    .orderBy(asc(webhookDeliveries.feed_at))
    .limit(limit);
  return db
    .update(webhookDeliveries)
    .set({ feed_at: feedAgainAt })
    .where(inArray(webhookDeliveries.id, due))
    .returning({ id: webhookDeliveries.id, endpoint_id: webhookDeliveries.endpoint_id });
}
