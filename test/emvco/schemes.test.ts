/** National schemes: what their builders refuse, and that their readers understand what is built. */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import { crc16 } from "../../src/channels/emvco/crc.ts";
import { duitNowCode } from "../../src/channels/emvco/duitnow-source.ts";
import { explainQr } from "../../src/channels/emvco/explain.ts";
import type { EmvError } from "../../src/channels/emvco/issues.ts";
import { type EmvPayload, parseEmv } from "../../src/channels/emvco/parse.ts";
import { recogniseSchemes, SCHEMES } from "../../src/channels/emvco/schemes.ts";
import { buildDuitNow } from "../../src/channels/emvco/schemes/duitnow.ts";
import { buildFps, type FpsInput } from "../../src/channels/emvco/schemes/fps.ts";
import { buildKhqr } from "../../src/channels/emvco/schemes/khqr.ts";
import {
  buildPayNow,
  payNowExpiry,
  type PayNowInput,
} from "../../src/channels/emvco/schemes/paynow.ts";
import {
  buildPromptPayBill,
  buildPromptPayTransfer,
  promptPayReference,
} from "../../src/channels/emvco/schemes/promptpay-build.ts";
import { buildQris, type QrisInput } from "../../src/channels/emvco/schemes/qris.ts";
import { buildQrPh } from "../../src/channels/emvco/schemes/qrph.ts";
import { zonedTime } from "../../src/channels/emvco/schemes/scheme.ts";
import { buildVietQr } from "../../src/channels/emvco/schemes/vietqr.ts";
import { dynamicFromTemplate } from "../../src/channels/emvco/template.ts";
import type { Result } from "../../src/result.ts";
import vectors from "../vectors/emvco-qr.json" with { type: "json" };

type Built = Result<string, EmvError>;

const vector = (id: string): string => vectors.vectors.find((one) => one.id === id)?.payload ?? "";

const sealed = (body: string): string => `${body}6304${crc16(`${body}6304`)}`;

/** Strictly read; every built code must be. */
function read(built: Built): EmvPayload {
  if (!built.ok) throw new Error(JSON.stringify(built.error));
  const parsed = parseEmv(built.value, "strict");
  if (!parsed.ok) throw new Error(`${built.value} ${JSON.stringify(parsed.error)}`);
  return parsed.value;
}

const refused = (built: Built) => (built.ok ? built.value : [built.error.kind, built.error.id]);

const thb = (value: number) => ({ currency: "THB", value });
const sgd = (value: number) => ({ currency: "SGD", value });
const myr = (value: number) => ({ currency: "MYR", value });

const minor = fc.integer({ min: 1, max: 999_999_999 });
const alnum = (min: number, max: number) =>
  fc.stringMatching(new RegExp(`^[0-9A-Z]{${min},${max}}$`));
const label = fc.stringMatching(/^[!-~]{1,25}$/);

