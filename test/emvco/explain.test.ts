/** What any text is said to be; and a hundred thousand hostile ones. */
import { describe, it } from "vitest";

import { crc16 } from "../../src/channels/emvco/crc.ts";
import { isEnvelope } from "../../src/channels/emvco/envelope.ts";
import { explainQr, type QrExplanation } from "../../src/channels/emvco/explain.ts";
import { parseEmv } from "../../src/channels/emvco/parse.ts";
import { duitNowCode } from "../../src/channels/emvco/duitnow-source.ts";
import { readBotBarcode } from "../../src/channels/emvco/schemes/bot-barcode.ts";
import { buildPayNow } from "../../src/channels/emvco/schemes/paynow.ts";
import { buildPromptPayBill } from "../../src/channels/emvco/schemes/promptpay-build.ts";
import { readPromptPaySlip } from "../../src/channels/emvco/schemes/promptpay-slip.ts";
import { parseTlv } from "../../src/channels/emvco/tlv.ts";
import type { Result } from "../../src/result.ts";
import { qrType } from "../../src/qr/classify.ts";
import vectors from "../vectors/emvco-qr.json" with { type: "json" };

const sealed = (body: string): string => `${body}6304${crc16(`${body}6304`)}`;
const vector = (id: string): string => vectors.vectors.find((one) => one.id === id)?.payload ?? "";

describe("explainQr", () => {
  it("tells a payment code as a reply of the API", ({ expect }) => {
    expect(explainQr(vector("paynow-31"))).toMatchObject({
      kind: "emvco",
      schemes: ["paynow"],
      country: "SG",
      currency: "SGD",
      amount: { currency: "SGD", value: 1_230 },
      merchant: {
        name: "TEST",
        city: "Singapore",
        id: { type: "uen", value: "53234567D" },
        reference: null,
      },
      single_use: true,
      expires_at: "2029-12-31T16:00:00.000Z",
      crc: { given: "B11A", expected: "B11A", valid: true },
      warnings: [],
      errors: [],
    });
    const { fields } = explainQr(vector("paynow-31"));
    expect(fields[2]).toEqual({
      id: "26",
      name: "Merchant account information",
      length: 48,
      value: "0009SG.PAYNOW01012020953234567D03010040820291231",
      fields: [
        { id: "00", name: "Application", length: 9, value: "SG.PAYNOW", fields: null },
        { id: "01", name: "Proxy type", length: 1, value: "2", fields: null },
        { id: "02", name: "Proxy value", length: 9, value: "53234567D", fields: null },
        { id: "03", name: "Amount may be changed", length: 1, value: "0", fields: null },
        { id: "04", name: "Expiry", length: 8, value: "20291231", fields: null },
      ],
    });
  });

  it.for([
    ["weixin://wxpay/bizpayurl?pr=1", "wechat_url", ["wechat"]],
    ["https://qr.alipay.com/bax1", "alipay_url", ["alipay"]],
    ["https://example.com", "url", []],
    ["http://qr.alipay.com/bax1", "url", []],
    ["alipays://platformapi", "opaque", []],
    ["", "opaque", []],
    ["000203", "opaque", []],
    ["AAAA0000", "opaque", []],
    ["\ud800", "opaque", []],
  ] as const)("%j is %s", ([text, kind, schemes], { expect }) => {
    const nothing = { name: null, city: null, id: null, reference: null };
    expect(explainQr(text)).toEqual({
      kind,
      schemes,
      country: null,
      currency: null,
      amount: null,
      merchant: nothing,
      single_use: null,
      expires_at: null,
      crc: null,
      fields: [],
      warnings: [],
      errors: [],
    });
  });

  it("reads Thai slips and barcodes, broken ones too", ({ expect }) => {
    const slip = vector("promptpay_slip-18");
    expect(explainQr(`${slip}\r\n`)).toMatchObject({
      kind: "promptpay_slip",
      schemes: ["promptpay"],
      merchant: { id: { type: "sending_bank", value: "014" }, reference: "00111222233344ABCD12" },
    });
    expect(explainQr(`${slip.slice(0, -1)}0`)).toMatchObject({
      kind: "promptpay_slip",
      errors: [{ code: "EMV_CRC_MISMATCH", id: "91" }],
    });
    const barcode = "|099400016550100\r123456789012\r670429\r364922";
    expect(explainQr(barcode)).toMatchObject({
      kind: "bot_barcode",
      amount: { currency: "THB", value: 364_922 },
      merchant: {
        id: { type: "biller_id", value: "099400016550100" },
        reference: "123456789012",
      },
    });
    expect(explainQr(`${barcode}x`)).toMatchObject({
      kind: "bot_barcode",
      errors: [{ code: "EMV_AMOUNT" }],
    });
  });

  it("says of a damaged code what can be said", ({ expect }) => {
    const whole = vector("paynow-31");
    expect(explainQr(`${whole.slice(0, -4)}0000`)).toMatchObject({
      kind: "emvco",
      schemes: ["paynow"],
      merchant: { name: "TEST" },
      crc: { given: "0000", expected: "B11A", valid: false },
      errors: [{ code: "EMV_CRC_MISMATCH", id: "63", at: expect.any(Number) }],
    });
    expect(explainQr(whole.slice(0, 70))).toMatchObject({
      schemes: ["paynow"],
      crc: null,
      errors: [{ code: "EMV_TLV_TRUNCATED" }],
    });
    expect(explainQr("000201")).toMatchObject({
      kind: "emvco",
      errors: [{ code: "EMV_CRC_MISSING" }],
    });
    expect(explainQr(`000201${"x".repeat(4_000)}`)).toMatchObject({
      kind: "emvco",
      fields: [],
      errors: [{ code: "EMV_INPUT_TOO_LONG" }],
    });
  });

  it("the earliest end counts where a code has several", ({ expect }) => {
    const day = (object: string, date: string) =>
      `${object}480009SG.PAYNOW01012020953234567D030110408${date}`;
    const text = sealed(
      `000201010211${day("26", "20301231")}${day("27", "20291231")}520400005303702` +
        "5802SG5902NA6009Singapore",
    );
    expect(explainQr(text)).toMatchObject({
      schemes: ["paynow"],
      expires_at: "2029-12-31T16:00:00.000Z",
      errors: [],
    });
  });
});

