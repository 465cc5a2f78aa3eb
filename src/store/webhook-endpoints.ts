/** The merchants' webhook endpoints. Signing secrets are sealed; nothing here opens them. */
import { and, desc, eq, isNull, type SQL, sql } from "drizzle-orm";

import type { EventRecord } from "../messages.ts";
import { type AlsoItem, changeAlso } from "./audit-log.ts";
import type { Database } from "./db.ts";
import { type DeliveryRow, nextPosition } from "./events.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { events, webhookDeliveries, webhookEndpoints } from "./schema.ts";

export type EndpointRow = typeof webhookEndpoints.$inferSelect;

/** Why an endpoint is disabled, as the API shows it. */
export type DisabledReason = "by_merchant" | "gone" | "failing";

const owned = (merchantId: string, livemode: boolean) =>
  and(eq(webhookEndpoints.merchant_id, merchantId), eq(webhookEndpoints.livemode, livemode));

/** Inserts an endpoint; a repeat with the same id (a request resumed after a crash) replaces it. */
export async function saveEndpoint(
  db: Database,
  row: EndpointRow,
  also: readonly AlsoItem[] = [],
): Promise<void> {
  const { id: _, ...rest } = row;
  const save = db
    .insert(webhookEndpoints)
    .values(row)
    .onConflictDoUpdate({ target: webhookEndpoints.id, set: rest });
  await changeAlso(db, save, also);
}

export async function findEndpoint(
  db: Database,
  merchantId: string,
  livemode: boolean,
  id: string,
): Promise<EndpointRow | null> {
  const row = await db
    .select()
    .from(webhookEndpoints)
    .where(and(owned(merchantId, livemode), eq(webhookEndpoints.id, id)))
    .get();
  return row ?? null;
}

export async function listEndpoints(
  db: Database,
  merchantId: string,
  livemode: boolean,
  page: PageRequest,
): Promise<EndpointRow[]> {
  return db
    .select()
    .from(webhookEndpoints)
    .where(
      and(
        owned(merchantId, livemode),
        olderThan(webhookEndpoints.created_at, webhookEndpoints.id, page.before),
      ),
    )
    .orderBy(desc(webhookEndpoints.created_at), desc(webhookEndpoints.id))
    .limit(page.limit);
}

export async function listEnabledEndpoints(
  db: Database,
  merchantId: string,
  livemode: boolean,
): Promise<EndpointRow[]> {
  return db
    .select()
    .from(webhookEndpoints)
    .where(and(owned(merchantId, livemode), eq(webhookEndpoints.status, "enabled")))
    .orderBy(webhookEndpoints.created_at, webhookEndpoints.id);
}

export async function countEndpoints(
  db: Database,
  merchantId: string,
  livemode: boolean,
): Promise<number> {
  return db.$count(webhookEndpoints, owned(merchantId, livemode));
}

const cancelPending = (db: Database, endpointId: string, allowed?: SQL) =>
  db
    .update(webhookDeliveries)
    .set({ state: "cancelled", next_attempt_at: null, feed_at: null })
    .where(
      and(
        eq(webhookDeliveries.endpoint_id, endpointId),
        eq(webhookDeliveries.state, "pending"),
        allowed,
      ),
    );

export type EndpointChange = Partial<
  Pick<
    EndpointRow,
    "url" | "description" | "enabled_events" | "status" | "disabled_reason" | "failing_since"
  >
>;

/**
 * Changes an endpoint; when it ends up disabled, what it still had to receive is cancelled. Null: it
 * is gone, or not as it was read at `readAt` any more.
 */
export async function updateEndpoint(
  db: Database,
  id: string,
  change: EndpointChange,
  now: number,
  { readAt, also = [] }: { readonly readAt?: number; readonly also?: readonly AlsoItem[] } = {},
): Promise<EndpointRow | null> {
  const { updated_at } = webhookEndpoints;
  const update = db
    .update(webhookEndpoints)
    // Never the same stamp twice, also within one millisecond.
    .set({ ...change, updated_at: Math.max(now, (readAt ?? 0) + 1) })
    .where(
      and(eq(webhookEndpoints.id, id), readAt === undefined ? undefined : eq(updated_at, readAt)),
    )
    .returning();
  const isDisabled = sql`EXISTS (SELECT 1 FROM ${webhookEndpoints}
    WHERE id = ${id} AND status = 'disabled')`;
  const cancelling = change.status === "disabled" ? [cancelPending(db, id, isDisabled)] : [];
  return (await changeAlso(db, update, [...also, ...cancelling]))[0] ?? null;
}

