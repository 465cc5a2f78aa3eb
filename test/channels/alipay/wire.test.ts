/** Signing, time, the reply's frame and its judgement: published vectors, then everything hostile. */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import { certificateSn, rootCertificateSn } from "../../../src/channels/alipay/certificates.ts";
import {
  decryptContent,
  encryptContent,
  importContentKey,
} from "../../../src/channels/alipay/content-encryption.ts";
import { answerNode, readEnvelope } from "../../../src/channels/alipay/envelope.ts";
import { askGateway } from "../../../src/channels/alipay/exchange.ts";
import { keysOf } from "../../../src/channels/alipay/keys.ts";
import { writeParameters } from "../../../src/channels/alipay/links.ts";
import {
  chinaTime,
  fromChinaTime,
  requestContent,
  signRequest,
  type Parameters,
} from "../../../src/channels/alipay/signing.ts";
import { readPrivateKey, readPublicKey } from "../../../src/crypto/pem.ts";
import { importSigningKey, importVerifyingKey, verifySha256 } from "../../../src/crypto/rsa.ts";
import { readCertificate, readCertificates } from "../../../src/crypto/x509.ts";
import {
  accountOf,
  html,
  ioWith,
  NOW,
  openapi,
  signAsAlipay,
  signedBody,
  vectorCertificates,
  vectorCredentials,
  vectorKeys,
} from "./kit.ts";

const must = <T>(read: { ok: true; value: T } | { ok: false; error: string }): T => {
  if (!read.ok) throw new Error(read.error);
  return read.value;
};

