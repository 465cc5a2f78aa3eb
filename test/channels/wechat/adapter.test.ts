/** Orders, queries, closes and the self-check against a scripted gateway. */
import { beforeAll, describe, it } from "vitest";

import type { ChannelAccount, ChannelIo, Outcome } from "../../../src/channels/adapter.ts";
import { wechat } from "../../../src/channels/wechat/adapter.ts";
import { checkOrder } from "../../../src/channels/check-order.ts";
import {
  errorRow,
  normaliseCode,
  WECHAT_ERRORS,
} from "../../../src/channels/wechat/error-table.ts";
import { chinaTime, parseTime, TRADE_STATES } from "../../../src/channels/wechat/mapping.ts";
import { readPublicKey } from "../../../src/crypto/pem.ts";
import {
  importVerifyingKey,
  oaepDecrypt,
  oaepEncrypt,
  verifySha256,
} from "../../../src/crypto/rsa.ts";
import { ERRORS } from "../../../src/errors.ts";
import { err } from "../../../src/result.ts";
import documented from "../../vectors/wechat-pay-errors.json";
import vectors from "../../vectors/wechat-pay.json";
import * as kit from "./kit.ts";

let merchant: kit.Pair;
let platform: kit.Pair;
let stranger: kit.Pair;
let account: ChannelAccount;

beforeAll(async () => {
  [merchant, platform, stranger] = [await kit.newPair(), await kit.newPair(), await kit.newPair()];
  account = kit.accountOf(kit.credentialsOf(merchant, platform));
});

const CODE_URL = "weixin://wxpay/bizpayurl?pr=JyC91EIz1";
const reply = (body: unknown, changes: Parameters<typeof kit.signedReply>[2] = {}) =>
  kit.signedReply(platform, body, changes);

/** As the gateway does it: the channel's row of the matrix first. */
function prepare(changes: Parameters<typeof kit.orderOf>[0] = {}) {
  const order = kit.orderOf(changes);
  const refused = checkOrder(order, wechat.info);
  return refused === null ? wechat.prepareCharge(order, account) : err(refused);
}

/** Orders against `answer`; the payload is the prepared text. */
function create(answer: kit.Answerer, changes: Partial<ChannelIo> = {}) {
  const order = kit.orderOf();
  const payload = wechat.prepareCharge(order, account);
  if (!payload.ok) throw new Error(payload.error.message);
  const io = kit.fakeIo(answer, changes);
  return {
    io,
    order,
    payload: payload.value,
    done: wechat.createCharge(payload.value, order, account, io),
  };
}

function query(answer: kit.Answerer, paymentId: string, changes: Partial<ChannelIo> = {}) {
  const io = kit.fakeIo(answer, changes);
  return { io, done: wechat.queryPayment(kit.sentOrder(paymentId), account, io) };
}

/** What may go wrong with any reply; every one of them must end as unknown. */
const BAD_REPLIES: readonly (readonly [string, () => Response | Promise<Response>])[] = [
  ["an HTML page", () => new Response("<html>", { headers: { "Content-Type": "text/html" } })],
  ["a 200 without a signature", () => Response.json({ code_url: CODE_URL })],
  ["a 204 without a signature", () => new Response(null, { status: 204 })],
  ["a stranger's signature", () => kit.signedReply(stranger, { code_url: CODE_URL })],
  ["an old signature", () => reply({ code_url: CODE_URL }, { timestamp: kit.NOW / 1000 - 301 })],
  ["an unknown key id", () => reply({ code_url: CODE_URL }, { serial: "PUB_KEY_ID_404" })],
  ["a signed page", () => reply("<html>")],
  ["a signed empty object", () => reply({})],
  ["a signed null", () => reply("null")],
  ["a redirect", () => new Response(null, { status: 302, headers: { Location: "/" } })],
  ["a router's 404", () => new Response(null, { status: 404 })],
  ["a router's 405", () => new Response("", { status: 405 })],
  ["a firewall's 403", () => new Response("<html>403</html>", { status: 403 })],
  ["a proxy's 502", () => new Response("<html>502</html>", { status: 502 })],
  ["an empty 503", () => new Response(null, { status: 503 })],
  ["a 500 SYSTEM_ERROR", () => kit.errorReply(500, "SYSTEM_ERROR")],
  ["a 429", () => kit.errorReply(429, "FREQUENCY_LIMITED")],
  ["an undocumented 500", () => kit.errorReply(500, "SOMETHING_NEW")],
  ["a dropped connection", () => Promise.reject(new TypeError("connection lost"))],
];

