/** Calls and replies on the wire: the published vectors, signatures, and what is not believed. */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import { ANTOM_ENDPOINTS, antom } from "../../../src/channels/antom/adapter.ts";
import { ANTOM_ERRORS, errorRow } from "../../../src/channels/antom/error-table.ts";
import { readSignature, readTimeHeader } from "../../../src/channels/antom/signing.ts";
import { fromBase64 } from "../../../src/crypto/encoding.ts";
import { importVerifyingKey, verifySha256 } from "../../../src/crypto/rsa.ts";
import { ERRORS } from "../../../src/errors.ts";
import { chargeOrder, NOW, sentOrder } from "../kit.ts";
import {
  account,
  accountOf,
  API,
  CLIENT_ID,
  done,
  headerOf,
  HOST,
  ioWith,
  NOTIFY_URL,
  result,
  signAsAntom,
  signedReply,
  subMerchant,
  unsignedReply,
  vectorCredentials,
  vectors,
} from "./kit.ts";

const order = chargeOrder({ notifyUrl: NOTIFY_URL });
const page = chargeOrder({
  method: "web",
  returnUrl: "https://shop.example/",
  notifyUrl: NOTIFY_URL,
});

const payloadOf = (of = order, at = account): string => {
  const prepared = antom.prepareCharge(of, at);
  if (!prepared.ok) throw new Error(prepared.error.message);
  return prepared.value;
};

const inProcess = (of = order, fields: object = {}) =>
  result("U", "PAYMENT_IN_PROCESS", {
    paymentRequestId: of.paymentId,
    paymentId: "2026112119401089",
    paymentAmount: { currency: "CNY", value: "699" },
    orderCodeForm: {
      codeDetails: [
        { codeValueType: "QRCODE", displayType: "TEXT", codeValue: "https://qr.example/1" },
      ],
    },
    ...fields,
  });

const charge = (reply: () => Promise<Response> | Response, of = order, at = account) =>
  antom.createCharge(
    payloadOf(of, at),
    of,
    at,
    ioWith(async () => reply()),
  );

