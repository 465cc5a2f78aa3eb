/** Published payloads: every object, every CRC, and what strict reading makes of each. */
import { describe, it } from "vitest";

import type { Money } from "../../src/money.ts";
import { crc16 } from "../../src/channels/emvco/crc.ts";
import { isEnvelope } from "../../src/channels/emvco/envelope.ts";
import { explainQr, type QrField } from "../../src/channels/emvco/explain.ts";
import { parseEmv } from "../../src/channels/emvco/parse.ts";
import { buildBotBarcode, readBotBarcode } from "../../src/channels/emvco/schemes/bot-barcode.ts";
import { buildDuitNow } from "../../src/channels/emvco/schemes/duitnow.ts";
import { buildKhqr } from "../../src/channels/emvco/schemes/khqr.ts";
import { buildPayNow } from "../../src/channels/emvco/schemes/paynow.ts";
import {
  buildPromptPayBill,
  buildPromptPayTransfer,
  trueMoneyWallet,
} from "../../src/channels/emvco/schemes/promptpay-build.ts";
import {
  buildPromptPaySlip,
  readPromptPaySlip,
} from "../../src/channels/emvco/schemes/promptpay-slip.ts";
import { buildVietQr } from "../../src/channels/emvco/schemes/vietqr.ts";
import { qrType } from "../../src/qr/classify.ts";
import vectors from "../vectors/emvco-qr.json" with { type: "json" };

interface Vector {
  readonly id: string;
  readonly scheme: string;
  readonly payload: string;
  readonly length: number;
  readonly crc: string;
  readonly tagOrder: readonly string[];
  readonly root: Readonly<Record<string, string>>;
  readonly templates: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly emvMandatoryMissing?: readonly string[];
  readonly zeroLengthTags?: readonly string[];
}

const all = vectors.vectors as unknown as readonly Vector[];
const payloadOf = (id: string): string => all.find((one) => one.id === id)?.payload ?? "";
const slips = all.filter(({ scheme }) => scheme === "promptpay_slip");
const payloads = all.filter(({ scheme }) => scheme !== "promptpay_slip");

/** What strict reading refuses, and why; everything else passes. */
const STRICT: Readonly<Record<string, readonly [kind: string, id: string]>> = {
  "paynow-22": ["EMV_EMPTY_VALUE", "59"],
  "paynow-24": ["EMV_EMPTY_VALUE", "59"],
  "paynow-25": ["EMV_EMPTY_VALUE", "59"],
  "paynow-26": ["EMV_EMPTY_VALUE", "62.01"],
  "paynow-27": ["EMV_EMPTY_VALUE", "59"],
  "paynow-28": ["EMV_EMPTY_VALUE", "59"],
  // The label of the specification itself: a fixed amount (03 = 0) without an amount.
  "sgqr-39": ["EMV_SCHEME", "36.03"],
  "duitnow-47": ["EMV_AMOUNT", "54"],
  "vietqr-55": ["EMV_CRC_CASE", "63"],
};

/** The slug that each of the collection's groups is recognised by. */
const SLUGS: Readonly<Record<string, string | null>> = {
  promptpay: "promptpay",
  promptpay_bill: "promptpay",
  paynow: "paynow",
  sgqr: "sgqr",
  sgqr_alipay_wechat: "sgqr",
  duitnow: "duitnow",
  duitnow_jompay: "duitnow",
  vietqr: "vietqr",
  khqr: "khqr",
  emvco: null,
};

