/**
 * Sessions of people. The browser holds 32 random bytes; the table holds their SHA-256, so whoever
 * reads the table cannot sign in with it. A session is never more than the key behind it: the key is
 * read anew for every request, so one that was revoked, or whose merchant was suspended, ends it.
 */
import { getCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";

import { sameSecret } from "../../crypto/constant-time.ts";
import { sha256Hex } from "../../crypto/digest.ts";
import { toBase64Url } from "../../crypto/encoding.ts";
import { hmacHex } from "../../crypto/hmac.ts";
import { idKeyOf } from "../../crypto/id-key.ts";
import { secureRandom } from "../../ids.ts";
import { findKeyHolder } from "../../store/api-keys.ts";
import { changeEntry } from "../../store/audit-log.ts";
import {
  closeSession,
  type ConsoleSession,
  findSession,
  openSession,
  touchSession,
} from "../../store/console-sessions.ts";
import { database } from "../../store/db.ts";
import type { Principal } from "../http.ts";
import { limitStrangers } from "../rate-limit.ts";
import { fetchAs, readAnswer } from "./client.ts";
import type { ConsoleContext, ConsoleEnv, Session } from "./env.ts";
import { refused } from "./frame.tsx";
import { setPageHeaders } from "./headers.ts";

/** However busy: the key must be shown again once a working day. */
const SESSION_LIFE_MS = 12 * 3_600_000;

/** A screen that nobody sits at any more. */
const SESSION_IDLE_MS = 3_600_000;

/** How often `seen_at` is written, at most. */
const SEEN_EVERY_MS = 300_000;

const isSecure = (c: ConsoleContext): boolean => new URL(c.req.url).protocol === "https:";

/**
 * The prefix makes browsers refuse the cookie without TLS. `__Host-` would also demand `Path=/`, and
 * send it along with buyers' pages and API calls.
 */
const cookieName = (c: ConsoleContext): string =>
  isSecure(c) ? "__Secure-itpay_console" : "itpay_console";

/** Lax, not Strict: a link in a mail must open the page, and GET changes nothing. */
function writeCookie(c: ConsoleContext, value: string, seconds: number): void {
  setCookie(c, cookieName(c), value, {
    path: "/console",
    httpOnly: true,
    sameSite: "Lax",
    secure: isSecure(c),
    maxAge: seconds,
  });
}

/** Names the admin token without giving it away, also to somebody who reads the table and guesses. */
export const fingerprintOf = async (env: Env): Promise<string> =>
  hmacHex(await idKeyOf(env.ID_KEY), `console operator\n${env.ADMIN_TOKEN ?? ""}`);

/** For the audit log: who opened a session. */
function signInEntry(c: ConsoleContext, holder: Principal | null) {
  return changeEntry(database(c.env.DB), {
    merchantId: holder?.merchant.id ?? null,
    livemode: holder?.key.livemode ?? null,
    actor:
      holder === null ? { type: "operator", id: null } : { type: "console", id: holder.key.id },
    requestId: c.var.requestId,
    action: "console.signed_in",
    target: holder?.key.id ?? "operator",
    before: null,
    after: { kind: holder === null ? "operator" : "merchant" },
    now: c.var.now,
  });
}

/**
 * Opens a new session for who has just proved a secret; a null holder is an operator. The browser's
 * earlier session, if any, ends (session fixation).
 */
export async function startSession(c: ConsoleContext, holder: Principal | null): Promise<void> {
  const db = database(c.env.DB);
  const cookie = toBase64Url(secureRandom(32));
  const { now } = c.var;
  const earlier = getCookie(c, cookieName(c));
  if (earlier !== undefined) await closeSession(db, await sha256Hex(earlier));
  const session = {
    id: await sha256Hex(cookie),
    kind: holder === null ? ("operator" as const) : ("merchant" as const),
    credential: holder === null ? await fingerprintOf(c.env) : holder.key.public_id,
    merchant_id: holder?.merchant.id ?? null,
    csrf: toBase64Url(secureRandom(32)),
    created_at: now,
    seen_at: now,
    expires_at: now + SESSION_LIFE_MS,
  };
  await openSession(db, session, signInEntry(c, holder));
  writeCookie(c, cookie, SESSION_LIFE_MS / 1_000);
}

/** Signs out: the row goes, so the cookie is worth nothing wherever it is kept. */
export async function endSession(c: ConsoleContext, id: string): Promise<void> {
  await closeSession(database(c.env.DB), id);
  writeCookie(c, "", 0);
}

/** Why somebody has to sign in (again). The sign-in page has a sentence for each. */
export const ENDINGS = {
  none: "Sign in to open this page.",
  over: "Your session is over. Sign in again; nothing was changed.",
  key: "The API key of your session is not accepted any more. Sign in with another one.",
  out: "You are signed out.",
} as const;

export type Ending = keyof typeof ENDINGS;

type Found =
  | { readonly session: Session }
  | { readonly ending: Ending; readonly id: string | null }
  | { readonly refusal: Extract<Awaited<ReturnType<typeof readAnswer>>, { ok: false }> };

/** What the API answers a key with that it no longer takes. */
const KEY_IS_OVER = new Set([401, 403]);

async function ofMerchant(c: ConsoleContext, row: ConsoleSession): Promise<Found> {
  const principal = await findKeyHolder(database(c.env.DB), row.credential);
  if (principal === null) return { ending: "key", id: row.id };
  // Revoked, expired, suspended, wrong address: the API's own checks, in the API's own words.
  const answer = await readAnswer(await fetchAs(c, principal, "GET", "/v1/merchant"));
  if (answer.ok) return { session: sessionOf(row, principal) };
  return KEY_IS_OVER.has(answer.status) ? { ending: "key", id: row.id } : { refusal: answer };
}

const sessionOf = (row: ConsoleSession, principal: Principal | null): Session => ({
  kind: row.kind,
  id: row.id,
  principal,
  csrf: row.csrf,
});

async function findOwn(c: ConsoleContext): Promise<Found> {
  const cookie = getCookie(c, cookieName(c));
  if (cookie === undefined || cookie === "") return { ending: "none", id: null };
  // Not one of ours: it need not be looked for.
  if (!/^[\w-]{43}$/.test(cookie)) return { ending: "over", id: null };
  await limitStrangers(c);
  const db = database(c.env.DB);
  const { now } = c.var;
  const row = await findSession(db, await sha256Hex(cookie));
  if (row === null) return { ending: "over", id: null };
  if (now >= row.expires_at || now - row.seen_at > SESSION_IDLE_MS) {
    return { ending: "over", id: row.id };
  }
  // Parts that refresh themselves are nobody's activity.
  const isPoll = c.req.header("X-Console-Poll") !== undefined;
  if (!isPoll && now - row.seen_at > SEEN_EVERY_MS) await touchSession(db, row.id, now);
  if (row.kind === "merchant") return ofMerchant(c, row);
  const isOpen = (c.env.ADMIN_TOKEN ?? "") !== "";
  return isOpen && (await sameSecret(row.credential, await fingerprintOf(c.env)))
    ? { session: sessionOf(row, null) }
    : { ending: "over", id: row.id };
}

/** Where to go on after signing in: what was asked for, when asking again is harmless. */
function signInPath(c: ConsoleContext, ending: Ending): string {
  const { pathname, search } = new URL(c.req.url);
  const query = new URLSearchParams();
  const asks = c.req.method === "GET";
  // A browser forgets the cookie with the session: who was filling in a form must hear of it.
  const told = ending === "none" && !asks ? "over" : ending;
  if (told !== "none") query.set("ended", told);
  if (asks && pathname !== "/console") query.set("next", pathname + search);
  const text = query.toString();
  return text === "" ? "/console/sign-in" : `/console/sign-in?${text}`;
}

/** Lets in who is signed in and sets `session`; everybody else is led to the sign-in page. */
export const signedIn = createMiddleware<ConsoleEnv>(async (c, next) => {
  const found = await findOwn(c);
  if ("session" in found) {
    c.set("session", found.session);
    return next();
  }
  if ("refusal" in found) return refused(c, found.refusal);
  if (found.id !== null) await endSession(c, found.id);
  setPageHeaders(c);
  const path = signInPath(c, found.ending);
  // A part that htmx asks for must not be replaced by the sign-in page.
  if (c.req.header("HX-Request") !== undefined) {
    c.header("HX-Redirect", path);
    return c.body(null, 204);
  }
  return c.redirect(path, 303);
});
