/**
 * Whole lives of payments between the adapter and the simulated WeChat Pay, for every method in both
 * modes, refunds included; and what the simulated channel refuses on those paths.
 */
import { beforeAll, describe, it } from "vitest";

import type { ChargeOrder, RefundOrder, RefundReport } from "../../src/channels/adapter.ts";
import { wechat } from "../../src/channels/wechat/adapter.ts";
import { keysOf } from "../../src/channels/wechat/keys.ts";
import { wechatSandbox } from "../../src/channels/wechat/sandbox/channel.ts";
import { sendSigned, type WechatRequest } from "../../src/channels/wechat/send.ts";
import type { FaultScript } from "../../src/sandbox/simulator.ts";
import { rawCallback, refundOrder, sentOrder } from "../channels/kit.ts";
import * as kit from "../channels/wechat/kit.ts";

let pairs: readonly [kit.Pair, kit.Pair];

beforeAll(async () => {
  pairs = [await kit.newPair(), await kit.newPair()];
});

const desk = wechat.refunds;
if (desk === undefined) throw new Error("WeChat Pay refunds");

const OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";

const METHODS: Readonly<Record<string, Partial<ChargeOrder>>> = {
  qr: { method: "qr" },
  jsapi: { method: "jsapi", payer: { openid: OPENID } },
  app: { method: "app" },
  wap: { method: "wap", payer: { client_ip: "203.0.113.7" }, returnUrl: "https://shop.example/" },
};

const MODES = {
  direct: () => kit.simulate({ pairs }),
  service_provider: () => kit.simulateProvider({ pairs, changes: { sub_appid: kit.SUB_APPID } }),
} as const;

async function ordered(simulation: kit.Simulation, changes: Partial<ChargeOrder>) {
  const order = kit.orderOf(changes);
  const payload = wechat.prepareCharge(order, simulation.account);
  if (!payload.ok) throw new Error(payload.error.message);
  const charge = await wechat.createCharge(
    payload.value,
    order,
    simulation.account,
    simulation.io(),
  );
  return { order, charge, payload: payload.value };
}

/** What the gateway makes of a notification that the channel posts. */
async function verdictOn(request: Request | null, { account, io }: kit.Simulation) {
  if (request === null) throw new Error("no notification");
  return wechat.verifyCallback(await rawCallback(request), account, io());
}

async function refund(simulation: kit.Simulation, order: RefundOrder) {
  const { account, io } = simulation;
  const payload = desk?.prepare(order, account);
  if (payload?.ok !== true) throw new Error("not prepared");
  return desk?.create(payload.value, order, account, io());
}

const refundQuery = (simulation: kit.Simulation, order: RefundOrder) =>
  desk?.query(order, simulation.account, simulation.io());

