/** Keys of `/v1/channel-accounts`: the check with the channel, new credentials, and their end. */
import { createRoute, z } from "@hono/zod-openapi";

import { connect } from "../../channels/connect.ts";
import { iso } from "../../clock.ts";
import { buildEvent } from "../../envelope.ts";
import { ApiError, apiError, type Failure } from "../../errors.ts";
import { randomId } from "../../ids.ts";
import type { PublishedEvents } from "../../messages.ts";
import { sealCredentials } from "../../onboarding/credentials.ts";
import { channelFailure } from "../../payments/payment.ts";
import type { ChannelAccountRow } from "../../store/channel-accounts.ts";
import {
  type App,
  type AppContext,
  errors,
  jsonBody,
  jsonReply,
  Timestamp,
  publicOrigin,
} from "../http.ts";
import {
  change,
  examined,
  once,
  owned,
  params,
  registerInSandbox,
  show,
  tags,
  writing,
} from "./channel-account-access.ts";
import { ChannelAccount, Credentials } from "./channel-account-schemas.ts";

const verify = createRoute({
  method: "post",
  path: "/v1/channel-accounts/{id}/verify",
  tags,
  operationId: "verifyChannelAccount",
  summary: "Check the account with the channel",
  description: "Moves no money: signature, keys and clock are tried against the channel itself.",
  ...writing,
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
  ...once,
  request: {
    params,
    body: jsonBody(z.strictObject({ credentials: Credentials })),
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
  ...writing,
  request: { params: params.extend({ version: z.coerce.number().int().positive() }) },
  responses: {
    200: jsonReply(ChannelAccount, "The account."),
    ...errors(400, 401, 403, 404, 409, 429),
  },
});

/** Tells the merchant's webhooks how the check of an account ended. */
async function raise(
  c: AppContext,
  type: "channel_account.verified" | "channel_account.unhealthy",
  row: ChannelAccountRow,
  trouble?: Failure,
): Promise<void> {
  const event = buildEvent({
    id: randomId("event"),
    type,
    livemode: row.livemode,
    sequence: 1,
    createdAt: c.var.now,
    requestId: c.var.requestId,
    data: { ...show(c, row), ...(trouble === undefined ? {} : { last_error: trouble }) },
  });
  const message: PublishedEvents = {
    merchant_id: row.merchant_id,
    livemode: row.livemode,
    events: [event],
  };
  await c.env.EVENTS.send(message);
}

export function registerChannelAccountKeys(app: App): void {
  app.openapi(verify, async (c) => {
    const row = await owned(c, c.req.valid("param").id);
    const {
      env,
      var: { log, now },
    } = c;
    const connection = await connect(row, { env, log, script: null, publicBase: publicOrigin(c) });
    const { adapter, account } = connection;
    const outcome = await adapter.selfCheck(account, connection.io(0));
    if (outcome.kind !== "ok") {
      const trouble = channelFailure(row.channel, outcome.error);
      if (outcome.kind === "rejected") await raise(c, "channel_account.unhealthy", row, trouble);
      throw new ApiError(trouble);
    }
    // That the channel answered is no setting.
    const checked = await change(c, row, { verified_at: now }, null);
    await raise(c, "channel_account.verified", checked);
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
    const fields = { credentials: [sealed, ...versions] };
    return c.json(show(c, await change(c, row, fields, "channel_account.credentials_added")), 201);
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
    const fields = { credentials: left };
    return c.json(
      show(c, await change(c, row, fields, "channel_account.credentials_retired")),
      200,
    );
  });
}
