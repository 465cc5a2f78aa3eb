/** The months of invoices, `YYYY-MM`. Pure; milliseconds since 1970. */
import { CHINA_OFFSET_MINUTES } from "../constants.ts";
import { DAY_MS, dayAt, isDay, startOfDay } from "../days.ts";

/** A month begins and ends by China's clock, whatever currency and channel: minutes ahead of UTC. */
export const MONTH_OFFSET_MINUTES = CHINA_OFFSET_MINUTES;

export const isMonth = (text: string): boolean => isDay(`${text}-01`);

export const startOfMonth = (month: string): number =>
  startOfDay(`${month}-01`, MONTH_OFFSET_MINUTES);

/** The month that it is then. */
export const monthAt = (now: number): string => dayAt(now, MONTH_OFFSET_MINUTES).slice(0, 7);

/** Four days behind the 28th it is always the next month. */
export const nextMonth = (month: string): string =>
  dayAt(startOfDay(`${month}-28`, 0) + 4 * DAY_MS, 0).slice(0, 7);

export const monthBefore = (month: string): string =>
  dayAt(startOfDay(`${month}-01`, 0) - DAY_MS, 0).slice(0, 7);

/** From the month of `first` to `last`, both included; empty when they are the wrong way round. */
export function monthsBetween(first: number, last: string): string[] {
  const months: string[] = [];
  for (let month = monthAt(first); month <= last; month = nextMonth(month)) months.push(month);
  return months;
}
