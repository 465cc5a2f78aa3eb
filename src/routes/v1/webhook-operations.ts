/** What can be done with a webhook endpoint: a new secret, a test, and what was sent to it. */
import { createRoute, z } from "@hono/zod-openapi";

import { iso } from "../../clock.ts";
import { openVault } from "../../crypto/vault.ts";
import { apiError } from "../../errors.ts";
import { secureRandom } from "../../ids.ts";
import { database } from "../../store/db.ts";
import { listDeliveries } from "../../store/webhook-deliveries.ts";
import { replaceSecrets } from "../../store/webhook-endpoints.ts";
import { showEndpoint } from "../../webhooks/endpoint.ts";
import {
  LIVING_SECRETS_LIMIT,
  livingSecrets,
  makeSecret,
  rotateSecrets,
} from "../../webhooks/secrets.ts";
import { sendTestEvent } from "../../webhooks/send-again.ts";
import { auditEntry } from "../audit.ts";
import { type App, errors, jsonReply, listOf } from "../http.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import { noFields } from "./schemas.ts";
import { auth, changedMeanwhile, loadEndpoint, once, params, tags } from "./webhook-access.ts";
import { Delivery, EndpointWithSecret, showDelivery } from "./webhook-schemas.ts";

/** How long the old secret signs along unless the merchant says otherwise. Seconds. */
const DEFAULT_OVERLAP_S = 86_400;
const LONGEST_OVERLAP_S = 30 * 86_400;

const rotateSecret = createRoute({
  ...once,
  method: "post",
  path: "/v1/webhook-endpoints/{id}/rotate-secret",
  operationId: "rotateWebhookSecret",
  summary: "Replace the signing secret",
  description: "The old one signs along during the overlap.",
  tags,
  request: {
    params,
    body: {
      content: {
        "application/json": {
          schema: z.strictObject({
            overlap_seconds: z
              .int()
              .min(0)
              .max(LONGEST_OVERLAP_S)
              .optional()
              .openapi({
                description: `Default ${DEFAULT_OVERLAP_S}; 0 ends the old secret at once.`,
              }),
          }),
        },
      },
    },
  },
  responses: {
    200: jsonReply(EndpointWithSecret, "The endpoint with its new secret, shown this once."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 422, 429),
  },
});

const test = createRoute({
  ...once,
  method: "post",
  path: "/v1/webhook-endpoints/{id}/test",
  operationId: "testWebhookEndpoint",
  summary: "Send a test event",
  description: "A `webhook_endpoint.test` to this endpoint alone, the way every event goes.",
  tags,
  request: { params, body: noFields },
  responses: {
    202: jsonReply(Delivery, "The delivery; its attempts show up in the endpoint's deliveries."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 422, 429),
  },
});

const deliveries = createRoute({
  ...auth,
  method: "get",
  path: "/v1/webhook-endpoints/{id}/deliveries",
  operationId: "listWebhookDeliveries",
  summary: "List deliveries",
  description: "What was sent to the endpoint, newest first, with every attempt.",
  tags,
  request: { params, query: z.strictObject(pageQuery) },
  responses: { 200: jsonReply(listOf(Delivery), "A page."), ...errors(400, 401, 403, 404, 429) },
});

export function registerWebhookOperations(app: App): void {
  app.openapi(rotateSecret, async (c) => {
    const row = await loadEndpoint(c, c.req.valid("param").id);
    const overlap = c.req.valid("json").overlap_seconds ?? DEFAULT_OVERLAP_S;
    const { now } = c.var;
    if (overlap > 0 && livingSecrets(row.secrets, now).length >= LIVING_SECRETS_LIMIT) {
      throw apiError(
        "INVALID_STATE",
        `${LIVING_SECRETS_LIMIT} secrets sign already; wait, or rotate with overlap_seconds 0.`,
      );
    }
    const made = await makeSecret(openVault(c.env.VAULT_KEY), row.id, secureRandom);
    const secrets = rotateSecrets(row.secrets, made.sealed, now, overlap * 1_000);
    // Secrets are not shown, so that there was a new one is said by when the old ones end.
    const shown = showEndpoint(row);
    const also = auditEntry(c, {
      action: "webhook_endpoint.secret_rotated",
      target: row.id,
      before: { ...shown, old_secrets_end_at: null },
      after: { ...shown, old_secrets_end_at: iso(now + overlap * 1_000) },
    });
    const changed = await replaceSecrets(database(c.env.DB), row, secrets, now, also);
    if (changed === null) throw changedMeanwhile();
    return c.json({ ...showEndpoint(changed), secret: made.secret }, 200);
  });

  app.openapi(test, async (c) => {
    const row = await loadEndpoint(c, c.req.valid("param").id);
    if (row.status !== "enabled") {
      throw apiError("INVALID_STATE", "The endpoint is disabled; enable it first.");
    }
    const recorder = { db: database(c.env.DB), deliveries: c.env.DELIVERIES };
    const sent = await sendTestEvent(recorder, row, await c.var.newId("event"), c.var.now);
    return c.json(showDelivery(sent, row.livemode), 202);
  });

  app.openapi(deliveries, async (c) => {
    const row = await loadEndpoint(c, c.req.valid("param").id);
    const page = readPage(c.req.valid("query"), "deliveries", row.id);
    const rows = await listDeliveries(database(c.env.DB), row.id, withLookahead(page));
    const show = (delivery: (typeof rows)[number]) => showDelivery(delivery, row.livemode);
    return c.json(pageReply(rows, page, "deliveries", row.id, show), 200);
  });
}
