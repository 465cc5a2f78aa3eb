/**
 * QRIS (Indonesia): codes of a registered merchant, made here of what the acquirer issued or by
 * Xendit. Amounts are whole rupiah.
 */
import * as z from "zod";

import { bankQrChannel } from "../bank/channel.ts";
import { city, merchantName } from "../bank/form.ts";
import { bankInfo } from "../bank/info.ts";
import { bankSchema, GENERIC_IDS } from "../bank/profiles.ts";
import { hmacSettings, payeeDigits } from "../bank/sandbox/accounts.ts";
import type { BankCredentials } from "../bank/scheme.ts";
import { buildQris, type QrisCriterion } from "../emvco/schemes/qris.ts";

const PROFILES = ["xendit", ...GENERIC_IDS];

interface QrisCredentials extends BankCredentials {
  readonly acquirer: {
    readonly domain: string;
    readonly pan: string;
    readonly merchant_id: string;
  };
  readonly national_merchant_id: string;
  readonly criterion: QrisCriterion;
  readonly merchant_name?: string;
  readonly city?: string;
}

const credentials = z.strictObject({
  acquirer: z
    .strictObject({
      domain: z
        .string()
        .regex(/^(?:ID|COM)\.[A-Z0-9.-]{1,24}\.WWW$/, "must be as ID.CO.BANK.WWW")
        .describe("The acquirer's domain, written backwards."),
      pan: z
        .string()
        .regex(/^\d{16,19}$/, "must be 16 to 19 digits")
        .describe("Merchant PAN."),
      merchant_id: z.string().regex(/^[\x21-\x7e]{1,15}$/, "must be 1 to 15 characters"),
    })
    .describe("As the acquirer issued them: object 26 of the merchant's printed code."),
  national_merchant_id: z
    .string()
    .regex(/^ID\d{13}$/, "must be ID and 13 digits")
    .describe("NMID."),
  criterion: z.enum(["UMI", "UKE", "UME", "UBE"]).describe("The merchant's size."),
  merchant_name: merchantName,
  city,
  bank: bankSchema(PROFILES),
});

export const qris = bankQrChannel<QrisCredentials>(
  {
    info: bankInfo({
      slug: "qris",
      name: "QRIS",
      region: "ID",
      currencies: ["IDR"],
      qrStandard: "QRIS (EMVCo)",
      // Sen in steps of a hundred: whole rupiah of 13 digits.
      limits: { min: 100, max: 999_999_999_999_900 },
      feeRangeBasisPoints: [0, 70],
    }),
    credentials,
    profiles: PROFILES,
    referenceLength: 25,
    examine: () => [],
    payee: () => null,
    code: ({ acquirer, national_merchant_id, criterion, merchant_name, city: town }, order) =>
      buildQris({
        acquirer: {
          domain: acquirer.domain,
          pan: acquirer.pan,
          merchantId: acquirer.merchant_id,
        },
        nationalMerchantId: national_merchant_id,
        criterion,
        amount: order.amount,
        reference: order.reference,
        merchantName: merchant_name ?? order.merchantName,
        city: town,
      }),
  },
  {
    currency: "IDR",
    currencyNumber: "360",
    decimals: 2,
    written: 0,
    payeeAt: ["51.02"],
    referenceAt: ["62.05"],
    account: (keys, accountId) => ({
      acquirer: {
        domain: "ID.CO.SANDBOX.WWW",
        pan: `9360000${payeeDigits("qris-pan", accountId, 12)}`,
        merchant_id: payeeDigits("qris-mid", accountId, 15),
      },
      national_merchant_id: `ID${payeeDigits("qris", accountId, 13)}`,
      criterion: "UMI",
      bank: hmacSettings(keys),
    }),
    builtIn: hmacSettings,
    payeeOf: ({ national_merchant_id: id }) => (typeof id === "string" ? id : null),
  },
);
