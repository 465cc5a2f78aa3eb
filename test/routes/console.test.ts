/** The console's door and its payments: sessions, forms of strangers, scopes, tenants, hostile texts. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, it } from "vitest";

import { createApp } from "../../src/app.ts";
import { nextPath } from "../../src/routes/console/sign-in.tsx";
import { PAGES } from "../../src/routes/console/table.ts";
import { api, type Merchant, newMerchant, projected } from "../intent/kit.ts";

const ORIGIN = "https://pay.gateway.example";
const ADMIN = "admin-token-for-tests";

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Where it leads, without our origin. */
  readonly location: string;
}

async function send(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  form?: Record<string, string>,
): Promise<Answer> {
  const response = await exports.default.fetch(
    new Request(new URL(path, ORIGIN), {
      method,
      redirect: "manual",
      headers: {
        "CF-Connecting-IP": "198.51.100.7",
        ...(form === undefined ? {} : { "Content-Type": "application/x-www-form-urlencoded" }),
        ...headers,
      },
      ...(form === undefined ? {} : { body: new URLSearchParams(form).toString() }),
    }),
  );
  return {
    status: response.status,
    headers: response.headers,
    text: await response.text(),
    location: response.headers.get("Location") ?? "",
  };
}

const OURS = { Origin: ORIGIN, "Sec-Fetch-Site": "same-origin" };

const signIn = (secret: string, fields: Record<string, string> = {}, headers = {}) =>
  send("POST", "/console/sign-in", { ...OURS, ...headers }, { secret, ...fields });

const cookieOf = (answer: Answer): string =>
  (answer.headers.get("Set-Cookie") ?? "").split(";")[0] ?? "";

const csrfOf = (html: string): string => /name="_csrf" value="([^"]+)"/.exec(html)?.[1] ?? "";

/** The cookie's row: its name is the hash of the cookie. */
async function rowOf(cookie: string): Promise<string> {
  const value = cookie.slice(cookie.indexOf("=") + 1);
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(value));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const sessionRow = async (cookie: string) =>
  env.DB.prepare("SELECT * FROM console_sessions WHERE id = ?")
    .bind(await rowOf(cookie))
    .first();

/** Somebody who is signed in. */
async function visitor(secret: string) {
  const answer = await signIn(secret);
  if (answer.status !== 303) throw new Error(`not signed in: ${answer.status} ${answer.text}`);
  const cookie = cookieOf(answer);
  const get = (path: string, headers = {}) => send("GET", path, { Cookie: cookie, ...headers });
  const csrf = csrfOf((await get("/console/nowhere")).text);
  return {
    cookie,
    csrf,
    get,
    /** Sends a form of ours. */
    post: (path: string, fields: Record<string, string> = {}, headers = {}) =>
      send("POST", path, { Cookie: cookie, ...OURS, ...headers }, { _csrf: csrf, ...fields }),
  };
}

