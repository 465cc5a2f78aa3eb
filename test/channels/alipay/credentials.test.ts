/** What saving an account's credentials checks, and that nothing secret comes back. */
import * as z from "zod";
import { describe, it } from "vitest";

import { alipay } from "../../../src/channels/alipay/adapter.ts";
import { sha256Hex } from "../../../src/crypto/digest.ts";
import { fromBase64, toBase64 } from "../../../src/crypto/encoding.ts";
import { readPrivateKey, readPublicKey, toPem } from "../../../src/crypto/pem.ts";
import { selfSignedCertificate } from "../../../src/crypto/x509-build.ts";
import { newPems, NOW, openapi, vectorCertificates, vectorCredentials, vectorKeys } from "./kit.ts";

/** The published chain is valid from November 2026 on. */
const CHAIN_NOW = Date.parse("2027-01-01T00:00:00Z");

const direct = alipay.modes["direct"];

const examine = (credentials: unknown, now = NOW) => {
  if (direct === undefined) throw new Error("mode direct is missing");
  return direct.examine(credentials, now);
};

const issuesOf = async (credentials: unknown, now = NOW) => {
  const examined = await examine(credentials, now);
  return examined.ok ? [] : examined.error;
};

const { alipay_public_key: alipayPublicKey, ...withoutTheirs } = vectorCredentials;

const certificate = async (pems: { privateKey: string; publicKey: string }, until: number) => {
  const privateKey = readPrivateKey(pems.privateKey);
  const publicKey = readPublicKey(pems.publicKey);
  if (!privateKey.ok || !publicKey.ok) throw new Error("test key");
  const der = await selfSignedCertificate({
    privateKey: privateKey.value,
    publicKey: publicKey.value,
    serialHex: "0a01",
    commonName: "Test",
    organization: "Test",
    notBefore: NOW - 86_400_000,
    notAfter: until,
  });
  return toPem("CERTIFICATE", der);
};

describe("public-key mode", () => {
  it("names a field that it does not know", async ({ expect }) => {
    expect(await issuesOf({ ...vectorCredentials, appid: "2021" })).toEqual([
      { path: "appid", message: "unknown field; remove it" },
    ]);
  });

  it("passes every form in which Alipay's tools hand out keys", async ({ expect }) => {
    const spki = fromBase64(vectorKeys.app.public_spki_b64) ?? new Uint8Array();
    const forms = [
      vectorKeys.app.pkcs8_b64,
      vectorKeys.app.pkcs1_b64,
      vectorKeys.app.pkcs1_pem,
      vectorKeys.app.pkcs1_pem.replaceAll("\n", "\\n"),
      `\r\n${vectorKeys.app.pkcs1_pem.replaceAll("\n", "\r\n")}  `,
    ];
    for (const private_key of forms) {
      expect(await examine({ ...vectorCredentials, private_key })).toEqual({
        ok: true,
        value: {
          merchantAccount: "2021000123456789",
          fingerprints: {
            app_public_key: await sha256Hex(spki),
            alipay_public_key: await sha256Hex(fromBase64(alipayPublicKey) ?? ""),
          },
        },
      });
    }
  });

  it("refuses the application's own public key in Alipay's place, in any form", async ({
    expect,
  }) => {
    const own = vectorKeys.app.public_spki_b64;
    const pem = toPem("PUBLIC KEY", fromBase64(own) ?? new Uint8Array());
    for (const alipay_public_key of [own, pem, pem.replaceAll("\n", "\\n")]) {
      const issues = await issuesOf({ ...vectorCredentials, alipay_public_key });
      expect(issues).toEqual([
        { path: "alipay_public_key", message: expect.stringContaining("own public key") },
      ]);
    }
  });

  it("refuses keys that are none, are of the wrong half, or are too short", async ({ expect }) => {
    const short = openapi.public_vector_chloerei.private_key_pem;
    const cases: [object, string][] = [
      [{ private_key: "hello" }, "private_key"],
      [{ private_key: vectorKeys.app.pkcs8_b64.slice(0, -40) }, "private_key"],
      [{ private_key: vectorKeys.app.public_spki_b64 }, "private_key"],
      [{ private_key: short }, "private_key"],
      [{ alipay_public_key: vectorKeys.app.pkcs8_b64 }, "alipay_public_key"],
      [{ alipay_public_key: openapi.cert_sn.throwaway_chain.alipay_crt }, "alipay_public_key"],
      [{ alipay_public_key: toBase64(new Uint8Array(64)) }, "alipay_public_key"],
      [{ aes_key: "hello" }, "aes_key"],
      [{ aes_key: toBase64(new Uint8Array(32)) }, "aes_key"],
    ];
    for (const [changes, path] of cases) {
      const issues = await issuesOf({ ...vectorCredentials, ...changes });
      expect(issues.map((issue) => issue.path)).toEqual([path]);
    }
  });
});

