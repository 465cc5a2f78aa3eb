/**
 * The console's pages of settings and of operators: every form's good and refused way, secrets that
 * are shown once and never again, and whose page is whose.
 */
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, it, vi } from "vitest";

import { CHANNELS } from "../../src/channels/registry.ts";
import { toPem } from "../../src/crypto/pem.ts";
import { generateRsaPair } from "../../src/crypto/rsa.ts";
import { randomId } from "../../src/ids.ts";
import { changesOf } from "../../src/routes/console/pages/changes.ts";
import {
  credentialGroups,
  credentialsFrom,
  type Schema,
  variantsOf,
} from "../../src/routes/console/pages/credentials-fields.ts";
import { settingsPages } from "../../src/routes/console/pages/settings.ts";
import { PAGES } from "../../src/routes/console/table.ts";
import { database } from "../../src/store/db.ts";
import { insertDeadLetter } from "../../src/store/dead-letters.ts";
import { api, type Merchant, newMerchant } from "../intent/kit.ts";
import { ADMIN, type Answer, type Fields, hiddenOf, type Person, signIn } from "./person.ts";

let merchant: Merchant;
let other: Merchant;
let shop: Person;
let rival: Person;
let operator: Person;

beforeAll(async () => {
  merchant = await newMerchant("Lantern <b>Tea</b> House");
  other = await newMerchant("Rival");
  [shop, rival, operator] = await Promise.all([
    signIn(merchant.test),
    signIn(other.test),
    signIn(ADMIN),
  ]);
});

beforeEach(() => {
  // Webhooks go nowhere.
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("thank you"));
});

const pageTitle = ({ html }: Answer): string => /<h1>([^<]*)<\/h1>/.exec(html)?.[1] ?? "";

const db = database(env.DB);
const SECRET = "a-long-enough-secret-of-the-bank";

/** The id at the end of where an action led to. */
const idIn = ({ location }: Answer): string => /\/(\w+_\w+)(?:\?|$)/.exec(location)?.[1] ?? "";

const count = (html: string, text: string): number => html.split(text).length - 1;

/** Every page of a person that could hold what must not be seen again. */
async function allPages(person: Person, paths: readonly string[]): Promise<string> {
  const pages = await Promise.all(paths.map((path) => person.get(path)));
  return pages.map(({ html }) => html).join("\n");
}

describe("whose page is whose", () => {
  it("those without an id open for whoever they are for, and for nobody else", async ({
    expect,
  }) => {
    const plain = settingsPages.filter(
      ({ method, path }) => method === "get" && !path.includes(":"),
    );
    expect(plain.length).toBeGreaterThan(20);
    for (const { path, scope } of plain) {
      const address = `/console${path}`;
      // The row of the price list to be removed is named in the query.
      const found = path === "/fee-plans/delete" ? 404 : 200;
      const [mine, theirs] = [await shop.get(address), await operator.get(address)];
      expect([path, mine.status]).toEqual([path, scope === "operator" ? 403 : found]);
      expect([path, theirs.status]).toEqual([path, scope === "merchant" ? 403 : found]);
    }
  });

  it("no page of an object is there for another merchant, and none of its actions acts", async ({
    expect,
  }) => {
    const made = await objectsOf(merchant.test);
    const theirs = settingsPages.filter(
      ({ path, scope }) => path.includes("/:id") && scope === "merchant",
    );
    expect(theirs.length).toBeGreaterThan(25);
    const before = JSON.stringify(await stateOf(merchant.test, made));
    for (const { method, path } of theirs) {
      const [, kind = ""] = path.split("/");
      const id = made[kind];
      if (id === undefined) throw new Error(`no object for ${path}`);
      const address = `/console${path.replace(":id", id).replace(":version", "1")}`;
      const answer =
        method === "get"
          ? await rival.get(address)
          : await rival.post(address, { event: made["events"] ?? "", name: "Taken", url: "x" });
      expect([method, path, answer.status]).toEqual([method, path, 404]);
      expect(answer.html).not.toContain("Tea</b>");
    }
    expect(JSON.stringify(await stateOf(merchant.test, made))).toBe(before);
  });

  it("an address with dots reaches no other route of the API", async ({ expect }) => {
    for (const id of ["..%2Fmerchant", "..%2F..%2Fhealth", "x%2F..", "x%3Flimit%3D1", "%00"]) {
      for (const kind of ["accounts", "endpoints", "services", "events", "jobs"]) {
        const { status } = await shop.get(`/console/${kind}/${id}`);
        expect([kind, id, status]).toEqual([kind, id, 404]);
      }
    }
  });

  it("no form acts without the session's token", async ({ expect }) => {
    const made = await objectsOf(merchant.test);
    const forms = PAGES.filter(({ method }) => method === "post");
    expect(forms.length).toBeGreaterThan(35);
    const before = JSON.stringify(await stateOf(merchant.test, made));
    for (const { path, scope } of forms) {
      const [, kind = ""] = path.split("/");
      const id = made[kind] ?? merchant.id;
      const address = `/console${path.replace(":id", id).replace(":version", "1")}`;
      const person = scope === "operator" ? operator : shop;
      for (const csrf of [null, "", "forged", "x".repeat(43)]) {
        const answer = await person.post(address, { status: "suspended", name: "Taken" }, csrf);
        expect([path, csrf, answer.status]).toEqual([path, csrf, 403]);
      }
    }
    expect(JSON.stringify(await stateOf(merchant.test, made))).toBe(before);
  });

  it("a key without the scope is told so, and its buttons are off", async ({ expect }) => {
    const { body } = await api("POST", "/v1/api-keys", {
      key: merchant.test,
      body: { scopes: ["payments:read"] },
    });
    const reader = await signIn(body.key);
    for (const path of ["/console/keys", "/console/endpoints", "/console/audit"]) {
      const { status, html } = await reader.get(path);
      expect([path, status]).toEqual([path, 403]);
      expect(html).toContain("scope");
    }
    const { html } = await reader.get("/console/accounts/new?channel=fps&profile=generic_hmac");
    expect(html).toMatch(/<button class="primary" disabled="">Examine and save/);
    expect(html).toContain("The API key lacks the scope channels:write.");
    const sent = await reader.post("/console/accounts", fpsForm());
    expect(sent.status).toBe(403);
    expect(sent.html).toContain("SCOPE_MISSING");
  });
});

