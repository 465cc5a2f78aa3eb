/** What all operations share in the document: the words at its top, security, headers. */

export const DESCRIPTION = `One API for the wallets and bank QR codes of Asia.

- Requests and answers are JSON in UTF-8; bodies over 64 KiB are refused.
- Money is an integer of minor units beside an ISO 4217 code: 699 CNY is 6.99, 699 JPY is 699.
- Times are RFC 3339 in UTC with milliseconds.
- Lists come newest first, in pages of 1 to 100, with an opaque cursor.
- Every answer carries \`Request-Id\`; name it when you ask for help.
- Test keys see test objects only and talk to the built-in sandbox; live keys the reverse.`;

export const SECURITY_SCHEMES = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "The API key: `Authorization: Bearer sk_test_…`.",
  },
  signature: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description:
      "`ItPay <id>:<sig>`, so that the secret never travels. `<id>` is the key without its last " +
      "part (`sk_test_<id12>`); `<sig>` is the lower-case hex HMAC-SHA256 under that last part of " +
      "timestamp + METHOD + path + raw body: the path without query, the body empty for GET and " +
      "DELETE. `X-ItPay-Timestamp` carries the timestamp, 10 digits of seconds, at most 300 s off.",
  },
  admin: { type: "http", scheme: "bearer", description: "The operator's `ADMIN_TOKEN`." },
};

export const HEADERS = {
  RequestId: {
    description: "Names this request in logs and events.",
    schema: { type: "string", example: "req_01k5x0e8m3v7q2r9t4w6y8z0ab" },
  },
  RetryAfter: { description: "Seconds to wait.", schema: { type: "integer", example: 60 } },
  IdempotentReplayed: {
    description: "`true` when this is the first answer once more.",
    schema: { type: "string", enum: ["true"] },
  },
};

export const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header" as const,
  required: false,
  description: "1 to 255 printable ASCII characters. A repeat gets the first answer.",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};
