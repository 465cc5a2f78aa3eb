import { X509Certificate } from "node:crypto";

import { describe, it } from "vitest";

import {
  derBitString,
  derElement,
  derInteger,
  derNull,
  derOid,
  derSequence,
} from "../../src/crypto/der-write.ts";
import { TAG, fields, readDer, wholeBytes } from "../../src/crypto/der.ts";
import { md5Hex } from "../../src/crypto/digest.ts";
import { concat, fromBase64, fromHex, toBase64, toHex, utf8 } from "../../src/crypto/encoding.ts";
import { readPrivateKey, readPublicKey, toPem } from "../../src/crypto/pem.ts";
import {
  importSigningKey,
  importVerifyingKey,
  publicKeyOf,
  verifySha256,
} from "../../src/crypto/rsa.ts";
import { selfSignedCertificate } from "../../src/crypto/x509-build.ts";
import { type Certificate, readCertificate, readCertificates } from "../../src/crypto/x509.ts";
import { ok, type Result } from "../../src/result.ts";
import alipayVectors from "../vectors/alipay-antom.json";
import wechat from "../vectors/wechat-pay.json";

const {
  wechatpay_go: go,
  wechatpay_java: java,
  wechatpay_apache_httpclient: apache,
  wechatpay_axios_plugin: axios,
} = wechat.groups;
const { cert_sn: sn } = alipayVectors.openapi;
const chain = sn.throwaway_chain;
const { app } = alipayVectors.keys;

const SHA256_WITH_RSA = "1.2.840.113549.1.1.11";

function valueOf<T>(result: Result<T, string>): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

const errorOf = (result: Result<unknown, string>): string | null =>
  result.ok ? null : result.error;

const unbase64 = (text: string): Uint8Array => fromBase64(text) ?? new Uint8Array();

const longName = (type: string) => (type === "E" ? "emailAddress" : type);

const written = (ms: number) => `${new Date(ms).toISOString().replaceAll(/\D/g, "").slice(2, 14)}Z`;

const alipayName = ({ issuer }: Certificate) =>
  issuer
    .toReversed()
    .map(({ type, value }) => `${type}=${value}`)
    .join(",");

