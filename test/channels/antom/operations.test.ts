/** What is made of signed replies: charges, inquiries, cancels and refunds, hostile ones too. */
import { describe, it } from "vitest";

import { antom } from "../../../src/channels/antom/adapter.ts";
import type { ChargeOrder, Outcome } from "../../../src/channels/adapter.ts";
import { chargeOrder, NOW, refundOrder, sentOrder } from "../kit.ts";
import { account, done, ioWith, NOTIFY_URL, result, scripted, unsignedReply } from "./kit.ts";

const NUMBER = "20261121194010890100111300000000001";

const order = (changes: Partial<ChargeOrder> = {}): ChargeOrder =>
  chargeOrder({
    notifyUrl: NOTIFY_URL,
    returnUrl: "https://shop.example/",
    osType: "ios",
    payer: { auth_code: "2812345678901234" },
    ...changes,
  });

const about = (of: Pick<ChargeOrder, "paymentId">, fields: object = {}) => ({
  paymentRequestId: of.paymentId,
  paymentId: NUMBER,
  paymentAmount: { currency: "CNY", value: "699" },
  ...fields,
});

const pending = (of: Pick<ChargeOrder, "paymentId">, fields: object = {}) =>
  result("U", "PAYMENT_IN_PROCESS", about(of, fields));

const textForm = (codeValue: string, more: object = {}) => ({
  orderCodeForm: {
    codeDetails: [{ codeValueType: "QRCODE", displayType: "TEXT", codeValue }],
    ...more,
  },
});

async function charge(of: ChargeOrder, content: unknown) {
  const prepared = antom.prepareCharge(of, account);
  if (!prepared.ok) throw new Error(prepared.error.message);
  return antom.createCharge(prepared.value, of, account, scripted({ pay: content }));
}

const codeOf = (outcome: Outcome<unknown>): string =>
  outcome.kind === "ok" ? "ok" : `${outcome.kind} ${outcome.error.channelCode}`;

describe("a code to scan", () => {
  const drawn = async (orderCodeForm: unknown) => {
    const of = order();
    const outcome = await charge(of, pending(of, { orderCodeForm }));
    return outcome.kind === "ok" ? outcome.value.action : codeOf(outcome);
  };
  const detail = (displayType: unknown, codeValue: unknown, codeValueType: unknown = "QRCODE") => ({
    displayType,
    codeValue,
    codeValueType,
  });

  it("is the text among the forms, passed on unchanged", async ({ expect }) => {
    const emv = "00020101021226320016COM.ALIPAY.PLUS6304ABCD";
    const action = { type: "show_qr", data: emv };
    expect(await drawn({ codeDetails: [detail("TEXT", emv)] })).toEqual(action);
    expect(
      await drawn({
        codeDetails: [
          detail("BIGIMAGE", "https://img.example/1.png"),
          detail("TEXT", "2812345", "BARCODE"),
          detail("TEXT", emv),
          detail("SMALLIMAGE", "https://img.example/2.png"),
        ],
      }),
    ).toEqual(action);
    expect(await drawn({ codeDetails: [{ codeValue: emv }] })).toEqual(action);
  });

  it("is missed when there is none", async ({ expect }) => {
    for (const form of [
      undefined,
      null,
      "x",
      [],
      {},
      { codeDetails: null },
      { codeDetails: [null, 1, "x"] },
      { codeDetails: [detail("IMAGE", "https://img.example/1.png")] },
      { codeDetails: [detail("TEXT", "2812345", "BARCODE")] },
      { codeDetails: [detail("TEXT", "")] },
      { codeDetails: [detail("TEXT", 7)] },
    ]) {
      expect(await drawn(form)).toBe("unknown incomplete_reply");
    }
  });

  it("lives as long as its form says, and never longer than the order", async ({ expect }) => {
    const expiryOf = async (fields: object, changes: Partial<ChargeOrder> = {}) => {
      const of = order(changes);
      const outcome = await charge(of, pending(of, fields));
      return outcome.kind === "ok" ? outcome.value.expiresAt - NOW : codeOf(outcome);
    };
    const at = (expireTime: string) => textForm("x", { expireTime });
    expect(await expiryOf(at("2026-11-21T08:03:00+08:00"))).toBe(180_000);
    expect(await expiryOf(at("2026-11-21T08:03:00+0800"))).toBe(180_000);
    expect(await expiryOf(at("2026-11-21T09:00:00+08:00"))).toBe(900_000);
    expect(await expiryOf(at("soon"), { expiresAt: NOW + 60_000 })).toBe(60_000);
    expect(await expiryOf(textForm("x"))).toBe(570_000);
    // Without a deadline of its own a cashier payment lives 14 minutes from its creation.
    const link = { normalUrl: "https://pay.example/" };
    const web = { method: "web" } as const;
    expect(await expiryOf(link, web)).toBe(840_000);
    expect(await expiryOf({ ...link, paymentCreateTime: "2026-11-21T07:59:00+08:00" }, web)).toBe(
      780_000,
    );
    expect(await expiryOf(link, { ...web, expiresAt: NOW + 300_000 })).toBe(300_000);
  });
});

