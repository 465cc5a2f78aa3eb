/**
 * The power goes out in the middle of payments: `wrangler dev` and its runtime are killed with
 * SIGKILL, and start again on what was on disk. Nobody's money may be lost or ordered twice; what
 * was acknowledged to a channel must still be there.
 */
import { afterAll, beforeAll, it } from "vitest";

import { type ChannelDouble, startChannelDouble } from "./kit/channel-double.ts";
import { Client, type Intent, type ListOf } from "./kit/client.ts";
import { type DevServer, makeDevServer } from "./kit/dev-server.ts";
import { SECRETS } from "./kit/gateway.ts";
import { until } from "./kit/until.ts";

const CHANNELS = ["wechat", "alipay"] as const;
type Slug = (typeof CHANNELS)[number];

/** The recovery alarm comes 15 s after the reservation; this leaves room for a slow machine. */
const BY_ITSELF_MS = 60_000;

let doubles: Record<Slug, ChannelDouble>;
let server: DevServer;
let client: Client;
let key: string;

beforeAll(async () => {
  const [wechat, alipay] = await Promise.all([
    startChannelDouble("wechat"),
    startChannelDouble("alipay"),
  ]);
  doubles = { wechat, alipay };
  const endpoints = { wechat: wechat.endpoint, alipay: alipay.endpoint };
  server = await makeDevServer({
    LOG_LEVEL: "warn",
    CHANNEL_ENDPOINTS: JSON.stringify(endpoints),
  });
  client = new Client(server.origin);
}, 120_000);

afterAll(async () => {
  await server.dispose();
  await Promise.all(Object.values(doubles).map((double) => double.close()));
});

async function openShop(): Promise<string> {
  const merchant = await client.createMerchant(SECRETS.ADMIN_TOKEN, "Without a battery");
  for (const channel of CHANNELS) {
    const { credentials } = doubles[channel];
    const body = { channel, display_name: "Live", credentials };
    const saved = await client.call("POST", "/v1/channel-accounts", {
      key: merchant.body.keys.live,
      body,
    });
    if (saved.status !== 201) throw new Error(saved.text);
  }
  return merchant.body.keys.live;
}

const order = (channel: Slug, repeat: string) =>
  client.create(
    key,
    { amount: { currency: "CNY", value: 1_000 }, channel },
    `${channel} ${repeat}`,
  );

/** Sends an order whose answer will never arrive, and waits until the channel has heard of it. */
async function orderInFlight(channel: Slug, repeat: string): Promise<string> {
  const double = doubles[channel];
  const before = new Set(double.numbers());
  void order(channel, repeat).catch(() => undefined);
  return until(
    `${repeat} is at the channel`,
    () => double.numbers().find((number) => !before.has(number)) ?? null,
  );
}

/** Looks at the list, which does not touch the payment's object: nothing wakes it but its alarm. */
const reaches = (id: string, status: string) =>
  until(
    `${id} is ${status}`,
    async () => {
      const path = `/v1/payment-intents?status=${status}&limit=100`;
      const { body } = await client.call<ListOf<Intent>>("GET", path, { key });
      return body.data.find((intent) => intent.id === id) ?? null;
    },
    BY_ITSELF_MS,
  );

const successes = (id: string) =>
  until(
    `the success of ${id} is in the feed`,
    async () => {
      const events = await client.eventsOf(key, id);
      const found = events.filter(({ type }) => type === "payment_intent.succeeded");
      return found.length > 0 ? found.length : null;
    },
    BY_ITSELF_MS,
  );

interface Story {
  /** The order is made, its reply still on the way. */
  readonly replyInFlight: string;
  /** The request has reached the channel, which never answered; no order is made. */
  readonly requestInFlight: string;
  /** The merchant has cancelled; the channel has not answered yet. */
  readonly closeInFlight: string;
  /** The merchant has the code; nobody has paid. */
  readonly shown: Intent;
  /** The channel has the buyer's money and has told nobody yet. */
  readonly paidUnheard: string;
  /** The channel's notification is on the way. */
  readonly callbackInFlight: string;
  /** The notification was acknowledged. */
  readonly acknowledged: string;
}

