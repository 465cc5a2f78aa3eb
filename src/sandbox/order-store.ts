/** The tables of one simulated order: one trade, how often it was ordered, and its callbacks. */
import {
  FAULT_SCRIPTS,
  type CallbackFlaw,
  type FaultScript,
  type SandboxRefund,
} from "./simulator.ts";
import type { Trade } from "./trade.ts";

const TABLES = `
CREATE TABLE IF NOT EXISTS attempts (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  count INTEGER NOT NULL,
  script TEXT,
  refunds INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS trade (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  channel TEXT NOT NULL,
  merchant TEXT NOT NULL,
  order_number TEXT NOT NULL,
  parameters TEXT NOT NULL,
  currency TEXT NOT NULL,
  value INTEGER NOT NULL CHECK (value >= 0),
  notify_url TEXT NOT NULL,
  transaction_id TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  scanned_at INTEGER,
  declined_at INTEGER,
  closed_at INTEGER,
  paid_at INTEGER,
  shown_at INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS refunds (
  refund_number TEXT PRIMARY KEY,
  refund TEXT NOT NULL CHECK (json_valid(refund))
) STRICT;
CREATE TABLE IF NOT EXISTS callbacks (
  id INTEGER PRIMARY KEY,
  refund_number TEXT,
  flaw TEXT,
  seed TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  first_at INTEGER,
  next_at INTEGER,
  status INTEGER,
  acknowledged INTEGER NOT NULL CHECK (acknowledged IN (0, 1))
) STRICT;
CREATE TABLE IF NOT EXISTS bookings (
  id INTEGER PRIMARY KEY,
  booking TEXT NOT NULL CHECK (json_valid(booking)),
  next_at INTEGER NOT NULL
) STRICT;`;

interface TradeRow extends Record<string, SqlStorageValue> {
  channel: string;
  merchant: string;
  order_number: string;
  parameters: string;
  currency: string;
  value: number;
  notify_url: string;
  transaction_id: string | null;
  created_at: number;
  expires_at: number | null;
  scanned_at: number | null;
  declined_at: number | null;
  closed_at: number | null;
  paid_at: number | null;
  shown_at: number | null;
}

/** One notification: its repeats carry the same seed, so the same notification id. */
export interface CallbackRow extends Record<string, SqlStorageValue> {
  id: number;
  /** The refund that it tells of; null: the payment. */
  refund_number: string | null;
  flaw: CallbackFlaw;
  seed: string;
  attempts: number;
  /** Ms since 1970 when it was first built; null: not yet. */
  first_at: number | null;
  /** Ms since 1970; null: not planned, or done with. */
  next_at: number | null;
  /** HTTP status of the last answer; null: none came. */
  status: number | null;
  acknowledged: number;
}

export const createTables = (sql: SqlStorage): void => {
  sql.exec(TABLES);
};

/** A query for an order that does not exist must not leave tables behind. */
const hasTables = (sql: SqlStorage): boolean =>
  sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'trade'").toArray().length > 0;

/** Counts a create. The script of the first one stays the order's script. */
export function countAttempt(
  sql: SqlStorage,
  script: FaultScript | null,
): { readonly attempt: number; readonly script: FaultScript | null } {
  const row = sql
    .exec<{ count: number; script: string | null }>(
      `INSERT INTO attempts (one, count, script) VALUES (1, 1, ?)
       ON CONFLICT (one) DO UPDATE SET count = count + 1 RETURNING count, script`,
      script,
    )
    .one();
  return { attempt: row.count, script: asScript(row.script) };
}

export const readScript = (sql: SqlStorage): FaultScript | null =>
  asScript(
    sql.exec<{ script: string | null }>("SELECT script FROM attempts").toArray()[0]?.script ?? null,
  );

const asScript = (text: string | null): FaultScript | null =>
  FAULT_SCRIPTS.find((script) => script === text) ?? null;

export function readTrade(sql: SqlStorage): Trade | null {
  if (!hasTables(sql)) return null;
  const row = sql.exec<TradeRow>("SELECT * FROM trade").toArray()[0];
  if (row === undefined) return null;
  return {
    channel: row.channel,
    merchant: row.merchant,
    orderNumber: row.order_number,
    parameters: row.parameters,
    currency: row.currency,
    value: row.value,
    notifyUrl: row.notify_url,
    transactionId: row.transaction_id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    scannedAt: row.scanned_at,
    declinedAt: row.declined_at,
    closedAt: row.closed_at,
    paidAt: row.paid_at,
    shownAt: row.shown_at,
  };
}

