/** Mode `isv`: a service provider's application acts for merchants who have authorised it. */
import { describe, it } from "vitest";

import { alipay } from "../../../src/channels/alipay/adapter.ts";
import { alipaySandbox } from "../../../src/channels/alipay/sandbox/channel.ts";
import { AUTHORIZE_PATH } from "../../../src/channels/alipay/sandbox/authorization.ts";
import type { Authorization, ChannelAccount } from "../../../src/channels/adapter.ts";
import {
  accountOf,
  html,
  ioWith,
  isvAccountOf,
  isvCredentials,
  newPems,
  NOTIFY_URL,
  NOW,
  openapi,
  signedNotice,
  order,
  rawCallback,
  refundOf,
  scripted,
  sent,
  simulation,
  vectorCredentials,
} from "./kit.ts";

const TOKEN = "alipay.open.auth.token.app";
const YEAR_S = 31_536_000;
const { app_auth_token, auth_app_id } = isvCredentials;

const authorization = (): Authorization => {
  if (alipay.authorization === undefined) throw new Error("Alipay has authorisations");
  return alipay.authorization;
};

const examine = (credentials: unknown) => {
  const isv = alipay.modes["isv"];
  if (isv === undefined) throw new Error("mode isv is missing");
  return isv.examine(credentials, NOW);
};

const success = (fields: object) => ({ code: "10000", msg: "Success", ...fields });

describe("credentials of a service provider", () => {
  it("may be saved before anybody has authorised it", async ({ expect }) => {
    expect(await examine(vectorCredentials)).toMatchObject({
      ok: true,
      value: { merchantAccount: vectorCredentials.app_id },
    });
  });

  it("show what was granted by its print and its end only", async ({ expect }) => {
    const examined = await examine({
      ...isvCredentials,
      app_refresh_token: "202605BBrefresh",
      app_auth_token_expires_at: NOW + 1_000,
      sys_service_provider_id: "2088000000000009",
    });
    expect(examined).toMatchObject({
      ok: true,
      value: {
        merchantAccount: vectorCredentials.app_id,
        fingerprints: {
          auth_app_id,
          app_auth_token: expect.stringMatching(/^[0-9a-f]{64}$/),
          app_auth_token_expires: "2026-05-27T01:30:01.000Z",
        },
      },
    });
    expect(JSON.stringify(examined)).not.toContain(app_auth_token);
    expect(JSON.stringify(examined)).not.toContain("refresh");
  });

  it("refuse mix-ups, and no message repeats a value", async ({ expect }) => {
    const { app_auth_token: _token, ...tokenless } = isvCredentials;
    const cases: [object, string][] = [
      [{ ...isvCredentials, auth_app_id: isvCredentials.app_id }, "auth_app_id"],
      [{ ...isvCredentials, auth_app_id: "2088000000000001x" }, "auth_app_id"],
      [{ ...isvCredentials, app_auth_token: "secret text" }, "app_auth_token"],
      [{ ...isvCredentials, app_auth_token: "" }, "app_auth_token"],
      [{ ...tokenless, app_refresh_token: "secret" }, "app_refresh_token"],
      [{ ...tokenless, app_auth_token_expires_at: NOW }, "app_auth_token_expires_at"],
      [{ ...isvCredentials, sys_service_provider_id: "2021" }, "sys_service_provider_id"],
      [{ ...isvCredentials, refund_window_days: 0 }, "refund_window_days"],
    ];
    for (const [credentials, path] of cases) {
      const examined = await examine(credentials);
      expect(examined).toMatchObject({ ok: false, error: [{ path }] });
      expect(JSON.stringify(examined)).not.toContain("secret");
    }
    // The merchant's own application knows no such thing.
    const direct = await alipay.modes["direct"]?.examine(isvCredentials, NOW);
    expect(direct?.ok).toBe(false);
  });
});

