import { describe, it } from "vitest";

import { listDeliveries, recordAttempt } from "../../src/store/webhook-deliveries.ts";
import { listEnabledEndpoints, updateEndpoint } from "../../src/store/webhook-endpoints.ts";
import { recordEvents } from "../../src/webhooks/record.ts";
import { openSecrets } from "../../src/webhooks/secrets.ts";
import { SUBSCRIPTIONS } from "../../src/webhooks/event-types.ts";
import { openVault } from "../../src/crypto/vault.ts";
import { env } from "cloudflare:workers";
import { makeEvent } from "../webhooks/support.ts";
import { type Client, db, makeMerchant } from "./merchant.ts";

const BASE = "/v1/webhook-endpoints";
const URL_A = "https://shop.example/hooks";

async function create(client: Client, body: Record<string, unknown> = {}) {
  const reply = await client.call("POST", BASE, { url: URL_A, ...body });
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  return reply.body as Record<string, unknown> & { id: string; secret: string };
}

const codeOf = (reply: { body: Record<string, unknown> }) =>
  (reply.body["error"] as { code?: string } | undefined)?.code;

describe("POST /v1/webhook-endpoints", () => {
  it("adds an endpoint and shows its secret this once", async ({ expect }) => {
    const { live, id: merchantId } = await makeMerchant();
    const reply = await live.call("POST", BASE, {
      url: "https://Shop.example/hooks?x=1",
      description: "orders",
      enabled_events: ["payment_intent.succeeded", "refund.failed", "refund.failed"],
    });
    expect(reply.status).toBe(201);
    expect(reply.headers.get("Request-Id")).toMatch(/^req_/);
    expect(reply.body).toEqual({
      id: expect.stringMatching(/^we_[0-9a-hjkmnp-tv-z]{26}$/),
      object: "webhook_endpoint",
      livemode: true,
      url: "https://shop.example/hooks?x=1",
      description: "orders",
      enabled_events: ["payment_intent.succeeded", "refund.failed"],
      status: "enabled",
      disabled_reason: null,
      failing_since: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*\.\d{3}Z$/),
      updated_at: reply.body["created_at"],
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    const { secret, ...shown } = reply.body;
    const again = await live.call("GET", `${BASE}/${String(shown["id"])}`);
    expect(again.body).toEqual(shown);
    const [row] = await listEnabledEndpoints(db, merchantId, true);
    expect(JSON.stringify(row)).not.toContain(String(secret).slice(6));
  });

  it("takes every event when none is named", async ({ expect }) => {
    const { test } = await makeMerchant();
    expect(await create(test)).toMatchObject({ enabled_events: ["*"], livemode: false });
    await expect(create(test, { enabled_events: [...SUBSCRIPTIONS] })).resolves.toBeDefined();
  });

  it("is one endpoint for one Idempotency-Key", async ({ expect }) => {
    const { live } = await makeMerchant();
    const key = { "Idempotency-Key": "once" };
    const first = await live.call("POST", BASE, { url: URL_A }, key);
    const second = await live.call("POST", BASE, { url: URL_A }, key);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get("Idempotent-Replayed")).toBe("true");
    expect((await live.call("POST", BASE, { url: `${URL_A}/2` }, key)).status).toBe(422);
    expect((await live.call("GET", BASE)).body.data).toHaveLength(1);
  });

  it.for([
    [{ url: "http://shop.example/h" }, "must use https"],
    [{ url: "https://127.0.0.1/h" }, "loopback"],
    [{ url: "https://0x7f.1/h" }, "loopback"],
    [{ url: "https://[::1]/h" }, "loopback"],
    [{ url: "https://169.254.169.254/latest" }, "link-local"],
    [{ url: "https://metadata.google.internal/" }, "private host"],
    [{ url: "https://user:pw@shop.example/" }, "credentials"],
    [{ url: "https://pay.gateway.example/v1/events" }, "this gateway"],
    [{ url: "https://cn.gateway.example/h" }, "this gateway"],
    [{ url: "https://shop.example:25/" }, "port"],
    [{ url: "no url" }, "absolute URL"],
    [{ url: "" }, ""],
    [{ url: 7 }, ""],
    [{}, ""],
    [{ url: URL_A, enabled_events: [] }, ""],
    [{ url: URL_A, enabled_events: ["payment.succeeded"] }, ""],
    [{ url: URL_A, enabled_events: "*" }, ""],
    [{ url: URL_A, enabled_events: ["webhook_endpoint.test"] }, ""],
    [{ url: URL_A, description: "x".repeat(501) }, ""],
    [{ url: URL_A, secret: "whsec_mine" }, "unknown field"],
    [{ url: URL_A, status: "enabled" }, "unknown field"],
  ] as const)("refuses %j", async ([body, why], { expect }) => {
    const { live } = await makeMerchant({
      PUBLIC_URL: "https://pay.gateway.example",
      REGIONS: '{"cn":{"callback_base":"https://cn.gateway.example"}}',
    });
    const reply = await live.call("POST", BASE, body);
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({
      error: {
        code: "INVALID_REQUEST",
        outcome: "none",
        details: { issues: [{ message: expect.stringContaining(why) }] },
      },
    });
    expect(JSON.stringify(reply.body)).not.toContain("whsec_mine");
    expect((await live.call("GET", BASE)).body.data).toEqual([]);
  });

  it("refuses the host that was asked when no PUBLIC_URL is set", async ({ expect }) => {
    const { live } = await makeMerchant({ PUBLIC_URL: "" });
    const reply = await live.call("POST", BASE, { url: "https://pay.gateway.example/h" });
    expect(codeOf(reply)).toBe("INVALID_REQUEST");
  });

  it("lets test endpoints on this machine in, in development only", async ({ expect }) => {
    const local = { url: "http://localhost:9999/hooks" };
    const laptop = await makeMerchant({ ENVIRONMENT: "development" });
    expect((await laptop.test.call("POST", BASE, local)).status).toBe(201);
    expect((await laptop.live.call("POST", BASE, local)).status).toBe(400);
    const server = await makeMerchant({ ENVIRONMENT: "production" });
    expect((await server.test.call("POST", BASE, local)).status).toBe(400);
  });

  it("stops at 50 endpoints", async ({ expect }) => {
    const { live } = await makeMerchant();
    for (let index = 0; index < 50; index += 1) await create(live);
    expect(codeOf(await live.call("POST", BASE, { url: URL_A }))).toBe("INVALID_STATE");
  });
});

