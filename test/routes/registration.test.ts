/** Strangers become merchants: only where it is open, not too often, and in test mode alone. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, it, vi } from "vitest";

import { createApp } from "../../src/app.ts";

const app = createApp();
const open: Env = { ...env, OPEN_REGISTRATION: "true" };
const ADMIN = { Authorization: "Bearer admin-token-for-tests" };

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- JSON of many shapes, checked by expect
  readonly body: any;
}

async function call(
  method: string,
  path: string,
  { body, headers, bindings = open }: { body?: unknown; headers?: object; bindings?: Env } = {},
): Promise<Reply> {
  const ctx = createExecutionContext();
  const response = await app.fetch(
    new Request(`https://pay.example${path}`, {
      method,
      headers: { "Content-Type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
    bindings,
    ctx,
  );
  const text = await response.text();
  await waitOnExecutionContext(ctx);
  return { status: response.status, headers: response.headers, body: JSON.parse(text) };
}

let places = 0;
/** An address that nobody has registered from. */
const newPlace = () => `198.51.${(places += 1)}.7`;

const shop = { name: "Noodle Shop", email: "owner@noodles.example" };

const register = (
  fields: object = {},
  { from = newPlace(), ...rest }: { from?: string; repeat?: string; bindings?: Env } = {},
) =>
  call("POST", "/v1/merchants", {
    body: { ...shop, ...fields },
    headers: {
      "CF-Connecting-IP": from,
      ...(rest.repeat === undefined ? {} : { "Idempotency-Key": rest.repeat }),
    },
    ...(rest.bindings === undefined ? {} : { bindings: rest.bindings }),
  });

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

const count = async (table: string): Promise<number> =>
  (await env.DB.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>("n")) ?? 0;

describe("where registration is closed", () => {
  it("nobody registers, and is told so", async ({ expect }) => {
    const merchants = await count("merchants");
    for (const value of ["false", "", "TRUE", "1", "yes", " true"]) {
      const reply = await register({}, { bindings: { ...env, OPEN_REGISTRATION: value } });
      expect([value, reply.status, reply.body.error.code]).toEqual([value, 403, "FORBIDDEN"]);
      expect(reply.body.error.message).toContain("not open");
    }
    // Also by default, as it is deployed.
    expect((await register({}, { bindings: env })).status).toBe(403);
    expect(await count("merchants")).toBe(merchants);
  });
});

describe("a merchant that registers", () => {
  it("gets its keys once, is unverified, and can pay in test mode at once", async ({ expect }) => {
    const { status, body } = await register({ settlement_currency: "THB" });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^m_/),
      object: "merchant",
      ...shop,
      settlement_currency: "THB",
      status: "unverified",
      created_at: expect.any(String),
      updated_at: body.created_at,
      keys: {
        test: expect.stringMatching(/^sk_test_/),
        live: expect.stringMatching(/^sk_liv_/),
      },
    });
    const headers = bearer(body.keys.test);
    const own = await call("GET", "/v1/merchant", { headers });
    expect(own.body).toMatchObject({ id: body.id, status: "unverified", livemode: false });
    const accounts = await call("GET", "/v1/channel-accounts", { headers });
    expect(accounts.body.data.length).toBeGreaterThan(5);
  });

  it("has a live key that is refused everywhere until it is verified", async ({ expect }) => {
    const { body } = await register();
    const headers = bearer(body.keys.live);
    const attempts: [string, string, unknown?][] = [
      ["GET", "/v1/merchant"],
      ["GET", "/v1/channel-accounts"],
      ["POST", "/v1/channel-accounts", {}],
      ["POST", "/v1/payment-intents", {}],
      ["POST", "/v1/refunds", {}],
      ["POST", "/v1/api-keys", { scopes: ["*"] }],
      ["POST", "/v1/webhook-endpoints", { url: "https://noodles.example/hook" }],
      ["GET", "/v1/audit-log"],
    ];
    for (const [method, path, sent] of attempts) {
      const reply = await call(method, path, { headers, body: sent });
      expect([path, reply.status, reply.body.error.code]).toEqual([path, 403, "FORBIDDEN"]);
      expect(reply.body.error.message).toMatch(/not verified.*test keys work.*operator/);
    }
    const verified = await call("PATCH", `/v1/admin/merchants/${body.id}`, {
      headers: ADMIN,
      body: { status: "active" },
    });
    expect(verified.body).toMatchObject({ id: body.id, status: "active" });
    expect((await call("GET", "/v1/merchant", { headers })).status).toBe(200);
  });

  it("can be suspended, then not even test keys work", async ({ expect }) => {
    const { body } = await register();
    await call("PATCH", `/v1/admin/merchants/${body.id}`, {
      headers: ADMIN,
      body: { status: "suspended" },
    });
    for (const key of [body.keys.test, body.keys.live]) {
      const reply = await call("GET", "/v1/merchant", { headers: bearer(key) });
      expect(reply.body.error).toMatchObject({ code: "FORBIDDEN" });
      expect(reply.body.error.message).toContain("suspended");
    }
    // There is no way back to unverified, and none to become it.
    const back = await call("PATCH", `/v1/admin/merchants/${body.id}`, {
      headers: ADMIN,
      body: { status: "unverified" },
    });
    expect(back.status).toBe(400);
  });

  it("is written down: who, from where without the address, and what", async ({ expect }) => {
    const from = newPlace();
    const reply = await register({}, { from });
    const { id, keys } = reply.body;
    const list = await call("GET", `/v1/admin/audit-log?merchant=${id}`, { headers: ADMIN });
    const entries: { action: string }[] = list.body.data;
    expect(entries.map(({ action }) => action).toSorted()).toEqual([
      "api_key.created",
      "api_key.created",
      "merchant.registered",
    ]);
    const registered = entries.find(({ action }) => action === "merchant.registered");
    expect(registered).toMatchObject({
      target: id,
      livemode: null,
      actor: { type: "registration", id: expect.stringMatching(/^address_[0-9a-f]{32}$/) },
      before: null,
      after: { id, status: "unverified", name: shop.name },
      request_id: reply.headers.get("Request-Id"),
    });
    const text = JSON.stringify(list.body);
    for (const secret of [keys.test, keys.live]) expect(text).not.toContain(secret.slice(-32));
    expect(text).not.toContain(from);
  });

  it.for([
    [{ email: undefined }, "email"],
    [{ email: "nobody" }, "email"],
    [{ name: "" }, "name"],
    [{ name: "x".repeat(101) }, "name"],
    [{ name: "a\u0000b" }, "name"],
    [{ settlement_currency: "XXX" }, "settlement_currency"],
    [{ status: "active" }, "status"],
    [{ id: "m_mine" }, "id"],
  ] as const)("is refused with %j", async ([fields, path], { expect }) => {
    const merchants = await count("merchants");
    const { status, body } = await register(fields);
    expect([status, body.error.code]).toEqual([400, "INVALID_REQUEST"]);
    const paths = body.error.details.issues.map((issue: { path: string }) => issue.path);
    expect(paths).toContain(path);
    expect(await count("merchants")).toBe(merchants);
  });
});

