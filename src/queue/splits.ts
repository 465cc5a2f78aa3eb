/** `itpay-work`, `{split}`: one look at a share. A message that comes twice finds nothing to do. */
import type { WorkMessage } from "../messages.ts";
import { type SplitContext, workSplit } from "../settlement/split-desk.ts";

export type SplitMessage = Extract<WorkMessage, { readonly split: string }>;

export async function consumeSplit({ split }: SplitMessage, context: SplitContext): Promise<void> {
  await workSplit(split, context);
}
