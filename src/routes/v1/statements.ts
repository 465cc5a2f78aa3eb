/** `/v1/reconciliation/statements` (API.md section 7): the files that are here, and what they say. */
import { createRoute, z } from "@hono/zod-openapi";

import { iso } from "../../clock.ts";
import { apiError } from "../../errors.ts";
import { openArchive } from "../../reconciliation/archive.ts";
import { database } from "../../store/db.ts";
import { findStatement, listStatements, type StatementRow } from "../../store/statements.ts";
import {
  type App,
  type AppContext,
  errors,
  idParam,
  jsonReply,
  listOf,
  Timestamp,
} from "../http.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import { reading, ReadingError, tags } from "./reconciliation-runs.ts";

export const Statement = z
  .object({
    id: z.string(),
    object: z.literal("statement"),
    livemode: z.boolean(),
    channel_account: z.string(),
    side: z.enum(["channel", "merchant"]),
    origin: z.enum(["download", "upload"]),
    date: z.string(),
    format: z.string(),
    file_name: z.string(),
    sha256: z.string(),
    bytes: z.int(),
    state: z.enum(["received", "read", "refused"]),
    lines: z.int(),
    error: ReadingError.nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi("Statement");

const params = z.object({ id: idParam("id", "st_01k5x0e8m3v7q2r9t4w6y8z0ab") });

const list = createRoute({
  ...reading,
  method: "get",
  path: "/v1/reconciliation/statements",
  operationId: "listStatements",
  summary: "List statements",
  description: "Files of channels and of your own, downloaded and uploaded, newest first.",
  tags,
  request: {
    query: z.strictObject({
      ...pageQuery,
      channel_account: z
        .string()
        .max(64)
        .optional()
        .openapi({ description: "Only this account's." }),
      side: z
        .enum(["channel", "merchant"])
        .optional()
        .openapi({ description: "Only the channels' files, or only your own." }),
    }),
  },
  responses: { 200: jsonReply(listOf(Statement), "A page."), ...errors(400, 401, 403, 429) },
});

const get = createRoute({
  ...reading,
  method: "get",
  path: "/v1/reconciliation/statements/{id}",
  operationId: "getStatement",
  summary: "Look a statement up",
  description: "What is known of a file, and why it was refused.",
  tags,
  request: { params },
  responses: { 200: jsonReply(Statement, "The statement."), ...errors(401, 403, 404, 429) },
});

const file = createRoute({
  ...reading,
  method: "get",
  path: "/v1/reconciliation/statements/{id}/file",
  operationId: "downloadStatement",
  summary: "Download a statement",
  description: "The file byte for byte, as it came.",
  tags,
  request: { params },
  responses: {
    200: {
      description: "The file.",
      content: { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } },
    },
    ...errors(401, 403, 404, 429),
  },
});

export const showStatement = (row: StatementRow): z.infer<typeof Statement> => ({
  id: row.id,
  object: "statement",
  livemode: row.livemode,
  channel_account: row.channel_account,
  side: row.side,
  origin: row.origin,
  date: row.day,
  format: row.format,
  file_name: row.file_name,
  sha256: row.sha256,
  bytes: row.bytes,
  state: row.state,
  lines: row.lines,
  error: row.error,
  created_at: iso(row.created_at),
  updated_at: iso(row.updated_at),
});

/** The caller's own. @throws ApiError NOT_FOUND */
async function load(c: AppContext, id: string): Promise<StatementRow> {
  const { merchant, key } = c.var.principal;
  const row = await findStatement(database(c.env.DB), id);
  if (row === null || row.merchant_id !== merchant.id || row.livemode !== key.livemode) {
    throw apiError("NOT_FOUND", "There is no such statement in this mode.");
  }
  return row;
}

export function registerStatements(app: App): void {
  app.openapi(list, async (c) => {
    const { merchant, key } = c.var.principal;
    const query = c.req.valid("query");
    const page = readPage(query, "statements", merchant.id);
    const rows = await listStatements(
      database(c.env.DB),
      merchant.id,
      key.livemode,
      { channelAccount: query.channel_account, side: query.side },
      withLookahead(page),
    );
    return c.json(pageReply(rows, page, "statements", merchant.id, showStatement), 200);
  });

  app.openapi(get, async (c) => c.json(showStatement(await load(c, c.req.valid("param").id)), 200));

  app.openapi(file, async (c) => {
    const row = await load(c, c.req.valid("param").id);
    const source = await openArchive(c.env.ARCHIVE).open(row.id, row.file_name);
    // An empty day is known by name only.
    const body = source === null ? "" : await source.stream();
    return c.body(body, 200, {
      "Content-Type": "application/octet-stream",
      "Content-Disposition": `attachment; filename*=UTF-8''${encodeURIComponent(row.file_name)}`,
      "X-Content-Type-Options": "nosniff",
      "Cache-Control": "no-store",
    });
  });
}
