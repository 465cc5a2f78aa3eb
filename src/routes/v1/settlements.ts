/** `/v1/settlements` (API.md section 7): what each day of a channel account should bring. */
import { createRoute, z } from "@hono/zod-openapi";

import { iso } from "../../clock.ts";
import { apiError } from "../../errors.ts";
import { isId } from "../../ids.ts";
import { database } from "../../store/db.ts";
import { findSettlement, listSettlements, type SettlementRow } from "../../store/settlements.ts";
import { merchantAuth } from "../authenticate.ts";
import { type App, errors, idParam, jsonReply, listOf, ownerOf, Timestamp } from "../http.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import { Day } from "../query.ts";
import { Money } from "./schemas.ts";

const tags = ["Settlements"];
const LIST = "settlements";
const reading = merchantAuth("reports:read");

const Settlement = z
  .object({
    id: z.string(),
    object: z.literal("settlement"),
    livemode: z.boolean(),
    channel_account: z.string(),
    day: z.iso.date(),
    source: z.enum(["statement", "gateway"]),
    state: z.enum(["expected", "paid"]),
    payments: z.int(),
    gross: Money,
    refunds: z.int(),
    refunded: Money,
    channel_fee: z.union([Money, z.null()]),
    net: Money,
    splits: z.array(
      z.object({
        account: z.string(),
        amount: Money,
        type: z.enum(["merchant_settlement", "platform_fee"]),
      }),
    ),
    expected_at: Timestamp,
    payout: z.string().nullable(),
    run: z.string().nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi("Settlement");

const list = createRoute({
  ...reading,
  method: "get",
  path: "/v1/settlements",
  operationId: "listSettlements",
  summary: "List settlements",
  description:
    "One for each account, day and currency in which anything happened, newest first. Written when " +
    "the channel's statement of the day was compared.",
  tags,
  request: {
    query: z.strictObject({
      ...pageQuery,
      channel_account: z
        .string()
        .refine((id) => isId("channelAccount", id), "must be the id of a channel account")
        .optional()
        .openapi({ description: "Only this account's." }),
      state: z.enum(["expected", "paid"]).optional().openapi({
        description: "Only those that have arrived, or have not.",
      }),
      from: Day.optional().openapi({ description: "The first of the channel's days." }),
      to: Day.optional().openapi({ description: "The last of the channel's days." }),
    }),
  },
  responses: { 200: jsonReply(listOf(Settlement), "A page."), ...errors(400, 401, 403, 429) },
});

const get = createRoute({
  ...reading,
  method: "get",
  path: "/v1/settlements/{id}",
  operationId: "getSettlement",
  summary: "Read a settlement",
  description: "With what came in, what went, and the payout that it arrived with.",
  tags,
  request: { params: z.object({ id: idParam("id", "se_01k5x0e8m3v7q2r9t4w6y8z0ab") }) },
  responses: { 200: jsonReply(Settlement, "The settlement."), ...errors(401, 403, 404, 429) },
});

function show(row: SettlementRow): z.infer<typeof Settlement> {
  const money = (value: number) => ({ currency: row.currency, value });
  return {
    id: row.id,
    object: "settlement",
    livemode: row.livemode,
    channel_account: row.channel_account,
    day: row.day,
    source: row.source,
    state: row.state,
    payments: row.payments,
    gross: money(row.gross),
    refunds: row.refunds,
    refunded: money(row.refunded),
    channel_fee: row.channel_fee === null ? null : money(row.channel_fee),
    net: money(row.net),
    splits: [
      { account: row.channel_account, amount: money(row.net), type: "merchant_settlement" },
      { account: "platform", amount: money(row.split), type: "platform_fee" },
    ],
    expected_at: iso(row.expected_at),
    payout: row.payout_id,
    run: row.run_id,
    created_at: iso(row.created_at),
    updated_at: iso(row.updated_at),
  };
}

export function registerSettlements(app: App): void {
  app.openapi(list, async (c) => {
    const { merchantId, livemode } = ownerOf(c);
    const { channel_account: account, state, from, to, ...query } = c.req.valid("query");
    const page = readPage(query, LIST, merchantId);
    const db = database(c.env.DB);
    const filter = { account, state, from, to };
    const rows = await listSettlements(db, merchantId, livemode, filter, withLookahead(page));
    return c.json(pageReply(rows, page, LIST, merchantId, show), 200);
  });

  app.openapi(get, async (c) => {
    const { merchantId, livemode } = ownerOf(c);
    const { id } = c.req.valid("param");
    const row = await findSettlement(database(c.env.DB), merchantId, livemode, id);
    if (row === null) throw apiError("NOT_FOUND", "There is no such settlement in this mode.");
    return c.json(show(row), 200);
  });
}
