/**
 * Every night: what the last days should bring of accounts whose channel has no call for statements,
 * by our own books. A file that is uploaded later takes the place of it. One message for each account
 * and day; a day that is settled again is as it was, or has what was heard of late.
 */
import { CHANNEL_SLUGS, channelOf } from "../channels/registry.ts";
import { formatFor } from "../channels/statement/formats.ts";
import type { WorkQueue } from "../messages.ts";
import { dayAt, dayBefore } from "../days.ts";
import { windowOf } from "../reconciliation/window.ts";
import type { Database } from "../store/db.ts";
import { accountPages } from "./accounts.ts";

const PER_PAGE = 50;

/** Asks for yesterday, and for the day before that again. @returns how many accounts and days */
export async function startSettling(
  { db, work }: { readonly db: Database; readonly work: WorkQueue },
  now: number,
): Promise<number> {
  let asked = 0;
  for (const channel of CHANNEL_SLUGS) {
    if (channelOf(channel)?.adapter.statements?.fetch !== undefined) continue;
    const { offsetMinutes } = formatFor(channel, null);
    const yesterday = dayBefore(dayAt(now, offsetMinutes));
    const days = [dayBefore(yesterday), yesterday];
    const { to } = windowOf(yesterday, offsetMinutes);
    const window = { from: windowOf(dayBefore(yesterday), offsetMinutes).from, to };
    for await (const accounts of accountPages(db, channel, window, PER_PAGE)) {
      const messages = accounts.flatMap(({ id }) =>
        days.map((day) => ({ body: { settle: id, day } })),
      );
      await work.sendBatch(messages);
      asked += messages.length;
    }
  }
  return asked;
}
