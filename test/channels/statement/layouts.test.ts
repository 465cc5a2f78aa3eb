/** What the channels' own files say, line by line; and what none of them may say. */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import { alipayStatement } from "../../../src/channels/alipay/statement.ts";
import { antomStatement } from "../../../src/channels/antom/statement.ts";
import { decimalOf, rounded } from "../../../src/channels/statement/cells.ts";
import type { StatementFormat, StatementLine } from "../../../src/channels/statement/line.ts";
import { wechatStatement } from "../../../src/channels/wechat/statement.ts";
import vector from "../../vectors/wechat-bill.json";
import { expected, gbk, readAll, refusal, sha1, sourceOf, utf8 } from "./kit.ts";
import {
  ALIPAY_HEADER,
  alipayBill,
  antomReport,
  beijing,
  type Cells,
  NOON,
  payment,
  refund,
  WECHAT_HEADER,
  wechatBill,
} from "./render.ts";

const HOUR = 3_600_000;

/** One cell of one line, changed. */
const cell =
  (name: string, value: string, line = 0) =>
  (cells: Cells, at: number): Cells =>
    at === line ? { ...cells, [name]: value } : cells;

const both = [payment(), refund()];

describe("WeChat Pay", () => {
  const about = expected({ day: "2019-02-19", merchantAccount: "1921000401" });

  it("reads the published bill line by line", async ({ expect }) => {
    const lines = await readAll(wechatStatement, vector.text, about);
    const rows = vector.text.split("\r\n").slice(1, 46);
    expect(lines).toHaveLength(45);
    for (const [at, row] of rows.entries()) {
      // Independent of the reader: no text of this bill holds a comma.
      const cells = row.split(",").map((text) => text.slice(1));
      const isRefund = cells[9] === "REFUND";
      expect(lines[at]).toStrictEqual({
        line: at + 2,
        kind: isRefund ? "refund" : "payment",
        reference: isRefund ? cells[15] : cells[6],
        orderReference: isRefund ? cells[6] : null,
        transactionId: isRefund ? cells[14] : cells[5],
        amount: {
          currency: "CNY",
          value: Math.round(Number(isRefund ? cells[25] : cells[24]) * 100),
        },
        status: "succeeded",
        channelStatus: "SUCCESS",
        fee: Math.round(Number(cells[22]) * 100),
        occurredAt: Date.parse(`${(cells[0] ?? "").replace(" ", "T")}+08:00`),
      });
    }
    const sum = (kind: string) =>
      lines.filter((line) => line.kind === kind).reduce((all, { amount }) => all + amount.value, 0);
    expect([sum("payment"), sum("refund")]).toEqual([47, 14]);
    expect(lines.reduce((all, { fee }) => all + (fee ?? 0), 0)).toBe(8);
  });

  it("believes no bill that was cut anywhere", async ({ expect }) => {
    // No sum ends with a zero: 3.0 for 3.00 would be the same.
    const odd = refund({ amount: { currency: "CNY", value: 301 } });
    const bytes = utf8(wechatBill([payment(), odd]));
    for (let end = 0; end < bytes.length - 2; end++) {
      expect(await refusal(wechatStatement, bytes.slice(0, end)), `cut at ${end}`).not.toBe("read");
    }
    // Without its last line break the bill is whole.
    expect(await readAll(wechatStatement, bytes.slice(0, -2))).toHaveLength(2);
    expect(await refusal(wechatStatement, utf8(wechatBill(both).split("总")[0] ?? ""))).toBe(
      "truncated:3",
    );
  });

  it("finds columns by name, wherever they stand", async ({ expect }) => {
    const names = WECHAT_HEADER.split(",");
    const others = { header: ["新列", ...names.toReversed()].join(",") };
    expect(await readAll(wechatStatement, wechatBill(both, undefined, others))).toEqual(both);

    const success = names.filter((name) => !/退款/.test(name)).join(",");
    const only = await readAll(
      wechatStatement,
      wechatBill([payment()], undefined, { header: success }).replace(
        /^总.*\r\n.*\r\n$/m,
        (sums) => {
          const [head = "", row = ""] = sums.split("\r\n");
          const keep = [0, 1, 4, 5];
          const pick = (line: string) => keep.map((at) => line.split(",")[at]).join(",");
          return `${pick(head)}\r\n${pick(row)}\r\n`;
        },
      ),
    );
    expect(only).toEqual([payment()]);
  });

  it("reads bills of refunds by when the refund was done", async ({ expect }) => {
    const header = WECHAT_HEADER.replace("微信退款单号", "退款申请时间,退款成功时间,微信退款单号");
    const late = (cells: Cells) => ({
      ...cells,
      交易时间: beijing(NOON - 400 * 24 * HOUR),
      退款申请时间: beijing(NOON - 24 * HOUR),
      退款成功时间: beijing(NOON),
    });
    const read = await readAll(
      wechatStatement,
      wechatBill([refund({ line: 2 })], late, { header }),
    );
    expect(read).toEqual([refund({ line: 2 })]);
    const other = (cells: Cells) => ({ ...late(cells), 退款成功时间: beijing(NOON + 24 * HOUR) });
    expect(await refusal(wechatStatement, wechatBill([refund()], other, { header }))).toMatch(
      /^wrong_day:2:/,
    );
  });

  it("knows every state, and no other", async ({ expect }) => {
    const states: [StatementLine, string][] = [
      [payment({ channelStatus: "REVOKED", status: "reversed" }), "reversed"],
      [refund({ channelStatus: "PROCESSING" }), "processing"],
      [refund({ channelStatus: "CHANGE" }), "processing"],
      [refund({ channelStatus: "FAIL" }), "failed"],
    ];
    for (const [line, status] of states) {
      const [read] = await readAll(wechatStatement, wechatBill([line]));
      expect(read?.status).toBe(status);
    }
    for (const word of ["OTHER", "", "constructor"]) {
      const bill = wechatBill(both, cell("交易状态", word));
      expect(await refusal(wechatStatement, bill), word).toBe("cell:2:10");
    }
  });

  it("rounds fees half up and keeps their sign", async ({ expect }) => {
    const fees: [string, number][] = [
      ["0.00500", 1],
      ["0.00499", 0],
      ["-0.00500", -1],
    ];
    for (const [written, fee] of fees) {
      const bill = wechatBill([payment({ fee: 0 })], cell("手续费", written));
      expect((await readAll(wechatStatement, bill))[0]?.fee, written).toBe(fee);
    }
  });

  it("reads a sub-merchant's lines out of its service provider's bill", async ({ expect }) => {
    const provider = (cells: Cells) => ({
      ...cells,
      商户号: "1230000109",
      特约商户号: "1900000001",
    });
    expect(await readAll(wechatStatement, wechatBill(both, provider))).toEqual(both);
  });

  const wrong: [string, (cells: Cells, at: number) => Cells, string][] = [
    ["another merchant", cell("商户号", "1900000009", 1), "wrong_account:3:3"],
    ["another day", cell("交易时间", "2026-11-21 02:00:00"), "wrong_day:2:1"],
    ["the day before", cell("交易时间", "2026-11-19 21:59:59"), "wrong_day:2:1"],
    ["a refund of tomorrow", cell("交易时间", "2026-11-21 12:00:00", 1), "wrong_day:3:1"],
    ["no time", cell("交易时间", "2026-11-20 24:00:00"), "cell:2:1"],
    ["no day", cell("交易时间", "2026-02-30 12:00:00"), "cell:2:1"],
    ["a formula for an amount", cell("订单金额", "=6+0.99"), "cell:2:25"],
    ["an exponent", cell("订单金额", "6e2"), "cell:2:25"],
    ["a negative amount", cell("订单金额", "-6.99"), "cell:2:25"],
    ["a third of a fen", cell("订单金额", "6.993"), "cell:2:25"],
    ["a formula for a number", cell("商户订单号", '=HYPERLINK("http://x")'), "cell:2:7"],
    ["an at sign for a number", cell("微信订单号", "@SUM(A1)"), "cell:2:6"],
    ["a currency of nowhere", cell("货币种类", "XXX"), "cell:2:12"],
    ["another amount", cell("订单金额", "6.98"), "totals:5:6"],
    ["another fee", cell("手续费", "0.05000"), "totals:5:5"],
    ["a cell too many", cell("商品名称", "a,`b"), "cell:2"],
  ];
  for (const [name, change, code] of wrong) {
    it(`refuses ${name}`, async ({ expect }) => {
      expect(await refusal(wechatStatement, wechatBill(both, change))).toBe(code);
    });
  }

  it("leaves formulas in free text alone, and lets two hours in at midnight", async ({
    expect,
  }) => {
    const bill = wechatBill(both, cell("商品名称", "=1+1"));
    expect(await readAll(wechatStatement, bill)).toHaveLength(2);
    for (const time of ["2026-11-19 22:00:00", "2026-11-21 01:59:59"]) {
      const edge = wechatBill(both, cell("交易时间", time));
      expect(await readAll(wechatStatement, edge), time).toHaveLength(2);
    }
    const old = await readAll(
      wechatStatement,
      wechatBill(both, cell("交易时间", "2026-11-01 12:00:00", 1)),
    );
    expect(old[1]?.occurredAt).toBeNull();
  });

  it("refuses columns that are missing, twice, or follow the end", async ({ expect }) => {
    const missing = { header: WECHAT_HEADER.replace("商户订单号", "订单号") };
    expect(await refusal(wechatStatement, wechatBill(both, undefined, missing))).toBe("columns:1");
    const twice = { header: `${WECHAT_HEADER},订单金额` };
    expect(await refusal(wechatStatement, wechatBill(both, undefined, twice))).toBe("columns:1:28");
    const noRefunds = { header: WECHAT_HEADER.replace("退款状态", "状态") };
    expect(await refusal(wechatStatement, wechatBill(both, undefined, noRefunds))).toMatch(
      /^columns:3/,
    );
    const bill = wechatBill(both);
    expect(await refusal(wechatStatement, bill + bill.slice(1))).toBe("container:6");
    expect(await refusal(wechatStatement, `${bill}\`1`)).toMatch(/truncated|container/);
    expect(await readAll(wechatStatement, wechatBill([]))).toEqual([]);
  });
});

