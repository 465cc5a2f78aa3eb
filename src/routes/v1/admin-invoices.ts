/** `/v1/admin/invoices`: the operator closes months and takes note of payments. */
import { createRoute, z } from "@hono/zod-openapi";

import { startClosing } from "../../settlement/closing.ts";
import { apiError, ApiError, invalidField } from "../../errors.ts";
import { isId } from "../../ids.ts";
import { PlainText } from "../../plain-text.ts";
import { closeMonth, noteInvoicePayment } from "../../settlement/invoicing.ts";
import { showInvoice } from "../../settlement/invoice-view.ts";
import { nextMonth, startOfMonth } from "../../settlement/months.ts";
import { database } from "../../store/db.ts";
import { findInvoice, type InvoiceRow, listAllInvoices } from "../../store/invoices.ts";
import { findMerchant } from "../../store/merchants.ts";
import { adminAuth } from "../admin-auth.ts";
import { auditEntry } from "../audit.ts";
import {
  type App,
  type AppContext,
  errors,
  idParam,
  jsonBody,
  jsonReply,
  listOf,
} from "../http.ts";
import { idempotent } from "../idempotent.ts";
import { pageReply, readPage, withLookahead } from "../pages.ts";
import { Month } from "../query.ts";
import { Invoice, invoiceQuery } from "./invoice-schemas.ts";

const tags = ["Invoices"];
const LIST = "invoices";
const operator = adminAuth();
const once = { ...operator, middleware: [...operator.middleware, idempotent] };

const MerchantId = z.string().refine((id) => isId("merchant", id), "must be the id of a merchant");

const Closing = z
  .object({
    object: z.literal("invoice_closing"),
    month: z.string(),
    merchant_id: z.string().nullable(),
    state: z.enum(["queued", "completed"]),
    invoices: z.array(Invoice),
  })
  .openapi("InvoiceClosing");

const close = createRoute({
  ...once,
  method: "post",
  path: "/v1/admin/invoices",
  operationId: "closeInvoices",
  summary: "Close a month",
  description:
    "For one merchant at once, in both modes; for everybody in the queue, some merchants at a time. " +
    "It happens by itself on the first of the next month. What is closed stays closed: what is " +
    "written down later is on the next invoice.",
  tags,
  request: {
    body: jsonBody(
      z.strictObject({ month: Month, merchant_id: MerchantId.optional() }).openapi("CloseInvoices"),
    ),
  },
  responses: {
    202: jsonReply(Closing, "Closed, or on its way."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 422),
  },
});

const pay = createRoute({
  ...once,
  method: "post",
  path: "/v1/admin/invoices/{id}/pay",
  operationId: "payInvoice",
  summary: "Note that an invoice was paid",
  description: "Books the money and tells the merchant. The same payment again changes nothing.",
  tags,
  request: {
    params: z.object({ id: idParam("id", "in_01k5x0e8m3v7q2r9t4w6y8z0ab") }),
    body: jsonBody(
      z
        .strictObject({
          paid_at: z.iso.datetime({ offset: true }),
          payment_reference: PlainText(100),
        })
        .openapi("PayInvoice"),
    ),
  },
  responses: {
    200: jsonReply(Invoice, "The invoice, paid."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 422),
  },
});

const list = createRoute({
  ...operator,
  method: "get",
  path: "/v1/admin/invoices",
  operationId: "listAllInvoices",
  summary: "List everybody's invoices",
  description: "Newest first, in both modes.",
  tags,
  request: {
    query: z.strictObject({
      ...invoiceQuery,
      merchant_id: MerchantId.optional().openapi({ description: "Only this merchant's." }),
    }),
  },
  responses: { 200: jsonReply(listOf(Invoice), "A page."), ...errors(400, 401, 403) },
});

const recorderOf = (c: AppContext) => ({
  db: database(c.env.DB),
  deliveries: c.env.DELIVERIES,
});

/** Both modes, one after the other. */
async function closeFor(c: AppContext, merchantId: string, month: string): Promise<InvoiceRow[]> {
  const recorder = recorderOf(c);
  if ((await findMerchant(recorder.db, merchantId)) === null) {
    throw apiError("NOT_FOUND", "No such merchant.");
  }
  const live = await closeMonth(recorder, { merchantId, livemode: true }, month, c.var.now);
  const test = await closeMonth(recorder, { merchantId, livemode: false }, month, c.var.now);
  return [...live, ...test];
}

/** As it was read, paid by the same payment, or refused. @throws ApiError INVALID_STATE */
function checkPayment(row: InvoiceRow, paidAt: number, reference: string): void {
  if (row.state === "open") return;
  if (row.paid_at === paidAt && row.payment_reference === reference) return;
  throw apiError("INVALID_STATE", "The invoice was paid already, by another payment.", {
    paid_by: row.payment_reference,
  });
}

export function registerAdminInvoices(app: App): void {
  app.openapi(close, async (c) => {
    const { month, merchant_id } = c.req.valid("json");
    if (startOfMonth(nextMonth(month)) > c.var.now) {
      throw apiError("INVALID_STATE", `${month} has not ended; its fees are not all there.`);
    }
    const answer = { object: "invoice_closing" as const, month };
    if (merchant_id === undefined) {
      await startClosing(c.env.WORK, month);
      return c.json({ ...answer, merchant_id: null, state: "queued" as const, invoices: [] }, 202);
    }
    const invoices = (await closeFor(c, merchant_id, month)).map(showInvoice);
    return c.json({ ...answer, merchant_id, state: "completed" as const, invoices }, 202);
  });

  app.openapi(pay, async (c) => {
    const { id } = c.req.valid("param");
    const { paid_at, payment_reference: reference } = c.req.valid("json");
    const paidAt = Date.parse(paid_at);
    const { now, requestId } = c.var;
    if (paidAt > now) throw new ApiError(invalidField("paid_at", "must not be in the future"));
    const recorder = recorderOf(c);
    const row = await findInvoice(recorder.db, null, id);
    if (row === null) throw apiError("NOT_FOUND", "No such invoice.");
    checkPayment(row, paidAt, reference);
    if (row.state === "paid") return c.json(showInvoice(row), 200);
    const also = (paid: InvoiceRow) =>
      auditEntry(c, {
        merchantId: row.merchant_id,
        livemode: row.livemode,
        action: "invoice.paid",
        target: id,
        before: showInvoice(row),
        after: showInvoice(paid),
      });
    const payment = { paidAt, reference };
    const paid = await noteInvoicePayment(recorder, row, payment, also, { now, requestId });
    checkPayment(paid, paidAt, reference);
    return c.json(showInvoice(paid), 200);
  });

  app.openapi(list, async (c) => {
    const { state, month, merchant_id, ...query } = c.req.valid("query");
    const page = readPage(query, LIST, "admin");
    const db = database(c.env.DB);
    const rows = await listAllInvoices(db, merchant_id, { state, month }, withLookahead(page));
    return c.json(pageReply(rows, page, LIST, "admin", showInvoice), 200);
  });
}
