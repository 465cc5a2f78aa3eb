/**
 * Siam Commercial Bank and Kasikornbank. Neither signs its confirmations, so each of them only makes
 * us ask. Fields are from mirrors of the banks' documentation and are to be compared with the
 * partner portal when an account is set up; KBank's production hosts also want a client certificate,
 * which a proxy in front has to hold (`CHANNEL_ENDPOINTS`).
 */
import * as z from "zod";

import type { BankProfile } from "../profile.ts";
import { apiUrl, identifier, secret } from "../settings.ts";

const BANGKOK = 7;

const SCB_HEADERS = {
  "accept-language": "EN",
  resourceOwnerId: "{app_key}",
  requestUId: "{uid}",
};

const SCB_SUCCESS = { at: "status.code", is: ["1000"], code: "status.code" };

const SCB: BankProfile = {
  id: "scb",
  name: "SCB",
  settings: z.strictObject({
    profile: z.literal("scb"),
    app_key: identifier("The application's API key."),
    app_secret: secret("Its API secret."),
    terminal_id: z
      .string()
      .regex(/^[0-9A-Z]{1,20}$/, "must be 1 to 20 capital letters and digits")
      .describe("The ref3 prefix of the application: SCB routes confirmations by it."),
    qr_source: z
      .enum(["local", "bank"])
      .optional()
      .describe("Who makes the code; `local` unless given."),
    api_url: apiUrl("Another host than production, for instance SCB's own sandbox.").optional(),
  }),
  format: "json",
  authentication: { scheme: "none" },
  believed: "query",
  message: {
    belongs: [{ at: "payeeProxyId", is: "{payee}" }],
    reference: { at: "billPaymentRef1" },
    amount: { at: "amount", unit: "major" },
    currency: { at: "currencyCode" },
    transactionId: "transactionId",
    paidAt: { at: "transactionDateandTime", written: { form: "iso" } },
    // SCB only writes about what was paid.
    state: { at: "status", otherwise: "paid" },
  },
  acknowledgement: {
    json: {
      resCode: "00",
      resDesc: "success",
      transactionId: "{transactionId}",
      confirmId: "{reference}",
    },
  },
  api: {
    host: "https://api.partners.scb/partners",
    zone: BANGKOK,
    token: {
      method: "POST",
      path: "/v1/oauth/token",
      headers: SCB_HEADERS,
      json: { applicationKey: "{app_key}", applicationSecret: "{app_secret}" },
      token: "data.accessToken",
      lifetime: "data.expiresIn",
    },
    query: {
      method: "GET",
      path: "/v1/payment/billpayment/inquiry",
      query: {
        eventCode: "00300100",
        transactionDate: "{date}",
        billerId: "{payee}",
        reference1: "{reference}",
      },
      headers: { ...SCB_HEADERS, authorization: "Bearer {access_token}" },
      success: SCB_SUCCESS,
      unknownStatuses: [404],
      list: "data",
      perDay: true,
      map: {
        belongs: [{ at: "payeeProxyId", is: "{payee}" }],
        reference: { at: "billPaymentRef1" },
        amount: { at: "amount", unit: "major" },
        currency: { at: "currencyCode" },
        transactionId: "transactionId",
        paidAt: { at: "transactionDateandTime", written: { form: "iso" } },
        // A payment is only found once it is made; R: given back.
        state: { at: "reverseFlag", reversed: ["R"], otherwise: "paid" },
      },
    },
    issue: {
      when: "chosen",
      method: "POST",
      path: "/v1/payment/qrcode/create",
      headers: { ...SCB_HEADERS, authorization: "Bearer {access_token}" },
      json: {
        qrType: "PP",
        ppType: "BILLERID",
        ppId: "{payee}",
        amount: "{amount}",
        ref1: "{reference}",
        ref2: "{second_reference?}",
        ref3: "{terminal_id}",
      },
      success: SCB_SUCCESS,
      code: "data.qrRawData",
      referenceLength: 20,
      referenceInCode: true,
    },
  },
};