describe("PromptPay", () => {
  const bill = { billerId: "099400016550100", ref1: "ORDER1" };
  const transfer = (type: "mobile" | "national_id" | "ewallet" | "bank_account", value: string) =>
    refused(buildPromptPayTransfer({ proxy: { type, value } }));

  it("bill payments come back with their references", ({ expect }) => {
    fc.assert(
      fc.property(alnum(1, 20), alnum(1, 20), label, minor, (ref1, ref2, ref3, value) => {
        const code = read(buildPromptPayBill({ ...bill, ref1, ref2, ref3, amount: thb(value) }));
        expect(code.schemes).toMatchObject([
          {
            scheme: "promptpay",
            reference: ref1,
            details: { kind: "bill_payment", billerId: bill.billerId, ref1, ref2, ref3 },
          },
        ]);
        expect(code.amount?.value).toBe(value);
        expect(code.initiation).toBe("dynamic");
      }),
    );
  });

  it("mobile numbers in every spelling are one", ({ expect }) => {
    const spellings = [
      "0812345678",
      "081-234-5678",
      "+66 81 234 5678",
      "66812345678",
      "(081) 2345678",
    ];
    const codes = spellings.map((value) =>
      buildPromptPayTransfer({ proxy: { type: "mobile", value } }),
    );
    expect(new Set(codes.map((code) => code.ok && code.value)).size).toBe(1);
    expect(read(codes[0] ?? { ok: true, value: "" }).schemes[0]?.payee).toEqual({
      type: "mobile",
      value: "+66812345678",
    });
  });

  it("takes bank accounts and e-wallets", ({ expect }) => {
    const account = { type: "bank_account", value: "004-123-4-56789-0" } as const;
    expect(read(buildPromptPayTransfer({ proxy: account })).schemes[0]).toMatchObject({
      payee: { type: "bank_account", value: "0041234567890" },
    });
  });

  it.for([
    ["mobile", ""],
    ["mobile", "081234567"],
    ["mobile", "08123456789"],
    ["mobile", "+6591234567"],
    ["mobile", "O812345678"],
    ["mobile", "٠٨١٢٣٤٥٦٧٨"],
    ["national_id", "123456789012"],
    ["national_id", "12345678901234"],
    ["ewallet", "14000081234567"],
    ["bank_account", "004"],
    ["bank_account", "1".repeat(44)],
  ] as const)("refuses the %s %j", ([type, value], { expect }) => {
    expect(transfer(type, value)).toEqual(["EMV_FORMAT", expect.stringMatching(/^29\.0[1-4]$/)]);
  });

  it.for([
    [{ billerId: "12345678901234" }, "EMV_FORMAT", "30.01"],
    [{ billerId: "0994000165501000" }, "EMV_FORMAT", "30.01"],
    [{ billerId: "09940001655010x" }, "EMV_FORMAT", "30.01"],
    [{ ref1: "" }, "EMV_CHARSET", "30.02"],
    [{ ref1: "order1" }, "EMV_CHARSET", "30.02"],
    [{ ref1: "ORDER-1" }, "EMV_CHARSET", "30.02"],
    [{ ref1: "X".repeat(21) }, "EMV_CHARSET", "30.02"],
    [{ ref2: "" }, "EMV_CHARSET", "30.03"],
    [{ ref3: "" }, "EMV_FORMAT", "62.07"],
    [{ ref3: "X".repeat(26) }, "EMV_VALUE_TOO_LONG", "62.07"],
    [{ amount: { currency: "USD", value: 100 } }, "EMV_CURRENCY", "53"],
    [{ amount: thb(0) }, "EMV_AMOUNT", "54"],
    [{ amount: thb(-1) }, "EMV_AMOUNT", "54"],
    [{ amount: thb(0.5) }, "EMV_AMOUNT", "54"],
    [{ amount: thb(1_000_000_000_000) }, "EMV_AMOUNT", "54"],
  ] as const)("refuses a bill with %j", ([change, kind, id], { expect }) => {
    expect(refused(buildPromptPayBill({ ...bill, ...change }))).toEqual([kind, id]);
  });

  it("makes references that it takes", ({ expect }) => {
    expect(promptPayReference("pi_01h5mkvqs8kzr9p7c3x2d4f6g8")).toBe("PI01H5MKVQS8KZR9P7C3");
    fc.assert(
      fc.property(fc.string(), (text) => {
        const ref1 = promptPayReference(text);
        expect(buildPromptPayBill({ ...bill, ref1 }).ok).toBe(ref1 !== "");
      }),
    );
  });

  it("the merchant decides about the point of initiation", ({ expect }) => {
    const of = (initiation: "auto" | "11" | "12", amount: number | null) =>
      read(
        buildPromptPayBill({ ...bill, initiation, amount: amount === null ? null : thb(amount) }),
      ).initiation;
    expect([of("auto", 1), of("auto", null)]).toEqual(["dynamic", "static"]);
    expect([of("11", 1), of("12", null)]).toEqual(["static", "dynamic"]);
  });

  it("takes a name and a city where the merchant wants them", ({ expect }) => {
    const code = read(
      buildPromptPayBill({ ...bill, merchantName: "Café ร้าน", city: "Bangkok", mcc: "5812" }),
    );
    expect(code).toMatchObject({ merchantName: "Cafe", city: "Bangkok", mcc: "5812", missing: [] });
  });

  it.for([
    // The adapter document's own mistake: the bill application in the transfer's object.
    ["the bill application in 29", "29370016A00000067701011201130112233445566", "29.00"],
    ["no proxy", "29200016A000000677010111", "29"],
    ["two proxies", "29540016A0000006770101110113006681234567802131111111111111", "29"],
    ["a short mobile", "29330016A0000006770101110109081234567", "29.01"],
    ["a bill without reference", "30390016A0000006770101120115099400016550100", "30.02"],
    ["a biller of letters", "30350016A00000067701011201021x02051ORDE", "30.01"],
  ] as const)("strict reading refuses %s", ([, account, id], { expect }) => {
    const length = String(account.length - 4).padStart(2, "0");
    const fitting = account.slice(0, 2) + length + account.slice(4);
    const text = sealed(`000201010211${fitting}53037645802TH`);
    expect(parseEmv(text, "strict")).toMatchObject({
      ok: false,
      error: { kind: "EMV_SCHEME", id },
    });
    expect(parseEmv(text, "lenient").ok).toBe(true);
  });

  it("TrueMoney's note survives, and a broken one is no text", ({ expect }) => {
    const proxy = { type: "ewallet", value: "140000812345678" } as const;
    const code = read(buildPromptPayTransfer({ proxy, message: "สวัสดี 🙏" }));
    expect(code.schemes[0]?.details).toMatchObject({ message: "สวัสดี 🙏" });
    expect(refused(buildPromptPayTransfer({ proxy, message: "x".repeat(25) }))).toEqual([
      "EMV_FORMAT",
      "81",
    ]);
    for (const hex of ["004", "zzzz", "D800"]) {
      const text = vector("promptpay-12").replace(
        /6304....$/,
        `81${String(hex.length).padStart(2, "0")}${hex}`,
      );
      expect(parseEmv(sealed(text))).toMatchObject({
        value: { schemes: [{ details: { message: null } }] },
      });
    }
  });
});

