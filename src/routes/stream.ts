/** Server-sent events: texts as they come, for as long as somebody reads them. */
import { utf8 } from "../crypto/encoding.ts";

/**
 * When the reader goes away, `cancel` wakes whatever waits, so that nobody asks on for a page that
 * is closed.
 */
export function streamOf(
  make: (gone: AbortSignal) => AsyncGenerator<string, void>,
): ReadableStream<Uint8Array> {
  const gone = new AbortController();
  const texts = make(gone.signal);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await texts.next();
      if (done === true || gone.signal.aborted) controller.close();
      else controller.enqueue(utf8(value));
    },
    async cancel() {
      gone.abort();
      await texts.return();
    },
  });
}

/** True after `ms`; false as soon as `gone` is. */
export const pauseFor = async (ms: number, gone: AbortSignal): Promise<boolean> =>
  scheduler.wait(ms, { signal: gone }).then(
    () => !gone.aborted,
    () => false,
  );
