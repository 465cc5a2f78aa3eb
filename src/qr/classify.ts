/**
 * What a QR payload is, decided by its content alone (API.md section 2), whichever channel sent it.
 * Only the envelope of an EMVCo merchant-presented code is looked at: TLV, order of its outer tags
 * and CRC. Who is paid and how much is the business of the channel that made it.
 */
import { isEnvelope } from "../channels/emvco/envelope.ts";

export type QrType = "emvco_tlv" | "wechat_url" | "alipay_url" | "url" | "opaque";

/** Decides `qr.type`. Never throws, whatever it is given. */
export function qrType(data: string): QrType {
  if (data.startsWith("weixin://")) return "wechat_url";
  const url = URL.parse(data);
  if (url !== null && (url.protocol === "https:" || url.protocol === "http:")) {
    // By the parsed host: `https://qr.alipay.com.evil.example/` is only some URL.
    return url.protocol === "https:" && url.host === "qr.alipay.com" ? "alipay_url" : "url";
  }
  return isEnvelope(data) ? "emvco_tlv" : "opaque";
}
