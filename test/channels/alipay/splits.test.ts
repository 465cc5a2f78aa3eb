/** Royalties at Alipay: through the simulated gateway, and through answers that lie. */
import { describe, it } from "vitest";

import type { SplitDesk } from "../../../src/channels/adapter.ts";
import { alipay } from "../../../src/channels/alipay/adapter.ts";
import { alipaySandbox } from "../../../src/channels/alipay/sandbox/channel.ts";
import type { FaultScript } from "../../../src/sandbox/simulator.ts";
import { accountOf, newPaymentId, order, scripted, simulation, vectorCredentials } from "./kit.ts";
import { cny, returnOf, sharesFor } from "../split-kit.ts";

const desk = (): SplitDesk => {
  if (alipay.splits === undefined) throw new Error("Alipay has royalties");
  return alipay.splits;
};

const PLATFORM = "2088101126708402";
const SETTLE = "alipay.trade.order.settle";
const SETTLE_QUERY = "alipay.trade.order.settle.query";
const REFUND = "alipay.trade.refund";
const REFUND_QUERY = "alipay.trade.fastpay.refund.query";

const shareOf = sharesFor({ type: "userId", account: PLATFORM, name: null });

async function paid(profitSharing = true, script: FaultScript | null = null) {
  const sim = await simulation(undefined, script);
  const account = accountOf(alipaySandbox.credentials(sim.keys, "ca_1"));
  const ordered = order({ amount: cny(10_000), profitSharing });
  const payload = alipay.prepareCharge(ordered, account);
  if (!payload.ok) throw new Error(payload.error.message);
  await alipay.createCharge(payload.value, ordered, account, sim.io);
  const { transactionId } = sim.become(ordered.paymentId, "paid");
  sim.asked.length = 0;
  return { sim, account, split: shareOf(ordered.paymentId, transactionId ?? "") };
}

describe("a share through the adapter", () => {
  it("is settled, asked about, and the same again", async ({ expect }) => {
    const { sim, account, split } = await paid();
    const done = { kind: "ok", value: { state: "succeeded", amount: cny(50) } };
    expect(await desk().query(split, account, sim.io)).toMatchObject({
      value: { state: "absent" },
    });
    expect(await desk().create(split, account, sim.io)).toMatchObject(done);
    expect(sim.asked).toEqual([SETTLE_QUERY, SETTLE, SETTLE_QUERY]);
    expect(await desk().create(split, account, sim.io)).toMatchObject(done);
    const other = { ...split, amount: cny(51) };
    // What was settled under the number tells; the amount is compared by the caller.
    expect(await desk().create(other, account, sim.io)).toMatchObject(done);
  });

  it("comes back by a refund of nothing else, never more than it was", async ({ expect }) => {
    const { sim, account, split } = await paid();
    const first = returnOf(split, 30);
    expect(await desk().create(first, account, sim.io)).toMatchObject({ kind: "rejected" });
    await desk().create(split, account, sim.io);
    const done = { kind: "ok", value: { state: "succeeded", amount: cny(30) } };
    expect(await desk().create(first, account, sim.io)).toMatchObject(done);
    expect(await desk().query(first, account, sim.io)).toMatchObject(done);
    expect(await desk().create(first, account, sim.io)).toMatchObject(done);
    expect(await desk().create(returnOf(split, 21, "02"), account, sim.io)).toMatchObject({
      kind: "rejected",
      error: { channelCode: "ACQ.ALLOC_AMOUNT_VALIDATE_ERROR" },
    });
    // The buyer got nothing of it.
    expect(sim.find(split.paymentId)?.refunds).toEqual([]);
  });

  it("releases what is frozen; a share after that is refused", async ({ expect }) => {
    const { sim, account, split } = await paid();
    const release = { ...split, splitNumber: `${split.splitNumber}00`, amount: cny(0) };
    expect(await desk().create(release, account, sim.io)).toMatchObject({
      value: { state: "succeeded" },
    });
    expect(await desk().create(split, account, sim.io)).toMatchObject({ kind: "rejected" });
  });

  it("is refused for trades without freezing, and for strangers' trades", async ({ expect }) => {
    const { sim, account, split } = await paid(false);
    expect(await desk().create(split, account, sim.io)).toMatchObject({
      kind: "rejected",
      error: { channelCode: "ACQ.TRADE_SETTLE_ERROR" },
    });
    const stranger = accountOf(alipaySandbox.credentials(sim.keys, "ca_2"));
    expect(await desk().create(split, stranger, sim.io)).toMatchObject({ kind: "rejected" });
    const wrong = { ...split, receiver: { type: "userId", account: "1", name: null } };
    expect(await desk().create(wrong, account, sim.io)).toMatchObject({
      kind: "rejected",
      error: { code: "INVALID_REQUEST" },
    });
  });

  it.for<[FaultScript, object]>([
    [
      "split_rejected",
      { state: "failed", channelStatus: "FAIL TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH" },
    ],
    ["split_stuck", { state: "processing" }],
  ])("%s", async ([script, value], { expect }) => {
    const { sim, account, split } = await paid(true, script);
    expect(await desk().create(split, account, sim.io)).toMatchObject({ kind: "ok", value });
    expect(await desk().query(split, account, sim.io)).toMatchObject({ kind: "ok", value });
  });
});

