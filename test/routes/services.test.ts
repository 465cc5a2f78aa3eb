/** `/v1/services` over HTTP: a manifest's way from draft to force, who may see it, what is refused. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, it, vi } from "vitest";

import { manifestInForce } from "../../src/agents/service-cache.ts";
import { quote } from "../../src/agents/quote.ts";
import { SETTINGS_CACHE_MS } from "../../src/constants.ts";
import { randomId } from "../../src/ids.ts";
import { manifestOf, money } from "../agents/kit.ts";
import { api, type Merchant, newMerchant, openBank, type Reply } from "../intent/kit.ts";

const ADMIN = { Authorization: "Bearer admin-token-for-tests" };
const EVIL = `<img src=x onerror="alert(1)">`;

let merchant: Merchant;
let other: Merchant;

beforeAll(async () => {
  merchant = await newMerchant();
  other = await newMerchant();
});

const unique = () => randomId("request");

const fresh = (changes: Record<string, unknown> = {}) =>
  manifestOf({ name: unique(), tags: [unique()], ...changes });

async function make(changes: Record<string, unknown> = {}, key = merchant.test) {
  const { status, body } = await api("POST", "/v1/services", { key, body: fresh(changes) });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body;
}

const put = (id: string, action: string, key = merchant.test) =>
  api("PATCH", `/v1/services/${id}/${action}`, { key });

async function inForce(changes: Record<string, unknown> = {}, key = merchant.test) {
  const { id } = await make(changes, key);
  const { status, body } = await put(id, "activate", key);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body;
}

const read = (id: string, key?: string) =>
  api("GET", `/v1/services/${id}`, key === undefined ? {} : { key });

const search = (query: Record<string, string>, key?: string) =>
  api(
    "GET",
    `/v1/services?${new URLSearchParams(query).toString()}`,
    key === undefined ? {} : { key },
  );

const idsOf = (reply: Reply): string[] => reply.body.data.map(({ id }: { id: string }) => id);

const codeOf = (reply: Reply) => [reply.status, reply.body.error?.code];

const pathsOf = (reply: Reply): string[] =>
  reply.body.error.details.issues.map(({ path }: { path: string }) => path);

describe("a service", () => {
  it("is made as a draft with everything that was sent", async ({ expect }) => {
    const manifest = fresh({ name: `${EVIL} ${unique()}`, description: EVIL });
    const reply = await api("POST", "/v1/services", { key: merchant.test, body: manifest });
    expect(reply.status).toBe(201);
    expect(reply.body).toEqual({
      ...manifest,
      id: expect.stringMatching(/^svc_[0-9a-z]{26}$/),
      object: "service",
      livemode: false,
      status: "draft",
      provider: { display_name: "Summary Labs", kyc_level: "none" },
      payment_methods: { one_time: true, cumulative: false, subscription: false },
      pricing: { one_time: [{ id: "page", amount: money(699) }], subscription: [] },
      qr_mode: "dynamic",
      created_at: expect.stringMatching(/Z$/),
      updated_at: reply.body.created_at,
    });
    expect((await read(reply.body.id, merchant.test)).body).toEqual(reply.body);
  });

  it("goes from draft to active to inactive and back, and says so twice", async ({ expect }) => {
    const { id } = await make();
    expect(codeOf(await put(id, "deactivate"))).toEqual([409, "INVALID_STATE"]);
    const states = [];
    for (const action of ["activate", "activate", "deactivate", "deactivate", "activate"]) {
      const { status, body } = await put(id, action);
      states.push([status, body.status]);
    }
    expect(states).toEqual([
      [200, "active"],
      [200, "active"],
      [200, "inactive"],
      [200, "inactive"],
      [200, "active"],
    ]);
  });

  it("leaves an entry for each change in the audit log, and for nothing else", async ({
    expect,
  }) => {
    const { id } = await make();
    await put(id, "activate");
    await put(id, "activate");
    const next = fresh({ version: "1.0.1" });
    await api("PATCH", `/v1/services/${id}`, { key: merchant.test, body: next });
    await api("PATCH", `/v1/services/${id}`, { key: merchant.test, body: next });
    await put(id, "deactivate");
    const { results } = await env.DB.prepare(
      "SELECT * FROM audit_log WHERE target = ? ORDER BY created_at, rowid",
    )
      .bind(id)
      .all();
    expect(results.map(({ action }) => action)).toEqual([
      "service.created",
      "service.activated",
      "service.updated",
      "service.deactivated",
    ]);
    expect(results.every(({ merchant_id }) => merchant_id === merchant.id)).toBe(true);
    expect(JSON.parse(String(results[1]?.["before"]))).toEqual({ status: "draft" });
    expect(JSON.parse(String(results[1]?.["after"]))).toEqual({ status: "active" });
    expect(JSON.parse(String(results[2]?.["after"]))).toMatchObject({ version: "1.0.1" });
  });
});

describe("a change of the manifest", () => {
  const replace = (id: string, body: unknown, key = merchant.test) =>
    api("PATCH", `/v1/services/${id}`, { key, body });

  it("is made in place while it is a draft", async ({ expect }) => {
    const { id, name } = await make();
    const { status, body } = await replace(id, fresh({ name, version: "0.9.0" }));
    expect([status, body.version, body.status]).toEqual([200, "0.9.0", "draft"]);
    const { body: versions } = await api("GET", `/v1/services/${id}/versions`, {
      key: merchant.test,
    });
    expect(versions.data).toEqual([]);
  });

  it("needs a higher version afterwards, and is in force at once", async ({ expect }) => {
    const { id, name, tags } = await inForce();
    const next = fresh({ name, tags: [unique()] });
    for (const version of ["1.0.0", "0.9.9", "1.0.0-rc.1", "1.0.0+2"]) {
      const reply = await replace(id, { ...next, version });
      expect([version, ...codeOf(reply)]).toEqual([version, 409, "INVALID_STATE"]);
      expect(pathsOf(reply)).toEqual(["version"]);
      expect(reply.body.error.message).toContain("must be higher than 1.0.0");
    }
    const { status, body } = await replace(id, { ...next, version: "1.0.1" });
    expect([status, body.status, body.version]).toEqual([200, "active", "1.0.1"]);
    expect(idsOf(await search({ q: tags[0] }, merchant.test))).toEqual([]);
    expect(idsOf(await search({ q: next.tags[0] ?? "" }, merchant.test))).toEqual([id]);

    await put(id, "deactivate");
    expect(codeOf(await replace(id, { ...next, version: "1.0.1" }))).toEqual([
      409,
      "INVALID_STATE",
    ]);
    expect((await replace(id, { ...next, version: "2.0.0" })).body.status).toBe("inactive");
    const list = () => api("GET", `/v1/services/${id}/versions`, { key: merchant.test });
    const versions = async () =>
      (await list()).body.data.map(({ version }: { version: string }) => version);
    // What was never in force is not among them.
    expect(await versions()).toEqual(["1.0.1", "1.0.0"]);
    await put(id, "activate");
    expect(await versions()).toEqual(["2.0.0", "1.0.1", "1.0.0"]);
    const [, second] = (await list()).body.data;
    expect(second).toMatchObject({ object: "service_version", service: id, manifest: { name } });
    expect(second.manifest.tags).toEqual(next.tags);
  });

  it("pages through its versions, and refuses another service's cursor", async ({ expect }) => {
    const [{ id }, { id: second }] = [await inForce(), await inForce()];
    for (const version of ["1.1.0", "1.2.0"]) await replace(id, fresh({ version }));
    const path = (cursor: string) => `/v1/services/${id}/versions?limit=2${cursor}`;
    const { body: page } = await api("GET", path(""), { key: merchant.test });
    expect(page.has_more).toBe(true);
    const next = `&cursor=${page.next_cursor}`;
    const { body: rest } = await api("GET", path(next), { key: merchant.test });
    expect([rest.has_more, rest.data.length, rest.data[0].version]).toEqual([false, 1, "1.0.0"]);
    const wrong = await api("GET", path(next).replace(id, second), { key: merchant.test });
    expect(codeOf(wrong)).toEqual([400, "INVALID_CURSOR"]);
  });

  it("that loses against another at the same time changes nothing", async ({ expect }) => {
    const { id } = await inForce();
    const names = Array.from({ length: 4 }, unique);
    const replies = await Promise.all(
      names.map((name) => replace(id, fresh({ name, version: "1.1.0" }))),
    );
    const won = replies.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(replies.filter((each) => codeOf(each)[1] === "INVALID_STATE")).toHaveLength(3);
    expect((await read(id, merchant.test)).body.name).toBe(won[0]?.body.name);
    const { results } = await env.DB.prepare(
      "SELECT id FROM audit_log WHERE target = ? AND action = 'service.updated'",
    )
      .bind(id)
      .all();
    expect(results).toHaveLength(1);
  });
});

describe("what is refused", () => {
  it.for<[string, Record<string, unknown>, string]>([
    [
      "a price of nothing",
      { pricing: { one_time: [{ id: "a", amount: money(0) }] } },
      "pricing.one_time.0.amount.value",
    ],
    [
      "an unknown currency",
      { pricing: { one_time: [{ id: "a", amount: money(1, "XXX") }] } },
      "pricing.one_time.0.amount.currency",
    ],
    [
      "a currency that no channel takes",
      { pricing: { one_time: [{ id: "a", amount: money(1, "THB") }] } },
      "pricing.one_time.0.amount.currency",
    ],
    ["a script for an address", { endpoint: "javascript:alert(1)" }, "endpoint"],
    ["an address with credentials", { endpoint: "https://a:b@summary.example/" }, "endpoint"],
    ["a private address", { webhook_url: "https://192.168.1.1/" }, "webhook_url"],
    ["our own address", { endpoint: "https://gateway.test/v1" }, "endpoint"],
    [
      "plain http",
      { provider: { display_name: "x", avatar_url: "http://cdn.example/a.png" } },
      "provider.avatar_url",
    ],
    ["a static code", { qr_mode: "static" }, "qr_mode"],
    ["channels twice", { accepted_channels: ["wechat", "wechat"] }, "accepted_channels.1"],
    ["a state of its own choice", { status: "active" }, "status"],
    ["somebody else's id", { merchant_id: "m_1" }, "merchant_id"],
    ["null", { tags: null }, "tags"],
  ])("%s", async ([, changes, path], { expect }) => {
    const count = () => env.DB.prepare("SELECT count(*) AS n FROM services").first("n");
    const before = await count();
    const reply = await api("POST", "/v1/services", { key: merchant.test, body: fresh(changes) });
    expect(codeOf(reply)).toEqual([400, "INVALID_REQUEST"]);
    expect(pathsOf(reply)).toEqual([path]);
    expect(reply.body.error.message).toMatch(/^[a-z_0-9.]+: .+\.$/);
    expect(await count()).toBe(before);
    const { id } = await make();
    const changed = await api("PATCH", `/v1/services/${id}`, {
      key: merchant.test,
      body: fresh(changes),
    });
    expect(codeOf(changed)).toEqual([400, "INVALID_REQUEST"]);
    expect((await read(id, merchant.test)).body.updated_at).toBe(
      (await read(id, merchant.test)).body.created_at,
    );
  });

  it("a huge list", async ({ expect }) => {
    const tags = Array.from({ length: 9_000 }, () => "x");
    const reply = await api("POST", "/v1/services", { key: merchant.test, body: fresh({ tags }) });
    expect(codeOf(reply)).toEqual([400, "INVALID_REQUEST"]);
    expect(pathsOf(reply)).toEqual(["tags"]);
  });

  it("a name that another service in use has, whatever its case", async ({ expect }) => {
    const name = `Éclair ${unique()}`;
    const first = await make({ name });
    const post = (each: string, key = merchant.test) =>
      api("POST", "/v1/services", { key, body: fresh({ name: each }) });
    for (const twin of [name, name.toUpperCase(), name.normalize("NFD")]) {
      const reply = await post(twin);
      expect(codeOf(reply)).toEqual([409, "INVALID_STATE"]);
      expect(reply.body.error.details).toMatchObject({ service_id: first.id });
    }
    expect((await post(name, other.test)).status).toBe(201);
    expect((await post(name, merchant.live)).status).toBe(201);
    // Its own name is no reason to refuse a change.
    const again = await api("PATCH", `/v1/services/${first.id}`, {
      key: merchant.test,
      body: fresh({ name }),
    });
    expect(again.status).toBe(200);
    await put(first.id, "activate");
    await put(first.id, "deactivate");
    const second = await post(name);
    expect(second.status).toBe(201);
    expect(codeOf(await put(first.id, "activate"))).toEqual([409, "INVALID_STATE"]);
  });

  it("one service more than a merchant may have", async ({ expect }) => {
    const shop = await newMerchant();
    await env.DB.prepare(
      `INSERT INTO services SELECT 'svc_' || lower(hex(randomblob(13))), ?, 0, 'draft', '1.0.0',
        'n' || key, '{}', 1, 1 FROM json_each(?)`,
    )
      .bind(shop.id, JSON.stringify(Array.from({ length: 199 })))
      .run();
    const post = () => api("POST", "/v1/services", { key: shop.test, body: fresh() });
    expect((await post()).status).toBe(201);
    const reply = await post();
    expect(codeOf(reply)).toEqual([409, "INVALID_STATE"]);
    expect(reply.body.error.message).toContain("at most 200");
  });
});

describe("a check", () => {
  const check = (id: string, key = merchant.test) =>
    api("POST", `/v1/services/${id}/validate`, { key });

  it("finds nothing to say of a test service, and changes nothing", async ({ expect }) => {
    const { id } = await make();
    expect((await check(id)).body).toEqual({
      object: "service_validation",
      service: id,
      valid: true,
      issues: [],
    });
    expect((await read(id, merchant.test)).body.status).toBe("draft");
  });

  it("asks for live accounts, as activation does", async ({ expect }) => {
    const shop = await newMerchant();
    const { id } = await make({}, shop.live);
    const { body } = await check(id, shop.live);
    const issues = ["alipay", "wechat"].map((channel, index) => ({
      path: `accepted_channels.${index}`,
      message: `you have no active account for ${channel}: POST /v1/channel-accounts`,
      severity: "error",
    }));
    expect(body).toMatchObject({ valid: false, issues });
    const refused = await put(id, "activate", shop.live);
    expect(codeOf(refused)).toEqual([409, "INVALID_STATE"]);
    expect(pathsOf(refused)).toEqual(["accepted_channels.0", "accepted_channels.1"]);
    expect((await read(id, shop.live)).body.status).toBe("draft");

    const bank = await openBank(shop);
    const wechat = await make({ accepted_channels: ["wechat"] }, shop.live);
    expect((await check(wechat.id, shop.live)).body.valid).toBe(true);
    expect((await put(wechat.id, "activate", shop.live)).status).toBe(200);
    // In force it cannot be changed into what is not ready.
    const change = await api("PATCH", `/v1/services/${wechat.id}`, {
      key: shop.live,
      body: fresh({ version: "2.0.0" }),
    });
    expect(codeOf(change)).toEqual([409, "INVALID_STATE"]);
    expect(pathsOf(change)).toEqual(["accepted_channels.0"]);
    await api("DELETE", `/v1/channel-accounts/${bank.account}`, { key: shop.live });
    expect((await check(wechat.id, shop.live)).body.valid).toBe(false);
  });

  it("tells a warning from an error", async ({ expect }) => {
    const webhook_url = "https://summary.example/hooks";
    const { id } = await make({ webhook_url });
    const { body } = await check(id);
    expect(body.valid).toBe(true);
    expect(body.issues).toMatchObject([{ path: "webhook_url", severity: "warning" }]);
    await api("POST", "/v1/webhook-endpoints", { key: merchant.test, body: { url: webhook_url } });
    expect((await check(id)).body.issues).toEqual([]);
  });
});

describe("who sees what", () => {
  it("one merchant never reads or changes another's", async ({ expect }) => {
    const { id } = await make();
    for (const key of [other.test, merchant.live, other.live]) {
      const replies = [
        await read(id, key),
        await api("PATCH", `/v1/services/${id}`, { key, body: fresh() }),
        await put(id, "activate", key),
        await put(id, "deactivate", key),
        await api("POST", `/v1/services/${id}/validate`, { key }),
        await api("GET", `/v1/services/${id}/versions`, { key }),
      ];
      for (const reply of replies) {
        expect(codeOf(reply)).toEqual([404, "SERVICE_NOT_FOUND"]);
        expect(reply.body.error.details).toEqual({
          service_id: id,
          reason: "no_manifest_registered",
        });
      }
    }
    await put(id, "activate");
    for (const action of ["activate", "deactivate"]) {
      expect(codeOf(await put(id, action, other.test))).toEqual([404, "SERVICE_NOT_FOUND"]);
    }
    expect((await read(id, merchant.test)).body.status).toBe("active");
  });

  it("strangers find live ones, keys those of their mode, nobody the merchant's own address", async ({
    expect,
  }) => {
    const shop = await newMerchant("Secret Holding Ltd");
    await openBank(shop);
    const tags = [unique()];
    const [q = ""] = tags;
    const webhook_url = "https://summary.example/hooks";
    const common = { tags, webhook_url, accepted_channels: ["wechat"] };
    const live = await inForce(common, shop.live);
    const test = await inForce(common, shop.test);
    await make(common, shop.live);
    expect(live.webhook_url).toBe(webhook_url);

    expect(idsOf(await search({ q }))).toEqual([live.id]);
    expect(idsOf(await search({ q }, other.live))).toEqual([live.id]);
    expect(idsOf(await search({ q }, other.test))).toEqual([test.id]);
    for (const reply of [
      await search({ q }),
      await read(live.id),
      await read(live.id, other.live),
    ]) {
      expect(reply.status).toBe(200);
      const text = JSON.stringify(reply.body);
      expect(text).not.toContain(webhook_url);
      expect(text).not.toMatch(/Secret Holding|m_[0-9a-z]{26}|ca_[0-9a-z]{26}|email/);
    }
    expect((await search({ q }, shop.live)).body.data[0].webhook_url).toBe(webhook_url);
    expect(codeOf(await read(test.id))).toEqual([404, "SERVICE_NOT_FOUND"]);
    expect(codeOf(await read(live.id, other.test))).toEqual([404, "SERVICE_NOT_FOUND"]);

    const suspend = (status: string) =>
      api("PATCH", `/v1/admin/merchants/${shop.id}`, { headers: ADMIN, body: { status } });
    await suspend("suspended");
    expect(idsOf(await search({ q }))).toEqual([]);
    expect(codeOf(await read(live.id))).toEqual([404, "SERVICE_NOT_FOUND"]);
    await suspend("active");
    expect(idsOf(await search({ q }))).toEqual([live.id]);
  });

  it("`mine` needs a key and shows every state of one's own", async ({ expect }) => {
    const shop = await newMerchant();
    const [draft, active] = [await make({}, shop.test), await inForce({}, shop.test)];
    await make({}, shop.live);
    expect(idsOf(await search({ mine: "true" }, shop.test))).toEqual([active.id, draft.id]);
    const found = await search({ mine: "true", q: draft.name.slice(0, 12) }, shop.test);
    expect(idsOf(found)).toEqual([draft.id]);
    expect(codeOf(await search({ mine: "true" }))).toEqual([401, "UNAUTHENTICATED"]);
    expect(idsOf(await search({ mine: "false", q: active.tags[0] }, shop.test))).toEqual([
      active.id,
    ]);
  });

  it("a wrong key is refused where none is needed, and a scope is asked for changes", async ({
    expect,
  }) => {
    const wrong = `sk_test_${"0".repeat(12)}_${"0".repeat(32)}`;
    expect(codeOf(await search({}, wrong))).toEqual([401, "UNAUTHENTICATED"]);
    expect(codeOf(await read("svc_1", wrong))).toEqual([401, "UNAUTHENTICATED"]);
    const { body: limited } = await api("POST", "/v1/api-keys", {
      key: merchant.test,
      body: { scopes: ["payments:read"] },
    });
    const { id } = await make();
    expect((await read(id, limited.key)).status).toBe(200);
    const post = await api("POST", "/v1/services", { key: limited.key, body: fresh() });
    expect(codeOf(post)).toEqual([403, "SCOPE_MISSING"]);
    expect(codeOf(await put(id, "activate", limited.key))).toEqual([403, "SCOPE_MISSING"]);
  });
});

describe("a search", () => {
  it("goes page by page, also with words, and keeps cursors apart", async ({ expect }) => {
    const tags = [unique()];
    const [q = ""] = tags;
    const made = [];
    for (let at = 0; at < 3; at += 1) made.unshift((await inForce({ tags })).id);
    const first = await search({ q, limit: "2" }, merchant.test);
    expect(idsOf(first)).toEqual(made.slice(0, 2));
    const cursor = first.body.next_cursor;
    const second = await search({ q, limit: "2", cursor }, merchant.test);
    expect([idsOf(second), second.body.has_more]).toEqual([made.slice(2), false]);
    const elsewhere = [search({ cursor }), search({ mine: "true", cursor }, merchant.test)];
    for (const reply of await Promise.all(elsewhere)) {
      expect(codeOf(reply)).toEqual([400, "INVALID_CURSOR"]);
    }
  });

  it("takes any text for words, and nothing for everything", async ({ expect }) => {
    const { id } = await inForce({ name: `${EVIL} ${unique()}` });
    expect(idsOf(await search({ q: `<img src=x onerror="alert(1)">` }, merchant.test))).toContain(
      id,
    );
    for (const q of ['"', "'", "a OR b", "text:x", "NEAR(", "*", "%", "\\", "🍜", "  "]) {
      expect((await search({ q }, merchant.test)).status).toBe(200);
    }
    expect(idsOf(await search({ q: "" }, merchant.test))).toContain(id);
  });

  it.for<[string, Record<string, string>, string]>([
    ["101 characters", { q: "x".repeat(101) }, "q: must have at most 100 characters."],
    [
      "control characters",
      { q: "a\u0001channel=fps\u0001" },
      "q: must not contain control characters.",
    ],
    ["an unknown channel", { channel: "card" }, "channel: must be one of wechat, "],
    ["an unknown currency", { currency: "cny" }, "currency: must be one of AUD, "],
    ["an unknown filter", { status: "draft" }, "status: unknown field; remove it."],
    ["a `mine` that is neither", { mine: "1" }, "mine: must be one of true, false."],
    ["too large a page", { limit: "101" }, "limit: must be a whole number from 1 to 100."],
  ])("of %s is refused in clear words", async ([, query, message], { expect }) => {
    const reply = await search(query, merchant.test);
    expect(codeOf(reply)).toEqual([400, "INVALID_REQUEST"]);
    expect(reply.body.error.message).toContain(message);
  });
});

describe("a payment's look at a service", () => {
  const ownerOf = (livemode = false) => ({ merchantId: merchant.id, livemode });

  it("asks D1 once, and at once again after a change", async ({ expect }) => {
    const { id, name } = await inForce();
    const prepare = vi.spyOn(env.DB, "prepare");
    const look = async () => {
      const found = await manifestInForce(env, ownerOf(), id);
      if (!found.ok) return found.error.details?.["reason"];
      const quoted = quote(found.value, { serviceId: id, amount: null, priceId: null });
      return quoted.ok ? quoted.value.amount.value : quoted.error.code;
    };
    expect(await look()).toBe(699);
    const asked = prepare.mock.calls.length;
    expect(asked).toBeGreaterThan(0);
    expect([await look(), await look()]).toEqual([699, 699]);
    expect(prepare.mock.calls.length).toBe(asked);

    const dearer = { one_time: [{ id: "page", amount: money(799) }] };
    await api("PATCH", `/v1/services/${id}`, {
      key: merchant.test,
      body: fresh({ name, version: "1.1.0", pricing: dearer }),
    });
    expect(await look()).toBe(799);
    await put(id, "deactivate");
    expect(await look()).toBe("not_active");
  });

  it("feels a change that was made elsewhere within the stated time", async ({ expect }) => {
    const { id } = await inForce();
    expect((await manifestInForce(env, ownerOf(), id)).ok).toBe(true);
    await env.DB.prepare("UPDATE services SET status = 'inactive' WHERE id = ?").bind(id).run();
    expect((await manifestInForce(env, ownerOf(), id)).ok).toBe(true);
    const late = Date.now() + SETTINGS_CACHE_MS;
    vi.spyOn(Date, "now").mockReturnValue(late);
    expect(await manifestInForce(env, ownerOf(), id)).toMatchObject({
      ok: false,
      error: {
        code: "SERVICE_NOT_FOUND",
        details: { service_id: id, reason: "not_active" },
      },
    });
  });

  it("finds neither another merchant's nor another mode's", async ({ expect }) => {
    const { id } = await inForce();
    const strangers = [{ merchantId: other.id, livemode: false }, ownerOf(true)];
    for (const owner of strangers) {
      expect(await manifestInForce(env, owner, id)).toMatchObject({
        ok: false,
        error: { details: { reason: "no_manifest_registered" } },
      });
    }
    const long = await manifestInForce(env, ownerOf(), "x".repeat(9_000));
    expect(JSON.stringify(long).length).toBeLessThan(300);
  });
});
