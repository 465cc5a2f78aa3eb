/** What accounts of the bank channels may be saved with, and what is refused with a clear word. */
import { describe, it } from "vitest";
import * as z from "zod";

import type { Channel } from "../../../src/channels/adapter.ts";
import { PROFILES } from "../../../src/channels/bank/profiles.ts";
import { duitnow } from "../../../src/channels/duitnow/channel.ts";
import { buildDuitNow } from "../../../src/channels/emvco/schemes/duitnow.ts";
import { parseEmv } from "../../../src/channels/emvco/parse.ts";
import { fps } from "../../../src/channels/fps/channel.ts";
import { paynow } from "../../../src/channels/paynow/channel.ts";
import { promptpay } from "../../../src/channels/promptpay/channel.ts";
import { qris } from "../../../src/channels/qris/channel.ts";
import { qrph } from "../../../src/channels/qrph/channel.ts";
import { vietqr } from "../../../src/channels/vietqr/channel.ts";
import { chargeOrder, NOW } from "../kit.ts";
import { accountOf, ioWith, keyring, unreachable } from "./kit.ts";

const CHANNELS = [promptpay, paynow, duitnow, fps, qris, vietqr, qrph];

const hmac = { profile: "generic_hmac", secret: "0123456789abcdef" };
const scb = { profile: "scb", app_key: "k", app_secret: "s", terminal_id: "SBX" };
const kbank = {
  profile: "kbank",
  app_key: "k",
  app_secret: "s",
  username: "P",
  password: "p",
  merchant_id: "KB1",
  api_url: "https://api.bank.com",
};
const { password: _, ...client } = kbank;
const ambank = { ...client, profile: "ambank", token: "t", secret: "s", terminal_id: "ITP" };

const examine = async (channel: Channel, credentials: unknown) => {
  const examined = await channel.adapter.modes["direct"]?.examine(credentials, NOW);
  if (examined === undefined) throw new Error("no such mode");
  return examined;
};

const issuesOf = async (channel: Channel, credentials: unknown) => {
  const examined = await examine(channel, credentials);
  return examined.ok ? [] : examined.error;
};

const template = buildDuitNow({ acquirerId: "564169", merchantId: "QR1", initiation: "11" });
const STATIC = template.ok ? template.value : "";

describe("accounts that can be used", () => {
  it.for([
    ["promptpay", promptpay, { biller_id: "010555555555501", bank: scb }, "010555555555501"],
    ["promptpay kbank", promptpay, { bank: kbank }, "KB1"],
    [
      "promptpay kbank with a proxy",
      promptpay,
      { proxy: { type: "mobile", value: "0812345678" }, bank: kbank },
      "KB1",
    ],
    ["paynow", paynow, { uen: "202612345K", bank: hmac }, "202612345K"],
    ["paynow with a suffix", paynow, { uen: "T08LL1234AX01", bank: hmac }, "T08LL1234AX01"],
    ["duitnow template", duitnow, { source: "template", template: STATIC, bank: hmac }, "QR1"],
    ["duitnow ambank", duitnow, { source: "acquirer_api", bank: ambank }, "KB1"],
    ["fps", fps, { fps_id: "1234567", bank: hmac }, "1234567"],
    ["vietqr", vietqr, { bin: "970416", account: "257678859", bank: hmac }, "257678859"],
    ["qrph", qrph, { acquirer: "BOPIPHMMXXX", merchant_id: "M1", bank: hmac }, "M1"],
  ] as const)("%s", async ([, channel, credentials, payee], { expect }) => {
    expect(await examine(channel, credentials)).toMatchObject({
      ok: true,
      value: { merchantAccount: payee, fingerprints: { bank_profile: credentials.bank.profile } },
    });
  });

  it("never show a secret", async ({ expect }) => {
    const secrets = { ...scb, app_secret: "TOP-SECRET-1" };
    const examined = await examine(promptpay, { biller_id: "010555555555501", bank: secrets });
    expect(JSON.stringify(examined)).not.toContain("TOP-SECRET");
    const keys = await keyring();
    const rsa = { profile: "generic_rsa", public_key: keys.platformPublicKey };
    expect(await examine(paynow, { uen: "202612345K", bank: rsa })).toMatchObject({
      value: { fingerprints: { bank_public_key: expect.stringMatching(/^[0-9a-f]{64}$/) } },
    });
  });

  it("are what the sandbox hands out, always the same", async ({ expect }) => {
    const keys = await keyring();
    for (const { sandbox, adapter } of CHANNELS) {
      const first = sandbox.credentials(keys, "ca_1");
      expect(sandbox.credentials(keys, "ca_1")).toEqual(first);
      expect(sandbox.credentials(keys, "ca_2")).not.toEqual(first);
      expect((await adapter.modes["direct"]?.examine(first, NOW))?.ok).toBe(true);
    }
  });
});