describe.for(Object.keys(MODES) as (keyof typeof MODES)[])("in the mode %s", (mode) => {
  it.for(Object.keys(METHODS))(
    "%s: paid, told, refunded in parts, told again",
    async (method, { expect }) => {
      const simulation = await MODES[mode]();
      const { account, world, orders } = simulation;
      const { order, charge } = await ordered(simulation, METHODS[method] ?? {});
      expect(charge.kind).toBe("ok");
      const sent = sentOrder(order.paymentId);
      const ask = () => wechat.queryPayment(sent, account, simulation.io());
      expect(await ask()).toMatchObject({ kind: "ok", value: { state: "open" } });

      const record = orders.become(order.paymentId, "paid");
      const told = await verdictOn(await wechatSandbox.callback(record, null, world), simulation);
      const paid = {
        paymentId: order.paymentId,
        state: "paid",
        amount: order.amount,
        channelTransactionId: record.transactionId,
      };
      expect(told).toMatchObject({ kind: "reports", reports: [paid] });
      expect(await ask()).toMatchObject({ kind: "ok", value: paid });

      const first = refundOrder(sent, { notifyUrl: order.notifyUrl });
      expect(await refundQuery(simulation, first)).toMatchObject({ value: { state: "absent" } });
      const begun = await refund(simulation, first);
      const about = { refundId: first.refundId, amount: { currency: "CNY", value: 300 } };
      expect(begun).toMatchObject({ kind: "ok", value: { ...about, state: "processing" } });
      const ended = await refundQuery(simulation, first);
      expect(ended).toMatchObject({
        kind: "ok",
        value: { ...about, state: "succeeded", refundedAt: kit.NOW },
      });
      // The same number is the same refund.
      expect(await refund(simulation, first)).toMatchObject({ value: { ...about } });

      const after = orders.find(order.paymentId);
      const [booked] = after?.refunds ?? [];
      if (after === undefined || booked === undefined) throw new Error("not booked");
      expect(after.refunds).toHaveLength(1);
      const notice = await wechatSandbox.refundCallback?.(after, booked, world);
      const news: RefundReport | null = ended?.kind === "ok" ? ended.value : null;
      expect(await verdictOn(notice ?? null, simulation)).toMatchObject({
        kind: "reports",
        reports: [],
        refunds: [news],
      });
      // Paid it stays, whatever was refunded; and it cannot be closed.
      expect(await ask()).toMatchObject({ value: { state: "paid", channelStatus: "REFUND" } });
      expect(await wechat.closePayment(sent, account, simulation.io())).toMatchObject({
        kind: "ok",
        value: { state: "paid" },
      });
    },
  );

  it("an order is closed, and cannot be made again", async ({ expect }) => {
    const simulation = await MODES[mode]();
    const { order, payload } = await ordered(simulation, {});
    const { account, io } = simulation;
    const sent = sentOrder(order.paymentId);
    expect(await wechat.closePayment(sent, account, io())).toMatchObject({
      value: { state: "closed" },
    });
    expect(await wechat.createCharge(payload, order, account, io())).toMatchObject({
      kind: "rejected",
      error: { channelCode: "ORDER_CLOSED" },
    });
  });

  it("the self-check passes", async ({ expect }) => {
    const { account, io } = await MODES[mode]();
    expect(await wechat.selfCheck(account, io())).toMatchObject({ kind: "ok" });
  });
});

