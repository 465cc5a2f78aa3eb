/** `/v1/reconciliation/runs` (API.md section 7): comparing an account's books over some days. */
import { createRoute, z } from "@hono/zod-openapi";

import { formatFor } from "../../channels/statement/formats.ts";
import { ApiError, apiError, invalidField } from "../../errors.ts";
import { EXCEPTION_KINDS } from "../../reconciliation.ts";
import { dayAt, daysBetween } from "../../days.ts";
import { beginRun } from "../../reconciliation/run.ts";
import { RUN_STATES, type RunView, runView } from "../../reconciliation/view.ts";
import type { ChannelAccountRow } from "../../store/channel-accounts.ts";
import { database } from "../../store/db.ts";
import { daysOf, findRun, listRuns } from "../../store/reconciliation-runs.ts";
import { merchantAuth } from "../authenticate.ts";
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
import { checkedRange, Day, type DayRange } from "../query.ts";
import { owned } from "./channel-account-access.ts";
import { limitRuns } from "./reconciliation-budget.ts";

export const tags = ["Reconciliation"];
export const reading = merchantAuth("reports:read");
export const writing = merchantAuth("channels:write");

/** Longest range of one run, in days. */
const DAYS_PER_RUN = 31;

const OUTCOMES = ["matched", "recovered", "ignored", "raised_by_payment", ...EXCEPTION_KINDS];

const Counts = z.record(z.string(), z.int()).openapi({
  description:
    `Lines by outcome: ${OUTCOMES.join(", ")}. ` +
    "`recovered`: the statement brought news that no callback had brought. `raised_by_payment`: " +
    "the payment itself found it wrong and raised the exception.",
});

const Progress = z.object({
  done: z.int().openapi({ description: "Lines that were compared." }),
  total: z.int().openapi({ description: "Lines of the files, as far as they are read." }),
});

/** Why a file could not be read, and where. */
export const ReadingError = z.object({
  code: z.string(),
  message: z.string(),
  file: z.string().nullable(),
  line: z.int().nullable(),
  column: z.int().nullable(),
});

