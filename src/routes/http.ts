/** What every route shares: the app's type, how a caller is known, and how lists and errors look. */
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";

import { ERROR_CODES, ERRORS, type ErrorCode } from "../errors.ts";
import type { IdKind } from "../ids.ts";
import type { Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Owner } from "../owner.ts";
import type { KeyHolder } from "../store/api-keys.ts";
import type { Trace } from "../trace.ts";

/** A merchant's request after authentication. */
export type Principal = KeyHolder;

/** Who changes a setting, for the audit log. */
export interface Actor {
  readonly type: "api_key" | "console" | "operator" | "registration";
  /** The key that asks, also behind a console session; null: an operator, or nobody yet. */
  readonly id: string | null;
}

export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    /** W3C trace id of the request, taken in or made; passed on to objects and logs. */
    traceparent: string;
    log: Logger;
    metrics: Metrics;
    /** Milliseconds since 1970 when the request came in. */
    now: number;
    /** The code of the error that was answered, for logs. */
    errorCode: ErrorCode | undefined;
    /** Set by `authenticate`. */
    principal: Principal;
    /** Set by `authenticate` and by the operator's door. */
    actor: Actor;
    /**
     * Set by `idempotent`: an id that a repeat of this request gets too. `use` tells apart several
     * of one kind.
     */
    newId: (kind: IdKind, use?: string) => Promise<string>;
    /** The outcome is not known yet: a repeat goes on where this one stopped, and is not a replay. */
    outcomeIsOpen: boolean | undefined;
  };
}

export type App = OpenAPIHono<AppEnv>;
export type AppContext = Context<AppEnv>;

export const ErrorBody = z
  .object({
    error: z.object({
      code: z.enum(ERROR_CODES),
      message: z.string(),
      details: z.record(z.string(), z.unknown()),
      retryable: z.boolean(),
      outcome: z.enum(["none", "unknown", "done"]),
    }),
    request_id: z.string(),
  })
  .openapi("Error");

type ErrorStatus = (typeof ERRORS)[ErrorCode]["status"];

const errorReply = (description: string) => ({
  description,
  content: { "application/json": { schema: ErrorBody } },
});

type ErrorReply = ReturnType<typeof errorReply>;

/** The error responses of a route, for its OpenAPI description. */
export function errors<const S extends readonly ErrorStatus[]>(
  ...statuses: S
): Record<S[number], ErrorReply> {
  const codes = Object.entries(ERRORS);
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      errorReply(
        codes
          .filter(([, spec]) => spec.status === status)
          .map(([code]) => code)
          .join(", "),
      ),
    ]),
  ) as Record<S[number], ErrorReply>;
}

/** A JSON response of a route, for its OpenAPI description. */
export const jsonReply = <S extends z.ZodType>(schema: S, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

/** A required JSON body of a route, for its OpenAPI description. */
export const jsonBody = <S extends z.ZodType>(schema: S) => ({
  required: true as const,
  content: { "application/json": { schema } },
});

export const Timestamp = z.iso.datetime().openapi({ example: "2026-11-01T08:30:00.000Z" });

/** The schema of a list of `item` (API.md section 1). */
export const listOf = <S extends z.ZodType>(item: S) =>
  z.object({
    object: z.literal("list"),
    data: z.array(item),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
  });

/** The path parameter of an object of this kind. */
export const idParam = (name: string, example: string) =>
  z.string().openapi({ param: { name, in: "path" }, example });

/** What joins this request's log lines, events and channel calls. */
export const traceOf = (c: AppContext): Trace => ({
  requestId: c.var.requestId,
  traceparent: c.var.traceparent,
});

/** Whose payments the caller may see. */
export const ownerOf = (c: AppContext): Owner => ({
  merchantId: c.var.principal.merchant.id,
  livemode: c.var.principal.key.livemode,
});

/** Where clients reach the deployment, without a slash at the end. */
export const publicOrigin = (c: AppContext): string =>
  (c.env.PUBLIC_URL === "" ? new URL(c.req.url).origin : c.env.PUBLIC_URL).replace(/\/+$/, "");
