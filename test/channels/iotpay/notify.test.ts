/** IOTPay's notifications: every way they are said to come, and every way to forge one. */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import type { CallbackVerdict, RawCallback } from "../../../src/channels/adapter.ts";
import { iotpay } from "../../../src/channels/iotpay/adapter.ts";
import { signatureOf } from "../../../src/channels/iotpay/signing.ts";
import vectors from "../../vectors/iotpay.json";
import { NOW, rawCallback } from "../kit.ts";
import {
  accountOf,
  charge,
  credentials,
  ioWith,
  KEY,
  order,
  signByHand,
  simulation,
} from "./kit.ts";

type Fields = Record<string, string>;

const ID = "pi_00000000000000000000000001";

const fields = (changes: Fields = {}): Fields => ({
  ...vectors.notify.fields,
  mchOrderNo: ID,
  subject: "AI summary",
  body: "AI summary",
  ...changes,
});

const withSign = (members: Fields, key = KEY): Fields => ({
  ...members,
  sign: signByHand(members, key),
});

const TARGET = "/v1/callbacks/iotpay/ca_00000000000000000000000001";
const encode = (text: string) => new TextEncoder().encode(text);
const form = (members: Fields) => new URLSearchParams(members).toString();

const callback = (body: string | Uint8Array, target = TARGET): RawCallback => ({
  method: "POST",
  target,
  headers: new Headers(),
  body: typeof body === "string" ? encode(body) : body,
});

const nowhere = ioWith(() => Promise.reject(new Error("nothing is fetched for a notification")));

const verify = (raw: RawCallback, account = accountOf()) =>
  iotpay.verifyCallback(raw, account, nowhere);

const PAID = {
  kind: "reports",
  notificationId: "W020170427210604000490",
  reports: [
    {
      paymentId: ID,
      state: "paid",
      amount: { currency: "CAD", value: 100 },
      channelTransactionId: "W020170427210604000490",
      paidAt: 1493298364000,
      channelStatus: "2",
    },
  ],
} as const satisfies CallbackVerdict;

describe("a notification", () => {
  it("is read from the query, a form, JSON and its wrapper, and from several at once", async ({
    expect,
  }) => {
    const signed = withSign(fields());
    const { sign, ...rest } = signed;
    const asNumbers = { ...signed, amount: 100, status: 2, paySuccTime: 1493298364000 };
    const cases: RawCallback[] = [
      callback(form(signed)),
      callback("", `${TARGET}?${form(signed)}`),
      callback(form({ sign: sign ?? "" }), `${TARGET}?${form(rest)}`),
      callback(JSON.stringify(asNumbers)),
      callback(JSON.stringify({ params: JSON.stringify(asNumbers) })),
      callback(form({ params: JSON.stringify(signed) })),
      callback(` ${JSON.stringify(asNumbers)}\n`),
      // A query that says otherwise is overruled by the body.
      callback(form(signed), `${TARGET}?amount=1&mchId=10000999`),
    ];
    for (const raw of cases) expect(await verify(raw)).toEqual(PAID);
  });

  it("may be signed over the documented fields or over all, in either sort, in either case", async ({
    expect,
  }) => {
    const base = fields();
    expect(await verify(callback(form({ ...withSign(base), added: "later" })))).toEqual(PAID);
    expect(await verify(callback(form(withSign({ ...base, added: "later" }))))).toEqual(PAID);
    const entries = Object.entries({ ...base, payType: "pay", payerName: "Ann" });
    const sign = signatureOf(entries, KEY, "ignoring_case");
    expect(sign).not.toBe(signatureOf(entries, KEY));
    expect(await verify(callback(form({ ...Object.fromEntries(entries), sign })))).toEqual(PAID);
    const lower = { ...base, sign: signByHand(base).toLowerCase() };
    expect(await verify(callback(form(lower)))).toEqual(PAID);
  });

  it("may come under the key before the last", async ({ expect }) => {
    const older = { ...credentials, merchant_key: "the_key_before_0123456789" };
    const raw = callback(form(withSign(fields(), older.merchant_key)));
    expect(await verify(raw)).toMatchObject({ kind: "refused" });
    expect(await verify(raw, accountOf(credentials, older))).toEqual(PAID);
  });

  it("counts status 3, which only means that we acknowledged before", async ({ expect }) => {
    expect(await verify(callback(form(withSign(fields({ status: "3" })))))).toMatchObject({
      kind: "reports",
      reports: [{ state: "paid", channelStatus: "3" }],
    });
  });
});

