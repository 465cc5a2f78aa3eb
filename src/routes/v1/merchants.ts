/** Merchants: created by the operator (`/v1/admin/merchants`), read by themselves (`/v1/merchant`). */
import { createRoute, z } from "@hono/zod-openapi";

import { apiError } from "../../errors.ts";
import { PlainText } from "../../plain-text.ts";
import { saveApiKey } from "../../store/api-keys.ts";
import { database } from "../../store/db.ts";
import {
  findMerchant,
  listMerchants,
  type Merchant,
  type MerchantChange,
  updateMerchant,
} from "../../store/merchants.ts";
import { adminAuth } from "../admin-auth.ts";
import { auditEntry, type AuditedChange } from "../audit.ts";
import { forgetAllApiKeys, merchantAuth } from "../authenticate.ts";
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
import { NewApiKey, showApiKey } from "./api-key-schemas.ts";
import {
  CreateMerchant,
  MerchantView,
  MerchantWithKeys,
  PatchMerchant,
  showMerchant,
} from "./merchant-schemas.ts";
import { fullKey, keyCreated, newMerchant } from "./new-merchant.ts";

const tags = ["Merchants"];
const params = z.object({ id: idParam("id", "m_01k5x0e8m3v7q2r9t4w6y8z0ab") });

const operator = adminAuth();

const create = createRoute({
  method: "post",
  path: "/v1/admin/merchants",
  tags,
  operationId: "createMerchant",
  summary: "Create a merchant",
  description: "Answers with a test and a live key, shown this once. Test accounts are built in.",
  ...operator,
  middleware: [...operator.middleware, idempotent],
  request: { body: jsonBody(CreateMerchant) },
  responses: {
    201: jsonReply(MerchantWithKeys, "The merchant and its first keys."),
    ...errors(400, 401, 403, 409, 413, 415, 422),
  },
});

const list = createRoute({
  method: "get",
  path: "/v1/admin/merchants",
  tags,
  operationId: "listMerchants",
  summary: "List merchants",
  ...operator,
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: jsonReply(listOf(MerchantView), "A page."), ...errors(400, 401, 403) },
});

const get = createRoute({
  method: "get",
  path: "/v1/admin/merchants/{id}",
  tags,
  operationId: "getMerchant",
  summary: "Read a merchant",
  ...operator,
  request: { params },
  responses: { 200: jsonReply(MerchantView, "The merchant."), ...errors(401, 403, 404) },
});

const patch = createRoute({
  method: "patch",
  path: "/v1/admin/merchants/{id}",
  tags,
  operationId: "updateMerchant",
  summary: "Change, verify or suspend a merchant",
  description:
    "A merchant that registered by itself is verified by the status `active`: its live keys work " +
    "from then on. A suspended merchant's keys are refused; its open payments still end.",
  ...operator,
  request: { params, body: jsonBody(PatchMerchant) },
  responses: {
    200: jsonReply(MerchantView, "The merchant."),
    ...errors(400, 401, 403, 404, 409, 415),
  },
});

const createKey = createRoute({
  method: "post",
  path: "/v1/admin/merchants/{id}/api-keys",
  tags,
  operationId: "createMerchantKey",
  summary: "Give a merchant a new key",
  description:
    "With all rights, for a merchant that has lost its keys or revoked the last one. Those it has " +
    "still work.",
  ...operator,
  middleware: [...operator.middleware, idempotent],
  request: {
    params,
    body: jsonBody(
      z
        .strictObject({ livemode: z.boolean(), label: PlainText(100).optional() })
        .openapi("CreateMerchantKey"),
    ),
  },
  responses: {
    201: jsonReply(NewApiKey, "The key, shown once."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 422),
  },
});

const own = createRoute({
  method: "get",
  path: "/v1/merchant",
  tags,
  operationId: "getOwnMerchant",
  summary: "Read the merchant of the key",
  ...merchantAuth(null),
  responses: {
    200: jsonReply(
      MerchantView.extend({ livemode: z.boolean() }),
      "The merchant and the key's mode.",
    ),
    ...errors(401, 403, 429),
  },
});

const missing = () => apiError("NOT_FOUND", "No such merchant.");

async function found(c: AppContext, id: string): Promise<Merchant> {
  const row = await findMerchant(database(c.env.DB), id);
  if (row === null) throw missing();
  return row;
}

/** What a change of status is called in the audit log. */
function actionOf(from: Merchant["status"], to: Merchant["status"]): AuditedChange["action"] {
  if (from === to) return "merchant.updated";
  if (to === "suspended") return "merchant.suspended";
  return from === "unverified" ? "merchant.verified" : "merchant.reactivated";
}

async function changeMerchant(c: AppContext, read: Merchant, change: MerchantChange) {
  const next = { ...read, ...change };
  const entry = auditEntry(c, {
    merchantId: read.id,
    livemode: null,
    action: actionOf(read.status, next.status),
    target: read.id,
    before: showMerchant(read),
    after: showMerchant(next),
  });
  const row = await updateMerchant(database(c.env.DB), read, change, c.var.now, entry);
  forgetAllApiKeys();
  if (row !== null) return row;
  throw apiError("INVALID_STATE", "The merchant was changed by another request; read it again.");
}

export function registerMerchants(app: App): void {
  app.openapi(create, async (c) => {
    const made = await newMerchant(c, c.req.valid("json"), "active");
    if (made === null) throw new Error("operators have no quota");
    return c.json(made, 201);
  });

  app.openapi(list, async (c) => {
    const page = readPage(c.req.valid("query"), "merchants", "admin");
    const rows = await listMerchants(database(c.env.DB), withLookahead(page));
    return c.json(pageReply(rows, page, "merchants", "admin", showMerchant), 200);
  });

  app.openapi(get, async (c) => c.json(showMerchant(await found(c, c.req.valid("param").id)), 200));

  app.openapi(patch, async (c) => {
    const read = await found(c, c.req.valid("param").id);
    const change = Object.fromEntries(
      Object.entries(c.req.valid("json")).filter(([, value]) => value !== undefined),
    );
    return c.json(showMerchant(await changeMerchant(c, read, change)), 200);
  });

  app.openapi(createKey, async (c) => {
    const { id } = await found(c, c.req.valid("param").id);
    const { livemode, label } = c.req.valid("json");
    const issued = await fullKey(c, id, livemode, label ?? "from the operator");
    await saveApiKey(database(c.env.DB), issued.row, keyCreated(c, issued.row));
    return c.json({ ...showApiKey(issued.row, c.var.now), key: issued.key }, 201);
  });

  app.openapi(own, (c) => {
    const { merchant, key } = c.var.principal;
    return c.json({ ...showMerchant(merchant), livemode: key.livemode }, 200);
  });
}