const described = (description: string | null, merchantName = "Corner Shop") => {
  const prepared = prepare({ description, merchantName });
  return prepared.ok ? JSON.parse(prepared.value).description : prepared.error;
};

describe("prepareCharge", () => {
  it("writes the documented order, with a fixed order of members", ({ expect }) => {
    const order = kit.orderOf({ expiresAt: kit.NOW + 900_999 });
    expect(wechat.prepareCharge(order, account)).toEqual({
      ok: true,
      value:
        `{"appid":"${kit.APPID}","mchid":"${kit.MCHID}","description":"AI summary",` +
        `"out_trade_no":"${order.paymentId}","time_expire":"2026-11-21T08:15:00+08:00",` +
        `"notify_url":"https://pay.example/v1/callbacks/wechat/ca_1",` +
        `"amount":{"total":699,"currency":"CNY"}}`,
    });
  });

  it("takes 127 characters, and refuses 128", ({ expect }) => {
    expect(described("图".repeat(127))).toBe("图".repeat(127));
    expect(described("图".repeat(128))).toMatchObject({
      code: "INVALID_REQUEST",
      details: { issues: [{ path: "description", message: "shorten it to 127 characters" }] },
    });
  });

  it("refuses emoji and half characters, saying what to remove", ({ expect }) => {
    for (const text of ["Thanks 😀", "\u{2000B}", "broken \uD83D"]) {
      const refused = described(text);
      expect(refused).toMatchObject({
        code: "INVALID_REQUEST",
        details: { issues: [{ path: "description" }] },
      });
      expect(JSON.stringify(refused)).toContain("emoji");
    }
  });

  it("falls back to the merchant's name, made to fit", ({ expect }) => {
    expect(described(null)).toBe("Corner Shop");
    expect(described("  ")).toBe("Corner Shop");
    expect(described(null, "Café 😀 Bar")).toBe("Café  Bar");
    expect(described(null, "店".repeat(200))).toBe("店".repeat(127));
    expect(described(null, "😀")).toBe("Payment");
  });

  it.for([
    [{ amount: { currency: "HKD", value: 1 } }, "CURRENCY_UNSUPPORTED"],
    [{ amount: { currency: "cny", value: 1 } }, "CURRENCY_UNSUPPORTED"],
    [{ amount: { currency: "CNY", value: 0 } }, "AMOUNT_INVALID"],
    [{ amount: { currency: "CNY", value: 1.5 } }, "AMOUNT_INVALID"],
    [{ method: "web" }, "METHOD_UNSUPPORTED"],
    [{ method: "barcode" }, "METHOD_UNSUPPORTED"],
    [{ method: "jsapi" }, "INVALID_REQUEST"],
    [{ method: "wap" }, "INVALID_REQUEST"],
    [{ paymentMethodType: "GCASH" }, "INVALID_REQUEST"],
    [{ notifyUrl: "https://pay.example/cb?x=1" }, "CHANNEL_NOT_CONFIGURED"],
    [{ notifyUrl: `https://pay.example/${"x".repeat(236)}` }, "CHANNEL_NOT_CONFIGURED"],
  ] as const)("refuses %j with %s", ([changes, code], { expect }) => {
    expect(prepare(changes)).toMatchObject({ ok: false, error: { code } });
  });

  it("takes the limits themselves, and names the limit when it is passed", ({ expect }) => {
    const { max, min } = wechat.info.limits;
    expect(prepare({ amount: { currency: "CNY", value: min } })).toMatchObject({ ok: true });
    expect(prepare({ amount: { currency: "CNY", value: max } })).toMatchObject({ ok: true });
    expect(prepare({ amount: { currency: "CNY", value: max + 1 } })).toMatchObject({
      ok: false,
      error: {
        code: "AMOUNT_EXCEEDED",
        details: {
          requested: { currency: "CNY", value: max + 1 },
          max_allowed: { currency: "CNY", value: max },
        },
      },
    });
    const url = `https://pay.example/${"x".repeat(235)}`;
    expect(url).toHaveLength(255);
    expect(prepare({ notifyUrl: url })).toMatchObject({ ok: true });
  });

  it("refuses an account whose stored credentials it cannot read", ({ expect }) => {
    for (const broken of [
      kit.accountOf({}),
      { ...kit.accountOf(kit.credentialsOf(merchant, platform)), mode: "service_provider" },
    ]) {
      expect(wechat.prepareCharge(kit.orderOf(), broken)).toMatchObject({
        ok: false,
        error: { code: "CHANNEL_NOT_CONFIGURED" },
      });
    }
  });
});

