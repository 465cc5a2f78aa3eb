/**
 * The console as a client of our own API, in the same process. Validation, scopes, tenancy,
 * idempotency, audit and the words of errors are the API's; nothing here reads the database.
 */
import type { ErrorCode, Issue } from "../../errors.ts";
import type { Principal } from "../http.ts";
import { inside } from "../inside.ts";
import type { ConsoleContext } from "./env.ts";

/** The API's error as a value. */
export interface ApiProblem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** Whether something may have happened all the same. */
  readonly outcome: "none" | "unknown" | "done";
  /** Which fields are wrong; empty when it is about something else. */
  readonly issues: readonly Issue[];
  readonly requestId: string;
}

export type ApiAnswer<T> =
  | { readonly ok: true; readonly status: number; readonly body: T }
  | { readonly ok: false; readonly status: number; readonly error: ApiProblem };

/** The answer of a list (API.md section 1). */
export interface ApiList<T> {
  readonly data: readonly T[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}

export interface CallOptions {
  /** `Idempotency-Key`, made when the form was rendered: a double click acts once. */
  readonly key?: string | undefined;
  /** Query parameters; those that are undefined, null or empty are left out. */
  readonly query?: Readonly<Record<string, string | number | null | undefined>>;
}

/** A body that goes on as it comes, however long. */
export interface FileBody {
  readonly stream: ReadableStream;
}

const isFile = (body: unknown): body is FileBody =>
  typeof body === "object" &&
  body !== null &&
  "stream" in body &&
  body.stream instanceof ReadableStream;

/** `/path?…` with the parameters that have a value. */
export function withQuery(path: string, query: NonNullable<CallOptions["query"]>): string {
  const pairs = Object.entries(query).filter(
    ([, value]) => value !== undefined && value !== null && value !== "",
  );
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? path : `${path}?${text}`;
}

/** What the API needs to know about the person's request. */
const CARRIED = ["CF-Connecting-IP", "traceparent"];

/** Asks as this principal; null is the operator. For answers that are not JSON. */
export async function fetchAs(
  c: ConsoleContext,
  principal: Principal | null,
  method: string,
  path: string,
  body?: unknown,
  options: CallOptions = {},
): Promise<Response> {
  const url = new URL(c.req.url).origin + withQuery(path, options.query ?? {});
  const headers = new Headers();
  for (const name of CARRIED) {
    const value = c.req.header(name);
    if (value !== undefined) headers.set(name, value);
  }
  if (options.key !== undefined) headers.set("Idempotency-Key", options.key);
  const file = isFile(body);
  if (body !== undefined) {
    headers.set("Content-Type", file ? "application/octet-stream" : "application/json");
  }
  const sent = file ? body.stream : JSON.stringify(body);
  const init = { method, headers, ...(body === undefined ? {} : { body: sent }) };
  return c.var.gateway.fetch(new Request(url, init), inside(c.env, { principal }), c.executionCtx);
}

/** Asks as whoever is signed in. For answers that are not JSON. */
export const fetchApi = (
  c: ConsoleContext,
  method: string,
  path: string,
  body?: unknown,
  options: CallOptions = {},
): Promise<Response> => fetchAs(c, c.var.session.principal, method, path, body, options);

/** A refusal of the API as a value. */
export async function readRefusal(reply: Response) {
  const { error, request_id: requestId } = await reply.json<{
    error: Omit<ApiProblem, "issues" | "requestId">;
    request_id: string;
  }>();
  const issues = (error.details["issues"] ?? []) as Issue[];
  return { ok: false as const, status: reply.status, error: { ...error, issues, requestId } };
}

/** The API's reply as a value. It is our own, so its shape is what API.md says. */
export async function readAnswer<T>(reply: Response): Promise<ApiAnswer<T>> {
  if (!reply.ok) return readRefusal(reply);
  const text = await reply.text();
  return { ok: true, status: reply.status, body: (text === "" ? null : JSON.parse(text)) as T };
}

/**
 * One call of our API as whoever is signed in. Throws nothing: what the API refuses is a value.
 * `api<Refund>(c, "POST", "/v1/refunds", {…}, { key: form.key })`
 */
export const api = async <T = Record<string, unknown>>(
  c: ConsoleContext,
  method: string,
  path: string,
  body?: unknown,
  options: CallOptions = {},
): Promise<ApiAnswer<T>> => readAnswer<T>(await fetchApi(c, method, path, body, options));
