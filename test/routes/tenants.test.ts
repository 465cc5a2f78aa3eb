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
import { plantException } from "../reconciliation/exceptions.ts";
import { expectSettlement, invoiced } from "../settlement/kit.ts";

interface Route {
  readonly method: string;
  readonly path: string;
  /** What it asks of a key; null: nothing, it is open to everybody. */
  readonly scope: string | null;
  /** Whether it goes on behind a cursor. */
  readonly isPaged: boolean;
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
  readonly split: string;
  readonly exception: string;
  readonly settlement: string;
  readonly payout: string;
  readonly invoice: string;
  readonly run: string;
  readonly statement: string;
}

const SECRET_NAME = "Nobody Else's Business Ltd";

let owner: Merchant;
let stranger: Merchant;
let mine: Belongings;

const { body: document } = await api("GET", "/openapi.json");
interface Operation {
  readonly "x-scope"?: string;
  readonly parameters?: readonly { readonly name: string }[];
}

const routes: Route[] = Object.entries(
  document.paths as Record<string, Record<string, Operation>>,
).flatMap(([path, methods]) =>
  Object.entries(methods)
    .filter(([, operation]) => operation["x-scope"] !== "admin")
    .map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      scope: operation["x-scope"] ?? null,
      isPaged: operation.parameters?.some(({ name }) => name === "cursor") === true,
    })),
);

/** Everybody's: what stands in the path is no merchant's, or knowing it is the permission. */
const EVERYBODYS = new Set([
  "GET /sandbox/channels/{channel}/keys",
  "GET /sandbox/pages/{channel}",
  "GET /sandbox/pages/{channel}/authorization",
  "GET /sandbox/wallet/{payment_intent}",
  "POST /sandbox/payments/{payment_intent}/{action}",
  "GET /v1/callbacks/{channel}/{channel_account}/authorization",
  "POST /v1/callbacks/{channel}/{channel_account}",
  "GET /v1/channels/{slug}/errors",
  "GET /v1/payment-intents/{id}/stream",
  "GET /v1/qr/{payment_intent}.svg",
]);

const nameOf = ({ method, path }: Route) => `${method} ${path}`;

/** They name a thing of the merchant's in their query: see "cannot name the owner's things". */
const AIMED_BY_QUERY = new Set(["/v1/reports/statement-lines.csv"]);

const aimed = routes.filter((route) => route.path.includes("{") && !EVERYBODYS.has(nameOf(route)));
const lists = routes.filter(
  ({ method, path, scope, isPaged }) =>
    method === "GET" &&
    !path.includes("{") &&
    !AIMED_BY_QUERY.has(path) &&
    (scope !== null || isPaged),
);

