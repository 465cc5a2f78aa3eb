/** The feed of events. Rows are only ever added: the position of an event never changes. */
import { and, asc, desc, eq, gt, lt, type SQL } from "drizzle-orm";

import type { PublishedEvents } from "../messages.ts";
import type { Database } from "./db.ts";
import { events, webhookDeliveries } from "./schema.ts";

export type EventRow = typeof events.$inferSelect;
export type DeliveryRow = typeof webhookDeliveries.$inferSelect;

/**
 * Adds events and their deliveries in one transaction. What is already there stays as it is, so a
 * message that comes twice adds nothing. Positions are given here, by the one writer of the
 * database, in the order of the list: a reader never sees a later one before an earlier one.
 */
export async function insertEvents(
  db: Database,
  published: PublishedEvents,
  deliveries: readonly DeliveryRow[],
): Promise<void> {
  const { merchant_id, livemode } = published;
  const [first, ...rest] = published.events.map((event) =>
    db
      .insert(events)
      .values({ ...event, merchant_id, livemode })
      .onConflictDoNothing(),
  );
  if (first === undefined) return;
  await db.batch([first, ...rest, ...deliveries.map((row) => insertDelivery(db, row))]);
}

export const insertDelivery = (db: Database, row: DeliveryRow) =>
  db.insert(webhookDeliveries).values(row).onConflictDoNothing();

const owned = (merchantId: string, livemode: boolean): SQL | undefined =>
  and(eq(events.merchant_id, merchantId), eq(events.livemode, livemode));

export async function findEvent(
  db: Database,
  merchantId: string,
  livemode: boolean,
  id: string,
): Promise<EventRow | null> {
  const row = await db
    .select()
    .from(events)
    .where(and(owned(merchantId, livemode), eq(events.id, id)))
    .get();
  return row ?? null;
}

export interface FeedRequest {
  readonly limit: number;
  readonly type: string | null;
  /** `forward`: oldest first, behind `position`. `back`: newest first, before it. */
  readonly direction: "forward" | "back";
  /** Null: from the end that the direction starts at. */
  readonly position: number | null;
}

export async function readFeed(
  db: Database,
  merchantId: string,
  livemode: boolean,
  request: FeedRequest,
): Promise<EventRow[]> {
  const { direction, position, type, limit } = request;
  const forward = direction === "forward";
  return db
    .select()
    .from(events)
    .where(
      and(
        owned(merchantId, livemode),
        position === null ? undefined : (forward ? gt : lt)(events.position, position),
        type === null ? undefined : eq(events.type, type),
      ),
    )
    .orderBy((forward ? asc : desc)(events.position))
    .limit(limit);
}