describe("reading and changing endpoints", () => {
  it("lists them newest first, page by page", async ({ expect }) => {
    const { live, test } = await makeMerchant();
    const made: string[] = [];
    for (let index = 0; index < 5; index += 1) made.push((await create(live)).id);
    const seen: string[] = [];
    let cursor = "";
    for (let page = 0; page < 3; page += 1) {
      const { body } = await live.call("GET", `${BASE}?limit=2${cursor}`);
      seen.push(...(body.data as { id: string }[]).map(({ id }) => id));
      expect(body["has_more"]).toBe(page < 2);
      cursor = `&cursor=${String(body["next_cursor"])}`;
    }
    expect(new Set(seen)).toEqual(new Set(made));
    expect(seen).toHaveLength(5);
    expect(codeOf(await live.call("GET", `${BASE}?cursor=nonsense`))).toBe("INVALID_CURSOR");
    const { body } = await live.call("GET", `${BASE}?limit=1`);
    const foreign = `${BASE}?cursor=${String(body["next_cursor"])}`;
    expect(codeOf(await test.call("GET", foreign))).toBe("INVALID_CURSOR");
    expect((await live.call("GET", `${BASE}?limit=0`)).status).toBe(400);
    expect((await live.call("GET", `${BASE}?limit=101`)).status).toBe(400);
    expect((await live.call("GET", `${BASE}?colour=red`)).status).toBe(400);
  });

  it("changes what is given and keeps the rest", async ({ expect }) => {
    const { live } = await makeMerchant();
    const { id, secret: _, ...before } = await create(live, { description: "one" });
    const url = `${BASE}/${id}`;
    const moved = await live.call("PATCH", url, { url: "https://new.example/h" });
    expect(moved.body).toEqual({
      ...before,
      id,
      url: "https://new.example/h",
      updated_at: moved.body["updated_at"],
    });
    const bare = await live.call("PATCH", url, { description: null, enabled_events: ["*"] });
    expect(bare.body).toMatchObject({ description: null, enabled_events: ["*"] });
    expect((await live.call("PATCH", url, { url: "https://10.0.0.1/" })).status).toBe(400);
    expect((await live.call("PATCH", url, { status: "deleted" })).status).toBe(400);
    expect((await live.call("PATCH", url, { id: "we_1" })).status).toBe(400);
    expect((await live.call("GET", url)).body).toEqual(bare.body);
  });

  it("disables with a reason, cancels what waits, and starts afresh when enabled", async ({
    expect,
  }) => {
    const { live, id: merchantId } = await makeMerchant();
    const { id } = await create(live);
    const now = Date.now();
    const queue = { send: async () => METADATA, sendBatch: async () => METADATA };
    await recordEvents(
      { db, deliveries: queue },
      [{ merchant_id: merchantId, livemode: true, events: [makeEvent("refund.failed")] }],
      now,
    );
    await updateEndpoint(db, id, { failing_since: now }, now);

    const off = await live.call("PATCH", `${BASE}/${id}`, { status: "disabled" });
    expect(off.body).toMatchObject({ status: "disabled", disabled_reason: "by_merchant" });
    const log = await live.call("GET", `${BASE}/${id}/deliveries`);
    expect(log.body.data).toMatchObject([
      { object: "webhook_delivery", state: "cancelled", next_attempt_at: null, livemode: true },
    ]);
    const on = await live.call("PATCH", `${BASE}/${id}`, { status: "enabled" });
    expect(on.body).toMatchObject({
      status: "enabled",
      disabled_reason: null,
      failing_since: null,
    });
  });

  it("forgets the failures of a receiver that was replaced, not those of one that stayed", async ({
    expect,
  }) => {
    const { live } = await makeMerchant();
    const { id } = await create(live);
    await updateEndpoint(db, id, { failing_since: 1_000 }, 2_000);
    const same = await live.call("PATCH", `${BASE}/${id}`, { status: "enabled", description: "x" });
    expect(same.body["failing_since"]).toBe("1970-01-01T00:00:01.000Z");
    const moved = await live.call("PATCH", `${BASE}/${id}`, { url: "https://new.example/h" });
    expect(moved.body["failing_since"]).toBeNull();
  });

  it("removes an endpoint", async ({ expect }) => {
    const { live } = await makeMerchant();
    const { id } = await create(live);
    const reply = await live.call("DELETE", `${BASE}/${id}`);
    expect([reply.status, reply.body]).toEqual([204, null]);
    expect(codeOf(await live.call("GET", `${BASE}/${id}`))).toBe("NOT_FOUND");
    expect(codeOf(await live.call("DELETE", `${BASE}/${id}`))).toBe("NOT_FOUND");
  });
});