describe("PayNow", () => {
  const uen = { proxy: { type: "uen", value: "201403121W" } } as const;
  const day = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2090, 0, 1) });

  it("codes come back with reference, expiry and amount", ({ expect }) => {
    fc.assert(
      fc.property(minor, fc.boolean(), label, day, (value, editable, reference, time) => {
        const expiry = payNowExpiry(time);
        const code = read(buildPayNow({ ...uen, amount: sgd(value), editable, reference, expiry }));
        expect(code.schemes).toMatchObject([
          {
            scheme: "paynow",
            payee: { type: "uen", value: "201403121W" },
            reference,
            details: { editable, expiry },
          },
        ]);
        expect(code.amount?.value).toBe(value);
        const end = code.schemes[0]?.expiresAt ?? 0;
        // The day of the instant has not ended, and ends within a day.
        expect(end > time && end - time <= 86_400_000).toBe(true);
      }),
    );
  });

  it("a day in Singapore is not a day in Greenwich", ({ expect }) => {
    expect(payNowExpiry(Date.UTC(2030, 11, 31, 15, 59, 59))).toBe("20301231");
    expect(payNowExpiry(Date.UTC(2030, 11, 31, 16))).toBe("20310101");
  });

  it.for([
    ["uen", "53234567D"],
    ["uen", "12345678a"],
    ["uen", "201403121W"],
    ["uen", "T09LL0001B"],
    ["uen", "201929813CSPP"],
    ["uen", "12345678AXYZ"],
    ["mobile", "+6591234567"],
    ["mobile", "91234567"],
    ["mobile", "+65 6123 4567"],
  ] as const)("takes the %s %s", ([type, value], { expect }) => {
    expect(read(buildPayNow({ proxy: { type, value } })).schemes[0]?.payee?.type).toBe(type);
  });

  it("without an amount the payer enters it, and the code says so", ({ expect }) => {
    const code = read(buildPayNow(uen));
    expect(code.amount).toBeNull();
    expect(code.initiation).toBe("static");
    expect(code.schemes[0]?.details).toMatchObject({ editable: true });
    expect(read(buildPayNow({ ...uen, amount: sgd(1) })).schemes[0]?.details).toMatchObject({
      editable: false,
    });
  });

  it.for([
    [{ editable: false }, "EMV_SCHEME", "26.03"],
    [{ proxy: { type: "uen", value: "2014031W" } }, "EMV_FORMAT", "26.02"],
    [{ proxy: { type: "uen", value: "2014031211" } }, "EMV_FORMAT", "26.02"],
    [{ proxy: { type: "uen", value: "201403121WXY" } }, "EMV_FORMAT", "26.02"],
    [{ proxy: { type: "mobile", value: "+6512345678" } }, "EMV_FORMAT", "26.02"],
    [{ proxy: { type: "mobile", value: "+66812345678" } }, "EMV_FORMAT", "26.02"],
    [{ proxy: { type: "mobile", value: "91234567" }, reference: "A" }, "EMV_SCHEME", "62.01"],
    [{ expiry: "20300231" }, "EMV_FORMAT", "26.04"],
    [{ expiry: "2030-12-31" }, "EMV_FORMAT", "26.04"],
    [{ expiry: "203012312460" }, "EMV_FORMAT", "26.04"],
    [{ expiry: "" }, "EMV_FORMAT", "26.04"],
    [{ reference: "x".repeat(26) }, "EMV_VALUE_TOO_LONG", "62.01"],
    [{ reference: "" }, "EMV_FORMAT", "62.01"],
    [{ reference: "発注" }, "EMV_CHARSET", "62.01"],
    [{ amount: { currency: "USD", value: 1 } }, "EMV_CURRENCY", "53"],
    [{ amount: sgd(0) }, "EMV_AMOUNT", "54"],
    [{ object: "51" }, "EMV_SCHEME", "51"],
    [{ object: "25" }, "EMV_SCHEME", "25"],
    [{ object: "+6" }, "EMV_SCHEME", "+6"],
    [{ postalCode: "x".repeat(11) }, "EMV_VALUE_TOO_LONG", "61"],
  ] as const satisfies readonly (readonly [Partial<PayNowInput>, string, string])[])(
    "refuses %j",
    ([change, kind, id], { expect }) => {
      expect(refused(buildPayNow({ ...uen, ...change }))).toEqual([kind, id]);
    },
  );

  it("may stand in any of 26 to 50", ({ expect }) => {
    expect(read(buildPayNow({ ...uen, object: "36" })).schemes[0]?.id).toBe("36");
  });
});