describe("createCharge", () => {
  it("sends the prepared bytes under our signature, and gives the code", async ({ expect }) => {
    const { io, order, payload, done } = create(() => reply({ code_url: CODE_URL }));
    expect(await done).toEqual({
      kind: "ok",
      value: { action: { type: "show_qr", data: CODE_URL }, expiresAt: order.expiresAt },
    });
    const [sent] = io.sent;
    const headers = sent?.request.headers ?? new Headers();
    expect(sent?.request.method).toBe("POST");
    expect(sent?.request.url).toBe("https://api.mch.weixin.qq.com/v3/pay/transactions/native");
    expect(sent?.body).toBe(payload);
    expect(headers.get("Content-Type")).toBe("application/json");
    expect(headers.get("Accept")).toBe("application/json");
    expect(headers.get("User-Agent")).toBeTruthy();
    expect(headers.get("Wechatpay-Serial")).toBe(kit.PUB_KEY_ID);
    const match =
      /^WECHATPAY2-SHA256-RSA2048 mchid="(\d+)",nonce_str="(\w{32})",timestamp="(\d+)",serial_no="(\w+)",signature="([^"]+)"$/.exec(
        headers.get("Authorization") ?? "",
      );
    const [, mchid, nonce, timestamp, serial, signature = ""] = match ?? [];
    expect([mchid, serial, timestamp]).toEqual([kit.MCHID, kit.SERIAL, String(kit.NOW / 1000)]);
    const spki = readPublicKey(merchant.publicPem);
    const key = await importVerifyingKey(spki.ok ? spki.value : new Uint8Array());
    const message = `POST\n/v3/pay/transactions/native\n${timestamp}\n${nonce}\n${payload}\n`;
    expect(await verifySha256(key, message, signature)).toBe(true);
  });

  it("takes the platform's real reply", async ({ expect }) => {
    const [vector] = vectors.groups.official_docs.response_verify;
    if (vector === undefined) throw new Error("the vector is missing");
    const real = kit.accountOf(
      kit.credentialsOf(merchant, platform, {
        platform_keys: [
          { id: vector.headers["Wechatpay-Serial"], public_key: vector.public_key_pem },
        ],
      }),
    );
    const at = Number(vector.headers["Wechatpay-Timestamp"]) * 1000;
    const order = kit.orderOf({ expiresAt: at + 60_000 });
    const io = kit.fakeIo(() => new Response(vector.body, { headers: vector.headers }), {
      now: () => at,
    });
    const payload = wechat.prepareCharge(order, real);
    expect(await wechat.createCharge(payload.ok ? payload.value : "", order, real, io)).toEqual({
      kind: "ok",
      value: {
        action: { type: "show_qr", data: "weixin://wxpay/bizpayurl?pr=JyC91EIz1" },
        expiresAt: at + 60_000,
      },
    });
  });

  it("lets no code outlive two hours, nor the order", async ({ expect }) => {
    const order = kit.orderOf({ expiresAt: kit.NOW + 3 * 3_600_000 });
    const io = kit.fakeIo(() => reply({ code_url: CODE_URL }));
    expect(await wechat.createCharge("{}", order, account, io)).toMatchObject({
      value: { expiresAt: kit.NOW + 2 * 3_600_000 },
    });
  });

  it("repeats the same bytes at the backup host, under a fresh nonce", async ({ expect }) => {
    const first = create(() => kit.errorReply(500, "SYSTEM_ERROR"));
    expect(await first.done).toMatchObject({ kind: "unknown" });
    const io = kit.fakeIo(() => reply({ code_url: CODE_URL }), { attempt: 1 });
    const again = await wechat.createCharge(first.payload, first.order, account, io);
    expect(again.kind).toBe("ok");
    expect(io.sent[0]?.request.url).toBe(
      "https://api2.mch.weixin.qq.com/v3/pay/transactions/native",
    );
    expect(io.sent[0]?.body).toBe(first.io.sent[0]?.body);
    expect(io.sent[0]?.request.headers.get("Authorization")).not.toBe(
      first.io.sent[0]?.request.headers.get("Authorization"),
    );
  });

  it.for(BAD_REPLIES)("is unknown after %s", async ([, answer], { expect }) => {
    const { io, done } = create(answer);
    const outcome = await done;
    expect(outcome.kind).toBe("unknown");
    if (outcome.kind !== "unknown") return;
    expect(ERRORS[outcome.error.code].outcome).toBe("unknown");
    expect(io.sent).toHaveLength(1);
  });

  it("is unknown after a signed 202", async ({ expect }) => {
    const { done } = create(() => reply({ code_url: CODE_URL }, { status: 202 }));
    expect((await done).kind).toBe("unknown");
  });

  it("asks once more after a probe, and not a third time", async ({ expect }) => {
    const { synthetic_example: signature } = vectors.groups.probe_signature;
    const once = create((_request, call) =>
      reply({ code_url: CODE_URL }, call === 1 ? { signature } : {}),
    );
    expect((await once.done).kind).toBe("ok");
    expect(once.io.sent).toHaveLength(2);
    expect(once.io.sent[0]?.body).toBe(once.io.sent[1]?.body);
    const always = create(() => reply({ code_url: CODE_URL }, { signature }));
    expect(await always.done).toMatchObject({
      kind: "unknown",
      error: { channelCode: "signature_probe" },
    });
    expect(always.io.sent).toHaveLength(2);
  });

  it("says what WeChat Pay said, without the parts that repeat the request", async ({ expect }) => {
    const { io, done } = create(() =>
      Response.json(
        {
          code: "PARAM_ERROR",
          message: "参数错误",
          detail: { field: "/amount/total", value: "secret", sign_information: { url: "/v3/x" } },
        },
        { status: 400, headers: { "Request-ID": "08D4A3-268448010" } },
      ),
    );
    const outcome = await done;
    expect(outcome).toEqual({
      kind: "rejected",
      error: {
        code: "CHANNEL_REJECTED",
        channelCode: "PARAM_ERROR",
        message: "WeChat Pay does not accept a field; its own message says which.",
        channelMessage: "参数错误 (/amount/total)",
        retryable: false,
      },
    });
    expect(io.lines.join()).toContain("08D4A3-268448010");
    expect(io.lines.join() + JSON.stringify(outcome)).not.toContain("secret");
  });

  it("rejects an account without usable credentials before it calls anybody", async ({
    expect,
  }) => {
    const io = kit.fakeIo(() => reply({}));
    const outcome = await wechat.createCharge("{}", kit.orderOf(), kit.accountOf({}), io);
    expect(outcome).toMatchObject({ kind: "rejected", error: { code: "CHANNEL_NOT_CONFIGURED" } });
    expect(io.sent).toHaveLength(0);
  });
});

