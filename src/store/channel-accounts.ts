/** The merchants' accounts at the channels. Credentials are sealed and only fingerprints leave. */
import { and, asc, desc, eq, gt, lt, notInArray, or, sql, type SQL } from "drizzle-orm";

import type { ChannelAccountRow } from "./api-keys.ts";
import { type AlsoItem, changeAlso } from "./audit-log.ts";
import type { Database } from "./db.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { channelAccounts, paymentIntents } from "./schema.ts";

export type { ChannelAccountRow } from "./api-keys.ts";

export async function findChannelAccount(
  db: Database,
  id: string,
): Promise<ChannelAccountRow | null> {
  return (await db.select().from(channelAccounts).where(eq(channelAccounts.id, id)).get()) ?? null;
}

/**
 * Adds accounts; one that exists with the same id is left as it is.
 * @param also what has to stand behind the last of them
 */
export async function addChannelAccounts(
  db: Database,
  rows: readonly ChannelAccountRow[],
  also: readonly AlsoItem[] = [],
): Promise<void> {
  const [first, ...rest] = rows.map((row) =>
    db.insert(channelAccounts).values(row).onConflictDoNothing(),
  );
  if (first !== undefined) await db.batch([first, ...rest, ...also]);
}

export async function listChannelAccounts(
  db: Database,
  merchantId: string,
  livemode: boolean,
  page: PageRequest,
): Promise<ChannelAccountRow[]> {
  return db
    .select()
    .from(channelAccounts)
    .where(
      and(
        eq(channelAccounts.merchant_id, merchantId),
        eq(channelAccounts.livemode, livemode),
        olderThan(channelAccounts.created_at, channelAccounts.id, page.before),
      ),
    )
    .orderBy(desc(channelAccounts.created_at), desc(channelAccounts.id))
    .limit(page.limit);
}

export type AccountChange = Partial<
  Pick<
    ChannelAccountRow,
    | "display_name"
    | "region"
    | "late_payment"
    | "channel_fee"
    | "status"
    | "credentials"
    | "statement_profile"
    | "verified_at"
    | "authorization_expires_at"
    | "split"
  >
>;

/** Changes an account that is still as it was read at `readAt`; null: it is not, or is gone. */
export async function updateChannelAccount(
  db: Database,
  id: string,
  readAt: number,
  change: AccountChange,
  now: number,
  also: readonly AlsoItem[] = [],
): Promise<ChannelAccountRow | null> {
  const update = db
    .update(channelAccounts)
    // Never the same stamp twice, also within one millisecond.
    .set({ ...change, updated_at: Math.max(now, readAt + 1) })
    .where(and(eq(channelAccounts.id, id), eq(channelAccounts.updated_at, readAt)))
    .returning();
  return (await changeAlso(db, update, also))[0] ?? null;
}

/** Active accounts whose authorisation runs out before a time (ms since 1970), the earliest first. */
export const endingAuthorizations = (
  db: Database,
  before: number,
  limit: number,
): Promise<ChannelAccountRow[]> =>
  db
    .select()
    .from(channelAccounts)
    .where(
      and(
        lt(channelAccounts.authorization_expires_at, before),
        eq(channelAccounts.status, "active"),
      ),
    )
    .orderBy(asc(channelAccounts.authorization_expires_at))
    .limit(limit);

type Numbered = Pick<
  ChannelAccountRow,
  "merchant_id" | "livemode" | "channel" | "merchant_account"
>;

/** The same merchant's, of the same mode, and with the same number at the same channel. */
const hasNumberOf = (account: Numbered): SQL | undefined =>
  and(
    eq(channelAccounts.merchant_id, account.merchant_id),
    eq(channelAccounts.livemode, account.livemode),
    eq(channelAccounts.channel, account.channel),
    eq(channelAccounts.merchant_account, account.merchant_account),
  );

/** A merchant's working accounts with the same number at the same channel. */
export async function accountsOfNumber(db: Database, account: Numbered): Promise<string[]> {
  const rows = await db
    .select({ id: channelAccounts.id })
    .from(channelAccounts)
    .where(and(hasNumberOf(account), eq(channelAccounts.status, "active")));
  return rows.map(({ id }) => id);
}

/** Their number is an application's, by which the money of many merchants is taken. */
const FOR_OTHERS = ["isv", "acquirer", "integrator"];

/**
 * The accounts of the merchant with this one's number at the channel, in use or not, the first ones
 * first: never none.
 */
export async function accountsSharing(
  db: Database,
  account: Numbered & Pick<ChannelAccountRow, "id">,
): Promise<[string, ...string[]]> {
  const rows = await db
    .select({ id: channelAccounts.id })
    .from(channelAccounts)
    .where(and(hasNumberOf(account), notInArray(channelAccounts.mode, FOR_OTHERS)))
    .orderBy(channelAccounts.created_at, channelAccounts.id);
  const ids = rows.map((row) => row.id);
  const [first = account.id, ...rest] = ids.includes(account.id) ? ids : [];
  return [first, ...rest];
}

/**
 * Accounts of a channel whose books are compared every night, in the order of their ids: all that
 * take real money, and of the others those that were paid something in the window.
 */
export const accountsToReconcile = (
  db: Database,
  channel: string,
  { from, to }: { readonly from: number; readonly to: number },
  afterId: string,
  limit: number,
): Promise<Pick<ChannelAccountRow, "id" | "merchant_id" | "livemode">[]> =>
  db
    .select({
      id: channelAccounts.id,
      merchant_id: channelAccounts.merchant_id,
      livemode: channelAccounts.livemode,
    })
    .from(channelAccounts)
    .where(
      and(
        gt(channelAccounts.id, afterId),
        eq(channelAccounts.channel, channel),
        eq(channelAccounts.status, "active"),
        or(
          eq(channelAccounts.livemode, true),
          sql`EXISTS (SELECT 1 FROM ${paymentIntents} AS p
            WHERE p.channel_account = ${channelAccounts.id}
            AND p.succeeded_at >= ${from} AND p.succeeded_at < ${to})`,
        ),
      ),
    )
    .orderBy(asc(channelAccounts.id))
    .limit(limit);
