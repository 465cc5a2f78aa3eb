/** What invoices look like on the wire, for merchants and operators alike. */
import { z } from "@hono/zod-openapi";

import { Timestamp } from "../http.ts";
import { pageQuery } from "../pages.ts";
import { Month } from "../query.ts";
import { Money } from "./schemas.ts";

export const Invoice = z
  .object({
    id: z.string(),
    object: z.literal("invoice"),
    livemode: z.boolean(),
    merchant_id: z.string(),
    number: z.string().openapi({ example: "ITP-2026-10-000123" }),
    month: z.string().openapi({ example: "2026-10" }),
    total: Money,
    lines: z.array(z.object({ text: z.string(), quantity: z.int(), amount: Money })),
    state: z.enum(["open", "paid"]),
    due_at: Timestamp,
    paid_at: Timestamp.nullable(),
    payment_reference: z.string().nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi("Invoice");

export const invoiceQuery = {
  ...pageQuery,
  state: z.enum(["open", "paid"]).optional().openapi({ description: "Only those in this state." }),
  month: Month.optional().openapi({ description: "Only this month's." }),
};
