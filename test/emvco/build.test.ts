/** CRC, objects, amounts, the builder and the reader's rules: what is refused, and round trips. */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import { readAmount, writeAmount } from "../../src/channels/emvco/amounts.ts";
import { buildEmv, type BuildField, type MaybeField } from "../../src/channels/emvco/build.ts";
import { plainName } from "../../src/channels/emvco/characters.ts";
import { crc16 } from "../../src/channels/emvco/crc.ts";
import { currencyOfCode, currencyOfNumber } from "../../src/channels/emvco/currencies.ts";
import { isEnvelope } from "../../src/channels/emvco/envelope.ts";
import { explainQr } from "../../src/channels/emvco/explain.ts";
import { inspectEmv, parseEmv } from "../../src/channels/emvco/parse.ts";
import { buildTlv, type EmvObject, parseTlv } from "../../src/channels/emvco/tlv.ts";
import { CURRENCY_DECIMALS, fromDecimal, toDecimal } from "../../src/money.ts";
import { qrType } from "../../src/qr/classify.ts";
import { utf8 } from "../../src/crypto/encoding.ts";
import vectors from "../vectors/emvco-qr.json" with { type: "json" };

/** The definition itself: polynomial 0x1021, start 0xFFFF, bit by bit. */
function plainCrc16(bytes: Uint8Array): string {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = ((crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021) & 0xffff;
    }
  }
  return crc.toString(16).toUpperCase().padStart(4, "0");
}

const sealed = (body: string): string => `${body}6304${crc16(`${body}6304`)}`;

/** The smallest payload within EMVCo's rules. */
const BASE: readonly BuildField[] = [
  ["00", "01"],
  ["01", "11"],
  [
    "26",
    [
      ["00", "COM.EXAMPLE"],
      ["01", "42"],
    ],
  ],
  ["52", "5999"],
  ["53", "702"],
  ["58", "SG"],
  ["59", "SHOP"],
  ["60", "CITY"],
];

const replaced = (id: string, value: BuildField[1] | null): readonly MaybeField[] =>
  BASE.map((field) => (field[0] === id ? (value === null ? null : [id, value]) : field));

const PLAIN = "00020101021126210011COM.EXAMPLE0102425204599953037025802SG5904SHOP6004CITY";

const errorOf = (text: string, mode: "strict" | "lenient") => {
  const parsed = parseEmv(text, mode);
  return parsed.ok ? null : `${parsed.error.kind} ${parsed.error.id}`;
};

const warningsOf = (text: string): readonly string[] => {
  const parsed = parseEmv(text, "lenient");
  return parsed.ok ? parsed.value.warnings.map(({ code, id }) => `${code} ${id}`) : ["refused"];
};

describe("CRC", () => {
  it("is CRC-16/CCITT-FALSE over UTF-8", ({ expect }) => {
    expect(crc16("123456789")).toBe("29B1");
    expect(crc16("")).toBe("FFFF");
    expect(crc16("最佳运输")).toBe(crc16(utf8("最佳运输")));
  });

  it("agrees bit by bit with the plain loop", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(crc16(text)).toBe(plainCrc16(utf8(text)));
      }),
    );
  });
});

