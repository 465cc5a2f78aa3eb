/**
 * A merchant's days or months in numbers, counted when they are asked for: payments from their
 * copies by the time of their creation, money from the ledger by the time at which it moved. Nothing
 * is kept that could differ from either.
 */
import { and, eq, gte, lt, sql } from "drizzle-orm";

import type { ChannelAccountRow } from "./api-keys.ts";
import type { Database } from "./db.ts";
import { inList } from "./json-list.ts";
import { channelOf } from "./ledger.ts";
import {
  type Cell,
  numbersOf,
  type OverviewNumbers,
  type OverviewWindow,
  readCells,
} from "./overview.ts";
import { exceptions, settlements } from "./schema.ts";

/** Which sum of a line an entry raises (or lowers), and which number counts it. */
const FIGURES = {
  gross: { sum: "volume", sign: 1, count: "payments" },
  refund: { sum: "refunded", sign: 1, count: "refunds" },
  fee: { sum: "platform_fee", sign: 1, count: null },
  fee_refund: { sum: "platform_fee", sign: -1, count: null },
  channel_fee: { sum: "channel_fee", sign: 1, count: null },
  channel_fee_return: { sum: "channel_fee", sign: -1, count: null },
  split: { sum: "split", sign: 1, count: null },
  split_return: { sum: "split", sign: -1, count: null },
  payout: { sum: "paid_out", sign: 1, count: null },
} as const;

const KINDS = Object.keys(FIGURES);

/** What moved, in minor units, and how often. */
export interface Moved {
  readonly payments: number;
  readonly volume: number;
  readonly refunds: number;
  readonly refunded: number;
  readonly platform_fee: number;
  readonly channel_fee: number;
  readonly split: number;
  readonly paid_out: number;
}

const NOTHING: Moved = {
  payments: 0,
  volume: 0,
  refunds: 0,
  refunded: 0,
  platform_fee: 0,
  channel_fee: 0,
  split: 0,
  paid_out: 0,
};

/** What the channel's days should have brought to the bank, in minor units. */
export interface Settled {
  readonly settlements: number;
  readonly settled: number;
  /** Of it, what has arrived. */
  readonly settled_paid: number;
}

type Counted = Omit<OverviewNumbers, "amounts" | "channels">;

export interface ReportLine extends Counted, Moved, Settled {
  readonly currency: string;
  /** Null: the buyer has not chosen. */
  readonly channel: string | null;
}

export interface ReportExceptions {
  readonly channel: string | null;
  readonly kind: string;
  readonly state: string;
  readonly count: number;
}

export interface ReportBucket {
  readonly lines: readonly ReportLine[];
  readonly exceptions: readonly ReportExceptions[];
}

export interface ReportRequest {
  readonly merchantId: string;
  readonly livemode: boolean;
  /** All of the merchant's accounts, also those that are out of use. */
  readonly accounts: readonly Pick<ChannelAccountRow, "id" | "channel">[];
  readonly window: OverviewWindow;
  /** The channels' days in the window, `YYYY-MM-DD`, in their order, and the bucket of each. */
  readonly days: ReadonlyMap<string, number>;
}

// D1 binds every number as a float, the quotient is one too; none is negative.
const bucketOf = (column: string, { from, bucketMs }: OverviewWindow) =>
  sql`CAST((${sql.raw(column)} - ${from}) / ${bucketMs} AS INTEGER)`;

interface MovedRow {
  readonly bucket: number;
  readonly currency: string;
  readonly kind: keyof typeof FIGURES;
  /** `channel:ca_…` */
  readonly account: string | null;
  readonly count: number;
  readonly value: number;
}

function readMoved(db: Database, request: ReportRequest): Promise<MovedRow[]> {
  const { merchantId, livemode, window } = request;
  return db.all<MovedRow>(sql`
    SELECT ${bucketOf("e.at", window)} AS bucket, e.currency, e.kind,
      ${channelOf("e")} AS account,
      count(*) AS count, sum(e.value) AS value
    FROM ledger_entries AS e
    WHERE e.merchant_id = ${merchantId} AND e.livemode = ${Number(livemode)}
      AND e.at >= ${window.from} AND e.at < ${window.to}
      AND e.kind IN ${inList(KINDS)}
    GROUP BY 1, 2, 3, 4`);
}

const readExceptions = (db: Database, { merchantId, livemode, window }: ReportRequest) => {
  const { merchant_id, livemode: mode, created_at, kind, state, channel_account } = exceptions;
  return db
    .select({
      bucket: sql<number>`${bucketOf("created_at", window)}`.as("bucket"),
      kind,
      state,
      account: channel_account,
      count: sql<number>`count(*)`,
    })
    .from(exceptions)
    .where(
      and(
        eq(merchant_id, merchantId),
        eq(mode, livemode),
        gte(created_at, window.from),
        lt(created_at, window.to),
      ),
    )
    .groupBy(sql`bucket`, kind, state, channel_account);
};

