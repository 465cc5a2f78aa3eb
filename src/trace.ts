/** W3C Trace Context: a valid `traceparent` is continued, else a trace begins here. */
import { type RandomBytes, secureRandom } from "./ids.ts";

/** Whose work this is: what joins log lines, events and channel calls. */
export interface Trace {
  /** `req_…` of the request that caused it; null for what an alarm does on its own. */
  readonly requestId: string | null;
  readonly traceparent: string;
}

const VALID = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

const hex = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The incoming trace with a new span of ours as parent, or a new trace. */
export function traceparentOf(
  incoming: string | undefined,
  random: RandomBytes = secureRandom,
): string {
  const span = hex(random(8));
  if (incoming !== undefined && VALID.test(incoming)) {
    return `${incoming.slice(0, 36)}${span}${incoming.slice(52)}`;
  }
  return `00-${hex(random(16))}-${span}-01`;
}
