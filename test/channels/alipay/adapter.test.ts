/** The adapter: what it orders, how it reads answers, and whole lives against the simulator. */
import { describe, it } from "vitest";

import { ALIPAY_ENDPOINTS, alipay } from "../../../src/channels/alipay/adapter.ts";
import type { ChannelAccount, ChannelIo, ChargeOrder } from "../../../src/channels/adapter.ts";
import { checkOrder } from "../../../src/channels/check-order.ts";
import { ERRORS } from "../../../src/errors.ts";
import { toDecimal } from "../../../src/money.ts";
import codes from "../../vectors/alipay-codes.json";
import { platformCertificate } from "../../../src/channels/alipay/sandbox/identity.ts";
import { alipaySandbox } from "../../../src/channels/alipay/sandbox/channel.ts";
import {
  accountOf,
  html,
  ioWith,
  methodOf,
  newPaymentId,
  NOTIFY_URL,
  NOW,
  openapi,
  order,
  rawCallback,
  scripted,
  sent,
  signedBody,
  simulation,
  vectorCertificates,
  vectorCredentials,
} from "./kit.ts";

const PRECREATE = "alipay.trade.precreate";
const QUERY = "alipay.trade.query";
const CLOSE = "alipay.trade.close";
const CANCEL = "alipay.trade.cancel";

const account = accountOf(vectorCredentials);

const contentOf = (changes: Partial<ChargeOrder> = {}): Record<string, unknown> => {
  const prepared = alipay.prepareCharge(order(changes), account);
  if (!prepared.ok) throw new Error(prepared.error.message);
  const content: Record<string, unknown> = JSON.parse(prepared.value);
  return content;
};

const refusalOf = (changes: Partial<ChargeOrder>) => {
  const prepared = alipay.prepareCharge(order(changes), account);
  return prepared.ok ? null : prepared.error;
};

const success = (fields: object) => ({ code: "10000", msg: "Success", ...fields });
const failed = (sub_code: string, fields: object = {}) => ({
  code: "40004",
  msg: "Business Failed",
  sub_code,
  sub_msg: "他们的话",
  ...fields,
});

describe("the prepared order", () => {
  it("is the same text every time, fields in the manual's order", ({ expect }) => {
    const one = order({ paymentId: "pi_00000000000000000000000001" });
    const text =
      '{"out_trade_no":"pi_00000000000000000000000001","total_amount":"6.99",' +
      '"subject":"AI summary","product_code":"FACE_TO_FACE_PAYMENT",' +
      '"qr_code_timeout_express":"15m","time_expire":"2026-05-27 09:45:00"}';
    expect(alipay.prepareCharge(one, account)).toEqual({ ok: true, value: text });
    expect(alipay.prepareCharge({ ...one }, account)).toEqual({ ok: true, value: text });
  });

  it("writes fen as yuan", ({ expect }) => {
    for (const [value, text] of [
      [1, "0.01"],
      [10, "0.10"],
      [699, "6.99"],
      [69_900, "699.00"],
      [10_000_000_000, "100000000.00"],
    ] as const) {
      expect(contentOf({ amount: { currency: "CNY", value } })["total_amount"]).toBe(text);
    }
  });

  it("refuses what Alipay would refuse, and says what to change", ({ expect }) => {
    const byMatrix = (changes: Partial<ChargeOrder>) => checkOrder(order(changes), alipay.info);
    expect(byMatrix({ amount: { currency: "USD", value: 1 } })?.code).toBe("CURRENCY_UNSUPPORTED");
    for (const value of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
      expect(byMatrix({ amount: { currency: "CNY", value } })?.code).toBe("AMOUNT_INVALID");
    }
    expect(byMatrix({ amount: { currency: "CNY", value: 10_000_000_001 } })).toMatchObject({
      code: "AMOUNT_EXCEEDED",
      details: {
        requested: { currency: "CNY", value: 10_000_000_001 },
        max_allowed: { currency: "CNY", value: 10_000_000_000 },
      },
    });
    expect(byMatrix({ method: "barcode" })?.details).toMatchObject({
      issues: [{ path: "payer.auth_code" }],
    });
    expect(byMatrix({ method: "jsapi" })?.details).toMatchObject({
      issues: [{ path: "payer.openid" }],
    });
    expect(byMatrix({ paymentMethodType: "ALIPAY_HK" })?.code).toBe("INVALID_REQUEST");
    expect(byMatrix({ profitSharing: true })).toBeNull();
    expect(refusalOf({ description: "字".repeat(257) })).toMatchObject({
      code: "INVALID_REQUEST",
      details: { issues: [{ path: "description", message: expect.stringContaining("256") }] },
    });
    expect(refusalOf({ notifyUrl: `https://gw.example/${"x".repeat(250)}` })?.code).toBe(
      "INTERNAL",
    );
  });

  it("cleans the subject: no / = &, no controls, never blank", ({ expect }) => {
    const subjects: [string | null, string, string][] = [
      ["AI 摘要 a+b&c=d/中文", "Shop", "AI 摘要 a+b c d 中文"],
      ["  two\r\n\tlines\u0000 ", "Shop", "two lines"],
      ["\u202egnp.exe", "Shop", "gnp.exe"],
      ["emoji 😀 stays", "Shop", "emoji 😀 stays"],
      ["half \ud83d of one", "Shop", "half \ufffd of one"],
      ["/=&", "Shop & Sons", "Shop Sons"],
      [null, "Shop", "Shop"],
      [" ", " / ", "Order"],
      ["😀".repeat(256), "Shop", "😀".repeat(256)],
      [null, "名".repeat(300), "名".repeat(256)],
    ];
    for (const [description, merchantName, subject] of subjects) {
      expect(contentOf({ description, merchantName })["subject"]).toBe(subject);
    }
  });

  it("bounds the code in whole minutes, rounded up, and the order to the second", ({ expect }) => {
    for (const [life, minutes] of [
      [1, "1m"],
      [60_000, "1m"],
      [60_001, "2m"],
      [900_000, "15m"],
      [7_200_000, "120m"],
      [90_000_000, "120m"],
      [-5, "1m"],
    ] as const) {
      const content = contentOf({ expiresAt: NOW + life });
      expect(content["qr_code_timeout_express"]).toBe(minutes);
      expect(content).not.toHaveProperty("timeout_express");
    }
    const acrossMidnight = Date.parse("2026-11-21T16:00:30.900Z");
    expect(contentOf({ expiresAt: acrossMidnight })["time_expire"]).toBe("2026-11-22 00:00:30");
  });
});

