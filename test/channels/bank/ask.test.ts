/**
 * Asking banks: tokens, days, whose payment an answer is about, and codes that the bank makes. The
 * banks here are scripted, so that they can also answer what a real one should not.
 */
import { describe, it } from "vitest";

import type { ChannelAccount, ChannelIo } from "../../../src/channels/adapter.ts";
import { bankErrors, bankFailure } from "../../../src/channels/bank/error-table.ts";
import { promptpay } from "../../../src/channels/promptpay/channel.ts";
import { qris } from "../../../src/channels/qris/channel.ts";
import { paynow } from "../../../src/channels/paynow/channel.ts";
import { finished, object } from "../../../src/channels/bank/sandbox/code.ts";
import { chargeOrder, NOW, rawCallback, sentOrder } from "../kit.ts";
import { accountOf, ioWith, messageOf, paid, unreachable } from "./kit.ts";

const BILLER = "010555555555501";

const scbCredentials = {
  biller_id: BILLER,
  bank: { profile: "scb", app_key: "l7key", app_secret: "app-secret", terminal_id: "SBX" },
};

const TOKEN = { status: { code: 1000 }, data: { accessToken: "tok-1", expiresIn: 1800 } };

const record = (reference: string, changes: object = {}) => ({
  payeeProxyId: BILLER,
  amount: "12.34",
  transactionId: "T1",
  transactionDateandTime: "2026-11-21T07:01:00.000+07:00",
  billPaymentRef1: reference,
  currencyCode: "764",
  reverseFlag: "",
  ...changes,
});

const success = (data: unknown) => ({ status: { code: 1000, description: "Success" }, data });

/** Answers tokens as SCB does, and inquiries as told. */
const scb =
  (inquiry: (url: URL, request: Request) => Response) =>
  async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    return url.pathname.endsWith("/oauth/token") ? Response.json(TOKEN) : inquiry(url, request);
  };

async function prepared(
  channel: { readonly adapter: typeof promptpay.adapter },
  account: ChannelAccount,
  currency: string,
) {
  const order = chargeOrder({ amount: { currency, value: 1234 } });
  const payload = channel.adapter.prepareCharge(order, account);
  if (!payload.ok) throw new Error(payload.error.message);
  const { paymentId, amount, createdAt, expiresAt } = order;
  const sent = sentOrder(paymentId, { amount, createdAt, expiresAt, payload: payload.value });
  const { reference } = JSON.parse(payload.value) as { reference: string };
  return { order, sent, payload: payload.value, reference };
}

const ask = async (
  inquiry: (url: URL, request: Request, reference: string) => Response,
  changes: Partial<ChannelIo> = {},
) => {
  const account = accountOf("promptpay", [scbCredentials]);
  const { sent, reference } = await prepared(promptpay, account, "THB");
  const made = ioWith(
    scb((url, request) => inquiry(url, request, reference)),
    changes,
  );
  const outcome = await promptpay.adapter.queryPayment(sent, account, made.io);
  return { ...made, outcome, reference };
};