describe("a repeated registration", () => {
  const repeat = () => crypto.randomUUID();

  it("is one merchant, and shows its keys to who has the Idempotency-Key", async ({ expect }) => {
    const [key, from] = [repeat(), newPlace()];
    const first = await register({}, { repeat: key, from });
    const again = await register({}, { repeat: key, from });
    expect(first.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    const other = await register({ name: "Other" }, { repeat: key, from });
    expect([other.status, other.body.error.code]).toEqual([422, "IDEMPOTENCY_MISMATCH"]);
  });

  it("does not take a key that can be guessed", async ({ expect }) => {
    for (const key of ["", "1", "register", "x".repeat(31)]) {
      const { status, body } = await register({}, { repeat: key });
      expect([key, status, body.error.code]).toEqual([key, 400, "INVALID_REQUEST"]);
      expect(body.error.details.issues[0].path).toBe("Idempotency-Key");
    }
  });

  it("does not meet an operator's with the same key", async ({ expect }) => {
    const key = repeat();
    const mine = await register({}, { repeat: key });
    const theirs = await call("POST", "/v1/admin/merchants", {
      headers: { ...ADMIN, "Idempotency-Key": key },
      body: shop,
    });
    expect(theirs.status).toBe(201);
    expect(theirs.body.id).not.toBe(mine.body.id);
  });
});

describe("registering in numbers", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("ends after five from one place, until an hour has passed", async ({ expect }) => {
    const start = Date.UTC(2026, 10, 1, 8);
    vi.useFakeTimers({ now: start, toFake: ["Date"] });
    const from = newPlace();
    for (let made = 0; made < 5; made += 1) {
      expect((await register({}, { from })).status).toBe(201);
    }
    const merchants = await count("merchants");
    const keys = await count("api_keys");
    const entries = await count("audit_log");
    const { status, headers, body } = await register({}, { from });
    expect([status, body.error.code]).toEqual([429, "RATE_LIMITED"]);
    expect(headers.get("Retry-After")).toBe("3600");
    expect(headers.get("RateLimit-Limit")).toBe("5");
    expect([await count("merchants"), await count("api_keys"), await count("audit_log")]).toEqual([
      merchants,
      keys,
      entries,
    ]);
    // Somebody else is not held up.
    expect((await register()).status).toBe(201);
    vi.setSystemTime(start + 3_600_000 - 1);
    expect((await register({}, { from })).status).toBe(429);
    vi.setSystemTime(start + 3_600_001);
    expect((await register({}, { from })).status).toBe(201);
  });

  it("counts rightly when they come all at once", async ({ expect }) => {
    const from = newPlace();
    const replies = await Promise.all(Array.from({ length: 8 }, () => register({}, { from })));
    const statuses = replies.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([201, 201, 201, 201, 201, 429, 429, 429]);
  });

  it("counts a whole IPv6 network as one place, and IPv4 in either form", async ({ expect }) => {
    for (let made = 0; made < 5; made += 1) {
      expect((await register({}, { from: `2001:db8:1:2:${made}::7` })).status).toBe(201);
    }
    expect((await register({}, { from: "2001:db8:1:2:ffff::1" })).status).toBe(429);
    expect((await register({}, { from: "2001:db8:1:3::1" })).status).toBe(201);
    const from = newPlace();
    for (let made = 0; made < 5; made += 1) await register({}, { from: `::ffff:${from}` });
    expect((await register({}, { from })).status).toBe(429);
  });

  it("is held back by the deployment's shield before anything is read", async ({ expect }) => {
    const seen: string[] = [];
    const LIMITER = {
      limit: async ({ key }: { key: string }) => {
        seen.push(key);
        return { success: false };
      },
    };
    const { status, body } = await register({ name: 7 }, { bindings: { ...open, LIMITER } });
    expect([status, body.error.code]).toEqual([429, "RATE_LIMITED"]);
    expect(seen).toEqual([expect.stringMatching(/^registration:address_/)]);
  });
});