describe("objects", () => {
  it("count characters, and UTF-16 units nowhere", ({ expect }) => {
    expect(buildTlv([["64", "🧧北京"]])).toEqual({ ok: true, value: "6403🧧北京" });
    expect(parseTlv("6403🧧北京", "strict")).toMatchObject({
      ok: true,
      value: [{ id: "64", length: 3, value: "🧧北京", at: 0 }],
    });
    expect(parseTlv("0001🧧0101a", "strict")).toMatchObject({ value: [{}, { id: "01", at: 5 }] });
  });

  it.for([
    ["", "EMV_TLV_HEADER", 0],
    ["0", "EMV_TLV_HEADER", 0],
    ["00", "EMV_TLV_HEADER", 0],
    ["000", "EMV_TLV_HEADER", 0],
    ["0a01x", "EMV_TLV_HEADER", 0],
    ["00 1x", "EMV_TLV_HEADER", 0],
    ["00-1x", "EMV_TLV_HEADER", 0],
    ["0001a0", "EMV_TLV_HEADER", 5],
    ["0002a", "EMV_TLV_TRUNCATED", 0],
    ["0099", "EMV_TLV_TRUNCATED", 0],
    // Digits of other scripts are digits to some parsers.
    ["０００１x", "EMV_TLV_HEADER", 0],
    ["00\u0660\u0661x", "EMV_TLV_HEADER", 0],
  ] as const)("refuses %j in both modes", ([text, kind, at], { expect }) => {
    for (const mode of ["strict", "lenient"] as const) {
      expect(parseTlv(text, mode)).toMatchObject({ ok: false, error: { kind, at } });
    }
  });

  it("takes empty values and duplicates only leniently", ({ expect }) => {
    expect(parseTlv("0000", "strict")).toMatchObject({ error: { kind: "EMV_EMPTY_VALUE" } });
    expect(parseTlv("0000", "lenient")).toMatchObject({ value: [{ id: "00", value: "" }] });
    const twice = parseTlv("0001a0001b", "strict");
    expect(twice).toMatchObject({ error: { kind: "EMV_DUPLICATE_ID", id: "00", at: 5 } });
    expect(parseTlv("0001a0001b", "lenient").ok).toBe(true);
  });

  it.for([
    [[["0", "a"]], "EMV_TLV_HEADER"],
    [[["٠٠", "a"]], "EMV_TLV_HEADER"],
    [[["00", ""]], "EMV_EMPTY_VALUE"],
    [[["00", "\ud800"]], "EMV_CHARSET"],
    [[["00", "x".repeat(100)]], "EMV_VALUE_TOO_LONG"],
    [
      [
        ["00", "a"],
        ["00", "b"],
      ],
      "EMV_DUPLICATE_ID",
    ],
  ] as const)("writes no %j", ([objects, kind], { expect }) => {
    expect(buildTlv(objects)).toMatchObject({ ok: false, error: { kind, at: null } });
  });

  it("come back as they were written", ({ expect }) => {
    const id = fc.integer({ min: 0, max: 99 }).map((number) => String(number).padStart(2, "0"));
    const value = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
      .filter((text) => text.isWellFormed() && Array.from(text).length <= 99);
    const objects = fc.uniqueArray(fc.tuple(id, value), {
      selector: ([one]) => one,
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(objects, (list) => {
        const text = buildTlv(list);
        const read = text.ok ? parseTlv(text.value, "strict") : text;
        expect(read.ok && read.value.map((one) => [one.id, one.value])).toEqual(list);
      }),
    );
  });
});

describe("amounts", () => {
  it.for([
    ["98.73", 2, 9_873, null],
    ["98", 2, 9_800, null],
    ["98.", 2, 9_800, null],
    ["0.5", 2, 50, null],
    ["007", 2, 700, null],
    ["1000", 0, 1_000, null],
    ["9999999999.99", 2, 999_999_999_999, null],
    ["1.000", 2, 100, "fraction"],
    ["1.001", 2, null, "fraction"],
    ["1000.0", 0, 1_000, "fraction"],
    ["1.5", null, null, null],
    ["0", 2, 0, "zero"],
    ["00.00", 2, 0, "zero"],
    ["0.", 2, 0, "zero"],
    ["10000000000.00", 2, null, "length"],
    ["9999999999999", 4, null, "range"],
    ["", 2, null, "shape"],
    [".", 2, null, "shape"],
    [".5", 2, null, "shape"],
    ["1.2.3", 2, null, "shape"],
    ["98,73", 2, null, "shape"],
    ["+1", 2, null, "shape"],
    ["-1", 2, null, "shape"],
    ["1e3", 2, null, "shape"],
    ["0x10", 2, null, "shape"],
    [" 1", 2, null, "shape"],
    ["1 ", 2, null, "shape"],
    ["١٢", 2, null, "shape"],
    ["Infinity", 2, null, "shape"],
  ] as const)("%j with %j decimals", ([text, decimals, value, fault], { expect }) => {
    expect(readAmount(text, decimals)).toEqual({ value, fault });
  });

  it.for([
    [422, 2, 2, "4.22"],
    [3_000, 2, 2, "30.00"],
    [5, 2, 2, "0.05"],
    [1_000, 0, 0, "1000"],
    [1_000_000, 2, 0, "10000"],
    [1, 3, 3, "0.001"],
    [999_999_999_999, 2, 2, "9999999999.99"],
  ] as const)("writes %d of %d decimals", ([value, decimals, written, text], { expect }) => {
    expect(writeAmount(value, decimals, written)).toEqual({ ok: true, value: text });
  });

  it.for([
    [0, 2, 2, "zero"],
    [-1, 2, 2, "shape"],
    [1.5, 2, 2, "shape"],
    [Number.NaN, 2, 2, "shape"],
    [Number.POSITIVE_INFINITY, 2, 2, "shape"],
    [2 ** 53, 2, 2, "shape"],
    [1_000_000_000_000, 2, 2, "length"],
    [1_000_050, 2, 0, "fraction"],
  ] as const)("writes no %d of %d decimals", ([value, decimals, written, fault], { expect }) => {
    expect(writeAmount(value, decimals, written)).toEqual({ ok: false, error: fault });
  });

  it("agree with the house's money", ({ expect }) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 999_999_999 }),
        fc.nat({ max: 3 }),
        (value, decimals) => {
          const text = toDecimal(value, decimals);
          expect(writeAmount(value, decimals)).toEqual({ ok: true, value: text });
          expect(readAmount(text, decimals)).toEqual({ value, fault: null });
          expect(fromDecimal(text, decimals)).toBe(value);
        },
      ),
    );
  });

  it("know the currencies of the channels, with the same decimals", ({ expect }) => {
    for (const [code, decimals] of Object.entries(CURRENCY_DECIMALS)) {
      const currency = currencyOfCode(code);
      expect(currency).toMatchObject({ code, decimals });
      expect(currencyOfNumber(currency?.numeric ?? "")).toBe(currency);
    }
    expect(currencyOfNumber("999")).toBeNull();
    expect(currencyOfCode("IDR")?.written).toBe(0);
  });
});

