/** `/v1/webhook-endpoints` (API.md section 6): where a merchant's events go. */
import { createRoute, z } from "@hono/zod-openapi";

import { openVault } from "../../crypto/vault.ts";
import { ApiError, apiError, invalidField } from "../../errors.ts";
import { secureRandom } from "../../ids.ts";
import { PlainText } from "../../plain-text.ts";
import { database } from "../../store/db.ts";
import {
  countEndpoints,
  deleteEndpoint,
  type EndpointChange,
  type EndpointRow,
  listEndpoints,
  saveEndpoint,
  updateEndpoint,
} from "../../store/webhook-endpoints.ts";
import { showEndpoint } from "../../webhooks/endpoint.ts";
import { EVERY_EVENT, SUBSCRIPTIONS } from "../../webhooks/event-types.ts";
import { checkEndpointUrl, ownHostsOf } from "../../webhooks/policy.ts";
import { makeSecret } from "../../webhooks/secrets.ts";
import { auditEntry } from "../audit.ts";
import { type App, type AppContext, errors, jsonBody, jsonReply, listOf } from "../http.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import { auth, changedMeanwhile, loadEndpoint, once, params, tags } from "./webhook-access.ts";
import { registerWebhookOperations } from "./webhook-operations.ts";
import { Endpoint, EndpointWithSecret } from "./webhook-schemas.ts";

/** More would make one payment's events a burst that nobody reads. Per merchant and mode. */
const ENDPOINTS_LIMIT = 50;

const Url = z.string().min(1).max(2_048).openapi({
  description: "https, a public host that is not this gateway, no credentials, no fragment.",
  example: "https://shop.example/hooks/itpay",
});
const Description = PlainText(500).nullable();
const EnabledEvents = z
  .array(z.enum(SUBSCRIPTIONS))
  .min(1)
  .max(SUBSCRIPTIONS.length)
  .transform((types) => [...new Set(types)])
  .openapi({ description: "Event types, or `*` for every event." });

const createOne = createRoute({
  ...once,
  method: "post",
  path: "/v1/webhook-endpoints",
  operationId: "createWebhookEndpoint",
  summary: "Add an endpoint",
  description: "Its signing secret is shown this once.",
  tags,
  request: {
    body: jsonBody(
      z.strictObject({
        url: Url,
        description: Description.optional(),
        enabled_events: EnabledEvents.optional(),
      }),
    ),
  },
  responses: {
    201: jsonReply(EndpointWithSecret, "The endpoint with its secret."),
    ...errors(400, 401, 403, 409, 413, 415, 422, 429),
  },
});

const list = createRoute({
  ...auth,
  method: "get",
  path: "/v1/webhook-endpoints",
  operationId: "listWebhookEndpoints",
  summary: "List endpoints",
  description: "Of the key's mode, newest first.",
  tags,
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: jsonReply(listOf(Endpoint), "A page."), ...errors(400, 401, 403, 429) },
});

const get = createRoute({
  ...auth,
  method: "get",
  path: "/v1/webhook-endpoints/{id}",
  operationId: "getWebhookEndpoint",
  summary: "Read an endpoint",
  tags,
  request: { params },
  responses: { 200: jsonReply(Endpoint, "The endpoint."), ...errors(401, 403, 404, 429) },
});

const patch = createRoute({
  ...auth,
  method: "patch",
  path: "/v1/webhook-endpoints/{id}",
  operationId: "updateWebhookEndpoint",
  summary: "Change an endpoint",
  description: "Disabling it cancels what it still had to receive.",
  tags,
  request: {
    params,
    body: jsonBody(
      z.strictObject({
        url: Url.optional(),
        description: Description.optional(),
        enabled_events: EnabledEvents.optional(),
        status: z.enum(["enabled", "disabled"]).optional(),
      }),
    ),
  },
  responses: {
    200: jsonReply(Endpoint, "The endpoint after the change."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 429),
  },
});

const remove = createRoute({
  ...auth,
  method: "delete",
  path: "/v1/webhook-endpoints/{id}",
  operationId: "deleteWebhookEndpoint",
  summary: "Remove an endpoint",
  description: "What it still had to receive is cancelled.",
  tags,
  request: { params },
  responses: { 204: { description: "It is gone." }, ...errors(401, 403, 404, 429) },
});

/** Whose list a cursor belongs to. */
const ownerOf = (c: AppContext) =>
  `${c.var.principal.merchant.id}:${c.var.principal.key.livemode ? "live" : "test"}`;

const badUrl = (fault: string): ApiError => new ApiError(invalidField("url", fault));

