/**
 * A file from a channel, as a stream: statements are larger than a reply may be, and larger than
 * the memory of an isolate. Like a call it never throws, until the stream is read.
 */
import { CHANNEL_TIMEOUT_MS } from "../constants.ts";
import { fromUtf8 } from "../crypto/encoding.ts";
import type { ChannelIo } from "./adapter.ts";
import { brokenCall, type ChannelReply, COMMON_HEADERS, orAbort, readCapped } from "./call.ts";
import { redactBody, redactUrl } from "./exchange-log.ts";
import { unknown } from "./outcomes.ts";

export type ChannelDownload =
  /** Status 200 and what is no page; it may still break off. */
  | { readonly kind: "file"; readonly body: ReadableStream<Uint8Array> }
  /** Any other status. */
  | ChannelReply;

/** A piece of work with a time to it; a TimeoutError when it is up, which also ends the exchange. */
type Within = <T>(work: Promise<T>) => Promise<T>;

/** Long enough for a first byte and for each that follows; a whole file may take what it takes. */
const patience =
  (controller: AbortController): Within =>
  async (work) => {
    const timer = setTimeout(
      () => controller.abort(new DOMException("the channel took too long", "TimeoutError")),
      CHANNEL_TIMEOUT_MS,
    );
    try {
      return await orAbort(work, controller.signal);
    } finally {
      clearTimeout(timer);
    }
  };

/** A page or an error in the place of a file: no statement begins with one of these. */
const isPage = (first: Uint8Array): boolean => /^\s*[<{]/.test(fromUtf8(first.subarray(0, 64)));

/**
 * Fetches a file from an address that the caller has judged. Redirects are not followed.
 * The journal is told of the exchange, and never what the file holds.
 */
export async function downloadFile(
  io: ChannelIo,
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<ChannelDownload> {
  const controller = new AbortController();
  const { signal } = controller;
  const within = patience(controller);
  const tell = (status: number | null, reply: string | null) =>
    io.watch?.({ method: "GET", url: redactUrl(url.toString()), request: null, status, reply });
  try {
    const request = new Request(url, {
      headers: { ...COMMON_HEADERS, Accept: "*/*", ...headers },
      redirect: "manual",
      signal,
    });
    const response = await within(io.fetch(request));
    const { status } = response;
    if (status !== 200 || response.body === null) {
      const body = await within(readCapped(response, signal));
      tell(status, body === null ? null : redactBody(fromUtf8(body)));
      return body === null
        ? unknown("reply_too_large", "The channel's reply was too large.")
        : { kind: "reply", status, headers: response.headers, body };
    }
    const reader = response.body.getReader();
    const first = await within(reader.read());
    if (first.done || isPage(first.value)) {
      tell(status, "(no file)");
      reader.cancel().catch(() => undefined);
      return unknown("no_file", "The channel answered with something else than the file.");
    }
    tell(status, "(a file)");
    return { kind: "file", body: streamOf(first.value, reader, within) };
  } catch (thrown) {
    tell(null, null);
    return brokenCall(thrown, io);
  }
}

/** The first piece and the rest. Reading fails when the file breaks off, or stalls for too long. */
function streamOf(
  first: Uint8Array,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  within: Within,
): ReadableStream<Uint8Array> {
  let next: Uint8Array | null = first;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (next !== null) {
          controller.enqueue(next);
          next = null;
          return;
        }
        try {
          const { done, value } = await within(reader.read());
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (thrown) {
          reader.cancel().catch(() => undefined);
          const name = thrown instanceof Error ? thrown.name : "unknown";
          // The name only: the message of a network error may hold the link, which opens the file.
          controller.error(
            new DOMException(`the channel's file broke off (${name})`, "NetworkError"),
          );
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    // Nothing is read before somebody wants it: a clock must not run while nobody does.
    { highWaterMark: 0 },
  );
}
