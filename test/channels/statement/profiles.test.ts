/** Files whose layout is data, and merchants' own records. */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import { iotpayStatement } from "../../../src/channels/iotpay/statement.ts";
import { formatFor, merchantFormat } from "../../../src/channels/statement/formats.ts";
import type { StatementLine } from "../../../src/channels/statement/line.ts";
import { mappedFormat } from "../../../src/channels/statement/mapped.ts";
import { plainProfile, StatementProfile } from "../../../src/channels/statement/profile.ts";
import { DAY, readAll, refusal, sourceOf, utf8 } from "./kit.ts";
import { NOON, payment, plainCsv, refund } from "./render.ts";

const done = { channelStatus: "succeeded" } as const;
const both = [payment(done), refund(done)];

/** A bank's export as one might be: semicolons, commas for decimals, days first, no end mark. */
const bank = {
  columns: {
    reference: "Ref 1",
    transaction_id: "Trx ID",
    amount: "Betrag",
    status: "State",
    fee: "Fee",
    occurred_at: "Date",
    account: "Biller",
  },
  currency: "THB",
  statuses: { PAID: "succeeded", REV: "reversed" },
  refunds: "negative_amounts",
  amounts: { unit: "major", decimal: ",", thousands: "." },
  date_format: "dd/MM/yyyy HH:mm:ss",
  utc_offset_minutes: 420,
  delimiter: ";",
  skip_lines: 2,
} as const;
const bankFormat = formatFor("promptpay", bank);
const bankFile = (rows: readonly string[], end = "\n"): string =>
  `Statement of\n20/11/2026\nBiller;Ref 1;Trx ID;Betrag;State;Fee;Date;Note\n${rows.join("\n")}${end}`;
const row = "1900000001;PI01;T1;1.234,50;PAID;0,125;20/11/2026 11:00:00;x";

