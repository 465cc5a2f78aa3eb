/**
 * What the simulated banks post when a payment was made, each in its own form and under its own
 * signature, written from the documentation that the profiles were written from.
 */
import { md5Hex } from "../../../crypto/digest.ts";
import { fromBase64, toBase64, toBase64Url, utf8 } from "../../../crypto/encoding.ts";
import { hmacBase64, hmacHex, importHmacKey } from "../../../crypto/hmac.ts";
import { readPrivateKey } from "../../../crypto/pem.ts";
import { importSigningKey, signSha256 } from "../../../crypto/rsa.ts";
import { mustRead } from "../../../sandbox/keyring.ts";
import type { SandboxWorld } from "../../../sandbox/simulator.ts";
import type { Settings } from "./accounts.ts";

/** A payment as a bank tells of it. */
export interface Paid {
  readonly payee: string;
  readonly reference: string;
  readonly code: string;
  /** Decimal text and minor units. */
  readonly amount: string;
  readonly value: number;
  readonly currency: string;
  readonly currencyNumber: string;
  readonly transactionId: string;
  /** Milliseconds since 1970. */
  readonly paidAt: number;
}

interface Written {
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Pen {
  readonly settings: Settings;
  readonly world: SandboxWorld;
  /** A signature that must not verify. */
  readonly forged: boolean;
}

const JSON_TYPE = "application/json; charset=utf-8";
const FORM_TYPE = "application/x-www-form-urlencoded";

const json = (body: unknown): Written => ({ contentType: JSON_TYPE, body: JSON.stringify(body) });

/** "2026-11-21T07:00:00+07:00" */
export const zoned = (time: number, hours: number): string =>
  `${new Date(time + hours * 3_600_000).toISOString().slice(0, 19)}+${String(hours).padStart(2, "0")}:00`;

const hmacKey = ({ settings, forged }: Pen, base64 = false): Promise<CryptoKey> => {
  const secret = settings["secret"] ?? "";
  const bytes = base64 ? (fromBase64(secret) ?? new Uint8Array(1)) : utf8(secret);
  return importHmacKey(forged ? new Uint8Array([...bytes, 1]) : new Uint8Array(bytes));
};

const withHeaders = (message: Written, headers: Readonly<Record<string, string>>): Written => ({
  ...message,
  headers,
});

async function rsa({ world, forged }: Pen, text: string): Promise<string> {
  const key = await importSigningKey(mustRead(readPrivateKey(world.keys.platformPrivateKey)));
  return signSha256(key, forged ? `${text} ` : text);
}

const seconds = ({ world }: Pen): string => String(Math.floor(world.now / 1_000));

const generic = (paid: Paid): Written =>
  json({
    id: paid.transactionId,
    payee: paid.payee,
    reference: paid.reference,
    amount: paid.amount,
    currency: paid.currency,
    status: "paid",
    paid_at: new Date(paid.paidAt).toISOString(),
  });

const part = (value: unknown): string => toBase64Url(utf8(JSON.stringify(value)));

type Write = (paid: Paid, pen: Pen) => Promise<Written>;

const WRITERS: Readonly<Record<string, Write>> = {
  async generic_hmac(paid, pen) {
    const message = generic(paid);
    const timestamp = seconds(pen);
    const signature = await hmacHex(await hmacKey(pen), `${timestamp}.${message.body}`);
    return withHeaders(message, { "X-Timestamp": timestamp, "X-Signature": signature });
  },

  async generic_rsa(paid, pen) {
    const message = generic(paid);
    const timestamp = seconds(pen);
    const signature = await rsa(pen, `${timestamp}.${message.body}`);
    return withHeaders(message, { "X-Timestamp": timestamp, "X-Signature": signature });
  },

  generic_basic_query: async (paid) => generic(paid),

  scb: async (paid) =>
    json({
      payeeProxyId: paid.payee,
      payeeProxyType: "BILLERID",
      payeeAccountNumber: "0987654321",
      payeeName: "Sandbox",
      payerProxyId: "0812345678",
      payerProxyType: "MSISDN",
      payerAccountNumber: "0123456789",
      payerName: "Sandbox Payer",
      sendingBankCode: "014",
      receivingBankCode: "014",
      amount: paid.amount,
      transactionId: paid.transactionId,
      transactionDateandTime: zoned(paid.paidAt, 7),
      billPaymentRef1: paid.reference,
      billPaymentRef3: "SBX",
      currencyCode: paid.currencyNumber,
      channelCode: "PMH",
      transactionType: "Domestic Transfers",
    }),

  kbank: async (paid, { settings }) =>
    json({
      partnerTxnUid: paid.reference.slice(0, 15),
      partnerId: settings["username"],
      statusCode: "00",
      errorCode: null,
      errorDesc: null,
      merchantId: settings["merchant_id"],
      txnAmount: Number(paid.amount),
      txnCurrencyCode: paid.currency,
      txnNo: paid.transactionId.slice(0, 20),
      loyaltyId: null,
      additionalInfo: null,
    }),

  ambank: async (paid, { settings }) =>
    json({
      EndID: paid.transactionId,
      BizID: settings["merchant_id"],
      QRString: paid.code,
      TransactionStatus: "ACSP",
      Reason: null,
      SenderName: "SANDBOX PAYER",
      TrxAmount: paid.amount,
      TrxCurrency: paid.currency,
      AccNo: "8880000000",
      PaymentDt: zoned(paid.paidAt, 8).slice(0, 10).split("-").toReversed().join("/"),
      PaymentHrs: zoned(paid.paidAt, 8).slice(11, 19),
      SourceofFund: "CASA",
    }),

  async omise(paid, pen) {
    const message = json({
      object: "event",
      id: "evnt_test_1",
      key: "charge.complete",
      data: {
        object: "charge",
        id: `chrg_test_${paid.transactionId}`,
        amount: paid.value,
        currency: paid.currency.toLowerCase(),
        status: "successful",
        paid_at: new Date(paid.paidAt).toISOString(),
        metadata: { reference: paid.reference },
      },
    });
    const timestamp = seconds(pen);
    const signature = await hmacHex(await hmacKey(pen, true), `${timestamp}.${message.body}`);
    return withHeaders(message, {
      "Omise-Signature": signature,
      "Omise-Signature-Timestamp": timestamp,
    });
  },

  async hitpay_v1(paid, pen) {
    const fields: Record<string, string> = {
      payment_id: paid.transactionId,
      payment_request_id: `request-${paid.transactionId}`,
      phone: "",
      amount: paid.amount,
      currency: paid.currency,
      status: "completed",
      reference_number: paid.reference,
    };
    const names = Object.keys(fields).toSorted((a, b) => (a < b ? -1 : 1));
    const base = names.map((name) => `${name}${fields[name] ?? ""}`).join("");
    const hmac = await hmacHex(await hmacKey(pen), base);
    return { contentType: FORM_TYPE, body: new URLSearchParams({ ...fields, hmac }).toString() };
  },

  async hitpay_v2(paid, pen) {
    const { amount, reference, transactionId, currency } = paid;
    const message: Written = {
      contentType: JSON_TYPE,
      body:
        `{"id":"${transactionId}","status":"completed","amount":${amount},` +
        `"currency":"${currency.toLowerCase()}","reference_number":"${reference}"}`,
    };
    return withHeaders(message, {
      "Hitpay-Signature": await hmacHex(await hmacKey(pen), message.body),
      "Hitpay-Event-Type": "completed",
      "Hitpay-Event-Object": "payment_request",
    });
  },

  async curlec(paid, pen) {
    const entity = {
      id: `pay_${paid.transactionId}`,
      amount: paid.value,
      currency: paid.currency,
      status: "captured",
      notes: { reference: paid.reference },
    };
    const message = json({
      entity: "event",
      event: "payment.captured",
      payload: { payment: { entity } },
      created_at: Math.floor(paid.paidAt / 1_000),
    });
    return withHeaders(message, {
      "X-Razorpay-Signature": await hmacHex(await hmacKey(pen), message.body),
      "X-Razorpay-Event-Id": `event-${paid.transactionId}`,
    });
  },

  async chip(paid, pen) {
    const message = json({
      id: `purchase-${paid.transactionId}`,
      event_type: "purchase.paid",
      status: "paid",
      reference: paid.reference,
      ...(pen.settings["merchant_id"] === undefined
        ? {}
        : { brand_id: pen.settings["merchant_id"] }),
      purchase: { total: paid.value, currency: paid.currency },
      payment: { paid_on: Math.floor(paid.paidAt / 1_000) },
    });
    return withHeaders(message, { "X-Signature": await rsa(pen, message.body) });
  },

  async fiuu(paid, { settings, forged }) {
    const fields = {
      tranID: paid.transactionId.slice(-12),
      orderid: paid.reference,
      status: "00",
      domain: settings["merchant_id"] ?? "",
      amount: paid.amount,
      currency: paid.currency,
      paydate: zoned(paid.paidAt, 8).slice(0, 19).replace("T", " "),
      appcode: "A1B2C3",
    };
    const { tranID, orderid, status, domain, amount, currency, paydate, appcode } = fields;
    const pre = await md5Hex(tranID + orderid + status + domain + amount + currency);
    const secret = `${settings["secret"] ?? ""}${forged ? "x" : ""}`;
    const skey = await md5Hex(paydate + domain + pre + appcode + secret);
    const form = new URLSearchParams({ ...fields, skey, nbcb: "1" });
    return { contentType: FORM_TYPE, body: form.toString() };
  },

  async "2c2p"(paid, pen) {
    const signed = [
      part({ alg: "HS256", typ: "JWT" }),
      part({
        merchantID: pen.settings["merchant_id"] ?? "SBX",
        invoiceNo: paid.reference,
        amount: Number(paid.amount),
        currencyCode: paid.currency,
        tranRef: paid.transactionId,
        respCode: "0000",
      }),
    ].join(".");
    const mac = fromBase64(await hmacBase64(await hmacKey(pen), signed)) ?? new Uint8Array();
    return json({ payload: `${signed}.${toBase64Url(mac)}` });
  },

  xendit: async (paid, { settings, forged }) =>
    withHeaders(
      json({
        event: "qr.payment",
        id: `qrpy_${paid.transactionId}`,
        amount: paid.value / 100,
        created: new Date(paid.paidAt).toISOString(),
        qr_code: {
          id: "qr_sandbox",
          external_id: paid.reference,
          qr_string: paid.code,
          type: "DYNAMIC",
        },
        status: "COMPLETED",
      }),
      { "x-callback-token": `${settings["token"] ?? ""}${forged ? "x" : ""}` },
    ),
};

/** Forged by whoever cannot sign: a message of a bank that does not is about somebody else. */
const UNSIGNED = new Set(["scb", "kbank", "ambank", "generic_basic_query"]);

const otherReference = (reference: string): string =>
  reference.replace(/^./, (first) => (first === "0" ? "1" : "0"));

/** The bank's message; null: this bank writes none. */
export async function bankMessage(
  paid: Paid,
  settings: Settings,
  forged: boolean,
  notifyUrl: string,
  world: SandboxWorld,
): Promise<Request | null> {
  const profile = settings["profile"] ?? "";
  const write = WRITERS[profile];
  if (write === undefined) return null;
  const told =
    forged && UNSIGNED.has(profile) ? { ...paid, reference: otherReference(paid.reference) } : paid;
  const { contentType, body, headers } = await write(told, { settings, world, forged });
  return new Request(notifyUrl, {
    method: "POST",
    headers: { "content-type": contentType, ...headers },
    body,
  });
}

/** For HTTP Basic. */
export const basic = (username: string, password: string): string =>
  `Basic ${toBase64(utf8(`${username}:${password}`))}`;
