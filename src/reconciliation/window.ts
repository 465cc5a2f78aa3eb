/** The times whose payments a day's file must name. Pure. */
import { DAY_MS, MINUTE_MS, startOfDay } from "../days.ts";

/**
 * What happens shortly before midnight may be booked on the next day: such payments are looked for
 * in both days' files, by whichever is compared last, and only missed when they are in neither.
 */
export const CROSS_DAY_MS = 30 * MINUTE_MS;

/**
 * The times whose payments a day's file must name.
 * @param compared whether the files of the days beside it have been; usually only the one before
 */
export function windowOf(
  day: string,
  offsetMinutes: number,
  compared: { readonly before: boolean; readonly after: boolean } = { before: true, after: false },
): { from: number; to: number } {
  const start = startOfDay(day, offsetMinutes);
  return {
    from: start - (compared.before ? CROSS_DAY_MS : 0),
    to: start + DAY_MS - (compared.after ? 0 : CROSS_DAY_MS),
  };
}
