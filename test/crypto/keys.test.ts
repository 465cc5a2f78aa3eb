import { createPrivateKey, createPublicKey } from "node:crypto";

import * as fc from "fast-check";
import { describe, it } from "vitest";

import {
  derBitString,
  derElement,
  derInteger,
  derNull,
  derOid,
  derSequence,
} from "../../src/crypto/der-write.ts";
import {
  TAG,
  childrenOf,
  fields,
  objectIdentifier,
  readDer,
  unsignedInteger,
  wholeBytes,
} from "../../src/crypto/der.ts";
import { concat, fromBase64, fromHex, toBase64, toHex, utf8 } from "../../src/crypto/encoding.ts";
import { readPrivateKey, readPublicKey, toPem } from "../../src/crypto/pem.ts";
import { kindOf, modulusBits, toPkcs8, toSpki } from "../../src/crypto/rsa-der.ts";
import {
  generateRsaPair,
  importSigningKey,
  importVerifyingKey,
  oaepDecrypt,
  oaepEncrypt,
  publicKeyOf,
  signSha256,
  verifySha256,
} from "../../src/crypto/rsa.ts";
import { ok, type Result } from "../../src/result.ts";
import alipayVectors from "../vectors/alipay-antom.json";
import wechat from "../vectors/wechat-pay.json";

const {
  official_docs: docs,
  wechatpay_go: go,
  wechatpay_java: java,
  wechatpay_apache_httpclient: apache,
  wechatpay_axios_plugin: axios,
} = wechat.groups;
const { app } = alipayVectors.keys;
const { openapi, antom } = alipayVectors;

const hex = (text: string): Uint8Array => {
  const bytes = fromHex(text.replaceAll(" ", ""));
  if (bytes === null) throw new Error("the test's hex is wrong");
  return bytes;
};

const unbase64 = (text: string): Uint8Array => {
  const bytes = fromBase64(text);
  if (bytes === null) throw new Error("the vector's base64 is wrong");
  return bytes;
};

function valueOf<T>(result: Result<T, string>): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

const errorOf = (result: Result<unknown, string>): string | null =>
  result.ok ? null : result.error;

/** The encoded members of a SEQUENCE. */
function membersOf(der: Uint8Array): readonly Uint8Array[] {
  const read = readDer(der);
  const members = read.ok ? childrenOf(read.value) : read;
  if (!members.ok) throw new Error(members.error);
  return members.value.map(({ whole }) => whole);
}

const errorOfPrivate = (...members: readonly Uint8Array[]) =>
  errorOf(readPrivateKey(toBase64(derSequence(...members))));

const signingKey = (text: string) => importSigningKey(valueOf(readPrivateKey(text)));
const verifyingKey = (text: string) => importVerifyingKey(valueOf(readPublicKey(text)));

const flipBit = (data: Uint8Array, bit: number): Uint8Array =>
  data.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

const oneLine = (pem: string): string => pem.replaceAll(/-----[^-]+-----|\s/g, "");

