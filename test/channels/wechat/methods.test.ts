/** Every method in both modes: the ordered text, the path, and what the buyer's client is handed. */
import { beforeAll, describe, it } from "vitest";

import type { ChannelAccount, ChargeOrder } from "../../../src/channels/adapter.ts";
import { wechat } from "../../../src/channels/wechat/adapter.ts";
import { clientMessage } from "../../../src/channels/wechat/client.ts";
import { readPrivateKey } from "../../../src/crypto/pem.ts";
import {
  importSigningKey,
  importVerifyingKey,
  signSha256,
  verifySha256,
} from "../../../src/crypto/rsa.ts";
import vectors from "../../vectors/wechat-pay.json";
import * as kit from "./kit.ts";

let merchant: kit.Pair;
let platform: kit.Pair;
let direct: ChannelAccount;
let partner: ChannelAccount;
let withSubApp: ChannelAccount;

beforeAll(async () => {
  [merchant, platform] = [await kit.newPair(), await kit.newPair()];
  direct = kit.accountOf(kit.credentialsOf(merchant, platform));
  partner = kit.partnerAccountOf(kit.partnerCredentialsOf(merchant, platform));
  withSubApp = kit.partnerAccountOf(
    kit.partnerCredentialsOf(merchant, platform, { sub_appid: kit.SUB_APPID }),
  );
});

const PREPAY_ID = "wx201410272009395522657a690389285100";
const OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const H5_URL = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx2014&package=1";

const ANSWERS: Readonly<Record<string, Record<string, string>>> = {
  native: { code_url: "weixin://wxpay/bizpayurl?pr=JyC91EIz1" },
  jsapi: { prepay_id: PREPAY_ID },
  app: { prepay_id: PREPAY_ID },
  h5: { h5_url: H5_URL },
};

async function charge(
  account: ChannelAccount,
  changes: Partial<ChargeOrder>,
  answer?: Record<string, unknown>,
) {
  const order = kit.orderOf(changes);
  const payload = wechat.prepareCharge(order, account);
  if (!payload.ok) return { refused: payload.error };
  const io = kit.fakeIo((request) => {
    const last = new URL(request.url).pathname.split("/").at(-1) ?? "";
    return kit.signedReply(platform, answer ?? ANSWERS[last] ?? {});
  });
  const outcome = await wechat.createCharge(payload.value, order, account, io);
  const [sent] = io.sent;
  return {
    order,
    io,
    outcome,
    body: JSON.parse(payload.value) as Record<string, unknown>,
    sameBytes: sent?.body === payload.value,
    path: sent === undefined ? "" : new URL(sent.request.url).pathname,
  };
}

/** What an `invoke_sdk` action hands to the client. */
async function paramsOf(account: ChannelAccount, changes: Partial<ChargeOrder>) {
  const { outcome } = await charge(account, changes);
  if (outcome?.kind !== "ok" || outcome.value.action.type !== "invoke_sdk") {
    throw new Error(JSON.stringify(outcome));
  }
  const { sdk, params } = outcome.value.action;
  return { sdk, params, expiresAt: outcome.value.expiresAt };
}

const verifies = async (message: string, signature = "") =>
  verifySha256(await importVerifyingKey(merchant.spki), message, signature);

const ACCOUNTS = { direct: () => direct, partner: () => partner, withSubApp: () => withSubApp };

const IDS = {
  direct: { appid: kit.APPID, mchid: kit.MCHID },
  partner: { sp_appid: kit.APPID, sp_mchid: kit.MCHID, sub_mchid: kit.SUB_MCHID },
  withSubApp: {
    sp_appid: kit.APPID,
    sp_mchid: kit.MCHID,
    sub_appid: kit.SUB_APPID,
    sub_mchid: kit.SUB_MCHID,
  },
} as const;

const MODES = ["direct", "partner", "withSubApp"] as const;

