/** Signatures of bank messages: the vectors, then everything that must not pass. */
import { describe, it } from "vitest";

import type { RawCallback } from "../../../src/channels/adapter.ts";
import { authenticate } from "../../../src/channels/bank/authenticate.ts";
import { textAt } from "../../../src/channels/bank/fields.ts";
import type { BankSettings } from "../../../src/channels/bank/profile.ts";
import { profileOf } from "../../../src/channels/bank/profiles.ts";
import { importVerifier } from "../../../src/channels/bank/verifier.ts";
import { toBase64Url, utf8 } from "../../../src/crypto/encoding.ts";
import { hmacHex, importHmacKey } from "../../../src/crypto/hmac.ts";
import vectors from "../../vectors/bank-webhooks.json";

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";

const verifierOf = (settings: BankSettings) =>
  importVerifier({ profile: profileOf(settings.profile), settings });

const message = (
  body: string,
  headers: Record<string, string>,
  type = JSON_TYPE,
): Pick<RawCallback, "headers" | "body"> => ({
  headers: new Headers({ "content-type": type, ...headers }),
  body: utf8(body),
});

const check = async (
  settings: BankSettings,
  given: Pick<RawCallback, "headers" | "body">,
  now = 0,
) => authenticate(await verifierOf(settings), given, now);

