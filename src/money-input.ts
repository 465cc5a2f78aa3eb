/** Money that callers send, for validators. */
import * as z from "zod";

import { unlessMissing } from "./issue-messages.ts";
import { CURRENCIES } from "./money.ts";

export const CurrencyCode = z.enum(
  CURRENCIES,
  unlessMissing(`must be one of ${CURRENCIES.join(", ")}, in capitals`),
);

/** What is paid: nothing, or less, is no payment. */
export const MinorUnits = z
  .int(unlessMissing("must be an integer of minor units (699 is CNY 6.99)"))
  .positive("must be at least 1 minor unit");