describe("orders", () => {
  it.for(
    MODES.flatMap((mode) =>
      (
        [
          ["qr", "native", {}],
          ["jsapi", "jsapi", { payer: { openid: OPENID } }],
          ["app", "app", {}],
          ["wap", "h5", { payer: { client_ip: "203.0.113.7" } }],
        ] as const
      ).map(([method, path, changes]) => [mode, method, path, changes] as const),
    ),
  )(
    "%s, %s: to …/%s, with the numbers of the mode",
    async ([mode, method, last, changes], { expect }) => {
      const { body, path, sameBytes, outcome } = await charge(ACCOUNTS[mode](), {
        method,
        ...changes,
      });
      const base = mode === "direct" ? "/v3/pay/transactions" : "/v3/pay/partner/transactions";
      expect(path).toBe(`${base}/${last}`);
      expect(sameBytes).toBe(true);
      expect(outcome?.kind).toBe("ok");
      const ids = Object.fromEntries(
        Object.entries(body ?? {}).filter(([name]) => /(^|_)(appid|mchid)$/.test(name)),
      );
      expect(ids).toEqual(IDS[mode]);
      // The payer and the scene only where they belong.
      expect(Object.hasOwn(body ?? {}, "payer")).toBe(method === "jsapi");
      expect(Object.hasOwn(body ?? {}, "scene_info")).toBe(method === "wap");
      expect(body).not.toHaveProperty("settle_info");
    },
  );

  it("name the payer by the openid of the mode", async ({ expect }) => {
    const payer = async (account: ChannelAccount, given: NonNullable<ChargeOrder["payer"]>) => {
      const { body, refused } = await charge(account, { method: "jsapi", payer: given });
      return body?.["payer"] ?? refused?.details?.["issues"];
    };
    expect(await payer(direct, { openid: OPENID })).toEqual({ openid: OPENID });
    expect(await payer(partner, { openid: OPENID })).toEqual({ sp_openid: OPENID });
    expect(await payer(partner, { sp_openid: OPENID })).toEqual({ sp_openid: OPENID });
    expect(await payer(withSubApp, { sub_openid: OPENID })).toEqual({ sub_openid: OPENID });
    const path = (name: string) => [{ path: `payer.${name}`, message: expect.any(String) }];
    expect(await payer(direct, { sub_openid: OPENID })).toEqual(path("openid"));
    expect(await payer(direct, { sp_openid: OPENID })).toEqual(path("openid"));
    expect(await payer(partner, { sub_openid: OPENID })).toEqual(path("sub_openid"));
    expect(await payer(withSubApp, { openid: OPENID, sub_openid: OPENID })).toEqual(
      path("sub_openid"),
    );
  });

  it.for([
    [null, "Wap"],
    ["ios", "iOS"],
    ["android", "Android"],
  ] as const)("from a page outside WeChat on %s say so: %s", async ([osType, type], { expect }) => {
    const { body } = await charge(direct, {
      method: "wap",
      osType,
      payer: { client_ip: "2001:db8::1" },
    });
    expect(body?.["scene_info"]).toEqual({ payer_client_ip: "2001:db8::1", h5_info: { type } });
  });

  it("hold the money for a split only when it was asked for", async ({ expect }) => {
    const { body } = await charge(direct, { profitSharing: true });
    expect(body?.["settle_info"]).toEqual({ profit_sharing: true });
  });

  it("are prepared the same way every time", ({ expect }) => {
    const order = kit.orderOf({ method: "jsapi", payer: { openid: OPENID } });
    expect(wechat.prepareCharge(order, direct)).toEqual(wechat.prepareCharge(order, direct));
  });
});

