/**
 * Every profile against the message of its own simulated bank, and against what somebody may have
 * made of it. The news must come out as they were told, or not at all.
 */
import { describe, it } from "vitest";

import { authenticate } from "../../../src/channels/bank/authenticate.ts";
import { readMessage, readTime } from "../../../src/channels/bank/message.ts";
import type { BankSettings } from "../../../src/channels/bank/profile.ts";
import { PROFILES, profileOf } from "../../../src/channels/bank/profiles.ts";
import { fill, fillAll, VARIABLES, clockValues } from "../../../src/channels/bank/template.ts";
import { importVerifier } from "../../../src/channels/bank/verifier.ts";
import type { RawCallback } from "../../../src/channels/adapter.ts";
import { buildDuitNow } from "../../../src/channels/emvco/schemes/duitnow.ts";
import type { Paid } from "../../../src/channels/bank/sandbox/messages.ts";
import { NOW } from "../kit.ts";
import { changed, keyring, messageOf, paid } from "./kit.ts";

const REFERENCE = "01J9ZQ4C7N8M2X5V6K3W1T0RY";

const keys = await keyring();

const code = buildDuitNow({
  acquirerId: "564169",
  merchantId: "QR1",
  reference: REFERENCE,
  amount: { currency: "MYR", value: 1234 },
});

interface Case {
  readonly settings: BankSettings;
  readonly told: Paid;
  /** How the amount stands in the body, and the currency. */
  readonly amount: string;
  readonly currency: string | null;
}

const short = REFERENCE.slice(0, 15);
const baht = { currency: "THB", currencyNumber: "764" } as const;
const ringgit = { currency: "MYR", currencyNumber: "458" } as const;

const CASES: Readonly<Record<string, Case>> = {
  scb: {
    settings: { profile: "scb", app_key: "k", app_secret: "s", terminal_id: "SBX" },
    told: paid(REFERENCE.slice(0, 20), baht),
    amount: '"12.34"',
    currency: '"764"',
  },
  kbank: {
    settings: { profile: "kbank", username: "PARTNER", merchant_id: "KB1" },
    told: paid(short, { ...baht, transactionId: "20261121000000000001" }),
    amount: "12.34",
    currency: '"THB"',
  },
  ambank: {
    settings: { profile: "ambank", merchant_id: "QR1" },
    told: paid(REFERENCE, { ...ringgit, code: code.ok ? code.value : "" }),
    amount: '"12.34"',
    currency: '"MYR"',
  },
  curlec: {
    settings: { profile: "curlec", secret: "whsec_curlec" },
    told: paid(REFERENCE, ringgit),
    amount: "1234",
    currency: '"MYR"',
  },
  chip: {
    settings: { profile: "chip", public_key: keys.platformPublicKey, merchant_id: "brand-1" },
    told: paid(REFERENCE, ringgit),
    amount: "1234",
    currency: '"MYR"',
  },
  fiuu: {
    settings: { profile: "fiuu", secret: "secret", merchant_id: "SHOP" },
    told: paid(REFERENCE, ringgit),
    amount: "12.34",
    currency: "MYR",
  },
  omise: {
    settings: { profile: "omise", secret: "b21pc2Utd2ViaG9vay1zZWNyZXQtMDEyMzQ1Njc4OQ==" },
    told: paid(REFERENCE, baht),
    amount: "1234",
    currency: '"thb"',
  },
  hitpay_v1: {
    settings: { profile: "hitpay_v1", secret: "salt" },
    told: paid(REFERENCE),
    amount: "12.34",
    currency: "SGD",
  },
  hitpay_v2: {
    settings: { profile: "hitpay_v2", secret: "salt" },
    told: paid(REFERENCE),
    amount: "12.34",
    currency: '"sgd"',
  },
  "2c2p": {
    settings: { profile: "2c2p", secret: "secret", merchant_id: "JT01" },
    told: paid(REFERENCE),
    amount: "12.34",
    currency: '"SGD"',
  },
  xendit: {
    settings: { profile: "xendit", token: "callback-token", secret: "xnd_1" },
    told: paid(REFERENCE, {
      currency: "IDR",
      currencyNumber: "360",
      amount: "1500",
      value: 150_000,
    }),
    amount: "1500",
    currency: null,
  },
  generic_hmac: {
    settings: { profile: "generic_hmac", secret: "0123456789abcdef" },
    told: paid(REFERENCE),
    amount: '"12.34"',
    currency: '"SGD"',
  },
  generic_rsa: {
    settings: { profile: "generic_rsa", public_key: keys.platformPublicKey },
    told: paid(REFERENCE),
    amount: '"12.34"',
    currency: '"SGD"',
  },
  generic_basic_query: {
    settings: {
      profile: "generic_basic_query",
      username: "u",
      password: "p",
      api_url: "https://api.bank.com/payments",
    },
    told: paid(REFERENCE),
    amount: '"12.34"',
    currency: '"SGD"',
  },
};