/** What the documentation's advice means for a row. */
const ADVICE: Readonly<Record<string, object>> = {
  no: { outcome: "rejected", retryable: false },
  query: { outcome: "unknown" },
  "same request": { retryable: true },
};

describe("error table", () => {
  it.for(WECHAT_ERRORS.map((row) => [row.channelCode, row] as const))(
    "%s, in both spellings and under any status",
    async ([code, row], { expect }) => {
      for (const spelling of [code, normaliseCode(code), code.toLowerCase()]) {
        for (const status of [400, 403, 404, 500]) {
          const { done } = create(() => kit.errorReply(status, spelling));
          const outcome: Outcome<unknown> = await done;
          expect(outcome).toMatchObject({
            kind: row.outcome,
            error: { code: row.code, channelCode: spelling, retryable: row.retryable },
          });
        }
      }
    },
  );

  it("has a row of its own for every code of the documentation", ({ expect }) => {
    const table = new Set(WECHAT_ERRORS.map(({ channelCode }) => normaliseCode(channelCode)));
    for (const { code } of documented.codes) {
      expect(table.has(normaliseCode(code)), code).toBe(true);
    }
    const listed = new Set(documented.codes.map(({ code }) => normaliseCode(code)));
    for (const { code, like } of documented.spellings) {
      expect(errorRow(code, 400), code).toMatchObject({ channelCode: like });
      expect(listed.has(normaliseCode(code)), code).toBe(true);
    }
  });

  it.for(documented.codes.map((entry) => [entry.code, entry.retry] as const))(
    "does with %s as the documentation advises: %s",
    ([code, retry], { expect }) => {
      expect(errorRow(code, 400)).toMatchObject(ADVICE[retry] ?? { never: retry });
    },
  );

  it("never calls a possible payment impossible, nor the other way round", ({ expect }) => {
    for (const { channelCode, code, outcome } of WECHAT_ERRORS) {
      const wanted = outcome === "unknown" ? "unknown" : "none";
      expect(ERRORS[code].outcome, channelCode).toBe(wanted);
    }
    const codes = WECHAT_ERRORS.map(({ channelCode }) => normaliseCode(channelCode));
    expect(new Set(codes).size).toBe(codes.length);
  });

  it.for([
    [400, "rejected"],
    [403, "rejected"],
    [404, "rejected"],
    [408, "unknown"],
    [429, "unknown"],
    [500, "unknown"],
    [503, "unknown"],
  ] as const)("treats an undocumented code under %i as %s", ([status, outcome], { expect }) => {
    expect(errorRow("SOMETHING_NEW", status).outcome).toBe(outcome);
    expect(errorRow("toString", status).outcome).toBe(outcome);
  });
});