describe("the call", () => {
  it("puts public parameters in the query, biz_content in the form, and signs both", async ({
    expect,
  }) => {
    const vector = openapi.request[0];
    if (vector === undefined) throw new Error("vector");
    const seen: Request[] = [];
    const io = ioWith(async (request) => {
      seen.push(request.clone());
      return html("");
    });
    const payload = vector.params.biz_content;
    const charge = order({ notifyUrl: vector.params.notify_url ?? "" });
    await alipay.createCharge(payload, charge, account, io);
    const [request] = seen;
    const url = new URL(request?.url ?? "");
    expect(request?.method).toBe("POST");
    expect(url.origin + url.pathname).toBe("https://alipay.sandbox.invalid/gateway.do");
    expect(request?.headers.get("content-type")).toBe(
      "application/x-www-form-urlencoded;charset=utf-8",
    );
    expect(await request?.text()).toBe(new URLSearchParams({ biz_content: payload }).toString());
    const { biz_content: _content, ...query } = vector.params;
    expect(Object.fromEntries(url.searchParams)).toEqual({ ...query, sign: vector.sign });
  });

  it("carries both serials in certificate mode, signed", async ({ expect }) => {
    const vector = openapi.request.find(({ name }) => name === "cert mode");
    const io = scripted({ [QUERY]: failed("ACQ.TRADE_NOT_EXIST") });
    const seen: URLSearchParams[] = [];
    const fetch = (request: Request) => {
      seen.push(new URL(request.url).searchParams);
      return io.fetch(request);
    };
    const outcome = await alipay.queryPayment(sent("pi_1"), accountOf(vectorCertificates), {
      ...io,
      fetch,
    });
    expect(outcome).toMatchObject({ kind: "ok", value: { state: "absent" } });
    expect(seen[0]?.get("app_cert_sn")).toBe(vector?.params.app_cert_sn);
    expect(seen[0]?.get("alipay_root_cert_sn")).toBe(vector?.params.alipay_root_cert_sn);
  });

  it("goes to the production gateway by default", ({ expect }) => {
    expect(ALIPAY_ENDPOINTS).toEqual(["https://openapi.alipay.com/gateway.do"]);
  });
});

const create = (body: string | Response, charge = order()) => {
  const io = ioWith(async () => (typeof body === "string" ? html(body) : body));
  return alipay.createCharge("{}", charge, account, io);
};

