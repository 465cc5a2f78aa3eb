/**
 * `GET /docs/guides` and `GET /docs/guides/{slug}`: the guides of docs/guides for people, and with
 * `.md` behind the slug as they were written. Not of the API, and so not in its document.
 */
import { html } from "hono/html";

import { type Guide, guideOf, INDEX } from "../docs/guides/list.ts";
import { LOCAL_ORIGIN } from "../docs/guides/links.ts";
import { GuidePage, NoGuidePage } from "../docs/guides/page.tsx";
import { setDocsHeaders } from "./docs.tsx";
import { type App, type AppContext, publicOrigin } from "./http.ts";

/** Pages are rendered when they are first asked for and kept for one address of the deployment. */
function makeRenderer(): (guide: Guide, origin: string) => Promise<string> {
  let kept = { origin: "", pages: new Map<Guide, string>() };
  return async (guide, origin) => {
    if (kept.origin !== origin) kept = { origin, pages: new Map() };
    const { pages } = kept;
    const known = pages.get(guide);
    if (known !== undefined) return known;
    const page = <GuidePage guide={guide} origin={origin} />;
    const rendered = String(await html`<!doctype html>${page}`);
    pages.set(guide, rendered);
    return rendered;
  };
}

async function answerSource(c: AppContext, { text }: Guide): Promise<Response> {
  await setDocsHeaders(c);
  c.header("Content-Type", "text/markdown; charset=utf-8");
  return c.body(text.replaceAll(LOCAL_ORIGIN, publicOrigin(c)), 200);
}

async function answerNothing(c: AppContext): Promise<Response> {
  await setDocsHeaders(c);
  c.header("Cache-Control", "no-store");
  c.set("errorCode", "NOT_FOUND");
  return c.html(html`<!doctype html>${<NoGuidePage />}`, 404);
}

export function registerGuides(app: App): void {
  const render = makeRenderer();

  const answerPage = async (c: AppContext, guide: Guide): Promise<Response> => {
    await setDocsHeaders(c);
    return c.html(await render(guide, publicOrigin(c)), 200);
  };

  app.get("/docs/guides", (c) => answerPage(c, INDEX));

  app.get("/docs/guides/:slug", (c) => {
    const slug = c.req.param("slug");
    const source = slug.endsWith(".md");
    const name = source ? slug.slice(0, -3) : slug;
    // The index has an address without a name; only as a file it needs one.
    const guide = source && name === INDEX.slug ? INDEX : guideOf(name);
    if (guide === undefined) return answerNothing(c);
    return source ? answerSource(c, guide) : answerPage(c, guide);
  });
}
