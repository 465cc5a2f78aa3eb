/** Messages that a queue gave up on, or that have no shape we know: stored, and sent again by hand. */
import type * as z from "zod";

import { sha256 } from "../crypto/digest.ts";
import { base32Id } from "../ids.ts";
import type { Database } from "../store/db.ts";
import { deleteDeadLetter, findDeadLetter, insertDeadLetter } from "../store/dead-letters.ts";
import { PublishedEvents, WorkMessage } from "../messages.ts";
import { Posting } from "./posting.ts";

/** Stores a message under an id of its queue and message id: handed over twice, stored once. */
export async function storeDeadLetter(
  db: Database,
  queue: string,
  message: { readonly id: string; readonly body: unknown },
  now: number,
): Promise<void> {
  await insertDeadLetter(db, {
    id: `dl_${base32Id(await sha256(`${queue}:${message.id}`))}`,
    queue,
    // Whatever has no JSON form, such as undefined, is still noted.
    body: JSON.stringify(message.body) ?? "null",
    created_at: now,
  });
}

export type Queues = Readonly<Record<"EVENTS" | "DELIVERIES" | "WORK", Pick<Queue, "send">>>;

/** By how the queue's name begins: a dead-letter queue is called after its own. */
const SHAPES: readonly (readonly [string, keyof Queues, z.ZodType])[] = [
  ["itpay-events", "EVENTS", PublishedEvents],
  ["itpay-deliveries", "DELIVERIES", Posting],
  ["itpay-work", "WORK", WorkMessage],
];

export type Replayed = "sent" | "not_found" | "unreadable";

/**
 * Sends a dead letter to the queue it came from, then forgets it. In this order a crash sends it
 * twice, which every consumer here bears, and never loses it.
 */
export async function replayDeadLetter(
  db: Database,
  queues: Queues,
  id: string,
): Promise<Replayed> {
  const letter = await findDeadLetter(db, id);
  if (letter === null) return "not_found";
  const shape = SHAPES.find(([name]) => letter.queue.startsWith(name));
  if (shape === undefined) return "unreadable";
  const [, binding, schema] = shape;
  const message = schema.safeParse(JSON.parse(letter.body));
  if (!message.success) return "unreadable";
  await queues[binding].send(message.data);
  await deleteDeadLetter(db, id);
  return "sent";
}