/** Small, seeded and plain: the same hundred thousand texts on every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

const CHARACTERS = [
  ...Array.from("01234567890001626354AZaz.|@*"),
  "\r",
  "\n",
  "\0",
  "\u007f",
  "\ufeff",
  "٣",
  "３",
  "é",
  "e\u0301",
  "微",
  "🧧",
  "\ud83e",
  "\udde7",
  "\uffff",
];

const whole = [
  ...vectors.vectors.map(({ payload }) => payload),
  "|099400016550100\r123456789012\r670429\r364922",
];

type Below = (below: number) => number;

const pick = <T>(list: readonly T[], below: Below, other: T): T =>
  list[below(list.length)] ?? other;
const noise = (below: Below, most: number): string =>
  Array.from({ length: below(most) }, () => pick(CHARACTERS, below, "0")).join("");

/** One to three cuts, insertions or replacements. */
function mutated(text: string, below: Below): string {
  let result = text;
  for (let times = below(3); times >= 0; times -= 1) {
    const at = below(result.length + 1);
    const kind = below(5);
    if (kind === 0) result = result.slice(0, at) + result.slice(at + 1 + below(4));
    else if (kind === 1) result = result.slice(0, at) + noise(below, 6) + result.slice(at);
    else if (kind === 2)
      result = result.slice(0, at) + pick(CHARACTERS, below, "0") + result.slice(at + 1);
    else if (kind === 3) result = result.slice(0, at);
    else result = result.slice(0, at) + pick(whole, below, "").slice(below(40)) + result.slice(at);
  }
  return result;
}

/** With a CRC that fits, so that what lies behind the CRC is reached. */
const resealed = (text: string): string => sealed(text.slice(0, -8));

/** Objects within objects within objects. */
function nested(below: Below): string {
  let text = noise(below, 5);
  for (let depth = below(40); depth >= 0; depth -= 1) {
    const id = pick(["26", "29", "38", "50", "62", "64", "80", "99", "01"], below, "26");
    text = `${id}${String(Math.min(text.length, 99)).padStart(2, "0")}${text}`;
  }
  return sealed(`000201${text}`);
}

const GENERATORS: readonly (readonly [
  name: string,
  count: number,
  make: (below: Below) => string,
])[] = [
  ["arbitrary texts", 30_000, (below) => noise(below, 120)],
  ["headers and noise", 15_000, (below) => `000201${noise(below, 120)}`],
  ["altered codes", 25_000, (below) => mutated(pick(whole, below, ""), below)],
  [
    "altered codes with a fitting CRC",
    25_000,
    (below) => resealed(mutated(pick(whole, below, ""), below)),
  ],
  ["nested templates", 8_000, nested],
  [
    "altered slips and barcodes",
    5_000,
    (below) => mutated(pick(whole.slice(-1).concat(whole.slice(16, 18)), below, ""), below),
  ],
  [
    "huge texts",
    200,
    (below) => pick(whole, below, "").repeat(1 + below(12)) + noise(below, 2_000),
  ],
];

const KINDS: ReadonlySet<string> = new Set<QrExplanation["kind"]>([
  "emvco",
  "wechat_url",
  "alipay_url",
  "url",
  "promptpay_slip",
  "bot_barcode",
  "opaque",
]);

const isTyped = (result: Result<unknown, { readonly kind: string; readonly message: string }>) =>
  result.ok || (result.error.kind.startsWith("EMV_") && result.error.message !== "");

