/**
 * One merchant can never read or touch what is another's, nor one mode the other's. The routes come
 * from the API document and from the console's table: a route that is new, and for which nobody has
 * said here how to aim it at a stranger's object, fails this file.
 */
import { exports } from "cloudflare:workers";
import { beforeAll, describe, it, vi } from "vitest";

import { PAGES } from "../../src/routes/console/table.ts";
import { api, type Merchant, newMerchant, type Reply } from "../intent/kit.ts";
import { manifestOf as manifest } from "../agents/kit.ts";

interface Route {
  readonly method: string;
  readonly path: string;
}

/** What the owner has, by the place of the route that names it. */
interface Belongings {
  readonly payment: string;
  readonly refund: string;
  readonly event: string;
  readonly endpoint: string;
  readonly job: string;
  readonly service: string;
  readonly account: string;
  readonly key: string;
}

const SECRET_NAME = "Nobody Else's Business Ltd";

let owner: Merchant;
let stranger: Merchant;
let mine: Belongings;

const { body: document } = await api("GET", "/openapi.json");
const routes: Route[] = Object.entries(
  document.paths as Record<string, Record<string, { "x-scope"?: string }>>,
).flatMap(([path, methods]) =>
  Object.entries(methods)
    .filter(([, operation]) => operation["x-scope"] !== undefined)
    .filter(([, operation]) => operation["x-scope"] !== "admin")
    .map(([method]) => ({ method: method.toUpperCase(), path })),
);

const aimed = routes.filter(({ path }) => path.includes("{"));
const lists = routes.filter(({ method, path }) => method === "GET" && !path.includes("{"));

