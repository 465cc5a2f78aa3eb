/**
 * WeChat Pay's words and ours, as tables: trade and refund states, times, and the objects that
 * replies and notifications share.
 */
import * as z from "zod";

import { err, ok, type Result } from "../../result.ts";
import type {
  PaymentReport,
  RefundReport,
  ReportedRefundState,
  ReportedState,
} from "../adapter.ts";
import { chinaClock } from "../china-time.ts";
import { parseJson } from "../json.ts";
import { idFields, type Ids } from "./party.ts";

const refusalSchema = z.looseObject({
  code: z.string().min(1),
  message: z.string().default(""),
  detail: z.looseObject({ field: z.string().optional() }).optional().catch(undefined),
});

/**
 * What a 4xx or 5xx body says; null when it is not WeChat Pay's error form (a router's empty 404, a
 * proxy's page). `detail.value` and `detail.sign_information` repeat parts of the request: left out.
 */
export function readRefusal(body: Uint8Array): { code: string; message: string } | null {
  const read = refusalSchema.safeParse(parseJson(body));
  if (!read.success) return null;
  const field = read.data.detail?.field;
  const message = field === undefined ? read.data.message : `${read.data.message} (${field})`;
  return { code: read.data.code.slice(0, 64), message: message.slice(0, 300) };
}

/** `trade_state` to ours. REFUND means paid, and that some refund, maybe a partial one, began. */
export const TRADE_STATES: Readonly<Record<string, ReportedState>> = {
  NOTPAY: "open",
  USERPAYING: "scanning",
  ACCEPT: "authorized",
  SUCCESS: "paid",
  REFUND: "paid",
  CLOSED: "closed",
  REVOKED: "closed",
  PAYERROR: "failed",
  PAY_FAIL: "failed",
};

/** RFC 3339 at +08:00 in whole seconds, rounded down: an order never outlives its deadline. */
export const chinaTime = (ms: number): string => `${chinaClock(ms)}+08:00`;

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Milliseconds since 1970, or null for anything but RFC 3339 with a zone. */
export function parseTime(text: string): number | null {
  const ms = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

const minorUnits = z.int().nonnegative();

/** The members of a transaction that all its forms have. Fields may be added at any time. */
export const tradeFields = {
  ...idFields,
  out_trade_no: z.string(),
  trade_state: z.string(),
  transaction_id: z.string().optional(),
  success_time: z.string().optional(),
  amount: z
    .looseObject({ total: minorUnits.optional(), currency: z.string().optional() })
    .optional(),
};

/** A transaction as queries and notifications give it. */
export const tradeSchema = z.looseObject(tradeFields);

export type Trade = z.infer<z.ZodObject<typeof tradeFields>>;

/**
 * A trade as a report. Fails on a state that is not in the table (our state is kept and the
 * channel asked again) and on a success that names no amount or transaction: a payment is only
 * believed when it can be compared. `amount.total` is the order's amount; `payer_total` is lower
 * when a coupon was used and says nothing about what is owed.
 * @param currency where the message does not say; null: it has to
 */
export function reportOfTrade(
  trade: Trade,
  currency: string | null,
): Result<PaymentReport, string> {
  const state = Object.hasOwn(TRADE_STATES, trade.trade_state)
    ? TRADE_STATES[trade.trade_state]
    : undefined;
  if (state === undefined) return err("unknown_trade_state");
  const amount = moneyOf(trade.amount?.total, trade.amount?.currency ?? currency);
  const transactionId = trade.transaction_id ?? "";
  if (state === "paid" && (amount === null || transactionId === "")) {
    return err("incomplete_success");
  }
  return ok({
    paymentId: trade.out_trade_no,
    state,
    amount,
    channelTransactionId: transactionId === "" ? null : transactionId,
    paidAt: state === "paid" ? parseTime(trade.success_time ?? "") : null,
    channelStatus: trade.trade_state,
  });
}

const moneyOf = (value: number | undefined, currency: string | null) =>
  value === undefined || currency === null ? null : { currency, value };

/**
 * A refund's words to ours. ABNORMAL: the money has left the merchant and could not be paid out, for
 * instance because the card was closed; it can still be paid out by hand, so it is no failure.
 */
export const REFUND_STATES: Readonly<Record<string, ReportedRefundState>> = {
  PROCESSING: "processing",
  ABNORMAL: "processing",
  SUCCESS: "succeeded",
  CLOSED: "failed",
};

/** A refund, whichever message told of it. */
export interface RefundNews {
  readonly ids: Ids;
  readonly refundNumber: string;
  /** Null: the message does not name the order. */
  readonly orderNumber: string | null;
  readonly channelRefundId: string;
  readonly word: string;
  readonly successTime: string | undefined;
  readonly amount: {
    readonly refund: number;
    readonly total?: number | undefined;
    readonly currency?: string | undefined;
  };
}

export const refundAmount = z.looseObject({
  refund: minorUnits,
  total: minorUnits.optional(),
  currency: z.string().optional(),
});

const refundFields = {
  refund_id: z.string().min(1),
  out_refund_no: z.string(),
  out_trade_no: z.string(),
  success_time: z.string().optional(),
  amount: refundAmount.required({ total: true }),
};

/** A refund as replies give it: the answer to its creation and to queries. */
export const refundReplySchema = z
  .looseObject({ ...refundFields, status: z.string() })
  .transform((refund): RefundNews => newsOf(refund, refund.status, {}));

/** A refund as notifications give it: the state has another name, and the currency is left out. */
export const refundNoticeSchema = z
  .looseObject({ ...idFields, ...refundFields, refund_status: z.string() })
  .transform((refund): RefundNews => newsOf(refund, refund.refund_status, refund));

const newsOf = (
  refund: z.infer<z.ZodObject<typeof refundFields>>,
  word: string,
  ids: Ids,
): RefundNews => ({
  ids,
  refundNumber: refund.out_refund_no,
  orderNumber: refund.out_trade_no,
  channelRefundId: refund.refund_id,
  word,
  successTime: refund.success_time,
  amount: refund.amount,
});

/**
 * A refund as a report; fails on a state that is not in the table.
 * @param currency where the message does not say; null: then nothing is said about the amount
 */
export function reportOfRefund(
  { refundNumber, channelRefundId, word, successTime, amount }: RefundNews,
  states: Readonly<Record<string, ReportedRefundState>>,
  currency: string | null,
): Result<RefundReport, string> {
  const state = Object.hasOwn(states, word) ? states[word] : undefined;
  if (state === undefined) return err("unknown_refund_state");
  return ok({
    refundId: refundNumber,
    state,
    amount: moneyOf(amount.refund, amount.currency ?? currency),
    channelRefundId,
    refundedAt: state === "succeeded" ? parseTime(successTime ?? "") : null,
    channelStatus: word,
  });
}