describe("the published request", () => {
  it("is signed byte for byte as the official SDK signs it", async ({ expect }) => {
    const { path, requestTime, body, header, content } = vectors.request;
    const seen: Request[] = [];
    const io = ioWith(
      async (request) => {
        seen.push(request.clone());
        return unsignedReply("");
      },
      { now: () => Number(requestTime), endpoints: ANTOM_ENDPOINTS },
    );
    await antom.createCharge(body, page, account, io);
    const [request] = seen;
    expect(request?.method).toBe("POST");
    expect(request?.url).toBe(`https://open-sea-global.alipay.com${path}`);
    expect(request?.headers.get("signature")).toBe(header);
    expect(request?.headers.get("client-id")).toBe(CLIENT_ID);
    expect(request?.headers.get("request-time")).toBe(requestTime);
    expect(request?.headers.get("content-type")).toBe("application/json; charset=UTF-8");
    expect(await request?.text()).toBe(body);
    // The vector's own text, checked with its public key: header and content belong together.
    const key = await importVerifyingKey(
      fromBase64(vectors.merchant_public_b64) ?? new Uint8Array(),
    );
    expect(await verifySha256(key, content, readSignature(header) ?? "")).toBe(true);
  });

  it("goes to the paths of the client, and signs the path it goes to", async ({ expect }) => {
    const targets: string[] = [];
    const ask = async (clientId: string, endpoint: string) => {
      const at = accountOf("merchant", { ...vectorCredentials, client_id: clientId });
      const io = ioWith(
        async (request) => {
          const { pathname } = new URL(request.url);
          const time = request.headers.get("request-time") ?? "";
          const text = `POST ${pathname}\n${clientId}.${time}.${await request.text()}`;
          const signature = readSignature(request.headers.get("signature")) ?? "";
          const key = await importVerifyingKey(
            fromBase64(vectors.merchant_public_b64) ?? new Uint8Array(),
          );
          expect(await verifySha256(key, text, signature)).toBe(true);
          targets.push(request.url);
          return unsignedReply("");
        },
        { endpoints: [endpoint] },
      );
      await antom.queryPayment(sentOrder(), at, io);
    };
    await ask("SANDBOX_5X1", HOST);
    await ask("5X1", HOST);
    await ask("5X1", "http://127.0.0.1:9/prefix/");
    expect(targets).toEqual([
      `${HOST}/ams/sandbox/api/v1/payments/inquiryPayment`,
      `${HOST}/ams/api/v1/payments/inquiryPayment`,
      "http://127.0.0.1:9/prefix/ams/api/v1/payments/inquiryPayment",
    ]);
  });

  it("carries the agent's token in the mode isv only, and the key's version", async ({
    expect,
  }) => {
    const headersOf = async (mode: string, more: object) => {
      let headers = new Headers();
      const at = accountOf(mode, { ...vectorCredentials, ...more });
      await antom.queryPayment(
        sentOrder(),
        at,
        ioWith(async (request) => {
          headers = request.headers;
          return unsignedReply("");
        }),
      );
      return headers;
    };
    expect((await headersOf("isv", { agent_token: "tok-1" })).get("agent-token")).toBe("tok-1");
    expect((await headersOf("merchant", {})).has("agent-token")).toBe(false);
    expect((await headersOf("integrator", {})).has("agent-token")).toBe(false);
    expect((await headersOf("acquirer", { merchant: subMerchant })).has("agent-token")).toBe(false);
    const versioned = await headersOf("merchant", { key_version: 7 });
    expect(versioned.get("signature")).toMatch(/^algorithm=RSA256,keyVersion=7,signature=/);
  });

  it("knows one region: a retry goes to the same host", ({ expect }) => {
    expect(ANTOM_ENDPOINTS).toEqual(["https://open-sea-global.alipay.com"]);
  });
});

describe("the signature header", () => {
  const raw = "a+b/c==";
  it("is read bare, escaped, and with blanks after the commas", ({ expect }) => {
    for (const header of [
      `algorithm=RSA256,keyVersion=1,signature=${raw}`,
      `algorithm=RSA256,keyVersion=1,signature=${encodeURIComponent(raw)}`,
      `algorithm=RSA256, keyVersion=1, signature=${raw}`,
      ` signature = ${encodeURIComponent(raw)} , algorithm = RSA256`,
    ]) {
      expect(readSignature(header)).toBe(raw);
    }
  });

  it("is none without its parts, with two of one, with another algorithm, or when endless", ({
    expect,
  }) => {
    for (const header of [
      null,
      "",
      "x",
      "signature=",
      `signature=${raw}`,
      "algorithm=RSA256,keyVersion=1",
      `algorithm=RSA,signature=${raw}`,
      `algorithm=none,signature=${raw}`,
      `algorithm=RSA256,signature=${raw},signature=${raw}`,
      `algorithm=RSA,algorithm=RSA256,signature=${raw}`,
      "algorithm=RSA256,signature=%zz",
      `algorithm=RSA256,signature=${"a".repeat(3000)}`,
    ]) {
      expect(readSignature(header)).toBeNull();
    }
  });

  it("never throws, whatever stands there", ({ expect }) => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = readSignature(text);
        expect(read === null || typeof read === "string").toBe(true);
      }),
    );
  });

  it("comes with a time, and with nothing that could hold part of a body", ({ expect }) => {
    for (const time of ["1685599933871", "2026-05-27T01:02:03-07:00", "2026-05-27T01:02:03.5Z"]) {
      expect(readTimeHeader(time)).toBe(time);
    }
    for (const time of [null, "", "1685599933", '1685599933871.{"a":"1', "soon"]) {
      expect(readTimeHeader(time)).toBeNull();
    }
  });
});