describe("ordering for a merchant", () => {
  it("waits for the authorisation, and says how to get it", ({ expect }) => {
    const cases: [object, string][] = [
      [vectorCredentials, "not_authorized"],
      [{ ...isvCredentials, app_auth_token_expires_at: NOW }, "authorization_expired"],
    ];
    for (const [credentials, reason] of cases) {
      expect(alipay.prepareCharge(order(), isvAccountOf(credentials))).toMatchObject({
        ok: false,
        error: {
          code: "CHANNEL_NOT_CONFIGURED",
          message: expect.stringContaining("/v1/channel-accounts/ca_test/authorization"),
          details: { reason },
        },
      });
    }
    const fresh = { ...isvCredentials, app_auth_token_expires_at: NOW + 1 };
    expect(alipay.prepareCharge(order(), isvAccountOf(fresh)).ok).toBe(true);
  });

  it("and the self-check say the same, without a call", async ({ expect }) => {
    const none = ioWith(() => Promise.reject(new Error("nothing is called")));
    expect(await alipay.selfCheck(isvAccountOf(vectorCredentials), none)).toMatchObject({
      kind: "rejected",
      error: { code: "CHANNEL_NOT_CONFIGURED", channelCode: "not_authorized" },
    });
  });

  it("carries the token in every call, signed; an application of its own never does", async ({
    expect,
  }) => {
    const vector = openapi.request.find(({ name }) => name.includes("app_auth_token"));
    if (vector === undefined) throw new Error("vector");
    const own = { ...isvCredentials, app_auth_token: vector.params.app_auth_token ?? "" };
    for (const [account, token] of [
      [isvAccountOf(own), own.app_auth_token],
      [accountOf(vectorCredentials), null],
    ] as const) {
      const seen: URLSearchParams[] = [];
      const io = ioWith(async (request) => {
        seen.push(new URL(request.url).searchParams);
        return html("");
      });
      const charge = order({ notifyUrl: vector.params.notify_url ?? "" });
      const payment = sent(charge.paymentId);
      const refund = refundOf(payment, 1);
      await alipay.createCharge(vector.params.biz_content, charge, account, io);
      await alipay.queryPayment(payment, account, io);
      await alipay.closePayment(payment, account, io);
      await alipay.closePayment({ ...payment, method: "barcode" }, account, io);
      await alipay.refunds?.create("{}", refund, account, io);
      await alipay.refunds?.query(refund, account, io);
      expect(seen).toHaveLength(6);
      expect(seen.map((query) => query.get("app_auth_token"))).toEqual(seen.map(() => token));
    }
  });
});

describe("the link", () => {
  const request = {
    redirectUrl: "https://gw.example/v1/callbacks/alipay/ca_test/authorization",
    state: "0123456789abcdef",
    pages: "https://openapi.alipay.com/gateway.do",
  };

  it("leads to Alipay's page of the same world as the gateway", ({ expect }) => {
    const account = isvAccountOf(vectorCredentials);
    const live = { ...account, livemode: true };
    const pages = {
      sandbox: "https://openapi-sandbox.dl.alipaydev.com/gateway.do",
      ours: "https://gw.example/sandbox/pages/alipay",
    };
    const query = new URLSearchParams({
      app_id: vectorCredentials.app_id,
      redirect_uri: request.redirectUrl,
      state: request.state,
    }).toString();
    for (const [own, page, address] of [
      [live, request.pages, "https://openauth.alipay.com/oauth2/appToAppAuth.htm"],
      [live, pages.sandbox, "https://openauth.alipaydev.com/oauth2/appToAppAuth.htm"],
      [
        live,
        "https://alipaydev.com.evil.example/",
        "https://openauth.alipay.com/oauth2/appToAppAuth.htm",
      ],
      [account, pages.ours, "https://gw.example/sandbox/pages/alipay/authorization"],
    ] as const) {
      expect(authorization().link(own, { ...request, pages: page })).toBe(`${address}?${query}`);
    }
    expect(authorization().modes).toEqual(["isv"]);
    expect(authorization().codeParameter).toBe("app_auth_code");
  });
});

