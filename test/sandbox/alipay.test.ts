/**
 * The simulated Alipay by itself: requests are made here by hand, as its manual describes them, so
 * that it is not only tested with the adapter it is meant to test.
 */
import { describe, it } from "vitest";

import { fromBase64 } from "../../src/crypto/encoding.ts";
import { readPrivateKey, readPublicKey, toPem } from "../../src/crypto/pem.ts";
import {
  importSigningKey,
  importVerifyingKey,
  signSha256,
  verifySha256,
} from "../../src/crypto/rsa.ts";
import { readCertificate } from "../../src/crypto/x509.ts";
import { alipaySandbox } from "../../src/channels/alipay/sandbox/channel.ts";
import {
  appIdOf,
  platformCertificate,
  platformSerial,
} from "../../src/channels/alipay/sandbox/identity.ts";
import type { SandboxOrderRecord } from "../../src/sandbox/simulator.ts";
import {
  newPaymentId,
  newPems,
  NOTIFY_URL,
  NOW,
  openapi,
  simulation,
  vectorCertificates,
  vectorCredentials,
  vectorKeys,
} from "../channels/alipay/kit.ts";

type Sim = Awaited<ReturnType<typeof simulation>>;

const ACCOUNT = "ca_00000000000000000000000001";
const APP_ID = appIdOf(ACCOUNT);
const GATEWAY = "https://alipay.sandbox.invalid/gateway.do";

const read = <T>(result: { ok: true; value: T } | { ok: false; error: string }): T => {
  if (!result.ok) throw new Error(result.error);
  return result.value;
};

const sign = async (privateKey: string, params: Record<string, string>): Promise<string> => {
  const text = Object.keys(params)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => `${name}=${params[name] ?? ""}`)
    .join("&");
  return signSha256(await importSigningKey(read(readPrivateKey(privateKey))), text);
};

interface Call {
  readonly method?: string;
  readonly biz?: unknown;
  /** Public parameters that differ; undefined leaves one out. */
  readonly params?: Readonly<Record<string, string | undefined>>;
  readonly privateKey?: string;
  readonly sign?: string;
  readonly tail?: string;
}

async function call(sim: Sim, options: Call): Promise<Response> {
  const all: Record<string, string | undefined> = {
    app_id: APP_ID,
    method: options.method ?? "alipay.trade.query",
    charset: "utf-8",
    sign_type: "RSA2",
    timestamp: "2026-05-27 09:30:00",
    version: "1.0",
    biz_content:
      typeof options.biz === "string"
        ? options.biz
        : JSON.stringify(options.biz ?? { out_trade_no: "x" }),
    ...options.params,
  };
  const params = Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const signature =
    options.sign ?? (await sign(options.privateKey ?? sim.keys.merchantPrivateKey, params));
  const { biz_content = "", ...query } = params;
  const search = new URLSearchParams({
    ...query,
    ...(signature === "" ? {} : { sign: signature }),
  });
  return sim.fetch(
    new Request(`${GATEWAY}?${search.toString()}${options.tail ?? ""}`, {
      method: "POST",
      body: new URLSearchParams({ biz_content }).toString(),
    }),
  );
}

const nodeOf = async (response: Response): Promise<Record<string, unknown>> => {
  const body: Record<string, Record<string, unknown>> = JSON.parse(await response.text());
  const name = Object.keys(body).find((key) => key.endsWith("_response"));
  return body[name ?? ""] ?? {};
};

const ask = async (sim: Sim, options: Call) => nodeOf(await call(sim, options));

const biz = (id: string, changes: object = {}) => ({
  out_trade_no: id,
  total_amount: "6.99",
  subject: "AI summary",
  ...changes,
});

const precreate = (sim: Sim, content: unknown, params: Call["params"] = {}) =>
  ask(sim, {
    method: "alipay.trade.precreate",
    biz: content,
    params: { notify_url: NOTIFY_URL, ...params },
  });

