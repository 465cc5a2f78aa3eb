/** Shapes of `/v1/channel-accounts` on the wire (API.md section 4). */
import { z } from "@hono/zod-openapi";

import { CHANNEL_SLUGS } from "../../channels/registry.ts";
import { PlainText } from "../../plain-text.ts";
import { Timestamp } from "../http.ts";

export const ChannelAccount = z
  .object({
    id: z.string(),
    object: z.literal("channel_account"),
    livemode: z.boolean(),
    channel: z.string(),
    mode: z.string(),
    display_name: z.string(),
    merchant_account: z.string().openapi({ description: "Your number at the channel." }),
    region: z.string().nullable(),
    late_payment: z.enum(["accept", "refund"]),
    channel_fee: z
      .int()
      .nullable()
      .openapi({
        description:
          "What the channel charges by your contract with it, in basis points (60 is 0.6 %). Lines of " +
          "statements with another fee become exceptions. Null: fees are not compared.",
      }),
    settlement_method: z.enum(["channel_split", "invoice"]).openapi({
      description:
        "How the platform gets its fee: as a share of each payment at the channel, or by invoice.",
    }),
    status: z.enum(["active", "disabled"]),
    credentials: z
      .array(
        z.object({
          version: z.int(),
          fingerprints: z.record(z.string(), z.string()),
          created_at: Timestamp,
        }),
      )
      .openapi({ description: "Newest first. Empty: the sandbox's own. Secrets never come back." }),
    callback_url: z.url().openapi({
      description: "Where the channel posts.",
      example: "https://pay.example/v1/callbacks/wechat/ca_01k5x0e8m3v7q2r9t4w6y8z0ab",
    }),
    verified_at: Timestamp.nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi("ChannelAccount");

const LatePayment = z.enum(["accept", "refund"]).openapi({
  description:
    "What happens when a buyer pays after the payment has ended: the money is kept, or given back " +
    "at once. `refund` only where the channel has refunds.",
});

const ChannelFee = z.int().min(0).max(10_000).nullable().openapi({
  description: "What the channel charges by your contract with it, in basis points.",
});

/** Checked by the mode's own schema, which GET /v1/channels shows. */
export const Credentials = z.record(z.string(), z.unknown()).openapi({
  description: "As the mode's credentials_schema in GET /v1/channels says.",
});

export const CreateChannelAccount = z
  .strictObject({
    channel: z.enum(CHANNEL_SLUGS, `must be one of ${CHANNEL_SLUGS.join(", ")}`),
    mode: z.string().max(32).optional().openapi({
      description: "One of the channel's integration modes; default: its first.",
      example: "direct",
    }),
    display_name: PlainText(100),
    region: z.string().max(32).optional(),
    credentials: Credentials,
    late_payment: LatePayment.default("accept"),
    channel_fee: ChannelFee.default(null),
  })
  .openapi("CreateChannelAccount");

export const PatchChannelAccount = z
  .strictObject({
    display_name: PlainText(100),
    region: z.string().max(32).nullable(),
    late_payment: LatePayment,
    channel_fee: ChannelFee,
    status: z.enum(["active", "disabled"]),
  })
  .partial();
