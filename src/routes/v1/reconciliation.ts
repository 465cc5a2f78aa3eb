/** `/v1/reconciliation` (API.md section 7): what does not fit, for people to look at. */
import { createRoute, z } from "@hono/zod-openapi";

import { EXCEPTION_KINDS, EXCEPTION_STATES } from "../../reconciliation.ts";
import { database } from "../../store/db.ts";
import { listExceptions } from "../../store/exceptions.ts";
import { merchantAuth } from "../authenticate.ts";
import { type App, errors, jsonReply, listOf, Timestamp } from "../http.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import { Money } from "./schemas.ts";

const ReconciliationException = z
  .object({
    id: z.string().openapi({ example: "rx_01k5x0e8m3v7q2r9t4w6y8z0ab" }),
    object: z.literal("reconciliation_exception"),
    livemode: z.boolean(),
    run: z.string().nullable().openapi({ description: "Null: found while it happened." }),
    kind: z.enum(EXCEPTION_KINDS),
    state: z.enum(EXCEPTION_STATES),
    payment_intent: z.string().nullable(),
    channel_account: z.string(),
    channel_transaction_id: z.string().nullable(),
    channel: z
      .object({
        amount: Money,
        status: z.string(),
        paid_at: Timestamp.nullable(),
        reference: z.string().nullable(),
      })
      .nullable(),
    gateway: z.object({ amount: Money, status: z.string() }).nullable(),
    merchant: z.record(z.string(), z.unknown()).nullable(),
    explanation: z.string(),
    proposed_fix: z.string(),
    created_at: Timestamp,
  })
  .openapi("ReconciliationException");

const list = createRoute({
  method: "get",
  path: "/v1/reconciliation/exceptions",
  tags: ["Reconciliation"],
  operationId: "listReconciliationExceptions",
  summary: "List what does not fit",
  description:
    "Newest first. A payment of another amount than was ordered, or of a reference that nobody " +
    "gave out, changes nothing by itself and is written down here.",
  ...merchantAuth("reports:read"),
  request: {
    query: z.strictObject({
      ...pageQuery,
      kind: z.enum(EXCEPTION_KINDS).optional(),
      state: z.enum(EXCEPTION_STATES).optional(),
    }),
  },
  responses: {
    200: jsonReply(listOf(ReconciliationException), "A page of exceptions."),
    ...errors(400, 401, 403, 429),
  },
});

export function registerReconciliation(app: App): void {
  app.openapi(list, async (c) => {
    const { merchant, key } = c.var.principal;
    const query = c.req.valid("query");
    const page = readPage(query, "exceptions", merchant.id);
    const filter = { kind: query.kind, state: query.state };
    const db = database(c.env.DB);
    const rows = await listExceptions(db, merchant.id, key.livemode, filter, withLookahead(page));
    const shown = ({ snapshot, state }: (typeof rows)[number]) => ({
      ...(JSON.parse(snapshot) as z.infer<typeof ReconciliationException>),
      state,
    });
    return c.json(pageReply(rows, page, "exceptions", merchant.id, shown), 200);
  });
}
