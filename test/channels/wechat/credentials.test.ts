/** What is checked when a WeChat Pay account is saved, and what of it is ever shown. */
import { beforeAll, describe, it } from "vitest";
import * as z from "zod";

import { directMode, partnerMode } from "../../../src/channels/wechat/examine.ts";
import { wechat } from "../../../src/channels/wechat/adapter.ts";
import { sha256Hex } from "../../../src/crypto/digest.ts";
import vectors from "../../vectors/wechat-pay.json";
import * as kit from "./kit.ts";

const SERIAL = "5F1C72E2A8931B72A2E13AF8DEE92471EB397115";
const PLATFORM_SERIAL = "440024045C4A427599D09BB4E3DE0279F2E813FD";

let merchant: kit.Pair;
let platform: kit.Pair;
let stranger: kit.Pair;
let certificate: string;
let platformCertificate: string;

beforeAll(async () => {
  [merchant, platform, stranger] = [await kit.newPair(), await kit.newPair(), await kit.newPair()];
  certificate = await kit.certificateOf(merchant, SERIAL);
  platformCertificate = await kit.certificateOf(platform, PLATFORM_SERIAL);
});

const good = (changes: Record<string, unknown> = {}) =>
  kit.credentialsOf(merchant, platform, { serial_no: undefined, certificate, ...changes });

const examine = (changes: Record<string, unknown> = {}, now = kit.NOW) =>
  directMode.examine(structuredClone(good(changes)), now);

/** The paths of the issues; empty when the credentials are accepted. */
async function issuesOf(changes: Record<string, unknown>, now = kit.NOW): Promise<string[]> {
  const result = await examine(changes, now);
  return result.ok ? [] : result.error.map(({ path }) => path);
}

const keyEntry = (changes: Record<string, unknown> = {}) => ({
  platform_keys: [{ id: kit.PUB_KEY_ID, public_key: platform.publicPem, ...changes }],
});

const certificateEntry = (changes: Record<string, unknown> = {}) => ({
  platform_keys: [{ id: PLATFORM_SERIAL, certificate: platformCertificate, ...changes }],
});

describe("accepted", () => {
  it("reads the serial from the certificate and shows fingerprints only", async ({ expect }) => {
    const result = await examine();
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    expect(result.value.merchantAccount).toBe(kit.MCHID);
    expect(result.value.fingerprints).toEqual({
      serial_no: SERIAL,
      public_key_sha256: await sha256Hex(merchant.spki),
      certificate_not_after: new Date(kit.NOW + 86_400_000 * 365).toISOString(),
      [`platform_key_${kit.PUB_KEY_ID}_sha256`]: await sha256Hex(platform.spki),
    });
    const shown = JSON.stringify(result.value);
    expect(shown).not.toContain(kit.API_V3_KEY);
    expect(shown).not.toContain("PRIVATE");
  });

  it("takes a mix of public keys and certificates, a serial instead of a certificate, and none", async ({
    expect,
  }) => {
    const mixed = [...keyEntry().platform_keys, ...certificateEntry().platform_keys];
    expect(await issuesOf({ platform_keys: mixed })).toEqual([]);
    expect(await issuesOf({ certificate: undefined, serial_no: SERIAL })).toEqual([]);
    expect(await issuesOf({ serial_no: SERIAL.toLowerCase() })).toEqual([]);
    expect(await issuesOf({ platform_keys: [] })).toEqual([]);
    const result = await examine(certificateEntry({ id: PLATFORM_SERIAL.toLowerCase() }));
    expect(result.ok && Object.keys(result.value.fingerprints)).toContain(
      `platform_key_${PLATFORM_SERIAL}_not_after`,
    );
  });

  it("takes keys with escaped newlines, as bare base64, and in PKCS#1", async ({ expect }) => {
    const escaped = merchant.privatePem.replaceAll("\n", String.raw`\n`);
    expect(await issuesOf({ private_key: escaped })).toEqual([]);
    const bare = merchant.privatePem.replaceAll(/-----[^-]+-----|\n/g, "");
    expect(await issuesOf({ private_key: bare })).toEqual([]);
    const { merchant_private_key_pem, serial_no } = vectors.groups.official_docs;
    expect(
      await issuesOf({ private_key: merchant_private_key_pem, certificate: undefined, serial_no }),
    ).toEqual([]);
  });

  it("fits the Java SDK's merchant to its certificate", async ({ expect }) => {
    const { merchant: java, platform: javaPlatform, apiv3_key } = vectors.groups.wechatpay_java;
    const result = await directMode.examine(
      {
        mchid: java.id,
        appid: kit.APPID,
        private_key: java.private_key_pem,
        certificate: java.certificate_pem,
        serial_no: java.serial_no,
        api_v3_key: apiv3_key,
        platform_keys: [{ id: javaPlatform.serial_no, certificate: javaPlatform.certificate_pem }],
      },
      Date.UTC(2024, 5, 1),
    );
    expect(result).toMatchObject({ ok: true });
  });
});

