/**
 * FPS (Hong Kong): a code that credits an account by its FPS identifier, a mobile number or an e-mail
 * address. The reference label comes back with the money at banks that pass it on; the profile has
 * to be of such a bank.
 */
import * as z from "zod";

import { bankQrChannel } from "../bank/channel.ts";
import { merchantName, textOf } from "../bank/form.ts";
import { bankInfo, TWO_DECIMALS } from "../bank/info.ts";
import { bankSchema, GENERIC_IDS } from "../bank/profiles.ts";
import { hmacSettings, payeeDigits } from "../bank/sandbox/accounts.ts";
import type { BankCredentials } from "../bank/scheme.ts";
import { buildFps } from "../emvco/schemes/fps.ts";

interface FpsCredentials extends BankCredentials {
  readonly fps_id: string;
  readonly participant?: string;
  readonly merchant_name?: string;
}

const credentials = z.strictObject({
  fps_id: z
    .string()
    .regex(/^(?:\d{7}|\d{9})$/, "must be the 7 or 9 digits of the FPS identifier")
    .describe("The FPS identifier of the account."),
  participant: z
    .string()
    .regex(/^\d{3}$/, "must be the bank's three digits")
    .optional()
    .describe("Clearing code of the payee's bank, where payers' apps ask for it."),
  merchant_name: merchantName,
  bank: bankSchema(GENERIC_IDS),
});

export const fps = bankQrChannel<FpsCredentials>(
  {
    info: bankInfo({
      slug: "fps",
      name: "FPS",
      region: "HK",
      currencies: ["HKD"],
      qrStandard: "FPS / HKQR (EMVCo)",
      limits: TWO_DECIMALS,
      feeRangeBasisPoints: [0, 25],
    }),
    credentials,
    profiles: GENERIC_IDS,
    referenceLength: 25,
    examine: () => [],
    payee: () => null,
    code: ({ fps_id, participant, merchant_name }, order) =>
      buildFps({
        payee: { type: "fps_id", value: fps_id },
        participant: participant ?? null,
        amount: order.amount,
        editable: false,
        reference: order.reference,
        merchantName: merchant_name ?? order.merchantName,
      }),
  },
  {
    currency: "HKD",
    currencyNumber: "344",
    decimals: 2,
    written: 2,
    payeeAt: ["26.02"],
    referenceAt: ["62.05"],
    account: (keys, accountId) => ({
      fps_id: payeeDigits("fps", accountId, 9),
      bank: hmacSettings(keys),
    }),
    builtIn: hmacSettings,
    payeeOf: ({ fps_id }) => textOf(fps_id),
  },
);
