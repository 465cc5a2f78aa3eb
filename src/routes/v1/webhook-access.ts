/** What the routes of `/v1/webhook-endpoints` share: who may come in, and which endpoint is meant. */
import { z } from "@hono/zod-openapi";

import { apiError } from "../../errors.ts";
import { database } from "../../store/db.ts";
import { type EndpointRow, findEndpoint } from "../../store/webhook-endpoints.ts";
import { merchantAuth } from "../authenticate.ts";
import { type AppContext, idParam } from "../http.ts";
import { idempotent } from "../idempotent.ts";

export const auth = merchantAuth("webhooks:write");
/** For what must not happen twice: `Idempotency-Key` is honoured. */
export const once = { ...auth, middleware: [...auth.middleware, idempotent] };
export const tags = ["Webhook endpoints"];
export const params = z.object({ id: idParam("id", "we_01h5mkvqs8kzr9p7c3x2d4f6g8") });

const notFound = () => apiError("NOT_FOUND", "There is no such webhook endpoint in this mode.");

export const changedMeanwhile = () =>
  apiError("INVALID_STATE", "The endpoint was changed at the same time; repeat this.");

/** @throws ApiError NOT_FOUND for an endpoint of another merchant or mode too. */
export async function loadEndpoint(c: AppContext, id: string): Promise<EndpointRow> {
  const { merchant, key } = c.var.principal;
  const row = await findEndpoint(database(c.env.DB), merchant.id, key.livemode, id);
  if (row === null) throw notFound();
  return row;
}
