import * as fc from "fast-check";
import { describe, it } from "vitest";

import { gcmDecrypt, gcmEncrypt } from "../../src/crypto/aes-gcm.ts";
import { sha256Hex } from "../../src/crypto/digest.ts";
import {
  fromBase64,
  fromBase64Url,
  toBase64,
  toBase64Url,
  utf8,
} from "../../src/crypto/encoding.ts";
import { openVault } from "../../src/crypto/vault.ts";
import { readCertificate } from "../../src/crypto/x509.ts";
import { ok } from "../../src/result.ts";
import wechat from "../vectors/wechat-pay.json";

const { wechatpay_java: java, wechatpay_go: go, wechatpay_axios_plugin: axios } = wechat.groups;

const flipBit = (data: Uint8Array, bit: number): Uint8Array =>
  data.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

describe("AES-256-GCM of the channels", () => {
  const [published] = java.aes_256_gcm;
  if (published === undefined) throw new Error("the vector is missing");
  const { key, nonce, associated_data: aad, plaintext, ciphertext } = published;

  it("agrees with wechatpay-java in both directions", async ({ expect }) => {
    expect(await gcmDecrypt(key, nonce, aad, ciphertext)).toEqual(ok(plaintext));
    expect(await gcmEncrypt(key, nonce, aad, plaintext)).toBe(ciphertext);
  });

  it("opens the certificate download of wechatpay-java", async ({ expect }) => {
    const { response_body, decrypted_certificate_pem, serial_no } = java.certificates_download;
    const reply: { data: { encrypt_certificate: Record<string, string> }[] } =
      JSON.parse(response_body);
    const sealed = reply.data[0]?.encrypt_certificate ?? {};
    const opened = await gcmDecrypt(
      java.apiv3_key,
      sealed["nonce"] ?? "",
      sealed["associated_data"] ?? "",
      sealed["ciphertext"] ?? "",
    );
    expect(opened.ok && opened.value.trim()).toBe(decrypted_certificate_pem.trim());
    expect(readCertificate(opened.ok ? opened.value : "")).toMatchObject({
      value: { serialHex: serial_no },
    });
  });

  it("round-trips any text, also empty text and empty associated data", async ({ expect }) => {
    const text = fc.string({ unit: "binary" });
    await fc.assert(
      fc.asyncProperty(text, text, async (plain, associated) => {
        const sealed = await gcmEncrypt(key, nonce, associated, plain);
        expect(await gcmDecrypt(key, nonce, associated, sealed)).toEqual(ok(plain));
      }),
    );
    expect(await gcmDecrypt(key, nonce, "", await gcmEncrypt(key, nonce, "", ""))).toEqual(ok(""));
  });

  const otherKey = `${key.slice(0, -1)}X`;
  it.for([
    ["another key", otherKey, nonce, aad, ciphertext, "the ciphertext does not authenticate"],
    ["another nonce", key, "uluk4a9R25RX", aad, ciphertext, "the ciphertext does not authenticate"],
    [
      "other data",
      key,
      nonce,
      "associateddata",
      ciphertext,
      "the ciphertext does not authenticate",
    ],
    ["no data", key, nonce, "", ciphertext, "the ciphertext does not authenticate"],
    ["no ciphertext", key, nonce, aad, "", "the ciphertext does not authenticate"],
    ["no base64", key, nonce, aad, "*not base64*", "the ciphertext is not base64"],
    ["a nonce of 11", key, nonce.slice(1), aad, ciphertext, "the nonce must be 12 bytes"],
    ["a nonce of 13", key, `${nonce}x`, aad, ciphertext, "the nonce must be 12 bytes"],
    ["a nonce of 16", key, "0123456789abcdef", aad, ciphertext, "the nonce must be 12 bytes"],
    ["no nonce", key, "", aad, ciphertext, "the nonce must be 12 bytes"],
    [
      "12 characters in 14 bytes",
      key,
      "uluk4a9R25R付",
      aad,
      ciphertext,
      "the nonce must be 12 bytes",
    ],
    ["a key of 31", key.slice(1), nonce, aad, ciphertext, "the key must be 32 bytes"],
    ["a key of 33", `${key}x`, nonce, aad, ciphertext, "the key must be 32 bytes"],
    [
      "a key of 32 characters in 34 bytes",
      `${key.slice(1)}付`,
      nonce,
      aad,
      ciphertext,
      "the key must be 32 bytes",
    ],
    ["no key", "", nonce, aad, ciphertext, "the key must be 32 bytes"],
  ] as const)(
    "refuses %s",
    async ([, someKey, someNonce, someAad, someText, error], { expect }) => {
      expect(await gcmDecrypt(someKey, someNonce, someAad, someText)).toEqual({ ok: false, error });
    },
  );

  it("refuses the AES-128 and 16-byte-nonce vectors of other libraries", async ({ expect }) => {
    const [short] = go.aes_gcm;
    const refused = await gcmDecrypt(
      short?.key ?? "",
      short?.nonce ?? "",
      short?.associated_data ?? "",
      short?.ciphertext ?? "",
    );
    expect(refused).toEqual({ ok: false, error: "the key must be 32 bytes" });
    expect(axios.aes_256_gcm.length).toBeGreaterThan(0);
    for (const vector of axios.aes_256_gcm) {
      expect(await gcmDecrypt(vector.key, vector.iv, vector.aad, vector.ciphertext)).toEqual({
        ok: false,
        error: "the nonce must be 12 bytes",
      });
    }
  });

  it("notices every single flipped bit and every cut", async ({ expect }) => {
    const sealed = fromBase64(ciphertext) ?? new Uint8Array();
    const failed = { ok: false, error: "the ciphertext does not authenticate" };
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      expect(await gcmDecrypt(key, nonce, aad, toBase64(flipBit(sealed, bit)))).toEqual(failed);
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(await gcmDecrypt(key, nonce, aad, toBase64(sealed.slice(0, length)))).toEqual(failed);
    }
  });

  it("says so when an authentic plaintext is not UTF-8", async ({ expect }) => {
    const raw = await crypto.subtle.importKey("raw", utf8(key), "AES-GCM", false, ["encrypt"]);
    const parameters = { name: "AES-GCM", iv: utf8(nonce), additionalData: utf8(aad) };
    const sealed = await crypto.subtle.encrypt(parameters, raw, Uint8Array.of(0xff, 0xfe));
    expect(await gcmDecrypt(key, nonce, aad, toBase64(new Uint8Array(sealed)))).toEqual({
      ok: false,
      error: "the plaintext is not UTF-8",
    });
  });

  it("does not encrypt with a key or a nonce of another size", async ({ expect }) => {
    await expect(gcmEncrypt(key.slice(1), nonce, aad, "x")).rejects.toThrow(RangeError);
    await expect(gcmEncrypt(key, `${nonce}x`, aad, "x")).rejects.toThrow(RangeError);
  });
});

