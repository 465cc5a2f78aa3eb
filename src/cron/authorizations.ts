/**
 * Once a day: authorisations that run out soon are renewed while the old one still works. Nobody
 * has to say yes again; what cannot be renewed is logged, and the merchant is sent the link again.
 */
import { connect } from "../channels/connect.ts";
import { describeError, type Logger } from "../log.ts";
import { storeGrant } from "../onboarding/authorization.ts";
import { type ChannelAccountRow, endingAuthorizations } from "../store/channel-accounts.ts";
import { database } from "../store/db.ts";

/** Renewed this long before they run out: failures have as many days to be noticed. */
export const RENEW_BEFORE_MS = 30 * 86_400_000;

/** One run renews at most this many; the next run takes the rest. */
const PER_RUN = 100;

/** Renews what is due; returns how many were renewed. A failure of one does not stop the others. */
export async function renewAuthorizations(env: Env, now: number, log: Logger): Promise<number> {
  let renewed = 0;
  const due = await endingAuthorizations(database(env.DB), now + RENEW_BEFORE_MS, PER_RUN);
  for (const row of due) {
    const account = row.id;
    try {
      const trouble = await renew(env, row, now, log);
      if (trouble === null) renewed += 1;
      else log("error", "authorization.not_renewed", { account, error: trouble });
    } catch (error) {
      log("error", "authorization.not_renewed", { account, error: describeError(error) });
    }
  }
  return renewed;
}

/** Null when it is done, else why not, as a code. */
async function renew(
  env: Env,
  row: ChannelAccountRow,
  now: number,
  log: Logger,
): Promise<string | null> {
  const { adapter, account, io } = await connect(row, {
    env,
    log,
    script: null,
    publicBase: env.PUBLIC_URL,
  });
  if (adapter.authorization === undefined) return "no authorization";
  const outcome = await adapter.authorization.refresh(account, io(0));
  if (outcome.kind !== "ok") return outcome.error.channelCode;
  const stored = await storeGrant(env, adapter, row, outcome.value, now);
  return stored.ok ? null : stored.error.code;
}
