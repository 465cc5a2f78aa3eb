/** A merchant, a clock, a queue that remembers, and receivers that do as the test says. */
import { env } from "cloudflare:workers";

import { openVault } from "../../src/crypto/vault.ts";
import { feedDueDeliveries } from "../../src/cron/deliveries.ts";
import { randomId, secureRandom } from "../../src/ids.ts";
import { consumeBatch } from "../../src/queue/consumer.ts";
import type { QueueContext } from "../../src/queue/consumer.ts";
import { workContext } from "../../src/queue/context.ts";
import type { DeliveryMessage, EventRecord, PublishedEvents } from "../../src/messages.ts";
import { database } from "../../src/store/db.ts";
import { webhookDeliveries } from "../../src/store/schema.ts";
import { insertMerchant } from "../../src/store/merchants.ts";
import { listDeliveries } from "../../src/store/webhook-deliveries.ts";
import { type EndpointRow, saveEndpoint } from "../../src/store/webhook-endpoints.ts";
import { buildEvent } from "../../src/envelope.ts";
import type { ReplayStep } from "../../src/webhooks/replay.ts";
import { makeSecret } from "../../src/webhooks/secrets.ts";

export const START = Date.UTC(2026, 10, 1, 8, 30);
export const db = database(env.DB);
export const vault = openVault(env.VAULT_KEY);

/** One request that a receiver got. */
export interface Received {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
  readonly at: number;
}

export type Receiver = (request: Received, init: RequestInit) => Response | Promise<Response>;

export interface QueuedMessage {
  readonly body: DeliveryMessage;
  readonly delaySeconds: number;
  /** When the queue hands it over. */
  readonly dueAt: number;
}

export interface World {
  readonly context: QueueContext;
  readonly merchantId: string;
  readonly livemode: boolean;
  readonly received: Received[];
  /** Messages not yet handed over. */
  readonly queued: QueuedMessage[];
  /** Every message that was ever sent. */
  readonly sent: QueuedMessage[];
  /** Steps of replays not yet handed over. */
  readonly steps: ReplayStep[];
  readonly lines: string[];
  readonly timers: AbortController[];
  now: number;
  receiver: Receiver;
  /** Makes the next `n` sends to the queue fail. */
  failingSends: number;
}

export async function makeWorld(receiver: Receiver, livemode = true): Promise<World> {
  const merchantId = randomId("merchant");
  // The cron serves all merchants: what earlier tests left behind is none of this one's business.
  await db.update(webhookDeliveries).set({ next_attempt_at: null, feed_at: null });
  await insertMerchant(
    db,
    {
      id: merchantId,
      name: "Shop",
      email: null,
      settlement_currency: null,
      status: "active",
      created_at: START,
      updated_at: START,
    },
    [],
  );
  const queued: QueuedMessage[] = [];
  const sent: QueuedMessage[] = [];
  const received: Received[] = [];
  const steps: ReplayStep[] = [];
  const lines: string[] = [];
  const timers: AbortController[] = [];
  const refuse = () => {
    if (world.failingSends <= 0) return;
    world.failingSends -= 1;
    throw new Error("queue is down");
  };
  const push = (body: DeliveryMessage, delaySeconds = 0) => {
    refuse();
    const message = { body, delaySeconds, dueAt: world.now + delaySeconds * 1_000 };
    queued.push(message);
    sent.push(message);
  };
  const deliveries = {
    send: async (body: DeliveryMessage, options?: QueueSendOptions) => {
      push(body, options?.delaySeconds);
      return METADATA;
    },
    sendBatch: async (batch: Iterable<MessageSendRequest<DeliveryMessage>>) => {
      for (const { body, delaySeconds } of batch) push(body, delaySeconds);
      return METADATA;
    },
  };
  const context: QueueContext = {
    db,
    deliveries,
    notices: { send: async () => undefined },
    replays: {
      send: async (step) => {
        refuse();
        steps.push(step);
      },
    },
    vault,
    // Half of the way: no jitter.
    random: (length) => new Uint8Array(length).fill(128, 0, 1),
    environment: "production",
    ownHosts: ["pay.gateway.example"],
    log: (level, event, fields) => lines.push(JSON.stringify({ level, event, ...fields })),
    metrics: { record: () => undefined },
    work: () => workContext(env),
    io: {
      now: () => world.now,
      timeout: () => {
        const timer = new AbortController();
        timers.push(timer);
        return timer.signal;
      },
      fetch: async (url, init) => {
        const headers = new Headers(init.headers);
        const body = typeof init.body === "string" ? init.body : "not a text";
        const request = { url, headers, body, at: world.now };
        received.push(request);
        return world.receiver(request, init);
      },
    },
  };
  const world: World = {
    context,
    merchantId,
    livemode,
    received,
    queued,
    sent,
    steps,
    lines,
    timers,
    now: START,
    receiver,
    failingSends: 0,
  };
  return world;
}