describe("reading certificates", () => {
  const published = [
    ["wechatpay-go", go.certificate_pem],
    ["wechatpay-java, merchant", java.merchant.certificate_pem],
    ["wechatpay-java, platform", java.platform.certificate_pem],
    ["wechatpay-java, downloaded", java.certificates_download.decrypted_certificate_pem],
    ["wechatpay-apache-httpclient", apache.certificate_pem],
    ["wechatpay-axios-plugin, merchant", axios.fixtures.apiclient_cert_pem],
    ["wechatpay-axios-plugin, platform", axios.fixtures.apiserver_cert_pem],
    ["Alipay, application (version 1)", chain.app_crt],
    ["Alipay, root", chain.root_crt],
    ["Alipay, platform", chain.alipay_crt],
  ] as const;

  it.for(published)("agrees with the platform's own reader: %s", ([, pem], { expect }) => {
    const mine = valueOf(readCertificate(pem));
    const other = new X509Certificate(pem);
    expect(mine.serialHex).toBe(other.serialNumber);
    expect(mine.serialDecimal).toBe(BigInt(`0x${other.serialNumber}`).toString());
    expect(mine.notBefore).toBe(Date.parse(other.validFrom));
    expect(mine.notAfter).toBe(Date.parse(other.validTo));
    expect(mine.publicKey).toEqual(
      new Uint8Array(other.publicKey?.export({ format: "der", type: "spki" }) ?? []),
    );
    expect(mine.der).toEqual(new Uint8Array(other.raw));
    expect(mine.issuer.map(({ type, value }) => `${longName(type)}=${value}`).join("\n")).toBe(
      other.issuer,
    );
    expect(mine.signatureAlgorithm).toBe(SHA256_WITH_RSA);
  });

  it.for([
    ["wechatpay-go", go.certificate_pem, go.certificate_serial],
    ["java, merchant", java.merchant.certificate_pem, java.merchant.serial_no],
    ["java, platform", java.platform.certificate_pem, java.platform.serial_no],
    [
      "java, downloaded",
      java.certificates_download.decrypted_certificate_pem,
      java.certificates_download.serial_no,
    ],
    ["axios, merchant", axios.fixtures.apiclient_cert_pem, axios.fixtures.apiclient_serial],
    ["axios, platform", axios.fixtures.apiserver_cert_pem, axios.fixtures.apiserver_serial],
  ] as const)("has the published serial: %s", ([, pem, serial], { expect }) => {
    expect(valueOf(readCertificate(pem)).serialHex).toBe(serial);
  });

  it("has the published dates", ({ expect }) => {
    const { decrypted_certificate_pem, not_before, not_after } = java.certificates_download;
    const { notBefore, notAfter } = valueOf(readCertificate(decrypted_certificate_pem));
    expect([written(notBefore), written(notAfter)]).toEqual([not_before, not_after]);
  });

  it.for([
    ["application", chain.app_crt, chain.app_sn],
    ["root", chain.root_crt, chain.root_sn],
    ["platform", chain.alipay_crt, chain.alipay_sn],
  ] as const)("gives the parts of Alipay's number: %s", async ([, pem, expected], { expect }) => {
    const certificate = valueOf(readCertificate(pem));
    expect(await md5Hex(alipayName(certificate) + certificate.serialDecimal)).toBe(expected);
  });

  it("hashes the parts of a real Alipay certificate to its real number", async ({ expect }) => {
    expect(await md5Hex(sn.real_issuer_example + sn.real_serial_example)).toBe(sn.real_sn_example);
  });

  it("holds the public key of the private key beside it", async ({ expect }) => {
    const pairs = [
      [java.merchant.private_key_pem, java.merchant.certificate_pem],
      [java.platform.private_key_pem, java.platform.certificate_pem],
      [axios.fixtures.apiclient_key_pem, axios.fixtures.apiclient_cert_pem],
      [apache.private_key_pem, apache.certificate_pem],
    ] as const;
    for (const [key, certificate] of pairs) {
      expect(await publicKeyOf(valueOf(readPrivateKey(key)))).toEqual(
        valueOf(readCertificate(certificate)).publicKey,
      );
    }
    expect(valueOf(readCertificate(java.platform.certificate_pem)).publicKey).toEqual(
      valueOf(readPublicKey(java.platform.public_key_pem)),
    );
  });

  it("reads every way of pasting one", ({ expect }) => {
    const pem = java.merchant.certificate_pem;
    const expected = readCertificate(pem);
    expect(expected.ok).toBe(true);
    const spellings = [
      pem.replaceAll("\n", "\r\n"),
      pem.replaceAll("\n", String.raw`\n`),
      `  \n${pem}\n\n`,
      pem.replaceAll(/-----[^-]+-----/g, ""),
      pem.replaceAll(/-----[^-]+-----|\s/g, ""),
      `subject=CN = x\nissuer=CN = y\n${pem}`,
      `${java.merchant.private_key_pem}\n${pem}`,
    ];
    for (const text of spellings) expect(readCertificate(text)).toEqual(expected);
  });

  it("reads a chain in order, and the first as the certificate", ({ expect }) => {
    const text = [chain.app_crt, chain.root_crt, go.certificate_pem].join("\n");
    const all = valueOf(readCertificates(text));
    expect(all.map(({ der }) => der)).toEqual(
      [chain.app_crt, chain.root_crt, go.certificate_pem].map(
        (pem) => valueOf(readCertificate(pem)).der,
      ),
    );
    expect(readCertificate(text)).toEqual(readCertificate(chain.app_crt));
    expect(valueOf(readCertificates(chain.app_crt))).toHaveLength(1);
  });
});