describe("vectors", () => {
  const { omise, curlec, hitpay_v1, hitpay_v2, fiuu } = vectors;
  const omiseNow = Number(omise.ts) * 1_000;

  it("omise, also while its keys change and within five minutes", async ({ expect }) => {
    const settings = { profile: "omise", secret: omise.secretB64 };
    const headers = { "Omise-Signature": omise.sig, "Omise-Signature-Timestamp": omise.ts };
    const body = message(omise.body, headers);
    const read = await check(settings, body, omiseNow);
    expect(read.ok && textAt(read.value, "data.amount")).toBe("12345");
    const several = { ...headers, "Omise-Signature": `${"0".repeat(64)},${omise.sig}` };
    expect(await check(settings, message(omise.body, several), omiseNow)).toMatchObject({
      ok: true,
    });
    for (const [shift, ok] of [
      [-300_000, true],
      [300_000, true],
      [-300_001, false],
      [300_001, false],
    ] as const) {
      expect((await check(settings, body, omiseNow + shift)).ok).toBe(ok);
    }
  });

  it("curlec, hitpay_v2", async ({ expect }) => {
    const one = { profile: "curlec", secret: curlec.secret };
    const first = message(curlec.body, { "X-Razorpay-Signature": curlec.sig });
    expect(await check(one, first)).toMatchObject({ ok: true });
    const two = { profile: "hitpay_v2", secret: hitpay_v2.salt };
    const second = message(hitpay_v2.body, { "Hitpay-Signature": hitpay_v2.sig });
    const read = await check(two, second);
    expect(read.ok && textAt(read.value, "amount")).toBe("10.5");
  });

  it("hitpay_v1", async ({ expect }) => {
    const settings = { profile: "hitpay_v1", secret: hitpay_v1.salt };
    const form = new URLSearchParams({ ...hitpay_v1.fields, hmac: hitpay_v1.hmac });
    expect(await check(settings, message(form.toString(), {}, FORM))).toMatchObject({ ok: true });
    // The order of the fields in the body does not matter.
    const turned = new URLSearchParams([...form].toReversed());
    expect(await check(settings, message(turned.toString(), {}, FORM))).toMatchObject({ ok: true });
    // Empty ones are signed too.
    form.delete("phone");
    expect(await check(settings, message(form.toString(), {}, FORM))).toMatchObject({ ok: false });
    form.set("phone", "1");
    expect(await check(settings, message(form.toString(), {}, FORM))).toMatchObject({ ok: false });
  });

  it("hitpay_v1 has one reading: a payer's text does not become fields", async ({ expect }) => {
    const settings = { profile: "hitpay_v1", secret: hitpay_v1.salt };
    const key = await importHmacKey(hitpay_v1.salt);
    // A payment that failed, as HitPay signs it; the payer gave this telephone number.
    const phone = "1reference_numberREF2statuscompletedt";
    const genuine: Record<string, string> = { ...hitpay_v1.fields, phone, status: "failed" };
    const names = Object.keys(genuine).toSorted();
    const text = names.map((name) => name + (genuine[name] ?? "")).join("");
    const hmac = await hmacHex(key, text);
    const sent = (fields: Record<string, string>) =>
      check(settings, message(new URLSearchParams({ ...fields, hmac }).toString(), {}, FORM));
    expect(await sent(genuine)).toMatchObject({ ok: true });
    // The same text, cut elsewhere: another order, and paid.
    const forged = {
      ...hitpay_v1.fields,
      phone: "1",
      reference_number: "REF2",
      status: "completed",
      t: "reference_numberREF1statusfailed",
    };
    const again = Object.entries(forged).toSorted(([a], [b]) => (a < b ? -1 : 1));
    expect(again.map(([name, value]) => name + value).join("")).toBe(text);
    expect(await sent(forged)).toEqual({ ok: false, error: "a field is not known" });
  });

  it("fiuu", async ({ expect }) => {
    const settings = {
      profile: "fiuu",
      secret: fiuu.secret,
      merchant_id: fiuu.fields.domain,
    };
    const form = (changes: Record<string, string> = {}) =>
      message(
        new URLSearchParams({ ...fiuu.fields, skey: fiuu.skey, ...changes }).toString(),
        {},
        FORM,
      );
    expect(await check(settings, form())).toMatchObject({ ok: true });
    const other = { ...settings, secret: "another" };
    expect(await check(other, form())).toMatchObject({ ok: false });
    for (const name of Object.keys(fiuu.fields)) {
      const spoiled = await check(settings, form({ [name]: `${fiuu.fields[name as "tranID"]}1` }));
      expect(spoiled.ok).toBe(false);
    }
    expect(await check(settings, form({ skey: fiuu.skey.toUpperCase() }))).toMatchObject({
      ok: false,
    });
    // The same digest from digits that moved over: 123456 + pi_01 as 12345 + 6pi_01 still is the
    // same text, but an amount or a status that moved is refused by its shape.
    expect(await check(settings, form({ status: "0", domain: "0TESTMERCHANT" }))).toMatchObject({
      ok: false,
      error: "a signed field is malformed",
    });
    expect(await check(settings, form({ amount: "10.00MYR", currency: "" }))).toMatchObject({
      ok: false,
      error: "a signed field is malformed",
    });
  });

  it("2c2p", async ({ expect }) => {
    const { secret, token } = vectors["2c2p"];
    const settings = { profile: "2c2p", secret };
    const read = await check(settings, message(JSON.stringify({ payload: token }), {}));
    expect(read.ok && Object.fromEntries(read.value)).toEqual({
      invoiceNo: { kind: "text", text: "pi_01" },
      amount: { kind: "number", text: "10.5" },
      currencyCode: { kind: "text", text: "SGD" },
      respCode: { kind: "text", text: "0000" },
    });
  });
});

