/**
 * `GET /docs`: the reference for people, rendered from the same document that programs read. The
 * page loads nothing and runs nothing: its policy allows its one style sheet by hash.
 */
import { createRoute, z } from "@hono/zod-openapi";
import { html } from "hono/html";

import { sha256 } from "../crypto/digest.ts";
import { toBase64 } from "../crypto/encoding.ts";
import { DocsPage } from "../docs/page.tsx";
import { STYLE } from "../docs/style.ts";
import { type App, type AppContext, publicOrigin } from "./http.ts";
import { documentOf, registerOpenApi } from "./openapi.ts";

const route = createRoute({
  method: "get",
  path: "/docs",
  tags: ["Meta"],
  operationId: "getDocs",
  summary: "This page",
  responses: {
    200: { description: "The page.", content: { "text/html": { schema: z.string() } } },
  },
});

const policyFor = (styleHash: string) =>
  `default-src 'none'; style-src 'sha256-${styleHash}'; img-src 'self'; ` +
  `base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

let policy: string | null = null;

/** What every page of the documentation may do, which is nothing but look right. */
export async function setDocsHeaders(c: AppContext): Promise<void> {
  policy ??= policyFor(toBase64(await sha256(STYLE)));
  c.header("Cache-Control", "public, max-age=300");
  c.header("Content-Security-Policy", policy);
  c.header("Referrer-Policy", "no-referrer");
  c.header("X-Content-Type-Options", "nosniff");
}

export function registerDocs(app: App): void {
  const document = documentOf(app);
  registerOpenApi(app, document);

  // The last rendering is kept: a deployment has one address, at most a few.
  let kept: { readonly origin: string; readonly page: string } | null = null;

  app.openapi(route, async (c) => {
    const origin = publicOrigin(c);
    if (kept?.origin !== origin) {
      const page = <DocsPage document={document()} origin={origin} />;
      kept = { origin, page: String(await html`<!doctype html>${page}`) };
    }
    await setDocsHeaders(c);
    return c.html(kept.page, 200);
  });
}
