/**
 * `/v1/reconciliation/statements` and `…/merchant-records` (API.md section 7): files for channels
 * that have no call for them, and what the merchant's own books say.
 */
import { createRoute, z } from "@hono/zod-openapi";

import { formatFor, merchantFormat } from "../../channels/statement/formats.ts";
import { iso } from "../../clock.ts";
import { ApiError, apiError, invalidField } from "../../errors.ts";
import { randomId } from "../../ids.ts";
import { MAX_FILE_BYTES, openArchive } from "../../reconciliation/archive.ts";
import { beginRun } from "../../reconciliation/run.ts";
import { runView } from "../../reconciliation/view.ts";
import type { ChannelAccountRow } from "../../store/channel-accounts.ts";
import { database } from "../../store/db.ts";
import {
  addStatement,
  findStatement,
  listStatements,
  type StatementRow,
} from "../../store/statements.ts";
import { fileAuth } from "../authenticate.ts";
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
import { owned } from "./channel-account-access.ts";
import { limitUploads } from "./reconciliation-budget.ts";
import { Day, reading, refuseFuture, Run, tags } from "./reconciliation-runs.ts";

const Statement = z
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
    error: z
      .object({
        code: z.string(),
        message: z.string(),
        file: z.string(),
        line: z.int().nullable(),
        column: z.int().nullable(),
      })
      .nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi("Statement");

const Upload = z
  .object({ object: z.literal("statement_upload"), statement: Statement, run: Run })
  .openapi("StatementUpload");

const uploadQuery = z.strictObject({
  channel_account: z.string().min(1).max(64).openapi({ description: "Whose day it is." }),
  date: Day.openapi({ description: "The channel's day that the file is of." }),
  file_name: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^\p{Cc}\p{Cf}/\\]+$/u, "must be a plain file name")
    .optional()
    .openapi({ description: "For messages and lists; default: made of the date." }),
});

/** What it is the bytes say: the type is only for clients that must send one. */
const fileBody = (...types: string[]) => ({
  required: true as const,
  content: Object.fromEntries(
    types.map((type) => [type, { schema: z.string().openapi({ format: "binary" }) }]),
  ),
});

const upload = (path: string, operationId: string, summary: string, description: string) =>
  createRoute({
    ...fileAuth("channels:write"),
    method: "post",
    path,
    operationId,
    summary,
    description,
    tags,
    request: {
      query: uploadQuery,
      body: fileBody("text/csv", "application/gzip", "application/zip", "application/octet-stream"),
    },
    responses: {
      202: jsonReply(Upload, "The file is kept, and a run compares it."),
      ...errors(400, 401, 403, 404, 413, 422, 429),
    },
  });

/** Where a body is a file, which is streamed and may be large. */
export const UPLOADS = [
  "/v1/reconciliation/statements",
  "/v1/reconciliation/merchant-records",
] as const;

const channelFile = upload(
  UPLOADS[0],
  "uploadStatement",
  "Upload a channel's statement",
  "The file as the body: CSV, or CSV in gzip or ZIP, laid out as the channel's own files are or as " +
    "the account's statement profile says. It is kept as it is, found again by its hash, and read " +
    "whole before any line counts; the run says what is wrong with it, by line and column. The same " +
    "file again is the same statement, compared anew.",
);

const ownFile = upload(
  UPLOADS[1],
  "uploadMerchantRecords",
  "Upload your own records",
  "What your books say of a day, as CSV (`payment_intent` or `merchant_order_id`, `kind`, `refund`, " +
    "`currency`, `amount` or `amount_decimal`, `status`, `fee`, `occurred_at`) or as JSON with the " +
    "same names, an array or one object per line. The run compares all three: the channel's, ours " +
    "and yours.",
);

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

const show = (row: StatementRow): z.infer<typeof Statement> => ({
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

interface Received {
  readonly account: ChannelAccountRow;
  readonly side: StatementRow["side"];
  readonly day: string;
  readonly fileName: string;
}

/** Keeps the body. The same bytes for the same day are the file that is there. */
async function keep(c: AppContext, { account, side, day, fileName }: Received) {
  const { body } = c.req.raw;
  if (body === null) throw new ApiError(invalidField("body", "send the file as the body"));
  const archive = openArchive(c.env.ARCHIVE);
  const id = randomId("statement");
  const stored = await archive.keep(id, body);
  if (stored === null) {
    throw apiError("BODY_TOO_LARGE", `A file may have ${MAX_FILE_BYTES / 1_048_576} MiB.`);
  }
  if (stored.bytes === 0) {
    await archive.drop(id);
    throw new ApiError(invalidField("body", "the file is empty"));
  }
  const format =
    side === "merchant" ? merchantFormat : formatFor(account.channel, account.statement_profile);
  const kept = await addStatement(database(c.env.DB), {
    id,
    merchant_id: account.merchant_id,
    livemode: account.livemode,
    channel_account: account.id,
    side,
    origin: "upload",
    day,
    format: format.name,
    file_name: fileName,
    ...stored,
    sha1: null,
    state: "received",
    lines: 0,
    totals: [],
    error: null,
    created_at: c.var.now,
    updated_at: c.var.now,
  });
  if (kept.id !== id) await archive.drop(id);
  return kept;
}

async function receive(
  c: AppContext,
  side: StatementRow["side"],
  query: z.infer<typeof uploadQuery>,
) {
  const account = await owned(c, query.channel_account);
  const { date: day } = query;
  refuseFuture(account, day, c.var.now);
  await limitUploads(c);
  const fileName = query.file_name ?? `${side === "merchant" ? "records" : "statement"}-${day}`;
  const statement = await keep(c, { account, side, day, fileName });
  const { run, days } = await beginRun(
    { db: database(c.env.DB), work: c.env.WORK, log: c.var.log },
    {
      id: randomId("run"),
      account,
      trigger: "upload",
      from: day,
      to: day,
      statementId: side === "channel" ? statement.id : null,
    },
    c.var.now,
  );
  return {
    object: "statement_upload" as const,
    statement: show(statement),
    run: runView(run, days),
  };
}

export function registerStatements(app: App): void {
  app.openapi(channelFile, async (c) =>
    c.json(await receive(c, "channel", c.req.valid("query")), 202),
  );

  app.openapi(ownFile, async (c) =>
    c.json(await receive(c, "merchant", c.req.valid("query")), 202),
  );

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
    return c.json(pageReply(rows, page, "statements", merchant.id, show), 200);
  });

  app.openapi(get, async (c) => c.json(show(await load(c, c.req.valid("param").id)), 200));

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