describe("certificates that are refused", () => {
  const { der } = valueOf(readCertificate(java.merchant.certificate_pem));

  it.for([
    ["a public key", java.platform.public_key_pem, "this is not a certificate but a public key"],
    ["a bare public key", app.public_spki_b64, "this is not a certificate but a public key"],
    ["a private key", app.pkcs1_pem, "this is not a certificate but a private key"],
    ["a bare private key", app.pkcs8_b64, "this is not a certificate but a private key"],
    [
      "a private key under a wrong label",
      toPem("CERTIFICATE", unbase64(app.pkcs8_b64)),
      "but a private key",
    ],
    ["nothing", "", "this is not a certificate"],
    ["words", "see the console", "neither PEM nor base64"],
    ["base64 of words", btoa("see the console!"), "the certificate is damaged"],
    ["a label line alone", "-----BEGIN CERTIFICATE-----", "no complete block"],
    ["bytes behind it", toBase64(concat(der, Uint8Array.of(0))), "damaged (trailing)"],
    [
      "a damaged one behind a good one",
      `${go.certificate_pem}\n${toPem("CERTIFICATE", der.slice(0, 99))}`,
      "damaged (truncated)",
    ],
  ] as const)("%s", ([, text, message], { expect }) => {
    expect(errorOf(readCertificates(text))).toContain(message);
    expect(errorOf(readCertificate(text))).toContain(message);
  });

  it("any cut", ({ expect }) => {
    for (let length = 0; length < der.length; length++) {
      expect(readCertificate(toBase64(der.slice(0, length))).ok, String(length)).toBe(false);
    }
  });

  it("no flipped bit throws, and what is still read is read from the changed bytes", ({
    expect,
  }) => {
    let readable = 0;
    for (let bit = 0; bit < der.length * 8; bit += 3) {
      const changed = der.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      const read = readCertificate(toBase64(changed));
      expect(!read.ok || toHex(read.value.der) === toHex(changed), String(bit)).toBe(true);
      readable += read.ok ? 1 : 0;
    }
    // The key and the signature are most of the bytes, and a reader cannot tell that they changed.
    expect(readable).toBeGreaterThan(0);
  });
});

const attribute = (oid: string, tag: number, value: Uint8Array) =>
  derSequence(derOid(oid), derElement(tag, value));

const utcTime = (text: string) => derElement(0x17, utf8(text));

const generalizedTime = (text: string) => derElement(0x18, utf8(text));

