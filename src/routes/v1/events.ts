/** `/v1/events` (API.md section 6): the feed that misses nothing, and sending an event once more. */
import { createRoute, z } from "@hono/zod-openapi";

import { apiError } from "../../errors.ts";
import { database } from "../../store/db.ts";
import { type EventRow, findEvent, readFeed } from "../../store/events.ts";
import { findEndpoint } from "../../store/webhook-endpoints.ts";
import { EVENT_TYPES, TEST_EVENT_TYPE } from "../../webhooks/event-types.ts";
import { receiversOf, sendAgain } from "../../webhooks/send-again.ts";
import { merchantAuth } from "../authenticate.ts";
import { type App, type AppContext, errors, idParam, jsonReply, listOf } from "../http.ts";
import { idempotent } from "../idempotent.ts";
import { pageQuery, wholeList } from "../pages.ts";
import { Delivery, Event, showDelivery } from "./webhook-schemas.ts";

const tags = ["Events"];
const params = z.object({ id: idParam("id", "evt_01h5mkvqs8kzr9p7c3x2d4f6g8") });

const reading = merchantAuth("payments:read");
const writer = merchantAuth("webhooks:write");
const writing = { ...writer, middleware: [...writer.middleware, idempotent] };

const list = createRoute({
  ...reading,
  method: "get",
  path: "/v1/events",
  operationId: "listEvents",
  summary: "List or follow events",
  description:
    "Newest first; with `after` the complete feed, oldest first. To follow the feed start with an empty `after`, then pass each page's `next_cursor` as the " +
    "next `after`, also when `has_more` is false. Events keep their place and none is skipped.",
  tags,
  request: {
    query: z.strictObject({
      limit: pageQuery.limit,
      cursor: pageQuery.cursor,
      after: z.string().max(512).optional().openapi({
        description: "`next_cursor` or the id of an event; empty: from the oldest event on.",
      }),
      type: z.enum([...EVENT_TYPES, TEST_EVENT_TYPE]).optional(),
      created_gte: z.iso.datetime({ offset: true }).optional(),
      created_lt: z.iso.datetime({ offset: true }).optional(),
    }),
  },
  responses: { 200: jsonReply(listOf(Event), "A page."), ...errors(400, 401, 403, 429) },
});

const get = createRoute({
  ...reading,
  method: "get",
  path: "/v1/events/{id}",
  operationId: "getEvent",
  summary: "Read an event",
  description: "As webhooks carry it.",
  tags,
  request: { params },
  responses: { 200: jsonReply(Event, "The event."), ...errors(401, 403, 404, 429) },
});

const redeliver = createRoute({
  ...writing,
  method: "post",
  path: "/v1/events/{id}/redeliver",
  operationId: "redeliverEvent",
  summary: "Send an event again",
  description: "With the same id, to one endpoint or to all that take it.",
  tags,
  request: {
    params,
    body: {
      content: {
        "application/json": {
          schema: z.strictObject({
            endpoint: z.string().optional().openapi({
              description: "Only to this endpoint, whatever it subscribes to.",
            }),
          }),
        },
      },
    },
  },
  responses: {
    202: jsonReply(listOf(Delivery), "The new deliveries."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 422, 429),
  },
});

/** Every stored payload was written by `buildEvent` or by a payment's object in the same form. */
const showEvent = (row: EventRow): z.infer<typeof Event> => JSON.parse(row.payload);

async function load(c: AppContext, id: string): Promise<EventRow> {
  const { merchant, key } = c.var.principal;
  const row = await findEvent(database(c.env.DB), merchant.id, key.livemode, id);
  if (row === null) throw apiError("NOT_FOUND", "There is no such event in this mode.");
  return row;
}

/** Marks a place on the way back: following from there would begin in the middle of the feed. */
const BACK = "back_";

/** The event that a place is named by. Each direction takes its own cursors only. */
function eventAt(cursor: string, following: boolean): string {
  if (following && cursor.startsWith(BACK)) {
    throw apiError(
      "INVALID_CURSOR",
      "This cursor leads back; follow with an empty after, then with the next_cursor of that.",
    );
  }
  if (following) return cursor;
  return cursor.startsWith(BACK) ? cursor.slice(BACK.length) : "";
}

/** Null: from the end that the direction starts at. */
async function positionOf(
  c: AppContext,
  cursor: string | undefined,
  following: boolean,
): Promise<number | null> {
  if (cursor === undefined || cursor === "") return null;
  const { merchant, key } = c.var.principal;
  const id = eventAt(cursor, following);
  const row = await findEvent(database(c.env.DB), merchant.id, key.livemode, id);
  if (row === null) {
    throw apiError("INVALID_CURSOR", "Use the next_cursor of a page of this list, unchanged.");
  }
  return row.position;
}

export function registerEvents(app: App): void {
  app.openapi(list, async (c) => {
    const { merchant, key } = c.var.principal;
    const { limit, cursor, after, type, created_gte, created_lt } = c.req.valid("query");
    if (cursor !== undefined && after !== undefined) {
      throw apiError("INVALID_REQUEST", "Send either after or cursor: they go opposite ways.", {
        issues: [{ path: "after", message: "not together with cursor" }],
      });
    }
    const following = after !== undefined;
    const rows = await readFeed(database(c.env.DB), merchant.id, key.livemode, {
      limit: limit + 1,
      type: type ?? null,
      createdFrom: created_gte === undefined ? null : Date.parse(created_gte),
      createdBefore: created_lt === undefined ? null : Date.parse(created_lt),
      direction: following ? "forward" : "back",
      position: await positionOf(c, following ? after : cursor, following),
    });
    const shown = rows.slice(0, limit);
    const hasMore = rows.length > limit;
    const last = shown.at(-1)?.id ?? null;
    // A follower that has seen everything stays where it is, and asks from there next time.
    const place = last ?? (after === "" ? null : after) ?? null;
    const back = hasMore && last !== null ? BACK + last : null;
    const next_cursor = following ? place : back;
    const data = shown.map(showEvent);
    return c.json({ object: "list" as const, data, has_more: hasMore, next_cursor }, 200);
  });

  app.openapi(get, async (c) => c.json(showEvent(await load(c, c.req.valid("param").id)), 200));

  app.openapi(redeliver, async (c) => {
    const { merchant, key } = c.var.principal;
    const event = await load(c, c.req.valid("param").id);
    const { endpoint } = c.req.valid("json");
    const recorder = { db: database(c.env.DB), deliveries: c.env.DELIVERIES };
    const named =
      endpoint === undefined
        ? null
        : await findEndpoint(recorder.db, merchant.id, key.livemode, endpoint);
    if (endpoint !== undefined && named === null) {
      throw apiError("NOT_FOUND", "There is no such webhook endpoint in this mode.");
    }
    const receivers = await receiversOf(recorder, event, named);
    if (receivers.length === 0) {
      throw apiError("INVALID_STATE", "No enabled endpoint takes this event; enable one first.");
    }
    const cause = await c.var.newId("webhookDelivery");
    const sent = await sendAgain(recorder, event, receivers, cause, c.var.now);
    const data = sent.map((row) => showDelivery(row, key.livemode));
    return c.json(wholeList(data), 202);
  });
}
