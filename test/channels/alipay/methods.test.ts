/** Every way to pay beside the code: links, the app's SDK, the page inside Alipay, the counter. */
import { describe, it } from "vitest";

import { alipay } from "../../../src/channels/alipay/adapter.ts";
import { alipaySandbox } from "../../../src/channels/alipay/sandbox/channel.ts";
import type { ChannelAccount, ChargeAction, ChargeOrder } from "../../../src/channels/adapter.ts";
import { readPublicKey } from "../../../src/crypto/pem.ts";
import { importVerifyingKey, verifySha256 } from "../../../src/crypto/rsa.ts";
import type { Shown } from "../../../src/sandbox/simulator.ts";
import {
  accountOf,
  html,
  ioWith,
  isvAccountOf,
  isvCredentials,
  NOTIFY_URL,
  NOW,
  order,
  rawCallback,
  refundOf,
  scripted,
  sent,
  signedBody,
  simulation,
  vectorCredentials,
  vectorKeys,
} from "./kit.ts";

const PAY = "alipay.trade.pay";
const QUERY = "alipay.trade.query";
const CANCEL = "alipay.trade.cancel";
const CREATE = "alipay.trade.create";

const account = accountOf(vectorCredentials);
const none = ioWith(() => Promise.reject(new Error("nothing is called")));

const prepare = (charge: ChargeOrder, own: ChannelAccount = account): string => {
  const prepared = alipay.prepareCharge(charge, own);
  if (!prepared.ok) throw new Error(prepared.error.message);
  return prepared.value;
};

const contentOf = (changes: Partial<ChargeOrder>, own = account): Record<string, unknown> =>
  JSON.parse(prepare(order(changes), own)) as Record<string, unknown>;

const actionOf = async (
  charge: ChargeOrder,
  own: ChannelAccount = account,
  io = none,
): Promise<ChargeAction> => {
  const outcome = await alipay.createCharge(prepare(charge, own), charge, own, io);
  if (outcome.kind !== "ok") throw new Error(outcome.error.channelCode);
  return outcome.value.action;
};

const linkOf = (action: ChargeAction): string => {
  if (action.type === "redirect") return new URL(action.url).search.slice(1);
  return action.type === "invoke_sdk" ? (action.params["orderStr"] ?? "") : "";
};

const success = (fields: object) => ({ code: "10000", msg: "Success", ...fields });
const failed = (sub_code: string) => ({ code: "40004", msg: "Business Failed", sub_code });

