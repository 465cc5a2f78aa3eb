/**
 * `GET /v1/payment-intents.csv`: the list as a file, streamed page by page, so that its length costs
 * time and no memory.
 */
import { createRoute, z } from "@hono/zod-openapi";

import { decimalOf } from "../../money.ts";
import { database } from "../../store/db.ts";
import { listPayments, type PaymentFilter } from "../../store/payment-intents.ts";
import { merchantAuth } from "../authenticate.ts";
import { allPages, type CsvColumn, csvStream } from "../csv-stream.ts";
import { type App, type AppContext, errors } from "../http.ts";
import { filterOf, paymentFilters } from "./payment-intents.ts";
import type { PaymentIntent } from "./schemas.ts";

type Payment = z.infer<typeof PaymentIntent>;

/** The columns, in their order. Amounts are decimals of the currency, as spreadsheets want them. */
const COLUMNS: readonly CsvColumn<Payment>[] = [
  ["id", ({ id }) => id],
  ["created_at", ({ created_at }) => created_at],
  ["status", ({ status }) => status],
  ["merchant_order_id", ({ merchant_order_id: order }) => order],
  ["channel", ({ channel }) => channel],
  ["method", ({ method }) => method],
  ["channel_transaction_id", ({ channel_transaction_id: transaction }) => transaction],
  ["currency", ({ amount }) => amount.currency],
  ["amount", ({ amount }) => decimalOf(amount)],
  ["refunded", ({ amount_refunded: refunded }) => decimalOf(refunded)],
  ["fee", ({ fee }) => (fee === null ? null : decimalOf(fee))],
  [
    "fee_refunded",
    ({ fee }) => (fee === null ? null : decimalOf({ currency: fee.currency, value: fee.refunded })),
  ],
  ["succeeded_at", ({ succeeded_at: at }) => at],
  ["description", ({ description }) => description],
];

const route = createRoute({
  method: "get",
  path: "/v1/payment-intents.csv",
  tags: ["Payment intents"],
  operationId: "exportPaymentIntents",
  summary: "Export payments",
  description:
    "The list as CSV (UTF-8 with a mark for spreadsheets, RFC 4180), newest first, whole. The " +
    "amounts are decimals. The file ends with a line `# N rows`: without it, it was cut off.",
  ...merchantAuth("payments:read"),
  request: { query: z.strictObject(paymentFilters) },
  responses: {
    200: { description: "The file.", content: { "text/csv": { schema: z.string() } } },
    ...errors(400, 401, 403, 429),
  },
});

async function* pagesOf(c: AppContext, filter: PaymentFilter): AsyncGenerator<Payment[], void> {
  const { merchant, key } = c.var.principal;
  const db = database(c.env.DB);
  const pages = allPages(
    (page) => listPayments(db, merchant.id, key.livemode, filter, page),
    ({ created_at: createdAt, id }) => ({ createdAt, id }),
  );
  for await (const rows of pages) {
    yield rows.map(({ snapshot }) => JSON.parse(snapshot) as Payment);
  }
}

export function registerPaymentsExport(app: App): void {
  app.openapi(route, (c) => {
    const pages = pagesOf(c, filterOf(c.req.valid("query")));
    const day = new Date(c.var.now).toISOString().slice(0, 10);
    return csvStream(c, `payments-${day}.csv`, COLUMNS, pages);
  });
}
