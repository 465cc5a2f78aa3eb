/**
 * Contracts of our own, for banks that post what they are told to and for relays that a merchant
 * puts in front of a bank whose format is not here (DBS signs with OpenPGP, for one).
 *
 * The message is JSON: `{"id", "reference", "amount", "currency", "status", "paid_at"}`. `id` is the
 * bank's number, `amount` a decimal text ("6.99"), `currency` a code or a number of ISO 4217,
 * `status` one of `paid`, `pending`, `failed`, `reversed`, `paid_at` a time of RFC 3339.
 */
import * as z from "zod";

import type { BankApi, BankProfile, MessageMap } from "../profile.ts";
import { apiUrl, publicKey, secret } from "../settings.ts";

const MESSAGE: MessageMap = {
  belongs: [{ at: "payee", is: "{payee}", optional: true }],
  reference: { at: "reference" },
  amount: { at: "amount", unit: "major" },
  currency: { at: "currency" },
  transactionId: "id",
  paidAt: { at: "paid_at", written: { form: "iso" } },
  state: { at: "status", paid: ["paid"], open: ["pending", "failed"], reversed: ["reversed"] },
};

const SIGNED = { of: "timestamp.body", timestampHeader: "X-Timestamp" } as const;

/** How to ask, where the account says where: messages get lost. */
const API: BankApi = {
  host: null,
  zone: 0,
  query: {
    method: "GET",
    path: "",
    query: { payee: "{payee}", reference: "{reference}" },
    basic: ["username", "password"],
    list: "payments",
    map: { ...MESSAGE, belongs: [{ at: "payee", is: "{payee}" }] },
  },
};

const address = apiUrl(
  'GET with ?payee=&reference= and HTTP Basic answers {"payments": […]}, each like the message.',
);
const username = secret("User name of HTTP Basic at api_url.");
const password = secret("Its password.");

/** With all three, payments whose message was lost are found by asking. */
const optionalQuery = {
  api_url: address.optional(),
  username: username.optional(),
  password: password.optional(),
};

export const GENERIC: readonly BankProfile[] = [
  {
    id: "generic_hmac",
    name: "Signed with a shared secret",
    settings: z.strictObject({
      profile: z.literal("generic_hmac"),
      secret: secret(
        "X-Signature = HMAC-SHA256 of X-Timestamp (Unix seconds), a dot and the body; hex or base64.",
      ).min(16),
      ...optionalQuery,
    }),
    format: "json",
    authentication: {
      scheme: "hmac_sha256",
      content: SIGNED,
      at: { header: "X-Signature" },
      secretIs: "text",
      encoding: "any",
    },
    believed: "message",
    message: MESSAGE,
    acknowledgement: { text: "" },
    api: API,
  },
  {
    id: "generic_rsa",
    name: "Signed with the bank's private key",
    settings: z.strictObject({
      profile: z.literal("generic_rsa"),
      public_key: publicKey(
        "The bank's. X-Signature = base64 RSA-SHA256 of X-Timestamp (Unix seconds), a dot and the body.",
      ),
      ...optionalQuery,
    }),
    format: "json",
    authentication: { scheme: "rsa_sha256", content: SIGNED, header: "X-Signature" },
    believed: "message",
    message: MESSAGE,
    acknowledgement: { text: "" },
    api: API,
  },
  {
    id: "generic_basic_query",
    name: "Not signed; the bank is asked",
    settings: z.strictObject({
      profile: z.literal("generic_basic_query"),
      api_url: address,
      username,
      password,
    }),
    format: "json",
    authentication: { scheme: "none" },
    believed: "query",
    message: MESSAGE,
    acknowledgement: { text: "" },
    api: API,
  },
];
