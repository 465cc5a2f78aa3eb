/** `itpay-work`: long work of operations, a part at a time. */
import { closeStep, type ClosingContext } from "../cron/invoices.ts";
import { settleStep } from "../cron/settlements.ts";
import type { WorkMessage } from "../messages.ts";
import type { ReconciliationContext } from "../reconciliation/context.ts";
import { workOnDay } from "../reconciliation/run.ts";
import type { SplitContext } from "../settlement/split-desk.ts";
import { consumeSplit } from "./splits.ts";

export interface WorkContext {
  readonly reconciliation: ReconciliationContext;
  readonly splits: SplitContext;
  readonly closing: ClosingContext;
}

export async function consumeWork(message: WorkMessage, context: WorkContext): Promise<void> {
  if ("split" in message) return consumeSplit(message, context.splits);
  if ("run" in message) return workOnDay(context.reconciliation, message);
  if ("settle" in message) return settleStep(context.reconciliation, message);
  await closeStep(context.closing, message, context.reconciliation.now());
}
