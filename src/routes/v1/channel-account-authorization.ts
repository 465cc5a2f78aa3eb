/**
 * A merchant lets an application act for its account: the link, the merchant's way back with the
 * code, and for test keys the page on which the merchant says yes.
 */
import { createRoute, z } from "@hono/zod-openapi";
import { html } from "hono/html";

import { accountRow } from "../../channels/accounts.ts";
import type { Authorization } from "../../channels/adapter.ts";
import { connect, type Connection } from "../../channels/connect.ts";
import { iso } from "../../clock.ts";
import { apiError, type ErrorCode, ERRORS } from "../../errors.ts";
import { isId } from "../../ids.ts";
import {
  authorizationState,
  checkAuthorizationState,
  LINK_LIFETIME_MS,
  storeGrant,
} from "../../onboarding/authorization.ts";
import { regionsOf } from "../../regions.ts";
import { sandboxChannel } from "../../sandbox/registry.ts";
import { sandboxOrders, sandboxWorld } from "../../sandbox/transport.ts";
import type { ChannelAccountRow } from "../../store/channel-accounts.ts";
import { forgetAllApiKeys } from "../authenticate.ts";
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

const isBrowser = (c: AppContext): boolean =>
  (c.req.header("Accept") ?? "").toLowerCase().includes("text/html");

/** A page for the merchant's browser: no script, no style, nothing to load, nothing to embed. */
function page(c: AppContext, status: 200 | (typeof ERRORS)[ErrorCode]["status"], text: string) {
  const title = status === 200 ? "Authorised" : "Not authorised";
  c.header("Cache-Control", "no-store");
  // The address holds the code: it must not travel on.
  c.header("Referrer-Policy", "no-referrer");
  c.header("X-Content-Type-Options", "nosniff");
  c.header(
    "Content-Security-Policy",
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  );
  return c.html(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>${title}</title>
        </head>
        <body>
          <h1>${title}</h1>
          <p>${text}</p>
        </body>
      </html>`,
    status,
  );
}

/** Says why not: to people as a page, to programs as every other error. */
function refuse(c: AppContext, code: ErrorCode, text: string) {
  if (!isBrowser(c)) throw apiError(code, text);
  c.set("errorCode", code);
  return page(c, ERRORS[code].status, text);
}

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
  const stored = await storeGrant(c.env, adapter, row.id, outcome.value, c.var.now);
  if (!stored.ok) return refuse(c, stored.error.code, stored.error.message);
  forgetAllApiKeys();
  const text = `${row.display_name} may now take payments through ${name}. You can close this page.`;
  return page(c, 200, text);
}

/** Where the channel sends the merchant's browser. No key: the state is the authority. */
async function comeBack(c: AppContext, channel: string, id: string) {
  const row = isId("channelAccount", id) ? await accountRow(c.env, id) : null;
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

/**
 * Whether an address is the way back of an account of this deployment. The sandbox's page sends
 * browsers to no other: it must not lend our name to a stranger's link.
 */
function isWayBack(c: AppContext, channel: string, address: string): boolean {
  const url = URL.parse(address);
  if (url === null) return false;
  const bases = Object.values(regionsOf(c.env.REGIONS)).map(({ callback_base }) => callback_base);
  const origins = [publicOrigin(c), ...bases].map((base) => URL.parse(base ?? "")?.origin);
  const [account = "", last] = url.pathname.slice(`/v1/callbacks/${channel}/`.length).split("/");
  return (
    origins.includes(url.origin) &&
    url.pathname.startsWith(`/v1/callbacks/${channel}/`) &&
    isId("channelAccount", account) &&
    last === "authorization"
  );
}

/** Test keys: the simulated channel's page, on which the merchant always says yes. */
async function sayYes(c: AppContext, channel: string): Promise<Response> {
  const simulated = sandboxChannel(channel);
  const refusal = () => refuse(c, "NOT_FOUND", "The sandbox has no such page.");
  if (simulated === null) return refusal();
  const orders = sandboxOrders(c.env, null, () => {});
  const world = await sandboxWorld(c.env, channel, null, orders, publicOrigin(c));
  const address = new URL("/authorization", simulated.endpoints[0]);
  address.search = new URL(c.req.url).search;
  const answer = await simulated.handle(new Request(address), world);
  const location = answer.headers.get("Location") ?? "";
  if (answer.status !== 302 || !isWayBack(c, channel, location)) return refusal();
  c.header("Cache-Control", "no-store");
  c.header("Referrer-Policy", "no-referrer");
  return c.redirect(location, 302);
}

const htmlContent = { "text/html": { schema: z.string() } };

const refused = errors(400, 402, 403, 404, 409, 422, 502, 503, 504);

/** People see errors as a page. */
const shown = <R extends { readonly content: object }>(reply: R) => ({
  ...reply,
  content: { ...reply.content, ...htmlContent },
});

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

const yesPage = createRoute({
  method: "get",
  path: "/sandbox/pages/{channel}/authorization",
  tags: ["Sandbox"],
  operationId: "getSandboxAuthorization",
  summary: "Where the merchant of a test account says yes",
  description: "Stands for the channel's own page, agrees at once, and leads back.",
  request: { params: z.object({ channel: idParam("channel", "alipay") }) },
  responses: {
    302: { description: "Back to the account, with a code." },
    404: shown(refused[404]),
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

  app.openAPIRegistry.registerPath(yesPage);
  app.get("/sandbox/pages/:channel/authorization", (c) => sayYes(c, c.req.param("channel")));
}
