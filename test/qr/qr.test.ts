import * as fc from "fast-check";
import jsQR from "jsqr";
import { describe, it } from "vitest";

import { crc16 } from "../../src/channels/emvco/crc.ts";
import { qrType } from "../../src/qr/classify.ts";
import { isDrawable, QR_CAPACITY, qrMatrix, QrPayloadError } from "../../src/qr/matrix.ts";
import { escapeXml, type QrNotice, renderNotice } from "../../src/qr/notice.ts";
import { renderQr } from "../../src/qr/render.ts";
import { qrVerdict } from "../../src/qr/verdict.ts";
import vectors from "../vectors/qr-payloads.json";

const drawable = vectors.payloads.filter(({ payload }) => isDrawable(payload));

/** The SVG back as pixels, by its own path: what a browser fills is what is read. */
function pixelsOf(svg: string, scale: number) {
  const side = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)?.[1]);
  const width = side * scale;
  const data = new Uint8ClampedArray(width * width * 4).fill(255);
  const path = /fill="#000" d="([^"]*)"/.exec(svg)?.[1] ?? "";
  for (const [, x, y, length, back] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-(\d+)z/g)) {
    if (length !== back) throw new Error("an open run");
    for (let py = Number(y) * scale; py < (Number(y) + 1) * scale; py += 1) {
      const from = (py * width + Number(x) * scale) * 4;
      for (let at = from; at < from + Number(length) * scale * 4; at += 4) {
        data.fill(0, at, at + 3);
      }
    }
  }
  return { data, width, side, rest: path.replaceAll(/M\d+ \d+h\d+v1h-\d+z/g, "") };
}

describe("renderQr", () => {
  it.for(drawable.filter(({ payload }) => payload.length < 500))(
    "a scanner reads $id back",
    ({ payload }, { expect }) => {
      const { data, width, rest } = pixelsOf(renderQr(payload), 4);
      expect(rest).toBe("");
      expect(jsQR(data, width, width, { inversionAttempts: "dontInvert" })?.data).toBe(payload);
    },
  );

  it("has the dark module of ISO/IEC 18004 7.9.1 where it belongs: not mirrored", ({ expect }) => {
    // Format information is written twice and the module beside the lower-left copy is always
    // dark. The mirror image has it at [8][size - 8], where a format bit of level M, mask n lies.
    for (const length of [10, 60, 200, 500]) {
      const matrix = qrMatrix("7".repeat(length));
      const size = matrix.length;
      expect(matrix[size - 8]?.[8]).toBe(true);
      // Level M is 00, and 10101 is laid over: bits 14 and 13 of the format information.
      expect([matrix[size - 1]?.[8], matrix[size - 2]?.[8]]).toEqual([true, false]);
      expect([matrix[8]?.[0], matrix[8]?.[1]]).toEqual([true, false]);
    }
  });

  it("stays under 16 KB for 200 characters and under 10 for a wallet's link", ({ expect }) => {
    const text = "EMV0123456789abcdefXYZ%$./:-".repeat(20);
    expect(renderQr(text.slice(0, 200)).length).toBeLessThan(16_384);
    expect(renderQr(text.slice(0, 50)).length).toBeLessThan(10_000);
  });

  it("keeps a quiet zone of four modules unless told otherwise", ({ expect }) => {
    const payload = "weixin://wxpay/bizpayurl?pr=abc";
    const modules = qrMatrix(payload).length;
    expect(pixelsOf(renderQr(payload), 1).side).toBe(modules + 8);
    expect(pixelsOf(renderQr(payload, { margin: 0 }), 1).side).toBe(modules);
    expect(pixelsOf(renderQr(payload, { margin: 16 }), 1).side).toBe(modules + 32);
  });

  it("draws light ground behind dark modules, crisp, with a title and the size", ({ expect }) => {
    const svg = renderQr("https://qr.alipay.com/bax", { size: 512 });
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="512" height="512" /);
    expect(svg).toContain('shape-rendering="crispEdges" role="img"');
    expect(svg).toContain("<title>QR code</title>");
    expect(svg).toMatch(/<path fill="#fff" d="M0 0h(\d+)v\1H0z"\/>/);
  });

  it("puts nothing of the payload into the text of the image", ({ expect }) => {
    const hostile = `"><script>alert(1)</script>`;
    expect(renderQr(hostile)).not.toMatch(/script|alert/);
  });

  it.for([
    ["", "empty"],
    ["微信", "Chinese"],
    ["caf\u00e9", "Latin-1"],
    ["\ufeffabc", "a byte-order mark"],
    ["a\nb", "a line break"],
    ["a\u007f", "DEL"],
    ["\u0080", "C1"],
    ["😀", "a surrogate pair"],
    ["a".repeat(QR_CAPACITY + 1), "too long"],
  ] as const)("refuses %#: %s", ([payload], { expect }) => {
    expect(isDrawable(payload)).toBe(false);
    expect(() => renderQr(payload)).toThrow(QrPayloadError);
  });

  it("holds exactly its capacity, and its error shows nothing of the payload", ({ expect }) => {
    expect(qrMatrix("a".repeat(QR_CAPACITY))).toHaveLength(177);
    let message = "";
    try {
      renderQr("geheim\u00e9");
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain("ASCII");
    expect(message).not.toContain("geheim");
  });

  it("reads back whatever printable text it is given", ({ expect }) => {
    const printable = fc
      .array(fc.integer({ min: 0x20, max: 0x7e }), { minLength: 1, maxLength: 120 })
      .map((codes) => String.fromCodePoint(...codes));
    fc.assert(
      fc.property(printable, (payload) => {
        const { data, width } = pixelsOf(renderQr(payload), 4);
        expect(jsQR(data, width, width, { inversionAttempts: "dontInvert" })?.data).toBe(payload);
      }),
      { numRuns: 25 },
    );
  });
});