describe("unusual certificates", () => {
  const commonName = derSequence(
    derElement(TAG.set, attribute("2.5.4.3", TAG.utf8String, utf8("a"))),
  );
  const algorithm = derSequence(derOid(SHA256_WITH_RSA), derNull());

  /** An unsigned certificate with some parts replaced. */
  const build = (
    parts: Partial<Record<"serial" | "issuer" | "validity" | "algorithm", Uint8Array>>,
  ) =>
    readCertificate(
      toBase64(
        derSequence(
          derSequence(
            parts.serial ?? derInteger(Uint8Array.of(1)),
            algorithm,
            parts.issuer ?? commonName,
            parts.validity ?? derSequence(utcTime("260101000000Z"), utcTime("270101000000Z")),
            commonName,
            unbase64(app.public_spki_b64),
          ),
          parts.algorithm ?? algorithm,
          derBitString(new Uint8Array(4)),
        ),
      ),
    );

  it.for([
    ["01", "01", "1"],
    ["00", "00", "0"],
    ["0a", "0A", "10"],
    ["80", "80", "128"],
    ["00ff00", "FF00", "65280"],
    [
      "2020bbe7a1b2c3d4e5f60718293a4b5c",
      "2020BBE7A1B2C3D4E5F60718293A4B5C",
      "42705260526935046240338367000486759260",
    ],
  ] as const)(
    "writes the serial %s in both ways",
    ([bytes, serialHex, serialDecimal], { expect }) => {
      const serial = derInteger(fromHex(bytes) ?? new Uint8Array());
      expect(valueOf(build({ serial }))).toMatchObject({ serialHex, serialDecimal });
    },
  );

  it.for([
    ["negative", derElement(TAG.integer, Uint8Array.of(0x80))],
    ["padded", derElement(TAG.integer, Uint8Array.of(0, 1))],
    ["empty", derElement(TAG.integer)],
    ["of 33 bytes", derInteger(new Uint8Array(33).fill(1))],
  ] as const)("refuses a serial that is %s", ([, serial], { expect }) => {
    expect(errorOf(build({ serial }))).toBe("the certificate is damaged (value)");
  });

  it("reads names in their order, in every text type, with several values in one set", ({
    expect,
  }) => {
    const issuer = derSequence(
      derElement(TAG.set, attribute("2.5.4.6", 0x13, utf8("CN"))),
      derElement(TAG.set, attribute("2.5.4.10", 0x1e, Uint8Array.of(0x4e, 0x2d, 0x56, 0xfd))),
      derElement(
        TAG.set,
        attribute("2.5.4.11", 0x14, Uint8Array.of(0x63, 0xe9)),
        attribute("2.5.4.7", 0x16, utf8("Shenzhen")),
      ),
      derElement(TAG.set, attribute("1.2.3.4", TAG.utf8String, utf8("其他"))),
      derElement(TAG.set, attribute("2.5.4.3", TAG.utf8String, utf8("A, B"))),
    );
    expect(valueOf(build({ issuer })).issuer).toEqual([
      { type: "C", value: "CN" },
      { type: "O", value: "中国" },
      { type: "OU", value: "cé" },
      { type: "L", value: "Shenzhen" },
      { type: "1.2.3.4", value: "其他" },
      { type: "CN", value: "A, B" },
    ]);
  });

  it.for([
    ["text that is not UTF-8", attribute("2.5.4.3", TAG.utf8String, Uint8Array.of(0xff)), "value"],
    ["half a character", attribute("2.5.4.3", 0x1e, Uint8Array.of(0x4e)), "value"],
    ["a value that is no text", attribute("2.5.4.3", TAG.octetString, utf8("a")), "value"],
    ["a type without a value", derSequence(derOid("2.5.4.3")), "unexpected element"],
    [
      "a third member",
      derSequence(derOid("2.5.4.3"), derElement(0x13, utf8("a")), derNull()),
      "unexpected element",
    ],
  ] as const)("refuses a name with %s", ([, member, error], { expect }) => {
    const issuer = derSequence(derElement(TAG.set, member));
    expect(errorOf(build({ issuer }))).toBe(`the certificate is damaged (${error})`);
  });

  it.for([
    ["491231235959Z in two digits", utcTime("491231235959Z"), "2049-12-31T23:59:59.000Z"],
    ["500101000000Z in two digits", utcTime("500101000000Z"), "1950-01-01T00:00:00.000Z"],
    ["four digits", generalizedTime("20500101000000Z"), "2050-01-01T00:00:00.000Z"],
    ["no end, RFC 5280 4.1.2.5", generalizedTime("99991231235959Z"), "9999-12-31T23:59:59.000Z"],
    ["a leap day", utcTime("240229120000Z"), "2024-02-29T12:00:00.000Z"],
  ] as const)("reads the time %s", ([, time, iso], { expect }) => {
    const validity = derSequence(utcTime("000101000000Z"), time);
    expect(new Date(valueOf(build({ validity })).notAfter).toISOString()).toBe(iso);
  });

  it.for([
    ["30 February", utcTime("260230000000Z")],
    ["a leap day in another year", utcTime("250229000000Z")],
    ["month 13", utcTime("261301000000Z")],
    ["hour 24", utcTime("260101240000Z")],
    ["a leap second", utcTime("261231235960Z")],
    ["two digits too many", utcTime("26010100000000Z")],
    ["no seconds", utcTime("2601010000Z")],
    ["a zone", utcTime("260101000000+0800")],
    ["no zone", utcTime("260101000000")],
    ["fractions", generalizedTime("20260101000000.5Z")],
    ["four digits in the two-digit type", utcTime("20260101000000Z")],
    ["letters", utcTime("26010100000xZ")],
    ["another type", derElement(0x13, utf8("260101000000Z"))],
  ] as const)("refuses a time with %s", ([, time], { expect }) => {
    const validity = derSequence(utcTime("000101000000Z"), time);
    expect(errorOf(build({ validity }))).toBe("the certificate is damaged (value)");
  });

  it("wants exactly two times", ({ expect }) => {
    const one = utcTime("260101000000Z");
    const unexpected = "the certificate is damaged (unexpected element)";
    expect(errorOf(build({ validity: derSequence(one) }))).toBe(unexpected);
    expect(errorOf(build({ validity: derSequence(one, one, one) }))).toBe(unexpected);
  });

  it("tells the signature algorithm, so that SM2 can be skipped", ({ expect }) => {
    const sm2 = derSequence(derOid("1.2.156.10197.1.501"));
    expect(valueOf(build({ algorithm: sm2 })).signatureAlgorithm).toBe("1.2.156.10197.1.501");
  });
});

