/** `/v1/qr/parse`: what any scanned code is. Pure: nothing is stored, and nobody is asked. */
import { createRoute, z } from "@hono/zod-openapi";

import { explainQr } from "../../channels/emvco/explain.ts";
import { readableBody } from "../body.ts";
import { type App, errors, jsonBody, jsonReply } from "../http.ts";

/** Longer than the longest QR code holds (version 40: 4,296 letters and digits). */
const DATA_LIMIT = 4_296;

const Data = z.string().min(1).max(DATA_LIMIT).openapi({
  description: "The text that a scanner reads from the code.",
  example: "00020101021229370016A000000677010111011300668123456785802TH53037646304A7CB",
});

const Finding = z.object({
  code: z.string(),
  id: z.string().nullable().openapi({ description: "Of the field, from the root: `26.02`." }),
  at: z.int().nullable().openapi({ description: "Characters before it." }),
  message: z.string(),
});

const QrField = z
  .object({
    id: z.string(),
    name: z.string().nullable(),
    length: z.int(),
    value: z.string(),
    fields: z
      .array(z.record(z.string(), z.unknown()))
      .nullable()
      .openapi({ description: "The objects within, of the same shape; null for a plain value." }),
  })
  .openapi("QrField");

const QrExplanation = z
  .object({
    object: z.literal("qr_explanation"),
    kind: z.enum([
      "emvco",
      "wechat_url",
      "alipay_url",
      "url",
      "promptpay_slip",
      "bot_barcode",
      "opaque",
    ]),
    schemes: z.array(z.string()).openapi({ description: "Every scheme found in it, each once." }),
    country: z.string().nullable(),
    currency: z.string().nullable(),
    amount: z
      .object({ currency: z.string(), value: z.int() })
      .nullable()
      .openapi({ description: "Null: the payer enters it, or it cannot be told." }),
    merchant: z.object({
      name: z.string().nullable(),
      city: z.string().nullable(),
      id: z.object({ type: z.string(), value: z.string() }).nullable(),
      reference: z.string().nullable(),
    }),
    single_use: z.boolean().nullable(),
    expires_at: z.string().nullable(),
    crc: z.object({ given: z.string(), expected: z.string(), valid: z.boolean() }).nullable(),
    fields: z.array(QrField),
    warnings: z.array(Finding),
    errors: z.array(Finding),
  })
  .openapi("QrExplanation");

const common = {
  path: "/v1/qr/parse",
  tags: ["QR codes"] as string[],
  summary: "Explain a QR code",
  description:
    "Any code: scheme, merchant, amount, expiry, every field in words, and what is wrong with it. " +
    "It proves nothing: whoever can draw a code can write what is in it. Needs no key.",
} as const;

const responses = {
  200: jsonReply(QrExplanation, "What the code says."),
  ...errors(400, 413, 415),
};

const byQuery = createRoute({
  ...common,
  method: "get",
  operationId: "parseQr",
  request: { query: z.strictObject({ data: Data }) },
  responses: { 200: responses[200], 400: responses[400] },
});

const byBody = createRoute({
  ...common,
  method: "post",
  operationId: "parseQrBody",
  middleware: [readableBody] as const,
  request: { body: jsonBody(z.strictObject({ data: Data }).openapi("ParseQr")) },
  responses,
});

const explained = (data: string) => ({ object: "qr_explanation" as const, ...explainQr(data) });

export function registerQrParse(app: App): void {
  app.openapi(byQuery, (c) => c.json(explained(c.req.valid("query").data) as never, 200));
  app.openapi(byBody, (c) => c.json(explained(c.req.valid("json").data) as never, 200));
}
