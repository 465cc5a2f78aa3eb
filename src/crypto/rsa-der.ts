import { type Result, err, ok } from "../result.ts";
import { derBitString, derElement, derInteger, derNull, derOid, derSequence } from "./der-write.ts";
import {
  TAG,
  childrenOf,
  type DerElement,
  fields,
  objectIdentifier,
  readDer,
  unsignedInteger,
  wholeBytes,
} from "./der.ts";

/**
 * The four DER forms of an RSA key and the way from each to the two that WebCrypto imports: PKCS#8
 * for a private key and SubjectPublicKeyInfo (SPKI) for a public one. Keys are rebuilt from their
 * numbers, so the same key always gives the same bytes, whatever form it came in.
 */
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";

// A modulus of 512 bits is factored for the price of a day's computing; one over 8192 makes every
// signature slow. What a channel asks for beyond this is for its own code to check.
const MODULUS_BITS = { min: 1024, max: 8192 };
// BoringSSL, which does the arithmetic, refuses larger exponents.
const MAX_EXPONENT_BYTES = 4;

const { integer, sequence, octetString, bitString } = TAG;
const nineIntegers = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(() => integer);

/** What a DER document is, told by its outermost members. File labels and first letters lie. */
const SHAPES = [
  { kind: "pkcs8", tags: [integer, sequence, octetString] },
  { kind: "pkcs1 private", tags: nineIntegers },
  { kind: "pkcs1 public", tags: [integer, integer] },
  { kind: "spki", tags: [sequence, bitString] },
  { kind: "certificate", tags: [sequence, sequence, bitString] },
  { kind: "encrypted", tags: [sequence, octetString] },
] as const;

export type DerKind = (typeof SHAPES)[number]["kind"];

/** Null for everything else, an EC key in its own format included. */
export function kindOf(der: Uint8Array): DerKind | null {
  const root = readDer(der);
  if (!root.ok || root.value.tag !== sequence) return null;
  const children = childrenOf(root.value);
  if (!children.ok) return null;
  const tags = children.value.map((child) => child.tag);
  const found = SHAPES.find(
    (shape) =>
      // PKCS#8 may carry attributes behind the key.
      (shape.kind === "pkcs8" || tags.length === shape.tags.length) &&
      shape.tags.every((tag, index) => tags[index] === tag),
  );
  return found?.kind ?? null;
}

const algorithm = (): Uint8Array => derSequence(derOid(RSA_ENCRYPTION), derNull());

/** PKCS#8 from PKCS#8 or PKCS#1. Whether the numbers belong together is found out on import. */
export function toPkcs8(der: Uint8Array): Result<Uint8Array, string> {
  const pkcs1 = kindOf(der) === "pkcs8" ? insideOfPkcs8(der) : ok(der);
  if (!pkcs1.ok) return pkcs1;
  const numbers = privateNumbers(pkcs1.value);
  if (!numbers.ok) return numbers;
  const version = derInteger(Uint8Array.of(0));
  return ok(derSequence(version, algorithm(), derElement(octetString, pkcs1.value)));
}

/** SPKI from SPKI or PKCS#1. */
export function toSpki(der: Uint8Array): Result<Uint8Array, string> {
  const pkcs1 = kindOf(der) === "spki" ? insideOfSpki(der) : ok(der);
  if (!pkcs1.ok) return pkcs1;
  const root = readDer(pkcs1.value);
  const members = root.ok ? fields(root.value, [integer, integer], "exact") : root;
  if (!members.ok) return err("the public key is malformed");
  return spkiOf(members.value[0], members.value[1]);
}

/** The public half of a private key in PKCS#8 or PKCS#1. */
export function publicHalf(der: Uint8Array): Result<Uint8Array, string> {
  const pkcs1 = kindOf(der) === "pkcs8" ? insideOfPkcs8(der) : ok(der);
  if (!pkcs1.ok) return pkcs1;
  const numbers = privateNumbers(pkcs1.value);
  return numbers.ok ? spkiOf(numbers.value.modulus, numbers.value.exponent) : numbers;
}