const TELLING = Object.entries(CASES);

async function read(settings: BankSettings, callback: RawCallback, now = NOW) {
  const verifier = await importVerifier({ profile: profileOf(settings.profile), settings });
  const fields = await authenticate(verifier, callback, now);
  if (!fields.ok) return fields;
  return readMessage(verifier.profile.message, fields.value, { ...settings, payee: "payee" });
}

/** The body after somebody who holds the key has written something else into it. */
async function rewritten({ settings, told }: Case, from: string, to: string): Promise<string> {
  const text = await (await messageOf(told, settings)).text();
  if (!text.includes(from)) throw new Error(`no ${from} in the body`);
  return text.replace(from, to);
}

describe.for(TELLING)("%s", ([id, one]) => {
  const { settings, told } = one;
  // Of the others only the query that they lead to is believed.
  const itIfBelieved = profileOf(id).believed === "message" ? it : () => {};

  it("tells what was paid", async ({ expect }) => {
    const callback = await changed(await messageOf(told, settings), {});
    const result = await read(settings, callback);
    expect(result).toMatchObject({
      ok: true,
      value: {
        kind: "news",
        news: {
          reference: told.reference,
          state: "paid",
          amount: { currency: told.currency, value: told.value },
        },
      },
    });
    if (!result.ok || result.value.kind !== "news") throw new Error("no news");
    expect(result.value.news.transactionId).toMatch(/\S/);
    const { paidAt } = result.value.news;
    if (paidAt !== null) expect(paidAt).toBe(told.paidAt);
  });

  itIfBelieved("is not believed under another key, or without a signature", async ({ expect }) => {
    const forged = await changed(await messageOf(told, settings, { forged: true }), {});
    expect((await read(settings, forged)).ok).toBe(false);
    const request = await messageOf(told, settings);
    const bare = new Headers({ "content-type": request.headers.get("content-type") ?? "" });
    const callback = await changed(request, {
      body: (text) => text.replace(/&?(?:hmac|skey)=[0-9a-f]+/, "").replace(/\.[\w-]+"}$/, '."}'),
    });
    expect((await read(settings, { ...callback, headers: bare })).ok).toBe(false);
  });

  itIfBelieved("is not believed after any change of the body", async ({ expect }) => {
    const request = await messageOf(told, settings);
    const body = await request.clone().text();
    for (let at = 0; at < body.length; at += 7) {
      const other = body[at] === "0" ? "1" : "0";
      const callback = await changed(request, {
        body: (text) => text.slice(0, at) + other + text.slice(at + 1),
      });
      const result = await read(settings, callback);
      // A form signs some of its fields only; what it does not sign is not read.
      if (result.ok) {
        expect(result.value).toMatchObject({
          news: { reference: told.reference, amount: { value: told.value }, state: "paid" },
        });
        expect(profileOf(id).format).toBe("form");
      }
    }
  });

  it("is refused in another content type", async ({ expect }) => {
    const request = await messageOf(told, settings);
    for (const type of ["text/plain", "multipart/form-data", null]) {
      const callback = await changed(request, { headers: { "content-type": type } });
      expect(await read(settings, callback)).toEqual({ ok: false, error: "another content type" });
    }
  });

  it("stale ones are refused where a time is signed", async ({ expect }) => {
    const { authentication } = profileOf(id);
    const signsTime = "content" in authentication && authentication.content.of === "timestamp.body";
    for (const shift of [-301_000, 301_000]) {
      const callback = await changed(await messageOf(told, settings, { now: NOW + shift }), {});
      expect((await read(settings, callback)).ok).toBe(!signsTime);
    }
  });
});

