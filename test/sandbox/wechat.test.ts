/**
 * The simulated WeChat Pay: the adapter against it, as one test key's payments use it, and what it
 * refuses, so that a request that real WeChat Pay would refuse never passes here.
 */
import { beforeAll, describe, it } from "vitest";

import type { ChannelAccount, ChargeOrder } from "../../src/channels/adapter.ts";
import { wechat } from "../../src/channels/wechat/adapter.ts";
import { keysOf } from "../../src/channels/wechat/keys.ts";
import { sendSigned, type WechatRequest } from "../../src/channels/wechat/send.ts";
import { checkSignature } from "../../src/channels/wechat/signing.ts";
import { readPublicKey } from "../../src/crypto/pem.ts";
import { importVerifyingKey } from "../../src/crypto/rsa.ts";
import { readCertificate } from "../../src/crypto/x509.ts";
import type { RegisteredMerchant, SandboxOrderRecord } from "../../src/sandbox/simulator.ts";
import { wechatSandbox } from "../../src/channels/wechat/sandbox/channel.ts";
import { platformCertificate } from "../../src/channels/wechat/sandbox/identity.ts";
import * as kit from "../channels/wechat/kit.ts";

let pairs: readonly [kit.Pair, kit.Pair];

beforeAll(async () => {
  pairs = [await kit.newPair(), await kit.newPair()];
});

async function ordered(simulation: kit.Simulation, changes: Partial<ChargeOrder> = {}) {
  const order = kit.orderOf(changes);
  const { account } = simulation;
  const payload = wechat.prepareCharge(order, account);
  if (!payload.ok) throw new Error(payload.error.message);
  const charge = await wechat.createCharge(payload.value, order, account, simulation.io());
  return { order, payload: payload.value, charge };
}

const recordOf = (simulation: kit.Simulation, order: ChargeOrder): SandboxOrderRecord => {
  const record = simulation.orders.find(order.paymentId);
  if (record === undefined) throw new Error("the order was not made");
  return record;
};

/** The notification as our route would get it. */
async function callbackTo(
  simulation: kit.Simulation,
  record: SandboxOrderRecord,
  flaw: Parameters<typeof wechatSandbox.callback>[1] = null,
  account: ChannelAccount = simulation.account,
) {
  const request = await wechatSandbox.callback(record, flaw, simulation.world);
  if (request === null) throw new Error("no notification");
  const verdict = await wechat.verifyCallback(
    await kit.rawCallback(request),
    account,
    simulation.io(),
  );
  return { request, verdict };
}

