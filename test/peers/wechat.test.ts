/**
 * wechatpay-axios-plugin, a community SDK, as a stranger in both directions: it judges what our
 * adapter and the simulated channel sign and encrypt, and they judge what it does. It is a
 * development dependency only.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { text } from "node:stream/consumers";

import { afterAll, beforeAll, describe, it } from "vitest";
import { Aes, Formatter, Rsa, Wechatpay } from "wechatpay-axios-plugin";

import { wechat } from "../../src/channels/wechat/adapter.ts";
import { utf8 } from "../../src/crypto/encoding.ts";
import type { SandboxWorld } from "../../src/sandbox/simulator.ts";
import { wechatSandbox } from "../../src/channels/wechat/sandbox/channel.ts";
import { platformCertificate } from "../../src/channels/wechat/sandbox/identity.ts";
import { refundOrder } from "../channels/kit.ts";
import { applicationOf } from "../channels/wechat/application.ts";
import * as kit from "../channels/wechat/kit.ts";

const { AesGcm } = Aes;

interface Credentials {
  readonly mchid: string;
  readonly appid: string;
  readonly serial_no: string;
  readonly private_key: string;
  readonly api_v3_key: string;
  readonly platform_keys: readonly { readonly id: string; readonly public_key: string }[];
}

let simulation: kit.Simulation;
let credentials: Credentials;
let certificate: Awaited<ReturnType<typeof platformCertificate>>;
let stranger: kit.Pair;
let server: Server;
let baseURL = "";

/** The SDK reads the real clock, so the simulated channel must too. */
const world = (): SandboxWorld => ({ ...simulation.world, now: Date.now() });

async function toRequest(incoming: IncomingMessage): Promise<Request> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (typeof value === "string") headers.set(name, value);
  }
  const method = incoming.method ?? "GET";
  const body = await text(incoming);
  const url = new URL(incoming.url ?? "/", baseURL);
  return new Request(url, { method, headers, ...(method === "GET" ? {} : { body }) });
}

