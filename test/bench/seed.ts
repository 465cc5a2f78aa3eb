/**
 * Payments by the hundred thousand, written straight into the local D1's file while nothing runs on
 * it: over HTTP it would take hours. What stands there is what the queue's consumer would write.
 */
import { readdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
export const DAY_MS = 86_400_000;
export const DAYS = 30;

const CHANNELS = ["wechat", "alipay", "promptpay", "paynow", "antom"] as const;
const CHANNEL_SHARES = [50, 30, 10, 7, 3];
const CURRENCY: Readonly<Record<string, string>> = { promptpay: "THB", paynow: "SGD" };
const STATUSES = ["succeeded", "failed", "expired", "cancelled", "qr_generated"] as const;
const STATUS_SHARES = [88, 5, 5, 1, 1];
/** Of 100 payments these many have an order number. */
const ORDERED = 90;

export interface Stock {
  readonly merchantId: string;
  readonly payments: number;
}

/** What can be looked for in the stock of one merchant. */
export interface Known {
  readonly ids: string[];
  readonly orders: string[];
  readonly transactions: string[];
}

/** The same numbers on every machine and in every run (mulberry32). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pick<T>(values: readonly T[], shares: readonly number[], roll: number): T {
  let left = roll * 100;
  const at = shares.findIndex((share) => (left -= share) < 0);
  const value = values[at === -1 ? 0 : at];
  if (value === undefined) throw new Error("nothing to pick");
  return value;
}

/** Ids that ascend with `place`: rows written in the order of the key are written fast. */
export function idOf(place: number, total: number, random: () => number): string {
  let head = Math.floor((place / total) * 2 ** 25);
  let text = "";
  for (let digit = 0; digit < 5; digit += 1) {
    text = (ALPHABET[head % 32] ?? "") + text;
    head = Math.floor(head / 32);
  }
  while (text.length < 26) text += ALPHABET[Math.floor(random() * 32)] ?? "";
  return text;
}

/** The merchants of all places, each as often as it has payments, in no order. */
function shuffledOwners(stocks: readonly Stock[], random: () => number): Uint16Array {
  const total = stocks.reduce((sum, { payments }) => sum + payments, 0);
  const owners = new Uint16Array(total);
  let next = 0;
  for (const [owner, { payments }] of stocks.entries()) {
    owners.fill(owner, next, next + payments);
    next += payments;
  }
  for (let last = total - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [owners[last], owners[other]] = [owners[other] ?? 0, owners[last] ?? 0];
  }
  return owners;
}

const FILLER = "Two flat whites, one oat; table 14, till 3. ".repeat(6);

/** A payment's public JSON: some 1.5 KB, as the objects write it. */
export function snapshotOf(
  id: string,
  row: Readonly<Record<string, unknown>>,
  created: string,
): string {
  const qr = {
    charge_id: `qr_${id.slice(3)}`,
    type: "wechat_url",
    data: `weixin://wxpay/bizpayurl?pr=${id.slice(-12)}`,
    image_url: `https://pay.example/v1/qr/${id}.svg`,
    scan_url: `weixin://wxpay/bizpayurl?pr=${id.slice(-12)}`,
    expires_at: created,
  };
  return JSON.stringify({
    id,
    object: "payment_intent",
    livemode: true,
    type: "one_time",
    status: row["status"],
    amount: { currency: row["currency"], value: row["value"] },
    amount_refunded: { currency: row["currency"], value: 0 },
    settlement: null,
    fee: null,
    description: FILLER.slice(0, 240),
    merchant_order_id: row["order"],
    service_id: null,
    channel: row["channel"],
    channels: null,
    method: "qr",
    channel_account: "ca_01k5x0e8m3v7q2r9t4w6y8z0ab",
    channel_transaction_id: row["transaction"],
    payer: null,
    payee: { merchant_id: row["merchant"], merchant_account: "1900000001" },
    qr,
    next_action: null,
    checkout_url: `https://pay.example/pay/${id}`,
    last_error: null,
    metadata: { cart: id.slice(-8), shop: "Corner Coffee", cashier: "Ploy" },
    sequence: 3,
    created_at: created,
    updated_at: created,
    expires_at: created,
    succeeded_at: created,
  });
}

/** Where a local D1 keeps its data, below a folder of state. */
export function databaseFile(state: string): string {
  const files = readdirSync(state, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".sqlite") && !name.endsWith("metadata.sqlite"))
    .map((name) => path.join(state, name))
    .filter((file) => {
      const db = new DatabaseSync(file, { readOnly: true });
      try {
        return db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'payment_intents'").get();
      } finally {
        db.close();
      }
    });
  const [file, ...others] = files;
  if (file === undefined || others.length > 0) throw new Error(`${files.length} databases`);
  return file;
}