describe("the answer to an order", () => {
  it("is a code only when it is signed, complete and about this order", async ({ expect }) => {
    const charge = order();
    const qr_code = "https://qr.alipay.com/bax00022tldi82dwzbvp6013";
    const good = success({ out_trade_no: charge.paymentId, qr_code });
    expect(await create(await signedBody(PRECREATE, good), charge)).toEqual({
      kind: "ok",
      value: { action: { type: "show_qr", data: qr_code }, expiresAt: charge.expiresAt },
    });
    const long = { ...charge, expiresAt: NOW + 9_000_000 };
    expect(await create(await signedBody(PRECREATE, good), long)).toMatchObject({
      value: { expiresAt: NOW + 7_200_000 },
    });
    const doubtful: [string, string][] = [
      [await signedBody(PRECREATE, good, false), "unsigned_reply"],
      [await signedBody(PRECREATE, { ...good, out_trade_no: "pi_other" }), "another_order"],
      [await signedBody(PRECREATE, success({ qr_code })), "another_order"],
      [await signedBody(PRECREATE, { ...good, qr_code: "" }), "incomplete_reply"],
      [await signedBody(PRECREATE, { ...good, qr_code: 7 }), "incomplete_reply"],
      [(await signedBody(PRECREATE, good)).replace("bax00022", "bax00023"), "reply_signature"],
      [await signedBody(PRECREATE, { ...good, code: "10003" }), "10003"],
      ["<html>502</html>", "malformed_reply"],
    ];
    for (const [body, channelCode] of doubtful) {
      expect(await create(body, charge)).toMatchObject({ kind: "unknown", error: { channelCode } });
    }
  });

  it("that never comes is unknown", async ({ expect }) => {
    const io = ioWith(() => Promise.reject(new DOMException("late", "TimeoutError")));
    expect(await alipay.createCharge("{}", order(), account, io)).toMatchObject({
      kind: "unknown",
      error: { code: "CHANNEL_TIMEOUT", channelCode: "timeout" },
    });
  });

  it("with a gateway refusal is believed unsigned, with a business failure it is not", async ({
    expect,
  }) => {
    const gateway = { code: "40002", msg: "Invalid Arguments", sub_code: "isv.invalid-app-id" };
    for (const signed of [true, false]) {
      expect(await create(await signedBody(PRECREATE, gateway, signed))).toEqual({
        kind: "rejected",
        error: {
          code: "CHANNEL_NOT_CONFIGURED",
          channelCode: "isv.invalid-app-id",
          message: "Alipay does not know this app_id on this host: correct the account.",
          retryable: false,
        },
      });
    }
    const business = failed("ACQ.ACCESS_FORBIDDEN");
    expect(await create(await signedBody(PRECREATE, business, false))).toMatchObject({
      kind: "unknown",
      error: { channelCode: "ACQ.ACCESS_FORBIDDEN", retryable: true },
    });
    expect(await create(await signedBody(PRECREATE, business))).toMatchObject({
      kind: "rejected",
      error: {
        code: "CHANNEL_NOT_CONFIGURED",
        message: expect.not.stringContaining("他们的话"),
        channelMessage: "他们的话",
      },
    });
    for (const code of ["20000", "40005", "99999", "10003"]) {
      expect(await create(await signedBody(PRECREATE, { code }, false))).toMatchObject({
        kind: "unknown",
      });
    }
  });

  it("quotes no gateway text, which echoes what was signed", async ({ expect }) => {
    const node = {
      code: "40002",
      sub_code: "isv.invalid-signature",
      sub_msg: "验签出错，网关生成的验签字符串为：app_auth_token=secret-token",
    };
    for (const signed of [true, false]) {
      const outcome = await create(await signedBody(PRECREATE, node, signed));
      expect(outcome.kind).toBe("rejected");
      expect(JSON.stringify(outcome)).not.toContain("secret-token");
    }
  });
});