describe("a payment through the adapter", () => {
  it("is ordered, paid, reported by query and by callback, and cannot be closed", async ({
    expect,
  }) => {
    const simulation = await kit.simulate({ pairs });
    const { order, charge } = await ordered(simulation);
    expect(charge).toMatchObject({
      kind: "ok",
      value: { action: { type: "show_qr", data: expect.stringMatching(/^weixin:\/\/wxpay\//) } },
    });
    const { account } = simulation;
    expect(
      await wechat.queryPayment(kit.sentOrder(order.paymentId), account, simulation.io()),
    ).toMatchObject({
      kind: "ok",
      value: { state: "open", amount: null },
    });
    const record = simulation.orders.become(order.paymentId, "paid");
    expect(record.notifyUrl).toBe(order.notifyUrl);
    const paid = {
      paymentId: order.paymentId,
      state: "paid",
      amount: order.amount,
      channelTransactionId: record.transactionId,
      paidAt: kit.NOW,
      channelStatus: "SUCCESS",
    };
    expect(
      await wechat.queryPayment(kit.sentOrder(order.paymentId), account, simulation.io()),
    ).toEqual({
      kind: "ok",
      value: paid,
    });
    expect(
      await wechat.closePayment(kit.sentOrder(order.paymentId), account, simulation.io()),
    ).toEqual({
      kind: "ok",
      value: paid,
    });
    const { request, verdict } = await callbackTo(simulation, record);
    expect(request.url).toBe(order.notifyUrl);
    expect(request.method).toBe("POST");
    expect(verdict).toMatchObject({ kind: "reports", reports: [paid] });
  });

  it("is closed, stays closed, and cannot be ordered again", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const { order, payload } = await ordered(simulation);
    const { account } = simulation;
    const close = () =>
      wechat.closePayment(kit.sentOrder(order.paymentId), account, simulation.io());
    expect(await close()).toMatchObject({ kind: "ok", value: { state: "closed" } });
    expect(await close()).toMatchObject({ kind: "ok", value: { state: "closed" } });
    expect(
      await wechat.queryPayment(kit.sentOrder(order.paymentId), account, simulation.io()),
    ).toMatchObject({
      value: { state: "closed", channelStatus: "CLOSED" },
    });
    expect(await wechat.createCharge(payload, order, account, simulation.io())).toMatchObject({
      kind: "rejected",
      error: { channelCode: "ORDER_CLOSED" },
    });
  });

  it("is absent before it is ordered, for queries and closes", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const { account } = simulation;
    const absent = { kind: "ok", value: { state: "absent" } };
    expect(
      await wechat.queryPayment(kit.sentOrder("pi_not_there"), account, simulation.io()),
    ).toMatchObject(absent);
    expect(
      await wechat.closePayment(kit.sentOrder("pi_not_there"), account, simulation.io()),
    ).toMatchObject(absent);
  });

  it("gets a fresh code for the same text, and none for another", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const { order, payload, charge } = await ordered(simulation);
    const { account } = simulation;
    const again = await wechat.createCharge(payload, order, account, simulation.io());
    expect(again.kind).toBe("ok");
    expect(again).not.toEqual(charge);
    const other = payload.replace("AI summary", "Another text");
    expect(await wechat.createCharge(other, order, account, simulation.io())).toMatchObject({
      kind: "unknown",
      error: { channelCode: "OUT_TRADE_NO_USED" },
    });
    simulation.orders.become(order.paymentId, "paid");
    expect(await wechat.createCharge(payload, order, account, simulation.io())).toMatchObject({
      kind: "unknown",
      error: { channelCode: "ORDERPAID" },
    });
  });

  it("passes the self-check, with encryption", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const { account } = simulation;
    expect(await wechat.selfCheck(account, simulation.io())).toMatchObject({
      kind: "ok",
      value: { detail: expect.stringContaining("encryption") },
    });
  });

  it("accepts the built-in credentials when they are saved as one's own", async ({ expect }) => {
    const { account } = await kit.simulate({ pairs });
    const mode = wechat.modes["direct"];
    const examined = await mode?.examine(account.versions[0], kit.NOW);
    expect(examined).toMatchObject({ ok: true });
  });
});

const fixed = (length: number) => new Uint8Array(length).fill(7);

describe("notifications", () => {
  it("with a wrong amount are well signed, and one fen too much", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const { order } = await ordered(simulation);
    simulation.orders.become(order.paymentId, "paid");
    const { verdict } = await callbackTo(simulation, recordOf(simulation, order), "wrong_amount");
    expect(verdict).toMatchObject({ reports: [{ state: "paid", amount: { value: 700 } }] });
  });

  it.for([
    ["wrong_signature", "signature_invalid"],
    ["sign_test_probe", "probe"],
  ] as const)("with %s are refused", async ([flaw, reason], { expect }) => {
    const simulation = await kit.simulate({ pairs });
    const { order } = await ordered(simulation);
    simulation.orders.become(order.paymentId, "paid");
    const record = recordOf(simulation, order);
    const { request, verdict } = await callbackTo(simulation, record, flaw);
    expect(verdict).toEqual({ kind: "refused", reason });
    if (flaw === "sign_test_probe") {
      expect(request.headers.get("Wechatpay-Signature")).toMatch(/^WECHATPAY\/SIGNTEST\//);
      expect(request.headers.get("Wechatpay-Signature")).toHaveLength(355);
    }
  });

  it("keep their id when they are drawn from the same bytes", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const { order } = await ordered(simulation);
    simulation.orders.become(order.paymentId, "paid");
    const record = recordOf(simulation, order);
    const idOf = async (now: number) => {
      const world = { ...simulation.world, now, random: fixed };
      const request = await wechatSandbox.callback(record, null, world);
      const body = (await request?.json()) as { id: string } | undefined;
      return body?.id;
    };
    expect(await idOf(kit.NOW)).toBe(await idOf(kit.NOW + 15_000));
  });

  it("of one account are refused by another, although they share the keys", async ({ expect }) => {
    const [one, two] = [await kit.simulate({ pairs }), await kit.simulate({ pairs })];
    const { order } = await ordered(one);
    one.orders.become(order.paymentId, "paid");
    const record = recordOf(one, order);
    const { verdict } = await callbackTo(one, record, null, two.account);
    expect(verdict).toMatchObject({ kind: "refused" });
  });
});

