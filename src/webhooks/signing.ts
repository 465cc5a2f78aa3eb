/**
 * Two families of headers over the same bytes, from the same secret (API.md section 6):
 * `X-ItPay-Signature` in Stripe's form, keyed with the secret string as it is, and the three
 * headers of Standard Webhooks 1.0.0, keyed with the bytes behind `whsec_`. During a rotation
 * every living secret signs, so a receiver may switch whenever it likes.
 */
import { fromBase64, toBase64 } from "../crypto/encoding.ts";
import { hmacBase64, hmacHex, importHmacKey } from "../crypto/hmac.ts";
import type { RandomBytes } from "../ids.ts";

const PREFIX = "whsec_";

/** Standard Webhooks asks for 24 to 64 bytes. */
const SECRET_BYTES = 32;

/** `whsec_` and the base64 of 32 random bytes. */
export const newSecret = (random: RandomBytes): string =>
  `${PREFIX}${toBase64(random(SECRET_BYTES))}`;

export interface Signable {
  /** Stable over all attempts: receivers recognise a repeat by it. */
  readonly eventId: string;
  /** The exact text that will be sent. */
  readonly body: string;
  /** Seconds since 1970, of this attempt: a captured request grows old (replay). */
  readonly timestamp: number;
  /** Newest first; at least one. */
  readonly secrets: readonly string[];
}

/** @throws RangeError when there is no secret or one is not of our own making. */
export async function signatureHeaders(message: Signable): Promise<Record<string, string>> {
  if (message.secrets.length === 0) throw new RangeError("a webhook needs a signing secret");
  const { eventId, body, timestamp, secrets } = message;
  const own = await Promise.all(
    secrets.map(async (secret) => hmacHex(await importHmacKey(secret), `${timestamp}.${body}`)),
  );
  const standard = await Promise.all(
    secrets.map(async (secret) =>
      hmacBase64(await importHmacKey(keyBytes(secret)), `${eventId}.${timestamp}.${body}`),
    ),
  );
  return {
    "X-ItPay-Signature": [`t=${timestamp}`, ...own.map((mac) => `v1=${mac}`)].join(","),
    "webhook-id": eventId,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": standard.map((mac) => `v1,${mac}`).join(" "),
  };
}

function keyBytes(secret: string): Uint8Array {
  const bytes = secret.startsWith(PREFIX) ? fromBase64(secret.slice(PREFIX.length)) : null;
  if (bytes === null) throw new RangeError("a webhook secret is whsec_ and base64");
  return bytes;
}