describe("names in printable ASCII", () => {
  it.for([
    ["Café  Zoë", 25, "Cafe Zoe"],
    [" Two\tBlanks\n", 25, "Two Blanks"],
    ["微信商店", 25, "NA"],
    ["微信 Shop", 25, "Shop"],
    ["A name of more than twenty-five", 25, "A name of more than twent"],
    ["Kuala Lumpur City", 13, "Kuala Lumpur"],
    ["", 25, "NA"],
    [null, 25, "NA"],
    ["Ｗｉｄｅ", 25, "Wide"],
    ["\u0000\u007fA", 25, "A"],
  ] as const)("%j", ([text, limit, plain], { expect }) => {
    expect(plainName(text, limit, "NA")).toBe(plain);
  });
});

describe("the builder", () => {
  it("writes objects in the order given, and the CRC", ({ expect }) => {
    expect(buildEmv(BASE)).toEqual({ ok: true, value: sealed(PLAIN) });
    const [first, ...others] = BASE;
    const turned = buildEmv([first ?? null, ...others.toReversed()]);
    expect(turned.ok && parseEmv(turned.value).ok).toBe(true);
    expect(turned.ok && turned.value.startsWith("0002016004CITY")).toBe(true);
  });

  it("skips what is null", ({ expect }) => {
    expect(buildEmv([...BASE.slice(0, 3), null, ...BASE.slice(3), null])).toEqual(buildEmv(BASE));
  });

  const amount = (text: string, currency = "702") => [...replaced("53", currency), ["54", text]];
  it.for([
    ["no format indicator first", BASE.slice(1), "EMV_PFI", "00"],
    ["an unknown one", replaced("00", "03"), "EMV_PFI", "00"],
    ["nothing", [], "EMV_PFI", "00"],
    ["a CRC", [...BASE, ["63", "ABCD"]], "EMV_FORMAT", "63"],
    ["no account", replaced("26", null), "EMV_MANDATORY_MISSING", "02"],
    ["no category", replaced("52", null), "EMV_MANDATORY_MISSING", "52"],
    ["no currency", replaced("53", null), "EMV_MANDATORY_MISSING", "53"],
    ["no country", replaced("58", null), "EMV_MANDATORY_MISSING", "58"],
    ["no name", replaced("59", null), "EMV_MANDATORY_MISSING", "59"],
    ["no city", replaced("60", null), "EMV_MANDATORY_MISSING", "60"],
    ["an object twice", [...BASE, ["59", "B"]], "EMV_DUPLICATE_ID", "59"],
    ["an identifier of letters", [...BASE, ["6a", "B"]], "EMV_TLV_HEADER", null],
    ["an identifier of three", [...BASE, ["610", "B"]], "EMV_TLV_HEADER", null],
    ["a point of initiation", replaced("01", "13"), "EMV_FORMAT", "01"],
    ["a category of letters", replaced("52", "59x9"), "EMV_FORMAT", "52"],
    ["a category of three", replaced("52", "599"), "EMV_FORMAT", "52"],
    ["a category in Arabic digits", replaced("52", "٥٩٩٩"), "EMV_FORMAT", "52"],
    ["a country in small letters", replaced("58", "sg"), "EMV_FORMAT", "58"],
    ["an empty name", replaced("59", ""), "EMV_FORMAT", "59"],
    ["a long name", replaced("59", "x".repeat(26)), "EMV_VALUE_TOO_LONG", "59"],
    ["a long city", replaced("60", "x".repeat(16)), "EMV_VALUE_TOO_LONG", "60"],
    ["a long postal code", [...BASE, ["61", "x".repeat(11)]], "EMV_VALUE_TOO_LONG", "61"],
    ["a Chinese name", replaced("59", "微信"), "EMV_CHARSET", "59"],
    ["a line break", replaced("59", "A\nB"), "EMV_CHARSET", "59"],
    ["a surrogate alone", [...BASE, ["80", "\ud800"]], "EMV_CHARSET", "80"],
    [
      "a byte-order mark",
      [
        ...BASE,
        [
          "64",
          [
            ["00", "ZH"],
            ["01", "\ufeffA"],
          ],
        ],
      ],
      "EMV_CHARSET",
      "64.01",
    ],
    [
      "decomposed letters",
      [
        ...BASE,
        [
          "64",
          [
            ["00", "FR"],
            ["01", "e\u0301"],
          ],
        ],
      ],
      "EMV_CHARSET",
      "64.01",
    ],
    ["an account given as text", replaced("26", "0011COM.EXAMPLE"), "EMV_TEMPLATE", "26"],
    ["a template of nothing", replaced("26", []), "EMV_EMPTY_VALUE", "26"],
    [
      "a template over 99",
      replaced("26", [
        ["00", "A"],
        ["01", "x".repeat(99)],
      ]),
      "EMV_VALUE_TOO_LONG",
      "26",
    ],
    ["a long identifier", replaced("26", [["00", "x".repeat(33)]]), "EMV_VALUE_TOO_LONG", "26.00"],
    [
      "an object twice inside",
      replaced("26", [
        ["00", "A"],
        ["00", "B"],
      ]),
      "EMV_DUPLICATE_ID",
      "26.00",
    ],
    [
      "a long bill number",
      [...BASE, ["62", [["01", "x".repeat(26)]]]],
      "EMV_VALUE_TOO_LONG",
      "62.01",
    ],
    ["a Thai bill number", [...BASE, ["62", [["01", "ใบ"]]]], "EMV_CHARSET", "62.01"],
    ["a template where there is none", [...BASE, ["61", [["00", "A"]]]], "EMV_TEMPLATE", "61"],
    [
      "templates too deep",
      [...BASE, ["62", [["50", [["00", [["00", "A"]]]]]]]],
      "EMV_TEMPLATE",
      "62.50.00",
    ],
    ["nothing paid", amount("0.00"), "EMV_AMOUNT", "54"],
    ["a negative amount", amount("-1"), "EMV_AMOUNT", "54"],
    ["three decimals", amount("1.001"), "EMV_AMOUNT", "54"],
    ["three decimals that are zero", amount("1.000"), "EMV_AMOUNT", "54"],
    ["decimals of yen", amount("1.0", "392"), "EMV_AMOUNT", "54"],
    ["a point at the end", amount("98."), "EMV_AMOUNT", "54"],
    ["a leading zero", amount("01.00"), "EMV_AMOUNT", "54"],
    ["an exponent", amount("1e3"), "EMV_AMOUNT", "54"],
    ["fourteen digits", amount("12345678901234"), "EMV_VALUE_TOO_LONG", "54"],
    ["a fee without its indicator", [...BASE, ["56", "1.00"]], "EMV_FORMAT", "56"],
    ["an indicator without its fee", [...BASE, ["55", "02"]], "EMV_FORMAT", "56"],
    ["an indicator without its share", [...BASE, ["55", "03"]], "EMV_FORMAT", "57"],
    ["another indicator", [...BASE, ["55", "04"]], "EMV_FORMAT", "55"],
    ["a share of a hundred", [...BASE, ["55", "03"], ["57", "100"]], "EMV_FORMAT", "57"],
    ["no share at all", [...BASE, ["55", "03"], ["57", "00.00"]], "EMV_FORMAT", "57"],
    ["a fee of nothing", [...BASE, ["55", "02"], ["56", "0.00"]], "EMV_AMOUNT", "56"],
  ] as unknown as readonly (readonly [string, readonly MaybeField[], string, string | null])[])(
    "refuses %s",
    ([, fields, kind, id], { expect }) => {
      const built = buildEmv(fields);
      expect(built).toMatchObject({ ok: false, error: { kind, id, at: null } });
    },
  );

  it("shows nothing of what was submitted in its errors", ({ expect }) => {
    const secret = "geheim\u00e9";
    for (const fields of [replaced("59", secret), [...BASE, ["80", `${secret}\ud800`] as const]]) {
      expect(JSON.stringify(buildEmv(fields))).not.toContain("geheim");
    }
    expect(JSON.stringify(parseEmv("0002015904geheim"))).not.toContain("geheim");
  });

  it("stops at 512 characters, not one before", ({ expect }) => {
    const filled = (length: number): readonly BuildField[] => [
      ...BASE,
      ...["81", "82", "83", "84"].map((id): BuildField => [id, "x".repeat(99)]),
      ["85", "x".repeat(length)],
    ];
    const room = 512 - (sealed(PLAIN).length + 4 * 103 + 4);
    const whole = buildEmv(filled(room));
    expect(whole.ok && whole.value.length).toBe(512);
    expect(buildEmv(filled(room + 1))).toMatchObject({ error: { kind: "EMV_PAYLOAD_TOO_LONG" } });
  });
});

