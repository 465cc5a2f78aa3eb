/** What the consumers and the cron need, from the Worker's bindings. */
import { systemClock } from "../clock.ts";
import { openVault } from "../crypto/vault.ts";
import { secureRandom } from "../ids.ts";
import { createLogger } from "../log.ts";
import { analyticsMetrics } from "../metrics.ts";
import { database } from "../store/db.ts";
import { network } from "../webhooks/deliver.ts";
import { ownHostsOf } from "../webhooks/policy.ts";
import { reconciliationContext } from "../reconciliation/context.ts";
import type { QueueContext } from "./consumer.ts";
import type { WorkContext } from "./work.ts";

/** What `itpay-work` needs. */
export function workContext(env: Env): WorkContext {
  const reconciliation = reconciliationContext(env);
  const { db, log, now, work } = reconciliation;
  return {
    reconciliation,
    splits: { env, db, log, now },
    closing: { db, deliveries: env.DELIVERIES, work, log },
  };
}

export const queueContext = (env: Env): QueueContext => ({
  db: database(env.DB),
  deliveries: env.DELIVERIES,
  notices: env.DELIVERIES,
  replays: env.DELIVERIES,
  vault: openVault(env.VAULT_KEY),
  io: { ...network, now: () => systemClock.now() },
  random: secureRandom,
  environment: env.ENVIRONMENT,
  ownHosts: ownHostsOf(env),
  log: createLogger(env.LOG_LEVEL),
  metrics: analyticsMetrics(env.METRICS),
  work: () => workContext(env),
});