describe("client signatures", () => {
  it.for(
    vectors.groups.official_docs.client_invocation.map((vector) => [vector.id, vector] as const),
  )("reproduce the documentation's example: %s", async ([, { message, signature }], { expect }) => {
    const key = readPrivateKey(vectors.groups.official_docs.merchant_private_key_pem);
    const [appid = "", timestamp = "", nonce = "", subject = ""] = message.split("\n");
    expect(clientMessage(appid, timestamp, nonce, subject)).toBe(message);
    const signing = await importSigningKey(key.ok ? key.value : new Uint8Array());
    expect(await signSha256(signing, message)).toBe(signature);
  });

  it.for([
    ["direct", { openid: OPENID }, kit.APPID],
    ["partner", { openid: OPENID }, kit.APPID],
    ["withSubApp", { sp_openid: OPENID }, kit.APPID],
    ["withSubApp", { sub_openid: OPENID }, kit.SUB_APPID],
  ] as const)("for a page: %s with %j under %s", async ([mode, payer, appid], { expect }) => {
    const { sdk, params, expiresAt } = await paramsOf(ACCOUNTS[mode](), { method: "jsapi", payer });
    expect(sdk).toBe("wechat_jsapi");
    expect(params).toEqual({
      appId: appid,
      timeStamp: String(kit.NOW / 1000),
      nonceStr: expect.stringMatching(/^\w{32}$/),
      package: `prepay_id=${PREPAY_ID}`,
      signType: "RSA",
      paySign: expect.any(String),
    });
    const { nonceStr, paySign } = params;
    const message = `${appid}\n${kit.NOW / 1000}\n${nonceStr}\nprepay_id=${PREPAY_ID}\n`;
    expect(await verifies(message, paySign)).toBe(true);
    expect(expiresAt).toBe(kit.NOW + 900_000);
  });

  it.for([
    ["direct", kit.APPID],
    ["partner", kit.APPID],
    ["withSubApp", kit.SUB_APPID],
  ] as const)("for an app: %s under %s", async ([mode, appid], { expect }) => {
    const { sdk, params } = await paramsOf(ACCOUNTS[mode](), { method: "app" });
    expect(sdk).toBe("wechat_app");
    expect(params).toEqual({
      appid,
      partnerid: kit.MCHID,
      prepayid: PREPAY_ID,
      package: "Sign=WXPay",
      noncestr: expect.stringMatching(/^\w{32}$/),
      timestamp: String(kit.NOW / 1000),
      sign: expect.any(String),
    });
    const message = `${appid}\n${kit.NOW / 1000}\n${params["noncestr"]}\n${PREPAY_ID}\n`;
    expect(await verifies(message, params["sign"])).toBe(true);
  });

  it("name the appid of the order, also after the account has another", async ({ expect }) => {
    const order = kit.orderOf({ method: "jsapi", payer: { openid: OPENID } });
    const payload = wechat.prepareCharge(order, direct);
    if (!payload.ok) throw new Error(payload.error.message);
    const renamed = kit.accountOf(
      kit.credentialsOf(merchant, platform, { appid: "wx0000000000000001" }),
    );
    const io = kit.fakeIo(() => kit.signedReply(platform, { prepay_id: PREPAY_ID }));
    expect(await wechat.createCharge(payload.value, order, renamed, io)).toMatchObject({
      value: { action: { params: { appId: kit.APPID } } },
    });
  });

  it("are made anew for every repeat, with the time of the repeat", async ({ expect }) => {
    const changes = { method: "app" } as const;
    const [one, two] = [await paramsOf(direct, changes), await paramsOf(direct, changes)];
    expect(one.params["noncestr"]).not.toBe(two.params["noncestr"]);
  });
});

describe("the page outside WeChat", () => {
  const wap = { method: "wap", payer: { client_ip: "203.0.113.7" } } as const;

  it("is where the browser is sent, and lives five minutes", async ({ expect }) => {
    const { outcome } = await charge(direct, wap);
    expect(outcome).toEqual({
      kind: "ok",
      value: { action: { type: "redirect", url: H5_URL }, expiresAt: kit.NOW + 300_000 },
    });
  });

  it("leads back to the merchant, escaped as one value", async ({ expect }) => {
    const returnUrl = "https://shop.example/done?order=1&x=ü#end";
    const { outcome } = await charge(direct, { ...wap, returnUrl });
    if (outcome?.kind !== "ok" || outcome.value.action.type !== "redirect") throw new Error();
    const { searchParams } = new URL(outcome.value.action.url);
    expect(searchParams.get("redirect_url")).toBe(returnUrl);
    expect(searchParams.get("prepay_id")).toBe("wx2014");
  });

  it.for([
    ["a script", { h5_url: "javascript:alert(1)" }],
    ["no URL", { h5_url: "checkmweb" }],
    ["a code", { code_url: "weixin://wxpay/bizpayurl?pr=1" }],
    ["a number", { h5_url: 1 }],
  ] as const)("is not believed when it is %s", async ([, answer], { expect }) => {
    expect((await charge(direct, wap, answer)).outcome).toMatchObject({
      kind: "unknown",
      error: { channelCode: "malformed_reply" },
    });
  });
});

