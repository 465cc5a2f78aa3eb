/** The Hono app: middleware order, mounted routes, error handler, OpenAPI document. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { except } from "hono/combine";
import { createMiddleware } from "hono/factory";
import { HTTPException } from "hono/http-exception";
import { matchedRoutes } from "hono/route";

import { systemClock } from "./clock.ts";
import { ApiError, ERRORS, errorBody, failure, type Failure } from "./errors.ts";
import { randomId } from "./ids.ts";
import { createLogger, describeError } from "./log.ts";
import { analyticsMetrics } from "./metrics.ts";
import { invalidRequest } from "./routes/body.ts";
import type { App, AppContext, AppEnv } from "./routes/http.ts";
import { registerRoutes } from "./routes/index.ts";
import { limitedBody } from "./routes/limited-body.ts";
import { UPLOADS } from "./routes/v1/statement-uploads.ts";
import { traceparentOf } from "./trace.ts";

const context = createMiddleware<AppEnv>(async (c, next) => {
  const started = systemClock.now();
  const requestId = randomId("request");
  const traceparent = traceparentOf(c.req.header("traceparent"));
  const log = createLogger(c.env.LOG_LEVEL, { request_id: requestId, trace: traceparent });
  const metrics = analyticsMetrics(c.env.METRICS);
  c.set("requestId", requestId);
  c.set("traceparent", traceparent);
  c.set("log", log);
  c.set("metrics", metrics);
  c.set("now", started);
  await next();
  c.header("Request-Id", requestId);
  c.header("traceparent", traceparent);
  const duration = systemClock.now() - started;
  const route = matchedRoutes(c).findLast(({ method }) => method !== "ALL")?.path ?? "unmatched";
  const merchant = c.get("principal")?.merchant.id;
  log("info", "request", {
    method: c.req.method,
    route,
    status: c.res.status,
    duration_ms: duration,
    merchant,
    error: c.get("errorCode"),
  });
  metrics.record(
    "request",
    merchant ?? "-",
    [c.req.method, route, String(c.res.status)],
    [duration],
  );
});

function render(c: AppContext, reason: Failure, headers: Readonly<Record<string, string>> = {}) {
  c.set("errorCode", reason.code);
  const requestId = c.get("requestId") ?? randomId("request");
  return c.json(errorBody(reason, requestId), ERRORS[reason.code].status, { ...headers });
}

/** What the framework throws by itself, in our words. */
const FRAMEWORK_ERRORS: Readonly<Record<number, Failure>> = {
  400: failure("INVALID_REQUEST", "The body is not valid JSON."),
  413: failure("BODY_TOO_LARGE", "Send at most 64 KiB."),
  415: failure("UNSUPPORTED_MEDIA_TYPE", "Send 'Content-Type: application/json'."),
};

/** Three tiers: ours, the framework's, and whatever is left, which says nothing to strangers. */
function onError(error: Error, c: AppContext): Response {
  if (error instanceof ApiError) return render(c, error.failure, error.headers);
  const known = error instanceof HTTPException ? FRAMEWORK_ERRORS[error.status] : undefined;
  if (known !== undefined) return render(c, known);
  c.get("log")?.("error", "request.failed", { error: describeError(error) });
  return render(c, failure("INTERNAL", "Something broke on our side; repeat the request."));
}

/** A path that exists with other methods is 405 with `Allow`, anything else 404. */
function notFound(app: App) {
  const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
  return (c: AppContext): Response => {
    const allowed = METHODS.filter((method) =>
      app.router.match(method, c.req.path)[0].some(([[, route]]) => route.method === method),
    );
    if (allowed.length === 0) {
      return render(c, failure("NOT_FOUND", "Nothing is here; the API is described at /docs."));
    }
    const allow = allowed.join(", ");
    return render(c, failure("METHOD_NOT_ALLOWED", `Use ${allow} here.`), { Allow: allow });
  };
}

export function createApp(): App {
  const app: App = new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (!result.success) throw invalidRequest(result.error);
    },
  });
  app.use(context);
  // The console refuses with a page of its own; files of statements are streamed, and limited there.
  app.use(except(["/console", "/console/*", ...UPLOADS], limitedBody));
  registerRoutes(app);
  app.onError(onError);
  app.notFound(notFound(app));
  return app;
}
