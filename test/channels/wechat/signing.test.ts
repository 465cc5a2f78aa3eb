/**
 * Request signatures, reply and callback signatures, and platform certificates, against what WeChat
 * Pay and its SDKs publish (test/vectors/wechat-pay.json names each origin).
 */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import { requestTarget } from "../../../src/channels/call.ts";
import { findPlatformKey, newestCertificate } from "../../../src/channels/wechat/certificates.ts";
import { keysOf, type AccountKeys } from "../../../src/channels/wechat/keys.ts";
import {
  authorization,
  checkSignature,
  requestMessage,
  requestNonce,
} from "../../../src/channels/wechat/signing.ts";
import { gcmDecrypt, gcmEncrypt } from "../../../src/crypto/aes-gcm.ts";
import { utf8 } from "../../../src/crypto/encoding.ts";
import { readPrivateKey, readPublicKey } from "../../../src/crypto/pem.ts";
import {
  importSigningKey,
  importVerifyingKey,
  oaepDecrypt,
  publicKeyOf,
  verifySha256,
} from "../../../src/crypto/rsa.ts";
import { readCertificate } from "../../../src/crypto/x509.ts";
import { secureRandom } from "../../../src/ids.ts";
import vectors from "../../vectors/wechat-pay.json";
import * as kit from "./kit.ts";

const { groups } = vectors;
const official = groups.official_docs;

function must<T>(result: { ok: true; value: T } | { ok: false; error: string }): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

describe("request signature", () => {
  it.for(official.request_signatures.map((vector) => [vector.id, vector] as const))(
    "reproduces the documentation's example: %s",
    async ([, vector], { expect }) => {
      const { method, url: target, timestamp, nonce, body } = vector;
      const request = { method, target, timestamp, nonce, body };
      expect(requestMessage(request)).toBe(vector.message);
      const pkcs8 = must(readPrivateKey(official.merchant_private_key_pem));
      const signer = {
        mchid: official.mchid,
        serial: official.serial_no,
        signingKey: await importSigningKey(pkcs8),
      };
      expect(await authorization(signer, request)).toBe(
        `WECHATPAY2-SHA256-RSA2048 mchid="${official.mchid}",nonce_str="${nonce}",` +
          `timestamp="${timestamp}",serial_no="${official.serial_no}",signature="${vector.signature}"`,
      );
    },
  );

  it("signs the path and query of the Java SDK's example as they are fetched", ({ expect }) => {
    for (const { url, method, timestamp, nonce, body, message } of groups.wechatpay_java
      .canonical_message) {
      const io = kit.fakeIo(() => new Response());
      const target = requestTarget(io, url.replace("https://api.mch.weixin.qq.com", ""));
      expect(requestMessage({ method, target, timestamp, nonce, body })).toBe(message);
    }
  });

  it.for([
    ["/v3/a|b*c/d", "/v3/a|b*c/d"],
    ["/v3/x?no=a|b*c", "/v3/x?no=a|b*c"],
    ["/v3/x?a=1+2&b=%2B%25", "/v3/x?a=1+2&b=%2B%25"],
    ["/v3/x?text=图", "/v3/x?text=%E5%9B%BE"],
    ["/v3/x?a=b c", "/v3/x?a=b%20c"],
    ["/v3/x#fragment", "/v3/x"],
  ] as const)("signs %s as the URL parser sends it", ([path, target], { expect }) => {
    const io = kit.fakeIo(() => new Response());
    expect(requestTarget(io, path)).toBe(target);
    const sent = new URL(new Request(`https://api.mch.weixin.qq.com${path}`).url);
    expect(sent.pathname + sent.search).toBe(target);
  });

  it("keeps the path of an endpoint behind a proxy, which is what is fetched", ({ expect }) => {
    const io = kit.fakeIo(() => new Response(), { endpoints: ["http://127.0.0.1:9/wx/"] });
    expect(requestTarget(io, "/v3/certificates?x=1")).toBe("/wx/v3/certificates?x=1");
  });

  it("makes nonces of 32 letters and digits that do not repeat", ({ expect }) => {
    const nonces = Array.from({ length: 50 }, () => requestNonce(secureRandom));
    for (const nonce of nonces) expect(nonce).toMatch(/^[0-9A-Za-z]{32}$/);
    expect(new Set(nonces).size).toBe(50);
  });

  it("signs what the merchant certificate of the Java SDK verifies", async ({ expect }) => {
    const { merchant, sign } = groups.wechatpay_java;
    const certificate = must(readCertificate(merchant.certificate_pem));
    expect(certificate.serialHex).toBe(merchant.serial_no);
    const key = await importVerifyingKey(certificate.publicKey);
    for (const { message, signature } of sign) {
      expect(await verifySha256(key, message, signature)).toBe(true);
    }
    const go = groups.wechatpay_go;
    const goKey = await importVerifyingKey(must(readPublicKey(go.public_key_pem)));
    for (const { message, signature } of go.sign) {
      expect(await verifySha256(goKey, message, signature)).toBe(true);
    }
  });
});

