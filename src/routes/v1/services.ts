/**
 * `/v1/services`: what merchants offer (the ItPay protocol's ServiceManifest). Drafts are made,
 * checked and put into force; everybody finds the active ones.
 */
import { createRoute, z } from "@hono/zod-openapi";

import { ServiceManifest } from "../../agents/manifest.ts";
import { database } from "../../store/db.ts";
import { listOwnServices, searchServices } from "../../store/service-search.ts";
import {
  findOwnService,
  findPublicService,
  listServiceVersions,
  type ServiceRow,
} from "../../store/services.ts";
import { type App, type AppContext, errors, jsonBody, jsonReply, listOf } from "../http.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import { noFields } from "./schemas.ts";
import {
  callerOf,
  changing,
  creating,
  notFound,
  open,
  ownService,
  params,
  reading,
  tags,
} from "./service-access.ts";
import {
  activate,
  createService,
  deactivate,
  examine,
  replaceManifest,
} from "./service-changes.ts";
import {
  SearchQuery,
  Service,
  ServiceValidation,
  ServiceVersion,
  showOwn,
  showPublic,
  showVersion,
} from "./service-schemas.ts";

const create = createRoute({
  method: "post",
  path: "/v1/services",
  tags,
  operationId: "createService",
  summary: "Register a service",
  description:
    "It is a draft of the key's mode, which nobody else sees. Two services that are not inactive " +
    "cannot have the same name.",
  ...creating,
  request: { body: jsonBody(ServiceManifest) },
  responses: {
    201: jsonReply(Service, "The draft."),
    ...errors(400, 401, 403, 409, 413, 415, 422, 429),
  },
});

const list = createRoute({
  method: "get",
  path: "/v1/services",
  tags,
  operationId: "listServices",
  summary: "Find services",
  description:
    "Active ones of all merchants, newest first. Needs no key: without one they are live, with one " +
    "of the key's mode.",
  ...open,
  request: { query: SearchQuery },
  responses: { 200: jsonReply(listOf(Service), "A page."), ...errors(400, 401, 403, 429) },
});

const get = createRoute({
  method: "get",
  path: "/v1/services/{id}",
  tags,
  operationId: "getService",
  summary: "Read a service",
  description: "An active one, or one of your own in any state. Needs no key for live ones.",
  ...open,
  request: { params },
  responses: { 200: jsonReply(Service, "The service."), ...errors(401, 403, 404, 429) },
});

const patch = createRoute({
  method: "patch",
  path: "/v1/services/{id}",
  tags,
  operationId: "updateService",
  summary: "Replace a service's manifest",
  description:
    "Send the whole manifest. A draft is changed in place. A service that has been active needs a " +
    "higher `version`; while it is active the new one is in force at once.",
  ...changing,
  request: { params, body: jsonBody(ServiceManifest) },
  responses: {
    200: jsonReply(Service, "The service after the change."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 429),
  },
});

const validate = createRoute({
  method: "post",
  path: "/v1/services/{id}/validate",
  tags,
  operationId: "validateService",
  summary: "Check whether a service can be activated",
  description:
    "The manifest again, and what is around it: an active channel account for each accepted " +
    "channel (test mode has them all), prices in currencies that the channels take. Changes nothing.",
  ...reading,
  request: { params, body: noFields },
  responses: {
    200: jsonReply(ServiceValidation, "What is to be said of it."),
    ...errors(400, 401, 403, 404, 413, 415, 429),
  },
});

const put = (action: "activate" | "deactivate") => ({
  method: "patch" as const,
  tags,
  ...changing,
  request: { params, body: noFields },
  responses: {
    200: jsonReply(Service, `The service, ${action}d.`),
    ...errors(400, 401, 403, 404, 409, 413, 415, 429),
  },
});

const enter = createRoute({
  ...put("activate"),
  path: "/v1/services/{id}/activate",
  operationId: "activateService",
  summary: "Put a service into force",
  description:
    "From then on it is found and can be paid. Refused with `details.issues` where the check finds " +
    "an error. Doing it twice changes nothing.",
});