describe("refunds", () => {
  const paidOrder = async (simulation: kit.Simulation) => {
    const { order } = await ordered(simulation, {});
    simulation.orders.become(order.paymentId, "paid");
    return sentOrder(order.paymentId);
  };
  const later = (simulation: kit.Simulation, ms: number): kit.Simulation => {
    const world = { ...simulation.world, now: kit.NOW + ms };
    return {
      ...simulation,
      world,
      io: () =>
        kit.fakeIo((request) => wechatSandbox.handle(request, world), {
          now: () => kit.NOW + ms,
        }),
    };
  };
  const nth = (payment: ReturnType<typeof sentOrder>, number: number, value: number) =>
    refundOrder(payment, {
      refundId: `re_${payment.paymentId.slice(3)}0${number}`,
      amount: { currency: "CNY", value },
    });

  it("must keep a minute's distance, and are not lost when they do not", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const payment = await paidOrder(simulation);
    expect(await refund(simulation, nth(payment, 1, 100))).toMatchObject({ kind: "ok" });
    const second = nth(payment, 2, 100);
    expect(await refund(later(simulation, 59_999), second)).toMatchObject({
      kind: "unknown",
      error: { channelCode: "FREQUENCY_LIMITED" },
    });
    expect(await refundQuery(simulation, second)).toMatchObject({ value: { state: "absent" } });
    expect(await refund(later(simulation, 60_000), second)).toMatchObject({ kind: "ok" });
  });

  it("are refused over the payment, after a year, and for an unpaid order", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const payment = await paidOrder(simulation);
    expect(await refund(simulation, nth(payment, 1, 700))).toMatchObject({
      kind: "rejected",
      error: { channelCode: "INVALID_REQUEST" },
    });
    const year = 365 * 86_400_000;
    expect(await refund(later(simulation, year + 1_000), nth(payment, 1, 1))).toMatchObject({
      kind: "rejected",
      error: { code: "REFUND_WINDOW_CLOSED" },
    });
    const { order } = await ordered(simulation, {});
    const unpaid = sentOrder(order.paymentId);
    expect(await refund(simulation, nth(unpaid, 1, 1))).toMatchObject({
      kind: "unknown",
      error: { channelCode: "TRADE_ERROR" },
    });
    expect(await refund(simulation, nth(sentOrder(), 1, 1))).toMatchObject({
      kind: "rejected",
      error: { channelCode: "RESOURCE_NOT_EXISTS" },
    });
  });

  it("with other words under the same number are refused", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const first = nth(await paidOrder(simulation), 1, 100);
    await refund(simulation, first);
    expect(await refund(simulation, { ...first, reason: "another" })).toMatchObject({
      kind: "rejected",
      error: { channelCode: "INVALID_REQUEST" },
    });
  });

  it("that cannot be paid out stay under way, by query and by notification", async ({ expect }) => {
    const script: FaultScript = "refund_abnormal";
    const simulation = await kit.simulate({ pairs, script });
    const first = nth(await paidOrder(simulation), 1, 100);
    expect(await refund(simulation, first)).toMatchObject({ value: { state: "processing" } });
    const abnormal = { state: "processing", channelStatus: "ABNORMAL", refundedAt: null };
    expect(await refundQuery(simulation, first)).toMatchObject({ kind: "ok", value: abnormal });
    const record = simulation.orders.find(first.payment.paymentId);
    const [booked] = record?.refunds ?? [];
    if (record === undefined || booked === undefined) throw new Error("not booked");
    const notice = await wechatSandbox.refundCallback?.(record, booked, simulation.world);
    expect(await verdictOn(notice ?? null, simulation)).toMatchObject({ refunds: [abnormal] });
  });

  it("of one merchant are nothing to another, nor to a provider's other merchant", async ({
    expect,
  }) => {
    const one = await kit.simulateProvider({ pairs });
    const first = nth(await paidOrder(one), 1, 100);
    await refund(one, first);
    const siblings = kit.partnerAccountOf({
      ...Object(one.account.versions[0]),
      sub_mchid: "1900000999",
    });
    const sibling = { ...one, account: siblings };
    expect(await refundQuery(sibling, first)).toMatchObject({ value: { state: "absent" } });
    expect(await refund(sibling, first)).toMatchObject({
      kind: "rejected",
      error: { channelCode: "RESOURCE_NOT_EXISTS" },
    });
    const sent = first.payment;
    expect(await wechat.queryPayment(sent, siblings, one.io())).toMatchObject({
      value: { state: "absent" },
    });
    expect(await wechat.closePayment(sent, siblings, one.io())).toMatchObject({
      value: { state: "absent" },
    });
  });

  it("are told to nobody without an address", async ({ expect }) => {
    const { world, orders, ...simulation } = await kit.simulate({ pairs });
    const { order } = await ordered({ world, orders, ...simulation }, {});
    const record = orders.become(order.paymentId, "paid");
    const booked = {
      refundNumber: "re_1",
      parameters: "{}",
      value: 1,
      notifyUrl: null,
      state: "succeeded",
      channelRefundId: "50",
      createdAt: kit.NOW,
      refundedAt: kit.NOW,
    } as const;
    expect(await wechatSandbox.refundCallback?.(record, booked, world)).toBeNull();
  });
});

/** A signed request that no adapter of ours would send. */
async function send(simulation: kit.Simulation, request: WechatRequest) {
  const keys = await keysOf(simulation.account);
  if (!keys.ok) throw new Error(keys.error);
  const reply = await sendSigned(keys.value, simulation.io(), request);
  if (reply.kind === "unknown") throw new Error(reply.error.message);
  const text = new TextDecoder().decode(reply.body);
  const body: Record<string, unknown> = text === "" ? {} : JSON.parse(text);
  return { status: reply.status, body };
}

