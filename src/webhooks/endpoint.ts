/** How an endpoint looks from outside: in the API and in the event that says it was disabled. */
import { iso, isoOrNull } from "../clock.ts";
import type { EndpointRow } from "../store/webhook-endpoints.ts";

export const showEndpoint = (row: EndpointRow) => ({
  id: row.id,
  object: "webhook_endpoint" as const,
  livemode: row.livemode,
  url: row.url,
  description: row.description,
  enabled_events: row.enabled_events,
  status: row.status,
  disabled_reason: row.disabled_reason,
  failing_since: isoOrNull(row.failing_since),
  created_at: iso(row.created_at),
  updated_at: iso(row.updated_at),
});