describe("who may call", () => {
  it("misses each required parameter by name, without a signature", async ({ expect }) => {
    const sim = await simulation();
    for (const [name, subCode] of [
      ["method", "isv.missing-method"],
      ["app_id", "isv.missing-app-id"],
      ["sign_type", "isv.missing-signature-type"],
      ["timestamp", "isv.missing-timestamp"],
      ["version", "isv.missing-version"],
    ] as const) {
      for (const value of [undefined, ""]) {
        const response = await call(sim, { params: { [name]: value } });
        const text = await response.clone().text();
        expect(await nodeOf(response)).toMatchObject({ code: "40001", sub_code: subCode });
        expect(text).not.toContain('"sign":');
      }
    }
    expect(await ask(sim, { sign: "" })).toMatchObject({ sub_code: "isv.missing-signature" });
  });

  it("refuses wrong signatures, algorithms, character sets, versions and formats", async ({
    expect,
  }) => {
    const sim = await simulation();
    const other = await newPems();
    const cases: [Call, string][] = [
      [{ privateKey: other.privateKey }, "isv.invalid-signature"],
      [{ sign: "AAAA" }, "isv.invalid-signature"],
      [{ sign: "%%%" }, "isv.invalid-signature"],
      [{ params: { sign_type: "RSA" } }, "isv.invalid-signature-type"],
      [{ params: { charset: "gbk" } }, "isv.invalid-charset"],
      [{ params: { charset: undefined } }, "isv.invalid-charset"],
      [{ params: { version: "2.0" } }, "isv.invalid-parameter"],
      [{ params: { format: "XML" } }, "isv.invalid-format"],
      [{ params: { app_id: "2021000123456789" } }, "isv.invalid-app-id"],
      [{ params: { app_id: APP_ID.slice(0, -1) + "x" } }, "isv.invalid-app-id"],
      [{ params: { method: "alipay.trade.unheard" } }, "isv.invalid-method"],
      [{ params: { method: "toString" } }, "isv.invalid-method"],
      [{ tail: "&app_id=1" }, "isv.invalid-parameter"],
    ];
    for (const [options, subCode] of cases) {
      expect(await ask(sim, options)).toMatchObject({ code: "40002", sub_code: subCode });
    }
    expect(await ask(sim, {})).toMatchObject({ sub_code: "ACQ.TRADE_NOT_EXIST" });
  });

  it("signs sign_type: a signature without it does not verify", async ({ expect }) => {
    const sim = await simulation();
    const params = {
      app_id: APP_ID,
      method: "alipay.trade.query",
      charset: "utf-8",
      timestamp: "2026-05-27 09:30:00",
      version: "1.0",
      biz_content: '{"out_trade_no":"x"}',
    };
    const without = await sign(sim.keys.merchantPrivateKey, params);
    expect(await ask(sim, { sign: without })).toMatchObject({ sub_code: "isv.invalid-signature" });
  });

  it("wants Chinese time: a UTC clock is 8 hours off", async ({ expect }) => {
    const sim = await simulation();
    for (const [timestamp, fine] of [
      ["2026-05-27 09:30:00", true],
      ["2026-05-27 09:44:59", true],
      ["2026-05-27 09:15:01", true],
      ["2026-05-27 01:30:00", false],
      ["2026-05-27 09:50:00", false],
      ["2026-05-27T09:30:00", false],
      ["1779845400", false],
    ] as const) {
      const node = await ask(sim, { params: { timestamp } });
      expect(node["sub_code"]).toBe(fine ? "ACQ.TRADE_NOT_EXIST" : "isv.invalid-timestamp");
    }
  });

  it("is only there at gateway.do, by POST", async ({ expect }) => {
    const sim = await simulation();
    const get = await sim.fetch(new Request(GATEWAY));
    const elsewhere = await sim.fetch(
      new Request("https://alipay.sandbox.invalid/v3/x", { method: "POST" }),
    );
    expect([get.status, elsewhere.status]).toEqual([404, 404]);
  });
});

describe("replies", () => {
  it("escape slashes, sign the escaped text, and call themselves HTML", async ({ expect }) => {
    const sim = await simulation();
    const id = newPaymentId();
    const response = await call(sim, { method: "alipay.trade.precreate", biz: biz(id) });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html;charset=utf-8");
    expect(response.headers.get("trace_id")).toMatch(/^[0-9a-f]{32}$/);
    const text = await response.text();
    const match = /^\{"alipay_trade_precreate_response":(\{.*\}),"sign":"([^"]+)"\}$/.exec(text);
    expect(match?.[1]).toContain('"https:\\/\\/qr.alipay.com\\/bax');
    const key = await importVerifyingKey(read(readPublicKey(sim.keys.platformPublicKey)));
    expect(await verifySha256(key, match?.[1] ?? "", match?.[2] ?? "")).toBe(true);
  });
});

