/** Refunds: what is sent, what the replies and the notifications prove, and what they do not. */
import { beforeAll, describe, it } from "vitest";

import type {
  ChannelAccount,
  Outcome,
  RefundOrder,
  RefundReport,
} from "../../../src/channels/adapter.ts";
import { wechat } from "../../../src/channels/wechat/adapter.ts";
import { REFUND_STATES } from "../../../src/channels/wechat/mapping.ts";
import { refundOrder, sentOrder } from "../kit.ts";
import * as kit from "./kit.ts";

let merchant: kit.Pair;
let platform: kit.Pair;
let stranger: kit.Pair;
let direct: ChannelAccount;
let partner: ChannelAccount;

beforeAll(async () => {
  [merchant, platform, stranger] = [await kit.newPair(), await kit.newPair(), await kit.newPair()];
  direct = kit.accountOf(kit.credentialsOf(merchant, platform));
  partner = kit.partnerAccountOf(kit.partnerCredentialsOf(merchant, platform));
});

const desk = wechat.refunds;
if (desk === undefined) throw new Error("WeChat Pay refunds");

const orderOf = (changes: Partial<RefundOrder> = {}) =>
  refundOrder(sentOrder(kit.newPaymentId()), {
    notifyUrl: "https://pay.example/v1/callbacks/wechat/ca_1",
    ...changes,
  });

const prepared = (order: RefundOrder, account = direct): string => {
  const text = desk.prepare(order, account);
  if (!text.ok) throw new Error(text.error.message);
  return text.value;
};

/** A refund as WeChat Pay's replies give it. */
const refundOf = (
  { refundId, payment, amount }: RefundOrder,
  changes: Record<string, unknown> = {},
): Record<string, unknown> => ({
  refund_id: "50300000382026112100000000001",
  out_refund_no: refundId,
  transaction_id: "4200000000202611210000000001",
  out_trade_no: payment.paymentId,
  channel: "ORIGINAL",
  user_received_account: "支付用户零钱",
  create_time: "2026-11-21T08:01:00+08:00",
  success_time: "2026-11-21T08:01:05+08:00",
  status: "SUCCESS",
  funds_account: "AVAILABLE",
  amount: {
    total: payment.amount.value,
    refund: amount.value,
    payer_total: 600,
    payer_refund: 257,
    settlement_total: 600,
    settlement_refund: 257,
    discount_refund: 43,
    currency: "CNY",
  },
  promotion_detail: [],
  ...changes,
});

const create = (order: RefundOrder, answer: kit.Answerer, account = direct) => {
  const io = kit.fakeIo(answer);
  return { io, done: desk.create(prepared(order, account), order, account, io) };
};
const query = (order: RefundOrder, answer: kit.Answerer, account = direct) => {
  const io = kit.fakeIo(answer);
  return { io, done: desk.query(order, account, io) };
};

