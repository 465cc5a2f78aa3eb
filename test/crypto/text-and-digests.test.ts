import * as fc from "fast-check";
import { describe, it } from "vitest";

import { equalWithoutBranches, sameSecret } from "../../src/crypto/constant-time.ts";
import { md5Hex, sha256, sha256Hex } from "../../src/crypto/digest.ts";
import {
  concat,
  fromBase64,
  fromBase64Url,
  fromHex,
  fromUtf8,
  fromUtf8Strict,
  toBase64,
  toBase64Url,
  toHex,
  utf8,
} from "../../src/crypto/encoding.ts";
import { hmacBase64, hmacHex, importHmacKey } from "../../src/crypto/hmac.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

describe("base64", () => {
  // RFC 4648 section 10.
  const published = [
    ["", ""],
    ["f", "Zg=="],
    ["fo", "Zm8="],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg=="],
    ["fooba", "Zm9vYmE="],
    ["foobar", "Zm9vYmFy"],
  ] as const;

  it.for(published)("writes %j as %j and reads it back", ([plain, encoded], { expect }) => {
    expect(toBase64(utf8(plain))).toBe(encoded);
    expect(fromBase64(encoded)).toEqual(utf8(plain));
  });

  it("round-trips any bytes, also more than one call's arguments hold", ({ expect }) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
        expect(fromBase64(toBase64(data))).toEqual(data);
        expect(fromBase64Url(toBase64Url(data))).toEqual(data);
      }),
    );
    const large = new Uint8Array(300_001).map((_, index) => index % 251);
    expect(fromBase64(toBase64(large))).toEqual(large);
  });

  it.for([
    ["no padding", "Zg"],
    ["half the padding", "Zg="],
    ["too much padding", "Zg==="],
    ["padding alone", "===="],
    ["padding in the middle", "Zg==Zm9v"],
    ["a blank in front", " Zg="],
    ["a newline behind", "Zm9v\n"],
    ["a newline that makes a multiple of four", "Zm9vZm\n="],
    ["the URL alphabet", "-_-_"],
    ["a character from outside", "Zm9*"],
    ["a letter beyond ASCII", "Zm9é"],
    ["bits behind the end", "Zh=="],
    ["bits behind the end, two bytes", "Zm9="],
  ] as const)("refuses %s", ([, text], { expect }) => {
    expect(fromBase64(text)).toBeNull();
  });

  it.for([
    ["the standard alphabet", "+/+/"],
    ["padding", "Zg=="],
    ["an impossible length", "Zm9vY"],
    ["bits behind the end", "Zh"],
    ["a blank", "Zm 9"],
  ] as const)("refuses %s in the URL form", ([, text], { expect }) => {
    expect(fromBase64Url(text)).toBeNull();
  });

  const alphabet = Array.from("AZaz09+/=-_ \n");
  it("knows one spelling per value", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 9 }), (text) => {
        const standard = fromBase64(text);
        const url = fromBase64Url(text);
        expect(standard === null ? text : toBase64(standard)).toBe(text);
        expect(url === null ? text : toBase64Url(url)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("hex and UTF-8", () => {
  it("round-trips bytes and reads both cases", ({ expect }) => {
    fc.assert(
      fc.property(fc.uint8Array(), (data) => {
        expect(fromHex(toHex(data))).toEqual(data);
        expect(fromHex(toHex(data).toUpperCase())).toEqual(data);
      }),
    );
    expect(toHex(bytes(0, 10, 255))).toBe("000aff");
  });

  it.for(["0", "abc", "0g", "0x12", " 12", "12\n", "é0"])(
    "refuses %j as hex",
    (text, { expect }) => {
      expect(fromHex(text)).toBeNull();
    },
  );

  it("round-trips text, a byte order mark included", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(fromUtf8Strict(utf8(text))).toBe(text);
        expect(fromUtf8(utf8(text))).toBe(text);
      }),
    );
    expect(fromUtf8Strict(bytes(0xef, 0xbb, 0xbf, 0x61))).toBe("\uFEFFa");
    expect(fromUtf8(bytes(0xef, 0xbb, 0xbf, 0x61))).toBe("\uFEFFa");
  });

  it.for([
    ["a lone continuation byte", bytes(0x80)],
    ["an overlong slash", bytes(0xc0, 0xaf)],
    ["a surrogate", bytes(0xed, 0xa0, 0x80)],
    ["a character cut short", bytes(0xe4, 0xb8)],
    ["GBK text", bytes(0xd6, 0xd0, 0xce, 0xc4)],
  ] as const)("is not fooled by %s", ([, data], { expect }) => {
    expect(fromUtf8Strict(data)).toBeNull();
    expect(fromUtf8(data)).toContain("\uFFFD");
  });

  it("joins parts without sharing their memory", ({ expect }) => {
    const first = bytes(1, 2);
    const joined = concat(first, bytes(), bytes(3));
    first[0] = 9;
    expect(joined).toEqual(bytes(1, 2, 3));
    expect(concat()).toEqual(bytes());
  });
});

