/**
 * Sub-merchants of `/v1/channel-accounts`: a service provider's account hands in a merchant's
 * application at the channel, and follows it until the channel has given the merchant a number.
 */
import { createRoute, z } from "@hono/zod-openapi";

import type { Onboarding, OnboardingStatus, Outcome } from "../../channels/adapter.ts";
import { type Connection, connect } from "../../channels/connect.ts";
import { idKeyOf } from "../../crypto/id-key.ts";
import { ApiError, apiError } from "../../errors.ts";
import { derivedId, ID_PREFIXES } from "../../ids.ts";
import { issuesOf } from "../../issues.ts";
import { channelFailure } from "../../payments/payment.ts";
import type { ChannelAccountRow } from "../../store/channel-accounts.ts";
import { noteChange } from "../audit.ts";
import { type App, type AppContext, errors, jsonBody, jsonReply, publicOrigin } from "../http.ts";
import { adapterOf, once, owned, params, reading, tags } from "./channel-account-access.ts";

const APPLICATION_PREFIX = "ap_";

const applicationNumber = z
  .string()
  .regex(/^[0-9A-Za-z_]{1,64}$/, "must be 1 to 64 letters, digits and underscores");

const ChannelOnboarding = z
  .object({
    object: z.literal("channel_onboarding"),
    channel_account: z.string(),
    application_number: z.string().openapi({ example: "ap_01k5x0e8m3v7q2r9t4w6y8z0ab" }),
    state: z.enum(["reviewing", "action_required", "rejected", "approved"]),
    channel_status: z.string().openapi({ description: "The channel's own word." }),
    rejections: z.array(z.object({ field: z.string(), reason: z.string() })),
    action_url: z.url().nullable().openapi({
      description: "Where the merchant signs or verifies; null: nothing to do there.",
    }),
    sub_merchant: z.string().nullable().openapi({
      description: "The merchant's number at the channel, once it is approved.",
    }),
  })
  .openapi("ChannelOnboarding");

const submit = createRoute({
  method: "post",
  path: "/v1/channel-accounts/{id}/onboarding",
  tags,
  operationId: "submitOnboarding",
  summary: "Hand in a sub-merchant's application",
  description:
    "For accounts of a service provider. The application's form is the channel's own; what is " +
    "secret in it is given in clear, encrypted for the channel, and not kept here. A repeat with " +
    "the same `Idempotency-Key` or `reference` is the same application; with a `reference`, one " +
    "that was rejected is handed in again, corrected.",
  ...once,
  request: {
    params,
    body: jsonBody(
      z.strictObject({
        application: z.record(z.string(), z.unknown()).openapi({
          description: "As the `onboarding_schema` of the account's mode says; see the channels.",
        }),
        reference: z
          .string()
          .regex(/^[\x21-\x7e]{1,64}$/, "must be 1 to 64 printable ASCII characters without spaces")
          .optional()
          .openapi({ description: "Your number for the application, unique per account." }),
      }),
    ),
  },
  responses: {
    201: jsonReply(ChannelOnboarding, "The application is at the channel."),
    ...errors(400, 401, 402, 403, 404, 409, 413, 415, 422, 429, 502, 503, 504),
  },
});

const follow = createRoute({
  method: "get",
  path: "/v1/channel-accounts/{id}/onboarding/{application_number}",
  tags,
  operationId: "getOnboarding",
  summary: "Where a sub-merchant's application stands",
  description: "Asks the channel.",
  ...reading,
  request: {
    params: params.extend({
      application_number: applicationNumber.openapi({
        param: { name: "application_number", in: "path" },
        example: "ap_01k5x0e8m3v7q2r9t4w6y8z0ab",
      }),
    }),
  },
  responses: {
    200: jsonReply(ChannelOnboarding, "The channel's answer."),
    ...errors(400, 401, 402, 403, 404, 409, 422, 429, 502, 503, 504),
  },
});