describe("SCB's inquiry", () => {
  it("asks with the account's token and finds the payment", async ({ expect }) => {
    const { outcome, asked, reference } = await ask((_url, _request, ours) =>
      Response.json(success([record(ours)])),
    );
    expect(outcome).toMatchObject({
      kind: "ok",
      value: {
        state: "paid",
        amount: { currency: "THB", value: 1234 },
        channelTransactionId: "T1",
        paidAt: NOW + 60_000,
      },
    });
    const [token, inquiry] = asked;
    expect(JSON.parse(token?.body ?? "")).toEqual({
      applicationKey: "l7key",
      applicationSecret: "app-secret",
    });
    const url = new URL(inquiry?.request.url ?? "");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      eventCode: "00300100",
      transactionDate: "2026-11-21",
      billerId: BILLER,
      reference1: reference,
    });
    expect(inquiry?.request.headers.get("authorization")).toBe("Bearer tok-1");
    expect(inquiry?.request.headers.get("resourceownerid")).toBe("l7key");
    expect(inquiry?.request.headers.get("requestuid")).toMatch(/^[0-9a-f]{32}$/);
    // The secret goes to the token's address and nowhere else.
    expect(inquiry?.request.url).not.toContain("app-secret");
  });

  it("finds nothing where nothing is paid", async ({ expect }) => {
    for (const reply of [
      Response.json(success([])),
      Response.json({ status: { code: 1000 } }),
      Response.json({ status: { code: 4101, description: "Not found" } }, { status: 404 }),
    ]) {
      const { outcome } = await ask(() => reply.clone());
      expect(outcome).toMatchObject({ kind: "ok", value: { state: "absent", amount: null } });
    }
  });

  it("also looks into the day of the order, when it was another one in Bangkok", async ({
    expect,
  }) => {
    const days: string[] = [];
    const late = NOW + 18 * 3_600_000;
    const { outcome } = await ask(
      (url, _request, ours) => {
        const day = url.searchParams.get("transactionDate") ?? "";
        days.push(day);
        return Response.json(success(day === "2026-11-21" ? [record(ours)] : []));
      },
      { now: () => late },
    );
    expect(days).toEqual(["2026-11-22", "2026-11-21"]);
    expect(outcome).toMatchObject({ value: { state: "paid" } });
  });

  it("tells another amount, and what was given back, as it is", async ({ expect }) => {
    const other = await ask((_u, _r, ours) =>
      Response.json(success([record(ours, { amount: "99.00" })])),
    );
    expect(other.outcome).toMatchObject({ value: { state: "paid", amount: { value: 9900 } } });
    const back = await ask((_u, _r, ours) =>
      Response.json(success([record(ours, { reverseFlag: "R" })])),
    );
    expect(back.outcome).toMatchObject({ value: { state: "reversed" } });
  });

  it("counts one of two payments and raises the other", async ({ expect }) => {
    const { outcome, lines } = await ask((_u, _r, ours) =>
      Response.json(
        success([
          record(ours, { reverseFlag: "R", transactionId: "T0" }),
          record(ours),
          record(ours, { transactionId: "T2" }),
        ]),
      ),
    );
    expect(outcome).toMatchObject({ value: { state: "paid", channelTransactionId: "T1" } });
    expect(lines).toContainEqual(
      expect.objectContaining({ level: "error", event: "bank.paid_twice" }),
    );
  });

  it.for([
    ["another payment's reference", record("99999999999999999999")],
    ["another biller", (ours: string) => record(ours, { payeeProxyId: "010555555555502" })],
    ["no biller", (ours: string) => record(ours, { payeeProxyId: undefined })],
    ["a float with too many places", (ours: string) => record(ours, { amount: 12.345 })],
    ["a negative amount", (ours: string) => record(ours, { amount: "-12.34" })],
    ["no amount", (ours: string) => record(ours, { amount: null })],
    ["a strange currency", (ours: string) => record(ours, { currencyCode: "XXX" })],
  ] as const)("does not believe %s", async ([, answer], { expect }) => {
    const { outcome } = await ask((_u, _r, ours) =>
      Response.json(success([typeof answer === "function" ? answer(ours) : answer])),
    );
    expect(outcome).toMatchObject({ kind: "unknown", error: { channelCode: "unexpected_reply" } });
  });

  it("does not believe one stranger among its own", async ({ expect }) => {
    const { outcome } = await ask((_u, _r, ours) =>
      Response.json(success([record(ours), record("99999999999999999999")])),
    );
    expect(outcome).toMatchObject({ kind: "unknown" });
  });

  it.for([
    [
      "a page",
      () => new Response("<html>", { headers: { "content-type": "text/html" } }),
      "malformed_reply",
    ],
    ["no body", () => new Response(""), "malformed_reply"],
    [
      "a name given twice",
      () => new Response('{"status":{"code":1000},"status":{"code":9}}'),
      "malformed_reply",
    ],
    ["a huge body", () => new Response(`{"a":"${"x".repeat(300_000)}"}`), "reply_too_large"],
    ["a server error", () => Response.json({}, { status: 503 }), "http_503"],
    [
      "a redirect",
      () => new Response("", { status: 302, headers: { location: "https://evil.example" } }),
      "http_302",
    ],
    ["too many calls", () => Response.json({}, { status: 429 }), "too_many_requests"],
    ["no word of success", () => Response.json({ data: [] }), "malformed_reply"],
    ["a bad request", () => Response.json({}, { status: 400 }), "http_400"],
  ] as const)("takes %s for unknown", async ([, reply, code], { expect }) => {
    const { outcome } = await ask(() => reply());
    expect(outcome).toMatchObject({
      kind: "unknown",
      error: { channelCode: code, retryable: true },
    });
  });

  it("takes silence for unknown, and never names a secret", async ({ expect }) => {
    const account = accountOf("promptpay", [scbCredentials]);
    const { sent } = await prepared(promptpay, account, "THB");
    const { io, lines } = ioWith(unreachable);
    const outcome = await promptpay.adapter.queryPayment(sent, account, io);
    expect(outcome).toMatchObject({ kind: "unknown", error: { channelCode: "network" } });
    expect(JSON.stringify([outcome, lines])).not.toContain("app-secret");
  });
});

