/**
 * The audit log: every change of settings leaves one entry, in the transaction of the change; what
 * did not happen leaves none; no secret ever gets in; nobody can rewrite it or read another's.
 */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, it } from "vitest";

import { createApp } from "../../src/app.ts";
import { renewAuthorizations, RENEW_BEFORE_MS } from "../../src/cron/authorizations.ts";
import { toPem } from "../../src/crypto/pem.ts";
import { generateRsaPair } from "../../src/crypto/rsa.ts";
import { randomId } from "../../src/ids.ts";
import { inside } from "../../src/routes/inside.ts";
import { findApiKey, findKeyHolder, revokeApiKey } from "../../src/store/api-keys.ts";
import { changeEntry, type Change, difference } from "../../src/store/audit-log.ts";
import { findChannelAccount, updateChannelAccount } from "../../src/store/channel-accounts.ts";
import { database } from "../../src/store/db.ts";
import { findMerchant, updateMerchant } from "../../src/store/merchants.ts";
import { findEndpoint, replaceSecrets, updateEndpoint } from "../../src/store/webhook-endpoints.ts";
import { switchOff } from "../../src/webhooks/disable.ts";
import { manifestOf } from "../agents/kit.ts";
import { applicationOf, SECRETS } from "../channels/wechat/application.ts";
import { newPair, partnerCredentialsOf } from "../channels/wechat/kit.ts";

const ORIGIN = "https://pay.example";
const ADMIN = "admin-token-for-tests";
const db = database(env.DB);
const app = createApp();

interface Reply {
  readonly status: number;
  readonly requestId: string | null;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- JSON of many shapes, checked by expect
  readonly body: any;
}