/** @throws ApiError INVALID_STATE for channels without onboarding and for accounts of other modes */
function deskOf({ channel, mode }: ChannelAccountRow): Onboarding {
  const { onboarding, info } = adapterOf(channel);
  if (onboarding === undefined) {
    throw apiError("INVALID_STATE", `${info.name} takes no applications through this API.`);
  }
  if (onboarding.modes.includes(mode)) return onboarding;
  throw apiError(
    "INVALID_STATE",
    `Only accounts of the mode ${onboarding.modes.join(" or ")} take applications; this one is ${mode}.`,
    { supported_modes: onboarding.modes },
  );
}

const connectionOf = (c: AppContext, row: ChannelAccountRow): Promise<Connection> => {
  const { env, var: variables } = c;
  return connect(row, {
    env,
    log: variables.log,
    script: null,
    publicBase: publicOrigin(c),
  });
};

/**
 * The application's number at the channel. It is derived, so that every repeat of a request, from
 * any continent, hands in the same application; and from the account too, so that merchants who
 * share a provider never meet each other's.
 */
async function numberOf(c: AppContext, accountId: string, reference: string | undefined) {
  if (reference === undefined) {
    const id = await c.var.newId("request", "onboarding");
    return APPLICATION_PREFIX + id.slice(ID_PREFIXES.request.length + 1);
  }
  const key = await idKeyOf(c.env.ID_KEY);
  const id = await derivedId("request", key, ["onboarding", accountId, reference]);
  return APPLICATION_PREFIX + id.slice(ID_PREFIXES.request.length + 1);
}

/** @throws ApiError INVALID_REQUEST; paths only, never a value of the form */
function checkForm({ application: form }: Onboarding, application: unknown): void {
  const read = form.safeParse(application);
  if (read.success) return;
  const issues = issuesOf(read.error).map(({ path, message }) => ({
    path: path === "" ? "application" : `application.${path}`,
    message,
  }));
  const [first] = issues;
  throw apiError(
    "INVALID_REQUEST",
    first === undefined ? "The application is not complete." : `${first.path}: ${first.message}.`,
    { issues },
  );
}

/** @throws ApiError when the channel said no, or nothing that can be trusted */
function show(row: ChannelAccountRow, number: string, outcome: Outcome<OnboardingStatus>) {
  if (outcome.kind !== "ok") throw new ApiError(channelFailure(row.channel, outcome.error));
  const { state, channelStatus, rejections, actionUrl, subMerchant } = outcome.value;
  return {
    object: "channel_onboarding" as const,
    channel_account: row.id,
    application_number: number,
    state,
    channel_status: channelStatus,
    rejections: rejections.map(({ field, reason }) => ({ field, reason })),
    action_url: actionUrl,
    sub_merchant: subMerchant,
  };
}

export function registerChannelAccountOnboarding(app: App): void {
  app.openapi(submit, async (c) => {
    const row = await owned(c, c.req.valid("param").id);
    const desk = deskOf(row);
    const { application, reference } = c.req.valid("json");
    checkForm(desk, application);
    const number = await numberOf(c, row.id, reference);
    const { account, io } = await connectionOf(c, row);
    const handedIn = show(row, number, await desk.submit(number, application, account, io(0)));
    // Not the form, which is the channel's, and not the link at which the merchant signs.
    const { application_number, state, channel_status, sub_merchant } = handedIn;
    await noteChange(c, {
      action: "channel_account.onboarding_submitted",
      target: row.id,
      before: null,
      after: { application_number, state, channel_status, sub_merchant },
    });
    return c.json(handedIn, 201);
  });

  app.openapi(follow, async (c) => {
    const { id, application_number: number } = c.req.valid("param");
    const row = await owned(c, id);
    const desk = deskOf(row);
    const { account, io } = await connectionOf(c, row);
    return c.json(show(row, number, await desk.query(number, account, io(0))), 200);
  });
}
