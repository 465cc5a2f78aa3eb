/** One signed POST to a merchant. The only place in this folder that calls `fetch`; never throws. */
import { concat, fromUtf8 } from "../crypto/encoding.ts";

/** API.md section 6. */
const DELIVERY_TIMEOUT_MS = 15_000;

/** How much of an answer is read and kept. */
const ANSWER_LIMIT_BYTES = 1_024;

export interface DeliveryIo {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A signal that aborts after so many milliseconds. */
  readonly timeout: (ms: number) => AbortSignal;
}

/** The network. `fetch` is looked up at each call, so a test may replace the global one. */
export const network: Pick<DeliveryIo, "fetch" | "timeout"> = {
  fetch: (url, init) => fetch(url, init),
  timeout: (ms) => AbortSignal.timeout(ms),
};

export interface DeliveryAnswer {
  /** HTTP status, or null when there was no answer. */
  readonly status: number | null;
  readonly latencyMs: number;
  /** The start of the answer, or why there was none. */
  readonly response: string;
  readonly retryAfter: string | null;
}

/**
 * Posts `body` with these signature headers. The status decides as soon as the headers are in: a
 * receiver that then drips its body for ever, or sends a gigabyte, costs us no more than the time
 * and the kilobyte that we allow.
 */
export async function deliver(
  url: string,
  signature: Readonly<Record<string, string>>,
  body: string,
  io: DeliveryIo,
): Promise<DeliveryAnswer> {
  const started = io.now();
  const signal = io.timeout(DELIVERY_TIMEOUT_MS);
  const timedOut = aborted(signal);
  const since = () => Math.max(0, io.now() - started);
  const nothing = (response: string): DeliveryAnswer => ({
    status: null,
    latencyMs: since(),
    response,
    retryAfter: null,
  });
  try {
    const reply = await Promise.race([
      io.fetch(url, {
        method: "POST",
        headers: {
          ...signature,
          "Content-Type": "application/json",
          "User-Agent": "ItPay-Webhooks/1.0",
        },
        body,
        // A redirect could lead where the policy forbids; it is reported as the failure it is.
        redirect: "manual",
        signal,
      }),
      timedOut,
    ]);
    if (reply === null) return nothing("no answer within 15 s");
    const latencyMs = since();
    const response = await readStart(reply, timedOut);
    return {
      status: reply.status,
      latencyMs,
      response,
      retryAfter: reply.headers.get("Retry-After"),
    };
  } catch {
    // The thrown text may name addresses of our network; the merchant gets a fixed one.
    return nothing(signal.aborted ? "no answer within 15 s" : "connection failed");
  }
}

const aborted = (signal: AbortSignal): Promise<null> => {
  const { promise, resolve } = Promise.withResolvers<null>();
  if (signal.aborted) resolve(null);
  else signal.addEventListener("abort", () => resolve(null), { once: true });
  return promise;
};

/** Reads up to the limit, until the end, a fault or the time-out; the rest is cancelled. */
async function readStart(reply: Response, timedOut: Promise<null>): Promise<string> {
  if (reply.body === null) return "";
  const reader: ReadableStreamDefaultReader<Uint8Array> = reply.body.getReader();
  let start = new Uint8Array();
  try {
    while (start.length < ANSWER_LIMIT_BYTES) {
      const read = await Promise.race([reader.read(), timedOut]);
      if (read === null || read.done) break;
      start = concat(start, read.value.subarray(0, ANSWER_LIMIT_BYTES - start.length));
    }
  } catch {
    // A body that breaks off does not change the status that came before it.
  }
  void reader.cancel().catch(() => undefined);
  return fromUtf8(start);
}
