/** The simulated banks: what they refuse, and that they read codes by themselves. */
import { describe, it } from "vitest";

import { promptpay } from "../../src/channels/promptpay/channel.ts";
import { paynow } from "../../src/channels/paynow/channel.ts";
import {
  checkDigits,
  finished,
  isWhole,
  object,
  readObjects,
  valueAt,
} from "../../src/channels/bank/sandbox/code.ts";
import { basic } from "../../src/channels/bank/sandbox/messages.ts";
import { payeeDigits, scbSettings } from "../../src/channels/bank/sandbox/accounts.ts";
import emvco from "../vectors/emvco-qr.json";
import { NOW } from "../channels/kit.ts";
import { worldOf } from "../channels/bank/kit.ts";

const { sandbox: bank } = promptpay;
const HOST = "https://promptpay.sandbox.invalid";
const REFERENCE = "01J9ZQ4C7N8M2X5V6K3W";
const PAYMENT = `pi_${REFERENCE.toLowerCase()}1t0ryb`;

async function simulation() {
  let now = NOW;
  const made = await worldOf(() => now);
  const biller = payeeDigits("promptpay", "ca_1", 15);
  const settings = scbSettings(made.keys, biller);
  const call = (method: string, path: string, init: RequestInit = {}) =>
    bank.handle(new Request(`${HOST}${path}`, { method, ...init }), made.world());
  const token = async (secret = settings["app_secret"] ?? "", key = settings["app_key"] ?? "") => {
    const reply = await call("POST", "/v1/oauth/token", {
      headers: { "content-type": "application/json", resourceOwnerId: key },
      body: JSON.stringify({ applicationKey: key, applicationSecret: secret }),
    });
    const body: { data?: { accessToken: string } } = await reply.json();
    return { status: reply.status, token: body.data?.accessToken ?? "" };
  };
  const inquire = async (
    of: string,
    changes: Record<string, string> = {},
    key = settings["app_key"] ?? "",
  ) => {
    const query = new URLSearchParams({
      eventCode: "00300100",
      transactionDate: "2026-11-21",
      billerId: biller,
      reference1: REFERENCE,
      ...changes,
    });
    const reply = await call("GET", `/v1/payment/billpayment/inquiry?${query.toString()}`, {
      headers: { authorization: `Bearer ${of}`, resourceOwnerId: key },
    });
    const body: { status: { code: number }; data?: unknown[] } = await reply.json();
    return { status: reply.status, code: body.status.code, data: body.data };
  };
  const code = finished([
    object("00", "01"),
    object(
      "30",
      [object("00", "A000000677010112"), object("01", biller), object("02", REFERENCE)].join(""),
    ),
    object("53", "764"),
    object("54", "6.99"),
    object("58", "TH"),
  ]);
  const open = () =>
    bank.open?.(
      {
        paymentId: PAYMENT,
        merchant: biller,
        currency: "THB",
        value: 699,
        notifyUrl: "https://gateway.example/cb",
        action: { type: "show_qr", data: code },
      },
      made.world(),
    );
  const pass = (ms: number) => {
    now += ms;
  };
  return { ...made, biller, settings, call, token, inquire, open, pass };
}

describe("codes", () => {
  it("are read without the library: every vector's check digits and objects", ({ expect }) => {
    const vectors = emvco.vectors.filter(({ crcTag }) => crcTag === "63");
    expect(vectors.length).toBeGreaterThan(40);
    for (const { payload, crc } of vectors) {
      const given = payload.slice(-4);
      expect(checkDigits(payload.slice(0, -4)), payload).toBe(given.toUpperCase());
      expect(given.toUpperCase()).toBe(crc.toUpperCase());
    }
    expect(checkDigits("123456789")).toBe("29B1");
  });

  it("that are broken are no codes", ({ expect }) => {
    expect(isWhole(finished([object("00", "01")]))).toBe(true);
    for (const text of ["", "6304", "0002016304ABCD", "000201"]) expect(isWhole(text)).toBe(false);
    expect(readObjects("0002")).toBeNull();
    expect(readObjects("000201000201")).toBeNull();
    expect(readObjects("0000")).toBeNull();
    expect(valueAt("0002010105hello", "01")).toBe("hello");
    expect(valueAt("0002010105hello", "01.02")).toBeNull();
  });
});

