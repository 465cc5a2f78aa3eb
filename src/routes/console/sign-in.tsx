/** `/console/sign-in`: an API key, or the admin token. The secret is proved once and not kept. */
import type { Hono } from "hono";

import { parseApiKey } from "../../crypto/api-key.ts";
import { sameSecret } from "../../crypto/constant-time.ts";
import { ExpiringCache } from "../../expiring-cache.ts";
import { findKeyHolder } from "../../store/api-keys.ts";
import { database } from "../../store/db.ts";
import type { Principal } from "../http.ts";
import { isWithinRate } from "../rate-limit.ts";
import { readAnswer } from "./client.ts";
import { comesFromUs } from "./csrf.ts";
import type { ConsoleContext, ConsoleEnv } from "./env.ts";
import { readForm } from "./form.ts";
import { refusePage, show } from "./frame.tsx";
import { setPageHeaders } from "./headers.ts";
import { type Ending, endSession, ENDINGS, startSession } from "./session.ts";

/** Wrong secrets that one address may try in one isolate before it has to wait. */
const FAILURES_ALLOWED = 10;
const FAILURES_KEPT_MS = 15 * 60_000;

/** In memory only: guessing 190 bits is hopeless anyway, this keeps the noise down. */
const failures = new ExpiringCache<{ count: number }>(FAILURES_KEPT_MS, 5_000);

/** One sentence for every wrong secret, so that probing learns nothing. */
const WRONG = "This is not a valid API key or admin token.";
const TOO_MANY = "Too many attempts from your address. Wait 15 minutes.";
const FOREIGN = "The form was sent by another site. Open the sign-in page and try again.";

/**
 * The page to go on to; anything but one of our own pages is the overview (open redirect: a link to
 * our sign-in page that ends on a copy of it elsewhere).
 */
export function nextPath(text: string | undefined, base: string): string {
  if (text === undefined || !/^\/console(?:[/?]|$)/.test(text)) return "/console";
  const { origin, pathname, search } = new URL(text, base);
  const isOurs = origin === new URL(base).origin && /^\/console(?:\/|$)/.test(pathname);
  return isOurs ? pathname + search : "/console";
}

type Proof =
  | { readonly holder: Principal | null }
  | { readonly status: number; readonly text: string };

async function proveKey(c: ConsoleContext, key: string, publicId: string): Promise<Proof> {
  const headers = new Headers({ Authorization: `Bearer ${key}` });
  const address = c.req.header("CF-Connecting-IP");
  if (address !== undefined) headers.set("CF-Connecting-IP", address);
  const request = new Request(new URL("/v1/merchant", c.req.url), { headers });
  const answer = await readAnswer(await c.var.gateway.fetch(request, c.env, c.executionCtx));
  if (answer.ok) {
    const holder = await findKeyHolder(database(c.env.DB), publicId);
    return holder === null ? { status: 401, text: WRONG } : { holder };
  }
  // Only who has the whole key is told that it was revoked, has expired, and so on.
  const { status, error } = answer;
  return { status, text: error.code === "UNAUTHENTICATED" ? WRONG : error.message };
}

async function prove(c: ConsoleContext, secret: string): Promise<Proof> {
  const key = parseApiKey(secret);
  if (key !== null) return proveKey(c, secret, key.publicId);
  const token = c.env.ADMIN_TOKEN ?? "";
  const isOperator = token !== "" && (await sameSecret(token, secret));
  return isOperator ? { holder: null } : { status: 401, text: WRONG };
}

function page(c: ConsoleContext, status: number, problem: string | null, next: string) {
  const ended = c.req.query("ended") ?? "";
  const note = Object.hasOwn(ENDINGS, ended) ? ENDINGS[ended as Ending] : null;
  return show(
    c,
    { title: "Sign in", status },
    <>
      {note === null || problem !== null ? null : (
        <p class="flash" role="status">
          {note}
        </p>
      )}
      <form method="post" action="/console/sign-in" class="form">
        <input type="hidden" name="next" value={next} />
        <div class={problem === null ? "field" : "field wrong"}>
          <label for="secret">API key or admin token</label>
          <p class="hint" id="secret-hint">
            A test key (<code>sk_test_…</code>) opens test mode, a live key (<code>sk_liv_…</code>)
            the live one. What the key may not do, you cannot do here.
          </p>
          {problem === null ? null : (
            <p class="error" id="secret-error" role="alert">
              {problem}
            </p>
          )}
          <input
            id="secret"
            name="secret"
            type="password"
            autocomplete="current-password"
            aria-describedby={problem === null ? "secret-hint" : "secret-hint secret-error"}
            aria-invalid={problem === null ? undefined : "true"}
            required
            autofocus
            maxlength={512}
            spellcheck={false}
          />
        </div>
        <button class="primary">Sign in</button>
      </form>
      <p class="quiet">
        You stay signed in for 12 hours, or until an hour has passed without a page.
      </p>
    </>,
  );
}

async function signIn(c: ConsoleContext): Promise<Response> {
  const form = await readForm(c);
  const next = nextPath(form.text("next"), c.req.url);
  if (!comesFromUs(c)) return page(c, 403, FOREIGN, next);
  const address = c.req.header("CF-Connecting-IP") ?? "unknown";
  const { now } = c.var;
  const failed = await failures.get(address, now, () => Promise.resolve({ count: 0 }));
  const isCalm = await isWithinRate(c, `sign-in:${address}`);
  if (!isCalm || (failed !== null && failed.count >= FAILURES_ALLOWED)) {
    c.set("errorCode", "RATE_LIMITED");
    return page(c, 429, TOO_MANY, next);
  }
  const proof = await prove(c, form.text("secret"));
  if (!("holder" in proof)) {
    if (failed !== null) failed.count += 1;
    c.set("errorCode", proof.status === 401 ? "UNAUTHENTICATED" : "FORBIDDEN");
    return page(c, proof.status, proof.text, next);
  }
  failures.drop(address);
  await startSession(c, proof.holder);
  setPageHeaders(c);
  return c.redirect(next, 303);
}

export function registerSignIn(pages: Hono<ConsoleEnv>): void {
  pages.get("/sign-in", (c) => page(c, 200, null, nextPath(c.req.query("next"), c.req.url)));
  pages.post("/sign-in", (c) => signIn(c));
}

/** Behind `signedIn` and the check of the form. */
export function registerSignOut(pages: Hono<ConsoleEnv>): void {
  pages.post("/sign-out", async (c) => {
    await endSession(c, c.var.session.id);
    setPageHeaders(c);
    return c.redirect("/console/sign-in?ended=out", 303);
  });
  pages.get("/sign-out", (c) =>
    refusePage(c, 405, "Sign out", { text: "Use the button at the top of a page." }),
  );
}
