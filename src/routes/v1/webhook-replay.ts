/** `POST /v1/webhook-endpoints/{id}/replay`: what an endpoint missed is sent to it again. */
import { createRoute, z } from "@hono/zod-openapi";

import { ApiError, apiError, invalidField } from "../../errors.ts";
import { describeError } from "../../log.ts";
import { database } from "../../store/db.ts";
import { findEvent, lastPosition } from "../../store/events.ts";
import { addJob, type JobRow } from "../../store/jobs.ts";
import type { EndpointRow } from "../../store/webhook-endpoints.ts";
import { EVENT_TYPES } from "../../webhooks/event-types.ts";
import { type ReplayParameters, wantedTypes } from "../../webhooks/replay.ts";
import { type App, type AppContext, errors, jsonBody, jsonReply } from "../http.ts";
import { Job, showJob } from "./jobs.ts";
import { loadEndpoint, once, params, tags } from "./webhook-access.ts";

const ReplayBody = z
  .strictObject({
    after: z
      .string()
      .max(512)
      .optional()
      .openapi({
        description:
          "The last event that you have, or a `next_cursor` of the feed: the replay begins behind it. " +
          "Empty: from the oldest event on.",
      }),
    before: z.string().min(1).max(512).optional().openapi({
      description: "The first event that you have again: the replay ends before it.",
    }),
    types: z
      .array(z.enum(EVENT_TYPES))
      .min(1)
      .max(EVENT_TYPES.length)
      .optional()
      .openapi({ description: "Only these types. Default: all that the endpoint takes." }),
    created_gte: z.iso.datetime({ offset: true }).optional().openapi({
      description: "Only what happened at this time or later.",
    }),
    created_lt: z.iso.datetime({ offset: true }).optional().openapi({
      description: "Only what happened before this time.",
    }),
  })
  .openapi("ReplayWebhooks");

type Body = z.infer<typeof ReplayBody>;

const replay = createRoute({
  ...once,
  method: "post",
  path: "/v1/webhook-endpoints/{id}/replay",
  operationId: "replayWebhooks",
  summary: "Send missed events again",
  description:
    "Sends the endpoint the events between two places of the feed, between two times, or both: each " +
    "once more, with its own id, one after the other in the feed's order. It ends at the last event " +
    "there is when it is asked for; later ones come by themselves. Say where it begins, with " +
    "`after` or `created_gte`. An endpoint has one replay at a time; disabling it ends the replay.",
  tags,
  request: { params, body: jsonBody(ReplayBody) },
  responses: {
    202: jsonReply(Job, "The job that does it."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 422, 429),
  },
});

const millis = (time: string | undefined): number | null =>
  time === undefined ? null : Date.parse(time);

/** @throws ApiError INVALID_REQUEST for an event that is not in the caller's feed */
async function positionOf(c: AppContext, field: "after" | "before", id: string): Promise<number> {
  const { merchant, key } = c.var.principal;
  const event = await findEvent(database(c.env.DB), merchant.id, key.livemode, id);
  if (event !== null) return event.position;
  throw new ApiError(
    invalidField(field, "is no event of this mode, nor a next_cursor of the feed"),
  );
}

/** @throws ApiError INVALID_REQUEST */
async function rangeOf(c: AppContext, body: Body, endpoint: EndpointRow) {
  const { after, before } = body;
  const [gte, lt] = [millis(body.created_gte), millis(body.created_lt)];
  if (after === undefined && gte === null) {
    throw new ApiError(invalidField("after", "say where to begin: with after or created_gte"));
  }
  if (gte !== null && gte > c.var.now) {
    throw new ApiError(invalidField("created_gte", "must not lie in the future"));
  }
  if (gte !== null && lt !== null && lt <= gte) {
    throw new ApiError(invalidField("created_lt", "must be later than created_gte"));
  }
  if (wantedTypes(body.types ?? null, endpoint.enabled_events)?.length === 0) {
    throw new ApiError(invalidField("types", "the endpoint takes none of these"));
  }
  const { merchant, key } = c.var.principal;
  const from = after === undefined || after === "" ? 0 : await positionOf(c, "after", after);
  const through =
    before === undefined
      ? await lastPosition(database(c.env.DB), merchant.id, key.livemode)
      : (await positionOf(c, "before", before)) - 1;
  // The event right behind `after` is a range too: an empty one.
  if (through < from) {
    throw new ApiError(invalidField("before", "must come later in the feed than after"));
  }
  return {
    after: after ?? null,
    before: before ?? null,
    types: body.types ?? null,
    created_gte: gte,
    created_lt: lt,
    from,
    through,
  } satisfies ReplayParameters;
}

/** The job stands in D1: when the queue does not take its message, the cron finds it. */
async function start(c: AppContext, job: JobRow): Promise<void> {
  try {
    await c.env.DELIVERIES.send({ replay: job.id });
  } catch (error) {
    c.var.log("warn", "webhook.replay_not_queued", { job: job.id, error: describeError(error) });
  }
}

export function registerWebhookReplay(app: App): void {
  app.openapi(replay, async (c) => {
    const endpoint = await loadEndpoint(c, c.req.valid("param").id);
    if (endpoint.status !== "enabled") {
      throw apiError("INVALID_STATE", "The endpoint is disabled; enable it first.");
    }
    const parameters = await rangeOf(c, c.req.valid("json"), endpoint);
    const { now } = c.var;
    const added = await addJob(database(c.env.DB), {
      id: await c.var.newId("job"),
      merchant_id: endpoint.merchant_id,
      livemode: endpoint.livemode,
      kind: "webhook_replay",
      target: endpoint.id,
      parameters,
      state: "queued",
      done: 0,
      total: parameters.through - parameters.from,
      cursor: parameters.from,
      error: null,
      created_at: now,
      updated_at: now,
    });
    if (added.kind === "busy") {
      throw apiError("INVALID_STATE", "A replay to this endpoint is under way; wait for its end.", {
        job: added.job.id,
      });
    }
    await start(c, added.job);
    return c.json(showJob(added.job), 202);
  });
}
