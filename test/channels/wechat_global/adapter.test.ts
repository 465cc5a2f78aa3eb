/** WeChat Pay's global API: where it differs from the mainland's, and what it does not believe. */
import { beforeAll, describe, it } from "vitest";
import * as z from "zod";

import type { ChannelAccount, ChargeOrder, RefundOrder } from "../../../src/channels/adapter.ts";
import { checkOrder } from "../../../src/channels/check-order.ts";
import { errorRow, normaliseCode } from "../../../src/channels/wechat/error-table.ts";
import {
  WECHAT_GLOBAL_ENDPOINTS,
  wechatGlobal,
} from "../../../src/channels/wechat_global/adapter.ts";
import { GLOBAL_REFUND_STATES } from "../../../src/channels/wechat_global/dialect.ts";
import { gcmEncrypt } from "../../../src/crypto/aes-gcm.ts";
import { ERRORS } from "../../../src/errors.ts";
import documented from "../../vectors/wechat-pay-errors.json";
import { refundOrder, sentOrder } from "../kit.ts";
import * as kit from "../wechat/kit.ts";

let merchant: kit.Pair;
let platform: kit.Pair;
let stranger: kit.Pair;
let direct: ChannelAccount;
let partner: ChannelAccount;

const MCC = { merchant_category_code: "4111" };

beforeAll(async () => {
  [merchant, platform, stranger] = [await kit.newPair(), await kit.newPair(), await kit.newPair()];
  direct = {
    ...kit.accountOf(kit.credentialsOf(merchant, platform, MCC)),
    channel: "wechat_global",
  };
  partner = {
    ...kit.partnerAccountOf(kit.partnerCredentialsOf(merchant, platform, MCC)),
    channel: "wechat_global",
  };
});

const HKD = { currency: "HKD", value: 699 };
const HOST = "https://apihk.mch.weixin.qq.com";

const io = (answer: kit.Answerer) => kit.fakeIo(answer, { endpoints: WECHAT_GLOBAL_ENDPOINTS });
const reply = (body: unknown, changes: Parameters<typeof kit.signedReply>[2] = {}) =>
  kit.signedReply(platform, body, changes);

async function charge(account: ChannelAccount, changes: Partial<ChargeOrder>, answer: unknown) {
  const order = kit.orderOf({ amount: HKD, ...changes });
  const payload = wechatGlobal.prepareCharge(order, account);
  if (!payload.ok) throw new Error(payload.error.message);
  const gateway = io(() => reply(answer));
  const outcome = await wechatGlobal.createCharge(payload.value, order, account, gateway);
  return { order, payload: payload.value, outcome, url: gateway.sent[0]?.request.url };
}