describe("reply and callback signature", () => {
  const [vector] = official.response_verify;
  if (vector === undefined) throw new Error("the vector is missing");
  const body = utf8(vector.body);
  const at = Number(vector.headers["Wechatpay-Timestamp"]) * 1000;
  const key = async () => importVerifyingKey(must(readPublicKey(vector.public_key_pem)));
  const trusted = async (serial: string) =>
    serial === vector.headers["Wechatpay-Serial"] ? key() : null;
  const headers = (changes: Record<string, string | null> = {}) => {
    const all = new Headers(vector.headers);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) all.delete(name);
      else all.set(name, value);
    }
    return all;
  };

  it("verifies a reply that the real platform signed", async ({ expect }) => {
    expect(await checkSignature(headers(), body, trusted, at)).toBe("valid");
  });

  it("refuses every single flipped bit of a few bytes of the body", async ({ expect }) => {
    for (const index of [0, 1, 20, body.length - 1]) {
      const tampered = body.slice();
      tampered[index] = (tampered[index] ?? 0) ^ 1;
      const check = await checkSignature(headers(), tampered, trusted, at);
      expect(check).toBe("signature_invalid");
    }
  });

  it("refuses a body that was parsed and written again", async ({ expect }) => {
    const again = utf8(JSON.stringify(JSON.parse(vector.body), null, 1));
    expect(await checkSignature(headers(), again, trusted, at)).toBe("signature_invalid");
    const longer = utf8(`${vector.body}\n`);
    expect(await checkSignature(headers(), longer, trusted, at)).toBe("signature_invalid");
  });

  it.for([
    [-301, "timestamp_out_of_range"],
    [-300, "valid"],
    [300, "valid"],
    [301, "timestamp_out_of_range"],
  ] as const)("with a clock %i s off: %s", async ([offset, wanted], { expect }) => {
    expect(await checkSignature(headers(), body, trusted, at + offset * 1000)).toBe(wanted);
  });

  it.for(["Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial"])(
    "refuses a message without %s",
    async (name, { expect }) => {
      for (const value of [null, ""]) {
        const check = await checkSignature(headers({ [name]: value }), body, trusted, at);
        expect(check).toBe("header_missing");
      }
    },
  );

  it.for(["", "abc", "1722850421.0", "-1722850421", "1e9", "0x66b0a335"])(
    "refuses the timestamp %j",
    async (timestamp, { expect }) => {
      const check = await checkSignature(
        headers({ "Wechatpay-Timestamp": timestamp }),
        body,
        trusted,
        at,
      );
      expect(check).not.toBe("valid");
    },
  );

  it("refuses a serial that is not trusted, before it looks at the signature", async ({
    expect,
  }) => {
    for (const serial of ["PUB_KEY_ID_0", official.serial_no]) {
      const check = await checkSignature(
        headers({ "Wechatpay-Serial": serial }),
        body,
        trusted,
        at,
      );
      expect(check).toBe("serial_unknown");
    }
  });

  it("never accepts a probe, and does not fall over its base64", async ({ expect }) => {
    const { prefix, synthetic_example, observed_length } = groups.probe_signature;
    expect(synthetic_example).toHaveLength(observed_length);
    expect(synthetic_example.startsWith(prefix)).toBe(true);
    const real = vector.headers["Wechatpay-Signature"];
    for (const signature of [synthetic_example, `${prefix}${real}`, prefix]) {
      const check = await checkSignature(
        headers({ "Wechatpay-Signature": signature }),
        body,
        trusted,
        at,
      );
      expect(check).toBe("probe");
    }
  });

  it("refuses signatures that are not base64, or not of this length", async ({ expect }) => {
    const real = vector.headers["Wechatpay-Signature"];
    const spoiled = [
      "%%%%",
      "====",
      "AAAA",
      real.slice(0, -1),
      real.slice(4),
      `${real}AAAA`,
      `${real}, ${real}`,
      real.replaceAll("+", "-").replaceAll("/", "_"),
    ];
    for (const signature of spoiled) {
      const check = await checkSignature(
        headers({ "Wechatpay-Signature": signature }),
        body,
        trusted,
        at,
      );
      expect(check, signature).toBe("signature_invalid");
    }
  });

  it("refuses a header that was sent twice", async ({ expect }) => {
    for (const name of Object.keys(vector.headers)) {
      if (name === "Wechatpay-Signature-Type") continue;
      const twice = headers();
      twice.append(name, headers().get(name) ?? "");
      expect(await checkSignature(twice, body, trusted, at), name).not.toBe("valid");
    }
  });

  it("verifies the Go SDK's whole notification", async ({ expect }) => {
    const go = groups.wechatpay_go;
    const [notification] = go.notification;
    if (notification === undefined) throw new Error("the vector is missing");
    const certificate = must(readCertificate(notification.platform_certificate_pem));
    expect(certificate.serialHex).toBe(go.certificate_serial);
    const goKey = await importVerifyingKey(certificate.publicKey);
    const find = (serial: string) =>
      Promise.resolve(serial === certificate.serialHex ? goKey : null);
    const message = [new Headers(notification.headers), utf8(notification.body)] as const;
    const clock = notification.clock_must_be * 1000;
    expect(await checkSignature(...message, find, clock)).toBe("valid");
    expect(await checkSignature(...message, find, clock + 301_000)).toBe("timestamp_out_of_range");
  });

  it("never throws, whatever the headers and the body are", async ({ expect }) => {
    const publicKey = await key();
    const ascii = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    });
    await fc.assert(
      fc.asyncProperty(ascii, ascii, ascii, fc.uint8Array(), async (a, b, c, bytes) => {
        const hostile = headers({
          "Wechatpay-Nonce": a,
          "Wechatpay-Signature": b,
          "Wechatpay-Serial": c,
        });
        const check = await checkSignature(hostile, bytes, () => Promise.resolve(publicKey), at);
        expect(check).not.toBe("valid");
      }),
      { numRuns: 60 },
    );
  });
});

