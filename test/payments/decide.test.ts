import * as fc from "fast-check";
import { describe, it } from "vitest";

import type { PaymentReport, ReportedState } from "../../src/channels/adapter.ts";
import { decide } from "../../src/payments/decide.ts";
import type { Command, Payment } from "../../src/payments/payment.ts";
import { askDelay, nextWake, publishDelay } from "../../src/payments/schedule.ts";
import { isTerminal, mayGo, STATUSES, TRANSITIONS } from "../../src/payments/states.ts";

const NOW = Date.UTC(2026, 10, 21);
const EXPIRES = NOW + 900_000;

const fresh: Payment = {
  status: "pending",
  amount: { currency: "CNY", value: 699 },
  isAggregate: false,
  order: "unsent",
  action: null,
  actionExpiresAt: null,
  expiresAt: EXPIRES,
  closing: null,
  channelTransactionId: null,
  succeededAt: null,
  lastError: null,
  late: false,
  reversed: false,
  refunded: 0,
  refunding: 0,
};

const report = (state: ReportedState, changes: Partial<PaymentReport> = {}): Command => ({
  type: "reported",
  report: {
    paymentId: "pi_1",
    state,
    amount: { currency: "CNY", value: 699 },
    channelTransactionId: "4200000000000000000000000001",
    paidAt: NOW + 5,
    channelStatus: state.toUpperCase(),
    ...changes,
  },
});

const charged: Command = {
  type: "charged",
  channel: "wechat",
  outcome: {
    kind: "ok",
    value: { action: { type: "show_qr", data: "weixin://x" }, expiresAt: EXPIRES },
  },
};

const failedCharge = (kind: "rejected" | "unknown"): Command => ({
  type: "charged",
  channel: "wechat",
  outcome: {
    kind,
    error: { code: "CHANNEL_REJECTED", channelCode: "X", message: "no", retryable: false },
  },
});

/** Applies commands one after the other; disbelieved news changes nothing. */
function play(commands: readonly Command[], now = NOW, start = fresh) {
  const events: string[] = [];
  let payment = start;
  for (const command of commands) {
    const decided = decide(payment, command, now);
    if (!decided.ok) continue;
    payment = decided.value.payment;
    if (decided.value.event !== null) events.push(decided.value.event);
  }
  return { payment, events };
}

describe("the state table", () => {
  it("is the one of the wire contract", ({ expect }) => {
    const later = ["succeeded", "failed", "expired", "cancelled"];
    expect(TRANSITIONS.pending).toEqual([
      "qr_generated",
      "scanning",
      "authorized",
      "captured",
      ...later,
    ]);
    expect(TRANSITIONS.succeeded).toEqual([]);
    for (const ended of ["failed", "expired", "cancelled"] as const) {
      expect(TRANSITIONS[ended]).toEqual(["succeeded"]);
    }
    expect(STATUSES.filter(isTerminal)).toEqual(later);
  });
});

describe("creating", () => {
  it("goes to qr_generated with the code, once", ({ expect }) => {
    const { payment, events } = play([charged, charged]);
    expect(payment).toMatchObject({ status: "qr_generated", order: "open" });
    expect(events).toEqual(["payment_intent.qr_generated"]);
  });

  it("a channel's no fails the payment and keeps its words", ({ expect }) => {
    const { payment, events } = play([failedCharge("rejected")]);
    expect(payment).toMatchObject({
      status: "failed",
      order: "refused",
      lastError: {
        code: "CHANNEL_REJECTED",
        details: { channel: { name: "wechat", code: "X", message: "no" } },
      },
    });
    expect(events).toEqual(["payment_intent.failed"]);
  });

  it("an unknown outcome is never a failure: the payment stays pending", ({ expect }) => {
    const { payment, events } = play([failedCharge("unknown"), failedCharge("unknown")]);
    expect(payment).toMatchObject({ status: "pending", order: "unknown" });
    expect(events).toEqual([]);
  });

  it("what stands in the way is shown, once for each trouble, until the channel speaks", ({
    expect,
  }) => {
    const first = decide(fresh, failedCharge("unknown"), NOW);
    if (!first.ok) throw new Error("refused");
    expect(first.value).toMatchObject({
      visible: true,
      event: null,
      payment: { lastError: { code: "CHANNEL_REJECTED", details: { channel: { code: "X" } } } },
    });
    expect(decide(first.value.payment, failedCharge("unknown"), NOW)).toMatchObject({
      value: { visible: false },
    });
    expect(decide(first.value.payment, charged, NOW)).toMatchObject({
      value: { payment: { status: "qr_generated", lastError: null } },
    });
  });

  it("an unknown retry does not forget a code that is shown", ({ expect }) => {
    expect(play([charged, failedCharge("unknown")]).payment.order).toBe("open");
  });

  it("a callback faster than the reply wins, and the reply changes nothing", ({ expect }) => {
    const { payment, events } = play([report("paid"), charged]);
    expect(payment.status).toBe("succeeded");
    expect(events).toEqual(["payment_intent.succeeded"]);
    expect(play([report("paid"), failedCharge("rejected")]).payment.status).toBe("succeeded");
  });
});

