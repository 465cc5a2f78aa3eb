/** The merchants' webhook endpoints. Signing secrets are sealed; nothing here opens them. */
import { and, desc, eq, isNull, sql } from "drizzle-orm";

import type { EventRecord } from "../messages.ts";
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
export async function saveEndpoint(db: Database, row: EndpointRow): Promise<void> {
  const { id: _, ...rest } = row;
  await db
    .insert(webhookEndpoints)
    .values(row)
    .onConflictDoUpdate({ target: webhookEndpoints.id, set: rest });
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

const cancelPending = (db: Database, endpointId: string) =>
  db
    .update(webhookDeliveries)
    .set({ state: "cancelled", next_attempt_at: null, feed_at: null })
    .where(
      and(eq(webhookDeliveries.endpoint_id, endpointId), eq(webhookDeliveries.state, "pending")),
    );

export type EndpointChange = Partial<
  Pick<
    EndpointRow,
    "url" | "description" | "enabled_events" | "status" | "disabled_reason" | "failing_since"
  >
>;

/** Changes an endpoint; when it ends up disabled, what it still had to receive is cancelled. */
export async function updateEndpoint(
  db: Database,
  id: string,
  change: EndpointChange,
  now: number,
): Promise<EndpointRow | null> {
  const update = db
    .update(webhookEndpoints)
    .set({ ...change, updated_at: now })
    .where(eq(webhookEndpoints.id, id))
    .returning();
  const rows =
    change.status === "disabled"
      ? (await db.batch([update, cancelPending(db, id)]))[0]
      : await update;
  return rows[0] ?? null;
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
): Promise<EndpointRow | null> {
  const rows = await db
    .update(webhookEndpoints)
    // Always another version, also within one millisecond.
    .set({ secrets, updated_at: Math.max(now, read.updated_at + 1) })
    .where(and(eq(webhookEndpoints.id, read.id), eq(webhookEndpoints.updated_at, read.updated_at)))
    .returning();
  return rows[0] ?? null;
}

/** Removes an endpoint and cancels what it still had to receive. The log of attempts stays. */
export async function deleteEndpoint(db: Database, id: string): Promise<void> {
  await db.batch([
    db.delete(webhookEndpoints).where(eq(webhookEndpoints.id, id)),
    cancelPending(db, id),
  ]);
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
  readonly now: number;
}

/**
 * Disables an endpoint, cancels what it still had to receive and raises the event, in one
 * transaction. Two consumers that come to the same end raise one event: the second finds the
 * endpoint disabled. True when this call did it.
 */
export async function disableEndpoint(db: Database, disabling: Disabling): Promise<boolean> {
  const { endpoint, reason, event, deliveries, now } = disabling;
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
    db
      .update(webhookDeliveries)
      .set({ state: "cancelled", next_attempt_at: null, feed_at: null })
      .where(
        and(
          eq(webhookDeliveries.endpoint_id, endpoint.id),
          eq(webhookDeliveries.state, "pending"),
          unchanged,
        ),
      ),
    db
      .update(webhookEndpoints)
      .set({ status: "disabled", disabled_reason: reason, updated_at: now })
      .where(and(eq(webhookEndpoints.id, endpoint.id), unchanged))
      .returning({ id: webhookEndpoints.id }),
  ]);
  const last = results.at(-1);
  return Array.isArray(last) && last.length > 0;
}
