/**
 * Cross-site request forgery: another site's page makes a signed-in browser post our forms. Every
 * form carries the session's token, and the browser says where a request comes from.
 */
import { createMiddleware } from "hono/factory";

import { sameSecret } from "../../crypto/constant-time.ts";
import type { ConsoleContext, ConsoleEnv } from "./env.ts";
import { CSRF_FIELD, CSRF_HEADER, readForm } from "./form.ts";
import { refusePage } from "./frame.tsx";

/**
 * Whether the browser says that the request comes from one of our own pages. Programs that say
 * nothing pass: they do not carry somebody else's cookie by accident, and need the token all the same.
 */
export function comesFromUs(c: ConsoleContext): boolean {
  const site = c.req.header("Sec-Fetch-Site");
  if (site !== undefined) return site === "same-origin";
  const origin = c.req.header("Origin");
  return origin === undefined || origin === new URL(c.req.url).origin;
}

async function carriedToken(c: ConsoleContext): Promise<string> {
  const header = c.req.header(CSRF_HEADER);
  if (header !== undefined) return header;
  return (await readForm(c)).raw(CSRF_FIELD);
}

/** For every POST of somebody who is signed in. Nothing has happened when it refuses. */
export const checkCsrf = createMiddleware<ConsoleEnv>(async (c, next) => {
  if (c.req.method === "GET" || c.req.method === "HEAD") return next();
  const sound = comesFromUs(c) && (await sameSecret(c.var.session.csrf, await carriedToken(c)));
  if (sound) return next();
  c.set("errorCode", "FORBIDDEN");
  return refusePage(c, 403, "This form is not valid any more", {
    text:
      "It was made for another session, or it was sent by another site. Nothing was changed. " +
      "Open the page again and repeat what you wanted to do.",
  });
});