describe("the error table", () => {
  it("has one row for each code, and our codes' own words on retrying", ({ expect }) => {
    const names = alipay.errors.map(({ channelCode }) => channelCode);
    expect(new Set(names).size).toBe(names.length);
    for (const row of alipay.errors) {
      expect(Object.hasOwn(ERRORS, row.code)).toBe(true);
      expect(row.meaning).toMatch(/^[A-Z].*\.$/);
      // What must be asked again can be asked again, except where the order itself has ended.
      if (row.outcome === "unknown" && row.code !== "INVALID_STATE")
        expect(row.retryable).toBe(true);
    }
  });

  for (const row of alipay.errors) {
    it(`${row.channelCode} is ${row.outcome}`, async ({ expect }) => {
      const code = row.channelCode.replace("*", "ANYTHING");
      const node = /^\d+$/.test(code)
        ? { code }
        : code.startsWith("is") || code.startsWith("aop")
          ? { code: "40002", sub_code: code }
          : failed(code);
      expect(await create(await signedBody(PRECREATE, node))).toMatchObject({
        kind: row.outcome,
        error: { code: row.code, channelCode: code, retryable: row.retryable },
      });
    });
  }

  it("knows every documented code by name or family, and what to make of it", ({ expect }) => {
    const { gateway, authorization, business } = codes;
    type Verdict = readonly ["rejected" | "unknown", boolean | null, readonly string[]];
    const groups: [string[], Verdict][] = [
      [gateway.unavailable, ["unknown", true, ["CHANNEL_UNAVAILABLE"]]],
      [gateway.limited, ["unknown", true, ["CHANNEL_UNAVAILABLE"]]],
      [gateway.token, ["rejected", false, ["CHANNEL_NOT_CONFIGURED"]]],
      [gateway.missing, ["rejected", false, ["CHANNEL_REJECTED"]]],
      [gateway.invalid, ["rejected", null, ["CHANNEL_REJECTED", "CHANNEL_NOT_CONFIGURED"]]],
      [gateway.permission, ["rejected", false, ["CHANNEL_NOT_CONFIGURED"]]],
      [authorization, ["rejected", false, ["CHANNEL_NOT_CONFIGURED", "CHANNEL_REJECTED"]]],
      [business.system, ["unknown", true, ["CHANNEL_ERROR"]]],
      [business.paid, ["unknown", false, ["INVALID_STATE"]]],
      [business.ended, ["unknown", false, ["INVALID_STATE"]]],
      [business.absent, ["rejected", false, ["CHANNEL_REJECTED"]]],
      [business.inconsistent, ["rejected", false, ["CHANNEL_REJECTED"]]],
      [business.caller, ["rejected", false, ["INVALID_REQUEST", "PAYMENT_EXPIRED", "AMOUNT_EXCEEDED"]]],
      [business.merchant, ["rejected", false, ["CHANNEL_NOT_CONFIGURED"]]],
      [business.payer, ["rejected", true, ["PAYMENT_DECLINED"]]],
      [business.risk, ["rejected", false, ["PAYMENT_DECLINED"]]],
      [business.agreement, ["rejected", false, ["CHANNEL_REJECTED"]]],
      [business.cycle, ["rejected", true, ["CHANNEL_REJECTED"]]],
      [business.refund, ["rejected", false, ["REFUND_EXCEEDS_PAYMENT", "REFUND_WINDOW_CLOSED", "CURRENCY_UNSUPPORTED", "INVALID_STATE", "CHANNEL_REJECTED"]]],
      [business.refund_later, ["rejected", true, ["INSUFFICIENT_BALANCE"]]],
      [business.cancel, ["rejected", false, ["INVALID_STATE"]]],
      [business.close, ["rejected", false, ["INVALID_STATE"]]],
    ]; // prettier-ignore
    const rowOf = (code: string) =>
      alipay.errors.find(({ channelCode }) => channelCode === code) ??
      alipay.errors.find(
        ({ channelCode }) => channelCode.endsWith("*") && code.startsWith(channelCode.slice(0, -1)),
      );
    for (const [names, [outcome, retryable, ours]] of groups) {
      for (const name of names) {
        const row = rowOf(name);
        expect(row, name).toMatchObject({ outcome });
        if (retryable !== null) expect(row?.retryable, name).toBe(retryable);
        expect(ours, name).toContain(row?.code);
      }
    }
  });

  it("says what the manual says where it matters most", async ({ expect }) => {
    const expected: [string, string, string, boolean][] = [
      ["ACQ.SYSTEM_ERROR", "unknown", "CHANNEL_ERROR", true],
      ["AQC.SYSTEM_ERROR", "unknown", "CHANNEL_ERROR", true],
      ["ACQ.TRADE_HAS_SUCCESS", "unknown", "INVALID_STATE", false],
      ["ACQ.CONTEXT_INCONSISTENT", "rejected", "CHANNEL_REJECTED", false],
      ["ACQ.BUYER_BALANCE_NOT_ENOUGH", "rejected", "PAYMENT_DECLINED", true],
      ["ACQ.RISK_MERCHANT_IP_NOT_EXIST", "rejected", "CHANNEL_NOT_CONFIGURED", false],
      ["ACQ.RISK_SOMETHING_NEW", "rejected", "PAYMENT_DECLINED", false],
      ["ACQ.SELLER_BALANCE_NOT_ENOUGH", "rejected", "INSUFFICIENT_BALANCE", true],
      ["ACQ.NEVER_SEEN", "rejected", "CHANNEL_REJECTED", false],
      ["acq.system_error", "rejected", "CHANNEL_REJECTED", false],
    ];
    for (const [subCode, kind, code, retryable] of expected) {
      expect(await create(await signedBody(PRECREATE, failed(subCode)))).toMatchObject({
        kind,
        error: { code, retryable },
      });
    }
  });
});

/** As the simulated database numbers its trades. */
const TRADE_NO = "2026112122001424330500000001";

const queried = (id: string, fields: object) =>
  success({ out_trade_no: id, trade_no: TRADE_NO, total_amount: "6.99", ...fields });