/**
 * Replaces the secrets unless the endpoint was changed since it was read: of two rotations at once
 * the second would silently end the secret that the first has just shown. Null: read it again.
 */
export async function replaceSecrets(
  db: Database,
  read: EndpointRow,
  secrets: EndpointRow["secrets"],
  now: number,
  also: readonly AlsoItem[] = [],
): Promise<EndpointRow | null> {
  const update = db
    .update(webhookEndpoints)
    // Always another version, also within one millisecond.
    .set({ secrets, updated_at: Math.max(now, read.updated_at + 1) })
    .where(and(eq(webhookEndpoints.id, read.id), eq(webhookEndpoints.updated_at, read.updated_at)))
    .returning();
  return (await changeAlso(db, update, also))[0] ?? null;
}

/** Removes an endpoint and cancels what it still had to receive. The log of attempts stays. */
export async function deleteEndpoint(
  db: Database,
  id: string,
  also: readonly AlsoItem[] = [],
): Promise<void> {
  const remove = db.delete(webhookEndpoints).where(eq(webhookEndpoints.id, id));
  await changeAlso(db, remove, [...also, cancelPending(db, id)]);
}

/** For `recordAttempt`: notes when the failures began; the first note stays. */
export const markFailing = (db: Database, id: string, now: number) =>
  db
    .update(webhookEndpoints)
    .set({ failing_since: now })
    .where(and(eq(webhookEndpoints.id, id), isNull(webhookEndpoints.failing_since)));

/** For `recordAttempt`: a success ends the failures. */
export const markWorking = (db: Database, id: string) =>
  db.update(webhookEndpoints).set({ failing_since: null }).where(eq(webhookEndpoints.id, id));

export interface Disabling {
  /** As it was read: nothing happens when it was changed or disabled since. */
  readonly endpoint: EndpointRow;
  readonly reason: DisabledReason;
  /** `webhook_endpoint.disabled`, with an id derived from the endpoint and its `updated_at`. */
  readonly event: EventRecord;
  /** That event for the merchant's other endpoints. */
  readonly deliveries: readonly DeliveryRow[];
  /** What has to stand behind the endpoint's change. */
  readonly also: readonly AlsoItem[];
  readonly now: number;
}

/**
 * Disables an endpoint, cancels what it still had to receive and raises the event, in one
 * transaction. Two consumers that come to the same end raise one event: the second finds the
 * endpoint disabled. True when this call did it.
 */
export async function disableEndpoint(db: Database, disabling: Disabling): Promise<boolean> {
  const { endpoint, reason, event, deliveries, also, now } = disabling;
  const unchanged = sql`EXISTS (SELECT 1 FROM ${webhookEndpoints}
    WHERE id = ${endpoint.id} AND status = 'enabled' AND updated_at = ${endpoint.updated_at})`;
  const raised = sql`EXISTS (SELECT 1 FROM ${events} WHERE id = ${event.id})`;
  const results: unknown[] = await db.batch([
    // All columns in the order of the schema.
    db
      .insert(events)
      .select(
        sql`SELECT ${nextPosition(endpoint.merchant_id, endpoint.livemode)}, ${event.id}, ${endpoint.merchant_id}, ${endpoint.livemode ? 1 : 0},
          ${event.type}, ${event.created_at}, ${event.payload} WHERE ${unchanged}`,
      )
      .onConflictDoNothing(),
    ...deliveries.map((row) =>
      db
        .insert(webhookDeliveries)
        .select(
          sql`SELECT ${row.id}, ${row.event_id}, ${row.endpoint_id}, ${row.merchant_id},
            ${row.state}, '[]', ${row.next_attempt_at}, ${row.feed_at}, ${row.created_at} WHERE ${raised}`,
        )
        .onConflictDoNothing(),
    ),
    cancelPending(db, endpoint.id, unchanged),
    db
      .update(webhookEndpoints)
      .set({ status: "disabled", disabled_reason: reason, updated_at: now })
      .where(and(eq(webhookEndpoints.id, endpoint.id), unchanged))
      .returning({ id: webhookEndpoints.id }),
    ...also,
  ]);
  const ended = results.at(-1 - also.length);
  return Array.isArray(ended) && ended.length > 0;
}
