/** IOTPay's orders, queries and refunds: what is sent, and what a reply may and may not mean. */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import type { Charge, Outcome } from "../../../src/channels/adapter.ts";
import { iotpay } from "../../../src/channels/iotpay/adapter.ts";
import { IN_WECHAT_BROWSER, PRODUCTS } from "../../../src/channels/iotpay/channel-ids.ts";
import { IOTPAY_ERRORS } from "../../../src/channels/iotpay/error-table.ts";
import { isSignedBy, signatureOf, signedText } from "../../../src/channels/iotpay/signing.ts";
import { clientIp, cleanText, fitText } from "../../../src/channels/iotpay/texts.ts";
import { ERRORS } from "../../../src/errors.ts";
import vectors from "../../vectors/iotpay.json";
import { NOW } from "../kit.ts";
import {
  accountOf,
  afterCharge,
  charge,
  credentials,
  ioWith,
  json,
  KEY,
  order,
  paramsOf,
  refundOf,
  scripted,
  signByHand,
  signedJson,
  simulation,
} from "./kit.ts";

const entriesOf = (fields: object) =>
  Object.entries(fields).map(([name, value]) => [name, String(value)] as [string, string]);

const fieldsOf = (made: ReturnType<typeof order>, account = accountOf()) => {
  const prepared = iotpay.prepareCharge(made, account);
  if (!prepared.ok) throw new Error(`${prepared.error.code}: ${prepared.error.message}`);
  const { path, fields } = JSON.parse(prepared.value);
  return { path, ...fields };
};

const refusalOf = (made: ReturnType<typeof order>, account = accountOf()) => {
  const prepared = iotpay.prepareCharge(made, account);
  if (prepared.ok) throw new Error("it was not refused");
  return prepared.error;
};

describe("the signature", () => {
  it("gives the published strings and digests", ({ expect }) => {
    for (const { name, fields, string, sign } of vectors.sign.vectors) {
      expect(signedText(entriesOf(fields)), name).toBe(string);
      expect(signatureOf(entriesOf(fields), vectors.sign.key), name).toBe(sign);
    }
    for (const { name, fields, sign, same_with_case_insensitive_sort } of vectors.sign.vectors) {
      const other = signatureOf(entriesOf(fields), vectors.sign.key, "ignoring_case");
      expect(other === sign, name).toBe(same_with_case_insensitive_sort);
    }
    const { fields, string, sign, key } = vectors.notify;
    expect(signedText(entriesOf(fields))).toBe(string);
    expect(signatureOf(entriesOf(fields), key)).toBe(sign);
  });

  it("sorts by ASCII, and on the other side's request without regard to case", ({ expect }) => {
    const fields: [string, string][] = [
      ["payType", "pay"],
      ["payerName", "Ann"],
      ["payOrderId", "1"],
    ];
    expect(signedText(fields)).toBe("payOrderId=1&payType=pay&payerName=Ann");
    expect(signedText(fields, "ignoring_case")).toBe("payerName=Ann&payOrderId=1&payType=pay");
  });

  it("takes either sort and either case of a digest, and nothing else", async ({ expect }) => {
    const fields: [string, string][] = [
      ["refundable", "5"],
      ["refundAmount", "1"],
    ];
    for (const sort of ["ascii", "ignoring_case"] as const) {
      const sign = signatureOf(fields, KEY, sort);
      expect(await isSignedBy(KEY, sign, fields)).toBe(true);
      expect(await isSignedBy(KEY, sign.toLowerCase(), fields)).toBe(true);
      expect(await isSignedBy(`${KEY}x`, sign, fields)).toBe(false);
      expect(await isSignedBy(KEY, sign, [["refundable", "6"], ...fields.slice(1)])).toBe(false);
    }
    expect(await isSignedBy(KEY, "", fields)).toBe(false);
  });
});

