/** `/v1/api-keys` (API.md section 4): restricted keys, rotation with an overlap, instant revoke. */
import { createRoute, z } from "@hono/zod-openapi";

import { ApiError, apiError, failure, invalidField } from "../../errors.ts";
import { beyondLimits, type KeyLimits } from "../../onboarding/key-limits.ts";
import { issueKey } from "../../onboarding/keys.ts";
import {
  findApiKey,
  hasFullKey,
  listApiKeys,
  replaceApiKey,
  revokeApiKey,
  saveApiKey,
} from "../../store/api-keys.ts";
import { database } from "../../store/db.ts";
import type { ApiKey } from "../../store/merchants.ts";
import { auditEntry } from "../audit.ts";
import { forgetApiKey, merchantAuth } from "../authenticate.ts";
import {
  type App,
  type AppContext,
  errors,
  idParam,
  jsonBody,
  jsonReply,
  listOf,
} from "../http.ts";
import { idempotent } from "../idempotent.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import {
  ApiKeyView,
  CreateApiKey,
  NewApiKey,
  RevokedApiKey,
  RotateApiKey,
  showApiKey,
  statusOf,
} from "./api-key-schemas.ts";

const tags = ["API keys"];
const params = z.object({ id: idParam("id", "key_01k5x0e8m3v7q2r9t4w6y8z0ab") });

/** Keys can hand out rights: only a key that has them all may manage keys. */
const manager = merchantAuth("*");
const creating = { ...manager, middleware: [...manager.middleware, idempotent] };

const create = createRoute({
  method: "post",
  path: "/v1/api-keys",
  tags,
  operationId: "createApiKey",
  summary: "Create a key",
  description:
    "The new key has the mode of the key that asks. It can be restricted to scopes, to addresses and " +
    "to a time; where the key that asks is held to addresses or to a time, so must the new one be.",
  ...creating,
  request: { body: jsonBody(CreateApiKey) },
  responses: {
    201: jsonReply(NewApiKey, "The key, shown once."),
    ...errors(400, 401, 403, 409, 413, 415, 422, 429),
  },
});

const list = createRoute({
  method: "get",
  path: "/v1/api-keys",
  tags,
  operationId: "listApiKeys",
  summary: "List keys of this mode",
  ...manager,
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: jsonReply(listOf(ApiKeyView), "A page."), ...errors(400, 401, 403, 429) },
});

const get = createRoute({
  method: "get",
  path: "/v1/api-keys/{id}",
  tags,
  operationId: "getApiKey",
  summary: "Read a key's settings",
  ...manager,
  request: { params },
  responses: { 200: jsonReply(ApiKeyView, "The key."), ...errors(401, 403, 404, 429) },
});

const revoke = createRoute({
  method: "delete",
  path: "/v1/api-keys/{id}",
  tags,
  operationId: "revokeApiKey",
  summary: "Revoke a key",
  description:
    "It stops working everywhere within 10 seconds, where it was revoked at once, and can no longer " +
    "manage keys anywhere. The last key with all rights can be revoked too; the answer warns.",
  ...manager,
  request: { params },
  responses: { 200: jsonReply(RevokedApiKey, "Revoked."), ...errors(401, 403, 404, 429) },
});

const rotate = createRoute({
  method: "post",
  path: "/v1/api-keys/{id}/rotate",
  tags,
  operationId: "rotateApiKey",
  summary: "Replace a key, with an overlap",
  description: "The successor has the same rights. The old key works on until the overlap ends.",
  ...creating,
  request: {
    params,
    body: { content: { "application/json": { schema: RotateApiKey } } },
  },
  responses: {
    201: jsonReply(NewApiKey, "The successor, shown once."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 422, 429),
  },
});

async function owned(c: AppContext, id: string): Promise<ApiKey> {
  const { merchant, key } = c.var.principal;
  const row = await findApiKey(database(c.env.DB), merchant.id, key.livemode, id);
  if (row === null) throw apiError("NOT_FOUND", "No such API key.");
  return row;
}

/** @throws ApiError FORBIDDEN when the key that asks has not what it would grant */
function checkLimits(c: AppContext, wanted: KeyLimits): void {
  const issues = beyondLimits(c.var.principal.key, wanted);
  const [first] = issues;
  if (first === undefined) return;
  throw new ApiError(failure("FORBIDDEN", `${first.path}: ${first.message}.`, { issues }));
}

