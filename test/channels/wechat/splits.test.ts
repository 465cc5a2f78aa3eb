/** Profit sharing at WeChat Pay: through the simulated channel, and through replies that lie. */
import { beforeAll, describe, it } from "vitest";

import type { SplitDesk, SplitOrder } from "../../../src/channels/adapter.ts";
import { wechat } from "../../../src/channels/wechat/adapter.ts";
import * as kit from "./kit.ts";
import { cny, returnOf, sharesFor } from "../split-kit.ts";

let pairs: readonly [kit.Pair, kit.Pair];

beforeAll(async () => {
  pairs = [await kit.newPair(), await kit.newPair()];
});

const desk = (): SplitDesk => {
  if (wechat.splits === undefined) throw new Error("WeChat Pay has profit sharing");
  return wechat.splits;
};

const PLATFORM = "1900000999";

const shareOf = sharesFor({ type: "MERCHANT_ID", account: PLATFORM, name: null });

/** A paid order of CNY 100.00, with profit sharing unless told otherwise. */
async function paid(simulation: kit.Simulation, profitSharing = true) {
  const order = kit.orderOf({ amount: cny(10_000), profitSharing });
  const payload = wechat.prepareCharge(order, simulation.account);
  if (!payload.ok) throw new Error(payload.error.message);
  await wechat.createCharge(payload.value, order, simulation.account, simulation.io());
  const { transactionId } = simulation.orders.become(order.paymentId, "paid");
  return { paymentId: order.paymentId, transactionId: transactionId ?? "" };
}

