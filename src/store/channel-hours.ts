/** How orders at each channel went, hour by hour, over all merchants: for operators. */
import { and, eq, gte, inArray, sql } from "drizzle-orm";

import type { OrderCall } from "../messages.ts";
import type { Database } from "./db.ts";
import { channelHours, events } from "./schema.ts";

export type ChannelHour = typeof channelHours.$inferSelect;

export const HOUR_MS = 3_600_000;

/** The start of the hour that a moment lies in (milliseconds since 1970). */
export const hourOf = (moment: number): number => moment - (moment % HOUR_MS);

/**
 * For `recordPublications`: counts one order, in the batch that brings its first event, and before
 * that event's statement. A message that comes again finds the event there and counts nothing.
 * @param eventId the first event of the same publication; null counts in any case
 */
export const countCall = (
  db: Database,
  livemode: boolean,
  { channel, outcome, ms, at }: OrderCall,
  eventId: string | null,
) =>
  db
    .insert(channelHours)
    .select(
      // All columns in the order of the schema.
      sql`SELECT ${Number(livemode)}, ${channel}, ${hourOf(at)}, 1, ${Number(outcome === "rejected")},
        ${Number(outcome === "unknown")}, ${ms}, ${ms}
        WHERE NOT EXISTS (SELECT 1 FROM ${events} WHERE id = ${eventId})`,
    )
    .onConflictDoUpdate({
      target: [channelHours.livemode, channelHours.channel, channelHours.hour],
      set: {
        orders: sql`${channelHours.orders} + 1`,
        rejected: sql`${channelHours.rejected} + excluded.rejected`,
        unknown: sql`${channelHours.unknown} + excluded.unknown`,
        total_ms: sql`${channelHours.total_ms} + excluded.total_ms`,
        max_ms: sql`MAX(${channelHours.max_ms}, excluded.max_ms)`,
      },
    });

/** The hours of these channels since a moment (milliseconds since 1970), in no order. */
export const listChannelHours = (
  db: Database,
  livemode: boolean,
  channels: readonly string[],
  since: number,
): Promise<ChannelHour[]> =>
  db
    .select()
    .from(channelHours)
    .where(
      and(
        eq(channelHours.livemode, livemode),
        // Named, so that each is looked up in the primary key; their history is left aside.
        inArray(channelHours.channel, [...channels]),
        gte(channelHours.hour, hourOf(since)),
      ),
    );
