/** `/v1/jobs`: long work that was asked for, and how far it has come. */
import { createRoute, z } from "@hono/zod-openapi";

import { iso, isoOrNull } from "../../clock.ts";
import { apiError } from "../../errors.ts";
import { database } from "../../store/db.ts";
import { findJob, type JobRow, listJobs } from "../../store/jobs.ts";
import { ReplayParameters } from "../../webhooks/replay.ts";
import { merchantAuth } from "../authenticate.ts";
import { type App, errors, idParam, jsonReply, listOf, Timestamp } from "../http.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";

const tags = ["Jobs"];
const reading = merchantAuth("payments:read");

export const Job = z
  .object({
    id: z.string(),
    object: z.literal("job"),
    livemode: z.boolean(),
    kind: z.enum(["webhook_replay"]).openapi({ description: "What kind of work it is." }),
    target: z.string().openapi({ description: "What it works on: a webhook endpoint." }),
    parameters: z
      .object({
        after: z.string().nullable(),
        before: z.string().nullable(),
        types: z.array(z.string()).nullable(),
        created_gte: Timestamp.nullable(),
        created_lt: Timestamp.nullable(),
      })
      .openapi({ description: "As they were asked for; null: not given." }),
    state: z.enum(["queued", "running", "completed", "failed"]).openapi({
      description: "It ends `completed` or `failed`; `error` says why it failed.",
    }),
    progress: z
      .object({
        done: z.int().openapi({ description: "Events of the feed that were looked at." }),
        total: z.int().openapi({ description: "Events of the feed to look at." }),
      })
      .openapi({ description: "How far it has come." }),
    error: z.string().nullable().openapi({ description: "Why it failed, for people." }),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi("Job");

const list = createRoute({
  ...reading,
  method: "get",
  path: "/v1/jobs",
  operationId: "listJobs",
  summary: "List jobs",
  description: "Of the key's mode, newest first.",
  tags,
  request: {
    query: z.strictObject({
      ...pageQuery,
      target: z.string().max(64).optional().openapi({
        description: "Only those that work on this object.",
      }),
    }),
  },
  responses: { 200: jsonReply(listOf(Job), "A page."), ...errors(400, 401, 403, 429) },
});

const get = createRoute({
  ...reading,
  method: "get",
  path: "/v1/jobs/{id}",
  operationId: "getJob",
  summary: "Read a job",
  description: "With its progress. Ask every few seconds while it runs.",
  tags,
  request: { params: z.object({ id: idParam("id", "job_01k5x0e8m3v7q2r9t4w6y8z0ab") }) },
  responses: { 200: jsonReply(Job, "The job."), ...errors(401, 403, 404, 429) },
});

/** Between two steps a job waits in the queue; to its merchant it runs. */
const stateOf = ({ state, done }: JobRow) => (state === "queued" && done > 0 ? "running" : state);

export function showJob(row: JobRow): z.infer<typeof Job> {
  const { after, before, types, created_gte, created_lt } = ReplayParameters.parse(row.parameters);
  return {
    id: row.id,
    object: "job",
    livemode: row.livemode,
    kind: row.kind,
    target: row.target,
    parameters: {
      after,
      before,
      types,
      created_gte: isoOrNull(created_gte),
      created_lt: isoOrNull(created_lt),
    },
    state: stateOf(row),
    progress: { done: row.done, total: row.total },
    error: row.error,
    created_at: iso(row.created_at),
    updated_at: iso(row.updated_at),
  };
}

export function registerJobs(app: App): void {
  app.openapi(list, async (c) => {
    const { merchant, key } = c.var.principal;
    const query = c.req.valid("query");
    const page = readPage(query, "jobs", merchant.id);
    const db = database(c.env.DB);
    const rows = await listJobs(db, merchant.id, key.livemode, query.target, withLookahead(page));
    return c.json(pageReply(rows, page, "jobs", merchant.id, showJob), 200);
  });

  app.openapi(get, async (c) => {
    const { merchant, key } = c.var.principal;
    const { id } = c.req.valid("param");
    const row = await findJob(database(c.env.DB), merchant.id, key.livemode, id);
    if (row === null) throw apiError("NOT_FOUND", "There is no such job in this mode.");
    return c.json(showJob(row), 200);
  });
}
