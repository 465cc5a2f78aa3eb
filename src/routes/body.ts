/** Request bodies: JSON or nothing, and a clear word when they are neither. */
import { createMiddleware } from "hono/factory";
import type { ZodError } from "zod";

import { type ApiError, apiError, type ErrorCode, type Issue } from "../errors.ts";
import { issuesOf } from "../issues.ts";
import type { AppEnv } from "./http.ts";

const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);

/** Refuses what is not JSON before a schema looks at it; a POST may be empty. */
export const readableBody = createMiddleware<AppEnv>(async (c, next) => {
  if (!WITH_BODY.has(c.req.method)) return next();
  const text = await c.req.text();
  if (text === "") {
    // An empty body under a JSON content type is what many clients send for "no fields".
    Object.assign(c.req.bodyCache, { text: Promise.resolve("{}") });
    return next();
  }
  const type = c.req.header("Content-Type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw apiError("UNSUPPORTED_MEDIA_TYPE", "Send 'Content-Type: application/json'.");
  }
  try {
    JSON.parse(text);
  } catch {
    throw apiError("INVALID_REQUEST", "The body is not valid JSON.", {
      issues: [{ path: "", message: "not valid JSON" }],
    });
  }
  return next();
});

/** Fields whose faults have a code of their own, when nothing else is wrong. */
const CODE_OF_PATH: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^amount\.value$/, "AMOUNT_INVALID"],
  [/^amount\.currency$/, "CURRENCY_UNSUPPORTED"],
  [/^method$/, "METHOD_UNSUPPORTED"],
];

const codeFor = (issues: readonly Issue[]): ErrorCode => {
  const codes = new Set(
    issues.map(({ path }) => CODE_OF_PATH.find(([at]) => at.test(path))?.[1] ?? "INVALID_REQUEST"),
  );
  const [only = "INVALID_REQUEST"] = codes;
  return codes.size === 1 ? only : "INVALID_REQUEST";
};

/** A failed validation as the error that the caller sees. */
export function invalidRequest(error: ZodError): ApiError {
  const issues = issuesOf(error);
  const first = issues[0];
  const where = first === undefined || first.path === "" ? "The request" : first.path;
  return apiError(codeFor(issues), `${where}: ${first?.message ?? "invalid"}.`, { issues });
}
