/** MD5 against RFC 1321's test suite and against the runtime's own. */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import { toHex } from "../../src/crypto/encoding.ts";
import { md5, md5Hex } from "../../src/crypto/md5.ts";

/** RFC 1321, appendix A.5. */
const SUITE: readonly (readonly [string, string])[] = [
  ["", "d41d8cd98f00b204e9800998ecf8427e"],
  ["a", "0cc175b9c0f1b6a831c399e269772661"],
  ["abc", "900150983cd24fb0d6963f7d28e17f72"],
  ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
  ["abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"],
  [
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    "d174ab98d277d9f5a5611c2c9f419d9f",
  ],
  ["1234567890".repeat(8), "57edf4a22be3c955ac49da2e2107b67a"],
];

describe("MD5", () => {
  it("gives the digests of RFC 1321", ({ expect }) => {
    for (const [text, digest] of SUITE) expect(md5Hex(text), text).toBe(digest);
  });

  it("hashes text as UTF-8", ({ expect }) => {
    expect(md5Hex("你好")).toBe(md5Hex(new TextEncoder().encode("你好")));
    expect(md5Hex("你好")).toBe("7eca689f0d3389d9dea66ae112e5cfd7");
  });

  it("pads every length up to three blocks as the runtime does", async ({ expect }) => {
    for (let length = 0; length <= 192; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 31) & 255);
      const theirs = new Uint8Array(await crypto.subtle.digest("MD5", bytes));
      expect(toHex(md5(bytes)), String(length)).toBe(toHex(theirs));
    }
  });

  it("agrees with the runtime on any bytes", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => {
        const copy = new Uint8Array(bytes);
        expect(md5(copy)).toEqual(new Uint8Array(await crypto.subtle.digest("MD5", copy)));
      }),
    );
  });

  it("leaves its input alone", ({ expect }) => {
    const bytes = Uint8Array.of(1, 2, 3);
    md5(bytes);
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3));
  });
});