const STRICTER: ReadonlySet<string> = new Set([
  "EMV_TRAILING_DATA",
  "EMV_INPUT_TOO_LONG",
  "EMV_CHARSET",
]);

/** Everything that takes a stranger's text; the name of the first thing that is not as it must be. */
function fault(text: string, seen?: Set<string>): string | null {
  const strict = parseEmv(text, "strict");
  const lenient = parseEmv(text, "lenient");
  const explained = explainQr(text);
  seen?.add(explained.kind);
  if (!isTyped(strict) || !isTyped(lenient)) return "an untyped result";
  if (strict.ok && !lenient.ok) return "strict is more than lenient";
  if (!KINDS.has(explained.kind)) return "an unknown kind";
  if (isEnvelope(text) && explained.kind !== "emvco") return "a code that is not told as one";
  if (lenient.ok && explained.errors.length > 0) return "an error that reading has not";
  if (explained.kind === "emvco" && !lenient.ok && explained.errors.length === 0) return "silence";
  const value = explained.amount?.value ?? 1;
  if (!Number.isSafeInteger(value) || value <= 0) return "an amount that is none";
  if (lenient.ok && lenient.value.crc.given.toUpperCase() !== lenient.value.crc.expected)
    return "CRC";
  if (!isTyped(parseTlv(text, "lenient"))) return "objects";
  if (!isTyped(readPromptPaySlip(text)) || !isTyped(readBotBarcode(text))) return "Thai forms";
  // The house's own classification takes a CRC in the middle, lone surrogates and any length.
  const stricter = explained.errors.some(({ code }) => STRICTER.has(code));
  const [ours, houses] = [isEnvelope(text), qrType(text) === "emvco_tlv"];
  if (ours !== houses && (ours || !stricter)) return "two truths";
  return null;
}

describe("hostile texts", () => {
  // Three seconds each on an idle machine; instrumented on a busy one, many more.
  it.for(GENERATORS)("%s: %d", { timeout: 120_000 }, ([name, count, make], { expect }) => {
    const below = numbers(0x1234_5678 + name.length);
    const seen = new Set<string>();
    for (let time = 0; time < count; time += 1) {
      const text = make(below);
      const wrong = fault(text, seen);
      if (wrong !== null) expect.fail(`${wrong}: ${JSON.stringify(text)}`);
    }
    // The generator reaches what it is meant for.
    expect(
      seen.has(name === "arbitrary texts" ? "opaque" : "emvco") || seen.has("bot_barcode"),
    ).toBe(true);
  });

  it("are a hundred thousand at least", ({ expect }) => {
    expect(GENERATORS.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThanOrEqual(100_000);
  });

  it("enough of the altered ones get past the CRC", ({ expect }) => {
    const below = numbers(7);
    let accepted = 0;
    for (let time = 0; time < 2_000; time += 1) {
      const text = resealed(mutated(pick(whole, below, ""), below));
      if (parseEmv(text, "lenient").ok) accepted += 1;
    }
    expect(accepted).toBeGreaterThan(100);
  });

  it("as inputs of builders are refused, or written to be read", ({ expect }) => {
    const below = numbers(99);
    let written = 0;
    for (let time = 0; time < 10_000; time += 1) {
      const value = below(5) === 0 ? "12345678A" : noise(below, 20);
      const amount = { currency: pick(["SGD", "THB", "MYR"], below, "SGD"), value: below(7) * 1.5 };
      const reference = below(2) === 0 ? "R1" : noise(below, 30);
      const made = [
        buildPayNow({
          proxy: { type: "uen", value },
          amount: below(2) === 0 ? null : amount,
          reference,
          merchantName: noise(below, 40),
          city: noise(below, 20),
          expiry: below(3) === 0 ? noise(below, 14) : null,
        }),
        buildPromptPayBill({
          billerId: below(2) === 0 ? "099400016550100" : value,
          ref1: reference,
          amount,
          merchantName: noise(below, 40),
        }),
        duitNowCode(
          { kind: "compose", acquirerId: "588734", merchantId: value },
          { amount, reference },
        ),
        duitNowCode(
          { kind: "template", payload: mutated(pick(whole, below, ""), below) },
          { amount, reference },
        ),
      ];
      for (const one of made) {
        if (!one.ok) {
          expect(isTyped(one)).toBe(true);
          continue;
        }
        written += 1;
        const read = parseEmv(one.value, "strict");
        if (!read.ok) expect.fail(`${one.value} ${JSON.stringify(read.error)}`);
      }
    }
    expect(written).toBeGreaterThan(500);
  });

  it("that would make a regular expression run away are read in no time", ({ expect }) => {
    const lines = "\r\n".repeat(1_000);
    const texts = [
      `000201${lines}x`,
      `|${"0".repeat(4_000)}`,
      `+${"8".repeat(4_000)}`,
      " ".repeat(4_096),
    ];
    for (const text of texts) expect(fault(text)).toBeNull();
  });
});
