/**
 * The tables of one payment's object. Raw STRICT SQL: few fixed tables, checked by the database
 * itself, no migration at the first touch. A read of an id that was never created writes nothing,
 * so strangers cannot fill storage by guessing.
 *
 * A paid payment costs 8 row writes: the intent 5 times (reserve, settle, published, paid,
 * published) and 3 changes. The journal rides on those.
 */
import type { Failure } from "../errors.ts";
import type { ChargeAction } from "../channels/adapter.ts";
import type { ClosingReason, OrderKnowledge } from "../payments/payment.ts";
import type { OrderCall } from "../messages.ts";
import type { PaymentStatus } from "../payments/states.ts";
import { jsonOrNull, parseOrNull } from "./json-column.ts";
import { appended, type JournalEntry } from "./journal.ts";
import type { ChangeRow, ChannelOrder, IntentRecord, LeftOrder } from "./record.ts";
import type { RefundRecord } from "./refund-record.ts";
import { REFUND_TABLE, refundFromRow, type RefundRow, refundToRow } from "./refund-storage.ts";

const SCHEMA = `
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
) STRICT;
CREATE TABLE IF NOT EXISTS change (
  sequence INTEGER PRIMARY KEY,
  type TEXT,
  at INTEGER NOT NULL,
  request_id TEXT,
  snapshot TEXT NOT NULL CHECK (json_valid(snapshot)),
  refund TEXT CHECK (refund IS NULL OR json_valid(refund))
) STRICT;`;

/** Written only where they are needed: by a repeated cancel or sync, and for order numbers. */
const ANSWERS = `
CREATE TABLE IF NOT EXISTS answer (
  request TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  status INTEGER,
  body TEXT
) STRICT, WITHOUT ROWID`;

const KEEPER = `
CREATE TABLE IF NOT EXISTS kept_order (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  intent_id TEXT NOT NULL
) STRICT`;

/** Orders that a buyer has left for another; most payments have none. */
const LEFT_ORDERS = `
CREATE TABLE IF NOT EXISTS left_order (
  number TEXT PRIMARY KEY,
  channel_order TEXT NOT NULL CHECK (json_valid(channel_order)),
  channel_transaction_id TEXT,
  reversed INTEGER NOT NULL CHECK (reversed IN (0, 1)),
  close_at INTEGER,
  asks INTEGER NOT NULL
) STRICT, WITHOUT ROWID`;

interface LeftRow extends Record<string, SqlStorageValue> {
  channel_order: string;
  channel_transaction_id: string | null;
  reversed: number;
  close_at: number | null;
  asks: number;
}

/** All but the journal, which only people read. */
const COLUMNS = `id, terms, currency, value, expires_at, fingerprint, order_keeper, channel_order,
  orders, status, sequence, updated_at, order_known, action, action_expires_at, closing,
  channel_transaction_id, succeeded_at, last_error, late, reversed, refunded, refunding,
  answered_with, call_ms, call, asks, ask_at, afterwork_at, published, publish_failures, publish_at,
  alarm_at`;

