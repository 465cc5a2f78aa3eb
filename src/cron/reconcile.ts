/** Every night: yesterday's books of every account whose channel has a call for statements. */
import { CHANNEL_SLUGS, channelOf } from "../channels/registry.ts";
import { dayAt, dayBefore } from "../days.ts";
import { windowOf } from "../reconciliation/window.ts";
import { beginRuns, nightlyRunId } from "../reconciliation/run.ts";
import type { ReconciliationContext } from "../reconciliation/context.ts";
import { accountPages } from "./accounts.ts";

const PER_PAGE = 100;

/**
 * Begins a run of one day for each account; a repeat begins none twice. Test accounts only when
 * something was paid there.
 * @returns how many were begun
 */
export async function beginNightlyRuns(
  context: Pick<ReconciliationContext, "db" | "work" | "log" | "idKey">,
  now: number,
): Promise<number> {
  let begun = 0;
  for (const channel of CHANNEL_SLUGS) {
    const statements = channelOf(channel)?.adapter.statements;
    if (statements?.fetch === undefined) continue;
    const { offsetMinutes } = statements.format;
    const day = dayBefore(dayAt(now, offsetMinutes));
    const window = windowOf(day, offsetMinutes);
    for await (const accounts of accountPages(context.db, channel, window, PER_PAGE)) {
      // Together: an invocation has a thousand queries, and there may be more accounts than that.
      const requests = accounts.map(async (account) => ({
        id: await nightlyRunId(context.idKey, account.id, day),
        account,
        trigger: "nightly" as const,
        from: day,
        to: day,
        statementId: null,
      }));
      await beginRuns(context, await Promise.all(requests), now);
      begun += accounts.length;
    }
  }
  return begun;
}