beforeAll(async () => {
  simulation = await kit.simulate();
  stranger = await kit.newPair();
  certificate = await platformCertificate(simulation.keys);
  credentials = wechatSandbox.credentials(simulation.keys, "ca_peer") as unknown as Credentials;
  server = createServer((incoming, outgoing) => {
    toRequest(incoming)
      .then((request) => wechatSandbox.handle(request, world()))
      .then(async (response) => {
        outgoing.writeHead(response.status, Object.fromEntries(response.headers));
        outgoing.end(Buffer.from(await response.arrayBuffer()));
        return response.status;
      })
      .catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  baseURL = `http://127.0.0.1:${address.port}`;
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const account = () => kit.accountOf(credentials);

/** Our adapter over real HTTP, with the real clock. */
const realIo = () =>
  kit.fakeIo((request) => fetch(request), { now: () => Date.now(), endpoints: [baseURL] });

interface Reply {
  readonly status: number;
  readonly data: Record<string, unknown>;
  readonly headers: Record<string, string>;
}

/** The SDK's client against the simulated channel. */
function client(
  changes: { certs?: Record<string, string>; privateKey?: string; serial?: string } = {},
) {
  const sdk = new Wechatpay({
    mchid: credentials.mchid,
    serial: changes.serial ?? credentials.serial_no,
    privateKey: changes.privateKey ?? credentials.private_key,
    certs: changes.certs ?? { [certificate.serial]: certificate.pem },
    baseURL: `${baseURL}/`,
    proxy: false,
    headers: { "Content-Type": "application/json" },
  });
  return {
    send: (
      method: "get" | "post",
      path: string,
      data?: object,
      config: { params?: object; headers?: Record<string, string> } = {},
    ): Promise<Reply> =>
      Promise.resolve(sdk.client.request(path, method, data, config)) as unknown as Promise<Reply>,
  };
}

/** What the SDK throws: the channel's answer, or its own verdict about the signature. */
async function failure(work: Promise<Reply>): Promise<{ code?: string; response?: Reply }> {
  try {
    await work;
  } catch (thrown) {
    return thrown as { code?: string; response?: Reply };
  }
  throw new Error("the SDK accepted it");
}

const nativeOrder = (paymentId: string, changes: object = {}) => ({
  appid: credentials.appid,
  mchid: credentials.mchid,
  description: "Image形象店-深圳腾大-QQ公仔",
  out_trade_no: paymentId,
  notify_url: "https://pay.example/v1/callbacks/wechat/ca_peer",
  amount: { total: 699, currency: "CNY" },
  ...changes,
});

const orderPath = (paymentId: string) => `v3/pay/transactions/out-trade-no/${paymentId}`;

describe("the SDK's client against the simulated channel", () => {
  it("orders, queries, and closes with a 204", async ({ expect }) => {
    const paymentId = kit.newPaymentId();
    const sdk = client();
    const order = nativeOrder(paymentId);
    const created = await sdk.send("post", "v3/pay/transactions/native", order);
    expect(created.status).toBe(200);
    expect(created.data["code_url"]).toMatch(/^weixin:\/\/wxpay\/bizpayurl\?pr=/);
    const params = { mchid: credentials.mchid };
    const open = await sdk.send("get", orderPath(paymentId), undefined, { params });
    expect(open.data).toMatchObject({ out_trade_no: paymentId, trade_state: "NOTPAY" });
    const closed = await sdk.send("post", `${orderPath(paymentId)}/close`, params);
    expect(closed.status).toBe(204);
    const after = await sdk.send("get", orderPath(paymentId), undefined, { params });
    expect(after.data).toMatchObject({ trade_state: "CLOSED" });
  });

  it("sees the payment with the amount it ordered", async ({ expect }) => {
    const paymentId = kit.newPaymentId();
    const sdk = client();
    await sdk.send("post", "v3/pay/transactions/native", nativeOrder(paymentId));
    simulation.orders.become(paymentId, "paid");
    const params = { mchid: credentials.mchid };
    const paid = await sdk.send("get", orderPath(paymentId), undefined, { params });
    expect(paid.data).toMatchObject({ trade_state: "SUCCESS", amount: { total: 699 } });
  });

  it("verifies replies with the public key that it asks for", async ({ expect }) => {
    const [key] = credentials.platform_keys;
    if (key === undefined) throw new Error("no public key");
    const sdk = client({ certs: { [key.id]: key.public_key } });
    const headers = { "Wechatpay-Serial": key.id };
    const created = await sdk.send(
      "post",
      "v3/pay/transactions/native",
      nativeOrder(kit.newPaymentId()),
      { headers },
    );
    expect(created.headers["wechatpay-serial"]).toBe(key.id);
  });

  it("refuses our reply when it has another key under that serial", async ({ expect }) => {
    const sdk = client({ certs: { [certificate.serial]: stranger.publicPem } });
    const order = nativeOrder(kit.newPaymentId());
    const thrown = await failure(sdk.send("post", "v3/pay/transactions/native", order));
    expect(thrown.code).toBe("EV3_RES_HEADER_SIGNATURE_DIGEST");
  });

  it("is refused itself with another private key, or serial", async ({ expect }) => {
    const order = nativeOrder(kit.newPaymentId());
    for (const changes of [{ privateKey: stranger.privatePem }, { serial: "5F1C72E2" }]) {
      const thrown = await failure(
        client(changes).send("post", "v3/pay/transactions/native", order),
      );
      expect(thrown.response?.status).toBe(401);
      expect(thrown.response?.data).toMatchObject({ code: "SIGN_ERROR" });
    }
  });

  it("hears of unknown orders and wrong parameters", async ({ expect }) => {
    const params = { mchid: credentials.mchid };
    const missing = await failure(
      client().send("get", orderPath(kit.newPaymentId()), undefined, { params }),
    );
    expect(missing.response).toMatchObject({ status: 404, data: { code: "ORDER_NOT_EXIST" } });
    const wrong = await failure(
      client().send(
        "post",
        "v3/pay/transactions/native",
        nativeOrder(kit.newPaymentId(), { amount: { total: 0 } }),
      ),
    );
    expect(wrong.response).toMatchObject({ status: 400, data: { code: "PARAM_ERROR" } });
  });

  it("decrypts the platform certificate, and the echo that went through it", async ({ expect }) => {
    const list = await client().send("get", "v3/certificates");
    const { data } = list.data as {
      data: { serial_no: string; encrypt_certificate: Record<string, string> }[];
    };
    const [entry] = data;
    const sealed = entry?.encrypt_certificate ?? {};
    const pem = AesGcm.decrypt(
      sealed["ciphertext"] ?? "",
      credentials.api_v3_key,
      sealed["nonce"] ?? "",
      sealed["associated_data"],
    );
    expect(pem).toBe(certificate.pem);
    const echo = await client({ certs: { [entry?.serial_no ?? ""]: pem } }).send(
      "post",
      "v3/security/echo",
      { echo_message: "hello", encrypted_echo_message: Rsa.encrypt("hello", pem) },
      { headers: { "Wechatpay-Serial": certificate.serial } },
    );
    const { encrypted_echo_message } = echo.data;
    expect(Rsa.decrypt(String(encrypted_echo_message), credentials.private_key)).toBe("hello");
  });
});

interface Bill {
  readonly rows: readonly Record<string, string>[];
  readonly summary: Record<string, string>;
}

describe("the simulated bill, read by the SDK", () => {
  it("is asked for, fetched without a signature, and cast", async ({ expect }) => {
    const paymentId = kit.newPaymentId();
    const { send } = client();
    await send("post", "v3/pay/transactions/native", nativeOrder(paymentId));
    const { transactionId } = simulation.orders.become(paymentId, "paid");
    // The simulated database keeps its own clock.
    const params = { bill_date: "2026-11-21", bill_type: "ALL" };
    const { data } = await send("get", "v3/bill/tradebill", undefined, { params });
    const { pathname, search } = new URL(String(data["download_url"]));
    const token = new URLSearchParams(search).get("token");
    const file = await send("get", pathname, undefined, { params: { token } });
    const cast: Bill = Object(Formatter.castCsvBill(String(file.data)));
    const { rows, summary } = cast;
    expect(rows.find((row) => row["商户订单号"] === paymentId)).toMatchObject({
      微信订单号: transactionId,
      交易状态: "SUCCESS",
      订单金额: "6.99",
      手续费: "0.04194",
    });
    expect(summary).toMatchObject({ 总交易单数: `${rows.length}.0` });
  });
});

const parts = (header: string) => header.replace(/^\S+ /, "").split(",").toSorted();

describe("what we sign, judged by the SDK", () => {
  it("the adapter's Authorization, for every call", async ({ expect }) => {
    const paymentId = kit.newPaymentId();
    const order = kit.orderOf({ paymentId, expiresAt: Date.now() + 900_000 });
    const io = realIo();
    const payload = wechat.prepareCharge(order, account());
    if (!payload.ok) throw new Error(payload.error.message);
    expect((await wechat.createCharge(payload.value, order, account(), io)).kind).toBe("ok");
    expect((await wechat.queryPayment(kit.sentOrder(paymentId), account(), io)).kind).toBe("ok");
    expect((await wechat.closePayment(kit.sentOrder(paymentId), account(), io)).kind).toBe("ok");
    expect((await wechat.selfCheck(account(), io)).kind).toBe("ok");
    expect(io.sent).toHaveLength(4);
    for (const { request, body } of io.sent) {
      const header = request.headers.get("Authorization") ?? "";
      const field = (name: string) => new RegExp(`${name}="([^"]+)"`).exec(header)?.[1] ?? "";
      const [timestamp, nonce, signature] = ["timestamp", "nonce_str", "signature"].map(field);
      const { pathname, search } = new URL(request.url);
      const message = Formatter.request(
        request.method,
        pathname + search,
        timestamp ?? "",
        nonce ?? "",
        body,
      );
      const { merchantPublicKey } = simulation.keys;
      expect(Rsa.verify(message, signature ?? "", merchantPublicKey)).toBe(true);
      expect(Rsa.verify(`${message} `, signature ?? "", merchantPublicKey)).toBe(false);
      const theirs = Formatter.authorization(
        credentials.mchid,
        nonce ?? "",
        signature ?? "",
        timestamp ?? "",
        credentials.serial_no,
      );
      expect(parts(header)).toEqual(parts(theirs));
      expect(header.split(" ")[0]).toBe(theirs.split(" ")[0]);
    }
  });

  it("the simulated channel's notification, signature and ciphertext", async ({ expect }) => {
    const paymentId = kit.newPaymentId();
    await client().send("post", "v3/pay/transactions/native", nativeOrder(paymentId));
    const record = simulation.orders.become(paymentId, "paid");
    const request = await wechatSandbox.callback(record, null, world());
    if (request === null) throw new Error("no notification");
    const body = await request.text();
    const header = (name: string) => request.headers.get(`Wechatpay-${name}`) ?? "";
    const message = Formatter.response(header("Timestamp"), header("Nonce"), body);
    expect(Rsa.verify(message, header("Signature"), simulation.keys.platformPublicKey)).toBe(true);
    const { resource } = JSON.parse(body) as { resource: Record<string, string> };
    const plaintext = AesGcm.decrypt(
      resource["ciphertext"] ?? "",
      credentials.api_v3_key,
      resource["nonce"] ?? "",
      resource["associated_data"],
    );
    expect(JSON.parse(plaintext)).toMatchObject({
      mchid: credentials.mchid,
      appid: credentials.appid,
      out_trade_no: paymentId,
      trade_state: "SUCCESS",
      amount: { total: 699, currency: "CNY" },
    });
  });
});

/** What an `invoke_sdk` action of ours hands to the buyer's client. */
async function clientParams(changes: Parameters<typeof kit.orderOf>[0]) {
  const order = kit.orderOf({ expiresAt: Date.now() + 900_000, ...changes });
  const payload = wechat.prepareCharge(order, account());
  if (!payload.ok) throw new Error(payload.error.message);
  const charge = await wechat.createCharge(payload.value, order, account(), realIo());
  if (charge.kind !== "ok" || charge.value.action.type !== "invoke_sdk") {
    throw new Error(JSON.stringify(charge));
  }
  return charge.value.action.params;
}

describe("what the buyer's client is handed, judged by the SDK", () => {
  const verified = (lines: readonly (string | undefined)[], signature = "") =>
    Rsa.verify(
      Formatter.joinedByLineFeed(...lines.map((line) => line ?? "")),
      signature,
      simulation.keys.merchantPublicKey,
    );

  it("a page's paySign", async ({ expect }) => {
    const payer = { openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" };
    const params = await clientParams({ method: "jsapi", payer });
    const { appId, timeStamp, nonceStr, paySign } = params;
    expect(appId).toBe(credentials.appid);
    expect(verified([appId, timeStamp, nonceStr, params["package"]], paySign)).toBe(true);
    expect(verified([appId, timeStamp, nonceStr, "prepay_id=wx2"], paySign)).toBe(false);
  });

  it("an app's sign", async ({ expect }) => {
    const { appid, timestamp, noncestr, prepayid, partnerid, sign } = await clientParams({
      method: "app",
    });
    expect([appid, partnerid]).toEqual([credentials.appid, credentials.mchid]);
    expect(verified([appid, timestamp, noncestr, prepayid], sign)).toBe(true);
    expect(verified([appid, timestamp, noncestr, `prepay_id=${prepayid}`], sign)).toBe(false);
  });
});

describe("refunds", () => {
  it("of the SDK's client are booked by the simulated channel", async ({ expect }) => {
    const paymentId = kit.newPaymentId();
    const sdk = client();
    await sdk.send("post", "v3/pay/transactions/native", nativeOrder(paymentId));
    simulation.orders.become(paymentId, "paid");
    const refundNumber = `re_${paymentId.slice(3)}01`;
    const made = await sdk.send("post", "v3/refund/domestic/refunds", {
      out_trade_no: paymentId,
      out_refund_no: refundNumber,
      amount: { refund: 300, total: 699, currency: "CNY" },
    });
    expect(made.data).toMatchObject({ out_refund_no: refundNumber, status: "PROCESSING" });
    const asked = await sdk.send("get", `v3/refund/domestic/refunds/${refundNumber}`);
    expect(asked.data).toMatchObject({ status: "SUCCESS", amount: { refund: 300, total: 699 } });
    const none = await failure(
      sdk.send("get", `v3/refund/domestic/refunds/re_${kit.newPaymentId().slice(3)}01`),
    );
    expect(none.response).toMatchObject({ status: 404, data: { code: "RESOURCE_NOT_EXISTS" } });
  });

  it("of ours are told in a notification that the SDK opens", async ({ expect }) => {
    const paymentId = kit.newPaymentId();
    await client().send("post", "v3/pay/transactions/native", nativeOrder(paymentId));
    simulation.orders.become(paymentId, "paid");
    const order = refundOrder(kit.sentOrder(paymentId));
    const payload = wechat.refunds?.prepare(order, account());
    if (payload === undefined || !payload.ok) throw new Error("not prepared");
    const created = await wechat.refunds?.create(payload.value, order, account(), realIo());
    expect(created).toMatchObject({ kind: "ok", value: { state: "processing" } });
    const record = simulation.orders.find(paymentId);
    const [booked] = record?.refunds ?? [];
    if (record === undefined || booked === undefined) throw new Error("not booked");
    const request = await wechatSandbox.refundCallback?.(record, booked, world());
    const body = (await request?.text()) ?? "";
    const header = (name: string) => request?.headers.get(`Wechatpay-${name}`) ?? "";
    const message = Formatter.response(header("Timestamp"), header("Nonce"), body);
    expect(Rsa.verify(message, header("Signature"), simulation.keys.platformPublicKey)).toBe(true);
    const { resource } = JSON.parse(body) as { resource: Record<string, string> };
    const plaintext = AesGcm.decrypt(
      resource["ciphertext"] ?? "",
      credentials.api_v3_key,
      resource["nonce"] ?? "",
      resource["associated_data"],
    );
    expect(JSON.parse(plaintext)).toMatchObject({
      mchid: credentials.mchid,
      out_refund_no: order.refundId,
      refund_status: "SUCCESS",
      amount: { total: 699, refund: 300 },
    });
  });
});

describe("an application's secrets", () => {
  it("are opened by the SDK with the platform's key", async ({ expect }) => {
    const { account: provider, keys, io } = await kit.simulateProvider();
    const gateway = io();
    const number = "ap_01j9zq4c7n8m2x5v6k3w1t0ryb";
    const sent = await wechat.onboarding?.submit(number, applicationOf(), provider, gateway);
    expect(sent?.kind).toBe("ok");
    const body = gateway.sent.find(({ request }) => request.method === "POST")?.body ?? "";
    const form = JSON.parse(body) as Record<"contact_info" | "bank_account_info", object>;
    const opened = (value: unknown) => Rsa.decrypt(String(value), keys.platformPrivateKey);
    expect(opened(Object(form.contact_info)["mobile_phone"])).toBe("13900000000");
    expect(opened(Object(form.contact_info)["contact_name"])).toBe("张三");
    expect(opened(Object(form.bank_account_info)["account_number"])).toBe("6222000000000000000");
  });
});

/** A notification made with nothing but the SDK. */
function notify(payload: object, changes: { key?: string; apiV3Key?: string; aad?: string } = {}) {
  const nonce = Formatter.nonce(12);
  const aad = changes.aad ?? "transaction";
  const body = JSON.stringify({
    id: Formatter.nonce(32),
    create_time: "2026-11-21T08:00:00+08:00",
    resource_type: "encrypt-resource",
    event_type: "TRANSACTION.SUCCESS",
    summary: "支付成功",
    resource: {
      original_type: "transaction",
      algorithm: "AEAD_AES_256_GCM",
      ciphertext: AesGcm.encrypt(
        JSON.stringify(payload),
        changes.apiV3Key ?? credentials.api_v3_key,
        nonce,
        aad,
      ),
      associated_data: "transaction",
      nonce,
    },
  });
  const timestamp = Formatter.timestamp();
  const headerNonce = Formatter.nonce();
  const message = Formatter.response(timestamp, headerNonce, body);
  const headers = new Headers({
    "Wechatpay-Timestamp": String(timestamp),
    "Wechatpay-Nonce": headerNonce,
    "Wechatpay-Serial": credentials.platform_keys[0]?.id ?? "",
    "Wechatpay-Signature": Rsa.sign(message, changes.key ?? simulation.keys.platformPrivateKey),
  });
  return wechat.verifyCallback(
    { method: "POST", target: "/v1/callbacks/wechat/ca_peer", headers, body: utf8(body) },
    account(),
    realIo(),
  );
}

const paid = () =>
  kit.tradeOf(kit.newPaymentId(), { mchid: credentials.mchid, appid: credentials.appid });

describe("what the SDK signs and encrypts, judged by us", () => {
  it("believes its notification", async ({ expect }) => {
    const trade = paid();
    expect(await notify(trade)).toMatchObject({
      kind: "reports",
      reports: [{ paymentId: trade["out_trade_no"], state: "paid", amount: { value: 699 } }],
    });
  });

  it("refuses it under another key, another APIv3 key, or other associated data", async ({
    expect,
  }) => {
    expect(await notify(paid(), { key: stranger.privatePem })).toMatchObject({
      reason: "signature_invalid",
    });
    expect(await notify(paid(), { apiV3Key: "x".repeat(32) })).toMatchObject({
      reason: "resource_not_decrypted",
    });
    expect(await notify(paid(), { aad: "refund" })).toMatchObject({
      reason: "resource_not_decrypted",
    });
    expect(await notify({ ...paid(), mchid: "1900000001" })).toMatchObject({
      reason: "other_merchant",
    });
  });
});