const keyOf = (fill: number) => toBase64(new Uint8Array(32).fill(fill));

describe("the vault", () => {
  const context = "channel_accounts/ca_1/credentials";

  it("opens what it sealed, for any text and context", async ({ expect }) => {
    const vault = openVault(keyOf(1));
    const text = fc.string({ unit: "binary" });
    await fc.assert(
      fc.asyncProperty(text, text, async (plain, place) => {
        expect(await vault.open(await vault.seal(plain, place), place)).toBe(plain);
      }),
    );
  });

  it("opens values sealed by earlier releases", async ({ expect }) => {
    const sealed = "v1.72cd6e84.J2dFRuf1FFTwEzcU.52PoNqjxfcbrwXCLyOTSnMvQx67d2PguGIXUdgc";
    expect(await openVault(keyOf(1)).open(sealed, context)).toBe("密钥 secret");
  });

  it("has the documented form, which plain WebCrypto can open", async ({ expect }) => {
    const sealed = await openVault(keyOf(2)).seal("secret", context);
    const [version, id, iv, data] = sealed.split(".");
    expect(version).toBe("v1");
    expect(id).toBe((await sha256Hex(new Uint8Array(32).fill(2))).slice(0, 8));
    const key = await crypto.subtle.importKey("raw", new Uint8Array(32).fill(2), "AES-GCM", false, [
      "decrypt",
    ]);
    const plain = await crypto.subtle.decrypt(
      {
        name: "AES-GCM",
        iv: fromBase64Url(iv ?? "") ?? new Uint8Array(),
        additionalData: utf8(context),
      },
      key,
      fromBase64Url(data ?? "") ?? new Uint8Array(),
    );
    expect(new Uint8Array(plain)).toEqual(utf8("secret"));
    expect(fromBase64Url(iv ?? "")).toHaveLength(12);
  });

  it("never gives the same value twice, nor any of the plaintext", async ({ expect }) => {
    const vault = openVault(keyOf(1));
    const sealed = await Promise.all(
      Array.from({ length: 50 }, () => vault.seal("the-plain-secret", context)),
    );
    expect(new Set(sealed.map((value) => value.split(".")[2])).size).toBe(50);
    expect(new Set(sealed).size).toBe(50);
    expect(sealed.join()).not.toContain("secret");
    expect(sealed.join()).not.toContain(toBase64Url(utf8("the-plain-secret")));
  });

  it("does not open a value that was moved to another place", async ({ expect }) => {
    const vault = openVault(keyOf(1));
    const place = fc.string({ unit: "binary" });
    await fc.assert(
      fc.asyncProperty(place, place, async (here, there) => {
        fc.pre(here !== there);
        await expect(vault.open(await vault.seal("secret", here), there)).rejects.toThrow(
          "altered or belongs to another context",
        );
      }),
    );
  });

  it("does not open a value changed in any one character", async ({ expect }) => {
    const vault = openVault(keyOf(1));
    const sealed = await vault.seal("s", context);
    for (const [index, old] of Array.from(sealed).entries()) {
      for (const changed of ["A", "0", "b", ".", "-", ""].filter((other) => other !== old)) {
        const tampered = sealed.slice(0, index) + changed + sealed.slice(index + 1);
        await expect(vault.open(tampered, context), tampered).rejects.toThrow();
      }
    }
  });

  it("does not open a mixture of two of its values", async ({ expect }) => {
    const vault = openVault(keyOf(1));
    const one = (await vault.seal("one", context)).split(".");
    const two = (await vault.seal("two", context)).split(".");
    const mixed = ["v1", one[1], one[2], two[3]].join(".");
    await expect(vault.open(mixed, context)).rejects.toThrow("altered");
  });

  it.for([
    "",
    "secret",
    "v1",
    "v1...",
    "v2.0a1b2c3d.AAAAAAAAAAAAAAAA.AAAA",
    "v1.0a1b2c3d.AAAA.AAAA",
  ] as const)("does not take %j for a sealed value", async (text, { expect }) => {
    await expect(openVault(keyOf(1)).open(text, context)).rejects.toThrow("not a sealed value");
  });

  it("does not open under another key, and names the missing one only by its id", async ({
    expect,
  }) => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), async (raw) => {
        fc.pre(raw.some((byte) => byte !== 1));
        const sealed = await openVault(keyOf(1)).seal("secret", context);
        const opening = openVault(toBase64(raw)).open(sealed, context);
        await expect(opening).rejects.toThrow(
          `VAULT_KEY no longer holds the key ${sealed.split(".")[1]}`,
        );
      }),
    );
  });

  it("does not open under another key whose id was written into the value", async ({ expect }) => {
    const [, , iv, data] = (await openVault(keyOf(1)).seal("secret", context)).split(".");
    const otherId = (await openVault(keyOf(2)).seal("x", context)).split(".")[1];
    const forged = ["v1", otherId, iv, data].join(".");
    await expect(openVault(`${keyOf(2)},${keyOf(1)}`).open(forged, context)).rejects.toThrow(
      "altered",
    );
  });

  it("rotates: the first key seals, all open, a removed one does not", async ({ expect }) => {
    const before = openVault(keyOf(1));
    const during = openVault(`${keyOf(2)}, ${keyOf(1)}`);
    const after = openVault(keyOf(2));
    const old = await before.seal("secret", context);
    const renewed = await during.seal(await during.open(old, context), context);
    expect(await during.open(old, context)).toBe("secret");
    expect(await after.open(renewed, context)).toBe("secret");
    await expect(after.open(old, context)).rejects.toThrow("no longer holds");
    await expect(before.open(renewed, context)).rejects.toThrow("no longer holds");
  });

  it("is made once for a given VAULT_KEY", ({ expect }) => {
    const first = openVault(keyOf(1));
    expect(openVault(keyOf(1))).toBe(first);
    expect(openVault(keyOf(2))).not.toBe(first);
  });

  it.for([
    ["nothing", "", 1],
    ["16 bytes", toBase64(new Uint8Array(16).fill(7)), 1],
    ["31 bytes", toBase64(new Uint8Array(31).fill(7)), 1],
    ["33 bytes", toBase64(new Uint8Array(33).fill(7)), 1],
    ["hex of 32 bytes", "07".repeat(32), 1],
    ["32 characters that are no base64", "correct-horse-battery-staple-123", 1],
    ["a second key that is short", `${keyOf(1)},${toBase64(new Uint8Array(8).fill(7))}`, 2],
    ["a comma at the end", `${keyOf(1)},`, 2],
  ] as const)(
    "refuses %s as VAULT_KEY without repeating it",
    ([, vaultKey, position], { expect }) => {
      expect(() => openVault(vaultKey)).toThrow(
        new Error(`VAULT_KEY: key ${position} is not the base64 of 32 bytes`),
      );
    },
  );
});