describe("POST …/rotate-secret", () => {
  it("shows a new secret once and lets the old one sign for the overlap", async ({ expect }) => {
    const { live, id: merchantId } = await makeMerchant();
    const { id, secret } = await create(live);
    const reply = await live.call("POST", `${BASE}/${id}/rotate-secret`, { overlap_seconds: 60 });
    expect(reply.status).toBe(200);
    expect(reply.body["secret"]).toMatch(/^whsec_/);
    expect(reply.body["secret"]).not.toBe(secret);
    const [row] = await listEnabledEndpoints(db, merchantId, true);
    if (row === undefined) throw new Error("no endpoint");
    const vault = openVault(env.VAULT_KEY);
    const signing = (at: number) => openSecrets(vault, id, row.secrets, at);
    const rotated = row.updated_at;
    expect(await signing(rotated + 59_000)).toEqual([reply.body["secret"], secret]);
    expect(await signing(rotated + 60_001)).toEqual([reply.body["secret"]]);
  });

  it("overlaps for a day when nothing is said, and not at all when asked", async ({ expect }) => {
    const { live, id: merchantId } = await makeMerchant();
    const { id } = await create(live);
    await live.call("POST", `${BASE}/${id}/rotate-secret`);
    const [day] = await listEnabledEndpoints(db, merchantId, true);
    expect(day?.secrets[1]?.expires_at).toBeGreaterThanOrEqual((day?.updated_at ?? 0) + 86_399_000);
    await live.call("POST", `${BASE}/${id}/rotate-secret`, { overlap_seconds: 0 });
    const [none] = await listEnabledEndpoints(db, merchantId, true);
    expect(none?.secrets).toHaveLength(1);
  });

  it("gives the same secret for the same Idempotency-Key", async ({ expect }) => {
    const { live } = await makeMerchant();
    const { id } = await create(live);
    const key = { "Idempotency-Key": "rotate-1" };
    const first = await live.call("POST", `${BASE}/${id}/rotate-secret`, {}, key);
    const again = await live.call("POST", `${BASE}/${id}/rotate-secret`, {}, key);
    expect(again.body).toEqual(first.body);
  });

  it("keeps at most five secrets alive, and ends them all with no overlap", async ({ expect }) => {
    const { live } = await makeMerchant();
    const { id } = await create(live);
    const rotate = (overlap_seconds: number) =>
      live.call("POST", `${BASE}/${id}/rotate-secret`, { overlap_seconds });
    for (let index = 0; index < 4; index += 1) expect((await rotate(600)).status).toBe(200);
    expect(codeOf(await rotate(600))).toBe("INVALID_STATE");
    expect((await rotate(0)).status).toBe(200);
    expect((await rotate(-1)).status).toBe(400);
    expect((await rotate(2_592_001)).status).toBe(400);
  });

  it("never shows a secret that does not sign, however many rotate at once", async ({ expect }) => {
    const { live, id: merchantId } = await makeMerchant();
    const { id } = await create(live);
    const replies = await Promise.all(
      Array.from({ length: 4 }, () => live.call("POST", `${BASE}/${id}/rotate-secret`)),
    );
    const shown = replies.filter(({ status }) => status === 200).map(({ body }) => body["secret"]);
    expect(shown.length).toBeGreaterThan(0);
    const [row] = await listEnabledEndpoints(db, merchantId, true);
    if (row === undefined) throw new Error("no endpoint");
    const signing = await openSecrets(openVault(env.VAULT_KEY), id, row.secrets, row.updated_at);
    expect(signing).toEqual(expect.arrayContaining(shown));
  });
});