describe("a code becomes a grant", () => {
  const token = {
    app_auth_token: "202605BBnew",
    app_refresh_token: "202605BBrefresh",
    auth_app_id,
    user_id: "2088000000000001",
    expires_in: YEAR_S,
    re_expires_in: 32_140_800,
  };
  const exchange = (node: unknown, credentials: object = vectorCredentials, signed = true) =>
    authorization().exchange(
      "code1",
      isvAccountOf(credentials),
      scripted({ [TOKEN]: node }, signed),
    );

  it("from a flat answer and from a list, times as numbers and as text", async ({ expect }) => {
    for (const node of [
      success(token),
      success({ tokens: [token] }),
      success({ tokens: [{ ...token, expires_in: String(YEAR_S) }] }),
      success({ ...token, tokens: [token] }),
    ]) {
      expect(await exchange(node)).toEqual({
        kind: "ok",
        value: {
          credentials: {
            app_auth_token: "202605BBnew",
            app_refresh_token: "202605BBrefresh",
            auth_app_id,
            seller_id: "2088000000000001",
            app_auth_token_expires_at: NOW + YEAR_S * 1_000,
          },
          expiresAt: NOW + YEAR_S * 1_000,
        },
      });
    }
    // Newer merchants are known by an open id only; nothing says until when.
    const { user_id: _user, expires_in: _expires, ...bare } = token;
    expect(await exchange(success(bare))).toMatchObject({ kind: "ok", value: { expiresAt: null } });
  });

  it("fits the account's form when it is put into its credentials", async ({ expect }) => {
    const outcome = await exchange(success(token));
    if (outcome.kind !== "ok") throw new Error("grant");
    const merged = { ...vectorCredentials, ...outcome.value.credentials };
    expect((await examine(merged)).ok).toBe(true);
    expect(alipay.prepareCharge(order(), isvAccountOf(merged)).ok).toBe(true);
  });

  it("in the application's own name, with the code and nothing else", async ({ expect }) => {
    const seen: { query: URLSearchParams; content: unknown }[] = [];
    const io = ioWith(async (request) => {
      const form = new URLSearchParams(await request.text());
      seen.push({
        query: new URL(request.url).searchParams,
        content: JSON.parse(form.get("biz_content") ?? "null"),
      });
      return html("");
    });
    const account = isvAccountOf({ ...isvCredentials, app_refresh_token: "r1" });
    await authorization().exchange("code1", account, io);
    await authorization().refresh(account, io);
    expect(seen.map(({ content }) => content)).toEqual([
      { grant_type: "authorization_code", code: "code1" },
      { grant_type: "refresh_token", refresh_token: "r1" },
    ]);
    for (const { query } of seen) {
      expect(query.get("method")).toBe(TOKEN);
      expect(query.has("app_auth_token")).toBe(false);
    }
  });

  it("never another merchant's than the account belongs to", async ({ expect }) => {
    const rejected = { kind: "rejected", error: { channelCode: "another_merchant" } };
    const taken = { ...isvCredentials, auth_app_id: "2021000888888888" };
    expect(await exchange(success(token), taken)).toMatchObject(rejected);
    const sold = { ...vectorCredentials, seller_id: "2088000000000002" };
    expect(await exchange(success(token), sold)).toMatchObject(rejected);
    expect(await exchange(success(token), isvCredentials)).toMatchObject({ kind: "ok" });
  });

  it("only by a signed and whole answer", async ({ expect }) => {
    for (const node of [
      success({}),
      success({ tokens: [] }),
      success({ tokens: "none" }),
      success({ ...token, app_auth_token: "" }),
      success({ ...token, app_auth_token: "x".repeat(129) }),
      success({ ...token, auth_app_id: "merchant" }),
      success({ ...token, user_id: "1" }),
      success({ ...token, expires_in: -1 }),
      { code: "20000", sub_code: "isp.unknow-error" },
    ]) {
      expect(await exchange(node)).toMatchObject({ kind: "unknown" });
    }
    expect(await exchange(success(token), vectorCredentials, false)).toMatchObject({
      kind: "unknown",
      error: { channelCode: "unsigned_reply" },
    });
    for (const sub_code of [
      "isv.code-invalid",
      "isv.refresh-token-invalid",
      "isv.refresh-token-time-out",
    ]) {
      const node = { code: "40004", msg: "Business Failed", sub_code };
      expect(await exchange(node)).toMatchObject({
        kind: "rejected",
        error: { code: "CHANNEL_NOT_CONFIGURED", channelCode: sub_code, retryable: false },
      });
    }
  });

  it("and cannot be renewed without a refresh token", async ({ expect }) => {
    const none = ioWith(() => Promise.reject(new Error("nothing is called")));
    expect(await authorization().refresh(isvAccountOf(isvCredentials), none)).toMatchObject({
      kind: "rejected",
      error: { channelCode: "no_refresh_token" },
    });
  });
});

