/** How long a request waits for work that it shares with others (API.md section 1). */
import { IN_FLIGHT_WAIT_MS } from "./constants.ts";

export const STILL_RUNNING = Symbol("still running");

/** What the work brings, or `STILL_RUNNING` after the longest wait; the work goes on either way. */
export async function withinWait<T>(work: Promise<T>): Promise<T | typeof STILL_RUNNING> {
  const timeout = Promise.withResolvers<typeof STILL_RUNNING>();
  const timer = setTimeout(() => timeout.resolve(STILL_RUNNING), IN_FLIGHT_WAIT_MS);
  try {
    return await Promise.race([work, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