const fpsForm = (changes: Record<string, string> = {}) => ({
  channel: "fps",
  mode: "direct",
  profile: "generic_hmac",
  display_name: "Hong Kong shop",
  "credentials.fps_id": "1234567",
  "credentials.bank.secret": SECRET,
  ...changes,
});

const manifest = (changes: Record<string, unknown> = {}) => ({
  name: `Summary ${randomId("request")}`,
  description: "Sums up a text.",
  provider: { display_name: "Lantern" },
  payment_methods: { one_time: true },
  pricing: { one_time: [{ id: "one", amount: { currency: "CNY", value: 699 } }] },
  accepted_channels: ["wechat"],
  settlement_currency: "CNY",
  endpoint: "https://api.lantern.example/summary",
  version: "1.0.0",
  ...changes,
});

/** One object of each kind that pages are about, by the first word of their addresses. */
async function objectsOf(key: string): Promise<Readonly<Record<string, string>>> {
  const make = async (path: string, body: unknown): Promise<string> => {
    const reply = await api("POST", path, { key, body });
    if (reply.status >= 300) throw new Error(JSON.stringify(reply.body));
    return reply.body.id;
  };
  const endpoints = await make("/v1/webhook-endpoints", { url: "https://shop.example/hooks" });
  const test = await api("POST", `/v1/webhook-endpoints/${endpoints}/test`, { key, body: {} });
  const from = { created_gte: "2026-01-01T00:00:00Z" };
  return {
    endpoints,
    events: test.body.event,
    jobs: await make(`/v1/webhook-endpoints/${endpoints}/replay`, from),
    keys: await make("/v1/api-keys", { scopes: ["payments:read"] }),
    services: await make("/v1/services", manifest()),
    accounts: await make("/v1/channel-accounts", {
      channel: "fps",
      display_name: "Lantern FPS",
      credentials: { fps_id: "7654321", bank: { profile: "generic_hmac", secret: SECRET } },
    }),
  };
}

/** What others must not have changed. */
async function stateOf(key: string, made: Readonly<Record<string, string>>) {
  const read = async (path: string) => (await api("GET", path, { key })).body;
  const { last_used_at: _, ...apiKey } = await read(`/v1/api-keys/${made["keys"]}`);
  return [
    apiKey,
    await read(`/v1/webhook-endpoints/${made["endpoints"]}`),
    await read(`/v1/services/${made["services"]}`),
    await read(`/v1/channel-accounts/${made["accounts"]}`),
    await read("/v1/merchant"),
  ];
}