describe("a link to open", () => {
  const normalUrl = "https://cashier.example/pay?id=1";
  const applinkUrl = "https://wallet.example/open?id=1";
  const schemeUrl = "alipayconnect://platformapi/startapp?id=1";
  const opened = async (method: "web" | "wap" | "app", fields: object) => {
    const of = order({ method });
    const outcome = await charge(of, pending(of, fields));
    return outcome.kind === "ok" ? outcome.value.action : codeOf(outcome);
  };

  it("is the page for a browser and the universal link for an app", async ({ expect }) => {
    const all = { normalUrl, applinkUrl, schemeUrl };
    const browser = { type: "redirect", url: normalUrl, scheme_url: schemeUrl };
    expect(await opened("wap", all)).toEqual(browser);
    expect(await opened("web", all)).toEqual(browser);
    expect(await opened("app", all)).toEqual({ ...browser, url: applinkUrl });
    expect(await opened("web", { normalUrl })).toEqual({ type: "redirect", url: normalUrl });
    expect(await opened("app", { normalUrl })).toEqual({ type: "redirect", url: normalUrl });
    expect(await opened("wap", { applinkUrl, normalUrl: null })).toEqual({
      type: "redirect",
      url: applinkUrl,
    });
    for (const method of ["wap", "app"] as const) {
      expect(await opened(method, { schemeUrl })).toEqual({
        type: "redirect",
        url: schemeUrl,
        scheme_url: schemeUrl,
      });
    }
  });

  it("is none when nothing can be opened, or when it would run something", async ({ expect }) => {
    for (const fields of [
      {},
      { normalUrl: "" },
      { normalUrl: "not a link" },
      { normalUrl: "alipays://x" },
      { normalUrl: "javascript:alert(1)" },
      { schemeUrl: "javascript:alert(1)" },
      { schemeUrl: "data:text/html,x" },
      { schemeUrl: " JAVASCRIPT:alert(1)" },
      { applinkUrl: ["https://x.example"] },
    ]) {
      expect(await opened("wap", fields)).toBe("unknown incomplete_reply");
    }
  });
});

describe("a scanned code", () => {
  const of = order({ method: "barcode", expiresAt: NOW + 60_000 });

  it("is paid at once: the reply proves it", async ({ expect }) => {
    const paymentTime = "2026-11-21T08:00:02+08:00";
    expect(await charge(of, done(about(of, { paymentTime })))).toEqual({
      kind: "ok",
      value: {
        action: { type: "wait" },
        expiresAt: of.expiresAt,
        channelTransactionId: NUMBER,
        report: {
          paymentId: of.paymentId,
          state: "paid",
          amount: { currency: "CNY", value: 699 },
          channelTransactionId: NUMBER,
          paidAt: Date.parse(paymentTime),
          channelStatus: "SUCCESS",
        },
      },
    });
  });

  it("waits while the buyer confirms", async ({ expect }) => {
    const value = {
      action: { type: "wait" },
      expiresAt: of.expiresAt,
      channelTransactionId: NUMBER,
    };
    expect(await charge(of, pending(of))).toEqual({ kind: "ok", value });
  });

  it("is refused by the wallet", async ({ expect }) => {
    expect(await charge(of, result("F", "USER_BALANCE_NOT_ENOUGH"))).toMatchObject({
      kind: "rejected",
      error: { code: "PAYMENT_DECLINED", channelCode: "USER_BALANCE_NOT_ENOUGH" },
    });
  });

  it("proves nothing without the amount and the number", async ({ expect }) => {
    for (const fields of [
      { paymentAmount: undefined },
      { paymentAmount: { currency: "CNY", value: 699 } },
      { paymentAmount: { currency: "CNY", value: "6.99" } },
      { paymentAmount: { currency: "cny", value: "699" } },
      { paymentAmount: { currency: "CNY", value: "9007199254740993" } },
      { paymentId: undefined },
      { paymentId: "a b" },
    ]) {
      expect(codeOf(await charge(of, done(about(of, fields))))).toBe("unknown incomplete_reply");
    }
  });
});

