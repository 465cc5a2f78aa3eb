/** Money that does not fit what was ordered. */
import { and, eq, sql } from "drizzle-orm";

import type { ExceptionRecord } from "../messages.ts";
import { EXCEPTION_KINDS, EXCEPTION_SLA_MS } from "../reconciliation.ts";
import type { Database } from "./db.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { exceptions } from "./schema.ts";

export type ExceptionRow = typeof exceptions.$inferSelect;

const slaOf = (kind: string): number =>
  EXCEPTION_SLA_MS[EXCEPTION_KINDS.find((name) => name === kind) ?? "status_mismatch"];

/** For `recordPublications`: one that is there already stays as it is, with what people did to it. */
export const addException = (
  db: Database,
  { merchant_id, livemode }: Pick<ExceptionRow, "merchant_id" | "livemode">,
  record: ExceptionRecord,
) =>
  db
    .insert(exceptions)
    .values({
      ...record,
      merchant_id,
      livemode,
      state: "open",
      notes: [],
      due_at: record.created_at + slaOf(record.kind),
      updated_at: record.created_at,
    })
    .onConflictDoNothing();

export interface ExceptionFilter {
  readonly kind?: string | undefined;
  readonly state?: ExceptionRow["state"] | undefined;
}

export async function listExceptions(
  db: Database,
  merchantId: string,
  livemode: boolean,
  filter: ExceptionFilter,
  page: PageRequest,
): Promise<Pick<ExceptionRow, "id" | "created_at" | "state" | "snapshot">[]> {
  const { id, created_at, snapshot, kind, state } = exceptions;
  return db
    .select({ id, created_at, state, snapshot })
    .from(exceptions)
    .where(
      and(
        eq(exceptions.merchant_id, merchantId),
        eq(exceptions.livemode, livemode),
        filter.kind === undefined ? undefined : eq(kind, filter.kind),
        filter.state === undefined ? undefined : eq(state, filter.state),
        olderThan(created_at, id, page.before),
      ),
    )
    .orderBy(sql`${created_at} DESC, ${id} DESC`)
    .limit(page.limit);
}
