/** Account rows in isolate memory, so that a callback or an alarm asks D1 at most once. */
import { systemClock } from "../clock.ts";
import { SETTINGS_CACHE_MS } from "../constants.ts";
import { ExpiringCache } from "../expiring-cache.ts";
import { type ChannelAccountRow, findChannelAccount } from "../store/channel-accounts.ts";
import { database } from "../store/db.ts";

const rows = new ExpiringCache<ChannelAccountRow>(SETTINGS_CACHE_MS);

/** Also of a disabled account: its open payments must still end. Null: no such account. */
export const accountRow = (env: Env, id: string): Promise<ChannelAccountRow | null> =>
  rows.get(id, systemClock.now(), () => findChannelAccount(database(env.DB), id));

export const forgetAccount = (id: string): void => rows.drop(id);

/** Keeps a row that the caller has just been given, so that the next look asks nobody. */
export const rememberAccount = (row: ChannelAccountRow): void =>
  rows.set(row.id, row, systemClock.now());