describe("a reply is believed", () => {
  it("when it is signed: escaped or bare, blanks or none, any form of time", async ({ expect }) => {
    const body = JSON.stringify(inProcess());
    for (const time of [String(NOW), "2026-11-21T08:00:00+08:00"]) {
      const signature = await signAsAntom({ target: `${API}pay`, time }, body);
      for (const header of [
        headerOf(signature),
        `algorithm=RSA256, keyVersion=2, signature=${encodeURIComponent(signature)}`,
        `algorithm=RSA256,keyVersion=1,signature=${signature}`,
      ]) {
        const headers = { "client-id": CLIENT_ID, "response-time": time, signature: header };
        expect(await charge(() => new Response(body, { headers }))).toMatchObject({ kind: "ok" });
      }
    }
  });

  it("when an older version's key made the signature", async ({ expect }) => {
    const rotated = accountOf(
      "merchant",
      { ...vectorCredentials, antom_public_key: vectors.merchant_public_b64 },
      vectorCredentials,
    );
    const outcome = await charge(() => signedReply("pay", inProcess()), order, rotated);
    expect(outcome.kind).toBe("ok");
  });
});

describe("a reply is unknown, and asked for again", () => {
  const unknownCode = async (reply: () => Promise<Response> | Response) => {
    const outcome = await charge(reply);
    if (outcome.kind !== "unknown") return outcome.kind;
    return outcome.error.retryable ? outcome.error.channelCode : "not retryable";
  };

  const without = async (header: string) => {
    const reply = await signedReply("pay", inProcess());
    reply.headers.delete(header);
    return reply;
  };

  it("when nothing whole arrives", async ({ expect }) => {
    const io = (fetch: () => Promise<Response>) =>
      antom.createCharge(payloadOf(), order, account, ioWith(fetch));
    const refused = await io(() => Promise.reject(new TypeError("connection refused")));
    expect(refused).toMatchObject({ kind: "unknown", error: { code: "CHANNEL_UNAVAILABLE" } });
    const late = await io(() => Promise.reject(new DOMException("late", "TimeoutError")));
    expect(late).toMatchObject({ kind: "unknown", error: { code: "CHANNEL_TIMEOUT" } });
    expect(await unknownCode(() => new Response("x".repeat(300_000)))).toBe("reply_too_large");
  });

  it("when the server is in trouble, even with a signature", async ({ expect }) => {
    for (const status of [500, 502, 503, 504]) {
      const code = await unknownCode(async () => {
        const reply = await signedReply("pay", inProcess());
        return new Response(await reply.text(), { status, headers: reply.headers });
      });
      expect(code).toBe(`http_${status}`);
    }
  });

  it("when it is not a result", async ({ expect }) => {
    for (const text of [
      "",
      "null",
      "[]",
      "<!DOCTYPE html><h1>Welcome</h1>",
      "{}",
      '{"result":null}',
      '{"result":{"resultStatus":"X","resultCode":"Y"}}',
      '{"result":{"resultStatus":"S"}}',
      '{"result":{"resultStatus":"S","resultCode":""}}',
      '{"result":{"resultStatus":"S","resultCode":1}}',
      '{"result":{"resultStatus":"S","resultCode":"SUCCESS"}',
    ]) {
      expect(await unknownCode(() => unsignedReply(text))).toBe("malformed_reply");
      expect(await unknownCode(() => signedReply("pay", text))).toBe("malformed_reply");
    }
    expect(await unknownCode(() => new Response(new Uint8Array([0xff, 0xfe, 0x7b])))).toBe(
      "malformed_reply",
    );
    expect(await unknownCode(() => unsignedReply(done(), 404))).toBe("malformed_reply");
    expect(await unknownCode(() => Response.redirect("https://elsewhere.example/", 302))).toBe(
      "malformed_reply",
    );
  });

  it("when it is not signed: fails closed", async ({ expect }) => {
    const paid = done({ paymentRequestId: order.paymentId, paymentId: "1" });
    expect(await unknownCode(() => unsignedReply(paid))).toBe("unsigned_reply");
    expect(await unknownCode(() => unsignedReply(inProcess()))).toBe("PAYMENT_IN_PROCESS");
    expect(await unknownCode(() => without("signature"))).toBe("PAYMENT_IN_PROCESS");
    expect(await unknownCode(() => without("client-id"))).toBe("reply_signature");
    expect(await unknownCode(() => without("response-time"))).toBe("reply_signature");
  });

  it("when the signature is not for these bytes, this path, this client, this time", async ({
    expect,
  }) => {
    const body = JSON.stringify(inProcess());
    const genuine = { target: `${API}pay`, time: String(NOW) };
    const send = async (
      signed: { target: string; time: string; clientId?: string },
      signedBody = body,
      headers: Record<string, string> = {},
    ) =>
      unknownCode(
        async () =>
          new Response(body, {
            headers: {
              "client-id": CLIENT_ID,
              "response-time": String(NOW),
              signature: headerOf(await signAsAntom(signed, signedBody)),
              ...headers,
            },
          }),
      );
    expect(await send(genuine)).toBe("ok");
    expect(await send(genuine, `${body} `)).toBe("reply_signature");
    expect(await send(genuine, body.replace("699", "700"))).toBe("reply_signature");
    expect(await send({ ...genuine, target: `${API}inquiryPayment` })).toBe("reply_signature");
    expect(await send({ ...genuine, target: "/ams/api/v1/payments/pay" })).toBe("reply_signature");
    expect(await send({ ...genuine, clientId: "SANDBOX_5X9" })).toBe("reply_signature");
    expect(await send({ ...genuine, time: String(NOW + 1) })).toBe("reply_signature");
    expect(await send(genuine, body, { "client-id": "SANDBOX_5X9" })).toBe("reply_signature");
    for (const signature of ["", "AAAA", "algorithm=RSA256,keyVersion=1,signature=AAAA"]) {
      expect(await send(genuine, body, { signature })).toBe("reply_signature");
    }
    const own = accountOf("merchant", {
      ...vectorCredentials,
      antom_public_key: vectors.merchant_public_b64,
    });
    const outcome = await charge(() => signedReply("pay", inProcess()), order, own);
    expect(outcome).toMatchObject({ kind: "unknown", error: { channelCode: "reply_signature" } });
  });
});