/** Whose id stands in the path. */
const OWNED: readonly (readonly [RegExp, keyof Belongings])[] = [
  [/^\/v1\/payment-intents\//, "payment"],
  [/^\/v1\/refunds\//, "refund"],
  [/^\/v1\/events\//, "event"],
  [/^\/v1\/webhook-endpoints\//, "endpoint"],
  [/^\/v1\/jobs\//, "job"],
  [/^\/v1\/services\//, "service"],
  [/^\/v1\/channel-accounts\//, "account"],
  [/^\/v1\/api-keys\//, "key"],
];

const OTHER_PARAMETERS: Readonly<Record<string, string>> = {
  version: "1",
  application_number: "1",
};

/** Bodies that would do something to the owner's object: only whose it is stands in the way. */
const BODIES: Readonly<Record<string, () => unknown>> = {
  "POST /v1/payment-intents/{id}/cancel": () => ({}),
  "POST /v1/payment-intents/{id}/sync": () => ({}),
  "POST /v1/events/{id}/redeliver": () => ({}),
  "PATCH /v1/webhook-endpoints/{id}": () => ({ description: "taken over" }),
  "POST /v1/webhook-endpoints/{id}/rotate-secret": () => ({}),
  "POST /v1/webhook-endpoints/{id}/test": () => ({}),
  "POST /v1/webhook-endpoints/{id}/replay": () => ({ created_gte: "2026-01-01T00:00:00Z" }),
  "PATCH /v1/services/{id}": () => manifest({ name: "taken over", version: "9.0.0" }),
  "POST /v1/services/{id}/validate": () => ({}),
  "PATCH /v1/services/{id}/activate": () => ({}),
  "PATCH /v1/services/{id}/deactivate": () => ({}),
  "PATCH /v1/channel-accounts/{id}": () => ({ display_name: "taken over" }),
  "POST /v1/channel-accounts/{id}/verify": () => ({}),
  "POST /v1/channel-accounts/{id}/credentials": () => ({ credentials: {} }),
  "POST /v1/channel-accounts/{id}/onboarding": () => ({ application: {} }),
  "POST /v1/channel-accounts/{id}/authorization": () => ({}),
  "POST /v1/api-keys/{id}/rotate": () => ({}),
};

const EVERYTHING = [
  "/v1/payment-intents?limit=100",
  "/v1/refunds?limit=100",
  "/v1/webhook-endpoints?limit=100",
  "/v1/channel-accounts?limit=100",
  "/v1/api-keys?limit=100",
  "/v1/services?mine=true&limit=100",
  "/v1/jobs?limit=100",
];

function addressFor({ path }: Route, belongings: Belongings): string {
  const place = OWNED.find(([at]) => at.test(path))?.[1];
  if (place === undefined) throw new Error(`say in OWNED whose id ${path} names`);
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const other = OTHER_PARAMETERS[name];
    if (name !== "id" && other === undefined) throw new Error(`what is {${name}} of ${path}?`);
    return name === "id" ? belongings[place] : (other ?? "");
  });
}

async function made(path: string, key: string, body: unknown): Promise<string> {
  const reply = await api("POST", path, { key, body });
  if (reply.status >= 300) throw new Error(`${path}: ${JSON.stringify(reply.body)}`);
  return reply.body.id;
}

async function furnish({ test: key }: Merchant): Promise<Belongings> {
  const endpoint = await made("/v1/webhook-endpoints", key, { url: "https://shop.example/hook" });
  const payment = await made("/v1/payment-intents", key, {
    amount: { currency: "CNY", value: 699 },
    channel: "wechat",
    description: SECRET_NAME,
    merchant_order_id: "secret-order",
  });
  await api("POST", `/sandbox/payments/${payment}/pay`);
  const refund = await made("/v1/refunds", key, {
    payment_intent: payment,
    amount: { currency: "CNY", value: 100 },
  });
  const event = await vi.waitFor(async () => {
    const { body } = await api("GET", "/v1/events", { key });
    if (body.data.length < 4) throw new Error("not yet");
    return body.data[0].id as string;
  });
  return {
    payment,
    refund,
    event,
    endpoint,
    job: await made(`/v1/webhook-endpoints/${endpoint}/replay`, key, {
      created_gte: "2026-01-01T00:00:00Z",
    }),
    service: await made("/v1/services", key, manifest({ name: SECRET_NAME })),
    account: (await api("GET", "/v1/channel-accounts", { key })).body.data[0].id,
    key: await made("/v1/api-keys", key, { label: SECRET_NAME, scopes: ["payments:read"] }),
  };
}

/** All that the owner can see of itself, for comparison. Stamps of use move by themselves. */
async function inventory({ test: key }: Merchant): Promise<string> {
  const replies = await Promise.all(EVERYTHING.map((path) => api("GET", path, { key })));
  return JSON.stringify(replies.map(({ body }) => body)).replaceAll(
    /"(last_used_at|updated_at|done|state)":("[^"]*"|null|\d+)/g,
    "",
  );
}

const isRefusal = ({ status, body }: Reply): boolean =>
  status === 404 && typeof body.error?.code === "string" && body.error.code.endsWith("NOT_FOUND");

const traces = (): RegExp => new RegExp([SECRET_NAME, ...Object.values(mine)].join("|"));

beforeAll(async () => {
  owner = await newMerchant(SECRET_NAME);
  stranger = await newMerchant("Stranger");
  mine = await furnish(owner);
});

describe("another merchant", () => {
  it.for(aimed)("$method $path finds nothing", async (route, { expect }) => {
    const name = `${route.method} ${route.path}`;
    const hasBody = route.method !== "GET" && route.method !== "DELETE";
    const make = BODIES[name];
    if (hasBody && make === undefined) throw new Error(`say in BODIES what ${name} would take`);
    // A public manifest is everybody's, drafts are their merchant's.
    const before = await inventory(owner);
    const address = addressFor(route, mine);
    for (const key of [stranger.test, stranger.live, owner.live]) {
      const reply = await api(route.method, address, { key, ...(make ? { body: make() } : {}) });
      expect([name, reply.status, isRefusal(reply)]).toEqual([name, 404, true]);
      // A path that was asked for may be repeated; nothing else.
      expect(JSON.stringify(reply.body).replaceAll(address, "")).not.toContain(SECRET_NAME);
    }
    expect(await inventory(owner)).toBe(before);
  });

  it.for(lists)("$method $path lists nothing of it", async (route, { expect }) => {
    for (const key of [stranger.test, stranger.live]) {
      const reply = await api(route.method, route.path, { key });
      expect(reply.status).toBe(200);
      expect(JSON.stringify(reply.body)).not.toMatch(traces());
    }
  });

  it("cannot use the owner's cursors", async ({ expect }) => {
    const paged = ["payment-intents", "refunds", "events", "api-keys", "channel-accounts"];
    for (const list of paged) {
      const { body } = await api("GET", `/v1/${list}?limit=1`, { key: owner.test });
      const cursor = body.next_cursor ?? body.data[0]?.id;
      const after = list === "events" ? "after" : "cursor";
      if (body.next_cursor === null) continue;
      const reply = await api("GET", `/v1/${list}?${after}=${cursor}`, { key: stranger.test });
      expect([list, reply.body.error?.code]).toEqual([list, "INVALID_CURSOR"]);
    }
  });

  it("cannot name the owner's things in a body", async ({ expect }) => {
    const key = stranger.test;
    const refund = await api("POST", "/v1/refunds", {
      key,
      body: { payment_intent: mine.payment },
    });
    expect(refund.body.error.code).toBe("PAYMENT_INTENT_NOT_FOUND");
    const amount = { currency: "CNY", value: 699 };
    const account = await api("POST", "/v1/payment-intents", {
      key,
      body: { amount, channel: "wechat", channel_account: mine.account },
    });
    expect(account.body.error.code).toBe("CHANNEL_ACCOUNT_NOT_FOUND");
    const service = await api("POST", "/v1/payment-intents", {
      key,
      body: { amount, channel: "wechat", service_id: mine.service },
    });
    expect(service.body.error.code).toBe("SERVICE_NOT_FOUND");
    for (const q of [mine.payment, "secret-order"]) {
      const { body } = await api("GET", `/v1/payment-intents?q=${q}`, { key });
      expect(body.data).toEqual([]);
    }
  });
});

describe("the console", () => {
  /** A browser that is signed in with a key: its cookie, and the token that its forms carry. */
  async function signIn(key: string) {
    const answer = await page("POST", "/console/sign-in", { secret: key }, "");
    const cookie = answer.headers.get("Set-Cookie")?.split(";")[0] ?? "";
    const home = await page("GET", "/console", null, cookie);
    const csrf = /name="_?csrf" value="([^"]+)"/.exec(home.body)?.[1] ?? "";
    if (cookie === "" || csrf === "") throw new Error(`not signed in: ${answer.status}`);
    return { cookie, csrf };
  }

  async function page(
    method: string,
    path: string,
    form: Record<string, string> | null,
    cookie: string,
  ) {
    const answer = await exports.default.fetch(`http://gateway.test${path}`, {
      method,
      redirect: "manual",
      headers: {
        Accept: "text/html",
        Origin: "http://gateway.test",
        ...(cookie === "" ? {} : { Cookie: cookie }),
        ...(form === null ? {} : { "Content-Type": "application/x-www-form-urlencoded" }),
      },
      ...(form === null ? {} : { body: new URLSearchParams(form).toString() }),
    });
    return { status: answer.status, headers: answer.headers, body: await answer.text() };
  }

  const PLACES: readonly (readonly [RegExp, keyof Belongings])[] = [
    [/^\/payments\//, "payment"],
    [/^\/refunds\//, "refund"],
    [/^\/events\//, "event"],
    [/^\/endpoints\//, "endpoint"],
    [/^\/jobs\//, "job"],
    [/^\/services\//, "service"],
    [/^\/accounts\//, "account"],
    [/^\/keys\//, "key"],
  ];

  const merchantPages = PAGES.filter(({ scope }) => scope !== "operator");
  const aimedPages = merchantPages.filter(({ path }) => path.includes(":"));
  const plainPages = merchantPages.filter(
    ({ path, method }) => !path.includes(":") && method.toUpperCase() === "GET",
  );

  const operatorPages = PAGES.filter(({ scope }) => scope === "operator");

  it(
    "shows a stranger nothing and does nothing for it",
    { timeout: 120_000 },
    async ({ expect }) => {
      const { cookie, csrf } = await signIn(stranger.test);
      const before = await inventory(owner);
      for (const { method, path } of aimedPages) {
        const place = PLACES.find(([at]) => at.test(path))?.[1];
        if (place === undefined) throw new Error(`say in PLACES whose id /console${path} names`);
        const address = `/console${path}`.replaceAll(/:(\w+)(\{[^}]*\})?/g, (_, name: string) =>
          name === "id" ? mine[place] : (OTHER_PARAMETERS[name] ?? "1"),
        );
        const isPost = method.toUpperCase() === "POST";
        const form = isPost ? { csrf, _csrf: csrf, amount: "1.00", sure: "yes" } : null;
        const reply = await page(method.toUpperCase(), address, form, cookie);
        expect([method, path, reply.status >= 400 || reply.status === 303]).toEqual([
          method,
          path,
          true,
        ]);
        expect(reply.body).not.toContain(SECRET_NAME);
      }
      expect(await inventory(owner)).toBe(before);
    },
  );

  it("lists nothing of the owner's", { timeout: 120_000 }, async ({ expect }) => {
    const { cookie } = await signIn(stranger.test);
    for (const { path } of plainPages) {
      const reply = await page("GET", path === "/" ? "/console" : `/console${path}`, null, cookie);
      expect([path, traces().test(reply.body)]).toEqual([path, false]);
    }
  });

  it("keeps operators' pages from merchants", { timeout: 120_000 }, async ({ expect }) => {
    const { cookie, csrf } = await signIn(stranger.test);
    expect(operatorPages.length).toBeGreaterThan(5);
    for (const { method, path } of operatorPages) {
      const isPost = method.toUpperCase() === "POST";
      const address = `/console${path}`.replaceAll(/:(\w+)(\{[^}]*\})?/g, owner.id);
      const form = isPost ? { csrf, _csrf: csrf } : null;
      const reply = await page(method.toUpperCase(), address, form, cookie);
      expect([method, path, reply.status]).toEqual([method, path, 403]);
      expect(reply.body).not.toContain(SECRET_NAME);
    }
  });
});