describe("queryPayment", () => {
  it("signs the query string too", async ({ expect }) => {
    const paymentId = kit.newPaymentId();
    const { io, done } = query(() => reply(kit.tradeOf(paymentId)), paymentId);
    expect(await done).toMatchObject({ kind: "ok" });
    const [sent] = io.sent;
    const target = `/v3/pay/transactions/out-trade-no/${paymentId}?mchid=${kit.MCHID}`;
    expect(sent?.request.url).toBe(`https://api.mch.weixin.qq.com${target}`);
    expect(sent?.request.headers.get("Wechatpay-Serial")).toBe(kit.PUB_KEY_ID);
    expect(sent?.request.headers.get("Content-Type")).toBeNull();
    const header = sent?.request.headers.get("Authorization") ?? "";
    const field = (name: string) => new RegExp(`${name}="([^"]+)"`).exec(header)?.[1] ?? "";
    const spki = readPublicKey(merchant.publicPem);
    const key = await importVerifyingKey(spki.ok ? spki.value : new Uint8Array());
    const message = `GET\n${target}\n${field("timestamp")}\n${field("nonce_str")}\n\n`;
    expect(await verifySha256(key, message, field("signature"))).toBe(true);
  });

  it.for(Object.entries(TRADE_STATES))("reads %s as %s", async ([word, state], { expect }) => {
    const { done } = query(() => reply(kit.tradeOf("pi_1", { trade_state: word })), "pi_1");
    expect(await done).toMatchObject({
      kind: "ok",
      value: { paymentId: "pi_1", state, channelStatus: word },
    });
  });

  it("maps the documented states, and no others", ({ expect }) => {
    expect(TRADE_STATES).toEqual({
      NOTPAY: "open",
      USERPAYING: "scanning",
      ACCEPT: "authorized",
      SUCCESS: "paid",
      REFUND: "paid",
      CLOSED: "closed",
      REVOKED: "closed",
      PAYERROR: "failed",
      PAY_FAIL: "failed",
    });
  });

  it("takes an unpaid order as WeChat Pay gives it, with most fields missing", async ({
    expect,
  }) => {
    const trade = {
      appid: kit.APPID,
      mchid: kit.MCHID,
      out_trade_no: "pi_1",
      trade_state: "NOTPAY",
      trade_state_desc: "订单未支付",
    };
    const { done } = query(() => reply(trade), "pi_1");
    expect(await done).toEqual({
      kind: "ok",
      value: {
        paymentId: "pi_1",
        state: "open",
        amount: null,
        channelTransactionId: null,
        paidAt: null,
        channelStatus: "NOTPAY",
      },
    });
  });

  it("knows the order's amount from a payment with a coupon", async ({ expect }) => {
    const amount = { total: 699, payer_total: 1, currency: "CNY", payer_currency: "CNY" };
    const { done } = query(() => reply(kit.tradeOf("pi_1", { amount })), "pi_1");
    expect(await done).toMatchObject({ value: { amount: { currency: "CNY", value: 699 } } });
  });

  it.for(["ORDER_NOT_EXIST", "ORDERNOTEXIST"])("reports %s as absent", async (code, { expect }) => {
    const { done } = query(() => kit.errorReply(404, code), "pi_1");
    expect(await done).toMatchObject({
      kind: "ok",
      value: { paymentId: "pi_1", state: "absent", amount: null },
    });
  });

  it.for([
    ["of another merchant", { mchid: "1900000002" }],
    ["of another appid", { appid: "wx0000000000000000" }],
    ["of another order", { out_trade_no: "pi_2" }],
    ["in a state nobody documented", { trade_state: "MAYBE" }],
    ["paid without an amount", { amount: undefined }],
    ["paid without a transaction", { transaction_id: "" }],
    ["with a fraction of a fen", { amount: { total: 0.5 } }],
  ] as const)("does not believe a signed reply %s", async ([, changes], { expect }) => {
    const { done } = query(() => reply(kit.tradeOf("pi_1", changes)), "pi_1");
    expect((await done).kind).toBe("unknown");
  });

  it.for(BAD_REPLIES)("is unknown after %s", async ([, answer], { expect }) => {
    expect((await query(answer, "pi_1").done).kind).toBe("unknown");
  });

  it("escapes what does not belong into a path", async ({ expect }) => {
    const { io, done } = query(() => kit.errorReply(404, "ORDER_NOT_EXIST"), "../../x?y");
    await done;
    expect(new URL(io.sent[0]?.request.url ?? "").pathname).toBe(
      "/v3/pay/transactions/out-trade-no/..%2F..%2Fx%3Fy",
    );
  });
});

