/**
 * A payment as a stream of server-sent events. The Worker asks the payment's object again and
 * again, because a Worker that waits costs nothing and an object that waits does.
 */
import type { BuyerView } from "../../intent/buyer-view.ts";
import { event } from "../stream.ts";
import { hasEnded } from "./stage.ts";

/** Between two looks. Milliseconds. */
export const LOOK_EVERY_MS = 2_000;

/** A stream ends after this, and the browser opens the next: a request may make 1,000 calls. */
export const STREAM_MS = 5 * 60_000;

/** Proxies close what is silent. Milliseconds. */
const HEARTBEAT_MS = 15_000;

/** How long a browser waits before it comes again. Milliseconds. */
const RETRY_MS = 2_000;

/** What the page has to know: whether to draw itself again. */
export interface Glance {
  readonly id: string;
  readonly status: string;
  readonly sequence: number;
  readonly ended: boolean;
  /** Milliseconds since 1970, by our clock: the page's countdown goes by it. */
  readonly now: number;
}

export const glanceAt = (view: BuyerView, now: number): Glance => ({
  id: view.intent.id,
  status: view.intent.status,
  sequence: view.intent.sequence,
  ended: hasEnded(view),
  now,
});

export interface Surroundings {
  /** Null: the payment is not there. */
  readonly look: () => Promise<BuyerView | null>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Waits; false: the reader has gone away. */
  readonly pause: (ms: number) => Promise<boolean>;
}

/**
 * The stream's texts: `status` at the start and at each change, comments in between, `end` when the
 * payment has ended or the time is up. A look that fails is only a look less.
 */
export async function* watchPayment(around: Surroundings): AsyncGenerator<string, void> {
  const startedAt = around.now();
  let sequence: number | null = null;
  let saidAt = startedAt;
  yield `retry: ${RETRY_MS}\n\n`;
  for (;;) {
    const view = await around.look().catch(() => undefined);
    const now = around.now();
    if (view === null) return;
    if (view !== undefined && view.intent.sequence !== sequence) {
      sequence = view.intent.sequence;
      saidAt = now;
      yield event("status", glanceAt(view, now), sequence);
    }
    if (view !== undefined && hasEnded(view)) {
      yield event("end", { reason: "ended" }, view.intent.sequence);
      return;
    }
    if (now - startedAt >= STREAM_MS) {
      yield event("end", { reason: "time" }, sequence ?? 0);
      return;
    }
    if (now - saidAt >= HEARTBEAT_MS) {
      saidAt = now;
      yield ": still here\n\n";
    }
    if (!(await around.pause(LOOK_EVERY_MS))) return;
  }
}
