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
