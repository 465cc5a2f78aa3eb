/** The operator's door: `Authorization: Bearer $ADMIN_TOKEN`. Unset means closed for everybody. */
import { createMiddleware } from "hono/factory";

import { sameSecret } from "../crypto/constant-time.ts";
import { apiError, ApiError, failure } from "../errors.ts";
import { readableBody } from "./body.ts";
import type { AppEnv } from "./http.ts";
import { isInClear } from "./in-clear.ts";
import { insiderOf } from "./inside.ts";

const unauthenticated = (message: string) =>
  new ApiError(failure("UNAUTHENTICATED", message), {
    "WWW-Authenticate": 'Bearer realm="itpay-admin"',
  });

const onlyOperators = createMiddleware<AppEnv>(async (c, next) => {
  c.set("actor", { type: "operator", id: null });
  if (insiderOf(c.env)?.principal === null) return next();
  const token = c.env.ADMIN_TOKEN ?? "";
  if (token === "") {
    throw apiError("FORBIDDEN", "ADMIN_TOKEN is not set on this deployment: /v1/admin is closed.");
  }
  const sent = /^Bearer (.+)$/i.exec(c.req.header("Authorization") ?? "")?.[1];
  if (isInClear(c.env, c.req.url)) {
    throw apiError("FORBIDDEN", "Use https. If you sent the admin token in clear, replace it.");
  }
  if (sent === undefined) {
    throw unauthenticated("Send 'Authorization: Bearer <ADMIN_TOKEN>'.");
  }
  if (!(await sameSecret(token, sent))) {
    throw unauthenticated("The admin token is wrong.");
  }
  await next();
});

/** The parts of a `createRoute` configuration that only operators may call. */
export const adminAuth = () => ({
  security: [{ admin: [] }],
  "x-scope": "admin",
  middleware: [onlyOperators, readableBody],
});
