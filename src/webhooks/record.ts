/**
 * From an event to work for the deliveries queue. The rows are due in D1 before a message is sent:
 * when the message is lost the minute cron finds them.
 */
import type { DeliveryQueue, PublishedEvents } from "../messages.ts";
import type { Database } from "../store/db.ts";
import { insertEvents } from "../store/events.ts";
import { listEnabledEndpoints } from "../store/webhook-endpoints.ts";
import { deliveryMessages, planDeliveries } from "./fan-out.ts";

export interface Recorder {
  readonly db: Database;
  readonly deliveries: DeliveryQueue;
}

/** `sendBatch` takes up to 100 messages. */
const MESSAGES_PER_BATCH = 100;

/** Stores what was published, with a delivery for each endpoint that wants it, and starts those. */
export async function recordEvents(
  { db, deliveries: queue }: Recorder,
  published: PublishedEvents,
  now: number,
): Promise<void> {
  const { merchant_id, livemode, events } = published;
  const endpoints = await listEnabledEndpoints(db, merchant_id, livemode);
  const deliveries = await planDeliveries(merchant_id, events, endpoints, now);
  await insertEvents(db, published, deliveries);
  await startDeliveries(queue, deliveries);
}

/** Hands deliveries to the queue. */
export async function startDeliveries(
  queue: DeliveryQueue,
  deliveries: readonly { readonly id: string; readonly endpoint_id: string }[],
): Promise<void> {
  const messages = deliveryMessages(deliveries);
  for (let at = 0; at < messages.length; at += MESSAGES_PER_BATCH) {
    const part = messages.slice(at, at + MESSAGES_PER_BATCH);
    await queue.sendBatch(part.map((body) => ({ body })));
  }
}
