/** Aggregators of several countries: Omise, HitPay, 2C2P and Xendit. */
import * as z from "zod";

import type { BankProfile } from "../profile.ts";
import { identifier, secret } from "../settings.ts";

const OMISE: BankProfile = {
  id: "omise",
  name: "Omise",
  settings: z.strictObject({
    profile: z.literal("omise"),
    secret: secret("The webhook's secret, base64 as the dashboard shows it."),
  }),
  format: "json",
  authentication: {
    scheme: "hmac_sha256",
    content: { of: "timestamp.body", timestampHeader: "Omise-Signature-Timestamp" },
    at: { header: "Omise-Signature" },
    secretIs: "base64",
    encoding: "hex",
    separator: ",",
  },
  believed: "message",
  message: {
    event: { at: "key", is: ["charge.complete"] },
    reference: { at: "data.metadata.reference" },
    amount: { at: "data.amount", unit: "minor" },
    currency: { at: "data.currency" },
    transactionId: "data.id",
    paidAt: { at: "data.paid_at", written: { form: "iso" } },
    state: {
      at: "data.status",
      paid: ["successful"],
      open: ["pending", "failed", "expired"],
      reversed: ["reversed"],
    },
  },
  acknowledgement: { text: "" },
};

const hitpaySettings = <Id extends string>(profile: Id) =>
  z.strictObject({ profile: z.literal(profile), secret: secret("The account's salt.") });

const HITPAY_MESSAGE: BankProfile["message"] = {
  reference: { at: "reference_number" },
  amount: { at: "amount", unit: "major" },
  currency: { at: "currency" },
  transactionId: "payment_id",
  state: { at: "status", paid: ["completed", "succeeded"], open: ["pending", "failed"] },
};

const HITPAY_FIELDS: ReadonlySet<string> = new Set([
  "payment_id",
  "payment_request_id",
  "phone",
  "amount",
  "currency",
  "status",
  "reference_number",
]);

/** Its older webhook: a form that is signed field by field. */
const HITPAY_V1: BankProfile = {
  id: "hitpay_v1",
  name: "HitPay (payment requests)",
  settings: hitpaySettings("hitpay_v1"),
  format: "form",
  authentication: {
    scheme: "hmac_sha256",
    content: { of: "sorted_fields", names: HITPAY_FIELDS },
    at: { field: "hmac" },
    secretIs: "text",
    encoding: "hex",
  },
  believed: "message",
  message: HITPAY_MESSAGE,
  acknowledgement: { text: "" },
};

const HITPAY_V2: BankProfile = {
  id: "hitpay_v2",
  name: "HitPay (events)",
  settings: hitpaySettings("hitpay_v2"),
  format: "json",
  authentication: {
    scheme: "hmac_sha256",
    content: { of: "body" },
    at: { header: "Hitpay-Signature" },
    secretIs: "text",
    encoding: "hex",
  },
  believed: "message",
  message: { ...HITPAY_MESSAGE, transactionId: "id" },
  acknowledgement: { text: "" },
};

const TWO_C_TWO_P: BankProfile = {
  id: "2c2p",
  name: "2C2P",
  settings: z.strictObject({
    profile: z.literal("2c2p"),
    secret: secret("The merchant's secret key."),
    merchant_id: identifier("When given, messages of other merchants are refused.").optional(),
  }),
  format: "json",
  authentication: { scheme: "jws_hs256", member: "payload" },
  believed: "message",
  message: {
    belongs: [{ at: "merchantID", is: "{merchant_id}" }],
    reference: { at: "invoiceNo" },
    amount: { at: "amount", unit: "major" },
    currency: { at: "currencyCode" },
    transactionId: "tranRef",
    // Every other answer code is a refusal of this attempt.
    state: { at: "respCode", paid: ["0000"], otherwise: "open" },
  },
  acknowledgement: { text: "" },
};

const XENDIT_PAYMENT: BankProfile["message"] = {
  reference: { at: "qr_code.external_id" },
  amount: { at: "amount", unit: "major" },
  currency: { fixed: "IDR" },
  transactionId: "id",
  paidAt: { at: "created", written: { form: "iso" } },
  state: { at: "status", paid: ["COMPLETED"], open: ["PENDING", "FAILED"] },
};

/** The token in the header is the same for every message, so it proves nothing about this one. */
const XENDIT: BankProfile = {
  id: "xendit",
  name: "Xendit",
  settings: z.strictObject({
    profile: z.literal("xendit"),
    token: secret("The webhook verification token (x-callback-token)."),
    secret: secret("The secret API key."),
  }),
  format: "json",
  authentication: { scheme: "token", header: "x-callback-token", setting: "token" },
  believed: "query",
  message: { ...XENDIT_PAYMENT, event: { at: "event", is: ["qr.payment"] } },
  acknowledgement: { text: "" },
  api: {
    host: "https://api.xendit.co",
    zone: 7,
    query: {
      method: "GET",
      path: "/qr_codes/payments",
      query: { external_id: "{reference}" },
      basic: ["secret", ""],
      list: "",
      map: XENDIT_PAYMENT,
    },
    issue: {
      when: "always",
      method: "POST",
      path: "/qr_codes",
      basic: ["secret", ""],
      form: {
        external_id: "{reference}",
        type: "DYNAMIC",
        callback_url: "{notify_url}",
        amount: "{amount}",
      },
      code: "qr_string",
      referenceLength: 25,
      referenceInCode: false,
    },
  },
};

export const AGGREGATORS: readonly BankProfile[] = [
  OMISE,
  HITPAY_V1,
  HITPAY_V2,
  TWO_C_TWO_P,
  XENDIT,
];
