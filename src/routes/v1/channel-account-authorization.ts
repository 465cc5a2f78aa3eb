/**
 * A merchant lets an application act for its account: the link, and the merchant's way back with
 * the code.
 */
import { createRoute, z } from "@hono/zod-openapi";

import type { Authorization } from "../../channels/adapter.ts";
import { connect, type Connection } from "../../channels/connect.ts";
import { iso } from "../../clock.ts";
import { apiError } from "../../errors.ts";
import { isId } from "../../ids.ts";
import {
  authorizationState,
  checkAuthorizationState,
  LINK_LIFETIME_MS,
  storeGrant,
} from "../../onboarding/authorization.ts";
import { type ChannelAccountRow, findChannelAccount } from "../../store/channel-accounts.ts";
import { database } from "../../store/db.ts";
import { forgetAllApiKeys } from "../authenticate.ts";
import { htmlContent, page, refuse, refused, shown } from "../authorization-page.ts";
import {
  type App,
  type AppContext,
  errors,
  idParam,
  jsonReply,
  publicOrigin,
  Timestamp,
} from "../http.ts";
import { callbackUrl, owned, params, tags, writing } from "./channel-account-access.ts";

const start = createRoute({
  method: "post",
  path: "/v1/channel-accounts/{id}/authorization",
  tags,
  operationId: "authorizeChannelAccount",
  summary: "Get the link by which the merchant authorises the application",
  description:
    "For modes in which an application acts for a merchant. The merchant opens the link, says yes " +
    "at the channel, and comes back here: what was granted is saved as new credentials, sealed like " +
    "all others, and renewed before it runs out. The link works for one account and one hour.",
  ...writing,
  request: { params },
  responses: {
    200: jsonReply(
      z
        .object({
          object: z.literal("channel_authorization"),
          channel_account: z.string(),
          url: z.url(),
          expires_at: Timestamp,
        })
        .openapi("ChannelAuthorization"),
      "Where to send the merchant.",
    ),
    ...errors(401, 403, 404, 409, 429),
  },
});

const connected = (c: AppContext, row: ChannelAccountRow): Promise<Connection> =>
  connect(row, { env: c.env, log: c.var.log, script: null, publicBase: publicOrigin(c) });

/** Null: an account of this mode acts for itself. */
const authorizationOf = (
  { adapter: { authorization } }: Connection,
  { mode }: ChannelAccountRow,
): Authorization | null => (authorization?.modes.includes(mode) === true ? authorization : null);

/** Trades the code for the grant and saves it. The account is known to be the state's. */
async function finish(
  c: AppContext,
  row: ChannelAccountRow,
  connection: Connection,
  authorization: Authorization,
  code: string,
) {
  const { adapter, account, io } = connection;
  const outcome = await authorization.exchange(code, account, io(0));
  c.var.log(outcome.kind === "ok" ? "info" : "warn", "authorization", {
    account: row.id,
    outcome: outcome.kind,
    code: outcome.kind === "ok" ? undefined : outcome.error.channelCode,
  });
  const name = adapter.info.name;
  if (outcome.kind === "rejected") {
    return refuse(c, outcome.error.code, `${name} refused: ${outcome.error.message}`);
  }
  if (outcome.kind === "unknown") {
    const text = `${name} could not be asked. Open the link once more.`;
    return refuse(c, outcome.error.code, text);
  }
  const stored = await storeGrant(c.env, adapter, row, outcome.value, c.var.now, {
    action: "channel_account.authorization_granted",
    // A key of the merchant's asked for the link; who opened it the channel knows, not we.
    actor: { type: "api_key", id: null },
    requestId: c.var.requestId,
  });
  if (!stored.ok) return refuse(c, stored.error.code, stored.error.message);
  forgetAllApiKeys();
  const text = `${row.display_name} may now take payments through ${name}. You can close this page.`;
  return page(c, 200, text);
}

/** Where the channel sends the merchant's browser. No key: the state is the authority. */
async function comeBack(c: AppContext, channel: string, id: string) {
  // Not the remembered one: whom the account belongs to may have been settled a moment ago.
  const row = isId("channelAccount", id) ? await findChannelAccount(database(c.env.DB), id) : null;
  const connection = row === null || row.channel !== channel ? null : await connected(c, row);
  const authorization =
    row === null || connection === null ? null : authorizationOf(connection, row);
  if (row === null || connection === null || authorization === null) {
    return refuse(c, "CHANNEL_ACCOUNT_NOT_FOUND", "There is no such account here.");
  }
  const state = await checkAuthorizationState(c.env, id, c.req.query("state") ?? "", c.var.now);
  if (state !== "valid") {
    const text =
      state === "expired"
        ? "This link has run out. Ask for a new one."
        : "This is not a link that was made for this account.";
    return refuse(c, "FORBIDDEN", text);
  }
  const code = c.req.query(authorization.codeParameter) ?? "";
  if (!/^[\w.-]{1,256}$/.test(code)) {
    return refuse(c, "INVALID_REQUEST", "The authorisation was not given.");
  }
  return finish(c, row, connection, authorization, code);
}

const wayBack = createRoute({
  method: "get",
  path: "/v1/callbacks/{channel}/{channel_account}/authorization",
  tags: ["Callbacks"],
  operationId: "receiveAuthorization",
  summary: "Where channels send a merchant back who was asked to authorise",
  description:
    "For browsers only. The query carries the channel's code and the state of our link; without " +
    "a state that was made for this account nothing happens.",
  request: {
    params: z.object({
      channel: idParam("channel", "alipay"),
      channel_account: idParam("channel_account", "ca_01k5x0e8m3v7q2r9t4w6y8z0ab"),
    }),
  },
  responses: {
    200: { description: "A page that says so.", content: htmlContent },
    400: shown(refused[400]),
    402: shown(refused[402]),
    403: shown(refused[403]),
    404: shown(refused[404]),
    409: shown(refused[409]),
    422: shown(refused[422]),
    502: shown(refused[502]),
    503: shown(refused[503]),
    504: shown(refused[504]),
  },
});

export function registerChannelAccountAuthorization(app: App): void {
  app.openapi(start, async (c) => {
    const row = await owned(c, c.req.valid("param").id);
    const connection = await connected(c, row);
    const authorization = authorizationOf(connection, row);
    if (authorization === null) {
      throw apiError(
        "INVALID_STATE",
        `An account in mode ${row.mode} acts for itself; there is nothing to authorise.`,
      );
    }
    const expiresAt = c.var.now + LINK_LIFETIME_MS;
    const url = authorization.link(connection.account, {
      redirectUrl: `${callbackUrl(c, row)}/authorization`,
      state: await authorizationState(c.env, row.id, expiresAt),
      pages: connection.io(0).pages,
    });
    return c.json(
      {
        object: "channel_authorization" as const,
        channel_account: row.id,
        url,
        expires_at: iso(expiresAt),
      },
      200,
    );
  });

  app.openAPIRegistry.registerPath(wayBack);
  app.get("/v1/callbacks/:channel/:account/authorization", (c) => {
    const { channel, account } = c.req.param();
    return comeBack(c, channel, account);
  });
}
