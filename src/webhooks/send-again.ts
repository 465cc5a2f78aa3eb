/** Deliveries that a person asked for: a test event, or an event once more. */
import { insertEvent, type EventRow } from "../store/events.ts";
import { insertDeliveries, type LoggedDelivery } from "../store/webhook-deliveries.ts";
import { type EndpointRow, listEnabledEndpoints } from "../store/webhook-endpoints.ts";
import { showEndpoint } from "./endpoint.ts";
import { buildEvent } from "../envelope.ts";
import { subscribes, TEST_EVENT_TYPE } from "./event-types.ts";
import { newDelivery } from "./fan-out.ts";
import { type Recorder, startDeliveries } from "./record.ts";

/**
 * Raises a `webhook_endpoint.test` event for this endpoint alone. It is stored, signed, sent and
 * retried like any other, so a test that arrives proves the whole way.
 * @param eventId the same for a repeat of the same request, which then sends nothing new.
 */
export async function sendTestEvent(
  { db, deliveries: queue }: Recorder,
  endpoint: EndpointRow,
  eventId: string,
  now: number,
): Promise<LoggedDelivery> {
  const { id, merchant_id, livemode } = endpoint;
  const data = { ...showEndpoint(endpoint), test: true };
  const event = buildEvent({
    id: eventId,
    type: TEST_EVENT_TYPE,
    livemode,
    sequence: 1,
    createdAt: now,
    requestId: null,
    data,
  });
  const delivery = await newDelivery({ id: eventId, merchantId: merchant_id }, id, now);
  await insertEvent(db, { merchant_id, livemode }, event, [delivery]);
  await startDeliveries(queue, [delivery]);
  return { ...delivery, event_type: TEST_EVENT_TYPE };
}

/**
 * The endpoints that an event is sent to once more: the named one whatever it subscribes to, else
 * every enabled one that subscribes to its type.
 */
export async function receiversOf(
  { db }: Recorder,
  event: EventRow,
  named: EndpointRow | null,
): Promise<EndpointRow[]> {
  if (named !== null) return named.status === "enabled" ? [named] : [];
  const enabled = await listEnabledEndpoints(db, event.merchant_id, event.livemode);
  return enabled.filter(({ enabled_events }) => subscribes(enabled_events, event.type));
}

/**
 * New deliveries of an old event, beside the ones before, whose log stays as it is.
 * @param cause the same for a repeat of the same request, which then adds nothing.
 */
export async function sendAgain(
  { db, deliveries: queue }: Recorder,
  event: EventRow,
  receivers: readonly EndpointRow[],
  cause: string,
  now: number,
): Promise<LoggedDelivery[]> {
  const target = { id: event.id, merchantId: event.merchant_id };
  const deliveries = await Promise.all(
    receivers.map(({ id }) => newDelivery(target, id, now, cause)),
  );
  await insertDeliveries(db, deliveries);
  await startDeliveries(queue, deliveries);
  return deliveries.map((delivery) => ({ ...delivery, event_type: event.type }));
}
