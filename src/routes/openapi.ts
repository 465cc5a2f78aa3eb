/** `GET /openapi.json`: the API as a document, from the schemas that requests are checked with. */
import { createRoute, z } from "@hono/zod-openapi";

import { buildDocument } from "../docs/document.ts";
import type { ApiDocument } from "../docs/model.ts";
import { type App, publicOrigin } from "./http.ts";

const route = createRoute({
  method: "get",
  path: "/openapi.json",
  tags: ["Meta"],
  operationId: "getOpenApiDocument",
  summary: "This API as an OpenAPI 3.1 document",
  responses: {
    200: {
      description: "The document.",
      content: { "application/json": { schema: z.record(z.string(), z.unknown()) } },
    },
  },
});

/** The document is made at the first question, when every route is registered, and kept. */
export function documentOf(app: App): () => ApiDocument {
  let made: ApiDocument | null = null;
  return () => (made ??= buildDocument(app));
}

export function registerOpenApi(app: App, document: () => ApiDocument): void {
  app.openapi(route, (c) => {
    c.header("Cache-Control", "public, max-age=300");
    // Tools in other origins' pages may read it: there is nothing secret in it.
    c.header("Access-Control-Allow-Origin", "*");
    const { openapi, info, ...rest } = document();
    return c.json({ openapi, info, servers: [{ url: publicOrigin(c) }], ...rest }, 200);
  });
}
