/**
 * Strangers judge our payment codes, and ours judge theirs: promptparse (Thailand), paynowqr
 * (Singapore), and two scanners that read the drawn picture. Where a stranger is against the
 * specification, the difference is written down here as a test.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { Resvg } from "@resvg/resvg-js";
import * as fc from "fast-check";
import jsQR from "jsqr";
import PaynowQR from "paynowqr";
import { generate, parse, parseBarcode, validate } from "promptparse";
import { beforeAll, describe, it } from "vitest";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";

import { duitNowCode } from "../../src/channels/emvco/duitnow-source.ts";
import { parseEmv } from "../../src/channels/emvco/parse.ts";
import { buildBotBarcode, readBotBarcode } from "../../src/channels/emvco/schemes/bot-barcode.ts";
import { buildFps } from "../../src/channels/emvco/schemes/fps.ts";
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
import { buildQris } from "../../src/channels/emvco/schemes/qris.ts";
import { buildQrPh } from "../../src/channels/emvco/schemes/qrph.ts";
import { buildVietQr } from "../../src/channels/emvco/schemes/vietqr.ts";
import { toDecimal } from "../../src/money.ts";
import { renderQr } from "../../src/qr/render.ts";
import type { Result } from "../../src/result.ts";
import vectors from "../vectors/emvco-qr.json" with { type: "json" };

const made = (result: Result<string, unknown>): string => {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
};

const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`));
const reference = fc.stringMatching(/^[0-9A-Z]{1,20}$/);
/** What a float holds to the cent: the peers take floats. */
const minor = fc.integer({ min: 1, max: 99_999_999 });
const option = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const thb = (value: number | null) => (value === null ? null : { currency: "THB", value });
const float = (value: number | null) =>
  value === null ? {} : { amount: Number(toDecimal(value, 2)) };

