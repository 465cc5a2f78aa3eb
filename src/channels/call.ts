/**
 * One HTTP exchange with a channel. It never throws: whatever keeps a whole reply from arriving is
 * `unknown`, because the request may have been carried out. What a reply means is the adapter's
 * business.
 */
import { CHANNEL_BODY_LIMIT_BYTES, CHANNEL_TIMEOUT_MS } from "../constants.ts";
import { fromUtf8 } from "../crypto/encoding.ts";
import type { ChannelIo } from "./adapter.ts";
import { redactBody, redactUrl } from "./exchange-log.ts";
import { unknown, type Unknown } from "./outcomes.ts";

export interface ChannelRequest {
  readonly method: "GET" | "POST";
  /** Appended to the endpoint as it stands: `/v3/…?…`, or `?…` where the endpoint names the page. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export type ChannelReply =
  | {
      readonly kind: "reply";
      readonly status: number;
      readonly headers: Headers;
      /** Raw: signatures are verified over these bytes, before anything is parsed. */
      readonly body: Uint8Array;
    }
  | Unknown;

/** Workers send neither header by themselves, and WeChat Pay answers 400 without them. */
export const COMMON_HEADERS = { "User-Agent": "ItPay-Edge/1", Accept: "application/json" };

/** The host of this attempt: a retry goes to the next one, so an outage of one region is survived. */
export const endpointOf = (io: ChannelIo): string =>
  io.endpoints[io.attempt % io.endpoints.length] ?? "";

const addressOf = (io: ChannelIo, path: string): string => {
  const endpoint = endpointOf(io);
  return path.startsWith("/") ? endpoint.replace(/\/+$/, "") + path : endpoint + path;
};

/**
 * Path and query exactly as they will be fetched, for request signatures: the URL parser decides
 * how characters are escaped, and the channel signs what it received.
 */
export function requestTarget(io: ChannelIo, path: string): string {
  const url = URL.parse(addressOf(io, path));
  return url === null ? path : url.pathname + url.search;
}

/**
 * Sends one request to the channel and reads the whole reply.
 * Redirects are not followed: a signed request, and with it an order, belongs to one host only.
 * The reply is capped, so a hostile or broken server cannot exhaust the isolate's memory, and the
 * time-out covers the body too, so it cannot hold a payment open by dripping bytes.
 */
export async function callChannel(io: ChannelIo, request: ChannelRequest): Promise<ChannelReply> {
  // Not AbortSignal.timeout: its timer cannot be stopped, and would keep the object awake after us.
  const controller = new AbortController();
  const { signal } = controller;
  const timer = setTimeout(
    () => controller.abort(new DOMException("the channel took too long", "TimeoutError")),
    CHANNEL_TIMEOUT_MS,
  );
  try {
    const outgoing = new Request(addressOf(io, request.path), {
      method: request.method,
      headers: { ...COMMON_HEADERS, ...request.headers },
      redirect: "manual",
      signal,
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    const response = await orAbort(io.fetch(outgoing), signal);
    const body = await readCapped(response, signal);
    tell(io, request, response.status, body);
    if (body === null) {
      return unknown("reply_too_large", "The channel's reply was too large.");
    }
    return { kind: "reply", status: response.status, headers: response.headers, body };
  } catch (thrown) {
    tell(io, request, null, null);
    return brokenCall(thrown, io);
  } finally {
    clearTimeout(timer);
  }
}

/** What was thrown instead of a reply, as the outcome it stands for. */
export function brokenCall(thrown: unknown, io: ChannelIo): Unknown {
  const name = thrown instanceof Error ? thrown.name : "unknown";
  // The name only: the message of a network error may hold the URL.
  io.log("warn", "channel_call_failed", { error: name, attempt: io.attempt });
  return name === "TimeoutError" || name === "AbortError"
    ? unknown("timeout", "The channel did not answer in time.", "CHANNEL_TIMEOUT")
    : unknown("network", "The channel could not be reached.", "CHANNEL_UNAVAILABLE");
}

/** For the journal: what people may see of the exchange. */
function tell(
  io: ChannelIo,
  { method, path, body }: ChannelRequest,
  status: number | null,
  reply: Uint8Array | null,
): void {
  io.watch?.({
    method,
    url: redactUrl(addressOf(io, path)),
    request: redactBody(body ?? ""),
    status,
    reply: reply === null ? null : redactBody(fromUtf8(reply)),
  });
}

/** Rejects as soon as the signal fires, whether or not the other side listens to it. */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** The whole body, or null when it is over the limit. */
export async function readCapped(
  response: Response,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  if (response.body === null) return new Uint8Array(0);
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await orAbort(reader.read(), signal);
      if (done) break;
      size += value.byteLength;
      if (size > CHANNEL_BODY_LIMIT_BYTES) return null;
      chunks.push(value);
    }
  } finally {
    // Lets go of the connection when the body was not read to its end.
    reader.cancel().catch(() => undefined);
  }
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}