describe("a certificate that signs itself", () => {
  const privateKey = valueOf(readPrivateKey(app.pkcs1_pem));
  const publicKey = valueOf(readPublicKey(app.public_spki_b64));
  const options = {
    privateKey,
    publicKey,
    serialHex: "5DEA10EF55877E3CF6C33255C2E7DEFFF7E427EC",
    commonName: "Sandbox 微信",
    organization: "Example",
    notBefore: Date.UTC(2026, 0, 2, 3, 4, 5),
    notAfter: Date.UTC(2031, 0, 2, 3, 4, 5),
  };

  it("reads back as it was asked for", async ({ expect }) => {
    const der = await selfSignedCertificate(options);
    expect(readCertificate(toPem("CERTIFICATE", der))).toEqual(
      ok({
        der,
        serialHex: options.serialHex,
        serialDecimal: BigInt(`0x${options.serialHex}`).toString(),
        issuer: [
          { type: "O", value: "Example" },
          { type: "CN", value: "Sandbox 微信" },
        ],
        notBefore: options.notBefore,
        notAfter: options.notAfter,
        publicKey,
        signatureAlgorithm: SHA256_WITH_RSA,
      }),
    );
  });

  it("is a certificate to the platform's own reader too, and its signature holds", async ({
    expect,
  }) => {
    const der = await selfSignedCertificate(options);
    const other = new X509Certificate(der);
    expect(other.serialNumber).toBe(options.serialHex);
    expect(other.subject).toBe(other.issuer);
    expect(other.ca).toBe(false);
    // Basic constraints, critical, without the right to sign others.
    expect(toHex(der)).toContain("0603551d130101ff04023000");
    expect(Date.parse(other.validTo)).toBe(options.notAfter);
    const root = readDer(der);
    const parts = root.ok
      ? fields(root.value, [TAG.sequence, TAG.sequence, TAG.bitString], "exact")
      : root;
    if (!parts.ok) throw new Error(parts.error);
    const signature = wholeBytes(parts.value[2]);
    const key = await importVerifyingKey(publicKey);
    const base64 = toBase64(signature.ok ? signature.value : new Uint8Array());
    expect(await verifySha256(key, parts.value[0].whole, base64)).toBe(true);
  });

  it("takes an imported key and gives the same bytes", async ({ expect }) => {
    const key = await importSigningKey(privateKey);
    expect(await selfSignedCertificate({ ...options, privateKey: key })).toEqual(
      await selfSignedCertificate(options),
    );
  });

  it("cuts times to the second and goes beyond 2049", async ({ expect }) => {
    const der = await selfSignedCertificate({
      ...options,
      notBefore: Date.UTC(2049, 11, 31, 23, 59, 59) + 999,
      notAfter: Date.UTC(2050, 0, 1),
    });
    const read = valueOf(readCertificate(toBase64(der)));
    expect(read.notBefore).toBe(Date.UTC(2049, 11, 31, 23, 59, 59));
    expect(read.notAfter).toBe(Date.UTC(2050, 0, 1));
    expect(Date.parse(new X509Certificate(der).validTo)).toBe(Date.UTC(2050, 0, 1));
  });

  it.for(["", "xyz", "ABC"])("refuses %j as a serial", async (serialHex, { expect }) => {
    await expect(selfSignedCertificate({ ...options, serialHex })).rejects.toThrow(RangeError);
  });
});
