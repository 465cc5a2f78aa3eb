/**
 * A replay's step: the next events of the feed, sent one after the other, so that the endpoint gets
 * them in their order and never faster than it answers. What fails is tried again on its own, as
 * every delivery is; the replay goes on.
 */
import { beginStep, endStep, type JobRow, type StepEnd } from "../store/jobs.ts";
import { type DeliveryRow, insertDeliveries } from "../store/webhook-deliveries.ts";
import { findEndpoint } from "../store/webhook-endpoints.ts";
import {
  type PlannedStep,
  planStep,
  ReplayParameters,
  type ReplayStep,
} from "../webhooks/replay.ts";
import { consumeDeliveries, type DeliveryContext } from "./deliveries.ts";

/** A step that has taken this long leaves the rest to the next: a consumer has 15 minutes. */
export const STEP_MS = 60_000;

/** Longer than any step: who began one before that is dead. */
export const ABANDONED_AFTER_MS = 5 * 60_000;

/** A repeat of the message finds the step taken or under way, and does nothing. */
export async function consumeReplay(
  { replay }: ReplayStep,
  context: DeliveryContext,
): Promise<void> {
  const { db, io } = context;
  const begun = io.now();
  const job = await beginStep(db, replay, begun, begun - ABANDONED_AFTER_MS);
  if (job === null) return;
  let end: StepEnd;
  try {
    end = await takeStep(job, context);
  } catch (error) {
    // So that the message's next attempt need not wait until this one counts as abandoned.
    const { done, cursor } = job;
    const again: StepEnd = { state: "queued", done, cursor, error: null };
    await endStep(db, job, again, io.now()).catch(() => undefined);
    throw error;
  }
  if (!(await endStep(db, job, end, io.now()))) return;
  if (end.state === "queued") return void (await context.replays.send({ replay }));
  const { state, done, error } = end;
  context.log("info", "webhook.replay", { job: replay, state, done, error });
}

async function takeStep(job: JobRow, context: DeliveryContext): Promise<StepEnd> {
  const { db, io } = context;
  const { done, cursor } = job;
  const endpoint = await findEndpoint(db, job.merchant_id, job.livemode, job.target);
  if (endpoint === null) {
    return { state: "failed", done, cursor, error: "The endpoint was deleted." };
  }
  if (endpoint.status !== "enabled") {
    return { state: "failed", done, cursor, error: "The endpoint was disabled." };
  }
  const plan = await planStep(db, job, endpoint, io.now());
  await insertDeliveries(db, plan.deliveries);
  const sent = await sendInTurn(plan.deliveries, context);
  const reached = placeAfter(plan, sent);
  const { from, through } = ReplayParameters.parse(job.parameters);
  const state = reached < through ? "queued" : "completed";
  return { state, done: reached - from, cursor: reached, error: null };
}

/** How many were sent before the step's time was up; at least one, so that it comes to an end. */
async function sendInTurn(
  deliveries: readonly DeliveryRow[],
  context: DeliveryContext,
): Promise<number> {
  const until = context.io.now() + STEP_MS;
  let sent = 0;
  for (const { id } of deliveries) {
    if (sent > 0 && context.io.now() >= until) break;
    await consumeDeliveries({ delivery_ids: [id] }, context);
    sent += 1;
  }
  return sent;
}

/** The place where the next step begins. */
const placeAfter = ({ events, through }: PlannedStep, sent: number): number =>
  sent === events.length ? through : (events[sent - 1]?.position ?? through);
