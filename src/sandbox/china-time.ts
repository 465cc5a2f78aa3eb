/** Wall time of GMT+8, as the simulated channels of mainland China write it. */
import { DAY_MS } from "../days.ts";

const OFFSET_MS = 8 * 3_600_000;

/** `yyyy-MM-ddTHH:mm:ss` in GMT+8. */
export const chinaClock = (ms: number): string =>
  new Date(ms + OFFSET_MS).toISOString().slice(0, 19);

/** Milliseconds since 1970 at which the next day begins in China. */
export const nextChinaDay = (ms: number): number =>
  (Math.floor((ms + OFFSET_MS) / DAY_MS) + 1) * DAY_MS - OFFSET_MS;
