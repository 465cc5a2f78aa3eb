/** Every time on this wire is Chinese wall time. */
import { chinaClock } from "../../../sandbox/china-time.ts";

/** `yyyy-MM-dd HH:mm:ss` in GMT+8 as milliseconds since 1970; null for any other text. */
export function readTime(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return null;
  const ms = Date.parse(`${text.replace(" ", "T")}+08:00`);
  return Number.isNaN(ms) ? null : ms;
}

/** The reverse of {@link readTime}. */
export const writeTime = (ms: number): string => chinaClock(ms).replace("T", " ");
