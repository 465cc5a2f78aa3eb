/**
 * PayNow (Singapore): a code that credits a company by its UEN. The bill number in it comes back
 * with the money. Codes for a mobile number carry none, so payments could not be told apart.
 */
import * as z from "zod";

import { GENERIC_IDS, bankSchema } from "../bank/profiles.ts";
import { bankQrChannel } from "../bank/channel.ts";
import { bankInfo, TWO_DECIMALS } from "../bank/info.ts";
import { hmacSettings, payeeDigits } from "../bank/sandbox/accounts.ts";
import type { BankCredentials } from "../bank/scheme.ts";
import { buildPayNow, payNowExpiry } from "../emvco/schemes/paynow.ts";
import { merchantName } from "../bank/form.ts";

const PROFILES = ["omise", "hitpay_v1", "hitpay_v2", "2c2p", ...GENERIC_IDS];

interface PayNowCredentials extends BankCredentials {
  readonly uen?: string;
  readonly mobile?: string;
  readonly merchant_name?: string;
}

const credentials = z.strictObject({
  uen: z
    .string()
    .regex(
      /^(?:\d{8,9}[A-Z]|[TSR]\d{2}[A-Z]{2}\d{4}[A-Z])(?:[0-9A-Z]{3})?$/,
      "must be a UEN in capitals, with its suffix of three where the bank gave one",
    )
    .optional()
    .describe("The company's UEN as it is registered for PayNow."),
  mobile: z
    .string()
    .regex(/^\+65[3689]\d{7}$/, "must be a Singapore number, +6591234567")
    .optional()
    .describe("Not usable: a transfer to a mobile number brings no reference back."),
  merchant_name: merchantName,
  bank: bankSchema(PROFILES),
});

export const paynow = bankQrChannel<PayNowCredentials>(
  {
    info: bankInfo({
      slug: "paynow",
      name: "PayNow",
      region: "SG",
      currencies: ["SGD"],
      qrStandard: "PayNow / SGQR (EMVCo)",
      limits: TWO_DECIMALS,
      feeRangeBasisPoints: [0, 50],
    }),
    credentials,
    profiles: PROFILES,
    referenceLength: 25,
    examine({ uen, mobile }) {
      if (mobile !== undefined) {
        const message =
          "cannot be used: codes for a mobile number have no bill number, so payments could not be matched; give uen";
        return [{ path: "mobile", message }];
      }
      return uen === undefined ? [{ path: "uen", message: "is required" }] : [];
    },
    payee: () => null,
    code: ({ uen = "", merchant_name }, order) =>
      buildPayNow({
        proxy: { type: "uen", value: uen },
        amount: order.amount,
        editable: false,
        // Banks know days only, so the code outlives the payment by up to one.
        expiry: payNowExpiry(order.expiresAt),
        reference: order.reference,
        merchantName: merchant_name ?? order.merchantName,
      }),
  },
  {
    currency: "SGD",
    currencyNumber: "702",
    decimals: 2,
    written: 2,
    payeeAt: ["26.02"],
    referenceAt: ["62.01"],
    account: (keys, accountId) => ({
      uen: `2026${payeeDigits("paynow", accountId, 5)}K`,
      bank: hmacSettings(keys),
    }),
    builtIn: hmacSettings,
    payeeOf: ({ uen }) => (typeof uen === "string" ? uen : null),
  },
);