describe("news", () => {
  it("succeeds exactly once, however often it comes", ({ expect }) => {
    const { payment, events } = play([charged, report("paid"), report("paid"), report("closed")]);
    expect(payment).toMatchObject({
      status: "succeeded",
      succeededAt: NOW + 5,
      channelTransactionId: "4200000000000000000000000001",
      late: false,
    });
    expect(events.filter((event) => event === "payment_intent.succeeded")).toHaveLength(1);
  });

  it.for([
    ["one unit less", { currency: "CNY", value: 698 }],
    ["one unit more", { currency: "CNY", value: 700 }],
    ["another currency", { currency: "HKD", value: 699 }],
    ["no amount at all", null],
  ] as const)("is not believed with %s, even well signed", ([, amount], { expect }) => {
    const decided = decide(play([charged]).payment, report("paid", { amount }), NOW);
    expect(decided.ok).toBe(false);
  });

  it("without an amount is fine as long as nothing was paid", ({ expect }) => {
    expect(decide(play([charged]).payment, report("open", { amount: null }), NOW).ok).toBe(true);
  });

  it("absent is not a failure: before a code is scanned there may be no trade", ({ expect }) => {
    const { payment, events } = play([charged, report("absent", { amount: null })]);
    expect(payment.status).toBe("qr_generated");
    expect(events).toEqual(["payment_intent.qr_generated"]);
  });

  it("steps forward and never back", ({ expect }) => {
    const { payment } = play([charged, report("authorized"), report("scanning"), report("open")]);
    expect(payment.status).toBe("authorized");
  });

  it("a decline fails it with a reason", ({ expect }) => {
    const { payment } = play([charged, report("failed")]);
    expect(payment).toMatchObject({ status: "failed", lastError: { code: "PAYMENT_DECLINED" } });
  });

  it("closed by the channel: cancelled before our deadline, expired after it", ({ expect }) => {
    expect(play([charged, report("closed")]).payment.status).toBe("cancelled");
    expect(play([charged, report("closed")], EXPIRES).payment.status).toBe("expired");
  });
});

describe("closing", () => {
  const cancel: Command = { type: "close", reason: "cancel" };
  const expire: Command = { type: "close", reason: "expire" };
  const closed: Command = { type: "closed", reversed: false };

  it("ends as what was asked for, only after the channel confirmed", ({ expect }) => {
    expect(play([charged, cancel]).payment).toMatchObject({
      status: "qr_generated",
      closing: "cancel",
    });
    expect(play([charged, cancel, closed]).events.at(-1)).toBe("payment_intent.cancelled");
    expect(play([charged, expire, closed]).events.at(-1)).toBe("payment_intent.expired");
  });

  it("a merchant's wish is not overwritten by the deadline", ({ expect }) => {
    expect(play([charged, cancel, expire, closed]).payment.status).toBe("cancelled");
  });

  it("a buyer who pays meanwhile is not lost", ({ expect }) => {
    const { payment, events } = play([charged, cancel, report("paid"), closed]);
    expect(payment).toMatchObject({ status: "succeeded", late: false, closing: null });
    expect(events).not.toContain("payment_intent.cancelled");
  });

  it("what has ended cannot be closed", ({ expect }) => {
    expect(decide(play([charged, report("paid")]).payment, cancel, NOW).ok).toBe(false);
  });

  it.for([
    [cancel, "cancelled"],
    [expire, "expired"],
  ] as const)(
    "a payment after the end is late, by proof only (%#)",
    ([command, status], { expect }) => {
      const ended = play([charged, command, closed]).payment;
      expect(ended.status).toBe(status);
      expect(play([report("open"), report("scanning"), report("failed")], NOW, ended).payment).toBe(
        ended,
      );
      const { payment, events } = play([report("paid"), report("paid")], NOW, ended);
      expect(payment).toMatchObject({ status: "succeeded", late: true });
      expect(events).toEqual(["payment_intent.succeeded"]);
    },
  );

  it("paid and given back by the close: an older success notice proves nothing", ({ expect }) => {
    const { payment, events } = play([
      charged,
      cancel,
      { type: "closed", reversed: true },
      report("paid"),
    ]);
    expect(payment).toMatchObject({ status: "cancelled", reversed: true });
    expect(events).not.toContain("payment_intent.succeeded");
  });

  it("learns also after the end that the money was given back", ({ expect }) => {
    const { payment } = play([charged, cancel, closed, report("reversed"), report("paid")]);
    expect(payment.status).toBe("cancelled");
  });
});

