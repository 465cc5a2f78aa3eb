/** How merchants look on the wire. */
import { z } from "@hono/zod-openapi";

import { iso } from "../../clock.ts";
import { CurrencyCode } from "../../money-input.ts";
import { PlainText } from "../../plain-text.ts";
import type { Merchant } from "../../store/merchants.ts";
import { Timestamp } from "../http.ts";

export const MerchantView = z
  .object({
    id: z.string(),
    object: z.literal("merchant"),
    name: z.string(),
    email: z.string().nullable(),
    settlement_currency: z.string().nullable(),
    status: z.enum(["active", "unverified", "suspended"]).openapi({
      description:
        "`unverified`: registered by itself, only its test keys work. `suspended`: no key works.",
    }),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi("Merchant");

/** The answer to who made a merchant. */
export const MerchantWithKeys = MerchantView.extend({
  keys: z.object({ test: z.string(), live: z.string() }),
});

const fields = {
  name: PlainText(100),
  email: z.email().max(254),
  settlement_currency: CurrencyCode,
};

export const CreateMerchant = z
  .strictObject({
    name: fields.name,
    email: fields.email.optional(),
    settlement_currency: fields.settlement_currency.optional(),
  })
  .openapi("CreateMerchant");

/** Somebody has to be reached when an operator looks at it. */
export const RegisterMerchant = z
  .strictObject({
    name: fields.name,
    email: fields.email,
    settlement_currency: fields.settlement_currency.optional(),
  })
  .openapi("RegisterMerchant");

export const PatchMerchant = z
  .strictObject({
    ...fields,
    email: fields.email.nullable(),
    settlement_currency: fields.settlement_currency.nullable(),
    status: z.enum(["active", "suspended"]).openapi({
      description: "`active` also verifies a merchant that registered by itself.",
    }),
  })
  .partial();

export const showMerchant = (row: Merchant): z.infer<typeof MerchantView> => ({
  id: row.id,
  object: "merchant",
  name: row.name,
  email: row.email,
  settlement_currency: row.settlement_currency,
  status: row.status,
  created_at: iso(row.created_at),
  updated_at: iso(row.updated_at),
});
