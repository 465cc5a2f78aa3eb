/** The table of the payment itself: one row. */
import type { ChargeAction } from "../channels/adapter.ts";
import type { Failure } from "../errors.ts";
import type { OrderCall } from "../messages.ts";
import type { ClosingReason, OrderKnowledge } from "../payments/payment.ts";
import type { PaymentStatus } from "../payments/states.ts";
import { jsonOrNull, parseOrNull } from "./json-column.ts";
import type { ChannelOrder, IntentRecord } from "./record.ts";

export const INTENT_TABLE = `
CREATE TABLE IF NOT EXISTS intent (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id TEXT NOT NULL,
  terms TEXT NOT NULL CHECK (json_valid(terms)),
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  value INTEGER NOT NULL CHECK (value > 0),
  expires_at INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  order_keeper TEXT,
  channel_order TEXT CHECK (channel_order IS NULL OR json_valid(channel_order)),
  orders INTEGER NOT NULL CHECK (orders >= 0),
  status TEXT NOT NULL,
  sequence INTEGER NOT NULL CHECK (sequence > 0),
  updated_at INTEGER NOT NULL,
  order_known TEXT NOT NULL
    CHECK (order_known IN ('none', 'unsent', 'unknown', 'open', 'refused')),
  action TEXT CHECK (action IS NULL OR json_valid(action)),
  action_expires_at INTEGER,
  closing TEXT CHECK (closing IN ('cancel', 'expire')),
  channel_transaction_id TEXT,
  succeeded_at INTEGER CHECK ((succeeded_at IS NOT NULL) = (status = 'succeeded')),
  last_error TEXT CHECK (last_error IS NULL OR json_valid(last_error)),
  late INTEGER NOT NULL CHECK (late IN (0, 1)),
  reversed INTEGER NOT NULL CHECK (reversed IN (0, 1)),
  refunded INTEGER NOT NULL CHECK (refunded >= 0),
  refunding INTEGER NOT NULL CHECK (refunding >= 0),
  answered_with INTEGER,
  call_ms INTEGER,
  call TEXT CHECK (call IS NULL OR json_valid(call)),
  asks INTEGER NOT NULL,
  ask_at INTEGER NOT NULL,
  afterwork_at INTEGER,
  published INTEGER NOT NULL CHECK (published <= sequence),
  publish_failures INTEGER NOT NULL,
  publish_at INTEGER NOT NULL,
  alarm_at INTEGER,
  journal TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(journal)),
  CHECK (refunded + refunding <= value),
  CHECK ((channel_order IS NULL) = (order_known = 'none'))
) STRICT`;

/** All but the journal, which only people read. */
export const INTENT_COLUMNS = `id, terms, currency, value, expires_at, fingerprint, order_keeper, channel_order,
  orders, status, sequence, updated_at, order_known, action, action_expires_at, closing,
  channel_transaction_id, succeeded_at, last_error, late, reversed, refunded, refunding,
  answered_with, call_ms, call, asks, ask_at, afterwork_at, published, publish_failures, publish_at,
  alarm_at`;

export interface IntentRow extends Record<string, SqlStorageValue> {
  id: string;
  terms: string;
  currency: string;
  value: number;
  expires_at: number;
  fingerprint: string;
  order_keeper: string | null;
  channel_order: string | null;
  orders: number;
  status: string;
  sequence: number;
  updated_at: number;
  order_known: string;
  action: string | null;
  action_expires_at: number | null;
  closing: string | null;
  channel_transaction_id: string | null;
  succeeded_at: number | null;
  last_error: string | null;
  late: number;
  reversed: number;
  refunded: number;
  refunding: number;
  answered_with: number | null;
  call_ms: number | null;
  call: string | null;
  asks: number;
  ask_at: number;
  afterwork_at: number | null;
  published: number;
  publish_failures: number;
  publish_at: number;
  alarm_at: number | null;
}

export function intentFromRow(row: IntentRow): IntentRecord {
  const terms = JSON.parse(row.terms) as IntentRecord["terms"];
  return {
    terms,
    order: parseOrNull(row.channel_order) as ChannelOrder | null,
    orders: row.orders,
    payment: {
      status: row.status as PaymentStatus,
      amount: { currency: row.currency, value: row.value },
      isAggregate: terms.options.length > 1,
      order: row.order_known as OrderKnowledge,
      action: parseOrNull(row.action) as ChargeAction | null,
      actionExpiresAt: row.action_expires_at,
      expiresAt: row.expires_at,
      closing: row.closing as ClosingReason | null,
      channelTransactionId: row.channel_transaction_id,
      succeededAt: row.succeeded_at,
      lastError: parseOrNull(row.last_error) as Failure | null,
      late: row.late === 1,
      reversed: row.reversed === 1,
      refunded: row.refunded,
      refunding: row.refunding,
    },
    sequence: row.sequence,
    updatedAt: row.updated_at,
    fingerprint: row.fingerprint,
    orderKeeper: row.order_keeper,
    answeredWith: row.answered_with,
    callMs: row.call_ms,
    call: parseOrNull(row.call) as OrderCall | null,
    asks: row.asks,
    askAt: row.ask_at,
    afterworkAt: row.afterwork_at,
    published: row.published,
    publishFailures: row.publish_failures,
    publishAt: row.publish_at,
    alarmAt: row.alarm_at,
  };
}

/** What is written once. */
export const fixedColumns = (record: IntentRecord): Record<string, SqlStorageValue> => {
  const { terms, payment } = record;
  return {
    one: 1,
    id: terms.id,
    terms: JSON.stringify(terms),
    currency: payment.amount.currency,
    value: payment.amount.value,
    expires_at: payment.expiresAt,
    fingerprint: record.fingerprint,
    order_keeper: record.orderKeeper,
  };
};

/** What only another order changes: its text is long. */
export const orderColumns = ({ order, orders }: IntentRecord): Record<string, SqlStorageValue> => ({
  channel_order: jsonOrNull(order),
  orders,
});

/** What every change may change. */
export function stateColumns(record: IntentRecord): Record<string, SqlStorageValue> {
  const { payment } = record;
  return {
    status: payment.status,
    sequence: record.sequence,
    updated_at: record.updatedAt,
    order_known: payment.order,
    action: jsonOrNull(payment.action),
    action_expires_at: payment.actionExpiresAt,
    closing: payment.closing,
    channel_transaction_id: payment.channelTransactionId,
    succeeded_at: payment.succeededAt,
    last_error: jsonOrNull(payment.lastError),
    late: Number(payment.late),
    reversed: Number(payment.reversed),
    refunded: payment.refunded,
    refunding: payment.refunding,
    answered_with: record.answeredWith,
    call_ms: record.callMs,
    call: jsonOrNull(record.call),
    asks: record.asks,
    ask_at: record.askAt,
    afterwork_at: record.afterworkAt,
    published: record.published,
    publish_failures: record.publishFailures,
    publish_at: record.publishAt,
    alarm_at: record.alarmAt,
  };
}
