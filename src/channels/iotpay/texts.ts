/** Texts as IOTPay takes them: their lengths, and what may not stand in them. */
import ipaddr from "ipaddr.js";

/**
 * Values are signed as `name=value&…`, raw. Attack: a description that reads `x&amount=1` would give
 * the signed text a second reading. Controls and direction overrides would garble receipts.
 */
const FORBIDDEN = /[&\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

export const cleanText = (text: string): string =>
  text.toWellFormed().replace(FORBIDDEN, " ").replace(/ {2,}/g, " ").trim();

/** As much of a text as fits, in whole characters; encoded, every byte but the plainest takes three. */
export function fitText(text: string, limit: number, encode: boolean): string {
  const written = (part: string) => (encode ? encodeURIComponent(part) : part);
  let fitting = "";
  for (const character of cleanText(text)) {
    const longer = fitting + written(character);
    if (Array.from(longer).length > limit) break;
    fitting = longer;
  }
  return fitting;
}

/** Where the buyer's address is not known, or is longer than the 32 characters that fit. */
const NO_ADDRESS = "127.0.0.1";

/** `clientIp`: IPv4 only. */
export function clientIp(address: string | undefined): string {
  if (address === undefined || !ipaddr.isValid(address)) return NO_ADDRESS;
  const ip = ipaddr.process(address);
  return ip.kind() === "ipv4" ? ip.toString() : NO_ADDRESS;
}
