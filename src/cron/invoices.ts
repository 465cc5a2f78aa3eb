/** On the first of the month: last month's invoices. */
import type { WorkQueue } from "../messages.ts";
import { startClosing } from "../settlement/closing.ts";
import { monthAt, monthBefore } from "../settlement/months.ts";

/** The scheduled job. @returns 1: one message */
export async function closeLastMonth(work: WorkQueue, now: number): Promise<number> {
  await startClosing(work, monthBefore(monthAt(now)));
  return 1;
}
