/** `/v1/channel-accounts` (API.md section 4): the merchant's own accounts at the channels. */
import { createRoute, z } from "@hono/zod-openapi";

import { forgetAccount } from "../../channels/accounts.ts";
import type { ChannelAdapter } from "../../channels/adapter.ts";
import { connect } from "../../channels/connect.ts";
import { CHANNEL_SLUGS, channelOf } from "../../channels/registry.ts";
import { iso, isoOrNull } from "../../clock.ts";
import { ApiError, apiError } from "../../errors.ts";
import { examineCredentials, modeOf, sealCredentials } from "../../onboarding/credentials.ts";
import { channelFailure } from "../../payments/payment.ts";
import { regionsOf } from "../../regions.ts";
import type { Failure } from "../../errors.ts";
import type { Result } from "../../result.ts";
import { registerMerchant } from "../../sandbox/keys.ts";
import { sandboxChannel } from "../../sandbox/registry.ts";
import {
  addChannelAccounts,
  type ChannelAccountRow,
  findChannelAccount,
  listChannelAccounts,
  updateChannelAccount,
} from "../../store/channel-accounts.ts";
import { database } from "../../store/db.ts";
import { forgetAllApiKeys, merchantAuth } from "../authenticate.ts";
import {
  type App,
  type AppContext,
  errors,
  idParam,
  jsonBody,
  jsonReply,
  listOf,
  Timestamp,
} from "../http.ts";
import { idempotent } from "../idempotent.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import { PlainText } from "./schemas.ts";

const tags = ["Channel accounts"];
const params = z.object({ id: idParam("id", "ca_01k5x0e8m3v7q2r9t4w6y8z0ab") });

const ChannelAccount = z
  .object({
    id: z.string(),
    object: z.literal("channel_account"),
    livemode: z.boolean(),
    channel: z.string(),
    mode: z.string(),
    display_name: z.string(),
    merchant_account: z.string().openapi({ description: "Your number at the channel." }),
    region: z.string().nullable(),
    late_payment: z.enum(["accept", "refund"]),
    status: z.enum(["active", "disabled"]),
    credentials: z
      .array(
        z.object({
          version: z.int(),
          fingerprints: z.record(z.string(), z.string()),
          created_at: Timestamp,
        }),
      )
      .openapi({ description: "Newest first. Empty: the sandbox's own. Secrets never come back." }),
    callback_url: z.string().nullable(),
    verified_at: Timestamp.nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi("ChannelAccount");

const LATE = "must be accept; refunding late payments by itself comes with refunds";
const LatePayment = z.enum(["accept"], LATE).openapi({
  description: "What happens when a buyer pays after the payment has ended.",
});

const CreateBody = z
  .strictObject({
    channel: z.enum(CHANNEL_SLUGS, `must be one of ${CHANNEL_SLUGS.join(", ")}`),
    mode: z.string().max(32).default("direct"),
    display_name: PlainText(100),
    region: z.string().max(32).optional(),
    credentials: z.record(z.string(), z.unknown()).openapi({
      description: "As the mode's credentials_schema in GET /v1/channels says.",
    }),
    late_payment: LatePayment.default("accept"),
  })
  .openapi("CreateChannelAccount");

const PatchBody = z
  .strictObject({
    display_name: PlainText(100),
    region: z.string().max(32).nullable(),
    late_payment: LatePayment,
    status: z.enum(["active", "disabled"]),
  })
  .partial();

const reading = merchantAuth("payments:read");
const writer = merchantAuth("channels:write");
const writing = { ...writer, middleware: [...writer.middleware, idempotent] };

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
  ...writing,
  request: { body: jsonBody(CreateBody) },
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
  ...writer,
  request: { params, body: jsonBody(PatchBody) },
  responses: { ...one, ...errors(400, 401, 403, 404, 413, 415, 429) },
});

const remove = createRoute({
  method: "delete",
  path: "/v1/channel-accounts/{id}",
  tags,
  operationId: "disableChannelAccount",
  summary: "Take an account out of use",
  description: "New payments cannot use it. Open ones still end, so it is kept, disabled.",
  ...writer,
  request: { params },
  responses: { ...one, ...errors(401, 403, 404, 429) },
});