describe("which channel id an order is", () => {
  const back = { returnUrl: "https://shop.example/back", osType: "ios" } as const;

  it.for([
    ["qr", "WECHAT", "WX_NATIVE"],
    ["qr", "ALIPAY", "ALIPAY_QR"],
    ["qr", "UNIONPAY", "UPI_QR"],
    ["jsapi", "WECHAT", "WX_JSAPI"],
    ["app", "WECHAT", "WX_APP"],
    ["app", "ALIPAY", "ALIPAY_MOBILE"],
    ["app", "UNIONPAY", "UPI_APP"],
    ["wap", "ALIPAY", "ALIPAY_WAP"],
    ["wap", "UNIONPAY", "UPI_SEQ"],
    ["web", "ALIPAY", "ALIPAY_PC"],
    ["web", "UNIONPAY", "UPI_SEQ"],
    ["barcode", "WECHAT", "WX_MICROPAY"],
    ["barcode", "ALIPAY", "ALIPAY_MICROPAY"],
    ["barcode", "UNIONPAY", "UPI_MICROPAY"],
  ] as const)("%s by %s is %s", ([method, wallet, channelId], { expect }) => {
    const payer = { openid: "o-1", auth_code: "130000000000000001" };
    const made = order({ method, paymentMethodType: wallet, payer, ...back });
    expect(fieldsOf(made)).toMatchObject({ path: "/create_order", channelId, amount: 2856 });
  });

  it("uses every channel id of IOTPay's order pages, and no other", ({ expect }) => {
    const used = Object.values(PRODUCTS).flatMap((wallets) =>
      Object.values(wallets).map(({ channelId }) => channelId),
    );
    expect(new Set([...used, IN_WECHAT_BROWSER.channelId])).toEqual(new Set(vectors.channel_ids));
  });

  it("asks IOTPay's own page inside WeChat when there is no openid", ({ expect }) => {
    const made = order({ method: "jsapi", paymentMethodType: null, ...back });
    expect(fieldsOf(made)).toMatchObject({
      path: "/payForSubmit",
      channelId: "WX_JSAPI",
      returnUrl: back.returnUrl,
    });
    expect(fieldsOf(made)).not.toHaveProperty("extra");
    expect(fieldsOf(made)).not.toHaveProperty("param1");
  });

  it("takes the wallet from the request, then from the buyer, then from the account", ({
    expect,
  }) => {
    const byAlipay = accountOf({ ...credentials, payment_method_type: "ALIPAY" });
    const channelId = (changes: Parameters<typeof order>[0], account = byAlipay) =>
      fieldsOf(order({ paymentMethodType: null, ...back, ...changes }), account).channelId;
    expect(channelId({})).toBe("ALIPAY_QR");
    expect(channelId({ paymentMethodType: "UNIONPAY" })).toBe("UPI_QR");
    const scan = (auth_code: string) => channelId({ method: "barcode", payer: { auth_code } });
    expect(scan("134567890123456789")).toBe("WX_MICROPAY");
    expect(scan("281234567890123456")).toBe("ALIPAY_MICROPAY");
    expect(scan("6212345678901234567")).toBe("UPI_MICROPAY");
    expect(scan("9912345678901234567")).toBe("ALIPAY_MICROPAY");
    expect(channelId({ method: "jsapi", payer: { openid: "o-1" } })).toBe("WX_JSAPI");
    // An openid says nothing where WeChat Pay has no part.
    expect(channelId({ method: "web", payer: { openid: "o-1" } })).toBe("ALIPAY_PC");
  });

  it("refuses what is ambiguous, and says what there is", ({ expect }) => {
    for (const method of ["qr", "app", "wap", "web"] as const) {
      const refused = refusalOf(order({ method, paymentMethodType: null, ...back }));
      expect(refused).toMatchObject({
        code: "INVALID_REQUEST",
        details: { issues: [{ path: "payment_method_type" }] },
      });
      expect(refused.message).toContain("ALIPAY");
    }
    const foreign = refusalOf(order({ paymentMethodType: "GCASH" }));
    expect(foreign).toMatchObject({ code: "INVALID_REQUEST" });
    expect(foreign.message).not.toContain("GCASH");
    const wrong = refusalOf(order({ method: "web", paymentMethodType: "WECHAT", ...back }));
    expect(wrong).toMatchObject({
      code: "METHOD_UNSUPPORTED",
      details: { payment_method_types: ["ALIPAY", "UNIONPAY"] },
    });
  });

  it("takes each currency only where IOTPay does", ({ expect }) => {
    const allows = (currency: string, changes: Parameters<typeof order>[0]) => {
      const made = order({ amount: { currency, value: 100 }, ...back, ...changes });
      const prepared = iotpay.prepareCharge(made, accountOf());
      if (!prepared.ok) expect(prepared.error.code).toBe("CURRENCY_UNSUPPORTED");
      return prepared.ok;
    };
    const yuan = (changes: Parameters<typeof order>[0]) => allows("CNY", changes);
    expect(yuan({ paymentMethodType: "WECHAT" })).toBe(true);
    expect(yuan({ method: "jsapi" })).toBe(true);
    expect(yuan({ method: "wap", paymentMethodType: "ALIPAY" })).toBe(true);
    expect(yuan({ method: "web", paymentMethodType: "UNIONPAY" })).toBe(true);
    expect(yuan({ paymentMethodType: "ALIPAY" })).toBe(false);
    expect(yuan({ method: "jsapi", payer: { openid: "o" } })).toBe(false);
    expect(yuan({ method: "app", paymentMethodType: "WECHAT" })).toBe(false);
    expect(allows("USD", { paymentMethodType: "ALIPAY" })).toBe(true);
    expect(allows("USD", { paymentMethodType: "UNIONPAY" })).toBe(false);
    expect(allows("CAD", { paymentMethodType: "UNIONPAY" })).toBe(true);
  });

  it("refuses an order without what its channel id needs", ({ expect }) => {
    const alipay = { method: "app", paymentMethodType: "ALIPAY" } as const;
    expect(refusalOf(order({ ...alipay, returnUrl: back.returnUrl })).message).toContain("os_type");
    expect(refusalOf(order({ ...alipay, osType: "ios" })).message).toContain("return_url");
    const long = `https://shop.example/${"x".repeat(190)}`;
    expect(refusalOf(order({ ...alipay, ...back, returnUrl: long })).details).toMatchObject({
      issues: [{ path: "return_url" }],
    });
    const { wechat_app_id: _, ...bare } = credentials;
    expect(refusalOf(order({ method: "app" }), accountOf(bare)).code).toBe(
      "CHANNEL_NOT_CONFIGURED",
    );
    const far = order({ notifyUrl: `https://gw.example/${"x".repeat(190)}` });
    expect(refusalOf(far).code).toBe("INTERNAL");
  });
});

