/** `GET /v1/payment-intents/{id}/stream`: the payment's changes for the page that shows it. */
import { createRoute, z } from "@hono/zod-openapi";

import { systemClock } from "../../clock.ts";
import { apiError } from "../../errors.ts";
import type { BuyerView } from "../../intent/buyer-view.ts";
import { type App, type AppContext, errors, idParam } from "../http.ts";
import { eventStream, pauseFor } from "../stream.ts";
import { readBuyer } from "./buyer.ts";
import { isPageToken } from "./token.ts";
import { watchPayment } from "./watching.ts";

const route = createRoute({
  method: "get",
  path: "/v1/payment-intents/{id}/stream",
  tags: ["Payment intents"],
  operationId: "streamPaymentIntent",
  summary: "Follow a payment on its checkout page",
  description:
    "Server-sent events for the page at `checkout_url`, which carries the token. `status` with " +
    "`{id, status, sequence, ended, now}` at the start and at each change; `end` when the payment " +
    "has ended or after five minutes. Servers use webhooks.",
  request: {
    params: z.object({ id: idParam("id", "pi_01h5mkvqs8kzr9p7c3x2d4f6g8") }),
    query: z.strictObject({
      token: z.string().min(1).max(64).openapi({ description: "From the payment's page." }),
    }),
  },
  responses: {
    200: {
      description: "The stream.",
      content: { "text/event-stream": { schema: z.string() } },
    },
    ...errors(400, 401, 404),
  },
});

/** @param first what was just seen, so that the first look costs nothing */
function watch(c: AppContext, id: string, first: BuyerView, gone: AbortSignal) {
  let seen: BuyerView | null = first;
  return watchPayment({
    look: async () => {
      const view = seen ?? (await readBuyer(c.env, id));
      seen = null;
      return view;
    },
    now: () => systemClock.now(),
    pause: (ms) => pauseFor(ms, gone),
  });
}

export function registerPaymentStream(app: App): void {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid("param");
    const { token } = c.req.valid("query");
    // Before anything is asked: without a page of ours nobody makes us look.
    if (!(await isPageToken(c.env, "stream", id, token))) {
      throw apiError("UNAUTHENTICATED", "This is not the token of this payment's page.");
    }
    const view = await readBuyer(c.env, id);
    if (view === null) {
      throw apiError("PAYMENT_INTENT_NOT_FOUND", "No such payment intent.");
    }
    return eventStream(c, (gone) => watch(c, id, view, gone));
  });
}
