/**
 * The audit log's entry for what a request changes.
 *
 *     const entry = auditEntry(c, {
 *       action: "thing.updated",
 *       target: row.id,
 *       before: showThing(row), // null: it is new
 *       after: showThing(next), // null: it is gone
 *     });
 *     await updateThing(db, row, change, entry); // db.batch([update, ...entry])
 *
 * - `before` and `after` are the objects as the API shows them, whole; an update keeps only the
 *   fields that differ, and has no entry when none does. Never pass a row, a key or a secret.
 * - The entry goes into the batch of the change, directly behind the statement that it speaks of: it
 *   is written only when that statement changed a row (see store/audit-log.ts).
 * - Merchant, mode and actor are the caller's. Operators' routes name merchant and mode themselves.
 */
import { type AlsoItem, type Change, changeEntry, writeEntry } from "../store/audit-log.ts";
import { database } from "../store/db.ts";
import type { Actor, AppContext, AppEnv } from "./http.ts";

export interface AuditedChange extends Pick<Change, "action" | "target" | "before" | "after"> {
  /** Default: the caller's; null for operators: a setting of the whole deployment. */
  readonly merchantId?: string | null;
  /** Default: the key's mode; null for operators: it holds for both. */
  readonly livemode?: boolean | null;
  /** Default: whom authentication found. Routes without it must say. */
  readonly actor?: Actor;
}

function changeOf(c: AppContext, change: AuditedChange): Change {
  const principal = c.get("principal") as AppEnv["Variables"]["principal"] | undefined;
  const { action, target, before, after } = change;
  return {
    merchantId:
      change.merchantId === undefined ? (principal?.merchant.id ?? null) : change.merchantId,
    livemode: change.livemode === undefined ? (principal?.key.livemode ?? null) : change.livemode,
    actor: change.actor ?? c.var.actor,
    requestId: c.var.requestId,
    action,
    target,
    before,
    after,
    now: c.var.now,
  };
}

/** Nothing or one statement, to be spread into the batch of the change. */
export const auditEntry = (c: AppContext, change: AuditedChange): AlsoItem[] =>
  changeEntry(database(c.env.DB), changeOf(c, change));

/** For what was changed elsewhere than in the database, such as at a channel. */
export const noteChange = (c: AppContext, change: AuditedChange): Promise<void> =>
  writeEntry(database(c.env.DB), changeOf(c, change));
