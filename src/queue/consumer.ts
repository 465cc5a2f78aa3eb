/** The queue handler: which consumer a queue has, and what happens when it fails. */
import * as z from "zod";

import { sendNotice, startNotices } from "../compat/iotpay/notify.ts";
import { describeError } from "../log.ts";
import { recordEvents } from "../webhooks/record.ts";
import { storeDeadLetter } from "./dead-letters.ts";
import { consumeDeliveries, type DeliveryContext } from "./deliveries.ts";
import { PublishedEvents, WorkMessage } from "../messages.ts";
import { Posting } from "./posting.ts";
import { consumeReplay } from "./replays.ts";
import { consumeWork, type WorkContext } from "./work.ts";

/** What the consumers of all queues need. */
export interface QueueContext extends DeliveryContext {
  /** Made only where it is needed. */
  readonly work: () => WorkContext;
}

type Incoming = Pick<Message, "id" | "body" | "attempts" | "ack" | "retry">;
type Handle = (message: Incoming, context: QueueContext) => Promise<void>;

/** Six outgoing connections may be open at once; one is left for D1. */
const PARALLEL = 5;

const RETRY_FIRST_S = 10;
const RETRY_LONGEST_S = 3_600;

/** Seconds until a message that failed for the n-th time comes again: D1 is down, or we are. */
export const retryDelay = (attempts: number): number =>
  Math.min(RETRY_FIRST_S * 2 ** (Math.max(attempts, 1) - 1), RETRY_LONGEST_S);

/** Parses strictly; what has another shape would fail for ever, so it is stored, not retried. */
const parsed =
  <S extends z.ZodType>(
    queue: string,
    schema: S,
    consume: (body: z.infer<S>, context: QueueContext) => Promise<void>,
  ): Handle =>
  async (message, context) => {
    const body = schema.safeParse(message.body);
    if (body.success) return consume(body.data, context);
    context.log("error", "queue.malformed", { queue, message: message.id });
    return storeDeadLetter(context.db, queue, message, context.io.now());
  };

const stored =
  (queue: string): Handle =>
  (message, context) => {
    context.log("error", "queue.dead_letter", { queue, message: message.id });
    return storeDeadLetter(context.db, queue, message, context.io.now());
  };

async function post(body: Posting, context: QueueContext): Promise<void> {
  if ("iotpay_notify" in body) return sendNotice(body, context);
  if ("replay" in body) return consumeReplay(body, context);
  return consumeDeliveries(body, context);
}

async function record(published: readonly PublishedEvents[], context: QueueContext): Promise<void> {
  await recordEvents(context, published, context.io.now());
  await startNotices(published, context.notices);
}

const HANDLERS: Readonly<Record<string, Handle>> = {
  "itpay-events": parsed("itpay-events", PublishedEvents, (body, context) =>
    record([body], context),
  ),
  "itpay-deliveries": parsed("itpay-deliveries", Posting, post),
  "itpay-work": parsed("itpay-work", WorkMessage, (body, context) =>
    consumeWork(body, context.work()),
  ),
  "itpay-work-dlq": stored("itpay-work-dlq"),
  "itpay-events-dlq": stored("itpay-events-dlq"),
  "itpay-deliveries-dlq": stored("itpay-deliveries-dlq"),
};

/**
 * Handles a batch. Each message is acknowledged or retried on its own: one that fails must not
 * bring back its neighbours.
 * @throws Error for a queue without a consumer: the runtime retries, and the fault shows.
 */
export async function consumeBatch(
  batch: { readonly queue: string; readonly messages: readonly Incoming[] },
  context: QueueContext,
): Promise<void> {
  const { queue } = batch;
  const handle = Object.hasOwn(HANDLERS, queue) ? HANDLERS[queue] : undefined;
  if (handle === undefined) throw new Error(`no consumer for the queue ${queue}`);
  if (queue === "itpay-events" && (await recordedTogether(batch.messages, context))) return;
  const waiting = [...batch.messages];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await settle(queue, next, handle, context);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
}

/**
 * Under load many payments share one round trip to D1. False: something is wrong with one of the
 * messages or with D1, nothing was acknowledged, and each has to be handled on its own.
 */
async function recordedTogether(
  messages: readonly Incoming[],
  context: QueueContext,
): Promise<boolean> {
  if (messages.length < 2) return false;
  const published = z.array(PublishedEvents).safeParse(messages.map(({ body }) => body));
  if (!published.success) return false;
  try {
    await record(published.data, context);
  } catch (error) {
    context.log("warn", "queue.apart", { error: describeError(error) });
    return false;
  }
  for (const message of messages) message.ack();
  return true;
}

async function settle(
  queue: string,
  message: Incoming,
  handle: Handle,
  context: QueueContext,
): Promise<void> {
  try {
    await handle(message, context);
  } catch (error) {
    const delaySeconds = retryDelay(message.attempts);
    context.log("warn", "queue.retry", {
      queue,
      message: message.id,
      attempts: message.attempts,
      error: describeError(error),
    });
    message.retry({ delaySeconds });
    return;
  }
  message.ack();
}
