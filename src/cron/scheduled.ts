/** Which schedule does what. The expressions are those of wrangler.toml. */
import { createLogger } from "../log.ts";
import { deliveryContext } from "../queue/context.ts";
import { renewAuthorizations } from "./authorizations.ts";
import { feedDueDeliveries } from "./deliveries.ts";
import { sweepPayments } from "./sweep.ts";

type Job = (env: Env, now: number) => Promise<unknown>;

const JOBS: Readonly<Record<string, Job>> = {
  "* * * * *": (env, now) => feedDueDeliveries(deliveryContext(env), now),
  "17 3 * * *": (env, now) => renewAuthorizations(env, now, createLogger(env.LOG_LEVEL)),
  "*/5 * * * *": (env, now) => sweepPayments(env, now, createLogger(env.LOG_LEVEL)),
};

/** @throws Error for a schedule without a job: the fault shows instead of doing nothing for ever. */
export async function runScheduled(
  controller: Pick<ScheduledController, "cron" | "scheduledTime">,
  env: Env,
): Promise<void> {
  const job = Object.hasOwn(JOBS, controller.cron) ? JOBS[controller.cron] : undefined;
  if (job === undefined) throw new Error(`no job for the schedule ${controller.cron}`);
  await job(env, controller.scheduledTime);
}
