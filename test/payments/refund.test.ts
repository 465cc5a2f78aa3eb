import * as fc from "fast-check";
import { describe, it } from "vitest";

import type {
  ChannelInfo,
  Outcome,
  RefundReport,
  RefundRules,
  ReportedRefundState,
} from "../../src/channels/adapter.ts";
import { isId, paymentOfRefund, randomId, refundIdOf } from "../../src/ids.ts";
import type { Payment } from "../../src/payments/payment.ts";
import {
  afterCall,
  afterReport,
  checkRefund,
  isOpen,
  type Refund,
  REFUND_STATUSES,
  REFUND_TRANSITIONS,
  type RefundStatus,
  shares,
} from "../../src/payments/refund.ts";

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;

const paid: Payment = {
  status: "succeeded",
  amount: { currency: "CNY", value: 100 },
  isAggregate: false,
  order: "open",
  action: null,
  actionExpiresAt: null,
  expiresAt: NOW,
  closing: null,
  channelTransactionId: "42",
  succeededAt: NOW,
  lastError: null,
  late: false,
  reversed: false,
  refunded: 0,
  refunding: 0,
};

const rules: RefundRules = { partial: true, maxPartials: 3, windowDays: 90, spacingSeconds: 60 };

const channel = (refunds: RefundRules | null = rules): ChannelInfo => ({
  slug: "x",
  name: "Channel X",
  region: "CN",
  currencies: ["CNY"],
  methods: ["qr"],
  requires: {},
  options: [],
  qrStandard: "",
  qrLifetimeSeconds: 60,
  limits: { min: 1, max: 1_000 },
  refunds,
  confirmedBy: "channel_callback",
  feeRangeBasisPoints: [0, 0],
  status: "beta",
});

const none = { count: 0, lastAt: null };

const refundOf = (status: RefundStatus, value = 60): Refund => ({
  status,
  amount: { currency: "CNY", value },
  channelRefundId: null,
  refundedAt: status === "succeeded" ? NOW : null,
  lastError: null,
});

const reportOf = (
  state: ReportedRefundState,
  changes: Partial<RefundReport> = {},
): RefundReport => ({
  refundId: "re_1",
  state,
  amount: { currency: "CNY", value: 60 },
  channelRefundId: "50",
  refundedAt: state === "succeeded" ? NOW + 5 : null,
  channelStatus: state.toUpperCase(),
  ...changes,
});

const rejected: Outcome<RefundReport> = {
  kind: "rejected",
  error: { code: "INSUFFICIENT_BALANCE", channelCode: "NOT_ENOUGH", message: "m", retryable: true },
};

const unknown: Outcome<RefundReport> = {
  kind: "unknown",
  error: { code: "CHANNEL_TIMEOUT", channelCode: "timeout", message: "m", retryable: true },
};

