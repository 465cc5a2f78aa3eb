/** Refunds, the notices about them, and the splitting of money. */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import { alipay } from "../../../src/channels/alipay/adapter.ts";
import {
  refundRoyaltyParameters,
  type RoyaltyShare,
  settleContent,
} from "../../../src/channels/alipay/royalty.ts";
import { alipaySandbox } from "../../../src/channels/alipay/sandbox/channel.ts";
import type { RefundDesk, RefundOrder } from "../../../src/channels/adapter.ts";
import { refundIdOf } from "../../../src/ids.ts";
import type { FaultScript, SandboxRefund } from "../../../src/sandbox/simulator.ts";
import {
  accountOf,
  html,
  ioWith,
  isvAccountOf,
  isvCredentials,
  newPaymentId,
  NOW,
  signedNotice,
  order,
  rawCallback,
  refundOf,
  scripted,
  sent,
  simulation,
  vectorCredentials,
} from "./kit.ts";

const REFUND = "alipay.trade.refund";
const REFUND_QUERY = "alipay.trade.fastpay.refund.query";

const account = accountOf(vectorCredentials);

const desk = (): RefundDesk => {
  if (alipay.refunds === undefined) throw new Error("Alipay has refunds");
  return alipay.refunds;
};

const cny = (value: number) => ({ currency: "CNY", value });
const success = (fields: object) => ({ code: "10000", msg: "Success", ...fields });
const failed = (sub_code: string, fields: object = {}) => ({
  code: "40004",
  msg: "Business Failed",
  sub_code,
  ...fields,
});

const prepare = (refund: RefundOrder, own = account): string => {
  const prepared = desk().prepare(refund, own);
  if (!prepared.ok) throw new Error(prepared.error.message);
  return prepared.value;
};

describe("the prepared refund", () => {
  it("is the same text every time, with our number for it", ({ expect }) => {
    const refund = refundOf(sent("pi_00000000000000000000000001"), 1);
    const text =
      '{"out_trade_no":"pi_00000000000000000000000001","refund_amount":"3.00",' +
      '"refund_reason":"size does not fit","out_request_no":"re_0000000000000000000000000101"}';
    expect(prepare(refund)).toBe(text);
    expect(prepare({ ...refund })).toBe(text);
    expect(prepare({ ...refund, reason: null })).not.toContain("refund_reason");
    expect(JSON.parse(prepare({ ...refund, reason: " a\r\nb\u202e " }))).toMatchObject({
      refund_reason: "a b",
    });
  });

  it("refuses a reason that is too long; the window is the contract's", ({ expect }) => {
    const refund = refundOf(sent(newPaymentId()), 1);
    expect(desk().prepare({ ...refund, reason: "字".repeat(257) }, account)).toMatchObject({
      ok: false,
      error: { code: "INVALID_REQUEST", details: { issues: [{ path: "reason" }] } },
    });
    expect(desk().windowDays?.(account)).toBe(90);
    const year = accountOf({ ...vectorCredentials, refund_window_days: 365 });
    expect(desk().windowDays?.(year)).toBe(365);
  });
});