describe("the prepared order of a method", () => {
  it("names the product, and carries what only it needs", ({ expect }) => {
    const returnUrl = "https://shop.example/thanks?order=1";
    const code = "286800000000000000";
    const cases: [Partial<ChargeOrder>, object][] = [
      [{ method: "app" }, { product_code: "QUICK_MSECURITY_PAY" }],
      [{ method: "wap" }, { product_code: "QUICK_WAP_WAY" }],
      [
        { method: "wap", returnUrl },
        { product_code: "QUICK_WAP_WAY", quit_url: returnUrl },
      ],
      [{ method: "web", returnUrl }, { product_code: "FAST_INSTANT_TRADE_PAY" }],
      [
        { method: "jsapi", payer: { openid: "2088000000000001" } },
        {
          product_code: "JSAPI_PAY",
          buyer_id: "2088000000000001",
          op_app_id: vectorCredentials.app_id,
        },
      ],
      [
        { method: "jsapi", payer: { openid: "014Rt-8xKq" } },
        {
          product_code: "JSAPI_PAY",
          buyer_open_id: "014Rt-8xKq",
          op_app_id: vectorCredentials.app_id,
        },
      ],
      [
        { method: "barcode", payer: { auth_code: code } },
        { product_code: "FACE_TO_FACE_PAYMENT", scene: "bar_code", auth_code: code },
      ],
      [
        { method: "barcode", payer: { auth_code: `fp${"a1".repeat(16)}b` } },
        { product_code: "FACE_TO_FACE_PAYMENT", scene: "security_code" },
      ],
    ];
    for (const [changes, fields] of cases) {
      const content = contentOf(changes);
      expect(content).toMatchObject({ total_amount: "6.99", subject: "AI summary", ...fields });
      expect(content["time_expire"]).toBe("2026-05-27 09:45:00");
      const { paymentId } = order();
      expect(prepare(order({ ...changes, paymentId }))).toBe(
        prepare(order({ ...changes, paymentId })),
      );
    }
  });

  it("freezes the money of an order that is to be shared", ({ expect }) => {
    for (const method of ["qr", "app", "wap", "web"] as const) {
      expect(contentOf({ method, profitSharing: true })["extend_params"]).toEqual({
        royalty_freeze: "true",
      });
      expect(contentOf({ method })).not.toHaveProperty("extend_params");
    }
    const provider = isvAccountOf({
      ...isvCredentials,
      sys_service_provider_id: "2088000000000009",
    });
    expect(contentOf({ profitSharing: true }, provider)["extend_params"]).toEqual({
      sys_service_provider_id: "2088000000000009",
      royalty_freeze: "true",
    });
  });

  it("refuses codes that are not Alipay's, and addresses that are too long", ({ expect }) => {
    for (const auth_code of [
      "134567890123456789", // WeChat Pay's begin with 10 to 15
      "2468000000000000",
      "3168000000000000",
      "286800000000000", // 15 digits
      "2868000000000000000000000", // 25 digits
      "28680000000000000a",
      "fp12",
      "",
    ]) {
      const refused = alipay.prepareCharge(
        order({ method: "barcode", payer: { auth_code } }),
        account,
      );
      expect(refused).toMatchObject({
        ok: false,
        error: { code: "INVALID_REQUEST", details: { issues: [{ path: "payer.auth_code" }] } },
      });
      expect(JSON.stringify(refused)).not.toContain(auth_code || "no code");
    }
    const returnUrl = `https://shop.example/${"x".repeat(250)}`;
    expect(alipay.prepareCharge(order({ method: "web", returnUrl }), account)).toMatchObject({
      ok: false,
      error: { details: { issues: [{ path: "return_url" }] } },
    });
  });
});

describe("links that we sign ourselves", () => {
  const methods = {
    app: "alipay.trade.app.pay",
    wap: "alipay.trade.wap.pay",
    web: "alipay.trade.page.pay",
  } as const;

  for (const [method, name] of Object.entries(methods)) {
    it(`${name}: signed, complete, and the same bytes every time`, async ({ expect }) => {
      const charge = order({
        method: method as keyof typeof methods,
        description: 'AI 摘要 a+b 100% "q" 😀',
        returnUrl: "https://shop.example/thanks?order=1&x=y",
      });
      const action = await actionOf(charge);
      // Later, in another isolate, after an eviction: nothing but the order decides.
      const later = ioWith(none.fetch, { now: () => NOW + 600_000 });
      expect(await actionOf(charge, accountOf(vectorCredentials), later)).toEqual(action);
      if (method === "app") {
        expect(action).toMatchObject({ type: "invoke_sdk", sdk: "alipay_app" });
      } else {
        expect(action).toMatchObject({ type: "redirect" });
        const url = action.type === "redirect" ? action.url : "";
        expect(url.startsWith("https://gw.example/sandbox/pages/alipay?app_id=")).toBe(true);
      }
      const text = linkOf(action);
      // Alipay's SDK reads it by percent escapes alone.
      expect(text).not.toMatch(/[+\s]/);
      const { sign = "", ...parameters } = Object.fromEntries(new URLSearchParams(text));
      expect(parameters).toEqual({
        app_id: vectorCredentials.app_id,
        method: name,
        charset: "utf-8",
        sign_type: "RSA2",
        timestamp: "2026-05-27 09:30:00",
        version: "1.0",
        notify_url: NOTIFY_URL,
        return_url: charge.returnUrl,
        biz_content: prepare(charge),
      });
      const covered = Object.keys(parameters)
        .toSorted()
        .map((key) => `${key}=${parameters[key] ?? ""}`)
        .join("&");
      const spki = readPublicKey(vectorKeys.app.public_spki_b64);
      if (!spki.ok) throw new Error("key");
      const key = await importVerifyingKey(spki.value);
      expect(await verifySha256(key, covered, sign)).toBe(true);
      expect(await verifySha256(key, covered.replace("6.99", "0.99"), sign)).toBe(false);
    });
  }

  it("carry the merchant's token, signed, under a service provider", async ({ expect }) => {
    for (const method of ["app", "wap", "web"] as const) {
      const text = linkOf(await actionOf(order({ method }), isvAccountOf(isvCredentials)));
      expect(new URLSearchParams(text).get("app_auth_token")).toBe(isvCredentials.app_auth_token);
    }
  });

  it("end with the order, and have no return address when the order has none", async ({
    expect,
  }) => {
    const charge = order({ method: "web", expiresAt: NOW + 7_200_000 });
    const outcome = await alipay.createCharge(prepare(charge), charge, account, none);
    expect(outcome).toMatchObject({ kind: "ok", value: { expiresAt: NOW + 7_200_000 } });
    expect(linkOf(await actionOf(charge))).not.toContain("return_url");
  });
});