describe("the fields of an order", () => {
  it("are these, and the same for the same order", ({ expect }) => {
    const made = order({ payer: { client_ip: "203.0.113.9" } });
    expect(fieldsOf(made)).toEqual({
      path: "/create_order",
      mchId: "10000701",
      mchOrderNo: made.paymentId,
      jobNo: "merchant_login",
      channelId: "WX_NATIVE",
      currency: "CAD",
      amount: 2856,
      clientIp: "203.0.113.9",
      device: "WEB",
      notifyUrl: made.notifyUrl,
      subject: "AI summary",
      body: "AI summary",
      extra: JSON.stringify({ productId: made.paymentId }),
    });
    expect(made.paymentId.length).toBeLessThanOrEqual(30);
    expect(iotpay.prepareCharge(made, accountOf())).toEqual(
      iotpay.prepareCharge(made, accountOf()),
    );
  });

  it("carry what WeChat needs in extra, as text", ({ expect }) => {
    const app = fieldsOf(order({ method: "app" }));
    expect(JSON.parse(app.extra)).toEqual({ type: "apppay", appId: "wx0123456789abcdef" });
    const mini = fieldsOf(order({ method: "jsapi", payer: { sub_openid: "o-2" } }));
    expect(JSON.parse(mini.extra)).toEqual({
      openId: "o-2",
      type: "minipay",
      appId: "wx0123456789abcdef",
    });
  });

  it("carry the scanned code", ({ expect }) => {
    const made = order({ method: "barcode", payer: { auth_code: "130000000000000001" } });
    expect(fieldsOf(made)).toMatchObject({
      deviceId: "ITPAY",
      codeType: "barcode",
      identityCode: "130000000000000001",
      notifyUrl: made.notifyUrl,
    });
  });

  it("carry osType where it is asked for, in capitals", ({ expect }) => {
    const made = { paymentMethodType: "ALIPAY", returnUrl: "https://shop.example/" } as const;
    expect(fieldsOf(order({ ...made, method: "wap", osType: "android" })).osType).toBe("ANDROID");
    expect(fieldsOf(order({ ...made, method: "web", osType: "android" }))).not.toHaveProperty(
      "osType",
    );
  });

  it("never hold a text that is too long or could be read as several fields", ({ expect }) => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 300 }),
        fc.boolean(),
        (description, encode_text) => {
          const fields = fieldsOf(
            order({ description }),
            accountOf({ ...credentials, encode_text }),
          );
          expect(Array.from(fields.subject as string).length).toBeLessThanOrEqual(64);
          expect(Array.from(fields.body as string).length).toBeLessThanOrEqual(255);
          expect(`${fields.subject}${fields.body}`).not.toMatch(/&|\p{Cc}/u);
          expect(fields.subject).not.toBe("");
        },
      ),
    );
    expect(cleanText("a&amount=1")).toBe("a amount=1");
  });

  it("are encoded before signing where the account asks for it", ({ expect }) => {
    const encoding = accountOf({ ...credentials, encode_text: true });
    expect(fieldsOf(order({ description: "茶 a" }), encoding).subject).toBe("%E8%8C%B6%20a");
    // Never half a character.
    expect(fitText("茶茶", 10, true)).toBe("%E8%8C%B6");
  });

  it("name an IPv4 address, whatever the buyer's is", ({ expect }) => {
    expect(clientIp("::ffff:203.0.113.9")).toBe("203.0.113.9");
    for (const address of [undefined, "2001:db8::1", "nonsense"]) {
      expect(clientIp(address)).toBe("127.0.0.1");
    }
  });

  it("go out as one encoded form field, signed", async ({ expect }) => {
    const made = order({ description: "Test a+b 100% & c=d" });
    let sent = "";
    const io = ioWith(async (request) => {
      expect(request.headers.get("content-type")).toContain("application/x-www-form-urlencoded");
      sent = await request.clone().text();
      const params = await paramsOf(request);
      const { sign, ...fields } = params as Record<string, string | number>;
      expect(sign).toBe(signByHand(fields));
      expect(params["subject"]).toBe("Test a+b 100% c=d");
      return json({ retCode: "SUCCESS", resCode: "SUCCESS", codeUrl: "weixin://wxpay/x" });
    });
    await charge({ account: accountOf(), io }, made);
    expect(sent).toMatch(/^params=%7B[^&+]*$/);
    expect(sent).not.toContain(KEY);
  });
});

const okCharge = (outcome: Outcome<Charge>): Charge => {
  if (outcome.kind !== "ok") throw new Error(`${outcome.kind}: ${outcome.error.channelCode}`);
  return outcome.value;
};