describe("a query", () => {
  const states: [string, object, string, number | null][] = [
    ["WAIT_BUYER_PAY", {}, "scanning", null],
    ["TRADE_SUCCESS", { send_pay_date: "2026-05-27 09:31:00" }, "paid", NOW + 60_000],
    ["TRADE_SUCCESS", {}, "paid", null],
    ["TRADE_FINISHED", { send_pay_date: "2026-05-27 09:31:00" }, "paid", NOW + 60_000],
    ["TRADE_CLOSED", {}, "closed", null],
    // Given back whole: whoever hears of it only now must not take it for money.
    ["TRADE_CLOSED", { send_pay_date: "2026-05-27 09:31:00" }, "reversed", null],
    // A time in another form is still the time of a payment.
    ["TRADE_CLOSED", { send_pay_date: "20260527" }, "reversed", null],
  ];
  for (const [trade_status, fields, state, paidAt] of states) {
    it(`reads ${trade_status} ${JSON.stringify(fields)} as ${state}`, async ({ expect }) => {
      const id = newPaymentId();
      const io = scripted({ [QUERY]: queried(id, { trade_status, ...fields }) });
      expect(await alipay.queryPayment(sent(id), account, io)).toEqual({
        kind: "ok",
        value: {
          paymentId: id,
          state,
          amount: { currency: "CNY", value: 699 },
          channelTransactionId: TRADE_NO,
          paidAt,
          channelStatus: trade_status,
        },
      });
    });
  }

  it("reads the amount in fen, by digits", async ({ expect }) => {
    for (const value of [1, 29, 57, 101, 1_999, 869_999_997, 10_000_000_000]) {
      const id = newPaymentId();
      const total_amount = toDecimal(value, 2);
      const io = scripted({
        [QUERY]: queried(id, { trade_status: "TRADE_SUCCESS", total_amount }),
      });
      expect(await alipay.queryPayment(sent(id), account, io)).toMatchObject({
        value: { amount: { currency: "CNY", value } },
      });
    }
  });

  it("says absent only by a signed word of Alipay", async ({ expect }) => {
    const id = newPaymentId();
    const absent = { [QUERY]: failed("ACQ.TRADE_NOT_EXIST", { out_trade_no: id }) };
    expect(await alipay.queryPayment(sent(id), account, scripted(absent))).toMatchObject({
      kind: "ok",
      value: { paymentId: id, state: "absent", amount: null },
    });
    expect(await alipay.queryPayment(sent(id), account, scripted(absent, false))).toMatchObject({
      kind: "unknown",
    });
    const other = { [QUERY]: failed("ACQ.TRADE_NOT_EXIST", { out_trade_no: "pi_other" }) };
    expect(await alipay.queryPayment(sent(id), account, scripted(other))).toMatchObject({
      kind: "unknown",
      error: { channelCode: "another_order" },
    });
  });

  it("doubts what is incomplete, about another order, or in unknown words", async ({ expect }) => {
    const id = newPaymentId();
    const paid = queried(id, { trade_status: "TRADE_SUCCESS" });
    const nodes: object[] = [
      { ...paid, out_trade_no: "pi_other" },
      { ...paid, out_trade_no: undefined },
      { ...paid, trade_status: "TRADE_PENDING" },
      { ...paid, trade_status: "constructor" },
      { ...paid, trade_status: undefined },
      { ...paid, total_amount: "6,99" },
      { ...paid, total_amount: 6.99 },
      { ...paid, total_amount: undefined },
      { ...paid, total_amount: "6.991" },
      success({ out_trade_no: id, qr_code: "https://qr.alipay.com/bax1" }),
    ];
    for (const node of nodes) {
      expect(
        await alipay.queryPayment(sent(id), account, scripted({ [QUERY]: node })),
      ).toMatchObject({
        kind: "unknown",
      });
    }
    const unsigned = scripted({ [QUERY]: paid }, false);
    expect(await alipay.queryPayment(sent(id), account, unsigned)).toMatchObject({
      kind: "unknown",
    });
  });

  it("doubts an unsigned gateway refusal, which an order would believe", async ({ expect }) => {
    const refused = { code: "40002", sub_code: "isv.invalid-app-id" };
    const id = newPaymentId();
    expect(
      await alipay.queryPayment(sent(id), account, scripted({ [QUERY]: refused })),
    ).toMatchObject({
      kind: "rejected",
    });
    for (const [method, act] of [
      [QUERY, (io: ChannelIo) => alipay.queryPayment(sent(id), account, io)],
      [CLOSE, (io: ChannelIo) => alipay.closePayment(sent(id), account, io)],
    ] as const) {
      const io = scripted({ [method]: refused }, false);
      expect(await act(io)).toMatchObject({
        kind: "unknown",
        error: { message: expect.stringContaining("not signed"), retryable: true },
      });
    }
  });
});

