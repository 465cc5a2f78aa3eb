/** `itpay-deliveries`: sends what is due, one delivery after the other, all to one endpoint. */
import type { Notifier } from "../compat/iotpay/notify.ts";
import type { Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { cancelDelivery, findDeliveryJob } from "../store/webhook-deliveries.ts";
import { attemptDelivery, type Courier } from "../webhooks/attempt.ts";
import type { DeliveryMessage } from "../messages.ts";
import type { ReplayQueue } from "../webhooks/replay.ts";

export interface DeliveryContext extends Courier {
  readonly notices: Notifier["notices"];
  readonly replays: ReplayQueue;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** A message may come this much before the time that was written down: clocks differ. */
const EARLY_MS = 1_000;

export async function consumeDeliveries(
  message: DeliveryMessage,
  context: DeliveryContext,
): Promise<void> {
  for (const id of message.delivery_ids) await sendOne(id, context);
}

/**
 * Looks at the row before anything is sent: a message may come twice, or after the merchant
 * deleted the endpoint, or beside one that the cron sent because this one was late.
 */
async function sendOne(id: string, context: DeliveryContext): Promise<void> {
  const { db, io, log, metrics } = context;
  const job = await findDeliveryJob(db, id);
  if (job === null) {
    log("warn", "webhook.unknown_delivery", { delivery: id });
    return;
  }
  const { delivery, endpoint } = job;
  if (delivery.state !== "pending") return;
  if (delivery.next_attempt_at === null || delivery.next_attempt_at > io.now() + EARLY_MS) return;
  if (endpoint === null || endpoint.status !== "enabled") {
    await cancelDelivery(db, id);
    return;
  }
  const { state, status, latencyMs } = await attemptDelivery(context, job, endpoint);
  const answer = status === null ? "none" : String(status);
  metrics.record("webhook_delivery", delivery.merchant_id, [state, answer], [latencyMs]);
  log("info", "webhook.attempt", { delivery: id, state, status, latency_ms: latencyMs });
}
