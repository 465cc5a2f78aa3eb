/** Shapes that several resources share, as they stand on the wire (API.md sections 1 and 2). */
import { z } from "@hono/zod-openapi";

import { METHODS } from "../../channels/adapter.ts";
import { CHANNEL_SLUGS } from "../../channels/registry.ts";
import { ERROR_CODES } from "../../errors.ts";
import { unlessMissing } from "../../issue-messages.ts";
import { CurrencyCode, MinorUnits } from "../../money-input.ts";
import { STATUSES } from "../../payments/states.ts";
import { PlainText, ShortText } from "../../plain-text.ts";
import { FAULT_SCRIPTS } from "../../sandbox/simulator.ts";
import { FEE_KINDS } from "../../settlement/pricing.ts";
import { Timestamp } from "../http.ts";

/** What is shown: no limits, only the shape. */
export const Money = z
  .object({
    currency: z.string().openapi({ example: "CNY" }),
    value: z.int().openapi({ example: 699, description: "Minor units: 699 is CNY 6.99." }),
  })
  .openapi("Money");

/** What is asked for: positive, and a currency that exists. */
export const Amount = z
  .strictObject({
    currency: CurrencyCode.openapi({ example: "CNY" }),
    value: MinorUnits.openapi({ example: 699, description: "Minor units: 699 is CNY 6.99." }),
  })
  .openapi("Amount");

/** The body of an action that takes no fields: none, or an empty object. */
export const noFields = { content: { "application/json": { schema: z.strictObject({}) } } };

const METADATA_BYTES = 4_096;

export const Metadata = z
  .record(ShortText(64).min(1), ShortText(2_048))
  .refine(
    (metadata) => new TextEncoder().encode(JSON.stringify(metadata)).length <= METADATA_BYTES,
    "must have at most 4 KiB as JSON",
  )
  .openapi({
    example: { cart: "1001" },
    description: `Yours to use; strings only. Test payments: \`sandbox\` names a fault script (${FAULT_SCRIPTS.join(", ")}).`,
  });

export const Payer = z
  .strictObject({
    agent_id: PlainText(128),
    human_id: PlainText(128),
    openid: PlainText(128),
    sp_openid: PlainText(128),
    sub_openid: PlainText(128),
    auth_code: z
      .string()
      .regex(
        /^[0-9A-Za-z]{10,64}$/,
        "must be the payment code as it was scanned, 10 to 64 digits or letters",
      ),
    client_ip: z.union(
      [z.ipv4(), z.ipv6()],
      unlessMissing("must be an IP address like 203.0.113.7 or 2001:db8::1"),
    ),
  })
  .partial()
  .openapi("Payer");

/** Only https leads a buyer back, except on the merchant's own machine. */
const ReturnUrl = z
  .url()
  .max(1_024)
  .refine((text) => {
    const url = URL.parse(text);
    return (
      url?.protocol === "https:" || (url?.protocol === "http:" && url.hostname === "localhost")
    );
  }, "must begin with https://");

export const CreatePaymentIntent = z
  .strictObject({
    amount: Amount.optional().openapi({
      description: "Required, unless `service_id` has a fixed price.",
    }),
    channel: z
      .enum(CHANNEL_SLUGS)
      .optional()
      .openapi({ description: "This, or `channels`, or those of `service_id`." }),
    channels: z
      .array(z.enum(CHANNEL_SLUGS))
      .min(2, "must name at least two; for one there is channel")
      .max(10)
      .refine((slugs) => new Set(slugs).size === slugs.length, "must name each channel once")
      .optional()
      .openapi({ description: "The buyer chooses one of them on the checkout page." }),
    method: z
      .enum(METHODS)
      .optional()
      .openapi({ description: "Default `qr`. With several channels the buyer's device decides." }),
    description: PlainText(256).optional(),
    merchant_order_id: z
      .string()
      .regex(/^[\x21-\x7e]{1,64}$/, "must be 1 to 64 printable ASCII characters without spaces")
      .optional()
      .openapi({ description: "Your order number: unique per merchant and mode." }),
    service_id: ShortText(64)
      .optional()
      .openapi({ description: "Takes price and channels from this service of yours." }),
    price_id: ShortText(40)
      .optional()
      .openapi({ description: "Which price of the service, where it has several." }),
    channel_account: z
      .string()
      .optional()
      .openapi({ description: "Default: the merchant's account for the channel." }),
    payer: Payer.optional(),
    os_type: z.enum(["ios", "android"]).optional(),
    return_url: ReturnUrl.optional(),
    expires_in: z
      .int(unlessMissing("must be whole seconds"))
      .min(60, "must be at least 60 seconds")
      .max(7_200, "must be at most 7200 seconds")
      .optional()
      .openapi({ description: "Seconds. Default 900; 60 for the method barcode." }),
    settlement_currency: CurrencyCode.optional(),
    payment_method_type: z
      .string()
      .regex(/^[A-Z][A-Z0-9_]{1,31}$/, "must be a wallet's name in capitals, like GCASH")
      .optional()
      .openapi({
        example: "GCASH",
        description: "The wallet behind a channel with several. Default: the account's.",
      }),
    profit_sharing: z
      .boolean()
      .default(false)
      .openapi({ description: "Hold the money at the channel, to split it among receivers." }),
    metadata: Metadata.default({}),
  })
  .openapi("CreatePaymentIntent");