describe("closing", () => {
  it("closes an unpaid trade without touching cancel, which would refund a paid one", async ({
    expect,
  }) => {
    const id = newPaymentId();
    const io = scripted({ [CLOSE]: success({ out_trade_no: id, trade_no: TRADE_NO }) });
    expect(await alipay.closePayment(sent(id), account, io)).toEqual({
      kind: "ok",
      value: {
        paymentId: id,
        state: "closed",
        amount: null,
        channelTransactionId: TRADE_NO,
        paidAt: null,
        channelStatus: "TRADE_CLOSED",
      },
    });
    expect(io.asked).toEqual([CLOSE]);
  });

  it("cancels only when there is no trade yet", async ({ expect }) => {
    const cases: [object, object][] = [
      [success({ retry_flag: "N", action: "close" }), { kind: "ok", value: { state: "closed" } }],
      [success({ retry_flag: "N" }), { kind: "ok", value: { state: "closed" } }],
      [
        success({ retry_flag: "N", action: "refund", trade_no: TRADE_NO }),
        { kind: "ok", value: { state: "reversed", channelTransactionId: TRADE_NO } },
      ],
      [success({ retry_flag: "Y" }), { kind: "unknown", error: { channelCode: "cancel_again" } }],
      [success({}), { kind: "unknown" }],
      [failed("AQC.SYSTEM_ERROR"), { kind: "unknown", error: { code: "CHANNEL_ERROR" } }],
      [failed("ACQ.TRADE_NOT_EXIST"), { kind: "ok", value: { state: "absent" } }],
      [failed("ACQ.INVALID_PARAMETER"), { kind: "rejected" }],
    ];
    for (const [cancelled, outcome] of cases) {
      const io = scripted({ [CLOSE]: failed("ACQ.TRADE_NOT_EXIST"), [CANCEL]: cancelled });
      expect(await alipay.closePayment(sent(newPaymentId()), account, io)).toMatchObject(outcome);
      expect(io.asked).toEqual([CLOSE, CANCEL]);
    }
  });

  it("asks where the order stands when it is past closing", async ({ expect }) => {
    const paidAt = "2026-05-27 09:31:00";
    for (const method of [CLOSE, CANCEL]) {
      for (const word of [
        "ACQ.TRADE_HAS_SUCCESS",
        "ACQ.TRADE_HAS_FINISHED",
        "ACQ.TRADE_HAS_CLOSE",
        "ACQ.TRADE_STATUS_ERROR",
        "ACQ.REASON_TRADE_STATUS_INVALID",
        "ACQ.REASON_ILLEGAL_STATUS",
        "ACQ.SELLER_BALANCE_NOT_ENOUGH",
        "ACQ.TRADE_CANCEL_TIME_OUT",
        "ACQ.CANCEL_NOT_ALLOWED",
      ]) {
        const id = newPaymentId();
        const io = scripted({
          [CLOSE]: failed(method === CLOSE ? word : "ACQ.TRADE_NOT_EXIST"),
          [CANCEL]: failed(word),
          [QUERY]: queried(id, { trade_status: "TRADE_SUCCESS", send_pay_date: paidAt }),
        });
        expect(await alipay.closePayment(sent(id), account, io)).toMatchObject({
          kind: "ok",
          value: { state: "paid", amount: { currency: "CNY", value: 699 } },
        });
        expect(io.asked.at(-1)).toBe(QUERY);
      }
    }
  });

  it("does not take a signed answer to something else for a close", async ({ expect }) => {
    const id = newPaymentId();
    const replayed: object[] = [
      success({ out_trade_no: id, qr_code: "https://qr.alipay.com/bax1" }),
      queried(id, { trade_status: "TRADE_SUCCESS" }),
      success({ out_trade_no: id, retry_flag: "N", action: "refund" }),
      success({ out_trade_no: id, fund_change: "Y" }),
      success({ out_trade_no: "pi_other" }),
      success({}),
    ];
    for (const node of replayed) {
      const io = scripted({ [CLOSE]: node });
      expect(await alipay.closePayment(sent(id), account, io)).toMatchObject({ kind: "unknown" });
    }
    const words = {
      [CLOSE]: failed("ACQ.TRADE_NOT_EXIST"),
      [CANCEL]: success({ out_trade_no: id }),
    };
    expect(await alipay.closePayment(sent(id), account, scripted(words, false))).toMatchObject({
      kind: "unknown",
    });
  });
});

/** One account at a simulated Alipay: the built-in one, or one with certificates of its own. */
const modes = {
  "public-key mode": async () => {
    const sim = await simulation();
    return { sim, own: accountOf(alipaySandbox.credentials(sim.keys, "ca_one")) };
  },
  "encrypted contents": async () => {
    const sim = await simulation();
    const credentials = {
      ...vectorCredentials,
      seller_id: "2088000000000001",
      alipay_public_key: sim.keys.platformPublicKey,
      aes_key: openapi.aes.key_b64,
    };
    const registration = await alipaySandbox.registration(credentials);
    if (registration === null) throw new Error("registration");
    sim.registered.set(registration.merchant, registration.entry);
    return { sim, own: accountOf(credentials) };
  },
  "certificate mode": async () => {
    const sim = await simulation();
    const platform = await platformCertificate(sim.keys);
    const credentials = {
      ...vectorCertificates,
      seller_id: "2088000000000001",
      alipay_cert: platform,
      alipay_root_cert: platform,
    };
    const registration = await alipaySandbox.registration(credentials);
    if (registration === null) throw new Error("registration");
    sim.registered.set(registration.merchant, registration.entry);
    return { sim, own: accountOf(credentials) };
  },
};

type Sim = Awaited<ReturnType<typeof simulation>>;

const place = async (sim: Sim, own: ChannelAccount, charge: ChargeOrder) => {
  const prepared = alipay.prepareCharge(charge, own);
  if (!prepared.ok) throw new Error(prepared.error.message);
  return alipay.createCharge(prepared.value, charge, own, sim.io);
};

const deliver = async (
  sim: Sim,
  own: ChannelAccount,
  id: string,
  flaw: "wrong_amount" | "wrong_signature" | "sign_test_probe" | null,
) => {
  const record = [...sim.rows.values()].find(({ orderNumber }) => orderNumber === id);
  if (record === undefined) throw new Error("order");
  const request = await alipaySandbox.callback(record, flaw, sim.world());
  if (request === null) throw new Error("no notification");
  const raw = rawCallback(await request.text());
  return { url: request.url, verdict: await alipay.verifyCallback(raw, own, sim.io) };
};

