/**
 * A merchant's own records of a day: CSV, JSON lines, or one JSON array of at most 4 MiB, told
 * apart by the first character. UTF-8. The same names in all of them:
 *
 *   kind               payment (default) or refund
 *   payment_intent     our id of the payment
 *   merchant_order_id  the merchant's; one of the two must be there for a payment
 *   refund             our id of the refund; for a refund without it a payment must be named
 *   currency           ISO 4217
 *   amount             minor units; or `amount_decimal`, in major units
 *   status             succeeded, processing, failed or reversed; default succeeded
 *   fee                minor units; optional
 *   occurred_at        ISO 8601; optional
 *
 * In a line `reference` is our id of the payment or refund where the record has it, and
 * `orderReference` the merchant's order number, for a refund our id of its payment where that is
 * known. A line of a JSON array is counted by elements.
 */
import { CURRENCY_DECIMALS } from "../../money.ts";
import { clockOf, type DayWindow, dayOnEarth } from "./clock.ts";
import { type Columns, type Places, placesOf } from "./columns.ts";
import { csvRecords } from "./csv.ts";
import { formatOf, type LayoutReader } from "./format.ts";
import type { LineStatus, StatementExpectation, StatementLine } from "./line.ts";
import type { Refuse } from "./refuse.ts";
import { type Row, rowOf } from "./row.ts";

const NAMES = [
  "kind",
  "payment_intent",
  "merchant_order_id",
  "refund",
  "currency",
  "amount",
  "amount_decimal",
  "status",
  "fee",
  "occurred_at",
] as const;

type Name = (typeof NAMES)[number];

const NEEDED: ReadonlySet<Name> = new Set(["currency"]);

const COLUMNS = Object.fromEntries(
  NAMES.map((name) => [
    name,
    NEEDED.has(name) ? { names: [name] } : { names: [name], optional: true },
  ]),
) as unknown as Columns<Name>;

/** Elements of JSON as rows of a table with every column. */
const EVERYWHERE = Object.fromEntries(NAMES.map((name, at) => [name, at])) as Places<Name>;

const STATUSES: Readonly<Record<string, LineStatus>> = {
  succeeded: "succeeded",
  processing: "processing",
  failed: "failed",
  reversed: "reversed",
};

/** It is in memory as a whole, as text and as what is read from it. */
const MOST_JSON_CHARACTERS = 4 * 1024 * 1024;

/** Of one object on a line of its own. */
const MOST_OBJECT_CHARACTERS = 64 * 1024;

const readTime = clockOf("iso", 0);

function lineOf(row: Row<Name>, day: DayWindow): StatementLine {
  const kind = row.text("kind") === "" ? "payment" : row.text("kind");
  if (kind !== "payment" && kind !== "refund") {
    throw row.refuse("kind", "The kind is neither payment nor refund");
  }
  const [payment, order, refund] = [
    row.number("payment_intent"),
    row.number("merchant_order_id"),
    row.number("refund"),
  ];
  if (payment === null && order === null && (kind === "payment" || refund === null)) {
    throw row.refuse(
      "payment_intent",
      "The record names no payment: payment_intent or merchant_order_id is needed",
    );
  }
  const channelStatus = row.text("status") === "" ? "succeeded" : row.word("status");
  const status = Object.hasOwn(STATUSES, channelStatus) ? STATUSES[channelStatus] : undefined;
  if (status === undefined)
    throw row.refuse("status", `This is none of ${Object.keys(STATUSES).join(", ")}`);
  return {
    line: row.line,
    kind,
    reference: kind === "refund" ? refund : payment,
    orderReference: kind === "refund" ? (payment ?? order) : order,
    transactionId: null,
    amount: amountOf(row),
    status,
    channelStatus,
    fee: row.text("fee") === "" ? null : row.decimal("fee", 0),
    occurredAt: timeOf(row, day),
  };
}

function amountOf(row: Row<Name>): StatementLine["amount"] {
  const currency = row.currency("currency");
  const inMinor = row.text("amount") !== "";
  const key = inMinor ? "amount" : "amount_decimal";
  if (inMinor && row.text("amount_decimal") !== "") {
    throw row.refuse("amount_decimal", "The amount is there twice");
  }
  // 25.00 would be 25 of the smallest unit: a hundredth of what was meant.
  if (inMinor && !/^-?\d+$/.test(row.text("amount"))) {
    throw row.refuse(
      "amount",
      "amount is in minor units, a whole number; use amount_decimal for 25.00",
    );
  }
  const value = row.decimal(key, inMinor ? 0 : (CURRENCY_DECIMALS[currency] ?? 2));
  if (value < 0) throw row.refuse(key, "The amount is negative; refunds are told by their kind");
  return { currency, value };
}

function timeOf(row: Row<Name>, day: DayWindow): number | null {
  if (row.text("occurred_at") === "") return null;
  const at = row.time("occurred_at", readTime);
  if (day.has(at)) return at;
  throw row.refuse("occurred_at", "The record is of another day", "wrong_day");
}