const METADATA = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };

export async function addEndpoint(
  world: World,
  change: Partial<EndpointRow> = {},
): Promise<EndpointRow & { secret: string }> {
  const id = randomId("webhookEndpoint");
  const { secret, sealed } = await makeSecret(vault, id, secureRandom);
  const row: EndpointRow = {
    id,
    merchant_id: world.merchantId,
    livemode: world.livemode,
    url: `https://${id.replace("_", "-")}.shop.example/hooks`,
    description: null,
    enabled_events: ["*"],
    status: "enabled",
    disabled_reason: null,
    secrets: [sealed],
    failing_since: null,
    created_at: world.now,
    updated_at: world.now,
    ...change,
  };
  await saveEndpoint(db, row);
  return { ...row, secret };
}

export const makeEvent = (
  type: string,
  { livemode = true, createdAt = START, sequence = 1, data = {} } = {},
): EventRecord =>
  buildEvent({
    id: randomId("event"),
    type,
    livemode,
    sequence,
    createdAt,
    requestId: null,
    data: { id: randomId("paymentIntent"), note: "付款 ✓", ...data },
  });

export const published = (world: World, ...events: EventRecord[]): PublishedEvents => ({
  merchant_id: world.merchantId,
  livemode: world.livemode,
  events,
});

export interface Handled {
  readonly acked: number;
  /** Delays of the messages that go back. */
  readonly retried: (number | undefined)[];
}

let messages = 0;

/** Hands messages to their consumer, as the runtime would. */
export async function consume(
  world: World,
  queue: string,
  bodies: readonly unknown[],
  attempts = 1,
): Promise<Handled> {
  let acked = 0;
  const retried: (number | undefined)[] = [];
  await consumeBatch(
    {
      queue,
      messages: bodies.map((body) => ({
        id: `message-${(messages += 1)}`,
        body,
        attempts,
        ack: () => {
          acked += 1;
        },
        retry: (options) => {
          retried.push(options?.delaySeconds);
        },
      })),
    },
    world.context,
  );
  return { acked, retried };
}

/** Hands over every message that is due by now, until none is. */
export async function drain(world: World): Promise<void> {
  for (;;) {
    const index = world.queued.findIndex(({ dueAt }) => dueAt <= world.now);
    if (index < 0) return;
    const [message] = world.queued.splice(index, 1);
    if (message !== undefined) await consume(world, "itpay-deliveries", [message.body]);
  }
}

/** Publishes and delivers what is due at once. */
export async function publish(world: World, ...events: EventRecord[]): Promise<void> {
  await consume(world, "itpay-events", [published(world, ...events)]);
  await drain(world);
}

/** Goes forward to a moment: the queue's delayed messages come on their way, then the cron runs. */
export async function goTo(world: World, moment: number): Promise<void> {
  for (;;) {
    const next = Math.min(...world.queued.map(({ dueAt }) => dueAt));
    if (next > moment) break;
    world.now = Math.max(world.now, next);
    await drain(world);
  }
  world.now = moment;
  await feedDueDeliveries(world.context, world.now);
  await drain(world);
}

export const deliveriesOf = (endpoint: { id: string }) =>
  listDeliveries(db, endpoint.id, { limit: 100, before: null });

/** The only delivery of an endpoint. */
export async function deliveryOf(endpoint: { id: string }) {
  const [only, ...rest] = await deliveriesOf(endpoint);
  if (only === undefined || rest.length > 0) throw new Error(`${rest.length + 1} deliveries`);
  return only;
}

/** The endpoint as the database has it now; null once deleted. */
export async function currentEndpoint(endpoint: { id: string }): Promise<EndpointRow | null> {
  const row = await db.query.webhookEndpoints.findFirst({
    where: (table, { eq }) => eq(table.id, endpoint.id),
  });
  return row ?? null;
}