async function createKey(c: AppContext, body: z.infer<typeof CreateApiKey>) {
  const { merchant, key } = c.var.principal;
  const { now } = c.var;
  const expiresAt = body.expires_at === undefined ? null : Date.parse(body.expires_at);
  if (expiresAt !== null && expiresAt <= now) {
    throw new ApiError(invalidField("expires_at", "must be in the future"));
  }
  checkLimits(c, { ip_allow: body.ip_allow, expires_at: expiresAt });
  const issued = await issueKey(
    c.env,
    {
      id: await c.var.newId("apiKey"),
      merchant_id: merchant.id,
      livemode: key.livemode,
      label: body.label ?? null,
      scopes: body.scopes,
      ip_allow: body.ip_allow,
      expires_at: expiresAt,
    },
    now,
  );
  const shown = showApiKey(issued.row, now);
  const { id: target } = issued.row;
  const entry = auditEntry(c, { action: "api_key.created", target, before: null, after: shown });
  await saveApiKey(database(c.env.DB), issued.row, entry);
  return { ...shown, key: issued.key };
}

async function rotateKey(c: AppContext, old: ApiKey, overlapMs: number) {
  const { now } = c.var;
  if (statusOf(old, now) !== "active") {
    throw apiError("INVALID_STATE", "Only an active key can be rotated; create a new one.");
  }
  checkLimits(c, old);
  const { merchant_id, livemode, label, scopes, ip_allow, expires_at } = old;
  const id = await c.var.newId("apiKey");
  const fields = { id, merchant_id, livemode, label, scopes, ip_allow, expires_at };
  const issued = await issueKey(c.env, fields, now);
  const oldEnds = Math.min(old.expires_at ?? Number.MAX_SAFE_INTEGER, now + overlapMs);
  const shown = showApiKey(issued.row, now);
  const before = { ...showApiKey(old, now), replaced_by: null };
  const after = { ...showApiKey({ ...old, expires_at: oldEnds }, now), replaced_by: id };
  const replaced = await replaceApiKey(database(c.env.DB), old, oldEnds, issued.row, {
    old: auditEntry(c, { action: "api_key.rotated", target: old.id, before, after }),
    successor: auditEntry(c, { action: "api_key.created", target: id, before: null, after: shown }),
  });
  forgetApiKey(old.public_id);
  if (!replaced) {
    throw apiError("INVALID_STATE", "The key was changed by another request; read it again.");
  }
  return { ...shown, key: issued.key };
}

/** A leaked key must end whatever depends on it: the last one is revoked too, and it is said. */
const LOCKED_OUT =
  "No key with all rights is left in this mode: only the operator can give you another one.";

async function revokeKey(c: AppContext, row: ApiKey) {
  const { now } = c.var;
  const db = database(c.env.DB);
  const before = showApiKey(row, now);
  const after = showApiKey({ ...row, revoked_at: row.revoked_at ?? now }, now);
  const entry = auditEntry(c, { action: "api_key.revoked", target: row.id, before, after });
  await revokeApiKey(db, row.id, now, entry);
  forgetApiKey(row.public_id);
  return { ...after, warning: (await hasFullKey(db, row, now)) ? null : LOCKED_OUT };
}

export function registerApiKeys(app: App): void {
  app.openapi(create, async (c) => c.json(await createKey(c, c.req.valid("json")), 201));

  app.openapi(list, async (c) => {
    const { merchant, key } = c.var.principal;
    const page = readPage(c.req.valid("query"), "api_keys", merchant.id);
    const db = database(c.env.DB);
    const rows = await listApiKeys(db, merchant.id, key.livemode, withLookahead(page));
    const view = (row: ApiKey) => showApiKey(row, c.var.now);
    return c.json(pageReply(rows, page, "api_keys", merchant.id, view), 200);
  });

  app.openapi(get, async (c) =>
    c.json(showApiKey(await owned(c, c.req.valid("param").id), c.var.now), 200),
  );

  app.openapi(revoke, async (c) =>
    c.json(await revokeKey(c, await owned(c, c.req.valid("param").id)), 200),
  );

  app.openapi(rotate, async (c) => {
    const old = await owned(c, c.req.valid("param").id);
    // A POST without a body takes the default overlap.
    const { overlap_seconds: overlap } = RotateApiKey.parse(c.req.valid("json") ?? {});
    return c.json(await rotateKey(c, old, overlap * 1_000), 201);
  });
}
