/** One attempt at one delivery: check, sign, post, judge, write down. */
import type { Vault } from "../crypto/vault.ts";
import type { RandomBytes } from "../ids.ts";
import type { DeliveryMessage } from "../messages.ts";
import type { DeliveryAttempt } from "../store/schema.ts";
import {
  type AttemptRecord,
  type DeliveryJob,
  recordAttempt,
} from "../store/webhook-deliveries.ts";
import type { EndpointRow } from "../store/webhook-endpoints.ts";
import { deliver, type DeliveryAnswer, type DeliveryIo } from "./deliver.ts";
import { switchOff } from "./disable.ts";
import { checkEndpointUrl } from "./policy.ts";
import type { Recorder } from "./record.ts";
import {
  FAILING_LIMIT_MS,
  feedTime,
  judge,
  QUEUE_WAIT_LIMIT_MS,
  type Verdict,
} from "./schedule.ts";
import { openSecrets } from "./secrets.ts";
import { signatureHeaders } from "./signing.ts";

export interface Courier extends Recorder {
  readonly vault: Vault;
  readonly io: DeliveryIo;
  readonly random: RandomBytes;
  /** The `ENVIRONMENT` variable and our own hosts, for the URL policy. */
  readonly environment: string;
  readonly ownHosts: readonly string[];
}

export interface Attempted {
  readonly state: DeliveryJob["delivery"]["state"];
  readonly status: number | null;
  readonly latencyMs: number;
}

/** Tries to deliver, writes down how it went, and sees to the next attempt. */
export async function attemptDelivery(
  courier: Courier,
  job: DeliveryJob,
  endpoint: EndpointRow,
): Promise<Attempted> {
  const at = courier.io.now();
  const answer = await post(courier, job, endpoint, at);
  const now = courier.io.now();
  const verdict = judge(answer, {
    attempts: job.delivery.attempts.length + 1,
    createdAt: job.delivery.created_at,
    now,
    fraction: randomFraction(courier.random),
  });
  const attempt: DeliveryAttempt = {
    at,
    status: answer.status,
    latency_ms: answer.latencyMs,
    response: answer.response,
  };
  await recordAttempt(courier.db, describe(job, endpoint, attempt, verdict, now));
  await followUp(courier, job, endpoint, verdict, now);
  return { state: verdict.state, status: answer.status, latencyMs: answer.latencyMs };
}

async function post(
  courier: Courier,
  { event }: DeliveryJob,
  endpoint: EndpointRow,
  at: number,
): Promise<DeliveryAnswer> {
  const { vault, io, environment, ownHosts } = courier;
  const { livemode } = endpoint;
  // The rules or our own hosts may have changed since the URL was saved.
  const url = checkEndpointUrl(endpoint.url, { livemode, environment, ownHosts });
  if (!url.ok) return notSent(`the endpoint's url ${url.error}`);
  const secrets = await openSecrets(vault, endpoint.id, endpoint.secrets, at).catch(() => null);
  // A vault key that is missing is ours to repair; the attempt counts, so it shows and it ends.
  if (secrets === null) return notSent("the signing secret cannot be opened");
  const timestamp = Math.floor(at / 1_000);
  const body = event.payload;
  const headers = await signatureHeaders({ eventId: event.id, body, timestamp, secrets });
  return deliver(url.value.href, headers, body, io);
}

const notSent = (why: string): DeliveryAnswer => ({
  status: null,
  latencyMs: 0,
  response: `not sent: ${why}`,
  retryAfter: null,
});

function describe(
  { delivery }: DeliveryJob,
  endpoint: EndpointRow,
  attempt: DeliveryAttempt,
  verdict: Verdict,
  now: number,
): AttemptRecord {
  const failed = verdict.state !== "delivered";
  const wasFailing = endpoint.failing_since !== null;
  return {
    delivery,
    attempt,
    state: verdict.state,
    nextAttemptAt: verdict.state === "pending" ? verdict.nextAttemptAt : null,
    feedAt: verdict.state === "pending" ? feedTime(verdict.nextAttemptAt, now) : null,
    endpoint: failed === wasFailing ? "as_before" : failed ? "failing" : "working",
  };
}

/** After the attempt is written down, so that whatever fails here is repaired by the cron. */
async function followUp(
  courier: Courier,
  { delivery }: DeliveryJob,
  endpoint: EndpointRow,
  verdict: Verdict,
  now: number,
): Promise<void> {
  if (verdict.state === "delivered") return;
  if (verdict.state === "cancelled") {
    await switchOff(courier, endpoint, "gone", now);
    return;
  }
  const { failing_since } = endpoint;
  if (failing_since !== null && now - failing_since >= FAILING_LIMIT_MS) {
    if (await switchOff(courier, endpoint, "failing", now)) return;
  }
  if (verdict.state === "exhausted") return;
  const wait = verdict.nextAttemptAt - now;
  if (wait > QUEUE_WAIT_LIMIT_MS) return;
  const message: DeliveryMessage = { delivery_ids: [delivery.id] };
  await courier.deliveries.send(message, { delaySeconds: Math.ceil(wait / 1_000) });
}

/** From 0 up to 1. */
function randomFraction(random: RandomBytes): number {
  const [high = 0, low = 0] = random(2);
  return (high * 256 + low) / 65_536;
}
