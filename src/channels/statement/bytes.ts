/** Bytes of streams, in pieces that are worth the way through them. */

/** What is asked for at a time. */
export const PIECE_BYTES = 64 * 1024;
/** A source that trickles is read until this much is there, or its end. */
const LEAST_BYTES = 16 * 1024;

/** Reads a stream to its end; it is cancelled when the reader stops earlier. */
export async function* piecesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const read = readerOf(stream);
  try {
    for (;;) {
      const { done, value } = await read.next();
      if (value !== undefined && value.byteLength > 0) yield value;
      if (done) return;
    }
  } finally {
    await read.cancel();
  }
}

interface Reader {
  next(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/** The runtime's own streams give 4 KiB at a time unless they are told how much is wanted. */
function readerOf(stream: ReadableStream<Uint8Array>): Reader {
  let bytes: ReadableStreamBYOBReader;
  try {
    bytes = stream.getReader({ mode: "byob" });
  } catch {
    const plain = stream.getReader();
    return { next: () => plain.read(), cancel: () => plain.cancel().catch(() => undefined) };
  }
  return {
    next: () => bytes.readAtLeast(LEAST_BYTES, new Uint8Array(PIECE_BYTES)),
    cancel: () => bytes.cancel().catch(() => undefined),
  };
}

/** The same bytes in pieces of at most `size`. */
export async function* slicesOf(
  pieces: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    for (let at = 0; at < piece.byteLength; at += size) yield piece.subarray(at, at + size);
  }
}