describe("promptparse", () => {
  it("writes the same transfers, byte for byte", ({ expect }) => {
    const proxies = fc.oneof(
      digits(9).map((rest) => ["mobile", "MSISDN", `0${rest}`] as const),
      digits(13).map((value) => ["national_id", "NATID", value] as const),
      digits(15).map((value) => ["ewallet", "EWALLETID", value] as const),
      digits(13).map((value) => ["bank_account", "BANKACC", value] as const),
    );
    fc.assert(
      fc.property(proxies, option(minor), ([type, theirs, value], amount) => {
        const ours = made(buildPromptPayTransfer({ proxy: { type, value }, amount: thb(amount) }));
        expect(ours).toBe(generate.anyId({ type: theirs, target: value, ...float(amount) }));
        expect(validate.anyId(ours)).toEqual({ type: theirs, target: value, ...float(amount) });
      }),
      { numRuns: 500 },
    );
  });

  it("writes the same bills, byte for byte, and reads ours", ({ expect }) => {
    const bills = fc.record({
      billerId: digits(15),
      ref1: reference,
      ref2: option(reference),
      ref3: option(fc.stringMatching(/^[0-9A-Z]{1,25}$/)),
      amount: option(minor),
    });
    fc.assert(
      fc.property(bills, ({ billerId, ref1, ref2, ref3, amount }) => {
        const ours = made(buildPromptPayBill({ billerId, ref1, ref2, ref3, amount: thb(amount) }));
        const theirs = {
          billerId,
          ref1,
          ...(ref2 === null ? {} : { ref2 }),
          ...(ref3 === null ? {} : { ref3 }),
          ...float(amount),
        };
        expect(ours).toBe(generate.billPayment(theirs));
        expect(validate.billPayment(ours)).toEqual(theirs);
        const read = parseEmv(generate.billPayment(theirs), "strict");
        expect(read).toMatchObject({
          ok: true,
          value: { schemes: [{ details: { kind: "bill_payment", billerId, ref1, ref2, ref3 } }] },
        });
      }),
      { numRuns: 500 },
    );
  });

  it("writes the same TrueMoney codes with their notes", ({ expect }) => {
    const notes = fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(digits(9), notes, (rest, message) => {
        fc.pre(message.length <= 24);
        const mobileNo = `0${rest}`;
        const proxy = { type: "ewallet", value: trueMoneyWallet(mobileNo) } as const;
        const ours = made(buildPromptPayTransfer({ proxy, message }));
        expect(ours).toBe(generate.trueMoney({ mobileNo, message }));
        expect(parseEmv(ours)).toMatchObject({ value: { schemes: [{ details: { message } }] } });
      }),
    );
  });

  it("writes and reads the same slips", ({ expect }) => {
    fc.assert(
      fc.property(digits(3), fc.stringMatching(/^[0-9A-Za-z]{1,25}$/), (sendingBank, transRef) => {
        const ours = made(buildPromptPaySlip({ sendingBank, transferReference: transRef }));
        expect(ours).toBe(generate.slipVerify({ sendingBank, transRef }));
        expect(validate.slipVerify(ours)).toEqual({ sendingBank, transRef });
        expect(readPromptPaySlip(ours)).toMatchObject({
          value: { sendingBank, transferReference: transRef },
        });
      }),
    );
  });

  it("reads the same barcodes", ({ expect }) => {
    const barcodes = fc.record({
      billerId: digits(15),
      ref1: reference,
      ref2: option(reference),
      amount: option(minor),
    });
    fc.assert(
      fc.property(barcodes, ({ billerId, ref1, ref2, amount }) => {
        const ours = made(buildBotBarcode({ billerId, ref1, ref2, amount: thb(amount) }));
        const theirs = { billerId, ref1, ref2, amount: float(amount).amount ?? null };
        expect(parseBarcode(ours)).toMatchObject(theirs);
        const code = made(buildPromptPayBill({ billerId, ref1, ref2, amount: thb(amount) }));
        expect(parseBarcode(ours)?.toQrTag30()).toBe(code);
      }),
    );
  });

  it("sees the same objects in every published code of ASCII", ({ expect }) => {
    for (const { id, payload } of vectors.vectors) {
      // Its CRC takes characters for bytes: see below.
      if (!/^[\0-\x7f]+$/.test(payload) || id.startsWith("promptpay_slip")) continue;
      const theirs = parse(payload, true)?.getTags() ?? [];
      const ours = parseEmv(payload, "lenient");
      if (!ours.ok) return expect.fail(id);
      expect(ours.value.objects.map((one) => [one.id, one.value])).toEqual(
        theirs.map((tag) => [tag.id, tag.value]),
      );
    }
  });

  describe("is against the rules where we are not", () => {
    it("writes a barcode's satang as a float", ({ expect }) => {
      const bill = { billerId: "099400016550100", ref1: "1" };
      expect(generate.botBarcode({ ...bill, amount: 1.13 })).toContain("112.99999999999999");
      expect(readBotBarcode(generate.botBarcode({ ...bill, amount: 1.13 })).ok).toBe(false);
      expect(made(buildBotBarcode({ ...bill, amount: thb(113) }))).toMatch(/\r113$/);
    });

    it("takes any text for a mobile number", ({ expect }) => {
      const target = "+66812345678";
      const theirs = generate.anyId({ type: "MSISDN", target });
      expect(theirs).toContain("0+66812345678");
      expect(parseEmv(theirs, "strict")).toMatchObject({
        ok: false,
        error: { kind: "EMV_SCHEME", id: "29.01" },
      });
      const proxy = { type: "mobile", value: target } as const;
      expect(made(buildPromptPayTransfer({ proxy }))).toContain("0066812345678");
    });

    it("cuts an overlong number to fit, which is somebody else's", ({ expect }) => {
      const target = "66812345678901";
      expect(generate.anyId({ type: "MSISDN", target })).toContain("6812345678901");
      expect(buildPromptPayTransfer({ proxy: { type: "mobile", value: target } }).ok).toBe(false);
    });

    it("writes values longer than a length can say", ({ expect }) => {
      const ref1 = "X".repeat(90);
      const theirs = generate.billPayment({ billerId: "099400016550100", ref1 });
      expect(parseEmv(theirs, "lenient").ok).toBe(false);
      expect(buildPromptPayBill({ billerId: "099400016550100", ref1 }).ok).toBe(false);
    });

    it("takes characters for bytes in the CRC", ({ expect }) => {
      const payload = vectors.vectors.find(({ id }) => id === "emvco-51")?.payload ?? "";
      expect(parse(payload, true)).toBeNull();
      expect(parseEmv(payload, "strict").ok).toBe(true);
    });

    it("reads a code whose lengths run past its end", ({ expect }) => {
      expect(parse("00020101021102")?.getTags()).toHaveLength(3);
      expect(parseEmv("00020101021102", "lenient").ok).toBe(false);
    });
  });
});