describe("refused", () => {
  it.for([
    ["mchid", { mchid: "19 00000001" }],
    ["appid", { appid: "wx/1" }],
    ["api_v3_key", { api_v3_key: "0123456789abcdef" }],
    ["api_v3_key", { api_v3_key: `${kit.API_V3_KEY}0` }],
    ["api_v3_key", { api_v3_key: "0123456789abcdefghijklmnopqrstuü" }],
    [
      "private_key",
      { private_key: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----" },
    ],
    ["private_key", { private_key: "" }],
    ["serial_no", { certificate: undefined }],
    ["serial_no", { serial_no: "AB" }],
    ["serial_no", { serial_no: "not hex" }],
    ["surprise", { surprise: 1 }],
  ] as const)("names the field %s", async ([path, changes], { expect }) => {
    expect(await issuesOf(changes)).toEqual([path]);
  });

  it("asks for what is missing", async ({ expect }) => {
    for (const name of ["mchid", "appid", "private_key", "api_v3_key", "platform_keys"]) {
      expect(await issuesOf({ [name]: undefined }), name).toEqual([name]);
    }
  });

  it("refuses a certificate of another key, one that expired, and one of the future", async ({
    expect,
  }) => {
    const other = await kit.certificateOf(stranger, SERIAL);
    expect(await issuesOf({ certificate: other })).toEqual(["certificate"]);
    const year = 86_400_000 * 365;
    expect(await issuesOf({}, kit.NOW + year)).toContain("certificate");
    expect(await issuesOf({}, kit.NOW + year - 1_000)).toEqual([]);
    expect(await issuesOf({}, kit.NOW - year)).toContain("certificate");
  });

  it("refuses the merchant's own key, or certificate, in the place of WeChat Pay's", async ({
    expect,
  }) => {
    const ownKey = await examine(keyEntry({ public_key: merchant.publicPem }));
    expect(ownKey).toMatchObject({
      ok: false,
      error: [{ path: "platform_keys.0.public_key" }],
    });
    expect(!ownKey.ok && ownKey.error[0]?.message).toContain("merchant's own key");
    const ownCertificate = await examine({ platform_keys: [{ id: SERIAL, certificate }] });
    expect(ownCertificate).toMatchObject({
      ok: false,
      error: [{ path: "platform_keys.0.certificate" }],
    });
    // As a public key, which the field name invites: refused as a certificate.
    expect(await issuesOf(keyEntry({ public_key: certificate }))).toEqual([
      "platform_keys.0.public_key",
    ]);
    // The serial alone, without the certificate: nothing to verify with.
    expect(await issuesOf({ platform_keys: [{ id: SERIAL }] })).toEqual([
      "platform_keys.0.certificate",
    ]);
  });

  it("refuses a certificate's own number that differs from its id", async ({ expect }) => {
    expect(await issuesOf(certificateEntry({ id: SERIAL }))).toEqual(["platform_keys.0.id"]);
  });

  it("refuses a public-key id without a key, and both or neither kind", async ({ expect }) => {
    expect(await issuesOf(keyEntry({ public_key: undefined }))).toEqual([
      "platform_keys.0.public_key",
    ]);
    expect(
      await issuesOf(keyEntry({ public_key: undefined, certificate: platformCertificate })),
    ).toEqual(["platform_keys.0.public_key"]);
    expect(await issuesOf(keyEntry({ certificate: platformCertificate }))).toEqual([
      "platform_keys.0.certificate",
    ]);
    expect(
      await issuesOf(certificateEntry({ certificate: undefined, public_key: platform.publicPem })),
    ).toEqual(["platform_keys.0.certificate"]);
  });

  it("refuses an id that is given twice, an odd id, an expired certificate, a private key", async ({
    expect,
  }) => {
    const [entry] = keyEntry().platform_keys;
    expect(await issuesOf({ platform_keys: [entry, entry] })).toEqual(["platform_keys.1.id"]);
    expect(await issuesOf(keyEntry({ id: "PUBKEY" }))).toEqual(["platform_keys.0.id"]);
    expect(await issuesOf(keyEntry({ public_key: platform.privatePem }))).toEqual([
      "platform_keys.0.public_key",
    ]);
    const expired = await kit.certificateOf(platform, PLATFORM_SERIAL, { notAfter: kit.NOW });
    expect(await issuesOf(certificateEntry({ certificate: expired }))).toEqual([
      "platform_keys.0.certificate",
    ]);
  });

  it("reports everything at once, and never repeats a value", async ({ expect }) => {
    const result = await examine({
      private_key: merchant.privatePem.slice(0, 200),
      platform_keys: [{ id: SERIAL, certificate: "secret-looking-text" }],
    });
    if (result.ok) throw new Error("accepted");
    expect(result.error.map(({ path }) => path)).toEqual([
      "private_key",
      "platform_keys.0.certificate",
    ]);
    const text = JSON.stringify(result.error);
    expect(text).not.toContain("secret-looking-text");
    expect(text).not.toContain(merchant.privatePem.slice(40, 80));
    expect(JSON.stringify(await examine({ api_v3_key: "hunter2" }))).not.toContain("hunter2");
  });
});

describe("a service provider's credentials", () => {
  const provided = (changes: Record<string, unknown> = {}) => ({
    ...good({ mchid: undefined, appid: undefined }),
    sp_mchid: kit.MCHID,
    sp_appid: kit.APPID,
    sub_mchid: kit.SUB_MCHID,
    ...changes,
  });
  const partnerIssues = async (changes: Record<string, unknown>) => {
    const given = Object.fromEntries(
      Object.entries(provided(changes)).filter(([, value]) => value !== undefined),
    );
    const result = await partnerMode.examine(given, kit.NOW);
    return result.ok ? [] : result.error;
  };

  it("are accepted with and without an appid of the sub-merchant, who is the one paid", async ({
    expect,
  }) => {
    expect(await partnerIssues({})).toEqual([]);
    expect(await partnerIssues({ sub_appid: "wx0000000000000001" })).toEqual([]);
    const given = JSON.parse(JSON.stringify(provided()));
    expect(await partnerMode.examine(given, kit.NOW)).toMatchObject({
      ok: true,
      value: { merchantAccount: kit.SUB_MCHID },
    });
  });

  it("are refused when a number is missing, or the provider is its own merchant", async ({
    expect,
  }) => {
    for (const name of ["sp_mchid", "sp_appid", "sub_mchid"]) {
      expect(await partnerIssues({ [name]: undefined }), name).toMatchObject([{ path: name }]);
    }
    expect(await partnerIssues({ sub_mchid: kit.MCHID })).toMatchObject([
      { path: "sub_mchid", message: expect.stringContaining("service provider's own") },
    ]);
  });

  it("say which mode they are of, when they are saved for the other", async ({ expect }) => {
    const foreign = await partnerIssues({ mchid: kit.MCHID });
    expect(foreign).toMatchObject([
      { path: "mchid", message: expect.stringContaining("belongs to the mode direct") },
    ]);
    const direct = await directMode.examine(
      { ...good({ serial_no: SERIAL }), sub_mchid: kit.SUB_MCHID },
      kit.NOW,
    );
    expect(direct).toMatchObject({
      ok: false,
      error: [
        {
          path: "sub_mchid",
          message: expect.stringContaining("belongs to the mode service_provider"),
        },
      ],
    });
    expect(await partnerIssues({ surprise: 1 })).toMatchObject([
      { path: "surprise", message: "unknown field; remove it" },
    ]);
  });
});

describe("the channel matrix", () => {
  it("serves the form as a strict JSON Schema", ({ expect }) => {
    const schema = z.toJSONSchema(wechat.modes["direct"]?.credentials ?? z.object());
    expect(schema).toMatchObject({ type: "object", additionalProperties: false });
    expect(schema.required).toEqual([
      "mchid",
      "appid",
      "private_key",
      "api_v3_key",
      "platform_keys",
    ]);
  });

  it("offers what is built, and no more", ({ expect }) => {
    expect(Object.keys(wechat.modes)).toEqual(["direct", "service_provider"]);
    expect(wechat.info).toMatchObject({
      slug: "wechat",
      currencies: ["CNY"],
      methods: ["qr", "jsapi", "app", "wap"],
      refunds: { partial: true, maxPartials: 50, windowDays: 365, spacingSeconds: 60 },
    });
  });
});
