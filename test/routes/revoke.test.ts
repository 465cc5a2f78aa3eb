/**
 * The end of a key is felt at once where it was made, and everywhere within SETTINGS_CACHE_MS. Other
 * isolates are played by writing to the database past the routes: this one's memory knows nothing
 * of it. Time is moved by hand.
 */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, it, vi } from "vitest";

import { createApp } from "../../src/app.ts";
import { SETTINGS_CACHE_MS } from "../../src/constants.ts";
import { randomId } from "../../src/ids.ts";
import { beyondLimits } from "../../src/onboarding/key-limits.ts";
import { issueKey } from "../../src/onboarding/keys.ts";
import { SCOPES } from "../../src/routes/authenticate.ts";
import { inside } from "../../src/routes/inside.ts";
import { findApiKey, findKeyHolder, replaceApiKey } from "../../src/store/api-keys.ts";
import { database } from "../../src/store/db.ts";

const START = Date.UTC(2026, 10, 1, 8);
const app = createApp();

beforeEach(() => {
  vi.useFakeTimers({ now: START, toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

interface Reply {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- JSON of many shapes, checked by expect
  readonly body: any;
}

async function call(
  bearer: string,
  method: string,
  path: string,
  body?: unknown,
  { headers = {}, bindings = env }: { headers?: Record<string, string>; bindings?: Env } = {},
): Promise<Reply> {
  const ctx = createExecutionContext();
  const request = new Request(`https://pay.example${path}`, {
    method,
    headers: {
      ...(bearer === "" ? {} : { Authorization: `Bearer ${bearer}` }),
      "Content-Type": "application/json",
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const response = await app.fetch(request, bindings, ctx);
  const text = await response.text();
  await waitOnExecutionContext(ctx);
  return { status: response.status, body: JSON.parse(text) };
}

const ADMIN = "admin-token-for-tests";

async function newShop() {
  const { body } = await call(ADMIN, "POST", "/v1/admin/merchants", { name: "Corner Shop" });
  return { id: body.id as string, owner: body.keys.test as string, live: body.keys.live as string };
}

async function newKey(owner: string, fields: object = {}) {
  const { status, body } = await call(owner, "POST", "/v1/api-keys", { scopes: ["*"], ...fields });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body as { id: string; key: string; public_id: string };
}

/** 200, or the code of the refusal. */
async function use(key: string): Promise<number | string> {
  const { status, body } = await call(key, "GET", "/v1/merchant");
  return status === 200 ? 200 : body.error.code;
}

/** In memory from now on: the first use of a key is written down, and makes it forgotten again. */
async function remember(key: string): Promise<void> {
  const uses = [await use(key), await use(key)];
  if (uses.join() !== "200,200") throw new Error(uses.join());
}

const write = (sql: string, ...values: unknown[]) =>
  env.DB.prepare(sql)
    .bind(...values)
    .run();

describe("a revoked key", () => {
  it("is refused at once where it was revoked", async ({ expect }) => {
    const { owner } = await newShop();
    const { id, key } = await newKey(owner);
    expect(await use(key)).toBe(200);
    const { body } = await call(owner, "DELETE", `/v1/api-keys/${id}`);
    expect(body).toMatchObject({ id, status: "revoked", warning: null });
    expect(await use(key)).toBe("KEY_REVOKED");
  });

  it("is refused in every other isolate within the stated time", async ({ expect }) => {
    const { owner } = await newShop();
    const { id, key } = await newKey(owner);
    await remember(key);
    await write("UPDATE api_keys SET revoked_at = ? WHERE id = ?", Date.now(), id);
    later(SETTINGS_CACHE_MS - 1);
    // Still remembered: this is what proves that the next line is the end of the memory.
    expect(await use(key)).toBe(200);
    later(1);
    expect(await use(key)).toBe("KEY_REVOKED");
  });

  it("is not kept alive by being used", async ({ expect }) => {
    const { owner } = await newShop();
    const { id, key } = await newKey(owner);
    await remember(key);
    await write("UPDATE api_keys SET revoked_at = ? WHERE id = ?", Date.now(), id);
    for (let used = 0; used < 9; used += 1) {
      later(SETTINGS_CACHE_MS / 10);
      expect(await use(key)).toBe(200);
    }
    later(SETTINGS_CACHE_MS / 10);
    expect(await use(key)).toBe("KEY_REVOKED");
  });

  it("cannot make, rotate, read or revoke keys anywhere from that moment on", async ({
    expect,
  }) => {
    const { owner } = await newShop();
    const { id, key } = await newKey(owner);
    const other = await newKey(owner);
    await remember(key);
    await write("UPDATE api_keys SET revoked_at = ? WHERE id = ?", Date.now(), id);
    // Remembered here, so everything else still goes.
    expect(await use(key)).toBe(200);
    const attempts = [
      await call(key, "POST", "/v1/api-keys", { scopes: ["*"] }),
      await call(key, "POST", `/v1/api-keys/${other.id}/rotate`, {}),
      await call(key, "DELETE", `/v1/api-keys/${other.id}`),
      await call(key, "GET", "/v1/api-keys"),
    ];
    for (const { status, body } of attempts) {
      expect([status, body.error.code]).toEqual([401, "KEY_REVOKED"]);
    }
    expect((await call(owner, "GET", "/v1/api-keys")).body.data).toHaveLength(3);
  });

  it("cannot do so through the console either", async ({ expect }) => {
    const { owner } = await newShop();
    const { id, public_id: publicId } = await newKey(owner);
    const principal = await findKeyHolder(database(env.DB), publicId);
    const bindings = inside(env, { principal });
    const make = () => call("", "POST", "/v1/api-keys", { scopes: ["*"] }, { bindings });
    expect((await make()).status).toBe(201);
    await write("UPDATE api_keys SET revoked_at = ? WHERE id = ?", Date.now(), id);
    expect((await make()).body.error?.code).toBe("KEY_REVOKED");
  });

  it("cannot be rotated by who read it before", async ({ expect }) => {
    const { id: merchantId, owner } = await newShop();
    const { id } = await newKey(owner);
    const db = database(env.DB);
    const read = await findApiKey(db, merchantId, false, id);
    if (read === null) throw new Error("no key");
    await call(owner, "DELETE", `/v1/api-keys/${id}`);
    const { row: successor } = await issueKey(env, { ...read, id: randomId("apiKey") }, START);
    const nothing = { old: [], successor: [] };
    const ends = START + 86_400_000;
    expect(await replaceApiKey(db, read, ends, successor, nothing)).toBe(false);
    expect(await findApiKey(db, merchantId, false, successor.id)).toBeNull();
    expect(await findApiKey(db, merchantId, false, id)).toMatchObject({ expires_at: null });
  });

  it("may be the last with all rights, and then the answer says so", async ({ expect }) => {
    const { id: merchantId, owner } = await newShop();
    const restricted = await newKey(owner, { scopes: ["payments:read"] });
    const ending = await newKey(owner, { expires_at: new Date(START + 60_000).toISOString() });
    const [first] = (await call(owner, "GET", "/v1/api-keys")).body.data.filter(
      ({ label }: { label: string | null }) => label === "first key",
    );
    const early = await call(owner, "DELETE", `/v1/api-keys/${restricted.id}`);
    expect(early.body.warning).toBeNull();
    const notYet = await call(ending.key, "DELETE", `/v1/api-keys/${first.id}`);
    expect(notYet.body.warning).toBeNull();
    // A repeat changes nothing and says how it stands now.
    const last = await call(ending.key, "DELETE", `/v1/api-keys/${ending.id}`);
    expect(last.body).toMatchObject({ status: "revoked" });
    expect(last.body.warning).toContain("only the operator");
    // The way out.
    const path = `/v1/admin/merchants/${merchantId}/api-keys`;
    const rescue = await call(ADMIN, "POST", path, { livemode: false });
    expect(rescue.status).toBe(201);
    expect(rescue.body).toMatchObject({ scopes: ["*"], livemode: false, status: "active" });
    expect((await call(rescue.body.key, "GET", "/v1/api-keys")).status).toBe(200);
    const nobody = `/v1/admin/merchants/${randomId("merchant")}/api-keys`;
    expect((await call(ADMIN, "POST", nobody, { livemode: false })).status).toBe(404);
  });
});

describe("the overlap of a rotation", () => {
  it("ends to the millisecond where the key was rotated", async ({ expect }) => {
    const { owner } = await newShop();
    const { id, key } = await newKey(owner);
    expect(await use(key)).toBe(200);
    const { body } = await call(owner, "POST", `/v1/api-keys/${id}/rotate`, {
      overlap_seconds: 3_600,
    });
    later(3_600_000 - 1);
    expect(await use(key)).toBe(200);
    later(1);
    expect(await use(key)).toBe("KEY_EXPIRED");
    expect(await use(body.key)).toBe(200);
  });

  it("is felt in every other isolate within the stated time", async ({ expect }) => {
    const { owner } = await newShop();
    const { id, key } = await newKey(owner);
    await remember(key);
    // Rotated elsewhere, without any overlap.
    await write("UPDATE api_keys SET expires_at = ? WHERE id = ?", Date.now(), id);
    later(SETTINGS_CACHE_MS - 1);
    expect(await use(key)).toBe(200);
    later(1);
    expect(await use(key)).toBe("KEY_EXPIRED");
  });

  it("can be none", async ({ expect }) => {
    const { owner } = await newShop();
    const { id, key } = await newKey(owner);
    expect(await use(key)).toBe(200);
    await call(owner, "POST", `/v1/api-keys/${id}/rotate`, { overlap_seconds: 0 });
    expect(await use(key)).toBe("KEY_EXPIRED");
  });

  it("never lengthens a key's life", async ({ expect }) => {
    const { owner } = await newShop();
    const end = new Date(START + 60_000).toISOString();
    const { id, key } = await newKey(owner, { expires_at: end });
    const { body } = await call(owner, "POST", `/v1/api-keys/${id}/rotate`, {});
    expect(body.expires_at).toBe(end);
    later(60_000);
    expect([await use(key), await use(body.key)]).toEqual(["KEY_EXPIRED", "KEY_EXPIRED"]);
    const again = await call(owner, "POST", `/v1/api-keys/${id}/rotate`, {});
    expect([again.status, again.body.error.code]).toEqual([409, "INVALID_STATE"]);
  });
});

describe("a suspended merchant", () => {
  const setStatus = (id: string, status: string) =>
    call(ADMIN, "PATCH", `/v1/admin/merchants/${id}`, { status });

  it("is refused at once where it was suspended, and let in again", async ({ expect }) => {
    const shop = await newShop();
    expect(await use(shop.owner)).toBe(200);
    await setStatus(shop.id, "suspended");
    expect([await use(shop.owner), await use(shop.live)]).toEqual(["FORBIDDEN", "FORBIDDEN"]);
    await setStatus(shop.id, "active");
    expect([await use(shop.owner), await use(shop.live)]).toEqual([200, 200]);
  });

  it("is refused in every other isolate within the stated time", async ({ expect }) => {
    const shop = await newShop();
    await remember(shop.live);
    await write("UPDATE merchants SET status = 'suspended' WHERE id = ?", shop.id);
    later(SETTINGS_CACHE_MS - 1);
    expect(await use(shop.live)).toBe(200);
    later(1);
    expect(await use(shop.live)).toBe("FORBIDDEN");
  });
});

describe("a key that makes keys", () => {
  it("cannot make one that has already ended", async ({ expect }) => {
    const { owner } = await newShop();
    for (const time of [START, START - 1]) {
      const { status, body } = await call(owner, "POST", "/v1/api-keys", {
        scopes: ["*"],
        expires_at: new Date(time).toISOString(),
      });
      expect([status, body.error.code]).toEqual([400, "INVALID_REQUEST"]);
      expect(body.error.details.issues).toEqual([
        { path: "expires_at", message: "must be in the future" },
      ]);
    }
  });

  it("grants only what it has: addresses and time", async ({ expect }) => {
    const { owner } = await newShop();
    const end = START + 3_600_000;
    const bound = await newKey(owner, {
      ip_allow: ["203.0.113.0/24"],
      expires_at: new Date(end).toISOString(),
    });
    const free = await newKey(owner);
    const from = { headers: { "CF-Connecting-IP": "203.0.113.7" } };
    const make = (fields: object) =>
      call(bound.key, "POST", "/v1/api-keys", { scopes: ["*"], ...fields }, from);
    const within = { ip_allow: ["203.0.113.7"], expires_at: new Date(end).toISOString() };
    for (const [fields, paths] of [
      [{}, ["ip_allow", "expires_at"]],
      [{ ...within, ip_allow: [] }, ["ip_allow"]],
      [{ ...within, ip_allow: ["203.0.113.7", "203.0.114.0"] }, ["ip_allow"]],
      [{ ...within, ip_allow: ["203.0.112.0/23"] }, ["ip_allow"]],
      [{ ...within, expires_at: new Date(end + 1).toISOString() }, ["expires_at"]],
    ] as const) {
      const { status, body } = await make(fields);
      expect([status, body.error.code]).toEqual([403, "FORBIDDEN"]);
      expect(body.error.details.issues.map(({ path }: { path: string }) => path)).toEqual(paths);
    }
    expect((await make(within)).status).toBe(201);
    // Nor may it get at another key's rights by rotating that one.
    const stolen = await call(bound.key, "POST", `/v1/api-keys/${free.id}/rotate`, {}, from);
    expect([stolen.status, stolen.body.error.code]).toEqual([403, "FORBIDDEN"]);
    const itself = await call(bound.key, "POST", `/v1/api-keys/${bound.id}/rotate`, {}, from);
    expect(itself.status).toBe(201);
  });

  it.for([
    [[], null, []],
    [["10.0.0.0/8"], null, ["ip_allow"]],
    [["10.0.0.0/8"], ["10.1.0.0/16"], []],
    [["10.0.0.0/8"], ["10.0.0.0/8"], []],
    [["10.0.0.0/8"], ["0.0.0.0/0"], ["ip_allow"]],
    [["10.0.0.0/8"], ["::/0"], ["ip_allow"]],
    [["10.0.0.1"], ["10.0.0.1/32"], []],
    [["10.0.0.1"], ["10.0.0.2"], ["ip_allow"]],
    [["2001:db8::/32"], ["2001:db8:1::/48", "2001:db8::7"], []],
    [["2001:db8::/32"], ["2001:db9::/48"], ["ip_allow"]],
    [["10.0.0.0/8", "2001:db8::/32"], ["2001:db8::7", "10.9.9.9"], []],
  ] as const)("within %j lies %j: %j", ([around, wanted, beyond], { expect }) => {
    const issues = beyondLimits(
      { ip_allow: [...around], expires_at: null },
      { ip_allow: [...(wanted ?? [])], expires_at: null },
    );
    expect(issues.map(({ path }) => path)).toEqual(beyond);
  });

  it("needs all scopes", async ({ expect }) => {
    const { owner } = await newShop();
    const every = [...SCOPES];
    const { key, id } = await newKey(owner, { scopes: every });
    for (const [method, path] of [
      ["POST", "/v1/api-keys"],
      ["GET", "/v1/api-keys"],
      ["DELETE", `/v1/api-keys/${id}`],
      ["POST", `/v1/api-keys/${id}/rotate`],
    ] as const) {
      const { status, body } = await call(key, method, path, method === "POST" ? {} : undefined);
      expect([path, status, body.error.code]).toEqual([path, 403, "SCOPE_MISSING"]);
    }
  });
});
