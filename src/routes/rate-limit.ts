/** The deployment's shield against abuse: so many requests a minute for each counter. */
import { ApiError, failure } from "../errors.ts";

const MINUTE = "60";

/** As wrangler.toml sets it for `LIMITER`. */
const PER_MINUTE = "6000";

interface Caller {
  readonly env: Env;
  readonly req: { header(name: string): string | undefined };
}

/** For pages, which say no in words of their own. */
export const isWithinRate = async (
  { env }: Pick<Caller, "env">,
  counter: string,
): Promise<boolean> => (await env.LIMITER.limit({ key: counter })).success;

/** @throws ApiError RATE_LIMITED */
export async function limitRate(c: Pick<Caller, "env">, counter: string): Promise<void> {
  if (await isWithinRate(c, counter)) return;
  throw new ApiError(failure("RATE_LIMITED", "Too many requests; wait a minute."), {
    "Retry-After": MINUTE,
    "RateLimit-Limit": PER_MINUTE,
    "RateLimit-Remaining": "0",
    "RateLimit-Reset": MINUTE,
  });
}

/**
 * Before the database is asked on behalf of somebody who has proved nothing yet: a look costs a
 * round trip, and one address may not ask for many. @throws ApiError RATE_LIMITED
 */
export const limitStrangers = (c: Caller): Promise<void> =>
  limitRate(c, `address:${c.req.header("CF-Connecting-IP") ?? "unknown"}`);
