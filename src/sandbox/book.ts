/**
 * What a simulated channel booked for one merchant on one of its days: the statement is made of it.
 * Written when buyers pay and refunds settle, and never from what the gateway believes.
 */
import { DurableObject } from "cloudflare:workers";

import { type AskedDay, type Booking, DAY_FAULTS, type DayFault } from "./statement.ts";

const TABLES = `
CREATE TABLE IF NOT EXISTS bookings (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  booking TEXT NOT NULL CHECK (json_valid(booking))
) STRICT;
CREATE TABLE IF NOT EXISTS fault (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  fault TEXT NOT NULL,
  asked INTEGER NOT NULL DEFAULT 0
) STRICT;`;

/** How often a late statement is asked for in vain. */
const LATE_ASKS = 2;

export class SandboxBook extends DurableObject<Env> {
  /** Adds a booking; the same one again changes nothing. */
  async note(booking: Booking): Promise<void> {
    const { sql } = this.ctx.storage;
    sql.exec(TABLES);
    sql.exec(
      "INSERT INTO bookings (id, at, booking) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
      // Refunds may have their order's number, or one that they share with another order's.
      `${booking.orderNumber}/${booking.refundNumber ?? ""}`,
      booking.at,
      JSON.stringify(booking),
    );
  }

  /** Plants a fault in the day, in the place of an earlier one; null: takes it away. */
  async plant(fault: DayFault | null): Promise<void> {
    const { sql } = this.ctx.storage;
    sql.exec(TABLES);
    sql.exec("DELETE FROM fault");
    if (fault !== null) sql.exec("INSERT INTO fault (one, fault) VALUES (1, ?)", fault);
  }

  /** Somebody asks for the statement. */
  async ask(): Promise<AskedDay> {
    const { sql } = this.ctx.storage;
    if (!this.#hasTables()) return { bookings: [], fault: null, late: false, upTo: 0 };
    const planted = sql
      .exec<{ fault: string; asked: number }>(
        "UPDATE fault SET asked = asked + 1 RETURNING fault, asked",
      )
      .toArray()[0];
    const fault = DAY_FAULTS.find((name) => name === planted?.fault) ?? null;
    const late = fault === "late" && (planted?.asked ?? 0) <= LATE_ASKS;
    const upTo =
      sql.exec<{ last: number | null }>("SELECT max(number) AS last FROM bookings").one().last ?? 0;
    return { bookings: this.#read(upTo), fault, late, upTo };
  }

  /** What was booked when an earlier {@link ask} was answered, in the order of its time. */
  async bookings(upTo: number = Number.MAX_SAFE_INTEGER): Promise<Booking[]> {
    return this.#hasTables() ? this.#read(upTo) : [];
  }

  #read(upTo: number): Booking[] {
    return this.ctx.storage.sql
      .exec<{ booking: string }>(
        "SELECT booking FROM bookings WHERE number <= ? ORDER BY at, number",
        upTo,
      )
      .toArray()
      .map(({ booking }) => JSON.parse(booking) as Booking);
  }

  /** A day on which nothing happened must not leave tables behind when it is asked for. */
  #hasTables(): boolean {
    const { sql } = this.ctx.storage;
    return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'bookings'").toArray().length > 0;
  }
}