async function aPayment(key: string, fields: Record<string, unknown> = {}): Promise<string> {
  const { status, body } = await api("POST", "/v1/payment-intents", {
    key,
    body: { amount: { currency: "CNY", value: 1_000 }, channel: "wechat", ...fields },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.id;
}

async function aPaidPayment(key: string, fields: Record<string, unknown> = {}): Promise<string> {
  const id = await aPayment(key, fields);
  await api("POST", `/sandbox/payments/${id}/pay`);
  return id;
}

async function aKey(merchant: Merchant, scopes: string[], fields: Record<string, unknown> = {}) {
  const { status, body } = await api("POST", "/v1/api-keys", {
    key: merchant.test,
    body: { scopes, ...fields },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body as { id: string; key: string };
}

/** From the payment itself: a list is a copy, and may not know of it yet. */
const refundsOf = async (key: string, id: string) =>
  (await api("GET", `/v1/payment-intents/${id}/timeline`, { key })).body.refunds as {
    amount: { value: number };
    reason: string | null;
  }[];

const isSignIn = (path: string): boolean => path.split("?")[0] === "/console/sign-in";

describe("signing in", () => {
  it("takes a key of either mode and the admin token, and shows whose pages these are", async ({
    expect,
  }) => {
    const merchant = await newMerchant("Lantern Tea House");
    const test = await visitor(merchant.test);
    expect((await test.get("/console")).text).toMatch(/Lantern Tea House<.*Test mode/);
    const live = await visitor(merchant.live);
    expect((await live.get("/console")).text).toMatch(/Lantern Tea House<.*>Live</);
    const operator = await visitor(ADMIN);
    expect((await operator.get("/console")).text).toContain("Operator");
  });

  it("sets a cookie that scripts, other sites' forms and plain HTTP never see", async ({
    expect,
  }) => {
    const merchant = await newMerchant();
    const cookie = (await signIn(merchant.test)).headers.get("Set-Cookie") ?? "";
    expect(cookie).toMatch(
      /^__Secure-itpay_console=[\w-]{43}; Max-Age=43200; Path=\/console; HttpOnly; Secure; SameSite=Lax$/,
    );
    // On a developer's machine there is no TLS, and such a cookie would not come back.
    const plain = await exports.default.fetch("http://localhost/console/sign-in", {
      method: "POST",
      redirect: "manual",
      headers: { Origin: "http://localhost", "CF-Connecting-IP": "198.51.100.8" },
      body: new URLSearchParams({ secret: merchant.test }),
    });
    expect(plain.headers.get("Set-Cookie")).toMatch(
      /^itpay_console=[\w-]{43}; Max-Age=43200; Path=\/console; HttpOnly; SameSite=Lax$/,
    );
  });

  it("says the same about every wrong secret, and gives it back to nobody", async ({ expect }) => {
    const merchant = await newMerchant();
    const wrong = [
      "",
      "nonsense",
      `${ADMIN}x`,
      `sk_test_${"0".repeat(12)}_${"0".repeat(32)}`,
      `${merchant.test.slice(0, -1)}${merchant.test.endsWith("A") ? "B" : "A"}`,
      merchant.test.replace("sk_test", "sk_liv"),
    ];
    const answers = await Promise.all(
      wrong.map((secret, at) => signIn(secret, {}, { "CF-Connecting-IP": `203.0.113.${at}` })),
    );
    for (const { status, text, headers } of answers) {
      expect(status).toBe(401);
      expect(text).toContain("This is not a valid API key or admin token.");
      expect(headers.get("Set-Cookie")).toBeNull();
      expect(text).not.toContain(merchant.test.slice(-31));
    }
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  });

  it("tells the holder of a key why it is refused", async ({ expect }) => {
    const merchant = await newMerchant();
    const revoked = await aKey(merchant, ["*"]);
    await api("DELETE", `/v1/api-keys/${revoked.id}`, { key: merchant.test });
    expect((await signIn(revoked.key)).text).toContain("was revoked");
    const elsewhere = await aKey(merchant, ["*"], { ip_allow: ["192.0.2.0/24"] });
    const answer = await signIn(elsewhere.key);
    expect([answer.status, answer.headers.get("Set-Cookie")]).toEqual([403, null]);
    expect(answer.text).toContain("may not be used from this address");
  });

  it("makes one address wait after ten wrong secrets, and others not", async ({ expect }) => {
    const merchant = await newMerchant();
    const from = { "CF-Connecting-IP": "203.0.113.200" };
    for (let at = 0; at < 10; at += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after another, as a person tries
      expect((await signIn(`wrong ${at}`, {}, from)).status).toBe(401);
    }
    const waiting = await signIn(merchant.test, {}, from);
    expect([waiting.status, waiting.headers.get("Set-Cookie")]).toEqual([429, null]);
    expect((await signIn(merchant.test)).status).toBe(303);
  });

  it("refuses a form that another site sent", async ({ expect }) => {
    const merchant = await newMerchant();
    const strangers: Record<string, string>[] = [
      { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" },
      { Origin: ORIGIN, "Sec-Fetch-Site": "cross-site" },
      { Origin: ORIGIN, "Sec-Fetch-Site": "same-site" },
    ];
    for (const headers of strangers) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      const answer = await signIn(merchant.test, {}, headers);
      expect([answer.status, answer.headers.get("Set-Cookie")]).toEqual([403, null]);
    }
    const old = await send(
      "POST",
      "/console/sign-in",
      { Origin: "https://evil.example" },
      {
        secret: merchant.test,
      },
    );
    expect(old.status).toBe(403);
  });

  it("goes on to the page that was asked for, and never to another site", async ({ expect }) => {
    const merchant = await newMerchant();
    const asked = await send("GET", "/console/payments?status=failed");
    expect(asked.status).toBe(303);
    const page = await send("GET", asked.location);
    expect(page.text).toContain('name="next" value="/console/payments?status=failed"');
    const back = await signIn(merchant.test, { next: "/console/payments?status=failed" });
    expect(back.location).toBe("/console/payments?status=failed");
    const outside = [
      "https://evil.example/console",
      "//evil.example/console",
      "/\\evil.example",
      "/console@evil.example",
      "/console/../../v1/merchant",
      "/console/%2e%2e/docs",
      "/consoleevil",
      "javascript:alert(1)",
      "\t//evil.example",
      "",
    ];
    for (const next of outside) expect([next, nextPath(next, ORIGIN)]).toEqual([next, "/console"]);
    expect((await signIn(merchant.test, { next: "//evil.example" })).location).toBe("/console");
  });

  it("is written down, without the secret", async ({ expect }) => {
    const merchant = await newMerchant();
    await signIn(merchant.test);
    const { body } = await api("GET", "/v1/audit-log?action=console.signed_in", {
      key: merchant.test,
    });
    expect(body.data).toHaveLength(1);
    expect(body.data[0]).toMatchObject({
      livemode: false,
      merchant_id: merchant.id,
      actor: { type: "console", id: body.data[0].target },
      before: null,
      after: { kind: "merchant" },
    });
    expect(JSON.stringify(body.data)).not.toContain(merchant.test.slice(-32));
  });
});

describe("a session", () => {
  it("is only a hash in the table: who reads it cannot use it", async ({ expect }) => {
    const merchant = await newMerchant();
    const { cookie } = await visitor(merchant.test);
    const value = cookie.slice(cookie.indexOf("=") + 1);
    const row = await sessionRow(cookie);
    expect(row).toMatchObject({ kind: "merchant", merchant_id: merchant.id });
    const { results } = await env.DB.prepare("SELECT * FROM console_sessions").all();
    expect(JSON.stringify(results)).not.toContain(value);
    expect(JSON.stringify(results)).not.toContain(merchant.test.slice(-32));
    for (const stolen of [String(row?.["id"]), String(row?.["csrf"]), ""]) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      const answer = await send("GET", "/console", {
        Cookie: `__Secure-itpay_console=${stolen}`,
      });
      expect([stolen, answer.status, isSignIn(answer.location)]).toEqual([stolen, 303, true]);
    }
    // The name for plain HTTP opens nothing where there is TLS.
    const renamed = await send("GET", "/console", { Cookie: `itpay_console=${value}` });
    expect(renamed.status).toBe(303);
  });

  it("ends after twelve hours however busy, and after one hour without a page", async ({
    expect,
  }) => {
    const merchant = await newMerchant();
    for (const column of ["expires_at", "seen_at"]) {
      // oxlint-disable no-await-in-loop -- in order
      const { cookie, get } = await visitor(merchant.test);
      expect((await get("/console")).status).toBe(200);
      const row = await sessionRow(cookie);
      expect(Number(row?.["expires_at"]) - Number(row?.["created_at"])).toBe(12 * 3_600_000);
      const before = column === "seen_at" ? Date.now() - 3_600_001 : Date.now() - 1;
      await env.DB.prepare(`UPDATE console_sessions SET ${column} = ? WHERE id = ?`)
        .bind(before, row?.["id"])
        .run();
      const over = await get("/console/payments");
      expect([over.status, over.location]).toEqual([
        303,
        "/console/sign-in?ended=over&next=%2Fconsole%2Fpayments",
      ]);
      expect(over.headers.get("Set-Cookie")).toContain("Max-Age=0");
      expect(await sessionRow(cookie)).toBeNull();
      expect((await send("GET", over.location)).text).toContain("Your session is over");
      // oxlint-enable no-await-in-loop
    }
  });

  it("is kept alive by pages, at most every five minutes, and not by what refreshes itself", async ({
    expect,
  }) => {
    const merchant = await newMerchant();
    const { cookie, get } = await visitor(merchant.test);
    const seen = async () => Number((await sessionRow(cookie))?.["seen_at"]);
    const put = async (at: number) =>
      env.DB.prepare("UPDATE console_sessions SET seen_at = ? WHERE id = ?")
        .bind(at, await rowOf(cookie))
        .run();
    const recent = Date.now() - 200_000;
    await put(recent);
    await get("/console");
    expect(await seen()).toBe(recent);
    const earlier = Date.now() - 400_000;
    await put(earlier);
    await get("/console", { "X-Console-Poll": "1" });
    expect(await seen()).toBe(earlier);
    await get("/console");
    expect(await seen()).toBeGreaterThan(earlier);
  });

  it("ends when one signs out, also for a copy of the cookie", async ({ expect }) => {
    const merchant = await newMerchant();
    const { get, post } = await visitor(merchant.test);
    const out = await post("/console/sign-out");
    expect([out.status, out.location]).toEqual([303, "/console/sign-in?ended=out"]);
    expect(out.headers.get("Set-Cookie")).toContain("Max-Age=0");
    expect((await get("/console")).status).toBe(303);
    // A link cannot sign anybody out.
    const other = await visitor(merchant.test);
    expect((await other.get("/console/sign-out")).status).toBe(405);
    expect((await other.get("/console")).status).toBe(200);
  });

  it("is replaced when one signs in again", async ({ expect }) => {
    const merchant = await newMerchant();
    const first = await visitor(merchant.test);
    const again = await signIn(merchant.test, {}, { Cookie: first.cookie });
    expect(cookieOf(again)).not.toBe(first.cookie);
    expect((await first.get("/console")).status).toBe(303);
  });

  it("ends with its key: revoked, expired, or its merchant suspended", async ({ expect }) => {
    const merchant = await newMerchant();
    const ended = { status: 303, location: "/console/sign-in?ended=key" };
    const revoked = await aKey(merchant, ["*"]);
    const one = await visitor(revoked.key);
    await api("DELETE", `/v1/api-keys/${revoked.id}`, { key: merchant.test });
    expect(await one.get("/console")).toMatchObject(ended);

    const expired = await aKey(merchant, ["*"]);
    const two = await visitor(expired.key);
    await env.DB.prepare("UPDATE api_keys SET expires_at = 1 WHERE id = ?").bind(expired.id).run();
    expect(await two.get("/console")).toMatchObject(ended);

    const three = await visitor(merchant.test);
    const form = { amount: "1", reason: "" };
    const id = await aPaidPayment(merchant.test);
    const suspend = (status: string) =>
      api("PATCH", `/v1/admin/merchants/${merchant.id}`, {
        headers: { Authorization: `Bearer ${ADMIN}` },
        body: { status },
      });
    await suspend("suspended");
    expect(await three.post(`/console/payments/${id}/refund`, form)).toMatchObject(ended);
    await suspend("active");
    // The session is gone, not asleep.
    expect((await three.get("/console")).status).toBe(303);
    expect(await refundsOf(merchant.test, id)).toEqual([]);
  });

  it("of an operator is worth nothing once the admin token is another one", async ({ expect }) => {
    const operator = await visitor(ADMIN);
    expect((await operator.get("/console")).status).toBe(200);
    await env.DB.prepare("UPDATE console_sessions SET credential = ? WHERE id = ?")
      .bind("0".repeat(64), await rowOf(operator.cookie))
      .run();
    expect((await operator.get("/console")).status).toBe(303);
    const { results } = await env.DB.prepare("SELECT * FROM console_sessions").all();
    expect(JSON.stringify(results)).not.toContain(ADMIN);
  });

  it("says that a form was lost, also when the browser has forgotten the cookie", async ({
    expect,
  }) => {
    const merchant = await newMerchant();
    const id = await aPaidPayment(merchant.test);
    const path = `/console/payments/${id}/refund`;
    const lost = await send("POST", path, OURS, { amount: "1.00", reason: "" });
    expect([lost.status, lost.location]).toEqual([303, "/console/sign-in?ended=over"]);
    expect((await send("GET", lost.location)).text).toContain("nothing was changed");
    expect(await refundsOf(merchant.test, id)).toEqual([]);
  });

  it("leads from an address with a stroke at its end to the page", async ({ expect }) => {
    const { get } = await visitor((await newMerchant()).test);
    const slashed = await get("/console/");
    expect([slashed.status, slashed.location]).toEqual([303, "/console"]);
    const list = await get("/console/payments/?status=failed");
    expect([list.status, list.location]).toEqual([303, "/console/payments?status=failed"]);
    expect((await get("/console//evil.example/")).location).toBe("/console//evil.example");
  });

  it("leads a part of a page to the sign-in page as a whole", async ({ expect }) => {
    const part = await send("GET", "/console/payments", { "HX-Request": "true" });
    expect(part.status).toBe(204);
    expect(isSignIn(part.headers.get("HX-Redirect") ?? "")).toBe(true);
  });
});

describe("the door", () => {
  /** As the platform would call another deployment. */
  async function ask(bindings: Env, url: string, init: RequestInit = {}): Promise<Response> {
    const ctx = createExecutionContext();
    const answer = await createApp().fetch(new Request(url, init), bindings, ctx);
    await waitOnExecutionContext(ctx);
    return answer;
  }

  it("is there over TLS alone in production, and says so to browsers", async ({ expect }) => {
    const merchant = await newMerchant();
    const production: Env = { ...env, ENVIRONMENT: "production" };
    const host = "pay.gateway.example";
    const form = {
      method: "POST",
      headers: { ...OURS, "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ secret: merchant.test }).toString(),
    };
    for (const init of [{}, form]) {
      for (const path of ["/console", "/console/sign-in", "/console/payments?q=1"]) {
        // oxlint-disable-next-line no-await-in-loop -- in order
        const clear = await ask(production, `http://${host}${path}`, init);
        expect([path, clear.status]).toEqual([path, 303]);
        expect(clear.headers.get("Location")).toBe(`https://${host}/console`);
        expect(clear.headers.get("Set-Cookie")).toBeNull();
      }
    }
    const safe = await ask(production, `https://${host}/console/sign-in`, form);
    expect([safe.status, safe.headers.get("Location")]).toEqual([303, "/console"]);
    expect(safe.headers.get("Strict-Transport-Security")).toBe("max-age=31536000");
    // A laptop has no certificate, and must not be told to ask for one for a year.
    const local = await ask(env, "http://localhost:8787/console/sign-in");
    expect(local.status).toBe(200);
    expect(local.headers.get("Strict-Transport-Security")).toBeNull();
  });

  it("of the API takes no key in clear either", async ({ expect }) => {
    const merchant = await newMerchant();
    const production: Env = { ...env, ENVIRONMENT: "production" };
    for (const [path, token] of [
      ["/v1/merchant", merchant.test],
      ["/v1/admin/merchants", "admin-token-for-tests"],
    ] as const) {
      const init = { headers: { Authorization: `Bearer ${token}` } };
      const clear = await ask(production, `http://pay.gateway.example${path}`, init);
      expect(await clear.json()).toMatchObject({ error: { code: "FORBIDDEN" } });
      expect((await ask(production, `https://pay.gateway.example${path}`, init)).status).toBe(200);
      expect((await ask(production, `http://127.0.0.1:8787${path}`, init)).status).toBe(200);
    }
  });

  it("answers a form that is too large with a page", async ({ expect }) => {
    const answer = await ask(env, "http://localhost:8787/console/sign-in", {
      method: "POST",
      headers: {
        Origin: "http://localhost:8787",
        "Content-Type": "application/x-www-form-urlencoded",
      },
      body: `secret=${"x".repeat(70_000)}`,
    });
    expect(answer.status).toBe(413);
    expect(answer.headers.get("Content-Type")).toContain("text/html");
  });

  it("does not ask the database for every stranger's cookie", async ({ expect }) => {
    const asked: string[] = [];
    const shut: Env = {
      ...env,
      LIMITER: {
        limit: async ({ key }: { key: string }) => {
          asked.push(key);
          return { success: false };
        },
      },
      DB: new Proxy(env.DB, {
        get: () => {
          throw new Error("asked the database");
        },
      }),
    };
    const look = (cookie: string) =>
      ask(shut, `${ORIGIN}/console/payments`, {
        redirect: "manual",
        headers: { Cookie: `__Secure-itpay_console=${cookie}`, "CF-Connecting-IP": "198.51.9.9" },
      });
    const guess = await look("A".repeat(43));
    expect([guess.status, asked]).toEqual([429, ["address:198.51.9.9"]]);
    expect(await guess.text()).toContain("Too many requests; wait a minute.");
    const noCookie = await look("short");
    expect([noCookie.status, asked.length]).toEqual([303, 1]);
  });

  it("takes nothing that only says it is a form", async ({ expect }) => {
    const me = await visitor((await newMerchant()).test);
    for (const type of ["multipart/form-data", "multipart/form-data; boundary=x"]) {
      for (const path of ["/console/services", "/console/sign-in"]) {
        const headers = { Cookie: me.cookie, ...OURS, "Content-Type": type };
        // oxlint-disable-next-line no-await-in-loop -- in order
        const answer = await send("POST", path, headers, { secret: "x", _csrf: me.csrf });
        expect([type, path, answer.status]).toEqual([type, path, 400]);
        expect(answer.text).toContain("The form is not readable.");
      }
    }
  });
});

describe("forms of strangers", () => {
  it("change nothing without the session's token, and say so on a page", async ({ expect }) => {
    const merchant = await newMerchant();
    const me = await visitor(merchant.test);
    const other = await visitor(merchant.test);
    const id = await aPaidPayment(merchant.test);
    const path = `/console/payments/${id}/refund`;
    const forged: [Record<string, string>, Record<string, string>][] = [
      [{ amount: "1" }, OURS],
      [{ amount: "1", _csrf: "" }, OURS],
      [{ amount: "1", _csrf: `${me.csrf}x` }, OURS],
      [{ amount: "1", _csrf: other.csrf }, OURS],
      [{ amount: "1", _csrf: me.csrf }, { Origin: "https://evil.example" }],
      [{ amount: "1", _csrf: me.csrf }, { Origin: "null" }],
      [
        { amount: "1", _csrf: me.csrf },
        { ...OURS, "Sec-Fetch-Site": "cross-site" },
      ],
      [
        { amount: "1", _csrf: me.csrf },
        { ...OURS, "Sec-Fetch-Site": "same-site" },
      ],
      [
        { amount: "1", _csrf: me.csrf },
        { ...OURS, "X-CSRF-Token": other.csrf },
      ],
    ];
    for (const [fields, headers] of forged) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      const answer = await send("POST", path, { Cookie: me.cookie, ...headers }, fields);
      expect([fields, headers, answer.status]).toEqual([fields, headers, 403]);
      expect(answer.text).toContain("Nothing was changed");
    }
    expect(await refundsOf(merchant.test, id)).toEqual([]);
    expect((await me.get("/console")).status).toBe(200);
    // The same with the right token, in the field or as htmx sends it.
    expect((await me.post(path, { amount: "1" })).status).toBe(303);
    expect(await refundsOf(merchant.test, id)).toHaveLength(1);
    const header = { Cookie: me.cookie, ...OURS, "X-CSRF-Token": me.csrf };
    const asked = await send("POST", `/console/payments/${id}/sync`, header, {});
    expect(asked.status).toBe(303);
  });
});

/** One of each kind for all pages: opening a page leaves nothing behind. */
const visitors = {
  merchant: await visitor((await newMerchant()).test),
  operator: await visitor(ADMIN),
};

describe.each(PAGES.map((page) => ({ ...page, name: `${page.method} /console${page.path}` })))(
  "$name",
  ({ method, path, scope }) => {
    const address = `/console${path}`.replaceAll(/:\w+/g, "none").replace(/\/$/, "");
    const verb = method.toUpperCase();

    it("is for people who are signed in, and only for those it is meant for", async ({
      expect,
    }) => {
      const form = method === "post" ? {} : undefined;
      const stranger = await send(verb, address, OURS, form);
      expect([stranger.status, isSignIn(stranger.location)]).toEqual([303, true]);
      for (const [kind, me] of Object.entries(visitors)) {
        // oxlint-disable no-await-in-loop -- in order
        if (scope !== "both" && scope !== kind) {
          const refused = method === "post" ? await me.post(address) : await me.get(address);
          expect(refused.status).toBe(403);
          expect(refused.text).toContain("This page is for");
        } else if (method === "post") {
          const bare = await send("POST", address, { Cookie: me.cookie, ...OURS }, {});
          expect(bare.status).toBe(403);
          expect(bare.text).toContain("Nothing was changed");
        } else {
          const answer = await me.get(address);
          expect([200, 404]).toContain(answer.status);
          const policy = answer.headers.get("Content-Security-Policy") ?? "";
          expect(policy).toContain("script-src 'self';");
          expect(policy).not.toContain("unsafe");
          expect(policy).toContain("frame-ancestors 'none'");
          expect(answer.headers.get("Cache-Control")).toBe("no-store");
          // The policy would refuse them, and the page would look broken.
          expect(answer.text).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle="|\son\w+="/);
        }
        // oxlint-enable no-await-in-loop
      }
    });
  },
);

describe("payments", () => {
  it("of another merchant or mode are not there, whatever is asked", async ({ expect }) => {
    const [mine, theirs] = await Promise.all([newMerchant(), newMerchant()]);
    const id = await aPaidPayment(theirs.test, { description: "Their secret plan" });
    const waiting = await aPayment(theirs.test);
    await projected(id, 3);
    for (const key of [mine.test, theirs.live]) {
      // oxlint-disable no-await-in-loop -- in order
      const me = await visitor(key);
      const page = await me.get(`/console/payments/${id}`);
      expect(page.status).toBe(404);
      expect(page.text).toContain("No such payment intent.");
      expect(page.text).not.toContain("Their secret plan");
      const actions: [string, string, Record<string, string>][] = [
        [id, "refund", { amount: "1.00" }],
        [id, "sync", {}],
        [id, "redeliver", { event: "none" }],
        [waiting, "cancel", {}],
      ];
      for (const [payment, action, fields] of actions) {
        const answer = await me.post(`/console/payments/${payment}/${action}`, fields);
        expect([action, answer.status]).toEqual([action, 404]);
      }
      expect((await me.get("/console/payments")).text).not.toContain(id);
      expect((await me.get(`/console/payments?q=${id}`)).text).not.toContain("secret plan");
      expect((await me.get("/console/payments.csv")).text).not.toContain(id);
      // oxlint-enable no-await-in-loop
    }
    expect(await refundsOf(theirs.test, id)).toEqual([]);
    const { body } = await api("GET", `/v1/payment-intents/${waiting}`, { key: theirs.test });
    expect(body.status).toBe("qr_generated");
  });

  it("refuses the place in a list that another merchant was given", async ({ expect }) => {
    const [mine, theirs] = await Promise.all([newMerchant(), newMerchant()]);
    for (let made = 0; made < 2; made += 1) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      await projected(await aPayment(theirs.test), 2);
    }
    const { body } = await api("GET", "/v1/payment-intents?limit=1", { key: theirs.test });
    const me = await visitor(mine.test);
    const page = await me.get(`/console/payments?cursor=${encodeURIComponent(body.next_cursor)}`);
    expect(page.status).toBe(400);
    expect(page.text).toContain("Use the next_cursor of a page of this list, unchanged.");
  });

  it("are searched and filtered, with clear words about what cannot be", async ({ expect }) => {
    const merchant = await newMerchant();
    const me = await visitor(merchant.test);
    expect((await me.get("/console/payments")).text).toContain("No payments yet");
    const paid = await aPaidPayment(merchant.test, { merchant_order_id: "ORDER-1" });
    const open = await aPayment(merchant.test, { merchant_order_id: "ORDER-2" });
    await projected(paid, 3);
    await projected(open, 2);
    const found = async (query: string) => {
      const { text } = await me.get(`/console/payments?${query}`);
      return [paid, open].filter((id) => text.includes(id));
    };
    expect(await found("")).toEqual([paid, open]);
    expect(await found("status=succeeded")).toEqual([paid]);
    expect(await found("channel=alipay")).toEqual([]);
    expect(await found("q=ORDER-2")).toEqual([open]);
    const today = new Date().toISOString().slice(0, 10);
    expect(await found(`created_gte=${today}&created_lt=${today}`)).toEqual([paid, open]);
    expect(await found("created_lt=2020-01-01")).toEqual([]);
    for (const query of [`q=${"x".repeat(300)}`, "status=nonsense", "created_gte=yesterday"]) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      const answer = await me.get(`/console/payments?${query}`);
      expect([query, answer.status]).toEqual([query, 400]);
      expect(answer.text).toContain('id="problem"');
    }
    const csv = await me.get("/console/payments.csv?status=succeeded");
    expect(csv.headers.get("Content-Type")).toContain("text/csv");
    expect(csv.headers.get("Content-Disposition")).toBe('attachment; filename="payments.csv"');
    expect(csv.text).toContain(paid);
    expect(csv.text).not.toContain(open);
    const refused = await me.get("/console/payments.csv?status=nonsense");
    expect([refused.status, refused.headers.get("Content-Disposition")]).toEqual([400, null]);
  });

  it("are refunded exactly, once however often the form is sent", async ({ expect }) => {
    const merchant = await newMerchant();
    const me = await visitor(merchant.test);
    const id = await aPaidPayment(merchant.test);
    const page = await me.get(`/console/payments/${id}`);
    expect(page.text).toContain("10.00 is all that is left.");
    expect(page.text).toMatch(/name="amount"[^>]*value=""/);
    const key = /name="_key" value="([^"]+)"/.exec(
      page.text.slice(page.text.indexOf(`${id}/refund`)),
    )?.[1];
    const form = { amount: "5.05", reason: "One cup <broken>", _key: key ?? "" };
    const path = `/console/payments/${id}/refund`;
    const [first, second] = await Promise.all([me.post(path, form), me.post(path, form)]);
    expect([first.status, second.status]).toEqual([303, 303]);
    expect(first.location).toBe(second.location);
    const made = await refundsOf(merchant.test, id);
    expect(made).toMatchObject([{ amount: { value: 505 }, reason: "One cup <broken>" }]);
    const after = await me.get(first.location.split("#")[0] ?? "");
    expect(after.text).toContain("The refund is made.");
    expect(after.text).toContain("One cup &lt;broken&gt;");
    expect(after.text).toContain("4.95 is all that is left.");
  });

  it("refuses amounts that are no money, and keeps what was typed", async ({ expect }) => {
    const merchant = await newMerchant();
    const me = await visitor(merchant.test);
    const id = await aPaidPayment(merchant.test);
    const path = `/console/payments/${id}/refund`;
    for (const amount of ["", "1,5", "1.005", "-1", "1e3", "0x10", "NaN", "9".repeat(40), "¥5"]) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      const answer = await me.post(path, { amount, reason: "keep me" });
      expect([amount, answer.status]).toEqual([amount, 400]);
      expect(answer.text).toContain('href="#f-amount"');
      expect(answer.text).toContain('value="keep me"');
    }
    const zero = await me.post(path, { amount: "0", reason: "" });
    expect(zero.status).toBe(400);
    const much = await me.post(path, { amount: "10.01", reason: "" });
    expect(much.status).toBe(422);
    expect(much.text).toContain("REFUND_EXCEEDS_PAYMENT");
    expect(await refundsOf(merchant.test, id)).toEqual([]);
    const yen = await aPaidPayment(merchant.test, {
      amount: { currency: "JPY", value: 1_500 },
      channel: "antom",
    });
    const part = await me.post(`/console/payments/${yen}/refund`, { amount: "500.50", reason: "" });
    expect(part.status).toBe(400);
    expect(part.text).toContain("must be a whole number like 1200: JPY has no decimal places");
  });

  it("offer no refund where the channel has none", async ({ expect }) => {
    const merchant = await newMerchant();
    const me = await visitor(merchant.test);
    const id = await aPaidPayment(merchant.test, {
      amount: { currency: "THB", value: 1_500 },
      channel: "promptpay",
    });
    const { text } = await me.get(`/console/payments/${id}`);
    expect(text).toContain("PromptPay has no refunds: give the money back by a transfer.");
    expect(text).not.toContain(`/console/payments/${id}/refund`);
  });

  it("are cancelled, asked about, and their events sent again", async ({ expect }) => {
    const merchant = await newMerchant();
    const me = await visitor(merchant.test);
    const id = await aPayment(merchant.test);
    const asked = await me.post(`/console/payments/${id}/sync`);
    expect([asked.status, asked.location]).toEqual([303, `/console/payments/${id}?done=asked`]);
    const cancelled = await me.post(`/console/payments/${id}/cancel`);
    expect(cancelled.location).toBe(`/console/payments/${id}?done=cancelled`);
    const { text } = await me.get(cancelled.location);
    expect(text).toContain("The payment is cancelled.");
    expect(text).not.toContain("Cancel the payment");
    const event = /name="event" value="(evt_\w+)"/.exec(text)?.[1] ?? "";
    await projected(id, 2);
    const redelivered = await me.post(`/console/payments/${id}/redeliver`, { event });
    // Nobody listens: the API says so, the page repeats it.
    expect(redelivered.status).toBe(409);
    expect(redelivered.text).toContain("No enabled endpoint takes this event");
    const again = await me.post(`/console/payments/${id}/cancel`);
    expect([200, 303, 409]).toContain(again.status);
    // An address in the form cannot lead to another route of the API.
    const astray = await me.post(`/console/payments/${id}/redeliver`, {
      event: `${event}/../../api-keys`,
    });
    expect(astray.status).toBe(404);
  });

  it("show what others wrote as text", async ({ expect }) => {
    const hostile = `<img src=x onerror=alert(1)>"'</title><script>alert(2)</script>`;
    const merchant = await newMerchant(`Shop ${hostile}`.slice(0, 100));
    const me = await visitor(merchant.test);
    const id = await aPaidPayment(merchant.test, {
      description: hostile,
      merchant_order_id: "<b>'\"&</b>",
      metadata: { [`<i>${hostile}`.slice(0, 64)]: hostile },
    });
    await projected(id, 3);
    await me.post(`/console/payments/${id}/refund`, { amount: "1", reason: hostile });
    const refused = await me.post(`/console/payments/${id}/refund`, {
      amount: hostile,
      reason: hostile,
    });
    const pages = await Promise.all(
      [
        "/console",
        "/console/payments",
        `/console/payments?q=${encodeURIComponent(hostile.slice(0, 60))}`,
        `/console/payments?status=${encodeURIComponent(hostile)}`,
        `/console/payments/${id}`,
        `/console/payments/${encodeURIComponent(hostile)}`,
        `/console/payments/${id}?done=${encodeURIComponent(hostile)}`,
        "/console/refunds",
        `/console/sign-in?next=${encodeURIComponent(`/console/${hostile}`)}`,
        `/console/sign-in?ended=${encodeURIComponent(hostile)}`,
      ].map((path) => me.get(path)),
    );
    for (const { text, headers } of [...pages, refused]) {
      expect(headers.get("Content-Type")).toContain("text/html");
      expect(text).not.toMatch(/<img src=x|<script>|<\/title><script|<b>'|<i></);
    }
    expect(pages[4]?.text).toContain("&lt;img src=x onerror=alert(1)&gt;");
  });
});