describe("API keys", () => {
  const KEY = /sk_test_[0-9A-Za-z]{12}_[0-9A-Za-z]{32}/;
  const PAGES_AFTER = ["/console/keys", "/console/audit", "/console/profile", "/console/events"];

  it("what is refused stands at its field, and what was typed stays", async ({ expect }) => {
    const answer = await shop.submit("/console/keys/new", "/console/keys", {
      label: "Till <3>",
      ip_allow: "10.0.0.0/8\nnot an address",
    });
    expect(answer.status).toBe(400);
    expect(answer.html).toContain('<a href="#f-scopes">');
    expect(answer.html).toContain('<a href="#f-ip-allow">');
    expect(answer.html).toContain('value="Till &lt;3&gt;"');
    expect(answer.html).toContain("not an address</textarea>");
    expect(answer.html).toContain('aria-invalid="true"');
  });

  it("are shown on the answer that made them, once, and never again", async ({ expect }) => {
    const { html } = await shop.get("/console/keys/new");
    const fields = {
      ...hiddenOf(html, "/console/keys"),
      label: "Backend",
      scopes: ["payments:read", "payments:write"],
      ip_allow: "",
      expires_at: "2030-01-01T00:00",
    };
    const first = await shop.post("/console/keys", fields);
    expect(first.status).toBe(201);
    const [key = ""] = KEY.exec(first.html) ?? [];
    expect(count(first.html, key)).toBe(1);
    const used = await api("GET", "/v1/payment-intents", { key });
    expect(used.status).toBe(200);

    // A reload of the answer posts the form again: the key is not made twice, nor shown twice.
    const again = await shop.post("/console/keys", fields);
    expect(again.html).not.toContain(key);
    expect(again.html).not.toMatch(KEY);
    expect(again.html).toContain("sent before");
    const listed = await api("GET", "/v1/api-keys", { key: merchant.test });
    const made = listed.body.data.filter(({ label }: { label: string }) => label === "Backend");
    expect(made).toHaveLength(1);
    expect(made[0].expires_at).toBe("2030-01-01T00:00:00.000Z");
    expect(await allPages(shop, PAGES_AFTER)).not.toMatch(KEY);
  });

  it("are rotated and revoked after a question", async ({ expect }) => {
    const { body } = await api("POST", "/v1/api-keys", {
      key: merchant.test,
      body: { scopes: ["payments:read"], label: "Old" },
    });
    const asked = await shop.get(`/console/keys/${body.id}/rotate`);
    expect(asked.html).toContain("Old");
    const path = `/console/keys/${body.id}`;
    const wrong = await shop.submit(`${path}/rotate`, `${path}/rotate`, {
      overlap_seconds: "forever",
    });
    expect(wrong.status).toBe(400);
    const hidden = hiddenOf(asked.html, `${path}/rotate`);
    const rotated = await shop.post(`${path}/rotate`, { ...hidden, overlap_seconds: "3600" });
    const [successor = ""] = KEY.exec(rotated.html) ?? [];
    expect(successor).not.toBe("");
    const repeated = await shop.post(`${path}/rotate`, { ...hidden, overlap_seconds: "3600" });
    expect(repeated.html).not.toMatch(KEY);

    const question = await shop.get(`${path}/revoke`);
    expect(question.html).toContain("cannot be taken back");
    const before = await api("GET", `/v1/api-keys/${body.id}`, { key: merchant.test });
    expect(before.body.status).toBe("active");
    const revoked = await shop.submit(`${path}/revoke`, `${path}/revoke`);
    expect([revoked.status, revoked.location]).toEqual([303, "/console/keys?done=revoked"]);
    const after = await api("GET", `/v1/api-keys/${body.id}`, { key: merchant.test });
    expect(after.body.status).toBe("revoked");
    expect((await shop.get(revoked.location)).html).toContain("The key is revoked.");
  });
});

describe("webhook endpoints", () => {
  const HOOK = /whsec_[A-Za-z0-9+/=]{20,}/;

  async function added(fields: Fields = {}) {
    const answer = await shop.submit("/console/endpoints/new", "/console/endpoints", {
      url: "https://shop.example/hooks",
      enabled_events: "*",
      ...fields,
    });
    const id = /\/console\/endpoints\/(we_\w+)/.exec(answer.html)?.[1] ?? "";
    return { answer, id, path: `/console/endpoints/${id}` };
  }

  it("are refused with a word at the field", async ({ expect }) => {
    const { answer } = await added({ url: "http://10.0.0.1/hooks", description: "Inside" });
    expect(answer.status).toBe(400);
    expect(answer.html).toContain('<a href="#f-url">');
    expect(answer.html).toContain('value="http://10.0.0.1/hooks"');
    expect(answer.html).toContain('value="Inside"');
  });

  it("show their secret once, and a new one when it is asked for", async ({ expect }) => {
    const { html } = await shop.get("/console/endpoints/new");
    const fields = {
      ...hiddenOf(html, "/console/endpoints"),
      url: "https://shop.example/once",
      enabled_events: ["payment_intent.succeeded", "refund.succeeded"],
    };
    const first = await shop.post("/console/endpoints", fields);
    expect(first.status).toBe(201);
    const [secret = ""] = HOOK.exec(first.html) ?? [];
    expect(count(first.html, secret)).toBe(1);
    expect((await shop.post("/console/endpoints", fields)).html).not.toMatch(HOOK);
    const id = /\/console\/endpoints\/(we_\w+)/.exec(first.html)?.[1] ?? "";
    const path = `/console/endpoints/${id}`;
    expect(await allPages(shop, [path, "/console/endpoints", "/console/audit"])).not.toMatch(HOOK);

    const asked = await shop.get(`${path}/rotate`);
    const hidden = hiddenOf(asked.html, `${path}/rotate`);
    const rotated = await shop.post(`${path}/rotate`, { ...hidden, overlap_seconds: "0" });
    const [fresh = ""] = HOOK.exec(rotated.html) ?? [];
    expect(fresh).not.toBe(secret);
    expect(count(rotated.html, fresh)).toBe(1);
    const repeated = await shop.post(`${path}/rotate`, { ...hidden, overlap_seconds: "0" });
    expect(repeated.html).not.toMatch(HOOK);
  });

  it("are changed, switched off and on, and removed", async ({ expect }) => {
    const { path, id } = await added();
    const read = () => api("GET", `/v1/webhook-endpoints/${id}`, { key: merchant.test });
    const bad = await shop.submit(path, path, { url: "ftp://shop.example", description: "Kept" });
    expect(bad.status).toBe(400);
    expect(bad.html).toContain('value="ftp://shop.example"');
    expect(bad.html).toContain('value="Kept"');
    const saved = await shop.submit(path, path, {
      url: "https://shop.example/new",
      description: "",
      enabled_events: ["refund.succeeded"],
    });
    expect(saved.location).toBe(`${path}?done=saved`);
    expect((await read()).body).toMatchObject({
      url: "https://shop.example/new",
      description: null,
      enabled_events: ["refund.succeeded"],
    });
    expect((await shop.get(`${path}/disable`)).html).toContain("Nothing more is sent");
    await shop.submit(`${path}/disable`, `${path}/disable`);
    expect((await read()).body.status).toBe("disabled");
    const off = await shop.post(`${path}/test`);
    expect([off.status, off.html.includes("The endpoint is disabled")]).toEqual([409, true]);
    expect((await shop.submit(path, `${path}/enable`)).location).toBe(`${path}?done=enabled`);
    expect((await read()).body.status).toBe("enabled");
    const gone = await shop.submit(`${path}/delete`, `${path}/delete`);
    expect(gone.location).toBe("/console/endpoints?done=deleted");
    expect((await read()).status).toBe(404);
  });

  it("show what was sent, send it again, and replay a time", async ({ expect }) => {
    const { path, id } = await added();
    expect((await shop.submit(path, `${path}/test`)).location).toBe(`${path}?done=tested`);
    const deliveries = async () =>
      (await api("GET", `/v1/webhook-endpoints/${id}/deliveries`, { key: merchant.test })).body
        .data;
    const [{ event }] = await deliveries();
    const { html } = await shop.get(path);
    expect(html).toContain(event);
    expect(html).toContain("webhook_endpoint.test");
    expect((await shop.submit(path, `${path}/redeliver`)).location).toBe(
      `${path}?done=redelivered`,
    );
    expect(await deliveries()).toHaveLength(2);

    const nowhere = await shop.submit(path, `${path}/replay`, { created_gte: "", created_lt: "" });
    expect(nowhere.status).toBe(400);
    expect(nowhere.html).toContain('<a href="#f-created-gte">');
    const wrong = await shop.submit(path, `${path}/replay`, {
      created_gte: "2026-11-02T00:00",
      created_lt: "2026-11-01T00:00",
      types: "refund.succeeded",
    });
    expect(wrong.html).toContain('<a href="#f-created-lt">');
    expect(wrong.html).toContain('value="2026-11-02T00:00"');
    const started = await shop.submit(path, `${path}/replay`, { created_gte: "2026-01-01T00:00" });
    expect(started.status).toBe(303);
    const job = await shop.get(started.location);
    expect(job.status).toBe(200);
    expect(job.html).toContain("<progress");
    expect(job.html).toContain("events looked at");
  });
});

