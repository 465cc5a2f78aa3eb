/**
 * Alipay's own SDK as a stranger, in both directions: it judges what we and the simulator sign, and
 * our adapter judges what is signed by its rules. The SDK is a development dependency only.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createSign, generateKeyPairSync } from "node:crypto";

import { AlipaySdk } from "alipay-sdk";
import { afterAll, afterEach, beforeAll, describe, it, vi } from "vitest";

import { alipay } from "../../src/channels/alipay/adapter.ts";
import { alipaySandbox } from "../../src/channels/alipay/sandbox/channel.ts";
import {
  accountOf,
  html,
  ioWith,
  newPaymentId,
  NOTIFY_URL,
  order,
  rawCallback,
  refundOf,
  sent,
  simulation,
} from "../channels/alipay/kit.ts";

const ACCOUNT = "ca_00000000000000000000000001";

/**
 * The SDK writes its timestamp in the process's local time zone; where that is not China's, the
 * simulated clock is moved so that the same wall time is meant.
 */
const zoneShiftMs = (): number => (-new Date().getTimezoneOffset() - 480) * 60_000;
const now = (): number => Date.now() + zoneShiftMs();

type Sim = Awaited<ReturnType<typeof simulation>>;

const setUp = async () => {
  const sim = await simulation(now);
  const credentials = alipaySandbox.credentials(sim.keys, ACCOUNT);
  return {
    sim,
    credentials,
    account: accountOf(credentials),
    appId: String(credentials["app_id"]),
  };
};

const sdkOf = (sim: Sim, appId: string, changes: object = {}) =>
  new AlipaySdk({
    appId,
    privateKey: sim.keys.merchantPrivateKey.trim(),
    keyType: "PKCS8",
    alipayPublicKey: sim.keys.platformPublicKey.trim(),
    ...changes,
  });

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString("utf8");
};

/** The simulator behind a real socket. */
const serve = (sim: Sim): Server =>
  createServer((incoming, outgoing) => {
    void (async () => {
      const request = new Request(`http://127.0.0.1${incoming.url ?? "/"}`, {
        method: incoming.method ?? "POST",
        body: await bodyOf(incoming),
      });
      const response = await sim.fetch(request);
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      outgoing.end(await response.text());
    })();
  });

const exec = (sdk: AlipaySdk, method: string, bizContent: object) =>
  sdk.exec(method, { notify_url: NOTIFY_URL, bizContent }, { validateSign: true });