const close = (answer: kit.Answerer) => {
  const io = kit.fakeIo(answer);
  return { io, done: wechat.closePayment(kit.sentOrder("pi_1"), account, io) };
};
const isClose = (request: Request) => new URL(request.url).pathname.endsWith("/close");

describe("closePayment", () => {
  it("takes the signed 204 as closed", async ({ expect }) => {
    const { io, done } = close(() => reply(null));
    expect(await done).toMatchObject({ kind: "ok", value: { paymentId: "pi_1", state: "closed" } });
    expect(io.sent).toHaveLength(1);
    expect(io.sent[0]?.body).toBe(`{"mchid":"${kit.MCHID}"}`);
    expect(new URL(io.sent[0]?.request.url ?? "").pathname).toBe(
      "/v3/pay/transactions/out-trade-no/pi_1/close",
    );
  });

  it("reports an order that was never made as absent", async ({ expect }) => {
    const { done } = close(() => kit.errorReply(404, "ORDER_NOT_EXIST"));
    expect(await done).toMatchObject({ kind: "ok", value: { state: "absent" } });
  });

  it.for(["ORDERPAID", "ORDER_PAID", "TRADE_ERROR", "ORDER_CLOSED", "INVALID_REQUEST"])(
    "asks what became of the order after %s",
    async (code, { expect }) => {
      const { io, done } = close((request) =>
        isClose(request) ? kit.errorReply(400, code) : reply(kit.tradeOf("pi_1")),
      );
      expect(await done).toMatchObject({
        kind: "ok",
        value: { state: "paid", amount: { currency: "CNY", value: 699 } },
      });
      expect(io.sent).toHaveLength(2);
    },
  );

  it("asks too after a signed reply that is not a 204", async ({ expect }) => {
    const { done } = close((request) =>
      isClose(request)
        ? reply({ code: "USERPAYING" }, { status: 202 })
        : reply(kit.tradeOf("pi_1", { trade_state: "USERPAYING" })),
    );
    expect(await done).toMatchObject({ kind: "ok", value: { state: "scanning" } });
  });

  it.for([
    ["SIGN_ERROR", 401, "rejected"],
    ["NO_AUTH", 403, "rejected"],
    ["SYSTEM_ERROR", 500, "unknown"],
  ] as const)("passes %s on", async ([code, status, kind], { expect }) => {
    const { io, done } = close(() => kit.errorReply(status, code));
    expect((await done).kind).toBe(kind);
    expect(io.sent).toHaveLength(1);
  });

  it("does not believe an unsigned 204, nor one with a stranger's signature", async ({
    expect,
  }) => {
    for (const answer of [
      () => new Response(null, { status: 204 }),
      () => kit.signedReply(stranger, null),
    ]) {
      expect((await close(answer).done).kind).toBe("unknown");
    }
  });
});

