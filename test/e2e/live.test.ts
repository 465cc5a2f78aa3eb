/**
 * A live key, credentials of the merchant's own, and a channel behind a real socket: what a real
 * network does to an order. A time-out costs its eight real seconds here.
 */
import { afterAll, beforeAll, describe, it } from "vitest";

import { type ChannelDouble, startChannelDouble } from "./kit/channel-double.ts";
import type { ErrorBody, Merchant, Reply } from "./kit/client.ts";
import { type Gateway, startGateway } from "./kit/gateway.ts";
import { until } from "./kit/until.ts";

const CHANNELS = ["wechat", "alipay"] as const;
type Slug = (typeof CHANNELS)[number];

let doubles: Record<Slug, ChannelDouble>;
let gateway: Gateway;
let merchant: Merchant;

beforeAll(async () => {
  const [wechat, alipay] = await Promise.all([
    startChannelDouble("wechat"),
    startChannelDouble("alipay"),
  ]);
  doubles = { wechat, alipay };
  const endpoints = { wechat: wechat.endpoint, alipay: alipay.endpoint };
  gateway = await startGateway({
    LOG_LEVEL: "info",
    CHANNEL_ENDPOINTS: JSON.stringify(endpoints),
  });
  merchant = await gateway.merchant("Live merchant");
  for (const channel of CHANNELS) {
    const saved = await saveAccount(merchant, channel);
    if (saved.status !== 201) throw new Error(saved.text);
  }
});

afterAll(async () => {
  await gateway.close();
  await Promise.all(Object.values(doubles).map((double) => double.close()));
});

const saveAccount = ({ keys }: Merchant, channel: Slug) =>
  gateway.client.call<{ id: string; livemode: boolean }>("POST", "/v1/channel-accounts", {
    key: keys.live,
    body: { channel, display_name: "Own account", credentials: doubles[channel].credentials },
  });

const order = (channel: Slug, repeat: string) =>
  gateway.client.create(
    merchant.keys.live,
    { amount: { currency: "CNY", value: 4_200 }, channel, description: "Live" },
    `${channel} ${repeat}`,
  );

const read = async (id: string) => (await gateway.client.read(merchant.keys.live, id)).body;

const reaches = (id: string, status: string, withinMs = 30_000) =>
  until(
    `${id} is ${status}`,
    async () => {
      const intent = await read(id);
      return intent.status === status ? intent : null;
    },
    withinMs,
  );

const codeOf = (reply: Reply<unknown>) => (reply.body as ErrorBody).error.code;