describe("a buyer who takes another channel", () => {
  const left: Command = { type: "left", reversed: false };
  const offered: Payment = { ...fresh, isAggregate: true, order: "none", status: "qr_generated" };

  it.for(["scanning", "authorized", "captured"] as const)(
    "has seen no step that the next order would have to take back: %s is skipped",
    (state, { expect }) => {
      for (const end of [left, report("closed"), report("failed")]) {
        const { payment } = play([{ type: "chosen" }, charged, report(state), end], NOW, offered);
        expect(payment).toMatchObject({ status: "qr_generated", order: "none", action: null });
      }
    },
  );

  it.for([
    ["cancel", "cancelled"],
    ["expire", "expired"],
  ] as const)("has no choice left when it was closed to %s", ([reason, status], { expect }) => {
    const closing = play([{ type: "chosen" }, charged, { type: "close", reason }], NOW, offered);
    expect(play([left], NOW, closing.payment)).toMatchObject({
      payment: { status, closing: null, reversed: false },
      events: [`payment_intent.${status}`],
    });
    expect(
      play([{ type: "left", reversed: true }, report("paid")], NOW, closing.payment).payment,
    ).toMatchObject({ status, reversed: true });
  });
});

const anyReport = fc
  .record({
    state: fc.constantFrom<ReportedState>(
      "absent",
      "open",
      "scanning",
      "authorized",
      "captured",
      "paid",
      "closed",
      "failed",
      "reversed",
    ),
    wrong: fc.boolean(),
  })
  .map(({ state, wrong }) => report(state, wrong ? { amount: { currency: "CNY", value: 1 } } : {}));

const anyCommand = fc.oneof(
  { arbitrary: anyReport, weight: 4 },
  fc.constantFrom<Command>(
    charged,
    failedCharge("rejected"),
    failedCharge("unknown"),
    { type: "close", reason: "cancel" },
    { type: "close", reason: "expire" },
    { type: "closed", reversed: false },
    { type: "closed", reversed: true },
  ),
);

describe("any history at all", () => {
  it("moves along the table, succeeds at most once, and only on proof", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 25 }), (commands) => {
        let payment = fresh;
        let successes = 0;
        let proven = false;
        for (const command of commands) {
          const decided = decide(payment, command, NOW);
          if (!decided.ok) continue;
          const { payment: next, visible, event } = decided.value;
          if (next.status !== payment.status) {
            expect(mayGo(payment.status, next.status)).toBe(true);
            expect(visible).toBe(true);
          }
          if (event !== null) expect(visible).toBe(true);
          if (command.type === "reported" && command.report.state === "paid") proven = true;
          if (event === "payment_intent.succeeded") successes += 1;
          // Nothing is taken back from a success, but that its money went back.
          if (payment.status === "succeeded") {
            expect({ ...next, reversed: false }).toEqual({ ...payment, reversed: false });
          }
          expect(next.amount).toEqual(fresh.amount);
          expect(next.late && next.status !== "succeeded").toBe(false);
          payment = next;
        }
        expect(successes).toBe(payment.status === "succeeded" ? 1 : 0);
        if (payment.status === "succeeded") expect(proven).toBe(true);
        expect(payment.succeededAt !== null).toBe(payment.status === "succeeded");
      }),
      { numRuns: 2_000 },
    );
  });

  it("is idempotent: the same command twice is the same as once", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 12 }), anyCommand, (history, command) => {
        const { payment } = play(history);
        const once = play([command], NOW, payment);
        const twice = play([command, command], NOW, payment);
        expect(twice.payment.status).toBe(once.payment.status);
        expect(twice.events).toEqual(once.events);
      }),
      { numRuns: 1_000 },
    );
  });

  it("a believed payment ends the same in any order of its news", ({ expect }) => {
    const news = [charged, report("scanning"), report("open"), report("paid"), report("absent")];
    fc.assert(
      fc.property(fc.shuffledSubarray(news, { minLength: news.length }), (order) => {
        expect(play(order).payment.status).toBe("succeeded");
      }),
    );
  });
});