describe("the collection", () => {
  it("has all of them", ({ expect }) => {
    expect(all).toHaveLength(59);
    expect(new Set(all.map(({ payload }) => payload)).size).toBe(57);
    expect(payloads).toHaveLength(57);
    expect(vectors.negative).toHaveLength(10);
    expect(crc16(vectors.crcCheck.input)).toBe(vectors.crcCheck.expected);
  });

  it.for(payloads)("reads $id as published", (vector, { expect }) => {
    const parsed = parseEmv(vector.payload, "lenient");
    expect(parsed).toMatchObject({ ok: true });
    if (!parsed.ok) return;
    const { objects, crc, missing } = parsed.value;
    expect(objects.map(({ id }) => id)).toEqual(vector.tagOrder);
    expect(Object.fromEntries(objects.map(({ id, value }) => [id, value]))).toEqual(vector.root);
    for (const [id, inner] of Object.entries(vector.templates)) {
      const children = objects.find((one) => one.id === id)?.children ?? [];
      expect(Object.fromEntries(children.map((one) => [one.id, one.value]))).toEqual(inner);
    }
    expect(crc).toEqual({ given: vector.crc, expected: vector.crc.toUpperCase(), valid: true });
    const empty = vector.zeroLengthTags ?? [];
    expect(missing.filter((id) => !empty.includes(id))).toEqual(vector.emvMandatoryMissing);
    expect(Array.from(vector.payload)).toHaveLength(vector.length);
  });

  it.for(payloads)("recognises $id", ({ id, scheme, payload }, { expect }) => {
    const { schemes, kind, errors } = explainQr(payload);
    expect(kind).toBe("emvco");
    expect(errors).toEqual([]);
    const slug = id === "vietqr-56" ? "vnpay" : (SLUGS[scheme] ?? null);
    expect(schemes.includes(slug ?? "")).toBe(slug !== null);
    if (slug === null) expect(schemes).toEqual([]);
  });

  it.for(payloads)("strict reading of $id", ({ id, payload }, { expect }) => {
    const strict = parseEmv(payload, "strict");
    const refused = STRICT[id];
    expect(strict.ok).toBe(refused === undefined);
    if (!strict.ok) expect([strict.error.kind, strict.error.id]).toEqual(refused);
  });

  it.for(vectors.negative)("refuses in both modes: $why", ({ payload }, { expect }) => {
    expect(parseEmv(payload, "strict").ok).toBe(false);
    expect(parseEmv(payload, "lenient").ok).toBe(false);
    expect(isEnvelope(payload)).toBe(false);
    const { kind, errors } = explainQr(payload);
    expect(kind === "emvco" ? errors.length > 0 : kind === "opaque").toBe(true);
  });

  it("names the fault of each negative", ({ expect }) => {
    const faults = vectors.negative.map(({ payload }) => {
      const parsed = parseEmv(payload, "lenient");
      return parsed.ok ? null : [parsed.error.kind, parsed.error.id, parsed.error.at];
    });
    expect(faults).toEqual([
      ["EMV_CRC_MISMATCH", "63", 75],
      ["EMV_TLV_HEADER", null, 0],
      ["EMV_CRC_MISMATCH", "63", 109],
      ["EMV_CRC_MISMATCH", "63", 117],
      ["EMV_TLV_TRUNCATED", "29", 12],
      ["EMV_CRC_MISMATCH", "63", 168],
      ["EMV_TLV_TRUNCATED", "63", 66],
      ["EMV_PFI", "00", 0],
      ["EMV_TRAILING_DATA", null, 74],
      ["EMV_TLV_TRUNCATED", "29", 12],
    ]);
    expect(parseEmv(vectors.negative[5]?.payload ?? "")).toMatchObject({
      error: { given: "0870", expected: "B90C" },
    });
  });

  it("agrees with qr.type about every one of them", ({ expect }) => {
    const texts = [...all, ...vectors.negative].map(({ payload }) => payload);
    for (const text of texts) expect(isEnvelope(text)).toBe(qrType(text) === "emvco_tlv");
  });
});