describe("the reply to an order", () => {
  const SUCCESS = { retCode: "SUCCESS", retMsg: "", resCode: "SUCCESS" };
  const answered = async (made: ReturnType<typeof order>, members: unknown) => {
    const { io } = scripted({ "/create_order": members, "/payForSubmit": members });
    return (await charge({ account: accountOf(), io }, made)).outcome;
  };

  it("gives a code under each of its names", async ({ expect }) => {
    for (const name of ["codeUrl", "code_url", "qr_code", "qrCode"]) {
      const made = order();
      const members = {
        ...SUCCESS,
        mchOrderNo: made.paymentId,
        payOrderId: "W1",
        [name]: "weixin://x",
      };
      const { action, channelTransactionId } = okCharge(await answered(made, members));
      expect(action).toEqual({ type: "show_qr", data: "weixin://x" });
      expect(channelTransactionId).toBe("W1");
    }
  });

  const alipayApp = () =>
    order({
      paymentId: "pi_00000000000000000000000001",
      method: "app",
      paymentMethodType: "ALIPAY",
      osType: "ios",
      returnUrl: "https://shop.example/back",
    });

  it("is read in the form before and after 2026-03-10", async ({ expect }) => {
    const { before_2026_03_10: before, since_2026_03_10: since } = vectors.alipay_mobile;
    expect(okCharge(await answered(alipayApp(), before)).action).toEqual({
      type: "invoke_sdk",
      sdk: "alipay_app",
      params: { orderStr: before.payParams },
    });
    expect(okCharge(await answered(alipayApp(), since))).toMatchObject({
      action: {
        type: "redirect",
        url: since.retParams.url,
        scheme_url: since.retParams.schemeUrl,
      },
      channelTransactionId: since.payOrderId,
    });
    const web = { ...alipayApp(), method: "web" } as const;
    const old = { ...SUCCESS, retParams: { alipayUrl: "https://pay.example/a" } };
    expect(okCharge(await answered(web, old)).action).toEqual({
      type: "redirect",
      url: "https://pay.example/a",
    });
  });

  it("gives links under each of their names, for pages only", async ({ expect }) => {
    const union = order({
      method: "web",
      paymentMethodType: "UNIONPAY",
      returnUrl: "https://shop.example/back",
    });
    const url = "https://pay.example/u";
    for (const members of [
      { retParams: { unionpayUrl: url } },
      { retParams: { url } },
      { url },
      { payUrl: url },
    ]) {
      expect(okCharge(await answered(union, { ...SUCCESS, ...members })).action).toMatchObject({
        url,
      });
    }
    // Attack: a link that runs in the page that shows it.
    const hostile = {
      ...SUCCESS,
      retParams: { url: "javascript:alert(1)", schemeUrl: "file:///x" },
    };
    expect((await answered(union, hostile)).kind).toBe("unknown");
  });

  it("gives WeChat's SDK its members as texts, from an object or its JSON", async ({ expect }) => {
    const params = { appid: "wx1", timestamp: 1795219200, sign: "S" };
    for (const payParams of [params, JSON.stringify(params)]) {
      const { action } = okCharge(
        await answered(order({ method: "app" }), { ...SUCCESS, payParams }),
      );
      expect(action).toEqual({
        type: "invoke_sdk",
        sdk: "wechat_app",
        params: { appid: "wx1", timestamp: "1795219200", sign: "S" },
      });
    }
    const mini = order({ method: "jsapi", payer: { openid: "o" } });
    const { action } = okCharge(await answered(mini, { ...SUCCESS, payParams: { appId: "wx1" } }));
    expect(action).toMatchObject({ sdk: "wechat_jsapi" });
    const union = order({ method: "app", paymentMethodType: "UNIONPAY" });
    expect(okCharge(await answered(union, { ...SUCCESS, payParams: "7001" })).action).toMatchObject(
      {
        sdk: "unionpay_app",
        params: { tn: "7001" },
      },
    );
  });

  it("may lack resCode only in being a page inside WeChat", async ({ expect }) => {
    const made = order({ method: "jsapi", returnUrl: "https://shop.example/back" });
    const members = { retCode: "SUCCESS", url: "https://pay.example/w" };
    expect(okCharge(await answered(made, members)).action).toMatchObject({ type: "redirect" });
  });

  it("is not believed when it is about something else, or lacks the code", async ({ expect }) => {
    const code = { codeUrl: "weixin://x" };
    for (const [members, channelCode] of [
      [{ ...SUCCESS, ...code, mchOrderNo: "pi_other" }, "another_order"],
      [{ ...SUCCESS, ...code, mchId: "10000999" }, "another_order"],
      [{ ...SUCCESS, ...code, mchId: { a: 1 } }, "another_order"],
      [SUCCESS, "incomplete_reply"],
      [{ ...SUCCESS, codeUrl: 17 }, "incomplete_reply"],
      [{ retCode: "MAYBE", ...code }, "malformed_reply"],
      [code, "malformed_reply"],
      ["<html>", "malformed_reply"],
      ["[]", "malformed_reply"],
      [json({ ...SUCCESS, ...code }, 502), "http_502"],
    ] as const) {
      expect(await answered(order(), members)).toMatchObject({
        kind: "unknown",
        error: { channelCode },
      });
    }
  });

  it("is believed without a signature, which is noted", async ({ expect }) => {
    for (const [found, reply] of [
      ["missing", { ...SUCCESS, codeUrl: "weixin://x" }],
      ["different", { ...SUCCESS, codeUrl: "weixin://x", sign: "0".repeat(32) }],
      [null, signedJson({ ...SUCCESS, codeUrl: "weixin://x" })],
    ] as const) {
      const { io } = scripted({ "/create_order": reply });
      const { outcome } = await charge({ account: accountOf(), io }, order());
      expect(outcome.kind).toBe("ok");
      const noted = io.lines.filter(({ event }) => event === "iotpay_reply_signature");
      expect(noted.map(({ fields }) => fields)).toMatchObject(found === null ? [] : [{ found }]);
    }
  });

  it("ends the code when IOTPay's life of it ends", async ({ expect }) => {
    const members = { ...SUCCESS, codeUrl: "weixin://x" };
    const long = order({ expiresAt: NOW + 7_200_000 });
    expect(okCharge(await answered(long, members)).expiresAt).toBe(NOW + 3_600_000);
    expect(okCharge(await answered(order(), members)).expiresAt).toBe(NOW + 900_000);
    const { io } = scripted({ "/create_order": members });
    const short = accountOf({ ...credentials, code_minutes: 5 });
    const { outcome } = await charge({ account: short, io }, order());
    expect(okCharge(outcome).expiresAt).toBe(NOW + 300_000);
  });

  it("survives whatever arrives", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const outcome = await answered(order(), json(JSON.stringify(value)));
        expect(outcome.kind).not.toBe("ok");
      }),
      { numRuns: 50 },
    );
  });

  it("is unknown when it is huge, and when the network fails", async ({ expect }) => {
    const huge = json({ ...SUCCESS, codeUrl: "x".repeat(300_000) });
    expect(await answered(order(), huge)).toMatchObject({
      kind: "unknown",
      error: { channelCode: "reply_too_large" },
    });
    const io = ioWith(() => Promise.reject(new TypeError("reset")));
    const { outcome } = await charge({ account: accountOf(), io }, order());
    expect(outcome).toMatchObject({ kind: "unknown", error: { code: "CHANNEL_UNAVAILABLE" } });
  });
});

describe("error codes", () => {
  it("are all in the table, and money is never called safe when it is not", ({ expect }) => {
    expect(IOTPAY_ERRORS.map(({ channelCode }) => channelCode).toSorted()).toEqual(
      Object.keys(vectors.error_codes),
    );
    for (const row of IOTPAY_ERRORS) {
      const { repeat } = vectors.error_codes[row.channelCode as keyof typeof vectors.error_codes];
      expect(row.outcome, row.channelCode).toBe(repeat === "no" ? "rejected" : "unknown");
      expect(row.retryable, row.channelCode).toBe(row.outcome === "unknown");
      expect(ERRORS[row.code].retryable, row.channelCode).toBe(row.retryable);
      expect(row.meaning).not.toBe("");
    }
  });

  it("decide what a FAIL is", async ({ expect }) => {
    for (const row of IOTPAY_ERRORS) {
      for (const members of [
        { retCode: "FAIL", retMsg: "no", errCode: row.channelCode },
        { retCode: "SUCCESS", resCode: "FAIL", errCode: row.channelCode, errCodeDes: "no" },
      ]) {
        const { io } = scripted({ "/create_order": members });
        const { outcome } = await charge({ account: accountOf(), io }, order());
        expect(outcome).toMatchObject({
          kind: row.outcome,
          error: { code: row.code, channelCode: row.channelCode, channelMessage: "no" },
        });
      }
    }
  });

  it("that are not listed are refusals, and are not quoted unless they look like codes", async ({
    expect,
  }) => {
    for (const [errCode, channelCode] of [
      ["TRADE_LIMIT", "TRADE_LIMIT"],
      ["<script>", "fail"],
      [undefined, "fail"],
    ] as const) {
      const { io } = scripted({ "/create_order": { retCode: "FAIL", errCode } });
      const { outcome } = await charge({ account: accountOf(), io }, order());
      expect(outcome).toMatchObject({
        kind: "rejected",
        error: { code: "CHANNEL_REJECTED", channelCode },
      });
    }
  });
});

