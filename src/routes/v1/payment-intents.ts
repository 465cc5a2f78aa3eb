/** `/v1/payment-intents` (API.md section 2). Everything that is decided is decided in the object. */
import { createRoute, z } from "@hono/zod-openapi";

import { CHANNEL_SLUGS } from "../../channels/registry.ts";
import { sha256Hex } from "../../crypto/digest.ts";
import { apiError } from "../../errors.ts";
import { isId } from "../../ids.ts";
import type { RepeatKey } from "../../intent/answers.ts";
import { intentObject } from "../../intent/client.ts";
import { STATUSES } from "../../payments/states.ts";
import { database } from "../../store/db.ts";
import { listPayments, type PaymentFilter, SEARCH_LENGTH } from "../../store/payment-intents.ts";
import { answerReply } from "../answer.ts";
import { merchantAuth } from "../authenticate.ts";
import { createPayment } from "../create-payment.ts";
import {
  type App,
  type AppContext,
  errors,
  idParam,
  jsonBody,
  jsonReply,
  listOf,
  ownerOf,
  traceOf,
} from "../http.ts";
import { fingerprintOf, readIdempotencyKey } from "../idempotent.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import { CreatePaymentIntent, noFields, PaymentIntent } from "./schemas.ts";

const tags = ["Payment intents"];
const params = z.object({ id: idParam("id", "pi_01k5x0e8m3v7q2r9t4w6y8z0ab") });
const idempotency = z.object({
  "idempotency-key": z.string().optional().openapi({
    description: "1 to 255 printable ASCII characters. A repeat gets the first answer.",
  }),
});

const create = createRoute({
  method: "post",
  path: "/v1/payment-intents",
  tags,
  operationId: "createPaymentIntent",
  summary: "Create a payment",
  description:
    "Orders the payment at the channel and answers with the code. When the channel's answer is " +
    "not known the payment stays `pending` with `next_action.type` `wait`; a repeat with the same " +
    "key gets the code as soon as there is one.",
  ...merchantAuth("payments:write"),
  request: { headers: idempotency, body: jsonBody(CreatePaymentIntent) },
  responses: {
    201: jsonReply(PaymentIntent, "The payment."),
    ...errors(400, 401, 402, 403, 404, 409, 410, 413, 415, 422, 429, 500),
  },
});

const get = createRoute({
  method: "get",
  path: "/v1/payment-intents/{id}",
  tags,
  operationId: "getPaymentIntent",
  summary: "Read a payment",
  description: "Always current: it is read from the payment itself, never from a copy.",
  ...merchantAuth("payments:read"),
  request: { params },
  responses: { 200: jsonReply(PaymentIntent, "The payment."), ...errors(401, 403, 404, 429) },
});

/** What lists and exports of payments can be narrowed to. */
export const paymentFilters = {
  q: z
    .string()
    .trim()
    .min(1)
    .max(SEARCH_LENGTH, `must have at most ${SEARCH_LENGTH} characters`)
    .optional()
    .openapi({
      description:
        "Finds by the payment's id, by merchant_order_id (both from their beginning) and by " +
        "channel_transaction_id.",
    }),
  status: z.enum(STATUSES).optional(),
  channel: z.enum(CHANNEL_SLUGS).optional(),
  merchant_order_id: z.string().max(64).optional(),
  created_gte: z.iso.datetime({ offset: true }).optional(),
  created_lt: z.iso.datetime({ offset: true }).optional(),
};

const Filters = z.object(paymentFilters);

/** The store's filter from a query that was checked. */
export const filterOf = (query: z.infer<typeof Filters>): PaymentFilter => ({
  q: query.q,
  status: query.status,
  channel: query.channel,
  merchantOrderId: query.merchant_order_id,
  createdFrom: millis(query.created_gte),
  createdBefore: millis(query.created_lt),
});

