/** How much one run of the continuous check does: it is bounded, whatever the tables hold. */

import type { Logger } from "../log.ts";

/** As wrangler.toml has it. */
export const RUN_EVERY_MS = 5 * 60_000;

/** What happened by then should be everywhere. */
export const SETTLED_AFTER_MS = 5 * 60_000;

/** Most of each kind that one run looks at; the next runs take the rest. */
export const PER_RUN = 100;

/** One run of all checks. */
export interface Round {
  readonly env: Env;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly log: Logger;
  /** Payments that were published again: their news is on its way, and no second check counts them. */
  readonly published: Set<string>;
}

const AT_ONCE = 5;

/** Works through a list, some at a time. */
export async function eachOf<T>(
  list: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = [...list];
  const go = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, go));
}
