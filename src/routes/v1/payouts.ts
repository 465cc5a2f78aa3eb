/** `/v1/payouts`: money of a channel that has arrived at the merchant's bank. */
import { createRoute, z } from "@hono/zod-openapi";

import { iso } from "../../clock.ts";
import { apiError, ApiError, invalidField } from "../../errors.ts";
import { isId } from "../../ids.ts";
import type { Money as MoneyValue } from "../../money.ts";
import { PlainText } from "../../plain-text.ts";
import { entryOf, type LedgerEntry } from "../../settlement/ledger.ts";
import { database } from "../../store/db.ts";
import { addPayout, findPayout, listPayouts, paidBy, type PayoutRow } from "../../store/payouts.ts";
import { findSettlements, type SettlementRow } from "../../store/settlements.ts";
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
import { idempotent } from "../idempotent.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import { Amount, Money } from "./schemas.ts";

const tags = ["Payouts"];
const LIST = "payouts";
const reading = merchantAuth("reports:read");
const writing = merchantAuth("channels:write");

const Payout = z
  .object({
    id: z.string(),
    object: z.literal("payout"),
    livemode: z.boolean(),
    channel_account: z.string(),
    amount: Money,
    settlements: z.array(z.string()),
    bank_reference: z.string().nullable(),
    arrived_at: Timestamp,
    created_at: Timestamp,
  })
  .openapi("Payout");

const SettlementId = z
  .string()
  .refine((id) => isId("settlement", id), "must be the id of a settlement");

/** More days than a year has. */
const MAX_SETTLEMENTS = 400;

const CreatePayout = z
  .strictObject({
    settlements: z
      .array(SettlementId)
      .min(1)
      .max(MAX_SETTLEMENTS)
      .refine((ids) => new Set(ids).size === ids.length, "must not name one twice"),
    amount: Amount,
    arrived_at: z.iso.datetime({ offset: true }),
    bank_reference: PlainText(100).optional(),
    accept_difference: z.boolean().default(false),
  })
  .openapi("CreatePayout");

const create = createRoute({
  ...writing,
  middleware: [...writing.middleware, idempotent],
  method: "post",
  path: "/v1/payouts",
  operationId: "createPayout",
  summary: "Say that a channel's money has arrived",
  description:
    "Marks settlements of one account and currency as paid and books the money from the channel to " +
    "the bank. Their nets have to sum to the amount; with `accept_difference` what is left over or " +
    "missing is booked as an adjustment.",
  tags,
  request: { body: jsonBody(CreatePayout) },
  responses: {
    201: jsonReply(Payout, "The payout."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 422, 429),
  },
});

const list = createRoute({
  ...reading,
  method: "get",
  path: "/v1/payouts",
  operationId: "listPayouts",
  summary: "List payouts",
  description: "Of the key's mode, newest first.",
  tags,
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: jsonReply(listOf(Payout), "A page."), ...errors(400, 401, 403, 429) },
});

const get = createRoute({
  ...reading,
  method: "get",
  path: "/v1/payouts/{id}",
  operationId: "getPayout",
  summary: "Read a payout",
  description: "With the settlements that it paid.",
  tags,
  request: { params: z.object({ id: idParam("id", "po_01k5x0e8m3v7q2r9t4w6y8z0ab") }) },
  responses: { 200: jsonReply(Payout, "The payout."), ...errors(401, 403, 404, 429) },
});

const show = (row: PayoutRow, settlementIds: string[]): z.infer<typeof Payout> => ({
  id: row.id,
  object: "payout",
  livemode: row.livemode,
  channel_account: row.channel_account,
  amount: { currency: row.currency, value: row.value },
  settlements: settlementIds,
  bank_reference: row.bank_reference,
  arrived_at: iso(row.arrived_at),
  created_at: iso(row.created_at),
});

/** Each with the batches that it paid. */
async function shown(c: AppContext, rows: readonly PayoutRow[]) {
  const { merchantId, livemode } = ownerOf(c);
  const ids = rows.map(({ id }) => id);
  const paid = await paidBy(database(c.env.DB), merchantId, livemode, ids);
  return (row: PayoutRow) =>
    show(
      row,
      paid.filter(({ payout_id }) => payout_id === row.id).map(({ id }) => id),
    );
}

/**
 * The settlements that are meant, checked: of one account, in the currency, not paid.
 * @throws ApiError
 */