describe("precreate", () => {
  it("gives the same code for the same order, and another for another merchant's", async ({
    expect,
  }) => {
    const sim = await simulation();
    const id = newPaymentId();
    const first = await precreate(sim, biz(id));
    expect(first).toMatchObject({ code: "10000", msg: "Success", out_trade_no: id });
    expect(first["qr_code"]).toMatch(/^https:\/\/qr\.alipay\.com\/bax[0-9a-z]+$/);
    expect(await precreate(sim, biz(id))).toEqual(first);
    const theirs = await precreate(sim, biz(id), { app_id: appIdOf("ca_other") });
    expect(theirs["qr_code"]).not.toBe(first["qr_code"]);
    expect(sim.rows.size).toBe(2);
  });

  it("keeps what was asked", async ({ expect }) => {
    const sim = await simulation();
    const id = newPaymentId();
    await precreate(sim, biz(id, { qr_code_timeout_express: "15m" }));
    expect([...sim.rows.values()]).toEqual([
      expect.objectContaining({
        channel: "alipay",
        merchant: APP_ID,
        orderNumber: id,
        currency: "CNY",
        value: 699,
        notifyUrl: NOTIFY_URL,
        expiresAt: NOW + 900_000,
        state: "open",
      }),
    ]);
  });

  it("ends codes after two hours at the latest, and orders at time_expire", async ({ expect }) => {
    const sim = await simulation();
    for (const [fields, expiresAt] of [
      [{}, NOW + 7_200_000],
      [{ qr_code_timeout_express: "5h" }, NOW + 7_200_000],
      [{ qr_code_timeout_express: "1h" }, NOW + 3_600_000],
      [{ time_expire: "2026-05-27 09:40:00" }, NOW + 600_000],
    ] as const) {
      const id = newPaymentId();
      await precreate(sim, biz(id, fields));
      const made = [...sim.rows.values()].find(({ orderNumber }) => orderNumber === id);
      expect(made?.expiresAt).toBe(expiresAt);
    }
  });

  it("refuses fields that break the manual's rules", async ({ expect }) => {
    const sim = await simulation();
    const cases: [object, string][] = [
      [{ out_trade_no: "a-b" }, "ACQ.INVALID_PARAMETER"],
      [{ out_trade_no: "x".repeat(65) }, "ACQ.INVALID_PARAMETER"],
      [{ total_amount: "0" }, "ACQ.INVALID_PARAMETER"],
      [{ total_amount: "0.00" }, "ACQ.INVALID_PARAMETER"],
      [{ total_amount: "1.001" }, "ACQ.INVALID_PARAMETER"],
      [{ total_amount: 6.99 }, "ACQ.INVALID_PARAMETER"],
      [{ total_amount: "100000000.01" }, "ACQ.TOTAL_FEE_EXCEED"],
      [{ subject: "a&b" }, "ACQ.INVALID_PARAMETER"],
      [{ subject: " " }, "ACQ.INVALID_PARAMETER"],
      [{ subject: "x".repeat(257) }, "ACQ.INVALID_PARAMETER"],
      [{ product_code: "QUICK_WAP_WAY" }, "ACQ.INVALID_PARAMETER"],
      [{ qr_code_timeout_express: "1.5h" }, "ACQ.INVALID_PARAMETER"],
      [{ qr_code_timeout_express: "90s" }, "ACQ.INVALID_PARAMETER"],
      [{ timeout_express: "5m", time_expire: "2026-05-27 09:40:00" }, "ACQ.INVALID_PARAMETER"],
      [{ time_expire: "tomorrow" }, "ACQ.INVALID_PARAMETER"],
      [{ time_expire: "2026-05-27 09:29:59" }, "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR"],
    ];
    for (const [changes, subCode] of cases) {
      const node = await precreate(sim, biz(newPaymentId(), changes));
      expect(node).toMatchObject({ code: "40004", sub_code: subCode });
    }
    for (const content of ["[]", "null", "{", '"x"']) {
      expect(await precreate(sim, content)).toMatchObject({ sub_code: "ACQ.INVALID_PARAMETER" });
    }
    expect(sim.rows.size).toBe(0);
  });

  it("answers a used number by what became of it", async ({ expect }) => {
    const sim = await simulation();
    const id = newPaymentId();
    await precreate(sim, biz(id));
    for (const change of [{ total_amount: "7.00" }, { subject: "other" }, { body: "more" }]) {
      expect(await precreate(sim, biz(id, change))).toMatchObject({
        sub_code: "ACQ.CONTEXT_INCONSISTENT",
      });
    }
    sim.become(id, "paid");
    expect(await precreate(sim, biz(id))).toMatchObject({ sub_code: "ACQ.TRADE_HAS_SUCCESS" });
    sim.become(id, "closed");
    expect(await precreate(sim, biz(id))).toMatchObject({ sub_code: "ACQ.TRADE_HAS_CLOSE" });
  });
});

