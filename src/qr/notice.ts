/**
 * The picture in the place of a code that must no longer be scanned. It says why, so a buyer in
 * front of a stale page does not wonder what is broken.
 */

export type QrNotice = "paid" | "expired" | "cancelled" | "failed";

const TEXTS: Readonly<Record<QrNotice, { readonly title: string; readonly line: string }>> = {
  paid: { title: "Already paid", line: "This payment is complete" },
  expired: { title: "Code expired", line: "Ask for a new code" },
  cancelled: { title: "Payment cancelled", line: "This code no longer works" },
  failed: { title: "Payment failed", line: "Ask for a new code" },
};

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for XML content and quoted attributes. Control characters, which XML forbids, go. */
export const escapeXml = (text: string): string =>
  text
    // oxlint-disable-next-line no-control-regex -- they are what must not get through
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
    .toWellFormed()
    .replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? "");

/**
 * Draws the notice.
 * @param size width and height in CSS pixels
 * @param reference shown small, for support: usually the payment's id
 */
export function renderNotice(notice: QrNotice, size: number, reference: string): string {
  const { title, line } = TEXTS[notice];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" ` +
    `viewBox="0 0 256 256" role="img" ` +
    `font-family="system-ui,sans-serif" text-anchor="middle">` +
    `<title>${escapeXml(title)}</title><desc>${escapeXml(line)}</desc>` +
    `<rect width="256" height="256" rx="12" fill="#f3f4f6"/>` +
    `<text x="128" y="122" font-size="24" font-weight="600" fill="#111827">${escapeXml(title)}</text>` +
    `<text x="128" y="152" font-size="15" fill="#374151">${escapeXml(line)}</text>` +
    `<text x="128" y="236" font-size="9" fill="#6b7280">${escapeXml(reference.slice(0, 40))}</text>` +
    `</svg>`
  );
}