describe("DER reader", () => {
  it.for([
    ["nothing", "", "truncated"],
    ["a tag alone", "30", "truncated"],
    ["less content than announced", "30 02 05", "truncated"],
    ["a length cut short", "30 82 01", "truncated"],
    ["four gigabytes announced", "30 84 ff ff ff ff 00", "truncated"],
    ["bytes behind the element", "05 00 00", "trailing"],
    ["the indefinite length of BER", "30 80 05 00 00 00", "length"],
    ["a padded short length", "04 81 01 00", "length"],
    ["a padded long length", `04 82 00 80 ${"00".repeat(128)}`, "length"],
    ["a length of five bytes", "04 85 01 00 00 00 00", "length"],
    ["a length of 127 bytes", "04 ff", "length"],
    ["a tag of two bytes", "1f 81 00 00", "long tag"],
  ] as const)("refuses %s", ([, bytes, error], { expect }) => {
    expect(readDer(hex(bytes))).toEqual({ ok: false, error });
  });

  it("reads back what the writer writes, around every change of length form", ({ expect }) => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const content = new Uint8Array(length).fill(0x5a);
      const written = derElement(TAG.octetString, content);
      const read = readDer(written);
      expect(read.ok && read.value.content).toEqual(content);
      expect(read.ok && read.value.whole).toEqual(written);
    }
  });

  it("takes any bytes without throwing, and accepts only its own spelling", ({ expect }) => {
    const derLike = fc
      .array(
        fc.constantFrom(0x30, 0x31, 0x02, 0x03, 0x06, 0, 1, 2, 3, 0x7f, 0x80, 0x81, 0x82, 0xff),
        {
          maxLength: 24,
        },
      )
      .map((bytes) => Uint8Array.from(bytes));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), derLike), (bytes) => {
        const read = readDer(bytes);
        kindOf(bytes);
        toPkcs8(bytes);
        toSpki(bytes);
        modulusBits(bytes);
        if (!read.ok) return;
        expect(derElement(read.value.tag, read.value.content)).toEqual(bytes);
        const children = childrenOf(read.value);
        if (children.ok) {
          expect(concat(...children.value.map((child) => child.whole))).toEqual(read.value.content);
        }
        objectIdentifier(read.value);
        unsignedInteger(read.value);
        wholeBytes(read.value);
      }),
      { numRuns: 5000 },
    );
  });

  it("does not follow a deep nest down", ({ expect }) => {
    let nest: Uint8Array = derNull();
    for (let depth = 0; depth < 2000; depth++) nest = derSequence(nest);
    expect(readDer(nest).ok).toBe(true);
    expect(kindOf(nest)).toBeNull();
    expect(errorOf(readPrivateKey(toBase64(nest)))).toContain("not a private key");
  });

  it("wants the members a format names, in order", ({ expect }) => {
    const read = readDer(derSequence(derInteger(Uint8Array.of(5)), derNull()));
    if (!read.ok) throw new Error(read.error);
    const unexpected = { ok: false, error: "unexpected element" };
    expect(fields(read.value, [TAG.integer, TAG.null], "exact").ok).toBe(true);
    expect(fields(read.value, [TAG.integer], "more").ok).toBe(true);
    expect(fields(read.value, [TAG.integer], "exact")).toEqual(unexpected);
    expect(fields(read.value, [TAG.null, TAG.integer], "exact")).toEqual(unexpected);
    expect(fields(read.value, [TAG.integer, TAG.null, TAG.null], "more")).toEqual(unexpected);
    const list = readDer(derElement(TAG.set, derNull()));
    expect(list.ok && fields(list.value, [TAG.null], "exact")).toEqual(unexpected);
  });
});

const element = (text: string) => {
  const read = readDer(hex(text));
  if (!read.ok) throw new Error(read.error);
  return read.value;
};

describe("DER values", () => {
  it.for([
    // The example of X.690 8.19.5.
    ["2.100.3", "06 03 81 34 03"],
    ["1.2.840.113549.1.1.1", "06 09 2a 86 48 86 f7 0d 01 01 01"],
    ["2.5.4.3", "06 03 55 04 03"],
    ["0.9.2342.19200300.100.1.25", "06 0a 09 92 26 89 93 f2 2c 64 01 19"],
    ["1.2.156.10197.1.501", "06 08 2a 81 1c cf 55 01 83 75"],
    ["1.39", "06 01 4f"],
    ["2.0", "06 01 50"],
  ] as const)("reads and writes the object identifier %s", ([dotted, bytes], { expect }) => {
    expect(objectIdentifier(element(bytes))).toEqual(ok(dotted));
    expect(derOid(dotted)).toEqual(hex(bytes));
  });

  it("reads an arc larger than a number holds", ({ expect }) => {
    const uuid = "06 14 69 83 f6 ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff 7f";
    expect(objectIdentifier(element(uuid))).toMatchObject({ ok: true });
  });

  it.for([
    ["empty", "06 00"],
    ["cut in the middle of an arc", "06 02 2a 86"],
    ["padded", "06 03 2a 80 01"],
    ["longer than any in use", `06 41 ${"2a".repeat(65)}`],
    ["of another type", "02 01 2a"],
  ] as const)("refuses an object identifier that is %s", ([, bytes], { expect }) => {
    expect(objectIdentifier(element(bytes))).toEqual({ ok: false, error: "value" });
  });

  it.for([
    ["02 01 00", "00"],
    ["02 01 7f", "7f"],
    ["02 02 00 80", "80"],
    ["02 02 01 00", "0100"],
  ] as const)("reads and writes the integer %s", ([bytes, digits], { expect }) => {
    const read = unsignedInteger(element(bytes));
    expect(read.ok && toHex(read.value)).toBe(digits);
    expect(derInteger(hex(digits))).toEqual(hex(bytes));
    expect(derInteger(hex(`0000${digits}`))).toEqual(hex(bytes));
  });

  it.for([
    ["empty", "02 00"],
    ["negative", "02 01 80"],
    ["padded", "02 02 00 7f"],
    ["padded with zeros", "02 02 00 00"],
    ["of another type", "04 01 01"],
  ] as const)("refuses an integer that is %s", ([, bytes], { expect }) => {
    expect(unsignedInteger(element(bytes))).toEqual({ ok: false, error: "value" });
  });

  it("takes a bit string only in whole bytes", ({ expect }) => {
    expect(wholeBytes(element("03 02 00 aa"))).toEqual(ok(Uint8Array.of(0xaa)));
    expect(wholeBytes(element("03 02 01 aa")).ok).toBe(false);
    expect(wholeBytes(element("03 00")).ok).toBe(false);
    expect(wholeBytes(element("04 02 00 aa")).ok).toBe(false);
  });
});

