/** `/v1/reconciliation/exceptions` (API.md section 7): what does not fit, for people to work on. */
import { createRoute, z } from "@hono/zod-openapi";

import { apiError } from "../../errors.ts";
import { Paragraphs, PlainText } from "../../plain-text.ts";
import { EXCEPTION_KINDS, EXCEPTION_STATES } from "../../reconciliation.ts";
import {
  EXCEPTION_ACTIONS,
  isOpen,
  showException,
  showWhole,
} from "../../reconciliation/exception-view.ts";
import { database } from "../../store/db.ts";
import {
  changeException,
  type ExceptionRow,
  findException,
  listExceptions,
  MAX_NOTES,
} from "../../store/exceptions.ts";
import { merchantAuth } from "../authenticate.ts";
import {
  type App,
  type AppContext,
  errors,
  idParam,
  jsonBody,
  jsonReply,
  listOf,
  ownerOf,
  Timestamp,
} from "../http.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import { Money } from "./schemas.ts";

const tags = ["Reconciliation"];

export const exceptionParams = z.object({ id: idParam("id", "rx_01k5x0e8m3v7q2r9t4w6y8z0ab") });

const Side = z.object({
  amount: Money,
  status: z.string(),
  fee: z.int().nullable(),
  paid_at: Timestamp.nullable(),
  reference: z.string().nullable(),
  transaction_id: z.string().nullable(),
  file: z.string().nullable(),
  line: z.int().nullable(),
  origin: z.enum(["download", "upload"]).nullable(),
});

const ReconciliationException = z
  .object({
    id: z.string().openapi({ example: "rx_01k5x0e8m3v7q2r9t4w6y8z0ab" }),
    object: z.literal("reconciliation_exception"),
    livemode: z.boolean(),
    run: z.string().nullable(),
    kind: z.enum(EXCEPTION_KINDS),
    state: z.enum(EXCEPTION_STATES),
    payment_intent: z.string().nullable(),
    channel_account: z.string(),
    channel_transaction_id: z.string().nullable(),
    channel: Side.nullable(),
    gateway: Side.nullable(),
    merchant: Side.nullable(),
    explanation: z.string(),
    proposed_fix: z.string(),
    assignee: z.string().nullable(),
    age_seconds: z.int(),
    due_at: Timestamp,
    overdue: z.boolean(),
    created_at: Timestamp,
    updated_at: Timestamp,
    resolved_at: Timestamp.nullable(),
  })
  .openapi("ReconciliationException");

export const WholeException = ReconciliationException.extend({
  actions: z.array(z.enum(EXCEPTION_ACTIONS)),
  notes: z.array(
    z.object({
      at: Timestamp,
      by: z.string(),
      text: z.string(),
      action: z.string().nullable(),
    }),
  ),
}).openapi("ReconciliationExceptionWhole");

const list = createRoute({
  method: "get",
  path: "/v1/reconciliation/exceptions",
  tags,
  operationId: "listReconciliationExceptions",
  summary: "List what does not fit",
  description:
    "Newest first; those of one run in the order of their ids. Nothing is changed by an exception: " +
    "a payment of another amount than was ordered, or of a reference that nobody gave out, is only " +
    "written down here.",
  ...merchantAuth("reports:read"),
  request: {
    query: z.strictObject({
      ...pageQuery,
      run: z.string().max(64).optional().openapi({ description: "Only what this run found." }),
      kind: z.enum(EXCEPTION_KINDS).optional(),
      state: z.enum(EXCEPTION_STATES).optional(),
      assignee: z.string().max(128).optional().openapi({ description: "Only this person's." }),
      channel_account: z.string().max(64).optional(),
      overdue: z.literal("true").optional().openapi({
        description: "Only what nobody is done with, and somebody should have looked at by now.",
      }),
    }),
  },
  responses: {
    200: jsonReply(listOf(ReconciliationException), "A page of exceptions."),
    ...errors(400, 401, 403, 429),
  },
});