describe("a trade for the page inside Alipay", () => {
  const charge = order({ method: "jsapi", payer: { openid: "2088000000000001" } });
  const trade_no = "2026052722001424330500000001";
  const good = success({ out_trade_no: charge.paymentId, trade_no });

  it("is its number", async ({ expect }) => {
    const io = scripted({ [CREATE]: good });
    expect(await alipay.createCharge(prepare(charge), charge, account, io)).toEqual({
      kind: "ok",
      value: {
        action: { type: "invoke_sdk", sdk: "alipay_jsapi", params: { tradeNO: trade_no } },
        expiresAt: charge.expiresAt,
        channelTransactionId: trade_no,
      },
    });
  });

  it("is doubted when it is another's, unsigned or without a number", async ({ expect }) => {
    const nodes: [object, boolean, object][] = [
      [good, false, { kind: "unknown" }],
      [{ ...good, out_trade_no: "pi_other" }, true, { kind: "unknown" }],
      [{ ...good, out_trade_no: undefined }, true, { kind: "unknown" }],
      [{ ...good, trade_no: "../x" }, true, { kind: "unknown" }],
      [failed("ACQ.BUYER_SELLER_EQUAL"), true, { kind: "rejected" }],
      [failed("ACQ.SYSTEM_ERROR"), true, { kind: "unknown" }],
    ];
    for (const [node, signed, outcome] of nodes) {
      const io = scripted({ [CREATE]: node }, signed);
      const charged = await alipay.createCharge(prepare(charge), charge, account, io);
      expect(charged).toMatchObject(outcome);
    }
  });
});

