/**
 * CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, not reflected, no final XOR (EMVCo MPM 1.1,
 * section 4.7.3). A guard against misread codes, not against forged ones: anyone can compute it.
 */
import { utf8 } from "../../crypto/encoding.ts";

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) {
    crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  }
  return crc;
});

const HEX = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).toUpperCase().padStart(2, "0"),
);

const next = (crc: number, byte: number): number =>
  ((crc << 8) ^ (TABLE[(crc >>> 8) ^ byte] ?? 0)) & 0xffff;

function ofBytes(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) crc = next(crc, byte);
  return crc;
}

function ofText(text: string): number {
  let crc = 0xffff;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    // Characters and UTF-8 bytes are the same thing only here; the rare rest starts over.
    if (code > 0x7f) return ofBytes(utf8(text));
    crc = next(crc, code);
  }
  return crc;
}

/**
 * Four upper-case hex digits.
 * @param data text is taken as its UTF-8 bytes
 */
export function crc16(data: string | Uint8Array): string {
  const crc = typeof data === "string" ? ofText(data) : ofBytes(data);
  return `${HEX[crc >>> 8] ?? ""}${HEX[crc & 0xff] ?? ""}`;
}
