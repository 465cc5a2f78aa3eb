/** The envelope of every event (API.md section 6). Its text is made once: webhooks carry those bytes. */
import { iso } from "./clock.ts";
import { API_VERSION } from "./constants.ts";
import type { EventRecord } from "./messages.ts";

export interface EventSource {
  readonly id: string;
  readonly type: string;
  readonly livemode: boolean;
  /** Orders the events of one object; an object that does not count its changes says 1. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** The request that caused it; null for what the gateway did by itself. */
  readonly requestId: string | null;
  /** The whole public object as it was at the commit. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** An event ready to be stored and sent. */
export const buildEvent = (source: EventSource): EventRecord => ({
  id: source.id,
  type: source.type,
  created_at: source.createdAt,
  payload: JSON.stringify({
    id: source.id,
    object: "event",
    type: source.type,
    api_version: API_VERSION,
    created_at: iso(source.createdAt),
    livemode: source.livemode,
    sequence: source.sequence,
    request_id: source.requestId,
    data: source.data,
  }),
});
