/** What an account abroad consists of: as in the mainland, and the merchant's line of business. */
import * as z from "zod";

import { belongsTo, directFields, keyFields, partnerFields } from "../wechat/credentials.ts";
import { modeOf } from "../wechat/examine.ts";
import { partyOf } from "../wechat/party.ts";

const business = {
  merchant_category_code: z
    .string()
    .regex(/^\d{4}$/, "must be 4 digits, like 4111")
    .describe("MCC of the merchant; goes with every order."),
};

export const globalDirect = modeOf(
  z.strictObject(
    { ...directFields, ...business, ...keyFields },
    belongsTo("service_provider", partnerFields),
  ),
  partyOf,
);

export const globalPartner = modeOf(
  z.strictObject(
    { ...partnerFields, ...business, ...keyFields },
    belongsTo("direct", directFields),
  ),
  partyOf,
);
