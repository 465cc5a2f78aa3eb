/** The feed of events. Rows are only ever added: the position of an event never changes. */
import { and, asc, desc, eq, gt, gte, inArray, lt, lte, max, ne, sql, type SQL } from "drizzle-orm";

import type { EventRecord, PublishedEvents } from "../messages.ts";
import type { Database } from "./db.ts";
import { events, webhookDeliveries } from "./schema.ts";

export type EventRow = typeof events.$inferSelect;
export type DeliveryRow = typeof webhookDeliveries.$inferSelect;

/**
 * The next place in a merchant's feed. Given by the one writer of the database inside the inserting
 * transaction, so a reader never sees a later place before an earlier one, and none is left out.
 */
export const nextPosition = (merchantId: string, livemode: boolean): SQL<number> =>
  sql`(SELECT COALESCE(MAX(position), 0) + 1 FROM ${events}
    WHERE merchant_id = ${merchantId} AND livemode = ${livemode ? 1 : 0})`;

/** Adds an event at the end of the feed; one that is there keeps its place. */
export const addEvent = (
  db: Database,
  { merchant_id, livemode }: Pick<PublishedEvents, "merchant_id" | "livemode">,
  event: EventRecord,
) =>
  db
    .insert(events)
    .values({ ...event, merchant_id, livemode, position: nextPosition(merchant_id, livemode) })
    .onConflictDoNothing();

/** One event and its deliveries, in one transaction. A repeat adds nothing. */
export async function insertEvent(
  db: Database,
  owner: Pick<PublishedEvents, "merchant_id" | "livemode">,
  event: EventRecord,
  deliveries: readonly DeliveryRow[],
): Promise<void> {
  await db.batch([addEvent(db, owner, event), ...deliveries.map((row) => insertDelivery(db, row))]);
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
  /** Milliseconds since 1970, or null. */
  readonly createdFrom?: number | null;
  readonly createdBefore?: number | null;
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
  const { direction, position, type, limit, createdFrom = null, createdBefore = null } = request;
  const forward = direction === "forward";
  return db
    .select()
    .from(events)
    .where(
      and(
        owned(merchantId, livemode),
        position === null ? undefined : (forward ? gt : lt)(events.position, position),
        type === null ? undefined : eq(events.type, type),
        createdFrom === null ? undefined : gte(events.created_at, createdFrom),
        createdBefore === null ? undefined : lt(events.created_at, createdBefore),
      ),
    )
    .orderBy((forward ? asc : desc)(events.position))
    .limit(limit);
}

/** The last place of the feed; 0 while it is empty. */
export async function lastPosition(
  db: Database,
  merchantId: string,
  livemode: boolean,
): Promise<number> {
  const row = await db
    .select({ last: max(events.position) })
    .from(events)
    .where(owned(merchantId, livemode))
    .get();
  return row?.last ?? 0;
}

export interface Stretch {
  /** The places behind `after`, up to and with `through`. */
  readonly after: number;
  readonly through: number;
  /** Null: all. */
  readonly types: readonly string[] | null;
  readonly except: string;
  /** Milliseconds since 1970, or null. */
  readonly createdFrom: number | null;
  readonly createdBefore: number | null;
  readonly limit: number;
}

export type FoundEvent = Pick<EventRow, "id" | "position">;

/**
 * The events of a stretch of the feed, oldest first. Their own times do not follow their places: an
 * event may be recorded late. So each is looked at, and the stretch bounds what that costs.
 */
export async function readStretch(
  db: Database,
  merchantId: string,
  livemode: boolean,
  { after, through, types, except, createdFrom, createdBefore, limit }: Stretch,
): Promise<FoundEvent[]> {
  return db
    .select({ id: events.id, position: events.position })
    .from(events)
    .where(
      and(
        owned(merchantId, livemode),
        gt(events.position, after),
        lte(events.position, through),
        types === null ? undefined : inArray(events.type, [...types]),
        ne(events.type, except),
        createdFrom === null ? undefined : gte(events.created_at, createdFrom),
        createdBefore === null ? undefined : lt(events.created_at, createdBefore),
      ),
    )
    .orderBy(asc(events.position))
    .limit(limit);
}
