/** `POST /v1/sandbox/statements`: a fault in the statement of a test account's day. */
import { createRoute, z } from "@hono/zod-openapi";

import { apiError } from "../../errors.ts";
import { isId } from "../../ids.ts";
import { DAY_FAULTS } from "../../sandbox/statement.ts";
import { bookOf } from "../../sandbox/transport.ts";
import { type App, errors, jsonBody, jsonReply } from "../http.ts";
import { owned, writing } from "../v1/channel-account-access.ts";

const SandboxStatement = z
  .object({
    object: z.literal("sandbox_statement"),
    channel_account: z.string(),
    date: z.iso.date(),
    fault: z.enum(["none", ...DAY_FAULTS]),
  })
  .openapi("SandboxStatement");

const Body = z
  .strictObject({
    channel_account: z
      .string()
      .refine((id) => isId("channelAccount", id), "must be a channel account's id"),
    date: z.iso.date(),
    fault: z.enum(["none", ...DAY_FAULTS]),
  })
  .openapi("PlantStatementFault");

const plant = createRoute({
  method: "post",
  path: "/v1/sandbox/statements",
  tags: ["Sandbox"],
  operationId: "plantStatementFault",
  summary: "Spoil a day's statement",
  description:
    "Test keys only. The simulated channel's file of that day comes late (not before it was asked " +
    "for the third time), tampered with, truncated, with another day's lines, or with a payment " +
    "that nobody ordered. A day has one fault; `none` takes it away.",
  ...writing,
  request: { body: jsonBody(Body) },
  responses: {
    200: jsonReply(SandboxStatement, "What is planted."),
    ...errors(400, 401, 403, 404, 413, 415, 429),
  },
});

export function registerSandboxStatements(app: App): void {
  app.openapi(plant, async (c) => {
    const { channel_account, date, fault } = c.req.valid("json");
    const { channel, livemode, merchant_account } = await owned(c, channel_account);
    if (livemode) throw apiError("NOT_FOUND", "There is no sandbox behind a live account.");
    const book = bookOf(c.env, channel, merchant_account, date);
    await book.plant(fault === "none" ? null : fault);
    return c.json({ object: "sandbox_statement" as const, channel_account, date, fault }, 200);
  });
}
