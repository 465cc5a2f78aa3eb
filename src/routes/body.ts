/** Request bodies: JSON or nothing, and a clear word when they are neither. */
import { createMiddleware } from "hono/factory";
import type { ZodError } from "zod";

import { fromUtf8Strict } from "../crypto/encoding.ts";
import { type ApiError, apiError, type ErrorCode, type Issue } from "../errors.ts";
import { issuesOf } from "../issues.ts";
import type { AppContext, AppEnv } from "./http.ts";

const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);

/** @throws ApiError when the bytes are not UTF-8: they would be stored as something else. */
function decode(bytes: ArrayBuffer): string {
  const text = fromUtf8Strict(new Uint8Array(bytes));
  if (text !== null) return text;
  throw apiError("INVALID_REQUEST", "The body is not valid UTF-8.", {
    issues: [{ path: "", message: "not valid UTF-8" }],
  });
}

/**
 * No fields at all: many clients send an empty body, with or without a content type, where all
 * fields may be left out. It is read as `{}`.
 */
function takeAsEmptyObject(c: AppContext): void {
  const headers = new Headers(c.req.raw.headers);
  headers.set("Content-Type", "application/json");
  headers.delete("Content-Length");
  const { method, url } = c.req.raw;
  c.req.raw = new Request(url, { method, headers, body: "{}" });
  Object.assign(c.req.bodyCache, { text: Promise.resolve("{}"), arrayBuffer: undefined });
}

/** Refuses what is not JSON before a schema looks at it; a POST may be empty. */
export const readableBody = createMiddleware<AppEnv>(async (c, next) => {
  if (!WITH_BODY.has(c.req.method)) return next();
  const text = decode(await c.req.arrayBuffer());
  if (text === "") {
    takeAsEmptyObject(c);
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