describe("the counter", () => {
  const charge = order({ method: "barcode", payer: { auth_code: "286800000000000000" } });
  const id = charge.paymentId;
  const trade_no = "2026052722001424330500000001";
  const paid = success({
    out_trade_no: id,
    trade_no,
    total_amount: "6.99",
    buyer_pay_amount: "6.00",
    gmt_payment: "2026-05-27 09:30:05",
  });
  const waits = { code: "10003", msg: "order success pay inprocess", out_trade_no: id, trade_no };

  const charged = async (nodes: Record<string, unknown>, signed = true, attempt = 0) => {
    const io = scripted(nodes, signed);
    const outcome = await alipay.createCharge(prepare(charge), charge, account, { ...io, attempt });
    return { outcome, asked: io.asked };
  };

  it("is paid at once by a signed answer about this order and its whole amount", async ({
    expect,
  }) => {
    const { outcome } = await charged({ [PAY]: paid });
    expect(outcome).toEqual({
      kind: "ok",
      value: {
        action: { type: "wait" },
        expiresAt: charge.expiresAt,
        channelTransactionId: trade_no,
        report: {
          paymentId: id,
          state: "paid",
          amount: { currency: "CNY", value: 699 },
          channelTransactionId: trade_no,
          paidAt: NOW + 5_000,
          channelStatus: "TRADE_SUCCESS",
        },
      },
    });
  });

  it("waits for the buyer", async ({ expect }) => {
    const wait = { action: { type: "wait" }, expiresAt: charge.expiresAt };
    expect((await charged({ [PAY]: waits })).outcome).toEqual({
      kind: "ok",
      value: { ...wait, channelTransactionId: trade_no },
    });
    const { trade_no: _none, ...numberless } = waits;
    expect((await charged({ [PAY]: numberless })).outcome).toEqual({ kind: "ok", value: wait });
  });

  it("believes no other answer to be a payment", async ({ expect }) => {
    const doubtful: [object, boolean][] = [
      [paid, false],
      [waits, false],
      [{ ...paid, out_trade_no: "pi_other" }, true],
      [{ ...paid, out_trade_no: undefined }, true],
      [{ ...paid, total_amount: "0.01" }, true],
      [{ ...paid, total_amount: 6.99 }, true],
      [{ ...paid, gmt_payment: undefined }, true],
      [{ ...paid, trade_no: undefined }, true],
      [{ ...waits, out_trade_no: "pi_other" }, true],
      // Signed answers to other questions about the same order, replayed.
      [success({ out_trade_no: id, trade_no, total_amount: "6.99", trade_status: "WAIT_BUYER_PAY" }), true],
      [{ ...paid, trade_status: "WAIT_BUYER_PAY" }, true],
      [success({ out_trade_no: id, trade_no, fund_change: "Y", refund_fee: "6.99" }), true],
      [success({ out_trade_no: id, trade_no, retry_flag: "N", action: "close" }), true],
      [success({ out_trade_no: id, qr_code: "https://qr.alipay.com/bax1" }), true],
      [success({}), true],
      [{ code: "20000", msg: "Service Currently Unavailable", sub_code: "isp.unknow-error" }, true],
      [failed("ACQ.SYSTEM_ERROR"), true],
      [failed("ACQ.TRADE_HAS_SUCCESS"), true],
    ]; // prettier-ignore
    for (const [node, signed] of doubtful) {
      expect((await charged({ [PAY]: node }, signed)).outcome).toMatchObject({ kind: "unknown" });
    }
    const io = ioWith(async () => html("<html>502</html>", 502));
    expect(await alipay.createCharge(prepare(charge), charge, account, io)).toMatchObject({
      kind: "unknown",
    });
  });

  it("is refused by the table on the first try", async ({ expect }) => {
    for (const [subCode, code, retryable] of [
      ["ACQ.PAYMENT_AUTH_CODE_INVALID", "PAYMENT_DECLINED", true],
      ["ACQ.BUYER_BALANCE_NOT_ENOUGH", "PAYMENT_DECLINED", true],
      ["ACQ.PAYMENT_REQUEST_HAS_RISK", "PAYMENT_DECLINED", false],
      ["ACQ.ACCESS_FORBIDDEN", "CHANNEL_NOT_CONFIGURED", false],
      ["ACQ.TOTAL_FEE_EXCEED", "AMOUNT_EXCEEDED", false],
    ] as const) {
      const { outcome, asked } = await charged({ [PAY]: failed(subCode) });
      expect(outcome).toMatchObject({ kind: "rejected", error: { code, retryable } });
      expect(asked).toEqual([PAY]);
    }
  });

  it("asks before it believes the refusal of a repeat: the first try may have paid", async ({
    expect,
  }) => {
    const refusal = failed("ACQ.PAYMENT_AUTH_CODE_INVALID");
    const states: [object, string][] = [
      [failed("ACQ.TRADE_NOT_EXIST"), "rejected"],
      [success({ out_trade_no: id, total_amount: "6.99", trade_status: "TRADE_SUCCESS" }), "unknown"],
      [success({ out_trade_no: id, total_amount: "6.99", trade_status: "WAIT_BUYER_PAY" }), "unknown"],
      [failed("ACQ.SYSTEM_ERROR"), "unknown"],
    ]; // prettier-ignore
    for (const [found, kind] of states) {
      const { outcome, asked } = await charged({ [PAY]: refusal, [QUERY]: found }, true, 1);
      expect(outcome).toMatchObject({
        kind,
        error: { channelCode: "ACQ.PAYMENT_AUTH_CODE_INVALID" },
      });
      expect(asked).toEqual([PAY, QUERY]);
    }
  });

  it("is ended by cancel alone, which gives back what was paid", async ({ expect }) => {
    const cases: [object, object][] = [
      [
        success({ out_trade_no: id, retry_flag: "N", action: "close" }),
        { value: { state: "closed" } },
      ],
      [success({ out_trade_no: id, retry_flag: "N" }), { value: { state: "closed" } }],
      [
        success({ out_trade_no: id, trade_no, retry_flag: "N", action: "refund" }),
        { kind: "ok", value: { state: "reversed", channelTransactionId: trade_no } },
      ],
      [success({ out_trade_no: id, retry_flag: "Y" }), { error: { channelCode: "cancel_again" } }],
      [success({ out_trade_no: id }), { kind: "unknown" }],
      [failed("AQC.SYSTEM_ERROR"), { kind: "unknown" }],
    ];
    for (const [node, outcome] of cases) {
      const io = scripted({ [CANCEL]: node });
      const closed = await alipay.closePayment(sent(id, { method: "barcode" }), account, io);
      expect(closed).toMatchObject(outcome);
      expect(io.asked).toEqual([CANCEL]);
    }
    // The seller cannot give it back: then it stays what it is.
    const io = scripted({
      [CANCEL]: failed("ACQ.SELLER_BALANCE_NOT_ENOUGH"),
      [QUERY]: success({ out_trade_no: id, total_amount: "6.99", trade_status: "TRADE_SUCCESS" }),
    });
    expect(await alipay.closePayment(sent(id, { method: "barcode" }), account, io)).toMatchObject({
      kind: "ok",
      value: { state: "paid" },
    });
  });
});

