/** Texts, amounts, times and states: our words in Alipay's, and back. Tables as data. */
import { fromDecimal, toDecimal, type Money } from "../../money.ts";
import type { ReportedState } from "../adapter.ts";
import { fromChinaTime } from "./signing.ts";

/** `total_amount` and its relatives: yuan with two places. */
export const toYuan = (money: Money): string => toDecimal(money.value, 2);

/** Null for anything but a plain decimal of yuan. */
export function fromYuan(text: unknown): Money | null {
  const value = typeof text === "string" ? fromDecimal(text, 2) : null;
  return value === null ? null : { currency: "CNY", value };
}

export const timeOrNull = (text: unknown): number | null =>
  typeof text === "string" ? fromChinaTime(text) : null;

/** Controls, line ends and direction overrides would garble receipts. */
const GARBLING = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

/** `subject` takes no `/ = &`. */
const FORBIDDEN_IN_SUBJECT = /[/=&]+/g;

/** A text on one line, without characters that draw something else than they are. */
export const cleanText = (text: string): string =>
  text.toWellFormed().replace(GARBLING, " ").replace(/ {2,}/g, " ").trim();

export const cleanSubject = (text: string): string =>
  cleanText(text.replace(FORBIDDEN_IN_SUBJECT, " "));

/** `trade_status` -> state. TRADE_CLOSED is two things; see {@link stateOf}. */
const STATES: Readonly<Record<string, ReportedState>> = {
  // The trade comes into being when the code is scanned or the cashier page is opened.
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
 * trade that was paid is a payment given back whole, by refunds, by our own cancel or in Alipay's
 * console: who hears only now that it was paid must not take it for money.
 */
export function stateOf(tradeStatus: string, wasPaid: boolean): ReportedState | null {
  if (tradeStatus === "TRADE_CLOSED" && wasPaid) return "reversed";
  return Object.hasOwn(STATES, tradeStatus) ? (STATES[tradeStatus] ?? null) : null;
}

/** Alipay's numbers are short ASCII; anything else is not passed on. */
export const tradeNumber = (value: unknown): string | null =>
  typeof value === "string" && /^[0-9A-Za-z]{1,64}$/.test(value) ? value : null;