describe.each(CHANNELS)("%s", (channel) => {
  it("takes the merchant's credentials and never gives them back", async ({ expect }) => {
    const double = doubles[channel];
    const saved = await saveAccount(merchant, channel);
    expect(saved.status, saved.text).toBe(201);
    expect(saved.body.livemode).toBe(true);
    const secrets = Object.entries(double.credentials)
      .filter(([name]) => name === "private_key" || name === "api_v3_key")
      .map(([, value]) =>
        String(value)
          .replaceAll("\n", String.raw`\n`)
          .slice(0, 120),
      );
    expect(secrets.filter((secret) => saved.text.includes(secret))).toEqual([]);
    const verified = await gateway.client.call(
      "POST",
      `/v1/channel-accounts/${saved.body.id}/verify`,
      {
        key: merchant.keys.live,
      },
    );
    expect(verified.status, verified.text).toBe(200);
  });

  it("orders, and believes the channel's signed callback", async ({ expect }) => {
    const double = doubles[channel];
    const made = await order(channel, "plain");
    expect(made.status, made.text).toBe(201);
    expect(made.body).toMatchObject({ livemode: true, status: "qr_generated" });
    const { id } = made.body;
    expect((await gateway.client.buyer(id, "pay")).status, "no sandbox for live money").toBe(404);

    expect(await double.notify(id, "wrong_signature")).not.toBe(200);
    double.pay(id);
    if (channel === "wechat") expect(await double.notify(id, "sign_test_probe")).not.toBe(200);
    await double.notify(id, "wrong_amount");
    expect((await read(id)).status).toBe("qr_generated");
    expect([200, 204]).toContain(await double.notify(id));
    expect([200, 204], "a repeat is acknowledged").toContain(await double.notify(id));
    expect((await read(id)).status).toBe("succeeded");
    const events = await until("the success is in the feed", async () => {
      const found = await gateway.client.eventsOf(merchant.keys.live, id);
      const types = found.map(({ type }) => type);
      return types.includes("payment_intent.succeeded") ? found : null;
    });
    expect(events.filter(({ type }) => type === "payment_intent.succeeded")).toHaveLength(1);
    expect(events.every(({ livemode }) => livemode)).toBe(true);
    expect(await gateway.client.eventsOf(merchant.keys.test, id), "live stays live").toEqual([]);
  });

  it("refuses a callback for another account, though it is well signed", async ({ expect }) => {
    const double = doubles[channel];
    const { id } = (await order(channel, "cross-account")).body;
    double.pay(id);
    const stranger = await gateway.merchant("Same channel account");
    const saved = await saveAccount(stranger, channel);
    const theirs = await gateway.client.create(
      stranger.keys.live,
      { amount: { currency: "CNY", value: 4_200 }, channel },
      "theirs",
    );
    const notifyUrl = double.order(theirs.body.id)?.notifyUrl ?? "";
    expect(notifyUrl).toContain(saved.body.id);
    // The notice about the first payment, posted to the second merchant's door.
    expect(await double.notify(id, null, notifyUrl)).not.toBe(200);
    expect((await read(id)).status).toBe("qr_generated");
    expect((await gateway.client.read(stranger.keys.live, theirs.body.id)).body.status).toBe(
      "qr_generated",
    );
  });

  it.for(["html_502", "drop", "lose_reply"] as const)(
    "%s is unknown, and the repeat is the same order, byte for byte",
    async (fault, { expect }) => {
      const double = doubles[channel];
      double.failNext(fault);
      const first = await order(channel, fault);
      expect(first.status, first.text).toBe(201);
      expect(first.body).toMatchObject({ status: "pending", next_action: { type: "wait" } });
      const { id } = first.body;
      const orders = double.orderCount();
      const second = await order(channel, fault);
      expect(second.body, second.text).toMatchObject({ id, status: "qr_generated" });
      expect(double.asked(id)).toEqual({ times: 2, bodies: 1 });
      expect(double.orderCount() - orders).toBe(fault === "lose_reply" ? 0 : 1);
    },
  );

  it("a repeat while the first still runs waits for it: one call, one answer", async ({
    expect,
  }) => {
    const double = doubles[channel];
    double.failNext("hold");
    const orders = double.orderCount();
    const first = order(channel, "held");
    await until("the order is at the channel", () => (double.orderCount() > orders ? true : null));
    const others = [order(channel, "held"), order(channel, "held")];
    // They have reached the payment's object when one more request has gone through after them.
    await gateway.client.call("GET", "/v1/payment-intents?limit=1", { key: merchant.keys.live });
    double.release();
    const replies = await Promise.all([first, ...others]);
    expect(replies.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    expect(double.asked(replies[0]?.body.id ?? "")).toEqual({ times: 1, bodies: 1 });
  });

  it("a lost callback does not lose the payment: sync", async ({ expect }) => {
    const double = doubles[channel];
    const { id } = (await order(channel, "silent")).body;
    double.pay(id);
    const synced = await gateway.client.sync(merchant.keys.live, id);
    expect(synced.body, synced.text).toMatchObject({ status: "succeeded" });
  });

  it("cancelling closes the order at the channel", async ({ expect }) => {
    const double = doubles[channel];
    const { id } = (await order(channel, "closed")).body;
    expect((await gateway.client.cancel(merchant.keys.live, id)).body.status).toBe("cancelled");
    expect(double.order(id)?.state ?? "closed").toBe("closed");
  });

  it("cancelling a payment that was just paid finds the money", async ({ expect }) => {
    const double = doubles[channel];
    const { id } = (await order(channel, "faster")).body;
    double.pay(id);
    const refused = await gateway.client.cancel(merchant.keys.live, id);
    expect(refused.status).toBe(409);
    expect(codeOf(refused)).toBe("INVALID_STATE");
    expect((await read(id)).status).toBe("succeeded");
  });
});

it(
  "a channel that never finishes is given up and asked again",
  { timeout: 40_000 },
  async ({ expect }) => {
    const started = CHANNELS.flatMap((channel) => {
      doubles[channel].failNext("hang", "drip");
      return ["one", "two"].map((which) => order(channel, `never finishes ${which}`));
    });
    const firsts = await Promise.all(started);
    expect(firsts.map(({ status }) => status)).toEqual(firsts.map(() => 201));
    expect(firsts.map(({ body }) => body.status)).toEqual(firsts.map(() => "pending"));
    const found = await Promise.all(firsts.map(({ body }) => reaches(body.id, "qr_generated")));
    for (const { id, channel, qr } of found) {
      expect(qr).not.toBeNull();
      expect(doubles[channel as Slug].asked(id)).toEqual({ times: 2, bodies: 1 });
    }
  },
);

describe("a refusal of the channel", () => {
  it("is the answer, the same for every repeat, and no order", async ({ expect }) => {
    const double = doubles.wechat;
    double.failNext("refuse");
    const orders = double.orderCount();
    const first = await order("wechat", "refused");
    expect(first.status, first.text).toBe(422);
    expect((first as Reply<unknown> as Reply<ErrorBody>).body.error).toMatchObject({
      code: "CHANNEL_NOT_CONFIGURED",
      outcome: "none",
      details: { channel: { name: "wechat", code: "NO_AUTH" } },
    });
    const second = await order("wechat", "refused");
    expect(second.status).toBe(422);
    expect(second.headers.get("Idempotent-Replayed")).toBe("true");
    expect(double.orderCount()).toBe(orders);
    const id = String(
      (first as Reply<unknown> as Reply<ErrorBody>).body.error.details?.["payment_intent"],
    );
    expect(double.asked(id)).toEqual({ times: 1, bodies: 1 });
    expect((await read(id)).status).toBe("failed");
  });
});

it("no secret of the accounts is in the log", ({ expect }) => {
  const logs = gateway.logs();
  expect(logs).toContain("channel.call");
  const secrets = [merchant.keys.live, merchant.keys.live.slice(-32), "PRIVATE KEY"];
  for (const { credentials } of Object.values(doubles)) {
    secrets.push(String(credentials["private_key"]).slice(40, 100));
    if (typeof credentials["api_v3_key"] === "string") secrets.push(credentials["api_v3_key"]);
  }
  expect(secrets.filter((secret) => logs.includes(secret))).toEqual([]);
});
