/**
 * What an operator repairs by hand: messages that a queue gave up on are sent again, and a payment's
 * copy in D1 is made anew from its object.
 */
import { createRoute, z } from "@hono/zod-openapi";

import { iso } from "../../clock.ts";
import { apiError } from "../../errors.ts";
import { intentObject, readIntent } from "../../intent/client.ts";
import { STATUSES } from "../../payments/states.ts";
import { replayDeadLetter } from "../../queue/dead-letters.ts";
import { database } from "../../store/db.ts";
import { type DeadLetter, listDeadLetters } from "../../store/dead-letters.ts";
import { adminAuth } from "../admin-auth.ts";
import { type App, errors, idParam, jsonReply, listOf, Timestamp } from "../http.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";

const tags = ["Operations"];
const operator = adminAuth();

const DeadLetterView = z
  .object({
    id: z.string(),
    object: z.literal("dead_letter"),
    queue: z.string(),
    bytes: z.int().openapi({ description: "Size of the message; its content stays inside." }),
    created_at: Timestamp,
  })
  .openapi("DeadLetter");

const list = createRoute({
  method: "get",
  path: "/v1/admin/dead-letters",
  operationId: "listDeadLetters",
  tags,
  summary: "Messages that a queue gave up on",
  ...operator,
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: jsonReply(listOf(DeadLetterView), "A page."), ...errors(400, 401, 403) },
});

const replay = createRoute({
  method: "post",
  path: "/v1/admin/dead-letters/{id}/replay",
  operationId: "replayDeadLetter",
  tags,
  summary: "Send a message to its queue again",
  description: "Consumers bear a repeat, so sending twice does no harm.",
  ...operator,
  request: { params: z.object({ id: idParam("id", "dl_01k5x0e8m3v7q2r9t4w6y8z0ab") }) },
  responses: {
    202: jsonReply(z.object({ id: z.string(), status: z.literal("sent") }), "Sent."),
    ...errors(401, 403, 404, 409),
  },
});

const republish = createRoute({
  method: "post",
  path: "/v1/admin/payment-intents/{id}/republish",
  operationId: "republishPaymentIntent",
  tags,
  summary: "Make a payment's copy in D1 anew",
  description:
    "Does what is due for the payment first, then writes its copy and its events again. Events " +
    "keep their ids, so nobody gets one twice.",
  ...operator,
  request: { params: z.object({ id: idParam("id", "pi_01k5x0e8m3v7q2r9t4w6y8z0ab") }) },
  responses: {
    200: jsonReply(z.object({ id: z.string(), status: z.enum(STATUSES) }), "Done."),
    ...errors(401, 403, 404, 500),
  },
});

const show = (row: DeadLetter): z.infer<typeof DeadLetterView> => ({
  id: row.id,
  object: "dead_letter",
  queue: row.queue,
  bytes: row.body.length,
  created_at: iso(row.created_at),
});

export function registerOperations(app: App): void {
  app.openapi(list, async (c) => {
    const page = readPage(c.req.valid("query"), "dead_letters", "admin");
    const rows = await listDeadLetters(database(c.env.DB), withLookahead(page));
    return c.json(pageReply(rows, page, "dead_letters", "admin", show), 200);
  });

  app.openapi(replay, async (c) => {
    const { id } = c.req.valid("param");
    const outcome = await replayDeadLetter(database(c.env.DB), c.env, id);
    if (outcome === "not_found") throw apiError("NOT_FOUND", "No such dead letter.");
    if (outcome === "unreadable") {
      throw apiError("INVALID_STATE", "This message has no shape that a consumer takes.");
    }
    return c.json({ id, status: "sent" as const }, 202);
  });

  app.openapi(republish, async (c) => {
    const { id } = c.req.valid("param");
    const before = await readIntent(c.env, id);
    if (before === null) throw apiError("PAYMENT_INTENT_NOT_FOUND", "No such payment intent.");
    const object = intentObject(c.env, id);
    await object.wake();
    if (!(await object.republish())) {
      throw apiError("INTERNAL", "The queue did not take it; the payment tries again by itself.");
    }
    const after = await readIntent(c.env, id);
    return c.json({ id, status: (after ?? before).status }, 200);
  });
}