describe("a share through the adapter", () => {
  it("is processing first, then done; a repeat is the same one", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const { account } = simulation;
    const { paymentId, transactionId } = await paid(simulation);
    const split = shareOf(paymentId, transactionId);
    const io = simulation.io();
    expect(await desk().query(split, account, io)).toMatchObject({
      kind: "ok",
      value: { state: "absent" },
    });
    expect(await desk().create(split, account, io)).toMatchObject({
      kind: "ok",
      value: { state: "processing", channelSplitId: expect.stringMatching(/^3/) },
    });
    const body = JSON.parse(io.sent[1]?.body ?? "");
    expect(body).toEqual({
      appid: expect.any(String),
      transaction_id: transactionId,
      out_order_no: split.splitNumber,
      receivers: [
        { type: "MERCHANT_ID", account: PLATFORM, amount: 50, description: "Platform fee" },
      ],
      unfreeze_unsplit: true,
    });
    const done = { kind: "ok", value: { state: "succeeded", amount: cny(50) } };
    expect(await desk().query(split, account, io)).toMatchObject(done);
    expect(await desk().create(split, account, io)).toMatchObject(done);
    // The same number with another amount is another share, and refused.
    const other = { ...split, amount: cny(51) };
    expect(await desk().create(other, account, io)).toMatchObject({ kind: "rejected" });
  });

  it("encrypts the receiver's name and names the key, also for a sub-merchant", async ({
    expect,
  }) => {
    const simulation = await kit.simulateProvider({ pairs });
    const { paymentId, transactionId } = await paid(simulation);
    const receiver = { type: "MERCHANT_ID", account: PLATFORM, name: "平台有限公司" };
    const io = simulation.io();
    const split = shareOf(paymentId, transactionId, { receiver });
    const { account } = simulation;
    expect(await desk().create(split, account, io)).toMatchObject({ kind: "ok" });
    const [sent] = io.sent;
    expect(sent?.body).not.toContain("平台");
    expect(sent?.request.headers.get("Wechatpay-Serial")).toBe(kit.PUB_KEY_ID);
    expect(JSON.parse(sent?.body ?? "")).toMatchObject({ sub_mchid: kit.SUB_MCHID });
    expect(await desk().query(split, account, io)).toMatchObject({
      value: { state: "succeeded" },
    });
    expect(await desk().create(returnOf(split, 20), account, io)).toMatchObject({
      value: { state: "succeeded", amount: cny(20) },
    });
  });

  it("is refused beyond what the channel lets go, and for orders without sharing", async ({
    expect,
  }) => {
    const simulation = await kit.simulate({ pairs });
    const { account } = simulation;
    const plain = await paid(simulation, false);
    const without = shareOf(plain.paymentId, plain.transactionId);
    expect(await desk().create(without, account, simulation.io())).toMatchObject({
      kind: "rejected",
      error: { channelCode: "INVALID_REQUEST" },
    });
    const { paymentId, transactionId } = await paid(simulation);
    const most = shareOf(paymentId, transactionId, { amount: cny(3_001) });
    expect(await desk().create(most, account, simulation.io())).toMatchObject({
      kind: "rejected",
      // Final: what is not frozen today is not frozen tomorrow.
      error: { channelCode: "NOT_ENOUGH", retryable: false },
    });
    const stranger = shareOf(paymentId, "4200009999");
    expect(await desk().create(stranger, account, simulation.io())).toMatchObject({
      kind: "rejected",
    });
  });

  it("comes back in parts, never more than it was", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const { account } = simulation;
    const { paymentId, transactionId } = await paid(simulation);
    const split = shareOf(paymentId, transactionId);
    const io = simulation.io();
    const first = returnOf(split, 30);
    expect(await desk().create(first, account, io)).toMatchObject({ kind: "rejected" });
    await desk().create(split, account, io);
    expect(await desk().query(first, account, io)).toMatchObject({ value: { state: "absent" } });
    const done = { kind: "ok", value: { state: "succeeded", amount: cny(30) } };
    expect(await desk().create(first, account, io)).toMatchObject(done);
    expect(await desk().query(first, account, io)).toMatchObject(done);
    expect(await desk().create(first, account, io)).toMatchObject(done);
    const tooMuch = returnOf(split, 21, "02");
    expect(await desk().create(tooMuch, account, io)).toMatchObject({
      kind: "rejected",
      // The receiver may have the money tomorrow.
      error: { channelCode: "NOT_ENOUGH", retryable: true },
    });
    expect(await desk().create(returnOf(split, 20, "02"), account, io)).toMatchObject({
      value: { state: "succeeded" },
    });
  });

  it("releases what is frozen, once or when it is free already", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const { account } = simulation;
    const { paymentId, transactionId } = await paid(simulation);
    const release = shareOf(paymentId, transactionId, {
      splitNumber: `sp_${paymentId.slice(3)}00`,
      amount: cny(0),
    });
    const io = simulation.io();
    expect(await desk().create(release, account, io)).toMatchObject({
      value: { state: "processing" },
    });
    expect(new URL(io.sent[0]?.request.url ?? "").pathname).toBe(
      "/v3/profitsharing/orders/unfreeze",
    );
    expect(await desk().query(release, account, io)).toMatchObject({
      value: { state: "succeeded" },
    });
    const late = shareOf(paymentId, transactionId);
    expect(await desk().create(late, account, io)).toMatchObject({ kind: "rejected" });
    const again = { ...release, splitNumber: `sp_${paymentId.slice(3)}zz` };
    expect(await desk().create(again, account, io)).toMatchObject({
      kind: "ok",
      value: { state: "succeeded", channelStatus: "NOT_ENOUGH" },
    });
  });

  it("FINISHED is not success: the receiver's own result counts", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs, script: "split_rejected" });
    const { account } = simulation;
    const { paymentId, transactionId } = await paid(simulation);
    const split = shareOf(paymentId, transactionId);
    await desk().create(split, account, simulation.io());
    expect(await desk().query(split, account, simulation.io())).toMatchObject({
      kind: "ok",
      value: { state: "failed", channelStatus: "CLOSED RECEIVER_HIGH_RISK" },
    });
  });
});

