/**
 * `Idempotency-Key` for requests that change settings (API.md section 1). The first answer is
 * kept; a repeat after a crash runs again with the same ids, so it finds its own half-done work.
 */
import { createMiddleware } from "hono/factory";

import { canonicalJson } from "../canonical-json.ts";
import { sha256Hex } from "../crypto/digest.ts";
import { idKeyOf } from "../crypto/id-key.ts";
import { ApiError, apiError, failure } from "../errors.ts";
import { derivedId, type IdKind, randomId } from "../ids.ts";
import type { AppContext, AppEnv } from "./http.ts";

/** The request's key, or null. @throws ApiError when it is not 1–255 printable ASCII. */
export function readIdempotencyKey(c: AppContext): string | null {
  const key = c.req.header("Idempotency-Key");
  if (key === undefined) return null;
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw apiError(
      "INVALID_REQUEST",
      "Idempotency-Key must be 1 to 255 printable ASCII characters.",
      {
        issues: [{ path: "Idempotency-Key", message: "1 to 255 printable ASCII characters" }],
      },
    );
  }
  return key;
}

/** SHA-256 of the canonical body: key order and white space do not matter, values do. */
export async function fingerprintOf(c: AppContext): Promise<string> {
  const text = await c.req.text();
  return sha256Hex(text === "" ? "" : canonicalJson(JSON.parse(text)));
}

const inFlight = () =>
  new ApiError(
    failure(
      "IDEMPOTENCY_IN_FLIGHT",
      "The first request with this key still runs; repeat it later.",
    ),
    { "Retry-After": "2" },
  );

export const mismatch = () =>
  apiError(
    "IDEMPOTENCY_MISMATCH",
    "This Idempotency-Key was used with another body; use a new key.",
  );

/** Keys of one caller mean nothing to another: merchant and mode, or the operator. */
function callerOf(c: AppContext): string[] {
  const principal = c.get("principal") as AppEnv["Variables"]["principal"] | undefined;
  if (principal === undefined) return ["operator", ""];
  return [principal.merchant.id, principal.key.livemode ? "live" : "test"];
}

/** Put after `authenticate` on POST routes that create or change settings. */
export const idempotent = createMiddleware<AppEnv>(async (c, next) => {
  const key = readIdempotencyKey(c);
  if (key === null) {
    c.set("newId", async (kind: IdKind) => randomId(kind));
    await next();
    return;
  }
  const scope = [...callerOf(c), c.req.path, key];
  const secret = await idKeyOf(c.env.ID_KEY);
  c.set("newId", (kind: IdKind, use = "") => derivedId(kind, secret, [...scope, use]));
  const request = c.env.REQUESTS.getByName(await derivedId("request", secret, scope));
  const ticket = await request.begin(await fingerprintOf(c));
  switch (ticket.kind) {
    case "mismatch":
      throw mismatch();
    case "in_flight":
      throw inFlight();
    case "replay":
      c.res = new Response(ticket.body, {
        status: ticket.status,
        headers: { "Content-Type": "application/json", "Idempotent-Replayed": "true" },
      });
      return;
    case "run": {
      await next();
      const { status } = c.res;
      const isOpen = c.get("outcomeIsOpen") === true;
      if (c.error === undefined && status < 300 && !isOpen) {
        await request.finish(ticket.turn, status, await c.res.clone().text());
      } else if (status >= 500 || isOpen) {
        await request.release(ticket.turn);
      } else {
        await request.abandon(ticket.turn);
      }
    }
  }
});
