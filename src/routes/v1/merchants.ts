/** Merchants: created by the operator (`/v1/admin/merchants`), read by themselves (`/v1/merchant`). */
import { createRoute, z } from "@hono/zod-openapi";

import { CHANNEL_SLUGS } from "../../channels/registry.ts";
import { iso } from "../../clock.ts";
import { apiError } from "../../errors.ts";
import { CURRENCIES } from "../../money.ts";
import { issueKey } from "../../onboarding/keys.ts";
import { sandboxAccounts } from "../../onboarding/sandbox-accounts.ts";
import { addChannelAccounts } from "../../store/channel-accounts.ts";
import { database } from "../../store/db.ts";
import {
  findMerchant,
  insertMerchant,
  listMerchants,
  type Merchant,
  updateMerchant,
} from "../../store/merchants.ts";
import { adminAuth } from "../admin-auth.ts";
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

const tags = ["Merchants"];
const params = z.object({ id: idParam("id", "m_01k5x0e8m3v7q2r9t4w6y8z0ab") });

const MerchantView = z
  .object({
    id: z.string(),
    object: z.literal("merchant"),
    name: z.string(),
    email: z.string().nullable(),
    settlement_currency: z.string().nullable(),
    status: z.enum(["active", "suspended"]),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi("Merchant");

const Fields = {
  name: PlainText(100),
  email: z.email().max(254),
  settlement_currency: z.enum(CURRENCIES),
};

const CreateBody = z
  .strictObject({
    name: Fields.name,
    email: Fields.email.optional(),
    settlement_currency: Fields.settlement_currency.optional(),
  })
  .openapi("CreateMerchant");

const PatchBody = z
  .strictObject({
    ...Fields,
    email: Fields.email.nullable(),
    settlement_currency: Fields.settlement_currency.nullable(),
    status: z.enum(["active", "suspended"]),
  })
  .partial();

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
  request: { body: jsonBody(CreateBody) },
  responses: {
    201: jsonReply(
      MerchantView.extend({ keys: z.object({ test: z.string(), live: z.string() }) }),
      "The merchant and its first keys.",
    ),
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
  summary: "Change or suspend a merchant",
  description: "A suspended merchant's keys are refused; its open payments still end.",
  ...operator,
  request: { params, body: jsonBody(PatchBody) },
  responses: { 200: jsonReply(MerchantView, "The merchant."), ...errors(400, 401, 403, 404, 415) },
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

const show = (row: Merchant): z.infer<typeof MerchantView> => ({
  id: row.id,
  object: "merchant",
  name: row.name,
  email: row.email,
  settlement_currency: row.settlement_currency,
  status: row.status,
  created_at: iso(row.created_at),
  updated_at: iso(row.updated_at),
});

const firstKey = async (c: AppContext, merchantId: string, livemode: boolean) =>
  issueKey(
    c.env,
    {
      id: await c.var.newId("apiKey", livemode ? "live" : "test"),
      merchant_id: merchantId,
      livemode,
      label: "first key",
      scopes: ["*"],
      ip_allow: [],
      expires_at: null,
    },
    c.var.now,
  );

const missing = () => apiError("NOT_FOUND", "No such merchant.");

export function registerMerchants(app: App): void {
  app.openapi(create, async (c) => {
    const body = c.req.valid("json");
    const { now } = c.var;
    const row: Merchant = {
      id: await c.var.newId("merchant"),
      name: body.name,
      email: body.email ?? null,
      settlement_currency: body.settlement_currency ?? null,
      status: "active",
      created_at: now,
      updated_at: now,
    };
    const [test, live] = [await firstKey(c, row.id, false), await firstKey(c, row.id, true)];
    const db = database(c.env.DB);
    const accounts = await sandboxAccounts(c.env, row.id, CHANNEL_SLUGS, now);
    await insertMerchant(db, row, [test.row, live.row]);
    await addChannelAccounts(db, accounts);
    return c.json({ ...show(row), keys: { test: test.key, live: live.key } }, 201);
  });

  app.openapi(list, async (c) => {
    const page = readPage(c.req.valid("query"), "merchants", "admin");
    const rows = await listMerchants(database(c.env.DB), withLookahead(page));
    return c.json(pageReply(rows, page, "merchants", "admin", show), 200);
  });

  app.openapi(get, async (c) => {
    const row = await findMerchant(database(c.env.DB), c.req.valid("param").id);
    if (row === null) throw missing();
    return c.json(show(row), 200);
  });

  app.openapi(patch, async (c) => {
    const { id } = c.req.valid("param");
    const fields = Object.fromEntries(
      Object.entries(c.req.valid("json")).filter(([, value]) => value !== undefined),
    );
    const row = await updateMerchant(database(c.env.DB), id, fields, c.var.now);
    if (row === null) throw missing();
    forgetAllApiKeys();
    return c.json(show(row), 200);
  });

  app.openapi(own, (c) => {
    const { merchant, key } = c.var.principal;
    return c.json({ ...show(merchant), livemode: key.livemode }, 200);
  });
}
