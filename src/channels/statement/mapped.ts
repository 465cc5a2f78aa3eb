/** A format from a profile: CSV whose columns are named by data. */
import { CURRENCY_DECIMALS } from "../../money.ts";
import { decimalOf, rounded } from "./cells.ts";
import { clockOf, dayOf } from "./clock.ts";
import { type Column, type Columns, placesOf } from "./columns.ts";
import { csvRecords } from "./csv.ts";
import { formatOf, type LayoutReader } from "./format.ts";
import type { StatementExpectation, StatementFormat, StatementLine } from "./line.ts";
import type { Profile } from "./profile.ts";
import type { Refuse } from "./refuse.ts";
import { type Row, rowOf } from "./row.ts";

type Key = keyof Profile["columns"];

/** What a profile may leave out, or our plain CSV. The rest must be in the header once it is named. */
const LOOSE: ReadonlySet<Key> = new Set(["order_reference", "transaction_id", "fee"]);

const KEYS: readonly Key[] = [
  "reference",
  "order_reference",
  "transaction_id",
  "amount",
  "currency",
  "status",
  "type",
  "fee",
  "occurred_at",
  "account",
];

/** A name that no header has: what the profile does not name is not looked for. */
const UNNAMED = "\u0000";

/** What a channel's layout has besides a profile. */
export interface Particulars {
  /** Other names that a column goes by. */
  readonly aliases?: Partial<Readonly<Record<Key, readonly string[]>>>;
  readonly optional?: readonly Key[];
  /** Whether a line's account is ours; default: it is the same number. */
  readonly isOurs?: (account: string, merchantAccount: string) => boolean;
  /** The last word on a line; null: it is none. */
  readonly translate?: (line: StatementLine) => StatementLine | null;
}

function columnsOf({ columns }: Profile, { aliases, optional }: Particulars): Columns<Key> {
  const column = (key: Key): Column => {
    const name = columns[key];
    if (name === undefined) return { names: [UNNAMED], optional: true };
    const names = [name, ...(aliases?.[key] ?? [])] as const;
    const loose = LOOSE.has(key) || optional?.includes(key) === true;
    return loose ? { names, optional: true } : { names };
  };
  return Object.fromEntries(KEYS.map((key) => [key, column(key)])) as Record<Key, Column>;
}

/** `1.234,50` as `1234.50`; null: the groups are not of three. */
function plainNumber(text: string, { decimal, thousands }: Profile["amounts"]): string | null {
  const [whole = "", ...fraction] = text.split(decimal);
  if (fraction.length > 1) return null;
  const groups = thousands === "" ? [whole] : whole.split(thousands);
  const [, ...others] = groups;
  const first = (groups[0] ?? "").replace("-", "");
  if (others.length > 0 && (first.length > 3 || others.some(({ length }) => length !== 3))) {
    return null;
  }
  return [groups.join(""), ...fraction].join(".");
}

/** Fees are read with six places and rounded: channels write them finer than money is. */
const FEE_PLACES = 6;

function amountsOf(row: Row<Key>, { amounts }: Profile) {
  const value = (key: Key, places: number): number => {
    const plain = plainNumber(row.text(key), amounts);
    const read = plain === null ? null : decimalOf(plain, places);
    if (read === null) throw row.refuse(key, "This is no amount that can be read");
    return read;
  };
  const places = (currency: string) =>
    amounts.unit === "minor" ? 0 : (CURRENCY_DECIMALS[currency] ?? 2);
  return {
    amount: (currency: string): number => value("amount", places(currency)),
    fee(currency: string): number | null {
      if (row.text("fee") === "") return null;
      const decimals = places(currency);
      return rounded(value("fee", FEE_PLACES), FEE_PLACES, decimals);
    },
  };
}

const same = (account: string, merchantAccount: string): boolean => account === merchantAccount;

