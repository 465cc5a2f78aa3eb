/** `GET /v1/reconciliation/runs/{id}/stream`: a run as it goes on, for whoever watches. */
import { createRoute, z } from "@hono/zod-openapi";

import { systemClock } from "../../clock.ts";
import type { RunView } from "../../reconciliation/view.ts";
import { type App, type AppContext, errors } from "../http.ts";
import { event, eventStream, pauseFor } from "../stream.ts";
import { loadRun, reading, runParams, tags } from "./reconciliation-runs.ts";

const stream = createRoute({
  ...reading,
  method: "get",
  path: "/v1/reconciliation/runs/{id}/stream",
  operationId: "streamReconciliationRun",
  summary: "Follow a run",
  description:
    "Server-sent events: `run` with the run at the start and at each change, `end` when it has " +
    "ended or after five minutes.",
  tags,
  request: { params: runParams },
  responses: {
    200: { description: "The stream.", content: { "text/event-stream": { schema: z.string() } } },
    ...errors(401, 403, 404, 429),
  },
});

const LOOK_EVERY_MS = 1_000;
const STREAM_MS = 5 * 60_000;

const hasEnded = ({ state }: RunView): boolean => state === "completed" || state === "failed";

async function* watch(
  c: AppContext,
  first: RunView,
  gone: AbortSignal,
): AsyncGenerator<string, void> {
  const startedAt = systemClock.now();
  let view = first;
  let said = "";
  for (;;) {
    if (view.updated_at !== said) {
      said = view.updated_at;
      yield event("run", view);
    }
    const isOver = systemClock.now() - startedAt >= STREAM_MS;
    if (hasEnded(view) || isOver) {
      yield event("end", { reason: hasEnded(view) ? "ended" : "time" });
      return;
    }
    if (!(await pauseFor(LOOK_EVERY_MS, gone))) return;
    view = await loadRun(c, view.id);
  }
}

export function registerReconciliationRunStream(app: App): void {
  app.openapi(stream, async (c) => {
    const first = await loadRun(c, c.req.valid("param").id);
    return eventStream(c, (gone) => watch(c, first, gone));
  });
}