describe("qrType", () => {
  it.for(vectors.payloads)("$id is $type", ({ payload, type }, { expect }) => {
    expect(qrType(payload)).toBe(type);
  });

  it.for(vectors.negative)("not a payment code: $why", ({ payload }, { expect }) => {
    expect(qrType(payload)).toBe("opaque");
  });

  it("computes the published CRC check value", ({ expect }) => {
    const { input, expected } = vectors.crcCheck;
    expect(crc16(new TextEncoder().encode(input))).toBe(expected);
  });

  it.for([
    ["weixin://wxpay/bizpayurl?pr=1", "wechat_url"],
    ["https://qr.alipay.com/bax1", "alipay_url"],
    ["http://qr.alipay.com/bax1", "url"],
    ["https://qr.alipay.com.evil.example/bax1", "url"],
    ["https://qr.alipay.com:8443/bax1", "url"],
    ["https://evil.example/https://qr.alipay.com/", "url"],
    ["https://user@qr.alipay.com/bax1", "alipay_url"],
    ["http://pay.example/x", "url"],
    ["javascript:alert(1)", "opaque"],
    ["alipays://platformapi", "opaque"],
    ["", "opaque"],
    ["000201", "opaque"],
    ["6304FFFF", "opaque"],
  ] as const)("%s is %s", ([payload, type], { expect }) => {
    expect(qrType(payload)).toBe(type);
  });

  it("any altered character of a code makes it no code", ({ expect }) => {
    const { payload } = vectors.payloads[0] ?? { payload: "" };
    expect(qrType(payload)).toBe("emvco_tlv");
    for (let at = 0; at < payload.length; at += 1) {
      const other = payload[at] === "7" ? "8" : "7";
      expect(qrType(payload.slice(0, at) + other + payload.slice(at + 1))).toBe("opaque");
    }
    for (let length = 0; length < payload.length; length += 1) {
      expect(qrType(payload.slice(0, length))).toBe("opaque");
    }
  });

  it("never throws", ({ expect }) => {
    const types = ["emvco_tlv", "wechat_url", "alipay_url", "url", "opaque"];
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string().map((tail) => `000201${tail}`),
    );
    fc.assert(fc.property(texts, (text) => types.includes(qrType(text))));
    expect(types).toContain(qrType("000201\ud800"));
  });
});

/** The markup without the text between. */
const tags = (svg: string) => svg.replaceAll(/>[^<]*</g, "><");

describe("renderNotice", () => {
  it.for(["paid", "expired", "cancelled", "failed"] as const)(
    "says %s in a title",
    (notice: QrNotice, { expect }) => {
      const svg = renderNotice(notice, 300, "pi_1");
      expect(svg).toMatch(/<title>(Already paid|Code expired|Payment (cancelled|failed))<\/title>/);
      expect(svg).toContain('width="300" height="300"');
    },
  );

  it("has no markup but its own, whatever the reference is", ({ expect }) => {
    const plain = tags(renderNotice("paid", 256, "x"));
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (reference) => {
        expect(tags(renderNotice("paid", 256, reference))).toBe(plain);
      }),
    );
    const hostile = `</text><script>alert(1)</script>&"'`;
    expect(tags(renderNotice("paid", 256, hostile))).toBe(plain);
  });

  it("escapes the five characters and drops what XML forbids", ({ expect }) => {
    expect(escapeXml(`<a b="c" d='e'>&\u0000\u0008\ufffe`)).toBe(
      "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;",
    );
    expect(escapeXml("\ud800x")).toBe("\ufffdx");
  });
});

describe("qrVerdict", () => {
  const now = Date.parse("2026-11-01T00:00:00.000Z");
  const qr = { data: "weixin://x", expires_at: "2026-11-01T00:10:00.500Z" };

  it("draws a live code for the whole seconds that are left", ({ expect }) => {
    for (const status of ["qr_generated", "scanning", "pending", "authorized"]) {
      expect(qrVerdict({ status, qr }, now)).toEqual({
        kind: "draw",
        data: "weixin://x",
        secondsLeft: 600,
      });
    }
  });

  it("never draws a code that is over", ({ expect }) => {
    const over = {
      succeeded: "paid",
      expired: "expired",
      cancelled: "cancelled",
      failed: "failed",
    };
    for (const [status, notice] of Object.entries(over)) {
      expect(qrVerdict({ status, qr }, now)).toEqual({ kind: "notice", notice });
      expect(qrVerdict({ status, qr: null }, now)).toEqual({ kind: "notice", notice });
    }
    const end = Date.parse(qr.expires_at);
    const expired = { kind: "notice", notice: "expired" };
    expect(qrVerdict({ status: "qr_generated", qr }, end)).toEqual(expired);
    expect(qrVerdict({ status: "qr_generated", qr }, end - 999)).toEqual(expired);
    expect(qrVerdict({ status: "qr_generated", qr }, end - 1_000).kind).toBe("draw");
    expect(qrVerdict({ status: "qr_generated", qr: { ...qr, expires_at: "?" } }, now)).toEqual(
      expired,
    );
  });

  it("has nothing to draw without a code", ({ expect }) => {
    expect(qrVerdict({ status: "pending", qr: null }, now)).toEqual({ kind: "none" });
  });
});