const strings = (params: Record<string, string | undefined>): Parameters =>
  Object.fromEntries(
    Object.entries(params).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

describe("request signature", () => {
  for (const vector of openapi.request) {
    it(`is the published one: ${vector.name}`, async ({ expect }) => {
      const parameters = strings(vector.params);
      expect(requestContent(parameters)).toBe(vector.string_to_sign);
      for (const form of [vectorKeys.app.pkcs8_b64, vectorKeys.app.pkcs1_b64]) {
        const key = await importSigningKey(must(readPrivateKey(form)));
        const sent = await signRequest(parameters, key);
        expect(sent["sign"]).toBe(vector.sign);
        expect(writeParameters(sent)).toBe(vector.order_string_encodeURIComponent);
      }
    });
  }

  it("reproduces the signature in chloerei/alipay's public test", async ({ expect }) => {
    const vector = openapi.public_vector_chloerei;
    const key = await importSigningKey(must(readPrivateKey(vector.private_key_pem)));
    const parameters = Object.fromEntries(new URLSearchParams(vector.order_string));
    delete parameters["sign"];
    expect(requestContent(parameters)).toBe(vector.string_to_sign);
    expect((await signRequest(parameters, key))["sign"]).toBe(vector.sign);
  });

  it("leaves empty values and an old sign out of the text and out of what is sent", async ({
    expect,
  }) => {
    const key = await importSigningKey(must(readPrivateKey(vectorKeys.app.pkcs8_b64)));
    const sent = await signRequest({ b: "2", notify_url: "", a: "1", sign: "old" }, key);
    expect(Object.keys(sent)).toEqual(["b", "a", "sign"]);
    expect(requestContent(sent)).toBe("a=1&b=2");
    const publicKey = await importVerifyingKey(must(readPublicKey(vectorKeys.app.public_spki_b64)));
    expect(await verifySha256(publicKey, "a=1&b=2", sent["sign"] ?? "")).toBe(true);
  });

  it("sorts by code unit, not by language", ({ expect }) => {
    expect(requestContent({ b: "1", a_b: "2", aB: "3", a1: "4", B: "5" })).toBe(
      "B=5&a1=4&aB=3&a_b=2&b=1",
    );
  });
});

describe("time", () => {
  it("is Chinese wall time, also where UTC has another day or year", ({ expect }) => {
    expect(chinaTime(NOW)).toBe("2026-05-27 09:30:00");
    expect(chinaTime(Date.parse("2026-11-21T15:59:59.999Z"))).toBe("2026-11-21 23:59:59");
    expect(chinaTime(Date.parse("2026-11-21T16:00:00Z"))).toBe("2026-11-22 00:00:00");
    expect(chinaTime(Date.parse("2026-12-31T19:16:15Z"))).toBe("2027-01-01 03:16:15");
  });

  it("is read back to the second, refund times to the millisecond", ({ expect }) => {
    expect(fromChinaTime("2026-05-27 09:30:00")).toBe(NOW);
    expect(fromChinaTime("2026-05-27 09:30:00.123")).toBe(NOW + 123);
    for (const text of ["", "2026-05-27", "2026-05-27T09:30:00", "2026-13-27 09:30:00", "now"]) {
      expect(fromChinaTime(text)).toBeNull();
    }
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), (seconds) => {
        expect(fromChinaTime(chinaTime(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
  });
});

describe("certificate numbers", () => {
  it("are those of the published chain and of Alipay's own example", async ({ expect }) => {
    const { throwaway_chain: chain, ...real } = openapi.cert_sn;
    for (const [text, sn] of [
      [chain.app_crt, chain.app_sn],
      [chain.alipay_crt, chain.alipay_sn],
    ] as const) {
      expect(await certificateSn(must(readCertificate(text)))).toBe(sn);
    }
    const roots = must(readCertificates(chain.root_crt));
    expect(await rootCertificateSn(roots)).toEqual({ ok: true, value: chain.root_sn });

    const issuer = real.real_issuer_example.split(",").map((part) => {
      const [type = "", value = ""] = part.split("=");
      return { type, value };
    });
    const example = {
      ...must(readCertificate(chain.app_crt)),
      issuer: issuer.toReversed(),
      serialDecimal: real.real_serial_example,
    };
    expect(await certificateSn(example)).toBe(real.real_sn_example);
  });

  it("of a root file join the RSA ones and leave SM2 ones out", async ({ expect }) => {
    const root = must(readCertificate(openapi.cert_sn.throwaway_chain.root_crt));
    const sn = openapi.cert_sn.throwaway_chain.root_sn;
    const sm2 = { ...root, signatureAlgorithm: "1.2.156.10197.1.501" };
    expect(await rootCertificateSn([root, sm2, root])).toEqual({ ok: true, value: `${sn}_${sn}` });
    expect((await rootCertificateSn([sm2])).ok).toBe(false);
  });
});

const topLevelSlices = (text: string): Record<string, unknown> => {
  const members = must(readEnvelope(text));
  return Object.fromEntries([...members].map(([name, raw]) => [name, JSON.parse(raw)]));
};

const jsonObject = fc.dictionary(fc.string({ maxLength: 12 }), fc.jsonValue({ maxDepth: 5 }), {
  maxKeys: 6,
});

const nest = (depth: number) => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;

const isObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};

describe("reply frame", () => {
  it("keeps every value as it was sent", ({ expect }) => {
    const text =
      ' {"a" : {"x":"\\/\\u0041", "y":[1, {"}":"{"}]} ,\n"b":-1.5e3,"c":"q\\"}" ,"d":null}\t';
    expect([...must(readEnvelope(text))]).toEqual([
      ["a", '{"x":"\\/\\u0041", "y":[1, {"}":"{"}]}'],
      ["b", "-1.5e3"],
      ["c", '"q\\"}"'],
      ["d", "null"],
    ]);
    expect(must(readEnvelope("{}")).size).toBe(0);
  });

  it("agrees with JSON.parse on every object, however it is indented", ({ expect }) => {
    fc.assert(
      fc.property(jsonObject, fc.constantFrom(undefined, 1, "\t", " \n"), (object, indent) => {
        const text = JSON.stringify(object, null, indent);
        expect(topLevelSlices(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("returns the exact slice between the borders it reports", ({ expect }) => {
    fc.assert(
      fc.property(jsonObject, (object) => {
        const text = JSON.stringify(object);
        const again = [...must(readEnvelope(text))]
          .map(([name, raw]) => `${JSON.stringify(name)}:${raw}`)
          .join(",");
        expect(`{${again}}`).toBe(text);
      }),
    );
  });

  it("never throws, and accepts nothing that JSON.parse refuses", ({ expect }) => {
    expect.hasAssertions();
    const noise = fc.string({
      unit: fc.constantFrom(...Array.from('{}[]":,\\ntrue1.-e \u0000"{}')),
    });
    const damaged = fc
      .tuple(jsonObject, fc.nat(), fc.constantFrom("", '"', "{", "}", ",", "\\", "[", "\u0000"))
      .map(([object, at, put]) => {
        const text = JSON.stringify(object);
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + put + text.slice(cut + 1);
      });
    fc.assert(
      fc.property(fc.oneof(noise, damaged, fc.string()), (text) => {
        const read = readEnvelope(text);
        // A JSON object is only refused for a double name or for its depth.
        const refusals = ["duplicate top-level member", "nested too deeply"];
        if (read.ok) expect(isObject(text)).toBe(true);
        else if (isObject(text)) expect(refusals).toContain(read.error);
      }),
      { numRuns: 2_000 },
    );
  });

  it("refuses doubles, also those that an escape hides", ({ expect }) => {
    expect(readEnvelope('{"a":1,"b":2,"a":3}').ok).toBe(false);
    expect(readEnvelope('{"sign":"x","si\\u0067n":"y"}').ok).toBe(false);
    expect(readEnvelope('{"a":{"b":1,"b":2}}').ok).toBe(true);
  });

  it("refuses what is not one object, and text behind it", ({ expect }) => {
    for (const text of [
      "", " ", "null", "1", '"a"', "[]", "{", "}", '{"a":}', '{"a":1,}', "{'a':1}", '{"a":1}x',
      '{"a":1}{"b":2}', '{"a":1}\u00a0', '\ufeff{"a":1}', '{"a":01}', '{"a":"\n"}',
      "<html><body>502 Bad Gateway</body></html>",
    ]) {
      expect(readEnvelope(text).ok, text).toBe(false);
    }
  }); // prettier-ignore

  it("refuses depth that no reply has, in any amount", ({ expect }) => {
    expect(readEnvelope(nest(31)).ok).toBe(true);
    expect(readEnvelope(nest(32)).ok).toBe(false);
    expect(readEnvelope(nest(100_000)).ok).toBe(false);
    expect(readEnvelope(`{"a":${"[".repeat(200_000)}`).ok).toBe(false);
  });

  it("finds the answer under its method, else under the gateway's own names", ({ expect }) => {
    const method = "alipay.trade.query";
    const node = (text: string) => answerNode(must(readEnvelope(text)), method);
    expect(node('{"error_response":{"e":1},"alipay_trade_query_response":{"q":1}}')).toBe(
      '{"q":1}',
    );
    expect(node('{"error_response":{"e":1}}')).toBe('{"e":1}');
    expect(node('{"null_response":{"n":1}}')).toBe('{"n":1}');
    expect(node('{"alipay_trade_pay_response":{}}')).toBeNull();
  });
});

const ask = async (body: string | Response, credentials: unknown = vectorCredentials) => {
  const io = ioWith(async () => (typeof body === "string" ? html(body) : body));
  const keys = await keysOf(accountOf(credentials));
  const call = { method: "alipay.trade.precreate", bizContent: "{}" };
  return { reply: await askGateway(call, keys, io), lines: io.lines };
};

interface Expectation {
  readonly ok?: boolean;
  readonly signed?: boolean;
  readonly throws?: string;
}

describe("content encryption", () => {
  const keyOf = async (text: string) => {
    const key = await importContentKey(text);
    if (key === null) throw new Error("key");
    return key;
  };

  it("is the published one, both ways", async ({ expect }) => {
    const { key_b64, plaintext, ciphertext_b64 } = openapi.aes;
    const key = await keyOf(key_b64);
    expect(await encryptContent(key, plaintext)).toBe(ciphertext_b64);
    expect(await decryptContent(key, ciphertext_b64)).toBe(plaintext);
    expect(key.extractable).toBe(false);
    const query = openapi.request.find(({ name }) => name.startsWith("AES"));
    const content = await decryptContent(key, query?.params.biz_content ?? "");
    expect(JSON.parse(content ?? "null")).toMatchObject({ out_trade_no: expect.any(String) });
  });

  it("opens nothing that is damaged or of another key, and never throws", async ({ expect }) => {
    const { key_b64, ciphertext_b64 } = openapi.aes;
    const key = await keyOf(key_b64);
    const other = await keyOf(`B${key_b64.slice(1)}`);
    expect(await decryptContent(other, ciphertext_b64)).toBeNull();
    for (const text of [
      "",
      "AAAA",
      "%%%%",
      ciphertext_b64.slice(4),
      ciphertext_b64.slice(0, -24),
    ]) {
      expect(await decryptContent(key, text)).not.toBe(openapi.aes.plaintext);
    }
    for (const text of ["", "short", key_b64.slice(4), `${key_b64}${key_b64}`, "%".repeat(24)]) {
      expect(await importContentKey(text)).toBeNull();
    }
  });

  it("of a call covers biz_content, and the signature covers the ciphertext", async ({
    expect,
  }) => {
    const seen: { query: URLSearchParams; content: string }[] = [];
    const io = ioWith(async (request) => {
      const form = new URLSearchParams(await request.text());
      const content = form.get("biz_content") ?? "";
      seen.push({ query: new URL(request.url).searchParams, content });
      return html("");
    });
    const keys = await keysOf(accountOf({ ...vectorCredentials, aes_key: openapi.aes.key_b64 }));
    await askGateway({ method: "alipay.trade.query", bizContent: '{"a":1}' }, keys, io);
    const [sent] = seen;
    const { sign = "", ...query } = Object.fromEntries(sent?.query ?? []);
    expect(query["encrypt_type"]).toBe("AES");
    const covered = requestContent({ ...query, biz_content: sent?.content ?? "" });
    const publicKey = await importVerifyingKey(must(readPublicKey(vectorKeys.app.public_spki_b64)));
    expect(await verifySha256(publicKey, covered, sign)).toBe(true);
    expect(await decryptContent(await keyOf(openapi.aes.key_b64), sent?.content ?? "")).toBe(
      '{"a":1}',
    );
  });

  it("is not opened without a signature, whatever is inside", async ({ expect }) => {
    const encrypting = { ...vectorCredentials, aes_key: openapi.aes.key_b64 };
    const body = `{"alipay_trade_precreate_response":"${openapi.aes.ciphertext_b64}"}`;
    expect((await ask(body, encrypting)).reply).toMatchObject({
      kind: "unknown",
      error: { channelCode: "malformed_reply" },
    });
    const node = '"not a ciphertext"';
    const signed = `{"alipay_trade_precreate_response":${node},"sign":"${await signAsAlipay(node)}"}`;
    expect((await ask(signed, encrypting)).reply).toMatchObject({
      kind: "unknown",
      error: { channelCode: "malformed_reply" },
    });
  });
});

describe("judgement of a reply", () => {
  for (const vector of openapi.response) {
    it(`follows the published expectation: ${vector.name}`, async ({ expect }) => {
      const { reply } = await ask(vector.raw);
      const { ok = false, signed = false, throws } = vector.expect as Expectation;
      if (throws !== undefined) {
        expect(reply).toMatchObject({ kind: "unknown", error: { channelCode: "malformed_reply" } });
      } else if (vector.name.startsWith("AES")) {
        // Nobody without the key can read it; with it, it is an answer like any other.
        expect(reply).toMatchObject({ kind: "unknown", error: { channelCode: "malformed_reply" } });
        const encrypting = { ...vectorCredentials, aes_key: openapi.aes.key_b64 };
        expect((await ask(vector.raw, encrypting)).reply).toMatchObject({
          kind: "answer",
          authenticated: true,
          code: "10000",
          fields: { qr_code: "https://qr.alipay.com/bax00022tldi82dwzbvp6013" },
        });
      } else if (ok) {
        expect(reply).toMatchObject({ kind: "answer", authenticated: true });
      } else if (signed) {
        expect(reply).toMatchObject({ kind: "unknown", error: { channelCode: "reply_signature" } });
      } else {
        expect(reply).toMatchObject({ kind: "answer", authenticated: false, code: "40002" });
      }
    });
  }

  it("reads the code with its slashes unescaped", async ({ expect }) => {
    const { reply } = await ask(openapi.response[0]?.raw ?? "");
    expect(reply).toMatchObject({
      fields: { qr_code: "https://qr.alipay.com/bax00022tldi82dwzbvp6013" },
    });
  });

  it("is unknown for pages, server errors, other encodings and empty bodies", async ({
    expect,
  }) => {
    const good = await signedBody("alipay.trade.precreate", { code: "10000", msg: "Success" });
    const replies: [string | Response, string][] = [
      ["<html>502</html>", "malformed_reply"],
      ["", "malformed_reply"],
      ["[]", "malformed_reply"],
      ['{"sign":"x"}', "malformed_reply"],
      ['{"alipay_trade_precreate_response":null}', "malformed_reply"],
      ['{"alipay_trade_precreate_response":{"msg":"no code"}}', "malformed_reply"],
      ['{"alipay_trade_precreate_response":{"code":10000}}', "malformed_reply"],
      [html(good, 500), "http_500"],
      [html(good, 302), "http_302"],
      [html(good, 403), "http_403"],
      [new Response(new Uint8Array([0x7b, 0xbd, 0xbb, 0x7d])), "malformed_reply"],
    ];
    for (const [body, channelCode] of replies) {
      const { reply } = await ask(body);
      expect(reply).toMatchObject({ kind: "unknown", error: { channelCode, retryable: true } });
    }
  });

  it("never takes a wrong signature for a missing one", async ({ expect }) => {
    const node = '{"code":"40002","sub_code":"isv.invalid-app-id"}';
    const other = await signAsAlipay('{"code":"10000"}');
    for (const sign of [
      `"${other}"`,
      '""',
      '"AAAA"',
      '"WECHATPAY/SIGNTEST/x"',
      "null",
      "{}",
      "1",
    ]) {
      const { reply } = await ask(`{"alipay_trade_precreate_response":${node},"sign":${sign}}`);
      expect(reply).toMatchObject({ kind: "unknown", error: { channelCode: "reply_signature" } });
    }
  });

  it("names the way out when Alipay changes its certificate", async ({ expect }) => {
    const node = '{"code":"10000"}';
    const body = (sn: string) =>
      `{"alipay_trade_precreate_response":${node},"alipay_cert_sn":"${sn}","sign":"AAAA"}`;
    const changed = await ask(body("0".repeat(32)), vectorCertificates);
    expect(changed.reply).toMatchObject({ error: { channelCode: "alipay_certificate_changed" } });
    const same = await ask(body(openapi.cert_sn.throwaway_chain.alipay_sn), vectorCertificates);
    expect(same.reply).toMatchObject({ error: { channelCode: "reply_signature" } });
    expect(changed.lines).toMatchObject([{ level: "warn", event: "alipay_answer" }]);
  });

  it("verifies with every version's key and signs with the newest", async ({ expect }) => {
    const raw = openapi.response[0]?.raw ?? "";
    const otherKey = openapi.notify_real.trade_drop_sign_type.alipay_public_key;
    const newer = { ...vectorCredentials, alipay_public_key: otherKey };
    const keys = await keysOf(accountOf(newer, vectorCredentials));
    const io = ioWith(async () => html(raw));
    const call = { method: "alipay.trade.precreate", bizContent: "{}" };
    expect(await askGateway(call, keys, io)).toMatchObject({ authenticated: true });
    const only = await keysOf(accountOf(newer));
    expect(await askGateway(call, only, io)).toMatchObject({ kind: "unknown" });
  });

  it("logs codes only, and no stranger's text", async ({ expect }) => {
    const node = JSON.stringify({
      code: "40002",
      sub_code: "isv.invalid-signature\nforged line",
      sub_msg: "string to sign: app_auth_token=secret-token",
    });
    const { reply, lines } = await ask(
      new Response(`{"alipay_trade_precreate_response":${node}}`, {
        headers: { trace_id: "x y\tz" },
      }),
    );
    expect(reply.kind).toBe("answer");
    expect(lines).toEqual([
      {
        level: "info",
        event: "alipay_answer",
        fields: {
          method: "alipay.trade.precreate",
          code: "malformed_code",
          authenticated: false,
          trace: null,
        },
      },
    ]);
  });
});

describe("account keys", () => {
  it("are imported once for an account and again for a changed one", async ({ expect }) => {
    const account = accountOf(vectorCredentials);
    const keys = await keysOf(account);
    expect(await keysOf(account)).toBe(keys);
    expect(await keysOf({ ...account })).not.toBe(keys);
    expect(keys.signingKey.extractable).toBe(false);
  });

  it("that do not parse fail without naming a value", async ({ expect }) => {
    const account = accountOf({ ...vectorCredentials, private_key: "not-a-key-but-secret" });
    await expect(keysOf(account)).rejects.toThrow(
      "the Alipay credentials stored for ca_test cannot be read",
    );
  });
});
