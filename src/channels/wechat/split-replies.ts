/**
 * What WeChat Pay says about a share and about its return. FINISHED says that it is done with the
 * share, not that the receiver got anything: the receiver's own result does. A reply's signature does
 * not cover the request, so it has to name what was asked for.
 */
import * as z from "zod";

import type { Outcome, SplitOrder, SplitReport } from "../adapter.ts";
import { parseJson } from "../json.ts";
import { unknown } from "../outcomes.ts";
import { malformed } from "./exchange.ts";

const minorUnits = z.int().nonnegative();

const shareSchema = z.looseObject({
  transaction_id: z.string(),
  out_order_no: z.string(),
  order_id: z.string().min(1),
  state: z.string(),
  receivers: z
    .array(
      z.looseObject({
        type: z.string().optional(),
        account: z.string(),
        amount: minorUnits,
        result: z.string().default("PENDING"),
        fail_reason: z.string().optional(),
      }),
    )
    .default([]),
});

const returnSchema = z.looseObject({
  out_order_no: z.string(),
  out_return_no: z.string(),
  return_id: z.string().min(1),
  amount: minorUnits,
  result: z.string(),
  fail_reason: z.string().optional(),
});

export const ok = (value: SplitReport): Outcome<SplitReport> => ({ kind: "ok", value });

const otherShare = () => unknown("other_split", "The reply is about another share.");

const WORDS: Readonly<Record<string, SplitReport["state"]>> = {
  PENDING: "processing",
  PROCESSING: "processing",
  SUCCESS: "succeeded",
  CLOSED: "failed",
  FAILED: "failed",
};

/** The word with its reason, in WeChat Pay's own names. */
const status = (word: string, reason: string | undefined): string =>
  reason === undefined || !/^\w{1,64}$/.test(reason) ? word : `${word} ${reason}`;

function readShare(body: Uint8Array, order: SplitOrder): Outcome<SplitReport> {
  const read = shareSchema.safeParse(parseJson(body));
  if (!read.success) return malformed;
  const { transaction_id, out_order_no, order_id, state, receivers } = read.data;
  if (transaction_id !== order.transactionId || out_order_no !== order.splitNumber) {
    return otherShare();
  }
  const report = (to: SplitReport["state"], amount: number | null, channelStatus: string) =>
    ok({
      state: to,
      amount: amount === null ? null : { currency: "CNY", value: amount },
      channelSplitId: order_id,
      channelStatus,
    });
  if (state === "PROCESSING") return report("processing", null, state);
  if (state !== "FINISHED")
    return unknown("unknown_split_state", "The share's state is not clear.");
  if (order.amount.value === 0) return report("succeeded", null, state);
  // What is released stands there too, as the merchant's own.
  const ours = receivers.find(({ account }) => account === order.receiver.account);
  const to =
    ours !== undefined && Object.hasOwn(WORDS, ours.result) ? WORDS[ours.result] : undefined;
  if (ours === undefined || to === undefined) {
    return unknown("unknown_split_result", "The receiver's result is not clear.");
  }
  return report(to, ours.amount, status(ours.result, ours.fail_reason));
}

function readReturn(body: Uint8Array, order: SplitOrder): Outcome<SplitReport> {
  const read = returnSchema.safeParse(parseJson(body));
  if (!read.success) return malformed;
  const { out_order_no, out_return_no, return_id, amount, result, fail_reason } = read.data;
  if (out_return_no !== order.splitNumber || out_order_no !== order.original) return otherShare();
  const state = Object.hasOwn(WORDS, result) ? WORDS[result] : undefined;
  if (state === undefined) return unknown("unknown_return_result", "The result is not clear.");
  return ok({
    state,
    amount: { currency: "CNY", value: amount },
    channelSplitId: return_id,
    channelStatus: status(result, fail_reason),
  });
}

export const readReply = (body: Uint8Array, order: SplitOrder) =>
  order.kind === "return" ? readReturn(body, order) : readShare(body, order);