describe("merchants with credentials of their own", () => {
  const MERCHANT_SERIAL = "7D01";

  /** An older merchant: its own certificate, and no public key of WeChat Pay's. */
  async function registered(platformKeys: (platform: kit.Pair) => unknown[] = () => []) {
    const own = await kit.newPair();
    const credentials = kit.credentialsOf(own, pairs[1], {
      mchid: "1900007291",
      serial_no: undefined,
      certificate: await kit.certificateOf(own, MERCHANT_SERIAL),
      api_v3_key: "vutsrqponmlkjihgfedcba9876543210",
      platform_keys: platformKeys(pairs[1]),
    });
    const registration = await wechatSandbox.registration(credentials);
    if (registration === null) throw new Error("not registered");
    const list: Record<string, RegisteredMerchant> = {
      [registration.merchant]: registration.entry,
    };
    const simulation = await kit.simulate({ pairs, registered: list });
    return {
      simulation: { ...simulation, account: kit.accountOf(credentials) },
      registration,
      own,
    };
  }

  it("register their public key and APIv3 key, and nothing private", async ({ expect }) => {
    const { registration, own } = await registered();
    expect(registration).toEqual({
      merchant: "1900007291",
      entry: {
        publicKeys: { [MERCHANT_SERIAL]: own.publicPem },
        symmetricKey: "vutsrqponmlkjihgfedcba9876543210",
      },
    });
    expect(await wechatSandbox.registration({})).toBeNull();
    expect(await wechatSandbox.registration(null)).toBeNull();
  });

  it("download the platform certificate, and verify replies and callbacks with it", async ({
    expect,
  }) => {
    const { simulation } = await registered();
    const { order, charge } = await ordered(simulation);
    expect(charge.kind).toBe("ok");
    simulation.orders.become(order.paymentId, "paid");
    const { request, verdict } = await callbackTo(simulation, recordOf(simulation, order));
    const certificate = await platformCertificate(simulation.keys);
    expect(request.headers.get("Wechatpay-Serial")).toBe(certificate.serial);
    expect(verdict).toMatchObject({ kind: "reports", reports: [{ state: "paid" }] });
    expect(await wechat.selfCheck(simulation.account, simulation.io())).toMatchObject({
      kind: "ok",
      value: { detail: expect.stringContaining(certificate.serial) },
    });
  });

  it("may know the platform's public key under an id of their own", async ({ expect }) => {
    const id = "PUB_KEY_ID_0119000072912026112100000001000001";
    const { simulation } = await registered((platform) => [{ id, public_key: platform.publicPem }]);
    const { order, charge } = await ordered(simulation);
    expect(charge.kind).toBe("ok");
    simulation.orders.become(order.paymentId, "paid");
    const { request, verdict } = await callbackTo(simulation, recordOf(simulation, order));
    expect(request.headers.get("Wechatpay-Serial")).toBe(id);
    expect(verdict).toMatchObject({ kind: "reports" });
  });

  it("are told when they have another key under that id", async ({ expect }) => {
    const id = "PUB_KEY_ID_0119000072912026112100000001000001";
    const other = await kit.newPair();
    const { simulation } = await registered(() => [{ id, public_key: other.publicPem }]);
    const { charge } = await ordered(simulation);
    expect(charge).toMatchObject({ kind: "rejected", error: { channelCode: "PARAM_ERROR" } });
  });

  it("cannot take a built-in merchant's number over", async ({ expect }) => {
    const victim = await kit.simulate({ pairs });
    const [mchid] = [String(Object(victim.account.versions[0])["mchid"])];
    const { registration } = await registered();
    const simulation = await kit.simulate({ pairs, registered: { [mchid]: registration.entry } });
    const { order, charge } = await ordered({ ...simulation, account: victim.account });
    expect(charge.kind).toBe("ok");
    const record = simulation.orders.become(order.paymentId, "paid");
    const { verdict } = await callbackTo(simulation, record, null, victim.account);
    expect(verdict).toMatchObject({ kind: "reports" });
  });
});