describe("prepare", () => {
  it("writes the order's number and whole amount, the refund's number, part and address", ({
    expect,
  }) => {
    const order = orderOf();
    expect(prepared(order)).toBe(
      `{"out_trade_no":"${order.payment.paymentId}","out_refund_no":"${order.refundId}",` +
        `"reason":"size does not fit","notify_url":"https://pay.example/v1/callbacks/wechat/ca_1",` +
        `"amount":{"refund":300,"total":699,"currency":"CNY"}}`,
    );
    expect(order.refundId).toHaveLength(31);
    expect(JSON.parse(prepared(order, partner))).toMatchObject({ sub_mchid: kit.SUB_MCHID });
    expect(JSON.parse(prepared(order))).not.toHaveProperty("sub_mchid");
  });

  it("leaves an empty reason out, takes 80 characters, and refuses 81 and emoji", ({ expect }) => {
    expect(JSON.parse(prepared(orderOf({ reason: null })))).not.toHaveProperty("reason");
    expect(JSON.parse(prepared(orderOf({ reason: "  " })))).not.toHaveProperty("reason");
    expect(JSON.parse(prepared(orderOf({ reason: "退".repeat(80) })))).toMatchObject({
      reason: "退".repeat(80),
    });
    for (const reason of ["退".repeat(81), "sorry 😀", "half \uD83D"]) {
      expect(desk.prepare(orderOf({ reason }), direct)).toMatchObject({
        ok: false,
        error: { code: "INVALID_REQUEST", details: { issues: [{ path: "reason" }] } },
      });
    }
  });

  it("refuses an address that WeChat Pay would drop, and an account it cannot read", ({
    expect,
  }) => {
    const order = orderOf({ notifyUrl: "https://pay.example/cb?x=1" });
    expect(desk.prepare(order, direct)).toMatchObject({
      error: { code: "CHANNEL_NOT_CONFIGURED" },
    });
    expect(desk.prepare(orderOf(), kit.accountOf({}))).toMatchObject({
      error: { code: "CHANNEL_NOT_CONFIGURED" },
    });
  });
});

describe("create", () => {
  it("sends the prepared bytes, the same on every try", async ({ expect }) => {
    const order = orderOf();
    const { io, done } = create(order, () => kit.errorReply(500, "SYSTEM_ERROR"));
    expect((await done).kind).toBe("unknown");
    const again = create(order, () => kit.signedReply(platform, refundOf(order)));
    expect((await again.done).kind).toBe("ok");
    const [first, second] = [io.sent[0], again.io.sent[0]];
    expect(first?.request.url).toBe("https://api.mch.weixin.qq.com/v3/refund/domestic/refunds");
    expect(first?.body).toBe(prepared(order));
    expect(second?.body).toBe(first?.body);
  });

  it.for(Object.entries(REFUND_STATES))("reads %s as %s", async ([status, state], { expect }) => {
    const order = orderOf();
    const { done } = create(order, () => kit.signedReply(platform, refundOf(order, { status })));
    expect(await done).toEqual({
      kind: "ok",
      value: {
        refundId: order.refundId,
        state,
        // What is owed to the buyer before coupons; payer_refund says nothing about it.
        amount: { currency: "CNY", value: 300 },
        channelRefundId: "50300000382026112100000000001",
        refundedAt: state === "succeeded" ? Date.UTC(2026, 10, 21, 0, 1, 5) : null,
        channelStatus: status,
      },
    });
  });

  it("maps the documented states, and an abnormal one as still under way", ({ expect }) => {
    expect(REFUND_STATES).toEqual({
      PROCESSING: "processing",
      ABNORMAL: "processing",
      SUCCESS: "succeeded",
      CLOSED: "failed",
    });
  });

  it.for([
    ["NOT_ENOUGH", 403, "rejected", true],
    ["TRADE_OVERDUE", 400, "rejected", false],
    ["INVALID_REQUEST", 400, "rejected", false],
    ["RESOURCE_NOT_EXISTS", 404, "rejected", false],
    ["USER_ACCOUNT_ABNORMAL", 403, "rejected", false],
    ["FREQUENCY_LIMITED", 429, "unknown", true],
    ["SYSTEM_ERROR", 500, "unknown", true],
    ["TRADE_ERROR", 403, "unknown", true],
  ] as const)("after %s under %i it is %s", async ([code, status, kind, retryable], { expect }) => {
    const { done } = create(orderOf(), () => kit.errorReply(status, code));
    expect(await done).toMatchObject({ kind, error: { channelCode: code, retryable } });
  });

  it("passes another refunded amount on as it is: the payment compares it", async ({ expect }) => {
    const order = orderOf();
    const amount = { refund: 301, total: 699, currency: "CNY" };
    const { done } = create(order, () => kit.signedReply(platform, refundOf(order, { amount })));
    expect(await done).toMatchObject({ kind: "ok", value: { amount: { value: 301 } } });
  });
});