const get = createRoute({
  method: "get",
  path: "/v1/reconciliation/exceptions/{id}",
  tags,
  operationId: "getReconciliationException",
  summary: "Read what does not fit",
  description: "With what people wrote and did, oldest first, and what can be done now.",
  ...merchantAuth("reports:read"),
  request: { params: exceptionParams },
  responses: { 200: jsonReply(WholeException, "The exception."), ...errors(401, 403, 404, 429) },
});

const ChangeBody = z
  .strictObject({
    state: z.enum(["acknowledged", "resolved", "written_off"]).optional(),
    note: Paragraphs(1_000).optional(),
    assignee: PlainText(128).nullable().optional(),
  })
  .refine((body) => Object.keys(body).length > 0, "name at least one of state, note, assignee")
  .refine(({ state, note }) => state !== "written_off" || note !== undefined, {
    path: ["note"],
    message: "is required to write it off: say why",
  })
  .openapi("UpdateReconciliationException");

const patch = createRoute({
  method: "patch",
  path: "/v1/reconciliation/exceptions/{id}",
  tags,
  operationId: "updateReconciliationException",
  summary: "Work on what does not fit",
  description:
    "From open to acknowledged, to resolved or written_off; the last two are final, and only notes " +
    "are taken after them. Everything leaves a note with its time and who did it. The evidence " +
    "never changes.",
  ...merchantAuth("channels:write"),
  request: { params: exceptionParams, body: jsonBody(ChangeBody) },
  responses: {
    200: jsonReply(WholeException, "The exception."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 429),
  },
});

/** Who acts, as notes name it: the key, or what acts without one. */
export const actorOf = (c: AppContext): string => c.var.actor.id ?? c.var.actor.type;

/** @throws ApiError NOT_FOUND, also for another merchant's */
export async function loadException(c: AppContext, id: string): Promise<ExceptionRow> {
  const row = await findException(database(c.env.DB), ownerOf(c), id);
  if (row === null) throw apiError("NOT_FOUND", "No such exception.");
  return row;
}

const STATE_WORDS = {
  acknowledged: "Acknowledged.",
  resolved: "Resolved.",
  written_off: "Written off.",
} as const;

/** One note for one change: what it did, unless the words that were sent say it. */
function noteOf({ state, note, assignee }: z.infer<typeof ChangeBody>) {
  const assigned = assignee === undefined ? [] : [`Assigned to ${assignee ?? "nobody"}.`];
  const said = note ?? (state === undefined ? null : STATE_WORDS[state]);
  return {
    text: [...assigned, ...(said === null ? [] : [said])].join(" "),
    action: state ?? (assignee === undefined ? null : "assigned"),
  };
}

/** Why a change was not made. */
function refusal(row: ExceptionRow) {
  return isOpen(row)
    ? apiError("INVALID_STATE", `It has ${MAX_NOTES} notes; close it.`, { state: row.state })
    : apiError("INVALID_STATE", `The exception is ${row.state}, which is final.`, {
        state: row.state,
      });
}

export function registerExceptions(app: App): void {
  app.openapi(list, async (c) => {
    const { now } = c.var;
    const owner = ownerOf(c);
    const query = c.req.valid("query");
    const name = query.run === undefined ? "exceptions" : "exceptions_of_run";
    const page = readPage(query, name, owner.merchantId);
    const filter = {
      run: query.run,
      kind: query.kind,
      state: query.state,
      assignee: query.assignee,
      channelAccount: query.channel_account,
      overdueAt: query.overdue === undefined ? undefined : now,
    };
    const rows = await listExceptions(database(c.env.DB), owner, filter, withLookahead(page));
    const shown = (row: ExceptionRow) => showException(row, now);
    return c.json(pageReply(rows, page, name, owner.merchantId, shown), 200);
  });

  app.openapi(get, async (c) => {
    const row = await loadException(c, c.req.valid("param").id);
    return c.json(showWhole(row, c.var.now), 200);
  });

  app.openapi(patch, async (c) => {
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");
    const { now } = c.var;
    const note = { at: now, by: actorOf(c), ...noteOf(body) };
    const wanted = { state: body.state, assignee: body.assignee, note };
    const row = await changeException(database(c.env.DB), ownerOf(c), id, wanted);
    if (row === null) throw refusal(await loadException(c, id));
    return c.json(showWhole(row, now), 200);
  });
}