describe("the SDK's client at the simulator", () => {
  let server: Server;
  let gateway = "";
  let world: Awaited<ReturnType<typeof setUp>>;

  beforeAll(async () => {
    world = await setUp();
    server = serve(world.sim);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    gateway = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/gateway.do`;
  });

  afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

  it("orders, asks, closes, cancels and refunds, and verifies every reply", async ({ expect }) => {
    const sdk = sdkOf(world.sim, world.appId, { gateway, camelcase: false });
    const [scanned, unscanned] = [newPaymentId(), newPaymentId()];
    const content = { total_amount: "6.99", subject: 'AI 摘要 100% + "q" 😀' };
    for (const out_trade_no of [scanned, unscanned]) {
      const made = await exec(sdk, "alipay.trade.precreate", { out_trade_no, ...content });
      expect(made).toMatchObject({
        code: "10000",
        out_trade_no,
        qr_code: expect.stringMatching(/^https:\/\/qr\.alipay\.com\/bax/),
      });
    }
    expect(await exec(sdk, "alipay.trade.query", { out_trade_no: scanned })).toMatchObject({
      code: "40004",
      sub_code: "ACQ.TRADE_NOT_EXIST",
    });
    world.sim.become(scanned, "scanned");
    expect(await exec(sdk, "alipay.trade.query", { out_trade_no: scanned })).toMatchObject({
      trade_status: "WAIT_BUYER_PAY",
      total_amount: "6.99",
    });
    expect(await exec(sdk, "alipay.trade.close", { out_trade_no: scanned })).toMatchObject({
      code: "10000",
    });
    expect(await exec(sdk, "alipay.trade.close", { out_trade_no: unscanned })).toMatchObject({
      sub_code: "ACQ.TRADE_NOT_EXIST",
    });
    expect(await exec(sdk, "alipay.trade.cancel", { out_trade_no: unscanned })).toMatchObject({
      code: "10000",
      action: "close",
    });
    const paid = newPaymentId();
    const atCounter = { out_trade_no: paid, scene: "bar_code", auth_code: "280000000000000000" };
    expect(await exec(sdk, "alipay.trade.pay", { ...atCounter, ...content })).toMatchObject({
      code: "10000",
      total_amount: "6.99",
    });
    const refund = { out_trade_no: paid, out_request_no: "r1" };
    expect(
      await exec(sdk, "alipay.trade.refund", { ...refund, refund_amount: "1.00" }),
    ).toMatchObject({ code: "10000", fund_change: "Y" });
    expect(await exec(sdk, "alipay.trade.fastpay.refund.query", refund)).toMatchObject({
      code: "10000",
      refund_status: "REFUND_SUCCESS",
    });
  });

  it("with a foreign private key is refused", async ({ expect }) => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString().trim();
    const sdk = sdkOf(world.sim, world.appId, {
      gateway,
      camelcase: false,
      keyType: "PKCS1",
      privateKey: pem,
    });
    const answer = await sdk.exec("alipay.trade.query", { bizContent: { out_trade_no: "x" } });
    expect(answer).toMatchObject({ code: "40002", sub_code: "isv.invalid-signature" });
  });

  it("with a foreign Alipay key does not accept the simulator's replies", async ({ expect }) => {
    const sdk = sdkOf(world.sim, world.appId, {
      gateway,
      alipayPublicKey: world.sim.keys.merchantPublicKey.trim(),
    });
    await expect(exec(sdk, "alipay.trade.query", { out_trade_no: "x" })).rejects.toThrow(
      /验签失败/,
    );
  });
});

describe("the SDK's judgement", () => {
  it("accepts the simulator's notifications, and only proper ones", async ({ expect }) => {
    const { sim, account, appId } = await setUp();
    const sdk = sdkOf(sim, appId);
    const charge = order({
      description: "AI 摘要 100% + more",
      createdAt: now(),
      expiresAt: now() + 900_000,
    });
    const prepared = alipay.prepareCharge(charge, account);
    if (!prepared.ok) throw new Error(prepared.error.message);
    await alipay.createCharge(prepared.value, charge, account, sim.io);
    const record = sim.become(charge.paymentId, "paid");
    for (const [flaw, good] of [
      [null, true],
      ["wrong_amount", true],
      ["wrong_signature", false],
      ["sign_test_probe", false],
    ] as const) {
      const request = await alipaySandbox.callback(record, flaw, sim.world());
      const text = (await request?.text()) ?? "";
      expect(sdk.checkNotifySignV2(Object.fromEntries(new URLSearchParams(text)))).toBe(good);
      const verdict = await alipay.verifyCallback(rawCallback(text), account, sim.io);
      expect(verdict.kind).toBe(good ? "reports" : "refused");
    }
  });

  it("accepts the simulator's reply to our request, slashes and all", async ({ expect }) => {
    const { sim, account, appId } = await setUp();
    const replies: string[] = [];
    const io = ioWith(
      async (request) => {
        const response = await sim.fetch(request);
        const text = await response.text();
        replies.push(text);
        return html(text, response.status);
      },
      { now },
    );
    const charge = order({ createdAt: now(), expiresAt: now() + 900_000 });
    const prepared = alipay.prepareCharge(charge, account);
    if (!prepared.ok) throw new Error(prepared.error.message);
    expect(await alipay.createCharge(prepared.value, charge, account, io)).toMatchObject({
      kind: "ok",
    });
    const [reply = ""] = replies;
    const sdk = sdkOf(sim, appId);
    const check = (text: string) =>
      sdk.checkResponseSign(
        text,
        "alipay_trade_precreate_response",
        (JSON.parse(text) as { sign: string }).sign,
        "",
      );
    expect(() => check(reply)).not.toThrow();
    expect(() => check(reply.replace("bax0", "bax1"))).toThrow(/验签失败/);
  });

  it("accepts the simulator's notices about refunds", async ({ expect }) => {
    const { sim, account, appId } = await setUp();
    const sdk = sdkOf(sim, appId);
    const charge = order({ createdAt: now(), expiresAt: now() + 900_000 });
    const prepared = alipay.prepareCharge(charge, account);
    await alipay.createCharge(prepared.ok ? prepared.value : "", charge, account, sim.io);
    sim.become(charge.paymentId, "paid");
    for (const [number, value] of [
      [1, 300],
      [2, 399],
    ] as const) {
      const refund = refundOf(sent(charge.paymentId), number, {
        amount: { currency: "CNY", value },
      });
      const content = alipay.refunds?.prepare(refund, account);
      await alipay.refunds?.create(
        content?.ok === true ? content.value : "",
        refund,
        account,
        sim.io,
      );
    }
    const record = sim.find(charge.paymentId);
    for (const refund of record?.refunds ?? []) {
      const request = record && (await alipaySandbox.refundCallback?.(record, refund, sim.world()));
      const text = (await request?.text()) ?? "";
      expect(sdk.checkNotifySignV2(Object.fromEntries(new URLSearchParams(text)))).toBe(true);
      expect(await alipay.verifyCallback(rawCallback(text), account, sim.io)).toMatchObject({
        kind: "reports",
        refunds: [{ refundId: refund.refundNumber }],
      });
    }
    expect(record?.refunds).toHaveLength(2);
  });

  it("verifies the signature of our request", async ({ expect }) => {
    const { sim, account, appId } = await setUp();
    // The SDK verifies with its "Alipay key": here that is the merchant's, to judge the merchant.
    const sdk = sdkOf(sim, appId, { alipayPublicKey: sim.keys.merchantPublicKey.trim() });
    let isSigned = false;
    const io = ioWith(
      async (request) => {
        const { searchParams } = new URL(request.url);
        const form = new URLSearchParams(await request.text());
        isSigned = sdk.checkNotifySignV2(Object.fromEntries([...searchParams, ...form]));
        return html("");
      },
      { now },
    );
    const charge = order({ description: 'AI 摘要 a+b&c=d/中文 100% "q"' });
    const prepared = alipay.prepareCharge(charge, account);
    await alipay.createCharge(prepared.ok ? prepared.value : "", charge, account, io);
    expect(isSigned).toBe(true);
  });
});

/** The parameters of a link or an order string, by name. */
const readLink = (text: string): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(text));

describe("the SDK's own links", () => {
  const returnUrl = "https://shop.example/thanks?order=1&x=y";

  /** What both sides are given, and what we make of it. */
  const both = async (method: "app" | "wap" | "web") => {
    const { sim, account, appId } = await setUp();
    const at = Math.floor(now() / 1000) * 1000;
    const charge = order({
      method,
      returnUrl,
      description: 'AI 摘要 a+b 100% "q" 😀',
      createdAt: at,
      expiresAt: at + 900_000,
    });
    const prepared = alipay.prepareCharge(charge, account);
    if (!prepared.ok) throw new Error(prepared.error.message);
    const outcome = await alipay.createCharge(prepared.value, charge, account, sim.io);
    if (outcome.kind !== "ok") throw new Error(outcome.error.channelCode);
    const { action } = outcome.value;
    // The SDK takes the time itself, in its own time zone.
    vi.useFakeTimers({ now: at - zoneShiftMs(), toFake: ["Date"] });
    const bizContent: Record<string, unknown> = JSON.parse(prepared.value);
    const sdk = sdkOf(sim, appId, { gateway: "https://gw.example/sandbox/pages/alipay" });
    return {
      sim,
      appId,
      charge,
      action,
      sdk,
      given: { notifyUrl: NOTIFY_URL, returnUrl, bizContent },
    };
  };

  afterEach(() => {
    vi.useRealTimers();
  });

  it("are ours to the byte for the app: the same parameters, the same signature", async ({
    expect,
  }) => {
    const { action, sdk, given } = await both("app");
    const theirs = readLink(sdk.sdkExecute("alipay.trade.app.pay", given));
    const text = action.type === "invoke_sdk" ? (action.params["orderStr"] ?? "") : "";
    expect(readLink(text)).toEqual(theirs);
    expect(theirs["sign"]).toMatch(/^[A-Za-z0-9+/]{342}==$/);
  });

  for (const [method, name] of [
    ["wap", "alipay.trade.wap.pay"],
    ["web", "alipay.trade.page.pay"],
  ] as const) {
    it(`are ours for pages, but for the SDK's own mark: ${name}`, async ({ expect }) => {
      const { sim, appId, action, sdk, given } = await both(method);
      const page = new URL(sdk.pageExecute(name, "GET", given));
      const { sign: theirSign, alipay_sdk: mark = "", ...theirs } = readLink(page.search);
      const url = new URL(action.type === "redirect" ? action.url : "");
      const { sign: ourSign, ...ours } = readLink(url.search);
      expect(ours).toEqual(theirs);
      expect(url.origin + url.pathname).toBe(page.origin + page.pathname);
      // With its mark among the parameters the signatures must differ, and both must verify.
      expect(mark).toMatch(/^alipay-sdk-nodejs/);
      expect(ourSign).not.toBe(theirSign);
      const judge = sdkOf(sim, appId, { alipayPublicKey: sim.keys.merchantPublicKey.trim() });
      expect(judge.checkNotifySignV2({ ...ours, sign: ourSign })).toBe(true);
      expect(judge.checkNotifySignV2({ ...theirs, alipay_sdk: mark, sign: theirSign })).toBe(true);
      const cheaper = (ours["biz_content"] ?? "").replace("6.99", "0.99");
      const forged = { ...ours, biz_content: cheaper, sign: ourSign };
      expect(judge.checkNotifySignV2(forged)).toBe(false);
    });
  }

  it("are opened by the simulator as ours are", async ({ expect }) => {
    const { sim, appId, charge, action, sdk, given } = await both("app");
    const theirs = sdk.sdkExecute("alipay.trade.app.pay", given);
    if (action.type !== "invoke_sdk") throw new Error("action");
    vi.useRealTimers();
    const { paymentId, amount, notifyUrl } = charge;
    const shown = { paymentId, merchant: appId, ...amount, notifyUrl };
    for (const orderStr of [theirs, action.params["orderStr"] ?? ""]) {
      const opened = await alipaySandbox.open?.(
        { ...shown, action: { ...action, params: { orderStr } } },
        sim.world(),
      );
      expect(opened).toMatchObject({ ok: true, value: { orderNumber: paymentId, value: 699 } });
    }
    // The same order by both.
    expect(sim.rows.size).toBe(1);
  });
});