const BAD: readonly (readonly [string, (order: RefundOrder) => Response | Promise<Response>])[] = [
  [
    "about another refund",
    (o) => kit.signedReply(platform, refundOf(o, { out_refund_no: "re_2" })),
  ],
  ["about another order", (o) => kit.signedReply(platform, refundOf(o, { out_trade_no: "pi_2" }))],
  [
    "about an order of another amount",
    (o) => kit.signedReply(platform, refundOf(o, { amount: { refund: 300, total: 700 } })),
  ],
  ["in an undocumented state", (o) => kit.signedReply(platform, refundOf(o, { status: "MAYBE" }))],
  ["in a state of Object's", (o) => kit.signedReply(platform, refundOf(o, { status: "toString" }))],
  ["without an amount", (o) => kit.signedReply(platform, refundOf(o, { amount: undefined }))],
  ["without a number", (o) => kit.signedReply(platform, refundOf(o, { refund_id: "" }))],
  [
    "with a negative amount",
    (o) => kit.signedReply(platform, refundOf(o, { amount: { refund: -300, total: 699 } })),
  ],
  ["under a stranger's signature", (o) => kit.signedReply(stranger, refundOf(o))],
  ["without a signature", (o) => Response.json(refundOf(o))],
  ["accepted and not done", (o) => kit.signedReply(platform, refundOf(o), { status: 202 })],
  ["that is an HTML page", () => new Response("<html>")],
  ["that is huge", () => new Response("x".repeat(300_000))],
  ["that never came", () => Promise.reject(new TypeError("connection lost"))],
];

describe("a reply that proves nothing", () => {
  it.for(BAD)("leaves creation and query unknown: %s", async ([, answer], { expect }) => {
    const order = orderOf();
    expect((await create(order, () => answer(order)).done).kind).toBe("unknown");
    expect((await query(order, () => answer(order)).done).kind).toBe("unknown");
  });
});

describe("query", () => {
  it("asks by the refund's number, for the sub-merchant where there is one", async ({ expect }) => {
    const order = orderOf();
    const base = `https://api.mch.weixin.qq.com/v3/refund/domestic/refunds/${order.refundId}`;
    const one = query(order, () => kit.signedReply(platform, refundOf(order)));
    expect(await one.done).toMatchObject({ kind: "ok", value: { state: "succeeded" } });
    expect(one.io.sent[0]?.request.url).toBe(base);
    const two = query(order, () => kit.signedReply(platform, refundOf(order)), partner);
    expect((await two.done).kind).toBe("ok");
    expect(two.io.sent[0]?.request.url).toBe(`${base}?sub_mchid=${kit.SUB_MCHID}`);
  });

  it.for(["RESOURCE_NOT_EXISTS", "RESOURCENOTEXISTS"])(
    "finds nothing after %s, so that the same request may be sent again",
    async (code, { expect }) => {
      const order = orderOf();
      const outcome: Outcome<RefundReport> = await query(order, () => kit.errorReply(404, code))
        .done;
      expect(outcome).toEqual({
        kind: "ok",
        value: {
          refundId: order.refundId,
          state: "absent",
          amount: null,
          channelRefundId: null,
          refundedAt: null,
          channelStatus: code,
        },
      });
    },
  );

  it("does not take a router's 404 for an absent refund", async ({ expect }) => {
    const { done } = query(orderOf(), () => new Response(null, { status: 404 }));
    expect((await done).kind).toBe("unknown");
  });
});