describe("asking", () => {
  const paid = (id: string, changes: object = {}) => ({
    retCode: "SUCCESS",
    resCode: "SUCCESS",
    mchId: "10000701",
    mchOrderNo: id,
    payOrderId: "W0001",
    currency: "CAD",
    amount: 2856,
    status: 2,
    paySuccTime: NOW,
    channelOrderNo: "4200000001",
    ...changes,
  });

  const ask = async (members: (id: string) => unknown, now = NOW) => {
    const made = order();
    const { io } = scripted({ "/query_order": members(made.paymentId) }, { now: () => now });
    return iotpay.queryPayment(afterCharge(made, "{}", null), accountOf(), io);
  };

  it("finds each state", async ({ expect }) => {
    for (const [status, state] of [
      [0, "open"],
      [1, "open"],
      [2, "paid"],
      [3, "paid"],
      ["2", "paid"],
      [4, "closed"],
      [9, "closed"],
      [-1, "failed"],
      [-2, "closed"],
    ] as const) {
      expect(await ask((id) => paid(id, { status }))).toMatchObject({
        kind: "ok",
        value: { state, amount: { currency: "CAD", value: 2856 }, channelTransactionId: "W0001" },
      });
    }
  });

  it("says when it was paid, under IOTPay's number and not the wallet's", async ({ expect }) => {
    expect(await ask((id) => paid(id, { paySuccTime: String(NOW), amount: "2856" }))).toMatchObject(
      {
        value: { paidAt: NOW, channelTransactionId: "W0001" },
      },
    );
  });

  it("leaves what is not understood open", async ({ expect }) => {
    for (const [changes, channelCode] of [
      [{ status: 7 }, "unknown_status"],
      [{ status: 1.5 }, "incomplete_reply"],
      [{ status: null }, "incomplete_reply"],
      [{ status: "constructor" }, "incomplete_reply"],
      [{ amount: 28.56 }, "incomplete_reply"],
      [{ amount: "28.56" }, "incomplete_reply"],
      [{ amount: -1 }, "incomplete_reply"],
      [{ currency: undefined }, "incomplete_reply"],
      [{ mchOrderNo: undefined }, "incomplete_reply"],
      [{ mchOrderNo: "pi_other" }, "another_order"],
      [{ mchId: "10000999" }, "another_order"],
    ] as const) {
      expect(await ask((id) => paid(id, changes))).toMatchObject({
        kind: "unknown",
        error: { channelCode },
      });
    }
  });

  it("takes 'no such order' as absent, and no other refusal", async ({ expect }) => {
    expect(
      await ask(() => ({ retCode: "SUCCESS", resCode: "FAIL", errCode: "0112" })),
    ).toMatchObject({
      kind: "ok",
      value: { state: "absent" },
    });
    expect(await ask(() => ({ retCode: "FAIL", errCode: "0013" }))).toMatchObject({
      kind: "rejected",
    });
    expect(await ask(() => ({ retCode: "FAIL", errCode: "0118" }))).toMatchObject({
      kind: "unknown",
    });
  });

  it("counts an unpaid order as closed once its deadline has passed, and a paid one never", async ({
    expect,
  }) => {
    const deadline = NOW + 900_000;
    const state = async (status: number, now: number) => {
      const outcome = await ask((id) => paid(id, { status }), now);
      return outcome.kind === "ok" ? outcome.value.state : outcome.kind;
    };
    expect(await state(0, deadline - 1)).toBe("open");
    expect(await state(0, deadline)).toBe("closed");
    expect(await state(1, deadline)).toBe("closed");
    expect(await state(2, deadline)).toBe("paid");
  });

  it("proves number and key by asking for nothing", async ({ expect }) => {
    const none = { retCode: "SUCCESS", resCode: "FAIL", errCode: "0112" };
    const { io, asked } = scripted({ "/query_order": none });
    expect(await iotpay.selfCheck(accountOf(), io)).toMatchObject({ kind: "ok" });
    expect(String(asked[0]?.params["mchOrderNo"]).length).toBeLessThanOrEqual(30);
    for (const [errCode, kind] of [
      ["0013", "rejected"],
      ["0015", "rejected"],
      ["0010", "unknown"],
    ] as const) {
      const wrong = scripted({ "/query_order": { retCode: "FAIL", errCode } });
      expect(await iotpay.selfCheck(accountOf(), wrong.io)).toMatchObject({ kind });
    }
    const strange = scripted({ "/query_order": paid("pi_any") });
    expect(await iotpay.selfCheck(accountOf(), strange.io)).toMatchObject({ kind: "unknown" });
  });
});