describe("paynowqr", () => {
  const uen = fc.stringMatching(/^20[0-9]{7}[A-Z]$/);
  const company = fc.stringMatching(/^[A-Z][A-Za-z0-9.&-]{0,24}$/);
  const bill = fc.stringMatching(/^[0-9A-Z-]{1,25}$/);

  it("means the same, both ways; only the decimals are spelt differently", ({ expect }) => {
    const inputs = fc.record({
      uen,
      company,
      bill: option(bill),
      editable: fc.boolean(),
      value: minor,
    });
    fc.assert(
      fc.property(
        inputs,
        ({ uen: value, company: merchantName, bill: number, editable, value: cents }) => {
          const expiry = "20301231";
          const ours = made(
            buildPayNow({
              proxy: { type: "uen", value },
              amount: { currency: "SGD", value: cents },
              merchantName,
              editable,
              expiry,
              reference: number,
            }),
          );
          const theirs = new PaynowQR({
            uen: value,
            amount: Number(toDecimal(cents, 2)),
            company: merchantName,
            editable,
            expiry,
            ...(number === null ? {} : { refNumber: number }),
          }).output();
          const [a, b] = [parseEmv(ours, "strict"), parseEmv(theirs, "strict")];
          if (!a.ok || !b.ok) return expect.fail(`${ours} ${theirs}`);
          expect(a.value.amount?.value).toBe(cents);
          expect(b.value.amount?.value).toBe(cents);
          expect(a.value.schemes).toEqual(b.value.schemes);
          const rest = (objects: typeof a.value.objects) =>
            objects
              .filter(({ id }) => id !== "54" && id !== "63")
              .map(({ id, value: text }) => [id, text]);
          expect(rest(a.value.objects)).toEqual(rest(b.value.objects));
          // Where its float has two decimals, not a byte differs.
          if (cents % 10 !== 0) expect(ours).toBe(theirs);
        },
      ),
      { numRuns: 500 },
    );
  });

  describe("is against the rules where we are not", () => {
    const proxy = { type: "uen", value: "201403121W" } as const;

    it("writes an amount of nothing when there is none", ({ expect }) => {
      const theirs = new PaynowQR({ uen: proxy.value, expiry: "20301231" }).output();
      expect(theirs).toContain("540105802SG");
      expect(parseEmv(theirs, "strict")).toMatchObject({ error: { kind: "EMV_AMOUNT", id: "54" } });
      expect(parseEmv(theirs, "lenient")).toMatchObject({ value: { amount: { value: null } } });
      const ours = parseEmv(made(buildPayNow({ proxy, expiry: "20301231" })), "strict");
      expect(ours).toMatchObject({ ok: true, value: { amount: null, initiation: "static" } });
    });

    it("writes what a float has become", ({ expect }) => {
      const theirs = new PaynowQR({ uen: proxy.value, amount: 0.1 + 0.2, expiry: "20301231" });
      expect(theirs.output()).toContain("0.30000000000000004");
      expect(parseEmv(theirs.output(), "lenient")).toMatchObject({
        value: { amount: { value: null } },
      });
    });

    it("takes anything for a UEN, and any length for a name", ({ expect }) => {
      const theirs = new PaynowQR({
        uen: "?",
        amount: 1,
        expiry: "20301231",
        company: "x".repeat(100),
      });
      expect(parseEmv(theirs.output(), "lenient").ok).toBe(false);
      expect(buildPayNow({ proxy: { type: "uen", value: "?" } }).ok).toBe(false);
    });

    it("has no character beyond Latin-1", ({ expect }) => {
      expect(() => new PaynowQR({ uen: proxy.value, amount: 1, company: "微信" })).toThrow(
        RangeError,
      );
      expect(made(buildPayNow({ proxy, merchantName: "微信 Pay" }))).toContain("5903Pay");
    });
  });
});