const lives = {
  app: {},
  wap: { returnUrl: "https://shop.example/thanks" },
  web: {},
  jsapi: { payer: { openid: "2088000000000001" } },
  barcode: { payer: { auth_code: "286800000000000011" } },
} as const;

const setUp = async () => {
  const sim = await simulation();
  const own = accountOf(alipaySandbox.credentials(sim.keys, "ca_one"));
  const merchant = String(new Map(Object.entries(own.versions[0] ?? {})).get("app_id"));
  const show = (charge: ChargeOrder, action: ChargeAction): Shown => {
    if (action.type === "wait") throw new Error("nothing is shown");
    const { paymentId, amount, notifyUrl } = charge;
    return { paymentId, merchant, ...amount, notifyUrl, action };
  };
  return { sim, own, show };
};

for (const [method, changes] of Object.entries(lives)) {
  describe(`whole lives at the simulator: ${method}`, () => {
    const chargeOf = () => order({ method: method as keyof typeof lives, ...changes });
    const isLink = ["app", "wap", "web"].includes(method);

    const begin = async () => {
      const { sim, own, show } = await setUp();
      const charge = chargeOf();
      const action = await actionOf(charge, own, sim.io);
      const open = () => alipaySandbox.open?.(show(charge, action), sim.world());
      const sentCharge = sent(charge.paymentId, { method: charge.method });
      return { sim, own, charge, sentCharge, action, open };
    };

    it("opened, paid, told, asked, refunded", async ({ expect }) => {
      const { sim, own, charge, sentCharge, action, open } = await begin();
      const query = () => alipay.queryPayment(sentCharge, own, sim.io);
      if (isLink) {
        expect(sim.asked).toEqual([]);
        expect(await query()).toMatchObject({ value: { state: "absent" } });
      }
      if (action.type !== "wait") {
        expect(await open()).toMatchObject({ ok: true, value: { state: "open", value: 699 } });
        // The same once more, as browsers do.
        expect(await open()).toMatchObject({ ok: true });
      }
      expect(sim.rows.size).toBe(1);
      expect(await query()).toMatchObject({ value: { state: "scanning" } });
      sim.become(charge.paymentId, "paid");
      const paid = { state: "paid", amount: { currency: "CNY", value: 699 } };
      expect(await query()).toMatchObject({ kind: "ok", value: paid });
      const record = sim.find(charge.paymentId);
      if (record === undefined) throw new Error("order");
      const notice = await alipaySandbox.callback(record, null, sim.world());
      expect(notice?.url).toBe(NOTIFY_URL);
      const raw = rawCallback((await notice?.text()) ?? "");
      expect(await alipay.verifyCallback(raw, own, sim.io)).toMatchObject({
        kind: "reports",
        reports: [{ paymentId: charge.paymentId, ...paid }],
      });
      const refund = refundOf(sentCharge, 1);
      const content = alipay.refunds?.prepare(refund, own);
      if (content?.ok !== true) throw new Error("refund");
      expect(await alipay.refunds?.create(content.value, refund, own, sim.io)).toMatchObject({
        kind: "ok",
        value: { state: "succeeded" },
      });
      if (action.type === "invoke_sdk" && action.sdk === "alipay_jsapi") {
        const number = (await query()).kind === "ok" ? await query() : null;
        expect(number).toMatchObject({ value: { channelTransactionId: action.params["tradeNO"] } });
      }
    });

    it("ended before it is paid", async ({ expect }) => {
      const { sim, own, sentCharge, action, open } = await begin();
      if (action.type !== "wait") await open();
      expect(await alipay.closePayment(sentCharge, own, sim.io)).toMatchObject({
        kind: "ok",
        value: { state: "closed" },
      });
      expect(await alipay.queryPayment(sentCharge, own, sim.io)).toMatchObject({
        value: { state: "closed" },
      });
    });

    it(`ended after it was paid: ${method === "barcode" ? "given back" : "it stays paid"}`, async ({
      expect,
    }) => {
      const { sim, own, charge, sentCharge, action, open } = await begin();
      if (action.type !== "wait") await open();
      sim.become(charge.paymentId, "paid");
      const state = method === "barcode" ? "reversed" : "paid";
      for (let n = 0; n < 2; n += 1) {
        expect(await alipay.closePayment(sentCharge, own, sim.io)).toMatchObject({
          kind: "ok",
          value: { state },
        });
        expect(await alipay.queryPayment(sentCharge, own, sim.io)).toMatchObject({
          value: { state },
        });
      }
    });

    if (!isLink) return;
    it("cancelled before anybody opened it: the link is dead", async ({ expect }) => {
      const { sim, own, sentCharge, open } = await begin();
      expect(await alipay.closePayment(sentCharge, own, sim.io)).toMatchObject({
        value: { state: "closed" },
      });
      expect(await open()).toMatchObject({ ok: true, value: { state: "closed" } });
    });
  });
}