describe("DuitNow", () => {
  const merchant = { acquirerId: "588734", merchantId: "QR1", merchantName: "Kedai", city: "KL" };
  const order = { amount: myr(1_050), billNumber: "INV1", reference: "R1", customer: "C1" };
  const template = vector("duitnow-45");

  it("composed codes come back", ({ expect }) => {
    fc.assert(
      fc.property(alnum(1, 28), minor, label, label, (merchantId, value, billNumber, reference) => {
        const code = read(
          buildDuitNow({ ...merchant, merchantId, amount: myr(value), billNumber, reference }),
        );
        expect(code.schemes).toMatchObject([
          { scheme: "duitnow", payee: { value: merchantId }, reference },
        ]);
        expect(code.additionalData).toMatchObject({ billNumber, referenceLabel: reference });
        expect([code.version, code.amount?.value]).toEqual(["02", value]);
      }),
    );
  });

  it.for([
    [{ acquirerId: "" }, "26.01"],
    [{ acquirerId: "5887341" }, "26.01"],
    [{ merchantId: "" }, "26.02"],
    [{ merchantId: "x".repeat(29) }, "26.02"],
    [{ descriptor: "x".repeat(21) }, "26.03"],
    [{ mobile: "1".repeat(16) }, "26.04"],
  ] as const)("refuses %j", ([change, id], { expect }) => {
    expect(refused(buildDuitNow({ ...merchant, ...change }))).toEqual(["EMV_FORMAT", id]);
  });

  it("an acquirer's answer is shown as it came, without the line break", ({ expect }) => {
    const payload = vector("duitnow-42");
    const source = { kind: "acquirer", payload: `${payload}\r\n` } as const;
    expect(duitNowCode(source, { amount: myr(1_000) })).toEqual({ ok: true, value: payload });
  });

  it.for([
    ["another amount", vector("duitnow-42"), myr(1_001), "EMV_AMOUNT"],
    ["no amount", vector("duitnow-44"), myr(1_000), "EMV_AMOUNT"],
    ["an amount of nothing", vector("duitnow-47"), myr(1_000), "EMV_AMOUNT"],
    ["another currency", vector("duitnow-42"), sgd(1_000), "EMV_CURRENCY"],
    ["another scheme", vector("paynow-29"), sgd(50_000), "EMV_SCHEME"],
    ["an altered code", `${vector("duitnow-42").slice(0, -1)}9`, myr(1_000), "EMV_CRC_MISMATCH"],
    ["an URL", "https://example.com", myr(1_000), "EMV_TLV_HEADER"],
    ["nothing", "", myr(1_000), "EMV_TLV_HEADER"],
  ] as const)(
    "an acquirer's answer with %s is refused",
    ([, payload, amount, kind], { expect }) => {
      const made = duitNowCode({ kind: "acquirer", payload }, { amount });
      expect(made).toMatchObject({ ok: false, error: { kind } });
    },
  );

  it("a static code becomes one for the order, and keeps the merchant", ({ expect }) => {
    const before = read({ ok: true, value: template });
    const after = read(duitNowCode({ kind: "template", payload: template }, order));
    expect(after).toMatchObject({
      initiation: "dynamic",
      amount: { text: "10.50", value: 1_050 },
      additionalData: {
        billNumber: "INV1",
        storeLabel: "ROA050888",
        referenceLabel: "R1",
        customerLabel: "C1",
        terminalLabel: "173035",
      },
    });
    expect(after.objects.map(({ id }) => id)).toEqual([
      "00", "01", "26", "52", "53", "54", "58", "59", "60", "61", "62", "63",
    ]); // prettier-ignore
    for (const id of ["26", "52", "58", "59", "60", "61"]) {
      const valueIn = (code: EmvPayload) => code.objects.find((one) => one.id === id)?.value;
      expect(valueIn(after)).toBe(valueIn(before));
    }
    expect(after.unreserved).toEqual([]);
  });

  it("pins the template's result", ({ expect }) => {
    expect(
      duitNowCode({ kind: "template", payload: vector("duitnow-46") }, { amount: myr(500) }),
    ).toEqual({
      ok: true,
      value: sealed(
        "00020201021226420014A000000615000101066033460210MD00129546520493995303458" +
          "54045.005802MY5913MASJID NEGARA6002MY" +
          vector("duitnow-46").slice(vector("duitnow-46").indexOf("6273"), -8),
      ),
    });
  });

  it("the hash goes, unless the acquirer lets it stay", ({ expect }) => {
    const of = (keepIntegrity: boolean) =>
      read(duitNowCode({ kind: "template", payload: template, keepIntegrity }, order)).schemes[0];
    expect(of(false)?.details).toMatchObject({ integrity: null });
    expect(of(true)?.details).toMatchObject({
      integrity: "9CA02A0851CC2F6B40C1DC180AA2A84A31475C58253CB22FD3EDAD88E8616FE5",
    });
  });

  it("a zero in the template is replaced", ({ expect }) => {
    const made = read(duitNowCode({ kind: "template", payload: vector("duitnow-47") }, order));
    expect(made.amount).toEqual({ text: "10.50", value: 1_050 });
    expect(made.version).toBe("01");
  });

  it.for([
    ["another scheme", vector("paynow-29"), order, "EMV_SCHEME"],
    ["a code for one payment", buildDuitNow({ ...merchant, amount: myr(5) }), order, "EMV_SCHEME"],
    ["an altered code", `${template.slice(0, -1)}9`, order, "EMV_CRC_MISMATCH"],
    ["another currency", template, { amount: sgd(1) }, "EMV_CURRENCY"],
    ["nothing to pay", template, { amount: myr(0) }, "EMV_AMOUNT"],
    ["a long reference", template, { ...order, reference: "x".repeat(26) }, "EMV_VALUE_TOO_LONG"],
    [
      "more than 62 holds",
      template,
      { ...order, billNumber: "x".repeat(25), reference: "y".repeat(25), customer: "z".repeat(25) },
      "EMV_VALUE_TOO_LONG",
    ],
  ] as const)("a template with %s is refused", ([, payload, change, kind], { expect }) => {
    const text = typeof payload === "string" ? payload : payload.ok ? payload.value : "";
    const made = duitNowCode({ kind: "template", payload: text }, change);
    expect(made).toMatchObject({ ok: false, error: { kind } });
  });

  it("composes for the sandbox", ({ expect }) => {
    const code = read(duitNowCode({ kind: "compose", ...merchant }, order));
    expect(code.schemes[0]).toMatchObject({ reference: "R1", details: { acquirer: "Maybank" } });
  });
});