describe("tokens", () => {
  it("are kept until shortly before their end, for each account", async ({ expect }) => {
    let now = NOW;
    let made = 0;
    const bank = async (request: Request) => {
      if (!request.url.includes("/oauth/token")) return Response.json(success([]));
      made += 1;
      return Response.json({ ...TOKEN, data: { accessToken: `tok-${made}`, expiresIn: 1800 } });
    };
    const account = accountOf("promptpay", [scbCredentials]);
    const { sent } = await prepared(promptpay, account, "THB");
    const { io } = ioWith(bank, { now: () => now });
    const query = (of = account) => promptpay.adapter.queryPayment(sent, of, io);
    await query();
    await query();
    expect(made).toBe(1);
    now += 1_739_000;
    await query();
    expect(made).toBe(1);
    now += 1_000;
    await query();
    expect(made).toBe(2);
    await query(accountOf("promptpay", [scbCredentials]));
    expect(made).toBe(3);
  });

  it("that were revoked are fetched anew, once", async ({ expect }) => {
    let tokens = 0;
    const bank = (good: string) => async (request: Request) => {
      if (!request.url.includes("/oauth/token")) {
        const fine = request.headers.get("authorization") === `Bearer ${good}`;
        return fine ? Response.json(success([])) : Response.json({}, { status: 401 });
      }
      tokens += 1;
      return Response.json({ ...TOKEN, data: { accessToken: `tok-${tokens}`, expiresIn: 1800 } });
    };
    const account = accountOf("promptpay", [scbCredentials]);
    const { sent } = await prepared(promptpay, account, "THB");
    const healed = await promptpay.adapter.queryPayment(sent, account, ioWith(bank("tok-2")).io);
    expect(healed).toMatchObject({ kind: "ok", value: { state: "absent" } });
    tokens = 0;
    const other = accountOf("promptpay", [scbCredentials]);
    const refused = await promptpay.adapter.queryPayment(sent, other, ioWith(bank("never")).io);
    expect(tokens).toBe(2);
    expect(refused).toMatchObject({ kind: "rejected", error: { code: "CHANNEL_NOT_CONFIGURED" } });
  });

  it("are refused: the account is misconfigured, which the self-check says", async ({ expect }) => {
    for (const status of [400, 401]) {
      const { io } = ioWith(async () => Response.json({}, { status }));
      const account = accountOf("promptpay", [scbCredentials]);
      expect(await promptpay.adapter.selfCheck(account, io)).toMatchObject({
        kind: "rejected",
        error: { code: "CHANNEL_NOT_CONFIGURED", channelCode: "token_refused" },
      });
    }
    const { io, paths } = ioWith(scb(() => Response.json({})));
    const account = accountOf("promptpay", [scbCredentials]);
    expect(await promptpay.adapter.selfCheck(account, io)).toMatchObject({ kind: "ok" });
    expect(await promptpay.adapter.selfCheck(account, io)).toMatchObject({ kind: "ok" });
    // Asked each time: a token that is still kept would prove nothing.
    expect(paths()).toEqual(["POST /v1/oauth/token", "POST /v1/oauth/token"]);
  });

  it("must look like tokens", async ({ expect }) => {
    for (const accessToken of ["", "a b", "a\r\nx: y", 7, null]) {
      const { io } = ioWith(async () => Response.json({ ...TOKEN, data: { accessToken } }));
      const account = accountOf("promptpay", [scbCredentials]);
      const { kind } = await promptpay.adapter.selfCheck(account, io);
      // Digits are a token like any other.
      expect(kind).toBe(accessToken === 7 ? "ok" : "unknown");
    }
  });
});