describe("POST …/test and GET …/deliveries", () => {
  it("sends a marked event the way every event goes, to this endpoint alone", async ({
    expect,
  }) => {
    const { test } = await makeMerchant();
    const { id } = await create(test, { enabled_events: ["refund.failed"] });
    await create(test);
    const reply = await test.call("POST", `${BASE}/${id}/test`);
    expect(reply.status).toBe(202);
    expect(reply.body).toMatchObject({
      id: expect.stringMatching(/^wd_/),
      object: "webhook_delivery",
      livemode: false,
      endpoint: id,
      event_type: "webhook_endpoint.test",
      state: "pending",
      attempts: [],
    });
    expect(test.queued).toEqual([{ delivery_ids: [reply.body["id"]] }]);
    const event = await test.call("GET", `/v1/events/${String(reply.body["event"])}`);
    expect(event.body).toMatchObject({
      type: "webhook_endpoint.test",
      livemode: false,
      data: { id, object: "webhook_endpoint", test: true },
    });
    const log = await test.call("GET", `${BASE}/${id}/deliveries`);
    expect(log.body.data).toEqual([reply.body]);
  });

  it("sends one for one Idempotency-Key, and none to a disabled endpoint", async ({ expect }) => {
    const { live } = await makeMerchant();
    const { id } = await create(live);
    const key = { "Idempotency-Key": "test-1" };
    const first = await live.call("POST", `${BASE}/${id}/test`, undefined, key);
    expect((await live.call("POST", `${BASE}/${id}/test`, undefined, key)).body).toEqual(
      first.body,
    );
    expect(live.queued).toHaveLength(1);
    await live.call("PATCH", `${BASE}/${id}`, { status: "disabled" });
    expect(codeOf(await live.call("POST", `${BASE}/${id}/test`))).toBe("INVALID_STATE");
  });

  it("shows every attempt and goes page by page", async ({ expect }) => {
    const { live } = await makeMerchant();
    const { id } = await create(live);
    for (let index = 0; index < 3; index += 1) await live.call("POST", `${BASE}/${id}/test`);
    const [row] = await listDeliveries(db, id, { limit: 1, before: null });
    if (row === undefined) throw new Error("no delivery");
    await recordAttempt(db, {
      delivery: row,
      attempt: { at: row.created_at, status: 500, latency_ms: 12, response: "oops" },
      state: "pending",
      nextAttemptAt: row.created_at + 5_000,
      feedAt: row.created_at + 5_000,
      endpoint: "failing",
    });
    const first = await live.call("GET", `${BASE}/${id}/deliveries?limit=2`);
    expect(first.body["has_more"]).toBe(true);
    expect(first.body.data).toMatchObject([
      {
        id: row.id,
        attempts: [
          {
            at: new Date(row.created_at).toISOString(),
            status: 500,
            latency_ms: 12,
            response: "oops",
          },
        ],
        next_attempt_at: new Date(row.created_at + 5_000).toISOString(),
      },
      {},
    ]);
    const rest = `${BASE}/${id}/deliveries?limit=2&cursor=${String(first.body["next_cursor"])}`;
    const second = await live.call("GET", rest);
    expect(second.body.data).toHaveLength(1);
    expect(second.body).toMatchObject({ has_more: false, next_cursor: null });
    const other = await create(live);
    const foreign = rest.replace(id, other.id);
    expect(codeOf(await live.call("GET", foreign))).toBe("INVALID_CURSOR");
  });
});

