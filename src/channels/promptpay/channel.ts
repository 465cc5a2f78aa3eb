/**
 * PromptPay (Thailand): Thai QR with a biller ID (tag 30), whose first reference comes back with the
 * money. Codes for a proxy (tag 29: a mobile number, a tax ID) carry no reference, so they are only
 * taken where the bank makes the code and knows the payment by its own number.
 */
import * as z from "zod";

import { bankQrChannel } from "../bank/channel.ts";
import { merchantAt, merchantName, textOf } from "../bank/form.ts";
import { bankInfo, TWO_DECIMALS } from "../bank/info.ts";
import { bankSchema, GENERIC_IDS } from "../bank/profiles.ts";
import { payeeDigits, scbSettings } from "../bank/sandbox/accounts.ts";
import type { BankCredentials } from "../bank/scheme.ts";
import { buildPromptPayBill } from "../emvco/schemes/promptpay-build.ts";

const PROFILES = ["scb", "kbank", "omise", "2c2p", ...GENERIC_IDS];

interface PromptPayCredentials extends BankCredentials {
  readonly biller_id?: string;
  readonly proxy?: { readonly type: string; readonly value: string };
  readonly reference2?: string;
  readonly merchant_name?: string;
}

const credentials = z.strictObject({
  biller_id: z
    .string()
    .regex(/^\d{15}$/, "must be 15 digits: the tax ID and the suffix that the bank gave")
    .optional()
    .describe("The biller ID that the bank issued for Thai QR payments."),
  proxy: z
    .strictObject({
      type: z.enum(["mobile", "national_id", "ewallet", "bank_account"]),
      value: z.string().min(1).max(43),
    })
    .optional()
    .describe(
      "Only with a bank that makes the codes: transfers to a proxy bring no reference back.",
    ),
  reference2: z
    .string()
    .regex(/^[0-9A-Z]{1,20}$/, "must be 1 to 20 capital letters and digits")
    .optional()
    .describe("The second reference, where the biller ID was registered with two."),
  merchant_name: merchantName,
  bank: bankSchema(PROFILES),
});

const UNMATCHED =
  "cannot be used with this bank profile: its codes carry no reference, so payments could not be matched; give biller_id";

export const promptpay = bankQrChannel<PromptPayCredentials>(
  {
    info: bankInfo({
      slug: "promptpay",
      name: "PromptPay",
      region: "TH",
      currencies: ["THB"],
      qrStandard: "Thai QR / PromptPay (EMVCo)",
      limits: TWO_DECIMALS,
      feeRangeBasisPoints: [0, 100],
    }),
    credentials,
    profiles: PROFILES,
    referenceLength: 20,
    examine({ biller_id, proxy, bank }, bankMakesCode) {
      if (biller_id !== undefined && proxy !== undefined) {
        return [{ path: "proxy", message: "give either biller_id or proxy" }];
      }
      const named = bankMakesCode && bank.merchant_id !== undefined;
      if (named || biller_id !== undefined) return [];
      return proxy === undefined
        ? [{ path: "biller_id", message: "is required" }]
        : [{ path: "proxy", message: UNMATCHED }];
    },
    payee: ({ biller_id, bank }) => biller_id ?? merchantAt(bank),
    code: ({ biller_id = "", reference2, merchant_name, bank }, order) =>
      buildPromptPayBill({
        billerId: biller_id,
        ref1: order.reference,
        ref2: reference2 ?? null,
        // SCB finds the application to tell by it.
        ref3: bank.profile === "scb" ? (bank.terminal_id ?? null) : null,
        amount: order.amount,
        merchantName: merchant_name,
      }),
    values: ({ reference2 }) => ({ second_reference: reference2 }),
  },
  {
    currency: "THB",
    currencyNumber: "764",
    decimals: 2,
    written: 2,
    // The second of each: codes that KBank makes.
    payeeAt: ["30.01", "30.02"],
    referenceAt: ["30.02", "30.03"],
    account: (keys, accountId) => {
      const biller_id = payeeDigits("promptpay", accountId, 15);
      return { biller_id, bank: scbSettings(keys, biller_id) };
    },
    builtIn: scbSettings,
    payeeOf: ({ biller_id, bank }) =>
      textOf(biller_id) ?? textOf((bank as { readonly merchant_id?: unknown }).merchant_id),
  },
);