describe("accounts", () => {
  it("get numbers of the real form, always the same ones, and different ones each", async ({
    expect,
  }) => {
    const { keys } = await kit.simulate({ pairs });
    const numbers = Array.from({ length: 200 }, (_, index) =>
      wechatSandbox.credentials(keys, `ca_${index}`),
    );
    for (const credentials of numbers) {
      expect(credentials["mchid"]).toMatch(/^1\d{9}$/);
      expect(credentials["appid"]).toMatch(/^wx[0-9a-f]{16}$/);
      expect(credentials["serial_no"]).toMatch(/^[0-9A-F]{40}$/);
    }
    expect(new Set(numbers.map(({ mchid }) => mchid)).size).toBe(200);
    expect(wechatSandbox.credentials(keys, "ca_7")).toEqual(numbers[7]);
  });

  it("see a platform certificate that stays the same", async ({ expect }) => {
    const { keys } = await kit.simulate({ pairs });
    const first = await platformCertificate(keys);
    const second = await platformCertificate({ ...keys });
    expect(second).toEqual(first);
    const parsed = readCertificate(first.pem);
    expect(parsed).toMatchObject({ ok: true, value: { serialHex: first.serial } });
    expect(parsed.ok && parsed.value.publicKey).toEqual(pairs[1].spki);
  });
});

const native: WechatRequest = { method: "POST", path: "/v3/pay/transactions/native" };

/** A request as our side signs it, changed on its way by `tamper`. */
async function sendTo(
  request: WechatRequest,
  options: {
    tamper?: (request: Request) => Request;
    simulation?: kit.Simulation;
    now?: number;
  } = {},
) {
  const simulation = options.simulation ?? (await kit.simulate({ pairs }));
  const keys = await keysOf(simulation.account);
  if (!keys.ok) throw new Error(keys.error);
  const io = simulation.io({
    ...(options.now === undefined ? {} : { now: () => options.now ?? 0 }),
    fetch: (signed) => wechatSandbox.handle(options.tamper?.(signed) ?? signed, simulation.world),
  });
  const reply = await sendSigned(keys.value, io, request);
  if (reply.kind === "unknown") throw new Error(reply.error.message);
  const text = new TextDecoder().decode(reply.body);
  const body: Record<string, unknown> = text === "" ? {} : JSON.parse(text);
  return { status: reply.status, headers: reply.headers, body, text };
}

const bodyOf = (simulation: kit.Simulation, changes: Record<string, unknown> = {}) => {
  const prepared = wechat.prepareCharge(kit.orderOf(), simulation.account);
  if (!prepared.ok) throw new Error(prepared.error.message);
  return JSON.stringify({ ...JSON.parse(prepared.value), ...changes });
};

const withHeader = (name: string, value: string | null) => (request: Request) => {
  const headers = new Headers(request.headers);
  if (value === null) headers.delete(name);
  else headers.set(name, value);
  return new Request(request, { headers });
};

const withAuthorization = (change: (header: string) => string) => (request: Request) =>
  withHeader("Authorization", change(request.headers.get("Authorization") ?? ""))(request);

