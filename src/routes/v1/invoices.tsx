/** `/v1/invoices` (API.md section 7): what the platform asks the merchant for. */
import { createRoute, z } from "@hono/zod-openapi";
import { html } from "hono/html";

import { sha256 } from "../../crypto/digest.ts";
import { toBase64 } from "../../crypto/encoding.ts";
import { apiError } from "../../errors.ts";
import { INVOICE_STYLE, InvoicePage } from "../../settlement/invoice-page.tsx";
import { showInvoice } from "../../settlement/invoice-view.ts";
import { database } from "../../store/db.ts";
import { findInvoice, listInvoices } from "../../store/invoices.ts";
import { merchantAuth } from "../authenticate.ts";
import { type App, type AppContext, errors, idParam, jsonReply, listOf, ownerOf } from "../http.ts";
import { pageReply, readPage, withLookahead } from "../pages.ts";
import { Invoice, invoiceQuery } from "./invoice-schemas.ts";

const tags = ["Invoices"];
const LIST = "invoices";
const reading = merchantAuth("reports:read");
const params = z.object({ id: idParam("id", "in_01k5x0e8m3v7q2r9t4w6y8z0ab") });

const list = createRoute({
  ...reading,
  method: "get",
  path: "/v1/invoices",
  operationId: "listInvoices",
  summary: "List invoices",
  description:
    "One for each month and currency in which you owe the platform anything, newest first. Months " +
    "begin at midnight in China (UTC+8).",
  tags,
  request: { query: z.strictObject(invoiceQuery) },
  responses: { 200: jsonReply(listOf(Invoice), "A page."), ...errors(400, 401, 403, 429) },
});

const get = createRoute({
  ...reading,
  method: "get",
  path: "/v1/invoices/{id}",
  operationId: "getInvoice",
  summary: "Read an invoice",
  description: "With its lines, which sum to the total.",
  tags,
  request: { params },
  responses: { 200: jsonReply(Invoice, "The invoice."), ...errors(401, 403, 404, 429) },
});

const page = createRoute({
  ...reading,
  method: "get",
  path: "/v1/invoices/{id}/page",
  operationId: "getInvoicePage",
  summary: "Print an invoice",
  description: "A page to be printed or saved as PDF: A4, with nothing to load.",
  tags,
  request: { params },
  responses: {
    200: { description: "The page.", content: { "text/html": { schema: z.string() } } },
    ...errors(401, 403, 404, 429),
  },
});

async function found(c: AppContext, id: string) {
  const row = await findInvoice(database(c.env.DB), ownerOf(c), id);
  if (row === null) throw apiError("NOT_FOUND", "There is no such invoice in this mode.");
  return row;
}

let policy: string | null = null;

/** The one style sheet by its hash, and nothing else. */
async function setPageHeaders(c: AppContext): Promise<void> {
  policy ??=
    `default-src 'none'; style-src 'sha256-${toBase64(await sha256(INVOICE_STYLE))}'; ` +
    `base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  c.header("Cache-Control", "no-store");
  c.header("Content-Security-Policy", policy);
  c.header("Referrer-Policy", "no-referrer");
  c.header("X-Content-Type-Options", "nosniff");
}

export function registerInvoices(app: App): void {
  app.openapi(list, async (c) => {
    const owner = ownerOf(c);
    const { state, month, ...query } = c.req.valid("query");
    const request = readPage(query, LIST, owner.merchantId);
    const db = database(c.env.DB);
    const rows = await listInvoices(db, owner, { state, month }, withLookahead(request));
    return c.json(pageReply(rows, request, LIST, owner.merchantId, showInvoice), 200);
  });

  app.openapi(get, async (c) => c.json(showInvoice(await found(c, c.req.valid("param").id)), 200));

  app.openapi(page, async (c) => {
    const row = await found(c, c.req.valid("param").id);
    await setPageHeaders(c);
    const body = <InvoicePage invoice={row} buyer={c.var.principal.merchant} />;
    return c.html(html`<!doctype html>${body}`, 200);
  });
}
