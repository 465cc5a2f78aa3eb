/**
 * Services: what merchants offer. A manifest in force is kept for ever in `service_versions`, and an
 * active service is in the search index; both are brought about by the batch of every change.
 */
import { and, desc, eq, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";

import { err, ok, type Result } from "../result.ts";
import { type AlsoItem, changeAlso } from "./audit-log.ts";
import type { Database } from "./db.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { services, serviceVersions } from "./schema.ts";
import { indexService, isOpenForBusiness } from "./service-search.ts";

export type ServiceRow = typeof services.$inferSelect;
export type ServiceVersionRow = typeof serviceVersions.$inferSelect;

const owned = (merchantId: string, livemode: boolean) =>
  and(eq(services.merchant_id, merchantId), eq(services.livemode, livemode));

/**
 * For the end of a change's batch: the version in force and the search index, both made of the row
 * as it then is. So they are right whoever came first, and a repeat changes nothing.
 */
const bringIntoForce = (db: Database, id: string, now: number): AlsoItem[] => [
  db
    .insert(serviceVersions)
    .select(
      // All columns in the order of the schema.
      sql`SELECT id, version, manifest, ${now} FROM ${services}
        WHERE id = ${id} AND status = 'active'`,
    )
    .onConflictDoNothing(),
  ...indexService(db, id),
];

/** Whether no other service of the merchant that is a draft or active has the name. */
function nameIsFree({ id, merchant_id, livemode, name }: Omit<ServiceRow, "manifest">) {
  const other = alias(services, "other");
  return sql`NOT EXISTS (SELECT 1 FROM ${services} AS other
    WHERE ${other.merchant_id} = ${merchant_id} AND ${other.livemode} = ${livemode ? 1 : 0}
      AND ${other.status} <> 'inactive' AND ${other.id} <> ${id}
      AND lower(${other.name}) = lower(${name}))`;
}

/**
 * Adds a draft; a repeat with the same id (a request resumed after a crash) finds it.
 * @returns the draft, or null when its name is taken
 */
export async function insertService(
  db: Database,
  row: ServiceRow,
  also: readonly AlsoItem[],
): Promise<ServiceRow | null> {
  const insert = db
    .insert(services)
    .select(
      // All columns in the order of the schema.
      sql`SELECT ${row.id}, ${row.merchant_id}, ${row.livemode ? 1 : 0}, ${row.status},
        ${row.version}, ${row.name}, ${JSON.stringify(row.manifest)}, ${row.created_at},
        ${row.updated_at} WHERE ${nameIsFree(row)}`,
    )
    .onConflictDoNothing();
  await changeAlso(db, insert, also);
  return findOwnService(db, row.merchant_id, row.livemode, row.id);
}

export type ServiceChange = Partial<Pick<ServiceRow, "status" | "name" | "version" | "manifest">>;

/**
 * Changes a service that is still as it was read.
 * @returns null when it is not, or when its name was taken meanwhile
 */
export async function updateService(
  db: Database,
  read: ServiceRow,
  change: ServiceChange,
  now: number,
  also: readonly AlsoItem[],
): Promise<ServiceRow | null> {
  const next = { ...read, ...change };
  const update = db
    .update(services)
    // Never the same stamp twice, also within one millisecond.
    .set({ ...change, updated_at: Math.max(now, read.updated_at + 1) })
    .where(
      and(
        eq(services.id, read.id),
        eq(services.updated_at, read.updated_at),
        next.status === "inactive" ? undefined : nameIsFree(next),
      ),
    )
    .returning();
  const rows = await changeAlso(db, update, [...also, ...bringIntoForce(db, read.id, now)]);
  return rows[0] ?? null;
}

export async function findOwnService(
  db: Database,
  merchantId: string,
  livemode: boolean,
  id: string,
): Promise<ServiceRow | null> {
  const row = await db
    .select()
    .from(services)
    .where(and(owned(merchantId, livemode), eq(services.id, id)))
    .get();
  return row ?? null;
}

/** A service that anybody may see: active, of a merchant in business. */
export async function findPublicService(
  db: Database,
  livemode: boolean,
  id: string,
): Promise<ServiceRow | null> {
  const row = await db
    .select()
    .from(services)
    .where(
      and(
        eq(services.id, id),
        eq(services.livemode, livemode),
        eq(services.status, "active"),
        isOpenForBusiness(livemode),
      ),
    )
    .get();
  return row ?? null;
}

/** Why a payment cannot name a service, in the words of `details.reason`. */
export type NoService = "no_manifest_registered" | "not_active";

/** The service that a merchant's own payment names. */
export async function findActiveService(
  db: Database,
  merchantId: string,
  livemode: boolean,
  id: string,
): Promise<Result<ServiceRow, NoService>> {
  const row = await findOwnService(db, merchantId, livemode, id);
  if (row === null) return err("no_manifest_registered");
  return row.status === "active" ? ok(row) : err("not_active");
}

/** All services of a merchant and mode, without their manifests. */
export const serviceNames = (
  db: Database,
  merchantId: string,
  livemode: boolean,
): Promise<Pick<ServiceRow, "id" | "name" | "status">[]> =>
  db
    .select({ id: services.id, name: services.name, status: services.status })
    .from(services)
    .where(owned(merchantId, livemode));

/** The manifests that were ever in force, the newest first. */
export async function listServiceVersions(
  db: Database,
  serviceId: string,
  page: PageRequest,
): Promise<ServiceVersionRow[]> {
  const { service_id, version, created_at } = serviceVersions;
  // Chosen and sorted without their manifests; only what the page shows is read.
  const chosen = db
    .select({ version, created_at })
    .from(serviceVersions)
    .where(and(eq(service_id, serviceId), olderThan(created_at, version, page.before)))
    .orderBy(desc(created_at), desc(version))
    .limit(page.limit)
    .as("chosen");
  return db
    .select({ service_id, version, manifest: serviceVersions.manifest, created_at })
    .from(chosen)
    .crossJoin(serviceVersions)
    .where(and(eq(service_id, serviceId), eq(version, chosen.version)))
    .orderBy(desc(chosen.created_at), desc(chosen.version));
}