describe("result codes", () => {
  const { result_codes: codes } = vectors;

  it("each of the documented ones is in the table, once", ({ expect }) => {
    const listed = ANTOM_ERRORS.map(({ channelCode }) => channelCode);
    expect(listed.toSorted()).toEqual(Object.values(codes).flat().toSorted());
    expect(new Set(listed).size).toBe(listed.length);
    for (const { code, meaning } of antom.errors) {
      expect(ERRORS).toHaveProperty(code);
      expect(meaning).toMatch(/^[A-Z].*\.$/);
    }
  });

  it("that are refusals end it, that are not are asked again", ({ expect }) => {
    const undecided = new Set([
      ...codes.unknown,
      ...codes.try_again_later,
      // A request under this number is there; it may be ours.
      "REPEAT_REQ_INCONSISTENT",
    ]);
    for (const { channelCode, outcome, retryable } of ANTOM_ERRORS) {
      const open = undecided.has(channelCode);
      expect([channelCode, outcome, retryable]).toEqual([
        channelCode,
        open ? "unknown" : "rejected",
        open,
      ]);
    }
  });

  it("follow the status: U is never a refusal, F is one also with an unlisted code", ({
    expect,
  }) => {
    for (const code of [...Object.values(codes).flat(), "NEVER_SEEN"]) {
      expect(errorRow("U", code).outcome).toBe("unknown");
    }
    expect(errorRow("F", "NEVER_SEEN")).toMatchObject({
      code: "CHANNEL_REJECTED",
      outcome: "rejected",
      retryable: false,
    });
    expect(errorRow("F", "toString").outcome).toBe("rejected");
  });

  it("come through a signed reply with Antom's own words", async ({ expect }) => {
    expect(await charge(() => signedReply("pay", result("F", "RISK_REJECT")))).toEqual({
      kind: "rejected",
      error: {
        code: "PAYMENT_DECLINED",
        channelCode: "RISK_REJECT",
        message: "Risk control refused it.",
        channelMessage: "their words",
        retryable: false,
      },
    });
    for (const code of Object.values(codes).flat()) {
      const outcome = await charge(() => signedReply("pay", result("F", code)));
      expect([code, outcome.kind]).toEqual([code, errorRow("F", code).outcome]);
    }
    expect(await charge(() => signedReply("pay", result("U", "UNKNOWN_EXCEPTION")))).toMatchObject({
      kind: "unknown",
      error: { code: "CHANNEL_UNAVAILABLE" },
    });
  });

  it("without a signature count only where Antom did not know who asked yet", async ({
    expect,
  }) => {
    const scanned = chargeOrder({ method: "barcode", payer: { auth_code: "2812345678901234" } });
    for (const code of ["INVALID_CLIENT", "INVALID_SIGNATURE", "KEY_NOT_FOUND"]) {
      const forged = result("F", code, { secret: "x" });
      expect(await charge(() => unsignedReply(forged))).toMatchObject({
        kind: "rejected",
        error: { code: "CHANNEL_NOT_CONFIGURED", channelCode: code },
      });
      expect(await charge(() => unsignedReply(forged, 401))).toMatchObject({ kind: "rejected" });
      // Nobody's words are quoted.
      expect(await charge(() => unsignedReply(forged))).not.toHaveProperty("error.channelMessage");
      // A scanned code is paid by the call itself: a forger could hide that.
      expect((await charge(() => unsignedReply(forged), scanned)).kind).toBe("unknown");
      const io = ioWith(async () => unsignedReply(forged));
      expect((await antom.queryPayment(sentOrder(), account, io)).kind).toBe("unknown");
      expect((await antom.closePayment(sentOrder(), account, io)).kind).toBe("unknown");
      expect(await antom.selfCheck(account, io)).toMatchObject({ kind: "rejected" });
    }
    for (const code of ["RISK_REJECT", "ORDER_IS_CLOSED", "NEVER_SEEN", "PARAM_ILLEGAL"]) {
      expect((await charge(() => unsignedReply(result("F", code)))).kind).toBe("unknown");
    }
  });

  it("are logged as codes, and nothing else of a stranger's", async ({ expect }) => {
    const io = ioWith(async () => unsignedReply(result("F", "evil\u001b[31m code", { x: "y" })));
    await antom.createCharge(payloadOf(), order, account, io);
    expect(io.lines).toEqual([
      {
        level: "info",
        event: "antom_answer",
        fields: { operation: "pay", code: "malformed_code", authenticated: false },
      },
    ]);
  });
});

describe("the self-check", () => {
  it("passes by a signed 'no such order', and by nothing else", async ({ expect }) => {
    const check = (reply: () => Promise<Response> | Response) =>
      antom.selfCheck(
        account,
        ioWith(async () => reply()),
      );
    const absent = result("F", "ORDER_NOT_EXIST");
    expect((await check(() => signedReply("inquiryPayment", absent))).kind).toBe("ok");
    expect((await check(() => unsignedReply(absent))).kind).toBe("unknown");
    expect((await check(() => signedReply("inquiryPayment", done()))).kind).toBe("unknown");
    expect(
      await check(() => signedReply("inquiryPayment", result("F", "ACCESS_DENIED"))),
    ).toMatchObject({ kind: "rejected", error: { code: "CHANNEL_NOT_CONFIGURED" } });
  });
});