describe("keys in every form people paste", () => {
  const pkcs8 = unbase64(app.pkcs8_b64);
  const spki = unbase64(app.public_spki_b64);
  const pkcs8Pem = toPem("PRIVATE KEY", pkcs8);

  it.for([
    ["PKCS#8 as bare base64", app.pkcs8_b64],
    ["PKCS#1 as bare base64", app.pkcs1_b64],
    ["PKCS#1 in PEM", app.pkcs1_pem],
    ["PKCS#8 in PEM", pkcs8Pem],
    ["CRLF", app.pkcs1_pem.replaceAll("\n", "\r\n")],
    ["CR alone", app.pkcs1_pem.replaceAll("\n", "\r")],
    ["escaped newlines", app.pkcs1_pem.replaceAll("\n", String.raw`\n`)],
    ["escaped CRLF", app.pkcs1_pem.replaceAll("\n", String.raw`\r\n`)],
    ["PEM with its newlines lost", app.pkcs1_pem.replaceAll("\n", " ")],
    ["blanks around", `\n\t  ${app.pkcs8_b64}  \r\n`],
    ["a byte order mark in front", `\uFEFF${app.pkcs1_b64}`],
    ["base64 in lines", app.pkcs8_b64.replaceAll(/.{64}/g, "$&\n")],
    ["the wrong label", pkcs8Pem.replaceAll("PRIVATE KEY", "RSA PRIVATE KEY")],
    ["PKCS#1 under the PKCS#8 label", app.pkcs1_pem.replaceAll("RSA PRIVATE", "PRIVATE")],
    ["text before and after", `Bag Attributes\n  friendlyName: x\n${pkcs8Pem}\nthe end\n`],
    ["attributes behind the key", toBase64(derSequence(...membersOf(pkcs8), derElement(0xa0)))],
    ["the certificate in the same file", `${go.certificate_pem}\n${pkcs8Pem}`],
  ] as const)("reads a private key: %s", ([, text], { expect }) => {
    expect(readPrivateKey(text)).toEqual(ok(pkcs8));
  });

  const pkcs1Public = (() => {
    const read = readDer(spki);
    const members = read.ok ? fields(read.value, [TAG.sequence, TAG.bitString], "exact") : read;
    const inside = members.ok ? wholeBytes(members.value[1]) : members;
    if (!inside.ok) throw new Error(inside.error);
    return inside.value;
  })();

  it.for([
    ["SPKI as bare base64", app.public_spki_b64],
    ["SPKI in PEM", toPem("PUBLIC KEY", spki)],
    ["PKCS#1 in PEM", toPem("RSA PUBLIC KEY", pkcs1Public)],
    ["PKCS#1 as bare base64", toBase64(pkcs1Public)],
    ["CRLF", toPem("PUBLIC KEY", spki).replaceAll("\n", "\r\n")],
    ["escaped newlines", toPem("PUBLIC KEY", spki).replaceAll("\n", String.raw`\n`)],
    ["the wrong label", toPem("RSA PUBLIC KEY", spki)],
  ] as const)("reads a public key: %s", ([, text], { expect }) => {
    expect(readPublicKey(text)).toEqual(ok(spki));
  });

  it("wraps keys exactly as the platform's own converter does", ({ expect }) => {
    const texts = [docs.merchant_private_key_pem, app.pkcs1_pem, java.merchant.private_key_pem];
    for (const text of texts) {
      const key = createPrivateKey(text);
      const expected = new Uint8Array(key.export({ format: "der", type: "pkcs8" }));
      expect(valueOf(readPrivateKey(text))).toEqual(expected);
      const pkcs1 = new Uint8Array(key.export({ format: "der", type: "pkcs1" }));
      expect(valueOf(readPrivateKey(toBase64(pkcs1)))).toEqual(expected);
    }
  });

  it.for([
    ["wechatpay-go", go.private_key_pem, go.public_key_pem],
    ["wechatpay-java", java.platform.private_key_pem, java.platform.public_key_pem],
    ["Alipay application", app.pkcs1_b64, app.public_spki_b64],
    ["Antom, PKCS#1", antom.merchant_private_pkcs1_b64, antom.merchant_public_b64],
    ["Antom, PKCS#8", antom.merchant_private_pkcs8_b64, antom.merchant_public_b64],
  ] as const)(
    "finds the public half of a private key: %s",
    async ([, secret, open], { expect }) => {
      expect(await publicKeyOf(valueOf(readPrivateKey(secret)))).toEqual(
        valueOf(readPublicKey(open)),
      );
    },
  );

  it("agrees with the platform on a public half", async ({ expect }) => {
    const text = axios.fixtures.apiclient_key_pem;
    const expected = createPublicKey(text).export({ format: "der", type: "spki" });
    expect(await publicKeyOf(valueOf(readPrivateKey(text)))).toEqual(new Uint8Array(expected));
  });

  it("does not invent the public half of something else", async ({ expect }) => {
    await expect(publicKeyOf(spki)).rejects.toThrow(TypeError);
    await expect(publicKeyOf(new Uint8Array())).rejects.toThrow(TypeError);
  });

  it("writes PEM in lines of 64", ({ expect }) => {
    expect(toPem("PUBLIC KEY", spki)).toBe(
      createPublicKey(toPem("PUBLIC KEY", spki)).export({ format: "pem", type: "spki" }),
    );
  });
});

