/** `itpay-work`: long work of operations, a part at a time. */
import type { WorkMessage } from "../messages.ts";
import type { ReconciliationContext } from "../reconciliation/context.ts";
import { workOnDay } from "../reconciliation/run.ts";
import { closeStep, type ClosingContext } from "../settlement/closing.ts";
import { settleByBooks } from "../settlement/settle.ts";
import { type SplitContext, workSplit } from "../settlement/split-desk.ts";

export interface WorkContext {
  readonly reconciliation: ReconciliationContext;
  readonly splits: SplitContext;
  readonly closing: ClosingContext;
}

export async function consumeWork(message: WorkMessage, context: WorkContext): Promise<void> {
  if ("split" in message) return void (await workSplit(message.split, context.splits));
  if ("run" in message) return workOnDay(context.reconciliation, message);
  if ("settle" in message) return settleByBooks(context.reconciliation, message);
  await closeStep(context.closing, message, context.reconciliation.now());
}