describe("accounts that cannot be used", () => {
  const PROXY = { type: "mobile", value: "0812345678" };

  it.for([
    ["no biller", promptpay, { bank: scb }, "biller_id"],
    ["a biller of 13 digits", promptpay, { biller_id: "0105555555555", bank: scb }, "biller_id"],
    [
      "a proxy, whose payments nobody could match",
      promptpay,
      { proxy: PROXY, bank: hmac },
      "proxy",
    ],
    ["a proxy at SCB", promptpay, { proxy: PROXY, bank: scb }, "proxy"],
    [
      "biller and proxy",
      promptpay,
      { biller_id: "010555555555501", proxy: PROXY, bank: kbank },
      "proxy",
    ],
    ["a mobile number", paynow, { mobile: "+6591234567", bank: hmac }, "mobile"],
    ["neither UEN nor mobile", paynow, { bank: hmac }, "uen"],
    ["a UEN of another shape", paynow, { uen: "1234", bank: hmac }, "uen"],
    [
      "an unknown profile",
      paynow,
      { uen: "202612345K", bank: { profile: "nobank" } },
      "bank.profile",
    ],
    ["a profile of another country", paynow, { uen: "202612345K", bank: scb }, "bank.profile"],
    ["no bank", paynow, { uen: "202612345K" }, "bank"],
    [
      "another profile's setting",
      paynow,
      { uen: "202612345K", bank: { ...hmac, token: "t" } },
      "bank.token",
    ],
    [
      "a short secret",
      paynow,
      { uen: "202612345K", bank: { ...hmac, secret: "short" } },
      "bank.secret",
    ],
    [
      "a secret with a line break",
      paynow,
      { uen: "202612345K", bank: { ...hmac, secret: "0123456789abcdef\n" } },
      "bank.secret",
    ],
    [
      "a secret that is no base64",
      paynow,
      { uen: "202612345K", bank: { profile: "omise", secret: "not-base64!" } },
      "bank.secret",
    ],
    [
      "a public key that is none",
      paynow,
      { uen: "202612345K", bank: { profile: "generic_rsa", public_key: "MIIB" } },
      "bank.public_key",
    ],
    [
      "an address without who to be there",
      paynow,
      { uen: "202612345K", bank: { ...hmac, api_url: "https://api.bank.com" } },
      "bank.username",
    ],
    [
      "an API of a bank that makes none",
      duitnow,
      { source: "acquirer_api", bank: hmac },
      "bank.profile",
    ],
    [
      "a template beside an API",
      duitnow,
      { source: "template", template: STATIC, bank: ambank },
      "source",
    ],
    ["no template", duitnow, { source: "template", bank: hmac }, "template"],
    [
      "members of two sources",
      duitnow,
      { source: "template", template: STATIC, merchant_id: "X", bank: hmac },
      "merchant_id",
    ],
    [
      "a template that is no code",
      duitnow,
      { source: "template", template: "000201", bank: hmac },
      "",
    ],
    [
      "half of compose",
      duitnow,
      { source: "compose", acquirer_id: "890000", bank: hmac },
      "merchant_id",
    ],
    ["an FPS identifier of 8 digits", fps, { fps_id: "12345678", bank: hmac }, "fps_id"],
    ["an unknown member", fps, { fps_id: "1234567", extra: 1, bank: hmac }, "extra"],
  ] as const)("%s", async ([, channel, credentials, path], { expect }) => {
    const issues = await issuesOf(channel, credentials);
    expect(issues.map((issue) => issue.path)).toContain(path);
    for (const { message } of issues) {
      expect(message).not.toBe("is not valid");
      expect(message).not.toContain("0123456789abcdef");
    }
  });

  it("a template that was issued for one payment", async ({ expect }) => {
    const once = buildDuitNow({
      acquirerId: "564169",
      merchantId: "QR1",
      amount: { currency: "MYR", value: 100 },
    });
    const issues = await issuesOf(duitnow, {
      source: "template",
      template: once.ok ? once.value : "",
      bank: hmac,
    });
    expect(issues[0]?.message).toContain("static");
  });

  it("addresses that are not a bank's", async ({ expect }) => {
    for (const api_url of [
      "http://api.bank.com",
      "https://user:pass@api.bank.com",
      "https://127.0.0.1/x",
      "https://[::1]/",
      "https://2130706433/",
      "https://localhost",
      "https://metadata.google.internal",
      "https://bank",
      "https://api.bank.com:22",
      "https://api.bank.com/?x=1",
      "https://api.bank.com/#x",
      "https://api.bank.com.",
      "ftp://api.bank.com",
      "api.bank.com",
    ]) {
      const issues = await issuesOf(promptpay, { bank: { ...kbank, api_url } });
      expect(
        issues.map(({ path }) => path),
        api_url,
      ).toEqual(["bank.api_url"]);
    }
  });
});