/** Inserts or replaces the trade. */
export function writeTrade(sql: SqlStorage, trade: Trade): void {
  sql.exec(
    `INSERT OR REPLACE INTO trade (one, channel, merchant, order_number, parameters, currency,
       value, notify_url, transaction_id, created_at, expires_at, scanned_at, declined_at,
       closed_at, paid_at, shown_at)
     VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    trade.channel,
    trade.merchant,
    trade.orderNumber,
    trade.parameters,
    trade.currency,
    trade.value,
    trade.notifyUrl,
    trade.transactionId,
    trade.createdAt,
    trade.expiresAt,
    trade.scannedAt,
    trade.declinedAt,
    trade.closedAt,
    trade.paidAt,
    trade.shownAt,
  );
}

/** In the order of their making. */
export const readRefunds = (sql: SqlStorage): SandboxRefund[] =>
  hasTables(sql)
    ? sql
        .exec<{ refund: string }>("SELECT refund FROM refunds ORDER BY rowid")
        .toArray()
        .map(({ refund }) => JSON.parse(refund) as SandboxRefund)
    : [];

/** Inserts or replaces a refund. */
export const writeRefund = (sql: SqlStorage, refund: SandboxRefund): void => {
  sql.exec(
    `INSERT INTO refunds VALUES (?, ?)
     ON CONFLICT (refund_number) DO UPDATE SET refund = excluded.refund`,
    refund.refundNumber,
    JSON.stringify(refund),
  );
};

/** Counts a refund request; the first one of an order may be spoiled. */
export const countRefundRequest = (sql: SqlStorage): number =>
  sql
    .exec<{ count: number }>("UPDATE attempts SET refunds = refunds + 1 RETURNING refunds AS count")
    .toArray()[0]?.count ?? 1;

/** Adds a notification that is to be sent at `nextAt` (ms), or once somebody plans it. */
export const addCallback = (
  sql: SqlStorage,
  flaw: CallbackFlaw,
  seed: string,
  nextAt: number | null,
  refundNumber: string | null = null,
): CallbackRow =>
  sql
    .exec<CallbackRow>(
      `INSERT INTO callbacks (refund_number, flaw, seed, attempts, next_at, acknowledged)
       VALUES (?, ?, ?, 0, ?, 0) RETURNING *`,
      refundNumber,
      flaw,
      seed,
      nextAt,
    )
    .one();

/** Plans every callback that was never sent. */
export const planUnsent = (sql: SqlStorage, nextAt: number): void => {
  sql.exec("UPDATE callbacks SET next_at = ? WHERE attempts = 0 AND acknowledged = 0", nextAt);
};

export const readCallbacks = (sql: SqlStorage): CallbackRow[] =>
  sql.exec<CallbackRow>("SELECT * FROM callbacks ORDER BY id").toArray();

export interface Attempt {
  /** Ms since 1970 that the callback was built with. */
  readonly builtAt: number;
  readonly status: number | null;
  readonly acknowledged: boolean;
  /** Ms since 1970 of the next attempt; null: none. */
  readonly nextAt: number | null;
}

/** Records an attempt. */
export const recordAttempt = (sql: SqlStorage, id: number, attempt: Attempt): void => {
  sql.exec(
    `UPDATE callbacks SET attempts = attempts + 1, first_at = coalesce(first_at, ?),
       status = ?, acknowledged = ?, next_at = ? WHERE id = ?`,
    attempt.builtAt,
    attempt.status,
    attempt.acknowledged ? 1 : 0,
    attempt.nextAt,
    id,
  );
};

/**
 * Takes what is due, and moves it behind `lease` (ms since 1970) so that an object that dies while
 * sending sends again. The earliest one counts as due whenever this is asked: alarms never come
 * early, but may be asked for early.
 */
export function takeDue(sql: SqlStorage, now: number, lease: number): CallbackRow[] {
  const horizon = Math.max(now, nextDueAt(sql) ?? now);
  const due = readCallbacks(sql).filter((row) => row.next_at !== null && row.next_at <= horizon);
  for (const row of due) sql.exec("UPDATE callbacks SET next_at = ? WHERE id = ?", lease, row.id);
  return due;
}

/** When the next callback or booking is due, in ms since 1970. */
export const nextDueAt = (sql: SqlStorage): number | null =>
  sql
    .exec<{ next: number | null }>(
      `SELECT min(next_at) AS next FROM
         (SELECT next_at FROM callbacks UNION ALL SELECT next_at FROM bookings)`,
    )
    .one().next;