describe("a forgery", () => {
  it("that changes any believed field is refused", async ({ expect }) => {
    const signed = withSign(fields());
    for (const [name, value] of Object.entries({
      mchOrderNo: "pi_00000000000000000000000002",
      payOrderId: "W2",
      amount: "1",
      currency: "USD",
      status: "3",
      paySuccTime: "1",
      mchId: "10000702",
      sign: "0".repeat(32),
    })) {
      const verdict = await verify(callback(form({ ...signed, [name]: value })));
      expect(verdict, name).toMatchObject({ kind: "refused" });
    }
  });

  it.for([
    ["without a signature", form(fields())],
    ["with an empty signature", form({ ...fields(), sign: "" })],
    ["for another merchant", form(withSign(fields({ mchId: "10000999" })))],
    ["under another key", form(withSign(fields(), "another_key_0123456789"))],
    ["with a field twice", `${form(withSign(fields()))}&amount=1`],
    ["without an order", form(withSign(fields({ mchOrderNo: "" })))],
    ["with an order that is no id", form(withSign(fields({ mchOrderNo: "a b" })))],
    ["without IOTPay's number", form(withSign(fields({ payOrderId: "" })))],
    ["with a fraction", form(withSign(fields({ amount: "1.5" })))],
    ["with a negative amount", form(withSign(fields({ amount: "-100" })))],
    ["with an amount in words", form(withSign(fields({ amount: "1e2" })))],
    ["without a currency", form(withSign(fields({ currency: "" })))],
    ["about an unpaid order", form(withSign(fields({ status: "1" })))],
    ["about a state that there is not", form(withSign(fields({ status: "7" })))],
    ["that is empty", ""],
    ["that is a list", "[]"],
    ["that is broken JSON", '{"mchId":'],
    ["whose wrapper is broken", form({ params: "{" })],
    [
      "with a thousand fields",
      form(Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`f${i}`, "x"]))),
    ],
  ] as const)("%s is refused", async ([, body], { expect }) => {
    expect(await verify(callback(body))).toMatchObject({ kind: "refused" });
  });

  it("that is not text is refused", async ({ expect }) => {
    expect(await verify(callback(Uint8Array.of(0xff, 0xfe, 0x00)))).toMatchObject({
      kind: "refused",
    });
  });

  it("cut out of an authentic notice for another order is refused", async ({ expect }) => {
    // An order whose text holds fields, with the end of the notice swallowed by another text.
    const authentic = fields({
      body: `x&channelId=WX_NATIVE&currency=CAD&mchId=10000701&mchOrderNo=${ID}&payOrderId=W1&paySuccTime=1&status=2&subject=`,
      mchOrderNo: "pi_00000000000000000000000009",
    });
    const sign = signByHand(authentic);
    expect(await verify(callback(form({ ...authentic, sign })))).toMatchObject({ kind: "refused" });
    const { amount = "", backType = "" } = authentic;
    const rest = Object.keys(authentic)
      .filter(
        (name) => !["amount", "backType", "body", "sign"].includes(name) && authentic[name] !== "",
      )
      .toSorted()
      .map((name) => `${name}=${authentic[name]}`)
      .join("&");
    const cut = {
      amount,
      backType,
      body: "x",
      channelId: "WX_NATIVE",
      currency: "CAD",
      mchId: "10000701",
      mchOrderNo: ID,
      payOrderId: "W1",
      paySuccTime: "1",
      status: "2",
      subject: `&${rest}`,
    };
    // The signature does fit: it is the reading that is not believed.
    expect(signByHand(cut)).toBe(sign);
    expect(await verify(callback(form({ ...cut, sign })))).toMatchObject({
      kind: "refused",
      reason: "a value looks like several fields",
    });
  });

  it("of any kind never passes and never throws", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ maxLength: 400 }),
        fc.string({ maxLength: 100 }),
        async (body, query) => {
          const verdict = await verify(callback(body, `${TARGET}?${query}`));
          expect(verdict.kind).toBe("refused");
        },
      ),
    );
  });
});

describe("the answer", () => {
  it("is the plain word that stops the repeats, and tells a forger nothing", ({ expect }) => {
    expect(iotpay.acknowledge.accepted()).toMatchObject({ status: 200, body: "success" });
    const refusal = iotpay.acknowledge.refused("the signature does not verify");
    expect(refusal.status).toBe(400);
    expect(refusal.body).not.toContain("signature");
  });
});

describe("the sandbox's notifications", () => {
  it("are believed when they are true and refused when they are spoiled", async ({ expect }) => {
    const sim = await simulation();
    const made = order();
    await charge(sim, made);
    const paid = sim.become(made.paymentId, "paid");
    const notice = async (flaw: Parameters<typeof sim.sandbox.callback>[1]) => {
      const request = await sim.sandbox.callback(paid, flaw, sim.world);
      if (request === null) throw new Error("no notification");
      return verify(await rawCallback(request), sim.account);
    };
    expect(await notice(null)).toMatchObject({
      kind: "reports",
      reports: [{ paymentId: made.paymentId, amount: made.amount, paidAt: NOW }],
    });
    expect(await notice("wrong_signature")).toMatchObject({ kind: "refused" });
    expect(await notice("sign_test_probe")).toMatchObject({ kind: "refused" });
    // Well signed: that the amount is not the order's is for the payment to see.
    expect(await notice("wrong_amount")).toMatchObject({
      reports: [{ amount: { currency: "CAD", value: 2857 } }],
    });
    expect(
      await verify(
        await rawCallback(new Request("https://gw.example/x", { method: "POST", body: "" })),
      ),
    ).toMatchObject({ kind: "refused" });
  });

  it("are not sent for scanned codes", async ({ expect }) => {
    const sim = await simulation();
    const made = order({ method: "barcode", payer: { auth_code: "130000000000000001" } });
    await charge(sim, made);
    const paid = sim.become(made.paymentId, "paid");
    expect(await sim.sandbox.callback(paid, null, sim.world)).toBeNull();
  });

  it("stop at the word success, in either case", ({ expect }) => {
    const acknowledged = (status: number, body: string) =>
      simulationSandbox.acknowledged(status, body);
    expect(acknowledged(200, "success")).toBe(true);
    expect(acknowledged(200, "SUCCESS\n")).toBe(true);
    expect(acknowledged(200, "ok")).toBe(false);
    expect(acknowledged(400, "success")).toBe(false);
  });
});

const { sandbox: simulationSandbox } = await simulation();