describe("slips and barcodes", () => {
  it.for(slips)("reads and makes $id", ({ payload, crc }, { expect }) => {
    const slip = readPromptPaySlip(payload);
    expect(slip).toMatchObject({ ok: true, value: { crc: { given: crc, expected: crc } } });
    if (slip.ok) expect(buildPromptPaySlip(slip.value)).toEqual({ ok: true, value: payload });
    expect(parseEmv(payload, "lenient")).toMatchObject({ ok: false, error: { kind: "EMV_PFI" } });
    expect(explainQr(payload)).toMatchObject({
      kind: "promptpay_slip",
      crc: { given: crc, expected: crc, valid: true },
      errors: [],
    });
  });

  it("reads the bank and the reference of a slip", ({ expect }) => {
    expect(slips.map(({ payload }) => readPromptPaySlip(payload))).toMatchObject([
      { value: { sendingBank: "002", transferReference: "0002123123121200011" } },
      { value: { sendingBank: "014", transferReference: "00111222233344ABCD12" } },
    ]);
  });

  it.for([
    ["a wrong CRC", "004000060000010103002021900021231231212000115102TH91049C31"],
    ["no CRC", "004000060000010103002021900021231231212000115102TH"],
    ["another interface", "004000060000020103002021900021231231212000115102TH9104B9A3"],
    ["a payment code", payloadOf("promptpay-01")],
    ["nothing", ""],
  ] as const)("refuses as a slip: %s", ([, text], { expect }) => {
    expect(readPromptPaySlip(text).ok).toBe(false);
  });

  it("reads and writes the barcode of bills", ({ expect }) => {
    const text = "|099400016550100\r123456789012\r670429\r364922";
    const content = {
      billerId: "099400016550100",
      ref1: "123456789012",
      ref2: "670429",
      amount: { currency: "THB", value: 364_922 },
    };
    expect(readBotBarcode(text)).toEqual({ ok: true, value: content });
    expect(buildBotBarcode(content)).toEqual({ ok: true, value: text });
    const open = { billerId: "099999999999990", ref1: "111222333444" };
    expect(buildBotBarcode(open)).toEqual({
      ok: true,
      value: "|099999999999990\r111222333444\r\r0",
    });
    expect(readBotBarcode("|099999999999990\r111222333444\r\r0\n")).toMatchObject({
      value: { ref2: null, amount: null },
    });
  });

  it.for([
    "099400016550100\r1\r\r0",
    "|099400016550100\r1\r",
    "|099400016550100\r1\r\r0\r",
    "|09940001655010\u0661\r1\r\r0",
    "|099400016550100\r\r\r0",
    "|099400016550100\r1\r\r1.5",
    "|099400016550100\r1\r\r99999999999",
    "|099400016550100\r123456789012345678901\r\r0",
    "",
  ])("refuses the barcode %j", (text, { expect }) => {
    expect(readBotBarcode(text).ok).toBe(false);
  });

  it("lets no reference become two fields", ({ expect }) => {
    const base = { billerId: "099400016550100", ref1: "1" };
    expect(buildBotBarcode({ ...base, ref2: "1\r2" }).ok).toBe(false);
    expect(buildBotBarcode({ ...base, amount: { currency: "THB", value: 0 } }).ok).toBe(false);
    expect(buildBotBarcode({ ...base, amount: { currency: "USD", value: 1 } }).ok).toBe(false);
  });
});

const thb = (value: number): Money => ({ currency: "THB", value });
const mobile = (value: string) => ({ type: "mobile", value }) as const;
const id13 = (value: string) => ({ type: "national_id", value }) as const;
const countryFirst = { order: "country_first" } as const;
const payee = { proxy: { type: "uen", value: "12345678A" } } as const;
const duitnow = { acquirerId: "501664", merchantId: "123456789", city: "BANGI" };
const trueMoney = { type: "ewallet", value: trueMoneyWallet("080-111-1111") } as const;

