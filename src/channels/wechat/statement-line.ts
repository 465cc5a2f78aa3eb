/**
 * One line of WeChat Pay's trade bill: which columns it has, in the bills of the types ALL, SUCCESS
 * and REFUND, and what they mean.
 */
import { CHINA_OFFSET_MINUTES } from "../../constants.ts";
import { CURRENCY_DECIMALS } from "../../money.ts";
import { rounded } from "../statement/cells.ts";
import { dayOf, wallClock } from "../statement/clock.ts";
import type { Columns } from "../statement/columns.ts";
import type { LineStatus, StatementExpectation, StatementLine } from "../statement/line.ts";
import { moneyOf, type Row } from "../statement/row.ts";

export const COLUMNS = {
  time: { names: ["交易时间"] },
  merchant: { names: ["商户号"] },
  subMerchant: { names: ["特约商户号"], optional: true },
  transaction: { names: ["微信订单号"] },
  order: { names: ["商户订单号"] },
  state: { names: ["交易状态"] },
  currency: { names: ["货币种类"] },
  settled: { names: ["应结订单金额"], optional: true },
  refundTransaction: { names: ["微信退款单号"], optional: true },
  refund: { names: ["商户退款单号"], optional: true },
  refunded: { names: ["退款金额"], optional: true },
  couponsRefunded: { names: ["充值券退款金额"], optional: true },
  refundState: { names: ["退款状态"], optional: true },
  requestedAt: { names: ["退款申请时间"], optional: true },
  refundedAt: { names: ["退款成功时间"], optional: true },
  fee: { names: ["手续费"] },
  amount: { names: ["订单金额"] },
  refundRequested: { names: ["申请退款金额"], optional: true },
} as const satisfies Columns<string>;

export type Column = keyof typeof COLUMNS;

/** What a bill sums up at its end, of the columns that it has. */
export const SUMMED = [
  "settled",
  "refunded",
  "couponsRefunded",
  "fee",
  "amount",
  "refundRequested",
] as const satisfies readonly Column[];

export type Sums = Record<(typeof SUMMED)[number], number>;

/** Everything is read as the fee is written, with five places. */
export const PLACES = 5;

const PAYMENTS: Readonly<Record<string, LineStatus>> = {
  SUCCESS: "succeeded",
  REVOKED: "reversed",
};

/** CHANGE: the buyer's card is gone. The money waits and may still be paid out by hand. */
const REFUNDS: Readonly<Record<string, LineStatus>> = {
  SUCCESS: "succeeded",
  PROCESSING: "processing",
  CHANGE: "processing",
  FAIL: "failed",
};

export const noSums = (): Sums => ({
  settled: 0,
  refunded: 0,
  couponsRefunded: 0,
  fee: 0,
  amount: 0,
  refundRequested: 0,
});

function checkMerchant(row: Row<Column>, merchantAccount: string): void {
  if (row.text("merchant") === merchantAccount) return;
  // A service provider's bill: the sub-merchant is the one whose account this is.
  if (row.text("subMerchant") === merchantAccount) return;
  throw row.refuse("merchant", "The line is of another merchant", "wrong_account");
}

/** The file's own word, and what it means. */
function statusOf(row: Row<Column>, key: Column, words: Readonly<Record<string, LineStatus>>) {
  const channelStatus = row.word(key);
  const status = Object.hasOwn(words, channelStatus) ? words[channelStatus] : undefined;
  if (status === undefined) throw row.refuse(key, "This is no state that is known");
  return { status, channelStatus };
}

/** Of the order, and not what the buyer paid after coupons: that is what we asked for. */
function amountOf(row: Row<Column>, key: "amount" | "refundRequested", values: Sums) {
  const amount = moneyOf(row.currency("currency"), values[key], PLACES);
  if (amount === null || amount.value < 0) throw row.refuse(key, "This is no amount");
  return amount;
}

function paymentOf(row: Row<Column>, values: Sums) {
  return {
    kind: "payment" as const,
    reference: row.number("order"),
    orderReference: null,
    transactionId: row.number("transaction"),
    amount: amountOf(row, "amount", values),
    ...statusOf(row, "state", PAYMENTS),
  };
}

function refundOf(row: Row<Column>, values: Sums) {
  for (const key of ["refund", "refundTransaction", "refundState", "refundRequested"] as const) {
    if (!row.has(key)) throw row.refuse(key, "A refund needs this column", "columns");
  }
  return {
    kind: "refund" as const,
    reference: row.number("refund"),
    orderReference: row.number("order"),
    transactionId: row.number("refundTransaction"),
    amount: amountOf(row, "refundRequested", values),
    ...statusOf(row, "refundState", REFUNDS),
  };
}

/** Reads when money moved, and checks that it was on the bill's day. Null: the line does not say. */
function timesOf(row: Row<Column>, expected: StatementExpectation) {
  const day = dayOf(expected, CHINA_OFFSET_MINUTES);
  const clock = wallClock(CHINA_OFFSET_MINUTES);
  return (refund: boolean): number | null => {
    // Bills of refunds have columns of their own for that: done, else asked for.
    const keys = ["refundedAt", "requestedAt"] as const;
    const own = refund ? keys.filter((key) => row.text(key) !== "") : [];
    const [key] = own;
    if (key === undefined) {
      const at = row.time("time", clock);
      if (day.has(at)) return at;
      // A refund's line may bear the time of the payment that it is of.
      if (refund && !day.isBehind(at)) return null;
      throw row.refuse("time", "The line is of another day", "wrong_day");
    }
    const times = own.map((name) => row.time(name, clock));
    if (times.some((at) => day.has(at))) return times[0] ?? null;
    throw row.refuse(key, "The refund is of another day", "wrong_day");
  };
}

/** Reads the loaded row, and adds it to the sums. */
export function lineReader(row: Row<Column>, expected: StatementExpectation, sums: Sums) {
  const timeOf = timesOf(row, expected);
  const summed = SUMMED.filter((key) => row.has(key));
  const values = noSums();
  return (): StatementLine => {
    checkMerchant(row, expected.merchantAccount);
    for (const key of summed) {
      values[key] = row.decimal(key, PLACES);
      sums[key] += values[key];
    }
    const refund = row.text("state") === "REFUND";
    const what = refund ? refundOf(row, values) : paymentOf(row, values);
    const decimals = CURRENCY_DECIMALS[what.amount.currency] ?? 2;
    return {
      line: row.line,
      ...what,
      fee: rounded(values.fee, PLACES, decimals),
      occurredAt: timeOf(refund),
    };
  };
}