describe("what it refuses", () => {
  it.for([
    ["none at all", () => ""],
    ["another scheme", (h: string) => h.replace("SHA256-RSA2048", "SM2-WITH-SM3")],
    ["blanks after commas", (h: string) => h.replaceAll(",", ", ")],
    ["single quotes", (h: string) => h.replaceAll('"', "'")],
    ["a field twice", (h: string) => `${h},mchid="1900000001"`],
    ["an unknown field", (h: string) => `${h},extra="1"`],
    ["no serial", (h: string) => h.replace(/,serial_no="\w+"/, "")],
    ["an empty nonce", (h: string) => h.replace(/nonce_str="\w+"/, 'nonce_str=""')],
    ["a nonce over 32 characters", (h: string) => h.replace(/(nonce_str="\w+)"/, '$1A"')],
    ["milliseconds", (h: string) => h.replace(/(timestamp="\d+)"/, '$1000"')],
    ["another nonce than signed", (h: string) => h.replace(/nonce_str="\w/, 'nonce_str="z')],
    ["another merchant", (h: string) => h.replace(/mchid="\d+"/, 'mchid="1900000001"')],
    ["another serial", (h: string) => h.replace(/serial_no="\w+"/, `serial_no="${kit.SERIAL}"`)],
    [
      "a signature that is no base64",
      (h: string) => h.replace(/signature="[^"]+"/, 'signature="?"'),
    ],
  ] as const)("Authorization with %s", async ([, change], { expect }) => {
    const simulation = await kit.simulate({ pairs });
    const reply = await sendTo(
      { ...native, body: bodyOf(simulation) },
      { simulation, tamper: withAuthorization(change) },
    );
    expect(reply.status).toBe(401);
    expect(reply.body).toMatchObject({ code: "SIGN_ERROR" });
    expect(reply.headers.get("Wechatpay-Signature")).toBeNull();
    expect(reply.headers.get("Request-ID")).toMatch(/-\d+$/);
  });

  it("a body, path or query that is not what was signed", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const body = bodyOf(simulation);
    const tampered = await sendTo(
      { ...native, body },
      {
        simulation,
        tamper: (request) => new Request(request, { method: "POST", body: `${body} ` }),
      },
    );
    expect(tampered.status).toBe(401);
    const moved = await sendTo(
      { method: "GET", path: "/v3/pay/transactions/out-trade-no/pi_000001?mchid=1" },
      { simulation, tamper: (request) => new Request(`${request.url}&x=1`, request) },
    );
    expect(moved.status).toBe(401);
  });

  it.for([
    [-301, 401],
    [-300, 200],
    [300, 200],
    [301, 401],
  ] as const)("a clock %i s off: %i", async ([offset, status], { expect }) => {
    const simulation = await kit.simulate({ pairs });
    const now = kit.NOW + offset * 1000;
    const reply = await sendTo({ ...native, body: bodyOf(simulation) }, { simulation, now });
    expect(reply.status).toBe(status);
  });

  it.for([
    ["User-Agent", null],
    ["Accept", null],
    ["Accept", "text/html"],
    ["Content-Type", "text/plain"],
  ] as const)("the header %s as %s", async ([name, value], { expect }) => {
    const simulation = await kit.simulate({ pairs });
    const reply = await sendTo(
      { ...native, body: bodyOf(simulation) },
      { simulation, tamper: withHeader(name, value) },
    );
    expect(reply.body).toMatchObject({ code: "INVALID_REQUEST" });
  });

  it.for([
    ["/appid", { appid: undefined }],
    ["/description", { description: "" }],
    ["/description", { description: "x".repeat(128) }],
    ["/description", { description: "😀" }],
    ["/out_trade_no", { out_trade_no: "short" }],
    ["/out_trade_no", { out_trade_no: "x".repeat(33) }],
    ["/out_trade_no", { out_trade_no: "has space" }],
    ["/time_expire", { time_expire: "2026-11-21 08:00:00" }],
    ["/time_expire", { time_expire: "2026-11-21T08:00:00" }],
    ["/notify_url", { notify_url: "https://pay.example/?a=1" }],
    ["/notify_url", { notify_url: "pay.example" }],
    ["/amount/total", { amount: { total: 0, currency: "CNY" } }],
    ["/amount/total", { amount: { total: 6.99, currency: "CNY" } }],
    ["/amount/total", { amount: { total: "699", currency: "CNY" } }],
    ["/amount/currency", { amount: { total: 699, currency: "USD" } }],
    ["/amount", { amount: { total: 699, total_fee: 699 } }],
    ["/", { total_fee: 699 }],
    ["/mchid", { mchid: "1900000001" }],
  ] as const)("the parameter %s in %j", async ([field, changes], { expect }) => {
    const simulation = await kit.simulate({ pairs });
    const reply = await sendTo({ ...native, body: bodyOf(simulation, changes) }, { simulation });
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ code: "PARAM_ERROR", detail: { field, location: "body" } });
  });

  it("a body that is not JSON, another appid, an unknown platform key", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const broken = await sendTo({ ...native, body: "{" }, { simulation });
    expect(broken.body).toMatchObject({ code: "PARAM_ERROR" });
    const appid = await sendTo(
      { ...native, body: bodyOf(simulation, { appid: "wx0000000000000000" }) },
      { simulation },
    );
    expect(appid.body).toMatchObject({ code: "APPID_MCHID_NOT_MATCH" });
    const platformKeyId = "PUB_KEY_ID_404";
    const key = await sendTo(
      { ...native, body: bodyOf(simulation), platformKeyId },
      { simulation },
    );
    expect(key.body).toMatchObject({ code: "PARAM_ERROR", detail: { location: "header" } });
  });

  it("queries and closes for another merchant", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const path = "/v3/pay/transactions/out-trade-no/pi_000001";
    for (const request of [
      { method: "GET", path },
      { method: "GET", path: `${path}?mchid=1900000001` },
      { method: "POST", path: `${path}/close`, body: '{"mchid":"1900000001"}' },
      { method: "POST", path: `${path}/close`, body: "{}" },
    ] as const) {
      expect((await sendTo(request, { simulation })).body).toMatchObject({ code: "PARAM_ERROR" });
    }
  });

  it("unknown paths and methods, with an empty body", async ({ expect }) => {
    const missing = await sendTo({ method: "GET", path: "/v3/pay/transactions/nothing" });
    expect([missing.status, missing.text]).toEqual([404, ""]);
    const method = await sendTo({ method: "GET", path: "/v3/pay/transactions/native" });
    expect([method.status, method.text]).toEqual([405, ""]);
  });

  it("an echo without a platform key, or with a text that was encrypted to another", async ({
    expect,
  }) => {
    const simulation = await kit.simulate({ pairs });
    const echo = { method: "POST", path: "/v3/security/echo" } as const;
    const unnamed = await sendTo(
      { ...echo, body: '{"echo_message":"x"}' },
      { simulation, tamper: withHeader("Wechatpay-Serial", null) },
    );
    expect(unnamed.body).toMatchObject({ code: "PARAM_ERROR" });
    const body = JSON.stringify({ echo_message: "x", encrypted_echo_message: "AAAA" });
    const garbled = await sendTo({ ...echo, body }, { simulation });
    expect(garbled.body).toMatchObject({ detail: { field: "/encrypted_echo_message" } });
  });

  it("nothing of a good request, and signs the reply with the key it was asked for", async ({
    expect,
  }) => {
    const simulation = await kit.simulate({ pairs });
    const spki = readPublicKey(pairs[1].publicPem);
    const key = await importVerifyingKey(spki.ok ? spki.value : new Uint8Array());
    const certificate = await platformCertificate(simulation.keys);
    for (const [tamper, wanted] of [
      [undefined, /^PUB_KEY_ID_\d{40}$/],
      [withHeader("Wechatpay-Serial", null), new RegExp(`^${certificate.serial}$`)],
    ] as const) {
      const reply = await sendTo(
        { ...native, body: bodyOf(simulation) },
        { simulation, ...(tamper === undefined ? {} : { tamper }) },
      );
      expect(reply.status).toBe(200);
      expect(reply.headers.get("Wechatpay-Serial")).toMatch(wanted);
      const check = await checkSignature(
        reply.headers,
        new TextEncoder().encode(reply.text),
        () => Promise.resolve(key),
        kit.NOW,
      );
      expect(check).toBe("valid");
    }
  });
});
