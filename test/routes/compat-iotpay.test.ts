/** The door for apps that speak IOTPay: what they send, what they read, and what they may not do. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, it, vi } from "vitest";

import { createApp } from "../../src/app.ts";
import { iotpaySandbox } from "../../src/channels/iotpay/sandbox/channel.ts";
import { CHANNELS } from "../../src/channels/registry.ts";
import { DOOR_CHANNEL_IDS, targetOf } from "../../src/compat/iotpay/channel-ids.ts";
import { CODE_OF, IOTPAY_CODES } from "../../src/compat/iotpay/codes.ts";
import { MEMO_NAME } from "../../src/compat/iotpay/memo.ts";
import {
  IotpayNotice,
  isAcknowledged,
  noticeDelay,
  noticesOf,
  type Notifier,
  sendNotice,
  startNotices,
} from "../../src/compat/iotpay/notify.ts";
import { openVault } from "../../src/crypto/vault.ts";
import { ERROR_CODES, ERRORS } from "../../src/errors.ts";
import { randomId } from "../../src/ids.ts";
import type { PublishedEvents } from "../../src/messages.ts";
import { registerCompatIotpay } from "../../src/routes/compat-iotpay.ts";
import { database } from "../../src/store/db.ts";
import { findEvent } from "../../src/store/events.ts";
import { signByHand } from "../channels/iotpay/kit.ts";
import { api, type Merchant, newMerchant } from "../intent/kit.ts";
import vectors from "../vectors/iotpay.json";

const app = createApp();
registerCompatIotpay(app);

const BASE = "http://gateway.test/compat/iotpay/v1";
const NOTIFY = "https://shop.example/notify";

// The gateway notifies by itself too: nothing may leave the machine, also after a test has ended.
vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network here")));

type Fields = Record<string, unknown>;
type Members = Record<string, unknown> & { readonly retParams?: Record<string, string> };

let merchant: Merchant;
let other: Merchant;
beforeAll(async () => {
  [merchant, other] = await Promise.all([newMerchant(), newMerchant("Other Shop")]);
});

async function fetchDoor(path: string, init: RequestInit): Promise<Response> {
  const context = createExecutionContext();
  const reply = await app.fetch(new Request(`${BASE}/${path}`, init), env, context);
  await waitOnExecutionContext(context);
  return reply;
}

const halves = (key: string) => ({
  mchId: key.slice(0, key.lastIndexOf("_")),
  secret: key.slice(key.lastIndexOf("_") + 1),
});

const signed = (fields: Fields, key: string): Fields => {
  const { mchId, secret } = halves(key);
  const all = Object.fromEntries(
    Object.entries({ mchId, ...fields }).filter(([, value]) => value !== undefined),
  );
  return { ...all, sign: signByHand(all, secret) };
};

const send = async (path: string, params: Fields, init: RequestInit = {}): Promise<Members> => {
  const body = `params=${encodeURIComponent(JSON.stringify(params))}`;
  const reply = await fetchDoor(path, { method: "POST", body, ...init });
  return reply.json();
};

const call = (path: string, fields: Fields, key = merchant.test, init: RequestInit = {}) =>
  send(path, signed(fields, key), init);

const orderFields = (changes: Fields = {}): Fields => ({
  mchOrderNo: randomId("request").slice(0, 30),
  jobNo: "till",
  channelId: "WX_NATIVE",
  currency: "CAD",
  amount: 2856,
  clientIp: "203.0.113.9",
  device: "WEB",
  notifyUrl: NOTIFY,
  subject: "Tea & a biscuit",
  body: "100% tea + biscuit",
  param1: "one",
  extra: '{"productId":"1"}',
  ...changes,
});

const create = (changes: Fields = {}, key = merchant.test) =>
  call("create_order", orderFields(changes), key);

const pay = (id: unknown) => api("POST", `/sandbox/payments/${String(id)}/pay`);

describe("the tables", () => {
  it("know every channel id of IOTPay's pages, and channels that exist", ({ expect }) => {
    expect(DOOR_CHANNEL_IDS.toSorted()).toEqual(vectors.channel_ids.toSorted());
    for (const channelId of DOOR_CHANNEL_IDS) {
      const target = targetOf(channelId, "CAD", (channel) => channel === "iotpay");
      expect(Object.keys(CHANNELS), channelId).toContain(target?.channel);
      expect(target?.channel, channelId).toBe("iotpay");
    }
    expect(targetOf("constructor", "CAD", () => true)).toBeNull();
  });

  it("lead to the wallet's own channel for its own currency, and say why where none fits", ({
    expect,
  }) => {
    expect(targetOf("WX_NATIVE", "CNY", () => true)?.channel).toBe("wechat");
    expect(targetOf("ALIPAY_QR", "CNY", () => true)?.channel).toBe("alipay");
    expect(targetOf("ALIPAY_QR", "USD", () => true)?.channel).toBe("iotpay");
    expect(targetOf("ALIPAY_QR", "USD", () => false)?.channel).toBe("alipay");
    expect(targetOf("UPI_QR", "CAD", () => false)?.channel).toBe("iotpay");
  });

  it("give every error of ours a code, and a repeatable one where money may have moved", ({
    expect,
  }) => {
    const repeatable = new Set(["0010", "0110", "0111"]);
    for (const code of ERROR_CODES) {
      expect(Object.values(IOTPAY_CODES)).toContain(CODE_OF[code]);
      if (ERRORS[code].outcome === "unknown") expect(repeatable, code).toContain(CODE_OF[code]);
    }
  });
});

describe("who may come in", () => {
  const query = { mchOrderNo: "nothing" };

  it("is whoever signs with the key's secret half", async ({ expect }) => {
    expect(await call("query_order", query)).toMatchObject({ errCode: "0112" });
    const lower = signed(query, merchant.test);
    lower["sign"] = String(lower["sign"]).toLowerCase();
    expect(await send("query_order", lower)).toMatchObject({ errCode: "0112" });
  });

  it("is told what is wrong in IOTPay's codes, always with status 200", async ({ expect }) => {
    const unsigned = (body: string, init: RequestInit = {}) =>
      fetchDoor("query_order", { method: "POST", body, ...init });
    const cases: [string, Response][] = [
      ["0011", await fetchDoor("query_order", {})],
      ["0011", await fetchDoor("create_order", { method: "PUT", body: "x" })],
      ["0012", await unsigned("")],
      ["0012", await unsigned("a=b")],
      ["0012", await unsigned("params=")],
      ["0014", await unsigned("params=[]")],
      ["0014", await unsigned("params={")],
      ["0014", await unsigned('params={"a":{}}')],
      ["0014", await unsigned('params={"a":true}')],
      ["0015", await unsigned("params={}")],
      ["0015", await unsigned('params={"mchId":"10000701"}')],
      ["0015", await unsigned('params={"mchId":"sk_test_000000000000","sign":"x"}')],
    ];
    for (const [errCode, reply] of cases) {
      expect(reply.status).toBe(200);
      expect(await reply.json()).toMatchObject({ retCode: "FAIL", resCode: "FAIL", errCode });
    }
  });

  it("is refused with a wrong signature, and learns no signature from that", async ({ expect }) => {
    const fields = signed(query, merchant.test);
    const { sign: _, ...bare } = fields;
    for (const params of [
      bare,
      { ...fields, sign: "" },
      { ...fields, sign: "0".repeat(32) },
      { ...fields, mchOrderNo: "another" },
      { ...fields, added: "1" },
      { ...fields, mchId: halves(other.test).mchId },
      { ...fields, sign: signed(query, other.test)["sign"] },
    ]) {
      const reply = await send("query_order", params);
      expect(reply).toMatchObject({ retCode: "FAIL", errCode: "0013" });
      expect(reply).not.toHaveProperty("sign");
    }
  });

  it("is refused with our own replies and notifications sent back", async ({ expect }) => {
    for (const name of ["retCode", "resCode", "status", "backType"]) {
      expect(await call("query_order", { ...query, [name]: "2" })).toMatchObject({
        errCode: "0014",
      });
    }
    const made = await create();
    const echoed = await send("query_order", made);
    expect(echoed).toMatchObject({ errCode: "0014" });
    // The same signed text with its last members hidden in the value before them.
    const text = "x&resCode=SUCCESS&retCode=SUCCESS";
    const hidden = await call("query_order", { ...query, param2: text });
    expect(hidden).toMatchObject({ errCode: "0014" });
    const address = "https://shop.example/notify?a=1&status=2";
    expect(await call("query_order", { ...query, notifyUrl: address })).toMatchObject({
      errCode: "0112",
    });
  });

  it("needs the scope, an address that is allowed, and a key that lives", async ({ expect }) => {
    const newKey = async (body: object) =>
      (await api("POST", "/v1/api-keys", { key: merchant.test, body })).body;
    const reader = await newKey({ scopes: ["payments:read"] });
    expect(await call("query_order", query, reader.key)).toMatchObject({ errCode: "0112" });
    expect(await create({}, reader.key)).toMatchObject({ errCode: "0015" });
    const refund = { mchRefundNo: "r", payOrderId: randomId("paymentIntent"), refundAmount: 1 };
    expect(await call("refund_order", refund, reader.key)).toMatchObject({ errCode: "0015" });

    const narrow = await newKey({ scopes: ["*"], ip_allow: ["198.51.100.0/24"] });
    const from = (address: string) => ({ headers: { "CF-Connecting-IP": address } });
    expect(await call("query_order", query, narrow.key, from("203.0.113.1"))).toMatchObject({
      errCode: "0015",
    });
    expect(await call("query_order", query, narrow.key, from("198.51.100.7"))).toMatchObject({
      errCode: "0112",
    });

    const short = await newKey({ scopes: ["*"] });
    const gone = await api("DELETE", `/v1/api-keys/${short.id}`, { key: merchant.test });
    expect(gone.status).toBeLessThan(300);
    expect(await call("query_order", query, short.key)).toMatchObject({ errCode: "0015" });
  });
});

describe("create_order", () => {
  it("gives a code that can be paid, in IOTPay's members, signed", async ({ expect }) => {
    const fields = orderFields();
    const reply = await call("create_order", fields);
    expect(reply).toMatchObject({
      retCode: "SUCCESS",
      resCode: "SUCCESS",
      mchOrderNo: fields["mchOrderNo"],
      payOrderId: expect.stringMatching(/^pi_/),
      codeUrl: expect.stringMatching(/^weixin:/),
    });
    const { sign, ...members } = reply;
    expect(sign).toBe(signByHand(members as Record<string, string>, halves(merchant.test).secret));
    const { body: payment } = await api(
      "GET",
      `/v1/payment-intents/${String(reply["payOrderId"])}`,
      {
        key: merchant.test,
      },
    );
    expect(payment).toMatchObject({
      amount: { currency: "CAD", value: 2856 },
      channel: "iotpay",
      method: "qr",
      description: "Tea & a biscuit",
      merchant_order_id: fields["mchOrderNo"],
    });
  });

  it("gives a repeat the first answer, and refuses another order under the number", async ({
    expect,
  }) => {
    const fields = orderFields();
    const [first, second] = await Promise.all([
      call("create_order", fields),
      call("create_order", fields),
    ]);
    expect(second).toEqual(first);
    expect(await call("create_order", fields)).toEqual(first);
    expect(await call("create_order", { ...fields, amount: 1 })).toMatchObject({ errCode: "0014" });
    await pay(first["payOrderId"]);
    expect(await call("create_order", { ...fields, amount: 1 })).toMatchObject({
      retCode: "SUCCESS",
      resCode: "FAIL",
      errCode: "0113",
    });
    expect(await call("create_order", fields)).toEqual(first);
    // The same number is another order for another merchant, and in the other mode.
    const theirs = await call("create_order", fields, other.test);
    expect(theirs["payOrderId"]).not.toBe(first["payOrderId"]);
  });

  it("takes JSON as well, and amounts as text", async ({ expect }) => {
    const fields = orderFields({ amount: "2856" });
    const init = {
      body: JSON.stringify(signed(fields, merchant.test)),
      headers: { "Content-Type": "application/json" },
    };
    expect(await send("create_order", {}, init)).toMatchObject({ resCode: "SUCCESS" });
  });

  it.for([
    ["ALIPAY_QR", {}, { qr_code: /^https:\/\/qr\.alipay\.com/ }],
    ["UPI_QR", {}, { qr_code: /^https:/ }],
    [
      "ALIPAY_MOBILE",
      { osType: "IOS" },
      {
        "retParams.url": /^http/,
        "retParams.schemeUrl": /^alipayconnect:/,
        payParams: /^alipayconnect:/,
        retDetail: /^http/,
      },
    ],
    ["ALIPAY_WAP", { osType: "ANDROID" }, { "retParams.url": /^http/ }],
    ["ALIPAY_PC", {}, { "retParams.url": /^http/ }],
    ["UPI_SEQ", {}, { "retParams.unionpayUrl": /^http/ }],
    ["UPI_APP", {}, { payParams: /^\d+$/ }],
    ["WX_APP", {}, { "payParams.appid": /^wx/, "payParams.prepayid": /^wx/ }],
    [
      "WX_JSAPI",
      { extra: '{"openId":"o-1","type":"minipay","appId":"wx1"}' },
      { "payParams.package": /^prepay_id=/ },
    ],
    ["WX_MICROPAY", { identityCode: "130000000000000100" }, { payOrderId: /^pi_/ }],
    ["UPI_MICROPAY", { identityCode: "6200000000000000001" }, { payOrderId: /^pi_/ }],
  ] as const)("serves %s", async ([channelId, changes, shown], { expect }) => {
    const reply = await create({
      channelId,
      returnUrl: "https://shop.example/back",
      extra: undefined,
      ...changes,
    });
    expect(reply).toMatchObject({ retCode: "SUCCESS", resCode: "SUCCESS" });
    for (const [path, pattern] of Object.entries(shown)) {
      expect(reply).toHaveProperty(path, expect.stringMatching(pattern));
    }
  });

  it("takes yuan through the wallet's own channel", async ({ expect }) => {
    const reply = await create({ channelId: "ALIPAY_QR", currency: "CNY" });
    expect(reply).toMatchObject({ resCode: "SUCCESS", qr_code: expect.any(String) });
    const { body } = await api("GET", `/v1/payment-intents/${String(reply["payOrderId"])}`, {
      key: merchant.test,
    });
    expect(body.channel).toBe("alipay");
  });

  it.for([
    ["mchOrderNo", { mchOrderNo: undefined }],
    ["mchOrderNo", { mchOrderNo: "with space" }],
    ["channelId", { channelId: "CC_PAX" }],
    ["channelId", { channelId: undefined }],
    ["currency", { currency: "cad" }],
    ["amount", { amount: 0 }],
    ["amount", { amount: -1 }],
    ["amount", { amount: 28.56 }],
    ["amount", { amount: "28.56" }],
    ["amount", { amount: "1e3" }],
    ["notifyUrl", { notifyUrl: undefined }],
    ["notifyUrl", { notifyUrl: "http://shop.example/notify" }],
    ["notifyUrl", { notifyUrl: "https://169.254.169.254/latest" }],
    ["notifyUrl", { notifyUrl: "https://user:pw@shop.example/" }],
    ["notifyUrl", { notifyUrl: "https://10.0.0.1/x" }],
    ["returnUrl", { returnUrl: "javascript:alert(1)" }],
    ["returnUrl", { channelId: "ALIPAY_PC" }],
    ["osType", { channelId: "ALIPAY_MOBILE", returnUrl: "https://shop.example/" }],
    [
      "extra.openId",
      { channelId: "WX_JSAPI", currency: "CNY", extra: '{"openId":"o\\u0000\\ud800"}' },
    ],
    ["osType", { channelId: "ALIPAY_MOBILE", osType: "WINDOWS" }],
    ["identityCode", { channelId: "WX_MICROPAY" }],
    ["subject", { subject: "x".repeat(65) }],
    ["body", { body: undefined }],
    ["extra", { extra: "x".repeat(513) }],
    ["EUR", { currency: "EUR" }],
  ] as const)("refuses a wrong %s", async ([name, changes], { expect }) => {
    const reply = await create(changes);
    expect(reply).toMatchObject({ retCode: "FAIL", resCode: "FAIL", errCode: "0014" });
    expect(String(reply["errCodeDes"])).toContain(name);
    expect(reply).toHaveProperty("sign");
  });

  it("refuses live orders for which the merchant has no account", async ({ expect }) => {
    const live = { notifyUrl: NOTIFY };
    for (const channelId of ["WX_NATIVE", "UPI_QR"]) {
      expect(await create({ channelId, ...live }, merchant.live)).toMatchObject({
        errCode: "0014",
      });
    }
  });

  it("says that the wallet was silent when it was, and gives the code afterwards", async ({
    expect,
  }) => {
    vi.spyOn(iotpaySandbox, "handle").mockRejectedValueOnce(
      new DOMException("slow", "TimeoutError"),
    );
    const fields = orderFields();
    expect(await call("create_order", fields)).toMatchObject({
      retCode: "SUCCESS",
      resCode: "FAIL",
      errCode: "0110",
      payOrderId: expect.stringMatching(/^pi_/),
    });
    expect(await call("create_order", fields)).toMatchObject({
      resCode: "SUCCESS",
      codeUrl: expect.any(String),
    });
  });
});

describe("query_order", () => {
  it("shows the order under either number, with what it came with", async ({ expect }) => {
    const fields = orderFields({ param2: "two" });
    const { payOrderId } = await call("create_order", fields);
    const asked = { mchOrderNo: fields["mchOrderNo"] };
    for (const which of [asked, { payOrderId }, { payOrderId, ...asked }]) {
      expect(await call("query_order", which)).toMatchObject({
        retCode: "SUCCESS",
        resCode: "SUCCESS",
        mchId: halves(merchant.test).mchId,
        payOrderId,
        ...asked,
        channelId: "WX_NATIVE",
        currency: "CAD",
        amount: 2856,
        status: 0,
        clientIp: "203.0.113.9",
        notifyUrl: NOTIFY,
        subject: "Tea & a biscuit",
        body: "100% tea + biscuit",
        param1: "one",
        param2: "two",
        extra: '{"productId":"1"}',
      });
    }
    await pay(payOrderId);
    const paid = await call("query_order", asked);
    expect(paid).toMatchObject({ status: 2, channelOrderNo: expect.any(String) });
    expect(Number(paid["paySuccTime"])).toBeGreaterThan(Date.UTC(2024, 0, 1));
    const { sign, ...members } = paid;
    expect(sign).toBe(signByHand(members as Record<string, string>, halves(merchant.test).secret));
  });

  it("finds orders that were made elsewhere, also under an Idempotency-Key", async ({ expect }) => {
    for (const headers of [{}, { "Idempotency-Key": randomId("request") }]) {
      const merchant_order_id = randomId("request");
      const { body } = await api("POST", "/v1/payment-intents", {
        key: merchant.test,
        headers,
        body: {
          amount: { currency: "CAD", value: 5 },
          channel: "iotpay",
          description: "Tea",
          merchant_order_id,
        },
      });
      expect(await call("query_order", { mchOrderNo: merchant_order_id })).toMatchObject({
        payOrderId: body.id,
        amount: 5,
        subject: "Tea",
      });
    }
  });

  it("shows nobody another merchant's order", async ({ expect }) => {
    const fields = orderFields();
    const { payOrderId } = await call("create_order", fields);
    for (const which of [
      { payOrderId },
      { mchOrderNo: fields["mchOrderNo"] },
      { payOrderId: "nonsense" },
      { payOrderId: randomId("paymentIntent") },
    ]) {
      expect(await call("query_order", which, other.test)).toMatchObject({ errCode: "0112" });
    }
    expect(await call("query_order", { payOrderId }, merchant.live)).toMatchObject({
      errCode: "0112",
    });
    expect(await call("query_order", { payOrderId, mchOrderNo: "another" })).toMatchObject({
      errCode: "0112",
    });
    expect(await call("query_order", {})).toMatchObject({ errCode: "0014" });
  });
});

describe("refund_order", () => {
  const paidOrder = async () => {
    const { payOrderId } = await create();
    await pay(payOrderId);
    return String(payOrderId);
  };
  const refund = (payOrderId: string, changes: Fields = {}, key = merchant.test) =>
    call(
      "refund_order",
      {
        mchRefundNo: randomId("request").slice(0, 30),
        payOrderId,
        refundAmount: 1_000,
        clientIp: "203.0.113.9",
        loginName: "till",
        ...changes,
      },
      key,
    );

  it("gives money back once under a number", async ({ expect }) => {
    const payOrderId = await paidOrder();
    const mchRefundNo = randomId("request").slice(0, 30);
    const first = await refund(payOrderId, { mchRefundNo });
    expect(first).toMatchObject({
      retCode: "SUCCESS",
      resCode: "SUCCESS",
      payOrderId,
      mchRefundNo,
      refundAmount: 1_000,
    });
    expect(await refund(payOrderId, { mchRefundNo, currency: "CAD" })).toEqual(first);
    expect(await refund(payOrderId, { mchRefundNo, refundAmount: 999 })).toMatchObject({
      errCode: "0014",
    });
    expect(await refund(payOrderId, { refundAmount: 1_857 })).toMatchObject({ errCode: "0014" });
    expect(await refund(payOrderId, { refundAmount: 1_856 })).toMatchObject({ resCode: "SUCCESS" });
    const { body } = await api("GET", `/v1/payment-intents/${payOrderId}`, { key: merchant.test });
    expect(body.amount_refunded).toEqual({ currency: "CAD", value: 2_856 });
  });

  it("refuses what cannot be given back", async ({ expect }) => {
    const payOrderId = await paidOrder();
    const { payOrderId: unpaid } = await create();
    for (const [errCode, reply] of [
      ["0014", await refund(payOrderId, { currency: "USD" })],
      ["0014", await refund(payOrderId, { refundAmount: 0 })],
      ["0014", await refund(payOrderId, { refundAmount: undefined })],
      ["0014", await refund(payOrderId, { mchRefundNo: "" })],
      ["0014", await refund(String(unpaid))],
      ["0112", await refund(randomId("paymentIntent"))],
      ["0112", await refund(payOrderId, {}, other.test)],
    ] as const) {
      expect(reply).toMatchObject({ resCode: "FAIL", errCode });
    }
  });
});

describe("the notification", () => {
  const db = database(env.DB);

  /** What was published about a payment's success, once it is in the feed. */
  const published = (id: unknown): Promise<PublishedEvents> =>
    vi.waitFor(
      async () => {
        const row = await env.DB.prepare(
          "SELECT * FROM events WHERE type = 'payment_intent.succeeded' AND json_extract(payload, '$.data.id') = ?",
        )
          .bind(String(id))
          .first<{ id: string; merchant_id: string }>();
        const event = row === null ? null : await findEvent(db, row.merchant_id, false, row.id);
        if (event === null) throw new Error("not yet");
        const { type, created_at, payload, merchant_id, livemode } = event;
        return {
          merchant_id,
          livemode,
          events: [{ id: event.id, type, created_at, payload }],
        };
      },
      { timeout: 10_000, interval: 20 },
    );

  interface Post {
    readonly url: string;
    readonly contentType: string | null;
    readonly form: Record<string, string>;
  }

  function receiver(answer: () => Response) {
    const posts: Post[] = [];
    const next: { notice: IotpayNotice; delaySeconds: number }[] = [];
    const lines: { event: string; fields: unknown }[] = [];
    const to: Notifier = {
      db,
      vault: openVault(env.VAULT_KEY),
      environment: "production",
      ownHosts: ["pay.gateway.example"],
      log: (_, event, fields) => lines.push({ event, fields }),
      notices: {
        send: async (notice, { delaySeconds }) => next.push({ notice, delaySeconds }),
      },
      io: {
        now: () => Date.now(),
        timeout: () => new AbortController().signal,
        fetch: async (url, init) => {
          const form = Object.fromEntries(new URLSearchParams(String(init.body)));
          posts.push({ url, contentType: new Headers(init.headers).get("content-type"), form });
          return answer();
        },
      },
    };
    return { to, posts, next, lines };
  }

  const paidOrder = async (changes: Fields = {}, key = merchant.test) => {
    const fields = orderFields(changes);
    const reply = await call("create_order", fields, key);
    if (reply["resCode"] !== "SUCCESS") throw new Error(JSON.stringify(reply));
    await pay(reply["payOrderId"]);
    return {
      fields,
      payOrderId: String(reply["payOrderId"]),
      news: await published(reply["payOrderId"]),
    };
  };

  const only = (news: PublishedEvents): IotpayNotice => {
    const [notice, ...rest] = noticesOf(news);
    if (notice === undefined || rest.length > 0) throw new Error("not one notice");
    return IotpayNotice.parse(notice);
  };

  it("is a signed form with IOTPay's fields, sent once when it is acknowledged", async ({
    expect,
  }) => {
    const { fields, payOrderId, news } = await paidOrder();
    for (const word of ["success", "SUCCESS\n"]) {
      const shop = receiver(() => new Response(word));
      await sendNotice(only(news), shop.to);
      expect(shop.next).toEqual([]);
      const [post] = shop.posts;
      expect(post).toMatchObject({
        url: NOTIFY,
        contentType: expect.stringMatching(/^application\/x-www-form-urlencoded/),
        form: {
          payOrderId,
          mchId: halves(merchant.test).mchId,
          mchOrderNo: fields["mchOrderNo"],
          channelId: "WX_NATIVE",
          currency: "CAD",
          amount: "2856",
          status: "2",
          clientIp: "203.0.113.9",
          device: "WEB",
          subject: "Tea & a biscuit",
          param1: "one",
          param2: "",
          backType: "2",
        },
      });
      const { sign, ...rest } = post?.form ?? {};
      expect(sign).toBe(signByHand(rest, halves(merchant.test).secret));
      expect(Number(rest["paySuccTime"])).toBeGreaterThan(Date.UTC(2024, 0, 1));
    }
  });

  it("comes again until the answer is the word", async ({ expect }) => {
    const { news } = await paidOrder();
    for (const answer of [
      () => new Response("ok"),
      () => new Response("success", { status: 500 }),
      () => new Response(null, { status: 302, headers: { Location: "https://10.0.0.1/" } }),
      () => {
        throw new TypeError("reset");
      },
    ]) {
      const shop = receiver(answer);
      await sendNotice(only(news), shop.to);
      expect(shop.next).toMatchObject([
        { delaySeconds: 60, notice: { iotpay_notify: { attempt: 1 } } },
      ]);
      const [again] = shop.next;
      if (again === undefined) throw new Error("nothing is sent again");
      expect(IotpayNotice.safeParse(again.notice).success).toBe(true);
      await sendNotice(again.notice, shop.to);
      expect(shop.next[1]).toMatchObject({ delaySeconds: 120 });
      // Every attempt says the same.
      expect(shop.posts[1]).toEqual(shop.posts[0]);
    }
    const last = only(news);
    const shop = receiver(() => new Response("ok"));
    await sendNotice({ iotpay_notify: { ...last.iotpay_notify, attempt: 99 } }, shop.to);
    expect(shop.next).toEqual([]);
    expect(shop.lines.map(({ event }) => event)).toContain("iotpay_notify.exhausted");
  });

  it("is started for each success among what was published, on the deployment's own queue", async ({
    expect,
  }) => {
    const [one, two] = [await paidOrder(), await paidOrder()];
    const shop = receiver(() => new Response("success"));
    await startNotices([one.news, two.news, { ...one.news, events: [] }], shop.to.notices);
    expect(shop.next).toEqual([
      { notice: only(one.news), delaySeconds: 0 },
      { notice: only(two.news), delaySeconds: 0 },
    ]);
    // The compiler checks that the binding takes notices as they are.
    const binding: Notifier["notices"] = env.DELIVERIES;
    expect(binding).toBeDefined();
  });

  it("has a schedule of about a day", ({ expect }) => {
    const delays = Array.from({ length: 100 }, (_, i) => noticeDelay(i + 1));
    expect(delays.slice(0, 5)).toEqual([60, 120, 180, 240, 300]);
    expect(delays.at(-1)).toBeNull();
    const total = delays.reduce<number>((sum, delay) => sum + (delay ?? 0), 0);
    expect(total / 3_600).toBeGreaterThan(20);
    expect(Math.max(...delays.map((delay) => delay ?? 0))).toBeLessThanOrEqual(900);
    const answer = { status: 200, latencyMs: 1, retryAfter: null };
    expect(isAcknowledged({ ...answer, response: "successful" })).toBe(false);
  });

  it("is not for payments at the till, other events and other payments", async ({ expect }) => {
    const till = { channelId: "WX_MICROPAY", identityCode: "130000000000000100", extra: undefined };
    const { payOrderId } = await create(till);
    expect(noticesOf(await published(payOrderId))).toEqual([]);
    const { news } = await paidOrder();
    const events = news.events.map((event) => ({ ...event, type: "payment_intent.created" }));
    expect(noticesOf({ ...news, events })).toEqual([]);
    const { body } = await api("POST", "/v1/payment-intents", {
      key: merchant.test,
      body: {
        amount: { currency: "CAD", value: 5 },
        channel: "iotpay",
        metadata: { [MEMO_NAME]: "x" },
      },
    });
    await pay(body.id);
    expect(noticesOf(await published(body.id))).toEqual([]);
  });

  it("is not signed for a memo that this door did not write for this order", async ({ expect }) => {
    const { payOrderId } = await paidOrder();
    const { body: paid } = await api("GET", `/v1/payment-intents/${payOrderId}`, {
      key: merchant.test,
    });
    const text: string = paid.metadata[MEMO_NAME];
    const forged = (metadata: string, key: string, value = 2856) =>
      api("POST", "/v1/payment-intents", {
        key,
        body: {
          amount: { currency: "CAD", value },
          channel: "iotpay",
          merchant_order_id: randomId("request"),
          metadata: { [MEMO_NAME]: metadata },
        },
      });
    // Attack: the memo of a paid order put on another one, altered, or used by another merchant.
    for (const attempt of [
      forged(text, merchant.test),
      forged(text.replace("shop.example", "evil.example"), merchant.test),
      forged(text, other.test),
    ]) {
      const { body } = await attempt;
      await pay(body.id);
      const shop = receiver(() => new Response("success"));
      await sendNotice(only(await published(body.id)), shop.to);
      expect(shop.posts).toEqual([]);
      expect(shop.lines).toMatchObject([{ event: "iotpay_notify.dropped" }]);
    }
  });

  it("is not sent under a revoked key, nor to an address that became forbidden", async ({
    expect,
  }) => {
    const { body: key } = await api("POST", "/v1/api-keys", {
      key: merchant.test,
      body: { scopes: ["*"] },
    });
    const { news } = await paidOrder({}, key.key);
    const shop = receiver(() => new Response("success"));
    await sendNotice(only(news), { ...shop.to, ownHosts: ["shop.example"] });
    expect(shop.posts).toEqual([]);
    await sendNotice(only(news), shop.to);
    expect(shop.posts).toHaveLength(1);
    await api("DELETE", `/v1/api-keys/${key.id}`, { key: merchant.test });
    await sendNotice(only(news), shop.to);
    expect(shop.posts).toHaveLength(1);
  });

  it("keeps the key out of logs and metadata", async ({ expect }) => {
    const { news } = await paidOrder();
    const shop = receiver(() => new Response("no"));
    await sendNotice(only(news), shop.to);
    const { secret } = halves(merchant.test);
    expect(JSON.stringify([news, shop.lines, shop.next, shop.posts])).not.toContain(secret);
  });
});
