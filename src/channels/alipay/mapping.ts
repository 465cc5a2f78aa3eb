/** Fields, texts, times and states: our words in Alipay's, and back. Tables as data. */
import { failure, type Failure } from "../../errors.ts";
import { fromDecimal, toDecimal, type Money } from "../../money.ts";
import { err, ok, type Result } from "../../result.ts";
import type { ChannelInfo, ChargeOrder, PaymentReport, ReportedState } from "../adapter.ts";
import { chinaTime, fromChinaTime } from "./signing.ts";

const MINUTE_MS = 60_000;

/** A code that nobody has scanned dies after this, whatever was asked. */
export const CODE_LIFETIME_MS = 120 * MINUTE_MS;

/** Characters of `subject`, counted as code points. */
const SUBJECT_LIMIT = 256;

const NOTIFY_URL_LIMIT = 256;

export const ALIPAY_INFO: ChannelInfo = {
  slug: "alipay",
  name: "Alipay",
  region: "CN",
  currencies: ["CNY"],
  methods: ["qr"],
  requires: {},
  options: [],
  qrStandard: "Alipay (https://qr.alipay.com)",
  qrLifetimeSeconds: CODE_LIFETIME_MS / 1000,
  // 0.01 to 100 000 000 yuan.
  limits: { min: 1, max: 10_000_000_000 },
  // The contract decides the window: three months unless it says otherwise, twelve at most.
  refunds: { partial: true, maxPartials: null, windowDays: 90, spacingSeconds: 3 },
  confirmedBy: "channel_callback",
  feeRangeBasisPoints: [38, 100],
  status: "beta",
};

/** `total_amount` and its relatives: yuan with two places. */
export const toYuan = (money: Money): string => toDecimal(money.value, 2);

/** Null for anything but a plain decimal of yuan. */
export function fromYuan(text: unknown): Money | null {
  const value = typeof text === "string" ? fromDecimal(text, 2) : null;
  return value === null ? null : { currency: "CNY", value };
}

export const timeOrNull = (text: unknown): number | null =>
  typeof text === "string" ? fromChinaTime(text) : null;

/** `subject` takes no `/ = &`. Controls, line ends and direction overrides would garble receipts. */
const FORBIDDEN_IN_SUBJECT = /[/=&\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

const cleanText = (text: string): string =>
  text.toWellFormed().replace(FORBIDDEN_IN_SUBJECT, " ").replace(/ {2,}/g, " ").trim();

/** The description, else the merchant's name, else a plain word: Alipay insists on a text. */
function subjectOf(order: ChargeOrder): string {
  const description = cleanText(order.description ?? "");
  if (description !== "") return description;
  const name = Array.from(cleanText(order.merchantName)).slice(0, SUBJECT_LIMIT).join("").trim();
  return name === "" ? "Order" : name;
}

/** Everything that Alipay would refuse, refused before a payment is reserved. */
export function refuseOrder(order: ChargeOrder): Failure | null {
  const { description, notifyUrl } = order;
  if (Array.from(description ?? "").length > SUBJECT_LIMIT) {
    const message = `is longer than ${SUBJECT_LIMIT} characters, which is what Alipay takes`;
    return failure("INVALID_REQUEST", "The description is too long for Alipay.", {
      issues: [{ path: "description", message }],
    });
  }
  if (notifyUrl.length > NOTIFY_URL_LIMIT) {
    return failure("INTERNAL", "The callback address is longer than Alipay takes.");
  }
  return null;
}

/**
 * `biz_content` of alipay.trade.precreate, in a fixed order of fields, because a repeat must be
 * the same. Two clocks bound the order: `qr_code_timeout_express` ends an unscanned code and
 * counts from the call in whole minutes, so it is rounded up; `time_expire` is the exact end, also
 * for a trade that was scanned, and does not move when the order is sent again later.
 */
export function precreateContent(order: ChargeOrder): Result<string, Failure> {
  const refused = refuseOrder(order);
  if (refused !== null) return err(refused);
  const life = Math.min(Math.max(order.expiresAt - order.createdAt, 1), CODE_LIFETIME_MS);
  return ok(
    JSON.stringify({
      out_trade_no: order.paymentId,
      total_amount: toYuan(order.amount),
      subject: subjectOf(order),
      product_code: "FACE_TO_FACE_PAYMENT",
      qr_code_timeout_express: `${Math.ceil(life / MINUTE_MS)}m`,
      time_expire: chinaTime(order.expiresAt),
    }),
  );
}

/** `biz_content` of query, close and cancel. */
export const orderContent = (paymentId: string): string =>
  JSON.stringify({ out_trade_no: paymentId });

/** `trade_status` -> state. TRADE_CLOSED is two things; see {@link stateOf}. */
const STATES: Readonly<Record<string, ReportedState>> = {
  // The trade comes into being when the code is scanned.
  WAIT_BUYER_PAY: "scanning",
  TRADE_SUCCESS: "paid",
  // Paid, and the refund window is over.
  TRADE_FINISHED: "paid",
  TRADE_CLOSED: "closed",
};

/** Whether a field that only a paid trade has is there; also when its value cannot be read. */
export const isGiven = (value: unknown): boolean => typeof value === "string" && value !== "";

/**
 * The state behind a `trade_status`; null for a word that is not in the table. TRADE_CLOSED of a
 * trade that was paid is a payment given back whole, by our own cancel or in Alipay's console: who
 * hears only now that it was paid must not take it for money.
 */
export function stateOf(tradeStatus: string, wasPaid: boolean): ReportedState | null {
  if (tradeStatus === "TRADE_CLOSED" && wasPaid) return "reversed";
  return Object.hasOwn(STATES, tradeStatus) ? (STATES[tradeStatus] ?? null) : null;
}

/** Alipay's numbers are short ASCII; anything else is not passed on. */
export const tradeNumber = (value: unknown): string | null =>
  typeof value === "string" && /^[0-9A-Za-z]{1,64}$/.test(value) ? value : null;

/** A report about an order that carries no more than its state. */
export const bareReport = (
  paymentId: string,
  state: ReportedState,
  channelStatus: string,
  channelTransactionId: string | null = null,
): PaymentReport => ({
  paymentId,
  state,
  amount: null,
  channelTransactionId,
  paidAt: null,
  channelStatus,
});
