/**
 * Unpacking that a hostile file cannot make large. The runtime's `DecompressionStream` knows no
 * back pressure: whatever is written is unpacked at once into memory. So it is fed a few KiB at a
 * time, and only while a read waits for it.
 */
import { PIECE_BYTES, piecesOf, slicesOf } from "./bytes.ts";
import type { Refuse } from "./refuse.ts";

/** A file that is larger than this unpacked is refused. A million lines of WeChat Pay are 330 MB. */
export const MOST_UNPACKED_BYTES = 1024 ** 3;

/** Deflate makes at most 1032 bytes of one: 4 MiB at most wait to be read. */
const SLICE_BYTES = 4096;

/** Statements pack to a fifth or a twentieth. What packs better than this is no statement. */
const MOST_RATIO = 200;
/** Small files may be of one line, repeated. */
const RATIO_FREE_BYTES = 4 * 1024 ** 2;

/**
 * Waits until a read has got something, or could have: a turn of the event loop is all there is to
 * tell whether there was anything to get.
 */
async function settledOrIdle(read: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const idle = new Promise((resolve) => (timer = setTimeout(resolve, 0)));
  await Promise.race([read, idle]).catch(() => undefined);
  clearTimeout(timer);
}

/**
 * Attack: a small upload that becomes gigabytes (a zip bomb). It is refused as soon as it has
 * become too much, whatever the file says of its own size.
 */
export function checkSize(packed: number, unpacked: number, refuse: Refuse): void {
  if (unpacked > MOST_UNPACKED_BYTES) {
    throw refuse("too_large", "The file is larger than 1 GiB when it is unpacked.");
  }
  if (unpacked > RATIO_FREE_BYTES && unpacked > packed * MOST_RATIO) {
    throw refuse("too_large", `The file unpacks to more than ${MOST_RATIO} times its size.`);
  }
}

/** A decompressor that is fed by hand. */
function machine(format: "gzip" | "deflate-raw") {
  const { readable, writable } = new DecompressionStream(format);
  const writer = writable.getWriter();
  // Its failure also comes out of the readable end, where it is dealt with.
  writer.closed.catch(() => undefined);
  return { output: piecesOf(readable), writer };
}

/**
 * The contents of gzip or of a ZIP's entry. Gzip's own CRC and length are checked by the runtime.
 * @throws StatementRefused `truncated` at the end of what there is, `container` before it
 */
export async function* inflated(
  packed: AsyncIterable<Uint8Array>,
  format: "gzip" | "deflate-raw",
  refuse: Refuse,
): AsyncGenerator<Uint8Array> {
  const { output, writer } = machine(format);
  const input = slicesOf(packed, SLICE_BYTES);
  const size = { packed: 0, unpacked: 0 };
  let whole = false;
  /** Nothing waits to be read: the last read got less than it asked for. */
  let drained = true;

  const broken = () =>
    whole
      ? refuse("truncated", "The packed file ends in the middle, or its end is damaged.")
      : refuse("container", "The packed file is damaged, or something follows its end.");
  const guarded = <T>(step: Promise<T>): Promise<T> =>
    step.catch(() => {
      throw broken();
    });

  /** What the source throws is not the file's fault, and passes. */
  async function feed(): Promise<void> {
    const { done, value } = await input.next();
    if (done === true) {
      whole = true;
      await guarded(writer.close());
      return;
    }
    size.packed += value.byteLength;
    await guarded(writer.write(value));
  }

  try {
    for (;;) {
      const read = { settled: false };
      const next = output.next().finally(() => (read.settled = true));
      next.catch(() => undefined);
      if (!drained) await settledOrIdle(next);
      while (!read.settled && !whole) {
        await feed();
        await settledOrIdle(next);
      }
      const { done, value } = await guarded(next);
      if (done === true) return;
      drained = value.byteLength < PIECE_BYTES;
      size.unpacked += value.byteLength;
      checkSize(size.packed, size.unpacked, refuse);
      yield value;
    }
  } finally {
    writer.abort().catch(() => undefined);
    await input.return(undefined);
  }
}