/** Bodies that only whoever holds the key can write: the signature is left out of account here. */
describe.for(TELLING.filter(([id]) => id !== "2c2p"))(
  "amounts and currencies of %s",
  ([id, one]) => {
    const { settings, told, amount, currency } = one;
    const { message, format } = profileOf(id);
    const quoted = amount.startsWith('"');
    const write = (text: string) => (quoted ? `"${text}"` : text);

    const newsOf = async (from: string, to: string) => {
      const body = await rewritten(one, from, to);
      const bare: BankSettings = { ...settings };
      const profile = profileOf(id);
      const unsigned = { ...profile, authentication: { scheme: "none" } } as typeof profile;
      const callback: RawCallback = {
        method: "POST",
        target: "/",
        headers: new Headers({
          "content-type":
            format === "json" ? "application/json" : "application/x-www-form-urlencoded",
        }),
        body: new TextEncoder().encode(body),
      };
      const verifier = { profile: unsigned, settings: bare, key: null };
      const fields = await authenticate(verifier, callback, NOW);
      if (!fields.ok) return fields;
      return readMessage(message, fields.value, { ...settings, payee: "payee" });
    };

    const inForm = (text: string) =>
      format === "form" ? `amount=${encodeURIComponent(text)}` : text;
    const amountText = inForm(amount);

    it("only plain amounts are amounts", async ({ expect }) => {
      const spoiled = [
        "",
        "12.34 THB",
        ..."1e3 -5 +5 0x10 12,34 12.345 1_000 12. .5 NaN ٣ 0012.34 99999999999999999999 1e-2".split(
          " ",
        ),
        ...(message.amount.unit === "minor" ? ["1234.0", "1234.5", "12.34"] : []),
      ];
      for (const text of spoiled) {
        const result = await newsOf(amountText, inForm(write(text)));
        expect(result.ok, text).toBe(false);
      }
      for (const value of ["true", "null", "[12]", '{"a":1}', "1E2"]) {
        if (format === "form") continue;
        expect((await newsOf(amount, value)).ok, value).toBe(false);
      }
    });

    it("another amount is told as it is", async ({ expect }) => {
      const minor = message.amount.unit === "minor";
      const other = write(minor ? "1235" : "77");
      expect(await newsOf(amountText, inForm(other))).toMatchObject({
        ok: true,
        value: { news: { amount: { currency: told.currency, value: minor ? 1_235 : 7_700 } } },
      });
    });

    // Xendit names none: its codes are in rupiah.
    const itWithCurrency = currency === null ? () => {} : it;

    itWithCurrency("another currency is told, a strange one refused", async ({ expect }) => {
      const from = format === "form" ? `currency=${currency}` : `${currency}`;
      const to = (text: string) => (format === "form" ? `currency=${text}` : `"${text}"`);
      expect(await newsOf(from, to("JPY"))).toMatchObject(
        // Yen have no cents: 12.34 is no amount of them.
        message.amount.unit === "minor"
          ? { ok: true, value: { news: { amount: { currency: "JPY", value: 1234 } } } }
          : { ok: false },
      );
      expect(await newsOf(from, to("USD"))).toMatchObject({
        ok: true,
        value: { news: { amount: { currency: "USD" } } },
      });
      for (const strange of ["XXX", "", "7 64", "000", "SG"]) {
        expect((await newsOf(from, to(strange))).ok, strange).toBe(false);
      }
    });

    it("names the account and the payment", async ({ expect }) => {
      const inBody = "code" in message.reference ? told.code : told.reference;
      for (const strange of ["", "../../etc", "pi_01", "A".repeat(26), "kleine-buchstaben"]) {
        const to = format === "form" ? encodeURIComponent(strange) : strange;
        expect((await newsOf(inBody, to)).ok, strange).toBe(false);
      }
      const stranger = message.belongs?.find(({ is }) => is !== "{payee}" || id === "scb");
      if (stranger === undefined) return;
      const body = await (await messageOf(told, settings)).text();
      const name = stranger.at;
      const value =
        format === "form"
          ? `${name}=${new URLSearchParams(body).get(name)}`
          : `"${name}":${JSON.stringify((JSON.parse(body) as Record<string, unknown>)[name])}`;
      const other = format === "form" ? `${name}=OTHER` : `"${name}":"OTHER"`;
      expect(await newsOf(value, other)).toEqual({
        ok: false,
        error: `${name} is not this account's`,
      });
    });

    it("duplicates are refused", async ({ expect }) => {
      const twice = format === "form" ? `${amountText}&${amountText}` : null;
      const result =
        twice === null
          ? await newsOf("{", '{"twice":1,"twice":1,')
          : await newsOf(amountText, twice);
      expect(result).toEqual({ ok: false, error: "a field is given twice" });
    });
  },
);