describe("SCB", () => {
  it("finds a payment on its day, by its whole reference, and nobody else's", async ({
    expect,
  }) => {
    const sim = await simulation();
    const { token } = await sim.token();
    await sim.open();
    expect(await sim.inquire(token)).toEqual({ status: 200, code: 1000, data: [] });
    sim.become(REFERENCE.slice(0, 15), "paid");
    const found = await sim.inquire(token);
    expect(found.data).toEqual([
      expect.objectContaining({
        billPaymentRef1: REFERENCE,
        amount: "6.99",
        currencyCode: "764",
        transactionDateandTime: "2026-11-21T07:00:00+07:00",
      }),
    ]);
    for (const other of [
      { transactionDate: "2026-11-20" },
      { reference1: REFERENCE.slice(0, 15) },
      { reference1: `X${REFERENCE.slice(1)}` },
    ]) {
      expect((await sim.inquire(token, other)).data).toEqual([]);
    }
    for (const wrong of [{ eventCode: "1" }, { transactionDate: "today" }, { reference1: "" }]) {
      expect((await sim.inquire(token, wrong)).status).toBe(400);
    }
  });

  it("refuses tokens that are old, forged, or of other credentials", async ({ expect }) => {
    const sim = await simulation();
    const { token } = await sim.token();
    expect((await sim.inquire(token)).status).toBe(200);
    expect((await sim.inquire(`${token}x`)).status).toBe(401);
    expect((await sim.inquire(token.replace(/\d{10}/, "9999999999"))).status).toBe(401);
    expect((await sim.inquire("")).status).toBe(401);
    expect((await sim.inquire(token, {}, "another")).status).toBe(401);
    const wrong = await sim.token("another-secret");
    expect((await sim.inquire(wrong.token)).status).toBe(401);
    expect((await sim.inquire(token, { billerId: "000000000000000" })).status).toBe(401);
    expect((await sim.token("", "")).status).toBe(401);
    sim.pass(1_800_000);
    expect((await sim.inquire(token)).status).toBe(401);
  });

  it("tells of payments only, in its own form", async ({ expect }) => {
    const sim = await simulation();
    await sim.open();
    const number = REFERENCE.slice(0, 15);
    expect(await bank.callback(sim.become(number, "open"), null, sim.world())).toBeNull();
    const request = await bank.callback(sim.become(number, "paid"), null, sim.world());
    expect(request?.headers.get("content-type")).toContain("application/json");
    expect(await request?.json()).toMatchObject({
      payeeProxyId: sim.biller,
      billPaymentRef1: REFERENCE,
      billPaymentRef3: "SBX",
      amount: "6.99",
      currencyCode: "764",
    });
  });

  it("does not answer calls that it has not", async ({ expect }) => {
    const sim = await simulation();
    expect((await sim.call("POST", "/v1/refund")).status).toBe(501);
    expect((await sim.call("DELETE", "/v1/oauth/token")).status).toBe(501);
    const broken = await sim.call("POST", "/v1/oauth/token", {
      headers: { "content-type": "application/json" },
      body: "{",
    });
    expect(broken.status).toBe(401);
  });
});

describe("the sandbox's own query", () => {
  it("answers whoever it has registered", async ({ expect }) => {
    const made = await worldOf();
    const { sandbox } = paynow;
    const own = {
      uen: "202612345K",
      bank: {
        profile: "generic_basic_query",
        username: "shop",
        password: "pass",
        api_url: "https://api.bank.com/payments",
      },
    };
    const registration = await sandbox.registration(own);
    if (registration === null) throw new Error("not registered");
    expect(registration).toEqual({
      merchant: "202612345K",
      entry: { publicKeys: {}, symmetricKey: null, secrets: own.bank },
    });
    made.registered.set(registration.merchant, registration.entry);
    const ask = async (authorization: string, payee = "202612345K") => {
      const url = `${sandbox.endpoints[0]}/?payee=${payee}&reference=${REFERENCE}`;
      const reply = await sandbox.handle(
        new Request(url, { headers: { authorization } }),
        made.world(),
      );
      return [reply.status, await reply.json()];
    };
    expect(await ask(basic("shop", "pass"))).toEqual([200, { payments: [] }]);
    for (const wrong of [basic("shop", "x"), basic("x", "pass"), "", "Bearer x"]) {
      expect((await ask(wrong))[0]).toBe(401);
    }
    expect((await ask(basic("shop", "pass"), "202612346K"))[0]).toBe(401);
    expect(await sandbox.registration({})).toBeNull();
    expect(await sandbox.registration({ bank: { profile: "x" } })).toBeNull();
  });
});
