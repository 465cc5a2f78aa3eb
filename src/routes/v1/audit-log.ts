/** `/v1/audit-log`: who changed which setting. Written by routes/audit.ts, never changed. */
import { createRoute, z } from "@hono/zod-openapi";

import { iso } from "../../clock.ts";
import { type AuditRow, listAllEntries, listOwnEntries } from "../../store/audit-log.ts";
import { database } from "../../store/db.ts";
import { adminAuth } from "../admin-auth.ts";
import { merchantAuth } from "../authenticate.ts";
import { type App, errors, jsonReply, listOf, Timestamp } from "../http.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";

const tags = ["Audit log"];
const LIST = "audit_log";

const Values = z.record(z.string(), z.unknown()).nullable();

const AuditEntry = z
  .object({
    id: z.string(),
    object: z.literal("audit_entry"),
    livemode: z.boolean().nullable().openapi({ description: "Null: it holds for both modes." }),
    merchant_id: z.string().nullable().openapi({
      description: "Null: a setting of the whole deployment.",
    }),
    actor: z.object({
      type: z.enum(["api_key", "console", "operator", "registration", "gateway"]).openapi({
        description:
          "`console`: a person who is signed in with a key. `registration`: the merchant itself, " +
          "before it had a key. `gateway`: the deployment by itself.",
      }),
      id: z
        .string()
        .nullable()
        .openapi({
          description:
            "The key. Of a registration a name for the address it came from. Null: an operator, the " +
            "gateway, or whoever opened a link that was asked for with a key.",
        }),
    }),
    action: z.string().openapi({ example: "api_key.created" }),
    target: z.string().openapi({ description: "The id of what was changed." }),
    before: Values.openapi({
      description: "Of an update the fields that changed, as they were. Null: it did not exist.",
    }),
    after: Values.openapi({
      description: "The same fields afterwards, of what is new all. Null: it is gone. No secrets.",
    }),
    request_id: z.string().nullable().openapi({ description: "Null: no request asked for it." }),
    created_at: Timestamp,
  })
  .openapi("AuditEntry");

const action = z
  .string()
  .regex(/^[a-z_]{1,40}\.[a-z_]{1,40}$/, "must look like api_key.created")
  .optional();
const time = z.iso.datetime({ offset: true }).optional();
const filters = {
  ...pageQuery,
  action,
  target: z.string().min(1).max(64).optional(),
  created_gte: time,
  created_lt: time,
};

const listOwn = createRoute({
  method: "get",
  path: "/v1/audit-log",
  tags,
  operationId: "listAuditLog",
  summary: "Who changed which setting",
  description:
    "Keys, channel accounts, webhook endpoints, services, fees and the merchant itself: newest " +
    "first, of the key's mode and what holds for both. Nobody can change or remove an entry.",
  ...merchantAuth("reports:read"),
  request: { query: z.strictObject(filters) },
  responses: { 200: jsonReply(listOf(AuditEntry), "A page."), ...errors(400, 401, 403, 429) },
});

const listAll = createRoute({
  method: "get",
  path: "/v1/admin/audit-log",
  tags,
  operationId: "listWholeAuditLog",
  summary: "Who changed which setting, over all merchants",
  description: "Newest first, in both modes.",
  ...adminAuth(),
  request: { query: z.strictObject({ ...filters, merchant: z.string().max(64).optional() }) },
  responses: { 200: jsonReply(listOf(AuditEntry), "A page."), ...errors(400, 401, 403) },
});

const show = (row: AuditRow): z.infer<typeof AuditEntry> => ({
  id: row.id,
  object: "audit_entry",
  livemode: row.livemode,
  merchant_id: row.merchant_id,
  actor: { type: row.actor_type, id: row.actor_id },
  action: row.action,
  target: row.target,
  before: row.before ?? null,
  after: row.after ?? null,
  request_id: row.request_id,
  created_at: iso(row.created_at),
});

const millis = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text));

interface Query {
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  readonly created_gte?: string | undefined;
  readonly created_lt?: string | undefined;
}

const filterOf = (query: Query) => ({
  action: query.action,
  target: query.target,
  createdFrom: millis(query.created_gte),
  createdBefore: millis(query.created_lt),
});

export function registerAuditLog(app: App): void {
  app.openapi(listOwn, async (c) => {
    const { merchant, key } = c.var.principal;
    const query = c.req.valid("query");
    const owner = `${merchant.id}:${key.livemode ? "live" : "test"}`;
    const page = readPage(query, LIST, owner);
    const db = database(c.env.DB);
    const filter = filterOf(query);
    const rows = await listOwnEntries(db, merchant.id, key.livemode, filter, withLookahead(page));
    return c.json(pageReply(rows, page, LIST, owner, show), 200);
  });

  app.openapi(listAll, async (c) => {
    const query = c.req.valid("query");
    const page = readPage(query, LIST, "admin");
    const db = database(c.env.DB);
    const rows = await listAllEntries(db, query.merchant, filterOf(query), withLookahead(page));
    return c.json(pageReply(rows, page, LIST, "admin", show), 200);
  });
}
