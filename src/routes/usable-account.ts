/** Which of the merchant's channel accounts a payment goes through. */
import { channelOf } from "../channels/registry.ts";
import { apiError } from "../errors.ts";
import { sandboxAccounts } from "../onboarding/sandbox-accounts.ts";
import { addChannelAccounts, type ChannelAccountRow } from "../store/channel-accounts.ts";
import { database } from "../store/db.ts";
import { forgetAllApiKeys } from "./authenticate.ts";
import type { AppContext } from "./http.ts";

/**
 * The named account, or the oldest active one for the channel. Test mode has a built-in account
 * for every channel, also for a channel that came after the merchant did.
 * @throws ApiError CHANNEL_ACCOUNT_NOT_FOUND or CHANNEL_NOT_CONFIGURED
 */
export async function usableAccount(
  c: AppContext,
  channel: string,
  id: string | null,
): Promise<ChannelAccountRow> {
  const { accounts, merchant, key } = c.var.principal;
  const active = accounts.filter((account) => account.status === "active");
  if (id !== null) {
    const named = active.find((account) => account.id === id);
    if (named === undefined) {
      throw apiError(
        "CHANNEL_ACCOUNT_NOT_FOUND",
        "channel_account names no active account of yours.",
      );
    }
    if (named.channel !== channel) {
      throw apiError("INVALID_REQUEST", `channel_account is an account for ${named.channel}.`, {
        issues: [{ path: "channel_account", message: `belongs to ${named.channel}` }],
      });
    }
    return named;
  }
  const [oldest] = active
    .filter((account) => account.channel === channel)
    .toSorted((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
  if (oldest !== undefined) return oldest;
  if (!key.livemode && channelOf(channel) !== null) {
    const made = await sandboxAccounts(c.env, merchant.id, [channel], c.var.now);
    await addChannelAccounts(database(c.env.DB), made);
    forgetAllApiKeys();
    const [account] = made;
    if (account !== undefined) return account;
  }
  throw apiError(
    "CHANNEL_NOT_CONFIGURED",
    `Create a channel account for ${channel} first: POST /v1/channel-accounts.`,
  );
}
