import { type Result, err, ok } from "../result.ts";

/**
 * The part of DER (ITU-T X.690) that keys and certificates need. The reader takes hostile bytes: it
 * never throws, never recurses and moves forward by at least two bytes per element. What BER allows
 * and DER forbids (indefinite and padded lengths) is refused, so one value has one encoding.
 */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
  context3: 0xa3,
} as const;

export type DerError =
  /** The bytes end before the element does. */
  | "truncated"
  /** Bytes follow the element. */
  | "trailing"
  /** A tag of more than one byte; no format read here has one. */
  | "long tag"
  /** Indefinite, not in its shortest form, or of more than four bytes. */
  | "length"
  /** Another element than the format puts here, or none, or one too many. */
  | "unexpected element"
  /** An integer, object identifier, text or time against the rules of its type. */
  | "value";

export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag, length and content. */
  readonly whole: Uint8Array;
}

/** Exactly one element and nothing behind it. */
export function readDer(bytes: Uint8Array): Result<DerElement, DerError> {
  const first = readAt(bytes, 0);
  if (!first.ok) return first;
  return first.value.whole.length === bytes.length ? first : err("trailing");
}

/** The elements inside an element of a constructed type, in order. */
export function childrenOf(parent: DerElement): Result<readonly DerElement[], DerError> {
  const children: DerElement[] = [];
  let at = 0;
  while (at < parent.content.length) {
    const child = readAt(parent.content, at);
    if (!child.ok) return child;
    children.push(child.value);
    at += child.value.whole.length;
  }
  return ok(children);
}

type Elements<T extends readonly number[]> = { readonly [K in keyof T]: DerElement };

const begins = <T extends readonly number[]>(
  elements: readonly DerElement[],
  tags: T,
): elements is readonly DerElement[] & Elements<T> =>
  tags.every((tag, index) => elements[index]?.tag === tag);

/** The list, if its first elements have these tags; more may follow. */
export function take<const T extends readonly number[]>(
  elements: readonly DerElement[],
  tags: T,
): Result<Elements<T>, DerError> {
  return begins(elements, tags) ? ok(elements) : err("unexpected element");
}

/** The members of a SEQUENCE that begins with these tags; `exact` allows nothing behind them. */
export function fields<const T extends readonly number[]>(
  parent: DerElement,
  tags: T,
  rest: "exact" | "more",
): Result<Elements<T>, DerError> {
  if (parent.tag !== TAG.sequence) return err("unexpected element");
  const children = childrenOf(parent);
  if (!children.ok) return children;
  if (rest === "exact" && children.value.length !== tags.length) return err("unexpected element");
  return take(children.value, tags);
}

function readAt(bytes: Uint8Array, start: number): Result<DerElement, DerError> {
  const tag = bytes[start];
  const lead = bytes[start + 1];
  if (tag === undefined || lead === undefined) return err("truncated");
  if ((tag & 0x1f) === 0x1f) return err("long tag");
  let length = lead;
  let contentStart = start + 2;
  if (lead >= 0x80) {
    const count = lead & 0x7f;
    if (count > 4) return err("length");
    contentStart += count;
    if (contentStart > bytes.length) return err("truncated");
    // Multiplied, not shifted: a shift would turn four bytes into a negative number.
    length = bytes.subarray(start + 2, contentStart).reduce((sum, byte) => sum * 256 + byte, 0);
    // No bytes at all mean the indefinite length of BER; it is refused here with the padded ones.
    if (length < 0x80 || length < 256 ** (count - 1)) return err("length");
  }
  const end = contentStart + length;
  if (end > bytes.length) return err("truncated");
  return ok({
    tag,
    content: bytes.subarray(contentStart, end),
    whole: bytes.subarray(start, end),
  });
}

/** The bytes of a positive integer or zero, without the leading zero that only carries the sign. */
export function unsignedInteger(element: DerElement): Result<Uint8Array, DerError> {
  const [first, second] = element.content;
  if (element.tag !== TAG.integer || first === undefined || first >= 0x80) return err("value");
  if (first !== 0 || second === undefined) return ok(element.content);
  return second >= 0x80 ? ok(element.content.subarray(1)) : err("value");
}

/** The bytes of a BIT STRING whose length is a whole number of bytes, as keys and signatures are. */
export function wholeBytes(element: DerElement): Result<Uint8Array, DerError> {
  const fits = element.tag === TAG.bitString && element.content[0] === 0;
  return fits ? ok(element.content.subarray(1)) : err("value");
}

/** Longest object identifier read, in bytes; those in use stay below 25. */
const MAX_OID_BYTES = 64;

/** Dotted decimal. */
export function objectIdentifier(element: DerElement): Result<string, DerError> {
  const { tag, content } = element;
  const last = content.at(-1);
  if (tag !== TAG.oid || content.length > MAX_OID_BYTES) return err("value");
  if (last === undefined || last >= 0x80) return err("value");
  const arcs: bigint[] = [];
  let arc = 0n;
  let starts = true;
  for (const byte of content) {
    if (starts && byte === 0x80) return err("value");
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    starts = byte < 0x80;
    if (!starts) continue;
    arcs.push(arc);
    arc = 0n;
  }
  // The first two arcs share one number: 40 times the first, which is 0, 1 or 2, and the second.
  const [joined = 0n, ...others] = arcs;
  const root = joined < 80n ? joined / 40n : 2n;
  return ok([root, joined - root * 40n, ...others].join("."));
}
