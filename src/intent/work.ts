/** One piece of work of a payment's object: where it logs, and the request that its events name. */
import type { Logger } from "../log.ts";

export interface Work {
  readonly log: Logger;
  /** Null for what alarms and the sweeper do. */
  readonly requestId: string | null;
}