const notify = (sim: Sim, appId: string, algorithm: string) => {
  const fields: Record<string, string> = {
    app_id: appId,
    charset: "utf-8",
    notify_id: "2026052700222093010024330500000001",
    notify_type: "trade_status_sync",
    out_trade_no: newPaymentId(),
    passback_params: "a%3Db 100% +",
    seller_id: String(alipaySandbox.credentials(sim.keys, ACCOUNT)["seller_id"]),
    total_amount: "6.99",
    trade_no: "2026052722001424330500000001",
    trade_status: "TRADE_SUCCESS",
    gmt_payment: "2026-05-27 09:30:09",
  };
  const text = Object.keys(fields)
    .toSorted()
    .map((name) => `${name}=${fields[name] ?? ""}`)
    .join("&");
  const signature = createSign(algorithm).update(text, "utf8");
  const sign = signature.sign(sim.keys.platformPrivateKey, "base64");
  return { ...fields, sign, sign_type: algorithm === "RSA-SHA1" ? "RSA" : "RSA2" };
};

describe("our judgement of Node's signatures", () => {
  it("accepts SHA-256 and refuses SHA-1, which the SDK lets a message choose", async ({
    expect,
  }) => {
    const { sim, account, appId } = await setUp();
    const sdk = sdkOf(sim, appId);
    const strong = notify(sim, appId, "RSA-SHA256");
    const weak = notify(sim, appId, "RSA-SHA1");
    expect(sdk.checkNotifySignV2(strong)).toBe(true);
    expect(sdk.checkNotifySignV2(weak)).toBe(true);
    const verdictOf = (fields: Record<string, string>) =>
      alipay.verifyCallback(rawCallback(new URLSearchParams(fields).toString()), account, sim.io);
    expect(await verdictOf(strong)).toMatchObject({
      kind: "reports",
      reports: [{ state: "paid", amount: { currency: "CNY", value: 699 } }],
    });
    expect(await verdictOf(weak)).toMatchObject({ kind: "refused" });
  });

  it("refuses the doubled reply that the SDK accepts", async ({ expect }) => {
    const { sim, account, appId } = await setUp();
    const charge = order();
    const node = (code: string) =>
      `{"code":"10000","out_trade_no":"${charge.paymentId}","qr_code":"https:\\/\\/qr.alipay.com\\/${code}"}`;
    const name = "alipay_trade_precreate_response";
    const sign = createSign("RSA-SHA256")
      .update(node("bax1"), "utf8")
      .sign(sim.keys.platformPrivateKey, "base64");
    const doubled = `{"${name}":${node("bax1")},"sign":"${sign}","${name}":${node("evil")}}`;
    const sdk = sdkOf(sim, appId);
    expect(() => sdk.checkResponseSign(doubled, name, sign, "")).not.toThrow();
    const outcome = await alipay.createCharge(
      "{}",
      charge,
      account,
      ioWith(async () => html(doubled)),
    );
    expect(outcome).toMatchObject({ kind: "unknown" });
  });
});