describe("where the calls go", () => {
  it("live accounts go to their bank's host, or where the deployment says", async ({ expect }) => {
    const live = { livemode: true };
    for (const [bank, endpoints, address] of [
      [{}, [], "https://api.partners.scb/partners/v1/oauth/token"],
      [{ api_url: "https://api.bank.com/x/" }, [], "https://api.bank.com/x/v1/oauth/token"],
      [{}, ["https://proxy.shop.com/scb"], "https://proxy.shop.com/scb/v1/oauth/token"],
    ] as const) {
      const account = accountOf(
        "promptpay",
        [{ ...scbCredentials, bank: { ...scbCredentials.bank, ...bank } }],
        live,
      );
      const { io, asked } = ioWith(async () => Response.json(TOKEN), { endpoints });
      await promptpay.adapter.selfCheck(account, io);
      expect(asked[0]?.request.url).toBe(address);
    }
  });
});

describe("SCB's own codes", () => {
  const account = () =>
    accountOf("promptpay", [
      { ...scbCredentials, reference2: "R2", bank: { ...scbCredentials.bank, qr_source: "bank" } },
    ]);

  const codeFor = (reference: string, amount: string, currency = "764") =>
    finished([
      object("00", "01"),
      object("01", "12"),
      object(
        "30",
        [object("00", "A000000677010112"), object("01", BILLER), object("02", reference)].join(""),
      ),
      object("53", currency),
      object("54", amount),
      object("58", "TH"),
    ]);

  async function create(reply: (reference: string) => unknown) {
    const own = account();
    const { order, payload, reference } = await prepared(promptpay, own, "THB");
    const made = ioWith(scb(() => Response.json(reply(reference))));
    return {
      ...made,
      reference,
      outcome: await promptpay.adapter.createCharge(payload, order, own, made.io),
    };
  }

  it("are asked for and shown", async ({ expect }) => {
    const { outcome, asked, reference } = await create((ours) =>
      success({ qrRawData: codeFor(ours, "12.34") }),
    );
    expect(outcome).toMatchObject({ kind: "ok", value: { action: { type: "show_qr" } } });
    expect(JSON.parse(asked[1]?.body ?? "")).toEqual({
      qrType: "PP",
      ppType: "BILLERID",
      ppId: BILLER,
      amount: "12.34",
      ref1: reference,
      ref2: "R2",
      ref3: "SBX",
    });
  });

  it.for([
    ["of another amount", (ours: string) => codeFor(ours, "12.35")],
    ["of another payment", () => codeFor("ANOTHERREFERENCE0000", "12.34")],
    ["in another currency", (ours: string) => codeFor(ours, "12.34", "702")],
    ["that is broken", (ours: string) => codeFor(ours, "12.34").replace(/.$/, "x")],
    ["that is a link", () => "https://evil.example"],
    ["that is missing", () => undefined],
  ] as const)("are not shown: one %s", async ([, code], { expect }) => {
    const { outcome } = await create((ours) => success({ qrRawData: code(ours) }));
    expect(outcome).toMatchObject({ kind: "unknown", error: { channelCode: "another_code" } });
  });

  it("are refused by the bank's code", async ({ expect }) => {
    const { outcome } = await create(() => ({ status: { code: 4101, description: "no" } }));
    expect(outcome).toMatchObject({ kind: "rejected", error: { channelCode: "4101" } });
  });
});

