/** The table of a payment's refunds. It is made with the first one: most payments have none. */
import type { Failure } from "../errors.ts";
import type { RefundStatus } from "../payments/refund.ts";
import { jsonOrNull, parseOrNull } from "./json-column.ts";
import type { RefundOrigin, RefundRecord, Revocation } from "./refund-record.ts";

export const REFUND_TABLE = `
CREATE TABLE IF NOT EXISTS refund (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  request_key TEXT NOT NULL UNIQUE,
  origin TEXT NOT NULL CHECK (origin IN ('merchant', 'late_payment', 'channel')),
  status TEXT NOT NULL CHECK (status IN ('requested', 'processing', 'succeeded', 'failed')),
  currency TEXT NOT NULL,
  value INTEGER NOT NULL CHECK (value > 0),
  reason TEXT,
  revoke TEXT CHECK (revoke IS NULL OR json_valid(revoke)),
  fee_returned INTEGER CHECK (fee_returned IS NULL OR status = 'succeeded'),
  payload TEXT NOT NULL,
  notify_url TEXT NOT NULL,
  channel_refund_id TEXT,
  refunded_at INTEGER CHECK ((refunded_at IS NOT NULL) = (status = 'succeeded')),
  last_error TEXT CHECK (last_error IS NULL OR json_valid(last_error)),
  sequence INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  asks INTEGER NOT NULL,
  ask_at INTEGER NOT NULL
) STRICT`;

export interface RefundRow extends Record<string, SqlStorageValue> {
  number: number;
  id: string;
  request_key: string;
  origin: string;
  status: string;
  currency: string;
  value: number;
  reason: string | null;
  revoke: string | null;
  fee_returned: number | null;
  payload: string;
  notify_url: string;
  channel_refund_id: string | null;
  refunded_at: number | null;
  last_error: string | null;
  sequence: number;
  created_at: number;
  updated_at: number;
  asks: number;
  ask_at: number;
}

export const refundFromRow = (row: RefundRow): RefundRecord => ({
  id: row.id,
  number: row.number,
  requestKey: row.request_key,
  origin: row.origin as RefundOrigin,
  refund: {
    status: row.status as RefundStatus,
    amount: { currency: row.currency, value: row.value },
    channelRefundId: row.channel_refund_id,
    refundedAt: row.refunded_at,
    lastError: parseOrNull(row.last_error) as Failure | null,
  },
  reason: row.reason,
  revoke: parseOrNull(row.revoke) as Revocation | null,
  feeReturned: row.fee_returned,
  payload: row.payload,
  notifyUrl: row.notify_url,
  sequence: row.sequence,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  asks: row.asks,
  askAt: row.ask_at,
});

export const refundToRow = (record: RefundRecord): RefundRow => ({
  number: record.number,
  id: record.id,
  request_key: record.requestKey,
  origin: record.origin,
  status: record.refund.status,
  currency: record.refund.amount.currency,
  value: record.refund.amount.value,
  reason: record.reason,
  revoke: jsonOrNull(record.revoke),
  fee_returned: record.feeReturned,
  payload: record.payload,
  notify_url: record.notifyUrl,
  channel_refund_id: record.refund.channelRefundId,
  refunded_at: record.refund.refundedAt,
  last_error: jsonOrNull(record.refund.lastError),
  sequence: record.sequence,
  created_at: record.createdAt,
  updated_at: record.updatedAt,
  asks: record.asks,
  ask_at: record.askAt,
});
