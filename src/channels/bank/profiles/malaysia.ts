/** AmBank, Curlec, CHIP and Fiuu: how DuitNow payments are reported in Malaysia. */
import * as z from "zod";

import type { BankProfile } from "../profile.ts";
import { apiUrl, identifier, publicKey, secret } from "../settings.ts";

const KUALA_LUMPUR = 8;

const AMBANK_HEADERS = {
  authorization: "Bearer {access_token}",
  authentication: "{access_token}",
  "ambank-timestamp": "{stamp}",
  "channel-token": "{token}",
  srcrefno: "{terminal_id}{source_number}",
};

const AMBANK_MESSAGE: BankProfile["message"] = {
  reference: { code: "QRString" },
  amount: { at: "TrxAmount", unit: "major" },
  currency: { at: "TrxCurrency" },
  transactionId: "EndID",
  state: { at: "TransactionStatus", paid: ["ACSP"], open: ["ACTC", "PDNG", "RJCT"] },
};

/**
 * AmBank makes the code, and both its message and its answers name a payment by the whole code. Its
 * notices are not signed. Known from a public client library only.
 */
const AMBANK: BankProfile = {
  id: "ambank",
  name: "AmBank",
  settings: z.strictObject({
    profile: z.literal("ambank"),
    app_key: identifier("Client id of the OAuth application."),
    app_secret: secret("Client secret."),
    token: secret("Channel-Token."),
    username: secret("Channel-APIKey."),
    secret: secret("Signs the header Ambank-Signature."),
    merchant_id: identifier("QRId."),
    terminal_id: identifier("Prefix of our source reference numbers."),
    api_url: apiUrl("The gateway's host, as AmBank names it."),
  }),
  format: "json",
  authentication: { scheme: "none" },
  believed: "query",
  message: AMBANK_MESSAGE,
  acknowledgement: { text: "" },
  api: {
    host: null,
    zone: KUALA_LUMPUR,
    token: {
      method: "POST",
      path: "/api/oauth/v2.0/token",
      basic: ["app_key", "app_secret"],
      headers: { clientid: "{app_key}" },
      form: { grant_type: "client_credentials", scope: "resource.READ,resource.WRITE" },
      token: "access_token",
      lifetime: "expires_in",
    },
    query: {
      method: "POST",
      path: "/api/MerchantQR/v1.0/GetQTNotification/{terminal_id}{source_number}",
      headers: { ...AMBANK_HEADERS, "channel-apikey": "{username}" },
      json: {
        QRString: "{code}",
        TrxDate: "{date_dmy}",
        TrxTimeStart: "00:00",
        TrxTimeEnd: "23:59",
      },
      signature: "ambank",
      unknownStatuses: [404],
      perDay: true,
      needsCode: true,
      map: AMBANK_MESSAGE,
    },
    issue: {
      when: "always",
      method: "POST",
      path: "/api/DuitNowQR/v1.0/GenQR",
      headers: AMBANK_HEADERS,
      json: {
        QRId: "{merchant_id}",
        PointInitiation: "12",
        TrxCurrency: "458",
        TrxAmount: "{amount}",
        AdditionalDataFieldTemplate: "1",
        StoreLabel: "***",
        ReferenceLabel: "{reference}",
        ConsumerLabel: "***",
        TerminalLabel: "***",
        ExpiryMinutes: "{minutes}",
      },
      signature: "ambank",
      code: "QRString",
      referenceLength: 25,
      referenceInCode: true,
    },
  },
};

const CURLEC: BankProfile = {
  id: "curlec",
  name: "Curlec",
  settings: z.strictObject({
    profile: z.literal("curlec"),
    secret: secret("The webhook's secret."),
  }),
  format: "json",
  authentication: {
    scheme: "hmac_sha256",
    content: { of: "body" },
    at: { header: "X-Razorpay-Signature" },
    secretIs: "text",
    encoding: "hex",
  },
  believed: "message",
  message: {
    event: { at: "event", is: ["payment.captured", "payment.failed"] },
    reference: { at: "payload.payment.entity.notes.reference" },
    amount: { at: "payload.payment.entity.amount", unit: "minor" },
    currency: { at: "payload.payment.entity.currency" },
    transactionId: "payload.payment.entity.id",
    paidAt: { at: "created_at", written: { form: "unix_seconds" } },
    state: {
      at: "payload.payment.entity.status",
      paid: ["captured"],
      open: ["created", "authorized", "failed"],
      reversed: ["refunded"],
    },
  },
  acknowledgement: { text: "" },
};

const CHIP: BankProfile = {
  id: "chip",
  name: "CHIP",
  settings: z.strictObject({
    profile: z.literal("chip"),
    public_key: publicKey("CHIP's, from GET /api/v1/public_key/."),
    merchant_id: identifier(
      "Brand id; when given, messages of other brands are refused.",
    ).optional(),
  }),
  format: "json",
  authentication: { scheme: "rsa_sha256", content: { of: "body" }, header: "X-Signature" },
  believed: "message",
  message: {
    event: { at: "event_type", is: ["purchase.paid"] },
    belongs: [{ at: "brand_id", is: "{merchant_id}" }],
    reference: { at: "reference" },
    amount: { at: "purchase.total", unit: "minor" },
    currency: { at: "purchase.currency" },
    transactionId: "id",
    paidAt: { at: "payment.paid_on", written: { form: "unix_seconds" } },
    state: { at: "status", paid: ["paid"] },
  },
  acknowledgement: { text: "" },
};

/** Weak, since MD5 is: the number in the signature is the order's and the amount is in it too. */
const FIUU: BankProfile = {
  id: "fiuu",
  name: "Fiuu",
  settings: z.strictObject({
    profile: z.literal("fiuu"),
    merchant_id: identifier("Merchant id, `domain` in the messages."),
    secret: secret("Secret key (not the verify key)."),
  }),
  format: "form",
  authentication: { scheme: "fiuu_skey" },
  believed: "message",
  message: {
    belongs: [{ at: "domain", is: "{merchant_id}" }],
    reference: { at: "orderid" },
    amount: { at: "amount", unit: "major" },
    // Malaysian channels say RM unless the order has named the ringgit otherwise.
    currency: { at: "currency", also: { RM: "MYR" } },
    transactionId: "tranID",
    paidAt: { at: "paydate", written: { form: "local", zone: KUALA_LUMPUR } },
    state: { at: "status", paid: ["00"], open: ["11", "22"] },
  },
  acknowledgement: { text: "CBTOKEN:MPSTATOK" },
};

export const MALAYSIA: readonly BankProfile[] = [AMBANK, CURLEC, CHIP, FIUU];
