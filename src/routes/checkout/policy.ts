/** What the checkout page may load, run and tell others. */
import { sha256 } from "../../crypto/digest.ts";
import { toBase64 } from "../../crypto/encoding.ts";
import type { AppContext } from "../http.ts";
import { STYLE } from "./style.ts";

let styleHash: string | null = null;

/**
 * The style sheet by its hash, scripts from our own folder, nothing else. Nobody may frame the page:
 * a buyer must see whose page takes the payment (clickjacking). `form-action` is ours alone, which
 * Chromium also applies to where a form's answer redirects to; wallets are reached by a link.
 */
async function contentPolicy(): Promise<string> {
  styleHash ??= toBase64(await sha256(STYLE));
  return (
    `default-src 'none'; script-src 'self'; style-src 'sha256-${styleHash}'; img-src 'self'; ` +
    `connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`
  );
}

export async function setPageHeaders(c: AppContext): Promise<void> {
  c.header("Cache-Control", "no-store");
  c.header("Content-Security-Policy", await contentPolicy());
  // WeChat Pay's page wants to see our domain; the address with the payment's id stays here.
  c.header("Referrer-Policy", "strict-origin");
  c.header("X-Content-Type-Options", "nosniff");
  c.header("X-Robots-Tag", "noindex");
  c.header("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
  c.header("Vary", "Accept-Language, User-Agent");
}