describe("query, close and cancel", () => {
  const methods = ["alipay.trade.query", "alipay.trade.close"] as const;

  it("know of no trade before the code is scanned, nor of other merchants' trades", async ({
    expect,
  }) => {
    const sim = await simulation();
    const id = newPaymentId();
    await precreate(sim, biz(id));
    for (const method of methods) {
      expect(await ask(sim, { method, biz: { out_trade_no: id } })).toMatchObject({
        code: "40004",
        sub_code: "ACQ.TRADE_NOT_EXIST",
        out_trade_no: id,
      });
    }
    sim.become(id, "paid");
    const params = { app_id: appIdOf("ca_other") };
    expect(await ask(sim, { biz: { out_trade_no: id }, params })).toMatchObject({
      sub_code: "ACQ.TRADE_NOT_EXIST",
    });
    expect(await ask(sim, { biz: { trade_no: "1" } })).toMatchObject({
      sub_code: "ACQ.INVALID_PARAMETER",
    });
    expect(await ask(sim, { biz: { out_trade_no: id, trade_no: "1" } })).toMatchObject({
      sub_code: "ACQ.TRADE_NOT_EXIST",
    });
  });

  it("show every state of a trade", async ({ expect }) => {
    const sim = await simulation();
    const id = newPaymentId();
    await precreate(sim, biz(id));
    const query = () => ask(sim, { biz: { out_trade_no: id } });
    sim.become(id, "scanned");
    const waiting = await query();
    expect(waiting).toMatchObject({ trade_status: "WAIT_BUYER_PAY", buyer_pay_amount: "0.00" });
    expect(waiting).not.toHaveProperty("send_pay_date");
    sim.become(id, "paid");
    expect(await query()).toMatchObject({
      trade_status: "TRADE_SUCCESS",
      total_amount: "6.99",
      receipt_amount: "6.99",
      send_pay_date: "2026-05-27 09:30:00",
      trade_no: "2026112122001424330500000001",
      fund_bill_list: [{ amount: "6.99", fund_channel: "ALIPAYACCOUNT" }],
    });
    sim.become(id, "closed");
    const closed = await query();
    expect(closed).toMatchObject({ trade_status: "TRADE_CLOSED" });
    expect(closed).not.toHaveProperty("send_pay_date");
  });

  it("close only ends trades that wait for the buyer", async ({ expect }) => {
    const sim = await simulation();
    const id = newPaymentId();
    await precreate(sim, biz(id));
    const close = () => ask(sim, { method: "alipay.trade.close", biz: { out_trade_no: id } });
    sim.become(id, "paid");
    expect(await close()).toMatchObject({ sub_code: "ACQ.REASON_TRADE_STATUS_INVALID" });
    sim.become(id, "scanned");
    expect(await close()).toMatchObject({ code: "10000", out_trade_no: id });
    expect(await close()).toMatchObject({ sub_code: "ACQ.REASON_TRADE_STATUS_INVALID" });
  });

  it("cancel kills an unscanned code, takes unknown numbers, and gives a payment back", async ({
    expect,
  }) => {
    const sim = await simulation();
    const [unscanned, paid] = [newPaymentId(), newPaymentId()];
    await precreate(sim, biz(unscanned));
    await precreate(sim, biz(paid));
    sim.become(paid, "paid");
    const cancel = (id: string) =>
      ask(sim, { method: "alipay.trade.cancel", biz: { out_trade_no: id } });
    const done = { code: "10000", retry_flag: "N", action: "close" };
    expect(await cancel(unscanned)).toMatchObject({ ...done, out_trade_no: unscanned });
    expect(await cancel(unscanned)).toMatchObject(done);
    const unknown = newPaymentId();
    expect(await cancel(unknown)).toMatchObject(done);
    for (const id of [unscanned, unknown]) {
      expect(await precreate(sim, biz(id))).toMatchObject({ sub_code: "ACQ.TRADE_HAS_CLOSE" });
    }
    for (let n = 0; n < 2; n += 1) {
      expect(await cancel(paid)).toMatchObject({
        code: "10000",
        action: "refund",
        retry_flag: "N",
      });
    }
    expect(sim.find(paid)?.refunds).toHaveLength(1);
    expect(await ask(sim, { biz: { out_trade_no: paid } })).toMatchObject({
      trade_status: "TRADE_CLOSED",
      send_pay_date: "2026-05-27 09:30:00",
    });
  });
});

describe("credentials of the built-in account", () => {
  it("are the same for the same account and differ between accounts", async ({ expect }) => {
    const { keys } = await simulation();
    const one = alipaySandbox.credentials(keys, ACCOUNT);
    expect(one).toEqual({
      app_id: expect.stringMatching(/^9021\d{12}$/),
      seller_id: expect.stringMatching(/^2088\d{12}$/),
      private_key: keys.merchantPrivateKey,
      alipay_public_key: keys.platformPublicKey,
    });
    expect(alipaySandbox.credentials(keys, ACCOUNT)).toEqual(one);
    const ids = Array.from({ length: 2_000 }, (_, n) => appIdOf(`ca_${n}`));
    expect(new Set(ids).size).toBe(2_000);
  });
});

