/** Packed and encoded files: what is opened, and what is refused before it does harm. */
import { describe, it } from "vitest";

import { alipayStatement } from "../../../src/channels/alipay/statement.ts";
import { crc32 } from "../../../src/channels/statement/crc32.ts";
import { inflated } from "../../../src/channels/statement/inflate.ts";
import { refusalsOf } from "../../../src/channels/statement/refuse.ts";
import { wechatStatement } from "../../../src/channels/wechat/statement.ts";
import {
  expected,
  gbk,
  gzip,
  joined,
  plainCrc,
  readAll,
  refusal,
  sha1,
  sourceOf,
  utf8,
  zip,
  type ZipFile,
} from "./kit.ts";
import { alipayBill, payment, refund, wechatBill } from "./render.ts";

const both = [payment(), refund()];
const bill = utf8(wechatBill(both));
const alipayLines = [
  payment({ line: 6, channelStatus: "交易" }),
  refund({ line: 7, channelStatus: "退款" }),
];
const details: ZipFile = {
  name: gbk("20880000000000010156_20261120_业务明细.csv"),
  contents: gbk(alipayBill(alipayLines)),
};
const summary: ZipFile = {
  name: gbk("20880000000000010156_20261120_业务明细(汇总).csv"),
  contents: gbk("#支付宝业务汇总查询\r\n"),
};
const about = expected({ merchantAccount: "2088000000000001" });

/** The same bytes with one changed. */
const flipped = (bytes: Uint8Array, place: number): Uint8Array =>
  Uint8Array.from(bytes, (byte, at) => (at === place ? byte ^ 0x40 : byte));

describe("gzip", () => {
  it("is known by its first bytes and read in any chunks", async ({ expect }) => {
    const packed = await gzip(bill);
    for (const chunk of [1, 7, 65_536]) {
      expect(await readAll(wechatStatement, sourceOf(packed, "bill.csv", chunk))).toEqual(both);
    }
  });

  it("is refused wherever it is cut, changed or followed by something", async ({ expect }) => {
    const packed = await gzip(bill);
    for (let at = 2; at < packed.length; at++) {
      expect(await refusal(wechatStatement, packed.slice(0, at)), `cut at ${at}`).toBe("truncated");
    }
    // The header of gzip has bytes that mean nothing: time, flags of speed, operating system.
    for (let at = 10; at < packed.length; at++) {
      const lines = await readAll(wechatStatement, flipped(packed, at)).catch(() => null);
      // Behind the last code some bits fill up a byte.
      if (lines !== null) expect([at, lines]).toEqual([packed.length - 9, both]);
    }
    for (const more of [Uint8Array.of(0), packed]) {
      expect(await refusal(wechatStatement, joined(packed, more))).toMatch(
        /^(container|truncated)/,
      );
    }
  });

  it("passes on what its source throws: that is not the file's fault", async ({ expect }) => {
    const packed = await gzip(bill);
    const lost = {
      ...sourceOf(packed),
      stream: async () =>
        new ReadableStream<Uint8Array>({
          start(controller) {
            controller.enqueue(packed.slice(0, 100));
            controller.error(new Error("the connection was lost"));
          },
        }),
    };
    await expect(refusal(wechatStatement, lost)).rejects.toThrow("the connection was lost");
    const archive = await zip([{ name: utf8("a.csv"), contents: bill }]);
    const gone = {
      ...sourceOf(archive),
      range: async (offset: number, length: number) => {
        if (offset > 4 && offset < 100) throw new Error("the archive is away");
        return archive.slice(offset, offset + length);
      },
    };
    await expect(refusal(wechatStatement, gone)).rejects.toThrow("the archive is away");
  });

  it("within gzip, or ZIP within gzip, is a file within a file", async ({ expect }) => {
    const twice = await gzip(await gzip(bill));
    expect(await refusal(wechatStatement, twice)).toBe("doubly_encoded");
    const archive = await gzip(await zip([{ name: utf8("a.csv"), contents: bill }]));
    expect(await refusal(wechatStatement, archive)).toBe("doubly_encoded");
  });
});