const COLUMNS = [
  "id merchant_id livemode sequence status channel channel_account method merchant_order_id",
  "channel_transaction_id currency value refunded fee call_ms succeeded_at created_at deadline",
  "snapshot",
].flatMap((line) => line.split(" "));

/**
 * Fills the payments of a D1 that nobody has open.
 * @param until the newest payment's time (milliseconds since 1970)
 * @returns what there is to look for, merchant by merchant, of those that `remembered` names
 */
export function seedPayments(
  state: string,
  stocks: readonly Stock[],
  remembered: ReadonlySet<string>,
  until: number,
): Map<string, Known> {
  const db = new DatabaseSync(databaseFile(state));
  const known = new Map<string, Known>();
  const random = dice(20_261_101);
  const owners = shuffledOwners(stocks, random);
  const counters = new Uint32Array(stocks.length);
  const indexes = db
    .prepare(
      "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'payment_intents' AND type = 'index' AND sql IS NOT NULL",
    )
    .all();
  for (const pragma of [
    "journal_mode = OFF",
    "synchronous = OFF",
    "cache_size = -400000",
    "temp_store = MEMORY",
  ]) {
    db.exec(`PRAGMA ${pragma}`);
  }
  db.exec("BEGIN");
  // Built when all rows are there, each in one sorted pass.
  for (const { name } of indexes) db.exec(`DROP INDEX ${String(name)}`);
  const insert = db.prepare(
    `INSERT INTO payment_intents (${COLUMNS.join()}) VALUES (${COLUMNS.map(() => "?").join()})`,
  );
  for (const [place, owner] of owners.entries()) {
    const merchant = stocks[owner]?.merchantId ?? "";
    const id = `pi_${idOf(place, owners.length, random)}`;
    const createdAt = Math.floor(until - random() * DAYS * DAY_MS);
    const created = new Date(createdAt).toISOString();
    const status = pick(STATUSES, STATUS_SHARES, random());
    const channel = pick(CHANNELS, CHANNEL_SHARES, random());
    const value = 100 + Math.floor(random() * 100_000);
    const currency = CURRENCY[channel] ?? "CNY";
    const number = (counters[owner] = (counters[owner] ?? 0) + 1);
    const order =
      random() * 100 < ORDERED
        ? `ORD-${created.slice(0, 10).replaceAll("-", "")}-${String(number).padStart(6, "0")}`
        : null;
    const paid = status === "succeeded";
    const transaction = paid
      ? `42000${String(Math.floor(random() * 1e12)).padStart(13, "0")}`
      : null;
    const row = { status, currency, value, order, channel, transaction, merchant };
    // oxfmt-ignore
    insert.run(
      id, merchant, 1, 3, status, channel, "ca_01k5x0e8m3v7q2r9t4w6y8z0ab", "qr", order,
      transaction, currency, value, 0, paid ? Math.round(value / 200) : 0,
      Math.floor(80 + random() * 400), paid ? createdAt : null, createdAt,
      status === "qr_generated" ? createdAt + 900_000 : null,
      snapshotOf(id, row, created),
    );
    if (!remembered.has(merchant)) continue;
    const list = known.get(merchant) ?? { ids: [], orders: [], transactions: [] };
    known.set(merchant, list);
    list.ids.push(id);
    if (order !== null) list.orders.push(order);
    if (transaction !== null) list.transactions.push(transaction);
  }
  for (const { sql } of indexes) db.exec(String(sql));
  db.exec("COMMIT");
  db.exec("PRAGMA journal_mode = WAL");
  db.close();
  return known;
}