const verify = createRoute({
  method: "post",
  path: "/v1/channel-accounts/{id}/verify",
  tags,
  operationId: "verifyChannelAccount",
  summary: "Check the account with the channel",
  description: "Moves no money: signature, keys and clock are tried against the channel itself.",
  ...writer,
  request: { params },
  responses: {
    200: jsonReply(
      z.object({
        object: z.literal("channel_account_check"),
        channel_account: z.string(),
        detail: z.string(),
        verified_at: Timestamp,
      }),
      "The channel answered and its answer is authentic.",
    ),
    ...errors(401, 402, 403, 404, 409, 422, 429, 502, 503, 504),
  },
});

const rotate = createRoute({
  method: "post",
  path: "/v1/channel-accounts/{id}/credentials",
  tags,
  operationId: "addChannelAccountCredentials",
  summary: "Add new credentials beside the old ones",
  description: "The new ones sign from now on; both verify until the old version is retired.",
  ...writing,
  request: {
    params,
    body: jsonBody(z.strictObject({ credentials: z.record(z.string(), z.unknown()) })),
  },
  responses: {
    201: jsonReply(ChannelAccount, "Both versions verify."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 422, 429),
  },
});

const retire = createRoute({
  method: "delete",
  path: "/v1/channel-accounts/{id}/credentials/{version}",
  tags,
  operationId: "retireChannelAccountCredentials",
  summary: "Retire an old version of the credentials",
  description: "Callbacks signed for it are refused from then on. The only version stays.",
  ...writer,
  request: { params: params.extend({ version: z.coerce.number().int().positive() }) },
  responses: { ...one, ...errors(400, 401, 403, 404, 409, 429) },
});

function show(row: ChannelAccountRow): z.infer<typeof ChannelAccount> {
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
    callback_url: `/v1/callbacks/${row.channel}/${row.id}`,
    verified_at: isoOrNull(row.verified_at),
    created_at: iso(row.created_at),
    updated_at: iso(row.updated_at),
  };
}

/** The merchant's own account, in the key's mode. @throws ApiError CHANNEL_ACCOUNT_NOT_FOUND */
async function owned(c: AppContext, id: string): Promise<ChannelAccountRow> {
  const { merchant, key } = c.var.principal;
  const row = await findChannelAccount(database(c.env.DB), id);
  if (row === null || row.merchant_id !== merchant.id || row.livemode !== key.livemode) {
    throw apiError("CHANNEL_ACCOUNT_NOT_FOUND", "No such channel account.");
  }
  return row;
}

function checkRegion(c: AppContext, region: string | null | undefined): void {
  if (region === undefined || region === null) return;
  const known = Object.keys(regionsOf(c.env.REGIONS));
  if (known.includes(region)) return;
  const message =
    known.length === 0
      ? "this deployment has no regions; leave it out"
      : `must be one of ${known.join(", ")}`;
  throw apiError("INVALID_REQUEST", `region: ${message}.`, {
    issues: [{ path: "region", message }],
  });
}

function orThrow<T>(result: Result<T, Failure>): T {
  if (!result.ok) throw new ApiError(result.error);
  return result.value;
}

const adapterOf = (channel: string): ChannelAdapter => {
  const found = channelOf(channel);
  if (found === null) throw apiError("NOT_FOUND", "This deployment no longer has that channel.");
  return found.adapter;
};

/** Test accounts tell the simulated channel their public key, as one would in its console. */
async function registerInSandbox(c: AppContext, channel: string, credentials: unknown) {
  const registration = await sandboxChannel(channel)?.simulator.registration(credentials);
  if (registration == null) return;
  await registerMerchant(c.env, channel, registration.merchant, registration.entry);
}

async function change(
  c: AppContext,
  id: string,
  fields: Parameters<typeof updateChannelAccount>[2],
): Promise<ChannelAccountRow> {
  const row = await updateChannelAccount(database(c.env.DB), id, fields, c.var.now);
  forgetAccount(id);
  forgetAllApiKeys();
  if (row === null) throw apiError("CHANNEL_ACCOUNT_NOT_FOUND", "No such channel account.");
  return row;
}