describe("may a refund begin", () => {
  it("takes all that is left when no amount is named", ({ expect }) => {
    expect(checkRefund(paid, null, none, channel(), NOW)).toEqual({ ok: true, value: 100 });
    const used = { ...paid, refunded: 30, refunding: 20 };
    expect(checkRefund(used, null, none, channel(), NOW)).toEqual({ ok: true, value: 50 });
  });

  it.for<[string, Partial<Payment>, number | null, object]>([
    ["more than was paid", {}, 101, { code: "REFUND_EXCEEDS_PAYMENT" }],
    ["more than is left", { refunded: 60 }, 41, { code: "REFUND_EXCEEDS_PAYMENT" }],
    ["what another has reserved", { refunding: 60 }, 60, { code: "REFUND_EXCEEDS_PAYMENT" }],
    ["anything of nothing", { refunded: 100 }, null, { code: "REFUND_EXCEEDS_PAYMENT" }],
    [
      "an unpaid payment",
      { status: "qr_generated", succeededAt: null },
      1,
      { code: "INVALID_STATE" },
    ],
    ["an expired one", { status: "expired", succeededAt: null }, null, { code: "INVALID_STATE" }],
    ["an old payment", { succeededAt: NOW - 90 * DAY - 1 }, 1, { code: "REFUND_WINDOW_CLOSED" }],
  ])("refuses %s", ([, changes, asked, error], { expect }) => {
    const checked = checkRefund({ ...paid, ...changes }, asked, none, channel(), NOW);
    expect(checked).toMatchObject({ ok: false, error });
  });

  it("says what is left", ({ expect }) => {
    const checked = checkRefund({ ...paid, refunded: 60 }, 41, none, channel(), NOW);
    expect(checked).toMatchObject({
      error: {
        details: {
          requested: { currency: "CNY", value: 41 },
          refundable: { currency: "CNY", value: 40 },
        },
      },
    });
  });

  it("knows the channel's own limits: number, spacing, parts, none at all", ({ expect }) => {
    const full = checkRefund(paid, 1, { count: 3, lastAt: NOW - DAY }, channel(), NOW);
    expect(full).toMatchObject({
      error: { code: "CHANNEL_REJECTED", details: { max_refunds: 3 } },
    });

    const soon = { count: 1, lastAt: NOW - 20_000 };
    expect(checkRefund(paid, 1, soon, channel(), NOW)).toMatchObject({
      error: { code: "RATE_LIMITED", details: { retry_after_seconds: 40 } },
    });
    const later = { count: 1, lastAt: NOW - 60_000 };
    expect(checkRefund(paid, 1, later, channel(), NOW).ok).toBe(true);

    const whole = channel({ ...rules, partial: false });
    expect(checkRefund(paid, 99, none, whole, NOW)).toMatchObject({
      error: { code: "AMOUNT_INVALID" },
    });
    expect(checkRefund(paid, 100, none, whole, NOW).ok).toBe(true);

    expect(checkRefund(paid, 1, none, channel(null), NOW)).toMatchObject({
      error: { code: "CHANNEL_REJECTED", details: { reason: "refunds_unsupported" } },
    });
  });
});

describe("what becomes of a refund", () => {
  it.for<[RefundStatus, ReportedRefundState, RefundStatus]>([
    ["requested", "absent", "requested"],
    ["requested", "processing", "processing"],
    ["requested", "succeeded", "succeeded"],
    ["requested", "failed", "failed"],
    ["processing", "absent", "processing"],
    ["processing", "succeeded", "succeeded"],
    ["processing", "failed", "failed"],
    ["succeeded", "processing", "succeeded"],
    ["succeeded", "absent", "succeeded"],
    ["failed", "absent", "failed"],
    ["failed", "failed", "failed"],
  ])("%s and %s is %s", ([from, state, to], { expect }) => {
    const after = afterReport(refundOf(from), reportOf(state), "x", NOW);
    expect(after).toMatchObject({
      ok: true,
      value: { refund: { status: to }, visible: from !== to },
    });
  });

  it("a time-out is never a failure, a refusal is one only before the channel said yes", ({
    expect,
  }) => {
    for (const status of REFUND_STATUSES) {
      expect(afterCall(refundOf(status), unknown, "x", NOW)).toMatchObject({
        value: { refund: { status }, visible: false },
      });
    }
    expect(afterCall(refundOf("requested"), rejected, "x", NOW)).toMatchObject({
      value: {
        refund: { status: "failed", lastError: { code: "INSUFFICIENT_BALANCE" } },
        event: "refund.failed",
      },
    });
    expect(afterCall(refundOf("processing"), rejected, "x", NOW)).toMatchObject({
      value: { refund: { status: "processing" }, visible: false },
    });
  });

  it("does not believe another amount, nor a second ending", ({ expect }) => {
    const wrong = reportOf("succeeded", { amount: { currency: "CNY", value: 61 } });
    expect(afterReport(refundOf("requested"), wrong, "x", NOW)).toMatchObject({
      error: { reason: "amount_mismatch" },
    });
    const foreign = reportOf("succeeded", { amount: { currency: "HKD", value: 60 } });
    expect(afterReport(refundOf("requested"), foreign, "x", NOW).ok).toBe(false);
    // Its share may be spent already.
    expect(afterReport(refundOf("failed"), reportOf("succeeded"), "x", NOW)).toMatchObject({
      error: { reason: "contradiction" },
    });
    expect(afterReport(refundOf("succeeded"), reportOf("failed"), "x", NOW).ok).toBe(false);
  });

  it("shows a refund that the channel cannot pay out, and keeps its share", ({ expect }) => {
    const abnormal = reportOf("processing", { channelStatus: "ABNORMAL" });
    const after = afterReport(refundOf("processing"), abnormal, "wechat", NOW);
    if (!after.ok) throw new Error("not believed");
    expect(after.value).toMatchObject({
      visible: true,
      event: "refund.processing",
      refund: { status: "processing", lastError: { code: "CHANNEL_ERROR" } },
    });
    expect(isOpen(after.value.refund)).toBe(true);
    const again = afterReport(after.value.refund, abnormal, "wechat", NOW);
    expect(again).toMatchObject({ value: { visible: false } });
    const paidOut = afterReport(after.value.refund, reportOf("succeeded"), "wechat", NOW);
    expect(paidOut).toMatchObject({ value: { refund: { status: "succeeded", lastError: null } } });
  });
});