describe("encryption", () => {
  it("opens the Java SDK's AES-256-GCM example, and nothing that differs", async ({ expect }) => {
    for (const vector of groups.wechatpay_java.aes_256_gcm) {
      const { key, nonce, associated_data, plaintext, ciphertext } = vector;
      expect(await gcmDecrypt(key, nonce, associated_data, ciphertext)).toEqual({
        ok: true,
        value: plaintext,
      });
      const otherKey = `${key.slice(0, -1)}x`;
      expect((await gcmDecrypt(otherKey, nonce, associated_data, ciphertext)).ok).toBe(false);
      expect((await gcmDecrypt(key, "uluk4a9R25RX", associated_data, ciphertext)).ok).toBe(false);
      expect((await gcmDecrypt(key, nonce, "associateddata", ciphertext)).ok).toBe(false);
      expect((await gcmDecrypt(key, nonce, "", ciphertext)).ok).toBe(false);
      expect((await gcmDecrypt(key, `${nonce}0000`, associated_data, ciphertext)).ok).toBe(false);
      expect(await gcmEncrypt(key, nonce, associated_data, plaintext)).toBe(ciphertext);
    }
  });

  it("opens the Apache SDK's RSA-OAEP example", async ({ expect }) => {
    const { private_key_pem, oaep_sha1_mgf1 } = groups.wechatpay_apache_httpclient;
    const pkcs8 = must(readPrivateKey(private_key_pem));
    for (const { ciphertext, plaintext } of oaep_sha1_mgf1) {
      expect(await oaepDecrypt(pkcs8, ciphertext)).toEqual({ ok: true, value: plaintext });
    }
  });
});

