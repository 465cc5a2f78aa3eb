/**
 * From an event to work for the deliveries queue. The rows are due in D1 before a message is sent:
 * when the message is lost the minute cron finds them.
 */
import type { DeliveryQueue, PublishedEvents } from "../messages.ts";
import type { Database } from "../store/db.ts";
import { recordPublications } from "../store/publication.ts";
import { deliveryMessages } from "./fan-out.ts";
import { LOST_AFTER_MS } from "./schedule.ts";

export interface Recorder {
  readonly db: Database;
  readonly deliveries: DeliveryQueue;
}

/** `sendBatch` takes up to 100 messages. */
const MESSAGES_PER_BATCH = 100;

/** Stores what was published, with a delivery for each endpoint that wants it, and starts those. */
export async function recordEvents(
  { db, deliveries: queue }: Recorder,
  published: readonly PublishedEvents[],
  now: number,
): Promise<void> {
  await startDeliveries(queue, await recordPublications(db, published, now, now + LOST_AFTER_MS));
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