/** Input of our builders → the published string, byte for byte. */
const MADE = {
  "promptpay-01": buildPromptPayTransfer({ proxy: mobile("0801234567"), ...countryFirst }),
  "promptpay-02": buildPromptPayTransfer({ proxy: mobile("080-123-4567"), ...countryFirst }),
  "promptpay-03": buildPromptPayTransfer({ proxy: mobile("+66-89-123-4567"), ...countryFirst }),
  "promptpay-04": buildPromptPayTransfer({ proxy: id13("1111111111111"), ...countryFirst }),
  "promptpay-05": buildPromptPayTransfer({ proxy: id13("1-1111-11111-11-1"), ...countryFirst }),
  "promptpay-06": buildPromptPayTransfer({ proxy: id13("0123456789012"), ...countryFirst }),
  "promptpay-07": buildPromptPayTransfer({
    proxy: { type: "ewallet", value: "012345678901234" },
    ...countryFirst,
  }),
  "promptpay-08": buildPromptPayTransfer({
    proxy: mobile("000-000-0000"),
    amount: thb(422),
    ...countryFirst,
  }),
  "promptpay-09": buildPromptPayTransfer({ proxy: mobile("0801111111"), amount: thb(2_015) }),
  "promptpay-10": buildPromptPayTransfer({ proxy: mobile("0812223333") }),
  "promptpay-11": buildPromptPayTransfer({ proxy: mobile("0812223333"), amount: thb(3_000) }),
  "promptpay-12": buildPromptPayTransfer({ proxy: trueMoney }),
  "promptpay-13": buildPromptPayTransfer({
    proxy: trueMoney,
    amount: thb(1_005),
    message: "Hello World!",
  }),
  "promptpay_bill-14": buildPromptPayBill({
    billerId: "0112233445566",
    ref1: "CUSTOMER001",
    ref2: "INV001",
    ref3: "SCB",
  }),
  "promptpay_bill-15": buildPromptPayBill({ billerId: "099999999999990", ref1: "111222333444" }),
  "promptpay_bill-16": buildPromptPayBill({
    billerId: "099400016550100",
    ref1: "123456789012",
    ref2: "670429",
    amount: thb(364_922),
  }),
  "paynow-21": buildPayNow({
    ...payee,
    amount: { currency: "SGD", value: 9_999 },
    editable: true,
    expiry: "20241130230000",
    merchantName: "TEST COMPANY",
    reference: "TESTQRCODE",
  }),
  "duitnow-40": buildDuitNow({
    ...duitnow,
    mcc: "9999",
    amount: { currency: "MYR", value: 1_000 },
    merchantName: "QRCSDNBHD",
    initiation: "11",
  }),
  "duitnow-41": buildDuitNow({
    ...duitnow,
    amount: { currency: "MYR", value: 1_000 },
    merchantName: "AUSERNAME",
    initiation: "11",
  }),
  "vietqr-52": buildVietQr({ bin: "970416", account: "257678859" }),
  "vietqr-53": buildVietQr({
    bin: "970416",
    account: "257678859",
    amount: { currency: "VND", value: 1_000 },
    message: "Chuyen tien",
  }),
  "vietqr-54": buildVietQr({
    bin: "970416",
    account: "257678859",
    amount: { currency: "VND", value: 999_999 },
    message: "Cam on nhe",
  }),
} as const;

describe("built from input", () => {
  it.for(Object.entries(MADE))("%s", ([id, made], { expect }) => {
    expect(made).toEqual({ ok: true, value: payloadOf(id) });
  });

  /** Libraries write "1.0", "500" and "0.5"; we write two decimals, and mean the same. */
  it.for([
    ["paynow-29", "201403121W", 50_000, true, "20201231", "TQINV-10001", "ACME Pte Ltd."],
    ["paynow-30", "201403121W", 50, false, "20301231", "A1", "ACME"],
    ["paynow-31", "53234567D", 1_230, false, "20291231", null, "TEST"],
    ["paynow-32", "201403121W", 100_000, true, "20271231", "INV-2025-000123", "COMPANY"],
  ] as const)(
    "%s, apart from the spelling of the amount",
    ([id, uen, value, editable, expiry, reference, merchantName], { expect }) => {
      const made = buildPayNow({
        proxy: { type: "uen", value: uen },
        amount: { currency: "SGD", value },
        editable,
        expiry,
        reference,
        merchantName,
      });
      const ours = made.ok ? parseEmv(made.value) : made;
      const theirs = parseEmv(payloadOf(id));
      const meaning = (read: typeof theirs) =>
        read.ok && { ...read.value, objects: [], crc: null, amount: read.value.amount?.value };
      // Positions move with the length of the amount.
      const plain = (read: typeof theirs) =>
        JSON.parse(JSON.stringify(meaning(read)).replaceAll(/"at":\d+/g, '"at":0')) as unknown;
      expect(ours.ok).toBe(true);
      if (ours.ok) expect(plain(ours)).toEqual(plain(theirs));
    },
  );

  it("vietqr-55 apart from the case of its CRC", ({ expect }) => {
    const made = buildVietQr({ bin: "970422", account: "0300000002" });
    const theirs = payloadOf("vietqr-55");
    expect(made).toEqual({ ok: true, value: theirs.slice(0, -4) + theirs.slice(-4).toUpperCase() });
  });

  it("khqr-58 by its account, without the other language", ({ expect }) => {
    const made = buildKhqr({
      kind: "merchant",
      bakongAccount: "khqr@aclb",
      account: "85512464906",
      acquiringBank: "ACLEDA Bank Plc",
      currency: "USD",
      mcc: "5931",
      merchantName: "KHQR TESTING",
    });
    const theirs = parseEmv(payloadOf("khqr-58"));
    const ours = made.ok ? parseEmv(made.value) : made;
    if (!ours.ok || !theirs.ok) return expect.fail("both can be read");
    const [a, b] = [ours.value.schemes[0], theirs.value.schemes[0]];
    expect(a?.details).toEqual(b?.details);
    expect(ours.value.merchantName).toBe(theirs.value.merchantName);
  });
});

