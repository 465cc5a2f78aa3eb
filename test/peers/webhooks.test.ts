/** The libraries that receivers use judge what we sign. */
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { Stripe } from "stripe";
import { describe, it } from "vitest";

import { secureRandom } from "../../src/ids.ts";
import { buildEvent } from "../../src/envelope.ts";
import { newSecret, signatureHeaders } from "../../src/webhooks/signing.ts";

const stripe = new Stripe("sk_test_unused");

const event = buildEvent({
  id: "evt_01h5mkvqs8kzr9p7c3x2d4f6g8",
  type: "payment_intent.succeeded",
  livemode: true,
  sequence: 7,
  createdAt: Date.UTC(2026, 10, 1, 8, 30),
  requestId: null,
  data: {
    id: "pi_01h5mkvqs8kzr9p7c3x2d4f6g8",
    description: 'AI 摘要 "日报" – naïve 🧧 \u2028 </script>',
    amount: { currency: "CNY", value: 699 },
  },
});

const seconds = () => Math.floor(Date.now() / 1_000);

const sign = (secrets: readonly string[], timestamp = seconds(), body = event.payload) =>
  signatureHeaders({ eventId: event.id, body, timestamp, secrets });

/** As a receiver with Stripe's library checks our `X-ItPay-Signature`. */
const stripeAccepts = (body: string, header: string, secret: string) =>
  stripe.webhooks.constructEvent(body, header, secret);

const headerOf = (headers: Record<string, string>) => headers["X-ItPay-Signature"] ?? "";

describe("standardwebhooks", () => {
  it("verifies what we sign", async ({ expect }) => {
    const secret = newSecret(secureRandom);
    const verified = new Webhook(secret).verify(event.payload, await sign([secret]));
    expect(verified).toEqual(JSON.parse(event.payload));
  });

  it("verifies with either secret during a rotation", async ({ expect }) => {
    const [old, next] = [newSecret(secureRandom), newSecret(secureRandom)];
    const headers = await sign([next, old]);
    for (const secret of [old, next]) {
      expect(new Webhook(secret).verify(event.payload, headers)).toMatchObject({ id: event.id });
    }
    expect(() => new Webhook(newSecret(secureRandom)).verify(event.payload, headers)).toThrow(
      WebhookVerificationError,
    );
  });

  it("signs the same as we do", async ({ expect }) => {
    const secret = newSecret(secureRandom);
    const timestamp = 1_793_521_800;
    const theirs = new Webhook(secret).sign(event.id, new Date(timestamp * 1_000), event.payload);
    expect((await sign([secret], timestamp))["webhook-signature"]).toBe(theirs);
  });

  it("refuses another body, id or time, and what is old or from the future", async ({ expect }) => {
    const secret = newSecret(secureRandom);
    const webhook = new Webhook(secret);
    const headers = await sign([secret]);
    const refused = (body: string, sent: Record<string, string>) =>
      expect(() => webhook.verify(body, sent)).toThrow(WebhookVerificationError);
    refused(event.payload.replace("699", "999"), headers);
    refused(`${event.payload} `, headers);
    refused(event.payload, { ...headers, "webhook-id": "evt_other" });
    refused(event.payload, { ...headers, "webhook-timestamp": String(seconds() + 1) });
    refused(event.payload, await sign([secret], seconds() - 301));
    refused(event.payload, await sign([secret], seconds() + 302));
    refused(event.payload, await sign([newSecret(secureRandom)]));
  });
});

describe("stripe", () => {
  it("verifies what we sign", async ({ expect }) => {
    const secret = newSecret(secureRandom);
    const verified = stripeAccepts(event.payload, headerOf(await sign([secret])), secret);
    expect(verified).toEqual(JSON.parse(event.payload));
  });

  it("verifies with either secret during a rotation", async ({ expect }) => {
    const [old, next] = [newSecret(secureRandom), newSecret(secureRandom)];
    const header = headerOf(await sign([next, old]));
    for (const secret of [old, next]) {
      expect(stripeAccepts(event.payload, header, secret)).toMatchObject({ id: event.id });
    }
    expect(() => stripeAccepts(event.payload, header, newSecret(secureRandom))).toThrow(
      Stripe.errors.StripeSignatureVerificationError,
    );
  });

  it("signs the same as we do", async ({ expect }) => {
    const secret = newSecret(secureRandom);
    const timestamp = seconds();
    const theirs = stripe.webhooks.generateTestHeaderString({
      payload: event.payload,
      secret,
      timestamp,
    });
    expect(headerOf(await sign([secret], timestamp))).toBe(theirs);
  });

  it("refuses another body or time, and what is old", async ({ expect }) => {
    const secret = newSecret(secureRandom);
    const header = headerOf(await sign([secret]));
    const refused = (body: string, sent: string) =>
      expect(() => stripeAccepts(body, sent, secret)).toThrow(
        Stripe.errors.StripeSignatureVerificationError,
      );
    refused(event.payload.replace("699", "999"), header);
    refused(`${event.payload} `, header);
    refused(event.payload, header.replace(/^t=\d+/, `t=${seconds() - 1}`));
    refused(event.payload, headerOf(await sign([secret], seconds() - 301)));
    refused(event.payload, headerOf(await sign([newSecret(secureRandom)])));
  });
});
