/**
 * The simulated Antom by itself: requests are made here by hand, as its manual describes them, so
 * that it is not only tested with the adapter it is meant to test.
 */
import { describe, it } from "vitest";

import { antomSandbox } from "../../src/channels/antom/sandbox/channel.ts";
import {
  cancellableUntil,
  clientIdOf,
  isSandboxClient,
  orderNumberOf,
  paymentIdOf,
} from "../../src/channels/antom/sandbox/identity.ts";
import { readPrivateKey, readPublicKey } from "../../src/crypto/pem.ts";
import {
  importSigningKey,
  importVerifyingKey,
  signSha256,
  verifySha256,
} from "../../src/crypto/rsa.ts";
import { randomId } from "../../src/ids.ts";
import {
  API,
  NOTIFY_URL,
  SANDBOX_CLIENT,
  simulation,
  subMerchant,
  vectorCredentials,
  vectors,
} from "../channels/antom/kit.ts";
import { NOW } from "../channels/kit.ts";

type Sim = Awaited<ReturnType<typeof simulation>>;

const HOST = "https://antom.sandbox.invalid";

const read = <T>(result: { ok: true; value: T } | { ok: false; error: string }): T => {
  if (!result.ok) throw new Error(result.error);
  return result.value;
};

interface Call {
  readonly operation?: string;
  readonly path?: string;
  readonly body?: unknown;
  readonly clientId?: string;
  readonly privateKey?: string;
  readonly time?: string;
  readonly method?: string;
  /** What differs from a proper request; null leaves the header out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Changes the header that the right signature would have. */
  readonly respell?: (header: string) => string;
}

async function send(sim: Sim, call: Call): Promise<Response> {
  const path = call.path ?? `${API}${call.operation ?? "inquiryPayment"}`;
  const clientId = call.clientId ?? SANDBOX_CLIENT;
  const time = call.time ?? String(NOW);
  const body = typeof call.body === "string" ? call.body : JSON.stringify(call.body ?? {});
  const key = read(readPrivateKey(call.privateKey ?? sim.keys.merchantPrivateKey));
  const signature = await signSha256(
    await importSigningKey(key),
    `POST ${path}\n${clientId}.${time}.${body}`,
  );
  const header = `algorithm=RSA256,keyVersion=1,signature=${encodeURIComponent(signature)}`;
  const headers = new Headers({
    "content-type": "application/json; charset=UTF-8",
    "client-id": clientId,
    "request-time": time,
    signature: call.respell?.(header) ?? header,
  });
  for (const [name, value] of Object.entries(call.headers ?? {})) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  const method = call.method ?? "POST";
  return sim.fetch(
    new Request(`${HOST}${path}`, { method, headers, ...(method === "GET" ? {} : { body }) }),
  );
}

interface Answer {
  readonly result: { readonly resultStatus: string; readonly resultCode: string };
  readonly [field: string]: unknown;
}

const answerOf = async (response: Response): Promise<Answer> => JSON.parse(await response.text());

const ask = async (sim: Sim, operation: string, body: unknown, more: Call = {}) =>
  answerOf(await send(sim, { operation, body, ...more }));

/** `S SUCCESS`, `F ORDER_NOT_EXIST` and the like. */
const verdictOf = async (sim: Sim, operation: string, body: unknown, more: Call = {}) => {
  const { resultStatus, resultCode } = (await ask(sim, operation, body, more)).result;
  return `${resultStatus} ${resultCode}`;
};

const amount = (value: string, currency = "CNY") => ({ currency, value });

const payBody = (id: string, changes: object = {}) => ({
  productCode: "CASHIER_PAYMENT",
  paymentRequestId: id,
  order: { referenceOrderId: id, orderDescription: "Tea", orderAmount: amount("699") },
  paymentAmount: amount("699"),
  paymentMethod: { paymentMethodType: "ALIPAY_CN" },
  paymentRedirectUrl: "https://shop.example/",
  paymentNotifyUrl: NOTIFY_URL,
  env: { terminalType: "WEB" },
  ...changes,
});