describe("certificate mode", () => {
  it("passes and shows serials and ends, no keys", async ({ expect }) => {
    const { throwaway_chain: chain } = openapi.cert_sn;
    const examined = await examine(vectorCertificates, CHAIN_NOW);
    expect(examined).toMatchObject({
      ok: true,
      value: {
        merchantAccount: "2021000123456789",
        fingerprints: {
          app_cert_sn: chain.app_sn,
          alipay_cert_sn: chain.alipay_sn,
          alipay_root_cert_sn: chain.root_sn,
          app_cert_expires: expect.stringMatching(/^20\d\d-/),
          alipay_cert_expires: expect.stringMatching(/^20\d\d-/),
          alipay_public_key: await sha256Hex(fromBase64(alipayPublicKey) ?? ""),
        },
      },
    });
    expect(JSON.stringify(examined)).not.toContain("MII");
  });

  it("wants all three files, and no public key beside them", async ({ expect }) => {
    for (const field of ["app_cert", "alipay_cert", "alipay_root_cert"] as const) {
      const { [field]: _left, ...rest } = vectorCertificates;
      expect(await issuesOf(rest, CHAIN_NOW)).toEqual([
        { path: field, message: expect.any(String) },
      ]);
    }
    const both = await issuesOf({ ...vectorCertificates, alipay_public_key: alipayPublicKey });
    expect(both.map(({ path }) => path)).toEqual(["app_cert", "alipay_cert", "alipay_root_cert"]);
    const neither = await issuesOf(withoutTheirs);
    expect(neither.map(({ path }) => path)).toEqual(["alipay_public_key"]);
  });

  it("refuses swapped, foreign and unreadable certificates", async ({ expect }) => {
    const { throwaway_chain: chain } = openapi.cert_sn;
    const cases: [object, string][] = [
      [{ app_cert: chain.alipay_crt }, "app_cert"],
      [{ alipay_cert: chain.app_crt }, "alipay_cert"],
      [{ app_cert: vectorKeys.app.public_spki_b64 }, "app_cert"],
      [{ alipay_cert: "no certificate" }, "alipay_cert"],
      [{ alipay_root_cert: vectorKeys.app.pkcs1_pem }, "alipay_root_cert"],
    ];
    for (const [changes, path] of cases) {
      const issues = await issuesOf({ ...vectorCertificates, ...changes }, CHAIN_NOW);
      expect(issues.map((issue) => issue.path)).toEqual([path]);
    }
  });

  it("refuses certificates outside their time, and says until when", async ({ expect }) => {
    const own = await newPems();
    const theirs = await newPems();
    const until = NOW + 1_000;
    const credentials = {
      app_id: "2021000123456789",
      private_key: own.privateKey,
      app_cert: await certificate(own, until),
      alipay_cert: await certificate(theirs, until),
      alipay_root_cert: openapi.cert_sn.throwaway_chain.root_crt,
    };
    expect(await issuesOf(credentials)).toEqual([]);
    const late = await issuesOf(credentials, until + 1_000);
    expect(late).toEqual([
      { path: "app_cert", message: "expired at 2026-05-27T01:30:01.000Z" },
      { path: "alipay_cert", message: "expired at 2026-05-27T01:30:01.000Z" },
    ]);
    const early = await issuesOf(credentials, NOW - 2 * 86_400_000);
    expect(early.map(({ message }) => message)).toEqual([
      expect.stringContaining("not valid before"),
      expect.stringContaining("not valid before"),
    ]);
  });
});

describe("the form", () => {
  it("is strict, and no message repeats what was submitted", async ({ expect }) => {
    const cases: unknown[] = [
      null,
      "secret-text",
      {},
      { ...vectorCredentials, app_id: "secret-text" },
      { ...vectorCredentials, app_id: "2088000000000001" },
      { ...vectorCredentials, seller_id: "secret-text" },
      { ...vectorCredentials, private_key: "secret-text" },
      { ...vectorCredentials, private_key: "" },
      { ...vectorCredentials, surprise: "secret-text" },
    ];
    for (const credentials of cases) {
      const issues = await issuesOf(credentials);
      expect(issues.length).toBeGreaterThan(0);
      expect(JSON.stringify(issues)).not.toContain("secret-text");
    }
    expect(await issuesOf({ ...vectorCredentials, app_id: "2088000000000001" })).toEqual([
      { path: "app_id", message: expect.stringContaining("seller number") },
    ]);
  });

  it("can be shown as a JSON Schema in the channel matrix", ({ expect }) => {
    const schema = direct === undefined ? null : z.toJSONSchema(direct.credentials);
    expect(schema).toMatchObject({
      type: "object",
      additionalProperties: false,
      required: ["app_id", "private_key"],
    });
  });
});
