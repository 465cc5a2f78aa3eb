/** The Worker: fetch, queue, scheduled, Durable Object exports. No logic. */
import { createApp } from "./app.ts";
import { runScheduled } from "./cron/scheduled.ts";
import { consumeBatch } from "./queue/consumer.ts";
import { queueContext } from "./queue/context.ts";

export { IdempotentRequest } from "./idempotency/request.ts";
export { PaymentIntent } from "./intent/object.ts";
export { SandboxBook } from "./sandbox/book.ts";
export { SandboxKeys } from "./sandbox/keys.ts";
export { SandboxOrder } from "./sandbox/order.ts";

const app = createApp();

export default {
  fetch: app.fetch,
  queue: (batch, env) => consumeBatch(batch, queueContext(env)),
  scheduled: (controller, env) => runScheduled(controller, env),
} satisfies ExportedHandler<Env>;
