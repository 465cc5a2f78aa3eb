/** The copies of refunds: listed here, decided in their payments' objects. */
import { and, eq, sql } from "drizzle-orm";

import type { RefundCopy } from "../messages.ts";
import type { Database } from "./db.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { refunds } from "./schema.ts";

export type RefundRow = typeof refunds.$inferSelect;

/** For `recordPublications`: an older sequence never overwrites a newer one. */
export const putRefund = (
  db: Database,
  { merchant_id, livemode }: Pick<RefundRow, "merchant_id" | "livemode">,
  copy: RefundCopy,
) =>
  db
    .insert(refunds)
    .values({ ...copy, merchant_id, livemode })
    .onConflictDoUpdate({
      target: refunds.id,
      set: {
        sequence: copy.sequence,
        status: copy.status,
        channel_refund_id: copy.channel_refund_id,
        succeeded_at: copy.succeeded_at,
        snapshot: copy.snapshot,
      },
      setWhere: sql`excluded.sequence >= ${refunds.sequence}`,
    });

export interface RefundFilter {
  readonly paymentIntent?: string | undefined;
  readonly status?: string | undefined;
}

/**
 * A payment has few refunds, its merchant many: with `aside` the merchant's index is left alone,
 * which SQLite would take because it needs no statistics to look good.
 */
const owned = (merchantId: string, livemode: boolean, aside: boolean) =>
  aside
    ? and(
        eq(sql`+${refunds.merchant_id}`, merchantId),
        eq(sql`+${refunds.livemode}`, Number(livemode)),
      )
    : and(eq(refunds.merchant_id, merchantId), eq(refunds.livemode, livemode));

export async function listRefunds(
  db: Database,
  merchantId: string,
  livemode: boolean,
  filter: RefundFilter,
  page: PageRequest,
): Promise<Pick<RefundRow, "id" | "created_at" | "snapshot">[]> {
  const { id, created_at, snapshot, payment_intent, status } = refunds;
  return db
    .select({ id, created_at, snapshot })
    .from(refunds)
    .where(
      and(
        owned(merchantId, livemode, filter.paymentIntent !== undefined),
        filter.paymentIntent === undefined ? undefined : eq(payment_intent, filter.paymentIntent),
        filter.status === undefined ? undefined : eq(status, filter.status),
        olderThan(created_at, id, page.before),
      ),
    )
    .orderBy(sql`${created_at} DESC, ${id} DESC`)
    .limit(page.limit);
}
