/** A merchant with a live account at the double, and the requests that it and the channel send. */
import type { BenchDouble, PreparedCallback } from "./double.ts";
import { send, type Shot } from "./load.ts";
import { type Running, SECRETS } from "./runtime.ts";

const VALUE = 699;
const JSON_TYPE = { "Content-Type": "application/json" };

export interface Payment {
  readonly id: string;
  readonly value: number;
  readonly notifyUrl: string;
}

export interface Shop {
  readonly key: string;
  readonly create: () => Shot;
  readonly read: (payment: Payment) => Shot;
  readonly picture: (payment: Payment) => Shot;
  /** What was ordered, from the reply to a create. */
  paymentOf(reply: string): Payment;
  subscribe(url: string): Promise<void>;
}

async function post<T>(origin: URL, path: string, key: string, body: unknown): Promise<T> {
  const headers = { ...JSON_TYPE, Authorization: `Bearer ${key}` };
  const shot = { method: "POST", path, headers, body: JSON.stringify(body), expect: 201 } as const;
  return JSON.parse(await send(origin, shot)) as T;
}

/** The shop of a merchant that exists already, as after a restart. */
export function shopOf(origin: URL, key: string): Shop {
  const bearer = { Authorization: `Bearer ${key}` };
  const body = JSON.stringify({
    amount: { currency: "CNY", value: VALUE },
    channel: "wechat",
    description: "Bench",
  });
  let repeat = 0;
  return {
    key,
    create() {
      repeat += 1;
      const headers = {
        ...JSON_TYPE,
        ...bearer,
        "Idempotency-Key": `bench ${process.pid} ${repeat}`,
      };
      return { method: "POST", path: "/v1/payment-intents", headers, body, expect: 201 };
    },
    read: ({ id }) => ({
      method: "GET",
      path: `/v1/payment-intents/${id}`,
      headers: bearer,
      expect: 200,
    }),
    picture: ({ id }) => ({ method: "GET", path: `/v1/qr/${id}.svg`, expect: 200 }),
    paymentOf(reply) {
      const made = JSON.parse(reply) as { id: string; status: string; channel_account: string };
      if (made.status !== "qr_generated") throw new Error(`not ordered: ${reply}`);
      const notifyUrl = `${origin.origin}/v1/callbacks/wechat/${made.channel_account}`;
      return { id: made.id, value: VALUE, notifyUrl };
    },
    async subscribe(url) {
      const enabled_events = ["payment_intent.succeeded"];
      await post(origin, "/v1/webhook-endpoints", key, { url, enabled_events });
    },
  };
}

/** A new merchant. Live, so that the double is the channel: a test key would measure the sandbox. */
export async function openShop({ origin }: Running, double: BenchDouble): Promise<Shop> {
  const merchant = await post<{ keys: { live: string } }>(
    origin,
    "/v1/admin/merchants",
    SECRETS.ADMIN_TOKEN,
    { name: "Bench" },
  );
  const key = merchant.keys.live;
  const { credentials } = double;
  await post(origin, "/v1/channel-accounts", key, {
    channel: "wechat",
    display_name: "Bench",
    credentials,
  });
  return shopOf(origin, key);
}

/** A callback as a request to the gateway. */
export const callbackShot = ({ path, headers, body }: PreparedCallback): Shot => ({
  method: "POST",
  path,
  headers,
  body,
  expect: 204,
});