export const Run = z
  .object({
    id: z.string(),
    object: z.literal("reconciliation_run"),
    livemode: z.boolean(),
    channel_account: z.string(),
    trigger: z.enum(["nightly", "request", "upload"]),
    from: z.string(),
    to: z.string(),
    state: z.enum(RUN_STATES),
    progress: Progress,
    counts: Counts,
    days: z.array(
      z.object({
        day: z.string(),
        state: z.enum(["queued", "running", "waiting", "completed", "failed"]),
        step: z.string(),
        statement: z.string().nullable(),
        merchant_statement: z.string().nullable(),
        progress: Progress,
        counts: Counts,
        attempts: z.int(),
        next_attempt_at: Timestamp.nullable(),
        error: ReadingError.nullable(),
        updated_at: Timestamp,
      }),
    ),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi("ReconciliationRun");

const AccountId = z.string().min(1).max(64);

const RunBody = z
  .strictObject({
    channel_account: AccountId,
    date: Day.optional(),
    from: Day.optional(),
    to: Day.optional(),
  })
  .openapi("StartReconciliationRun");

const start = createRoute({
  ...writing,
  middleware: [...writing.middleware, idempotent],
  method: "post",
  path: "/v1/reconciliation/runs",
  operationId: "startReconciliationRun",
  summary: "Compare an account's books",
  description:
    "Compares what the channel's statements, this gateway and your own records say of a day, or of " +
    `up to ${DAYS_PER_RUN} days. Days are those of the channel's clock. Statements are fetched ` +
    "where the channel has a call for them, else the newest upload of the day counts. Running the " +
    "same day again finds the same exceptions, once.",
  tags,
  request: { body: jsonBody(RunBody) },
  responses: {
    202: jsonReply(Run, "The run; follow it until it has ended."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 422, 429),
  },
});

export const runParams = z.object({ id: idParam("id", "rr_01k5x0e8m3v7q2r9t4w6y8z0ab") });

const get = createRoute({
  ...reading,
  method: "get",
  path: "/v1/reconciliation/runs/{id}",
  operationId: "getReconciliationRun",
  summary: "Look a run up",
  description: "Its days, how far they are, what they found, and why one failed.",
  tags,
  request: { params: runParams },
  responses: { 200: jsonReply(Run, "The run."), ...errors(401, 403, 404, 429) },
});

const list = createRoute({
  ...reading,
  method: "get",
  path: "/v1/reconciliation/runs",
  operationId: "listReconciliationRuns",
  summary: "List runs",
  description: "Newest first.",
  tags,
  request: {
    query: z.strictObject({
      ...pageQuery,
      channel_account: AccountId.optional().openapi({ description: "Only this account's." }),
    }),
  },
  responses: { 200: jsonReply(listOf(Run), "A page of runs."), ...errors(400, 401, 403, 429) },
});

/** @throws ApiError INVALID_REQUEST */
function rangeOf({ date, from, to }: z.infer<typeof RunBody>): DayRange {
  const whole = from !== undefined && to !== undefined;
  if ((date === undefined) === !whole || (date !== undefined && (from ?? to) !== undefined)) {
    throw new ApiError(invalidField("date", "give either date, or from and to"));
  }
  return checkedRange({ from: date ?? from ?? "", to: date ?? to ?? "" }, DAYS_PER_RUN);
}

/**
 * The channel's clock must have passed the day. With test keys today may be asked for too: the
 * simulated channels serve what they have booked so far.
 * @throws ApiError INVALID_REQUEST
 */
export function refuseFuture(account: ChannelAccountRow, day: string, now: number): void {
  const { offsetMinutes } = formatFor(account.channel, account.statement_profile);
  const today = dayAt(now, offsetMinutes);
  if (day < today || (day === today && !account.livemode)) return;
  throw new ApiError(
    invalidField(
      "date",
      account.livemode
        ? `must be before ${today}, the channel's today: its statement is made when the day is over`
        : `must not be after ${today}, the channel's today`,
    ),
  );
}

/** The caller's own run. @throws ApiError NOT_FOUND */
export async function loadRun(c: AppContext, id: string): Promise<RunView> {
  const { merchant, key } = c.var.principal;
  const db = database(c.env.DB);
  const run = await findRun(db, id);
  if (run === null || run.merchant_id !== merchant.id || run.livemode !== key.livemode) {
    throw apiError("NOT_FOUND", "There is no such run in this mode.");
  }
  return runView(run, await daysOf(db, [run.id]));
}

export function registerReconciliationRuns(app: App): void {
  app.openapi(start, async (c) => {
    const body = c.req.valid("json");
    const account = await owned(c, body.channel_account);
    const { from, to } = rangeOf(body);
    refuseFuture(account, to, c.var.now);
    await limitRuns(c, daysBetween(from, to).length);
    const { run, days } = await beginRun(
      { db: database(c.env.DB), work: c.env.WORK, log: c.var.log },
      {
        id: await c.var.newId("run"),
        account,
        trigger: "request",
        from,
        to,
        statementId: null,
      },
      c.var.now,
    );
    return c.json(runView(run, days), 202);
  });

  app.openapi(list, async (c) => {
    const { merchant, key } = c.var.principal;
    const query = c.req.valid("query");
    const page = readPage(query, "runs", merchant.id);
    const db = database(c.env.DB);
    const rows = await listRuns(
      db,
      merchant.id,
      key.livemode,
      query.channel_account,
      withLookahead(page),
    );
    const days = Map.groupBy(
      await daysOf(
        db,
        rows.map(({ id }) => id),
      ),
      ({ run_id }) => run_id,
    );
    const shown = (row: (typeof rows)[number]) => runView(row, days.get(row.id) ?? []);
    return c.json(pageReply(rows, page, "runs", merchant.id, shown), 200);
  });

  app.openapi(get, async (c) => c.json(await loadRun(c, c.req.valid("param").id), 200));
}
