/**
 * Whether a message is the bank's, by the closed set of schemes of `profile.ts`, and what it says.
 * What is not covered by the signature is not in the result. Everything missing is a refusal.
 */
import { sameSecret } from "../../crypto/constant-time.ts";
import { md5Hex } from "../../crypto/digest.ts";
import {
  concat,
  fromBase64,
  fromBase64Url,
  fromHex,
  fromUtf8Strict,
  toBase64,
  toBase64Url,
  utf8,
} from "../../crypto/encoding.ts";
import { hmacBase64, hmacHex } from "../../crypto/hmac.ts";
import { verifySha256 } from "../../crypto/rsa.ts";
import { SIGNATURE_TOLERANCE_MS } from "../../constants.ts";
import { err, ok, type Result } from "../../result.ts";
import type { RawCallback } from "../adapter.ts";
import { type Fields, readForm, readJson, textAt } from "./fields.ts";
import type { Signature, SignedContent } from "./profile.ts";
import type { Verifier } from "./verifier.ts";

type Message = Pick<RawCallback, "headers" | "body">;

/** Real ones are under 8 KB. */
const BODY_LIMIT_BYTES = 64 * 1024;

const CONTENT_TYPES = {
  json: "application/json",
  form: "application/x-www-form-urlencoded",
} as const;

const NOT_SIGNED = err("the signature does not verify");

/** Several `X-Signature`, joined by the runtime into one, are nobody's. */
const header = ({ headers }: Message, name: string): string | null => headers.get(name);

