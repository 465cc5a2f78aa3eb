/** How webhook endpoints, deliveries and events look on the wire. */
import { z } from "@hono/zod-openapi";

import { iso, isoOrNull } from "../../clock.ts";
import type { LoggedDelivery } from "../../store/webhook-deliveries.ts";
import { Timestamp } from "../http.ts";

const endpoint = {
  id: z.string(),
  object: z.literal("webhook_endpoint"),
  livemode: z.boolean(),
  url: z.string(),
  description: z.string().nullable(),
  enabled_events: z.array(z.string()),
  status: z.enum(["enabled", "disabled"]),
  disabled_reason: z.string().nullable().openapi({
    description: "`by_merchant`, `gone` (it answered 410) or `failing` (5 days of failures).",
  }),
  failing_since: Timestamp.nullable().openapi({
    description: "Since when there were nothing but failures.",
  }),
  created_at: Timestamp,
  updated_at: Timestamp,
};

export const Endpoint = z.object(endpoint).openapi("WebhookEndpoint");

export const EndpointWithSecret = z
  .object({
    ...endpoint,
    secret: z.string().openapi({
      description: "`whsec_…`: verify signatures with it. Shown this once.",
    }),
  })
  .openapi("WebhookEndpointWithSecret");

export const Delivery = z
  .object({
    id: z.string(),
    object: z.literal("webhook_delivery"),
    livemode: z.boolean(),
    endpoint: z.string(),
    event: z.string(),
    event_type: z.string().nullable(),
    state: z.enum(["pending", "delivered", "exhausted", "cancelled"]),
    attempts: z.array(
      z.object({
        at: Timestamp,
        status: z.int().nullable().openapi({ description: "HTTP status; null: no answer." }),
        latency_ms: z.int(),
        response: z.string().openapi({
          description: "The first 1 KiB of the answer, or why there was none.",
        }),
      }),
    ),
    next_attempt_at: Timestamp.nullable(),
    created_at: Timestamp,
  })
  .openapi("WebhookDelivery");

export const showDelivery = (row: LoggedDelivery, livemode: boolean) => ({
  id: row.id,
  object: "webhook_delivery" as const,
  livemode,
  endpoint: row.endpoint_id,
  event: row.event_id,
  event_type: row.event_type,
  state: row.state,
  attempts: row.attempts.map((attempt) => ({
    at: iso(attempt.at),
    status: attempt.status,
    latency_ms: attempt.latency_ms,
    response: attempt.response,
  })),
  next_attempt_at: isoOrNull(row.next_attempt_at),
  created_at: iso(row.created_at),
});

/** The envelope, exactly as webhooks carry it. */
export const Event = z
  .object({
    id: z.string(),
    object: z.literal("event"),
    type: z.string(),
    api_version: z.string(),
    created_at: Timestamp,
    livemode: z.boolean(),
    sequence: z.int(),
    request_id: z.string().nullable().openapi({
      description: "The request that caused it; null for what the gateway did by itself.",
      example: "req_01k5x0e8m3v7q2r9t4w6y8z0ab",
    }),
    data: z.record(z.string(), z.unknown()).openapi({ description: "The object at the commit." }),
  })
  .openapi("Event");
