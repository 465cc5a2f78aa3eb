/**
 * MD5 (RFC 1321), for protocols that still name or sign things with it. Its collisions are cheap:
 * it protects nothing by itself. Written out because Node's WebCrypto has no MD5 and workerd's is
 * an extension; synchronous, since the inputs are a few hundred bytes.
 */
import { toBytes, toHex } from "./encoding.ts";

/** Left rotations of the four rounds, each repeated four times (section 3.4). */
const SHIFTS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const;

/** T[i] = floor(2^32 × |sin(i + 1)|), as the RFC defines its table. */
const T = Int32Array.from({ length: 64 }, (_, i) =>
  Math.floor(2 ** 32 * Math.abs(Math.sin(i + 1))),
);

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

/** Function and message word of each step. */
function step(i: number, b: number, c: number, d: number): readonly [f: number, word: number] {
  if (i < 16) return [(b & c) | (~b & d), i];
  if (i < 32) return [(d & b) | (~d & c), (5 * i + 1) % 16];
  if (i < 48) return [b ^ c ^ d, (3 * i + 5) % 16];
  return [c ^ (b | ~d), (7 * i) % 16];
}

/** The message, a one bit, zeros, and its length in bits as 64 bits, low half first. */
function pad(message: Uint8Array): DataView {
  const length = (((message.length + 8) >> 6) + 1) * 64;
  const padded = new Uint8Array(length);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(length - 8, (message.length * 8) >>> 0, true);
  view.setUint32(length - 4, Math.floor(message.length / 2 ** 29), true);
  return view;
}

/** 16 bytes. Text is hashed as UTF-8. */
export function md5(data: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const view = pad(toBytes(data));
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  for (let at = 0; at < view.byteLength; at += 64) {
    let [a = 0, b = 0, c = 0, d = 0] = state;
    for (let i = 0; i < 64; i += 1) {
      const [f, word] = step(i, b, c, d);
      const sum = (a + f + (T[i] ?? 0) + view.getInt32(at + word * 4, true)) | 0;
      const shift = SHIFTS[i >> 4]?.[i % 4] ?? 0;
      [a, d, c, b] = [d, c, b, (b + rotate(sum, shift)) | 0];
    }
    for (const [i, value] of [a, b, c, d].entries()) state[i] = (state[i] ?? 0) + value;
  }
  const out = new Uint8Array(16);
  const words = new DataView(out.buffer);
  for (const [i, value] of state.entries()) words.setInt32(i * 4, value, true);
  return out;
}

/** Lower case, always 32 digits. Text is hashed as UTF-8. */
export const md5Hex = (data: string | Uint8Array): string => toHex(md5(data));