describe("merchants with keys of their own", () => {
  it("are registered by public key, and their own key is what verifies", async ({ expect }) => {
    const sim = await simulation();
    const registration = await alipaySandbox.registration({
      ...vectorCredentials,
      seller_id: "2088000000000001",
    });
    if (registration === null) throw new Error("registration");
    const spki = fromBase64(vectorKeys.app.public_spki_b64) ?? new Uint8Array();
    expect(registration.merchant).toBe(vectorCredentials.app_id);
    expect(registration.entry.publicKeys[""]).toBe(toPem("PUBLIC KEY", spki));
    expect(JSON.stringify(registration)).not.toContain("PRIVATE");
    sim.registered.set(registration.merchant, registration.entry);
    const params = { app_id: vectorCredentials.app_id };
    expect(await ask(sim, { params, privateKey: vectorCredentials.private_key })).toMatchObject({
      sub_code: "ACQ.TRADE_NOT_EXIST",
    });
    expect(await ask(sim, { params })).toMatchObject({ sub_code: "isv.invalid-signature" });
    const seller = { ...params, app_cert_sn: "2088000000000001" };
    expect(
      await ask(sim, { params: seller, privateKey: vectorCredentials.private_key }),
    ).toMatchObject({ sub_code: "isv.invalid-parameter" });
  });

  it("in certificate mode name both serials, and get the platform's in return", async ({
    expect,
  }) => {
    const sim = await simulation();
    const registration = await alipaySandbox.registration(vectorCertificates);
    if (registration === null) throw new Error("registration");
    sim.registered.set(registration.merchant, registration.entry);
    const { app_sn: app_cert_sn, root_sn: alipay_root_cert_sn } = openapi.cert_sn.throwaway_chain;
    const privateKey = vectorCredentials.private_key;
    const params = { app_id: vectorCredentials.app_id, app_cert_sn, alipay_root_cert_sn };
    const response = await call(sim, { params, privateKey });
    const body: Record<string, unknown> = JSON.parse(await response.text());
    expect(body["alipay_cert_sn"]).toBe(await platformSerial(sim.keys));
    for (const changes of [
      { app_cert_sn: undefined },
      { alipay_root_cert_sn: undefined },
      { app_cert_sn: "0".repeat(32) },
      { app_cert_sn: undefined, alipay_root_cert_sn: undefined },
    ]) {
      expect(await ask(sim, { params: { ...params, ...changes }, privateKey })).toMatchObject({
        code: "40002",
        sub_code: "isv.invalid-parameter",
      });
    }
  });

  it("have their contents encrypted only if they registered a key", async ({ expect }) => {
    const sim = await simulation();
    const good =
      openapi.request.find(({ name }) => name.startsWith("AES"))?.params.biz_content ?? "";
    const send = (encrypt_type: string, content: string) =>
      ask(sim, {
        params: { app_id: vectorCredentials.app_id, encrypt_type },
        biz: content,
        privateKey: vectorCredentials.private_key,
      });
    for (const aes_key of [undefined, openapi.aes.key_b64]) {
      const own = { ...vectorCredentials, ...(aes_key === undefined ? {} : { aes_key }) };
      const registration = await alipaySandbox.registration(own);
      if (registration === null) throw new Error("registration");
      sim.registered.set(registration.merchant, registration.entry);
      expect(await send("RSA", good)).toMatchObject({ sub_code: "isv.invalid-encrypt-type" });
      expect(await send("AES", "AAAA")).toMatchObject({ sub_code: "isv.invalid-encrypt" });
      const answer: unknown = await send("AES", good);
      if (aes_key === undefined) expect(answer).toMatchObject({ sub_code: "isv.invalid-encrypt" });
      else expect(typeof answer).toBe("string");
    }
  });

  it("are not registered with credentials that cannot be read", async ({ expect }) => {
    for (const credentials of [
      null,
      {},
      { app_id: "1" },
      { ...vectorCredentials, private_key: "no key" },
      { ...vectorCertificates, app_cert: "no certificate" },
    ]) {
      expect(await alipaySandbox.registration(credentials)).toBeNull();
    }
  });

  it("find the platform's certificate to be one file for good, with the platform's key", async ({
    expect,
  }) => {
    const { keys } = await simulation();
    const pem = await platformCertificate(keys);
    expect(await platformCertificate(keys)).toBe(pem);
    const certificate = read(readCertificate(pem));
    expect(certificate.publicKey).toEqual(read(readPublicKey(keys.platformPublicKey)));
    expect(certificate.notAfter).toBeGreaterThan(NOW);
  });
});

const notify = async (
  sim: Sim,
  order: SandboxOrderRecord,
  flaw: Parameters<typeof alipaySandbox.callback>[1],
) => {
  const request = await alipaySandbox.callback(order, flaw, sim.world());
  if (request === null) throw new Error("no notification");
  const form = new URLSearchParams(await request.clone().text());
  const fields = Object.fromEntries(form);
  const { sign: signature = "", sign_type: _type, alipay_cert_sn: _sn, ...signed } = fields;
  const text = Object.keys(signed)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => `${name}=${signed[name] ?? ""}`)
    .join("&");
  const key = await importVerifyingKey(read(readPublicKey(sim.keys.platformPublicKey)));
  return { request, fields, verifies: await verifySha256(key, text, signature) };
};

const paidOrder = async (sim: Sim, subject = "AI summary") => {
  const id = newPaymentId();
  await precreate(sim, biz(id, { subject }));
  return sim.become(id, "paid");
};

describe("notifications", () => {
  it("are signed forms in Alipay's fields", async ({ expect }) => {
    const sim = await simulation();
    const order = await paidOrder(sim, "AI 摘要 100% + more");
    const { request, fields, verifies } = await notify(sim, order, null);
    expect(verifies).toBe(true);
    expect(request.method).toBe("POST");
    expect(request.url).toBe(NOTIFY_URL);
    expect(request.headers.get("content-type")).toBe(
      "application/x-www-form-urlencoded; charset=utf-8",
    );
    expect(fields).toMatchObject({
      app_id: APP_ID,
      auth_app_id: APP_ID,
      seller_id: alipaySandbox.credentials(sim.keys, ACCOUNT)["seller_id"],
      notify_id: expect.stringMatching(/^2026052700222093000\d{15}$/),
      notify_type: "trade_status_sync",
      notify_time: "2026-05-27 09:30:00",
      out_trade_no: order.orderNumber,
      subject: "AI 摘要 100% + more",
      total_amount: "6.99",
      trade_no: order.transactionId,
      trade_status: "TRADE_SUCCESS",
      gmt_payment: "2026-05-27 09:30:00",
      sign_type: "RSA2",
      fund_bill_list: '[{"amount":"6.99","fundChannel":"ALIPAYACCOUNT"}]',
    });
    // Two events, two ids.
    expect((await notify(sim, order, null)).fields["notify_id"]).not.toBe(fields["notify_id"]);
  });

  it("are spoiled on request", async ({ expect }) => {
    const sim = await simulation();
    const order = await paidOrder(sim);
    const wrong = await notify(sim, order, "wrong_amount");
    expect(wrong.verifies).toBe(true);
    expect(wrong.fields["total_amount"]).toBe("7.00");
    expect((await notify(sim, order, "wrong_signature")).verifies).toBe(false);
    expect((await notify(sim, order, "sign_test_probe")).verifies).toBe(false);
  });

  it("say closed without a payment, and carry the registered seller and certificate", async ({
    expect,
  }) => {
    const sim = await simulation();
    const credentials = { ...vectorCertificates, seller_id: "2088000000000001" };
    const registration = await alipaySandbox.registration(credentials);
    if (registration === null) throw new Error("registration");
    sim.registered.set(registration.merchant, registration.entry);
    const order = { ...(await paidOrder(sim)), merchant: registration.merchant };
    const closed = await notify(sim, { ...order, state: "closed", paidAt: null }, null);
    expect(closed.verifies).toBe(true);
    expect(closed.fields).toMatchObject({
      trade_status: "TRADE_CLOSED",
      seller_id: "2088000000000001",
      alipay_cert_sn: await platformSerial(sim.keys),
    });
    expect(closed.fields).not.toHaveProperty("gmt_payment");
  });
});

