/**
 * What a simulated channel booked for one merchant on one of its days: the statement is made of it.
 * Written when buyers pay and refunds settle, and never from what the gateway believes.
 */
import { DurableObject } from "cloudflare:workers";

/** A payment or a refund as the channel books it. */
export interface Booking {
  readonly kind: "payment" | "refund";
  readonly orderNumber: string;
  readonly transactionId: string;
  /** Null for payments. */
  readonly refundNumber: string | null;
  readonly channelRefundId: string | null;
  readonly currency: string;
  readonly value: number;
  /** What the order was of; the same as `value` for payments. */
  readonly orderValue: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly parameters: string;
}

export class SandboxBook extends DurableObject<Env> {
  /** Adds a booking; the same one again changes nothing. */
  async note(booking: Booking): Promise<void> {
    const { sql } = this.ctx.storage;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS bookings (
        id TEXT PRIMARY KEY, at INTEGER NOT NULL, booking TEXT NOT NULL
      ) STRICT`,
    );
    sql.exec(
      "INSERT OR IGNORE INTO bookings VALUES (?, ?, ?)",
      booking.refundNumber ?? booking.orderNumber,
      booking.at,
      JSON.stringify(booking),
    );
  }

  /** In the order of their time. */
  async bookings(): Promise<Booking[]> {
    const { sql } = this.ctx.storage;
    if (sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'bookings'").toArray().length === 0) {
      return [];
    }
    return sql
      .exec<{ booking: string }>("SELECT booking FROM bookings ORDER BY at, id")
      .toArray()
      .map(({ booking }) => JSON.parse(booking) as Booking);
  }
}
