/** `/console`: pages for a merchant's people and for operators, as a client of our own API. */
import { Hono } from "hono";
import { createMiddleware } from "hono/factory";

import { ApiError, ERRORS, errorBody } from "../../errors.ts";
import { describeError } from "../../log.ts";
import type { App } from "../http.ts";
import { checkCsrf } from "./csrf.ts";
import type { ConsoleContext, ConsoleEnv, NavItem, Page, Session } from "./env.ts";
import { refusePage } from "./frame.tsx";
import { setPageHeaders } from "./headers.ts";
import { limitedBody } from "../limited-body.ts";
import { signedIn } from "./session.ts";
import { registerSignIn, registerSignOut } from "./sign-in.tsx";
import { PAGES } from "./table.ts";
import { onlyTls } from "./tls.ts";
import { isUpload, limitedUpload } from "./upload.ts";

const addressOf = (path: string): string => (path === "/" ? "/console" : `/console${path}`);

const isFor = ({ scope }: Page, { kind }: Session): boolean => scope === "both" || scope === kind;

const navOf = (session: Session): NavItem[] =>
  PAGES.filter((page) => page.nav !== undefined && isFor(page, session)).flatMap((page) =>
    page.nav === undefined ? [] : [{ ...page.nav, href: addressOf(page.path) }],
  );

const navigation = createMiddleware<ConsoleEnv>(async (c, next) => {
  c.set("nav", navOf(c.var.session));
  await next();
});

const bounded = createMiddleware<ConsoleEnv>((c, next) =>
  isUpload(c) ? limitedUpload(c, next) : limitedBody(c, next),
);

const WHO = { merchant: "merchants: sign in with an API key", operator: "operators" } as const;

/** The page itself, or a page that says whose it is. */
const guarded = (page: Page) => (c: ConsoleContext) => {
  if (page.scope === "both" || page.scope === c.var.session.kind) return page.handler(c);
  c.set("errorCode", "FORBIDDEN");
  return refusePage(c, 403, "Not allowed", { text: `This page is for ${WHO[page.scope]}.` });
};

/** Our own refusals in their words; whatever else broke says nothing to strangers. */
function onError(error: Error, c: ConsoleContext): Response | Promise<Response> {
  const requestId = c.get("requestId");
  if (error instanceof ApiError) {
    const { code, message: text } = errorBody(error.failure, requestId).error;
    c.set("errorCode", code);
    return refusePage(c, ERRORS[code].status, "That did not work", { text, requestId });
  }
  c.get("log")("error", "console.failed", { error: describeError(error) });
  c.set("errorCode", "INTERNAL");
  const text = "Something broke on our side. Load the page again; an action is not done twice.";
  return refusePage(c, 500, "That did not work", { text, requestId });
}

export function registerConsole(app: App): void {
  const pages = new Hono<ConsoleEnv>();
  pages.onError(onError);
  pages.use(async (c, next) => {
    c.set("gateway", app);
    await next();
  });
  pages.use(onlyTls, bounded);
  registerSignIn(pages);
  pages.use(signedIn, navigation, checkCsrf);
  registerSignOut(pages);
  for (const page of PAGES) pages.on(page.method.toUpperCase(), page.path, guarded(page));
  pages.all("*", (c) => {
    // As people type it: `/console/` is the page without the last stroke.
    if (c.req.method === "GET" && c.req.path.endsWith("/")) {
      setPageHeaders(c);
      return c.redirect(c.req.path.slice(0, -1) + new URL(c.req.url).search, 303);
    }
    c.set("errorCode", "NOT_FOUND");
    return refusePage(c, 404, "Not found", { text: "There is no such page in the console." });
  });
  app.route("/console", pages);
}
