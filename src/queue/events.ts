/** `itpay-events`: what objects committed becomes rows of the feed and work for the deliveries. */
import { type Recorder, recordEvents } from "../webhooks/record.ts";
import type { PublishedEvents } from "../messages.ts";

/** Safe to repeat: rows that exist stay, deliveries that are settled are not sent again. */
export const consumeEvents = (
  published: PublishedEvents,
  recorder: Recorder,
  now: number,
): Promise<void> => recordEvents(recorder, published, now);
