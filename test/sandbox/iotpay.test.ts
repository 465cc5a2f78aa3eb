/**
 * The simulated IOTPay by itself: requests are made here by hand, as its manual describes them, so
 * that it is not only tested with the adapter it is meant to test.
 */
import { describe, it } from "vitest";

import {
  merchantIdOf,
  orderNumberOf,
  payOrderId,
} from "../../src/channels/iotpay/sandbox/identity.ts";
import { iotpaySandbox } from "../../src/channels/iotpay/sandbox/channel.ts";
import { randomId } from "../../src/ids.ts";
import { NOW } from "../channels/kit.ts";
import { NOTIFY_URL, signByHand, simulation } from "../channels/iotpay/kit.ts";

type Sim = Awaited<ReturnType<typeof simulation>>;
type Fields = Record<string, string | number | undefined>;

const HOST = "https://iotpay.sandbox.invalid/v1";

const post = (sim: Sim, path: string, body: string) =>
  sim.fetch(new Request(`${HOST}/${path}`, { method: "POST", body }));

async function call(sim: Sim, path: string, fields: Fields, sign?: string) {
  const own = { mchId: sim.own.mch_id as string, ...fields };
  const sent = Object.fromEntries(
    Object.entries(own).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const params = { ...sent, sign: sign ?? signByHand(sent, sim.own.merchant_key as string) };
  const body = `params=${encodeURIComponent(JSON.stringify(params))}`;
  const reply = await post(sim, path, body);
  return (await reply.json()) as Record<string, unknown>;
}

const orderFields = (changes: Fields = {}): Fields => ({
  mchOrderNo: randomId("paymentIntent"),
  jobNo: "till",
  channelId: "WX_NATIVE",
  currency: "CAD",
  amount: 2856,
  clientIp: "203.0.113.9",
  device: "WEB",
  notifyUrl: NOTIFY_URL,
  subject: "Tea",
  body: "A cup of tea",
  extra: '{"productId":"1"}',
  ...changes,
});

const create = (sim: Sim, changes: Fields = {}) => call(sim, "create_order", orderFields(changes));

describe("who may call, and how", () => {
  it("takes POST with one field, and says what is wrong otherwise", async ({ expect }) => {
    const sim = await simulation();
    const code = async (reply: Promise<Response>) =>
      ((await (await reply).json()) as Record<string, unknown>)["errCode"];
    expect(await code(sim.fetch(new Request(`${HOST}/query_order`)))).toBe("0011");
    expect(await code(post(sim, "query_order", ""))).toBe("0012");
    expect(await code(post(sim, "query_order", "params=x"))).toBe("0014");
    expect(await code(post(sim, "query_order", "params=[1]"))).toBe("0014");
    expect((await post(sim, "unheard_of", "params={}")).status).toBe(404);
  });

  it("knows its merchants and their keys", async ({ expect }) => {
    const sim = await simulation();
    const query = { mchOrderNo: "pi_1" };
    expect(await call(sim, "query_order", query)).toMatchObject({ errCode: "0112" });
    expect(await call(sim, "query_order", query, "0".repeat(32))).toMatchObject({
      errCode: "0013",
    });
    const mistyped = String(sim.own.mch_id).replace(/.$/, (last) =>
      String((Number(last) + 1) % 10),
    );
    for (const mchId of [mistyped, "10000701", ""]) {
      expect(await call(sim, "query_order", { ...query, mchId })).toMatchObject({
        errCode: "0015",
      });
    }
    // What was signed is what was sent: a changed field is noticed.
    const signed = orderFields();
    const sign = signByHand(
      Object.assign({ mchId: String(sim.own["mch_id"]) }, signed) as Record<string, string>,
      sim.own.merchant_key as string,
    );
    expect(await call(sim, "create_order", { ...signed, amount: 1 }, sign)).toMatchObject({
      errCode: "0013",
    });
  });

  it("gives each account a number and a key of its own", async ({ expect }) => {
    const { keys } = await simulation();
    const [one, other] = ["ca_1", "ca_2"].map((id) => iotpaySandbox.credentials(keys, id));
    expect(one?.mch_id).not.toBe(other?.mch_id);
    expect(one?.merchant_key).not.toBe(other?.merchant_key);
    expect(merchantIdOf("ca_1")).toBe(one?.mch_id);
    expect(iotpaySandbox.credentials(keys, "ca_1")).toEqual(one);
    const elsewhere = { ...keys, symmetricKey: "another deployment's symmetric k" };
    expect(iotpaySandbox.credentials(elsewhere, "ca_1").merchant_key).not.toBe(one?.merchant_key);
  });

  it("registers what a merchant's own account shares with it", async ({ expect }) => {
    expect(await iotpaySandbox.registration({ mch_id: "1", merchant_key: "k" })).toEqual({
      merchant: "1",
      entry: { publicKeys: {}, symmetricKey: null, secrets: { merchant_key: "k" } },
    });
    expect(await iotpaySandbox.registration({ mch_id: "1" })).toBeNull();
    expect(await iotpaySandbox.platformCertificate((await simulation()).keys)).toBeNull();
  });
});

describe("orders", () => {
  it.for([
    ["mchOrderNo", { mchOrderNo: "x".repeat(31) }],
    ["jobNo", { jobNo: undefined }],
    ["amount", { amount: "2856" }],
    ["amount", { amount: 0 }],
    ["amount", { amount: 28.56 }],
    ["clientIp", { clientIp: "2001:0db8:0000:0000:0000:0000:0000:0001" }],
    ["notifyUrl", { notifyUrl: undefined }],
    ["subject", { subject: "x".repeat(65) }],
    ["body", { body: "" }],
    ["channelId", { channelId: "UNIONPAY_QR" }],
    ["channelId", { channelId: "constructor" }],
    ["currency", { currency: "EUR" }],
    ["currency", { channelId: "UPI_QR", currency: "USD" }],
    ["currency", { channelId: "ALIPAY_QR", currency: "CNY" }],
    ["extra", { extra: undefined }],
    ["extra", { extra: "{" }],
    ["extra", { channelId: "WX_APP", extra: '{"type":"apppay"}' }],
    ["extra", { channelId: "WX_JSAPI", extra: undefined }],
    ["osType", { channelId: "ALIPAY_MOBILE", returnUrl: "https://shop.example/" }],
    ["osType", { channelId: "ALIPAY_WAP", returnUrl: "https://shop.example/", osType: "ios" }],
    ["returnUrl", { channelId: "ALIPAY_PC" }],
    ["returnUrl", { channelId: "UPI_SEQ" }],
    ["deviceId", { channelId: "WX_MICROPAY", identityCode: "1", codeType: "barcode" }],
    ["identityCode", { channelId: "ALIPAY_MICROPAY", deviceId: "1", codeType: "barcode" }],
    ["codeType", { channelId: "UPI_MICROPAY", deviceId: "1", identityCode: "1", codeType: "qr" }],
  ] as const)("refuse a wrong %s", async ([name, changes], { expect }) => {
    const sim = await simulation();
    expect(await create(sim, changes)).toMatchObject({
      retCode: "FAIL",
      errCode: "0014",
      errCodeDes: `parameter error: ${name}`,
    });
    expect(sim.rows.size).toBe(0);
  });

  it("give a code, signed, and the same code for the same order", async ({ expect }) => {
    const sim = await simulation();
    const fields = orderFields();
    const first = await call(sim, "create_order", fields);
    expect(first).toMatchObject({
      retCode: "SUCCESS",
      resCode: "SUCCESS",
      mchOrderNo: fields["mchOrderNo"],
      payOrderId: `W0${String(fields["mchOrderNo"])}`,
    });
    expect(first["codeUrl"]).toMatch(/^weixin:\/\/wxpay\/bizpayurl\?pr=/);
    const { sign, ...members } = first;
    expect(sign).toBe(
      signByHand(members as Record<string, string>, sim.own.merchant_key as string),
    );
    expect(await call(sim, "create_order", fields)).toEqual(first);
    expect(await call(sim, "create_order", { ...fields, amount: 1 })).toMatchObject({
      errCode: "0014",
    });
    sim.become(String(fields["mchOrderNo"]), "paid");
    expect(await call(sim, "create_order", fields)).toMatchObject({
      retCode: "SUCCESS",
      resCode: "FAIL",
      errCode: "0113",
    });
  });

  it("leave nested data out of the signature", async ({ expect }) => {
    const sim = await simulation();
    const { sign, ...members } = await create(sim, {
      channelId: "ALIPAY_PC",
      returnUrl: "https://shop.example/",
      extra: undefined,
    });
    expect(members["retParams"]).toMatchObject({
      url: expect.stringContaining("/sandbox/wallet/"),
    });
    const { retParams: _p, payParams: _q, retDetail: _r, ...plain } = members;
    expect(sign).toBe(signByHand(plain as Record<string, string>, sim.own.merchant_key as string));
  });

  it("change their form with the date", async ({ expect }) => {
    const mobile = {
      channelId: "ALIPAY_MOBILE",
      osType: "IOS",
      returnUrl: "https://shop.example/",
      extra: undefined,
    };
    const before = await create(await simulation({ shape: "before_2026_03" }), mobile);
    expect(before["retParams"]).toMatch(/^service="mobile\.securitypay\.pay"/);
    expect(before["payParams"]).toBe(before["retParams"]);
    const since = await create(await simulation(), mobile);
    expect(since["retParams"]).toMatchObject({ schemeUrl: since["payParams"] });
  });

  it("inside WeChat answer with a page alone, and take no other channel id", async ({ expect }) => {
    const sim = await simulation();
    const fields = orderFields({
      channelId: "WX_JSAPI",
      returnUrl: "https://shop.example/",
      extra: undefined,
    });
    const reply = await call(sim, "payForSubmit", fields);
    expect(reply).toMatchObject({ retCode: "SUCCESS", url: expect.stringContaining("pi_") });
    expect(reply).not.toHaveProperty("resCode");
    expect(await call(sim, "payForSubmit", orderFields())).toMatchObject({ errCode: "0014" });
  });

  it("by a scanned code are paid, refused or waiting, by its last digits", async ({ expect }) => {
    const sim = await simulation();
    const scan = async (identityCode: string) => {
      const fields = orderFields({
        channelId: "WX_MICROPAY",
        deviceId: "till",
        codeType: "barcode",
        identityCode,
      });
      const reply = await call(sim, "create_order", fields);
      const found = await call(sim, "query_order", { mchOrderNo: fields["mchOrderNo"] });
      return [reply["resCode"], found["status"] ?? found["errCode"]];
    };
    expect(await scan("130000000000000100")).toEqual(["SUCCESS", 2]);
    expect(await scan("130000000000000199")).toEqual(["FAIL", "0112"]);
    expect(await scan("130000000000000101")).toEqual(["SUCCESS", 0]);
  });
});

describe("queries", () => {
  it("find an order by either number, and nothing by a wrong one", async ({ expect }) => {
    const sim = await simulation();
    const fields = orderFields({ param1: "one" });
    const number = String(fields["mchOrderNo"]);
    await call(sim, "create_order", fields);
    for (const asked of [{ mchOrderNo: number }, { payOrderId: `W0${number}` }]) {
      expect(await call(sim, "query_order", asked)).toMatchObject({
        resCode: "SUCCESS",
        mchOrderNo: number,
        currency: "CAD",
        amount: 2856,
        status: 0,
        subject: "Tea",
        param1: "one",
        notifyUrl: NOTIFY_URL,
      });
    }
    for (const asked of [
      {},
      { mchOrderNo: "pi_other" },
      { payOrderId: `A0${number}` },
      { payOrderId: number },
      { payOrderId: 17 },
    ]) {
      expect(await call(sim, "query_order", asked)).toMatchObject({ errCode: "0112" });
    }
  });

  it("say every state", async ({ expect }) => {
    const sim = await simulation();
    const fields = orderFields();
    const number = String(fields["mchOrderNo"]);
    await call(sim, "create_order", fields);
    for (const [state, status] of [
      ["scanned", 1],
      ["closed", 4],
      ["paid", 2],
    ] as const) {
      sim.become(number, state);
      expect(await call(sim, "query_order", { mchOrderNo: number })).toMatchObject({ status });
    }
    expect(await call(sim, "query_order", { mchOrderNo: number })).toMatchObject({
      paySuccTime: NOW,
    });
  });
});

describe("refunds", () => {
  const paidOrder = async (sim: Sim) => {
    const fields = orderFields();
    await call(sim, "create_order", fields);
    sim.become(String(fields["mchOrderNo"]), "paid");
    return `W0${String(fields["mchOrderNo"])}`;
  };
  const refund = (sim: Sim, number: string, changes: Fields = {}) =>
    call(sim, "refund_order", {
      mchRefundNo: "re1",
      payOrderId: number,
      refundAmount: 1_000,
      clientIp: "127.0.0.1",
      loginName: "till",
      ...changes,
    });

  it("are booked once under a number", async ({ expect }) => {
    const sim = await simulation();
    const number = await paidOrder(sim);
    const first = await refund(sim, number);
    expect(first).toMatchObject({ resCode: "SUCCESS", mchRefundNo: "re1", refundAmount: 1_000 });
    expect(await refund(sim, number, { currency: "CAD" })).toMatchObject({ resCode: "SUCCESS" });
    expect(await refund(sim, number, { refundAmount: 999 })).toMatchObject({ resCode: "FAIL" });
    expect(await refund(sim, number, { mchRefundNo: "re2", refundAmount: 1_857 })).toMatchObject({
      errCode: "REFUND_REFUSED",
    });
    expect(await refund(sim, number, { mchRefundNo: "re2", refundAmount: 1_856 })).toMatchObject({
      resCode: "SUCCESS",
    });
    expect(sim.find(number.slice(2))?.refunds.map(({ value }) => value)).toEqual([1_000, 1_856]);
  });

  it.for([
    ["0112", { payOrderId: "W0pi_none" }],
    ["0112", { payOrderId: "nonsense" }],
    ["0014", { loginName: undefined }],
    ["0014", { mchRefundNo: "x".repeat(31) }],
    ["0014", { refundAmount: 0 }],
    ["0014", { refundAmount: "1000" }],
    ["0014", { currency: "USD" }],
  ] as const)("are refused with %s", async ([errCode, changes], { expect }) => {
    const sim = await simulation();
    expect(await refund(sim, await paidOrder(sim), changes)).toMatchObject({ errCode });
  });

  it("of an unpaid order are refused", async ({ expect }) => {
    const sim = await simulation();
    const fields = orderFields();
    await call(sim, "create_order", fields);
    expect(await refund(sim, `W0${String(fields["mchOrderNo"])}`)).toMatchObject({
      errCode: "ORDER_NOT_PAID",
    });
  });

  it("can be asked for, under the path that an account may name", async ({ expect }) => {
    const sim = await simulation();
    const number = await paidOrder(sim);
    const ask = () => call(sim, "query_refund", { payOrderId: number, mchRefundNo: "re1" });
    expect(await ask()).toMatchObject({ errCode: "0112" });
    await refund(sim, number);
    expect(await ask()).toMatchObject({ resCode: "SUCCESS", status: 2, refundAmount: 1_000 });
  });
});

describe("trouble", () => {
  it("looks like IOTPay's own, and loses only the signature", async ({ expect }) => {
    expect(await iotpaySandbox.serverError().json()).toMatchObject({ errCode: "0010" });
    const reply = Response.json({ retCode: "SUCCESS", codeUrl: "weixin://x", sign: "ABC" });
    expect(await (await iotpaySandbox.unsigned(reply)).json()).toEqual({
      retCode: "SUCCESS",
      codeUrl: "weixin://x",
    });
  });

  it("hides the merchant's number in its own, both ways", ({ expect }) => {
    for (const channelId of ["WX_APP", "ALIPAY_QR", "UPI_SEQ"]) {
      expect(orderNumberOf(payOrderId(channelId, "pi_1"))).toBe("pi_1");
    }
    expect(orderNumberOf("pi_1")).toBeNull();
  });
});
