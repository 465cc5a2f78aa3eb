/** How a channel account looks from outside: of its credentials only the fingerprints. */
import { iso, isoOrNull } from "../clock.ts";
import type { ChannelAccountRow } from "../store/channel-accounts.ts";

/** @param callbackUrl where the channel posts for it, which depends on the deployment */
export const showAccount = (row: ChannelAccountRow, callbackUrl: string) => ({
  id: row.id,
  object: "channel_account" as const,
  livemode: row.livemode,
  channel: row.channel,
  mode: row.mode,
  display_name: row.display_name,
  merchant_account: row.merchant_account,
  region: row.region,
  late_payment: row.late_payment,
  channel_fee: row.channel_fee,
  settlement_method: row.split === null ? ("invoice" as const) : ("channel_split" as const),
  status: row.status,
  credentials: (row.credentials ?? []).map(({ version, fingerprints, created_at }) => ({
    version,
    fingerprints: { ...fingerprints },
    created_at: iso(created_at),
  })),
  callback_url: callbackUrl,
  verified_at: isoOrNull(row.verified_at),
  created_at: iso(row.created_at),
  updated_at: iso(row.updated_at),
});
