/** Headers of every page of the console. */
import type { ConsoleContext } from "./env.ts";

/**
 * Nothing is loaded from elsewhere, nothing inline runs or styles, nobody may embed the page
 * (clickjacking), and forms post to us alone.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function setPageHeaders(c: ConsoleContext): void {
  c.header("Content-Security-Policy", POLICY);
  // Pages hold money and keys: no cache, no back-forward copy after signing out.
  c.header("Cache-Control", "no-store");
  // Not `no-referrer`: it would turn the Origin of our own forms into null.
  c.header("Referrer-Policy", "same-origin");
  c.header("X-Content-Type-Options", "nosniff");
  c.header("X-Frame-Options", "DENY");
  c.header("Cross-Origin-Opener-Policy", "same-origin");
  c.header("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()");
}