const list = createRoute({
  method: "get",
  path: "/v1/payment-intents",
  tags,
  operationId: "listPaymentIntents",
  summary: "List payments",
  description: "Newest first. The list is a copy: a change shows here a moment after it happened.",
  ...merchantAuth("payments:read"),
  request: {
    query: z.strictObject({ ...pageQuery, ...paymentFilters }),
  },
  responses: {
    200: jsonReply(listOf(PaymentIntent), "A page of payments."),
    ...errors(400, 401, 403, 429),
  },
});

const cancel = createRoute({
  method: "post",
  path: "/v1/payment-intents/{id}/cancel",
  tags,
  operationId: "cancelPaymentIntent",
  summary: "Cancel a payment",
  description:
    "Asks the channel, closes the order there and asks again, so that a buyer who is just paying " +
    "is not lost. 202: the channel has not confirmed yet; we go on. A channel that cannot close " +
    "an order (IOTPay) answers so: the payment is cancelled at its deadline, unless it is paid.",
  ...merchantAuth("payments:write"),
  request: { params, headers: idempotency, body: noFields },
  responses: {
    200: jsonReply(PaymentIntent, "Cancelled."),
    202: jsonReply(PaymentIntent, "Being cancelled."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 422, 429, 500),
  },
});

const sync = createRoute({
  method: "post",
  path: "/v1/payment-intents/{id}/sync",
  tags,
  operationId: "syncPaymentIntent",
  summary: "Ask the channel now",
  description:
    "For a customer at the counter whose callback is late. Payments that have not ended are also " +
    "asked about without it.",
  ...merchantAuth("payments:write"),
  request: { params, headers: idempotency, body: noFields },
  responses: {
    200: jsonReply(PaymentIntent, "The payment after the channel has spoken."),
    ...errors(400, 401, 403, 404, 413, 415, 422, 429, 500, 502, 503, 504),
  },
});

/** @throws ApiError for what cannot be a payment's id */
export function readId(id: string): string {
  if (isId("paymentIntent", id)) return id;
  throw apiError("PAYMENT_INTENT_NOT_FOUND", "No such payment intent.");
}

/** What a repeated cancel or sync is recognised by; null without a key. */
async function repeatKey(c: AppContext): Promise<RepeatKey | null> {
  const key = readIdempotencyKey(c);
  if (key === null) return null;
  const request = await sha256Hex(`${c.req.path}\n${key}`);
  return { request, fingerprint: await fingerprintOf(c) };
}

/** The copy holds the object's own JSON. */
const shown = (row: { snapshot: string }) =>
  JSON.parse(row.snapshot) as z.infer<typeof PaymentIntent>;

const millis = (time: string | undefined) => (time === undefined ? undefined : Date.parse(time));

export function registerPaymentIntents(app: App): void {
  app.openapi(create, async (c) => {
    const identity = {
      idempotencyKey: readIdempotencyKey(c),
      fingerprint: await fingerprintOf(c),
    };
    return answerReply(await createPayment(c, c.req.valid("json"), identity)) as never;
  });

  app.openapi(get, async (c) => {
    const id = readId(c.req.valid("param").id);
    const json = await intentObject(c.env, id).getOwned(ownerOf(c));
    if (json === null) throw apiError("PAYMENT_INTENT_NOT_FOUND", "No such payment intent.");
    return answerReply({ kind: "object", status: 200, body: json, replayed: false }) as never;
  });

  app.openapi(list, async (c) => {
    const { merchant, key } = c.var.principal;
    const query = c.req.valid("query");
    const page = readPage(query, "payment_intents", merchant.id);
    const db = database(c.env.DB);
    const filter = filterOf(query);
    const rows = await listPayments(db, merchant.id, key.livemode, filter, withLookahead(page));
    return c.json(pageReply(rows, page, "payment_intents", merchant.id, shown), 200);
  });

  app.openapi(cancel, async (c) => {
    const object = intentObject(c.env, readId(c.req.valid("param").id));
    return answerReply(await object.cancel(ownerOf(c), await repeatKey(c), traceOf(c))) as never;
  });

  app.openapi(sync, async (c) => {
    const object = intentObject(c.env, readId(c.req.valid("param").id));
    return answerReply(await object.sync(ownerOf(c), await repeatKey(c), traceOf(c))) as never;
  });
}