describe("channel accounts", () => {
  it("have a form for every channel, mode and bank, with nothing secret in clear", async ({
    expect,
  }) => {
    const secrets = new Set<string>();
    const open = new Set<string>();
    for (const [slug, { adapter }] of Object.entries(CHANNELS)) {
      const { body } = await api("GET", "/v1/channels");
      const modes: { mode: string; credentials_schema: Schema }[] = body.data.find(
        (one: { slug: string }) => one.slug === slug,
      ).integration_modes;
      expect(modes).toHaveLength(Object.keys(adapter.modes).length);
      for (const { mode, credentials_schema: schema } of modes) {
        const profiles = variantsOf(schema)?.options ?? [""];
        const [profile = ""] = profiles;
        const address = `/console/accounts/new?channel=${slug}&mode=${mode}&profile=${profile}`;
        const { status, html } = await shop.get(address);
        expect([address, status]).toEqual([address, 200]);
        for (const one of profiles) {
          for (const field of credentialGroups(schema, one).flatMap(({ fields }) => fields)) {
            (field.secret ? secrets : open).add(field.name);
            if (one !== profile) continue;
            const isThere = html.includes(`name="${field.name}"`);
            expect([address, field.name, isThere]).toEqual([address, field.name, true]);
            if (!field.secret || field.kind === "pem") continue;
            expect(html).toMatch(new RegExp(`name="${field.name}"[^>]* type="password"`));
          }
        }
      }
    }
    const names = (found: Set<string>) =>
      [...found].map((name) => name.replace(/^credentials\./, "")).toSorted();
    expect(names(secrets)).toEqual(
      [
        "aes_key", "agent_token", "api_v3_key", "app_auth_token", "app_refresh_token",
        "bank.app_key", "bank.app_secret", "bank.password", "bank.secret", "bank.token",
        "bank.username", "merchant_key", "private_key",
      ], // prettier-ignore
    );
    // Whatever else begins to look like a secret has to be looked at.
    const doubtful = names(open).filter((name) => /secret|password|token|key/.test(name));
    expect(doubtful).toEqual([
      "alipay_public_key",
      "antom_public_key",
      "app_auth_token_expires_at",
      "bank.public_key",
      "key_version",
      ...[0, 1, 2].flatMap((row) =>
        ["certificate", "id", "public_key"].map((name) => `platform_keys.${row}.${name}`),
      ),
    ]);
  });

  it("turn what was typed into the API's credentials", ({ expect }) => {
    const schema: Schema = {
      type: "object",
      properties: {
        id: { type: "string" },
        days: { type: "integer" },
        strict: { type: "boolean" },
        left_out: { type: "string" },
        keys: {
          type: "array",
          items: {
            type: "object",
            properties: { id: { type: "string" }, pem: { type: "string" } },
          },
        },
        store: { type: "object", properties: { name: { type: "string" } } },
        bank: {
          oneOf: [
            { type: "object", properties: { profile: { const: "a" }, secret: { type: "string" } } },
            { type: "object", properties: { profile: { const: "b" } } },
          ],
        },
      },
    };
    const typed: Record<string, string> = {
      "credentials.id": "  7 ",
      "credentials.days": "30",
      "credentials.strict": "false",
      "credentials.keys.1.id": "second",
      "credentials.bank.secret": "s",
    };
    const from = (profile: string) => credentialsFrom(schema, profile, (name) => typed[name] ?? "");
    expect(from("a")).toEqual({
      id: "7",
      days: 30,
      strict: false,
      keys: [{ id: "second" }],
      bank: { profile: "a", secret: "s" },
    });
    typed["credentials.days"] = "many";
    typed["credentials.bank.secret"] = "";
    expect(from("a")).toMatchObject({ days: "many", bank: { profile: "a" } });
    expect(from("b")).toMatchObject({ bank: { profile: "b" } });
    expect(from("neither")).not.toHaveProperty("bank");
  });

  it("are refused at the field, secrets are not sent back, the rest stays", async ({ expect }) => {
    const form = "/console/accounts/new?channel=fps&profile=generic_hmac";
    const answer = await shop.submit(form, "/console/accounts", {
      ...fpsForm({ "credentials.fps_id": "12", "credentials.bank.username": "relay" }),
      region: "moon",
    });
    expect(answer.status).toBe(400);
    expect(answer.html).not.toContain(SECRET);
    expect(answer.html).toContain("secrets are not sent back");
    expect(answer.html).toContain('value="Hong Kong shop"');
    const fixed = await shop.submit(
      form,
      "/console/accounts",
      fpsForm({ "credentials.fps_id": "12" }),
    );
    expect(fixed.html).toContain('<a href="#f-credentials-fps-id">');
    expect(fixed.html).toContain('value="12"');
    const nothing = await shop.post("/console/accounts", { channel: "fps", mode: "direct" });
    expect([nothing.status, nothing.location]).toEqual([
      303,
      "/console/accounts/new?channel=fps&mode=direct",
    ]);
  });

  it("are connected, verified, renewed and taken out of use", async ({ expect }) => {
    const form = "/console/accounts/new?channel=fps&profile=generic_hmac";
    const saved = await shop.submit(form, "/console/accounts", fpsForm());
    const id = idIn(saved);
    const path = `/console/accounts/${id}`;
    expect(saved.location).toBe(`${path}?done=connected`);
    const { html } = await shop.get(saved.location);
    expect(html).toContain(`/v1/callbacks/fps/${id}`);
    expect(html).toContain("Fingerprints");
    expect(html).not.toContain(SECRET);

    const verified = await shop.submit(path, `${path}/verify`);
    expect([verified.status, pageTitle(verified)]).toEqual([200, "The account works"]);
    expect((await shop.get(path)).html).not.toContain("not yet");

    const renewed = `${path}/credentials`;
    const foreign = await shop.submit(`${renewed}?profile=generic_hmac`, renewed, {
      ...fpsForm({ "credentials.fps_id": "7777777" }),
    });
    expect(foreign.status).toBe(400);
    expect(foreign.html).toContain("another account");
    expect(foreign.html).not.toContain(SECRET);
    const added = await shop.submit(`${renewed}?profile=generic_hmac`, renewed, {
      ...fpsForm({ "credentials.bank.secret": "another-secret-of-the-bank" }),
    });
    expect(added.location).toBe(`${path}?done=added`);
    const retire = `${path}/credentials/1/retire`;
    expect((await shop.get(retire)).html).toContain("version 1");
    expect((await shop.submit(retire, retire)).location).toBe(`${path}?done=retired`);
    expect((await shop.submit(retire, retire)).status).toBe(404);

    const named = await shop.submit(path, path, { display_name: "Kowloon", region: "" });
    expect(named.location).toBe(`${path}?done=saved`);
    const unnamed = await shop.submit(path, path, { display_name: "", region: "" });
    expect([unnamed.status, unnamed.html.includes('<a href="#f-display-name">')]).toEqual([
      400,
      true,
    ]);
    await shop.submit(`${path}/disable`, `${path}/disable`);
    const read = () => api("GET", `/v1/channel-accounts/${id}`, { key: merchant.test });
    expect((await read()).body).toMatchObject({ status: "disabled", display_name: "Kowloon" });
    await shop.submit(path, `${path}/enable`);
    expect((await read()).body.status).toBe("active");
  });

  it("take keys as browsers send them, and make a link where the mode has one", async ({
    expect,
  }) => {
    const pair = await generateRsaPair();
    const theirs = await generateRsaPair();
    // Browsers send line breaks of forms as CRLF.
    const pem = (label: string, der: Uint8Array) => toPem(label, der).replaceAll("\n", "\r\n");
    const form = "/console/accounts/new?channel=alipay&mode=isv";
    const saved = await shop.submit(form, "/console/accounts", {
      display_name: "Alipay for a merchant",
      "credentials.app_id": "2021000000000001",
      "credentials.private_key": pem("PRIVATE KEY", pair.privateKey),
      "credentials.alipay_public_key": pem("PUBLIC KEY", theirs.publicKey),
      late_payment: "refund",
    });
    const path = `/console/accounts/${idIn(saved)}`;
    expect(saved.location).toBe(`${path}?done=connected`);
    const unproven = await shop.submit(path, `${path}/verify`);
    const code = /role="alert"[\s\S]*?([A-Z]+_[A-Z_]+) · Request/.exec(unproven.html)?.[1];
    expect([unproven.status, code]).toEqual([422, "CHANNEL_NOT_CONFIGURED"]);
    const link = await shop.submit(path, `${path}/authorization`);
    expect(link.status).toBe(200);
    expect(link.html).toContain("/sandbox/pages/alipay/authorization?");
    const { body } = await api("GET", "/v1/channel-accounts", { key: merchant.test });
    const account = body.data.find(({ channel }: { channel: string }) => channel === "wechat");
    expect((await shop.get(`/console/accounts/${account.id}`)).html).not.toContain(
      "authorization link",
    );
    const none = await shop.post(`/console/accounts/${account.id}/authorization`);
    expect([none.status, none.html.includes("nothing to authorise")]).toEqual([409, true]);
  });
});