const inStore = (scenario: string, changes: object = {}) => ({
  productCode: "IN_STORE_PAYMENT",
  paymentFactor: { inStorePaymentScenario: scenario },
  env: undefined,
  paymentRedirectUrl: undefined,
  ...changes,
});

const newId = () => randomId("paymentIntent");

describe("who may call", () => {
  it("answers the known in a signed reply over path, client, time and body", async ({ expect }) => {
    const sim = await simulation();
    const reply = await send(sim, { body: { paymentRequestId: newId() } });
    const header = reply.headers.get("signature") ?? "";
    // Blanks after the commas: readers have to take them.
    expect(header).toMatch(/^algorithm=RSA256, keyVersion=1, signature=[\w%.-]+$/);
    const signature = decodeURIComponent(header.split("signature=")[1] ?? "");
    const body = await reply.text();
    const time = reply.headers.get("response-time") ?? "";
    const key = await importVerifyingKey(read(readPublicKey(sim.keys.platformPublicKey)));
    const content = `POST ${API}inquiryPayment\n${SANDBOX_CLIENT}.${time}.${body}`;
    expect(await verifySha256(key, content, signature)).toBe(true);
    expect(await verifySha256(key, content.replace("inquiryPayment", "pay"), signature)).toBe(
      false,
    );
    expect(reply.headers.get("client-id")).toBe(SANDBOX_CLIENT);
    expect(JSON.parse(body)).toMatchObject({ result: { resultCode: "ORDER_NOT_EXIST" } });
    const unsigned = await antomSandbox.unsigned(new Response(body, { headers: reply.headers }));
    expect(unsigned.headers.has("signature")).toBe(false);
    expect(await unsigned.text()).toBe(body);
  });

  it("refuses everybody else without a signature", async ({ expect }) => {
    const sim = await simulation();
    const plus = (header: string) =>
      header.replaceAll("%2B", "+").replaceAll("%2F", "/").replaceAll("%3D", "=");
    for (const [call, code] of [
      [{ path: "/nothing" }, "NO_INTERFACE_DEF"],
      [{ path: `${API}capture` }, "NO_INTERFACE_DEF"],
      [{ path: `${API}toString` }, "NO_INTERFACE_DEF"],
      [{ method: "GET" }, "METHOD_NOT_SUPPORTED"],
      [{ headers: { "content-type": "text/plain" } }, "MEDIA_TYPE_NOT_ACCEPTABLE"],
      [{ headers: { "client-id": null } }, "INVALID_CLIENT"],
      [{ clientId: "SANDBOX_5Y000000000000099" }, "INVALID_CLIENT"],
      [{ clientId: "5Y1" }, "INVALID_CLIENT"],
      // The paths of the other world.
      [{ path: "/ams/api/v1/payments/inquiryPayment" }, "INVALID_CLIENT"],
      [{ headers: { signature: null } }, "INVALID_SIGNATURE"],
      [{ headers: { "request-time": null } }, "INVALID_SIGNATURE"],
      [{ headers: { "request-time": String(NOW + 1) } }, "INVALID_SIGNATURE"],
      [{ privateKey: vectors.merchant_private_pkcs8_b64 }, "INVALID_SIGNATURE"],
      [{ respell: (header: string) => header.replace("RSA256", "RSA") }, "INVALID_SIGNATURE"],
      [{ respell: (header: string) => `${header}x` }, "INVALID_SIGNATURE"],
      [
        { respell: (header: string) => header.replace("keyVersion=1", "keyVersion=2") },
        "KEY_NOT_FOUND",
      ],
    ] as const) {
      const reply = await send(sim, call);
      expect(reply.headers.has("signature")).toBe(false);
      expect((await answerOf(reply)).result).toMatchObject({ resultStatus: "F", resultCode: code });
    }
    // Like Antom's own reader: a bare plus is a blank. Sent often enough, some signature has one.
    const spelled: string[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      const reply = await send(sim, { body: { paymentRequestId: newId() }, respell: plus });
      spelled.push((await answerOf(reply)).result.resultCode);
    }
    expect(spelled).toContain("INVALID_SIGNATURE");
  });

  it("knows merchants that brought keys of their own, by key version", async ({ expect }) => {
    const sim = await simulation();
    const credentials = { ...vectorCredentials, key_version: "4" };
    const entry = await antomSandbox.registration(credentials);
    expect(entry?.merchant).toBe(vectorCredentials.client_id);
    expect(Object.keys(entry?.entry.publicKeys ?? {})).toEqual(["4"]);
    expect(entry?.entry).not.toHaveProperty("secrets");
    if (entry === null) throw new Error("registration");
    sim.registered.set(entry.merchant, entry.entry);
    const call = (version: string) =>
      verdictOf(
        sim,
        "inquiryPayment",
        { paymentRequestId: newId() },
        {
          clientId: vectorCredentials.client_id,
          privateKey: vectorCredentials.private_key,
          respell: (header) => header.replace("keyVersion=1", `keyVersion=${version}`),
        },
      );
    expect(await call("4")).toBe("F ORDER_NOT_EXIST");
    expect(await call("1")).toBe("F KEY_NOT_FOUND");
    for (const broken of [null, {}, { ...credentials, private_key: "x" }]) {
      expect(await antomSandbox.registration(broken)).toBeNull();
    }
  });

  it("asks for the agent's token in the mode isv, and refuses it in any other", async ({
    expect,
  }) => {
    const sim = await simulation();
    const token = { headers: { "agent-token": "token-1" } };
    const body = { paymentRequestId: newId() };
    expect(await verdictOf(sim, "inquiryPayment", body, token)).toBe("F ACCESS_DENIED");
    const entry = await antomSandbox.registration({ ...vectorCredentials, agent_token: "token-1" });
    if (entry === null) throw new Error("registration");
    sim.registered.set(entry.merchant, entry.entry);
    const own = {
      clientId: vectorCredentials.client_id,
      privateKey: vectorCredentials.private_key,
    };
    expect(await verdictOf(sim, "inquiryPayment", body, own)).toBe("F ACCESS_DENIED");
    expect(await verdictOf(sim, "inquiryPayment", body, { ...own, ...token })).toBe(
      "F ORDER_NOT_EXIST",
    );
    // The caller is known by then, so this refusal is signed.
    expect((await send(sim, { body, ...own })).headers.has("signature")).toBe(true);
  });
});

