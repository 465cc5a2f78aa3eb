/**
 * WeChat Pay's words and ours, as tables: trade and refund states, times, and the objects that
 * replies and notifications share.
 */
import * as z from "zod";

import { fromUtf8Strict } from "../../crypto/encoding.ts";
import type { ErrorCode } from "../../errors.ts";
import { err, ok, type Result } from "../../result.ts";
import type { ChannelErrorRow, PaymentReport, ReportedState } from "../adapter.ts";

/** The JSON value of a body; undefined when it is not UTF-8 or not JSON. */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8Strict(body) ?? "");
  } catch {
    return undefined;
  }
}

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

const CHINA_OFFSET_MS = 8 * 3_600_000;

/** RFC 3339 at +08:00 in whole seconds, rounded down: an order never outlives its deadline. */
export const chinaTime = (ms: number): string =>
  `${new Date(Math.floor(ms / 1000) * 1000 + CHINA_OFFSET_MS).toISOString().slice(0, 19)}+08:00`;

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Milliseconds since 1970, or null for anything but RFC 3339 with a zone. */
export function parseTime(text: string): number | null {
  const ms = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** A transaction as queries and notifications give it. Fields may be added at any time. */
export const tradeSchema = z.looseObject({
  appid: z.string(),
  mchid: z.string(),
  out_trade_no: z.string(),
  trade_state: z.string(),
  transaction_id: z.string().optional(),
  success_time: z.string().optional(),
  amount: z
    .looseObject({ total: z.int().nonnegative().optional(), currency: z.string().optional() })
    .optional(),
});

export type Trade = z.infer<typeof tradeSchema>;

/**
 * A trade as a report. Fails on a state that is not in the table (our state is kept and the
 * channel asked again) and on a success that names no amount or transaction: a payment is only
 * believed when it can be compared. `amount.total` is the order's amount; `payer_total` is lower
 * when a coupon was used and says nothing about what is owed.
 */
export function reportOfTrade(trade: Trade): Result<PaymentReport, string> {
  const state = Object.hasOwn(TRADE_STATES, trade.trade_state)
    ? TRADE_STATES[trade.trade_state]
    : undefined;
  if (state === undefined) return err("unknown_trade_state");
  const total = trade.amount?.total;
  const transactionId = trade.transaction_id ?? "";
  if (state === "paid" && (total === undefined || transactionId === "")) {
    return err("incomplete_success");
  }
  return ok({
    paymentId: trade.out_trade_no,
    state,
    amount:
      total === undefined ? null : { currency: trade.amount?.currency ?? "CNY", value: total },
    channelTransactionId: transactionId === "" ? null : transactionId,
    paidAt: state === "paid" ? parseTime(trade.success_time ?? "") : null,
    channelStatus: trade.trade_state,
  });
}
