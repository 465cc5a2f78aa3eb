/**
 * How much of reconciliation a merchant may ask for. A run is cheap to ask for and dear to do, and a
 * file is kept for good. Attack: a key, of a test account too, that has the same month compared all
 * day long, or fills the archive.
 */
import { ApiError, failure } from "../../errors.ts";
import { database } from "../../store/db.ts";
import { countDaysSince } from "../../store/reconciliation-runs.ts";
import { bytesUploadedSince } from "../../store/statements.ts";
import type { AppContext } from "../http.ts";

const HOUR_MS = 3_600_000;

/** A year of one account, or a month of a dozen. */
export const DAYS_PER_HOUR = 400;

export const UPLOADED_BYTES_PER_DAY = 8 * 1024 ** 3;

const tooMuch = (message: string) =>
  new ApiError(failure("RATE_LIMITED", message), { "Retry-After": "3600" });

/** Shields from abuse: what is under way at the same time is not counted. @throws ApiError RATE_LIMITED */
export async function limitRuns(c: AppContext, days: number): Promise<void> {
  const { merchant, key } = c.var.principal;
  const since = c.var.now - HOUR_MS;
  const begun = await countDaysSince(database(c.env.DB), merchant.id, key.livemode, since);
  if (begun + days <= DAYS_PER_HOUR) return;
  throw tooMuch(`At most ${DAYS_PER_HOUR} days are compared for you in an hour.`);
}

/** Before the file is taken in. @throws ApiError RATE_LIMITED */
export async function limitUploads(c: AppContext): Promise<void> {
  await limitRuns(c, 1);
  const { merchant, key } = c.var.principal;
  const since = c.var.now - 24 * HOUR_MS;
  const bytes = await bytesUploadedSince(database(c.env.DB), merchant.id, key.livemode, since);
  if (bytes < UPLOADED_BYTES_PER_DAY) return;
  throw tooMuch(`At most ${UPLOADED_BYTES_PER_DAY / 1024 ** 3} GiB of files are taken in a day.`);
}