describe("pay", () => {
  it("gives a page, an app's links, or a code, all of them the sandbox's wallet", async ({
    expect,
  }) => {
    const sim = await simulation();
    const shown = async (changes: object) => {
      const id = newId();
      const answer = await ask(sim, "pay", payBody(id, changes));
      expect(answer.result).toMatchObject({ resultStatus: "U", resultCode: "PAYMENT_IN_PROCESS" });
      const paymentId = paymentIdOf(SANDBOX_CLIENT, id);
      expect(answer).toMatchObject({
        paymentRequestId: id,
        paymentId,
        paymentAmount: amount("699"),
      });
      return { answer, page: `https://gateway.example/sandbox/wallet/${id}` };
    };
    const web = await shown({});
    expect(web.answer).toMatchObject({ normalUrl: web.page });
    const app = await shown({ env: { terminalType: "APP", osType: "IOS" } });
    expect(app.answer).toMatchObject({
      applinkUrl: app.page,
      schemeUrl: expect.stringMatching(/^sandboxwallet:/),
    });
    const code = await shown(inStore("OrderCode"));
    expect(code.answer).toMatchObject({
      orderCodeForm: {
        paymentMethodType: "ALIPAY_CN",
        // Three minutes, unless a deadline was asked for.
        expireTime: "2026-11-21T08:03:00+08:00",
        codeDetails: [
          { displayType: "BIGIMAGE" },
          { codeValueType: "QRCODE", displayType: "TEXT", codeValue: code.page },
        ],
      },
    });
  });

  it("takes a code by its last digit", async ({ expect }) => {
    const sim = await simulation();
    const scan = (paymentMethodId: string | undefined, paymentMethodType = "CONNECT_WALLET") =>
      ask(
        sim,
        "pay",
        payBody(
          newId(),
          inStore("PaymentCode", { paymentMethod: { paymentMethodType, paymentMethodId } }),
        ),
      );
    const paid = await scan("2812345678901230");
    expect(paid).toMatchObject({
      result: { resultStatus: "S", resultCode: "SUCCESS" },
      paymentAmount: amount("699"),
      paymentTime: "2026-11-21T08:00:00+08:00",
    });
    for (const [code, verdict] of [
      ["2812345678901239", "PAYMENT_IN_PROCESS"],
      ["2812345678901238", "USER_BALANCE_NOT_ENOUGH"],
      ["123", "INVALID_PAYMENT_CODE"],
      [undefined, "INVALID_PAYMENT_CODE"],
    ] as const) {
      expect((await scan(code)).result.resultCode).toBe(verdict);
    }
    expect((await scan("2812345678901230", "ALIPAY_CN")).result.resultCode).toBe("PARAM_ILLEGAL");
  });

  it("is one order under one number, whatever its state", async ({ expect }) => {
    const sim = await simulation();
    const id = newId();
    const first = await ask(sim, "pay", payBody(id));
    expect(await ask(sim, "pay", payBody(id))).toEqual(first);
    const other = payBody(id, { paymentMethod: { paymentMethodType: "GCASH" } });
    expect(await verdictOf(sim, "pay", other)).toBe("F REPEAT_REQ_INCONSISTENT");
    sim.become(id, "paid");
    expect(await verdictOf(sim, "pay", payBody(id))).toBe("S SUCCESS");
    expect(await verdictOf(sim, "pay", other)).toBe("F REPEAT_REQ_INCONSISTENT");
    expect(sim.rows.size).toBe(1);
  });

  it("misses what the manual asks for, by name, in a signed refusal", async ({ expect }) => {
    const sim = await simulation();
    const long = `https://shop.example/${"x".repeat(2048)}`;
    const orderWith = (changes: object) => ({
      order: {
        referenceOrderId: "1",
        orderDescription: "Tea",
        orderAmount: amount("699"),
        ...changes,
      },
    });
    for (const changes of [
      { productCode: "AGREEMENT_PAYMENT" },
      { paymentRequestId: undefined },
      { paymentRequestId: "a b" },
      { paymentRequestId: "x".repeat(65) },
      { paymentAmount: { currency: "CNY", value: 699 } },
      { paymentAmount: amount("6.99") },
      { paymentAmount: amount("0") },
      { paymentAmount: amount("700") },
      { paymentAmount: amount("699", "cny") },
      orderWith({ orderDescription: "" }),
      orderWith({ orderDescription: "字".repeat(257) }),
      orderWith({ referenceOrderId: undefined }),
      orderWith({ merchant: { referenceMerchantId: "1" } }),
      { paymentMethod: {} },
      { paymentRedirectUrl: undefined },
      { paymentRedirectUrl: long },
      { paymentNotifyUrl: long },
      { env: undefined },
      { env: { terminalType: "TV" } },
      { env: { terminalType: "APP" } },
      { env: { terminalType: "WAP", osType: "ios" } },
      { settlementStrategy: { settlementCurrency: "dollar" } },
      { paymentExpiryTime: "soon" },
      { paymentExpiryTime: "2026-11-21T00:00:00+00:00" },
      { paymentExpiryTime: "2026-11-21T00:10:00+00:00" },
      { isAuthorization: true },
      inStore("EntryCode"),
      inStore("OrderCode", { paymentFactor: undefined }),
    ]) {
      const body = payBody(newId(), changes);
      expect([changes, await verdictOf(sim, "pay", body)]).toEqual([changes, "F PARAM_ILLEGAL"]);
    }
    for (const body of ["", "[]", "null", "{"]) {
      expect(await verdictOf(sim, "pay", body)).toBe("F PARAM_ILLEGAL");
    }
    expect(sim.rows.size).toBe(0);
  });

  it("takes deadlines inside the bound, and does not judge a repeat by them", async ({
    expect,
  }) => {
    let now = NOW;
    const sim = await simulation(() => now);
    const id = newId();
    const body = payBody(id, { paymentExpiryTime: "2026-11-21T00:09:59+00:00" });
    expect(await verdictOf(sim, "pay", body)).toBe("U PAYMENT_IN_PROCESS");
    now = NOW + 11 * 60_000;
    expect(await verdictOf(sim, "pay", body)).toBe("U PAYMENT_IN_PROCESS");
    expect(await verdictOf(sim, "pay", { ...body, paymentRequestId: newId() })).toBe(
      "F PARAM_ILLEGAL",
    );
  });

  it("wants the sub-merchant of an acquirer", async ({ expect }) => {
    const sim = await simulation();
    const entry = await antomSandbox.registration({ ...vectorCredentials, merchant: subMerchant });
    if (entry === null) throw new Error("registration");
    sim.registered.set(entry.merchant, entry.entry);
    const own = {
      clientId: vectorCredentials.client_id,
      privateKey: vectorCredentials.private_key,
    };
    const id = newId();
    expect(await verdictOf(sim, "pay", payBody(id), own)).toBe("F PARAM_ILLEGAL");
    const { order } = payBody(id);
    const merchant = { referenceMerchantId: "1", merchantMCC: "5411", merchantName: "Shop" };
    const named = payBody(id, { order: { ...order, merchant } });
    expect(await verdictOf(sim, "pay", named, own)).toBe("U PAYMENT_IN_PROCESS");
  });
});