async function call(
  bearer: string | null,
  method: string,
  path: string,
  body?: unknown,
  { headers = {}, bindings = env }: { headers?: object; bindings?: Env } = {},
): Promise<Reply> {
  const ctx = createExecutionContext();
  const request = new Request(path.startsWith("https:") ? path : `${ORIGIN}${path}`, {
    method,
    redirect: "manual",
    headers: {
      ...(bearer === null ? {} : { Authorization: `Bearer ${bearer}` }),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const response = await app.fetch(request, bindings, ctx);
  const text = await response.text();
  await waitOnExecutionContext(ctx);
  const isJson = response.headers.get("Content-Type")?.includes("application/json") === true;
  return {
    status: response.status,
    requestId: response.headers.get("Request-Id"),
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
  };
}

/** A reply that must not fail. */
async function done(...parts: Parameters<typeof call>): Promise<Reply> {
  const reply = await call(...parts);
  if (reply.status >= 300)
    throw new Error(`${parts[1]} ${parts[2]}: ${JSON.stringify(reply.body)}`);
  return reply;
}

interface Shop {
  readonly id: string;
  readonly test: string;
  readonly live: string;
  /** The key that `test` is. */
  readonly keyId: string;
}

async function newShop(): Promise<Shop> {
  const { body } = await done(ADMIN, "POST", "/v1/admin/merchants", { name: "Corner Shop" });
  const { body: keys } = await done(body.keys.test, "GET", "/v1/api-keys");
  return { id: body.id, test: body.keys.test, live: body.keys.live, keyId: keys.data[0].id };
}

interface Entry {
  readonly id: string;
  readonly action: string;
  readonly target: string;
  readonly actor: { readonly type: string; readonly id: string | null };
  readonly livemode: boolean | null;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly request_id: string | null;
}

/** The merchant's entries as its test key sees them, the oldest first. */
async function log(shop: Shop, query = ""): Promise<Entry[]> {
  const { body } = await done(shop.test, "GET", `/v1/audit-log?limit=100${query}`);
  return body.data.toReversed();
}

/** The entries that `work` leaves, the oldest first. */
async function entriesOf(shop: Shop, work: () => Promise<unknown>): Promise<Entry[]> {
  const before = new Set((await log(shop)).map(({ id }) => id));
  await work();
  return (await log(shop)).filter(({ id }) => !before.has(id));
}

const actions = (entries: readonly Entry[]) => entries.map(({ action }) => action).toSorted();

const pair = await generateRsaPair();
const other = await generateRsaPair();
const credentials = {
  app_id: "2021000123456789",
  private_key: toPem("PRIVATE KEY", pair.privateKey),
  alipay_public_key: toPem("PUBLIC KEY", other.publicKey),
};

const newAccount = async (shop: Shop) =>
  done(shop.test, "POST", "/v1/channel-accounts", {
    channel: "alipay",
    mode: "direct",
    display_name: "Alipay",
    credentials,
  });

const newEndpoint = async (shop: Shop) =>
  done(shop.test, "POST", "/v1/webhook-endpoints", { url: "https://shop.example/hooks" });

/** Every sealed secret in the database. */
async function sealedSecrets(): Promise<string[]> {
  const read = async <T>(sql: string) => (await env.DB.prepare(sql).all<T>()).results;
  const keys = await read<{ sealed: string }>("SELECT sealed_secret AS sealed FROM api_keys");
  const versions = await read<{ list: string }>(
    `SELECT credentials AS list FROM channel_accounts WHERE credentials IS NOT NULL
      UNION ALL SELECT secrets FROM webhook_endpoints`,
  );
  const lists = versions.flatMap(({ list }) => JSON.parse(list) as { sealed: string }[]);
  return [...keys, ...lists].map(({ sealed }) => sealed);
}

let shop: Shop;
beforeAll(async () => {
  shop = await newShop();
});

describe("the difference of two versions", () => {
  it("is the fields that are not the same, of both", ({ expect }) => {
    const before = { a: 1, b: { x: [1, 2], y: null }, c: "same", updated_at: "1", gone: true };
    const after = { c: "same", b: { y: null, x: [1, 3] }, a: 1, updated_at: "2", fresh: 0 };
    expect(difference(before, after)).toEqual({
      before: { b: { x: [1, 2], y: null }, gone: true, fresh: null },
      after: { b: { y: null, x: [1, 3] }, gone: null, fresh: 0 },
    });
  });

  it("is nothing when only the stamp or the order of members moved", ({ expect }) => {
    expect(
      difference(
        { a: { x: 1, y: 2 }, updated_at: 1, n: null },
        { updated_at: 2, a: { y: 2, x: 1 } },
      ),
    ).toBeNull();
  });
});

describe("API keys", () => {
  it("are written down when they are made, rotated and revoked", async ({ expect }) => {
    const made = await done(shop.test, "POST", "/v1/api-keys", {
      scopes: ["payments:read"],
      label: "till",
    });
    const { key: _secret, ...shown } = made.body;
    expect(await log(shop, `&target=${made.body.id}`)).toEqual([
      {
        id: expect.stringMatching(/^aud_/),
        object: "audit_entry",
        livemode: false,
        merchant_id: shop.id,
        actor: { type: "api_key", id: shop.keyId },
        action: "api_key.created",
        target: made.body.id,
        before: null,
        after: shown,
        request_id: made.requestId,
        created_at: made.body.created_at,
      },
    ]);

    const path = `/v1/api-keys/${made.body.id}`;
    const rotated = await entriesOf(shop, () =>
      done(shop.test, "POST", `${path}/rotate`, { overlap_seconds: 60 }),
    );
    expect(actions(rotated)).toEqual(["api_key.created", "api_key.rotated"]);
    const [ended, born] = ["api_key.rotated", "api_key.created"].map((name) =>
      rotated.find(({ action }) => action === name),
    );
    expect(ended).toMatchObject({
      target: made.body.id,
      before: { expires_at: null, replaced_by: null },
      after: { expires_at: expect.any(String), replaced_by: born?.target },
    });
    expect(Object.keys(ended?.after ?? {}).toSorted()).toEqual(["expires_at", "replaced_by"]);
    expect(born?.after).toMatchObject({ label: "till", scopes: ["payments:read"] });

    const revoked = await entriesOf(shop, async () => {
      await done(shop.test, "DELETE", path);
      // The first revocation counts.
      await done(shop.test, "DELETE", path);
    });
    expect(revoked).toMatchObject([
      { action: "api_key.revoked", before: { status: "active" }, after: { status: "revoked" } },
    ]);
  });
});

describe("channel accounts", () => {
  it("are written down from the first credentials to the end", async ({ expect }) => {
    const created = await newAccount(shop);
    const { id } = created.body;
    const path = `/v1/channel-accounts/${id}`;
    await done(shop.test, "PATCH", path, { display_name: "Alipay, shop 2" });
    await done(shop.test, "POST", `${path}/credentials`, { credentials });
    await done(shop.test, "DELETE", `${path}/credentials/1`);
    await done(shop.test, "DELETE", path);
    const entries = await log(shop, `&target=${id}`);
    expect(entries).toMatchObject([
      { action: "channel_account.created", before: null, after: created.body },
      {
        action: "channel_account.updated",
        before: { display_name: "Alipay" },
        after: { display_name: "Alipay, shop 2" },
      },
      {
        action: "channel_account.credentials_added",
        before: { credentials: [{ version: 1 }] },
        after: { credentials: [{ version: 2 }, { version: 1 }] },
      },
      {
        action: "channel_account.credentials_retired",
        before: { credentials: [{ version: 2 }, { version: 1 }] },
        after: { credentials: [{ version: 2 }] },
      },
      {
        action: "channel_account.disabled",
        before: { status: "active" },
        after: { status: "disabled" },
      },
    ]);
    expect(entries[1]?.after).toEqual({ display_name: "Alipay, shop 2" });
  });

  it("are written down when a merchant authorises, and when we renew that", async ({ expect }) => {
    const { body: keys } = await done(null, "GET", "/sandbox/channels/alipay/keys");
    const { body: account } = await done(shop.test, "POST", "/v1/channel-accounts", {
      channel: "alipay",
      mode: "isv",
      display_name: "Noodle Shop",
      credentials: { ...credentials, alipay_public_key: keys.public_key },
    });
    const { body: link } = await done(
      shop.test,
      "POST",
      `/v1/channel-accounts/${account.id}/authorization`,
    );
    const yes = await call(null, "GET", link.url);
    const back = await call(null, "GET", yes.headers.get("Location") ?? "");
    expect(back.status).toBe(200);
    await env.DB.prepare("UPDATE channel_accounts SET authorization_expires_at = ? WHERE id = ?")
      .bind(Date.now() + RENEW_BEFORE_MS - 60_000, account.id)
      .run();
    expect(await renewAuthorizations(env, Date.now(), () => {})).toBe(1);
    const [, granted, renewed, ...rest] = await log(shop, `&target=${account.id}`);
    expect(rest).toEqual([]);
    expect(granted).toMatchObject({
      action: "channel_account.authorization_granted",
      actor: { type: "api_key", id: null },
      livemode: false,
      before: { credentials: [{ version: 1 }] },
      after: { credentials: [{ version: 2 }, { version: 1 }] },
      request_id: back.requestId,
    });
    expect(renewed).toMatchObject({
      action: "channel_account.authorization_renewed",
      actor: { type: "gateway", id: null },
      request_id: null,
      after: { credentials: [{ version: 3 }, { version: 2 }, { version: 1 }] },
    });
    expect(Object.keys(granted?.after ?? {})).toEqual(["credentials"]);
  });

  it("are written down when a sub-merchant's application is handed in", async ({ expect }) => {
    const { body: keys } = await done(null, "GET", "/sandbox/channels/wechat/keys");
    const platform = {
      id: "PUB_KEY_ID_0119000000012026112100000001000009",
      public_key: keys.public_key,
    };
    const { body: account } = await done(shop.test, "POST", "/v1/channel-accounts", {
      channel: "wechat",
      mode: "service_provider",
      display_name: "Provider",
      credentials: partnerCredentialsOf(await newPair(), await newPair(), {
        platform_keys: [platform],
      }),
    });
    const path = `/v1/channel-accounts/${account.id}/onboarding`;
    const entries = await entriesOf(shop, async () => {
      await done(shop.test, "POST", path, { application: applicationOf() });
      // Nothing is handed in.
      await call(shop.test, "POST", path, { application: {} });
    });
    expect(entries).toMatchObject([
      {
        action: "channel_account.onboarding_submitted",
        target: account.id,
        before: null,
        after: { application_number: expect.stringMatching(/^ap_/), state: expect.any(String) },
      },
    ]);
    expect(Object.keys(entries[0]?.after ?? {}).toSorted()).toEqual([
      "application_number",
      "channel_status",
      "state",
      "sub_merchant",
    ]);
  });

  it("that only are looked at, or made by the sandbox, are no settings", async ({ expect }) => {
    const own = await newShop();
    const { body: accounts } = await done(own.test, "GET", "/v1/channel-accounts");
    expect(accounts.data.length).toBeGreaterThan(5);
    await done(own.test, "POST", `/v1/channel-accounts/${accounts.data[0].id}/verify`);
    const { body } = await done(ADMIN, "GET", `/v1/admin/audit-log?merchant=${own.id}`);
    expect(actions(body.data)).toEqual(["api_key.created", "api_key.created", "merchant.created"]);
  });
});

describe("webhook endpoints", () => {
  it("are written down from the first URL to the end", async ({ expect }) => {
    const { body: created, requestId } = await newEndpoint(shop);
    const path = `/v1/webhook-endpoints/${created.id}`;
    const { secret: _, ...shown } = created;
    await done(shop.test, "PATCH", path, { url: "https://new.example/h", status: "disabled" });
    await done(shop.test, "POST", `${path}/rotate-secret`, { overlap_seconds: 60 });
    await done(shop.test, "DELETE", path);
    expect(await call(shop.test, "DELETE", path)).toMatchObject({ status: 404 });
    const entries = await log(shop, `&target=${created.id}`);
    expect(entries).toMatchObject([
      {
        action: "webhook_endpoint.created",
        before: null,
        after: shown,
        request_id: requestId,
        actor: { type: "api_key", id: shop.keyId },
      },
      {
        action: "webhook_endpoint.updated",
        before: { url: "https://shop.example/hooks", status: "enabled", disabled_reason: null },
        after: {
          url: "https://new.example/h",
          status: "disabled",
          disabled_reason: "by_merchant",
        },
      },
      {
        action: "webhook_endpoint.secret_rotated",
        before: { old_secrets_end_at: null },
        after: { old_secrets_end_at: expect.any(String) },
      },
      {
        action: "webhook_endpoint.deleted",
        before: { url: "https://new.example/h", status: "disabled" },
        after: null,
      },
    ]);
  });

  it("that the gateway switches off are, once, by nobody", async ({ expect }) => {
    // Without another endpoint that would have to be told.
    const own = await newShop();
    const { body } = await newEndpoint(own);
    const row = await findEndpoint(db, own.id, false, body.id);
    if (row === null) throw new Error("no endpoint");
    const recorder = { db, deliveries: env.DELIVERIES };
    const off = () => switchOff(recorder, row, "failing", Date.now());
    const results = await Promise.all([off(), off(), off()]);
    expect(results.filter(Boolean)).toHaveLength(1);
    const [, ...entries] = await log(own, `&target=${body.id}`);
    expect(entries).toMatchObject([
      {
        action: "webhook_endpoint.disabled",
        actor: { type: "gateway", id: null },
        request_id: null,
        before: { status: "enabled", disabled_reason: null },
        after: { status: "disabled", disabled_reason: "failing" },
      },
    ]);
  });
});

describe("merchants", () => {
  it("are written down by what was done with them", async ({ expect }) => {
    const { id, test } = await newShop();
    const patch = (body: object) => done(ADMIN, "PATCH", `/v1/admin/merchants/${id}`, body);
    await patch({ email: "owner@corner.example" });
    await patch({ status: "suspended", name: "Corner" });
    await patch({ status: "active" });
    await env.DB.prepare("UPDATE merchants SET status = 'unverified' WHERE id = ?").bind(id).run();
    await patch({ status: "active" });
    // Nothing of it changes.
    await patch({ name: "Corner", status: "active" });
    await patch({});
    const { body } = await done(test, "GET", `/v1/audit-log?limit=100&target=${id}`);
    const entries: Entry[] = body.data.toReversed();
    const operator = { actor: { type: "operator", id: null }, livemode: null, merchant_id: id };
    expect(entries).toMatchObject([
      { ...operator, action: "merchant.created", before: null, after: { name: "Corner Shop" } },
      { action: "merchant.updated", after: { email: "owner@corner.example" } },
      {
        ...operator,
        action: "merchant.suspended",
        before: { status: "active", name: "Corner Shop" },
        after: { status: "suspended", name: "Corner" },
      },
      { action: "merchant.reactivated", after: { status: "active" } },
      { action: "merchant.verified", before: { status: "unverified" } },
    ]);
    expect(entries).toHaveLength(5);
    const { body: whole } = await done(ADMIN, "GET", `/v1/admin/audit-log?merchant=${id}`);
    const keys = (whole.data as Entry[]).filter(({ action }) => action === "api_key.created");
    expect(new Set(keys.map(({ livemode }) => livemode))).toEqual(new Set([false, true]));
    expect(keys.every(({ actor }) => actor.type === "operator")).toBe(true);
  });
});

describe("who did it", () => {
  it("is the console where a person was signed in, with the key", async ({ expect }) => {
    const [, publicId = ""] = /^(.+)_[0-9A-Za-z]{32}$/.exec(shop.test) ?? [];
    const principal = await findKeyHolder(db, publicId);
    const bindings = inside(env, { principal });
    const made = await done(null, "POST", "/v1/api-keys", { scopes: ["*"] }, { bindings });
    const [entry] = await log(shop, `&target=${made.body.id}`);
    expect(entry).toMatchObject({ actor: { type: "console", id: shop.keyId } });
    expect(entry?.request_id).toBe(made.requestId);
  });
});

describe("a change that did not happen", () => {
  it("leaves no entry when the request is refused", async ({ expect }) => {
    const stranger = await newShop();
    const account = (await newAccount(shop)).body.id;
    const endpoint = (await newEndpoint(shop)).body.id;
    const entries = await entriesOf(shop, async () => {
      const attempts: [string, string, string, unknown?][] = [
        [shop.test, "POST", "/v1/api-keys", { scopes: [] }],
        [shop.test, "POST", "/v1/api-keys", { scopes: ["*"], expires_at: "2020-01-01T00:00:00Z" }],
        [stranger.test, "DELETE", `/v1/api-keys/${shop.keyId}`],
        [stranger.test, "POST", `/v1/api-keys/${shop.keyId}/rotate`, {}],
        [shop.test, "POST", "/v1/channel-accounts", { channel: "alipay" }],
        [shop.test, "PATCH", `/v1/channel-accounts/${account}`, { region: "nowhere" }],
        [shop.live, "PATCH", `/v1/channel-accounts/${account}`, { display_name: "Mine" }],
        [stranger.test, "DELETE", `/v1/channel-accounts/${account}`],
        [shop.test, "DELETE", `/v1/channel-accounts/${account}/credentials/1`],
        [shop.test, "POST", "/v1/webhook-endpoints", { url: "ftp://shop.example/" }],
        [shop.test, "PATCH", `/v1/webhook-endpoints/${endpoint}`, { url: "http://a.example/" }],
        [stranger.test, "DELETE", `/v1/webhook-endpoints/${endpoint}`],
        [stranger.test, "POST", `/v1/webhook-endpoints/${endpoint}/rotate-secret`, {}],
        [shop.test, "PATCH", `/v1/admin/merchants/${shop.id}`, { status: "suspended" }],
        [ADMIN, "PATCH", `/v1/admin/merchants/${shop.id}`, { status: "unverified" }],
      ];
      for (const [key, method, path, body] of attempts) {
        const { status } = await call(key, method, path, body);
        expect([method, path, status >= 400 && status < 500]).toEqual([method, path, true]);
      }
    });
    expect(entries).toEqual([]);
  });

  it("leaves no entry when it changes nothing", async ({ expect }) => {
    const { body: account } = await newAccount(shop);
    const { body: endpoint } = await newEndpoint(shop);
    const entries = await entriesOf(shop, async () => {
      for (const body of [{}, { display_name: "Alipay", late_payment: "accept" }]) {
        await done(shop.test, "PATCH", `/v1/channel-accounts/${account.id}`, body);
      }
      for (const body of [{}, { url: endpoint.url, status: "enabled" }]) {
        await done(shop.test, "PATCH", `/v1/webhook-endpoints/${endpoint.id}`, body);
      }
    });
    expect(entries).toEqual([]);
  });

  it("leaves one entry for one Idempotency-Key", async ({ expect }) => {
    const headers = { "Idempotency-Key": "audit-once" };
    const entries = await entriesOf(shop, () =>
      Promise.all(
        [1, 2, 3].map(() =>
          done(shop.test, "POST", "/v1/api-keys", { scopes: ["*"] }, { headers }),
        ),
      ),
    );
    expect(actions(entries)).toEqual(["api_key.created"]);
  });

  /** What every lost race would write. */
  const entry = (target: string): ReturnType<typeof changeEntry> =>
    changeEntry(db, change({ target }));
  const change = (fields: Partial<Change> = {}): Change => ({
    merchantId: shop.id,
    livemode: false,
    actor: { type: "operator", id: null },
    requestId: null,
    action: "lost.race",
    target: "x",
    before: { a: 1 },
    after: { a: 2 },
    now: Date.now(),
    ...fields,
  });

  it("leaves no entry when somebody else was first", async ({ expect }) => {
    const { body: made } = await done(shop.test, "POST", "/v1/api-keys", { scopes: ["*"] });
    const account = await findChannelAccount(db, (await newAccount(shop)).body.id);
    const endpoint = await findEndpoint(db, shop.id, false, (await newEndpoint(shop)).body.id);
    const merchant = await findMerchant(db, shop.id);
    if (account === null || endpoint === null || merchant === null) throw new Error("missing");
    const now = Date.now();
    const stale = account.updated_at - 1;
    await revokeApiKey(db, made.id, now);
    await revokeApiKey(db, made.id, now + 1, entry("key"));
    expect(
      await updateChannelAccount(db, account.id, stale, { region: "sea" }, now, entry("account")),
    ).toBeNull();
    const guard = { readAt: endpoint.updated_at - 1, also: entry("endpoint") };
    const disabling = { status: "disabled" as const };
    expect(await updateEndpoint(db, endpoint.id, disabling, now, guard)).toBeNull();
    const old = { ...endpoint, updated_at: endpoint.updated_at - 1 };
    expect(await replaceSecrets(db, old, [], now, entry("endpoint"))).toBeNull();
    const read = { ...merchant, updated_at: merchant.updated_at - 1 };
    expect(await updateMerchant(db, read, { name: "Other" }, now, entry("merchant"))).toBeNull();
    expect(await log(shop, "&action=lost.race")).toEqual([]);
    expect(await findMerchant(db, shop.id)).toEqual(merchant);
    expect(await findEndpoint(db, shop.id, false, endpoint.id)).toEqual(endpoint);
  });

  it("is whole or nothing: no change without its entry", async ({ expect }) => {
    const { body: made } = await done(shop.test, "POST", "/v1/api-keys", { scopes: ["*"] });
    const [first] = entry(made.id);
    if (first === undefined) throw new Error("no entry");
    // The same statement twice is the same entry twice, which the primary key refuses.
    await expect(revokeApiKey(db, made.id, Date.now(), [first, first])).rejects.toThrow();
    expect(await findApiKey(db, shop.id, false, made.id)).toMatchObject({ revoked_at: null });
    expect(await log(shop, "&action=lost.race")).toEqual([]);
    await revokeApiKey(db, made.id, Date.now(), [first]);
    expect(await log(shop, "&action=lost.race")).toHaveLength(1);
  });
});

describe("the log", () => {
  it("cannot be rewritten, not even by SQL", async ({ expect }) => {
    for (const sql of [
      "UPDATE audit_log SET action = 'nothing.happened'",
      "UPDATE audit_log SET before = NULL WHERE id = (SELECT id FROM audit_log LIMIT 1)",
      "DELETE FROM audit_log",
    ]) {
      await expect(env.DB.prepare(sql).run()).rejects.toThrow("append-only");
    }
  });

  it("holds no secret, whatever was done", async ({ expect }) => {
    const own = await newShop();
    const secrets: string[] = [own.test, own.live].map((key) => key.slice(-32));
    const key = (await done(own.test, "POST", "/v1/api-keys", { scopes: ["*"] })).body;
    const next = (await done(own.test, "POST", `/v1/api-keys/${key.id}/rotate`, {})).body;
    const rescue = `/v1/admin/merchants/${own.id}/api-keys`;
    const rescued = (await done(ADMIN, "POST", rescue, { livemode: true })).body;
    secrets.push(...[key, next, rescued].map((each) => each.key.slice(-32)));
    const account = (await newAccount(own)).body;
    await done(own.test, "POST", `/v1/channel-accounts/${account.id}/credentials`, { credentials });
    const endpoint = (await newEndpoint(own)).body;
    const rotate = `/v1/webhook-endpoints/${endpoint.id}/rotate-secret`;
    const rotated = (await done(own.test, "POST", rotate, {})).body;
    secrets.push(...[endpoint, rotated].map((each) => each.secret.slice("whsec_".length)));
    // Pieces of a key's text that stands in no public place.
    secrets.push(...credentials.private_key.split("\n").slice(3, 6));
    const sealed = await sealedSecrets();
    expect(sealed.length).toBeGreaterThan(20);
    // Everything that this file has done so far, applications of people included.
    const { results } = await env.DB.prepare("SELECT * FROM audit_log").all();
    expect(results.length).toBeGreaterThan(40);
    const text = JSON.stringify(results);
    for (const secret of [...secrets, ...sealed, ...SECRETS]) {
      expect(secret.length).toBeGreaterThan(0);
      expect(text.includes(secret), secret.slice(0, 8)).toBe(false);
    }
    expect(text).not.toMatch(
      /sk_(test|liv)_[0-9A-Za-z]{12}_|whsec_|PRIVATE KEY|sealed|"secrets?\\?"/,
    );
  });

  it("is found by action, target and time, and read page by page", async ({ expect }) => {
    const own = await newShop();
    const ids: string[] = [];
    for (let made = 0; made < 5; made += 1) {
      ids.push((await done(own.test, "POST", "/v1/api-keys", { scopes: ["*"] })).body.id);
    }
    const created = await log(own, "&action=api_key.created");
    expect(created.slice(-5).map(({ target }) => target)).toEqual(ids);
    expect(await log(own, "&action=merchant.created")).toHaveLength(1);
    expect(await log(own, "&action=nothing.done")).toEqual([]);
    expect(await log(own, `&target=${ids[2]}`)).toMatchObject([{ target: ids[2] }]);
    const hour = (ms: number) => encodeURIComponent(new Date(Date.now() + ms).toISOString());
    expect(await log(own, `&created_gte=${hour(60_000)}`)).toEqual([]);
    expect(await log(own, `&created_lt=${hour(-60_000)}`)).toEqual([]);
    expect(
      (await log(own, `&created_gte=${hour(-60_000)}&created_lt=${hour(60_000)}`)).length,
    ).toBe((await log(own)).length);

    const seen: string[] = [];
    let cursor = "";
    do {
      const query = `limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`;
      const { body } = await done(own.test, "GET", `/v1/audit-log?${query}`);
      expect(body.data.length).toBeLessThanOrEqual(2);
      seen.push(...(body.data as Entry[]).map(({ id }) => id));
      cursor = body.next_cursor ?? "";
    } while (cursor !== "");
    expect(seen).toEqual((await log(own)).toReversed().map(({ id }) => id));

    const { body: first } = await done(own.test, "GET", "/v1/audit-log?limit=2");
    for (const key of [shop.test, own.live, ADMIN]) {
      const path = key === ADMIN ? "/v1/admin/audit-log" : "/v1/audit-log";
      const foreign = await call(key, "GET", `${path}?cursor=${first.next_cursor}`);
      expect([foreign.status, foreign.body.error.code]).toEqual([400, "INVALID_CURSOR"]);
    }
  });

  it.for([
    "limit=0",
    "limit=101",
    "cursor=x",
    "action=",
    "action=api_key",
    "action=a.b;--",
    "target=",
    `target=${"x".repeat(65)}`,
    "created_gte=yesterday",
    "merchant=m_other",
    "actor=operator",
  ])("refuses ?%s", async (query, { expect }) => {
    expect((await call(shop.test, "GET", `/v1/audit-log?${query}`)).status).toBe(400);
  });

  it("shows each merchant and mode its own, and the operator all", async ({ expect }) => {
    const [one, two] = [await newShop(), await newShop()];
    const test = (await done(one.test, "POST", "/v1/api-keys", { scopes: ["*"] })).body.id;
    const live = (await done(one.live, "POST", "/v1/api-keys", { scopes: ["*"] })).body.id;
    const targets = async (key: string, path = "/v1/audit-log?limit=100") => {
      const { body } = await done(key, "GET", path);
      return (body.data as Entry[]).map(({ target }) => target);
    };
    expect(await targets(one.test)).toEqual(expect.arrayContaining([test, one.id]));
    expect(await targets(one.test)).not.toContain(live);
    expect(await targets(one.live)).toEqual(expect.arrayContaining([live, one.id]));
    expect(await targets(one.live)).not.toContain(test);
    for (const key of [two.test, two.live]) {
      const seen = [
        ...(await targets(key)),
        ...(await targets(key, `/v1/audit-log?target=${test}`)),
        ...(await targets(key, `/v1/audit-log?target=${one.id}`)),
      ];
      expect(seen).not.toEqual(expect.arrayContaining([test]));
      expect(seen).not.toContain(one.id);
      expect(seen).toContain(two.id);
    }
    const admin = "/v1/admin/audit-log?limit=100";
    expect(await targets(ADMIN, `${admin}&merchant=${one.id}`)).toEqual(
      expect.arrayContaining([test, live, one.id]),
    );
    expect(await targets(ADMIN, `${admin}&merchant=${one.id}`)).not.toContain(two.id);
    expect(await targets(ADMIN, admin)).toEqual(expect.arrayContaining([one.id, two.id]));
    expect(await targets(ADMIN, `${admin}&merchant=${randomId("merchant")}`)).toEqual([]);
  });

  it("is read with the scope for reports", async ({ expect }) => {
    const make = (scope: string) => done(shop.test, "POST", "/v1/api-keys", { scopes: [scope] });
    const [reader, writer] = [
      (await make("reports:read")).body,
      (await make("channels:write")).body,
    ];
    expect((await call(reader.key, "GET", "/v1/audit-log")).status).toBe(200);
    const refused = await call(writer.key, "GET", "/v1/audit-log");
    expect([refused.status, refused.body.error.code]).toEqual([403, "SCOPE_MISSING"]);
  });
});

describe("every route", () => {
  /** What each route that changes a setting leaves behind, or one of the things. */
  const SETTINGS: Readonly<Record<string, readonly string[]>> = {
    "POST /v1/admin/merchants": ["merchant.created"],
    "PATCH /v1/admin/merchants/{id}": [
      "merchant.updated",
      "merchant.suspended",
      "merchant.reactivated",
      "merchant.verified",
    ],
    "POST /v1/admin/merchants/{id}/api-keys": ["api_key.created"],
    "PUT /v1/admin/fee-plans": ["fee_plan.created", "fee_plan.updated"],
    "DELETE /v1/admin/fee-plans": ["fee_plan.deleted"],
    "PUT /v1/admin/fx-rates": ["fx_rate.added"],
    "PUT /v1/admin/channel-accounts/{id}/split": ["channel_account.split_set"],
    "POST /v1/api-keys": ["api_key.created"],
    "POST /v1/api-keys/{id}/rotate": ["api_key.rotated"],
    "DELETE /v1/api-keys/{id}": ["api_key.revoked"],
    "POST /v1/channel-accounts": ["channel_account.created"],
    "PATCH /v1/channel-accounts/{id}": ["channel_account.updated"],
    "DELETE /v1/channel-accounts/{id}": ["channel_account.disabled"],
    "POST /v1/channel-accounts/{id}/credentials": ["channel_account.credentials_added"],
    "DELETE /v1/channel-accounts/{id}/credentials/{version}": [
      "channel_account.credentials_retired",
    ],
    "PUT /v1/channel-accounts/{id}/statement-profile": ["channel_account.statement_profile_set"],
    "POST /v1/channel-accounts/{id}/onboarding": ["channel_account.onboarding_submitted"],
    "POST /v1/channel-accounts/{id}/authorization": ["channel_account.authorization_granted"],
    "POST /v1/webhook-endpoints": ["webhook_endpoint.created"],
    "PATCH /v1/webhook-endpoints/{id}": ["webhook_endpoint.updated"],
    "DELETE /v1/webhook-endpoints/{id}": ["webhook_endpoint.deleted"],
    "POST /v1/webhook-endpoints/{id}/rotate-secret": ["webhook_endpoint.secret_rotated"],
    "POST /v1/services": ["service.created"],
    "PATCH /v1/services/{id}": ["service.updated"],
    "PATCH /v1/services/{id}/activate": ["service.activated"],
    "PATCH /v1/services/{id}/deactivate": ["service.deactivated"],
  };

  /** Money, messages and questions, which are no settings, and what another file looks after. */
  const NOT_HERE = new Set([
    // test/routes/registration
    "POST /v1/merchants",
    "POST /v1/payment-intents",
    "POST /v1/payment-intents/{id}/cancel",
    "POST /v1/payment-intents/{id}/sync",
    "POST /v1/refunds",
    "POST /v1/qr/parse",
    "POST /v1/events/{id}/redeliver",
    "POST /v1/webhook-endpoints/{id}/test",
    "POST /v1/webhook-endpoints/{id}/replay",
    "POST /v1/channel-accounts/{id}/verify",
    "POST /v1/services/{id}/validate",
    "POST /v1/callbacks/{channel}/{channel_account}",
    // Its own notes say who did what and when; test/routes/exceptions
    "PATCH /v1/reconciliation/exceptions/{id}",
    "POST /v1/reconciliation/exceptions/{id}/actions",
    "POST /v1/admin/dead-letters/{id}/replay",
    "POST /v1/admin/payment-intents/{id}/republish",
    "POST /v1/reconciliation/runs",
    "POST /v1/reconciliation/statements",
    "POST /v1/reconciliation/merchant-records",
    "POST /v1/payouts",
    "POST /v1/admin/invoices",
    // test/routes/invoices
    "POST /v1/admin/invoices/{id}/pay",
    "POST /sandbox/payments/{payment_intent}/{action}",
    "POST /v1/sandbox/statements",
  ]);

  it("that changes something is a setting with its entry, or said to be none", async ({
    expect,
  }) => {
    const { body } = await done(null, "GET", "/openapi.json");
    const changing = Object.entries(body.paths as Record<string, object>).flatMap(
      ([path, methods]) =>
        Object.keys(methods)
          .map((method) => `${method.toUpperCase()} ${path}`)
          .filter((name) => !name.startsWith("GET ")),
    );
    const known = [...Object.keys(SETTINGS), ...NOT_HERE];
    expect(changing.toSorted()).toEqual(known.toSorted());
  });

  const statementProfile = {
    columns: { reference: "Ref", amount: "Amount" },
    currency: "CNY",
    utc_offset_minutes: 480,
  };

  /** Requests as a merchant's server or an operator's script sends them, or as the console does. */
  async function senders(own: Shop, byConsole: boolean) {
    if (!byConsole) {
      return {
        merchant: (...[method, path, body]: [string, string, unknown?]) =>
          done(own.test, method, path, body),
        operator: (...[method, path, body]: [string, string, unknown?]) =>
          done(ADMIN, method, path, body),
      };
    }
    const principal = await findKeyHolder(db, own.test.slice(0, -33));
    if (principal === null) throw new Error("no such key");
    const as =
      (bindings: Env) =>
      (...[method, path, body]: [string, string, unknown?]) =>
        done(null, method, path, body, { bindings });
    return {
      merchant: as(inside(env, { principal })),
      operator: as(inside(env, { principal: null })),
    };
  }

  it.for([
    ["the API", false, "api_key"],
    ["the console", true, "console"],
  ] as const)(
    "leaves its entry, by %s",
    { timeout: 60_000 },
    async ([, byConsole, actor], { expect }) => {
      const own = await newShop();
      const { merchant, operator } = await senders(own, byConsole);
      const known = new Set((await log(own)).map(({ id }) => id));
      const key = (await merchant("POST", "/v1/api-keys", { scopes: ["*"] })).body.id;
      const next = (await merchant("POST", `/v1/api-keys/${key}/rotate`, {})).body.id;
      await merchant("DELETE", `/v1/api-keys/${next}`);
      const fields = { channel: "alipay", mode: "direct", display_name: "Alipay", credentials };
      const account = (await merchant("POST", "/v1/channel-accounts", fields)).body.id;
      const accountPath = `/v1/channel-accounts/${account}`;
      await merchant("PATCH", accountPath, { display_name: "Till" });
      await merchant("POST", `${accountPath}/credentials`, { credentials });
      await merchant("DELETE", `${accountPath}/credentials/1`);
      const receiver = { type: "userId", account: "2088101126708402" };
      await operator("PUT", `/v1/admin/channel-accounts/${account}/split`, { receiver });
      await merchant("PUT", `${accountPath}/statement-profile`, { profile: statementProfile });
      await merchant("DELETE", accountPath);
      const url = "https://shop.example/hooks";
      const endpoint = (await merchant("POST", "/v1/webhook-endpoints", { url })).body.id;
      const endpointPath = `/v1/webhook-endpoints/${endpoint}`;
      await merchant("PATCH", endpointPath, { description: "till" });
      await merchant("POST", `${endpointPath}/rotate-secret`, {});
      await merchant("DELETE", endpointPath);
      const service = (await merchant("POST", "/v1/services", manifestOf())).body.id;
      await merchant("PATCH", `/v1/services/${service}`, manifestOf({ version: "1.0.1" }));
      await merchant("PATCH", `/v1/services/${service}/activate`, {});
      await merchant("PATCH", `/v1/services/${service}/deactivate`, {});
      const merchantPath = `/v1/admin/merchants/${own.id}`;
      await operator("PATCH", merchantPath, { email: "till@corner.example" });
      const plan = { merchant_id: own.id, channel: "alipay", kind: "domestic" };
      await operator("PUT", "/v1/admin/fee-plans", { ...plan, basis_points: 60, fixed: {} });
      await operator("PUT", "/v1/admin/fee-plans", { ...plan, basis_points: 70, fixed: {} });
      await operator("DELETE", `/v1/admin/fee-plans?${new URLSearchParams(plan).toString()}`);
      // The whole deployment's, so not in this merchant's log.
      const rate = { base: "CNY", quote: "MOP", rate: "1.1", source: own.id.slice(0, 20) };
      await operator("PUT", "/v1/admin/fx-rates", rate);
      await operator("POST", `${merchantPath}/api-keys`, { livemode: false });
      await operator("PATCH", merchantPath, { status: "suspended" });
      await operator("PATCH", merchantPath, { status: "active" });

      const entries = (await log(own)).filter(({ id }) => !known.has(id));
      const expected = {
        [`${actor} api_key`]: "created created revoked rotated",
        [`${actor} channel_account`]:
          "created credentials_added credentials_retired disabled statement_profile_set updated",
        [`${actor} webhook_endpoint`]: "created deleted secret_rotated updated",
        [`${actor} service`]: "activated created deactivated updated",
        "operator merchant": "reactivated suspended updated",
        "operator fee_plan": "created deleted updated",
        "operator channel_account": "split_set",
        "operator api_key": "created",
      };
      // Those of one millisecond stand in no order.
      const seen = entries.map(({ action, actor: { type } }) => [type, ...action.split(".")]);
      const grouped = Map.groupBy(seen, ([type, what]) => `${type} ${what}`);
      const shown = [...grouped].map(([who, list]) => [
        who,
        list
          .map(([, , what = ""]) => what)
          .toSorted((a, b) => a.localeCompare(b))
          .join(" "),
      ]);
      expect(Object.fromEntries(shown)).toEqual(expected);
      const byKey = entries.filter((entry) => entry.actor.type === actor);
      expect(byKey.every((entry) => entry.actor.id === own.keyId)).toBe(true);
      expect(entries.every(({ request_id: request }) => request?.startsWith("req_"))).toBe(true);
    },
  );

  it("has left each of its entries in this file", async ({ expect }) => {
    const { results } = await env.DB.prepare("SELECT DISTINCT action FROM audit_log").all<{
      action: string;
    }>();
    const left = results.map(({ action }) => action);
    expect(left).toEqual(expect.arrayContaining(Object.values(SETTINGS).flat()));
  });
});
