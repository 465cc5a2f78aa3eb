/** Waiting for a condition by looking again, never by a fixed sleep. */

const LOOK_EVERY_MS = 50;

/**
 * The first value that is not null.
 * @param what names the condition in the error when it does not come true in time
 * @throws Error after `withinMs`
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | null> | T | null,
  withinMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== null) return seen;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => void setTimeout(resolve, LOOK_EVERY_MS));
  }
}