describe("KBank", () => {
  const bank = {
    profile: "kbank",
    app_key: "consumer",
    app_secret: "consumer-secret",
    username: "PARTNER",
    password: "partner-secret",
    merchant_id: "KB000000000001",
    api_url: "https://api.bank.com",
  };

  const reply = (body: Record<string, unknown>, changes: object) => ({
    partnerTxnUid: body["partnerTxnUid"],
    partnerId: "PARTNER",
    statusCode: "00",
    errorCode: null,
    errorDesc: null,
    ...changes,
  });

  async function kbank(
    answer: (body: Record<string, unknown>, path: string) => unknown,
    livemode = false,
  ) {
    const account = accountOf("promptpay", [{ bank }], { livemode });
    const made = ioWith(async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/v2/oauth/token") {
        return Response.json({ access_token: "t", expires_in: "1799" });
      }
      return Response.json(answer(await request.json(), pathname));
    });
    return { account, ...made, ...(await prepared(promptpay, account, "THB")) };
  }

  const code = finished([
    object("00", "01"),
    object("01", "12"),
    object(
      "30",
      [object("00", "A000000677010112"), object("01", "010753600031508"), object("02", "X")].join(
        "",
      ),
    ),
    object("53", "764"),
    object("54", "12.34"),
    object("58", "TH"),
  ]);

  it("makes the code, and says what became of it", async ({ expect }) => {
    let status = "REQUESTED";
    const bankOf = await kbank((body, path) =>
      path === "/v1/qrpayment/request"
        ? reply(body, { qrCode: code, accountName: "X" })
        : reply(body, { txnStatus: status, txnAmount: 12.34, txnCurrencyCode: "THB", txnNo: "N1" }),
    );
    const { account, io, order, payload, sent, asked, reference } = bankOf;
    expect(reference).toHaveLength(15);
    const charge = await promptpay.adapter.createCharge(payload, order, account, io);
    expect(charge).toMatchObject({
      kind: "ok",
      value: { action: { data: code }, expiresAt: NOW + 600_000 },
    });
    expect(await io.references.find(reference)).toBe(order.paymentId);
    const [token, request] = asked;
    expect(token?.request.headers.get("authorization")).toBe(
      `Basic ${btoa("consumer:consumer-secret")}`,
    );
    expect(token?.body).toBe("grant_type=client_credentials");
    expect(JSON.parse(request?.body ?? "")).toEqual({
      partnerTxnUid: reference,
      partnerId: "PARTNER",
      partnerSecret: "partner-secret",
      requestDt: "2026-11-21T07:00:00+07:00",
      merchantId: "KB000000000001",
      qrType: "3",
      txnAmount: "12.34",
      txnCurrencyCode: "THB",
      reference1: reference,
    });
    for (const [word, state] of [
      ["REQUESTED", "open"],
      ["PAID", "paid"],
      ["CANCELLED", "closed"],
      ["EXPIRED", "closed"],
      ["NOT_FOUND", "absent"],
      ["VOIDED", "reversed"],
    ] as const) {
      status = word;
      expect(await promptpay.adapter.queryPayment(sent, account, io)).toMatchObject({
        kind: "ok",
        value: { state, channelStatus: word },
      });
    }
    status = "SOMETHING";
    expect(await promptpay.adapter.queryPayment(sent, account, io)).toMatchObject({
      kind: "unknown",
    });
  });

  it("answers this question and no other", async ({ expect }) => {
    for (const stranger of [{ partnerTxnUid: "another-question" }, { partnerId: "OTHER" }]) {
      const { account, io, sent } = await kbank((body) =>
        reply(body, { txnStatus: "PAID", txnAmount: 12.34, txnCurrencyCode: "THB", ...stranger }),
      );
      expect(await promptpay.adapter.queryPayment(sent, account, io)).toMatchObject({
        kind: "unknown",
        error: { channelCode: "unexpected_reply" },
      });
    }
  });

  it("refuses by its error codes", async ({ expect }) => {
    for (const [errorCode, kind, ours] of [
      ["authentication_error", "rejected", "CHANNEL_NOT_CONFIGURED"],
      ["duplicate_request", "rejected", "CHANNEL_REJECTED"],
      ["internal_error", "unknown", "CHANNEL_UNAVAILABLE"],
      ["never_heard_of", "rejected", "CHANNEL_REJECTED"],
    ] as const) {
      const { account, io, order, payload } = await kbank((body) =>
        reply(body, { statusCode: "10", errorCode }),
      );
      expect(await promptpay.adapter.createCharge(payload, order, account, io)).toMatchObject({
        kind,
        error: { code: ours, channelCode: errorCode },
      });
    }
  });

  it("cancels, and asks when it cannot", async ({ expect }) => {
    const done = await kbank((body) => reply(body, {}));
    expect(await promptpay.adapter.closePayment(done.sent, done.account, done.io)).toMatchObject({
      value: { state: "closed" },
    });
    expect(done.paths()).toContain("POST /v1/qrpayment/cancel");
    const faster = await kbank((body, path) =>
      path.endsWith("/cancel")
        ? reply(body, { statusCode: "10", errorCode: "qr_paid" })
        : reply(body, { txnStatus: "PAID", txnAmount: 12.34, txnCurrencyCode: "THB", txnNo: "N" }),
    );
    const { sent, account, io } = faster;
    expect(await promptpay.adapter.closePayment(sent, account, io)).toMatchObject({
      value: { state: "paid" },
    });
  });
});