describe("inquiryPayment", () => {
  it("says the state in paymentStatus, by either number", async ({ expect }) => {
    let now = NOW;
    const sim = await simulation(() => now);
    const id = newId();
    await ask(sim, "pay", payBody(id));
    const state = async () => {
      const byOurs = await ask(sim, "inquiryPayment", { paymentRequestId: id });
      const paymentId = paymentIdOf(SANDBOX_CLIENT, id);
      // Antom's number wins.
      const byTheirs = await ask(sim, "inquiryPayment", { paymentId, paymentRequestId: newId() });
      expect(byTheirs).toEqual(byOurs);
      expect(byOurs.result.resultStatus).toBe("S");
      return [byOurs["paymentStatus"], byOurs["paymentResultCode"], byOurs["paymentTime"] ?? null];
    };
    expect(await state()).toEqual(["PROCESSING", "PAYMENT_IN_PROCESS", null]);
    sim.become(id, "scanned");
    expect(await state()).toEqual(["PROCESSING", "PAYMENT_IN_PROCESS", null]);
    sim.become(id, "closed");
    expect(await state()).toEqual(["CANCELLED", "ORDER_IS_CANCELED", null]);
    now = NOW + 15 * 60_000;
    expect(await state()).toEqual(["FAIL", "ORDER_IS_CLOSED", null]);
    sim.become(id, "paid");
    expect(await state()).toEqual(["SUCCESS", "SUCCESS", "2026-11-21T08:15:00+08:00"]);
  });

  it("finds nothing under other numbers", async ({ expect }) => {
    const sim = await simulation();
    const id = newId();
    await ask(sim, "pay", payBody(id));
    for (const body of [
      {},
      { paymentRequestId: newId() },
      { paymentId: "1" },
      { paymentId: paymentIdOf("5Y1", id), paymentRequestId: id },
      { paymentRequestId: { a: "b" } },
    ]) {
      expect(await verdictOf(sim, "inquiryPayment", body)).toBe("F ORDER_NOT_EXIST");
    }
  });
});

