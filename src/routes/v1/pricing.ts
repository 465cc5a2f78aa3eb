/** `GET /v1/pricing`: what the platform charges the caller. */
import { createRoute, z } from "@hono/zod-openapi";

import { CHANNEL_SLUGS, CHANNELS } from "../../channels/registry.ts";
import {
  DEFAULT_BASIS_POINTS,
  type FeeKind,
  type FeePlan,
  planFor,
  RATE_SOURCES,
  sourceOf,
} from "../../settlement/pricing.ts";
import { merchantAuth } from "../authenticate.ts";
import { type App, errors, jsonReply, listOf } from "../http.ts";
import { wholeList } from "../pages.ts";

const Rate = z
  .object({
    basis_points: z.int(),
    fixed: z.record(z.string(), z.int()),
    source: z.enum(RATE_SOURCES),
  })
  .openapi("FeeRate");

const ChannelPricing = z
  .object({
    object: z.literal("channel_pricing"),
    channel: z.string().openapi({ example: "wechat" }),
    domestic: Rate,
    cross_border: Rate,
  })
  .openapi("ChannelPricing");

const own = createRoute({
  method: "get",
  path: "/v1/pricing",
  tags: ["Pricing"],
  operationId: "getPricing",
  summary: "Read your rates",
  description:
    "What a payment made now would be charged, channel by channel. A payment keeps the rate of its " +
    "creation; the fee is charged when it succeeds, and refunds give it back in proportion.",
  ...merchantAuth(null),
  responses: {
    200: jsonReply(listOf(ChannelPricing), "Every channel."),
    ...errors(401, 403, 429),
  },
});

/** The rate of one kind at a channel; of the fixed parts only those in its currencies. */
function rateAt(plans: readonly FeePlan[], channel: string, kind: FeeKind): z.infer<typeof Rate> {
  const plan = planFor(plans, { channel, kind });
  const currencies = CHANNELS[channel]?.adapter.info.currencies ?? [];
  const fixed = Object.entries(plan?.fixed ?? {}).filter(([name]) => currencies.includes(name));
  return {
    basis_points: plan?.basis_points ?? DEFAULT_BASIS_POINTS[kind],
    fixed: Object.fromEntries(fixed),
    source: sourceOf(plan),
  };
}

export function registerPricing(app: App): void {
  app.openapi(own, (c) => {
    const { feePlans } = c.var.principal;
    const rates = CHANNEL_SLUGS.map((channel) => ({
      object: "channel_pricing" as const,
      channel,
      domestic: rateAt(feePlans, channel, "domestic"),
      cross_border: rateAt(feePlans, channel, "cross_border"),
    }));
    return c.json(wholeList(rates), 200);
  });
}