const leave = createRoute({
  ...put("deactivate"),
  path: "/v1/services/{id}/deactivate",
  operationId: "deactivateService",
  summary: "Take a service out of force",
  description:
    "It is no longer found, and within 10 seconds no new payment can name it. Open payments go on. " +
    "It can be activated again.",
});

const versions = createRoute({
  method: "get",
  path: "/v1/services/{id}/versions",
  tags,
  operationId: "listServiceVersions",
  summary: "List the manifests that were in force",
  description: "Of your own service, the newest first. A draft has none.",
  ...reading,
  request: { params, query: z.strictObject(pageQuery) },
  responses: {
    200: jsonReply(listOf(ServiceVersion), "A page."),
    ...errors(400, 401, 403, 404, 429),
  },
});

/** Strangers see live services. */
const modeOf = (c: AppContext): boolean => callerOf(c)?.key.livemode ?? true;

const isOwn = (c: AppContext, row: ServiceRow): boolean =>
  callerOf(c)?.merchant.id === row.merchant_id;

const show = (c: AppContext, row: ServiceRow) => (isOwn(c, row) ? showOwn(row) : showPublic(row));

function registerFinding(app: App): void {
  app.openapi(list, async (c) => {
    const { mine, limit, cursor, ...filter } = c.req.valid("query");
    const caller = mine === "true" ? callerOf(c) : null;
    const livemode = modeOf(c);
    const owner = `${caller?.merchant.id ?? "all"}:${livemode ? "live" : "test"}`;
    const page = readPage({ limit, cursor }, "services", owner);
    const db = database(c.env.DB);
    const rows =
      caller === null
        ? await searchServices(db, livemode, filter, withLookahead(page))
        : await listOwnServices(db, caller.merchant.id, livemode, filter, withLookahead(page));
    return c.json(
      pageReply(rows, page, "services", owner, (row: ServiceRow) => show(c, row)),
      200,
    );
  });

  app.openapi(get, async (c) => {
    const { id } = c.req.valid("param");
    const db = database(c.env.DB);
    const caller = callerOf(c);
    const livemode = modeOf(c);
    const own = caller && (await findOwnService(db, caller.merchant.id, livemode, id));
    const row = own ?? (await findPublicService(db, livemode, id));
    if (row === null) throw notFound(id);
    return c.json(show(c, row), 200);
  });
}

export function registerServices(app: App): void {
  registerFinding(app);

  app.openapi(create, async (c) =>
    c.json(showOwn(await createService(c, c.req.valid("json"))), 201),
  );

  app.openapi(patch, async (c) => {
    const row = await ownService(c, c.req.valid("param").id);
    return c.json(showOwn(await replaceManifest(c, row, c.req.valid("json"))), 200);
  });

  app.openapi(validate, async (c) => {
    const row = await ownService(c, c.req.valid("param").id);
    const issues = await examine(c, row.manifest);
    const valid = issues.every(({ severity }) => severity !== "error");
    const answer = { object: "service_validation" as const, service: row.id, valid, issues };
    return c.json(answer, 200);
  });

  app.openapi(enter, async (c) =>
    c.json(showOwn(await activate(c, await ownService(c, c.req.valid("param").id))), 200),
  );

  app.openapi(leave, async (c) =>
    c.json(showOwn(await deactivate(c, await ownService(c, c.req.valid("param").id))), 200),
  );

  app.openapi(versions, async (c) => {
    const row = await ownService(c, c.req.valid("param").id);
    const page = readPage(c.req.valid("query"), "service_versions", row.id);
    const found = await listServiceVersions(database(c.env.DB), row.id, withLookahead(page));
    const rows = found.map((each) => ({ ...each, id: each.version }));
    return c.json(pageReply(rows, page, "service_versions", row.id, showVersion), 200);
  });
}
