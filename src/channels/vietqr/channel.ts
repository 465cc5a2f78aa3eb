/**
 * VietQR (Vietnam): a transfer by NAPAS to a bank account. The reference stands in the message that
 * payer and payee see (62.08), which is what banks report. Dong have no decimals.
 */
import * as z from "zod";

import { bankQrChannel } from "../bank/channel.ts";
import { merchantName, textOf } from "../bank/form.ts";
import { bankInfo } from "../bank/info.ts";
import { bankSchema, GENERIC_IDS } from "../bank/profiles.ts";
import { hmacSettings, payeeDigits } from "../bank/sandbox/accounts.ts";
import type { BankCredentials } from "../bank/scheme.ts";
import { buildVietQr } from "../emvco/schemes/vietqr.ts";

interface VietQrCredentials extends BankCredentials {
  readonly bin: string;
  readonly account: string;
  readonly merchant_name?: string;
}

const credentials = z.strictObject({
  bin: z
    .string()
    .regex(/^\d{6}$/, "must be the bank's six digits")
    .describe("The receiving bank's BIN, for instance 970416."),
  account: z
    .string()
    .regex(/^[0-9A-Za-z]{1,19}$/, "must be 1 to 19 letters and digits")
    .describe("The account's number."),
  merchant_name: merchantName,
  bank: bankSchema(GENERIC_IDS),
});

export const vietqr = bankQrChannel<VietQrCredentials>(
  {
    info: bankInfo({
      slug: "vietqr",
      name: "VietQR",
      region: "VN",
      currencies: ["VND"],
      qrStandard: "VietQR (NAPAS, EMVCo)",
      limits: { min: 1, max: 9_999_999_999_999 },
      feeRangeBasisPoints: [30, 100],
    }),
    credentials,
    profiles: GENERIC_IDS,
    referenceLength: 25,
    examine: () => [],
    payee: () => null,
    code: ({ bin, account, merchant_name }, order) =>
      buildVietQr({
        bin,
        account,
        service: "account",
        amount: order.amount,
        message: order.reference,
        merchantName: merchant_name,
      }),
  },
  {
    currency: "VND",
    currencyNumber: "704",
    decimals: 0,
    written: 0,
    payeeAt: ["38.01.01"],
    referenceAt: ["62.08"],
    account: (keys, accountId) => ({
      bin: "970416",
      account: payeeDigits("vietqr", accountId, 12),
      bank: hmacSettings(keys),
    }),
    builtIn: hmacSettings,
    payeeOf: ({ account }) => textOf(account),
  },
);