describe("the answer to a refund", () => {
  const payment = sent(newPaymentId());
  const refund = refundOf(payment, 1);
  const trade_no = "2026052722001424330500000001";
  const moved = success({
    out_trade_no: payment.paymentId,
    trade_no,
    fund_change: "Y",
    refund_fee: "3.00",
    buyer_logon_id: "san***",
  });
  const found = success({
    out_trade_no: payment.paymentId,
    trade_no,
    out_request_no: refund.refundId,
    refund_amount: "3.00",
    total_amount: "6.99",
    refund_status: "REFUND_SUCCESS",
    gmt_refund_pay: "2026-05-27 09:31:00",
  });
  const bare = success({});

  const create = async (nodes: Record<string, unknown>, signed = true) => {
    const io = scripted(nodes, signed);
    const outcome = await desk().create(prepare(refund), refund, account, io);
    return { outcome, asked: io.asked };
  };

  it("succeeded when money moved", async ({ expect }) => {
    const { outcome, asked } = await create({ [REFUND]: moved });
    expect(outcome).toEqual({
      kind: "ok",
      value: {
        refundId: refund.refundId,
        state: "succeeded",
        // The answer has the trade's total only.
        amount: null,
        channelRefundId: null,
        refundedAt: null,
        channelStatus: "fund_change=Y",
      },
    });
    expect(asked).toEqual([REFUND]);
    // The second refund of the trade: the total holds both.
    const later = await create({ [REFUND]: { ...moved, refund_fee: "6.99" } });
    expect(later.outcome).toMatchObject({ kind: "ok", value: { state: "succeeded" } });
  });

  it("is asked about when the call was accepted and no money moved by it", async ({ expect }) => {
    for (const fund_change of ["N", undefined, "y", "1"]) {
      const node = { ...moved, fund_change };
      const { outcome, asked } = await create({ [REFUND]: node, [REFUND_QUERY]: found });
      expect(outcome).toEqual({
        kind: "ok",
        value: {
          refundId: refund.refundId,
          state: "succeeded",
          amount: cny(300),
          channelRefundId: null,
          refundedAt: NOW + 60_000,
          channelStatus: "REFUND_SUCCESS",
        },
      });
      expect(asked).toEqual([REFUND, REFUND_QUERY]);
    }
    const { outcome } = await create({
      [REFUND]: { ...moved, fund_change: "N" },
      [REFUND_QUERY]: bare,
    });
    expect(outcome).toMatchObject({ kind: "ok", value: { state: "processing" } });
  });

  it("is doubted when it is another order's, unsigned, or its total cannot be", async ({
    expect,
  }) => {
    const doubtful: [object, boolean][] = [
      [moved, false],
      [{ ...moved, out_trade_no: "pi_other" }, true],
      [{ ...moved, out_trade_no: undefined }, true],
      [{ ...moved, refund_fee: undefined }, true],
      [{ ...moved, refund_fee: 3 }, true],
      [{ ...moved, refund_fee: "2.99" }, true],
      [{ ...moved, refund_fee: "7.00" }, true],
      [{ code: "40006", sub_code: "isv.insufficient-isv-permissions" }, false],
      [{ code: "20000", sub_code: "isp.unknow-error" }, true],
      [failed("ACQ.SYSTEM_ERROR"), true],
    ];
    for (const [node, signed] of doubtful) {
      expect(
        (await create({ [REFUND]: node, [REFUND_QUERY]: bare }, signed)).outcome,
      ).toMatchObject({ kind: "unknown" });
    }
    for (const body of ["<html>502</html>", "", "{}", `{"x":"${"y".repeat(300_000)}"}`]) {
      const io = ioWith(async () => html(body));
      expect(await desk().create(prepare(refund), refund, account, io)).toMatchObject({
        kind: "unknown",
      });
    }
  });

  it("is a refusal only when Alipay also says that nothing is booked", async ({ expect }) => {
    const refusals: [string, string, boolean][] = [
      // After a top-up it may be asked for again.
      ["ACQ.SELLER_BALANCE_NOT_ENOUGH", "INSUFFICIENT_BALANCE", true],
      ["ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "REFUND_EXCEEDS_PAYMENT", false],
      ["ACQ.REASON_TRADE_REFUND_FEE_ERR", "REFUND_EXCEEDS_PAYMENT", false],
      ["ACQ.TRADE_NOT_ALLOW_REFUND", "REFUND_WINDOW_CLOSED", false],
      ["ACQ.TRADE_HAS_FINISHED", "REFUND_WINDOW_CLOSED", false],
      ["ACQ.TRADE_HAS_CLOSE", "INVALID_STATE", false],
      ["ACQ.TRADE_STATUS_ERROR", "INVALID_STATE", false],
      ["ACQ.DISCORDANT_REPEAT_REQUEST", "CHANNEL_REJECTED", false],
      ["ACQ.BUYER_ERROR", "CHANNEL_REJECTED", false],
      ["ACQ.NEVER_SEEN", "CHANNEL_REJECTED", false],
    ];
    for (const [subCode, code, retryable] of refusals) {
      const nothing = await create({ [REFUND]: failed(subCode), [REFUND_QUERY]: bare });
      expect(nothing.outcome).toMatchObject({
        kind: "rejected",
        error: { code, channelCode: subCode, retryable },
      });
      expect(nothing.asked).toEqual([REFUND, REFUND_QUERY]);
      // The first try, whose reply was lost, had booked it.
      const booked = await create({ [REFUND]: failed(subCode), [REFUND_QUERY]: found });
      expect(booked.outcome).toMatchObject({ kind: "ok", value: { state: "succeeded" } });
      const silent = await create({
        [REFUND]: failed(subCode),
        [REFUND_QUERY]: failed("ACQ.SYSTEM_ERROR"),
      });
      expect(silent.outcome).toMatchObject({ kind: "unknown" });
    }
    // Without a signature it is nobody's word.
    const unsigned = await create(
      { [REFUND]: failed("ACQ.SELLER_BALANCE_NOT_ENOUGH"), [REFUND_QUERY]: bare },
      false,
    );
    expect(unsigned.outcome).toMatchObject({ kind: "unknown" });
  });

  it("to the query: there and done, there and stuck, or not there", async ({ expect }) => {
    const query = (node: unknown, signed = true) =>
      desk().query(refund, account, scripted({ [REFUND_QUERY]: node }, signed));
    expect(await query(found)).toMatchObject({
      kind: "ok",
      value: { state: "succeeded", amount: cny(300), refundedAt: NOW + 60_000 },
    });
    const { refund_status: _status, ...stuck } = found as Record<string, unknown>;
    expect(await query(stuck)).toMatchObject({
      kind: "ok",
      value: { state: "processing", channelStatus: expect.stringMatching(/abnormal/) },
    });
    for (const node of [bare, failed("ACQ.TRADE_NOT_EXIST")]) {
      expect(await query(node)).toMatchObject({ kind: "ok", value: { state: "absent" } });
    }
    const doubtful: [object, boolean][] = [
      [found, false],
      [bare, false],
      [failed("ACQ.TRADE_NOT_EXIST"), false],
      [{ ...found, out_request_no: refundIdOf(payment.paymentId, 2) }, true],
      [{ ...found, out_request_no: undefined }, true],
      [{ ...found, out_trade_no: "pi_other" }, true],
      [{ ...found, out_trade_no: undefined }, true],
      [{ ...found, refund_amount: "3.01" }, true],
      [{ ...found, refund_amount: undefined }, true],
      [failed("ACQ.SYSTEM_ERROR"), true],
      [{ code: "20000" }, true],
    ];
    for (const [node, signed] of doubtful) {
      expect(await query(node, signed)).toMatchObject({ kind: "unknown" });
    }
  });

  it("is asked for the time of the refund, by both numbers", async ({ expect }) => {
    const contents: unknown[] = [];
    const io = ioWith(async (request) => {
      const form = new URLSearchParams(await request.text());
      contents.push(JSON.parse(form.get("biz_content") ?? "null"));
      return html("");
    });
    await desk().query(refund, account, io);
    expect(contents).toEqual([
      {
        out_trade_no: payment.paymentId,
        out_request_no: refund.refundId,
        query_options: ["gmt_refund_pay"],
      },
    ]);
  });
});

const setUp = async (script: FaultScript | null = null) => {
  const sim = await simulation(() => NOW, script);
  const own = accountOf(alipaySandbox.credentials(sim.keys, "ca_one"));
  const charge = order();
  const content = alipay.prepareCharge(charge, own);
  if (!content.ok) throw new Error("order");
  await alipay.createCharge(content.value, charge, own, sim.io);
  sim.become(charge.paymentId, "paid");
  const payment = sent(charge.paymentId);
  const create = (refund: RefundOrder) => desk().create(prepare(refund, own), refund, own, sim.io);
  const query = (refund: RefundOrder) => desk().query(refund, own, sim.io);
  const notices = async () => {
    const record = sim.find(charge.paymentId);
    if (record === undefined) throw new Error("order");
    const verdicts = record.refunds.map(async (refund: SandboxRefund) => {
      const request = await alipaySandbox.refundCallback?.(record, refund, sim.world());
      const text = await request?.text();
      if (text === undefined) return null;
      return {
        fields: Object.fromEntries(new URLSearchParams(text)),
        verdict: await alipay.verifyCallback(rawCallback(text), own, sim.io),
      };
    });
    return Promise.all(verdicts);
  };
  return { sim, own, payment, create, query, notices };
};

describe("refunds at the simulator", () => {
  it("in two parts: each once, each told, and the last one closes the trade", async ({
    expect,
  }) => {
    const { sim, own, payment, create, query, notices } = await setUp();
    const [first, second] = [
      refundOf(payment, 1),
      refundOf(payment, 2, { amount: cny(399), reason: null }),
    ];
    for (const refund of [first, second]) {
      expect(await query(refund)).toMatchObject({ kind: "ok", value: { state: "absent" } });
      expect(await create(refund)).toMatchObject({ kind: "ok", value: { state: "succeeded" } });
      // A repeat moves nothing, and is known to be done.
      expect(await create(refund)).toMatchObject({
        kind: "ok",
        value: { state: "succeeded", amount: refund.amount },
      });
      expect(await query(refund)).toMatchObject({
        kind: "ok",
        value: { state: "succeeded", amount: refund.amount, refundedAt: NOW },
      });
    }
    expect(sim.find(payment.paymentId)?.refunds).toHaveLength(2);
    const [partial, last] = await notices();
    expect(partial?.fields).toMatchObject({
      trade_status: "TRADE_SUCCESS",
      refund_fee: "3.00",
      out_biz_no: first.refundId,
      gmt_refund: "2026-05-27 09:30:00.000",
    });
    expect(partial?.verdict).toMatchObject({
      kind: "reports",
      reports: [{ paymentId: payment.paymentId, state: "paid", amount: cny(699) }],
      refunds: [{ refundId: first.refundId, state: "succeeded", amount: null, refundedAt: NOW }],
    });
    expect(last?.fields).toMatchObject({
      trade_status: "TRADE_CLOSED",
      refund_fee: "6.99",
      out_biz_no: second.refundId,
    });
    expect(last?.verdict).toMatchObject({
      kind: "reports",
      reports: [{ paymentId: payment.paymentId, state: "reversed" }],
      refunds: [{ refundId: second.refundId, state: "succeeded" }],
    });
    expect(await alipay.queryPayment(payment, own, sim.io)).toMatchObject({
      kind: "ok",
      value: { state: "reversed", channelStatus: "TRADE_CLOSED" },
    });
    // The payment's own notice, repeated after all that, is still the payment's.
    const record = sim.find(payment.paymentId);
    const notice = record && (await alipaySandbox.callback(record, null, sim.world()));
    const verdict = await alipay.verifyCallback(
      rawCallback((await notice?.text()) ?? ""),
      own,
      sim.io,
    );
    expect(verdict).toMatchObject({ kind: "reports", reports: [{ state: "paid" }] });
    expect(verdict).not.toHaveProperty("refunds");
  });

  it("over what is left, of an unpaid order, or with changed contents: refused", async ({
    expect,
  }) => {
    const { sim, own, payment, create } = await setUp();
    expect(await create(refundOf(payment, 1, { amount: cny(699) }))).toMatchObject({ kind: "ok" });
    expect(await create(refundOf(payment, 2, { amount: cny(1) }))).toMatchObject({
      kind: "rejected",
      error: { code: "REFUND_EXCEEDS_PAYMENT", channelCode: "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL" },
    });
    // The same number for other money is another refund, and nobody knows which: asked, not failed.
    expect(await create(refundOf(payment, 1, { amount: cny(1) }))).toMatchObject({
      kind: "unknown",
    });
    const unpaid = order();
    const content = alipay.prepareCharge(unpaid, own);
    await alipay.createCharge(content.ok ? content.value : "", unpaid, own, sim.io);
    sim.become(unpaid.paymentId, "scanned");
    expect(await create(refundOf(sent(unpaid.paymentId), 1))).toMatchObject({
      kind: "rejected",
      error: { code: "INVALID_STATE", channelCode: "ACQ.TRADE_STATUS_ERROR" },
    });
    expect(await create(refundOf(sent(newPaymentId()), 1))).toMatchObject({
      kind: "rejected",
      error: { channelCode: "ACQ.TRADE_NOT_EXIST" },
    });
  });

  it("whose reply is lost is done when it is sent again", async ({ expect }) => {
    const { sim, own, payment, create } = await setUp();
    const refund = refundOf(payment, 1);
    const lossy = ioWith(async (request) => {
      await sim.fetch(request);
      throw new DOMException("lost", "TimeoutError");
    });
    expect(await desk().create(prepare(refund, own), refund, own, lossy)).toMatchObject({
      kind: "unknown",
    });
    expect(await create(refund)).toMatchObject({ kind: "ok", value: { state: "succeeded" } });
    expect(sim.find(payment.paymentId)?.refunds).toHaveLength(1);
  });

  it("that does not reach the buyer stays processing, and is not told", async ({ expect }) => {
    const { payment, create, query, notices } = await setUp("refund_abnormal");
    const refund = refundOf(payment, 1);
    for (const act of [create, query, create]) {
      expect(await act(refund)).toMatchObject({ kind: "ok", value: { state: "processing" } });
    }
    expect(await notices()).toEqual([null]);
  });
});

describe("notices about refunds", () => {
  const out_trade_no = newPaymentId();
  const ours = refundIdOf(out_trade_no, 1);
  const silent = ioWith(() => Promise.reject(new Error("a callback needs no call")));
  const verify = async (changes: Readonly<Record<string, string | undefined>>) =>
    alipay.verifyCallback(
      rawCallback(await signedNotice("partial refund", { out_trade_no, ...changes })),
      account,
      silent,
    );

  it("name the refund, and never the trade's running total as its amount", async ({ expect }) => {
    const verdict = await verify({
      out_biz_no: ours,
      refund_fee: "400.00",
      gmt_refund: "2026-05-28 10:00:00.123",
    });
    expect(verdict).toMatchObject({
      kind: "reports",
      reports: [{ state: "paid" }],
      refunds: [
        {
          refundId: ours,
          state: "succeeded",
          amount: null,
          refundedAt: Date.parse("2026-05-28T02:00:00.123Z"),
        },
      ],
    });
  });

  it("say nothing of refunds that are not ours, or not this payment's", async ({ expect }) => {
    for (const out_biz_no of [
      undefined,
      "",
      "console-refund-1",
      "re_01",
      refundIdOf(newPaymentId(), 1),
      out_trade_no,
      `${ours}x`,
    ]) {
      const verdict = await verify({ out_biz_no });
      expect(verdict).toMatchObject({ kind: "reports", reports: [{ state: "paid" }] });
      expect(verdict).not.toHaveProperty("refunds");
    }
    // The number alone, without a mark of a refund, is none.
    const bare = await verify({ out_biz_no: ours, refund_fee: undefined, gmt_refund: undefined });
    expect(bare).not.toHaveProperty("refunds");
  });

  it("that are tampered with are refused", async ({ expect }) => {
    const body = new URLSearchParams(
      await signedNotice("partial refund", { out_trade_no, out_biz_no: ours }),
    );
    body.set("out_biz_no", refundIdOf(out_trade_no, 2));
    const raw = rawCallback(body.toString());
    expect(await alipay.verifyCallback(raw, account, silent)).toMatchObject({ kind: "refused" });
  });
});

const shares = (...values: number[]): RoyaltyShare[] =>
  values.map((value, index) => ({
    receiver: { type: "userId", account: `2088${String(index).padStart(12, "0")}` },
    amount: cny(value),
  }));

describe("profit sharing", () => {
  const settlement = {
    requestNumber: "st_00000000000000000000000001",
    tradeNumber: "2026052722001424330500000001",
    available: cny(699),
    finish: false,
  };

  it("pays receivers out of a trade", ({ expect }) => {
    const prepared = settleContent({
      ...settlement,
      shares: [
        { receiver: { type: "userId", account: "2088000000000001" }, amount: cny(100) },
        {
          receiver: { type: "loginName", account: "partner@shop.example", name: "Partner" },
          amount: cny(5),
          description: "commission\r\n5%",
        },
      ],
      finish: true,
    });
    expect(JSON.parse(prepared.ok ? prepared.value : "")).toEqual({
      out_request_no: settlement.requestNumber,
      trade_no: settlement.tradeNumber,
      royalty_parameters: [
        {
          royalty_type: "transfer",
          trans_in_type: "userId",
          trans_in: "2088000000000001",
          amount: "1.00",
        },
        {
          royalty_type: "transfer",
          trans_in_type: "loginName",
          trans_in: "partner@shop.example",
          trans_in_name: "Partner",
          amount: "0.05",
          desc: "commission 5%",
        },
      ],
      extend_params: { royalty_finish: "true" },
    });
    // Nothing left to share: the rest is the seller's.
    expect(settleContent({ ...settlement, shares: [], finish: true }).ok).toBe(true);
  });

  it("never shares more than there is, exactly", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 }), (values) => {
        const sum = values.reduce((total, value) => total + value, 0);
        const prepared = settleContent({ ...settlement, shares: shares(...values) });
        expect(prepared.ok).toBe(sum <= 699);
        if (!prepared.ok) return;
        const content: { royalty_parameters: { amount: string }[] } = JSON.parse(prepared.value);
        const fen = content.royalty_parameters.map(({ amount }) =>
          Number(amount.replace(".", "")),
        );
        expect(fen).toEqual(values);
      }),
    ); // prettier-ignore
  });

  it("refuses what Alipay could not carry out", ({ expect }) => {
    const refusals: [Partial<Parameters<typeof settleContent>[0]>, string][] = [
      [{ shares: shares(500, 200) }, "AMOUNT_EXCEEDED"],
      [{ shares: [] }, "INVALID_REQUEST"],
      [{ shares: shares(0) }, "INVALID_REQUEST"],
      [{ shares: shares(-1) }, "INVALID_REQUEST"],
      [{ shares: shares(1.5) }, "INVALID_REQUEST"],
      [{ shares: [...shares(1), ...shares(1)] }, "INVALID_REQUEST"],
      [{ shares: shares(1), requestNumber: "x".repeat(33) }, "INVALID_REQUEST"],
      [{ shares: shares(1), requestNumber: "a-b" }, "INVALID_REQUEST"],
      [
        { shares: [{ receiver: { type: "userId", account: "2099" }, amount: cny(1) }] },
        "INVALID_REQUEST",
      ],
      [
        { shares: [{ receiver: { type: "loginName", account: "a b" }, amount: cny(1) }] },
        "INVALID_REQUEST",
      ],
      [
        {
          shares: [
            {
              receiver: { type: "userId", account: "2088000000000001" },
              amount: { currency: "USD", value: 1 },
            },
          ],
        },
        "INVALID_REQUEST",
      ],
    ];
    for (const [changes, code] of refusals) {
      const prepared = settleContent({ ...settlement, shares: shares(1), ...changes });
      expect(prepared).toMatchObject({ ok: false, error: { code } });
    }
  });

  it("takes back from receivers no more than the refund", ({ expect }) => {
    expect(refundRoyaltyParameters(shares(100, 5), cny(105))).toEqual({
      ok: true,
      value: [
        {
          royalty_type: "transfer",
          trans_out_type: "userId",
          trans_out: "2088000000000000",
          amount: "1.00",
        },
        {
          royalty_type: "transfer",
          trans_out_type: "userId",
          trans_out: "2088000000000001",
          amount: "0.05",
        },
      ],
    });
    expect(refundRoyaltyParameters([], cny(1))).toEqual({ ok: true, value: [] });
    expect(refundRoyaltyParameters(shares(100, 6), cny(105))).toMatchObject({
      ok: false,
      error: { code: "AMOUNT_EXCEEDED" },
    });
  });
});

describe("a service provider's refunds", () => {
  it("wait for an authorisation that holds", ({ expect }) => {
    const refund = refundOf(sent(newPaymentId()), 1);
    const expired = { ...isvCredentials, app_auth_token_expires_at: NOW };
    expect(desk().prepare(refund, isvAccountOf(isvCredentials)).ok).toBe(true);
    expect(desk().prepare(refund, isvAccountOf(expired))).toMatchObject({
      ok: false,
      error: { code: "CHANNEL_NOT_CONFIGURED", details: { reason: "authorization_expired" } },
    });
  });
});
