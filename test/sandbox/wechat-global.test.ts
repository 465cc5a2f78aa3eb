/** Whole lives of payments between the global adapter and its simulated channel. */
import { beforeAll, describe, it } from "vitest";

import type { ChargeOrder } from "../../src/channels/adapter.ts";
import { wechatGlobal } from "../../src/channels/wechat_global/adapter.ts";
import { wechatGlobalSandbox } from "../../src/channels/wechat_global/sandbox/channel.ts";
import { rawCallback, refundOrder, sentOrder } from "../channels/kit.ts";
import * as kit from "../channels/wechat/kit.ts";

let pairs: readonly [kit.Pair, kit.Pair];

beforeAll(async () => {
  pairs = [await kit.newPair(), await kit.newPair()];
});

const sandbox = wechatGlobalSandbox;
const desk = wechatGlobal.refunds;
if (desk === undefined) throw new Error("WeChat Pay refunds");

const MODES = {
  direct: () => kit.simulate({ pairs, sandbox }),
  service_provider: () =>
    kit.simulateProvider({ pairs, sandbox, changes: { merchant_category_code: "4111" } }),
} as const;

const METHODS: Readonly<Record<string, Partial<ChargeOrder>>> = {
  qr: { method: "qr" },
  jsapi: { method: "jsapi", payer: { openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" } },
  app: { method: "app" },
  wap: { method: "wap", payer: { client_ip: "203.0.113.7" } },
};

const HKD = { currency: "HKD", value: 699 };

async function ordered(simulation: kit.Simulation, changes: Partial<ChargeOrder> = {}) {
  const order = kit.orderOf({ amount: HKD, ...changes });
  const { account } = simulation;
  const payload = wechatGlobal.prepareCharge(order, account);
  if (!payload.ok) throw new Error(payload.error.message);
  const charge = await wechatGlobal.createCharge(payload.value, order, account, simulation.io());
  return { order, charge, payload: payload.value };
}

describe.for(Object.keys(MODES) as (keyof typeof MODES)[])("in the mode %s", (mode) => {
  it.for(Object.keys(METHODS))(
    "%s: paid, told, refunded, told again",
    async (method, { expect }) => {
      const simulation = await MODES[mode]();
      const { account, world, orders, io } = simulation;
      const { order, charge } = await ordered(simulation, METHODS[method]);
      expect(charge.kind).toBe("ok");
      const sent = sentOrder(order.paymentId, { amount: HKD });
      const record = orders.become(order.paymentId, "paid");
      const paid = {
        paymentId: order.paymentId,
        state: "paid",
        amount: HKD,
        channelTransactionId: record.transactionId,
      };
      const verify = async (request: Request | null | undefined) => {
        if (request == null) throw new Error("no notification");
        return wechatGlobal.verifyCallback(await rawCallback(request), account, io());
      };
      expect(await verify(await sandbox.callback(record, null, world))).toMatchObject({
        kind: "reports",
        reports: [paid],
      });
      expect(await wechatGlobal.queryPayment(sent, account, io())).toMatchObject({
        kind: "ok",
        value: paid,
      });

      const part = refundOrder(sent, { notifyUrl: order.notifyUrl });
      expect(await desk.query(part, account, io())).toMatchObject({ value: { state: "absent" } });
      const payload = desk.prepare(part, account);
      if (!payload.ok) throw new Error(payload.error.message);
      const about = { refundId: part.refundId, amount: { currency: "HKD", value: 300 } };
      expect(await desk.create(payload.value, part, account, io())).toMatchObject({
        kind: "ok",
        value: { ...about, state: "processing" },
      });
      const ended = await desk.query(part, account, io());
      expect(ended).toMatchObject({ kind: "ok", value: { ...about, state: "succeeded" } });
      const after = orders.find(order.paymentId);
      const [booked] = after?.refunds ?? [];
      if (after === undefined || booked === undefined) throw new Error("not booked");
      expect(await verify(await sandbox.refundCallback?.(after, booked, world))).toMatchObject({
        kind: "reports",
        refunds: [about],
      });
      expect(await wechatGlobal.closePayment(sent, account, io())).toMatchObject({
        value: { state: "paid" },
      });
    },
  );

  it("closed before it is paid", async ({ expect }) => {
    const simulation = await MODES[mode]();
    const { order } = await ordered(simulation);
    const sent = sentOrder(order.paymentId, { amount: HKD });
    const { account } = simulation;
    expect(await wechatGlobal.closePayment(sent, account, simulation.io())).toMatchObject({
      value: { state: "closed" },
    });
    expect(await wechatGlobal.queryPayment(sent, account, simulation.io())).toMatchObject({
      value: { state: "closed" },
    });
    expect(await wechatGlobal.selfCheck(account, simulation.io())).toMatchObject({ kind: "ok" });
  });
});

describe("what it refuses", () => {
  it.for([
    ["/trade_type", { trade_type: undefined }],
    ["/trade_type", { trade_type: "JSAPI" }],
    ["/merchant_category_code", { merchant_category_code: "" }],
    ["/amount/currency", { amount: { total: 699 } }],
    ["/limit_pay", { limit_pay: ["no_credit"] }],
    ["/", { settle_info: { profit_sharing: true } }],
    ["/mchid", { mchid: "1900000001" }],
  ] as const)("an order with a wrong %s: %j", async ([field, changes], { expect }) => {
    const simulation = await kit.simulate({ pairs, sandbox });
    const order = kit.orderOf({ amount: HKD });
    const payload = wechatGlobal.prepareCharge(order, simulation.account);
    if (!payload.ok) throw new Error(payload.error.message);
    const spoiled = JSON.stringify({ ...JSON.parse(payload.value), ...changes });
    expect(
      await wechatGlobal.createCharge(spoiled, order, simulation.account, simulation.io()),
    ).toMatchObject({
      kind: "rejected",
      error: { channelCode: "PARAM_ERROR", channelMessage: expect.stringContaining(`(${field})`) },
    });
  });

  it("the mainland's paths, and queries and refunds for others", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs, sandbox });
    const mainland = await sandbox.handle(
      new Request("https://wechat_global.sandbox.invalid/v3/pay/transactions/native", {
        method: "POST",
        body: "{}",
      }),
      simulation.world,
    );
    expect(mainland.status).toBe(404);
    const { order } = await ordered(simulation);
    simulation.orders.become(order.paymentId, "paid");
    const part = refundOrder(sentOrder(order.paymentId, { amount: HKD }));
    const payload = desk.prepare(part, simulation.account);
    if (!payload.ok) throw new Error(payload.error.message);
    for (const changes of [{ mchid: "1900000001" }, { appid: "wx0000000000000001" }]) {
      const spoiled = JSON.stringify({ ...JSON.parse(payload.value), ...changes });
      const refused = await desk.create(spoiled, part, simulation.account, simulation.io());
      expect(refused.kind).toBe("rejected");
    }
    expect(simulation.orders.find(order.paymentId)?.refunds).toHaveLength(0);
  });
});

it("the console's credentials fit the form", async ({ expect }) => {
  const { account } = await kit.simulate({ pairs, sandbox });
  expect(await wechatGlobal.modes["direct"]?.examine(account.versions[0], kit.NOW)).toMatchObject({
    ok: true,
  });
});