describe("a bomb", () => {
  const gigabytes = (count: number) => {
    const megabyte = new Uint8Array(1024 * 1024).fill(10);
    let left = count * 1024;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (left-- > 0) controller.enqueue(megabyte);
        else controller.close();
      },
    });
    return new Response(stream.pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
  };

  it("is refused while it is still small, and is not unpacked ahead of its reader", async ({
    expect,
  }) => {
    const packed = new Uint8Array(await gigabytes(0.25));
    let fed = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < packed.length; at += 4096) {
        fed = at;
        yield packed.slice(at, at + 4096);
      }
    }
    let read = 0;
    let ahead = 0;
    const unpacked = inflated(counted(), "gzip", refusalsOf("bomb"));
    await expect(
      (async () => {
        for await (const piece of unpacked) {
          read += piece.length;
          ahead = Math.max(ahead, fed * 1030 - read);
        }
      })(),
    ).rejects.toMatchObject({ code: "too_large" });
    expect(read).toBeLessThan(8 * 1024 * 1024);
    expect(ahead).toBeLessThan(16 * 1024 * 1024);
  });

  it("in a ZIP is refused by what it says, and when it lies by what it is", async ({ expect }) => {
    const name = utf8("bill.csv");
    const contents = utf8(wechatBill(Array.from({ length: 20_000 }, () => payment())));
    expect(await refusal(wechatStatement, await zip([{ name, contents }]))).toBe("too_large");
    const lies = await zip([{ name, contents, unpacked: 100_000 }]);
    expect(await refusal(wechatStatement, lies)).toBe("container");
    const huge = await zip([{ name, contents: bill, unpacked: 2 ** 31 }]);
    expect(await refusal(wechatStatement, huge)).toBe("too_large");
  });

  it("of one endless line is refused by the line", async ({ expect }) => {
    const line = joined(bill, utf8("`".padEnd(70_000, "x")));
    expect(await refusal(wechatStatement, line)).toMatch(/^too_large:6/);
  });
});

describe("ZIP", () => {
  it("gives the details of two files with GBK names", async ({ expect }) => {
    for (const files of [
      [details, summary],
      [summary, { ...details, descriptor: true }],
      [{ ...details, stored: true }],
    ]) {
      const archive = await zip(files, "made by Alipay");
      expect(await readAll(alipayStatement, archive, about)).toEqual(alipayLines);
    }
    const folder = { name: utf8("bill/"), contents: new Uint8Array(0), stored: true };
    const within = { ...details, name: joined(utf8("bill/"), details.name) };
    expect(await readAll(alipayStatement, await zip([folder, within]), about)).toHaveLength(2);
    const own = await zip([{ name: utf8("statement.CSV"), contents: bill }]);
    expect(await readAll(wechatStatement, own)).toEqual(both);
  });

  it("is refused wherever it is cut or followed by something", async ({ expect }) => {
    const archive = await zip([{ ...details, descriptor: true }, summary]);
    for (let at = 4; at < archive.length; at++) {
      const code = await refusal(alipayStatement, archive.slice(0, at), about);
      expect(code, `cut at ${at}`).not.toBe("read");
    }
    const longer = joined(archive, Uint8Array.of(0));
    expect(await refusal(alipayStatement, longer, about)).toBe("truncated");
  });

  it("is never read as something else when a byte was changed", async ({ expect }) => {
    const archive = await zip([details]);
    for (let at = 0; at < archive.length; at++) {
      const bytes = flipped(archive, at);
      let lines: unknown = null;
      try {
        lines = await readAll(alipayStatement, bytes, about);
      } catch {
        continue;
      }
      // Versions, dates and attributes are not looked at.
      expect(lines, `at ${at}`).toEqual(alipayLines);
    }
  });

  const odd: [string, () => Promise<Uint8Array>, string][] = [
    ["a password", () => zip([{ ...details, flags: 1 }]), "container"],
    ["another method", () => zip([{ ...details, method: 12 }]), "container"],
    [
      "two statements",
      () => zip([details, { ...details, name: gbk("2_业务明细.csv") }]),
      "container",
    ],
    ["none", () => zip([summary]), "container"],
    ["nothing", () => zip([]), "container"],
    [
      "another name in front",
      () => zip([{ ...details, localName: utf8("x".repeat(details.name.length)) }]),
      "container",
    ],
    ["another checksum", () => zip([{ ...details, crc: 1 }]), "container"],
    [
      "another length",
      () => zip([{ ...details, unpacked: details.contents.length + 1 }]),
      "container",
    ],
    ["ZIP64", () => zip([{ ...details, packed: 0xffffffff, unpacked: 0xffffffff }]), "too_large"],
    ["two archives", async () => joined(await zip([details]), await zip([summary])), "container"],
    ["a hundred files", () => zip(Array.from({ length: 100 }, () => summary)), "container"],
  ];
  for (const [name, make, code] of odd) {
    it(`with ${name} is refused`, async ({ expect }) => {
      expect(await refusal(alipayStatement, await make(), about)).toBe(code);
    });
  }

  it("has the CRC-32 that a slow one finds", ({ expect }) => {
    const [start, end] = [bill.subarray(0, 100), bill.subarray(100)];
    expect(crc32(end, crc32(start))).toBe(plainCrc(bill));
    expect(crc32(utf8("123456789"))).toBe(0xcbf43926);
  });
});

