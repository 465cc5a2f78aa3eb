/** `/v1/splits`: the platform's fee as a share of payments, taken at the channel. */
import { createRoute, z } from "@hono/zod-openapi";

import { iso } from "../../clock.ts";
import { apiError } from "../../errors.ts";
import { isId } from "../../ids.ts";
import { SPLIT_STATES } from "../../settlement/splits.ts";
import { database } from "../../store/db.ts";
import { findSplit, listSplits, type SplitRow } from "../../store/splits.ts";
import { merchantAuth } from "../authenticate.ts";
import { type App, errors, idParam, jsonReply, listOf, Timestamp } from "../http.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import { Money } from "./schemas.ts";

const tags = ["Splits"];
const reading = merchantAuth("reports:read");

const KINDS = ["split", "return"] as const;

const Split = z
  .object({
    id: z.string(),
    object: z.literal("split"),
    livemode: z.boolean(),
    kind: z.enum(KINDS).openapi({
      description: "`return`: what a refund brought back of a share.",
    }),
    payment_intent: z.string().openapi({ description: "The payment that is shared." }),
    refund: z.string().nullable().openapi({
      description: "Of a return: the refund that it belongs to.",
    }),
    channel: z.string().openapi({ description: "Where the money is shared." }),
    channel_account: z.string().openapi({ description: "Your account there." }),
    amount: Money,
    state: z.enum(SPLIT_STATES).openapi({
      description:
        "`due`: waits for its time. `requested`: sent, and not known what became of it. " +
        "`processing`: the channel has accepted it. `failed`: it was not moved, and is invoiced.",
    }),
    channel_split_id: z.string().nullable().openapi({ description: "The channel's number of it." }),
    error: z
      .object({
        code: z.string().openapi({ description: "One of the error codes." }),
        message: z.string().openapi({ description: "For people." }),
      })
      .nullable()
      .openapi({ description: "Why it failed, or what stands in the way." }),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi("Split");

const list = createRoute({
  ...reading,
  method: "get",
  path: "/v1/splits",
  operationId: "listSplits",
  summary: "List shares of payments",
  description:
    "Newest first. The platform's fee of payments whose account has the settlement_method " +
    "channel_split, and what refunds brought back of it.",
  tags,
  request: {
    query: z.strictObject({
      ...pageQuery,
      payment_intent: z
        .string()
        .refine((id) => isId("paymentIntent", id), "must be the id of a payment intent")
        .optional()
        .openapi({ description: "Only this payment's." }),
      state: z.enum(SPLIT_STATES).optional().openapi({ description: "Only those in this state." }),
      kind: z.enum(KINDS).optional().openapi({ description: "Only shares, or only returns." }),
    }),
  },
  responses: { 200: jsonReply(listOf(Split), "A page."), ...errors(400, 401, 403, 429) },
});

const get = createRoute({
  ...reading,
  method: "get",
  path: "/v1/splits/{id}",
  operationId: "getSplit",
  summary: "Read a share",
  description: "Where it stands, and why it failed where it did.",
  tags,
  request: { params: z.object({ id: idParam("id", "sp_01k5x0e8m3v7q2r9t4w6y8z0ab") }) },
  responses: { 200: jsonReply(Split, "The share."), ...errors(401, 403, 404, 429) },
});

/** Without the receiver: that is between the operator and the channel. */
const show = (row: SplitRow): z.infer<typeof Split> => ({
  id: row.id,
  object: "split",
  livemode: row.livemode,
  kind: row.kind,
  payment_intent: row.payment_intent,
  refund: row.refund,
  channel: row.channel,
  channel_account: row.channel_account,
  amount: { currency: row.currency, value: row.value },
  state: row.state,
  channel_split_id: row.channel_split_id,
  error: row.error,
  created_at: iso(row.created_at),
  updated_at: iso(row.updated_at),
});

export function registerSplits(app: App): void {
  app.openapi(list, async (c) => {
    const { merchant, key } = c.var.principal;
    const query = c.req.valid("query");
    const page = readPage(query, "splits", merchant.id);
    const filter = { paymentIntent: query.payment_intent, state: query.state, kind: query.kind };
    const db = database(c.env.DB);
    const rows = await listSplits(db, merchant.id, key.livemode, filter, withLookahead(page));
    return c.json(pageReply(rows, page, "splits", merchant.id, show), 200);
  });

  app.openapi(get, async (c) => {
    const { merchant, key } = c.var.principal;
    const { id } = c.req.valid("param");
    const row = await findSplit(database(c.env.DB), merchant.id, key.livemode, id);
    if (row === null) throw apiError("NOT_FOUND", "There is no such share in this mode.");
    return c.json(show(row), 200);
  });
}
