/**
 * A merchant's authorisation of an application that acts for it: the state that ties the answer to
 * one account, and how what it grants becomes the account's newest credentials.
 */
import { forgetAccount } from "../channels/accounts.ts";
import type { ChannelAdapter, Grant } from "../channels/adapter.ts";
import { openedAccount } from "../channels/connect.ts";
import { sameSecret } from "../crypto/constant-time.ts";
import { hmacHex } from "../crypto/hmac.ts";
import { idKeyOf } from "../crypto/id-key.ts";
import { failure, type Failure } from "../errors.ts";
import { err, ok, type Result } from "../result.ts";
import {
  type ChannelAccountRow,
  findChannelAccount,
  updateChannelAccount,
} from "../store/channel-accounts.ts";
import { type Change, changeEntry, GATEWAY } from "../store/audit-log.ts";
import { database } from "../store/db.ts";
import { showAccount } from "./account-view.ts";
import { examineCredentials, modeOf, sealCredentials } from "./credentials.ts";

/** How long a link may wait for the merchant's yes. */
export const LINK_LIFETIME_MS = 3_600_000;

/** Hexadecimal digits of the state's time (seconds) and of its code. */
const TIME_DIGITS = 8;
const MAC_DIGITS = 40;

/** Derived ids are made with the same key from texts that begin with a digit. */
const macOf = async (env: Env, accountId: string, time: string): Promise<string> =>
  (await hmacHex(await idKeyOf(env.ID_KEY), `authorization:${accountId}:${time}`)).slice(
    0,
    MAC_DIGITS,
  );

/**
 * What goes along with the link and comes back with the code: letters and digits only, since some
 * channels take nothing else. It fits one account, for a while.
 * Attack: without it anybody could make a merchant's browser deliver a code of the attacker's, and
 * the merchant's payments would go to the attacker from then on.
 * @param expiresAt milliseconds since 1970
 */
export async function authorizationState(
  env: Env,
  accountId: string,
  expiresAt: number,
): Promise<string> {
  const time = Math.floor(expiresAt / 1000)
    .toString(16)
    .padStart(TIME_DIGITS, "0");
  return time + (await macOf(env, accountId, time));
}

/** Whether a state was made by us for this account, and still counts. */
export async function checkAuthorizationState(
  env: Env,
  accountId: string,
  state: string,
  now: number,
): Promise<"valid" | "expired" | "foreign"> {
  if (!/^[0-9a-f]{48}$/.test(state)) return "foreign";
  const time = state.slice(0, TIME_DIGITS);
  const mac = await macOf(env, accountId, time);
  if (!(await sameSecret(mac, state.slice(TIME_DIGITS)))) return "foreign";
  return Number.parseInt(time, 16) * 1000 > now ? "valid" : "expired";
}

/** Somebody else changing the same account at the same moment is rare; three times is a fault. */
const TRIES = 3;

/** Whether the grant's channel call was made with the credentials that the account still has. */
const hasSameCredentials = (a: ChannelAccountRow, b: ChannelAccountRow): boolean =>
  a.credentials?.[0]?.version === b.credentials?.[0]?.version &&
  a.credentials?.[0]?.created_at === b.credentials?.[0]?.created_at;

/** Who brought a grant, for the audit log. */
export type Grantor = Pick<Change, "action" | "actor" | "requestId">;

/** Before an authorisation runs out it is renewed by the gateway itself. */
const RENEWAL: Grantor = {
  action: "channel_account.authorization_renewed",
  actor: GATEWAY,
  requestId: null,
};

/**
 * Saves what was granted as a new version of the account's credentials, as if the merchant had sent
 * them whole: examined, sealed, and beside the older versions. A code works only once, so another
 * change of the account in between is met by reading it again.
 *
 * Not so when its credentials changed. Attack: two merchants open one link at the same moment, and
 * each is compared with the account before the other one's yes.
 * @param row the account as it was when the grant was asked for
 */
export async function storeGrant(
  env: Env,
  adapter: ChannelAdapter,
  row: ChannelAccountRow,
  grant: Grant,
  now: number,
  grantor: Grantor = RENEWAL,
): Promise<Result<ChannelAccountRow, Failure>> {
  const db = database(env.DB);
  let current: ChannelAccountRow | null = row;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    if (current === null) return err(failure("CHANNEL_ACCOUNT_NOT_FOUND", "The account is gone."));
    if (!hasSameCredentials(current, row)) break;
    const change = await withGrant(env, adapter, current, grant, now);
    if (!change.ok) return change;
    const also = changeEntry(db, {
      ...grantor,
      merchantId: row.merchant_id,
      livemode: row.livemode,
      target: row.id,
      // Where the channel posts is not what changes.
      before: showAccount(current, ""),
      after: showAccount({ ...current, ...change.value }, ""),
      now,
    });
    const { updated_at: readAt } = current;
    const saved = await updateChannelAccount(db, row.id, readAt, change.value, now, also);
    if (saved !== null) {
      forgetAccount(row.id);
      return ok(saved);
    }
    current = await findChannelAccount(db, row.id);
  }
  return err(failure("INVALID_STATE", "The account was changed meanwhile; authorise once more."));
}

async function withGrant(
  env: Env,
  adapter: ChannelAdapter,
  row: ChannelAccountRow,
  grant: Grant,
  now: number,
) {
  const mode = modeOf(adapter, row.mode);
  if (!mode.ok) return mode;
  const [newest] = (await openedAccount(env, row)).versions;
  const merged = { ...Object(newest), ...grant.credentials };
  const report = await examineCredentials(mode.value, merged, now);
  if (!report.ok) return report;
  const versions = row.credentials ?? [];
  const next = 1 + Math.max(0, ...versions.map(({ version }) => version));
  const sealed = await sealCredentials(env, row.id, next, report.value, now);
  return ok({
    credentials: [sealed, ...versions],
    authorization_expires_at: grant.expiresAt,
  });
}