describe("FPS", () => {
  const base: FpsInput = { payee: { type: "fps_id", value: "1234567" } };

  it("writes what public integrations write", ({ expect }) => {
    expect(
      buildFps({
        payee: { type: "mobile", value: "61234567" },
        participant: "004",
        amount: { currency: "HKD", value: 12_345 },
        editable: true,
        reference: "REF1",
      }),
    ).toEqual({
      ok: true,
      value: sealed(
        "00020101021226450012hk.com.hkicl0103004" +
          "0313+852-612345670601152040000530334454061" +
          "23.455802HK5902NA6002HK62080504REF1",
      ),
    });
  });

  it.for([
    ["fps_id", "1234567", "1234567"],
    ["fps_id", "123456789", "123456789"],
    ["mobile", "+852 6123 4567", "+852-61234567"],
    ["mobile", "85261234567", "+852-61234567"],
    ["mobile", "85234567", "+852-85234567"],
    ["email", "shop@example.hk", "shop@example.hk"],
  ] as const)("reads back the %s %s", ([type, value, normal], { expect }) => {
    const code = read(buildFps({ payee: { type, value } }));
    expect(code.schemes).toMatchObject([{ scheme: "fps", payee: { type, value: normal } }]);
    expect(code.schemes[0]?.details).toMatchObject({ editable: true });
  });

  it("knows when it ends, and renminbi", ({ expect }) => {
    const code = read(
      buildFps({ ...base, amount: { currency: "CNY", value: 1 }, expiry: "20301231235959" }),
    );
    expect(code.currency?.code).toBe("CNY");
    expect(code.schemes[0]?.expiresAt).toBe(Date.UTC(2030, 11, 31, 15, 59, 59));
    expect(code.schemes[0]?.details).toMatchObject({ editable: false });
  });

  it.for([
    [{ payee: { type: "fps_id", value: "12345678" } }, "EMV_FORMAT", "26.02"],
    [{ payee: { type: "mobile", value: "21234567" } }, "EMV_FORMAT", "26.03"],
    [{ payee: { type: "mobile", value: "+8613800138000" } }, "EMV_FORMAT", "26.03"],
    [{ payee: { type: "email", value: "a@b@c" } }, "EMV_FORMAT", "26.04"],
    [{ payee: { type: "email", value: "shop" } }, "EMV_FORMAT", "26.04"],
    [{ participant: "04" }, "EMV_FORMAT", "26.01"],
    [{ expiry: "20301231" }, "EMV_FORMAT", "26.05"],
    [{ editable: false }, "EMV_SCHEME", "26.06"],
    [{ amount: { currency: "USD", value: 1 } }, "EMV_CURRENCY", "53"],
  ] as const)("refuses %j", ([change, kind, id], { expect }) => {
    expect(refused(buildFps({ ...base, ...change }))).toEqual([kind, id]);
  });
});