function csvReader(day: DayWindow, refuse: Refuse): LayoutReader {
  const records = csvRecords(",", refuse);
  let row: Row<Name> | null = null;
  let [count, last] = [0, 0];
  return {
    line(text, number) {
      last = number;
      if (text === "") return null;
      const record = records.read(text, number);
      if (record === null) return null;
      if (row === null) {
        const places = placesOf(COLUMNS, record.cells, record.line, refuse);
        row = rowOf(COLUMNS, places, record.cells.length, refuse);
        return null;
      }
      row.load(record.cells, record.line);
      count++;
      return lineOf(row, day);
    },
    end(ended) {
      records.end();
      if (count === 0) throw refuse("empty", "The file holds no record.");
      if (ended) return [];
      throw refuse("truncated", "The last line has no line break: it may be cut off.", last);
    },
  };
}

/** The cells of an element; null: it is no object of texts and whole numbers under known names. */
function cellsOf(element: unknown): string[] | null {
  if (typeof element !== "object" || element === null || Array.isArray(element)) return null;
  const found = new Map(Object.entries(element));
  const cells = NAMES.map((name) => {
    const value: unknown = found.get(name) ?? "";
    found.delete(name);
    // Beyond 2^53 the number that was written is no longer the one that was read.
    return Number.isSafeInteger(value) ? String(value) : value;
  });
  return found.size === 0 && cells.every((cell) => typeof cell === "string") ? cells : null;
}

function elements(day: DayWindow, refuse: Refuse) {
  const row = rowOf(COLUMNS, EVERYWHERE, NAMES.length, refuse);
  return (element: unknown, number: number): StatementLine => {
    const cells = cellsOf(element);
    if (cells === null) {
      throw refuse("cell", "This is no record: texts and integers under the known names.", number);
    }
    row.load(cells, number);
    return lineOf(row, day);
  };
}

/**
 * Whether brackets stand in each other deeper than in an array of objects. Attack: a million arrays,
 * each in the one before, take many times the memory of their text.
 */
function isDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === 92) at++;
      else if (code === 34) quoted = false;
    } else if (code === 34) quoted = true;
    else if (code === 91 || code === 123) depth++;
    else if (code === 93 || code === 125) depth--;
    if (depth > 2) return true;
  }
  return false;
}

function parsed(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
}

function jsonLinesReader(day: DayWindow, refuse: Refuse): LayoutReader {
  const read = elements(day, refuse);
  let last = 0;
  return {
    line(text, number) {
      last = number;
      if (text.trim() === "") return null;
      if (text.length > MOST_OBJECT_CHARACTERS) {
        throw refuse("too_large", "A record is longer than 64 Ki characters.", number);
      }
      const found = parsed(text);
      if (found === null) throw refuse("cell", "The line is no JSON.", number);
      return read(found.value, number);
    },
    end(ended) {
      if (ended) return [];
      throw refuse("truncated", "The last line has no line break: it may be cut off.", last);
    },
  };
}

function jsonArrayReader(day: DayWindow, refuse: Refuse): LayoutReader {
  const lines: string[] = [];
  let length = 0;
  return {
    line(text) {
      length += text.length + 1;
      if (length > MOST_JSON_CHARACTERS) {
        throw refuse("too_large", "A JSON array has at most 4 MiB: send JSON lines.");
      }
      lines.push(text);
      return null;
    },
    end() {
      const text = lines.join("\n");
      if (isDeep(text)) throw refuse("cell", "Records are objects of texts and integers.");
      const found = parsed(text);
      if (found === null) throw refuse("truncated", "The JSON is damaged, or cut off.");
      const read = elements(day, refuse);
      return (found.value as unknown[]).map((element, at) => read(element, at + 1));
    },
  };
}

/** The form is decided by the first line that is not blank. */
function open(expected: StatementExpectation, refuse: Refuse): LayoutReader {
  const day = dayOnEarth(expected);
  let reader: LayoutReader | null = null;
  const readerFor = (text: string): LayoutReader | null => {
    const [first] = text.trim();
    if (first === undefined) return null;
    if (first === "[") return jsonArrayReader(day, refuse);
    return first === "{" ? jsonLinesReader(day, refuse) : csvReader(day, refuse);
  };
  return {
    line(text, number) {
      reader ??= readerFor(text);
      return reader?.line(text, number) ?? null;
    },
    end(ended) {
      if (reader !== null) return reader.end(ended);
      throw refuse("empty", "The file holds no record.");
    },
  };
}

/** Days are the channel's, which this format does not know: half a day to either side is let in. */
export const merchantFormat = formatOf({
  name: "merchant_records",
  offsetMinutes: 0,
  encoding: "utf-8",
  names: NAMES,
  // A JSON array may be one line.
  longestLine: MOST_JSON_CHARACTERS,
  // An export of JSON may come zipped, too.
  entry: (name) => /\.(?:csv|txt|json|jsonl|ndjson)$/i.test(name),
  open,
});