describe("cancel", () => {
  it("ends an unpaid payment, and answers the same again", async ({ expect }) => {
    const sim = await simulation();
    const id = newId();
    await ask(sim, "pay", payBody(id));
    for (const body of [{ paymentRequestId: id }, { paymentId: paymentIdOf(SANDBOX_CLIENT, id) }]) {
      expect(await ask(sim, "cancel", body)).toMatchObject({
        result: { resultStatus: "S" },
        paymentId: paymentIdOf(SANDBOX_CLIENT, id),
        cancelTime: "2026-11-21T08:00:00+08:00",
      });
    }
    expect(sim.find(id)?.state).toBe("closed");
    expect(await verdictOf(sim, "pay", payBody(id))).toBe("F ORDER_IS_CANCELED");
    expect(await verdictOf(sim, "cancel", { paymentRequestId: newId() })).toBe("F ORDER_NOT_EXIST");
  });

  it("gives the money of a paid one back, once and whole", async ({ expect }) => {
    const sim = await simulation();
    const id = newId();
    await ask(sim, "pay", payBody(id));
    sim.become(id, "paid");
    for (let time = 0; time < 2; time += 1) {
      expect(await verdictOf(sim, "cancel", { paymentRequestId: id })).toBe("S SUCCESS");
    }
    expect(sim.find(id)?.refunds.map(({ value }) => value)).toEqual([699]);
    const after = await ask(sim, "inquiryPayment", { paymentRequestId: id });
    expect(after).toMatchObject({ paymentStatus: "CANCELLED", transactions: [] });
    expect(after).toHaveProperty("paymentTime");
    expect(await verdictOf(sim, "pay", payBody(id))).toBe("F ORDER_IS_CANCELED");
    const refund = {
      refundRequestId: `re_${id.slice(3)}01`,
      paymentId: paymentIdOf(SANDBOX_CLIENT, id),
      refundAmount: amount("1"),
    };
    expect(await verdictOf(sim, "refund", refund)).toBe("F ORDER_IS_CANCELED");
  });

  it("is refused after a refund, after the window, and after the end", async ({ expect }) => {
    let now = NOW;
    const sim = await simulation(() => now);
    const ids = [newId(), newId()];
    const [refunded = "", lapsed = ""] = ids;
    for (const id of ids) await ask(sim, "pay", payBody(id));
    sim.become(refunded, "paid");
    const refund = {
      refundRequestId: `re_${refunded.slice(3)}01`,
      paymentId: paymentIdOf(SANDBOX_CLIENT, refunded),
      refundAmount: amount("1"),
    };
    expect(await verdictOf(sim, "refund", refund)).toBe("S SUCCESS");
    expect(await verdictOf(sim, "cancel", { paymentRequestId: refunded })).toBe(
      "F ORDER_STATUS_INVALID",
    );
    now = NOW + 15 * 60_000;
    sim.become(lapsed, "closed");
    expect(await verdictOf(sim, "cancel", { paymentRequestId: lapsed })).toBe("F ORDER_IS_CLOSED");
    // A quarter past midnight in China, on the day after.
    expect(cancellableUntil(NOW)).toBe(Date.parse("2026-11-22T00:15:00+08:00"));
    now = cancellableUntil(NOW) + 1;
    expect(await verdictOf(sim, "cancel", { paymentRequestId: refunded })).toBe(
      "F CANCEL_WINDOW_EXCEED",
    );
  });
});

