/**
 * A day's settlement, from the channel's statement or from our own books. It may be made again at
 * any time: the same numbers change nothing, a corrected statement changes what has not been paid.
 * What a correction says after the money has arrived shows as the balance of the channel's account:
 * its fees are booked as the last statement has them, whether the batch was paid or not.
 */
import { formatFor } from "../channels/statement/formats.ts";
import { DAY_MS, startOfDay } from "../days.ts";
import type { WorkMessage } from "../messages.ts";
import {
  accountsSharing,
  type ChannelAccountRow,
  findChannelAccount,
} from "../store/channel-accounts.ts";
import type { Database } from "../store/db.ts";
import {
  bookChannelFee,
  bookedSums,
  putSettlement,
  type SettlementRow,
  settlementsOfDay,
} from "../store/settlements.ts";
import { causedId } from "./caused-id.ts";
import {
  type BookedSum,
  bookedTotals,
  type DayTotals,
  expectedAt,
  netOf,
  NO_TOTALS,
  splitOn,
} from "./totals.ts";

export interface DayToSettle {
  readonly account: Pick<
    ChannelAccountRow,
    "id" | "merchant_id" | "livemode" | "channel" | "merchant_account"
  >;
  /** The channel's day, `YYYY-MM-DD`. */
  readonly day: string;
  /** The channel's clock: minutes that its days are ahead of UTC. */
  readonly offsetMinutes: number;
  /** Of the channel's statement of the day; null: the channel sends none. */
  readonly totals: readonly DayTotals[] | null;
  readonly runId: string | null;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Currencies that the statement says nothing of, and in which the day brings something all the same:
 * shares of yesterday's payments went to the platform, or a statement that is corrected knew it.
 */
function withSilent(
  totals: readonly DayTotals[],
  sums: readonly BookedSum[],
  known: readonly SettlementRow[],
): DayTotals[] {
  const shared = sums.filter(({ kind }) => kind === "split" || kind === "split_return");
  const currencies = new Set([...shared, ...known].map(({ currency }) => currency));
  for (const { currency } of totals) currencies.delete(currency);
  return [...totals, ...[...currencies].map((currency) => ({ currency, ...NO_TOTALS }))];
}

/**
 * Writes the day's batches down, one for each currency, with the ledger's entries of what the
 * channel kept, in one transaction. The channel pays out by its own number, and its statement names
 * all that was paid to it: of several accounts with one number the first has the batches. Attack: a
 * number that is registered twice, whose fees would be booked and whose money expected twice.
 * @returns the batches as they are now: one that was paid before has the numbers it was paid by
 */
export async function settle(db: Database, day: DayToSettle): Promise<SettlementRow[]> {
  const { offsetMinutes, now } = day;
  const start = startOfDay(day.day, offsetMinutes);
  const sharing = await accountsSharing(db, day.account);
  const account = { ...day.account, id: sharing[0] };
  const sums = await bookedSums(db, account, sharing, start, start + DAY_MS);
  const totals =
    day.totals === null
      ? bookedTotals(sums)
      : withSilent(day.totals, sums, await settlementsOfDay(db, account.id, day.day));
  const rows = await Promise.all(
    totals.map((total) => rowOf({ ...day, account }, total, splitOn(sums, total.currency))),
  );
  const [first, ...rest] = rows.flatMap((row) => [
    ...putSettlement(db, row),
    ...(row.channel_fee === null
      ? []
      : [bookChannelFee(db, row, row.channel_fee, start + DAY_MS - 1, now)]),
  ]);
  if (first === undefined) return [];
  await db.batch([first, ...rest]);
  return settlementsOfDay(db, account.id, day.day);
}

async function rowOf(day: DayToSettle, totals: DayTotals, split: number): Promise<SettlementRow> {
  const { account, now } = day;
  return {
    ...totals,
    id: await causedId("settlement", "settlement", account.id, day.day, totals.currency),
    merchant_id: account.merchant_id,
    livemode: account.livemode,
    channel_account: account.id,
    day: day.day,
    source: day.totals === null ? "gateway" : "statement",
    split,
    net: netOf(totals, split),
    state: "expected",
    expected_at: expectedAt(account.channel, day.day, day.offsetMinutes),
    payout_id: null,
    run_id: day.runId,
    created_at: now,
    updated_at: now,
  };
}

/** Of an account whose channel sends no statement: an account that is gone brings nothing. */
export async function settleByBooks(
  { db, now }: { readonly db: Database; readonly now: () => number },
  { settle: id, day }: Extract<WorkMessage, { readonly settle: string }>,
): Promise<void> {
  const account = await findChannelAccount(db, id);
  if (account === null) return;
  const { offsetMinutes } = formatFor(account.channel, account.statement_profile);
  await settle(db, { account, day, offsetMinutes, totals: null, runId: null, now: now() });
}
