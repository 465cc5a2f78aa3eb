/**
 * Sending a simulated channel's callbacks: WeChat Pay's documented repeats for every channel, and
 * a loopback instead of the network, so that the sandbox works without a public address.
 */
import { fromBase64, toBase64 } from "../crypto/encoding.ts";
import { type RandomBytes, secureRandom } from "../ids.ts";
import { sandboxChannel } from "./registry.ts";
import type { CallbackRow } from "./order-store.ts";
import type { CallbackFlaw, SandboxOrderRecord, SandboxWorld } from "./simulator.ts";

/** Seconds between one attempt and the next. After the last the channel gives up. */
const GAPS_S = [
  15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600,
] as const;

/** WeChat Pay waits 5 s for an acknowledgement. */
const ANSWER_WITHIN_MS = 5_000;

/**
 * When to repeat a callback that was not acknowledged, in ms since 1970; null: never.
 * @param attempts how many there have been, this one included
 */
export function repeatAt(flaw: CallbackFlaw, attempts: number, now: number): number | null {
  // Spoiled ones are a single try: a probe or a forgery that is refused has done its work.
  if (flaw !== null) return null;
  const gap = GAPS_S[attempts - 1];
  return gap === undefined ? null : now + gap * 1_000;
}

/** Bytes of a seed: a callback draws a notification id and two nonces. */
const SEED_BYTES = 192;

/** What a notification draws its id from, as text. */
export const newSeed = (): string => toBase64(secureRandom(SEED_BYTES));

/**
 * Draws the same bytes every time, so that a repeated notification keeps its id as a real one does.
 * Fresh bytes follow when the seed is used up.
 */
export function drawFrom(seed: string): RandomBytes {
  const bytes = fromBase64(seed) ?? new Uint8Array();
  let at = 0;
  return (length) => {
    if (at + length > bytes.length) return secureRandom(length);
    at += length;
    return bytes.slice(at - length, at);
  };
}

export interface CallbackAnswer {
  /** Null: no answer came in time. */
  readonly status: number | null;
  readonly acknowledged: boolean;
}

/**
 * Builds the notification and posts it.
 * Never throws: a gateway that cannot be reached gets it again later.
 */
export async function sendCallback(
  order: SandboxOrderRecord,
  { flaw, refund_number }: Pick<CallbackRow, "flaw" | "refund_number">,
  world: SandboxWorld,
  gateway: { fetch(request: Request): Promise<Response> },
): Promise<CallbackAnswer> {
  const channel = sandboxChannel(order.channel);
  if (channel === null) return { status: null, acknowledged: false };
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), ANSWER_WITHIN_MS);
  try {
    const refund = order.refunds.find(({ refundNumber }) => refundNumber === refund_number);
    const request =
      refund === undefined
        ? await channel.callback(order, flaw, world)
        : ((await channel.refundCallback?.(order, refund, world)) ?? null);
    // A channel that tells nobody has nothing to repeat.
    if (request === null) return { status: null, acknowledged: true };
    const { signal } = patience;
    const answer = await gateway.fetch(new Request(request, { signal, redirect: "manual" }));
    const body = await answer.text();
    return { status: answer.status, acknowledged: channel.acknowledged(answer.status, body) };
  } catch {
    return { status: null, acknowledged: false };
  } finally {
    // A timer left behind would keep the object awake.
    clearTimeout(timer);
  }
}