describe("the buyer's code at the simulated counter", () => {
  it("that ends in 00 pays at once, in 99 is refused, and others wait", async ({ expect }) => {
    const { sim, own } = await setUp();
    const at = async (auth_code: string) => {
      const charge = order({ method: "barcode", payer: { auth_code } });
      const outcome = await alipay.createCharge(prepare(charge, own), charge, own, sim.io);
      return { charge, outcome };
    };
    const paid = await at("286800000000000000");
    expect(paid.outcome).toMatchObject({
      kind: "ok",
      value: { action: { type: "wait" }, report: { state: "paid", paidAt: NOW } },
    });
    // The same order again: the query says what became of it.
    const again = await alipay.createCharge(prepare(paid.charge, own), paid.charge, own, sim.io);
    expect(again).toMatchObject({
      kind: "unknown",
      error: { channelCode: "ACQ.TRADE_HAS_SUCCESS" },
    });
    expect((await at("286800000000000099")).outcome).toMatchObject({
      kind: "rejected",
      error: { code: "PAYMENT_DECLINED", channelCode: "ACQ.PAYMENT_AUTH_CODE_INVALID" },
    });
    const waits = await at("286800000000000012");
    expect(waits.outcome).toMatchObject({ kind: "ok", value: { action: { type: "wait" } } });
    expect(waits.outcome).not.toHaveProperty("value.report");
    expect(sim.rows.size).toBe(2);
  });

  it("with a lost reply, then the query: paid once", async ({ expect }) => {
    const { sim, own } = await setUp();
    const charge = order({ method: "barcode", payer: { auth_code: "286800000000000000" } });
    const lossy = ioWith(async (request) => {
      await sim.fetch(request);
      throw new DOMException("lost", "TimeoutError");
    });
    expect(await alipay.createCharge(prepare(charge, own), charge, own, lossy)).toMatchObject({
      kind: "unknown",
    });
    const asked = await alipay.queryPayment(
      sent(charge.paymentId, { method: "barcode" }),
      own,
      sim.io,
    );
    expect(asked).toMatchObject({ value: { state: "paid" } });
  });
});

describe("signed bodies", () => {
  it("of one method are not another's: the node's name must fit", async ({ expect }) => {
    const charge = order({ method: "barcode", payer: { auth_code: "286800000000000000" } });
    const body = await signedBody(
      QUERY,
      success({ out_trade_no: charge.paymentId, total_amount: "6.99" }),
    );
    const io = ioWith(async () => html(body));
    expect(await alipay.createCharge(prepare(charge), charge, account, io)).toMatchObject({
      kind: "unknown",
      error: { channelCode: "malformed_reply" },
    });
  });
});