const rsaSpki = (modulus: Uint8Array, exponent: Uint8Array) =>
  toBase64(
    derSequence(
      derSequence(derOid("1.2.840.113549.1.1.1"), derNull()),
      derBitString(derSequence(derInteger(modulus), derInteger(exponent))),
    ),
  );

const modulusOf = (bits: number) =>
  new Uint8Array(bits / 8).fill(0xff).map((byte, index) => (index === 0 ? 0x80 : byte));

const export64 = async (format: string, key: CryptoKey) => {
  const data = await crypto.subtle.exportKey(format, key);
  if (!(data instanceof ArrayBuffer)) throw new Error("no bytes");
  return toBase64(new Uint8Array(data));
};

const ecPair = async () => {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  if (!("privateKey" in pair)) throw new Error("no pair");
  return {
    pkcs8: await export64("pkcs8", pair.privateKey),
    spki: await export64("spki", pair.publicKey),
  };
};

describe("keys that are refused", () => {
  const secret = app.pkcs8_b64;
  const e65537 = Uint8Array.of(1, 0, 1);

  it.for([
    ["a certificate", java.merchant.certificate_pem, "this is not a public key but a certificate"],
    ["a bare certificate", oneLine(java.merchant.certificate_pem), "but a certificate"],
    ["the private key", app.pkcs8_b64, "this is not a public key but a private key"],
    ["the private key in PKCS#1", app.pkcs1_pem, "this is not a public key but a private key"],
    ["nothing", "", "this is not a public key"],
    ["words", "see the console", "neither PEM nor base64"],
    ["base64 of words", btoa("see the console"), "of RSA, or it is damaged"],
    ["a label line alone", "-----BEGIN PUBLIC KEY-----", "no complete block"],
    ["an empty block", "-----BEGIN A-----\n-----END A-----", "neither PEM nor base64"],
    [
      "another label at the end",
      `-----BEGIN PUBLIC KEY-----\n${app.public_spki_b64}\n-----END RSA PUBLIC KEY-----`,
      "no complete block",
    ],
    ["512 bits", rsaSpki(modulusOf(512), e65537), "an RSA key of 512 bits is not accepted"],
    ["16384 bits", rsaSpki(modulusOf(16_384), e65537), "an RSA key of 16384 bits is not accepted"],
    ["an exponent of 1", rsaSpki(modulusOf(2048), Uint8Array.of(1)), "not usable"],
    ["an exponent of 0", rsaSpki(modulusOf(2048), Uint8Array.of(0)), "not usable"],
    ["an even exponent", rsaSpki(modulusOf(2048), Uint8Array.of(4)), "not usable"],
    ["a huge exponent", rsaSpki(modulusOf(2048), modulusOf(64)), "not usable"],
    ["an even modulus", rsaSpki(modulusOf(2048).fill(0xfe, -1), e65537), "not usable"],
  ] as const)("as a public key: %s", ([, text, message], { expect }) => {
    expect(errorOf(readPublicKey(text))).toContain(message);
  });

  it("takes the sizes in between", ({ expect }) => {
    for (const bits of [1024, 2048, 4096, 8192]) {
      const spki = valueOf(readPublicKey(rsaSpki(modulusOf(bits), e65537)));
      expect(modulusBits(spki)).toBe(bits);
    }
    const odd = modulusOf(2048).fill(0x01, 0, 1);
    expect(modulusBits(unbase64(rsaSpki(odd, e65537)))).toBe(2041);
    expect(modulusBits(unbase64(app.pkcs8_b64))).toBeNull();
  });

  const encryptedPkcs8 = toPem(
    "ENCRYPTED PRIVATE KEY",
    derSequence(
      derSequence(derOid("1.2.840.113549.1.5.13"), derNull()),
      derElement(TAG.octetString, new Uint8Array(64)),
    ),
  );
  const encryptedPkcs1 = [
    "-----BEGIN RSA PRIVATE KEY-----",
    "Proc-Type: 4,ENCRYPTED",
    "DEK-Info: AES-128-CBC,0821B8B33C0BCCC19742CD4EC526841F",
    "",
    "O09ksIBqIJX/095szua2h3g506Vx9KyjWy81B5rwkyxhF30PdKdrGxykwimDpjY4",
    "-----END RSA PRIVATE KEY-----",
  ].join("\n");

  it.for([
    ["a certificate", go.certificate_pem, "this is not a private key but a certificate"],
    ["a public key", app.public_spki_b64, "this is not a private key but a public key"],
    ["an encrypted key", encryptedPkcs8, "export it without a passphrase"],
    ["a key encrypted the old way", encryptedPkcs1, "or it is encrypted"],
    ["nothing", "", "this is not a private key"],
    ["a cut key", secret.slice(0, 400), "of RSA, or it is damaged"],
    ["a key cut inside a base64 group", secret.slice(0, 401), "neither PEM nor base64"],
  ] as const)("as a private key: %s", ([, text, message], { expect }) => {
    expect(errorOf(readPrivateKey(text))).toContain(message);
  });

  it("refuses keys of elliptic curves by name", async ({ expect }) => {
    const pair = await ecPair();
    expect(errorOf(readPrivateKey(pair.pkcs8))).toBe("the private key is not an RSA key");
    expect(errorOf(readPublicKey(pair.spki))).toBe("the public key is not an RSA key");
  });

  it("refuses a private key with more primes, or with a number that is not positive", ({
    expect,
  }) => {
    const [version = derNull(), ...numbers] = membersOf(unbase64(app.pkcs1_b64));
    const malformed = "the private key is malformed";
    expect(errorOfPrivate(version, ...numbers)).toBeNull();
    expect(errorOfPrivate(derInteger(Uint8Array.of(1)), ...numbers)).toBe(malformed);
    for (const [index] of numbers.entries()) {
      const negative = numbers.with(index, derElement(TAG.integer, Uint8Array.of(0xff)));
      const padded = numbers.with(index, derElement(TAG.integer, Uint8Array.of(0, 1)));
      expect(errorOfPrivate(version, ...negative), String(index)).toBe(malformed);
      expect(errorOfPrivate(version, ...padded), String(index)).toBe(malformed);
    }
  });

  it("refuses a key cut at any byte, in both forms, and a public one", ({ expect }) => {
    for (const text of [app.pkcs8_b64, app.pkcs1_b64]) {
      const der = unbase64(text);
      for (let length = 0; length < der.length; length++) {
        expect(readPrivateKey(toBase64(der.slice(0, length))).ok, String(length)).toBe(false);
        expect(toPkcs8(der.slice(0, length)).ok, String(length)).toBe(false);
      }
    }
    const der = unbase64(app.public_spki_b64);
    for (let length = 0; length < der.length; length++) {
      expect(toSpki(der.slice(0, length)).ok, String(length)).toBe(false);
    }
  });

  it("refuses bytes behind a key", ({ expect }) => {
    expect(toPkcs8(concat(unbase64(app.pkcs8_b64), Uint8Array.of(0))).ok).toBe(false);
    expect(toSpki(concat(unbase64(app.public_spki_b64), Uint8Array.of(0))).ok).toBe(false);
  });

  it("never throws on a flipped bit, and a changed key never passes for the same", ({ expect }) => {
    const der = unbase64(app.pkcs8_b64);
    const open = unbase64(app.public_spki_b64);
    for (let bit = 0; bit < der.length * 8; bit += 3) {
      const read = toPkcs8(flipBit(der, bit));
      // Parts that are written anew (version, algorithm parameters) may differ without harm.
      const same = read.ok && bit >= 26 * 8 && toHex(read.value) === toHex(der);
      expect(same, String(bit)).toBe(false);
    }
    for (let bit = 0; bit < open.length * 8; bit++) {
      const read = toSpki(flipBit(open, bit));
      const same = read.ok && bit >= 24 * 8 && toHex(read.value) === toHex(open);
      expect(same, String(bit)).toBe(false);
    }
  });

  it("repeats nothing of what was pasted", ({ expect }) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: secret.length - 40 }), (start) => {
        const piece = secret.slice(start, start + 40);
        for (const text of [piece, `-----BEGIN X-----${piece}-----END X-----`]) {
          const messages = [errorOf(readPrivateKey(text)), errorOf(readPublicKey(text))];
          for (const message of messages) {
            expect(message).not.toBeNull();
            expect(message).not.toContain(piece.slice(0, 8));
          }
        }
      }),
    );
  });

  it("survives any text and a text of beginnings without an end", ({ expect }) => {
    const words = fc.constantFrom(
      "-----BEGIN ",
      "-----END ",
      "-----",
      "PRIVATE KEY",
      "\\n",
      "\n",
      "MIIE",
      "=",
      " ",
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 30 }), (parts) => {
        expect(readPrivateKey(parts.join("")).ok).toBe(false);
        expect(readPublicKey(parts.join("")).ok).toBe(false);
      }),
      { numRuns: 1000 },
    );
    expect(readPrivateKey("-----BEGIN A-----\n".repeat(50_000)).ok).toBe(false);
    expect(readPrivateKey("-----BEGIN ".repeat(50_000)).ok).toBe(false);
  });
});

