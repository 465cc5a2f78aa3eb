/**
 * What every route must do with callers who may not come in and with bodies that nobody can read.
 * The routes come from the API document, so a new one is in the matrix as soon as it exists.
 */
import { env } from "cloudflare:workers";
import { beforeAll, describe, it } from "vitest";

import { UPLOADS } from "../../src/routes/v1/statement-uploads.ts";
import { api, type Merchant, newMerchant, type Reply } from "../intent/kit.ts";

interface Operation {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly scope: string | undefined;
  readonly hasBody: boolean;
}

const ADMIN = "admin-token-for-tests";

const SAMPLE: Readonly<Record<string, string>> = {
  id: `pi_${"0".repeat(26)}`,
  slug: "wechat",
  version: "1",
  payment_intent: `pi_${"0".repeat(26)}`,
  action: "pay",
  channel: "wechat",
  channel_account: `ca_${"0".repeat(26)}`,
};

async function operations(): Promise<Operation[]> {
  const { body } = await api("GET", "/openapi.json");
  return Object.entries(body.paths as Record<string, Record<string, Record<string, unknown>>>)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => SAMPLE[name] ?? "x"),
        scope: operation["x-scope"] as string | undefined,
        hasBody: operation["requestBody"] !== undefined,
      })),
    )
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const all = await operations();
const keyed = all.filter(({ scope }) => scope !== undefined && scope !== "admin");
const adminOnly = all.filter(({ scope }) => scope === "admin");
const open = all.filter(({ scope }) => scope === undefined);

/** Files are streamed: no signature could be checked over them before they are in. */
const isFile = ({ method, path }: Operation) =>
  method === "POST" && UPLOADS.some((upload) => upload === path);

const call = ({ method, path, hasBody }: Operation, authorization?: string, extra = {}) =>
  api(method, path, {
    headers: { ...(authorization === undefined ? {} : { Authorization: authorization }), ...extra },
    ...(hasBody ? { body: {} } : {}),
  });

/** An error in the one shape that there is, with an id that support can look for. */
function errorOf(reply: Reply): string {
  const { error, request_id: requestId } = reply.body;
  if (requestId !== reply.headers.get("Request-Id")) throw new Error("the request ids differ");
  const members = Object.keys(error).toSorted().join();
  if (members !== "code,details,message,outcome,retryable") throw new Error(`shape: ${members}`);
  return error.code;
}

let merchant: Merchant;

beforeAll(async () => {
  merchant = await newMerchant();
});

