/** `/v1/channels`: the channel matrix, made from what the adapters say of themselves. */
import { createRoute, z } from "@hono/zod-openapi";
import * as zod from "zod";

import { type ChannelAdapter, METHODS } from "../../channels/adapter.ts";
import { CHANNELS, channelOf } from "../../channels/registry.ts";
import { apiError } from "../../errors.ts";
import { type App, errors, idParam, jsonReply, listOf } from "../http.ts";
import { wholeList } from "../pages.ts";

const tags = ["Channels"];

const Channel = z
  .object({
    object: z.literal("channel"),
    slug: z.string().openapi({ example: "wechat" }),
    name: z.string(),
    region: z.string(),
    currencies: z.array(z.string()),
    methods: z.array(z.enum(METHODS)),
    requires: z
      .record(z.string(), z.array(z.string()))
      .openapi({ description: "Per method: fields of the payment that the channel needs." }),
    options: z
      .array(z.enum(["payment_method_type", "profit_sharing"]))
      .openapi({ description: "Fields of the payment that this channel understands." }),
    payment_method_types: z.array(z.string()),
    qr_standard: z.string(),
    qr_lifetime_seconds: z.int(),
    integration_modes: z.array(
      z.object({
        mode: z.string(),
        credentials_schema: z.record(z.string(), z.unknown()).openapi({
          description: "JSON Schema of what accounts in this mode need.",
        }),
        authorization: z.boolean().openapi({
          description: "Whether the merchant says yes to an application, by a link.",
        }),
        onboarding_schema: z.record(z.string(), z.unknown()).nullable().openapi({
          description:
            "JSON Schema of a sub-merchant's `application`; null: accounts in this mode take none.",
        }),
      }),
    ),
    limits: z.object({ min: z.int(), max: z.int() }),
    refunds: z
      .object({
        partial: z.boolean(),
        max_partials: z.int().nullable(),
        window_days: z.int(),
        spacing_seconds: z.int(),
      })
      .nullable()
      .openapi({ description: "Null: the channel has no refunds; the money goes back by hand." }),
    confirmed_by: z
      .enum(["channel_callback", "channel_query", "bank_webhook"])
      .openapi({ description: "What proves that a payment was made." }),
    fee_range_basis_points: z.tuple([z.int(), z.int()]),
    status: z.enum(["live", "beta"]),
  })
  .openapi("Channel");

const ChannelError = z
  .object({
    channel_code: z.string(),
    code: z.string(),
    retryable: z.boolean(),
    outcome: z.enum(["rejected", "unknown"]),
    meaning: z.string(),
  })
  .openapi("ChannelError");

const schemaOf = (form: zod.ZodType): Record<string, unknown> =>
  zod.toJSONSchema(form, { io: "input", unrepresentable: "any" });

function show(adapter: ChannelAdapter): z.infer<typeof Channel> {
  const { info, modes, authorization, onboarding } = adapter;
  return {
    object: "channel",
    slug: info.slug,
    name: info.name,
    region: info.region,
    currencies: [...info.currencies],
    methods: [...info.methods],
    requires: Object.fromEntries(
      Object.entries(info.requires).map(([method, fields]) => [method, [...fields]]),
    ),
    options: [...info.options],
    payment_method_types: [...(info.paymentMethodTypes ?? [])],
    qr_standard: info.qrStandard,
    qr_lifetime_seconds: info.qrLifetimeSeconds,
    integration_modes: Object.entries(modes).map(([mode, { credentials }]) => ({
      mode,
      credentials_schema: schemaOf(credentials),
      authorization: authorization?.modes.includes(mode) === true,
      onboarding_schema:
        onboarding?.modes.includes(mode) === true ? schemaOf(onboarding.application) : null,
    })),
    limits: info.limits,
    refunds:
      info.refunds === null
        ? null
        : {
            partial: info.refunds.partial,
            max_partials: info.refunds.maxPartials,
            window_days: info.refunds.windowDays,
            spacing_seconds: info.refunds.spacingSeconds,
          },
    confirmed_by: info.confirmedBy,
    fee_range_basis_points: [...info.feeRangeBasisPoints],
    status: info.status,
  };
}

const list = createRoute({
  method: "get",
  path: "/v1/channels",
  tags,
  operationId: "listChannels",
  summary: "The channel matrix",
  description: "Every channel of this deployment with what it can do. Needs no key.",
  responses: { 200: jsonReply(listOf(Channel), "All channels.") },
});

const listErrors = createRoute({
  method: "get",
  path: "/v1/channels/{slug}/errors",
  tags,
  operationId: "listChannelErrors",
  summary: "What a channel's error codes become here",
  request: { params: z.object({ slug: idParam("slug", "wechat") }) },
  responses: { 200: jsonReply(listOf(ChannelError), "The error table."), ...errors(404) },
});

export function registerChannels(app: App): void {
  app.openapi(list, (c) => {
    const data = Object.values(CHANNELS).map(({ adapter }) => show(adapter));
    return c.json(wholeList(data), 200);
  });

  app.openapi(listErrors, (c) => {
    const channel = channelOf(c.req.valid("param").slug);
    if (channel === null) throw apiError("NOT_FOUND", "No such channel.");
    const data = channel.adapter.errors.map((row) => ({
      channel_code: row.channelCode,
      code: row.code,
      retryable: row.retryable,
      outcome: row.outcome,
      meaning: row.meaning,
    }));
    return c.json(wholeList(data), 200);
  });
}
