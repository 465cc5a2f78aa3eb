/** Who may ask about services: merchants with a key, and everybody for the active live ones. */
import { z } from "@hono/zod-openapi";
import { createMiddleware } from "hono/factory";

import { serviceNotFound } from "../../agents/service-cache.ts";
import { ApiError } from "../../errors.ts";
import { database } from "../../store/db.ts";
import { findOwnService, type ServiceRow } from "../../store/services.ts";
import { authenticate, merchantAuth } from "../authenticate.ts";
import { type AppContext, type AppEnv, idParam, type Principal } from "../http.ts";
import { idempotent } from "../idempotent.ts";
import { insiderOf } from "../inside.ts";
import { limitStrangers } from "../rate-limit.ts";

export const tags = ["Services"];
export const params = z.object({ id: idParam("id", "svc_01k5x0e8m3v7q2r9t4w6y8z0ab") });

export const reading = merchantAuth(null);
export const changing = merchantAuth("services:write");
export const creating = { ...changing, middleware: [...changing.middleware, idempotent] };

/** The merchant that asks; null: anybody. */
export function callerOf(c: AppContext): Principal | null {
  const principal = c.get("principal") as Principal | undefined;
  return principal ?? null;
}

const withKey = authenticate(null);

/** A key is checked when one is sent, and asked for where strangers have nothing to see. */
const perhapsWithKey = createMiddleware<AppEnv>(async (c, next) => {
  const signedIn = (insiderOf(c.env)?.principal ?? null) !== null;
  const asked = c.req.header("Authorization") !== undefined || c.req.query("mine") === "true";
  if (signedIn || asked) return withKey(c, next);
  await limitStrangers(c);
  return next();
});

/** The parts of a `createRoute` configuration that a key is optional for. */
export const open = { middleware: [perhapsWithKey] };

export const notFound = (id: string): ApiError =>
  new ApiError(serviceNotFound(id, "no_manifest_registered"));

/** @throws ApiError SERVICE_NOT_FOUND for a service of another merchant or mode too */
export async function ownService(c: AppContext, id: string): Promise<ServiceRow> {
  const { merchant, key } = c.var.principal;
  const row = await findOwnService(database(c.env.DB), merchant.id, key.livemode, id);
  if (row === null) throw notFound(id);
  return row;
}
