/** `GET /v1/payment-intents/{id}/timeline`: everything that happened to a payment, for people. */
import { createRoute, z } from "@hono/zod-openapi";

import { apiError } from "../../errors.ts";
import { intentObject } from "../../intent/client.ts";
import type { Timeline } from "../../intent/timeline.ts";
import { database } from "../../store/db.ts";
import { deliveriesOf } from "../../store/webhook-deliveries.ts";
import { merchantAuth } from "../authenticate.ts";
import { type App, errors, idParam, jsonReply, ownerOf, Timestamp } from "../http.ts";
import { readId } from "./payment-intents.ts";
import { Refund } from "./refunds.ts";
import { PaymentIntent } from "./schemas.ts";
import { Delivery, showDelivery } from "./webhook-schemas.ts";

/** More deliveries than a payment with many refunds and endpoints has. */
const DELIVERIES_SHOWN = 500;

const Change = z.object({
  type: z.literal("change"),
  at: Timestamp,
  sequence: z.int(),
  status: z.string(),
  event: z.string().nullable(),
  event_id: z.string().nullable(),
  refund: z.string().nullable(),
  request_id: z.string().nullable(),
});

const Exchange = z.object({
  method: z.string(),
  url: z.string(),
  request: z.string().nullable(),
  status: z.int().nullable(),
  reply: z.string().nullable(),
});

const ChannelCall = z.object({
  type: z.literal("channel_call"),
  at: Timestamp,
  channel: z.string(),
  operation: z.string(),
  outcome: z.enum(["ok", "rejected", "unknown"]),
  code: z.string(),
  duration_ms: z.int(),
  exchanges: z.array(Exchange),
});

const Callback = z.object({
  type: z.literal("callback"),
  at: Timestamp,
  channel: z.string(),
  outcome: z.enum(["changed", "known", "exception", "refused"]),
  status: z.string(),
  detail: z.string(),
  request_id: z.string().nullable(),
});

const TimelineView = z
  .object({
    object: z.literal("timeline"),
    payment: PaymentIntent,
    refunds: z.array(Refund),
    entries: z.array(z.discriminatedUnion("type", [Change, ChannelCall, Callback])),
    deliveries: z.array(Delivery),
  })
  .openapi("Timeline");

const route = createRoute({
  method: "get",
  path: "/v1/payment-intents/{id}/timeline",
  tags: ["Payment intents"],
  operationId: "getPaymentTimeline",
  summary: "What happened to a payment",
  description:
    "Every change, every call to the channel with what was sent and answered (redacted and cut), " +
    "every callback that was verified, and every webhook delivery. For finding out what went wrong.",
  ...merchantAuth("payments:read"),
  request: { params: z.object({ id: idParam("id", "pi_01k5x0e8m3v7q2r9t4w6y8z0ab") }) },
  responses: { 200: jsonReply(TimelineView, "The timeline."), ...errors(401, 403, 404, 429) },
});

export function registerTimeline(app: App): void {
  app.openapi(route, async (c) => {
    const id = readId(c.req.valid("param").id);
    const json = await intentObject(c.env, id).timeline(ownerOf(c));
    if (json === null) throw apiError("PAYMENT_INTENT_NOT_FOUND", "No such payment intent.");
    const { payment, refunds, entries } = JSON.parse(json) as Timeline;
    const events = entries.flatMap((entry) =>
      entry.type === "change" && entry.event_id !== null ? [entry.event_id] : [],
    );
    const { merchantId, livemode } = ownerOf(c);
    const db = database(c.env.DB);
    const sent = await deliveriesOf(db, merchantId, events, DELIVERIES_SHOWN);
    const deliveries = sent.map((row) => showDelivery(row, livemode));
    const body = { object: "timeline" as const, payment, refunds, entries, deliveries };
    return c.json(body as never, 200);
  });
}
