/** Notices: the published one, every kind, and what must be refused. */
import { describe, it } from "vitest";

import { antom } from "../../../src/channels/antom/adapter.ts";
import type { CallbackVerdict, RawCallback } from "../../../src/channels/adapter.ts";
import { utf8 } from "../../../src/crypto/encoding.ts";
import { NOW, sentOrder } from "../kit.ts";
import {
  account,
  accountOf,
  CALLBACK_PATH,
  CLIENT_ID,
  done,
  headerOf,
  ioWith,
  notice,
  result,
  scripted,
  signAsAntom,
  vectorCredentials,
  vectors,
} from "./kit.ts";

const silent = () => ioWith(() => Promise.reject(new Error("a notice needs no call")));

const verify = (callback: RawCallback, at = account, io = silent()): Promise<CallbackVerdict> =>
  antom.verifyCallback(callback, at, io);

const PAYMENT = "pi_00000000000000000000000001";
const NUMBER = "20260527194010890100111300000000001";

const payment = (changes: object = {}) => ({
  notifyType: "PAYMENT_RESULT",
  ...done(),
  paymentRequestId: PAYMENT,
  paymentId: NUMBER,
  paymentAmount: { currency: "CNY", value: "699" },
  paymentCreateTime: "2026-11-21T08:00:00+08:00",
  paymentTime: "2026-11-21T08:00:02+08:00",
  ...changes,
});

const REFUND = "re_0000000000000000000000000101";

const refund = (changes: object = {}) => ({
  notifyType: "REFUND_RESULT",
  ...done(),
  refundStatus: "SUCCESS",
  refundRequestId: REFUND,
  refundId: "20261121194010800100111300000000009",
  paymentId: NUMBER,
  refundAmount: { currency: "CNY", value: "300" },
  refundTime: "2026-11-21T08:01:02+08:00",
  ...changes,
});

const paidReport = {
  paymentId: PAYMENT,
  state: "paid",
  amount: { currency: "CNY", value: 699 },
  channelTransactionId: NUMBER,
  paidAt: Date.UTC(2026, 10, 21, 0, 0, 2),
  channelStatus: "SUCCESS",
};

describe("the published notice", () => {
  const { path, clientId, requestTime, body, header } = vectors.notify;
  const callback = (changes: Partial<RawCallback> = {}): RawCallback => ({
    method: "POST",
    target: path,
    headers: new Headers({ "client-id": clientId, "request-time": requestTime, signature: header }),
    body: utf8(body),
    ...changes,
  });

  it("is accepted, and a replay of it says the same", async ({ expect }) => {
    const verdict = {
      kind: "reports",
      notificationId: "PAYMENT_RESULT:REQ_1685599933871:S",
      reports: [
        {
          paymentId: "REQ_1685599933871",
          state: "paid",
          amount: { currency: "CNY", value: 100 },
          channelTransactionId: "20260527194010890100111300000000001",
          paidAt: Date.parse("2026-05-27T01:02:01-07:00"),
          channelStatus: "SUCCESS",
        },
      ],
    };
    expect(await verify(callback())).toEqual(verdict);
    expect(await verify(callback())).toEqual(verdict);
  });

  it("is refused at any other path or query: it is bound to our address", async ({ expect }) => {
    for (const target of [
      "/cb/antom/acct_1",
      "/cb/antom/acct_1?x=2",
      "/cb/antom/acct_1?x=1&y=2",
      "/cb/antom/acct_2?x=1",
      "/cb/antom/acct_1/?x=1",
      "",
    ]) {
      expect(await verify(callback({ target }))).toMatchObject({ kind: "refused" });
    }
    expect(await verify(callback({ method: "GET" }))).toMatchObject({ kind: "refused" });
  });

  it("acknowledges in the published words", ({ expect }) => {
    expect(antom.acknowledge.accepted()).toEqual({
      status: 200,
      body: vectors.ack,
      contentType: "application/json; charset=UTF-8",
    });
    const refused = antom.acknowledge.refused("who knows why");
    expect(refused.status).toBe(400);
    expect(refused.body).not.toContain("who knows");
    expect(JSON.parse(refused.body)).toMatchObject({ result: { resultStatus: "F" } });
  });
});