for (const [mode, setUp] of Object.entries(modes)) {
  describe(`whole lives at the simulator, ${mode}`, () => {
    it("code, scan, payment, notification", async ({ expect }) => {
      const { sim, own } = await setUp();
      const charge = order({ description: 'AI 摘要 100% + "q" & more' });
      const id = charge.paymentId;
      const first = await place(sim, own, charge);
      expect(first).toMatchObject({
        kind: "ok",
        value: { action: { data: expect.stringMatching(/^https:\/\/qr\.alipay\.com\/bax\w+$/) } },
      });
      // A retry of the same order shows the same code and makes no second order.
      expect(await place(sim, own, charge)).toEqual(first);
      expect(sim.rows.size).toBe(1);
      const query = () => alipay.queryPayment(sent(id), own, sim.io);
      expect(await query()).toMatchObject({ value: { state: "absent" } });
      sim.become(id, "scanned");
      expect(await query()).toMatchObject({ value: { state: "scanning" } });
      sim.become(id, "paid");
      const paid = {
        paymentId: id,
        state: "paid",
        amount: { currency: "CNY", value: 699 },
        channelTransactionId: TRADE_NO,
        paidAt: NOW,
        channelStatus: "TRADE_SUCCESS",
      };
      expect(await query()).toEqual({ kind: "ok", value: paid });
      const { url, verdict } = await deliver(sim, own, id, null);
      expect(url).toBe(NOTIFY_URL);
      expect(verdict).toMatchObject({ kind: "reports", reports: [paid] });
    });

    it("spoiled notifications", async ({ expect }) => {
      const { sim, own } = await setUp();
      const charge = order();
      await place(sim, own, charge);
      sim.become(charge.paymentId, "paid");
      expect(await deliver(sim, own, charge.paymentId, "wrong_amount")).toMatchObject({
        // Authentic, so the adapter reports it; the amount is for the payment to compare.
        verdict: { kind: "reports", reports: [{ amount: { currency: "CNY", value: 700 } }] },
      });
      for (const flaw of ["wrong_signature", "sign_test_probe"] as const) {
        expect(await deliver(sim, own, charge.paymentId, flaw)).toMatchObject({
          verdict: { kind: "refused" },
        });
      }
    });

    it("an unscanned code is killed by cancel and can no longer be used", async ({ expect }) => {
      const { sim, own } = await setUp();
      const charge = order();
      await place(sim, own, charge);
      sim.asked.length = 0;
      const closed = await alipay.closePayment(sent(charge.paymentId), own, sim.io);
      expect(closed).toMatchObject({ kind: "ok", value: { state: "closed" } });
      expect(sim.asked).toEqual([CLOSE, CANCEL]);
      expect([...sim.rows.values()][0]?.state).toBe("closed");
    });

    it("a scanned trade is closed, a paid one stays paid", async ({ expect }) => {
      const { sim, own } = await setUp();
      const [scanned, paid] = [order(), order()];
      await place(sim, own, scanned);
      await place(sim, own, paid);
      sim.become(scanned.paymentId, "scanned");
      sim.become(paid.paymentId, "paid");
      const close = (charge: ChargeOrder) =>
        alipay.closePayment(sent(charge.paymentId), own, sim.io);
      expect(await close(scanned)).toMatchObject({ kind: "ok", value: { state: "closed" } });
      expect(await alipay.queryPayment(sent(scanned.paymentId), own, sim.io)).toMatchObject({
        value: { state: "closed" },
      });
      expect(await close(paid)).toMatchObject({ kind: "ok", value: { state: "paid" } });
    });

    it("a buyer who pays between close and cancel gets the money back", async ({ expect }) => {
      const { sim, own } = await setUp();
      const charge = order();
      await place(sim, own, charge);
      const io = ioWith((request) => {
        if (methodOf(request) === CANCEL) sim.become(charge.paymentId, "paid");
        return sim.fetch(request);
      });
      for (const state of ["reversed", "reversed"]) {
        expect(await alipay.closePayment(sent(charge.paymentId), own, io)).toMatchObject({
          kind: "ok",
          value: { state },
        });
      }
      expect(await alipay.queryPayment(sent(charge.paymentId), own, io)).toMatchObject({
        kind: "ok",
        value: { state: "reversed" },
      });
    });

    it("a repeat after payment or close is asked about, with other contents refused", async ({
      expect,
    }) => {
      const { sim, own } = await setUp();
      const [paid, closed, changed] = [order(), order(), order()];
      for (const charge of [paid, closed, changed]) await place(sim, own, charge);
      sim.become(paid.paymentId, "paid");
      sim.become(closed.paymentId, "scanned");
      sim.become(closed.paymentId, "closed");
      expect(await place(sim, own, paid)).toMatchObject({
        kind: "unknown",
        error: { channelCode: "ACQ.TRADE_HAS_SUCCESS" },
      });
      expect(await place(sim, own, closed)).toMatchObject({
        kind: "unknown",
        error: { channelCode: "ACQ.TRADE_HAS_CLOSE" },
      });
      expect(await place(sim, own, { ...changed, description: "other" })).toMatchObject({
        kind: "rejected",
        error: { channelCode: "ACQ.CONTEXT_INCONSISTENT" },
      });
    });

    it("a lost reply, then the same order again, gives the code", async ({ expect }) => {
      const { sim, own } = await setUp();
      const charge = order();
      const prepared = alipay.prepareCharge(charge, own);
      const payload = prepared.ok ? prepared.value : "";
      const lossy = ioWith(async (request) => {
        await sim.fetch(request);
        throw new DOMException("lost", "TimeoutError");
      });
      expect(await alipay.createCharge(payload, charge, own, lossy)).toMatchObject({
        kind: "unknown",
      });
      expect(await alipay.createCharge(payload, charge, own, sim.io)).toMatchObject({ kind: "ok" });
      expect(sim.rows.size).toBe(1);
    });

    it("the self-check proves both directions, and moves nothing", async ({ expect }) => {
      const { sim, own } = await setUp();
      expect(await alipay.selfCheck(own, sim.io)).toMatchObject({ kind: "ok" });
      expect(sim.asked).toEqual([QUERY]);
      expect(sim.rows.size).toBe(0);
    });
  });
}