describe("the invariant of money", () => {
  const step = fc.record({
    act: fc.constantFrom("refund", "report", "reject", "silence" as const),
    amount: fc.option(fc.integer({ min: 1, max: 120 })),
    which: fc.nat(20),
    state: fc.constantFrom<ReportedRefundState>("absent", "processing", "succeeded", "failed"),
  });

  it("what is open and given back never exceeds the payment, in any history", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const refunds: Refund[] = [];
        const rich = channel({ ...rules, maxPartials: null, spacingSeconds: 0 });
        for (const { act, amount, which, state } of steps) {
          const payment = { ...paid, ...shares(refunds) };
          const index = refunds.length === 0 ? 0 : which % refunds.length;
          const refund = refunds[index];
          if (act === "refund") {
            const checked = checkRefund(payment, amount, none, rich, NOW);
            if (checked.ok) refunds.push(refundOf("requested", checked.value));
          } else if (refund !== undefined) {
            const before = refund.status;
            const report = reportOf(state, { amount: refund.amount });
            const decided =
              act === "report"
                ? afterReport(refund, report, "x", NOW)
                : afterCall(refund, act === "reject" ? rejected : unknown, "x", NOW);
            const after = decided.ok ? decided.value.refund : refund;
            refunds[index] = after;
            const moved = after.status !== before;
            expect(!moved || REFUND_TRANSITIONS[before].includes(after.status)).toBe(true);
          }
          const { refunded, refunding } = shares(refunds);
          expect(refunded + refunding).toBeLessThanOrEqual(100);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("refund ids", () => {
  it("lead back to their payment, and count", ({ expect }) => {
    const payment = randomId("paymentIntent");
    const ids = [1, 31, 32, 1_023].map((number) => refundIdOf(payment, number));
    expect(new Set(ids).size).toBe(4);
    expect(ids.map((id) => id.slice(-2))).toEqual(["01", "0z", "10", "zz"]);
    for (const id of ids) {
      expect(isId("refund", id)).toBe(true);
      expect(paymentOfRefund(id)).toBe(payment);
    }
    expect(paymentOfRefund(payment)).toBeNull();
    expect(paymentOfRefund("re_01k5x0e8m3v7q2r9t4w6y8z0ab")).toBeNull();
    expect(() => refundIdOf(payment, 0)).toThrow(RangeError);
    expect(() => refundIdOf(payment, 1_024)).toThrow(RangeError);
  });
});