interface IntentRow extends Record<string, SqlStorageValue> {
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

function fromRow(row: IntentRow): IntentRecord {
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

/** The columns that change, in one place for insert and update. */
function mutable(record: IntentRecord): Record<string, SqlStorageValue> {
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

/** What a repeated cancel or sync finds. */
export interface StoredAnswer {
  readonly fingerprint: string;
  /** Null while the first request runs, or after it ended without a certain answer. */
  readonly status: number | null;
  readonly body: string | null;
}

export class IntentStorage {
  readonly #storage: DurableObjectStorage;
  /** Which tables there are; asked once, because nobody else makes any. Null: not asked yet. */
  #tables: Set<string> | null = null;
  readonly #unwritten: JournalEntry[] = [];

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Everything inside commits together or not at all; nothing inside may await. */
  transaction<T>(body: () => T): T {
    try {
      return this.#storage.transactionSync(body);
    } catch (error) {
      // A table that was made inside is gone again.
      this.#tables = null;
      throw error;
    }
  }

  read(): IntentRecord | null {
    if (!this.#has("intent")) return null;
    const row = this.#storage.sql.exec<IntentRow>(`SELECT ${COLUMNS} FROM intent`).toArray()[0];
    return row === undefined ? null : fromRow(row);
  }

  insert(record: IntentRecord): void {
    this.#create("intent", SCHEMA);
    const { terms, payment } = record;
    const row: Record<string, SqlStorageValue> = {
      one: 1,
      id: terms.id,
      terms: JSON.stringify(terms),
      currency: payment.amount.currency,
      value: payment.amount.value,
      expires_at: payment.expiresAt,
      fingerprint: record.fingerprint,
      order_keeper: record.orderKeeper,
      channel_order: jsonOrNull(record.order),
      orders: record.orders,
      ...mutable(record),
      ...this.#pendingJournal(),
    };
    const names = Object.keys(row);
    this.#storage.sql.exec(
      `INSERT INTO intent (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
      ...Object.values(row),
    );
  }

  update(record: IntentRecord): void {
    this.#set({ ...mutable(record), ...this.#pendingJournal() });
  }

  /** As {@link update}, with another order than before, or none. */
  updateOrder(record: IntentRecord): void {
    const ordered = { channel_order: jsonOrNull(record.order), orders: record.orders };
    this.#set({ ...mutable(record), ...ordered, ...this.#pendingJournal() });
  }

  /** Is written with the next change of the payment's row, or by {@link flushJournal}. */
  addToJournal(entry: JournalEntry): void {
    this.#unwritten.push(entry);
  }

  flushJournal(): void {
    if (this.#unwritten.length > 0 && this.#has("intent")) this.#set(this.#pendingJournal());
  }

  /** Oldest first. */
  journal(): JournalEntry[] {
    if (!this.#has("intent")) return [];
    const row = this.#storage.sql.exec<{ journal: string }>("SELECT journal FROM intent").one();
    return JSON.parse(row.journal) as JournalEntry[];
  }

  #pendingJournal(): { journal?: string } {
    if (this.#unwritten.length === 0) return {};
    const written = this.#hasRow() ? this.journal() : [];
    return { journal: JSON.stringify(appended(written, this.#unwritten.splice(0))) };
  }

  #hasRow(): boolean {
    return this.#storage.sql.exec("SELECT 1 FROM intent").toArray().length > 0;
  }

  /** What the buyer has ordered and left, in the order of their numbers. */
  leftOrders(): LeftOrder[] {
    if (!this.#has("left_order")) return [];
    return this.#storage.sql
      .exec<LeftRow>(
        `SELECT channel_order, channel_transaction_id, reversed, close_at, asks
         FROM left_order ORDER BY number`,
      )
      .toArray()
      .map((row) => ({
        order: JSON.parse(row.channel_order) as ChannelOrder,
        channelTransactionId: row.channel_transaction_id,
        reversed: row.reversed === 1,
        closeAt: row.close_at,
        asks: row.asks,
      }));
  }

  putLeftOrder({ order, channelTransactionId, reversed, closeAt, asks }: LeftOrder): void {
    this.#create("left_order", LEFT_ORDERS);
    this.#storage.sql.exec(
      `INSERT OR REPLACE INTO left_order
         (number, channel_order, channel_transaction_id, reversed, close_at, asks)
       VALUES (?, ?, ?, ?, ?, ?)`,
      order.number,
      JSON.stringify(order),
      channelTransactionId,
      Number(reversed),
      closeAt,
      asks,
    );
  }

  dropLeftOrder(number: string): void {
    this.#storage.sql.exec("DELETE FROM left_order WHERE number = ?", number);
  }

  #set(row: Record<string, SqlStorageValue>): void {
    const changes = Object.keys(row).map((name) => `${name} = ?`);
    this.#storage.sql.exec(`UPDATE intent SET ${changes.join(", ")}`, ...Object.values(row));
  }

  appendChange(change: ChangeRow): void {
    this.#storage.sql.exec(
      `INSERT INTO change (sequence, type, at, request_id, snapshot, refund)
       VALUES (?, ?, ?, ?, ?, ?)`,
      change.sequence,
      change.type,
      change.at,
      change.request_id,
      change.snapshot,
      change.refund,
    );
  }

  /** Changes after a sequence, oldest first. */
  changesAfter(sequence: number, limit: number): ChangeRow[] {
    return this.#storage.sql
      .exec<ChangeRow & Record<string, SqlStorageValue>>(
        "SELECT * FROM change WHERE sequence > ? ORDER BY sequence LIMIT ?",
        sequence,
        limit,
      )
      .toArray();
  }

  /** The snapshot of one change. @throws Error when there is none: a broken invariant. */
  snapshot(sequence: number): string {
    return this.#storage.sql
      .exec<{ snapshot: string }>("SELECT snapshot FROM change WHERE sequence = ?", sequence)
      .one().snapshot;
  }

  /** Takes a reservation back that never left this object. */
  discard(): void {
    this.#unwritten.length = 0;
    this.#storage.sql.exec("DELETE FROM change");
    this.#storage.sql.exec("DELETE FROM intent");
  }

  /** In the order of their making. */
  refunds(): RefundRecord[] {
    if (!this.#has("refund")) return [];
    return this.#storage.sql
      .exec<RefundRow>("SELECT * FROM refund ORDER BY number")
      .toArray()
      .map(refundFromRow);
  }

  /** Inserts or replaces a refund. */
  putRefund(record: RefundRecord): void {
    this.#create("refund", REFUND_TABLE);
    const row = refundToRow(record);
    const names = Object.keys(row);
    this.#storage.sql.exec(
      `INSERT INTO refund (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})
       ON CONFLICT (number) DO UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join(", ")}`,
      ...Object.values(row),
    );
  }

  answer(request: string): StoredAnswer | null {
    if (!this.#has("answer")) return null;
    const row = this.#storage.sql
      .exec<StoredAnswer & Record<string, SqlStorageValue>>(
        "SELECT fingerprint, status, body FROM answer WHERE request = ?",
        request,
      )
      .toArray()[0];
    return row ?? null;
  }

  saveAnswer(request: string, answer: StoredAnswer): void {
    this.#create("answer", ANSWERS);
    this.#storage.sql.exec(
      `INSERT INTO answer (request, fingerprint, status, body) VALUES (?, ?, ?, ?)
       ON CONFLICT (request) DO UPDATE SET status = excluded.status, body = excluded.body`,
      request,
      answer.fingerprint,
      answer.status,
      answer.body,
    );
  }

  /** The payment that holds the order number this object stands for. */
  keptOrder(): string | null {
    if (!this.#has("kept_order")) return null;
    const row = this.#storage.sql
      .exec<{ intent_id: string }>("SELECT intent_id FROM kept_order")
      .toArray()[0];
    return row?.intent_id ?? null;
  }

  keepOrder(intentId: string): void {
    this.#create("kept_order", KEEPER);
    this.#storage.sql.exec("INSERT INTO kept_order (one, intent_id) VALUES (1, ?)", intentId);
  }

  #has(table: string): boolean {
    this.#tables ??= new Set(
      this.#storage.sql
        .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
        .toArray()
        .map(({ name }) => name),
    );
    return this.#tables.has(table);
  }

  #create(table: string, schema: string): void {
    if (this.#has(table)) return;
    this.#storage.sql.exec(schema);
    this.#tables = null;
  }
}
