/**
 * The ServiceManifest: what a merchant offers, to whom it can be said and what it costs. The members
 * follow the ItPay protocol; where that is silent (prices, limits of texts) the form is ours.
 *
 * Only one-time payments exist. A manifest may announce the other two methods, with their prices,
 * so that buyers know what is coming; nothing can be paid by them yet.
 *
 * Texts are kept as they were written, markup included: whoever shows them must escape them.
 */
import * as z from "zod";

import { CHANNEL_SLUGS } from "../channels/registry.ts";
import { unlessMissing } from "../issue-messages.ts";
import { CurrencyCode, MinorUnits } from "../money-input.ts";
import { Paragraphs, PlainText } from "../plain-text.ts";
import { checkManifest } from "./manifest-rules.ts";
import { isSemVer } from "./semver.ts";

const PRICES_LIMIT = 20;
const TAGS_LIMIT = 20;
/** As many as one payment can offer to its buyer. */
const CHANNELS_LIMIT = 10;

/** Whether it may be called is for `withCheckedUrls`: that depends on the deployment. */
const Url = z.string().trim().min(1).max(2_048);

const Price = z.strictObject({
  currency: CurrencyCode.describe("ISO 4217, in capitals."),
  value: MinorUnits.describe("Minor units: 699 is CNY 6.99."),
});

const PriceId = z
  .string()
  .max(40)
  .refine(
    (text) => /^[a-z0-9]+(?:[-_][a-z0-9]+)*$/.test(text),
    "must be lower-case letters and digits, with single - or _ between them",
  )
  .describe("Yours, unique in the list: payments name the price by it.");

const OneTimePriceSchema = z.strictObject({
  id: PriceId,
  label: PlainText(100).optional().describe("For buyers."),
  amount: Price.optional().describe("A fixed price. Give this, or `max`."),
  min: Price.optional().describe("With `max`: the least. Left out: 1 minor unit."),
  max: Price.optional().describe("The most; the buyer or agent names the amount up to it."),
});

const Cumulative = z.strictObject({
  unit: PlainText(40).describe("What is counted, like `token`, `request` or `second`."),
  per: z
    .int(unlessMissing("must be a whole number of units"))
    .min(1)
    .max(1_000_000_000)
    .default(1)
    .describe("How many units the amount is for."),
  amount: Price.describe("What so many units cost."),
});

const Plan = z.strictObject({
  id: PriceId,
  label: PlainText(100).optional().describe("For buyers."),
  amount: Price.describe("What each interval costs."),
  interval: z.enum(["day", "week", "month", "year"]).describe("What is paid for at a time."),
  interval_count: z
    .int(unlessMissing("must be a whole number of intervals"))
    .min(1)
    .max(365)
    .default(1)
    .describe("How many intervals are paid for at a time."),
});

const Provider = z.strictObject({
  agent_id: PlainText(128).optional().describe("The software agent behind it, where one is."),
  display_name: PlainText(100).describe("Who offers it."),
  avatar_url: Url.optional().describe("A picture. https."),
  kyc_level: z
    .enum(["none", "basic", "enhanced", "institutional"])
    .default("none")
    .describe("What the provider says of itself; the gateway has not verified it."),
});

const PaymentMethods = z.strictObject({
  one_time: z.boolean().describe("Paid once per use, now."),
  cumulative: z.boolean().default(false).describe("Announced only: counted, then invoiced."),
  subscription: z.boolean().default(false).describe("Announced only: paid at every interval."),
});

const Pricing = z.strictObject({
  one_time: z
    .array(OneTimePriceSchema)
    .max(PRICES_LIMIT)
    .default([])
    .describe("Fixed prices and ranges. With `payment_methods.one_time`, at least one."),
  cumulative: Cumulative.optional().describe("With `payment_methods.cumulative`."),
  subscription: z
    .array(Plan)
    .max(PRICES_LIMIT)
    .default([])
    .describe("Plans. With `payment_methods.subscription`, at least one."),
});

/** Each member by itself: answers show them beside those that the gateway adds. */
export const ManifestMembers = z.strictObject({
  name: PlainText(100).describe("What it is called."),
  description: Paragraphs(2_000).describe("What it does, for people and agents."),
  provider: Provider.describe("Who offers it, in the provider's own words."),
  payment_methods: PaymentMethods.describe("How it is paid; at least one of them."),
  pricing: Pricing.describe("What it costs."),
  accepted_channels: z
    .array(
      z.enum(CHANNEL_SLUGS, unlessMissing("is not a channel of this deployment: see /v1/channels")),
    )
    .min(1)
    .max(CHANNELS_LIMIT)
    .describe("Who takes the money, each once."),
  qr_mode: z
    .enum(
      ["dynamic"],
      unlessMissing("must be dynamic: every payment has a code of its own, static ones have none"),
    )
    .default("dynamic")
    .describe("Every payment has a code of its own."),
  settlement_currency: CurrencyCode.describe("The currency that you want to be settled in."),
  endpoint: Url.describe("Where the service is called. https, a public host."),
  webhook_url: Url.optional().describe(
    "Where you take its events; only you see it. Add it as a webhook endpoint too: that is where events go.",
  ),
  tags: z
    .array(PlainText(40))
    .max(TAGS_LIMIT)
    .default([])
    .transform((tags) => [...new Set(tags)])
    .describe("To be found by."),
  version: z
    .string()
    .max(64)
    .refine(isSemVer, "must be a version like 1.0.0 (semver.org)")
    .describe("SemVer. Rises with every change once the service has been active."),
});

export type OneTimePrice = z.output<typeof OneTimePriceSchema>;
export type ServiceManifest = z.output<typeof ManifestMembers>;

/** A whole manifest: each member right, and all of them together, except for where URLs lead. */
export const ServiceManifest = ManifestMembers.superRefine((manifest, context) => {
  // What is wrong by itself is said once.
  if (context.issues.length > 0) return;
  for (const { path, message } of checkManifest(manifest)) {
    context.addIssue({ code: "custom", path: path.split("."), message });
  }
}).meta({ id: "ServiceManifest" });
