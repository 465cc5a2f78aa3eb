/**
 * A merchant authorises a service provider's application: the link, the way back, what is saved,
 * its renewal, and every way to bind a code that is not the merchant's.
 */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, it, vi } from "vitest";

import { createApp } from "../../src/app.ts";
import { renewAuthorizations, RENEW_BEFORE_MS } from "../../src/cron/authorizations.ts";
import { alipay } from "../../src/channels/alipay/adapter.ts";
import { connect } from "../../src/channels/connect.ts";
import { toPem } from "../../src/crypto/pem.ts";
import { generateRsaPair } from "../../src/crypto/rsa.ts";
import type { Logger } from "../../src/log.ts";
import { authorizationState, storeGrant } from "../../src/onboarding/authorization.ts";
import { type ChannelAccountRow, findChannelAccount } from "../../src/store/channel-accounts.ts";
import { database } from "../../src/store/db.ts";
import { api, type Merchant, newMerchant } from "../intent/kit.ts";

const ORIGIN = "https://pay.example";
const YEAR_MS = 31_536_000_000;
const app = createApp();

async function fetchApp(path: string, init: RequestInit = {}): Promise<Response> {
  const ctx = createExecutionContext();
  const url = path.startsWith("https:") ? path : `${ORIGIN}${path}`;
  const response = await app.fetch(new Request(url, { redirect: "manual", ...init }), env, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

const asBrowser = { headers: { Accept: "text/html,*/*" } };

const key = await generateRsaPair();
let serial = 0;

/** A service provider's test account that nobody has authorised yet. */
async function newAccount(merchant: Merchant, changes: object = {}) {
  const { body: keys } = await api("GET", "/sandbox/channels/alipay/keys");
  serial += 1;
  const { status, body } = await api("POST", "/v1/channel-accounts", {
    key: merchant.test,
    body: {
      channel: "alipay",
      mode: "isv",
      display_name: "Noodle Shop",
      credentials: {
        app_id: `2021${String(serial).padStart(12, "0")}`,
        private_key: toPem("PRIVATE KEY", key.privateKey),
        alipay_public_key: keys.public_key,
        ...changes,
      },
    },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body as { id: string; credentials: { version: number }[] };
}

async function askLink(merchant: Merchant, id: string) {
  const response = await fetchApp(`/v1/channel-accounts/${id}/authorization`, {
    method: "POST",
    headers: { Authorization: `Bearer ${merchant.test}` },
  });
  const body: { object: string; url: string; expires_at: string; error?: { code: string } } =
    await response.json();
  return { status: response.status, body };
}

/** Where the sandbox sends the merchant who said yes. */
async function agree(link: string): Promise<string> {
  const page = await fetchApp(link, asBrowser);
  const location = page.headers.get("Location");
  if (page.status !== 302 || location === null) throw new Error(`no way back: ${page.status}`);
  return location;
}

const rowOf = async (id: string) => {
  const row = await findChannelAccount(database(env.DB), id);
  if (row === null) throw new Error("no account");
  return row;
};

/** The account's newest credentials, as adapters see them. */
async function credentialsOf(id: string): Promise<Record<string, unknown>> {
  const surroundings = { env, log: () => {}, script: null, publicBase: ORIGIN };
  const { account } = await connect(await rowOf(id), surroundings);
  return { ...Object(account.versions[0]) };
}

const authorised = async (merchant: Merchant, changes: object = {}) => {
  const account = await newAccount(merchant, changes);
  const { body } = await askLink(merchant, account.id);
  const back = await agree(body.url);
  return { account, back, response: await fetchApp(back, asBrowser) };
};

describe("authorising an account", () => {
  it("goes from the link over the channel's page to sealed credentials", async ({ expect }) => {
    const merchant = await newMerchant();
    const account = await newAccount(merchant);
    const before = Date.now();
    const { status, body } = await askLink(merchant, account.id);
    expect(status).toBe(200);
    expect(body).toMatchObject({ object: "channel_authorization", channel_account: account.id });
    expect(Date.parse(body.expires_at) - before).toBeGreaterThan(3_500_000);
    const link = new URL(body.url);
    expect(link.origin + link.pathname).toBe(`${ORIGIN}/sandbox/pages/alipay/authorization`);
    expect(link.searchParams.get("redirect_uri")).toBe(
      `${ORIGIN}/v1/callbacks/alipay/${account.id}/authorization`,
    );
    expect(link.searchParams.get("state")).toMatch(/^[0-9a-f]{48}$/);

    const back = await agree(body.url);
    const page = await fetchApp(back, asBrowser);
    expect(page.status).toBe(200);
    expect(page.headers.get("Content-Type")).toContain("text/html");
    expect(page.headers.get("Referrer-Policy")).toBe("no-referrer");
    expect(page.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    expect(await page.text()).toContain("Noodle Shop may now take payments through Alipay");

    const credentials = await credentialsOf(account.id);
    expect(credentials).toMatchObject({
      app_auth_token: expect.stringMatching(/^\w{40}$/),
      app_refresh_token: expect.stringMatching(/^\w{40}$/),
      auth_app_id: expect.stringMatching(/^9021\d{12}$/),
      seller_id: expect.stringMatching(/^2088\d{12}$/),
    });
    const row = await rowOf(account.id);
    expect(row.credentials?.map(({ version }) => version)).toEqual([2, 1]);
    expect(row.authorization_expires_at).toBeGreaterThan(before + YEAR_MS - 60_000);
    // Nothing of it is stored or shown in clear.
    const shown = await api("GET", `/v1/channel-accounts/${account.id}`, { key: merchant.test });
    for (const text of [JSON.stringify(row), JSON.stringify(shown.body)]) {
      expect(text).not.toContain(String(credentials["app_auth_token"]));
      expect(text).not.toContain(String(credentials["app_refresh_token"]));
    }
    expect(shown.body.credentials[0].fingerprints).toMatchObject({
      auth_app_id: credentials["auth_app_id"],
      app_auth_token: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it("is what ordering waits for", async ({ expect }) => {
    const merchant = await newMerchant();
    const account = await newAccount(merchant);
    const order = () =>
      api("POST", "/v1/payment-intents", {
        key: merchant.test,
        body: {
          amount: { currency: "CNY", value: 699 },
          channel: "alipay",
          channel_account: account.id,
        },
      });
    expect(await order()).toMatchObject({
      status: 422,
      body: {
        error: {
          code: "CHANNEL_NOT_CONFIGURED",
          message: expect.stringContaining(`/v1/channel-accounts/${account.id}/authorization`),
        },
      },
    });
    await fetchApp(await agree((await askLink(merchant, account.id)).body.url), asBrowser);
    expect(await order()).toMatchObject({ status: 201, body: { channel: "alipay" } });
  });

  it("can be done again by the same merchant", async ({ expect }) => {
    const merchant = await newMerchant();
    const { account, response } = await authorised(merchant);
    expect(response.status).toBe(200);
    const again = await agree((await askLink(merchant, account.id)).body.url);
    expect((await fetchApp(again, asBrowser)).status).toBe(200);
    expect((await rowOf(account.id)).credentials).toHaveLength(3);
  });

  it("is refused by an account that acts for itself, and to strangers", async ({ expect }) => {
    const merchant = await newMerchant();
    const stranger = await newMerchant();
    const account = await newAccount(merchant);
    const { body } = await api("GET", "/v1/channel-accounts", { key: merchant.test });
    const own: { id: string } = body.data.find(({ mode }: { mode: string }) => mode === "direct");
    expect(await askLink(merchant, own.id)).toMatchObject({
      status: 409,
      body: { error: { code: "INVALID_STATE" } },
    });
    expect(await askLink(stranger, account.id)).toMatchObject({
      status: 404,
      body: { error: { code: "CHANNEL_ACCOUNT_NOT_FOUND" } },
    });
    const noKey = await fetchApp(`/v1/channel-accounts/${account.id}/authorization`, {
      method: "POST",
    });
    expect(noKey.status).toBe(401);
  });
});

describe("the way back", () => {
  it("works once: a used code changes nothing", async ({ expect }) => {
    const { account, back } = await authorised(await newMerchant());
    const saved = await rowOf(account.id);
    const second = await fetchApp(back, asBrowser);
    expect(second.status).toBe(422);
    expect(await second.text()).toContain("let the merchant authorise again");
    expect(await rowOf(account.id)).toEqual(saved);
  });

  it("takes only a state of this account, and only for an hour", async ({ expect }) => {
    const merchant = await newMerchant();
    const [mine, other] = [await newAccount(merchant), await newAccount(merchant)];
    const back = new URL(await agree((await askLink(merchant, mine.id)).body.url));
    const good = back.searchParams.get("state") ?? "";
    const states = [
      "",
      "0".repeat(48),
      `${good.slice(0, -1)}${good.endsWith("0") ? "1" : "0"}`,
      // A later end under the same code.
      `ffffffff${good.slice(8)}`,
      `${good}00`,
      await authorizationState(env, other.id, Date.now() + 60_000),
      await authorizationState(env, mine.id, Date.now() - 1_000),
    ];
    for (const state of states) {
      const forged = new URL(back);
      forged.searchParams.set("state", state);
      const page = await fetchApp(forged.toString(), asBrowser);
      expect([state, page.status]).toEqual([state, 403]);
    }
    const elsewhere = new URL(back);
    elsewhere.pathname = `/v1/callbacks/alipay/${other.id}/authorization`;
    expect((await fetchApp(elsewhere.toString(), asBrowser)).status).toBe(403);
    for (const { id } of [mine, other]) {
      expect((await rowOf(id)).credentials).toHaveLength(1);
    }
    // The code was not spent by any of them.
    expect((await fetchApp(back.toString(), asBrowser)).status).toBe(200);
  });

  it("does not let another merchant take an account over", async ({ expect }) => {
    const merchant = await newMerchant();
    const account = await newAccount(merchant, { auth_app_id: "2021000999999999" });
    const back = await agree((await askLink(merchant, account.id)).body.url);
    const page = await fetchApp(back, asBrowser);
    expect(page.status).toBe(422);
    expect(await page.text()).toContain("Another merchant");
    expect((await rowOf(account.id)).credentials).toHaveLength(1);
  });

  it("says no without a code, with a foreign one, and for accounts that are not there", async ({
    expect,
  }) => {
    const merchant = await newMerchant();
    const account = await newAccount(merchant);
    const state = await authorizationState(env, account.id, Date.now() + 60_000);
    const path = `/v1/callbacks/alipay/${account.id}/authorization?state=${state}`;
    const unknown = `ca_${"0".repeat(26)}`;
    for (const [target, status] of [
      [path, 400],
      [`${path}&app_auth_code=${"x".repeat(300)}`, 400],
      [`${path}&app_auth_code=%3Cscript%3E`, 400],
      [`${path}&app_auth_code=${"0".repeat(32)}`, 422],
      [`/v1/callbacks/wechat/${account.id}/authorization?state=${state}`, 404],
      [`/v1/callbacks/alipay/${unknown}/authorization?state=${state}`, 404],
      ["/v1/callbacks/alipay/none/authorization", 404],
    ] as const) {
      const page = await fetchApp(target, asBrowser);
      expect([target, page.status]).toEqual([target, status]);
      expect(await page.text()).not.toContain("script>");
      const program = await fetchApp(target);
      expect(await program.json()).toMatchObject({ error: { code: expect.any(String) } });
    }
  });

  it("is the only place where the sandbox's page leads", async ({ expect }) => {
    const merchant = await newMerchant();
    const account = await newAccount(merchant);
    const link = new URL((await askLink(merchant, account.id)).body.url);
    for (const address of [
      "https://evil.example/",
      `https://evil.example/v1/callbacks/alipay/${account.id}/authorization`,
      `${ORIGIN}/v1/payment-intents`,
      `${ORIGIN}/v1/callbacks/alipay/${account.id}`,
      "javascript:alert(1)",
      "",
    ]) {
      link.searchParams.set("redirect_uri", address);
      const page = await fetchApp(link.toString(), asBrowser);
      expect([address, page.status]).toEqual([address, 404]);
    }
    for (const path of [
      "/sandbox/pages/none/authorization",
      "/sandbox/pages/wechat/authorization",
    ]) {
      expect((await fetchApp(path, asBrowser)).status).toBe(404);
    }
  });
});

describe("saving a grant", () => {
  const grant = { credentials: { app_auth_token: "202605BBnew" }, expiresAt: null };
  const save = (row: ChannelAccountRow) => storeGrant(env, alipay, row, grant, Date.now());

  it("survives another change of the account, but not of its credentials", async ({ expect }) => {
    const merchant = await newMerchant();
    const account = await newAccount(merchant);
    const read = await rowOf(account.id);
    await api("PATCH", `/v1/channel-accounts/${account.id}`, {
      key: merchant.test,
      body: { display_name: "Noodle Bar" },
    });
    expect(await save(read)).toMatchObject({ ok: true, value: { display_name: "Noodle Bar" } });
    expect(await credentialsOf(account.id)).toMatchObject({ app_auth_token: "202605BBnew" });
    // Asked for with what the account was before the first grant.
    expect(await save(read)).toMatchObject({ ok: false, error: { code: "INVALID_STATE" } });
    expect((await rowOf(account.id)).credentials).toHaveLength(2);
  });

  it("examines it as if the merchant had sent it", async ({ expect }) => {
    const { id } = await newAccount(await newMerchant());
    const bad = { ...grant, credentials: { app_auth_token: "not a token" } };
    expect(await storeGrant(env, alipay, await rowOf(id), bad, Date.now())).toMatchObject({
      ok: false,
      error: { code: "INVALID_REQUEST" },
    });
  });
});

/** As if the year were nearly over. */
const endsSoon = (id: string) =>
  env.DB.prepare("UPDATE channel_accounts SET authorization_expires_at = ? WHERE id = ?")
    .bind(Date.now() + RENEW_BEFORE_MS - 60_000, id)
    .run();

describe("renewal", () => {
  const logger = () => {
    const lines: unknown[] = [];
    const log: Logger = (level, event, fields) => void lines.push({ level, event, fields });
    return { lines, log };
  };

  it("brings a new token before the old one runs out", async ({ expect }) => {
    const { account } = await authorised(await newMerchant());
    const before = await credentialsOf(account.id);
    const now = Date.now();
    const { log, lines } = logger();
    // Tokens carry the second of their making.
    vi.spyOn(Date, "now").mockReturnValue(now + 60_000);
    await endsSoon(account.id);
    const renewed = await renewAuthorizations(env, now + 60_000, log);
    vi.restoreAllMocks();
    expect(lines.filter((line) => JSON.stringify(line).includes("not_renewed"))).toEqual([]);
    expect(renewed).toBe(1);
    // It is not due any more.
    expect(await renewAuthorizations(env, now + 60_000, log)).toBe(0);
    const after = await credentialsOf(account.id);
    expect(after["app_auth_token"]).not.toBe(before["app_auth_token"]);
    expect(after["auth_app_id"]).toBe(before["auth_app_id"]);
    expect(after["private_key"]).toBe(before["private_key"]);
    expect((await rowOf(account.id)).authorization_expires_at).toBeGreaterThan(now + YEAR_MS);
  });

  it("logs what it cannot renew, and goes on", async ({ expect }) => {
    const merchant = await newMerchant();
    const [first, second] = [await authorised(merchant), await authorised(merchant)];
    const never = await newAccount(merchant);
    const { log, lines } = logger();
    for (const { id } of [never, first.account, second.account]) await endsSoon(id);
    await env.DB.prepare("UPDATE channel_accounts SET channel = 'gone' WHERE id = ?")
      .bind(first.account.id)
      .run();
    expect(await renewAuthorizations(env, Date.now(), log)).toBe(1);
    expect(lines).toEqual(
      expect.arrayContaining([
        {
          level: "error",
          event: "authorization.not_renewed",
          fields: { account: never.id, error: "no_refresh_token" },
        },
        {
          level: "error",
          event: "authorization.not_renewed",
          fields: { account: first.account.id, error: expect.anything() },
        },
      ]),
    );
  });
});
