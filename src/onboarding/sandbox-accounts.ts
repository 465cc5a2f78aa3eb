/** The built-in test accounts: a test key works with every channel and needs no credentials. */
import { channelOf } from "../channels/registry.ts";
import { idKeyOf } from "../crypto/id-key.ts";
import { derivedId } from "../ids.ts";
import { sandboxKeyring } from "../sandbox/keys.ts";
import { sandboxChannel } from "../sandbox/registry.ts";
import type { ChannelAccountRow } from "../store/channel-accounts.ts";

async function sandboxAccount(
  env: Env,
  merchantId: string,
  channel: string,
  now: number,
): Promise<ChannelAccountRow | null> {
  const adapter = channelOf(channel)?.adapter;
  const simulator = sandboxChannel(channel);
  if (adapter === undefined || simulator === null) return null;
  const key = await idKeyOf(env.ID_KEY);
  // Derived, so that two requests that both find it missing make the same one.
  const id = await derivedId("channelAccount", key, [merchantId, "sandbox", channel]);
  const credentials = simulator.credentials(await sandboxKeyring(env, channel), id);
  const examined = await adapter.modes[simulator.mode]?.examine(credentials, now);
  if (examined?.ok !== true) throw new Error(`the sandbox of ${channel} hands out bad credentials`);
  return {
    id,
    merchant_id: merchantId,
    livemode: false,
    channel,
    mode: simulator.mode,
    display_name: `Sandbox ${adapter.info.name}`,
    region: null,
    late_payment: "accept",
    status: "active",
    credentials: null,
    merchant_account: examined.value.merchantAccount,
    verified_at: null,
    authorization_expires_at: null,
    channel_fee: null,
    split: null,
    statement_profile: null,
    created_at: now,
    updated_at: now,
  };
}

/** The test accounts of a merchant for these channels. */
export async function sandboxAccounts(
  env: Env,
  merchantId: string,
  channels: readonly string[],
  now: number,
): Promise<ChannelAccountRow[]> {
  const rows = await Promise.all(
    channels.map((channel) => sandboxAccount(env, merchantId, channel, now)),
  );
  return rows.filter((row) => row !== null);
}