describe("the result of a payment", () => {
  it("is paid by S, failed by F, and nothing by anything else", async ({ expect }) => {
    expect(await verify(await notice(payment()))).toEqual({
      kind: "reports",
      notificationId: `PAYMENT_RESULT:${PAYMENT}:S`,
      reports: [paidReport],
    });
    const failed = { ...paidReport, paidAt: null };
    for (const [code, state] of [
      ["RISK_REJECT", "failed"],
      ["USER_BALANCE_NOT_ENOUGH", "failed"],
      ["NEVER_SEEN", "failed"],
      ["ORDER_IS_CLOSED", "closed"],
      ["ORDER_IS_CANCELED", "closed"],
    ]) {
      const body = payment(result("F", code ?? ""));
      expect(await verify(await notice(body))).toEqual({
        kind: "reports",
        notificationId: `PAYMENT_RESULT:${PAYMENT}:F`,
        reports: [{ ...failed, state, channelStatus: code }],
      });
    }
    for (const other of [result("U", "PAYMENT_IN_PROCESS"), { result: null }, { result: "S" }]) {
      expect(await verify(await notice(payment(other)))).toMatchObject({ kind: "ignored" });
    }
  });

  it("is refused without what it must hold", async ({ expect }) => {
    for (const changes of [
      { paymentRequestId: undefined },
      { paymentRequestId: "" },
      { paymentRequestId: ["pi"] },
      { paymentRequestId: "x".repeat(65) },
      { paymentAmount: undefined },
      { paymentAmount: { currency: "CNY", value: 699 } },
      { paymentAmount: { currency: "CNY", value: "6.99" } },
      { paymentAmount: { value: "699" } },
      { paymentId: undefined },
      { paymentId: "a/b" },
    ]) {
      expect(await verify(await notice(payment(changes)))).toMatchObject({ kind: "refused" });
    }
  });

  it("passes another amount on: the heart compares it", async ({ expect }) => {
    const body = payment({ paymentAmount: { currency: "JPY", value: "1" } });
    expect(await verify(await notice(body))).toMatchObject({
      reports: [{ amount: { currency: "JPY", value: 1 } }],
    });
  });
});

describe("a success after a cancel", () => {
  const sent = sentOrder(PAYMENT, { channelTransactionId: NUMBER });
  const standing = (paymentStatus: string, fields: object = {}) =>
    done({
      paymentRequestId: PAYMENT,
      paymentId: NUMBER,
      paymentAmount: { currency: "CNY", value: "699" },
      paymentStatus,
      ...fields,
    });

  /** The payment is cancelled, then the notice of its success comes. */
  async function late(then: unknown) {
    const io = scripted({
      inquiryPayment: [standing("PROCESSING"), then],
      cancel: done({ paymentId: NUMBER }),
    });
    await antom.closePayment(sent, account, io);
    const verdict = await verify(await notice(payment()), account, io);
    return { verdict, asked: io.asked };
  }

  it("stays cancelled: the money went back", async ({ expect }) => {
    const { verdict, asked } = await late(
      standing("CANCELLED", { paymentTime: "2026-11-21T08:00:02+08:00" }),
    );
    expect(verdict).toMatchObject({ kind: "reports", reports: [{ state: "reversed" }] });
    expect(asked).toEqual(["inquiryPayment", "cancel", "inquiryPayment"]);
  });

  it("is believed when an inquiry confirms it", async ({ expect }) => {
    const { verdict } = await late(
      standing("SUCCESS", { paymentTime: "2026-11-21T08:00:02+08:00" }),
    );
    expect(verdict).toMatchObject({
      kind: "reports",
      reports: [paidReport].map(() => ({ state: "paid" })),
    });
  });

  it("is not acknowledged while nobody knows, so that it comes again", async ({ expect }) => {
    for (const then of [
      standing("PROCESSING"),
      result("F", "ORDER_NOT_EXIST"),
      result("U", "UNKNOWN_EXCEPTION"),
      standing("SUCCESS", { paymentId: "2026112199" }),
    ]) {
      expect((await late(then)).verdict).toMatchObject({ kind: "refused" });
    }
  });

  it("costs a payment that nobody cancelled no call", async ({ expect }) => {
    const io = scripted({});
    expect(await verify(await notice(payment()), account, io)).toMatchObject({ kind: "reports" });
    expect(io.asked).toEqual([]);
  });
});

describe("the result of a refund", () => {
  const report = {
    refundId: REFUND,
    state: "succeeded",
    amount: { currency: "CNY", value: 300 },
    channelRefundId: "20261121194010800100111300000000009",
    refundedAt: Date.UTC(2026, 10, 21, 0, 1, 2),
    channelStatus: "SUCCESS",
  };

  it("is told by refundStatus; S beside it only says that it was accepted", async ({ expect }) => {
    expect(await verify(await notice(refund()))).toEqual({
      kind: "reports",
      notificationId: `REFUND_RESULT:${REFUND}:SUCCESS`,
      reports: [],
      refunds: [report],
    });
    expect(await verify(await notice(refund({ refundStatus: "FAIL" })))).toMatchObject({
      refunds: [{ ...report, state: "failed", refundedAt: null, channelStatus: "FAIL" }],
    });
    for (const refundStatus of [undefined, "PROCESSING", "S", "toString"]) {
      const verdict = await verify(await notice(refund({ refundStatus })));
      expect(verdict).toMatchObject({ kind: "ignored" });
    }
  });

  it("is refused without its number or its amount", async ({ expect }) => {
    for (const changes of [
      { refundRequestId: undefined },
      { refundRequestId: 1 },
      { refundAmount: undefined },
      { refundAmount: { currency: "CNY", value: "three" } },
    ]) {
      expect(await verify(await notice(refund(changes)))).toMatchObject({ kind: "refused" });
    }
  });
});

