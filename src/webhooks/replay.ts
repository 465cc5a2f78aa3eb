/**
 * Sending an endpoint what it missed: the events between two places of the feed, in their order.
 * The job and the event make the delivery's id, so a step that is taken twice adds nothing.
 */
import * as z from "zod";

import { isId } from "../ids.ts";
import type { Database } from "../store/db.ts";
import { type FoundEvent, readStretch } from "../store/events.ts";
import type { JobRow } from "../store/jobs.ts";
import type { DeliveryRow } from "../store/webhook-deliveries.ts";
import type { EndpointRow } from "../store/webhook-endpoints.ts";
import { EVERY_EVENT, TEST_EVENT_TYPE } from "./event-types.ts";
import { newDelivery } from "./fan-out.ts";

/** The message that a replay's next step is due. */
export const ReplayStep = z.strictObject({
  replay: z.string().refine((id) => isId("job", id), "must be a job's id"),
});

export type ReplayStep = z.infer<typeof ReplayStep>;

/** Where the messages go. */
export interface ReplayQueue {
  send(step: ReplayStep): Promise<unknown>;
}

/** A step sends at most this many events. */
export const EVENTS_PER_STEP = 100;

/** And looks at no more than this many, which a filter may all pass over. */
export const LOOKED_AT_PER_STEP = 10_000;

/** What was asked for, kept with the job. Times are milliseconds since 1970. */
export const ReplayParameters = z.strictObject({
  /** Ids of events, as they were given; both places are outside. */
  after: z.string().nullable(),
  before: z.string().nullable(),
  types: z.array(z.string()).nullable(),
  created_gte: z.int().nullable(),
  created_lt: z.int().nullable(),
  /** The places in the feed: the first one behind `from`, the last one `through`. */
  from: z.int().nonnegative(),
  through: z.int().nonnegative(),
});

export type ReplayParameters = z.infer<typeof ReplayParameters>;

/** The types that both the replay and the endpoint ask for; null: every type there is. */
export function wantedTypes(
  asked: readonly string[] | null,
  enabled: readonly string[],
): readonly string[] | null {
  if (enabled.includes(EVERY_EVENT)) return asked;
  return asked === null ? enabled : asked.filter((type) => enabled.includes(type));
}

export interface PlannedStep {
  /** In the order of the feed. */
  readonly events: readonly FoundEvent[];
  readonly deliveries: readonly DeliveryRow[];
  /** The place up to which nothing is left when all of them are sent. */
  readonly through: number;
}

/**
 * What comes next in a replay, and a delivery for each of it. Tests of endpoints are left out: each
 * was for one endpoint alone.
 */
export async function planStep(
  db: Database,
  job: JobRow,
  { id: endpointId, enabled_events }: EndpointRow,
  now: number,
): Promise<PlannedStep> {
  const { types, created_gte, created_lt, through } = ReplayParameters.parse(job.parameters);
  const end = Math.min(job.cursor + LOOKED_AT_PER_STEP, through);
  const events = await readStretch(db, job.merchant_id, job.livemode, {
    after: job.cursor,
    through: end,
    types: wantedTypes(types, enabled_events),
    except: TEST_EVENT_TYPE,
    createdFrom: created_gte,
    createdBefore: created_lt,
    limit: EVENTS_PER_STEP,
  });
  const deliveries = await Promise.all(
    events.map(({ id }) =>
      newDelivery({ id, merchantId: job.merchant_id }, endpointId, now, `${job.id}:${id}`),
    ),
  );
  const isFull = events.length === EVENTS_PER_STEP;
  return { events, deliveries, through: isFull ? (events.at(-1)?.position ?? end) : end };
}