it.for(["jsapi", "app"] as const)(
  "%s: a reply without a prepay id is unknown",
  async (method, { expect }) => {
    for (const answer of [
      {},
      { prepay_id: "" },
      { prepay_id: "x".repeat(65) },
      { code_url: "x" },
    ]) {
      const { outcome } = await charge(direct, { method, payer: { openid: OPENID } }, answer);
      expect(outcome).toMatchObject({ kind: "unknown", error: { channelCode: "malformed_reply" } });
    }
  },
);

describe("a service provider's queries, closes and notifications", () => {
  const trade = (changes: Record<string, unknown> = {}) => {
    const { appid: _appid, mchid: _mchid, ...rest } = kit.tradeOf("pi_1");
    return { ...IDS.partner, ...rest, payer: { sp_openid: OPENID }, ...changes };
  };
  const ask = (answer: () => Promise<Response>, account = partner) => {
    const io = kit.fakeIo(answer);
    return { io, done: wechat.queryPayment(kit.sentOrder("pi_1"), account, io) };
  };

  it("name the provider and the sub-merchant, and are signed by the provider", async ({
    expect,
  }) => {
    const { io, done } = ask(() => kit.signedReply(platform, trade()));
    expect(await done).toMatchObject({ kind: "ok", value: { state: "paid" } });
    const [sent] = io.sent;
    expect(sent?.request.url).toBe(
      "https://api.mch.weixin.qq.com/v3/pay/partner/transactions/out-trade-no/pi_1" +
        `?sp_mchid=${kit.MCHID}&sub_mchid=${kit.SUB_MCHID}`,
    );
    expect(sent?.request.headers.get("Authorization")).toContain(`mchid="${kit.MCHID}"`);
    const closing = kit.fakeIo(() => kit.signedReply(platform, null));
    await wechat.closePayment(kit.sentOrder("pi_1"), partner, closing);
    expect(JSON.parse(closing.sent[0]?.body ?? "")).toEqual({
      sp_mchid: kit.MCHID,
      sub_mchid: kit.SUB_MCHID,
    });
  });

  it.for([
    ["another sub-merchant's", { sub_mchid: "1900000999" }],
    ["another provider's", { sp_mchid: "1900000998" }],
    ["another provider's app's", { sp_appid: "wx0000000000000009" }],
    ["a direct merchant's", { ...IDS.direct, sp_mchid: undefined, sub_mchid: undefined }],
  ] as const)("refuse %s order, which the same keys sign", async ([, changes], { expect }) => {
    const { done } = ask(() => kit.signedReply(platform, trade(changes)));
    expect(await done).toMatchObject({ kind: "unknown", error: { channelCode: "other_order" } });
    const callback = await kit.callbackOf(platform, trade(changes));
    expect(
      await wechat.verifyCallback(
        callback,
        partner,
        kit.fakeIo(() => new Response()),
      ),
    ).toEqual({ kind: "refused", reason: "other_merchant" });
  });

  it("refuse another app of the sub-merchant's, where it has one", async ({ expect }) => {
    const other = { sub_appid: "wx0000000000000008" };
    const { done } = ask(() => kit.signedReply(platform, trade(other)), withSubApp);
    expect(await done).toMatchObject({ kind: "unknown" });
    for (const fits of [{ sub_appid: kit.SUB_APPID }, { sub_appid: "" }, {}]) {
      const answered = ask(() => kit.signedReply(platform, trade(fits)), withSubApp);
      expect((await answered.done).kind).toBe("ok");
    }
  });

  it("believe a payment of theirs", async ({ expect }) => {
    const callback = await kit.callbackOf(platform, trade());
    const io = kit.fakeIo(() => new Response());
    expect(await wechat.verifyCallback(callback, partner, io)).toMatchObject({
      kind: "reports",
      reports: [{ paymentId: "pi_1", state: "paid", amount: { value: 699 } }],
    });
    expect(await wechat.verifyCallback(callback, direct, io)).toEqual({
      kind: "refused",
      reason: "other_merchant",
    });
  });
});
