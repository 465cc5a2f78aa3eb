/** `/v1/balances` and `/v1/ledger-entries`: the merchant's books. */
import { createRoute, z } from "@hono/zod-openapi";

import { iso } from "../../clock.ts";
import { CurrencyCode } from "../../money-input.ts";
import { balancesOf } from "../../settlement/balances.ts";
import { ENTRY_KINDS, type EntryKind } from "../../settlement/ledger.ts";
import { database } from "../../store/db.ts";
import { type EntryRow, listEntries, readMovements } from "../../store/ledger.ts";
import { merchantAuth } from "../authenticate.ts";
import { type App, errors, jsonReply, listOf, Timestamp } from "../http.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import { Money } from "./schemas.ts";

const tags = ["Ledger"];
const reading = merchantAuth("reports:read");
const LIST = "ledger_entries";

const KINDS = Object.keys(ENTRY_KINDS) as [EntryKind, ...EntryKind[]];

const LedgerEntryView = z
  .object({
    id: z.string(),
    object: z.literal("ledger_entry"),
    livemode: z.boolean(),
    kind: z.enum(KINDS).openapi({ description: "What it says." }),
    amount: Money,
    debit: z.string().openapi({
      example: "channel:ca_01k5x0e8m3v7q2r9t4w6y8z0ab",
      description: "The account that it moves to.",
    }),
    credit: z.string().openapi({ description: "The account that it moves from." }),
    cause: z.string().openapi({
      description: "The id of what caused it: a payment, a refund, a payout, an invoice, …",
    }),
    memo: z.string().nullable().openapi({ description: "In words, where people wrote some." }),
    at: Timestamp.openapi({ description: "When it happened." }),
    recorded_at: Timestamp.openapi({ description: "When it was written down, maybe later." }),
  })
  .openapi("LedgerEntry");

const Balances = z
  .object({
    object: z.literal("balances"),
    livemode: z.boolean(),
    as_of: Timestamp.openapi({ description: "Up to when entries count, this moment included." }),
    recorded_at: Timestamp.nullable().openapi({
      description:
        "When the latest of them was written down. Later than `as_of`: by news that came late, these " +
        "balances are not what they were then.",
    }),
    currencies: z
      .array(
        z.object({
          currency: z.string().openapi({ description: "ISO 4217. Never added to another." }),
          held_at_channels: z.int().openapi({
            description: "What the channels hold for you: received, not given back, not paid out.",
          }),
          owed_to_platform: z.int().openapi({
            description: "Fees that you owe the platform; negative: it owes you.",
          }),
          at_bank: z.int().openapi({
            description: "What has arrived at your bank, less the invoices paid from there.",
          }),
          accounts: z
            .array(
              z.object({
                account: z.string().openapi({
                  description:
                    "`channel:` and a channel account, `bank`, `platform`, `sales`, `refunds`, " +
                    "`platform_fees`, `channel_fees` or `adjustments`.",
                }),
                debit: z.int().openapi({ description: "All that was moved to it." }),
                credit: z.int().openapi({ description: "All that was moved from it." }),
                balance: z.int().openapi({ description: "`debit` less `credit`." }),
              }),
            )
            .openapi({ description: "Their balances sum to zero." }),
        }),
      )
      .openapi({ description: "In minor units, one for each currency that ever moved." }),
  })
  .openapi("Balances");

const time = z.iso.datetime({ offset: true }).optional();

const balances = createRoute({
  ...reading,
  method: "get",
  path: "/v1/balances",
  tags,
  operationId: "getBalances",
  summary: "Balances, also as they were",
  description:
    "Double entry: every entry moves an amount from one account to another. A balance is what was " +
    "moved to an account less what was moved from it. So what you have and what you spent " +
    "(channels, bank, refunds, fees) is positive, what you earned and what you owe (sales, " +
    "platform) is negative, and all of a currency together is zero.",
  request: {
    query: z.strictObject({
      as_of: time.openapi({ description: "As they were at this moment. Default: now." }),
    }),
  },
  responses: { 200: jsonReply(Balances, "The balances."), ...errors(400, 401, 403, 429) },
});

const list = createRoute({
  ...reading,
  method: "get",
  path: "/v1/ledger-entries",
  tags,
  operationId: "listLedgerEntries",
  summary: "List ledger entries",
  description:
    "Newest first, by when they happened. Entries are never changed or removed: what was wrong is " +
    "corrected by another entry.",
  request: {
    query: z.strictObject({
      ...pageQuery,
      kind: z.enum(KINDS).optional(),
      currency: CurrencyCode.optional().openapi({ description: "Only in this currency." }),
      cause: z.string().min(1).max(64).optional().openapi({
        description: "Only what this payment, refund, payout or invoice caused.",
      }),
      created_gte: time.openapi({ description: "Only what happened at this time or later." }),
      created_lt: time.openapi({ description: "Only what happened before this time." }),
    }),
  },
  responses: { 200: jsonReply(listOf(LedgerEntryView), "A page."), ...errors(400, 401, 403, 429) },
});

const show = (row: EntryRow): z.infer<typeof LedgerEntryView> => ({
  id: row.id,
  object: "ledger_entry",
  livemode: row.livemode,
  // Rows are only written by entryOf.
  kind: row.kind as EntryKind,
  amount: { currency: row.currency, value: row.value },
  debit: row.debit,
  credit: row.credit,
  cause: row.cause,
  memo: row.memo,
  at: iso(row.at),
  recorded_at: iso(row.recorded_at),
});

const millis = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text));

export function registerLedger(app: App): void {
  app.openapi(balances, async (c) => {
    const { merchant, key } = c.var.principal;
    const asOf = millis(c.req.valid("query").as_of) ?? c.var.now;
    const movements = await readMovements(database(c.env.DB), merchant.id, key.livemode, asOf);
    const view: z.infer<typeof Balances> = {
      object: "balances",
      livemode: key.livemode,
      as_of: iso(asOf),
      recorded_at:
        movements.length === 0
          ? null
          : iso(Math.max(...movements.map(({ recorded_at }) => recorded_at))),
      currencies: balancesOf(movements).map((row) => ({ ...row, accounts: [...row.accounts] })),
    };
    return c.json(view, 200);
  });

  app.openapi(list, async (c) => {
    const { merchant, key } = c.var.principal;
    const query = c.req.valid("query");
    const owner = `${merchant.id}:${key.livemode ? "live" : "test"}`;
    const page = readPage(query, LIST, owner);
    const filter = {
      kind: query.kind,
      currency: query.currency,
      cause: query.cause,
      createdFrom: millis(query.created_gte),
      createdBefore: millis(query.created_lt),
    };
    const db = database(c.env.DB);
    const rows = await listEntries(db, merchant.id, key.livemode, filter, withLookahead(page));
    return c.json(pageReply(rows, page, LIST, owner, show), 200);
  });
}