/** A paid transaction as it is given abroad. */
const tradeOf = (changes: Record<string, unknown> = {}) => ({
  id: "4200000000202611210000000009",
  appid: kit.APPID,
  mchid: kit.MCHID,
  out_trade_no: "pi_1",
  trade_type: "NATIVE",
  trade_state: "SUCCESS",
  trade_state_desc: "OK",
  bank_type: "OTHERS",
  success_time: "2026-11-21T07:59:30+08:00",
  payer: { openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
  amount: {
    total: 699,
    currency: "HKD",
    payer_total: 640,
    payer_currency: "CNY",
    exchange_rate: { type: "SETTLEMENT_RATE", rate: 91560000 },
  },
  ...changes,
});

describe("orders", () => {
  it("write the documented text, with the kind of trade and the line of business", async ({
    expect,
  }) => {
    const { order, payload, url, outcome } = await charge(direct, {}, { code_url: "weixin://x" });
    expect(payload).toBe(
      `{"appid":"${kit.APPID}","mchid":"${kit.MCHID}","description":"AI summary",` +
        `"out_trade_no":"${order.paymentId}","time_expire":"2026-11-21T08:15:00+08:00",` +
        `"notify_url":"https://pay.example/v1/callbacks/wechat/ca_1","trade_type":"NATIVE",` +
        `"merchant_category_code":"4111","amount":{"total":699,"currency":"HKD"}}`,
    );
    expect(url).toBe(`${HOST}/v3/global/transactions/native`);
    expect(outcome).toMatchObject({ value: { action: { type: "show_qr", data: "weixin://x" } } });
  });

  it.for([
    ["jsapi", "jsapi", "JSAPI", { payer: { openid: "o1" } }, { prepay_id: "wx1" }],
    ["app", "app", "APP", {}, { prepay_id: "wx1" }],
    [
      "wap",
      "mweb",
      "MWEB",
      { payer: { client_ip: "203.0.113.7" } },
      { mweb_url: "https://w/?a=1" },
    ],
    ["wap", "mweb", "MWEB", { payer: { client_ip: "203.0.113.7" } }, { h5_url: "https://w/?a=1" }],
  ] as const)("by %s go to %s as %s", async ([method, last, type, changes, answer], { expect }) => {
    for (const account of [direct, partner]) {
      const { payload, url, outcome } = await charge(account, { method, ...changes }, answer);
      expect(url).toBe(`${HOST}/v3/global/transactions/${last}`);
      expect(JSON.parse(payload)).toMatchObject({ trade_type: type });
      expect(outcome.kind).toBe("ok");
    }
  });

  it("of an institution carry its numbers and the sub-merchant's, and the app its own", async ({
    expect,
  }) => {
    const { payload, outcome } = await charge(partner, { method: "app" }, { prepay_id: "wx1" });
    expect(JSON.parse(payload)).toMatchObject({
      sp_appid: kit.APPID,
      sp_mchid: kit.MCHID,
      sub_mchid: kit.SUB_MCHID,
    });
    expect(outcome).toMatchObject({
      value: { action: { sdk: "wechat_app", params: { appid: kit.APPID, partnerid: kit.MCHID } } },
    });
  });

  it("take the currencies of contracts abroad, and no option that is not documented", ({
    expect,
  }) => {
    const check = (changes: Partial<ChargeOrder>) =>
      checkOrder(kit.orderOf({ amount: HKD, ...changes }), wechatGlobal.info);
    expect(check({})).toBeNull();
    expect(check({ amount: { currency: "JPY", value: 1 } })).toBeNull();
    expect(check({ amount: { currency: "VND", value: 1 } })?.code).toBe("CURRENCY_UNSUPPORTED");
    expect(check({ profitSharing: true })?.code).toBe("INVALID_REQUEST");
    expect(check({ method: "barcode" })?.code).toBe("METHOD_UNSUPPORTED");
  });
});

describe("queries", () => {
  const ask = async (answer: () => Response | Promise<Response>, account = direct) => {
    const gateway = io(answer);
    const outcome = await wechatGlobal.queryPayment(sentOrder("pi_1"), account, gateway);
    return { outcome, url: gateway.sent[0]?.request.url };
  };

  it("find the transaction's number under id, and the order's amount", async ({ expect }) => {
    const { outcome, url } = await ask(() => reply(tradeOf()));
    expect(url).toBe(`${HOST}/v3/global/transactions/out-trade-no/pi_1?mchid=${kit.MCHID}`);
    expect(outcome).toEqual({
      kind: "ok",
      value: {
        paymentId: "pi_1",
        state: "paid",
        amount: HKD,
        channelTransactionId: "4200000000202611210000000009",
        paidAt: Date.UTC(2026, 10, 20, 23, 59, 30),
        channelStatus: "SUCCESS",
      },
    });
    const named = tradeOf({ id: undefined, transaction_id: "42" });
    expect((await ask(() => reply(named))).outcome).toMatchObject({
      value: { channelTransactionId: "42" },
    });
  });

  it("of an institution name both", async ({ expect }) => {
    const ids = {
      appid: undefined,
      mchid: undefined,
      sp_appid: kit.APPID,
      sp_mchid: kit.MCHID,
      sub_mchid: kit.SUB_MCHID,
    };
    const { outcome, url } = await ask(() => reply(tradeOf(ids)), partner);
    expect(outcome.kind).toBe("ok");
    expect(url).toContain(`?sp_mchid=${kit.MCHID}&sub_mchid=${kit.SUB_MCHID}`);
    expect((await ask(() => reply(tradeOf()), partner)).outcome.kind).toBe("unknown");
    expect((await ask(() => reply(tradeOf(ids)))).outcome.kind).toBe("unknown");
  });

  it.for([
    ["paid without a currency", { amount: { total: 699 } }],
    ["paid without an amount", { amount: undefined }],
    ["paid without a number", { id: undefined }],
    ["of another merchant", { mchid: "1900000002" }],
    ["of another order", { out_trade_no: "pi_2" }],
    ["in a state nobody documented", { trade_state: "MAYBE" }],
  ] as const)("do not believe a reply %s", async ([, changes], { expect }) => {
    expect((await ask(() => reply(tradeOf(changes)))).outcome.kind).toBe("unknown");
  });

  it("do not believe an unsigned reply, nor a stranger's", async ({ expect }) => {
    expect((await ask(() => Response.json(tradeOf()))).outcome.kind).toBe("unknown");
    expect((await ask(() => kit.signedReply(stranger, tradeOf()))).outcome.kind).toBe("unknown");
  });

  it("report an unknown order as absent, and a close as closed", async ({ expect }) => {
    const absent = await ask(() => kit.errorReply(404, "ORDERNOTEXIST"));
    expect(absent.outcome).toMatchObject({ value: { state: "absent" } });
    const gateway = io(() => reply(null));
    expect(await wechatGlobal.closePayment(sentOrder("pi_1"), direct, gateway)).toMatchObject({
      value: { state: "closed" },
    });
    expect(gateway.sent[0]?.request.url).toBe(
      `${HOST}/v3/global/transactions/out-trade-no/pi_1/close`,
    );
  });
});

const desk = wechatGlobal.refunds;
if (desk === undefined) throw new Error("WeChat Pay refunds");

const refundOf = (): RefundOrder => refundOrder(sentOrder(kit.newPaymentId(), { amount: HKD }));

describe("refunds", () => {
  const answerTo = ({ refundId, payment }: RefundOrder, changes: Record<string, unknown> = {}) => ({
    id: "50300000382026112100000000009",
    out_refund_no: refundId,
    out_trade_no: payment.paymentId,
    transaction_id: "4200000000202611210000000009",
    status: "SUCCESS",
    success_time: "2026-11-21T08:01:05+08:00",
    amount: { refund: 300, currency: "HKD", payer_refund: 275, payer_currency: "CNY" },
    ...changes,
  });

  it("carry the merchant's numbers, and are taken without a word about their state", async ({
    expect,
  }) => {
    const order = refundOf();
    const payload = desk.prepare(order, direct);
    if (!payload.ok) throw new Error(payload.error.message);
    expect(JSON.parse(payload.value)).toEqual({
      appid: kit.APPID,
      mchid: kit.MCHID,
      out_trade_no: order.payment.paymentId,
      out_refund_no: order.refundId,
      reason: "size does not fit",
      notify_url: order.notifyUrl,
      amount: { refund: 300, total: 699, currency: "HKD" },
    });
    const taken = {
      id: "50300000382026112100000000009",
      out_refund_no: order.refundId,
      create_time: "2026-11-21T08:01:00+08:00",
      amount: { refund: 300, currency: "HKD", payer_refund: 275, payer_currency: "CNY" },
    };
    const gateway = io(() => reply(taken));
    expect(await desk.create(payload.value, order, direct, gateway)).toEqual({
      kind: "ok",
      value: {
        refundId: order.refundId,
        state: "processing",
        amount: { currency: "HKD", value: 300 },
        channelRefundId: "50300000382026112100000000009",
        refundedAt: null,
        channelStatus: "PROCESSING",
      },
    });
    expect(gateway.sent[0]?.request.url).toBe(`${HOST}/v3/global/refunds`);
    const other = io(() => reply({ ...taken, out_refund_no: "re_2" }));
    expect((await desk.create(payload.value, order, direct, other)).kind).toBe("unknown");
  });

  it.for(Object.entries(GLOBAL_REFUND_STATES))(
    "are %s: %s",
    async ([status, state], { expect }) => {
      const order = refundOf();
      const gateway = io(() => reply(answerTo(order, { status })));
      expect(await desk.query(order, direct, gateway)).toMatchObject({
        kind: "ok",
        value: { state, amount: { currency: "HKD", value: 300 }, channelStatus: status },
      });
      expect(gateway.sent[0]?.request.url).toBe(
        `${HOST}/v3/global/refunds/out-refund-no/${order.refundId}?mchid=${kit.MCHID}`,
      );
    },
  );

  it("know a closed refund by both of its words", ({ expect }) => {
    expect(GLOBAL_REFUND_STATES).toMatchObject({ REFUNDCLOSE: "failed", CLOSED: "failed" });
  });

  it.for([
    ["about another order", { out_trade_no: "pi_2" }],
    ["about another refund", { out_refund_no: "re_2" }],
    ["about an order of another amount", { amount: { refund: 300, total: 700, currency: "HKD" } }],
    ["without a state", { status: undefined }],
    ["without a number", { id: undefined }],
  ] as const)("do not believe a reply %s", async ([, changes], { expect }) => {
    const order = refundOf();
    const gateway = io(() => reply(answerTo(order, changes)));
    expect((await desk.query(order, direct, gateway)).kind).toBe("unknown");
  });

  it.for(documented.global_refunds.codes)(
    "that end with %s are asked for again",
    async (code, { expect }) => {
      const order = refundOf();
      const outcome = await desk.create(
        "{}",
        order,
        direct,
        io(() => kit.errorReply(400, code)),
      );
      expect(outcome).toMatchObject({ kind: "unknown", error: { channelCode: code } });
    },
  );

  it.for([
    ["refund_id", "refund_status", "SUCCESS", "succeeded"],
    ["id", "status", "REFUNDCLOSE", "failed"],
    ["refund_id", "refund_status", "ABNORMAL", "processing"],
  ] as const)("are told by %s and %s: %s", async ([number, word, status, state], { expect }) => {
    const order = refundOf();
    const { id, status: _status, ...rest } = answerTo(order);
    const callback = await kit.callbackOf(
      platform,
      { mchid: kit.MCHID, ...rest, [number]: id, [word]: status },
      { sealedWith: "refund", resource: { original_type: "refund", associated_data: "refund" } },
    );
    expect(
      await wechatGlobal.verifyCallback(
        callback,
        direct,
        io(() => new Response()),
      ),
    ).toMatchObject({
      kind: "reports",
      refunds: [{ refundId: order.refundId, state, amount: { currency: "HKD", value: 300 } }],
    });
  });

  it("are not told by a notification that says neither number nor state", async ({ expect }) => {
    const order = refundOf();
    const { id: _id, status: _status, ...rest } = answerTo(order);
    const callback = await kit.callbackOf(
      platform,
      { mchid: kit.MCHID, ...rest },
      { sealedWith: "refund", resource: { original_type: "refund", associated_data: "refund" } },
    );
    expect(
      await wechatGlobal.verifyCallback(
        callback,
        direct,
        io(() => new Response()),
      ),
    ).toEqual({
      kind: "refused",
      reason: "refund_malformed",
    });
  });
});

describe("notifications of payments", () => {
  it("are believed with the currency they name, and refused without one", async ({ expect }) => {
    const verify = async (changes: Record<string, unknown>) =>
      wechatGlobal.verifyCallback(
        await kit.callbackOf(platform, tradeOf(changes)),
        direct,
        io(() => new Response()),
      );
    expect(await verify({})).toMatchObject({ kind: "reports", reports: [{ amount: HKD }] });
    expect(await verify({ amount: { total: 699 } })).toEqual({
      kind: "refused",
      reason: "incomplete_success",
    });
    expect(await verify({ mchid: "1900000002" })).toEqual({
      kind: "refused",
      reason: "other_merchant",
    });
  });
});

describe("accounts", () => {
  const examine = (mode: string, credentials: Record<string, unknown>) =>
    wechatGlobal.modes[mode]?.examine(credentials, kit.NOW);

  it("need the line of business beside the mainland's members", async ({ expect }) => {
    const good = kit.credentialsOf(merchant, platform, MCC);
    expect(await examine("direct", good)).toMatchObject({
      ok: true,
      value: { merchantAccount: kit.MCHID },
    });
    expect(await examine("direct", kit.credentialsOf(merchant, platform))).toMatchObject({
      ok: false,
      error: [{ path: "merchant_category_code" }],
    });
    expect(await examine("direct", { ...good, merchant_category_code: "shop" })).toMatchObject({
      ok: false,
    });
    expect(
      await examine("service_provider", kit.partnerCredentialsOf(merchant, platform, MCC)),
    ).toMatchObject({ ok: true, value: { merchantAccount: kit.SUB_MCHID } });
    expect(await examine("direct", { ...good, sp_mchid: kit.MCHID })).toMatchObject({
      ok: false,
      error: [{ path: "sp_mchid", message: expect.stringContaining("service_provider") }],
    });
    const schema = z.toJSONSchema(wechatGlobal.modes["direct"]?.credentials ?? z.object());
    expect(schema.required).toContain("merchant_category_code");
  });

  it("are checked with the list of certificates, which have a path of their own", async ({
    expect,
  }) => {
    const serial = "5A09";
    const legacy = {
      ...kit.accountOf(kit.credentialsOf(merchant, platform, { ...MCC, platform_keys: [] })),
      channel: "wechat_global",
    };
    const pem = await kit.certificateOf(platform, serial);
    const encrypt_certificate = {
      algorithm: "AEAD_AES_256_GCM",
      nonce: "uluk4a9R25RW",
      associated_data: "certificate",
      ciphertext: await gcmEncrypt(kit.API_V3_KEY, "uluk4a9R25RW", "certificate", pem),
    };
    const list = { data: [{ serial_no: serial, encrypt_certificate }] };
    const gateway = io(() => reply(list, { serial }));
    expect(await wechatGlobal.selfCheck(legacy, gateway)).toMatchObject({ kind: "ok" });
    expect(gateway.sent.map(({ request }) => request.url)).toEqual([
      `${HOST}/v3/global/certificates`,
      `${HOST}/v3/global/certificates`,
    ]);
    const absent = () => kit.errorReply(404, "RESOURCE_NOT_EXISTS");
    expect(await wechatGlobal.selfCheck(direct, io(absent))).toMatchObject({ kind: "ok" });
    expect(await wechatGlobal.selfCheck(legacy, io(absent))).toMatchObject({ kind: "rejected" });
    const wrong = () => kit.errorReply(401, "SIGN_ERROR");
    expect(await wechatGlobal.selfCheck(direct, io(wrong))).toMatchObject({ kind: "rejected" });
    const unsigned = () => Response.json(list);
    expect(await wechatGlobal.selfCheck(direct, io(unsigned))).toMatchObject({ kind: "unknown" });
  });
});

it("the error table holds the mainland's codes and those of refunds abroad, each once", ({
  expect,
}) => {
  const codes = wechatGlobal.errors.map(({ channelCode }) => normaliseCode(channelCode));
  expect(new Set(codes).size).toBe(codes.length);
  for (const code of [
    ...documented.codes.map((entry) => entry.code),
    ...documented.global_refunds.codes,
  ]) {
    expect(codes, code).toContain(normaliseCode(code));
    const { outcome, code: ours } = errorRow(code, 400);
    expect(ERRORS[ours].outcome, code).toBe(outcome === "unknown" ? "unknown" : "none");
  }
});