describe("a charge", () => {
  it("is not taken from a reply about another order", async ({ expect }) => {
    for (const method of ["qr", "web", "barcode"] as const) {
      const of = order({ method });
      const shown = { ...textForm("x"), normalUrl: "https://pay.example/" };
      for (const changes of [
        { paymentRequestId: "pi_00000000000000000000000009" },
        { paymentRequestId: undefined },
        { paymentAmount: { currency: "CNY", value: "700" } },
        { paymentAmount: { currency: "USD", value: "699" } },
      ]) {
        for (const content of [
          pending(of, { ...shown, ...changes }),
          done(about(of, { ...changes })),
        ]) {
          expect(codeOf(await charge(of, content))).toBe("unknown another_order");
        }
      }
    }
  });

  it("that was paid meanwhile comes back paid, and S beside a code proves nothing", async ({
    expect,
  }) => {
    const of = order();
    const repeated = await charge(of, done(about(of)));
    expect(repeated).toMatchObject({
      value: { action: { type: "wait" }, report: { state: "paid" } },
    });
    const shown = await charge(of, done(about(of, textForm("x"))));
    expect(shown).toMatchObject({ kind: "ok", value: { action: { type: "show_qr" } } });
    expect(shown).not.toHaveProperty("value.report");
  });

  it("is unknown on any other U, and after a conflict", async ({ expect }) => {
    const of = order();
    for (const content of [
      result("U", "UNKNOWN_EXCEPTION", about(of, textForm("x"))),
      result("U", "REQUEST_TRAFFIC_EXCEED_LIMIT"),
      result("U", "NEVER_SEEN"),
      result("F", "REPEAT_REQ_INCONSISTENT"),
      result("F", "SYSTEM_ERROR"),
    ]) {
      expect((await charge(of, content)).kind).toBe("unknown");
    }
  });
});