describe("states and events", () => {
  const settings: BankSettings = { profile: "generic_hmac", secret: "0123456789abcdef" };
  const values = { ...settings, payee: "payee" };
  const say = (changes: Record<string, string>) => {
    const { message } = profileOf("generic_hmac");
    const body = { id: "1", reference: REFERENCE, amount: "1.00", currency: "SGD", ...changes };
    return readMessage(
      message,
      new Map(
        Object.entries(body).map(([name, value]) => [name, { kind: "text", text: value } as const]),
      ),
      values,
    );
  };

  it("maps words, and believes no other", ({ expect }) => {
    for (const [word, state] of [
      ["paid", "paid"],
      ["pending", "open"],
      ["failed", "open"],
      ["reversed", "reversed"],
    ] as const) {
      expect(say({ status: word })).toMatchObject({
        ok: true,
        value: { news: { state, status: word } },
      });
    }
    for (const word of ["PAID", "settled", ""]) {
      expect(say({ status: word })).toEqual({ ok: false, error: "the status is not known" });
    }
  });

  it("knows the ringgit by Fiuu's own name for it, signed as it was written", async ({
    expect,
  }) => {
    const { settings: own, told } = CASES["fiuu"] as Case;
    const renamed = { ...told, currency: "RM" };
    const callback = await changed(await messageOf(renamed, own), {});
    expect(await read(own, callback)).toMatchObject({
      ok: true,
      value: { news: { state: "paid", amount: { currency: "MYR", value: told.value } } },
    });
    const { settings: elsewhere, told: others } = CASES["hitpay_v1"] as Case;
    const strange = await changed(await messageOf({ ...others, currency: "RM" }, elsewhere), {});
    expect((await read(elsewhere, strange)).ok).toBe(false);
  });

  it("passes on numbers that look like numbers, and times that are times", ({ expect }) => {
    expect(say({ status: "paid", id: "a b" })).toMatchObject({
      value: { news: { transactionId: null } },
    });
    for (const [text, time] of [
      ["2026-11-21T00:00:00Z", NOW],
      ["2026-11-21T08:00:00.000+08:00", NOW],
      ["2026-11-21", null],
      ["2026-13-41T00:00:00Z", null],
      ["yesterday", null],
    ] as const) {
      expect(say({ status: "paid", paid_at: text })).toMatchObject({
        value: { news: { paidAt: time } },
      });
    }
    expect(readTime("1795219200", { form: "unix_seconds" })).toBe(NOW);
    expect(readTime("1795219200000", { form: "unix_seconds" })).toBeNull();
    expect(readTime("2026-11-21 08:00:00", { form: "local", zone: 8 })).toBe(NOW);
    expect(readTime("2026-11-21 08:00", { form: "local", zone: 8 })).toBeNull();
  });

  it("another payee is somebody else's account", ({ expect }) => {
    expect(say({ status: "paid", payee: "payee" }).ok).toBe(true);
    expect(say({ status: "paid", payee: "other" })).toEqual({
      ok: false,
      error: "payee is not this account's",
    });
  });

  it("other events of a webhook are nothing to a payment", async ({ expect }) => {
    const { settings: own, told } = CASES["omise"] as Case;
    const request = await messageOf(told, own);
    const text = (await request.text()).replace("charge.complete", "charge.create");
    const profile = profileOf("omise");
    const verifier = {
      profile: { ...profile, authentication: { scheme: "none" } } as typeof profile,
      settings: own,
      key: null,
    };
    const headers = new Headers({ "content-type": "application/json" });
    const fields = await authenticate(
      verifier,
      { headers, body: new TextEncoder().encode(text) },
      NOW,
    );
    if (!fields.ok) throw new Error(fields.error);
    expect(readMessage(profile.message, fields.value, own)).toEqual({
      ok: true,
      value: { kind: "other_event" },
    });
    expect(readMessage(profile.message, new Map(), own)).toEqual({
      ok: false,
      error: "the event's name is missing",
    });
  });
});

