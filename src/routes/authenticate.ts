/**
 * Who is calling: `Authorization: Bearer <key>` or `Authorization: ItPay <id>:<sig>` with
 * `X-ItPay-Timestamp` (API.md section 1). Everything is checked before a scope is looked at, and
 * every refusal of a wrong secret reads the same, so that probing learns nothing.
 */
import { createMiddleware } from "hono/factory";
import ipaddr from "ipaddr.js";

import { SETTINGS_CACHE_MS, SIGNATURE_TOLERANCE_MS } from "../constants.ts";
import { isPublicKeyId, parseApiKey } from "../crypto/api-key.ts";
import { sameSecret } from "../crypto/constant-time.ts";
import { hmacHex, importHmacKey } from "../crypto/hmac.ts";
import { openVault } from "../crypto/vault.ts";
import { ApiError, apiError, failure } from "../errors.ts";
import { describeError } from "../log.ts";
import { findKeyHolder, type KeyHolder, touchApiKey } from "../store/api-keys.ts";
import { ExpiringCache } from "../expiring-cache.ts";
import { database } from "../store/db.ts";
import { readableBody } from "./body.ts";
import type { AppContext, AppEnv } from "./http.ts";
import { isInClear } from "./in-clear.ts";
import { insiderOf } from "./inside.ts";
import { limitRate, limitStrangers } from "./rate-limit.ts";

export const SCOPES = [
  "payments:read",
  "payments:write",
  "refunds:write",
  "webhooks:write",
  "channels:write",
  "services:write",
  "installs:write",
  "reports:read",
] as const;

/** `*` is every scope: only a key without restrictions has it. */
export type Scope = (typeof SCOPES)[number] | "*";

/** How often `last_used_at` is written, at most. */
const TOUCH_EVERY_MS = 3_600_000;

interface KnownKey extends KeyHolder {
  readonly secret: string;
}

const knownKeys = new ExpiringCache<KnownKey>(SETTINGS_CACHE_MS);

/** Forgets a key in this isolate at once; others follow within `SETTINGS_CACHE_MS`. */
export const forgetApiKey = (publicId: string): void => knownKeys.drop(publicId);

/** Forgets every key in this isolate: after a merchant or one of its accounts changed. */
export const forgetAllApiKeys = (): void => knownKeys.clear();

function loadKey(c: AppContext, publicId: string, now: number): Promise<KnownKey | null> {
  const { env } = c;
  return knownKeys.get(publicId, now, async () => {
    await limitStrangers(c);
    const holder = await findKeyHolder(database(env.DB), publicId);
    if (holder === null) return null;
    const secret = await openVault(env.VAULT_KEY).open(holder.key.sealed_secret, holder.key.id);
    return { ...holder, secret };
  });
}

const unauthenticated = (message: string) =>
  new ApiError(failure("UNAUTHENTICATED", message), {
    "WWW-Authenticate": 'Bearer realm="itpay", ItPay realm="itpay"',
  });

const HOW =
  "Send 'Authorization: Bearer sk_…' or sign the request with 'Authorization: ItPay id:sig'.";

async function proveBearer(c: AppContext, token: string, now: number): Promise<KnownKey> {
  const parsed = parseApiKey(token);
  if (parsed === null) throw unauthenticated(`The bearer token is not an API key. ${HOW}`);
  const known = await loadKey(c, parsed.publicId, now);
  if (known === null || !(await sameSecret(known.secret, parsed.secret))) {
    throw unauthenticated("The API key is wrong, or it belongs to another environment.");
  }
  return known;
}

/** HMAC-SHA256(secret, timestamp + METHOD + path + raw body), lower-case hex, ±300 s. */
async function proveSignature(c: AppContext, credentials: string, now: number): Promise<KnownKey> {
  const [publicId = "", signature = "", ...rest] = credentials.split(":");
  if (!isPublicKeyId(publicId) || !/^[0-9a-f]{64}$/.test(signature) || rest.length > 0) {
    throw unauthenticated("Write 'Authorization: ItPay sk_test_<id>:<64 lower-case hex digits>'.");
  }
  const timestamp = c.req.header("X-ItPay-Timestamp") ?? "";
  if (!/^\d{10}$/.test(timestamp)) {
    throw apiError("TIMESTAMP_OUT_OF_RANGE", "Send X-ItPay-Timestamp with 10 digits of seconds.");
  }
  if (Math.abs(now - Number(timestamp) * 1_000) > SIGNATURE_TOLERANCE_MS) {
    throw apiError("TIMESTAMP_OUT_OF_RANGE", "X-ItPay-Timestamp is over 300 s from our clock.");
  }
  const known = await loadKey(c, publicId, now);
  const bodiless = c.req.method === "GET" || c.req.method === "DELETE";
  const body = bodiless ? "" : await c.req.text();
  // An unknown key is tried against a secret too, so that both refusals cost the same.
  const key = await importHmacKey(known?.secret ?? "no such key");
  const expected = await hmacHex(key, `${timestamp}${c.req.method}${c.req.path}${body}`);
  if (!(await sameSecret(expected, signature)) || known === null) {
    throw apiError(
      "SIGNATURE_INVALID",
      "Sign timestamp + METHOD + path (no query) + raw body with the secret half of the key.",
    );
  }
  return known;
}