describe("a scanned code", () => {
  const scanned = (auth_code = "130000000000000001") =>
    order({ method: "barcode", payer: { auth_code }, expiresAt: NOW + 60_000 });
  const FAIL = { retCode: "SUCCESS", resCode: "FAIL", errCode: "SYSTEMERROR" };
  const status = (id: string, value: number) => ({
    retCode: "SUCCESS",
    resCode: "SUCCESS",
    mchOrderNo: id,
    currency: "CAD",
    amount: 2856,
    status: value,
    payOrderId: "W9",
  });

  const run = async (create: unknown, query: (id: string) => unknown, attempt = 0) => {
    const made = scanned();
    const answers = { "/create_order": create, "/query_order": query(made.paymentId) };
    const { io, asked } = scripted(answers, { attempt });
    const { outcome } = await charge({ account: accountOf(), io }, made);
    return { outcome, paths: asked.map(({ path }) => path) };
  };

  it("is paid when a query says so, and else waits", async ({ expect }) => {
    const success = { retCode: "SUCCESS", resCode: "SUCCESS", payOrderId: "W9" };
    const paid = await run(success, (id) => status(id, 2));
    expect(paid.outcome).toMatchObject({
      kind: "ok",
      value: { action: { type: "wait" }, channelTransactionId: "W9", report: { state: "paid" } },
    });
    expect(paid.paths).toEqual(["/create_order", "/query_order"]);
    for (const query of [(id: string) => status(id, 1), () => "<html>", () => FAIL]) {
      const { outcome } = await run(success, query);
      expect(okCharge(outcome).action).toEqual({ type: "wait" });
      expect(okCharge(outcome)).not.toHaveProperty("report");
    }
  });

  it("is refused only when nothing can have been paid", async ({ expect }) => {
    const absent = { retCode: "SUCCESS", resCode: "FAIL", errCode: "0112" };
    expect((await run(FAIL, () => absent)).outcome.kind).toBe("rejected");
    expect((await run(FAIL, (id) => status(id, -1))).outcome.kind).toBe("rejected");
    for (const value of [0, 1, 2]) {
      expect((await run(FAIL, (id) => status(id, value))).outcome.kind).toBe("unknown");
    }
    expect((await run(FAIL, () => "<html>")).outcome.kind).toBe("unknown");
    const bad = await run({ retCode: "FAIL", errCode: "0013" }, () => absent);
    expect(bad.outcome.kind).toBe("rejected");
    expect(bad.paths).toEqual(["/create_order"]);
    const slow = await run({ retCode: "SUCCESS", resCode: "FAIL", errCode: "0110" }, () => absent);
    expect(slow.outcome.kind).toBe("unknown");
  });

  it("that was sent before is not refused by a repeat: the first may have been paid", async ({
    expect,
  }) => {
    const used = { retCode: "FAIL", errCode: "0014" };
    const absent = { retCode: "SUCCESS", resCode: "FAIL", errCode: "0112" };
    const paid = await run(used, (id) => status(id, 2), 1);
    expect(paid.outcome.kind).toBe("unknown");
    expect(paid.paths).toEqual(["/create_order", "/query_order"]);
    expect((await run(used, () => used, 1)).outcome.kind).toBe("unknown");
    expect((await run(used, () => absent, 1)).outcome.kind).toBe("rejected");
  });
});

describe("refunds", () => {
  const payment = () => afterCharge(order(), "{}", "W0001");
  const create = (
    refund: ReturnType<typeof refundOf>,
    io: ReturnType<typeof ioWith>,
    account = accountOf(),
  ) => {
    const prepared = iotpay.refunds?.prepare(refund, account);
    if (prepared?.ok !== true) throw new Error("not prepared");
    return iotpay.refunds?.create(prepared.value, refund, account, io);
  };

  it("send these fields, signed", async ({ expect }) => {
    const refund = refundOf(payment());
    const { io, asked } = scripted({ "/refund_order": { retCode: "SUCCESS", resCode: "SUCCESS" } });
    await create(refund, io, accountOf({ ...credentials, login_name: "till" }));
    const { sign, ...fields } = asked[0]?.params ?? {};
    expect(fields).toEqual({
      mchId: "10000701",
      mchRefundNo: refund.refundId.replace("_", ""),
      payOrderId: "W0001",
      refundAmount: 1_000,
      currency: "CAD",
      clientIp: "127.0.0.1",
      device: "WEB",
      loginName: "till",
    });
    expect(String(fields["mchRefundNo"])).toHaveLength(30);
    expect(sign).toBe(signByHand(fields as Record<string, string | number>));
  });

  it("wait for IOTPay's number of the payment", ({ expect }) => {
    const refund = refundOf(afterCharge(order(), "{}", null));
    expect(iotpay.refunds?.prepare(refund, accountOf())).toMatchObject({
      ok: false,
      error: { code: "INVALID_STATE" },
    });
  });

  it("are done when accepted; with a path to ask, they are under way", async ({ expect }) => {
    const accepted = {
      retCode: "SUCCESS",
      resCode: "SUCCESS",
      mchRefundNo: "",
      refundOrderId: "R1",
    };
    const { io } = scripted({ "/refund_order": accepted });
    expect(await create(refundOf(payment()), io)).toMatchObject({
      kind: "ok",
      value: {
        state: "succeeded",
        channelRefundId: "R1",
        amount: { currency: "CAD", value: 1_000 },
      },
    });
    const asking = accountOf({ ...credentials, refund_query_path: "/query_refund" });
    expect(await create(refundOf(payment()), io, asking)).toMatchObject({
      value: { state: "processing" },
    });
  });

  it("are refused by a FAIL, and unknown after trouble", async ({ expect }) => {
    for (const [members, kind] of [
      [{ retCode: "SUCCESS", resCode: "FAIL", errCode: "NOT_ENOUGH" }, "rejected"],
      [{ retCode: "FAIL", errCode: "0014" }, "rejected"],
      [{ retCode: "FAIL", errCode: "0118" }, "unknown"],
      [{ retCode: "FAIL", errCode: "0110" }, "unknown"],
      [{ retCode: "SUCCESS", resCode: "SUCCESS", mchRefundNo: "reother" }, "unknown"],
      [{ retCode: "SUCCESS", resCode: "SUCCESS", payOrderId: "W0002" }, "unknown"],
      [{ retCode: "SUCCESS", resCode: "SUCCESS", refundAmount: 999 }, "unknown"],
      ["<html>", "unknown"],
    ] as const) {
      const { io } = scripted({ "/refund_order": members });
      expect(await create(refundOf(payment()), io)).toMatchObject({ kind });
    }
  });

  it("are not refused by a FAIL that leaves open what was booked", async ({ expect }) => {
    const outcome = async (members: object, attempt = 0) => {
      const { io } = scripted({ "/refund_order": { retCode: "SUCCESS", ...members } }, { attempt });
      return (await create(refundOf(payment()), io))?.kind;
    };
    for (const errCode of [
      "SYSTEMERROR",
      "SYSTEM_ERROR",
      "ACQ.SYSTEM_ERROR",
      "BIZERR_NEED_RETRY",
    ]) {
      expect(await outcome({ resCode: "FAIL", errCode }), errCode).toBe("unknown");
    }
    expect(await outcome({ resCode: "FAIL" })).toBe("unknown");
    // To a repeat: "made already" is a no, too. That the order was never there is one for good.
    for (const errCode of ["NOT_ENOUGH", "0014"]) {
      expect(await outcome({ resCode: "FAIL", errCode })).toBe("rejected");
      expect(await outcome({ resCode: "FAIL", errCode }, 1)).toBe("unknown");
    }
    expect(await outcome({ resCode: "FAIL", errCode: "0112" }, 1)).toBe("rejected");
  });

  it("that nobody can ask for are repeated, and a no to the repeat proves nothing", async ({
    expect,
  }) => {
    const refund = refundOf(payment());
    for (const [members, expected] of [
      [
        { retCode: "SUCCESS", resCode: "SUCCESS" },
        { kind: "ok", value: { state: "succeeded" } },
      ],
      [{ retCode: "SUCCESS", resCode: "FAIL", errCode: "REFUSED" }, { kind: "unknown" }],
      [{ retCode: "FAIL", errCode: "0013" }, { kind: "unknown" }],
      [
        { retCode: "FAIL", errCode: "0112" },
        { kind: "ok", value: { state: "failed" } },
      ],
      ["<html>", { kind: "unknown" }],
    ] as const) {
      const { io, asked } = scripted({ "/refund_order": members });
      expect(await iotpay.refunds?.query(refund, accountOf(), io)).toMatchObject(expected);
      expect(asked[0]?.params["mchRefundNo"]).toBe(refund.refundId.replace("_", ""));
    }
  });

  it("are asked for where the account names the path", async ({ expect }) => {
    const account = accountOf({ ...credentials, refund_query_path: "/query_refund" });
    const refund = refundOf(payment());
    for (const [members, expected] of [
      [{ retCode: "SUCCESS", resCode: "SUCCESS", status: 2 }, { value: { state: "succeeded" } }],
      [{ retCode: "SUCCESS", resCode: "SUCCESS", status: 1 }, { value: { state: "processing" } }],
      [{ retCode: "SUCCESS", resCode: "SUCCESS", status: 3 }, { value: { state: "processing" } }],
      [{ retCode: "SUCCESS", resCode: "SUCCESS" }, { kind: "unknown" }],
      [{ retCode: "SUCCESS", resCode: "SUCCESS", status: 2, refundAmount: 1 }, { kind: "unknown" }],
      [{ retCode: "SUCCESS", resCode: "FAIL", errCode: "0112" }, { value: { state: "absent" } }],
      [{ retCode: "SUCCESS", resCode: "FAIL", errCode: "X" }, { kind: "unknown" }],
    ] as const) {
      const { io, asked } = scripted({ "/query_refund": members });
      expect(await iotpay.refunds?.query(refund, account, io)).toMatchObject(expected);
      expect(asked.map(({ path }) => path)).toEqual(["/query_refund"]);
    }
  });
});

