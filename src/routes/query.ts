/** Values of query strings. */
import { z } from "@hono/zod-openapi";

import { ApiError, invalidField } from "../errors.ts";
import { DAY_MS, isDay, startOfDay } from "../days.ts";
import { isMonth } from "../settlement/months.ts";

/** Plain digits only: `Number` would also take `0x5`, `1e1`, ` 5 ` and nothing at all. */
export function wholeNumber(min: number, max: number, otherwise: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string(message)
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .pipe(z.int().min(min, message).max(max, message))
    .default(otherwise)
    .openapi({ type: "integer", minimum: min, maximum: max, default: otherwise });
}

/** Offsets in use lie on quarters of an hour; others would only make caches forget. */
const QUARTER_MIN = 15;
const [WEST_MIN, EAST_MIN] = [-720, 840];
const OFFSET = `must be a multiple of ${QUARTER_MIN} from ${WEST_MIN} to ${EAST_MIN}`;

/** Whose days are meant. @param otherwise minutes ahead of UTC */
export const clockOffset = (otherwise: number) =>
  z
    .string(OFFSET)
    .regex(/^-?\d{1,3}$/, OFFSET)
    .transform(Number)
    .pipe(z.int().min(WEST_MIN, OFFSET).max(EAST_MIN, OFFSET).multipleOf(QUARTER_MIN, OFFSET))
    .default(otherwise)
    .openapi({
      type: "integer",
      minimum: WEST_MIN,
      maximum: EAST_MIN,
      default: otherwise,
      description: "Minutes that your clock is ahead of UTC: 480 in China, -480 in California.",
    });

/**
 * Attack: a day at the end of all dates, behind which there is none to count up to, or one so long
 * ago that counting from it never ends.
 */
const inOurTime = (text: string): boolean => text.startsWith("20");

/** Of the calendar, by whichever clock the route says. */
export const Day = z
  .string()
  .refine((text) => inOurTime(text) && isDay(text), "must be a day such as 2026-11-21")
  .openapi({ example: "2026-11-21" });

export const Month = z
  .string()
  .refine((text) => inOurTime(text) && isMonth(text), "must be a month such as 2026-10")
  .openapi({ example: "2026-10" });

/** Days, both included. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

/** @throws ApiError INVALID_REQUEST: the wrong way round, or too long */
export function checkedRange({ from, to }: DayRange, mostDays: number): DayRange {
  if (from > to) throw new ApiError(invalidField("to", "must not be before from"));
  if (startOfDay(to, 0) - startOfDay(from, 0) >= mostDays * DAY_MS) {
    throw new ApiError(invalidField("to", `must be at most ${mostDays} days from from`));
  }
  return { from, to };
}