describe("what WeChat Pay says about a share", () => {
  const paymentId = kit.newPaymentId();
  const split = shareOf(paymentId, "4200000000202611210000000001");
  const receiver = { type: "MERCHANT_ID", account: PLATFORM, amount: 50, result: "SUCCESS" };
  const rest = { type: "MERCHANT_ID", account: kit.MCHID, amount: 9_950, result: "SUCCESS" };
  const reply = {
    transaction_id: split.transactionId,
    out_order_no: split.splitNumber,
    order_id: "30000000001",
    state: "FINISHED",
    receivers: [rest, receiver],
  };
  const back = returnOf(split, 20);
  const returned = {
    order_id: "30000000001",
    out_order_no: split.splitNumber,
    out_return_no: back.splitNumber,
    return_id: "30000000002",
    return_mchid: PLATFORM,
    amount: 20,
    result: "SUCCESS",
  };
  const account = () => kit.accountOf(kit.credentialsOf(...pairs));
  const ask = async (order: SplitOrder, body: unknown) =>
    desk().query(
      order,
      account(),
      kit.fakeIo(() => kit.signedReply(pairs[1], body)),
    );

  it.for<[string, SplitOrder, unknown, object]>([
    ["done", split, reply, { kind: "ok", value: { state: "succeeded", amount: cny(50) } }],
    ["another share", split, { ...reply, out_order_no: "sp_other" }, { kind: "unknown" }],
    ["another payment", split, { ...reply, transaction_id: "42" }, { kind: "unknown" }],
    ["nobody of ours", split, { ...reply, receivers: [rest] }, { kind: "unknown" }],
    ["an unknown state", split, { ...reply, state: "DONE" }, { kind: "unknown" }],
    [
      "an unknown result",
      split,
      { ...reply, receivers: [{ ...receiver, result: "OK" }] },
      { kind: "unknown" },
    ],
    [
      "a result that JavaScript knows",
      split,
      { ...reply, receivers: [{ ...receiver, result: "constructor" }] },
      { kind: "unknown" },
    ],
    [
      "still on its way",
      split,
      { ...reply, receivers: [{ ...receiver, result: "PENDING" }] },
      { kind: "ok", value: { state: "processing" } },
    ],
    ["a text", split, "<html>", { kind: "unknown" }],
    ["a return", back, returned, { kind: "ok", value: { state: "succeeded", amount: cny(20) } }],
    ["another return", back, { ...returned, out_return_no: "sp_x" }, { kind: "unknown" }],
    ["a return of another share", back, { ...returned, out_order_no: "sp_x" }, { kind: "unknown" }],
    [
      "a failed return",
      back,
      { ...returned, result: "FAILED", fail_reason: "PAYER_ACCOUNT_ABNORMAL" },
      { kind: "ok", value: { state: "failed", channelStatus: "FAILED PAYER_ACCOUNT_ABNORMAL" } },
    ],
  ])("%s", async ([, order, body, expected], { expect }) => {
    expect(await ask(order, body)).toMatchObject(expected);
  });

  it("is nobody's word without a signature", async ({ expect }) => {
    const io = kit.fakeIo(() => Response.json(reply));
    expect(await desk().query(split, account(), io)).toMatchObject({ kind: "unknown" });
    expect(await desk().create(split, account(), io)).toMatchObject({ kind: "unknown" });
  });

  it("a name without a key to encrypt it with is never sent in clear", async ({ expect }) => {
    const io = kit.fakeIo(() => kit.errorReply(404, "RESOURCE_NOT_EXISTS"));
    const named = { ...split, receiver: { ...split.receiver, name: "Platform Ltd" } };
    const keyless = kit.accountOf(kit.credentialsOf(...pairs, { platform_keys: [] }));
    expect(await desk().create(named, keyless, io)).toMatchObject({
      kind: "rejected",
      error: { code: "CHANNEL_NOT_CONFIGURED" },
    });
    expect(io.sent.map(({ body }) => body).join()).not.toContain("Platform Ltd");
  });
});