describe("the table", () => {
  it("holds every profile once, with a case here", ({ expect }) => {
    const ids = PROFILES.map(({ id }) => id);
    expect(ids.toSorted()).toEqual(Object.keys(CASES).toSorted());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("believes no unsigned message, and can ask wherever it must", ({ expect }) => {
    const open = PROFILES.filter(({ authentication: { scheme } }) =>
      ["none", "token"].includes(scheme),
    );
    expect(open.map(({ believed }) => believed)).toEqual(open.map(() => "query"));
    const asked = PROFILES.filter(({ believed }) => believed === "query");
    expect(asked.filter(({ api }) => api === undefined)).toEqual([]);
    expect(open.length).toBeGreaterThan(0);
  });

  it("names only settings and variables that exist", ({ expect }) => {
    const known = new Set<string>([
      ...VARIABLES,
      "secret",
      "public_key",
      "username",
      "password",
      "token",
      "app_key",
      "app_secret",
      "merchant_id",
      "terminal_id",
      "api_url",
    ]);
    for (const { id, api } of PROFILES) {
      const text = JSON.stringify([api?.token, api?.query, api?.issue, api?.close]);
      for (const [, name = ""] of text.matchAll(/\{([a-z_0-9]+)\??\}/g)) {
        expect(known.has(name), `${id}: ${name}`).toBe(true);
      }
    }
  });

  it("fills templates, and fails loudly on a gap", ({ expect }) => {
    expect(fill("a{b}c{b}", { b: "1" })).toBe("a1c1");
    expect(fill("/x/{b}", { b: "a/b?c" }, encodeURIComponent)).toBe("/x/a%2Fb%3Fc");
    expect(() => fill("{missing}", {})).toThrow("missing");
    expect(fillAll({ a: "{x}", b: "{y?}" }, { x: "1" })).toEqual({ a: "1" });
    expect(clockValues(Date.UTC(2026, 10, 20, 18), 7)).toEqual({
      now: "2026-11-21T01:00:00+07:00",
      date: "2026-11-21",
      date_dmy: "21/11/2026",
      stamp: "21112026010000",
    });
  });
});