/** A gateway that echoes; `spoil` changes the answer. */
const echoing =
  (spoil: (answer: Record<string, string>) => Record<string, unknown> = (answer) => answer) =>
  async (request: Request) => {
    const body: { echo_message: string; encrypted_echo_message?: string } = JSON.parse(
      await request.text(),
    );
    const answer: Record<string, string> = { echo_message: body.echo_message };
    if (body.encrypted_echo_message !== undefined) {
      const opened = await oaepDecrypt(platform.pkcs8, body.encrypted_echo_message);
      if (!opened.ok) return kit.errorReply(400, "PARAM_ERROR");
      answer["encrypted_echo_message"] = await oaepEncrypt(merchant.spki, opened.value);
    }
    return reply(spoil(answer));
  };

describe("selfCheck", () => {
  it("sends a text in clear and encrypted, and takes both back", async ({ expect }) => {
    const io = kit.fakeIo(echoing());
    expect(await wechat.selfCheck(account, io)).toMatchObject({
      kind: "ok",
      value: { detail: expect.stringContaining(kit.PUB_KEY_ID) },
    });
    expect(new URL(io.sent[0]?.request.url ?? "").pathname).toBe("/v3/security/echo");
    expect(io.sent[0]?.request.headers.get("Wechatpay-Serial")).toBe(kit.PUB_KEY_ID);
  });

  it("is unknown when the echo is another text, or encrypted to another key", async ({
    expect,
  }) => {
    const other = await oaepEncrypt(stranger.spki, "x");
    const elsewhere = await oaepEncrypt(merchant.spki, "another text");
    for (const spoil of [
      () => ({ echo_message: "other" }),
      (answer: Record<string, string>) => ({ ...answer, encrypted_echo_message: other }),
      (answer: Record<string, string>) => ({ ...answer, encrypted_echo_message: elsewhere }),
      () => ({}),
    ]) {
      expect((await wechat.selfCheck(account, kit.fakeIo(echoing(spoil)))).kind).toBe("unknown");
    }
  });

  it("tells a refusal of the credentials", async ({ expect }) => {
    const io = kit.fakeIo(() => kit.errorReply(401, "SIGN_ERROR", "商户证书序列号有误"));
    expect(await wechat.selfCheck(account, io)).toMatchObject({
      kind: "rejected",
      error: {
        channelCode: "SIGN_ERROR",
        message: expect.stringContaining("private_key and serial_no"),
        channelMessage: "商户证书序列号有误",
      },
    });
  });

  it("never passes for an account without any key of WeChat Pay's", async ({ expect }) => {
    const legacy = kit.accountOf(kit.credentialsOf(merchant, platform, { platform_keys: [] }));
    const echo = echoing();
    const io = kit.fakeIo((request) =>
      request.method === "GET" ? kit.errorReply(404, "RESOURCE_NOT_EXISTS") : echo(request),
    );
    expect(await wechat.selfCheck(legacy, io)).toMatchObject({
      kind: "unknown",
      error: { channelCode: "signature_serial_unknown" },
    });
    expect(io.sent.at(-1)?.body).not.toContain("encrypted");
  });
});

