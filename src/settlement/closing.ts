/**
 * A month is closed for everybody by one message of the work queue for some merchants at a time, each
 * of which sends the next, so that the number of merchants has no limit and a crash repeats only
 * some. What is there is found, so repeating does no harm.
 */
import { describeError, type Logger } from "../log.ts";
import type { WorkQueue } from "../messages.ts";
import { merchantsWithEntries } from "../store/owed.ts";
import type { Recorder } from "../webhooks/record.ts";
import { closeMonth } from "./invoicing.ts";

/**
 * Merchants of one message, in two modes each: a dozen statements and one for each month of their
 * history. A Worker has 1,000 of them, which last for nine years.
 */
const PER_STEP = 4;

/** Asks for the closing of a month for everybody. */
export const startClosing = (work: WorkQueue, month: string): Promise<unknown> =>
  work.send({ month, after: "" });

export interface ClosingContext extends Recorder {
  readonly work: WorkQueue;
  readonly log: Logger;
}

/**
 * Closes the month for the next merchants behind `after`, in both modes. One that fails does not
 * stop the others: it is logged, and closed with `POST /v1/admin/invoices`.
 * @returns how many invoices there are of these merchants
 */
export async function closeStep(
  context: ClosingContext,
  { month, after }: { readonly month: string; readonly after: string },
  now: number,
): Promise<number> {
  const { db, work, log } = context;
  const merchantIds = await merchantsWithEntries(db, after, PER_STEP);
  let count = 0;
  for (const merchantId of merchantIds) {
    for (const livemode of [true, false]) {
      try {
        count += (await closeMonth(context, { merchantId, livemode }, month, now)).length;
      } catch (error) {
        const trouble = { merchant: merchantId, month, error: describeError(error) };
        log("error", "invoices.not_closed", trouble);
      }
    }
  }
  const last = merchantIds.at(-1);
  if (last !== undefined && merchantIds.length === PER_STEP)
    await work.send({ month, after: last });
  return count;
}