const REFUND = "alipay.trade.refund";
const REFUND_QUERY = "alipay.trade.fastpay.refund.query";

const refund = (sim: Sim, id: string, fields: object) =>
  ask(sim, { method: REFUND, biz: { out_trade_no: id, refund_amount: "3.00", ...fields } });

describe("refunds", () => {
  it("move money once for each number, up to what was paid", async ({ expect }) => {
    const sim = await simulation();
    const { orderNumber: id } = await paidOrder(sim);
    const first = await refund(sim, id, { out_request_no: "r1" });
    expect(first).toMatchObject({
      code: "10000",
      out_trade_no: id,
      fund_change: "Y",
      refund_fee: "3.00",
      send_back_fee: "3.00",
    });
    expect(await refund(sim, id, { out_request_no: "r1" })).toMatchObject({
      fund_change: "N",
      refund_fee: "3.00",
    });
    expect(await refund(sim, id, { out_request_no: "r1", refund_amount: "2.00" })).toMatchObject({
      sub_code: "ACQ.DISCORDANT_REPEAT_REQUEST",
    });
    expect(await refund(sim, id, { out_request_no: "r2", refund_amount: "4.00" })).toMatchObject({
      sub_code: "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
    });
    expect(await ask(sim, { biz: { out_trade_no: id } })).toMatchObject({
      trade_status: "TRADE_SUCCESS",
    });
    expect(await refund(sim, id, { out_request_no: "r3", refund_amount: "3.99" })).toMatchObject({
      fund_change: "Y",
      refund_fee: "6.99",
    });
    expect(await ask(sim, { biz: { out_trade_no: id } })).toMatchObject({
      trade_status: "TRADE_CLOSED",
      send_pay_date: "2026-05-27 09:30:00",
      total_amount: "6.99",
    });
  });

  it("are refused for trades that are not paid, and for fields that are none", async ({
    expect,
  }) => {
    const sim = await simulation();
    const id = newPaymentId();
    expect(await refund(sim, id, { out_request_no: "r1" })).toMatchObject({
      sub_code: "ACQ.TRADE_NOT_EXIST",
    });
    await precreate(sim, biz(id));
    sim.become(id, "scanned");
    expect(await refund(sim, id, { out_request_no: "r1" })).toMatchObject({
      sub_code: "ACQ.TRADE_STATUS_ERROR",
    });
    sim.become(id, "paid");
    for (const fields of [
      { refund_amount: "0.00" },
      { refund_amount: "-1" },
      { refund_amount: 3 },
      { refund_amount: "1.001" },
      { out_request_no: "a b" },
      { out_request_no: "x".repeat(65) },
      { refund_reason: "x".repeat(257) },
    ]) {
      expect(await refund(sim, id, fields)).toMatchObject({ sub_code: "ACQ.INVALID_PARAMETER" });
    }
    expect(sim.find(id)?.refunds).toEqual([]);
  });

  it("are asked about by both numbers; an unknown one gets a bare success", async ({ expect }) => {
    const sim = await simulation();
    const { orderNumber: id } = await paidOrder(sim);
    await refund(sim, id, { out_request_no: "r1" });
    const query = (fields: object) =>
      ask(sim, { method: REFUND_QUERY, biz: { out_trade_no: id, ...fields } });
    expect(await query({ out_request_no: "r1" })).toMatchObject({
      out_trade_no: id,
      out_request_no: "r1",
      refund_amount: "3.00",
      total_amount: "6.99",
      refund_status: "REFUND_SUCCESS",
    });
    expect(await query({ out_request_no: "r1" })).not.toHaveProperty("gmt_refund_pay");
    const timed = await query({ out_request_no: "r1", query_options: ["gmt_refund_pay"] });
    expect(timed["gmt_refund_pay"]).toBe("2026-05-27 09:30:00");
    expect(await query({ out_request_no: "r2" })).toEqual({ code: "10000", msg: "Success" });
    expect(await query({})).toMatchObject({ sub_code: "ACQ.INVALID_PARAMETER" });
  });

  it("are told at the payment's address, once they have reached the buyer", async ({ expect }) => {
    const sim = await simulation();
    const { orderNumber: id } = await paidOrder(sim);
    await refund(sim, id, { out_request_no: "r1" });
    await refund(sim, id, { out_request_no: "r2", refund_amount: "3.99" });
    const record = sim.find(id);
    if (record === undefined) throw new Error("order");
    const told = async (index: number, changes: object = {}) => {
      const known = record.refunds[index];
      if (known === undefined) throw new Error("refund");
      const made = { ...known, ...changes };
      const request = await alipaySandbox.refundCallback?.(record, made, sim.world());
      return request == null ? null : Object.fromEntries(new URLSearchParams(await request.text()));
    };
    const [first, last] = [await told(0), await told(1)];
    expect(first).toMatchObject({
      trade_status: "TRADE_SUCCESS",
      out_biz_no: "r1",
      refund_fee: "3.00",
      gmt_refund: "2026-05-27 09:30:00.000",
      gmt_payment: "2026-05-27 09:30:00",
    });
    expect(first).not.toHaveProperty("gmt_close");
    expect(last).toMatchObject({
      trade_status: "TRADE_CLOSED",
      out_biz_no: "r2",
      refund_fee: "6.99",
      gmt_close: "2026-05-27 09:30:00",
    });
    expect(last?.["notify_id"]).not.toBe(first?.["notify_id"]);
    expect(await told(0, { state: "abnormal", refundedAt: null })).toBeNull();
    expect(await told(0, { notifyUrl: null })).toBeNull();
  });
});