describe("notices", () => {
  const silent = ioWith(() => Promise.reject(new Error("a callback needs no call")));
  const verify = async (
    changes: Readonly<Record<string, string | undefined>>,
    account: ChannelAccount,
  ) =>
    alipay.verifyCallback(
      rawCallback(await signedNotice("TRADE_SUCCESS", changes)),
      account,
      silent,
    );

  it("of all merchants carry one app_id: auth_app_id and the seller tell them apart", async ({
    expect,
  }) => {
    const account = isvAccountOf(isvCredentials);
    expect(await verify({ auth_app_id }, account)).toMatchObject({ kind: "reports" });
    for (const other of ["2021000888888888", vectorCredentials.app_id, "", undefined]) {
      expect(await verify({ auth_app_id: other }, account)).toEqual({
        kind: "refused",
        reason: "auth_app_id is not this account's",
      });
    }
    const sold = isvAccountOf({ ...isvCredentials, seller_id: "2088000000000002" });
    expect(await verify({ auth_app_id, seller_id: "2088000000000002" }, sold)).toMatchObject({
      kind: "reports",
    });
    expect(await verify({ auth_app_id, seller_id: "2088000000000003" }, sold)).toMatchObject({
      kind: "refused",
    });
    // The merchant's own application in the service provider's place.
    expect(await verify({ app_id: auth_app_id, auth_app_id }, account)).toMatchObject({
      kind: "refused",
    });
  });

  it("are pinned to the merchant from the grant on, although older credentials were open", async ({
    expect,
  }) => {
    const open = isvAccountOf(vectorCredentials);
    expect(await verify({ auth_app_id: "2021000888888888" }, open)).toMatchObject({
      kind: "reports",
    });
    const granted = { ...isvCredentials, seller_id: "2088000000000002" };
    const pinned = isvAccountOf(granted, vectorCredentials);
    const seller_id = "2088000000000002";
    expect(await verify({ auth_app_id, seller_id }, pinned)).toMatchObject({ kind: "reports" });
    for (const changes of [
      { auth_app_id: "2021000888888888", seller_id },
      { auth_app_id, seller_id: "2088000000000003" },
    ]) {
      expect(await verify(changes, pinned)).toMatchObject({ kind: "refused" });
    }
  });
});

/** A service provider at the simulator, and a merchant that says yes at an address. */
async function provider() {
  const sim = await simulation();
  const pems = await newPems();
  const credentials = {
    app_id: vectorCredentials.app_id,
    private_key: pems.privateKey,
    alipay_public_key: sim.keys.platformPublicKey,
  };
  const registration = await alipaySandbox.registration(credentials);
  if (registration === null) throw new Error("registration");
  sim.registered.set(registration.merchant, registration.entry);
  const codeFor = async (redirectUri: string): Promise<string> => {
    const page = new URL(AUTHORIZE_PATH, alipaySandbox.endpoints[0]);
    page.search = new URLSearchParams({
      app_id: credentials.app_id,
      redirect_uri: redirectUri,
      state: "s1",
    }).toString();
    const answer = await alipaySandbox.handle(new Request(page), sim.world());
    const back = new URL(answer.headers.get("Location") ?? "");
    if (back.searchParams.get("state") !== "s1") throw new Error("state");
    return back.searchParams.get("app_auth_code") ?? "";
  };
  const grantFor = async (redirectUri: string) => {
    const own = isvAccountOf(credentials);
    const code = await codeFor(redirectUri);
    const outcome = await authorization().exchange(code, own, sim.io);
    if (outcome.kind !== "ok") throw new Error(outcome.error.channelCode);
    return { code, account: isvAccountOf({ ...credentials, ...outcome.value.credentials }) };
  };
  return { sim, credentials, grantFor, codeFor };
}