describe("credentials", () => {
  const examine = (changes: object) =>
    iotpay.modes["direct"]?.examine({ ...credentials, ...changes }, NOW);

  it("are taken whole, and leave a fingerprint only", async ({ expect }) => {
    const examined = await examine({
      login_name: "till",
      payment_method_type: "ALIPAY",
      encode_text: true,
      code_minutes: 30,
      refund_query_path: "/query_refund",
    });
    expect(examined).toMatchObject({ ok: true, value: { merchantAccount: "10000701" } });
    expect(JSON.stringify(examined)).not.toContain(KEY);
  });

  it.for([
    ["mch_id", "10 000"],
    ["mch_id", "1".repeat(31)],
    ["merchant_key", "with space inside"],
    ["merchant_key", "10000701"],
    ["merchant_key", "merchant_login"],
    ["job_no", ""],
    ["login_name", "x".repeat(33)],
    ["wechat_app_id", "0123456789abcdef01"],
    ["payment_method_type", "GCASH"],
    ["refund_query_path", "https://evil.example/"],
    ["refund_query_path", "/../../admin"],
    ["code_minutes", 0],
  ] as const)("refuse %s %s", async ([path, value], { expect }) => {
    const examined = await examine({ [path]: value });
    expect(examined).toMatchObject({ ok: false, error: [{ path }] });
    if (typeof value === "string" && value !== "") {
      expect(JSON.stringify(examined)).not.toContain(JSON.stringify(value));
    }
  });

  it("want a login name where the job number is too long for refunds", async ({ expect }) => {
    expect(await examine({ job_no: "x".repeat(40) })).toMatchObject({
      ok: false,
      error: [{ path: "login_name" }],
    });
    expect(await examine({ job_no: "x".repeat(40), login_name: "x" })).toMatchObject({ ok: true });
  });

  it("names a field that it does not know", async ({ expect }) => {
    expect(await examine({ mchId: "10000701" })).toEqual({
      ok: false,
      error: [{ path: "mchId", message: "unknown field; remove it" }],
    });
  });
});