/** The size of an RSA public key in bits, such as 2048; null when it is not one. */
export function modulusBits(spki: Uint8Array): number | null {
  const pkcs1 = insideOfSpki(spki);
  const root = pkcs1.ok ? readDer(pkcs1.value) : pkcs1;
  const members = root.ok ? fields(root.value, [integer, integer], "exact") : root;
  const modulus = members.ok ? unsignedInteger(members.value[0]) : members;
  return modulus.ok ? bitLength(modulus.value) : null;
}

const bitLength = (bytes: Uint8Array): number =>
  bytes.length * 8 - (Math.clz32(bytes[0] ?? 0) - 24);

function isRsa(algorithmIdentifier: DerElement): boolean {
  const members = fields(algorithmIdentifier, [TAG.oid], "more");
  const oid = members.ok ? objectIdentifier(members.value[0]) : members;
  return oid.ok && oid.value === RSA_ENCRYPTION;
}

function insideOfPkcs8(der: Uint8Array): Result<Uint8Array, string> {
  const root = readDer(der);
  const members = root.ok ? fields(root.value, [integer, sequence, octetString], "more") : root;
  if (!members.ok) return err("the private key is malformed");
  if (!isRsa(members.value[1])) return err("the private key is not an RSA key");
  return ok(members.value[2].content);
}

function insideOfSpki(der: Uint8Array): Result<Uint8Array, string> {
  const root = readDer(der);
  const members = root.ok ? fields(root.value, [sequence, bitString], "exact") : root;
  if (!members.ok) return err("the public key is malformed");
  if (!isRsa(members.value[0])) return err("the public key is not an RSA key");
  const bytes = wholeBytes(members.value[1]);
  return bytes.ok ? bytes : err("the public key is malformed");
}

/** RSAPrivateKey (RFC 8017 A.1.2): version, n, e, d, p, q, dP, dQ, qInv. */
function privateNumbers(
  pkcs1: Uint8Array,
): Result<{ modulus: DerElement; exponent: DerElement }, string> {
  const root = readDer(pkcs1);
  const members = root.ok ? fields(root.value, nineIntegers, "exact") : root;
  if (!members.ok) return err("the private key is malformed");
  const [version, modulus, exponent] = members.value;
  const wellFormed = members.value.every((member) => unsignedInteger(member).ok);
  // Version 1 has more than two primes.
  const twoPrimes = version?.content.length === 1 && version.content[0] === 0;
  if (!wellFormed || !twoPrimes || modulus === undefined || exponent === undefined) {
    return err("the private key is malformed");
  }
  const usable = checkPublic(modulus, exponent);
  return usable.ok ? ok({ modulus, exponent }) : usable;
}

function spkiOf(modulus: DerElement, exponent: DerElement): Result<Uint8Array, string> {
  const usable = checkPublic(modulus, exponent);
  if (!usable.ok) return usable;
  return ok(derSequence(algorithm(), derBitString(derSequence(modulus.whole, exponent.whole))));
}

function checkPublic(modulus: DerElement, exponent: DerElement): Result<null, string> {
  const n = unsignedInteger(modulus);
  const e = unsignedInteger(exponent);
  if (!n.ok || !e.ok) return err("the RSA key is malformed");
  const bits = bitLength(n.value);
  if (bits < MODULUS_BITS.min || bits > MODULUS_BITS.max) {
    return err(`an RSA key of ${bits} bits is not accepted`);
  }
  const odd = ((n.value.at(-1) ?? 0) & (e.value.at(-1) ?? 0) & 1) === 1;
  // An exponent of 1 makes every message its own signature.
  const isOne = e.value.length === 1 && e.value[0] === 1;
  if (!odd || isOne || e.value.length > MAX_EXPONENT_BYTES) {
    return err("the numbers of the RSA key are not usable");
  }
  return ok(null);
}