describe("whole lives at the simulator", () => {
  it("authorised, ordered, paid, told, refunded", async ({ expect }) => {
    const { sim, grantFor } = await provider();
    const { account } = await grantFor("https://gw.example/one");
    const charge = order();
    const payload = alipay.prepareCharge(charge, account);
    const content = payload.ok ? payload.value : "";
    expect(await alipay.createCharge(content, charge, account, sim.io)).toMatchObject({
      kind: "ok",
      value: { action: { type: "show_qr" } },
    });
    const record = sim.become(charge.paymentId, "paid");
    const request = await alipaySandbox.callback(record, null, sim.world());
    expect(request?.url).toBe(NOTIFY_URL);
    const raw = rawCallback((await request?.text()) ?? "");
    expect(await alipay.verifyCallback(raw, account, sim.io)).toMatchObject({
      kind: "reports",
      reports: [{ state: "paid" }],
    });
    const payment = sent(charge.paymentId);
    expect(await alipay.queryPayment(payment, account, sim.io)).toMatchObject({
      value: { state: "paid" },
    });
    const refund = refundOf(payment, 1);
    const prepared = alipay.refunds?.prepare(refund, account);
    const text = prepared?.ok === true ? prepared.value : "";
    expect(await alipay.refunds?.create(text, refund, account, sim.io)).toMatchObject({
      kind: "ok",
      value: { state: "succeeded" },
    });
    expect(await alipay.selfCheck(account, sim.io)).toMatchObject({ kind: "ok" });
  });

  it("two merchants of one application do not see each other's trades or notices", async ({
    expect,
  }) => {
    const { sim, credentials, grantFor } = await provider();
    const one = (await grantFor("https://gw.example/one")).account;
    const two = (await grantFor("https://gw.example/two")).account;
    const charge = order();
    const payload = alipay.prepareCharge(charge, one);
    await alipay.createCharge(payload.ok ? payload.value : "", charge, one, sim.io);
    const record = sim.become(charge.paymentId, "paid");
    const payment = sent(charge.paymentId);
    for (const account of [two, isvAccountOf(credentials)]) {
      expect(await alipay.queryPayment(payment, account, sim.io)).toMatchObject({
        kind: "ok",
        value: { state: "absent" },
      });
    }
    const text = (await (await alipaySandbox.callback(record, null, sim.world()))?.text()) ?? "";
    expect(await alipay.verifyCallback(rawCallback(text), two, sim.io)).toMatchObject({
      kind: "refused",
    });
    expect(await alipay.verifyCallback(rawCallback(text), one, sim.io)).toMatchObject({
      kind: "reports",
    });
  });

  it("codes work once, tokens for a year, and neither for another application", async ({
    expect,
  }) => {
    const { sim, credentials, grantFor } = await provider();
    const { account, code } = await grantFor("https://gw.example/one");
    const own = isvAccountOf(credentials);
    for (const used of [code, "0".repeat(32), "x"]) {
      expect(await authorization().exchange(used, own, sim.io)).toMatchObject({
        kind: "rejected",
        error: { channelCode: "isv.code-invalid" },
      });
    }
    expect(await authorization().refresh(account, sim.io)).toMatchObject({
      kind: "ok",
      value: { credentials: { auth_app_id: expect.stringMatching(/^9021/) } },
    });
    const later = (seconds: number) => {
      const now = () => NOW + seconds * 1_000;
      const world = () => ({ ...sim.world(), now: now() });
      return ioWith((request) => alipaySandbox.handle(request, world()), { now });
    };
    const payment = sent(order().paymentId);
    expect(await alipay.queryPayment(payment, account, later(YEAR_S - 1))).toMatchObject({
      kind: "ok",
    });
    // Refused by the gateway itself, so without a signature: asked again, not believed.
    expect(await alipay.queryPayment(payment, account, later(YEAR_S))).toMatchObject({
      kind: "unknown",
      error: { channelCode: "aop.app-auth-token-time-out", code: "CHANNEL_NOT_CONFIGURED" },
    });
    expect(await authorization().refresh(account, later(YEAR_S + 700_000))).toMatchObject({
      kind: "rejected",
      error: { channelCode: "isv.refresh-token-time-out" },
    });
    const forged = isvAccountOf({ ...credentials, app_auth_token: `202605BB${"0".repeat(32)}` });
    expect(await alipay.queryPayment(payment, forged, sim.io)).toMatchObject({
      error: { channelCode: "aop.invalid-app-auth-token" },
    });
  });

  it("the page refuses applications and addresses that are none", async ({ expect }) => {
    const { sim, credentials } = await provider();
    for (const query of [
      {},
      { app_id: credentials.app_id },
      { app_id: "2021000000000000", redirect_uri: "https://gw.example/" },
      { app_id: credentials.app_id, redirect_uri: "javascript:alert(1)" },
      { app_id: credentials.app_id, redirect_uri: "https://gw.example/", state: "x".repeat(101) },
    ]) {
      const page = new URL(AUTHORIZE_PATH, alipaySandbox.endpoints[0]);
      page.search = new URLSearchParams(query as Record<string, string>).toString();
      const answer = await alipaySandbox.handle(new Request(page), sim.world());
      expect(answer.status).toBe(400);
    }
  });
});