describe("scopes", () => {
  it("of the key are those of the person, on buttons and behind them", async ({ expect }) => {
    const merchant = await newMerchant();
    const id = await aPaidPayment(merchant.test);
    const reader = await visitor((await aKey(merchant, ["payments:read"])).key);
    const page = await reader.get(`/console/payments/${id}`);
    expect(page.status).toBe(200);
    expect(page.text).toMatch(/<button[^>]*disabled[^>]*>Refund</);
    expect(page.text).toContain("The API key lacks the scope refunds:write.");
    const refused = await reader.post(`/console/payments/${id}/refund`, { amount: "1" });
    expect(refused.status).toBe(403);
    expect(refused.text).toContain("The API key lacks the scope refunds:write.");
    expect(await refundsOf(merchant.test, id)).toEqual([]);
    const overview = await reader.get("/console");
    expect(overview.status).toBe(403);
    expect(overview.text).toContain("The API key lacks the scope reports:read.");
    const blind = await visitor((await aKey(merchant, ["webhooks:write"])).key);
    expect((await blind.get("/console/payments")).status).toBe(403);
    expect((await blind.get(`/console/payments/${id}`)).status).toBe(403);
    expect((await blind.get("/console/payments.csv")).status).toBe(403);
  });

  it("cannot be claimed from outside: the way inside is not a header", async ({ expect }) => {
    for (const name of ["insider", "X-Insider", "X-Principal"]) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      const { status } = await send("GET", "/v1/admin/merchants", { [name]: "null" });
      expect(status).toBe(401);
    }
  });
});

describe("the overview", () => {
  it("draws the numbers, and tells them as a table", async ({ expect }) => {
    const merchant = await newMerchant();
    const me = await visitor(merchant.test);
    expect((await me.get("/console?hours=168")).text).toContain("No payment was created");
    const id = await aPaidPayment(merchant.test);
    await projected(id, 3);
    const { text } = await me.get("/console");
    expect(text).toContain("CNY 10.00");
    expect(text).toMatch(
      /<svg[^>]*role="img"[^>]*aria-labelledby="volume-CNY-title volume-CNY-desc"/,
    );
    expect(text).toMatch(/<rect class="bar"/);
    expect(text).toMatch(/<caption class="hidden">Volume in CNY<\/caption>/);
    // A fee of CNY 0.05: the axis has its hundredths, not 0.1 twice and 0 three times.
    const fees = text.slice(text.indexOf('id="fee-CNY'));
    const axis = [...fees.matchAll(/text-anchor="end">([^<]+)</g)].map(([, label]) => label);
    expect(axis).toEqual(["0", "0.01", "0.02", "0.03", "0.04", "0.05"]);
    expect((await me.get("/console?hours=25")).status).toBe(400);
  });
});