describe("the counter and the page inside Alipay", () => {
  const pay = (sim: Sim, id: string, auth_code: string, fields: object = {}) =>
    ask(sim, {
      method: "alipay.trade.pay",
      biz: biz(id, { scene: "bar_code", auth_code, ...fields }),
      params: { notify_url: NOTIFY_URL },
    });

  it("take the buyer's code by its last digits", async ({ expect }) => {
    const sim = await simulation();
    const [now, later, never] = [newPaymentId(), newPaymentId(), newPaymentId()];
    expect(await pay(sim, now, "280000000000000000")).toMatchObject({
      code: "10000",
      out_trade_no: now,
      total_amount: "6.99",
      gmt_payment: "2026-05-27 09:30:00",
      trade_no: sim.find(now)?.transactionId,
    });
    expect(await pay(sim, later, "280000000000000001")).toMatchObject({
      code: "10003",
      out_trade_no: later,
    });
    expect(await ask(sim, { biz: { out_trade_no: later } })).toMatchObject({
      trade_status: "WAIT_BUYER_PAY",
    });
    expect(await pay(sim, never, "280000000000000099")).toMatchObject({
      code: "40004",
      sub_code: "ACQ.PAYMENT_AUTH_CODE_INVALID",
    });
    expect(sim.find(never)).toBeUndefined();
    expect(await pay(sim, now, "280000000000000000")).toMatchObject({
      sub_code: "ACQ.TRADE_HAS_SUCCESS",
    });
    expect(await pay(sim, later, "280000000000000002")).toMatchObject({
      sub_code: "ACQ.CONTEXT_INCONSISTENT",
    });
    for (const [code, fields] of [
      ["130000000000000000", {}],
      ["28000000", {}],
      ["280000000000000000", { scene: undefined }],
      ["280000000000000000", { product_code: "QUICK_WAP_WAY" }],
    ] as const) {
      expect(await pay(sim, newPaymentId(), code, fields)).toMatchObject({
        sub_code: "ACQ.INVALID_PARAMETER",
      });
    }
  });

  it("make a trade with a number that stays", async ({ expect }) => {
    const sim = await simulation();
    const id = newPaymentId();
    const create = (fields: object) =>
      ask(sim, {
        method: "alipay.trade.create",
        biz: biz(id, fields),
        params: { notify_url: NOTIFY_URL },
      });
    const made = await create({ buyer_open_id: "014Rt" });
    expect(made).toMatchObject({ code: "10000", trade_no: expect.stringMatching(/^\d{28}$/) });
    expect(await create({ buyer_open_id: "014Rt" })).toEqual(made);
    const order = sim.become(id, "paid");
    expect(await ask(sim, { biz: { out_trade_no: id } })).toMatchObject({
      trade_no: made["trade_no"],
    });
    expect((await notify(sim, order, null)).fields["trade_no"]).toBe(made["trade_no"]);
    for (const fields of [
      {},
      { buyer_id: "1" },
      { buyer_id: "2088000000000001", buyer_open_id: "x" },
    ]) {
      expect(await create(fields)).toMatchObject({ sub_code: "ACQ.INVALID_PARAMETER" });
    }
  });
});