function rowsOf(
  row: Row<Key>,
  profile: Profile,
  { isOurs = same }: Particulars,
  expected: StatementExpectation,
) {
  const { utc_offset_minutes: offset, refunds, statuses } = profile;
  const day = dayOf(expected, offset);
  const clock = clockOf(profile.date_format, offset);
  const amounts = amountsOf(row, profile);

  function kindOf(amount: number): StatementLine["kind"] {
    if (refunds === "negative_amounts") return amount < 0 ? "refund" : "payment";
    const refund = refunds !== "none" && refunds.includes(row.text("type"));
    // Some write what is given back with a minus, some do not.
    if (amount < 0 && !refund) throw row.refuse("amount", "A payment's amount is negative");
    return refund ? "refund" : "payment";
  }

  function timeOf(): number | null {
    if (row.text("occurred_at") === "") return null;
    const at = row.time("occurred_at", clock);
    if (day.has(at)) return at;
    throw row.refuse("occurred_at", "The line is of another day", "wrong_day");
  }

  function statusOf(): Pick<StatementLine, "status" | "channelStatus"> {
    if (!row.has("status")) return { status: "succeeded", channelStatus: "" };
    const channelStatus = row.word("status");
    const status = Object.hasOwn(statuses, channelStatus) ? statuses[channelStatus] : undefined;
    if (status === undefined) {
      const known = Object.keys(statuses).join(", ");
      throw row.refuse("status", `The profile's statuses are ${known}; this is none of them`);
    }
    return { status, channelStatus };
  }

  return (): StatementLine => {
    if (row.has("account") && !isOurs(row.text("account"), expected.merchantAccount)) {
      throw row.refuse("account", "The line is of another account", "wrong_account");
    }
    const currency = profile.currency ?? row.currency("currency");
    const amount = amounts.amount(currency);
    const kind = kindOf(amount);
    return {
      line: row.line,
      kind,
      reference: row.number("reference"),
      orderReference: kind === "refund" ? row.number("order_reference") : null,
      transactionId: row.number("transaction_id"),
      amount: { currency, value: Math.abs(amount) },
      ...statusOf(),
      fee: amounts.fee(currency),
      occurredAt: timeOf(),
    };
  };
}

function open(
  profile: Profile,
  particulars: Particulars,
  expected: StatementExpectation,
  refuse: Refuse,
): LayoutReader {
  const records = csvRecords(profile.delimiter, refuse);
  const columns = columnsOf(profile, particulars);
  const { end_mark: mark, skip_lines: skipped } = profile;
  let row: Row<Key> | null = null;
  let read: (() => StatementLine) | null = null;
  let [count, last] = [0, 0];
  let done = false;

  return {
    line(text, number) {
      last = number;
      if (number <= skipped) return null;
      if (done && text !== "") {
        throw refuse("container", "Something follows the statement's end.", number);
      }
      // Blank lines are of no use to anybody, and a last one is often there.
      if (text === "" || (done ||= row !== null && text === mark)) return null;
      const record = records.read(text, number);
      if (record === null) return null;
      if (row === null || read === null) {
        const places = placesOf(columns, record.cells, record.line, refuse);
        row = rowOf(columns, places, record.cells.length, refuse);
        read = rowsOf(row, profile, particulars, expected);
        return null;
      }
      row.load(record.cells, record.line);
      count++;
      const found = read();
      return particulars.translate === undefined ? found : particulars.translate(found);
    },
    end(ended) {
      records.end();
      if (row === null) throw refuse("truncated", "The file ends before its header.", last);
      if (mark === null && count === 0) throw refuse("empty", "The file holds no line.", last);
      const whole = mark === null ? ended : done;
      if (whole) return [];
      const sign = mark === null ? "a line break" : mark;
      throw refuse("truncated", `The file does not end with ${sign}: it may be cut off.`, last);
    },
  };
}

/** @param name of the layout, such as `iotpay_plain` */
export const mappedFormat = (
  name: string,
  profile: Profile,
  particulars: Particulars = {},
): StatementFormat =>
  formatOf({
    name,
    offsetMinutes: profile.utc_offset_minutes,
    encoding: profile.encoding,
    names: Object.values(profile.columns).filter((column) => column !== undefined),
    open: (expected, refuse) => open(profile, particulars, expected, refuse),
  });