describe("the self-check finds", () => {
  it("a wrong application, a wrong private key, a wrong Alipay key", async ({ expect }) => {
    const sim = await simulation();
    const good = alipaySandbox.credentials(sim.keys, "ca_one");
    const cases: [object, object][] = [
      [
        { app_id: "2021000123456789" },
        { kind: "rejected", error: { channelCode: "isv.invalid-app-id" } },
      ],
      [
        { private_key: vectorCredentials.private_key },
        { kind: "rejected", error: { channelCode: "isv.invalid-signature" } },
      ],
      [
        { alipay_public_key: vectorCredentials.alipay_public_key },
        { kind: "unknown", error: { channelCode: "reply_signature" } },
      ],
    ];
    for (const [changes, outcome] of cases) {
      const own = accountOf({ ...good, ...changes });
      expect(await alipay.selfCheck(own, sim.io)).toMatchObject(outcome);
    }
  });

  it("never the same number twice, and distrusts a number that exists", async ({ expect }) => {
    const numbers = new Set<string>();
    const io = ioWith(async (request) => {
      const form = new URLSearchParams(await request.text());
      const content: { out_trade_no: string } = JSON.parse(form.get("biz_content") ?? "{}");
      numbers.add(content.out_trade_no);
      expect(content.out_trade_no).toMatch(/^[0-9A-Za-z_]{1,64}$/);
      return html(await signedBody(QUERY, queried(content.out_trade_no, {})));
    });
    for (let n = 0; n < 3; n += 1) {
      expect(await alipay.selfCheck(account, io)).toMatchObject({ kind: "unknown" });
    }
    expect(numbers.size).toBe(3);
  });
});

describe("two accounts", () => {
  it("do not accept each other's notifications", async ({ expect }) => {
    const here = await simulation();
    const one = accountOf(alipaySandbox.credentials(here.keys, "ca_one"));
    // Both know the same Alipay key: only the application tells them apart.
    const two = accountOf(alipaySandbox.credentials(here.keys, "ca_two"));
    const charge = order();
    await place(here, one, charge);
    here.become(charge.paymentId, "paid");
    expect(await deliver(here, one, charge.paymentId, null)).toMatchObject({
      verdict: { kind: "reports" },
    });
    expect(await deliver(here, two, charge.paymentId, null)).toMatchObject({
      verdict: { kind: "refused", reason: "app_id is not this account's" },
    });
    // The same application number under another Alipay's key.
    const sameApp = accountOf({ ...vectorCredentials, app_id: credentialOf(one, "app_id") });
    expect(await deliver(here, sameApp, charge.paymentId, null)).toMatchObject({
      verdict: { kind: "refused", reason: "the signature does not verify" },
    });
  });
});

const credentialOf = (own: ChannelAccount, name: string): unknown =>
  new Map(Object.entries(own.versions[0] ?? {})).get(name);

describe("the matrix row", () => {
  it("offers what is built, and no more", ({ expect }) => {
    expect(alipay.info).toMatchObject({
      slug: "alipay",
      currencies: ["CNY"],
      methods: ["qr", "app", "wap", "web", "jsapi", "barcode"],
      qrLifetimeSeconds: 7_200,
      limits: { min: 1, max: 10_000_000_000 },
    });
    expect(alipay.info.refunds).toEqual({
      partial: true,
      maxPartials: null,
      windowDays: 90,
      spacingSeconds: 3,
    });
    expect(Object.keys(alipay.modes)).toEqual(["direct", "isv"]);
  });
});