describe("notifications", () => {
  const notice = (order: RefundOrder, changes: Record<string, unknown> = {}) => ({
    mchid: kit.MCHID,
    out_trade_no: order.payment.paymentId,
    transaction_id: "4200000000202611210000000001",
    out_refund_no: order.refundId,
    refund_id: "50300000382026112100000000001",
    refund_status: "SUCCESS",
    success_time: "2026-11-21T08:01:05+08:00",
    user_received_account: "支付用户零钱",
    amount: { total: 699, refund: 300, payer_total: 600, payer_refund: 257 },
    ...changes,
  });
  const verify = async (payload: unknown, account = direct, changes: kit.CallbackChanges = {}) => {
    const callback = await kit.callbackOf(platform, payload, {
      sealedWith: "refund",
      envelope: { event_type: "REFUND.SUCCESS" },
      ...changes,
      resource: { original_type: "refund", associated_data: "refund", ...changes.resource },
    });
    return wechat.verifyCallback(
      callback,
      account,
      kit.fakeIo(() => new Response()),
    );
  };

  it.for([
    ["SUCCESS", "succeeded"],
    ["ABNORMAL", "processing"],
    ["CLOSED", "failed"],
  ] as const)(
    "tell of %s as %s, in yuan although they do not say so",
    async ([word, state], { expect }) => {
      const order = orderOf();
      expect(await verify(notice(order, { refund_status: word }))).toEqual({
        kind: "reports",
        notificationId: "0b2a7d6e-2f5e-5c1c-9f0a-6b0f5a2b7c11",
        reports: [],
        refunds: [
          {
            refundId: order.refundId,
            state,
            amount: { currency: "CNY", value: 300 },
            channelRefundId: "50300000382026112100000000001",
            refundedAt: state === "succeeded" ? Date.UTC(2026, 10, 21, 0, 1, 5) : null,
            channelStatus: word,
          },
        ],
      });
    },
  );

  it("of a service provider name it and the sub-merchant", async ({ expect }) => {
    const order = orderOf();
    const ids = { mchid: undefined, sp_mchid: kit.MCHID, sub_mchid: kit.SUB_MCHID };
    expect(await verify(notice(order, ids), partner)).toMatchObject({ kind: "reports" });
    expect(await verify(notice(order, ids))).toEqual({ kind: "refused", reason: "other_merchant" });
    const sibling = { ...ids, sub_mchid: "1900000999" };
    expect(await verify(notice(order, sibling), partner)).toMatchObject({ kind: "refused" });
  });

  it.for([
    ["another merchant's", { mchid: "1900000002" }, "other_merchant"],
    ["nobody's", { mchid: undefined }, "other_merchant"],
    ["for another order", { out_trade_no: "pi_01j9zq4c7n8m2x5v6k3w1t0ryb" }, "other_order"],
    ["without an amount", { amount: undefined }, "refund_malformed"],
    ["with an amount as text", { amount: { refund: "300", total: 699 } }, "refund_malformed"],
    ["without a state", { refund_status: undefined }, "refund_malformed"],
    ["without a number", { out_refund_no: undefined }, "refund_malformed"],
  ] as const)("are refused when they are %s", async ([, changes, reason], { expect }) => {
    expect(await verify(notice(orderOf(), changes))).toEqual({ kind: "refused", reason });
  });

  it("are acknowledged and change nothing when the refund was made in the console", async ({
    expect,
  }) => {
    for (const out_refund_no of ["1217752501201407033233368018", "re_short", ""]) {
      expect(await verify(notice(orderOf(), { out_refund_no }))).toMatchObject({
        kind: "ignored",
        reason: "foreign_refund",
      });
    }
    expect(await verify(notice(orderOf(), { refund_status: "MAYBE" }))).toMatchObject({
      kind: "ignored",
      reason: "unknown_refund_state",
    });
  });

  it("never become a payment, nor a payment a refund", async ({ expect }) => {
    const order = orderOf();
    const asPayment = await verify(notice(order), direct, {
      resource: { original_type: "transaction" },
    });
    expect(asPayment).toEqual({ kind: "refused", reason: "trade_malformed" });
    expect(await verify(kit.tradeOf(order.payment.paymentId))).toEqual({
      kind: "refused",
      reason: "refund_malformed",
    });
  });
});
