/** Switching off an endpoint that is gone or has done nothing but fail, and telling the merchant. */
import { sha256 } from "../crypto/digest.ts";
import { base32Id, ID_PREFIXES } from "../ids.ts";
import { changeEntry, GATEWAY } from "../store/audit-log.ts";
import {
  disableEndpoint,
  type DisabledReason,
  type EndpointRow,
  listEnabledEndpoints,
} from "../store/webhook-endpoints.ts";
import { showEndpoint } from "./endpoint.ts";
import { buildEvent } from "../envelope.ts";
import { planDeliveries } from "./fan-out.ts";
import { type Recorder, startDeliveries } from "./record.ts";

/**
 * Disables `endpoint` (as it was read), cancels what it had to receive and raises
 * `webhook_endpoint.disabled` for the merchant's other endpoints. Safe to repeat and to race: the
 * event's id comes from the version of the endpoint that failed. True when this call disabled it.
 */
export async function switchOff(
  { db, deliveries: queue }: Recorder,
  endpoint: EndpointRow,
  reason: DisabledReason,
  now: number,
): Promise<boolean> {
  const cause = await sha256(`disabled:${endpoint.id}:${endpoint.updated_at}`);
  const after: EndpointRow = {
    ...endpoint,
    status: "disabled",
    disabled_reason: reason,
    updated_at: now,
  };
  const event = buildEvent({
    id: `${ID_PREFIXES.event}_${base32Id(cause)}`,
    type: "webhook_endpoint.disabled",
    livemode: endpoint.livemode,
    sequence: 1,
    createdAt: now,
    requestId: null,
    data: showEndpoint(after),
  });
  const enabled = await listEnabledEndpoints(db, endpoint.merchant_id, endpoint.livemode);
  const others = enabled.filter(({ id }) => id !== endpoint.id);
  const deliveries = await planDeliveries(endpoint.merchant_id, [event], others, now);
  const also = changeEntry(db, {
    merchantId: endpoint.merchant_id,
    livemode: endpoint.livemode,
    actor: GATEWAY,
    requestId: null,
    action: "webhook_endpoint.disabled",
    target: endpoint.id,
    before: showEndpoint(endpoint),
    after: showEndpoint(after),
    now,
  });
  const done = await disableEndpoint(db, { endpoint, reason, event, deliveries, also, now });
  if (done) await startDeliveries(queue, deliveries);
  return done;
}
