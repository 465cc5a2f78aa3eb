/** The `webhooks` part of the document: the requests that merchants receive. */
import { EVENT_NOTES } from "./events.ts";
import { type Operation, type PathItem, refTo, type Schema } from "./model.ts";
import { EVENT_CHANGES, SAMPLES } from "./samples.ts";

const WEBHOOK_HEADERS = [
  ["X-ItPay-Signature", '`t=<seconds>,v1=<hex>`: HMAC-SHA256 under the secret of t + "." + body.'],
  ["webhook-id", "The event's id, the same in every attempt (Standard Webhooks)."],
  ["webhook-timestamp", "Seconds since 1970 of this attempt (Standard Webhooks)."],
  ["webhook-signature", "`v1,<base64>`, several while a secret rotates (Standard Webhooks)."],
] as const;

/** The operationId of a type: `onPaymentIntentSucceeded`. */
const webhookName = (type: string) =>
  `on${type.replace(/(?:^|[._])([a-z])/g, (_, letter: string) => letter.toUpperCase())}`;

/** For each type of event the envelope with the object that it is about. */
export const webhooks = (): Record<string, PathItem> =>
  Object.fromEntries(
    Object.entries(EVENT_NOTES).map(([type, { when, data }]) => {
      const schema: Schema = {
        allOf: [
          refTo("Event"),
          { type: "object", properties: { type: { const: type }, data: refTo(data) } },
        ],
      };
      const object = { ...SAMPLES[data], ...EVENT_CHANGES[type] };
      const sequence = object["sequence"] ?? 1;
      const example = { ...SAMPLES["Event"], type, sequence, data: object };
      const post: Operation = {
        operationId: webhookName(type),
        summary: type,
        description: when,
        security: [],
        parameters: WEBHOOK_HEADERS.map(([header, description]) => ({
          name: header,
          in: "header",
          required: true,
          description,
          schema: { type: "string" },
        })),
        requestBody: { required: true, content: { "application/json": { schema, example } } },
        responses: { "2XX": { description: "Received. Anything else is tried again." } },
      };
      return [type, { post }];
    }),
  );
