import * as fc from "fast-check";
import { describe, it } from "vitest";

import { canonicalJson } from "../../src/canonical-json.ts";
import { ERRORS, errorBody, failure } from "../../src/errors.ts";
import { base32Id, derivedId, isId, randomId } from "../../src/ids.ts";
import { formatMoney, fromDecimal, toDecimal } from "../../src/money.ts";

const hmacKey = (secret: string) =>
  crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(secret),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );

describe("money", () => {
  it("goes to the channel's decimal and back without a float", ({ expect }) => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000_000_000 }), fc.constantFrom(0, 2, 3), (value, decimals) => {
        expect(fromDecimal(toDecimal(value, decimals), decimals)).toBe(value);
      }),
    );
  });

  it("writes 699 fen as 6.99 and 699 yen as 699", ({ expect }) => {
    expect(toDecimal(699, 2)).toBe("6.99");
    expect(toDecimal(5, 2)).toBe("0.05");
    expect(toDecimal(699, 0)).toBe("699");
    expect(formatMoney({ currency: "JPY", value: 699 })).toBe("JPY 699");
  });

  it.for(["", "-1", "1e3", " 1", "1.", ".5", "0x10", "1.234", "01", "99999999999999999"])(
    "refuses %j",
    (text, { expect }) => {
      expect(fromDecimal(text, 2)).toBeNull();
    },
  );

  it("takes trailing zeros beyond the currency's places", ({ expect }) => {
    expect(fromDecimal("6.990", 2)).toBe(699);
    expect(fromDecimal("6.9", 2)).toBe(690);
  });
});

describe("ids", () => {
  it("are 26 lower-case Crockford characters behind their prefix", ({ expect }) => {
    expect(randomId("paymentIntent")).toMatch(/^pi_[0-9abcdefghjkmnpqrstvwxyz]{26}$/);
    expect(randomId("paymentIntent")).toHaveLength(29);
    expect(base32Id(new Uint8Array(17))).toBe("0".repeat(26));
    expect(base32Id(new Uint8Array(17).fill(255))).toBe("z".repeat(26));
    expect(() => base32Id(new Uint8Array(16))).toThrow(RangeError);
  });

  it("derived from the same parts are the same, and no two divisions of a text collide", async ({
    expect,
  }) => {
    const key = await hmacKey("k");
    const id = await derivedId("paymentIntent", key, ["m_1", "test", "order-1"]);
    expect(id).toBe(await derivedId("paymentIntent", key, ["m_1", "test", "order-1"]));
    expect(isId("paymentIntent", id)).toBe(true);
    expect(id).not.toBe(await derivedId("paymentIntent", key, ["m_1", "testorder-1"]));
    expect(id).not.toBe(await derivedId("paymentIntent", key, ["m_1", "test", "order-2"]));
    expect(id).not.toBe(
      await derivedId("paymentIntent", await hmacKey("l"), ["m_1", "test", "order-1"]),
    );
  });
});

describe("canonical JSON (RFC 8785)", () => {
  it("does not depend on the order of members, and does on everything else", ({ expect }) => {
    expect(canonicalJson({ b: [1, { d: null, c: "é" }], a: true })).toBe(
      '{"a":true,"b":[1,{"c":"é","d":null}]}',
    );
    expect(canonicalJson({ a: null })).not.toBe(canonicalJson({}));
    expect(canonicalJson({ a: 1.0 })).toBe(canonicalJson({ a: 1 }));
    expect(canonicalJson(["1"])).not.toBe(canonicalJson([1]));
  });

  it("sorts by UTF-16 code units as the RFC's own example does", ({ expect }) => {
    const sample = {
      "\u20ac": 1,
      "\r": 2,
      "\ufb33": 3,
      "1": 4,
      "\u{1f600}": 5,
      "\u0080": 6,
      "\u00f6": 7,
    };
    expect(
      Object.keys(JSON.parse(canonicalJson(sample)) as object).filter((k) => k !== "1"),
    ).toEqual(["\r", "\u0080", "\u00f6", "\u20ac", "\u{1f600}", "\ufb33"]);
  });

  it("round-trips any JSON", ({ expect }) => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("errors", () => {
  it("say whether money may have moved", ({ expect }) => {
    expect(errorBody(failure("CHANNEL_TIMEOUT", "m"), "req_1")).toEqual({
      error: {
        code: "CHANNEL_TIMEOUT",
        message: "m",
        details: {},
        retryable: true,
        outcome: "unknown",
      },
      request_id: "req_1",
    });
    for (const [code, spec] of Object.entries(ERRORS)) {
      expect(code).toMatch(/^[A-Z_]+$/);
      expect(spec.description.length).toBeGreaterThan(10);
    }
  });
});