describe("QRIS", () => {
  const base: QrisInput = {
    acquirer: { domain: "ID.CO.EXAMPLE.WWW", pan: "936009110000000001", merchantId: "M1" },
    nationalMerchantId: "ID1020000000001",
    criterion: "UMI",
    merchantName: "Warung",
    city: "Bandung",
    postalCode: "40111",
  };
  const idr = (value: number) => ({ currency: "IDR", value });

  it("writes whole rupiah and comes back", ({ expect }) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999_999 }), label, (rupiah, reference) => {
        const code = read(buildQris({ ...base, amount: idr(rupiah * 100), reference }));
        expect(code.amount).toEqual({ text: String(rupiah), value: rupiah * 100 });
        expect(code.schemes).toMatchObject([
          {
            scheme: "qris",
            payee: { type: "nmid", value: "ID1020000000001" },
            reference,
            details: {
              criterion: "UMI",
              acquirers: [{ domain: "ID.CO.EXAMPLE.WWW", pan: "936009110000000001" }],
            },
          },
        ]);
      }),
    );
  });

  // The form of codes in circulation, with neutral values.
  const circulating = sealed(
    "00020101021126570011ID.DANA.WWW011893600915300000000102090000000010303UMI" +
      "51440014ID.CO.QRIS.WWW0215ID10200000000010303UMI5204581253033605802ID" +
      "5912WARUNG UMUM 6010Kab. Demak610559567",
  );

  it("reads a code in circulation, and makes it dynamic", ({ expect }) => {
    expect(explainQr(circulating)).toMatchObject({
      schemes: ["qris"],
      merchant: { id: { type: "nmid", value: "ID1020000000001" } },
      amount: null,
      errors: [],
      warnings: [],
    });
    const made = dynamicFromTemplate(circulating, {
      scheme: "qris",
      amount: idr(1_500_000),
      additional: { "01": "INV1" },
    });
    expect(read(made)).toMatchObject({
      initiation: "dynamic",
      amount: { text: "15000" },
      additionalData: { billNumber: "INV1" },
    });
    const half = dynamicFromTemplate(circulating, { scheme: "qris", amount: idr(150) });
    expect(half).toMatchObject({ ok: false, error: { kind: "EMV_AMOUNT" } });
  });

  it.for([
    [{ amount: idr(150) }, "EMV_AMOUNT", "54"],
    [{ nationalMerchantId: "1020000000001" }, "EMV_FORMAT", "51.02"],
    [{ acquirer: { ...base.acquirer, domain: "example.co.id" } }, "EMV_FORMAT", "26.00"],
    [{ acquirer: { ...base.acquirer, pan: "936" } }, "EMV_FORMAT", "26.01"],
    [{ acquirer: { ...base.acquirer, merchantId: "x".repeat(16) } }, "EMV_FORMAT", "26.02"],
  ] as const)("refuses %j", ([change, kind, id], { expect }) => {
    expect(refused(buildQris({ ...base, ...change }))).toEqual([kind, id]);
  });
});