describe("links that the buyer opens", () => {
  const link = async (
    sim: Sim,
    id: string,
    changes: Readonly<Record<string, string>> = {},
    signature?: string,
  ) => {
    const params = {
      app_id: APP_ID,
      method: "alipay.trade.page.pay",
      charset: "utf-8",
      sign_type: "RSA2",
      timestamp: "2026-05-27 09:30:00",
      version: "1.0",
      notify_url: NOTIFY_URL,
      biz_content: JSON.stringify(biz(id, { product_code: "FAST_INSTANT_TRADE_PAY" })),
      ...changes,
    };
    const signed = {
      ...params,
      sign: signature ?? (await sign(sim.keys.merchantPrivateKey, params)),
    };
    return new URLSearchParams(signed).toString();
  };

  const open = async (sim: Sim, id: string, text: string, as: "link" | "app" = "link") =>
    alipaySandbox.open?.(
      {
        paymentId: id,
        merchant: APP_ID,
        currency: "CNY",
        value: 699,
        notifyUrl: NOTIFY_URL,
        action:
          as === "link"
            ? { type: "redirect", url: `https://gw.example/sandbox/pages/alipay?${text}` }
            : { type: "invoke_sdk", sdk: "alipay_app", params: { orderStr: text } },
      },
      sim.world(),
    );

  it("make the trade when the signature is the merchant's", async ({ expect }) => {
    const sim = await simulation();
    const id = newPaymentId();
    const text = await link(sim, id);
    for (let n = 0; n < 2; n += 1) {
      expect(await open(sim, id, text)).toMatchObject({
        ok: true,
        value: { orderNumber: id, merchant: APP_ID, value: 699, notifyUrl: NOTIFY_URL },
      });
    }
    const app = {
      method: "alipay.trade.app.pay",
      biz_content: JSON.stringify(biz(newPaymentId(), { product_code: "QUICK_MSECURITY_PAY" })),
    };
    expect(await open(sim, id, await link(sim, id, app), "app")).toMatchObject({ ok: true });
    // Opened an hour after it was signed, which is fine, and a day later, which is not.
    const old = await link(sim, newPaymentId(), { timestamp: "2026-05-27 08:30:00" });
    expect(await open(sim, id, old)).toMatchObject({ ok: true });
    const stale = await link(sim, newPaymentId(), { timestamp: "2026-05-26 09:29:59" });
    expect(await open(sim, id, stale)).toMatchObject({
      ok: false,
      error: expect.stringContaining("isv.invalid-timestamp"),
    });
  });

  it("are refused when they are forged, foreign, of another kind or over", async ({ expect }) => {
    const sim = await simulation();
    const id = newPaymentId();
    const good = await link(sim, id);
    const expired = biz(id, {
      product_code: "FAST_INSTANT_TRADE_PAY",
      time_expire: "2026-05-27 09:29:59",
    });
    const cases: [string, "link" | "app", string][] = [
      [good.replace("6.99", "0.01"), "link", "isv.invalid-signature"],
      [await link(sim, id, {}, "AAAA"), "link", "isv.invalid-signature"],
      [await link(sim, id, { app_id: "2021000123456789" }), "link", "isv.invalid-app-id"],
      [await link(sim, id, { method: "alipay.trade.precreate" }), "link", "not one that buyers"],
      [await link(sim, id, { method: "alipay.trade.refund" }), "link", "not one that buyers"],
      [good, "app", "not one that buyers"],
      [`${good}&app_id=${APP_ID}`, "link", "twice"],
      ["", "link", "not one that buyers"],
      [await link(sim, id, { biz_content: "{}" }), "link", "ACQ.INVALID_PARAMETER"],
      [await link(sim, id, { biz_content: "[" }), "link", "ACQ.INVALID_PARAMETER"],
      [await link(sim, id, { biz_content: JSON.stringify(biz(id)) }), "link", "ACQ.INVALID_PARAMETER"],
      [await link(sim, id, { biz_content: JSON.stringify(expired) }), "link", "NOW_TIME_AFTER"],
      [await link(sim, id, { app_auth_token: "202605BB" }), "link", "aop.invalid-app-auth-token"],
    ]; // prettier-ignore
    for (const [text, as, reason] of cases) {
      const opened = await open(sim, id, text, as);
      expect(opened).toMatchObject({ ok: false, error: expect.stringContaining(reason) });
    }
    expect(sim.rows.size).toBe(0);
    await open(sim, id, good);
    const changed = await link(sim, id, {
      biz_content: JSON.stringify(
        biz(id, { product_code: "FAST_INSTANT_TRADE_PAY", total_amount: "1.00" }),
      ),
    });
    expect(await open(sim, id, changed)).toMatchObject({
      ok: false,
      error: expect.stringContaining("ACQ.CONTEXT_INCONSISTENT"),
    });
  });

  it("lead to what calls have made, or to nothing", async ({ expect }) => {
    const sim = await simulation();
    const id = newPaymentId();
    const shown = {
      paymentId: id,
      merchant: APP_ID,
      currency: "CNY",
      value: 699,
      notifyUrl: NOTIFY_URL,
      action: { type: "show_qr", data: "https://qr.alipay.com/bax1" },
    } as const;
    expect(await alipaySandbox.open?.(shown, sim.world())).toMatchObject({ ok: false });
    await precreate(sim, biz(id));
    expect(await alipaySandbox.open?.(shown, sim.world())).toMatchObject({
      ok: true,
      value: { orderNumber: id },
    });
  });
});
