/** An invoice as the API and events show it. */
import { iso, isoOrNull } from "../clock.ts";
import type { InvoiceRow } from "../store/invoices.ts";

export const showInvoice = (row: Omit<InvoiceRow, "serial">) => ({
  id: row.id,
  object: "invoice" as const,
  livemode: row.livemode,
  merchant_id: row.merchant_id,
  number: row.number,
  month: row.month,
  total: { currency: row.currency, value: row.total },
  lines: row.lines.map(({ text, quantity, value }) => ({
    text,
    quantity,
    amount: { currency: row.currency, value },
  })),
  state: row.state,
  due_at: iso(row.due_at),
  paid_at: isoOrNull(row.paid_at),
  payment_reference: row.payment_reference,
  created_at: iso(row.created_at),
  updated_at: iso(row.updated_at),
});
