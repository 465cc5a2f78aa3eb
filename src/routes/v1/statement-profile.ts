/** `/v1/channel-accounts/{id}/statement-profile`: how an account's uploaded statements are laid out. */
import { createRoute, z } from "@hono/zod-openapi";

import { forgetAccount } from "../../channels/accounts.ts";
import { formatFor } from "../../channels/statement/formats.ts";
import { StatementProfile } from "../../channels/statement/profile.ts";
import { apiError } from "../../errors.ts";
import { type ChannelAccountRow, updateChannelAccount } from "../../store/channel-accounts.ts";
import { database } from "../../store/db.ts";
import { auditEntry } from "../audit.ts";
import { forgetAllApiKeys, merchantAuth } from "../authenticate.ts";
import { type App, errors, jsonBody, jsonReply } from "../http.ts";
import { owned, params, tags, writing } from "./channel-account-access.ts";

const path = "/v1/channel-accounts/{id}/statement-profile";

const AccountProfile = z
  .object({
    object: z.literal("statement_profile"),
    channel_account: z.string(),
    format: z.string(),
    profile: StatementProfile.nullable(),
  })
  .openapi("StatementProfile");

const get = createRoute({
  method: "get",
  path,
  tags,
  operationId: "getStatementProfile",
  summary: "Read how uploaded statements are laid out",
  description: "Without a profile `format` is the channel's own layout, or our plain CSV.",
  ...merchantAuth("reports:read"),
  request: { params },
  responses: { 200: jsonReply(AccountProfile, "As it is set."), ...errors(401, 403, 404, 429) },
});

const put = createRoute({
  method: "put",
  path,
  tags,
  operationId: "putStatementProfile",
  summary: "Say how uploaded statements are laid out",
  description:
    "For exports of banks and portals whose layout is not known here: which column is what, and " +
    "how amounts, times and states are written. Null: the channel's own layout again. Files that " +
    "were read stay as they were.",
  ...writing,
  request: {
    params,
    body: jsonBody(
      z.strictObject({ profile: StatementProfile.nullable() }).openapi("PutStatementProfile"),
    ),
  },
  responses: {
    200: jsonReply(AccountProfile, "As it is set."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 429),
  },
});

type Shown = z.infer<typeof AccountProfile>;

const show = ({ id, channel, statement_profile: profile }: ChannelAccountRow): Shown => ({
  object: "statement_profile",
  channel_account: id,
  format: formatFor(channel, profile ?? null).name,
  profile: (profile ?? null) as Shown["profile"],
});

export function registerStatementProfile(app: App): void {
  app.openapi(get, async (c) => c.json(show(await owned(c, c.req.valid("param").id)), 200));

  app.openapi(put, async (c) => {
    const row = await owned(c, c.req.valid("param").id);
    const change = { statement_profile: c.req.valid("json").profile };
    const also = auditEntry(c, {
      action: "channel_account.statement_profile_set",
      target: row.id,
      before: show(row),
      after: show({ ...row, ...change }),
    });
    const db = database(c.env.DB);
    const after = await updateChannelAccount(db, row.id, row.updated_at, change, c.var.now, also);
    forgetAccount(row.id);
    forgetAllApiKeys();
    if (after !== null) return c.json(show(after), 200);
    throw apiError("INVALID_STATE", "The account was changed by another request; read it again.");
  });
}