export type CreateBody = z.infer<typeof CreatePaymentIntent>;

const Qr = z
  .object({
    charge_id: z.string(),
    type: z.enum(["emvco_tlv", "wechat_url", "alipay_url", "url", "opaque"]),
    data: z.string().openapi({ example: "weixin://wxpay/bizpayurl?pr=Xy0Zb1" }),
    image_url: z.url(),
    scan_url: z.string(),
    expires_at: Timestamp,
  })
  .openapi("Qr");

const NextAction = z.discriminatedUnion("type", [
  z.object({ type: z.literal("show_qr"), qr: z.union([Qr, z.null()]) }),
  z.object({ type: z.literal("redirect"), url: z.string(), scheme_url: z.string().optional() }),
  z.object({
    type: z.literal("invoke_sdk"),
    sdk: z.string(),
    params: z.record(z.string(), z.string()),
  }),
  z.object({ type: z.literal("wait") }),
]);

const Settlement = z
  .object({
    currency: z.string().openapi({ example: "USD", description: "ISO 4217." }),
    value: z.int().openapi({
      example: 97,
      description: "The amount, converted and rounded half up, in minor units.",
    }),
    rate: z.string().openapi({
      example: "0.1384",
      description: "What one unit of the payment's currency is worth in it. Locked: it stays.",
    }),
    source: z.string().openapi({ example: "ECB", description: "Who says so." }),
    as_of: Timestamp.openapi({ description: "Since when the rate was true." }),
    age_seconds: z.int().openapi({ description: "How old the rate was when it was locked." }),
    locked_at: Timestamp.openapi({ description: "When it was locked: with the payment." }),
  })
  .openapi("PaymentSettlement");

export const PaymentIntent = z
  .object({
    id: z.string().openapi({ example: "pi_01k5x0e8m3v7q2r9t4w6y8z0ab" }),
    object: z.literal("payment_intent"),
    livemode: z.boolean(),
    type: z.literal("one_time"),
    status: z.enum(STATUSES),
    amount: Money,
    amount_refunded: Money,
    settlement: z.union([Settlement, z.null()]).openapi({
      description:
        "What it is worth in the currency that you are settled in, at the rate of its creation. " +
        "Null: that is the same currency, or no rate of the last 24 hours was known.",
    }),
    fee: z
      .object({
        currency: z.string(),
        value: z.int(),
        refunded: z.int(),
        kind: z.enum(FEE_KINDS),
        basis_points: z.int(),
        fixed: z.int(),
      })
      .nullable(),
    description: z.string().nullable(),
    merchant_order_id: z.string().nullable(),
    service_id: z.string().nullable(),
    channel: z.string().nullable().openapi({ example: "wechat" }),
    channels: z.array(z.string()).nullable(),
    method: z.enum(METHODS).nullable(),
    channel_account: z.string().nullable(),
    channel_transaction_id: z.string().nullable(),
    payer: z.union([Payer, z.null()]),
    payee: z.object({ merchant_id: z.string(), merchant_account: z.string().nullable() }),
    qr: z.union([Qr, z.null()]),
    next_action: NextAction.nullable(),
    checkout_url: z.url(),
    last_error: z
      .object({
        code: z.enum(ERROR_CODES),
        message: z.string(),
        details: z.record(z.string(), z.unknown()),
      })
      .nullable(),
    metadata: z.record(z.string(), z.string()),
    sequence: z.int(),
    created_at: Timestamp,
    updated_at: Timestamp,
    expires_at: Timestamp,
    succeeded_at: Timestamp.nullable(),
    late: z.literal(true).optional().openapi({ description: "Paid after it had ended unpaid." }),
  })
  .openapi("PaymentIntent");