describe("Alipay", () => {
  const about = expected({ merchantAccount: "2088000000000001" });
  const lines = [
    payment({ line: 6, channelStatus: "交易" }),
    refund({ line: 7, channelStatus: "退款" }),
  ];
  const read = (text: string, what = about) => readAll(alipayStatement, gbk(text), what);
  const code = (text: string, what = about) => refusal(alipayStatement, gbk(text), what);

  it("reads payments and refunds, with commas in names", async ({ expect }) => {
    expect(await read(alipayBill(lines))).toEqual(lines);
    expect(await read(alipayBill([]))).toEqual([]);
  });

  it("does not mind brackets, columns that moved, or ones that are new", async ({ expect }) => {
    const header = `新列,${ALIPAY_HEADER.split(",").toReversed().join(",").replaceAll("（", "(").replaceAll("）", ")")}`;
    const wide = Object.fromEntries(
      ALIPAY_HEADER.split(",").map((name) => [name.normalize("NFKC"), name]),
    );
    const rename = (cells: Cells): Cells =>
      Object.fromEntries(
        Object.entries(cells).map(([name, value]) => [name.normalize("NFKC"), value]),
      );
    expect(Object.keys(wide)).toHaveLength(25);
    expect(await read(alipayBill(lines, rename, { header }))).toEqual(lines);
  });

  it("believes no bill that was cut before its sums were whole", async ({ expect }) => {
    const text = alipayBill(lines);
    const bytes = gbk(text);
    // What stands behind the sums is the time of the export.
    const whole = bytes.length - gbk("#导出时间：[2026年11月21日 06:02:27]\r\n").length;
    for (let end = 0; end < whole - 1; end++) {
      expect(await refusal(alipayStatement, bytes.slice(0, end), about), `cut at ${end}`).not.toBe(
        "read",
      );
    }
    expect(await readAll(alipayStatement, bytes.slice(0, whole), about)).toEqual(lines);
  });

  const wrong: [string, string, string][] = [
    [
      "another account",
      alipayBill(lines, undefined, { account: "2088000000000009" }),
      "wrong_account:2",
    ],
    ["another first day", alipayBill(lines, undefined, { from: "2026年11月19日" }), "wrong_day:3"],
    [
      "a line of another day",
      alipayBill(lines, cell("完成时间", "2026-11-22 12:00:00")),
      "wrong_day:6:6",
    ],
    [
      "a refund that is positive",
      alipayBill(lines, cell("订单金额（元）", "3.00", 1)),
      "cell:7:12",
    ],
    ["another kind", alipayBill(lines, cell("业务类型", "转账")), "cell:6:3"],
    ["a formula", alipayBill(lines, cell("商户订单号", "+pi_1")), "cell:6:2"],
    ["other sums", alipayBill(lines, cell("商家实收（元）", "6.98")), "totals:9"],
    ["a line too few", alipayBill(lines).replace(/^420.*\r\n/m, ""), "totals:8"],
    ["no sums", alipayBill(lines).replace(/^#(?:交易|退款)合计.*\r\n/gm, ""), "truncated:9"],
    ["lines behind the end", `${alipayBill(lines)}2088\t,`, "container:12"],
    [
      "a missing column",
      alipayBill(lines, undefined, { header: ALIPAY_HEADER.replace("服务费（元）", "费") }),
      "columns:5",
    ],
  ];
  for (const [name, text, refused] of wrong) {
    it(`refuses ${name}`, async ({ expect }) => {
      expect(await code(text)).toBe(refused);
    });
  }

  it("reads the account with and without the digits behind it", async ({ expect }) => {
    const short = alipayBill(lines, undefined, { account: "2088000000000001" });
    expect(await read(short)).toEqual(lines);
  });

  it("does not compare an application's number with a merchant's", async ({ expect }) => {
    const app = expected({ merchantAccount: "2021000000000001" });
    expect(await read(alipayBill(lines), app)).toEqual(lines);
  });
});

describe("Antom", () => {
  const about = expected({ merchantAccount: "SANDBOX_5Y0000000000000001" });
  const at = (changes: Partial<StatementLine>) => ({
    ...payment({ channelStatus: "PAYMENT", fee: null, amount: { currency: "JPY", value: 1200 } }),
    ...changes,
  });
  const back = at({ line: 3, kind: "refund", channelStatus: "REFUND", reference: "re_1" });

  it("reads payments, refunds and cancelled ones; authorisations are no money", async ({
    expect,
  }) => {
    const cancelled = at({ line: 4, channelStatus: "CANCEL", status: "reversed" });
    const nothing = at({ line: 5, channelStatus: "AUTHORIZATION" });
    const file = antomReport([at({}), back, cancelled, nothing], { description: 'tea, "green"' });
    expect(await readAll(antomStatement, file, about)).toEqual([at({}), back, cancelled]);
    expect(await readAll(antomStatement, antomReport([]), about)).toEqual([]);
  });

  it("counts lines where a description has several", async ({ expect }) => {
    const file = antomReport([at({})], { description: "two\nlines" });
    expect(await readAll(antomStatement, file, about)).toEqual([at({})]);
    const other = antomReport([at({}), at({ occurredAt: NOON + 48 * HOUR })], {
      description: "two\nlines",
    });
    expect(await refusal(antomStatement, other, about)).toBe("wrong_day:4:11");
  });

  it("believes no report without its end", async ({ expect }) => {
    const bytes = utf8(antomReport([at({}), back]));
    for (let end = 0; end < bytes.length - 1; end++) {
      expect(await refusal(antomStatement, bytes.slice(0, end), about), `cut at ${end}`).not.toBe(
        "read",
      );
    }
    expect(await refusal(antomStatement, joinedEnd(), about)).toBe("container:5");
  });
  const joinedEnd = () => `${antomReport([at({}), back])}more`;

  it("refuses another customer, and fractions of minor units", async ({ expect }) => {
    const other = antomReport([at({})], { customer: "SANDBOX_5Y0000000000000002" });
    expect(await refusal(antomStatement, other, about)).toBe("wrong_account:2:1");
    const number = antomReport([at({})], { customer: "2188120000000001" });
    expect(await readAll(antomStatement, number, about)).toHaveLength(1);
    const same = expected({ merchantAccount: "2188120000000009" });
    expect(await refusal(antomStatement, number, same)).toBe("wrong_account:2:1");
    const major = antomReport([at({})]).replace(",1200,", ",12.50,");
    expect(await refusal(antomStatement, major, about)).toBe("cell:2:9");
  });
});

describe("any lines", () => {
  const id = fc.stringMatching(/^[0-9A-Za-z_]{1,32}$/);
  const fen = fc.integer({ min: 0, max: 10 ** 11 });
  const when = fc.integer({ min: NOON - 12 * HOUR, max: NOON + 12 * HOUR - 1000 });
  const line = fc.record({
    reference: id,
    transactionId: id,
    value: fen,
    fee: fc.integer({ min: -9999, max: 9999 }),
    at: when,
    isRefund: fc.boolean(),
  });
  const linesOf = (
    drawn: readonly {
      reference: string;
      transactionId: string;
      value: number;
      fee: number;
      at: number;
      isRefund: boolean;
    }[],
    first: number,
    words: [string, string],
  ) =>
    drawn.map(({ reference, transactionId, value, fee, at, isRefund }, place) => {
      const changes = {
        line: first + place,
        reference,
        transactionId,
        amount: { currency: "CNY", value },
        fee,
        occurredAt: at - (at % 1000),
        channelStatus: words[isRefund ? 1 : 0],
      };
      return isRefund ? refund(changes) : payment(changes);
    });

  const layouts: [
    string,
    StatementFormat,
    (lines: StatementLine[]) => Uint8Array,
    number,
    [string, string],
  ][] = [
    [
      "WeChat Pay's layout",
      wechatStatement,
      (lines) => utf8(wechatBill(lines)),
      2,
      ["SUCCESS", "SUCCESS"],
    ],
    ["Alipay's, in GBK", alipayStatement, (lines) => gbk(alipayBill(lines)), 6, ["交易", "退款"]],
  ];
  it.for(layouts)(
    "come back from %s, however the file arrives",
    async ([, format, encode, first, words], { expect }) => {
      const files = fc.array(line, { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(files, fc.integer({ min: 1, max: 300 }), async (drawn, chunk) => {
          const lines = linesOf(drawn, first, words);
          const bytes = encode(lines);
          const about = expected({ sha1: await sha1(bytes) });
          expect(await readAll(format, sourceOf(bytes, "any", chunk), about)).toEqual(lines);
        }),
        { numRuns: 60 },
      );
    },
  );
});

describe("decimals", () => {
  it("are read exactly, by digits", ({ expect }) => {
    const good: [string, number, number][] = [
      ["0", 2, 0],
      ["6.9", 2, 690],
      ["-0.01", 2, -1],
      ["-0.00", 2, 0],
      ["45.0", 0, 45],
      ["0.29", 2, 29],
      ["90071992547409.91", 2, Number.MAX_SAFE_INTEGER],
      ["007.10", 2, 710],
    ];
    for (const [text, places, value] of good) expect(decimalOf(text, places), text).toBe(value);
    for (const text of [
      "",
      "-",
      ".",
      "1.",
      ".5",
      "+1",
      "1e3",
      "0x1",
      "1,000.00",
      " 1",
      "1 ",
      "١",
      "1.005",
      "90071992547409.92",
      "--1",
      "1.0.0",
      "NaN",
    ]) {
      expect(decimalOf(text, 2), text).toBeNull();
    }
  });

  it("round half up from zero, also where floats would not", ({ expect }) => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), (value) => {
        const size = BigInt(Math.abs(value));
        const up = Number((size + 500n) / 1000n);
        return rounded(value, 5, 2) === (value < 0 && up !== 0 ? -up : up);
      }),
    );
    expect(rounded(1500, 5, 2)).toBe(2);
  });
});