describe("times", () => {
  it("are written at +08:00 in whole seconds, never later than asked", ({ expect }) => {
    expect(chinaTime(Date.UTC(2026, 11, 31, 16, 0, 0))).toBe("2027-01-01T00:00:00+08:00");
    expect(chinaTime(Date.UTC(2026, 11, 31, 15, 59, 59, 999))).toBe("2026-12-31T23:59:59+08:00");
    expect(parseTime(chinaTime(kit.NOW))).toBe(kit.NOW);
  });

  it("are read with any zone, and only when they are times", ({ expect }) => {
    expect(parseTime("2026-11-21T08:00:00+08:00")).toBe(kit.NOW);
    expect(parseTime("2026-11-21T00:00:00Z")).toBe(kit.NOW);
    expect(parseTime("2026-11-21T00:00:00.5Z")).toBe(kit.NOW + 500);
    for (const text of [
      "",
      "2026-11-21",
      "2026-11-21T08:00:00",
      "20261121080000",
      "2026-13-01T00:00:00Z",
    ]) {
      expect(parseTime(text), text).toBeNull();
    }
  });
});

describe("secrets", () => {
  it("are in no request, log line or outcome", async ({ expect }) => {
    const { io, done } = create(() => kit.errorReply(401, "SIGN_ERROR"));
    const outcome = JSON.stringify(await done);
    const requests = io.sent.map(({ request, body }) =>
      JSON.stringify([...request.headers, request.url, body]),
    );
    const everything = [outcome, ...io.lines, ...requests].join("\n");
    expect(everything).not.toContain(kit.API_V3_KEY);
    expect(everything).not.toContain("PRIVATE KEY");
    expect(everything).not.toContain(merchant.privatePem.split("\n")[3]);
    // The signature itself travels, but is logged nowhere.
    expect([outcome, ...io.lines].join("\n")).not.toContain("WECHATPAY2");
  });
});