describe("services", () => {
  const serviceForm = (changes: Fields = {}): Fields => ({
    name: `Tea ${randomId("request")}`,
    description: "A cup <b>of</b> tea",
    "provider.display_name": "Lantern",
    tags: "tea, hot",
    version: "1.0.0",
    accepted_channels: ["wechat", "alipay"],
    settlement_currency: "CNY",
    endpoint: "https://tea.example/cup",
    webhook_url: "",
    "pricing.one_time.0.id": "cup",
    "pricing.one_time.0.label": "",
    "pricing.one_time.0.currency": "CNY",
    "pricing.one_time.0.amount": "6.99",
    "pricing.one_time.2.id": "pot",
    "pricing.one_time.2.currency": "CNY",
    "pricing.one_time.2.min": "1",
    "pricing.one_time.2.max": "100.5",
    ...changes,
  });

  it("are registered with exact prices, checked, activated, changed and taken back", async ({
    expect,
  }) => {
    const form = serviceForm();
    const saved = await shop.submit("/console/services/new", "/console/services", form);
    const id = idIn(saved);
    const path = `/console/services/${id}`;
    expect(saved.location).toBe(`${path}?done=registered`);
    const read = () => api("GET", `/v1/services/${id}`, { key: merchant.test });
    expect((await read()).body).toMatchObject({
      status: "draft",
      tags: ["tea", "hot"],
      pricing: {
        one_time: [
          { id: "cup", amount: { currency: "CNY", value: 699 } },
          {
            id: "pot",
            min: { currency: "CNY", value: 100 },
            max: { currency: "CNY", value: 10_050 },
          },
        ],
      },
    });
    const checked = await shop.submit(path, `${path}/validate`);
    expect(checked.html).toContain("The service can be active");
    expect(checked.html).toContain("A cup &lt;b&gt;of&lt;/b&gt; tea");
    expect((await shop.submit(path, `${path}/activate`)).location).toBe(`${path}?done=activated`);

    // Published versions stay: the form begins with the next one, and the same is refused.
    const edit = await shop.get(`${path}/edit`);
    expect(edit.html).toContain('value="1.0.1"');
    expect(edit.html).toContain('value="100.50"');
    const same = await shop.submit(`${path}/edit`, path, form);
    expect([same.status, same.html.includes('<a href="#f-version">')]).toEqual([409, true]);
    const next = await shop.submit(`${path}/edit`, path, { ...form, version: "1.0.1" });
    expect(next.location).toBe(`${path}?done=saved`);
    expect((await shop.get(path)).html).toContain("Manifest 1.0.0");

    await shop.submit(`${path}/deactivate`, `${path}/deactivate`);
    expect((await read()).body.status).toBe("inactive");
  });

  it("are refused at their fields, and what was typed stays", async ({ expect }) => {
    const send = (changes: Fields) =>
      shop.submit("/console/services/new", "/console/services", serviceForm(changes));
    const amount = await send({ "pricing.one_time.0.amount": "6.999", tags: "kept, too" });
    expect(amount.status).toBe(400);
    expect(amount.html).toContain('<a href="#f-pricing-one-time-0-amount">');
    expect(amount.html).toContain("must be a number like 6.99");
    expect(amount.html).toContain('value="6.999"');
    expect(amount.html).toContain('value="kept, too"');
    const script = await send({ endpoint: "javascript:alert(1)" });
    expect([script.status, script.html.includes('<a href="#f-endpoint">')]).toEqual([400, true]);
    const currency = await send({ "pricing.one_time.0.currency": "THB" });
    expect(currency.html).toContain('<a href="#f-pricing-one-time-0-amount">');
    const empty = await send({ accepted_channels: [], name: "" });
    expect(empty.html).toContain('<a href="#f-accepted-channels">');
    expect(empty.html).toContain('<a href="#f-name">');
  });

  it("are also written as JSON, whatever a form does not show stays", async ({ expect }) => {
    const page = "/console/services/new?as=json";
    const send = (text: string) => shop.submit(page, "/console/services", { manifest: text });
    const broken = await send('{"name": <script>');
    expect(broken.status).toBe(400);
    expect(broken.html).toContain("is not valid JSON");
    expect(broken.html).toContain("{&quot;name&quot;: &lt;script&gt;</textarea>");
    const wrong = await send(JSON.stringify(manifest({ version: "one" })));
    expect(wrong.html).toContain("version must be a version");
    const saved = await send(
      JSON.stringify(manifest({ provider: { display_name: "Lantern", agent_id: "agent_7" } })),
    );
    const path = `/console/services/${idIn(saved)}`;
    const { html } = await shop.get(`${path}/edit?as=json`);
    expect(html).toContain("agent_7");
    const form = serviceForm({ "provider.display_name": "Lantern & Co" });
    await shop.submit(`${path}/edit`, path, form);
    const { body } = await api("GET", `/v1/services/${idIn(saved)}`, { key: merchant.test });
    expect(body.provider).toMatchObject({ display_name: "Lantern & Co", agent_id: "agent_7" });
  });

  it("that cannot be active yet say why, at the fields too", async ({ expect }) => {
    const live = await signIn(merchant.live);
    const saved = await live.submit("/console/services/new", "/console/services", serviceForm());
    const path = `/console/services/${idIn(saved)}`;
    const checked = await live.submit(path, `${path}/validate`);
    expect(checked.html).toContain("The service cannot be active yet");
    expect(checked.html).toContain("no active account for wechat");
    const refused = await live.submit(path, `${path}/activate`);
    expect([refused.status, refused.html.includes(`${path}/edit?check=1`)]).toEqual([409, true]);
    const { html } = await live.get(`${path}/edit?check=1`);
    expect(html).toContain('<a href="#f-accepted-channels">');
    expect(html).toMatch(/id="f-accepted-channels-error">\s*you have no active account/);
  });

  it("of others have no page here, also when they are active", async ({ expect }) => {
    const { body } = await api("POST", "/v1/services", { key: other.test, body: manifest() });
    await api("PATCH", `/v1/services/${body.id}/activate`, { key: other.test, body: {} });
    expect((await shop.get(`/console/services/${body.id}`)).status).toBe(404);
  });
});

