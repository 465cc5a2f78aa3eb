/** A receiver that was away gets everything again: replays over HTTP on the built Worker. */
import { afterAll, beforeAll, describe, it } from "vitest";

import type { EventBody, ListOf } from "./kit/client.ts";
import { type Gateway, SECRETS, startGateway } from "./kit/gateway.ts";
import { type Receiver, startReceiver } from "./kit/receiver.ts";
import { until } from "./kit/until.ts";

interface Job {
  readonly id: string;
  readonly state: string;
  readonly progress: { readonly done: number; readonly total: number };
}

let gateway: Gateway;
let receiver: Receiver;

beforeAll(async () => {
  [gateway, receiver] = await Promise.all([startGateway(), startReceiver()]);
});

afterAll(async () => {
  await Promise.all([gateway.close(), receiver.close()]);
});

describe("a merchant without a receiver", () => {
  it("adds one, and is sent all that happened, in order", async ({ expect }) => {
    const { client } = gateway;
    const { keys } = await gateway.merchant("Late riser");
    const key = keys.test;
    for (let count = 0; count < 3; count += 1) {
      const amount = { currency: "CNY", value: 100 + count };
      const { body } = await client.create(key, { amount, channel: "wechat" });
      await client.buyer(body.id, "pay");
    }
    const feed = await until("nine events are in the feed", async () => {
      const { body } = await client.call<ListOf<EventBody>>("GET", "/v1/events?after=", { key });
      return body.data.length === 9 ? body.data : null;
    });
    const endpoint = await client.call<{ id: string }>("POST", "/v1/webhook-endpoints", {
      key,
      body: { url: receiver.url, enabled_events: ["*"] },
    });
    const asked = await client.call<Job>(
      "POST",
      `/v1/webhook-endpoints/${endpoint.body.id}/replay`,
      { key, body: { after: feed[0]?.id }, idempotencyKey: "all-of-it" },
    );
    expect([asked.status, asked.body.progress]).toEqual([202, { done: 0, total: 8 }]);
    const done = await until("the replay is complete", async () => {
      const { body } = await client.call<Job>("GET", `/v1/jobs/${asked.body.id}`, { key });
      return body.state === "completed" ? body : null;
    });
    expect(done.progress).toEqual({ done: 8, total: 8 });
    const got = receiver.deliveries.map(({ headers }) => headers["webhook-id"]);
    expect(got).toEqual(feed.slice(1).map(({ id }) => id));

    const health = await client.call<ListOf<{ channel: string; status: string; orders: number }>>(
      "GET",
      "/v1/admin/channels/health?livemode=false",
      { key: SECRETS.ADMIN_TOKEN },
    );
    const wechat = health.body.data.find(({ channel }) => channel === "wechat");
    expect(wechat).toMatchObject({ status: "ok", orders: 3 });

    await gateway.cron("* * * * *");
    const sweeper = await client.call<{ jobs: { name: string; last_run: object | null }[] }>(
      "GET",
      "/v1/admin/sweeper",
      { key: SECRETS.ADMIN_TOKEN },
    );
    const replays = sweeper.body.jobs.find(({ name }) => name === "replays");
    expect(replays?.last_run).toMatchObject({ handled: 0, error: null });
  });
});