async function play(channel: Slug): Promise<Story> {
  const double = doubles[channel];
  double.failNext("hold");
  const replyInFlight = await orderInFlight(channel, "reply in flight");
  double.failNext("hang");
  const requestInFlight = await orderInFlight(channel, "request in flight");
  const closeInFlight = (await order(channel, "close in flight")).body.id;
  double.hangNextClose();
  void client.cancel(key, closeInFlight).catch(() => undefined);
  await until("the close is at the channel", () => (double.closesAsked() > 0 ? true : null));
  const shown = (await order(channel, "shown")).body;
  const paidUnheard = (await order(channel, "paid, unheard")).body.id;
  double.pay(paidUnheard);
  const callbackInFlight = (await order(channel, "callback in flight")).body.id;
  double.pay(callbackInFlight);
  const acknowledged = (await order(channel, "acknowledged")).body.id;
  double.pay(acknowledged);
  const status = await double.notify(acknowledged);
  if (status !== 200 && status !== 204) throw new Error(`not acknowledged: ${status}`);
  return {
    replyInFlight,
    requestInFlight,
    closeInFlight,
    shown,
    paidUnheard,
    callbackInFlight,
    acknowledged,
  };
}

it("payments survive SIGKILL at every step", { timeout: 180_000 }, async ({ expect }) => {
  await server.start();
  key = await openShop();
  const stories = { wechat: await play("wechat"), alipay: await play("alipay") };
  for (const channel of CHANNELS) {
    void doubles[channel].notify(stories[channel].callbackInFlight).catch(() => undefined);
  }
  await server.kill();
  for (const channel of CHANNELS) doubles[channel].release();
  await server.start();

  for (const channel of CHANNELS) {
    const story = stories[channel];
    const double = doubles[channel];

    const kept = await client.read(key, story.acknowledged);
    expect(kept.body.status, "what was acknowledged is on disk").toBe("succeeded");
    expect((await client.read(key, story.shown.id)).body).toEqual(story.shown);

    // The merchant's own repeat gets the code of the same order, at once.
    const repeated = await order(channel, "reply in flight");
    expect(repeated.status, repeated.text).toBe(201);
    expect(repeated.body).toMatchObject({ id: story.replyInFlight, status: "qr_generated" });
    expect(double.asked(story.replyInFlight)).toEqual({ times: 2, bodies: 1 });

    double.pay(story.shown.id);
    expect([200, 204]).toContain(await double.notify(story.shown.id));
    expect((await client.read(key, story.shown.id)).body.status).toBe("succeeded");
  }

  // The rest happens without anybody asking: by the alarms that were set before the call went out.
  await Promise.all(
    CHANNELS.flatMap((channel) => {
      const { requestInFlight, closeInFlight, paidUnheard, callbackInFlight } = stories[channel];
      return [
        reaches(requestInFlight, "qr_generated"),
        reaches(closeInFlight, "cancelled"),
        reaches(paidUnheard, "succeeded"),
        reaches(callbackInFlight, "succeeded"),
      ];
    }),
  );

  for (const channel of CHANNELS) {
    const story = stories[channel];
    const double = doubles[channel];
    expect(double.asked(story.requestInFlight)).toEqual({ times: 2, bodies: 1 });
    expect(double.order(story.closeInFlight)?.state, "closed at the channel").toBe("closed");
    expect(double.orderCount(), "one order for each payment").toBe(Object.keys(story).length);
    for (const id of [
      story.shown.id,
      story.paidUnheard,
      story.callbackInFlight,
      story.acknowledged,
    ]) {
      expect(await successes(id)).toBe(1);
      expect(double.asked(id)).toEqual({ times: 1, bodies: 1 });
    }
  }
});
