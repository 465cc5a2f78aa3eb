/** Server-sent events: texts as they come, for as long as somebody reads them. */
import { utf8 } from "../crypto/encoding.ts";
import type { AppContext } from "./http.ts";

/** One event. @param id what a reader that comes again sends back */
export const event = (name: string, data: unknown, id?: number): string =>
  `event: ${name}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;

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

/** Answers with a stream of {@link event}s; `make` ends it, or the reader by going away. */
export const eventStream = (
  c: AppContext,
  make: (gone: AbortSignal) => AsyncGenerator<string, void>,
) =>
  c.body(streamOf(make), 200, {
    "Content-Type": "text/event-stream; charset=utf-8",
    // Compressing it on the way would hold events back.
    "Cache-Control": "no-store, no-transform",
    "X-Content-Type-Options": "nosniff",
  });

/** True after `ms`; false as soon as `gone` is. */
export const pauseFor = async (ms: number, gone: AbortSignal): Promise<boolean> =>
  scheduler.wait(ms, { signal: gone }).then(
    () => !gone.aborted,
    () => false,
  );
