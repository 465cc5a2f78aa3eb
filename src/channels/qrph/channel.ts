/** QR Ph (Philippines): codes of a registered merchant over InstaPay. */
import * as z from "zod";

import { bankQrChannel } from "../bank/channel.ts";
import { categoryCode, city, merchantName, textOf } from "../bank/form.ts";
import { bankInfo, TWO_DECIMALS } from "../bank/info.ts";
import { bankSchema, GENERIC_IDS } from "../bank/profiles.ts";
import { hmacSettings, payeeDigits } from "../bank/sandbox/accounts.ts";
import type { BankCredentials } from "../bank/scheme.ts";
import { buildQrPh } from "../emvco/schemes/qrph.ts";

interface QrPhCredentials extends BankCredentials {
  readonly acquirer: string;
  readonly merchant_id: string;
  readonly account?: string;
  readonly merchant_category?: string;
  readonly merchant_name?: string;
  readonly city?: string;
}

const credentials = z.strictObject({
  acquirer: z
    .string()
    .regex(/^[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?$/, "must be a BIC of 8 or 11 characters")
    .describe("BIC of the bank or wallet that issued the merchant's number."),
  merchant_id: z
    .string()
    .regex(/^[\x21-\x7e]{1,25}$/, "must be 1 to 25 characters")
    .describe("The merchant's number at the acquirer."),
  account: z
    .string()
    .regex(/^[0-9A-Za-z]{1,34}$/, "must be letters and digits")
    .optional()
    .describe("The account to credit, where the acquirer wants it in the code."),
  merchant_category: categoryCode,
  merchant_name: merchantName,
  city,
  bank: bankSchema(GENERIC_IDS),
});

export const qrph = bankQrChannel<QrPhCredentials>(
  {
    info: bankInfo({
      slug: "qrph",
      name: "QR Ph",
      region: "PH",
      currencies: ["PHP"],
      qrStandard: "QR Ph (EMVCo)",
      limits: TWO_DECIMALS,
      feeRangeBasisPoints: [30, 80],
    }),
    credentials,
    profiles: GENERIC_IDS,
    referenceLength: 25,
    examine: () => [],
    payee: ({ merchant_id }) => merchant_id,
    code: (account, order) =>
      buildQrPh({
        kind: "merchant",
        acquirer: account.acquirer,
        merchantId: account.merchant_id,
        account: account.account ?? null,
        mcc: account.merchant_category,
        amount: order.amount,
        reference: order.reference,
        merchantName: account.merchant_name ?? order.merchantName,
        city: account.city,
      }),
  },
  {
    currency: "PHP",
    currencyNumber: "608",
    decimals: 2,
    written: 2,
    payeeAt: ["28.03"],
    referenceAt: ["62.05"],
    account: (keys, accountId) => ({
      acquirer: "SBXBPHMMXXX",
      merchant_id: payeeDigits("qrph", accountId, 15),
      bank: hmacSettings(keys),
    }),
    builtIn: hmacSettings,
    payeeOf: ({ merchant_id }) => textOf(merchant_id),
  },
);
