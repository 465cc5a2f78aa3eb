/** `/v1/api-keys` (API.md section 4): restricted keys, rotation with an overlap, instant revoke. */
import { createRoute, z } from "@hono/zod-openapi";
import ipaddr from "ipaddr.js";

import { iso, isoOrNull } from "../../clock.ts";
import { apiError } from "../../errors.ts";
import { issueKey } from "../../onboarding/keys.ts";
import {
  findApiKey,
  listApiKeys,
  replaceApiKey,
  revokeApiKey,
  saveApiKey,
} from "../../store/api-keys.ts";
import { database } from "../../store/db.ts";
import type { ApiKey } from "../../store/merchants.ts";
import { forgetApiKey, merchantAuth, SCOPES } from "../authenticate.ts";
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

const tags = ["API keys"];
const params = z.object({ id: idParam("id", "key_01k5x0e8m3v7q2r9t4w6y8z0ab") });

const ScopeName = z.enum(["*", ...SCOPES], `must be * or one of ${SCOPES.join(", ")}`);

const ApiKeyView = z
  .object({
    id: z.string(),
    object: z.literal("api_key"),
    livemode: z.boolean(),
    public_id: z.string().openapi({ example: "sk_test_4Fh2kQ9xLm0Z" }),
    label: z.string().nullable(),
    scopes: z.array(z.string()),
    ip_allow: z.array(z.string()),
    status: z.enum(["active", "expired", "revoked"]),
    expires_at: Timestamp.nullable(),
    last_used_at: Timestamp.nullable(),
    created_at: Timestamp,
  })
  .openapi("ApiKey");

const NewApiKey = ApiKeyView.extend({
  key: z.string().openapi({ description: "The whole key, shown this once." }),
}).openapi("NewApiKey");

const isRange = (text: string): boolean =>
  text.includes("/") ? ipaddr.isValidCIDR(text) : ipaddr.isValid(text);

const CreateBody = z
  .strictObject({
    label: PlainText(100).optional(),
    scopes: z.array(ScopeName).min(1, "must name at least one scope").max(20),
    ip_allow: z
      .array(z.string().refine(isRange, "must be an IP address or a CIDR range"))
      .max(50)
      .default([]),
    expires_at: z.iso.datetime({ offset: true }).optional(),
  })
  .openapi("CreateApiKey");

const WEEK_S = 604_800;

const RotateBody = z.strictObject({
  overlap_seconds: z.int().min(0).max(WEEK_S).default(86_400).openapi({
    description: "How long the old key still works; 0 ends it at once.",
  }),
});

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
    "to a time.",
  ...creating,
  request: { body: jsonBody(CreateBody) },
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
  description: "It stops working everywhere within 10 seconds, where it was revoked at once.",
  ...manager,
  request: { params },
  responses: { 200: jsonReply(ApiKeyView, "Revoked."), ...errors(401, 403, 404, 429) },
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
    body: { content: { "application/json": { schema: RotateBody } } },
  },
  responses: {
    201: jsonReply(NewApiKey, "The successor, shown once."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 422, 429),
  },
});

function statusOf(row: ApiKey, now: number) {
  if (row.revoked_at !== null) return "revoked" as const;
  return row.expires_at !== null && row.expires_at <= now
    ? ("expired" as const)
    : ("active" as const);
}

const show = (row: ApiKey, now: number): z.infer<typeof ApiKeyView> => ({
  id: row.id,
  object: "api_key",
  livemode: row.livemode,
  public_id: row.public_id,
  label: row.label,
  scopes: row.scopes,
  ip_allow: row.ip_allow,
  status: statusOf(row, now),
  expires_at: isoOrNull(row.expires_at),
  last_used_at: isoOrNull(row.last_used_at),
  created_at: iso(row.created_at),
});

async function owned(c: AppContext, id: string): Promise<ApiKey> {
  const { merchant, key } = c.var.principal;
  const row = await findApiKey(database(c.env.DB), merchant.id, key.livemode, id);
  if (row === null) throw apiError("NOT_FOUND", "No such API key.");
  return row;
}

export function registerApiKeys(app: App): void {
  app.openapi(create, async (c) => {
    const body = c.req.valid("json");
    const { merchant, key } = c.var.principal;
    const expiresAt = body.expires_at === undefined ? null : Date.parse(body.expires_at);
    if (expiresAt !== null && expiresAt <= c.var.now) {
      throw apiError("INVALID_REQUEST", "expires_at: must be in the future.", {
        issues: [{ path: "expires_at", message: "must be in the future" }],
      });
    }
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
      c.var.now,
    );
    await saveApiKey(database(c.env.DB), issued.row);
    return c.json({ ...show(issued.row, c.var.now), key: issued.key }, 201);
  });

  app.openapi(list, async (c) => {
    const { merchant, key } = c.var.principal;
    const page = readPage(c.req.valid("query"), "api_keys", merchant.id);
    const db = database(c.env.DB);
    const rows = await listApiKeys(db, merchant.id, key.livemode, withLookahead(page));
    const view = (row: ApiKey) => show(row, c.var.now);
    return c.json(pageReply(rows, page, "api_keys", merchant.id, view), 200);
  });

  app.openapi(get, async (c) =>
    c.json(show(await owned(c, c.req.valid("param").id), c.var.now), 200),
  );

  app.openapi(revoke, async (c) => {
    const row = await owned(c, c.req.valid("param").id);
    await revokeApiKey(database(c.env.DB), row.id, c.var.now);
    forgetApiKey(row.public_id);
    return c.json(show({ ...row, revoked_at: row.revoked_at ?? c.var.now }, c.var.now), 200);
  });

  app.openapi(rotate, async (c) => {
    const old = await owned(c, c.req.valid("param").id);
    const { now } = c.var;
    if (statusOf(old, now) !== "active") {
      throw apiError("INVALID_STATE", "Only an active key can be rotated; create a new one.");
    }
    // A POST without a body takes the default overlap.
    const { overlap_seconds: overlap } = RotateBody.parse(c.req.valid("json") ?? {});
    const { merchant_id, livemode, label, scopes, ip_allow, expires_at } = old;
    const id = await c.var.newId("apiKey");
    const fields = { id, merchant_id, livemode, label, scopes, ip_allow, expires_at };
    const issued = await issueKey(c.env, fields, now);
    const oldEnds = Math.min(old.expires_at ?? Number.MAX_SAFE_INTEGER, now + overlap * 1_000);
    await replaceApiKey(database(c.env.DB), old.id, oldEnds, issued.row);
    forgetApiKey(old.public_id);
    return c.json({ ...show(issued.row, now), key: issued.key }, 201);
  });
}