async function prove(c: AppContext, now: number): Promise<KnownKey> {
  const header = c.req.header("Authorization");
  if (header === undefined) throw unauthenticated(`No Authorization header. ${HOW}`);
  if (isInClear(c.env, c.req.url)) {
    throw apiError("FORBIDDEN", "Use https. This key was sent in clear: rotate it.");
  }
  const [scheme = "", credentials = ""] = header.split(" ", 2);
  switch (scheme.toLowerCase()) {
    case "bearer":
      return proveBearer(c, credentials, now);
    case "itpay":
      return proveSignature(c, credentials, now);
    default:
      throw unauthenticated(`The Authorization scheme is unknown. ${HOW}`);
  }
}

/** Whether an address lies in one of the CIDR ranges (or equals one of the addresses). */
function addressAllowed(address: string, ranges: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.process(address);
  return ranges.some((range) => {
    const [network, bits] = range.includes("/")
      ? ipaddr.parseCIDR(range)
      : [ipaddr.parse(range), null];
    return ip.kind() === network.kind() && ip.match(network, bits ?? ip.toByteArray().length * 8);
  });
}

function checkKey(c: AppContext, { key, merchant }: KeyHolder, now: number): void {
  if (key.revoked_at !== null) throw apiError("KEY_REVOKED", "This API key was revoked.");
  if (key.expires_at !== null && key.expires_at <= now) {
    throw apiError("KEY_EXPIRED", "This API key has expired; create or rotate one.");
  }
  const address = c.req.header("CF-Connecting-IP") ?? "";
  if (key.ip_allow.length > 0 && !addressAllowed(address, key.ip_allow)) {
    throw apiError("IP_NOT_ALLOWED", "This API key may not be used from this address.");
  }
  if (merchant.status === "suspended") throw apiError("FORBIDDEN", "This merchant is suspended.");
  if (merchant.status !== "active" && key.livemode) {
    throw apiError(
      "FORBIDDEN",
      "This merchant is not verified yet: test keys work, live keys do once an operator has verified it.",
    );
  }
}

/** @param scope null: every key may. @throws ApiError SCOPE_MISSING */
export function checkScope(scopes: readonly string[], scope: Scope | null): void {
  if (scope === null || scopes.includes("*") || scopes.includes(scope)) return;
  throw apiError("SCOPE_MISSING", `The API key lacks the scope ${scope}.`, { scope });
}

/**
 * Who hands out rights is read anew each time. Attack: a key that was just revoked makes itself a
 * successor in the seconds in which another isolate still remembers it.
 */
async function readAnew(c: AppContext, { key }: KeyHolder, now: number): Promise<KeyHolder> {
  const holder = await findKeyHolder(database(c.env.DB), key.public_id);
  // A revoked key's row stays; one that was made twice, after a crash, has a new name.
  if (holder === null) throw unauthenticated("The API key is wrong.");
  checkKey(c, holder, now);
  return holder;
}

/** Lets a merchant's key in and sets `principal`. `null` asks for no scope, only for a key. */
export const authenticate = (scope: Scope | null) =>
  createMiddleware<AppEnv>(async (c, next) => {
    const now = c.var.now;
    const insider = insiderOf(c.env)?.principal ?? null;
    const remembered = insider ?? (await prove(c, now));
    checkKey(c, remembered, now);
    await limitRate(c, remembered.key.id);
    checkScope(remembered.key.scopes, scope);
    const known = scope === "*" ? await readAnew(c, remembered, now) : remembered;
    const { key, merchant, accounts, feePlans } = known;
    c.set("principal", { key, merchant, accounts, feePlans });
    c.set("actor", { type: insider === null ? "api_key" : "console", id: key.id });
    const lastUsed = known.key.last_used_at;
    if (lastUsed === null || now - lastUsed > TOUCH_EVERY_MS) {
      c.executionCtx.waitUntil(noteUse(c, known.key.id, known.key.public_id, now));
    }
    await next();
  });

async function noteUse(c: AppContext, keyId: string, publicId: string, now: number) {
  try {
    await touchApiKey(database(c.env.DB), keyId, now);
    forgetApiKey(publicId);
  } catch (error) {
    c.var.log("warn", "key.touch_failed", { error: describeError(error) });
  }
}

/** The parts of a `createRoute` configuration that ask for a merchant's key with this scope. */
export const merchantAuth = (scope: Scope | null) => ({
  security: [{ bearer: [] }, { signature: [] }],
  "x-scope": scope ?? "",
  middleware: [authenticate(scope), readableBody],
});

/** A signature is over the whole body, which of a file would have to be in memory first. */
const refuseSignatures = createMiddleware<AppEnv>(async (c, next) => {
  if (/^itpay /i.test(c.req.header("Authorization") ?? "")) {
    throw unauthenticated(
      "Files are sent with the key itself, not with a signature: 'Authorization: Bearer sk_…'.",
    );
  }
  await next();
});

/** The same where the body is a file: it is left alone, to be streamed by the handler. */
export const fileAuth = (scope: Scope) => ({
  security: [{ bearer: [] }],
  "x-scope": scope,
  middleware: [refuseSignatures, authenticate(scope)],
});
