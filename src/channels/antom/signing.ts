/**
 * RSA256 signatures as Antom's "digital signature" page describes them: one text for requests,
 * replies and notices, over the bytes of the body as they were sent.
 */
import { concat, utf8 } from "../../crypto/encoding.ts";

export interface Signed {
  /** Path and query; the query counts. */
  readonly target: string;
  readonly clientId: string;
  /** As the header has it: milliseconds since 1970, or ISO 8601 with a zone. */
  readonly time: string;
  readonly body: Uint8Array;
}

/** The text that a signature covers. Requests, replies to them, and notices are all POST. */
export const signedContent = ({ target, clientId, time, body }: Signed): Uint8Array =>
  concat(utf8(`POST ${target}\n${clientId}.${time}.`), body);

/** The header beside a request. Antom's own reader takes a bare `+` for a blank, so it is escaped. */
export const signatureHeader = (keyVersion: string, signature: string): string =>
  `algorithm=RSA256,keyVersion=${keyVersion},signature=${encodeURIComponent(signature)}`;

/** A real header has under 500 characters. */
const HEADER_LIMIT = 2_048;

/**
 * The base64 signature of a `signature` header; null when there is none that could count. Blanks
 * after the commas occur, and the value comes bare or escaped: decodeURIComponent leaves a bare `+`
 * alone. Attack: a message that names another algorithm would choose how it is checked, and of two
 * members with one name each reader picks its own.
 */
export function readSignature(header: string | null): string | null {
  if (header === null || header.length > HEADER_LIMIT) return null;
  const members = new Map<string, string>();
  for (const part of header.split(",")) {
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(at, 0)).trim();
    if (name === "" || members.has(name)) return null;
    members.set(name, part.slice(at + 1).trim());
  }
  const value = members.get("signature") ?? "";
  if (members.get("algorithm") !== "RSA256" || value === "") return null;
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}

/**
 * A `request-time` or `response-time` header; null when it is not a time. Attack: the signed text
 * joins time and body by a dot, so whoever could put any text here could move the border between
 * them and have the tail of a genuine body read as the whole.
 */
export const readTimeHeader = (header: string | null): string | null =>
  header !== null &&
  /^(\d{13}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d))$/.test(header)
    ? header
    : null;