describe("refund", () => {
  async function paidOrder(now: () => number = () => NOW, script: "refund_abnormal" | null = null) {
    const sim = await simulation(now, script);
    const id = newId();
    await ask(sim, "pay", payBody(id));
    sim.become(id, "paid");
    const body = (serial: string, changes: object = {}) => ({
      refundRequestId: `re_${id.slice(3)}${serial}`,
      paymentId: paymentIdOf(SANDBOX_CLIENT, id),
      refundAmount: amount("300"),
      refundNotifyUrl: NOTIFY_URL,
      ...changes,
    });
    return { sim, id, body };
  }

  it("is booked once under one number, and found by it", async ({ expect }) => {
    const { sim, id, body } = await paidOrder();
    const first = await ask(sim, "refund", body("01"));
    expect(first).toMatchObject({
      result: { resultStatus: "S" },
      refundAmount: amount("300"),
      refundTime: "2026-11-21T08:00:00+08:00",
    });
    expect(await ask(sim, "refund", body("01"))).toEqual(first);
    const found = await ask(sim, "inquiryRefund", { refundRequestId: body("01").refundRequestId });
    expect(found).toEqual({ ...first, refundStatus: "SUCCESS" });
    const other = body("01", { refundReason: "other" });
    expect(await verdictOf(sim, "refund", other)).toBe("F REPEAT_REQ_INCONSISTENT");
    expect(await verdictOf(sim, "refund", body("02", { refundAmount: amount("400") }))).toBe(
      "F REFUND_AMOUNT_EXCEED",
    );
    expect(sim.find(id)?.refunds.length).toBe(1);
    expect(await ask(sim, "inquiryPayment", { paymentRequestId: id })).toMatchObject({
      paymentStatus: "SUCCESS",
      transactions: [{ transactionType: "REFUND", transactionStatus: "SUCCESS" }],
    });
  });

  it("is refused for what is not paid, not there, too old, or another currency", async ({
    expect,
  }) => {
    let now = NOW;
    const { sim, body } = await paidOrder(() => now);
    const unpaid = newId();
    await ask(sim, "pay", payBody(unpaid));
    for (const [changes, code] of [
      [{ paymentId: paymentIdOf(SANDBOX_CLIENT, unpaid) }, "ORDER_STATUS_INVALID"],
      [{ paymentId: "1" }, "ORDER_NOT_EXIST"],
      [{ paymentId: undefined }, "PARAM_ILLEGAL"],
      [{ refundAmount: amount("300", "USD") }, "PARAM_ILLEGAL"],
      [{ refundAmount: amount("0") }, "PARAM_ILLEGAL"],
      [{ refundReason: "x".repeat(257) }, "PARAM_ILLEGAL"],
      [{ refundRequestId: "" }, "PARAM_ILLEGAL"],
    ] as const) {
      expect(await verdictOf(sim, "refund", body("01", changes))).toBe(`F ${code}`);
    }
    now = NOW + 366 * 86_400_000;
    expect(await verdictOf(sim, "refund", body("01"))).toBe("F REFUND_WINDOW_EXCEED");
    for (const refundRequestId of [body("01").refundRequestId, "other", ""]) {
      const code = refundRequestId === "" ? "PARAM_ILLEGAL" : "ORDER_NOT_EXIST";
      expect(await verdictOf(sim, "inquiryRefund", { refundRequestId })).toBe(`F ${code}`);
    }
  });

  it("that cannot be paid out is under way for ever", async ({ expect }) => {
    const { sim, body } = await paidOrder(() => NOW, "refund_abnormal");
    expect(await verdictOf(sim, "refund", body("01"))).toBe("U REFUND_IN_PROCESS");
    const { refundRequestId } = body("01");
    expect(await ask(sim, "inquiryRefund", { refundRequestId })).toMatchObject({
      result: { resultStatus: "S" },
      refundStatus: "PROCESSING",
    });
  });
});