describe("what is only read", () => {
  it("events: filtered, each with its page, and sent again", async ({ expect }) => {
    const made = await objectsOf(merchant.test);
    const { html } = await shop.get("/console/events?type=webhook_endpoint.test");
    expect(html).toContain(`/console/events/${made["events"]}`);
    const path = `/console/events/${made["events"]}`;
    expect((await shop.get(path)).html).toContain("As webhooks carry it");
    expect((await shop.submit(path, `${path}/redeliver`)).location).toBe(`${path}?done=sent`);
    const none = await rival.get("/console/events");
    expect(none.html).toContain("Nothing has happened yet.");
  });

  it("lists: a filter that the API does not know is said above an empty page", async ({
    expect,
  }) => {
    for (const address of [
      "/console/exceptions?kind=nonsense",
      "/console/events?type=nonsense",
      "/console/refunds?status=nonsense",
      "/console/services?cursor=nonsense",
    ]) {
      const { status, html } = await shop.get(address);
      expect([address, status]).toEqual([address, 400]);
      expect(html).toContain('id="problem"');
      expect(html).toContain('class="filters"');
      expect(html).not.toContain("<table");
    }
    // Nothing of it was typed by a person where there are no filters.
    const { status, html } = await shop.get("/console/keys?cursor=nonsense");
    expect(status).toBe(400);
    expect(html).not.toContain('class="filters"');
  });

  it("the audit log: before beside after, filters, and a word when one is wrong", async ({
    expect,
  }) => {
    const { endpoints: id = "" } = await objectsOf(merchant.test);
    await api("PATCH", `/v1/webhook-endpoints/${id}`, {
      key: merchant.test,
      body: { description: "<i>New</i>" },
    });
    const { html } = await shop.get(`/console/audit?target=${id}&action=webhook_endpoint.updated`);
    expect(html).toMatch(/<del><span class="hidden">was <\/span>null<\/del>/);
    expect(html).toMatch(/<ins><span class="hidden">is <\/span>&lt;i&gt;New&lt;\/i&gt;<\/ins>/);
    expect(html).not.toContain("whsec_");
    const wrong = await shop.get("/console/audit?action=Anything<b>");
    expect([wrong.status, wrong.html.includes('<a href="#f-action">')]).toEqual([400, true]);
    expect(wrong.html).toContain('value="Anything&lt;b&gt;"');
    const all = await operator.get(`/console/audit?merchant=${merchant.id}&target=${id}`);
    expect(all.html).toContain(`/console/merchants/${merchant.id}`);
    expect((await rival.get(`/console/audit?target=${id}`)).html).toContain("No change fits.");
  });

  it("changes are fields that differ, however deep", ({ expect }) => {
    expect(
      changesOf(
        { a: 1, b: { c: "x", d: [1] }, e: null },
        { a: 1, b: { c: "y", d: [1, 2] }, f: {} },
      ),
    ).toEqual([
      { field: "b.c", before: "x", after: "y" },
      { field: "b.d", before: "[ 1 ]", after: "[ 1, 2 ]" },
      { field: "e", before: "null", after: null },
      { field: "f", before: null, after: "{}" },
    ]);
    expect(changesOf(null, { a: true })).toEqual([{ field: "a", before: null, after: "true" }]);
  });

  it("names of merchants are text", async ({ expect }) => {
    const { html } = await shop.get("/console/profile");
    expect(html).toContain("Lantern &lt;b&gt;Tea&lt;/b&gt; House");
    expect(html).not.toContain("<b>Tea");
  });
});

