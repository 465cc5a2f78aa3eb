/** Members that accounts of several schemes have. */
import * as z from "zod";

import type { BankSettings } from "./profile.ts";

export const merchantName = z
  .string()
  .min(1)
  .max(64)
  .optional()
  .describe("Shown by the payer's app; the merchant's own name unless given. 25 characters fit.");

export const city = z
  .string()
  .min(1)
  .max(64)
  .optional()
  .describe("Shown by the payer's app. 15 characters fit.");

export const categoryCode = z
  .string()
  .regex(/^\d{4}$/, "must be the four digits of a merchant category")
  .optional()
  .describe("Merchant category code, ISO 18245.");

/** The text of a member of somebody's credentials; null when it is none. */
export const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** The merchant's number at a bank that makes the codes. */
export const merchantAt = ({ merchant_id }: BankSettings): string | null => merchant_id ?? null;
