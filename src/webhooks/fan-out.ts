/** Which endpoints get which events, and how the resulting work is packed into queue messages. */
import { sha256 } from "../crypto/digest.ts";
import { base32Id, ID_PREFIXES } from "../ids.ts";
import { DELIVERIES_PER_MESSAGE, type DeliveryMessage } from "../messages.ts";
import type { DeliveryRow } from "../store/webhook-deliveries.ts";
import type { EndpointRow } from "../store/webhook-endpoints.ts";
import { subscribes } from "./event-types.ts";
import { LOST_AFTER_MS } from "./schedule.ts";

/**
 * The same cause and endpoint always give the same delivery, so a queue message that comes twice
 * adds nothing. Not a secret: the delivery log is read with a key.
 * @param cause an event id, or the id of a request to send an event once more.
 */
export const deliveryId = async (cause: string, endpointId: string): Promise<string> =>
  `${ID_PREFIXES.webhookDelivery}_${base32Id(await sha256(`${cause}:${endpointId}`))}`;

/** A delivery that is due now. */
export const newDelivery = async (
  event: { readonly id: string; readonly merchantId: string },
  endpointId: string,
  now: number,
  cause: string = event.id,
): Promise<DeliveryRow> => ({
  id: await deliveryId(cause, endpointId),
  event_id: event.id,
  endpoint_id: endpointId,
  merchant_id: event.merchantId,
  state: "pending",
  attempts: [],
  next_attempt_at: now,
  feed_at: now + LOST_AFTER_MS,
  created_at: now,
});

/** One delivery for each event and each endpoint that subscribes to it, endpoint by endpoint. */
export async function planDeliveries(
  merchantId: string,
  events: readonly { readonly id: string; readonly type: string }[],
  endpoints: readonly EndpointRow[],
  now: number,
): Promise<DeliveryRow[]> {
  const pairs = endpoints.flatMap((endpoint) =>
    events
      .filter((event) => subscribes(endpoint.enabled_events, event.type))
      .map((event) => newDelivery({ id: event.id, merchantId }, endpoint.id, now)),
  );
  return Promise.all(pairs);
}

/** As few messages as possible; a message never mixes endpoints, so a slow one delays only itself. */
export function deliveryMessages(
  deliveries: readonly { readonly id: string; readonly endpoint_id: string }[],
): DeliveryMessage[] {
  const byEndpoint = Map.groupBy(deliveries, (delivery) => delivery.endpoint_id);
  return [...byEndpoint.values()].flatMap((group) => {
    const messages: DeliveryMessage[] = [];
    for (let at = 0; at < group.length; at += DELIVERIES_PER_MESSAGE) {
      const part = group.slice(at, at + DELIVERIES_PER_MESSAGE);
      messages.push({ delivery_ids: part.map(({ id }) => id) });
    }
    return messages;
  });
}