describe("what Alipay answers", () => {
  const account = accountOf(vectorCredentials);
  const split = shareOf(newPaymentId(), "2026052722001424330500000001");
  const ok = (fields: object = {}) => ({ code: "10000", msg: "Success", ...fields });
  const failed = (sub_code: string) => ({ code: "40004", msg: "Business Failed", sub_code });
  const accepted = ok({ trade_no: split.transactionId, settle_no: "1" });
  const detail = { operation_type: "transfer", amount: "0.50", state: "SUCCESS", detail_id: "7" };
  const settled = (details: unknown, changes: object = {}) =>
    ok({ out_request_no: split.splitNumber, royalty_detail_list: details, ...changes });
  const absent = failed("ACQ.TRADE_SETTLE_NOT_EXIST");
  const create = (nodes: Record<string, unknown>, signed = true) =>
    desk().create(split, account, scripted(nodes, signed));

  it.for<[string, Record<string, unknown>, object]>([
    [
      "done",
      { [SETTLE]: accepted, [SETTLE_QUERY]: settled([detail]) },
      { kind: "ok", value: { state: "succeeded", amount: cny(50), channelSplitId: "7" } },
    ],
    [
      "accepted, and not to be found yet",
      { [SETTLE]: accepted, [SETTLE_QUERY]: absent },
      { kind: "ok", value: { state: "processing" } },
    ],
    [
      "refused, and nothing is there",
      { [SETTLE]: failed("ACQ.ALLOC_AMOUNT_VALIDATE_ERROR"), [SETTLE_QUERY]: absent },
      { kind: "rejected" },
    ],
    [
      "refused, and it is there all the same",
      { [SETTLE]: failed("ACQ.DISCORDANT_REPEAT_REQUEST"), [SETTLE_QUERY]: settled([detail]) },
      { kind: "ok", value: { state: "succeeded" } },
    ],
    [
      "refused, and nobody knows",
      { [SETTLE]: failed("ACQ.ALLOC_AMOUNT_VALIDATE_ERROR"), [SETTLE_QUERY]: ok({}) },
      { kind: "unknown" },
    ],
    ["another trade", { [SETTLE]: ok({ trade_no: "2" }) }, { kind: "unknown" }],
    ["trouble", { [SETTLE]: failed("ACQ.SYSTEM_ERROR") }, { kind: "unknown" }],
    [
      "another share's settlement",
      { [SETTLE]: accepted, [SETTLE_QUERY]: settled([detail], { out_request_no: "sp_x" }) },
      { kind: "unknown" },
    ],
    [
      "two transfers",
      { [SETTLE]: accepted, [SETTLE_QUERY]: settled([detail, detail]) },
      { kind: "unknown" },
    ],
    [
      "a state that nobody knows",
      { [SETTLE]: accepted, [SETTLE_QUERY]: settled([{ ...detail, state: "OK" }]) },
      { kind: "unknown" },
    ],
    [
      "an amount that is none",
      { [SETTLE]: accepted, [SETTLE_QUERY]: settled([{ ...detail, amount: "1e3" }]) },
      { kind: "unknown" },
    ],
  ])("%s", async ([, nodes, expected], { expect }) => {
    expect(await create(nodes)).toMatchObject(expected);
  });

  it("is nobody's word without a signature", async ({ expect }) => {
    const nodes = { [SETTLE]: accepted, [SETTLE_QUERY]: settled([detail]) };
    expect(await create(nodes, false)).toMatchObject({ kind: "unknown" });
    const refused = { [SETTLE]: failed("ACQ.TRADE_SETTLE_ERROR"), [SETTLE_QUERY]: absent };
    expect(await create(refused, false)).toMatchObject({ kind: "unknown" });
  });

  it("a return is done when its royalty came back", async ({ expect }) => {
    const back = returnOf(split, 20);
    const named = { out_request_no: back.splitNumber, refund_status: "REFUND_SUCCESS" };
    const royalty = { refund_amount: "0.20", result_code: "SUCCESS" };
    const ask = (node: unknown) =>
      desk().create(back, account, scripted({ [REFUND]: accepted, [REFUND_QUERY]: node }));
    expect(await ask(ok({ ...named, refund_royaltys: [royalty] }))).toMatchObject({
      kind: "ok",
      value: { state: "succeeded", amount: cny(20) },
    });
    expect(
      await ask(ok({ ...named, refund_royaltys: [{ ...royalty, result_code: "FAIL" }] })),
    ).toMatchObject({ kind: "ok", value: { state: "processing" } });
    // The refund is there, and not a word about the share.
    expect(await ask(ok(named))).toMatchObject({ kind: "unknown" });
    expect(await ask(ok({ ...named, out_request_no: "re_x" }))).toMatchObject({ kind: "unknown" });
    expect(await ask(ok({}))).toMatchObject({ kind: "ok", value: { state: "processing" } });
  });
});
