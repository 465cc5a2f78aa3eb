/**
 * `POST /v1/reconciliation/statements` and `…/merchant-records` (API.md section 7): files for
 * channels that have no call for them, and what the merchant's own books say.
 */
import { createRoute, z } from "@hono/zod-openapi";

import { formatFor, merchantFormat } from "../../channels/statement/formats.ts";
import { ApiError, apiError, invalidField } from "../../errors.ts";
import { randomId } from "../../ids.ts";
import { MAX_FILE_BYTES, openArchive } from "../../reconciliation/archive.ts";
import { beginRun } from "../../reconciliation/run.ts";
import { runView } from "../../reconciliation/view.ts";
import type { ChannelAccountRow } from "../../store/channel-accounts.ts";
import { database } from "../../store/db.ts";
import { addStatement, type StatementRow } from "../../store/statements.ts";
import { fileAuth } from "../authenticate.ts";
import { type App, type AppContext, errors, jsonReply } from "../http.ts";
import { Day } from "../query.ts";
import { owned } from "./channel-account-access.ts";
import { limitUploads } from "./reconciliation-budget.ts";
import { refuseFuture, Run, tags } from "./reconciliation-runs.ts";
import { showStatement, Statement } from "./statements.ts";

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
  if (/^multipart\//i.test(c.req.header("Content-Type") ?? "")) {
    const message = "send the file itself, not a form: with curl, --data-binary @file";
    throw new ApiError(invalidField("body", message));
  }
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
    statement: showStatement(statement),
    run: runView(run, days),
  };
}

export function registerStatementUploads(app: App): void {
  app.openapi(channelFile, async (c) =>
    c.json(await receive(c, "channel", c.req.valid("query")), 202),
  );

  app.openapi(ownFile, async (c) =>
    c.json(await receive(c, "merchant", c.req.valid("query")), 202),
  );
}
