/** What the routes of `/v1/channel-accounts` share: whose account is meant, and how it is shown. */
import { z } from "@hono/zod-openapi";

import { forgetAccount } from "../../channels/accounts.ts";
import type { ChannelAdapter } from "../../channels/adapter.ts";
import { channelOf } from "../../channels/registry.ts";
import { iso, isoOrNull } from "../../clock.ts";
import { ApiError, apiError, type Failure } from "../../errors.ts";
import { examineCredentials, modeOf } from "../../onboarding/credentials.ts";
import { regionOf } from "../../regions.ts";
import type { Result } from "../../result.ts";
import { registerMerchant } from "../../sandbox/keys.ts";
import { sandboxChannel } from "../../sandbox/registry.ts";
import {
  type ChannelAccountRow,
  findChannelAccount,
  updateChannelAccount,
} from "../../store/channel-accounts.ts";
import { database } from "../../store/db.ts";
import { forgetAllApiKeys, merchantAuth } from "../authenticate.ts";
import { type AppContext, idParam, publicOrigin } from "../http.ts";
import { idempotent } from "../idempotent.ts";
import type { ChannelAccount } from "./channel-account-schemas.ts";

export const tags = ["Channel accounts"];
export const params = z.object({ id: idParam("id", "ca_01k5x0e8m3v7q2r9t4w6y8z0ab") });

export const reading = merchantAuth("payments:read");
export const writing = merchantAuth("channels:write");
/** For what must not happen twice: `Idempotency-Key` is honoured. */
export const once = { ...writing, middleware: [...writing.middleware, idempotent] };

/** Where the channel posts for an account: its region's host, else the one of the request. */
export function callbackUrl(
  c: AppContext,
  { channel, id, region }: Pick<ChannelAccountRow, "channel" | "id" | "region">,
): string {
  const base = regionOf(c.env.REGIONS, region).callbackBase ?? publicOrigin(c);
  return `${base}/v1/callbacks/${channel}/${id}`;
}

export function show(c: AppContext, row: ChannelAccountRow): z.infer<typeof ChannelAccount> {
  return {
    id: row.id,
    object: "channel_account",
    livemode: row.livemode,
    channel: row.channel,
    mode: row.mode,
    display_name: row.display_name,
    merchant_account: row.merchant_account,
    region: row.region,
    late_payment: row.late_payment,
    status: row.status,
    credentials: (row.credentials ?? []).map(({ version, fingerprints, created_at }) => ({
      version,
      fingerprints: { ...fingerprints },
      created_at: iso(created_at),
    })),
    callback_url: callbackUrl(c, row),
    verified_at: isoOrNull(row.verified_at),
    created_at: iso(row.created_at),
    updated_at: iso(row.updated_at),
  };
}

/** The merchant's own account, in the key's mode. @throws ApiError CHANNEL_ACCOUNT_NOT_FOUND */
export async function owned(c: AppContext, id: string): Promise<ChannelAccountRow> {
  const { merchant, key } = c.var.principal;
  const row = await findChannelAccount(database(c.env.DB), id);
  if (row === null || row.merchant_id !== merchant.id || row.livemode !== key.livemode) {
    throw apiError("CHANNEL_ACCOUNT_NOT_FOUND", "No such channel account.");
  }
  return row;
}

/** A refusal becomes the answer. @throws ApiError */
export function orThrow<T>(result: Result<T, Failure>): T {
  if (!result.ok) throw new ApiError(result.error);
  return result.value;
}

/** @throws ApiError for an account of a channel that was taken out of this deployment */
export const adapterOf = (channel: string): ChannelAdapter => {
  const found = channelOf(channel);
  if (found === null) throw apiError("NOT_FOUND", "This deployment no longer has that channel.");
  return found.adapter;
};

/** Test accounts tell the simulated channel their public key, as one would in its console. */
export async function registerInSandbox(c: AppContext, channel: string, credentials: unknown) {
  const registration = await sandboxChannel(channel)?.registration(credentials);
  if (registration == null) return;
  await registerMerchant(c.env, channel, registration.merchant, registration.entry);
}

/**
 * Changes an account as it was read: when somebody else changed it meanwhile nothing happens.
 * @throws ApiError INVALID_STATE
 */
export async function change(
  c: AppContext,
  { id, updated_at }: ChannelAccountRow,
  fields: Parameters<typeof updateChannelAccount>[3],
): Promise<ChannelAccountRow> {
  const row = await updateChannelAccount(database(c.env.DB), id, updated_at, fields, c.var.now);
  forgetAccount(id);
  forgetAllApiKeys();
  if (row !== null) return row;
  throw apiError("INVALID_STATE", "The account was changed by another request; read it again.");
}

/** Credentials that parse, fit each other and are nobody else's. @throws ApiError INVALID_REQUEST */
export async function examined(c: AppContext, channel: string, mode: string, credentials: unknown) {
  const integration = orThrow(modeOf(adapterOf(channel), mode));
  return orThrow(await examineCredentials(integration, credentials, c.var.now));
}
