/**
 * The newcomer's story over HTTP on the built Worker, once for each channel: a merchant, a payment,
 * a code that scans, a buyer who pays, a signed webhook, the feed; then cancelling, and the doors
 * that must stay shut.
 */
import { Webhook } from "standardwebhooks";
import { Stripe } from "stripe";
import { afterAll, beforeAll, describe, it } from "vitest";

import type { ErrorBody, EventBody, Intent, ListOf, Merchant } from "./kit/client.ts";
import { type Gateway, SECRETS, startGateway } from "./kit/gateway.ts";
import { type Receiver, startReceiver } from "./kit/receiver.ts";
import { scan } from "./kit/scan.ts";
import { until } from "./kit/until.ts";

const CHANNELS = [
  { channel: "wechat", qrType: "wechat_url", code: /^weixin:\/\// },
  { channel: "alipay", qrType: "alipay_url", code: /^https:\/\/qr\.alipay\.com\// },
] as const;

const order = (channel: string) => ({
  amount: { currency: "CNY", value: 699 },
  channel,
  description: "AI summary",
});

let gateway: Gateway;
let receiver: Receiver;

beforeAll(async () => {
  [gateway, receiver] = await Promise.all([startGateway(), startReceiver()]);
});

afterAll(async () => {
  await Promise.all([gateway.close(), receiver.close()]);
});

const settled = (key: string, id: string, status: string) =>
  until(`${id} is ${status}`, async () => {
    const { body } = await gateway.client.read(key, id);
    return body.status === status ? body : null;
  });

describe.each(CHANNELS)("a first payment with $channel", ({ channel, qrType, code }) => {
  it("is ordered, scanned, paid, announced and listed", async ({ expect }) => {
    const { client } = gateway;
    const merchant = await gateway.merchant(`Newcomer ${channel}`);
    const key = merchant.keys.test;
    const endpoint = await client.call<{ id: string; secret: string }>(
      "POST",
      "/v1/webhook-endpoints",
      { key, body: { url: receiver.url, enabled_events: ["payment_intent.succeeded"] } },
    );
    expect(endpoint.status).toBe(201);

    const made = await client.create(key, order(channel));
    expect(made.status, made.text).toBe(201);
    expect(made.headers.get("Request-Id")).toMatch(/^req_/);
    const { id, qr } = made.body;
    expect(made.body).toMatchObject({
      object: "payment_intent",
      livemode: false,
      status: "qr_generated",
      amount: { currency: "CNY", value: 699 },
      qr: { type: qrType },
      next_action: { type: "show_qr" },
      payee: { merchant_id: merchant.id },
    });
    expect(qr?.data).toMatch(code);

    const picture = await client.call("GET", new URL(qr?.image_url ?? "").pathname);
    expect(picture.headers.get("Content-Type")).toContain("image/svg+xml");
    expect(scan(picture.text), "the picture scans as the channel's code").toBe(qr?.data);

    const paid = await client.buyer(id, "pay");
    expect(paid.body).toMatchObject({
      state: "paid",
      callbacks: [{ kind: "proper", acknowledged: true }],
    });
    const after = (await client.read(key, id)).body;
    expect(after.status).toBe("succeeded");
    expect(after.channel_transaction_id).not.toBeNull();
    expect(after.succeeded_at).not.toBeNull();

    const delivery = await until(
      "the webhook arrives",
      () => receiver.deliveries.find(({ payment }) => payment === id) ?? null,
    );
    const { secret } = endpoint.body;
    const own = delivery.headers["x-itpay-signature"] ?? "";
    // Stripe's library checks the same scheme under its own header's name.
    const event = await new Stripe("sk_test_unused").webhooks.constructEventAsync(
      delivery.body,
      own,
      secret,
    );
    expect(event.type).toBe("payment_intent.succeeded");
    expect(() => new Webhook(secret).verify(`${delivery.body} `, delivery.headers)).toThrow();
    const verified = new Webhook(secret).verify(delivery.body, delivery.headers) as EventBody;
    expect(verified.data).toEqual(after);

    const events = await until("the feed is complete", async () => {
      const found = await client.eventsOf(key, id);
      return found.length >= 3 ? found : null;
    });
    expect(events.map(({ type }) => type)).toEqual([
      "payment_intent.created",
      "payment_intent.qr_generated",
      "payment_intent.succeeded",
    ]);
    expect(events.at(-1)?.id).toBe(delivery.headers["webhook-id"]);
    expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);

    const listed = await client.call<ListOf<Intent>>(
      "GET",
      `/v1/payment-intents?status=succeeded&channel=${channel}`,
      { key },
    );
    expect(listed.body.data).toEqual([after]);

    const gone = await client.call("GET", `/v1/qr/${id}.svg`);
    expect(gone.status).toBe(410);
    expect(gone.text).toContain("<svg");
    expect(scan(gone.text), "a paid code cannot be scanned again").toBeNull();
  });

  it("is given back in part, never more than is left", async ({ expect }) => {
    const { client } = gateway;
    const { keys } = await gateway.merchant(`Refunder ${channel}`);
    const key = keys.test;
    const { id } = (await client.create(key, order(channel))).body;
    await client.buyer(id, "pay");
    const amount = { currency: "CNY", value: 400 };
    const body = { payment_intent: id, amount };
    const five = await Promise.all(
      Array.from({ length: 5 }, () =>
        client.call<{ id: string }>("POST", "/v1/refunds", { key, body }),
      ),
    );
    const taken = five.filter(({ status }) => status === 201);
    expect(taken, five.map(({ text }) => text).join()).toHaveLength(1);
    const refund = taken[0]?.body.id ?? "";
    const done = await until("the refund has succeeded", async () => {
      const { body: now } = await client.call<{ status: string }>("GET", `/v1/refunds/${refund}`, {
        key,
      });
      return now.status === "succeeded" ? now : null;
    });
    expect(done).toMatchObject({ payment_intent: id, amount, origin: "merchant" });
    expect((await client.read(key, id)).body.amount_refunded).toEqual(amount);
    await until("the copy is in the list", async () => {
      const path = `/v1/refunds?payment_intent=${id}&status=succeeded`;
      const { body: page } = await client.call<ListOf<unknown>>("GET", path, { key });
      return page.data.length === 1 ? page : null;
    });
  });

  it("can be cancelled, and then not paid", async ({ expect }) => {
    const { client } = gateway;
    const { keys } = await gateway.merchant(`Canceller ${channel}`);
    const { id } = (await client.create(keys.test, order(channel))).body;
    const cancelled = await client.cancel(keys.test, id);
    expect(cancelled.status, cancelled.text).toBe(200);
    expect(cancelled.body).toMatchObject({ status: "cancelled", next_action: null });
    expect((await client.buyer(id, "pay")).status).toBe(409);
    expect((await client.read(keys.test, id)).body.status).toBe("cancelled");
    expect((await client.cancel(keys.test, id)).body.status, "twice is the same").toBe("cancelled");
    const events = await until("the cancellation is in the feed", async () => {
      const found = await client.eventsOf(keys.test, id);
      return found.length >= 3 ? found : null;
    });
    expect(events.map(({ type }) => type)).toEqual([
      "payment_intent.created",
      "payment_intent.qr_generated",
      "payment_intent.cancelled",
    ]);
  });

  it("cannot be cancelled once it is paid", async ({ expect }) => {
    const { client } = gateway;
    const { keys } = await gateway.merchant(`Too late ${channel}`);
    const { id } = (await client.create(keys.test, order(channel))).body;
    await client.buyer(id, "pay");
    const refused = await client.call<ErrorBody>("POST", `/v1/payment-intents/${id}/cancel`, {
      key: keys.test,
    });
    expect(refused.status).toBe(409);
    expect(refused.body.error).toMatchObject({ code: "INVALID_STATE", outcome: "none" });
    expect((await client.read(keys.test, id)).body.status).toBe("succeeded");
  });

  it("survives a buyer whose first try is declined", async ({ expect }) => {
    const { client } = gateway;
    const { keys } = await gateway.merchant(`Patient ${channel}`);
    const { id } = (await client.create(keys.test, order(channel))).body;
    expect((await client.buyer(id, "decline")).status).toBe(200);
    await client.sync(keys.test, id);
    expect(["qr_generated", "scanning"]).toContain((await client.read(keys.test, id)).body.status);
    await client.buyer(id, "pay");
    await settled(keys.test, id, "succeeded");
  });
});

describe("the doors", () => {
  let one: Merchant;
  let other: Merchant;
  let payment: string;

  beforeAll(async () => {
    one = await gateway.merchant("One");
    other = await gateway.merchant("Other");
    payment = (await gateway.client.create(one.keys.test, order("wechat"))).body.id;
  });

  it.for([
    ["another merchant's key", () => other.keys.test],
    ["the same merchant's live key", () => one.keys.live],
  ] as const)("%s does not see the payment", async ([, key], { expect }) => {
    for (const [method, path] of [
      ["GET", ""],
      ["POST", "/cancel"],
      ["POST", "/sync"],
    ] as const) {
      const reply = await gateway.client.call<ErrorBody>(
        method,
        `/v1/payment-intents/${payment}${path}`,
        { key: key() },
      );
      expect(reply.status, `${method} ${path}`).toBe(404);
      expect(reply.body.error.code).toBe("PAYMENT_INTENT_NOT_FOUND");
    }
    const listed = await gateway.client.call<ListOf<Intent>>("GET", "/v1/payment-intents", {
      key: key(),
    });
    expect(listed.body.data).toEqual([]);
  });

  it("refuses strangers, with a request id and nothing else", async ({ expect }) => {
    for (const key of [undefined, "sk_test_000000000000_00000000000000000000000000000000"]) {
      const stranger = key === undefined ? {} : { key };
      const reply = await gateway.client.call<ErrorBody>("GET", "/v1/payment-intents", stranger);
      expect(reply.status).toBe(401);
      expect(reply.body.error.code).toBe("UNAUTHENTICATED");
      expect(reply.body.request_id).toBe(reply.headers.get("Request-Id"));
    }
  });

  it("does not give a live key the sandbox", async ({ expect }) => {
    const reply = await gateway.client.call<ErrorBody>("POST", "/v1/payment-intents", {
      key: one.keys.live,
      body: order("wechat"),
    });
    expect(reply.status).toBe(422);
    expect(reply.body.error.code).toBe("CHANNEL_NOT_CONFIGURED");
  });

  it("wrote no secret to its log", ({ expect }) => {
    const logs = gateway.logs();
    expect(logs).toContain("request");
    const secrets = [
      SECRETS.VAULT_KEY,
      SECRETS.ID_KEY,
      SECRETS.ADMIN_TOKEN,
      one.keys.test,
      one.keys.test.slice(-32),
      one.keys.live.slice(-32),
      "whsec_",
      "PRIVATE KEY",
    ];
    expect(secrets.filter((secret) => logs.includes(secret))).toEqual([]);
  });
});