function readBody(message: Message, format: "json" | "form"): Result<Fields, string> {
  const type = (header(message, "content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== CONTENT_TYPES[format]) return err("another content type");
  if (message.body.length > BODY_LIMIT_BYTES) return err("the body is too large");
  const text = fromUtf8Strict(message.body);
  if (text === null) return err("the body is not UTF-8");
  return format === "json" ? readJson(text) : readForm(text);
}

/** The fields of a message that this version of the account's settings believes the sender of. */
export async function authenticate(
  verifier: Verifier,
  message: Message,
  now: number,
): Promise<Result<Fields, string>> {
  const { profile } = verifier;
  const read = readBody(message, profile.format);
  if (!read.ok) return read;
  const { authentication } = profile;
  switch (authentication.scheme) {
    case "none":
      return read;
    case "token": {
      const expected = verifier.settings[authentication.setting] ?? "";
      const given = header(message, authentication.header);
      const same = given !== null && expected !== "" && (await sameSecret(given, expected));
      return same ? read : err("the token is not this account's");
    }
    case "hmac_sha256":
      return checkHmac(authentication, verifier, message, read.value, now);
    case "rsa_sha256":
      return checkRsa(authentication, verifier, message, read.value, now);
    case "jws_hs256":
      return readJws(authentication.member, verifier, read.value);
    case "fiuu_skey":
      return checkSkey(verifier, read.value);
  }
}

/**
 * The signed bytes. Attack: a recorded message sent again later; a signed timestamp more than five
 * minutes from our clock, either way, is refused. Where none is signed a replay is harmless: it says
 * again that a payment was paid.
 */
function signedBytes(
  content: SignedContent,
  message: Message,
  fields: Fields,
  signatureField: string | null,
  now: number,
): Result<Uint8Array, string> {
  if (content.of === "body") return ok(message.body);
  if (content.of === "sorted_fields") {
    const names = [...fields.keys()].filter((name) => name !== signatureField);
    // Attack: the payer's own text holds "statuscompleted" or somebody else's reference, and the
    // signed text of a payment that failed is cut into fields anew, with a few invented names.
    if (names.some((name) => !content.names.has(name))) return err("a field is not known");
    const sorted = names.toSorted((a, b) => (a < b ? -1 : 1));
    return ok(utf8(sorted.map((name) => name + (fields.get(name)?.text ?? "")).join("")));
  }
  const timestamp = header(message, content.timestampHeader) ?? "";
  if (!/^\d{10}$/.test(timestamp)) return err("the timestamp is missing");
  if (Math.abs(now - Number(timestamp) * 1_000) > SIGNATURE_TOLERANCE_MS) {
    return err("the timestamp is out of range");
  }
  return ok(concat(utf8(`${timestamp}.`), message.body));
}

const hexToBase64 = (hex: string): string => toBase64(fromHex(hex) ?? new Uint8Array());

async function checkHmac(
  scheme: Extract<Signature, { scheme: "hmac_sha256" }>,
  { key }: Verifier,
  message: Message,
  fields: Fields,
  now: number,
): Promise<Result<Fields, string>> {
  const { at, content, encoding, separator } = scheme;
  const field = "field" in at ? at.field : null;
  const given = "field" in at ? textAt(fields, at.field) : header(message, at.header);
  if (given === null || key === null) return err("the signature is missing");
  const bytes = signedBytes(content, message, fields, field, now);
  if (!bytes.ok) return bytes;
  const expected = [await hmacHex(key, bytes.value)];
  if (encoding === "any") expected.push(...expected.map(hexToBase64));
  // A handful: one per key that is being changed, and no work without end.
  const candidates = separator === undefined ? [given] : given.split(separator).slice(0, 4);
  for (const candidate of candidates) {
    for (const mac of expected) {
      if (await sameSecret(candidate.trim(), mac)) return ok(fields);
    }
  }
  return NOT_SIGNED;
}

async function checkRsa(
  scheme: Extract<Signature, { scheme: "rsa_sha256" }>,
  { key }: Verifier,
  message: Message,
  fields: Fields,
  now: number,
): Promise<Result<Fields, string>> {
  const given = header(message, scheme.header);
  if (given === null || key === null) return err("the signature is missing");
  const bytes = signedBytes(scheme.content, message, fields, null, now);
  if (!bytes.ok) return bytes;
  return (await verifySha256(key, bytes.value, given)) ? ok(fields) : NOT_SIGNED;
}

/**
 * RFC 7515, compact, HS256 and nothing else. Attack: the message names its own algorithm ("none",
 * or an asymmetric one whose public key would serve as the secret), so the name is only compared.
 */
async function readJws(
  member: string,
  { key }: Verifier,
  fields: Fields,
): Promise<Result<Fields, string>> {
  const parts = (textAt(fields, member) ?? "").split(".");
  const [head = "", payload = "", signature = ""] = parts;
  const headText = decoded(head);
  if (parts.length !== 3 || key === null || headText === null) {
    return err("the token is malformed");
  }
  const read = readJson(headText);
  if (!read.ok || textAt(read.value, "alg") !== "HS256" || read.value.has("crit")) {
    return err("the token is not HS256");
  }
  const mac = fromBase64(await hmacBase64(key, `${head}.${payload}`)) ?? new Uint8Array();
  if (!(await sameSecret(signature, toBase64Url(mac)))) return NOT_SIGNED;
  const text = decoded(payload);
  return text === null ? err("the token is malformed") : readJson(text);
}

const decoded = (part: string): string | null => {
  const bytes = fromBase64Url(part);
  return bytes === null ? null : fromUtf8Strict(bytes);
};

/**
 * Fiuu: md5(paydate + domain + md5(tranID + orderid + status + domain + amount + currency) +
 * appcode + secret). Values run into each other without a mark between them, so what may stand in
 * them is narrow: digits moved from one field to the next would leave the hash as it was.
 */
async function checkSkey({ settings }: Verifier, fields: Fields): Promise<Result<Fields, string>> {
  const of = (name: string) => fields.get(name)?.text ?? "";
  const given = of("skey");
  if (given === "") return err("the signature is missing");
  const shapes = [
    /^\d{1,20}$/.test(of("tranID")),
    /^\d\d$/.test(of("status")),
    /^\d{1,12}\.\d\d$/.test(of("amount")),
    /^[A-Z]{2,3}$/.test(of("currency")),
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(of("paydate")),
  ];
  if (shapes.includes(false)) return err("a signed field is malformed");
  const inner = ["tranID", "orderid", "status", "domain", "amount", "currency"].map(of).join("");
  const outer = [of("paydate"), of("domain"), await md5Hex(inner), of("appcode")].join("");
  const expected = await md5Hex(outer + (settings.secret ?? ""));
  return (await sameSecret(given, expected)) ? ok(fields) : NOT_SIGNED;
}
