/** Answers to a browser that is on its way between a merchant, a channel and us. */
import { z } from "@hono/zod-openapi";
import { html } from "hono/html";

import { apiError, type ErrorCode, ERRORS } from "../errors.ts";
import { type AppContext, errors } from "./http.ts";

const isBrowser = (c: AppContext): boolean =>
  (c.req.header("Accept") ?? "").toLowerCase().includes("text/html");

/** A page for the merchant's browser: no script, no style, nothing to load, nothing to embed. */
export function page(
  c: AppContext,
  status: 200 | (typeof ERRORS)[ErrorCode]["status"],
  text: string,
) {
  const title = status === 200 ? "Authorised" : "Not authorised";
  c.header("Cache-Control", "no-store");
  // The address holds the code: it must not travel on.
  c.header("Referrer-Policy", "no-referrer");
  c.header("X-Content-Type-Options", "nosniff");
  c.header(
    "Content-Security-Policy",
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  );
  return c.html(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>${title}</title>
        </head>
        <body>
          <h1>${title}</h1>
          <p>${text}</p>
        </body>
      </html>`,
    status,
  );
}

/** Says why not: to people as a page, to programs as every other error. */
export function refuse(c: AppContext, code: ErrorCode, text: string) {
  if (!isBrowser(c)) throw apiError(code, text);
  c.set("errorCode", code);
  return page(c, ERRORS[code].status, text);
}

/** For the API document. */
export const htmlContent = { "text/html": { schema: z.string() } };

export const refused = errors(400, 402, 403, 404, 409, 422, 502, 503, 504);

/** People see errors as a page. */
export const shown = <R extends { readonly content: object }>(reply: R) => ({
  ...reply,
  content: { ...reply.content, ...htmlContent },
});