describe("our plain CSV", () => {
  it("may have long cells of many lines, and takes no longer for them", async ({ expect }) => {
    const format = formatFor("paynow", null);
    const cell = `"${"x\n".repeat(30_000)}"`;
    const [header = "", line = ""] = plainCsv([payment(done)]).split("\n");
    const rows = Array.from({ length: 40 }, () => `${line},${cell}`);
    const text = [`${header},note`, ...rows, "<END>", ""].join("\n");
    expect(await readAll(format, text)).toHaveLength(40);
    const longer = text.replace(cell, `"${"x\n".repeat(33_000)}"`);
    expect(await refusal(format, longer)).toBe("too_large:2");
    expect(await refusal(format, text.slice(0, 1_000))).toMatch(/^truncated/);
  });

  it("of next to nothing but line breaks is refused", async ({ expect }) => {
    const [header = ""] = plainCsv([]).split("\n");
    const text = `${header}${"\n".repeat(3_000_001)}<END>\n`;
    expect(await refusal(formatFor("paynow", null), text)).toBe("too_large:3000000");
  });

  it("is what channels without a public layout have, on their own clocks", async ({ expect }) => {
    const offsets = {
      iotpay: 0,
      promptpay: 420,
      paynow: 480,
      duitnow: 480,
      fps: 480,
      qris: 420,
      vietqr: 420,
      qrph: 480,
      wechat_global: 0,
    };
    for (const [slug, offset] of Object.entries(offsets)) {
      const format = formatFor(slug, null);
      expect(format.offsetMinutes, slug).toBe(offset);
      expect(await readAll(format, plainCsv(both)), slug).toEqual(both);
    }
    expect(formatFor("wechat", null).name).toBe("wechat_trade");
    expect(formatFor("alipay", null).name).toBe("alipay_trade");
    expect(formatFor("antom", null).name).toBe("antom_transactions");
  });

  it("is not believed wherever it is cut", async ({ expect }) => {
    const bytes = utf8(plainCsv(both));
    for (let end = 0; end < bytes.length - 1; end++) {
      expect(await refusal(iotpayStatement, bytes.slice(0, end)), `cut at ${end}`).not.toBe("read");
    }
  });

  it("is a profile that the schema would take, word for word", ({ expect }) => {
    expect(StatementProfile.parse(plainProfile(0))).toStrictEqual(plainProfile(0));
  });

  it("gives IOTPay's refunds the underscore back", async ({ expect }) => {
    const without = refund({ ...done, line: 2, reference: "re01k5x0e8m3v7q2r9t4w6y8z0ab01" });
    const [read] = await readAll(iotpayStatement, plainCsv([without]));
    expect(read?.reference).toBe("re_01k5x0e8m3v7q2r9t4w6y8z0ab01");
  });

  it("refuses words, amounts and ends that it does not know", async ({ expect }) => {
    const cases: [string, string][] = [
      [plainCsv(both).replace(",payment,succeeded", ",payment,fine"), "cell:2:5"],
      [plainCsv(both).replace(",6.99,", ",-6.99,"), "cell:2:7"],
      [plainCsv(both).replace(",6.99,", ",,"), "cell:2:7"],
      [plainCsv(both).replace("pi_01k5x0e8m3v7q2r9t4w6y8z0ab,,", '"=1",,'), "cell:2:1"],
      [plainCsv(both).replace(",amount,", ",amount2,"), "columns:1"],
      [plainCsv([payment({ ...done, occurredAt: NOON + 48 * 3_600_000 })]), "wrong_day:2:9"],
      [`${plainCsv(both)}pi_2`, "container:5"],
      [plainCsv(both).replace("pi_", '"pi_'), "truncated:2"],
      [plainCsv(both).replace("pi_01", 'pi"_"01'), "cell:2"],
      ["", "empty"],
    ];
    for (const [text, code] of cases) expect(await refusal(iotpayStatement, text), code).toBe(code);
    expect(await readAll(iotpayStatement, plainCsv([]))).toEqual([]);
  });

  it("brings any line back, with quotes and line breaks in cells beside it", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.stringMatching(/^[0-9A-Za-z_.:]{1,20}$/), fc.string({ maxLength: 12 })),
          { maxLength: 8 },
        ),
        fc.integer({ min: 1, max: 60 }),
        async (drawn, chunk) => {
          const format = mappedFormat("any", plainProfile(480));
          let line = 2;
          const rows = drawn.map(([reference, note]) => {
            const text = note.replaceAll("\0", "").replaceAll("\r", "").toWellFormed();
            const found: StatementLine = payment({ ...done, line, reference });
            line += 1 + text.split("\n").length - 1;
            return { found, text };
          });
          const [header = ""] = plainCsv([]).split("\n");
          const body = rows.map(({ found, text }) => {
            const cells = plainCsv([found]).split("\n")[1] ?? "";
            return `${cells},"${text.replaceAll('"', '""')}"\n`;
          });
          const bytes = utf8(`${header},note\n${body.join("")}<END>\n`);
          const read = await readAll(format, sourceOf(bytes, "any", chunk));
          expect(read).toEqual(rows.map(({ found }) => found));
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("a bank's profile", () => {
  it("names columns, words, signs and forms", async ({ expect }) => {
    const back = "1900000001;RE01;T2;-3,00;REV;;20/11/2026 23:59:59;";
    expect(await readAll(bankFormat, bankFile([row, back]))).toEqual([
      {
        line: 4,
        kind: "payment",
        reference: "PI01",
        orderReference: null,
        transactionId: "T1",
        amount: { currency: "THB", value: 123_450 },
        status: "succeeded",
        channelStatus: "PAID",
        fee: 13,
        occurredAt: Date.parse(`${DAY}T04:00:00Z`),
      },
      expect.objectContaining({
        line: 5,
        kind: "refund",
        amount: { currency: "THB", value: 300 },
        status: "reversed",
        fee: null,
      }),
    ]);
  });

  it("refuses what it does not name", async ({ expect }) => {
    const cases: [string, string][] = [
      [bankFile([row.replace("PAID", "paid")]), "cell:4:5"],
      [bankFile([row.replace("1.234,50", "1.2345,0")]), "cell:4:4"],
      [bankFile([row.replace("1.234,50", "1,234.50")]), "cell:4:4"],
      [bankFile([row.replace("20/11/2026", "11/20/2026")]), "cell:4:7"],
      [bankFile([row.replace("20/11/2026", "22/11/2026")]), "wrong_day:4:7"],
      [bankFile([row.replace("1900000001", "1900000002")]), "wrong_account:4:1"],
      [bankFile([row], ""), "truncated:4"],
      [bankFile([], ""), "empty:3"],
      [bankFile([row]).replace("Betrag", "Amount"), "columns:3"],
      [bankFile([row]).replace("Note", "Betrag"), "columns:3:8"],
    ];
    for (const [text, code] of cases) expect(await refusal(bankFormat, text), text).toBe(code);
  });

  it("reads every form of a date, and no other day", async ({ expect }) => {
    const forms = {
      iso: "2026-11-20T11:00:00+07:00",
      "yyyy-MM-dd HH:mm:ss": "2026-11-20 11:00:00",
      "yyyy/MM/dd HH:mm:ss": "2026/11/20 11:00:00",
      "dd/MM/yyyy HH:mm:ss": "20/11/2026 11:00:00",
      "MM/dd/yyyy HH:mm:ss": "11/20/2026 11:00:00",
      "dd-MM-yyyy HH:mm:ss": "20-11-2026 11:00:00",
      "yyyyMMdd HH:mm:ss": "20261120 11:00:00",
      yyyyMMddHHmmss: "20261120110000",
      unix_seconds: String(NOON / 1000),
    };
    const midnight = {
      "yyyy-MM-dd": "2026-11-20",
      "dd/MM/yyyy": "20/11/2026",
      "MM/dd/yyyy": "11/20/2026",
      yyyyMMdd: "20261120",
    };
    for (const [form, text] of Object.entries({ ...forms, ...midnight })) {
      const format = formatFor("promptpay", { ...bank, date_format: form });
      const [read] = await readAll(format, bankFile([row.replace("20/11/2026 11:00:00", text)]));
      const at = Object.hasOwn(midnight, form) ? Date.parse(`${DAY}T00:00:00+07:00`) : NOON;
      expect(read?.occurredAt, form).toBe(at);
      const bad = bankFile([row.replace("20/11/2026 11:00:00", `${text}0`)]);
      expect(await refusal(format, bad), form).not.toBe("read");
    }
  });

  it("must fit together", ({ expect }) => {
    const paths = (change: object): string[] => {
      const found = StatementProfile.safeParse({ ...bank, ...change });
      return found.success ? [] : found.error.issues.map(({ path }) => path.join("."));
    };
    expect(paths({})).toEqual([]);
    expect(paths({ currency: undefined })).toEqual(["currency"]);
    expect(paths({ refunds: ["REFUND"] })).toEqual(["refunds"]);
    expect(paths({ statuses: {} })).toEqual(["statuses"]);
    expect(paths({ amounts: { decimal: ".", thousands: "." } })).toEqual(["amounts.thousands"]);
    expect(paths({ columns: { ...bank.columns, fee: "Betrag" } })).toEqual(["columns"]);
    expect(paths({ delimiter: "x" })).toEqual(["delimiter"]);
    expect(paths({ script: "1" })).toEqual([""]);
  });

  it("reads minor units, and other alphabets", async ({ expect }) => {
    const minor = formatFor("vietqr", {
      ...bank,
      currency: "VND",
      amounts: { unit: "minor" },
      encoding: "windows-1252",
    });
    const [read] = await readAll(
      minor,
      bankFile([row.replace("1.234,50", "123450").replace("0,125", "1")]),
    );
    expect(read?.amount).toEqual({ currency: "VND", value: 123_450 });
    expect(read?.fee).toBe(1);
  });
});

describe("merchants' records", () => {
  const records = [
    {
      payment_intent: "pi_1",
      merchant_order_id: "A-1",
      currency: "CNY",
      amount: 699,
      fee: 4,
      occurred_at: `${DAY}T12:00:00+08:00`,
    },
    { merchant_order_id: "A-2", currency: "JPY", amount_decimal: "1200", status: "processing" },
    {
      kind: "refund",
      refund: "re_1",
      payment_intent: "pi_1",
      merchant_order_id: "A-1",
      currency: "CNY",
      amount: 300,
    },
    { kind: "refund", merchant_order_id: "A-2", currency: "JPY", amount: 200 },
  ];
  const common = {
    transactionId: null,
    status: "succeeded",
    channelStatus: "succeeded",
    fee: null,
    occurredAt: null,
  };
  const lines = (first: number) => [
    {
      ...common,
      line: first,
      kind: "payment",
      reference: "pi_1",
      orderReference: "A-1",
      amount: { currency: "CNY", value: 699 },
      fee: 4,
      occurredAt: NOON,
    },
    {
      ...common,
      line: first + 1,
      kind: "payment",
      reference: null,
      orderReference: "A-2",
      amount: { currency: "JPY", value: 1200 },
      status: "processing",
      channelStatus: "processing",
    },
    {
      ...common,
      line: first + 2,
      kind: "refund",
      reference: "re_1",
      orderReference: "pi_1",
      amount: { currency: "CNY", value: 300 },
    },
    {
      ...common,
      line: first + 3,
      kind: "refund",
      reference: null,
      orderReference: "A-2",
      amount: { currency: "JPY", value: 200 },
    },
  ];
  const names = [
    "kind",
    "payment_intent",
    "merchant_order_id",
    "refund",
    "currency",
    "amount",
    "amount_decimal",
    "status",
    "fee",
    "occurred_at",
  ];
  const csv = [
    names.join(","),
    ...records.map((record) =>
      names.map((name) => new Map(Object.entries(record)).get(name) ?? "").join(","),
    ),
    "",
  ].join("\n");
  const jsonLines = records.map((record) => `${JSON.stringify(record)}\n`).join("");

  it("say the same as CSV, JSON lines and JSON", async ({ expect }) => {
    expect(await readAll(merchantFormat, csv)).toEqual(lines(2));
    expect(await readAll(merchantFormat, jsonLines)).toEqual(lines(1));
    expect(await readAll(merchantFormat, JSON.stringify(records))).toEqual(lines(1));
    expect(await readAll(merchantFormat, JSON.stringify(records, null, 2))).toEqual(lines(1));
    expect(await readAll(merchantFormat, "[]")).toEqual([]);
  });

  it("are refused where they are cut inside of a record", async ({ expect }) => {
    for (const text of [csv, jsonLines]) {
      for (let end = 0; end < text.length; end++) {
        if (text[end - 1] === "\n") continue;
        expect(await refusal(merchantFormat, text.slice(0, end)), `cut at ${end}`).not.toBe("read");
      }
    }
    const json = JSON.stringify(records);
    for (let end = 0; end < json.length; end++) {
      expect(await refusal(merchantFormat, json.slice(0, end)), `cut at ${end}`).not.toBe("read");
    }
  });

  it("are refused with what is wrong in them", async ({ expect }) => {
    const one = (change: object) => `${JSON.stringify({ ...records[0], ...change })}\n`;
    const cases: [string, string][] = [
      [one({ amount: 6.99 }), "cell:1"],
      [one({ amount: 2 ** 53 }), "cell:1"],
      [one({ amount: -1 }), "cell:1:6"],
      [one({ amount: "1e3" }), "cell:1:6"],
      [one({ amount: "6.00" }), "cell:1:6"],
      [one({ amount_decimal: "6.99" }), "cell:1:7"],
      [one({ amount: null, amount_decimal: "6.999" }), "cell:1:7"],
      [one({ currency: "XXX" }), "cell:1:5"],
      [one({ kind: "chargeback" }), "cell:1:1"],
      [one({ status: "ok" }), "cell:1:8"],
      [one({ merchant_order_id: "=1+1" }), "cell:1:3"],
      [one({ payment_intent: null, merchant_order_id: null }), "cell:1:2"],
      [one({ kind: "refund", payment_intent: null, merchant_order_id: null }), "cell:1:2"],
      [one({ occurred_at: "yesterday" }), "cell:1:10"],
      [one({ occurred_at: "2026-11-23T12:00:00Z" }), "wrong_day:1:10"],
      [one({ extra: 1 }), "cell:1"],
      [one({}).replace("{", '{"__proto__":1,'), "cell:1"],
      ["{\n", "cell:1"],
      ["[1]", "cell:1"],
      ["amount\n1\n", "columns:1"],
      ["currency,amount\n", "empty"],
      [" \n", "empty"],
    ];
    for (const [text, code] of cases) expect(await refusal(merchantFormat, text), text).toBe(code);
    // What would take many times its own size in memory.
    const heavy: [string, string][] = [
      [`[${" ".repeat(4 * 1024 * 1024)}]`, "too_large:1"],
      [`[\n${" \n".repeat(2 * 1024 * 1024)}]`, "too_large"],
      [one({ merchant_order_id: "x".repeat(65_536) }), "too_large:1"],
      [`currency${",".repeat(100_000)}\n`, "too_large:1"],
      [`${"[".repeat(100_000)}${"]".repeat(100_000)}`, "cell"],
      [`[{"a":"[{[\\"[","b":[]}]`, "cell"],
    ];
    for (const [text, code] of heavy) {
      expect(await refusal(merchantFormat, text), text.slice(0, 40)).toBe(code);
    }
    // Brackets in a text are none.
    const quoted = JSON.stringify([{ ...records[0], merchant_order_id: 'a[[{{"[' }]);
    expect(await refusal(merchantFormat, quoted)).toBe("read");
  });

  it("hold no number that would be another in a spreadsheet, on a screen or in a database", async ({
    expect,
  }) => {
    const numbers = [
      "=1+1",
      "\uff1d1+1",
      "\uff0b1",
      "\uff20SUM(A1)",
      "a\u202eb",
      "a\u2066b",
      "a\u200bb",
      "a\u0085b",
      "a\u2028b",
      "\ufeffa",
      "a\ud800",
      "\udc00a",
    ];
    for (const number of numbers) {
      const text = `${JSON.stringify({ ...records[0], merchant_order_id: number })}\n`;
      // Marks at either end are cut off like blanks.
      const isBlank = number.startsWith("\ufeff");
      expect(await refusal(merchantFormat, text), text).toBe(isBlank ? "read" : "cell:1:3");
    }
    const order = JSON.stringify({ ...records[0], merchant_order_id: "订单 7＝8/ä" });
    expect(await refusal(merchantFormat, `${order}\n`)).toBe("read");
  });
});
