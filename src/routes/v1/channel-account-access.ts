/** What the routes of `/v1/channel-accounts` share: whose account is meant, and how it is shown. */
import { z } from "@hono/zod-openapi";

import { forgetAccount } from "../../channels/accounts.ts";
import type { ChannelAdapter } from "../../channels/adapter.ts";
import { channelOf } from "../../channels/registry.ts";
import { ApiError, apiError, type Failure } from "../../errors.ts";
import { showAccount } from "../../onboarding/account-view.ts";
import { examineCredentials, modeOf } from "../../onboarding/credentials.ts";
import { regionOf } from "../../regions.ts";
import type { Result } from "../../result.ts";
import { registerMerchant } from "../../sandbox/keys.ts";
import { sandboxChannel } from "../../sandbox/registry.ts";
import {
  type AccountChange,
  type ChannelAccountRow,
  findChannelAccount,
  updateChannelAccount,
} from "../../store/channel-accounts.ts";
import { database } from "../../store/db.ts";
import { auditEntry, type AuditedChange } from "../audit.ts";
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

export const show = (c: AppContext, row: ChannelAccountRow): z.infer<typeof ChannelAccount> =>
  showAccount(row, callbackUrl(c, row));

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
function orThrow<T>(result: Result<T, Failure>): T {
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
 * @param action how the audit log calls it; null: what the gateway notes for itself
 * @throws ApiError INVALID_STATE
 */
export async function change(
  c: AppContext,
  read: ChannelAccountRow,
  fields: AccountChange,
  action: AuditedChange["action"] | null,
): Promise<ChannelAccountRow> {
  const { id, updated_at } = read;
  const [before, after] = [show(c, read), show(c, { ...read, ...fields })];
  const also = action === null ? [] : auditEntry(c, { action, target: id, before, after });
  const db = database(c.env.DB);
  const row = await updateChannelAccount(db, id, updated_at, fields, c.var.now, also);
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
