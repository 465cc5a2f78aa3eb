/** What the picture of a payment's code is at this moment: the code, a notice, or nothing yet. */
import type { QrNotice } from "./notice.ts";

/** The part of a payment that decides about its picture. */
export interface QrSubject {
  readonly status: string;
  readonly qr: { readonly data: string; readonly expires_at: string } | null;
}

export type QrVerdict =
  | { readonly kind: "draw"; readonly data: string; readonly secondsLeft: number }
  | { readonly kind: "notice"; readonly notice: QrNotice }
  | { readonly kind: "none" };

const NOTICES: Readonly<Record<string, QrNotice>> = {
  succeeded: "paid",
  expired: "expired",
  cancelled: "cancelled",
  failed: "failed",
};

/** What to show for a payment in this state. A code that has run out is not shown a second longer. */
export function qrVerdict(subject: QrSubject, now: number): QrVerdict {
  const notice = NOTICES[subject.status];
  if (notice !== undefined) return { kind: "notice", notice };
  if (subject.qr === null) return { kind: "none" };
  const secondsLeft = Math.floor((Date.parse(subject.qr.expires_at) - now) / 1_000);
  return secondsLeft > 0
    ? { kind: "draw", data: subject.qr.data, secondsLeft }
    : { kind: "notice", notice: "expired" };
}