describe("operators", () => {
  const KEYS = /sk_(?:test|liv)_[0-9A-Za-z]{12}_[0-9A-Za-z]{32}/g;

  it("create merchants, whose keys are shown once", async ({ expect }) => {
    const bad = await operator.submit("/console/merchants/new", "/console/merchants", {
      name: "New shop",
      email: "nobody",
    });
    expect([bad.status, bad.html.includes('<a href="#f-email">')]).toEqual([400, true]);
    expect(bad.html).toContain('value="New shop"');
    const { html } = await operator.get("/console/merchants/new");
    const fields = { ...hiddenOf(html, "/console/merchants"), name: "New shop" };
    const first = await operator.post("/console/merchants", fields);
    expect(first.html.match(KEYS)).toHaveLength(2);
    const again = await operator.post("/console/merchants", fields);
    expect(again.html.match(KEYS)).toBeNull();
    const id = /\/console\/merchants\/(m_\w+)/.exec(first.html)?.[1] ?? "";
    const pages = [`/console/merchants/${id}`, "/console/merchants", "/console/audit"];
    expect((await allPages(operator, pages)).match(KEYS)).toBeNull();
  });

  it("change, suspend and let act again", async ({ expect }) => {
    const third = await newMerchant("Third");
    const person = await signIn(third.test);
    const path = `/console/merchants/${third.id}`;
    const saved = await operator.submit(path, path, { name: "Third & Sons", email: "" });
    expect(saved.location).toBe(`${path}?done=saved`);
    expect((await operator.get(`${path}/suspend`)).html).toContain("Third &amp; Sons");
    expect((await person.get("/console/profile")).status).toBe(200);
    await operator.submit(`${path}/suspend`, `${path}/suspend`);
    expect((await api("GET", "/v1/merchant", { key: third.test })).status).toBe(403);
    expect((await person.get("/console/profile")).status).toBe(303);
    const back = await operator.submit(`${path}/activate`, `${path}/activate`);
    expect(back.location).toBe(`${path}?done=active`);
    expect((await api("GET", "/v1/merchant", { key: third.test })).status).toBe(200);
  });

  it("set prices and remove them", async ({ expect }) => {
    const page = `/console/fee-plans/new?merchant_id=${other.id}`;
    const price = {
      merchant_id: other.id,
      channel: "wechat",
      kind: "domestic",
      basis_points: "35",
      fixed: "CNY 0.10\njpy 5",
    };
    const send = (changes: Fields) =>
      operator.submit(page, "/console/fee-plans", { ...price, ...changes });
    const share = await send({ basis_points: "10001" });
    expect([share.status, share.html.includes('<a href="#f-basis-points">')]).toEqual([400, true]);
    const fixed = await send({ fixed: "CNY 0.105" });
    expect([fixed.status, fixed.html.includes('<a href="#f-fixed">')]).toEqual([400, true]);
    expect(fixed.html).toContain("CNY 0.105</textarea>");
    const nobody = await send({ merchant_id: "m_nobody" });
    expect(nobody.html).toContain('<a href="#f-merchant-id">');
    expect((await send({})).location).toBe("/console/fee-plans?done=saved");
    const own = await rival.get("/console/pricing");
    expect(own.html).toContain("0.35 % + CNY 0.10");
    const listed = await operator.get(`/console/merchants/${other.id}`);
    expect(listed.html).toContain("0.35 % + CNY 0.10 + JPY 5");
    const change = await operator.get(`${page}&channel=wechat&kind=domestic`);
    expect(change.html).toContain('value="35"');
    expect(change.html).toContain("CNY 0.10\nJPY 5</textarea>");
    const remove = `/console/fee-plans/delete?merchant_id=${other.id}&channel=wechat&kind=domestic`;
    expect((await operator.get(remove)).html).toContain(other.id);
    expect((await operator.submit(remove, remove)).location).toBe(
      "/console/fee-plans?done=removed",
    );
    expect((await operator.get(remove)).status).toBe(404);
    expect((await rival.get("/console/pricing")).html).not.toContain("0.35 %");
  });

  it("send dead letters again, and see what a message cannot be", async ({ expect }) => {
    const id = `dl_${randomId("request").slice(4)}`;
    await insertDeadLetter(db, { id, queue: "itpay-events", body: "{}", created_at: Date.now() });
    const path = "/console/dead-letters";
    const refused = await operator.submit(path, `${path}/${id}/replay`);
    expect([refused.status, refused.html.includes("no shape")]).toEqual([409, true]);
    expect((await operator.post(`${path}/dl_none/replay`)).status).toBe(404);
  });

  it("see channels and jobs, and make a payment's copy anew", async ({ expect }) => {
    const { body } = await api("POST", "/v1/payment-intents", {
      key: merchant.test,
      body: { amount: { currency: "CNY", value: 699 }, channel: "wechat" },
    });
    const quiet = await operator.get("/console/health");
    expect(quiet.html).toContain("No channel had an order");
    const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
    await env.DB.prepare(
      "INSERT OR REPLACE INTO channel_hours VALUES (1, 'fps', ?, 4, 0, 2, 40, 30)",
    )
      .bind(hour)
      .run();
    const { html } = await operator.get("/console/health");
    expect(html).toMatch(/FPS[\s\S]*<span class="status \w+">down<\/span>[\s\S]*2 \(50\.0 %\)/);
    expect(html).toContain('aria-label="Orders at FPS by hour: at most 4"');
    expect((await operator.get("/console/sweeper")).html).toContain("Overdue payments");
    const again = await operator.submit("/console/republish", "/console/republish", {
      id: body.id,
    });
    expect(again.location).toBe("/console/republish?done=done");
    const none = await operator.submit("/console/republish", "/console/republish", {
      id: "pi_<b>",
    });
    expect(none.status).toBe(404);
    expect(none.html).toContain('value="pi_&lt;b&gt;"');
  });
});