describe("DuitNow's sources", () => {
  const composed = { source: "compose", acquirer_id: "890000", merchant_id: "M1", bank: hmac };

  it("compose is for tests: live accounts make no codes and fail their check", async ({
    expect,
  }) => {
    const order = chargeOrder({ amount: { currency: "MYR", value: 100 } });
    const live = accountOf("duitnow", [composed], { livemode: true });
    expect(duitnow.adapter.prepareCharge(order, live)).toMatchObject({
      ok: false,
      error: { code: "CHANNEL_NOT_CONFIGURED" },
    });
    expect(await duitnow.adapter.selfCheck(live, ioWith(unreachable).io)).toMatchObject({
      kind: "rejected",
    });
    const test = accountOf("duitnow", [composed]);
    expect(duitnow.adapter.prepareCharge(order, test).ok).toBe(true);
  });

  it("template keeps the acquirer's account and writes amount and reference into it", ({
    expect,
  }) => {
    const account = accountOf("duitnow", [{ source: "template", template: STATIC, bank: hmac }], {
      livemode: true,
    });
    const order = chargeOrder({ amount: { currency: "MYR", value: 1234 } });
    const prepared = duitnow.adapter.prepareCharge(order, account);
    if (!prepared.ok) throw new Error(prepared.error.message);
    const { code, reference } = JSON.parse(prepared.value) as Record<"code" | "reference", string>;
    const parsed = parseEmv(code);
    if (!parsed.ok) throw new Error(parsed.error.message);
    expect(parsed.value).toMatchObject({
      initiation: "dynamic",
      amount: { value: 1234 },
      additionalData: { referenceLabel: reference },
      unreserved: [],
    });
    expect(parsed.value.schemes[0]?.payee?.value).toBe("QR1");
  });
});

describe("the matrix", () => {
  it("has a JSON Schema for every channel, and every profile in some channel", ({ expect }) => {
    const used = new Set<string>();
    for (const { adapter } of CHANNELS) {
      const schema = adapter.modes["direct"]?.credentials;
      const text = JSON.stringify(
        z.toJSONSchema(schema as z.ZodObject, { io: "input", unrepresentable: "any" }),
      );
      for (const { id } of PROFILES) if (text.includes(`"const":"${id}"`)) used.add(id);
      expect(text).toContain("additionalProperties");
    }
    expect([...used].toSorted()).toEqual(PROFILES.map(({ id }) => id).toSorted());
  });

  it("PayNow codes end with the day of the payment in Singapore", ({ expect }) => {
    const account = accountOf("paynow", [{ uen: "202612345K", bank: hmac }]);
    const order = chargeOrder({
      amount: { currency: "SGD", value: 1 },
      // 23:59 in Singapore.
      expiresAt: Date.UTC(2026, 10, 21, 15, 59),
    });
    const prepared = paynow.adapter.prepareCharge(order, account);
    expect(prepared.ok && prepared.value).toContain("040820261121");
  });

  it("SCB's codes carry what routes its confirmations", ({ expect }) => {
    const account = accountOf("promptpay", [
      { biller_id: "010555555555501", reference2: "SHOP", bank: scb },
    ]);
    const order = chargeOrder({ amount: { currency: "THB", value: 100 } });
    const prepared = promptpay.adapter.prepareCharge(order, account);
    expect(prepared.ok && prepared.value).toContain("62070703SBX");
    expect(prepared.ok && prepared.value).toContain("0304SHOP");
  });
});