async function payable(
  c: AppContext,
  ids: readonly string[],
  currency: string,
): Promise<SettlementRow[]> {
  const { merchantId, livemode } = ownerOf(c);
  const rows = await findSettlements(database(c.env.DB), merchantId, livemode, ids);
  const missing = ids.find((id) => !rows.some((row) => row.id === id));
  if (missing !== undefined) {
    throw apiError("NOT_FOUND", "There is no such settlement in this mode.", {
      settlement: missing,
    });
  }
  if (new Set(rows.map(({ channel_account }) => channel_account)).size > 1) {
    throw new ApiError(invalidField("settlements", "must be of one channel account"));
  }
  if (rows.some((row) => row.currency !== currency)) {
    throw new ApiError(invalidField("amount.currency", "must be the settlements' currency"));
  }
  const paid = rows.find(({ state }) => state === "paid");
  if (paid !== undefined) {
    throw apiError("INVALID_STATE", "A settlement has been paid already.", {
      settlement: paid.id,
      payout: paid.payout_id,
    });
  }
  return rows;
}

/** What moves: the money to the bank, and what the channel paid more or less than it owed. */
function entriesOf(row: PayoutRow, difference: number, now: number): LedgerEntry[] {
  const { id, merchant_id, livemode, channel_account, arrived_at, currency } = row;
  const posting = {
    merchantId: merchant_id,
    livemode,
    channelAccount: channel_account,
    at: arrived_at,
    currency,
    cause: id,
  };
  const payout = entryOf({ ...posting, kind: "payout", value: row.value }, now);
  if (difference === 0) return [payout];
  const kind = difference > 0 ? "adjustment" : "adjustment_down";
  const value = Math.abs(difference);
  return [payout, entryOf({ ...posting, kind, value, memo: "difference of a payout" }, now)];
}

function checkDifference(amount: MoneyValue, expected: number, isAccepted: boolean): void {
  const difference = amount.value - expected;
  if (difference === 0 || isAccepted) return;
  const { currency } = amount;
  throw apiError(
    "INVALID_STATE",
    "The settlements do not sum to the amount. Send accept_difference: true to book what differs.",
    {
      expected: { currency, value: expected },
      amount,
      difference: { currency, value: difference },
    },
  );
}

export function registerPayouts(app: App): void {
  app.openapi(create, async (c) => {
    const body = c.req.valid("json");
    const { merchantId, livemode } = ownerOf(c);
    const db = database(c.env.DB);
    const now = c.var.now;
    const arrived_at = Date.parse(body.arrived_at);
    if (arrived_at > now) {
      throw new ApiError(invalidField("arrived_at", "must not be in the future"));
    }
    const id = await c.var.newId("payout");
    // A repeat after a crash finds what it has done.
    const done = await findPayout(db, merchantId, livemode, id);
    if (done !== null) return c.json((await shown(c, [done]))(done), 201);

    const paid = await payable(c, body.settlements, body.amount.currency);
    const expected = paid.reduce((sum, { net }) => sum + net, 0);
    checkDifference(body.amount, expected, body.accept_difference);
    const row: PayoutRow = {
      id,
      merchant_id: merchantId,
      livemode,
      channel_account: paid[0]?.channel_account ?? "",
      currency: body.amount.currency,
      value: body.amount.value,
      bank_reference: body.bank_reference ?? null,
      arrived_at,
      created_at: now,
    };
    const settled = { settlementIds: body.settlements, expected };
    const entries = entriesOf(row, body.amount.value - expected, now);
    if (!(await addPayout(db, row, settled, entries))) {
      throw apiError(
        "INVALID_STATE",
        "A settlement was changed at the same moment; read it again.",
      );
    }
    return c.json((await shown(c, [row]))(row), 201);
  });

  app.openapi(list, async (c) => {
    const { merchantId, livemode } = ownerOf(c);
    const page = readPage(c.req.valid("query"), LIST, merchantId);
    const db = database(c.env.DB);
    const rows = await listPayouts(db, merchantId, livemode, withLookahead(page));
    return c.json(pageReply(rows, page, LIST, merchantId, await shown(c, rows)), 200);
  });

  app.openapi(get, async (c) => {
    const { merchantId, livemode } = ownerOf(c);
    const { id } = c.req.valid("param");
    const row = await findPayout(database(c.env.DB), merchantId, livemode, id);
    if (row === null) throw apiError("NOT_FOUND", "There is no such payout in this mode.");
    return c.json((await shown(c, [row]))(row), 200);
  });
}