describe("who may", () => {
  const operations = [
    ["GET", ""],
    ["PATCH", ""],
    ["DELETE", ""],
    ["POST", "/rotate-secret"],
    ["POST", "/test"],
    ["GET", "/deliveries"],
  ] as const;

  it.for(operations)(
    "%s /{id}%s answers 404 to other merchants and the other mode",
    async ([method, suffix], { expect }) => {
      const [owner, stranger] = [await makeMerchant(), await makeMerchant()];
      const { id } = await create(owner.live);
      const body = method === "PATCH" ? { description: "mine" } : undefined;
      for (const client of [stranger.live, owner.test]) {
        const reply = await client.call(method, `${BASE}/${id}${suffix}`, body);
        expect([reply.status, codeOf(reply)]).toEqual([404, "NOT_FOUND"]);
      }
      expect((await owner.live.call("GET", `${BASE}/${id}`)).body["description"]).toBeNull();
    },
  );

  it.for([
    ["GET", ""],
    ["POST", ""],
    ...operations.map(([m, s]) => [m, `/we_1${s}`] as const),
  ] as const)("%s %s asks for a key with webhooks:write", async ([method, suffix], { expect }) => {
    const merchant = await makeMerchant();
    const reader = await merchant.withScopes("payments:read", "payments:write");
    const refused = await reader.call(method, `${BASE}${suffix}`);
    expect([refused.status, codeOf(refused)]).toEqual([403, "SCOPE_MISSING"]);
    const stranger = await reader.call(method, `${BASE}${suffix}`, undefined, {
      Authorization: "Bearer sk_liv_000000000000_00000000000000000000000000000000",
    });
    expect(stranger.status).toBe(401);
  });
});

const METADATA = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
