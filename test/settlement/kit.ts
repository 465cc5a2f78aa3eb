/** What the tests of settlements and invoices share: entries in the ledger, and a database that dies. */
import { env } from "cloudflare:workers";

import { randomId } from "../../src/ids.ts";
import type { DeliveryMessage } from "../../src/messages.ts";
import { closeMonth } from "../../src/settlement/invoicing.ts";
import { type EntryKind, entryOf } from "../../src/settlement/ledger.ts";
import { startOfMonth } from "../../src/settlement/months.ts";
import { database, type Database } from "../../src/store/db.ts";
import { addEntries } from "../../src/store/ledger.ts";
import { putSettlement, type SettlementRow } from "../../src/store/settlements.ts";

export const db = database(env.DB);

export interface Booking {
  readonly kind: EntryKind;
  readonly at: number;
  readonly value: number;
  readonly currency?: string;
  readonly account?: string;
  readonly cause?: string;
}

export interface Owner {
  readonly merchantId: string;
  readonly livemode: boolean;
}

/** What [kind, kind of the amount beside it] a fee belongs to. */
const BESIDE: Partial<Record<EntryKind, EntryKind>> = { fee: "gross", fee_refund: "refund" };

/** Writes entries down; a fee comes with the payment or refund that names its account. */
export async function book(owner: Owner, bookings: readonly Booking[], now = 1): Promise<void> {
  const entries = bookings.flatMap(({ kind, account = "ca_none", ...booking }) => {
    const cause = booking.cause ?? randomId("paymentIntent");
    const common = { currency: "CNY", ...owner, ...booking, channelAccount: account, cause };
    const beside = BESIDE[kind];
    const own = entryOf({ ...common, kind }, now);
    return beside === undefined
      ? [own]
      : [own, entryOf({ ...common, kind: beside, value: common.value * 100 }, now)];
  });
  const [first, ...rest] = addEntries(db, entries);
  if (first !== undefined) await db.batch([first, ...rest]);
}

export class Crash extends Error {}

/**
 * A database whose `nth` request, from 1, is the last: it fails before it is carried out, or its
 * answer is lost.
 */
export function dyingDatabase(nth: number, when: "before" | "after"): Database {
  let count = 0;
  const real = new WeakMap<object, D1PreparedStatement>();
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    count += 1;
    if (count > nth || (count === nth && when === "before")) throw new Crash();
    const result = await work();
    if (count === nth) throw new Crash();
    return result;
  };
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const proxy = new Proxy(statement, {
      get(target, name) {
        if (name === "bind") return (...values: unknown[]) => wrap(target.bind(...values));
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) =>
          step(() => Reflect.apply(value, target, args) as Promise<unknown>);
      },
    });
    real.set(proxy, statement);
    return proxy;
  };
  const binding = new Proxy(env.DB, {
    get(target, name) {
      if (name === "prepare") return (text: string) => wrap(target.prepare(text));
      if (name === "batch") {
        return (statements: D1PreparedStatement[]) =>
          step(() => target.batch(statements.map((each) => real.get(each) ?? each)));
      }
      return Reflect.get(target, name) as unknown;
    },
  });
  return database(binding);
}

/** Runs `work` with a database that dies at its first, second … request, until it does not. */
export async function atEveryStep(work: (db: Database) => Promise<void>): Promise<number> {
  for (let nth = 1; ; nth += 1) {
    let died = false;
    for (const when of ["before", "after"] as const) {
      try {
        await work(dyingDatabase(nth, when));
      } catch (error) {
        if (!isCrash(error)) throw error;
        died = true;
      }
    }
    if (!died) return nth - 1;
  }
}

const isCrash = (error: unknown): boolean =>
  error instanceof Crash || (error instanceof Error && error.cause instanceof Crash);

/** A settlement of a day that is expected to bring `net`. */
export async function expectSettlement(
  { merchantId, livemode }: Owner,
  account: string,
  day: string,
  net: number,
  currency = "CNY",
): Promise<string> {
  const id = randomId("settlement");
  const row: SettlementRow = {
    id,
    merchant_id: merchantId,
    livemode,
    channel_account: account,
    currency,
    day,
    source: "statement",
    payments: 1,
    gross: net + 1,
    refunds: 0,
    refunded: 0,
    channel_fee: 1,
    split: 0,
    net,
    state: "expected",
    expected_at: Date.parse(`${day}T16:00:00Z`),
    payout_id: null,
    run_id: null,
    created_at: Date.parse(`${day}T18:30:00Z`),
    updated_at: Date.parse(`${day}T18:30:00Z`),
  };
  const [first, ...rest] = putSettlement(db, row);
  if (first !== undefined) await db.batch([first, ...rest]);
  return id;
}

/** Two invoices, of September and October 2026. @returns the id of one */
export async function invoiced(owner: Owner): Promise<string> {
  const recorder = {
    db,
    deliveries: env.DELIVERIES as Queue<DeliveryMessage>,
  };
  const fee = { kind: "fee", value: 88 } as const;
  await book(owner, [
    { ...fee, at: startOfMonth("2026-09") },
    { ...fee, at: startOfMonth("2026-10") },
  ]);
  const now = startOfMonth("2026-11");
  await closeMonth(recorder, owner, "2026-09", now);
  const [invoice] = await closeMonth(recorder, owner, "2026-10", now);
  if (invoice === undefined) throw new Error("no invoice");
  return invoice.id;
}
