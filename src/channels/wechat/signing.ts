/**
 * WECHATPAY2-SHA256-RSA2048: signing our requests, and verifying replies and callbacks, which use
 * one scheme. Both sides sign the bytes as they travel; nothing here parses a body.
 */
import { SIGNATURE_TOLERANCE_MS } from "../../constants.ts";
import { concat, toHex, utf8 } from "../../crypto/encoding.ts";
import { signSha256, verifySha256 } from "../../crypto/rsa.ts";
import type { RandomBytes } from "../../ids.ts";

const SIGNATURE_TYPE = "WECHATPAY2-SHA256-RSA2048";

/** WeChat Pay sends wrong signatures with this prefix on purpose, to see whether we check. */
const PROBE_PREFIX = "WECHATPAY/SIGNTEST/";

export interface SignableRequest {
  readonly method: string;
  /** Path and query as they are fetched. */
  readonly target: string;
  /** Empty for requests without a body. */
  readonly body: string;
  /** Seconds since 1970. */
  readonly timestamp: string;
  readonly nonce: string;
}

/** Five lines, each ended by LF, the last one too. */
export const requestMessage = (request: SignableRequest): string =>
  `${request.method}\n${request.target}\n${request.timestamp}\n${request.nonce}\n${request.body}\n`;

export interface Signer {
  readonly mchid: string;
  readonly serial: string;
  readonly signingKey: CryptoKey;
}

/** The value of the Authorization header: one line, values quoted, no blanks after commas. */
export async function authorization(signer: Signer, request: SignableRequest): Promise<string> {
  const signature = await signSha256(signer.signingKey, requestMessage(request));
  const fields = {
    mchid: signer.mchid,
    nonce_str: request.nonce,
    timestamp: request.timestamp,
    serial_no: signer.serial,
    signature,
  };
  const list = Object.entries(fields).map(([name, value]) => `${name}="${value}"`);
  return `${SIGNATURE_TYPE} ${list.join(",")}`;
}

/** 32 characters, 128 random bits. */
export const requestNonce = (random: RandomBytes): string => toHex(random(16)).toUpperCase();

export type SignatureCheck =
  | "valid"
  | "header_missing"
  | "timestamp_out_of_range"
  | "serial_unknown"
  | "probe"
  | "signature_invalid";

/**
 * Checks a reply or a callback. The order is WeChat Pay's: headers, time, serial, probe, base64,
 * signature.
 *
 * - The time window stops a recorded message from being replayed later.
 * - The serial chooses among keys that are trusted already; it can never bring one along.
 * - A probe must fail. Answering it with success would let anyone skip the signature by prefix.
 *
 * @param findKey the trusted key with exactly this serial, or null.
 * @param now milliseconds since 1970.
 */
export async function checkSignature(
  headers: Headers,
  body: Uint8Array,
  findKey: (serial: string) => Promise<CryptoKey | null>,
  now: number,
): Promise<SignatureCheck> {
  const timestamp = headers.get("Wechatpay-Timestamp");
  const nonce = headers.get("Wechatpay-Nonce");
  const signature = headers.get("Wechatpay-Signature");
  const serial = headers.get("Wechatpay-Serial");
  if (!timestamp || !nonce || !signature || !serial) return "header_missing";

  if (!/^\d{1,12}$/.test(timestamp)) return "timestamp_out_of_range";
  // Compared in whole seconds, the unit of the header: 300 is in, 301 is out.
  const distance = Math.abs(Math.floor(now / 1000) - Number(timestamp));
  if (distance * 1000 > SIGNATURE_TOLERANCE_MS) return "timestamp_out_of_range";

  const key = await findKey(serial);
  if (key === null) return "serial_unknown";
  if (signature.startsWith(PROBE_PREFIX)) return "probe";

  const message = concat(utf8(`${timestamp}\n${nonce}\n`), body, utf8("\n"));
  return (await verifySha256(key, message, signature)) ? "valid" : "signature_invalid";
}
