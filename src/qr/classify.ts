/**
 * What a QR payload is, decided by its content alone (API.md section 2), whichever channel sent it.
 * Only the envelope of an EMVCo merchant-presented code is looked at: TLV, order of its outer tags
 * and CRC. Who is paid and how much is the business of the channel that made it.
 */
import { utf8 } from "../crypto/encoding.ts";

export type QrType = "emvco_tlv" | "wechat_url" | "alipay_url" | "url" | "opaque";

/** Payload format indicators in use; anything else in tag 00 is not a payment code. */
const FORMAT_INDICATORS: ReadonlySet<string> = new Set(["01", "02"]);

/** Decides `qr.type`. Never throws, whatever it is given. */
export function qrType(data: string): QrType {
  if (data.startsWith("weixin://")) return "wechat_url";
  const url = URL.parse(data);
  if (url !== null && (url.protocol === "https:" || url.protocol === "http:")) {
    // By the parsed host: `https://qr.alipay.com.evil.example/` is only some URL.
    return url.protocol === "https:" && url.host === "qr.alipay.com" ? "alipay_url" : "url";
  }
  return isEmvco(data) ? "emvco_tlv" : "opaque";
}

/**
 * Whether the text is a complete EMVCo object list: `00` first, `63` last with the right CRC,
 * nothing behind it. Lengths count characters, not bytes.
 */
function isEmvco(text: string): boolean {
  const characters = Array.from(text);
  let at = 0;
  let last = "";
  while (at < characters.length) {
    const header = characters.slice(at, at + 4).join("");
    if (!/^\d{4}$/.test(header)) return false;
    const length = Number(header.slice(2));
    const value = characters.slice(at + 4, at + 4 + length).join("");
    if (at + 4 + length > characters.length) return false;
    if (at === 0 && !(header === "0002" && FORMAT_INDICATORS.has(value))) return false;
    last = header;
    at += 4 + length;
  }
  if (last !== "6304") return false;
  const signed = text.slice(0, -4);
  return crc16(utf8(signed)) === text.slice(-4).toUpperCase();
}

/** CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xFFFF) as four upper-case hex digits. */
export function crc16(bytes: Uint8Array): string {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    }
    crc &= 0xffff;
  }
  return crc.toString(16).toUpperCase().padStart(4, "0");
}