/** A merchant whose gateway lists certificates that the given pairs' keys stand behind. */
async function world() {
  const [merchant, platform] = [await kit.newPair(), await kit.newPair()];
  const account = kit.accountOf(kit.credentialsOf(merchant, platform, { platform_keys: [] }));
  return { merchant, platform, account, keys: must(await keysOf(account)) };
}

async function listOf(
  entries: readonly { pair: kit.Pair; serial: string; pem?: string; key?: string }[],
  signer: { pair: kit.Pair; serial: string },
): Promise<Response> {
  const data = await Promise.all(
    entries.map(async ({ pair, serial, pem, key }) => ({
      serial_no: serial,
      effective_time: "2026-11-20T00:00:00+08:00",
      expire_time: "2031-11-20T00:00:00+08:00",
      encrypt_certificate: {
        algorithm: "AEAD_AES_256_GCM",
        nonce: "uluk4a9R25RW",
        associated_data: "certificate",
        ciphertext: await gcmEncrypt(
          key ?? kit.API_V3_KEY,
          "uluk4a9R25RW",
          "certificate",
          pem ?? (await kit.certificateOf(pair, serial)),
        ),
      },
    })),
  );
  return kit.signedReply(signer.pair, { data }, { serial: signer.serial });
}

const datedCertificate = (pair: kit.Pair, serial: string, days: number) =>
  kit.certificateOf(pair, serial, { notBefore: kit.NOW + days * 86_400_000 });