describe("an inquiry", () => {
  const sent = sentOrder(undefined, { channelTransactionId: NUMBER });
  const ask = (content: unknown, of = sent) =>
    antom.queryPayment(of, account, scripted({ inquiryPayment: content }));

  const standing = (paymentStatus: unknown, fields: object = {}) =>
    done(about(sent, { paymentStatus, ...fields }));

  const PAID_AT = "2026-11-21T08:00:02+08:00";

  it("tells the state from paymentStatus, not from its own result", async ({ expect }) => {
    const cases: [string, object, string, number | null][] = [
      ["SUCCESS", { paymentTime: PAID_AT }, "paid", Date.parse(PAID_AT)],
      ["SUCCESS", {}, "paid", null],
      ["PROCESSING", {}, "open", null],
      ["PENDING", {}, "open", null],
      ["FAIL", { paymentResultCode: "RISK_REJECT" }, "failed", null],
      ["FAIL", { paymentResultCode: "ORDER_IS_CLOSED" }, "closed", null],
      ["CANCELLED", {}, "closed", null],
      ["CANCELLED", { paymentResultCode: "ORDER_IS_CANCELED" }, "closed", null],
      // Paid, and given back by the cancel.
      ["CANCELLED", { paymentTime: PAID_AT }, "reversed", null],
      ["CANCELLED", { paymentTime: "in some form" }, "reversed", null],
    ];
    for (const [status, fields, state, paidAt] of cases) {
      expect(await ask(standing(status, fields))).toEqual({
        kind: "ok",
        value: {
          paymentId: sent.paymentId,
          state,
          amount: { currency: "CNY", value: 699 },
          channelTransactionId: NUMBER,
          paidAt,
          channelStatus: status,
        },
      });
    }
  });

  it("finds nothing: absent, and that is no failure", async ({ expect }) => {
    expect(await ask(result("F", "ORDER_NOT_EXIST"))).toMatchObject({
      kind: "ok",
      value: { state: "absent", amount: null },
    });
  });

  it("asks by our number alone", async ({ expect }) => {
    let body: unknown;
    const io = ioWith(async (request) => {
      body = await request.json();
      return unsignedReply("");
    });
    await antom.queryPayment(sent, account, io);
    expect(body).toEqual({ paymentRequestId: sent.paymentId });
  });

  it("believes nothing about another order, without its amount, or in unknown words", async ({
    expect,
  }) => {
    for (const [content, code] of [
      [standing("SUCCESS", { paymentRequestId: "pi_00000000000000000000000009" }), "another_order"],
      [standing("SUCCESS", { paymentRequestId: undefined }), "another_order"],
      [standing("SUCCESS", { paymentId: "2026112199" }), "another_order"],
      [standing("PROCESSING", { paymentId: "2026112199" }), "another_order"],
      [standing("SUCCESS", { paymentAmount: undefined }), "incomplete_reply"],
      [
        standing("SUCCESS", { paymentAmount: { currency: "CNY", value: "-1" } }),
        "incomplete_reply",
      ],
      [standing("TRADE_SUCCESS"), "unknown_payment_status"],
      [standing("success"), "unknown_payment_status"],
      [standing(undefined), "unknown_payment_status"],
      [standing("toString"), "unknown_payment_status"],
      [done({ paymentStatus: "SUCCESS" }), "another_order"],
      [result("U", "UNKNOWN_EXCEPTION"), "UNKNOWN_EXCEPTION"],
      [result("U", "ORDER_NOT_EXIST"), "ORDER_NOT_EXIST"],
    ] as const) {
      expect(codeOf(await ask(content))).toBe(`unknown ${code}`);
    }
    const unsigned = ioWith(async () => unsignedReply(standing("SUCCESS")));
    expect(codeOf(await antom.queryPayment(sent, account, unsigned))).toBe(
      "unknown unsigned_reply",
    );
    const nobody = ioWith(async () => unsignedReply(result("F", "ORDER_NOT_EXIST")));
    expect((await antom.queryPayment(sent, account, nobody)).kind).toBe("unknown");
  });

  it("passes another amount on: the heart compares it", async ({ expect }) => {
    const other = { paymentAmount: { currency: "CNY", value: "1" } };
    expect(await ask(standing("SUCCESS", other))).toMatchObject({
      value: { state: "paid", amount: { currency: "CNY", value: 1 } },
    });
  });
});

describe("closing", () => {
  const sent = sentOrder(undefined, { channelTransactionId: NUMBER });
  const standing = (paymentStatus: string, fields: object = {}) =>
    done(about(sent, { paymentStatus, ...fields }));
  const close = async (contents: Record<string, unknown>) => {
    const io = scripted(contents);
    const outcome = await antom.closePayment(sent, account, io);
    const said = outcome.kind === "ok" ? outcome.value.state : codeOf(outcome);
    return { said, asked: io.asked };
  };
  const cancelled = done({ paymentId: NUMBER, cancelTime: "2026-11-21T08:15:00+08:00" });

  it("asks first, and cancels what is open or not there yet", async ({ expect }) => {
    const open = await close({ inquiryPayment: standing("PROCESSING"), cancel: cancelled });
    expect(open).toEqual({ said: "closed", asked: ["inquiryPayment", "cancel"] });
    const absent = result("F", "ORDER_NOT_EXIST");
    expect(await close({ inquiryPayment: absent, cancel: absent })).toEqual({
      said: "absent",
      asked: ["inquiryPayment", "cancel"],
    });
  });

  it("never cancels what is paid or over: that would give the money back", async ({ expect }) => {
    for (const [inquiryPayment, said] of [
      [standing("SUCCESS"), "paid"],
      [standing("FAIL"), "failed"],
      [standing("CANCELLED"), "closed"],
      [standing("CANCELLED", { paymentTime: "2026-11-21T08:00:02+08:00" }), "reversed"],
      [result("U", "UNKNOWN_EXCEPTION"), "unknown UNKNOWN_EXCEPTION"],
    ] as const) {
      expect(await close({ inquiryPayment })).toEqual({ said, asked: ["inquiryPayment"] });
    }
  });

  it("is asked for again when Antom does not know", async ({ expect }) => {
    const inquiryPayment = standing("PROCESSING");
    for (const code of ["UNKNOWN_EXCEPTION", "PAYMENT_IN_PROCESS", "NEVER_SEEN"]) {
      const { said } = await close({ inquiryPayment, cancel: result("U", code) });
      expect(said).toBe(`unknown ${code}`);
    }
  });

  it("looks again when the payment is past cancelling", async ({ expect }) => {
    for (const code of [
      "ORDER_IS_CLOSED",
      "ORDER_IS_CANCELED",
      "ORDER_STATUS_INVALID",
      "CANCEL_WINDOW_EXCEED",
    ]) {
      const inquiryPayment = [standing("PROCESSING"), standing("SUCCESS")];
      expect(await close({ inquiryPayment, cancel: result("F", code) })).toEqual({
        said: "paid",
        asked: ["inquiryPayment", "cancel", "inquiryPayment"],
      });
    }
    const refused = {
      inquiryPayment: standing("PROCESSING"),
      cancel: result("F", "ACCESS_DENIED"),
    };
    expect((await close(refused)).said).toBe("rejected ACCESS_DENIED");
  });

  it("believes a cancel of this payment only", async ({ expect }) => {
    const inquiryPayment = standing("PROCESSING");
    const ours = { paymentRequestId: sent.paymentId };
    expect((await close({ inquiryPayment, cancel: done(ours) })).said).toBe("closed");
    for (const fields of [
      {},
      { paymentId: "2026112199" },
      { paymentRequestId: "pi_00000000000000000000000009" },
      { paymentRequestId: "pi_00000000000000000000000009", paymentId: NUMBER },
      { ...ours, paymentId: "2026112199" },
    ]) {
      const { said } = await close({ inquiryPayment, cancel: done(fields) });
      expect(said).toBe("unknown another_order");
    }
  });
});