/** The URL as it will be called. @throws ApiError when the policy refuses it. */
function allowedUrl(c: AppContext, text: string): string {
  const url = checkEndpointUrl(text, {
    livemode: c.var.principal.key.livemode,
    environment: c.env.ENVIRONMENT,
    ownHosts: ownHostsOf(c.env),
  });
  if (!url.ok) throw badUrl(url.error);
  // Without PUBLIC_URL the host that was asked is the only one known to be ours.
  const { host } = new URL(c.req.url);
  if (url.value.host === host) throw badUrl("must not point to this gateway");
  return url.value.href;
}

function registerSettings(app: App): void {
  app.openapi(createOne, async (c) => {
    const { merchant, key } = c.var.principal;
    const { url, description, enabled_events } = c.req.valid("json");
    const allowed = allowedUrl(c, url);
    const db = database(c.env.DB);
    if ((await countEndpoints(db, merchant.id, key.livemode)) >= ENDPOINTS_LIMIT) {
      throw apiError("INVALID_STATE", `A merchant has at most ${ENDPOINTS_LIMIT} endpoints.`);
    }
    const id = await c.var.newId("webhookEndpoint");
    const { secret, sealed } = await makeSecret(openVault(c.env.VAULT_KEY), id, secureRandom);
    const row: EndpointRow = {
      id,
      merchant_id: merchant.id,
      livemode: key.livemode,
      url: allowed,
      description: description ?? null,
      enabled_events: enabled_events ?? [EVERY_EVENT],
      status: "enabled",
      disabled_reason: null,
      secrets: [sealed],
      failing_since: null,
      created_at: c.var.now,
      updated_at: c.var.now,
    };
    const shown = showEndpoint(row);
    const action = "webhook_endpoint.created" as const;
    await saveEndpoint(db, row, auditEntry(c, { action, target: id, before: null, after: shown }));
    return c.json({ ...shown, secret }, 201);
  });

  app.openapi(list, async (c) => {
    const { merchant, key } = c.var.principal;
    const page = readPage(c.req.valid("query"), "webhook_endpoints", ownerOf(c));
    const db = database(c.env.DB);
    const rows = await listEndpoints(db, merchant.id, key.livemode, withLookahead(page));
    return c.json(pageReply(rows, page, "webhook_endpoints", ownerOf(c), showEndpoint), 200);
  });

  app.openapi(get, async (c) =>
    c.json(showEndpoint(await loadEndpoint(c, c.req.valid("param").id)), 200),
  );

  app.openapi(patch, async (c) => {
    const row = await loadEndpoint(c, c.req.valid("param").id);
    const change = changeOf(c, row, c.req.valid("json"));
    const also = auditEntry(c, {
      action: "webhook_endpoint.updated",
      target: row.id,
      before: showEndpoint(row),
      after: showEndpoint({ ...row, ...change }),
    });
    const guard = { readAt: row.updated_at, also };
    const changed = await updateEndpoint(database(c.env.DB), row.id, change, c.var.now, guard);
    if (changed === null) throw changedMeanwhile();
    return c.json(showEndpoint(changed), 200);
  });

  app.openapi(remove, async (c) => {
    const row = await loadEndpoint(c, c.req.valid("param").id);
    const entry = auditEntry(c, {
      action: "webhook_endpoint.deleted",
      target: row.id,
      before: showEndpoint(row),
      after: null,
    });
    await deleteEndpoint(database(c.env.DB), row.id, entry);
    return c.body(null, 204);
  });
}

interface PatchBody {
  readonly url?: string | undefined;
  readonly description?: string | null | undefined;
  readonly enabled_events?: string[] | undefined;
  readonly status?: "enabled" | "disabled" | undefined;
}

function changeOf(c: AppContext, row: EndpointRow, body: PatchBody): EndpointChange {
  const url = body.url === undefined ? row.url : allowedUrl(c, body.url);
  const enabling = body.status === "enabled" && row.status === "disabled";
  const disabling = body.status === "disabled" && row.status === "enabled";
  return {
    url,
    ...(body.description === undefined ? {} : { description: body.description }),
    ...(body.enabled_events === undefined ? {} : { enabled_events: body.enabled_events }),
    ...(enabling ? { status: "enabled" as const, disabled_reason: null } : {}),
    ...(disabling ? { status: "disabled" as const, disabled_reason: "by_merchant" } : {}),
    // The failures belong to the receiver that was there before.
    ...(enabling || url !== row.url ? { failing_since: null } : {}),
  };
}

export function registerWebhookEndpoints(app: App): void {
  registerSettings(app);
  registerWebhookOperations(app);
}