describe("VietQR", () => {
  const base = { bin: "970416", account: "257678859" };

  it("comes back", ({ expect }) => {
    fc.assert(
      fc.property(alnum(1, 19), minor, label, (account, value, message) => {
        const amount = { currency: "VND", value };
        const code = read(buildVietQr({ ...base, account, amount, message, service: "card" }));
        expect(code.schemes).toMatchObject([
          {
            scheme: "vietqr",
            payee: { type: "card", value: account },
            details: { bin: "970416", account, service: "card", message },
          },
        ]);
        expect(code.amount).toEqual({ text: String(value), value });
      }),
    );
  });

  it.for([
    [{ bin: "97041" }, "EMV_FORMAT", "38.01.00"],
    [{ account: "" }, "EMV_FORMAT", "38.01.01"],
    [{ account: "1".repeat(20) }, "EMV_FORMAT", "38.01.01"],
    [{ message: "Chuyển tiền" }, "EMV_CHARSET", "62.08"],
    [{ amount: { currency: "VND", value: 1.5 } }, "EMV_AMOUNT", "54"],
  ] as const)("refuses %j", ([change, kind, id], { expect }) => {
    expect(refused(buildVietQr({ ...base, ...change }))).toEqual([kind, id]);
  });
});

describe("QR Ph", () => {
  const merchant = { kind: "merchant", acquirer: "PAPHPHM1XXX", merchantId: "100000001" } as const;

  it("comes back, for merchants and persons", ({ expect }) => {
    const amount = { currency: "PHP", value: 12_500 };
    expect(read(buildQrPh({ ...merchant, amount, reference: "R1" })).schemes).toMatchObject([
      {
        scheme: "qrph",
        id: "28",
        payee: { type: "merchant_id", value: "100000001" },
        reference: "R1",
        details: { kind: "merchant", acquirer: "PAPHPHM1XXX" },
      },
    ]);
    const person = { kind: "person", acquirer: "BNORPHMM", account: "001234567890" } as const;
    expect(read(buildQrPh(person)).schemes).toMatchObject([
      { id: "27", payee: { type: "account", value: "001234567890" }, details: { kind: "person" } },
    ]);
  });

  it("reads codes in circulation, with neutral values", ({ expect }) => {
    const shop = sealed(
      "00020101021228500011ph.ppmi.p2m0111PAPHPHM1XXX03091000000010503310" +
        "52047299530360854041.005802PH5903ABC6006Manila" +
        "62440014com.paymaya.qr0522000000000000000000000A",
    );
    expect(explainQr(shop)).toMatchObject({
      schemes: ["qrph"],
      amount: { currency: "PHP", value: 100 },
      merchant: { name: "ABC", reference: "000000000000000000000A" },
      errors: [],
      warnings: [],
    });
    const person = sealed(
      "00020101021127770012com.p2pqrpay0111EAWRPHM2XXX02089996440304120000000000010" +
        "514+63-91700000005204601653036085802PH5905ABC D6006MANILA",
    );
    expect(parseEmv(person, "strict")).toMatchObject({
      value: { schemes: [{ details: { account: "000000000001", mobile: "+63-9170000000" } }] },
    });
  });

  it.for([
    [{ acquirer: "PAPH" }, "EMV_FORMAT", "28.01"],
    [{ merchantId: null }, "EMV_MANDATORY_MISSING", "28.03"],
    [{ kind: "person", merchantId: null }, "EMV_MANDATORY_MISSING", "27.04"],
    [{ amount: sgd(1) }, "EMV_CURRENCY", "53"],
  ] as const)("refuses %j", ([change, kind, id], { expect }) => {
    expect(refused(buildQrPh({ ...merchant, ...change }))).toEqual([kind, id]);
  });
});