describe("JWS", () => {
  const { secret, token } = vectors["2c2p"];
  const settings = { profile: "2c2p", secret };
  const [, payload = "", signature = ""] = token.split(".");
  const part = (value: unknown) => toBase64Url(utf8(JSON.stringify(value)));

  it.for([
    ["alg none", `${part({ alg: "none" })}.${payload}.`],
    ["alg none with the old signature", `${part({ alg: "none" })}.${payload}.${signature}`],
    ["another algorithm", `${part({ alg: "RS256" })}.${payload}.${signature}`],
    ["alg in other letters", `${part({ alg: "hs256" })}.${payload}.${signature}`],
    ["critical extensions", `${part({ alg: "HS256", crit: ["b64"] })}.${payload}.${signature}`],
    [
      "alg given twice",
      `${toBase64Url(utf8('{"alg":"none","alg":"HS256"}'))}.${payload}.${signature}`,
    ],
    ["another payload", token.replace(payload, part({ invoiceNo: "X", respCode: "0000" }))],
    ["no signature", token.slice(0, token.lastIndexOf(".") + 1)],
    ["two parts", token.slice(0, token.lastIndexOf("."))],
    ["four parts", `${token}.x`],
    ["padding", `${token}=`],
    ["not a text", ""],
  ] as const)("refuses %s", async ([, spoiled], { expect }) => {
    const given = message(JSON.stringify({ payload: spoiled }), {});
    expect((await check(settings, given)).ok).toBe(false);
  });

  it("refuses another secret, a missing member and a member that is a list", async ({ expect }) => {
    const whole = message(JSON.stringify({ payload: token }), {});
    expect((await check({ ...settings, secret: "other" }, whole)).ok).toBe(false);
    expect((await check(settings, message("{}", {}))).ok).toBe(false);
    expect((await check(settings, message(JSON.stringify({ payload: [token] }), {}))).ok).toBe(
      false,
    );
  });
});

describe("what is missing or spoiled", () => {
  const { curlec, omise } = vectors;
  const settings = { profile: "curlec", secret: curlec.secret };
  const signed = { "X-Razorpay-Signature": curlec.sig };

  it("refuses no header, an empty one, other letters, and a longer one", async ({ expect }) => {
    for (const headers of [
      {},
      { "X-Razorpay-Signature": "" },
      { "X-Razorpay-Signature": curlec.sig.toUpperCase() },
      { "X-Razorpay-Signature": `${curlec.sig}00` },
      // Only providers that say so send several.
      { "X-Razorpay-Signature": `${curlec.sig},${curlec.sig}` },
    ] as Record<string, string>[]) {
      expect((await check(settings, message(curlec.body, headers))).ok).toBe(false);
    }
  });

  it("refuses every single changed byte", async ({ expect }) => {
    for (let at = 0; at < curlec.body.length; at += 1) {
      const code = curlec.body.charCodeAt(at) ^ 1;
      const body = curlec.body.slice(0, at) + String.fromCharCode(code) + curlec.body.slice(at + 1);
      expect((await check(settings, message(body, signed))).ok).toBe(false);
    }
  });

  it("refuses other content types, sizes and encodings", async ({ expect }) => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "", "text/json"]) {
      expect(await check(settings, message(curlec.body, signed, type))).toEqual({
        ok: false,
        error: "another content type",
      });
    }
    const padded = message(`${" ".repeat(64 * 1024)}${curlec.body}`, signed);
    expect(await check(settings, padded)).toEqual({ ok: false, error: "the body is too large" });
    const broken = { ...message("", signed), body: Uint8Array.of(0x7b, 0xff, 0x7d) };
    expect(await check(settings, broken)).toEqual({ ok: false, error: "the body is not UTF-8" });
    const charset = message(curlec.body, signed, "application/json; charset=UTF-8");
    expect((await check(settings, charset)).ok).toBe(true);
  });

  it("wants a timestamp that is a plain number of seconds", async ({ expect }) => {
    const one = { profile: "omise", secret: omise.secretB64 };
    const now = Number(omise.ts) * 1_000;
    for (const ts of ["", "1700000000.0", "+1700000000", "1700000000000", "0x6553f100", "now"]) {
      const headers = { "Omise-Signature": omise.sig, "Omise-Signature-Timestamp": ts };
      expect((await check(one, message(omise.body, headers), now)).ok).toBe(false);
    }
    const none = message(omise.body, { "Omise-Signature": omise.sig });
    expect(await check(one, none, now)).toEqual({ ok: false, error: "the timestamp is missing" });
  });
});
