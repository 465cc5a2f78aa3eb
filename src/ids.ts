/**
 * Ids: a prefix and 26 Crockford base32 characters (130 bits), lower case. `pi_` + 26 is 29
 * characters, which fits every channel's order-number rule. A refund's id is its payment's with two
 * more.
 */

export const ID_PREFIXES = {
  merchant: "m",
  apiKey: "key",
  channelAccount: "ca",
  paymentIntent: "pi",
  qr: "qr",
  refund: "re",
  event: "evt",
  exception: "rx",
  webhookEndpoint: "we",
  webhookDelivery: "wd",
  request: "req",
  service: "svc",
  auditEntry: "aud",
  job: "job",
  statement: "st",
  run: "rr",
  ledgerEntry: "le",
  split: "sp",
  settlement: "se",
  payout: "po",
  invoice: "in",
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH = 26;

/** Random bytes; passed in so that tests can fix them. */
export type RandomBytes = (length: number) => Uint8Array;

export const secureRandom: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));

/** 26 base32 characters from the first 130 bits of at least 17 bytes. */
export function base32Id(bytes: Uint8Array): string {
  let text = "";
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5 && text.length < LENGTH) {
      bits -= 5;
      text += ALPHABET[(buffer >> bits) & 31] ?? "";
    }
    buffer &= 0xff;
    if (text.length === LENGTH) return text;
  }
  throw new RangeError("an id needs 17 bytes");
}

export const randomId = (kind: IdKind, random: RandomBytes = secureRandom): string =>
  `${ID_PREFIXES[kind]}_${base32Id(random(17))}`;

/** A payment has at most this many refunds: their numbers are two base32 digits. */
export const MAX_REFUNDS = 1_023;

/**
 * The id of a payment's nth refund, from 1: the payment's own characters and two more. It leads back
 * to the payment without a table, and every retry makes the same one.
 */
export function refundIdOf(paymentId: string, number: number): string {
  const digits = `${ALPHABET[number >> 5] ?? ""}${ALPHABET[number & 31] ?? ""}`;
  if (number < 1 || number > MAX_REFUNDS) throw new RangeError("no such refund number");
  return `${ID_PREFIXES.refund}_${bodyOf(paymentId)}${digits}`;
}

/** The payment of a refund; null when the id has not the form of a refund's. */
export const paymentOfRefund = (refundId: string): string | null =>
  isId("refund", refundId)
    ? `${ID_PREFIXES.paymentIntent}_${bodyOf(refundId).slice(0, LENGTH)}`
    : null;

/** A payment has at most this many orders at channels: one each time the buyer chooses anew. */
export const MAX_ORDERS = 32;

/**
 * The number of a payment's nth order at a channel, from 1: the payment's id, then the id with one
 * more digit. A closed order's number cannot be used again at the channel; 30 characters fit all.
 */
export function orderNumberOf(paymentId: string, nth: number): string {
  if (nth < 1 || nth > MAX_ORDERS) throw new RangeError("no such order");
  return nth === 1 ? paymentId : `${paymentId}${ALPHABET[nth - 1] ?? ""}`;
}

/** The payment of an order number; null when it has not the form of one. */
export const paymentOfOrder = (orderNumber: string): string | null =>
  /^pi_[0-9abcdefghjkmnpqrstvwxyz]{26,27}$/.test(orderNumber)
    ? orderNumber.slice(0, ID_PREFIXES.paymentIntent.length + 1 + LENGTH)
    : null;

const bodyOf = (id: string): string => id.slice(id.indexOf("_") + 1);

/** Whether a string has the exact form of an id of this kind. Says nothing about existence. */
export const isId = (kind: IdKind, text: string): boolean =>
  new RegExp(
    `^${ID_PREFIXES[kind]}_[0-9abcdefghjkmnpqrstvwxyz]{${kind === "refund" ? LENGTH + 2 : LENGTH}}$`,
  ).test(text);

/**
 * The same parts always give the same id, and nobody without the key can guess it: this is how
 * every retry of a request, from any continent, reaches the same object.
 * @param key HMAC-SHA256 key imported from `ID_KEY`, which never rotates.
 */
export async function derivedId(
  kind: IdKind,
  key: CryptoKey,
  parts: readonly string[],
): Promise<string> {
  const message = new TextEncoder().encode(parts.map((part) => `${part.length}:${part}`).join(","));
  const mac = await crypto.subtle.sign("HMAC", key, message);
  return `${ID_PREFIXES[kind]}_${base32Id(new Uint8Array(mac))}`;
}