describe("RSA signatures of the channels", () => {
  const signed: [string, string, string, string][] = [
    ...[...docs.request_signatures, ...docs.client_invocation].map(
      ({ id, message, signature }): [string, string, string, string] => [
        `WeChat Pay documentation, ${id}`,
        docs.merchant_private_key_pem,
        message,
        signature,
      ],
    ),
    ...go.sign.map(({ message, signature }): [string, string, string, string] => [
      "wechatpay-go",
      go.private_key_pem,
      message,
      signature,
    ]),
    ...java.sign.map(({ message, signature }): [string, string, string, string] => [
      "wechatpay-java",
      java.merchant.private_key_pem,
      message,
      signature,
    ]),
    ...openapi.request.map((request): [string, string, string, string] => [
      `Alipay, ${request.name}`,
      app.pkcs1_b64,
      request.string_to_sign,
      request.sign,
    ]),
    [
      "Alipay, a published key of 1024 bits",
      openapi.public_vector_chloerei.private_key_pem,
      openapi.public_vector_chloerei.string_to_sign,
      openapi.public_vector_chloerei.sign,
    ],
  ];

  it.for(signed)("signs as published: %s", async ([, key, message, signature], { expect }) => {
    expect(await signSha256(await signingKey(key), message)).toBe(signature);
    const spki = await publicKeyOf(valueOf(readPrivateKey(key)));
    const open = await importVerifyingKey(spki);
    expect(await verifySha256(open, message, signature)).toBe(true);
    expect(await verifySha256(open, utf8(message), signature)).toBe(true);
    expect(await verifySha256(open, `${message}\n`, signature)).toBe(false);
  });

  const [response] = docs.response_verify;
  if (response === undefined) throw new Error("the vector is missing");
  const { headers } = response;
  const message = `${headers["Wechatpay-Timestamp"]}\n${headers["Wechatpay-Nonce"]}\n${response.body}\n`;
  const responseSignature = headers["Wechatpay-Signature"];

  it("verifies a real WeChat response and a complete notification", async ({ expect }) => {
    expect(
      await verifySha256(await verifyingKey(response.public_key_pem), message, responseSignature),
    ).toBe(true);
    const [notice] = go.notification;
    if (notice === undefined) throw new Error("the vector is missing");
    const sent = `${notice.headers["Wechatpay-Timestamp"]}\n${notice.headers["Wechatpay-Nonce"]}\n${notice.body}\n`;
    const key = await verifyingKey(go.public_key_pem);
    expect(await verifySha256(key, sent, notice.headers["Wechatpay-Signature"])).toBe(true);
    expect(await verifySha256(key, message, responseSignature)).toBe(false);
  });

  it("verifies a trade notice that Alipay really sent", async ({ expect }) => {
    const { alipay_public_key, params } = openapi.notify_real.trade_drop_sign_type;
    const text = Object.entries(params)
      .filter(([name]) => name !== "sign" && name !== "sign_type")
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join("&");
    const key = await verifyingKey(alipay_public_key);
    expect(await verifySha256(key, text, params.sign)).toBe(true);
    expect(await verifySha256(key, text.replace("0.10", "0.11"), params.sign)).toBe(false);
  });

  it("answers false to a probe of WeChat Pay and to other undecodable text", async ({ expect }) => {
    const key = await verifyingKey(response.public_key_pem);
    const probe = wechat.groups.probe_signature.synthetic_example;
    expect(probe).toHaveLength(355);
    const undecodable = [
      probe,
      `WECHATPAY/SIGNTEST/${responseSignature}`,
      "",
      "=",
      "not base64!",
      ` ${responseSignature}`,
      `${responseSignature}\n`,
      responseSignature.slice(0, -1),
      responseSignature.replaceAll("+", "-").replaceAll("/", "_"),
      "签名",
    ];
    for (const text of undecodable)
      expect(await verifySha256(key, message, text), text).toBe(false);
  });

  it("answers false to every flipped bit and every other length", async ({ expect }) => {
    const key = await verifyingKey(response.public_key_pem);
    const bytes = unbase64(responseSignature);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      expect(await verifySha256(key, message, toBase64(flipBit(bytes, bit)))).toBe(false);
    }
    for (let length = 0; length < bytes.length; length++) {
      expect(await verifySha256(key, message, toBase64(bytes.slice(0, length)))).toBe(false);
    }
    for (const longer of [
      concat(bytes, bytes),
      concat(bytes, Uint8Array.of(0)),
      concat(Uint8Array.of(0), bytes),
    ]) {
      expect(await verifySha256(key, message, toBase64(longer))).toBe(false);
    }
  });

  it("answers false to every changed byte of the message", async ({ expect }) => {
    const key = await verifyingKey(response.public_key_pem);
    const bytes = utf8(message);
    for (let index = 0; index < bytes.length; index++) {
      expect(await verifySha256(key, flipBit(bytes, index * 8), responseSignature)).toBe(false);
    }
  });

  it("signs bytes as they are and text as UTF-8", async ({ expect }) => {
    const key = await signingKey(app.pkcs8_b64);
    expect(await signSha256(key, "付款")).toBe(await signSha256(key, utf8("付款")));
    expect(await signSha256(key, Uint8Array.of(0xff))).not.toBe(await signSha256(key, "\u00ff"));
  });

  it("keeps imported keys inside and for one use", async ({ expect }) => {
    const secret = await signingKey(app.pkcs8_b64);
    const open = await verifyingKey(app.public_spki_b64);
    expect([secret.extractable, secret.usages]).toEqual([false, ["sign"]]);
    expect([open.extractable, open.usages]).toEqual([false, ["verify"]]);
    await expect(crypto.subtle.exportKey("pkcs8", secret)).rejects.toThrow();
  });

  it("rejects a key whose numbers do not belong together", async ({ expect }) => {
    const der = valueOf(readPrivateKey(app.pkcs8_b64));
    // Inside the first prime.
    const damaged = valueOf(toPkcs8(flipBit(der, 650 * 8)));
    await expect(importSigningKey(damaged)).rejects.toThrow();
    await expect(importSigningKey(new Uint8Array())).rejects.toThrow();
    await expect(importVerifyingKey(der)).rejects.toThrow();
  });

  it("makes pairs that fit, of 2048 bits", async ({ expect }) => {
    const pair = await generateRsaPair();
    expect(modulusBits(pair.publicKey)).toBe(2048);
    expect(await publicKeyOf(pair.privateKey)).toEqual(pair.publicKey);
    expect(readPrivateKey(toPem("PRIVATE KEY", pair.privateKey))).toEqual(ok(pair.privateKey));
    const signature = await signSha256(await importSigningKey(pair.privateKey), "message");
    expect(await verifySha256(await importVerifyingKey(pair.publicKey), "message", signature)).toBe(
      true,
    );
    const other = await verifyingKey(app.public_spki_b64);
    expect(await verifySha256(other, "message", signature)).toBe(false);
  });
});