const sgd = { currency: "SGD", value: 1_050 };
const myr = { currency: "MYR", value: 1_050 };

const DRAWN = {
  "PromptPay bill": made(
    buildPromptPayBill({
      billerId: "099400016550100",
      ref1: "ORDER1",
      ref2: "R2",
      amount: thb(1_050),
    }),
  ),
  "PromptPay transfer": made(
    buildPromptPayTransfer({ proxy: { type: "mobile", value: "0812345678" }, amount: thb(1_050) }),
  ),
  "PromptPay slip": made(
    buildPromptPaySlip({ sendingBank: "004", transferReference: "20261101ABC" }),
  ),
  "BOT barcode": made(
    buildBotBarcode({ billerId: "099400016550100", ref1: "ORDER1", amount: thb(1_050) }),
  ),
  PayNow: made(
    buildPayNow({
      proxy: { type: "uen", value: "201403121W" },
      amount: sgd,
      reference: "INV-2026-000123",
      merchantName: "ACME Pte Ltd.",
      expiry: "20301231",
    }),
  ),
  DuitNow: made(
    duitNowCode(
      { kind: "compose", acquirerId: "588734", merchantId: "QR1", merchantName: "Kedai" },
      { amount: myr, reference: "R1" },
    ),
  ),
  "DuitNow from a template": made(
    duitNowCode(
      {
        kind: "template",
        payload: vectors.vectors.find(({ id }) => id === "duitnow-45")?.payload ?? "",
      },
      { amount: myr, reference: "R1" },
    ),
  ),
  FPS: made(buildFps({ payee: { type: "email", value: "shop@example.hk" }, reference: "R1" })),
  QRIS: made(
    buildQris({
      acquirer: { domain: "ID.CO.EXAMPLE.WWW", pan: "936009110000000001", merchantId: "M1" },
      nationalMerchantId: "ID1020000000001",
      criterion: "UMI",
      amount: { currency: "IDR", value: 1_500_000 },
    }),
  ),
  VietQR: made(buildVietQr({ bin: "970416", account: "257678859", message: "Chuyen tien" })),
  "QR Ph": made(buildQrPh({ kind: "merchant", acquirer: "PAPHPHM1XXX", merchantId: "100000001" })),
  KHQR: made(buildKhqr({ kind: "individual", bakongAccount: "shop@bank" })),
} as const;

describe("two scanners read what is drawn", () => {
  beforeAll(async () => {
    const wasm = readFileSync(
      fileURLToPath(import.meta.resolve("zxing-wasm/reader/zxing_reader.wasm")),
    );
    await prepareZXingModule({
      overrides: { wasmBinary: wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.length) },
      fireImmediately: true,
    });
  });

  /** The renderer takes printable ASCII; the barcode's line ends are none. */
  const drawable = Object.entries(DRAWN).filter(([name]) => name !== "BOT barcode");

  it.for(drawable)("%s", async ([, payload], { expect }) => {
    const image = new Resvg(renderQr(payload), { fitTo: { mode: "width", value: 1_024 } }).render();
    const { width, height } = image;
    const data = new Uint8ClampedArray(image.pixels);
    const found = await readBarcodes(
      { data, width, height, colorSpace: "srgb" },
      { formats: ["QRCode"], tryHarder: true },
    );
    expect(found.map(({ text }) => text)).toEqual([payload]);
    expect(jsQR(data, width, height, { inversionAttempts: "dontInvert" })?.data).toBe(payload);
  });
});
