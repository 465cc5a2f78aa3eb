/** The price list. A row's key is merchant, channel and kind; empty means every one of them. */
import { and, asc, eq, sql } from "drizzle-orm";

import type { FeeKind, FeePlan } from "../settlement/pricing.ts";
import type { AlsoItem } from "./audit-log.ts";
import type { Database } from "./db.ts";
import { feePlans } from "./schema.ts";

export type FeePlanRow = typeof feePlans.$inferSelect;

export interface FeePlanKey {
  /** Empty: every merchant. */
  readonly merchant_id: string;
  /** Empty: every channel. */
  readonly channel: string;
  readonly kind: FeeKind;
}

const isRow = ({ merchant_id, channel, kind }: FeePlanKey) =>
  and(
    eq(feePlans.merchant_id, merchant_id),
    eq(feePlans.channel, channel),
    eq(feePlans.kind, kind),
  );

/** Still as it was read: what somebody else has changed meanwhile is not overwritten unseen. */
const isUnchanged = (row: FeePlanRow) => and(isRow(row), eq(feePlans.updated_at, row.updated_at));

export async function findFeePlan(db: Database, key: FeePlanKey): Promise<FeePlanRow | null> {
  return (await db.select().from(feePlans).where(isRow(key)).get()) ?? null;
}

export interface FeePlanFilter {
  readonly merchantId?: string | undefined;
  readonly channel?: string | undefined;
}

/** In the order of their keys: everybody's first. @param after the last row of the page before */
export const listFeePlans = (
  db: Database,
  filter: FeePlanFilter,
  limit: number,
  after: FeePlanKey | null,
): Promise<FeePlanRow[]> => {
  const { merchant_id, channel, kind } = feePlans;
  return db
    .select()
    .from(feePlans)
    .where(
      and(
        filter.merchantId === undefined ? undefined : eq(merchant_id, filter.merchantId),
        filter.channel === undefined ? undefined : eq(channel, filter.channel),
        after === null
          ? undefined
          : sql`(${merchant_id}, ${channel}, ${kind}) > (${after.merchant_id}, ${after.channel}, ${after.kind})`,
      ),
    )
    .orderBy(asc(merchant_id), asc(channel), asc(kind))
    .limit(limit);
};

/**
 * Writes a row in the place of `before` (null: there was none).
 * @param also what stands behind the change, such as its entry in the audit log
 * @returns null when the row is no longer as it was read; nothing has changed then
 */
export async function putFeePlan(
  db: Database,
  before: FeePlanRow | null,
  plan: FeePlan,
  now: number,
  also: readonly AlsoItem[],
): Promise<FeePlanRow | null> {
  const { basis_points, fixed } = plan;
  // Never the same stamp twice, also within one millisecond.
  const updated_at = before === null ? now : Math.max(now, before.updated_at + 1);
  const change =
    before === null
      ? db
          .insert(feePlans)
          .values({ ...plan, updated_at })
          .onConflictDoNothing()
          .returning()
      : db
          .update(feePlans)
          .set({ basis_points, fixed, updated_at })
          .where(isUnchanged(before))
          .returning();
  const [rows] = await db.batch([change, ...also]);
  return rows[0] ?? null;
}

/** As {@link putFeePlan}. @returns whether the row was still there as it was read */
export async function deleteFeePlan(
  db: Database,
  row: FeePlanRow,
  also: readonly AlsoItem[],
): Promise<boolean> {
  const [rows] = await db.batch([db.delete(feePlans).where(isUnchanged(row)).returning(), ...also]);
  return rows.length > 0;
}
