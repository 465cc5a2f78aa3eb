/**
 * The tables of one payment's object. Raw STRICT SQL: few fixed tables, checked by the database
 * itself, no migration at the first touch. A read of an id that was never created writes nothing,
 * so strangers cannot fill storage by guessing.
 *
 * A paid payment costs 8 row writes: the intent 5 times (reserve, settle, published, paid,
 * published) and 3 changes. The journal rides on those.
 */
import {
  fixedColumns,
  INTENT_COLUMNS,
  INTENT_TABLE,
  intentFromRow,
  type IntentRow,
  orderColumns,
  stateColumns,
} from "./intent-row.ts";
import { appended, type JournalEntry } from "./journal.ts";
import {
  LEFT_ORDER_TABLE,
  leftOrderFromRow,
  type LeftOrderRow,
  leftOrderToRow,
} from "./left-order-storage.ts";
import type { ChangeRow, IntentRecord, LeftOrder } from "./record.ts";
import type { RefundRecord } from "./refund-record.ts";
import { REFUND_TABLE, refundFromRow, type RefundRow, refundToRow } from "./refund-storage.ts";

const CHANGES = `
CREATE TABLE IF NOT EXISTS change (
  sequence INTEGER PRIMARY KEY,
  type TEXT,
  at INTEGER NOT NULL,
  request_id TEXT,
  snapshot TEXT NOT NULL CHECK (json_valid(snapshot)),
  refund TEXT CHECK (refund IS NULL OR json_valid(refund))
) STRICT`;

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
    const row = this.#storage.sql
      .exec<IntentRow>(`SELECT ${INTENT_COLUMNS} FROM intent`)
      .toArray()[0];
    return row === undefined ? null : intentFromRow(row);
  }

  insert(record: IntentRecord): void {
    this.#create("intent", INTENT_TABLE);
    this.#create("change", CHANGES);
    const columns = { ...fixedColumns(record), ...orderColumns(record), ...stateColumns(record) };
    this.#insert("intent", { ...columns, ...this.#pendingJournal() });
  }

  update(record: IntentRecord): void {
    this.#set({ ...stateColumns(record), ...this.#pendingJournal() });
  }

  /** As {@link update}, with another order than before, or none. */
  updateOrder(record: IntentRecord): void {
    const columns = { ...stateColumns(record), ...orderColumns(record) };
    this.#set({ ...columns, ...this.#pendingJournal() });
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
    const row = this.#storage.sql
      .exec<{ journal: string }>("SELECT journal FROM intent")
      .toArray()[0];
    return row === undefined ? [] : (JSON.parse(row.journal) as JournalEntry[]);
  }

  #pendingJournal(): { journal?: string } {
    if (this.#unwritten.length === 0) return {};
    return { journal: JSON.stringify(appended(this.journal(), this.#unwritten.splice(0))) };
  }

  /** What the buyer has ordered and left, in the order of their numbers. */
  leftOrders(): LeftOrder[] {
    if (!this.#has("left_order")) return [];
    return this.#storage.sql
      .exec<LeftOrderRow>("SELECT * FROM left_order ORDER BY number")
      .toArray()
      .map(leftOrderFromRow);
  }

  /** Inserts or replaces an order that was left. */
  putLeftOrder(left: LeftOrder): void {
    this.#create("left_order", LEFT_ORDER_TABLE);
    this.#insert("left_order", leftOrderToRow(left), "number");
  }

  dropLeftOrder(number: string): void {
    this.#storage.sql.exec("DELETE FROM left_order WHERE number = ?", number);
  }

  appendChange(change: ChangeRow): void {
    this.#insert("change", { ...change });
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
    this.#insert("refund", refundToRow(record), "number");
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

  #set(row: Record<string, SqlStorageValue>): void {
    const changes = Object.keys(row).map((name) => `${name} = ?`);
    this.#storage.sql.exec(`UPDATE intent SET ${changes.join(", ")}`, ...Object.values(row));
  }

  /** @param key the column that a row is replaced by; null: there is no such row yet */
  #insert(table: string, row: Record<string, SqlStorageValue>, key: string | null = null): void {
    const names = Object.keys(row);
    const places = names.map(() => "?").join(", ");
    const replaced = names.map((name) => `${name} = excluded.${name}`).join(", ");
    const conflict = key === null ? "" : ` ON CONFLICT (${key}) DO UPDATE SET ${replaced}`;
    this.#storage.sql.exec(
      `INSERT INTO ${table} (${names.join(", ")}) VALUES (${places})${conflict}`,
      ...Object.values(row),
    );
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
    this.#tables?.add(table);
  }
}