describe("the one alarm", () => {
  const open = {
    status: "qr_generated",
    expiresAt: EXPIRES,
    closing: false,
    askAt: NOW + 15_000,
    afterworkAt: null,
    publishAt: null,
  } as const;

  it("is the earliest of asking, expiry and publishing", ({ expect }) => {
    expect(nextWake(open)).toBe(NOW + 15_000);
    expect(nextWake({ ...open, askAt: EXPIRES + 1 })).toBe(EXPIRES);
    expect(nextWake({ ...open, publishAt: NOW + 1 })).toBe(NOW + 1);
  });

  it("past the deadline only asks: no loop on a deadline that has gone by", ({ expect }) => {
    expect(nextWake({ ...open, closing: true, askAt: EXPIRES + 5_000 })).toBe(EXPIRES + 5_000);
  });

  it("ends with the payment, except for what is not yet published", ({ expect }) => {
    expect(nextWake({ ...open, status: "succeeded" })).toBeNull();
    expect(nextWake({ ...open, status: "succeeded", publishAt: NOW })).toBe(NOW);
    expect(nextWake({ ...open, status: "succeeded", afterworkAt: NOW + 7 })).toBe(NOW + 7);
  });

  it("asks about an unknown outcome after 5 s, 15 s, 30 s, 1, 2, 5 and 10 minutes", ({
    expect,
  }) => {
    const delays = Array.from({ length: 8 }, (_, attempt) => askDelay("unknown", attempt) / 1_000);
    expect(delays).toEqual([5, 15, 30, 60, 120, 300, 600, 600]);
    expect(publishDelay(99)).toBe(300_000);
  });
});

describe("an aggregate payment", () => {
  const offered: Payment = { ...fresh, isAggregate: true, order: "none", status: "qr_generated" };
  const chosen: Payment = { ...offered, order: "unsent" };
  const open: Payment = {
    ...offered,
    order: "open",
    action: { type: "show_qr", data: "weixin://x" },
    actionExpiresAt: EXPIRES,
  };
  const after = (payment: Payment, command: Command, now = NOW) => {
    const decided = decide(payment, command, now);
    if (!decided.ok) throw new Error(decided.error.message);
    return decided.value;
  };

  it("is offered once", ({ expect }) => {
    const pending: Payment = { ...offered, status: "pending" };
    expect(after(pending, { type: "offered" })).toMatchObject({
      event: "payment_intent.qr_generated",
    });
    expect(after(offered, { type: "offered" })).toMatchObject({ visible: false });
  });

  it("takes a choice only when there is no order", ({ expect }) => {
    expect(after(offered, { type: "chosen" }).payment.order).toBe("unsent");
    for (const payment of [chosen, open, { ...offered, closing: "cancel" as const }]) {
      expect(after(payment, { type: "chosen" }).visible).toBe(false);
    }
  });

  it.for([
    ["the channel refuses", chosen, failedCharge("rejected")],
    ["the buyer is declined", open, report("failed")],
    ["the channel closes it", open, report("closed")],
    ["it was left", open, { type: "left", reversed: false }],
  ] as const)("is back at the choice when %s", ([, payment, command], { expect }) => {
    const { payment: now, event, visible } = after(payment, command);
    expect(now).toMatchObject({ order: "none", action: null, status: "qr_generated" });
    expect({ event, visible }).toEqual({ event: null, visible: true });
  });

  it("ends when it is cancelled, over or paid", ({ expect }) => {
    const closing: Payment = { ...chosen, closing: "cancel" };
    expect(after(closing, failedCharge("rejected")).payment.status).toBe("cancelled");
    expect(after(open, report("closed"), EXPIRES).payment.status).toBe("expired");
    expect(after({ ...open, closing: "expire" }, report("closed")).payment.status).toBe("expired");
    expect(after(open, report("paid")).payment.status).toBe("succeeded");
    expect(after({ ...open, status: "succeeded" }, { type: "left", reversed: false }).visible).toBe(
      false,
    );
  });
});