describe("a refund", () => {
  const payment = sentOrder(undefined, { channelTransactionId: NUMBER });
  const refund = refundOrder(payment, { notifyUrl: NOTIFY_URL });
  const desk = antom.refunds;
  if (desk === undefined) throw new Error("Antom refunds");

  const fields = (changes: object = {}) => ({
    refundRequestId: refund.refundId,
    refundId: "20261121194010800100111300000000009",
    paymentId: NUMBER,
    refundAmount: { currency: "CNY", value: "300" },
    ...changes,
  });
  const TIME = "2026-11-21T08:01:02+08:00";
  const prepared = desk.prepare(refund, account);
  const payload = prepared.ok ? prepared.value : "";
  const create = (content: unknown) =>
    desk.create(payload, refund, account, scripted({ refund: content }));
  const query = (content: unknown) =>
    desk.query(refund, account, scripted({ inquiryRefund: content }));

  it("is ordered in the same words every time, under our number", ({ expect }) => {
    expect(JSON.parse(payload)).toEqual({
      refundRequestId: refund.refundId,
      paymentId: NUMBER,
      refundAmount: { currency: "CNY", value: "300" },
      refundReason: "size does not fit",
      refundNotifyUrl: NOTIFY_URL,
    });
    expect(desk.prepare({ ...refund }, account)).toEqual({ ok: true, value: payload });
    const silent = desk.prepare({ ...refund, reason: null }, account);
    expect(JSON.parse(silent.ok ? silent.value : "")).not.toHaveProperty("refundReason");
    const long = desk.prepare({ ...refund, reason: "字".repeat(400) }, account);
    expect(JSON.parse(long.ok ? long.value : "")).toMatchObject({ refundReason: "字".repeat(256) });
    const numberless = { ...payment, channelTransactionId: null };
    expect(desk.prepare({ ...refund, payment: numberless }, account)).toMatchObject({
      ok: false,
      error: { code: "INVALID_STATE" },
    });
  });

  it("sends the stored text as it stands", async ({ expect }) => {
    let body = "";
    const io = ioWith(async (request) => {
      body = await request.text();
      return unsignedReply("");
    });
    await desk.create(`${payload} `, refund, account, io);
    expect(body).toBe(`${payload} `);
  });

  it("is done with a time, and under way without one", async ({ expect }) => {
    const common = {
      refundId: refund.refundId,
      amount: { currency: "CNY", value: 300 },
      channelRefundId: "20261121194010800100111300000000009",
    };
    expect(await create(done(fields({ refundTime: TIME })))).toEqual({
      kind: "ok",
      value: {
        ...common,
        state: "succeeded",
        refundedAt: Date.parse(TIME),
        channelStatus: "SUCCESS",
      },
    });
    for (const [content, channelStatus] of [
      [done(fields()), "SUCCESS"],
      [result("U", "REFUND_IN_PROCESS", fields()), "REFUND_IN_PROCESS"],
    ] as const) {
      expect(await create(content)).toEqual({
        kind: "ok",
        value: { ...common, state: "processing", refundedAt: null, channelStatus },
      });
    }
  });

  it("is rejected only where a signed F proves that nothing was booked", async ({ expect }) => {
    for (const [code, kind, ours] of [
      ["REFUND_AMOUNT_EXCEED", "rejected", "REFUND_EXCEEDS_PAYMENT"],
      ["REFUND_WINDOW_EXCEED", "rejected", "REFUND_WINDOW_CLOSED"],
      ["MULTIPLE_REFUNDS_NOT_SUPPORTED", "rejected", "CHANNEL_REJECTED"],
      ["ORDER_STATUS_INVALID", "rejected", "INVALID_STATE"],
      ["NEVER_SEEN", "rejected", "CHANNEL_REJECTED"],
      // Some refund has this number: it may be the one.
      ["REPEAT_REQ_INCONSISTENT", "unknown", "CHANNEL_ERROR"],
      ["PROCESS_FAIL", "unknown", "CHANNEL_UNAVAILABLE"],
      ["SYSTEM_ERROR", "unknown", "CHANNEL_UNAVAILABLE"],
    ] as const) {
      expect(await create(result("F", code))).toMatchObject({ kind, error: { code: ours } });
    }
    for (const code of [
      "UNKNOWN_EXCEPTION",
      "REQUEST_TRAFFIC_EXCEED_LIMIT",
      "REFUND_WINDOW_EXCEED",
    ]) {
      expect((await create(result("U", code))).kind).toBe("unknown");
    }
    for (const code of ["INVALID_SIGNATURE", "REFUND_WINDOW_EXCEED"]) {
      const io = ioWith(async () => unsignedReply(result("F", code)));
      expect((await desk.create(payload, refund, account, io)).kind).toBe("unknown");
    }
  });

  it("is told by refundStatus alone", async ({ expect }) => {
    for (const [status, state] of [
      ["SUCCESS", "succeeded"],
      ["PROCESSING", "processing"],
      ["FAIL", "failed"],
    ] as const) {
      expect(await query(done(fields({ refundStatus: status, refundTime: TIME })))).toMatchObject({
        kind: "ok",
        value: {
          refundId: refund.refundId,
          state,
          refundedAt: state === "succeeded" ? Date.parse(TIME) : null,
          channelStatus: status,
        },
      });
    }
    expect(await query(result("F", "ORDER_NOT_EXIST"))).toMatchObject({
      value: { state: "absent" },
    });
    expect(codeOf(await query(done(fields())))).toBe("unknown unknown_refund_status");
    expect(codeOf(await query(done(fields({ refundStatus: "OK" }))))).toBe(
      "unknown unknown_refund_status",
    );
  });

  it("whose question is refused stays unknown: its share must not be freed", async ({ expect }) => {
    for (const code of [
      "ACCESS_DENIED",
      "INVALID_SIGNATURE",
      "NEVER_SEEN",
      "ORDER_STATUS_INVALID",
    ]) {
      expect((await query(result("F", code))).kind).toBe("unknown");
    }
    const nobody = ioWith(async () => unsignedReply(result("F", "ORDER_NOT_EXIST")));
    expect((await desk.query(refund, account, nobody)).kind).toBe("unknown");
  });

  it("is not taken from a reply about another one", async ({ expect }) => {
    for (const changes of [
      { refundRequestId: "re_0000000000000000000000000901" },
      { refundRequestId: undefined },
      { refundAmount: { currency: "CNY", value: "301" } },
      { refundAmount: { currency: "USD", value: "300" } },
      { paymentId: "2026112199" },
    ]) {
      const other = { ...changes, refundTime: TIME };
      expect(codeOf(await create(done(fields(other))))).toBe("unknown another_refund");
      const told = done(fields({ ...other, refundStatus: "SUCCESS" }));
      expect(codeOf(await query(told))).toBe("unknown another_refund");
    }
  });
});