describe("notices", () => {
  const signedBy = async (sim: Sim, request: Request, target: string) => {
    const header = request.headers.get("signature") ?? "";
    const signature = decodeURIComponent(header.split("signature=")[1] ?? "");
    const time = request.headers.get("request-time") ?? "";
    const key = await importVerifyingKey(read(readPublicKey(sim.keys.platformPublicKey)));
    const clientId = request.headers.get("client-id") ?? "";
    const content = `POST ${target}\n${clientId}.${time}.${await request.clone().text()}`;
    return verifySha256(key, content, signature);
  };

  it("are signed over the registered path and query", async ({ expect }) => {
    const sim = await simulation();
    const id = newId();
    await ask(sim, "pay", payBody(id, { paymentNotifyUrl: `${NOTIFY_URL}?x=1` }));
    const order = sim.become(id, "paid");
    const post = async (flaw: Parameters<typeof antomSandbox.callback>[1]) => {
      const request = await antomSandbox.callback(order, flaw, sim.world());
      if (request === null) throw new Error("no notice");
      return request;
    };
    const { pathname } = new URL(NOTIFY_URL);
    const proper = await post(null);
    expect(proper.url).toBe(`${NOTIFY_URL}?x=1`);
    expect(await signedBy(sim, proper, `${pathname}?x=1`)).toBe(true);
    expect(await signedBy(sim, proper, pathname)).toBe(false);
    expect(await proper.json()).toMatchObject({
      notifyType: "PAYMENT_RESULT",
      result: { resultStatus: "S" },
      paymentRequestId: id,
      paymentAmount: amount("699"),
    });
    const wrong = await post("wrong_amount");
    expect(await signedBy(sim, wrong, `${pathname}?x=1`)).toBe(true);
    expect(await wrong.json()).toMatchObject({ paymentAmount: amount("700") });
    for (const flaw of ["wrong_signature", "sign_test_probe"] as const) {
      expect(await signedBy(sim, await post(flaw), `${pathname}?x=1`)).toBe(false);
    }
    expect(await antomSandbox.callback({ ...order, notifyUrl: "" }, null, sim.world())).toBeNull();
  });

  it("tell of refunds that have ended, where an address was given", async ({ expect }) => {
    const sim = await simulation();
    const id = newId();
    await ask(sim, "pay", payBody(id));
    sim.become(id, "paid");
    await ask(sim, "refund", {
      refundRequestId: `re_${id.slice(3)}01`,
      paymentId: paymentIdOf(SANDBOX_CLIENT, id),
      refundAmount: amount("300"),
      refundNotifyUrl: NOTIFY_URL,
    });
    const order = sim.find(id);
    const [refund] = order?.refunds ?? [];
    if (order === undefined || refund === undefined) throw new Error("no refund");
    const tell = (changes: object = {}) =>
      antomSandbox.refundCallback?.(order, { ...refund, ...changes }, sim.world());
    const request = await tell();
    if (request == null) throw new Error("no notice");
    expect(await signedBy(sim, request, new URL(NOTIFY_URL).pathname)).toBe(true);
    expect(await request.json()).toMatchObject({
      notifyType: "REFUND_RESULT",
      refundStatus: "SUCCESS",
      refundRequestId: `re_${id.slice(3)}01`,
      refundAmount: amount("300"),
    });
    expect(await tell({ notifyUrl: null })).toBeNull();
    expect(await tell({ state: "abnormal" })).toBeNull();
  });

  it("are received by 200 and a result S, and by nothing else", ({ expect }) => {
    const acknowledged = (status: number, body: string) => antomSandbox.acknowledged(status, body);
    expect(acknowledged(200, vectors.ack)).toBe(true);
    expect(acknowledged(204, vectors.ack)).toBe(false);
    for (const body of ["", "success", "{}", '{"result":{"resultStatus":"F"}}']) {
      expect(acknowledged(200, body)).toBe(false);
    }
  });
});

describe("numbers", () => {
  it("are made from what they stand for, and lead back to it", ({ expect }) => {
    const account = "ca_00000000000000000000000001";
    const clientId = clientIdOf(account);
    expect(clientIdOf(account)).toBe(clientId);
    expect(isSandboxClient(clientId)).toBe(true);
    for (const other of [
      "",
      "SANDBOX_5Y",
      `${clientId}0`,
      clientId.replace("SANDBOX", "SANDBAX"),
    ]) {
      expect(isSandboxClient(other)).toBe(false);
    }
    const id = newId();
    const paymentId = paymentIdOf(clientId, id);
    expect(paymentId).toMatch(/^\d{16}pi_/);
    expect(orderNumberOf(clientId, paymentId)).toBe(id);
    expect(orderNumberOf("5Y1", paymentId)).toBeNull();
    expect(orderNumberOf(clientId, `0${paymentId}`)).toBeNull();
  });

  it("its trouble is its own, unsigned", async ({ expect }) => {
    const reply = antomSandbox.serverError();
    expect(reply.status).toBe(500);
    expect(await answerOf(reply)).toMatchObject({ result: { resultStatus: "U" } });
  });
});