describe("RSA-OAEP of sensitive fields", () => {
  const secret = valueOf(readPrivateKey(app.pkcs1_pem));
  const open = valueOf(readPublicKey(app.public_spki_b64));
  const failed = { ok: false, error: "the field cannot be decrypted with this key" };

  it("opens what wechatpay-apache-httpclient encrypted", async ({ expect }) => {
    const key = valueOf(readPrivateKey(apache.private_key_pem));
    expect(apache.oaep_sha1_mgf1.length).toBeGreaterThan(0);
    for (const { ciphertext, plaintext } of apache.oaep_sha1_mgf1) {
      expect(await oaepDecrypt(key, ciphertext)).toEqual(ok(plaintext));
      expect(await oaepDecrypt(secret, ciphertext)).toEqual(failed);
    }
  });

  it("round-trips text up to 214 bytes and never writes the same twice", async ({ expect }) => {
    for (const text of ["", "13800138000", "张三", "付".repeat(71), "x".repeat(214)]) {
      const first = await oaepEncrypt(open, text);
      expect(await oaepDecrypt(secret, first)).toEqual(ok(text));
      expect(await oaepEncrypt(open, text)).not.toBe(first);
    }
  });

  it("refuses longer text, counted in bytes", async ({ expect }) => {
    await expect(oaepEncrypt(open, "x".repeat(215))).rejects.toThrow("over 214 bytes");
    await expect(oaepEncrypt(open, "付".repeat(72))).rejects.toThrow(RangeError);
    await expect(oaepEncrypt(secret, "x")).rejects.toThrow();
  });

  it("fails in one way only", async ({ expect }) => {
    const sealed = unbase64(await oaepEncrypt(open, "13800138000"));
    const wrong = [
      "",
      "not base64!",
      toBase64(sealed.slice(1)),
      toBase64(concat(sealed, sealed)),
      toBase64(new Uint8Array(256)),
      toBase64(new Uint8Array(256).fill(0xff)),
      ...[0, 7, 1000, 2047].map((bit) => toBase64(flipBit(sealed, bit))),
    ];
    for (const text of wrong) expect(await oaepDecrypt(secret, text)).toEqual(failed);
    const key = await crypto.subtle.importKey(
      "spki",
      open,
      { name: "RSA-OAEP", hash: "SHA-1" },
      false,
      ["encrypt"],
    );
    const notText = await crypto.subtle.encrypt("RSA-OAEP", key, Uint8Array.of(0xff, 0xfe));
    expect(await oaepDecrypt(secret, toBase64(new Uint8Array(notText)))).toEqual(failed);
    await expect(oaepDecrypt(open, "")).rejects.toThrow();
  });
});