describe("Xendit", () => {
  const credentials = {
    acquirer: { domain: "ID.CO.XENDIT.WWW", pan: "9360000000000000001", merchant_id: "M1" },
    national_merchant_id: "ID1234567890123",
    criterion: "UMI",
    bank: { profile: "xendit", token: "cb-token", secret: "xnd_key" },
  };

  it("makes the code in whole rupiah, and is asked by our number", async ({ expect }) => {
    const account = accountOf("qris", [credentials]);
    const order = chargeOrder({ amount: { currency: "IDR", value: 150_000 } });
    const payload = qris.adapter.prepareCharge(order, account);
    if (!payload.ok) throw new Error(payload.error.message);
    const { reference } = JSON.parse(payload.value) as { reference: string };
    const qr = finished([
      object("00", "01"),
      object("01", "12"),
      object(
        "26",
        [object("00", "ID.CO.XENDIT.WWW"), object("01", "9360000000000000001")].join(""),
      ),
      object("52", "5999"),
      object("53", "360"),
      object("54", "1500"),
      object("58", "ID"),
      object("59", "X"),
      object("60", "Jakarta"),
    ]);
    const payment = {
      id: "qrpy_1",
      amount: 1500,
      status: "COMPLETED",
      created: "2026-11-21T00:00:01.5Z",
      qr_code: { external_id: reference },
    };
    const { io, asked } = ioWith(async (request) =>
      request.method === "POST" ? Response.json({ qr_string: qr }) : Response.json([payment]),
    );
    expect(await qris.adapter.createCharge(payload.value, order, account, io)).toMatchObject({
      kind: "ok",
      value: { action: { data: qr } },
    });
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
      external_id: reference,
      type: "DYNAMIC",
      callback_url: order.notifyUrl,
      amount: "1500",
    });
    expect(asked[0]?.request.headers.get("authorization")).toBe(`Basic ${btoa("xnd_key:")}`);
    const { paymentId, amount } = order;
    const sent = sentOrder(paymentId, { amount, payload: payload.value });
    expect(await qris.adapter.queryPayment(sent, account, io)).toMatchObject({
      kind: "ok",
      value: { state: "paid", amount: { currency: "IDR", value: 150_000 }, paidAt: NOW + 1_500 },
    });
  });

  it("knows its callbacks by the token, and believes none of them", async ({ expect }) => {
    const account = accountOf("qris", [credentials]);
    const reference = "01J9ZQ4C7N8M2X5V6K3W1T0RY";
    const told = paid(reference, { currency: "IDR", amount: "1500", value: 150_000 });
    const { io, asked } = ioWith(async () => Response.json([]));
    await io.references.keep(reference, "pi_x");
    const genuine = await rawCallback(await messageOf(told, credentials.bank));
    expect(await qris.adapter.verifyCallback(genuine, account, io)).toEqual({
      kind: "refused",
      reason: "the bank knows of no such payment",
    });
    expect(asked).toHaveLength(1);
    const forged = await rawCallback(await messageOf(told, credentials.bank, { forged: true }));
    expect(await qris.adapter.verifyCallback(forged, account, io)).toEqual({
      kind: "refused",
      reason: "the token is not this account's",
    });
    // Strangers do not make us ask the bank.
    expect(asked).toHaveLength(1);
  });

  it("refuses fractions of a rupiah before anything is reserved", ({ expect }) => {
    const account = accountOf("qris", [credentials]);
    const order = chargeOrder({ amount: { currency: "IDR", value: 150_050 } });
    expect(qris.adapter.prepareCharge(order, account)).toMatchObject({
      ok: false,
      error: { code: "AMOUNT_INVALID" },
    });
  });
});

describe("errors", () => {
  it("have their rows, and rows their sense", ({ expect }) => {
    for (const row of bankErrors(["kbank"])) {
      expect(row.meaning).toMatch(/\.$/);
      expect(row.retryable, row.channelCode).toBe(row.outcome === "unknown");
    }
    const known = new Set(paynow.adapter.errors.map(({ channelCode }) => channelCode));
    expect(known).toContain("reference_taken");
    expect(known).not.toContain("duplicate_request");
    expect(promptpay.adapter.errors.map((row) => row.channelCode)).toContain("duplicate_request");
    expect(bankFailure("http_502").error.code).toBe("CHANNEL_UNAVAILABLE");
    expect(bankFailure("http_418").error.code).toBe("CHANNEL_ERROR");
    expect(bankFailure("bank_refused", "x".repeat(300)).error.channelMessage).toHaveLength(200);
  });
});
