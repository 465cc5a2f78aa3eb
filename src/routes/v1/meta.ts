/** What the deployment says of itself: the error table, and whether it is well. */
import { createRoute, z } from "@hono/zod-openapi";

import { systemClock } from "../../clock.ts";
import { ERROR_CODES, ERRORS } from "../../errors.ts";
import { intentObject } from "../../intent/client.ts";
import { describeError } from "../../log.ts";
import { type App, type AppContext, jsonReply, listOf } from "../http.ts";
import { wholeList } from "../pages.ts";

const ErrorRow = z
  .object({
    code: z.enum(ERROR_CODES),
    status: z.int(),
    retryable: z.boolean(),
    outcome: z.enum(["none", "unknown", "done"]),
    description: z.string(),
  })
  .openapi("ErrorCode");

const errorCodes = createRoute({
  method: "get",
  path: "/v1/error-codes",
  tags: ["Meta"],
  operationId: "listErrorCodes",
  summary: "Every error code",
  description: "From the same table that the API answers from. Needs no key.",
  responses: { 200: jsonReply(listOf(ErrorRow), "The table.") },
});

const health = createRoute({
  method: "get",
  path: "/health",
  tags: ["Meta"],
  operationId: "getHealth",
  summary: "Whether the process answers",
  responses: { 200: jsonReply(z.object({ status: z.literal("ok") }), "Alive.") },
});

const Check = z.object({ status: z.enum(["ok", "failed"]), duration_ms: z.int() });

const Ready = z.object({
  status: z.enum(["ok", "failed"]),
  checks: z.object({ database: Check, objects: Check, queues: Check }),
});

const ready = createRoute({
  method: "get",
  path: "/ready",
  tags: ["Meta"],
  operationId: "getReadiness",
  summary: "Whether the parts behind the process answer",
  description: "The database, the payments' objects and the queues, each with its time.",
  responses: {
    200: jsonReply(Ready, "All of them answer."),
    503: jsonReply(Ready, "At least one does not."),
  },
});

async function check(
  c: AppContext,
  name: string,
  work: () => Promise<unknown>,
): Promise<z.infer<typeof Check>> {
  const started = systemClock.now();
  try {
    await work();
    return { status: "ok", duration_ms: systemClock.now() - started };
  } catch (error) {
    c.var.log("error", "ready.failed", { check: name, error: describeError(error) });
    return { status: "failed", duration_ms: systemClock.now() - started };
  }
}

/** An id that no payment has: reading it wakes an object and writes nothing. */
const NOBODY = `pi_${"0".repeat(26)}`;

export function registerMeta(app: App): void {
  app.openapi(errorCodes, (c) => {
    const data = ERROR_CODES.map((code) => {
      const { status, retryable, outcome, description } = ERRORS[code];
      return { code, status, retryable, outcome, description };
    });
    return c.json(wholeList(data), 200);
  });

  app.openapi(health, (c) => c.json({ status: "ok" as const }, 200));

  app.openapi(ready, async (c) => {
    const [database, objects, queues] = await Promise.all([
      check(c, "database", () => c.env.DB.prepare("SELECT 1").first()),
      check(c, "objects", () => intentObject(c.env, NOBODY).get()),
      check(c, "queues", () => c.env.EVENTS.metrics()),
    ]);
    const checks = { database, objects, queues };
    const failed = Object.values(checks).some(({ status }) => status === "failed");
    return failed
      ? c.json({ status: "failed" as const, checks }, 503)
      : c.json({ status: "ok" as const, checks }, 200);
  });
}