describe("encodings", () => {
  const latin = (bytes: Uint8Array, encoding: string) =>
    utf8(new TextDecoder(encoding).decode(bytes));

  it("UTF-8 is read with or without its mark, and with either line break", async ({ expect }) => {
    for (const shape of [{ mark: "" }, { newline: "\n" }, { mark: "", newline: "\n" }]) {
      expect(await readAll(wechatStatement, wechatBill(both, undefined, shape))).toEqual(both);
    }
    const marked = `\ufeff${alipayBill(alipayLines)}`;
    expect(await readAll(alipayStatement, marked, about)).toEqual(alipayLines);
  });

  it("refuses bytes that are no text of the layout, at their line", async ({ expect }) => {
    const spoiled = joined(bill.slice(0, -40), Uint8Array.of(0xc0, 0xaf), bill.slice(-40));
    expect(await refusal(wechatStatement, spoiled)).toMatch(/^encoding:[45]$/);
    expect(await refusal(wechatStatement, gbk(wechatBill(both, undefined, { mark: "" })))).toBe(
      "encoding:1",
    );
    const late = joined(bill, Uint8Array.of(0xe4, 0xba));
    expect(await refusal(wechatStatement, late)).toMatch(/^(truncated|container)/);
  });

  it("refuses UTF-16 and files that are no text", async ({ expect }) => {
    const text = wechatBill(both, undefined, { mark: "" });
    const wide = new Uint8Array(
      Array.from(text, (c) => [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8]).flat(),
    );
    expect(await refusal(wechatStatement, joined(Uint8Array.of(0xff, 0xfe), wide))).toBe(
      "encoding:1",
    );
    expect(await refusal(wechatStatement, joined(bill.slice(0, 40), new Uint8Array(4)))).toBe(
      "encoding:1",
    );
    expect(await refusal(wechatStatement, new Uint8Array(0))).toBe("empty");
    expect(await refusal(wechatStatement, utf8("\ufeff"))).toMatch(/^(truncated|empty)/);
  });

  it("tells a text that was encoded twice", async ({ expect }) => {
    const plain = utf8(wechatBill(both, undefined, { mark: "" }));
    for (const encoding of ["windows-1252", "gbk"]) {
      expect(await refusal(wechatStatement, latin(plain, encoding)), encoding).toBe(
        "doubly_encoded:1",
      );
      expect(await refusal(wechatStatement, latin(bill, encoding)), encoding).toBe(
        "doubly_encoded:1",
      );
    }
    const once = details.contents;
    expect(await refusal(alipayStatement, latin(once, "windows-1252"), about)).toBe(
      "doubly_encoded:1",
    );
    const text = utf8(alipayBill(alipayLines));
    expect(await refusal(alipayStatement, latin(text, "gbk"), about)).toBe("doubly_encoded:1");
    // Simply another layout.
    expect(await refusal(wechatStatement, "名,字\r\n1,2\r\n")).toBe("columns:1");
  });
});

describe("the announced SHA-1", () => {
  it("may be of the file or of its contents, and nothing else", async ({ expect }) => {
    const packed = await gzip(bill);
    for (const hash of [await sha1(packed), await sha1(bill), (await sha1(bill)).toUpperCase()]) {
      expect(await readAll(wechatStatement, packed, expected({ sha1: hash }))).toEqual(both);
    }
    expect(await refusal(wechatStatement, bill, expected({ sha1: await sha1(packed) }))).toBe(
      "tampered",
    );
    const other = utf8(wechatBill([payment(), refund({ reference: "re_other" })]));
    expect(await refusal(wechatStatement, other, expected({ sha1: await sha1(bill) }))).toBe(
      "tampered",
    );
    const archive = await zip([details]);
    for (const bytes of [archive, details.contents]) {
      const announced = { ...about, sha1: await sha1(bytes) };
      expect(await readAll(alipayStatement, archive, announced)).toEqual(alipayLines);
    }
  });
});
