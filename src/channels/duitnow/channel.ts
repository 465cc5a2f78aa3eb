/**
 * DuitNow QR (Malaysia). The merchant's number in a code is issued by an acquirer, so the code comes
 * from the acquirer: made by its API for each payment (AmBank), or as a static code that it has
 * printed, into which amount and reference are written. Codes made of nothing are for test accounts.
 */
import * as z from "zod";

import { failure, type Issue } from "../../errors.ts";
import type { Result } from "../../result.ts";
import { bankQrChannel } from "../bank/channel.ts";
import { categoryCode, city, merchantAt, merchantName, textOf } from "../bank/form.ts";
import { bankInfo, TWO_DECIMALS } from "../bank/info.ts";
import { bankSchema, GENERIC_IDS } from "../bank/profiles.ts";
import { hmacSettings, payeeDigits } from "../bank/sandbox/accounts.ts";
import { valueAt } from "../bank/sandbox/code.ts";
import type { BankCredentials, CodeDetails } from "../bank/scheme.ts";
import { duitNowCode } from "../emvco/duitnow-source.ts";
import type { EmvError } from "../emvco/issues.ts";

const MALAYSIAN = ["ambank", "curlec", "chip", "fiuu", "omise", "hitpay_v1", "hitpay_v2", "2c2p"];

const PROFILES = [...MALAYSIAN, ...GENERIC_IDS];

interface DuitNowCredentials extends BankCredentials {
  readonly source: "acquirer_api" | "template" | "compose";
  readonly template?: string;
  readonly acquirer_id?: string;
  readonly merchant_id?: string;
  readonly merchant_category?: string;
  readonly merchant_name?: string;
  readonly city?: string;
}

const credentials = z.strictObject({
  source: z
    .enum(["acquirer_api", "template", "compose"])
    .describe("Who makes the code: the acquirer's API, the acquirer's static code, or we (tests)."),
  template: z
    .string()
    .min(1)
    .max(512)
    .optional()
    .describe("Source template: the text of the static code that the acquirer issued."),
  acquirer_id: z
    .string()
    .regex(/^\d{6}$/, "must be six digits")
    .optional()
    .describe("Source compose: the acquirer's number."),
  merchant_id: z
    .string()
    .regex(/^[\x21-\x7e]{1,28}$/, "must be 1 to 28 characters")
    .optional()
    .describe("Source compose: the merchant's number at the acquirer."),
  merchant_category: categoryCode,
  merchant_name: merchantName,
  city,
  bank: bankSchema(PROFILES),
});

/** Members that each source needs, and that the others do not take. */
const NEEDS = {
  acquirer_api: [],
  template: ["template"],
  compose: ["acquirer_id", "merchant_id"],
} as const satisfies Record<DuitNowCredentials["source"], readonly (keyof DuitNowCredentials)[]>;

function examine(account: DuitNowCredentials, bankMakesCode: boolean): readonly Issue[] {
  const { source } = account;
  if (source === "acquirer_api" && !bankMakesCode) {
    return [
      { path: "bank.profile", message: "makes no codes; with source acquirer_api use ambank" },
    ];
  }
  if (source !== "acquirer_api" && bankMakesCode) {
    return [{ path: "source", message: "must be acquirer_api: this bank makes its codes itself" }];
  }
  return Object.entries(NEEDS).flatMap(([of, names]) =>
    names.flatMap((name): Issue[] => {
      const given = account[name] !== undefined;
      if (of === source) return given ? [] : [{ path: name, message: `is required with ${of}` }];
      return given ? [{ path: name, message: `belongs to the source ${of}; leave it out` }] : [];
    }),
  );
}

function code(account: DuitNowCredentials, order: CodeDetails): Result<string, EmvError> {
  const { amount, reference } = order;
  const { template } = account;
  if (template !== undefined) {
    return duitNowCode({ kind: "template", payload: template }, { amount, reference });
  }
  return duitNowCode(
    {
      kind: "compose",
      acquirerId: account.acquirer_id ?? "",
      merchantId: account.merchant_id ?? "",
      mcc: account.merchant_category,
      merchantName: account.merchant_name ?? order.merchantName,
      city: account.city,
    },
    { amount, reference },
  );
}

/** The merchant's number in a static code; null where there is none. */
const inTemplate = (template: unknown): string | null =>
  typeof template === "string" ? valueAt(template.trim(), "26.02") : null;

export const duitnow = bankQrChannel<DuitNowCredentials>(
  {
    info: bankInfo({
      slug: "duitnow",
      name: "DuitNow QR",
      region: "MY",
      currencies: ["MYR"],
      qrStandard: "DuitNow QR (EMVCo)",
      limits: TWO_DECIMALS,
      feeRangeBasisPoints: [0, 50],
    }),
    credentials,
    profiles: PROFILES,
    referenceLength: 25,
    examine,
    payee: ({ source, bank }) => (source === "acquirer_api" ? merchantAt(bank) : null),
    code,
    refuse: ({ source }, { livemode }) =>
      source === "compose" && livemode
        ? failure(
            "CHANNEL_NOT_CONFIGURED",
            "No bank pays a composed DuitNow code: use source acquirer_api or template.",
          )
        : null,
  },
  {
    currency: "MYR",
    currencyNumber: "458",
    decimals: 2,
    written: 2,
    payeeAt: ["26.02"],
    referenceAt: ["62.05"],
    account: (keys, accountId) => ({
      source: "compose",
      acquirer_id: "890000",
      merchant_id: payeeDigits("duitnow", accountId, 15),
      bank: hmacSettings(keys),
    }),
    builtIn: hmacSettings,
    payeeOf: ({ source, merchant_id, template, bank }) => {
      if (source === "template") return inTemplate(template);
      if (source === "compose") return textOf(merchant_id);
      return textOf((bank as { readonly merchant_id?: unknown }).merchant_id);
    },
  },
);