async function examined(c: AppContext, channel: string, mode: string, credentials: unknown) {
  const integration = orThrow(modeOf(adapterOf(channel), mode));
  return orThrow(await examineCredentials(integration, credentials, c.var.now));
}

export function registerChannelAccounts(app: App): void {
  app.openapi(create, async (c) => {
    const body = c.req.valid("json");
    const { merchant, key } = c.var.principal;
    checkRegion(c, body.region);
    const report = await examined(c, body.channel, body.mode, body.credentials);
    const id = await c.var.newId("channelAccount");
    if (!key.livemode) await registerInSandbox(c, body.channel, report.parsed);
    await addChannelAccounts(database(c.env.DB), [
      {
        id,
        merchant_id: merchant.id,
        livemode: key.livemode,
        channel: body.channel,
        mode: body.mode,
        display_name: body.display_name,
        region: body.region ?? null,
        late_payment: body.late_payment,
        status: "active",
        credentials: [await sealCredentials(c.env, id, 1, report, c.var.now)],
        merchant_account: report.merchantAccount,
        verified_at: null,
        created_at: c.var.now,
        updated_at: c.var.now,
      },
    ]);
    forgetAllApiKeys();
    return c.json(show(await owned(c, id)), 201);
  });

  app.openapi(list, async (c) => {
    const { merchant, key } = c.var.principal;
    const page = readPage(c.req.valid("query"), "channel_accounts", merchant.id);
    const db = database(c.env.DB);
    const rows = await listChannelAccounts(db, merchant.id, key.livemode, withLookahead(page));
    return c.json(pageReply(rows, page, "channel_accounts", merchant.id, show), 200);
  });

  app.openapi(get, async (c) => c.json(show(await owned(c, c.req.valid("param").id)), 200));

  app.openapi(patch, async (c) => {
    const { id } = await owned(c, c.req.valid("param").id);
    const body = c.req.valid("json");
    checkRegion(c, body.region);
    const fields = Object.fromEntries(
      Object.entries(body).filter(([, value]) => value !== undefined),
    );
    return c.json(show(await change(c, id, fields)), 200);
  });

  app.openapi(remove, async (c) => {
    const { id } = await owned(c, c.req.valid("param").id);
    return c.json(show(await change(c, id, { status: "disabled" })), 200);
  });

  app.openapi(verify, async (c) => {
    const row = await owned(c, c.req.valid("param").id);
    const {
      env,
      var: { log, now },
    } = c;
    const connection = await connect(row, { env, log, script: null });
    const { adapter, account } = connection;
    const outcome = await adapter.selfCheck(account, connection.io(0));
    if (outcome.kind !== "ok") throw new ApiError(channelFailure(row.channel, outcome.error));
    await change(c, row.id, { verified_at: now });
    return c.json(
      {
        object: "channel_account_check" as const,
        channel_account: row.id,
        detail: outcome.value.detail,
        verified_at: iso(now),
      },
      200,
    );
  });

  app.openapi(rotate, async (c) => {
    const row = await owned(c, c.req.valid("param").id);
    const report = await examined(c, row.channel, row.mode, c.req.valid("json").credentials);
    if (report.merchantAccount !== row.merchant_account) {
      throw apiError(
        "INVALID_REQUEST",
        "The credentials belong to another account at the channel; create a new channel account.",
        { issues: [{ path: "credentials", message: "belong to another account" }] },
      );
    }
    const versions = row.credentials ?? [];
    const next = 1 + Math.max(0, ...versions.map(({ version }) => version));
    if (!row.livemode) await registerInSandbox(c, row.channel, report.parsed);
    const sealed = await sealCredentials(c.env, row.id, next, report, c.var.now);
    return c.json(show(await change(c, row.id, { credentials: [sealed, ...versions] })), 201);
  });

  app.openapi(retire, async (c) => {
    const { id, version } = c.req.valid("param");
    const row = await owned(c, id);
    const versions = row.credentials ?? [];
    const left = versions.filter((entry) => entry.version !== version);
    if (left.length === versions.length) throw apiError("NOT_FOUND", "No such version.");
    if (left.length === 0) {
      throw apiError("INVALID_STATE", "The only version cannot be retired; add another one first.");
    }
    return c.json(show(await change(c, id, { credentials: left })), 200);
  });
}