describe("platform certificates", () => {
  const java = groups.wechatpay_java;
  /** Inside the validity of the published certificates. */
  const then = Date.UTC(2024, 5, 1);
  const WANTED = java.certificates_download.serial_no;

  const javaKeys = async (
    platformKeys: unknown[] = [],
  ): Promise<[kit.FakeAccount, AccountKeys]> => {
    const account = kit.accountOf({
      mchid: java.merchant.id,
      appid: kit.APPID,
      private_key: java.merchant.private_key_pem,
      certificate: java.merchant.certificate_pem,
      api_v3_key: java.apiv3_key,
      platform_keys: platformKeys,
    });
    return [account, must(await keysOf(account))];
  };

  it("decrypts the Java SDK's published download", async ({ expect }) => {
    const [account, keys] = await javaKeys();
    // The reply itself was not published with a signature: one made with a certificate that is
    // configured lets the published body through.
    const [, withPlatform] = await javaKeys([
      { id: java.platform.serial_no, certificate: java.platform.certificate_pem },
    ]);
    const pkcs8 = must(readPrivateKey(java.platform.private_key_pem));
    const platform: kit.Pair = {
      privatePem: java.platform.private_key_pem,
      publicPem: java.platform.public_key_pem,
      pkcs8,
      spki: await publicKeyOf(pkcs8),
      signing: await importSigningKey(pkcs8),
    };
    const answer = () =>
      kit.signedReply(platform, java.certificates_download.response_body, {
        serial: java.platform.serial_no,
        timestamp: then / 1000,
      });
    const trusting = kit.fakeIo(answer, { now: () => then });
    const key = await findPlatformKey(WANTED, kit.accountOf({}), withPlatform, trusting);
    expect(key?.type).toBe("public");
    // Without that certificate nothing vouches for the reply, although it decrypts.
    const doubting = kit.fakeIo(answer, { now: () => then });
    expect(await findPlatformKey(WANTED, account, keys, doubting)).toBeNull();
    expect(doubting.lines.join()).toContain("wechat_certificates_not_trusted");
  });

  it("trusts a first download that one of its own certificates signed", async ({ expect }) => {
    const { platform, account, keys } = await world();
    const serial = "5DEA10EF55877E3CF6C33255C2E7DEFFF7E427EC";
    const io = kit.fakeIo(() => listOf([{ pair: platform, serial }], { pair: platform, serial }));
    expect(await findPlatformKey(serial, account, keys, io)).not.toBeNull();
    expect(await findPlatformKey(serial.toLowerCase(), account, keys, io)).not.toBeNull();
    expect(io.sent).toHaveLength(1);
    const sent = io.sent[0]?.request;
    expect(sent?.method).toBe("GET");
    expect(sent?.url).toBe("https://api.mch.weixin.qq.com/v3/certificates");
    expect(sent?.headers.get("Authorization")).toContain(`serial_no="${kit.SERIAL}"`);
    // Certificate mode: the reply's key is left to WeChat Pay.
    expect(sent?.headers.get("Wechatpay-Serial")).toBeNull();
  });

  it("takes nothing from a list that somebody else signed", async ({ expect }) => {
    const { platform, account, keys } = await world();
    const stranger = await kit.newPair();
    const serial = "5DEA10EF55877E3CF6C33255C2E7DEFFF7E42701";
    const io = kit.fakeIo(() => listOf([{ pair: platform, serial }], { pair: stranger, serial }));
    expect(await findPlatformKey(serial, account, keys, io)).toBeNull();
  });

  it("takes nothing that does not decrypt with the APIv3 key or names another serial", async ({
    expect,
  }) => {
    const { platform, account, keys } = await world();
    const [forged, renamed, good] = ["5A01", "5A02", "5A03"];
    const otherPem = await kit.certificateOf(platform, "5AFF");
    const io = kit.fakeIo(() =>
      listOf(
        [
          { pair: platform, serial: forged, key: "x".repeat(32) },
          { pair: platform, serial: renamed, pem: otherPem },
          { pair: platform, serial: good },
        ],
        { pair: platform, serial: good },
      ),
    );
    expect(await findPlatformKey(good, account, keys, io)).not.toBeNull();
    const later = { ...io, now: () => kit.NOW + 60_000 };
    for (const serial of [forged, renamed, "5AFF"]) {
      expect(await findPlatformKey(serial, account, keys, later), serial).toBeNull();
    }
  });

  it("asks once for an unknown serial, and again only after a while", async ({ expect }) => {
    const { platform, account, keys } = await world();
    const serial = "5B01";
    let now = kit.NOW;
    const list = () => listOf([{ pair: platform, serial }], { pair: platform, serial });
    const io = kit.fakeIo(list, { now: () => now });
    expect(await findPlatformKey("5BFF", account, keys, io)).toBeNull();
    expect(await findPlatformKey("5BFE", account, keys, io)).toBeNull();
    expect(io.sent).toHaveLength(1);
    now += 59_000;
    expect(await findPlatformKey("5BFD", account, keys, io)).toBeNull();
    expect(io.sent).toHaveLength(1);
    now += 1_000;
    expect(await findPlatformKey("5BFC", account, keys, io)).toBeNull();
    expect(io.sent).toHaveLength(2);
    // Known serials never ask in between.
    expect(await findPlatformKey(serial, account, keys, io)).not.toBeNull();
    expect(io.sent).toHaveLength(2);
  });

  it("downloads once for callers that come at the same time", async ({ expect }) => {
    const { platform, account, keys } = await world();
    const serial = "5C01";
    const io = kit.fakeIo(() => listOf([{ pair: platform, serial }], { pair: platform, serial }));
    const found = await Promise.all(
      Array.from({ length: 8 }, () => findPlatformKey(serial, account, keys, io)),
    );
    expect(found.every((key) => key !== null)).toBe(true);
    expect(io.sent).toHaveLength(1);
  });

  it("refreshes after six hours, and drops a certificate that is no longer listed", async ({
    expect,
  }) => {
    const { platform, account, keys } = await world();
    const next = await kit.newPair();
    const [old, fresh] = ["5D01", "5D02"];
    let now = kit.NOW;
    let rotated = false;
    const io = kit.fakeIo(
      async () => {
        const pair = rotated ? next : platform;
        const serial = rotated ? fresh : old;
        const reply = await listOf([{ pair, serial }], { pair, serial });
        const text = await reply.text();
        return kit.signedReply(pair, text, { serial, timestamp: now / 1000 });
      },
      { now: () => now },
    );
    expect(await findPlatformKey(old, account, keys, io)).not.toBeNull();
    rotated = true;
    now += 6 * 3_600_000;
    expect(await findPlatformKey(old, account, keys, io)).not.toBeNull();
    expect(io.sent).toHaveLength(1);
    now += 1_000;
    expect(await findPlatformKey(old, account, keys, io)).toBeNull();
    expect(await findPlatformKey(fresh, account, keys, io)).not.toBeNull();
    expect(io.sent).toHaveLength(2);
  });

  it("keeps what it has when a refresh fails", async ({ expect }) => {
    const { platform, account, keys } = await world();
    const serial = "5E01";
    let now = kit.NOW;
    const io = kit.fakeIo(
      (_request, call) =>
        call === 1
          ? listOf([{ pair: platform, serial }], { pair: platform, serial })
          : kit.errorReply(500, "SYSTEM_ERROR"),
      { now: () => now },
    );
    expect(await findPlatformKey(serial, account, keys, io)).not.toBeNull();
    now += 7 * 3_600_000;
    expect(await findPlatformKey(serial, account, keys, io)).not.toBeNull();
    expect(io.sent).toHaveLength(2);
    // Until it expires.
    now += 366 * 86_400_000;
    expect(await findPlatformKey(serial, account, keys, io)).toBeNull();
  });

  it("knows none where the merchant has a public key", async ({ expect }) => {
    const { account, keys } = await world();
    const io = kit.fakeIo(() => kit.errorReply(404, "RESOURCE_NOT_EXISTS"));
    expect(await findPlatformKey("5F01", account, keys, io)).toBeNull();
    expect(await newestCertificate(account, keys, io)).toBeNull();
    expect(io.sent).toHaveLength(1);
  });

  it("never downloads for a public-key id", async ({ expect }) => {
    const { account, keys } = await world();
    const io = kit.fakeIo(() => new Response(null, { status: 500 }));
    expect(await findPlatformKey("PUB_KEY_ID_0123", account, keys, io)).toBeNull();
    expect(io.sent).toHaveLength(0);
  });

  it("does not trust a configured certificate that has expired", async ({ expect }) => {
    const [merchant, platform] = [await kit.newPair(), await kit.newPair()];
    const id = "6A01";
    const certificate = await kit.certificateOf(platform, id, { notAfter: kit.NOW + 1_000 });
    const account = kit.accountOf(
      kit.credentialsOf(merchant, platform, { platform_keys: [{ id, certificate }] }),
    );
    const keys = must(await keysOf(account));
    let now = kit.NOW;
    const io = kit.fakeIo(() => kit.errorReply(404, "RESOURCE_NOT_EXISTS"), { now: () => now });
    expect(await findPlatformKey(id, account, keys, io)).not.toBeNull();
    now += 1_000;
    expect(await findPlatformKey(id, account, keys, io)).toBeNull();
  });

  it.for([
    ["not JSON", "<html></html>"],
    ["no list", "{}"],
    ["a list of something else", '{"data":[1,2]}'],
    ["an empty list", '{"data":[]}'],
  ])("takes nothing from %s", async ([, body], { expect }) => {
    const { platform, account, keys } = await world();
    const io = kit.fakeIo(() => kit.signedReply(platform, body ?? "", { serial: "6B01" }));
    expect(await findPlatformKey("6B01", account, keys, io)).toBeNull();
  });

  it("encrypts with the certificate that became valid last", async ({ expect }) => {
    const { platform, account, keys } = await world();
    const next = await kit.newPair();
    const [old, fresh, future] = ["6C01", "6C02", "6C03"];
    const entries = [
      { pair: next, serial: fresh, pem: await datedCertificate(next, fresh, -1) },
      { pair: platform, serial: old, pem: await datedCertificate(platform, old, -100) },
      { pair: platform, serial: future, pem: await datedCertificate(platform, future, 2) },
    ];
    const io = kit.fakeIo(() => listOf(entries, { pair: platform, serial: old }));
    const newest = await newestCertificate(account, keys, io);
    expect(newest?.id).toBe(fresh);
    expect(newest?.publicKey).toEqual(next.spki);
  });
});