describe("the sandbox agrees with the adapter", () => {
  const back = { returnUrl: "https://shop.example/back", osType: "ios" } as const;

  it("on every product, in both forms of answers", async ({ expect }) => {
    for (const shape of ["since_2026_03", "before_2026_03"] as const) {
      const sim = await simulation({ shape });
      for (const [method, wallets] of Object.entries(PRODUCTS)) {
        for (const wallet of Object.keys(wallets)) {
          const made = order({
            method: method as keyof typeof PRODUCTS,
            paymentMethodType: wallet,
            payer: { openid: "o-1", auth_code: "130000000000000001" },
            ...back,
          });
          const { outcome } = await charge(sim, made);
          expect(okCharge(outcome).channelTransactionId, method).toMatch(/^[WAU]0pi_/);
        }
      }
      const page = order({ method: "jsapi", ...back });
      expect(okCharge((await charge(sim, page)).outcome).action).toMatchObject({
        type: "redirect",
        url: `https://gw.example/sandbox/wallet/${page.paymentId}`,
      });
      expect(sim.io.lines.filter(({ level }) => level !== "info")).toEqual([]);
    }
  });

  it("from the code to the refund", async ({ expect }) => {
    const sim = await simulation();
    const made = order();
    const { payload, outcome } = await charge(sim, made);
    const number = okCharge(outcome).channelTransactionId ?? null;
    // A repeat is the same order.
    expect((await charge(sim, made)).outcome).toEqual(outcome);
    expect(sim.rows.size).toBe(1);
    const sent = afterCharge(made, payload, number);
    expect(await iotpay.queryPayment(sent, sim.account, sim.io)).toMatchObject({
      value: { state: "open" },
    });
    sim.become(made.paymentId, "paid");
    expect(await iotpay.queryPayment(sent, sim.account, sim.io)).toMatchObject({
      value: { state: "paid", amount: made.amount, channelTransactionId: number, paidAt: NOW },
    });
    // Ordered once more, it is paid already: that is for a query to say.
    expect((await charge(sim, made)).outcome).toMatchObject({
      kind: "unknown",
      error: { channelCode: "0113" },
    });
    expect(await iotpay.closePayment(sent, sim.account, sim.io)).toMatchObject({
      value: { state: "paid" },
    });
    const refund = refundOf(sent);
    const prepared = iotpay.refunds?.prepare(refund, sim.account);
    if (prepared?.ok !== true) throw new Error("not prepared");
    for (let repeat = 0; repeat < 2; repeat += 1) {
      expect(
        await iotpay.refunds?.create(prepared.value, refund, sim.account, sim.io),
      ).toMatchObject({ kind: "ok", value: { state: "succeeded" } });
    }
    expect(await iotpay.refunds?.query(refund, sim.account, sim.io)).toMatchObject({
      value: { state: "succeeded" },
    });
    expect(sim.find(made.paymentId)?.refunds).toHaveLength(1);
    const over = { ...refundOf(sent, 2_000), refundId: `re_${made.paymentId.slice(3)}02` };
    const tooMuch = iotpay.refunds?.prepare(over, sim.account);
    if (tooMuch?.ok !== true) throw new Error("not prepared");
    expect(await iotpay.refunds?.create(tooMuch.value, over, sim.account, sim.io)).toMatchObject({
      kind: "rejected",
      error: { channelCode: "REFUND_REFUSED" },
    });
  });

  it("on refunds that are asked for", async ({ expect }) => {
    const asking = { credentials: { refund_query_path: "/query_refund" } };
    for (const [script, state] of [
      [null, "succeeded"],
      ["refund_abnormal", "processing"],
    ] as const) {
      const sim = await simulation({ ...asking, script });
      const made = order();
      const { payload, outcome } = await charge(sim, made);
      sim.become(made.paymentId, "paid");
      const refund = refundOf(
        afterCharge(made, payload, okCharge(outcome).channelTransactionId ?? null),
      );
      expect(await iotpay.refunds?.query(refund, sim.account, sim.io)).toMatchObject({
        value: { state: "absent" },
      });
      const prepared = iotpay.refunds?.prepare(refund, sim.account);
      if (prepared?.ok !== true) throw new Error("not prepared");
      expect(
        await iotpay.refunds?.create(prepared.value, refund, sim.account, sim.io),
      ).toMatchObject({ value: { state: "processing" } });
      expect(await iotpay.refunds?.query(refund, sim.account, sim.io)).toMatchObject({
        value: { state },
      });
    }
  });

  it("on scanned codes", async ({ expect }) => {
    const sim = await simulation();
    const scan = (auth_code: string) =>
      charge(sim, order({ method: "barcode", paymentMethodType: null, payer: { auth_code } }));
    expect((await scan("130000000000000100")).outcome).toMatchObject({
      kind: "ok",
      value: { report: { state: "paid", amount: { currency: "CAD", value: 2856 } } },
    });
    expect((await scan("280000000000000199")).outcome).toMatchObject({ kind: "rejected" });
    const waiting = okCharge((await scan("6200000000000000001")).outcome);
    expect(waiting.action).toEqual({ type: "wait" });
    expect(waiting).not.toHaveProperty("report");
  });

  it("on the end of an order that nobody paid", async ({ expect }) => {
    let now = NOW;
    const sim = await simulation({ now: () => now });
    const made = order();
    const { payload } = await charge(sim, made);
    const sent = afterCharge(made, payload, null);
    const state = async () => {
      const outcome = await iotpay.closePayment(sent, sim.account, sim.io);
      return outcome.kind === "ok" ? outcome.value.state : outcome.kind;
    };
    expect(await state()).toBe("open");
    now = made.expiresAt;
    expect(await state()).toBe("closed");
    // A buyer who was slower than the deadline is found all the same.
    sim.become(made.paymentId, "paid");
    expect(await state()).toBe("paid");
  });

  it("on who may call", async ({ expect }) => {
    const sim = await simulation();
    const stranger = accountOf({ ...sim.own, mch_id: "10000999" });
    const wrongKey = accountOf({ ...sim.own, merchant_key: "another_key_0123456789" });
    expect(await iotpay.selfCheck(sim.account, sim.io)).toMatchObject({ kind: "ok" });
    expect(await iotpay.selfCheck(stranger, sim.io)).toMatchObject({
      error: { channelCode: "0015", code: "CHANNEL_NOT_CONFIGURED" },
    });
    expect(await iotpay.selfCheck(wrongKey, sim.io)).toMatchObject({
      error: { channelCode: "0013", code: "CHANNEL_NOT_CONFIGURED" },
    });
    const own = { ...credentials, merchant_key: "registered_key_0123456789" };
    const entry = await sim.sandbox.registration(own);
    if (entry === null) throw new Error("not registered");
    sim.registered.set(entry.merchant, entry.entry);
    expect(await iotpay.selfCheck(accountOf(own), sim.io)).toMatchObject({ kind: "ok" });
  });
});