describe("what the simulated channel refuses", () => {
  const POST = { method: "POST" } as const;
  const orderWith = (
    simulation: kit.Simulation,
    method: string,
    changes: Record<string, unknown>,
  ) => {
    const order = kit.orderOf(METHODS[method]);
    const payload = wechat.prepareCharge(order, simulation.account);
    if (!payload.ok) throw new Error(payload.error.message);
    return JSON.stringify({ ...JSON.parse(payload.value), ...changes });
  };

  it.for([
    ["jsapi", "/payer", { payer: undefined }],
    ["jsapi", "/payer", { payer: { openid: OPENID, sp_openid: OPENID } }],
    ["jsapi", "/payer/openid", { payer: { openid: "" } }],
    ["wap", "/scene_info", { scene_info: undefined }],
    ["wap", "/scene_info/payer_client_ip", { scene_info: { h5_info: { type: "Wap" } } }],
    ["wap", "/scene_info/h5_info", { scene_info: { payer_client_ip: "203.0.113.7" } }],
    ["qr", "/", { payer: { openid: OPENID } }],
    ["qr", "/", { sub_mchid: kit.SUB_MCHID }],
    ["qr", "/settle_info/profit_sharing", { settle_info: { profit_sharing: "true" } }],
  ] as const)(
    "an order by %s with a wrong %s: %j",
    async ([method, field, changes], { expect }) => {
      const simulation = await kit.simulate({ pairs });
      const last = { qr: "native", jsapi: "jsapi", wap: "h5" }[method];
      const reply = await send(simulation, {
        ...POST,
        path: `/v3/pay/transactions/${last}`,
        body: orderWith(simulation, method, changes),
      });
      expect(reply).toMatchObject({
        status: 400,
        body: { code: "PARAM_ERROR", detail: { location: "body" } },
      });
      const { detail } = reply.body as { detail: { field: string } };
      expect(detail.field.startsWith(field)).toBe(true);
    },
  );

  it.for([
    ["PARAM_ERROR", { sp_mchid: "1900000998" }],
    ["PARAM_ERROR", { sub_mchid: "sub" }],
    ["PARAM_ERROR", { payer: { sub_openid: OPENID }, sub_appid: undefined }],
    ["NO_AUTH", { sub_mchid: kit.MCHID }],
    ["PARAM_ERROR", { mchid: kit.MCHID }],
  ] as const)("a provider's order with %s: %j", async ([code, changes], { expect }) => {
    const simulation = await kit.simulateProvider({ pairs });
    const reply = await send(simulation, {
      ...POST,
      path: "/v3/pay/partner/transactions/jsapi",
      body: orderWith(simulation, "jsapi", changes),
    });
    expect(reply.body).toMatchObject({ code });
  });

  it("the same number for an order of another kind", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const body = orderWith(simulation, "app", {});
    const first = await send(simulation, { ...POST, path: "/v3/pay/transactions/app", body });
    expect(first.status).toBe(200);
    const other = await send(simulation, { ...POST, path: "/v3/pay/transactions/native", body });
    expect(other).toMatchObject({ status: 403, body: { code: "OUT_TRADE_NO_USED" } });
  });

  it.for([
    ["/amount/currency", { amount: { refund: 1, total: 699, currency: "USD" } }],
    ["/amount/total", { amount: { refund: 1, total: 700, currency: "CNY" } }],
    ["/amount/total", { amount: { refund: 1, currency: "CNY" } }],
    ["/amount/refund", { amount: { refund: 0, total: 699, currency: "CNY" } }],
    ["/out_refund_no", { out_refund_no: "has space" }],
    ["/reason", { reason: "x".repeat(81) }],
    ["/notify_url", { notify_url: "https://pay.example/?a=1" }],
    ["/transaction_id", { transaction_id: "42000" }],
    ["/out_trade_no", { out_trade_no: undefined }],
    ["/", { refund_fee: 1 }],
  ] as const)("a refund with a wrong %s: %j", async ([field, changes], { expect }) => {
    const simulation = await kit.simulate({ pairs });
    const { order } = await ordered(simulation, {});
    simulation.orders.become(order.paymentId, "paid");
    const prepared = desk?.prepare(refundOrder(sentOrder(order.paymentId)), simulation.account);
    const body = JSON.stringify({
      ...JSON.parse(prepared?.ok ? prepared.value : ""),
      ...changes,
    });
    const reply = await send(simulation, { ...POST, path: "/v3/refund/domestic/refunds", body });
    expect(reply).toMatchObject({ status: 400, body: { code: "PARAM_ERROR", detail: { field } } });
  });

  it("a refund query for a number that leads to no order of the caller's", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    for (const number of ["1217752501201407033233368018", `re_${"0".repeat(28)}`]) {
      const path = `/v3/refund/domestic/refunds/${number}`;
      expect(await send(simulation, { method: "GET", path })).toMatchObject({
        status: 404,
        body: { code: "RESOURCE_NOT_EXISTS" },
      });
    }
  });
});

describe("the page outside WeChat", () => {
  it("is the sandbox's wallet", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const { order, charge } = await ordered(simulation, METHODS["wap"] ?? {});
    if (charge.kind !== "ok" || charge.value.action.type !== "redirect") throw new Error();
    const url = new URL(charge.value.action.url);
    expect(url.origin + url.pathname).toBe(
      `https://gateway.example/sandbox/wallet/${order.paymentId}`,
    );
    expect(url.searchParams.get("redirect_url")).toBe("https://shop.example/");
  });
});