const named = (fields: readonly QrField[], path: string): string | null | undefined => {
  const [id, ...rest] = path.split(".");
  const field = fields.find((one) => one.id === id);
  return rest.length === 0 ? field?.name : named(field?.fields ?? [], rest.join("."));
};

describe("by meaning", () => {
  const parse = (id: string) => {
    const parsed = parseEmv(payloadOf(id), "lenient");
    if (!parsed.ok) throw new Error(id);
    return parsed.value;
  };

  it("the example of the specification, with another language", ({ expect }) => {
    expect(parse("emvco-51")).toMatchObject({
      version: "01",
      initiation: "dynamic",
      mcc: "4111",
      currency: { numeric: "156", code: "CNY", decimals: 2 },
      amount: { text: "23.72", value: 2_372 },
      tip: { kind: "prompt" },
      country: "CN",
      merchantName: "BEST TRANSPORT",
      city: "BEIJING",
      additionalData: {
        storeLabel: "1234",
        customerLabel: "***",
        terminalLabel: "A6008667",
        consumerDataRequest: "ME",
      },
      language: { language: "ZH", name: "最佳运输", city: "北京" },
      warnings: [],
    });
    const accounts = parse("emvco-51").accounts.map(({ id, guid }) => [id, guid]);
    expect(accounts).toEqual([
      ["29", "D15600000000"],
      ["31", "D15600000001"],
    ]);
  });

  it("PromptPay: both bill and bank interface in one code", ({ expect }) => {
    const { schemes } = parse("promptpay_bill-19");
    expect(schemes).toMatchObject([
      {
        scheme: "promptpay",
        id: "30",
        payee: { type: "biller_id", value: "0105558080778" },
        reference: "LEX11000002",
        details: { kind: "bill_payment", ref1: "LEX11000002", ref2: "LEX0260393069" },
      },
      { id: "31", details: { kind: "bank_interface", acquirer: "004" } },
    ]);
    expect(parse("promptpay-13").schemes[0]).toMatchObject({
      payee: { type: "ewallet", value: "140000801111111" },
      details: { kind: "credit_transfer", message: "Hello World!" },
    });
    expect(parse("promptpay-03").schemes[0]?.payee).toEqual({
      type: "mobile",
      value: "+66891234567",
    });
  });

  it("PayNow: proxies, expiry in Singapore, a reference of the older table", ({ expect }) => {
    expect(parse("paynow-20").schemes[0]).toMatchObject({
      payee: { type: "mobile", value: "+6512345678" },
      reference: "BILLNO",
      // The last day is 31 December in Singapore.
      expiresAt: Date.UTC(2030, 11, 31, 16),
      details: { editable: false, expiry: "20301231" },
    });
    expect(parse("paynow-21").schemes[0]?.expiresAt).toBe(Date.UTC(2024, 10, 30, 15));
    expect(parse("paynow-23").schemes[0]?.payee).toEqual({
      type: "vpa",
      value: "UEN201422384R#WISE",
    });
    const label = parse("sgqr-39").schemes.find(({ scheme }) => scheme === "paynow");
    expect(label).toMatchObject({
      id: "36",
      reference: "1234567R",
      details: {
        expiry: "20201231",
        labelReference: "12345678901234567890123456789012345",
      },
    });
  });

  it("SGQR: the label and every wallet on it", ({ expect }) => {
    const slugs = explainQr(payloadOf("sgqr-39")).schemes;
    for (const slug of ["sgqr", "visa", "mastercard", "unionpay", "paynow", "nets", "wechat"]) {
      expect(slugs).toContain(slug);
    }
    expect(slugs).toHaveLength(new Set(slugs).size);
    expect(parse("sgqr-33").schemes.find(({ scheme }) => scheme === "sgqr")?.details).toEqual({
      label: "1809072DD85C",
      version: "01.0001",
      postalCode: "079027",
      level: "01",
      unit: "06",
      miscellaneous: "0000",
      versionDate: "20180915",
    });
    expect(parse("sgqr-39").warnings.map(({ code }) => code)).toContain("EMV_PAYLOAD_TOO_LONG");
  });

  it("DuitNow: acquirers, hash, JomPAY, and a zero amount that is none", ({ expect }) => {
    expect(parse("duitnow-44").schemes[0]).toMatchObject({
      payee: { type: "merchant_id", value: "0000000000000000000000072339" },
      reference: "0.1626.0",
      details: {
        kind: "merchant",
        acquirer: "Fiuu",
        integrity: "7FFC1AC00E99EA2D7A0D7BB79755736A",
      },
    });
    expect(parse("duitnow_jompay-43").schemes[0]).toMatchObject({
      reference: "0124007552406",
      details: { kind: "jompay", acquirer: "JomPAY", billReference: "0124007552406" },
    });
    expect(parse("duitnow-47").amount).toEqual({ text: "00.00", value: null });
    expect(explainQr(payloadOf("duitnow-47")).amount).toBeNull();
  });

  it("VietQR, VNPay and KHQR", ({ expect }) => {
    expect(parse("vietqr-53").schemes[0]).toMatchObject({
      payee: { type: "bank_account", value: "257678859" },
      details: { bin: "970416", service: "account", message: "Chuyen tien" },
    });
    expect(parse("vietqr-53").amount).toEqual({ text: "1000", value: 1_000 });
    expect(parse("vietqr-56").schemes[0]?.payee).toEqual({
      type: "merchant_id",
      value: "0108799042",
    });
    expect(parse("khqr-57").schemes.map(({ scheme }) => scheme)).toEqual(["khqr", "unionpay"]);
    // Riel have minor units that nobody uses: 1000 is a thousand riel.
    expect(explainQr(payloadOf("khqr-57")).amount).toEqual({ currency: "KHR", value: 100_000 });
  });

  it("names the objects", ({ expect }) => {
    const { fields } = explainQr(payloadOf("vietqr-53"));
    expect(named(fields, "00")).toBe("Payload format indicator");
    expect(named(fields, "38")).toBe("Merchant account information");
    expect(named(fields, "38.01.00")).toBe("Bank (BIN)");
    expect(named(fields, "62.08")).toBe("Purpose of transaction");
    const paynow = explainQr(payloadOf("paynow-20")).fields;
    expect(named(paynow, "26.02")).toBe("Proxy value");
    expect(named(paynow, "62.50")).toBe("Payment system template");
    expect(named(paynow, "62.50.00")).toBe("Identifier");
    expect(named(paynow, "62.50.01")).toBeNull();
    const jompay = explainQr(payloadOf("duitnow_jompay-43")).fields;
    expect(named(jompay, "62.90")).toBe("Recipient reference");
    expect(named(jompay, "82")).toBe("Integrity hash of the acquirer");
    const cards = explainQr(payloadOf("khqr-59")).fields;
    expect(named(cards, "02")).toBe("Merchant account, Visa");
    expect(named(cards, "99.00")).toBe("Created");
  });
});
