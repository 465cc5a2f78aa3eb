/** The copies of payments: listed and searched here, decided in their objects. */
import { and, asc, eq, gte, lt, lte, sql } from "drizzle-orm";

import type { PaymentCopy } from "../messages.ts";
import type { Database } from "./db.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { paymentIntents } from "./schema.ts";

export type PaymentRow = typeof paymentIntents.$inferSelect;

/** For `recordPublication`: writes the copy; an older sequence never overwrites a newer one. */
export const putCopy = (
  db: Database,
  { merchant_id, livemode }: Pick<PaymentRow, "merchant_id" | "livemode">,
  copy: PaymentCopy,
) =>
  db
    .insert(paymentIntents)
    .values({ ...copy, merchant_id, livemode })
    .onConflictDoUpdate({
      target: paymentIntents.id,
      set: {
        sequence: copy.sequence,
        status: copy.status,
        deadline: copy.deadline,
        snapshot: copy.snapshot,
      },
      setWhere: sql`excluded.sequence >= ${paymentIntents.sequence}`,
    });

export interface PaymentFilter {
  readonly status?: string | undefined;
  readonly channel?: string | undefined;
  readonly merchantOrderId?: string | undefined;
  /** Milliseconds since 1970. */
  readonly createdFrom?: number | undefined;
  readonly createdBefore?: number | undefined;
}

export async function listPayments(
  db: Database,
  merchantId: string,
  livemode: boolean,
  filter: PaymentFilter,
  page: PageRequest,
): Promise<Pick<PaymentRow, "id" | "created_at" | "snapshot">[]> {
  const { id, created_at, snapshot, status, channel, merchant_order_id } = paymentIntents;
  return db
    .select({ id, created_at, snapshot })
    .from(paymentIntents)
    .where(
      and(
        eq(paymentIntents.merchant_id, merchantId),
        eq(paymentIntents.livemode, livemode),
        filter.status === undefined ? undefined : eq(status, filter.status),
        filter.channel === undefined ? undefined : eq(channel, filter.channel),
        filter.merchantOrderId === undefined
          ? undefined
          : eq(merchant_order_id, filter.merchantOrderId),
        filter.createdFrom === undefined ? undefined : gte(created_at, filter.createdFrom),
        filter.createdBefore === undefined ? undefined : lt(created_at, filter.createdBefore),
        olderThan(created_at, id, page.before),
      ),
    )
    .orderBy(sql`${created_at} DESC, ${id} DESC`)
    .limit(page.limit);
}

/** Payments past their deadline whose copy has not ended: their alarm may have been dropped. */
export async function overduePayments(db: Database, now: number, limit: number) {
  return db
    .select({
      id: paymentIntents.id,
      deadline: paymentIntents.deadline,
      status: paymentIntents.status,
    })
    .from(paymentIntents)
    .where(lte(paymentIntents.deadline, now))
    .orderBy(asc(paymentIntents.deadline))
    .limit(limit);
}

/** Moves the sweeper's next look, unless the payment has ended meanwhile. */
export async function postponeSweep(db: Database, id: string, until: number): Promise<void> {
  await db
    .update(paymentIntents)
    .set({ deadline: until })
    .where(and(eq(paymentIntents.id, id), lt(paymentIntents.deadline, until)));
}