const readSettled = (db: Database, { accounts, days }: ReportRequest) => {
  const { day, currency, channel_account, net, state } = settlements;
  return db
    .select({
      day,
      currency,
      account: channel_account,
      count: sql<number>`count(*)`,
      net: sql<number>`sum(${net})`,
      paid: sql<number>`sum(iif(${state} = 'paid', ${net}, 0))`,
    })
    .from(settlements)
    .where(
      and(
        sql`${channel_account} IN ${inList(accounts.map(({ id }) => id))}`,
        sql`${day} IN ${inList([...days.keys()])}`,
      ),
    )
    .groupBy(day, currency, channel_account);
};

/** Everything of one bucket, by currency and channel. */
interface Part extends Partial<Moved>, Partial<Settled> {
  readonly bucket: number;
  readonly currency: string;
  readonly channel: string | null;
  readonly cell?: Cell;
}

function partOf({ bucket, currency, kind, count, value }: MovedRow, channel: string | null): Part {
  const figure = FIGURES[kind];
  const counted = figure.count === null ? {} : { [figure.count]: count };
  return { bucket, currency, channel, ...counted, [figure.sum]: figure.sign * value };
}

const total = (parts: readonly Part[], name: keyof Moved | keyof Settled): number =>
  parts.reduce((sum, part) => sum + (part[name] ?? 0), 0);

function lineOf(parts: readonly Part[], { currency, channel }: Part): ReportLine {
  const cells = parts.flatMap(({ cell }) => (cell === undefined ? [] : [cell]));
  const { amounts: _amounts, channels: _channels, ...counted } = numbersOf(cells);
  const names = Object.keys(NOTHING) as (keyof Moved)[];
  const moved = Object.fromEntries(names.map((name) => [name, total(parts, name)]));
  return {
    currency,
    channel,
    ...counted,
    ...NOTHING,
    ...moved,
    settlements: total(parts, "settlements"),
    settled: total(parts, "settled"),
    settled_paid: total(parts, "settled_paid"),
  };
}

const byCurrencyAndChannel = (a: ReportLine, b: ReportLine): number =>
  [a.currency, a.channel ?? ""].join() < [b.currency, b.channel ?? ""].join() ? -1 : 1;

function linesOf(parts: readonly Part[]): ReportLine[] {
  const groups = Map.groupBy(parts, ({ currency, channel }) => `${currency} ${channel ?? ""}`);
  return [...groups.values()]
    .flatMap((group) => (group[0] === undefined ? [] : [lineOf(group, group[0])]))
    .toSorted(byCurrencyAndChannel);
}

/** The window's buckets in their order, also those in which nothing happened. */
export async function readReport(db: Database, request: ReportRequest): Promise<ReportBucket[]> {
  const { merchantId, livemode, window, days } = request;
  const [cells, moved, found, settled] = await Promise.all([
    readCells(db, merchantId, livemode, window),
    readMoved(db, request),
    readExceptions(db, request),
    readSettled(db, request),
  ]);
  const channels = new Map(request.accounts.map(({ id, channel }) => [id, channel]));
  const channelAt = (account: string | null) =>
    channels.get(account?.replace(/^channel:/, "") ?? "") ?? null;
  const parts: Part[] = [
    ...cells.map((cell) => ({
      bucket: cell.bucket,
      currency: cell.currency,
      channel: cell.channel,
      cell,
    })),
    ...moved.map((row) => partOf(row, channelAt(row.account))),
    ...settled.map(({ day, currency, account, count, net, paid }) => ({
      bucket: days.get(day) ?? 0,
      currency,
      channel: channelAt(account),
      settlements: count,
      settled: net,
      settled_paid: paid,
    })),
  ];
  const byBucket = Map.groupBy(parts, ({ bucket }) => bucket);
  const exceptionsBy = Map.groupBy(found, ({ bucket }) => bucket);
  return Array.from({ length: (window.to - window.from) / window.bucketMs }, (_, at) => ({
    lines: linesOf(byBucket.get(at) ?? []),
    exceptions: exceptionCounts(exceptionsBy.get(at) ?? [], channelAt),
  }));
}

interface FoundRow {
  readonly account: string;
  readonly kind: string;
  readonly state: string;
  readonly count: number;
}

/** Accounts of one channel together. */
function exceptionCounts(
  rows: readonly FoundRow[],
  channelAt: (account: string) => string | null,
): ReportExceptions[] {
  const groups = Map.groupBy(rows, ({ account, kind, state }) =>
    [channelAt(account) ?? "", kind, state].join(),
  );
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, group]) => {
      const [first] = group;
      if (first === undefined) return [];
      const { account, kind, state } = first;
      const count = group.reduce((sum, row) => sum + row.count, 0);
      return [{ channel: channelAt(account), kind, state, count }];
    });
}