describe("KHQR", () => {
  const base = { kind: "individual", bakongAccount: "shop@bank" } as const;
  const times = { createdAt: 1_793_000_000_000, expiresAt: 1_793_000_600_000 };
  const amount = { currency: "USD", value: 150 };

  it("a dynamic code says when it ends", ({ expect }) => {
    const code = read(buildKhqr({ ...base, amount, ...times, billNumber: "B1" }));
    expect(code.schemes).toMatchObject([
      {
        scheme: "khqr",
        payee: { type: "bakong_account", value: "shop@bank" },
        reference: "B1",
        expiresAt: times.expiresAt,
        details: { kind: "individual", createdAt: times.createdAt },
      },
    ]);
    expect(code.amount?.text).toBe("1.50");
    const built = buildKhqr({ ...base, amount, ...times });
    expect(explainQr(built.ok ? built.value : "")).toMatchObject({
      expires_at: new Date(times.expiresAt).toISOString(),
      single_use: true,
      warnings: [],
    });
  });

  it.for([
    [{ amount }, "EMV_SCHEME", "99"],
    [{ amount, createdAt: times.expiresAt, expiresAt: times.createdAt }, "EMV_SCHEME", "99"],
    [{ amount, createdAt: 1, expiresAt: 2 }, "EMV_SCHEME", "99"],
    [{ amount: { currency: "KHR", value: 150 }, ...times }, "EMV_AMOUNT", "54"],
    [{ amount: thb(1), ...times }, "EMV_CURRENCY", "53"],
    [{ bakongAccount: "shop" }, "EMV_FORMAT", "29.00"],
    [{ bakongAccount: `${"x".repeat(30)}@bank` }, "EMV_FORMAT", "29.00"],
    [{ kind: "merchant" }, "EMV_MANDATORY_MISSING", "30"],
  ] as const)("refuses %j", ([change, kind, id], { expect }) => {
    expect(refused(buildKhqr({ ...base, ...change }))).toEqual([kind, id]);
  });
});

describe("all schemes", () => {
  it("have slugs of their own", ({ expect }) => {
    const slugs = SCHEMES.map(({ slug }) => slug);
    expect(new Set(slugs).size).toBe(slugs.length);
  });

  it("recognise identifiers in either case", ({ expect }) => {
    const text = sealed(vector("paynow-29").slice(0, -8).replace("SG.PAYNOW", "sg.paynow"));
    expect(read({ ok: true, value: text }).schemes[0]?.scheme).toBe("paynow");
  });

  it("recognise no letter that only looks like one of an identifier", ({ expect }) => {
    const fps = buildFps({ payee: { type: "fps_id", value: "1234567" } });
    const text = fps.ok ? fps.value.slice(0, -8).replace("hkicl", "h\u212aicl") : "";
    expect(explainQr(sealed(text))).toMatchObject({ kind: "emvco", schemes: [], errors: [] });
  });

  it("refuse another country's currency", ({ expect }) => {
    const text = sealed(vector("paynow-29").slice(0, -8).replace("5303702", "5303764"));
    expect(parseEmv(text)).toMatchObject({ ok: false, error: { kind: "EMV_CURRENCY", id: "53" } });
    const abroad = sealed(vector("paynow-29").slice(0, -8).replace("5802SG", "5802MY"));
    expect(parseEmv(abroad)).toMatchObject({ ok: false, error: { kind: "EMV_SCHEME", id: "58" } });
  });

  it("see nothing where nothing is", ({ expect }) => {
    const empty = parseEmv(vector("emvco-51"));
    if (!empty.ok) return expect.fail("the specification's own example");
    expect(recogniseSchemes(empty.value).codes).toEqual([]);
  });
});

describe("times of a zone", () => {
  it.for([
    ["20301231", 8, Date.UTC(2030, 11, 31, 16)],
    ["20240229", 8, Date.UTC(2024, 1, 29, 16)],
    ["20301231235959", 8, Date.UTC(2030, 11, 31, 15, 59, 59)],
    ["20230229", 8, null],
    ["20301301", 8, null],
    ["20300001", 8, null],
    ["20300100", 8, null],
    ["20301231240000", 8, null],
    ["20301231236000", 8, null],
    ["20301231235960", 8, null],
    ["00010101", 8, null],
    ["203012", 8, null],
    ["2030123１", 8, null],
    ["", 8, null],
  ] as const)("%s in zone %d", ([text, zone, time], { expect }) => {
    expect(zonedTime(text, zone)).toBe(time);
  });
});