/** Any payload that the builder must be able to write. */
const anyPayload = (() => {
  const common = (max: number) =>
    fc
      .array(fc.integer({ min: 0x20, max: 0x7e }), { minLength: 1, maxLength: max })
      .map((codes) => String.fromCodePoint(...codes));
  const text = (max: number) =>
    fc
      .string({ unit: "grapheme-composite", minLength: 1, maxLength: max })
      .map((value) => Array.from(value.normalize("NFC")).slice(0, max).join(""))
      .filter((value) => value !== "" && value.normalize("NFC") === value);
  const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`));
  const account = fc.record({
    id: fc.integer({ min: 26, max: 51 }).map(String),
    guid: common(20).map((value): BuildField => ["00", `X${value}`]),
    more: common(20).map((value): BuildField => ["07", value]),
  });
  const option = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
  return fc
    .record({
      initiation: fc.constantFrom("11", "12"),
      accounts: fc.uniqueArray(account, { selector: ({ id }) => id, minLength: 1, maxLength: 2 }),
      mcc: digits(4),
      amount: option(fc.integer({ min: 1, max: 999_999_999 })),
      name: common(25),
      city: common(15),
      postal: option(common(10)),
      bill: option(common(25)),
      purpose: option(common(25)),
      other: option(text(12)),
      unreserved: option(text(20)),
    })
    .map((one): readonly MaybeField[] => [
      ["00", "01"],
      ["01", one.initiation],
      ...one.accounts.map(({ id, guid, more }): BuildField => [id, [guid, more]]),
      ["52", one.mcc],
      ["53", "458"],
      one.amount === null ? null : ["54", toDecimal(one.amount, 2)],
      ["58", "MY"],
      ["59", one.name],
      ["60", one.city],
      one.postal === null ? null : ["61", one.postal],
      one.bill === null && one.purpose === null
        ? null
        : [
            "62",
            [
              one.bill === null ? null : ["01", one.bill],
              one.purpose === null ? null : ["08", one.purpose],
            ],
          ],
      one.other === null ? null : ["64", [["00", "ZH"], ["01", one.other]]],
      one.unreserved === null ? null : ["84", one.unreserved],
    ]); // prettier-ignore
})();

/** What was given, as the reader should see it. */
const flat = (fields: readonly MaybeField[]): unknown[] =>
  fields
    .filter((field) => field !== null)
    .map(([id, value]) => [id, typeof value === "string" ? value : flat(value)]);

const asGiven = (objects: readonly EmvObject[], given: readonly MaybeField[]): unknown[] =>
  objects.map(({ id, value, children }) => {
    const field = given.find((one) => one?.[0] === id);
    const nested = typeof field?.[1] === "object" ? field[1] : null;
    return [id, nested === null ? value : asGiven(children ?? [], nested)];
  });

describe("round trips", () => {
  it("what is built is read strictly, object by object", ({ expect }) => {
    fc.assert(
      fc.property(anyPayload, (fields) => {
        const built = buildEmv(fields);
        if (!built.ok) return expect.fail(JSON.stringify(built.error));
        const parsed = parseEmv(built.value, "strict");
        if (!parsed.ok) return expect.fail(JSON.stringify(parsed.error));
        const objects = parsed.value.objects.filter(({ id }) => id !== "63");
        expect(asGiven(objects, fields)).toEqual(flat(fields));
        expect(qrType(built.value)).toBe("emvco_tlv");
        const amount = fields.find((field) => field?.[0] === "54")?.[1];
        expect(parsed.value.amount?.text).toBe(amount);
      }),
      { numRuns: 1_000 },
    );
  });

  it("any other character of ASCII in any place is noticed", { timeout: 120_000 }, ({ expect }) => {
    const ascii = vectors.vectors
      .filter(({ payload, scheme }) => !scheme.includes("slip") && /^[\0-\x7f]+$/.test(payload))
      .map(({ payload }) => payload);
    for (const payload of new Set(ascii)) {
      for (let at = 0; at < payload.length; at += 1) {
        const was = payload.charCodeAt(at);
        // The other case, and its neighbour: digits stay digits, letters stay letters.
        for (const code of [was ^ 0x20, was ^ 1]) {
          const altered = payload.slice(0, at) + String.fromCharCode(code) + payload.slice(at + 1);
          const parsed = parseEmv(altered, "strict");
          const lenient = parseEmv(altered, "lenient");
          if (parsed.ok) expect.fail(`${payload} at ${at}`);
          // The same CRC in the other case is the same CRC.
          if (lenient.ok) {
            expect(altered.toUpperCase()).toBe(payload.toUpperCase());
            expect(lenient.value.warnings.map((one) => one.code)).toContain("EMV_CRC_CASE");
          }
        }
      }
    }
  });

  it("no beginning of a payload is a payload", ({ expect }) => {
    const whole = sealed(PLAIN);
    for (let length = 0; length < whole.length; length += 1) {
      expect(parseEmv(whole.slice(0, length), "lenient").ok).toBe(false);
    }
  });
});

const body = (text: string): string => sealed(PLAIN.replace("5904SHOP", text));

describe("what is tolerated, and what is not", () => {
  it.for([
    ["an empty name", body("5900"), "EMV_EMPTY_VALUE 59"],
    ["an object twice", body("5904SHOP5904SHIP"), "EMV_DUPLICATE_ID 59"],
    ["a long name", body(`5926${"x".repeat(26)}`), "EMV_VALUE_TOO_LONG 59"],
    ["a Chinese name", body("5902微信"), "EMV_CHARSET 59"],
    ["no name", body(""), "EMV_MANDATORY_MISSING 59"],
    ["a tip that is none", body("5904SHOP550204"), "EMV_FORMAT 55"],
    ["a tip without its fee", body("5904SHOP550202"), "EMV_MANDATORY_MISSING 56"],
    ["a fee without a tip", body("5904SHOP56041.00"), "EMV_FORMAT 56"],
    ["nothing paid", body("5904SHOP54040.00"), "EMV_AMOUNT 54"],
    ["a comma", body("5904SHOP54041,00"), "EMV_AMOUNT 54"],
    ["three decimals", body("5904SHOP54051.001"), "EMV_AMOUNT 54"],
    ["an additional template that is none", body("5904SHOP6203abc"), "EMV_TEMPLATE 62"],
    ["an object twice inside", body("5904SHOP62100101a0101b"), "EMV_DUPLICATE_ID 62.01"],
    ["an empty value inside", body("5904SHOP62040100"), "EMV_EMPTY_VALUE 62.01"],
    ["a language without a name", body("5904SHOP64060002ZH"), "EMV_MANDATORY_MISSING 64.01"],
    ["an account without identifier", body("5904SHOP27050101a"), "EMV_MANDATORY_MISSING 27.00"],
    ["a long identifier", body(`5904SHOP27370033${"x".repeat(33)}`), "EMV_VALUE_TOO_LONG 27.00"],
    ["an account that is no template", body("5904SHOP2703abc"), "EMV_TEMPLATE 27"],
  ] as const)("%s", ([, text, warning], { expect }) => {
    expect(errorOf(text, "strict")).toBe(warning);
    expect(warningsOf(text)).toContain(warning);
  });

  it.for([
    ["a point of initiation", "010211", "010213", "EMV_FORMAT 01"],
    ["an empty point of initiation", "010211", "0100", "EMV_EMPTY_VALUE 01"],
    ["a category of letters", "52045999", "5204599x", "EMV_FORMAT 52"],
    ["a country in small letters", "5802SG", "5802sg", "EMV_FORMAT 58"],
    ["the Malaysian version elsewhere", "000201", "000202", "EMV_PFI 00"],
    ["no account", "26210011COM.EXAMPLE010242", "", "EMV_MANDATORY_MISSING 02"],
  ] as const)("%s", ([, from, to, warning], { expect }) => {
    const text = sealed(PLAIN.replace(from, to));
    expect(errorOf(text, "strict")).toBe(warning);
    expect(warningsOf(text)).toContain(warning);
  });

  it("a line break of the scanner, nothing else around the payload", ({ expect }) => {
    const whole = sealed(PLAIN);
    for (const end of ["\n", "\r\n", "\r"]) {
      expect(errorOf(whole + end, "strict")).toBe("EMV_TRAILING_DATA null");
      expect(warningsOf(whole + end)).toEqual(["EMV_TRAILING_DATA null"]);
    }
    for (const text of [`${whole} `, ` ${whole}`, `\n${whole}`, `${whole}\0`, `\ufeff${whole}`]) {
      expect(parseEmv(text, "lenient").ok).toBe(false);
    }
    expect(errorOf(`\ufeff${whole}`, "lenient")).toBe("EMV_CHARSET null");
    expect(explainQr(`\ufeff${whole}`)).toMatchObject({ kind: "emvco" });
  });

  it("a CRC in lower case", ({ expect }) => {
    const whole = sealed(PLAIN);
    const lower = whole.slice(0, -4) + whole.slice(-4).toLowerCase();
    expect(lower).not.toBe(whole);
    expect(errorOf(lower, "strict")).toBe("EMV_CRC_CASE 63");
    expect(isEnvelope(lower)).toBe(true);
  });

  it("no second CRC, and nothing hidden behind the first as a duplicate", ({ expect }) => {
    const whole = sealed(PLAIN);
    expect(errorOf(sealed(whole), "lenient")).toBe("EMV_TRAILING_DATA null");
    // A country behind the CRC, with a CRC that fits as if it stood at the end.
    const hidden = (crc: string) => `${PLAIN}6304${crc}5802MY`;
    const crcs = Array.from({ length: 0x10000 }, (_, number) =>
      number.toString(16).toUpperCase().padStart(4, "0"),
    );
    const fitting = hidden(crcs.find((crc) => crc16(hidden(crc).slice(0, -4)) === crc) ?? "");
    expect(fitting).toHaveLength(PLAIN.length + 14);
    expect(errorOf(fitting, "lenient")).toBe("EMV_TRAILING_DATA null");
    expect(explainQr(fitting).crc).toBeNull();
  });

  it("no CRC whose upper case only looks right", ({ expect }) => {
    // One letter whose upper case is "FF".
    const withLigature = `${sealed(PLAIN).slice(0, -4)}\ufb00FFA`;
    expect(errorOf(withLigature, "lenient")).toBe("EMV_CRC_MISMATCH 63");
  });

  it("lengths in bytes, when lengths in characters make no sense", ({ expect }) => {
    const bytes = sealed(PLAIN.replace("5904SHOP", "5906微信"));
    const parsed = parseEmv(bytes, "lenient");
    expect(parsed).toMatchObject({ ok: true, value: { merchantName: "微信", city: "CITY" } });
    expect(warningsOf(bytes)).toContain("EMV_BYTE_LENGTHS null");
    expect(errorOf(bytes, "strict")).toBe("EMV_BYTE_LENGTHS null");
    expect(isEnvelope(bytes)).toBe(false);
    const inside = sealed(`${PLAIN}64160002ZH0106微信`);
    expect(parseEmv(inside, "lenient")).toMatchObject({
      value: { language: { language: "ZH", name: "微信" } },
    });
    // A length that ends within a character is none.
    expect(parseEmv(sealed(PLAIN.replace("5904SHOP", "5905微信")), "lenient").ok).toBe(false);
  });

  it("a broken template only where no scheme insists on it", ({ expect }) => {
    const text = sealed(PLAIN.replace("26210011COM.EXAMPLE010242", "26180009SG.PAYNOW01992"));
    expect(errorOf(text, "lenient")).toBe("EMV_TEMPLATE 26");
    const other = sealed(PLAIN.replace("26210011COM.EXAMPLE010242", "26180009SG.OTHER901992"));
    expect(warningsOf(other)).toContain("EMV_TEMPLATE 26");
  });

  it("remarks that no mode refuses", ({ expect }) => {
    const reserved = body("5904SHOP6503abc");
    expect(errorOf(reserved, "strict")).toBeNull();
    expect(warningsOf(reserved)).toEqual(["EMV_RESERVED_ID 65"]);
    const fixed = body("5904SHOP54041.00");
    expect(errorOf(fixed, "strict")).toBeNull();
    expect(warningsOf(fixed)).toEqual(["EMV_STATIC_AMOUNT 54"]);
    const unknown = sealed(PLAIN.replace("5303702", "5303999").replace("010211", "010212"));
    expect(errorOf(unknown, "strict")).toBeNull();
    expect(warningsOf(unknown)).toEqual(["EMV_CURRENCY 53"]);
  });

  it("more than 512 characters can be read, more than 2048 are not looked at", ({ expect }) => {
    const objects = ["81", "82", "83", "84", "85"].map((id) => `${id}99${"x".repeat(99)}`);
    expect(warningsOf(sealed(PLAIN + objects.join("")))).toEqual(["EMV_PAYLOAD_TOO_LONG null"]);
    expect(errorOf(`000201${"9".repeat(2_100)}`, "lenient")).toBe("EMV_INPUT_TOO_LONG null");
  });

  it("says everything at once to who wants to know", ({ expect }) => {
    const text = sealed(PLAIN.replace("5904SHOP", "5900").replace("5802SG", "5802sg"));
    const kinds = inspectEmv(text.replace(/.$/, "!")).findings.map(({ error }) => error.kind);
    expect(kinds[0]).toBe("EMV_CRC_MISMATCH");
    expect(kinds).toContain("EMV_EMPTY_VALUE");
    expect(kinds).toContain("EMV_FORMAT");
  });
});