const KBANK_SUCCESS = { at: "statusCode", is: ["00"], code: "errorCode" };

const KBANK_COMMON = {
  partnerTxnUid: "{short_uid}",
  partnerId: "{username}",
  partnerSecret: "{password}",
  requestDt: "{now}",
  merchantId: "{merchant_id}",
  terminalId: "{terminal_id?}",
  qrType: "3",
};

const KBANK_BEARER = { authorization: "Bearer {access_token}" };

/** KBank names its codes by our number alone, so only codes that it has made can be told apart. */
const KBANK: BankProfile = {
  id: "kbank",
  name: "KBank",
  settings: z.strictObject({
    profile: z.literal("kbank"),
    app_key: identifier("Consumer id of the OAuth application."),
    app_secret: secret("Consumer secret."),
    username: identifier("partnerId."),
    password: secret("partnerSecret."),
    merchant_id: identifier("The shop's merchantId."),
    terminal_id: identifier("The shop's terminalId.").optional(),
    api_url: apiUrl("The host that KBank names to the partner."),
  }),
  format: "json",
  authentication: { scheme: "none" },
  believed: "query",
  message: {
    belongs: [
      { at: "partnerId", is: "{username}" },
      { at: "merchantId", is: "{merchant_id}", optional: true },
    ],
    reference: { at: "partnerTxnUid" },
    amount: { at: "txnAmount", unit: "major" },
    currency: { at: "txnCurrencyCode" },
    transactionId: "txnNo",
    state: { at: "statusCode", paid: ["00"], open: ["10"] },
  },
  acknowledgement: {
    json: {
      partnerTxnUid: "{partnerTxnUid}",
      partnerId: "{partnerId}",
      statusCode: "00",
      errorCode: null,
      errorDesc: null,
    },
  },
  api: {
    host: null,
    zone: BANGKOK,
    token: {
      method: "POST",
      path: "/v2/oauth/token",
      basic: ["app_key", "app_secret"],
      form: { grant_type: "client_credentials" },
      token: "access_token",
      lifetime: "expires_in",
    },
    query: {
      method: "POST",
      path: "/v1/qrpayment/v4/inquiry",
      headers: KBANK_BEARER,
      json: { ...KBANK_COMMON, origPartnerTxnUid: "{reference}" },
      success: KBANK_SUCCESS,
      map: {
        // The number of this very question: the reply names no other.
        belongs: [
          { at: "partnerTxnUid", is: "{short_uid}" },
          { at: "partnerId", is: "{username}" },
        ],
        reference: { asked: true },
        amount: { at: "txnAmount", unit: "major" },
        currency: { at: "txnCurrencyCode" },
        transactionId: "txnNo",
        state: {
          at: "txnStatus",
          paid: ["PAID"],
          open: ["REQUESTED"],
          closed: ["CANCELLED", "EXPIRED"],
          absent: ["NOT_FOUND"],
          reversed: ["VOIDED"],
        },
      },
    },
    issue: {
      when: "always",
      method: "POST",
      path: "/v1/qrpayment/request",
      headers: KBANK_BEARER,
      json: {
        ...KBANK_COMMON,
        partnerTxnUid: "{reference}",
        txnAmount: "{amount}",
        txnCurrencyCode: "THB",
        reference1: "{reference}",
      },
      success: KBANK_SUCCESS,
      code: "qrCode",
      referenceLength: 15,
      lifetimeSeconds: 600,
      referenceInCode: false,
    },
    close: {
      method: "POST",
      path: "/v1/qrpayment/cancel",
      headers: KBANK_BEARER,
      json: { ...KBANK_COMMON, origPartnerTxnUid: "{reference}" },
      success: KBANK_SUCCESS,
    },
  },
};

export const THAILAND: readonly BankProfile[] = [SCB, KBANK];