async function newKey(fields: Record<string, unknown>) {
  const { status, body } = await api("POST", "/v1/api-keys", {
    key: merchant.test,
    body: { scopes: ["*"], ...fields },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body as { id: string; key: string; public_id: string };
}

async function sign(key: string, { method, path }: Operation, timestamp: string, body: string) {
  const [, id = "", secret = ""] = /^(.+)_([0-9A-Za-z]{32})$/.exec(key) ?? [];
  const mac = await crypto.subtle.sign(
    "HMAC",
    await crypto.subtle.importKey(
      "raw",
      new TextEncoder().encode(secret),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    ),
    new TextEncoder().encode(`${timestamp}${method}${path.split("?")[0]}${body}`),
  );
  const hex = Array.from(new Uint8Array(mac), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
  return { Authorization: `ItPay ${id}:${hex}`, "X-ItPay-Timestamp": timestamp };
}

const seconds = (offset = 0) => String(Math.floor(Date.now() / 1_000) + offset);

describe("the document", () => {
  it("has every kind of route, and only these are open to everybody", ({ expect }) => {
    expect(keyed.length).toBeGreaterThan(25);
    expect(adminOnly.length).toBeGreaterThan(5);
    expect(open.map(({ name }) => name)).toEqual([
      "GET /docs",
      "GET /health",
      "GET /openapi.json",
      "GET /ready",
      "GET /sandbox/channels/{channel}/keys",
      "GET /sandbox/pages/{channel}",
      "GET /sandbox/pages/{channel}/authorization",
      "GET /sandbox/wallet/{payment_intent}",
      "GET /v1/callbacks/{channel}/{channel_account}/authorization",
      "GET /v1/channels",
      "GET /v1/channels/{slug}/errors",
      "GET /v1/error-codes",
      "GET /v1/payment-intents/{id}/stream",
      "GET /v1/qr/parse",
      "GET /v1/qr/{payment_intent}.svg",
      "GET /v1/services",
      "GET /v1/services/{id}",
      "POST /sandbox/payments/{payment_intent}/{action}",
      "POST /v1/callbacks/{channel}/{channel_account}",
      "POST /v1/merchants",
      "POST /v1/qr/parse",
    ]);
  });
});

describe.each(keyed)("$name", (operation) => {
  it("refuses callers who do not prove who they are", async ({ expect }) => {
    const wrongSecret = `${merchant.test.slice(0, -1)}${merchant.test.endsWith("A") ? "B" : "A"}`;
    const refused: [string | undefined, string][] = [
      [undefined, "UNAUTHENTICATED"],
      ["", "UNAUTHENTICATED"],
      ["Bearer", "UNAUTHENTICATED"],
      ["Bearer nonsense", "UNAUTHENTICATED"],
      ["Basic dXNlcjpwYXNz", "UNAUTHENTICATED"],
      [`Bearer ${wrongSecret}`, "UNAUTHENTICATED"],
      [`Bearer sk_test_${"0".repeat(12)}_${"0".repeat(32)}`, "UNAUTHENTICATED"],
      [`Bearer ${ADMIN}`, "UNAUTHENTICATED"],
      [`ItPay sk_test_${"0".repeat(12)}`, "UNAUTHENTICATED"],
    ];
    for (const [authorization, code] of refused) {
      const reply = await call(operation, authorization);
      expect([authorization, reply.status, errorOf(reply)]).toEqual([authorization, 401, code]);
      expect(reply.headers.get("WWW-Authenticate")).toContain("ItPay");
    }
  });

  it("takes a signed request, and no other signature", async ({ expect }) => {
    const body = operation.hasBody ? "{}" : "";
    const now = seconds();
    const good = await sign(merchant.test, operation, now, body);
    const reply = await call(operation, undefined, good);
    if (isFile(operation)) return expect(errorOf(reply)).toBe("UNAUTHENTICATED");
    expect(reply.status, JSON.stringify(reply.body)).not.toBe(401);

    const forged = await sign(merchant.live, operation, now, body);
    const [, signature = ""] = (forged["Authorization"] ?? "").split(":");
    const id = (good["Authorization"] ?? "").split(":")[0] ?? "";
    const mixed = { ...good, Authorization: `${id}:${signature}` };
    expect(errorOf(await call(operation, undefined, mixed))).toBe("SIGNATURE_INVALID");

    const unknown = { ...good, Authorization: `ItPay sk_test_${"0".repeat(12)}:${signature}` };
    expect(errorOf(await call(operation, undefined, unknown))).toBe("SIGNATURE_INVALID");

    for (const offset of [-310, 310]) {
      const stale = await sign(merchant.test, operation, seconds(offset), body);
      expect(errorOf(await call(operation, undefined, stale))).toBe("TIMESTAMP_OUT_OF_RANGE");
    }
    const untimed = { Authorization: good["Authorization"] ?? "" };
    expect(errorOf(await call(operation, undefined, untimed))).toBe("TIMESTAMP_OUT_OF_RANGE");
  });

  it("asks for its scope", async ({ expect }) => {
    const other = operation.scope === "reports:read" ? "services:write" : "reports:read";
    const { key } = await newKey({ scopes: [other] });
    const reply = await call(operation, `Bearer ${key}`);
    if (operation.scope === "") {
      expect(reply.status).not.toBe(403);
    } else {
      expect([reply.status, errorOf(reply)]).toEqual([403, "SCOPE_MISSING"]);
      expect(reply.body.error.details).toEqual({ scope: operation.scope });
    }
  });
});

describe.each(adminOnly)("$name", (operation) => {
  it("is for the operator alone", async ({ expect }) => {
    for (const authorization of [undefined, "Bearer ", "Bearer wrong", `Bearer ${merchant.live}`]) {
      const reply = await call(operation, authorization);
      expect([reply.status, errorOf(reply)]).toEqual([401, "UNAUTHENTICATED"]);
      expect(reply.headers.get("WWW-Authenticate")).toMatch(/^Bearer /);
    }
    const reply = await call(operation, `Bearer ${ADMIN}`);
    expect(reply.status).not.toBe(401);
    expect(reply.status).not.toBe(403);
  });
});

describe("keys", () => {
  const [first] = keyed.filter(({ name }) => name === "GET /v1/merchant");
  if (first === undefined) throw new Error("no route");

  it("end when they are revoked, and when they expire", async ({ expect }) => {
    const { id, key } = await newKey({});
    expect((await call(first, `Bearer ${key}`)).status).toBe(200);
    await api("DELETE", `/v1/api-keys/${id}`, { key: merchant.test });
    expect(errorOf(await call(first, `Bearer ${key}`))).toBe("KEY_REVOKED");

    const soon = await newKey({ expires_at: new Date(Date.now() + 60_000).toISOString() });
    await env.DB.prepare("UPDATE api_keys SET expires_at = 1 WHERE id = ?").bind(soon.id).run();
    expect(errorOf(await call(first, `Bearer ${soon.key}`))).toBe("KEY_EXPIRED");
  });

  it("rotate with an overlap: both work, then only the new one", async ({ expect }) => {
    const old = await newKey({ label: "server", scopes: ["payments:read"] });
    const { status, body } = await api("POST", `/v1/api-keys/${old.id}/rotate`, {
      key: merchant.test,
      body: { overlap_seconds: 3_600 },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ label: "server", scopes: ["payments:read"] });
    expect((await call(first, `Bearer ${old.key}`)).status).toBe(200);
    expect((await call(first, `Bearer ${body.key}`)).status).toBe(200);
    const again = await api("POST", `/v1/api-keys/${body.id}/rotate`, {
      key: merchant.test,
      body: { overlap_seconds: 0 },
    });
    expect(errorOf(await call(first, `Bearer ${body.key}`))).toBe("KEY_EXPIRED");
    expect((await call(first, `Bearer ${again.body.key}`)).status).toBe(200);
  });

  it("can be held to addresses", async ({ expect }) => {
    const { key } = await newKey({ ip_allow: ["203.0.113.0/24", "2001:db8::/32"] });
    const from = (address: string) => call(first, `Bearer ${key}`, { "CF-Connecting-IP": address });
    expect((await from("203.0.113.7")).status).toBe(200);
    expect((await from("2001:db8::7")).status).toBe(200);
    expect((await from("::ffff:203.0.113.7")).status).toBe(200);
    for (const address of ["203.0.114.7", "2001:db9::7", "", "nonsense"]) {
      expect(errorOf(await from(address))).toBe("IP_NOT_ALLOWED");
    }
  });

  it("of a suspended merchant are refused", async ({ expect }) => {
    const shop = await newMerchant();
    const suspend = (status: string) =>
      api("PATCH", `/v1/admin/merchants/${shop.id}`, {
        headers: { Authorization: `Bearer ${ADMIN}` },
        body: { status },
      });
    await suspend("suspended");
    expect(errorOf(await call(first, `Bearer ${shop.test}`))).toBe("FORBIDDEN");
    await suspend("active");
    expect((await call(first, `Bearer ${shop.test}`)).status).toBe(200);
  });

  it("show their string once and are stored sealed", async ({ expect }) => {
    const made = await newKey({});
    const { body } = await api("GET", `/v1/api-keys/${made.id}`, { key: merchant.test });
    expect(JSON.stringify(body)).not.toContain(made.key.slice(-32));
    const { results } = await env.DB.prepare("SELECT * FROM api_keys").all();
    expect(JSON.stringify(results)).not.toContain(made.key.slice(-32));
  });

  it("of another merchant or mode are not seen", async ({ expect }) => {
    const other = await newMerchant();
    const made = await newKey({});
    for (const key of [other.test, merchant.live]) {
      expect((await api("GET", `/v1/api-keys/${made.id}`, { key })).status).toBe(404);
      expect((await api("DELETE", `/v1/api-keys/${made.id}`, { key })).status).toBe(404);
    }
  });
});

describe("bodies that nobody can read", () => {
  const writing = [...keyed, ...adminOnly].filter((route) => route.hasBody && !isFile(route));
  const authorization = (scope: string | undefined) =>
    `Bearer ${scope === "admin" ? ADMIN : merchant.test}`;

  it.for(writing)("$name refuses them with the right code", async (operation, { expect }) => {
    const send = (body: string, type = "application/json") =>
      api(operation.method, operation.path, {
        headers: { Authorization: authorization(operation.scope), "Content-Type": type },
        body,
      });
    expect(errorOf(await send("{"))).toBe("INVALID_REQUEST");
    expect(errorOf(await send("{}", "text/plain"))).toBe("UNSUPPORTED_MEDIA_TYPE");
    expect(errorOf(await send("a=1", "application/x-www-form-urlencoded"))).toBe(
      "UNSUPPORTED_MEDIA_TYPE",
    );
    const large = await send(JSON.stringify({ padding: "x".repeat(65_536) }));
    expect([large.status, errorOf(large)]).toEqual([413, "BODY_TOO_LARGE"]);
    const reply = await send('{"surprise_field":"<secret>"}');
    expect([reply.status, errorOf(reply)]).toEqual([400, "INVALID_REQUEST"]);
    const paths = (reply.body.error.details.issues as { path: string }[]).map(({ path }) => path);
    expect(paths).toContain("surprise_field");
    // What was sent is never repeated: it may be a secret.
    expect(JSON.stringify(reply.body)).not.toContain("<secret>");
    // Nothing at all is read as no fields, with and without a content type.
    for (const headers of [{}, { "Content-Type": "application/json" }]) {
      const empty = await api(operation.method, operation.path, {
        headers: { Authorization: authorization(operation.scope), ...headers },
      });
      expect(empty.status, JSON.stringify(empty.body)).not.toBe(500);
      expect(empty.status).not.toBe(415);
    }
    for (const body of ["[]", '"text"', "7", "null"]) {
      expect(errorOf(await send(body)), body).toBe("INVALID_REQUEST");
    }
  });
});

describe("paths", () => {
  it("that do not exist are 404, with other methods 405 and Allow", async ({ expect }) => {
    const nowhere = await api("GET", "/v2/nothing");
    expect([nowhere.status, errorOf(nowhere)]).toEqual([404, "NOT_FOUND"]);
    const wrong = await api("DELETE", "/v1/payment-intents");
    expect([wrong.status, errorOf(wrong)]).toEqual([405, "METHOD_NOT_ALLOWED"]);
    expect(wrong.headers.get("Allow")).toBe("GET, POST");
  });

  it("carry a trace on", async ({ expect }) => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const reply = await api("GET", "/health", { headers: { traceparent } });
    expect(reply.headers.get("traceparent")).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-/);
    expect(reply.headers.get("traceparent")).not.toBe(traceparent);
    const bad = await api("GET", "/health", { headers: { traceparent: "00-zz" } });
    expect(bad.headers.get("traceparent")).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });
});