/** Whose id stands in the path. */
const OWNED: readonly (readonly [RegExp, keyof Belongings])[] = [
  [/^\/v1\/payment-intents\//, "payment"],
  [/^\/v1\/refunds\//, "refund"],
  [/^\/v1\/events\//, "event"],
  [/^\/v1\/webhook-endpoints\//, "endpoint"],
  [/^\/v1\/jobs\//, "job"],
  [/^\/v1\/splits\//, "split"],
  [/^\/v1\/reconciliation\/exceptions\//, "exception"],
  [/^\/v1\/settlements\//, "settlement"],
  [/^\/v1\/payouts\//, "payout"],
  [/^\/v1\/invoices\//, "invoice"],
  [/^\/v1\/services\//, "service"],
  [/^\/v1\/channel-accounts\//, "account"],
  [/^\/v1\/reconciliation\/runs\//, "run"],
  [/^\/v1\/reconciliation\/statements\//, "statement"],
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
  "PUT /v1/channel-accounts/{id}/statement-profile": () => ({ profile: null }),
  "POST /v1/channel-accounts/{id}/verify": () => ({}),
  "POST /v1/channel-accounts/{id}/credentials": () => ({ credentials: {} }),
  "POST /v1/channel-accounts/{id}/onboarding": () => ({ application: {} }),
  "POST /v1/channel-accounts/{id}/authorization": () => ({}),
  "POST /v1/api-keys/{id}/rotate": () => ({}),
  "PATCH /v1/reconciliation/exceptions/{id}": () => ({ note: "taken over" }),
  "POST /v1/reconciliation/exceptions/{id}/actions": () => ({ action: "ask_channel" }),
};

const EVERYTHING = [
  "/v1/payment-intents?limit=100",
  "/v1/refunds?limit=100",
  "/v1/webhook-endpoints?limit=100",
  "/v1/channel-accounts?limit=100",
  "/v1/api-keys?limit=100",
  "/v1/services?mine=true&limit=100",
  "/v1/jobs?limit=100",
  "/v1/settlements?limit=100",
  "/v1/payouts?limit=100",
  "/v1/invoices?limit=100",
  "/v1/splits?limit=100",
  "/v1/reconciliation/exceptions?limit=100",
  "/v1/reconciliation/statements?limit=100",
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

/** Two of what can be listed, so that every list has a second page. */
async function furnish({ id, test: key }: Merchant): Promise<Belongings> {
  const replayed = async (number: number) => {
    const url = `https://shop.example/hook/${number}`;
    const endpoint = await made("/v1/webhook-endpoints", key, { url });
    const path = `/v1/webhook-endpoints/${endpoint}/replay`;
    return { endpoint, job: await made(path, key, { created_gte: "2026-01-01T00:00:00Z" }) };
  };
  const sold = async (number: number) => {
    const payment = await made("/v1/payment-intents", key, {
      amount: { currency: "CNY", value: 699 },
      channel: "wechat",
      description: SECRET_NAME,
      merchant_order_id: `secret-order-${number}`,
    });
    await api("POST", `/sandbox/payments/${payment}/pay`);
    const amount = { currency: "CNY", value: 100 };
    return { payment, refund: await made("/v1/refunds", key, { payment_intent: payment, amount }) };
  };
  const accounts = await api("GET", "/v1/channel-accounts?limit=100", { key });
  const shared = accounts.body.data.find((row: { channel: string }) => row.channel === "wechat").id;
  await api("PUT", `/v1/admin/channel-accounts/${shared}/split`, {
    headers: { Authorization: "Bearer admin-token-for-tests" },
    body: { receiver: { type: "MERCHANT_ID", account: "1900000999" } },
  });
  const { endpoint, job } = await replayed(1);
  await replayed(2);
  const { payment, refund } = await sold(1);
  await sold(2);
  await vi.waitFor(async () => {
    for (const [list, least] of [
      ["payment-intents", 2],
      ["refunds", 2],
      ["splits", 2],
      ["events", 4],
    ]) {
      const { body } = await api("GET", `/v1/${list}`, { key });
      if (body.data.length < Number(least)) throw new Error(`${list}: not yet`);
    }
  });
  const books = { merchantId: id, livemode: false };
  const paid = async (day: string) => {
    const settlement = await expectSettlement(books, shared, day, 500);
    const amount = { currency: "CNY", value: 500 };
    const body = { settlements: [settlement], amount, arrived_at: "2026-11-04T00:00:00Z" };
    return { settlement, payout: await made("/v1/payouts", key, body) };
  };
  await paid("2026-11-01");
  const compared = async (day: string) => {
    const path = `/v1/reconciliation/statements?channel_account=${shared}&date=${day}`;
    const { body } = await api("POST", path, { key, body: `${SECRET_NAME} ${day}` });
    return { run: body.run.id as string, statement: body.statement.id as string };
  };
  await compared("2026-11-01");
  const raised = { merchant_id: id, payment_intent: payment, assignee: SECRET_NAME };
  await plantException(raised);
  return {
    exception: (await plantException(raised)).id,
    ...(await compared("2026-11-02")),
    ...(await paid("2026-11-02")),
    invoice: await invoiced(books),
    payment,
    refund,
    event: (await api("GET", "/v1/events", { key })).body.data[0].id,
    endpoint,
    job,
    service: await made("/v1/services", key, manifest({ name: SECRET_NAME })),
    account: (await api("GET", "/v1/channel-accounts", { key })).body.data[0].id,
    split: (await api("GET", "/v1/splits", { key })).body.data[0].id,
    key: await made("/v1/api-keys", key, { label: SECRET_NAME, scopes: ["payments:read"] }),
  };
}

/** Not there for the owner either: the other half of the path is nothing that it has. */
const NOT_THERE = new Set(["DELETE /v1/channel-accounts/{id}/credentials/{version}"]);

/** Stamps of use, of deliveries, of shares and of files that are read: they move by themselves. */
const MOVING = new Set([
  "age_seconds",
  "last_used_at",
  "updated_at",
  "failing_since",
  "done",
  "state",
  "error",
  "channel_split_id",
]);

/** All that the owner can see of itself, for comparison. */
async function inventory({ test: key }: Merchant): Promise<string> {
  const replies = await Promise.all(EVERYTHING.map((path) => api("GET", path, { key })));
  const still = (name: string, value: unknown) => (MOVING.has(name) ? undefined : value);
  return JSON.stringify(
    replies.map(({ body }) => body),
    still,
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
    const name = nameOf(route);
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
    // Everybody's services are one list, with one cursor for all.
    const paged = lists.filter(({ isPaged, path }) => isPaged && path !== "/v1/services");
    const places = paged.map(({ path }) => [path, "cursor"] as const);
    expect(paged.length).toBeGreaterThan(6);
    for (const [path, name] of [...places, ["/v1/events", "after"] as const]) {
      // An empty `after` is the feed's beginning; what leads on from there is a place in it.
      const start = name === "after" ? `${path}?limit=1&after=` : `${path}?limit=1`;
      const { body } = await api("GET", start, { key: owner.test });
      // With fewer than two the list would have no cursor to steal.
      expect([path, typeof body.next_cursor]).toEqual([path, "string"]);
      const at = `${path}?${name}=${encodeURIComponent(body.next_cursor)}`;
      const reply = await api("GET", at, { key: stranger.test });
      expect([path, reply.body.error?.code]).toEqual([path, "INVALID_CURSOR"]);
      const own = await api("GET", at, { key: owner.test });
      expect([path, own.status, own.body.error]).toEqual([path, 200, undefined]);
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
    const started = await api("POST", "/v1/reconciliation/runs", {
      key,
      body: { channel_account: mine.account, date: "2026-11-01" },
    });
    expect(started.body.error.code).toBe("CHANNEL_ACCOUNT_NOT_FOUND");
    for (const place of ["statements", "merchant-records"]) {
      const path = `/v1/reconciliation/${place}?channel_account=${mine.account}&date=2026-11-01`;
      const uploaded = await api("POST", path, { key, body: "taken over" });
      expect(uploaded.body.error.code).toBe("CHANNEL_ACCOUNT_NOT_FOUND");
    }
    const statement = await api("POST", "/v1/sandbox/statements", {
      key,
      body: { channel_account: mine.account, date: "2026-11-01", fault: "tampered" },
    });
    expect(statement.body.error.code).toBe("CHANNEL_ACCOUNT_NOT_FOUND");
    const service = await api("POST", "/v1/payment-intents", {
      key,
      body: { amount, channel: "wechat", service_id: mine.service },
    });
    expect(service.body.error.code).toBe("SERVICE_NOT_FOUND");
    for (const stolen of [stranger.test, stranger.live, owner.live]) {
      const query = `channel_account=${mine.account}&date=2026-11-01`;
      const lines = await api("GET", `/v1/reports/statement-lines.csv?${query}`, { key: stolen });
      expect(lines.body.error.code).toBe("CHANNEL_ACCOUNT_NOT_FOUND");
    }
    for (const q of [mine.payment, "secret-order-1"]) {
      const { body } = await api("GET", `/v1/payment-intents?q=${q}`, { key });
      expect(body.data).toEqual([]);
    }
  });
});

describe("the owner itself", () => {
  it(
    "finds with the same requests what a stranger does not",
    { timeout: 120_000 },
    async ({ expect }) => {
      const other = await newMerchant("Control");
      const belongings = await furnish(other);
      // What ends things comes last.
      const ordered = aimed.toSorted(
        (a, b) => Number(a.method === "DELETE") - Number(b.method === "DELETE"),
      );
      for (const route of ordered) {
        const name = nameOf(route);
        const make = BODIES[name];
        const reply = await api(route.method, addressFor(route, belongings), {
          key: other.test,
          ...(make ? { body: make() } : {}),
        });
        expect([name, isRefusal(reply)]).toEqual([name, NOT_THERE.has(name)]);
        expect([name, reply.status < 500]).toEqual([name, true]);
      }
    },
  );
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
    [/^\/exceptions\//, "exception"],
    [/^\/reconciliation\/runs\//, "run"],
    [/^\/reconciliation\/statements\//, "statement"],
    [/^\/settlements\/payouts\//, "payout"],
    [/^\/settlements\/invoices\//, "invoice"],
    [/^\/settlements\//, "settlement"],
  ];

  const merchantPages = PAGES.filter(({ scope }) => scope !== "operator");
  // What removes a thing comes last, or the others would find nothing for its owner either.
  const aimedPages = merchantPages
    .filter(({ path }) => path.includes(":"))
    .toSorted((a, b) => Number(a.path.endsWith("/delete")) - Number(b.path.endsWith("/delete")));
  const plainPages = merchantPages.filter(
    ({ path, method }) => !path.includes(":") && method.toUpperCase() === "GET",
  );

  const operatorPages = PAGES.filter(({ scope }) => scope === "operator");

  /** All of these are about one thing that the merchant has: nobody else gets further than that. */
  async function tryAll(key: string, belongings: Belongings): Promise<[string, number][]> {
    const { cookie, csrf } = await signIn(key);
    const answers: [string, number][] = [];
    for (const { method, path } of aimedPages) {
      const place = PLACES.find(([at]) => at.test(path))?.[1];
      if (place === undefined) throw new Error(`say in PLACES whose id /console${path} names`);
      const address = `/console${path}`.replaceAll(/:(\w+)(\{[^}]*\})?/g, (_, name: string) =>
        name === "id" ? belongings[place] : (OTHER_PARAMETERS[name] ?? "1"),
      );
      const verb = method.toUpperCase();
      const fields = { _csrf: csrf, amount: "1.00", sure: "yes", event: belongings.event };
      const reply = await page(verb, address, verb === "POST" ? fields : null, cookie);
      if (belongings === mine && reply.body.includes(SECRET_NAME)) {
        throw new Error(`${verb} ${path} tells of it`);
      }
      // Led to the sign-in page, nothing would have been tried at all.
      if (reply.headers.get("Location")?.includes("/sign-in") === true) {
        throw new Error(`${verb} ${path}: not signed in any more`);
      }
      answers.push([`${verb} ${path}`, reply.status]);
    }
    return answers;
  }

  it(
    "shows a stranger nothing and does nothing for it",
    { timeout: 120_000 },
    async ({ expect }) => {
      const before = await inventory(owner);
      for (const key of [stranger.test, stranger.live, owner.live]) {
        const answers = await tryAll(key, mine);
        expect(answers.filter(([, status]) => status !== 404)).toEqual([]);
      }
      expect(await inventory(owner)).toBe(before);
    },
  );

  it(
    "does find for the owner what it does not for a stranger",
    { timeout: 120_000 },
    async ({ expect }) => {
      const other = await newMerchant("Control");
      const answers = await tryAll(other.test, await furnish(other));
      const missing = answers.filter(([, status]) => status === 404).map(([name]) => name);
      // The sandbox account's credentials have no versions.
      expect(missing).toEqual(["POST /accounts/:id/credentials/:version/retire"]);
    },
  );

  it("lists nothing of the owner's", { timeout: 120_000 }, async ({ expect }) => {
    const { cookie } = await signIn(stranger.test);
    for (const { path } of plainPages) {
      const reply = await page("GET", path === "/" ? "/console" : `/console${path}`, null, cookie);
      expect([path, reply.status, traces().test(reply.body)]).toEqual([path, 200, false]);
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