describe("digests", () => {
  it("matches the examples of FIPS 180-4", async ({ expect }) => {
    expect(await sha256Hex("abc")).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    expect(await sha256Hex(new Uint8Array())).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
    expect(toHex(await sha256("abc"))).toBe(await sha256Hex(utf8("abc")));
  });

  // RFC 1321 section A.5.
  it.for([
    ["", "d41d8cd98f00b204e9800998ecf8427e"],
    ["a", "0cc175b9c0f1b6a831c399e269772661"],
    ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
    ["abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"],
  ] as const)("has the MD5 of %j", async ([text, expected], { expect }) => {
    expect(await md5Hex(text)).toBe(expected);
    expect(await md5Hex(utf8(text))).toBe(expected);
  });

  it("hashes text as UTF-8 and only the bytes a view shows", async ({ expect }) => {
    expect(await sha256Hex("付款")).toBe(
      await sha256Hex(bytes(0xe4, 0xbb, 0x98, 0xe6, 0xac, 0xbe)),
    );
    expect(await sha256Hex(utf8("xabcx").subarray(1, 4))).toBe(await sha256Hex("abc"));
  });
});

describe("HMAC-SHA256", () => {
  // RFC 4231 sections 4.2 to 4.8 (case 5 is about truncation).
  const published: [string, Uint8Array, string | Uint8Array, string][] = [
    [
      "1",
      new Uint8Array(20).fill(0x0b),
      "Hi There",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ],
    [
      "2",
      utf8("Jefe"),
      "what do ya want for nothing?",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ],
    [
      "3",
      new Uint8Array(20).fill(0xaa),
      new Uint8Array(50).fill(0xdd),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ],
    [
      "6, a key longer than a block",
      new Uint8Array(131).fill(0xaa),
      "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ],
  ];

  it.for(published)(
    "matches RFC 4231 case %s",
    async ([, secret, message, expected], { expect }) => {
      const key = await importHmacKey(secret);
      expect(await hmacHex(key, message)).toBe(expected);
      expect(fromBase64(await hmacBase64(key, message))).toEqual(fromHex(expected));
    },
  );

  it("takes a text secret as UTF-8 and keeps the key inside", async ({ expect }) => {
    const key = await importHmacKey("Jefe");
    expect(await hmacHex(key, "付款")).toBe(
      await hmacHex(await importHmacKey(utf8("Jefe")), "付款"),
    );
    expect(key.extractable).toBe(false);
    await expect(crypto.subtle.exportKey("raw", key)).rejects.toThrow();
  });

  it("refuses an empty secret", async ({ expect }) => {
    await expect(importHmacKey("")).rejects.toThrow(RangeError);
    await expect(importHmacKey(new Uint8Array())).rejects.toThrow(RangeError);
  });
});

describe("comparing secrets", () => {
  it.for([
    ["the same", "whsec_abc", "whsec_abc", true],
    ["the last character differs", "whsec_abc", "whsec_abd", false],
    ["the first character differs", "xhsec_abc", "whsec_abc", false],
    ["a prefix", "whsec_abc", "whsec_ab", false],
    ["nothing against something", "", "whsec_abc", false],
    ["nothing against nothing", "", "", true],
    ["letter case", "ABC", "abc", false],
    ["the same letters composed differently", "é", "e\u0301", false],
  ] as const)("%s", async ([, a, b, expected], { expect }) => {
    expect(await sameSecret(a, b)).toBe(expected);
  });

  it("agrees with plain comparison where the platform has no function for it", ({ expect }) => {
    const short = fc.uint8Array({ maxLength: 3, max: 2 });
    fc.assert(
      fc.property(short, short, (a, b) => {
        expect(equalWithoutBranches(a, b)).toBe(toHex(a) === toHex(b));
      }),
      { numRuns: 1000 },
    );
  });
});
