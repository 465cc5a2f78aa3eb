/** The console is served over TLS alone. */
import { createMiddleware } from "hono/factory";

import { isInClear } from "../in-clear.ts";
import type { ConsoleEnv } from "./env.ts";

const A_YEAR_S = 31_536_000;

/**
 * In production a page that was asked for in clear is asked for again over TLS, before a form of it
 * or a cookie exists; browsers that have been here once do not ask in clear again (HSTS).
 *
 * Attack: who sits between a browser and us serves the sign-in page over plain HTTP and reads the
 * key, or the cookie of a session that was opened there.
 */
export const onlyTls = createMiddleware<ConsoleEnv>(async (c, next) => {
  const { protocol, host } = new URL(c.req.url);
  if (isInClear(c.env, c.req.url)) return c.redirect(`https://${host}/console`, 303);
  await next();
  if (protocol === "https:") c.header("Strict-Transport-Security", `max-age=${A_YEAR_S}`);
  return undefined;
});