describe("other notices", () => {
  it("are acknowledged and change nothing", async ({ expect }) => {
    for (const body of [
      payment({ notifyType: "PAYMENT_PENDING" }),
      payment({ notifyType: "CAPTURE_RESULT" }),
      payment({ notifyType: "NEVER_SEEN" }),
      payment({ notifyType: undefined }),
      payment({ notifyType: ["PAYMENT_RESULT"] }),
      { authorizationNotifyType: "TOKEN_CANCELED", accessToken: "x" },
      { disputeNotificationType: "DISPUTE_CREATED" },
      {},
    ]) {
      expect(await verify(await notice(body))).toMatchObject({ kind: "ignored" });
    }
  });
});

describe("refused", () => {
  const genuine = JSON.stringify(payment());

  it("a changed body, whatever was changed", async ({ expect }) => {
    for (const body of [
      genuine.replace("699", "1"),
      genuine.replace("CNY", "USD"),
      genuine.replace(PAYMENT, "pi_00000000000000000000000002"),
      `${genuine} `,
      genuine.slice(0, -1),
      "",
    ]) {
      expect(await verify(await notice(genuine, { body }))).toEqual({
        kind: "refused",
        reason: "the signature does not verify",
      });
    }
  });

  it("a missing or foreign header", async ({ expect }) => {
    for (const headers of [
      { signature: null },
      { signature: "" },
      { signature: "algorithm=RSA256,keyVersion=1,signature=AAAA" },
      { signature: "x".repeat(10_000) },
      { "request-time": null },
      { "request-time": String(NOW) },
      { "request-time": "soon" },
      { "client-id": null },
      { "client-id": "SANDBOX_5X9" },
    ]) {
      expect(await verify(await notice(genuine, { headers }))).toMatchObject({ kind: "refused" });
    }
    const algorithm = headerOf("AAAA").replace("RSA256", "HMAC");
    const named = await notice(genuine, { headers: { signature: algorithm } });
    expect(await verify(named)).toMatchObject({ kind: "refused" });
  });

  it("a notice for another account, though it is genuine there", async ({ expect }) => {
    const other = `${CALLBACK_PATH.slice(0, -1)}c`;
    expect(await verify(await notice(genuine, { signedTarget: other }))).toMatchObject({
      kind: "refused",
    });
    const foreign = await notice(genuine, { clientId: "SANDBOX_5X9" });
    expect(await verify(foreign)).toMatchObject({ reason: "client-id is not this account's" });
    // Signed for another client, shown with our name.
    const renamed = await notice(genuine, {
      clientId: "SANDBOX_5X9",
      headers: { "client-id": CLIENT_ID },
    });
    expect(await verify(renamed)).toMatchObject({ reason: "the signature does not verify" });
  });

  it("a signature of anybody else, the merchant's own key included", async ({ expect }) => {
    const mixedUp = accountOf("merchant", {
      ...vectorCredentials,
      antom_public_key: vectors.merchant_public_b64,
    });
    expect(await verify(await notice(genuine), mixedUp)).toMatchObject({ kind: "refused" });
  });

  it("what is signed and still no notice", async ({ expect }) => {
    for (const body of ["", "null", "[]", "1", '"x"', "{", "<xml/>"]) {
      expect(await verify(await notice(body))).toEqual({
        kind: "refused",
        reason: "the body is not a JSON object",
      });
    }
    const bytes = await notice("{}");
    const cut: RawCallback = { ...bytes, body: new Uint8Array([0xff, 0x7b, 0x7d]) };
    expect(await verify(cut)).toMatchObject({ kind: "refused" });
  });

  it("a body whose head was pushed into the time", async ({ expect }) => {
    // The signed text is time.body: moving the dot's place would give another body.
    const text = `{"pad":"1.${genuine}`;
    const signature = await signAsAntom({ target: CALLBACK_PATH }, text);
    const forged = await notice(genuine, {
      headers: { signature: headerOf(signature), "request-time": `${NOW}.{"pad":"1` },
    });
    expect(await verify(forged)).toMatchObject({ kind: "refused" });
  });

  it("nothing for its size: a huge one is read to its end", async ({ expect }) => {
    const huge = payment({ metadata: "x".repeat(200_000) });
    expect(await verify(await notice(huge))).toMatchObject({ kind: "reports" });
    const deep = `{"notifyType":"PAYMENT_RESULT","x":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
    expect(["refused", "ignored"]).toContain((await verify(await notice(deep))).kind);
  });
});

describe("changing keys", () => {
  it("keeps notices of the older version valid, each under its own client", async ({ expect }) => {
    const renewed = {
      client_id: "SANDBOX_5XNEW",
      private_key: vectors.merchant_private_pkcs8_b64,
      antom_public_key: vectors.merchant_public_b64,
    };
    const at = accountOf("merchant", renewed, vectorCredentials);
    expect(await verify(await notice(payment()), at)).toMatchObject({ kind: "reports" });
    // The old client's key does not speak for the new client.
    const crossed = await notice(payment(), { clientId: "SANDBOX_5XNEW" });
    expect(await verify(crossed, at)).toMatchObject({ kind: "refused" });
  });
});
