/** Values of query strings. */
import { z } from "@hono/zod-openapi";

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
