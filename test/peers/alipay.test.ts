/**
 * Alipay's own SDK as a stranger, in both directions: it judges what we and the simulator sign, and
 * our adapter judges what is signed by its rules. The SDK is a development dependency only.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createSign, generateKeyPairSync } from "node:crypto";

import { AlipaySdk } from "alipay-sdk";
import { afterAll, beforeAll, describe, it } from "vitest";

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

  it("orders, asks, closes and cancels, and verifies every reply", async ({ expect }) => {
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
