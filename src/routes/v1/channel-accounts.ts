/** `/v1/channel-accounts` (API.md section 4): the merchant's own accounts at the channels. */
import { createRoute, z } from "@hono/zod-openapi";

import { channelOf } from "../../channels/registry.ts";
import { ApiError, invalidField } from "../../errors.ts";
import { sealCredentials } from "../../onboarding/credentials.ts";
import { regionsOf } from "../../regions.ts";
import {
  addChannelAccounts,
  type ChannelAccountRow,
  listChannelAccounts,
} from "../../store/channel-accounts.ts";
import { database } from "../../store/db.ts";
import { auditEntry } from "../audit.ts";
import { forgetAllApiKeys } from "../authenticate.ts";
import { type App, type AppContext, errors, jsonBody, jsonReply, listOf } from "../http.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import {
  change,
  examined,
  once,
  owned,
  params,
  reading,
  registerInSandbox,
  show,
  tags,
  writing,
} from "./channel-account-access.ts";
import {
  ChannelAccount,
  CreateChannelAccount,
  PatchChannelAccount,
} from "./channel-account-schemas.ts";

const one = { 200: jsonReply(ChannelAccount, "The account.") };

const create = createRoute({
  method: "post",
  path: "/v1/channel-accounts",
  tags,
  operationId: "createChannelAccount",
  summary: "Connect an account at a channel",
  description:
    "Keys and certificates are examined before they are saved, are encrypted at rest and never come " +
    "back: answers show fingerprints. Test keys need none of this, every channel has a built-in " +
    "sandbox account.",
  ...once,
  request: { body: jsonBody(CreateChannelAccount) },
  responses: {
    201: jsonReply(ChannelAccount, "Saved; credentials are shown as fingerprints only."),
    ...errors(400, 401, 403, 409, 413, 415, 422, 429),
  },
});

const list = createRoute({
  method: "get",
  path: "/v1/channel-accounts",
  tags,
  operationId: "listChannelAccounts",
  summary: "List accounts",
  ...reading,
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: jsonReply(listOf(ChannelAccount), "A page."), ...errors(400, 401, 403, 429) },
});

const get = createRoute({
  method: "get",
  path: "/v1/channel-accounts/{id}",
  tags,
  operationId: "getChannelAccount",
  summary: "Read an account",
  ...reading,
  request: { params },
  responses: { ...one, ...errors(401, 403, 404, 429) },
});

const patch = createRoute({
  method: "patch",
  path: "/v1/channel-accounts/{id}",
  tags,
  operationId: "updateChannelAccount",
  summary: "Change an account's settings",
  ...writing,
  request: { params, body: jsonBody(PatchChannelAccount) },
  responses: { ...one, ...errors(400, 401, 403, 404, 409, 413, 415, 429) },
});

const remove = createRoute({
  method: "delete",
  path: "/v1/channel-accounts/{id}",
  tags,
  operationId: "disableChannelAccount",
  summary: "Take an account out of use",
  description: "New payments cannot use it. Open ones still end, so it is kept, disabled.",
  ...writing,
  request: { params },
  responses: { ...one, ...errors(401, 403, 404, 429) },
});

function checkRegion(c: AppContext, region: string | null | undefined): void {
  if (region === undefined || region === null) return;
  const known = Object.keys(regionsOf(c.env.REGIONS));
  if (known.includes(region)) return;
  const message =
    known.length === 0
      ? "this deployment has no regions; leave it out"
      : `must be one of ${known.join(", ")}`;
  throw new ApiError(invalidField("region", message));
}

/** Money can only go back by itself where the channel takes it back. */
function checkLatePayment(channel: string, policy: "accept" | "refund" | undefined): void {
  const info = channelOf(channel)?.adapter.info;
  if (policy !== "refund" || info === undefined || info.refunds !== null) return;
  const message = `must be accept: ${info.name} has no refunds`;
  throw new ApiError(invalidField("late_payment", message));
}

export function registerChannelAccounts(app: App): void {
  app.openapi(create, async (c) => {
    const body = c.req.valid("json");
    const { merchant, key } = c.var.principal;
    checkRegion(c, body.region);
    checkLatePayment(body.channel, body.late_payment);
    const mode = body.mode ?? Object.keys(channelOf(body.channel)?.adapter.modes ?? {})[0] ?? "";
    const report = await examined(c, body.channel, mode, body.credentials);
    const id = await c.var.newId("channelAccount");
    if (!key.livemode) await registerInSandbox(c, body.channel, report.parsed);
    const row: ChannelAccountRow = {
      id,
      merchant_id: merchant.id,
      livemode: key.livemode,
      channel: body.channel,
      mode,
      display_name: body.display_name,
      region: body.region ?? null,
      late_payment: body.late_payment,
      status: "active",
      credentials: [await sealCredentials(c.env, id, 1, report, c.var.now)],
      merchant_account: report.merchantAccount,
      verified_at: null,
      authorization_expires_at: null,
      channel_fee: body.channel_fee,
      split: null,
      statement_profile: null,
      created_at: c.var.now,
      updated_at: c.var.now,
    };
    const entry = auditEntry(c, {
      action: "channel_account.created",
      target: id,
      before: null,
      after: show(c, row),
    });
    await addChannelAccounts(database(c.env.DB), [row], entry);
    forgetAllApiKeys();
    return c.json(show(c, await owned(c, id)), 201);
  });

  app.openapi(list, async (c) => {
    const { merchant, key } = c.var.principal;
    const page = readPage(c.req.valid("query"), "channel_accounts", merchant.id);
    const db = database(c.env.DB);
    const rows = await listChannelAccounts(db, merchant.id, key.livemode, withLookahead(page));
    const view = (row: (typeof rows)[number]) => show(c, row);
    return c.json(pageReply(rows, page, "channel_accounts", merchant.id, view), 200);
  });

  app.openapi(get, async (c) => c.json(show(c, await owned(c, c.req.valid("param").id)), 200));

  app.openapi(patch, async (c) => {
    const row = await owned(c, c.req.valid("param").id);
    const body = c.req.valid("json");
    checkRegion(c, body.region);
    checkLatePayment(row.channel, body.late_payment);
    const fields = Object.fromEntries(
      Object.entries(body).filter(([, value]) => value !== undefined),
    );
    return c.json(show(c, await change(c, row, fields, "channel_account.updated")), 200);
  });

  app.openapi(remove, async (c) => {
    const row = await owned(c, c.req.valid("param").id);
    const fields = { status: "disabled" as const };
    return c.json(show(c, await change(c, row, fields, "channel_account.disabled")), 200);
  });
}
