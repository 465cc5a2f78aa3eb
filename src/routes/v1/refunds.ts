/** `/v1/refunds` (API.md section 3). Everything that is decided is decided in the payment's object. */
import { createRoute, z } from "@hono/zod-openapi";

import { apiError, ERROR_CODES } from "../../errors.ts";
import { isId, paymentOfRefund } from "../../ids.ts";
import type { Answer } from "../../intent/answers.ts";
import { intentObject } from "../../intent/client.ts";
import { REVOKE_TYPES } from "../../intent/refund-record.ts";
import { REFUND_STATUSES } from "../../payments/refund.ts";
import { PlainText, ShortText } from "../../plain-text.ts";
import { database } from "../../store/db.ts";
import { listRefunds } from "../../store/refunds.ts";
import { answerReply } from "../answer.ts";
import { merchantAuth } from "../authenticate.ts";
import {
  type App,
  errors,
  idParam,
  jsonBody,
  jsonReply,
  listOf,
  ownerOf,
  Timestamp,
  traceOf,
} from "../http.ts";
import { idempotent } from "../idempotent.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import { Amount, Money } from "./schemas.ts";

const tags = ["Refunds"];
const params = z.object({ id: idParam("id", "re_01k5x0e8m3v7q2r9t4w6y8z0ab01") });

/** It travels in the refund's events and in its copy, which have to fit a queue message together. */
const REVOCATION_BYTES = 16_384;

const Revocation = z
  .strictObject({
    targets: z
      .array(z.strictObject({ type: z.enum(REVOKE_TYPES), id: PlainText(256) }))
      .min(1)
      .max(50),
  })
  .refine(
    (revoke) => new TextEncoder().encode(JSON.stringify(revoke)).length <= REVOCATION_BYTES,
    "must have at most 16 KiB as JSON",
  )
  .openapi("Revocation", {
    description: "What you take back with the money. It is carried in the refund's events.",
  });

const CreateRefund = z
  .strictObject({
    payment_intent: ShortText(64).openapi({ example: "pi_01k5x0e8m3v7q2r9t4w6y8z0ab" }),
    amount: Amount.optional(),
    reason: PlainText(256).optional(),
    revoke: Revocation.optional(),
  })
  .openapi("CreateRefund");

export const Refund = z
  .object({
    id: z.string().openapi({ example: "re_01k5x0e8m3v7q2r9t4w6y8z0ab01" }),
    object: z.literal("refund"),
    livemode: z.boolean(),
    payment_intent: z.string(),
    status: z.enum(REFUND_STATUSES),
    amount: Money,
    reason: z.string().nullable(),
    revoke: z.union([Revocation, z.null()]),
    origin: z.enum(["merchant", "late_payment", "channel"]).openapi({
      description:
        "Who asked for it: you, the account's `late_payment` policy, or nobody here (the channel " +
        "gave the money back by itself).",
    }),
    fee: z
      .object({ currency: z.string(), value: z.int() })
      .nullable()
      .openapi({ description: "What it gave back of the platform's fee; null until it succeeds." }),
    channel: z.string(),
    channel_account: z.string(),
    channel_refund_id: z.string().nullable(),
    merchant_order_id: z.string().nullable(),
    last_error: z
      .object({
        code: z.enum(ERROR_CODES),
        message: z.string(),
        details: z.record(z.string(), z.unknown()),
      })
      .nullable(),
    sequence: z.int(),
    created_at: Timestamp,
    updated_at: Timestamp,
    succeeded_at: Timestamp.nullable(),
  })
  .openapi("Refund");

const auth = merchantAuth("refunds:write");

const create = createRoute({
  method: "post",
  path: "/v1/refunds",
  tags,
  operationId: "createRefund",
  summary: "Refund a payment",
  description:
    "All of it, a part, or several parts. The share is reserved before the channel is asked, so " +
    "parallel calls can never give back more than was paid. 202: the channel has not said yet " +
    "whether it took the request; it is asked again, always for the same refund.",
  ...auth,
  middleware: [...auth.middleware, idempotent] as const,
  request: {
    headers: z.object({
      "idempotency-key": z.string().optional().openapi({
        description: "1 to 255 printable ASCII characters. A repeat gets the first answer.",
      }),
    }),
    body: jsonBody(CreateRefund),
  },
  responses: {
    201: jsonReply(Refund, "The refund."),
    202: jsonReply(Refund, "Reserved; the channel's answer is open."),
    ...errors(400, 401, 402, 403, 404, 409, 413, 415, 422, 429, 500),
  },
});

const get = createRoute({
  method: "get",
  path: "/v1/refunds/{id}",
  tags,
  operationId: "getRefund",
  summary: "Read a refund",
  description: "Always current: it is read from the payment itself, never from a copy.",
  ...merchantAuth("payments:read"),
  request: { params },
  responses: { 200: jsonReply(Refund, "The refund."), ...errors(401, 403, 404, 429) },
});

const list = createRoute({
  method: "get",
  path: "/v1/refunds",
  tags,
  operationId: "listRefunds",
  summary: "List refunds",
  description: "Newest first. The list is a copy: a change shows here a moment after it happened.",
  ...merchantAuth("payments:read"),
  request: {
    query: z.strictObject({
      ...pageQuery,
      payment_intent: z.string().max(64).optional(),
      status: z.enum(REFUND_STATUSES).optional(),
    }),
  },
  responses: {
    200: jsonReply(listOf(Refund), "A page of refunds."),
    ...errors(400, 401, 403, 429),
  },
});

/** The copy holds the object's own JSON. */
const shown = (row: { snapshot: string }) => JSON.parse(row.snapshot) as z.infer<typeof Refund>;

/**
 * The answer is not the last word, or it is the channel's refusal of a refund that was made: the
 * next request with the key must be the same one, and the payment's object answers it.
 */
const keepsItsKey = (answer: Answer): boolean =>
  answer.kind === "object"
    ? answer.status === 202
    : answer.failure.details?.["refund"] !== undefined;

export function registerRefunds(app: App): void {
  app.openapi(create, async (c) => {
    const { payment_intent: id, amount, reason, revoke } = c.req.valid("json");
    if (!isId("paymentIntent", id)) {
      throw apiError("PAYMENT_INTENT_NOT_FOUND", "No such payment intent.");
    }
    const terms = {
      // The same request always has the same one, so a repeat after a crash finds its refund.
      requestKey: await c.var.newId("request"),
      amount: amount ?? null,
      reason: reason ?? null,
      revoke: revoke ?? null,
    };
    const answer = await intentObject(c.env, id).refund(ownerOf(c), terms, traceOf(c));
    c.set("outcomeIsOpen", keepsItsKey(answer));
    return answerReply(answer) as never;
  });

  app.openapi(get, async (c) => {
    const { id } = c.req.valid("param");
    const payment = paymentOfRefund(id);
    const body =
      payment === null ? null : await intentObject(c.env, payment).getRefund(ownerOf(c), id);
    if (body === null) throw apiError("REFUND_NOT_FOUND", "No such refund.");
    return answerReply({ kind: "object", status: 200, body, replayed: false }) as never;
  });

  app.openapi(list, async (c) => {
    const { merchant, key } = c.var.principal;
    const query = c.req.valid("query");
    const page = readPage(query, "refunds", merchant.id);
    const filter = { paymentIntent: query.payment_intent, status: query.status };
    const db = database(c.env.DB);
    const rows = await listRefunds(db, merchant.id, key.livemode, filter, withLookahead(page));
    return c.json(pageReply(rows, page, "refunds", merchant.id, shown), 200);
  });
}
